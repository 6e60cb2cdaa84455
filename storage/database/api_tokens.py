"""Tokens of programs: for whom, for what, until when. Not here: what a token may name (``dashboard.access.tokens``).

Nothing is deleted: a token is revoked. Kept is the SHA-256 of a token, never the token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.people import Account
from storage.database import tables
from storage.database.accounts import account_of
from storage.database.connection import Engine
from storage.errors import UnknownToken


@dataclass(frozen=True, slots=True)
class ApiToken:
    """接口令牌: what a program comes in with, on behalf of an account. ``id`` is for people and opens nothing.

    ``acts`` are the words of what it may, as far as the account may too. ``used``: last, to the minute.
    """

    id: str
    account: str
    label: str
    acts: tuple[str, ...]
    created: datetime
    expires: datetime
    revoked: datetime | None = None
    used: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether the token may be used at all."""
        return self.revoked is None and now < self.expires


class ApiTokens:
    """The tokens of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, token: ApiToken, digest: str) -> None:
        """Add a token. Raises UnknownRow where there is no such account."""
        row = {
            "id": token.id,
            "account": token.account,
            "digest": digest,
            "label": token.label,
            "acts": json.dumps(token.acts),
            "created": token.created,
            "expires": token.expires,
        }
        with self._engine.writing() as connection:
            connection.execute(sa.insert(tables.api_tokens).values(row))

    def all(self, account: str | None = None) -> list[ApiToken]:
        """The tokens of an account, or of all, as they were made; the revoked ones too."""
        table = tables.api_tokens
        query = sa.select(table).order_by(table.c.account, table.c.created, table.c.id)
        if account is not None:
            query = query.where(table.c.account == account)
        with self._engine.reading() as connection:
            return [_token(row) for row in connection.execute(query)]

    def held(self, digest: str) -> tuple[ApiToken, Account] | None:
        """The token of that digest and its account, both as they stand."""
        table = tables.api_tokens
        with self._engine.reading() as connection:
            row = connection.execute(sa.select(table).where(table.c.digest == digest)).first()
            if row is None:
                return None
            owner = sa.select(tables.accounts).where(tables.accounts.c.name == row.account)
            return _token(row), account_of(connection, connection.execute(owner).one())

    def see(self, token_id: str, at: datetime) -> None:
        """The token was used."""
        table = tables.api_tokens
        with self._engine.writing() as connection:
            connection.execute(sa.update(table).where(table.c.id == token_id).values(used=at))

    def revoke(self, token_id: str, at: datetime, account: str | None = None) -> ApiToken:
        """Let a token open nothing any more, of that account only where one is named. Raises UnknownToken."""
        table = tables.api_tokens
        which = (
            table.c.id == token_id if account is None else sa.and_(table.c.id == token_id, table.c.account == account)
        )
        with self._engine.writing() as connection:
            standing = sa.and_(which, table.c.revoked.is_(None))
            connection.execute(sa.update(table).where(standing).values(revoked=at))
            row = connection.execute(sa.select(table).where(which)).first()
            if row is None:
                raise UnknownToken(f"there is no token {token_id}")
            return _token(row)

    def revoke_all(self, account: str, at: datetime) -> None:
        """Let no token of an account open anything any more."""
        table = tables.api_tokens
        with self._engine.writing() as connection:
            standing = sa.and_(table.c.account == account, table.c.revoked.is_(None))
            connection.execute(sa.update(table).where(standing).values(revoked=at))


def _token(row: sa.Row[Any]) -> ApiToken:
    return ApiToken(
        row.id, row.account, row.label, tuple(json.loads(row.acts)), row.created, row.expires, row.revoked, row.used
    )
