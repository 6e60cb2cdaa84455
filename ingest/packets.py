"""RTP and RTCP as bytes: access units cut into payloads, sender reports written, receiver reports read.

Pure functions of their arguments, for those who send: simulated cameras and live pictures. Written apart from the
recorder's own reading of the same formats, on purpose: two sides that share code share its mistakes. Sources: RFC
3550 (RTP, RTCP), RFC 6184 (H.264), RFC 7798 (H.265).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PAYLOAD_TYPE = 96
CLOCK_RATE = 90_000
HEADER_BYTES = 12

_STAP_A, _FU_A = 24, 28
_PARAMETER_SETS = (7, 8)
_AP, _FU = 48, 49
_H265_PARAMETER_SETS = (32, 33, 34)
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)


def payloads(nals: Sequence[bytes], limit: int, codec: str = "H264") -> list[bytes]:
    """One access unit as RTP payloads of at most ``limit`` bytes each, in order.

    H.264 by RFC 6184, packetization mode 1, H.265 by RFC 7798 without DONs. Parameter sets that follow each other
    travel in one aggregate; a unit that is too large is cut into fragments.
    """
    return _h265_payloads(nals, limit) if codec == "H265" else _h264_payloads(nals, limit)


def _h264_payloads(nals: Sequence[bytes], limit: int) -> list[bytes]:
    result: list[bytes] = []
    sets: list[bytes] = []
    for nal in nals:
        if nal[0] & 0x1F in _PARAMETER_SETS:
            sets.append(nal)
            continue
        result += _parameter_sets(sets, limit)
        sets = []
        result += [nal] if len(nal) <= limit else _fragments(nal, limit)
    return result + _parameter_sets(sets, limit)


def _parameter_sets(sets: Sequence[bytes], limit: int) -> list[bytes]:
    """RFC 6184 5.7.1: STAP-A, its header with the highest NRI of its units."""
    if len(sets) < 2 or 1 + sum(2 + len(nal) for nal in sets) > limit:
        return list(sets)
    header = max(nal[0] & 0x60 for nal in sets) | _STAP_A
    return [bytes([header]) + b"".join(struct.pack(">H", len(nal)) + nal for nal in sets)]


def _fragments(nal: bytes, limit: int) -> list[bytes]:
    """RFC 6184 5.8: FU-A."""
    indicator, kind, body = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F, nal[1:]
    room = limit - 2
    pieces = [body[at : at + room] for at in range(0, len(body), room)]
    last = len(pieces) - 1
    return [
        bytes([indicator, kind | (0x80 if index == 0 else 0) | (0x40 if index == last else 0)]) + piece
        for index, piece in enumerate(pieces)
    ]


def _h265_payloads(nals: Sequence[bytes], limit: int) -> list[bytes]:
    result: list[bytes] = []
    sets: list[bytes] = []
    for nal in [*nals, None]:
        if nal is not None and nal[0] >> 1 in _H265_PARAMETER_SETS:
            sets.append(nal)
            continue
        result += _aggregation_packet(sets, limit)
        sets = []
        if nal is not None:
            result += [nal] if len(nal) <= limit else _fragmentation_units(nal, limit)
    return result


def _aggregation_packet(sets: Sequence[bytes], limit: int) -> list[bytes]:
    """RFC 7798 4.4.2: AP of layer 0, with the lowest temporal id of its units."""
    if len(sets) < 2 or 2 + sum(2 + len(nal) for nal in sets) > limit:
        return list(sets)
    header = bytes((_AP << 1, min(nal[1] & 7 for nal in sets)))
    return [header + b"".join(struct.pack(">H", len(nal)) + nal for nal in sets)]


def _fragmentation_units(nal: bytes, limit: int) -> list[bytes]:
    """RFC 7798 4.4.3: FU."""
    header, kind, body = bytes((nal[0] & 0x81 | _FU << 1, nal[1])), nal[0] >> 1, nal[2:]
    room = limit - 3
    starts = range(0, len(body), room)
    return [
        header + bytes((kind | 0x80 * (at == 0) | 0x40 * (at == starts[-1]),)) + body[at : at + room] for at in starts
    ]


def carries_picture(payload: bytes, codec: str = "H264") -> bool:
    """Whether a payload holds bytes of a slice: without parameter sets or SEI alone, a picture is still whole."""
    if codec == "H265":
        kind = payload[0] >> 1
        return (payload[2] & 0x3F if kind == _FU else kind) < _H265_PARAMETER_SETS[0]
    kind = payload[0] & 0x1F
    return 1 <= (payload[1] & 0x1F if kind == _FU_A else kind) <= 5


def rtp_header(
    sequence: int, time: int, ssrc: int, marker: bool, payload_type: int = PAYLOAD_TYPE, *, extension: bytes = b""
) -> bytes:
    """RFC 3550 5.1; the marker says that the access unit is complete (RFC 6184 5.1).

    ``extension`` is a whole one with its own header (5.3.1).
    """
    kind = payload_type | (0x80 if marker else 0)
    first = 0x90 if extension else 0x80
    return struct.pack(">BBHII", first, kind, sequence & 0xFFFF, time & 0xFFFFFFFF, ssrc) + extension


def ntp_time(instant: datetime) -> int:
    """64 bits: seconds since 1900 and a binary fraction (RFC 3550 4)."""
    microseconds = (instant - _NTP_EPOCH) // timedelta(microseconds=1)
    seconds, rest = divmod(microseconds, 1_000_000)
    return (seconds & 0xFFFFFFFF) << 32 | (rest << 32) // 1_000_000


def sender_report(ssrc: int, wall: datetime, rtp_time: int, packets: int, octets: int) -> bytes:
    """A compound of sender report (RFC 3550 6.4.1) and CNAME (6.5.1). ``wall`` and ``rtp_time`` are one instant."""
    report = struct.pack(
        ">BBHIQIII",
        0x80,
        200,
        6,
        ssrc,
        ntp_time(wall),
        rtp_time & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    name = b"camera"
    item = struct.pack(">IBB", ssrc, 1, len(name)) + name
    item += bytes(4 - len(item) % 4)
    return report + struct.pack(">BBH", 0x81, 202, len(item) // 4) + item


def goodbye(ssrc: int) -> bytes:
    """RFC 3550 6.6."""
    return struct.pack(">BBHI", 0x81, 203, 1, ssrc)


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """What a receiver says of our stream (RFC 3550 6.4.2)."""

    fraction_lost: float
    lost: int
    highest_sequence: int
    jitter: int


def receiver_reports(datagram: bytes, ssrc: int) -> list[ReceiverReport]:
    """The report blocks about ``ssrc`` in one compound packet; anything malformed is passed over."""
    found: list[ReceiverReport] = []
    at = 0
    while at + 4 <= len(datagram):
        first, kind, words = struct.unpack_from(">BBH", datagram, at)
        end = at + 4 + words * 4
        blocks = {200: at + 28, 201: at + 8}.get(kind)
        for index in range(first & 0x1F if blocks is not None else 0):
            start = (blocks or 0) + index * 24
            if start + 24 > min(end, len(datagram)):
                break
            about, loss, highest, jitter = struct.unpack_from(">IIII", datagram, start)
            if about == ssrc:
                lost = (loss & 0xFFFFFF) - ((loss & 0x800000) << 1)
                found.append(ReceiverReport((loss >> 24) / 256, lost, highest, jitter))
        at = end
    return found
