"""Disposal lists, what was decided on them, and the signed papers of each site's disposals: rows that are only added.

Each act is written in one transaction with its entry in the journal: an approval that the journal does not have was
never given. Not here: who may (``domain.disposal``, ``records.disposal``), and what the papers say
(``storage.manifest.destruction``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.disposal import Decision, DisposalList, PaperKind, Settled
from domain.holds import Order
from domain.people import Actor, Role
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.connection import Engine, count_from
from storage.database.journal import Journal
from storage.errors import ConflictingRow, UnknownDisposal

_CHAIN_LOCK = 0x4B414453  # an arbitrary number of ours for pg_advisory_xact_lock

APPROVED = "approve_disposal"
"""The act by which the journal knows an approval."""

_ACTS = {Settled.APPROVED: APPROVED, Settled.DECLINED: "decline_disposal", Settled.VOIDED: "void_disposal"}
_PAPER_ACTS = {
    PaperKind.ORDER: "order_disposal_of_batch",
    PaperKind.CERTIFICATE: "certify_destruction_of_batch",
}


@dataclass(frozen=True, slots=True)
class KeptPaper:
    """One paper as it is kept: its signed bytes, and the SHA-256 of them."""

    site: str
    number: int
    kind: PaperKind
    disposal: int
    batch: str
    signed_at: datetime
    retained_until: datetime
    digest: str
    data: bytes


class Disposals:
    """The disposals of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def propose(
        self, order: Order, batches: Sequence[str], content: bytes, digest: str, check: Callable[[], None]
    ) -> DisposalList:
        """Write down a new list. ``check`` looks once more whether another one has a batch, and raises where one
        has: then nothing was written. Raises KeyMissing.
        """
        row = {"at": order.at, **actor_row(order.actor), "reason": order.reason}
        with self._engine.writing() as connection:
            _alone(connection)
            check()
            table = tables.disposals
            insert = sa.insert(table).values({**row, "digest": digest, "content": content.decode("ascii")})
            number = int(connection.execute(insert.returning(table.c.number)).scalar_one())
            places = [
                {"disposal": number, "place": place, "batch": batch} for place, batch in enumerate(batches, start=1)
            ]
            connection.execute(sa.insert(tables.disposal_batches), places)
            detail = f"{digest} {' '.join(batches)}: {order.reason}"
            seal = self._journal.insert(
                connection, order.at, order.actor, "propose_disposal", subject=str(number), detail=detail
            )
        self._journal.seal(seal)
        return DisposalList(number, order, digest, tuple(batches))

    def decide(self, number: int, decision: Decision, check: Callable[[DisposalList], None]) -> DisposalList:
        """Add a decision, whoever else decides: the list with it.

        ``check`` is given the list as it stands then; what it raises undoes everything. Raises UnknownDisposal,
        KeyMissing.
        """
        with self._engine.writing() as connection:
            _alone(connection)
            found = _found(connection, number)
            check(found)
            row = _decision_row(number, len(found.decisions) + 1, decision)
            connection.execute(sa.insert(tables.disposal_decisions).values(row))
            seal = self._journal.insert(
                connection,
                decision.at,
                decision.actor,
                _ACTS[decision.what],
                subject=str(number),
                detail=f"{found.digest} {decision.reason}".strip(),
            )
            settled = _found(connection, number)
        self._journal.seal(seal)
        return settled

    def add_paper(self, site: str, make: Callable[[KeptPaper | None], KeptPaper], actor: Actor) -> KeptPaper:
        """Add the next paper of a site, whoever else does; an order marks the segments of its batch as ordered to go.

        ``make`` is given the site's last paper and makes the next one; what it raises undoes everything. Raises
        RowRefused where the list has such a paper of the batch already, KeyMissing.
        """
        with self._engine.writing() as connection:
            _alone(connection)
            paper = make(_last(connection, site))
            connection.execute(sa.insert(tables.disposal_papers).values(_paper_row(paper)))
            if paper.kind is PaperKind.ORDER:
                of_batch = sa.update(tables.segments).where(tables.segments.c.batch == paper.batch)
                connection.execute(of_batch.values(disposed=paper.disposal))
            detail = f"list {paper.disposal}, paper {paper.number}:{paper.digest}"
            seal = self._journal.insert(
                connection, paper.signed_at, actor, _PAPER_ACTS[paper.kind], subject=paper.batch, detail=detail
            )
        self._journal.seal(seal)
        return paper

    def adopt_paper(self, paper: KeptPaper, listed: DisposalList, content: bytes) -> None:
        """Write down a paper of a database that was lost, with its list and the approvals of that as far as they are
        missing; an order marks the segments of its batch. ``content`` is empty where nobody has it any more.

        No entry of the journal comes with it: who brings it back writes that down. Raises ConflictingRow where the
        database has another list of that number.
        """
        with self._engine.writing() as connection:
            _alone(connection)
            _adopt_list(connection, listed, content)
            connection.execute(sa.insert(tables.disposal_papers).values(_paper_row(paper)))
            if paper.kind is PaperKind.ORDER:
                of_batch = sa.update(tables.segments).where(tables.segments.c.batch == paper.batch)
                connection.execute(of_batch.values(disposed=paper.disposal))

    def find(self, number: int) -> DisposalList:
        """The list of that number with all that was decided on it. Raises UnknownDisposal."""
        with self._engine.reading() as connection:
            return _found(connection, number)

    def latest(self, limit: int = 1000) -> list[DisposalList]:
        """The lists that were proposed last, the latest first."""
        table = tables.disposals
        with self._engine.reading() as connection:
            return _lists(connection, _listed().order_by(table.c.number.desc()).limit(limit))

    def of_batch(self, batch: str) -> list[DisposalList]:
        """Every list that has a batch, the latest first."""
        table, of = tables.disposals, tables.disposal_batches
        having = sa.select(of.c.disposal).where(of.c.batch == batch)
        with self._engine.reading() as connection:
            return _lists(connection, _listed().where(table.c.number.in_(having)).order_by(table.c.number.desc()))

    def content(self, number: int) -> bytes:
        """The canonical bytes of what a list would delete. Raises UnknownDisposal, also where that was lost."""
        table = tables.disposals
        with self._engine.reading() as connection:
            text = connection.execute(sa.select(table.c.content).where(table.c.number == number)).scalar()
        if text is None:
            raise _unknown(number)
        if not text:
            raise UnknownDisposal(
                f"what list {number} would delete was lost with its database; its papers say what went"
            )
        return str(text).encode("ascii")

    def papers(self, site: str) -> list[KeptPaper]:
        """All papers of a site, by number."""
        table = tables.disposal_papers
        return self._papers(sa.select(table).where(table.c.site == site).order_by(table.c.number))

    def papers_of(self, number: int) -> list[KeptPaper]:
        """All papers of a list, by site and number."""
        table = tables.disposal_papers
        return self._papers(sa.select(table).where(table.c.disposal == number).order_by(table.c.site, table.c.number))

    def destroyed(self, batch: str) -> KeptPaper | None:
        """The certificate of destruction of a batch; None where none was signed."""
        table = tables.disposal_papers
        of_kind = sa.and_(table.c.batch == batch, table.c.kind == PaperKind.CERTIFICATE.value)
        found = self._papers(sa.select(table).where(of_kind).order_by(table.c.number.desc()).limit(1))
        return found[0] if found else None

    def last_paper(self, site: str) -> KeptPaper | None:
        """The last paper of a site, None before its first one."""
        with self._engine.reading() as connection:
            return _last(connection, site)

    def _papers(self, query: sa.Select[Any]) -> list[KeptPaper]:
        with self._engine.reading() as connection:
            return [_paper(row) for row in connection.execute(query)]


