"""The run clock: from a camera's RTP time to instants of this host (docs/time.md states the rule and its bounds).

Within one run every picture has an RTP time (when the camera took it, on the camera's clock) and an arrival (when
we had it, on ours). The least delayed picture of the last seconds tells how the two clocks lie to each other;
every other picture of that span was merely late. So a picture that comes late keeps its place in time, and only
wall time in which RTP time stands still or jumps is a hole.

Pure: fed with numbers, asks no clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from domain.timeline import Interval

TICKS_PER_SECOND = 90_000  # RTP clock of video, RFC 6184 8.2.1

ENVELOPE_S = 4.0
"""How far back the least delayed picture is looked for, a silence longer than SILENCE_S counted as that long."""

SILENCE_S = 3.0
"""Where pictures are further apart than this (a slow camera, a narrow line), the rest of the pause ages nothing: what
was learnt before must outlive it, or pictures that only came late would be told as a standstill."""

BACKWARDS_S = 1.0
"""RTP time that falls back by more than this began to count anew; less is a B frame, or a camera that repeats."""

OLDEST_S = 10.0
"""The first picture of a connection may be this old: the key frame that some cameras keep for those who come."""

STANDSTILL_S = 0.25
"""A rise of the least delay by more than this at once is a camera that stood still, not one that was late."""

CLOCK_STEP_S = 0.5
"""Wall clock against monotonic clock: apart by more than this, the host's wall clock was stepped."""

WARM_UP_S = 0.5
"""How long the first pictures of a run are held, so that the first stamp already knows the least delayed one."""

FAR_S = 0.2
"""An estimate this far off is put right fast; nearer ones so slowly that pictures keep their usual duration."""

_NEAR_SLEW = 0.005  # share of a picture's duration by which it may be stretched or shortened, near
_FAR_SLEW = 0.25  # ... and far, while a growing delay is taken for the new truth
_LEAST_STEP = timedelta(milliseconds=1)  # between two pictures, also when a burst squeezes them together


@dataclass(slots=True)
class _Seen:
    """A picture of the envelope: its age (s, see SILENCE_S), how late (s), and the instant it was given."""

    age_s: float
    offset_s: float
    instant: datetime


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a picture lies in time. ``delay_s`` is how late it arrived against the least delayed one.

    ``standstill`` is set on the picture that proves an earlier standstill: the span in which the camera took
    nothing although RTP time shows no jump.
    """

    instant: datetime
    delay_s: float
    standstill: Interval | None = None


class RunClock:
    """Stamps the pictures of one run, in the order in which they come."""

    def __init__(self) -> None:
        self._anchor: tuple[datetime, float, int] | None = None
        self._envelope: deque[_Seen] = deque()  # offsets rise from the head on
        self._offset_s = 0.0
        self._last_media_s = 0.0  # the latest, which B frames that come after it do not move
        self._last_arrival_s = 0.0
        self._age_s = 0.0
        self._last: datetime | None = None

    def stepped(self, arrived: datetime, arrived_monotonic: float) -> bool:
        """Whether the host's wall clock has been stepped since the run began."""
        if self._anchor is None:
            return False
        wall, monotonic, _ = self._anchor
        return stepped(wall, monotonic, arrived, arrived_monotonic)

    def warm_up(
        self, arrivals: Sequence[tuple[int, datetime, float]], earlier: Sequence[tuple[int, float]] = ()
    ) -> None:
        """Learn from the run's first pictures, given as (rtp_time, arrived, arrived_monotonic), before any stamp.

        ``earlier``, given as (rtp_time, arrived_monotonic), are those of the same connection that came before them
        and are no part of the run, in order: they tell as well how the two clocks lie to each other.
        """
        first, wall, monotonic = arrivals[0]
        self._anchor = (wall, monotonic, first)
        seen = [
            _Seen(at - monotonic, (at - monotonic) - (rtp_time - first) / TICKS_PER_SECOND, wall)
            for rtp_time, _, at in arrivals
        ]
        for item in (*_before(earlier, arrivals[0]), min(_before_a_jump(seen), key=lambda item: item.offset_s)):
            self._lower(item)
        self._offset_s = self._envelope[0].offset_s

    def stamp(self, rtp_time: int, arrived: datetime, arrived_monotonic: float) -> Stamp:
        """The instant of the next picture: at most FAR_S (and the milliseconds that keep squeezed pictures apart)
        later than its arrival, so that hardly a moment is covered before it was seen; and strictly increasing, but
        for pictures whose RTP time lies a little before one that came: B frames, whose place is before it.
        """
        if self._anchor is None:
            self._anchor = (arrived, arrived_monotonic, rtp_time)
        wall, monotonic, first = self._anchor
        arrival_s = arrived_monotonic - monotonic
        media_s = (rtp_time - first) / TICKS_PER_SECOND
        if media_s < self._last_media_s:
            if media_s >= self._last_media_s - BACKWARDS_S:
                return self._between(media_s, arrival_s, wall)
            self._envelope.clear()  # what was learnt is of another count; the picture in hand is all there is
        self._age_s += max(0.0, min(arrival_s - self._last_arrival_s, SILENCE_S))
        self._last_arrival_s = arrival_s
        seen = _Seen(self._age_s, arrival_s - media_s, wall)
        least_s, standstill = self._least_delay(seen)
        self._settle(least_s, media_s, jump=standstill is not None)
        instant = wall + timedelta(seconds=media_s + self._offset_s)
        if self._last is not None:
            instant = max(instant, self._last + _LEAST_STEP)
        seen.instant = instant
        self._last, self._last_media_s = instant, media_s
        return Stamp(instant, max(0.0, arrival_s - media_s - self._offset_s), standstill)

    def _between(self, media_s: float, arrival_s: float, wall: datetime) -> Stamp:
        """A picture of before one that has come. It is the later of the two for it and teaches nothing."""
        delay_s = max(0.0, arrival_s - media_s - self._offset_s)
        return Stamp(wall + timedelta(seconds=media_s + self._offset_s), delay_s)

    def _least_delay(self, seen: _Seen) -> tuple[float, Interval | None]:
        """The smallest offset of the last ENVELOPE_S, and the standstill that its sudden rise reveals, if any."""
        queue = self._envelope
        before_s = queue[0].offset_s if queue else seen.offset_s
        self._lower(seen)
        expired: _Seen | None = None
        while queue[0].age_s < seen.age_s - ENVELOPE_S:
            expired = queue.popleft()
        rise_s = queue[0].offset_s - before_s
        if expired is None or rise_s <= STANDSTILL_S:
            return queue[0].offset_s, None
        return queue[0].offset_s, Interval(expired.instant, expired.instant + timedelta(seconds=rise_s))

    def _lower(self, seen: _Seen) -> None:
        """Keep the picture in the envelope, and of those before it only what was less late."""
        while self._envelope and self._envelope[-1].offset_s >= seen.offset_s:
            self._envelope.pop()
        self._envelope.append(seen)

    def _settle(self, least_s: float, media_s: float, *, jump: bool) -> None:
        """Move the estimate towards the least delay: slowly when near; when far, at once down and faster up."""
        off_s = least_s - self._offset_s
        anew = media_s < self._last_media_s - BACKWARDS_S
        if jump or anew or off_s < -FAR_S or (self._last is None and len(self._envelope) == 1):
            self._offset_s = least_s
            return
        slew = _FAR_SLEW if off_s > FAR_S else _NEAR_SLEW
        room_s = slew * max(0.0, media_s - self._last_media_s)
        self._offset_s += max(-room_s, min(room_s, off_s))


