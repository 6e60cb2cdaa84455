"""Where in a picture people are looked for: at the stations in full detail, or everywhere in tiles.

A picture of 1920 x 1080 pixels that is squeezed into a network's 416 loses whoever is far away; a crop around a
station, at the picture's own detail and enlarged where it is small, keeps them. Very small ones that lie together are
one crop, and a person who is found in two of them counts once. Not here: how people are found (``detector``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from analysis.people.boxes import ENLARGED, areas, boxes_of, intersections, overlaps, rows_of
from analysis.people.detector import OVERLAP, Detector, Picture
from analysis.people.errors import ModelRefused
from domain.pictures import Region
from domain.presence import Box

MARGIN = 0.25
"""How much of its width and height a station's crop reaches further on each side: people lean, stand and sit back."""

TILE_SHARE = 0.25
"""How much of a tile the next one repeats, so that whoever stands on the border is whole in one of them."""

_WITHIN = 0.7  # how much of a box that a border cut must lie in another one to be of the same person
_BORDER = 2.0  # pixels


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a picture, in its pixels; right and bottom are the first that do not belong to it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def joined(self, other: Window) -> Window:
        """The smallest part that holds both."""
        return Window(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def cut(self, picture: Picture) -> Picture:
        """The pixels, not copied."""
        return picture[self.top : self.bottom, self.left : self.right]


def station_windows(regions: Iterable[Region], width: int, height: int, side: int) -> tuple[Window, ...]:
    """The parts of a picture of ``width`` x ``height`` that show its stations with their margin.

    A part that is smaller than the network's square of ``side`` is enlarged up to ENLARGED times. Parts that even
    then fit into one square are one; one that is larger than the square is looked at with less detail.
    """
    least = side // ENLARGED
    parts: list[Window] = []
    for part in sorted((_grown(region, width, height) for region in regions), key=lambda each: (each.left, each.top)):
        joined = ((place, part.joined(other)) for place, other in enumerate(parts))
        for place, both in joined:
            if both.width <= least and both.height <= least:
                parts[place] = both
                break
        else:
            parts.append(part)
    return tuple(_filled(part, width, height, least) for part in parts)


def tile_windows(width: int, height: int, side: int) -> tuple[Window, ...]:
    """Squares of ``side`` over the whole picture, each repeating at least TILE_SHARE of the one before."""
    return tuple(
        Window(left, top, min(left + side, width), min(top + side, height))
        for top in _starts(height, side)
        for left in _starts(width, side)
    )


def picture_of(coded: bytes, name: str) -> Picture:
    """A JPEG or PNG as a picture (BGR). Raises ModelRefused for what is none, by ``name``."""
    decoded = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR) if coded else None
    if decoded is None:
        raise ModelRefused(f"{name} is no picture that can be read; use JPEG or PNG")
    return np.asarray(decoded, np.uint8)


def search(detector: Detector, looks: Sequence[tuple[Picture, Sequence[Window]]]) -> list[tuple[Box, ...]]:
    """The people in these parts of these pictures, in pixels of the picture, each once, the highest score first.

    All parts of all pictures, of whichever cameras, go to the detector at once.
    """
    crops = [window.cut(picture) for picture, windows in looks for window in windows]
    found = iter(detector.detect(crops))
    return [_together(picture, windows, [next(found) for _ in windows]) for picture, windows in looks]


def _grown(region: Region, width: int, height: int) -> Window:
    across = [x * width for x, _ in region.corners]
    down = [y * height for _, y in region.corners]
    more_x, more_y = MARGIN * (max(across) - min(across)), MARGIN * (max(down) - min(down))
    left = int(min(max(min(across) - more_x, 0), width - 1))
    top = int(min(max(min(down) - more_y, 0), height - 1))
    right = int(np.ceil(max(min(max(across) + more_x, width), left + 1)))
    bottom = int(np.ceil(max(min(max(down) + more_y, height), top + 1)))
    return Window(left, top, right, bottom)


def _filled(part: Window, width: int, height: int, least: int) -> Window:
    """The part made a square where the picture goes on: a network sees that instead of grey, and is surer for it."""
    side = max(part.width, part.height, least)
    left, right = _stretched(part.left, part.right, width, side)
    top, bottom = _stretched(part.top, part.bottom, height, side)
    return Window(left, top, right, bottom)


def _stretched(start: int, end: int, whole: int, side: int) -> tuple[int, int]:
    """The span grown to ``side`` around its middle, within 0 and ``whole``."""
    wanted = max(end - start, min(side, whole))
    begun = min(max((start + end - wanted) // 2, 0), whole - wanted)
    return begun, begun + wanted


def _starts(whole: int, side: int) -> list[int]:
    if whole <= side:
        return [0]
    count = int(np.ceil((whole - side) / (side * (1 - TILE_SHARE)))) + 1
    return [round(number * (whole - side) / (count - 1)) for number in range(count)]


def _together(picture: Picture, windows: Sequence[Window], found: Sequence[tuple[Box, ...]]) -> tuple[Box, ...]:
    """Boxes of several parts in the picture's pixels. A duplicate is one that overlaps another as a whole, or one
    that the border of its part cut and that lies within another; the cut one goes, whatever it scores.
    """
    moved, cut = [], []
    for window, boxes in zip(windows, found, strict=True):
        for box in boxes:
            moved.append(_moved(box, window))
            cut.append(_is_cut(box, window, picture))
    if len(windows) < 2 or len(moved) < 2:
        return tuple(sorted(moved, key=lambda box: -box.score))
    rows, scores = rows_of(tuple(moved))
    order = np.lexsort((-scores, np.array(cut)))  # whole ones first
    rows, scores, is_cut = rows[order], scores[order], np.array(cut)[order]
    within = intersections(rows, rows) / np.maximum(areas(rows)[None, :], 1e-9) > _WITHIN
    same = (overlaps(rows, rows) > OVERLAP) | (within & is_cut[None, :])
    alive = np.ones(len(rows), bool)
    for place in range(len(rows)):
        if alive[place]:
            alive[place + 1 :] &= ~same[place, place + 1 :]
    return tuple(sorted(boxes_of(rows[alive], scores[alive]), key=lambda box: -box.score))


def _moved(box: Box, window: Window) -> Box:
    x, y = window.left, window.top
    return Box(box.left + x, box.top + y, box.right + x, box.bottom + y, box.score)


def _is_cut(box: Box, window: Window, picture: Picture) -> bool:
    """Whether a box ends at a border of its part behind which the picture goes on."""
    height, width = picture.shape[:2]
    return (
        (box.left <= _BORDER and window.left > 0)
        or (box.top <= _BORDER and window.top > 0)
        or (box.right >= window.width - _BORDER and window.right < width)
        or (box.bottom >= window.height - _BORDER and window.bottom < height)
    )
