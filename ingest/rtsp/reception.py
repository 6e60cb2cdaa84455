"""One video stream as it comes in: from RTP and RTCP packets to access units, and reports back to the camera.

Pure: packets and their arrival go in, units come out. Gates the stream until its first whole key frame; before
that nothing can be recorded.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.clock import took_s
from ingest.rtsp.messages import DOLLAR, frame_end
from ingest.rtsp.pictures import Depacketizer, Picture
from ingest.rtsp.rtp import (
    CLOCK_RATE,
    Arrival,
    Goodbye,
    ReceptionReport,
    ReorderBuffer,
    RtpPacket,
    SenderReport,
    SequenceTracker,
    TimestampUnwrapper,
    is_rtcp,
    parse_rtcp,
    parse_rtp,
    receiver_report,
)
from ingest.rtsp.sdp import VideoTrack
from ingest.rtsp.wire import MalformedPacket, StreamEnded
from ingest.source import MOST_EARLIER, AccessUnit

_SEQUENCE_AT = 6  # in an interleaved frame, where the four bytes of the frame come before the packet
_BEGINS, _ENDS = 0x80, 0x40  # in a fragment's own header
_EDGES = _BEGINS | _ENDS


_WholeUnit = tuple[bytes, int, bool, int, int]
"""A NAL unit joined from its fragments, its timestamp and marker, its packets, and where the next frame begins."""


class Reception:
    """The state of one stream. ``datagrams`` says that packets may change order and stray ones may mix in;
    ``channels`` are those that carry its packets where they are interleaved in a connection.

    ``pictures`` counts the units seen, those before the first key frame included; ``packets`` those of this
    stream; ``dropped`` what was no packet of it (malformed, other payload type, stray source).
    """

    def __init__(
        self, track: VideoTrack, own_ssrc: int, datagrams: bool = False, channels: Sequence[int] = (0, 1)
    ) -> None:
        self.pictures = 0
        self.packets = 0
        self.dropped = 0
        self.started = False
        self._payload_type = track.payload_type
        self._channels = channels
        self._plain = bytes((0x80, track.payload_type))  # version 2 without options, no marker
        self._coding = track.coding
        self._fragment_at = 4 + 12 + track.coding.header_bytes + 1  # in a frame, where the bytes of a fragment begin
        self._headers = struct.Struct(f"!{_SEQUENCE_AT}sH{self._fragment_at - _SEQUENCE_AT - 2}s")
        self._heads = struct.Struct(f"!{_SEQUENCE_AT}sH{self._fragment_at - _SEQUENCE_AT - 3}sB")
        self._own_ssrc = own_ssrc
        self._datagrams = datagrams
        self._ssrc: int | None = None
        self._reorder = ReorderBuffer() if datagrams else None
        self._sequence = SequenceTracker()
        self._depacketizer = Depacketizer(track.coding, track.parameter_sets)
        self._time = TimestampUnwrapper()
        self._camera_clock: tuple[datetime, int] | None = None  # an instant and its RTP timestamp
        self._last_report: tuple[int, float] | None = None  # NTP time of the last sender report, when it came
        self._earlier: deque[tuple[int, float]] = deque(maxlen=MOST_EARLIER)  # pictures before the first key frame
        self._first: tuple[int, float] | None = None  # the first of them
        self._jitter = _Jitter()
        self._reported = (0, 0)  # received and lost at the last receiver report

    def receive_frames(self, buffer: bytes, at: int, arrived: Arrival, units: deque[AccessUnit]) -> int:
        """Append the units that the whole frames from ``at`` on complete; the offset behind these frames.

        Raises as ``receive`` does, with the units before that appended.
        """
        while at < len(buffer) and buffer[at] == DOLLAR and (end := frame_end(buffer, at)) is not None:
            if buffer[at + 1] in self._channels:
                whole = self._whole_unit(buffer, at, end)
                if whole is not None:
                    end = self._take_unit(whole, arrived, units)
                else:
                    units += self.receive(buffer[at + 4 : end], arrived)
                    end = self._follow_fragments(buffer, at, end, arrived)
            at = end
        return at

    def _whole_unit(self, buffer: bytes, at: int, end: int) -> _WholeUnit | None:
        """The fragmented unit that begins with the very next packet, where all of it lies in the buffer.

        Nearly every picture comes so: a first fragment, more of the same size whose headers differ in the sequence
        number alone, and a last one. Everything else is left to ``receive``.
        """
        size, begin, coding = end - at, self._fragment_at, self._coding
        if size <= begin:
            return None
        before, first, stream, kind = self._heads.unpack_from(buffer, at)
        if first != self._sequence.expected or kind & _EDGES != _BEGINS or before[4:] != self._plain:
            return None
        if int.from_bytes(stream[4:8], "big") != self._ssrc or coding.kind(stream[8:]) != coding.fragment:
            return None
        kind &= coding.type_mask
        pieces, number = [coding.header(stream[8:], kind), buffer[at + begin : end]], (first + 1) & 0xFFFF
        alike, after = memoryview(buffer)[end : len(buffer) - (len(buffer) - end) % size], stream + bytes((kind,))
        for head, sequence, like, piece in _frames(begin, size).iter_unpack(alike):
            if sequence != number or like != after or head != before:
                break
            pieces.append(piece)
            number, end = (number + 1) & 0xFFFF, end + size
        at, last = end, frame_end(buffer, end)
        if last is None or last - at <= begin:
            return None
        head, sequence, *like = self._heads.unpack_from(buffer, at)
        same_stream = head[:2] == before[:2] and head[4] == before[4] and head[5] & 0x7F == before[5]
        if not same_stream or sequence != number or like != [stream, kind | _ENDS]:
            return None
        pieces.append(buffer[at + begin : last])
        timestamp = int.from_bytes(stream[:4], "big")
        return b"".join(pieces), timestamp, head[5] > 0x7F, len(pieces) - 1, last

    def _take_unit(self, whole: _WholeUnit, arrived: Arrival, units: deque[AccessUnit]) -> int:
        """Append the units that a whole NAL unit completes; the offset behind it."""
        nal, timestamp, marker, packets, end = whole
        self.packets += packets
        self._sequence.advance(packets)
        for picture in self._depacketizer.push_unit(nal, timestamp, marker, arrived):
            self.pictures += 1
            unit = self._unit(picture)
            if unit is not None:
                units.append(unit)
        return end

    def _follow_fragments(self, buffer: bytes, at: int, end: int, arrived: Arrival) -> int:
        """Take the frames that go on with the unit of the one at ``at``; the offset behind them.

        Nearly all packets are the middle of a fragmented slice: as long as the packet before, and but for the
        sequence number with the same headers, from the frame's to the fragment's (there without its start bit).
        """
        size, begin = end - at, self._fragment_at
        if size <= begin or buffer[at + 4 : _SEQUENCE_AT + at] != self._plain:
            return end
        if self._coding.kind(buffer[at + 16 : at + begin]) != self._coding.fragment:
            return end
        if not self._depacketizer.inside_fragments(int.from_bytes(buffer[at + 8 : at + 12], "big")):
            return end
        kind = buffer[at + begin - 1] & self._coding.type_mask
        before, after = buffer[at : at + _SEQUENCE_AT], buffer[at + 8 : at + begin - 1] + bytes((kind,))
        expected, last, unpack = self._sequence.expected, len(buffer) - size, self._headers.unpack_from
        fragments: list[bytes] = []
        while end <= last and unpack(buffer, end) == (before, expected, after):
            fragments.append(buffer[end + begin : end + size])
            expected = (expected + 1) & 0xFFFF
            end += size
        if fragments:
            self.packets += len(fragments)
            self._sequence.advance(len(fragments))
            self._depacketizer.extend(fragments, arrived)
        return end

    def receive(self, packet: bytes, arrived: Arrival) -> Sequence[AccessUnit]:
        """The units that a packet completes. Raises StreamEnded and MalformedVideo; drops what is malformed."""
        try:
            if is_rtcp(packet):
                self._hear(parse_rtcp(packet), arrived)
                return ()
            rtp = parse_rtp(packet)
        except MalformedPacket:
            self.dropped += 1
            return ()
        ours = rtp.ssrc == self._ssrc and rtp.payload_type == self._payload_type
        if not ours and not self._admits(rtp):
            self.dropped += 1
            return ()
        self.packets += 1
        if self._reorder is None:
            return self._take(rtp, arrived)
        return [unit for held, then in self._reorder.push(rtp, arrived) for unit in self._take(held, then)]

    def _admits(self, rtp: RtpPacket) -> bool:
        """Whether a packet of another source or type than the last one belongs to this stream."""
        if rtp.payload_type != self._payload_type:
            return False
        if self._ssrc is None:
            self._ssrc = rtp.ssrc
            return True
        if self._datagrams:
            return False  # left over from an earlier connection to these ports
        raise StreamEnded("the camera began a new stream in the middle of this one")

    def _take(self, rtp: RtpPacket, arrived: Arrival) -> Sequence[AccessUnit]:
        lost = self._sequence.accept(rtp.sequence)
        if lost < 0:
            return ()
        return self._units(self._depacketizer.push(rtp, lost, arrived))

    def _units(self, pictures: Sequence[Picture]) -> Sequence[AccessUnit]:
        if not pictures:
            return ()
        self.pictures += len(pictures)
        units = [self._unit(picture) for picture in pictures]
        return [unit for unit in units if unit is not None]

    def _unit(self, picture: Picture) -> AccessUnit | None:
        time = self._time.unwrap(picture.timestamp)
        self._jitter.note(time, picture.arrived.monotonic)
        if picture.format is None or not (self.started or (picture.key and not picture.damaged)):
            self._earlier.append((time, picture.arrived.monotonic))
            self._first = self._first or self._earlier[0]
            return None
        lost = picture.lost_packets if self.started else 0  # before the first unit nothing was missed
        earlier, keyless_s = self._waited_for(time, picture.arrived.monotonic)
        self.started = True
        return AccessUnit(
            nals=picture.nals,
            key=picture.key,
            rtp_time=time,
            arrived=picture.arrived.instant,
            arrived_monotonic=picture.arrived.monotonic,
            format=picture.format,
            lost_packets=lost,
            damaged=picture.damaged,
            camera_time=self._camera_time(time),
            keyless_s=keyless_s,
            earlier=earlier,
        )

    def _waited_for(self, time: int, monotonic: float) -> tuple[tuple[tuple[int, float], ...], float]:
        """What the first unit tells of the pictures before it, and no other unit: the latest, and for how long."""
        if self.started or self._first is None:
            return (), 0.0
        return tuple(self._earlier), took_s(self._first, (time, monotonic))

    def _camera_time(self, time: int) -> datetime | None:
        """The camera's clock at an unwrapped RTP time, carried on from its latest sender report."""
        if self._camera_clock is None:
            return None
        instant, timestamp = self._camera_clock
        ticks = time - self._time.near(timestamp)
        return instant + timedelta(0, 0, round(ticks * 1_000_000 / CLOCK_RATE))

    def _hear(self, reports: Sequence[SenderReport | Goodbye], arrived: Arrival) -> None:
        for report in reports:
            if isinstance(report, Goodbye):
                if self._ssrc in report.sources:
                    raise StreamEnded("the camera ended its stream")
            elif self._ssrc in (None, report.ssrc):
                self._camera_clock = None if report.instant is None else (report.instant, report.rtp_timestamp)
                self._last_report = (report.ntp, arrived.monotonic)

    def receiver_report(self, now: float) -> bytes | None:
        """An RTCP receiver report for the camera, None before its first packet. ``now`` is monotonic."""
        if self._ssrc is None or self._sequence.first is None:
            return None
        received, lost = self._sequence.received, self._sequence.lost
        newly_received, newly_lost = received - self._reported[0], lost - self._reported[1]
        self._reported = (received, lost)
        expected = newly_received + newly_lost
        ntp, heard = self._last_report or (0, now)
        report = ReceptionReport(
            source=self._ssrc,
            fraction_lost=newly_lost / expected if newly_lost > 0 and expected > 0 else 0.0,
            total_lost=lost,
            highest_sequence=self._sequence.highest,
            jitter=self._jitter.ticks,
            last_report_ntp=ntp,
            delay_s=now - heard,
        )
        return receiver_report(self._own_ssrc, report)


@lru_cache(maxsize=64)
def _frames(begin: int, size: int) -> struct.Struct:
    """Fragments of one size: frame and flags, sequence number, all headers behind it, the fragment's bytes."""
    return struct.Struct(f"!{_SEQUENCE_AT}sH{begin - _SEQUENCE_AT - 2}s{size - begin}s")


class _Jitter:
    """Interarrival jitter (RFC 3550 A.8), taken once per picture: the packets of one picture share a timestamp."""

    def __init__(self) -> None:
        self._transit: float | None = None
        self._value = 0.0

    @property
    def ticks(self) -> int:
        return int(self._value)

    def note(self, time: int, monotonic: float) -> None:
        transit = monotonic * CLOCK_RATE - time
        if self._transit is not None:
            self._value += (abs(transit - self._transit) - self._value) / 16
        self._transit = transit
