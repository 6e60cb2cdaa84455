"""封存 of a batch: held and let go again, each with who and why, and carried out in the object store.

1. The order is written down first, with its act in the journal: from then on nothing of the batch may be
   disposed of.
2. Every stored copy of its footage, and of the scans of its dossier, is put under legal hold, or let go where no hold
   stands any more, and read back.
3. What could not be reached is set right when footage is read again (``storage.rereading``), or scans are
   (``records.dossier.verify``); what is stored later is stored as held (``storage.archive``, ``storage.scans``).

Not here: who may (``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.holds import Hold, Order
from domain.people import Actor
from domain.timeline import Clock
from records.dossier import secure
from records.errors import NoReason
from storage.archive import Archive
from storage.database import Database
from storage.errors import StorageError, UnknownBatch


@dataclass(frozen=True, slots=True)
class Held:
    """A hold and how far it is carried out: stored copies that are as they are to be, and those that are not yet."""

    hold: Hold
    done: int
    waiting: int
    reason: str = ""  # why the first of those that wait does


Progress = Callable[[int, int], object]
"""Told how many segments are done, of how many."""


def hold(
    database: Database, archive: Archive, batch: str, *, reason: str, actor: Actor, clock: Clock, tell: Progress
) -> Held:
    """Hold a batch. Raises UnknownBatch, NoReason, DatabaseUnavailable."""
    if database.setup.batch(batch) is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    order = _ordered(reason, actor, clock)
    held = database.holds.add(batch, order)
    database.journal.record(order.at, actor, "hold_batch", batch, f"{held.number}: {order.reason}")
    return _carry_out(database, archive, held, tell)


def lift(
    database: Database, archive: Archive, number: int, *, reason: str, actor: Actor, clock: Clock, tell: Progress
) -> Held:
    """Lift a hold; a batch is let go when no other one stands. Raises UnknownHold, NoReason, DatabaseUnavailable."""
    order = _ordered(reason, actor, clock)
    lifted = database.holds.lift(number, order)
    database.journal.record(order.at, actor, "lift_hold_of_batch", lifted.batch, f"{number}: {order.reason}")
    return _carry_out(database, archive, lifted, tell)


def _ordered(reason: str, actor: Actor, clock: Clock) -> Order:
    if not reason.strip():
        raise NoReason("say why: a hold is read by those who come after you")
    return Order(clock.now(), actor, reason.strip())


def _carry_out(database: Database, archive: Archive, hold: Hold, tell: Progress) -> Held:
    segments = [segment for segment, _ in database.evidence.segments_of(hold.batch)]
    done = waiting = 0
    why = ""
    for number, segment in enumerate(segments, 1):
        for copy in database.evidence.copies([segment.key])[segment.key]:
            if copy.removed is not None or copy.target not in archive.buckets:
                continue
            try:
                archive.secure(segment, copy)
                done += 1
            except StorageError as error:
                waiting += 1
                why = why or str(error)
        tell(number, len(segments))
    order = hold.lifted or hold.ordered
    scans = secure(database, archive, hold.batch, order.actor, order.at)
    why = why or next(iter(scans.why.values()), "")
    return Held(hold, done + scans.done, waiting + len(scans.why), why)
