"""The figures that move through the scene: small pictures with soft edges, pasted into YUV 4:2:0 planes.

Drawn once, four times as large, and scaled down. Not here: where they stand and how they move (``scene``).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Colour = tuple[int, int, int]

_FINE = 4
_SKIN: Colour = (146, 178, 214)
_HAIR: tuple[Colour, ...] = ((38, 34, 32), (52, 46, 44), (60, 64, 84))


class Sprite:
    """A picture with transparency, ready to be blended: colour times opacity is computed beforehand."""

    def __init__(self, colour: Plane, opacity: Plane) -> None:
        """``colour`` is BGR, ``opacity`` 0..255 of the same even size."""
        self.height, self.width = opacity.shape
        yuv = np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2YUV_I420), np.uint8)
        chroma = yuv[self.height :].reshape(2, self.height // 2, self.width // 2)
        half = cv2.resize(opacity, (self.width // 2, self.height // 2), interpolation=cv2.INTER_AREA)
        self._parts = [
            (plane.astype(np.uint16) * mask, 255 - mask.astype(np.uint16))
            for plane, mask in ((yuv[: self.height], opacity), (chroma[0], half), (chroma[1], half))
        ]

    def paste(self, planes: tuple[Plane, Plane, Plane], left: int, top: int) -> None:
        """Blend into Y, U and V at that corner (rounded to even pixels, kept inside the picture)."""
        rows, columns = planes[0].shape
        left = min(max(left, 0), columns - self.width) & ~1
        top = min(max(top, 0), rows - self.height) & ~1
        for plane, (premultiplied, rest), step in zip(planes, self._parts, (1, 2, 2), strict=True):
            height, width = rest.shape
            region = plane[top // step : top // step + height, left // step : left // step + width]
            region[:] = (region * rest + premultiplied + 127) // 255


class _Stencil:
    """A canvas and its opacity, painted together."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        self._scale = scale * _FINE
        self._size = (2 * math.ceil(width * scale / 2), 2 * math.ceil(height * scale / 2))
        shape = (self._size[1] * _FINE, self._size[0] * _FINE)
        self._colour = np.zeros((*shape, 3), np.uint8)
        self._opacity = np.zeros(shape, np.uint8)

    def ellipse(self, colour: Colour, centre: tuple[float, float], axes: tuple[float, float]) -> None:
        at, radii = self._point(centre), self._point(axes)
        cv2.ellipse(self._colour, at, radii, 0, 0, 360, colour, -1)
        cv2.ellipse(self._opacity, at, radii, 0, 0, 360, 255, -1)

    def polygon(self, colour: Colour, *points: tuple[float, float]) -> None:
        corners = np.array([self._point(point) for point in points], np.int32)
        cv2.fillPoly(self._colour, [corners], colour)
        cv2.fillPoly(self._opacity, [corners], 255)

    def limb(self, colour: Colour, start: tuple[float, float], end: tuple[float, float], thickness: float) -> None:
        ends, width = (self._point(start), self._point(end)), round(thickness * self._scale)
        cv2.line(self._colour, *ends, colour, width)
        cv2.line(self._opacity, *ends, 255, width)

    def sprite(self) -> Sprite:
        colour = cv2.resize(_spread(self._colour, self._opacity), self._size, interpolation=cv2.INTER_AREA)
        opacity = cv2.resize(self._opacity, self._size, interpolation=cv2.INTER_AREA)
        return Sprite(np.asarray(colour, np.uint8), np.asarray(opacity, np.uint8))

    def _point(self, point: tuple[float, float]) -> tuple[int, int]:
        return round(point[0] * self._scale), round(point[1] * self._scale)


def _spread(colour: Plane, opacity: Plane) -> Plane:
    """The colours grown over the transparent surroundings, or edges would darken when scaled down."""
    side = 4 * _FINE + 1
    weight = cv2.blur((opacity > 0).astype(np.float32), (side, side))[..., None]
    grown = cv2.blur(colour.astype(np.float32), (side, side)) / np.maximum(weight, 1e-3)
    return np.where(opacity[..., None] > 0, colour, np.clip(grown, 0, 255)).astype(np.uint8)


def _darker(colour: Colour, share: float) -> Colour:
    return round(colour[0] * share), round(colour[1] * share), round(colour[2] * share)


def candidate(scale: float, shirt: Colour, hair: int) -> Sprite:
    """A person seated behind a desk, from the waist up. ``scale`` 1 is 96 x 112 pixels."""
    stencil = _Stencil(96, 112, scale)
    stencil.limb(_darker(shirt, 0.82), (20, 74), (14, 102), 17)
    stencil.limb(_darker(shirt, 0.82), (76, 74), (82, 102), 17)
    stencil.polygon(shirt, (14, 74), (30, 58), (66, 58), (82, 74), (78, 112), (18, 112))
    stencil.polygon(_darker(shirt, 1.22), (40, 57), (56, 57), (48, 72))
    stencil.limb(_darker(_SKIN, 0.9), (48, 46), (48, 58), 15)
    stencil.ellipse(_HAIR[hair % 3], (48, 28), (21, 24))
    stencil.ellipse(_SKIN, (48, 34), (16.5, 19))
    stencil.polygon(_HAIR[hair % 3], (30, 28), (34, 14), (48, 8), (62, 14), (66, 28), (48, 21))
    stencil.ellipse(_SKIN, (16, 106), (8, 6))
    stencil.ellipse(_SKIN, (80, 106), (8, 6))
    return stencil.sprite()


def invigilator(scale: float, step: int, to_left: bool) -> Sprite:
    """A person walking, in one of four phases of a step. ``scale`` 1 is 84 x 214 pixels."""
    stencil = _Stencil(84, 214, scale)
    swing = (14, 3, -14, -3)[step % 4]
    coat: Colour = (96, 70, 46)
    trousers: Colour = (62, 58, 56)
    for side in (1, -1):
        stencil.limb(_darker(trousers, 1.0 if side > 0 else 0.8), (42, 122), (42 + side * swing, 198), 17)
        stencil.ellipse((34, 32, 32), (42 + side * swing + (-5 if to_left else 5), 206), (11, 6))
    stencil.limb(_darker(coat, 0.8), (42, 66), (42 + swing, 120), 13)
    stencil.polygon(coat, (25, 58), (59, 58), (61, 130), (23, 130))
    stencil.limb(_darker(coat, 1.2), (42, 66), (42 - swing, 118), 13)
    stencil.ellipse(_SKIN, (42 - swing, 124), (6.5, 7))
    stencil.limb(_darker(_SKIN, 0.9), (42, 46), (42, 58), 13)
    stencil.ellipse(_HAIR[0], (42, 28), (19, 21))
    stencil.ellipse(_SKIN, (38 if to_left else 46, 33), (15, 17))
    stencil.polygon((80, 190, 230), (34, 72), (48, 72), (48, 90), (34, 90))
    return stencil.sprite()
