"""考场记录表: what happened in one room of one sitting, signed by the examiners and their leader (clause 九).

How many were planned, came and were absent is counted from the roll and never typed in; violations stand on the roll
too. A signature stands for a record as it was: whoever changes one takes its signatures away. Not here: who may write
one (``records.room_records``), and how it looks on paper (``dashboard.papers``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.grounds import Method
from domain.register import Kind
from domain.roll import Seat, SignIn


class IncidentKind(StrEnum):
    """异常: what did not go as planned."""

    LATE_START = "late_start"
    EXTENSION = "extension"
    POSTPONEMENT = "postponement"
    POWER_CUT = "power_cut"
    EQUIPMENT = "equipment"
    OTHER = "other"

    @property
    def zh(self) -> str:
        return _INCIDENTS[self][0]

    @property
    def en(self) -> str:
        return _INCIDENTS[self][1]


_INCIDENTS = {
    IncidentKind.LATE_START: ("迟开", "late start"),
    IncidentKind.EXTENSION: ("延时", "extension"),
    IncidentKind.POSTPONEMENT: ("改期", "postponement"),
    IncidentKind.POWER_CUT: ("停电", "power cut"),
    IncidentKind.EQUIPMENT: ("设备故障", "equipment failed"),
    IncidentKind.OTHER: ("其他", "other"),
}

WITH_MINUTES = frozenset({IncidentKind.LATE_START, IncidentKind.EXTENSION})
"""Of which it is said how many minutes they took."""


class Condition(StrEnum):
    """How equipment or monitoring was found."""

    GOOD = "good"
    FAULTY = "faulty"

    @property
    def zh(self) -> str:
        return {Condition.GOOD: "正常", Condition.FAULTY: "异常"}[self]


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that happened: when, what and why, and what was done about it.

    ``minutes`` is how long a start was late, or an exam was extended; ``until`` to when it was postponed. ``tickets``
    are the candidates it concerns, none for all in the room.
    """

    kind: IncidentKind
    at: datetime
    what: str
    handling: str
    minutes: int | None = None
    until: datetime | None = None
    tickets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VoidSheet:
    """作废: a sheet that does not count, whose it was and why."""

    ticket: str
    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """By which method a subject was examined in the room."""

    subject: str
    method: Method


@dataclass(frozen=True, slots=True)
class Counts:
    """应考, 实考 and 缺考 of a room by the roll. ``unrecorded`` are those of whom nobody said whether they came."""

    planned: int
    attended: int
    absent: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomSignature:
    """签名 of an examiner, by id; ``leads``: as the leader of the panel. ``counts`` are those that were signed."""

    by: str
    leads: bool
    at: datetime
    counts: Counts


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """What was written down. None is not said. ``all_left`` is when the last candidate had handed in and left."""

    batch: str
    sitting: int
    room: str
    held: tuple[Held, ...] = ()
    void: tuple[VoidSheet, ...] = ()
    incidents: tuple[Incident, ...] = ()
    equipment: Condition | None = None
    monitoring: Condition | None = None
    all_left: datetime | None = None
    note: str = ""
    signatures: tuple[RoomSignature, ...] = ()

    @property
    def unsigned(self) -> RoomRecord:
        """The same without signatures."""
        return replace(self, signatures=())

    @property
    def is_signed(self) -> bool:
        """Whether the leader and at least one other examiner signed it."""
        return {each.leads for each in self.signatures} == {True, False}

    @property
    def extended_min(self) -> int:
        """By how many minutes the exam was extended for everybody or somebody, all extensions together."""
        return sum(each.minutes or 0 for each in self.incidents if each.kind is IncidentKind.EXTENSION)


ROOM_RECORDS = Kind("room_record", RoomRecord)
"""By ``batch/sitting/room``."""


def counted(sitting: int, room: str, seats: Iterable[Seat], sign_ins: Iterable[SignIn]) -> Counts:
    """The counts of a room. Who sits in another room than planned is attended there and not absent here."""
    planned = {each.ticket for each in seats if (each.sitting, each.room) == (sitting, room)}
    said = {each.ticket: each for each in sign_ins if each.sitting == sitting}
    return Counts(
        planned=len(planned),
        attended=sum(each.present and each.room == room for each in said.values()),
        absent=tuple(sorted(ticket for ticket in planned if ticket in said and not said[ticket].present)),
        unrecorded=tuple(sorted(planned - set(said))),
    )
