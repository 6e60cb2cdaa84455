"""Dates of the law: local days of Asia/Shanghai, the end of retention, and working days by a table of holidays.

Not here: where a table comes from (``records.holidays``). What a table does not tell is None, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local_day(instant: datetime) -> date:
    """The day an instant falls on in Asia/Shanghai."""
    return instant.astimezone(SHANGHAI).date()


def anniversary(day: date, years: int) -> date:
    """The same day ``years`` later; 29 February becomes the month's end where there is none (民法典 202)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the month's end where there is none (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def retained_until(last_exam_day: date, years: int = 3) -> datetime:
    """The first instant at which footage may be destroyed: the end of the last anniversary day, in UTC.

    Notice of 2022-08-10, clause 九: 保存期自考核之日起不少于 3 年. Never 365 days times three.
    """
    day_after = anniversary(last_exam_day, years) + timedelta(days=1)
    return datetime.combine(day_after, time(), SHANGHAI).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class HolidayTable:
    """节假日安排: which days the State Council gave off, and on which weekend days it had people work instead.

    ``years`` are those whose arrangement is in the table. New Year's holiday may begin in the year before and be
    worked for there, as in 2006, 2018 and 2023; so the last days of a year are known with the next year only.
    """

    origin: str
    years: frozenset[int]
    holidays: frozenset[date]
    working_weekends: frozenset[date]

    def is_working(self, day: date) -> bool | None:
        """Whether people work on that day; None where the table does not tell."""
        needed = {day.year, day.year + 1} if (day.month, day.day) >= _NEW_YEAR_BEGINS else {day.year}
        if not needed <= self.years:
            return None
        return day in self.working_weekends or (day.weekday() < _SATURDAY and day not in self.holidays)

    def with_years_of(self, other: HolidayTable) -> HolidayTable:
        """Both tables as one; for a year that both have, what ``other`` says counts."""

        def stay(days: frozenset[date]) -> frozenset[date]:
            return frozenset(day for day in days if arranged_with(day) not in other.years)

        return HolidayTable(
            f"{self.origin}; {other.origin}",
            self.years | other.years,
            stay(self.holidays) | other.holidays,
            stay(self.working_weekends) | other.working_weekends,
        )


_SATURDAY = 5
_NEW_YEAR_BEGINS = (12, 26)  # 29 December is the earliest day that ever belonged to the next year's arrangement


def arranged_with(day: date) -> int:
    """The year whose arrangement tells of a day that is not as the days of the week have it."""
    return day.year + 1 if (day.month, day.day) >= _NEW_YEAR_BEGINS else day.year


def working_day_after(day: date, count: int, table: HolidayTable) -> date | None:
    """The ``count``-th working day after ``day``, which is day 0 (民法典 201); None where the table ends before.

    Raises ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError("working days are counted from 1")
    left = count
    while left:
        day += timedelta(days=1)
        working = table.is_working(day)
        if working is None:
            return None
        left -= working
    return day


def working_days_taken(start: date, end: date, table: HolidayTable) -> int | None:
    """On which working day after ``start``, which is day 0, something was done: how many there are up to ``end``.

    A day off counts with the working day that follows, on which it would have been in time all the same. None where
    the table does not tell. Raises ValueError for an end before the start.
    """
    if end < start:
        raise ValueError(f"{end} lies before {start}")
    taken = 0
    for ordinal in range(start.toordinal() + 1, end.toordinal() + 1):
        working = table.is_working(date.fromordinal(ordinal))
        if working is None:
            return None
        taken += working
    return taken if end == start or table.is_working(end) else taken + 1


def review_due(submitted: date, table: HolidayTable, days: int = 10) -> date | None:
    """The last day on which a review is in time: the tenth working day after the day of submission, clause 六(一).

    None where the table does not reach so far. Raises ValueError for fewer days than 1.
    """
    return working_day_after(submitted, days, table)
