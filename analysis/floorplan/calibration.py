"""How a camera looks, from points that somebody clicked in its picture and knows the place of on the plan.

Least squares over the free numbers of a mounting, by the method of Levenberg and Marquardt with a derivative by
differences: a handful of numbers and points, where speed is no matter. The search starts from the mounting as it was
drawn and from looking at the middle of the points, so that a rough drawing is enough. Not here: who clicks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from analysis.floorplan import optics
from analysis.floorplan.errors import NotConverged, PointsOnALine, TooFewPoints, Undetermined
from analysis.floorplan.optics import Floats
from domain.plan import Lens, Mounting

FREE = ("pan", "tilt", "roll", "width_of_view")
"""What is searched for by default: where a camera hangs can be measured with a tape, how it looks cannot."""

MAY_BE_FREE = (*FREE, "x", "y", "height_m", "k1", "k2")

FEWEST_POINTS = 4

AGREEING_SHARE = 0.01
"""Plan and picture agree while no point is further off than this share of the picture's width: 19 pixels of 1920,
which is 15 cm at 125 pixels per metre. A default of this project.
"""

_LOOK = {"pan", "tilt", "roll"}
_STRAIGHT_DOWN = 1e-9
_STEPS = 50  # a start near enough needs ten
_ON_A_LINE = 1e-3  # the second extent of points as a share of the first: a millimetre to a metre
_UNDETERMINED = 1e-7  # the least singular value of the derivative, with its columns scaled, as a share of the largest
_UNITS = {"x": 0.1, "y": 0.1, "height_m": 0.1, "k1": 0.01, "k2": 0.01}  # a fair step of each; of angles, a degree


@dataclass(frozen=True, slots=True)
class ClickedPoint:
    """A place of the room, in metres, and where it was clicked in the picture, in pixels."""

    place: tuple[float, float, float]
    pixel: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well a mounting tells where points were clicked; distances in pixels, ``worst`` counts from 0.

    A point that the lens cannot show is infinitely far off.
    """

    off_px: tuple[float, ...]
    limit_px: float

    @property
    def root_mean_square_px(self) -> float:
        return math.sqrt(sum(each * each for each in self.off_px) / len(self.off_px))

    @property
    def worst(self) -> int:
        return max(range(len(self.off_px)), key=self.off_px.__getitem__)

    @property
    def worst_px(self) -> float:
        return self.off_px[self.worst]

    @property
    def agrees(self) -> bool:
        return self.worst_px <= self.limit_px


@dataclass(frozen=True, slots=True)
class Calibration:
    """A mounting that fits, and how well. Fitting well is not being right: see ``Agreement.agrees`` for the limit."""

    mounting: Mounting
    free: tuple[str, ...]
    agreement: Agreement


def agreement(mounting: Mounting, points: Sequence[ClickedPoint], limit_share: float = AGREEING_SHARE) -> Agreement:
    """Whether plan and picture agree: how far each point was clicked from where the plan has it. Raises TooFewPoints
    without any.
    """
    if not points:
        raise TooFewPoints("no point was clicked; click one at least")
    places, pixels = _arrays(points)
    image = optics.image(mounting, places)
    off = np.where(image.imaged, np.hypot(*(image.pixels - pixels).T), math.inf)
    return Agreement(tuple(off.tolist()), limit_share * mounting.width)


def calibrate(
    drawn: Mounting,
    points: Sequence[ClickedPoint],
    free: Sequence[str] = FREE,
    limit_share: float = AGREEING_SHARE,
) -> Calibration:
    """The mounting, near the one that was drawn in all that is not free, that fits the clicked points best.

    Raises ValueError for a number that cannot be free, CalibrationRefused otherwise (see ``errors``).
    """
    unknown = [name for name in free if name not in MAY_BE_FREE]
    if unknown or not free:
        raise ValueError(f"cannot be free: {', '.join(unknown) or 'nothing'}; there is {', '.join(MAY_BE_FREE)}")
    if drawn.lens is Lens.FISHEYE and {"k1", "k2"} & set(free):
        raise ValueError("a fisheye has no k1 and k2")
    _refuse_points(drawn, points, free)
    search = _Search(tuple(free), *_arrays(points))
    found: list[Mounting] = []
    for start in _starts(drawn, points, free):
        end = search.best(start)
        if end is not None:
            found.append(end)
            if agreement(end, points, limit_share).agrees:  # the first that fits is nearest to what was drawn
                break
    if not found:
        raise NotConverged(
            f"camera {drawn.camera}: no way of looking fits these points; check that each was clicked for the place "
            "it is given for, and that the camera is drawn where it hangs"
        )
    best = min(found, key=search.cost)
    search.refuse_if_undetermined(best)
    return Calibration(_tidy(best), tuple(free), agreement(best, points, limit_share))


