"""A room's record: what it counts of the roll, and whether all have signed."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.roll import IdCheck, Seat, SignIn
from domain.room_record import Counts, Incident, IncidentKind, RoomRecord, RoomSignature, counted

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)


def seat(ticket: str, room: str = "r1", subject: str = "实操") -> Seat:
    return Seat("b", ticket, 1, room, "A", subject)


def came(ticket: str, room: str = "r1", present: bool = True) -> SignIn:
    return SignIn("b", 1, ticket, present, NOON, IdCheck.COMPARED, "x", room if present else "", "A")


def test_who_sits_elsewhere_than_planned_is_attended_there_and_not_absent_here() -> None:
    seats = [seat("T1"), seat("T1", subject="理论"), seat("T2"), seat("T3"), seat("T4", "r2")]
    sign_ins = [came("T1"), came("T2", "r2"), came("T4", "r1"), came("T3", present=False)]
    assert counted(1, "r1", seats, sign_ins) == Counts(3, 2, ("T3",), ())
    assert counted(1, "r2", seats, sign_ins) == Counts(1, 1, (), ())
    assert counted(2, "r1", seats, sign_ins) == Counts(0, 0)


rooms = st.sampled_from(["r1", "r2"])
tickets = st.sampled_from([f"T{each}" for each in range(8)])


@given(st.dictionaries(tickets, rooms), st.dictionaries(tickets, st.tuples(rooms, st.booleans())))
def test_everybody_who_was_planned_came_somewhere_was_absent_or_is_not_recorded(
    planned: dict[str, str], said: dict[str, tuple[str, bool]]
) -> None:
    seats = [seat(ticket, room) for ticket, room in planned.items()]
    sign_ins = [came(ticket, room, present) for ticket, (room, present) in said.items()]
    found = [counted(1, room, seats, sign_ins) for room in ("r1", "r2")]
    assert sum(each.attended for each in found) == sum(present for _, present in said.values())
    for room, each in zip(("r1", "r2"), found, strict=True):
        own = {ticket for ticket, where in planned.items() if where == room}
        there = {ticket for ticket in own if said.get(ticket, ("", False))[1]}
        assert each.planned == len(own) == len(there) + len(each.absent) + len(each.unrecorded)
        assert not set(each.absent) & set(each.unrecorded)


def test_a_record_is_signed_by_the_leader_and_another_examiner() -> None:
    def signed(*leads: bool) -> bool:
        names = tuple(RoomSignature(f"ex-{n}", each, NOON, Counts(0, 0)) for n, each in enumerate(leads))
        return RoomRecord("b", 1, "r1", signatures=names).is_signed

    assert signed(True, False)
    assert not any((signed(), signed(True), signed(False, False)))


def test_extensions_add_up_and_nothing_else_does() -> None:
    def of(kind: IncidentKind, minutes: int | None) -> Incident:
        return Incident(kind, NOON, "x", "y", minutes)

    late, first, second = (
        of(IncidentKind.LATE_START, 20),
        of(IncidentKind.EXTENSION, 5),
        of(IncidentKind.EXTENSION, 7),
    )
    assert RoomRecord("b", 1, "r1", incidents=(late, first, second)).extended_min == 12
    assert RoomRecord("b", 1, "r1", incidents=(late, of(IncidentKind.EXTENSION, None))).extended_min == 0


def test_each_kind_of_incident_has_its_words_in_both_languages() -> None:
    assert len({each.zh for each in IncidentKind}) == len({each.en for each in IncidentKind}) == len(IncidentKind)
