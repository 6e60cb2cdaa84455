"""Windows of sittings and the time in which a sitting wants its cameras recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Batch, Camera, Room, Site, Sitting, SittingPlan, Station
from domain.timeline import Interval

NINE = datetime(2026, 5, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLAN = SittingPlan(1, ("R2", "R1"), NINE, NINE + 90 * MINUTE, 30 * MINUTE, 15 * MINUTE)
ROOMS = tuple(
    Room(name, name, (Station(f"{name}-1"),), (Camera(f"cam-{name}", "rtsp://127.0.0.1/", (f"{name}-1",)),))
    for name in ("R1", "R2", "R3")
)
SITE = Site("site", "考点", "浈江区", ROOMS)
PLANNED = Sitting(Batch("batch", "site", "茶艺", "SG-2022-08-10", (PLAN,)), PLAN, SITE)
OPENED = replace(PLANNED, opened=NINE - 5 * MINUTE, actual_start=NINE + 2 * MINUTE)
minutes = st.integers(-600, 600).map(lambda number: number * MINUTE)


def test_only_the_rooms_of_the_plan_are_used_in_its_order() -> None:
    assert [room.id for room in PLANNED.rooms] == ["R2", "R1"]
    assert [camera.id for camera in PLANNED.cameras()] == ["cam-R2", "cam-R1"]


def test_what_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        SITE.room("R9")
    with pytest.raises(KeyError):
        PLANNED.batch.sitting(9)
    assert PLANNED.batch.sitting(1) is PLAN


def test_the_window_is_the_plans_until_the_bell_has_rung() -> None:
    assert PLANNED.window == Interval(NINE - 30 * MINUTE, NINE + 105 * MINUTE)
    assert OPENED.window == Interval(NINE - 28 * MINUTE, NINE + 105 * MINUTE)


def test_the_actual_end_moves_the_end_of_the_window() -> None:
    late = replace(OPENED, actual_end=NINE + 200 * MINUTE, closed=NINE + 201 * MINUTE)
    assert late.window.end == NINE + 215 * MINUTE


def test_recording_begins_at_the_planned_start_less_its_lead() -> None:
    assert not PLANNED.wants_recording(NINE - 30 * MINUTE - timedelta(microseconds=1))
    assert PLANNED.wants_recording(NINE - 30 * MINUTE)


def test_a_sitting_opened_early_is_recorded_from_its_opening() -> None:
    early = replace(PLANNED, opened=NINE - 50 * MINUTE, actual_start=NINE - 40 * MINUTE)
    assert early.wants_recording(NINE - 50 * MINUTE)
    assert not early.wants_recording(NINE - 51 * MINUTE)


@given(minutes)
def test_recording_never_ends_at_a_planned_end(late: timedelta) -> None:
    now = max(PLANNED.window.end + late, PLAN.recording_from)
    assert PLANNED.wants_recording(now)
    assert OPENED.wants_recording(now)


@given(minutes, minutes)
def test_a_closed_sitting_is_recorded_to_the_end_of_its_tail(ended: timedelta, now: timedelta) -> None:
    end = max(NINE + ended, NINE + 3 * MINUTE)
    closed = replace(OPENED, actual_end=end, closed=end)
    instant = PLAN.recording_from + abs(now)
    assert closed.wants_recording(instant) == (instant < end + PLAN.tail)


@given(minutes)
def test_all_that_the_window_needs_is_recorded(moved: timedelta) -> None:
    """Whenever the exam really starts at or after its plan, every instant of its window is one of recording."""
    start = NINE + abs(moved)
    closed = replace(OPENED, opened=start, actual_start=start, actual_end=start + MINUTE, closed=start + MINUTE)
    assert closed.wants_recording(closed.window.start)
    assert closed.wants_recording(closed.window.end - timedelta(microseconds=1))
    assert not closed.wants_recording(closed.window.end)
