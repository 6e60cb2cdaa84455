"""考场记录表 on record: written for one room of one sitting, and signed by examiners and their leader.

What was not signed yet is written over freely; a signed record is changed only by a later revision with a reason,
and then lacks its signatures until they are given again. Under an account one signs for oneself; at the command
line it is put on record that the paper was signed. Numbers of candidates and violations come from the roll as it
stands, and a signature keeps the numbers that were signed. Not here: what a record proves (``records.day_rules``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from domain.panels import Member
from domain.people import Door
from domain.places import Room, Sitting
from domain.register import Draft, Entry
from domain.roll import CANDIDATES, SEATS, SIGN_INS, VIOLATIONS, Seat, SignIn, Violation
from domain.room_record import (
    ROOM_RECORDS,
    WITH_MINUTES,
    Counts,
    Incident,
    IncidentKind,
    RoomRecord,
    RoomSignature,
    counted,
)
from domain.timeline import rfc3339
from records.errors import ImpossibleTime, NoReason, NoRoomRecord, NotOfThePanel, RoomRecordRefused
from records.panels import ATTENDANCES, DISPATCHES
from records.roll import Desk
from storage.database import Database
from storage.errors import UnknownBatch, UnknownSitting

_LONGEST = 500  # letters of one text


@dataclass(frozen=True, slots=True)
class Place:
    """One room of one sitting."""

    batch: str
    sitting: int
    room: str

    @property
    def key(self) -> str:
        return f"{self.batch}/{self.sitting}/{self.room}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A room's record with all that belongs on its paper. ``entry`` is None where nobody wrote one yet.

    ``subjects`` are those that are seated in the room; ``violations`` are those of its candidates.
    """

    place: Place
    sitting: Sitting
    room: Room
    entry: Entry[RoomRecord] | None
    counts: Counts
    subjects: tuple[str, ...]
    violations: tuple[Violation, ...]

    @property
    def record(self) -> RoomRecord:
        """What was written; an empty one where that is nothing."""
        empty = RoomRecord(self.place.batch, self.place.sitting, self.place.room)
        return self.entry.thing if self.entry is not None else empty

    @property
    def changed_since(self) -> tuple[str, ...]:
        """Who signed other numbers than those of the roll now."""
        return tuple(each.by for each in self.record.signatures if each.counts != self.counts)


def write(desk: Desk, told: RoomRecord, reason: str = "") -> Entry[RoomRecord]:
    """Write a room's record, in place of what was written before. The same again changes nothing.

    Raises UnknownBatch, UnknownSitting; RoomRecordRefused for what is not there or not said; ImpossibleTime;
    NoReason where a signed record is changed, which takes its signatures away; RevisedMeanwhile. ValueError for a
    record that brings signatures along.
    """
    if told.signatures:
        raise ValueError("a record is written without signatures; they are given to what was written")
    place = Place(told.batch, told.sitting, told.room)
    sitting = _sitting(desk.database, place)
    roll = _Roll.of(desk.database, place)
    for message in _flaws(told, roll.known):
        raise RoomRecordRefused(f"the record of room {told.room}, sitting {told.sitting}: {message}")
    _refuse_future(desk, told)
    before = desk.database.register.find(ROOM_RECORDS, place.key)
    if before is not None:
        if before.thing.unsigned == told:
            return before
        if before.thing.signatures and not reason.strip():
            raise NoReason(
                f"{before.name} is signed; say why it is changed and have it signed again 已签名，更改须说明原因"
            )
    return _enter(desk, "write_room_record", sitting, told, before=before, reason=reason)


def note_incident(desk: Desk, place: Place, incident: Incident, reason: str = "") -> Entry[RoomRecord]:
    """Add one incident to a room's record, or begin one with it. Raises as ``write`` does."""
    before = desk.database.register.find(ROOM_RECORDS, place.key)
    record = before.thing.unsigned if before is not None else RoomRecord(place.batch, place.sitting, place.room)
    if incident in record.incidents:
        return write(desk, record, reason)
    incidents = tuple(sorted((*record.incidents, incident), key=lambda each: each.at))
    return write(desk, replace(record, incidents=incidents), reason)


