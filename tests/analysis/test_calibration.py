"""References: what is made of pictures, what is refused, and that the stored form comes back."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from analysis.calibration import CalibrationUnreadable, ReferenceRefused, calibrate, read_calibration
from analysis.edges import Picture
from domain.pictures import Region
from tests.analysis.rooms import BENCH, DESK, HEIGHT, WIDTH, room, seated, shot


def shots(count: int = 3, seed: int = 1) -> list[Picture]:
    rng = np.random.default_rng(seed)
    return [shot(room(), rng) for _ in range(count)]


def test_a_reference_comes_back_from_its_bytes_with_the_same_digest() -> None:
    calibration = calibrate(shots(), [DESK, BENCH])
    again = read_calibration(calibration.written())
    assert again.digest == calibration.digest
    assert again.regions == (DESK, BENCH)
    assert np.array_equal(again.points, calibration.points)
    assert (again.width, again.height) == (WIDTH, HEIGHT)


def test_the_same_pictures_make_the_same_reference_and_others_another() -> None:
    assert calibrate(shots(), [DESK]).digest == calibrate(shots(), [DESK]).digest
    assert calibrate(shots(), [DESK]).digest != calibrate(shots(seed=2), [DESK]).digest
    assert calibrate(shots(), [DESK]).digest != calibrate(shots(), [BENCH]).digest


@pytest.mark.parametrize("at", [0, 5, 7, 40, 3000, -1])
def test_a_reference_with_a_changed_byte_is_not_read(at: int) -> None:
    data = bytearray(calibrate(shots(), [DESK]).written())
    data[at] ^= 0x10
    with pytest.raises(CalibrationUnreadable):
        read_calibration(bytes(data))


@pytest.mark.parametrize("size", [0, 4, 12, 60, 5000])
def test_a_reference_that_was_cut_short_is_not_read(size: int) -> None:
    with pytest.raises(CalibrationUnreadable):
        read_calibration(calibrate(shots(), [DESK]).written()[:size])


def test_who_walks_through_the_reference_pictures_leaves_no_edges_in_it() -> None:
    rng = np.random.default_rng(3)
    walking = [shot(seated(room(), DESK, sway), rng) for sway in (-40, 60, -330)]
    empty = [shot(room(), rng) for _ in range(4)]
    peopled, clean = calibrate([*walking, *empty], [DESK]), calibrate(empty, [DESK])
    assert np.abs(peopled.grey.astype(int) - clean.grey.astype(int)).mean() < 1.5
    assert any(advice.station == "1" and "移动" in advice.zh for advice in peopled.advice)
    assert not any(advice.station == "1" for advice in clean.advice)


def test_a_single_reference_picture_is_taken_and_its_weakness_told() -> None:
    advice = calibrate(shots(1), [DESK]).advice
    assert [(each.station, each.refuses) for each in advice] == [(None, False)]
    assert "3" in advice[0].zh
    assert "three" in advice[0].en


def test_a_station_without_texture_is_flagged_with_what_to_do() -> None:
    plain = [cv2.rectangle(picture.copy(), (0, 0), (WIDTH // 2, HEIGHT), (150, 150, 150), -1) for picture in shots()]
    calibration = calibrate([np.asarray(picture, np.uint8) for picture in plain], [DESK, BENCH])
    refused = [advice for advice in calibration.advice if advice.refuses]
    assert [advice.station for advice in refused] == ["1"]
    assert "工位1画面过于单调" in refused[0].zh
    assert "marker" in refused[0].en


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        (((0.1, 0.1), (0.5, 0.1)), "2 corners"),
        (((0.1, 0.1), (1.2, 0.1), (0.5, 0.5)), "corner 2 of station 7 lies outside"),
        (((0.1, 0.1), (float("nan"), 0.1), (0.5, 0.5)), "corner 2 of station 7 lies outside"),
        (((0.1, 0.1), (0.5, 0.5), (0.5, 0.1), (0.1, 0.5)), "cross"),
        (((0.1, 0.1), (0.3, 0.1), (0.5, 0.1)), "no area"),
    ],
)
def test_a_region_that_cannot_be_one_is_refused_by_name(corners: tuple[tuple[float, float], ...], said: str) -> None:
    with pytest.raises(ReferenceRefused, match=said):
        calibrate(shots(), [Region("7", corners)])


def test_two_regions_of_one_station_are_refused() -> None:
    with pytest.raises(ReferenceRefused, match="station 1 has two regions"):
        calibrate(shots(), [DESK, replace(BENCH, station="1")])


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        ([], "at least one"),
        ([np.zeros((0, 0, 3), np.uint8)], "picture 1: a picture must have pixels"),
        ([np.full((360, 640, 3), 130, np.uint8)], "of one brightness"),
        ([np.full((1, 1), 130, np.uint8)], "picture 1 is too small"),
        ([room(), room(width=640, height=360)], "picture 2 has 640 x 360 pixels"),
        ([room(), np.asarray(np.roll(room(), 60, axis=1), np.uint8)], "picture 2 is displaced"),
    ],
)
def test_pictures_of_which_no_reference_can_be_made_are_refused_with_their_number(
    pictures: list[Picture], said: str
) -> None:
    with pytest.raises(ReferenceRefused, match=said):
        calibrate(pictures, [DESK])
