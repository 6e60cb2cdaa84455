"""Each clause's verdict and sentence, from facts written down by hand. One room, two stations, two cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from analysis.backup import Backup
from analysis.coverage import camera_coverage, station_coverage
from analysis.facts import CameraFacts, Holding, SittingFacts, StationFacts, Waiting
from analysis.judge import findings, station_verdict, within_tolerance
from config.rule_pack import load
from domain.evidence import Cause, Coverage, Outage, Segment, SegmentState
from domain.law import Finding, Verdict
from domain.places import Camera, Room, Station
from domain.timeline import Interval, IntervalSet
from tests.analysis.ledgers import at, ledger, observation, outage, s3_copy, segment, span, spool_copy

RULES = load("SG-2022-08-10")
WINDOW = span(0, 5400)  # 30 min lead, 45 min exam, 15 min tail; 09:00 to 10:30 in Shanghai
EXAM = span(1800, 4500)
LOCK = datetime.fromisoformat("2029-05-02T00:00:00+08:00")
WIDE = Camera("wide", "rtsp://wide", ("A-01", "A-02"), panoramic=True)
NEAR = Camera("near", "rtsp://near", ("A-01",))
ROOM = Room("R1", "一号考场", (Station("A-01"), Station("A-02")), (WIDE, NEAR))


def files(camera: str) -> list[Segment]:
    return [segment(900 * number, 900 * number + 900, camera=camera) for number in range(6)]


def kept(one: Segment) -> Holding:
    return Holding(one, (spool_copy(one), s3_copy(one, LOCK)), observation(one))


def camera(which: Camera, lost: Sequence[Outage] = (), holdings: Sequence[Holding] | None = None) -> CameraFacts:
    held = [kept(one) for one in files(which.id)] if holdings is None else holdings
    evidence = ledger(
        [one.segment for one in held],
        outages=lost,
        runs=[],
        copies={one.segment.key: one.copies for one in held},
        observations={one.segment.key: one.observation for one in held if one.observation is not None},
    )
    return CameraFacts(which, "R1", camera_coverage(evidence, WINDOW, at(9999)), tuple(held))


def facts(*cameras: CameraFacts, stations: Sequence[str] = ("A-01", "A-02")) -> SittingFacts:
    seen = []
    for station in stations:
        views: dict[str, Coverage] = {
            each.camera.id: each.coverage
            for each in cameras
            if station in each.camera.sees and each.coverage is not None
        }
        seen.append(StationFacts(station, "R1", tuple(views), station_coverage(views, WINDOW)))
    room = replace(ROOM, cameras=tuple(each.camera for each in cameras))
    return SittingFacts(WINDOW, EXAM, (room,), tuple(seen), tuple(cameras), LOCK)


def clause(number: int, case: SittingFacts) -> Finding:
    return next(found for found in findings(case, RULES) if found.id == f"C6.2-{number}")


def lost(start: float, seconds: float, cause: Cause = Cause.CAMERA_DISCONNECTED) -> Outage:
    return outage(start, start + seconds, cause)


WHOLE = facts(camera(WIDE), camera(NEAR))


def test_complete_evidence_passes_every_clause() -> None:
    assert [found.verdict for found in findings(WHOLE, RULES)] == [Verdict.PASS] * 4
    assert clause(3, WHOLE).zh == "2个工位自2026-05-01 09:00:00至10:30:00的录像连续，无断档。"
    assert clause(3, WHOLE).en == "The footage of each station (2) has no gap from 2026-05-01 09:00:00 to 10:30:00."


def test_the_clauses_are_named_as_in_the_rule_table() -> None:
    assert [found.id for found in findings(WHOLE, RULES)] == ["C6.2-2", "C6.2-3", "C6.2-4", "C6.2-5"]


@pytest.mark.parametrize("waiting", Waiting)
def test_everything_is_pending_while_the_evidence_is_not_complete(waiting: Waiting) -> None:
    case = replace(WHOLE, waiting=waiting, settled_until=at(1000))
    assert {found.verdict for found in findings(case, RULES)} == {Verdict.PENDING}
    assert station_verdict(case.stations[0], case, RULES) is Verdict.PENDING
    told = clause(3, case).zh
    assert told == (
        "场次尚未结束，结束后判定。"
        if waiting is Waiting.NOT_ENDED
        else "录像已核验至2026-05-01 09:16:40，其余尚待核验。"
    )


class TestWholeProcess:
    def test_a_gap_beyond_the_tolerance_fails_and_is_told_with_place_time_length_and_cause(self) -> None:
        case = facts(camera(WIDE, [lost(2000, 10.5)]), stations=["A-02"])
        found = clause(3, case)
        assert found.verdict is Verdict.FAIL
        assert found.zh == "工位A-02自2026-05-01 09:33:20至09:33:30.500断档10.5秒（摄像机断线），超出容许值。"
        assert found.en == (
            "Gap of 10.5 s at station A-02 from 2026-05-01 09:33:20 to 09:33:30.500 (camera disconnected), "
            "beyond the tolerance."
        )

    def test_a_gap_within_the_tolerance_is_a_warning_and_told(self) -> None:
        found = clause(3, facts(camera(WIDE, [lost(2000, 10)])))
        assert found.verdict is Verdict.WARN
        assert found.zh == "工位A-01、A-02自2026-05-01 09:33:20至09:33:30断档10秒（摄像机断线）。"

    def test_of_many_stations_the_first_are_named_and_the_rest_counted(self) -> None:
        names = [f"A-{number:02d}" for number in range(1, 13)]
        hall = replace(WIDE, sees=tuple(names))
        found = clause(3, facts(camera(hall, [lost(2000, 10)]), stations=names))
        assert found.zh.startswith("工位A-01、A-02、A-03、A-04、A-05、A-06、A-07、A-08等12个自2026-05-01")
        assert found.en.startswith(
            "Gap of 10 s at stations A-01, A-02, A-03, A-04, A-05, A-06, A-07, A-08 and 4 more from"
        )

    def test_gaps_of_one_cause_at_nearly_the_same_time_are_told_together(self) -> None:
        far = replace(WIDE, sees=("A-02",))
        case = facts(camera(far, [lost(2000, 8)]), camera(NEAR, [lost(2000.4, 8.25)]))
        found = clause(3, case)
        assert found.zh == "工位A-01、A-02自2026-05-01 09:33:20至09:33:28.650之间各断档8至8.25秒（摄像机断线）。"
        assert found.en == (
            "Gaps of 8 to 8.25 s at stations A-01, A-02 from 2026-05-01 09:33:20 to 09:33:28.650 "
            "(camera disconnected)."
        )

    @pytest.mark.parametrize("other", [lost(2002.1, 8), lost(2000, 10), lost(2000, 8, Cause.NO_DATA)])
    def test_gaps_further_apart_or_of_another_cause_are_told_one_by_one(self, other: Outage) -> None:
        far = replace(WIDE, sees=("A-02",))
        case = facts(camera(far, [lost(2000, 7.9)]), camera(NEAR, [other]))
        assert clause(3, case).en.lower().count("gap of") == 2

    def test_a_date_is_told_again_only_when_it_changes(self) -> None:
        found = clause(3, facts(camera(WIDE, [lost(100, 10), lost(2000, 10)])))
        assert (found.zh.count("2026-05-01"), found.en.count("2026-05-01")) == (1, 1)
        assert "；工位A-01、A-02自09:33:20至09:33:30断档10秒" in found.zh

    @pytest.mark.parametrize("start", [100, 5000])
    def test_before_and_after_the_exam_any_gap_is_a_warning(self, start: float) -> None:
        assert clause(3, facts(camera(WIDE, [lost(start, 300)]))).verdict is Verdict.WARN

    def test_only_the_part_of_a_gap_inside_the_exam_counts_against_the_tolerance(self) -> None:
        assert clause(3, facts(camera(WIDE, [lost(1700, 110)]))).verdict is Verdict.WARN
        assert clause(3, facts(camera(WIDE, [lost(1700, 110.001)]))).verdict is Verdict.FAIL

    def test_a_gap_that_changes_its_cause_is_one_gap_to_the_tolerance(self) -> None:
        halves = [lost(2000, 6), lost(2006, 6, Cause.NO_DATA)]
        assert clause(3, facts(camera(WIDE, halves))).verdict is Verdict.FAIL

    def test_many_small_gaps_fail_by_their_sum(self) -> None:
        small = [lost(2000 + 100 * number, 1) for number in range(14)]
        assert clause(3, facts(camera(WIDE, small[:13]))).verdict is Verdict.WARN
        found = clause(3, facts(camera(WIDE, small)))  # 0.5 % of 2700 s is 13.5 s
        assert found.verdict is Verdict.FAIL
        assert found.zh.endswith("另有9项见报告明细。")

    def test_a_long_exam_may_not_lose_more_than_the_total(self) -> None:
        exam = span(0, 36000)
        holes = [span(1000 * number, 1000 * number + 10) for number in range(7)]
        assert within_tolerance(IntervalSet(holes[:6]), exam, RULES)
        assert not within_tolerance(IntervalSet(holes), exam, RULES)

    def test_another_camera_that_sees_the_station_closes_the_gap(self) -> None:
        case = facts(camera(WIDE, [lost(2000, 60)]), camera(NEAR), stations=["A-01"])
        assert clause(3, case).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("offset", "verdict"),
        [(2.0, Verdict.PASS), (-2.1, Verdict.WARN), (30.0, Verdict.WARN), (-30.1, Verdict.FAIL)],
    )
    def test_a_clock_far_off_speaks_against_the_time_evidence(self, offset: float, verdict: Verdict) -> None:
        held = [kept(replace(one, clock_offset_s=offset)) for one in files("wide")]
        assert clause(3, facts(camera(WIDE, holdings=held))).verdict is verdict

    @pytest.mark.parametrize(
        ("ppm", "verdict"), [(-150.0, Verdict.WARN), (150.0, Verdict.WARN), (99.0, Verdict.PASS), (0.0, Verdict.PASS)]
    )
    def test_a_clock_that_drifts_fast_is_a_warning(self, ppm: float, verdict: Verdict) -> None:
        held = [
            kept(replace(one, clock_offset_s=ppm * 1e-6 * (one.interval.end - WINDOW.start).total_seconds()))
            for one in files("wide")
        ]
        found = clause(3, facts(camera(WIDE, holdings=held)))
        assert found.verdict is verdict
        if verdict is Verdict.WARN:
            fast = ppm > 0
            assert found.zh == f"摄像机wide时钟每天{'快' if fast else '慢'}13.0秒（150 ppm），超过100 ppm。"
            assert found.en.startswith(
                f"The clock of camera wide {'gains' if fast else 'loses'} 13.0 s a day (150 ppm)"
            )

    def test_an_unknown_clock_is_noted_and_does_not_fail(self) -> None:
        held = [kept(replace(one, clock_offset_s=None)) for one in files("wide")]
        found = clause(3, facts(camera(WIDE, holdings=held)))
        assert found.verdict is Verdict.PASS
        assert found.zh.endswith("无断档。摄像机wide未提供时钟，时钟偏差未知。")
        assert found.en.endswith("No clock was told by camera wide, so the offset is unknown.")

    def test_a_sitting_nobody_opened_is_judged_by_its_plan_and_says_so(self) -> None:
        assert "按计划时间判定" in clause(3, replace(WHOLE, planned=True)).zh


class TestNoDeadAngle:
    def test_the_sentence_claims_neither_floor_plan_nor_picture(self) -> None:
        found = clause(4, WHOLE)
        assert "平面图视野与画面内容未检查" in found.zh
        assert "floor plan and picture content are not checked" in found.en

    def test_a_station_without_a_camera_fails(self) -> None:
        found = clause(4, facts(camera(WIDE), stations=["A-01", "A-09"]))
        assert found.verdict is Verdict.FAIL
        assert found.zh.startswith("工位A-09无摄像机")

    def test_a_lost_camera_whose_stations_others_saw_is_a_warning(self) -> None:
        found = clause(4, facts(camera(WIDE), camera(NEAR, [lost(2000, 60)])))
        assert found.verdict is Verdict.WARN
        assert found.zh.startswith(
            "摄像机near断档60秒（自2026-05-01 09:33:20至09:34:20），工位A-01仍有其他摄像机，冗余丧失"
        )
        assert found.en.startswith(
            "Redundancy lost: camera near has no footage for 60 s (from 2026-05-01 09:33:20 to 09:34:20), "
            "while station A-01 stayed in view of others"
        )

    def test_time_without_a_usable_view_follows_the_tolerance(self) -> None:
        assert clause(4, facts(camera(WIDE, [lost(2000, 10)]))).verdict is Verdict.WARN
        assert clause(4, facts(camera(WIDE, [lost(2000, 11)]))).verdict is Verdict.FAIL

    def test_one_span_without_a_view_is_told_by_its_ends_and_several_are_counted(self) -> None:
        once = clause(4, facts(camera(WIDE, [lost(2000, 4)]), stations=["A-02"]))
        assert once.zh.startswith("工位A-02无有效画面4秒（自2026-05-01 09:33:20至09:33:24）；")
        assert once.en.startswith(
            "Station A-02 has no usable view for 4 s (from 2026-05-01 09:33:20 to 09:33:24); judged"
        )
        twice = clause(4, facts(camera(WIDE, [lost(2000, 4), lost(3000, 4)]), stations=["A-02"]))
        assert twice.zh.startswith("工位A-02无有效画面8秒（共2段，首段自2026-05-01 09:33:20至09:33:24）；")
        assert "for 8 s (2 spans, the first from" in twice.en

    def test_a_picture_that_is_too_small_is_no_view_unless_another_is_there(self) -> None:
        small = [kept(segment(0, 5400, camera="near", height=480))]
        assert clause(4, facts(camera(NEAR, holdings=small), stations=["A-01"])).verdict is Verdict.FAIL
        assert clause(4, facts(camera(WIDE), camera(NEAR, holdings=small))).verdict is Verdict.WARN

    def test_too_few_frames_per_second_are_a_warning(self) -> None:
        slow = [kept(replace(one, frames=900 * 14)) for one in files("wide")]
        found = clause(4, facts(camera(WIDE, holdings=slow)))
        assert found.verdict is Verdict.WARN
        assert "平均每秒14.0帧，少于15帧" in found.zh


class TestRecordingAndCopies:
    def test_a_room_without_a_panoramic_camera_fails(self) -> None:
        found = clause(2, facts(camera(NEAR), stations=["A-01"]))
        assert found.verdict is Verdict.FAIL
        assert found.zh == "考场R1无全景监控。"

    def test_a_panoramic_camera_that_recorded_nothing_fails(self) -> None:
        found = clause(2, facts(camera(WIDE, holdings=[]), camera(NEAR)))
        assert found.verdict is Verdict.FAIL
        assert "全景摄像机wide在本场次没有可用录像" in found.zh

    def test_a_backup_that_is_still_to_be_made_is_pending_and_leaves_coverage_alone(self) -> None:
        held = [kept(one) for one in files("wide")]
        held[-1] = replace(held[-1], copies=held[-1].copies[:1])
        case = facts(camera(WIDE, holdings=held))
        assert clause(2, case).verdict is clause(5, case).verdict is Verdict.PENDING
        assert clause(2, case).zh == "1个录像文件（共6个）尚未备份至对象存储。"
        assert clause(2, case).en == "1 of 6 recorded files is not backed up to the object store yet."
        assert clause(3, case).verdict is clause(4, case).verdict is Verdict.PASS

    def test_time_that_two_recorders_hold_on_two_devices_is_backed_up_and_the_lag_is_told(self) -> None:
        only = camera(WIDE, holdings=[Holding(one, (spool_copy(one),), observation(one)) for one in files("wide")])
        covered = IntervalSet([WINDOW])
        twice = replace(only, backup=Backup(covered, covered, timedelta(seconds=63.25)))
        found = clause(2, facts(twice))
        assert found.verdict is Verdict.PASS
        assert found.zh.endswith("全部录像时间在2个不同存储设备上有副本，自拍摄起最迟63.25秒完成（摄像机wide）。")
        assert found.en.endswith(
            "All recorded time lies on 2 separate devices, at the latest 63.25 s after it was taken (camera wide)."
        )

    def test_only_the_file_that_nothing_backs_up_is_pending_and_the_rest_is_told_in_seconds(self) -> None:
        only = camera(WIDE, holdings=[Holding(one, (spool_copy(one),), observation(one)) for one in files("wide")])
        part = IntervalSet([Interval(WINDOW.start, at(4500))])
        found = clause(2, facts(replace(only, backup=Backup(IntervalSet([WINDOW]), part, timedelta(seconds=5)))))
        assert found.verdict is Verdict.PENDING
        assert "1 of 6 recorded files is not backed up to the object store yet" in found.en
        assert "4500 s of 5400 s recorded lies on 2 separate devices" in found.en

    def test_a_copy_that_was_removed_again_fails(self) -> None:
        held = [kept(one) for one in files("wide")]
        first = held[0].segment
        held[0] = replace(held[0], copies=(spool_copy(first), s3_copy(first, LOCK, removed=at(9999))))
        found = clause(2, facts(camera(WIDE, holdings=held)))
        assert found.verdict is Verdict.FAIL
        assert found.en == "1 of 6 recorded files is on fewer than 2 separate devices."


class TestKeeping:
    def case(self, **change: object) -> SittingFacts:
        held = [kept(one) for one in files("wide")]
        held[2] = replace(held[2], **change)  # type: ignore[arg-type]
        return facts(camera(WIDE, holdings=held))

    def test_a_missing_file_fails(self) -> None:
        found = clause(5, self.case(copies=()))
        assert found.verdict is Verdict.FAIL
        assert found.zh.startswith("摄像机wide自2026-05-01 09:30:00至09:45:00的录像文件缺失")

    def test_a_damaged_file_fails(self) -> None:
        third = files("wide")[2]
        bad = observation(third, SegmentState.DAMAGED, [span(2000, 2001)])
        assert "的录像文件损坏" in clause(5, self.case(observation=bad)).zh

    def test_pictures_spoilt_by_lost_packets_are_no_damage_to_the_file(self) -> None:
        held = [kept(one) for one in files("wide")]
        bad = observation(held[2].segment, SegmentState.DAMAGED, [span(2000, 2001)])
        held[2] = replace(held[2], observation=bad)
        loss = [lost(1999.9, 1.1, Cause.PACKET_LOSS)]
        assert clause(5, facts(camera(WIDE, loss, held))).verdict is Verdict.PASS

    @pytest.mark.parametrize("until", [None, LOCK - timedelta(seconds=1)])
    def test_a_lock_that_ends_too_early_fails(self, until: datetime | None) -> None:
        third = files("wide")[2]
        found = clause(5, self.case(copies=(spool_copy(third), s3_copy(third, until))))
        assert found.verdict is Verdict.FAIL
        assert "应至2029-05-02 00:00:00" in found.zh

    def test_a_sitting_without_any_file_fails(self) -> None:
        found = clause(5, facts(camera(WIDE, holdings=[])))
        assert found.verdict is Verdict.FAIL
        assert found.zh == "本场次没有任何录像文件。"

    def test_a_pass_names_the_last_day_of_keeping(self) -> None:
        assert "至少锁定至2029-05-01" in clause(5, WHOLE).zh


def test_a_station_has_the_verdict_of_its_own_gaps() -> None:
    case = facts(camera(WIDE, [lost(2000, 60)]), camera(NEAR, [lost(100, 60)]))
    assert [station_verdict(station, case, RULES) for station in case.stations] == [Verdict.PASS, Verdict.FAIL]


def test_no_sentence_ends_without_a_full_stop_or_holds_a_camera_address() -> None:
    case = facts(camera(WIDE, [lost(2000, 60)], []), camera(NEAR), stations=["A-01", "A-02", "A-09"])
    for found in (*findings(case, RULES), *findings(WHOLE, RULES)):
        assert found.zh.endswith("。")
        assert found.en.endswith(".")
        assert "rtsp" not in found.zh + found.en


def test_an_interval_over_midnight_names_both_days() -> None:
    night = Interval(at(15 * 3600 - 10), at(15 * 3600 + 10))
    case = replace(WHOLE, window=night)
    assert "自2026-05-01 23:59:50至2026-05-02 00:00:10" in clause(3, case).zh
