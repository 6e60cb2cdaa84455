"""Logging in and out through the API: what an attacker tries first, then what a person does."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts, passwords
from dashboard.access.accounts import Wanted
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.people import Role
from storage.database.accounts import FREE_FAILURES
from tests.dashboard.exam import TESTER, Exam
from tests.dashboard.serving import client

SESSION = "/api/v1/session"
NEW = "朝霞 over the Bei river"


@pytest.fixture
def api(exam: Exam) -> Iterator[httpx.Client]:
    """Nobody, talking to the API; cookies are kept as a browser would."""
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def added(exam: Exam, name: str) -> str:
    return accounts.add(exam.database, Wanted(name, Role.CITY_OFFICER, must_change=False), TESTER, exam.clock)


def test_name_and_password_open_a_session_whose_cookie_no_script_and_no_other_site_gets(
    api: httpx.Client, exam: Exam
) -> None:
    password = added(exam, "chen")
    assert api.get(SESSION).json() == {"account": None, "second_step": False, "broken_glass": []}
    answer = api.post(SESSION, json={"name": "chen", "password": password})
    assert answer.json()["account"]["name"] == "chen"
    may = {"own_session", "own_tokens", "schedule", "see", "watch", "save", "approve"}
    may |= {"draws", "seed", "roll", "roster", "cases", "suspicions", "take_exit", "decide_case"}
    may |= {"certificates", "certify", "dossier", "receipt", "retrieve", "set_up", "health"}
    may |= {"disposals", "propose_disposal", "approve_disposal", "withhold", "scores"}
    may |= {"grounds", "review", "papers", "room_record"}
    assert set(answer.json()["account"]["may"]) == may
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert flags == {"httponly", "path=/", "samesite=strict"}
    assert answer.headers["cache-control"] == "no-store"
    assert password not in answer.text
    assert api.get(SESSION).json() == answer.json()
    assert api.get("/api/v1/batches").status_code == 200


def test_a_token_that_was_planted_before_the_login_is_not_taken_on(api: httpx.Client, exam: Exam) -> None:
    password = added(exam, "deng")
    planted = {"Cookie": f"{COOKIE}=planted"}
    api.post(SESSION, json={"name": "deng", "password": password}, headers=planted)
    assert api.cookies[COOKIE] != "planted"
    api.cookies.clear()
    assert api.get("/api/v1/batches", headers=planted).status_code == 401


def test_a_token_is_worth_nothing_after_logout_and_after_a_second_login(api: httpx.Client, exam: Exam) -> None:
    password = added(exam, "feng")
    used = []
    for _ in range(2):
        api.post(SESSION, json={"name": "feng", "password": password})
        used.append(api.cookies[COOKIE])
    assert api.delete(SESSION).status_code == 204
    assert COOKIE not in api.cookies
    for token in used:
        answer = api.get("/api/v1/batches", headers={"Cookie": f"{COOKIE}={token}"})
        assert answer.status_code == 401


def test_after_too_many_wrong_passwords_the_answer_says_how_long_to_wait(
    api: httpx.Client, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "matches", lambda *_: False)
    wrong = {"name": "nobody", "password": "a wrong one"}
    answers = [api.post(SESSION, json=wrong) for _ in range(FREE_FAILURES + 1)]
    assert [each.status_code for each in answers] == [403] * FREE_FAILURES + [429]
    assert answers[-1].headers["retry-after"] == "30"
    assert {each.json()["type"] for each in answers[:-1]} == {"urn:kaojian:problem:login-refused"}
    assert "a wrong one" not in "".join(each.text for each in answers)


@pytest.mark.parametrize("body", [{}, {"name": "x" * 65, "password": "secret-words"}, {"name": "x", "password": 7}])
def test_a_login_that_cannot_be_read_is_refused_without_repeating_the_password(
    api: httpx.Client, body: dict[str, object]
) -> None:
    answer = api.post(SESSION, json=body)
    assert answer.status_code == 422
    assert "secret-words" not in answer.text


def test_a_first_password_is_changed_and_the_door_opens(api: httpx.Client, exam: Exam) -> None:
    first = accounts.add(exam.database, Wanted("gao", Role.CITY_OFFICER), TESTER, exam.clock)
    assert api.post(SESSION, json={"name": "gao", "password": first}).json()["account"]["must_change"] is True
    assert api.get("/api/v1/batches").status_code == 403
    short = api.post(f"{SESSION}/password", json={"old": first, "new": "short"})
    assert (short.status_code, short.json()["type"]) == (422, "urn:kaojian:problem:password-refused")
    before = api.cookies[COOKIE]
    changed = api.post(f"{SESSION}/password", json={"old": first, "new": NEW})
    assert changed.json()["account"]["must_change"] is False
    assert api.cookies[COOKIE] != before
    assert api.get("/api/v1/batches").status_code == 200
    assert api.get("/api/v1/batches", headers={"Cookie": f"{COOKIE}={before}"}).status_code == 401
