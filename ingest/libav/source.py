"""The libav source: one connection to one camera, for everything that the native engine does not speak.

It implements ``ingest.source.Source``. libav works in a thread (``demuxing``); here its pictures are taken over, and
here is the watchdog: libav's own limits fire late, and count a picture that they squeeze out as one that came. What
libav does not tell is in docs/decisions/0013-two-engines.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from domain.places import Transport
from domain.timeline import Clock, SystemClock
from ingest.libav.address import Login, Target, target
from ingest.libav.demuxing import Demuxer, Waiting
from ingest.rtsp.client import Limits
from ingest.source import AccessUnit, ConnectionLost, NoPicture

__all__ = ["LibavSource"]

_MOST_UNITS_WAITING: Final = 250  # ten seconds at 25 fps; beyond it the thread, and so the camera, is made to wait
_MARGIN_S: Final = 1.0  # by which libav's limits come after ours
_TEARDOWN_S: Final = 0.5


class LibavSource:
    """One camera or file, to be opened once per run.

    ``url`` has one of ``address.SCHEMES`` or is the path of a file, which is played at its own pace, once.
    ``credentials`` win over a login in ``url``. ``transport`` matters to rtsp:// alone.
    """

    def __init__(
        self,
        url: str,
        credentials: Login | None = None,
        transport: Transport = Transport.TCP,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._url = url
        self._credentials = credentials
        self._transport = transport
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        """Connect and yield access units from the first whole key frame on; see ``ingest.source.Source``."""
        wait_s = max(self._limits.answer_s, self._limits.picture_s + _MARGIN_S)
        stream = _Stream(
            target(self._url, self._credentials, self._transport, wait_s), self._limits, self._clock, wait_s
        )
        stream.start()
        try:
            while True:
                for unit in await stream.take():
                    yield unit
        finally:
            await stream.close()


class _Stream:
    """Units on their way from the thread to the one who takes them; the first failure ends both."""

    def __init__(self, opened: Target, limits: Limits, clock: Clock, wait_s: float) -> None:
        self._target = opened
        self._limits = limits
        self._open_s = limits.connect_s + wait_s + limits.picture_s
        waiting = Waiting(wait_s, self._open_s, limits.picture_s + _MARGIN_S)
        self._demuxer = Demuxer(opened, waiting, clock, self._hand_on, self._end)
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._room = threading.Condition()
        self._units: deque[AccessUnit] = deque()  # guarded by _room
        self._closed = False  # guarded by _room
        self._started = False
        self._failure: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._thread_over = asyncio.Event()
        self._taken_up = 0.0  # event loop time at which nothing waited any more
        self._watchdog: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._demuxer.start()
        self._watch()

    async def take(self) -> Sequence[AccessUnit]:
        """All units that wait, at least one. Raises what ended the stream, after its last unit."""
        while not self._units:
            if self._failure is not None:
                raise self._failure
            self._waiter = self._loop.create_future()
            await self._waiter
        with self._room:
            taken = list(self._units)
            self._units.clear()
            self._room.notify()
        self._taken_up = self._loop.time()
        self._started = True
        return taken

    async def close(self) -> None:
        """Leave the camera; a thread that hangs in libav ends alone, when libav's time is over."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._demuxer.stop()
        with self._room:
            self._closed = True
            self._room.notify()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TEARDOWN_S):
                await self._thread_over.wait()

    # Called by the thread.

    def _hand_on(self, units: Sequence[AccessUnit]) -> bool:
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._units) < _MOST_UNITS_WAITING)
            if self._closed:
                return False
            self._units.extend(units)
        self._tell(None)
        return True

    def _end(self, reason: BaseException | None) -> None:
        self._tell(reason or ConnectionLost(f"{self._target.where}: the stream has ended"), over=True)

    def _tell(self, failure: BaseException | None, over: bool = False) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            self._loop.call_soon_threadsafe(self._told, failure, over)

    # Called by the event loop.

    def _told(self, failure: BaseException | None, over: bool) -> None:
        if over:
            self._thread_over.set()
        if failure is not None and self._failure is None:
            self._failure = failure
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _watch(self) -> None:
        """End the stream when no picture came for too long. Runs about once per limit, not once per picture."""
        now = self._loop.time()
        opened = self._demuxer.opened
        silent_at = self._begun + self._open_s
        no_key_at = silent_at + self._limits.key_s
        if opened is not None:
            # While units wait it is not the camera who keeps us waiting.
            last = now if self._units else max(self._demuxer.last_picture, self._taken_up)
            silent_at, no_key_at = last + self._limits.picture_s, opened + self._limits.key_s
        no_key = not self._started and not self._units and now >= no_key_at
        if now >= silent_at or no_key:
            self._told(NoPicture(self._no_key_frame() if no_key else self._silence()), over=False)
        else:
            due = silent_at if self._started else min(silent_at, no_key_at)
            due = due if opened is not None else min(due, now + self._limits.picture_s)
            self._watchdog = self._loop.call_at(due, self._watch)

    def _silence(self) -> str:
        where, limit = self._target.where, f"{self._limits.picture_s:g} s"
        if self._demuxer.pictures:
            return f"{where}: no picture for {limit}, the connection still stands; check or restart the camera"
        if self._demuxer.opened is None:
            return f"{where}: nothing came within {self._open_s:g} s of connecting; check or restart the camera"
        return f"{where}: nothing came within {limit} of its answer; check or restart the camera"

    def _no_key_frame(self) -> str:
        return (
            f"{self._target.where}: pictures, but no whole key frame with its parameter sets within "
            f"{self._limits.key_s:g} s; set the camera's I-frame interval to 1 or 2 s"
        )
