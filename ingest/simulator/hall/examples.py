"""Ready-made halls: a large one with planned blind spots, and a small one for demonstrations.

Not here: what happens in them (``script``).
"""

from __future__ import annotations

import math
from dataclasses import replace

from domain.plan import Lens, Mounting, Obstacle, Outline, Point, RoomPlan, Target, Volume

STATION_M = (1.4, 1.2)
"""Width and depth of a station."""

_FROM_M, _TO_M = 0.75, 1.35


def example_hall() -> RoomPlan:
    """36 stations in an L of 310 square metres, five cameras, two pillars, a wall stub and two screens.

    Planned blind spots: E-35 and E-36 stand behind screens for every camera. Pillars hide others from some cameras
    only: E-14 and E-29 from H-01, E-08 from H-02.
    """
    outline: Outline = ((0, 0), (22, 0), (22, 10), (13, 10), (13, 20), (0, 20))
    obstacles = (
        Obstacle("P1", _square(7.2, 6.6, 0.6), 3.2),
        Obstacle("P2", _square(7.2, 13.2, 0.6), 3.2),
        Obstacle("W1", _rectangle(17.0, 8.2, 17.2, 10.0), 3.2),
        Obstacle("S1", _rectangle(18.4, 6.0, 18.5, 8.6), 2.3),
        Obstacle("S2", _rectangle(18.4, 5.9, 22.0, 6.0), 2.3),
    )
    mountings = (
        _looking("H-01", (0.3, 0.3), (5.6, 6.8), 3.0, 84),
        _looking("H-02", (12.7, 19.7), (6.8, 13.4), 3.0, 84),
        _looking("H-03", (0.3, 19.7), (6.0, 13.2), 3.0, 84),
        _looking("H-04", (21.7, 0.3), (14.6, 4.6), 3.0, 78),
        _looking("H-05", (12.6, 0.3), (16.4, 4.2), 2.8, 92, k1=-0.08),
    )
    return RoomPlan(outline, 3.2, obstacles, (*_large_stations(), *_large_others()), mountings)


def small_hall(stations: int = 4) -> RoomPlan:
    """One room of 8 m by 6 m with three to six stations, a pillar, a paper desk, a door, and two cameras.

    The first camera hangs opposite the candidates, the second, a fisheye, in a corner behind them.
    """
    if not 3 <= stations <= 6:
        raise ValueError(f"a small hall has three to six stations, not {stations}")
    places = ((1.5, 1.3), (3.8, 1.3), (6.1, 1.3), (2.65, 3.4), (5.0, 3.4), (0.9, 3.4))
    volumes = [_station(f"{number + 1:02}", places[number], 90) for number in range(stations)]
    volumes += [
        Volume(Target.DOOR, "door", _rectangle(6.6, 0.0, 7.6, 0.8), 0.0, 2.0),
        Volume(Target.PAPER_DESK, "papers", _rectangle(0.5, 5.0, 1.9, 5.6), 0.75, 1.3),
    ]
    mountings = (
        _looking("A-01", (4.2, 5.8), (4.1, 2.5), 2.7, 94),
        _looking("A-02", (0.25, 0.25), (4.6, 3.4), 2.7, 120, lens=Lens.FISHEYE),
    )
    return RoomPlan(
        _rectangle(0, 0, 8, 6), 3.0, (Obstacle("P1", _square(7.4, 3.6, 0.4), 3.0),), tuple(volumes), mountings
    )


def well_seen_hall() -> RoomPlan:
    """The small hall with its door beside a camera and longer lenses: at 1280 x 720 each place is seen by one camera
    at least as large as the default rules ask, faces in the door included.
    """
    plan = small_hall(4)
    door = Volume(Target.DOOR, "door", _rectangle(1.7, 0.0, 2.6, 0.4), 1.3, 1.8)
    mountings = (
        _looking("A-01", (4.2, 5.8), (4.1, 2.5), 2.7, 84),
        _looking("A-02", (0.25, 0.25), (3.6, 3.2), 2.7, 98, lens=Lens.FISHEYE),
    )
    volumes = tuple(door if volume.target is Target.DOOR else volume for volume in plan.volumes)
    return replace(plan, volumes=volumes, mountings=mountings)


