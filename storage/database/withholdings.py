"""Withholdings 误摄扣留 of footage of a 禁摄区, what was decided on them, and papers of what was destroyed.

Rows are only added, each in one transaction with its entry in the journal.

Whether a segment is withheld is no mark on its row: it follows from the withholdings that stand (``is_withheld``),
so that each is in force for every reader from the instant on at which it was written, also of what is recorded
later. Not here: who may (``domain.withholding``), and the files (``storage.archive``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.disposal import Decision, Settled
from domain.holds import Order
from domain.people import Actor, Role
from domain.timeline import rfc3339
from domain.withholding import Withholding
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.connection import Engine, count_from
from storage.database.journal import Journal
from storage.errors import ConflictingRow, UnknownWithholding

CONFIRMED = "confirm_withholding"
"""The act by which the journal knows a confirmation."""

_ACTS = {Settled.APPROVED: CONFIRMED, Settled.DECLINED: "decline_withholding"}
_LOCK = 0x4B415748  # an arbitrary number of ours for pg_advisory_xact_lock
_ENDED = "ended_"
_ENDING = [column.label(_ENDED + column.name) for column in tables.withholding_ends.columns]


@dataclass(frozen=True, slots=True)
class KeptDestruction:
    """A paper of what was destroyed by a withholding: its signed bytes, and the SHA-256 of them."""

    withholding: int
    number: int
    signed_at: datetime
    digest: str
    data: bytes


class Withholdings:
    """The withholdings of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def add(self, camera: str, start: datetime, until: datetime | None, order: Order) -> Withholding:
        """Withhold what a camera films in a span, from now on. Raises KeyMissing."""
        table = tables.withholdings
        row = {"camera": camera, "begins": start, "ends": until, **_row(order)}
        with self._engine.writing() as connection:
            number = int(connection.execute(sa.insert(table).values(row).returning(table.c.number)).scalar_one())
            found = Withholding(number, camera, start, until, order)
            detail = f"{camera} {rfc3339(start)} {'' if until is None else rfc3339(until)}: {order.reason}"
            seal = self._journal.insert(
                connection, order.at, order.actor, "withhold_footage", subject=str(number), detail=detail
            )
        self._journal.seal(seal)
        return found

    def end(self, number: int, until: datetime, order: Order, check: Callable[[Withholding], None]) -> Withholding:
        """Say when one that was until further notice ends. ``check`` is given it as it stands; what it raises
        undoes everything. Raises UnknownWithholding, RowRefused where it was ended meanwhile, KeyMissing.
        """
        with self._engine.writing() as connection:
            _alone(connection)
            check(_found(connection, number))
            row = {"withholding": number, "ends": until, **_row(order)}
            connection.execute(sa.insert(tables.withholding_ends).values(row))
            detail = f"{rfc3339(until)}: {order.reason}"
            seal = self._journal.insert(
                connection, order.at, order.actor, "end_withholding", subject=str(number), detail=detail
            )
            ended = _found(connection, number)
        self._journal.seal(seal)
        return ended

    def decide(self, number: int, decision: Decision, check: Callable[[Withholding], None]) -> Withholding:
        """Add a decision, whoever else decides: the withholding with it. ``check`` as for ``end``.

        Raises UnknownWithholding, KeyMissing.
        """
        with self._engine.writing() as connection:
            _alone(connection)
            found = _found(connection, number)
            check(found)
            row = _decision_row(number, len(found.decisions) + 1, decision)
            connection.execute(sa.insert(tables.withholding_decisions).values(row))
            act = _ACTS[decision.what]
            seal = self._journal.insert(
                connection, decision.at, decision.actor, act, subject=str(number), detail=decision.reason
            )
            settled = _found(connection, number)
        self._journal.seal(seal)
        return settled

    def add_paper(
        self, number: int, make: Callable[[KeptDestruction | None], KeptDestruction], actor: Actor
    ) -> KeptDestruction:
        """Add the next paper of a withholding. ``make`` is given the last one; what it raises undoes everything."""
        with self._engine.writing() as connection:
            _alone(connection)
            papers = _papers(connection, number)
            paper = make(papers[-1] if papers else None)
            connection.execute(sa.insert(tables.withholding_papers).values(_paper_row(paper)))
            detail = f"paper {paper.number}:{paper.digest}"
            seal = self._journal.insert(
                connection, paper.signed_at, actor, "destroy_withheld_footage", subject=str(number), detail=detail
            )
        self._journal.seal(seal)
        return paper

    def adopt(self, found: Withholding, papers: Iterable[KeptDestruction] = ()) -> bool:
        """Write down a withholding of a database that was lost, or what is missing here of its end, its decisions and
        its papers; whether anything was missing.

        No entry of the journal comes with it: who brings it back writes that down. Raises ConflictingRow where the
        database has another one of that number.
        """
        with self._engine.writing() as connection:
            _alone(connection)
            known = loaded(connection, tables.withholdings.c.number == found.number)
            if not known:
                _insert(connection, found)
            here = known[0] if known else replace(found, ended=None, decisions=())
            common = min(len(here.decisions), len(found.decisions))
            told = [(each.camera, each.start, each.ordered, each.decisions[:common]) for each in (here, found)]
            if told[0] != told[1]:
                raise ConflictingRow(
                    f"withholding {found.number} in the database is another one than that of the paper"
                )
            missing = _said_since(here, found)
            there = {each.number for each in _papers(connection, found.number)}
            missing += [(tables.withholding_papers, _paper_row(each)) for each in papers if each.number not in there]
            for table, row in missing:
                connection.execute(sa.insert(table).values(row))
        return not known or missing != []

    def papers(self, number: int) -> list[KeptDestruction]:
        """The papers of a withholding, by number."""
        with self._engine.reading() as connection:
            return _papers(connection, number)

    def find(self, number: int) -> Withholding:
        """The withholding of that number with all that was decided on it. Raises UnknownWithholding."""
        with self._engine.reading() as connection:
            return _found(connection, number)

    def all(self, camera: str | None = None) -> list[Withholding]:
        """Every withholding, of one camera if it is named, the latest first; the declined ones too."""
        which = sa.true() if camera is None else tables.withholdings.c.camera == camera
        with self._engine.reading() as connection:
            return loaded(connection, which)[::-1]

    def standing(self, at: datetime) -> list[Withholding]:
        """The withholdings by which something that is filmed at an instant is withheld, by number."""
        table = tables.withholdings
        with self._engine.reading() as connection:
            found = loaded(connection, table.c.begins <= at)
        return [each for each in found if each.covers(at)]


