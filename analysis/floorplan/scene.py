"""What stands in a room, as geometry: where points of space are hidden from an eye, and what the floor is.

Obstacles are upright prisms from the floor to their height; the outline of the room is a wall up to the ceiling.
Lines of sight that graze a corner count as blocked. Not here: what a camera's picture shows (``optics``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from analysis.floorplan.optics import Bools, Floats
from domain.plan import Mounting, Outline, RoomPlan

ON_THE_WALL_M = 0.05
"""A camera this little outside the room, or inside an obstacle, hangs on its face: plans are drawn by hand."""

_TOUCH_M = 1e-6  # what a line of sight meets so near to one of its ends is where it begins or ends


@dataclass(frozen=True, slots=True)
class _Prism:
    """An obstacle: its outline, the same as edges of shape (k, 2, 2), and its height."""

    shape: Polygon
    edges: Floats
    height_m: float

    def may_hide(self, eye: Floats, bearings: Floats) -> Bools:
        """Which bearings from the eye, in radians, lead towards it at all, seen from above; all where it lies around
        the eye or under it.
        """
        if self.shape.distance(shapely.Point(eye[0], eye[1])) < _TOUCH_M:
            return np.ones(len(bearings), dtype=np.bool_)
        corners = np.arctan2(self.edges[:, 0, 1] - eye[1], self.edges[:, 0, 0] - eye[0])
        spread = _wrapped(corners - corners[0])
        if spread.max() - spread.min() >= np.pi - _TOUCH_M:
            return np.ones(len(bearings), dtype=np.bool_)
        middle, half = corners[0] + (spread.max() + spread.min()) / 2, (spread.max() - spread.min()) / 2
        return np.asarray(np.abs(_wrapped(bearings - middle)) <= half + _TOUCH_M)


@dataclass(frozen=True, slots=True)
class Scene:
    """One room. Made by ``scene_of``."""

    room: Polygon
    banned: BaseGeometry
    _walls: Floats  # edges; none where the room is convex, as nothing is hidden behind them then
    _prisms: tuple[_Prism, ...]

    def floor(self, height_m: float) -> BaseGeometry:
        """Where something at that height must be seen: the room without obstacles that reach so high, and without
        the parts that no camera may show.
        """
        standing = [prism.shape for prism in self._prisms if prism.height_m > height_m]
        return shapely.difference(self.room, shapely.union_all([*standing, self.banned]))

    def solid(self, points: Floats) -> Bools:
        """Which points, shape (n, 3), lie inside an obstacle."""
        found = np.zeros(len(points), dtype=np.bool_)
        for prism in self._prisms:
            found |= (points[:, 2] < prism.height_m) & shapely.contains_xy(prism.shape, points[:, 0], points[:, 1])
        return found

    def hidden(self, eye: Floats, points: Floats) -> Bools:
        """Which points, shape (n, 3), something stands before, seen from an eye, shape (3,)."""
        found = np.zeros(len(points), dtype=np.bool_)
        if len(self._walls):
            whole = np.zeros(len(points)), np.ones(len(points))
            found |= _crossed(eye, points, whole, self._walls)
        bearings = np.arctan2(points[:, 1] - eye[1], points[:, 0] - eye[0])
        for prism in self._prisms:
            left = np.flatnonzero(~found & prism.may_hide(eye, bearings))
            low = _below(eye[2], points[left, 2], prism.height_m)
            under = low[1] > low[0]
            left, low = left[under], (low[0][under], low[1][under])
            inside = shapely.contains_xy(prism.shape, points[left, 0], points[left, 1])
            crossed = _crossed(eye, points[left], low, prism.edges)
            found[left] = (inside & (points[left, 2] < prism.height_m)) | crossed
        return found

    def eye(self, mounting: Mounting) -> Mounting:
        """The mounting moved onto the wall or face that it is drawn a little behind."""
        place = shapely.Point(mounting.x, mounting.y)
        if not self.room.covers(place):
            place = nearest_points(self.room, place)[0]
        for prism in self._prisms:
            if mounting.height_m < prism.height_m and prism.shape.contains(place):
                place = nearest_points(prism.shape.exterior, place)[0]
        return replace(mounting, x=place.x, y=place.y)


def scene_of(plan: RoomPlan) -> Scene:
    """The geometry of a plan without flaws (``flaws.refuse``)."""
    room = Polygon(plan.outline)
    prisms = tuple(_Prism(Polygon(each.outline), _edges(each.outline), each.height_m) for each in plan.obstacles)
    convex = room.convex_hull.area - room.area < 1e-9
    walls = np.zeros((0, 2, 2)) if convex else _edges(plan.outline)
    return Scene(room, shapely.union_all(list(_polygons(plan.no_filming))), walls, prisms)


def _wrapped(angles: Floats) -> Floats:
    """Angles as -pi to pi."""
    return np.asarray((angles + np.pi) % (2 * np.pi) - np.pi)


def _polygons(outlines: Iterable[Outline]) -> Iterator[Polygon]:
    return (Polygon(outline) for outline in outlines)


def _edges(outline: Outline) -> Floats:
    corners = np.array(outline, dtype=np.float64)
    return np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)


def _below(eye_m: float, points_m: Floats, height_m: float) -> tuple[Floats, Floats]:
    """The part of each line of sight, from 0 at the eye to 1 at the point, that runs below a height."""
    begin, end = np.zeros_like(points_m), np.ones_like(points_m)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (eye_m - height_m) / (eye_m - points_m)
    if eye_m >= height_m:
        return np.where(points_m < height_m, crossing, 1.0), end
    return begin, np.where(points_m > height_m, crossing, 1.0)


def _crossed(eye: Floats, points: Floats, part: tuple[Floats, Floats], edges: Floats) -> Bools:
    """Which lines of sight cross an edge, seen from above, within a part of them. What is met at one of their ends
    does not count.
    """
    dx, dy = (points[:, :2] - eye[:2]).T
    length = np.hypot(dx, dy)
    touch = _TOUCH_M / np.maximum(length, _TOUCH_M)
    begin, end = np.maximum(part[0], touch), np.minimum(part[1], 1 - touch)
    found = np.zeros(len(points), dtype=np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        for (ax, ay), (bx, by) in edges:
            ex, ey, wx, wy = bx - ax, by - ay, ax - eye[0], ay - eye[1]
            across = dx * ey - dy * ex
            along = (wx * ey - wy * ex) / across
            on_edge = (wx * dy - wy * dx) / across
            margin = _TOUCH_M / np.hypot(ex, ey)
            found |= (along >= begin) & (along <= end) & (on_edge >= -margin) & (on_edge <= 1 + margin)
    return found
