"""Cameras behind one device: its sessions are never exceeded, its return brings no storm, nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import pytest

from ingest import devices as module
from ingest.devices import AT_ONCE, Device, Devices, shares
from ingest.shard import Shard
from ingest.source import AccessUnit, CameraRefused, CameraUnreachable, SourceError
from tests.ingest.pictures import unit


class Nvr:
    """A device that lets its channels in one by one: each attempt waits until ``answer`` says what becomes of it."""

    def __init__(self) -> None:
        self.open = 0
        self.most_open = 0
        self.attempts = 0
        self.answers: asyncio.Queue[SourceError | None] = asyncio.Queue()

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        self.attempts += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            answer = await self.answers.get()
            if answer is not None:
                raise answer
            yield unit(0)
            await asyncio.Event().wait()
        finally:
            self.open -= 1


class Cameras:
    """So many cameras that each try once; ``seen`` are those that have a picture, ``failed`` what the others got."""

    def __init__(self, nvr: Nvr, devices: Devices, device: Device, count: int) -> None:
        self.seen: list[int] = []
        self.failed: list[SourceError] = []
        self.tasks = [asyncio.create_task(self._try(nvr, devices, device, number)) for number in range(count)]

    async def _try(self, nvr: Nvr, devices: Devices, device: Device, number: int) -> None:
        try:
            async with aclosing(devices.through(device, nvr).units()) as units:
                async for _ in units:
                    self.seen.append(number)
        except SourceError as error:
            self.failed.append(error)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def _settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def _played(play: Callable[[Nvr, Devices], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20):
            await play(Nvr(), Devices())

    asyncio.run(limited())


def test_a_device_never_gets_more_connections_than_it_serves() -> None:
    device = Device("site/nvr", 3)

    async def play(nvr: Nvr, devices: Devices) -> None:
        for _ in range(10):
            nvr.answers.put_nowait(None)
        cameras = Cameras(nvr, devices, device, 5)
        await _settle()
        assert (nvr.open, devices.sessions("site/nvr")) == (3, 3)
        assert [str(error) for error in cameras.failed] == [str(cameras.failed[0])] * 2
        assert "all 3 sessions are in use" in str(cameras.failed[0])
        cameras.tasks[cameras.seen[0]].cancel()
        await _settle()
        later = Cameras(nvr, devices, device, 1)
        await _settle()
        assert later.seen == [0]
        assert nvr.most_open == 3
        await cameras.stop()
        await later.stop()
        assert devices.sessions("site/nvr") == 0

    _played(play)


def test_a_dead_device_is_tried_by_one_for_all() -> None:
    device = Device("site/nvr")

    async def play(nvr: Nvr, devices: Devices) -> None:
        first = Cameras(nvr, devices, device, 16)
        await _settle()
        assert nvr.attempts == AT_ONCE
        for _ in range(AT_ONCE):
            nvr.answers.put_nowait(CameraUnreachable("no connection to 127.0.0.1:554"))
        await _settle()
        assert len(first.failed) == 16
        again = Cameras(nvr, devices, device, 16)
        await _settle()
        assert nvr.attempts == AT_ONCE + 1
        nvr.answers.put_nowait(CameraUnreachable("no connection to 127.0.0.1:554"))
        await _settle()
        assert len(again.failed) == 16
        assert sum("tried for all its cameras: no connection" in str(error) for error in again.failed) == 15
        assert nvr.attempts == AT_ONCE + 1

    _played(play)


def test_a_device_that_comes_back_is_asked_by_a_few_at_a_time() -> None:
    device = Device("site/nvr")

    async def play(nvr: Nvr, devices: Devices) -> None:
        dead = Cameras(nvr, devices, device, 1)
        nvr.answers.put_nowait(CameraUnreachable("gone"))
        await _settle()
        assert len(dead.failed) == 1
        cameras = Cameras(nvr, devices, device, 16)
        await _settle()
        assert nvr.open == 1
        nvr.answers.put_nowait(None)
        await _settle()
        assert (len(cameras.seen), nvr.open) == (1, 1 + AT_ONCE)
        for _ in range(15):
            nvr.answers.put_nowait(None)
        await _settle()
        assert sorted(cameras.seen) == list(range(16))
        await cameras.stop()

    _played(play)


def test_after_a_refusal_the_others_come_one_by_one() -> None:
    device = Device("site/nvr")

    async def play(nvr: Nvr, devices: Devices) -> None:
        refused = Cameras(nvr, devices, device, 1)
        nvr.answers.put_nowait(CameraRefused("453"))
        await _settle()
        assert len(refused.failed) == 1
        cameras = Cameras(nvr, devices, device, 8)
        await _settle()
        assert nvr.open == 1
        nvr.answers.put_nowait(CameraRefused("453"))
        await _settle()
        assert (nvr.open, len(cameras.failed)) == (1, 1)
        await cameras.stop()

    _played(play)


def test_nobody_waits_for_the_key_frame_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_S", 0.01)

    async def play(nvr: Nvr, devices: Devices) -> None:
        cameras = Cameras(nvr, devices, Device("site/nvr"), 12)
        while nvr.open < 12:  # noqa: ASYNC110 (turns pass by time, nobody tells)
            await asyncio.sleep(0.01)
        await cameras.stop()

    _played(play)


def test_who_is_stopped_while_waiting_takes_nobodys_turn() -> None:
    async def play(nvr: Nvr, devices: Devices) -> None:
        cameras = Cameras(nvr, devices, Device("site/nvr"), 2 * AT_ONCE)
        await _settle()
        nvr.answers.put_nowait(None)
        cameras.tasks[AT_ONCE].cancel()  # it is the next in turn
        cameras.tasks[AT_ONCE + 1].cancel()
        await _settle()
        assert len(cameras.seen) == 1
        assert nvr.open == AT_ONCE + 1
        await cameras.stop()
        assert devices.sessions("site/nvr") == 0

    _played(play)


def test_a_camera_that_stands_alone_is_left_alone() -> None:
    async def play(nvr: Nvr, devices: Devices) -> None:
        assert devices.through(None, nvr) is nvr

    _played(play)


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_processes_together_never_promise_more_sessions_than_there_are(processes: int) -> None:
    nvr, other = Device("site/nvr", 5), Device("site/other")
    cameras = {**{f"cam-{n}": nvr for n in range(16)}, "a": other, "alone": None}
    parts = [shares(cameras, Shard(index, processes).owns) for index in range(processes)]
    assert sum(part["site/nvr"].share or 0 for part in parts) == 5
    assert all(part["site/other"] == other for part in parts)


def test_a_process_keeps_to_its_share() -> None:
    async def play(nvr: Nvr, devices: Devices) -> None:
        cameras = Cameras(nvr, devices, Device("site/nvr", 5, share=0), 1)
        await _settle()
        assert nvr.attempts == 0
        assert "all 5 sessions are in use" in str(cameras.failed[0])

    _played(play)
