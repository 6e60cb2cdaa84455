"""The archive over a real S3 server: an outage in the middle, and the queue that drains after it."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.evidence import Place
from storage.archive import Archive, KeepResult
from storage.database import connect
from storage.objects import S3Objects
from storage.seaweed import SeaweedServer
from tests.objects_server import BUCKET
from tests.storage.footage import Footage

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)


def test_segments_closed_while_the_server_is_dead_are_kept_after_its_restart(
    object_server: SeaweedServer, tmp_path: Path
) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}")
    spool = tmp_path / "spool"
    footage = Footage(database, spool, prefix=tmp_path.name)
    archive = Archive(database.evidence, S3Objects(object_server.settings(BUCKET)), spool, lambda _: UNTIL)
    before = [footage.close_segment(minute) for minute in range(2)]
    assert archive.keep_pending() == KeepResult(kept=tuple(segment.key for segment in before))
    os.kill(object_server.pid, signal.SIGKILL)
    try:
        during = [footage.close_segment(minute) for minute in range(2, 5)]
        assert archive.keep_pending().lost is not None
        with archive.opened(before[0]) as file:
            assert file.read() == footage.path(before[0]).read_bytes()
    finally:
        object_server.stop()
        object_server.start()
    assert archive.keep_pending() == KeepResult(kept=tuple(segment.key for segment in during))
    for segment in before + during:
        data = footage.path(segment).read_bytes()
        footage.path(segment).unlink()
        with archive.opened(segment) as file:
            assert file.read() == data
        assert archive.read(segment, 100, 50) == data[100:150]
        assert database.evidence.copies([segment.key])[segment.key][-1].locked_until == UNTIL
    assert database.evidence.segments_without_copy(Place.S3, 10) == []
    database.close()