def is_withheld() -> sa.ColumnElement[bool]:
    """Whether a withholding that stands reaches into the time of a row of ``segments``."""
    of_it = sa.select(tables.withholdings.c.number).select_from(_with_ends()).where(reaches(), stands())
    return of_it.correlate(tables.segments).exists()


def stands() -> sa.ColumnElement[bool]:
    """Whether nobody declined a withholding."""
    withholding, decision = tables.withholdings, tables.withholding_decisions
    return ~sa.exists().where(
        decision.c.withholding == withholding.c.number, decision.c.what == Settled.DECLINED.value
    )


def reaches() -> sa.ColumnElement[bool]:
    """Whether a withholding, joined with its end, reaches into the time of a segment."""
    withholding, segments = tables.withholdings, tables.segments
    until = sa.func.coalesce(withholding.c.ends, tables.withholding_ends.c.ends)
    return sa.and_(
        withholding.c.camera == segments.c.camera,
        withholding.c.begins < segments.c.ends,
        sa.or_(until.is_(None), until > segments.c.begins),
    )


def _with_ends() -> sa.Join:
    withholding, end = tables.withholdings, tables.withholding_ends
    return withholding.join(end, end.c.withholding == withholding.c.number, isouter=True)


def loaded(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Withholding]:
    """The withholdings for which that holds, by number, with all that was decided on them."""
    withholding = tables.withholdings
    query = sa.select(withholding, *_ENDING).select_from(_with_ends()).where(which).order_by(withholding.c.number)
    rows = connection.execute(query).all()
    decided = _decisions(connection, [row.number for row in rows])
    return [_withholding(row, decided[row.number]) for row in rows]


