"""What comparing pictures rests on: small grey pictures and the directions of their edges.

Edges are taken from the logarithm of luma, in which a gain is an offset and leaves no trace: the same edge looks the
same in a dimmed picture. Not here: references (``analysis.calibration``) and what is compared (``analysis.picture``).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""One decoded picture: height x width for grey, height x width x 3 for BGR."""

Grey = NDArray[np.uint8]
Plane = NDArray[np.float32]
Points = NDArray[np.float32]
"""n x 2: x to the right and y down, in pixels of a small picture."""

WIDTH = 640
"""Pixels across a small picture. Wide enough for a block of a station that is a tenth of the picture (12 pixels)."""

DARK = 8.0
"""Levels added before the logarithm, so that noise in the dark is no edge."""

_SMOOTHING = 1.2  # pixels: noise of 2.5 levels must not turn an edge by more than the tolerance
_SMALLEST_SIDE = 16  # pixels of a small picture in which edges can be looked for

COSINE = 0.9
STRENGTH = 0.35
"""An edge is there where its direction differs by less than 26 degrees and it has this share of its strength."""

_LEAST_SLOPE = 0.03  # of the logarithm, a pixel: 3 %
_LEAST_RISE = 2.0  # levels a pixel: below, it is noise of the sensor and of the coding


class PictureError(ValueError):
    """Something that cannot be taken for a picture or a reference.

    PictureError
    ├── NotAPicture            empty, or not of 8 bit grey or BGR
    ├── ReferenceRefused       pictures or regions that no reference can be made of
    └── CalibrationUnreadable  stored bytes that are no calibration of ours
    """


class NotAPicture(PictureError):
    """An array that holds no picture."""


@dataclass(frozen=True, slots=True)
class Slopes:
    """The gradient of a small picture's logarithm, a value for each pixel."""

    x: Plane
    y: Plane


def checked(picture: Picture) -> Picture:
    """The picture itself. Raises NotAPicture, saying what it is instead."""
    shape, kind = getattr(picture, "shape", None), getattr(picture, "dtype", None)
    if shape is None or kind != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in {1, 3})):
        raise NotAPicture(f"a picture must be 8 bit grey or BGR; this is {kind} of shape {shape}")
    if 0 in shape:
        raise NotAPicture(f"a picture must have pixels; this one has the shape {shape}")
    return picture


def small_grey(picture: Picture, width: int = WIDTH) -> Grey:
    """Luma, at most ``width`` pixels across, averaged down; smaller pictures keep their size."""
    if picture.ndim == 3 and picture.shape[2] == 3:
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    else:
        grey = np.ascontiguousarray(picture.reshape(picture.shape[:2]))
    height, across = grey.shape
    if across <= width:
        return grey
    size = (width, max(1, round(height * width / across)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def large_enough(grey: Grey) -> bool:
    """Whether edges can be looked for at all."""
    height, width = grey.shape
    return bool(height >= _SMALLEST_SIDE and width >= _SMALLEST_SIDE)


_LOGARITHMS = np.log(DARK + np.arange(256, dtype=np.float32)).astype(np.float32)


def logarithm(grey: Grey) -> Plane:
    """The logarithm of smoothed luma."""
    plane = np.asarray(cv2.LUT(grey, _LOGARITHMS), np.float32)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _SMOOTHING), np.float32)


def slopes(grey: Grey) -> Slopes:
    """The gradient of the logarithm, per pixel."""
    return slopes_of(logarithm(grey))


def slopes_of(plane: Plane) -> Slopes:
    """The gradient of what ``logarithm`` gave."""
    across = np.asarray(cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=0.125), np.float32)
    down = np.asarray(cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=0.125), np.float32)
    return Slopes(across, down)


def is_edge(found: Slopes, grey: Grey) -> NDArray[np.bool_]:
    """Where slopes are steep enough to be known again, in the picture and in levels."""
    steepness = np.asarray(cv2.magnitude(found.x, found.y), np.float32)
    rise = steepness * (grey.astype(np.float32) + DARK)
    return np.asarray((steepness > _LEAST_SLOPE) & (rise > _LEAST_RISE), np.bool_)


def same_direction(
    x: Plane, y: Plane, other_x: Plane, other_y: Plane, strength: float = STRENGTH
) -> NDArray[np.bool_]:
    """Whether the other slope is that of the same edge. Arrays of one shape; the first is the reference's."""
    along = x * other_x + y * other_y
    squared, other_squared = x * x + y * y, other_x * other_x + other_y * other_y
    near = along * along > COSINE * COSINE * squared * other_squared
    return np.asarray((along > 0) & near & (other_squared > strength * strength * squared), np.bool_)
