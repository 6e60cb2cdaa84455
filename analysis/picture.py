"""Measures one decoded picture against a camera's reference: the numbers of a Sample, and nothing of what they mean.

Each picture is shrunk to 640 pixels across. How far it is displaced is first sought by phase correlation; only where
most edges are not found again so, points are matched (ORB) and a turn, a shift and a scale fitted to them (RANSAC).
Then every stable edge of the reference is looked for at its place. Gains up to a factor of two change none of these
numbers but brightness. Not here: opening files (``analysis.decoding``), references (``analysis.calibration``), what
follows from the numbers (``analysis.sight``).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.calibration import Calibration, bands
from analysis.edges import (
    Grey,
    NotAPicture,
    Picture,
    Plane,
    Points,
    Slopes,
    checked,
    large_enough,
    logarithm,
    same_direction,
    slopes_of,
    small_grey,
)
from analysis.stations import MEMORY, SIDE, Grid, station_sample
from analysis.tones import UNKNOWN, Shown, shown, unrest
from domain.pictures import Sample

SIGNATURE_CELLS = (16, 12)
"""Columns and rows of a Sample's signature: two bytes each, 1/256 level, row by row, the high byte first."""

CLIPPED_FROM = 250
"""Luma that counts as the upper end: limited range and coding seldom let white reach 255."""

_CHANGE_SIZE = (320, 180)  # pixels: on which the change since the sample before is measured
_SURVIVING = 0.6  # share of edges from which on a displacement is believed without matching points
_NEAR = 0.01  # of the width: farther displacements are measured with points
_LEAST_RESPONSE = 0.03  # of the phase correlation, below which there is no peak
_POINTS = 500
_SHARPNESS_POINTS = 4000  # of the stable edges, evenly, are enough for a mean
_RANSAC_PIXELS = 2.0
_BELIEVED = 20  # points that a displacement needs
_SCALE = (0.8, 1.25)  # beyond, it is no displacement of this camera
_NOTHING_KNOWN = bytes([UNKNOWN]) * (SIDE * SIDE)

Matrix = NDArray[np.float64]
"""2 x 3: from a small reference to a small picture."""

_IN_PLACE: Matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def measure(pictures: Iterable[tuple[datetime, Picture]], calibration: Calibration | None) -> Iterator[Sample]:
    """One sample for each picture, in order. ``pictures`` are those of one segment, about two seconds apart.

    Where there is no calibration, or a picture has not its size, nothing is compared and those fields are None.
    ``coded`` and ``rate`` are left empty: who decodes knows them. The first sample has no ``change`` and
    knows no unrest. Raises NotAPicture for an array that is none, with its instant; all before it are given first.
    """
    yardstick = None if calibration is None else Yardstick(calibration)
    before = _Before()
    for at, picture in pictures:
        try:
            checked(picture)
        except NotAPicture as error:
            raise NotAPicture(f"{at.isoformat()}: {error}") from error
        yield _measured(at, picture, yardstick, before)


class _Before:
    """What the next picture is compared with: the last one for ``change``, and one of some samples back for what
    moved since.
    """

    def __init__(self) -> None:
        self._plain: Grey | None = None
        self._kept: deque[Shown] = deque(maxlen=MEMORY)

    def change(self, plain: Grey) -> float | None:
        last, self._plain = self._plain, plain
        return None if last is None else float(cv2.norm(plain, last, cv2.NORM_L1)) / plain.size

    def unrest(self, now: Shown, stations: Sequence[Grid]) -> list[bytes]:
        """For each station, since the oldest picture that is remembered."""
        found = unrest(self._kept[0], now, stations) if self._kept else [_NOTHING_KNOWN] * len(stations)
        self._kept.append(now)
        return found