def _decisions(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, list[Decision]]:
    table, found = tables.withholding_decisions, defaultdict[int, list[Decision]](list)
    wanted = list(numbers)
    query = sa.select(table).where(table.c.withholding.in_(wanted)).order_by(table.c.withholding, table.c.number)
    for row in connection.execute(query) if wanted else ():
        role = Role(row.role) if row.role else None
        told = Decision(Settled(row.what), row.at, actor_of(row._mapping), role, row.reason)
        found[row.withholding].append(told)
    return found


def _withholding(row: sa.Row[Any], decided: Iterable[Decision]) -> Withholding:
    values = row._mapping
    ended = None if values[f"{_ENDED}withholding"] is None else _order(values, _ENDED)
    until = row.ends if row.ends is not None else values[f"{_ENDED}ends"]
    return Withholding(row.number, row.camera, row.begins, until, _order(values, ""), ended, tuple(decided))


def _found(connection: sa.Connection, number: int) -> Withholding:
    found = loaded(connection, tables.withholdings.c.number == number)
    if not found:
        raise UnknownWithholding(f"there is no withholding {number}; `kaojian withhold list` shows all")
    return found[0]


def _insert(connection: sa.Connection, found: Withholding) -> None:
    """Without its end, where somebody said that later, and without decisions."""
    ends = found.until if found.ended is None else None
    row = {"number": found.number, "camera": found.camera, "begins": found.start, "ends": ends, **_row(found.ordered)}
    connection.execute(sa.insert(tables.withholdings).values(row))
    count_from(connection, tables.withholdings.c.number)


def _said_since(here: Withholding, found: Withholding) -> list[tuple[sa.Table, dict[str, Any]]]:
    """The rows of what was said of a withholding, and is not known here."""
    rows: list[tuple[sa.Table, dict[str, Any]]] = []
    if found.ended is not None and here.ended is None:
        row = {"withholding": found.number, "ends": found.until, **_row(found.ended)}
        rows.append((tables.withholding_ends, row))
    for number, each in enumerate(found.decisions[len(here.decisions) :], len(here.decisions) + 1):
        rows.append((tables.withholding_decisions, _decision_row(found.number, number, each)))
    return rows


def _decision_row(withholding: int, number: int, decision: Decision) -> dict[str, Any]:
    return {
        "withholding": withholding,
        "number": number,
        "what": decision.what.value,
        **_row(Order(decision.at, decision.actor, decision.reason)),
        "role": "" if decision.role is None else decision.role.value,
    }


def _paper_row(paper: KeptDestruction) -> dict[str, Any]:
    return {
        "withholding": paper.withholding,
        "number": paper.number,
        "signed_at": paper.signed_at,
        "digest": paper.digest,
        "paper": paper.data.decode("ascii"),
    }


def _papers(connection: sa.Connection, number: int) -> list[KeptDestruction]:
    table = tables.withholding_papers
    rows = connection.execute(sa.select(table).where(table.c.withholding == number).order_by(table.c.number))
    return [
        KeptDestruction(row.withholding, row.number, row.signed_at, row.digest, row.paper.encode("ascii"))
        for row in rows
    ]


def _alone(connection: sa.Connection) -> None:
    """One at a time: on SQLite every write is, PostgreSQL has to be told."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _order(values: Any, prefix: str) -> Order:
    return Order(values[f"{prefix}at"], actor_of(values, prefix), values[f"{prefix}reason"])


def _row(order: Order) -> dict[str, Any]:
    return {"at": order.at, **actor_row(order.actor), "reason": order.reason}
