"""Opens closed segments and decodes every picture of them: the Observation on which coverage rests.

This is the only place of the room that touches libav (PyAV). Pictures are decoded and thrown away: what they show is
not looked at here, and nothing of what is on them leaves this module. The decoder runs without error
resilience turned up or down: a picture counts as decoded if libav gives it out without a mark of damage. Of H.265 it
marks less than of H.264: a slice whose end is wrong decodes to whatever comes. Bytes that changed after recording
are told by their hash and packets that were lost by their numbers, so this is about what a camera itself coded badly.

What an observation can say:

- OK: every picture decodes.
- DAMAGED: some do not; ``bad`` holds the spans, each up to the next key frame, since what follows a broken picture
  is predicted from it. Without spans the whole segment is unusable: other bytes than its hash in every copy that
  answers, no file that can be indexed, or not the frames its row promises.
- MISSING: every place answers and none has the file.

While a place does not answer (a spool that this host cannot see is one), nothing is known and nothing is written; the
segment is asked for again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, cast

import av
import structlog
from av.video.codeccontext import VideoCodecContext

from domain.evidence import Observation, Segment, SegmentState
from domain.timeline import Clock, Interval, IntervalSet
from storage.archive import Archive, NoCopyAnswers
from storage.database import Evidence
from storage.media import Codec, FileIndex, MediaError, VideoFormat, read_index
from storage.media.layout import ticks_to_time

AT_ONCE = 16  # segments of one round
IDLE_S = 0.5  # between rounds that found nothing
RESTING_S = 30.0  # a segment that could not be read is not asked for again before
LONGEST_PAUSE_S = 15.0

_DECODERS = {Codec.H264: "h264", Codec.H265: "hevc", Codec.JPEG: "mjpeg"}  # as libav names them


@dataclass(frozen=True, slots=True)
class _Shot:
    """One coded picture of a file, in decoding order; ``shown`` is its instant on the host's clock."""

    offset: int
    size: int
    key: bool
    shown: datetime


def observe(archive: Archive, segment: Segment, clock: Clock) -> Observation:
    """Open a segment from whichever copy answers with the right bytes and decode all of it.

    Raises NoCopyAnswers while a place that may hold a copy does not answer; OSError if the open copy cannot be
    read any more.
    """
    try:
        with archive.opened(segment) as file:
            return _decoded(file, segment, clock)
    except NoCopyAnswers as answer:
        if answer.unreachable:
            raise
        state = SegmentState.DAMAGED if answer.damaged else SegmentState.MISSING
        return Observation(segment.key, clock.now(), state, 0, (), str(answer))


def _decoded(file: BinaryIO, segment: Segment, clock: Clock) -> Observation:
    try:
        index = read_index(file)
    except MediaError as error:
        return Observation(segment.key, clock.now(), SegmentState.DAMAGED, 0, (), f"cannot be indexed: {error}")
    if index.frames != segment.frames or index.torn:
        detail = f"holds {index.frames} whole frames, its row says {segment.frames}"
        return Observation(segment.key, clock.now(), SegmentState.DAMAGED, 0, (), detail)
    shots = list(_shots(index))
    good = _decodable(file, index.format, shots)
    if len(good) == len(shots):
        return Observation(segment.key, clock.now(), SegmentState.OK, len(good))
    bad = tuple(_bad_spans(shots, good, segment.interval))
    detail = f"{len(shots) - len(good)} of {len(shots)} frames do not decode"
    return Observation(segment.key, clock.now(), SegmentState.DAMAGED, len(good), bad, detail)


def _shots(index: FileIndex) -> Iterator[_Shot]:
    for fragment in index.fragments:
        ticks = 0
        for sample in fragment.samples:
            shown = fragment.captured + ticks_to_time(ticks + sample.composition_offset)
            yield _Shot(sample.offset, sample.size, sample.key, shown)
            ticks += sample.duration


