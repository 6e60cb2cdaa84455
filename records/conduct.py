"""Conducting a sitting: open it, mark what is done in it, close it. Each act is checked, done and written down.

Opening freezes the set-up the sitting rests on, and what must be seen of it; closing ends its window. Recording
itself follows from the sittings (``records.schedule``) and does not wait for the opening. Nor does an exam wait for
its check: a sitting that nobody checked is opened, and who opens it is told. Not here: that check
(``records.readiness``), closing a batch (``records.closing``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from analysis.expected import expectation_of
from config import rule_pack
from config.rule_pack import RulePack
from domain.expected import Basis, ExpectedPlace, FrozenExpectation
from domain.people import Actor
from domain.phases import Mark, Marked, latest_marks, out_of_order
from domain.places import Room, Sitting, SittingPlan
from domain.readiness import Standing, standing
from domain.timeline import Clock, rfc3339, utc
from records.errors import ClosedBatch, DiskTooFull, ImpossibleTime
from records.headroom import EXPECTED_BIT_RATE, measure
from storage.database import Database
from storage.errors import SetupChanged, UnknownBatch, UnknownSitting

_EARLY = timedelta(hours=12)
_TRIES = 3  # to freeze a set-up that others change meanwhile


@dataclass(frozen=True, slots=True)
class Disk:
    """The spool's disk at one instant. ``reserve_bytes`` must be free for a sitting to be opened."""

    path: Path
    free_bytes: int
    reserve_bytes: int
    expected_bit_rate: float = EXPECTED_BIT_RATE  # of a camera that was never recorded, in bit/s

    @classmethod
    def of(cls, path: Path, reserve_bytes: int, expected_bit_rate: float = EXPECTED_BIT_RATE) -> Disk:
        """The disk that a folder lies on, or will lie on once it is made."""
        standing = next(folder for folder in (path, *path.parents) if folder.exists())
        return cls(path, shutil.disk_usage(standing).free, reserve_bytes, expected_bit_rate)


@dataclass(frozen=True, slots=True)
class Opened:
    """A sitting that was just opened, and what should be looked at although it is no reason to refuse."""

    sitting: Sitting
    warnings: tuple[str, ...]


def open_sitting(
    database: Database,
    batch_id: str,
    number: int,
    actor: Actor,
    clock: Clock,
    *,
    disk: Disk,
    actual_start: datetime | None = None,
    rules: Callable[[str], RulePack] = rule_pack.load,
) -> Opened:
    """Open a sitting; its start is ``actual_start``, or now. ``rules`` gives the rule pack of its batch by its id, by
    which is frozen what must be seen.

    Raises UnknownBatch, UnknownSitting, AlreadyOpen; DiskTooFull; ImpossibleTime for a start that lies in the
    future or after the planned end; RulePackRefused where the batch's rule pack cannot be read; SetupChanged where
    others change the set-up all the while.
    """
    now = clock.now()
    start = now if actual_start is None else _past("start", actual_start, now)
    planned = _known(database, batch_id, number)
    if planned.opened is None:
        check_disk(disk, batch_id, number)
        if start >= planned.plan.planned_end:
            raise ImpossibleTime(
                f"sitting {number} of batch {batch_id} cannot be opened: {starts_too_late(planned.plan)}"
            )
    _open(database, planned, now, start, rules)
    frozen = database.setup.expectation(batch_id, number)
    digest = f", must be seen: sha256 {frozen.sha256}" if frozen is not None else ""
    detail = f"start {rfc3339(start)}{digest}"
    database.journal.record(now, actor, "open_sitting", _subject(batch_id, number), detail)
    sitting = _known(database, batch_id, number)
    checked = _check_warnings(sitting, database, now)
    return Opened(sitting, (*checked, *_warnings(sitting, disk, database), *_short(frozen)))


def _open(
    database: Database, planned: Sitting, now: datetime, start: datetime, rules: Callable[[str], RulePack]
) -> None:
    """What must be seen is computed before the transaction, which others wait for; where the set-up was changed
    meanwhile, once more.
    """
    batch_id, number = planned.batch.id, planned.plan.number
    for attempt in range(1, _TRIES + 1):
        sitting = database.setup.valid(batch_id, number, now)
        expected = None
        if planned.opened is None:
            expected = sitting, expectation_of(sitting, rules(sitting.batch.rule_pack))
        try:
            database.setup.open_sitting(batch_id, number, now, start, expected=expected)
            return
        except SetupChanged:
            if attempt == _TRIES:
                raise


