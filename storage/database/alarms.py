"""Alarms in the order in which they are sent, what the rules behind them know, and how far receivers are served.

Alarms are written together with what the rule has read by then, so that a kill in between neither loses nor repeats
one; a receiver's position moves once it has taken an alarm, so that one may come twice but none is skipped.
Not here: the rules (``records.losses``, ``records.following``) and sending (``records.webhooks``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.alarms import Alarm, Kind, Receiver, Step
from storage.database import tables
from storage.database.connection import Engine, insert_once

COUNT_UP_TO = 1000
_PAGE = 200
HOLDS = timedelta(seconds=30)
"""A holder of the rule that was not heard of for this long is followed by another."""

LOSSES = "losses"
FOLLOWING = "following"
"""The rules: what was lost, and what was put on record."""


@dataclass(frozen=True, slots=True)
class RuleState:
    """What a rule has come to, as ``known``, in words of its own; ``holder`` wrote it at ``looked``.

    ``version`` is that of the row it was read from, 0 where there was none.
    """

    holder: str
    looked: datetime
    known: str
    version: int = 0
    rule: str = LOSSES


class Alarms:
    """The alarms of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # What makes them

    def state(self, rule: str = LOSSES) -> RuleState | None:
        """What a rule has come to; None before its first word."""
        table = tables.alarm_rules
        with self._engine.reading() as connection:
            row = connection.execute(sa.select(table).where(table.c.name == rule)).first()
        return RuleState(row.holder, row.looked, row.known, row.version, rule) if row is not None else None

    def go_on(self, state: RuleState, alarms: Iterable[Alarm]) -> bool:
        """Write what a rule has come to, and the alarms it found on the way, in one transaction.

        False, and nothing is written, where somebody else went on from ``state.version`` before.
        """
        with self._engine.writing() as connection:
            if not _moved(connection, state):
                return False
            insert_alarms(connection, alarms)
        return True

    def begun(self, since: datetime) -> Iterator[Alarm]:
        """What was told to have begun, written at ``since`` or later, the newest first; read page by page."""
        table, before = tables.alarms, None
        told = sa.select(table).where(table.c.step == Step.BEGAN.value, table.c.at >= since)
        query = told.order_by(table.c.number.desc()).limit(_PAGE)
        while True:
            with self._engine.reading() as connection:
                later = query if before is None else query.where(table.c.number < before)
                rows = connection.execute(later).all()
            yield from map(_alarm, rows)
            if len(rows) < _PAGE:
                return
            before = rows[-1].number

    # Who is told

    def begin(self, receiver: str) -> None:
        """A receiver that is new begins with the alarms to come; one that is known goes on."""
        with self._engine.writing() as connection:
            last = connection.scalar(sa.select(sa.func.max(tables.alarms.c.number))) or 0
            row = {"name": receiver, "position": last, "parked": 0, "parked_last": "", "reason": ""}
            insert_once(connection, tables.alarm_receivers, row | {"failing_since": None})

    def receivers(self, names: Iterable[str]) -> list[Receiver]:
        """These receivers, those aside that have not begun; waiting is counted up to COUNT_UP_TO."""
        table = tables.alarm_receivers
        query = sa.select(table).where(table.c.name.in_(sorted(names))).order_by(table.c.name)
        with self._engine.reading() as connection:
            return [_receiver(connection, row) for row in connection.execute(query).all()]

    def next_alarm(self, receiver: str) -> Alarm | None:
        """The first alarm that a receiver was not served with yet."""
        table, served = tables.alarms, tables.alarm_receivers
        position = sa.select(served.c.position).where(served.c.name == receiver).scalar_subquery()
        query = sa.select(table).where(table.c.number > position).order_by(table.c.number).limit(1)
        with self._engine.reading() as connection:
            row = connection.execute(query).first()
        return _alarm(row) if row is not None else None

    def skip(self, receiver: str, number: int) -> None:
        """The alarm of that number is none of the receiver's."""
        self._pass(receiver, number)

    def taken(self, receiver: str, number: int) -> None:
        """The receiver has taken the alarm of that number, so all is well with it. It never goes back."""
        self._pass(receiver, number, failing_since=None, reason="")

    def park(self, receiver: str, alarm: Alarm) -> None:
        """The receiver did not take that alarm for so long that it is not tried any more."""
        count = tables.alarm_receivers.c.parked + 1
        self._pass(receiver, alarm.number, parked=count, parked_last=alarm.id)

    def refused(self, receiver: str, at: datetime, reason: str) -> None:
        """The receiver did not take an alarm. Since when stays what it was while it goes on failing."""
        table = tables.alarm_receivers
        since = sa.func.coalesce(table.c.failing_since, sa.literal(at, tables.Instant))
        changed = sa.update(table).where(table.c.name == receiver).values(failing_since=since, reason=reason)
        with self._engine.writing() as connection:
            connection.execute(changed)

    def _pass(self, receiver: str, number: int, **values: Any) -> None:
        table = tables.alarm_receivers
        behind = sa.and_(table.c.name == receiver, table.c.position < number)
        with self._engine.writing() as connection:
            connection.execute(sa.update(table).where(behind).values(position=number, **values))


def insert_alarms(connection: sa.Connection, alarms: Iterable[Alarm]) -> None:
    """Add alarms, numbered in the order in which they can be read: a receiver never goes back for a lower number."""
    for number, alarm in enumerate(alarms):
        if number == 0 and connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE alarms IN SHARE ROW EXCLUSIVE MODE"))
        connection.execute(sa.insert(tables.alarms).values(_row(alarm)))


def _moved(connection: sa.Connection, state: RuleState) -> bool:
    table = tables.alarm_rules
    values = {"version": state.version + 1, "holder": state.holder, "looked": state.looked, "known": state.known}
    if state.version == 0:
        return insert_once(connection, table, {"name": state.rule, **values})
    same = sa.and_(table.c.name == state.rule, table.c.version == state.version)
    return connection.execute(sa.update(table).where(same).values(values).returning(table.c.name)).first() is not None


def _receiver(connection: sa.Connection, row: sa.Row[Any]) -> Receiver:
    behind = sa.select(tables.alarms.c.number).where(tables.alarms.c.number > row.position).limit(COUNT_UP_TO)
    waiting = connection.scalar(sa.select(sa.func.count()).select_from(behind.subquery())) or 0
    return Receiver(row.name, row.position, row.parked, row.parked_last, row.failing_since, row.reason, waiting)


def _row(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "kind": alarm.kind.value,
        "step": alarm.step.value,
        "site": alarm.site,
        "at": alarm.at,
        "body": alarm.body,
    }


def _alarm(row: sa.Row[Any]) -> Alarm:
    return Alarm(row.id, Kind(row.kind), Step(row.step), row.site, row.at, row.body, row.number)
