"""Arithmetic of many boxes at once: how much they overlap, which are duplicates, and pictures fitted to a network.

Boxes are rows of left, top, right, bottom in pixels. Not here: what a network's numbers mean (``layouts``).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.people.detector import Picture
from domain.presence import Box

Rows = NDArray[np.float32]

GREY = 114
"""What fills a fitted picture up; the networks were trained with it."""


ENLARGED = 3
"""How many times a small picture is enlarged at most. Of people who sit and are 26 pixels tall it found 32 of 32
instead of none (YOLO 11n), and 29 instead of 5 (YOLOX nano); more than that shows what is not there."""


def fitted(picture: Picture, side: int) -> tuple[Picture, float]:
    """A square of ``side`` with the picture in its upper left corner, made as large as it fits, and the scale: a
    point of the picture times the scale is that of the square. One that is very small is enlarged ENLARGED times.
    """
    height, width = picture.shape[:2]
    scale = min(ENLARGED, side / max(height, width))
    if scale != 1.0:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # Where much is lost, the mean of areas, or thin things vanish between the points that are taken. It is four
        # times as slow, so not where each pixel is still looked at.
        way = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)
    square = np.full((side, side, 3), GREY, np.uint8)
    square[: picture.shape[0], : picture.shape[1]] = picture
    return square, scale


def overlaps(boxes: Rows, others: Rows) -> Rows:
    """Intersection over union of each box with each of the others: n x m."""
    shared = intersections(boxes, others)
    union = areas(boxes)[:, None] + areas(others)[None, :] - shared
    return np.asarray(shared / np.maximum(union, np.float32(1e-9)), np.float32)


def intersections(boxes: Rows, others: Rows) -> Rows:
    """Area that each box shares with each of the others: n x m."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = np.maximum(high - low, np.float32(0))
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def areas(boxes: Rows) -> Rows:
    """Area of each box; none for one that is turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], np.float32(0))
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def distinct(boxes: Rows, scores: Rows, overlap: float) -> NDArray[np.intp]:
    """Which boxes stay, the highest score first: none overlaps one before it by more than ``overlap``.

    Non-maximum suppression over a matrix of all pairs; the loop runs over what stays, not over pairs.
    """
    order = np.argsort(-scores, kind="stable")
    shared = overlaps(boxes[order], boxes[order]) > overlap
    alive = np.ones(len(order), bool)
    for place in range(len(order)):
        if alive[place]:
            alive[place + 1 :] &= ~shared[place, place + 1 :]
    return order[alive]


def boxes_of(rows: Rows, scores: Rows) -> tuple[Box, ...]:
    """As the domain's type."""
    edges = zip(rows.astype(float).tolist(), scores.astype(float).tolist(), strict=True)
    return tuple(Box(left, top, right, bottom, min(1.0, score)) for (left, top, right, bottom), score in edges)


def rows_of(boxes: tuple[Box, ...]) -> tuple[Rows, Rows]:
    """Boxes as rows, and their scores."""
    rows = np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], np.float32).reshape(-1, 4)
    return rows, np.array([box.score for box in boxes], np.float32)
