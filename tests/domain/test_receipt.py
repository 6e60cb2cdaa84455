"""Codes of receipts: of every leaf and its place, typed as people type, wrong where one character is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.receipt import (
    CODE_BITS,
    Leaf,
    code_of,
    easy_to_type,
    first_difference,
    grouped,
    read_code,
    root_of,
)

ROOTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LEAVES = st.lists(
    st.builds(Leaf, st.text(max_size=4), st.text(max_size=4)), max_size=8, unique_by=lambda each: each.label
)
SOME = [Leaf(f"entry {name}", name * 3) for name in "abcd"]


@given(ROOTS)
def test_a_code_is_the_first_bits_of_the_root_and_is_read_as_it_was_written(root: str) -> None:
    code = code_of(root)
    plain = read_code(code)
    assert plain is not None
    assert grouped(plain) == code
    number = 0
    for each in plain[:-1]:
        number = number * 32 + ALPHABET.index(each)
    assert number == int(root, 16) >> (256 - CODE_BITS)
    assert easy_to_type(root) == (plain[-1] in ALPHABET)


@given(ROOTS, st.data())
def test_one_wrong_character_or_two_that_are_swapped_are_always_found(root: str, data: st.DataObject) -> None:
    plain = code_of(root).replace("-", "")
    place = data.draw(st.integers(0, len(plain) - 1))
    other = data.draw(st.sampled_from([each for each in ALPHABET if each != plain[place]]))
    assert read_code(plain[:place] + other + plain[place + 1 :]) is None
    if place + 2 < len(plain) and plain[place] != plain[place + 1]:
        assert read_code(plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]) is None


def test_a_code_may_be_typed_in_small_letters_with_letters_that_look_like_digits() -> None:
    code = code_of("00108421" + "0" * 56)
    assert read_code(f"  {code.lower()} ") == read_code(code)
    assert read_code(code.replace("0", "o").replace("1", "l")) == read_code(code)
    assert read_code(code.replace("-", " ")) == read_code(code)
    assert read_code(code.replace("-", " — ")) == read_code(code)
    assert read_code("".join(chr(ord(each) + 0xFEE0) for each in code)) == read_code(code)  # full-width


@pytest.mark.parametrize(
    "text", ["", "-", "A" * 33, "U" * 33, "中" * 33, "0" * 32, "0" * 34, "../../etc/passwd", "\0"]
)
def test_what_is_no_code_is_read_as_none(text: str) -> None:
    assert read_code(text) is None


def test_a_code_of_something_shorter_than_a_hash_is_refused() -> None:
    for root in ("", "00", "0" * 38, "zz"):
        with pytest.raises(ValueError, match=r"root|hexadecimal"):
            code_of(root)


@given(LEAVES, LEAVES)
def test_two_lists_of_leaves_have_one_root_only_where_they_are_the_same(one: list[Leaf], other: list[Leaf]) -> None:
    assert (root_of(one) == root_of(other)) == (one == other)
    assert (first_difference(one, other) is None) == (one == other)


def test_label_and_value_cannot_be_taken_for_each_other() -> None:
    assert root_of([Leaf("ab", "c")]) != root_of([Leaf("a", "bc")])
    assert root_of([Leaf('a","value":"b', "")]) != root_of([Leaf("a", "b")])


@pytest.mark.parametrize(
    ("now", "named"),
    [
        (SOME, None),
        ([SOME[0], Leaf("entry b", "other"), *SOME[2:]], "entry b"),  # changed
        ([SOME[0], *SOME[2:]], "entry b"),  # removed
        (SOME[:3], "entry d"),
        ([*SOME[:2], Leaf("scan 1", "x"), *SOME[2:]], "scan 1"),  # added
        ([*SOME, Leaf("scan 1", "x")], "scan 1"),
        ([SOME[1], SOME[0], *SOME[2:]], "entry a"),  # in another order
        ([*SOME, SOME[0]], "entry a"),
        ([], "entry a"),
    ],
)
def test_the_first_leaf_that_is_not_as_it_was_is_named(now: list[Leaf], named: str | None) -> None:
    assert first_difference(SOME, now) == named
