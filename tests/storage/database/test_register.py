"""The contract of the register, on every database: revisions are only added, and the journal vouches for each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from domain.people import Actor, Door
from domain.register import Draft, Entry, Kind
from storage.database import Database, connect
from storage.database.register import _adapter, _text
from storage.errors import KeyMissing, RevisedMeanwhile, StorageError
from tests.storage.database.examples import ACTOR, after


class Grade(StrEnum):
    GOOD = "good"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    points: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Of every sort of field that a kind may have."""

    name: str
    grade: Grade
    parts: tuple[Part, ...] = ()
    day: date | None = None
    at: datetime | None = None
    took: timedelta = timedelta()
    pages: int = 0
    sealed: bool = False


SHEETS = Kind("sheet", Sheet)
OTHERS = Kind("other", Part)
SHEET = Sheet(
    "甲", Grade.GOOD, (Part("实操", Decimal("59.50")),), date(2024, 2, 29), after(0), timedelta(minutes=90), 3
)
SOMEBODY = Actor("account:wu", Door.API, on_behalf_of="site-2")


def draft(key: str = "a", value: Sheet | None = SHEET, **more: str | int) -> Draft[Sheet]:
    return Draft(SHEETS, key, value, **more)  # type: ignore[arg-type]


def enter(database: Database, *drafts: Draft[Sheet], at_s: float = 0, reason: str = "") -> list[Entry[Sheet]]:
    return database.register.enter("keep_sheet", "b-1", drafts, ACTOR, after(at_s), reason=reason)


def tamper(database: Database, statement: str) -> None:
    """As somebody would who owns the database and takes its triggers away first."""
    with database.register._engine.writing() as connection:
        if connection.dialect.name == "sqlite":
            for act in ("delete", "update"):
                connection.execute(sa.text(f"DROP TRIGGER IF EXISTS register_refuse_{act}"))
        else:
            connection.execute(sa.text("ALTER TABLE register DISABLE TRIGGER ALL"))
        connection.execute(sa.text(statement))


def test_a_thing_is_read_as_it_was_entered_with_who_did_it_and_why(database: Database) -> None:
    (entry,) = database.register.enter(
        "keep_sheet", "b-1", [draft(batch="b-1", site="s-1", mark="m")], SOMEBODY, after(5), reason="补录"
    )
    assert (entry.value, entry.revision, entry.batch, entry.site, entry.mark) == (SHEET, 1, "b-1", "s-1", "m")
    assert (entry.at, entry.actor, entry.reason, entry.name) == (after(5), SOMEBODY, "补录", "sheet/a@1")
    assert database.register.find(SHEETS, "a") == entry
    assert [database.register.find(SHEETS, key) for key in ("b", "", "a\0", "' OR 1=1 --")] == [None] * 4
    assert database.register.find(OTHERS, "a") is None
    assert [(each.act, each.subject) for each in database.journal.entries()] == [("keep_sheet", "b-1")]
    assert database.journal.entries()[0].detail.startswith("补录 · 1 entry sha256:")


def test_what_came_with_an_act_is_found_by_its_number(database: Database) -> None:
    first, _ = enter(database, draft("b"), draft("a"))
    enter(database, draft("c"))
    assert database.register.keys_of("sheet", first.act) == ["a", "b"]
    assert database.register.keys_of("other", first.act) == database.register.keys_of("sheet", 99) == []


def test_a_later_revision_leaves_the_earlier_one_as_it_was(database: Database) -> None:
    (first,) = enter(database, draft())
    (second,) = enter(database, draft(value=replace(SHEET, pages=4)), at_s=9, reason="更正")
    assert second.revision == 2
    assert database.register.history(SHEETS, "a") == [first, second]
    assert database.register.standing(SHEETS) == [second]


def test_what_is_entered_again_unchanged_changes_nothing_not_in_the_journal_either(database: Database) -> None:
    (first,) = enter(database, draft(batch="b-1"))
    assert enter(database, draft(batch="b-1"), at_s=60) == [first]
    assert len(database.journal.entries()) == 1
    enter(database, draft(batch="b-2"))
    assert [each.batch for each in database.register.history(SHEETS, "a")] == ["b-1", "b-2"]


def test_what_is_taken_back_is_found_no_more_and_its_history_stays(database: Database) -> None:
    enter(database, draft())
    enter(database, draft(value=None), reason="误录")
    assert database.register.find(SHEETS, "a") is None
    assert database.register.standing(SHEETS) == []
    assert [each.value for each in database.register.history(SHEETS, "a")] == [SHEET, None]
    (again,) = enter(database, draft())
    assert again.revision == 3
    assert database.register.find(SHEETS, "a") == again


def test_things_are_found_by_batch_site_and_mark_as_they_stand_now(database: Database) -> None:
    enter(database, draft("a", batch="b-1", site="s-1"), draft("b", batch="b-2", site="s-1", mark="x"), draft("c"))
    enter(database, draft("b", batch="b-1", site="s-2", mark="x"), at_s=1)
    keys = database.register.standing
    assert [each.key for each in keys(SHEETS, batch="b-1")] == ["a", "b"]
    assert [each.key for each in keys(SHEETS, batch="b-2")] == []
    assert [each.key for each in keys(SHEETS, site="s-1")] == ["a"]
    assert [each.key for each in keys(SHEETS, mark="x")] == ["b"]
    assert [each.key for each in keys(SHEETS)] == ["a", "b", "c"]
    assert [each.name for each in database.register.revisions(SHEETS, batch="b-2")] == ["sheet/b@1"]


