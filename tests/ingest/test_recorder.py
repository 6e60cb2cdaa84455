"""One camera's recorder: runs, outages and their causes, as the database has them afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.evidence import CameraEvent, CameraState, Cause, EndReason, Outage, Recorder, Run, Segment
from domain.places import Transport
from domain.timeline import Interval
from ingest.bookkeeper import Bookkeeper
from ingest.recorder import Assignment, CameraRecorder, Cutting
from ingest.relay.server import Channel
from ingest.source import (
    AccessUnit,
    CameraRefused,
    CameraUnreachable,
    ConnectionLost,
    NoPicture,
    Source,
    UnsupportedStream,
)
from ingest.spool import Spool, SpoolBroken, SpoolFile, SpoolFull
from storage.database import Database, connect
from tests.fakes.source import Act, FakeSource
from tests.fakes.time import NOON, FakeClock
from tests.ingest.pictures import FPS, unit

CAMERA = Assignment("cam", "batch", "site/batch/cam", "rtsp://127.0.0.1/", None, Transport.TCP)
DAY = Interval(NOON - timedelta(hours=1), NOON + timedelta(hours=12))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    opened.evidence.begin_recorder(Recorder("r1", "host", NOON, NOON))
    yield opened
    opened.close()


class Played:
    """A recorder that has gone through a list of scripts, one per connection."""

    def __init__(self, database: Database, spool: Spool) -> None:
        self.database = database
        self.spool = spool
        self.clock = FakeClock(NOON)
        self.pause_s = 0.0
        self.channel: Channel | None = None

    def play(self, *scripts: Sequence[Act], meanwhile: Callable[[], None] | None = None) -> None:
        asyncio.run(self._play(scripts, meanwhile))

    async def _play(self, scripts: Sequence[Sequence[Act]], meanwhile: Callable[[], None] | None) -> None:
        waiting = list(scripts)
        exhausted = asyncio.Event()

        def open_source(_: Assignment) -> Source:
            script = waiting.pop(0) if waiting else ()
            if not waiting:
                exhausted.set()
            return FakeSource(self.clock, script, self.pause_s)

        book = Bookkeeper(self.spool, self.database.evidence, self.clock)
        recorder = CameraRecorder(
            recorder="r1",
            assignment=CAMERA,
            open_source=open_source,
            book=book,
            cutting=Cutting(4.0, 1.0),
            clock=self.clock,
            channel=self.channel,
        )
        recorder.stop_reason = EndReason.NOT_NEEDED
        task = asyncio.create_task(recorder.run())
        await exhausted.wait()
        for _ in range(2 * sum(len(script) for script in scripts) + 10):
            await asyncio.sleep(self.pause_s)
        if meanwhile is not None:
            meanwhile()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        book.finish()

    @property
    def runs(self) -> list[Run]:
        return self.database.evidence.runs("cam", DAY)

    @property
    def outages(self) -> list[Outage]:
        return self.database.evidence.outages("cam", DAY)

    @property
    def segments(self) -> list[Segment]:
        return self.database.evidence.segments("cam", DAY)

    @property
    def events(self) -> list[CameraEvent]:
        return self.database.evidence.events(DAY)


@pytest.fixture
def played(database: Database, tmp_path: Path) -> Played:
    return Played(database, Spool(tmp_path / "spool", 0))


def _units(start: int, end: int) -> list[Act]:
    return [unit(n) for n in range(start, end)]


def _seconds(instant: datetime | None) -> float:
    assert instant is not None
    return (instant - NOON).total_seconds()


def test_a_camera_that_is_not_needed_any_more_leaves_one_whole_run_and_no_outage(played: Played) -> None:
    played.play(_units(0, 10 * FPS))
    (run,) = played.runs
    assert (_seconds(run.started), _seconds(run.ended)) == (0, 10)
    assert run.end_reason is EndReason.NOT_NEEDED
    assert played.outages == []
    assert sum(segment.frames for segment in played.segments) == 10 * FPS
    assert all((played.spool.root / segment.key).stat().st_size == segment.size_bytes for segment in played.segments)


def test_a_lost_connection_is_one_outage_from_the_last_picture_to_the_first_new_one(played: Played) -> None:
    played.play([*_units(0, 75), ConnectionLost("closed")], [CameraUnreachable("refused")], _units(195, 300))
    (outage,) = played.outages
    assert outage.cause is Cause.CAMERA_DISCONNECTED
    assert abs(_seconds(outage.start) - 5) < 0.01
    assert abs(_seconds(outage.end) - 13) < 0.01
    assert [run.end_reason for run in played.runs] == [EndReason.CAMERA_DISCONNECTED, EndReason.NOT_NEEDED]


class Shown(Channel):
    """A channel that remembers what it was told: picture numbers, and -1 for a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[int] = []

    def show(self, unit: AccessUnit) -> None:
        self.told.append(round((unit.arrived - NOON).total_seconds() * FPS))

    def lost(self) -> None:
        self.told.append(-1)


