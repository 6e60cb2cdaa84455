"""What stands still is drawn where it is: nearest first, whole in every lens, and with numbers that can be read."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from domain.plan import Mounting, Obstacle, RoomPlan, Target
from ingest.simulator.hall import textures
from ingest.simulator.hall.casting import Still, cast
from ingest.simulator.hall.examples import example_hall, small_hall, with_size
from ingest.simulator.hall.furnishing import furnished, place_of
from ingest.simulator.hall.optics import Optics
from ingest.simulator.hall.surfaces import Floats, Surface, hidden_by

ROOM = ((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0))
AHEAD = Mounting("A-01", 0.5, 3.0, 1.5, 0.0, 0.0, 80.0, 320, 180)


def drawn(plan: RoomPlan, mounting: Mounting) -> Still:
    return cast(Optics(mounting), furnished(plan, 1))


@cache
def small() -> tuple[RoomPlan, tuple[Surface, ...]]:
    plan = small_hall(6)
    return plan, furnished(plan, 1)


def test_a_wall_stands_as_far_away_as_the_plan_says() -> None:
    depth = drawn(RoomPlan(ROOM, 3.0), AHEAD).depth
    assert depth[90, 160] == pytest.approx(7.5, abs=0.01)
    assert np.isfinite(depth).all()


def test_a_nearer_thing_is_drawn_over_one_further_away_whatever_comes_first_in_the_plan() -> None:
    near = Obstacle("near", ((3.0, 2.8), (3.4, 2.8), (3.4, 3.2), (3.0, 3.2)), 3.0)
    far = Obstacle("far", ((5.0, 2.0), (5.4, 2.0), (5.4, 4.0), (5.0, 4.0)), 3.0)
    for obstacles in ((near, far), (far, near)):
        depth = drawn(RoomPlan(ROOM, 3.0, obstacles), AHEAD).depth
        assert depth[90, 160] == pytest.approx(2.5, abs=0.01)
        beside = round(160 + Optics(AHEAD).focal * 0.6 / 4.5)
        assert depth[90, beside] == pytest.approx(4.5 / np.cos(np.arctan(0.6 / 4.5)), abs=0.03)


def test_what_stands_lower_than_the_lens_lets_the_wall_behind_be_seen() -> None:
    low = Obstacle("low", ((3.0, 2.0), (3.4, 2.0), (3.4, 4.0), (3.0, 4.0)), 1.0)
    depth = drawn(RoomPlan(ROOM, 3.0, (low,)), AHEAD).depth
    assert depth[85, 160] == pytest.approx(7.5, abs=0.02)
    assert depth[150, 160] < 3.5


@pytest.mark.parametrize("camera", [1, 4, 6])
def test_depth_is_that_of_the_nearest_of_all_surfaces_tried_one_by_one(camera: int) -> None:
    """Without windows, levels or batches: each ray against each triangle, for a plain, a bent and a fisheye lens."""
    plan = with_size([example_hall(), small_hall(6)][camera > 4], 320, 180)
    optics = Optics(plan.mountings[camera if camera < 5 else camera - 5])
    surfaces = furnished(plan, 1)
    depth = cast(optics, surfaces).depth
    scene = _Triangles(surfaces, optics.centre)
    random = np.random.default_rng(camera)
    rows, columns = random.integers(0, 180, 60), random.integers(0, 320, 60)
    wrong = 0
    for row, column in zip(rows, columns, strict=True):
        fine = np.array([0.25, 0.75])
        rays = optics.rays(column + fine, row + fine).reshape(-1, 3).astype(float)
        nearest = min(scene.nearest(ray) for ray in rays)
        wrong += abs(nearest - depth[row, column]) > 0.01 * nearest
    assert wrong <= 1  # a ray that just grazes an edge may fall to either side


class _Triangles:
    """The front sides of surfaces as triangles; floors and ceilings, which may be concave, as planes."""

    def __init__(self, surfaces: tuple[Surface, ...], lens: Floats) -> None:
        self._lens = lens
        fronts = [surface for surface in surfaces if (lens - surface.origin) @ surface.normal > 0]
        outlines = [surface.outline_points() for surface in fronts]
        self._levels = [points[0, 2] for points in outlines if len(points) > 4]
        quads = np.array([points for points in outlines if len(points) == 4])
        self._a = np.concatenate([quads[:, 0], quads[:, 0]])
        self._b = np.concatenate([quads[:, 1], quads[:, 2]])
        self._c = np.concatenate([quads[:, 2], quads[:, 3]])

    def nearest(self, ray: Floats) -> float:
        """By Moeller and Trumbore (1997)."""
        one, two, away = self._b - self._a, self._c - self._a, self._lens - self._a
        across = np.cross(ray, two)
        size = (one * across).sum(axis=1)
        beside = np.cross(away, one)
        with np.errstate(divide="ignore", invalid="ignore"):
            u, v = (away * across).sum(axis=1) / size, (beside @ ray) / size
            distance = (two * beside).sum(axis=1) / size
            met = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (distance > 0.02)
        levels = [(level - self._lens[2]) / ray[2] for level in self._levels]
        return float(min([*distance[met], *(distance for distance in levels if distance > 0), np.inf]))


def test_the_numbers_on_the_desks_can_be_read_in_the_picture() -> None:
    """Each plate, cut out of the picture and made upright, is most like the plate of its own number."""
    plan, surfaces = small()
    mounting = plan.mountings[0]
    optics = Optics(mounting)
    picture = cast(optics, surfaces).colour
    read = {}
    for volume in plan.volumes:
        if volume.target is not Target.STATION:
            continue
        place = place_of(volume)
        left, high, y = place.width_m / 2 + 0.28, place.desk_m - 0.08, place.depth_m - 0.045
        corners = [place.frame.at(left - x, y, high - z) for x, z in ((0, 0), (0.56, 0), (0.56, 0.32), (0, 0.32))]
        pixels, _, framed = optics.project(np.array(corners))
        if (
            not framed.all()
            or hidden_by(surfaces, optics.centre, np.array(corners) + 0.01 * place.frame.axes[1]).any()
        ):
            continue
        target = np.array([[0, 0], [140, 0], [140, 80], [0, 80]], np.float32)
        flat = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(pixels.astype(np.float32), target), (140, 80))
        read[volume.id] = max((f"{number:02}" for number in range(1, 7)), key=lambda name: _alike(flat, name))
    assert len(read) >= 4
    assert all(name == station for station, name in read.items())


def _alike(flat: NDArray[Any], name: str) -> float:
    plate = textures.plate((80, 140), name, (70, 150, 30), (255, 255, 255))
    return float(np.corrcoef(flat.mean(axis=2).ravel(), plate.mean(axis=2).ravel())[0, 1])


def test_what_is_put_into_a_picture_leaves_the_rest_of_it_as_it_was() -> None:
    plan = RoomPlan(ROOM, 3.0)
    optics = Optics(AHEAD)
    before = cast(optics, furnished(plan, 1))
    kept = before.colour.copy()
    pillar = replace(plan, obstacles=(Obstacle("P", ((3.0, 2.8), (3.4, 2.8), (3.4, 3.2), (3.0, 3.2)), 2.0),))
    more = furnished(pillar, 1)[len(furnished(plan, 1)) :]
    after = cast(optics, more, before)
    changed = np.abs(after.colour.astype(int) - before.colour).sum(axis=2) > 0
    assert np.array_equal(before.colour, kept)
    assert (after.depth[changed] < before.depth[changed]).all()
    assert 0 < changed.mean() < 0.2


def test_a_hall_is_a_function_of_plan_and_seed() -> None:
    plan = with_size(small_hall(3), 320, 180)
    optics = Optics(plan.mountings[0])
    first, same, other = (cast(optics, furnished.__wrapped__(plan, seed)).colour for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
