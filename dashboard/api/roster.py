"""Rosters 考生名册 over the API: a file taken in as `kaojian roster import` does, and the roll with names.

Thin over ``records.roster``. The body is the file itself, of which no more is read than may be. Numbers of documents
are shown masked, and whole ones are given to nobody here. Not here: what programs are told of a roll
(``dashboard.api.roll``).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from config.documents import Document as YamlFile
from dashboard.access.login import actor_of
from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.roll import SeatShape
from dashboard.api.shapes import Shape
from domain.roll import Attempt, Document
from records import roster as records
from records import shapes, sheets

router = APIRouter(prefix="/batches/{batch}/roster", tags=["roll"], responses=RESPONSES)

FileName = Annotated[
    str,
    Query(
        alias="name",
        min_length=1,
        max_length=200,
        pattern=ONE_LINE,
        description="What the file is called, for its problems",
        examples=["名册.xlsx"],
    ),
]
ProfileText = Annotated[
    str, Query(max_length=8000, description="Which heading means what: YAML, as `kaojian roster profile` prints it")
]
OnlyLook = Annotated[bool, Query(description="Say what would be done, and enter nothing")]
Reason = Annotated[
    str, Query(max_length=500, pattern=ONE_LINE, description="Why, once the batch has begun; without names")
]


async def _file(request: Request) -> bytes:
    """The body as it came. No more is read than one byte beyond what a file may have; that is refused afterwards."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk[: sheets.MOST_BYTES + 1 - len(data)]
        if len(data) > sheets.MOST_BYTES:
            break
    return bytes(data)


SentFile = Annotated[bytes, Depends(_file)]
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, as the command line takes it; 32 MiB at most",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""Of routes that take one."""


class ImportShape(Shape):
    """What a roster did, or with ``only_look`` would do. ``absent`` are tickets on the roll that it leaves out, and
    which stay; ``unread`` are headings that nobody asked for.
    """

    batch: str
    only_look: bool
    candidates: int
    added: int
    changed: int
    seats_added: int
    seats_changed: int
    seats_removed: int
    absent: tuple[str, ...]
    unread: tuple[str, ...]


class KeptShape(Shape):
    """A subject 科目 that the candidate passed in another batch, under that ticket, and keeps 补考保留. A claim."""

    subject: str
    batch: str
    candidate: str


class ListedShape(Shape):
    """One candidate, by admission ticket 准考证号. ``number`` is that of the document, masked; ``kept`` are those of
    ``subjects`` that are not sat in this batch.
    """

    candidate: str
    name: str
    document: Document
    number: str
    attempt: Attempt
    subjects: tuple[str, ...]
    kept: tuple[KeptShape, ...]
    seats: tuple[SeatShape, ...]


class RosterShape(Shape):
    """All candidates of a batch as its roll stands now, by ticket, with their names."""

    batch: str
    candidates: tuple[ListedShape, ...]


@router.get("")
def roster(response: Response, backed: Backed, batch: BatchId) -> RosterShape:
    """Candidates with names, seats and the masked number of their document."""
    response.headers.update(NO_STORE)
    found = records.shown(backed.database, backed.numbers(), batch)
    return RosterShape(batch=batch, candidates=tuple(_listed(each) for each in found))


@router.post("", responses=CONFLICTS, openapi_extra=FILE_BODY)
def import_roster(
    *,
    response: Response,
    viewer: Viewing,
    backed: Backed,
    batch: BatchId,
    sent: SentFile,
    name: FileName,
    profile: ProfileText = "",
    only_look: OnlyLook = False,
    reason: Reason = "",
) -> ImportShape:
    """Take in a roster: all of it or, with row and column of everything that is wrong, nothing. The same file again
    changes nothing.
    """
    response.headers.update(NO_STORE)
    chosen = shapes.profile_of(YamlFile("profile", profile), records.ROSTER) if profile.strip() else None
    done = records.take_in(
        backed.database,
        backed.numbers(),
        batch,
        sent,
        name,
        actor=actor_of(viewer.account.name),
        now=backed.clock.now(),
        profile=chosen,
        reason=reason,
        only_look=only_look,
    )
    return ImportShape(
        batch=batch,
        only_look=only_look,
        candidates=done.candidates,
        added=done.added,
        changed=done.changed,
        seats_added=done.seats_added,
        seats_changed=done.seats_changed,
        seats_removed=done.seats_removed,
        absent=done.absent,
        unread=done.unread,
    )


def _listed(each: records.Shown) -> ListedShape:
    who = each.candidate
    return ListedShape(
        candidate=who.ticket,
        name=who.name,
        document=who.document,
        number=each.number,
        attempt=who.attempt,
        subjects=who.subjects,
        kept=tuple(KeptShape(subject=one.subject, batch=one.batch, candidate=one.ticket) for one in who.kept),
        seats=tuple(
            SeatShape(sitting=seat.sitting, room=seat.room, station=seat.station, subject=seat.subject)
            for seat in each.seats
        ),
    )
