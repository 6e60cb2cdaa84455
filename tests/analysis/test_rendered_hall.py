"""A rendered hall seen by the ordinary analysis, beside what the renderer knows to be true, and how it is scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.sight import decide
from bench import hall_truth
from bench.hall_truth import STEP_S, UNDECIDED, Exam, Filmed, Score, away_from_edges, filmed, told, true
from domain.pictures import Sample, StationSample, View
from domain.plan import Obstacle
from domain.timeline import IntervalSet
from ingest.simulator.hall.clips import EMPTY_S
from ingest.simulator.hall.examples import small_hall, with_size
from ingest.simulator.hall.filming import Hall
from ingest.simulator.hall.script import Cloth, Event, Script, Sitting
from ingest.simulator.hall.truth import BLIND_BELOW, State
from tests.analysis.test_sight import ALL, GOOD, at, footage, row, station

PLAN = with_size(small_hall(4), 640, 360)
COVERED, WORKED_AT, FREE = "01", "02", "03"
COVERED_FROM_S = EMPTY_S + 30


class Scene(Exam):
    """One station under a cloth from some time on, and somebody who works at another."""

    @cached_property
    def hall(self) -> Hall:
        return Hall(self.plan, Script(tuple(self._told())), self.seed)

    def _told(self) -> Iterator[Event]:
        yield Cloth(station=COVERED, start_s=COVERED_FROM_S)
        yield Sitting(station=WORKED_AT)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(PLAN, 1, 100.0)


@pytest.fixture(scope="module")
def one(scene: Scene) -> Filmed:
    return filmed(scene, "A-01")


def pairs(scene: Scene, one: Filmed, name: str) -> list[tuple[str, str]]:
    truth, answers = true(scene, [one])[name], told(scene, [one])[name]
    scored = zip(truth, answers, away_from_edges(truth), strict=True)
    return [(state, answer) for state, answer, counts in scored if counts]


def test_a_station_under_a_cloth_is_called_obstructed_and_never_visible(scene: Scene, one: Filmed) -> None:
    answers = [answer for truth, answer in pairs(scene, one, COVERED) if truth == State.OBSTRUCTED]
    assert len(answers) > 25
    assert set(answers) == {"obstructed"}
    assert {answer for truth, answer in pairs(scene, one, COVERED) if truth == State.VISIBLE} == {"visible"}


def test_a_station_that_somebody_works_at_is_never_called_obstructed(scene: Scene, one: Filmed) -> None:
    answers = [answer for _, answer in pairs(scene, one, WORKED_AT)]
    assert "obstructed" not in answers
    assert answers.count("visible") > 0.8 * len(answers)
    assert {answer for _, answer in pairs(scene, one, FREE)} == {"visible"}


def test_a_station_that_no_camera_is_planned_to_see_is_never_called_seen(scene: Scene, one: Filmed) -> None:
    """Whatever its samples say: the plan knows what stands before it, and pictures do not."""
    blind = replace(one, regions=tuple(region for region in one.regions if region.station != FREE))
    assert set(told(scene, [blind])[FREE]) == {"blind"}


def test_the_plan_says_of_a_station_behind_a_screen_what_the_renderer_does() -> None:
    screen = Obstacle("S1", ((2.9, 2.0), (6.5, 2.0), (6.5, 2.1), (2.9, 2.1)), 2.6)
    found = list(hall_truth.shares_of(replace(PLAN, obstacles=(*PLAN.obstacles, screen)), 1))
    assert len(found) == 4
    for of_cameras in found:
        assert [real >= BLIND_BELOW for real, _ in of_cameras] == [drawn >= BLIND_BELOW for _, drawn in of_cameras]
    assert any(real < BLIND_BELOW for of_cameras in found for real, _ in of_cameras)


def test_undecided_is_missed_in_recall_and_left_out_of_the_recall_of_what_was_decided() -> None:
    score = Score()
    score.add(["visible"] * 20, ["visible"] * 12 + [UNDECIDED] * 4 + ["obstructed"] * 4)
    seen = next(line for line in score.lines("x") if line["state"] == "visible")
    assert (seen["precision"], seen["recall"], seen["recall_decided"]) == (1.0, 0.6, 0.75)
    assert (seen["undecided_share"], seen["station_seconds"], seen["left_out"]) == (0.2, 40, 0.0)
    hidden = next(line for line in score.lines("x") if line["state"] == "obstructed")
    assert (hidden["precision"], hidden["recall"]) == (0.0, None)


def test_what_is_near_a_change_of_the_truth_is_not_scored_and_told() -> None:
    score = Score()
    truth = ["visible"] * 10 + ["obstructed"] * 10
    score.add(truth, ["visible"] * 20)
    assert away_from_edges(truth) == [True] * 8 + [False] * 4 + [True] * 8
    assert score.at_edges_s == 4 * STEP_S
    assert score.seconds == {("visible", "visible"): 16.0, ("obstructed", "visible"): 16.0}


def measured(found: StationSample) -> bool:
    """Whether enough of a station can be compared."""
    return found.comparable.bit_count() >= 5


class TestOfWhatWasNotMeasured:
    @given(footage(), st.sets(st.integers(0, 59)))
    @settings(max_examples=40, deadline=None)
    def test_nothing_that_was_not_measured_is_called_visible(
        self, samples: list[Sample], unmeasured: set[int]
    ) -> None:
        """Three of four samples in a row about an instant must tell of the station."""
        ordered = [
            replace(sample, stations=()) if number in unmeasured else sample for number, sample in enumerate(samples)
        ]
        sight = decide(ordered, ["1"])
        good = [any(each.station == "1" and measured(each) for each in sample.stations) for sample in ordered]
        visible = IntervalSet(
            span.interval for span in sight.stations if (span.station, span.view) == ("1", View.VISIBLE)
        )
        for number, sample in enumerate(ordered):
            if sample.at in visible:
                assert sum(good[max(0, number - 3) : number + 4]) >= 3

    def test_a_station_that_is_not_told_of_for_a_while_is_undecided_meanwhile(self) -> None:
        sight = decide(row(*[GOOD] * 10, *[replace(GOOD, stations=())] * 6, *[GOOD] * 10), ["1"])
        unknown = IntervalSet(span.interval for span in sight.stations if span.view is View.NOT_VERIFIABLE)
        assert [(span.start, span.end) for span in unknown] == [(at(19), at(31))]


def test_so_many_still_blocks_are_an_obstruction_whoever_moves_beside_them() -> None:
    """Half a station behind a board, and somebody who works in the other half of it."""
    board, hands = ALL & ~0b00111_00111_00111_00111_00111, 0b00100_00100_00000_00000_00000
    most = board | 0b00000_00110_00110_00110_00000
    samples = [replace(GOOD, stations=(station(most, hands if number % 3 else 0b00010),)) for number in range(60)]
    sight = decide(row(*[GOOD] * 10, *samples))
    hidden = IntervalSet(span.interval for span in sight.stations if span.view is View.OBSTRUCTED)
    assert hidden.seconds >= 110
