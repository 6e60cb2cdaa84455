"""The native RTSP source: one connection to one camera, from DESCRIBE to TEARDOWN (RFC 2326).

It implements ``ingest.source.Source``. It never reconnects, never decodes and never touches a disk. Every error
names the camera as host:port/path and says what to do; no message holds a user name or password.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Final

from domain.places import Transport
from domain.timeline import Clock, SystemClock
from ingest.rtsp.address import parse_address
from ingest.rtsp.auth import Login
from ingest.rtsp.messages import skip_frames
from ingest.rtsp.negotiation import Agreement, Limits, negotiate
from ingest.rtsp.reception import Reception
from ingest.rtsp.rtp import Arrival
from ingest.rtsp.sound import SoundReception
from ingest.rtsp.wire import MalformedMessage, MalformedVideo, WireError
from ingest.source import AccessUnit, ConnectionLost, NoPicture, SourceError, UnsupportedStream

__all__ = ["Limits", "Patience", "RtspSource"]

_MOST_UNITS_WAITING: Final = 250  # ten seconds at 25 fps; beyond it the camera is made to wait
_REPORT_EVERY_S: Final = 5.0  # RFC 3550 6.2
_TEARDOWN_S: Final = 0.5
_INTERVALS_WAITED: Final = 4.0  # a slow camera may leave out three pictures before it counts as silent
_LONGEST_WAIT_S: Final = 15.0  # for the next picture of the slowest camera
_INTERVAL_SHARE: Final = 1 / 8  # what the newest interval weighs in the usual one


class Patience:
    """How long one stream may send no picture before it has stalled. Pure: fed with times (s) of any one clock.

    Normally ``picture_s``. A camera that sends few pictures gets four of its usual intervals, 15 s at most; one whose
    packets keep coming without a picture being whole (a large key frame on a narrow line) gets up to twice as long.
    """

    def __init__(self, picture_s: float, played: float) -> None:
        self._picture_s = picture_s
        self._interval_s: float | None = None
        self._counted = False  # whether a picture came, so that the next one shows an interval
        self._last_picture = self._last_packet = played

    @property
    def limit_s(self) -> float:
        """How long to wait for the next picture while nothing comes at all."""
        usual_s = self._interval_s or 0.0
        return max(self._picture_s, min(_INTERVALS_WAITED * usual_s, _LONGEST_WAIT_S))

    @property
    def due(self) -> float:
        """When the stream has stalled unless a picture or a packet comes."""
        latest = min(self._last_packet, self._last_picture + self.limit_s)
        return max(self._last_picture, latest) + self.limit_s

    def announce(self, interval_s: float) -> None:
        """What the camera says of itself holds until its pictures show otherwise."""
        if self._interval_s is None:
            self._interval_s = interval_s

    def packets(self, now: float) -> None:
        """Something of the stream came, be it a whole picture or not."""
        self._last_packet = now

    def pictures(self, count: int, now: float) -> None:
        """So many pictures became whole at once."""
        step_s = (now - self._last_picture) / count
        if self._counted and self._interval_s is not None:
            self._interval_s += (step_s - self._interval_s) * _INTERVAL_SHARE
        elif self._counted:
            self._interval_s = step_s
        self._counted = True
        self._last_picture = now

    def waive(self, now: float) -> None:
        """It is not the camera who keeps us waiting."""
        self._last_picture = max(self._last_picture, now)


class RtspSource:
    """One camera, to be opened once per run.

    ``credentials`` win over a login in ``url``. With ``Transport.UDP`` a camera that only sends over TCP is taken
    over TCP. ``audio`` names the codecs of the sound that the camera offers, once it was connected to; its track is
    set up only with ``sound``. A camera that gives no pictures with its sound is asked once more for those alone.
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
        self._udp = transport is Transport.UDP
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()
        self.audio: tuple[str, ...] = ()

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        """Connect and yield access units from the first whole key frame on; see ``ingest.source.Source``."""
        try:
            address = parse_address(self._url)
        except MalformedMessage as error:
            raise UnsupportedStream(str(error)) from None
        login = self._credentials if self._credentials is not None else address.login
        with_sound = self._sound
        while True:
            agreement = await negotiate(address, login, self._udp, self._limits, sound=with_sound)
            self.audio = agreement.audio
            stream = _Stream(agreement, self._limits, self._clock)
            polite = True
            try:
                await stream.play()
                while True:
                    for unit in await stream.take():
                        yield unit
            except SourceError:
                polite = False  # nobody is there to say goodbye to
                if not agreement.sound_asked or stream.started:
                    raise
                with_sound = False
            finally:
                await stream.close(polite)


