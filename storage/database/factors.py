"""Second factors of accounts, and the recovery codes that stand in for them. Not here: what a code must be.

An account has one factor at most that stands: begun, then confirmed by a code. Each code of it is taken once, and
each recovery code, also by two that come at the same instant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.database import tables
from storage.database.accounts import EndReason, end_sessions
from storage.database.connection import Engine
from storage.errors import FactorStands, UnknownRow


@dataclass(frozen=True, slots=True)
class Factor:
    """验证器: what makes the codes of one account. ``secret`` is sealed; ``confirmed`` once a code of it was seen."""

    id: int
    secret: str
    confirmed: datetime | None


class Factors:
    """The factors of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, account: str, secret: str, at: datetime) -> None:
        """Add a factor to be confirmed, in the place of one that never was. Raises FactorStands, UnknownRow."""
        table = tables.factors
        with self._engine.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE factors IN SHARE ROW EXCLUSIVE MODE"))
            standing = _standing(connection, account)
            if standing is not None and standing.confirmed is not None:
                raise FactorStands(f"account {account} has a second factor; remove it first")
            _remove(connection, account, at)
            connection.execute(sa.insert(table).values(account=account, secret=secret, begun=at))

    def standing(self, account: str) -> Factor | None:
        """The factor that the account has, or is about to have."""
        with self._engine.reading() as connection:
            return _standing(connection, account)

    def confirm(self, account: str, factor: int, step: int, recovery: Iterable[str], at: datetime) -> None:
        """A code of that step was right: the factor counts from now on, with the digests of its recovery codes, and
        all sessions end. Raises UnknownRow where it was confirmed or replaced meanwhile.
        """
        table = tables.factors
        with self._engine.writing() as connection:
            awaited = sa.and_(table.c.id == factor, table.c.confirmed.is_(None), table.c.removed.is_(None))
            done = connection.execute(sa.update(table).where(awaited).values(confirmed=at, last_step=step))
            if done.rowcount == 0:
                raise UnknownRow(f"the second factor of account {account} was replaced meanwhile; begin anew")
            rows = [{"digest": digest, "factor": factor} for digest in recovery]
            connection.execute(sa.insert(tables.recovery_codes), rows)
            end_sessions(connection, account, at, EndReason.FACTOR_CHANGED)

    def take_step(self, factor: int, step: int) -> bool:
        """Whether a code of that step may still be taken; from now on none up to it may."""
        table = tables.factors
        later = sa.and_(table.c.id == factor, table.c.removed.is_(None), table.c.last_step < step)
        with self._engine.writing() as connection:
            return connection.execute(sa.update(table).where(later).values(last_step=step)).rowcount == 1

    def take_recovery(self, factor: int, digest: str, at: datetime) -> bool:
        """Whether it is the digest of a recovery code that was not used; from now on it is."""
        table = tables.recovery_codes
        unused = sa.and_(table.c.digest == digest, table.c.factor == factor, table.c.used.is_(None))
        with self._engine.writing() as connection:
            return connection.execute(sa.update(table).where(unused).values(used=at)).rowcount == 1

    def recovery_left(self, factor: int) -> int:
        """How many recovery codes were not used."""
        table = tables.recovery_codes
        query = sa.select(sa.func.count()).where(table.c.factor == factor, table.c.used.is_(None))
        with self._engine.reading() as connection:
            return connection.scalar(query) or 0

    def remove(self, account: str, at: datetime) -> bool:
        """Take the factor away and end all sessions; False where the account has none."""
        with self._engine.writing() as connection:
            if not _remove(connection, account, at):
                return False
            end_sessions(connection, account, at, EndReason.FACTOR_CHANGED)
            return True


def _standing(connection: sa.Connection, account: str) -> Factor | None:
    table = tables.factors
    query = sa.select(table).where(table.c.account == account, table.c.removed.is_(None))
    row = connection.execute(query).first()
    return None if row is None else Factor(row.id, row.secret, row.confirmed)


def _remove(connection: sa.Connection, account: str, at: datetime) -> bool:
    table = tables.factors
    standing = sa.and_(table.c.account == account, table.c.removed.is_(None))
    return connection.execute(sa.update(table).where(standing).values(removed=at)).rowcount > 0
