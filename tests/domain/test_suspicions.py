"""Suspicions: what cannot have been so is told, and nothing that can, whatever the order of the records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.suspicions import (
    BURST,
    NAMES,
    BurstLimit,
    Counts,
    Duty,
    Issue,
    Score,
    Seen,
    Sort,
    Suspicion,
    bursts,
    in_two_places,
    more_certificates,
    scored_before_arrival,
    scored_without_presence,
)
from domain.timeline import Interval, IntervalSet

T0 = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def span(start: float, end: float) -> Interval:
    return Interval(at(start), at(end))


def told(found: Suspicion) -> bool:
    return bool(found.zh and found.en and found.zh != found.en and found.sort in NAMES)


def test_an_examiner_at_two_sites_at_once_is_told_and_one_who_goes_from_one_to_the_other_is_not() -> None:
    here, there = Duty("k-1", "sg-001", "b-1", span(0, 60)), Duty("k-1", "sg-002", "b-2", span(59, 120))
    (found,) = in_two_places([here, there])
    assert (found.sort, found.about) == (Sort.TWO_PLACES, ("k-1", "b-1", "b-2"))
    assert "2026-05-01 09:59–2026-05-01 10:00" in found.zh
    assert told(found)
    for other in (
        Duty("k-1", "sg-002", "b-2", span(60, 120)),
        Duty("k-2", "sg-002", "b-2", span(59, 120)),
        Duty("k-1", "sg-001", "b-2", span(59, 120)),
    ):
        assert not list(in_two_places([here, other]))


_DUTIES = st.lists(
    st.builds(
        Duty,
        st.sampled_from(["k-1", "k-2"]),
        st.sampled_from(["s-1", "s-2", "s-3"]),
        st.sampled_from(["b-1", "b-2"]),
        st.tuples(st.integers(0, 20), st.integers(1, 5)).map(lambda pair: span(pair[0], sum(pair))),
    ),
    max_size=7,
)


@settings(max_examples=50)
@given(_DUTIES, st.randoms())
def test_two_places_need_an_overlap_and_the_order_of_records_changes_nothing(
    duties: list[Duty], chance: Random
) -> None:
    found = list(in_two_places(duties))
    shuffled = duties[:]
    chance.shuffle(shuffled)
    assert list(in_two_places(shuffled)) == found
    pairs = {
        frozenset((one, other))
        for one in duties
        for other in duties
        if one.examiner == other.examiner and one.site != other.site and one.span.overlaps(other.span)
    }
    assert len(found) == len(pairs)


def score(minutes: float, arrived: float | None) -> Score:
    return Score("z-1", "b-1", "A-01", at(minutes), None if arrived is None else at(arrived))


def test_a_score_from_before_the_sign_in_is_told_and_one_without_a_sign_in_is_not() -> None:
    (found,) = scored_before_arrival([score(9, 10), score(10, 10), score(11, 10), score(9, None)])
    assert (found.about, told(found)) == (("b-1", "z-1"), True)


def seen(occupied: list[Interval], could_tell: list[Interval], station: str = "A-01") -> Seen:
    return Seen("b-1", station, IntervalSet(occupied), IntervalSet(could_tell))


def test_an_empty_station_with_a_score_is_told_only_where_somebody_would_have_been_seen_all_the_time() -> None:
    (found,) = scored_without_presence([score(60, 0)], [seen([], [span(-5, 30), span(30, 70)])])
    assert told(found)
    for there in (
        seen([span(10, 11)], [span(-5, 70)]),
        seen([], [span(-5, 30), span(31, 70)]),
        seen([], [span(0, 59)]),
        seen([], [span(-5, 70)], station="A-02"),
    ):
        assert not list(scored_without_presence([score(60, 0)], [there]))
    assert not list(scored_without_presence([score(60, None), score(0, 5)], [seen([], [span(-5, 70)])]))
    assert not list(scored_without_presence([score(60, 0)], []))
    assert list(scored_without_presence([score(60, 0)], [seen([span(60, 70)], [span(-5, 70)])]))


def test_more_certificates_than_sign_ins_are_told_and_as_many_are_not() -> None:
    found = more_certificates([Counts("b-1", 30, 31), Counts("b-2", 30, 30), Counts("b-3", 0, 0)])
    assert [(each.about, told(each)) for each in found] == [(("b-1",), True)]


LIMIT = BurstLimit(10, timedelta(minutes=30), "project_default", "测试", "a test")


def issue(minutes: float, certificates: int, body: str = "j-1") -> Issue:
    return Issue(body, f"b-{minutes}", at(minutes), certificates)


def test_a_burst_is_more_than_the_limit_within_the_window_of_one_body() -> None:
    assert not list(bursts([issue(0, 5), issue(29, 5)], LIMIT))
    assert not list(bursts([issue(0, 6), issue(30, 5)], LIMIT))
    assert not list(bursts([issue(0, 6), issue(1, 5, "j-2")], LIMIT))
    (found,) = bursts([issue(100, 9), issue(0, 6), issue(29, 5)], LIMIT)
    assert (found.sort, found.about, told(found)) == (Sort.BURST, ("j-1",), True)
    assert "证书11本(提示线10)" in found.zh
    (default,) = bursts([issue(day * 1440, 105) for day in range(25)])
    assert "25个批次、证书2625本" in default.zh
    assert BURST.origin == "project_default"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 6), st.sampled_from(["j-1", "j-2"])), max_size=12))
def test_a_burst_is_told_exactly_where_some_window_has_more_than_the_limit(
    told_of: list[tuple[int, int, str]],
) -> None:
    issues = [issue(*each) for each in told_of]

    def inside(body: str, start: datetime) -> int:
        return sum(
            each.certificates for each in issues if each.body == body and start <= each.at < start + LIMIT.window
        )

    over = {each.body for each in issues if inside(each.body, each.at) > LIMIT.certificates}
    assert [each.about for each in bursts(issues, LIMIT)] == [(body,) for body in sorted(over)]
