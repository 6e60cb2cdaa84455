"""What a scope covers and when an account is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.people import Account, Place, Reach, Role, Scope

NOW = datetime(2026, 5, 1, 1, tzinfo=UTC)
OURS = Place("浈江区", "sg-001", "2026-0501")


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope(Reach.CITY), True),
        (Scope(Reach.COUNTY, frozenset({"浈江区"})), True),
        (Scope(Reach.COUNTY, frozenset({"武江区"})), False),
        (Scope(Reach.COUNTY, frozenset({"sg-001"})), False),
        (Scope(Reach.SITE, frozenset({"sg-001"})), True),
        (Scope(Reach.SITE, frozenset({"sg-00"})), False),
        (Scope(Reach.BATCHES, frozenset({"2026-0501"})), True),
        (Scope(Reach.BATCHES, frozenset({"2026-0502"})), False),
        (Scope(Reach.BATCHES), False),
        (Scope(Reach.COUNTY), False),
    ],
)
def test_a_scope_covers_what_it_names_and_nothing_else(scope: Scope, covers: bool) -> None:
    assert scope.covers(OURS) is covers


def test_what_belongs_to_no_batch_is_outside_a_scope_of_batches() -> None:
    assert not Scope(Reach.BATCHES, frozenset({"2026-0501"})).covers(Place("浈江区", "sg-001"))
    assert Scope(Reach.SITE, frozenset({"sg-001"})).covers(Place("浈江区", "sg-001"))


def test_every_role_has_a_reach() -> None:
    assert {role.reach for role in Role} == set(Reach)


def test_an_account_is_open_until_it_expires_or_is_disabled() -> None:
    account = Account("li", Role.AUDITOR, Scope(Reach.BATCHES), NOW, False, expires=NOW + timedelta(days=1))
    assert account.is_open(NOW)
    assert not account.is_open(NOW + timedelta(days=1))
    assert not Account("li", Role.AUDITOR, Scope(Reach.BATCHES), NOW, False, disabled=NOW).is_open(NOW)
