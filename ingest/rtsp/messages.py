"""RTSP 1.0 messages and the stream they travel in (RFC 2326): requests, answers and interleaved frames.

Pure: bytes in, values out. It knows no socket, no order of requests and no meaning of a header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ingest.rtsp.wire import MalformedMessage

MAX_HEAD_BYTES: Final = 16 * 1024  # start line and headers
MAX_BODY_BYTES: Final = 256 * 1024  # a session description has a few kB

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_ANSWER_LINE = re.compile(r"RTSP/1\.\d +(\d{3})(?: +(.*))?")
_REQUEST_LINE = re.compile(r"([A-Z_]{1,32}) +(\S+) +RTSP/1\.\d")
DOLLAR: Final = 0x24  # begins a frame, and no message
_LINE_ENDS = (0x0D, 0x0A)


class Headers:
    """Header fields in order; names compare without case, and one name may occur more than once."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple(fields)

    def first(self, name: str) -> str | None:
        """The value of the first field of that name, or None."""
        wanted = name.lower()
        return next((value for key, value in self._fields if key.lower() == wanted), None)

    def all(self, name: str) -> tuple[str, ...]:
        """The values of all fields of that name, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self._fields if key.lower() == wanted)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._fields)

    def __repr__(self) -> str:
        return f"Headers({[name for name, _ in self._fields]})"  # values may hold credentials


@dataclass(frozen=True, slots=True)
class Request:
    """A request of either side (RFC 2326, section 6)."""

    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def encode(self) -> bytes:
        return _encoded(f"{self.method} {self.url} RTSP/1.0", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a request (RFC 2326, section 7)."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def encode(self) -> bytes:
        return _encoded(f"RTSP/1.0 {self.status} {self.reason}", self.headers, self.body)


class Frame(NamedTuple):
    """An RTP or RTCP packet interleaved in the connection (RFC 2326 10.12)."""

    channel: int
    payload: bytes


Event = Frame | Answer | Request

FrameTaker = Callable[[bytes, int], int]
"""Takes the frames that lie whole in the bytes from an offset on, one behind the other, at least the first of them;
gives the offset behind those that it took."""


def _encoded(start_line: str, headers: Headers, body: bytes) -> bytes:
    lines = [start_line, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def frame(channel: int, payload: bytes) -> bytes:
    """The bytes of an interleaved frame. ``payload`` has at most 65,535 bytes."""
    return bytes((DOLLAR, channel)) + len(payload).to_bytes(2, "big") + payload


def frame_end(buffer: bytes, at: int) -> int | None:
    """The offset behind the frame that begins at ``at``; None while it is incomplete."""
    if len(buffer) - at < 4:
        return None
    end = at + 4 + (buffer[at + 2] << 8 | buffer[at + 3])
    return end if end <= len(buffer) else None


def skip_frames(buffer: bytes, at: int) -> int:
    """A FrameTaker that drops what it takes."""
    while at < len(buffer) and buffer[at] == DOLLAR and (end := frame_end(buffer, at)) is not None:
        at = end
    return at


class StreamParser:
    """Cuts a TCP byte stream into messages and frames, whatever the pieces it arrives in.

    Frames, of which a camera sends hundreds a second, go to ``take_frames`` where they lie; without it they are among
    the events. Holds at most one incomplete message: 16 KiB of headers plus 256 KiB of body, or one frame of 64 KiB.
    ``broken`` says why nothing more can be read; what came before is still given out.
    """

    def __init__(self, take_frames: FrameTaker | None = None) -> None:
        self.broken: MalformedMessage | None = None
        self._take_frames = take_frames
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes, in order."""
        events: list[Event] = []
        if self.broken is None:
            try:
                self._read(data, events)
            except MalformedMessage as error:
                self.broken, self._rest = error, b""
        return events

    def _read(self, data: bytes, events: list[Event]) -> None:
        buffer = self._rest + data if self._rest else data
        at, end = 0, len(buffer)
        while at < end:
            first = buffer[at]
            if first == DOLLAR:
                stop = frame_end(buffer, at)
                if stop is None:
                    break
                if self._take_frames is not None:
                    at = self._take_frames(buffer, at)
                else:
                    events.append(Frame(buffer[at + 1], buffer[at + 4 : stop]))
                    at = stop
            elif first in _LINE_ENDS:
                at += 1  # cameras send stray line ends between messages
            else:
                found = _message(buffer, at)
                if found is None:
                    break
                message, at = found
                events.append(message)
        self._rest = buffer[at:]


def _message(buffer: bytes, at: int) -> tuple[Answer | Request, int] | None:
    """The message that begins at ``at`` and the offset behind it, or None while it is incomplete."""
    end_of_head = _END_OF_HEAD.search(buffer, at, at + MAX_HEAD_BYTES)
    if end_of_head is None:
        if len(buffer) - at >= MAX_HEAD_BYTES:
            raise MalformedMessage(f"no end of headers within {MAX_HEAD_BYTES} bytes")
        _refuse_what_cannot_become_a_message(buffer, at)
        return None
    lines = buffer[at : end_of_head.start()].decode("utf-8", "replace").splitlines()
    headers = Headers(_fields(lines[1:]))
    body_end = end_of_head.end() + _body_size(headers)
    start = _start_line(lines[0] if lines else "")
    if body_end > len(buffer):
        return None
    body = buffer[end_of_head.end() : body_end]
    if isinstance(start, Answer):
        return Answer(start.status, start.reason, headers, body), body_end
    return Request(start.method, start.url, headers, body), body_end


def _refuse_what_cannot_become_a_message(buffer: bytes, at: int) -> None:
    """Raise early when the stream is out of step: a message begins with a method or with RTSP/1."""
    head = buffer[at : at + 32]
    word = head.split(b" ", 1)[0]
    if not re.fullmatch(rb"[A-Z_]*|R?T?S?P?/?1?\.?\d?|RTSP/1\.\d", word):
        raise MalformedMessage("bytes that are neither a message nor an interleaved frame")


def _start_line(line: str) -> Answer | Request:
    answer = _ANSWER_LINE.fullmatch(line.strip())
    if answer is not None:
        return Answer(int(answer[1]), (answer[2] or "").strip())
    request = _REQUEST_LINE.fullmatch(line.strip())
    if request is not None:
        return Request(request[1], request[2])
    raise MalformedMessage("a message that begins with neither a status line nor a request line")


def _fields(lines: list[str]) -> list[tuple[str, str]]:
    """Name and value of every header line; folded lines (RFC 2326 15.1, as in HTTP) continue the one before."""
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon and name.strip():
            fields.append((name.strip(), value.strip()))
    return fields


def _body_size(headers: Headers) -> int:
    text = headers.first("Content-Length")
    if text is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > MAX_BODY_BYTES:
        raise MalformedMessage("a Content-Length that is no number or larger than any session description")
    return int(text)


def parameters(value: str) -> dict[str, str]:
    """The parameters of ``a;b=1;c="2"`` (Transport, Session): lower-case names to values, '' where there is none."""
    found: dict[str, str] = {}
    for part in value.split(";"):
        name, _, text = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), text.strip().strip('"'))
    return found
