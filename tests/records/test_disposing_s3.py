"""Footage disposed of in a real object store, whose locks last for a few seconds: it lets nothing go before."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from config.s3 import Duty
from domain.disposal import DisposalState
from storage.database import Database
from storage.manifest import destruction, keeping
from storage.manifest.keys import published
from storage.objects import NoSuchObject, S3Objects, StillLocked, whole_second
from storage.seaweed import SeaweedServer
from tests.closed_batches import FIRST, SECOND
from tests.disposals import ExpiredBatches
from tests.objects_server import BUCKET, object_server

__all__ = ["object_server"]


def test_a_real_store_lets_locked_footage_go_only_when_its_lock_is_over(
    database: Database, tmp_path: Path, object_server: SeaweedServer
) -> None:
    bucket = f"{BUCKET}-disposals"
    object_server.make_bucket(bucket)
    objects, disposing = (S3Objects(object_server.settings(bucket, duty)) for duty in (Duty.KEEP, Duty.DISPOSE))
    locked_until = whole_second(datetime.now(UTC) + timedelta(seconds=20))
    site = ExpiredBatches(database, tmp_path / "spool", cast("Any", objects), locked_until, cast("Any", disposing))
    listed = site.approved()
    versions = {key: objects.stat(key).version_id for key in site.footage()}
    (stopped,) = site.carry_out(listed).batches
    assert stopped.certificate is None
    assert "is locked until" in stopped.left[0]
    assert objects.keys("sg-001/") >= set(site.footage(FIRST))
    while datetime.now(UTC) <= locked_until + timedelta(seconds=1):
        time.sleep(0.2)
    outcome = site.carry_out(listed)
    assert outcome.listed.state(site.clock.now()) is DisposalState.CARRIED_OUT
    for key, version in versions.items():
        for wanted in (None, version):
            with pytest.raises(NoSuchObject):
                objects.stat(key, wanted)
    assert objects.keys("sg-001/") == set(site.footage(SECOND))
    assert len(objects.keys(keeping.PREFIX)) == 8
    (order, certificate) = destruction.papers_in(objects)["sg-001"].values()
    papers = [objects.read(order), objects.read(certificate)]
    assert len(list(destruction.check(papers, published(database.closings)))) == 2
    for key in (order, certificate):
        with pytest.raises(StillLocked):
            disposing.remove(key, objects.stat(key).version_id)
    objects.close()
    disposing.close()
