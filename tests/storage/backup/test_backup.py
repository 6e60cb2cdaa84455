"""Backups made, opened and put back, on SQLite and PostgreSQL: what is not as it was signed touches no machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy.engine import make_url

from domain.timeline import rfc3339
from storage.backup import shelf
from storage.backup.contents import (
    CONTENTS,
    BackupContents,
    BackupFailed,
    BackupRefused,
    Part,
    RestoreRefused,
)
from storage.backup.envelope import RecoveryKey, opened, sealing
from storage.backup.reading import open_backup
from storage.backup.restoring import Places, place
from storage.backup.writing import Made, make
from storage.database import Database, connect, snapshots
from storage.database.connection import Engine, migrations, newest_revision
from storage.errors import SchemaUnknown
from storage.manifest import keys as signing_keys
from storage.manifest.form import document_of, read_signed, signed
from storage.objects import AccessRefused
from storage.signing import Signer
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.records.setups import ACTOR

RECOVERY = RecoveryKey.new()
FILES = {"secrets/cam-c1": b"kaojian-sealed 1 ...", "secrets.key": b"key", "journal/seals": b"\n1 ab\n"}


@dataclass
class Machine:
    """An installation: its database with one act in the journal, its keys, and where it lies."""

    url: str
    folder: Path
    signer: Signer
    database: Database

    def files(self) -> dict[str, bytes]:
        return {**FILES, "secrets/signing.key": (self.folder / "signing.key").read_bytes()}

    def back_up(self, name: str = "backup", reserve_bytes: int = 0) -> Made:
        return make(
            self.folder / name,
            database_url=self.url,
            closings=self.database.closings,
            files=self.files,
            signer=self.signer,
            recipient=RECOVERY.public,
            now=NOON,
            software="kaojian test",
            reserve_bytes=reserve_bytes,
        )

    def places(self, url: str | None = None) -> Places:
        new = self.folder / "new"
        return Places(new, new / "secrets", new / "secrets.key", url or self.url)

    def wipe(self) -> None:
        """Nothing of the database is left."""
        self.database.close()
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite":
            for file in self.folder.parent.glob("kaojian.db*"):
                file.unlink()
            return
        schema = str(url.query["options"]).rpartition("=")[2]
        with psycopg.connect(f"host={url.query['host']} user=kaojian dbname=postgres", autocommit=True) as connection:
            connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
            connection.execute(f'CREATE SCHEMA "{schema}"')


@pytest.fixture
def machine(url: str, tmp_path: Path) -> Iterator[Machine]:
    folder = tmp_path / "machine"
    folder.mkdir()
    signer = Signer.kept(folder / "signing.key")
    database = connect(url, NOTARY)
    database.journal.record(NOON, ACTOR, "apply_site", "sg-001", "三间考场")
    yield Machine(url, folder, signer, database)
    database.close()


def unsealed(path: Path) -> dict[str, bytes]:
    with path.open("rb") as file, opened(file, RECOVERY) as inside:
        tape = io.BytesIO(gzip.decompress(inside.read()))
    with tarfile.open(fileobj=tape) as tar:
        return {info.name: content.read() for info in tar if (content := tar.extractfile(info)) is not None}


def resealed(path: Path, parts: dict[str, bytes], names: list[str] | None = None) -> None:
    """A backup as somebody makes it who knows the public half of the recovery key, and no signing key of ours."""
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as tar:
        for name in names or list(parts):
            info = tarfile.TarInfo(name)
            info.size = len(parts[name])
            tar.addfile(info, io.BytesIO(parts[name]))
    with path.open("wb") as out, sealing(out, RECOVERY.public) as inside:
        inside.write(gzip.compress(tape.getvalue()))


def stated(parts: dict[str, bytes], signer: Signer, **changed: object) -> bytes:
    """A list of contents of these parts, signed by that key."""
    told, _ = read_signed(BackupContents, parts[CONTENTS])
    listed = tuple(
        Part(name, (found := document_of(data)).sha256, found.size_bytes)
        for name, data in parts.items()
        if name != CONTENTS
    )
    return signed(signer, replace(told, parts=listed, key=signer.public, **changed))  # type: ignore[arg-type]


def dropped(parts: dict[str, bytes], machine: Machine) -> None:
    del parts["secrets.key"]


def changed(parts: dict[str, bytes], machine: Machine) -> None:
    parts["secrets.key"] = b"another"


def added(parts: dict[str, bytes], machine: Machine) -> None:
    parts["secrets/evil"] = b"x"


def unlisted(parts: dict[str, bytes], machine: Machine) -> None:
    del parts[CONTENTS]


def by_a_stranger(parts: dict[str, bytes], machine: Machine) -> None:
    parts[CONTENTS] = stated(parts, Signer.new())


def outside(parts: dict[str, bytes], machine: Machine) -> None:
    parts["secrets/../../evil"] = b"x"
    parts[CONTENTS] = stated(parts, machine.signer)


def elsewhere(parts: dict[str, bytes], machine: Machine) -> None:
    parts["/etc/cron.d/evil"] = b"x"
    parts[CONTENTS] = stated(parts, machine.signer)


def of_another_form(parts: dict[str, bytes], machine: Machine) -> None:
    parts[CONTENTS] = stated(parts, machine.signer, form="kaojian-backup-9")


def of_no_database(parts: dict[str, bytes], machine: Machine) -> None:
    parts[CONTENTS] = stated(parts, machine.signer, database="oracle")


def no_json(parts: dict[str, bytes], machine: Machine) -> None:
    parts[CONTENTS] = b"{}"


Spoil = Callable[[dict[str, bytes], Machine], None]


@pytest.mark.parametrize(
    "spoil",
    [dropped, changed, added, unlisted, by_a_stranger, outside, elsewhere, of_another_form, of_no_database, no_json],
)
def test_a_backup_that_is_not_as_it_was_signed_is_refused(machine: Machine, spoil: Spoil) -> None:
    made = machine.back_up()
    parts = unsealed(made.path)
    spoil(parts, machine)
    resealed(machine.folder / "spoilt", parts)
    with pytest.raises(BackupRefused):
        open_backup(
            machine.folder / "spoilt", machine.folder / "parts", recovery=RECOVERY, keys=[machine.signer.public]
        )
    assert not (machine.folder.parent / "evil").exists()


def test_a_file_that_comes_twice_and_bytes_that_are_no_archive_are_refused(machine: Machine) -> None:
    parts = unsealed(machine.back_up().path)
    twice = machine.folder / "twice"
    resealed(twice, parts, [*parts, "secrets.key"])
    noise = machine.folder / "noise"
    with noise.open("wb") as out, sealing(out, RECOVERY.public) as inside:
        inside.write(b"no archive")
    for number, path in enumerate((twice, noise)):
        with pytest.raises(BackupRefused):
            open_backup(path, machine.folder / f"p{number}", recovery=RECOVERY, keys=[machine.signer.public])


def test_a_key_is_believed_by_the_takeovers_before_it_and_a_stranger_s_is_not(machine: Machine) -> None:
    file = machine.folder / "signing.key"
    old, new = signing_keys.rotate(machine.database.closings, file, NOON - timedelta(days=1))
    machine.signer = Signer.read(file)
    made = machine.back_up()
    for number, key in enumerate((old, new)):
        told = open_backup(made.path, machine.folder / f"p{number}", recovery=RECOVERY, keys=[key])
        assert told.key == new
    with pytest.raises(BackupRefused, match="none of the keys that you named vouches"):
        open_backup(made.path, machine.folder / "p2", recovery=RECOVERY, keys=[Signer.new().public])


def test_what_was_backed_up_is_there_again_on_an_empty_machine(machine: Machine) -> None:
    made = machine.back_up()
    before = machine.database.journal.entries()
    machine.wipe()
    contents = open_backup(made.path, machine.folder / "parts", recovery=RECOVERY, keys=[machine.signer.public])
    placed = place(machine.folder / "parts", contents, machine.places())
    new = machine.folder / "new"
    assert {path.relative_to(new).as_posix(): path.read_bytes() for path in placed} == {
        **FILES,
        "secrets/signing.key": (machine.folder / "signing.key").read_bytes(),
    }
    assert {path.stat().st_mode & 0o777 for path in placed} == {0o600}
    with closing(connect(machine.url, NOTARY)) as database:
        assert database.journal.entries() == before
        database.journal.record(NOON, ACTOR, "restore_backup", "x")
        with pytest.raises(Exception, match=r"never changed this way|refuse"), database._engine.writing() as writing:
            writing.exec_driver_sql("UPDATE journal SET act = 'x'")


def test_a_restore_overwrites_nothing(machine: Machine) -> None:
    made = machine.back_up()
    contents = open_backup(made.path, machine.folder / "parts", recovery=RECOVERY, keys=[machine.signer.public])
    with pytest.raises(RestoreRefused, match="the database of this machine is not empty"):
        place(machine.folder / "parts", contents, machine.places())
    machine.wipe()
    other = machine.folder / "new" / "secrets" / "signing.key"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"the key of this machine")
    with pytest.raises(RestoreRefused, match=r"signing\.key is there with other content"):
        place(machine.folder / "parts", contents, machine.places())
    assert other.read_bytes() == b"the key of this machine"
    assert not (machine.folder / "new" / "secrets.key").exists()
    assert not snapshots.has_tables(machine.url)


def test_a_restore_that_fails_at_the_database_takes_back_what_it_placed(machine: Machine) -> None:
    made = machine.back_up()
    contents = open_backup(made.path, machine.folder / "parts", recovery=RECOVERY, keys=[machine.signer.public])
    machine.wipe()
    blocked = machine.folder / "parts" / snapshots_name(contents)
    whole = blocked.read_bytes()
    blocked.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Exception, match=r"cannot be used|failed"):
        place(machine.folder / "parts", contents, machine.places())
    assert [path for path in (machine.folder / "new").rglob("*") if path.is_file()] == []
    assert not snapshots.has_tables(machine.url)
    for left in blocked.parent.glob(f"{blocked.name}-*"):
        left.unlink()
    blocked.write_bytes(whole)
    assert len(place(machine.folder / "parts", contents, machine.places())) == len(FILES) + 1


def test_a_restore_that_was_killed_before_the_database_goes_on(machine: Machine) -> None:
    made = machine.back_up()
    contents = open_backup(made.path, machine.folder / "parts", recovery=RECOVERY, keys=[machine.signer.public])
    machine.wipe()
    already = machine.folder / "new" / "secrets.key"
    already.parent.mkdir()
    already.write_bytes(FILES["secrets.key"])
    assert already not in place(machine.folder / "parts", contents, machine.places())
    assert snapshots.has_tables(machine.url)


def test_a_backup_of_a_later_version_is_refused_with_what_to_do(machine: Machine) -> None:
    parts = unsealed(machine.back_up().path)
    parts[CONTENTS] = stated(parts, machine.signer, schema="9999")
    resealed(machine.folder / "later", parts)
    contents = open_backup(
        machine.folder / "later", machine.folder / "parts", recovery=RECOVERY, keys=[machine.signer.public]
    )
    machine.wipe()
    with pytest.raises(SchemaUnknown, match=r"by a later version of Kaojian .schema 9999.*install that version"):
        place(machine.folder / "parts", contents, machine.places())
    assert not (machine.folder / "new").exists()


def test_a_backup_goes_into_the_kind_of_database_that_it_is_of(machine: Machine, tmp_path: Path) -> None:
    made = machine.back_up()
    contents = open_backup(made.path, machine.folder / "parts", recovery=RECOVERY, keys=[machine.signer.public])
    other = "postgresql://nobody@127.0.0.1:1/x" if contents.database == "sqlite" else f"sqlite:///{tmp_path / 'x.db'}"
    with pytest.raises(RestoreRefused, match="names another kind"):
        place(machine.folder / "parts", contents, machine.places(other))


def test_the_log_of_a_database_that_is_gone_is_not_taken_into_the_restored_one(tmp_path: Path) -> None:
    assert snapshots.leftovers(f"sqlite:///{tmp_path / 'kaojian.db'}") == []
    (tmp_path / "kaojian.db-wal").write_bytes(b"frames of the old one")
    assert snapshots.leftovers(f"sqlite:///{tmp_path / 'kaojian.db'}") == [tmp_path / "kaojian.db-wal"]


def test_a_backup_leaves_the_recorder_its_room_and_overwrites_nothing(machine: Machine) -> None:
    with pytest.raises(BackupFailed, match="make room there"):
        machine.back_up(reserve_bytes=1 << 60)
    assert [path.name for path in machine.folder.iterdir()] == ["signing.key"]
    machine.back_up()
    with pytest.raises(BackupFailed, match="is there already"):
        machine.back_up()
    assert sorted(path.name for path in machine.folder.iterdir()) == ["backup", "signing.key"]
    assert (machine.folder / "backup").stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_rotated_while_the_backup_is_made_lets_it_fail(machine: Machine) -> None:
    given = iter([b"old", b"new"])
    with pytest.raises(BackupFailed, match="rotated meanwhile"):
        make(
            machine.folder / "backup",
            database_url=machine.url,
            closings=machine.database.closings,
            files=lambda: {"secrets/signing.key": next(given)},
            signer=machine.signer,
            recipient=RECOVERY.public,
            now=NOON,
            software="kaojian test",
        )
    assert not (machine.folder / "backup").exists()


def test_nobody_reads_a_key_or_a_row_in_a_backup(machine: Machine) -> None:
    data = machine.back_up().path.read_bytes()
    for secret in (FILES["secrets/cam-c1"], b"PRIVATE KEY", "三间考场".encode(), b"SQLite format", b"journal"):
        assert secret not in data


def test_backups_lie_in_the_store_under_lock_and_the_newest_comes_first(machine: Machine) -> None:
    objects = MemoryObjects(clock=FakeClock(NOON))
    made = machine.back_up()
    first, stored = shelf.put(objects, made, timedelta(days=90))
    later = replace(made, contents=replace(made.contents, made=NOON + timedelta(days=1)))
    second, _ = shelf.put(objects, later, timedelta(days=90))
    assert stored.locked_until == NOON + timedelta(days=90)
    assert shelf.shelved(objects) == [second, first]
    assert rfc3339(first.made) == rfc3339(NOON)
    for each in (first, second):
        with pytest.raises(AccessRefused):
            objects.delete(each.key, objects.stat(each.key).version_id)
    shelf.fetch(objects, first, machine.folder / "fetched")
    assert (machine.folder / "fetched").read_bytes() == made.path.read_bytes()
    other = machine.folder / "other"
    other.write_bytes(b"what somebody put over it")
    objects.put(first.key, other, hashlib.sha256(other.read_bytes()).hexdigest(), NOON)
    shelf.fetch(objects, first, machine.folder / "beneath")
    assert (machine.folder / "beneath").read_bytes() == made.path.read_bytes()
    objects.hide(first.key)
    assert first in shelf.shelved(objects)
    shelf.fetch(objects, first, machine.folder / "hidden")
    assert (machine.folder / "hidden").read_bytes() == made.path.read_bytes()
    objects.flip_a_byte(second.key)
    with pytest.raises(BackupRefused, match="other bytes than its name says"):
        shelf.fetch(objects, second, machine.folder / "damaged")


def snapshots_name(contents: BackupContents) -> str:
    return {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}[contents.database]


def test_a_backup_of_an_older_schema_is_brought_up_to_this_one(url: str, tmp_path: Path) -> None:
    (tmp_path / "machine").mkdir()
    engine = Engine(url)
    with engine.writing() as connection:
        command.upgrade(migrations(connection), "0020")
    old = Machine(
        url, tmp_path / "machine", Signer.kept(tmp_path / "machine" / "signing.key"), Database(engine, NOTARY)
    )
    old.database.journal.record(NOON, ACTOR, "apply_site", "sg-001")
    made, before = old.back_up(), old.database.journal.entries()
    assert made.contents.schema == "0020"
    old.wipe()
    contents = open_backup(made.path, tmp_path / "parts", recovery=RECOVERY, keys=[old.signer.public])
    place(tmp_path / "parts", contents, old.places())
    assert snapshots.revision_of(url) == newest_revision() > "0020"
    with closing(connect(url)) as database:
        assert database.journal.entries() == before
        assert database.holds.all() == []  # a table that the older version had not
