"""Patterns of numbers: none gives a number twice, and one that could is refused in plain words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.number_pattern import NumberPattern, read

DAY = date(2026, 5, 1)
CODES = {"中式面点制作": "017", "粤菜制作": "018"}


def test_a_number_is_written_as_the_pattern_says() -> None:
    pattern = read("{area}{year}{project}{sequence:06d}", "4402", CODES)
    assert pattern.number(DAY, "粤菜制作", 42) == "44022026018000042"
    assert pattern.scope(DAY, "粤菜制作") == "44022026018######"
    assert read("SG-{yy}{month}-{sequence:04d}").number(DAY, "", 7) == "SG-2605-0007"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{area}{year}", "needs {sequence:06d} exactly once"),
        ("{year}{sequence:04d}{sequence:04d}", "exactly once"),
        ("{year}{sequence}", "fixed number of places"),
        ("{year}{sequence:6d}", "fixed number of places"),
        ("{year}{sequence:01d}", "fixed number of places"),
        ("{year}{sequence:06x}", "fixed number of places"),
        ("{year:02d}{sequence:06d}", "only the sequence has that"),
        ("{jahr}{sequence:06d}", "has no field jahr"),
        ("{}{sequence:06d}", "has no field {}"),
        ("{sequence.real:06d}", "has no field sequence.real"),
        ("{year!r}{sequence:06d}", "has no field year"),
        ("{year}第{sequence:06d}", "capital letters, digits and hyphens"),
        ("{year}{{{sequence:06d}", "capital letters, digits and hyphens"),
        ("{year", "is no pattern"),
        ("{area}{sequence:06d}", "needs an area"),
        ("{project}{sequence:06d}", "no project has a code"),
        ("A" * 40 + "{sequence:06d}", "40 are the most"),
    ],
)
def test_a_pattern_that_could_repeat_or_says_nothing_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as refused:
        read(text)
    assert told in str(refused.value)


@pytest.mark.parametrize("codes", [{"a": "1", "b": "01"}, {"a": "1", "b": "1"}, {"a": "壹"}, {"a": ""}])
def test_codes_that_could_be_taken_for_each_other_are_refused(codes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"codes of projects|another code"):
        read("{project}{sequence:06d}", "", codes)


def test_a_project_without_a_code_and_a_sequence_that_is_used_up_give_no_number() -> None:
    pattern = read("{project}{sequence:02d}", "", CODES)
    with pytest.raises(ValueError, match="the project 插花 has no code in the rule pack"):
        pattern.number(DAY, "插花", 1)
    with pytest.raises(ValueError, match="counts from 1 to 99, and 100 is next"):
        pattern.number(DAY, "粤菜制作", 100)
    with pytest.raises(ValueError, match="and 0 is next"):
        pattern.number(DAY, "粤菜制作", 0)


PIECES = st.lists(
    st.sampled_from(["{area}", "{year}", "{yy}", "{month}", "{project}", "A", "-", "7", "{sequence:03d}"]),
    min_size=1,
    max_size=8,
)
WHEN = st.dates(date(2020, 1, 1), date(2120, 12, 31))


@st.composite
def patterns(draw: st.DrawFn) -> NumberPattern:
    pieces = [each for each in draw(PIECES) if each != "{sequence:03d}"]
    pieces.insert(draw(st.integers(0, len(pieces))), "{sequence:03d}")
    return read("".join(pieces), "44", CODES)


@given(patterns(), st.lists(st.tuples(WHEN, st.sampled_from(sorted(CODES))), max_size=30))
def test_counting_within_each_scope_never_gives_a_number_twice_and_leaves_no_hole(
    pattern: NumberPattern, asked: list[tuple[date, str]]
) -> None:
    last: dict[str, int] = {}
    numbers = []
    for day, project in asked:
        scope = pattern.scope(day, project)
        last[scope] = last.get(scope, 0) + 1
        numbers.append(pattern.number(day, project, last[scope]))
    assert len(set(numbers)) == len(numbers)
    for scope, count in last.items():
        at = scope.index("#")
        of_scope = [each for each in numbers if each[:at] + "###" + each[at + 3 :] == scope]
        assert sorted(int(each[at : at + 3]) for each in of_scope) == list(range(1, count + 1))


@given(patterns(), WHEN, WHEN, st.integers(1, 999), st.integers(1, 999))
def test_equal_numbers_are_of_one_scope_and_one_place_in_it(
    pattern: NumberPattern, one: date, other: date, first: int, second: int
) -> None:
    if pattern.number(one, "粤菜制作", first) == pattern.number(other, "粤菜制作", second):
        assert (pattern.scope(one, "粤菜制作"), first) == (pattern.scope(other, "粤菜制作"), second)
