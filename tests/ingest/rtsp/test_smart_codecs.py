"""Cameras that send few pictures and few key frames: normal operation, neither stalled nor lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from ingest.rtsp.client import Limits, Patience
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.simulator.faults import Stall
from ingest.source import NoPicture
from tests.ingest.rtsp.watching import taken, watching


def _fed(patience: Patience, interval_s: float, count: int = 100) -> float:
    """Pictures at an even pace; when the last one came."""
    for number in range(1, count + 1):
        patience.packets(number * interval_s)
        patience.pictures(1, number * interval_s)
    return count * interval_s


@pytest.mark.parametrize(("interval_s", "limit_s"), [(0.04, 3), (0.5, 3), (1, 4), (2, 8), (10, 15)])
def test_a_slow_camera_is_given_four_of_its_intervals(interval_s: float, limit_s: float) -> None:
    patience = Patience(3.0, 0.0)
    last = _fed(patience, interval_s)
    assert patience.limit_s == pytest.approx(limit_s)
    assert patience.due == pytest.approx(last + limit_s)


def test_what_the_camera_announces_holds_until_its_pictures_show_their_pace() -> None:
    patience = Patience(3.0, 0.0)
    patience.announce(2.0)
    assert patience.limit_s == 8
    _fed(patience, 0.04)
    assert patience.limit_s == 3


def test_packets_without_a_whole_picture_buy_time_but_not_for_ever() -> None:
    patience = Patience(3.0, 0.0)
    last = _fed(patience, 0.04)
    patience.packets(last + 1.5)
    assert patience.due == pytest.approx(last + 4.5)
    patience.packets(last + 100)
    assert patience.due == pytest.approx(last + 6)


def test_a_burst_is_not_taken_for_a_slow_camera() -> None:
    patience = Patience(3.0, 0.0)
    last = _fed(patience, 0.04)
    patience.pictures(50, last + 2.0)
    assert patience.limit_s == 3


@asynccontextmanager
async def _camera(fps: int, gop: int, *, key_on_play: bool = True) -> AsyncGenerator[SimulatedCamera, None]:
    settings = CameraSettings(id="cam", room="hall", width=320, height=192, fps=fps, gop=gop, key_on_play=key_on_play)
    camera = SimulatedCamera(settings)
    await camera.start()
    try:
        yield camera
    finally:
        await camera.stop()


def test_a_slow_camera_does_not_stall_until_it_really_does() -> None:
    async def watch() -> None:
        async with (
            _camera(fps=2, gop=60) as camera,
            watching(camera.url, limits=Limits(picture_s=0.45), attempts=5) as units,
        ):
            found = await taken(units, 6)
            assert [unit.key for unit in found] == [True, *[False] * 5]
            assert [unit.keyless_s for unit in found] == [0] * 6
            stall = asyncio.create_task(camera.play(Stall(60)))
            with pytest.raises(NoPicture, match="the connection still stands"):
                await taken(units, 1000)
            stall.cancel()
            await asyncio.gather(stall, return_exceptions=True)

    asyncio.run(watch())


def test_the_first_unit_tells_how_long_pictures_came_before_a_key_frame_did() -> None:
    async def watch() -> None:
        async with (
            _camera(fps=15, gop=45, key_on_play=False) as camera,
            watching(camera.url) as first,
            watching(camera.url) as second,
        ):
            await taken(first, 10)
            (late,) = await taken(second, 1)
            assert late.key
            assert late.keyless_s > 0
            (after,) = await taken(second, 1)
            assert after.keyless_s == 0

    asyncio.run(watch())
