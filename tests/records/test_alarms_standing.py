"""Which alarms stand: by a real lookout over a real database."""

from __future__ import annotations

from datetime import timedelta

from domain.alarms import Kind
from domain.evidence import CameraState
from records.alarms_standing import watch
from storage.database import Database
from storage.database.alarms import HOLDS
from tests.records.test_lookout import Site


def test_before_anybody_looked_that_there_is_none_tells_nothing(database: Database) -> None:
    site = Site(database)
    found = watch(database, site.clock.now())
    assert (found.looked, found.awake, found.alarms) == (None, False, ())


def test_what_began_stands_until_it_is_over(database: Database) -> None:
    site = Site(database)
    site.says("sg-001-c1", CameraState.LIVE)
    site.passes(3)
    lost = site.clock.now()
    site.says("sg-001-c1", CameraState.LOST)
    site.passes(12)
    found = watch(database, site.clock.now())
    assert found.awake
    (alarm,) = found.alarms
    assert (alarm.kind, alarm.site, alarm.since) == (Kind.CAMERA_LOST, "sg-001", lost)
    assert (alarm.rooms, alarm.stations, alarm.cameras) == (("r301",), ("A-01", "A-02"), ("sg-001-c1",))
    assert (alarm.batch, alarm.sitting) == ("2026-0501", 1)
    assert "摄像机失联" in alarm.zh
    assert "camera lost" in alarm.en
    site.says("sg-001-c1", CameraState.LIVE)
    site.passes(12)
    assert watch(database, site.clock.now()).alarms == ()


def test_of_what_came_and_went_and_came_again_the_newest_stands(database: Database) -> None:
    site = Site(database)
    site.says("sg-001-c1", CameraState.LIVE)
    for _ in range(2):
        site.passes(12)
        again = site.clock.now()
        site.says("sg-001-c1", CameraState.LOST)
        site.passes(12)
        site.says("sg-001-c1", CameraState.LIVE)
    site.says("sg-001-c1", CameraState.LOST)
    (alarm,) = watch(database, site.clock.now()).alarms
    assert alarm.since == again


def test_when_nobody_looks_any_more_that_is_told(database: Database) -> None:
    site = Site(database)
    site.passes(1)
    looked = site.clock.now()
    site.clock.advance(HOLDS.total_seconds())
    found = watch(database, site.clock.now())
    assert (found.awake, found.looked) == (False, looked)
    assert watch(database, looked + HOLDS - timedelta(seconds=1)).awake
