"""Camera states, from evidence in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.text import Text

from domain.evidence import Cause, EndReason, LostCopy, Outage, Recorder, Run, SegmentState
from domain.host_clock import HostClock
from ingest.set_aside import Row, SetAside
from ingest.spool import Spool
from kaojian.status import RecordingState, gather, tables, to_json
from records.declaration import parse
from records.headroom import Spools
from records.setup import apply
from storage.database import Database, connect
from storage.store_state import StoreState
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.fakes.witnesses import FREE, KEPT
from tests.records.setups import ACTOR, BATCH, START, WHOLE
from tests.storage.database.examples import copy, segment

SECOND = timedelta(seconds=1)
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
          - {id: sg-001-c1, nvr: nvr-1, channel: 2, sees: [A-01]}
          - {id: sg-001-c3, nvr: nvr-1, channel: 1, sees: [A-01]}
      - id: r302
        name: 302 试室
        stations: [B-01]
        cameras:
          - {id: sg-001-c2, nvr: nvr-1, channel: 3, sees: [B-01]}
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.sqlite3'}", NOTARY)
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    database.evidence.begin_recorder(Recorder("rec-1", "host", START, START))
    yield database
    database.close()


def states(database: Database, seconds: float) -> dict[str, tuple[RecordingState, Cause | None]]:
    found = gather(database, START + timedelta(seconds=seconds), stores_objects=True)
    return {each.camera: (each.state, each.cause) for each in found.cameras}


def test_before_the_lead_of_its_sitting_a_camera_is_idle(database: Database) -> None:
    assert set(states(database, -3600).values()) == {(RecordingState.IDLE, None)}


def test_a_wanted_camera_without_run_is_not_recorded(database: Database) -> None:
    assert states(database, 0) == {
        "sg-001-c1": (RecordingState.NOT_RECORDED, None),
        "sg-001-c2": (RecordingState.IDLE, None),
    }


def test_a_camera_with_a_run_is_recording_until_the_recorder_falls_silent(database: Database) -> None:
    database.evidence.begin_run(Run("run-1", "sg-001-c1", "rec-1", START))
    assert states(database, 4)["sg-001-c1"] == (RecordingState.RECORDING, None)
    assert states(database, 6)["sg-001-c1"] == (RecordingState.NOT_RECORDED, None)
    database.evidence.heartbeat("rec-1", START + 5 * SECOND)
    assert states(database, 6)["sg-001-c1"] == (RecordingState.RECORDING, None)


def test_an_open_outage_shows_its_cause(database: Database) -> None:
    database.evidence.begin_run(Run("run-1", "sg-001-c1", "rec-1", START))
    database.evidence.end_run("run-1", START + SECOND, EndReason.CAMERA_DISCONNECTED)
    database.evidence.open_outage(Outage("out-1", "sg-001-c1", START + SECOND, None, Cause.CAMERA_DISCONNECTED))
    assert states(database, 2)["sg-001-c1"] == (RecordingState.OUT, Cause.CAMERA_DISCONNECTED)


def test_an_nvr_with_all_its_cameras_out_is_one_line_that_names_them(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'nvr.sqlite3'}", NOTARY)
    apply(parse(SITE_OF_AN_NVR + BATCH, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    database.evidence.begin_recorder(Recorder("rec-1", "host", START, START))
    for number, camera in enumerate(("sg-001-c1", "sg-001-c3")):
        since = START + number * SECOND
        database.evidence.open_outage(Outage(camera, camera, since, None, Cause.CAMERA_DISCONNECTED, "", "rec-1"))
    told = to_json(gather(database, START + 2 * SECOND, stores_objects=True))
    assert told["nvrs"] == [
        {
            "nvr": "nvr-1",
            "site": "sg-001",
            "since": "2026-05-01T01:00:01.000Z",
            "cause": "camera_disconnected",
            "connection": None,
            "cameras": ["sg-001-c3", "sg-001-c1"],
        }
    ]
    assert "nvr-1 of sg-001: all its cameras are out since 2026-05-01 09:00:01" in _lines(database, 2)
    database.close()


def test_recorders_alive_are_told_with_their_instants(database: Database) -> None:
    told = to_json(gather(database, START + SECOND, stores_objects=True))
    assert told["recorders"] == [
        {
            "id": "rec-1",
            "host": "host",
            "started": "2026-05-01T01:00:00.000Z",
            "seen": "2026-05-01T01:00:00.000Z",
            "clock": None,
        }
    ]
    assert told["waiting"] == {"analysis": 0, "s3": 0, "second_s3": 0, "look": 0, "look_given_up": 0}
    assert to_json(gather(database, START + 10 * SECOND, stores_objects=False))["recorders"] == []


def test_footage_that_only_another_host_can_read_is_told_with_its_folder(database: Database) -> None:
    database.evidence.begin_run(Run("run-1", "sg-001-c1", "rec-1", START))
    written = segment(0, 60, camera="sg-001-c1")
    database.evidence.add_segment(written, copy(written, target="/spool-of-b", device="recorder-b:8:1"))
    told = to_json(gather(database, START + SECOND, stores_objects=False))
    assert told["unseen_spools"] == [{"folder": "/spool-of-b", "device": "recorder-b:8:1", "segments": 1}]
    assert "/spool-of-b (recorder-b:8:1) has the only copies of 1 segments" in _lines(database, 1)


def test_a_copy_that_was_lost_is_told_with_where_it_lay(database: Database) -> None:
    database.evidence.begin_run(Run("run-1", "sg-001-c1", "rec-1", START))
    written = segment(0, 60, camera="sg-001-c1")
    database.evidence.add_segment(written, copy(written))
    assert to_json(gather(database, START + SECOND, stores_objects=False))["copies"] == {"due": 0, "lost": []}
    database.evidence.lose_copy(LostCopy(copy(written), START + SECOND, SegmentState.MISSING))
    told = to_json(gather(database, START + 2 * SECOND, stores_objects=False))["copies"]["lost"]
    assert told == [
        {
            "segment": written.key,
            "place": "spool",
            "target": "/spool",
            "state": "missing",
            "at": "2026-05-01T01:00:01.000Z",
        }
    ]
    assert f"COPIES LOST 副本丢失: 1 in the last 30 days, the last one {written.key} in spool" in _lines(database, 2)
    assert "COPIES LOST" not in _lines(database, 31 * 86_400)


def _lines(database: Database, seconds: float) -> str:
    found = gather(database, START + timedelta(seconds=seconds), stores_objects=True)
    return "\n".join(str(part) for part in tables(found))


def test_the_clock_of_the_recording_host_is_told_by_its_last_reading(database: Database) -> None:
    assert "Clock of host: not read lately" in _lines(database, 1)
    database.evidence.add_clock_reading(HostClock("rec-1", START - 60 * SECOND, FREE))
    assert "Clock of host: unwitnessed 无从核对" in _lines(database, 1)
    database.evidence.add_clock_reading(HostClock("rec-1", START, KEPT))
    assert "Clock of host: synchronised 已同步 by NTP, +0.000 s ± 0.020 s" in _lines(database, 1)
    told = to_json(gather(database, START + SECOND, stores_objects=True))["recorders"][0]["clock"]
    assert (told["synchronised"], told["by"], told["at"]) == (True, "ntp", "2026-05-01T01:00:00.000Z")


def test_a_reading_of_long_ago_is_not_told_as_the_clock_of_now(database: Database) -> None:
    database.evidence.add_clock_reading(HostClock("rec-1", START, KEPT))
    database.evidence.heartbeat("rec-1", START + 600 * SECOND)
    assert "not read lately" in _lines(database, 600)


def test_rows_that_the_database_refused_are_told_with_their_reason(database: Database, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 0)
    outage = Outage("o", "sg-001-c1", START, None, Cause.NO_DATA)
    SetAside([spool]).keep(Row("open_outage", (outage,)), "CHECK constraint failed", START)
    found = gather(database, START, stores_objects=False, spools=Spools([spool.root]))
    (told,) = to_json(found)["rows_set_aside"]
    assert (told["act"], told["reason"]) == ("open_outage", "CHECK constraint failed")
    assert any("1 set aside" in part.plain for part in tables(found) if isinstance(part, Text))


def test_a_second_spool_that_is_not_mounted_is_told_with_what_to_do(database: Database, tmp_path: Path) -> None:
    only = segment(0, 60, camera="sg-001-c1")
    database.evidence.begin_run(Run("run-1", "sg-001-c1", "rec-1", START))
    database.evidence.add_segment(only, copy(only, target=str(tmp_path / "second"), spool="spool-2"))
    spools = Spools([tmp_path / "first", tmp_path / "second"], owner="host")
    found = gather(database, START, stores_objects=False, spools=spools)
    told = to_json(found)
    assert [each["state"] for each in told["spools"]] == ["new", "away"]
    assert told["second_copies"] == {"greatest_lag_s": None, "camera": None, "waiting": 0, "waiting_since": None}
    lines = [part.plain for part in tables(found) if isinstance(part, Text)]
    assert any(line.startswith("Second spool 第二暂存盘 AWAY") and line.endswith("mount it") for line in lines)


def test_what_the_uploader_found_of_the_object_store_is_told(database: Database) -> None:
    found = gather(database, START, stores_objects=True)
    assert to_json(found)["object_store"] is None
    lost = replace(found, stores=(StoreState(START, "it deleted what it had locked", None),))
    assert to_json(lost)["object_store"]["lost"] == "it deleted what it had locked"
    assert to_json(lost)["second_object_store"] is None
    assert [str(each) for each in tables(lost) if isinstance(each, Text) and "TAKES NOTHING" in str(each)]
