"""The frame number in the picture: read back as written, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.simulator.encoder import Encoder
from ingest.simulator.frame_code import COLUMNS, ROWS, draw_frame_number
from ingest.simulator.scene import Scene, read_frame_number
from tests.ingest.simulator.raw_client import numbers_in


def coded(number: int, width: int = 640, height: int = 360) -> NDArray[np.uint8]:
    luma = np.full((height, width), 90, np.uint8)
    draw_frame_number(luma, number)
    return luma


@given(st.integers(0, 2**32 - 1))
def test_any_number_is_read_back_as_written(number: int) -> None:
    assert read_frame_number(coded(number)) == number


@given(st.integers(0, 2**32 - 1), st.integers(0, ROWS * COLUMNS - 1))
def test_a_flipped_cell_gives_no_number(number: int, cell: int) -> None:
    luma = coded(number)
    row, column = divmod(cell, COLUMNS)
    region = luma[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
    region[:] = 251 - region
    assert read_frame_number(luma) is None


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1280, 720), (480, 270), (320, 180), (1920, 1080)]))
@settings(max_examples=25)
def test_a_scaled_picture_gives_the_same_number(number: int, size: tuple[int, int]) -> None:
    scaled = cv2.resize(coded(number), size, interpolation=cv2.INTER_AREA)
    assert read_frame_number(np.asarray(scaled)) == number


def test_pictures_without_a_code_give_no_number() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
    for image in (np.zeros((360, 640), np.uint8), np.full((360, 640, 3), 255, np.uint8), noise, np.zeros((4, 9))):
        assert read_frame_number(image) is None


def test_the_number_survives_the_coarsest_coding_that_the_encoder_gives() -> None:
    scene = Scene("ROOM 301", "A-01", ["A-01", "A-02"])
    encoder = Encoder(1280, 720, 15, 15, bits_per_second=60_000)
    stream = b""
    for number in range(20):
        picture = encoder.encode(scene.render(1000 + number, number / 15, datetime.now(UTC)), key=False)
        stream += b"".join(b"\0\0\0\1" + nal for nal in picture.nals)
    assert numbers_in(stream) == list(range(1000, 1020))
