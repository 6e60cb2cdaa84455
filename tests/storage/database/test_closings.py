"""Closings: one chain for each site whoever writes, and nothing of it is ever changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from storage.database import Database
from storage.database.closings import KeptDocument, KeptKey, KeptLink, KeptStamp
from storage.errors import RowRefused, UnknownRow
from tests.storage.database.examples import begin, segment, store

AT = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
UNTIL = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)
DOCUMENTS = {"ab" * 32: '{"批次":1}'.encode()}


def following(site: str, batch: str) -> Callable[[KeptLink | None], KeptLink]:
    def make(last: KeptLink | None) -> KeptLink:
        number = 1 if last is None else last.number + 1
        return KeptLink(site, number, batch, AT, UNTIL, f"{number:064x}", "cd" * 32, "ab" * 32, b"{}")

    return make


def test_links_and_documents_are_read_as_they_were_written(database: Database) -> None:
    closings = database.closings
    assert (closings.head("s"), closings.latest("b1"), closings.last_signed()) == (None, None, [])
    first = closings.add("s", following("s", "b1"), DOCUMENTS)
    second = closings.add("s", following("s", "b2"), DOCUMENTS)
    other = closings.add("t", following("t", "b3"), DOCUMENTS)
    assert closings.links("s") == [first, second]
    assert (closings.head("s"), closings.latest("b1"), closings.latest("b3")) == (second, first, other)
    assert closings.document("ab" * 32) == DOCUMENTS["ab" * 32]
    assert closings.documents("s") == [KeptDocument("ab" * 32, UNTIL, DOCUMENTS["ab" * 32])]
    assert closings.last_signed() == [AT]
    with pytest.raises(UnknownRow):
        closings.document("00" * 32)


def test_a_link_that_cannot_be_made_leaves_nothing(database: Database) -> None:
    def refuse(_: KeptLink | None) -> KeptLink:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.closings.add("s", refuse, DOCUMENTS)
    assert (database.closings.links("s"), database.closings.documents("s")) == ([], [])


def test_those_who_close_at_the_same_time_make_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: database.closings.add("s", following("s", f"b{n}"), DOCUMENTS), range(8)))
    assert [link.number for link in database.closings.links("s")] == list(range(1, 9))


def test_a_key_takes_over_once(database: Database) -> None:
    first, second = KeptKey("aa", AT, None, "11"), KeptKey("bb", UNTIL, "22", "33")
    database.closings.add_key(1, first)
    database.closings.add_key(2, second)
    assert database.closings.keys() == [first, second]
    for number, key in ((2, KeptKey("cc", UNTIL, "22", "33")), (3, first)):
        with pytest.raises(RowRefused):
            database.closings.add_key(number, key)


def test_a_stamp_is_kept_once_and_what_has_none_is_known(database: Database) -> None:
    closings = database.closings
    links = [closings.add("s", following("s", f"b{number}"), DOCUMENTS) for number in (1, 2, 3)]
    other = closings.add("t", following("t", "b4"), DOCUMENTS)
    assert closings.unstamped("s") == links[::-1]
    first = KeptStamp("s", 2, "ab" * 32, AT, UNTIL, b"\x30\x00\xff")
    assert closings.add_stamp(first) == first
    assert closings.add_stamp(KeptStamp("s", 2, "cd" * 32, UNTIL, UNTIL, b"later")) == first
    assert (closings.stamps("s"), closings.stamps("t")) == ([first], [])
    assert closings.unstamped("s") == [links[2], links[0]]
    assert closings.unstamped() == [links[2], links[0], other]
    with pytest.raises(UnknownRow):
        closings.add_stamp(KeptStamp("s", 4, "ab" * 32, AT, UNTIL, b"of no link"))


@pytest.mark.parametrize("table", ["closings", "closing_documents", "signing_keys", "link_stamps"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = 'x'"])
def test_the_database_refuses_to_change_what_was_signed(database: Database, table: str, statement: str) -> None:
    database.closings.add("s", following("s", "b1"), DOCUMENTS)
    database.closings.add_key(1, KeptKey("aa", AT, None, "11"))
    database.closings.add_stamp(KeptStamp("s", 1, "ab" * 32, AT, UNTIL, b"stamp"))
    column = {
        "closings": "link",
        "closing_documents": "text",
        "signing_keys": "signature",
        "link_stamps": "sha256",
    }[table]
    with pytest.raises(Exception, match="never"), database._engine.writing() as connection:
        connection.execute(sa.text(statement.format(table, column)))


def test_the_segments_of_a_batch_come_by_key_with_their_recorder(database: Database) -> None:
    begin(database)
    made = [segment(start, start + 60) for start in (120, 0, 60)]
    for each in made:
        store(database, each)
    found = database.evidence.segments_of(made[0].batch)
    assert [each.key for each, _ in found] == sorted(each.key for each in made)
    assert len({name for _, name in found}) == 1
    assert database.evidence.segments_of("another") == []
