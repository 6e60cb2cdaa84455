"""Watching a camera before it is relied on: what is measured, and what is advised."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from config.rule_pack import load
from ingest.commissioning import Reading, advice, observe
from ingest.rtsp.client import RtspSource
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.simulator.faults import PacketLoss
from ingest.source import ConnectionLost, NoPicture, SourceError
from tests.fakes.source import Act, FakeSource
from tests.fakes.time import NOON, FakeClock
from tests.ingest.pictures import FPS, GOP, unit, video_format
from tests.ingest.rtsp.watching import PATIENT

RULES = load("SG-2022-08-10")
GOOD = Reading(
    codec="avc1.640028",
    width=1920,
    height=1080,
    pictures=500,
    seconds=20.0,
    stated_fps=25.0,
    delivered_fps=25.0,
    bits_per_second=4e6,
    key_interval_s=2.0,
    keyless_s=2.0,
    lost_packets=0,
    damaged_pictures=0,
    format_changes=0,
    clock_offset_s=0.1,
)


def _seen(script: list[Act]) -> Reading:
    return asyncio.run(observe(FakeSource(FakeClock(NOON), script), 60))


def _ended(script: list[Act]) -> Reading:
    return _seen([*script, ConnectionLost("closed")])


def test_rates_intervals_and_losses_are_those_of_the_pictures() -> None:
    units = [unit(n, camera_ahead_s=3.0, lost_packets=2 if n == 20 else 0, damaged=n == 20) for n in range(10 * FPS)]
    reading = _ended(list(units))
    assert (reading.width, reading.height) == (video_format().width, video_format().height)
    assert reading.delivered_fps == pytest.approx(FPS)
    assert reading.seconds == pytest.approx(10)
    assert reading.key_interval_s == pytest.approx(GOP / FPS)
    assert reading.bits_per_second == pytest.approx(sum(8 * len(nal) for u in units for nal in u.nals) / 10)
    assert (reading.lost_packets, reading.damaged_pictures, reading.format_changes) == (2, 1, 0)
    assert reading.clock_offset_s == pytest.approx(3.0)
    assert reading.ended == "closed"


def test_key_frames_that_were_waited_for_in_vain_count_up_to_the_last_picture() -> None:
    units: list[Act] = [replace(unit(n), key=n == 0) for n in range(12 * FPS)]
    reading = _ended(units)
    assert reading.key_interval_s is None
    assert reading.keyless_s == pytest.approx(12, abs=0.1)
    assert [each.code for each in advice(replace(GOOD, keyless_s=reading.keyless_s), RULES)] == ["key_frames"]


def test_parameter_sets_that_change_are_counted() -> None:
    other = replace(video_format(), width=640)
    units: list[Act] = [replace(unit(n), format=other if 15 <= n < 30 else video_format()) for n in range(45)]
    assert _ended(units).format_changes == 2


def test_a_camera_without_a_picture_ends_as_its_source_says() -> None:
    with pytest.raises(SourceError, match="silent"):
        _seen([NoPicture("silent")])


def test_a_good_camera_gets_no_advice() -> None:
    assert advice(GOOD, RULES) == ()


@pytest.mark.parametrize(
    ("seen", "code", "named"),
    [
        (replace(GOOD, keyless_s=30.0), "key_frames", "Smart264"),
        (replace(GOOD, keyless_s=30.0), "key_frames", "50"),
        (replace(GOOD, lost_packets=3), "packet_loss", "3"),
        (replace(GOOD, width=640, height=360), "resolution", "640×360"),
        (replace(GOOD, stated_fps=10.0, delivered_fps=10.0), "frame_rate", "10.0"),
        (replace(GOOD, delivered_fps=20.0), "frame_rate", "20.0"),
        (replace(GOOD, clock_offset_s=-40.0), "clock", "40.0"),
        (replace(GOOD, clock_offset_s=None), "clock", "NTP"),
        (replace(GOOD, format_changes=2), "format_changes", "2"),
        (replace(GOOD, ended="closed"), "connection", "closed"),
    ],
)
def test_each_trouble_is_named_in_both_languages_with_its_number(seen: Reading, code: str, named: str) -> None:
    (only,) = advice(seen, RULES)
    assert only.code == code
    assert named in only.zh
    assert named in only.en
    assert re.search(r"[\u4e00-\u9fff]", only.zh)
    assert not re.search(r"[\u4e00-\u9fff]", only.en)


def test_a_real_connection_is_watched_by_the_recorders_engine() -> None:
    async def watch() -> Reading:
        settings = CameraSettings(
            id="cam", room="hall", width=320, height=192, fps=15, gop=90, clock_offset_s=5, report_interval_s=0.5
        )
        camera = SimulatedCamera(settings)
        await camera.start()
        losing = asyncio.create_task(camera.play(PacketLoss(60, 0.05)))
        try:
            return await observe(RtspSource(camera.url, limits=PATIENT), 8)
        finally:
            losing.cancel()
            await asyncio.gather(losing, return_exceptions=True)
            await camera.stop()

    reading = asyncio.run(watch())
    assert (reading.width, reading.height) == (320, 192)
    assert reading.keyless_s > 4
    assert reading.lost_packets > 0
    assert reading.clock_offset_s is not None
    assert 3 < reading.clock_offset_s < 6
    assert {"packet_loss", "key_frames", "resolution", "clock"} <= {each.code for each in advice(reading, RULES)}
