"""What is played of a camera, piece by piece: one recorder at a time, switched where one has nothing.

A piece is a whole segment, or the run of fragments of one that shows a part of the time. Fragments cannot be split
and pictures need the key frame before them, so a piece may begin up to a group of pictures early and end up to a
fragment late; it says so by its own clock. Films show the same parts (``analysis.films``). Not here: the playlist's
form and the bytes (``dashboard.api.footage``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile, pairwise
from typing import BinaryIO

from analysis.coverage import CameraLedger, chains, shown
from domain.evidence import Observation, Segment, SegmentState
from domain.timeline import Interval, IntervalSet
from storage.archive import NoCopyAnswers
from storage.media import FileIndex, FragmentIndex, MediaError, read_index

Opened = Callable[[Segment], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a segment to be played. ``byte_range`` is first byte and length within its pictures; None is all."""

    segment: Segment
    interval: Interval
    byte_range: tuple[int, int] | None = None


def pieces(ledger: CameraLedger, opened: Opened, now: datetime, only: Interval | None = None) -> list[Piece]:
    """What is played of all segments with a copy left that are not known to be gone, by time.

    Files that are cut are opened to find their fragments; one that cannot be read now stays whole. With ``only``,
    nothing is played that shows any other time, and a file that cannot be cut to it raises NoCopyAnswers, MediaError.
    """
    found = (_piece(segment, part, opened) for segment, part in chosen(ledger, now))
    shown_now = [piece for piece in found if piece is not None]
    return shown_now if only is None else list(_trimmed(shown_now, opened, only))


def chosen(ledger: CameraLedger, now: datetime) -> list[tuple[Segment, Interval]]:
    """Which part of which segment is shown, by time; from one recorder at a time."""
    found = chains(ledger)
    tracks = {name: playable(chain) for name, chain in found.items()}
    if len(tracks) == 1:
        return [(segment, segment.interval) for segment in next(iter(tracks.values()))]
    views = {name: _shows(track, found[name], now) for name, track in tracks.items()}
    return [
        (segment, part)
        for source in shown(views)
        for segment in tracks[source.recorder]
        if (part := segment.interval.intersection(source.interval)) is not None
    ]


def _trimmed(found: Iterable[Piece], opened: Opened, only: Interval) -> Iterator[Piece]:
    """What of the pieces shows nothing but that time."""
    for piece in found:
        part = piece.interval.intersection(only)
        if part == piece.interval:
            yield piece
        elif part is not None:
            with opened(piece.segment) as file:
                inside = within(piece.segment, read_index(file), part)
            if inside is not None:
                yield inside


def playable(ledger: CameraLedger) -> list[Segment]:
    """The segments with a copy left that are not known to be gone, by time; of two that overlap, the first one.

    Also what is withheld: who is shown that is the door's part.
    """
    found: list[Segment] = []
    for segment in sorted(ledger.segments, key=lambda each: (each.interval, each.key)):
        standing = any(copy.removed is None for copy in ledger.copies.get(segment.key, ()))
        if standing and not _gone(segment, ledger.observations.get(segment.key)):
            found.append(segment)
    overlapped = {right.key for left, right in pairwise(found) if right.interval.end <= left.interval.end}
    return [segment for segment in found if segment.key not in overlapped]


def _gone(segment: Segment, observation: Observation | None) -> bool:
    """Whether nothing of the segment can be read or decoded, as far as anyone has looked."""
    if observation is None or observation.state is SegmentState.OK:
        return False
    if observation.state is SegmentState.MISSING or not observation.bad:
        return True
    return not IntervalSet([segment.interval]) - IntervalSet(observation.bad)


def _shows(track: Iterable[Segment], chain: CameraLedger, now: datetime) -> IntervalSet:
    """The time that a recorder's segments have pictures of, as far as anyone has looked."""
    segments = list(track)
    seen = [chain.observations[each.key] for each in segments if each.key in chain.observations]
    bad = IntervalSet(span for observation in seen for span in observation.bad)
    out = IntervalSet(span for outage in chain.outages if (span := outage.interval(now)) is not None)
    return IntervalSet(each.interval for each in segments) - bad - out


def _piece(segment: Segment, part: Interval, opened: Opened) -> Piece | None:
    if part == segment.interval:
        return Piece(segment, segment.interval)
    try:
        with opened(segment) as file:
            return cut(segment, read_index(file), part)
    except (NoCopyAnswers, MediaError):
        return Piece(segment, segment.interval)  # nobody can cut it now; asked for its pictures, it says why


def cut(segment: Segment, index: FileIndex, part: Interval) -> Piece | None:
    """The fragments that show ``part``, from one that begins with a key frame on; None where none does."""
    begins = _last_key(index, part.start)
    taken = [each for each in index.fragments[begins:] if each.captured < part.end]
    if not taken or taken[-1].interval.end <= part.start:
        return None
    return _of(segment, index, taken)


def within(segment: Segment, index: FileIndex, part: Interval) -> Piece | None:
    """The fragments that show nothing but ``part``, from the first with a key frame on; None where there is none."""
    inside = [each for each in index.fragments if part.start <= each.interval.start and each.interval.end <= part.end]
    taken = list(dropwhile(lambda each: not each.samples[0].key, inside))
    return _of(segment, index, taken) if taken else None


def _of(segment: Segment, index: FileIndex, taken: Sequence[FragmentIndex]) -> Piece:
    """Neighbouring fragments as one piece."""
    first, last = taken[0], taken[-1]
    length = last.offset + last.size - first.offset
    return Piece(segment, Interval(first.captured, last.interval.end), (first.offset - index.init_size_bytes, length))


def _last_key(index: FileIndex, at: datetime) -> int:
    """The number of the last fragment up to an instant that begins with a key frame; of the first one otherwise."""
    keys = (number for number, each in enumerate(index.fragments) if each.samples[0].key and each.captured <= at)
    return max(keys, default=0)
