"""WebSocket frames (RFC 6455) and what travels in them to a viewer. Pure: bytes in, bytes out, no sockets.

To a viewer go text frames, one JSON object each, told apart by ``kind`` (``dashboard.live.lines``), and binary ones:

    u8 kind (1 head, 2 pictures)  u8 flags (1 key frame, 2 from the past)  u16 how many pictures
    i64 arrival of the newest of them at this host (µs since 1970-01-01 UTC)  then fMP4: ftyp + moov, or moof + mdat

A binary frame is the same bytes for every viewer, so it is built once. No extension and no subprotocol is spoken.
A viewer sends short text frames only. What a client sends is hostile until it is read: lengths are bounded before
anything is kept, and every frame has to be masked.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from domain.timeline import MICROSECOND

MOST_HEARD_BYTES: Final = 256
"""The longest message that a viewer may send."""

_MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3
_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_MOST_CONTROL_BYTES: Final = 125  # RFC 6455 5.5
_ENVELOPE: Final = struct.Struct(">BBHq")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HEAD, PICTURES = 1, 2
KEY, PAST = 1, 2
ENVELOPE_BYTES: Final = _ENVELOPE.size


class Opcode(IntEnum):
    """RFC 6455 5.2."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Close(IntEnum):
    """Why a connection ends (RFC 6455 7.4.1); 4000 and up are ours."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    NOT_TAKEN = 1003
    POLICY = 1008
    TOO_LARGE = 1009
    FAULT = 1011
    NO_ROOM = 1013
    RIGHT_ENDED = 4001
    SILENT = 4002


class MalformedFrame(Exception):
    """Bytes that a client may not send; ``code`` is what it is told."""

    def __init__(self, code: Close, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame, unmasked."""

    opcode: Opcode
    payload: bytes


def accept_key(key: str) -> str:
    """The answer to a client's Sec-WebSocket-Key (RFC 6455 4.2.2)."""
    digest = hashlib.sha1((key + _MAGIC).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def is_key(key: str) -> bool:
    """Whether it is one: 16 bytes in base64 (RFC 6455 4.1)."""
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except ValueError:
        return False


def frame(opcode: Opcode, payload: bytes) -> bytes:
    """A whole frame as a server sends it: never masked (RFC 6455 5.1)."""
    size = len(payload)
    first = _FINAL | opcode
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", first, 126, size) + payload
    return struct.pack(">BBQ", first, 127, size) + payload


def close_frame(code: Close) -> bytes:
    """The frame that ends a connection, without words: they are told before it."""
    return frame(Opcode.CLOSE, struct.pack(">H", code))


def head_frame(head: bytes, at: datetime) -> bytes:
    """What a decoder must know before any picture."""
    return frame(Opcode.BINARY, _ENVELOPE.pack(HEAD, 0, 0, _microseconds(at)) + head)


def pictures_frame(fragments: bytes, count: int, arrived: datetime, *, key: bool, past: bool = False) -> bytes:
    """``count`` pictures; ``arrived`` is that of the newest, ``key`` says that the first is a key frame."""
    flags = (KEY if key else 0) | (PAST if past else 0)
    shown = min(count, 0xFFFF)
    return frame(Opcode.BINARY, _ENVELOPE.pack(PICTURES, flags, shown, _microseconds(arrived)) + fragments)


def opened(payload: bytes) -> tuple[int, int, int, int, bytes]:
    """Kind, flags, number of pictures, arrival (µs) and fMP4 of a binary message. Raises ValueError."""
    if len(payload) < ENVELOPE_BYTES:
        raise ValueError("a message without its envelope")
    return *_ENVELOPE.unpack_from(payload), payload[ENVELOPE_BYTES:]


def microseconds(instant: datetime) -> int:
    """Since 1970-01-01 UTC."""
    return _microseconds(instant)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // MICROSECOND


class Hearing:
    """What one client sends, frame by frame. Holds less than one message of MOST_HEARD_BYTES at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now. Raises MalformedFrame, after which nothing more may be fed."""
        self._buffer += data
        while (found := self._next()) is not None:
            yield found

    def _next(self) -> Frame | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        opcode, size = _first_two(buffer[0], buffer[1])
        at = 2
        if size == 126:
            if len(buffer) < 4:
                return None
            size, at = int.from_bytes(buffer[2:4], "big"), 4
        if size > MOST_HEARD_BYTES:
            raise MalformedFrame(Close.TOO_LARGE, "a message that is longer than any viewer's")
        end = at + 4 + size
        if len(buffer) < end:
            return None
        mask = bytes(buffer[at : at + 4])
        payload = _unmasked(bytes(buffer[at + 4 : end]), mask)
        del buffer[:end]
        return Frame(opcode, payload)


def _first_two(first: int, second: int) -> tuple[Opcode, int]:
    """Opcode, and the length or 126. Raises MalformedFrame."""
    if first & _RESERVED or not first & _FINAL:
        raise MalformedFrame(Close.PROTOCOL_ERROR, "a frame in parts, or of an extension that was not agreed on")
    if first & 0x0F not in Opcode.__members__.values():
        raise MalformedFrame(Close.PROTOCOL_ERROR, "a frame of no known kind")
    opcode, size = Opcode(first & 0x0F), second & 0x7F
    if opcode is Opcode.CONTINUATION:
        raise MalformedFrame(Close.PROTOCOL_ERROR, "a part of nothing")
    if not second & _MASKED:
        raise MalformedFrame(Close.PROTOCOL_ERROR, "a frame that is not masked")
    if size == 127:
        raise MalformedFrame(Close.TOO_LARGE, "a message that is longer than any viewer's")
    if opcode >= Opcode.CLOSE and size > _MOST_CONTROL_BYTES:
        raise MalformedFrame(Close.PROTOCOL_ERROR, "a control frame of more than 125 bytes")
    return opcode, size


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    whole = mask * (len(payload) // 4 + 1)
    return bytes(a ^ b for a, b in zip(payload, whole, strict=False))
