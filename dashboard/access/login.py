"""Coming in, staying in and going out with an account: one session for each coming in, kept on our side only.

What a browser holds is a random token; the database holds its SHA-256. Each coming in and each change of password
makes a new token, so that one that was planted or stolen before is worth nothing after. Not here: cookies.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from dashboard.access import passwords
from dashboard.access.errors import LoginRefused, PasswordRefused, TooManyAttempts
from domain.people import Account, Actor, Door
from domain.timeline import Clock
from storage.database import Database
from storage.database.accounts import EndReason

LONGEST = timedelta(hours=12)
"""How long a session lasts at most: a long working day."""

IDLE = timedelta(minutes=30)
"""How long a session lasts that nobody uses. An open page asks for the status, and so uses it."""

_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has come in: the account and the session they use."""

    account: Account
    session_id: str

    @property
    def actor(self) -> Actor:
        return Actor(f"account:{self.account.name}", Door.API)


def log_in(database: Database, clock: Clock, name: str, password: str) -> tuple[Account, str]:
    """The account and the token of a new session. Raises LoginRefused, TooManyAttempts.

    A name that is not there costs the same work, the same wait and the same words as a wrong password.
    """
    now = clock.now()
    wait = database.accounts.begin_attempt(name, now)
    if wait:
        raise TooManyAttempts(wait)
    found = database.accounts.find(name)
    account, password_hash = found if found is not None else (None, None)
    right = passwords.matches(password_hash, password)
    if not right or account is None or not account.is_open(now):
        raise LoginRefused
    return account, _new_session(database, name, now)


def resume(database: Database, clock: Clock, token: str) -> Viewer | None:
    """Who holds a token, or None where its session has ended, has grown too old or was never one."""
    session_id, now = _id_of(token), clock.now()
    found = database.accounts.session(session_id)
    if found is None or found[0].ended is not None:
        return None
    session, account = found
    why = _over(session.began, session.seen, account, now)
    if why is not None:
        database.accounts.end_session(session_id, now, why)
        return None
    if now - session.seen >= _SEEN_EVERY:
        database.accounts.see(session_id, now)
    return Viewer(account, session_id)


def log_out(database: Database, clock: Clock, viewer: Viewer) -> None:
    """End the session; its token opens nothing any more."""
    database.accounts.end_session(viewer.session_id, clock.now(), EndReason.LOGOUT)


def change_password(database: Database, clock: Clock, viewer: Viewer, old: str, new: str) -> str:
    """Change the viewer's own password, end all their sessions and begin a new one: its token.

    The old password is asked for again, under the same limit of attempts. Raises LoginRefused, TooManyAttempts,
    PasswordRefused.
    """
    name, now = viewer.account.name, clock.now()
    passwords.check(new, name)
    wait = database.accounts.begin_attempt(name, now)
    if wait:
        raise TooManyAttempts(wait)
    found = database.accounts.find(name)
    if not passwords.matches(found[1] if found is not None else None, old):
        raise LoginRefused
    if new == old:
        raise PasswordRefused("the new password is the old one")
    database.accounts.set_password(name, passwords.hashed(new), now, must_change=False)
    database.journal.record(now, viewer.actor, "change_password", name)
    return _new_session(database, name, now)


def _new_session(database: Database, name: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    database.accounts.succeed(name, _id_of(token), now)
    return token


def _id_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _over(began: datetime, seen: datetime, account: Account, now: datetime) -> EndReason | None:
    """Why a session is over at an instant, or None while it is not."""
    if not account.is_open(now):
        return EndReason.ACCOUNT_CLOSED
    if now - began >= LONGEST:
        return EndReason.TOO_OLD
    return EndReason.IDLE if now - seen >= IDLE else None
