"""From libav's packets to access units: stamps that libav left out, NAL units without their framing, parameter sets.

Pure: packets and their arrival go in, units come out, from the first whole key frame on. What libav does not tell
is not guessed: sequence numbers stay inside it, so ``lost_packets`` is 0 and ``damaged`` only what it marks.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final

from ingest.rtsp.codings import H264, H265, Coding
from ingest.source import MOST_EARLIER, AccessUnit
from storage.media import Codec, MediaError, VideoFormat

TICKS_PER_SECOND: Final = 90_000
RECORDABLE: Final = {"h264": Codec.H264, "hevc": Codec.H265, "mjpeg": Codec.JPEG}
"""Codecs by libav's names."""

_CODINGS: Final = {Codec.H264: H264, Codec.H265: H265}
_START_CODE = re.compile(rb"\x00\x00+\x01")
_WRAPS: Final = (2**32, 2**33)  # of RTP, and of MPEG-TS (ISO/IEC 13818-1 2.4.3.7), in ticks
_WRAPPED_BY: Final = 2**31  # a fall by more than this is a counter that began again ...
_NEAR: Final = 60 * TICKS_PER_SECOND  # ... if that leads to within a minute of where it was
_USUAL: Final = TICKS_PER_SECOND // 25
_MOST_UNSTAMPED: Final = 250


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture as libav gave it. ``pts`` and ``dts`` count ``time_base``, None where libav knows none.

    ``camera_us`` is the camera's clock in microseconds since 1970, by its sender report. ``configuration`` is what
    describes the pictures from this one on, where libav says that it changed.
    """

    data: bytes
    pts: int | None
    dts: int | None
    duration: int
    time_base: Fraction
    arrived: datetime
    monotonic: float
    corrupt: bool = False
    camera_us: int | None = None
    configuration: bytes = b""


class Assembler:
    """The state of one stream. ``pictures`` counts those seen, before the first key frame too.

    ``own_time`` says whether the stream tells its pictures' times; else their arrival is their time.
    """

    def __init__(self, codec: Codec, configuration: bytes, own_time: bool = True) -> None:
        self.pictures = 0
        self._format: _JpegFormat | _NalFormat
        self._format = _JpegFormat() if codec is Codec.JPEG else _NalFormat(_CODINGS[codec], configuration)
        self._own_time = own_time
        self._unstamped: list[Packet] = []
        self._last_ticks: int | None = None
        self._shift = 0
        self._started = False
        self._first_ticks: int | None = None  # of the first picture seen
        self._earlier: deque[tuple[int, float]] = deque(maxlen=MOST_EARLIER)  # pictures before the first key frame

    def take(self, packet: Packet) -> Sequence[AccessUnit]:
        """The units that a packet completes: none while it has no stamp yet, else it and those it gives one to.

        Raises MediaError where pictures are of a kind that cannot be stored.
        """
        if not packet.data:
            return ()  # how libav says that the stream has ended
        self.pictures += 1
        if not self._own_time:
            packet = replace(packet, pts=None, dts=round(packet.monotonic * TICKS_PER_SECOND), time_base=_TICK)
        elif packet.dts is None and packet.pts is None:
            self._unstamped.append(packet)
            return () if len(self._unstamped) <= _MOST_UNSTAMPED else self._give_up()
        waiting, self._unstamped = self._unstamped, []
        found = [*_stamped_before(waiting, packet), packet]
        return [unit for item in found if (unit := self._unit(item)) is not None]

    def _give_up(self) -> Sequence[AccessUnit]:
        raise MediaError(f"{_MOST_UNSTAMPED} pictures without a time stamp")

    def _unit(self, packet: Packet) -> AccessUnit | None:
        nals, key, video = self._format.read(packet)
        decoded, shown = _ticks(packet, packet.dts), _ticks(packet, packet.pts)
        if self._first_ticks is None:
            self._first_ticks = decoded
        rtp_time = self._unwrapped(decoded) + _wait(decoded, shown)
        if video is None or not nals or not (self._started or (key and not packet.corrupt)):
            self._earlier.append((rtp_time, packet.monotonic))
            return None
        keyless_s = 0.0 if self._started else max(0, decoded - self._first_ticks) / TICKS_PER_SECOND
        earlier = () if self._started else tuple(self._earlier)
        self._started = True
        camera_time = None
        if packet.camera_us is not None:
            camera_time = _EPOCH + timedelta(microseconds=packet.camera_us)
        return AccessUnit(
            nals=nals,
            key=key,
            rtp_time=rtp_time,
            arrived=packet.arrived,
            arrived_monotonic=packet.monotonic,
            format=video,
            damaged=packet.corrupt,
            camera_time=camera_time,
            keyless_s=keyless_s,
            earlier=earlier,
        )

    def _unwrapped(self, ticks: int) -> int:
        """Ticks that go on where a counter of 32 or 33 bits began again. libav unwraps only the first time."""
        last, ticks = self._last_ticks, ticks + self._shift
        if last is not None and ticks < last - _WRAPPED_BY:
            for wrap in _WRAPS:
                if abs(ticks + wrap - last) < _NEAR:
                    self._shift += wrap
                    ticks += wrap
                    break
        self._last_ticks = ticks
        return ticks


_TICK: Final = Fraction(1, TICKS_PER_SECOND)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _ticks(packet: Packet, stamp: int | None) -> int:
    """A stamp of the packet as ticks; where it has only the other one, that."""
    known = next(value for value in (stamp, packet.dts, packet.pts) if value is not None)
    return round(known * packet.time_base * TICKS_PER_SECOND)


def _wait(decoded: int, shown: int) -> int:
    """How long after its decoding a picture is shown, in ticks; between the two the counter may have begun again."""
    for wrap in (0, *_WRAPS):
        if abs(shown - decoded + wrap) < _NEAR:
            return shown - decoded + wrap
    return 0


def _stamped_before(waiting: Sequence[Packet], following: Packet) -> Iterator[Packet]:
    """Packets without stamp, counted back from the next one that has one by their durations.

    libav leaves the first key frame of an RTSP stream so: it is the picture that recording begins with.
    """
    usual = max(1, round(Fraction(_USUAL, TICKS_PER_SECOND) / following.time_base))
    ticks = following.dts if following.dts is not None else following.pts
    stamped: list[Packet] = []
    for packet in reversed(waiting):
        ticks = (ticks or 0) - (packet.duration or following.duration or usual)
        stamped.append(replace(packet, pts=ticks, dts=ticks))
    return reversed(stamped)


Read = tuple[tuple[bytes, ...], bool, VideoFormat | None]
"""NAL units, whether a decoder can start here, and the format as far as it is known."""


class _JpegFormat:
    """Each picture for itself."""

    def __init__(self) -> None:
        self._known: VideoFormat | None = None

    def read(self, packet: Packet) -> Read:
        picture = packet.data.rstrip(b"\0")  # some cameras fill up their last packet
        try:
            self._known = VideoFormat.from_jpeg(picture)
        except MediaError:
            if self._known is None or not packet.corrupt:
                raise
        return (picture,), True, self._known


class _NalFormat:
    """H.264 or H.265, as a byte stream with start codes or with lengths (avcC, hvcC: ISO/IEC 14496-15)."""

    def __init__(self, coding: Coding, configuration: bytes) -> None:
        self._coding = coding
        self._length_bytes = 0  # 0: start codes
        self._sets: dict[int, bytes] = {}  # by type; of several of one type the first in each picture
        self._changed = False
        self._known: VideoFormat | None = None
        self._configure(configuration)

    def read(self, packet: Packet) -> Read:
        if packet.configuration:
            self._configure(packet.configuration)
        nals = tuple(self._split(packet.data, self._length_bytes))
        self._note(nals)
        kinds = {self._coding.kind(nal) for nal in nals}
        key = any(kind in self._coding.keys for kind in kinds)
        if not any(kind in self._coding.slices for kind in kinds):
            nals = ()
        return nals, key, self._current(packet.corrupt)

    def _configure(self, configuration: bytes) -> None:
        """Extradata: parameter sets, and how NAL units are framed."""
        if configuration[:1] != b"\x01":
            self._note(_by_start_codes(configuration))
            return
        h264 = self._coding is H264
        at = 4 if h264 else 21
        self._length_bytes = (configuration[at] & 3) + 1 if len(configuration) > at else 4
        self._note(_avcc_sets(configuration) if h264 else _hvcc_sets(configuration))

    @staticmethod
    def _split(data: bytes, length_bytes: int) -> Iterator[bytes]:
        return _by_lengths(data, length_bytes) if length_bytes else iter(_by_start_codes(data))

    def _note(self, nals: Sequence[bytes]) -> None:
        seen: set[int] = set()
        for nal in nals:
            kind = self._coding.kind(nal)
            if kind not in self._coding.parameter_sets or kind in seen:
                continue
            seen.add(kind)
            if self._sets.get(kind) != nal:
                self._sets[kind] = nal
                self._changed = True

    def _current(self, tolerant: bool) -> VideoFormat | None:
        wanted = self._coding.parameter_sets
        if not self._changed or any(kind not in self._sets for kind in wanted):
            return self._known
        try:
            self._known = self._coding.video_format(*(self._sets[kind] for kind in wanted))
        except MediaError:
            if tolerant and self._known is not None:
                return self._known
            raise
        self._changed = False
        return self._known


def _by_start_codes(data: bytes) -> list[bytes]:
    """NAL units of a byte stream (ITU-T H.264 B.1, H.265 B.1); none of them ends in a zero byte."""
    found = (nal.rstrip(b"\0") for nal in _START_CODE.split(data)[1:])
    return [nal for nal in found if nal]


def _by_lengths(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """NAL units that each stand behind their length; what is cut off at the end is left out."""
    at = 0
    while at + length_bytes <= len(data):
        size = int.from_bytes(data[at : at + length_bytes], "big")
        at += length_bytes
        if 0 < size <= len(data) - at:
            yield data[at : at + size]
        at += size


def _avcc_sets(record: bytes) -> list[bytes]:
    """Parameter sets of an AVCDecoderConfigurationRecord (14496-15 5.3.3.1.2), as far as it is whole."""
    found: list[bytes] = []
    at = 5
    for mask in (0x1F, 0xFF):
        count = record[at] & mask if at < len(record) else 0
        at = _take_sets(record, at + 1, count, found)
    return found


def _hvcc_sets(record: bytes) -> list[bytes]:
    """Parameter sets of an HEVCDecoderConfigurationRecord (14496-15 8.3.3.1.2), as far as it is whole."""
    found: list[bytes] = []
    at = 23
    for _ in range(record[22] if len(record) > 22 else 0):
        count = int.from_bytes(record[at + 1 : at + 3], "big")
        at = _take_sets(record, at + 3, count, found)
    return found


def _take_sets(record: bytes, at: int, count: int, found: list[bytes]) -> int:
    """Append ``count`` sets that stand behind their 16-bit lengths; where the next thing begins."""
    for _ in range(count):
        size = int.from_bytes(record[at : at + 2], "big")
        nal = record[at + 2 : at + 2 + size]
        if size == 0 or len(nal) < size:
            return len(record)
        found.append(nal)
        at += 2 + size
    return at
