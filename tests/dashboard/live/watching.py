"""A viewer of live pictures in plain sockets, which shares no code with the server's side, and a server for it."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from dashboard.api.guard import COOKIE
from dashboard.live.protocol import LiveProtocol

PATIENCE_S = 30.0


@contextmanager
def live_served(app: ASGIApp) -> Iterator[str]:
    """Serve a live application on a free port of loopback until the block ends; its address."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for the client's ACK.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws=LiveProtocol, timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="live")
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@dataclass
class Tile:
    """One WebSocket. ``status`` is that of the answer to its request; 101 is open."""

    address: str
    path: str
    token: str | None
    origin: str | None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    closed: int | None = None

    def __post_init__(self) -> None:
        self._buffer = b""
        self._socket = socket.create_connection((urlsplit(self.address).hostname, urlsplit(self.address).port))
        self._socket.settimeout(PATIENCE_S)
        lines = {
            "Host": urlsplit(self.address).netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **({} if self.origin is None else {"Origin": self.origin}),
            **({} if self.token is None else {"Cookie": f"{COOKIE}={self.token}"}),
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._socket.sendall(f"GET {self.path} HTTP/1.1\r\n{head}\r\n".encode())
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        answer, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self.status = int(answer.split()[1])

    def close(self) -> None:
        self._socket.close()

    def say(self, payload: bytes, opcode: int = 1, *, masked: bool = True) -> None:
        mask = os.urandom(4)
        body = bytes(each ^ mask[at % 4] for at, each in enumerate(payload)) if masked else payload
        size = len(payload)
        length = (
            bytes([size | (0x80 if masked else 0)])
            if size < 126
            else struct.pack(">BH", 126 | (0x80 if masked else 0), size)
        )
        self._socket.sendall(bytes([0x80 | opcode]) + length + (mask if masked else b"") + body)

    def ping(self, number: int) -> None:
        self.say(json.dumps({"ping": number}).encode())

    def next(self) -> dict[str, Any] | bytes | None:
        """The next message: words, or bytes; None once the connection has ended, with ``closed`` its code."""
        while True:
            first, second = self._take(2) or (0, 0)
            if not first:
                return None
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(self._take(2 if size == 126 else 8) or b"", "big")
            payload = self._take(size) or b""
            match first & 0x0F:
                case 1:
                    words: dict[str, Any] = json.loads(payload)
                    return words
                case 2:
                    return payload
                case 8:
                    self.closed = int.from_bytes(payload[:2], "big")
                    return None

    def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next words of a kind that say that."""
        while (found := self.next()) is not None:
            if isinstance(found, dict) and found["kind"] == kind and wanted.items() <= found.items():
                return found
        raise AssertionError(f"the connection ended ({self.closed}) without {kind} {wanted}")

    def pictures(self, count: int) -> list[bytes]:
        """Messages with pictures, so many."""
        found: list[bytes] = []
        while len(found) < count:
            message = self.next()
            assert message is not None, f"the connection ended ({self.closed})"
            if isinstance(message, bytes) and message[0] == 2:
                found.append(message)
        return found

    def ended(self) -> int | None:
        """Read to the end: the code."""
        while self.next() is not None:
            continue
        return self.closed

    def _take(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not self._more():
                return None
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> bool:
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        self._buffer += data
        return bool(data)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.02)
