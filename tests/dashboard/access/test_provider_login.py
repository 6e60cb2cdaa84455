"""Login by an identity provider through the API: what an attacker tries first, then what a person does.

The provider is one that we did not write, where the login is honest; where the provider lies or is silent, a fake.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from fastapi import FastAPI

from config.oidc import OidcSettings
from config.rule_pack import load as load_rule_pack
from config.secrets import Secrets
from dashboard.access import accounts, factors, login
from dashboard.access.accounts import Wanted
from dashboard.access.provider import CALLBACK, Provider
from dashboard.access.vouching import LASTS
from dashboard.api import guard
from dashboard.api.provider import COOKIE
from dashboard.app import create_app
from domain.people import Role
from domain.timeline import Clock, SystemClock
from kaojian import tls
from storage.archive import Archive
from storage.database import Database, connect
from storage.sealing import Sealer
from tests.dashboard.exam import TESTER
from tests.dashboard.serving import client, served
from tests.fakes.identity_provider import FakeProvider, provided
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.openid.server import CLIENT_ID, CLIENT_SECRET, Person, real_provider

LOGIN, PROOF, SESSION = "/api/v1/provider/login", "/api/v1/provider/proof", "/api/v1/session"


@dataclass(frozen=True, slots=True)
class Door:
    """A dashboard, somebody's browser at it, and the provider that vouches for people there."""

    browser: httpx.Client
    database: Database
    clock: Clock
    sealer: Sealer
    app: FastAPI
    issuer: str

    def added(self, name: str, subject: str | None, role: Role = Role.CITY_SUPERVISOR, **kept: Any) -> str:
        """The password of a new account, linked to that subject of the provider."""
        wanted = Wanted(name, role, must_change=False)
        password = accounts.add(self.database, wanted, TESTER, self.clock)
        if subject is not None:
            kept = {"keep_password": False, **kept}
            accounts.link(self.database, name, self.issuer, subject, actor=TESTER, clock=self.clock, **kept)
        return password

    def begun(self, back: str = "/", to: str = LOGIN) -> str:
        answer = self.browser.post(to, json={"back": back})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["address"])

    def ended(self, answered: str) -> tuple[str, str | None, dict[str, Any]]:
        """Where somebody is sent who comes back so, as whom they are in, and what the page is told of the login."""
        answer = self.browser.get(answered)
        assert answer.status_code == 303, answer.text
        who = self.browser.get(SESSION).json()["account"]
        told = self.browser.get("/api/v1/provider").json()
        return answer.headers["location"], None if who is None else who["name"], told

    def refused(self, answered: str) -> str:
        """Why somebody who comes back so is not let in."""
        _, who, told = self.ended(answered)
        assert who is None
        return str(told["refused"]).removeprefix("urn:kaojian:problem:")

    def set_up(self, issuer: str, folder: Path, proofs: frozenset[tuple[str, str]] = frozenset()) -> None:
        address = str(self.browser.base_url).rstrip("/")
        secrets = Secrets(folder, {"KAOJIAN_SECRET_OIDC": f"{CLIENT_ID}:{CLIENT_SECRET}"})
        vouching = Provider(OidcSettings(issuer, "oidc", "平台", proofs, address), secrets, self.clock)
        self.app.state.backing = replace(self.app.state.backing, provider=vouching)


def door(folder: Path, clock: Clock, issuer: str = "", roles: frozenset[Role] = frozenset()) -> Iterator[Door]:
    database, sealer = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY), Sealer.new()
    archive = Archive(database.evidence, MemoryObjects(clock=clock), folder, lambda _: clock.now(), clock)
    app = create_app(database, archive, load_rule_pack, clock, None, sealer=sealer, with_factor=roles)
    with client(app, None) as browser:
        yield Door(browser, database, clock, sealer, app, issuer)
    database.close()


@pytest.fixture(scope="module")
def hosted() -> Iterator[FakeProvider]:
    with provided(FakeClock()) as fake:
        yield fake


@pytest.fixture
def fake(hosted: FakeProvider) -> FakeProvider:
    hosted.clock, hosted.metadata, hosted.sign = FakeClock(), {}, None
    hosted.answer = hosted.silent = None
    return hosted


