"""Disposal lists 处置清单: which batches may be disposed of, what a list freezes, and who approves it.

A list is proposed with everything it would delete, and approved or declined by people at the page. Every reason
against a batch is said at once. The object store is asked, too, whether it holds anything: where no decision on a
hold is known to the database, only the store can tell that none stands. Not here: the rules (``domain.disposal``),
the deleting (``records.disposing``), and whose role may ask (``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.disposal import (
    CONTENT_FORM,
    BatchToGo,
    Content,
    CopyToGo,
    Decision,
    DisposalList,
    Objection,
    Obstacle,
    Person,
    SegmentToGo,
    Settled,
    Standing,
    difference,
    objections,
    refusal,
)
from domain.evidence import Copy, Segment
from domain.holds import Order
from domain.host_clock import ClockJudgement, HostClock, judge_clock
from domain.manifest import Manifest
from domain.people import Actor
from domain.permits import is_open
from domain.timeline import Clock
from ingest.host_clock import Witnesses
from records import dossier
from records.errors import DecisionRefused, DisposalRefused, NoReason
from storage.archive import Archive, RetentionUnknown
from storage.database import Database
from storage.database.closings import KeptLink
from storage.errors import StorageError
from storage.manifest.form import document_of, read, written


@dataclass(frozen=True, slots=True)
class Basis:
    """On what it is judged whether footage may go. ``witnesses`` are those of this host's clock."""

    database: Database
    archive: Archive
    witnesses: Witnesses
    clock: Clock

    def clock_state(self) -> ClockJudgement:
        """What the witnesses prove of the clock right now; cameras are not asked."""
        return judge_clock(HostClock("", self.clock.now(), self.witnesses.ntp(), self.witnesses.server()))


@dataclass(frozen=True, slots=True)
class Due:
    """A batch whose time of keeping is over by its rule pack, with all that still stands against disposing of it."""

    batch: str
    retained_until: datetime
    segments: int
    size_bytes: int
    objections: tuple[Objection, ...]


def due(basis: Basis, batches: Iterable[str]) -> list[Due]:
    """Those of these batches whose time of keeping is over and that were not disposed of. The store is not asked."""
    found, now, clock = [], basis.clock.now(), basis.clock_state()
    for batch in batches:
        try:
            until = basis.archive.keep_until(batch)
        except RetentionUnknown:
            continue
        if now < until or basis.database.disposals.destroyed(batch) is not None:
            continue
        segments = [segment for segment, _ in basis.database.evidence.segments_of(batch)]
        size_bytes = sum(segment.size_bytes for segment in segments)
        against = objections(standing(basis, batch, ask_store=False), clock, now)
        found.append(Due(batch, until, len(segments), size_bytes, against))
    return found


def propose(basis: Basis, batches: Sequence[str], *, reason: str, actor: Actor) -> DisposalList:
    """Propose to dispose of these batches, as everything of them lies there now.

    Raises NoReason, DisposalRefused with every reason against each of them, DatabaseUnavailable.
    """
    if not reason.strip():
        raise NoReason("say why: those who approve the list read it, and those who ask for the footage later")
    wanted, now, clock = tuple(dict.fromkeys(batches)), basis.clock.now(), basis.clock_state()
    against = {batch: objections(standing(basis, batch, ask_store=True), clock, now) for batch in wanted}
    if not wanted or any(against.values()):
        raise DisposalRefused(against)
    data = written(Content(CONTENT_FORM, tuple(to_go(basis, batch) for batch in wanted)))
    order = Order(now, actor, reason.strip())

    def still_free() -> None:
        taken = {batch: other for batch in wanted if (other := _other_list(basis, batch, None)) is not None}
        if taken:
            raise DisposalRefused(
                {batch: [Objection(Obstacle.LISTED, f"list {number} has it")] for batch, number in taken.items()}
            )

    return basis.database.disposals.propose(order, wanted, data, document_of(data).sha256, still_free)