def _decodable(file: BinaryIO, video: VideoFormat, shots: list[_Shot]) -> set[int]:
    """The numbers of the pictures that decode without damage.

    Samples go to the decoder as they lie in the file; one thread, so that a host of many cameras stays fair.
    """
    decoder = av.CodecContext.create(_DECODERS[video.codec], "r")
    assert isinstance(decoder, VideoCodecContext)  # noqa: S101 - what PyAV makes for a video codec
    decoder.thread_count = 1
    if video.codec is not Codec.JPEG:
        decoder.extradata = video.decoder_configuration
    good: set[int] = set()
    for number, shot in enumerate(shots):
        file.seek(shot.offset)
        packet = cast("av.Packet[av.VideoStream]", av.Packet(file.read(shot.size)))
        packet.pts = number
        good.update(_intact(decoder, packet))
    good.update(_intact(decoder, None))
    return good


def _intact(decoder: VideoCodecContext, packet: av.Packet[av.VideoStream] | None) -> list[int]:
    """The pictures that come out for a packet, or at the end for None; none where libav refuses it."""
    try:
        frames = decoder.decode(packet)
    except av.error.FFmpegError:
        return []
    return [frame.pts for frame in frames if frame.pts is not None and not frame.is_corrupt]


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


def observe_pending(evidence: Evidence, archive: Archive, clock: Clock, limit: int = AT_ONCE) -> int:
    """Observe up to ``limit`` segments that nobody opened yet, oldest first; how many were.

    Segments that cannot be read now are left for later. Raises DatabaseUnavailable.
    """
    return DecodingWorker(evidence, archive, clock).observe_pending(limit)


class DecodingWorker:
    """Observes what is pending, round after round, until told to stop.

    A segment that cannot be read rests for ``RESTING_S`` and is reported once (``segment_unreadable``); it does not
    hold up the others. A segment found missing or damaged is reported (``segment_not_usable``). A round that fails
    as a whole is reported once until one succeeds (``decoding_round_failed``), with growing pauses.
    """

    def __init__(self, evidence: Evidence, archive: Archive, clock: Clock, at_once: int = AT_ONCE) -> None:
        self._evidence = evidence
        self._archive = archive
        self._clock = clock
        self._at_once = at_once
        self._log = structlog.get_logger()
        self._resting: dict[str, float] = {}  # key of an unreadable segment -> monotonic instant of its next try
        self._reported: set[str] = set()
        self._broken_since: float | None = None
        self._pause_s = IDLE_S

    def run(self, stop: threading.Event) -> None:
        """Returns soon after ``stop`` is set, once the segment in hand is done."""
        while not stop.wait(self.round(stop)):
            pass

    def round(self, stop: threading.Event | None = None) -> float:
        """One round. Returns how many seconds to wait before the next: none while there is more to do."""
        try:
            done = self.observe_pending(self._at_once, stop)
        except Exception as error:  # noqa: BLE001 - the top of a supervised loop: decoding must go on
            if self._broken_since is None:
                self._broken_since = self._clock.monotonic()
                self._log.error("decoding_round_failed", error=str(error), kind=type(error).__name__)
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
            return self._pause_s
        if self._broken_since is not None:
            seconds = round(self._clock.monotonic() - self._broken_since, 1)
            self._broken_since = None
            self._log.info("decoding_back", seconds=seconds)
        self._pause_s = IDLE_S
        return 0.0 if done == self._at_once else IDLE_S

    def observe_pending(self, limit: int, stop: threading.Event | None = None) -> int:
        """Like the function of that name; ends early, between two segments, when ``stop`` is set."""
        done = 0
        for segment in self._pending(limit):
            if stop is not None and stop.is_set():
                break
            try:
                observation = observe(self._archive, segment, self._clock)
            except (NoCopyAnswers, OSError) as error:
                self._rest(segment, error)
                continue
            self._evidence.add_observation(observation)
            self._reported.discard(segment.key)
            if observation.state is not SegmentState.OK:
                state, detail = observation.state.value, observation.detail
                self._log.warning("segment_not_usable", segment=segment.key, state=state, detail=detail)
            done += 1
        return done

    def _pending(self, limit: int) -> list[Segment]:
        now = self._clock.monotonic()
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        found = self._evidence.segments_without_observation(limit + len(self._resting))
        return [segment for segment in found if segment.key not in self._resting][:limit]

    def _rest(self, segment: Segment, error: Exception) -> None:
        self._resting[segment.key] = self._clock.monotonic() + RESTING_S
        if segment.key not in self._reported:
            self._reported.add(segment.key)
            self._log.warning("segment_unreadable", segment=segment.key, reason=str(error))
