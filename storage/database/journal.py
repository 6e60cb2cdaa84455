"""Who did what, when and to what: one entry per act. Not a log of what the machine did, and not here: how the entries
are chained and signed (``storage.database.chained``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from domain.chain import Record, Seal
from domain.people import Actor
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.chained import ChainedRows, plain
from storage.database.seeking import EVERYTHING, Sought, narrowed
from storage.errors import SealRefused, StorageError

_ON_BATCHES = ("_batch", "_sitting")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One act. ``number`` grows with every entry; ``subject`` names what was acted on, for example a batch's id."""

    number: int
    at: datetime
    actor: Actor
    act: str
    subject: str
    detail: str
    digest: str


class Journal(ChainedRows):
    """The journal of one database. There is no way to change or remove an entry; the database refuses it too."""

    name = Record.JOURNAL
    table = tables.journal

    def record(self, at: datetime, actor: Actor, act: str, subject: str, detail: str = "") -> None:
        """Add one entry for what was done. An act on a batch ends in ``_batch`` and has its id as subject, one on a
        sitting ends in ``_sitting`` and has ``batch/number``: by these, auditors find what concerns their batches.

        Raises KeyMissing, RowRefused, DatabaseUnavailable, and logs who did what.
        """
        try:
            with self._engine.writing() as connection:
                seal = self.insert(connection, at, actor, act, subject=subject, detail=detail)
        except StorageError:
            _log.error("act_not_written", act=act, subject=subject, actor=actor.name)
            raise
        self.seal(seal)

    def insert(
        self, connection: sa.Connection, at: datetime, actor: Actor, act: str, *, subject: str, detail: str
    ) -> Seal:
        """As ``record``, as a part of the transaction in which it is done; once that is committed, ``seal`` it.

        Raises KeyMissing, RowRefused.
        """
        told = {**actor_row(actor), "act": act, "subject": subject, "detail": detail}
        kept = {name: None if value is None else plain(value) for name, value in told.items()}
        return self._insert(connection, {"at": tables.microseconds(at), **kept})

    def seal(self, seal: Seal) -> None:
        """Keep the seal of an entry. Where that cannot be done it is logged: the act is done and its entry signed, so
        it is not told as one that failed.
        """
        try:
            self._keep(seal)
        except SealRefused as error:
            _log.warning("act_not_sealed", number=seal.number, error=str(error))

    def entries(
        self,
        limit: int = 100,
        subject: str | None = None,
        batches: frozenset[str] | None = None,
        without: frozenset[str] = frozenset(),
        sought: Sought = EVERYTHING,
    ) -> list[JournalEntry]:
        """The latest entries, latest first, at most ``limit``. Raises DatabaseUnavailable.

        Where ``batches`` are given, only acts on these and on their sittings; none that so much as mentions a batch
        of ``without``, or another whose id begins alike.
        """
        columns = tables.journal.c
        query = sa.select(tables.journal).order_by(columns.number.desc()).limit(limit)
        query = narrowed(query, tables.journal, sought)
        if subject is not None:
            query = query.where(columns.subject == subject)
        if batches is not None:
            query = query.where(_on_one_of(batches))
        for batch in sorted(without):
            told = (text.contains(batch, autoescape=True) for text in (columns.subject, columns.detail))
            query = query.where(sa.not_(sa.or_(*told)))
        with self._engine.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def after(self, number: int, limit: int) -> list[JournalEntry]:
        """The entries behind that number, the first one first, at most ``limit``. Raises DatabaseUnavailable.

        Whoever goes on from the last one misses none: an entry can be read only after all of lower numbers.
        """
        columns = tables.journal.c
        query = sa.select(tables.journal).where(columns.number > number).order_by(columns.number).limit(limit)
        with self._engine.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]


def _on_one_of(batches: frozenset[str]) -> sa.ColumnElement[bool]:
    """Whether an act is on one of these batches; accounts and sites may go by the same names."""
    subject, act = tables.journal.c.subject, tables.journal.c.act
    of_sitting = (sa.func.substr(subject, 1, len(batch) + 1) == f"{batch}/" for batch in sorted(batches))
    kinds = (act.endswith(end, autoescape=True) for end in _ON_BATCHES)
    return sa.and_(sa.or_(subject.in_(sorted(batches)), *of_sitting), sa.or_(*kinds))


def _entry(row: sa.Row[Any]) -> JournalEntry:
    return JournalEntry(row.number, row.at, actor_of(row._mapping), row.act, row.subject, row.detail, row.digest)
