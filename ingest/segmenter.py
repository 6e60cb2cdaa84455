"""From stamped pictures to segments, fragments and holes: where files are cut and what is missing inside them.

Pure: takes access units, returns events in the order in which they must become durable. Files are cut at key
frames only, nothing is re-encoded and no picture that can be decoded is dropped; what could not be kept is told as
a Hole. Inside a file pictures keep the camera's own times; where they lie on the host's clock is told by each
fragment's ``prft`` and by the segment's interval. What is missing is told twice: by the Hole, and by the first
fragment that is cut after it was known, so that a file cut short behind any fragment tells of all that it shows.
Not here: where bytes go (``ingest.spool``) and when to connect (``ingest.recorder``).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median_low

from domain.evidence import Cause
from domain.timeline import Interval
from ingest.clock import Stamp
from ingest.ordering import LEAST_STEP, Ordering, Picture
from ingest.sound import LEAD, Anchor, SoundTrack
from ingest.source import AccessUnit, Heard
from storage.media import (
    TIMESCALE,
    Ledger,
    Missing,
    Sample,
    Sound,
    SoundFormat,
    VideoFormat,
    breaks_link,
    fragment,
    goes_on_with_picture,
    init_segment,
    leads_from_before,
    may_be_shown_earlier,
    stored_nals,
)

LONGEST_STEP_S = 1.5
"""Pictures further apart than this, and than three usual intervals, have a hole between them (docs/time.md)."""

SYNC_SHARE = 0.15
"""Of a fragment's wished length, what is left for its way to the disk: a picture received is durable within that
length, so that a kill costs no more, held first pictures (``ingest.recorder``) and the sync included."""

COUNT_JUMP_S = 1.0
"""RTP time and host apart by more than this from one picture to the next: the camera began to count anew."""

_LONGEST_STEP = timedelta(seconds=LONGEST_STEP_S)
_SECOND = timedelta(seconds=1)
_EVER = datetime.min.replace(tzinfo=UTC)
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
class _Timed:
    """A picture whose end is known, on both clocks."""

    picture: Picture
    until: datetime
    duration: int  # ticks


@dataclass(slots=True)
class _OpenFile:
    first: datetime
    first_media: int
    format: VideoFormat
    head_size: int
    sound: SoundFormat | None
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
    ``told_until`` is where the run before ended, on the same clock: what it shows is not missing, although a camera
    may begin with a key frame that it took long ago.
    """

    def __init__(
        self, segment_s: float, fragment_s: float, first_cut_s: float | None = None, told_until: datetime = _EVER
    ) -> None:
        self._segment = timedelta(seconds=segment_s)
        self._fragment_s = fragment_s * (1 - SYNC_SHARE)
        self._cut_after = timedelta(seconds=first_cut_s) if first_cut_s is not None else self._segment
        self._file: _OpenFile | None = None
        self._format: VideoFormat | None = None
        self._ordering: Ordering | None = None  # where pictures may be shown in another order than they are coded
        self._latest: Picture | None = None  # that was taken, in decoding order
        self._pending: Picture | None = None  # its duration is known only when the next one comes
        self._recount = 0  # ticks to add to RTP time, since the camera began to count anew
        self._seen = _EVER  # the latest picture's instant, whole or damaged
        self._skips_leading = False  # until a key frame whose leading pictures can be decoded
        self._samples: list[_Timed] = []  # of the fragment being collected
        self._group = 1  # pictures that are put in order together
        self._steps: deque[float] = deque(maxlen=15)
        self._flushed_until: datetime | None = None
        self._loss_from: datetime | None = None
        self._recorded_until: datetime | None = None
        self._untold: list[Missing] = []  # in the file, so far
        self._accounted_until: datetime | None = None
        self._before = told_until
        self._sound: SoundTrack | None = None  # where it is to be recorded and the camera sends some

    @property
    def accounted_until(self) -> datetime | None:
        """Up to where the run's time is recorded or told as a hole, once ``end`` was called; None without a picture.

        Later than ``recorded_until`` where the last pictures came damaged.
        """
        return self._accounted_until

    @property
    def recorded_until(self) -> datetime | None:
        """End of the last picture taken, once ``end`` was called; None without a picture."""
        return self._recorded_until

    @property
    def _interval(self) -> timedelta:
        """The usual time between two pictures of this stream."""
        if self._steps:
            return timedelta(seconds=median_low(self._steps))
        fps = self._format.nominal_fps if self._format is not None else None
        return timedelta(seconds=1 / fps) if fps else _FALLBACK_INTERVAL

    def take(self, unit: AccessUnit, stamp: Stamp) -> list[Event]:
        """The next picture in decoding order. Events come in the order in which they must be carried out."""
        events: list[Event] = []
        self._note(unit, stamp)
        if unit.heard is not None:
            self._hear(unit, unit.heard, stamp)
        if unit.damaged or (unit.lost_packets and not self._misses_nothing(unit, stamp)):
            self._begin_loss(stamp.instant)
        still = stamp.standstill
        if still is not None and self._is_hole(still.end - still.start + self._interval):
            events += self._tell(still.start, still.end, Cause.NO_DATA, "RTP time stood still")
        self._seen = max(self._seen, stamp.instant)
        if unit.damaged or not stored_nals(unit.nals, unit.format.codec) or (self._latest is None and not unit.key):
            return events
        if unit.key:
            events += self._begin_sequence(unit)
        before = self._latest
        if before is not None and unit.rtp_time <= before.unit.rtp_time and self._is_rest(unit, before):
            return events
        picture = self._pictured(unit, stamp)
        self._latest = picture
        if self._ordering is None:
            events += self._settle_pending(picture)
            if unit.key:
                events += self._end_loss(picture.instant)
                events += self._cut(picture)
            self._pending = picture
            return events
        return events + self._order(picture, self._ordering)

    def end(self) -> list[Event]:
        """The run is over: the last picture gets the usual duration, the file is closed."""
        events = self._release()
        if self._pending is None:
            return events
        until = self._recorded_until = self._pending.since + self._interval
        self._accounted_until = max(until, self._seen + self._interval) if self._loss_from is not None else until
        self._samples.append(_Timed(self._pending, until, _ticks(self._interval)))
        events += self._end_loss(self._accounted_until)
        events += self._flush()
        events += self._close()
        self._pending = self._latest = None
        return events

    def _begin_sequence(self, key: AccessUnit) -> list[Event]:
        """At a key frame of another format all that came before is shown before it, and decoders begin anew."""
        video = key.format
        if video is self._format or video == self._format:
            self._format = video
            self._skips_leading = self._ordering is not None and breaks_link(key.nals, video.codec)
            return []
        events = self._release()
        self._format, self._skips_leading = video, True
        self._ordering = self._new_ordering(video.reorder_depth) if video.reorder_depth else None
        return events

    def _new_ordering(self, depth: int) -> Ordering:
        before = self._pending
        return Ordering(depth) if before is None else Ordering(depth, before.since, before.decoded)

    def _is_rest(self, unit: AccessUnit, before: Picture) -> bool:
        """Whether a unit is the rest of the one before it, or belongs to a picture that no decoder shows.

        Some cameras send each slice as if it were a picture; the slices of one picture have one time.
        """
        if unit.rtp_time == before.unit.rtp_time and goes_on_with_picture(unit.nals, unit.format.codec):
            before.unit = replace(before.unit, nals=before.unit.nals + unit.nals)
            return True
        return self._skips_leading and leads_from_before(unit.nals, unit.format.codec)

    def _pictured(self, unit: AccessUnit, stamp: Stamp) -> Picture:
        """The picture with the camera's own time, in one count; where that jumps, it goes on by the host's clock.

        Without B frames times are kept rising.
        """
        before, instant, media = self._latest, stamp.instant, unit.rtp_time + self._recount
        if before is not None:
            by_host = before.media + _ticks(instant - before.instant)
            if abs(media - by_host) > COUNT_JUMP_S * TIMESCALE:
                self._recount, media = by_host - unit.rtp_time, by_host
            if self._ordering is None and media < before.media and self._format is not None:
                self._learn_order(unit, self._format)
            if self._ordering is None:
                media, instant = max(media, before.media + 1), max(instant, before.instant + LEAST_STEP)
        return Picture(unit, instant, media, instant, media, stamp.standstill, self._loss_from is not None)

    def _learn_order(self, unit: AccessUnit, video: VideoFormat) -> None:
        """A step back in a stream that does not tell whether it has any."""
        if video.reorder_depth is None and may_be_shown_earlier(unit.nals, video.codec):
            self._ordering = self._new_ordering(1)

    def _order(self, picture: Picture, ordering: Ordering) -> list[Event]:
        """Take a picture of a stream with B frames, and record what is now known to be in order."""
        events = self._end_loss(picture.instant) if picture.unit.key else []
        for group in ordering.push(picture):
            events += self._append(group)
        return events

    def _release(self) -> list[Event]:
        """Record what waits to be put in order."""
        groups = self._ordering.release() if self._ordering is not None else []
        return [event for group in groups for event in self._append(group)]

    def _append(self, group: list[Picture]) -> list[Event]:
        """Record pictures that are shown in no other order than among themselves; a file may begin with the first.

        Where some of them are made from this key frame and from what is in the file before, that file ends with them,
        and the key frame is in both.
        """
        first, self._group = group[0], len(group)
        is_open = any(leads_from_before(picture.unit.nals, picture.unit.format.codec) for picture in group[1:])
        events: list[Event] = []
        for picture in group:
            events += self._settle_pending(picture)
            if picture is first and picture.unit.key and not is_open:
                events += self._cut(picture)
            self._pending = picture
        if is_open and first.unit.key and self._is_due(first):
            again = replace(first, since=first.instant, decoded=first.media, standstill=None, opens=True)
            events += self._settle_pending(again)
            events += self._cut(again)
            self._pending = again
        return events

    def _note(self, unit: AccessUnit, stamp: Stamp) -> None:
        if self._file is None:
            return
        self._file.lost_packets += unit.lost_packets
        self._file.delayed_s = max(self._file.delayed_s, stamp.delay_s)
        if unit.camera_time is not None:
            self._file.clock_offset_s = (unit.camera_time - stamp.instant).total_seconds()

    def _hear(self, unit: AccessUnit, heard: Heard, stamp: Stamp) -> None:
        """Sound is placed by the picture before it, be this one damaged or not."""
        before = self._latest
        anchor = Anchor(stamp.instant, unit.rtp_time + self._recount, unit.camera_time)
        if before is not None:
            anchor = Anchor(before.instant, before.media, before.unit.camera_time)
        if self._sound is None:
            self._sound = SoundTrack()
        self._sound.take(heard, anchor)

    def _misses_nothing(self, unit: AccessUnit, stamp: Stamp) -> bool:
        """Whether what was lost before a picture is no picture: a key frame comes whole, and as soon as the next one
        would. Parameter sets come before it, and often in packets of their own."""
        before = self._pending
        return unit.key and before is not None and stamp.instant - before.since < 1.5 * self._interval

    def _begin_loss(self, instant: datetime) -> None:
        """From the end of what is known to be whole: a lost picture may be shown before those that came before it.

        Never from before the last picture that is in order, however far a damaged one's own time lies back.
        """
        if self._loss_from is not None or self._latest is None:
            return
        before = self._pending
        if before is not None:
            self._loss_from = max(before.since, min(before.since + self._interval, instant))
        elif self._ordering is not None:
            self._loss_from = min((picture.instant for picture in self._ordering.held), default=instant)

    def _end_loss(self, until: datetime) -> list[Event]:
        start, self._loss_from = self._loss_from, None
        if start is None:
            return []
        return self._tell(start, until, Cause.PACKET_LOSS, "packets lost, pictures damaged up to the key frame")

    def _tell(self, start: datetime, end: datetime, cause: Cause, detail: str) -> list[Event]:
        start = max(start, self._before)
        if start >= end:
            return []
        self._untold.append(Missing(start, end, cause))
        return [Hole(Interval(start, end), cause, detail)]

    def _is_hole(self, pause: timedelta) -> bool:
        """Whether a pause between two pictures is longer than a slow camera makes it (docs/time.md)."""
        return pause > _LONGEST_STEP and pause > 3 * self._interval

    def _settle_pending(self, following: Picture) -> list[Event]:
        """Now that the next picture is here, the pending one has an end; maybe a hole lies between them.

        A standstill was told where it was. The instants that it now moves on by were not without pictures: those
        had been stamped early by its length.
        """
        before = self._pending
        if before is None:
            return []
        step = following.since - before.since
        if following.standstill is not None:
            step -= following.standstill.end - following.standstill.start
        if not self._is_hole(step):
            duration = max(1, following.decoded - before.decoded)
            self._samples.append(_Timed(before, following.since, duration))
            if step:
                self._steps.append(step.total_seconds())
            return self._flush() if following.opens and self._ends_fragment(before, following) else []
        until = before.since + self._interval
        self._samples.append(_Timed(before, until, _ticks(self._interval)))
        events = self._flush()
        if not following.in_loss:
            events += self._tell(until, following.since, Cause.NO_DATA, "RTP time jumped")
        return events

    def _ends_fragment(self, before: Picture, following: Picture) -> bool:
        """Whether the next fragment begins with ``following``: when there is enough, and at both edges of a loss.

        Only where a fragment begins does the file tell the host's instant: up to there or from there on its pictures
        are no footage, so it must be the very instant that is told of the loss.
        """
        ended_before = not before.in_loss or before.unit.key  # a key frame ends the loss that it comes in
        edge = following.in_loss and (following.unit.key or ended_before)
        return edge or self._is_long_enough(following)

    def _is_long_enough(self, following: Picture) -> bool:
        """Whether the collected pictures cannot wait for those after ``following``."""
        first, latest = self._samples[0].picture, self._latest or following
        shown_s = (following.since - first.since).total_seconds()
        waited_s = latest.unit.arrived_monotonic - first.unit.arrived_monotonic
        return max(shown_s, waited_s) + self._group * self._interval.total_seconds() > self._fragment_s

    def _is_due(self, key: Picture) -> bool:
        """Whether a file has to begin with this key frame: the first, one after enough, or of another format."""
        file = self._file
        if file is None or key.unit.format != file.format:
            return True
        return key.instant - file.first >= self._cut_after

    def _cut(self, key: Picture) -> list[Event]:
        """At a key frame: begin the first file, or close one that is long enough or of another format."""
        if not self._is_due(key):
            return []
        events: list[Event] = []
        if self._file is not None:
            events += self._flush()
            events += self._close()
            self._cut_after = self._segment
        sound = self._sound.begin_file() if self._sound is not None else None
        head = init_segment(key.unit.format, sound)
        origin = key.decoded if sound is None else key.decoded - LEAD
        self._file = _OpenFile(key.since, origin, key.unit.format, len(head), sound)
        events.append(Opened(key.since, head))
        return events

    def _flush(self) -> list[Event]:
        """The collected pictures as one fragment."""
        if self._file is None or not self._samples:
            return []
        file, first = self._file, self._samples[0].picture
        samples = [_sample(timed) for timed in self._samples]
        file.sequence += 1
        file.frames += len(samples)
        decode_time, codec = first.decoded - file.first_media, file.format.codec
        missing, self._untold = self._untold, []
        if self._loss_from is not None:
            missing.append(Missing(max(self._loss_from, self._before), None, Cause.PACKET_LOSS))
        told, sound = file.ledger, self._cut_sound(file)
        data = fragment(
            file.sequence, decode_time, samples, first.since, told, missing=missing, codec=codec, sound=sound
        )
        self._flushed_until = self._samples[-1].until
        self._samples = []
        return [Fragment(data, self._flushed_until)]

    def _cut_sound(self, file: _OpenFile) -> Sound | None:
        """What there is of the sound of the collected pictures."""
        if file.sound is None or self._sound is None:
            return None
        last = self._samples[-1]
        return self._sound.cut(file.first_media, last.picture.decoded + last.duration, file.sound)

    def _close(self) -> list[Event]:
        """The file ends where its last flushed picture ends."""
        file, until = self._file, self._flushed_until
        if file is None or until is None:
            return []
        self._file = None
        return [Closed(Interval(file.first, until), file.frames, file.format, file.head_size, file.ledger)]


def _sample(timed: _Timed) -> Sample:
    picture = timed.picture
    return Sample(picture.unit.nals, timed.duration, picture.unit.key, picture.media - picture.decoded)


def _ticks(span: timedelta) -> int:
    return max(1, round(span / _SECOND * TIMESCALE))
