"""Processes that code cameras' pictures anew 转码, for cameras that send what browsers do not play. Few at once.

A camera has one, whoever watches it and however many: it begins with the first picture that needs it, and ends with
the pull that feeds it, which is some seconds after the last viewer. All of it from one asyncio loop, which waits for
no such process: what one cannot take in time is left out up to the next key frame. A process that ends, or that
nothing comes out of, is the end of that pull's attempt, and told:

    NotCodedAnew
    ├── NoCoderFree     as many run as may
    ├── CoderLost       the process ended or hung; another one is tried
    ├── CodecMissing    libav has no decoder for it here, or no encoder
    └── Undecodable     nothing can be made of the pictures

Not here: how pictures are coded (``recoding``), and which ones need it (``pulls`` asks ``Coders.codes``).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

from dashboard.live import recoding
from dashboard.live.lines import Condition
from dashboard.live.recoding import Bounds, Exit
from ingest.relay import wire
from ingest.relay.wire import Kind, MalformedRelay
from ingest.source import AccessUnit
from storage.media import Codec, VideoFormat

_log = structlog.get_logger()

BEHIND_S: Final = 1.5
"""A picture that has waited for so long is not followed by others up to a key frame that finds nothing waiting."""

STUCK_S: Final = 10.0
"""A process is given up where nothing has come out of it for so long, although pictures went in."""

_ROOT: Final = Path(__file__).parents[2]
_OURS: Final = "KAOJIAN_"  # settings, and secrets among them: nothing that a decoder has to know


class NotCodedAnew(Exception):
    """Base. ``condition`` is what viewers are told."""

    condition = Condition.CODER_LOST


class NoCoderFree(NotCodedAnew):
    """As many pictures are coded anew as may be."""

    condition = Condition.NO_CODER


class CoderLost(NotCodedAnew):
    """The process ended by itself or by somebody's hand, or nothing comes out of it."""


class CodecMissing(NotCodedAnew):
    """This host cannot code it."""

    condition = Condition.NO_CODEC


class Undecodable(NotCodedAnew):
    """Nothing can be made of what the camera sends."""

    condition = Condition.UNDECODABLE


class Coders:
    """All of this process: at most ``most`` at once, none with 0."""

    def __init__(self, most: int = 0, bounds: Bounds | None = None) -> None:
        self.most = most
        self.running = 0
        self.refused = 0  # how often none was free, since this process began
        self.lost = 0  # how many ended that should not have, since then
        self._bounds = bounds or Bounds(480, 15)

    def codes(self, video: VideoFormat) -> bool:
        """Whether such pictures are to be coded anew: no browser can be relied on to play them."""
        return self.most > 0 and video.codec is not Codec.H264

    @property
    def has_room(self) -> bool:
        return self.running < self.most

    @asynccontextmanager
    async def coder(self, camera: str, show: Callable[[AccessUnit, VideoFormat], None]) -> AsyncIterator[Coder]:
        """Until the block ends. ``show`` is called from the loop with each picture and with what it was made of."""
        made = Coder(self, camera, show)
        try:
            yield made
        finally:
            await made.end()

    async def begin(self, camera: str) -> asyncio.subprocess.Process:
        """Start a process. Raises NoCoderFree, and CoderLost where the host has no room for one."""
        if not self.has_room:
            self.refused += 1
            raise NoCoderFree(f"{self.running} are coded anew, as many as may be; wait, or set KAOJIAN_LIVE_CODERS")
        self.running += 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", recoding.__name__, str(self._bounds.lines), str(self._bounds.fps)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=_ROOT,
                env=environment,
            )
        except BaseException as error:
            self.running -= 1
            if isinstance(error, OSError):
                raise CoderLost(f"no process can be started: {error}") from error
            raise
        _log.info("live_coder_began", camera=camera, process=process.pid)
        return process

    async def reap(self, camera: str, process: asyncio.subprocess.Process) -> int:
        """End a process at once; its status."""
        try:
            with suppress(ProcessLookupError):
                process.kill()
            status = await process.wait()
        finally:
            self.running -= 1
        _log.info("live_coder_ended", camera=camera, process=process.pid, status=status)
        return status


