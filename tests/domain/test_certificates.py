"""Serials of blank forms and deliveries of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certificates import Delivery, Fate, Form, Serial

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
NUMBERS = st.integers(0, 999)


def delivery(first: int, last: int, prefix: str = "GD") -> Delivery:
    return Delivery(f"{prefix}{first:03}", f"{prefix}{last:03}", last - first + 1, NOON, "省中心")


@pytest.mark.parametrize(
    ("text", "prefix", "number", "places"),
    [
        ("GD0007", "GD", 7, 4),
        ("ｇｄ０００７ ", "GD", 7, 4),
        ("2026-001", "2026-", 1, 3),
        ("7A03", "7A", 3, 2),
        ("000123", "", 123, 6),
    ],
)
def test_a_serial_is_its_prefix_and_the_figures_at_its_end(text: str, prefix: str, number: int, places: int) -> None:
    serial = Serial.read(text)
    assert serial == Serial(prefix, number, places)
    assert Serial.read(str(serial)) == serial


@pytest.mark.parametrize("text", ["", "GD", "GD 7", "粤7", "GD7A", "=1+1", "A" * 21 + "1"])
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="印刷号"):
        Serial.read(text)


@given(st.text(alphabet="ABZ-019", min_size=1, max_size=20))
def test_every_serial_is_written_as_it_was_read(text: str) -> None:
    try:
        serial = Serial.read(text)
    except ValueError:
        return
    assert str(serial) == text
    assert str(serial.next).startswith(serial.prefix)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_deliveries_overlap_exactly_where_they_have_a_form_in_common(a: int, b: int, c: int, d: int) -> None:
    one, other = delivery(min(a, b), max(a, b)), delivery(min(c, d), max(c, d))
    common = set(range(min(a, b), max(a, b) + 1)) & set(range(min(c, d), max(c, d) + 1))
    assert one.overlaps(other) == other.overlaps(one) == bool(common)
    assert all(one.holds(Serial("GD", each, 3)) and other.holds(Serial("GD", each, 3)) for each in common)


def test_forms_of_another_prefix_or_number_of_places_are_not_of_the_delivery() -> None:
    one = delivery(1, 9)
    assert not one.holds(Serial("GE", 1, 3))
    assert not one.holds(Serial("GD", 1, 4))
    assert not one.overlaps(delivery(1, 9, "GE"))
    assert one.overlaps(Delivery("GD0005", "GD0006", 2, NOON, "省中心"))


def test_a_form_that_was_lost_was_issued_all_the_same() -> None:
    assert not Form("GD1", NOON, "4402", Fate.LOST).is_spoiled
    assert Form("GD1", NOON, "4402", Fate.DESTROYED).is_spoiled
    assert not Form("GD1", NOON, "4402").is_spoiled
