"""Where stations lie in pictures: around their own points, inside the picture, for cameras that show them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely import MultiPoint, Polygon

from analysis.floorplan import optics
from analysis.floorplan.regions import outlined, regions
from analysis.floorplan.scene import scene_of
from analysis.floorplan.survey import filling, survey
from domain.plan import Lens, Mounting, Obstacle, Target, Volume
from tests.analysis.floorplan.rooms import DENSITY, ROOM, box, camera, hall, station


def test_every_camera_of_a_hall_has_the_stations_that_it_shows_and_no_others() -> None:
    found = survey(hall(), DENSITY, step_m=0.5)
    for mounting in found.plan.mountings:
        named = [region.station for region in regions(found, mounting.camera)]
        views = {place.volume.id: view for place in found.places for view in place.views}
        shown = [
            place.volume.id
            for place in found.places
            for view in place.views
            if view.camera == mounting.camera and view.share >= DENSITY.seen_share
        ]
        assert named == shown
        assert len(named) > 5
        assert views


@pytest.mark.parametrize(
    "mounting",
    [
        camera(),
        camera(roll=12.0, k1=-0.15),
        camera(x=5.0, tilt=90.0, lens=Lens.FISHEYE, width_of_view=180.0, height=1920),
    ],
)
def test_a_region_is_around_the_points_of_its_station_and_not_much_larger(mounting: Mounting) -> None:
    plan = replace(ROOM, volumes=(station("A", 5, 2.2),), mountings=(mounting,))
    (region,) = regions(survey(plan, DENSITY, step_m=0.5), "c1")
    eye = plan.mountings[0]
    image = optics.image(eye, filling(plan.volumes[0]))
    shares = image.pixels / np.array([eye.width, eye.height])
    shape, hull = Polygon(region.corners), MultiPoint(shares).convex_hull
    assert shape.is_valid
    assert hull.difference(shape).area < 0.01 * hull.area
    assert shape.difference(hull).area < 0.03 * hull.area


def test_a_region_is_cut_off_at_the_edge_of_the_picture() -> None:
    corners = outlined(camera(), Volume(Target.STATION, "A", box(1.2, 2.2, 2, 2), 0.3, 1.35), scene_of(ROOM))
    assert {0.0, 1.0} & {share for corner in corners for share in corner}
    assert all(0 <= share <= 1 for corner in corners for share in corner)


def test_a_place_behind_or_beside_the_camera_has_no_region() -> None:
    assert outlined(camera(x=6.0), station("A", 2, 2), scene_of(ROOM)) == ()
    assert outlined(camera(width_of_view=40.0), station("A", 1, 5), scene_of(ROOM)) == ()


def test_a_place_that_reaches_behind_the_camera_has_the_part_before_it() -> None:
    around = Volume(Target.STATION, "A", box(4, 2, 4, 2), 0.0, 2.7)
    corners = outlined(camera(x=5.0), around, scene_of(ROOM))
    assert Polygon(corners).area > 0.3


def test_a_station_behind_a_screen_has_no_region() -> None:
    screen = Obstacle("screen", box(4.5, 1, 0.1, 4), 2.4)
    plan = replace(ROOM, obstacles=(screen,), volumes=(station("A", 5, 2.5),), mountings=(camera(),))
    assert regions(survey(plan, DENSITY, step_m=0.5), "c1") == ()


def test_a_station_half_behind_a_pillar_has_a_region_of_the_part_that_is_seen_for_who_asks_for_it() -> None:
    pillar = Obstacle("pillar", box(4.0, 2.2, 0.4, 0.8), 3.0)
    plan = replace(ROOM, obstacles=(pillar,), volumes=(station("A", 5, 2.5),), mountings=(camera(),))
    found = survey(plan, DENSITY, step_m=0.5)
    assert regions(found, "c1") == ()
    (part,) = regions(found, "c1", 0.4)
    (whole,) = regions(survey(replace(plan, obstacles=()), DENSITY, step_m=0.5), "c1")
    assert 0.3 < Polygon(part.corners).area / Polygon(whole.corners).area < 0.8


def test_doors_and_desks_have_no_region_and_an_unknown_camera_is_refused() -> None:
    door = Volume(Target.DOOR, "door", box(5, 2.5, 1, 0.5), 1.3, 1.8)
    found = survey(replace(ROOM, volumes=(door,), mountings=(camera(),)), DENSITY, step_m=0.5)
    assert regions(found, "c1") == ()
    with pytest.raises(KeyError):
        regions(found, "c9")
