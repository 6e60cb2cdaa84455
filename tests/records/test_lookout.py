"""The outbox, on a real database: what recorders wrote becomes alarms, once, whatever dies in between."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.alarms import Alarm
from domain.disposal import Decision, Settled
from domain.evidence import CameraEvent, CameraState, Cause, Outage, Recorder
from domain.holds import Order
from domain.host_clock import HostClock
from domain.people import Role
from records.conduct import close_sitting, open_sitting
from records.declaration import parse
from records.headroom import Spools
from records.lookout import Lookout, Sensed, senses
from records.setup import apply
from storage.database import Database
from storage.database.alarms import HOLDS
from tests.fakes.time import FakeClock
from tests.fakes.witnesses import FREE
from tests.records.setups import ACTOR, ROOMY, START, WHOLE

SETTLE = timedelta(seconds=10)
SITE_OF_AN_NVR = """\
sites:
  - id: sg-001
    name: 韶关示范考场
    county: 浈江区
    nvrs:
      - {id: nvr-1, address: "rtsp://127.0.0.1:8554", path: "/{channel}", secret: nvr-1}
    rooms:
      - id: r301
        name: 301 试室
        stations: [A-01]
        cameras:
          - {id: sg-001-c1, nvr: nvr-1, channel: 1, sees: [A-01]}
          - {id: sg-001-c3, nvr: nvr-1, channel: 2, sees: [A-01]}
      - id: r302
        name: 302 试室
        stations: [B-01]
        cameras:
          - {id: sg-001-c2, nvr: nvr-1, channel: 3, sees: [B-01]}
