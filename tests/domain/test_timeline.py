"""Interval algebra against the plainest model there is: sets of whole milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.timeline import Interval, IntervalSet, SystemClock, rfc3339, rounded_to_milliseconds, utc

START = datetime(2026, 5, 1, tzinfo=UTC)


def at(milliseconds: float) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


def span(start: float, end: float) -> Interval:
    return Interval(at(start), at(end))


spans = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: span(pair[0], pair[0] + pair[1]))
sets = st.lists(spans, max_size=8).map(IntervalSet)
instants = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def model(found: IntervalSet) -> set[int]:
    return {number for number in range(100) if at(number) in found}


@given(sets, sets)
def test_union_intersection_and_difference_are_those_of_sets(left: IntervalSet, right: IntervalSet) -> None:
    assert model(left | right) == model(left) | model(right)
    assert model(left & right) == model(left) & model(right)
    assert model(left - right) == model(left) - model(right)


@given(sets, spans)
def test_a_set_and_its_complement_divide_the_span(found: IntervalSet, within: Interval) -> None:
    rest = found.complement(within)
    assert model(rest) == model(IntervalSet([within])) - model(found)
    assert rest | found.clipped(within) == IntervalSet([within])
    assert rest.length + found.clipped(within).length == within.end - within.start


@given(sets)
def test_a_set_is_sorted_disjoint_and_never_touches_itself(found: IntervalSet) -> None:
    parts = list(found)
    assert all(one.end < other.start for one, other in pairwise(parts))
    assert found.length == timedelta(milliseconds=len(model(found)))
    assert found.seconds == found.length.total_seconds()
    assert bool(found) == bool(parts) and len(found) == len(parts)


@given(st.lists(spans, max_size=8), st.randoms(use_true_random=False))
def test_equal_sets_are_equal_however_they_were_written(parts: list[Interval], random: Random) -> None:
    again = [*parts, *parts]
    random.shuffle(again)
    assert IntervalSet(again) == IntervalSet(parts)
    assert hash(IntervalSet(again)) == hash(IntervalSet(parts))


@given(spans, spans)
def test_two_intervals_overlap_exactly_when_they_have_an_intersection(one: Interval, other: Interval) -> None:
    common = one.intersection(other)
    assert (common is not None) == one.overlaps(other) == other.overlaps(one)
    assert common == other.intersection(one)


def test_neighbours_touch_without_sharing_an_instant() -> None:
    left, right = span(0, 10), span(10, 20)
    assert not left.overlaps(right)
    assert at(10) in right
    assert at(10) not in left
    assert list(IntervalSet([right, left])) == [span(0, 20)]


def test_an_interval_is_never_empty_or_turned_round() -> None:
    for end in (0, -1):
        with pytest.raises(ValueError, match="must end after it starts"):
            span(0, end)


@given(instants)
def test_rounding_moves_an_instant_by_half_a_millisecond_at_most(instant: datetime) -> None:
    rounded = rounded_to_milliseconds(instant)
    assert rounded.microsecond % 1000 == 0
    assert timedelta(microseconds=-500) < rounded - instant <= timedelta(microseconds=500)
    assert rounded_to_milliseconds(rounded) == rounded


@given(instants, instants)
def test_rounding_keeps_the_order_of_instants(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    assert rounded_to_milliseconds(earlier) <= rounded_to_milliseconds(later)


def test_an_interval_that_rounds_to_nothing_is_none() -> None:
    assert span(0.1, 0.4).rounded() is None
    assert span(0.4, 0.5).rounded() == span(0, 1)


def test_instants_are_printed_in_utc_with_milliseconds() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert rfc3339(datetime(2026, 5, 1, 9, 0, 0, 999_500, shanghai)) == "2026-05-01T01:00:01.000Z"
    assert rfc3339(datetime(2025, 12, 31, 23, 59, 59, 999_600, UTC)) == "2026-01-01T00:00:00.000Z"
    assert rfc3339(datetime(2, 1, 16, tzinfo=UTC)) == "0002-01-16T00:00:00.000Z"


def test_a_time_without_a_zone_is_no_evidence() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        utc(datetime(2026, 5, 1, 9, 0))  # noqa: DTZ001
    assert utc(datetime(2026, 5, 1, 9, tzinfo=timezone(timedelta(hours=8)))) == datetime(2026, 5, 1, 1, tzinfo=UTC)


def test_the_clock_of_the_host_tells_aware_utc_and_never_runs_back() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
