"""Disposal lists and their papers: read as they were written, each with its act, and never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest
import sqlalchemy as sa

from domain.disposal import Decision, DisposalList, DisposedOf, PaperKind, Settled
from domain.evidence import Place
from domain.holds import Order
from domain.people import Actor, Door, Role
from storage.database import Database
from storage.database.disposals import KeptPaper
from storage.errors import RowRefused, StorageError, UnknownDisposal
from tests.storage.database.examples import ACTOR, after, begin, copy, segment, store

OFFICER = Actor("account:chen", Door.API)


def nothing() -> None:
    """There is no objection."""


def listed(database: Database, *batches: str) -> DisposalList:
    order = Order(after(0), ACTOR, "保管期已满")
    return database.disposals.propose(order, batches or ("batch-1",), b"{}", "d" * 64, nothing)


def paper(of: DisposalList, kind: PaperKind, number: int = 1, batch: str = "batch-1") -> KeptPaper:
    told = after(number)
    return KeptPaper("site-1", number, kind, of.number, batch, told, after(9), f"{number}" * 64, b'{"a":1}')


def test_lists_are_read_as_they_were_written_with_their_decisions_and_papers(database: Database) -> None:
    first, second = listed(database), listed(database, "batch-1", "batch-2")
    decision = Decision(Settled.APPROVED, after(1), OFFICER, Role.CITY_OFFICER, "核对无误")
    void = Decision(Settled.VOIDED, after(2), ACTOR, None, "held")
    for each in (decision, void):
        database.disposals.decide(first.number, each, lambda _: None)
    for kind, number in ((PaperKind.ORDER, 1), (PaperKind.CERTIFICATE, 2)):
        database.disposals.add_paper("site-1", lambda _, k=kind, n=number: paper(second, k, n), ACTOR)  # type: ignore[misc]
    found = database.disposals.find(first.number)
    assert found == replace(first, decisions=(decision, void))
    batch = frozenset({"batch-1"})
    assert database.disposals.latest() == [replace(second, ordered=batch, destroyed=batch), found]
    assert [each.number for each in database.disposals.of_batch("batch-2")] == [second.number]
    papers = [paper(second, PaperKind.ORDER, 1), paper(second, PaperKind.CERTIFICATE, 2)]
    assert database.disposals.papers("site-1") == database.disposals.papers_of(second.number) == papers
    assert (database.disposals.destroyed("batch-1"), database.disposals.destroyed("batch-2")) == (papers[1], None)
    assert database.closings.last_signed() == [after(2)]
    assert database.disposals.content(first.number) == b"{}"
    assert [each.act for each in database.journal.entries(6)] == [
        "certify_destruction_of_batch",
        "order_disposal_of_batch",
        "void_disposal",
        "approve_disposal",
        "propose_disposal",
        "propose_disposal",
    ]


def test_what_is_refused_leaves_neither_row_nor_act(database: Database) -> None:
    def refuse(*_: object) -> NoReturn:
        raise StorageError("no")

    one = listed(database)
    decision = Decision(Settled.APPROVED, after(1), OFFICER, Role.CITY_OFFICER, "")
    with pytest.raises(StorageError, match="no"):
        database.disposals.decide(one.number, decision, refuse)
    with pytest.raises(StorageError, match="no"):
        database.disposals.propose(Order(after(0), ACTOR, "x"), ["b"], b"{}", "d", refuse)
    with pytest.raises(StorageError, match="no"):
        database.disposals.add_paper("site-1", refuse, ACTOR)
    for unknown in (database.disposals.find, database.disposals.content):
        with pytest.raises(UnknownDisposal):
            unknown(one.number + 1)
    assert database.disposals.latest() == [one]
    assert len(database.journal.entries(10)) == 1


def test_a_list_has_one_order_and_one_certificate_of_a_batch(database: Database) -> None:
    one = listed(database)
    database.disposals.add_paper("site-1", lambda _: paper(one, PaperKind.ORDER), ACTOR)
    with pytest.raises(RowRefused):
        database.disposals.add_paper("site-1", lambda _: paper(one, PaperKind.ORDER, 2), ACTOR)
    assert len(database.disposals.papers("site-1")) == 1


def test_what_is_ordered_to_go_waits_for_no_copy_and_is_not_read_again(database: Database) -> None:
    begin(database)
    mine = segment(0, 10)
    store(database, mine)
    stored = copy(mine, Place.S3, "bucket", version_id="1", locked_until=after(5))
    database.evidence.add_copy(stored)
    now = after(10 * 86400)
    assert len(database.evidence.due_copies(now, 9, [""], ["bucket"])) == 2
    assert database.evidence.disposed([mine.key]) == {}
    one = listed(database)
    database.disposals.add_paper("site-1", lambda _: paper(one, PaperKind.ORDER), ACTOR)
    assert database.evidence.disposed([mine.key]) == {mine.key: DisposedOf(one.number, after(1))}
    assert database.evidence.due_copies(now, 9, [""], ["bucket"]) == []
    assert database.evidence.count_due_copies(now, 9) == 0
    for _ in range(2):
        database.evidence.dispose_copy(stored, after(20))
    found = database.evidence.copies([mine.key])[mine.key]
    assert [each.removed for each in found] == [None, after(20)]
    assert database.evidence.segments_without_copy(Place.S3, 9) == []
    assert database.evidence.lost_copies(after(0), 9) == []


@pytest.mark.parametrize("table", ["disposals", "disposal_batches", "disposal_decisions", "disposal_papers"])
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_the_database_itself_refuses_to_change_them(database: Database, table: str, act: str) -> None:
    one = listed(database)
    database.disposals.decide(one.number, Decision(Settled.DECLINED, after(1), OFFICER, None, "x"), lambda _: None)
    database.disposals.add_paper("site-1", lambda _: paper(one, PaperKind.ORDER), ACTOR)
    column = "place" if table == "disposal_batches" else "number"
    with pytest.raises(StorageError, match="never changed"), database._engine.writing() as connection:
        connection.execute(sa.text(act.format(table, column, column)))