def approve(basis: Basis, number: int, person: Person, *, digest: str, reason: str, actor: Actor) -> DisposalList:
    """Approve a list, by the digest of what it would delete.

    Raises UnknownDisposal, DecisionRefused, DisposalRefused where it is not what was proposed any more.
    """
    listed = basis.database.disposals.find(number)
    _refuse(basis, listed, person, Settled.APPROVED, digest)
    against = look_again(basis, listed, content(basis.database, listed).batches, ask_store=False)
    if any(against.values()):
        raise DisposalRefused(against)
    return _decide(basis, number, person, _decision(basis, person, Settled.APPROVED, reason, actor), digest)


def decline(basis: Basis, number: int, person: Person, *, reason: str, actor: Actor) -> DisposalList:
    """Decline a list: it is never carried out. Raises UnknownDisposal, NoReason, DecisionRefused."""
    if not reason.strip():
        raise NoReason("say why: whoever proposed the list reads it")
    return _decide(basis, number, person, _decision(basis, person, Settled.DECLINED, reason, actor), "")


def content(database: Database, listed: DisposalList) -> Content:
    """What a list would delete, as it was frozen. Raises DecisionRefused where that is not what its digest says."""
    data = database.disposals.content(listed.number)
    if document_of(data).sha256 != listed.digest:
        raise DecisionRefused(
            f"what list {listed.number} would delete was changed in the database; it stays as it is"
        )
    return read(Content, data)


def look_again(
    basis: Basis, listed: DisposalList, batches: Iterable[BatchToGo], *, ask_store: bool
) -> dict[str, tuple[Objection, ...]]:
    """What stands against batches of a list by now, and how they differ from what it froze.

    A hold that was set since counts also where it was lifted again: somebody wanted the footage.
    """
    clock, now = basis.clock_state(), basis.clock.now()
    found = {}
    for each in batches:
        what = list(objections(standing(basis, each.batch, ask_store=ask_store, but=listed.number), clock, now))
        if not {one.what for one in what} & {Obstacle.UNKNOWN_BATCH, Obstacle.NOT_CLOSED, Obstacle.RETENTION_UNKNOWN}:
            changed = difference([each], [to_go(basis, each.batch)])
            what += [Objection(Obstacle.CHANGED, changed)] if changed else []
        held = [one for one in basis.database.holds.all(each.batch) if one.ordered.at >= listed.proposed.at]
        what += [Objection(Obstacle.CHANGED, f"hold {one.number} was set after it was listed") for one in held]
        found[each.batch] = tuple(what)
    return found


def standing(basis: Basis, batch: str, *, ask_store: bool, but: int | None = None) -> Standing:
    """What is known of a batch. ``but`` is the list that asks: it is none that stands in the way.

    Without ``ask_store`` only the database is asked, which is enough to look at, and not to delete by.
    """
    database = basis.database
    sittings = database.setup.sittings(batch)
    if not sittings:
        return Standing(batch, known=False)
    link, certificate = database.closings.latest(batch), database.disposals.destroyed(batch)
    segments = [segment for segment, _ in database.evidence.segments_of(batch)]
    copies = [copy for found in database.evidence.copies([each.key for each in segments]).values() for copy in found]
    copies += dossier.as_rows(database, batch)
    found = Standing(
        batch,
        open_sittings=tuple(each.plan.number for each in sittings if each.opened is None or each.closed is None),
        signed=None if link is None else link.signed_at,
        difference="" if link is None else _difference(database, link, segments),
        retained_until=_retained_until(basis, batch, link),
        locked_until=_latest_lock(basis, copies, ask_store=ask_store),
        open_permits=tuple(each.id for each in database.permits.of_batch(batch) if is_open(each, basis.clock.now())),
        listed=_other_list(basis, batch, but),
        disposed=None if certificate is None else certificate.disposal,
        last_act=max(database.closings.last_signed(), default=None),
    )
    return _with_hold(basis, found, copies, ask_store=ask_store)


