"""Coming in by an identity provider: a login is begun in a browser, comes back to it, and somebody is let in, or not.

1. What was asked of the provider leaves with the browser, sealed, and is kept nowhere else. An answer that comes
   without it, ten minutes late, or with another ``state`` belongs to no login that was begun there: whoever lures
   somebody to an answer of theirs lets nobody in.
2. The provider vouches for a subject (``dashboard.access.provider``).
3. What it said is used once, however often it says so.
4. The subject is linked to an open account, or nobody comes in. No account is made here.
5. Where the account has a second factor, it is asked for next, unless the provider vouches for one too.

Everything else stays ours: role, scope, recusals, the account's end, and how long a session lasts. Not here: cookies.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from dashboard.access import login
from dashboard.access.errors import NotBegun, NotLinked
from dashboard.access.provider import Answer, Asked, Provider
from domain.timeline import Clock, rfc3339
from storage.database import Database
from storage.database.accounts import EndReason
from storage.errors import KeyRefused
from storage.sealing import Sealer

LASTS = timedelta(minutes=10)
"""How long somebody may be with the provider."""

_PLACE = "provider-login"


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that is with the provider, and the page it goes back to. ``held``: the session that the browser had."""

    asked: Asked
    back: str
    held: str | None


def begin(
    provider: Provider, sealer: Sealer, now: datetime, back: str, held: str | None, *, afresh: bool
) -> tuple[str, str]:
    """Where to send the browser, and what it takes along. Raises ProviderDown.

    A login ``afresh`` is that of who is in already: the provider asks them again, and ``held`` is vouched for.
    """
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    address = provider.address(Asked(state, nonce, verifier, now, afresh))
    return address, sealed(sealer, _PLACE, [state, nonce, verifier, rfc3339(now), afresh, back, held])


def begun(sealer: Sealer, taken_along: str, state: str, now: datetime) -> Begun:
    """The login that an answer with this ``state`` belongs to. Raises NotBegun."""
    told = unsealed(sealer, _PLACE, taken_along)
    if told is None:
        raise NotBegun
    awaited, nonce, verifier, at, afresh, back, held = told
    asked = Asked(awaited, nonce, verifier, datetime.fromisoformat(at), afresh)
    if not hmac.compare_digest(awaited.encode(), state.encode()) or not timedelta() <= now - asked.at < LASTS:
        raise NotBegun
    return Begun(asked, back, held)


def finish(database: Database, provider: Provider, clock: Clock, begun: Begun, answer: Answer) -> str | None:
    """The token of a new session or half login, for the provider's answer; None where a session was vouched for.

    Raises ProviderDown, ProviderDeclined, NotBelieved, NotLinked, NotBegun.
    """
    vouched = provider.vouch(begun.asked, answer)
    now, account = clock.now(), database.identities.account(provider.settings.issuer, vouched.subject)
    if account is None or not account.is_open(now):
        raise NotLinked(vouched.subject)
    if not database.identities.take(sha256(begun.asked.nonce.encode()).hexdigest(), account.name, now):
        raise NotBegun
    if begun.asked.afresh:
        if begun.held is None or not database.accounts.vouch(account.name, begun.held, vouched.proved):
            raise NotBegun
        return None
    if begun.held is not None:
        database.accounts.end_session(begun.held, now, EndReason.LOGOUT)
    return login.admit(database, account, now, vouched.proved, factor_proved=vouched.factor)


def sealed(sealer: Sealer, place: str, told: object) -> str:
    """What a browser keeps for us and cannot read, as the value of a cookie."""
    return urlsafe_b64encode(sealer.seal(json.dumps(told), place).encode()).decode()


def unsealed(sealer: Sealer, place: str, text: str) -> list[Any] | None:
    """What was sealed so; None for anything else."""
    try:
        told = json.loads(sealer.open(urlsafe_b64decode(text.encode()).decode(), place))
    except (ValueError, KeyRefused):
        return None
    return told if isinstance(told, list) else None
