"""Who did what, when and to what: one line per act, only ever added. Not a log of what the machine did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.people import Actor, Door
from storage.database import tables
from storage.database.connection import Engine


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One act. ``number`` grows with every entry; ``subject`` names what was acted on, for example a batch's id."""

    number: int
    at: datetime
    actor: Actor
    act: str
    subject: str
    detail: str


class Journal:
    """The journal of one database. There is no way to change or remove an entry; the database refuses it too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, at: datetime, actor: Actor, act: str, subject: str, detail: str = "") -> None:
        """Add one entry. Raises DatabaseUnavailable."""
        with self._engine.writing() as connection:
            insert_entry(connection, at, actor, act, subject=subject, detail=detail)

    def entries(self, limit: int = 100, subject: str | None = None) -> list[JournalEntry]:
        """The latest entries, latest first, at most ``limit``. Raises DatabaseUnavailable."""
        query = sa.select(tables.journal).order_by(tables.journal.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(tables.journal.c.subject == subject)
        with self._engine.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]


def insert_entry(
    connection: sa.Connection, at: datetime, actor: Actor, act: str, *, subject: str, detail: str
) -> None:
    """Add one entry, as a part of a transaction."""
    row = {
        "at": at,
        "actor": actor.name,
        "door": actor.door.value,
        "on_behalf_of": actor.on_behalf_of,
        "act": act,
        "subject": subject,
        "detail": detail,
    }
    connection.execute(sa.insert(tables.journal).values(row))


def _entry(row: sa.Row[Any]) -> JournalEntry:
    actor = Actor(row.actor, Door(row.door), row.on_behalf_of)
    return JournalEntry(row.id, row.at, actor, row.act, row.subject, row.detail)
