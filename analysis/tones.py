"""Unrest: by how much each block of a station changed between two pictures, so exactly that whoever breathes shows.

The tone of a place is the logarithm of its luma and 64 levels more, of many pixels together: noise and coding leave
it within a few thousandths, and whoever sits and works changes it by more. For that two pictures of one scene are
laid over each other to a fraction of a pixel, by the edges that both show, and the gain between them is undone. What
becomes lighter or darker as a whole is light and no movement. What a cover hides stays the same, but for those who
pass before it. Not here: what follows from it (``analysis.sight``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.edges import DARK, Grey, Plane, Slopes
from analysis.stations import SIDE, Grid

UNKNOWN = 255
"""The unrest of a block of which nothing was known before, or now."""

STEP = 1 / 5000
"""What one step of unrest is, as a difference of tones."""

_PARTS = 2 * SIDE  # along each side of a station
_LEVELS = 64.0  # added before the logarithm: noise then weighs nearly the same in dark and light places
_SMOOTHING = 1.2  # pixels
_EDGES = 4000  # evenly over those there are: enough for a displacement
_LEAST_EDGES = 200
_SLOPE = 0.05  # of the logarithm, a pixel
_OUTLYING = 2.5  # times the median, from which on an edge does not count: somebody moved there
_ROUNDS = 3
_TINY = 1e-9 * np.eye(3)  # edges of one direction leave the other displacement open: none then
_STEPS = 3  # the first is right to a tenth of a pixel where there is more than one to go
_SATURATED = 245  # levels: beyond, a gain is no longer one
_BRIGHT = math.log(DARK + _SATURATED)
_CLIPPED = 0.02  # share of a part

Matrix = NDArray[np.float64]
Tones = NDArray[np.float32]
"""Stations x 10 x 10."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A small picture made ready for comparing: its luma, the logarithm of it, some of its edges (places as column
    and row, and the slopes there), where it lies over the reference, and its tones.
    """

    grey: Grey
    plane: Plane
    places: NDArray[np.intp]
    slopes: NDArray[np.float32]
    matrix: Matrix
    tones: Tones


def shown(grey: Grey, plane: Plane, slope: Slopes, matrix: Matrix, stations: Sequence[Grid]) -> Shown:
    """Of a small picture, its logarithm and the slopes of that. ``matrix`` leads from the reference to the picture,
    to about a pixel.
    """
    across, down = slope.x, slope.y
    steep = np.flatnonzero((cv2.magnitude(across, down) > _SLOPE) & (plane < _BRIGHT))
    steep = steep[:: max(1, len(steep) // _EDGES)]
    row, column = np.divmod(steep, grey.shape[1])
    slopes = np.stack([across.ravel()[steep], down.ravel()[steep]], axis=1).astype(np.float32)
    return Shown(grey, plane, np.stack([column, row], axis=1), slopes, matrix, _tones(grey, matrix, 0.0, stations))


def unrest(before: Shown, now: Shown, stations: Sequence[Grid]) -> list[bytes]:
    """For each station how much each block's tone changed, in steps of ``STEP``, 254 at most."""
    across, down, gain = _between(before, now)
    matrix = before.matrix.copy()
    matrix[:, 2] += (across, down)
    quarters = (_tones(now.grey, matrix, gain, stations) - before.tones).reshape(len(stations), SIDE, 2, SIDE, 2)
    changed = np.abs(quarters - quarters.mean(axis=(2, 4), keepdims=True)).mean(axis=(2, 4))
    steps = np.minimum(UNKNOWN - 1, np.round(np.nan_to_num(changed) / STEP))
    steps = np.where(np.isnan(changed), UNKNOWN, steps).astype(np.uint8)
    return [station.tobytes() for station in steps]


def _between(before: Shown, now: Shown) -> tuple[float, float, float]:
    """By how many pixels the scene went from one picture to the other, and the logarithm of the gain.

    A displacement by d changes the logarithm at an edge by its slope times d (Lucas and Kanade, 1981), a gain changes
    it everywhere alike: both are fitted to all edges at once, without those that moved by themselves.
    """
    flat = math.log((1.0 + float(now.grey.mean())) / (1.0 + float(before.grey.mean())))
    found = np.array([0.0, 0.0, flat])
    for _ in range(_STEPS):
        better = _closer(before, now, found[:2])
        if better is None:
            return 0.0, 0.0, flat
        found = better
    return float(found[0]), float(found[1]), float(found[2])


def _closer(before: Shown, now: Shown, displaced: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """One step: what is shown at whole pixels, less what their distance from the right place accounts for."""
    height, width = now.grey.shape
    by = np.round(displaced).astype(np.intp)
    places = before.places + by
    usable = np.asarray(((places >= 0) & (places < (width, height))).all(axis=1), np.bool_)
    places = np.where(usable[:, None], places, 0)
    there = now.plane[places[:, 1], places[:, 0]]
    usable &= there < _BRIGHT
    if np.count_nonzero(usable) < _LEAST_EDGES:
        return None
    then = before.plane[before.places[:, 1], before.places[:, 0]]
    change = (there - then)[usable]
    by_gain = 1 - DARK * np.exp(-then)  # what was added before the logarithm does not grow with the gain
    terms = np.column_stack([-before.slopes, by_gain]).astype(np.float64)[usable]
    kept, found = np.ones(len(terms), np.bool_), np.zeros(3)
    for _ in range(_ROUNDS):
        here = terms[kept]
        found = np.linalg.solve(here.T @ here + _TINY, here.T @ change[kept])
        left = np.abs(change - terms @ found)
        kept = left <= _OUTLYING * np.median(left)
    return np.array([by[0] + found[0], by[1] + found[1], found[2]])


def _tones(grey: Grey, matrix: Matrix, gain: float, stations: Sequence[Grid]) -> Tones:
    """Of a small picture, in the reference's place; NaN where it is saturated, for there no gain can be undone."""
    plane = np.log(_LEVELS + np.arange(256) / math.exp(gain)).astype(np.float32)
    found = _parts(np.asarray(cv2.LUT(grey, plane), np.float32), matrix, stations)
    saturated = (grey >= _SATURATED).astype(np.float32)
    if saturated.any():
        found[_parts(saturated, matrix, stations) > _CLIPPED] = np.nan
    return found


def _parts(plane: Plane, matrix: Matrix, stations: Sequence[Grid]) -> Tones:
    """The mean of each quarter of a block."""
    smooth = cv2.GaussianBlur(plane, (0, 0), _SMOOTHING)
    height, width = plane.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    placed = cv2.warpAffine(smooth, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    found = np.zeros((len(stations), _PARTS, _PARTS), np.float32)
    for number, station in enumerate(stations):
        rows, columns = station.pixels(width, height)
        found[number] = cv2.resize(placed[rows, columns], (_PARTS, _PARTS), interpolation=cv2.INTER_AREA)
    return found
