"""One pass over one segment's file: every picture decoded for the Observation, some of them looked at on the way.

The unit of work of the analysis, and pure: an errand in, what was found out; nothing is read but the file and nothing
written, so that any process of any host can do it. This is the only place of the room that touches libav (PyAV). The
decoder runs without error resilience turned up or down: a picture counts as decoded if libav gives it out without a
mark of damage. Of H.265 it marks less than of H.264: a slice whose end is wrong decodes to whatever comes. Bytes that
changed after recording are told by their hash and packets that were lost by their numbers, so this is about what a
camera itself coded badly.

What an observation can say of a file:

- OK: every picture decodes.
- DAMAGED: some do not; ``bad`` holds the spans, each up to the next key frame, since what follows a broken picture
  is predicted from it. Without spans the whole segment is unusable: no file that can be indexed, or not the frames
  its row promises.

Pictures are handed on at most ``LOOK_APART`` apart wherever that many are coded, key frames or not. Whatever becomes
of them, the observation is the same: who measures cannot break the pass. Not here: where the file comes from
(``analysis.decoding``) and what is measured (``analysis.eye``).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from analysis.eye import Measure, Picture
from domain.evidence import Observation, Segment, SegmentState
from domain.pictures import Sample
from domain.timeline import Interval, IntervalSet
from storage.media import Codec, FileIndex, MediaError, VideoFormat, read_index
from storage.media.layout import ticks_to_time

LOOK_APART = timedelta(seconds=2)

Colours = NDArray[np.uint8]
"""A picture as height x width x 3: blue, green, red."""

_DECODERS = {Codec.H264: "h264", Codec.H265: "hevc", Codec.JPEG: "mjpeg"}  # as libav names them
_CODED_BYTES = 8  # of a coded picture's SHA-256
_RATE_REACH = timedelta(seconds=1)  # on either side of a picture: what its rate is counted over


@dataclass(frozen=True, slots=True)
class Errand:
    """A segment to be opened. ``file`` is the path of a verified copy, or its bytes; ``made`` is what time it is.

    Nobody looks at pictures without ``measure``; ``calibration`` is what they are measured against.
    """

    segment: Segment
    file: Path | bytes
    made: datetime
    measure: Measure | None = None
    calibration: bytes | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found. ``samples`` is None where nobody was to look, or who did failed: ``trouble`` says how."""

    observation: Observation
    samples: tuple[Sample, ...] | None = None
    trouble: str = ""


def examine(errand: Errand) -> Examined:
    """Do an errand. Raises OSError where the file cannot be read."""
    if isinstance(errand.file, bytes):
        return examine_open(BytesIO(errand.file), errand)
    with errand.file.open("rb") as file:
        return examine_open(file, errand)


def examine_open(file: BinaryIO, errand: Errand) -> Examined:
    """As ``examine``, of a file that is open already."""
    segment, made = errand.segment, errand.made
    nothing = None if errand.measure is None else ()
    try:
        index = read_index(file)
    except MediaError as error:
        detail = f"cannot be indexed: {error}"
        return Examined(Observation(segment.key, made, SegmentState.DAMAGED, 0, (), detail), nothing)
    if index.frames != segment.frames or index.torn:
        detail = f"holds {index.frames} whole frames, its row says {segment.frames}"
        return Examined(Observation(segment.key, made, SegmentState.DAMAGED, 0, (), detail), nothing)
    decoding = _Pass(file, index.format, list(_shots(index)))
    samples, trouble = _looked(decoding, errand)
    decoding.finish()
    return Examined(_observation(decoding, segment, made), samples, trouble)


def pictures(file: BinaryIO) -> Iterator[tuple[datetime, Picture]]:
    """The pictures of a file that are looked at, each with its instant. Raises MediaError, OSError."""
    index = read_index(file)
    decoding = _Pass(file, index.format, list(_shots(index)))
    yield from decoding.pictures()
    decoding.finish()
    if decoding.trouble:
        raise OSError(decoding.trouble)