def sign(desk: Desk, place: Place, examiner: str, at: datetime | None = None) -> Entry[RoomRecord]:
    """Sign a room's record as an examiner who was sent to the sitting. Signing again changes nothing.

    Raises UnknownBatch, UnknownSitting, NoRoomRecord; NotOfThePanel for who was not sent; RoomRecordRefused where an
    account signs for somebody else; ImpossibleTime for a signature in the future or before what it is under;
    RevisedMeanwhile.
    """
    sitting, when = _sitting(desk.database, place), at or desk.now
    if desk.actor.door is Door.API and (desk.actor.name, desk.actor.on_behalf_of) != (f"account:{examiner}", None):
        raise RoomRecordRefused(f"{desk.actor.name} cannot sign for {examiner}: everybody signs for themselves")
    member = _sent(desk.database, place, examiner)
    before = desk.database.register.find(ROOM_RECORDS, place.key)
    if before is None:
        raise NoRoomRecord(f"nobody wrote a record of room {place.room} in sitting {place.sitting} 尚无考场记录表")
    record = before.thing
    if examiner in {each.by for each in record.signatures}:
        return before
    last = max((each.at for each in record.incidents), default=sitting.start)
    if not max(last, sitting.start) <= when <= desk.now:
        raise ImpossibleTime(
            f"{rfc3339(when)} is no time to sign: the sitting began {rfc3339(sitting.start)}, the last incident was "
            f"{rfc3339(last)}, now it is {rfc3339(desk.now)}"
        )
    leads = member.leader or _led(desk.database, place, examiner)
    counts = _Roll.of(desk.database, place).counts(place)
    signed = replace(record, signatures=(*record.signatures, RoomSignature(examiner, leads, when, counts)))
    return _enter(desk, "sign_room_record", sitting, signed, before=before, reason="")


def sheet_of(database: Database, place: Place) -> Sheet:
    """A room's record with what the roll says. Raises UnknownBatch, UnknownSitting, RoomRecordRefused."""
    sitting = _sitting(database, place)
    roll = _Roll.of(database, place)
    here = {each.ticket for each in roll.seats if (each.sitting, each.room) == (place.sitting, place.room)}
    here |= {each.ticket for each in roll.sign_ins if (each.sitting, each.room) == (place.sitting, place.room)}
    violations = [entry.thing for entry in database.register.standing(VIOLATIONS, batch=place.batch)]
    return Sheet(
        place=place,
        sitting=sitting,
        room=sitting.site.room(place.room),
        entry=database.register.find(ROOM_RECORDS, place.key),
        counts=roll.counts(place),
        subjects=roll.subjects(place),
        violations=tuple(
            sorted(
                (each for each in violations if each.sitting == place.sitting and each.ticket in here),
                key=lambda each: (each.at, each.ticket),
            )
        ),
    )


def records_of(database: Database, batch: str) -> tuple[Entry[RoomRecord], ...]:
    """The records of a batch's rooms. Raises DatabaseUnavailable."""
    return tuple(database.register.standing(ROOM_RECORDS, batch=batch))


def incidents_of(database: Database, batch: str, number: int) -> tuple[tuple[str, Incident], ...]:
    """The incidents of a sitting with the id of their room, by time. Raises DatabaseUnavailable."""
    records = (each.thing for each in records_of(database, batch))
    found = [(each.room, incident) for each in records if each.sitting == number for incident in each.incidents]
    return tuple(sorted(found, key=lambda each: (each[1].at, each[0])))


# --- What is looked up ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Roll:
    """Of a batch, as far as a record needs it."""

    known: frozenset[str]
    seats: tuple[Seat, ...]
    sign_ins: tuple[SignIn, ...]

    @classmethod
    def of(cls, database: Database, place: Place) -> _Roll:
        register, batch = database.register, place.batch
        seats = tuple(entry.thing for entry in register.standing(SEATS, batch=batch))
        sign_ins = tuple(entry.thing for entry in register.standing(SIGN_INS, batch=batch))
        candidates = {entry.thing.ticket for entry in register.standing(CANDIDATES, batch=batch)}
        return cls(frozenset(candidates | {each.ticket for each in sign_ins}), seats, sign_ins)

    def counts(self, place: Place) -> Counts:
        return counted(place.sitting, place.room, self.seats, self.sign_ins)

    def subjects(self, place: Place) -> tuple[str, ...]:
        own = (each for each in self.seats if (each.sitting, each.room) == (place.sitting, place.room))
        return tuple(sorted({each.subject for each in own}))


