"""When somebody comes of age, and what a ticket may be called."""

from __future__ import annotations

from datetime import date

import pytest

from domain.roll import TICKET, comes_of_age


@pytest.mark.parametrize(
    ("born", "day"),
    [
        (date(2010, 5, 1), date(2026, 5, 1)),
        (date(2008, 2, 29), date(2024, 2, 29)),
        (date(2012, 2, 29), date(2028, 2, 29)),
        (date(2084, 2, 29), date(2100, 3, 1)),  # 2100 is no leap year
    ],
)
def test_sixteen_is_reached_on_the_birthday_and_on_the_first_of_march_in_common_years(born: date, day: date) -> None:
    assert comes_of_age(born, 16) == day


def test_born_on_a_leap_day_eighteen_comes_on_the_first_of_march() -> None:
    assert comes_of_age(date(2008, 2, 29), 18) == date(2026, 3, 1)


@pytest.mark.parametrize("ticket", ["", "a/b", "a b", "../x", "a\n", "-1", "x" * 41])
def test_a_ticket_that_could_be_a_path_or_a_phrase_is_none(ticket: str) -> None:
    assert not TICKET.fullmatch(ticket)
