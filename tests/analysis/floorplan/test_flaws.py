"""Plans that contradict themselves: each flaw is named with its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from analysis.floorplan.errors import PlanRefused
from analysis.floorplan.flaws import flaws, refuse
from domain.plan import Lens, Obstacle, RoomPlan
from tests.analysis.floorplan.rooms import ROOM, box, camera, hall, station

BOW = ((1, 1), (3, 3), (3, 1), (1, 3))
PILLAR = Obstacle("pillar", box(4, 2, 1, 1), 3.2)


def with_camera(**instead: Any) -> Callable[[RoomPlan], RoomPlan]:
    return lambda plan: replace(plan, mountings=(camera(**instead),))


@pytest.mark.parametrize(
    ("bend", "place", "message"),
    [
        (lambda p: replace(p, outline=BOW), ("outline",), "crosses or touches itself near 2.00, 2.00"),
        (lambda p: replace(p, outline=((0, 0), (1, 1))), ("outline",), "three corners"),
        (lambda p: replace(p, outline=((0, 0), (5, 0), (9, 0))), ("outline",), "crosses or touches itself"),
        (lambda p: replace(p, outline=box(0, 0, 0.001, 0.001)), ("outline",), "no area"),
        (lambda p: replace(p, outline=((0, 0), (5, 0), (math.nan, 3))), ("outline",), "is no place"),
        (lambda p: replace(p, height_m=0.0), ("height_m",), "more than 0"),
        (lambda p: replace(p, obstacles=(Obstacle("o", BOW, 1.0),)), ("obstacles", 0, "outline"), "crosses"),
        (
            lambda p: replace(p, obstacles=(replace(PILLAR, height_m=0.0),)),
            ("obstacles", 0, "height_m"),
            "more than 0",
        ),
        (lambda p: replace(p, obstacles=(PILLAR, PILLAR)), ("obstacles", 1), "pillar is listed twice"),
        (
            lambda p: replace(p, obstacles=(Obstacle("o", box(20, 0, 1, 1), 1.0),)),
            ("obstacles", 0),
            "outside the room",
        ),
        (lambda p: replace(p, volumes=(station("A", 9.5, 2),)), ("volumes", 0, "outline"), "A reaches outside"),
        (lambda p: replace(p, volumes=(station("A", 2, 2),) * 2), ("volumes", 1), "station A is listed twice"),
        (lambda p: replace(p, volumes=(replace(station("A", 2, 2), to_m=0.5),)), ("volumes", 0, "to_m"), "more than"),
        (
            lambda p: replace(p, volumes=(replace(station("A", 2, 2), to_m=4.0),)),
            ("volumes", 0, "to_m"),
            "higher than",
        ),
        (
            lambda p: replace(p, obstacles=(PILLAR,), volumes=(station("A", 4.1, 2.1, 0.5, 0.5),)),
            ("volumes", 0, "outline"),
            "A lies inside obstacle pillar",
        ),
        (lambda p: replace(p, no_filming=(box(9, 5, 2, 2),)), ("no_filming", 0), "outside the room"),
        (with_camera(x=-0.06), ("mountings", 0), "c1 hangs outside the room"),
        (with_camera(height_m=3.3), ("mountings", 0, "height_m"), "the ceiling, 3.2 m"),
        (with_camera(width_of_view=180.0), ("mountings", 0, "width_of_view"), "less than 180 degrees"),
        (with_camera(width_of_view=0.0), ("mountings", 0, "width_of_view"), "more than 0"),
        (with_camera(lens=Lens.FISHEYE, width_of_view=360.0), ("mountings", 0, "width_of_view"), "less than 360"),
        (with_camera(pan=math.inf), ("mountings", 0), "no number"),
        (with_camera(width=0), ("mountings", 0, "width"), "one pixel at least"),
        (lambda p: replace(p, mountings=(camera(), camera())), ("mountings", 1), "camera c1 is listed twice"),
        (
            lambda p: replace(p, obstacles=(PILLAR,), mountings=(camera(x=4.5, y=2.5),)),
            ("mountings", 0),
            "c1 hangs inside obstacle pillar",
        ),
    ],
)
def test_each_flaw_is_named_with_its_place(
    bend: Callable[[RoomPlan], RoomPlan], place: tuple[str | int, ...], message: str
) -> None:
    found = flaws(bend(ROOM))
    assert [flaw.place for flaw in found] == [place]
    assert message in found[0].message


def test_flaws_of_different_parts_are_told_at_once() -> None:
    bent = replace(
        ROOM, obstacles=(Obstacle("o", BOW, 1.0),), volumes=(station("A", 9.5, 2),), mountings=(camera(x=-1.0),)
    )
    assert [flaw.place[0] for flaw in flaws(bent)] == ["obstacles", "volumes", "mountings"]
    with pytest.raises(PlanRefused) as refused:
        refuse(bent)
    assert len(refused.value.flaws) == 3


def test_a_camera_may_hang_on_a_wall_on_a_pillar_and_above_a_machine() -> None:
    low = Obstacle("machine", box(6, 2, 2, 2), 1.0)
    cameras = (camera("a"), camera("b", x=4.0, y=2.5), camera("c", x=7.0, y=3.0))
    assert not flaws(replace(ROOM, obstacles=(PILLAR, low), mountings=cameras))


def test_a_whole_hall_has_no_flaw() -> None:
    assert not flaws(hall())
