"""Flat textured pieces that a hall is built of, and whether a straight line from lens to point meets one.

A surface lies where its top left corner is, seen from its front; its texture is upright and unmirrored from there.
Not here: what the pieces of a room are (``furnishing``) and how they are drawn (``casting``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.plan import Outline

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

_NEAR_M = 0.02  # nothing nearer to the lens is looked at, and a point does not hide itself


@dataclass(frozen=True, slots=True)
class Frame:
    """A place and a direction: x to the right, y ahead, z up, of whoever looks ahead there. Axes are rows."""

    origin: Floats
    axes: Floats

    def at(self, x: float, y: float, z: float) -> Floats:
        placed: Floats = self.origin + np.array([x, y, z]) @ self.axes
        return placed


def frame_looking(origin: tuple[float, float], ahead: tuple[float, float]) -> Frame:
    """A frame on the floor; ``ahead`` need not be of length 1."""
    forward = np.array([ahead[0], ahead[1], 0.0]) / np.hypot(*ahead)
    up = np.array([0.0, 0.0, 1.0])
    return Frame(np.array([*origin, 0.0]), np.stack([np.cross(forward, up), forward, up]))


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A flat piece, seen from its front only, though it hides from both sides.

    ``corners`` is its outline in metres to the right and down from ``origin``; None for the whole rectangle.
    ``owner`` is the station whose furniture it is, "" for the room itself. ``levels`` are the texture and its
    halvings, ``per_m`` texels a metre of the first.
    """

    origin: Floats
    right: Floats
    down: Floats
    size: tuple[float, float]
    levels: tuple[Image, ...]
    per_m: float
    owner: str = ""
    corners: tuple[tuple[float, float], ...] | None = None
    normal: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "normal", np.cross(self.down, self.right))

    def outline_points(self) -> Floats:
        """Its corners in the room, n x 3."""
        width, height = self.size
        flat = self.corners or ((0, 0), (width, 0), (width, height), (0, height))
        placed: Floats = self.origin + np.array(flat) @ np.stack([self.right, self.down])
        return placed

    def holds(self, across: NDArray[np.floating], along: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether points of its plane, in metres from its origin, belong to it."""
        width, height = self.size
        inside = (across >= 0) & (across <= width) & (along >= 0) & (along <= height)
        return inside if self.corners is None else inside & _within(self.corners, across, along)


def _within(
    corners: Sequence[tuple[float, float]], across: NDArray[np.floating], along: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Crossing count along a line to the right."""
    inside = np.zeros(np.broadcast_shapes(across.shape, along.shape), np.bool_)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y0 != y1:
            straddled = (y0 > along) != (y1 > along)
            inside ^= straddled & (across < x0 + (along - y0) * ((x1 - x0) / (y1 - y0)))
    return inside


def halvings(image: Image) -> tuple[Image, ...]:
    """The texture and its halvings, down to some texels."""
    levels = [np.ascontiguousarray(image)]
    while min(levels[-1].shape[:2]) >= 4 and len(levels) < 7:
        rows, columns = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], ((columns + 1) // 2, (rows + 1) // 2), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(half, np.uint8))
    return tuple(levels)


def hidden_by(
    surfaces: Iterable[Surface], lens: Floats, points: Floats, owners: NDArray[np.str_] | None = None
) -> NDArray[np.bool_]:
    """Whether each of the points (n x 3) is hidden from ``lens`` by some surface, met from either side.

    Where ``owners`` (n) are given, surfaces of a point's own owner do not hide it.
    """
    hidden = np.zeros(len(points), np.bool_)
    ways = points - lens
    lengths = np.linalg.norm(ways, axis=1)
    for surface in surfaces:
        slope = ways @ surface.normal
        with np.errstate(divide="ignore", invalid="ignore"):
            share = ((surface.origin - lens) @ surface.normal) / slope
            maybe = (share * lengths > _NEAR_M) & ((1 - share) * lengths > 1e-6) & ~hidden
        if owners is not None and surface.owner:
            maybe &= owners != surface.owner
        [chosen] = np.nonzero(maybe)
        if chosen.size:
            met = lens + share[chosen, None] * ways[chosen] - surface.origin
            hidden[chosen] = surface.holds(met @ surface.right, met @ surface.down)
    return hidden


def signed_area(outline: Outline) -> float:
    """In square metres, positive where the corners run counter-clockwise."""
    pairs = zip(outline, (*outline[1:], outline[0]), strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2


def counter_clockwise(outline: Outline) -> Outline:
    """The same outline, its corners counter-clockwise."""
    return outline if signed_area(outline) > 0 else tuple(reversed(outline))
