"""The Merkle root: the values that everybody computes, and that no two lists share one."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import merkle

# The inputs and roots by which implementations of certificate transparency compare themselves (RFC 6962 2.1).
LEAVES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
lists = st.lists(st.binary(max_size=4), max_size=40)


def by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word: split at the largest power of two smaller than the number of leaves."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_the_book(leaves[:split]) + by_the_book(leaves[split:])).digest()


@pytest.mark.parametrize("count", range(1, 9))
def test_known_roots_come_out(count: int) -> None:
    assert merkle.root(LEAVES[:count]).hex() == ROOTS[count - 1]


def test_nothing_has_the_root_of_nothing() -> None:
    assert merkle.root([]) == sha256(b"").digest()


@given(lists)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root(iter(leaves)) == by_the_book(leaves)


@given(lists, lists)
def test_two_lists_have_one_root_only_where_they_are_one_list(one: list[bytes], other: list[bytes]) -> None:
    assert (merkle.root(one) == merkle.root(other)) == (one == other)


@given(lists.filter(bool), st.data())
def test_a_leaf_changed_moved_taken_out_or_put_in_changes_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    taken, rest = leaves[at], leaves[:at] + leaves[at + 1 :]
    to = data.draw(st.integers(0, len(rest)))
    spoilt = [
        [*leaves[:at], taken + b"x", *leaves[at + 1 :]],
        rest,
        [*leaves[:to], b"new", *leaves[to:]],
        [*rest[:to], taken, *rest[to:]],
    ]
    for other in spoilt:
        if other != leaves:
            assert merkle.root(other) != merkle.root(leaves)


def test_a_node_cannot_be_passed_off_as_a_leaf() -> None:
    """Two leaves and one leaf made of their hashes: the prefixes keep them apart."""
    hashes = b"".join(sha256(b"\x00" + each).digest() for each in (b"a", b"b"))
    assert merkle.root([b"a", b"b"]) != merkle.root([hashes])
