"""Heads in copies: what lies outside of them is the same to the last bit, and inside no detail is left."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.people.blurring import BLOCKS, head_window, heads_blurred
from analysis.people.detector import Picture
from domain.presence import Box

WIDTH, HEIGHT = 96, 72


@st.composite
def some_boxes(draw: st.DrawFn) -> list[Box]:
    """Also such as leave the picture."""
    side = st.floats(-30, 110)
    found = []
    for _ in range(draw(st.integers(0, 4))):
        left, top = draw(side), draw(side)
        found.append(Box(left, top, left + draw(st.floats(0.1, 80)), top + draw(st.floats(0.1, 80)), 0.5))
    return found


def noise(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def outside(boxes: list[Box]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    mask = np.ones((HEIGHT, WIDTH), bool)
    for box in boxes:
        part = head_window(box, WIDTH, HEIGHT)
        if part is not None:
            mask[part.top : part.bottom, part.left : part.right] = False
    return mask


@settings(max_examples=80)
@given(st.integers(0, 1 << 30), some_boxes())
def test_nothing_changes_outside_of_heads_nor_in_the_picture_itself(seed: int, boxes: list[Box]) -> None:
    picture = noise(seed)
    done = heads_blurred(picture, boxes)
    assert (picture == noise(seed)).all()
    assert (done[outside(boxes)] == picture[outside(boxes)]).all()


@settings(max_examples=80)
@given(st.integers(0, 1 << 30), st.integers(20, 96), st.integers(20, 96))
def test_a_head_keeps_nothing_but_a_few_mean_colours(seed: int, width: int, height: int) -> None:
    """Two pictures whose blocks have the same means come out alike, so that their detail cannot be in there."""
    box = Box(0, 0, width, height / 0.35, 0.9)
    picture = noise(seed, width, height)
    part = head_window(box, width, height)
    assert part is not None
    done = heads_blurred(picture, [box])
    across = np.diff(done.astype(int), axis=1)
    assert np.abs(across).max() <= 255 / (width / BLOCKS) + 2  # no edge: the steepest ramp between two blocks
    assert done.std() < picture.std()


def test_what_differs_within_a_block_only_is_not_to_be_seen_any_more() -> None:
    picture = np.full((90, 90, 3), 100, np.uint8)
    checked = picture.copy()
    checked[::2, ::2], checked[1::2, 1::2] = 200, 200
    checked[::2, 1::2], checked[1::2, ::2] = 0, 0
    box = Box(0, 0, 90, 90 / 0.35, 0.9)
    assert (heads_blurred(picture, [box]) == heads_blurred(checked, [box])).all()


def test_the_head_of_a_person_lies_within_its_part_and_the_hands_do_not() -> None:
    part = head_window(Box(30, 20, 50, 70, 0.9), WIDTH, HEIGHT)
    assert part is not None
    assert part.left < 30
    assert part.right > 50
    assert part.top < 20
    assert 20 + 50 / 4 < part.bottom < 20 + 50 / 2


def test_the_head_of_somebody_who_sits_behind_a_desk_is_hidden_down_to_the_chin() -> None:
    part = head_window(Box(20, 10, 60, 60, 0.9), WIDTH, HEIGHT)  # shoulders and half of the chest
    assert part is not None
    assert 10 + 50 / 2 < part.bottom < 60


def test_a_person_outside_of_the_picture_has_no_head_in_it() -> None:
    assert head_window(Box(200, 0, 220, 50, 0.9), WIDTH, HEIGHT) is None
    assert head_window(Box(-40, 0, -20, 50, 0.9), WIDTH, HEIGHT) is None
    assert head_window(Box(0, 90, 20, 150, 0.9), WIDTH, HEIGHT) is None
