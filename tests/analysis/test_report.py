"""The report from real rows and real footage, as JSON, at the different moments of a sitting's life."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from analysis.decoding import observe, observe_pending
from analysis.expected import expectation_of
from analysis.report import batch_report, sitting_report
from analysis.report_json import to_json
from config.rule_pack import load
from dashboard.papers.printing import as_html
from dashboard.papers.report import compose
from domain.evidence import Cause, EndReason, Outage, Recorder, Run
from domain.expected import Phase
from domain.host_clock import CameraClocks, HostClock, ServerDate
from domain.law import Verdict
from domain.people import Actor, Door
from domain.pictures import Look, Reference, Region, Sample, StationSample
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station, last_exam_day
from storage.errors import UnknownBatch, UnknownSitting
from tests.analysis.footage import Cabinet, broken
from tests.analysis.ledgers import START, at, span
from tests.fakes import eye
from tests.fakes.witnesses import FREE, KEPT

RULES = load("SG-2022-08-10")
ACTOR = Actor("local:test", Door.COMMAND_LINE)
BEFORE = START - timedelta(days=1)
WIDE = Camera("cam-1", "rtsp://127.0.0.1/1", ("A-01", "A-02"), panoramic=True)
NEAR = Camera("cam-2", "rtsp://127.0.0.1/2", ("A-01",))
PLAN = SittingPlan(1, ("R1",), at(2), at(8), timedelta(seconds=2), timedelta(seconds=2))
LATER = replace(PLAN, number=2, planned_start=at(80_000), planned_end=at(80_010), tail=timedelta())


@pytest.fixture
def planned(cabinet: Cabinet) -> Cabinet:
    """A site with one room, two cameras and two stations; two sittings of ten seconds."""
    room = Room("R1", "一号考场", (Station("A-01"), Station("A-02")), (WIDE, NEAR))
    cabinet.database.setup.apply_site(Site("site", "考点", "浈江区", (room,)), ACTOR, BEFORE)
    batch = Batch("batch", "site", "茶艺", RULES.id, (PLAN, LATER))
    cabinet.database.setup.apply_batch(batch, ACTOR, BEFORE)
    return cabinet


@pytest.fixture
def recorded(planned: Cabinet) -> Cabinet:
    """Both cameras recorded from second 0 to 12 in two segments, and everything was kept and decoded."""
    planned.locked_until = datetime.fromisoformat("2029-05-03T00:00:00+08:00")
    for camera in ("cam-1", "cam-2"):
        planned.run(f"run of {camera}", camera, 0, 12)
        for start in (0, 6):
            planned.archive.keep(planned.segment(start, camera=camera, run=f"run of {camera}", frames=150))
    conduct(planned)
    decode(planned)
    return planned


def conduct(cabinet: Cabinet, start: float = 2, end: float = 8) -> None:
    cabinet.database.setup.open_sitting("batch", 1, at(start - 1), at(start))
    cabinet.database.setup.close_sitting("batch", 1, at(end + 1), at(end))


def decode(cabinet: Cabinet) -> None:
    while observe_pending(cabinet.database.evidence, cabinet.archive, cabinet.clock):
        pass


def report(cabinet: Cabinet, now: datetime | None = None) -> dict[str, Any]:
    made = sitting_report(cabinet.database, "batch", 1, RULES, now or at(100))
    read: dict[str, Any] = json.loads(json.dumps(to_json(made), ensure_ascii=False))
    return read


def milliseconds(seconds: float) -> int:
    found = round(seconds * 1000)
    assert found / 1000 == seconds, f"{seconds} has more than three decimals"
    return found


def test_a_sitting_without_a_fault_passes_in_every_clause(recorded: Cabinet) -> None:
    found = report(recorded)
    assert found["verdict"] == "pass", found["clauses"]
    assert [clause["id"] for clause in found["clauses"]] == ["C6.2-2", "C6.2-3", "C6.2-4", "C6.2-5"]
    assert [station["covered_s"] for station in found["stations"]] == [10.0, 10.0]


class TestWhatMustBeSeen:
    def frozen(self, cabinet: Cabinet) -> None:
        setup = cabinet.database.setup
        valid = setup.valid("batch", 1, at(1))
        setup.open_sitting("batch", 1, at(1), at(2), expected=(valid, expectation_of(valid, RULES)))
        setup.close_sitting("batch", 1, at(9), at(8))

    def test_the_report_judges_by_what_was_frozen_and_tells_each_place(self, planned: Cabinet) -> None:
        self.frozen(planned)
        expected = report(planned, now=at(5))["expected"]
        kept = planned.database.setup.expectation("batch", 1)
        assert kept is not None
        assert (expected["sha256"], expected["frozen"]) == (kept.sha256, "2026-05-01T01:00:01.000Z")
        assert (expected["intact"], expected["changed"]) == (True, [])
        assert [(each["target"], each["id"], each["basis"]) for each in expected["places"]] == [
            ("station", "A-01", "register"),
            ("station", "A-02", "register"),
            ("room", "R1", "register"),
        ]
        assert [each["camera"] for each in expected["places"][0]["cameras"]] == ["cam-1", "cam-2"]
        assert {each["verdict"] for each in expected["places"]} == {"pending"}
        assert expected["rooms"][0]["drawn"] is False

    def test_a_camera_that_is_registered_after_the_opening_counts_for_nothing(self, planned: Cabinet) -> None:
        self.frozen(planned)
        room = Room("R1", "一号考场", (Station("A-01"), Station("A-02")), (WIDE,))
        planned.database.setup.apply_site(Site("site", "考点", "浈江区", (room,)), ACTOR, at(20))
        found = report(planned)
        assert [each["camera"] for each in found["expected"]["places"][0]["cameras"]] == ["cam-1", "cam-2"]
        assert {each["verdict"] for each in found["expected"]["places"]} == {"fail"}, "nothing was recorded"
        assert clause(found, "C6.2-4")["zh"].count("无有效画面") == 3

    def test_rules_that_changed_since_are_told_and_not_used_for_what_must_be_seen(self, planned: Cabinet) -> None:
        self.frozen(planned)
        phases = replace(RULES.phases, places={**RULES.phases.places, "station": ("W2",)})
        later = sitting_report(planned.database, "batch", 1, replace(RULES, phases=phases), at(100))
        assert later.expected is not None
        assert later.expected.changed == ("rules",)
        assert later.expected.places[0].place.phases == tuple(Phase)
        assert "规则版本的数值在开考后改动过" in next(each.zh for each in later.clauses if each.id == "C6.2-4")

    def test_of_a_sitting_that_nobody_opened_it_is_made_when_there_is_something_to_judge(
        self, planned: Cabinet
    ) -> None:
        assert report(planned, now=at(5))["expected"] is None
        expected = report(planned)["expected"]
        assert (expected["sha256"], expected["frozen"]) == (None, None)
        assert len(expected["places"]) == 3

    def test_of_a_sitting_that_was_opened_without_one_none_is_made_up(self, planned: Cabinet) -> None:
        conduct(planned)
        found = report(planned)
        assert found["expected"] is None
        assert "平面图视野与画面内容未检查" in clause(found, "C6.2-4")["zh"]


def clause(found: dict[str, Any], name: str) -> dict[str, Any]:
    told: dict[str, Any] = next(each for each in found["clauses"] if each["id"] == name)
    return told


def test_the_layout_is_the_promised_one(recorded: Cabinet) -> None:
    found = report(recorded)
    assert (found["batch"], found["sitting"], found["rule_pack"]) == ("batch", 1, "SG-2022-08-10")
    assert found["window"] == {"start": "2026-05-01T01:00:00.000Z", "end": "2026-05-01T01:00:10.000Z"}
    assert found["phases"] == [
        {"id": "W1", "start": "2026-05-01T01:00:00.000Z", "end": "2026-05-01T01:00:02.000Z"},
        {"id": "W2", "start": "2026-05-01T01:00:02.000Z", "end": "2026-05-01T01:00:08.000Z"},
        {"id": "W3", "start": "2026-05-01T01:00:08.000Z", "end": "2026-05-01T01:00:10.000Z"},
    ]
    assert found["stations"][0] == {
        "station": "A-01",
        "room": "R1",
        "verdict": "pass",
        "covered_s": 10.0,
        "gaps": [],
        "unusable": [],
        "unverified": [],
        "compared": [],
    }
    assert found["cameras"][0] == {
        "camera": "cam-1",
        "room": "R1",
        "recorded_s": 10.0,
        "frames": 300,
        "lost_packets": 0,
        "delayed_s": 0.01,
        "clock_offset_s": 0.05,
        "clock_drift_ppm": None,
        "clock_drift_error_ppm": None,
        "gaps": [],
        "backed_up_s": 10.0,
        "backup_lag_s": 3600.0,  # it was stored an hour after it was taken
        "recorders": [{"recorder": "host", "recorded_s": 10.0}],
        "sources": [
            {"start": "2026-05-01T01:00:00.000Z", "end": "2026-05-01T01:00:10.000Z", "recorder": "host"},
        ],
        "sizes": [{"width": 1280, "height": 720}],
        "frame_rate": 25.0,
        "faults": [],
        "unverified": [],
        "reference": None,
    }
    assert [(each["place"], each["files"], each["of"]) for each in found["copies"]] == [("spool", 4, 4), ("s3", 4, 4)]
    assert found["backup"] == {
        "copies": 2,
        "recorded_s": 20.0,
        "backed_up_s": 20.0,
        "greatest_lag_s": 3600.0,
        "camera": "cam-2",
    }
    assert set(found["clauses"][0]) == {"id", "verdict", "zh", "en"}


def read_clock(cabinet: Cabinet, *readings: HostClock, begun: float = -60) -> None:
    """Both cameras recorded by one recorder that reads its clock."""
    evidence = cabinet.database.evidence
    cabinet.locked_until = datetime.fromisoformat("2029-05-03T00:00:00+08:00")
    evidence.begin_recorder(Recorder("rec-1", "exam-host", at(begun), at(20), reads_clock=True))
    for camera in ("cam-1", "cam-2"):
        evidence.begin_run(Run(f"run of {camera}", camera, "rec-1", at(0)))
        evidence.end_run(f"run of {camera}", at(12), EndReason.NOT_NEEDED)
        cabinet.archive.keep(cabinet.segment(0, camera=camera, run=f"run of {camera}", frames=300))
    for reading in readings:
        evidence.add_clock_reading(reading)
    conduct(cabinet)
    decode(cabinet)


COMMON = CameraClocks(6, 6, 0.1, 0.2)
BEHIND = ServerDate("s3.example:443", -50.0, 0.6, independent=True)


def test_a_host_kept_in_step_is_told_and_changes_nothing(planned: Cabinet) -> None:
    read_clock(planned, HostClock("rec-1", at(-60), KEPT), HostClock("rec-1", at(0), KEPT))
    found = report(planned)
    assert found["verdict"] == "pass"
    assert found["host_clocks"] == [
        {
            "host": "exam-host",
            "synchronised": True,
            "state": "synchronised",
            "by": "ntp",
            "error_s": 0.02,
            "readings": 2,
            "unproven_s": 0.0,
            "in_doubt_s": 0.0,
        }
    ]


@pytest.mark.parametrize(
    ("readings", "synchronised", "zh"),
    [
        ([], None, "没有核对记录"),
        ([HostClock("rec-1", at(-60), FREE)], None, "无从核对"),
        ([HostClock("rec-1", at(0), FREE, BEHIND)], False, "经核对不准"),
        ([HostClock("rec-1", at(0), KEPT, BEHIND)], None, "与其他时钟矛盾"),
    ],
)
def test_times_that_nothing_vouches_for_are_unknown_while_the_footage_stands(
    planned: Cabinet, readings: list[HostClock], synchronised: bool | None, zh: str
) -> None:
    read_clock(planned, *readings)
    found = report(planned)
    process = found["clauses"][1]
    assert (found["verdict"], process["verdict"]) == ("unknown", "unknown")
    assert zh in process["zh"]
    assert process["zh"].endswith("的时间无法判定，但录像存在这一事实不受影响。")
    assert process["en"].endswith("are unproven; that the footage exists stands.")
    assert [station["covered_s"] for station in found["stations"]] == [10.0, 10.0]
    assert {station["verdict"] for station in found["stations"]} == {"pass"}
    (clock,) = found["host_clocks"]
    assert (clock["synchronised"], clock["unproven_s"]) == (synchronised, 10.0)


def test_cameras_that_agree_with_the_host_prove_common_time_and_the_finding_says_no_more(planned: Cabinet) -> None:
    read_clock(planned, HostClock("rec-1", at(-60), FREE), HostClock("rec-1", at(4), FREE, None, COMMON))
    found = report(planned)
    process = found["clauses"][1]
    assert (found["verdict"], process["verdict"]) == ("pass", "pass")
    assert "相差不超过0.30秒" in process["zh"]
    assert "不证明等于标准时间" in process["zh"]
    assert "common time and not the right time" in process["en"]


def test_a_recorder_of_before_there_were_readings_is_not_held_to_them(recorded: Cabinet) -> None:
    found = report(recorded)
    assert (found["verdict"], found["host_clocks"]) == ("pass", [])


def test_a_gap_is_listed_at_its_stations_with_the_cause_of_every_camera(recorded: Cabinet) -> None:
    evidence = recorded.database.evidence
    evidence.open_outage(Outage("o1", "cam-1", at(4.0004), at(5), Cause.NO_DATA))
    evidence.open_outage(Outage("o2", "cam-2", at(4.5), at(6.25), Cause.CAMERA_DISCONNECTED))
    found = report(recorded)
    first, second = found["stations"]
    assert first["gaps"] == [
        {
            "start": "2026-05-01T01:00:04.500Z",
            "end": "2026-05-01T01:00:05.000Z",
            "seconds": 0.5,
            "cause": "camera_disconnected",
            "cameras": [
                {"camera": "cam-1", "cause": "no_data"},
                {"camera": "cam-2", "cause": "camera_disconnected"},
            ],
        }
    ]
    assert [gap["seconds"] for gap in second["gaps"]] == [1.0]
    assert found["cameras"][1]["gaps"] == [
        {
            "start": "2026-05-01T01:00:04.500Z",
            "end": "2026-05-01T01:00:06.250Z",
            "seconds": 1.75,
            "cause": "camera_disconnected",
            "recorders": [],
        }
    ]
    for station in found["stations"]:
        parts = [station["covered_s"], *(gap["seconds"] for gap in station["gaps"])]
        assert sum(map(milliseconds, parts)) == 10_000
    assert found["verdict"] == "fail"


def test_a_file_that_was_deleted_and_one_that_broke_are_named(recorded: Cabinet) -> None:
    evidence = recorded.database.evidence
    first, second = evidence.segments("cam-1", span(0, 12))
    recorded.path(first).unlink()
    recorded.path(second).write_bytes(b"?")
    for segment in (first, second):
        recorded.objects.destroy(segment.key)
        recorded.clock.advance(1)
        evidence.add_observation(observe(recorded.archive, segment, recorded.clock))
    found = report(recorded)
    assert [gap["cause"] for gap in found["cameras"][0]["gaps"]] == ["segment_missing", "segment_damaged"]
    assert found["clauses"][3]["verdict"] == "fail"


def test_pictures_that_do_not_decode_are_a_gap_of_their_own(planned: Cabinet) -> None:
    planned.run("run", "cam-1", 0, 12)
    planned.segment(0, run="run", frames=300, damage=broken(105))
    conduct(planned)
    decode(planned)
    gaps = report(planned)["cameras"][0]["gaps"]
    assert [(gap["cause"], gap["start"][17:23], gap["seconds"]) for gap in gaps] == [
        ("segment_damaged", "04.200", 0.2)
    ]


def test_a_killed_recorder_leaves_one_gap_of_the_right_length(planned: Cabinet) -> None:
    evidence = planned.database.evidence
    evidence.begin_recorder(Recorder("first", "host", at(0), at(0)))
    evidence.heartbeat("first", at(4))
    evidence.begin_run(Run("run-1", "cam-1", "first", at(0)))
    planned.segment(0, frames=75)
    evidence.end_run("run-1", at(3), EndReason.RECORDER_KILLED)
    planned.run("run-2", "cam-1", 5, 12)
    planned.segment(5, run="run-2", frames=175)
    conduct(planned)
    decode(planned)
    gaps = report(planned)["cameras"][0]["gaps"]
    assert [(gap["cause"], gap["seconds"]) for gap in gaps] == [("recorder_stopped", 2.0)]


def test_an_object_store_that_is_down_changes_the_custody_and_not_the_coverage(planned: Cabinet) -> None:
    planned.objects.down = True
    for camera in ("cam-1", "cam-2"):
        planned.run(f"run of {camera}", camera, 0, 12)
        planned.segment(0, camera=camera, run=f"run of {camera}", frames=300)
    conduct(planned)
    decode(planned)
    found = report(planned)
    assert [clause["verdict"] for clause in found["clauses"]] == ["pending", "pass", "pass", "pending"]
    assert [station["covered_s"] for station in found["stations"]] == [10.0, 10.0]
    assert found["verdict"] == "pending"


def test_a_lock_counted_from_the_sitting_instead_of_the_last_day_of_its_batch_is_too_short(planned: Cabinet) -> None:
    planned.run("run", "cam-1", 0, 12)
    planned.archive.keep(planned.segment(0, run="run", frames=300))
    conduct(planned)
    decode(planned)
    keeping = report(planned)["clauses"][3]
    assert keeping["verdict"] == "fail"
    assert keeping["zh"].endswith("仅锁定至2029-05-02 00:00:00，应至2029-05-03 00:00:00。")


class TestUnsettled:
    def test_before_anything_was_recorded_all_is_pending_and_nothing_is_a_gap(self, planned: Cabinet) -> None:
        found = report(planned, BEFORE)
        assert found["verdict"] == "pending"
        assert found["settled_until"] == found["window"]["start"]
        assert [(each["verdict"], each["covered_s"], each["gaps"]) for each in found["stations"]] == [
            ("pending", 0.0, [])
        ] * 2

    def test_while_it_lasts_only_what_is_settled_is_divided(self, planned: Cabinet) -> None:
        evidence = planned.database.evidence
        for camera in ("cam-1", "cam-2"):
            planned.run(f"run of {camera}", camera, 0, None)
            evidence.heartbeat(f"recorder of run of {camera}", at(6))
            planned.segment(0, camera=camera, run=f"run of {camera}", frames=100)
        planned.segment(4, camera="cam-1", run="run of cam-1")
        planned.database.setup.open_sitting("batch", 1, at(1), at(2))
        decode(planned)
        found = report(planned, at(7))
        assert found["settled_until"] == "2026-05-01T01:00:04.000Z"
        assert [station["covered_s"] for station in found["stations"]] == [4.0, 4.0]
        assert found["stations"][0]["gaps"] == []
        assert found["verdict"] == "pending"

    def test_footage_that_was_not_opened_yet_keeps_the_report_pending(self, recorded: Cabinet) -> None:
        recorded.run("late", "cam-1", 9, 12)
        recorded.segment(9, run="late", frames=75)
        found = report(recorded)
        assert found["verdict"] == "pending"
        assert found["settled_until"] == "2026-05-01T01:00:09.000Z"
        assert found["clauses"][0]["zh"] == "录像已核验至2026-05-01 09:00:09，其余尚待核验。"

    def test_an_exam_that_runs_late_is_not_over_before_it_is_closed(self, planned: Cabinet) -> None:
        planned.database.setup.open_sitting("batch", 1, at(1), at(2))
        found = report(planned, at(3600))
        assert found["phases"][1]["end"] == "2026-05-01T02:00:00.000Z"
        assert found["window"]["end"] == "2026-05-01T02:00:02.000Z"
        assert found["verdict"] == "pending"

    def test_an_open_exam_without_a_tail_is_not_over_either(self, planned: Cabinet) -> None:
        planned.database.setup.open_sitting("batch", 2, at(80_000), at(80_000))
        assert sitting_report(planned.database, "batch", 2, RULES, at(90_000)).verdict is Verdict.PENDING

    def test_an_exam_opened_long_after_its_plan_has_a_window(self, planned: Cabinet) -> None:
        planned.database.setup.open_sitting("batch", 1, at(3600), at(3600))
        assert report(planned, at(3600))["verdict"] == "pending"

    def test_a_camera_that_records_on_after_the_window_does_not_keep_it_open(self, recorded: Cabinet) -> None:
        evidence = recorded.database.evidence
        recorded.run("other batch", "cam-1", 0, None)
        evidence.heartbeat("recorder of other batch", at(99))
        assert report(recorded)["settled_until"] == "2026-05-01T01:00:00.000Z"
        recorded.segment(50, run="other batch")
        assert report(recorded)["verdict"] == "pass"

    def test_a_sitting_that_nobody_opened_is_judged_by_its_plan(self, planned: Cabinet) -> None:
        found = report(planned)
        assert found["verdict"] == "fail"
        assert "按计划时间判定" in found["clauses"][1]["zh"]
        assert {gap["cause"] for station in found["stations"] for gap in station["gaps"]} == {"recorder_stopped"}


def test_a_batch_folds_its_sittings(recorded: Cabinet) -> None:
    made = batch_report(recorded.database, "batch", RULES, at(100))
    assert [sitting.sitting for sitting in made.sittings] == [1, 2]
    assert [sitting.verdict for sitting in made.sittings] == [Verdict.PASS, Verdict.PENDING]
    found = to_json(made)
    assert (found["batch"], found["verdict"]) == ("batch", "pending")
    assert found["sittings"][0] == to_json(made.sittings[0])


def test_footage_is_kept_from_the_last_day_of_the_batch(planned: Cabinet) -> None:
    sittings = planned.database.setup.sittings("batch")
    assert last_exam_day(sittings).isoformat() == "2026-05-02"  # sitting 2 ends after midnight in Shanghai
    assert last_exam_day(sittings[:1]).isoformat() == "2026-05-01"


def test_what_was_never_applied_is_refused_by_name(planned: Cabinet) -> None:
    with pytest.raises(UnknownBatch, match="no batch other"):
        sitting_report(planned.database, "other", 1, RULES, at(0))
    with pytest.raises(UnknownBatch, match="no batch other"):
        batch_report(planned.database, "other", RULES, at(0))
    with pytest.raises(UnknownSitting, match="batch batch has no sitting 9"):
        sitting_report(planned.database, "batch", 9, RULES, at(0))


class TestPictures:
    """With a reference of cam-1 and a region of A-01 in it; of A-02 nobody drew one."""

    @pytest.fixture
    def looked(self, planned: Cabinet) -> Cabinet:
        wide = replace(WIDE, regions=(Region("A-01", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.6))),))
        room = Room("R1", "一号考场", (Station("A-01"), Station("A-02")), (wide,))
        planned.database.setup.apply_site(Site("site", "考点", "浈江区", (room,)), ACTOR, BEFORE + timedelta(hours=1))
        reference = Reference("ref", "cam-1", BEFORE, ACTOR, span(-100, -80), (), b"A-01")
        planned.database.looks.add_reference(reference)
        planned.run("run-1", "cam-1", 0, 12)
        for start in (0, 6):
            planned.archive.keep(planned.segment(start, frames=150))
        conduct(planned)
        return planned

    def measured(self, cabinet: Cabinet, dark: Collection[int] = ()) -> None:
        """A sample a second; in the dark, one of brightness 0."""
        for segment in cabinet.database.evidence.segments("cam-1", span(0, 12)):
            begins = round((segment.interval.start - at(0)).total_seconds())
            seen = (StationSample("A-01", 25, 0),)
            samples = tuple(
                Sample(at(second), 320, 192, 0.0 if second in dark else 90.0, 0, 20, stations=seen)
                for second in range(begins, begins + 7)
            )
            cabinet.database.looks.add(Look(segment.key, 1, "ref", at(50), samples))

    def report(self, cabinet: Cabinet) -> dict[str, Any]:
        made = sitting_report(cabinet.database, "batch", 1, RULES, at(100), eye=eye.EYE)
        read: dict[str, Any] = json.loads(json.dumps(to_json(made), ensure_ascii=False))
        return read

    def test_what_was_compared_and_what_was_not_is_told_and_all_is_well(self, looked: Cabinet) -> None:
        decode(looked)
        self.measured(looked)
        found = self.report(looked)
        assert [each["verdict"] for each in found["stations"]] == ["pass", "pass"]
        assert [each["compared"] for each in found["stations"]] == [["cam-1"], []]
        assert found["cameras"][0]["reference"] == "ref"
        assert "工位A-02未登记画面区域" in found["clauses"][2]["zh"]

    def test_unusable_pictures_are_listed_apart_from_gaps_with_what_was_measured(self, looked: Cabinet) -> None:
        decode(looked)
        self.measured(looked, dark={4, 5})
        found = self.report(looked)
        station, camera = found["stations"][0], found["cameras"][0]
        assert (station["gaps"], station["covered_s"]) == ([], 10.0)
        assert station["unusable"] == [
            {
                "start": "2026-05-01T01:00:03.000Z",
                "end": "2026-05-01T01:00:06.000Z",
                "seconds": 3.0,
                "cameras": [{"camera": "cam-1", "fault": "black"}],
            }
        ]
        assert camera["faults"][0] | {"start": "", "end": ""} == {
            "start": "",
            "end": "",
            "seconds": 3.0,
            "fault": "black",
            "measured": 0.0,
            "limit": 40.0,
        }
        assert station["verdict"] == "fail"
        assert "有录像但画面不可用3秒（摄像机cam-1黑屏）" in found["clauses"][1]["zh"]

    def test_what_nobody_looked_at_yet_is_unverified_and_unknown(self, looked: Cabinet) -> None:
        decode(looked)
        found = self.report(looked)
        station = found["stations"][0]
        assert [each["seconds"] for each in station["unverified"]] == [10.0]
        assert station["verdict"] == "unknown"
        assert found["cameras"][0]["unverified"] == station["unverified"]

    def test_without_an_eye_the_report_says_what_it_always_said(self, looked: Cabinet) -> None:
        decode(looked)
        self.measured(looked, dark={4, 5})
        found = to_json(sitting_report(looked.database, "batch", 1, RULES, at(100), eye=None))
        assert {each["verdict"] for each in found["stations"]} == {"pass"}
        assert "画面内容未检查" in found["clauses"][2]["zh"]

    def test_the_paper_lists_unusable_time_in_both_languages(self, looked: Cabinet) -> None:
        decode(looked)
        self.measured(looked, dark={4, 5})
        made = sitting_report(looked.database, "batch", 1, RULES, at(100), eye=eye.EYE)
        zh, en = (as_html(compose(made, language)) for language in ("zh", "en"))
        assert "画面不可用明细" in zh
        assert "测得 0，限值 40" in zh
        assert "cam-1: black" in en
        assert "画面内容与摄像机视角不在本报告核验之列" not in zh