def test_viewers_are_shown_every_picture_and_every_loss_once(played: Played) -> None:
    shown = played.channel = Shown()
    played.play([*_units(0, 30), ConnectionLost("closed")], [CameraUnreachable("refused")], _units(60, 70))
    assert shown.told == [*range(30), -1, *range(60, 70)]


def _after_waiting(number: int, keyless_s: float) -> list[Act]:
    return [replace(unit(number), keyless_s=keyless_s), *_units(number + 1, number + 10 * FPS)]


def test_a_first_key_frame_that_comes_late_is_a_gap_of_its_own_at_the_start(played: Played) -> None:
    played.play(_after_waiting(27 * FPS, 26.0))
    (outage,) = played.outages
    assert outage.cause is Cause.NO_DATA
    assert (_seconds(outage.start), _seconds(outage.end)) == (1, 27)
    assert "first key frame after 26.0 s" in (outage.detail or "")


def test_waiting_for_a_key_frame_is_told_apart_from_the_lost_connection_before_it(played: Played) -> None:
    played.play([*_units(0, 75), ConnectionLost("closed")], _after_waiting(30 * FPS, 20.0))
    lost, waited = played.outages
    assert (lost.cause, _seconds(lost.start), _seconds(lost.end)) == (Cause.CAMERA_DISCONNECTED, 5, 10)
    assert (waited.cause, _seconds(waited.start), _seconds(waited.end)) == (Cause.NO_DATA, 10, 30)


def test_a_wait_for_a_key_frame_never_began_before_the_connection_although_the_clock_was_set_back(
    played: Played,
) -> None:
    waited = [unit(n, start=NOON - timedelta(seconds=2)) for n in range(7 * FPS, 10 * FPS)]
    for late in waited:
        object.__setattr__(late, "arrived_monotonic", late.arrived_monotonic + 2)
    played.play([replace(waited[0], keyless_s=6.5), *waited[1:]])
    (outage,) = played.outages
    assert (outage.cause, _seconds(outage.start), _seconds(outage.end)) == (Cause.NO_DATA, 0, 5)


def test_a_wait_for_a_key_frame_that_came_late_ends_where_it_was_taken(played: Played) -> None:
    earlier = tuple((unit(n).rtp_time, unit(n).arrived_monotonic) for n in range(24 * FPS, 25 * FPS))
    late = [unit(n, late_s=1.0) for n in range(25 * FPS, 27 * FPS)]
    first = replace(late[0], keyless_s=15.0, earlier=earlier)
    played.play([*_units(0, 75), ConnectionLost("closed")], [first, *late[1:]])
    spans = [(outage.cause, _seconds(outage.start), _seconds(outage.end)) for outage in played.outages]
    assert spans == [(Cause.CAMERA_DISCONNECTED, 5, 10), (Cause.NO_DATA, 10, 25)]


def test_a_short_wait_for_a_key_frame_belongs_to_the_outage_before_it(played: Played) -> None:
    played.play([*_units(0, 75), ConnectionLost("closed")], _after_waiting(8 * FPS, 1.0))
    (outage,) = played.outages
    assert (outage.cause, _seconds(outage.start), _seconds(outage.end)) == (Cause.CAMERA_DISCONNECTED, 5, 8)


