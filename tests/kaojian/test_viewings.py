"""`kaojian check` and `kaojian viewings copy`, and the seal of each day."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from config.settings import load
from domain.people import Actor, Door
from domain.viewings import SHOWN, Deed, Viewing
from kaojian import viewings
from storage.database import Database, connect
from storage.signing import Signer
from storage.viewing_days import PREFIX, DaySeals
from storage.viewing_record import ViewingRecord
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.kaojian.conftest import Command


@pytest.fixture
def watched() -> tuple[str, str]:
    """Three viewings; the public key and the seal of the last one."""
    settings = load()
    signer = Signer.kept(settings.signing_key_file)
    with closing(connect(settings.database_url)) as database:
        record = ViewingRecord(database.viewings, signer, settings.viewings_dir)
        for _ in range(3):
            record.add(viewing())
        return signer.public, str(database.viewings.head())


def viewing() -> Viewing:
    return Viewing(NOON, Actor("account:li", Door.API), "auditor", Deed.OPEN, SHOWN)


def spoil(statement: str) -> None:
    with closing(sqlite3.connect(load().data_dir / "kaojian.sqlite3")) as connection, connection:
        for act in ("update", "delete"):
            connection.execute(f"DROP TRIGGER viewings_refuse_{act}")
        connection.execute(statement)


def test_check_finds_an_entry_that_was_changed_and_one_that_was_cut_off(
    kaojian: Command, watched: tuple[str, str]
) -> None:
    whole = kaojian("check")
    assert (whole.code, f"seal of the last entry: {watched[1]}" in whole.out) == (0, True)
    assert watched[0] in whole.out
    spoil("UPDATE viewings SET actor = 'account:wu' WHERE number = 2")
    done = kaojian("check")
    assert (done.code, "entry 2 was changed" in done.out) == (1, True)
    assert "keep this database" in done.err


def test_check_holds_the_record_against_a_seal_on_paper(kaojian: Command, watched: tuple[str, str]) -> None:
    assert kaojian("check", "--seal", watched[1]).code == 0
    done = kaojian("check", "--seal", f"7:{'0' * 64}")
    assert (done.code, "entry 7 is missing" in done.out) == (1, True)
    assert kaojian("check", "--seal", "7").code == 2
    assert kaojian("check", "--key", "7").code == 2


def test_a_copy_is_checked_elsewhere_by_its_key(kaojian: Command, watched: tuple[str, str], tmp_path: Path) -> None:
    copied = kaojian("viewings", "copy", str(tmp_path / "copy"))
    assert (copied.code, watched[0] in copied.out) == (0, True)
    copy = ("check", "--copy", str(tmp_path / "copy"))
    assert kaojian(*copy).code == 2
    assert kaojian(*copy, "--key", watched[0]).code == 0
    assert kaojian(*copy, "--key", Signer.new().public).code == 1
    assert kaojian("viewings", "copy", str(tmp_path / "copy")).code == 1
    (tmp_path / "copy" / "entries.jsonl").unlink()
    assert kaojian(*copy, "--key", watched[0]).code == 1


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
    return connect(f"sqlite:///{tmp_path / 'kaojian.db'}")


def test_each_day_is_sealed_once_and_brought_to_the_store_when_it_is_back(database: Database, tmp_path: Path) -> None:
    clock, objects, signer = FakeClock(NOON), MemoryObjects(), Signer.new()
    record = ViewingRecord(database.viewings, signer, tmp_path / "viewings")
    days = DaySeals(tmp_path / "viewings", signer, objects)
    counts: list[int] = []

    def switch(*, down: bool) -> None:
        objects.down = down

    def count() -> None:
        counts.append(len(objects.keys(PREFIX)))

    stop = Stepping(
        lambda: record.add(viewing()),
        count,
        lambda: switch(down=True),
        lambda: clock.step(timedelta(days=1).total_seconds()),
        lambda: switch(down=False),
        count,
        lambda: clock.step(3600),
        lambda: record.add(viewing()),
        count,
        lambda: clock.step(timedelta(days=1).total_seconds()),
        count,
    )
    viewings._keep_sealing(database.viewings, days, clock, stop)
    assert counts == [0, 1, 1, 2]
    newest = days.newest()
    assert newest is not None
    assert newest[1] == database.viewings.head()
    database.close()


def test_sealing_begins_with_the_service_and_ends_with_it(database: Database, tmp_path: Path) -> None:
    signer = Signer.new()
    ViewingRecord(database.viewings, signer, tmp_path / "viewings").add(viewing())
    days = DaySeals(tmp_path / "viewings", signer, None)
    done = threading.Event()

    class Telling(DaySeals):
        def upload(self, now: object) -> int:
            done.set()
            return 0

    with viewings.sealed_daily(database.viewings, Telling(tmp_path / "viewings", signer, None), FakeClock(NOON)):
        assert done.wait(30)
    assert days.newest() is not None
    assert not any(thread.name == "day-seals" for thread in threading.enumerate())
    database.close()
