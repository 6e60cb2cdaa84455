"""`kaojian check` and `kaojian record copy`, and the seal of each day."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.settings import load
from domain.chain import Chained, Record, Seal
from domain.people import Actor, Door
from domain.viewings import SHOWN, Deed, Viewing
from kaojian import audit
from kaojian.notary import notary_of
from storage.audit.checking import Checked, Vouchers
from storage.audit.days import DaySeals, prefix_of
from storage.database import Database, connect
from storage.objects import Stored
from storage.signing import Signer
from tests.fakes.notary import NOTARY, SIGNER
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.kaojian.conftest import Command

LI = Actor("account:li", Door.API)


@pytest.fixture
def written() -> tuple[str, dict[Record, str]]:
    """Three viewings and three acts; the public key, and the seal of the last of each as it is printed."""
    notary = notary_of(load())
    assert isinstance(notary.signer, Signer)
    with closing(connect(load().database_url, notary)) as database:
        for _ in range(3):
            database.viewings.add(viewing())
            database.journal.record(NOON, LI, "open_sitting", "b-1/1")
        seals = {rows.name: f"{rows.name}:{rows.head()}" for rows in database.records}
        return notary.signer.public, seals


def viewing() -> Viewing:
    return Viewing(NOON, LI, "auditor", Deed.OPEN, SHOWN)


def spoil(record: Record, statement: str) -> None:
    with closing(sqlite3.connect(load().data_dir / "kaojian.sqlite3")) as connection, connection:
        for act in ("update", "delete"):
            connection.execute(f"DROP TRIGGER {record}_refuse_{act}")
        connection.execute(statement.replace("{}", record))


@pytest.mark.parametrize("record", Record)
def test_check_finds_an_entry_that_was_changed_in_either_record(
    kaojian: Command, written: tuple[str, dict[Record, str]], record: Record
) -> None:
    whole = kaojian("check")
    assert (whole.code, whole.err) == (0, "")
    for seal in written[1].values():
        assert f"seal of the last entry: {seal}" in whole.out
    assert f"keys believed: {written[0]}" in whole.out
    spoil(record, "UPDATE {} SET actor = 'account:wu' WHERE number = 2")
    done = kaojian("check")
    assert (done.code, f"{record}: entry 2 was changed after it was written 被改动" in done.out) == (1, True)
    assert done.out.count("entry 2") == 1
    assert done.err == f"kaojian: not what was written: {record}; keep this database and its backups apart\n"


@pytest.mark.parametrize("record", Record)
def test_check_holds_a_record_against_a_seal_on_paper(
    kaojian: Command, written: tuple[str, dict[Record, str]], record: Record
) -> None:
    on_paper = [word for seal in written[1].values() for word in ("--seal", seal)]
    assert kaojian("check", *on_paper).code == 0
    done = kaojian("check", *on_paper, "--seal", f"{record}:7:{'0' * 64}")
    assert (done.code, f"{record}: entry 7 is missing" in done.out) == (1, True)
    for wrong in ("7", f"7:{'0' * 64}", f"accounts:7:{'0' * 64}"):
        assert kaojian("check", "--seal", wrong).code == 2
    assert kaojian("check", "--key", "7").code == 2


def test_a_copy_of_both_records_is_checked_elsewhere_by_its_key(
    kaojian: Command, written: tuple[str, dict[Record, str]], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    copied = kaojian("record", "copy", str(folder))
    assert (copied.code, f"6 entries; check it with --key {written[0]}" in copied.out) == (0, True)
    copy = ("check", "--copy", str(folder))
    assert kaojian(*copy).code == 2
    assert kaojian(*copy, "--key", written[0]).code == 0
    assert kaojian(*copy, "--key", Signer.new().public).code == 1
    assert kaojian("record", "copy", str(folder)).code == 1
    for record in Record:
        entries = folder / record / "entries.jsonl"
        whole = entries.read_text()
        entries.write_text(whole.replace("account:li", "account:wu", 1))
        spoilt = kaojian(*copy, "--key", written[0])
        assert (spoilt.code, f"{record}: entry 1 was changed" in spoilt.out) == (1, True)
        entries.unlink()
        assert kaojian(*copy, "--key", written[0]).code == 1
        entries.write_text(whole)


def test_where_nothing_can_be_signed_nothing_is_done(kaojian: Command, installation: Path) -> None:
    secrets = installation / "var" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "signing.key").write_text("no key")
    (secrets / "signing.key").chmod(0o600)
    done = kaojian("apply", "exam.yaml")
    assert (done.code, "is no private key" in done.err) == (1, True)
    (secrets / "signing.key").unlink()
    with closing(connect(load().database_url)) as database:
        assert database.setup.sites() == []
    assert kaojian("apply", "exam.yaml").code == 0
    assert kaojian("check").code == 0


def test_an_act_that_cannot_be_sealed_is_done_and_told_to_be_unsealed(kaojian: Command, installation: Path) -> None:
    seals = installation / "var" / "journal" / "seals"
    seals.mkdir(parents=True)
    done = kaojian("apply", "exam.yaml")
    assert (done.code, "applied    site" in done.out) == (0, True)
    assert "act_not_sealed" in done.err
    seals.rmdir()
    assert kaojian("user", "add", "chen", "--role", "city_officer").code == 0
    told = kaojian("check")
    assert (told.code, "journal 操作记录: 3 entries, 2 without a seal of their own" in told.out) == (0, True)


def test_entries_from_before_the_journal_was_signed_are_told(tmp_path: Path) -> None:
    found = Checked(Record.JOURNAL, Chained(count=7, unsigned=4, head=Seal(7, "0" * 64)), 0, 0)
    said = list(audit.told([found], Vouchers(tmp_path, [])))
    assert "  entries 1 to 4 are from before it was signed 签名之前" in said


class Stepping(threading.Event):
    """Stands for the wait between two looks: does what comes next instead of waiting, and ends after the last."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__()
        self._steps = list(steps)

    def wait(self, timeout: float | None = None) -> bool:
        if self._steps:
            self._steps.pop(0)()
        else:
            self.set()
        return self.is_set()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)


