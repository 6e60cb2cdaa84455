"""One pull of each camera that somebody watches, shared by all of them. All of it from one asyncio loop.

A pull is a connection of its own to the camera where it has one to spare, else to the recorder that has it (the
relay). Recording comes first, in five ways:

1. Sessions of a video recorder (NVR) that its cameras need to be recorded are never taken.
2. A camera that recording wants, or is about to, is pulled only while a recorder has it (``keep_to``).
3. One that refused a connection beside its recorder's, or that recording lost while a pull had one, gets none again
   while recording wants it: its pictures come from the recorder.
4. One that refuses, or offers nothing to show, is told as such and not asked again for HOLD_OFF_S.
5. A pull ends LINGER_S after its last viewer left.

What browsers do not play is coded anew (``coders``), once for all who watch.

Nobody watching costs nothing; a viewer that does not keep up costs nobody else (``lines``). Not here: who may watch
(``door``), and what recording wants (the wiring asks ``records.schedule``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from dashboard.live.coders import CoderLost, Coders, NotCodedAnew
from dashboard.live.fragments import Fragments, Head, NotShown, Shown
from dashboard.live.lines import Condition, Taker, Why
from dashboard.live.wire import microseconds
from domain.timeline import Clock
from ingest.recorder import Assignment
from ingest.source import AccessUnit, CameraRefused, NoPicture, Source, SourceError, UnsupportedStream
from records.schedule import Needs
from storage.media import VideoFormat

_log = structlog.get_logger()

HOLD_OFF_S: Final = 60.0
"""How long a camera that refused is left alone: its sessions may be the recorder's."""

LINGER_S: Final = 5.0
"""How long a pull outlives its last viewer: who turns a page of the wall comes back."""

RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts at a camera that is lost; the last one goes on."""

KEPT_BYTES: Final = 4 << 20
"""What is kept of a camera since its newest key frame; where that is more, a new viewer waits for the next one."""


@dataclass(frozen=True, slots=True)
class Anew:
    """That pictures are coded anew: of which they are made, and as which they are shown, each with its size."""

    made_of: VideoFormat
    shown_as: VideoFormat

    def words(self) -> dict[str, str | int]:
        of, shown = self.made_of, self.shown_as
        sizes = {"width": shown.width, "height": shown.height, "of_width": of.width, "of_height": of.height}
        return {"codec": of.codec, **sizes}


@dataclass(frozen=True, slots=True)
class Standing:
    """What viewers are told of a camera; ``until`` is when it is tried again, where that is known."""

    condition: Condition
    until: datetime | None = None
    anew: Anew | None = None

    def tell(self, line: Taker) -> None:
        until = None if self.until is None else microseconds(self.until)
        anew = None if self.anew is None else self.anew.words()
        line.tell("camera", state=self.condition, until=until, anew=anew)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a camera's pictures. ``takes`` says that it is a connection to the camera itself."""

    source: Source
    takes: bool


_STAYS: Final = frozenset({Condition.NO_ROOM, Condition.YIELDED, Condition.CODER_LOST})
"""What is told until it is over, not only until the next attempt begins."""


class _Kept(Exception):
    """Recording needs the connections that there are, and no recorder here hands the camera's pictures on."""

    def __init__(self, condition: Condition) -> None:
        super().__init__(condition)
        self.condition = condition