"""


class Site:
    """A recorder that writes, and a lookout that reads, second by second."""

    def __init__(self, database: Database, set_up: str = WHOLE) -> None:
        self.database = database
        self.clock = FakeClock(START)
        apply(parse(set_up, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
        database.evidence.begin_recorder(Recorder("life-1", "rec", START, START))
        self.events = 0
        self.lookout = self.looking()

    def looking(self, holder: str = "host") -> Lookout:
        return Lookout(self.database, self.clock, holder, SETTLE)

    def says(self, camera: str, state: CameraState, life: str = "life-1") -> None:
        self.events += 1
        event = CameraEvent(f"event-{self.events}", camera, life, self.clock.now(), state)
        self.database.evidence.add_event(event)

    def passes(self, seconds: int, *, beats: bool = True, looks: bool = True) -> list[dict[str, Any]]:
        """The bodies of the alarms of that time."""
        found: list[Alarm] = []
        for _ in range(seconds):
            self.clock.advance(1)
            if beats:
                self.database.evidence.heartbeat("life-1", self.clock.now())
            if looks:
                found += self.lookout.look()
        return [json.loads(each.body) for each in found]


@pytest.fixture
def site(database: Database) -> Site:
    found = Site(database)
    found.says("sg-001-c1", CameraState.LIVE)
    assert found.passes(3) == []
    return found


def steps(bodies: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["subject"], each["step"]) for each in bodies]


def test_a_camera_that_is_lost_is_told_with_where_why_and_since_when(site: Site) -> None:
    lost = site.clock.now()
    site.says("sg-001-c1", CameraState.LOST)
    cause = Outage("out-1", "sg-001-c1", lost, None, Cause.CAMERA_DISCONNECTED, recorder="life-1")
    site.database.evidence.open_outage(cause)
    (body,) = site.passes(11)
    assert body["event"] == "camera_lost" and body["step"] == "began"
    assert datetime.fromisoformat(body["since"]) == lost
    assert (body["camera"], body["stations"], body["recorder"]) == ("sg-001-c1", ["A-01", "A-02"], "rec")
    assert (body["site"]["id"], body["batch"], body["sitting"]) == ("sg-001", "2026-0501", 1)
    assert body["cause"] == {"code": "camera_disconnected", "zh": "摄像机断线", "en": "camera disconnected"}
    assert "摄像机失联" in body["text"]["zh"] and "301 试室" in body["text"]["zh"]
    assert "camera lost (began): sg-001-c1" in body["text"]["en"]


def test_footage_that_is_withheld_is_told_until_it_is_decided_on(site: Site) -> None:
    site.lookout = Lookout(site.database, site.clock, "host", SETTLE, senses(site.database, Spools(), evicts=False))
    order = Order(site.clock.now(), ACTOR, "拍到更衣区")
    withheld = site.database.withholdings.add("sg-001-c1", site.clock.now(), None, order)
    (body,) = site.passes(30)
    assert (body["event"], body["step"], body["camera"], body["batch"]) == (
        "footage_withheld",
        "began",
        "sg-001-c1",
        "2026-0501",
    )
    assert "误摄扣留 1 待两方认定" in body["text"]["zh"]
    no = Decision(Settled.DECLINED, site.clock.now(), ACTOR, Role.CITY_OFFICER, "不是")
    site.database.withholdings.decide(withheld.number, no, lambda _: None)
    assert steps(site.passes(30)) == [("withheld/sg-001-c1", "ended")]


def test_its_return_is_told_with_how_long_it_took(site: Site) -> None:
    site.says("sg-001-c1", CameraState.LOST)
    site.passes(30)
    site.says("sg-001-c1", CameraState.LIVE)
    (body,) = site.passes(12)
    assert (body["step"], body["times"]) == ("ended", 1)
    assert "历时 30 秒" in body["text"]["zh"] and "after 30 s" in body["text"]["en"]


def test_a_camera_that_flaps_is_told_once_and_with_a_count(site: Site) -> None:
    told = []
    for _ in range(20):
        site.says("sg-001-c1", CameraState.LOST)
        told += site.passes(4)
        site.says("sg-001-c1", CameraState.LIVE)
        told += site.passes(4)
    told += site.passes(12)
    assert [(each["step"], each["times"]) for each in told] == [("began", 2), ("ended", 20)]


def test_what_happened_while_nobody_looked_is_told_afterwards(site: Site) -> None:
    site.says("sg-001-c1", CameraState.LOST)
    site.passes(60, looks=False)
    site.says("sg-001-c1", CameraState.LIVE)
    site.passes(60, looks=False)
    site.lookout = site.looking()
    told = site.passes(1)
    assert [each["step"] for each in told] == ["began", "ended"]
    assert "历时 60 秒" in told[1]["text"]["zh"]


def test_all_cameras_of_an_nvr_are_one_loss(database: Database) -> None:
    later = timedelta(hours=2)
    batch = WHOLE[WHOLE.index("batches:") :]
    site = Site(database, SITE_OF_AN_NVR + batch)
    site.clock.advance(later.total_seconds())
    site.passes(1)
    cameras = ["sg-001-c1", "sg-001-c2", "sg-001-c3"]
    for camera in cameras:
        site.says(camera, CameraState.LIVE)
    site.passes(11)
    for camera in cameras:
        site.says(camera, CameraState.LOST)
    (body,) = site.passes(60)
    assert (body["event"], body["nvr"], body["cameras"]) == ("nvr_lost", "nvr-1", cameras)


def test_a_recorder_that_dies_is_one_loss_and_its_cameras_are_none(site: Site) -> None:
    told = site.passes(60, beats=False)
    assert steps(told) == [("recorder/rec", "began")]
    site.database.evidence.begin_recorder(Recorder("life-2", "rec", site.clock.now(), site.clock.now()))
    site.database.evidence.end_recorder("life-1", site.clock.now())
    site.says("sg-001-c1", CameraState.LIVE, "life-2")
    back = []
    for _ in range(15):
        site.database.evidence.heartbeat("life-2", site.clock.now())
        back += site.passes(1, beats=False)
    assert steps(back) == [("recorder/rec", "ended")]


def test_a_recorder_stopped_in_order_is_missed_while_a_sitting_wants_it(site: Site) -> None:
    site.database.evidence.end_recorder("life-1", site.clock.now())
    assert steps(site.passes(30, beats=False)) == [("recorder/rec", "began")]


def test_a_recorder_stopped_in_order_is_not_missed_while_no_sitting_wants_it(database: Database) -> None:
    site = Site(database)
    night = FakeClock(START - timedelta(hours=9))
    site.clock = night
    site.lookout = site.looking()
    database.evidence.begin_recorder(Recorder("life-0", "night", night.now(), night.now()))
    database.evidence.end_recorder("life-0", night.now())
    assert site.passes(30, beats=False) == []


def test_no_recorder_at_all_while_a_sitting_wants_one_is_told(database: Database) -> None:
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    clock = FakeClock(START)
    lookout = Lookout(database, clock, "host", SETTLE)
    bodies = [json.loads(each.body) for each in lookout.look()]
    assert [each["event"] for each in bodies] == ["recorder_lost"]
    assert bodies[0]["text"]["zh"].startswith("【考鉴】录像服务停止")


def test_an_alarm_and_what_was_read_for_it_are_written_together(site: Site) -> None:
    site.says("sg-001-c1", CameraState.LOST)
    (body,) = site.passes(11)
    for _ in range(3):  # a process that was killed right after its commit is followed by another
        site.lookout = site.looking()
        assert site.passes(2) == []
    site.database.alarms.begin("late")
    assert site.database.alarms.next_alarm("late") is None
    assert body["step"] == "began"


def test_of_two_lookouts_only_one_tells_until_it_falls_silent(site: Site) -> None:
    other = site.looking("other-host")
    site.says("sg-001-c1", CameraState.LOST)
    told = []
    for _ in range(20):
        told += site.passes(1)
        assert other.look() == [] and not other.duty.is_set()
    assert len(told) == 1 and site.lookout.duty.is_set()
    site.clock.advance(HOLDS.total_seconds() + 1)
    other.look()
    assert other.duty.is_set()
    site.lookout.look()
    site.lookout.look()
    assert not site.lookout.duty.is_set()


def test_a_camera_that_stays_lost_beyond_its_sitting_is_withdrawn(site: Site) -> None:
    open_sitting(site.database, "2026-0501", 1, ACTOR, site.clock, disk=ROOMY)
    site.says("sg-001-c1", CameraState.LOST)
    site.passes(11)
    close_sitting(site.database, "2026-0501", 1, ACTOR, site.clock)
    site.clock.advance(1800)
    assert steps(site.passes(2)) == [("camera/sg-001-c1", "withdrawn")]


def test_conditions_without_events_are_told_as_well(database: Database) -> None:
    site = Site(database)
    full = [Sensed("spool_full/rec/first", True, ("预留之外剩余 0.0 GB", "0.0 GB free beyond the reserve"))]
    site.lookout = Lookout(database, site.clock, "host", SETTLE, lambda _: full)
    told = [each for each in site.passes(31) if each["event"] == "spool_full"]
    assert len(told) == 1
    assert "rec 的暂存盘" in told[0]["text"]["zh"] and "预留之外剩余 0.0 GB" in told[0]["text"]["zh"]
    full.clear()
    full.append(Sensed("spool_full/rec/first", False, ("", "")))
    assert [each["step"] for each in site.passes(31) if each["event"] == "spool_full"] == ["ended"]


def test_a_disk_within_its_reserve_and_a_clock_nobody_vouches_for_are_sensed(
    database: Database, tmp_path: Path
) -> None:
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    database.evidence.begin_recorder(Recorder("life-1", "rec", START, START, reads_clock=True))
    database.evidence.add_clock_reading(HostClock("life-1", START, FREE, None, None))
    looks = senses(database, Spools([tmp_path], 1 << 60, owner="rec"), evicts=False)
    found = {each.subject: each.dark for each in looks(START)}
    assert found == {"spool_low/rec/first": True, "spool_full/rec/first": True, "clock/rec": True}
    roomy = senses(database, Spools([tmp_path], 0, expected_bit_rate=1, owner="rec"), evicts=False)
    assert not any(each.dark for each in roomy(START) if each.subject.startswith("spool"))
