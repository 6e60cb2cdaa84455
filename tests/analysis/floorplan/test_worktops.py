"""Which blocks of a region show the worktop: those where a line of sight ends on it, where plan and region agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.floorplan.regions import regions
from analysis.floorplan.survey import survey
from analysis.floorplan.worktops import worktops
from analysis.stations import SIDE
from domain.pictures import Region
from domain.plan import Lens, Mounting, RoomPlan
from tests.analysis.floorplan.rooms import DENSITY, ROOM, camera, station

ROWS = [((1 << SIDE) - 1) << SIDE * row for row in range(SIDE)]


def drawn(mounting: Mounting) -> tuple[RoomPlan, tuple[Region, ...]]:
    plan = replace(ROOM, volumes=(station("A", 5, 2.5),), mountings=(mounting,))
    return plan, regions(survey(plan, DENSITY, step_m=0.5), mounting.camera)


def test_a_camera_on_the_wall_shows_the_worktop_in_the_lower_part_of_a_region() -> None:
    plan, shown = drawn(camera())
    found = worktops(plan, "c1", shown)["A"]
    assert found & ROWS[4]
    assert not found & (ROWS[0] | ROWS[1])


def test_the_higher_a_camera_hangs_the_more_of_a_region_is_worktop_and_from_above_nearly_all() -> None:
    above = camera(x=5.6, tilt=90.0, lens=Lens.FISHEYE, width_of_view=180.0, height=1920)
    counts = []
    for mounting in (camera(height_m=1.6), camera(height_m=2.8), above):
        plan, shown = drawn(mounting)
        counts.append(worktops(plan, "c1", shown)["A"].bit_count())
    assert counts == sorted(set(counts))
    assert counts[-1] >= 20


@pytest.mark.parametrize(("by", "known"), [(0.0, True), (0.005, True), (0.03, False)])
def test_a_region_that_lies_elsewhere_than_the_plan_has_it_proves_nothing(by: float, known: bool) -> None:
    plan, (region,) = drawn(camera())
    moved = Region("A", tuple((x + by, y) for x, y in region.corners))
    assert ("A" in worktops(plan, "c1", [moved])) is known


def test_nothing_is_said_of_cameras_and_stations_that_were_not_drawn() -> None:
    plan, (region,) = drawn(camera())
    assert worktops(plan, "c9", [region]) == {}
    assert worktops(plan, "c1", [Region("B", region.corners)]) == {}


def test_a_camera_below_a_station_shows_no_worktop() -> None:
    plan, (region,) = drawn(camera(height_m=0.6, tilt=0.0))
    assert worktops(plan, "c1", [region]) == {"A": 0}
