"""Shares of passes beside others: exact sums, known answers, and nothing said of too little."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shares import Line, Share, chance, compared

LINE = Line(10, 5, Fraction(1, 1000))


def shares(most: int) -> st.SearchStrategy[Share]:
    return st.integers(1, most).flatmap(
        lambda counted: st.integers(0, counted).map(lambda passed: Share(passed, counted))
    )


def counted_out(own: Share, others: Share) -> Fraction:
    """The same by dealing out all candidates in every way there is."""
    passed = own.passed + others.passed
    everybody = [True] * passed + [False] * (own.counted + others.counted - passed)
    found = [sum(hand) for hand in combinations(everybody, own.counted)]
    low, high = sum(each <= own.passed for each in found), sum(each >= own.passed for each in found)
    return min(Fraction(1), Fraction(2 * min(low, high), len(found)))


@given(shares(5), shares(6))
def test_the_sums_are_what_comes_of_dealing_out_all_candidates(own: Share, others: Share) -> None:
    assert chance(own, others) == counted_out(own, others)


@given(shares(60), shares(400))
def test_it_is_a_chance_the_same_from_both_sides_and_for_those_who_failed(own: Share, others: Share) -> None:
    found = chance(own, others)
    assert 0 < found <= 1
    assert found == chance(others, own)
    failed = [Share(each.counted - each.passed, each.counted) for each in (own, others)]
    assert found == chance(*failed)


def test_the_lady_tasting_tea() -> None:
    """Fisher 1935: all four of four right, of eight cups; one in seventy, and twice that for both sides."""
    assert chance(Share(4, 4), Share(0, 4)) == Fraction(2, 70)


def test_where_everybody_passes_nothing_is_unusual() -> None:
    assert chance(Share(30, 30), Share(300, 300)) == 1


def test_thousands_of_candidates_are_summed_exactly() -> None:
    found = chance(Share(50, 50), Share(60_000, 100_000))
    assert 0 < found < Fraction(1, 10**9)


@pytest.mark.parametrize(("passed", "unusual"), [(20, True), (12, False), (3, True)])
def test_a_share_is_unusual_on_either_side_and_says_so_with_its_numbers(passed: int, unusual: bool) -> None:
    found = compared(Share(passed, 20), [Share(60, 100)] * 5, LINE)
    assert found.unusual is unusual
    assert found.zh.startswith("合格率异常" if unusual else "合格率无异常")
    assert f"({passed}/20)" in found.zh
    assert "60.0% (300/500)" in found.en
    assert "提示线0.001" in found.zh


@pytest.mark.parametrize(
    ("own", "others"), [(Share(9, 9), [Share(0, 100)] * 5), (Share(20, 20), [Share(0, 100)] * 4 + [Share(0, 0)])]
)
def test_of_too_little_nothing_is_said_but_that_it_was_not_compared(own: Share, others: list[Share]) -> None:
    found = compared(own, others, LINE)
    assert (found.chance, found.unusual) == (None, False)
    assert found.zh.startswith(f"合格率未作比较：成绩齐全者{own.counted}名（至少10名）")
    assert "was not compared" in found.en


def test_a_line_of_nothing_compares_nothing_with_nothing() -> None:
    assert compared(Share(0, 0), [], Line(0, 0, Fraction(1))).chance is None
