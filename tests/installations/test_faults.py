"""One sitting in which every camera has a fault of its own; the report must say what each of them did."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analysis.report import CameraReport, SittingReport
from domain.evidence import Cause, Gap, Segment
from domain.timeline import Interval
from ingest.simulator.camera import CameraSettings
from ingest.simulator.faults import (
    ClockOffset,
    Cover,
    Disconnect,
    Fault,
    Freeze,
    LateBurst,
    PacketLoss,
    PlayedFault,
    Stall,
)
from storage.media import read_index
from tests.installations.installation import Installation, decode_errors, sleep_until

FPS = 15
FRAME_S = 1 / FPS
OFFSET_S = -7.0
FAULTS: dict[str, Fault] = {
    "loss-tcp": PacketLoss(4.0, 0.05, seed=7),
    "loss-udp": PacketLoss(4.0, 0.05, seed=8),
    "late": LateBurst(2.0),
    "ahead": ClockOffset(9.0, OFFSET_S),
    "pause-1.0": Stall(1.0),
    "pause-2.5": Stall(2.5),
    "unplugged": Disconnect(0.5),
    "frozen": Freeze(3.0),
    "covered": Cover(3.0),
}
RESIZED = "resized"
HOPELESS = "hopeless"
EXAM_S = 13


@dataclass(frozen=True)
class Held:
    """A sitting that was held: the truth, the evidence and the report."""

    installation: Installation
    played: dict[str, PlayedFault]
    report: SittingReport

    def camera(self, name: str) -> CameraReport:
        return next(camera for camera in self.report.cameras if camera.camera == name)

    def segments(self, name: str) -> list[Segment]:
        return self.installation.database.evidence.segments(name, self.report.window)


def _settings(camera: str, width: int = 480, height: int = 272) -> CameraSettings:
    return CameraSettings(
        id=camera, room="301", stations=(), width=width, height=height, fps=FPS, bits_per_second=800_000
    )


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    with Installation(tmp_path_factory.mktemp("faults")) as installation:
        setup = {
            name: {
                "url": installation.cameras.start(_settings(name)),
                "sees": [f"S-{name}"],
                "transport": "udp" if name.endswith("udp") else "tcp",
            }
            for name in (*FAULTS, RESIZED, HOPELESS)
        }
        installation.start("ingest")
        installation.start("analysis")
        bell = installation.apply(setup, lead_s=2, exam_s=EXAM_S, tail_s=2)
        installation.open(bell)
        sleep_until(bell + timedelta(seconds=2))
        playing = {name: installation.cameras.play(name, fault) for name, fault in FAULTS.items()}
        hopeless = installation.cameras.play(HOPELESS, PacketLoss(EXAM_S + 3.5, 0.6))
        sleep_until(bell + timedelta(seconds=5))
        installation.cameras.replace(_settings(RESIZED, 640, 352))
        played = {name: future.result(30) for name, future in playing.items()}
        installation.close(bell + timedelta(seconds=EXAM_S))
        sleep_until(bell + timedelta(seconds=EXAM_S + 2))
        report = installation.settled_report()
        yield Held(installation, {**played, HOPELESS: hopeless.result(30)}, report)


def _off_s(one: datetime, other: datetime) -> float:
    return (one - other).total_seconds()


@pytest.mark.parametrize("name", ["loss-tcp", "loss-udp"])
def test_lost_packets_are_counted_and_uncover_from_the_damaged_picture_to_the_next_key_frame(
    held: Held, name: str
) -> None:
    lossy = held.installation.cameras[name].lossy
    camera = held.camera(name)
    assert lossy
    assert camera.lost_packets == sum(picture.lost_packets for picture in lossy)
    assert {gap.cause for gap in camera.gaps} == {Cause.PACKET_LOSS}
    keys = _key_frames(held, name)
    damaged = [picture for picture in lossy if picture.damaged]
    for picture in damaged:
        (gap,) = [gap for gap in camera.gaps if _around(gap).start <= picture.taken < _around(gap).end]
        assert min(abs(_off_s(gap.interval.end, key)) for key in keys) < 0.01
    for gap in camera.gaps:
        first = min(picture.taken for picture in lossy if _around(gap).start <= picture.taken < _around(gap).end)
        assert abs(_off_s(gap.interval.start, first)) < 2 * FRAME_S
        lost_in = [picture for picture in lossy if gap.interval.start < picture.taken < gap.interval.end]
        between = [key for key in keys if gap.interval.start < key < gap.interval.end - timedelta(milliseconds=10)]
        assert len(between) <= len(lost_in)


def test_a_connection_that_lets_no_key_frame_through_is_told_as_loss_to_the_end(held: Held) -> None:
    """Not as a recorder that stopped: it was there, and pictures came, though none that could be shown."""
    camera = held.camera(HOPELESS)
    assert {gap.cause for gap in camera.gaps} == {Cause.PACKET_LOSS}
    assert camera.gaps[-1].interval.end == held.report.window.end
    first = min(picture.taken for picture in held.installation.cameras[HOPELESS].lossy)
    assert abs(_off_s(camera.gaps[0].interval.start, first)) < 2 * FRAME_S


def _around(gap: Gap) -> Interval:
    """A picture is stamped a moment after it was taken: a frame and a half of room."""
    return Interval(gap.interval.start - timedelta(seconds=1.5 * FRAME_S), gap.interval.end)


def _key_frames(held: Held, name: str) -> list[datetime]:
    """The instants of all key frames that were recorded."""
    found = []
    for segment in held.segments(name):
        with (held.installation.spool / segment.key).open("rb") as file:
            for fragment in read_index(file).fragments:
                ticks = 0
                for sample in fragment.samples:
                    if sample.key:
                        found.append(fragment.captured + timedelta(seconds=ticks / 90_000))
                    ticks += sample.duration
    return found


def test_pictures_that_come_late_make_no_gap_and_show_how_late_they_were(held: Held) -> None:
    camera = held.camera("late")
    assert camera.gaps == ()
    assert 1.7 < camera.delayed_s < 2.4
    assert all(other.delayed_s < 1.5 for other in held.report.cameras if other.camera != "late")


def test_a_camera_whose_clock_is_wrong_is_told_and_covers_all_the_same(held: Held) -> None:
    camera = held.camera("ahead")
    assert camera.gaps == ()
    assert camera.clock_offset_s == pytest.approx(OFFSET_S, abs=0.3)
    others = [other.clock_offset_s for other in held.report.cameras if other.camera != "ahead"]
    assert all(offset is not None and abs(offset) < 0.5 for offset in others)


def test_a_pause_of_a_second_is_a_slow_camera_and_no_gap(held: Held) -> None:
    assert held.camera("pause-1.0").gaps == ()


def test_a_longer_pause_on_one_connection_is_one_gap_without_data(held: Held) -> None:
    (gap,) = held.camera("pause-2.5").gaps
    played = held.played["pause-2.5"]
    assert gap.cause is Cause.NO_DATA
    assert abs(_off_s(gap.interval.start, played.start)) < 0.25
    assert abs(_off_s(gap.interval.end, played.end)) < 0.25
    runs = held.installation.database.evidence.runs("pause-2.5", held.report.window)
    assert len(runs) == 1


def test_a_short_disconnection_is_one_gap_from_the_last_picture_to_the_first(held: Held) -> None:
    (gap,) = held.camera("unplugged").gaps
    played = held.played["unplugged"]
    assert gap.cause is Cause.CAMERA_DISCONNECTED
    assert abs(_off_s(gap.interval.start, played.start)) < 0.25
    assert -0.1 < _off_s(gap.interval.end, played.end) < 1.5


def test_a_camera_that_comes_back_with_another_size_is_recorded_in_new_segments(held: Held) -> None:
    (gap,) = held.camera(RESIZED).gaps
    assert gap.cause is Cause.CAMERA_DISCONNECTED
    assert gap.interval.seconds < 2.5
    segments = held.segments(RESIZED)
    before = {(s.width, s.height) for s in segments if s.interval.end <= gap.interval.start + timedelta(seconds=0.01)}
    after = {(s.width, s.height) for s in segments if s.interval.start >= gap.interval.end - timedelta(seconds=0.01)}
    assert (before, after) == ({(480, 272)}, {(640, 352)})


@pytest.mark.parametrize("name", ["frozen", "covered"])
def test_what_a_picture_shows_makes_no_gap(held: Held, name: str) -> None:
    camera = held.camera(name)
    assert camera.gaps == ()
    assert camera.lost_packets == 0


def test_what_was_recorded_around_a_fault_of_the_connection_decodes(held: Held) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed: that the files play was not checked")
    whole: list[Path] = [
        held.installation.spool / segment.key
        for name in (RESIZED, "pause-2.5", "unplugged")
        for segment in held.segments(name)
    ]
    assert whole
    assert decode_errors(whole) == ""
