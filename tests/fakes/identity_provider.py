"""An identity provider that says whatever a test wants: wrong keys, wrong claims, rubbish, or nothing for a while.

It answers discovery, keys and tokens over HTTP on loopback; the person and their browser are played by the test.
"""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from domain.timeline import Clock

CLIENT_ID = "kaojian"
CLIENT_SECRET = "a secret + of 100%"


def rsa_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass(slots=True)
class FakeProvider:
    """``code`` stands for a person until it is redeemed; how, the fields say, and a test changes them."""

    issuer: str
    clock: Clock
    key: RSAKey
    published: list[RSAKey]
    metadata: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    answer: tuple[int, bytes] | None = None
    silent: threading.Event | None = None
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    _codes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def code(self, address: str, subject: str, **claims: Any) -> str:
        """The code for somebody who was sent to this address and proved who they are."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        now = int(self.clock.now().timestamp())
        said = {
            "iss": self.issuer,
            "aud": query["client_id"],
            "sub": subject,
            "nonce": query["nonce"],
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
        }
        said |= claims
        code = f"code-{len(self._codes)}"
        self._codes[code] = {"claims": said, "challenge": query["code_challenge"], "back": query["redirect_uri"]}
        return code

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None, **header: Any) -> str:
        used = key or self.key
        return jwt.encode({"alg": "RS256", "kid": used.kid, **header}, claims, used)

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    def tell(self, path: str, headers: dict[str, str], form: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((path, headers, form))
        if self.silent is not None:
            self.silent.wait(30)
        if self.answer is not None:
            return self.answer
        match path:
            case "/.well-known/openid-configuration":
                return 200, json.dumps(self._described() | self.metadata).encode()
            case "/jwks":
                return 200, json.dumps({"keys": [key.as_dict(private=False) for key in self.published]}).encode()
            case "/token":
                return self._redeemed(form)
        return 404, b"{}"

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _redeemed(self, form: dict[str, str]) -> tuple[int, bytes]:
        held = self._codes.get(form.get("code", ""))
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if held is None or challenge != held["challenge"] or form.get("redirect_uri") != held["back"]:
            return 400, b'{"error": "invalid_grant"}'
        claims = {name: value for name, value in held["claims"].items() if value is not None}
        token = (self.sign or self.signed)(claims)
        return 200, json.dumps({"access_token": "at", "token_type": "Bearer", "id_token": token}).encode()


@contextmanager
def provided(clock: Clock) -> Iterator[FakeProvider]:
    """A provider on a free port of loopback."""
    key = rsa_key("first")
    held: list[FakeProvider] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(text).items()})

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (the name is the library's)
            """Nobody reads it."""

        def _answer(self, form: dict[str, str]) -> None:
            status, body = held[0].tell(self.path, dict(self.headers), form)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", f"{held[0].issuer}/jwks")
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    held.append(FakeProvider(f"http://127.0.0.1:{server.server_address[1]}", clock, key, [key]))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="identity provider")
    thread.start()
    try:
        yield held[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
