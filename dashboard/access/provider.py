"""The identity provider as we ask it: where people are sent, and what it says of who comes back (OpenID Connect Core
1.0, code flow with PKCE). The one door to authlib and joserfc.

An ID token is believed step by step, and the first that fails ends the login:
1. It came from the provider's own address, over TLS or loopback, for a code that is good once (RFC 6749 4.1.3), and
   for the verifier that only we know (RFC 7636).
2. A key of the provider's signed it, with an algorithm of public keys; never ``none``, never a shared secret.
3. It is of this issuer, for us, for this login's nonce, and of this time (Core 3.1.3.7).
4. The person was asked when we wanted them to be (``auth_time``).

The provider's clock may be a minute off. Whatever hangs there holds up few requests, for seconds: passwords go on
working. Not here: which login an answer belongs to, and as whom somebody comes in (``dashboard.access.vouching``).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import urllib3
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from config.errors import SecretError
from config.oidc import OidcSettings, refuse_address
from config.secrets import Credentials, Secrets
from dashboard.access.errors import NotBelieved, ProviderDeclined, ProviderDown
from domain.timeline import Clock

CALLBACK = "/api/v1/provider/callback"
SKEW = timedelta(seconds=60)
"""How far the provider's clock and ours may be apart."""

LONGEST = timedelta(hours=12)
"""How long ago the provider may have asked somebody for their password: a long working day, as for our sessions."""

_ALGORITHMS = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)] + ["Ed25519"]
_KNOWN_FOR_S = 3600.0
_SILENT_FOR_S = 10.0
"""How long nobody is sent to a provider again that did not answer."""

_KEYS_EVERY_S = 60.0
"""How often keys are fetched at most because a token names one that is not there."""

_ANSWER_S = 8.0
_ANSWER_BYTES = 1 << 20
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """One login as the provider was asked for it. ``afresh``: it has to ask the person, whoever it remembers."""

    state: str
    nonce: str
    verifier: str
    at: datetime
    afresh: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brings back: the code for somebody, and the ``issuer`` it is from (RFC 9207), if it says."""

    code: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for. ``proved``: when it asked them; ``factor``: by two factors, as set up here."""

    subject: str
    proved: datetime
    factor: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider says of itself, and its keys; ``at`` on the monotonic clock, the keys' too."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: float
    keys_at: float


