"""Measuring one picture: gains, covers, displacements, and input that is no picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.calibration import Calibration, calibrate
from analysis.edges import NotAPicture, Picture
from analysis.picture import SIGNATURE_CELLS, measure
from domain.pictures import Sample, StationSample
from tests.analysis.rooms import BENCH, DESK, HEIGHT, WIDTH, boarded, room, seated, shot, timed


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    rng = np.random.default_rng(1)
    return calibrate([shot(room(), rng) for _ in range(3)], [DESK, BENCH])


def measured(picture: Picture, calibration: Calibration | None) -> Sample:
    return next(measure(timed([picture]), calibration))


def station(sample: Sample, name: str) -> StationSample:
    return next(each for each in sample.stations if each.station == name)


@pytest.mark.parametrize("gain", [0.6, 0.8, 1.0, 1.2])
def test_a_gain_changes_brightness_and_nothing_else(calibration: Calibration, gain: float) -> None:
    sample = measured(shot(room(), np.random.default_rng(2), gain), calibration)
    assert sample.brightness_ratio == pytest.approx(gain, abs=0.03)
    assert sample.survival is not None
    assert sample.survival > 0.95
    assert sample.sharpness == pytest.approx(1, abs=0.15)
    assert [each.dead for each in sample.stations] == [0, 0]
    assert all(each.blocks == 25 for each in sample.stations)


@pytest.mark.parametrize("share", [0.4, 0.6, 1.0])
def test_a_board_kills_the_blocks_behind_it_and_no_others(calibration: Calibration, share: float) -> None:
    sample = measured(boarded(room(), DESK, share), calibration)
    columns = round(5 * share)
    expected = sum(1 << (row * 5 + column) for row in range(5) for column in range(columns))
    assert station(sample, "1").lost == expected
    assert station(sample, "1").dead == 5 * columns
    assert station(sample, "2").dead == 0


def test_a_covered_lens_leaves_neither_edges_nor_points(calibration: Calibration) -> None:
    for cover in (np.full((HEIGHT, WIDTH, 3), 90, np.uint8), room(seed=9)):
        sample = measured(cover, calibration)
        assert sample.survival is not None
        assert sample.survival < 0.3
        assert sample.inliers is not None
        assert sample.inliers < 20


@pytest.mark.parametrize(("across", "down"), [(0, 0), (6, -3), (20, 12), (60, -30)])
def test_a_displacement_is_measured_and_undone(calibration: Calibration, across: int, down: int) -> None:
    move = np.array([[1.0, 0, across], [0, 1, down]])
    picture = np.asarray(cv2.warpAffine(room(), move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8)
    sample = measured(picture, calibration)
    assert sample.shift == pytest.approx(np.hypot(across, down) / WIDTH, abs=0.002)
    assert sample.survival is not None
    assert sample.survival > 0.85
    assert station(sample, "2").dead == 0


@pytest.mark.parametrize("degrees", [2.0, -5.0])
def test_a_turn_is_measured(calibration: Calibration, degrees: float) -> None:
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, 1)
    sample = measured(np.asarray(cv2.warpAffine(room(), turn, (WIDTH, HEIGHT)), np.uint8), calibration)
    assert sample.rotation == pytest.approx(abs(degrees), abs=0.2)
    assert sample.shift == pytest.approx(0, abs=0.004)
    assert sample.inliers is not None
    assert sample.inliers >= 20


def test_a_blur_lowers_sharpness_before_edges_go(calibration: Calibration) -> None:
    blurred = np.asarray(cv2.GaussianBlur(room(), (0, 0), 3), np.uint8)
    sample = measured(blurred, calibration)
    assert sample.sharpness is not None
    assert sample.sharpness < 0.7
    assert sample.survival is not None
    assert sample.survival > 0.5


def test_what_moved_is_told_from_what_stands_still(calibration: Calibration) -> None:
    rng = np.random.default_rng(4)
    moving = [shot(seated(boarded(room(), DESK), BENCH, 12 * (at % 2)), rng) for at in range(8)]
    last = list(measure(timed(moving), calibration))[-1]
    assert max(station(last, "1").unrest) <= 12
    assert station(last, "1").dead == 25
    assert max(station(last, "2").unrest) > 60


def test_the_first_sample_knows_no_change_and_the_second_does(calibration: Calibration) -> None:
    first, second = measure(timed([room(), room()]), calibration)
    assert first.change is None
    assert second.change == 0


def test_grey_pictures_are_measured_like_those_in_colour(calibration: Calibration) -> None:
    colour = boarded(room(), DESK)
    grey = np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), np.uint8)
    one, other = measured(colour, calibration), measured(grey, calibration)
    assert other == one
    assert measured(grey[:, :, None], calibration) == one


def test_a_picture_of_another_size_is_compared_with_nothing(calibration: Calibration) -> None:
    sample = measured(room(width=640, height=360), calibration)
    assert (sample.width, sample.height) == (640, 360)
    assert (sample.survival, sample.sharpness, sample.shift, sample.inliers) == (None, None, None, None)
    assert sample.stations == ()
    assert sample.brightness > 0


def test_a_picture_of_one_pixel_is_a_sample_of_that_size(calibration: Calibration) -> None:
    for one in (calibration, None):
        sample = measured(np.full((1, 1, 3), 200, np.uint8), one)
        assert (sample.width, sample.height) == (1, 1)
        assert sample.brightness == pytest.approx(200, abs=1)
        assert sample.survival is None


def test_without_a_reference_light_and_change_are_still_measured() -> None:
    dark, light = measure(timed([np.zeros((90, 160), np.uint8), np.full((90, 160), 255, np.uint8)]), None)
    assert (dark.brightness, dark.clipped, dark.contrast) == (0, 0, 0)
    assert (light.brightness, light.clipped, light.change) == (255, 1, 255)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 640, 3), np.uint8),
        np.zeros((10,), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10), np.float32),
    ],
)
def test_an_array_that_is_no_picture_is_refused_with_its_instant(calibration: Calibration, array: Picture) -> None:
    samples = measure(timed([room(), array]), calibration)
    assert next(samples).survival is not None
    with pytest.raises(NotAPicture, match="2026-05-01T01:00:02"):
        next(samples)


def test_a_signature_takes_less_than_300_bytes_a_second(calibration: Calibration) -> None:
    signature = measured(room(), calibration).signature
    assert len(signature) == 2 * SIGNATURE_CELLS[0] * SIGNATURE_CELLS[1]
    assert len(signature) / 2 < 300


def test_pixels_at_random_are_measured_without_complaint(calibration: Calibration) -> None:
    rng = np.random.default_rng(8)
    noise = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    sample = measured(np.asarray(noise, np.uint8), calibration)
    assert sample.survival is not None
    assert sample.survival < 0.3
