"""Which days people work: the table of chinesecalendar, and a file for years that it does not have yet.

The one door to that library. A file holds one notice of the State Council, for instance:

    origin: 国务院办公厅关于2027年部分节假日安排的通知
    year: 2027
    holidays: [2026-12-31, 2027-01-01]
    working_weekends: [2027-01-03]

Not here: how working days are counted (``domain.calendar``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import chinese_calendar
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from config.documents import Document, FieldPath
from config.errors import DocumentRefused
from domain.calendar import HolidayTable, arranged_with

_SATURDAY = 5


@cache
def published() -> HolidayTable:
    """What the library knows, from 2004 on; a year that has not come yet is added each autumn."""
    holidays, worked = frozenset(chinese_calendar.holidays), frozenset(chinese_calendar.workdays)
    first, last = min(holidays).year, max(holidays).year
    origin = f"chinesecalendar {chinese_calendar.__version__}"
    # The library keeps each day off, also where it falls on a Saturday, and each Saturday or Sunday that is worked.
    return HolidayTable(origin, frozenset(range(first, last + 1)), holidays, worked)


def table(file: Path | None = None) -> HolidayTable:
    """The table to count by; a file's year counts instead of the library's. Raises DocumentRefused."""
    return published() if file is None else published().with_years_of(read(file))


def read(path: Path) -> HolidayTable:
    """The table of one file. Raises DocumentRefused with file, line and field of everything that cannot be."""
    document = Document.read(path)
    found = document.validated(_Arrangement)
    if problems := [document.problem(field, message) for field, message in _impossible(found)]:
        raise DocumentRefused(problems)
    years = frozenset({found.year})
    return HolidayTable(found.origin, years, frozenset(found.holidays), frozenset(found.working_weekends))


def _day(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("write a day like 2027-01-01")
    return value


_Day = Annotated[date, BeforeValidator(_day)]


class _Arrangement(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    origin: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    year: Annotated[int, Field(ge=1949, le=2999)]
    holidays: Annotated[tuple[_Day, ...], Field(min_length=1)]
    working_weekends: tuple[_Day, ...] = ()


def _impossible(found: _Arrangement) -> Iterator[tuple[FieldPath, str]]:
    """Days of another year, days named twice, a worked weekend that is none."""
    seen: set[date] = set()
    for name, days in (("holidays", found.holidays), ("working_weekends", found.working_weekends)):
        for index, day in enumerate(days):
            if arranged_with(day) != found.year and day.year != found.year:
                yield (name, index), f"{day} is no day of the arrangement of {found.year}"
            if day in seen:
                yield (name, index), f"{day} is already listed"
            if name == "working_weekends" and day.weekday() < _SATURDAY:
                yield (name, index), f"{day} is no Saturday or Sunday"
            seen.add(day)