class Pull:
    """One camera as its viewers see it. ``ways`` are tried in order, the next where one refuses; ``spares`` says
    whether the first of them is a connection to the camera. ``coders`` code anew what browsers do not play.
    """

    def __init__(
        self,
        camera: str,
        ways: Callable[[], Iterator[Way]],
        spares: Callable[[], bool],
        clock: Clock,
        hold_off: Callable[[str, Condition], Standing],
        *,
        coders: Coders,
    ) -> None:
        self.camera = camera
        self._coders = coders
        self._ways = ways
        self._spares = spares
        self._clock = clock
        self._hold_off = hold_off
        self._lines: set[Taker] = set()
        self._head: Head | None = None
        self._kept: list[Shown] | None = None  # since the newest key frame
        self._kept_bytes = 0
        self._fragments = Fragments()
        self._standing = Standing(Condition.CONNECTING)
        self._task: asyncio.Task[None] | None = None
        self._takes = False
        self._linger: asyncio.TimerHandle | None = None

    @property
    def viewers(self) -> int:
        return len(self._lines)

    @property
    def runs(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def takes(self) -> bool:
        """Whether it has, or is about to have, a connection to the camera."""
        return self.runs and self._takes

    @property
    def is_relayed(self) -> bool:
        """Whether its pictures come from the camera's recorder."""
        return self.runs and not self._takes and self._standing.condition is Condition.PLAYING

    def join(self, line: Taker, obstacle: Standing | None) -> None:
        """Let a viewer in, beginning with what is kept; connect where nobody has yet."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._lines.add(line)
        self.start(obstacle)
        self._standing.tell(line)
        line.begin(self._head, self._kept or (), self._clock.now())

    def again(self, line: Taker) -> None:
        """Let a viewer that is in begin anew with what is kept."""
        if line in self._lines:
            line.begin(self._head, self._kept or (), self._clock.now())

    def leave(self, line: Taker, gone: Callable[[], None]) -> None:
        """``gone`` is called once the pull has ended for want of viewers."""
        self._lines.discard(line)
        if not self._lines and self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self._over, gone)

    def start(self, obstacle: Standing | None) -> None:
        """Connect, unless it is connected already or something is in the way, which is told."""
        if self.runs:
            return
        if obstacle is None:
            self._tell(Standing(Condition.CONNECTING))  # before whoever joins is told what was in the way once
            self._takes = self._spares()
            self._task = asyncio.get_running_loop().create_task(self._run())
        elif obstacle != self._standing:
            self._tell(obstacle)

    def hold(self, standing: Standing) -> None:
        """Let go of the camera at once and say why."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._forget()
        self._tell(standing)

    async def stop(self) -> None:
        """Let go of the camera, and end all viewers' lines."""
        if self._linger is not None:
            self._linger.cancel()
        for line in self._lines:
            line.end(Why.STOPPING)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _over(self, gone: Callable[[], None]) -> None:
        self._linger = None
        if not self._lines:
            if self._task is not None:
                self._task.cancel()
            gone()

    async def _run(self) -> None:
        """Connect, show, connect again; ends with a refusal, which holds the camera off."""
        failures = 0
        while True:
            begun = self._clock.monotonic()
            if self._standing.condition not in _STAYS:
                self._tell(Standing(Condition.CONNECTING))
            try:
                await self._watch()
            except _Kept as kept:
                failures = len(RETRY_S)
                self._takes = False
                self._forget()
                self._tell(Standing(kept.condition))
            except (CameraRefused, UnsupportedStream, NotShown) as error:
                refused = isinstance(error, CameraRefused)
                _log.warning("live_refused", camera=self.camera, reason=str(error))
                self._forget()
                self._tell(self._hold_off(self.camera, Condition.REFUSED if refused else Condition.UNSUPPORTED))
                return
            except NotCodedAnew as error:
                failures = 0 if self._clock.monotonic() - begun > RETRY_S[-1] else failures
                _log.warning("live_not_coded_anew", camera=self.camera, reason=str(error))
                self._forget()
                if not isinstance(error, CoderLost) or failures >= len(RETRY_S):
                    self._tell(self._hold_off(self.camera, error.condition))
                    return
                self._tell(Standing(error.condition))
            except SourceError as error:
                failures = 0 if self._clock.monotonic() - begun > RETRY_S[-1] else failures
                if failures == 0:
                    _log.info("live_lost", camera=self.camera, reason=str(error))
                self._forget()
                stalled = isinstance(error, NoPicture)
                self._tell(Standing(Condition.STALLED if stalled else Condition.LOST))
            except Exception:  # noqa: BLE001 (top of a supervised loop)
                _log.exception("live_failed", camera=self.camera)
                self._forget()
                self._tell(Standing(Condition.LOST))
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
            failures += 1

    async def _watch(self) -> None:
        """Show what the first way gives that does not refuse. Raises SourceError, NotCodedAnew, and _Kept."""
        refusal = CameraRefused(f"camera {self.camera} has no way to its pictures")
        for way in self._ways():
            self._takes = way.takes
            try:
                await self._watch_one(way.source)
            except CameraRefused as refused:
                refusal = refused if way.takes else refusal
        raise refusal

    async def _watch_one(self, source: Source) -> None:
        # In this order, so that the camera is let go of first, whatever becomes of a process.
        async with self._coders.coder(self.camera, self._show_anew) as coder, aclosing(source.units()) as units:
            async for unit in units:
                if self._coders.codes(unit.format):
                    await coder.take(unit)
                else:
                    self._show(unit)

    def _show_anew(self, unit: AccessUnit, made_of: VideoFormat) -> None:
        if self.runs:  # one that was let go of may still be said something
            self._show(unit, made_of)

    def _show(self, unit: AccessUnit, made_of: VideoFormat | None = None) -> None:
        """A picture, and what it was made of where it is coded anew."""
        head, shown = self._fragments.take(unit)
        if head is not None:
            self._head, self._kept = head, None
            for line in self._lines:
                line.head(head, unit.arrived)
        if shown is None:
            return
        if head is not None or self._standing.condition is not Condition.PLAYING:
            self._tell(Standing(Condition.PLAYING, anew=None if made_of is None else Anew(made_of, unit.format)))
        if shown.key:
            self._kept, self._kept_bytes = [], 0
        if self._kept is not None:
            self._kept.append(shown)
            self._kept_bytes += len(shown.fragment)
            if self._kept_bytes > KEPT_BYTES:
                self._kept = None
        for line in self._lines:
            line.show(shown)

    def _forget(self) -> None:
        """What comes next begins with a head and a key frame."""
        self._fragments.restart()
        self._head = self._kept = None
        for line in self._lines:
            line.broken()

    def _tell(self, standing: Standing) -> None:
        self._standing = standing
        for line in self._lines:
            standing.tell(line)


class Pulls:
    """All pulls of this process."""

    def __init__(
        self,
        open_source: Callable[[Assignment], Source],
        clock: Clock,
        relayed: Callable[[str], Source] | None = None,
        coders: Coders | None = None,
    ) -> None:
        """Without ``coders`` nothing is coded anew."""
        self.coders = coders or Coders()
        self._open = open_source
        self._relayed = relayed
        self._clock = clock
        self._pulls: dict[str, Pull] = {}
        self._reached: dict[str, tuple[Assignment, int]] = {}  # and how many cameras its NVR is kept for
        self._held_off: dict[str, tuple[float, Standing]] = {}  # until when (monotonic, s); it outlives the pulls
        self._needs = Needs()
        self._single: dict[str, float] = {}  # cameras with one connection, and when that was last seen (monotonic, s)

    @property
    def watched(self) -> Mapping[str, int]:
        """How many watch each camera that is pulled."""
        return {camera: pull.viewers for camera, pull in self._pulls.items()}

    def join(self, line: Taker, reached: Assignment, beside: int) -> None:
        """Let somebody watch. ``beside`` is how many cameras its NVR is kept for, where it is reached through one."""
        camera = reached.camera
        self._reached[camera] = (reached, beside)
        pull = self._pulls.get(camera)
        if pull is None:
            pull = self._pulls[camera] = Pull(
                camera,
                lambda: self._ways(camera),
                lambda: self._spares(camera),
                self._clock,
                self._hold_off,
                coders=self.coders,
            )
        pull.join(line, self._obstacle(camera))

    def again(self, line: Taker, camera: str) -> None:
        """Somebody who watches begins anew, with what is kept."""
        pull = self._pulls.get(camera)
        if pull is not None:
            pull.again(line)

    def leave(self, line: Taker, camera: str) -> None:
        """Somebody watches no longer."""
        pull = self._pulls.get(camera)
        if pull is not None:
            pull.leave(line, lambda: self._gone(camera, pull))

    def keep_to(self, needs: Needs) -> None:
        """What recording needs: let go of cameras that it lacks, and take others up that nothing holds."""
        had, self._needs = self._needs.has, needs
        for camera, pull in self._pulls.items():
            if pull.is_relayed or (pull.takes and camera in had & needs.lacks):
                self._single[camera] = self._clock.monotonic()
            if camera in needs.lacks and pull.runs:
                _log.info("live_yields", camera=camera)
                pull.hold(Standing(Condition.YIELDED))
            elif pull.viewers:
                pull.start(self._obstacle(camera))

    async def stop(self) -> None:
        """Let go of all cameras."""
        for pull in list(self._pulls.values()):
            await pull.stop()
        self._pulls.clear()

    def _gone(self, camera: str, pull: Pull) -> None:
        if self._pulls.get(camera) is pull:
            del self._pulls[camera]
            self._reached.pop(camera, None)

    def _hold_off(self, camera: str, condition: Condition) -> Standing:
        standing = Standing(condition, self._clock.now() + timedelta(seconds=HOLD_OFF_S))
        self._held_off[camera] = (self._clock.monotonic() + HOLD_OFF_S, standing)
        return standing

    def _obstacle(self, camera: str) -> Standing | None:
        """What keeps a camera from being pulled now."""
        if camera in self._needs.lacks:
            return Standing(Condition.YIELDED)
        until, standing = self._held_off.get(camera, (0.0, None))
        freed = standing is not None and standing.condition is Condition.NO_CODER and self.coders.has_room
        if standing is not None and self._clock.monotonic() < until and not freed:
            return standing
        self._held_off.pop(camera, None)
        return None

    def _ways(self, camera: str) -> Iterator[Way]:
        """To the camera where it may have a connection to spare, and to its recorder. Raises _Kept after the last."""
        spares = self._spares(camera)
        if spares:
            yield self._direct(camera)
            if camera in self._needs.has:  # so that is why it refused
                self._single[camera] = self._clock.monotonic()
        if self._relayed is not None:
            yield Way(self._relayed(camera), takes=False)
        if spares:
            return
        if not self._has_room(camera):
            raise _Kept(Condition.NO_ROOM)
        if camera in self._needs.wants and self._clock.monotonic() - self._single[camera] < HOLD_OFF_S:
            raise _Kept(Condition.YIELDED)  # its recorder is not there for a moment, and will want it back
        del self._single[camera]
        yield self._direct(camera)

    def _direct(self, camera: str) -> Way:
        return Way(self._open(self._reached[camera][0]), takes=True)

    def _spares(self, camera: str) -> bool:
        return camera not in self._single and self._has_room(camera)

    def _has_room(self, camera: str) -> bool:
        reached, beside = self._reached[camera]
        device = reached.device
        if device is None or device.max_sessions is None:
            return True
        others = [self._reached[other][0] for other, pull in self._pulls.items() if pull.takes and other != camera]
        return beside + sum(each.device == device for each in others) < device.max_sessions
