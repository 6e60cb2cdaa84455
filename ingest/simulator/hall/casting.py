"""Draws what stands still, by casting a ray through every pixel, so that any lens is drawn the same way.

Each piece is tried only against the pixels that its outline spans. Two rays by two for a pixel make edges smooth; the
depth kept for a pixel is that of its nearest ray. Not here: what moves (``figures``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.simulator.hall.optics import Optics, Rays
from ingest.simulator.hall.surfaces import Surface

Image = NDArray[np.uint8]
Depth = NDArray[np.float32]
Number = TypeVar("Number", bound=np.generic)

FINE = 2
"""Rays for a pixel, across and down."""

_NEAR_M = 0.02
_EDGE_POINTS = 9  # for each edge, as lenses may bend it


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the picture, in whole pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: Window) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    @property
    def empty(self) -> bool:
        return self.left >= self.right or self.top >= self.bottom

    def cut(self, array: NDArray[Number], scale: int = 1) -> NDArray[Number]:
        """A view of that part of an array whose pixels are ``scale`` times as fine."""
        return array[self.top * scale : self.bottom * scale, self.left * scale : self.right * scale]


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A picture of what does not move: BGR, and metres along each pixel's ray, infinite where there is nothing."""

    colour: Image
    depth: Depth


def rays_of(optics: Optics, window: Window, fine: int = 1) -> Rays:
    """Directions through the middle of each (fine) pixel of the window."""
    columns = window.left + (np.arange((window.right - window.left) * fine) + 0.5) / fine
    rows = window.top + (np.arange((window.bottom - window.top) * fine) + 0.5) / fine
    return optics.rays(columns, rows)


def cast(optics: Optics, surfaces: Sequence[Surface], before: Still | None = None) -> Still:
    """The picture of these surfaces, or of these put into the picture ``before``, which stays as it is."""
    if before is None:
        window = Window(0, 0, optics.width, optics.height)
        colour = np.zeros((optics.height, optics.width, 3), np.uint8)
        before = Still(colour, np.full((optics.height, optics.width), np.inf, np.float32))
    else:
        window = joined(window_of(optics, surface) for surface in surfaces)
        if window.empty:
            return before
    finished = Still(before.colour.copy(), before.depth.copy())
    _cast_into(optics, surfaces, finished, window)
    return finished


def window_of(optics: Optics, surface: Surface) -> Window:
    """The pixels that its outline spans; the whole picture where it reaches behind the lens."""
    corners = surface.outline_points()
    shares = np.linspace(0, 1, _EDGE_POINTS, endpoint=False)[:, None]
    following = np.roll(corners, -1, axis=0)
    points = np.concatenate([start + shares * (end - start) for start, end in zip(corners, following, strict=True)])
    # Small and seen from afar: its inside stays between its edges, however the lens bends them.
    reach = np.linalg.norm(points - points.mean(axis=0), axis=1).max()
    seen_at_once = np.linalg.norm(points - optics.centre, axis=1).min() > 1.5 * reach
    if optics.rectilinear:
        ahead = (points - optics.centre) @ optics.axes[2] > 0
        if not ahead.any():
            return Window(0, 0, 0, 0)
        seen_at_once |= ahead.all()
    if not seen_at_once:
        return Window(0, 0, optics.width, optics.height)
    return window_around(optics, optics.nearest_pixels(points), 6)


def window_around(optics: Optics, pixels: NDArray[np.float64], margin: float) -> Window:
    """The window that holds these pixels and a margin, cut off at the frame."""
    low, high = pixels.min(axis=0) - margin, pixels.max(axis=0) + margin
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    return Window(left, top, min(optics.width, int(high[0]) + 1), min(optics.height, int(high[1]) + 1))


def joined(windows: Iterable[Window]) -> Window:
    """The smallest window that holds them all."""
    kept = [window for window in windows if not window.empty]
    if not kept:
        return Window(0, 0, 0, 0)
    return Window(
        min(window.left for window in kept),
        min(window.top for window in kept),
        max(window.right for window in kept),
        max(window.bottom for window in kept),
    )


def _cast_into(optics: Optics, surfaces: Sequence[Surface], still: Still, window: Window) -> None:
    """Draw into the window of ``still`` in place."""
    rays = rays_of(optics, window, FINE)
    depth = np.repeat(np.repeat(window.cut(still.depth), FINE, axis=0), FINE, axis=1).astype(np.float32)
    colour = np.repeat(np.repeat(window.cut(still.colour), FINE, axis=0), FINE, axis=1).astype(np.uint8)
    for surface in surfaces:
        if (optics.centre - surface.origin) @ surface.normal <= 0:
            continue  # seen from behind
        own = window_of(optics, surface)
        part = Window(
            max(own.left, window.left) - window.left,
            max(own.top, window.top) - window.top,
            min(own.right, window.right) - window.left,
            min(own.bottom, window.bottom) - window.top,
        )
        if not part.empty:
            _cast_surface(optics, surface, part.cut(rays, FINE), part.cut(depth, FINE), part.cut(colour, FINE))
    rows, columns = depth.shape[0] // FINE, depth.shape[1] // FINE
    fine = colour.reshape(rows, FINE, columns, FINE, 3)
    window.cut(still.colour)[:] = (fine.sum(axis=(1, 3), dtype=np.uint16) + FINE * FINE // 2) // (FINE * FINE)
    window.cut(still.depth)[:] = depth.reshape(rows, FINE, columns, FINE).min(axis=(1, 3))


def _cast_surface(optics: Optics, surface: Surface, rays: Rays, depth: Depth, colour: Image) -> None:
    away = optics.centre - surface.origin
    facing = np.minimum(rays @ surface.normal.astype(np.float32), np.float32(-1e-6))  # its front, or not at all
    distance = np.float32(-(away @ surface.normal)) / facing
    rows, columns = np.nonzero((distance > _NEAR_M) & (distance < depth))
    if not rows.size:
        return
    near, chosen = distance[rows, columns], rays[rows, columns]
    across, along = (
        np.float32(away @ axis) + near * (chosen @ axis.astype(np.float32)) for axis in (surface.right, surface.down)
    )
    inside = surface.holds(across, along)
    rows, columns, near = rows[inside], columns[inside], near[inside]
    depth[rows, columns] = near
    slant = np.sqrt(np.maximum(-facing[rows, columns], 0.02))
    footprint = near / (optics.focal * FINE * slant)
    colour[rows, columns] = _sampled(surface, across[inside], along[inside], footprint)


def _sampled(surface: Surface, across: NDArray[Any], along: NDArray[Any], footprint_m: NDArray[Any]) -> Image:
    """Texels at these places, from the halving whose texels are about as large as what a ray stands for."""
    levels = np.clip(np.log2(np.maximum(footprint_m * surface.per_m, 1e-3)), 0, len(surface.levels) - 1)
    levels = levels.round().astype(np.int8)
    result = np.empty((len(across), 3), np.uint8)
    width, height = surface.size
    for level in np.unique(levels):
        image = surface.levels[int(level)]
        chosen = levels == level
        rows = np.minimum((along[chosen] * (image.shape[0] / height)).astype(np.intp), image.shape[0] - 1)
        columns = np.minimum((across[chosen] * (image.shape[1] / width)).astype(np.intp), image.shape[1] - 1)
        result[chosen] = image[rows, columns]
    return result
