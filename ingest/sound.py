"""Where the sound of a run lies among its pictures (docs/time.md, "Sound").

Pure. Pictures are never asked to wait for it: a fragment gets the sound that is there when it is cut. What came too
late for its file, does not fit or is too much is left out, and the file's ledger of sound says how much there is.
Not here: holes and coverage, which know nothing of sound.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ingest.clock import TICKS_PER_SECOND, RunClock
from ingest.source import Heard, SoundFrame
from storage.media import TIMESCALE, Sound, SoundFormat, SoundLedger, SoundSample

LEAD: Final = TIMESCALE // 2
"""Ticks that a file's pictures begin after its origin: the sound of just before them, which came after the file
before was closed, has its place there."""

APART_S: Final = 0.1
"""Sound that runs on is moved to where the clocks put it when it is further away than this; nearer, bit by bit."""

_DISBELIEF_S: Final = 2.0  # sender reports that put sound further than this from its arrival are of two clocks
_SLEW: Final = 0.005  # share of a frame's duration by which it is moved, near
_MOST_WAITING_S: Final = 10.0
_SHORTEST_SHARE: Final = 0.5  # of its own duration that a frame may be squeezed to


@dataclass(frozen=True, slots=True)
class Anchor:
    """A picture by which sound is placed: its instant, its media time (ticks), its time by the camera's clock."""

    instant: datetime
    media: int
    camera_time: datetime | None


@dataclass(frozen=True, slots=True)
class _Placed:
    media: float  # ticks of the pictures
    frame: SoundFrame
    by_reports: bool


class SoundTrack:
    """The sound of one run. ``format`` is None until the run's first unit has told that there is some.

    ``heard_any`` says whether a single frame came.
    """

    def __init__(self) -> None:
        self.format: SoundFormat | None = None
        self.heard_any = False
        self._clock = RunClock()
        self._waiting: deque[_Placed] = deque()
        self._last: _Placed | None = None
        self._kept = timedelta()
        self._lost_packets = 0
        self._end = 0  # of what the file has, in ticks of the sound

    def take(self, heard: Heard, anchor: Anchor) -> None:
        """Place what came. Sound of another format than the file's is put off until ``begin_file``."""
        if heard.format != self.format:
            self.format, self._last = heard.format, None
            self._waiting.clear()
        self._lost_packets += heard.lost_packets
        for frame in heard.frames:
            self.heard_any = True
            self._waiting.append(self._place(frame, anchor, heard.format.rate))
        while self._waiting and self._waiting[-1].media - self._waiting[0].media > _MOST_WAITING_S * TIMESCALE:
            self._waiting.popleft()

    def begin_file(self) -> SoundFormat | None:
        """The format of a file that begins now; its ledger begins anew."""
        self._kept, self._lost_packets, self._end = timedelta(), 0, 0
        return self.format

    def cut(self, origin: int, until: int, sound: SoundFormat) -> Sound:
        """The sound before ``until`` that is there now, for a file that began at ``origin`` (media, ticks).

        None of it where the file was begun with another format.
        """
        rate = sound.rate
        until = until if sound == self.format else origin - LEAD
        samples: list[SoundSample] = []
        first = latest = 0
        while self._waiting and self._waiting[0].media < until:
            placed = self._waiting.popleft()
            begin = round((placed.media - origin) * rate / TIMESCALE)
            own = placed.frame.duration
            if begin < self._end - own * _SHORTEST_SHARE:
                continue  # older than the file, or where it has sound already
            if samples:
                begin = max(begin, latest + 1)
                samples[-1] = samples[-1]._replace(duration=begin - latest)
            else:
                first = begin = max(begin, self._end)
            samples.append(SoundSample(placed.frame.data, own))
            latest, self._end = begin, begin + own
            self._kept += timedelta(seconds=own / rate)
        return Sound(first, samples, SoundLedger(self._kept, self._lost_packets))

    def _place(self, frame: SoundFrame, anchor: Anchor, rate: int) -> _Placed:
        """By the clocks; where that is near to where the last frame led, by that, unless reports correct a guess.

        A frame arrives when its last sample was taken, at the earliest.
        """
        ticks = round((frame.time + frame.duration) * TICKS_PER_SECOND / rate)
        instant = self._clock.stamp(ticks, frame.arrived, frame.arrived_monotonic).instant
        instant -= timedelta(seconds=frame.duration / rate)
        by_reports = False
        if frame.camera_time is not None and anchor.camera_time is not None:
            told = frame.camera_time - anchor.camera_time + anchor.instant
            if abs((told - instant).total_seconds()) <= _DISBELIEF_S:
                instant, by_reports = told, True
        media = anchor.media + (instant - anchor.instant).total_seconds() * TIMESCALE
        last = self._last
        if last is not None and last.by_reports >= by_reports:
            step = (frame.time - last.frame.time) * TIMESCALE / rate
            off = media - (last.media + step)
            if step > 0 and abs(off) <= APART_S * TIMESCALE:
                media = last.media + step + max(-_SLEW * step, min(_SLEW * step, off))
        self._last = _Placed(media, frame, by_reports)
        return self._last
