"""Retention by cases worked out by hand, and for every day of a century."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import SHANGHAI, anniversary, local_day, retained_until

days = st.dates(date(1992, 1, 1), date(2092, 12, 31))  # Shanghai kept summer time until 1991


@pytest.mark.parametrize(
    ("exam", "last_day"),
    [
        (date(2022, 8, 10), date(2025, 8, 10)),
        (date(2024, 2, 29), date(2027, 2, 28)),  # 民法典 202: no matching day
        (date(2025, 2, 28), date(2028, 2, 28)),
        (date(2025, 12, 31), date(2028, 12, 31)),  # 1095 days would be a day short
    ],
)
def test_footage_is_kept_to_the_end_of_the_third_anniversary(exam: date, last_day: date) -> None:
    free = retained_until(exam)
    assert anniversary(exam, 3) == last_day
    assert free.astimezone(SHANGHAI).isoformat() == f"{last_day + timedelta(days=1)}T00:00:00+08:00"


def test_the_lock_is_the_end_of_the_local_day_in_utc() -> None:
    assert retained_until(date(2025, 12, 31)) == datetime(2028, 12, 31, 16, tzinfo=UTC)
    assert retained_until(date(2025, 12, 31)).tzinfo is UTC


def test_a_leap_day_returns_after_four_years() -> None:
    assert anniversary(date(2024, 2, 29), 4) == date(2028, 2, 29)


@given(days, st.integers(1, 10))
def test_retention_is_never_shorter_than_its_years_and_never_a_day_longer(day: date, years: int) -> None:
    last = anniversary(day, years)
    assert (last.year - day.year, last.month) == (years, day.month)
    assert last.day == day.day or (day.month, day.day, last.day) == (2, 29, 28)
    assert retained_until(day, years).astimezone(SHANGHAI) == datetime(
        last.year, last.month, last.day, tzinfo=SHANGHAI
    ) + timedelta(days=1)


@given(days, days)
def test_a_later_exam_is_never_free_earlier(one: date, other: date) -> None:
    earlier, later = sorted((one, other))
    assert retained_until(earlier) <= retained_until(later)


def test_an_instant_falls_on_the_day_of_shanghai() -> None:
    assert local_day(datetime(2026, 5, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 5, 1)
    assert local_day(datetime(2026, 5, 1, 16, tzinfo=UTC)) == date(2026, 5, 2)
