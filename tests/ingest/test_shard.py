"""Cameras spread over recorder processes: each belongs to one, always to the same, and none has them all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.shard import WHOLE, Shard


@given(st.text(max_size=40), st.integers(1, 64))
def test_every_camera_belongs_to_exactly_one_part(camera: str, parts: int) -> None:
    assert [Shard(index, parts).owns(camera) for index in range(parts)].count(True) == 1


def test_the_answer_is_the_same_in_every_process_and_at_every_start() -> None:
    cameras = [f"c{number}" for number in range(1, 9)]
    assert [camera for camera in cameras if Shard(0, 2).owns(camera)] == ["c2", "c6", "c7", "c8"]


def test_many_cameras_are_spread_evenly() -> None:
    cameras = [f"room-{number // 8}-camera-{number % 8}" for number in range(400)]
    shares = [sum(Shard(index, 4).owns(camera) for camera in cameras) for index in range(4)]
    assert min(shares) > 70
    assert all(WHOLE.owns(camera) for camera in cameras)


def test_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no part 2 of 2"):
        Shard(2, 2)
