"""A visible mark over every picture of a screener 带水印副本: tiles all over it, and the time of the footage.

As in the page (``Watermark.vue``): light letters with a dark edge, in rows that are shifted against each other, moved
every MOVED_EVERY_S, so that neither a cut nor something laid over one place takes all of it away. Letters come as PNG
from whoever draws them (``Draw``); here they meet the luma of pictures. Not here: what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

Draw = Callable[[Sequence[str], float, float], bytes]
"""Lines of text, their size in pixels and how far they are turned, in degrees: a PNG, white on black, of lines of
equal height, with a margin of one line's height around it where they are turned."""

MOVED_EVERY_S = 5.0
_STEP = 0.382  # of a tile; never the same place twice in a row, as in the page
_SLANT = -20.0
_LIGHT, _DARK = 0.40, 0.32  # how much of the picture letters and their edge take: seen, and seen through
_WHITE, _BLACK = 235.0, 16.0  # of luma in limited range
_CLOCK_SIGNS = "0123456789-:+ "


class Watermark:
    """Marks the luma of pictures of one size. Raises whatever ``draw`` raises, when it is made."""

    def __init__(self, lines: Sequence[str], width: int, height: int, draw: Draw) -> None:
        self._width, self._height = width, height
        self.size = min(48.0, max(12.0, width / 60))
        self._draw = draw
        tile = _image(draw(lines, self.size, _SLANT))
        # Two rows, the second shifted by half a tile: the pattern that repeats.
        self._pattern = np.vstack([tile, np.roll(tile, tile.shape[1] // 2, axis=1)])
        signs = _image(draw(_CLOCK_SIGNS, self.size, 0.0))
        self._signs = dict(zip(_CLOCK_SIGNS, map(_close, np.array_split(signs, len(_CLOCK_SIGNS))), strict=True))
        self._prefix = _image(draw(["录像时间 footage\u2002"], self.size, 0.0))
        self._step: int | None = None
        self._weights = self._added = np.zeros((height, width), np.float32)

    def mark(self, luma: Plane, at_s: float, clock: str) -> None:
        """Mark a picture, in place, at its second of the screener; ``clock`` is the time of day that it shows."""
        step = int(at_s // MOVED_EVERY_S)
        if step != self._step:
            self._step = step
            self._weights, self._added = _blending(self._tiled(step))
        marked = cv2.add(cv2.multiply(luma, self._weights, dtype=cv2.CV_32F), self._added)
        np.rint(marked, out=marked)
        luma[:] = marked.astype(np.uint8)
        self._write(luma, self._line(clock), 0.5 * self.size, self._height - 2.2 * self.size)

    def tell(self, luma: Plane, lines: Sequence[str]) -> None:
        """Write lines in the middle of a picture, in place."""
        text = _image(self._draw(lines, 1.6 * self.size, 0.0))
        self._write(luma, text, (self._width - text.shape[1]) / 2, (self._height - text.shape[0]) / 2)

    def _tiled(self, step: int) -> Plane:
        """The letters over the whole picture, moved by a part of a tile."""
        down, across = self._pattern.shape
        moved = (step * _STEP) % 1
        y, x = int((1 - moved) * down / 2), int((1 - moved) * across)
        times = (self._height + y) // down + 1, (self._width + x) // across + 1
        return np.tile(self._pattern, times)[y : y + self._height, x : x + self._width]

    def _line(self, clock: str) -> Plane:
        letters = [self._signs[sign] for sign in clock]
        least = min(self._prefix.shape[0], letters[0].shape[0])
        return np.hstack([each[:least] for each in (self._prefix, *letters)])

    def _write(self, luma: Plane, text: Plane, left: float, top: float) -> None:
        """Light letters on a dark ground, cut off where the picture ends."""
        x, y = max(0, int(left)), max(0, int(top))
        place = luma[y : y + text.shape[0], x : x + text.shape[1]]
        share = text[: place.shape[0], : place.shape[1]].astype(np.float32) / 255
        place[:] = (0.25 * place * (1 - share) + _WHITE * share).astype(np.uint8)


def _blending(letters: Plane) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """By what luma is multiplied, and what is added then."""
    light = letters.astype(np.float32) / 255
    edge = cv2.dilate(letters, np.ones((5, 5), np.uint8)).astype(np.float32) / 255
    dark = np.clip(edge - light, 0, 1)
    weights = (1 - _LIGHT * light) * (1 - _DARK * dark)
    added = _LIGHT * _WHITE * light + _DARK * _BLACK * dark
    return np.asarray(weights, np.float32), np.asarray(added, np.float32)


def _close(sign: Plane) -> Plane:
    """A sign without the room on its right that only wider ones need; digits are equally wide."""
    inked = np.flatnonzero(sign.any(axis=0))
    last = int(inked[-1]) if inked.size else sign.shape[1] // 3
    return sign[:, : last + 1 + max(1, sign.shape[0] // 14)]


def _image(png: bytes) -> Plane:
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        raise ValueError("the letters of the watermark are no picture")
    return np.asarray(decoded, np.uint8)
