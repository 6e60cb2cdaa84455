"""What the numbers mean that a network gives out: one decoder for each layout, which is told by its shapes.

Two families, both with strides of 8, 16 and 32 pixels and an anchor in each cell:

- YOLOX (Ge et al., arXiv 2107.08430): one tensor n x anchors x (5 + classes) as exported without its own decoding:
  centre as an offset in its cell, the logarithm of the size, objectness, classes. Pictures are BGR, 0 to 255.
- YOLO v8 and 11: one tensor n x (4 + classes) x anchors: centre and size in pixels, classes. RGB, 0 to 1.

Person is the first class of COCO's eighty, or the only one. Shapes tell
nothing of how a network wants its colours: exports of YOLOX from before 2021-08 want other ones and find nobody, so a
model is tried on a picture when it is added (``kaojian models try``). Not here: how a network is run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.people.boxes import Rows, boxes_of, distinct
from analysis.people.detector import OVERLAP, POSSIBLE, Picture
from analysis.people.errors import ModelRefused
from domain.presence import Box

Tensor = NDArray[np.float32]

STRIDES = (8, 16, 32)
PERSON = 0  # of COCO, and of a model that knows one class
_CLASSES = (1, 80)
NEEDED = (
    "needed is a detector with one input of 1 x 3 x side x side, side a multiple of 32, and the outputs of YOLOX "
    "(1 x anchors x 85) or of YOLO v8 or 11 (1 x 84 x anchors), whose classes are those of COCO, or person alone"
)


class Layout(ABC):
    """How pictures go into a network of one family and boxes come out."""

    name: ClassVar[str]

    @abstractmethod
    def packed(self, squares: Sequence[Picture]) -> Tensor:
        """Fitted pictures as n x 3 x side x side."""

    @abstractmethod
    def candidates(self, outputs: Sequence[Tensor], number: int, side: int) -> tuple[Rows, Rows]:
        """Boxes that score POSSIBLE or more, in pixels of the square, and their scores, for one of the pictures."""

    def people(self, outputs: Sequence[Tensor], number: int, side: int) -> tuple[Box, ...]:
        """The people of one picture, each once."""
        rows, scores = self.candidates(outputs, number, side)
        kept = distinct(rows, scores, OVERLAP)
        return boxes_of(rows[kept], scores[kept])


class Yolox(Layout):
    """n x anchors x (5 + classes), not decoded yet."""

    name = "yolox"

    def packed(self, squares: Sequence[Picture]) -> Tensor:
        return np.asarray(cv2.dnn.blobFromImages(list(squares)), np.float32)

    def candidates(self, outputs: Sequence[Tensor], number: int, side: int) -> tuple[Rows, Rows]:
        found = outputs[0][number]
        scores = found[:, 4] * found[:, 5 + PERSON]
        good = scores >= POSSIBLE
        cells, strides = anchors(side)
        centres = (found[good, :2] + cells[good]) * strides[good, None]
        sizes = np.exp(found[good, 2:4]) * strides[good, None]
        return _around(centres, sizes), scores[good]


class Yolo(Layout):
    """n x (4 + classes) x anchors, of YOLO v8 and 11."""

    name = "yolo"

    def packed(self, squares: Sequence[Picture]) -> Tensor:
        return np.asarray(cv2.dnn.blobFromImages(list(squares), 1 / 255, swapRB=True), np.float32)

    def candidates(self, outputs: Sequence[Tensor], number: int, side: int) -> tuple[Rows, Rows]:
        found = outputs[0][number]
        scores = found[4 + PERSON]
        good = scores >= POSSIBLE
        return _around(found[0:2, good].T, found[2:4, good].T), scores[good]


def layout_of(shapes: Sequence[tuple[int, ...]], side: int) -> Layout:
    """The layout that a network of that side has, by the shapes it gives out. Raises ModelRefused."""
    count = sum(_cells(side))
    found: Layout | None = None
    if len(shapes) == 1 and len(shapes[0]) == 3:
        _, rows, columns = shapes[0]
        if rows == count and columns - 5 in _CLASSES:
            found = Yolox()
        elif columns == count and rows - 4 in _CLASSES:
            found = Yolo()
    if found is None:
        told = ", ".join(" x ".join(map(str, shape)) for shape in shapes) or "nothing"
        raise ModelRefused(f"this network gives out {told} for pictures of {side} x {side}; {NEEDED}")
    return found


@cache
def anchors(side: int) -> tuple[Rows, Rows]:
    """Column and row of each cell, and the stride of its grid, in the order in which networks give them out."""
    cells, strides = [], []
    for stride, count in zip(STRIDES, _cells(side), strict=True):
        rows, columns = np.divmod(np.arange(count, dtype=np.float32), np.float32(side // stride))
        cells.append(np.stack([columns, rows], axis=1))
        strides.append(np.full(count, stride, np.float32))
    return np.concatenate(cells), np.concatenate(strides)


def _cells(side: int) -> tuple[int, ...]:
    return tuple((side // stride) ** 2 for stride in STRIDES)


def _around(centres: Rows, sizes: Rows) -> Rows:
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1).astype(np.float32)
