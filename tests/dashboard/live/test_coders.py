"""Processes that code anew: one for each camera, few at once, never longer than somebody watches."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from dashboard.live import coders as coders_module
from dashboard.live import pulls as pulls_module
from dashboard.live import recoding
from dashboard.live.coders import Coders
from dashboard.live.lines import Line, Why
from dashboard.live.pulls import Pulls
from dashboard.live.recoding import NICE, Bounds
from domain.places import Transport
from domain.timeline import SystemClock
from ingest.recorder import Assignment
from ingest.source import Source
from records.schedule import Needs
from tests.dashboard.live.high_efficiency import HEIGHT, WIDTH, Playing, decoded

CAMERA = Assignment("c1", "b", "f", "rtsp://192.0.2.1/s", None, Transport.TCP)
OTHER = replace(CAMERA, camera="c2", url="rtsp://192.0.2.2/s")
PATIENCE_S = 30.0


@dataclass
class Viewer:
    """What one line was told and shown, taken off as it comes."""

    line: Line
    said: list[dict[str, Any]] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    fragments: list[bytes] = field(default_factory=list)

    async def read(self) -> None:
        while isinstance(found := await self.line.next(), bytes):
            size = {126: 4, 127: 10}.get(found[1], 2)
            if found[0] == 0x81:
                self.said.append(json.loads(found[size:]))
            else:
                (self.heads if found[size] == 1 else self.fragments).append(found[size + 12 :])

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 (of many things, of which most tell nobody)
                await asyncio.sleep(0.01)

    async def shown(self, more: int = 5) -> None:
        wanted = len(self.fragments) + more
        await self.until(lambda: len(self.fragments) >= wanted)

    async def told(self, state: str) -> dict[str, Any]:
        """Until it is said of the camera."""
        await self.until(lambda: state in self.states)
        return next(each for each in reversed(self.said) if each.get("state") == state)

    @property
    def states(self) -> list[str]:
        return [each["state"] for each in self.said if each["kind"] == "camera"]


@dataclass
class Hall:
    """Cameras that send H.265, and who watches them."""

    coders: Coders
    pulls: Pulls
    sources: list[Source] = field(default_factory=list)
    readers: list[asyncio.Task[None]] = field(default_factory=list)

    def watch(self, camera: Assignment = CAMERA) -> Viewer:
        viewer = Viewer(Line())
        self.pulls.join(viewer.line, camera, 0)
        self.readers.append(asyncio.create_task(viewer.read()))
        return viewer

    def leave(self, viewer: Viewer, camera: Assignment = CAMERA) -> None:
        self.pulls.leave(viewer.line, camera.camera)
        viewer.line.end(Why.STOPPING)


def played(
    test: Callable[[Hall], Awaitable[None]], most: int = 1, open_source: Callable[[], Source] = Playing
) -> None:
    async def run() -> None:
        sources: list[Source] = []

        def opened(_: Assignment) -> Source:
            sources.append(open_source())
            return sources[-1]

        coders = Coders(most, Bounds(96, 15))
        hall = Hall(coders, Pulls(opened, SystemClock(), coders=coders), sources)
        try:
            await asyncio.wait_for(test(hall), 2 * PATIENCE_S)
        finally:
            await hall.pulls.stop()
            await asyncio.gather(*hall.readers)
        assert coders.running == 0
        assert children() == []

    asyncio.run(run())


def children() -> list[int]:
    """The processes that code anew for this one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if recoding.__name__.encode() in words and parent == os.getpid():
            found.append(int(entry.name))
    return found


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulls_module, "LINGER_S", 0.1)


def test_all_who_watch_a_camera_share_one_process_and_see_that_it_is_coded_anew() -> None:
    async def test(hall: Hall) -> None:
        first = hall.watch()
        await first.shown()
        second = hall.watch()
        await second.shown()
        await first.shown()
        assert hall.coders.running == len(children()) == 1
        assert len(hall.sources) == 1
        film = decoded([first.heads[0], *first.fragments])
        assert {(each.width, each.height) for each in film} == {(160, 96)}
        assert len({each.to_ndarray()[0, 0] for each in film}) > 3, "one and the same picture"
        for viewer in (first, second):
            told = await viewer.told("playing")
            sizes = {"width": 160, "height": 96, "of_width": WIDTH, "of_height": HEIGHT}
            assert told["anew"] == {"codec": "h265", **sizes}

    played(test)