def test_pictures_before_the_first_key_frame_tell_that_it_came_late(played: Played) -> None:
    earlier = tuple((unit(n).rtp_time, unit(n).arrived_monotonic) for n in range(4 * FPS, 5 * FPS))
    late = [unit(n, late_s=1.0) for n in range(5 * FPS, 7 * FPS)]
    played.play([replace(late[0], earlier=earlier), *late[1:], *_units(8 * FPS, 9 * FPS)])
    (run,) = played.runs
    assert _seconds(run.started) == pytest.approx(5, abs=0.001)


def test_silence_on_an_open_connection_is_no_data(played: Played) -> None:
    played.play([*_units(0, 75), NoPicture("silent")], [NoPicture("silent")], _units(165, 200))
    (outage,) = played.outages
    assert outage.cause is Cause.NO_DATA
    assert abs(_seconds(outage.start) - 5) < 0.01
    assert abs(_seconds(outage.end) - 11) < 0.01


def test_silence_followed_by_an_unreachable_camera_was_an_unplugged_camera_from_the_start(played: Played) -> None:
    played.play([*_units(0, 75), NoPicture("silent")], [CameraUnreachable("no route")], _units(195, 220))
    (outage,) = played.outages
    assert outage.cause is Cause.CAMERA_DISCONNECTED
    assert abs(_seconds(outage.start) - 5) < 0.01


def test_a_camera_that_answers_again_but_shows_nothing_splits_the_outage(played: Played) -> None:
    played.play(
        [*_units(0, 75), ConnectionLost("closed")],
        [CameraUnreachable("refused")],
        [NoPicture("silent")],
        _units(300, 320),
    )
    assert [outage.cause for outage in played.outages] == [Cause.CAMERA_DISCONNECTED, Cause.NO_DATA]
    first, second = played.outages
    assert first.end == second.start


@pytest.mark.parametrize(
    "error",
    [
        CameraUnreachable("127.0.0.1:554 refused the connection"),
        CameraRefused("401: wrong password"),
        UnsupportedStream("only H.265 is offered"),
    ],
)
def test_a_camera_that_never_came_has_an_outage_that_says_why(played: Played, error: Act) -> None:
    played.play([error], [error], meanwhile=lambda: played.clock.advance(5))
    (outage,) = played.outages
    assert outage.cause is Cause.CAMERA_DISCONNECTED
    assert outage.detail == str(error)
    assert _seconds(outage.end) - _seconds(outage.start) >= 5
    assert played.runs == []


def test_a_step_of_the_hosts_clock_ends_the_run_and_is_named(played: Played) -> None:
    ahead = NOON + timedelta(seconds=30)
    stepped = [unit(n, start=ahead) for n in range(75, 150)]
    for late in stepped:
        object.__setattr__(late, "arrived_monotonic", late.arrived_monotonic - 30)
    played.play([*_units(0, 75), stepped[0]], [unit(n, start=ahead) for n in range(75, 150)])
    (outage,) = played.outages
    assert outage.cause is Cause.CLOCK_STEP
    assert abs((_seconds(outage.end) - _seconds(outage.start)) - 30) < 0.1
    assert [run.end_reason for run in played.runs] == [EndReason.CLOCK_STEP, EndReason.NOT_NEEDED]


