"""A detector for painted pictures: each connected patch of pure blue is a person."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from analysis.people.detector import Picture
from domain.presence import Box

GROUND = 60  # of a picture without people
PERSON = (255, 0, 0)


class FakeDetector:
    """Finds what is painted in PERSON, all of it, whole or cut, and keeps the sizes of what it was given."""

    name = "fake"

    def __init__(self, side: int = 416) -> None:
        self.side = side
        self.given: list[tuple[int, int]] = []

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Box, ...]]:
        self.given += [(picture.shape[1], picture.shape[0]) for picture in pictures]
        return [_patches(picture) for picture in pictures]


def painted(width: int, height: int, people: Sequence[Box]) -> Picture:
    """A grey picture with people in it, at whole pixels."""
    picture = np.full((height, width, 3), GROUND, np.uint8)
    for box in people:
        picture[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = PERSON
    return picture


def _patches(picture: Picture) -> tuple[Box, ...]:
    mask = np.all(picture == np.array(PERSON, np.uint8), axis=2).astype(np.uint8)
    _, _, found, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    return tuple(
        Box(float(x), float(y), float(x + width), float(y + height), 0.9)
        for x, y, width, height in ([int(value) for value in row[:4]] for row in found[1:])
    )