@pytest.fixture
def lying(fake: FakeProvider, tmp_path: Path) -> Iterator[Door]:
    """At the fake; its clock stands still."""
    for made in door(tmp_path, fake.clock, fake.issuer, frozenset({Role.CITY_OFFICER})):
        made.set_up(fake.issuer, tmp_path)
        yield made


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """At the real provider."""
    folder = tmp_path_factory.mktemp("door")
    for made in door(folder, SystemClock()):
        with real_provider(f"{str(made.browser.base_url).rstrip('/')}{CALLBACK}") as issuer:
            made.set_up(issuer, folder, frozenset({("amr", "mfa")}))
            yield replace(made, issuer=issuer)


@pytest.fixture
def person(honest: Door) -> Iterator[Person]:
    honest.browser.cookies.clear()
    somebody = Person()
    yield somebody
    somebody.close()


def state_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def answer_of(fake: FakeProvider, address: str, subject: str, **claims: Any) -> str:
    """What the provider sends somebody back with."""
    return f"{CALLBACK}?state={state_of(address)}&code={fake.code(address, subject, **claims)}&iss={fake.issuer}"


# --- What opens nothing -----------------------------------------------------------------------------------------


def test_an_answer_lets_nobody_in_at_a_browser_that_did_not_begin_the_login(lying: Door, fake: FakeProvider) -> None:
    """Login CSRF: the attacker's own answer, handed to somebody else."""
    lying.added("mallory", "m-1")
    answered = answer_of(fake, lying.begun(), "m-1")
    attackers = dict(lying.browser.cookies)
    lying.browser.cookies.clear()
    assert lying.refused(answered) == "not-begun"
    lying.begun()  # of their own, whose state is another
    assert lying.refused(answered) == "not-begun"
    assert "/token" not in fake.paths()[-2:], "the code was handed on"
    lying.browser.cookies.clear()
    lying.browser.cookies.update(attackers)
    assert lying.ended(answered)[1] == "mallory"


def test_a_login_begun_by_a_page_of_another_site_is_refused(lying: Door) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        del lying.browser.headers["Origin"]
        answer = lying.browser.post(LOGIN, json={"back": "/"}, headers=headers)
        lying.browser.headers["Origin"] = str(lying.browser.base_url)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:cross-site")
        assert not lying.browser.cookies


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/%0d%0a\r\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "evil.example",
        "",
        " /",
        "/x\n",
        "/" + "a" * 512,
        "/@evil.example",
    ],
)
def test_nobody_is_sent_on_to_another_site(lying: Door, back: str) -> None:
    answer = lying.browser.post(LOGIN, json={"back": back})
    assert answer.status_code == 422
    assert not lying.browser.cookies