def test_several_are_found_at_once_by_their_keys_as_they_stand_now(database: Database) -> None:
    keys = [f"k{number:04}" for number in range(1_100)]  # more than one question takes
    enter(database, *(draft(key) for key in keys))
    later = enter(database, draft(keys[0], replace(SHEET, pages=4)))
    enter(database, draft(keys[1], None))
    database.register.enter("keep_sheet", "b-1", [Draft(OTHERS, keys[2], Part("x"))], ACTOR, after(0))
    found = database.register.all_of(SHEETS, [*keys, keys[0], "nothing", "k\0"])
    assert [each.key for each in found] == [keys[0], *keys[2:]]
    assert found[0] == later[0]
    assert database.register.all_of(SHEETS, []) == []


def test_many_are_entered_as_one_act_or_not_at_all(database: Database) -> None:
    many = [draft(f"k{number:04}", batch="b-1") for number in range(1200)]
    assert [each.key for each in enter(database, *many)] == [each.key for each in many]
    assert len(database.journal.entries()) == 1
    with pytest.raises(RevisedMeanwhile, match="sheet k0003 was changed meanwhile"):
        enter(database, draft("new"), draft("k0003", value=replace(SHEET, pages=9), after=0))
    assert database.register.find(SHEETS, "new") is None
    with pytest.raises(ValueError, match="twice"):
        enter(database, draft("new"), draft("new"))
    assert list(database.register.unlike_the_journal()) == []


def test_of_two_who_saw_the_same_revision_one_is_told_to_look_again(database: Database) -> None:
    enter(database, draft())

    def revise(pages: int) -> bool:
        try:
            enter(database, draft(value=replace(SHEET, pages=pages), after=1))
        except RevisedMeanwhile:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(revise, range(10, 14))) == [False, False, False, True]
    assert [each.revision for each in database.register.history(SHEETS, "a")] == [1, 2]


def test_nothing_is_entered_where_the_journal_cannot_be_signed(url: str) -> None:
    keyless = connect(url)
    with pytest.raises(KeyMissing):
        enter(keyless, draft())
    assert keyless.register.find(SHEETS, "a") is None
    keyless.close()


@pytest.mark.parametrize("act", ["DELETE FROM register", "UPDATE register SET reason = 'x'"])
def test_the_database_itself_refuses_to_change_an_entry(database: Database, act: str) -> None:
    enter(database, draft())
    with pytest.raises(StorageError, match="never changed"), database.register._engine.writing() as connection:
        connection.execute(sa.text(act))


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (
            "UPDATE register SET document = replace(document, '59.50', '60.00') WHERE key = 'a'",
            "is not what is there",
        ),
        ("UPDATE register SET document = 'null', sha256 = 'x' WHERE key = 'a'", "is not what is there"),
        ("UPDATE register SET batch = 'b-9' WHERE key = 'b'", "is not what is there"),
        ("UPDATE register SET act = 2 WHERE key = 'b'", "is not what is there"),
        ("UPDATE register SET act = 7 WHERE key = 'c'", "no such act"),
        ("DELETE FROM register WHERE key = 'a'", "is not what is there"),
        ("DELETE FROM register WHERE key = 'c'", "none of them is there"),
        (
            "INSERT INTO register SELECT kind, 'd', revision, batch, site, mark, at, actor, door, on_behalf_of,"
            " reason, act, sha256, document FROM register WHERE key = 'c'",
            "is not what is there",
        ),
    ],
)
def test_whatever_is_changed_behind_its_back_is_found_by_the_journal(database: Database, act: str, told: str) -> None:
    enter(database, draft("a"), draft("b", batch="b-1"))
    enter(database, draft("c"), at_s=1)
    assert list(database.register.unlike_the_journal()) == []
    tamper(database, act)
    found = list(database.register.unlike_the_journal())
    assert found
    assert any(told in line for line in found)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_DAYS = st.none() | st.dates()
_INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC))
_POINTS = st.none() | st.decimals(min_value=0, max_value=100, places=2)
_SHEETS = st.builds(
    Sheet,
    name=_TEXTS,
    grade=st.sampled_from(Grade),
    parts=st.lists(st.builds(Part, _TEXTS, _POINTS), max_size=3).map(tuple),
    day=_DAYS,
    at=_INSTANTS,
    took=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=99)),
    pages=st.integers(-(2**53), 2**53),
    sealed=st.booleans(),
)


@given(_SHEETS)
def test_what_is_kept_is_read_as_the_same_thing(sheet: Sheet) -> None:
    assert _adapter(SHEETS).validate_json(_text(draft(value=sheet))) == sheet


def test_what_would_be_read_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="read otherwise"):
        _text(draft(value=replace(SHEET, pages=1.5)))  # type: ignore[arg-type]


def test_the_act_that_an_entry_came_with_is_told_by_its_name(database: Database) -> None:
    (first,) = enter(database, draft("a/b@2"))
    (second,) = enter(database, draft("c"))
    names = [first.name, second.name, "sheet/c@9", "report/x", "a", "", "sheet/\0@1", f"{second.name}²"]
    assert database.register.acts_of(names) == {first.name: first.act, second.name: second.act}
    assert first.act < second.act
    assert database.register.acts_of(f"{second.kind}/{place}@1" for place in range(1200)) == {}
