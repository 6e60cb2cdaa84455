"""The frame number as blocks that a machine reads back from a decoded picture.

48 bits (32 of number, 16 of CRC-16/CCITT) as black and white cells in two rows at the picture's top left corner.
A cell is 1/80 of the width, so at 1280 columns each is exactly one macroblock of H.264 (16 x 16), which costs
next to nothing and survives the coarsest quantiser. Not here: the rest of the picture (``scene``).
"""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELLS_ACROSS = 80
COLUMNS = 24
ROWS = 2
LIMIT = 1 << 32

_BLACK, _WHITE = 16, 235  # limited range luma (ITU-T H.264 E.2.1)
_DARK, _BRIGHT = 96, 160  # what lies between is not a cell of ours


def _bits(number: int) -> NDArray[np.uint8]:
    payload = number.to_bytes(4, "big")
    check = binascii.crc_hqx(payload, 0xFFFF).to_bytes(2, "big")
    return np.unpackbits(np.frombuffer(payload + check, np.uint8))


def cell_size(width: int) -> int:
    """Pixels along the side of one cell in a picture of that width."""
    return width // CELLS_ACROSS


def draw_frame_number(luma: NDArray[np.uint8], number: int) -> None:
    """Write the number, modulo 2**32, into the luma plane (height x width) in place."""
    side = cell_size(luma.shape[1])
    grid = _bits(number % LIMIT).reshape(ROWS, COLUMNS)
    cells = np.where(grid, np.uint8(_WHITE), np.uint8(_BLACK))
    luma[: ROWS * side, : COLUMNS * side] = cells.repeat(side, axis=0).repeat(side, axis=1)


def read_frame_number(image: NDArray[Any]) -> int | None:
    """The number in a decoded picture (grey or BGR, 8 bits, any scale), or None where there is no valid one."""
    grey = image if image.ndim == 2 else image[:, :, 1]
    side = grey.shape[1] / CELLS_ACROSS
    if side < 2 or grey.shape[0] < ROWS * side:
        return None
    bits = np.zeros(ROWS * COLUMNS, np.uint8)
    for index in range(ROWS * COLUMNS):
        row, column = divmod(index, COLUMNS)
        level = _middle_of_cell(grey, row, column, side)
        if _DARK < level < _BRIGHT:
            return None
        bits[index] = level >= _BRIGHT
    packed = np.packbits(bits).tobytes()
    number = int.from_bytes(packed[:4], "big")
    return number if binascii.crc_hqx(packed[:4], 0xFFFF).to_bytes(2, "big") == packed[4:] else None


def _middle_of_cell(grey: NDArray[Any], row: int, column: int, side: float) -> float:
    """Mean level of the cell's inner half, where neither ringing nor scaling reaches."""
    top, bottom = int((row + 0.25) * side), max(int((row + 0.75) * side), int((row + 0.25) * side) + 1)
    left, right = int((column + 0.25) * side), max(int((column + 0.75) * side), int((column + 0.25) * side) + 1)
    return float(grey[top:bottom, left:right].mean())
