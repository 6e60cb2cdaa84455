"""Coming in, staying in and going out with an account: one session for each coming in, kept on our side only.

What a browser holds is a random token; the database holds its SHA-256. Each coming in and each change of password
makes a new token, so that one that was planted or stolen before is worth nothing after. Where the account has a
second factor, the right password makes a half login, whose token opens only the second step. Not here: cookies, and
who is vouched for by an identity provider (``dashboard.access.vouching``).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from dashboard.access import factors, passwords
from dashboard.access.errors import LoginRefused, PasswordRefused, TooManyAttempts
from dashboard.access.table import Act, may
from domain.people import Account, Actor, Door
from domain.timeline import Clock
from storage.database import Database
from storage.database.accounts import EndReason, HalfLogin, Session
from storage.errors import UnknownSession
from storage.sealing import Sealer

LONGEST = timedelta(hours=12)
"""How long a session lasts at most: a long working day."""

IDLE = timedelta(minutes=30)
"""How long a session lasts that nobody uses. An open page asks for the status, and so uses it."""

FRESH = timedelta(minutes=10)
"""How long a password that was given vouches for who sits there, for what must not be done from a page left open."""

HALF = timedelta(minutes=5)
"""How long a half login waits for its code."""

_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has come in: the account and the session they use, or the token of a program of theirs.

    ``proved``: when they gave their password, None for a token. ``acts``: what a token is for, None for a session.
    ``factor_proved``: an identity provider vouched for a second factor.
    """

    account: Account
    session_id: str
    proved: datetime | None
    acts: frozenset[Act] | None = None
    factor_proved: bool = False

    @property
    def actor(self) -> Actor:
        return actor_of(self.account.name)

    def may(self, act: Act) -> bool:
        """Whether the role may, and the token too where it is one."""
        return may(self.account.role, act) and (self.acts is None or act in self.acts)

    @property
    def decides(self) -> bool:
        """Whether they are one of those who decide on withheld footage, and so are shown it. No token is."""
        return self.may(Act.APPROVE_DISPOSAL) and not self.account.emergency

    def is_fresh(self, now: datetime) -> bool:
        """Whether the password was given lately."""
        return self.proved is not None and now - self.proved < FRESH


def log_in(database: Database, clock: Clock, name: str, password: str) -> tuple[Account, str]:
    """The account and the token of a new session; of a half login where the account has a second factor.

    Raises LoginRefused, TooManyAttempts. A name that is not there, or is that of a device, costs the same work, the
    same wait and the same words as a wrong password.
    """
    now = clock.now()
    account = _with_password(database, name, password, now)
    if not account.is_open(now) or not may(account.role, Act.OWN_SESSION):
        raise LoginRefused
    if not account.factor:
        return account, _new_session(database, name, now)
    return account, _new_half(database, name, now)


def admit(database: Database, account: Account, now: datetime, proved: datetime, *, factor_proved: bool) -> str:
    """The token of a new session of somebody for whom an identity provider vouches; of a half login where the account
    has a second factor and the provider vouches for none.
    """
    if account.factor and not factor_proved:
        return _new_half(database, account.name, now)
    token = secrets.token_urlsafe(32)
    database.accounts.admit(account.name, _id_of(token), now, proved=proved, factor_proved=factor_proved)
    return token


def half(database: Database, clock: Clock, token: str) -> HalfLogin | None:
    """The half login of a token, while its code is awaited."""
    found, now = database.accounts.half(_id_of(token)), clock.now()
    if found is None or now - found.began >= HALF or not found.account.is_open(now):
        return None
    return found


def second_step(database: Database, sealer: Sealer, clock: Clock, token: str, code: str) -> tuple[Account, str]:
    """The account and the token of a new session, for a half login and a code of the second factor.

    Raises LoginRefused where the half login is over, CodeRefused, TooManyAttempts, KeyRefused. Codes are counted like
    passwords: whoever knows a password cannot try codes for ever.
    """
    begun, now = half(database, clock, token), clock.now()
    if begun is None:
        raise LoginRefused
    name = begun.account.name
    _take_code(database, sealer, now, name, code)
    return begun.account, _new_session(database, name, now, begun.id)


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
    return Viewer(account, session_id, session.proved, factor_proved=session.factor_proved)


