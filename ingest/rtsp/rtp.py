"""RTP and RTCP (RFC 3550): packet headers, the order of packets, unwrapped time, sender and receiver reports.

Pure. Not here: what a payload means (``pictures``) and how packets travel.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from ingest.rtsp.wire import MalformedPacket

CLOCK_RATE: Final = 90_000  # ticks per second of every video track that is recorded

_HEADER = struct.Struct("!BBHII")
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
_WIDEST_GAP = 0x2000  # packets; a wider one is a new count (RFC 3550 A.1 has 3000, in the days of slower video)
_LATEST = 1000  # packets that a datagram may come too late; one from further behind is of a new count
_SENDER_REPORT, _RECEIVER_REPORT, _GOODBYE = 200, 201, 203


class Arrival(NamedTuple):
    """When a packet was read: by the host's wall clock (UTC) and its monotonic clock (s)."""

    instant: datetime
    monotonic: float


class RtpPacket(NamedTuple):
    """One RTP packet (RFC 3550 5.1), without padding and header extension."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def is_rtcp(packet: bytes) -> bool:
    """Whether a packet is RTCP, by its second byte (RFC 5761 4): some cameras mix up the two channels."""
    return len(packet) >= 2 and 192 <= packet[1] <= 223


def parse_rtp(packet: bytes) -> RtpPacket:
    """Read one packet. Raises MalformedPacket."""
    if len(packet) < 12:
        raise MalformedPacket("an RTP packet of less than 12 bytes")
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(packet)
    plain = flags == 0x80  # version 2 and nothing else: nearly all packets
    payload = packet[12:] if plain else _payload_behind_options(packet, flags)
    return RtpPacket(kind & 0x7F, kind > 0x7F, sequence, timestamp, ssrc, payload)


def _payload_behind_options(packet: bytes, flags: int) -> bytes:
    """The payload of a packet with contributing sources, extension or padding."""
    if flags >> 6 != 2:
        raise MalformedPacket("an RTP packet of another version than 2")
    start = 12 + 4 * (flags & 0x0F)
    if flags & 0x10:
        if len(packet) < start + 4:
            raise MalformedPacket("an RTP header extension that is cut off")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet)
    if flags & 0x20:
        padding = packet[-1]
        if padding == 0:
            raise MalformedPacket("RTP padding without a length")
        end -= padding
    if end < start:
        raise MalformedPacket("an RTP packet shorter than its header says")
    return packet[start:end]


class SequenceTracker:
    """Finds missing packets by their 16-bit sequence numbers, across wraps (RFC 3550 A.1)."""

    def __init__(self) -> None:
        self.received = 0
        self.lost = 0  # missing so far; a packet that comes too late to be used stays lost
        self.unusable = 0  # duplicates and packets that came too late
        self.highest = 0  # extended by the number of wraps, for receiver reports
        self.first: int | None = None
        self._restart_at: int | None = None

    def accept(self, sequence: int) -> int:
        """How many packets are missing before this one; -1 when it is a duplicate or too late and must be dropped."""
        if self.first is None:
            self.first = self.highest = sequence
            self.received = 1
            return 0
        ahead = (sequence - self.highest) & 0xFFFF
        if 0 < ahead < _WIDEST_GAP:
            self.highest += ahead
            self.received += 1
            self.lost += ahead - 1
            self._restart_at = None
            return ahead - 1
        return self._astray(sequence, ahead)

    @property
    def expected(self) -> int:
        """The sequence number of the very next packet."""
        return (self.highest + 1) & 0xFFFF

    def advance(self, packets: int) -> None:
        """Note that many packets (at least one) that came in order from the expected one on."""
        self.highest += packets
        self.received += packets
        self._restart_at = None

    def _astray(self, sequence: int, ahead: int) -> int:
        """A late or doubled packet; two in a row from far away mean that the camera began to count anew."""
        restarted = sequence == self._restart_at
        self._restart_at = None
        if restarted:
            self.highest = self.first = sequence
            self.received, self.lost = 1, self.lost + 1  # the packet before this one had been dropped
            return 1
        self.unusable += 1
        if ahead != 0 and ahead < 0x10000 - _LATEST:
            self._restart_at = (sequence + 1) & 0xFFFF
        return -1


class ReorderBuffer:
    """Puts datagrams back in order: holds those that came early until the missing one comes or is given up.

    Given up when more than ``most_packets`` wait, or when those that wait span more than ``most_ticks`` of RTP
    time. A connection over TCP needs none.
    """

    def __init__(self, most_packets: int = 64, most_ticks: int = CLOCK_RATE // 5) -> None:
        self._most_packets = most_packets
        self._most_ticks = most_ticks
        self._next: int | None = None
        self._held: dict[int, tuple[RtpPacket, Arrival]] = {}

    def push(self, packet: RtpPacket, arrived: Arrival) -> Sequence[tuple[RtpPacket, Arrival]]:
        """The packets that can go on now, in order, each with the time at which it had come."""
        if self._next is None:
            self._next = packet.sequence
        ahead = (packet.sequence - self._next) & 0xFFFF
        if ahead == 0 and not self._held:
            self._next = (packet.sequence + 1) & 0xFFFF
            return ((packet, arrived),)
        if ahead >= _WIDEST_GAP:
            return self._astray(packet, arrived, ahead)
        self._held.setdefault(packet.sequence, (packet, arrived))
        released = self._in_order()
        while self._held and self._given_up():
            self._next = min(self._held, key=lambda sequence: (sequence - (self._next or 0)) & 0xFFFF)
            released += self._in_order()
        return released

    def _astray(self, packet: RtpPacket, arrived: Arrival, ahead: int) -> Sequence[tuple[RtpPacket, Arrival]]:
        """Late and doubled packets go on as they are, the tracker drops them; from far away it is a new count."""
        if ahead >= 0x10000 - _LATEST:
            return ((packet, arrived),)
        released = [self._held[key] for key in sorted(self._held, key=lambda key: (key - (self._next or 0)) & 0xFFFF)]
        self._held.clear()
        self._next = (packet.sequence + 1) & 0xFFFF
        return [*released, (packet, arrived)]

    def _in_order(self) -> list[tuple[RtpPacket, Arrival]]:
        released = []
        while self._next is not None and (held := self._held.pop(self._next, None)) is not None:
            released.append(held)
            self._next = (self._next + 1) & 0xFFFF
        return released

    def _given_up(self) -> bool:
        if len(self._held) > self._most_packets:
            return True
        stamps = [packet.timestamp for packet, _ in self._held.values()]
        return any((stamp - stamps[0] + self._most_ticks) & 0xFFFFFFFF > 2 * self._most_ticks for stamp in stamps)


class TimestampUnwrapper:
    """Carries 32-bit RTP timestamps on past their wrap. They may step back a little: pictures in coding order."""

    def __init__(self) -> None:
        self._last: int | None = None

    def unwrap(self, timestamp: int) -> int:
        """Ticks from an origin of this stream, never negative within the first 13 hours' worth of steps back."""
        self._last = self.near(timestamp)
        return self._last

    def near(self, timestamp: int) -> int:
        """The unwrapped time nearest to the latest one, without moving on."""
        if self._last is None:
            return timestamp + (1 << 32)
        step = (timestamp - self._last) & 0xFFFFFFFF
        return self._last + (step if step < 0x80000000 else step - (1 << 32))


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What a camera says of its clock (RFC 3550 6.4.1): this RTP timestamp is that instant."""

    ssrc: int
    ntp: int  # 64 bits, seconds since 1900 and fraction, as sent
    rtp_timestamp: int

    @property
    def instant(self) -> datetime | None:
        """The camera's wall clock, or None where it tells none.

        A zero, or a clear highest bit, is no wall clock but the time since start (RFC 3550 6.4.1). That holds until
        2036-02-07, when the era of 32-bit NTP seconds ends.
        """
        if self.ntp >> 63 == 0:
            return None
        return _NTP_EPOCH + timedelta(
            seconds=self.ntp >> 32, microseconds=((self.ntp & 0xFFFFFFFF) * 1_000_000) >> 32
        )


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The named sources have ended (RFC 3550 6.6)."""

    sources: tuple[int, ...]