def _sound_reception(agreement: Agreement) -> SoundReception | None:
    sound = agreement.sound
    if sound is None:
        return None
    return SoundReception(sound.track, sound.channels, sound.datagrams is not None)


class _Stream:
    """The stream that was agreed on, from PLAY on.

    Units wait between the reading callbacks and the one who takes them; the first failure ends both.
    """

    def __init__(self, agreement: Agreement, limits: Limits, clock: Clock) -> None:
        self._agreement = agreement
        self._limits = limits
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._reception = Reception(
            agreement.track, secrets.randbits(32), agreement.datagrams is not None, agreement.channels
        )
        self._sound = _sound_reception(agreement)
        self._units: deque[AccessUnit] = deque()
        self._failure: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._played = 0.0  # event loop time of the answer to PLAY
        self._patience = Patience(limits.picture_s, 0.0)
        self._watchdog: asyncio.TimerHandle | None = None
        self._tending: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether a picture came that can be recorded."""
        return self._reception.started

    async def play(self) -> None:
        """Ask for the pictures, and begin to watch for them. Raises CameraRefused or CameraUnreachable."""
        self._agreement.connection.on_frames = self._frames  # some come before the answer
        if self._agreement.datagrams is not None:
            self._agreement.datagrams.on_packets = self._packets
            self._agreement.datagrams.resume()
        if self._agreement.sound is not None and self._agreement.sound.datagrams is not None:
            self._agreement.sound.datagrams.on_packets = self._sound_packets
            self._agreement.sound.datagrams.resume()
        await self._agreement.ask("PLAY", {"Range": "npt=0.000-"}, self._limits.answer_s)
        self._played = self._loop.time()
        self._patience = Patience(self._limits.picture_s, self._played)
        if self._agreement.datagrams is None:
            self._agreement.connection.gather()
        self._watch()
        self._tending = self._loop.create_task(self._tend())
        self._tending.add_done_callback(self._tended)
        self._agreement.connection.on_lost = self._lost
        if self._agreement.connection.ended is not None:
            self._lost(self._agreement.connection.ended)

    async def take(self) -> Sequence[AccessUnit]:
        """All units that wait, at least one. Raises what ended the stream, after its last unit."""
        while not self._units:
            if self._failure is not None:
                raise self._failure
            self._waiter = self._loop.create_future()
            await self._waiter
        taken = list(self._units)
        self._units.clear()
        self._hold(False)
        return taken

    async def close(self, polite: bool) -> None:
        """Leave the camera. ``polite`` waits shortly for its answer to TEARDOWN."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._tending is not None:
            self._tending.cancel()
        connection = self._agreement.connection
        connection.on_frames = skip_frames
        connection.on_lost = lambda _: None
        try:
            self._hold(False)
            if polite:
                with contextlib.suppress(TimeoutError, WireError):
                    await connection.ask("TEARDOWN", self._agreement.control, {}, _TEARDOWN_S)
            else:
                connection.tell("TEARDOWN", self._agreement.control)
        finally:
            await self._agreement.close()

    # Receiving. These are called by the event loop.

    def _frames(self, buffer: bytes, at: int) -> int:
        """A ``FrameTaker``: all frames that follow one another in one read, which arrived at one instant."""
        if self._failure is not None:
            return skip_frames(buffer, at)
        before = self._progress()
        try:
            if self._sound is not None:
                self._sound.receive_frames(buffer, at, skip_frames(buffer, at), self._now())
            at = self._reception.receive_frames(buffer, at, self._now(), self._units)
        except WireError as error:
            self._lost(error)
            at = skip_frames(buffer, at)
        self._received(*before)
        return at

    def _packets(self, packets: list[bytes]) -> None:
        """All datagrams of one read, which arrived at one instant."""
        if self._failure is not None:
            return
        before, arrived = self._progress(), self._now()
        try:
            for packet in packets:
                self._units.extend(self._reception.receive(packet, arrived))
        except WireError as error:
            self._lost(error)
        self._received(*before)

    def _sound_packets(self, packets: list[bytes]) -> None:
        if self._sound is not None:
            arrived = self._now()
            for packet in packets:
                self._sound.receive(packet, arrived)

    def _now(self) -> Arrival:
        return Arrival(self._clock.now(), self._clock.monotonic())

    def _progress(self) -> tuple[int, int, bool]:
        return self._reception.packets, self._reception.pictures, self._reception.started

    def _received(self, packets_before: int, pictures_before: int, had_started: bool) -> None:
        now = self._loop.time()
        if self._reception.packets != packets_before:
            self._patience.packets(now)
        if self._reception.pictures != pictures_before:
            self._patience.pictures(self._reception.pictures - pictures_before, now)
            if self._units and not had_started and (fps := self._units[0].format.nominal_fps):
                self._patience.announce(1 / fps)
        if self._units:
            if self._sound is not None:
                self._add_sound(self._sound, -1 if had_started else 0)
            self._wake()
            self._hold(len(self._units) > _MOST_UNITS_WAITING)

    def _add_sound(self, sound: SoundReception, place: int) -> None:
        """The first unit of all says that there is sound; later ones bring what came with them."""
        if self._units[place].heard is None:
            self._units[place] = replace(self._units[place], heard=sound.heard())

    def _lost(self, reason: WireError) -> None:
        where = self._agreement.address.where
        if isinstance(reason, MalformedVideo):
            self._fail(UnsupportedStream(f"{where}: {reason}; check the camera's encoder settings"))
        else:
            self._fail(ConnectionLost(f"{where}: {reason}; check the camera's power and network"))

    def _fail(self, failure: BaseException) -> None:
        if self._failure is None:
            self._failure = failure
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _hold(self, paused: bool) -> None:
        """Let the network hold back what nobody takes, or no longer."""
        if paused != self._paused:
            self._paused = paused
            flow = self._agreement.datagrams or self._agreement.connection
            if paused:
                flow.pause()
            else:
                flow.resume()

    # Watching.

    def _watch(self) -> None:
        """End the stream when no picture came for too long. Runs about once per limit, not once per picture."""
        now = self._loop.time()
        if self._units:
            self._patience.waive(now)
        silent_at = self._patience.due
        no_key_at = self._played + self._limits.key_s
        if now >= silent_at:
            self._fail(NoPicture(self._silence()))
        elif not self._reception.started and now >= no_key_at:
            self._fail(NoPicture(self._no_key_frame()))
        else:
            due = silent_at if self._reception.started else min(silent_at, no_key_at)
            self._watchdog = self._loop.call_at(due, self._watch)

    def _silence(self) -> str:
        where, limit = self._agreement.address.where, f"{self._patience.limit_s:.3g} s"
        if self._reception.pictures:
            return f"{where}: no picture for {limit}, the connection still stands; check or restart the camera"
        if self._reception.packets:
            return f"{where}: no whole picture within {limit} of PLAY; check the network for losses"
        udp = self._agreement.datagrams is not None
        advice = "let UDP through or set its transport to tcp" if udp else "check or restart the camera"
        return f"{where}: nothing came within {limit} of PLAY; {advice}"

    def _no_key_frame(self) -> str:
        return (
            f"{self._agreement.address.where}: pictures, but no whole key frame with its parameter sets within "
            f"{self._limits.key_s:g} s; set the camera's I-frame interval to 1 or 2 s and its smart coding off"
        )

    # Tending.

    async def _tend(self) -> None:
        """Send receiver reports, and a keep-alive at half the session's timeout."""
        half = self._agreement.session_s / 2
        method = self._agreement.keep_alive
        due = self._loop.time() + half
        while True:
            await asyncio.sleep(min(_REPORT_EVERY_S, max(0.0, due - self._loop.time())))
            self._send_report()
            if self._loop.time() >= due:
                due = self._loop.time() + half
                if not await self._keep_alive(method):
                    method = "OPTIONS"

    async def _keep_alive(self, method: str) -> bool:
        """Whether the camera took it. Silence is no failure: whether pictures come decides."""
        try:
            answer = await self._agreement.connection.ask(method, self._agreement.control, {}, self._limits.answer_s)
        except (TimeoutError, WireError):
            return True
        return answer.status < 400

    def _send_report(self) -> None:
        report = self._reception.receiver_report(self._clock.monotonic())
        if report is None:
            return
        if self._agreement.datagrams is not None:
            self._agreement.datagrams.send_report(report)
        else:
            self._agreement.connection.send_frame(self._agreement.channels[1], report)

    def _tended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