def close_sitting(
    database: Database,
    batch_id: str,
    number: int,
    actor: Actor,
    clock: Clock,
    *,
    actual_end: datetime | None = None,
) -> Sitting:
    """Close an open sitting; its end is ``actual_end``, or now. Recording goes on until its tail has run.

    Raises UnknownBatch, UnknownSitting, NotOpen, AlreadyClosed; ImpossibleTime for an end that lies in the future
    or not after the start.
    """
    now = clock.now()
    end = now if actual_end is None else _past("end", actual_end, now)
    sitting = _known(database, batch_id, number)
    start = sitting.actual_start
    if start is not None and sitting.closed is None and end <= start:
        raise ImpossibleTime(
            f"sitting {number} of batch {batch_id} cannot end at {rfc3339(end)}: it started at {rfc3339(start)}"
        )
    database.setup.close_sitting(batch_id, number, now, end)
    database.journal.record(now, actor, "close_sitting", _subject(batch_id, number), f"end {rfc3339(end)}")
    return _known(database, batch_id, number)


@dataclass(frozen=True, slots=True)
class MadeMark:
    """A mark that was just made, and what is odd about it: that is no reason to refuse what a room really did."""

    marked: Marked
    warnings: tuple[str, ...]


def mark_sitting(
    database: Database,
    batch_id: str,
    number: int,
    actor: Actor,
    clock: Clock,
    *,
    mark: Mark,
    at: datetime | None = None,
    reason: str = "",
    taken_back: bool = False,
) -> MadeMark:
    """Say that something was done in a sitting ``at`` an instant, or now; ``taken_back`` says that it was not.

    What was said before is corrected by saying it again with a ``reason``, and stays on record. An order that should
    not be is kept and told. Raises UnknownBatch, UnknownSitting; MarkStands for a correction without a reason,
    UnknownRow for nothing to take back; ImpossibleTime for an instant in the future or more than twelve hours away
    from the sitting; ClosedBatch where what there is of the batch was signed.
    """
    now, reason = clock.now(), reason.strip()
    sitting = _known(database, batch_id, number)
    if database.closings.latest(batch_id) is not None:
        raise ClosedBatch(f"batch {batch_id} was closed and signed; what its signed report says of marks stands")
    told = None if taken_back else now if at is None else _past(mark.value, at, now)
    if told is not None:
        _refuse_far_off(sitting, mark, told)
    marked = Marked(mark, told, now, actor, reason)
    database.marks.add(batch_id, number, marked)
    said = "taken back" if told is None else f"at {rfc3339(told)}"
    detail = f"{mark.value} {said}" + (f": {reason}" if reason else "")
    database.journal.record(now, actor, "mark_sitting", _subject(batch_id, number), detail)
    return MadeMark(marked, tuple(_odd_marks(database, sitting, marked)))


def _refuse_far_off(sitting: Sitting, mark: Mark, at: datetime) -> None:
    """Raises ImpossibleTime for an instant that can only be a slip: a window would reach as far."""
    first, last = sitting.start - _EARLY, sitting.end + _EARLY
    if sitting.opened is not None and sitting.closed is None:
        last = max(last, at)
    if not first <= at <= last:
        raise ImpossibleTime(
            f"{mark.zh} {mark.value} at {rfc3339(at)} lies more than {_EARLY.total_seconds() / 3600:.0f} h away from "
            f"sitting {sitting.plan.number} ({rfc3339(sitting.start)} .. {rfc3339(sitting.end)}); give the real time"
        )


def _odd_marks(database: Database, sitting: Sitting, marked: Marked) -> Iterator[str]:
    held = latest_marks(database.marks.of(sitting.batch.id, sitting.plan.number))
    for first, later in out_of_order(held):
        if marked.mark in (first, later):
            yield (
                f"{first.zh} {first.value} is marked after {later.zh} {later.value}: kept, and told in the report; "
                "if it is a slip, mark it again with --reason"
            )
    ended = sitting.window.end
    late = marked.mark is Mark.SEALED and marked.at is not None and marked.at > ended
    if late and sitting.closed is not None and marked.written > ended:
        yield (
            f"recording had ended at {rfc3339(ended)} with the tail; what was not recorded up to the sealing is a "
            "gap: mark the sealing in time, or give the plan a longer tail"
        )


def check_disk(disk: Disk, batch_id: str, number: int) -> None:
    """Raises DiskTooFull when the spool cannot promise to hold one more sitting."""
    if disk.free_bytes < disk.reserve_bytes:
        raise DiskTooFull(
            f"sitting {number} of batch {batch_id} cannot be opened: {disk.path} has {_gib(disk.free_bytes)} free, "
            f"the reserve is {_gib(disk.reserve_bytes)} (KAOJIAN_MIN_FREE_BYTES); make room there"
        )


