"""Working days: the lines worked out by hand, the library's table, and files for years that it does not have."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import DocumentRefused
from domain.calendar import review_due, working_day_after, working_days_taken
from records.holidays import published, read, table

PUBLISHED = published()


@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        ("2022-08-10", "2022-08-24"),
        ("2022-09-26", "2022-10-13"),  # 8 and 9 October were worked
        ("2022-09-30", "2022-10-19"),
        ("2022-10-01", "2022-10-19"),  # a Saturday, and a holiday
        ("2023-01-19", "2023-02-07"),  # Spring Festival; counting Mondays to Fridays gives 2 February, which is wrong
        ("2026-02-10", "2026-03-02"),
        ("2026-12-10", "2026-12-24"),
        ("2026-12-11", "2026-12-25"),
    ],
)
def test_a_review_is_due_on_the_tenth_working_day_after_submission(submitted: str, due: str) -> None:
    first, last = date.fromisoformat(submitted), date.fromisoformat(due)
    assert review_due(first, PUBLISHED) == last
    assert working_days_taken(first, last, PUBLISHED) == 10


@pytest.mark.parametrize("submitted", ["2026-12-14", "2026-12-18", "2026-12-31", "2027-02-10", "2003-12-30"])
def test_a_date_that_needs_a_year_without_a_table_is_unknown(submitted: str) -> None:
    day = date.fromisoformat(submitted)
    assert review_due(day, PUBLISHED) is None
    assert working_days_taken(day, day + timedelta(days=30), PUBLISHED) is None


def test_the_last_days_of_a_year_are_known_with_the_next_year_only() -> None:
    assert PUBLISHED.is_working(date(2026, 12, 25)) is True
    assert PUBLISHED.is_working(date(2026, 12, 28)) is None
    assert PUBLISHED.is_working(date(2018, 12, 29)) is True  # a Saturday that was worked for the New Year of 2019
    assert PUBLISHED.is_working(date(2018, 12, 31)) is False


def test_what_was_done_on_a_day_off_counts_with_the_working_day_that_follows() -> None:
    friday, sunday = date(2022, 8, 12), date(2022, 8, 14)
    assert working_days_taken(date(2022, 8, 10), friday, PUBLISHED) == 2
    assert working_days_taken(date(2022, 8, 10), sunday, PUBLISHED) == 3
    assert working_days_taken(friday, friday, PUBLISHED) == 0


def test_working_days_are_counted_from_one_and_forwards() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        working_day_after(date(2022, 8, 10), 0, PUBLISHED)
    with pytest.raises(ValueError, match="lies before"):
        working_days_taken(date(2022, 8, 10), date(2022, 8, 9), PUBLISHED)


@given(st.dates(date(2004, 1, 1), date(2026, 9, 1)), st.integers(1, 30))
def test_counting_forwards_and_counting_between_agree(day: date, count: int) -> None:
    found = working_day_after(day, count, PUBLISHED)
    assert found is not None
    assert found > day
    assert PUBLISHED.is_working(found) is True
    assert working_days_taken(day, found, PUBLISHED) == count


@given(st.dates(date(2004, 1, 1), date(2026, 12, 25)))
def test_our_table_says_of_every_day_what_the_library_says(day: date) -> None:
    assert PUBLISHED.is_working(day) is chinese_calendar.is_workday(day)


NEXT_YEAR = """\
origin: 国务院办公厅关于2027年部分节假日安排的通知
year: 2027
holidays: [2026-12-31, 2027-01-01, 2027-02-05, 2027-02-06, 2027-02-07, 2027-02-08, 2027-02-09, 2027-02-10]
working_weekends: [2026-12-27, 2027-01-30]
"""  # invented: there is none yet


def written(folder: Path, text: str = NEXT_YEAR) -> Path:
    path = folder / "holidays.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_adds_a_year_and_says_where_it_is_from(tmp_path: Path) -> None:
    both = table(written(tmp_path))
    assert both.years == published().years | {2027}
    assert both.origin == "chinesecalendar 1.11.0; 国务院办公厅关于2027年部分节假日安排的通知"
    assert both.is_working(date(2026, 12, 27)) is True  # a Sunday
    assert both.is_working(date(2026, 12, 31)) is False
    assert both.is_working(date(2027, 12, 27)) is None
    assert review_due(date(2026, 12, 18), both) == date(2027, 1, 4)  # five days, Sunday 27, three more, Monday
    assert table() is published()


def test_a_file_of_a_year_that_the_library_has_counts_instead_of_it(tmp_path: Path) -> None:
    other = table(written(tmp_path, "origin: 更正\nyear: 2025\nholidays: [2025-01-02]\n"))
    assert published().is_working(date(2025, 1, 1)) is False
    assert other.is_working(date(2025, 1, 1)) is True
    assert other.is_working(date(2025, 1, 2)) is False
    assert other.is_working(date(2025, 10, 11)) is False  # a Saturday that the library has people work on
    assert other.is_working(date(2024, 10, 1)) is False


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2027-01-30", "2027-01-29", "working_weekends[1]: 2027-01-29 is no Saturday or Sunday"),
        ("2027-02-06,", "2028-02-06,", "holidays[3]: 2028-02-06 is no day of the arrangement of 2027"),
        ("2027-02-06,", "2027-02-05,", "holidays[3]: 2027-02-05 is already listed"),
        ("2027-01-30", "2027-02-06", "working_weekends[1]: 2027-02-06 is already listed"),
        ("2027-02-06,", "20270206,", "holidays[3]: write a day like 2027-01-01"),
        ("2027-02-06,", "2027-02-30,", "holidays[3]: input should be a valid date"),
        ("year: 2027", "year: next", "year: input should be a valid integer"),
        ("origin: ", "source: ", "origin: is required and missing"),
        ("holidays: [", "holidays: []\nfree: [", "holidays: "),
    ],
)
def test_a_file_that_cannot_be_is_refused_by_its_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in NEXT_YEAR
    with pytest.raises(DocumentRefused) as refused:
        read(written(tmp_path, NEXT_YEAR.replace(old, new, 1)))
    assert said in str(refused.value)
    assert "holidays.yaml:" in str(refused.value)
