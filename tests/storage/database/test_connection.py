"""Opening a database: migrations, bad addresses, outages, newer schemas, and queries that stay on their indexes."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from domain.evidence import Place
from storage.database import Database, connect
from storage.database.connection import Engine
from storage.database.looks import WantedLook
from storage.database.tables import metadata
from storage.errors import DatabaseUnavailable, SchemaUnknown
from tests.postgres import PostgresServer
from tests.storage.database.examples import after, begin, copy, segment, span, store


def test_migrations_from_empty_give_exactly_the_tables_that_the_code_uses(url: str) -> None:
    connect(url).close()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = compare_metadata(context, metadata)
    engine.dispose()
    assert difference == []


def test_indexes_are_the_same_by_migration_and_by_metadata(sqlite_url: str, tmp_path: Path) -> None:
    """What alembic does not compare: the condition of a partial index."""
    connect(sqlite_url).close()
    plain = sa.create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    metadata.create_all(plain)
    plain.dispose()
    assert _indexes(tmp_path / "kaojian.db") == _indexes(tmp_path / "plain.db")


def test_connecting_again_keeps_what_is_there(url: str) -> None:
    first = connect(url)
    begin(first)
    store(first, segment(0, 60))
    first.close()
    again = connect(url)
    assert again.evidence.segments("cam-1", span(0, 60)) == [segment(0, 60)]
    again.close()


def test_a_database_of_a_later_version_is_left_alone(url: str) -> None:
    connect(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SchemaUnknown, match="another version"):
        connect(url)


def test_ping_answers_on_a_living_database(database: Database) -> None:
    database.ping()


def test_a_server_that_goes_and_comes_back_is_told_and_found_again(postgres: PostgresServer) -> None:
    database = connect(postgres.new_database())
    begin(database)
    postgres.stop()
    try:
        for act in (database.ping, database.evidence.open_runs, lambda: store(database, segment(0, 60))):
            with pytest.raises(DatabaseUnavailable, match="check that the server runs"):
                act()
    finally:
        postgres.start()
    store(database, segment(0, 60))
    assert database.evidence.segments("cam-1", span(0, 60)) == [segment(0, 60)]
    database.close()


def test_a_full_disk_is_told_and_leaves_what_was_written(sqlite_url: str) -> None:
    database = connect(sqlite_url)
    begin(database)

    def shrink(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # no page more than there are: what a full disk looks like

    database.close()  # the next connection is a new one
    sa.event.listen(sa.pool.Pool, "connect", shrink)
    try:
        with pytest.raises(DatabaseUnavailable, match="disk has room"):
            store(database, *(segment(number, number + 1) for number in range(2000)))
    finally:
        sa.event.remove(sa.pool.Pool, "connect", shrink)
        database.close()
    kept = len(database.evidence.segments("cam-1", span(0, 2000)))
    store(database, segment(3000, 3001))
    assert len(database.evidence.segments("cam-1", span(0, 4000))) == kept + 1
    database.close()


def test_sqlite_is_opened_for_durable_writes_by_several_processes(sqlite_url: str) -> None:
    connect(sqlite_url).close()
    engine = Engine(sqlite_url)
    with engine.reading() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.close()
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 20_000}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("not an address", "cannot be read"),
        ("mysql://user@host/name", "not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:////proc/nowhere/kaojian.db", "folder can be written"),
        ("postgresql://kaojian:sesame@127.0.0.1:1/kaojian", "check that the server runs"),
    ],
)
def test_an_address_that_cannot_be_opened_says_what_to_do(address: str, words: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=words) as caught:
        connect(address)
    assert "sesame" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "kaojian.db"
    file.write_bytes(b"minutes of the last meeting" * 100)
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        connect(f"sqlite:///{file}")
    assert file.read_bytes() == b"minutes of the last meeting" * 100


def test_folders_for_a_new_database_are_made(tmp_path: Path) -> None:
    connect(f"sqlite:///{tmp_path / '韶关 50%' / 'kaojian.db'}").close()
    assert (tmp_path / "韶关 50%" / "kaojian.db").exists()


def test_a_database_address_in_words_hides_the_password(sqlite_url: str) -> None:
    database = connect(sqlite_url)
    assert str(database) == sqlite_url
    database.close()


def test_the_questions_asked_all_day_are_answered_from_indexes(sqlite_url: str, tmp_path: Path) -> None:
    database = connect(sqlite_url)
    begin(database)
    for number in range(50):
        one = segment(number, number + 1)
        database.evidence.add_segment(one, copy(one))
    asked: list[tuple[str, Any]] = []

    def listen(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        evidence = database.evidence
        evidence.segments("cam-1", span(3, 4))
        evidence.last_segment("cam-1")
        evidence.runs("cam-1", span(3, 4))
        evidence.outages("cam-1", span(3, 4))
        evidence.open_runs()
        evidence.open_outages()
        evidence.segments_without_copy(Place.S3, 10)
        evidence.segments_without_copy(Place.SPOOL, 10)
        evidence.segments_without_observation(10)
        evidence.segments_lacking_store("second", 10)
        evidence.last_of_batch("batch-1")
        evidence.clock_readings(span(3, 4))
        evidence.segments_of("batch-1")
        database.looks.waiting(WantedLook("batch-1", "cam-1", span(3, 4), 1, ""), 10)
        database.looks.of([segment(3, 4).key], "")
        database.looks.reference_id("cam-1", after(5))
        database.closings.latest("batch-1")
        database.closings.head("site")
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)
        database.close()
    plans = [_plan(tmp_path / "kaojian.db", statement, parameters) for statement, parameters in asked]
    assert len(plans) == 18
    for steps in plans:
        # A rowid is looked up as an index is (sqlite.org/eqp.html).
        looked_up = [re.search("USING .*(INDEX|INTEGER PRIMARY KEY)", each) for each in steps]
        assert all(
            found for found, step in zip(looked_up, steps, strict=True) if step.startswith(("SCAN", "SEARCH"))
        ), steps
    waiting = next(
        steps for (statement, _), steps in zip(asked, plans, strict=True) if "segments.looked !=" in statement
    )
    assert any("batch=? AND camera=? AND begins>? AND begins<?" in step for step in waiting), waiting
    searched = [step for step in plans[0] if "camera=? AND begins>? AND begins<?" in step]
    assert searched, plans[0]


def _plan(file: Path, statement: str, parameters: Any) -> list[str]:
    with sqlite3.connect(file) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    connection.close()
    return [row[3] for row in rows]


def _indexes(file: Path) -> set[str]:
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    connection.close()
    return {" ".join(row[0].split()) for row in rows if "alembic" not in row[0]}
