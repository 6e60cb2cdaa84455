"""The drawn room: people move, a fault of the lens shows, the burnt-in line stays."""

from __future__ import annotations

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.simulator.faults import Blur, Cover, Dim, Move
from ingest.simulator.scene import LensFault, Scene, read_frame_number

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)


def seen(scene: Scene, number: int, lens: tuple[LensFault, ...] = ()) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(scene.render(number, number / 15, NOON, lens), cv2.COLOR_YUV2BGR_I420), np.uint8)


def test_a_frame_is_a_function_of_its_number_and_time() -> None:
    first, second = (Scene("ROOM 301", "A-01", ["A-01"]) for _ in range(2))
    assert np.array_equal(seen(first, 40), seen(second, 40))
    assert not np.array_equal(seen(first, 40)[40:], seen(first, 55)[40:])


@pytest.mark.parametrize("count", [0, 1, 3, 4, 8, 9, 15])
def test_any_number_of_stations_fits_into_the_room(count: int) -> None:
    scene = Scene("ROOM 301", "A-01", [f"A-{number:02}" for number in range(count)], 960, 540)
    assert read_frame_number(seen(scene, 7)) == 7


@pytest.mark.parametrize("fault", [Cover(1), Blur(1), Dim(1), Move(1), Move(1, across=-0.3, down=-0.2)])
def test_a_fault_of_the_lens_changes_the_room_and_leaves_the_line(fault: LensFault) -> None:
    scene = Scene("ROOM 301", "A-01", ["A-01", "A-02"])
    whole, faulty = seen(scene, 9), seen(scene, 9, (fault,))
    assert np.array_equal(whole[:30], faulty[:30])
    assert np.abs(whole[40:].astype(int) - faulty[40:]).mean() > 1


def test_a_covered_lens_shows_nothing_of_the_room() -> None:
    assert seen(Scene("ROOM 301", "A-01", ["A-01"]), 9, (Cover(1),))[40:].std() < 6
