"""The TCP connection to a camera: questions and answers, authentication, and the frames that travel between them.

Not here: which questions to ask in which order (``client``) and what a frame holds (``reception``). Everything the
camera sends is read by one callback; no task is made per packet. Once pictures flow, all connections of an event loop
are read together (``_Readings``).
"""

from __future__ import annotations

import asyncio
import math
import os
import secrets
from collections.abc import Callable
from typing import ClassVar, Final
from weakref import WeakKeyDictionary

from ingest.rtsp.auth import Challenge, Login, authorization, strongest_challenge
from ingest.rtsp.messages import Answer, Event, FrameTaker, Headers, Request, StreamParser, frame, skip_frames
from ingest.rtsp.wire import StreamEnded, WireError

_READ_BYTES: Final = 256 * 1024  # at once; a key frame of a usual camera
_READ_EVERY_S: Final = 0.04  # a picture at 25 per second: less, and most take two readings; see bench/record.py
_MOST_LOGIN_ATTEMPTS: Final = 3  # unasked, challenged, and once more for a nonce that went stale
_USER_AGENT: Final = "Kaojian"


class Connection(asyncio.Protocol):
    """One RTSP connection.

    ``on_frames`` takes the interleaved frames where they lie in what was read; ``on_lost`` is called once, when the
    camera or the network ends the connection, or when what it sends is no RTSP.
    """

    def __init__(self, login: Login | None, basic_allowed: bool) -> None:
        self.on_frames: FrameTaker = skip_frames
        self.on_lost: Callable[[WireError], None] = lambda _: None
        self.session: str | None = None
        self._login = login
        self._basic_allowed = basic_allowed
        self._challenge: Challenge | None = None
        self._nonce_uses = 0
        self._parser = StreamParser(self._take_frames)
        self._transport: asyncio.Transport | None = None
        self._ended: WireError | None = None
        self._closed = asyncio.get_running_loop().create_future()
        self._number = 0
        self._pending: dict[int, asyncio.Future[Answer]] = {}
        self._gathered = False
        self._readings: _Readings | None = None  # while it is read together with the others

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (create_connection makes no other)
        self._transport = transport
        self._descriptor: int = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:
        if self._ended is not None:
            return
        for message in self._parser.feed(data):
            self._message(message)
        if self._parser.broken is not None:
            self._end(self._parser.broken)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave_readings()
        self._end(StreamEnded("the connection was reset" if exc is not None else "the camera closed the connection"))
        if not self._closed.done():
            self._closed.set_result(None)

    # What the client calls.

    @property
    def ended(self) -> WireError | None:
        """Why the connection is at its end; None while it stands."""
        return self._ended

    def local_and_peer_host(self) -> tuple[str, str]:
        """The IP addresses of both ends."""
        assert self._transport is not None  # noqa: S101 (only called on a connection that was made)
        return (
            self._transport.get_extra_info("sockname")[0],
            self._transport.get_extra_info("peername")[0],
        )

    async def ask(self, method: str, url: str, headers: dict[str, str], limit_s: float) -> Answer:
        """Send a request and wait for its answer, logging in where the camera wants it.

        Raises TimeoutError after ``limit_s``, StreamEnded when the connection ends, MalformedChallenge for a login
        that cannot be answered. A 401 that comes back is a refusal: the login was wrong or is missing.
        """
        async with asyncio.timeout(limit_s):
            answer = await self._ask_once(method, url, headers)
            for _ in range(_MOST_LOGIN_ATTEMPTS - 1):
                if answer.status != 401 or not self._login_may_help(answer):
                    break
                answer = await self._ask_once(method, url, headers)
        return answer

    def tell(self, method: str, url: str) -> None:
        """Send a request whose answer nobody waits for."""
        if self._transport is not None and self._ended is None:
            self._transport.write(self._request(method, url, {}).encode())

    def send_frame(self, channel: int, payload: bytes) -> None:
        if self._transport is not None and self._ended is None:
            self._transport.write(frame(channel, payload))

    def gather(self) -> None:
        """From now on read together with every other connection that gathers, at most once per picture.

        A camera sends a picture as many packets; to wake up for each, or for each camera, costs more than all else
        that is done with it. What is read is at most ``_READ_EVERY_S`` older than its arrival.
        """
        self._gathered = True
        self.resume()

    def pause(self) -> None:
        self._leave_readings()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._gathered:
            self._transport.pause_reading()
            self._readings = _Readings.of_this_loop()
            self._readings.join(self)
        else:
            self._transport.resume_reading()

    def read(self, buffer: memoryview) -> None:
        """Read what the kernel holds, through ``buffer``; an end or an error is left to asyncio to meet again."""
        transport = self._transport
        if transport is None or transport.is_closing():
            self._leave_readings()
            return
        try:
            while size := os.readv(self._descriptor, (buffer,)):
                self.data_received(bytes(buffer[:size]))
                if size < len(buffer) or self._readings is None:
                    return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._gathered = False
        self._leave_readings()
        transport.resume_reading()

    def abort(self) -> None:
        self._leave_readings()
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Close at once: what the camera has not taken by now is dropped."""
        self._leave_readings()
        self.on_frames = skip_frames
        self.on_lost = lambda _: None
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()
        await self._closed

    # Inside.

    def _leave_readings(self) -> None:
        if self._readings is not None:
            self._readings.leave(self)
            self._readings = None

    async def _ask_once(self, method: str, url: str, headers: dict[str, str]) -> Answer:
        if self._transport is None or self._ended is not None:
            raise self._ended or StreamEnded("the connection is closed")
        request = self._request(method, url, headers)
        number = self._number
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        try:
            self._transport.write(request.encode())
            return await future
        finally:
            self._pending.pop(number, None)

    def _request(self, method: str, url: str, headers: dict[str, str]) -> Request:
        self._number += 1
        fields = {"CSeq": str(self._number), "User-Agent": _USER_AGENT, **headers}
        if self.session is not None:
            fields["Session"] = self.session
        if self._challenge is not None and self._login is not None:
            self._nonce_uses += 1
            fields["Authorization"] = authorization(
                self._challenge, self._login, method, url, count=self._nonce_uses, cnonce=secrets.token_hex(8)
            )
        return Request(method, url, Headers(fields.items()))

    def _login_may_help(self, answer: Answer) -> bool:
        """Take up the camera's challenge; False when that same login has just been refused."""
        if self._login is None:
            return False
        refused, self._challenge = self._challenge, None
        challenge = strongest_challenge(answer.headers.all("WWW-Authenticate"), self._basic_allowed)
        fresh_nonce = challenge.stale or (refused is not None and refused.nonce != challenge.nonce)
        if refused is not None and not (challenge.scheme == "digest" and fresh_nonce):
            return False
        self._challenge, self._nonce_uses = challenge, 0
        return True

    def _take_frames(self, buffer: bytes, at: int) -> int:
        return self.on_frames(buffer, at)

    def _message(self, message: Event) -> None:
        if isinstance(message, Request):
            self._refuse(message)
        elif isinstance(message, Answer):
            future = self._pending.get(self._number_of(message))
            if future is not None and not future.done():
                future.set_result(message)

    def _number_of(self, answer: Answer) -> int:
        """The request that is answered; where a camera leaves its number out, the oldest open one."""
        text = answer.headers.first("CSeq")
        if text is not None and text.isdecimal() and len(text) < 10:
            return int(text)
        return min(self._pending, default=0)

    def _refuse(self, request: Request) -> None:
        """Cameras may ask too (RFC 2326 10): we are there, and can do nothing else."""
        if self._transport is None:
            return
        status, reason = (200, "OK") if request.method == "OPTIONS" else (501, "Not Implemented")
        fields = [("CSeq", request.headers.first("CSeq") or "0")]
        self._transport.write(Answer(status, reason, Headers(fields)).encode())

    def _end(self, reason: WireError) -> None:
        if self._ended is not None:
            return
        self._ended = reason
        for future in self._pending.values():
            if not future.done():
                future.set_exception(reason)
        self.on_lost(reason)


