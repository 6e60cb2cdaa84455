"""Records one camera for as long as it is wanted: connects, stamps, cuts, and accounts for every second without.

The state is small: a run while pictures come, an outage while they do not. The first retry is immediate, later
ones are never more than RETRY_MAX_S apart, and nothing is ever given up. Not here: who wants the camera
(``ingest.supervisor``), how bytes become durable (``ingest.bookkeeper``).
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import structlog

from config.secrets import Credentials
from domain.evidence import CameraEvent, CameraState, Cause, EndReason, Outage, Run
from domain.places import Engine, Transport
from domain.timeline import Clock
from ingest import camera_state
from ingest.bookkeeper import Bookkeeper, RunBook
from ingest.camera_state import Happening
from ingest.clock import WARM_UP_S, RunClock, stepped
from ingest.devices import Device, Devices
from ingest.host_clock import HeardClock
from ingest.relay.server import Channel
from ingest.segmenter import Closed, Event, Fragment, Hole, Opened, Segmenter
from ingest.source import (
    AccessUnit,
    CameraRefused,
    CameraUnreachable,
    ConnectionLost,
    Heard,
    NoPicture,
    Source,
    SourceError,
    UnsupportedStream,
)
from ingest.spool import SpoolError, segment_key

_log = structlog.get_logger()

RETRY_MAX_S = 1.0
"""Longest pause between two attempts; a refused connection on a local network costs next to nothing."""

SOUNDLESS_S = 10.0
"""Pictures for so long without any sound that was asked for: that is told, once, and changes nothing else."""

KEYLESS_S = 3.0
"""Waiting longer than this for a first key frame is told apart from the outage before it: the connection stands."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One camera that must be recorded now. ``folder`` is where its segments are named: site/batch/camera."""

    camera: str
    batch: str
    folder: str
    url: str
    credentials: Credentials | None
    transport: Transport
    device: Device | None = None  # what it is reached through, shared with other cameras
    engine: Engine = Engine.AUTO
    audio: bool = False  # its sound as well
    trial: bool = False  # no run, and so no file, holds both a trial and anything else


@dataclass(frozen=True, slots=True)
class Cutting:
    """Wished lengths in seconds of segments and fragments."""

    segment_s: float = 60.0
    fragment_s: float = 1.0


class _ClockSteppedError(Exception):
    """The host's wall clock jumped under a run."""


class _OverflowError(Exception):
    """The disk does not keep up with the network."""


@dataclass(slots=True)
class _ActiveRun:
    id: str
    clock: RunClock
    segmenter: Segmenter
    book: RunBook | None = None  # from the first stamped picture on
    held: list[AccessUnit] | None = field(default_factory=list)  # the first pictures, until the clock is warm
    started: datetime | None = None
    keyless_s: float = 0.0  # how long its first picture was waited for
    confirmed: bool = False  # whether its first pictures are on the disk, so that the outage before it is over


@dataclass(slots=True)
class _OpenOutage:
    id: str
    start: datetime
    cause: Cause
    detail: str
    seen_answering: bool  # whether the camera answered since the outage began


