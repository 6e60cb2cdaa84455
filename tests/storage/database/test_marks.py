"""Marks of sittings: only ever added, corrected by a later one with a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from domain.phases import Mark, Marked, latest_marks
from storage.database import Database
from storage.errors import MarkStands, StorageError, UnknownRow
from tests.storage.database.examples import ACTOR, after

SEALED = Marked(Mark.SEALED, after(100), after(101), ACTOR)


def test_a_mark_is_kept_with_when_who_and_why(database: Database) -> None:
    database.marks.add("b", 1, SEALED)
    database.marks.add("b", 2, replace(SEALED, mark=Mark.OPENED))
    assert database.marks.of("b", 1) == [SEALED]
    assert database.marks.of("b", 3) == []


def test_a_correction_says_why_and_leaves_what_it_corrects(database: Database) -> None:
    database.marks.add("b", 1, SEALED)
    later = replace(SEALED, at=after(120), written=after(130))
    for nothing in ("", "  "):
        with pytest.raises(MarkStands):
            database.marks.add("b", 1, replace(later, reason=nothing))
    assert database.marks.of("b", 1) == [SEALED]
    database.marks.add("b", 1, replace(later, reason="the clock on the wall was wrong"))
    entries = database.marks.of("b", 1)
    assert [each.at for each in entries] == [after(100), after(120)]
    assert latest_marks(entries)[Mark.SEALED].at == after(120)


def test_what_was_never_marked_cannot_be_taken_back(database: Database) -> None:
    gone = replace(SEALED, at=None, reason="never")
    with pytest.raises(UnknownRow):
        database.marks.add("b", 1, gone)
    database.marks.add("b", 1, SEALED)
    database.marks.add("b", 1, gone)
    assert latest_marks(database.marks.of("b", 1)) == {}


@pytest.mark.parametrize("act", ["DELETE FROM sitting_marks", "UPDATE sitting_marks SET reason = 'x'"])
def test_the_database_itself_refuses_to_change_them(database: Database, act: str) -> None:
    database.marks.add("b", 1, SEALED)
    with pytest.raises(StorageError, match="never changed"), database.marks._engine.writing() as connection:
        connection.execute(sa.text(act))
    assert database.marks.of("b", 1) == [SEALED]
