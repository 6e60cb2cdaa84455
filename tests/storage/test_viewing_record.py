"""The record of viewings: first everything that somebody with a database client may try, then what is kept."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.people import Actor, Door
from domain.timeline import Interval
from domain.viewings import DONE, SHOWN, Break, Deed, Entry, Fault, Seal, Viewing, check_chain, digest_of
from storage.database import Database, connect
from storage.errors import CopyRefused, KeyRefused, SealRefused
from storage.objects import NoSuchObject
from storage.signing import Signer, is_signed
from storage.viewing_check import ENTRIES, Vouchers, check, check_copy, take_copy
from storage.viewing_days import DAYS, PREFIX, DaySeals
from storage.viewing_record import SEALS, ViewingRecord
from tests.fakes.objects import MemoryObjects
from tests.storage.database.examples import after

COUNT = 5
LI = Actor("account:li", Door.API)

Spoil = Callable[[sqlite3.Connection], object]


def viewing(number: int) -> Viewing:
    span = Interval(after(number), after(number + 10))
    return Viewing(
        at=after(100 + number),
        actor=LI,
        role="auditor",
        deed=Deed.FETCH,
        outcome=SHOWN,
        camera=f"cam-{number}",
        batch="b-1",
        span=span,
        key=f"key-{number}",
        source="127.0.0.1",
    )


class Kept:
    """A record with five entries and what vouches for it."""

    def __init__(self, root: Path) -> None:
        self.file = root / "kaojian.db"
        self.folder = root / "viewings"
        self.database: Database = connect(f"sqlite:///{self.file}")
        self.signer = Signer.new()
        self.objects = MemoryObjects()
        self.record = ViewingRecord(self.database.viewings, self.signer, self.folder)
        self.days = DaySeals(self.folder, self.signer, self.objects)
        for number in range(1, COUNT + 1):
            self.record.add(viewing(number))

    def vouchers(self, *, stored: bool = False, also: Seal | None = None) -> Vouchers:
        return Vouchers(self.folder, [self.signer.public], self.objects if stored else None, also)

    def faults(self, *, stored: bool = False, also: Seal | None = None) -> list[Fault]:
        return check(self.database.viewings, self.vouchers(stored=stored, also=also)).chain.faults

    def seal_the_day(self, now: datetime) -> None:
        assert self.days.seal(self.database.viewings.head(), now)
        assert self.days.upload(now) == 1

    def spoil(self, act: Spoil) -> None:
        """Do something behind the service's back, as the owner of the file can: without the triggers against it."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for act_of in ("update", "delete"):
                connection.execute(f"DROP TRIGGER IF EXISTS viewings_refuse_{act_of}")
            act(connection)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.database.close()


def sql(*statements: str) -> Spoil:
    return lambda connection: [connection.execute(each) for each in statements]


def swap(connection: sqlite3.Connection) -> None:
    """Let the second and the fourth change places, digests and all."""
    for old, new in ((2, 99), (4, 2), (99, 4)):
        connection.execute("UPDATE viewings SET number = ? WHERE number = ?", (new, old))


def close_up(connection: sqlite3.Connection) -> None:
    """Take the third out and number the rest again."""
    connection.execute("DELETE FROM viewings WHERE number = 3")
    for number in (4, 5):
        connection.execute("UPDATE viewings SET number = ? WHERE number = ?", (number - 1, number))


def covered(row: dict[str, object]) -> dict[str, object]:
    """What of a row its digest covers: as long as nobody watched under a permit, it is none of that."""
    return {name: row[name] for name in row.keys() - {"number", "previous", "digest", "signature", "permit"}}


def forge(connection: sqlite3.Connection, signer: Signer | None = None) -> None:
    """Change the second and compute every digest from there on anew, as whoever has read this code can."""
    connection.execute("UPDATE viewings SET actor = 'account:wu' WHERE number = 2")
    connection.row_factory = sqlite3.Row
    rows = [dict(row) for row in connection.execute("SELECT * FROM viewings ORDER BY number")]
    previous = rows[0]["digest"]
    for row in rows[1:]:
        digest = digest_of(row["number"], covered(row), previous)
        signature = row["signature"] if signer is None else signer.sign(digest.encode())
        told = (previous, digest, signature, row["number"])
        connection.execute("UPDATE viewings SET previous = ?, digest = ?, signature = ? WHERE number = ?", told)
        previous = digest


