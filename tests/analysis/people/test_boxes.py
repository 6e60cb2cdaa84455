"""Arithmetic of boxes against plain loops, and pictures fitted to a network without moving anything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analysis.people.boxes import ENLARGED, GREY, Rows, distinct, fitted, overlaps

corner = st.integers(0, 60)


@st.composite
def some_rows(draw: st.DrawFn, most: int = 12) -> Rows:
    rows = draw(st.lists(st.tuples(corner, corner, st.integers(1, 40), st.integers(1, 40)), max_size=most))
    return np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32).reshape(-1, 4)


def plain_overlap(one: Rows, other: Rows) -> float:
    """Pixel by pixel, as boxes of whole numbers allow."""
    masks = []
    for left, top, right, bottom in (one.astype(int), other.astype(int)):
        mask = np.zeros((110, 110), bool)
        mask[top:bottom, left:right] = True
        masks.append(mask)
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


@given(some_rows(6), some_rows(6))
def test_overlaps_are_those_that_counting_pixels_gives(rows: Rows, others: Rows) -> None:
    found = overlaps(rows, others)
    assert found.shape == (len(rows), len(others))
    for i, one in enumerate(rows):
        for j, other in enumerate(others):
            assert found[i, j] == pytest.approx(plain_overlap(one, other), abs=1e-5)


@given(some_rows(), st.data())
def test_what_stays_is_what_the_plain_rule_keeps(rows: Rows, data: st.DataObject) -> None:
    scores = data.draw(arrays.arrays(np.float32, len(rows), elements=st.sampled_from([0.2, 0.5, 0.5, 0.9])))
    kept: list[int] = []
    for place in sorted(range(len(rows)), key=lambda each: -scores[each]):
        if all(plain_overlap(rows[place], rows[other]) <= 0.5 for other in kept):
            kept.append(place)
    assert distinct(rows, scores, 0.5).tolist() == kept


@given(st.integers(1, 200), st.integers(1, 200))
def test_a_fitted_picture_lies_in_the_corner_and_the_rest_is_grey(width: int, height: int) -> None:
    picture = np.full((height, width, 3), 200, np.uint8)
    square, scale = fitted(picture, 64)
    assert square.shape == (64, 64, 3)
    assert scale == min(ENLARGED, 64 / max(width, height))
    inside = max(1, round(height * scale)), max(1, round(width * scale))
    assert (square[: inside[0], : inside[1]] == 200).all()
    square[: inside[0], : inside[1]] = GREY
    assert (square == GREY).all()


def test_a_picture_that_fits_keeps_every_pixel() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (40, 64, 3), np.uint8)
    square, scale = fitted(picture, 64)
    assert scale == 1.0
    assert (square[:40] == picture).all()
