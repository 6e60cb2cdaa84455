"""Rules on the day: what passes, what fails, what is not known or not yet due, and the edges of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exam_papers import AFTER, BEFORE, HANDED, HandOver, NoPapers, Package, Printing, Stage
from domain.grounds import Method, Norm, Subject
from domain.labels import LABELS_READ, LabelsRead
from domain.law import Ruled, Verdict
from domain.phases import Mark
from domain.pictures import Reference
from domain.places import Sitting, StationTime
from domain.readiness import Confirmation, Item
from domain.register import Draft, Entry
from domain.roll import IdCheck, Seat, SignIn
from domain.room_record import Counts, Held, Incident, IncidentKind, RoomRecord, RoomSignature
from domain.scores import CandidateScore, Score
from domain.timeline import Interval
from records import conduct, declaration, readiness, room_records
from records.day_rules import (
    DayFacts,
    SittingDay,
    as_in_the_norm,
    facts_of,
    findings,
    papers_kept,
    signs_shown,
)
from storage.database import Database
from storage.errors import UnknownBatch
from tests.fakes.time import FakeClock
from tests.records.days import DIGEST, PARCEL, desk_at, handed, later, prepare, printing, whole_chain
from tests.records.rolls import BATCH, RULES
from tests.records.rolls import BEFORE as LONG_BEFORE
from tests.records.setups import ACTOR, ROOMY, START, WHOLE

DECLARED = declaration.parse(WHOLE, "exam.yaml")
PLAN = DECLARED.batches[0].sitting(1)
EARLY, DAY_AFTER, LATE = later(-600), later(36 * 60), later(40 * 24 * 60)
SUBJECTS = (
    Subject("理论", Method.MACHINE, 30),
    Subject("笔试", Method.WRITTEN, 45),
    Subject("实操", Method.PRACTICAL, 90),
)


def entry(kind: str, key: str, value: Any) -> Entry[Any]:
    return Entry(kind, key, 1, value, BATCH, "sg-001", "", LONG_BEFORE, ACTOR, "", 1, "")


NORM: Entry[Norm] = entry("norm", "norm-1", Norm("norm-1", "中式面点制作", START.date(), SUBJECTS))


def seat(ticket: str, subject: str, station: str = "A-01", sitting: int = 1) -> Entry[Seat]:
    value = Seat(BATCH, ticket, sitting, "r301", station, subject)
    return entry("seat", f"{sitting}/{ticket}/{subject}", value)


def sat(minutes: float | None = 90, **plan: Any) -> Sitting:
    """The first sitting, opened a minute after its start; None for not opened."""
    found = Sitting(DECLARED.batches[0], replace(PLAN, **plan), DECLARED.sites[0])
    if minutes is None:
        return found
    return replace(
        found,
        opened=later(1),
        actual_start=START,
        actual_end=later(minutes),
        closed=later(minutes + 2),
    )


def confirmed(at: datetime = EARLY, **other: Any) -> dict[str, Confirmation]:
    return {"r301": replace(Confirmation(BATCH, 1, "r301", Item.SIGNS, True, at, ACTOR), **other)}


def day(minutes: float | None = 90, **other: Any) -> SittingDay:
    told: dict[str, Any] = {"signs": confirmed(), "papers_opened": later(-5), "norm": NORM}
    return SittingDay(sat(minutes), **(told | other))


def facts(*days: SittingDay, now: datetime = DAY_AFTER, **other: Any) -> DayFacts:
    told: dict[str, Any] = {"seats": (seat("T1", "实操"), seat("T2", "实操", "A-02"))}
    return DayFacts(DECLARED.batches[0], now, days or (day(),), **(told | other))


def said(ruled: Ruled, verdict: Verdict, *parts: str) -> None:
    assert ruled.finding.verdict is verdict, ruled.finding
    assert ruled.finding.en
    for part in parts:
        assert part in ruled.finding.zh, ruled.finding.zh


def test_nothing_on_record_is_outstanding_before_the_exam_and_unknown_afterwards() -> None:
    bare = SittingDay(sat(None))
    for now, wanted in ((EARLY, Verdict.PENDING), (DAY_AFTER, Verdict.UNKNOWN)):
        found = findings(DayFacts(DECLARED.batches[0], now, (bare,)), RULES)
        assert [each.finding.id for each in found] == ["C6.2-1", "C6.4-1", "C6.5-1"]
        assert [each.finding.verdict for each in found] == [wanted] * 3
    for each in findings(DayFacts(DECLARED.batches[0], EARLY), RULES):
        said(each, Verdict.UNKNOWN, "没有场次")


# --- C6.2-1: signs ---


def test_signs_that_were_confirmed_before_the_opening_pass() -> None:
    said(signs_shown(facts()), Verdict.PASS, "第1场r301考场", "2026-04-30 23:00确认")
    said(signs_shown(facts(day(None), now=EARLY)), Verdict.PASS)


@pytest.mark.parametrize("signs", [{}, confirmed(stands=False)], ids=["nobody", "taken back"])
def test_signs_that_nobody_confirmed_or_that_were_taken_back_are_unknown(signs: Any) -> None:
    said(signs_shown(facts(day(signs=signs))), Verdict.UNKNOWN)
    said(signs_shown(facts(day(None, signs=signs), now=EARLY)), Verdict.PENDING)


def test_a_station_without_a_label_fails_by_its_name_and_before_the_opening_can_be_mended() -> None:
    signs = confirmed(stands=False, lacking=("A-01", "A-02"), note="座签脱落")
    said(signs_shown(facts(day(signs=signs))), Verdict.FAIL, "A-01号工位、A-02号工位无工位号：座签脱落")
    said(signs_shown(facts(day(None, signs=signs), now=EARLY)), Verdict.PENDING, "无工位号")
    said(signs_shown(facts(day(signs=confirmed(stands=False, note="门口无标识")))), Verdict.FAIL, "标识不符：门口")


def test_what_was_confirmed_only_after_the_bell_proves_nothing() -> None:
    said(signs_shown(facts(day(signs=confirmed(later(0.5))))), Verdict.UNKNOWN, "开考后才确认")
    said(signs_shown(facts(day(signs=confirmed(later(0))))), Verdict.PASS)


def read_in(camera: str, read: tuple[str, ...], unread: tuple[str, ...]) -> Entry[LabelsRead]:
    return entry("labels_read", f"{camera}/ab", LabelsRead(camera, "ab", read, unread))


def test_labels_that_a_reference_shows_are_told_beside_the_confirmation_and_decide_nothing() -> None:
    labels = {"r301": (read_in("c1", ("A-01",), ("A-02",)), read_in("c2", (), ("A-01",)))}
    told = "基准画面可读出工位号A-01，基准画面未能读出工位号A-02（仅供查看）"
    found = signs_shown(facts(day(labels=labels)))
    said(found, Verdict.PASS, "确认", told)
    assert found.rests_on[-2:] == ("labels_read/c1/ab@1", "labels_read/c2/ab@1")
    said(signs_shown(facts(day(labels=labels, signs={}))), Verdict.UNKNOWN, "无人确认", told)
    lacking = confirmed(stands=False, lacking=("A-01",))
    said(signs_shown(facts(day(labels=labels, signs=lacking))), Verdict.FAIL, "A-01号工位无工位号", told)
    none = {"r301": (read_in("c1", (), ("A-01", "A-02")),)}
    said(signs_shown(facts(day(labels=none))), Verdict.PASS, "未能读出工位号A-01、A-02")
    assert "基准画面" not in signs_shown(facts()).finding.zh


def test_the_labels_are_those_of_the_references_that_a_sitting_rests_on(database: Database, clock: FakeClock) -> None:
    prepare(database, clock)
    camera = "sg-001-c1"
    drafts = [
        Draft(LABELS_READ, f"{camera}/{id_}", LabelsRead(camera, id_, read, ()), site="sg-001")
        for id_, read in (("old", ("A-01",)), ("new", ("A-01", "A-02")))
    ]
    database.register.enter("read_labels", camera, drafts, ACTOR, LONG_BEFORE)
    for id_, since in (("old", LONG_BEFORE), ("new", later(5))):
        reference = Reference(
            id_, camera, since, ACTOR, Interval(since - timedelta(minutes=1), since), (), id_.encode()
        )
        database.looks.add_reference(reference)

    def read(now: datetime) -> list[tuple[str, ...]]:
        first = facts_of(database, BATCH, now).sittings[0]
        return [entry.thing.read for entry in first.labels.get("r301", ())]

    assert read(LONG_BEFORE - timedelta(days=1)) == []
    assert read(later(-10)) == [("A-01",)]
    assert read(later(10)) == [("A-01", "A-02")]
    database.setup.open_sitting(BATCH, 1, later(-30), later(0))
    assert read(later(10)) == [("A-01",)]


def test_every_room_of_a_sitting_needs_its_own_confirmation() -> None:
    both = Sitting(DECLARED.batches[0], DECLARED.batches[0].sitting(2), DECLARED.sites[0])
    found = signs_shown(facts(SittingDay(both, confirmed(), None, NORM)))
    said(found, Verdict.UNKNOWN, "r302考场")


# --- C6.4-1: exam papers ---


PRINTED: Entry[Printing] = entry("paper_printing", f"{BATCH}/{PARCEL}", printing())


def way(*stages: Stage, **bent: HandOver) -> tuple[Entry[HandOver], ...]:
    """Hand-overs of these stages, some of them otherwise."""
    return tuple(
        entry("paper_hand_over", f"{BATCH}/{PARCEL}/{stage.value}", bent.get(stage.value, handed(stage)))
        for stage in stages
    )


def judged(*hand_overs: Entry[HandOver], printed: Entry[Printing] = PRINTED, **other: Any) -> Ruled:
    now = other.pop("now", DAY_AFTER)
    return papers_kept(facts(day(**other), now=now, printings=(printed,), hand_overs=hand_overs), RULES)


def test_a_whole_chain_passes_and_rests_on_each_of_its_entries() -> None:
    found = judged(*way(*HANDED))
    said(found, Verdict.PASS, "试卷SJ-0001：交接链完整")
    assert found.rests_on == (PRINTED.name, *(each.name for each in way(*HANDED)))


@pytest.mark.parametrize("stage", [*BEFORE, *AFTER[:2]])
def test_a_stage_that_is_missing_between_others_breaks_the_chain_by_its_name(stage: Stage) -> None:
    said(
        judged(*way(*(each for each in HANDED if each is not stage))), Verdict.FAIL, f"试卷交接链断{stage.zh}：无记录"
    )


def test_an_opening_that_nobody_marked_breaks_the_chain_once_papers_were_collected() -> None:
    said(judged(*way(*HANDED), papers_opened=None), Verdict.FAIL, "试卷交接链断启封")
    said(judged(*way(*BEFORE), papers_opened=None), Verdict.UNKNOWN, "启封无记录")
    said(judged(*way(*BEFORE), minutes=None, papers_opened=None, now=later(-30)), Verdict.PENDING, "待启封")


def test_a_chain_that_ends_early_is_outstanding_until_it_is_due_and_unknown_then() -> None:
    in_time, filed_late = way(*BEFORE, *AFTER[:2]), later(90) + timedelta(days=RULES.filing_days)
    said(judged(*in_time, now=DAY_AFTER), Verdict.PENDING, "待归档交回")
    said(judged(*in_time, now=filed_late), Verdict.PENDING)
    said(judged(*in_time, now=filed_late + timedelta(seconds=1)), Verdict.UNKNOWN, "归档交回无记录")
    said(judged(*way(*BEFORE), now=later(95)), Verdict.PENDING, "待收卷")  # its tail runs
    said(judged(*way(*BEFORE)), Verdict.UNKNOWN, "收卷无记录", "封装无记录")


def test_without_any_hand_over_nobody_knows() -> None:
    said(judged(), Verdict.UNKNOWN, "没有交接记录")
    said(judged(minutes=None, papers_opened=None, now=EARLY), Verdict.PENDING, "没有交接记录")
    said(papers_kept(facts(), RULES), Verdict.UNKNOWN, "试卷无印制记录")
    said(papers_kept(facts(day(None), now=EARLY), RULES), Verdict.PENDING, "试卷无印制记录")


def test_papers_that_the_centre_did_not_print_fail() -> None:
    by_site = replace(PRINTED, value=printing(by="考场", by_centre=False))
    said(judged(*way(*HANDED), printed=by_site), Verdict.FAIL, "试卷交接链断印制：非市中心印制")


@pytest.mark.parametrize("stage", HANDED)
@pytest.mark.parametrize(
    ("bent", "told"),
    [
        ({"given_by": ""}, "缺交出人签名"),
        ({"taken_by": ""}, "缺接收人签名"),
        ({"given_by": "同一人", "taken_by": "同一人"}, "交出与接收为同一方"),
        ({"intact": False}, "封条已破"),
        ({"seal": "F-9"}, "封条号F-9与"),
    ],
)
def test_a_hand_over_needs_two_who_sign_and_a_whole_seal(stage: Stage, bent: Any, told: str) -> None:
    found = judged(*way(*HANDED, **{stage.value: handed(stage, **bent)}))
    if "seal" in bent and stage in {Stage.COLLECTED, Stage.SEALED}:
        return  # there the seal is none yet, or the new one
    said(found, Verdict.FAIL, f"试卷交接链断{stage.zh}：{told}")


def test_a_seal_that_nobody_looked_at_is_unknown_where_there_is_one() -> None:
    said(judged(*way(*HANDED, kept=handed(Stage.KEPT, intact=None))), Verdict.UNKNOWN, "保管时封条是否完好无记录")
    said(judged(*way(*HANDED, sealed=handed(Stage.SEALED, intact=None))), Verdict.PASS)


def test_who_hands_on_what_another_took_is_looked_at() -> None:
    found = judged(*way(*HANDED, carried=handed(Stage.CARRIED, given_by="押运员9")))
    said(found, Verdict.WARN, "运送交出人不是领取接收人")
    said(judged(*way(*HANDED, carried=handed(Stage.CARRIED, given_by=" 押运员１"))), Verdict.PASS)


def test_times_must_be_in_order_and_equal_ones_are() -> None:
    early = handed(Stage.KEPT, at=handed(Stage.FETCHED).at)
    said(judged(*way(*HANDED, kept=early)), Verdict.FAIL, "试卷交接链断保管：早于运送")
    same = handed(Stage.CARRIED, at=handed(Stage.FETCHED).at)
    said(judged(*way(*HANDED, carried=same)), Verdict.PASS)
    said(
        judged(*way(*HANDED), papers_opened=later(-61)), Verdict.FAIL, "试卷交接链断启封：早于保管", "早于2026-05-01"
    )


def test_papers_are_not_opened_before_the_lead_of_their_sitting() -> None:
    kept = {"kept": handed(Stage.KEPT, at=later(-120))}
    lead = PLAN.lead.total_seconds() / 60
    said(judged(*way(*HANDED, **kept), papers_opened=later(-lead)), Verdict.PASS)
    said(judged(*way(*HANDED, **kept), papers_opened=later(-lead - 1)), Verdict.FAIL, "启封，早于2026-05-01 08:30")


@given(st.lists(st.sampled_from(HANDED), unique=True), st.booleans())
def test_a_chain_never_passes_without_each_of_its_stages(stages: list[Stage], opened: bool) -> None:
    found = judged(*way(*(each for each in HANDED if each in stages)), papers_opened=later(-5) if opened else None)
    assert (found.finding.verdict is Verdict.PASS) == (set(stages) == set(HANDED) and opened)


@given(st.permutations(range(len(HANDED))))
def test_a_chain_passes_in_one_order_of_its_times_only(order: list[int]) -> None:
    times = [handed(stage).at for stage in HANDED]
    bent = {stage.value: handed(stage, at=times[place]) for stage, place in zip(HANDED, order, strict=True)}
    found = judged(*way(*HANDED, **bent), papers_opened=later(-5))
    assert (found.finding.verdict is Verdict.PASS) == (list(order) == sorted(order))


def package(**other: Any) -> Entry[Package]:
    told = Package(BATCH, "理论", DIGEST, later(-60), "考务科")
    return entry("exam_package", f"{BATCH}/理论/all", replace(told, **other))


def of_machine(*packages: Entry[Package], **other: Any) -> Ruled:
    minutes, now = other.pop("minutes", 90), other.pop("now", DAY_AFTER)
    seats = (seat("T1", "理论"),)
    return papers_kept(facts(day(minutes), now=now, seats=seats, packages=packages), RULES)


def test_a_machines_subject_has_a_package_before_the_start_and_no_parcels() -> None:
    found = of_machine(package())
    said(found, Verdict.PASS, "考题包abababababab已接收")
    assert found.rests_on == (package().name,)
    said(of_machine(package(at=START)), Verdict.PASS)
    said(of_machine(package(at=later(1))), Verdict.FAIL, "晚于开考")
    said(of_machine(package(sitting=2)), Verdict.UNKNOWN, "考题包无接收记录")
    said(of_machine(minutes=None, now=EARLY), Verdict.PENDING)
    own = replace(package(sitting=1, at=later(1)), key="own")
    said(of_machine(package(), own), Verdict.FAIL)  # what was received for the sitting itself counts


def test_a_practical_subject_may_have_no_papers_and_a_written_one_may_not() -> None:
    def without(subject: str) -> Ruled:
        none = entry("no_papers", subject, NoPapers(BATCH, subject, EARLY, "市中心", "题目见规范"))
        return papers_kept(facts(seats=(seat("T1", subject),), no_papers=(none,)), RULES)

    said(without("实操"), Verdict.NOT_APPLICABLE, "无试卷（题目见规范）")
    said(without("笔试"), Verdict.UNKNOWN, "试卷无印制记录")


def test_papers_of_another_sitting_or_subject_are_none_of_its_own() -> None:
    for bent in ({"sitting": 2}, {"subject": "笔试"}):
        said(judged(*way(*HANDED), printed=replace(PRINTED, value=printing(**bent))), Verdict.UNKNOWN, "无印制记录")


def test_papers_without_norm_seats_or_a_known_subject_cannot_be_judged() -> None:
    said(papers_kept(facts(day(norm=None)), RULES), Verdict.UNKNOWN, "未登记有效的考核规范")
    said(papers_kept(facts(seats=()), RULES), Verdict.UNKNOWN, "没有座位安排")
    said(papers_kept(facts(seats=(seat("T1", "口试"),)), RULES), Verdict.UNKNOWN, "规范无科目“口试”")


# --- C6.5-1: as in the norm ---


def record(*incidents: Incident, signed: bool = True, **other: Any) -> Entry[RoomRecord]:
    signatures = tuple(RoomSignature(f"ex-{n}", n == 1, later(120), Counts(2, 2)) for n in (1, 2)) if signed else ()
    told = RoomRecord(BATCH, 1, "r301", (Held("实操", Method.PRACTICAL),), (), incidents, signatures=signatures)
    return entry("room_record", f"{BATCH}/1/r301", replace(told, **other))


def extension(minutes: int) -> Incident:
    return Incident(IncidentKind.EXTENSION, later(80), "停电补时", "延时", minutes)


def held(*records: Entry[RoomRecord], minutes: float | None = 90, now: datetime = DAY_AFTER, **other: Any) -> Ruled:
    norm = other.pop("norm", NORM)
    sitting = other.pop("sitting", None)
    one = day(minutes, norm=norm)
    one = one if sitting is None else replace(one, sitting=sitting)
    return as_in_the_norm(facts(one, now=now, room_records=records, **other), RULES)


OFF = RULES.duration_off_min


@pytest.mark.parametrize("minutes", [90, 90 + OFF, 90 - OFF])
def test_method_and_length_within_the_tolerance_pass(minutes: float) -> None:
    found = held(record(), minutes=minutes)
    said(found, Verdict.PASS, f"时长{minutes:.4g}分钟，规范90分钟", "实操，与规范相同")
    assert NORM.name in found.rests_on


def test_longer_wants_an_extension_with_its_reason_in_a_signed_record() -> None:
    longer = 90 + OFF + 10
    said(held(record(), minutes=longer), Verdict.FAIL, "时长105分钟，规范90分钟，考场记录表无延时原因")
    said(held(record(extension(10)), minutes=longer), Verdict.PASS, "延时10分钟")
    said(held(record(extension(9)), minutes=longer), Verdict.FAIL, "不足以说明")
    said(held(record(extension(4), extension(6)), minutes=longer), Verdict.PASS)
    said(held(record(extension(10), signed=False), minutes=longer), Verdict.WARN, "签名不全")
    late = replace(extension(10), kind=IncidentKind.LATE_START)
    said(held(record(late), minutes=longer), Verdict.FAIL)
    said(held(record(extension(10), sitting=2), minutes=longer), Verdict.UNKNOWN, "未登记考场记录表")


def test_shorter_is_noted_unless_everybody_had_left() -> None:
    shorter = 90 - OFF - 1
    said(held(record(), minutes=shorter), Verdict.WARN, "时长84分钟，规范90分钟，提前结束")
    said(held(record(all_left=later(shorter)), minutes=shorter), Verdict.PASS, "提前交卷离场")
    said(held(record(all_left=later(shorter + 1)), minutes=shorter), Verdict.WARN)
    elsewhere = replace(seat("T3", "实操"), value=Seat(BATCH, "T3", 1, "r302", "B-01", "实操"))
    seats = (seat("T1", "实操"), elsewhere)  # of the other room nobody said it
    said(held(record(all_left=later(shorter)), minutes=shorter, seats=seats), Verdict.WARN)


def test_before_the_end_it_is_open_and_without_actual_times_unknown() -> None:
    said(held(record(), minutes=None, now=EARLY), Verdict.PENDING, "考试尚未结束")
    running = replace(sat(90), actual_end=None, closed=None)
    said(held(record(), sitting=running), Verdict.PENDING, "考试尚未结束")
    said(held(record(), minutes=None), Verdict.UNKNOWN, "实际起止时间无记录")


def test_without_norm_seats_subject_or_method_on_record_nobody_knows() -> None:
    said(held(record(), norm=None), Verdict.UNKNOWN, "未登记有效的考核规范")
    said(held(record(), seats=()), Verdict.UNKNOWN, "没有座位安排")
    said(held(record(), seats=(seat("T1", "口试"),)), Verdict.UNKNOWN, "规范无科目“口试”")
    said(held(record(held=())), Verdict.UNKNOWN, "实操：考核方式无记录")


def test_where_nobody_came_there_is_nothing_to_measure() -> None:
    absent = entry("sign_in", "T1", SignIn(BATCH, 1, "T1", False, START, IdCheck.NONE, "x"))
    came = entry("sign_in", "T2", SignIn(BATCH, 1, "T2", True, START, IdCheck.CARD, "x", "r301", "A-02"))
    said(held(minutes=10, sign_ins=(absent,)), Verdict.NOT_APPLICABLE, "无人应考")
    said(held(record(), minutes=10, sign_ins=(absent, came)), Verdict.WARN)


def score(candidate: str, method: Method) -> Entry[CandidateScore]:
    told = CandidateScore(BATCH, candidate, Score("实操", method, Decimal(80), "ex-1", later(95)))
    return entry("score", f"{BATCH}/{candidate}/实操", told)


def test_another_method_than_the_norms_fails_whoever_shows_it() -> None:
    other = record(held=(Held("实操", Method.MACHINE),))
    said(held(other), Verdict.FAIL, "考核方式机考，规范实操")
    said(held(record(held=()), scores=(score("T1", Method.PRACTICAL),)), Verdict.PASS)
    said(held(record(), scores=(score("T1", Method.MACHINE),)), Verdict.FAIL, "考核方式机考，规范实操")
    said(held(record(), scores=(score("T9", Method.MACHINE),)), Verdict.PASS)  # who does not sit there


def test_who_sits_two_subjects_has_the_time_of_both_and_others_of_one_are_noted() -> None:
    both = (seat("T1", "笔试"), seat("T1", "理论"))
    ways = record(held=(Held("笔试", Method.WRITTEN), Held("理论", Method.MACHINE)))
    said(held(ways, minutes=75, seats=both), Verdict.PASS, "规范75分钟")
    found = held(ways, minutes=75, seats=(*both, seat("T2", "理论", "A-02")))
    said(found, Verdict.WARN, "同场另有30分钟的科目")


def test_a_station_with_its_own_times_is_measured_by_them_and_no_longer_than_the_sitting() -> None:
    def own(*spans: tuple[str, float, float]) -> Sitting:
        times = tuple(StationTime(name, Interval(later(one), later(other))) for name, one, other in spans)
        return sat(180, stations=times, planned_end=later(180))

    queue = own(("A-01", 0, 90), ("A-02", 90, 180))
    found = held(record(), sitting=queue)
    said(found, Verdict.PASS, "A-01工位：时长90分钟", "A-02工位：时长90分钟")
    said(held(record(), sitting=own(("A-01", 0, 90), ("A-02", 120, 210))), Verdict.WARN, "A-02工位：时长60分钟")
    said(held(record(), sitting=own(("A-01", 0, 90))), Verdict.FAIL, "第1场：时长180分钟，规范90分钟")


@given(st.integers(1, 400), st.integers(0, 200))
def test_longer_than_norm_tolerance_and_extension_never_passes(minutes: int, extended: int) -> None:
    incidents = (extension(extended),) if extended else ()
    found = held(record(*incidents), minutes=minutes).finding.verdict
    excess = minutes - 90 - OFF
    if excess > 0:
        assert found is (Verdict.PASS if extended >= excess else Verdict.FAIL)
    else:
        assert found is (Verdict.PASS if minutes >= 90 - OFF else Verdict.WARN)


# --- What is read ---


def test_what_is_on_record_is_read_once_and_judged(database: Database, clock: FakeClock) -> None:
    clock.step((LONG_BEFORE - clock.now()).total_seconds())
    prepare(database, clock)
    with pytest.raises(UnknownBatch):
        facts_of(database, "no", later(0))
    assert [each.finding.verdict for each in findings(facts_of(database, BATCH, clock.now()), RULES)] == [
        Verdict.PENDING
    ] * 3
    clock.advance((later(-90) - clock.now()).total_seconds())
    readiness.confirm(
        database,
        BATCH,
        1,
        ACTOR,
        clock,
        room="r301",
        items=[Item.SIGNS],
        stands=False,
        lacking=["A-02"],
    )
    clock.advance((later(1) - clock.now()).total_seconds())
    conduct.open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY, actual_start=START)
    clock.advance((later(130) - clock.now()).total_seconds())
    conduct.mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.OPENED, at=later(-5))
    conduct.close_sitting(database, BATCH, 1, ACTOR, clock, actual_end=later(60))
    told = RoomRecord(BATCH, 1, "r301", (Held("实操", Method.PRACTICAL),))
    desk = desk_at(database, DAY_AFTER)
    room_records.write(desk, told)
    whole_chain(desk)
    found = {each.finding.id: each for each in findings(facts_of(database, BATCH, DAY_AFTER), RULES)}
    said(found["C6.2-1"], Verdict.FAIL, "第1场r301考场：A-02号工位无工位号")
    for rule in ("C6.4-1", "C6.5-1"):  # of the first sitting there is nothing to be said against
        said(found[rule], Verdict.UNKNOWN, "第2场")
        assert "第1场" not in found[rule].finding.zh
    assert "paper_hand_over/2026-0501/SJ-0001/fetched@1" in found["C6.4-1"].rests_on
    assert f"room_record/{BATCH}/1/r301@1" in found["C6.5-1"].rests_on
