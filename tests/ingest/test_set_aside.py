"""Rows that the database refuses: none is lost, none holds up another, and each is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from domain.evidence import CameraEvent, CameraState, Cause, Copy, EndReason, Outage, Place, Recorder, Run, Segment
from domain.host_clock import CameraClocks, CameraOffset, HostClock, NtpState
from domain.timeline import Interval, SystemClock
from ingest.bookkeeper import Bookkeeper
from ingest.reconcile import reconcile
from ingest.set_aside import FOLDER, Row, SetAside
from ingest.spool import Spool
from storage.database import Database, Evidence, connect
from storage.errors import DatabaseUnavailable, RowRefused
from tests.fakes.time import NOON

DAY = Interval(NOON - timedelta(hours=1), NOON + timedelta(hours=12))
OUTAGE = Outage("o1", "cam", NOON, NOON + timedelta(seconds=1.000001), Cause.NO_DATA, "nothing 无", "r1")
RUN = Run("run", "cam", "r1", NOON, NOON + timedelta(minutes=1), EndReason.NO_DATA)
SEGMENT = Segment("s/b/cam/1.mp4", "cam", "b", "run", DAY, 9, 5, "ab", 4, "avc1", 16, 16, 0, 0.5, None)
COPY = Copy(SEGMENT.key, Place.SPOOL, "/spool", NOON, 5, "ab", device="host:1:2")
READING = HostClock(
    "r1", NOON, NtpState(0.1, 0.2, 0.3, False), None, CameraClocks(1, 1, 0.1, 0.2, (CameraOffset("10.0.0.1", 0.1),))
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    opened.evidence.begin_recorder(Recorder("r1", "host", NOON, NOON))
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "spool", 0)
    made.claim(used=False)
    return made


class FullyBooked(Evidence):
    """Refuses every outage, as a database with a rule that the recorder does not know."""

    def open_outage(self, outage: Outage) -> None:
        raise RowRefused("CHECK constraint failed: nobody is out today")


@pytest.mark.parametrize(
    "row",
    [
        Row("begin_run", (RUN,)),
        Row("end_run", ("run", NOON, EndReason.RECORDER_KILLED)),
        Row("add_segment", (SEGMENT, COPY)),
        Row("open_outage", (OUTAGE,)),
        Row("close_outage", ("o1", NOON, None, None)),
        Row("close_outage", ("o1", NOON, Cause.NO_DATA, "known by now")),
        Row("add_event", (CameraEvent("e", "cam", "r1", NOON, CameraState.LOST, "gone", 2, 1.5),)),
        Row("add_clock_reading", (READING,)),
    ],
    ids=lambda row: row.act,
)
def test_a_row_is_read_back_as_it_was_set_aside(row: Row, spool: Spool) -> None:
    SetAside([spool]).keep(row, "because", NOON)
    (refused,) = SetAside([spool]).waiting()
    assert (refused.row, refused.reason, refused.at) == (row, "because", NOON)


def test_a_refused_row_waits_in_the_spool_while_others_go_on_and_is_written_at_the_next_start(
    database: Database, spool: Spool
) -> None:
    book = Bookkeeper(spool, FullyBooked(database.evidence._engine), SystemClock())
    event = CameraEvent("e", "cam", "r1", NOON, CameraState.LOST)
    with capture_logs() as told:
        book.open_outage(OUTAGE)
        book.add_event(event)
        book.finish()
    assert database.evidence.events(DAY) == [event]
    assert [entry["reason"] for entry in told if entry["event"] == "row_set_aside"] == [
        "CHECK constraint failed: nobody is out today"
    ]
    reconcile(database.evidence, spool, NOON)
    assert database.evidence.outages("cam", DAY) == [OUTAGE]
    assert SetAside([spool]).waiting() == []


def test_rows_that_rest_on_a_refused_one_follow_it_into_the_database(database: Database, spool: Spool) -> None:
    aside = SetAside([spool])
    aside.keep(Row("add_segment", (SEGMENT, COPY)), "no such run", NOON)
    aside.keep(Row("begin_run", (RUN,)), "refused", NOON)
    assert aside.retry(database.evidence) == (2, 0)
    assert database.evidence.segment(SEGMENT.key) == SEGMENT


def test_a_row_that_can_never_be_written_stays_and_so_does_a_file_that_is_none(
    database: Database, spool: Spool
) -> None:
    aside = SetAside([spool])
    aside.keep(Row("open_outage", (Outage("o", cast("str", None), NOON, None, Cause.NO_DATA),)), "no camera", NOON)
    (spool.root / FOLDER / "by-hand.json").write_text('{"act": "close"}')
    aside.keep(Row("open_outage", (OUTAGE,)), "refused", NOON)
    assert aside.retry(database.evidence) == (1, 2)
    assert {refused.reason for refused in aside.waiting()} > {"no camera"}


def test_nothing_leaves_its_file_while_the_database_is_away(database: Database, spool: Spool) -> None:
    class Away(Evidence):
        def open_outage(self, outage: Outage) -> None:
            raise DatabaseUnavailable("gone")

    aside = SetAside([spool])
    aside.keep(Row("open_outage", (OUTAGE,)), "refused", NOON)
    with pytest.raises(DatabaseUnavailable):
        aside.retry(Away(database.evidence._engine))
    assert len(aside.waiting()) == 1


def test_a_row_that_no_spool_takes_stands_in_the_log(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 0)
    spool.claim(used=False)
    (spool.root / ".kaojian-spool").unlink()
    with capture_logs() as told:
        SetAside([spool]).keep(Row("open_outage", (OUTAGE,)), "refused", NOON)
    assert told[-1]["event"] == "row_lost"
    assert '"o1"' in told[-1]["row"]
