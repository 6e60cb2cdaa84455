"""Who did what, for those who audit: sittings opened and closed, set-up, accounts, keys. Read only."""

from __future__ import annotations

from fastapi import APIRouter, Response

from dashboard.api.access_shapes import ActShape, BrokenEntry, RecordChecked, RecordsChecked
from dashboard.api.backing import Backed
from dashboard.api.guard import Seen, Viewing
from dashboard.api.problems import RESPONSES
from dashboard.api.seeking import Limit, Seeking
from storage.audit.checking import Checked
from storage.database import JournalEntry

_AT_MOST = 20  # broken entries are named

router = APIRouter(tags=["acts"], responses=RESPONSES)


@router.get("/acts")
def acts(
    *, backed: Backed, viewer: Viewing, seen: Seen, response: Response, seeking: Seeking, limit: Limit = 100
) -> tuple[ActShape, ...]:
    """The latest acts that are looked for, latest first. Who audits named batches sees what was done to these and to
    their sittings; who is recused from one, no act that mentions it, nor a camera of it until it is closed.
    """
    response.headers["Cache-Control"] = "no-store"
    without = viewer.account.recused | seen.kept_from()
    found = backed.database.journal.entries(limit, None, seeking.of(viewer.account), without, seeking.sought)
    return tuple(map(_shape, found))


@router.get("/acts/check")
def records_checked(backed: Backed, response: Response) -> RecordsChecked:
    """Check both records, of viewings and of acts, from their first entry on: signatures, chain and seals.

    What another host keeps of them is not compared; `kaojian check` does that, and reads the object store too.
    """
    response.headers["Cache-Control"] = "no-store"
    at, found = backed.records_checked.by(backed.installation.records, backed.clock.now(), backed.clock.monotonic())
    return RecordsChecked(at=at, records=tuple(map(_checked, found)))


def _checked(found: Checked) -> RecordChecked:
    chain = found.chain
    return RecordChecked(
        record=found.record,
        sound=not chain.faults,
        entries=chain.count,
        unsigned=chain.unsigned,
        unsealed=chain.unsealed,
        days=found.days,
        broken=tuple(BrokenEntry(number=each.number, how=each.what) for each in chain.faults[:_AT_MOST]),
        broken_in_all=len(chain.faults),
    )


def _shape(entry: JournalEntry) -> ActShape:
    return ActShape(
        number=entry.number,
        at=entry.at,
        who=entry.actor.name,
        door=entry.actor.door,
        on_behalf_of=entry.actor.on_behalf_of,
        act=entry.act,
        subject=entry.subject,
        detail=entry.detail,
        digest=entry.digest,
    )
