"""What declared exams need, by numbers that can be reckoned on paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Batch, Camera, Room, Site, Sitting, SittingPlan, Station
from records.capacity import OUTAGE_DAYS, Declared, Forecast, by_numbers, by_sittings, forecast
from records.headroom import Rate

HOUR = timedelta(hours=1)
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)  # 09:00 in Shaoguan
MEGABIT = 1e6 / 8


def sitting(number: int, start: datetime, *rooms: str, hours: float = 2) -> Sitting:
    made = [
        Room(
            name,
            name,
            (Station(f"{name}1"),),
            tuple(Camera(f"{name}-c{n}", "rtsp://127.0.0.1/1", ()) for n in (1, 2)),
        )
        for name in ("r1", "r2")
    ]
    plan = SittingPlan(number, rooms, start, start + hours * HOUR, timedelta(), timedelta())
    return Sitting(Batch("b", "s", "p", "pack", (plan,)), plan, Site("s", "s", "c", tuple(made)))


RATES = {f"{room}-c{number}": Rate(MEGABIT * number, number == 1) for room in ("r1", "r2") for number in (1, 2)}


def foreseen(declared: Declared, years: int = 5, **changed: float) -> Forecast:
    values = {"retention_years": 3, "segment_s": 60.0, "reread_days": 30.0, "reserve_bytes": 7, **changed}
    return forecast(declared, years=years, **values)  # type: ignore[arg-type]


def test_numbers_are_multiplied_out() -> None:
    declared = by_numbers(10, 8e6, 6, 100)
    assert declared.peak_bytes_per_s == 10e6
    assert declared.day_bytes == 10e6 * 6 * 3600
    assert declared.year_bytes == declared.day_bytes * 100
    assert declared.year_camera_s == 10 * 6 * 3600 * 100


def test_a_second_store_doubles_the_bandwidth_and_what_each_store_keeps_stays() -> None:
    declared = by_numbers(10, 8e6, 6, 100)
    one, two = foreseen(declared), foreseen(declared, stores=2)
    assert two.kept_bytes == one.kept_bytes
    assert two.spool_bytes == one.spool_bytes
    assert two.upload_bytes_per_s == 2 * one.upload_bytes_per_s == 2 * one.peak_bytes_per_s
    assert two.catch_up_bytes_per_s == pytest.approx(2 * one.catch_up_bytes_per_s, abs=1)
    assert two.reread_bytes_per_s == pytest.approx(2 * one.reread_bytes_per_s, abs=1)


def test_sittings_that_overlap_are_recorded_at_once_and_a_shared_camera_once() -> None:
    together = [sitting(1, START, "r1"), sitting(2, START + HOUR, "r2"), sitting(3, START + HOUR, "r1")]
    declared = by_sittings(together, RATES)
    assert (declared.cameras, declared.peak_bytes_per_s) == (4, 6 * MEGABIT)
    assert declared.year_bytes == 3 * 3600 * 3 * MEGABIT + 2 * 3600 * 3 * MEGABIT
    assert declared.unmeasured == 2


def test_the_heaviest_day_and_the_busiest_year_count() -> None:
    days = (0, 10, 364, 365, 400)
    of_days = [sitting(number, START + timedelta(days=day), "r1") for number, day in enumerate(days, 1)]
    of_days.append(sitting(9, START + timedelta(days=10, hours=3), "r1", hours=4))
    declared = by_sittings(of_days, RATES)
    an_hour = 3600 * 3 * MEGABIT
    assert declared.day_bytes == 6 * an_hour
    assert declared.year_bytes == (6 + 2 + 2) * an_hour  # days 10 to 365: the one on which it began has gone


def test_what_is_older_than_must_be_kept_is_taken_to_be_gone() -> None:
    declared = by_numbers(1, 8e6, 10, 100)
    kept = foreseen(declared).kept_bytes
    year = declared.year_bytes
    assert kept == (year, 2 * year, 3 * year, 3 * year, 3 * year)


def test_a_spool_holds_an_outage_and_the_reserve() -> None:
    declared = by_numbers(1, 8e6, 10, 100)
    found = foreseen(declared)
    assert found.spool_bytes == OUTAGE_DAYS * 36e9 + 7
    assert found.catch_up_bytes_per_s == -(-(OUTAGE_DAYS + 1) * 36_000_000_000 // 86_400)
    assert found.peak_bytes_per_s == 1e6


def test_reading_again_takes_all_that_is_kept_within_its_days_and_nothing_where_it_is_off() -> None:
    declared = by_numbers(1, 8e6, 10, 100)
    assert foreseen(declared).reread_bytes_per_s == -(-3 * 3_600_000_000_000 // (30 * 86_400))
    assert foreseen(declared, reread_days=0).reread_bytes_per_s == 0


def test_nothing_declared_needs_nothing_but_the_reserve() -> None:
    declared = by_sittings([], {})
    found = foreseen(declared)
    assert (declared.cameras, found.spool_bytes, found.kept_bytes, found.database_bytes) == (0, 7, (0,) * 5, (0,) * 5)


@given(st.integers(1, 500), st.floats(0.5, 24), st.integers(1, 366), st.integers(1, 20))
def test_more_is_never_less(cameras: int, hours: float, days: int, years: int) -> None:
    less, more = by_numbers(cameras, 4e6, hours, days), by_numbers(cameras + 1, 4e6, hours, days)
    assert foreseen(less, years).spool_bytes < foreseen(more, years).spool_bytes
    kept = foreseen(less, years).kept_bytes
    assert list(kept) == sorted(kept)
    assert len(kept) == years


@pytest.mark.parametrize("field", ["day_bytes", "year_bytes", "peak_bytes_per_s"])
def test_a_forecast_is_rounded_up(field: str) -> None:
    found = foreseen(replace(Declared(1, 0.0, 0.0, 0.0, 0.0), **{field: 0.1}))  # type: ignore[arg-type]
    sizes = (found.spool_bytes - 7, found.kept_bytes[0], found.peak_bytes_per_s)
    assert sizes[["day_bytes", "year_bytes", "peak_bytes_per_s"].index(field)] == 1