def append(connection: sqlite3.Connection) -> None:
    """Put a sixth in that fits in every respect but the one that takes the key."""
    connection.row_factory = sqlite3.Row
    row = dict(connection.execute("SELECT * FROM viewings WHERE number = 5").fetchone())
    row.update(number=6, previous=row["digest"])
    row["digest"] = digest_of(6, covered(row), row["previous"])
    names = ", ".join(f'"{name}"' for name in row)
    connection.execute(
        f"INSERT INTO viewings ({names}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608 - our own names
        tuple(row.values()),
    )


COLUMNS = [
    ("at", "at + 1"),
    ("actor", "'account:wu'"),
    ("door", "'service'"),
    ("role", "'city_officer'"),
    ("deed", "'open'"),
    ("outcome", "'held-back'"),
    ("camera", "'cam-9'"),
    ("batch", "'b-2'"),
    ("begins", "begins - 1"),
    ("ends", "NULL"),
    ("key", "'key-9'"),
    ("source", "'127.0.0.2'"),
    ("session", "'another'"),
    ("purpose", "'audit'"),
    ("permit", "'20260501-0a1b2c3d'"),
    ("at", "'yesterday'"),
    ("camera", "x'00ff'"),
]


def test_any_value_that_is_changed_with_sql_is_found(kept: Kept) -> None:
    kept.spoil(sql("CREATE TABLE before AS SELECT * FROM viewings WHERE number = 3"))
    for column, value in COLUMNS:
        kept.spoil(sql(f"UPDATE viewings SET {column} = {value} WHERE number = 3"))  # noqa: S608 - the test's own
        assert kept.faults() == [Fault(3, Break.CHANGED)], column
        kept.spoil(sql("DELETE FROM viewings WHERE number = 3", "INSERT INTO viewings SELECT * FROM before"))
        assert kept.faults() == []


def test_the_columns_that_are_tried_are_all_there_are(kept: Kept) -> None:
    kept.record.add(replace(viewing(6), permit="20260501-0a1b2c3d"))
    *_, last = kept.database.viewings.entries()
    assert {name for name, _ in COLUMNS} == set(last.fields)


def test_an_entry_under_no_permit_has_the_digest_that_it_had_before_there_were_any(kept: Kept) -> None:
    first = next(kept.database.viewings.entries())
    assert "permit" not in first.fields
    assert first.digest == "39a29fb3c6cb1ccbe1b80329a027413a50de6f7cba5a8adfdc9b80f73caae59b"


def test_who_did_what_with_which_permit_is_told_of_those_asked_for(kept: Kept) -> None:
    told = replace(viewing(6), deed=Deed.APPROVE, outcome=DONE, permit="p-1")
    others = [{"outcome": "not-allowed"}, {"deed": Deed.END}, {"permit": "p-2"}]
    for each in [told, *(replace(told, **other) for other in others)]:  # type: ignore[arg-type]
        kept.record.add(each)
    assert kept.database.viewings.done_with(Deed.APPROVE, ["p-1", "p-3"]) == {("p-1", LI.name)}
    assert kept.database.viewings.done_with(Deed.APPROVE, []) == frozenset()


def test_a_permit_that_is_added_taken_away_or_exchanged_is_found(kept: Kept) -> None:
    kept.record.add(replace(viewing(6), permit="20260501-0a1b2c3d"))
    assert kept.faults() == []
    assert kept.database.viewings.latest(1)[0].viewing.permit == "20260501-0a1b2c3d"
    for number, value in ((6, "''"), (6, "'20260501-ffffffff'"), (2, "'20260501-0a1b2c3d'")):
        was = "''" if number == 2 else "'20260501-0a1b2c3d'"
        kept.spoil(sql(f"UPDATE viewings SET permit = {value} WHERE number = {number}"))  # noqa: S608 - the test's own
        assert kept.faults() == [Fault(number, Break.CHANGED)]
        kept.spoil(sql(f"UPDATE viewings SET permit = {was} WHERE number = {number}"))  # noqa: S608 - the test's own


