"""The phases of a sitting, and what of its marks holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people import Actor, Door
from domain.phases import ORDER, Mark, Marked, Phases, latest_marks, out_of_order, phases

NINE = datetime(2026, 5, 1, 1, tzinfo=UTC)
ACTOR = Actor("local:tester", Door.COMMAND_LINE)
LENGTHS = st.integers(0, 5000).map(lambda seconds: timedelta(seconds=seconds))
INSTANTS = st.integers(-9000, 19_000).map(lambda seconds: NINE + timedelta(seconds=seconds))


def after(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def marked(mark: Mark, minutes: float | None, reason: str = "") -> Marked:
    return Marked(mark, None if minutes is None else after(minutes), after(600), ACTOR, reason)


def test_without_anything_else_the_plan_says_where_a_window_begins_and_ends() -> None:
    found = phases(NINE, after(90), timedelta(minutes=30), timedelta(minutes=15))
    assert found == Phases(after(-30), NINE, after(90), after(105))


def test_papers_sealed_or_a_score_signed_after_the_tail_move_the_end_and_before_it_do_not() -> None:
    lead, tail = timedelta(minutes=30), timedelta(minutes=15)
    assert phases(NINE, after(90), lead, tail, sealed=after(130)).finish == after(130)
    assert phases(NINE, after(90), lead, tail, sealed=after(95)).finish == after(105)
    assert phases(NINE, after(90), lead, tail, sealed=after(110), last_signed=after(140)).finish == after(140)


def test_a_sign_in_before_the_lead_moves_the_beginning_and_a_later_one_does_not() -> None:
    lead, tail = timedelta(minutes=30), timedelta(minutes=15)
    assert phases(NINE, after(90), lead, tail, first_sign_in=after(-45)).begin == after(-45)
    assert phases(NINE, after(90), lead, tail, first_sign_in=after(-5)).begin == after(-30)


def test_an_exam_that_ends_before_it_starts_has_no_phases() -> None:
    with pytest.raises(ValueError, match="follow each other"):
        phases(NINE, after(-1), timedelta(), timedelta())


@given(st.tuples(LENGTHS, LENGTHS, LENGTHS), st.tuples(*[st.none() | INSTANTS] * 3))
def test_phases_follow_each_other_and_hold_whatever_is_known_to_belong_to_them(
    lengths: tuple[timedelta, timedelta, timedelta], known: tuple[datetime | None, datetime | None, datetime | None]
) -> None:
    length, lead, tail = lengths
    sign_in, sealed, signed = known
    found = phases(NINE, NINE + length, lead, tail, first_sign_in=sign_in, sealed=sealed, last_signed=signed)
    assert found.begin <= NINE - lead
    assert found.finish >= found.end + tail
    assert (found.start, found.end) == (NINE, NINE + length)
    assert sign_in is None or found.begin <= sign_in
    assert all(each is None or each <= found.finish for each in (sealed, signed))


def test_the_last_entry_of_a_mark_holds_and_one_that_was_taken_back_does_not() -> None:
    entries = [
        marked(Mark.SEALED, 100),
        marked(Mark.OPENED, -10),
        marked(Mark.SEALED, 110, "wrong clock"),
        marked(Mark.READ, -5),
        marked(Mark.READ, None, "not read yet"),
    ]
    held = latest_marks(entries)
    assert list(held) == [Mark.OPENED, Mark.SEALED]
    assert held[Mark.SEALED] is entries[2]


def test_what_comes_before_what_it_should_follow_is_told() -> None:
    held = latest_marks([marked(Mark.OPENED, 5), marked(Mark.READ, 2), marked(Mark.STARTED, 5)])
    assert out_of_order(held) == ((Mark.OPENED, Mark.READ),)


@given(st.lists(st.integers(0, 50), min_size=5, max_size=5))
def test_marks_are_in_order_exactly_where_no_pair_is_told(minutes: list[int]) -> None:
    held = latest_marks([marked(mark, at) for mark, at in zip(ORDER, minutes, strict=True)])
    assert (out_of_order(held) == ()) == (minutes == sorted(minutes))
