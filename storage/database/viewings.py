"""Who looked at which footage: entries that are only ever added, each chained to the one before it.

Not here: the seals that vouch for the chain from outside the database (``storage.viewing_record``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.people import Actor, Door
from domain.timeline import Interval
from domain.viewings import BEFORE_THE_FIRST, DONE, Deed, Entry, Kept, Seal, Viewing, digest_of
from storage.database import tables
from storage.database.connection import Engine

_CHAIN_LOCK = 0x4B415643  # an arbitrary number of ours for pg_advisory_xact_lock
_PAGE = 1000
_CHAIN = frozenset({"number", "previous", "digest", "signature"})
_FIELDS = tuple(column.name for column in tables.viewings.columns if column.name not in _CHAIN)
_LATER = frozenset({"permit"})
"""Fields that entries did not have at first: where they are empty the digest is the one that it was without them."""

_LONGEST_TEXT = 600

# Read as they lie in the row: a value that somebody has spoilt must be told, not be refused by a type.
_RAW = [
    sa.type_coerce(column, sa.BigInteger).label(column.name) if isinstance(column.type, tables.Instant) else column
    for column in tables.viewings.columns
]


class Viewings:
    """The viewings of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, viewing: Viewing, sign: Callable[[bytes], str]) -> Seal:
        """Add one entry at the end of the chain, whoever else writes: its seal. ``sign`` signs its digest."""
        fields = _fields(viewing)
        told = _told(fields)
        with self._engine.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
            table = tables.viewings
            newest = sa.select(table.c.number, table.c.digest).order_by(table.c.number.desc()).limit(1)
            last = connection.execute(newest).first()
            number, previous = (1, BEFORE_THE_FIRST) if last is None else (last.number + 1, last.digest)
            digest = digest_of(number, told, previous)
            row = {**fields, "number": number, "previous": previous, "digest": digest}
            row["signature"] = sign(digest.encode())
            connection.execute(sa.insert(table).values({**row, **_instants(viewing)}))
        return Seal(number, digest)

    def head(self) -> Seal | None:
        """The seal of the last entry; None where there is none yet."""
        table = tables.viewings
        newest = sa.select(table.c.number, table.c.digest).order_by(table.c.number.desc()).limit(1)
        with self._engine.reading() as connection:
            last = connection.execute(newest).first()
        return None if last is None else Seal(last.number, last.digest)

    def entries(self) -> Iterator[Entry]:
        """Every entry by its number, as it lies there now, whatever was done to it."""
        query = sa.select(*_RAW).order_by(tables.viewings.c.number)
        with self._engine.reading() as connection:
            for row in connection.execution_options(yield_per=_PAGE).execute(query):
                yield _entry(row)

    def latest(
        self, limit: int, batches: frozenset[str] | None = None, without: frozenset[str] = frozenset()
    ) -> list[Kept]:
        """The latest entries, latest first, at most ``limit``; only of ``batches``, if given, not of ``without``."""
        query = sa.select(tables.viewings).order_by(tables.viewings.c.number.desc()).limit(limit)
        if batches is not None:
            query = query.where(tables.viewings.c.batch.in_(sorted(batches)))
        if without:
            query = query.where(tables.viewings.c.batch.not_in(sorted(without)))
        with self._engine.reading() as connection:
            return [_kept(row) for row in connection.execute(query)]

    def done_with(self, deed: Deed, permits: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Who did that with which of these permits, id and actor, as entries say. Whether they hold is not asked."""
        table = tables.viewings
        query = sa.select(table.c.permit, table.c.actor).where(
            table.c.permit.in_(sorted(set(permits))), table.c.deed == deed.value, table.c.outcome == DONE
        )
        with self._engine.reading() as connection:
            return frozenset((row.permit, row.actor) for row in connection.execute(query))

    def has_since(self, actor: str, since: datetime) -> bool:
        """Whether there is an entry of an actor from an instant on."""
        table = tables.viewings
        query = sa.select(table.c.number).where(table.c.actor == actor, table.c.at >= since).limit(1)
        with self._engine.reading() as connection:
            return connection.execute(query).first() is not None


def _fields(viewing: Viewing) -> dict[str, Any]:
    """The plain values that the row will hold and the digest covers."""
    actor = viewing.actor
    text = {
        "actor": actor.name,
        "door": actor.door.value,
        "role": viewing.role,
        "deed": viewing.deed.value,
        "outcome": viewing.outcome,
        "camera": viewing.camera,
        "batch": viewing.batch,
        "key": viewing.key,
        "source": viewing.source,
        "session": viewing.session,
        "purpose": viewing.purpose,
        "permit": viewing.permit,
    }
    # What is refused may be any text: PostgreSQL has no place for NUL, and nobody may fill the disk with one request.
    kept = {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST_TEXT] for name, value in text.items()}
    instants = {name: None if at is None else tables.microseconds(at) for name, at in _instants(viewing).items()}
    return {**kept, **instants}


def _told(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that the digest covers."""
    return {name: value for name, value in fields.items() if value != "" or name not in _LATER}


def _instants(viewing: Viewing) -> dict[str, datetime | None]:
    span = viewing.span
    begins, ends = (None, None) if span is None else (span.start, span.end)
    return {"at": viewing.at, "begins": begins, "ends": ends}


def _entry(row: sa.Row[Any]) -> Entry:
    values = row._mapping
    number = row.number if isinstance(row.number, int) else 0  # SQLite takes any value; the first number is 1
    fields = _told({name: values[name] for name in _FIELDS})
    return Entry(number, fields, row.previous, row.digest, row.signature)


def _kept(row: sa.Row[Any]) -> Kept:
    span = None if row.begins is None or row.ends is None else Interval(row.begins, row.ends)
    viewing = Viewing(
        at=row.at,
        actor=Actor(row.actor, Door(row.door)),
        role=row.role,
        deed=Deed(row.deed),
        outcome=row.outcome,
        camera=row.camera,
        batch=row.batch,
        span=span,
        key=row.key,
        source=row.source,
        session=row.session,
        purpose=row.purpose,
        permit=row.permit,
    )
    return Kept(row.number, viewing, row.digest)
