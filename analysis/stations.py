"""Stations in a picture, block by block: which blocks lost the edges that do not move, and in which something moved.

A station is divided into 5 x 5 blocks. A block with enough stable edges of the reference is comparable; it is dead
where most of these edges are gone. Whether a candidate hides them or an obstruction does is not told here: a single
picture cannot tell (``analysis.sight`` decides over time, from what moves). No model of people is used anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.edges import Points
from domain.pictures import Region, StationSample

SIDE = 5
"""Blocks along each side of a station."""

LEAST_TEXTURED = 5
"""Blocks with edges that a station needs to be told at all."""

MEMORY = 5
"""How many samples back a picture is compared for movement: in ten seconds even who stands still has moved."""

_LEAST_EDGES = 12  # pixels of stable edges that make a block comparable
_ALIVE = 0.45  # share of a block's edges that must be there: normal pictures keep .8, half covered ones .5


@dataclass(frozen=True, slots=True)
class Grid:
    """The blocks of one station on a small reference picture. ``edges`` are the numbers of the stable edges inside
    it and ``block`` the block of each; ``box`` is left, top, right, bottom in shares of the picture.
    """

    station: str
    box: tuple[float, float, float, float]
    edges: NDArray[np.intp]
    block: NDArray[np.intp]
    counts: NDArray[np.intp]
    comparable: int

    @property
    def textured(self) -> int:
        return self.comparable.bit_count()

    def pixels(self, width: int, height: int) -> tuple[slice, slice]:
        """The rows and columns of its box in a small picture of that size, one of each at least."""
        left, top, right, bottom = self.box
        columns = slice(int(left * width), max(int(left * width) + 1, math.ceil(right * width)))
        rows = slice(int(top * height), max(int(top * height) + 1, math.ceil(bottom * height)))
        return rows, columns


def grid(region: Region, points: Points, width: int, height: int) -> Grid:
    """Lay the blocks of a station over the stable edges (``points``) of a reference of this size."""
    corners = np.array(region.corners, np.float64)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    inside = np.zeros((height, width), np.uint8)
    # To 1/16 of a pixel, so that narrow regions are not lost to rounding.
    outline = np.round((corners * (width, height) - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(inside, [outline], (1,), shift=4)
    at = points.astype(np.intp)
    edges = np.flatnonzero(inside[at[:, 1], at[:, 0]])
    across = (points[edges, 0] + 0.5) / width
    down = (points[edges, 1] + 0.5) / height
    column = np.clip((across - left) / (right - left) * SIDE, 0, SIDE - 1).astype(np.intp)
    row = np.clip((down - top) / (bottom - top) * SIDE, 0, SIDE - 1).astype(np.intp)
    block = row * SIDE + column
    counts = np.bincount(block, minlength=SIDE * SIDE)
    return Grid(region.station, (left, top, right, bottom), edges, block, counts, bits(counts >= _LEAST_EDGES))


def bits(flags: NDArray[np.bool_]) -> int:
    """One number of flags, the first in the lowest bit."""
    return int.from_bytes(np.packbits(flags.ravel(), bitorder="little").tobytes(), "little")


def station_sample(
    station: Grid, alive: NDArray[np.bool_], within: NDArray[np.bool_], unrest: bytes = b""
) -> StationSample:
    """What can be said of a station. ``alive`` and ``within`` have a flag for each stable edge of the reference:
    whether it is there, and whether the place where it should be lies inside the picture. ``unrest`` is as in
    ``StationSample``.
    """
    here = station.edges
    present = np.bincount(station.block, within[here], SIDE * SIDE)
    living = np.bincount(station.block, alive[here] & within[here], SIDE * SIDE)
    comparable = bits((present >= _LEAST_EDGES) & (2 * present >= station.counts))
    lost = bits(living < _ALIVE * present) & comparable
    return StationSample(station.station, comparable.bit_count(), lost.bit_count(), comparable, lost, unrest)


def grids(regions: Sequence[Region], points: Points, width: int, height: int) -> tuple[Grid, ...]:
    """``grid`` for each region."""
    return tuple(grid(region, points, width, height) for region in regions)