def test_each_day_is_sealed_once_and_brought_to_the_store_when_it_is_back(database: Database, tmp_path: Path) -> None:
    clock, objects = FakeClock(NOON), MemoryObjects()
    days = [DaySeals(rows.name, tmp_path, SIGNER, objects) for rows in database.records]
    counts: list[list[int]] = []

    def switch(*, down: bool) -> None:
        objects.down = down

    def count() -> None:
        counts.append([len(objects.keys(prefix_of(rows.name))) for rows in database.records])

    stop = Stepping(
        lambda: database.viewings.add(viewing()),
        count,
        lambda: switch(down=True),
        lambda: clock.step(timedelta(days=1).total_seconds()),
        lambda: switch(down=False),
        count,
        lambda: clock.step(3600),
        lambda: database.viewings.add(viewing()),
        lambda: database.journal.record(clock.now(), LI, "act", "subject"),
        count,
        lambda: clock.step(timedelta(days=1).total_seconds()),
        count,
    )
    audit._keep_sealing(database, days, clock, stop)
    assert counts == [[0, 0], [1, 0], [1, 0], [2, 1]]
    for rows, of_record in zip(database.records, days, strict=True):
        newest = of_record.newest()
        assert newest is not None
        assert newest[1] == rows.head()
    database.close()


def test_sealing_begins_with_the_service_and_ends_with_it(database: Database, tmp_path: Path) -> None:
    database.viewings.add(viewing())
    done = threading.Event()

    class Telling(MemoryObjects):
        def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
            stored = super().put(key, path, sha256, retain_until)
            done.set()
            return stored

    with audit.sealed_daily(database, tmp_path, SIGNER, Telling(), FakeClock(NOON)):
        assert done.wait(30)
    assert DaySeals(Record.VIEWINGS, tmp_path, SIGNER, None).newest() is not None
    assert not any(thread.name == "day-seals" for thread in threading.enumerate())
    database.close()