@pytest.mark.parametrize(
    ("act", "faults"),
    [
        (sql("DELETE FROM viewings WHERE number = 1"), {Fault(1, Break.MISSING), Fault(2, Break.OUT_OF_PLACE)}),
        (sql("DELETE FROM viewings WHERE number = 3"), {Fault(3, Break.MISSING), Fault(4, Break.OUT_OF_PLACE)}),
        (sql("DELETE FROM viewings WHERE number = 5"), {Fault(5, Break.MISSING)}),
        (sql("DELETE FROM viewings WHERE number > 3"), {Fault(4, Break.MISSING), Fault(5, Break.MISSING)}),
        (sql("DELETE FROM viewings"), {Fault(number, Break.MISSING) for number in range(1, COUNT + 1)}),
        (swap, {Fault(2, Break.OUT_OF_PLACE), Fault(2, Break.CHANGED), Fault(4, Break.NOT_AS_SEALED)}),
        (close_up, {Fault(3, Break.OUT_OF_PLACE), Fault(3, Break.CHANGED), Fault(5, Break.MISSING)}),
        (forge, {Fault(number, each) for number in range(2, 6) for each in (Break.NOT_SIGNED, Break.NOT_AS_SEALED)}),
        (append, {Fault(6, Break.NOT_SIGNED)}),
        (sql("UPDATE viewings SET number = 0 WHERE number = 1"), {Fault(1, Break.MISSING), Fault(0, Break.CHANGED)}),
        (sql("UPDATE viewings SET number = 'five' WHERE number = 5"), {Fault(5, Break.MISSING)}),
        (sql("UPDATE viewings SET signature = 'x' WHERE number = 4"), {Fault(4, Break.NOT_SIGNED)}),
        (sql("UPDATE viewings SET digest = x'00' WHERE number = 4"), {Fault(4, Break.CHANGED)}),
    ],
)
def test_an_entry_that_is_deleted_moved_put_in_or_made_anew_with_sql_is_found(
    kept: Kept, act: Spoil, faults: set[Fault], tmp_path: Path
) -> None:
    kept.spoil(act)
    assert faults <= set(kept.faults())
    take_copy(kept.database.viewings, kept.vouchers(), tmp_path / "copy")
    away = check_copy(Vouchers(tmp_path / "copy", [kept.signer.public])).chain.faults
    assert set(away) == set(kept.faults())


def steal_everything(kept: Kept, act: Spoil) -> None:
    """What somebody does who has the database, the key and every file of the host, but not the object store."""
    kept.spoil(act)
    lines = [f"\n{each.number} {each.digest}\n" for each in kept.database.viewings.entries()]
    (kept.folder / SEALS).write_text("".join(lines))
    shutil.rmtree(kept.folder / DAYS, ignore_errors=True)


