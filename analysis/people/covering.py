"""Which parts of each picture of a moving scene have to be blurred, by the heads found in some of them. Pure.

People are looked for at least every SEARCHED_EVERY_S. A picture between two that were searched is covered by both:

1. Who is found in both at about the same place is covered at both places and between them, and STEADY further.
2. Who is found in one only may have walked in or out, or was missed in the other: their part grows by SPEED with the
   time from the picture in which they were found.
3. Who was found before and is not any more stays covered where they were for HELD_S: most likely they were missed.
4. Where either picture could not be searched, the picture is covered as a whole. So is what nobody could judge.

So whoever is found twice in a second is covered in between, and each head that was found for some seconds after. What
stays open, and is said with every such copy: who is found in no picture at all, and who moves faster than SPEED.
Not here: how a part is blurred (``blurring``), how people are found (``detector``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.people.blurring import head_window
from analysis.people.boxes import overlaps, rows_of
from analysis.people.crops import Window, search, tile_windows
from analysis.people.detector import Detector, Picture
from domain.presence import Box

SEARCHED_EVERY_S = 0.5
"""Project default. A picture of 1920 x 1080 in tiles costs half a second of one processor with YOLOX nano."""

STEADY = 0.25
"""In widths of the person's box. Project default: somebody at a table who turns and bends."""

SPEED = 3.0
"""In widths of the box each second: 1.5 m/s, a brisk walk, of somebody half a metre wide. Project default."""

HELD_S = 3.0
"""Project default: six pictures in a row in which a detector misses somebody whom it had found."""

SAME = 0.3
"""How much of their union two boxes share that are of one person half a second apart. Measured: somebody who sits
shares .83 and more with themselves two seconds later, somebody who walks hardly anything."""

LEAST_LUMA = 26.0
"""Mean luma below which a picture is too dark to be searched. With three tenths of the light detectors still found 19
of 20 people, with half of that 4 of 5; and the darkest picture of a lit room had 87 (``analysis.sight``)."""

LEAST_CONTRAST = 8.0
"""Deviation of luma below which it shows nothing (as in ``analysis.calibration``)."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The people of one picture, at its second of the film; None where it could not be searched."""

    at_s: float
    people: tuple[Box, ...] | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known up to a searched picture: its people, and those found before and when last."""

    latest: Searched
    missing: tuple[tuple[Box, float], ...] = ()

    def after(self, searched: Searched) -> Known:
        """What is known once the next picture was searched."""
        if searched.people is None:
            seen = [(box, self.latest.at_s) for box in self.latest.people or ()]
            return Known(searched, (*self.missing, *seen))
        gone = [(box, self.latest.at_s) for box in _unlike(self.latest.people or (), searched.people)]
        waiting = [(box, at_s) for box, at_s in self.missing if searched.at_s - at_s <= HELD_S]
        still = _unlike([box for box, _ in waiting], searched.people)
        kept = [(box, at_s) for box, at_s in waiting if box in still]
        return Known(searched, (*kept, *gone))


def searched(detector: Detector, picture: Picture, at_s: float) -> Searched:
    """Look for people everywhere in a picture: as a whole, for those who are near, and in tiles at its own detail."""
    height, width = picture.shape[:2]
    luma = picture.mean(axis=2)
    if luma.mean() < LEAST_LUMA or luma.std() < LEAST_CONTRAST:
        return Searched(at_s, None)
    windows = [Window(0, 0, width, height), *tile_windows(width, height, detector.side)]
    (people,) = search(detector, [(picture, windows)])
    return Searched(at_s, people)


def parts(at_s: float, known: Known, following: Searched, width: int, height: int) -> tuple[Window, ...]:
    """What is to be blurred of the picture at ``at_s``, which lies between two that were searched, or is one."""
    before, after = known.latest.people, following.people
    if before is None or after is None:
        return (Window(0, 0, width, height),)
    found: list[Window | None] = []
    for one, other in _pairs(before, after):
        ends = [part for part in (head_window(one, width, height), head_window(other, width, height)) if part]
        if ends:
            found.append(_grown(ends[0].joined(ends[-1]), STEADY * max(one.width, other.width), width, height))
    alone = [(box, known.latest.at_s) for box in _unlike(before, after)]
    alone += [(box, following.at_s) for box in _unlike(after, before)]
    for box, seen_s in (*alone, *known.missing):
        reach = min(SPEED * abs(at_s - seen_s), SPEED * SEARCHED_EVERY_S) * box.width
        part = head_window(box, width, height)
        found.append(None if part is None else _grown(part, max(reach, STEADY * box.width), width, height))
    return tuple(part for part in found if part is not None)


def _pairs(some: Sequence[Box], others: Sequence[Box]) -> list[tuple[Box, Box]]:
    """Boxes that may be of one person; one may be in several pairs, and then more is covered."""
    if not some or not others:
        return []
    shared = overlaps(rows_of(tuple(some))[0], rows_of(tuple(others))[0])
    return [(some[one], others[other]) for one, other in np.argwhere(shared >= SAME)]


def _unlike(boxes: Sequence[Box], others: Iterable[Box]) -> list[Box]:
    """Those that are of nobody among the others."""
    like = {one for one, _ in _pairs(boxes, tuple(others))}
    return [box for box in boxes if box not in like]


def _grown(part: Window, more: float, width: int, height: int) -> Window:
    by = int(np.ceil(more))
    left, top = max(0, part.left - by), max(0, part.top - by)
    return Window(left, top, min(width, part.right + by), min(height, part.bottom + by))
