"""Blocks of a station: how they lie, when they are dead, and what counts as movement."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.edges import Grey
from analysis.stations import SIDE, bits, grid, moment, station_sample, stirring
from domain.pictures import Region

SQUARE = Region("1", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
EVERYWHERE = np.stack(np.meshgrid(np.arange(100), np.arange(100)), axis=-1).reshape(-1, 2).astype(np.float32)


def test_flags_become_bits_with_the_first_in_the_lowest() -> None:
    assert bits(np.array([True, False, False, True])) == 0b1001
    assert bits(np.ones(25, np.bool_)) == (1 << 25) - 1


def test_blocks_are_counted_row_by_row() -> None:
    laid = grid(SQUARE, EVERYWHERE, 100, 100)
    assert laid.textured == SIDE * SIDE
    assert set(laid.counts) == {400}
    upper_right = (EVERYWHERE[:, 0] >= 80) & (EVERYWHERE[:, 1] < 20)
    sample = station_sample(laid, ~upper_right, np.ones(len(EVERYWHERE), np.bool_), None)
    assert (sample.lost, sample.dead, sample.stirred) == (1 << 4, 1, 0)


def test_a_triangle_has_blocks_only_where_it_lies() -> None:
    laid = grid(Region("1", ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))), EVERYWHERE, 100, 100)
    assert laid.comparable >> 24 & 1 == 0  # the lower right one
    assert laid.comparable & 1 == 1
    assert 12 <= laid.textured <= 17


def test_a_region_smaller_than_a_pixel_has_no_block_to_compare() -> None:
    tiny = Region("1", ((0.5, 0.5), (0.504, 0.5), (0.504, 0.504), (0.5, 0.504)))
    assert grid(tiny, EVERYWHERE, 100, 100).textured == 0


def test_blocks_that_left_the_picture_are_neither_dead_nor_compared() -> None:
    laid = grid(SQUARE, EVERYWHERE, 100, 100)
    inside = EVERYWHERE[:, 0] < 60
    sample = station_sample(laid, inside, inside, None)
    assert (sample.blocks, sample.dead) == (15, 0)


def textured() -> Grey:
    """Smooth enough to be a picture: things of some pixels."""
    rough = np.random.default_rng(1).integers(40, 200, (180, 320)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(rough, (0, 0), 2.0), np.uint8)


def stirred(before: Grey, now: Grey) -> Grey:
    return stirring(moment(before), moment(now))


@pytest.mark.parametrize("gain", [0.7, 1.0, 1.3])
def test_neither_a_gain_nor_a_part_of_a_pixel_of_vibration_is_movement(gain: float) -> None:
    before = textured()
    move = np.array([[1.0, 0.0, 0.2], [0.0, 1.0, 0.1]])
    now = np.asarray(cv2.warpAffine(before, move, (320, 180), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    assert stirred(before, (now * gain).astype(np.uint8)).mean() < 0.01 * 255


def test_noise_is_no_movement_and_a_thing_that_went_by_two_pixels_is() -> None:
    before, rng = textured(), np.random.default_rng(2)
    now = before.copy()
    now[60:120, 100:160] = before[60:120, 102:162]
    noisy = [(each + rng.normal(0, 1.5, each.shape)).clip(0, 255).astype(np.uint8) for each in (before, now)]
    found = stirred(noisy[0], noisy[1])
    assert found[62:118, 102:158].mean() > 0.04 * 255
    assert found[:, 170:].mean() < 0.001 * 255


def test_somebody_before_less_than_half_of_the_picture_is_movement_and_the_rest_is_not() -> None:
    before = textured()
    now = (before * 0.9).astype(np.uint8)
    now[:, :140] = 220
    found = stirred(before, now)
    assert found[:, :138].mean() > 0.8 * 255
    assert found[:, 145:].mean() < 0.01 * 255


def test_where_a_picture_is_saturated_nothing_is_said() -> None:
    before, now = textured(), textured()
    now[:, :60] = 255
    assert stirred(before, now)[:, :58].max() == 0