class _Readings:
    """Reads the gathered connections of one event loop all in one go, at every multiple of ``_READ_EVERY_S``.

    The sockets are read past asyncio, whose selector would have to be told twice per picture and camera to watch a
    socket and to leave it alone again.
    """

    _of_loops: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, _Readings]] = WeakKeyDictionary()

    @classmethod
    def of_this_loop(cls) -> _Readings:
        loop = asyncio.get_running_loop()
        if loop not in cls._of_loops:
            cls._of_loops[loop] = cls()
        return cls._of_loops[loop]

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._connections: dict[Connection, None] = {}  # in the order in which they joined
        self._next: asyncio.TimerHandle | None = None

    def join(self, connection: Connection) -> None:
        self._connections[connection] = None
        if self._next is None:
            self._wait()

    def leave(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        if self._next is not None and not self._connections:
            self._next.cancel()
            self._next = None

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        due = (math.floor(loop.time() / _READ_EVERY_S) + 1) * _READ_EVERY_S
        self._next = loop.call_at(due, self._read)

    def _read(self) -> None:
        self._next = None
        for connection in list(self._connections):
            try:
                connection.read(self._buffer)
            except Exception as error:  # noqa: BLE001 (top of a supervised loop: the others must still be read)
                asyncio.get_running_loop().call_exception_handler({"message": "reading failed", "exception": error})
                connection.abort()
        if self._connections:
            self._wait()
