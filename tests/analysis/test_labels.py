"""Labels in pictures: read where they are large enough, on any picture, and never made up."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import segno
from numpy.typing import NDArray

from analysis.labels import read_labels
from domain.pictures import Region

WALL = 150
CORNER = Region("A-01", ((0.0, 0.0), (0.25, 0.0), (0.25, 0.3), (0.0, 0.3)))


def code(text: str, side: int) -> NDArray[np.uint8]:
    """A code as a camera has it: that many pixels wide, quiet zone included, a little soft."""
    drawn = cv2.QRCodeEncoder.create().encode(text)
    return np.asarray(cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def room(*labels: tuple[str, int, int, int]) -> NDArray[np.uint8]:
    """A picture of 1280 x 720 with noise, and labels by text, left, top and size."""
    rng = np.random.default_rng(7)
    picture = np.clip(rng.normal(WALL, 4, (720, 1280)), 0, 255).astype(np.uint8)
    for text, left, top, side in labels:
        picture[top : top + side, left : left + side] = code(text, side)
    return picture


def test_several_labels_of_one_picture_are_read() -> None:
    shown = room(("A-01", 60, 60, 140), ("A-02", 900, 400, 180))
    assert read_labels([shown]) == {"A-01", "A-02"}


def test_a_code_that_is_no_text_hides_no_other() -> None:
    poster = segno.make("第十二号", error="m", micro=False, encoding="shift_jis")
    shown = room(("A-01", 60, 60, 140))
    modules = np.array([list(line) for line in poster.matrix_iter(border=3)], np.uint8)
    drawn = cv2.resize(((1 - modules) * 255).astype(np.uint8), (200, 200), interpolation=cv2.INTER_AREA)
    shown[400:600, 700:900] = drawn
    assert read_labels([shown]) == {"A-01"}


def test_a_label_that_one_picture_hides_is_read_in_another() -> None:
    assert read_labels([room(), room(("A-01", 60, 60, 140))]) == {"A-01"}


def test_a_label_of_80_pixels_is_read_wherever_it_hangs() -> None:
    assert read_labels([room(("A-01", 700, 300, 80))]) == {"A-01"}


def test_a_small_label_is_read_where_a_station_lies_that_is_looked_at_closely() -> None:
    shown = room(("A-01", 60, 60, 55))
    assert read_labels([shown]) == frozenset()
    assert read_labels([shown], [CORNER]) == {"A-01"}


@pytest.mark.parametrize("shown", [room(), room(("A-01", 60, 60, 20)), np.zeros((2, 2), np.uint8)])
def test_where_none_can_be_read_there_is_none(shown: NDArray[np.uint8]) -> None:
    assert read_labels([shown], [CORNER]) == frozenset()


def test_without_pictures_nothing_is_read() -> None:
    assert read_labels([]) == frozenset()
