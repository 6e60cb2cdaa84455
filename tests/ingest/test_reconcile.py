"""After a crash: what was written is found, closed, claimed once, and what was lost is accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.evidence import Cause, EndReason, Outage, Recorder, Run
from domain.timeline import Interval
from ingest.reconcile import reconcile
from ingest.segmenter import Closed
from ingest.spool import Spool, segment_key
from storage.database import Database, connect
from tests.fakes.time import NOON
from tests.ingest.pictures import FPS, unit
from tests.ingest.test_segmenter import record

DAY = Interval(NOON - timedelta(hours=1), NOON + timedelta(hours=12))
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    opened.evidence.begin_recorder(Recorder("r1", "host", NOON, NOON + timedelta(seconds=11)))
    opened.evidence.begin_run(Run("run", "cam", "r1", NOON))
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 0)


def _file(seconds: int = 3) -> tuple[bytes, Closed]:
    return record((unit(n) for n in range(seconds * FPS)), segment_s=60).files[0]


def _leave_open(spool: Spool, data: bytes) -> str:
    file = spool.create(segment_key("site/batch/cam", NOON))
    file.append(data)
    file.abandon()
    return file.key


def test_a_torn_file_becomes_a_segment_and_its_run_ends_where_it_ends(database: Database, spool: Spool) -> None:
    data, _ = _file(3)
    key = _leave_open(spool, data[:-100])
    reconcile(database.evidence, spool, LATER)
    (segment,) = database.evidence.segments("cam", DAY)
    assert (segment.key, segment.run, segment.batch) == (key, "run", "batch")
    assert abs(segment.interval.seconds - 2) < 0.1
    (run,) = database.evidence.runs("cam", DAY)
    assert run.end_reason is EndReason.RECORDER_KILLED
    assert run.ended == segment.interval.end
    assert [(copy.segment, copy.device) for copy in database.evidence.copies([key])[key]] == [(key, spool.device)]


def test_a_closed_file_whose_row_was_not_written_yet_gets_it(database: Database, spool: Spool) -> None:
    data, facts = _file()
    file = spool.create(segment_key("site/batch/cam", NOON))
    file.append(data)
    file.close()
    assert reconcile(database.evidence, spool, LATER).rows_added == 1
    (segment,) = database.evidence.segments("cam", DAY)
    assert segment.frames == facts.frames
    assert abs((segment.interval.end - facts.interval.end).total_seconds()) < 0.0001


def test_reconciling_twice_changes_nothing(database: Database, spool: Spool) -> None:
    _leave_open(spool, _file()[0])
    reconcile(database.evidence, spool, LATER)
    before = database.evidence.segments("cam", DAY), database.evidence.runs("cam", DAY)
    found = reconcile(database.evidence, spool, LATER)
    assert (found.files_closed, found.rows_added, found.runs_ended, found.outages_ended) == (0, 0, 0, 0)
    assert (database.evidence.segments("cam", DAY), database.evidence.runs("cam", DAY)) == before


def test_a_run_without_a_file_ends_where_it_began(database: Database, spool: Spool) -> None:
    reconcile(database.evidence, spool, LATER)
    assert database.evidence.open_runs() == []
    assert spool.free_bytes() > 0


def test_an_open_outage_ends_at_the_last_heartbeat_since_then_nobody_watched(
    database: Database, spool: Spool
) -> None:
    begun = NOON + timedelta(seconds=5)
    database.evidence.open_outage(Outage("o", "cam", begun, None, Cause.CAMERA_DISCONNECTED))
    reconcile(database.evidence, spool, LATER)
    (outage,) = database.evidence.outages("cam", DAY)
    assert outage.end == NOON + timedelta(seconds=11)


def test_a_file_no_run_can_have_written_is_kept_and_not_claimed(tmp_path: Path, spool: Spool) -> None:
    empty = connect(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    key = _leave_open(spool, _file()[0])
    assert reconcile(empty.evidence, spool, LATER).rows_added == 0
    assert (spool.root / key).exists()
    empty.close()


def test_a_file_whose_run_never_reached_the_database_is_claimed_with_a_run_of_its_own(
    database: Database, spool: Spool
) -> None:
    data, facts = _file()
    keys = []
    for camera in ("other", "another"):
        file = spool.create(segment_key(f"site/batch/{camera}", NOON))
        file.append(data)
        keys.append(file.key)
        if camera == "other":
            file.close()
        else:
            file.abandon()
    assert reconcile(database.evidence, spool, LATER).rows_added == 2
    for camera, key in zip(("other", "another"), keys, strict=True):
        (segment,) = database.evidence.segments(camera, DAY)
        (run,) = database.evidence.runs(camera, DAY)
        assert (segment.key, segment.run, segment.frames) == (key, run.id, facts.frames)
        assert (run.recorder, run.started, run.ended) == ("r1", segment.interval.start, segment.interval.end)
        assert run.end_reason is EndReason.RECORDER_KILLED
    assert reconcile(database.evidence, spool, LATER).rows_added == 0


def test_files_that_are_none_of_ours_keep_no_recorder_from_starting(database: Database, spool: Spool) -> None:
    (spool.root / "holiday.mp4").write_bytes(b"somebody's film")
    (spool.root / "site" / "batch" / "cam").mkdir(parents=True)
    (spool.root / "site" / "batch" / "cam" / "notes.mp4").write_bytes(_file()[0][:-50])
    (spool.root / "site" / "batch" / "cam" / "folder.mp4.open").mkdir()
    (spool.root / "site" / "batch" / "cam" / "folder.mp4").mkdir()
    (spool.root / "lost.mp4").symlink_to(spool.root / "nowhere")
    data, _ = _file()
    file = spool.create(segment_key("site/batch/cam", NOON))
    file.append(data)
    file.abandon()
    found = reconcile(database.evidence, spool, LATER)
    assert (found.files_closed, found.runs_ended) == (1, 1)
    assert file.key in [segment.key for segment in database.evidence.segments("cam", DAY)]
    assert (spool.root / "holiday.mp4").read_bytes() == b"somebody's film"
