"""What cameras see of a room: by hand, against a plain walk along each line of sight, and by laws that must hold."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry

from analysis.floorplan.errors import PlanRefused
from analysis.floorplan.flaws import flaws
from analysis.floorplan.scene import scene_of
from analysis.floorplan.survey import Shortfall, Survey, filling, footprints, seen, survey
from analysis.floorplan.telling import to_json
from domain.plan import Lens, Obstacle, Outline, RoomPlan, Target, Volume
from tests.analysis.floorplan.rooms import CORNER, DENSITY, ROOM, box, camera, hall, station


def sees(plan: RoomPlan, x: float, y: float, z: float) -> bool:
    """Whether the first camera of a plan shows a point."""
    scene = scene_of(plan)
    return bool(seen(scene, scene.eye(plan.mountings[0]), np.array([[x, y, z]]))[0][0])


def looked_at(plan: RoomPlan, step_m: float = 0.1) -> Survey:
    return survey(plan, DENSITY, step_m=step_m)


# --- By hand --------------------------------------------------------------------------------------------------------


def test_what_lies_under_a_camera_is_blind_though_no_wall_hides_it() -> None:
    """The lower edge looks down by 20 + atan(540 / 960) = 49.36 degrees: from 2.8 m it meets 0.75 m at 1.76 m."""
    plan = replace(ROOM, mountings=(camera(),))
    nearest = 2.05 / math.tan(math.radians(20) + math.atan(540 / 960))
    assert nearest == pytest.approx(1.7598, abs=1e-3)
    assert (sees(plan, nearest - 0.01, 3, 0.75), sees(plan, nearest + 0.01, 3, 0.75)) == (False, True)
    assert max(spot.area_m2 for spot in looked_at(plan).floors[0].blind) > 6  # two dimensions would call it seen


def test_what_lies_behind_a_low_screen_is_blind_at_the_height_of_a_desk_only() -> None:
    """From 2.8 m over 1.5 m at 3 m: the line falls 1.3 m in 3 m and meets 0.75 m at 2.05 x 3 / 1.3 = 4.73 m."""
    screen = Obstacle("screen", box(2.9, 2, 0.1, 2), 1.5)
    plan = replace(ROOM, obstacles=(screen,), mountings=(camera(),))
    shadow = 2.05 * 3 / 1.3
    assert [sees(plan, x, 3, 0.75) for x in (2.8, 3.1, shadow - 0.01, shadow + 0.01)] == [True, False, False, True]
    assert [sees(plan, x, 3, 1.7) for x in (3.1, shadow - 0.01)] == [True, True]
    desk, seated, standing = looked_at(plan).floors
    assert [any(spot.shape.covers(Point(3.8, 3)) for spot in floor.blind) for floor in (desk, seated, standing)] == [
        True,
        False,
        False,
    ]


def test_a_pillar_up_to_the_ceiling_hides_what_is_behind_it_at_every_height() -> None:
    plan = replace(ROOM, obstacles=(Obstacle("pillar", box(4, 2.75, 0.5, 0.5), 3.2),), mountings=(camera(),))
    assert [sees(plan, 7, 3, z) for z in (0.75, 1.2, 1.7)] == [False] * 3
    assert sees(plan, 7, 4.2, 1.2)


def test_a_camera_below_the_top_of_a_screen_sees_what_rises_above_it_further_away() -> None:
    """From 1.5 m over 2 m at 3 m the line rises by half a metre in 3 m: at 6 m it is 2.5 m high."""
    low = camera(height_m=1.5, tilt=0.0)
    plan = replace(ROOM, obstacles=(Obstacle("screen", box(3, 2, 0.0001, 2), 2.0),), mountings=(low,))
    assert [sees(plan, 6, 3, z) for z in (1.2, 2.49, 2.51)] == [False, False, True]


def test_the_corner_of_a_room_hides_what_is_behind_it() -> None:
    plan = replace(CORNER, mountings=(camera(x=10.0, y=2.0, pan=180.0, width_of_view=120.0),))
    assert sees(plan, 2, 3, 1.2)
    assert not sees(plan, 4, 8, 1.2)  # the line from 10, 2 passes right of 5, 4
    assert sees(plan, 0.5, 5.7, 1.2)  # and this one left of it


def test_the_density_of_a_station_is_that_of_its_far_edge() -> None:
    """960 px / 7.68 m is 125 px/m: the station may end there and not a centimetre further. The camera is level."""
    at_limit, beyond = (station("A", x, 2.5) for x in (7.68 - 1.2, 7.69 - 1.2))
    level = camera(tilt=0.0, height_m=1.2)
    places = [
        looked_at(replace(ROOM, volumes=(each,), mountings=(level,)), 0.5).places[0] for each in (at_limit, beyond)
    ]
    assert [place.best and place.best.px_per_m for place in places] == pytest.approx([125, 960 / 7.69])
    assert [place.shortfall for place in places] == [None, Shortfall.TOO_SMALL]
    assert [place.best and place.best.level and place.best.level.id for place in places] == ["recognise", "observe"]


def test_a_station_that_two_cameras_see_by_half_each_is_seen_by_neither() -> None:
    wall = Obstacle("wall", box(4.9, 2, 0.2, 2.5), 3.2)
    through = station("A", 4.3, 2.5, width=1.4)
    left, right = camera("left"), camera("right", x=10.0, pan=180.0)
    (place,) = looked_at(replace(ROOM, obstacles=(wall,), volumes=(through,), mountings=(left, right))).places
    assert place.shortfall is Shortfall.HIDDEN
    assert place.together == 1.0
    assert all(view.share < 0.6 for view in place.views)


def test_of_two_cameras_that_show_a_station_the_one_with_more_pixels_counts() -> None:
    near, far = camera("near", x=10.0, pan=180.0), camera("far")
    a = station("A", 7, 2.5)
    for mountings in ((near, far), (far, near)):
        (place,) = looked_at(replace(ROOM, volumes=(a,), mountings=mountings), 0.5).places
        assert place.best is not None
        assert place.best.camera == "near"


def test_a_station_no_camera_shows_and_a_room_without_cameras_are_blind() -> None:
    found = looked_at(replace(ROOM, volumes=(station("A", 3, 3),)))
    assert [place.shortfall for place in found.places] == [Shortfall.NO_CAMERA]
    assert [floor.seen_m2 for floor in found.floors] == pytest.approx([0] * 3, abs=1e-9)
    assert [floor.blind_m2 for floor in found.floors] == pytest.approx([60] * 3)
    assert [spot.area_m2 for spot in found.floors[0].blind] == pytest.approx([60])
    assert not found.covers


def test_a_fisheye_under_the_ceiling_sees_all_of_an_empty_room() -> None:
    above = camera(x=5.0, tilt=90.0, height_m=3.1, lens=Lens.FISHEYE, width_of_view=180.0, width=3000, height=3000)
    found = looked_at(replace(ROOM, mountings=(above,)))
    assert [floor.blind_m2 for floor in found.floors] == pytest.approx([0] * 3)
    assert found.covers


def test_a_camera_that_shows_a_forbidden_part_is_named_and_one_behind_a_screen_is_not() -> None:
    screen = Obstacle("screen", box(7.9, 3.9, 0.1, 2.1), 3.2)
    banned = box(8, 4, 2, 2)
    looking, aside = camera("looking", x=8.0, y=0.0, pan=80.0), camera("aside", y=5.5)
    plan = replace(ROOM, obstacles=(screen,), mountings=(aside, looking), no_filming=(banned,))
    (found,) = looked_at(plan).trespasses
    assert (found.area, found.camera) == (0, "looking")
    assert 0.5 < found.share <= 1
    assert not looked_at(plan).covers


def test_a_forbidden_part_need_not_be_seen() -> None:
    plan = replace(ROOM, mountings=(camera(),), no_filming=(box(0, 0, 1, 1),))
    assert looked_at(plan).floors[0].floor_m2 == pytest.approx(59)


def test_heights_above_the_ceiling_are_left_out() -> None:
    plan = replace(ROOM, height_m=1.5, mountings=(camera(height_m=1.4),))
    assert [floor.height_m for floor in looked_at(plan, 0.5).floors] == [0.75, 1.2]


def test_a_floor_that_was_looked_at_at_no_height_is_not_covered() -> None:
    found = survey(replace(ROOM, mountings=(camera(),)), DENSITY, heights_m=())
    assert (found.floors, found.floor_share, found.covers) == ((), 0.0, False)


def test_a_camera_drawn_a_little_outside_the_room_hangs_on_its_wall() -> None:
    inside, outside = (replace(CORNER, mountings=(camera(x=x, y=2.0),)) for x in (0.0, -0.04))
    assert looked_at(outside, 0.25).floors == looked_at(inside, 0.25).floors


def test_a_camera_on_the_face_of_a_pillar_does_not_see_through_it() -> None:
    pillar = Obstacle("pillar", box(4, 2.5, 1, 1), 3.2)
    plan = replace(ROOM, obstacles=(pillar,), mountings=(camera(x=4.97, y=3.0, width_of_view=120.0),))
    assert sees(plan, 9, 3, 1.2)
    assert not sees(replace(plan, mountings=(camera(x=4.97, y=3.0, pan=180.0),)), 1, 3, 1.2)


def test_a_plan_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(PlanRefused, match=r"mountings\.0: camera c1 hangs outside the room"):
        looked_at(replace(ROOM, mountings=(camera(x=-1.0),)))


def test_the_points_of_a_place_reach_its_edges() -> None:
    points = filling(station("A", 2, 2))
    assert points.min(axis=0) == pytest.approx([2, 2, 0.75])
    assert points.max(axis=0) == pytest.approx([3.2, 3, 1.35])
    odd = Volume(Target.STATION, "odd", ((0, 0), (1, 0), (1, 0.2), (0.2, 0.2), (0.2, 1), (0, 1)), 0.75, 0.8)
    shape = Polygon(odd.outline).buffer(1e-9)
    assert all(shape.covers(Point(x, y)) for x, y, _ in filling(odd))


def test_a_hall_is_told_as_json_that_adds_up() -> None:
    told = json.loads(json.dumps(to_json(looked_at(hall(), 0.2))))
    for floor in told["floors"]:
        assert floor["seen_m2"] + floor["blind_m2"] == pytest.approx(floor["floor_m2"], abs=1e-5)
        assert sum(spot["area_m2"] for spot in floor["blind"]) == pytest.approx(floor["blind_m2"], abs=1e-4)
        assert floor["seen_twice_m2"] <= floor["seen_m2"]
    assert len(told["places"]) == 36
    assert told["short"] == [f"station {each['id']}" for each in told["places"] if each["shortfall"]]


# --- Laws -----------------------------------------------------------------------------------------------------------


def away_from_ties(number: int) -> float:
    """A length off the lattice of squares: what grazes an edge may fall either way by rounding alone."""
    return number / 10 + 0.0137


@st.composite
def plans(draw: st.DrawFn) -> RoomPlan:
    """Rooms of some squares with up to three obstacles and three cameras, all upright to the axes or turned."""
    tenths = st.integers(3, 57)
    outline = draw(st.sampled_from((ROOM.outline, CORNER.outline, ((0, 0), (9, 1), (8, 6), (0, 5)))))
    obstacles = [
        Obstacle(
            f"o{index}",
            box(away_from_ties(draw(tenths)), away_from_ties(draw(tenths)), draw(tenths) / 20, draw(tenths) / 20),
            draw(st.sampled_from((0.5, 1.0, 1.5, 2.0, 3.2))),
        )
        for index in range(draw(st.integers(0, 3)))
    ]
    cameras = [
        camera(
            f"c{index}",
            x=away_from_ties(draw(tenths)),
            y=away_from_ties(draw(tenths)),
            height_m=draw(st.sampled_from((1.3, 2.2, 3.1))),
            pan=draw(st.integers(-180, 180)) + 0.31,
            tilt=draw(st.integers(0, 90)) + 0.17,
            roll=draw(st.integers(-10, 10)) + 0.07,
            width_of_view=draw(st.integers(40, 150)) + 0.137,
            lens=draw(st.sampled_from(Lens)),
        )
        for index in range(draw(st.integers(1, 3)))
    ]
    stations = (station("A", 1.03, 1.27), station("B", 3.41, 2.03))
    plan = RoomPlan(outline, 3.2, tuple(obstacles), stations, tuple(cameras))
    assume(not flaws(plan))
    return plan


MANY = settings(max_examples=40, deadline=None)


@MANY
@given(plans())
def test_one_more_camera_never_shows_less(plan: RoomPlan) -> None:
    fewer, all_of = (looked_at(replace(plan, mountings=each), 0.4) for each in (plan.mountings[:-1], plan.mountings))
    for one, more in zip(fewer.floors, all_of.floors, strict=True):
        assert more.seen_m2 >= one.seen_m2 - 1e-9
        assert more.seen_twice_m2 >= one.seen_twice_m2 - 1e-9
        assert more.enough_m2 >= one.enough_m2 - 1e-9
    for before, after in zip(fewer.places, all_of.places, strict=True):
        assert after.together >= before.together
        assert before.shortfall is not None or after.shortfall is None


@MANY
@given(plans())
def test_taking_an_obstacle_out_never_blinds(plan: RoomPlan) -> None:
    assume(plan.obstacles)
    points = np.array(
        [[x, y, z] for x in np.arange(0.2, 9, 0.53) for y in np.arange(0.2, 9, 0.53) for z in (0.75, 1.7)]
    )
    full, emptier = scene_of(plan), scene_of(replace(plan, obstacles=plan.obstacles[1:]))
    for mounting in plan.mountings:
        before, after = (seen(scene, scene.eye(mounting), points)[0] for scene in (full, emptier))
        assert not (before & ~after).any()


@MANY
@given(plans())
def test_areas_seen_and_blind_add_up_to_the_floor_without_its_obstacles(plan: RoomPlan) -> None:
    for floor in looked_at(plan, 0.4).floors:
        free: BaseGeometry = Polygon(plan.outline)
        for obstacle in plan.obstacles:
            if obstacle.height_m > floor.height_m:
                free = free.difference(Polygon(obstacle.outline))
        assert floor.floor_m2 == pytest.approx(free.area, abs=1e-9)
        assert floor.seen_m2 + sum(spot.area_m2 for spot in floor.blind) == pytest.approx(floor.floor_m2, abs=1e-6)


def mirrored(plan: RoomPlan) -> RoomPlan:
    """Left and right changed: angles about the upright axis change their sign."""

    def turned(outline: Outline) -> Outline:
        return tuple((-x, y) for x, y in outline)

    return replace(
        plan,
        outline=turned(plan.outline),
        obstacles=tuple(replace(each, outline=turned(each.outline)) for each in plan.obstacles),
        volumes=tuple(replace(each, outline=turned(each.outline)) for each in plan.volumes),
        mountings=tuple(replace(each, x=-each.x, pan=180 - each.pan, roll=-each.roll) for each in plan.mountings),
    )


@MANY
@given(plans())
def test_a_mirrored_room_has_the_mirrored_result(plan: RoomPlan) -> None:
    one, other = looked_at(plan, 0.4), looked_at(mirrored(plan), 0.4)
    for left, right in zip(one.floors, other.floors, strict=True):
        assert left.seen_m2 == pytest.approx(right.seen_m2, abs=1e-6)
        assert left.seen_twice_m2 == pytest.approx(right.seen_twice_m2, abs=1e-6)
    for place, same in zip(one.places, other.places, strict=True):
        shares = zip(place.views, same.views, strict=True)
        assert all(view.share == pytest.approx(again.share, abs=0.02) for view, again in shares)


@MANY
@given(plans(), st.integers(0, 89), st.integers(0, 89), st.sampled_from((0.3, 0.75, 1.2, 1.7, 2.5)))
def test_a_line_of_sight_is_blocked_where_a_plain_walk_along_it_meets_something(
    plan: RoomPlan, tenths_x: int, tenths_y: int, z: float
) -> None:
    """The walk takes steps of a centimetre and knows nothing of edges. Within a centimetre of a corner both may be
    right.
    """
    scene = scene_of(plan)
    point = np.array([tenths_x / 10 + 0.05, tenths_y / 10 + 0.05, z])
    assume(scene.room.contains(Point(*point[:2])))
    for mounting in plan.mountings:
        hung = scene.eye(mounting)
        eye = np.array([hung.x, hung.y, hung.height_m])
        blocked = bool(scene.hidden(eye, point[None])[0])
        if blocked:
            assert _walk_meets(plan, eye, point, 0.02)
        else:
            assert not _walk_meets(plan, eye, point, -0.02)


def _walk_meets(plan: RoomPlan, eye: np.ndarray, point: np.ndarray, margin: float) -> bool:
    """Whether some step lies inside an obstacle grown by a margin, or outside a room shrunk by it."""
    steps = max(2, int(np.linalg.norm(point - eye) / 0.01))
    room = Polygon(plan.outline).buffer(-margin)
    grown = [(Polygon(each.outline).buffer(margin), each.height_m + margin) for each in plan.obstacles]
    for share in np.linspace(0.0, 1.0, steps):
        x, y, z = eye + share * (point - eye)
        place = Point(x, y)
        if not room.covers(place) or any(z < top and shape.contains(place) for shape, top in grown):
            return True
    return False


def test_footprints_are_what_the_survey_counts() -> None:
    plan = replace(ROOM, obstacles=(Obstacle("pillar", box(4, 2.75, 0.5, 0.5), 3.2),), mountings=(camera(),))
    (shape,) = footprints(plan, 1.2).values()
    assert shape.area == pytest.approx(looked_at(plan).floors[1].seen_m2)


def test_a_mounting_is_not_changed_by_where_it_stands_in_the_plan() -> None:
    plan = hall()
    turned = replace(plan, mountings=tuple(reversed(plan.mountings)))
    one, other = looked_at(plan, 0.5), looked_at(turned, 0.5)
    assert one.floors == other.floors
    assert [each.best for each in one.places] == [each.best for each in other.places]
