"""What travels over a relay's socket, version 1. Pure: bytes and units, no sockets.

A viewer connects to a Unix socket, sends one request and then only reads. All numbers are big-endian.

    request   "KJR1"  u8 length (1..255)  camera id, UTF-8
    message   u32 length of what follows (1..16 MiB)  u8 kind  body

    kind 1    format     u8 codec (1 H.264, 2 H.265, 3 JPEG), then VPS, SPS and PPS, each as u16 length and bytes;
                         before the first unit and whenever it changes; the VPS of H.264 has length 0;
                         of JPEG the first is u16 width, u16 height, and the others have length 0
    kind 2    unit       i64 arrival at the recorder (µs since 1970-01-01 UTC)  i64 RTP time (90 kHz, from an origin
                         of the run)  u8 flags (1 key frame, 2 damaged), then NAL units, each as u32 length and bytes
    kind 3    skipped    empty: pictures were left out, because this viewer was too slow; the next unit is a key frame
    kind 4    lost       empty: the camera was lost; once it is back, a key frame follows
    kind 5    ended      u8 reason (see Ended); the recorder then closes

The first unit is a key frame: the newest one where the recorder still holds all pictures since, else the next one.
The stamps are arrivals, not the instants of evidence (docs/time.md): live pictures prove nothing. A viewer that sends
anything after its request is sent away. Another version would have another magic; a recorder that does not know it
ends the connection with ``Ended.MALFORMED``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

from domain.timeline import MICROSECOND
from ingest.source import AccessUnit
from storage.media import Codec, MediaError, VideoFormat

MAGIC: Final = b"KJR1"
MOST_REQUEST_BYTES: Final = len(MAGIC) + 1 + 255
MOST_MESSAGE_BYTES: Final = 16 << 20

_HEAD = struct.Struct(">IB")
_UNIT = struct.Struct(">qqB")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIZE = struct.Struct(">HH")
_CODECS = {1: Codec.H264, 2: Codec.H265, 3: Codec.JPEG}
_NUMBERS = {codec: number for number, codec in _CODECS.items()}
_KEY, _DAMAGED = 1, 2
HEAD_BYTES: Final = _HEAD.size


class Kind(IntEnum):
    """What a message is."""

    FORMAT = 1
    UNIT = 2
    SKIPPED = 3
    LOST = 4
    ENDED = 5


class Ended(IntEnum):
    """Why the recorder ends a viewer's connection."""

    UNKNOWN_CAMERA = 1  # this recorder does not record it now
    STOPPED = 2  # the recorder is going down
    FULL = 3  # it serves as many viewers as it may
    MALFORMED = 4  # the request was none


class MalformedRelay(Exception):
    """Bytes that are not what this version of the format allows."""


@dataclass(frozen=True, slots=True)
class LiveUnit:
    """One coded picture for a viewer. ``arrived`` is when the recorder had it, ``rtp_time`` in 90 kHz of its run.

    ``nals`` have neither start codes nor lengths. ``skipped`` says that pictures before this one were left out for
    this viewer.
    """

    arrived: datetime
    rtp_time: int
    key: bool
    damaged: bool
    nals: tuple[bytes, ...]
    format: VideoFormat
    skipped: bool = False


def request(camera: str) -> bytes:
    """The only thing a viewer says. Raises ValueError for a name of more than 255 bytes, or none."""
    name = camera.encode()
    if not 1 <= len(name) <= 255:
        raise ValueError("a camera's name has 1 to 255 bytes")
    return MAGIC + bytes((len(name),)) + name


def requested(data: bytes) -> str | None:
    """The camera that is asked for; None while the request is not whole. Raises MalformedRelay."""
    if not MAGIC.startswith(data[: len(MAGIC)]) or (len(data) > len(MAGIC) and data[len(MAGIC)] == 0):
        raise MalformedRelay("not a request of this version")
    if len(data) <= len(MAGIC):
        return None
    end = len(MAGIC) + 1 + data[len(MAGIC)]
    if len(data) < end:
        return None
    if len(data) > end:
        raise MalformedRelay("more than a request")
    try:
        return data[len(MAGIC) + 1 :].decode()
    except UnicodeDecodeError:
        raise MalformedRelay("the camera's name is not UTF-8") from None


