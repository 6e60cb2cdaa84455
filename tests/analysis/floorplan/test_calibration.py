"""Cameras found again from clicked points: with a pixel of noise, from afar, and every refusal by its name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from analysis.floorplan import optics
from analysis.floorplan.calibration import FREE, ClickedPoint, agreement, calibrate
from analysis.floorplan.errors import NotConverged, PointsOnALine, TooFewPoints, Undetermined
from domain.plan import Lens, Mounting
from tests.analysis.floorplan.rooms import camera

TRUE = camera(x=0.1, y=0.1, height_m=3.2, pan=40.0, tilt=25.0, roll=3.0, width_of_view=95.0, k1=-0.12)
DRAWN = replace(TRUE, pan=0.0, tilt=0.0, roll=0.0, width_of_view=70.0)


def clicked(mounting: Mounting, many: int, seed: int, noise_px: float = 1.0, rise: bool = True) -> list[ClickedPoint]:
    """Places of a room of 15 x 15 m that a camera shows, clicked with a hand that shakes."""
    rng = np.random.default_rng(seed)
    found: list[ClickedPoint] = []
    while len(found) < many:
        x, y = rng.uniform(0.5, 15, 2)
        z = float(rng.choice([0.0, 0.75, 1.2])) if rise else 0.0
        image = optics.image(mounting, np.array([[x, y, z]]))
        if image.inside[0]:
            u, v = image.pixels[0] + rng.normal(0, noise_px, 2)
            found.append(ClickedPoint((float(x), float(y), z), (float(u), float(v))))
    return found


def at(mounting: Mounting, *places: tuple[float, float, float]) -> list[ClickedPoint]:
    pixels = optics.image(mounting, np.array(places)).pixels
    return [ClickedPoint(place, (float(u), float(v))) for place, (u, v) in zip(places, pixels, strict=True)]


def turned_by(one: Mounting, other: Mounting) -> float:
    """The angle between the looks of two cameras, in degrees."""
    trace = float(np.trace(optics.axes(one) @ optics.axes(other).T))
    return math.degrees(math.acos(max(-1.0, min(1.0, (trace - 1) / 2))))


@pytest.mark.parametrize("seed", range(6))
def test_a_known_camera_is_found_again_from_points_with_a_pixel_of_noise(seed: int) -> None:
    found = calibrate(DRAWN, clicked(TRUE, 8, seed))
    assert turned_by(found.mounting, TRUE) < 0.3
    assert found.mounting.width_of_view == pytest.approx(95, abs=0.4)
    assert 0.2 < found.agreement.root_mean_square_px < 2
    assert found.agreement.worst_px >= found.agreement.root_mean_square_px
    assert found.agreement.agrees
    assert (found.mounting.x, found.mounting.k1) == (TRUE.x, TRUE.k1)


@pytest.mark.parametrize("seed", range(3))
def test_where_a_camera_hangs_is_found_as_well_when_it_is_free(seed: int) -> None:
    drawn = replace(DRAWN, x=0.6, y=0.5, height_m=2.9, pan=60.0)
    found = calibrate(drawn, clicked(TRUE, 12, seed), (*FREE, "x", "y", "height_m"))
    place = (found.mounting.x, found.mounting.y, found.mounting.height_m)
    assert place == pytest.approx((0.1, 0.1, 3.2), abs=0.12)
    assert turned_by(found.mounting, TRUE) < 1


def test_the_distortion_is_found_when_it_is_free() -> None:
    found = calibrate(replace(DRAWN, k1=0.0), clicked(TRUE, 30, 1, noise_px=0.3), (*FREE, "k1"))
    assert found.mounting.k1 == pytest.approx(-0.12, abs=0.01)


@pytest.mark.parametrize(
    ("lens", "tilt", "width"),
    [(Lens.FISHEYE, 90.0, 180.0), (Lens.RECTILINEAR, 90.0, 100.0), (Lens.FISHEYE, 88.0, 200.0)],
)
def test_a_camera_that_looks_straight_down_is_found_from_a_drawing_that_is_far_off(
    lens: Lens, tilt: float, width: float
) -> None:
    true = camera(x=7.0, y=7.0, pan=40.0, tilt=tilt, roll=160.0, width_of_view=width, height=1920, lens=lens)
    found = calibrate(replace(true, pan=0.0, tilt=60.0, roll=0.0, width_of_view=80.0), clicked(true, 6, 3, 0.0))
    assert turned_by(found.mounting, true) < 1e-5
    assert found.agreement.worst_px < 1e-4


def test_only_what_is_free_is_changed() -> None:
    true = replace(TRUE, roll=0.0)
    found = calibrate(replace(true, pan=10.0, tilt=5.0), clicked(true, 5, 2), ("pan", "tilt")).mounting
    assert (found.pan, found.tilt) == pytest.approx((40, 25), abs=0.2)
    assert replace(found, pan=40.0, tilt=25.0) == true


def test_four_points_on_the_floor_are_enough() -> None:
    points = clicked(TRUE, 4, 5, noise_px=0.0, rise=False)
    assert turned_by(calibrate(DRAWN, points).mounting, TRUE) < 1e-4


@pytest.mark.parametrize(
    ("many", "free", "fewest"), [(3, FREE, 4), (0, FREE, 4), (4, (*FREE, "x", "y", "height_m", "k1", "k2"), 5)]
)
def test_too_few_points_are_refused_with_the_number_that_is_needed(
    many: int, free: Sequence[str], fewest: int
) -> None:
    with pytest.raises(TooFewPoints, match=f"{many} points are too few; click {fewest} at least"):
        calibrate(DRAWN, clicked(TRUE, many, 1), free)


def test_points_on_a_line_of_the_plan_are_refused() -> None:
    places = tuple((2.0 + step, 2.0 + step, 0.0) for step in range(5))
    with pytest.raises(PointsOnALine, match="on the plan all points lie on one line"):
        calibrate(DRAWN, at(TRUE, *places))


def test_points_on_a_line_of_the_picture_are_refused() -> None:
    """Below and above each other, as seen from a camera that looks along the x axis."""
    level = camera(tilt=0.0)
    places = tuple((2.0 + step, 3.0, height) for step, height in enumerate((0.0, 1.2, 0.3, 2.0)))
    with pytest.raises(PointsOnALine, match="in the picture"):
        calibrate(level, at(level, *places))


def test_one_place_clicked_four_times_is_refused() -> None:
    with pytest.raises(PointsOnALine):
        calibrate(DRAWN, at(TRUE, *[(5.0, 5.0, 0.0)] * 4))


def test_numbers_that_trade_off_against_each_other_are_refused() -> None:
    """Of a wall that is met head on, nearer and narrower is the same picture as further and wider."""
    true = camera(tilt=0.0, height_m=1.5)
    wall = at(true, (5, 2, 1), (5, 4, 1), (5, 4, 2.2), (5, 1, 2), (5, 3, 1.7))
    with pytest.raises(Undetermined, match="leave fewer of"):
        calibrate(true, wall, ("width_of_view", "x"))


def test_points_that_no_one_camera_can_show_do_not_converge() -> None:
    around = camera(x=5.0, y=5.0, tilt=0.0)
    points = [
        ClickedPoint((9.0, 5.0, 1.0), (900.0, 500.0)),
        ClickedPoint((1.0, 5.0, 1.0), (200.0, 100.0)),
        ClickedPoint((5.0, 9.0, 1.0), (1500.0, 900.0)),
        ClickedPoint((5.0, 1.0, 0.0), (300.0, 800.0)),
    ]
    with pytest.raises(NotConverged, match="check that each was clicked for the place"):
        calibrate(around, points)


def test_points_that_were_mixed_up_fit_badly_and_do_not_agree() -> None:
    points = clicked(TRUE, 8, 4)
    swapped = [*points[:6], replace(points[6], pixel=points[7].pixel), replace(points[7], pixel=points[6].pixel)]
    assert not calibrate(DRAWN, swapped).agreement.agrees


@pytest.mark.parametrize("free", [(), ("pan", "zoom")])
def test_a_number_that_cannot_be_free_is_refused(free: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="cannot be free"):
        calibrate(DRAWN, clicked(TRUE, 6, 1), free)


def test_a_point_that_is_no_number_and_the_distortion_of_a_fisheye_are_refused() -> None:
    with pytest.raises(ValueError, match="no number"):
        calibrate(DRAWN, [*clicked(TRUE, 4, 1), ClickedPoint((1.0, math.nan, 0.0), (1.0, 1.0))])
    with pytest.raises(ValueError, match="no k1"):
        calibrate(replace(DRAWN, lens=Lens.FISHEYE), clicked(TRUE, 6, 1), ("pan", "k1"))


def test_plan_and_picture_agree_while_no_point_is_further_off_than_the_limit() -> None:
    points = clicked(TRUE, 6, 1, noise_px=0.0)
    assert agreement(TRUE, points).worst_px == pytest.approx(0, abs=1e-9)
    moved = replace(TRUE, pan=TRUE.pan + 2)
    far = agreement(moved, points)
    assert not far.agrees
    assert far.limit_px == pytest.approx(19.2)
    assert agreement(moved, points, limit_share=0.1).agrees
    assert far.off_px[far.worst] == max(far.off_px)


def test_a_point_behind_the_camera_never_agrees() -> None:
    points = clicked(TRUE, 4, 1)
    told = agreement(replace(TRUE, pan=TRUE.pan + 180, tilt=0.0), points)
    assert math.isinf(told.worst_px)
    assert not told.agrees
    with pytest.raises(TooFewPoints):
        agreement(TRUE, [])
