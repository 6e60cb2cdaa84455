"""Blocks of a station: how they lie, and when they are dead."""

from __future__ import annotations

import numpy as np

from analysis.stations import SIDE, bits, grid, station_sample
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
    sample = station_sample(laid, ~upper_right, np.ones(len(EVERYWHERE), np.bool_), b"")
    assert (sample.lost, sample.dead, sample.unrest) == (1 << 4, 1, b"")


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
    sample = station_sample(laid, inside, inside)
    assert (sample.blocks, sample.dead) == (15, 0)
