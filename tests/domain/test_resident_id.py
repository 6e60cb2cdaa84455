"""Numbers of identity cards: the check digit of GB 11643-1999, the old form, and what is shown of them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import resident_id
from domain.resident_id import Flaw, ResidentId

EXAMPLE = "11010519491231002X"  # of the standard itself
FIRST_PLACES = st.builds(
    lambda region, day, number: f"{region:06}{day:%Y%m%d}{number:03}",
    st.integers(110000, 659999),
    st.dates(date(1900, 1, 1), date(2030, 12, 31)),
    st.integers(0, 999),
)


def number(text: str) -> str:
    found = resident_id.read(text)
    assert isinstance(found, ResidentId), found
    return found.number


def test_the_example_of_the_standard_fits_and_tells_birth_and_gender() -> None:
    found = resident_id.read(EXAMPLE)
    assert isinstance(found, ResidentId)
    assert (found.number, found.born, found.is_male) == (EXAMPLE, date(1949, 12, 31), False)
    assert EXAMPLE not in repr(found)


@given(FIRST_PLACES)
def test_of_the_eleven_check_digits_one_fits(first: str) -> None:
    fitting = [digit for digit in "0123456789X" if isinstance(resident_id.read(first + digit), ResidentId)]
    assert fitting == [resident_id.check_digit(first)]


@given(FIRST_PLACES, st.integers(0, 15))
def test_two_neighbours_that_change_places_are_found(first: str, place: int) -> None:
    whole = first + resident_id.check_digit(first)
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    assert swapped == whole or isinstance(resident_id.read(swapped), Flaw)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", Flaw.FORM),
        ("1101051949123100", Flaw.FORM),
        ("1101051949123100XX", Flaw.FORM),
        ("110105194912310021", Flaw.CHECK_DIGIT),
        ("110105194902300020", Flaw.BIRTH),
        ("110105189912310020", Flaw.BIRTH),
        ("4.40203E+17", Flaw.FORM),
    ],
)
def test_what_does_not_fit_says_why_in_both_languages_without_the_number(text: str, flaw: Flaw) -> None:
    assert resident_id.read(text) is flaw
    assert flaw.zh
    assert flaw.en
    assert not text or text not in flaw.zh + flaw.en


def test_a_small_x_full_width_digits_and_the_old_form_are_the_same_number() -> None:
    assert number(" 11010519491231002x ") == EXAMPLE
    assert number("１１０１０５１９４９１２３１００２Ｘ") == EXAMPLE
    assert number("110105491231002") == EXAMPLE


@pytest.mark.parametrize(
    ("whole", "shown"),
    [(EXAMPLE, "110***********002X"), ("E12345678", "******678"), ("H1234", "****4"), ("A1", "**"), ("", "")],
)
def test_a_masked_number_shows_neither_birth_nor_most_of_another_document(whole: str, shown: str) -> None:
    assert resident_id.masked(whole) == shown