class CameraRecorder:
    """Records ``assignment`` until its task is cancelled; ``stop_reason`` says why that happens.

    ``recorder`` is the life that all rows are written under, ``name`` what the recorder was named, if it was.
    Viewers see on ``channel`` what was taken for recording before.
    """

    def __init__(
        self,
        *,
        recorder: str,
        assignment: Assignment,
        open_source: Callable[[Assignment], Source],
        book: Bookkeeper,
        cutting: Cutting,
        clock: Clock,
        name: str = "",
        channel: Channel | None = None,
        devices: Devices | None = None,
    ) -> None:
        self.assignment = assignment
        self.stop_reason = EndReason.RECORDER_STOPPED
        self._recorder = recorder
        self._name = name
        self._open_source = open_source
        self._book = book
        self._cutting = cutting
        self._clock = clock
        self._channel = channel
        self._devices = devices or Devices()
        self._run: _ActiveRun | None = None
        self._outage: _OpenOutage | None = None
        self._watch: camera_state.Watch | None = None
        self._failures = 0
        self._attempted = _NEVER  # when the connection in hand was begun to be made
        self._soundless_since: float | None = None  # monotonic, from the first picture of a run until sound comes
        self._told_of_no_sound = False
        self._told_until = _NEVER  # the end of the last run
        self._heard: tuple[datetime, datetime, float] | None = None  # camera's clock, ours, and when (monotonic)

    @property
    def heard_clock(self) -> HeardClock | None:
        """The camera's clock as its latest picture of this run told it; None while there is none."""
        if self._heard is None:
            return None
        told, instant, heard = self._heard
        address = urlsplit(self.assignment.url).netloc.rpartition("@")[2]
        return HeardClock(address, (told - instant).total_seconds(), heard)

    def look(self) -> None:
        """Time went by; called every second or so."""
        self._met(Happening.NOTHING, "")

    def _met(self, happening: Happening, detail: str) -> None:
        """Tell of the camera's state where it changed (``ingest.camera_state`` has the rules)."""
        now = self._clock.now()
        watch = self._watch or camera_state.begun(now)
        self._watch, told = camera_state.after(watch, happening, now)
        if told is None:
            return
        dark_s = told.dark.total_seconds() if told.dark is not None else None
        if dark_s is not None:
            detail = f"pictures after {dark_s:.1f} s"
        event = CameraEvent(
            uuid4().hex, self.assignment.camera, self._recorder, now, told.state, detail, told.changes
        )
        self._book.add_event(replace(event, dark_s=dark_s))

    async def run(self) -> None:
        """Attempt after attempt. Returns only by cancellation, with every row closed."""
        try:
            while True:
                attempted = self._attempted = self._clock.now()
                try:
                    await self._attempt()
                except SourceError as error:
                    self._source_failed(error, attempted)
                except _ClockSteppedError:
                    self._lose(EndReason.CLOCK_STEP, Cause.CLOCK_STEP, "the host's clock was stepped", attempted)
                except _OverflowError as error:
                    self._lose(EndReason.OVERFLOW, Cause.OVERFLOW, str(error), attempted)
                    self._met(Happening.BREAK, str(error))
                except SpoolError as error:
                    self._lose(EndReason.DISK_FULL, error.cause, str(error), attempted)
                    self._met(Happening.BREAK, str(error))
                await asyncio.sleep(self._pause_s())
        finally:
            self._end_run(self.stop_reason)
            self._end_outage(self._clock.now())

    async def _attempt(self) -> None:
        if self._book.backlog_bytes > self._book.backlog_limit_bytes // 2:
            raise _OverflowError("the disk is still behind")
        await asyncio.to_thread(self._book.require_room)
        at = self.assignment.url
        source = self._devices.through(self.assignment.device, self._open_source(self.assignment))
        async with aclosing(source.units()) as units:
            async for unit in units:
                if self.assignment.url != at:
                    raise ConnectionLost("the camera was set up at another address 摄像机已改用新地址")
                self._take(unit)
                if self._channel is not None:
                    self._channel.show(unit)
        raise ConnectionLost("the source ended without a reason")

    def _take(self, unit: AccessUnit) -> None:
        run = self._run
        if run is None:
            run = self._run = self._new_run()
            run.keyless_s = unit.keyless_s
        if self.assignment.audio:
            self._listen(unit)
        if _stepped(run, unit):
            raise _ClockSteppedError
        if run.held is None:
            self._record(run, unit)
        else:
            run.held.append(unit)
            if unit.arrived_monotonic - run.held[0].arrived_monotonic >= WARM_UP_S:
                self._release(run)
        if run.book is not None and run.book.failure is not None:
            raise run.book.failure
        if run.book is not None and run.started is not None and run.book.durable_until > run.started:
            self._confirm(run)
        if self._book.backlog_bytes > self._book.backlog_limit_bytes:
            raise _OverflowError(f"{self._book.backlog_bytes} bytes wait for the disk")

    def _release(self, run: _ActiveRun) -> None:
        """Record the pictures that were held; from here on each is recorded as it comes."""
        held, run.held = run.held, None
        if held:
            seen = [(unit.rtp_time, unit.arrived, unit.arrived_monotonic) for unit in held]
            run.clock.warm_up(seen, held[0].earlier)
            heard = next((unit.heard for unit in held if unit.heard is not None), None)
            if heard is not None and held[0].heard is None:  # or the first file would have no place for it
                held[0] = replace(held[0], heard=Heard(heard.format))
            for unit in held:
                self._record(run, unit)

    def _listen(self, unit: AccessUnit) -> None:
        """Tell once that a camera sends no sound although that is asked of it; the pictures do without."""
        if (unit.heard is not None and unit.heard.frames) or self._soundless_since is None:
            self._soundless_since = unit.arrived_monotonic
        elif unit.arrived_monotonic - self._soundless_since >= SOUNDLESS_S and not self._told_of_no_sound:
            self._told_of_no_sound = True
            detail = (
                "没有声音(已要求录音),画面照常记录 / asked for sound, none comes; pictures are recorded all the same"
            )
            camera, now = self.assignment.camera, self._clock.now()
            _log.warning("sound_missing", camera=camera)
            self._book.add_event(CameraEvent(uuid4().hex, camera, self._recorder, now, CameraState.LIVE, detail, 0))

    def _record(self, run: _ActiveRun, unit: AccessUnit) -> None:
        stamp = run.clock.stamp(unit.rtp_time, unit.arrived, unit.arrived_monotonic)
        if unit.camera_time is not None:
            self._heard = (unit.camera_time, stamp.instant, unit.arrived_monotonic)
        for event in run.segmenter.take(unit, stamp):
            self._carry_out(run, event)

    def _new_run(self) -> _ActiveRun:
        """Cameras close their first files at different times, spread by their names."""
        spread = zlib.crc32(self.assignment.camera.encode()) % 1000 / 1000
        first_cut_s = self._cutting.segment_s * (0.5 + 0.5 * spread)
        segmenter = Segmenter(self._cutting.segment_s, self._cutting.fragment_s, first_cut_s, self._told_until)
        return _ActiveRun(uuid4().hex, RunClock(), segmenter)

    def _carry_out(self, run: _ActiveRun, event: Event) -> None:
        match event:
            case Opened():
                self._open_file(run, event)
            case Fragment() if run.book is not None:
                run.book.append(event.data, event.until)
            case Closed() if run.book is not None:
                run.book.close_file(event)
            case Hole():
                self._note_hole(event)

    def _open_file(self, run: _ActiveRun, event: Opened) -> None:
        if run.book is None:
            run.started = event.first
            if run.keyless_s > KEYLESS_S:
                self._waited_for_key(event.first - timedelta(seconds=run.keyless_s), run.keyless_s)
            run.book = self._book.new_run(Run(run.id, self.assignment.camera, self._recorder, event.first))
        key = segment_key(self.assignment.folder, event.first, self._name)
        run.book.open_file(key, self.assignment.batch, event.head)

    def _confirm(self, run: _ActiveRun) -> None:
        """Pictures arrive and the disk takes them: the outage ended with the run's first picture."""
        if not run.confirmed and run.started is not None:
            run.confirmed = True
            self._met(Happening.PICTURES, "")
            self._failures = 0
            self._end_outage(run.started)

    def _note_hole(self, hole: Hole) -> None:
        span = hole.interval
        _log.warning("hole_recorded", camera=self.assignment.camera, cause=hole.cause, seconds=round(span.seconds, 3))
        outage = Outage(uuid4().hex, self.assignment.camera, span.start, span.end, hole.cause, hole.detail)
        self._book.open_outage(replace(outage, recorder=self._recorder))

    def _end_run(self, reason: EndReason) -> datetime | None:
        """Close the file and the run; the end of what is recorded or told, None when there was no run."""
        run, self._run = self._run, None
        if run is not None:
            self._release(run)
        self._heard = self._soundless_since = None
        if run is None:
            return None
        for event in run.segmenter.end():
            self._carry_out(run, event)
        ended = run.segmenter.recorded_until
        if run.book is None or ended is None:
            return None
        failed = run.book.failure is not None
        told = run.book.durable_until if failed else run.segmenter.accounted_until or ended
        run.book.end(min(ended, told), reason, self._told_until)
        if not failed:
            self._confirm(run)
        self._told_until = told if reason is not EndReason.CLOCK_STEP else _NEVER  # by another clock
        return told

    def _source_failed(self, error: SourceError, attempted: datetime) -> None:
        if isinstance(error, NoPicture):
            self._lose(EndReason.NO_DATA, Cause.NO_DATA, str(error), attempted, answering=True)
        else:
            answering = not isinstance(error, CameraUnreachable)
            self._lose(
                EndReason.CAMERA_DISCONNECTED, Cause.CAMERA_DISCONNECTED, str(error), attempted, answering=answering
            )
        self._met(_happening(error), str(error))  # after the run, whose last pictures may only now be known as kept

    def _lose(
        self, reason: EndReason, cause: Cause, detail: str, attempted: datetime, *, answering: bool = False
    ) -> None:
        """Pictures stopped coming, or still do not come: begin, keep, rename or split the outage."""
        self._failures += 1
        if self._channel is not None and self._run is not None:
            self._channel.lost()
        ended = self._end_run(reason)
        outage = self._outage
        if outage is None:
            self._begin_outage(ended or attempted, cause, detail, seen_answering=False)
        elif cause is outage.cause:
            outage.seen_answering = outage.seen_answering or answering
        elif outage.cause is Cause.NO_DATA and cause is Cause.CAMERA_DISCONNECTED and not outage.seen_answering:
            outage.cause, outage.detail = cause, detail  # silence first, then no connection: it was unplugged
        else:
            self._end_outage(attempted)
            self._begin_outage(attempted, cause, detail, seen_answering=answering)

    def _begin_outage(self, start: datetime, cause: Cause, detail: str, *, seen_answering: bool) -> None:
        camera = self.assignment.camera
        _log.warning("camera_lost", camera=camera, cause=cause, detail=detail)
        self._outage = _OpenOutage(uuid4().hex, start, cause, detail, seen_answering)
        self._book.open_outage(Outage(self._outage.id, camera, start, None, cause, detail, self._recorder))

    def _waited_for_key(self, since: datetime, seconds: float) -> None:
        """Pictures came again at ``since``, but none to begin with: from then on that is why nothing was recorded."""
        since = max(since, self._attempted)  # earlier only by a clock that was set back while it was waited for
        detail = f"pictures came, the first key frame after {seconds:.1f} s; shorten the camera's I-frame interval"
        if self._outage is not None:
            since = max(since, self._outage.start)
            if self._outage.cause is not Cause.NO_DATA:
                self._end_outage(since)
        if self._outage is None:
            self._begin_outage(max(since, self._told_until), Cause.NO_DATA, detail, seen_answering=True)

    def _end_outage(self, end: datetime) -> None:
        outage, self._outage = self._outage, None
        if outage is None:
            return
        end = max(end, outage.start)
        seconds = (end - outage.start).total_seconds()
        _log.info("camera_back", camera=self.assignment.camera, cause=outage.cause, seconds=round(seconds, 3))
        self._book.close_outage(outage.id, end, outage.cause, outage.detail)

    def _pause_s(self) -> float:
        """Nothing after the first failure, then growing with jitter up to RETRY_MAX_S."""
        if self._failures <= 1:
            return 0.0
        longest_s = min(RETRY_MAX_S, 0.1 * float(2 ** min(self._failures, 6)))
        return longest_s * random.uniform(0.5, 1.0)  # noqa: S311 (jitter, no secret)


def _happening(error: SourceError) -> Happening:
    match error:
        case NoPicture():
            return Happening.SILENCE
        case CameraRefused() | UnsupportedStream():
            return Happening.REFUSAL
        case _:
            return Happening.BREAK


def _stepped(run: _ActiveRun, unit: AccessUnit) -> bool:
    """Whether the host's wall clock was stepped since the run's first picture, be it held still or stamped."""
    if run.held:
        first = run.held[0]
        return stepped(first.arrived, first.arrived_monotonic, unit.arrived, unit.arrived_monotonic)
    return run.clock.stepped(unit.arrived, unit.arrived_monotonic)
