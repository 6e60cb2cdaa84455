"""One sound track as it comes in: from RTP and RTCP packets to frames of AAC (RFC 3640) or G.711 (RFC 3551).

Pure, and it raises nothing: sound is an addition, so what cannot be read is left out and no stream ends by it. Not
here: pictures (``reception``), and where sound lies among them (``ingest.sound``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ingest.rtsp.messages import frame_end
from ingest.rtsp.rtp import (
    Arrival,
    Goodbye,
    ReorderBuffer,
    RtpPacket,
    SequenceTracker,
    TimestampUnwrapper,
    is_rtcp,
    parse_rtcp,
    parse_rtp,
)
from ingest.rtsp.sdp import SoundTrack
from ingest.rtsp.wire import MalformedPacket
from ingest.source import Heard, SoundFrame
from storage.media import SoundCodec

_MOST_WAITING: Final = 1_000  # frames that nobody takes, for no picture comes; the oldest are dropped
_MOST_UNITS: Final = 64  # access units of one packet
_LARGEST_UNIT_BYTES: Final = 8 * 1024  # 14496-3 4.5.3.2: 6144 bits for each of at most 8 channels


class SoundReception:
    """The state of one sound track. ``datagrams`` says that packets may change order.

    ``channels`` are those of RTP and RTCP where they are interleaved in a connection.
    """

    def __init__(self, track: SoundTrack, channels: tuple[int, int], datagrams: bool = False) -> None:
        self.channels = channels
        self._track = track
        self._datagrams = datagrams
        self._waiting: deque[SoundFrame] = deque()
        self._lost = 0
        self._ssrc: int | None = None
        self._begin()

    def _begin(self) -> None:
        """A source of its own: its own count, time and clock."""
        rate = self._track.format.rate
        self._reorder = ReorderBuffer(most_packets=16, most_ticks=rate // 5) if self._datagrams else None
        self._sequence = SequenceTracker()
        self._time = TimestampUnwrapper()
        self._camera_clock: tuple[datetime, int] | None = None
        self._partial: _Partial | None = None

    def receive_frames(self, buffer: bytes, at: int, end: int, arrived: Arrival) -> None:
        """Take those of the whole interleaved frames from ``at`` to ``end`` that are of this track."""
        while at < end:
            following = frame_end(buffer, at)
            if following is None:
                return
            if buffer[at + 1] in self.channels:
                self.receive(buffer[at + 4 : following], arrived)
            at = following

    def receive(self, packet: bytes, arrived: Arrival) -> None:
        """Take one packet."""
        try:
            if is_rtcp(packet):
                self._hear(packet)
                return
            rtp = parse_rtp(packet)
        except MalformedPacket:
            return
        if rtp.payload_type != self._track.payload_type:
            return
        if rtp.ssrc != self._ssrc:
            if self._ssrc is not None and self._datagrams:
                return  # left over from an earlier connection to these ports
            self._ssrc = rtp.ssrc
            self._begin()
        if self._reorder is None:
            self._take(rtp, arrived)
            return
        for held, then in self._reorder.push(rtp, arrived):
            self._take(held, then)

    def heard(self) -> Heard:
        """What came since this was last called."""
        heard = Heard(self._track.format, tuple(self._waiting), self._lost)
        self._waiting.clear()
        self._lost = 0
        return heard

    def _take(self, rtp: RtpPacket, arrived: Arrival) -> None:
        lost = self._sequence.accept(rtp.sequence)
        if lost < 0:
            return
        self._lost += lost
        if lost:
            self._partial = None
        time = self._time.unwrap(rtp.timestamp)
        for data, late, duration in self._frames(rtp):
            at = time + late
            self._waiting.append(
                SoundFrame(data, at, duration, arrived.instant, arrived.monotonic, self._camera_time(at))
            )
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft()

    def _frames(self, rtp: RtpPacket) -> Iterator[tuple[bytes, int, int]]:
        """What a packet completes: bytes of each frame, how long after the packet's time it begins, how long it is.

        G.711 has a byte for each sample.
        """
        sound = self._track.format
        if sound.codec is not SoundCodec.AAC:
            duration = len(rtp.payload) // sound.channels
            if duration:
                yield rtp.payload[: duration * sound.channels], 0, duration
            return
        step = sound.frame_ticks
        for number, data in enumerate(self._access_units(rtp)):
            yield data, number * step, step

    def _access_units(self, rtp: RtpPacket) -> list[bytes]:
        """The whole access units of a packet (RFC 3640 3.2); one in several packets when its last one came."""
        sizes, at = _unit_sizes(rtp.payload, self._track)
        partial, self._partial = self._partial, None
        if len(sizes) == 1 and sizes[0] > len(rtp.payload) - at:
            return self._piece(rtp, sizes[0], rtp.payload[at:], partial)
        if partial is not None and len(sizes) == 1 and partial.timestamp == rtp.timestamp:
            return self._piece(rtp, sizes[0], rtp.payload[at:], partial)
        found: list[bytes] = []
        for size in sizes:
            if size == 0 or at + size > len(rtp.payload):
                break
            found.append(rtp.payload[at : at + size])
            at += size
        return found

    def _piece(self, rtp: RtpPacket, size: int, data: bytes, before: _Partial | None) -> list[bytes]:
        """3.2.3: each fragment's header tells the size of the whole unit."""
        if before is None or before.timestamp != rtp.timestamp or before.size != size:
            before = _Partial(rtp.timestamp, size)
        before.data += data
        if len(before.data) < size and not rtp.marker:
            self._partial = before
            return []
        return [bytes(before.data)] if len(before.data) == size else []

    def _camera_time(self, time: int) -> datetime | None:
        if self._camera_clock is None:
            return None
        instant, timestamp = self._camera_clock
        ticks = time - self._time.near(timestamp)
        return instant + timedelta(seconds=ticks / self._track.format.rate)

    def _hear(self, packet: bytes) -> None:
        for report in parse_rtcp(packet):
            if not isinstance(report, Goodbye) and self._ssrc in (None, report.ssrc):
                instant = report.instant
                self._camera_clock = None if instant is None else (instant, report.rtp_timestamp)


@dataclass(slots=True)
class _Partial:
    """An access unit that comes in several packets."""

    timestamp: int
    size: int
    data: bytearray = field(default_factory=bytearray)


def _unit_sizes(payload: bytes, track: SoundTrack) -> tuple[list[int], int]:
    """The sizes that the AU headers tell (RFC 3640 3.2.1), and where the units begin.

    None for what is no such payload. Interleaved units (whose indices differ by more) cannot be put in order.
    """
    bits = int.from_bytes(payload[:2], "big")
    begin = 2 + (bits + 7) // 8
    if len(payload) < begin:
        return [], 0
    headers = int.from_bytes(payload[2:begin], "big") >> (-bits % 8)
    sizes: list[int] = []
    index_bits = track.index_bits
    while bits >= track.size_bits + index_bits and len(sizes) < _MOST_UNITS:
        bits -= track.size_bits
        sizes.append((headers >> bits) & ((1 << track.size_bits) - 1))
        bits -= index_bits
        if (headers >> bits) & ((1 << index_bits) - 1) and len(sizes) > 1:
            return [], 0
        if sizes[-1] > _LARGEST_UNIT_BYTES:
            return [], 0
        index_bits = track.index_delta_bits
    return sizes, begin
