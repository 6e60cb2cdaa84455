"""From RTP payloads to coded pictures: single NAL units, aggregates and fragments of H.264 and H.265 (``codings``).

Pure. A picture ends at the marker bit or, where a camera sets none, when the timestamp changes. Nothing is decoded:
of a slice only its first bit is read, of parameter sets what ``storage.media`` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ingest.rtsp.codings import Coding
from ingest.rtsp.rtp import Arrival, RtpPacket
from ingest.rtsp.wire import MalformedVideo
from storage.media import MediaError, VideoFormat

MAX_PICTURE_BYTES: Final = 16 * 1024 * 1024  # level 5.1 allows a tenth of it

_START_CODE: Final = re.compile(rb"\x00\x00\x01")  # found in half the time that ``in`` takes

_TOO_LARGE = f"a picture of more than {MAX_PICTURE_BYTES >> 20} MiB"


class Picture(NamedTuple):
    """One access unit with its wire time still wrapped. ``nals`` leaves out units of which bytes are missing."""

    nals: tuple[bytes, ...]
    key: bool
    timestamp: int
    arrived: Arrival
    lost_packets: int
    damaged: bool
    format: VideoFormat | None  # None until all its parameter sets are known


class Depacketizer:
    """Collects the packets of one stream, in order, and gives a picture as soon as its last packet is in."""

    def __init__(self, coding: Coding, parameter_sets: Iterable[bytes] = ()) -> None:
        self._coding = coding
        self._formats = _Formats(coding)
        for nal in parameter_sets:
            self._formats.note(nal)
        self._timestamp: int | None = None  # None between pictures
        self._arrived: Arrival | None = None
        self._nals: list[bytes] = []
        self._fragments: list[bytes] | None = None
        self._size_bytes = 0
        self._lost = 0
        self._clear()

    def _clear(self) -> None:
        self._nals = []
        self._fragments = None
        self._size_bytes = 0
        self._has_slice = False  # at least the beginning of a slice was seen
        self._key = False
        self._damaged = False
        self._begins_after_loss = False
        self._lost = 0

    def push(self, packet: RtpPacket, lost: int, arrived: Arrival) -> Sequence[Picture]:
        """The pictures that this packet completes: none, one, or two where a marker bit was missing.

        ``lost`` is how many packets are missing just before it. Raises MalformedVideo.
        """
        finished: Sequence[Picture] = ()
        if lost or packet.timestamp != self._timestamp:
            finished = self._turn(packet.timestamp, lost)
        self._arrived = arrived
        self._take(packet.payload)
        return self._ended(finished) if packet.marker else finished

    def push_unit(self, nal: bytes, timestamp: int, marker: bool, arrived: Arrival) -> Sequence[Picture]:
        """As ``push`` of all the packets of a fragmented unit, which is whole and the very next one."""
        coding, kind = self._coding, self._coding.kind(nal)
        alone = marker and self._timestamp is None and kind in coding.slices and self._is_clear()
        if alone and len(nal) <= MAX_PICTURE_BYTES and _START_CODE.search(nal) is None:
            self._arrived = arrived
            video = self._formats.current(tolerant=False)
            return (Picture((nal,), kind in coding.keys, timestamp, arrived, 0, False, video),)
        finished = self._turn(timestamp, 0) if timestamp != self._timestamp else ()
        self._arrived = arrived
        self._count(len(nal))
        self._close_fragments()
        if kind in coding.slices:
            self._has_slice = True
        self._add(nal)
        return self._ended(finished) if marker else finished

    def _is_clear(self) -> bool:
        """Whether nothing was taken or lost since the last picture."""
        return not (self._size_bytes or self._lost or self._begins_after_loss)

    def _ended(self, finished: Sequence[Picture]) -> Sequence[Picture]:
        picture = self._finish()
        return finished if picture is None else (*finished, picture)

    def _count(self, size_bytes: int) -> None:
        self._size_bytes += size_bytes
        if self._size_bytes > MAX_PICTURE_BYTES:
            raise MalformedVideo(_TOO_LARGE)

    def inside_fragments(self, timestamp: int) -> bool:
        """Whether a fragmented NAL unit of the picture of that time has begun and not ended."""
        return self._fragments is not None and timestamp == self._timestamp

    def extend(self, fragments: Sequence[bytes], arrived: Arrival) -> None:
        """The next fragments of the unit that has begun, without headers; ``push`` for what needs no decision."""
        if self._fragments is None:
            return
        self._fragments += fragments
        self._arrived = arrived
        self._count(sum(map(len, fragments)))

    def _turn(self, timestamp: int, lost: int) -> Sequence[Picture]:
        """Note a loss or a new timestamp before the packet itself is taken."""
        self._lost += lost
        picture = None
        if lost and self._timestamp is not None:
            self._damaged |= self._has_slice  # the missing packets may have been this picture's; else its slice tells
            self._fragments = None
        if self._timestamp is not None and timestamp != self._timestamp:
            picture = self._finish()
        if lost:
            self._begins_after_loss = not self._has_slice
        self._timestamp = timestamp
        return () if picture is None else (picture,)

    def _take(self, payload: bytes) -> None:
        if not payload:
            return
        self._count(len(payload))
        coding = self._coding
        kind = coding.kind(payload)
        if kind == coding.fragment:
            self._take_fragment(payload)
            return
        self._close_fragments()
        if kind == coding.aggregate:
            self._take_aggregate(payload)
        elif kind in coding.singles:
            self._add(payload)
        else:
            self._damaged = True  # a mode that was not agreed on, or a kind that is not known

    def _take_fragment(self, payload: bytes) -> None:
        """FU-A (RFC 6184 5.8) and FU (RFC 7798 4.4.3): behind the payload's header one of the fragment's own."""
        coding, at = self._coding, self._coding.header_bytes
        if len(payload) < at + 2:
            self._damaged = True
            return
        begins, ends, kind = payload[at] & 0x80, payload[at] & 0x40, payload[at] & coding.type_mask
        if begins:
            self._close_fragments()
            self._fragments = [coding.header(payload, kind), payload[at + 1 :]]
        elif self._fragments is not None:
            self._fragments.append(payload[at + 1 :])
        else:
            self._damaged = True  # its first piece is missing
        if kind in coding.slices:
            self._has_slice = True
        if ends:
            self._close_fragments()

    def _close_fragments(self) -> None:
        """Join the open fragments. Without a loss they are whole, even where a camera sets no end bit."""
        if self._fragments is not None:
            nal, self._fragments = b"".join(self._fragments), None
            self._add(nal)

    def _take_aggregate(self, payload: bytes) -> None:
        """STAP-A (RFC 6184 5.7.1) and AP (RFC 7798 4.4.2): units with their lengths before them."""
        at = self._coding.header_bytes
        while at + 2 < len(payload):
            size = payload[at] << 8 | payload[at + 1]
            nal = payload[at + 2 : at + 2 + size]
            if size == 0 or len(nal) < size:
                break
            self._add(nal)
            at += 2 + size
        if at != len(payload):
            self._damaged = True

    def _add(self, nal: bytes) -> None:
        """A whole NAL unit; some cameras put several into one, with start codes between."""
        if _START_CODE.search(nal) is not None:
            for part in re.split(rb"\x00*\x00\x00\x01", nal):
                if part:
                    self._add(part)
            return
        kind = self._coding.kind(nal)
        if kind in self._coding.slices:
            self._note_slice(nal, kind)
        else:
            self._formats.note(nal)
        self._nals.append(nal)

    def _note_slice(self, nal: bytes, kind: int) -> None:
        self._has_slice = True
        self._key = self._key or kind in self._coding.keys
        if self._begins_after_loss:
            self._begins_after_loss = False
            if not self._coding.begins_picture(nal):
                self._damaged = True

    def _finish(self) -> Picture | None:
        """Close the picture. Parameter sets alone are none, whatever the marker says: they go with the next one."""
        timestamp, self._timestamp = self._timestamp, None
        self._close_fragments()
        if not self._has_slice or timestamp is None or self._arrived is None:
            return None
        video = self._formats.current(tolerant=self._damaged)
        picture = Picture(tuple(self._nals), self._key, timestamp, self._arrived, self._lost, self._damaged, video)
        self._clear()
        return picture


class _Formats:
    """The parameter sets in force; of several picture parameter sets the one with the lowest id counts."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        *self._sequence_kinds, self._picture_kind = coding.parameter_sets
        self._sequence: dict[int, bytes] = {}  # by type
        self._pps: dict[int, bytes] = {}  # by id
        self._known: VideoFormat | None = None
        self._changed = False

    def note(self, nal: bytes) -> None:
        """Keep a parameter set; other units are passed over."""
        kind = self._coding.kind(nal)
        if kind == self._picture_kind:
            self._changed |= _keep(self._pps, _pps_id(nal[self._coding.header_bytes :]), nal)
        elif kind in self._sequence_kinds:
            self._changed |= _keep(self._sequence, kind, nal)

    def current(self, tolerant: bool) -> VideoFormat | None:
        """The format, None before it is known. Raises MalformedVideo, or keeps the last one if ``tolerant``."""
        if not self._changed or len(self._sequence) < len(self._sequence_kinds) or not self._pps:
            return self._known
        sets = [self._sequence[kind] for kind in self._sequence_kinds]
        try:
            self._known = self._coding.video_format(*sets, self._pps[min(self._pps)])
        except MediaError as error:
            if tolerant and self._known is not None:
                return self._known  # some of the sets may have been lost; they will come again
            raise MalformedVideo(str(error)) from error
        self._changed = False
        return self._known


def _keep(known: dict[int, bytes], key: int, nal: bytes) -> bool:
    """Whether it is a new one."""
    if known.get(key) == nal:
        return False
    known[key] = nal
    return True


def _pps_id(behind_header: bytes) -> int:
    """The first ue(v) of a PPS (H.264 7.3.2.2, H.265 7.3.2.3.1); 255 where it is cut off."""
    bits = int.from_bytes(behind_header[:3].ljust(3, b"\x00"), "big")
    zeros = 24 - bits.bit_length()
    if zeros > 8:
        return 255
    return (bits >> (23 - 2 * zeros)) - 1