@lru_cache(maxsize=4)
def _hanning(shape: tuple[int, ...]) -> Plane:
    return np.asarray(cv2.createHanningWindow((shape[1], shape[0]), cv2.CV_32F), np.float32)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a picture lies over the reference. ``alive`` and ``within`` have a flag for each stable edge."""

    matrix: Matrix
    alive: NDArray[np.bool_]
    within: NDArray[np.bool_]
    inliers: int | None = None

    @property
    def survival(self) -> float:
        return float(self.alive.sum()) / max(1, int(self.within.sum()))


class Yardstick:
    """A calibration made ready for comparing: some milliseconds of work, done once for a segment."""

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self._x = np.ascontiguousarray(calibration.directions[:, 0])
        self._y = np.ascontiguousarray(calibration.directions[:, 1])
        self._detail = _detail(calibration.grey)
        self._orb = cv2.ORB.create(_POINTS)
        self._matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
        self._keys, self._descriptors = self._orb.detectAndCompute(calibration.grey, None)

    def fit(self, grey: Grey, slope: Slopes) -> _Fit:
        """Lay the picture over the reference as well as can be; ``slope`` is ``slopes`` of it."""
        found = (slope.x, slope.y)
        near = self._near(_detail(grey))
        best = self._laid(_IN_PLACE if near is None else near, found)
        if near is not None and best.survival < _SURVIVING:
            best = max(best, self._laid(_IN_PLACE, found), key=lambda fit: fit.survival)
        displaced = math.hypot(best.matrix[0, 2], best.matrix[1, 2]) > _NEAR * grey.shape[1]
        if best.survival >= _SURVIVING and not displaced:
            return best
        matrix, inliers = self._matched(grey)
        if matrix is None or inliers < _BELIEVED:
            return _Fit(best.matrix, best.alive, best.within, inliers)
        moved = self._laid(matrix, found)
        kept = moved if moved.survival >= best.survival or inliers >= 2 * _BELIEVED else best
        return _Fit(kept.matrix, kept.alive, kept.within, inliers)

    def _near(self, detail: Plane) -> Matrix | None:
        """A displacement without turn, by phase correlation."""
        (across, down), response = cv2.phaseCorrelate(self._detail, detail, _hanning(detail.shape))
        if response < _LEAST_RESPONSE:
            return None
        return np.array([[1.0, 0.0, 2 * across], [0.0, 1.0, 2 * down]])

    def _laid(self, matrix: Matrix, found: tuple[Plane, Plane]) -> _Fit:
        """Look for every stable edge where the matrix puts it."""
        height, width = found[0].shape
        points: Points = self.calibration.points
        x, y = self._x, self._y
        turn = matrix[:, :2]
        if np.array_equal(turn, _IN_PLACE[:, :2]):
            column = points[:, 0] + np.float32(round(matrix[0, 2]))
            row = points[:, 1] + np.float32(round(matrix[1, 2]))
        else:
            column, row = (points @ turn.T + matrix[:, 2]).round().astype(np.float32).T
            x, y = (self.calibration.directions @ (turn / math.sqrt(abs(np.linalg.det(turn)))).T).astype(np.float32).T
        within = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        at = (np.where(within, row, 0) * width + np.where(within, column, 0)).astype(np.intp)
        alive = same_direction(x, y, found[0].ravel()[at], found[1].ravel()[at]) & within
        return _Fit(matrix, alive, np.asarray(within, np.bool_))

    def _matched(self, grey: Grey) -> tuple[Matrix | None, int]:
        """Turn, shift and scale by points, and how many agree on them."""
        keys, descriptors = self._orb.detectAndCompute(grey, None)
        if descriptors is None or self._descriptors is None:
            return None, 0
        pairs = self._matcher.match(self._descriptors, descriptors)
        if len(pairs) < 4:
            return None, 0
        source = np.array([self._keys[pair.queryIdx].pt for pair in pairs], np.float32)
        target = np.array([keys[pair.trainIdx].pt for pair in pairs], np.float32)
        matrix, agreeing = cv2.estimateAffinePartial2D(
            source, target, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC_PIXELS
        )
        if matrix is None or not _SCALE[0] < math.sqrt(abs(float(np.linalg.det(matrix[:, :2])))) < _SCALE[1]:
            return None, 0
        return np.asarray(matrix, np.float64), int(agreeing.sum())


def _detail(grey: Grey) -> Plane:
    """Half as large, only its detail, by the logarithm: what phase correlation compares."""
    size = (grey.shape[1] // 2, grey.shape[0] // 2)
    half = logarithm(np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8))
    return np.asarray(half - cv2.GaussianBlur(half, (0, 0), 4.0), np.float32)


def _measured(at: datetime, picture: Picture, yardstick: Yardstick | None, before: _Before) -> Sample:
    height, width = picture.shape[:2]
    grey = small_grey(picture)
    plain = np.asarray(cv2.resize(grey, _CHANGE_SIZE, interpolation=cv2.INTER_AREA), np.uint8)
    mean, deviation = cv2.meanStdDev(grey)
    facts = Sample(
        at,
        width,
        height,
        brightness=float(mean[0, 0]),
        clipped=float(np.count_nonzero(grey >= CLIPPED_FROM)) / grey.size,
        contrast=float(deviation[0, 0]),
        change=before.change(plain),
        signature=_signature(plain),
    )
    if yardstick is None or not _comparable(yardstick.calibration, width, height, grey):
        return facts
    return _compared(facts, grey, yardstick, before)


def _comparable(calibration: Calibration, width: int, height: int, grey: Grey) -> bool:
    return (calibration.width, calibration.height) == (width, height) and large_enough(grey)


def _compared(facts: Sample, grey: Grey, yardstick: Yardstick, before: _Before) -> Sample:
    calibration = yardstick.calibration
    plane = logarithm(grey)
    slope = slopes_of(plane)
    fit = yardstick.fit(grey, slope)
    unrests = before.unrest(shown(grey, plane, slope, fit.matrix, calibration.grids), calibration.grids)
    across, down, turn = _displacement(fit.matrix, grey.shape)
    return Sample(
        facts.at,
        facts.width,
        facts.height,
        facts.brightness,
        facts.clipped,
        facts.contrast,
        facts.change,
        survival=fit.survival,
        sharpness=_sharpness(grey, fit, calibration),
        brightness_ratio=facts.brightness / max(1.0, calibration.brightness),
        shift=math.hypot(across, down) / grey.shape[1],
        rotation=turn,
        inliers=fit.inliers,
        stations=tuple(
            station_sample(station, fit.alive, fit.within, since)
            for station, since in zip(calibration.grids, unrests, strict=True)
        ),
        signature=facts.signature,
    )


def _displacement(matrix: Matrix, shape: tuple[int, ...]) -> tuple[float, float, float]:
    """How far the middle of the picture went, in pixels, and by how many degrees it turned."""
    centre = np.array([shape[1] / 2, shape[0] / 2])
    across, down = matrix[:, :2] @ centre + matrix[:, 2] - centre
    return float(across), float(down), abs(math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])))


def _sharpness(grey: Grey, fit: _Fit, calibration: Calibration) -> float:
    """On the reference's edges where they now are, alive or not: a picture out of focus has lost some."""
    fine, middle = bands(grey)
    step = max(1, len(calibration.points) // _SHARPNESS_POINTS)
    points = calibration.points[::step][fit.within[::step]]
    column, row = (points @ fit.matrix[:, :2].T + fit.matrix[:, 2]).round().astype(np.intp).T
    column = np.clip(column, 0, grey.shape[1] - 1)
    row = np.clip(row, 0, grey.shape[0] - 1)
    ratio = float(fine[row, column].mean()) / max(1e-6, float(middle[row, column].mean())) if len(points) else 0.0
    return ratio / max(1e-6, calibration.sharpness)


def _signature(plain: Grey) -> bytes:
    cells = np.asarray(
        cv2.resize(plain.astype(np.float32), SIGNATURE_CELLS, interpolation=cv2.INTER_AREA), np.float32
    )
    return (cells * 256).clip(0, 65535).astype(">u2").tobytes()
