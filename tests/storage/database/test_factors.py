"""The contract of second factors and of tokens, on every database: what is good once is taken once, also at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.people import Account, Reach, Role, Scope
from storage.database import Database
from storage.database.api_tokens import ApiToken
from storage.errors import FactorStands, UnknownAccount, UnknownRow, UnknownToken
from tests.storage.database.examples import after

LI = Account("li", Role.CITY_OFFICER, Scope(Reach.CITY), after(0), must_change=False)
TOKEN = ApiToken("t-1", "li", "考务平台", ("see", "watch"), after(0), after(60))


@pytest.fixture
def kept(database: Database) -> Database:
    database.accounts.add(LI, "hash")
    return database


def confirmed(database: Database) -> int:
    database.factors.begin("li", "sealed", after(1))
    standing = database.factors.standing("li")
    assert standing is not None
    database.factors.confirm("li", standing.id, 100, ["code-1", "code-2"], after(2))
    return standing.id


def test_a_factor_counts_once_it_is_confirmed_and_only_the_last_one_begun_can_be(kept: Database) -> None:
    kept.factors.begin("li", "first", after(1))
    replaced = kept.factors.standing("li")
    assert replaced is not None
    assert (replaced.secret, replaced.confirmed, kept.accounts.all()) == ("first", None, [LI])
    factor = confirmed(kept)
    with pytest.raises(UnknownRow):
        kept.factors.confirm("li", replaced.id, 100, ["code-3"], after(3))
    with pytest.raises(FactorStands):
        kept.factors.begin("li", "another", after(3))
    with pytest.raises(UnknownRow):
        kept.factors.begin("nobody", "sealed", after(3))
    standing = kept.factors.standing("li")
    assert standing is not None
    assert (standing.id, standing.confirmed, kept.accounts.all()) == (factor, after(2), [replace(LI, factor=True)])


def test_confirming_and_removing_a_factor_end_sessions_and_half_logins(kept: Database) -> None:
    kept.accounts.succeed("li", "session-1", after(0))
    factor = confirmed(kept)
    kept.accounts.succeed("li", "session-2", after(3))
    kept.accounts.begin_half("li", "half-1", after(3))
    assert kept.factors.remove("li", after(4))
    ended = [kept.accounts.session(each) for each in ("session-1", "session-2")]
    assert [found[0].ended for found in ended if found is not None] == [after(2), after(4)]
    assert kept.accounts.half("half-1") is None
    assert not kept.factors.remove("li", after(5))
    assert not kept.factors.take_step(factor, 200)
    assert kept.factors.standing("li") is None


def test_of_many_that_come_with_one_code_at_once_one_is_taken(kept: Database) -> None:
    factor = confirmed(kept)
    with ThreadPoolExecutor(8) as pool:
        steps = list(pool.map(lambda _: kept.factors.take_step(factor, 101), range(8)))
        codes = list(pool.map(lambda _: kept.factors.take_recovery(factor, "code-1", after(3)), range(8)))
    assert [sum(steps), sum(codes)] == [1, 1]
    assert [kept.factors.take_step(factor, step) for step in (100, 101, 102)] == [False, False, True]
    assert kept.factors.recovery_left(factor) == 1
    assert not kept.factors.take_recovery(factor + 1, "code-2", after(3))


def test_a_half_login_is_found_until_it_ends_and_never_as_a_session(kept: Database) -> None:
    kept.accounts.begin_half("li", "half-1", after(0))
    half = kept.accounts.half("half-1")
    assert half is not None
    assert (half.began, half.account) == (after(0), LI)
    assert kept.accounts.session("half-1") is None
    kept.accounts.succeed("li", "session-1", after(1), "half-1")
    assert kept.accounts.half("half-1") is None


def test_a_password_given_again_makes_another_session_in_the_place_of_the_first(kept: Database) -> None:
    kept.accounts.succeed("li", "session-1", after(0))
    kept.accounts.renew("li", "session-1", "session-2", after(60))
    before, found = kept.accounts.session("session-1"), kept.accounts.session("session-2")
    assert before is not None
    assert found is not None
    assert (before[0].ended, found[0].proved) == (after(60), after(60))
    assert [each.id for each in kept.accounts.sessions("li")] == ["session-2"]


def test_all_sessions_of_one_account_or_of_everybody_end(kept: Database) -> None:
    kept.accounts.add(replace(LI, name="wang"), "hash")
    for number, name in enumerate(("li", "li", "wang")):
        kept.accounts.succeed(name, f"session-{number}", after(number))
    kept.accounts.begin_half("wang", "half-1", after(3))
    assert [each.id for each in kept.accounts.sessions("li")] == ["session-1", "session-0"]
    assert kept.accounts.end_sessions("li", after(4)) == 2
    assert kept.accounts.half("half-1") is not None
    assert kept.accounts.end_sessions(None, after(5)) == 1
    assert kept.accounts.half("half-1") is None
    with pytest.raises(UnknownAccount):
        kept.accounts.end_sessions("nobody", after(6))


def test_a_token_is_found_by_its_digest_and_revoked_once_and_by_its_owner_only(kept: Database) -> None:
    kept.accounts.add(replace(LI, name="wang"), "hash")
    kept.api_tokens.add(TOKEN, "digest-1")
    kept.api_tokens.see("t-1", after(5))
    found = kept.api_tokens.held("digest-1")
    assert found == (replace(TOKEN, used=after(5)), LI)
    assert kept.api_tokens.held("t-1") is None
    for name, account in (("t-1", "wang"), ("t-2", None)):
        with pytest.raises(UnknownToken):
            kept.api_tokens.revoke(name, after(6), account)
    assert [kept.api_tokens.revoke("t-1", after(at), "li").revoked for at in (7, 8)] == [after(7), after(7)]
    assert [each.id for each in kept.api_tokens.all("li")] == ["t-1"]
    assert kept.api_tokens.all("wang") == []
    with pytest.raises(UnknownRow):
        kept.api_tokens.add(replace(TOKEN, id="t-3", account="nobody"), "digest-3")


def test_all_tokens_of_an_account_end_at_once_and_those_that_had_ended_stay_as_they_were(kept: Database) -> None:
    for number in (1, 2):
        kept.api_tokens.add(replace(TOKEN, id=f"t-{number}"), f"digest-{number}")
    kept.api_tokens.revoke("t-1", after(3))
    kept.api_tokens.revoke_all("li", after(4))
    assert [each.revoked for each in kept.api_tokens.all()] == [after(3), after(4)]


@pytest.mark.parametrize(("after_s", "is_open"), [(0, True), (59, True), (60, False)])
def test_a_token_opens_until_its_day(after_s: float, is_open: bool) -> None:
    assert TOKEN.is_open(after(after_s)) is is_open
    assert not replace(TOKEN, revoked=after(0)).is_open(after(0) + timedelta(seconds=after_s))
