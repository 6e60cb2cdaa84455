"""A candidate's own time at a station: what lies outside it is not theirs; inside it nothing is forgiven."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.facts import SittingFacts, Waiting
from analysis.judge import station_verdict
from analysis.stays import CLAUSE, Seen, seen_of, shows
from domain.law import Verdict
from domain.timeline import Interval, IntervalSet
from tests.analysis.ledgers import at, span
from tests.analysis.test_judge import EXAM, NEAR, RULES, WHOLE, WIDE, WINDOW, camera, facts, lost


def stay(case: SittingFacts, begins: float = 1800, ends: float = 4500, station: str = "A-02") -> Seen:
    return seen_of(case, station, Interval(at(begins), at(ends)), RULES)


def test_a_stay_that_is_recorded_throughout_passes_and_begins_when_it_does() -> None:
    found = stay(WHOLE)
    assert (found.finding.id, found.finding.verdict, found.lacks, found.begins) == (
        CLAUSE,
        Verdict.PASS,
        IntervalSet(),
        at(1800),
    )
    assert found.finding.zh == "工位A-02自2026-05-01 09:30:00至10:15:00的录像连续，无断档。"


def test_a_gap_in_the_stay_fails_and_names_equipment_and_time_once() -> None:
    found = stay(facts(camera(WIDE, [lost(2000, 30)])))
    assert found.finding.verdict is Verdict.FAIL
    assert found.finding.zh == "工位A-02自2026-05-01 09:33:20至09:33:50断档30秒（摄像机断线），超出容许值。"
    assert found.lacks == IntervalSet([span(2000, 2030)])


def test_a_gap_before_they_came_or_after_they_left_is_not_theirs() -> None:
    case = facts(camera(WIDE, [lost(2000, 30), lost(4000, 30)]))
    assert stay(case, 2030, 4000).finding.verdict is Verdict.PASS
    assert stay(case, 2029, 4000).finding.verdict is Verdict.WARN
    assert stay(case, 2010, 4000).finding.verdict is Verdict.FAIL


def test_the_tolerance_is_held_against_the_stay_and_not_against_the_exam() -> None:
    case = facts(camera(WIDE, [lost(2000, 9)]), stations=["A-02"])
    assert stay(case).finding.verdict is Verdict.WARN  # 9 s of 45 min are within 0.5 %
    assert stay(case, 1900, 2500).finding.verdict is Verdict.FAIL  # and of ten minutes they are not


def test_another_camera_that_shows_the_station_covers_it() -> None:
    case = facts(camera(WIDE, [lost(2000, 300)]), camera(NEAR))
    assert stay(case, station="A-01").finding.verdict is Verdict.PASS
    assert stay(case, station="A-02").finding.verdict is Verdict.FAIL


@pytest.mark.parametrize("waiting", Waiting)
def test_nothing_is_said_while_the_evidence_is_not_complete(waiting: Waiting) -> None:
    assert stay(replace(WHOLE, waiting=waiting)).finding.verdict is Verdict.PENDING


def test_a_station_or_a_time_that_the_sitting_does_not_have_is_unknown() -> None:
    assert stay(WHOLE, station="Z-99").finding.verdict is Verdict.UNKNOWN
    assert stay(WHOLE, 1800, 5401).finding.verdict is Verdict.UNKNOWN
    assert "A-02" in stay(WHOLE, 1800, 5401).finding.zh


def test_an_expectation_that_was_altered_leaves_it_unknown() -> None:
    assert stay(replace(WHOLE, intact=False)).finding.verdict is Verdict.UNKNOWN


def test_without_any_footage_nothing_begins() -> None:
    found = stay(facts(camera(WIDE, [lost(0, 5400)], [])))
    assert (found.finding.verdict, found.begins) == (Verdict.FAIL, None)


def test_a_camera_shows_only_what_it_has_usable_footage_of() -> None:
    case = facts(camera(WIDE, [lost(2000, 30)]), camera(NEAR))
    assert shows(case, "near", IntervalSet([span(2000, 2030)]))
    assert not shows(case, "wide", IntervalSet([span(2000, 2030)]))
    assert not shows(case, "wide", IntervalSet())
    assert not shows(case, "nobody", IntervalSet([span(2000, 2030)]))


spans = st.tuples(st.integers(1800, 4400), st.integers(1, 100))


@given(st.lists(spans, max_size=4))
def test_the_whole_exam_as_a_stay_is_as_good_as_the_station_in_the_report(outages: list[tuple[int, int]]) -> None:
    case = facts(camera(WIDE, [lost(start, length) for start, length in outages]), stations=["A-02"])
    whole = seen_of(case, "A-02", EXAM, RULES).finding.verdict
    of_report = station_verdict(case.stations[0], case, RULES)
    assert (whole is Verdict.FAIL) == (of_report is Verdict.FAIL)


@given(st.lists(spans, max_size=4), st.integers(1800, 4400), st.integers(1, 500))
def test_what_is_lacking_lies_in_the_stay_and_a_pass_lacks_nothing(
    outages: list[tuple[int, int]], begins: int, length: int
) -> None:
    case = facts(camera(WIDE, [lost(start, seconds) for start, seconds in outages]), stations=["A-02"])
    own = Interval(at(begins), min(at(begins + length), WINDOW.end))
    found = seen_of(case, "A-02", own, RULES)
    assert not found.lacks - IntervalSet([own])
    assert (found.finding.verdict is Verdict.PASS) == (not found.lacks)
