"""What a drill in real time stands on: commanded clock and disk, cameras by what they wrote down, a file of truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from domain.evidence import Cause
from domain.timeline import Interval, IntervalSet
from ingest.simulator.camera import SentPicture
from ingest.simulator.drill import description_from_json
from ingest.simulator.faults import Congestion, LateBurst, PacketLoss, PlayedFault
from kaojian.drill import truth_file, witness
from kaojian.drill.ground import FailingDisk, SteppedClock, Switches
from kaojian.drill.plan import CameraKind, random_plan
from kaojian.drill.real_host import Down, Up, absences
from kaojian.drill.truth import Absence, CameraTruth, Excuse
from kaojian.drill.virtual_time import HostClock, VirtualLoop
from kaojian.drill.witness import GATHER_S, SentCamera
from tests.fakes.time import NOON

KIND = CameraKind("c1", 5.0, 5.0, 5, True, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def switches(tmp_path: Path) -> Switches:
    return Switches(tmp_path / "switches")


def test_who_maps_the_switches_later_sees_what_was_switched_before_and_after(
    switches: Switches, tmp_path: Path
) -> None:
    switches.step_clock(-3.5)
    late = SteppedClock(Switches(tmp_path / "switches"))
    switches.step_clock(60.25)
    ahead_s = (late.now() - SteppedClock(Switches(tmp_path / "none")).now()).total_seconds()
    assert ahead_s == pytest.approx(56.75, abs=0.5)


def test_a_full_disk_has_no_room_and_ends_a_write_in_the_middle(switches: Switches, tmp_path: Path) -> None:
    disk = FailingDisk(switches)
    handle = disk.create(tmp_path / "file")
    assert disk.free_bytes(tmp_path) > 0
    switches.disk_full = True
    written = disk.write(handle, b"0123456789")
    assert written < 10
    assert disk.free_bytes(tmp_path) == 0
    switches.disk_full = False
    assert disk.write(handle, b"0123456789") == 10
    disk.close(handle)
    assert (tmp_path / "file").stat().st_size == written + 10


def test_a_stopped_disk_answers_nobody_until_it_goes_on(switches: Switches, tmp_path: Path) -> None:
    disk, answers = FailingDisk(switches), SimpleQueue[bool]()
    switches.disk_stopped = True
    asking = threading.Thread(target=lambda: answers.put(disk.exists(tmp_path)))
    asking.start()
    with pytest.raises(Empty):
        answers.get(timeout=0.05)
    switches.disk_stopped = False
    assert answers.get(timeout=5)
    asking.join()


def test_a_slow_disk_takes_its_time_for_a_write(switches: Switches, tmp_path: Path) -> None:
    disk = FailingDisk(switches)
    handle = disk.create(tmp_path / "file")
    switches.disk_job_s = 0.03
    begun = time.monotonic()
    disk.write(handle, b"data")
    disk.sync(handle)
    assert time.monotonic() - begun >= 0.05
    disk.close(handle)


def _sent(
    number: int, late_s: float = 0.0, *, damaged: bool = False, gone: bool = False, session: str = "a"
) -> SentPicture:
    due = NOON + timedelta(seconds=number / 5)
    return SentPicture("c1", session, due, due + timedelta(seconds=late_s), number % 5 == 0, damaged, gone)


def _camera(sent: Sequence[SentPicture], *played: PlayedFault) -> SentCamera:
    loop = VirtualLoop()
    camera = SentCamera(KIND, played, sent, HostClock(loop, NOON))
    loop.close()
    return camera


def _played(fault: LateBurst | Congestion | PacketLoss, start_s: float) -> PlayedFault:
    start = NOON + timedelta(seconds=start_s)
    return PlayedFault("c1", fault, start, start + timedelta(seconds=fault.seconds))


def test_a_camera_is_as_late_as_its_latest_picture_that_no_fault_held_back() -> None:
    sent = [_sent(0), _sent(1, 0.3), _sent(10, 2.0), _sent(30, 1.5), _sent(40, 0.1)]
    camera = _camera(sent, _played(LateBurst(2.0), 2.0), _played(Congestion(1.0, 1.5), 6.0))
    assert camera.late_s == pytest.approx(0.3)
    assert camera.edge_s == pytest.approx(0.2 + 0.3 + GATHER_S)


def test_pictures_that_never_went_out_are_a_loss_before_the_next_one_of_the_same_connection() -> None:
    camera = _camera([_sent(0), _sent(1, gone=True), _sent(5, session="b"), _sent(2, damaged=True), _sent(3)])
    first, second = camera.connections
    assert [(each.after_loss, each.whole) for each in first.sent] == [(False, True), (True, False), (False, True)]
    assert [each.after_loss for each in second.sent] == [False]


@pytest.mark.parametrize(("next_s", "heard"), [(5.6, 3), (9.0, 8)])
def test_pictures_that_come_just_when_the_recorder_gives_a_connection_up_have_found_nobody(
    next_s: float, heard: int
) -> None:
    held = [_sent(n, 5.3 - n / 5) for n in range(3, 8)]
    later = [_sent(round(next_s * 5) + n, session="b") for n in range(3)]
    first, second = _camera([*map(_sent, range(3)), *held, *later], _played(LateBurst(4.8), 0.5)).connections
    assert (len(first.sent), len(second.sent)) == (heard, 3)


def test_footage_must_go_on_an_attempt_and_a_key_frame_after_a_fault_or_when_losses_let_a_key_frame_through() -> None:
    usual = _camera([_sent(n) for n in range(100)]).resumed_s(3.0)
    assert usual == pytest.approx(3.0 + 1.0 + 0.25 + 0.4)
    losing = [_sent(n, damaged=n < 50) for n in range(100)]
    assert _camera(losing, _played(PacketLoss(9.0, 0.5), 1.0)).resumed_s(3.0) == pytest.approx(10.0 + 0.2)


def test_a_process_that_starts_although_its_service_was_told_to_end_is_not_the_next_one() -> None:
    whole = Down(5.0, 7.0, service=1, part=None, undurable_since=4.5, killed=True)
    one = Down(20.0, 20.1, service=2, part=1, undurable_since=20.0, killed=True)
    ups = [Up(5.5, 1, 1, 11), Up(9.0, 2, 0, 12), Up(9.5, 2, 1, 13), Up(21.0, 2, 1, 14)]
    assert absences([whole, one], ups, 0, 99.0) == [Absence(5.0, 9.0, 4.5, killed=True, gone_s=7.0)]
    assert [(each.start_s, each.end_s) for each in absences([whole, one], ups, 1, 99.0)] == [(5.0, 9.5), (20.0, 21.0)]
    assert absences([one], ups[:3], 1, 99.0)[0].end_s == 99.0


def test_the_simulator_understands_every_camera_of_a_plan(tmp_path: Path) -> None:
    plan = random_plan(2, 1, 12)
    site = description_from_json(witness.description(plan, tmp_path, NOON))
    assert [camera.id for camera in site.cameras] == [kind.id for kind in plan.cameras]
    assert len(site.faults) == sum(planned.camera is not None for planned in plan.faults)
    assert {camera.pace for camera in site.cameras} == {kind.fps / kind.stamped_fps for kind in plan.cameras}


def test_a_truth_is_read_as_it_was_written_and_never_written_twice(tmp_path: Path) -> None:
    span = Interval(NOON, NOON + timedelta(microseconds=1_500_001))
    spans = IntervalSet([span])
    excuse = Excuse(span, frozenset({Cause.NO_DATA, Cause.PACKET_LOSS}), wholly=True)
    truth = CameraTruth("c1", spans, spans, (excuse,), 0.25, ((span, 0.5),), spans)
    truth_file.write(tmp_path / "truth.json", [truth, replace(truth, camera="c2", twice=IntervalSet())])
    assert truth_file.read(tmp_path / "truth.json") == [truth, replace(truth, camera="c2", twice=IntervalSet())]
    with pytest.raises(FileExistsError):
        truth_file.write(tmp_path / "truth.json", [truth])
