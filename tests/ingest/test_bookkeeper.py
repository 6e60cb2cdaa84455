"""A disk that fails under a run: what was durable is claimed, what was not is known, nothing goes on in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from errno import EIO
from pathlib import Path
from typing import cast

import pytest

from domain.evidence import Cause, EndReason, Outage, Recorder, Run
from domain.timeline import Interval, SystemClock
from ingest.bookkeeper import Bookkeeper, RunBook
from ingest.clock import RunClock
from ingest.reconcile import reconcile
from ingest.segmenter import Closed, Event, Fragment, Opened, Segmenter
from ingest.spool import ClosedFile, Spool, SpoolBroken, SpoolFile, segment_key
from storage.database import Database, Evidence, connect
from storage.database.connection import Engine
from storage.errors import DatabaseUnavailable
from tests.fakes.time import NOON
from tests.ingest.pictures import FPS, unit

DAY = Interval(NOON - timedelta(hours=1), NOON + timedelta(hours=12))


class BadDisk(Spool):
    """A spool whose files cannot be synced, and which may not even be read back."""

    def __init__(self, root: Path, *, readable: bool) -> None:
        super().__init__(root, 0)
        self._readable = readable

    def create(self, key: str) -> SpoolFile:
        file = super().create(key)

        def close() -> ClosedFile:
            raise SpoolBroken(f"{key}: {os.strerror(EIO)}")

        file.close = close  # type: ignore[method-assign]
        return file

    def recover(self, key: str, at_most: int | None = None) -> ClosedFile | None:
        if not self._readable:
            raise SpoolBroken(f"{key}: {os.strerror(EIO)}")
        return super().recover(key, at_most)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    opened.evidence.begin_recorder(Recorder("r1", "host", NOON, NOON))
    yield opened
    opened.close()


def _written(book: Bookkeeper, seconds: int) -> RunBook:
    """A run of one file, as the recorder hands it in."""
    run = book.new_run(Run("run", "cam", "r1", NOON))
    segmenter = Segmenter(60.0, 1.0)
    clock = RunClock()
    events: list[Event] = []
    for each in (unit(n) for n in range(seconds * FPS)):
        events += segmenter.take(each, clock.stamp(each.rtp_time, each.arrived, each.arrived_monotonic))
    for event in (*events, *segmenter.end()):
        match event:
            case Opened():
                run.open_file(segment_key("site/batch/cam", event.first), "batch", event.head)
            case Fragment():
                run.append(event.data, event.until)
            case Closed():
                run.close_file(event)
    run.end(NOON + timedelta(seconds=seconds), EndReason.NOT_NEEDED)
    return run


def test_a_file_that_cannot_be_synced_is_closed_from_what_can_be_read(database: Database, tmp_path: Path) -> None:
    book = Bookkeeper(BadDisk(tmp_path / "spool", readable=True), database.evidence, SystemClock())
    run = _written(book, 3)
    book.finish()
    assert run.failure is not None
    (segment,) = database.evidence.segments("cam", DAY)
    assert segment.frames == 3 * FPS
    assert list(book.spool.left_open()) == []


def test_a_disk_that_fails_twice_is_a_failure_of_the_run_and_the_next_start_claims_the_file(
    database: Database, tmp_path: Path
) -> None:
    book = Bookkeeper(BadDisk(tmp_path / "spool", readable=False), database.evidence, SystemClock())
    run = _written(book, 3)
    book.finish()
    assert run.failure is not None
    assert database.evidence.segments("cam", DAY) == []
    assert database.evidence.open_runs() == []
    reconcile(database.evidence, Spool(tmp_path / "spool", 0), NOON + timedelta(minutes=5))
    (segment,) = database.evidence.segments("cam", DAY)
    assert (segment.run, segment.frames) == ("run", 3 * FPS)


class AwayAtFirst(Evidence):
    """A database that does not answer the first time it is asked to write a run."""

    away = True

    def begin_run(self, run: Run) -> None:
        if self.away:
            self.away = False
            raise DatabaseUnavailable("gone for a moment")
        super().begin_run(run)


def test_rows_wait_for_a_database_that_is_away_and_keep_their_order(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'evidence.sqlite3'}"
    opened = connect(url)
    engine = Engine(url)
    opened.evidence.begin_recorder(Recorder("r1", "host", NOON, NOON))
    book = Bookkeeper(Spool(tmp_path / "spool", 0), AwayAtFirst(engine), SystemClock())
    _written(book, 3)
    book.finish()
    (run,) = opened.evidence.runs("cam", DAY)
    assert run.end_reason is EndReason.NOT_NEEDED
    assert [segment.frames for segment in opened.evidence.segments("cam", DAY)] == [3 * FPS]
    engine.close()
    opened.close()


def test_a_row_that_the_database_will_never_take_does_not_keep_the_others_waiting(
    database: Database, tmp_path: Path
) -> None:
    book = Bookkeeper(Spool(tmp_path / "spool", 0), database.evidence, SystemClock())
    book.open_outage(Outage("o1", cast("str", None), NOON, None, Cause.NO_DATA))
    book.open_outage(Outage("o2", "cam", NOON, None, Cause.NO_DATA))
    book.finish()
    assert [outage.id for outage in database.evidence.open_outages()] == ["o2"]


def test_writes_that_fail_after_the_recorder_let_go_of_the_run_are_told_as_an_outage(
    database: Database, tmp_path: Path
) -> None:
    book = Bookkeeper(BadDisk(tmp_path / "spool", readable=False), database.evidence, SystemClock())
    run = book.new_run(Run("run", "cam", "r1", NOON))
    run.open_file("site/batch/cam/20260501T040000.000000Z.mp4", "batch", b"")
    run.close_file(cast("Closed", None))
    run.end(NOON + timedelta(seconds=3), EndReason.NO_DATA)
    book.finish()
    (outage,) = database.evidence.outages("cam", DAY)
    assert (outage.start, outage.end, outage.cause) == (NOON, NOON + timedelta(seconds=3), Cause.OVERFLOW)
