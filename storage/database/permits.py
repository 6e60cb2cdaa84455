"""Permits to watch footage outside a scope, and what was decided on them: rows that are only ever added.

Not here: who may decide (``dashboard.access.permits``), and how a permit stands (``domain.permits``).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from domain.people import Role
from domain.permits import Decided, Decision, Permit
from domain.timeline import Interval
from storage.database import tables
from storage.database.connection import Engine
from storage.errors import AlreadyDecided, UnknownPermit


class Permits:
    """The permits of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, permit: Permit) -> None:
        """Write down what was asked for. Raises UnknownRow where there is no such account, RowRefused."""
        row = {
            "id": permit.id,
            "account": permit.account,
            "role": permit.role.value,
            "batch": permit.batch,
            "camera": permit.camera,
            "begins": permit.span.start,
            "ends": permit.span.end,
            "purpose": permit.purpose,
            "asked": permit.asked,
            "wanted_until": permit.wanted_until,
        }
        with self._engine.writing() as connection:
            connection.execute(sa.insert(tables.permits).values(row))

    def decide(self, permit_id: str, decision: Decision) -> Permit:
        """Add a decision, whoever else decides: the permit with it. Raises UnknownPermit, AlreadyDecided."""
        table = tables.permits
        query = sa.select(table).where(table.c.id == permit_id)
        with self._engine.writing() as connection:
            # SQLite lets one write at a time anyway, and has no word for locking a row.
            found = _permits(connection, query.with_for_update())
            if not found:
                raise UnknownPermit(f"there is no permit {permit_id}")
            if not found[0].takes(decision.what):
                before = found[0].decisions[-1].what if found[0].decisions else "not decided"
                raise AlreadyDecided(f"permit {permit_id} was {before} before")
            row = _row(decision) | {"permit": permit_id, "number": len(found[0].decisions) + 1}
            connection.execute(sa.insert(tables.permit_decisions).values(row))
            return _permits(connection, query)[0]

    def find(self, permit_id: str) -> Permit | None:
        """The permit of that id with all that was decided on it; any text may be asked for."""
        if "\0" in permit_id:  # PostgreSQL has no place for it, not in a question either
            return None
        table = tables.permits
        with self._engine.reading() as connection:
            found = _permits(connection, sa.select(table).where(table.c.id == permit_id))
        return found[0] if found else None

    def of_batch(self, batch: str) -> list[Permit]:
        """Everything that was ever asked for of a batch, latest first."""
        table = tables.permits
        query = sa.select(table).where(table.c.batch == batch).order_by(table.c.asked.desc(), table.c.id)
        with self._engine.reading() as connection:
            return _permits(connection, query)

    def latest(self, limit: int, account: str | None = None) -> list[Permit]:
        """What was asked for last, latest first, at most ``limit``; by an account, if one is named."""
        table = tables.permits
        query = sa.select(table).order_by(table.c.asked.desc(), table.c.id).limit(limit)
        if account is not None:
            query = query.where(table.c.account == account)
        with self._engine.reading() as connection:
            return _permits(connection, query)


def _permits(connection: sa.Connection, query: sa.Select[Any]) -> list[Permit]:
    rows = connection.execute(query).all()
    table, decided = tables.permit_decisions, defaultdict(list)
    of_these = sa.select(table).where(table.c.permit.in_([row.id for row in rows])).order_by(table.c.number)
    for row in connection.execute(of_these) if rows else ():
        decided[row.permit].append(_decision(row))
    return [_permit(row, tuple(decided[row.id])) for row in rows]


def _permit(row: sa.Row[Any], decisions: tuple[Decision, ...]) -> Permit:
    return Permit(
        id=row.id,
        account=row.account,
        role=Role(row.role),
        batch=row.batch,
        camera=row.camera,
        span=Interval(row.begins, row.ends),
        purpose=row.purpose,
        asked=row.asked,
        wanted_until=row.wanted_until,
        decisions=decisions,
    )


def _row(decision: Decision) -> dict[str, Any]:
    return {
        "what": decision.what.value,
        "at": decision.at,
        "account": decision.account,
        "role": decision.role.value,
        "reason": decision.reason,
        "until": decision.until,
    }


def _decision(row: sa.Row[Any]) -> Decision:
    return Decision(Decided(row.what), row.at, row.account, Role(row.role), row.reason, row.until)