def test_it_ends_with_the_last_viewer_and_begins_again_with_the_next() -> None:
    async def test(hall: Hall) -> None:
        first, second = hall.watch(), hall.watch()
        await first.shown()
        hall.leave(first)
        await second.shown()
        (process,) = children()
        hall.leave(second)
        await second.until(lambda: hall.coders.running == 0)
        assert children() == []
        third = hall.watch()
        await third.shown()
        assert children() != [process]

    played(test)


def test_where_as_many_run_as_may_the_next_is_told_so_and_has_its_turn_later() -> None:
    async def test(hall: Hall) -> None:
        first = hall.watch()
        await first.shown()
        second = hall.watch(OTHER)
        told = await second.told("no_coder")
        assert told["until"] > time.time() * 1e6
        assert (hall.coders.running, hall.coders.refused) == (1, 1)
        hall.pulls.keep_to(Needs())
        await asyncio.sleep(0.1)
        assert hall.coders.refused == 1, "its camera is asked again although none is free"
        await first.shown()
        hall.leave(first)
        await second.until(lambda: hall.coders.running == 0)
        hall.pulls.keep_to(Needs())
        await second.shown()
        assert second.states[-1] == "playing"

    played(test)


def test_a_process_that_is_killed_is_told_of_and_another_one_begins() -> None:
    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        await viewer.shown()
        (process,) = children()
        os.kill(process, signal.SIGKILL)
        await viewer.told("coder_lost")
        seen = len(viewer.fragments)
        await viewer.until(lambda: len(viewer.fragments) > seen + 5)
        assert viewer.states[-1] == "playing"
        assert hall.coders.lost == 1
        assert children() != [process]

    played(test)


def test_a_process_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        await viewer.shown()
        (process,) = children()
        with monkeypatch.context() as patience:
            patience.setattr(coders_module, "STUCK_S", 0.5)
            os.kill(process, signal.SIGSTOP)
            await viewer.told("coder_lost")
        await viewer.shown()
        assert children() != [process]

    played(test)


def test_one_that_is_behind_leaves_pictures_out_up_to_a_key_frame_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coders_module, "BEHIND_S", 0.3)

    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        await viewer.shown()
        (process,) = children()
        os.kill(process, signal.SIGSTOP)
        await asyncio.sleep(1.5)
        os.kill(process, signal.SIGCONT)
        await viewer.shown(20)
        assert children() == [process]
        assert viewer.states.count("playing") == 1
        film = decoded([viewer.heads[0], *viewer.fragments])
        assert len(film) == sum(each.count(b"moof") for each in viewer.fragments)

    played(test)


def test_a_camera_that_stalls_is_told_as_such_and_leaves_no_process() -> None:
    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        await viewer.shown()
        source = hall.sources[0]
        assert isinstance(source, Playing)
        source.silent.set()
        await viewer.told("stalled")
        await viewer.until(lambda: viewer.states[-1] == "playing")  # it is connected anew
        await viewer.shown()

    played(test)


def test_pictures_of_which_nothing_can_be_made_are_told_and_left_alone() -> None:
    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        told = await viewer.told("undecodable")
        assert told["until"] > time.time() * 1e6
        await viewer.until(lambda: hall.coders.running == 0)

    played(test, open_source=lambda: Playing(alter=[b"\x26\x01" + bytes(range(1, 200))]))


def test_a_process_is_of_low_priority_dies_first_and_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_S3_SECRET_KEY", "nobody's business")

    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        await viewer.shown()
        (process,) = children()
        assert os.getpriority(os.PRIO_PROCESS, process) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
        about = Path("/proc") / str(process)
        assert (about / "oom_score_adj").read_text().strip() == "1000"
        assert b"KAOJIAN_" not in (about / "environ").read_bytes()

    played(test)


def test_with_none_allowed_nothing_is_coded_anew() -> None:
    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        await viewer.told("unsupported")
        assert (hall.coders.running, hall.coders.refused, children()) == (0, 0, [])

    played(test, most=0)


def test_recording_takes_its_camera_and_its_process_goes_at_once() -> None:
    async def test(hall: Hall) -> None:
        viewer = hall.watch()
        await viewer.shown()
        hall.pulls.keep_to(Needs(frozenset({"c1"}), frozenset({"c1"})))
        await viewer.until(lambda: hall.coders.running == 0)
        await asyncio.sleep(0.1)
        assert viewer.states[-1] == "yielded"

    played(test)
