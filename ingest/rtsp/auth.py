"""Answers to a camera's challenge: Basic and Digest (RFC 2617, RFC 7616) as RTSP uses them (RFC 2326, 16).

Pure: the client nonce is passed in. Digest with SHA-256 is preferred to MD5, and MD5 to Basic. Not here: the
decision when to ask again, and the secret's store.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.rtsp.wire import MalformedChallenge


class Login(Protocol):
    """A user name and a password."""

    @property
    def username(self) -> str: ...

    @property
    def password(self) -> str: ...


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {"sha-256": _sha256, "md5": _md5}  # the preferred one first


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that the camera offers."""

    scheme: str  # "digest" or "basic"
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str = "md5"
    algorithm_named: bool = False  # echo the algorithm only if the camera named it (RFC 2617 3.2.2)
    qop_auth: bool = False
    stale: bool = False

    @property
    def rank(self) -> int:
        """0 is the strongest."""
        return len(_HASHES) if self.scheme == "basic" else list(_HASHES).index(self.algorithm)


_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*)')
_NEXT_CHALLENGE = re.compile(r",\s*(?=(?:digest|basic)\s)", re.IGNORECASE)


def strongest_challenge(headers: Sequence[str], basic_allowed: bool = True) -> Challenge:
    """The best of all WWW-Authenticate values, which may hold several challenges each.

    Raises MalformedChallenge when none of them can be answered.
    """
    texts = [text for header in headers for text in _NEXT_CHALLENGE.split(header)]
    known = [challenge for challenge in map(_challenge, texts) if challenge is not None]
    if not basic_allowed:
        known = [challenge for challenge in known if challenge.scheme != "basic"]
    if not known:
        raise MalformedChallenge("the camera asks for a login that is neither Digest (MD5, SHA-256) nor Basic")
    return min(known, key=lambda challenge: challenge.rank)


def _challenge(text: str) -> Challenge | None:
    scheme, _, rest = text.strip().partition(" ")
    given = {name.lower(): _unquoted(value) for name, value in _PARAMETER.findall(rest)}
    if scheme.lower() == "basic":
        return Challenge("basic", realm=given.get("realm", ""))
    algorithm = given.get("algorithm", "md5").lower()
    offered_qop = {part.strip().lower() for part in given.get("qop", "").split(",") if part.strip()}
    answerable = algorithm in _HASHES and (not offered_qop or "auth" in offered_qop)
    if scheme.lower() != "digest" or "nonce" not in given or not answerable:
        return None
    return Challenge(
        scheme="digest",
        realm=given.get("realm", ""),
        nonce=given["nonce"],
        opaque=given.get("opaque"),
        algorithm=algorithm,
        algorithm_named="algorithm" in given,
        qop_auth=bool(offered_qop),
        stale=given.get("stale", "").lower() == "true",
    )


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def authorization(challenge: Challenge, login: Login, method: str, url: str, *, count: int, cnonce: str) -> str:
    """The value of the Authorization header for one request.

    ``count`` is how often this nonce has been used, this time included (RFC 7616 3.4, nc); ``url`` is the one of
    the request line.
    """
    if challenge.scheme == "basic":
        token = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        return f"Basic {token}"
    hashed = _HASHES[challenge.algorithm]
    secret = hashed(f"{login.username}:{challenge.realm}:{login.password}")
    request = hashed(f"{method}:{url}")
    parts = [
        f"username={_quoted(login.username)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(url)}",
    ]
    if challenge.qop_auth:
        digest = hashed(f"{secret}:{challenge.nonce}:{count:08x}:{cnonce}:auth:{request}")
        parts += [f'response="{digest}"', "qop=auth", f"nc={count:08x}", f'cnonce="{cnonce}"']
    else:
        parts.append(f'response="{hashed(f"{secret}:{challenge.nonce}:{request}")}"')
    if challenge.algorithm_named:
        parts.append(f"algorithm={challenge.algorithm.upper()}")
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    return "Digest " + ", ".join(parts)
