"""A camera that serves one connection: its recorder keeps it, and viewers see it all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from dashboard.live.lines import Line
from dashboard.live.pulls import Pulls
from domain.places import Transport
from domain.timeline import SystemClock
from ingest.engines import Engines
from ingest.recorder import Assignment
from ingest.relay.client import RelayClient
from ingest.relay.server import Relay
from ingest.relay.source import RelayedSource
from ingest.rtsp.client import Limits
from ingest.simulator.camera import CameraSettings
from ingest.source import CameraRefused, ConnectionLost
from records.schedule import Needs
from tests.ingest.pictures import unit
from tests.installations.installation import Cameras

NAME = "c1"


@pytest.fixture
def address() -> Iterator[str]:
    cameras = Cameras()
    yield cameras.start(CameraSettings(NAME, "R1", ("A1",), width=320, height=192, fps=10, max_sessions=1))
    cameras.stop()


def test_a_camera_with_one_connection_is_watched_without_its_recorder_losing_it(address: str, tmp_path: Path) -> None:
    clock = SystemClock()
    camera = Assignment(NAME, "b", "f", address, None, Transport.TCP)
    engines, client = Engines.with_limits(Limits(), clock), RelayClient(tmp_path)

    async def record(relay: Relay, begun: asyncio.Event) -> None:
        async with aclosing(engines.open(camera).units()) as units:
            async for each in units:
                relay.channel(NAME).show(each)
                begun.set()

    async def watch() -> None:
        relay, begun, line = Relay(tmp_path, "one"), asyncio.Event(), Line()
        await relay.start()
        recording = asyncio.create_task(record(relay, begun))
        pulls = Pulls(engines.open, clock, lambda name: RelayedSource(client, name, clock))
        try:
            await begun.wait()
            pulls.keep_to(Needs(frozenset({NAME})))
            pulls.join(line, camera, 0)
            shown = 0
            while shown < 10:
                frame = await line.next()
                shown += isinstance(frame, bytes) and frame[0] == 0x82
            assert not recording.done(), "its recorder lost it"
        finally:
            await pulls.stop()
            recording.cancel()
            with suppress(asyncio.CancelledError):
                await recording
            await relay.stop()

    asyncio.run(asyncio.wait_for(watch(), 60))


def test_what_becomes_of_a_recorder_is_told_as_of_any_source(tmp_path: Path) -> None:
    source = RelayedSource(RelayClient(tmp_path), NAME, SystemClock())

    async def play() -> None:
        with pytest.raises(CameraRefused, match="not recorded now"):
            await anext(source.units())
        relay = Relay(tmp_path, "one")
        await relay.start()
        channel = relay.channel(NAME)
        channel.show(unit(0))
        async with aclosing(source.units()) as units:
            first = await anext(units)
            assert (first.nals, first.key, first.arrived) == (unit(0).nals, True, unit(0).arrived)
            channel.lost()
            with pytest.raises(ConnectionLost, match="lost it"):
                await anext(units)
        channel.show(unit(0))
        async with aclosing(source.units()) as units:
            await anext(units)
            await relay.stop()
            with pytest.raises(ConnectionLost, match="ended the connection"):
                await anext(units)

    asyncio.run(asyncio.wait_for(play(), 30))
