"""What surfaces of a hall look like from close by: floor, walls, desk tops, plates with numbers, cloth.

Every function paints a BGR image from a generator of random numbers and from nothing else. Fine detail is there on
purpose: a picture is compared with a reference by its edges. Not here: light (``furnishing`` puts it on).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Random = np.random.Generator
Field = NDArray[Any]

_FONT = cv2.FONT_HERSHEY_DUPLEX


def shape_of(width_m: float, height_m: float, per_m: float) -> tuple[int, int]:
    """Rows and columns of a texture of that size."""
    return max(2, round(height_m * per_m)), max(2, round(width_m * per_m))


def filled(shape: tuple[int, int], colour: Colour) -> Image:
    """One colour and nothing else."""
    image = np.empty((*shape, 3), np.uint8)
    image[:] = colour
    return image


def plain(shape: tuple[int, int], colour: Colour, random: Random, blotch: float = 6.0, grain: float = 4.0) -> Image:
    """One colour with blotches and grain, both as standard deviations in levels."""
    rows, columns = shape
    coarse = random.normal(0, blotch, (max(2, rows // 24), max(2, columns // 24))).astype(np.float32)
    field: Field = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    field = field + random.normal(0, grain, (rows, columns)).astype(np.float32)
    return np.clip(np.array(colour, np.float32) + field[..., None], 0, 255).astype(np.uint8)


def tiled(shape: tuple[int, int], per_m: float, side_m: float, colour: Colour, random: Random) -> Image:
    """Tiles with joints, each of a slightly different tint."""
    image = plain(shape, colour, random, 4.0, 7.0).astype(np.int16)
    step = max(4, round(side_m * per_m))
    joint = max(1, round(0.008 * per_m))
    for top in range(0, shape[0], step):
        for left in range(0, shape[1], step):
            image[top : top + step, left : left + step] += round(random.normal(0, 7))
        image[top : top + joint] -= 46
    for left in range(0, shape[1], step):
        image[:, left : left + joint] -= 46
    return np.clip(image, 0, 255).astype(np.uint8)


def wooden(shape: tuple[int, int], colour: Colour, random: Random) -> Image:
    """Grain along the width."""
    rows, columns = shape
    lines = random.normal(0, 11, (rows, max(2, columns // 40))).astype(np.float32)
    field: Field = cv2.resize(cv2.blur(lines, (1, 3)), (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.clip(np.array(colour, np.float32) + field[..., None], 0, 255).astype(np.uint8)


def cloth(shape: tuple[int, int], per_m: float, colour: Colour, random: Random) -> Image:
    """Checked cloth with folds."""
    image = plain(shape, colour, random, 16.0, 6.0).astype(np.int16)
    step = max(3, round(0.09 * per_m))
    rows, columns = np.indices(shape)
    image[(rows // step) % 3 == 0] -= 34
    image[(columns // step) % 3 == 0] -= 34
    return np.clip(image, 0, 255).astype(np.uint8)


def board(shape: tuple[int, int], colour: Colour, random: Random) -> Image:
    """A flat board: nearly one colour, with a darker rim."""
    image = plain(shape, colour, random, 2.0, 2.0)
    rim = max(1, min(shape) // 40)
    cv2.rectangle(image, (0, 0), (shape[1] - 1, shape[0] - 1), tuple(level // 2 for level in colour), rim)
    return image


def plate(shape: tuple[int, int], text: str, ground: Colour = (250, 250, 248), ink: Colour = (60, 30, 20)) -> Image:
    """A label with text as large as fits."""
    rows, columns = shape
    image = np.full((rows, columns, 3), ground, np.uint8)
    (across, up), _ = cv2.getTextSize(text, _FONT, 1.0, 2)
    size = min(0.84 * columns / across, 0.66 * rows / up)
    thickness = max(1, round(2.6 * size))
    (across, up), _ = cv2.getTextSize(text, _FONT, size, thickness)
    at = ((columns - across) // 2, (rows + up) // 2)
    cv2.putText(image, text, at, _FONT, size, ink, thickness, cv2.LINE_AA)
    cv2.rectangle(image, (0, 0), (columns - 1, rows - 1), (150, 90, 40), max(1, rows // 30))
    return image


def screen(shape: tuple[int, int], random: Random) -> Image:
    """A monitor that shows a form."""
    rows, columns = shape
    image = np.full((rows, columns, 3), (34, 32, 30), np.uint8)
    rim = max(1, rows // 18)
    image[rim:-rim, rim:-rim] = (214, 206, 196)
    image[rim : rows // 6, rim:-rim] = (170, 110, 50)
    for _ in range(14):
        top, left = random.integers(rows // 5, rows - 3 * rim), random.integers(2 * rim, columns * 2 // 3)
        right = left + random.integers(columns // 12, columns // 4)
        image[top : top + max(1, rows // 40), left : min(right, columns - 2 * rim)] = (90, 70, 60)
    return image


def put(image: Image, left: float, top: float, patch: Image) -> None:
    """Lay a patch onto a texture, its corner at shares of the texture, cut off at the rim."""
    row, column = round(top * image.shape[0]), round(left * image.shape[1])
    height, width = min(patch.shape[0], image.shape[0] - row), min(patch.shape[1], image.shape[1] - column)
    if height > 0 and width > 0:
        image[row : row + height, column : column + width] = patch[:height, :width]


def paper(shape: tuple[int, int], random: Random) -> Image:
    """A printed sheet."""
    rows, columns = shape
    image = np.full((rows, columns, 3), (244, 246, 246), np.uint8)
    step = max(3, rows // 16)
    for top in range(step, rows - step, step):
        right = columns - columns // 8 - int(random.integers(0, max(1, columns // 3)))
        image[top : top + max(1, step // 3), columns // 8 : right] = (70, 66, 64)
    return image


def keyboard(shape: tuple[int, int]) -> Image:
    """Dark keys in a lighter frame."""
    rows, columns = shape
    image = np.full((rows, columns, 3), (150, 150, 148), np.uint8)
    for row in range(5):
        for column in range(15):
            top, left = round((row + 0.15) * rows / 5), round((column + 0.12) * columns / 15)
            bottom, right = round((row + 0.85) * rows / 5), round((column + 0.88) * columns / 15)
            image[top:bottom, left:right] = (52, 50, 48)
    return image


def cutting_mat(shape: tuple[int, int], per_m: float) -> Image:
    """Green with a grid of 5 cm."""
    image = np.full((*shape, 3), (86, 116, 52), np.uint8)
    step = max(3, round(0.05 * per_m))
    image[::step] = (160, 196, 150)
    image[:, ::step] = (160, 196, 150)
    return image


def written(image: Image, text: str, at: tuple[float, float], height: int, colour: Colour) -> None:
    """Text with its base line beginning at shares of the texture, ``height`` texels high."""
    size = height / 22
    where = (round(at[0] * image.shape[1]), round(at[1] * image.shape[0]))
    cv2.putText(image, text, where, _FONT, size, colour, max(1, round(size * 1.6)), cv2.LINE_AA)