def _refuse_points(drawn: Mounting, points: Sequence[ClickedPoint], free: Sequence[str]) -> None:
    fewest = max(FEWEST_POINTS, math.ceil(len(free) / 2))
    if len(points) < fewest:
        raise TooFewPoints(f"camera {drawn.camera}: {len(points)} points are too few; click {fewest} at least")
    places, pixels = _arrays(points)
    if not (np.isfinite(places).all() and np.isfinite(pixels).all()):
        raise ValueError("a point is no number")
    for where, spread in (("on the plan", places), ("in the picture", pixels)):
        extents = np.linalg.svd(spread - spread.mean(axis=0), compute_uv=False)
        if extents[1] <= _ON_A_LINE * extents[0]:
            _refuse_line(drawn, where)


def _refuse_line(drawn: Mounting, where: str) -> NoReturn:
    raise PointsOnALine(
        f"camera {drawn.camera}: {where} all points lie on one line; add one well beside it, best at another height"
    )


def _arrays(points: Sequence[ClickedPoint]) -> tuple[Floats, Floats]:
    return np.array([each.place for each in points], float), np.array([each.pixel for each in points], float)


def _starts(drawn: Mounting, points: Sequence[ClickedPoint], free: Sequence[str]) -> Iterator[Mounting]:
    """Where the search begins: as drawn, then looking at the middle of the points, with several widths."""
    yield drawn
    places, _ = _arrays(points)
    dx, dy, dz = places.mean(axis=0) - np.array([drawn.x, drawn.y, drawn.height_m])
    looking: dict[str, Any] = {
        "pan": math.degrees(math.atan2(dy, dx)),
        "tilt": math.degrees(math.atan2(-dz, math.hypot(dx, dy))),
    }
    aimed_at = {name: value for name, value in looking.items() if name in free}
    aimed = replace(drawn, **aimed_at)
    widths = (60.0, 100.0, 180.0) if drawn.lens is Lens.FISHEYE else (40.0, 70.0, 100.0)
    rolls = (0.0, 90.0, 180.0, 270.0) if "roll" in free else (drawn.roll,)
    for width in (drawn.width_of_view, *(widths if "width_of_view" in free else ())):
        for roll in rolls:
            yield replace(aimed, width_of_view=width, roll=roll)


