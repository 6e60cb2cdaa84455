"""Which pictures of which files a film shows, and when: each at its instant on the host's clock.

A *take* is what one file gives: from a key frame on, up to a place behind which nothing is shown earlier. Times are
ticks of TIMESCALE since 1970, whole numbers from the ``prft`` of each fragment, so that a picture lies within a tick
of where the file says. Not here: which files (``analysis.pieces``), and the boxes of a film (``storage.media.film``).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate

from domain.timeline import MICROSECOND, Interval
from storage.media.layout import TIMESCALE
from storage.media.reading import FileIndex, FragmentIndex
from storage.media.sound import SoundFormat
from storage.media.video import VideoFormat

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_GROUP = 32  # pictures that are shown in another order than coded: more than either codec can hold back
_NEAR = TIMESCALE // 100  # the run clock may move a picture by so much between two fragments


def ticks_of(instant: datetime) -> int:
    """An instant in ticks since 1970, to the nearest one."""
    return ((instant - _EPOCH) // MICROSECOND * 9 + 50) // 100


def instant_of(ticks: int) -> datetime:
    """The inverse of ``ticks_of``, to the nearest microsecond."""
    return _EPOCH + MICROSECOND * ((ticks * 100 + 4) // 9)


@dataclass(frozen=True, slots=True)
class SoundRun:
    """The sound of one fragment, without a break; ``begins`` in ticks of TIMESCALE, samples as in the index."""

    begins: int
    samples: tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class Take:
    """Consecutive samples of one file. ``source`` is its number among the film's files.

    ``times`` are those of decoding and ``shifts`` those of showing against them; ``until`` is where the last one
    ends.
    """

    source: int
    format: VideoFormat
    times: array[int] = field(default_factory=lambda: array("q"))
    shifts: array[int] = field(default_factory=lambda: array("i"))
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    sizes: array[int] = field(default_factory=lambda: array("I"))
    keys: bytearray = field(default_factory=bytearray)
    until: int = 0
    sound_format: SoundFormat | None = None
    sound: list[SoundRun] = field(default_factory=list)

    def shown(self, at: int) -> int:
        """When a sample is shown."""
        return self.times[at] + self.shifts[at]

    def drop(self, first: int, last: int) -> None:
        """Leave the samples from ``first`` up to ``last``, itself excluded, out."""
        for column in (self.times, self.shifts, self.offsets, self.sizes, self.keys):
            del column[first:last]

    def end_at(self, instant: int) -> None:
        """Leave out what is not shown before an instant, and what is coded behind that."""
        kept = self._whole_before(instant)
        self.drop(kept, len(self.times))
        self.until = min(self.until, instant)

    def _whole_before(self, instant: int) -> int:
        """How many samples may stay: all of them are shown before the instant, and before all that go."""
        if not any(self.shifts):
            return bisect_left(self.times, instant)
        shown = list(map(self.shown, range(len(self.times))))
        earliest_behind = [*reversed(list(accumulate(reversed(shown), min))), self.until]
        latest, kept = 0, 0
        for at, instant_shown in enumerate(shown, 1):
            latest = max(latest, instant_shown)
            if latest >= instant:
                break
            if latest < earliest_behind[at]:
                kept = at
        return kept

    def begin_at(self, instant: int) -> None:
        """Leave out what comes before the last key frame that is shown up to an instant, or before the first one.

        Then too what is shown before that key frame and coded behind it, which may be made from what was left out.
        """
        keys = [at for at, key in enumerate(self.keys) if key] or [0]
        begins = max((at for at in keys if self.shown(at) <= instant), default=keys[0])
        self.drop(0, begins)
        first, leading = self.shown(0), 1
        while leading < len(self.times) and self.shown(leading) < first:
            leading += 1
        self.drop(1, leading)
        self.times[0], self.shifts[0] = first, 0  # nothing that is left is shown before it


def take(source: int, index: FileIndex, span: Interval) -> Take | None:
    """What a file shows of a span, from the key frame at its start or before it; None where that is nothing."""
    made = Take(source, index.format, sound_format=index.sound)
    for fragment in index.fragments:
        _place(made, fragment)
        _hear(made, fragment, index.sound)
    if not made.times or made.until <= ticks_of(span.start) or made.shown(0) >= ticks_of(span.end):
        return None
    made.begin_at(ticks_of(span.start))
    made.end_at(ticks_of(span.end))
    return made if made.times else None


def _place(made: Take, fragment: FragmentIndex) -> None:
    """Its samples from the instant on that it tells."""
    at, first = ticks_of(fragment.captured), len(made.times)
    goes_back = bool(made.times) and at <= made.times[-1]
    for sample in fragment.samples:
        made.times.append(at)
        made.shifts.append(sample.composition_offset)
        made.offsets.append(sample.offset)
        made.sizes.append(sample.size)
        made.keys.append(sample.key)
        at += sample.duration
    if goes_back:
        _press_behind(made, first)
    made.until = max(made.until, at)


def _press_behind(made: Take, first: int) -> None:
    """Let the samples from ``first`` on be shown after those before them, in their order, as near to their instants
    as that leaves room; sorted, the times of showing are those of decoding (docs/time.md, B frames)."""
    order = sorted(range(first, len(made.times)), key=made.shown)
    shown: dict[int, int] = {}
    last = made.times[first - 1]
    for at in order:
        last = shown[at] = max(made.shown(at), last + 1)
    for place, at in enumerate(order, first):
        made.times[place] = shown[at]
    for at in order:
        made.shifts[at] = shown[at] - made.times[at]


def _hear(made: Take, fragment: FragmentIndex, sound: SoundFormat | None) -> None:
    if sound is None or fragment.sound is None or not fragment.sound.samples:
        return
    media = fragment.sound.decode_time * TIMESCALE // sound.rate - fragment.decode_time
    made.sound.append(SoundRun(ticks_of(fragment.captured) + media, fragment.sound.samples))


def joined(takes: Iterable[Take]) -> list[Take]:
    """Takes one behind the other, by time: each goes on from where the next one begins no more.

    A key frame that ends one file and begins the next is taken once (docs/time.md, B frames).
    """
    found: list[Take] = []
    for following in takes:
        while found and following.times:
            if _is_same_picture(found[-1], following):
                following.drop(0, 1)
                break
            found[-1].end_at(following.shown(0))
            if found[-1].times:
                break
            found.pop()
        if following.times:
            found.append(following)
    return found


def _is_same_picture(before: Take, following: Take) -> bool:
    """Whether the last that a take shows is the key frame that the next one begins with."""
    behind = range(max(0, len(before.times) - _LONGEST_GROUP), len(before.times))
    latest = max(behind, key=before.shown)
    near = abs(before.shown(latest) - following.shown(0)) <= _NEAR
    return near and bool(before.keys[latest]) and before.sizes[latest] == following.sizes[0]