HALLS = {"example": example_hall, "small": small_hall, "well-seen": well_seen_hall}
"""Ready-made halls by the name that a simulated camera's description takes."""


def with_size(plan: RoomPlan, width: int, height: int) -> RoomPlan:
    """The same room, its cameras with pictures of that size."""
    mountings = tuple(_sized(mounting, width, height) for mounting in plan.mountings)
    return RoomPlan(plan.outline, plan.height_m, plan.obstacles, plan.volumes, mountings, plan.no_filming)


def patrol(plan: RoomPlan) -> tuple[Point, ...]:
    """A round through the aisles that an invigilator walks, closed."""
    if len(plan.outline) == 6:
        return ((1.0, 1.0), (12.4, 1.2), (20.8, 1.2), (20.8, 4.6), (12.4, 4.6), (12.2, 18.9), (0.8, 18.9), (0.8, 9.0))
    (width, depth) = plan.outline[2]
    return ((0.6, depth - 1.4), (width - 0.9, depth - 1.4), (width - 0.5, 0.7), (0.5, 0.7))


def _large_stations() -> list[Volume]:
    """Six rows of five in the long leg of the L, and six more stations in the short one."""
    volumes = [
        _station(f"E-{1 + column + 5 * row:02}", (1.9 + 2.3 * column, 2.6 + 2.75 * row), 90 if row % 2 else 270)
        for row in range(6)
        for column in range(5)
    ]
    places = ((14.6, 2.6), (17.0, 2.6), (19.4, 2.6), (14.6, 6.6), (19.9, 7.0), (20.0, 8.8))
    return volumes + [_station(f"E-{31 + number:02}", place, 270) for number, place in enumerate(places)]


def _large_others() -> tuple[Volume, ...]:
    return (
        Volume(Target.DOOR, "door", _rectangle(9.5, 0.0, 10.5, 0.9), 0.0, 2.0),
        Volume(Target.PAPER_DESK, "papers", _rectangle(1.2, 18.6, 2.8, 19.3), 0.75, 1.3),
    )


def _station(name: str, middle: Point, ahead: float) -> Volume:
    """A station whose candidate looks along ``ahead`` (degrees, as a camera's pan)."""
    width, depth = STATION_M
    angle = math.radians(ahead)
    forward, right = (math.cos(angle), math.sin(angle)), (math.sin(angle), -math.cos(angle))
    corners = ((-0.5, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, -0.5))
    outline = tuple(
        (
            middle[0] + x * width * right[0] + y * depth * forward[0],
            middle[1] + x * width * right[1] + y * depth * forward[1],
        )
        for x, y in corners
    )
    return Volume(Target.STATION, name, outline, _FROM_M, _TO_M)


def _looking(
    camera: str,
    at: Point,
    towards: Point,
    height_m: float,
    width_of_view: float,
    *,
    lens: Lens = Lens.RECTILINEAR,
    k1: float = 0.0,
) -> Mounting:
    """A camera that looks at a point of the floor's plan at the height of a desk."""
    across, along = towards[0] - at[0], towards[1] - at[1]
    pan = math.degrees(math.atan2(along, across))
    tilt = math.degrees(math.atan2(height_m - 0.9, math.hypot(across, along)))
    return Mounting(camera, at[0], at[1], height_m, pan, tilt, width_of_view, 1280, 720, lens=lens, k1=k1)


def _sized(mounting: Mounting, width: int, height: int) -> Mounting:
    fields = {name: getattr(mounting, name) for name in Mounting.__slots__}
    return Mounting(**{**fields, "width": width, "height": height})


def _rectangle(left: float, low: float, right: float, high: float) -> Outline:
    return ((left, low), (right, low), (right, high), (left, high))


def _square(x: float, y: float, side: float) -> Outline:
    return _rectangle(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
