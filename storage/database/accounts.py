"""Accounts, the sessions they hold, and every attempt to begin one. Not here: what a password must be, hashing, and
second factors (``storage.database.factors``).

Nothing is deleted: an account is disabled, a session ended. A name that no account has is kept as a digest only,
for people type their password into the wrong field.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from domain.people import Account, Role, Scope
from storage.database import tables
from storage.database.connection import Engine, insert_once
from storage.errors import NameTaken, UnknownAccount

FREE_FAILURES = 5
"""How many wrong passwords in a row cost no waiting."""

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
"""After each further one the wait doubles, to this and no more: nobody can lock another out for good."""


class EndReason(StrEnum):
    """Why a session ended."""

    LOGOUT = "logout"
    IDLE = "idle"
    TOO_OLD = "too_old"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (a reason, not a secret)
    FACTOR_CHANGED = "factor_changed"
    UNLINKED = "unlinked"
    ACCOUNT_CLOSED = "account_closed"
    RENEWED = "renewed"  # the password was given again
    ENDED = "ended"  # by its holder from elsewhere, or by who administers


@dataclass(frozen=True, slots=True)
class Session:
    """登录会话: from proving who one is until it ends. ``id`` is the SHA-256 of the token, never the token.

    ``proved``: when its holder last proved who they are. ``factor_proved``: an identity provider vouched for a second
    factor.
    """

    id: str
    began: datetime
    seen: datetime
    proved: datetime
    ended: datetime | None
    factor_proved: bool = False


@dataclass(frozen=True, slots=True)
class HalfLogin:
    """A login whose first step was right and whose second factor is awaited: opens nothing. ``id`` as a session's."""

    id: str
    began: datetime
    account: Account


