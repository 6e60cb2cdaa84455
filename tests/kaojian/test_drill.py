"""Random faults against the recorder on a clock that jumps, and the comparer that must not be fooled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import get_args

import pytest

from config import logs
from domain.evidence import Cause, Coverage, Gap
from domain.timeline import Interval, IntervalSet
from ingest.simulator.faults import Disconnect, PacketLoss
from kaojian.drill.camera import VirtualCamera
from kaojian.drill.comparison import departures
from kaojian.drill.outcome import Outcome, summed
from kaojian.drill.plan import (
    CameraKind,
    ClockStep,
    HostFault,
    Kill,
    KillWorker,
    NvrAway,
    Plan,
    Planned,
    Restart,
    random_plan,
)
from kaojian.drill.simulated import drill_in_memory
from kaojian.drill.truth import Absence, CameraTruth, Connection, Excuse, Sent, camera_truth
from kaojian.drill.virtual_time import HostClock, VirtualLoop
from tests.fakes.time import NOON
from tests.kaojian.conftest import Command

SCHEDULES = 16


def _span(start_s: float, end_s: float) -> Interval:
    return Interval(NOON + timedelta(seconds=start_s), NOON + timedelta(seconds=end_s))


def _told(*gaps: tuple[float, float, Cause]) -> Coverage:
    return _told_until(100, *gaps)


def _told_until(end_s: float, *gaps: tuple[float, float, Cause]) -> Coverage:
    window = _span(0, end_s)
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


def _sent(*arrivals: tuple[float, float], planned: tuple[Planned, ...] = ()) -> VirtualCamera:
    """A camera of five pictures a second, all key frames, that sent what was (taken, arrived), in one connection."""
    loop = VirtualLoop()
    camera = VirtualCamera(_KIND, planned, HostClock(loop, NOON))
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


def test_a_picture_stands_for_the_usual_time_where_the_next_one_is_dated_by_another_clock() -> None:
    camera = _sent((9.0, 9.0), (9.2, 9.2), (10.4, 10.4), (10.6, 10.6))
    camera.clock.steps.append((10.3, 60.0))
    truth = camera_truth(camera, (), (), 100)
    assert truth.good == truth.possible == IntervalSet([_span(9.0, 9.4), _span(70.4, 70.8)])


def test_the_last_picture_before_the_clock_was_set_back_has_an_edge_although_the_next_pass_shows_its_time() -> None:
    camera = _set_back(_sent(*[(n / 5, n / 5) for n in range(50)]))  # up to 10 s, and then it is held up
    truth = camera_truth(camera, [Planned(12.9, ClockStep(-3.0))], (), 100)
    for start_s, kinds in ((9.8, []), (9.5, ["ghost"])):
        assert [each.kind for each in departures(truth, _told_until(18, (start_s, 10.1, Cause.CLOCK_STEP)))] == kinds


def test_pictures_on_their_way_when_the_clock_is_set_back_may_lie_in_an_outage_of_the_pass_before() -> None:
    away = Planned(8.0, Disconnect(3.0))
    camera = _sent(*[(n / 5, n / 5) for n in range(40)], planned=(away,))  # up to 8 s
    camera.clock.steps.append((12.9, -3.0))
    back = [Sent(n / 5, n / 5, True, True, False) for n in range(56, 60)]
    late = [Sent(12 + n / 5, max(13.0, 12 + n / 5), True, True, False) for n in range(50)]  # from 9 s on
    camera.connections += [Connection(11.1, back), Connection(11.9, late)]
    truth = camera_truth(camera, [Planned(12.9, ClockStep(-3.0))], (), 100)
    told = _told_until(18, (8.0, 11.0, Cause.CAMERA_DISCONNECTED))
    assert departures(truth, told) == []


def test_a_damaged_picture_may_stand_beyond_a_clock_that_was_set_back() -> None:
    loss = Planned(12.5, PacketLoss(0.4, 0.5))
    camera = _set_back(_sent(*[(n / 5, n / 5) for n in range(65)], planned=(loss,)))
    before, _ = camera.connections
    before.sent = [replace(sent, whole=sent.taken_s < loss.at_s) for sent in before.sent]
    truth = camera_truth(camera, [Planned(12.9, ClockStep(-3.0))], (), 100)
    for end_s, kinds in ((13.1, []), (13.5, ["ghost"])):
        assert [each.kind for each in departures(truth, _told_until(18, (12.6, end_s, Cause.PACKET_LOSS)))] == kinds


def _set_back(camera: VirtualCamera) -> VirtualCamera:
    """The clock is set back, so that 13 s is 10 s again, and another connection brings ten seconds more."""
    camera.clock.steps.append((12.9, -3.0))
    camera.connections.append(Connection(13.0, [Sent(13 + n / 5, 13 + n / 5, True, True, False) for n in range(50)]))
    return camera


@pytest.mark.parametrize(
    ("arrivals", "silent"),
    [
        ([*range(11), 14], True),  # every picture of three seconds is lost
        ([*range(11), 12, 14], False),
        ([3, 4, 5], True),  # the key frame of a new connection is
        ([2, 3, 4, 5], False),
    ],
)
def test_losses_that_leave_a_connection_without_any_picture_may_be_told_as_its_silence(
    arrivals: list[int], *, silent: bool
) -> None:
    loss = Planned(arrivals[-2] - 2.0, PacketLoss(3.0, 0.5))
    camera = _sent(*[(float(at), float(at)) for at in arrivals], planned=(loss,))
    (told,) = (each.causes for each in camera_truth(camera, (), (), 100).excuses if Cause.PACKET_LOSS in each.causes)
    assert (Cause.NO_DATA in told) is silent


def test_the_same_seed_plays_the_same_drill() -> None:
    assert random_plan(7, 2, 3) == random_plan(7, 2, 3)
    assert random_plan(7, 2, 3) != random_plan(8, 2, 3)


def test_random_schedules_play_every_fault_of_a_host_also_while_another_lasts() -> None:
    planned = [random_plan(seed, 2, 2, store=seed % 2 == 0).of_host for seed in range(80)]
    assert {type(each.fault) for faults in planned for each in faults} == set(get_args(HostFault))
    overlapping = {
        type(after.fault) for faults in planned for before, after in pairwise(faults) if after.at_s < before.end_s
    }
    assert {Kill, Restart, ClockStep} <= overlapping


def test_a_worker_that_is_killed_takes_its_own_cameras_with_it_and_no_other() -> None:
    logs.configure()
    cameras = (replace(_KIND, id="c1"), replace(_KIND, id="c2"))  # of two workers, each has one
    plan = Plan(1, 0.5, cameras, (Planned(25.5, KillWorker(0)),), workers=2)
    assert drill_in_memory(plan).details == ()


def test_channels_of_a_recorder_that_was_away_are_back_as_soon_as_it_lets_them() -> None:
    logs.configure()
    cameras = tuple(replace(_KIND, id=f"c{number}", key_on_play=False, gop=10, nvr=True) for number in range(1, 4))
    away = [Planned(22.0, NvrAway(5.0), kind.id) for kind in cameras]
    plan = Plan(1, 0.5, cameras, (Planned(15.0, Disconnect(3.0), "c2"), *away))
    assert drill_in_memory(plan).details == ()


@pytest.mark.timeout(400)
def test_reports_tell_the_truth_of_many_schedules(kaojian: Command) -> None:
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
