"""Stations in a picture, block by block: which blocks lost the edges that do not move, and in which something moved.

A station is divided into 5 x 5 blocks. A block with enough stable edges of the reference is comparable; it is dead
where most of these edges are gone. Whether a candidate hides them or an obstruction does is not told here: a single
picture cannot tell (``analysis.sight`` decides over time, from what moves). No model of people is used anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.edges import Grey, Plane, Points
from domain.pictures import Region, StationSample

SIDE = 5
"""Blocks along each side of a station."""

LEAST_TEXTURED = 5
"""Blocks with edges that a station needs to be told at all."""

MEMORY = 5
"""How many samples back a picture is compared for movement: in ten seconds even who stands still has moved."""

SLIP = 0.25
"""Pixels by which two pictures laid over each other may still be displaced."""

_LEAST_EDGES = 12  # pixels of stable edges that make a block comparable
_ALIVE = 0.45  # share of a block's edges that must be there: normal pictures keep .8, half covered ones .5
_STIRRED = 0.04  # share of a block that must have changed
_SATURATED = 245  # levels: beyond, a gain is no longer one
_AGREEING = 0.5  # share of the cells whose gain is most alike
_SMOOTHING = 0.8  # pixels, before pictures are compared for movement
_CHANGED = 6.0  # levels that count as a change, beyond what edges do that are displaced a little
_NOISES = 6.0  # ... or this many times what half of the pixels changed by
_STEEP = 6.0  # levels a pixel: edges that tell how well two pictures lie over each other
_SLIPS = 3.0  # times the displacement that half of them show is allowed
_WIDEST_SLIP = 1.5  # pixels
_EVERY = 4  # rows and columns apart, pixels are enough to tell noise
_SQUARE = np.ones((3, 3), np.uint8)


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
    station: Grid, alive: NDArray[np.bool_], within: NDArray[np.bool_], stir: Grey | None
) -> StationSample:
    """What can be said of a station. ``alive`` and ``within`` have a flag for each stable edge of the reference:
    whether it is there, and whether the place where it should be lies inside the picture. ``stir`` is ``stirring``'s.
    """
    here = station.edges
    present = np.bincount(station.block, within[here], SIDE * SIDE)
    living = np.bincount(station.block, alive[here] & within[here], SIDE * SIDE)
    comparable = bits((present >= _LEAST_EDGES) & (2 * present >= station.counts))
    lost = bits(living < _ALIVE * present) & comparable
    stirred = 0 if stir is None else _stirred(station, stir)
    return StationSample(station.station, comparable.bit_count(), lost.bit_count(), comparable, lost, stirred)


@dataclass(frozen=True, slots=True)
class Moment:
    """A small picture made ready for finding what moves: its luma, smoothed, and how steep it is about each pixel."""

    plane: Plane
    steep: Plane  # levels a pixel, the steepest of a pixel and its neighbours


def moment(grey: Grey) -> Moment:
    """Raises nothing; of any small picture."""
    plane = np.asarray(cv2.GaussianBlur(grey, (0, 0), _SMOOTHING), np.float32)
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return Moment(plane, np.asarray(cv2.dilate(cv2.magnitude(across, down), _SQUARE), np.float32))


def stirring(before: Moment, now: Moment, slip: float = SLIP) -> Grey:
    """255 where a pixel changed by more than noise, and than an edge does that is displaced by ``slip`` pixels.

    Both of one size and in one place, as far as could be. The gain between them is what most cells agree on, so that
    neither a lamp nor a person before half of the picture counts as one; noise is what half of the pixels changed by.
    Where either is saturated nothing is said.
    """
    gain = _gain(before.plane, now.plane)
    change = np.asarray(cv2.absdiff(now.plane * gain, before.plane), np.float32)
    noise = float(np.median(change[::_EVERY, ::_EVERY]))
    steep = np.asarray(np.maximum(now.steep * gain, before.steep), np.float32)
    allowed = max(slip, _slipped(change, steep))
    changed = (change > allowed * steep + max(_CHANGED, _NOISES * noise)).astype(np.uint8) * 255
    changed[cv2.dilate(cv2.max(before.plane, now.plane), _SQUARE) >= _SATURATED] = 0
    return np.asarray(changed, np.uint8)


def _slipped(change: Plane, steep: Plane) -> float:
    """By how many pixels the edges of most of the picture seem displaced, with what noise adds to it."""
    change, steep = change[::_EVERY, ::_EVERY], steep[::_EVERY, ::_EVERY]
    edges = steep > _STEEP
    return min(_WIDEST_SLIP, _SLIPS * float(np.median(change[edges] / steep[edges]))) if edges.any() else 0.0


def _gain(before: Plane, now: Plane) -> float:
    cells = (16, 9)
    earlier = np.asarray(cv2.resize(before, cells, interpolation=cv2.INTER_AREA), np.float32) + 1
    later = np.asarray(cv2.resize(now, cells, interpolation=cv2.INTER_AREA), np.float32) + 1
    ratios = np.sort((earlier / later).ravel())
    agreeing = int(_AGREEING * ratios.size)
    closest = int(np.argmin(ratios[agreeing:] / ratios[:-agreeing]))
    return float(ratios[closest : closest + agreeing].mean())


def _stirred(station: Grid, stir: Grey) -> int:
    height, width = stir.shape
    left, top, right, bottom = station.box
    columns = slice(int(left * width), max(int(left * width) + 1, int(np.ceil(right * width))))
    rows = slice(int(top * height), max(int(top * height) + 1, int(np.ceil(bottom * height))))
    part = stir[rows, columns].astype(np.float32)
    shares = np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
    return bits(shares > 255 * _STIRRED)


def grids(regions: Sequence[Region], points: Points, width: int, height: int) -> tuple[Grid, ...]:
    """``grid`` for each region."""
    return tuple(grid(region, points, width, height) for region in regions)
