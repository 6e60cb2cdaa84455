"""The recorder process: follows who is wanted, beats its heart, and leaves everything closed when it stops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from domain.evidence import EndReason
from domain.places import Transport
from domain.timeline import Interval, SystemClock
from ingest.recorder import Assignment, Cutting
from ingest.source import AccessUnit
from ingest.spool import Spool
from ingest.supervisor import Supervisor
from storage.database import Database, connect
from storage.errors import StorageError
from tests.ingest.pictures import FPS, unit


class LiveSource:
    """Pictures as a camera sends them, now."""

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        clock = SystemClock()
        start, begun = clock.now(), clock.monotonic()
        number = 0
        while True:
            await asyncio.sleep(max(0.0, begun + number / FPS - clock.monotonic()))
            picture = unit(number, start=start)
            object.__setattr__(picture, "arrived", clock.now())
            object.__setattr__(picture, "arrived_monotonic", clock.monotonic())
            yield picture
            number += 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    yield opened
    opened.close()


def _assignment(camera: str) -> Assignment:
    return Assignment(camera, "batch", f"site/batch/{camera}", "rtsp://127.0.0.1/", None, Transport.TCP)


def test_cameras_are_recorded_while_wanted_even_when_the_answer_cannot_be_had(
    database: Database, tmp_path: Path
) -> None:
    answers: list[list[str] | StorageError] = [["a", "b"], ["a", "b"], StorageError("away"), ["a"], ["a"]]
    asked: list[datetime] = []
    enough = threading.Event()

    def wanted(now: datetime) -> list[Assignment]:
        asked.append(now)
        if len(asked) == len(answers):
            enough.set()
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, StorageError):
            raise answer
        return [_assignment(camera) for camera in answer]

    async def play() -> None:
        stop = asyncio.Event()
        supervisor = Supervisor(
            wanted=wanted,
            open_source=lambda _: LiveSource(),
            evidence=database.evidence,
            spool=Spool(tmp_path / "spool", 0),
            cutting=Cutting(2.0, 1.0),
            clock=SystemClock(),
        )
        task = asyncio.create_task(supervisor.run(stop))
        await asyncio.to_thread(enough.wait)
        await asyncio.sleep(0.1)
        stop.set()
        await task

    asyncio.run(play())
    window = Interval(asked[0] - timedelta(minutes=1), asked[-1] + timedelta(minutes=1))
    (run_a,) = database.evidence.runs("a", window)
    (run_b,) = database.evidence.runs("b", window)
    assert run_a.end_reason is EndReason.RECORDER_STOPPED
    assert run_b.end_reason is EndReason.NOT_NEEDED
    assert run_b.ended is not None
    assert run_b.ended > asked[2]
    (recorder,) = database.evidence.recorders()
    assert recorder.ended is not None
    assert recorder.seen > recorder.started
    assert database.evidence.open_runs() == []
    segments = database.evidence.segments("a", window)
    assert segments[0].interval.start == run_a.started
    assert segments[-1].interval.end == run_a.ended


class SlowGoodbye(LiveSource):
    """A camera that takes its time to say goodbye; all of them are waited for at once."""

    leaving: ClassVar[set[str]] = set()
    most: ClassVar[int] = 0

    def __init__(self, camera: str) -> None:
        self._camera = camera

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        try:
            async with aclosing(super().units()) as pictures:
                async for picture in pictures:
                    yield picture
        finally:
            self.leaving.add(self._camera)
            type(self).most = max(self.most, len(self.leaving))
            await asyncio.sleep(0.2)
            self.leaving.discard(self._camera)


def test_cameras_are_left_together_so_that_many_do_not_hold_up_the_heartbeat(
    database: Database, tmp_path: Path
) -> None:
    cameras = [f"c{n}" for n in range(8)]

    async def play() -> None:
        stop = asyncio.Event()
        supervisor = Supervisor(
            wanted=lambda _: [_assignment(camera) for camera in cameras],
            open_source=lambda assignment: SlowGoodbye(assignment.camera),
            evidence=database.evidence,
            spool=Spool(tmp_path / "spool", 0),
            cutting=Cutting(2.0, 1.0),
            clock=SystemClock(),
        )
        task = asyncio.create_task(supervisor.run(stop))
        for _ in range(200):
            if len(await asyncio.to_thread(database.evidence.open_runs)) == len(cameras):
                break
            await asyncio.sleep(0.05)
        stop.set()
        await task

    asyncio.run(play())
    assert SlowGoodbye.most == len(cameras)
