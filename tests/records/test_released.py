"""What each released version left on disk is opened, brought up to date and verified by this one, by folder."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from analysis.report import sitting_report
from domain.chain import Seal
from domain.evidence import Cause
from domain.timeline import SystemClock
from records.rebuilding import rebuild
from storage.audit import checking
from storage.audit.checking import Vouchers
from storage.backup.comparing import is_segment
from storage.backup.envelope import RecoveryKey
from storage.backup.reading import open_backup
from storage.backup.restoring import Places, place
from storage.database import Database, connect, snapshots
from storage.database.connection import newest_revision
from storage.manifest.trees import reading
from storage.manifest.verifying import Trust, verify
from tests.closed_batches import FIRST, LOCKED_UNTIL, PACK, SECOND, SITE
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fixtures.making import HERE

VERSIONS = sorted(path.name for path in HERE.iterdir() if (path / "told.json").exists())


@pytest.fixture(params=VERSIONS)
def released(request: pytest.FixtureRequest) -> Path:
    return HERE / str(request.param)


@pytest.fixture
def told(released: Path) -> dict[str, Any]:
    return dict(json.loads((released / "told.json").read_text(encoding="utf-8")))


@pytest.fixture
def store(released: Path, tmp_path: Path) -> MemoryObjects:
    """The object store that the version filled."""
    objects = MemoryObjects()
    with zipfile.ZipFile(released / "store.zip") as archive:
        for name in archive.namelist():
            data, file = archive.read(name), tmp_path / "object"
            file.write_bytes(data)
            objects.put(name, file, hashlib.sha256(data).hexdigest(), LOCKED_UNTIL)
    return objects


@pytest.fixture
def database(released: Path, tmp_path: Path) -> Iterator[Database]:
    """The database that the version wrote, opened by this one."""
    file = tmp_path / "kaojian.sqlite3"
    file.write_bytes(gzip.decompress((released / "database.sqlite3.gz").read_bytes()))
    with closing(connect(f"sqlite:///{file}", NOTARY)) as opened:
        assert snapshots.revision_of(f"sqlite:///{file}") == newest_revision()
        yield opened


def test_there_is_a_folder_for_every_released_version_and_none_is_large() -> None:
    assert VERSIONS[:1] == ["0.1.0"]
    for version in VERSIONS:
        assert sum(file.stat().st_size for file in (HERE / version).iterdir()) < 300_000


def test_a_database_of_a_released_version_is_read_and_judged_by_this_one(
    database: Database, told: dict[str, Any]
) -> None:
    assert told["schema"] <= newest_revision()
    assert [entry.act for entry in reversed(database.journal.entries())] == told["acts"]
    head = database.closings.links(SITE.id)[-1]
    assert f"{head.number}:{head.digest}" == told["head"]
    keys = [segment.key for batch in (FIRST, SECOND) for segment, _ in database.evidence.segments_of(batch)]
    assert keys == told["segments"]
    for batch in (FIRST, SECOND):
        report = sitting_report(database, batch, 1, PACK, SystemClock().now())
        assert [gap.cause for camera in report.cameras for gap in camera.gaps] == [Cause.CAMERA_DISCONNECTED]


def test_an_export_of_a_released_version_is_verified_by_this_one(released: Path, told: dict[str, Any]) -> None:
    with reading(released / "batch.zip") as tree:
        assert len(list(verify(tree, Trust([told["key"]], head=Seal.parse(told["head"]))))) == 11


def test_a_backup_of_a_released_version_is_restored_by_this_one_and_its_records_hold(
    released: Path, told: dict[str, Any], store: MemoryObjects, tmp_path: Path
) -> None:
    recovery, new = RecoveryKey.parse(told["recovery"]), tmp_path / "new"
    contents = open_backup(released / "backup.sealed", tmp_path / "parts", recovery=recovery, keys=[told["key"]])
    url = f"sqlite:///{new / 'kaojian.sqlite3'}"
    place(tmp_path / "parts", contents, Places(new, new / "secrets", new / "secrets.key", url))
    with closing(connect(url)) as database:
        assert [entry.act for entry in reversed(database.journal.entries())] == told["acts"]
        for rows in database.records:
            found = checking.check(rows, Vouchers(new, [told["key"]], store))
            assert found.chain.faults == []
        assert not rebuild(database, [store], SystemClock())


def test_what_a_released_version_stored_is_rebuilt_by_this_one(
    told: dict[str, Any], store: MemoryObjects, tmp_path: Path
) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'empty.sqlite3'}", NOTARY)) as database:
        done = rebuild(database, [store], SystemClock(), keys=[told["key"]])
        assert done.problems == []
        assert done.stated == len(told["segments"]) == len([key for key in store.keys("") if is_segment(key)])
        head = database.closings.links(SITE.id)[-1]
        assert f"{head.number}:{head.digest}" == told["head"]
