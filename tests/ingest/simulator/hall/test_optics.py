"""Cameras of a rendered hall put points where the formulas of the plan say, and rays lead back there."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plan import Lens, Mounting
from ingest.simulator.hall.optics import Optics

LEVEL = Mounting("A-01", 1.0, 2.0, 3.0, 0.0, 0.0, 90.0, 1280, 720)
"""Looks along the x axis; its focal length is 640 pixels, for tan 45 degrees is 1."""

Place = tuple[float, float, float]


def pixel(mounting: Mounting, point: Place) -> tuple[float, float]:
    pixels, _, framed = Optics(mounting).project(np.array([point]))
    assert framed[0]
    return float(pixels[0, 0]), float(pixels[0, 1])


def test_a_point_ahead_is_in_the_middle_and_its_distance_is_metres() -> None:
    pixels, distances, framed = Optics(LEVEL).project(np.array([[6.0, 2.0, 3.0]]))
    assert (pixels[0] == (640, 360)).all()
    assert distances[0] == 5
    assert framed[0]


def test_what_is_right_of_a_camera_along_x_has_smaller_y_and_what_is_low_has_larger_rows() -> None:
    assert pixel(LEVEL, (11.0, 0.0, 1.0)) == pytest.approx((640 + 640 * 0.2, 360 + 640 * 0.2))


def test_a_pan_of_ninety_degrees_looks_along_y() -> None:
    assert pixel(replace(LEVEL, pan=90), (3.0, 12.0, 3.0)) == pytest.approx((640 + 640 * 0.2, 360))


def test_a_tilt_of_forty_five_degrees_sees_the_floor_at_its_own_height_ahead() -> None:
    assert pixel(replace(LEVEL, tilt=45), (4.0, 2.0, 0.0)) == pytest.approx((640, 360))


def test_a_roll_of_ninety_degrees_turns_right_into_down() -> None:
    """r becomes d x r0, which is down, so that what lies below falls to the right of the picture."""
    assert pixel(replace(LEVEL, roll=90), (11.0, 2.0, 1.0)) == pytest.approx((640 + 640 * 0.2, 360))


def test_distortion_stretches_by_the_square_of_the_undistorted_radius() -> None:
    barrel = replace(LEVEL, k1=-0.1, k2=0.02)
    stretch = 1 - 0.1 * 0.25 + 0.02 * 0.0625
    assert pixel(barrel, (11.0, -3.0, 3.0)) == pytest.approx((640 + 640 * 0.5 * stretch, 360))


def test_a_fisheye_measures_angles() -> None:
    """180 degrees across 1280 pixels: 640 pixels for a quarter turn, so 45 degrees to the right are 320 pixels."""
    fisheye = replace(LEVEL, lens=Lens.FISHEYE, width_of_view=180.0)
    assert pixel(fisheye, (3.0, 0.0, 3.0)) == pytest.approx((960, 360))
    assert pixel(fisheye, (1.0 + 1e-9, -1.0, 3.0)) == pytest.approx((1280, 360), abs=1e-3)
    assert pixel(fisheye, (1.0 + math.sqrt(2), 1.0, 2.0)) == pytest.approx(
        (640 + 320 / math.sqrt(2), 360 + 320 / math.sqrt(2))
    )


@pytest.mark.parametrize("lens", list(Lens))
def test_what_is_behind_a_camera_is_not_in_its_frame(lens: Lens) -> None:
    _, _, framed = Optics(replace(LEVEL, lens=lens)).project(np.array([[-4.0, 2.1, 3.1]]))
    assert not framed[0]


def test_a_point_beyond_where_distortion_turns_back_does_not_come_into_the_frame_again() -> None:
    barrel = replace(LEVEL, k1=-0.3)  # turns back at a radius of 1.05 focal lengths
    _, _, framed = Optics(barrel).project(np.array([[2.0, 0.2, 3.0], [2.0, 2.0 - 1.7, 3.0]]))
    assert not framed.any()


mountings = st.builds(
    Mounting,
    st.just("A-01"),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.floats(1, 4),
    st.floats(-180, 180),
    st.floats(0, 80),
    st.floats(40, 110),
    st.just(640),
    st.just(360),
    roll=st.floats(-20, 20),
    lens=st.sampled_from(list(Lens)),
    k1=st.floats(-0.05, 0.05),
    k2=st.floats(-0.005, 0.005),
)


@given(mountings, st.floats(0, 639.9), st.floats(0, 359.9), st.floats(0.5, 20))
def test_every_ray_leads_back_to_its_pixel(mounting: Mounting, column: float, row: float, far: float) -> None:
    optics = Optics(mounting)
    [[ray]] = optics.rays(np.array([column]), np.array([row]))
    pixels, distances, _ = optics.project((optics.centre + far * ray.astype(np.float64))[None])
    assert pixels[0] == pytest.approx((column, row), abs=0.02)
    assert distances[0] == pytest.approx(far, rel=1e-5)
