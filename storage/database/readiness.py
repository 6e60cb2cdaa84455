"""What happens before a sitting: trials that were ordered, what people confirmed, and signed go/no-go records.

Rows are only ever added; the database refuses anything else. A signed record and the entry of the journal that holds
its digest are one transaction: none is there without the other. Not here: what is checked (``records.readiness``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.chain import canonical, digest_of
from domain.people import Actor
from domain.readiness import Confirmation, Item, Signed, Trial
from domain.timeline import Interval
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.connection import Engine
from storage.database.journal import Journal

SIGNS = "check_sitting"
"""The act in the journal. Its detail begins with the digest of what was signed."""


class Readinesses:
    """The checks of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    # Trials

    def order_trial(
        self, batch: str, sitting: int, interval: Interval, *, site_sha256: str, actor: Actor, at: datetime
    ) -> Trial:
        """Have the cameras of a sitting be recorded in that span. Raises KeyMissing: then nothing was written."""
        row = {
            "batch": batch,
            "sitting": sitting,
            "site_sha256": site_sha256,
            "begins": interval.start,
            "ends": interval.end,
            "at": at,
            **actor_row(actor),
        }
        number = tables.trials.c.number
        with self._engine.writing() as connection:
            given = connection.execute(sa.insert(tables.trials).values(row).returning(number)).scalar_one()
            told = f"trial {given}, {interval.seconds:.0f} s"
            seal = self._journal.insert(
                connection, at, actor, "try_sitting", subject=f"{batch}/{sitting}", detail=told
            )
        self._journal.seal(seal)
        return Trial(int(given), batch, sitting, site_sha256, interval, at, actor)

    def last_trial(self, batch: str, sitting: int) -> Trial | None:
        """The trial of a sitting that was ordered last."""
        table = tables.trials
        query = sa.select(table).where(table.c.batch == batch, table.c.sitting == sitting)
        with self._engine.reading() as connection:
            row = connection.execute(query.order_by(table.c.number.desc()).limit(1)).first()
        return None if row is None else _trial(row)

    def trials_after(self, instant: datetime) -> list[Trial]:
        """Trials that end after an instant, in the order in which they were ordered."""
        table = tables.trials
        query = sa.select(table).where(table.c.ends > instant).order_by(table.c.number)
        with self._engine.reading() as connection:
            return [_trial(row) for row in connection.execute(query)]

    # Confirmations

    def confirm(self, confirmation: Confirmation) -> None:
        """Write what somebody confirmed in a room, or takes back. Raises KeyMissing: then nothing was written."""
        row = {
            "batch": confirmation.batch,
            "sitting": confirmation.sitting,
            "room": confirmation.room,
            "item": confirmation.item.value,
            "stands": confirmation.stands,
            "at": confirmation.at,
            **actor_row(confirmation.actor),
        }
        told = f"{confirmation.item.value} {'confirmed' if confirmation.stands else 'taken back'}"
        with self._engine.writing() as connection:
            connection.execute(sa.insert(tables.confirmations).values(row))
            seal = self._journal.insert(
                connection,
                confirmation.at,
                confirmation.actor,
                "confirm_sitting",
                subject=f"{confirmation.batch}/{confirmation.sitting}",
                detail=f"{told}, room {confirmation.room}",
            )
        self._journal.seal(seal)

    def confirmations(self, batch: str, sitting: int) -> dict[tuple[str, Item], Confirmation]:
        """By room and item what was said last; of what nobody said anything there is nothing."""
        table = tables.confirmations
        query = sa.select(table).where(table.c.batch == batch, table.c.sitting == sitting).order_by(table.c.number)
        with self._engine.reading() as connection:
            found = [_confirmation(row) for row in connection.execute(query)]
        return {(each.room, each.item): each for each in found}

    # Signed records

    def sign(self, batch: str, sitting: int, content: Mapping[str, Any], actor: Actor, at: datetime) -> Signed:
        """Keep a record for good, and its digest in the journal, which is chained and signed.

        Raises KeyMissing where nothing is signed here: then nothing was written.
        """
        text = canonical(content)
        digest = hashlib.sha256(text).hexdigest()
        said = f"{digest} code {content['code']}, {'go' if content['go'] else 'no go'}"
        told = f"{said}: {content['reason']}" if content["reason"] else said
        table = tables.readiness
        row = {"batch": batch, "sitting": sitting, "at": at, **actor_row(actor), "digest": digest}
        with self._engine.writing() as connection:
            seal = self._journal.insert(connection, at, actor, SIGNS, subject=f"{batch}/{sitting}", detail=told)
            values = {**row, "content": text.decode(), "journal": seal.number}
            number = connection.execute(sa.insert(table).values(values).returning(table.c.number)).scalar_one()
        self._journal.seal(seal)
        return Signed(int(number), batch, sitting, at, actor, digest, text.decode(), seal.number)

    def signed(self, batch: str, sitting: int) -> list[Signed]:
        """All records of a sitting, in the order in which they were signed."""
        table = tables.readiness
        query = sa.select(table).where(table.c.batch == batch, table.c.sitting == sitting).order_by(table.c.number)
        with self._engine.reading() as connection:
            return [_signed(row) for row in connection.execute(query)]

    def last_signed(self, batch: str, sitting: int, until: datetime | None = None) -> Signed | None:
        """The record signed last, before or at an instant where one is given."""
        found = [each for each in self.signed(batch, sitting) if until is None or each.at <= until]
        return found[-1] if found else None

    def is_borne_out(self, signed: Signed) -> bool:
        """Whether a record is what was signed, by the journal.

        1. Its digest is that of its content.
        2. The entry of the journal that it names is about its sitting, by the same person at the same instant, and
           holds the digest.
        3. The digest of that entry is that of its fields. That it is signed, and none is missing, is for the check
           of the journal as a whole (``storage.audit.checking``).
        """
        entry = self._journal.entry(signed.journal)
        if not signed.intact or entry is None:
            return False
        fields = entry.fields
        told = (fields["act"], fields["subject"], fields["actor"], fields["at"])
        mine = (SIGNS, f"{signed.batch}/{signed.sitting}", signed.actor.name, tables.microseconds(signed.at))
        if told != mine or str(fields["detail"]).split(" ")[0] != signed.digest:
            return False
        return entry.digest == digest_of(self._journal.name.entry_form, entry.number, fields, entry.previous)


def _trial(row: sa.Row[Any]) -> Trial:
    return Trial(
        row.number,
        row.batch,
        row.sitting,
        row.site_sha256,
        Interval(row.begins, row.ends),
        row.at,
        actor_of(row._mapping),
    )


def _confirmation(row: sa.Row[Any]) -> Confirmation:
    return Confirmation(row.batch, row.sitting, row.room, Item(row.item), row.stands, row.at, actor_of(row._mapping))


def _signed(row: sa.Row[Any]) -> Signed:
    return Signed(
        row.number,
        row.batch,
        row.sitting,
        row.at,
        actor_of(row._mapping),
        row.digest,
        row.content,
        row.journal,
    )
