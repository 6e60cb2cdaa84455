"""The contract of links to an identity provider, on every database: one person, one account, and each word once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from domain.people import Account, Reach, Role, Scope
from storage.database import Database
from storage.database.identities import Identity
from storage.errors import IdentityTaken, UnknownAccount, UnknownRow
from tests.storage.database.examples import after

LI, WANG = (
    Account(name, Role.CITY_OFFICER, Scope(Reach.CITY), after(0), must_change=True) for name in ("li", "wang")
)
ISSUER = "https://id.example.cn"
LINK = Identity("li", ISSUER, "u-1", after(1))


@pytest.fixture
def kept(database: Database) -> Database:
    for account in (LI, WANG):
        database.accounts.add(account, "hash")
    return database


def test_a_subject_is_linked_to_one_account_and_an_account_to_one_subject(kept: Database) -> None:
    kept.identities.link(LINK, keep_password=True)
    assert kept.identities.account(ISSUER, "u-1") == replace(LI, linked=True)
    for other in (LINK, replace(LINK, account="wang"), replace(LINK, subject="u-2")):
        with pytest.raises(IdentityTaken):
            kept.identities.link(other, keep_password=False)
    assert kept.identities.all() == [LINK]
    assert kept.accounts.all() == [replace(LI, linked=True), WANG], "a refused link takes no password away"
    with pytest.raises(UnknownAccount):
        kept.identities.link(replace(LINK, account="nobody"), keep_password=True)
    for issuer, subject in (("https://other.example.cn", "u-1"), (ISSUER, "U-1"), (ISSUER, "")):
        assert kept.identities.account(issuer, subject) is None


def test_a_link_without_a_password_ends_sessions_and_its_end_does_too(kept: Database) -> None:
    kept.accounts.succeed("li", "session-1", after(0))
    kept.identities.link(LINK, keep_password=False)
    assert kept.accounts.find("li") == (replace(LI, linked=True, password=False, must_change=False), "")
    kept.accounts.admit("li", "session-2", after(2), proved=after(1), factor_proved=True)
    kept.accounts.begin_half("li", "half-1", after(2))
    assert [kept.identities.end("li", after(3)), kept.identities.end("li", after(4))] == [True, False]
    ended = [kept.accounts.session(each) for each in ("session-1", "session-2")]
    assert [found[0].ended for found in ended if found is not None] == [after(1), after(3)]
    assert kept.accounts.half("half-1") is None
    assert (kept.identities.all(), kept.identities.account(ISSUER, "u-1")) == ([], None)
    kept.identities.link(replace(LINK, account="wang", linked=after(5)), keep_password=True)
    found = kept.identities.account(ISSUER, "u-1")
    assert found is not None
    assert found.name == "wang"


def test_a_session_says_when_its_holder_was_asked_and_whether_by_two_factors(kept: Database) -> None:
    kept.accounts.succeed("li", "by password", after(1))
    kept.accounts.admit("li", "by provider", after(5), proved=after(2), factor_proved=True)
    told = [kept.accounts.session(each) for each in ("by password", "by provider")]
    assert [(each[0].proved, each[0].factor_proved) for each in told if each] == [(after(1), False), (after(2), True)]
    assert kept.accounts.vouch("li", "by provider", after(6))
    assert not kept.accounts.vouch("wang", "by provider", after(7))
    kept.identities.link(LINK, keep_password=True)
    kept.identities.end("li", after(8))
    assert not kept.accounts.vouch("li", "by provider", after(9))
    session = kept.accounts.session("by provider")
    assert session is not None
    assert session[0].proved == after(6)


def test_what_a_provider_said_is_taken_once_also_by_many_at_once(kept: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: kept.identities.take("digest", "li", after(1)), range(16)))
    assert taken.count(True) == 1
    assert kept.identities.take("another", "li", after(1))
    with pytest.raises(UnknownRow):
        kept.identities.take("a third", "nobody", after(1))
