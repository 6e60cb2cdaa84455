"""Tokens of programs: what must not open a door, then what a program may and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts, login, tokens
from dashboard.access.accounts import Wanted
from dashboard.access.errors import TokenRefused
from dashboard.access.table import Act
from dashboard.app import create_app
from domain.people import Account, Role
from domain.timeline import rfc3339
from storage.database import connect
from tests.dashboard.exam import TESTER, WINDOW, Exam, hold_exam
from tests.dashboard.serving import client, footage_addresses
from tests.fakes.notary import NOTARY

SESSION, TOKENS = "/api/v1/session", "/api/v1/tokens"


@pytest.fixture
def api(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def entered(api: httpx.Client, exam: Exam, name: str, role: Role = Role.CITY_SUPERVISOR) -> str:
    """Log a new account in; its password."""
    password = accounts.add(exam.database, Wanted(name, role, must_change=False), TESTER, exam.clock)
    api.cookies.clear()
    assert api.post(SESSION, json={"name": name, "password": password}).status_code == 200
    return password


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def account(exam: Exam, name: str) -> Account:
    found = exam.database.accounts.find(name)
    assert found is not None
    return found[0]


def test_a_token_is_shown_once_and_only_its_digest_is_kept(api: httpx.Client, exam: Exam) -> None:
    entered(api, exam, "tok-a")
    made = api.post(TOKENS, json={"label": "考务平台", "acts": ["see", "audit"]})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    secret, token = made.json()["secret"], made.json()["token"]
    assert secret.startswith(tokens.PREFIX)
    assert token["acts"] == ["see", "audit"]
    assert token["expires"] == rfc3339(exam.clock.now() + timedelta(days=90))
    listed = api.get(TOKENS)
    assert listed.json() == [token]
    assert secret not in listed.text
    assert exam.database.api_tokens.held(sha256(secret.encode()).hexdigest()) is not None
    assert secret not in str(exam.database.journal.entries(1))
    api.cookies.clear()
    assert api.get("/api/v1/batches", headers=bearer(secret)).status_code == 200
    assert api.get(SESSION, headers=bearer(secret)).json()["account"]["may"] == ["see", "audit"]
    assert exam.database.api_tokens.all("tok-a")[0].used == exam.clock.now()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"label": "x", "acts": []}, "invalid-request"),
        ({"label": "", "acts": ["see"]}, "invalid-request"),
        ({"label": "x", "acts": ["everything"]}, "invalid-request"),
        ({"label": "x", "acts": ["see"], "days": 366}, "invalid-request"),
        ({"label": "x", "acts": ["see"], "days": 0}, "invalid-request"),
        ({"label": "x", "acts": ["own_session"]}, "token-refused"),
        ({"label": "x", "acts": ["own_tokens"]}, "token-refused"),
        ({"label": "x", "acts": ["anybody"]}, "token-refused"),
        ({"label": "x", "acts": ["see", "watch"]}, "token-refused"),
        ({"label": "  ", "acts": ["see"]}, "token-refused"),
        ({"label": "a\nSet-Cookie: b", "acts": ["see"]}, "token-refused"),
    ],
)
def test_a_token_for_more_than_its_owner_may_or_for_ever_is_refused(
    api: httpx.Client, exam: Exam, body: dict[str, object], kind: str
) -> None:
    name = f"tok-b{next(NUMBERS)}"
    entered(api, exam, name, Role.CITY_ADMINISTRATOR)
    answer = api.post(TOKENS, json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:kaojian:problem:{kind}")
    assert exam.database.api_tokens.all(name) == []


NUMBERS = iter(range(1000))


@pytest.mark.parametrize("sent", ["x", "Bearer", "kaojian_", "' OR 1=1 --", "ü", "a b", "x" * 5000])
def test_what_is_no_token_opens_nothing(api: httpx.Client, sent: str) -> None:
    answer = api.get("/api/v1/batches", headers={b"Authorization": f"Bearer {sent}".encode()})
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]


def test_the_name_of_a_token_and_the_token_of_a_session_are_no_tokens(api: httpx.Client, exam: Exam) -> None:
    entered(api, exam, "tok-c")
    token = api.post(TOKENS, json={"label": "x", "acts": ["see"]}).json()["token"]
    (session,) = api.cookies.values()
    api.cookies.clear()
    for sent in (token["id"], f"token:{token['id']}", session, exam.database.api_tokens.all("tok-c")[0].id):
        assert api.get("/api/v1/batches", headers=bearer(sent)).status_code == 401
    assert api.get("/api/v1/batches", headers={"Cookie": f"kaojian_session=token:{token['id']}"}).status_code == 401


def test_a_token_ends_when_it_is_revoked_has_run_out_or_its_account_is_reset_or_closed(
    api: httpx.Client, exam: Exam
) -> None:
    def works(secret: str) -> bool:
        return api.get("/api/v1/batches", headers=bearer(secret)).status_code == 200

    def made(name: str) -> str:
        wanted = tokens.Wanted("x", frozenset({Act.SEE}), days=1)
        return tokens.add(exam.database, account(exam, name), wanted, TESTER, exam.clock)[1]

    entered(api, exam, "tok-d")
    (first,) = [api.post(TOKENS, json={"label": "x", "acts": ["see"]}).json()]
    assert works(first["secret"])
    assert api.delete(f"{TOKENS}/{first['token']['id']}").status_code == 204
    assert not works(first["secret"])
    assert api.get(TOKENS).json()[0]["revoked"] is not None
    second = made("tok-d")
    assert works(second)
    exam.clock.advance(86_400)
    assert not works(second)
    exam.clock.step(-86_400)
    accounts.reset(exam.database, "tok-d", TESTER, exam.clock)
    assert not works(second)
    third = made("tok-d")
    assert api.get("/api/v1/batches", headers=bearer(third)).json()["type"].endswith("password-must-change")
    accounts.disable(exam.database, "tok-d", TESTER, exam.clock)
    assert not works(third)
    with pytest.raises(TokenRefused):
        made("tok-d")


def test_a_token_needs_no_origin_and_changes_nothing_of_its_owner(api: httpx.Client, exam: Exam) -> None:
    password = entered(api, exam, "tok-e")
    acts = ["see", "audit", "watch", "save", "watch_open"]
    secret = api.post(TOKENS, json={"label": "x", "acts": acts}).json()["secret"]
    headers = {**bearer(secret), "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    new = "朝霞 over the Bei river"
    for method, address, body in (
        ("POST", f"{SESSION}/password", {"old": password, "new": new}),
        ("POST", f"{SESSION}/proof", {"password": password}),
        ("POST", SESSION, {"name": "tok-e", "password": password}),
        ("DELETE", SESSION, None),
        ("POST", "/api/v1/factor", None),
        ("POST", TOKENS, {"label": "y", "acts": ["see"]}),
        ("GET", TOKENS, None),
    ):
        answer = api.request(method, address, json=body, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:not-allowed"), address
        assert "set-cookie" not in answer.headers
    assert api.post(SESSION, json={"name": "tok-e", "password": password}).status_code == 200


def test_a_token_is_made_only_by_who_gave_the_password_lately(api: httpx.Client, exam: Exam) -> None:
    password = entered(api, exam, "tok-f")
    wanted = {"label": "x", "acts": ["see"]}
    exam.clock.advance(login.FRESH.total_seconds())
    refused = api.post(TOKENS, json=wanted)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:kaojian:problem:proof-needed")
    assert api.post(f"{SESSION}/proof", json={"password": password}).status_code == 200
    assert api.post(TOKENS, json=wanted).status_code == 201
    exam.clock.step(-login.FRESH.total_seconds())


def test_what_a_program_watches_is_written_down_with_its_token_and_open_to_it_alone(
    api: httpx.Client, exam: Exam
) -> None:
    entered(api, exam, "tok-g")
    made = api.post(TOKENS, json={"label": "x", "acts": ["watch"]}).json()
    with_token = bearer(made["secret"])
    addresses = footage_addresses(api, exam, "A-cam-1", with_token)
    first = next(iter(addresses.values()))
    assert api.get(f"{first}/media.m4s", headers=with_token).status_code == 200
    assert api.get(f"{first}/media.m4s").status_code == 404  # with the cookie of the same account
    assert api.get(f"{first}/file.mp4", headers=with_token).json()["type"] == "urn:kaojian:problem:not-allowed"
    kept = exam.database.viewings.latest(10, None, frozenset())
    mine = [each.viewing for each in kept if each.viewing.session == f"token:{made['token']['id']}"]
    assert {(each.actor.name, each.deed.value, each.outcome) for each in mine} == {
        ("account:tok-g", "open", "shown"),
        ("account:tok-g", "fetch", "shown"),
        ("account:tok-g", "save", "not-allowed"),
    }


def test_a_token_watches_a_sitting_that_is_not_closed_only_where_it_is_for_that(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool", closed=False)
    accounts.add(database, Wanted("tok-h", Role.CITY_SUPERVISOR, must_change=False), TESTER, exam.clock)
    span = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end)}
    with client(create_app(database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        found = []
        for acts in ({Act.WATCH}, {Act.WATCH, Act.WATCH_OPEN}):
            wanted = tokens.Wanted("x", frozenset(acts))
            _, secret = tokens.add(database, account(exam, "tok-h"), wanted, TESTER, exam.clock)
            found.append(talking.get("/api/v1/cameras/A-cam-1/playlist.m3u8", params=span, headers=bearer(secret)))
    assert [each.status_code for each in found] == [403, 200]
    assert found[0].json()["type"] == "urn:kaojian:problem:held-back"
    database.close()