def colours_at(file: BinaryIO, at: datetime, width: int, *, after: bool = False) -> tuple[datetime, Colours] | None:
    """The last intact picture before an instant, or with ``after`` the first one from it on, made ``width`` pixels
    wide, with its own instant; None where there is none. Decoded from the key frame that it needs.

    Raises MediaError, OSError.
    """
    index = read_index(file)
    shots = list(_shots(index))
    target = _nearest(shots, at, after=after)
    if target is None:
        return None
    keys = [
        number for number in range(target + 1) if shots[number].key and shots[number].shown <= shots[target].shown
    ]
    first, last = (keys[-1] if keys else 0), (len(shots) if after else target + 1)
    decoding = _Pass(file, index.format, shots[first:last])
    found = decoding.nearest(at, after=after)
    if found is None:
        return None
    frame, shown = found
    height = max(2, round(frame.height * width / frame.width / 2) * 2)
    small = frame.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
    return shown, np.asarray(small.to_ndarray(), np.uint8)


def _nearest(shots: Sequence[_Shot], at: datetime, *, after: bool) -> int | None:
    """The number of the picture shown last before an instant, or first from it on."""
    if after:
        return min(
            (n for n, shot in enumerate(shots) if shot.shown >= at), key=lambda n: shots[n].shown, default=None
        )
    return max((n for n, shot in enumerate(shots) if shot.shown < at), key=lambda n: shots[n].shown, default=None)


def _looked(decoding: _Pass, errand: Errand) -> tuple[tuple[Sample, ...] | None, str]:
    if errand.measure is None:
        return None, ""
    try:
        samples = tuple(errand.measure(decoding.pictures(), errand.calibration))
        told = tuple(decoding.told_by_coding(samples))
    except Exception as error:  # noqa: BLE001 (whatever it is: it must not change the observation)
        return None, f"{type(error).__name__}: {error}"
    return (None, decoding.trouble) if decoding.trouble else (told, "")


def _observation(decoding: _Pass, segment: Segment, made: datetime) -> Observation:
    shots, good = decoding.shots, decoding.good
    if len(good) == len(shots):
        return Observation(segment.key, made, SegmentState.OK, len(good))
    bad = tuple(_bad_spans(shots, good, segment.interval))
    detail = f"{len(shots) - len(good)} of {len(shots)} frames do not decode"
    return Observation(segment.key, made, SegmentState.DAMAGED, len(good), bad, detail)


@dataclass(frozen=True, slots=True)
class _Shot:
    """One coded picture of a file, in decoding order; ``shown`` is its instant on the host's clock."""

    offset: int
    size: int
    key: bool
    shown: datetime


def _shots(index: FileIndex) -> Iterator[_Shot]:
    for fragment in index.fragments:
        ticks = 0
        for sample in fragment.samples:
            shown = fragment.captured + ticks_to_time(ticks + sample.composition_offset)
            yield _Shot(sample.offset, sample.size, sample.key, shown)
            ticks += sample.duration