class Provider:
    """One identity provider. Safe to share between threads."""

    def __init__(self, settings: OidcSettings, secrets: Secrets, clock: Clock) -> None:
        self.settings = settings
        self._secrets = secrets
        self._clock = clock
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=3, read=5))
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._kept: _Known | None = None
        self._silent_until = float("-inf")

    def look(self) -> None:
        """Ask what it says of itself, as far as that is not known, and whether our secret is there.

        Raises ProviderDown.
        """
        self._known()
        self._client()

    def address(self, asked: Asked) -> str:
        """Where the browser is sent. Raises ProviderDown."""
        with self._place():
            endpoint, client = self._known().metadata["authorization_endpoint"], self._client()
        acr = " ".join(sorted(value for claim, value in self.settings.factor_proofs if claim == "acr"))
        found = prepare_grant_uri(
            endpoint,
            client.username,
            "code",
            redirect_uri=self.settings.address + CALLBACK,
            scope="openid",
            state=asked.state,
            nonce=asked.nonce,
            code_challenge=create_s256_code_challenge(asked.verifier),
            code_challenge_method="S256",
            max_age="0" if asked.afresh else str(int(LONGEST.total_seconds())),
            prompt="login" if asked.afresh else None,
            acr_values=acr or None,
        )
        return str(found)

    def vouch(self, asked: Asked, answer: Answer) -> Vouched:
        """Whom an answer is about. Raises ProviderDown, ProviderDeclined, NotBelieved."""
        with self._place():
            known, client = self._known(), self._client()
            if answer.issuer is None and known.metadata.get("authorization_response_iss_parameter_supported") is True:
                raise NotBelieved("the answer does not say which provider it is from")
            if answer.issuer not in {None, self.settings.issuer}:
                raise NotBelieved("the answer is from another provider")
            token = self._redeem(known, client, asked, answer.code)
            claims = self._claims(known, client, asked, token)
        return self._vouched(asked, claims)

    def leaving(self) -> str | None:
        """Where people log out of the provider too (RP-Initiated Logout 1.0), as far as that is known already."""
        known = self._kept
        endpoint = None if known is None else known.metadata.get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        try:
            refuse_address(endpoint, path=True)
            return f"{endpoint}?client_id={quote_plus(self._client().username)}"
        except (ValueError, ProviderDown):
            return None

    # --- What it says of itself -------------------------------------------------------------------------------

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Only so many requests wait for the provider at once, that those with passwords find a place."""
        if not self._places.acquire(blocking=False):
            raise ProviderDown("the identity provider is slow to answer; log in with a password, or try again later")
        try:
            yield
        finally:
            self._places.release()

    def _client(self) -> Credentials:
        try:
            return self._secrets.credentials(self.settings.secret)
        except SecretError as error:
            raise ProviderDown(f"our secret for the identity provider cannot be used: {error}") from error

    def _known(self) -> _Known:
        with self._lock:
            now = self._clock.monotonic()
            if self._kept is not None and now - self._kept.at < _KNOWN_FOR_S:
                return self._kept
            if now < self._silent_until:
                raise ProviderDown("the identity provider did not answer a moment ago; try again later")
            try:
                metadata = self._metadata()
                self._kept = _Known(metadata, self._keys(metadata), now, now)
            except ProviderDown:
                self._silent_until = self._clock.monotonic() + _SILENT_FOR_S
                raise
            return self._kept

    def _metadata(self) -> dict[str, Any]:
        """Discovery 1.0, 4: what the issuer says of itself, where that is about itself and in one piece."""
        _, said = self._fetch("GET", get_well_known_url(self.settings.issuer, external=True))
        metadata: dict[str, Any] = OpenIDProviderMetadata(said)
        if metadata.get("issuer") != self.settings.issuer:
            raise ProviderDown("the identity provider calls itself otherwise than KAOJIAN_OIDC_ISSUER")
        try:
            OpenIDProviderMetadata(metadata).validate()
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                refuse_address(metadata[name], path=True)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProviderDown(f"what the identity provider says of itself is not whole: {error}") from error
        return metadata

    def _keys(self, metadata: Mapping[str, Any]) -> KeySet:
        _, said = self._fetch("GET", metadata["jwks_uri"])
        try:
            return KeySet.import_key_set({"keys": said["keys"]})
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProviderDown("the keys of the identity provider cannot be read") from error

    def _newer_keys(self, known: _Known) -> KeySet:
        """The keys once more, for a token of one that is not among them: providers change theirs."""
        with self._lock:
            now, kept = self._clock.monotonic(), self._kept or known
            if now - kept.keys_at >= _KEYS_EVERY_S:
                kept = _Known(kept.metadata, self._keys(kept.metadata), kept.at, now)
                self._kept = kept
            return kept.keys

    # --- What it says of somebody -----------------------------------------------------------------------------

    def _redeem(self, known: _Known, client: Credentials, asked: Asked, code: str) -> Mapping[str, Any]:
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self.settings.address + CALLBACK,
            code_verifier=asked.verifier,
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url, headers, body = _authenticated(known.metadata, client).prepare(
            "POST", known.metadata["token_endpoint"], headers, body
        )
        status, said = self._fetch("POST", url, headers, body)
        if status != 200 or not isinstance(said.get("id_token"), str):
            why = said.get("error")
            raise ProviderDeclined(f"the identity provider takes the code for nothing: {status} {_word(why)}")
        return said

    def _claims(
        self, known: _Known, client: Credentials, asked: Asked, token: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        # An empty list of algorithms would allow those of shared secrets, so ours is fixed and never the provider's.
        registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        try:
            try:
                read = jwt.decode(token["id_token"], known.keys, registry=registry)
            except InvalidKeyIdError:
                read = jwt.decode(token["id_token"], self._newer_keys(known), registry=registry)
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": client.username},
                    "sub": {"essential": True},
                    "auth_time": {"essential": True},
                },
                {"client_id": client.username, "nonce": asked.nonce, "access_token": token.get("access_token")},
            )
            claims.validate(int(self._clock.now().timestamp()), int(SKEW.total_seconds()))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise NotBelieved(f"the identity provider's word does not hold: {error}") from error
        return dict(claims)

    def _vouched(self, asked: Asked, claims: Mapping[str, Any]) -> Vouched:
        now, subject = self._clock.now(), claims["sub"]
        if not 0 < len(subject) <= 255:
            raise NotBelieved("the identity provider names nobody, or at too great length")
        try:
            proved = datetime.fromtimestamp(int(claims["auth_time"]), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise NotBelieved("the identity provider names no time at which it asked") from error
        earliest = asked.at if asked.afresh else now - LONGEST
        if not earliest - SKEW <= proved <= now + SKEW:
            raise NotBelieved("the identity provider asked this person too long ago, or in time to come")
        factor = any(value in _values(claims.get(claim)) for claim, value in self.settings.factor_proofs)
        return Vouched(subject, min(proved, now), factor)

    def _fetch(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object that an address answers; no redirect is followed. Raises ProviderDown."""
        until = self._clock.monotonic() + _ANSWER_S
        try:
            answer = self._pool.request(
                method, url, headers=headers, body=body, redirect=False, preload_content=False
            )
            try:
                told = bytearray()
                while piece := answer.read1(65536, decode_content=True):
                    told += piece
                    if len(told) > _ANSWER_BYTES or self._clock.monotonic() > until:
                        raise ProviderDown("the identity provider answers too much, or too slowly")
            finally:
                answer.close()
            said = json.loads(told)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ProviderDown(f"the identity provider cannot be reached: {type(error).__name__}") from error
        except (ValueError, RecursionError) as error:
            raise ProviderDown("the identity provider does not answer in JSON") from error
        if not isinstance(said, dict) or 300 <= answer.status < 400 or answer.status >= 500:
            raise ProviderDown(f"the identity provider answers {answer.status}, and not as a provider does")
        return answer.status, said


def _authenticated(metadata: Mapping[str, Any], client: Credentials) -> ClientAuth:
    """How we say who we are: in the header where the provider takes that, else in the body (RFC 6749 2.3.1)."""
    known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" in known:
        return ClientAuth(quote_plus(client.username), quote_plus(client.password), "client_secret_basic")
    if "client_secret_post" in known:
        return ClientAuth(client.username, client.password, "client_secret_post")
    raise ProviderDown("the identity provider takes no client secret, in the header or in the body")


def _values(claim: object) -> tuple[object, ...]:
    return tuple(claim) if isinstance(claim, list) else (claim,)


def _word(text: object) -> str:
    """An error code of RFC 6749 5.2, and nothing else, for the log."""
    return text if isinstance(text, str) and len(text) <= 40 and text.isascii() and text.isprintable() else ""