def test_the_provider_is_told_our_own_address_whatever_the_request_says(lying: Door) -> None:
    host = str(lying.browser.base_url.netloc, "ascii")
    for headers in ({"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}):
        address = lying.browser.post(LOGIN, json={"back": "/"}, headers=headers).json()["address"]
        assert parse_qs(urlsplit(address).query)["redirect_uri"] == [f"http://{host}{CALLBACK}"]
    elsewhere = {"Host": "evil.example", "Origin": "http://evil.example"}
    answer = lying.browser.post(LOGIN, json={"back": "/"}, headers=elsewhere)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:other-address")


def test_an_answer_opens_the_door_once(lying: Door, fake: FakeProvider) -> None:
    """Replay: the same answer in the same browser, at a provider that takes a code twice."""
    lying.added("li", "u-1")
    answered = answer_of(fake, lying.begun(), "u-1")
    kept = dict(lying.browser.cookies)
    assert lying.ended(answered)[1] == "li"
    lying.browser.cookies.clear()
    lying.browser.cookies.update(kept)
    assert lying.refused(answered) == "not-begun"


def test_an_answer_that_comes_too_late_opens_nothing(lying: Door, fake: FakeProvider) -> None:
    assert isinstance(lying.clock, FakeClock)
    lying.added("li", "u-1")
    address = lying.begun()
    lying.clock.advance(LASTS.total_seconds())
    assert lying.refused(answer_of(fake, address, "u-1")) == "not-begun"


@pytest.mark.parametrize("kept", ["", "x", "made up", "a2FvamlhbjE=", "\u00e9"])
def test_what_a_browser_makes_up_is_no_login_that_was_begun(lying: Door, kept: str) -> None:
    cookie = f"{COOKIE}={kept}".encode()
    answer = lying.browser.get(f"{CALLBACK}?state=x&code=y", headers={b"Cookie": cookie})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert guard.COOKIE not in answer.headers["set-cookie"]


def test_a_token_that_was_planted_before_is_not_taken_on_and_the_session_before_ends(
    lying: Door, fake: FakeProvider
) -> None:
    """Fixation: the browser's token is a new one, and the one it held opens nothing any more."""
    lying.added("li", "u-1")
    used = []
    for _ in range(2):
        lying.ended(answer_of(fake, lying.begun(), "u-1"))
        used.append(lying.browser.cookies[guard.COOKIE])
    assert used[0] != used[1]
    for token, status in zip(used, (401, 200), strict=True):
        lying.browser.cookies.clear()
        answer = lying.browser.get("/api/v1/batches", headers={"Cookie": f"{guard.COOKIE}={token}"})
        assert answer.status_code == status
    answered = answer_of(fake, lying.begun(), "u-1")
    lying.browser.cookies.set(guard.COOKIE, "planted")
    answer = lying.browser.get(answered)
    assert "planted" not in answer.headers["set-cookie"]
    assert login.resume(lying.database, lying.clock, "planted") is None


def test_over_tls_the_cookie_of_a_login_is_one_that_only_this_host_can_set(
    lying: Door, fake: FakeProvider, tmp_path: Path
) -> None:
    lying.added("li", "u-1")
    made = tls.make(tmp_path / "tls", ["kaojian.example.cn"], datetime.now(UTC))
    trusts = ssl.create_default_context(cafile=made.authority)
    with (
        served(lying.app, tls.uvicorn_context(made.server, None)) as address,
        httpx.Client(base_url=address, verify=trusts, headers={"Origin": address}) as browser,
    ):
        over_tls = replace(lying, browser=browser)
        over_tls.set_up(fake.issuer, tmp_path)
        away = browser.post(LOGIN, json={"back": "/"})
        name, *flags = (part.strip().lower() for part in away.headers["set-cookie"].split(";"))
        assert name.startswith(f"__host-{COOKIE}=")
        assert {flag for flag in flags if "=" not in flag or flag.startswith("path")} == {
            "httponly",
            "path=/",
            "secure",
        }
        planted = {"Cookie": f"{COOKIE}={browser.cookies[f'__Host-{COOKIE}']}"}
        answered = answer_of(fake, away.json()["address"], "u-1")
        assert (
            "kaojian_session"
            not in httpx.get(address + answered, verify=trusts, headers=planted).headers["set-cookie"]
        )
        assert over_tls.ended(answered)[1] == "li"


def test_what_the_provider_says_wrongly_lets_nobody_in(lying: Door, fake: FakeProvider) -> None:
    """Each way of it is tried in ``test_provider``; here, that the door asks."""
    lying.added("li", "u-1")
    past = int(fake.clock.now().timestamp()) - 600
    for wrong in ({"aud": "x"}, {"nonce": "x"}, {"iss": "https://x.example"}, {"exp": past}, {"auth_time": None}):
        assert lying.refused(answer_of(fake, lying.begun(), "u-1", **wrong)) == "not-believed", wrong
    assert lying.refused(answer_of(fake, lying.begun(), "u-1").replace(fake.issuer, "https://x")) == "not-believed"


def test_somebody_whom_no_open_account_is_linked_to_is_told_what_to_tell_an_administrator(
    lying: Door, fake: FakeProvider
) -> None:
    for subject in ("u-unknown", "u-closed", "<b>u</b>&\u202e"):
        if subject == "u-closed":
            lying.added("closed", subject)
            accounts.disable(lying.database, "closed", TESTER, lying.clock)
        where, who, told = lying.ended(answer_of(fake, lying.begun("/status"), subject))
        assert (where, who) == ("/status", None)
        assert (told["refused"], told["subject"]) == ("urn:kaojian:problem:not-linked", subject)
        again = lying.browser.get("/api/v1/provider").json()
        assert (again["name"], again["refused"], again["subject"]) == ("平台", None, None), "told once"
    assert [each.name for each in lying.database.accounts.all()] == ["closed"], "no account is made"


def test_a_subject_of_another_issuer_is_somebody_else(lying: Door, fake: FakeProvider) -> None:
    lying.added("li", None)
    other = "https://before.example"
    accounts.link(lying.database, "li", other, "u-1", keep_password=True, actor=TESTER, clock=lying.clock)
    assert lying.refused(answer_of(fake, lying.begun(), "u-1")) == "not-linked"


def test_a_provider_that_is_down_keeps_nobody_out_who_has_a_password(lying: Door, fake: FakeProvider) -> None:
    fake.answer = (503, b"")
    password = lying.added("li", "u-1", keep_password=True)
    answer = lying.browser.post(LOGIN, json={"back": "/"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:kaojian:problem:provider-down")
    assert lying.browser.get("/api/v1/provider").json()["name"] == "平台"
    assert lying.browser.post(SESSION, json={"name": "li", "password": password}).status_code == 200


def test_a_provider_that_goes_down_during_a_login_is_told(lying: Door, fake: FakeProvider) -> None:
    answered = answer_of(fake, lying.begun(), "u-1")
    fake.answer = (503, b"")
    assert lying.refused(answered) == "provider-down"


def test_without_a_provider_there_is_nothing_to_begin_or_to_come_back_from(lying: Door) -> None:
    lying.app.state.backing = replace(lying.app.state.backing, provider=None)
    told = {"name": None, "leave": None, "refused": None, "subject": None}
    assert lying.browser.get("/api/v1/provider").json() == told
    for answer in (lying.browser.post(LOGIN, json={"back": "/"}), lying.browser.get(f"{CALLBACK}?state=x&code=y")):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:kaojian:problem:no-provider")


def test_an_account_without_a_password_opens_for_none(lying: Door) -> None:
    password = lying.added("li", "u-1")
    for tried in (password, "", "no hash"):
        assert lying.browser.post(SESSION, json={"name": "li", "password": tried}).status_code in {403, 422}


# --- The second factor, and proof ------------------------------------------------------------------------------


def with_factor(lying: Door, name: str) -> pyotp.TOTP:
    begun = factors.begin(lying.database, lying.sealer, lying.clock, name)
    made = pyotp.TOTP(begun.secret)
    factors.confirm(lying.database, lying.sealer, lying.clock, name, made.at(lying.clock.now()))
    return made


def test_a_second_factor_of_ours_is_asked_for_after_the_provider(lying: Door, fake: FakeProvider) -> None:
    assert isinstance(lying.clock, FakeClock)
    lying.added("li", "u-1")
    codes = with_factor(lying, "li")
    lying.clock.advance(30)
    answered = answer_of(fake, lying.begun(), "u-1", amr=["mfa"])  # which no setting believes here
    assert lying.ended(answered)[1] is None
    assert lying.browser.get(SESSION).json()["second_step"] is True
    assert lying.browser.get("/api/v1/batches").status_code == 401
    code = codes.at(lying.clock.now())
    assert lying.browser.post(f"{SESSION}/second", json={"code": code}).json()["account"]["name"] == "li"


def test_a_role_that_has_to_have_a_second_factor_sets_one_up_unless_the_provider_vouches_for_it(
    lying: Door, fake: FakeProvider, tmp_path: Path
) -> None:
    lying.added("officer", "u-1", Role.CITY_OFFICER)
    lying.ended(answer_of(fake, lying.begun(), "u-1", amr=["mfa"]))
    answer = lying.browser.get("/api/v1/batches")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:factor-must-enrol")
    lying.set_up(fake.issuer, tmp_path, frozenset({("amr", "mfa")}))
    lying.ended(answer_of(fake, lying.begun(), "u-1", amr=["pwd"]))
    assert lying.browser.get("/api/v1/batches").status_code == 403
    lying.ended(answer_of(fake, lying.begun(), "u-1", amr=["pwd", "mfa"]))
    assert lying.browser.get("/api/v1/batches").status_code == 200
    with_factor(lying, "officer")
    lying.ended(answer_of(fake, lying.begun(), "u-1", amr=["pwd", "mfa"]))
    assert lying.browser.get("/api/v1/batches").status_code == 200, "ours is not asked for besides"


TOKEN = {"label": "x", "acts": ["see"]}


def test_who_was_remembered_by_the_provider_is_asked_again_for_what_lasts(lying: Door, fake: FakeProvider) -> None:
    """Whoever finds a browser that the provider still knows must not be able to stay."""
    lying.added("li", "u-1")
    an_hour_ago = int(lying.clock.now().timestamp()) - 3600
    lying.ended(answer_of(fake, lying.begun(), "u-1", auth_time=an_hour_ago))
    assert lying.browser.post("/api/v1/tokens", json=TOKEN).json()["type"] == "urn:kaojian:problem:proof-needed"
    token = lying.browser.cookies[guard.COOKIE]
    remembered = answer_of(fake, lying.begun("/account", PROOF), "u-1", auth_time=an_hour_ago)
    assert lying.ended(remembered)[2]["refused"] == "urn:kaojian:problem:not-believed"
    assert lying.browser.post("/api/v1/tokens", json=TOKEN).status_code == 403
    where, who, told = lying.ended(answer_of(fake, lying.begun("/account", PROOF), "u-1"))
    assert (where, who, told["refused"]) == ("/account", "li", None)
    assert lying.browser.cookies[guard.COOKIE] == token
    assert lying.browser.post("/api/v1/tokens", json=TOKEN).status_code == 201


def test_nobody_vouches_for_the_session_of_somebody_else_or_for_one_that_has_ended(
    lying: Door, fake: FakeProvider
) -> None:
    an_hour_ago = int(lying.clock.now().timestamp()) - 3600
    for name, subject in (("li", "u-1"), ("wang", "u-2")):
        lying.added(name, subject)
    lying.ended(answer_of(fake, lying.begun(), "u-1", auth_time=an_hour_ago))
    assert lying.ended(answer_of(fake, lying.begun("/account", PROOF), "u-2"))[2]["refused"].endswith("not-begun")
    assert lying.browser.post("/api/v1/tokens", json=TOKEN).status_code == 403
    answered = answer_of(fake, lying.begun("/account", PROOF), "u-1")
    assert lying.browser.delete(SESSION).status_code == 204
    assert lying.refused(answered) == "not-begun"


def test_an_account_that_is_unlinked_is_out_at_once_with_its_programs(lying: Door, fake: FakeProvider) -> None:
    lying.added("li", "u-1")
    lying.ended(answer_of(fake, lying.begun(), "u-1"))
    secret = lying.browser.post("/api/v1/tokens", json=TOKEN).json()["secret"]
    program = {"Authorization": f"Bearer {secret}"}
    assert lying.browser.get("/api/v1/batches", headers=program).status_code == 200
    accounts.unlink(lying.database, "li", TESTER, lying.clock)
    assert lying.browser.get("/api/v1/batches").status_code == 401
    assert lying.browser.get("/api/v1/batches", headers=program).status_code == 401
    assert lying.refused(answer_of(fake, lying.begun(), "u-1")) == "not-linked"


# --- A provider that we did not write --------------------------------------------------------------------------


def test_somebody_logs_in_by_a_real_provider_and_is_who_the_link_says(honest: Door, person: Person) -> None:
    honest.added("chen", "chen@city")
    where, who, told = honest.ended(person.goes(honest.begun("/batches/SG-1/sittings/1"), "chen@city"))
    assert (where, who, told["refused"]) == ("/batches/SG-1/sittings/1", "chen", None)
    held = honest.browser.get(SESSION).json()["account"]
    assert (held["linked"], held["password"], held["must_enrol"]) == (True, False, False)
    assert honest.browser.get("/api/v1/batches").status_code == 200
    assert told["leave"] == f"{honest.issuer}/session/end?client_id=kaojian"
    flags = honest.browser.get(f"{CALLBACK}?state=x").headers["set-cookie"].lower()
    assert all(each in flags for each in ("httponly", "samesite=lax", "path=/", "max-age=300"))


def test_who_breaks_off_at_a_real_provider_and_who_is_unknown_there_are_told_so(honest: Door, person: Person) -> None:
    assert honest.refused(person.goes(honest.begun(), "x", deed="off")) == "provider-declined"
    _, _, told = honest.ended(person.goes(honest.begun(), "nobody@city"))
    assert told["subject"] == "nobody@city"


def test_a_real_provider_takes_no_code_twice(honest: Door, person: Person) -> None:
    honest.added("deng", "deng@city")
    address = honest.begun()
    kept = dict(honest.browser.cookies)
    answered = person.goes(address, "deng@city")
    assert honest.ended(answered)[1] == "deng"
    honest.browser.cookies.clear()
    honest.browser.cookies.update(kept)
    assert honest.refused(answered) == "provider-declined"


def test_a_real_provider_lets_a_remembered_person_in_and_asks_again_for_a_proof(honest: Door, person: Person) -> None:
    honest.added("feng", "feng@city+mfa", keep_password=True)
    with_factor(honest, "feng")
    for _ in range(2):
        assert honest.ended(person.goes(honest.begun(), "feng@city+mfa"))[1] == "feng"
    assert person.pages == 1, "the provider remembered"
    assert honest.ended(person.goes(honest.begun("/account", PROOF), "feng@city+mfa"))[:2] == ("/account", "feng")
    assert person.pages == 2
