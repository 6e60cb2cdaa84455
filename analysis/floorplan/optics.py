"""A camera as geometry: where points of space fall on its picture, how large they are there, where its pixels look.

The model is that of ``domain.plan``; all functions take many points at once. What the model leaves open is closed
here against the camera: a lens shows nothing beyond the radius at which its distortion would fold the picture back,
and a fisheye nothing beyond 90 degrees from its axis, or half its field of view where that is more: its image circle.
Not here: what stands in the way (``scene``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.plan import Lens, Mounting

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_AHEAD_M = 1e-6  # nearer to the plane of the lens than this, a rectilinear picture is without bound


@dataclass(frozen=True, slots=True)
class Image:
    """Where points fall on a picture.

    ``pixels`` has shape (n, 2), u to the right and v down; it means nothing where ``imaged`` is false. ``density`` is
    the local density in pixels per metre, see ``image``.
    """

    pixels: Floats
    imaged: Bools  # the lens shows the point, in the picture or beside it
    inside: Bools  # ... and it falls into the picture
    density: Floats


def focal_px(mounting: Mounting) -> float:
    """The focal length in pixels."""
    half = math.radians(mounting.width_of_view) / 2
    spread = half if mounting.lens is Lens.FISHEYE else math.tan(half)
    return mounting.width / 2 / spread


def axes(mounting: Mounting) -> Floats:
    """Shape (3, 3): the unit vectors right, down and ahead of the camera, in the space of the plan."""
    pan, tilt, roll = (math.radians(each) for each in (mounting.pan, mounting.tilt, mounting.roll))
    ahead = np.array([math.cos(tilt) * math.cos(pan), math.cos(tilt) * math.sin(pan), -math.sin(tilt)])
    level = np.array([math.sin(pan), -math.cos(pan), 0.0])
    right = level * math.cos(roll) + np.cross(ahead, level) * math.sin(roll)
    return np.array([right, np.cross(ahead, right), ahead])


def image(mounting: Mounting, points: Floats) -> Image:
    """Where points, shape (n, 3), fall on the picture.

    The local density of a point is the least number of pixels to which a metre is imaged there, over all directions
    across the line of sight: the smaller singular value of the projection's derivative. For a rectilinear lens
    without distortion it is f / depth, the figure of EN 62676-4; for a fisheye f / distance. Making the picture
    straight afterwards adds no pixels, so it is also what a de-warped picture can show at that place.
    """
    eye = np.array([mounting.x, mounting.y, mounting.height_m])
    across, down, ahead = axes(mounting) @ (points - eye).T
    distance = np.sqrt(across**2 + down**2 + ahead**2)
    if mounting.lens is Lens.FISHEYE:
        scale, imaged, density = _fisheye(mounting, np.hypot(across, down), ahead, distance)
    else:
        scale, imaged, density = _rectilinear(mounting, np.hypot(across, down), ahead, distance)
    pixels = np.stack([mounting.width / 2 + scale * across, mounting.height / 2 + scale * down], axis=1)
    u, v = pixels.T
    inside = imaged & (u >= 0) & (u <= mounting.width) & (v >= 0) & (v <= mounting.height)
    return Image(pixels, imaged, inside, density)


def _rectilinear(mounting: Mounting, aside: Floats, ahead: Floats, distance: Floats) -> tuple[Floats, Bools, Floats]:
    """Pixels per metre aside, what the lens shows, and the local density."""
    focal = focal_px(mounting)
    in_front = ahead > _AHEAD_M
    depth = np.where(in_front, ahead, 1.0)
    square = (aside / depth) ** 2
    imaged = in_front & (square < _fold(mounting.k1, mounting.k2))
    square = np.where(imaged, square, 0.0)
    stretch = 1 + mounting.k1 * square + mounting.k2 * square**2
    outward = (1 + 3 * mounting.k1 * square + 5 * mounting.k2 * square**2) * (1 + square)
    around = stretch * np.sqrt(1 + square)
    density = np.where(imaged, focal * np.minimum(outward, around) / np.where(imaged, distance, 1.0), 0.0)
    return focal * stretch / depth, imaged, density


def _fisheye(mounting: Mounting, aside: Floats, ahead: Floats, distance: Floats) -> tuple[Floats, Bools, Floats]:
    focal = focal_px(mounting)
    angle = np.arctan2(aside, ahead)
    imaged = (distance > _AHEAD_M) & (angle <= widest_angle(mounting))
    far = np.where(distance > _AHEAD_M, distance, 1.0)
    on_axis = aside < _AHEAD_M * far
    scale = np.where(on_axis, focal / far, focal * angle / np.where(on_axis, 1.0, aside))
    return scale, imaged, np.where(imaged, focal / far, 0.0)


def widest_angle(mounting: Mounting) -> float:
    """How far from its axis the lens shows anything at all, in radians, whatever the picture's size."""
    if mounting.lens is Lens.FISHEYE:
        return min(max(math.pi / 2, math.radians(mounting.width_of_view) / 2), math.pi)
    return math.atan(math.sqrt(_fold(mounting.k1, mounting.k2)))


def _fold(k1: float, k2: float) -> float:
    """The square of the radius a, b at which the distorted radius stops growing; infinite where it never does."""
    if k2 == 0:
        return -1 / (3 * k1) if k1 < 0 else math.inf
    inner = 9 * k1 * k1 - 20 * k2
    if inner < 0:
        return math.inf
    roots = [(-3 * k1 + sign * math.sqrt(inner)) / (10 * k2) for sign in (-1, 1)]
    return min((root for root in roots if root > 0), default=math.inf)


def rays(mounting: Mounting, pixels: Floats) -> Floats:
    """Unit vectors, shape (n, 3), along which pixels, shape (n, 2), look; NaN where the lens shows nothing."""
    offset = (pixels - np.array([mounting.width / 2, mounting.height / 2])) / focal_px(mounting)
    radius = np.hypot(*offset.T)
    angle = radius if mounting.lens is Lens.FISHEYE else _straight_angle(mounting, radius)
    angle = np.where(angle <= widest_angle(mounting) + 1e-9, angle, np.nan)
    aside = np.where(radius[:, None] > 0, offset / np.where(radius > 0, radius, 1.0)[:, None], 0.0)
    right, down, ahead = axes(mounting)
    outward = aside[:, :1] * right + aside[:, 1:] * down
    return np.asarray(outward * np.sin(angle)[:, None] + ahead * np.cos(angle)[:, None])


def _straight_angle(mounting: Mounting, radius: Floats) -> Floats:
    """The angle from the axis of a distorted radius, by bisection of the part that grows; NaN beyond it."""
    low, high = np.zeros_like(radius), np.full_like(radius, widest_angle(mounting))
    high = np.minimum(high, math.pi / 2 - 1e-9)

    def distorted(angle: Floats) -> Floats:
        plain = np.tan(angle)
        return np.asarray(plain * (1 + mounting.k1 * plain**2 + mounting.k2 * plain**4))

    beyond = radius > distorted(high)
    for _ in range(60):
        middle = (low + high) / 2
        under = distorted(middle) < radius
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.where(beyond, np.nan, (low + high) / 2)
