"""The libav source: one connection to one camera, for everything that the native engine does not speak.

It implements ``ingest.source.Source``. libav works in a thread (``demuxing``); here its pictures are taken over, and
here is the watchdog: libav's own limits fire late, and count a picture that they squeeze out as one that came. What
libav does not tell is in docs/decisions/0014-two-engines.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Final

from domain.places import Transport
from domain.timeline import Clock, SystemClock
from ingest.libav.address import Login, Target, target
from ingest.libav.demuxing import Demuxer, Waiting
from ingest.libav.sound import Ear, Listener
from ingest.rtsp.client import Limits, Patience
from ingest.source import AccessUnit, ConnectionLost, NoPicture

__all__ = ["LibavSource"]

_MOST_UNITS_WAITING: Final = 250  # ten seconds at 25 fps; beyond it the thread, and so the camera, is made to wait
_LIBAV_WAITS_S: Final = 20.0  # for a packet: longer than Patience, since libav first lets go of the picture it holds
_MARGIN_S: Final = 1.0  # by which libav's limits for opening come before ours
_TEARDOWN_S: Final = 0.5


class LibavSource:
    """One camera or file, to be opened once per run.

    ``url`` has one of ``domain.places.SCHEMES`` or is the path of a file, which is played at its own pace, once.
    ``credentials`` win over a login in ``url``. ``transport`` matters to rtsp:// alone. Only with ``sound`` is sound
    asked for; of an RTSP camera by a second connection.
    """

    def __init__(
        self,
        url: str,
        credentials: Login | None = None,
        transport: Transport = Transport.TCP,
        limits: Limits | None = None,
        clock: Clock | None = None,
        *,
        sound: bool = False,
    ) -> None:
        self._sound = sound
        self._url = url
        self._credentials = credentials
        self._transport = transport
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        """Connect and yield access units from the first whole key frame on; see ``ingest.source.Source``."""
        opened = target(self._url, self._credentials, self._transport, _LIBAV_WAITS_S)
        stream = _Stream(opened, self._limits, self._clock, Ear(self._clock) if self._sound else None)
        stream.start()
        try:
            while True:
                for unit in await stream.take():
                    yield unit
        finally:
            await stream.close()


class _Stream:
    """Units on their way from the thread to the one who takes them; the first failure ends both."""

    def __init__(self, opened: Target, limits: Limits, clock: Clock, ear: Ear | None) -> None:
        self._target = opened
        self._ear = ear
        self._limits = limits
        half_s = limits.connect_s + limits.answer_s
        self._open_s = 2 * half_s + _MARGIN_S
        apart = ear is not None and opened.scheme in ("rtsp", "rtsps")
        self._listener = Listener(opened, ear, half_s, _LIBAV_WAITS_S) if ear is not None and apart else None
        beside = None if apart else ear
        self._demuxer = Demuxer(opened, Waiting(half_s, _LIBAV_WAITS_S), clock, self._hand_on, self._end, ear=beside)
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._room = threading.Condition()
        self._units: deque[AccessUnit] = deque()  # guarded by _room
        self._closed = False  # guarded by _room
        self._started = False
        self._failure: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._thread_over = asyncio.Event()
        self._known_patience: Patience | None = None  # from the opening on
        self._watchdog: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._demuxer.start()
        if self._listener is not None:
            self._listener.start()
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
        self._started = True
        return taken

    async def close(self) -> None:
        """Leave the camera; a thread that hangs in libav ends alone, when libav's time is over."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._demuxer.stop()
        if self._listener is not None:
            self._listener.stop()
        with self._room:
            self._closed = True
            self._room.notify()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TEARDOWN_S):
                await self._thread_over.wait()
        if self._listener is not None:
            await asyncio.to_thread(self._listener.join, _TEARDOWN_S)

    # Called by the thread.

    def _hand_on(self, units: Sequence[AccessUnit]) -> bool:
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._units) < _MOST_UNITS_WAITING)
            if self._closed:
                return False
            self._units.extend(units if self._ear is None else _with_sound(units, self._ear))
        self._call(self._came)
        return True

    def _end(self, reason: BaseException | None) -> None:
        self._call(self._fail, reason or ConnectionLost(f"{self._target.where}: the stream has ended"))
        self._call(self._thread_over.set)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            self._loop.call_soon_threadsafe(function, *arguments)

    # Called by the event loop.

    def _came(self) -> None:
        """A picture came, and maybe its unit."""
        now = self._loop.time()
        self._patience.packets(now)
        self._patience.pictures(1, now)
        if self._units:
            self._wake()

    def _fail(self, failure: BaseException) -> None:
        if self._failure is None:
            self._failure = failure
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def _patience(self) -> Patience:
        if self._known_patience is None:
            self._known_patience = Patience(self._limits.picture_s, self._demuxer.opened or self._loop.time())
        return self._known_patience

    def _watch(self) -> None:
        """End the stream when no picture came for too long. Runs about once per limit, not once per picture."""
        now = self._loop.time()
        opened = self._demuxer.opened
        if opened is None:
            silent_at = no_key_at = self._begun + self._open_s
        else:
            if self._units:
                self._patience.waive(now)  # it is not the camera who keeps us waiting
            silent_at, no_key_at = self._patience.due, opened + self._limits.key_s
        keyless = not self._started and not self._units
        if now >= silent_at:
            self._fail(NoPicture(self._silence()))
        elif keyless and now >= no_key_at:
            self._fail(NoPicture(self._no_key_frame()))
        else:
            due = min(silent_at, no_key_at) if keyless else silent_at
            due = due if opened is not None else min(due, now + self._limits.picture_s)
            self._watchdog = self._loop.call_at(due, self._watch)

    def _silence(self) -> str:
        where = self._target.where
        if self._demuxer.opened is None:
            return f"{where}: nothing came within {self._open_s:g} s of connecting; check or restart the camera"
        limit = f"{self._patience.limit_s:.3g} s"
        if self._demuxer.pictures:
            return f"{where}: no picture for {limit}, the connection still stands; check or restart the camera"
        return f"{where}: nothing came within {limit} of its answer; check or restart the camera"

    def _no_key_frame(self) -> str:
        return (
            f"{self._target.where}: pictures, but no whole key frame with its parameter sets within "
            f"{self._limits.key_s:g} s; set the camera's I-frame interval to 1 or 2 s and its smart coding off"
        )


def _with_sound(units: Sequence[AccessUnit], ear: Ear) -> Sequence[AccessUnit]:
    """The units, the first of which brings the sound that came with them."""
    return [replace(units[0], heard=ear.heard()), *units[1:]] if units else units
