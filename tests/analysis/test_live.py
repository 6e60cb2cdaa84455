"""How cameras stand now, where several recorders speak of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analysis.live import Standing, living, standings
from domain.evidence import CameraEvent, CameraState, Cause, EndReason, Outage, Recorder, Run
from storage.database import Database, connect

NINE = datetime.fromisoformat("2026-05-01T09:00:00+08:00")


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Two recorders that began together, each with its own name."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.sqlite3'}")
    for name in ("a", "b"):
        database.evidence.begin_recorder(Recorder(name, f"host-{name}", NINE, NINE))
    yield database
    database.close()


def stands(database: Database, now: datetime, camera: str = "cam-1") -> Standing:
    lives = {recorder.id for recorder in living(database.evidence, now)}
    return standings(database.evidence, lives, [camera])[camera]


def test_an_outage_of_one_recorder_does_not_hide_that_another_records(database: Database) -> None:
    database.evidence.open_outage(Outage("o", "cam-1", after(1), None, Cause.DISK_FULL, "no room", "a"))
    run = Run("r", "cam-1", "b", after(2))
    database.evidence.begin_run(run)
    assert stands(database, after(3)) == Standing(run=run)


def test_a_run_whose_own_recorder_tells_of_an_outage_records_nothing(database: Database) -> None:
    outage = Outage("o", "cam-1", after(1), None, Cause.NO_DATA, "no key frame yet", "b")
    database.evidence.open_outage(outage)
    database.evidence.begin_run(Run("r", "cam-1", "b", after(2)))
    assert stands(database, after(3)) == Standing(outage=outage)


def test_where_both_are_out_the_best_ranked_cause_is_named_since_when_both_are(database: Database) -> None:
    database.evidence.open_outage(Outage("o", "cam-1", after(1), None, Cause.DISK_FULL, "no room", "a"))
    database.evidence.open_outage(Outage("p", "cam-1", after(2), None, Cause.NO_DATA, "silent", "b"))
    assert stands(database, after(3)).outage == Outage("o", "cam-1", after(2), None, Cause.DISK_FULL, "no room", "a")


def test_what_a_dead_recorder_left_open_counts_for_nothing(database: Database) -> None:
    database.evidence.begin_run(Run("r", "cam-1", "a", after(1)))
    database.evidence.open_outage(Outage("o", "cam-2", after(1), None, Cause.NO_DATA, "silent", "a"))
    database.evidence.add_event(CameraEvent("e", "cam-1", "a", after(1), CameraState.LIVE))
    database.evidence.heartbeat("b", after(10))
    assert [recorder.id for recorder in living(database.evidence, after(10))] == ["b"]
    assert stands(database, after(10)) == Standing()
    assert stands(database, after(10), "cam-2") == Standing()


def test_an_outage_of_an_unknown_recorder_is_every_recorders(database: Database) -> None:
    database.evidence.begin_run(Run("r", "cam-1", "a", after(1)))
    outage = Outage("o", "cam-1", after(1), None, Cause.NO_DATA, "silent")
    database.evidence.open_outage(outage)
    assert stands(database, after(2)) == Standing(outage=outage)
    assert stands(database, after(60)) == Standing()


def test_of_two_recorders_words_the_one_that_has_pictures_is_told(database: Database) -> None:
    live = CameraEvent("e", "cam-1", "a", after(1), CameraState.LIVE)
    lost = CameraEvent("f", "cam-1", "b", after(2), CameraState.LOST)
    for event in (live, lost):
        database.evidence.add_event(event)
    assert stands(database, after(3)).events == (lost, live)
    assert stands(database, after(3)).event == live


def test_a_run_that_ended_is_no_recording(database: Database) -> None:
    database.evidence.begin_run(Run("r", "cam-1", "a", after(1)))
    database.evidence.end_run("r", after(2), EndReason.NOT_NEEDED)
    assert stands(database, after(3)) == Standing()