class SmallDisk(Spool):
    """A spool on a disk that takes so many bytes and no more."""

    def __init__(self, root: Path, room: int) -> None:
        super().__init__(root, 0)
        self.room = room

    def create(self, key: str) -> SpoolFile:
        if self.room <= 0:
            raise SpoolFull("no space left")
        file = super().create(key)
        append = file.append

        def metered(data: bytes) -> None:
            self.room -= len(data)
            if self.room < 0:
                append(data[: len(data) // 2])
                raise SpoolFull("no space left")
            append(data)

        file.append = metered  # type: ignore[method-assign]
        return file


def test_a_full_disk_keeps_what_was_written_and_names_the_rest(database: Database, tmp_path: Path) -> None:
    whole = sum(len(nal) for n in range(10 * FPS) for nal in unit(n).nals)
    played = Played(database, SmallDisk(tmp_path / "spool", whole // 2))
    played.pause_s = 0.002
    played.play(_units(0, 10 * FPS), [])
    assert [outage.cause for outage in played.outages] == [Cause.DISK_FULL]
    (run,) = played.runs
    assert run.end_reason is EndReason.DISK_FULL
    assert played.events[-1].state is not CameraState.LIVE  # whatever the camera sends: nothing is kept of it
    assert "no space left" in played.events[-1].detail
    assert played.segments[-1].interval.end <= played.outages[0].start
    assert _seconds(played.outages[0].start) - _seconds(played.segments[-1].interval.end) < 1.1
    for segment in played.segments:
        assert played.spool.read_back(segment.key).sha256 == segment.sha256


def test_a_camera_that_begins_with_an_old_key_frame_takes_nothing_from_the_run_before(played: Played) -> None:
    old = unit(4 * FPS, late_s=2.0)  # taken a second before the connection was lost, sent a second after
    assert old.key
    played.play([*_units(0, 5 * FPS), ConnectionLost("closed")], [old, *_units(6 * FPS, 9 * FPS)])
    spans = {outage.cause: (_seconds(outage.start), _seconds(outage.end)) for outage in played.outages}
    assert spans[Cause.NO_DATA] == pytest.approx((5, 6), abs=0.01)
    assert all(start >= 4.99 for start, _ in spans.values())


def test_a_hole_after_the_clock_was_set_back_is_told(played: Played) -> None:
    back = NOON - timedelta(seconds=30)
    stepped = [unit(n, start=back) for n in (*range(75, 120), *range(165, 200))]
    for late in stepped:
        object.__setattr__(late, "arrived_monotonic", late.arrived_monotonic + 30)
    played.play([*_units(0, 75), stepped[0]], stepped)
    (hole,) = [outage for outage in played.outages if outage.cause is Cause.NO_DATA]
    assert (_seconds(hole.start), _seconds(hole.end)) == pytest.approx((-22, -19), abs=0.01)


def test_a_camera_is_left_alone_while_the_disk_has_no_room(database: Database, tmp_path: Path) -> None:
    played = Played(database, Spool(tmp_path / "spool", reserve_bytes=1 << 60))
    opened = 0

    def open_source(_: Assignment) -> Source:
        nonlocal opened
        opened += 1
        return FakeSource(played.clock, _units(0, 30))

    async def play() -> None:
        book = Bookkeeper(played.spool, database.evidence, played.clock)
        recorder = CameraRecorder(
            recorder="r1",
            assignment=CAMERA,
            open_source=open_source,
            book=book,
            cutting=Cutting(4.0, 1.0),
            clock=played.clock,
        )
        task = asyncio.create_task(recorder.run())
        await asyncio.sleep(0.5)
        played.clock.advance(5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        book.finish()

    asyncio.run(play())
    (outage,) = played.outages
    assert outage.cause is Cause.DISK_FULL
    assert "make room" in outage.detail
    assert _seconds(outage.end) - _seconds(outage.start) == 5
    assert played.runs == []
    assert opened == 0


class BrokenDisk(Spool):
    """A spool on a disk that opens files and then refuses every byte, as a failing controller does."""

    def create(self, key: str) -> SpoolFile:
        file = super().create(key)

        def refuse(data: bytes) -> None:
            raise SpoolBroken(f"Input/output error, {len(data)} bytes not written")

        file.append = refuse  # type: ignore[method-assign]
        return file


def test_a_disk_that_refuses_every_write_is_one_outage_however_often_it_is_tried(
    database: Database, tmp_path: Path
) -> None:
    played = Played(database, BrokenDisk(tmp_path / "spool", 0))
    played.pause_s = 0.002
    played.play(_units(0, 75), _units(75, 150), _units(150, 225), [])
    (outage,) = played.outages
    assert outage.cause is Cause.OVERFLOW
    assert played.segments == []
    assert played.events[-1].state is not CameraState.LIVE


def test_a_camera_s_states_are_written_as_it_comes_and_goes(played: Played) -> None:
    played.play([*_units(0, 4 * FPS), ConnectionLost("the camera hung up")], [CameraRefused("wrong password")])
    assert [event.state for event in played.events] == [CameraState.LIVE, CameraState.CONNECTING, CameraState.REFUSED]
    assert [event.detail for event in played.events][1:] == ["the camera hung up", "wrong password"]
    assert {event.recorder for event in played.events} == {"r1"}
    dark_s = played.events[0].dark_s
    assert dark_s is not None
    assert played.events[0].detail == f"pictures after {dark_s:.1f} s"
    assert [event.dark_s for event in played.events][1:] == [None, None]