class Accounts:
    """The accounts of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, account: Account, password_hash: str) -> None:
        """Add an account. Raises NameTaken, also where the account of that name is disabled."""
        with self._engine.writing() as connection:
            insert_account(connection, account, password_hash)

    def all(self) -> list[Account]:
        """Every account by name, the disabled ones too."""
        with self._engine.reading() as connection:
            rows = connection.execute(sa.select(tables.accounts).order_by("name")).all()
            return [account_of(connection, row) for row in rows]

    def find(self, name: str) -> tuple[Account, str] | None:
        """The account of that name and the hash of its password."""
        query = sa.select(tables.accounts).where(tables.accounts.c.name == name)
        with self._engine.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else (account_of(connection, row), row.password_hash)

    def set_password(self, name: str, password_hash: str, at: datetime, *, must_change: bool) -> None:
        """Give the account another password and end its sessions. Raises UnknownAccount."""
        changed = {"password_hash": password_hash, "must_change": must_change}
        self._change(name, changed, at, EndReason.PASSWORD_CHANGED)

    def disable(self, name: str, at: datetime) -> None:
        """Close the account for good and end its sessions. Raises UnknownAccount."""
        self._change(name, {"disabled": at}, at, EndReason.ACCOUNT_CLOSED)

    def recuse(self, name: str, batch: str, at: datetime, *, recused: bool) -> None:
        """Recuse the account from a batch, or lift that. Raises UnknownAccount."""
        with self._engine.writing() as connection:
            if not _is_known(connection, name):
                raise UnknownAccount(f"there is no account {name}; `kaojian user list` shows all")
            row = {"account": name, "batch": batch, "at": at, "recused": recused}
            connection.execute(sa.insert(tables.recusals).values(row))

    def _change(self, name: str, values: dict[str, Any], at: datetime, why: EndReason) -> None:
        table = tables.accounts
        with self._engine.writing() as connection:
            done = connection.execute(sa.update(table).where(table.c.name == name).values(values))
            if done.rowcount == 0:
                raise UnknownAccount(f"there is no account {name}; `kaojian user list` shows all")
            end_sessions(connection, name, at, why)

    def begin_attempt(self, name: str, at: datetime) -> timedelta:
        """Write down that somebody tries this name, as failed until ``succeed``; or how long to wait before trying.

        Written before the password is looked at, so that many tries at once are counted like one after the other.
        A try that has to wait is not counted.
        """
        table = tables.login_attempts
        with self._engine.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE login_attempts IN SHARE ROW EXCLUSIVE MODE"))
            known = _is_known(connection, name)
            written = name if known else _digest(name)
            wait = _wait(connection, written, at)
            if not wait:
                row = {"at": at, "name": written, "known": known, "succeeded": False}
                connection.execute(sa.insert(table).values(row))
            return wait

    def succeed(self, name: str, session_id: str, at: datetime, half_id: str | None = None) -> None:
        """All that was asked for was right: count failures anew and begin a session, in the place of a half login
        where there was one. Raises UnknownAccount.
        """
        with self._engine.writing() as connection:
            _count_anew(connection, name, at)
            session = {"id": session_id, "account": name, "began": at, "seen": at}
            connection.execute(sa.insert(tables.sessions).values(session))
            _end_halves(connection, tables.half_logins.c.id == half_id, at)

    def admit(self, name: str, session_id: str, at: datetime, *, proved: datetime, factor_proved: bool) -> None:
        """A provider vouched for somebody: begin a session. Failures go on being counted. Raises UnknownRow."""
        session = {
            "id": session_id,
            "account": name,
            "began": at,
            "seen": at,
            "proved": proved,
            "factor_proved": factor_proved,
        }
        with self._engine.writing() as connection:
            connection.execute(sa.insert(tables.sessions).values(session))

    def renew(self, name: str, session_id: str, new_id: str, at: datetime) -> None:
        """The holder of a session gave the password again: another session takes its place. Raises UnknownAccount."""
        table = tables.sessions
        with self._engine.writing() as connection:
            _count_anew(connection, name, at)
            before = connection.execute(sa.select(table.c.factor_proved).where(table.c.id == session_id)).scalar()
            _end(connection, table.c.id == session_id, at, EndReason.RENEWED)
            session = {"id": new_id, "account": name, "began": at, "seen": at, "factor_proved": before}
            connection.execute(sa.insert(table).values(session))

    def vouch(self, name: str, session_id: str, proved: datetime) -> bool:
        """A provider asked the holder of a session again; False where it has ended or is not of that account."""
        with self._engine.writing() as connection:
            return _prove(connection, name, session_id, proved)

    def begin_half(self, name: str, half_id: str, at: datetime) -> None:
        """The password was right, and a second factor is asked for next. Failures go on being counted."""
        row = {"id": half_id, "account": name, "began": at}
        with self._engine.writing() as connection:
            connection.execute(sa.insert(tables.half_logins).values(row))

    def half(self, half_id: str) -> HalfLogin | None:
        """The half login of that id, where it has not ended."""
        table = tables.half_logins
        query = (
            sa.select(table, tables.accounts)
            .join(tables.accounts, tables.accounts.c.name == table.c.account)
            .where(table.c.id == half_id, table.c.ended.is_(None))
        )
        with self._engine.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else HalfLogin(row.id, row.began, account_of(connection, row))

    def end_half(self, half_id: str, at: datetime) -> None:
        """End a half login; nothing happens to one that has ended."""
        with self._engine.writing() as connection:
            _end_halves(connection, tables.half_logins.c.id == half_id, at)

    def session(self, session_id: str) -> tuple[Session, Account] | None:
        """The session of that id and its account, both as they stand; an ended one too."""
        table = tables.sessions
        query = (
            sa.select(table, tables.accounts)
            .join(tables.accounts, tables.accounts.c.name == table.c.account)
            .where(table.c.id == session_id)
        )
        with self._engine.reading() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            return _session(row), account_of(connection, row)

    def see(self, session_id: str, at: datetime) -> None:
        """The session was used."""
        table = tables.sessions
        with self._engine.writing() as connection:
            connection.execute(sa.update(table).where(table.c.id == session_id).values(seen=at))

    def sessions(self, name: str) -> list[Session]:
        """The sessions of an account that nobody ended, the last used first; some may have grown too old."""
        table = tables.sessions
        query = sa.select(table).where(table.c.account == name, table.c.ended.is_(None))
        with self._engine.reading() as connection:
            rows = connection.execute(query.order_by(table.c.seen.desc(), table.c.id)).all()
        return [_session(row) for row in rows]

    def end_session(self, session_id: str, at: datetime, why: EndReason) -> None:
        """End a session; nothing happens to one that has ended."""
        with self._engine.writing() as connection:
            _end(connection, tables.sessions.c.id == session_id, at, why)

    def end_sessions(self, name: str | None, at: datetime) -> int:
        """End the sessions of an account or of everybody, half logins too. How many. Raises UnknownAccount."""
        with self._engine.writing() as connection:
            if name is not None and not _is_known(connection, name):
                raise UnknownAccount(f"there is no account {name}; `kaojian user list` shows all")
            return end_sessions(connection, name, at, EndReason.ENDED)


def insert_account(connection: sa.Connection, account: Account, password_hash: str) -> None:
    """Add an account. Raises NameTaken."""
    row = {
        "name": account.name,
        "role": account.role.value,
        "scope": json.dumps(sorted(account.scope.names), ensure_ascii=False),
        "created": account.created,
        "expires": account.expires,
        "disabled": account.disabled,
        "password_hash": password_hash,
        "must_change": account.must_change,
    }
    if not insert_once(connection, tables.accounts, row):
        raise NameTaken(f"there is or was an account {account.name}; choose another name")


def end_sessions(connection: sa.Connection, name: str | None, at: datetime, why: EndReason) -> int:
    """End all sessions of an account, or of everybody, and the half logins. How many sessions."""
    everybody = sa.true()
    _end_halves(connection, everybody if name is None else tables.half_logins.c.account == name, at)
    return _end(connection, everybody if name is None else tables.sessions.c.account == name, at, why)


def account_of(connection: sa.Connection, row: sa.Row[Any]) -> Account:
    """The account of a row that holds all columns of its table, with what other tables say of it."""
    role = Role(row.role)
    has_factor, emergency, linked = connection.execute(_SAID_ELSEWHERE, {"account": row.name}).one()
    return Account(
        row.name,
        role,
        Scope(role.reach, frozenset(json.loads(row.scope))),
        row.created,
        row.must_change,
        row.expires,
        row.disabled,
        _recused(connection, row.name),
        has_factor,
        emergency,
        linked,
        row.password_hash != "",
    )


def _is_known(connection: sa.Connection, name: str) -> bool:
    table = tables.accounts
    return connection.execute(sa.select(table.c.name).where(table.c.name == name)).first() is not None


def _recused(connection: sa.Connection, name: str) -> frozenset[str]:
    """The batches that an account is recused from, by the last word on each."""
    table = tables.recusals
    query = sa.select(table.c.batch, table.c.recused).where(table.c.account == name).order_by(table.c.id)
    last = {row.batch: row.recused for row in connection.execute(query)}
    return frozenset(batch for batch, recused in last.items() if recused)


def _said_elsewhere() -> sa.Select[bool, bool, bool]:
    """Whether an account has a second factor, is an emergency's, and is linked to an identity provider's: asked with
    every request, and so in one statement that is put together once.
    """
    factors, identities, named = tables.factors.c, tables.identities.c, sa.bindparam("account", type_=sa.String)
    has_factor = factors.removed.is_(None) & factors.confirmed.is_not(None)
    return sa.select(
        sa.exists().where(factors.account == named, has_factor),
        sa.exists().where(tables.broken_glass.c.account == named),
        sa.exists().where(identities.account == named, identities.ended.is_(None)),
    )


_SAID_ELSEWHERE = _said_elsewhere()


def _prove(connection: sa.Connection, name: str, session_id: str, at: datetime) -> bool:
    table = tables.sessions
    theirs = sa.and_(table.c.id == session_id, table.c.account == name, table.c.ended.is_(None))
    return connection.execute(sa.update(table).where(theirs).values(proved=at)).rowcount == 1


def _count_anew(connection: sa.Connection, name: str, at: datetime) -> None:
    if not _is_known(connection, name):
        raise UnknownAccount(f"there is no account {name}")
    attempt = {"at": at, "name": name, "known": True, "succeeded": True}
    connection.execute(sa.insert(tables.login_attempts).values(attempt))


def _digest(name: str) -> str:
    return "sha256:" + sha256(name.encode()).hexdigest()


def _session(row: sa.Row[Any]) -> Session:
    proved, by_factor = row.proved or row.began, bool(row.factor_proved)
    return Session(row.id, row.began, row.seen, proved, row.ended, by_factor)


def _end(connection: sa.Connection, which: sa.ColumnElement[bool], at: datetime, why: EndReason) -> int:
    table = tables.sessions
    standing = sa.and_(which, table.c.ended.is_(None))
    return connection.execute(sa.update(table).where(standing).values(ended=at, end_reason=why.value)).rowcount


def _end_halves(connection: sa.Connection, which: sa.ColumnElement[bool], at: datetime) -> None:
    table = tables.half_logins
    connection.execute(sa.update(table).where(which, table.c.ended.is_(None)).values(ended=at))


def _wait(connection: sa.Connection, name: str, at: datetime) -> timedelta:
    """How long the next try of this name has to wait, by its failures since it last succeeded."""
    table = tables.login_attempts
    query = sa.select(table.c.at, table.c.succeeded).where(table.c.name == name).order_by(table.c.id.desc()).limit(32)
    since = takewhile(lambda row: not row.succeeded, connection.execute(query))
    return waiting([row.at for row in since], at)


def waiting(failures: Sequence[datetime], at: datetime) -> timedelta:
    """How long to wait at an instant after these failures, latest first; zero when there is no need.

    A clock that was set back makes nobody wait longer than the longest wait.
    """
    beyond = len(failures) - FREE_FAILURES
    if beyond < 0:
        return timedelta()
    wait = min(FIRST_WAIT * (1 << min(beyond, 16)), LONGEST_WAIT)  # more would not fit a timedelta
    return min(max(failures[0] + wait - at, timedelta()), wait)
