"""What it costs to say what a hall's cameras see, beside the same in plain Python loops and in exact polygons.

The hall is L-shaped, 332 square metres, with 36 stations and five cameras, as the tests have it. Two peers:
``polygons`` cuts, with shapely, the view of each camera at a height into exact shapes and takes the shadows of all
obstacles away; it answers for the floor alone and knows no density, and the area that each camera sees says how far
ours, made of squares, are off. ``loops`` asks for each point what ours asks, point by point and edge by edge, over
one point of fifty; its time is scaled, and its answers must be ours. One process, one after the other in each round.
Prints a JSON line and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from statistics import median
from typing import TypeVar

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from analysis.floorplan import optics, survey
from analysis.floorplan.drawing import to_svg
from analysis.floorplan.scene import scene_of
from config.rule_pack import load
from domain.plan import Mounting, Obstacle, RoomPlan
from tests.analysis.floorplan.rooms import box, hall

GOALS = {"seconds": 2.0, "ratio_vs_loops": 0.05}
ONE_OF = 50
DENSITY = load("SG-2022-08-10").density
_Found = TypeVar("_Found")


# --- In exact polygons ----------------------------------------------------------------------------------------------


def by_polygons(plan: RoomPlan, height_m: float) -> list[float]:
    """The areas of the floor that each camera sees at a height, and last that any of them does.

    Right for convex obstacles lower than the cameras or up to the ceiling, and for this outline.
    """
    floor = scene_of(plan).floor(height_m)
    notch = Obstacle("notch", box(13, 9, 11, 9), plan.height_m)  # what the outline of the hall cuts out
    seen = [
        _view(mounting, height_m, Polygon(plan.outline).envelope)
        .intersection(floor)
        .difference(shapely.union_all([_shadow(mounting, each, height_m) for each in (*plan.obstacles, notch)]))
        for mounting in plan.mountings
    ]
    return [each.area for each in (*seen, shapely.union_all(seen))]


def _view(mounting: Mounting, height_m: float, around: BaseGeometry, many: int = 400) -> BaseGeometry:
    """Where a picture's rim meets a height: rays that do not fall are followed for a kilometre."""
    if mounting.lens.value == "fisheye":  # this one looks straight down by 180 degrees
        return around
    along = np.linspace(0, 1, many, endpoint=False)
    rim = np.vstack(
        [np.column_stack(each) for each in ((along, 0 * along), (0 * along + 1, along), (1 - along, 0 * along + 1))]
        + [np.column_stack((0 * along, 1 - along))]
    )
    rays = optics.rays(mounting, rim * [mounting.width, mounting.height])
    drop = mounting.height_m - height_m
    with np.errstate(divide="ignore"):
        reach = np.where(rays[:, 2] < 0, np.minimum(drop / -rays[:, 2], 1000), 1000)
    ends = np.array([mounting.x, mounting.y]) + reach[:, None] * rays[:, :2]
    return shapely.make_valid(Polygon(ends))


def _shadow(mounting: Mounting, obstacle: Obstacle, height_m: float) -> BaseGeometry:
    """What a convex obstacle hides at a height: the hull of itself and of its top as the camera throws it there."""
    if obstacle.height_m <= height_m:
        return Polygon()
    eye = np.array([mounting.x, mounting.y])
    corners = np.array(obstacle.outline)
    over = mounting.height_m - obstacle.height_m
    times = 1000.0 if over <= 0 else (mounting.height_m - height_m) / over
    hull = shapely.convex_hull(shapely.multipoints(np.vstack([corners, eye + times * (corners - eye)])))
    return hull if isinstance(hull, BaseGeometry) else Polygon()


# --- In loops -------------------------------------------------------------------------------------------------------


def by_loops(plan: RoomPlan, mounting: Mounting, points: Iterable[tuple[float, float, float]]) -> list[bool]:
    """Which points a camera shows, one by one."""
    axes = [tuple(each) for each in optics.axes(mounting).tolist()]
    return [_in_picture(mounting, axes, each) and not _blocked(plan, mounting, each) for each in points]


def _in_picture(mounting: Mounting, axes: list[tuple[float, ...]], point: tuple[float, float, float]) -> bool:
    offset = (point[0] - mounting.x, point[1] - mounting.y, point[2] - mounting.height_m)
    across, down, ahead = (sum(a * b for a, b in zip(axis, offset, strict=True)) for axis in axes)
    focal = optics.focal_px(mounting)
    if mounting.lens.value == "fisheye":
        aside = math.hypot(across, down)
        angle = math.atan2(aside, ahead)
        scale = focal * angle / aside if aside else 0.0
        inside = angle <= optics.widest_angle(mounting)
    else:
        inside = ahead > 0
        scale = focal / ahead if inside else 0.0
    return inside and abs(scale * across) <= mounting.width / 2 and abs(scale * down) <= mounting.height / 2


def _blocked(plan: RoomPlan, mounting: Mounting, point: tuple[float, float, float]) -> bool:
    walls = [(plan.outline, math.inf), *((each.outline, each.height_m) for each in plan.obstacles)]
    return any(_crosses(outline, top, mounting, point) for outline, top in walls)


