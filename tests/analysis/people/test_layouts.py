"""Decoders of outputs: what is put into the numbers by the papers' formulas comes out again, box by box."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.people.detector import POSSIBLE
from analysis.people.errors import ModelRefused
from analysis.people.layouts import PERSON, Tensor, Yolo, Yolox, anchors, layout_of

SIDE = 96  # 144 + 36 + 9 anchors
ANCHORS = 189

boxes = st.tuples(st.integers(0, ANCHORS - 1), st.floats(0, 1), st.floats(0, 1), st.floats(4, 90), st.floats(4, 90))


def yolox_of(anchor: int, x: float, y: float, width: float, height: float) -> tuple[Tensor, list[float]]:
    """One person of YOLOX: a cell of a grid, counted row by row, with an offset in it."""
    place, stride = anchor, 8
    while place >= (SIDE // stride) ** 2:
        place, stride = place - (SIDE // stride) ** 2, stride * 2
    row, column = divmod(place, SIDE // stride)
    answer = np.zeros((1, ANCHORS, 85), np.float32)
    answer[0, anchor, :6] = x, y, log(width / stride), log(height / stride), 0.9, 0.8
    centre = (column + x) * stride, (row + y) * stride
    return answer, [*centre, width, height]


@given(boxes)
def test_a_person_of_yolox_is_found_where_it_was_put(box: tuple[int, float, float, float, float]) -> None:
    answer, (x, y, width, height) = yolox_of(*box)
    (found,) = Yolox().people([answer], 0, SIDE)
    assert found.centre == pytest.approx((x, y), abs=1e-3)
    assert (found.width, found.height) == pytest.approx((width, height), rel=1e-4)
    assert found.score == pytest.approx(0.72)


@given(boxes)
def test_a_person_of_yolo_is_found_where_it_was_put(box: tuple[int, float, float, float, float]) -> None:
    anchor, x, y, width, height = box
    answer = np.zeros((2, 84, ANCHORS), np.float32)
    answer[1, :5, anchor] = x * SIDE, y * SIDE, width, height, 0.6
    assert Yolo().people([answer], 0, SIDE) == ()
    (found,) = Yolo().people([answer], 1, SIDE)
    assert found.centre == pytest.approx((x * SIDE, y * SIDE), abs=1e-3)
    assert (found.width, found.height) == pytest.approx((width, height), rel=1e-4)


def test_other_classes_and_low_scores_are_no_people() -> None:
    answer = np.zeros((1, 84, ANCHORS), np.float32)
    answer[0, :4] = 40
    answer[0, 4 + PERSON, 0] = POSSIBLE - 0.01
    answer[0, 4 + 17, 1] = 0.99  # a horse
    assert Yolo().people([answer], 0, SIDE) == ()


def test_two_boxes_around_one_person_are_one_and_around_two_are_two() -> None:
    answer = np.zeros((1, 84, ANCHORS), np.float32)
    for anchor, x, score in ((0, 30, 0.5), (1, 31, 0.8), (2, 70, 0.6)):
        answer[0, :5, anchor] = x, 40, 20, 50, score
    assert [round(box.score, 1) for box in Yolo().people([answer], 0, SIDE)] == [0.8, 0.6]


@pytest.mark.parametrize("side", [32, 96, 320, 416, 640])
def test_there_is_one_anchor_for_each_cell_and_none_lies_outside(side: int) -> None:
    cells, strides = anchors(side)
    assert len(cells) == len(strides) == sum((side // stride) ** 2 for stride in (8, 16, 32))
    assert len({tuple(row) for row in np.column_stack([cells, strides]).tolist()}) == len(cells)
    assert ((cells + 1) * strides[:, None] <= side).all()


def test_layouts_are_told_by_their_shapes() -> None:
    assert layout_of([(1, ANCHORS, 85)], SIDE).name == "yolox"
    assert layout_of([(1, ANCHORS, 6)], SIDE).name == "yolox"
    assert layout_of([(1, 84, ANCHORS)], SIDE).name == "yolo"
    assert layout_of([(1, 5, ANCHORS)], SIDE).name == "yolo"


@pytest.mark.parametrize(
    "shapes",
    [
        [],
        [(1, 1000)],
        [(1, ANCHORS - 1, 85)],
        [(1, ANCHORS, 25)],  # twenty classes, and nobody knows which of them is a person
        [(1, 300, 6)],
        [(1, 84, ANCHORS), (1, 32, 24, 24)],
    ],
)
def test_other_shapes_are_refused_with_what_was_found_and_what_is_needed(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelRefused) as refused:
        layout_of(shapes, SIDE)
    said = str(refused.value)
    assert all(" x ".join(map(str, shape)) in said for shape in shapes)
    assert "1 x anchors x 85" in said
    assert "1 x 84 x anchors" in said