def to_go(basis: Basis, batch: str) -> BatchToGo:
    """All that there is of a closed batch, whatever became of it: its segments, and then the scans of its dossier,
    which are told by their keys. Raises RetentionUnknown.
    """
    database = basis.database
    link = database.closings.latest(batch)
    if link is None:
        raise RetentionUnknown(f"batch {batch} was never closed")
    segments = [segment for segment, _ in database.evidence.segments_of(batch)]
    copies = database.evidence.copies([segment.key for segment in segments])
    return BatchToGo(
        site=link.site,
        batch=batch,
        link_number=link.number,
        link_digest=link.digest,
        segments_root=link.segments_root,
        retained_until=max(basis.archive.keep_until(batch), link.retained_until),
        segments=tuple(
            SegmentToGo(each.key, each.size_bytes, each.sha256, _copies_to_go(copies[each.key])) for each in segments
        )
        + _scans_to_go(database, batch),
    )


def _scans_to_go(database: Database, batch: str) -> tuple[SegmentToGo, ...]:
    """Those of earlier revisions too."""
    rows = dossier.as_rows(database, batch)
    return tuple(
        SegmentToGo(key, of[0].size_bytes, of[0].sha256, _copies_to_go(of))
        for key in dict.fromkeys(row.segment for row in rows)
        if (of := [row for row in rows if row.segment == key])
    )


def _copies_to_go(copies: Sequence[Copy]) -> tuple[CopyToGo, ...]:
    """Each once, also where it has a tombstone: what was lost may lie there, damaged."""
    found = {
        (copy.place, copy.target, copy.version_id or "", copy.spool): CopyToGo(
            copy.place, copy.target, copy.version_id or "", copy.spool, copy.locked_until
        )
        for copy in copies
    }
    return tuple(found[name] for name in sorted(found))


def _difference(database: Database, link: KeptLink, segments: Sequence[Segment]) -> str:
    manifest = read(Manifest, database.closings.document(link.manifest))
    stated = {each.key: (each.sha256, each.size_bytes) for each in manifest.segments}
    there = {each.key: (each.sha256, each.size_bytes) for each in segments}
    apart = sorted(key for key in stated.keys() | there.keys() if stated.get(key) != there.get(key))
    if not apart:
        return ""
    return f"{len(apart)} segments are not as manifest {link.number} states them, {apart[0]} for one"


def _retained_until(basis: Basis, batch: str, link: KeptLink | None) -> datetime | None:
    try:
        until = basis.archive.keep_until(batch)
    except RetentionUnknown:
        return None
    return until if link is None else max(until, link.retained_until)


def _latest_lock(basis: Basis, copies: Iterable[Copy], *, ask_store: bool) -> datetime | None:
    """What the rows say, and the store itself where it can be asked: whether it answers is told by the hold."""
    locks = []
    for copy in copies:
        locks.append(copy.locked_until)
        if ask_store:
            try:
                locks.append(basis.archive.locked_until(copy))
            except StorageError:
                break
    return max((lock for lock in locks if lock is not None), default=None)


def _with_hold(basis: Basis, found: Standing, copies: Sequence[Copy], *, ask_store: bool) -> Standing:
    if basis.database.holds.standing(found.batch):
        return replace(found, held=True)
    if not ask_store:
        return replace(found, held=False)
    for copy in copies:
        try:
            held = basis.archive.is_held(copy)
        except StorageError as error:
            return replace(found, held=None, hold_detail=f"the object store cannot be asked: {error}")
        if held:
            told = f"the object store holds {copy.segment}, and no hold that stands is known here"
            return replace(found, held=None, hold_detail=told)
    return replace(found, held=False)


def _other_list(basis: Basis, batch: str, but: int | None) -> int | None:
    now = basis.clock.now()
    lists = basis.database.disposals.of_batch(batch)
    return next((each.number for each in lists if each.number != but and each.is_open(now)), None)


def _decide(basis: Basis, number: int, person: Person, decision: Decision, digest: str) -> DisposalList:
    return basis.database.disposals.decide(
        number, decision, lambda listed: _refuse(basis, listed, person, decision.what, digest)
    )


def _decision(basis: Basis, person: Person, what: Settled, reason: str, actor: Actor) -> Decision:
    return Decision(what, basis.clock.now(), actor, person.role, reason.strip())


def _refuse(basis: Basis, listed: DisposalList, person: Person, what: Settled, digest: str) -> None:
    why = refusal(listed, person, what, digest, basis.clock.now())
    if why is not None:
        raise DecisionRefused(why)
