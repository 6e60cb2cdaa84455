"""The server's side of a WebSocket (RFC 6455) under uvicorn, speaking ASGI to the application.

uvicorn itself speaks WebSocket only with a library that builds every message anew for every viewer; here a frame is
built once and written as it is (``framed`` in the event ``websocket.send``, beside which ASGI's own forms work, too).
Sending waits while the client reads nothing, at most DRAIN_S. No subprotocol, no compression, no fragments; what is
sent is read by ``wire.Hearing``, and breaking its rules ends the connection.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import structlog
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from dashboard.live.wire import Close, Frame, Hearing, MalformedFrame, Opcode, accept_key, close_frame, frame, is_key

_log = structlog.get_logger()

DRAIN_S: Final = 10.0
"""How long a client may read nothing while something waits for it."""

HELD_BYTES: Final = 128 << 10
"""What may wait in this process for one client's network; the rest waits in its line, where it may be left out."""

_MOST_HEAD_BYTES: Final = 64 << 10
_MOST_WAITING: Final = 16  # messages of a client that nobody took yet


class LiveProtocol(asyncio.Protocol):
    """One connection, from the request that uvicorn has read on. Made by uvicorn."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        config.load() if not config.loaded else None
        self._app = config.loaded_app
        self._root_path = config.root_path
        self._state = server_state
        self._app_state = app_state
        self._transport: asyncio.Transport | None = None
        self._hearing = Hearing()
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._drained = asyncio.Event()
        self._drained.set()
        self._requested = False
        self._accepted = False
        self._closed: Close | None = None
        self._refusal: int | None = None
        self._key = ""

    # What asyncio and uvicorn call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (a stream socket has no other)
        self._transport = transport
        transport.set_write_buffer_limits(high=HELD_BYTES)
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn means whatever has shutdown()

    def data_received(self, data: bytes) -> None:
        if not self._requested:
            self._request(data)
            return
        if self._closed is not None:
            return
        try:
            for each in self._hearing.feed(data):
                self._hear(each)
        except MalformedFrame as error:
            _log.info("live_client_malformed", reason=str(error))
            self._hang_up(error.code)

    def eof_received(self) -> None:
        """The transport closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self._transport = None
        self._drained.set()
        self._leave(self._closed or Close.GOING_AWAY)

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    def shutdown(self) -> None:
        """The server stops."""
        self._hang_up(Close.GOING_AWAY)

    # The request.

    def _request(self, data: bytes) -> None:
        """The whole request as uvicorn hands it over; it has been parsed once, and its rules hold."""
        self._requested = True
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, target, _ = first.split(b" ", 2)
        pairs = [line.split(b":", 1) for line in lines]
        headers = [(name.strip().lower(), value.strip()) for name, value in pairs]
        named = dict(headers)
        self._key = named.get(b"sec-websocket-key", b"").decode("latin-1")
        version = named.get(b"sec-websocket-version", b"")
        if method != b"GET" or len(head) > _MOST_HEAD_BYTES or rest:
            self._answer(HTTPStatus.BAD_REQUEST)
        elif version != b"13":
            self._answer(HTTPStatus.UPGRADE_REQUIRED, ((b"sec-websocket-version", b"13"),))
        elif not is_key(self._key):
            self._answer(HTTPStatus.BAD_REQUEST)
        else:
            self._inbox.put_nowait({"type": "websocket.connect"})
            task = asyncio.get_running_loop().create_task(self._run(self._scope(target, headers)))
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    def _scope(self, target: bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
        assert self._transport is not None  # noqa: S101 (uvicorn hands over what is open)
        raw_path, _, query = target.partition(b"?")
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self._transport) else "ws",
            "server": get_local_addr(self._transport),
            "client": get_remote_addr(self._transport),
            "root_path": self._root_path,
            "path": unquote(raw_path.decode("ascii", "replace")),
            "raw_path": raw_path,
            "query_string": query,
            "headers": headers,
            "subprotocols": [],
            "state": self._app_state.copy(),
            "extensions": {},
        }

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self._inbox.get, self._send)
        except Exception:  # noqa: BLE001 (top of one connection: the others go on)
            _log.exception("live_connection_failed")
            if self._accepted:
                self._hang_up(Close.FAULT)
            else:
                self._answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        else:
            self._hang_up(Close.NORMAL)

    # What the application sends.

    async def _send(self, event: Any) -> None:
        """ASGI's ``send``. Once the client is gone it does nothing: ``receive`` tells that."""
        match event["type"]:
            case "websocket.accept":
                self._accept()
            case "websocket.send":
                await self._write(event)
            case "websocket.close" if self._accepted:
                self._hang_up(Close(event.get("code") or Close.NORMAL))
            case "websocket.close":
                self._answer(HTTPStatus.FORBIDDEN)
            case other:
                raise RuntimeError(f"{other} is no event of a WebSocket here")

    def _accept(self) -> None:
        if self._transport is None or self._closed is not None:
            return
        self._accepted = True
        lines = (
            b"HTTP/1.1 101 Switching Protocols",
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Accept: " + accept_key(self._key).encode(),
        )
        self._transport.write(b"\r\n".join((*lines, b"", b"")))

    async def _write(self, event: Any) -> None:
        if self._transport is None or self._closed is not None:
            return
        framed: bytes | None = event.get("framed")
        if framed is None:
            text, data = event.get("text"), event.get("bytes")
            framed = frame(Opcode.BINARY, data) if text is None else frame(Opcode.TEXT, text.encode())
        self._transport.write(framed)
        if self._drained.is_set():
            return
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._drained.wait()
        except TimeoutError:
            _log.info("live_client_reads_nothing")
            self._abort()

    # What the client sends.

    def _hear(self, heard: Frame) -> None:
        match heard.opcode:
            case Opcode.PING:
                self._out(frame(Opcode.PONG, heard.payload))
            case Opcode.CLOSE:
                self._hang_up(Close.NORMAL)
            case Opcode.TEXT:
                if self._inbox.qsize() >= _MOST_WAITING:
                    raise MalformedFrame(Close.POLICY, "more messages than anybody takes")
                try:
                    text = heard.payload.decode()
                except UnicodeDecodeError:
                    raise MalformedFrame(Close.PROTOCOL_ERROR, "text that is none") from None
                self._inbox.put_nowait({"type": "websocket.receive", "text": text})
            case Opcode.BINARY:
                raise MalformedFrame(Close.NOT_TAKEN, "bytes, of which none are taken")
            case _:
                pass  # an answer to a ping that we never send

    def _out(self, framed: bytes) -> None:
        """A control frame; to a client that reads nothing none is sent."""
        if self._transport is not None and self._accepted and self._drained.is_set():
            self._transport.write(framed)

    # Endings.

    def _answer(self, status: HTTPStatus, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        """Refuse the request over plain HTTP, and close."""
        if self._transport is None or self._closed is not None or self._accepted:
            return
        self._closed = Close.POLICY
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), b"Content-Length: 0", b"Connection: close"]
        lines += [b"Cache-Control: no-store", *(name + b": " + value for name, value in headers)]
        self._transport.write(b"\r\n".join((*lines, b"", b"")))
        self._transport.close()
        self._leave(Close.POLICY)

    def _hang_up(self, code: Close) -> None:
        """Say why and close; what is not read by then is dropped with a client that reads nothing."""
        if self._transport is None or self._closed is not None:
            return
        self._closed = code
        if not self._accepted or not self._drained.is_set():
            self._abort()
        else:
            self._transport.write(close_frame(code))
            self._transport.close()
        self._leave(code)

    def _abort(self) -> None:
        self._closed = self._closed or Close.GOING_AWAY
        if self._transport is not None:
            self._transport.abort()

    def _leave(self, code: Close) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": int(code)})
