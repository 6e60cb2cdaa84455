"""Suspicions: what cannot have been so is told, and nothing that can, whatever the order of the records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.suspicions import (
    BURST,
    NAMES,
    Alike,
    BurstLimit,
    Counts,
    Duty,
    Issue,
    Score,
    Seen,
    Sent,
    Sort,
    Suspicion,
    Throughput,
    bursts,
    in_two_places,
    more_certificates,
    more_passers,
    outside_windows,
    same_marks,
    same_panels,
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


def test_every_sort_has_its_words() -> None:
    assert set(NAMES) == set(Sort)
    assert all(zh and en and zh != en for zh, en in NAMES.values())


def test_as_many_passers_as_there_was_time_for_are_not_told_and_one_more_is() -> None:
    (found,) = more_passers([Throughput("b-1", 4, 135, 40, ("x",)), Throughput("b-2", 3, 135, 40)])
    assert (found.about, found.batches, found.rests_on, told(found)) == (("b-1",), ("b-1",), ("x",), True)
    assert "最多3人" in found.zh
    assert not list(more_passers([Throughput("b-1", 3, 135, 45), Throughput("b-2", 9, 0, 0)]))
    assert list(more_passers([Throughput("b-1", 1, 0, 45)]))


@given(st.integers(0, 60), st.integers(0, 2000), st.integers(1, 120))
def test_more_passers_are_told_exactly_where_they_are_more_than_it_says_there_could_be(
    passers: int, time: int, minutes: int
) -> None:
    found = list(more_passers([Throughput("b-1", passers, time, minutes)]))
    assert bool(found) == (passers > time // minutes)
    assert all(f"最多{time // minutes}人" in each.zh for each in found)


def sent(place: int, *examiners: str, site: str = "s-1", limit: int = 2) -> Sent:
    return Sent(site, f"b-{place}", at(place), frozenset(examiners), limit, (f"d-{place}",))


def test_the_same_panel_beyond_the_limit_is_told_once_for_its_row_whatever_the_order_of_its_names() -> None:
    (found,) = same_panels([sent(3, "k-1", "k-2"), sent(1, "k-2", "k-1"), sent(2, "k-1", "k-2")])
    assert (found.about, found.batches) == (("k-1", "k-2"), ("b-1", "b-2", "b-3"))
    assert (found.rests_on, told(found)) == (("d-1", "d-2", "d-3"), True)
    for other in (sent(2, "k-1", "k-3"), sent(2), sent(2, "k-1", "k-2", site="s-2"), sent(2, "k-1")):
        assert not list(same_panels([sent(1, "k-1", "k-2"), other, sent(3, "k-1", "k-2")]))
    assert not list(same_panels([sent(place) for place in range(9)]))


@given(st.lists(st.sampled_from(["a", "b", ""]), max_size=12), st.integers(1, 4))
def test_a_row_of_panels_is_told_exactly_where_it_is_longer_than_the_limit(row: list[str], limit: int) -> None:
    found = list(same_panels(sent(place, *name, limit=limit) for place, name in enumerate(row)))
    longest: list[int] = []
    for place, name in enumerate(row):
        if place and name == row[place - 1]:
            longest[-1] += 1
        else:
            longest.append(1)
    starts = [sum(longest[:place]) for place in range(len(longest))]
    rows = zip(longest, starts, strict=True)
    assert [len(each.batches) for each in found] == [
        length for length, start in rows if length > limit and row[start]
    ]


def test_a_score_outside_of_all_its_windows_is_told_and_one_given_elsewhere_is_not() -> None:
    def given_at(minutes: float, *windows: Interval) -> Score:
        return Score("z-1", "b-1", "A-01", at(minutes), None, "实操", windows, ("s",))

    both = (span(0, 10), span(20, 30))
    (found,) = outside_windows([given_at(15, *both), given_at(0, *both), given_at(30, *both), given_at(99)])
    assert (found.about, found.rests_on, told(found)) == (("b-1", "z-1"), ("s",), True)
    assert "实操于2026-05-01 09:15评分" in found.zh


def test_candidates_with_the_same_marks_are_told_by_the_first_of_them_and_how_many_more() -> None:
    tickets = tuple(f"z-{place}" for place in range(7))
    (found,) = same_marks([Alike("b-1", "实操 70", tickets)])
    assert (found.about, told(found)) == (("b-1", *tickets), True)
    assert "z-4 +2" in found.zh


def test_a_suspicion_of_two_batches_names_both_and_all_that_it_rests_on_once() -> None:
    here = Duty("k-1", "s-1", "b-1", span(0, 60), ("a", "b"))
    (found,) = in_two_places([here, Duty("k-1", "s-2", "b-2", span(0, 60), ("b", "c"))])
    assert (found.batches, found.rests_on) == (("b-1", "b-2"), ("a", "b", "c"))
    (burst,) = bursts([issue(0, 6), issue(1, 5)], LIMIT)
    assert burst.batches == ("b-0", "b-1")
