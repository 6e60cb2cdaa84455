"""点名单: the roll of one sitting while it is held: who is seated where, who came, moved, broke a rule, left.

For whoever keeps the roll on the day. Names are shown, numbers of documents masked. Not here: entering any of it
(``records.roll``), and what it means under the notice (``records.roll_rules``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from domain import resident_id
from domain.exam_papers import HandOver, Printing
from domain.places import Sitting
from domain.register import Entry, Kind
from domain.roll import (
    CANDIDATES,
    LEAVINGS,
    SEATS,
    SIGN_INS,
    STATION_CHANGES,
    VIOLATIONS,
    Candidate,
    Seat,
    SignIn,
    StationChange,
    Violation,
)
from records.exam_papers import papers_of
from records.roll import stations_of
from storage.database import Database
from storage.errors import KeyRefused
from storage.id_numbers import IdNumbers

T = TypeVar("T", Seat, SignIn, StationChange, Violation)


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate of the sitting. ``name`` and ``number`` (masked) are "" for who is not on the roll; ``number``
    also where its key is lost, which stops no exam. ``left`` is when they left for good.
    """

    ticket: str
    name: str
    number: str
    seats: tuple[Seat, ...]
    signed: SignIn | None
    moves: tuple[StationChange, ...]
    violations: tuple[Violation, ...]
    left: datetime | None

    @property
    def station(self) -> str:
        """Where they work now, else where they are seated; "" where nobody said."""
        been = stations_of(self.signed, self.moves) if self.signed is not None else ()
        if been:
            return been[-1][1]
        return self.seats[0].station if self.seats else ""


class Step(StrEnum):
    """What a candidate did at an instant."""

    CAME = "came"  # 签到
    MOVED = "moved"  # 换工位
    LEFT = "left"  # 离场


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of a candidate. ``room`` and ``station`` are where they were from then on, or left."""

    step: Step
    at: datetime
    ticket: str
    room: str
    station: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel of papers of the sitting, with its hand-overs by time."""

    printed: Printing
    handed: tuple[HandOver, ...]


def lines(database: Database, numbers: Callable[[], IdNumbers], sitting: Sitting) -> tuple[Line, ...]:
    """Who is seated in a sitting, or came to it without a seat, by station and ticket. Raises DatabaseUnavailable."""
    batch, number = sitting.batch.id, sitting.plan.number
    found = _Sheet.of(database, batch, number)
    people = {each.thing.ticket: each for each in database.register.standing(CANDIDATES, batch=batch)}
    shown = _masked(numbers)

    def line(ticket: str) -> Line:
        who = people.get(ticket)
        return Line(
            ticket,
            who.thing.name if who is not None else "",
            shown(who) if who is not None else "",
            tuple(sorted(found.seats.get(ticket, ()), key=lambda seat: seat.subject)),
            found.signed.get(ticket),
            tuple(sorted(found.moves.get(ticket, ()), key=lambda each: each.at)),
            tuple(sorted(found.violations.get(ticket, ()), key=lambda each: each.at)),
            found.left.get(ticket),
        )

    made = [line(ticket) for ticket in {*found.seats, *found.signed}]
    return tuple(sorted(made, key=lambda each: (each.station, each.ticket)))


def steps(database: Database, batch: str, number: int) -> tuple[Taken, ...]:
    """Who came, moved and left, by time; no names. Raises DatabaseUnavailable."""
    found = _Sheet.of(database, batch, number)
    taken: list[Taken] = []
    for ticket, signed in found.signed.items():
        if not signed.present:
            continue
        own = [Taken(Step.CAME, signed.at, ticket, signed.room, signed.station)]
        moves = sorted(found.moves.get(ticket, ()), key=lambda move: move.at)
        own += [Taken(Step.MOVED, move.at, ticket, move.room, move.station) for move in moves]
        if ticket in found.left:
            own.append(Taken(Step.LEFT, found.left[ticket], ticket, own[-1].room, own[-1].station))
        taken += own
    return tuple(sorted(taken, key=lambda each: (each.at, each.ticket)))


def parcels(database: Database, sitting: Sitting) -> tuple[Parcel, ...]:
    """The parcels of papers of a sitting, by number. Raises DatabaseUnavailable."""
    papers = papers_of(database, sitting.batch.id)
    handed = [entry.thing for entry in papers.hand_overs]
    printed = [entry.thing for entry in papers.printings if entry.thing.sitting == sitting.plan.number]
    return tuple(
        Parcel(each, tuple(sorted((one for one in handed if one.parcel == each.parcel), key=lambda one: one.at)))
        for each in sorted(printed, key=lambda one: one.parcel)
    )


@dataclass(slots=True)
class _Sheet:
    """What the register holds of a sitting, by ticket."""

    seats: dict[str, list[Seat]] = field(default_factory=dict)
    signed: dict[str, SignIn] = field(default_factory=dict)
    moves: dict[str, list[StationChange]] = field(default_factory=dict)
    violations: dict[str, list[Violation]] = field(default_factory=dict)
    left: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, database: Database, batch: str, number: int) -> _Sheet:
        def standing(kind: Kind[T]) -> Iterable[T]:
            things = (entry.thing for entry in database.register.standing(kind, batch=batch))
            return (each for each in things if each.sitting == number)

        found = cls()
        for seat in standing(SEATS):
            found.seats.setdefault(seat.ticket, []).append(seat)
        for signed in standing(SIGN_INS):
            found.signed[signed.ticket] = signed
        for move in standing(STATION_CHANGES):
            found.moves.setdefault(move.ticket, []).append(move)
        for violation in standing(VIOLATIONS):
            found.violations.setdefault(violation.ticket, []).append(violation)
        left = (entry.thing for entry in database.register.standing(LEAVINGS, batch=batch))
        found.left.update({each.ticket: each.at for each in left if each.sitting == number})
        return found


def _masked(numbers: Callable[[], IdNumbers]) -> Callable[[Entry[Candidate]], str]:
    try:
        key = numbers()
    except KeyRefused:
        return lambda _: ""

    def masked(entry: Entry[Candidate]) -> str:
        try:
            return resident_id.masked(key.open(entry.thing.sealed, entry.mark))
        except KeyRefused:
            return ""

    return masked
