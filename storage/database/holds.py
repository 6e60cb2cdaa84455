"""Holds of batches and what lifted them; only ever added to. Not here: the object store (``records.holding``)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.holds import Hold, Order
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.connection import Engine, insert_once
from storage.errors import UnknownHold

_LIFTED = "lifted_"
_LIFTING = [column.label(_LIFTED + column.name) for column in tables.hold_liftings.columns]


class Holds:
    """The holds of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, batch: str, order: Order) -> Hold:
        """Hold a batch from that instant on."""
        row, number = {"batch": batch, **_row(order)}, tables.holds.c.number
        with self._engine.writing() as connection:
            given = connection.execute(sa.insert(tables.holds).values(row).returning(number)).scalar_one()
        return Hold(int(given), batch, order)

    def lift(self, number: int, order: Order) -> Hold:
        """End one hold. Raises UnknownHold, also where it was lifted before."""
        row = {"hold": number, **_row(order)}
        with self._engine.writing() as connection:
            if _holds(connection, tables.holds.c.number == number):
                first = insert_once(connection, tables.hold_liftings, row)
                (hold,) = _holds(connection, tables.holds.c.number == number)
                if first:
                    return hold
        raise UnknownHold(f"there is no hold {number} that stands; `kaojian hold list` shows all")

    def all(self, batch: str | None = None) -> list[Hold]:
        """Every hold, of one batch if it is named, the latest first; the lifted ones too."""
        with self._engine.reading() as connection:
            return _holds(connection, sa.true() if batch is None else tables.holds.c.batch == batch)

    def standing(self, batch: str) -> bool | None:
        """True while a hold of the batch stands, False once all were lifted, None where nobody ever held it."""
        found = self.all(batch)
        return any(each.stands for each in found) if found else None


def _holds(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Hold]:
    held, lifted = tables.holds, tables.hold_liftings
    query = sa.select(held, *_LIFTING).join_from(held, lifted, lifted.c.hold == held.c.number, isouter=True)
    return [_hold(row) for row in connection.execute(query.where(which).order_by(held.c.number.desc()))]


def _hold(row: sa.Row[Any]) -> Hold:
    values = row._mapping
    lifted = None if values[f"{_LIFTED}hold"] is None else _order(values, _LIFTED)
    return Hold(row.number, row.batch, _order(values, ""), lifted)


def _order(values: Any, prefix: str) -> Order:
    return Order(values[f"{prefix}at"], actor_of(values, prefix), values[f"{prefix}reason"])


def _row(order: Order) -> dict[str, Any]:
    return {"at": order.at, **actor_row(order.actor), "reason": order.reason}