def took_s(since: tuple[int, float], until: tuple[int, float]) -> float:
    """How long a camera took from one picture to another, each given as (rtp_time, arrived_monotonic).

    By its own clock, since either may have come late; by ours where it began to count anew between the two.
    """
    by_host_s, by_camera_s = until[1] - since[1], (until[0] - since[0]) / TICKS_PER_SECOND
    anew = by_camera_s < 0 or abs(by_camera_s - by_host_s) > OLDEST_S
    return max(0.0, by_host_s if anew else by_camera_s)


def stepped(wall: datetime, monotonic: float, later_wall: datetime, later_monotonic: float) -> bool:
    """Whether the wall clock was stepped between two readings of both clocks."""
    return abs((later_wall - wall).total_seconds() - (later_monotonic - monotonic)) > CLOCK_STEP_S


def _before(earlier: Sequence[tuple[int, float]], first: tuple[int, datetime, float]) -> Sequence[_Seen]:
    """Of the pictures before a run's first one those that count: of the same count, and within the envelope."""
    media, wall, arrived = first
    age_s, after = 0.0, (media, arrived)
    found: deque[_Seen] = deque()
    for rtp_time, at in reversed(earlier):
        pause_s, step_s = after[1] - at, (after[0] - rtp_time) / TICKS_PER_SECOND
        age_s += min(pause_s, SILENCE_S)
        if age_s > ENVELOPE_S or step_s < -BACKWARDS_S or abs(pause_s - step_s) > OLDEST_S:
            break
        offset_s = (at - arrived) - (rtp_time - media) / TICKS_PER_SECOND
        found.appendleft(_Seen(-age_s, offset_s, wall + timedelta(seconds=at - arrived)))
        after = rtp_time, at
    return found


def _before_a_jump(seen: Sequence[_Seen]) -> Sequence[_Seen]:
    """The pictures up to the one where the camera began to count anew: what comes then says nothing about these."""
    for number, (before, after) in enumerate(pairwise(seen), start=1):
        if before.offset_s - after.offset_s > OLDEST_S or after.offset_s - before.offset_s > OLDEST_S:
            return seen[:number]
    return seen
