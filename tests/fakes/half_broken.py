"""A half-broken object store: a proxy before a real S3 server that does something else now and then.

What it does is decided by a list of troubles, one for each request that changes something; the rest passes. It keeps
the bytes of each request as they are, so that the signature holds.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from config.s3 import S3Settings


class Trouble(StrEnum):
    """What becomes of one request."""

    NONE = "none"
    REFUSED = "refused"  # 503, and nothing is stored
    ANSWER_LOST = "answer_lost"  # stored, and the connection is closed without an answer
    BROKEN_ANSWER = "broken_answer"  # stored, and 500 is answered
    TORN = "torn"  # half of the body arrives, and the connection is closed
    SWALLOWED = "swallowed"  # 200 is answered, with a version that does not exist, and nothing is stored
    OTHER_BYTES = "other_bytes"  # other bytes arrive than were sent
    REVOKED = "revoked"  # 403: the key was taken away


class HalfBroken:
    """``troubles`` come to requests of method PUT one after the other; when there is none left, all is well."""

    def __init__(self, upstream: S3Settings, troubles: Iterable[Trouble] = ()) -> None:
        self.upstream = upstream
        self.trust = ssl.create_default_context(cafile=str(upstream.ca_file))
        self.troubles = deque(troubles)
        self.endpoint = ""
        self.met: list[Trouble] = []
        self._lock = threading.Lock()

    @property
    def settings(self) -> S3Settings:
        """What a client needs to come through here."""
        return replace(self.upstream, endpoint=self.endpoint, secure=False, ca_file=None)

    def next_trouble(self) -> Trouble:
        with self._lock:
            trouble = self.troubles.popleft() if self.troubles else Trouble.NONE
            self.met.append(trouble)
            return trouble


@contextmanager
def half_broken(upstream: S3Settings, troubles: Iterable[Trouble] = ()) -> Iterator[HalfBroken]:
    """Serve before ``upstream``, in the clear, until the block ends."""
    store = HalfBroken(upstream, troubles)
    handler = type("Handler", (_Handler,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    store.endpoint = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="half-broken")
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: HalfBroken

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        of_object = self.command == "PUT" and "?" not in self.path and self.path.count("/") > 1
        trouble = self.store.next_trouble() if of_object else Trouble.NONE
        match trouble:
            case Trouble.REFUSED:
                self._answer(503, {}, b"")
            case Trouble.REVOKED:
                self._answer(403, {"Content-Type": "application/xml"}, _DENIED)
            case Trouble.SWALLOWED:
                self._answer(200, {"x-amz-version-id": "0" * 32, "ETag": '"0"'}, b"")
            case Trouble.TORN:
                self._forward(body, cut=True)
                self.close_connection = True
            case Trouble.OTHER_BYTES:
                self._answer(*self._forward(bytes(len(body))))
            case Trouble.ANSWER_LOST:
                self._forward(body)
                self.close_connection = True
            case Trouble.BROKEN_ANSWER:
                self._forward(body)
                self._answer(500, {}, b"")
            case _:
                self._answer(*self._forward(body))

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass  # noqa: N815 - as http.server looks for them

    def _forward(self, body: bytes, *, cut: bool = False) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPSConnection(self.store.upstream.endpoint, timeout=10, context=self.store.trust)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            connection.send(body[: len(body) // 2] if cut else body)
            if cut:
                return 0, {}, b""
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        length = headers.get("Content-Length") if self.command == "HEAD" else None
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>'
)
