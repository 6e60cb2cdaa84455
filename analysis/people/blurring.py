"""Heads made unrecognisable in a picture, for copies that leave the house. Footage itself is never changed.

Not here: where people are (``detector``), and who asks for such a copy. A detector misses people, so a blurred copy
is less likely to show a face, and no promise that it shows none.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.people.crops import Window
from analysis.people.detector import Picture
from domain.presence import Box

HEAD_SHARE = 0.35
"""The upper part of a person's box in which the head lies of somebody who stands: a third, and some more."""

HEAD_TO_WIDTH = 0.65
"""The same of somebody who sits behind a desk, by the width of the box: shoulders are less than two heads wide."""

GROWN = 0.15
"""How much of the box's width the head's part reaches further to the left, to the right and upwards."""

BLOCKS = 3
"""Of how many flat blocks across a head is made. Three show that there is somebody, and nothing of the face."""


def heads_blurred(picture: Picture, people: Iterable[Box]) -> Picture:
    """A copy of the picture in which each person's head is a few flat blocks, softened within its own part.

    Each block has the mean colour of what was there, and nothing is taken from it but that. Pixels outside of the
    heads' parts are the same.
    """
    height, width = picture.shape[:2]
    parts = (head_window(box, width, height) for box in people)
    return parts_blurred(picture, [part for part in parts if part is not None])


def parts_blurred(picture: Picture, parts: Iterable[Window]) -> Picture:
    """A copy of the picture, or of one plane of it, in which each of these parts is a few flat blocks."""
    done = picture.copy()
    for part in parts:
        part.cut(done)[:] = _flat(part.cut(picture))
    return done


def head_window(box: Box, width: int, height: int) -> Window | None:
    """Where the head of a box lies, as whole pixels of a picture; None where none of it lies there."""
    more = GROWN * box.width
    left, right = max(0, int(np.floor(box.left - more))), min(width, int(np.ceil(box.right + more)))
    top = max(0, int(np.floor(box.top - more)))
    down = min(box.height, max(HEAD_SHARE * box.height, HEAD_TO_WIDTH * box.width))
    bottom = min(height, int(np.ceil(box.top + down)))
    return Window(left, top, right, bottom) if left < right and top < bottom else None


def _flat(head: Picture) -> NDArray[np.uint8]:
    """A few blocks of mean colours, spread over the part without edges between them."""
    height, width = head.shape[:2]
    down = max(1, round(BLOCKS * height / width))
    small = cv2.resize(head, (min(BLOCKS, width), min(down, height, 2 * BLOCKS)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
