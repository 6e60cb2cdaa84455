"""The camera of a plan: where points fall, how large they are there, and back along the pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.floorplan import optics
from analysis.floorplan.optics import Floats
from domain.plan import Lens, Mounting
from tests.analysis.floorplan.rooms import camera

ANGLES = st.floats(-170, 170)


@st.composite
def mountings(draw: st.DrawFn) -> Mounting:
    lens = draw(st.sampled_from(Lens))
    fish = lens is Lens.FISHEYE
    return camera(
        pan=draw(ANGLES),
        tilt=draw(st.floats(-80, 90)),
        roll=draw(ANGLES),
        width_of_view=draw(st.floats(20, 220 if fish else 120)),
        lens=lens,
        k1=0.0 if fish else draw(st.floats(-0.3, 0.3)),
        k2=0.0 if fish else draw(st.floats(-0.05, 0.05)),
    )


def one(mounting: Mounting, *points: tuple[float, float, float]) -> optics.Image:
    return optics.image(mounting, np.array(points, dtype=np.float64))


def test_a_level_camera_has_its_axis_in_the_middle_and_its_field_of_view_at_the_edges() -> None:
    image = one(camera(tilt=0.0), (5, 3, 2.8), (5, -1.99, 2.8), (5, 7.99, 2.8), (5, 3, 1.8))
    assert image.pixels == pytest.approx(np.array([[960, 540], [1918.08, 540], [1.92, 540], [960, 732]]))
    assert image.inside.tolist() == [True, True, True, True]


def test_a_camera_rolled_clockwise_shows_what_is_right_of_it_further_up() -> None:
    upright, rolled = (one(camera(tilt=0.0, roll=roll), (5, 1, 2.8)) for roll in (0.0, 30.0))
    assert upright.pixels[0] == pytest.approx([1344, 540])
    assert rolled.pixels[0] == pytest.approx([960 + 384 * math.cos(math.pi / 6), 540 - 384 / 2])


def test_what_lies_behind_a_rectilinear_camera_is_not_shown() -> None:
    assert not one(camera(tilt=0.0), (-1, 3, 2.8)).imaged[0]


def test_a_fisheye_at_the_ceiling_shows_all_below_it_by_the_angle() -> None:
    above = camera(x=5.0, tilt=90.0, lens=Lens.FISHEYE, width_of_view=180.0, width=1000, height=1000, pan=90.0)
    image = one(above, (5, 3, 0), (5, 5.8, 0), (7.8, 3, 0), (5, 3, 3.1))
    assert image.pixels[:3] == pytest.approx(np.array([[500, 500], [500, 250], [750, 500]]))
    assert image.inside.tolist() == [True, True, True, False]  # what is above it lies beyond its image circle


def test_the_corners_of_a_picture_beyond_the_image_circle_of_a_fisheye_show_nothing() -> None:
    above = camera(tilt=90.0, lens=Lens.FISHEYE, width_of_view=180.0, width=1000, height=1000)
    looks = optics.rays(above, np.array([[0.0, 500.0], [0.0, 0.0], [500.0, 500.0]]))
    assert np.isnan(looks).any(axis=1).tolist() == [False, True, False]


def test_a_picture_does_not_fold_back_where_the_distortion_turns() -> None:
    """Without care a point 75 degrees aside would fall near the middle: 3.73 (1 - 0.3 x 13.9) is less than 0."""
    strong = camera(tilt=0.0, k1=-0.3, width_of_view=100.0)
    aside = math.radians(75)
    image = one(strong, (5 * math.cos(aside), 3 + 5 * math.sin(aside), 2.8), (5, 3.5, 2.8))
    assert image.imaged.tolist() == [False, True]
    assert math.degrees(optics.widest_angle(strong)) == pytest.approx(math.degrees(math.atan(math.sqrt(1 / 0.9))))


def test_the_density_is_the_focal_length_by_the_depth() -> None:
    """By hand: f = 960 px; 8 m ahead 120 px/m, also aside; tilted by 30 degrees the depth is 6 cos 30 + 2.05 / 2."""
    image = one(camera(tilt=0.0), (8, 3, 2.8), (8, 7, 2.8), (7.68, 3, 0.5))
    assert image.density == pytest.approx([120, 120, 125])
    tilted = one(camera(tilt=30.0), (6, 3, 0.75))
    assert tilted.density == pytest.approx([960 / (6 * math.sqrt(3) / 2 + 2.05 / 2)])


def test_the_density_of_a_fisheye_is_the_focal_length_by_the_distance() -> None:
    above = camera(x=5.0, tilt=90.0, lens=Lens.FISHEYE, width_of_view=180.0, width=3000, height=3000)
    image = one(above, (9, 3, 0.8), (5, 3, 0.8))
    assert image.density == pytest.approx([3000 / math.pi / math.hypot(4, 2), 3000 / math.pi / 2])


@given(mountings(), st.floats(-55, 55), st.floats(-55, 55), st.floats(0.5, 20))
def test_the_density_is_the_least_number_of_pixels_of_a_metre_across_the_line_of_sight(
    mounting: Mounting, aside: float, up: float, distance: float
) -> None:
    right, down, ahead = optics.axes(mounting)
    sight = ahead + right * math.tan(math.radians(aside)) + down * math.tan(math.radians(up))
    point = np.array([mounting.x, mounting.y, mounting.height_m]) + distance * sight / np.linalg.norm(sight)
    image = optics.image(mounting, point[None])
    if image.imaged[0] and _well_inside(mounting, sight):
        assert image.density[0] == pytest.approx(_measured(mounting, point), rel=1e-3, abs=1e-3)


def _well_inside(mounting: Mounting, sight: Floats) -> bool:
    ahead = optics.axes(mounting)[2]
    angle = math.acos(min(1.0, float(sight @ ahead) / float(np.linalg.norm(sight))))
    return angle < optics.widest_angle(mounting) - 0.05


def _measured(mounting: Mounting, point: Floats) -> float:
    """By moving the point a little, both ways across the line of sight."""
    line = point - np.array([mounting.x, mounting.y, mounting.height_m])
    line /= np.linalg.norm(line)
    one_way = np.cross(line, [0.3, -0.5, 0.8])
    one_way /= np.linalg.norm(one_way)
    ends = np.array([point + s * 1e-5 * way for way in (one_way, np.cross(line, one_way)) for s in (1, -1)])
    pixels = optics.image(mounting, ends).pixels
    slopes = np.column_stack([pixels[0] - pixels[1], pixels[2] - pixels[3]]) / 2e-5
    return float(np.linalg.svd(slopes, compute_uv=False)[-1])


@given(mountings(), st.floats(0, 1), st.floats(0, 1), st.floats(0.5, 20))
def test_a_point_along_the_ray_of_a_pixel_falls_on_that_pixel(
    mounting: Mounting, u: float, v: float, distance: float
) -> None:
    pixel = np.array([[u * mounting.width, v * mounting.height]])
    ray = optics.rays(mounting, pixel)
    if not np.isnan(ray).any():
        eye = np.array([mounting.x, mounting.y, mounting.height_m])
        image = optics.image(mounting, eye + distance * ray)
        limit = 1e-4 if _well_inside(mounting, ray[0]) else 1.0
        assert np.abs(image.pixels - pixel).max() < limit or not image.imaged[0]


@given(mountings())
def test_right_down_and_ahead_stand_upright_on_each_other(mounting: Mounting) -> None:
    axes = optics.axes(mounting)
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.cross(axes[2], axes[0]) == pytest.approx(axes[1], abs=1e-12)
