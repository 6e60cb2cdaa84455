"""Unrest: what gain, vibration, noise and light leave at rest, and how little of a movement shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.edges import Grey, logarithm, slopes_of
from analysis.stations import SIDE, Grid, grid
from analysis.tones import UNKNOWN, Shown, shown, unrest
from domain.pictures import Region

IN_PLACE = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
QUIET = 12
"""Steps: what is at rest has less (``analysis.sight``)."""


def textured() -> Grey:
    """Smooth enough to be a picture: things of some pixels."""
    rough = np.random.default_rng(1).integers(0, 255, (180, 320)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(rough, (0, 0), 2.0) * 0.9 + 10, np.uint8)


def station(left: float, top: float, right: float, bottom: float) -> Grid:
    every = np.stack(np.meshgrid(np.arange(320), np.arange(180)), axis=-1).reshape(-1, 2).astype(np.float32)
    return grid(Region("1", ((left, top), (right, top), (right, bottom), (left, bottom))), every, 320, 180)


MIDDLE = station(0.3, 0.3, 0.55, 0.7)


def ready(grey: Grey, *stations: Grid) -> Shown:
    plane = logarithm(grey)
    return shown(grey, plane, slopes_of(plane), IN_PLACE, stations)


def unrest_of(before: Grey, now: Grey, where: Grid = MIDDLE) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    first, second = (ready(grey, where) for grey in (before, now))
    (found,) = unrest(first, second, [where])
    return np.frombuffer(found, np.uint8)


def moved(grey: Grey, across: float, down: float) -> Grey:
    move = np.array([[1.0, 0.0, across], [0.0, 1.0, down]])
    return np.asarray(cv2.warpAffine(grey, move, (320, 180), borderMode=cv2.BORDER_REPLICATE), np.uint8)


@pytest.mark.parametrize("gain", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("across", [0.2, 1.7])
def test_neither_a_gain_nor_vibration_is_unrest(gain: float, across: float) -> None:
    now = (moved(textured(), across, 0.4) * gain).astype(np.uint8)
    assert unrest_of(textured(), now).max() <= QUIET


def test_noise_is_none_and_somebody_who_moves_by_half_a_pixel_is() -> None:
    before, rng = textured(), np.random.default_rng(2)
    now = before.copy()
    now[40:140, 80:190] = moved(before, 0.8, 0.0)[40:140, 80:190]
    noisy = [(each + rng.normal(0, 1.5, each.shape)).clip(0, 255).astype(np.uint8) for each in (before, now)]
    assert np.count_nonzero(unrest_of(noisy[0], noisy[1]) > QUIET) > SIDE * SIDE / 2
    assert unrest_of(noisy[0], noisy[1], station(0.7, 0.3, 0.95, 0.7)).max() <= QUIET


def test_what_becomes_lighter_as_a_whole_is_light_and_no_movement() -> None:
    before = textured()
    now = before.copy()
    now[:, :200] = (now[:, :200] * 1.1).astype(np.uint8)
    assert np.count_nonzero(unrest_of(before, now) <= QUIET) > SIDE * SIDE / 2


def test_somebody_before_less_than_half_of_the_picture_leaves_the_rest_at_rest() -> None:
    before = textured()
    now = (before * 0.9).astype(np.uint8)
    now[:, :110] = moved(now, 0.0, 9.0)[:, :110]
    assert unrest_of(before, now, station(0.5, 0.2, 0.9, 0.8)).max() <= QUIET
    assert unrest_of(before, now, station(0.02, 0.2, 0.3, 0.8)).min() > QUIET


def test_where_a_picture_is_saturated_nothing_is_known() -> None:
    before, now = textured(), textured()
    now[:, :110] = 255
    assert set(unrest_of(before, now, station(0.02, 0.2, 0.3, 0.8))) == {UNKNOWN}
    assert unrest_of(before, now, station(0.5, 0.2, 0.9, 0.8)).max() <= QUIET


def test_pictures_without_an_edge_are_compared_by_their_light() -> None:
    flat = np.full((180, 320), 120, np.uint8)
    assert unrest_of(flat, (flat * 0.8).astype(np.uint8)).max() == 0


def test_every_block_of_every_station_has_its_byte() -> None:
    first = second = ready(textured(), MIDDLE, MIDDLE)
    assert [len(each) for each in unrest(first, second, [MIDDLE, MIDDLE])] == [SIDE * SIDE] * 2
