"""What contradicts itself in a plan: outlines that are none, things outside the room, cameras where none can hang.

Every flaw names its place in the plan, so that whoever reads the set-up file can name the line. Not here: whether
stations and cameras of the plan are those of the room (``records.coherence``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import shapely
from shapely import Point, Polygon

from analysis.floorplan.errors import Flaw, PlanRefused
from analysis.floorplan.scene import ON_THE_WALL_M
from domain.plan import Lens, Mounting, Obstacle, Outline, RoomPlan, Volume

SMALLEST_M2 = 1e-4
"""An outline of less area is a slip of the pen: a square of a centimetre."""

_OUTSIDE_M2 = 1e-6
_WIDEST = {Lens.RECTILINEAR: 180.0, Lens.FISHEYE: 360.0}


def flaws(plan: RoomPlan) -> tuple[Flaw, ...]:
    """Everything that contradicts itself; none where the plan can be computed with."""
    room = list(_outline(("outline",), plan.outline))
    found = [*room, *_shapes(plan)]
    if plan.height_m <= 0 or not math.isfinite(plan.height_m):
        found.append(Flaw(("height_m",), "must be more than 0"))
    found += _repeated("obstacles", (each.id for each in plan.obstacles), "obstacle")
    found += _repeated("volumes", (f"{each.target.value} {each.id}" for each in plan.volumes), "")
    found += _repeated("mountings", (each.camera for each in plan.mountings), "camera")
    for index, mounting in enumerate(plan.mountings):
        found += _lens(("mountings", index), mounting)
    if not room:  # what lies outside can only be said of a room that is one
        found += _places(plan)
    return tuple(found)


def refuse(plan: RoomPlan) -> None:
    """Raises PlanRefused where the plan contradicts itself."""
    found = flaws(plan)
    if found:
        raise PlanRefused(found)


def _shapes(plan: RoomPlan) -> Iterator[Flaw]:
    for index, obstacle in enumerate(plan.obstacles):
        yield from _outline(("obstacles", index, "outline"), obstacle.outline)
        if not obstacle.height_m > 0:
            yield Flaw(("obstacles", index, "height_m"), "must be more than 0")
    for index, volume in enumerate(plan.volumes):
        yield from _outline(("volumes", index, "outline"), volume.outline)
        if not 0 <= volume.from_m < volume.to_m:
            yield Flaw(("volumes", index, "to_m"), "must be more than where it begins, and that not less than 0")
    for index, outline in enumerate(plan.no_filming):
        yield from _outline(("no_filming", index), outline)


def _outline(place: tuple[str | int, ...], outline: Outline) -> Iterator[Flaw]:
    if any(not math.isfinite(each) for corner in outline for each in corner):
        yield Flaw(place, "has a corner that is no place")
    elif len(outline) < 3:
        yield Flaw(place, "must have three corners at least")
    elif not (polygon := Polygon(outline)).is_valid:
        yield Flaw(place, f"crosses or touches itself{_where(polygon)}; list the corners in order, each once")
    elif polygon.area < SMALLEST_M2:
        yield Flaw(place, "has no area")


def _where(polygon: Polygon) -> str:
    """`` near 1.50, 2.00`` where shapely says it."""
    _, bracket, place = shapely.is_valid_reason(polygon).partition("[")
    if not bracket:
        return ""
    x, y = (float(each) for each in place.rstrip("]").split()[:2])
    return f" near {x:.2f}, {y:.2f}"


def _repeated(field: str, names: Iterable[str], what: str) -> Iterator[Flaw]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Flaw((field, index), f"{what} {name} is listed twice".strip())
        seen.add(name)


def _lens(place: tuple[str | int, ...], mounting: Mounting) -> Iterator[Flaw]:
    widest = _WIDEST[mounting.lens]
    numbers = (mounting.pan, mounting.tilt, mounting.roll, mounting.k1, mounting.k2)
    if not 0 < mounting.width_of_view < widest:
        yield Flaw((*place, "width_of_view"), f"must be more than 0 and less than {widest:g} degrees")
    if not all(math.isfinite(each) for each in numbers):
        yield Flaw(place, "has an angle or a distortion that is no number")
    if mounting.width < 1 or mounting.height < 1:
        yield Flaw((*place, "width"), "a picture has one pixel at least each way")


def _places(plan: RoomPlan) -> Iterator[Flaw]:
    """What lies where it cannot, as far as the outlines are some."""
    room = Polygon(plan.outline)
    standing = [each for each in plan.obstacles if _is_one(each.outline)]
    for index, obstacle in enumerate(plan.obstacles):
        if obstacle in standing and not Polygon(obstacle.outline).intersects(room):
            yield Flaw(("obstacles", index), f"obstacle {obstacle.id} lies outside the room")
    for index, volume in enumerate(plan.volumes):
        if _is_one(volume.outline):
            yield from _volume(("volumes", index), volume, plan, standing)
    for index, outline in enumerate(plan.no_filming):
        if _is_one(outline) and Polygon(outline).difference(room).area > _OUTSIDE_M2:
            yield Flaw(("no_filming", index), "reaches outside the room")
    for index, mounting in enumerate(plan.mountings):
        yield from _hanging(("mountings", index), mounting, plan, standing)


def _is_one(outline: Outline) -> bool:
    return not any(_outline((), outline))


def _volume(
    place: tuple[str | int, ...], volume: Volume, plan: RoomPlan, standing: Sequence[Obstacle]
) -> Iterator[Flaw]:
    shape = Polygon(volume.outline)
    if shape.difference(Polygon(plan.outline)).area > _OUTSIDE_M2:
        yield Flaw((*place, "outline"), f"{volume.id} reaches outside the room")
    if volume.to_m > plan.height_m:
        yield Flaw((*place, "to_m"), f"{volume.id} reaches higher than the room, {plan.height_m:g} m")
    for obstacle in standing:
        if obstacle.height_m >= volume.to_m and Polygon(obstacle.outline).covers(shape):
            yield Flaw((*place, "outline"), f"{volume.id} lies inside obstacle {obstacle.id}: nobody could see it")


def _hanging(
    place: tuple[str | int, ...], mounting: Mounting, plan: RoomPlan, standing: Sequence[Obstacle]
) -> Iterator[Flaw]:
    point = Point(mounting.x, mounting.y)
    if not math.isfinite(mounting.x + mounting.y) or Polygon(plan.outline).distance(point) > ON_THE_WALL_M:
        yield Flaw(place, f"camera {mounting.camera} hangs outside the room")
        return
    if not 0 < mounting.height_m <= plan.height_m:
        yield Flaw((*place, "height_m"), f"must be between the floor and the ceiling, {plan.height_m:g} m")
    for obstacle in standing:
        if _swallows(obstacle, point, mounting.height_m):
            yield Flaw(place, f"camera {mounting.camera} hangs inside obstacle {obstacle.id}")


def _swallows(obstacle: Obstacle, point: Point, height_m: float) -> bool:
    shape = Polygon(obstacle.outline)
    within = shape.contains(point) and shape.exterior.distance(point) > ON_THE_WALL_M
    return within and height_m < obstacle.height_m
