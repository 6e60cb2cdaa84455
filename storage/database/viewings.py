"""Who looked at which footage. Not here: how the entries are chained and signed (``storage.database.chained``)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.chain import Record
from domain.people import Actor, Door
from domain.timeline import Interval
from domain.viewings import DONE, SHOWN, Deed, Kept, Viewing
from storage.database import tables
from storage.database.chained import ChainedRows, plain
from storage.database.seeking import EVERYTHING, Sought, narrowed

_LONGEST_TEXT = 600


class Viewings(ChainedRows):
    """The viewings of one database. All methods raise DatabaseUnavailable when it does not answer."""

    name = Record.VIEWINGS
    table = tables.viewings
    later = frozenset({"permit"})

    def add(self, viewing: Viewing) -> None:
        """Write one viewing down, durably. Raises KeyMissing, SealRefused: then nothing may be shown."""
        self._add(_fields(viewing))

    def latest(
        self,
        limit: int,
        batches: frozenset[str] | None = None,
        without: frozenset[str] = frozenset(),
        sought: Sought = EVERYTHING,
    ) -> list[Kept]:
        """The latest entries, latest first, at most ``limit``; only of ``batches``, if given, not of ``without``."""
        query = sa.select(tables.viewings).order_by(tables.viewings.c.number.desc()).limit(limit)
        if batches is not None:
            query = query.where(tables.viewings.c.batch.in_(sorted(batches)))
        query = narrowed(query, tables.viewings, sought)
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

    def shown_live(self, actor: str, session: str, camera: str, at: datetime) -> bool:
        """Whether a session was being shown a camera live at an instant: more often begun by then than left."""
        table = tables.viewings
        query = sa.select(table.c.deed, sa.func.count()).where(
            *(table.c.actor == actor, table.c.session == session, table.c.camera == camera),
            *(table.c.at <= at, table.c.outcome == SHOWN, table.c.deed.in_([Deed.LIVE.value, Deed.LEAVE.value])),
        )
        with self._engine.reading() as connection:
            counted = {row[0]: row[1] for row in connection.execute(query.group_by(table.c.deed))}
        return bool(counted.get(Deed.LIVE.value, 0) > counted.get(Deed.LEAVE.value, 0))

    def has_since(self, actor: str, since: datetime) -> bool:
        """Whether there is an entry of an actor from an instant on."""
        table = tables.viewings
        query = sa.select(table.c.number).where(table.c.actor == actor, table.c.at >= since).limit(1)
        with self._engine.reading() as connection:
            return connection.execute(query).first() is not None


def _fields(viewing: Viewing) -> dict[str, Any]:
    """The plain values that the row will hold and the digest covers."""
    actor, span = viewing.actor, viewing.span
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
    # What is refused may be any text, and nobody may fill the disk with one request.
    return {
        **{name: plain(value)[:_LONGEST_TEXT] for name, value in text.items()},
        "at": tables.microseconds(viewing.at),
        "begins": None if span is None else tables.microseconds(span.start),
        "ends": None if span is None else tables.microseconds(span.end),
    }


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