def standing(database: Database, clock: Clock, session_id: str) -> Viewer | None:
    """Who holds a session that stands, by its id; as ``resume``, but no use of it: what only goes on by itself keeps
    no session open.
    """
    found, now = database.accounts.session(session_id), clock.now()
    if found is None or found[0].ended is not None:
        return None
    session, account = found
    if _over(session.began, session.seen, account, now) is not None:
        return None
    return Viewer(account, session_id, session.proved, factor_proved=session.factor_proved)


def prove(database: Database, clock: Clock, viewer: Viewer, password: str) -> str:
    """The viewer gives their password again: the token of the session that takes the place of theirs.

    Raises LoginRefused, TooManyAttempts.
    """
    name, now, token = viewer.account.name, clock.now(), secrets.token_urlsafe(32)
    _with_password(database, name, password, now)
    database.accounts.renew(name, viewer.session_id, _id_of(token), now)
    return token


def sessions(database: Database, clock: Clock, account: Account) -> list[Session]:
    """The sessions of an account that still open something, the last used first."""
    now = clock.now()
    held = database.accounts.sessions(account.name)
    return [each for each in held if _over(each.began, each.seen, account, now) is None]


def end_session(database: Database, clock: Clock, viewer: Viewer, session_id: str) -> None:
    """The viewer ends one of their sessions, from wherever they are. Raises UnknownSession for any other."""
    if session_id not in {each.id for each in database.accounts.sessions(viewer.account.name)}:
        raise UnknownSession(f"there is no session {session_id}")
    database.accounts.end_session(session_id, clock.now(), EndReason.ENDED)


def confirm_factor(
    database: Database, sealer: Sealer, clock: Clock, viewer: Viewer, code: str
) -> tuple[tuple[str, ...], str]:
    """The viewer's new factor counts from now on: its recovery codes, and the token of a new session, the only one.

    Raises CodeRefused, KeyRefused, UnknownRow.
    """
    name, now = viewer.account.name, clock.now()
    recovery = factors.confirm(database, sealer, clock, name, code)
    database.journal.record(now, viewer.actor, "enrol_factor", name)
    return recovery, _new_session(database, name, now)


def remove_factor(database: Database, sealer: Sealer, clock: Clock, viewer: Viewer, code: str) -> str:
    """Take the viewer's factor away, for a last code of it: the token of a new session, the only one.

    Raises CodeRefused, TooManyAttempts, KeyRefused.
    """
    name, now = viewer.account.name, clock.now()
    _take_code(database, sealer, now, name, code)
    database.factors.remove(name, now)
    database.journal.record(now, viewer.actor, "remove_factor", name)
    return _new_session(database, name, now)


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
    _with_password(database, name, old, now)
    if new == old:
        raise PasswordRefused("the new password is the old one")
    database.accounts.set_password(name, passwords.hashed(new), now, must_change=False)
    database.journal.record(now, viewer.actor, "change_password", name)
    return _new_session(database, name, now)


def _with_password(database: Database, name: str, password: str, now: datetime) -> Account:
    """The account whose password this is, a closed one too. Raises LoginRefused, TooManyAttempts."""
    _begin_attempt(database, name, now)
    found = database.accounts.find(name)
    account, password_hash = found if found is not None else (None, None)
    if not passwords.matches(password_hash, password) or account is None:
        raise LoginRefused
    return account


def _take_code(database: Database, sealer: Sealer, now: datetime, name: str, code: str) -> None:
    """Take a code of the account's second factor. Raises CodeRefused, TooManyAttempts, KeyRefused."""
    _begin_attempt(database, name, now)
    if factors.check(database, sealer, now, name, code):
        left = factors.recovery_left(database, name)
        database.journal.record(now, actor_of(name), "use_recovery_code", name, f"{left} left")


def _begin_attempt(database: Database, name: str, now: datetime) -> None:
    wait = database.accounts.begin_attempt(name, now)
    if wait:
        raise TooManyAttempts(wait)


def actor_of(name: str) -> Actor:
    """Somebody with an account, as what they do is written down."""
    return Actor(f"account:{name}", Door.API)


def _new_session(database: Database, name: str, now: datetime, half_id: str | None = None) -> str:
    token = secrets.token_urlsafe(32)
    database.accounts.succeed(name, _id_of(token), now, half_id)
    return token


def _new_half(database: Database, name: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    database.accounts.begin_half(name, _id_of(token), now)
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
