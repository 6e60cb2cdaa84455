"""What the cameras of a plan see of its room: the whole floor at several heights, each place that must be seen, and
the parts that no camera may show.

The floor is divided into squares; each is seen or not by the line of sight to its middle, so that areas seen and
blind always add up to the floor. A place counts as seen where one single camera shows enough of it at the density
that it needs: two cameras that each show a half are two halves. Pure arithmetic on a plan; whether the pictures bear
it out is measured elsewhere. The order of the cameras changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from analysis.floorplan import flaws, optics
from analysis.floorplan.optics import Bools, Floats
from analysis.floorplan.scene import Scene, scene_of
from config.rule_pack import Density, Level
from domain.plan import Mounting, Outline, RoomPlan, Target, Volume

HEIGHTS_M = (0.75, 1.2, 1.7)
"""What must be seen everywhere: the top of a desk, the head of somebody seated, and of somebody standing."""

STEP_M = 0.1
"""The side of a square of the floor."""

_THINNEST = 3  # points of a place each way, however small it is
_FINEST_M = 0.15  # ... and between two of them at most


class Shortfall(StrEnum):
    """Why a place is not seen as it must be."""

    NO_CAMERA = "no_camera"  # no camera shows any of it
    HIDDEN = "hidden"  # none shows enough of it
    TOO_SMALL = "too_small"  # shown, with too few pixels per metre


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """死角: a connected part of the floor that no camera sees at a height. ``place`` is a point well inside it."""

    shape: Polygon  # metres, corners simplified within the side of a square
    area_m2: float  # of its squares
    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class FloorView:
    """The floor at one height. ``seen_m2`` and ``blind_m2`` add up to ``floor_m2``."""

    height_m: float
    floor_m2: float
    seen_m2: float  # by one camera or more
    seen_twice_m2: float  # by two or more
    enough_m2: float  # by one or more at the level that the whole room needs
    median_px_per_m: float | None  # over the area seen, by the best camera of each square
    blind: tuple[BlindSpot, ...]  # the largest first

    @property
    def blind_m2(self) -> float:
        return self.floor_m2 - self.seen_m2

    @property
    def enough_share(self) -> float:
        return self.enough_m2 / self.floor_m2 if self.floor_m2 > 0 else 1.0


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place in one camera's picture: the share of its points that are shown, and the least density of those."""

    camera: str
    share: float
    px_per_m: float | None  # at the far edge of what is shown; None where nothing is
    level: Level | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place that must be seen, with its view in every camera and what falls short. ``best`` is the view that
    counts: of those that show enough the one of most density, otherwise the one that shows most.
    """

    volume: Volume
    needs: Level
    views: tuple[PlaceView, ...]
    best: PlaceView | None
    together: float  # the share of its points that any camera shows
    shortfall: Shortfall | None


@dataclass(frozen=True, slots=True)
class Trespass:
    """A camera that shows a part of the room where filming is forbidden 禁摄区; ``area`` counts as in the plan."""

    area: int
    camera: str
    share: float  # of the area's points


@dataclass(frozen=True, slots=True)
class Survey:
    """All that the geometry of a plan says. ``floors`` are by height, ``places`` in the order of the plan."""

    plan: RoomPlan
    density: Density
    step_m: float
    floors: tuple[FloorView, ...]
    places: tuple[Place, ...]
    trespasses: tuple[Trespass, ...]

    @property
    def short(self) -> tuple[Place, ...]:
        """Places that fall short of what they need."""
        return tuple(place for place in self.places if place.shortfall is not None)

    @property
    def floor_share(self) -> float:
        """The least share of the floor, over the heights, that is seen at the level the whole room needs; none of a
        floor that was looked at at no height.
        """
        return min((floor.enough_share for floor in self.floors), default=0.0)

    @property
    def covers(self) -> bool:
        """Whether all that must be seen is, and nothing that must not."""
        return not self.short and not self.trespasses and self.floor_share >= self.density.floor_share


def survey(
    plan: RoomPlan, density: Density, *, step_m: float = STEP_M, heights_m: Sequence[float] = HEIGHTS_M
) -> Survey:
    """What the cameras see of a room. Heights above the ceiling are left out. Raises PlanRefused."""
    flaws.refuse(plan)
    scene = scene_of(plan)
    eyes = tuple(scene.eye(mounting) for mounting in plan.mountings)
    below = [height for height in heights_m if height < plan.height_m]
    need = density.needs[Target.ROOM].px_per_m
    return Survey(
        plan,
        density,
        step_m,
        tuple(_floor(scene, eyes, height, step_m, need) for height in below),
        tuple(_place(scene, eyes, volume, density) for volume in plan.volumes),
        tuple(_trespasses(scene, eyes, plan.no_filming, below, step_m)),
    )


def footprints(plan: RoomPlan, height_m: float, step_m: float = STEP_M) -> dict[str, BaseGeometry]:
    """The part of the floor that each camera sees at a height, by camera. Raises PlanRefused."""
    flaws.refuse(plan)
    scene = scene_of(plan)
    floor = scene.floor(height_m)
    if floor.is_empty:
        return {mounting.camera: floor for mounting in plan.mountings}
    squares = _squares(floor, step_m)
    points = squares.at(height_m)
    eyes = (scene.eye(mounting) for mounting in plan.mountings)
    return {eye.camera: squares.merged(seen(scene, eye, points)[0]) for eye in eyes}


def seen(scene: Scene, eye: Mounting, points: Floats) -> tuple[Bools, Floats]:
    """Which points a camera shows, and the density there (0 where it shows nothing)."""
    image = optics.image(eye, points)
    shown = image.inside.copy()
    ahead = np.flatnonzero(shown)
    shown[ahead] = ~scene.hidden(np.array([eye.x, eye.y, eye.height_m]), points[ahead])
    return shown, np.where(shown, image.density, 0.0)


# --- The floor ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Squares:
    """The floor in squares: the middle of each, shape (n, 2), its area, and its row and column. Squares that the
    outline cuts have their own shape, by index.
    """

    middles: Floats
    areas: Floats
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    cut: Mapping[int, BaseGeometry]
    origin: tuple[float, float]
    step_m: float

    def at(self, *heights_m: float) -> Floats:
        """The middles at these heights, shape (n * heights, 3)."""
        many = len(self.middles)
        return np.column_stack([np.tile(self.middles, (len(heights_m), 1)), np.repeat(heights_m, many)])

    def corner(self, column: int, row: int) -> tuple[float, float]:
        """The lower left corner of a square; neighbours have theirs to the last bit, or they would not unite."""
        return self.origin[0] + column * self.step_m, self.origin[1] + row * self.step_m

    def merged(self, chosen: Bools) -> BaseGeometry:
        """The chosen squares as one geometry: rows of whole ones first, as few shapes unite faster."""
        pieces = [shape for index, shape in self.cut.items() if chosen[index]]
        whole = chosen.copy()
        whole[list(self.cut)] = False
        order = np.lexsort((self.columns[whole], self.rows[whole]))
        rows, columns = self.rows[whole][order], self.columns[whole][order]
        broken = np.flatnonzero((np.diff(rows) != 0) | (np.diff(columns) != 1)) + 1
        starts = [0, *broken.tolist()] if len(rows) else []
        ends = [each - 1 for each in (*starts[1:], len(rows))] if starts else []
        for start, end in zip(starts, ends, strict=True):
            low, high = (
                self.corner(int(columns[start]), int(rows[start])),
                self.corner(int(columns[end]) + 1, int(rows[end]) + 1),
            )
            pieces.append(shapely.box(*low, *high))
        return shapely.union_all(pieces)


def _squares(floor: BaseGeometry, step_m: float) -> _Squares:
    """The floor in squares whose grid lies midway over it, so that a mirrored floor has the mirrored grid."""
    left, low, right, high = floor.bounds
    many_x, many_y = (max(1, math.ceil(round(length / step_m, 9))) for length in (right - left, high - low))
    origin = ((left + right - many_x * step_m) / 2, (low + high - many_y * step_m) / 2)
    rows, columns = (each.ravel() for each in np.mgrid[0:many_y, 0:many_x])
    x, next_x = (origin[0] + each * step_m for each in (columns, columns + 1))
    y, next_y = (origin[1] + each * step_m for each in (rows, rows + 1))
    boxes = shapely.box(x, y, next_x, next_y)
    shapely.prepare(floor)
    whole, any_of = shapely.contains(floor, boxes), shapely.intersects(floor, boxes)
    on_edge = np.flatnonzero(any_of & ~whole)
    shapes = shapely.intersection(boxes[on_edge], floor)
    areas = np.where(whole, step_m * step_m, 0.0)
    areas[on_edge] = shapely.area(shapes)
    middles = np.stack([x, y], axis=1) + step_m / 2
    middles[on_edge] = _middles(shapes)
    kept = np.flatnonzero(areas > 0)
    places = {square: index for index, square in enumerate(kept.tolist())}
    cut = {places[square]: shape for square, shape in zip(on_edge.tolist(), shapes, strict=True) if areas[square] > 0}
    return _Squares(middles[kept], areas[kept], rows[kept], columns[kept], cut, origin, step_m)


def _middles(shapes: NDArray[np.object_]) -> Floats:
    """The centre of gravity of each shape; of one that it does not lie in, some point of it. None may be empty."""
    centres = shapely.centroid(shapes)
    beside = ~shapely.contains(shapes, centres)
    centres[beside] = shapely.point_on_surface(shapes[beside])
    return np.asarray(shapely.get_coordinates(centres), dtype=np.float64)


def _floor(scene: Scene, eyes: Sequence[Mounting], height_m: float, step_m: float, need: float) -> FloorView:
    floor = scene.floor(height_m)
    if floor.is_empty:
        return FloorView(height_m, 0.0, 0.0, 0.0, 0.0, None, ())
    squares = _squares(floor, step_m)
    points = squares.at(height_m)
    times, best = np.zeros(len(points), dtype=np.intp), np.zeros(len(points))
    for eye in eyes:
        shown, density = seen(scene, eye, points)
        times += shown
        best = np.maximum(best, density)
    areas, whole = squares.areas, float(squares.areas.sum())
    return FloorView(
        height_m,
        whole,
        whole - float(areas[times == 0].sum()),
        float(areas[times >= 2].sum()),
        float(areas[(times > 0) & (best >= need)].sum()),
        float(np.median(best[times > 0])) if times.any() else None,
        tuple(_spots(squares, times == 0)),
    )


def _spots(squares: _Squares, blind: Bools) -> Iterator[BlindSpot]:
    shapes = [part for part in shapely.get_parts(squares.merged(blind)) if isinstance(part, Polygon)]
    for shape in sorted(shapes, key=lambda each: (-each.area, each.bounds)):
        drawn = shape.simplify(squares.step_m)
        place = shape.representative_point() if not shape.contains(shape.centroid) else shape.centroid
        yield BlindSpot(drawn if isinstance(drawn, Polygon) else shape, shape.area, (place.x, place.y))


# --- Places ---------------------------------------------------------------------------------------------------------


def filling(volume: Volume, step_m: float = _FINEST_M) -> Floats:
    """Points that fill a volume, shape (n, 3), its whole outline included, at least three each way."""
    shape = Polygon(volume.outline)
    left, low, right, high = shape.bounds
    x, y = (each.ravel() for each in np.meshgrid(_spread(left, right, step_m), _spread(low, high, step_m)))
    inside = shapely.contains_xy(shape, x, y)
    length = shape.exterior.length
    around = shapely.line_interpolate_point(shape.exterior, _spread(0, length, step_m)[:-1])
    corners = np.array(volume.outline, dtype=np.float64)
    flat = np.vstack([np.column_stack([x, y])[inside], shapely.get_coordinates(around), corners])
    heights = _spread(volume.from_m, volume.to_m, step_m)
    return np.column_stack([np.tile(flat, (len(heights), 1)), np.repeat(heights, len(flat))])


def _spread(begin: float, end: float, step_m: float) -> Floats:
    return np.linspace(begin, end, max(_THINNEST, math.ceil(round((end - begin) / step_m, 9)) + 1))


def _place(scene: Scene, eyes: Sequence[Mounting], volume: Volume, density: Density) -> Place:
    points = filling(volume)
    points = points[~scene.solid(points)]
    anywhere = np.zeros(len(points), dtype=np.bool_)
    views: list[PlaceView] = []
    for eye in eyes:
        shown, dense = seen(scene, eye, points)
        anywhere |= shown
        least = float(dense[shown].min()) if shown.any() else None
        level = density.level(least) if least is not None else None
        views.append(PlaceView(eye.camera, _share(shown), least, level))
    needs = density.needs[volume.target]
    best = _best(views, density.seen_share)
    return Place(volume, needs, tuple(views), best, _share(anywhere), _shortfall(best, needs, density))


def _share(chosen: Bools) -> float:
    """None of no points: a place that several obstacles fill together is not seen."""
    return float(chosen.mean()) if len(chosen) else 0.0


def _best(views: Sequence[PlaceView], enough: float) -> PlaceView | None:
    """By what they show, not by their order."""
    shown = [view for view in views if view.px_per_m is not None]
    return max(
        shown,
        key=lambda view: (
            (1, view.px_per_m or 0.0, view.share) if view.share >= enough else (0, view.share, view.px_per_m or 0.0)
        ),
        default=None,
    )


def _shortfall(best: PlaceView | None, needs: Level, density: Density) -> Shortfall | None:
    if best is None or best.px_per_m is None:
        return Shortfall.NO_CAMERA
    if best.share < density.seen_share:
        return Shortfall.HIDDEN
    return Shortfall.TOO_SMALL if best.px_per_m < needs.px_per_m else None


def _trespasses(
    scene: Scene, eyes: Sequence[Mounting], areas: Sequence[Outline], heights_m: Sequence[float], step_m: float
) -> Iterator[Trespass]:
    """Of each forbidden area at every height at which the floor is looked at."""
    for index, outline in enumerate(areas):
        squares = _squares(Polygon(outline), step_m)
        points = squares.at(*heights_m)
        points = points[~scene.solid(points)]
        for eye in eyes:
            shown, _ = seen(scene, eye, points)
            if shown.any():
                yield Trespass(index, eye.camera, _share(shown))
