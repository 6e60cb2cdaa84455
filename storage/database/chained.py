"""Tables whose rows are the entries of a record: only ever added, each chained to the one before it and signed.

Not here: what an entry says (``storage.database.viewings``, ``storage.database.journal``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from domain.chain import BEFORE_THE_FIRST, Entry, Record, Seal, digest_of
from storage.audit.notary import Notary
from storage.database import tables
from storage.database.connection import Engine
from storage.errors import KeyMissing

_CHAIN_LOCKS = {Record.VIEWINGS: 0x4B415643, Record.JOURNAL: 0x4B414A4C}
"""Arbitrary numbers of ours for pg_advisory_xact_lock."""

_PAGE = 1000
_CHAIN = frozenset({"number", "previous", "digest", "signature"})


class ChainedRows:
    """The rows of one record. All methods raise DatabaseUnavailable when the database does not answer."""

    name: Record
    table: sa.Table
    later: frozenset[str] = frozenset()
    """Columns that entries did not have at first: where one is empty the digest is as it was without it."""

    def __init__(self, engine: Engine, notary: Notary | None) -> None:
        self._engine = engine
        self._notary = notary

    def head(self) -> Seal | None:
        """The seal of the last entry; None where there is none yet."""
        with self._engine.reading() as connection:
            return self._last(connection)

    def chain(self) -> Iterator[Entry]:
        """Every entry by its number, as it lies there now, whatever was done to it."""
        query = sa.select(*self._raw()).order_by(self.table.c.number)
        with self._engine.reading() as connection:
            for row in connection.execution_options(yield_per=_PAGE).execute(query):
                yield self._entry(row)

    def entry(self, number: int) -> Entry | None:
        """The entry of that number as it lies there now; None where there is none."""
        query = sa.select(*self._raw()).where(self.table.c.number == number)
        with self._engine.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else self._entry(row)

    def _raw(self) -> list[Any]:
        """Columns as they lie in the row: a value that somebody has spoilt must be told, not refused by a type."""
        return [
            sa.type_coerce(each, sa.BigInteger).label(each.name) if isinstance(each.type, tables.Instant) else each
            for each in self.table.columns
        ]

    def _add(self, fields: Mapping[str, Any]) -> None:
        """Add one entry at the end of the chain, in a transaction of its own, and seal it.

        Raises as ``_insert``: then nothing was written. SealRefused: the entry is there and signed, its seal is not.
        """
        with self._engine.writing() as connection:
            seal = self._insert(connection, fields)
        self._keep(seal)

    def _insert(self, connection: sa.Connection, fields: Mapping[str, Any]) -> Seal:
        """Add one entry at the end of the chain, whoever else writes, as a part of a transaction: what is to be kept
        once it is committed. ``fields`` are the plain values of its columns, instants in microseconds.

        Raises KeyMissing, RowRefused.
        """
        if self._notary is None:
            raise KeyMissing(f"this process was given no key to sign with, so it adds nothing to the {self.name}")
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCKS[self.name])))
        last = self._last(connection)
        number, previous = (1, BEFORE_THE_FIRST) if last is None else (last.number + 1, last.digest)
        digest = digest_of(self.name.entry_form, number, self._told(fields), previous)
        signature = self._notary.signer.sign(digest.encode())
        chain = {"number": number, "previous": previous, "digest": digest, "signature": signature}
        connection.execute(sa.insert(self.table).values({**self._row(fields), **chain}))
        return Seal(number, digest)

    def _entry(self, row: sa.Row[Any]) -> Entry:
        number = row.number if isinstance(row.number, int) else 0  # SQLite takes any value; the first number is 1
        fields = {name: value for name, value in row._mapping.items() if name not in _CHAIN}
        return Entry(number, self._told(fields), row.previous, row.digest, row.signature)

    def _told(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that the digest covers."""
        return {name: value for name, value in fields.items() if value != "" or name not in self.later}

    def _keep(self, seal: Seal) -> None:
        """Raises SealRefused."""
        if self._notary is not None:
            self._notary.keep(self.name, seal)

    def _last(self, connection: sa.Connection) -> Seal | None:
        columns = self.table.c
        newest = sa.select(columns.number, columns.digest).order_by(columns.number.desc()).limit(1)
        row = connection.execute(newest).first()
        return None if row is None else Seal(row.number, row.digest)

    def _row(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the columns' types take them."""
        instants = {each.name for each in self.table.columns if isinstance(each.type, tables.Instant)}
        return {
            name: tables.instant(value) if name in instants and value is not None else value
            for name, value in fields.items()
        }


def plain(text: str) -> str:
    """Text that every database takes: PostgreSQL has no place for NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
