"""Scans over a real S3 server: adopted when filed again, locked, held, read again, and never deleted early."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from domain.dossier import ScanType
from storage.archive import Archive
from storage.database import connect
from storage.objects import S3Objects, StillLocked
from storage.scans import Answer, scan_key
from storage.seaweed import SeaweedServer
from tests.objects_server import BUCKET

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)


def test_a_scan_is_kept_once_held_lengthened_and_read_again(object_server: SeaweedServer, tmp_path: Path) -> None:
    until, held = [UNTIL], [False]
    objects = S3Objects(object_server.settings(BUCKET))
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}")
    archive = Archive(database.evidence, objects, tmp_path / "spool", lambda _: until[0], held=lambda _batch: held[0])
    batch, data = tmp_path.name, b"%PDF- a scan " + tmp_path.name.encode()
    key = scan_key("sg-001", batch, sha256(data).hexdigest(), ScanType.PDF)
    (copy,) = archive.scans.keep(key, batch, data)
    assert archive.scans.keep(key, batch, data) == (copy,)
    assert (copy.locked_until, archive.scans.reread(copy), archive.scans.read([copy])) == (UNTIL, Answer.RIGHT, data)
    held[0], until[0] = True, UNTIL + timedelta(days=1)
    assert archive.scans.secure(copy) == until[0]
    assert objects.is_held(key, copy.version_id)
    held[0] = False
    archive.scans.secure(copy)
    assert not objects.is_held(key, copy.version_id)
    with pytest.raises(StillLocked):
        objects.remove(key, copy.version_id)
    assert archive.scans.reread(replace(copy, version_id="0" * 32)) is Answer.MISSING
    assert archive.scans.reread(replace(copy, sha256="0" * 64)) is Answer.DAMAGED
    database.close()
