"""The recorder process: follows who is wanted, beats its heart, and leaves everything closed when it stops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from domain.evidence import TRIALS, EndReason, Place
from domain.host_clock import ClockState, HostClock, Witness, judge_clock
from domain.places import Transport
from domain.timeline import Interval, SystemClock
from ingest.recorder import Assignment, Cutting
from ingest.rtsp.client import Limits, RtspSource
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.source import AccessUnit
from ingest.spool import Spool
from ingest.supervisor import Supervisor
from storage.database import Database, connect
from storage.errors import StorageError
from tests.fakes.witnesses import FREE, FakeWitnesses
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


def test_a_camera_that_turns_from_a_trial_to_an_exam_begins_another_run_so_that_no_file_holds_both(
    database: Database, tmp_path: Path
) -> None:
    asked: list[datetime] = []
    enough = threading.Event()
    exam = _assignment("a")
    trial = replace(exam, batch=TRIALS, folder=f"site/{TRIALS}/a", trial=True)

    def wanted(now: datetime) -> list[Assignment]:
        asked.append(now)
        if len(asked) == 5:
            enough.set()
        return [trial if len(asked) < 3 else exam]

    async def play() -> None:
        stop = asyncio.Event()
        supervisor = Supervisor(
            wanted=wanted,
            open_source=lambda _: LiveSource(),
            evidence=database.evidence,
            spool=Spool(tmp_path / "spool", 0),
            cutting=Cutting(60.0, 1.0),
            clock=SystemClock(),
        )
        task = asyncio.create_task(supervisor.run(stop))
        await asyncio.to_thread(enough.wait)
        await asyncio.sleep(0.1)
        stop.set()
        await task

    asyncio.run(play())
    window = Interval(asked[0] - timedelta(minutes=1), asked[-1] + timedelta(minutes=1))
    tried, held = database.evidence.runs("a", window)
    assert tried.end_reason is EndReason.NOT_NEEDED
    assert {each.run for each in database.evidence.trial_segments("a", window)} == {tried.id}
    assert {each.run for each in database.evidence.segments("a", window)} == {held.id}
    assert database.evidence.segments_without_copy(Place.S3, 9) == database.evidence.segments("a", window)


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


async def _recorded(
    database: Database, spool: Path, cameras: Sequence[SimulatedCamera], until: Callable[[HostClock], bool]
) -> None:
    """Record these cameras on a host that no daemon keeps, until a reading is as awaited."""
    urls = {camera.settings.id: camera.url for camera in cameras}
    stop = asyncio.Event()
    supervisor = Supervisor(
        wanted=lambda _: [replace(_assignment(name), url=url) for name, url in urls.items()],
        open_source=lambda assignment: RtspSource(assignment.url, None, Transport.TCP, Limits()),
        evidence=database.evidence,
        spool=Spool(spool, 0),
        cutting=Cutting(2.0, 1.0),
        clock=SystemClock(),
        witnesses=FakeWitnesses(FREE),
    )
    task = asyncio.create_task(supervisor.run(stop))
    for _ in range(600):
        if any(until(reading) for reading in _readings(database)):
            break
        await asyncio.sleep(0.05)
    stop.set()
    await task


def _readings(database: Database) -> list[HostClock]:
    now = SystemClock().now()
    return database.evidence.clock_readings(Interval(now - timedelta(hours=1), now + timedelta(hours=1)))


@pytest.mark.parametrize(
    ("offset_s", "state"), [(0.0, ClockState.SYNCHRONISED), (45.0, ClockState.DISPUTED), (-45.0, ClockState.DISPUTED)]
)
def test_the_clocks_of_real_streams_vouch_for_the_host_or_contradict_it(
    database: Database, tmp_path: Path, offset_s: float, state: ClockState
) -> None:
    settings = [
        CameraSettings(
            f"c{n}", "R", width=320, height=180, fps=10, gop=10, report_interval_s=0.2, clock_offset_s=offset_s
        )
        for n in range(3)
    ]

    async def play() -> None:
        cameras = [SimulatedCamera(each) for each in settings]
        for camera in cameras:
            await camera.start()
        try:
            await _recorded(
                database, tmp_path / "spool", cameras, lambda reading: judge_clock(reading).by is not None
            )
        finally:
            for camera in cameras:
                await camera.stop()

    asyncio.run(play())
    first, *_, last = _readings(database)
    (recorder,) = database.evidence.recorders()
    assert recorder.reads_clock
    assert judge_clock(first).state is ClockState.UNWITNESSED  # read before any camera was connected
    assert (judge_clock(last).state, judge_clock(last).by) == (state, Witness.CAMERAS)
    assert last.cameras is not None
    assert (last.cameras.told, last.cameras.agreeing) == (3, 3)
    assert last.cameras.offset_s == pytest.approx(-offset_s, abs=0.5)
