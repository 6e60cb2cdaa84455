"""Accounts from the command line: the first one is made here, and every act has its local user in the journal."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest

from config import settings
from config.errors import SettingsRefused
from dashboard.access import factors, login, tokens
from dashboard.access.table import Act
from domain.people import Role
from domain.timeline import SystemClock
from kaojian.wiring import roles_with_factor
from storage.database import connect
from storage.sealing import Sealer
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal


def test_the_first_account_is_made_with_a_password_that_opens_the_door(kaojian: Command, installation: Path) -> None:
    done = kaojian("user", "add", "chen", "--role", "city_administrator")
    assert done.code == 0
    first = re.fullmatch(r"account chen, first password: (\S+)\n", done.out)
    assert first is not None
    database = connect(f"sqlite:///{installation / 'var' / 'kaojian.sqlite3'}")
    account, _ = login.log_in(database, SystemClock(), "chen", first[1])
    database.close()
    assert account.must_change
    listed = kaojian("user", "list")
    assert "chen" in listed.out
    assert first[1] not in listed.out
    ((act, subject, actor),) = journal(installation)
    assert (act, subject) == ("add_account", "chen")
    assert actor.name.startswith("local:")


def test_an_account_is_reset_and_closed(kaojian: Command) -> None:
    kaojian("user", "add", "chen", "--role", "city_officer")
    assert "first password" in kaojian("user", "reset", "chen").out
    assert kaojian("user", "disable", "chen").out == "account chen is closed\n"
    assert "closed" in kaojian("user", "list").out
    again = kaojian("user", "add", "chen", "--role", "city_officer")
    assert (again.code, "choose another name" in again.err) == (1, True)
    assert kaojian("user", "disable", "nobody").code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Li", "--role", "city_officer"), "is no name"),
        (("l", "--role", "city_officer"), "is no name"),
        (("li", "--role", "city_officer", "--of", "sg-001"), "whole city"),
        (("li", "--role", "county_supervisor"), "needs one county"),
        (("li", "--role", "county_supervisor", "--of", "浈江区", "--of", "武江区"), "needs one county"),
        (("li", "--role", "county_supervisor", "--of", "nowhere"), "no county nowhere; there is: 浈江区"),
        (("li", "--role", "site_operator", "--of", "浈江区"), "no site 浈江区; there is: sg-001"),
        (("li", "--role", "auditor", "--of", "2026-0501"), "until when"),
        (("li", "--role", "examiner", "--of", "2026-0501"), "until when"),
        (("li", "--role", "device"), "needs one site"),
        (("emergency-li", "--role", "city_officer"), "break-glass"),
        (("li", "--role", "auditor", "--until", "2099-01-01T00:00:00Z"), "at least one batch"),
        (("li", "--role", "auditor", "--of", "2026-0501", "--until", "2020-01-01T00:00:00Z"), "before it began"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused_in_words(
    kaojian: Command, arguments: tuple[str, ...], words: str
) -> None:
    kaojian("apply", "exam.yaml")
    done = kaojian("user", "add", *arguments)
    assert done.code == 1
    assert words in done.err
    assert "li" not in kaojian("user", "list").out.split()


def test_scopes_are_of_places_that_are_set_up(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    for name, role, of in (("lin", "county_supervisor", "浈江区"), ("wu", "site_operator", "sg-001")):
        assert kaojian("user", "add", name, "--role", role, "--of", of).code == 0
        assert of in kaojian("user", "list").out


def test_a_person_is_recused_from_a_batch_and_let_see_it_again(kaojian: Command, installation: Path) -> None:
    kaojian("apply", "exam.yaml")
    kaojian("user", "add", "chen", "--role", "city_officer")
    recuse = ("user", "recuse", "chen", "2026-0501", "--reason", "女儿应考")
    assert kaojian(*recuse).out == "account chen sees nothing of batch 2026-0501\n"
    assert "not 2026-0501" in kaojian("user", "list").out
    assert ("recuse", "chen") in [entry[:2] for entry in journal(installation)]
    assert kaojian(*recuse, "--lift").out == "account chen may see batch 2026-0501 again\n"
    assert "not 2026-0501" not in kaojian("user", "list").out
    refused = [
        kaojian(*recuse, "--lift"),
        kaojian("user", "recuse", "chen", "no-batch", "--reason", "x"),
        kaojian("user", "recuse", "nobody", "2026-0501", "--reason", "x"),
    ]
    assert [(each.code, each.err.partition(";")[0].strip()) for each in refused] == [
        (1, "kaojian: chen is not recused from batch 2026-0501"),
        (1, "kaojian: there is no batch no-batch"),
        (1, "kaojian: there is no account nobody"),
    ]


def test_a_second_factor_that_was_lost_is_reset_with_a_reason(kaojian: Command, installation: Path) -> None:
    kaojian("user", "add", "chen", "--role", "city_officer")
    reset = ("user", "reset-factor", "chen", "--reason", "手机遗失")
    assert (kaojian(*reset).code, kaojian("user", "reset-factor", "chen").code) == (1, 2)
    database = connect(f"sqlite:///{installation / 'var' / 'kaojian.sqlite3'}")
    sealer, clock = Sealer.new(), SystemClock()
    begun = factors.begin(database, sealer, clock, "chen")
    factors.confirm(database, sealer, clock, "chen", pyotp.TOTP(begun.secret).now())
    assert "set up" in kaojian("user", "list").out
    assert kaojian(*reset).out == "account chen has no second factor now\n"
    assert "set up" not in kaojian("user", "list").out
    entry = database.journal.entries(1)[0]
    database.close()
    assert (entry.act, entry.detail, entry.actor.name.partition(":")[0]) == ("reset_factor", "手机遗失", "local")


def test_an_account_is_linked_to_an_identity_provider_and_unlinked(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kaojian("user", "add", "chen", "--role", "city_officer")
    link = ("user", "link", "chen", "--subject", "u-1")
    refused = kaojian(*link)
    assert (refused.code, "KAOJIAN_OIDC_ISSUER" in refused.err) == (1, True)
    monkeypatch.setenv("KAOJIAN_OIDC_ISSUER", "https://id.example.cn")
    monkeypatch.setenv("KAOJIAN_PAGES_ADDRESS", "https://kaojian.example.cn")
    assert kaojian(*link).out == "account chen is linked to u-1 of https://id.example.cn\n"
    assert "u-1 of https://id.example.cn" in kaojian("user", "list").out
    assert "is linked already" in kaojian(*link).err
    unlinked = kaojian("user", "unlink", "chen")
    assert (unlinked.out, unlinked.err) == ("account chen is linked to nobody now\n", "")
    assert kaojian("user", "unlink", "chen").code == 1
    assert kaojian(*link, "--no-password").out.endswith("and has no password\n")
    assert "first password" not in kaojian("user", "list").out
    assert "kaojian user reset chen" in kaojian("user", "unlink", "chen").err
    refused = kaojian("user", "link", "nobody", "--subject", "u-2")
    assert (refused.code, "no account nobody" in refused.err) == (1, True)
    assert "is no subject" in kaojian("user", "link", "chen", "--subject", "").err
    acts = [(act, actor.name.partition(":")[0]) for act, _, actor in journal(installation)]
    assert sorted(acts) == [
        ("add_account", "local"),
        *[("link_account", "local")] * 2,
        *[("unlink_account", "local")] * 2,
    ]


def test_a_token_is_made_listed_and_revoked(kaojian: Command, installation: Path) -> None:
    kaojian("user", "add", "chen", "--role", "city_supervisor")
    add = ("token", "add", "chen", "--for", "see", "--for", "audit", "--label", "考务平台")
    made = re.fullmatch(r"token ([0-9a-f]{12}) of account chen, until (\S+): (kaojian_\S+)\n", kaojian(*add).out)
    assert made is not None
    database = connect(f"sqlite:///{installation / 'var' / 'kaojian.sqlite3'}")
    viewer = tokens.resume(database, SystemClock(), made[3])
    assert viewer is not None
    assert (viewer.account.name, viewer.acts) == ("chen", frozenset({Act.SEE, Act.AUDIT}))
    listed = kaojian("token", "list", "chen").out
    assert [word in listed for word in (made[1], "考务平台", "audit", "open", made[3])] == [True] * 4 + [False]
    assert kaojian("token", "revoke", made[1]).code == 0
    assert tokens.resume(database, SystemClock(), made[3]) is None
    assert "revoked" in kaojian("token", "list").out
    acts = [entry.act for entry in database.journal.entries(2)]
    database.close()
    assert acts == ["revoke_token", "add_token"]
    refused = [
        kaojian(*add, "--for", "own_tokens"),
        kaojian(*add, "--days", "366"),
        kaojian("token", "add", "nobody", "--for", "see", "--label", "x"),
        kaojian("token", "revoke", "nothing"),
    ]
    assert [each.code for each in refused] == [1] * 4
    assert "a city_supervisor a token may have: schedule, see, audit, watch, save, watch_open" in refused[0].err


@pytest.mark.parametrize("said", ["everybody", "city_officer, admin", ",", "device"])
def test_roles_that_have_to_have_a_second_factor_are_named_or_refused(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert roles_with_factor(settings.load()) == {Role.CITY_ADMINISTRATOR, Role.CITY_OFFICER}
    for words, roles in (
        ("none", set()),
        ("all", set(Role) - {Role.DEVICE, Role.SCORING_SYSTEM}),
        ("auditor, city_officer", {Role.AUDITOR, Role.CITY_OFFICER}),
    ):
        monkeypatch.setenv("KAOJIAN_SECOND_FACTOR", words)
        assert roles_with_factor(settings.load()) == roles
    monkeypatch.setenv("KAOJIAN_SECOND_FACTOR", said)
    with pytest.raises(SettingsRefused, match="KAOJIAN_SECOND_FACTOR"):
        roles_with_factor(settings.load())
