"""From pictures off the wire to fMP4 that a browser's Media Source takes, one fragment for each picture. Pure.

Media time here is not evidence and has no holes: what is missing is told by the age of a tile, while a browser drops
everything up to the next key frame where media time jumps by more than two pictures (W3C Media Source Extensions,
coded frame processing, 3.5.8). So time runs by the camera's stamps, and jumps are closed. Nothing is decoded.
Not here: files (``ingest.segmenter``), whose time is that of evidence.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dashboard.live import wire
from dashboard.live.pictures import Packets
from ingest.source import AccessUnit
from storage.media import TIMESCALE, Codec, MediaError, Sample, VideoFormat, init_segment, picture_fragment

_USUAL_FPS: Final = 25.0
_LONGEST: Final = TIMESCALE
_DEEPEST: Final = 16  # ITU-T H.264 A.3.1


class NotShown(Exception):
    """Pictures that no browser can be relied on to show: not H.264, or of parameters that cannot be written."""


@dataclass(frozen=True, slots=True)
class Head:
    """How the pictures behind it are coded. ``data`` is ftyp and moov; ``reorders`` says that pictures are coded
    in another order than they are shown in (B pictures), as far as the camera tells.
    """

    codec: str  # RFC 6381
    width: int
    height: int
    data: bytes
    reorders: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture: its fragment and the whole WebSocket frame with it, and its packets for viewers by WHEP; all the
    same bytes for every viewer.
    """

    key: bool
    arrived: datetime
    fragment: bytes
    framed: bytes
    packets: Packets


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a picture is decoded, and how much later it is shown, both in ticks; ``duration`` is a guess."""

    decode: int
    offset: int
    duration: int


class MediaClock:
    """Decode times that rise for ever and jump nowhere, from a camera's stamps (90 kHz, in decoding order).

    With B frames the n-th picture is decoded when the (n - depth)-th of all is shown.
    """

    def __init__(self) -> None:
        self._last: int | None = None  # decode time of the picture before
        self._duration = 0
        self._shift: int | None = None  # from the camera's time to media time; None until its first picture
        self._depth = 0
        self._shown: list[int] = []  # a heap of the latest stamps
        self._count = 0

    def restart(self, fps: float | None, depth: int | None) -> None:
        """Another connection, or other parameter sets: stamps begin anew, media time goes on."""
        self._shift = None
        self._duration = round(TIMESCALE / fps) if fps and 0.1 <= fps <= 240 else round(TIMESCALE / _USUAL_FPS)
        self._depth = min(depth or 0, _DEEPEST)
        self._shown, self._count = [], 0

    def push(self, stamp: int) -> Stamp:
        """The times of the next picture."""
        decoded = self._decoded(stamp)
        if self._shift is None:
            begins = 0 if self._last is None else self._last + self._duration
            self._shift = begins - decoded
        at = decoded + self._shift
        if self._last is not None:
            step = at - self._last
            jumps = step > 2 * self._duration or step < -2 * self._duration
            if jumps:
                self._shift += self._last + self._duration - at
                at = self._last + self._duration
            at = max(at, self._last + 1)
            # It follows the camera's pace by halves and doubles at most: one odd step changes little.
            self._duration = max(1, self._duration // 2, min(step, 2 * self._duration, _LONGEST))
        self._last = at
        offset = max(-(2**31), min(2**31 - 1, stamp + self._shift - at))
        return Stamp(at, offset, self._duration)

    def _decoded(self, stamp: int) -> int:
        heapq.heappush(self._shown, stamp)
        self._count += 1
        if self._count <= self._depth:
            return self._shown[0] - (self._depth - self._count + 1) * self._duration
        return heapq.heappop(self._shown)


class Fragments:
    """One camera's pictures as fragments. A new head is due whenever ``head_of`` gives another than before."""

    def __init__(self) -> None:
        self._clock = MediaClock()
        self._number = 0
        self._format: VideoFormat | None = None

    def restart(self) -> None:
        """The camera was lost; what comes next begins with a key frame."""
        self._format = None

    def take(self, unit: AccessUnit) -> tuple[Head | None, Shown | None]:
        """The head that is due before this picture, if one is, and the picture; None where nothing of it is left.

        Raises NotShown.
        """
        head = None
        if self._format is not unit.format and self._format != unit.format:
            head = _head(unit.format)
            self._clock.restart(unit.format.nominal_fps, unit.format.reorder_depth)
        self._format = unit.format
        stamp = self._clock.push(unit.rtp_time)
        sample = Sample(unit.nals, stamp.duration, unit.key, stamp.offset)
        self._number = self._number % (2**32 - 1) + 1
        try:
            fragment = picture_fragment(self._number, stamp.decode, sample)
        except ValueError:
            return head, None  # nothing but parameter sets was whole
        framed = wire.pictures_frame(fragment, 1, unit.arrived, key=unit.key)
        sets = (unit.format.sps, unit.format.pps)
        packets = Packets(unit.nals, sets, stamp.decode + stamp.offset, key=unit.key)
        return head, Shown(unit.key and not unit.damaged, unit.arrived, fragment, framed, packets)


def _head(video: VideoFormat) -> Head:
    if video.codec is not Codec.H264:
        raise NotShown(f"the camera sends {video.codec}")
    try:
        return Head(video.codec_string, video.width, video.height, init_segment(video), bool(video.reorder_depth))
    except MediaError as error:
        raise NotShown(str(error)) from error
