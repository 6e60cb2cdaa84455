"""`kaojian backup` and `restore` on the command line, and the backup of each night."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.settings import Settings, load
from domain.calendar import SHANGHAI
from domain.people import Actor, Door
from kaojian import audit, backup
from kaojian.notary import notary_of
from kaojian.terminal import local_actor
from records import backups
from storage.backup import shelf
from storage.backup.envelope import RecoveryKey
from storage.backup.reading import open_backup
from storage.database import Database, connect
from storage.signing import Signer
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal

NIGHT = datetime(2026, 5, 1, 2, tzinfo=SHANGHAI)


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> MemoryObjects:
    """An object store that the settings name."""
    for name, value in {"ENDPOINT": "127.0.0.1:1", "ACCESS_KEY": "kaojian", "SECRET_KEY": "hunter2"}.items():
        monkeypatch.setenv(f"KAOJIAN_S3_{name}", value)
    store = MemoryObjects()
    monkeypatch.setattr(audit, "objects_of", lambda _: store)
    return store


def recovery(kaojian: Command) -> RecoveryKey:
    done = kaojian("backup", "--new-key")
    assert done.code == 0, done.err
    return RecoveryKey.parse(done.out)


def test_no_backup_is_made_without_a_recovery_key_for_it_would_lie_there_in_the_clear(
    kaojian: Command, objects: MemoryObjects, tmp_path: Path
) -> None:
    kaojian("apply", "exam.yaml")
    for words in (("backup",), ("backup", str(tmp_path / "disk"))):
        done = kaojian(*words)
        assert (done.code, done.out) == (1, "")
        assert "kaojian backup --new-key" in done.err
    assert objects.keys("") == set()
    assert not (tmp_path / "disk").exists()


def test_the_recovery_key_is_shown_once_and_lies_nowhere(kaojian: Command, installation: Path) -> None:
    done = kaojian("backup", "--new-key")
    key = RecoveryKey.parse(done.out)
    assert journal(installation)[0] == ("new_recovery_key", key.public, local_actor())
    assert load().recovery_public_file.read_text() == f"{key.public}\n"
    text = done.out.strip()
    for file in (file for file in installation.rglob("*") if file.is_file()):
        assert text.encode() not in file.read_bytes(), file
    second = recovery(kaojian)
    assert second.public != key.public
    assert "keep earlier ones as long as their backups" in done.err
    assert f"vouches for backups: {Signer.read(load().signing_key_file).public}" in done.err


def test_a_backup_into_a_file_holds_database_keys_and_set_up(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = recovery(kaojian)
    kaojian("apply", "exam.yaml")
    kaojian("tls", "kaojian.example.cn")
    monkeypatch.setattr("sys.stdin", io.StringIO("admin:hunter2\n"))
    kaojian("secret", "set", "cam-c1")
    (installation / ".env").write_text("KAOJIAN_HTTP_PORT=8001\n")
    (installation / "hooks.yaml").write_text("webhooks: []\n")
    monkeypatch.setenv("KAOJIAN_WEBHOOKS_FILE", str(installation / "hooks.yaml"))
    target = installation / "disk.sealed"
    done = kaojian("backup", str(target))
    assert done.code == 0, done.err
    public = Signer.read(load().signing_key_file).public
    assert f"--key {public}" in done.out
    assert journal(installation)[0] == ("save_backup", "disk.sealed", local_actor())
    contents = open_backup(target, installation / "parts", recovery=key, keys=[public])
    names = {part.path for part in contents.parts}
    assert {
        "database.sqlite3",
        "secrets/signing.key",
        "secrets/cam-c1",
        "secrets/recovery.public",
        "secrets.key",
        "journal/seals",
        "tls/authority.key",
        "tls/server.pem",
        "set-up/settings.env",
        "set-up/webhooks.yaml",
        "set-up/environment.env",
        "set-up/rule_packs/SG-2022-08-10.yaml",
    } <= names
    assert not [name for name in names if "spool" in name]
    assert "KAOJIAN_WEBHOOKS_FILE=" in (installation / "parts" / "set-up" / "environment.env").read_text()
    again = kaojian("backup", str(target))
    assert (again.code, "is there already" in again.err) == (1, True)


def test_a_backup_under_lock_is_listed_and_told_by_status(
    kaojian: Command, installation: Path, objects: MemoryObjects
) -> None:
    assert "none was brought under lock yet" in kaojian("status").out
    recovery(kaojian)
    assert kaojian("backup", "--list").out == "no backup lies in the object store yet\n"
    done = kaojian("backup")
    assert done.code == 0, done.err
    (there,) = shelf.shelved(objects)
    until = objects.stat(there.key).locked_until
    assert until is not None
    assert timedelta(days=89) < until - there.made <= timedelta(days=90, seconds=1)
    assert there.key in done.out
    assert there.key in kaojian("backup", "--list").out
    assert journal(installation)[0] == ("back_up", "backup", local_actor())
    assert "the newest was brought under lock" in kaojian("status").out
    assert [path.name for path in load().data_dir.iterdir() if path.name.startswith(".")] == []


def test_wrong_words_are_refused_before_anything_is_done(kaojian: Command, installation: Path) -> None:
    public = "0" * 64
    for line, code, said in (
        ("backup x --list", 2, "at a time"),
        ("backup --list", 1, "no object store is set"),
        ("restore x", 2, "name the key"),
        ("restore x --key 12", 2, "64 hex digits"),
        (f"restore x --key {public} --recovery-key-file exam.yaml", 1, "no recovery key"),
        (f"restore x --key {public} --recovery-key-file nowhere", 1, "nowhere"),
    ):
        words = line.split()
        done = kaojian(*words)
        assert (done.code, done.out) == (code, ""), words
        assert said in " ".join(done.err.split()), words
    assert not load().data_dir.exists()
    for line, code, said in (
        ("rebuild --key 12", 2, "64 hex digits"),
        ("rebuild", 1, "no object store is set"),
        (f"restore latest --key {public} --recovery-key-file key.txt", 1, "no object store is set"),
    ):
        (installation / "key.txt").write_text(RecoveryKey.new().text())
        words = line.split()
        done = kaojian(*words)
        assert (done.code, done.out) == (code, ""), words
        assert said in " ".join(done.err.split()), words


def test_a_restore_leaves_nothing_in_the_clear_and_says_what_is_not_known(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (installation / "key.txt").write_text(recovery(kaojian).text())
    kaojian("apply", "exam.yaml")
    kaojian("backup", "disk.sealed")
    public = Signer.read(load().signing_key_file).public
    left = installation / "new" / ".kaojian-restore-killed"
    left.mkdir(parents=True)
    (left / "signing.key").write_text("of a restore that was killed")
    monkeypatch.setenv("KAOJIAN_DATA_DIR", "new")
    words = ("restore", "disk.sealed", "--key", public, "--recovery-key-file", "key.txt")
    done = kaojian(*words)
    assert done.code == 0, done.err
    assert "NOT COMPARED 未比对" in done.out
    assert [path.name for path in (installation / "new").iterdir() if path.name.startswith(".")] == []
    assert Signer.read(load().signing_key_file).public == public
    assert "2026-0501" in kaojian("status").out
    assert kaojian("check").code == 0
    (installation / "new" / "kaojian.sqlite3").unlink()
    assert kaojian(*words).code == 1  # the journal went on: its file of seals is another one by now


@dataclass
class Nights:
    """The loop of the service, with a clock that is set by hand."""

    settings: Settings
    database: Database
    objects: MemoryObjects
    clock: FakeClock
    looks: list[datetime] = field(default_factory=list)

    def until(self, times: list[datetime], before: Callable[[int], None] = lambda _: None) -> list[str]:
        """Look at each of these instants; the backups that lie in the store then, and what was logged."""
        stop = threading.Event()
        nights = iter(enumerate(times))

        def wait(_: float | None = None) -> bool:
            step = next(nights, None)
            if step is None:
                stop.set()
                return True
            number, at = step
            self.clock.step((at - self.clock.now()).total_seconds())
            before(number)
            return False

        stop.wait = wait  # type: ignore[method-assign, assignment]
        wait()
        with capture_logs() as logged:
            backup._keep_backing_up(self.settings, self.database, self.objects, self.clock, stop)
        return [line["event"] for line in logged]


@pytest.fixture
def nights(kaojian: Command, objects: MemoryObjects) -> Iterator[Nights]:
    clock = FakeClock(NIGHT - timedelta(hours=5))
    objects.clock = clock
    settings = load()
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        yield Nights(settings, database, objects, clock)


def test_each_night_one_backup_is_brought_under_lock_and_a_missed_night_is_made_up(
    kaojian: Command, nights: Nights
) -> None:
    recovery(kaojian)
    minute, day = timedelta(minutes=1), timedelta(days=1)
    logged = nights.until(
        [NIGHT - minute, NIGHT, NIGHT + minute, NIGHT + day - minute, NIGHT + day, NIGHT + 4 * day + 9 * minute]
    )
    assert logged == ["backup_made"] * 4  # at once, in the first and the second night, and after it was off for two
    assert [each.made for each in reversed(shelf.shelved(nights.objects))] == [
        NIGHT - minute,
        NIGHT,
        NIGHT + day,
        NIGHT + 4 * day + 9 * minute,
    ]
    entry = nights.database.journal.entries(1)[0]
    assert (entry.act, entry.actor) == ("back_up", Actor("service:dashboard", Door.SERVICE))
    assert backups.newest(nights.database) == nights.clock.now()


def test_a_night_without_store_or_key_is_told_once_and_made_up_when_it_is_back(nights: Nights) -> None:
    def before(number: int) -> None:
        nights.objects.down = number == 2
        if number == 2:
            backup.new_recovery_key(nights.settings, nights.database, local_actor(), nights.clock)

    times = [NIGHT + timedelta(minutes=minute) for minute in range(5)]
    assert nights.until(times, before) == ["backup_not_made", "backup_not_made", "backup_made"]
    assert len(shelf.shelved(nights.objects)) == 1


def test_none_is_made_by_itself_where_there_is_no_store_or_it_was_turned_off(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = threading.active_count()
    with backup.backed_up(nights.settings, nights.database, None, nights.clock):
        assert threading.active_count() == before
    monkeypatch.setenv("KAOJIAN_BACKUP_LOCK_DAYS", "0")
    with backup.backed_up(load(), nights.database, nights.objects, nights.clock):
        assert threading.active_count() == before
    with backup.backed_up(nights.settings, nights.database, nights.objects, nights.clock):
        assert "backups" in {thread.name for thread in threading.enumerate()}
    assert threading.active_count() == before
