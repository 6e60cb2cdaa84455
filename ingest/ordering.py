"""B frames: from the order in which pictures are coded to times that rise in it (docs/time.md, "B frames").

A picture that others are made from is coded and sent before them and shown after them. Pictures are gathered into
the smallest groups in which all are shown that were coded in them; in each group the times at which its pictures
are shown, sorted, become the times at which they are decoded. So a group begins to be decoded when its first picture
is shown, its decoding takes as long as showing it, and whatever counts time by decoding counts right.

Pure; holds as many pictures as it must to know where a group ends. Not here: where files are cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

from domain.timeline import Interval
from ingest.source import AccessUnit

DEEPEST: Final = 16
"""How many pictures may come before one that is shown before them (ITU-T H.264 A.3.1, H.265 A.4.2)."""

LEAST_STEP: Final = timedelta(milliseconds=1)
"""Between two pictures of one instant."""

_MOST_HELD: Final = 3 * DEEPEST


@dataclass(slots=True)
class Picture:
    """A picture with the instant at which it is shown, on the host's clock, and its time on the camera's, in ticks.

    ``since`` and ``decoded`` are the same for its place in decoding order; without B frames they do not differ.
    ``opens`` says that all pictures before it are shown before it and all those that follow it.
    ``in_loss`` says that packets were missing when it came; ``standstill`` is its stamp's.
    """

    unit: AccessUnit
    instant: datetime
    media: int
    since: datetime
    decoded: int
    standstill: Interval | None = None
    in_loss: bool = False
    opens: bool = True


class Ordering:
    """Gathers the pictures of one stream. ``depth`` is what its parameter sets promise; more is learned.

    Nothing is given a time before ``since`` and ``decoded``, where the pictures before the first one end.
    """

    def __init__(self, depth: int, since: datetime | None = None, decoded: int | None = None) -> None:
        self.held: list[Picture] = []
        self._depth = min(depth, DEEPEST)
        self._since = since
        self._decoded = decoded

    def push(self, picture: Picture) -> list[list[Picture]]:
        """The groups that are known to be whole now that this picture has come."""
        came_before = sum(other.media > picture.media for other in self.held)
        came_before += self._decoded is not None and picture.media <= self._decoded
        self._depth = min(max(self._depth, came_before), DEEPEST)
        self.held.append(picture)
        groups: list[list[Picture]] = []
        while size := self._whole():
            groups.append(self._released(size))
        return groups if len(self.held) < _MOST_HELD else [*groups, *self.release()]

    def release(self) -> list[list[Picture]]:
        """What is held, as the last groups of the stream."""
        self._depth, depth = 0, self._depth
        groups: list[list[Picture]] = []
        while size := self._whole():
            groups.append(self._released(size))
        self._depth = depth
        return groups

    def _whole(self) -> int:
        """How many pictures the first group has; 0 while a picture may still come that is shown among them.

        No picture that is to come is shown before more than ``depth`` of those that came.
        """
        times = [picture.media for picture in self.held]
        if len(times) <= self._depth:
            return 0
        known = sorted(times)[len(times) - 1 - self._depth]
        earliest_behind = [*accumulate(reversed(times[1:]), min)][::-1]
        for size, latest in enumerate(accumulate(times, max), start=1):
            if latest > known:
                return 0
            if size == len(times) or latest < earliest_behind[size - 1]:
                return size
        return 0

    def _released(self, size: int) -> list[Picture]:
        """The first pictures that are held, with their times in decoding order."""
        group, self.held = self.held[:size], self.held[size:]
        shown = sorted(group, key=lambda picture: picture.media)
        for picture in shown:
            if self._decoded is not None and picture.media <= self._decoded:
                picture.media = self._decoded + 1
            if self._since is not None and picture.instant <= self._since:
                picture.instant = self._since + LEAST_STEP
            self._decoded, self._since = picture.media, picture.instant
        for place, picture in zip(shown, group, strict=True):
            picture.decoded, picture.since = place.media, place.instant
            picture.opens = picture is group[0]
        return group