def parse_rtcp(packet: bytes) -> list[SenderReport | Goodbye]:
    """The sender reports and goodbyes of a compound packet; other reports are passed over. Raises MalformedPacket."""
    found: list[SenderReport | Goodbye] = []
    at = 0
    while at < len(packet):
        if len(packet) - at < 4 or packet[at] >> 6 != 2:
            raise MalformedPacket("an RTCP packet that is cut off or of another version than 2")
        count, kind = packet[at] & 0x1F, packet[at + 1]
        end = at + 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
        body = packet[at + 4 : end]
        if end > len(packet):
            raise MalformedPacket("an RTCP packet longer than what came")
        if kind == _SENDER_REPORT:
            if len(body) < 24:
                raise MalformedPacket("an RTCP sender report that is cut off")
            found.append(SenderReport(*struct.unpack_from("!IQI", body)))
        elif kind == _GOODBYE:
            if len(body) < 4 * count:
                raise MalformedPacket("an RTCP goodbye that is cut off")
            found.append(Goodbye(struct.unpack_from(f"!{count}I", body)))
        at = end
    return found


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """How a stream arrives (RFC 3550 6.4.1, report block). ``jitter`` in ticks, ``delay_s`` since the last report."""

    source: int
    fraction_lost: float
    total_lost: int
    highest_sequence: int
    jitter: int
    last_report_ntp: int = 0  # 0: none came yet
    delay_s: float = 0.0


def receiver_report(own_ssrc: int, report: ReceptionReport) -> bytes:
    """A compound packet of a receiver report and an empty source description (RFC 3550 6.1 wants both)."""
    block = struct.pack(
        "!IIIIII",
        report.source,
        (min(255, int(report.fraction_lost * 256)) << 24) | min(0x7FFFFF, max(0, report.total_lost)),
        report.highest_sequence & 0xFFFFFFFF,
        min(0xFFFFFFFF, max(0, report.jitter)),
        (report.last_report_ntp >> 16) & 0xFFFFFFFF,
        min(0xFFFFFFFF, int(max(0.0, report.delay_s) * 65536)) if report.last_report_ntp else 0,
    )
    name = b"\x01\x07kaojian\x00"  # CNAME, then the end of the list; with the SSRC a multiple of four
    name += bytes(-len(name) % 4)
    header = struct.pack("!BBHI", 0x81, _RECEIVER_REPORT, 7, own_ssrc)
    description = struct.pack("!BBHI", 0x81, 202, (4 + len(name)) // 4, own_ssrc) + name
    return header + block + description
