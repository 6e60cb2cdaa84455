"""The records of viewings and acts: first what somebody with a database client may try, then what is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.chain import Break, Entry, Fault, Record, Seal, check_chain, digest_of
from domain.people import Actor, Door
from domain.timeline import Interval
from domain.viewings import DONE, SHOWN, Deed, Viewing
from storage.audit.checking import ENTRIES, Checked, Vouchers, check, check_copy, take_copy
from storage.audit.days import DAYS, DaySeals, prefix_of, read_day
from storage.audit.notary import SEALS, Notary
from storage.database import ChainedRows, Database, connect
from storage.errors import CopyRefused, KeyRefused, SealRefused
from storage.objects import NoSuchObject
from storage.signing import Signer, is_signed
from tests.fakes.objects import MemoryObjects
from tests.storage.database.examples import NINE, after

COUNT = 5
LI = Actor("account:li", Door.API)

Spoil = Callable[[sa.Connection, str], object]


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

    def __init__(self, url: str, root: Path, record: Record) -> None:
        self.url, self.folder, self.record = url, root / "var", record
        self.signer = Signer.new()
        self.objects = MemoryObjects()
        self.database: Database = connect(url, Notary(self.signer, self.folder))
        self.rows: ChainedRows = next(rows for rows in self.database.records if rows.name is record)
        self.days = DaySeals(record, self.folder, self.signer, self.objects)
        for number in range(1, COUNT + 1):
            self.add(number)

    @property
    def seals(self) -> Path:
        return self.folder / self.record / SEALS

    def add(self, number: int) -> None:
        if self.record is Record.VIEWINGS:
            self.database.viewings.add(viewing(number))
        else:
            on_behalf = Actor("local:chen", Door.COMMAND_LINE, "site-1") if number == 3 else LI
            self.database.journal.record(after(number), on_behalf, "open_sitting", f"b-1/{number}", "韶关\0")

    def vouchers(self, *, stored: bool = False, also: Seal | None = None) -> Vouchers:
        on_paper = [] if also is None else [(self.record, also)]
        return Vouchers(self.folder, [self.signer.public], self.objects if stored else None, on_paper)

    def check(self, *, stored: bool = False) -> Checked:
        return check(self.rows, self.vouchers(stored=stored))

    def faults(self, *, stored: bool = False, also: Seal | None = None) -> list[Fault]:
        return check(self.rows, self.vouchers(stored=stored, also=also)).chain.faults

    def faults_of_a_copy(self, folder: Path) -> list[Fault]:
        take_copy(self.rows, self.vouchers(), folder)
        return check_copy(self.record, Vouchers(folder, [self.signer.public])).chain.faults

    def seal_the_day(self, now: datetime) -> None:
        assert self.days.seal(self.rows.head(), now)
        assert self.days.upload(now) == 1

    def spoil(self, act: Spoil) -> None:
        """Do something behind the service's back, as the owner of the database can: without its triggers."""
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            where = f" ON {self.record}" if connection.dialect.name == "postgresql" else ""
            for act_of in ("update", "delete"):
                connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {self.record}_refuse_{act_of}{where}"))
            act(connection, self.record)
        engine.dispose()

    def restore(self, rows: list[dict[str, Any]]) -> None:
        def put_back(connection: sa.Connection, table: str) -> None:
            connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - our own name
            for row in rows:
                insert(connection, table, row)

        self.spoil(put_back)

    def read(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        self.spoil(lambda connection, table: found.extend(all_of(connection, table)))
        return found


@pytest.fixture(params=list(Record))
def kept(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[Kept]:
    """Each record, in each database."""
    made = Kept(url, tmp_path, request.param)
    yield made
    made.database.close()


@pytest.fixture(params=list(Record))
def at_hand(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> Iterator[Kept]:
    """Each record, for what is no matter of databases."""
    made = Kept(sqlite_url, tmp_path, request.param)
    yield made
    made.database.close()


def all_of(connection: sa.Connection, table: str) -> list[dict[str, Any]]:
    query = sa.text(f"SELECT * FROM {table} ORDER BY number")  # noqa: S608 - our own name
    return [dict(row) for row in connection.execute(query).mappings()]


def insert(connection: sa.Connection, table: str, row: Mapping[str, Any]) -> None:
    names, places = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)  # noqa: S608 - our own names


def sql(statement: str) -> Spoil:
    return lambda connection, table: connection.execute(sa.text(statement.replace("{}", table)))


def swap(connection: sa.Connection, table: str) -> None:
    """Let the second and the fourth change places, digests and all."""
    for old, new in ((2, 99), (4, 2), (99, 4)):
        sql(f"UPDATE {{}} SET number = {new} WHERE number = {old}")(connection, table)  # noqa: S608 - numbers


def close_up(connection: sa.Connection, table: str) -> None:
    """Take the third out and number the rest again."""
    sql("DELETE FROM {} WHERE number = 3")(connection, table)
    for number in (4, 5):
        sql(f"UPDATE {{}} SET number = {number - 1} WHERE number = {number}")(connection, table)  # noqa: S608


def digest_anew(row: Mapping[str, Any], table: str, previous: str) -> str:
    chain = {"number", "previous", "digest", "signature"}
    fields = {name: row[name] for name in row if name not in chain and (name, row[name]) != ("permit", "")}
    return digest_of(Record(table).entry_form, row["number"], fields, previous)


def forge(connection: sa.Connection, table: str, sign: Callable[[str], str] | None = None, since: int = 2) -> None:
    """Change one and compute every digest from there on anew, as whoever has read this code can."""
    sql(f"UPDATE {{}} SET actor = 'account:wu' WHERE number = {since}")(connection, table)  # noqa: S608 - a number
    previous = "0" * 64
    for row in all_of(connection, table):
        if row["number"] >= since:
            digest = digest_anew(row, table, previous)
            signature = row["signature"] if sign is None else sign(digest)
            told = {"previous": previous, "digest": digest, "signature": signature, "number": row["number"]}
            statement = "UPDATE {} SET previous = :previous, digest = :digest, signature = :signature"
            connection.execute(sa.text(f"{statement} WHERE number = :number".replace("{}", table)), told)
            row["digest"] = digest
        previous = row["digest"]


def append(connection: sa.Connection, table: str) -> None:
    """Put one more in that fits in every respect but the one that takes the key."""
    row = all_of(connection, table)[-1]
    row.update(number=row["number"] + 1, previous=row["digest"])
    insert(connection, table, {**row, "digest": digest_anew(row, table, row["previous"])})


COLUMNS = {
    Record.VIEWINGS: {
        "at": "at + 1",
        "actor": "'account:wu'",
        "door": "'service'",
        "role": "'city_officer'",
        "deed": "'open'",
        "outcome": "'held-back'",
        "camera": "'cam-9'",
        "batch": "'b-2'",
        "begins": "begins - 1",
        "ends": "NULL",
        "key": "'key-9'",
        "source": "'127.0.0.2'",
        "session": "'another'",
        "purpose": "'audit'",
        "permit": "'20260501-0a1b2c3d'",
    },
    Record.JOURNAL: {
        "at": "at + 1",
        "actor": "'account:wu'",
        "door": "'service'",
        "on_behalf_of": "NULL",
        "act": "'close_sitting'",
        "subject": "'b-1/9'",
        "detail": "''",
    },
}

OF_ANOTHER_TYPE = [("at", "'yesterday'"), ("actor", "x'00ff'"), ("door", "1")]
"""Which SQLite takes."""


def test_any_value_that_is_changed_with_sql_is_found(kept: Kept) -> None:
    rows, tried = kept.read(), list(COLUMNS[kept.record].items())
    tried += OF_ANOTHER_TYPE if kept.url.startswith("sqlite") else []
    for column, value in tried:
        kept.spoil(sql(f"UPDATE {{}} SET {column} = {value} WHERE number = 3"))  # noqa: S608 - the test's own
        assert kept.faults() == [Fault(3, Break.CHANGED)], column
        kept.restore(rows)
        assert kept.faults() == []


def test_the_columns_that_are_tried_are_all_there_are(at_hand: Kept) -> None:
    chain = {"number", "previous", "digest", "signature"}
    assert set(COLUMNS[at_hand.record]) == {column.name for column in at_hand.rows.table.columns} - chain


def test_a_permit_that_is_added_taken_away_or_exchanged_is_found(sqlite_url: str, tmp_path: Path) -> None:
    kept = Kept(sqlite_url, tmp_path, Record.VIEWINGS)
    permit = "20260501-0a1b2c3d"
    kept.database.viewings.add(replace(viewing(6), permit=permit))
    assert "permit" not in next(kept.rows.chain()).fields  # its digest is as before there were permits
    assert kept.database.viewings.latest(1)[0].viewing.permit == permit
    assert kept.faults() == []
    for number, was, other in ((6, permit, ""), (6, permit, "20260501-ffffffff"), (2, "", permit)):
        kept.spoil(sql(f"UPDATE {{}} SET permit = '{other}' WHERE number = {number}"))  # noqa: S608 - the test's own
        assert kept.faults() == [Fault(number, Break.CHANGED)]
        kept.spoil(sql(f"UPDATE {{}} SET permit = '{was}' WHERE number = {number}"))  # noqa: S608 - the test's own
    kept.database.close()


def test_who_did_what_with_which_permit_is_told_of_those_asked_for(sqlite_url: str, tmp_path: Path) -> None:
    kept = Kept(sqlite_url, tmp_path, Record.VIEWINGS)
    told = replace(viewing(6), deed=Deed.APPROVE, outcome=DONE, permit="p-1")
    others = [replace(told, outcome="not-allowed"), replace(told, deed=Deed.END), replace(told, permit="p-2")]
    for each in [told, *others]:
        kept.database.viewings.add(each)
    assert kept.database.viewings.done_with(Deed.APPROVE, ["p-1", "p-3"]) == {("p-1", LI.name)}
    assert kept.database.viewings.done_with(Deed.APPROVE, []) == frozenset()
    kept.database.close()


TRIED: dict[str, tuple[Spoil, set[Fault]]] = {
    "the first deleted": (
        sql("DELETE FROM {} WHERE number = 1"),
        {Fault(1, Break.MISSING), Fault(2, Break.OUT_OF_PLACE)},
    ),
    "one deleted": (sql("DELETE FROM {} WHERE number = 3"), {Fault(3, Break.MISSING), Fault(4, Break.OUT_OF_PLACE)}),
    "the last deleted": (sql("DELETE FROM {} WHERE number = 5"), {Fault(5, Break.MISSING)}),
    "cut off": (sql("DELETE FROM {} WHERE number > 3"), {Fault(4, Break.MISSING), Fault(5, Break.MISSING)}),
    "all deleted": (sql("DELETE FROM {}"), {Fault(number, Break.MISSING) for number in range(1, COUNT + 1)}),
    "two swapped": (swap, {Fault(2, Break.OUT_OF_PLACE), Fault(2, Break.CHANGED), Fault(4, Break.NOT_AS_SEALED)}),
    "closed up": (close_up, {Fault(3, Break.OUT_OF_PLACE), Fault(3, Break.CHANGED), Fault(5, Break.MISSING)}),
    "made anew without the key": (
        forge,
        {Fault(number, each) for number in range(2, 6) for each in (Break.NOT_SIGNED, Break.NOT_AS_SEALED)},
    ),
    "made anew without signatures": (
        lambda connection, table: forge(connection, table, lambda _: "", since=1),
        {Fault(number, each) for number in range(1, 6) for each in (Break.NOT_SIGNED, Break.NOT_AS_SEALED)},
    ),
    "put in at the end": (append, {Fault(6, Break.NOT_SIGNED)}),
    "numbered 0": (
        sql("UPDATE {} SET number = 0 WHERE number = 1"),
        {Fault(1, Break.MISSING), Fault(0, Break.CHANGED)},
    ),
    "signature changed": (sql("UPDATE {} SET signature = 'x' WHERE number = 4"), {Fault(4, Break.NOT_SIGNED)}),
    "signature taken away": (sql("UPDATE {} SET signature = '' WHERE number = 1"), {Fault(1, Break.NOT_SIGNED)}),
    "digest changed": (sql("UPDATE {} SET digest = 'x' WHERE number = 4"), {Fault(4, Break.CHANGED)}),
    "previous changed": (sql("UPDATE {} SET previous = 'x' WHERE number = 4"), {Fault(4, Break.OUT_OF_PLACE)}),
}


def test_an_entry_that_is_deleted_moved_put_in_or_made_anew_with_sql_is_found(kept: Kept, tmp_path: Path) -> None:
    rows = kept.read()
    for name, (act, faults) in TRIED.items():
        kept.spoil(act)
        assert faults <= set(kept.faults()), name
        assert set(kept.faults_of_a_copy(tmp_path / name)) == set(kept.faults()), name
        kept.restore(rows)
        assert kept.faults() == [], name


def test_values_of_another_type_in_the_chain_itself_are_found(sqlite_url: str, tmp_path: Path) -> None:
    kept = Kept(sqlite_url, tmp_path, Record.VIEWINGS)
    rows = kept.read()
    for assigned, fault in (("number = 'five'", Break.MISSING), ("digest = x'00'", Break.CHANGED)):
        kept.spoil(sql(f"UPDATE {{}} SET {assigned} WHERE number = 5"))  # noqa: S608 - the test's own
        assert Fault(5, fault) in kept.faults()
        kept.restore(rows)
    kept.database.close()


def steal_everything(kept: Kept, act: Spoil) -> None:
    """What somebody does who has the database, the key and every file of the host, but not the object store."""
    kept.spoil(act)
    lines = [f"\n{each.number} {each.digest}\n" for each in kept.rows.chain()]
    kept.seals.write_text("".join(lines))
    shutil.rmtree(kept.folder / kept.record / DAYS, ignore_errors=True)


@pytest.mark.parametrize(
    ("cut", "fault"), [(False, Fault(COUNT, Break.NOT_AS_SEALED)), (True, Fault(COUNT, Break.MISSING))]
)
def test_what_was_made_anew_with_the_stolen_key_is_found_by_the_seal_of_a_day_under_lock(
    kept: Kept, cut: bool, fault: Fault
) -> None:
    kept.seal_the_day(after(1000))
    on_paper = kept.rows.head()

    def anew(connection: sa.Connection, table: str) -> None:
        forge(connection, table, lambda digest: kept.signer.sign(digest.encode()))

    steal_everything(kept, sql("DELETE FROM {} WHERE number > 2") if cut else anew)
    assert kept.faults() == []
    assert kept.faults(stored=True) == [fault]
    assert kept.faults(also=on_paper) == [fault]


def test_what_is_sealed_in_one_record_vouches_for_no_other(at_hand: Kept) -> None:
    other = next(record for record in Record if record is not at_hand.record)
    at_hand.seal_the_day(after(1000))
    seal, (name,) = at_hand.rows.head(), (at_hand.folder / at_hand.record / DAYS).glob("*.json")
    assert seal is not None
    assert check(at_hand.rows, replace(at_hand.vouchers(), also=[(other, Seal(9, seal.digest))])).chain.faults == []
    content, keys = name.read_bytes(), [at_hand.signer.public]
    assert read_day(at_hand.record, name.name, content, keys).sound
    assert not read_day(other, name.name, content, keys).sound
    found = check_chain(other, at_hand.rows.chain(), [], lambda _: True)
    assert {fault.what for fault in found.faults} == {Break.CHANGED}


def test_a_seal_of_a_day_that_is_changed_forged_or_hidden_is_found(at_hand: Kept) -> None:
    kept = at_hand
    kept.seal_the_day(after(1000))
    (day,) = (kept.folder / kept.record / DAYS).glob("*.json")
    spoilt = Fault(COUNT, Break.SEAL_NOT_SIGNED)
    whole = day.read_bytes()
    for content in (b"", b"[]", b"{}", whole.replace(b'"number":5', b'"number":4'), whole[:-9]):
        day.write_bytes(content)
        assert spoilt in kept.faults()
    day.unlink()
    assert kept.faults(stored=True) == []
    forger = DaySeals(kept.record, kept.folder, Signer.new(), None)
    assert forger.seal(kept.rows.head(), after(1000))
    assert spoilt in kept.faults()
    day.write_bytes(whole)

    class Hiding(MemoryObjects):
        def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
            raise NoSuchObject(key)

    hiding = Hiding()
    assert DaySeals(kept.record, kept.folder, kept.signer, hiding).upload(after(1000)) == 1
    found = check(kept.rows, replace(kept.vouchers(), objects=hiding))
    assert found.chain.faults == [spoilt]


def test_a_file_of_seals_that_is_gone_is_told(at_hand: Kept) -> None:
    at_hand.seals.unlink()
    assert at_hand.faults() == [Fault(COUNT, Break.SEALS_GONE)]


def test_a_copy_is_checked_by_the_keys_that_its_reader_believes(at_hand: Kept, tmp_path: Path) -> None:
    kept, record = at_hand, at_hand.record
    kept.seal_the_day(after(1000))
    shutil.rmtree(kept.folder / record / DAYS)
    copy = tmp_path / "copy"
    assert take_copy(kept.rows, kept.vouchers(stored=True), copy) == COUNT
    ours = Vouchers(copy, [kept.signer.public])
    found = check_copy(record, ours)
    assert (found.chain.count, found.chain.faults, found.days) == (COUNT, [], 1)
    strangers = check_copy(record, Vouchers(copy, [Signer.new().public])).chain.faults
    assert {fault.what for fault in strangers} == {Break.NOT_SIGNED, Break.SEAL_NOT_SIGNED}
    entries = copy / record / ENTRIES
    lines = entries.read_text().splitlines(keepends=True)
    entries.write_text("".join(lines[:-1]))
    assert check_copy(record, ours).chain.faults == [Fault(COUNT, Break.MISSING)]
    entries.write_text("[]\n")
    with pytest.raises(CopyRefused, match=r"entries\.jsonl:1 is no entry"):
        check_copy(record, ours)


def test_nothing_is_found_where_nothing_was_done(kept: Kept) -> None:
    kept.seal_the_day(after(1000))
    assert not kept.days.seal(kept.rows.head(), after(90_000)), "there is nothing new to seal"
    assert kept.days.upload(after(90_000)) == 0
    found = kept.check(stored=True)
    assert (found.chain.count, found.chain.unsigned, found.chain.unsealed, found.chain.faults) == (COUNT, 0, 0, [])
    assert (found.days, found.stored) == (1, 1)
    assert found.chain.head is not None
    assert Seal.parse(str(found.chain.head)) == found.chain.head
    (name,) = kept.objects.keys(prefix_of(kept.record))
    locked = kept.objects.stat(name).locked_until
    assert locked is not None
    assert locked > after(1000) + timedelta(days=3 * 365)


def test_a_power_cut_in_the_middle_of_a_seal_leaves_one_entry_unsealed_and_the_next_one_sealed(at_hand: Kept) -> None:
    at_hand.seals.write_bytes(at_hand.seals.read_bytes()[:-20])
    at_hand.add(6)
    found = at_hand.check().chain
    assert (found.count, found.unsealed, found.faults) == (6, 1, [])


def test_without_its_seal_nothing_may_be_shown_and_an_act_is_kept_and_signed(
    at_hand: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    at_hand.seals.rename(at_hand.seals.with_name("kept"))
    at_hand.seals.mkdir()
    if at_hand.record is Record.VIEWINGS:
        with pytest.raises(SealRefused, match="cannot be written"):
            at_hand.add(6)
    else:
        at_hand.add(6)
        assert "act_not_sealed" in capsys.readouterr().out
    at_hand.seals.rmdir()
    at_hand.seals.with_name("kept").rename(at_hand.seals)
    at_hand.add(7)
    found = at_hand.check().chain
    assert (found.count, found.unsealed, found.faults) == (7, 1, [])


def test_two_entries_of_one_number_never_both_fit() -> None:
    form = Record.JOURNAL.entry_form
    first = Entry(1, {}, "0" * 64, digest_of(form, 1, {}, "0" * 64), "")
    assert check_chain(Record.JOURNAL, [first, first], [], lambda _: True).faults != []


GOLDEN_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
GOLDEN = [
    (
        "315c68405ff85b5f801b4b98dc1f06836ffd91bf0918ee2789be0709d3b461ee",
        "0257b00021a65b22459699b3d0421f8124084883cfba6f0fc098deb62649d0d3"
        "2f1a8311a2b3d19f4420e77892a3fc80780a158651a598bf2eaac3061fcb8605",
    ),
    (
        "7967a77290ca4266f7a79d83436852ce080a062d7f25e8a071d4775502d97bc3",
        "bb5e4b39b83e5b6f399dfd23bec0a2df1a74c10d3a7d1ea158202f24bd408e95"
        "dd3d44c9668ac3675636911ec6891f6ffbd046e6d248c89edb9d78aacec35208",
    ),
]
GOLDEN_DAY = (
    f'{{"day":"2026-05-01","digest":"{GOLDEN[1][0]}","form":"kaojian-viewing-day-1","key":"{GOLDEN_KEY}",'
    '"number":2,"sealed_at":"2026-05-01T01:00:09.123Z","signature":"4b1c05c8cee6d18063eecf2790674f8d4d846914e31a750c'
    '4b3fc71a980d91bd722e3ec01708a580de6b51444e32711fc9b2e4d9727bfd4ee6fb6b9754ddee00"}'
)


def test_viewings_have_the_digests_and_seals_that_they_had_when_they_were_the_only_record(database: Database) -> None:
    span = Interval(NINE, after(60))
    first = Viewing(NINE, LI, "auditor", Deed.OPEN, SHOWN, "cam-1", "b-1", span, "", "127.0.0.1", "", "复核成绩\0")
    database.viewings.add(first)
    database.viewings.add(Viewing(after(5), Actor("nobody", Door.API), "", Deed.SAVE, "not-logged-in"))
    assert [entry.digest for entry in database.viewings.chain()] == [digest for digest, _ in GOLDEN]
    assert all(is_signed(digest.encode(), signature, GOLDEN_KEY) for digest, signature in GOLDEN)
    name = f"2026-05-01-2-{GOLDEN[1][0]}.json"
    assert read_day(Record.VIEWINGS, name, GOLDEN_DAY.encode(), [GOLDEN_KEY]).sound


def test_viewings_are_told_latest_first_and_of_named_batches_only(database: Database) -> None:
    for number in range(1, COUNT + 1):
        database.viewings.add(viewing(number))
    told = database.viewings.latest(2)
    assert [(each.number, each.viewing) for each in told] == [(5, viewing(5)), (4, viewing(4))]
    assert database.viewings.latest(9, frozenset({"b-2"})) == []
    assert len(database.viewings.latest(9, frozenset({"b-1", "b-2"}))) == COUNT
    assert database.viewings.has_since(LI.name, after(105))
    assert not database.viewings.has_since(LI.name, after(105) + timedelta(microseconds=1))


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