class _Pass:
    """Decodes a file's pictures once, in order. ``good`` are the numbers of those that came out without damage.

    ``pictures`` may be left at any point; ``finish`` decodes what is left. Samples go to the decoder as they lie in
    the file; one thread, so that a host of many cameras stays fair.
    """

    def __init__(self, file: BinaryIO, video: VideoFormat, shots: list[_Shot]) -> None:
        self.shots = shots
        self.good: set[int] = set()
        self.trouble = ""
        self._file = file
        self._failed: Exception | None = None
        self._numbers: dict[datetime, int] = {}  # of the pictures that were handed on
        self._frames = self._decoded(video)

    def pictures(self) -> Iterator[tuple[datetime, Picture]]:
        """Pictures at most ``LOOK_APART`` apart; none any more once one could not be converted."""
        for frame in self._sparse():
            try:
                picture = _luma(frame)
            except Exception as error:  # noqa: BLE001 (a picture that nobody can look at still was decoded)
                self.trouble = f"{type(error).__name__}: {error}"
                return
            shown = self.shots[_number(frame)].shown
            self._numbers[shown] = _number(frame)
            yield shown, picture

    def nearest(self, at: datetime, *, after: bool) -> tuple[av.VideoFrame, datetime] | None:
        """The last picture before an instant, or the first one from it on, with its own. Raises OSError."""
        found: tuple[av.VideoFrame, datetime] | None = None
        for frame in self._frames:
            shown = self.shots[_number(frame)].shown
            if shown < at and not after:
                found = frame, shown
            elif shown >= at and after:
                return frame, shown
        if self._failed is not None:
            raise self._failed
        return found

    def finish(self) -> None:
        """Decode the rest without looking. Raises OSError where the file cannot be read."""
        for _ in self._frames:
            pass
        if self._failed is not None:
            raise self._failed

    def told_by_coding(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Each sample with what its picture's coding tells: the digest of its bytes, and how fast pictures came."""
        instants = sorted(shot.shown for shot in self.shots)
        for sample in samples:
            number = self._numbers.get(sample.at)
            coded = b"" if number is None else self._digest(self.shots[number])
            yield replace(sample, coded=coded, rate=_rate(instants, sample.at))

    def _sparse(self) -> Iterator[av.VideoFrame]:
        """Of two pictures too far apart for the limit the earlier one is kept until the later one is seen."""
        last: datetime | None = None
        held: av.VideoFrame | None = None
        for frame in self._frames:
            shown = self.shots[_number(frame)].shown
            if held is not None and last is not None and shown - last > LOOK_APART:
                last = self.shots[_number(held)].shown
                yield held
                held = None
            if last is None or shown - last >= LOOK_APART:
                last, held = shown, None
                yield frame
            elif shown > last:
                held = frame

    def _decoded(self, video: VideoFormat) -> Iterator[av.VideoFrame]:
        """Every picture that decodes. An error of its own ends it and is kept: who looks must not swallow it."""
        try:
            decoder = _decoder(video)
            for number, shot in enumerate(self.shots):
                packet = cast("av.Packet[av.VideoStream]", av.Packet(self._read(shot)))
                packet.pts = number
                yield from self._intact(decoder, packet)
            yield from self._intact(decoder, None)
        except Exception as error:  # noqa: BLE001 (raised again by ``finish``)
            self._failed = error

    def _intact(
        self, decoder: VideoCodecContext, packet: av.Packet[av.VideoStream] | None
    ) -> Iterator[av.VideoFrame]:
        """The pictures that come out for a packet, or at the end for None; none where libav refuses it."""
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            return
        for frame in frames:
            if frame.pts is not None and not frame.is_corrupt:
                self.good.add(frame.pts)
                yield frame

    def _read(self, shot: _Shot) -> bytes:
        self._file.seek(shot.offset)
        return self._file.read(shot.size)

    def _digest(self, shot: _Shot) -> bytes:
        return hashlib.sha256(self._read(shot)).digest()[:_CODED_BYTES]


def _decoder(video: VideoFormat) -> VideoCodecContext:
    decoder = av.CodecContext.create(_DECODERS[video.codec], "r")
    assert isinstance(decoder, VideoCodecContext)  # noqa: S101 - what PyAV makes for a video codec
    decoder.thread_count = 1
    if video.codec is not Codec.JPEG:
        decoder.extradata = video.decoder_configuration
    return decoder


def _number(frame: av.VideoFrame) -> int:
    assert frame.pts is not None  # noqa: S101 - only frames with one are handed on
    return frame.pts


def _luma(frame: av.VideoFrame) -> Picture:
    return np.asarray(frame.to_ndarray(format="gray"), np.uint8)


def _rate(instants: Sequence[datetime], at: datetime) -> float | None:
    """Pictures a second about an instant, by the pauses between those within reach; None of fewer than two."""
    near = instants[bisect_left(instants, at - _RATE_REACH) : bisect_left(instants, at + _RATE_REACH)]
    seconds = (near[-1] - near[0]).total_seconds() if near else 0.0
    return round((len(near) - 1) / seconds, 3) if seconds > 0 else None


def _bad_spans(shots: list[_Shot], good: set[int], whole: Interval) -> IntervalSet:
    """From a picture that does not decode to the next key frame that does, or to the segment's end.

    All pictures coded between the two are in doubt, and B frames among them are shown before those they follow.
    """
    spans: list[Interval] = []
    doubted: list[datetime] = []
    for number, shot in enumerate(shots):
        if doubted and shot.key and number in good:
            spans += _up_to(shot.shown, doubted)
            doubted = []
        elif doubted or number not in good:
            doubted.append(shot.shown)
    if doubted:
        spans += _up_to(max(whole.end, *doubted), doubted)
    return IntervalSet(spans).clipped(whole)


def _up_to(end: datetime, doubted: list[datetime]) -> list[Interval]:
    since = min(doubted)
    return [Interval(since, end)] if since < end else []