def _crosses(
    outline: tuple[tuple[float, float], ...], top: float, mounting: Mounting, point: tuple[float, float, float]
) -> bool:
    dx, dy = point[0] - mounting.x, point[1] - mounting.y
    for (ax, ay), (bx, by) in zip(outline, (*outline[1:], outline[0]), strict=True):
        ex, ey, wx, wy = bx - ax, by - ay, ax - mounting.x, ay - mounting.y
        across = dx * ey - dy * ex
        if across == 0:
            continue
        along, on_edge = (wx * ey - wy * ex) / across, (wx * dy - wy * dx) / across
        if 1e-6 < along < 1 - 1e-6 and 0 <= on_edge <= 1:
            z = mounting.height_m + along * (point[2] - mounting.height_m)
            if z < top:
                return True
    return False


# --- Side by side ---------------------------------------------------------------------------------------------------


def timed(work: Callable[[], _Found]) -> tuple[_Found, float]:
    """What the work gives, and its process time: other processes of the machine do not count."""
    begun = time.process_time()
    found = work()
    return found, time.process_time() - begun


def run(rounds: int, step_m: float) -> dict[str, object]:
    plan = hall()
    points = _points(plan, step_m)
    few = points[::ONE_OF]
    took: dict[str, list[float]] = {name: [] for name in ("ours", "floor", "polygons", "loops", "svg")}
    for _ in range(rounds):
        took["ours"].append(timed(partial(survey.survey, plan, DENSITY, step_m=step_m))[1])
        floors, seconds = timed(partial(survey.survey, _empty(plan), DENSITY, step_m=step_m))
        took["floor"].append(seconds)
        exact, seconds = timed(partial(_exact, plan))
        took["polygons"].append(seconds)
        plain, seconds = timed(partial(_plain, plan, few))
        took["loops"].append(seconds * len(points) / len(few))
        took["svg"].append(timed(partial(to_svg, floors))[1])
    scene = scene_of(plan)
    same = [survey.seen(scene, each, few)[0].tolist() for each in plan.mountings]
    return {
        "bench": "floorplan",
        "rounds": rounds,
        "step_m": step_m,
        "points": len(points),
        "cameras": len(plan.mountings),
        "stations": len(plan.volumes),
        "seconds": round(median(took["ours"]), 3),
        "floor_seconds": round(median(took["floor"]), 3),
        "svg_seconds": round(median(took["svg"]), 3),
        "polygons_seconds": round(median(took["polygons"]), 3),
        "ratio_vs_polygons": _ratio(took["floor"], took["polygons"]),
        "m2_off_polygons": round(_furthest_off(floors, exact), 3),
        "loops_seconds": round(median(took["loops"]), 2),
        "ratio_vs_loops": _ratio(took["ours"], took["loops"]),
        "points_unlike_loops": sum(a != b for a, b in zip(chain(*same), chain(*plain), strict=True)),
        "goals": GOALS,
    }


def _exact(plan: RoomPlan) -> list[list[float]]:
    return [by_polygons(plan, height) for height in survey.HEIGHTS_M]


def _plain(plan: RoomPlan, points: optics.Floats) -> list[list[bool]]:
    return [by_loops(plan, each, points.tolist()) for each in plan.mountings]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """Always of two of one round."""
    return round(median(a / b for a, b in zip(ours, theirs, strict=True)), 4)


def _furthest_off(found: survey.Survey, exact: list[list[float]]) -> float:
    """The largest difference of any area: of each camera at each height, and of all together."""
    off: list[float] = []
    for floor, areas in zip(found.floors, exact, strict=True):
        prints = survey.footprints(found.plan, floor.height_m, found.step_m)
        ours = [*(each.area for each in prints.values()), floor.seen_m2]
        off += [abs(a - b) for a, b in zip(ours, areas, strict=True)]
    return max(off)


def _empty(plan: RoomPlan) -> RoomPlan:
    return RoomPlan(plan.outline, plan.height_m, plan.obstacles, (), plan.mountings, plan.no_filming)


def _points(plan: RoomPlan, step_m: float) -> optics.Floats:
    """As many as ours asks for: those of the floor at every height, and those of the stations."""
    left, low, right, high = Polygon(plan.outline).bounds
    x, y = (
        each.ravel()
        for each in np.meshgrid(
            np.arange(left + step_m / 2, right, step_m), np.arange(low + step_m / 2, high, step_m)
        )
    )
    parts = [survey.filling(volume) for volume in plan.volumes]
    for height in survey.HEIGHTS_M:
        inside = shapely.contains_xy(scene_of(plan).floor(height), x, y)
        parts.append(np.column_stack([x[inside], y[inside], np.full(inside.sum(), height)]))
    return np.vstack(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description="What a hall's floor plan costs beside loops and exact polygons")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--step", type=float, default=0.1)
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.rounds, arguments.step)), flush=True)


if __name__ == "__main__":
    main()
