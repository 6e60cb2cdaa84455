"""What an identity provider says of somebody: first everything that must not be believed, then what is."""

from __future__ import annotations

import hmac
import json
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from config.oidc import OidcSettings
from config.secrets import Secrets
from dashboard.access import provider as asking
from dashboard.access.errors import NotBelieved, ProviderDeclined, ProviderDown
from dashboard.access.provider import Answer, Asked, Provider
from tests.fakes.identity_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, provided, rsa_key
from tests.fakes.time import FakeClock

ADDRESS = "https://kaojian.example.cn"
TWO = frozenset({("amr", "mfa"), ("acr", "urn:example:two")})


@pytest.fixture(scope="module")
def hosted() -> Iterator[FakeProvider]:
    with provided(FakeClock()) as fake:
        yield fake


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fake(hosted: FakeProvider, clock: FakeClock) -> FakeProvider:
    """The same server for all tests, which takes long to make its keys, as if it were new."""
    hosted.clock, hosted.published, hosted.metadata, hosted.sign = clock, [hosted.key], {}, None
    hosted.answer = hosted.silent = None
    hosted.asked.clear()
    return hosted


def settings(fake: FakeProvider, **instead: Any) -> OidcSettings:
    held: dict[str, Any] = {"name": "平台", "factor_proofs": TWO, "address": ADDRESS}
    return OidcSettings(**{"issuer": fake.issuer, "secret": "oidc", **held, **instead})


@pytest.fixture
def provider(fake: FakeProvider, clock: FakeClock, tmp_path: Path) -> Provider:
    secrets = Secrets(tmp_path, {"KAOJIAN_SECRET_OIDC": f"{CLIENT_ID}:{CLIENT_SECRET}"})
    return Provider(settings(fake), secrets, clock)


def asked(clock: FakeClock, *, afresh: bool = False) -> Asked:
    return Asked("the state", "the nonce", "v" * 43, clock.now(), afresh)


def came_back(provider: Provider, fake: FakeProvider, clock: FakeClock, **claims: Any) -> asking.Vouched:
    """What is believed of somebody whom the provider says this of."""
    login = asked(clock)
    return provider.vouch(login, Answer(fake.code(provider.address(login), "u-1", **claims), fake.issuer))


def in_seconds(clock: FakeClock, seconds: int) -> int:
    return int(clock.now().timestamp()) + seconds


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(claims: dict[str, Any]) -> str:
    return f"{part({'alg': 'none'})}.{part(claims)}."


def by_shared_secret(claims: dict[str, Any], secret: bytes) -> str:
    head = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(claims)}"
    return f"{head}.{urlsafe_b64encode(hmac.digest(secret, head.encode(), 'sha256')).rstrip(b'=').decode()}"


