"""The contract of the accounts, on every database: names for ever, attempts that are counted, sessions that end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.people import Account, Reach, Role, Scope
from storage.database import Database
from storage.database.accounts import FIRST_WAIT, FREE_FAILURES, LONGEST_WAIT, EndReason, waiting
from storage.errors import NameTaken, UnknownAccount
from tests.storage.database.examples import after

LI = Account("li", Role.COUNTY_SUPERVISOR, Scope(Reach.COUNTY, frozenset({"浈江区"})), after(0), must_change=True)


def test_an_account_is_found_as_it_was_added(database: Database) -> None:
    auditor = Account(
        "zhou", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({"b-1", "b-2"})), after(1), False, expires=after(99)
    )
    database.accounts.add(LI, "hash-1")
    database.accounts.add(auditor, "hash-2")
    assert database.accounts.find("li") == (LI, "hash-1")
    assert database.accounts.find("Li") is None
    assert database.accounts.all() == [LI, auditor]


def test_a_name_is_never_given_twice_not_even_after_the_account_is_closed(database: Database) -> None:
    database.accounts.add(LI, "hash-1")
    database.accounts.disable("li", after(5))
    with pytest.raises(NameTaken):
        database.accounts.add(LI, "hash-2")
    (kept,) = database.accounts.all()
    assert kept.disabled == after(5)
    assert not kept.is_open(after(6))


def test_nothing_can_be_done_to_an_account_that_is_not_there(database: Database) -> None:
    with pytest.raises(UnknownAccount):
        database.accounts.disable("nobody", after(0))
    with pytest.raises(UnknownAccount):
        database.accounts.set_password("nobody", "hash", after(0), must_change=False)
    with pytest.raises(UnknownAccount):
        database.accounts.succeed("nobody", "id", after(0))


@pytest.mark.parametrize("name", ["li", "nobody"])
def test_wrong_passwords_in_a_row_cost_ever_longer_waits_whether_the_name_is_known_or_not(
    database: Database, name: str
) -> None:
    database.accounts.add(LI, "hash")
    waits = []
    now_s = 0.0
    for _ in range(FREE_FAILURES + 7):
        wait = database.accounts.begin_attempt(name, after(now_s))
        waits.append(wait)
        now_s += wait.total_seconds()
        if wait:
            assert not database.accounts.begin_attempt(name, after(now_s))
    assert waits[:FREE_FAILURES] == [timedelta()] * FREE_FAILURES
    assert waits[FREE_FAILURES : FREE_FAILURES + 3] == [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]
    assert waits[-1] == LONGEST_WAIT


def test_a_try_that_has_to_wait_is_not_counted_and_makes_nobody_wait_longer(database: Database) -> None:
    for _ in range(FREE_FAILURES):
        database.accounts.begin_attempt("li", after(0))
    waits = [database.accounts.begin_attempt("li", after(second)) for second in (1, 10, 29)]
    assert waits == [timedelta(seconds=29), timedelta(seconds=20), timedelta(seconds=1)]


def test_a_right_password_counts_anew(database: Database) -> None:
    database.accounts.add(LI, "hash")
    for number in range(FREE_FAILURES):
        assert not database.accounts.begin_attempt("li", after(number))
    assert not database.accounts.begin_attempt("li", after(60))
    database.accounts.succeed("li", "session-1", after(60))
    for number in range(FREE_FAILURES):
        assert not database.accounts.begin_attempt("li", after(61 + number))


def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_the_wait() -> None:
    assert waiting([after(86_400)] * FREE_FAILURES, after(0)) == FIRST_WAIT
    assert waiting([after(0)] * 1000, after(0)) == LONGEST_WAIT


def test_a_session_is_found_with_its_account_until_and_after_it_ends(database: Database) -> None:
    database.accounts.add(LI, "hash")
    database.accounts.succeed("li", "session-1", after(0))
    database.accounts.see("session-1", after(60))
    found = database.accounts.session("session-1")
    assert found is not None
    session, account = found
    assert (session.began, session.seen, session.ended, account) == (after(0), after(60), None, LI)
    database.accounts.end_session("session-1", after(70), EndReason.LOGOUT)
    database.accounts.end_session("session-1", after(80), EndReason.IDLE)
    ended = database.accounts.session("session-1")
    assert ended is not None
    assert ended[0].ended == after(70)
    assert database.accounts.session("session-2") is None


@pytest.mark.parametrize("closed", [True, False])
def test_closing_an_account_or_changing_its_password_ends_its_sessions_and_no_others(
    database: Database, closed: bool
) -> None:
    other = Account("wang", Role.CITY_OFFICER, Scope(Reach.CITY), after(0), must_change=False)
    for account in (LI, other):
        database.accounts.add(account, "hash")
        database.accounts.succeed(account.name, f"session-{account.name}", after(0))
    if closed:
        database.accounts.disable("li", after(9))
    else:
        database.accounts.set_password("li", "hash-2", after(9), must_change=False)
        assert database.accounts.find("li") is not None
    ended = [database.accounts.session(f"session-{name}") for name in ("li", "wang")]
    assert [found[0].ended for found in ended if found is not None] == [after(9), None]


def test_the_last_word_on_a_recusal_counts(database: Database) -> None:
    database.accounts.add(LI, "hash")
    for batch, recused in (("b-1", True), ("b-2", True), ("b-1", False), ("b-3", False)):
        database.accounts.recuse("li", batch, after(1), recused=recused)
    database.accounts.succeed("li", "session-1", after(2))
    session = database.accounts.session("session-1")
    found = database.accounts.find("li")
    assert found is not None
    assert session is not None
    assert [found[0].recused, session[1].recused, database.accounts.all()[0].recused] == [frozenset({"b-2"})] * 3
    with pytest.raises(UnknownAccount):
        database.accounts.recuse("nobody", "b-1", after(1), recused=True)