def _alone(connection: sa.Connection) -> None:
    """One at a time: on SQLite every write is, PostgreSQL has to be told."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))


def _adopt_list(connection: sa.Connection, listed: DisposalList, content: bytes) -> None:
    """Raises ConflictingRow."""
    found = _lists(connection, _listed().where(tables.disposals.c.number == listed.number))
    if not found:
        order = listed.proposed
        row = {"number": listed.number, "at": order.at, **actor_row(order.actor), "reason": order.reason}
        told = {"digest": listed.digest, "content": content.decode("ascii")}
        connection.execute(sa.insert(tables.disposals).values({**row, **told}))
        count_from(connection, tables.disposals.c.number)
        places = [
            {"disposal": listed.number, "place": place, "batch": batch}
            for place, batch in enumerate(listed.batches, 1)
        ]
        connection.execute(sa.insert(tables.disposal_batches), places)
    elif (found[0].digest, found[0].proposed.at) != (listed.digest, listed.proposed.at):
        raise ConflictingRow(f"list {listed.number} in the database is another one than that of the paper")
    known = found[0].decisions if found else ()
    there = {(each.what, each.actor.name) for each in known}
    for each in listed.decisions:
        if (each.what, each.actor.name) not in there:
            row = _decision_row(listed.number, len(known) + 1, each)
            connection.execute(sa.insert(tables.disposal_decisions).values(row))
            known = (*known, each)


def _decision_row(disposal: int, number: int, decision: Decision) -> dict[str, Any]:
    return {
        "disposal": disposal,
        "number": number,
        "what": decision.what.value,
        "at": decision.at,
        **actor_row(decision.actor),
        "reason": decision.reason,
        "role": None if decision.role is None else decision.role.value,
    }


def _listed() -> sa.Select[Any]:
    """Lists without their content, which is long."""
    return sa.select(*(each for each in tables.disposals.columns if each.name != "content"))


def _found(connection: sa.Connection, number: int) -> DisposalList:
    found = _lists(connection, _listed().where(tables.disposals.c.number == number))
    if not found:
        raise _unknown(number)
    return found[0]


def _unknown(number: int) -> UnknownDisposal:
    return UnknownDisposal(f"there is no disposal list {number}; `kaojian disposal list` shows all")


def _lists(connection: sa.Connection, query: sa.Select[Any]) -> list[DisposalList]:
    rows = connection.execute(query).all()
    numbers = [row.number for row in rows]
    batches = _by_list(connection, tables.disposal_batches, numbers, tables.disposal_batches.c.place)
    decided = _by_list(connection, tables.disposal_decisions, numbers, tables.disposal_decisions.c.number)
    papers = _by_list(connection, tables.disposal_papers, numbers, tables.disposal_papers.c.number)
    return [
        DisposalList(
            number=row.number,
            proposed=Order(row.at, actor_of(row._mapping), row.reason),
            digest=row.digest,
            batches=tuple(each.batch for each in batches[row.number]),
            decisions=tuple(map(_decision, decided[row.number])),
            ordered=_of_kind(papers[row.number], PaperKind.ORDER),
            destroyed=_of_kind(papers[row.number], PaperKind.CERTIFICATE),
        )
        for row in rows
    ]


def _by_list(
    connection: sa.Connection, table: sa.Table, numbers: Sequence[int], order: sa.Column[Any]
) -> dict[int, list[sa.Row[Any]]]:
    found: dict[int, list[sa.Row[Any]]] = defaultdict(list)
    columns = (each for each in table.columns if each.name != "paper")
    query = sa.select(*columns).where(table.c.disposal.in_(numbers)).order_by(order)
    for row in connection.execute(query) if numbers else ():
        found[row.disposal].append(row)
    return found


def _of_kind(papers: Iterable[sa.Row[Any]], kind: PaperKind) -> frozenset[str]:
    return frozenset(each.batch for each in papers if each.kind == kind.value)


def _decision(row: sa.Row[Any]) -> Decision:
    role = None if row.role is None else Role(row.role)
    return Decision(Settled(row.what), row.at, actor_of(row._mapping), role, row.reason)


def _last(connection: sa.Connection, site: str) -> KeptPaper | None:
    table = tables.disposal_papers
    newest = sa.select(table).where(table.c.site == site).order_by(table.c.number.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else _paper(row)


def _paper_row(paper: KeptPaper) -> dict[str, Any]:
    return {
        "site": paper.site,
        "number": paper.number,
        "kind": paper.kind.value,
        "disposal": paper.disposal,
        "batch": paper.batch,
        "signed_at": paper.signed_at,
        "retained_until": paper.retained_until,
        "digest": paper.digest,
        "paper": paper.data.decode("ascii"),
    }


def _paper(row: sa.Row[Any]) -> KeptPaper:
    return KeptPaper(
        site=row.site,
        number=row.number,
        kind=PaperKind(row.kind),
        disposal=row.disposal,
        batch=row.batch,
        signed_at=row.signed_at,
        retained_until=row.retained_until,
        digest=row.digest,
        data=row.paper.encode("ascii"),
    )