def message(kind: Kind, body: bytes = b"") -> bytes:
    return _HEAD.pack(len(body) + 1, kind) + body


def format_message(video: VideoFormat) -> bytes:
    """The message that tells how the units after it are coded."""
    sets = (video.vps, video.sps, video.pps)
    if video.codec is Codec.JPEG:
        sets = (_SIZE.pack(video.width, video.height), b"", b"")
    body = bytes((_NUMBERS[video.codec],)) + b"".join(len(each).to_bytes(2, "big") + each for each in sets)
    return message(Kind.FORMAT, body)


def unit_message(unit: AccessUnit) -> bytes:
    """The message of one picture."""
    flags = (_KEY if unit.key else 0) | (_DAMAGED if unit.damaged else 0)
    parts = [_UNIT.pack((unit.arrived - _EPOCH) // MICROSECOND, unit.rtp_time, flags)]
    for nal in unit.nals:
        parts += (len(nal).to_bytes(4, "big"), nal)
    return message(Kind.UNIT, b"".join(parts))


def head(data: bytes) -> tuple[Kind, int]:
    """Kind and length of the body of the message that begins with these HEAD_BYTES bytes. Raises MalformedRelay."""
    length, kind = _HEAD.unpack(data)
    if not 1 <= length <= MOST_MESSAGE_BYTES or kind not in Kind.__members__.values():
        raise MalformedRelay(f"a message of kind {kind} and {length} bytes")
    return Kind(kind), length - 1


def format_of(body: bytes) -> VideoFormat:
    """The inverse of ``format_message``, from its body. Raises MalformedRelay."""
    if not body or body[0] not in _CODECS:
        raise MalformedRelay("a format of no known codec")
    vps, sps, pps = _pieces(body[1:], 2, 3)
    if _CODECS[body[0]] is Codec.JPEG:
        if len(vps) != _SIZE.size:
            raise MalformedRelay("a JPEG format without a size")
        return VideoFormat(Codec.JPEG, *_SIZE.unpack(vps))
    try:
        if _CODECS[body[0]] is Codec.H265:
            return VideoFormat.from_h265(vps, sps, pps)
        return VideoFormat.from_h264(sps, pps)
    except MediaError as error:
        raise MalformedRelay(f"parameter sets that cannot be read: {error}") from error


def unit_of(body: bytes, video: VideoFormat, *, skipped: bool = False) -> LiveUnit:
    """The inverse of ``unit_message``, from its body. Raises MalformedRelay."""
    if len(body) < _UNIT.size:
        raise MalformedRelay("a unit without its head")
    microseconds, rtp_time, flags = _UNIT.unpack_from(body)
    try:
        arrived = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise MalformedRelay("a unit at no time there is") from None
    nals = _pieces(body[_UNIT.size :], 4)
    return LiveUnit(arrived, rtp_time, bool(flags & _KEY), bool(flags & _DAMAGED), nals, video, skipped)


def ended_of(body: bytes) -> Ended:
    """The reason in the body of an ``ended`` message. Raises MalformedRelay."""
    if len(body) != 1 or body[0] not in Ended.__members__.values():
        raise MalformedRelay("an end without a known reason")
    return Ended(body[0])


def _pieces(data: bytes, length_bytes: int, count: int | None = None) -> tuple[bytes, ...]:
    """Bytes with their lengths before them, as many as there are. Raises MalformedRelay where they do not fit."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + length_bytes
        end = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or end > len(data):
            raise MalformedRelay("a length beyond the end of its message")
        found.append(data[start:end])
        at = end
    if count is not None and len(found) != count:
        raise MalformedRelay(f"{len(found)} parts where there must be {count}")
    return tuple(found)
