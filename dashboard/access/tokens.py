"""Tokens of programs 接口令牌: made for an account, for some of what its role may, until a day; shown once.

Not here: HTTP (``dashboard.api.guard``).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from dashboard.access.errors import TokenRefused
from dashboard.access.login import Viewer
from dashboard.access.table import GRANTABLE, Act, may
from domain.people import Account, Actor
from domain.timeline import Clock, rfc3339
from storage.database import Database
from storage.database.api_tokens import ApiToken

LASTS_DAYS = 90
LONGEST_DAYS = 365
PREFIX = "kaojian_"
"""What every token begins with, so that programs that look for lost secrets find it."""

_LABEL = re.compile(r"[^\x00-\x1f\x7f]{1,60}")
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to be made: for which program, for what, and for how many days."""

    label: str
    acts: frozenset[Act]
    days: int = LASTS_DAYS


def add(database: Database, account: Account, wanted: Wanted, actor: Actor, clock: Clock) -> tuple[ApiToken, str]:
    """Make a token for an account; the token itself is kept nowhere. Raises TokenRefused."""
    now, label = clock.now(), wanted.label.strip()
    if not 1 <= wanted.days <= LONGEST_DAYS:
        raise TokenRefused(f"a token lasts 1 to {LONGEST_DAYS} days, not {wanted.days}")
    if not _LABEL.fullmatch(label):
        raise TokenRefused("say in 1 to 60 characters on one line which program the token is for")
    if not account.is_open(now):
        raise TokenRefused(f"account {account.name} is closed")
    allowed = tuple(act for act in GRANTABLE if may(account.role, act))
    if not wanted.acts or not wanted.acts <= set(allowed):
        raise TokenRefused(f"say for what; of a {account.role} a token may have: {', '.join(allowed)}")
    secret = PREFIX + secrets.token_urlsafe(32)
    words = tuple(act.value for act in allowed if act in wanted.acts)
    until = now + timedelta(days=wanted.days)
    token = ApiToken(secrets.token_hex(6), account.name, label, words, now, until)
    database.api_tokens.add(token, _digest(secret))
    detail = f"{token.id} {label}: {' '.join(words)}, until {rfc3339(until)}"
    database.journal.record(now, actor, "add_token", account.name, detail)
    return token, secret


def revoke(database: Database, clock: Clock, actor: Actor, token_id: str, account: str | None = None) -> ApiToken:
    """Let a token open nothing any more, at once. Raises UnknownToken, also where it is not of ``account``."""
    now = clock.now()
    token = database.api_tokens.revoke(token_id, now, account)
    database.journal.record(now, actor, "revoke_token", token.account, token.id)
    return token


def resume(database: Database, clock: Clock, secret: str) -> Viewer | None:
    """Who a token speaks for, or None where it was never one, was revoked or has run out."""
    found, now = database.api_tokens.held(_digest(secret)), clock.now()
    if found is None:
        return None
    token, account = found
    if not token.is_open(now) or not account.is_open(now):
        return None
    if token.used is None or now - token.used >= _SEEN_EVERY:
        database.api_tokens.see(token.id, now)
    return Viewer(account, f"token:{token.id}", None, frozenset(map(Act, token.acts)))


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
