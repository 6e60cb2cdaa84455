"""Accounts at the page: who may make them, what is shown once, and what an administrator does to nobody, least of all
to themselves. What the acts themselves refuse is tried in ``test_login``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
import structlog

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts, login
from dashboard.access.accounts import Wanted
from dashboard.app import create_app
from domain.people import Role
from domain.timeline import rfc3339
from tests.dashboard.exam import BATCH, SITE, TESTER, Exam
from tests.dashboard.serving import client, coming, problem

ACCOUNTS, SESSION = "/api/v1/accounts", "/api/v1/session"


@pytest.fixture(scope="module")
def api(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


@pytest.fixture(scope="module")
def admin(exam: Exam) -> dict[str, str]:
    return coming(exam, Role.CITY_ADMINISTRATOR)


def test_an_account_is_made_and_its_first_password_is_shown_once_and_opens_the_door(
    api: httpx.Client, exam: Exam, admin: dict[str, str]
) -> None:
    body = {"name": "rest-a", "role": "site_operator", "sees": [SITE.id]}
    with structlog.testing.capture_logs() as logs:
        made = api.post(ACCOUNTS, json=body, headers=admin)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    first, account = made.json()["first_password"], made.json()["account"]
    assert (account["sees"], account["must_change"], account["open"]) == ([SITE.id], True, True)
    listed = api.get(ACCOUNTS, headers=admin)
    assert account in listed.json()["accounts"]
    assert (listed.headers["cache-control"], first in listed.text) == ("no-store", False)
    assert first not in f"{logs}{exam.database.journal.entries(3)}"
    told = exam.database.journal.entries(1)[0]
    assert (told.act, told.subject, told.actor.name.startswith("account:city-administrator")) == (
        "add_account",
        "rest-a",
        True,
    )
    assert api.post(SESSION, json={"name": "rest-a", "password": first}).json()["account"]["must_change"]
    api.cookies.clear()


def test_a_hash_a_factor_or_a_token_is_in_no_answer(api: httpx.Client, exam: Exam, admin: dict[str, str]) -> None:
    accounts.add(exam.database, Wanted("rest-b", Role.CITY_OFFICER), TESTER, exam.clock)
    held = exam.database.accounts.find("rest-b")
    assert held is not None
    listed = api.get(ACCOUNTS, headers=admin)
    assert held[1] not in listed.text
    assert "argon2" not in listed.text
    mine = next(each for each in listed.json()["accounts"] if each["name"] == "rest-b")
    assert not {"password_hash", "hash", "secret"} & mine.keys()
    assert mine["password"] is True  # that there is one, no more


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CITY_ADMINISTRATOR])
def test_nobody_else_sees_or_makes_accounts(api: httpx.Client, exam: Exam, role: Role) -> None:
    names = {"county": [SITE.county], "site": [SITE.id], "batches": [BATCH]}.get(role.reach.value, [])
    headers, before = coming(exam, role, *names), len(exam.database.accounts.all())
    for answer in (
        api.get(ACCOUNTS, headers=headers),
        api.post(ACCOUNTS, json={"name": "rest-c", "role": "city_officer"}, headers=headers),
        api.post(f"{ACCOUNTS}/supervisor/password", headers=headers),
        api.post(f"{ACCOUNTS}/supervisor/disable", headers=headers),
    ):
        assert problem(answer) == (403, "not-allowed")
    assert len(exam.database.accounts.all()) == before


def test_what_cannot_be_is_refused_in_words(api: httpx.Client, exam: Exam, admin: dict[str, str]) -> None:
    def made(**body: object) -> tuple[int, str]:
        return problem(api.post(ACCOUNTS, json={"name": "rest-d", "role": "city_officer", **body}, headers=admin))

    assert made(name="Rest D") == (422, "account-refused")
    assert made(name="emergency-1") == (422, "account-refused")
    assert made(sees=[SITE.id]) == (422, "account-refused")
    assert made(role="site_operator") == (422, "account-refused")
    assert made(role="site_operator", sees=["nowhere"]) == (422, "account-refused")
    assert made(role="auditor", sees=[BATCH]) == (422, "account-refused")  # it needs an end
    assert made(role="king") == (422, "invalid-request")
    ends = rfc3339(exam.clock.now() + timedelta(days=9))
    body = {"name": "rest-d", "role": "auditor", "sees": [BATCH], "expires": ends}
    assert api.post(ACCOUNTS, json=body, headers=admin).json()["account"]["expires"] == ends
    assert made() == (409, "name-taken")
    assert problem(api.post(f"{ACCOUNTS}/nobody/disable", headers=admin)) == (404, "unknown-account")
    assert problem(api.post(f"{ACCOUNTS}/No%20body/password", headers=admin)) == (404, "unknown-account")


def test_who_is_closed_reset_or_logged_out_is_out_at_once(
    api: httpx.Client, exam: Exam, admin: dict[str, str]
) -> None:
    def sees(headers: dict[str, str]) -> int:
        return api.get("/api/v1/batches", headers=headers).status_code

    def name_of(headers: dict[str, str]) -> str:
        return headers["Cookie"].partition("=")[2]

    out, reset, closed = (coming(exam, Role.CITY_OFFICER) for _ in range(3))
    assert [sees(each) for each in (out, reset, closed)] == [200] * 3
    ended = api.post(f"{ACCOUNTS}/{name_of(out)}/log-out", json={"reason": "电脑不慎遗失"}, headers=admin)
    assert (ended.json(), sees(out)) == ({"ended": 1}, 401)
    again = api.post(f"{ACCOUNTS}/{name_of(reset)}/password", headers=admin)
    assert again.headers["cache-control"] == "no-store"
    password = again.json()["first_password"]
    assert (sees(reset), len(password) >= 12) == (401, True)
    assert api.post(SESSION, json={"name": name_of(reset), "password": password}).status_code == 200
    api.cookies.clear()
    assert not api.post(f"{ACCOUNTS}/{name_of(closed)}/disable", headers=admin).json()["open"]
    assert sees(closed) == 401


def test_recusal_shuts_a_batch_and_lifting_it_opens_it_again(
    api: httpx.Client, exam: Exam, admin: dict[str, str]
) -> None:
    headers = coming(exam, Role.CITY_OFFICER)
    name = headers["Cookie"].partition("=")[2]

    def recuse(*, recused: bool, **body: object) -> httpx.Response:
        told = {"batch": BATCH, "reason": "亲属参加考核", "recused": recused, **body}
        return api.post(f"{ACCOUNTS}/{name}/recusals", json=told, headers=admin)

    assert recuse(recused=True).json()["recused"] == [BATCH]
    assert api.get(f"/api/v1/batches/{BATCH}/sittings/1", headers=headers).status_code == 404
    assert recuse(recused=False).json()["recused"] == []
    assert api.get(f"/api/v1/batches/{BATCH}/sittings/1", headers=headers).status_code == 200
    assert problem(recuse(recused=False)) == (422, "account-refused")
    assert problem(recuse(recused=True, batch="none")) == (404, "unknown-batch")
    assert problem(recuse(recused=True, reason="x")) == (422, "invalid-request")


def test_nobody_closes_resets_or_recuses_their_own_account(
    api: httpx.Client, exam: Exam, admin: dict[str, str]
) -> None:
    own = f"{ACCOUNTS}/{admin['Cookie'].partition('=')[2]}"
    recusal = {"batch": BATCH, "recused": True, "reason": "亲属参加考核"}
    for answer in (
        api.post(f"{own}/disable", headers=admin),
        api.post(f"{own}/password", headers=admin),
        api.post(f"{own}/recusals", json=recusal, headers=admin),
    ):
        assert problem(answer) == (422, "account-refused")
    assert api.get(ACCOUNTS, headers=admin).status_code == 200


def test_from_a_page_that_was_left_open_no_account_is_made_closed_or_reset(
    api: httpx.Client, exam: Exam, admin: dict[str, str]
) -> None:
    exam.clock.advance(login.FRESH.total_seconds())
    try:
        recusal = {"batch": BATCH, "recused": True, "reason": "亲属参加考核"}
        for answer in (
            api.post(ACCOUNTS, json={"name": "rest-e", "role": "city_officer"}, headers=admin),
            api.post(f"{ACCOUNTS}/supervisor/disable", headers=admin),
            api.post(f"{ACCOUNTS}/supervisor/password", headers=admin),
            api.post(f"{ACCOUNTS}/supervisor/recusals", json=recusal, headers=admin),
        ):
            assert problem(answer) == (403, "proof-needed")
        assert exam.database.accounts.find("rest-e") is None
    finally:
        exam.clock.step(-login.FRESH.total_seconds())


def test_an_administrator_who_is_recused_settles_nothing_of_that_batch(api: httpx.Client, exam: Exam) -> None:
    accounts.add(exam.database, Wanted("rest-f", Role.CITY_OFFICER), TESTER, exam.clock)
    accounts.recuse(exam.database, "rest-f", BATCH, reason="亲属", actor=TESTER, clock=exam.clock)
    headers = coming(exam, Role.CITY_ADMINISTRATOR, recused=BATCH)
    assert BATCH not in api.get(ACCOUNTS, headers=headers).text
    lifting = {"batch": BATCH, "recused": False, "reason": "不再需要回避"}
    assert problem(api.post(f"{ACCOUNTS}/rest-f/recusals", json=lifting, headers=headers)) == (404, "unknown-batch")
    ends = rfc3339(exam.clock.now() + timedelta(days=9))
    making = {"name": "rest-g", "role": "auditor", "sees": [BATCH], "expires": ends}
    assert problem(api.post(ACCOUNTS, json=making, headers=headers)) == (404, "unknown-batch")
    held = exam.database.accounts.find("rest-f")
    assert held is not None
    assert held[0].recused == {BATCH}
