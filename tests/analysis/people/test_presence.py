"""Presence over time: a single miss makes no gap, a shadow no candidate, and what is not known is said to be so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.people.presence import CONFIRMED, PATIENCE, REACH, SURE, people_at, people_in, presence
from domain.pictures import Region
from domain.presence import Box, Occupancy, OccupancySpan, PeopleRange, PeopleSample
from domain.timeline import Interval, IntervalSet
from tests.house import rules

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
STEP = timedelta(seconds=2)
LEFT = Region("s1", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
RIGHT = Region("s2", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))
SIGNS = {Occupancy.EMPTY: "e", Occupancy.OCCUPIED: "o", Occupancy.EXTRA: "x", Occupancy.NOT_KNOWN: "q"}


def person(x: float, score: float = 0.9) -> Box:
    """Of 20 x 60 pixels around a column of a picture of 200 x 100."""
    return Box(x - 10, 20, x + 10, 80, score)


def seen(number: float, boxes: Sequence[Box] | None) -> PeopleSample:
    return PeopleSample(START + number * STEP, 200, 100, None if boxes is None else tuple(boxes))


def film(signs: str) -> list[PeopleSample]:
    """One picture for each sign: 0, 1 or 2 people at s1, ? for one in doubt, - where it was not searched."""
    said: dict[str, Sequence[Box] | None] = {
        "0": (),
        "1": (person(50),),
        "2": (person(30), person(70)),
        "?": (person(50, SURE - 0.1),),
        "-": None,
    }
    return [seen(number, said[sign]) for number, sign in enumerate(signs)]


def states(signs: str) -> str:
    """The state of s1 at each picture, a letter for each."""
    spans = presence(film(signs), [LEFT]).stations
    return "".join(SIGNS[next(span.occupancy for span in spans if each.at in span.interval)] for each in film(signs))


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ("1111", "oooo"),
        ("1101011", "ooooooo"),  # missed twice, never two pictures long
        ("0010100", "eeeeeee"),  # a shadow
        ("110000", "ooeeee"),  # gone, and from the first picture on
        ("001111", "eeoooo"),
        ("1122211", "ooxxxoo"),
        ("1121211", "ooooooo"),  # somebody passed by
        ("0012121", "eeooooo"),  # somebody is there, whoever else comes and goes
        ("2211122", "xxoooxx"),
        ("0102", "qqqq"),  # never twice the same
        ("1", "q"),
        ("11?1", "oooo"),
        ("11---1", "ooooqq"),
        ("11----11", "ooooqqoo"),
        ("11????00", "ooooqqee"),
        ("----", "qqqq"),
    ],
)
def test_a_station_follows_what_pictures_confirm(signs: str, expected: str) -> None:
    assert states(signs) == expected


@given(st.sampled_from("012"), st.sampled_from("012?-"), st.integers(2, 6), st.integers(2, 6))
def test_one_picture_in_the_midst_of_a_steady_state_changes_nothing(
    steady: str, other: str, before: int, after: int
) -> None:
    assert set(states(steady * before + other + steady * after)) == {{"0": "e", "1": "o", "2": "x"}[steady]}


@given(st.text("012?-", min_size=1, max_size=40))
def test_spans_of_a_station_are_a_partition_of_what_was_seen(signs: str) -> None:
    found = presence(film(signs), [LEFT, RIGHT])
    for station in ("s1", "s2"):
        spans = [span for span in found.stations if span.station == station]
        assert IntervalSet(span.interval for span in spans) == found.seen
        assert sum((span.interval.end - span.interval.start for span in spans), timedelta()) == found.seen.length
        assert sum(span.samples for span in spans) == len(signs)
        assert all(one.occupancy is not other.occupancy for one, other in pairwise(spans))
    assert found.seen == IntervalSet([Interval(START, START + (len(signs) - 1) * STEP + REACH)])


@given(st.text("012", min_size=2, max_size=40))
def test_a_state_is_one_that_some_picture_of_it_shows(signs: str) -> None:
    for span in presence(film(signs), [LEFT]).stations:
        if span.occupancy is not Occupancy.NOT_KNOWN:
            assert span.agreeing > 0
            assert 0 < span.certainty <= 1
        else:
            assert span.agreeing == 0


@given(st.text("01", min_size=CONFIRMED, max_size=40))
def test_nobody_is_called_away_who_is_missed_once_at_a_time(signs: str) -> None:
    signs = "11" + signs.replace("00", "01") + "11"
    assert set(states(signs)) == {"o"}


def test_a_state_in_doubt_is_held_for_some_pictures_and_not_for_ever() -> None:
    assert states("11" + "?" * (PATIENCE - 1) + "11") == "o" * (PATIENCE + 3)
    assert states("11" + "?" * PATIENCE)[-1] == "q"


def test_certainty_is_the_share_of_pictures_that_say_so_by_themselves() -> None:
    (span,) = presence(film("1101011?11"), [LEFT]).stations
    assert span == OccupancySpan("s1", Occupancy.OCCUPIED, Interval(START, START + 9 * STEP + REACH), 10, 7)
    assert span.certainty == pytest.approx(0.7)


def test_a_hole_between_pictures_is_not_seen_and_nothing_is_carried_over_it() -> None:
    samples = [seen(0, [person(50)]), seen(1, [person(50)]), seen(100, []), seen(101, [])]
    found = presence(samples, [LEFT])
    assert [span.occupancy for span in found.stations] == [Occupancy.OCCUPIED, Occupancy.EMPTY]
    assert found.seen == IntervalSet(
        [Interval(START, START + STEP + REACH), Interval(START + 100 * STEP, START + 101 * STEP + REACH)]
    )


def test_pictures_may_come_in_any_order_but_not_two_at_one_instant() -> None:
    assert presence(film("110000")[::-1], [LEFT]) == presence(film("110000"), [LEFT])
    with pytest.raises(ValueError, match="two samples"):
        presence([seen(0, []), seen(0, [])], [LEFT])


def test_a_person_belongs_where_the_middle_or_the_feet_are() -> None:
    behind = Region("behind", ((0, 0), (1, 0), (1, 0.6), (0, 0.6)))
    before = Region("before", ((0, 0.7), (1, 0.7), (1, 1), (0, 1)))
    standing = seen(0, [person(50)])  # centre at 0.5, feet at 0.8 of the height
    assert people_at(standing, [behind]) == {"behind": PeopleRange(1, 1)}
    assert people_at(standing, [before]) == {"before": PeopleRange(1, 1)}
    both = people_at(standing, [behind, before])
    assert both == {"behind": PeopleRange(0, 1), "before": PeopleRange(0, 1)}  # one of the two, nobody knows which


def test_who_stands_in_one_region_with_both_is_not_counted_at_the_one_behind() -> None:
    front = Region("front", ((0, 0.3), (1, 0.3), (1, 0.9), (0, 0.9)))
    behind = Region("behind", ((0, 0), (1, 0), (1, 0.6), (0, 0.6)))
    found = people_at(seen(0, [person(50)]), [front, behind])
    assert found == {"front": PeopleRange(1, 1), "behind": PeopleRange(0, 0)}


@given(st.lists(st.tuples(st.floats(10, 190), st.floats(0.2, 1)), max_size=6))
def test_stations_that_share_no_place_never_count_more_than_the_room(people: list[tuple[float, float]]) -> None:
    boxes = [person(x, score) for x, score in people]
    found = people_at(seen(0, boxes), [LEFT, RIGHT])
    assert found is not None
    room = people_in(boxes)
    assert sum(each.low for each in found.values()) <= room.low
    assert sum(each.high for each in found.values()) <= room.high
    assert all(each.low <= each.high for each in found.values())


def test_the_room_is_counted_from_to_and_one_blink_does_not_count() -> None:
    found = presence(film("11011?22"), [LEFT]).room
    assert [each.people for each in found] == [PeopleRange(1, 1), PeopleRange(2, 2)]
    assert found[0].interval == Interval(START, START + 6 * STEP)


def test_the_room_is_not_counted_while_pictures_are_not_searched() -> None:
    found = presence(film("11--11"), [LEFT]).room
    assert IntervalSet(each.interval for each in found) == IntervalSet(
        [Interval(START, START + 2 * STEP), Interval(START + 4 * STEP, START + 5 * STEP + REACH)]
    )


def test_no_verdict_and_no_certificate_rests_on_presence() -> None:
    """Nothing that judges so much as knows of it."""
    judging = ("analysis.judge", "analysis.coverage", "domain.law", "domain.manifest", "records")
    for source in rules.sources("analysis", "domain", "records"):
        if source.lies_in(judging):
            names = set(rules.imports(source))
            assert not {name for name in names if name.startswith(("analysis.people", "domain.presence"))}, (
                source.module
            )


def test_a_number_of_people_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="between 2 and 1"):
        PeopleRange(2, 1)
