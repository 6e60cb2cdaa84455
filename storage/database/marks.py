"""Marks 时间标记 of sittings: entries that are only ever added, a later one of the same mark in place of an earlier.

Not here: what a mark means for a sitting's phases (``domain.phases``), and who may make one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.phases import Mark, Marked, corrects
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.chained import plain
from storage.database.connection import Engine
from storage.errors import MarkStands, UnknownRow


class Marks:
    """The marks of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, batch: str, number: int, marked: Marked) -> None:
        """Write an entry. Raises MarkStands for a second one of the same mark that says not why."""
        with self._engine.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE sitting_marks IN SHARE ROW EXCLUSIVE MODE"))
            before = _entries(connection, batch, number)
            if corrects(before, marked.mark) and not marked.reason.strip():
                raise MarkStands(
                    f"{marked.mark.zh} {marked.mark.value} of sitting {number} of batch {batch} is marked already; "
                    "say why it is to be corrected"
                )
            if marked.at is None and not corrects(before, marked.mark):
                raise UnknownRow(f"{marked.mark.zh} {marked.mark.value} of sitting {number} was never marked")
            row = {
                "batch": batch,
                "sitting": number,
                "mark": marked.mark.value,
                "at": marked.at,
                "written": marked.written,
                **actor_row(marked.actor),
                "reason": plain(marked.reason),
            }
            connection.execute(sa.insert(tables.sitting_marks).values(row))

    def of(self, batch: str, number: int) -> list[Marked]:
        """All entries of a sitting, in the order in which they were written."""
        with self._engine.reading() as connection:
            return _entries(connection, batch, number)


def _entries(connection: sa.Connection, batch: str, number: int) -> list[Marked]:
    table = tables.sitting_marks
    query = sa.select(table).where(table.c.batch == batch, table.c.sitting == number).order_by(table.c.id)
    return [_marked(row) for row in connection.execute(query)]


def _marked(row: sa.Row[Any]) -> Marked:
    return Marked(Mark(row.mark), row.at, row.written, actor_of(row._mapping), row.reason)
