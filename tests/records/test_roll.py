"""Papers of a roll and the day: entered as they were, and refused only where they cannot have been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.roll import (
    DECISIONS,
    FEEDBACKS,
    SIGN_INS,
    STATION_CHANGES,
    SUBMISSIONS,
    VIOLATIONS,
    Document,
    IdCheck,
    Listed,
)
from records import roll
from records.errors import ImpossibleTime, NoReason, RollRefused
from records.roll import Desk, Shown
from storage.database import Database
from storage.errors import UnknownBatch, UnknownSitting
from tests.fakes.time import FakeClock
from tests.records.rolls import BATCH, BEFORE, NUMBERS, OFFICER, days, number, row, said, set_up, take_in
from tests.records.setups import START

SEEN = Shown(IdCheck.COMPARED)


@pytest.fixture
def desk(database: Database, clock: FakeClock) -> Desk:
    """Three candidates, two of them with a seat; it is the day of the exam."""
    clock.step((BEFORE - clock.now()).total_seconds())
    set_up(database, clock)
    take_in(database, row(1), row(2, station="A-02"), row(3, "", ""))
    return Desk(database, OFFICER, START + timedelta(hours=1))


def tickets(listed: tuple[Listed, ...]) -> list[str]:
    return [each.ticket for each in listed]


def test_papers_go_their_way_and_who_is_declined_is_submitted_again(desk: Desk) -> None:
    roll.make_plan(desk, BATCH, said(days(0)))
    assert tickets(roll.review_first(desk, BATCH, said(days(1)), ["T001"]).passed) == ["T001"]
    assert tickets(roll.review_first(desk, BATCH, said(days(1))).passed) == ["T002", "T003"]
    assert tickets(roll.submit(desk, BATCH, said(days(2))).listed) == ["T001", "T002", "T003"]
    with pytest.raises(RollRefused, match="nobody left"):
        roll.submit(desk, BATCH, said(days(2)))
    roll.decide(desk, BATCH, 1, said(days(3)), accepted=["T001"], declined={"T003": "材料不全"})
    assert roll.undecided(desk, BATCH, 1) == ("T002",)
    assert tickets(roll.submit(desk, BATCH, said(days(4))).listed) == ["T003"]
    roll.decide(desk, BATCH, 1, said(days(4)), accepted=["T002"], declined={})
    feedback = roll.give_feedback(desk, BATCH, 1, said(days(5)))
    assert (tickets(feedback.covered), tickets(feedback.roster)) == (["T001", "T002", "T003"], ["T001", "T002"])
    assert roll.give_feedback(desk, BATCH, 1, said(days(5)), ["T003"]).number == 2
    assert len(desk.database.register.standing(FEEDBACKS, batch=BATCH)) == 2
    acts = [each.act for each in desk.database.journal.entries(9)]
    assert acts[:3] == ["give_feedback", "give_feedback", "decide_candidates"]


def test_whose_number_was_corrected_is_another_person_for_the_papers(desk: Desk) -> None:
    roll.submit(desk, BATCH, said(days(1)))
    roll.decide(desk, BATCH, 1, said(days(2)), accepted=["T001", "T002", "T003"], declined={})
    take_in(desk.database, row(2, station="A-02", 证件号码=number(52)))
    assert tickets(roll.submit(desk, BATCH, said(days(3))).listed) == ["T002"]


def test_a_decision_is_corrected_by_another_and_both_stay(desk: Desk) -> None:
    roll.submit(desk, BATCH, said(days(1)))
    roll.decide(desk, BATCH, 1, said(days(2)), accepted=["T001"], declined={})
    roll.decide(desk, BATCH, 1, said(days(3)), declined={"T001": "重复报名"})
    history = desk.database.register.history(DECISIONS, f"{BATCH}/1/T001")
    assert [entry.value.accepted for entry in history if entry.value] == [True, False]


REFUSED: dict[str, tuple[Callable[[Desk], object], type[Exception]]] = {
    "a batch that is not there": (lambda desk: roll.make_plan(desk, "no", said(days(0))), UnknownBatch),
    "the future": (lambda desk: roll.make_plan(desk, BATCH, said(days(99))), ImpossibleTime),
    "nobody who did it": (lambda desk: roll.make_plan(desk, BATCH, said(days(0), " ")), RollRefused),
    "somebody unknown": (lambda desk: roll.submit(desk, BATCH, said(days(0)), ["T009"]), RollRefused),
    "an answer to nothing": (
        lambda desk: roll.decide(desk, BATCH, 2, said(days(3)), accepted=["T001"], declined={}),
        RollRefused,
    ),
    "an answer before its question": (
        lambda desk: roll.decide(desk, BATCH, 1, said(days(0)), accepted=["T001"], declined={}),
        ImpossibleTime,
    ),
    "an answer on nobody": (lambda desk: roll.decide(desk, BATCH, 1, said(days(3)), declined={}), RollRefused),
    "an answer on somebody else": (
        lambda desk: roll.decide(desk, BATCH, 1, said(days(3)), accepted=["T003"], declined={}),
        RollRefused,
    ),
    "yes and no": (
        lambda desk: roll.decide(desk, BATCH, 1, said(days(3)), accepted=["T001"], declined={"T001": "x"}),
        RollRefused,
    ),
    "no without why": (lambda desk: roll.decide(desk, BATCH, 1, said(days(3)), declined={"T001": " "}), NoReason),
    "feedback of nothing": (lambda desk: roll.give_feedback(desk, BATCH, 1, said(days(3))), RollRefused),
    "feedback of somebody undecided": (
        lambda desk: roll.give_feedback(desk, BATCH, 1, said(days(3)), ["T001"]),
        RollRefused,
    ),
    "a sitting that is not there": (
        lambda desk: roll.mark_absent(desk, BATCH, 9, "T001", said=said(START)),
        UnknownSitting,
    ),
    "absence of somebody unknown": (
        lambda desk: roll.mark_absent(desk, BATCH, 1, "T009", said=said(START)),
        RollRefused,
    ),
    "a ticket that is a path": (lambda desk: roll.mark_absent(desk, BATCH, 1, "../T", said=said(START)), RollRefused),
    "a station that is not there": (
        lambda desk: roll.sign_in(desk, NUMBERS, BATCH, 1, "T001", showed=SEEN, said=said(START), station="Z"),
        RollRefused,
    ),
    "no station at all": (
        lambda desk: roll.sign_in(desk, NUMBERS, BATCH, 1, "T003", showed=SEEN, said=said(START)),
        RollRefused,
    ),
    "nothing to compare with": (
        lambda desk: roll.sign_in(desk, NUMBERS, BATCH, 1, "T9", showed=SEEN, said=said(START), station="A-01"),
        RollRefused,
    ),
    "a number that does not fit": (
        lambda desk: roll.sign_in(
            desk, NUMBERS, BATCH, 1, "T001", showed=Shown(IdCheck.TYPED, number="1"), said=said(START)
        ),
        RollRefused,
    ),
    "no number of a passport": (
        lambda desk: roll.sign_in(
            desk, NUMBERS, BATCH, 1, "T001", showed=Shown(IdCheck.TYPED, Document.PASSPORT), said=said(START)
        ),
        RollRefused,
    ),
    "a move of who is not there": (
        lambda desk: roll.change_station(desk, BATCH, 1, "T001", "A-02", said=said(START), why="x"),
        RollRefused,
    ),
    "a move without why": (
        lambda desk: roll.change_station(desk, BATCH, 1, "T001", "A-02", said=said(START), why=" "),
        NoReason,
    ),
    "a violation without handling": (
        lambda desk: roll.note_violation(desk, BATCH, 1, "T001", said=said(START), what="x", handling=""),
        NoReason,
    ),
}


def test_what_cannot_have_been_is_refused_and_leaves_no_trace(desk: Desk) -> None:
    roll.submit(desk, BATCH, said(days(1)), ["T001", "T002"])
    before = desk.database.journal.entries(1)
    for case, (act, error) in REFUSED.items():
        with pytest.raises(error):
            act(desk)
            pytest.fail(f"was not refused: {case}")
    assert desk.database.journal.entries(1) == before
    assert len(desk.database.register.standing(SUBMISSIONS)) == 1


def test_who_signs_in_is_found_by_the_document_and_sits_where_the_roster_says(desk: Desk) -> None:
    for ticket, showed in (("T001", Shown(IdCheck.CARD, number=number(1).lower())), ("T002", SEEN)):
        roll.sign_in(desk, NUMBERS, BATCH, 1, ticket, showed=showed, said=said(START))
    roll.sign_in(desk, NUMBERS, BATCH, 1, "X-7", showed=Shown(IdCheck.NONE), said=said(START), station="A-02")
    found = desk.database.register.standing(SIGN_INS, batch=BATCH)
    marks = [NUMBERS.mark("resident_id", number(place)) for place in (1, 2)]
    assert [entry.mark for entry in found] == [*marks, ""]
    assert [entry.value.station for entry in found if entry.value] == ["A-01", "A-02", "A-02"]
    assert {entry.value.room for entry in found if entry.value} == {"r301"}


def test_absence_moves_and_violations_are_later_entries(desk: Desk) -> None:
    roll.mark_absent(desk, BATCH, 1, "T001", said=said(START))
    signed = roll.sign_in(desk, NUMBERS, BATCH, 1, "T001", showed=SEEN, said=said(START + timedelta(minutes=9)))
    history = desk.database.register.history(SIGN_INS, f"{BATCH}/1/T001")
    assert [entry.value.present for entry in history if entry.value] == [False, True]
    at = START + timedelta(minutes=20)
    change = roll.change_station(desk, BATCH, 1, "T001", "A-02", said=said(at), why="电炉故障")
    with pytest.raises(ImpossibleTime):
        roll.change_station(desk, BATCH, 1, "T001", "A-02", said=said(START), why="x")
    roll.note_violation(desk, BATCH, 1, "T001", said=said(at), what="携带手机", handling="警告")
    assert (
        len(desk.database.register.standing(STATION_CHANGES)) == len(desk.database.register.standing(VIOLATIONS)) == 1
    )
    assert roll.stations_of(signed, [change]) == ((signed.at, "A-01"), (at, "A-02"))
    assert roll.stations_of(signed, []) == ((signed.at, "A-01"),)
    assert roll.stations_of(replace(signed, present=False), [change]) == ()
