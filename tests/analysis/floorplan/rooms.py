"""Rooms to be looked at by the tests of floor plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from config.rule_pack import load
from domain.plan import Lens, Mounting, Obstacle, Outline, RoomPlan, Target, Volume

DENSITY = load("SG-2022-08-10").density


def box(x: float, y: float, width: float, depth: float) -> Outline:
    """A rectangle by its lower left corner."""
    return ((x, y), (x + width, y), (x + width, y + depth), (x, y + depth))


def camera(name: str = "c1", **instead: Any) -> Mounting:
    """On the left wall of ``ROOM``, looking straight across it: f = 960 px."""
    plain = Mounting(
        camera=name, x=0.0, y=3.0, height_m=2.8, pan=0.0, tilt=20.0, width_of_view=90.0, width=1920, height=1080
    )
    return replace(plain, **instead)


def station(name: str, x: float, y: float, width: float = 1.2, depth: float = 1.0) -> Volume:
    return Volume(Target.STATION, name, box(x, y, width, depth), 0.75, 1.35)


ROOM = RoomPlan(box(0, 0, 10, 6), 3.2)
CORNER = RoomPlan(((0, 0), (10, 0), (10, 4), (5, 4), (5, 9), (0, 9)), 3.2)
"""L-shaped: what lies in its upper part cannot be seen from the right end."""


def hall() -> RoomPlan:
    """L-shaped, 332 square metres, 36 stations, two pillars, two screens, a wall, four cameras and a fisheye."""
    rows = [
        station(f"A-{row}{column}", 1.2 + 3.1 * column, 0.8 + 2.7 * row) for row in range(3) for column in range(7)
    ]
    rows += [
        station(f"B-{row}{column}", 0.8 + 2.3 * column, 10 + 2.6 * row) for row in range(3) for column in range(5)
    ]
    standing = (
        Obstacle("pillar-1", box(7.8, 8.8, 0.4, 0.4), 3.5),
        Obstacle("pillar-2", box(15.8, 4.3, 0.4, 0.4), 3.5),
        Obstacle("screen-1", box(3, 12.4, 6, 0.1), 1.5),
        Obstacle("screen-2", box(18.4, 1.5, 0.1, 5), 1.5),
        Obstacle("wall", box(0, 9, 2.5, 0.15), 3.5),
    )
    wide = {"height_m": 3.2, "tilt": 25.0, "width_of_view": 95.0, "width": 3840, "height": 2160}
    cameras = (
        camera("c1", x=0.1, y=0.1, pan=40.0, **wide),
        camera("c2", x=23.9, y=0.1, pan=140.0, **wide),
        camera("c3", x=0.1, y=17.9, pan=-45.0, **wide),
        camera("c4", x=12.9, y=17.9, pan=-130.0, **wide),
        camera(
            "c5",
            x=12.0,
            y=8.0,
            height_m=3.4,
            tilt=90.0,
            width_of_view=180.0,
            width=3000,
            height=3000,
            lens=Lens.FISHEYE,
        ),
    )
    outline = ((0, 0), (24, 0), (24, 9), (13, 9), (13, 18), (0, 18))
    return RoomPlan(outline, 3.5, standing, tuple(rows), cameras)
