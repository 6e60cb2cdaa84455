"""Dates of the law: local days of Asia/Shanghai and the end of retention. Working days are not here yet."""

from __future__ import annotations

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
