"""A journal from before it was a chain: taken over as it is, unsigned, and not to be rewritten from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from domain.chain import Break, Fault
from domain.people import Actor, Door
from storage.audit.checking import Vouchers, check
from storage.audit.days import DaySeals
from storage.audit.notary import SEALS, Notary
from storage.database import Database, connect
from storage.database.connection import Engine, migrations
from storage.database.journal import JournalEntry
from storage.database.tables import microseconds
from storage.signing import Signer
from tests.storage.audit.test_records import forge, sql
from tests.storage.database.examples import ACTOR, after

CHEN = Actor("account:chen", Door.API)
OLD = [
    (2, ACTOR, "apply_batch", "b-1", '韶关 "一"'),
    (3, CHEN, "change_password", "chen", ""),
    (9, CHEN, "add_token", "chen", "平台"),
]
"""Numbered as they were where transactions had failed."""


def migrated_before(url: str) -> None:
    """A database as the version before wrote it."""
    engine = Engine(url)
    with engine.writing() as connection:
        config = migrations(connection)
        before = ScriptDirectory.from_config(config).get_revision("0018").down_revision
        assert isinstance(before, str)
        command.upgrade(config, before)
        for number, actor, act, subject, detail in OLD:
            row = {"id": number, "at": microseconds(after(number)), "actor": actor.name, "door": actor.door.value}
            row |= {"on_behalf_of": actor.on_behalf_of, "act": act, "subject": subject, "detail": detail}
            columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in row]
            connection.execute(sa.insert(sa.table("journal", *columns)).values(row))
    engine.close()


@dataclass
class TakenOver:
    """The database after its migration, and what vouches for its journal."""

    url: str
    folder: Path
    signer: Signer
    database: Database

    def faults(self) -> set[Fault]:
        return set(check(self.database.journal, Vouchers(self.folder, [self.signer.public])).chain.faults)

    def spoil(self, act: Callable[[sa.Connection, str], object]) -> None:
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            where = " ON journal" if connection.dialect.name == "postgresql" else ""
            connection.execute(sa.text(f"DROP TRIGGER IF EXISTS journal_refuse_update{where}"))
            act(connection, "journal")
        engine.dispose()

    def record(self, number: int) -> None:
        self.database.journal.record(after(number), CHEN, "open_sitting", "b-1/1")

    def seal_the_day(self) -> None:
        days = DaySeals(self.database.journal.name, self.folder, self.signer, None)
        assert days.seal(self.database.journal.head(), after(1000))


@pytest.fixture
def journal(url: str, tmp_path: Path) -> TakenOver:
    migrated_before(url)
    signer = Signer.new()
    return TakenOver(url, tmp_path / "var", signer, connect(url, Notary(signer, tmp_path / "var")))


def test_entries_are_taken_over_in_their_order_and_those_that_follow_are_signed(journal: TakenOver) -> None:
    told = journal.database.journal.entries()
    want = [JournalEntry(number, after(old[0]), *old[1:], told[-number].digest) for number, old in enumerate(OLD, 1)]
    assert told == want[::-1]
    assert journal.faults() == set()
    journal.record(10)
    found = check(journal.database.journal, Vouchers(journal.folder, [journal.signer.public])).chain
    assert (found.count, found.unsigned, found.unsealed, found.faults) == (4, 3, 0, [])
    journal.database.close()


def test_the_database_refuses_changes_again_after_the_migration(journal: TakenOver) -> None:
    engine = sa.create_engine(journal.url)
    for statement in ("UPDATE journal SET act = 'other'", "DELETE FROM journal"):
        with pytest.raises(sa.exc.DBAPIError, match="never changed this way"), engine.begin() as connection:
            connection.execute(sa.text(statement))
    engine.dispose()
    journal.database.close()


def test_the_first_signed_entry_vouches_for_those_taken_over(journal: TakenOver) -> None:
    journal.record(10)
    journal.spoil(sql("UPDATE {} SET act = 'other' WHERE number = 2"))
    assert journal.faults() == {Fault(2, Break.CHANGED)}
    journal.spoil(forge)
    assert journal.faults() == {Fault(4, Break.NOT_SIGNED), Fault(4, Break.NOT_AS_SEALED)}
    journal.spoil(lambda connection, table: forge(connection, table, lambda _: ""))
    assert journal.faults() == {Fault(4, Break.NOT_SIGNED), Fault(4, Break.NOT_AS_SEALED)}
    journal.database.close()


def test_the_seal_of_a_day_vouches_for_those_taken_over_and_for_no_unsigned_one_after_it(journal: TakenOver) -> None:
    journal.seal_the_day()
    journal.record(10)
    journal.record(11)
    (journal.folder / "journal" / SEALS).write_text("")  # by somebody who has the host's files too, but not the key
    journal.spoil(lambda connection, table: forge(connection, table, lambda _: "", since=5))
    unsigned = {Fault(4, Break.NOT_SIGNED), Fault(5, Break.NOT_SIGNED)}
    journal.spoil(sql("UPDATE {} SET signature = ''"))
    assert journal.faults() == unsigned
    journal.spoil(lambda connection, table: forge(connection, table, lambda _: ""))
    assert journal.faults() == unsigned | {Fault(3, Break.NOT_AS_SEALED)}
    journal.database.close()
