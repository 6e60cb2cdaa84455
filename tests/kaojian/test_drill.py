"""Random faults against the recorder on a clock that jumps, and the comparer that must not be fooled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from config import logs
from domain.evidence import Cause, Coverage, Gap
from domain.timeline import Interval, IntervalSet
from kaojian.drill.camera import VirtualCamera
from kaojian.drill.comparison import departures
from kaojian.drill.outcome import Outcome, summed
from kaojian.drill.plan import CameraKind, random_plan
from kaojian.drill.simulated import drill_in_memory
from kaojian.drill.truth import Absence, CameraTruth, Connection, Excuse, Sent, camera_truth
from kaojian.drill.virtual_time import HostClock, VirtualLoop
from tests.fakes.time import NOON
from tests.kaojian.conftest import Command

SCHEDULES = 100


def _span(start_s: float, end_s: float) -> Interval:
    return Interval(NOON + timedelta(seconds=start_s), NOON + timedelta(seconds=end_s))


def _told(*gaps: tuple[float, float, Cause]) -> Coverage:
    window = _span(0, 100)
    found = tuple(Gap(_span(start, end), cause) for start, end, cause in gaps)
    return Coverage(window, IntervalSet(gap.interval for gap in found).complement(window), found)


_GOOD = IntervalSet([_span(-5, 40), _span(50, 105)])
_TRUTH = CameraTruth("c1", _GOOD, _GOOD, (Excuse(_span(40, 51), frozenset({Cause.NO_DATA})),), 0.2)


@pytest.mark.parametrize(
    ("gaps", "kinds"),
    [
        ([(40.0, 50.0, Cause.NO_DATA)], []),
        ([(40.15, 49.9, Cause.NO_DATA)], []),
        ([], ["phantom"]),
        ([(40.0, 45.0, Cause.NO_DATA)], ["phantom"]),
        ([(39.0, 50.0, Cause.NO_DATA)], ["ghost"]),
        ([(40.0, 51.0, Cause.NO_DATA)], ["ghost"]),
        ([(40.0, 50.0, Cause.NO_DATA), (70.0, 70.01, Cause.NO_DATA)], ["ghost"]),
        ([(40.0, 50.0, Cause.UNEXPLAINED)], ["unexplained"]),
        ([(40.0, 50.0, Cause.PACKET_LOSS)], ["unexplained"]),
    ],
)
def test_a_report_that_departs_from_the_truth_by_more_than_an_edge_is_found(
    gaps: list[tuple[float, float, Cause]], kinds: list[str]
) -> None:
    assert [departure.kind for departure in departures(_TRUTH, _told(*gaps))] == kinds


_KIND = CameraKind("c1", 5.0, 5.0, 5, True, 0.0, 0.0, 0.0, 0.0)


def _sent(*arrivals: tuple[float, float]) -> VirtualCamera:
    """A camera of five pictures a second, all key frames, that sent what was (taken, arrived), in one connection."""
    loop = VirtualLoop()
    camera = VirtualCamera(_KIND, (), HostClock(loop, NOON))
    camera.connections.append(Connection(0.0, [Sent(taken, came, True, True, False) for taken, came in arrivals]))
    loop.close()
    return camera


def test_what_came_in_the_last_second_before_a_kill_may_be_lost_however_long_before_it_was_taken() -> None:
    in_time, held_s = [(n / 5, n / 5) for n in range(50)], 13.0
    burst = [(n / 5, max(n / 5, held_s)) for n in range(50, 68)]
    camera = _sent(*in_time, *burst)
    (killed,) = (
        excuse.span
        for excuse in camera_truth(camera, (), [Absence(13.5, 15.0, 13.5, killed=True)], 100).excuses
        if excuse.wholly
    )
    assert killed == _span(10 - 2 / 5, 13.5)


def test_a_picture_that_arrives_after_the_clock_was_stepped_is_dated_by_the_new_clock() -> None:
    camera = _sent((9.8, 10.3), (10.0, 10.3), (10.2, 10.3), (10.4, 10.4))
    camera.clock.steps.append((10.1, 60.0))
    assert camera_truth(camera, (), (), 100).good == IntervalSet([_span(69.8, 70.6)])


def test_the_same_seed_plays_the_same_drill() -> None:
    assert random_plan(7, 2, 3) == random_plan(7, 2, 3)
    assert random_plan(7, 2, 3) != random_plan(8, 2, 3)


@pytest.mark.parametrize(
    ("seed", "minutes", "cameras"),
    [
        (162, 2, 2),  # a damaged picture stands beyond a clock that was set back
        (167, 2, 2),  # a key frame is waited for because packets are lost
        (261, 1, 3),  # every picture of 4 s is lost
    ],
)
def test_schedules_that_once_were_judged_wrongly_pass(seed: int, minutes: int, cameras: int) -> None:
    logs.configure()
    assert drill_in_memory(random_plan(seed, minutes, cameras)).details == ()


@pytest.mark.timeout(400)
def test_reports_tell_the_truth_of_a_hundred_schedules(kaojian: Command) -> None:
    done = kaojian("drill", "--simulated-clock", "--schedules", str(SCHEDULES), "--minutes", "1", "--cameras", "2")
    *lines, sums = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert [line["seed"] for line in lines] == list(range(1, SCHEDULES + 1))
    assert sum(line["faults"] for line in lines) > 5 * SCHEDULES
    assert (sums["schedules"], sums["passed"]) == (SCHEDULES, SCHEDULES)


def test_the_last_line_of_several_schedules_sums_up_what_they_found() -> None:
    clean = Outcome(1, 2, 1.0, 5, 0, 0, 0.0, 0)
    found = replace(clean, seed=2, ghost_s=0.25, lost_acknowledged_bytes=7, details=("c1: ghost",))
    assert json.loads(summed([clean, found, replace(found, ghost_s=0.5)])) == {
        "bench": "drills",
        "schedules": 3,
        "passed": 1,
        "faults": 15,
        "phantom_s": 0,
        "ghost_s": 0.75,
        "unexplained_s": 0,
        "lost_acknowledged_bytes": 14,
    }


def test_a_drill_leaves_no_doubt_in_its_own_bookkeeping(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    outcome = drill_in_memory(random_plan(3, 1, 1))
    assert outcome.details == ()
    assert outcome.lost_acknowledged_bytes == 0
