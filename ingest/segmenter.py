"""From stamped pictures to segments, fragments and holes: where files are cut and what is missing inside them.

Pure: takes access units, returns events in the order in which they must become durable. Files are cut at key
frames only, nothing is re-encoded and no intact picture is dropped; what could not be kept is told as a Hole.
Inside a file pictures keep the camera's own times; where they lie on the host's clock is told by each fragment's
``prft`` and by the segment's interval.
Not here: where bytes go (``ingest.spool``) and when to connect (``ingest.recorder``).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median_low

from domain.evidence import Cause
from domain.timeline import Interval
from ingest.clock import Stamp
from ingest.source import AccessUnit
from storage.media import TIMESCALE, Ledger, Sample, VideoFormat, fragment, init_segment, stored_nals

LONGEST_STEP_S = 1.5
"""Pictures further apart than this, and than three usual intervals, have a hole between them (docs/time.md)."""

SYNC_SHARE = 0.15
"""Of a fragment's wished length, what is left for its way to the disk: a picture received is durable within that
length, so that a kill costs no more, held first pictures (``ingest.recorder``) and the sync included."""

COUNT_JUMP_S = 1.0
"""RTP time and host apart by more than this from one picture to the next: the camera began to count anew."""

_LONGEST_STEP = timedelta(seconds=LONGEST_STEP_S)
_SECOND = timedelta(seconds=1)
_FALLBACK_INTERVAL = timedelta(seconds=1 / 25)  # until the stream has shown its own rate


@dataclass(frozen=True, slots=True)
class Opened:
    """A file begins with this head (ftyp, moov); ``first`` is the instant of its first picture."""

    first: datetime
    head: bytes


@dataclass(frozen=True, slots=True)
class Fragment:
    """Bytes to append to the open file in one write; ``until`` is where its last picture ends."""

    data: bytes
    until: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """The open file is complete; these are the facts of its Segment row."""

    interval: Interval
    frames: int
    format: VideoFormat
    init_size_bytes: int
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Hole:
    """A span without usable pictures inside the run."""

    interval: Interval
    cause: Cause
    detail: str


Event = Opened | Fragment | Closed | Hole


@dataclass(slots=True)
class _Picture:
    unit: AccessUnit
    instant: datetime  # on the host's clock
    media: int  # on the camera's: RTP ticks, kept rising whatever the camera does


@dataclass(slots=True)
class _Timed:
    """A picture whose end is known, on both clocks."""

    picture: _Picture
    until: datetime
    duration: int  # ticks


@dataclass(slots=True)
class _OpenFile:
    first: datetime
    first_media: int
    format: VideoFormat
    head_size: int
    frames: int = 0
    sequence: int = 0
    lost_packets: int = 0
    delayed_s: float = 0.0
    clock_offset_s: float | None = None

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lost_packets, self.delayed_s, self.clock_offset_s)


class Segmenter:
    """Cuts one run. ``segment_s`` is a wished length; key frames decide the real one.

    ``fragment_s`` is how old a received picture may be before it is durable: a fragment is cut when its first picture
    would be older than that, less ``SYNC_SHARE``, with the picture that is due next; also by the time that its
    pictures show, which differs where they come late. A camera slower than that has fragments of one picture.

    ``first_cut_s`` shortens the first file of the run, so that many cameras do not close their files together.
    """

    def __init__(self, segment_s: float, fragment_s: float, first_cut_s: float | None = None) -> None:
        self._segment = timedelta(seconds=segment_s)
        self._fragment_s = fragment_s * (1 - SYNC_SHARE)
        self._cut_after = timedelta(seconds=first_cut_s) if first_cut_s is not None else self._segment
        self._file: _OpenFile | None = None
        self._pending: _Picture | None = None  # its duration is known only when the next one comes
        self._recount = 0  # ticks to add to RTP time, since the camera began to count anew
        self._seen = datetime.min.replace(tzinfo=UTC)  # the latest picture's instant, whole or damaged
        self._samples: list[_Timed] = []  # of the fragment being collected
        self._steps: deque[float] = deque(maxlen=15)
        self._flushed_until: datetime | None = None
        self._loss_from: datetime | None = None
        self._told_until: datetime | None = None

    @property
    def accounted_until(self) -> datetime | None:
        """Up to where the run's time is recorded or told as a hole, once ``end`` was called; None without a picture.

        Later than ``recorded_until`` where the last pictures came damaged.
        """
        return self._told_until

    @property
    def recorded_until(self) -> datetime | None:
        """End of the last picture taken, None before the first."""
        return self._pending.instant + self._interval if self._pending is not None else None

    @property
    def _interval(self) -> timedelta:
        """The usual time between two pictures of this stream."""
        if self._steps:
            return timedelta(seconds=median_low(self._steps))
        fps = self._pending.unit.format.nominal_fps if self._pending is not None else None
        return timedelta(seconds=1 / fps) if fps else _FALLBACK_INTERVAL

    def take(self, unit: AccessUnit, stamp: Stamp) -> list[Event]:
        """The next picture in decoding order. Events come in the order in which they must be carried out."""
        events: list[Event] = []
        self._note(unit, stamp)
        if unit.damaged or unit.lost_packets:
            self._begin_loss(stamp.instant)
        still = stamp.standstill
        if still is not None and self._is_hole(still.end - still.start + self._interval):
            events.append(Hole(still, Cause.NO_DATA, "RTP time stood still"))
        self._seen = stamp.instant
        if unit.damaged or not stored_nals(unit.nals, unit.format.codec) or (self._file is None and not unit.key):
            return events
        picture = _Picture(unit, stamp.instant, self._media_time(unit, stamp.instant))
        events += self._settle_pending(picture, stamp.standstill)
        if unit.key:
            events += self._end_loss(stamp.instant)
            events += self._cut(picture)
        self._pending = picture
        return events

    def end(self) -> list[Event]:
        """The run is over: the last picture gets the usual duration, the file is closed."""
        if self._pending is None:
            return []
        until = self._pending.instant + self._interval
        self._told_until = max(until, self._seen + self._interval) if self._loss_from is not None else until
        self._samples.append(_Timed(self._pending, until, _ticks(self._interval)))
        events = self._end_loss(self._told_until)
        events += self._flush()
        events += self._close()
        self._pending = None
        return events

    def _media_time(self, unit: AccessUnit, instant: datetime) -> int:
        """The camera's own time, kept rising; where its count jumps, the file goes on by the host's clock instead."""
        before = self._pending
        if before is None:
            return unit.rtp_time
        by_host = before.media + _ticks(instant - before.instant)
        if abs(unit.rtp_time + self._recount - by_host) > COUNT_JUMP_S * TIMESCALE:
            self._recount = by_host - unit.rtp_time
        return max(unit.rtp_time + self._recount, before.media + 1)

    def _note(self, unit: AccessUnit, stamp: Stamp) -> None:
        if self._file is None:
            return
        self._file.lost_packets += unit.lost_packets
        self._file.delayed_s = max(self._file.delayed_s, stamp.delay_s)
        if unit.camera_time is not None:
            self._file.clock_offset_s = (unit.camera_time - stamp.instant).total_seconds()

    def _begin_loss(self, instant: datetime) -> None:
        if self._loss_from is None and self._pending is not None:
            self._loss_from = min(self._pending.instant + self._interval, instant)

    def _end_loss(self, until: datetime) -> list[Event]:
        start, self._loss_from = self._loss_from, None
        if start is None or start >= until:
            return []
        return [Hole(Interval(start, until), Cause.PACKET_LOSS, "packets lost, pictures damaged up to the key frame")]

    def _is_hole(self, pause: timedelta) -> bool:
        """Whether a pause between two pictures is longer than a slow camera makes it (docs/time.md)."""
        return pause > _LONGEST_STEP and pause > 3 * self._interval

    def _settle_pending(self, following: _Picture, standstill: Interval | None) -> list[Event]:
        """Now that the next picture is here, the pending one has an end; maybe a hole lies between them.

        A standstill was told where it was. The instants that it now moves on by were not without pictures: those
        had been stamped early by its length.
        """
        before = self._pending
        if before is None:
            return []
        step = following.instant - before.instant
        if standstill is not None:
            step -= standstill.end - standstill.start
        if not self._is_hole(step):
            self._samples.append(_Timed(before, following.instant, following.media - before.media))
            self._steps.append(step.total_seconds())
            return self._flush() if self._is_long_enough(following) else []
        until = before.instant + self._interval
        self._samples.append(_Timed(before, until, _ticks(self._interval)))
        events = self._flush()
        if self._loss_from is None:
            events.append(Hole(Interval(until, following.instant), Cause.NO_DATA, "RTP time jumped"))
        return events

    def _is_long_enough(self, following: _Picture) -> bool:
        """Whether the collected pictures cannot wait for the one after ``following``."""
        first = self._samples[0].picture
        shown_s = (following.instant - first.instant).total_seconds()
        waited_s = following.unit.arrived_monotonic - first.unit.arrived_monotonic
        return max(shown_s, waited_s) + self._interval.total_seconds() > self._fragment_s

    def _cut(self, key: _Picture) -> list[Event]:
        """At a key frame: begin the first file, or close one that is long enough or of another format."""
        file = self._file
        if file is not None:
            long_enough = key.instant - file.first >= self._cut_after
            if not long_enough and key.unit.format == file.format:
                return []
        events: list[Event] = []
        if file is not None:
            events += self._flush()
            events += self._close()
            self._cut_after = self._segment
        head = init_segment(key.unit.format)
        self._file = _OpenFile(key.instant, key.media, key.unit.format, len(head))
        events.append(Opened(key.instant, head))
        return events

    def _flush(self) -> list[Event]:
        """The collected pictures as one fragment."""
        if self._file is None or not self._samples:
            return []
        file, first = self._file, self._samples[0].picture
        samples = [
            Sample(timed.picture.unit.nals, timed.duration, timed.picture.unit.key, timed.picture.unit.shown_after)
            for timed in self._samples
        ]
        file.sequence += 1
        file.frames += len(samples)
        decode_time, codec = first.media - file.first_media, file.format.codec
        data = fragment(file.sequence, decode_time, samples, first.instant, file.ledger, codec=codec)
        self._flushed_until = self._samples[-1].until
        self._samples = []
        return [Fragment(data, self._flushed_until)]

    def _close(self) -> list[Event]:
        """The file ends where its last flushed picture ends."""
        file, until = self._file, self._flushed_until
        if file is None or until is None:
            return []
        self._file = None
        return [Closed(Interval(file.first, until), file.frames, file.format, file.head_size, file.ledger)]


def _ticks(span: timedelta) -> int:
    return max(1, round(span / _SECOND * TIMESCALE))
