"""When a trial is recorded: from its order to its end, by the running recorders, never at the cost of an exam."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.secrets import Secrets
from domain.evidence import TRIALS
from ingest.recorder import Assignment
from records.conduct import open_sitting
from records.schedule import RUN_DOWN, Schedule
from storage.database import Database
from tests.records.setups import ACTOR, ROOMY, START
from tests.records.tried import BATCH, Tried


@pytest.fixture
def tried(database: Database, tmp_path: Path) -> Tried:
    return Tried(database, tmp_path / "spool")


@pytest.fixture
def schedule(database: Database, tmp_path: Path) -> Schedule:
    return Schedule(database, Secrets(tmp_path / "secrets"), timedelta(seconds=5))


def wanted(schedule: Schedule, at: datetime) -> list[tuple[str, str, bool]]:
    return [(each.camera, each.folder, each.trial) for each in schedule.wanted(at)]


def test_all_cameras_of_the_sitting_are_recorded_apart_until_the_trial_has_run_down(
    tried: Tried, schedule: Schedule
) -> None:
    assert wanted(schedule, tried.clock.now()) == []
    trial = tried.orders(2)
    cameras = ("sg-001-c1", "sg-001-c2")
    apart = [(each, f"sg-001/{TRIALS}/{each}", True) for each in cameras]
    moment = timedelta(milliseconds=1)
    assert wanted(schedule, trial.ordered) == apart
    assert wanted(schedule, trial.interval.end + RUN_DOWN - moment) == apart
    assert wanted(schedule, trial.interval.end + RUN_DOWN) == []


def test_a_sitting_that_opens_early_takes_its_cameras_at_once_and_leaves_the_trial_the_others(
    tried: Tried, schedule: Schedule
) -> None:
    tried.orders(2)
    tried.passes(20)
    open_sitting(tried.database, BATCH, 1, ACTOR, tried.clock, disk=ROOMY)
    assert wanted(schedule, tried.clock.now()) == [
        ("sg-001-c1", f"sg-001/{BATCH}/sg-001-c1", False),
        ("sg-001-c2", f"sg-001/{TRIALS}/sg-001-c2", True),
    ]


def test_an_assignment_of_an_exam_is_as_it_was(schedule: Schedule, tried: Tried) -> None:
    found = schedule.wanted(START)
    assert [(each.batch, each.trial) for each in found] == [(BATCH, False)]
    assert isinstance(found[0], Assignment)
    assert tried.database.readiness.trials_after(START) == []