@dataclass(frozen=True, slots=True)
class _Search:
    """Mountings that differ in the free numbers, compared by how far off they put the points."""

    free: tuple[str, ...]
    places: Floats
    pixels: Floats

    def best(self, start: Mounting) -> Mounting | None:
        """The minimum downhill of a start; None where the start shows not all points or the steps do not end."""
        here, damping = start, 1e-3
        off = self._off(here)
        for _ in range(_STEPS):
            if off is None:
                return None
            slopes = self._slopes(here)
            if slopes is None:
                return None
            step, damping = self._step(slopes, off, here, damping)
            if step is None:  # no step of any length leads further down
                return here
            gain = float(off @ off)
            here, off = step, self._off(step)
            if off is not None and gain - float(off @ off) <= 1e-10 * max(gain, 1e-10):
                return here
        return None

    def _step(self, slopes: Floats, off: Floats, here: Mounting, damping: float) -> tuple[Mounting | None, float]:
        """The next mounting downhill and the damping after it; None when there is none."""
        square, downhill = slopes.T @ slopes, slopes.T @ off
        while damping < 1e12:  # beyond, a step has no length
            size = np.diag(square) + 1e-12
            change = np.asarray(np.linalg.solve(square + damping * np.diag(size), -downhill), dtype=np.float64)
            there = self._moved(here, change)
            off_there = self._off(there) if there is not None else None
            if off_there is not None and float(off_there @ off_there) < float(off @ off):
                return there, max(damping / 10, 1e-12)
            damping *= 10
        return None, damping

    def cost(self, mounting: Mounting) -> float:
        off = self._off(mounting)
        return math.inf if off is None else float(off @ off)

    def refuse_if_undetermined(self, mounting: Mounting) -> None:
        """Raises Undetermined where some mix of the free numbers could be changed without moving the points."""
        slopes = self._slopes(mounting)
        values = np.linalg.svd(slopes, compute_uv=False) if slopes is not None else np.zeros(1)
        if values[-1] <= _UNDETERMINED * values[0] or values[0] == 0:
            raise Undetermined(
                f"camera {mounting.camera}: these points fit many ways of looking; leave fewer of "
                f"{', '.join(self.free)} free, or add points at other distances and heights"
            )

    def _moved(self, mounting: Mounting, change: Floats) -> Mounting | None:
        """Changes count in fair steps; None where the mounting would be none.

        Where pan, tilt and roll are all free they are changed together, as turns about the axes of the camera: those
        of one that looks straight down would be one and the same turn.
        """
        steps = dict(zip(self.free, change.tolist(), strict=True))
        if steps.keys() >= _LOOK:
            mounting = _turned_by(mounting, np.array([steps.pop(name) for name in ("tilt", "pan", "roll")]))
        values: dict[str, Any] = {
            name: getattr(mounting, name) + step * _UNITS.get(name, 1.0) for name, step in steps.items()
        }
        there = replace(mounting, **values)
        widest = 360.0 if mounting.lens is Lens.FISHEYE else 180.0
        return there if 0 < there.width_of_view < widest and there.height_m > 0 else None

    def _off(self, mounting: Mounting) -> Floats | None:
        """How far off the points are, shape (2 n,); None where the lens cannot show them all. The image circle of a
        fisheye is no bound on the way: it grows with the field of view that is searched for.
        """
        image = optics.image(mounting, self.places)
        can = mounting.lens is Lens.FISHEYE or image.imaged.all()
        return np.asarray((image.pixels - self.pixels).ravel()) if can else None

    def _slopes(self, mounting: Mounting) -> Floats | None:
        """The derivative, shape (2 n, free), per fair step of each number; None at the edge of what can be."""
        columns: list[Floats] = []
        for index in range(len(self.free)):
            change = np.zeros(len(self.free))
            change[index] = 1e-4
            ends = (self._moved(mounting, change), self._moved(mounting, -change))
            off = [self._off(end) if end is not None else None for end in ends]
            if off[0] is None or off[1] is None:
                return None
            columns.append((off[0] - off[1]) / 2e-4)
        return np.column_stack(columns)


def _turned_by(mounting: Mounting, degrees: Floats) -> Mounting:
    """The camera turned about its own axes right, down and ahead."""
    right, down, ahead = optics.axes(mounting)
    vector = np.radians(degrees) @ np.array([right, down, ahead])
    angle = float(np.linalg.norm(vector))
    if angle == 0:
        return mounting
    axis = vector / angle
    right, ahead = (
        each * math.cos(angle) + np.cross(axis, each) * math.sin(angle) + axis * (axis @ each) * (1 - math.cos(angle))
        for each in (right, ahead)
    )
    return replace(mounting, **_look(right, ahead))


def _look(right: Floats, ahead: Floats) -> dict[str, Any]:
    """Pan, tilt and roll of two axes of a camera; of one that looks straight down or up the roll is 0."""
    level = math.hypot(ahead[0], ahead[1])
    tilt = math.degrees(math.atan2(-ahead[2], level))
    if level < _STRAIGHT_DOWN:
        return {"pan": math.degrees(math.atan2(right[0], -right[1])), "tilt": tilt, "roll": 0.0}
    pan = math.atan2(ahead[1], ahead[0])
    flat = np.array([math.sin(pan), -math.cos(pan), 0.0])
    roll = math.atan2(float(right @ np.cross(ahead, flat)), float(right @ flat))
    return {"pan": math.degrees(pan), "tilt": tilt, "roll": math.degrees(roll)}


def _tidy(mounting: Mounting) -> Mounting:
    """With angles as people write them: pan and roll from -180 to 180."""
    return replace(mounting, pan=_turned(mounting.pan), roll=_turned(mounting.roll))


def _turned(degrees: float) -> float:
    return (degrees + 180) % 360 - 180
