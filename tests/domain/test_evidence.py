"""What the types of evidence refuse and promise by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.evidence import Cause, Coverage, Gap, Outage
from domain.timeline import Interval, IntervalSet

START = datetime(2026, 5, 1, tzinfo=UTC)


def span(start: float, end: float) -> Interval:
    return Interval(START + timedelta(seconds=start), START + timedelta(seconds=end))


WINDOW = span(0, 10)


def test_a_coverage_is_a_partition_of_its_window() -> None:
    coverage = Coverage(WINDOW, IntervalSet([span(0, 4), span(6, 10)]), (Gap(span(4, 6), Cause.NO_DATA),))
    assert coverage.covered.seconds + sum(gap.interval.seconds for gap in coverage.gaps) == WINDOW.seconds


@pytest.mark.parametrize(
    ("covered", "gaps"),
    [
        ([], []),  # nothing said about the window
        ([span(0, 4)], [span(5, 10)]),  # a hole between
        ([span(0, 6)], [span(4, 10)]),  # said twice
        ([span(0, 4)], [span(4, 10), span(4, 10)]),  # a gap twice
        ([span(0, 4)], [span(4, 11)]),  # beyond the window
        ([span(-1, 10)], []),
    ],
)
def test_what_is_no_partition_is_refused(covered: list[Interval], gaps: list[Interval]) -> None:
    with pytest.raises(ValueError, match="must be a partition of its window"):
        Coverage(WINDOW, IntervalSet(covered), tuple(Gap(gap, Cause.NO_DATA) for gap in gaps))


def test_causes_are_ranked_in_their_order_and_unexplained_is_last() -> None:
    assert [cause.rank for cause in Cause] == list(range(len(Cause)))
    assert max(Cause, key=lambda cause: cause.rank) is Cause.UNEXPLAINED


def test_an_outage_that_lasts_ends_at_now_and_one_of_no_time_is_none() -> None:
    lasting = Outage("o", "cam", START, None, Cause.NO_DATA)
    assert lasting.interval(START + timedelta(seconds=3)) == span(0, 3)
    assert lasting.interval(START) is None
    assert Outage("o", "cam", START, START, Cause.NO_DATA).interval(START + timedelta(seconds=3)) is None