def starts_too_late(plan: SittingPlan) -> str:
    """What to say of a start after the planned end: an exam put off needs a new plan, or its window is empty."""
    end = rfc3339(plan.planned_end)
    return f"its start lies after its planned end {end}; give the real start, or apply its new planned times first"


def _known(database: Database, batch_id: str, number: int) -> Sitting:
    sitting = database.setup.sitting(batch_id, number)
    if sitting is not None:
        return sitting
    batches = [batch.id for batch in database.setup.batches()]
    if batch_id not in batches:
        there = ", ".join(batches) or "none"
        raise UnknownBatch(f"there is no batch {batch_id} (there is: {there}); set it up with `kaojian apply`")
    numbers = ", ".join(str(each.plan.number) for each in database.setup.sittings(batch_id))
    raise UnknownSitting(f"batch {batch_id} has no sitting {number}; it has {numbers}")


def _past(what: str, told: datetime, now: datetime) -> datetime:
    try:
        told = utc(told)
    except ValueError as error:
        raise ImpossibleTime(str(error)) from None
    if told > now:
        raise ImpossibleTime(f"a {what} at {rfc3339(told)} lies in the future; now is {rfc3339(now)}")
    return told


def _check_warnings(sitting: Sitting, database: Database, now: datetime) -> Iterator[str]:
    """What the report will say of a sitting that begins without a signed go."""
    batch, number = sitting.batch.id, sitting.plan.number
    signed, frozen = database.readiness.last_signed(batch, number, now), database.setup.frozen(batch).get(number)
    borne_out = signed is not None and database.readiness.is_borne_out(signed)
    found = standing(signed, now, None if frozen is None else frozen.site, borne_out=borne_out)
    if found is not Standing.GO:
        yield f"考前自检 {found.zh}: the report will say of this sitting: {found.en}"


def _warnings(sitting: Sitting, disk: Disk, database: Database) -> Iterator[str]:
    for room in sitting.rooms:
        yield from _room_warnings(room)
    early = sitting.plan.planned_start - sitting.start
    if early > _EARLY:
        yield f"the planned start is {early.total_seconds() / 3600:.0f} h away; all cameras are recorded from now on"
    rates = measure(database.evidence, {camera.id for camera in sitting.cameras()}, disk.expected_bit_rate).values()
    rate = sum(each.bytes_per_s for each in rates)
    needed = int(sitting.window.seconds * rate)
    if sitting.closed is None and needed > disk.free_bytes:
        seen = sum(each.measured for each in rates)
        yield (
            f"at {8e-6 * rate:.1f} Mbit/s together ({seen} of {len(rates)} cameras measured, the others as expected) "
            f"the sitting needs {_gib(needed)}; {disk.path} has {_gib(disk.free_bytes)} free"
        )


def _short(frozen: FrozenExpectation | None) -> Iterator[str]:
    """What falls short by the floor plan, told at the bell, when cameras can still be turned."""
    if frozen is None:
        return
    short: dict[tuple[str, str], list[ExpectedPlace]] = {}
    for place in frozen.expectation.places:
        if place.lack is not None and place.basis is Basis.PLAN:
            short.setdefault((place.room, place.level), []).append(place)
    for (room, level), places in short.items():
        names = ", ".join(_place(place) for place in places)
        yield f"room {room}: by the plan no registered camera reaches {level} at {names} (布点图)"
    for each in frozen.expectation.rooms:
        if each.floor_share is not None and each.floor_share < each.needed_share:
            yield (
                f"room {each.room}: by the plan {100 * each.floor_share:.4g} % of the floor reaches {each.level}, "
                f"{100 * each.needed_share:g} % is needed (布点图 死角)"
            )


def _place(place: ExpectedPlace) -> str:
    return f"{place.target.value.replace('_', ' ')} {place.id}"


def _room_warnings(room: Room) -> Iterator[str]:
    seen = {station for camera in room.cameras for station in camera.sees}
    for station in room.stations:
        if station.id not in seen:
            yield f"room {room.id}: no camera sees station {station.id} (工位)"
    for camera in room.cameras:
        if not camera.sees and not camera.panoramic:
            yield f"room {room.id}: camera {camera.id} sees no station"
    if not any(camera.panoramic for camera in room.cameras):
        yield f"room {room.id} has no panoramic camera (全景); the notice asks for one, 六（二）"


def _subject(batch_id: str, number: int) -> str:
    return f"{batch_id}/{number}"


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.1f} GiB"