WRONG: dict[str, Callable[[FakeClock], dict[str, Any]]] = {
    "another issuer": lambda _: {"iss": "https://elsewhere.example"},
    "an issuer with a slash more": lambda _: {"iss": "http://127.0.0.1/"},
    "no issuer": lambda _: {"iss": None},
    "another audience": lambda _: {"aud": "another-client"},
    "no audience": lambda _: {"aud": None},
    "an empty audience": lambda _: {"aud": []},
    "us among others, given to another": lambda _: {"aud": ["another-client", CLIENT_ID], "azp": "another-client"},
    "us among others, given to nobody": lambda _: {"aud": ["another-client", CLIENT_ID]},
    "another nonce": lambda _: {"nonce": "of another login"},
    "no nonce": lambda _: {"nonce": None},
    "a nonce that switches itself off": lambda _: {"nonce": None, "nonce_supported": False},
    "an end that is past": lambda clock: {"exp": in_seconds(clock, -61)},
    "no end": lambda _: {"exp": None},
    "an end that is no number": lambda _: {"exp": "never"},
    "an end that is not a number": lambda _: {"exp": float("nan")},
    "a beginning in time to come": lambda clock: {"iat": in_seconds(clock, 61)},
    "no beginning": lambda _: {"iat": None},
    "not before a time to come": lambda clock: {"nbf": in_seconds(clock, 61)},
    "no subject": lambda _: {"sub": None},
    "an empty subject": lambda _: {"sub": ""},
    "a subject that is a list": lambda _: {"sub": ["u-1"]},
    "a subject without end": lambda _: {"sub": "u" * 256},
    "no time of asking": lambda _: {"auth_time": None},
    "a time of asking that is no number": lambda _: {"auth_time": "today"},
    "a time of asking that no clock knows": lambda _: {"auth_time": 1e300},
    "a time of asking that is true": lambda _: {"auth_time": True},
    "a time of asking yesterday": lambda clock: {"auth_time": in_seconds(clock, -12 * 3600 - 61)},
    "a time of asking to come": lambda clock: {"auth_time": in_seconds(clock, 61)},
    "another access token": lambda _: {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_says_anything_wrong_is_not_believed(
    provider: Provider, fake: FakeProvider, clock: FakeClock, what: str
) -> None:
    assert came_back(provider, fake, clock).subject == "u-1"
    with pytest.raises(NotBelieved):
        came_back(provider, fake, clock, **WRONG[what](clock))


def test_a_token_that_no_key_of_the_providers_signed_is_not_believed(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    thief, public = rsa_key("first"), fake.key.as_pem(private=False)

    def tampered(claims: dict[str, Any]) -> str:
        head, _, signature = fake.signed(claims).split(".")
        return f"{head}.{part(claims | {'sub': 'admin'})}.{signature}"

    for sign in (
        unsigned,
        lambda claims: unsigned(claims) + "AAAA",
        lambda claims: fake.signed(claims, thief),
        lambda claims: fake.signed(claims, thief, jku=f"{fake.issuer}/thief"),
        lambda claims: fake.signed(claims, rsa_key("unknown")),
        lambda claims: by_shared_secret(claims, CLIENT_SECRET.encode()),
        lambda claims: by_shared_secret(claims, public),
        tampered,
        lambda _: "no token",
        lambda _: "a.b.c",
        lambda _: "",
    ):
        fake.sign = sign
        with pytest.raises((NotBelieved, ProviderDeclined)):
            came_back(provider, fake, clock)
    fake.sign = fake.signed
    assert came_back(provider, fake, clock).subject == "u-1"


def test_none_and_shared_secrets_stay_out_also_where_the_provider_names_them(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    fake.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}
    for sign in (unsigned, lambda claims: by_shared_secret(claims, CLIENT_SECRET.encode())):
        fake.sign = sign
        with pytest.raises(NotBelieved):
            came_back(provider, fake, clock)


def test_an_answer_of_another_provider_is_not_believed(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    login = asked(clock)
    for issuer in ("https://elsewhere.example", f"{fake.issuer}/", ""):
        with pytest.raises(NotBelieved):
            provider.vouch(login, Answer(fake.code(provider.address(login), "u-1"), issuer))
    assert "/token" not in fake.paths(), "a code of another provider was handed on"
    assert provider.vouch(login, Answer(fake.code(provider.address(login), "u-1"), None)).subject == "u-1"


def test_a_provider_that_always_says_who_it_is_has_to_say_so(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    fake.metadata = {"authorization_response_iss_parameter_supported": True}
    login = asked(clock)
    with pytest.raises(NotBelieved):
        provider.vouch(login, Answer(fake.code(provider.address(login), "u-1"), None))


def test_a_code_is_redeemed_with_the_verifier_of_its_login_only(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    code = fake.code(provider.address(asked(clock)), "u-1")
    other = Asked("the state", "the nonce", "w" * 43, clock.now(), afresh=False)
    with pytest.raises(ProviderDeclined, match="invalid_grant"):
        provider.vouch(other, Answer(code, fake.issuer))


def test_who_was_to_be_asked_afresh_was_asked_since(provider: Provider, fake: FakeProvider, clock: FakeClock) -> None:
    login = asked(clock, afresh=True)
    address = provider.address(login)
    query = parse_qs(urlsplit(address).query)
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
    clock.advance(120)
    remembered = fake.code(address, "u-1", auth_time=in_seconds(clock, -181))
    with pytest.raises(NotBelieved):
        provider.vouch(login, Answer(remembered, fake.issuer))
    assert provider.vouch(login, Answer(fake.code(address, "u-1"), fake.issuer)).proved == clock.now()


def test_people_are_sent_with_a_state_a_nonce_and_a_challenge_and_come_back_to_our_own_address(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    login = asked(clock)
    address = provider.address(login)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query, strict_parsing=True).items()}
    assert address.startswith(f"{fake.issuer}/auth?")
    assert query == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": f"{ADDRESS}/api/v1/provider/callback",
        "scope": "openid",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": urlsafe_b64encode(sha256(b"v" * 43).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "max_age": "43200",
        "acr_values": "urn:example:two",
    }
    assert login.verifier not in address


def test_our_secret_goes_into_the_header_coded_or_into_the_body_where_the_provider_wants_that(
    provider: Provider, fake: FakeProvider, clock: FakeClock, tmp_path: Path
) -> None:
    came_back(provider, fake, clock)
    _, headers, form = fake.asked[-1]
    scheme, _, coded = headers["Authorization"].partition(" ")
    assert (scheme, b64decode(coded)) == ("Basic", b"kaojian:a+secret+%2B+of+100%25")
    assert "client_secret" not in form
    fake.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    secrets = Secrets(tmp_path, {"KAOJIAN_SECRET_OIDC": f"{CLIENT_ID}:{CLIENT_SECRET}"})
    came_back(Provider(settings(fake), secrets, clock), fake, clock)
    _, headers, form = fake.asked[-1]
    assert ("Authorization" in headers, form["client_secret"]) == (False, CLIENT_SECRET)


@pytest.mark.parametrize(
    ("claims", "factor"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "urn:example:two"}, True),
        ({"amr": ["pwd"], "acr": "0"}, False),
        ({"amr": ["mfa2"], "acr": "mfa"}, False),
        ({}, False),
    ],
)
def test_a_second_factor_is_believed_for_the_claims_that_are_set_up_only(
    provider: Provider, fake: FakeProvider, clock: FakeClock, claims: dict[str, Any], factor: bool
) -> None:
    assert came_back(provider, fake, clock, **claims).factor is factor


def test_clocks_that_are_a_minute_apart_keep_nobody_out(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    early = {"iat": in_seconds(clock, 59), "auth_time": in_seconds(clock, 59), "exp": in_seconds(clock, 300)}
    assert came_back(provider, fake, clock, **early).proved == clock.now()
    assert came_back(provider, fake, clock, exp=in_seconds(clock, -59)).subject == "u-1"


def test_a_new_key_is_fetched_when_a_token_names_it_and_not_more_often_than_once_a_minute(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    came_back(provider, fake, clock)
    second = rsa_key("second")
    fake.sign = lambda claims: fake.signed(claims, second)
    fake.published = [second]
    with pytest.raises(NotBelieved):  # keys were fetched a moment ago
        came_back(provider, fake, clock)
    assert fake.paths().count("/jwks") == 1
    clock.advance(60)
    assert came_back(provider, fake, clock).subject == "u-1"
    fake.sign = lambda claims: fake.signed(claims, rsa_key("third"))
    for _ in range(3):
        with pytest.raises(NotBelieved):
            came_back(provider, fake, clock)
    assert fake.paths().count("/jwks") == 2


def test_what_the_provider_says_of_itself_is_asked_once_an_hour(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    for _ in range(3):
        provider.address(asked(clock))
    assert fake.paths() == ["/.well-known/openid-configuration", "/jwks"]
    clock.advance(3600)
    provider.address(asked(clock))
    assert len(fake.paths()) == 4


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"authorization_endpoint": "http://elsewhere.example/auth"},
        {"authorization_endpoint": "javascript:alert(1)//"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 7},
        {"response_types_supported": "code"},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_asked(
    provider: Provider, fake: FakeProvider, clock: FakeClock, metadata: dict[str, Any]
) -> None:
    fake.metadata = metadata
    with pytest.raises(ProviderDown):
        provider.address(asked(clock))


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (302, b"{}"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"[" * 100_000),
        (200, b" " * (2 << 20)),
        (200, b"\xff"),
        (404, b"{}"),
    ],
)
def test_a_provider_that_answers_rubbish_is_down_and_left_alone_for_a_while(
    provider: Provider, fake: FakeProvider, clock: FakeClock, answer: tuple[int, bytes]
) -> None:
    fake.answer = answer
    for _ in range(3):
        with pytest.raises(ProviderDown):
            provider.address(asked(clock))
    assert len(fake.asked) == 1
    fake.answer = None
    clock.advance(10)
    assert provider.address(asked(clock))


def test_a_provider_that_is_not_there_and_a_secret_that_is_not_are_told_in_words(
    fake: FakeProvider, clock: FakeClock, tmp_path: Path
) -> None:
    nowhere = Provider(settings(fake, issuer="http://127.0.0.1:1"), Secrets(tmp_path, {}), clock)
    with pytest.raises(ProviderDown, match="cannot be reached"):
        nowhere.address(asked(clock))
    with pytest.raises(ProviderDown, match="kaojian secret set oidc"):
        Provider(settings(fake), Secrets(tmp_path, {}), clock).address(asked(clock))


def test_of_many_who_wait_for_a_silent_provider_only_a_few_wait(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    fake.silent = threading.Event()
    refused = []

    def ask() -> None:
        try:
            provider.address(asked(clock))
        except ProviderDown as down:
            refused.append(str(down))

    waiting = [threading.Thread(target=ask) for _ in range(12)]
    for each in waiting:
        each.start()
    while len(refused) < 12 - asking._AT_ONCE:
        threading.Event().wait(0.01)
    assert all("slow to answer" in each for each in refused)
    fake.silent.set()
    for each in waiting:
        each.join()
    assert len(refused) == 12 - asking._AT_ONCE


def test_people_leave_the_provider_where_it_says_once_that_is_known(
    provider: Provider, fake: FakeProvider, clock: FakeClock
) -> None:
    fake.metadata = {"end_session_endpoint": f"{fake.issuer}/leave"}
    assert provider.leaving() is None
    provider.address(asked(clock))
    assert provider.leaving() == f"{fake.issuer}/leave?client_id=kaojian"
    fake.metadata = {"end_session_endpoint": "javascript:alert(1)"}
    clock.advance(timedelta(hours=1).total_seconds())
    provider.address(asked(clock))
    assert provider.leaving() is None
