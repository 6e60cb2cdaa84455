"""Accounts that were made by breaking the glass.

Account, reason, journal and alarm are written in one transaction: there is no such account that nobody is told of.
Not here: who may, and what is told (``dashboard.access.glass``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.alarms import Alarm
from domain.people import TOLD_FOR, Account, BrokenGlass, Role
from storage.database import tables
from storage.database.accounts import insert_account
from storage.database.actors import actor_of, actor_row
from storage.database.alarms import insert_alarms
from storage.database.connection import Engine
from storage.database.journal import Journal
from storage.errors import GlassIsBroken


class BrokenGlasses:
    """Those of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def add(self, account: Account, password_hash: str, broken: BrokenGlass, alarm: Alarm, detail: str) -> None:
        """Add the account, what is kept of it, the journal's entry with that detail, and the alarm: all or nothing.

        Raises GlassIsBroken while there is another one that is open, NameTaken, KeyMissing.
        """
        row = {
            "account": account.name,
            "opened": broken.opened,
            **actor_row(broken.actor),
            "reason": broken.reason,
        }
        with self._engine.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE broken_glass IN SHARE ROW EXCLUSIVE MODE"))
            for each in _since(connection, broken.opened):
                if each.is_open(broken.opened):
                    raise GlassIsBroken(
                        f"the glass is broken: {each.account} is open; close it first: kaojian user disable "
                        f"{each.account}"
                    )
            insert_account(connection, account, password_hash)
            connection.execute(sa.insert(tables.broken_glass).values(row))
            seal = self._journal.insert(
                connection, broken.opened, broken.actor, "break_glass", subject=account.name, detail=detail
            )
            insert_alarms(connection, [alarm])
        self._journal.seal(seal)

    def told(self, now: datetime) -> list[BrokenGlass]:
        """All that everybody is to be told of, the latest first."""
        with self._engine.reading() as connection:
            return [each for each in _since(connection, now - TOLD_FOR) if each.is_told(now)]


def _since(connection: sa.Connection, instant: datetime) -> list[BrokenGlass]:
    """Those that ended, or will end, after an instant, the latest first."""
    table, accounts = tables.broken_glass, tables.accounts
    query = (
        sa.select(table, accounts.c.role, accounts.c.expires, accounts.c.disabled)
        .join(accounts, accounts.c.name == table.c.account)
        .where(accounts.c.expires > instant)
        .order_by(table.c.opened.desc(), table.c.account)
    )
    return [_broken(row) for row in connection.execute(query)]


def _broken(row: sa.Row[Any]) -> BrokenGlass:
    until = row.expires if row.disabled is None else min(row.expires, row.disabled)
    return BrokenGlass(row.account, Role(row.role), row.opened, until, actor_of(row._mapping), row.reason)