def cut_off(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM viewings WHERE number > 2")


@pytest.mark.parametrize(
    ("cut", "fault"), [(False, Fault(COUNT, Break.NOT_AS_SEALED)), (True, Fault(COUNT, Break.MISSING))]
)
def test_what_was_made_anew_with_the_stolen_key_is_found_by_the_seal_of_a_day_under_lock(
    kept: Kept, cut: bool, fault: Fault
) -> None:
    kept.seal_the_day(after(1000))
    on_paper = kept.database.viewings.head()
    steal_everything(kept, cut_off if cut else lambda connection: forge(connection, kept.signer))
    assert kept.faults() == []
    assert kept.faults(stored=True) == [fault]
    assert kept.faults(also=on_paper) == [fault]


def test_a_seal_of_a_day_that_is_changed_forged_or_hidden_is_found(kept: Kept) -> None:
    kept.seal_the_day(after(1000))
    (day,) = (kept.folder / DAYS).glob("*.json")
    spoilt = Fault(COUNT, Break.SEAL_NOT_SIGNED)
    whole = day.read_bytes()
    for content in (b"", b"[]", b"{}", whole.replace(b'"number":5', b'"number":4'), whole[:-9]):
        day.write_bytes(content)
        assert spoilt in kept.faults()
    day.unlink()
    assert kept.faults(stored=True) == []
    forger = DaySeals(kept.folder, Signer.new(), None)
    assert forger.seal(kept.database.viewings.head(), after(1000))
    assert spoilt in kept.faults()
    day.write_bytes(whole)

    class Hiding(MemoryObjects):
        def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
            raise NoSuchObject(key)

    hiding = Hiding()
    assert DaySeals(kept.folder, kept.signer, hiding).upload(after(1000)) == 1
    found = check(kept.database.viewings, replace(kept.vouchers(), objects=hiding))
    assert found.chain.faults == [spoilt]


def test_a_file_of_seals_that_is_gone_is_told(kept: Kept) -> None:
    (kept.folder / SEALS).unlink()
    assert kept.faults() == [Fault(COUNT, Break.SEALS_GONE)]


def test_a_copy_is_checked_by_the_keys_that_its_reader_believes(kept: Kept, tmp_path: Path) -> None:
    kept.seal_the_day(after(1000))
    shutil.rmtree(kept.folder / DAYS)
    copy = tmp_path / "copy"
    assert take_copy(kept.database.viewings, kept.vouchers(stored=True), copy) == COUNT
    found = check_copy(Vouchers(copy, [kept.signer.public]))
    assert (found.chain.count, found.chain.faults, found.days) == (COUNT, [], 1)
    strangers = check_copy(Vouchers(copy, [Signer.new().public])).chain.faults
    assert {fault.what for fault in strangers} == {Break.NOT_SIGNED, Break.SEAL_NOT_SIGNED}
    lines = (copy / ENTRIES).read_text().splitlines(keepends=True)
    (copy / ENTRIES).write_text("".join(lines[:-1]))
    assert check_copy(Vouchers(copy, [kept.signer.public])).chain.faults == [Fault(COUNT, Break.MISSING)]
    (copy / ENTRIES).write_text("[]\n")
    with pytest.raises(CopyRefused, match=r"entries\.jsonl:1 is no entry"):
        check_copy(Vouchers(copy, [kept.signer.public]))


def test_nothing_is_found_where_nothing_was_done(kept: Kept) -> None:
    kept.seal_the_day(after(1000))
    assert not kept.days.seal(kept.database.viewings.head(), after(90_000)), "there is nothing new to seal"
    assert kept.days.upload(after(90_000)) == 0
    found = check(kept.database.viewings, kept.vouchers(stored=True))
    assert (found.chain.count, found.chain.unsealed, found.chain.faults) == (COUNT, 0, [])
    assert (found.days, found.stored) == (1, 1)
    assert found.chain.head is not None
    assert Seal.parse(str(found.chain.head)) == found.chain.head
    (name,) = kept.objects.keys(PREFIX)
    locked = kept.objects.stat(name).locked_until
    assert locked is not None
    assert locked > after(1000) + timedelta(days=3 * 365)


def test_a_power_cut_in_the_middle_of_a_seal_leaves_one_entry_unsealed_and_the_next_one_sealed(kept: Kept) -> None:
    seals = kept.folder / SEALS
    seals.write_bytes(seals.read_bytes()[:-20])
    kept.record.add(viewing(6))
    found = check(kept.database.viewings, kept.vouchers()).chain
    assert (found.count, found.unsealed, found.faults) == (6, 1, [])


def test_nothing_may_be_shown_where_its_seal_cannot_be_written(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "other" / SEALS).mkdir(parents=True)
    with pytest.raises(SealRefused, match="cannot be written"):
        ViewingRecord(kept.database.viewings, kept.signer, tmp_path / "other").add(viewing(6))


def test_two_entries_of_one_number_never_both_fit() -> None:
    first = Entry(1, {}, "0" * 64, digest_of(1, {}, "0" * 64), "")
    assert check_chain([first, first], [], lambda _: True).faults != []


def test_entries_are_told_latest_first_and_of_named_batches_only(kept: Kept) -> None:
    told = kept.database.viewings.latest(2)
    assert [(each.number, each.viewing) for each in told] == [(5, viewing(5)), (4, viewing(4))]
    assert kept.database.viewings.latest(9, frozenset({"b-2"})) == []
    assert len(kept.database.viewings.latest(9, frozenset({"b-1", "b-2"}))) == COUNT
    assert kept.database.viewings.has_since(LI.name, after(105))
    assert not kept.database.viewings.has_since(LI.name, after(105) + timedelta(microseconds=1))


def test_a_key_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "signing.key"
    made = Signer.kept(file)
    assert Signer.kept(file).public == made.public
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert is_signed(b"said", made.sign(b"said"), made.public)
    assert not any(
        [
            is_signed(b"sad", made.sign(b"said"), made.public),
            is_signed(b"said", made.sign(b"said"), Signer.new().public),
            is_signed(b"said", None, made.public),
            is_signed(b"said", made.sign(b"said"), "no key"),
        ]
    )
    file.chmod(0o640)
    with pytest.raises(KeyRefused, match="can be read by others"):
        Signer.kept(file)
    file.chmod(0o600)
    file.write_text("no key")
    with pytest.raises(KeyRefused, match="is no private key"):
        Signer.kept(file)