def _sitting(database: Database, place: Place) -> Sitting:
    """Raises UnknownBatch, UnknownSitting; RoomRecordRefused for a room that the sitting does not use."""
    if database.setup.batch(place.batch) is None:
        raise UnknownBatch(f"there is no batch {place.batch}; `kaojian status` shows all")
    sitting = database.setup.sitting(place.batch, place.sitting)
    if sitting is None:
        raise UnknownSitting(f"batch {place.batch} has no sitting {place.sitting}; `kaojian status` shows all")
    if place.room not in sitting.plan.rooms:
        rooms = ", ".join(sitting.plan.rooms)
        raise RoomRecordRefused(
            f"sitting {place.sitting} is not held in room {place.room} 该场次不用此考场; in {rooms}"
        )
    return sitting


def _sent(database: Database, place: Place, examiner: str) -> Member:
    sent = database.register.find(DISPATCHES, f"{place.batch}/{place.sitting}")
    for member in sent.thing.members if sent is not None else ():
        if member.examiner == examiner:
            return member
    raise NotOfThePanel(f"{examiner} was not sent to sitting {place.sitting} of batch {place.batch}; the panel signs")


def _led(database: Database, place: Place, examiner: str) -> bool:
    """Whether they led the panel in the place of another."""
    came = database.register.standing(ATTENDANCES, batch=place.batch)
    wanted = (place.sitting, examiner, True)
    return any((each.thing.sitting, each.thing.examiner, each.thing.leads) == wanted for each in came)


def _flaws(told: RoomRecord, known: frozenset[str]) -> Iterator[str]:
    """What a record cannot say, or leaves out."""
    for sheet in told.void:
        if not sheet.why.strip():
            yield f"say why the sheet of {sheet.ticket} is void 请说明作废原因"
    for incident in told.incidents:
        yield from _of_incident(incident)
    subjects = [each.subject for each in told.held]
    if len(set(subjects)) < len(subjects) or not all(subject.strip() for subject in subjects):
        yield "each subject is held in one way 每个科目只能有一种考核方式"
    named = {sheet.ticket for sheet in told.void} | {each for incident in told.incidents for each in incident.tickets}
    if strange := sorted(named - known):
        yield f"nobody on the roll has the ticket {', '.join(strange)} 名册中没有这些准考证号"
    if any(len(text) > _LONGEST for text in _texts(told)):
        yield f"a text is longer than {_LONGEST} letters 文字过长"


def _of_incident(incident: Incident) -> Iterator[str]:
    name = f"{incident.kind.value} {incident.kind.zh}"
    if not incident.what.strip() or not incident.handling.strip():
        yield f"{name}: say what happened and why, and what was done about it 请写明情况、原因和处理"
    if incident.kind in WITH_MINUTES and (incident.minutes is None or incident.minutes < 1):
        yield f"{name}: say by how many minutes 请写明分钟数"
    if incident.kind is IncidentKind.POSTPONEMENT and (incident.until is None or incident.until <= incident.at):
        yield f"{name}: say to when, which lies after it 请写明改至何时"


def _texts(told: RoomRecord) -> Iterable[str]:
    yield told.note
    yield from (each.why for each in told.void)
    for incident in told.incidents:
        yield from (incident.what, incident.handling)


def _refuse_future(desk: Desk, told: RoomRecord) -> None:
    times = [each.at for each in told.incidents] + ([told.all_left] if told.all_left is not None else [])
    for at in times:
        if at > desk.now:
            raise ImpossibleTime(f"{rfc3339(at)} is in the future; now it is {rfc3339(desk.now)}")


def _enter(
    desk: Desk, act: str, sitting: Sitting, told: RoomRecord, *, before: Entry[RoomRecord] | None, reason: str
) -> Entry[RoomRecord]:
    place = Place(told.batch, told.sitting, told.room)
    after = 0 if before is None else before.revision
    draft = Draft(ROOM_RECORDS, place.key, told, told.batch, sitting.site.id, after=after)
    name = f"{told.batch}/{told.sitting}"
    (entry,) = desk.database.register.enter(act, name, [draft], desk.actor, desk.now, reason=reason.strip())
    return entry
