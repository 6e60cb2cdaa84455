"""The optics of one mounted camera: from a point of the room to its pixel, and from a pixel to its ray.

Written from the formulas that head ``domain.plan``, and from nothing else. Pixels count from
the top left corner of the picture, so that the middle of the first pixel is (0.5, 0.5). Not here: what a ray meets.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from domain.plan import Lens, Mounting

Floats = NDArray[np.float64]
Rays = NDArray[np.float32]

_WIDEST = math.radians(89.0)  # rectilinear: beyond it a ray is nearly within the plane of the picture
_NEWTON_STEPS = 12


class Optics:
    """One camera. Immutable; safe to use from any thread."""

    def __init__(self, mounting: Mounting) -> None:
        self.mounting = mounting
        self.width, self.height = mounting.width, mounting.height
        self.centre: Floats = np.array([mounting.x, mounting.y, mounting.height_m])
        self.axes: Floats = _axes(mounting)  # rows: right, down, ahead
        half = math.radians(mounting.width_of_view) / 2
        self.rectilinear = mounting.lens is Lens.RECTILINEAR
        self.focal = self.width / 2 / (math.tan(half) if self.rectilinear else half)
        self._reach = min(_turning_radius(mounting.k1, mounting.k2), math.tan(_WIDEST))

    def project(self, points: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Pixels (n x 2), distances from the lens in metres (n) and whether each falls within the frame (n).

        ``points`` is n x 3. Pixels of points behind a rectilinear lens, or further out than its distortion is
        monotonic, are NaN.
        """
        taken = (points - self.centre) @ self.axes.T
        distances = np.linalg.norm(taken, axis=1)
        across, down = self._flattened(taken)
        pixels = np.stack([self.width / 2 + self.focal * across, self.height / 2 + self.focal * down], axis=1)
        with np.errstate(invalid="ignore"):
            framed = (pixels >= 0).all(axis=1) & (pixels[:, 0] < self.width) & (pixels[:, 1] < self.height)
        return pixels, distances, framed & (distances > 0)

    def nearest_pixels(self, points: Floats) -> Floats:
        """As ``project``; points that have no pixel get one in their direction, at the rim of what the lens takes."""
        if not self.rectilinear:
            return self.project(points)[0]
        right, down, ahead = ((points - self.centre) @ self.axes.T).T
        aside = np.hypot(right, down)
        with np.errstate(divide="ignore", invalid="ignore"):
            radius = np.where(ahead > 0, np.minimum(aside / ahead, self._reach), self._reach)
            factor = np.where(aside > 0, radius * self._stretch(radius * radius) / aside, 0.0) * self.focal
        return np.stack([self.width / 2 + right * factor, self.height / 2 + down * factor], axis=1)

    def rays(self, columns: Floats, rows: Floats) -> Rays:
        """Unit directions in the room, rows x columns x 3, through these pixel coordinates."""
        across = ((columns - self.width / 2) / self.focal)[None, :]
        down = ((rows - self.height / 2) / self.focal)[:, None]
        radius = np.hypot(across, down)
        with np.errstate(invalid="ignore", divide="ignore"):
            if not self.rectilinear:
                angle = np.minimum(radius, math.pi)
                ahead, factor = np.cos(angle), np.where(radius > 0, np.sin(angle) / radius, 1.0)
            else:
                plain = self._undistorted(radius)
                ahead, factor = np.ones_like(radius), np.where(radius > 0, plain / radius, 1.0)
        local = np.stack([across * factor, down * factor, ahead], axis=-1)
        local /= np.linalg.norm(local, axis=-1, keepdims=True)
        return (local @ self.axes).astype(np.float32)

    def _flattened(self, taken: Floats) -> tuple[Floats, Floats]:
        """Where points in camera axes fall, in focal lengths from the middle."""
        right, down, ahead = taken.T
        aside = np.hypot(right, down)
        with np.errstate(invalid="ignore", divide="ignore"):
            if not self.rectilinear:
                factor = np.where(aside > 0, np.arctan2(aside, ahead) / aside, 1.0)
                return right * factor, down * factor
            usable = (ahead > 0) & (np.arctan2(aside, ahead) < _WIDEST) & (aside < self._reach * ahead)
            a, b = np.where(usable, right / ahead, np.nan), np.where(usable, down / ahead, np.nan)
        stretch = self._stretch(a * a + b * b)
        return a * stretch, b * stretch

    def _stretch(self, square: Floats) -> Floats:
        return 1 + self.mounting.k1 * square + self.mounting.k2 * square * square

    def _undistorted(self, radius: Floats) -> Floats:
        """The radius before distortion; Newton's method, kept below the radius where distortion turns back."""
        k1, k2 = self.mounting.k1, self.mounting.k2
        if k1 == 0 and k2 == 0:
            return radius
        plain = np.minimum(radius, self._reach)
        for _ in range(_NEWTON_STEPS):
            square = plain * plain
            slope = 1 + 3 * k1 * square + 5 * k2 * square * square
            plain = plain - (plain * self._stretch(square) - radius) / np.maximum(slope, 1e-3)
            plain = np.clip(plain, 0, self._reach)
        return plain


def _axes(mounting: Mounting) -> Floats:
    pan, tilt, roll = (math.radians(angle) for angle in (mounting.pan, mounting.tilt, mounting.roll))
    ahead = np.array([math.cos(tilt) * math.cos(pan), math.cos(tilt) * math.sin(pan), -math.sin(tilt)])
    level = np.array([math.sin(pan), -math.cos(pan), 0.0])
    right = level * math.cos(roll) + np.cross(ahead, level) * math.sin(roll)
    return np.stack([right, np.cross(ahead, right), ahead])


def _turning_radius(k1: float, k2: float) -> float:
    """The radius, before distortion, from which on pixels would come nearer to the middle again; else infinite."""
    if k2 == 0:
        return math.sqrt(-1 / (3 * k1)) if k1 < 0 else math.inf
    inside = 9 * k1 * k1 - 20 * k2
    if inside < 0:
        return math.inf
    squares = [(-3 * k1 + sign * math.sqrt(inside)) / (10 * k2) for sign in (-1, 1)]
    return math.sqrt(min((square for square in squares if square > 0), default=math.inf))