class Coder:
    """One camera's, in one pull's hand."""

    def __init__(self, coders: Coders, camera: str, show: Callable[[AccessUnit, VideoFormat], None]) -> None:
        self._coders, self._camera, self._show = coders, camera, show
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[NotCodedAnew] | None = None
        self._told: VideoFormat | None = None  # how the process was last told that pictures are coded
        self._inside: deque[float] = deque()  # when each went in that it is not done with yet (of the loop, s)
        self._begins = self._awaits_key = True

    async def take(self, unit: AccessUnit) -> None:
        """Put a picture in; what comes out is shown later. Raises NotCodedAnew."""
        if self._process is None:
            self._process = await self._coders.begin(self._camera)
            self._reading = asyncio.create_task(self._read(self._process))
        elif self._reading is not None and self._reading.done():
            raise self._lost(self._reading.result())
        now = asyncio.get_running_loop().time()
        waited_s = now - self._inside[0] if self._inside else 0.0
        if waited_s > STUCK_S:
            raise self._lost(CoderLost(f"it has not been done with a picture for {waited_s:.0f} s"))
        if waited_s > BEHIND_S and not self._begins:
            self._awaits_key = True
        elif unit.key or not self._awaits_key:
            self._awaits_key = False
            self._put(self._process, unit, now)

    async def end(self) -> None:
        """End the process, where there is one."""
        process, self._process = self._process, None
        if process is None or self._reading is None:
            return
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._coders.reap(self._camera, process)

    def _lost(self, error: NotCodedAnew) -> NotCodedAnew:
        self._coders.lost += 1
        return error

    def _put(self, process: asyncio.subprocess.Process, unit: AccessUnit, now: float) -> None:
        if process.stdin is None or process.stdin.is_closing():
            return  # it has ended, which its reader is about to tell
        if unit.format is not self._told:
            self._told = unit.format
            process.stdin.write(wire.format_message(unit.format))
        process.stdin.write(wire.unit_message(unit))
        self._inside.append(now)

    async def _read(self, process: asyncio.subprocess.Process) -> NotCodedAnew:
        """Show what comes out; why nothing comes out any more."""
        try:
            await self._shown(process)
        except MalformedRelay as error:
            return CoderLost(f"it said what it may not: {error}")
        except (asyncio.IncompleteReadError, OSError):
            status = await process.wait()
        return _KINDS.get(status, CoderLost)(f"its process ended with {status}")

    async def _shown(self, process: asyncio.subprocess.Process) -> None:
        """Raises MalformedRelay, IncompleteReadError, OSError."""
        video: VideoFormat | None = None
        while process.stdout is not None:
            kind, length = wire.head(await process.stdout.readexactly(wire.HEAD_BYTES))
            body = await process.stdout.readexactly(length)
            if kind is Kind.FORMAT:
                video = wire.format_of(body)
            elif kind is Kind.SKIPPED:
                self._done_with()
            elif kind is Kind.UNIT and video is not None and self._told is not None:
                unit = wire.unit_of(body, video)
                self._show(AccessUnit(unit.nals, unit.key, unit.rtp_time, unit.arrived, 0.0, video), self._told)
            else:
                raise MalformedRelay(f"{kind.name} is none of its messages, or came before its format")

    def _done_with(self) -> None:
        if self._inside:
            self._inside.popleft()
        if self._begins:  # what went in meanwhile waited for it to begin, and for nothing else
            self._begins = False
            self._inside = deque([asyncio.get_running_loop().time()] * len(self._inside))


_KINDS: Final[dict[int, type[NotCodedAnew]]] = {Exit.NO_CODEC: CodecMissing, Exit.UNDECODABLE: Undecodable}
