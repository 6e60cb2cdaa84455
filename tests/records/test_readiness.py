"""The check before a sitting: what keeps it from being go comes first, then what is go, and what is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from analysis.report import sitting_report
from analysis.report_json import to_json
from domain.evidence import Observation, SegmentState
from domain.law import Verdict
from domain.readiness import (
    CONFIRMED,
    MAY_NOT_APPLY,
    REMARKS,
    Item,
    PlanCover,
    SaveCover,
    Standing,
    content_of,
    is_go,
    plan_cover_of,
    standing,
)
from domain.timeline import Interval
from records import readiness
from records.conduct import open_sitting
from records.declaration import parse
from records.errors import NoReason, NotGo, NothingToConfirm, TrialRefused
from records.readiness_rules import StoreFact
from records.setup import apply
from storage.database import Database, tables
from storage.errors import AlreadyOpen, RowRefused, UnknownBatch, UnknownSitting
from tests.fakes.witnesses import FREE
from tests.records.setups import ACTOR, PLANNED, ROOMY, START, WHOLE
from tests.records.test_picture_regions import WHOLE as DRAWN
from tests.records.tried import BATCH, CAMERA, REFERENCE, RULES, STORE, Tried


@pytest.fixture
def tried(database: Database, tmp_path: Path) -> Tried:
    return Tried(database, tmp_path / "spool")


@pytest.fixture
def ready(tried: Tried) -> Tried:
    """Everything is as it should be."""
    tried.tries()
    tried.confirms()
    return tried


# What is not known, or is not so, is no go


def test_a_sitting_that_nobody_tried_is_not_covered_and_no_go(tried: Tried) -> None:
    tried.confirms()
    found = tried.checked()
    assert (found.code, found.go, found.verdict) == (PlanCover.NOT_COVERED, False, Verdict.UNKNOWN)
    trial = tried.found(Item.TRIAL)
    assert (trial.verdict, trial.room, bool(trial.do_zh and trial.do_en)) == (Verdict.UNKNOWN, "r301", True)


def test_a_room_without_a_camera_has_no_recording_plan(database: Database, tmp_path: Path) -> None:
    begin = WHOLE.index("        cameras:\n")
    bare = WHOLE[:begin] + "        cameras: []\n" + WHOLE[WHOLE.index("      - id: r302") :]
    tried = Tried(database, tmp_path / "spool", bare)
    found = tried.checked()
    assert (found.code, found.rooms[0].code, found.go) == (PlanCover.NOT_SET, PlanCover.NOT_SET, False)
    assert [room.code for room in tried.checked(2).rooms] == [PlanCover.NOT_SET, PlanCover.NOT_COVERED]
    assert tried.checked(2).code is PlanCover.NOT_COVERED
    with pytest.raises(TrialRefused, match="no camera"):
        tried.orders()


def test_a_station_that_no_camera_sees_leaves_the_plan_short(database: Database, tmp_path: Path) -> None:
    tried = Tried(database, tmp_path / "spool", WHOLE.replace("sees: [A-01, A-02]", "sees: [A-01]"))
    tried.tries()
    tried.confirms()
    found = tried.checked()
    assert (found.code, found.go) == (PlanCover.NOT_COVERED, False)
    assert any("A-02" in each.en and each.verdict is Verdict.FAIL for each in found.all_checks)


def test_a_camera_that_was_not_recorded_in_the_trial_is_told_with_what_to_do(tried: Tried) -> None:
    tried.orders()
    tried.passes(80)
    tried.confirms()
    found, trial = tried.checked(), tried.found(Item.TRIAL)
    assert (found.code, found.go, trial.verdict, trial.subject) == (
        PlanCover.NOT_COVERED,
        False,
        Verdict.FAIL,
        CAMERA,
    )
    assert "camera test sg-001-c1" in trial.do_en


@pytest.mark.parametrize(
    ("recorded", "item", "verdict", "code"),
    [
        ({"until_s": 20}, Item.TRIAL, Verdict.FAIL, PlanCover.NOT_COVERED),
        ({"until_s": 0.2}, Item.TRIAL, Verdict.WARN, PlanCover.COVERED),
        ({"opened": False}, Item.TRIAL, Verdict.PENDING, PlanCover.NOT_COVERED),
        ({"batch": BATCH}, Item.TRIAL, Verdict.FAIL, PlanCover.NOT_COVERED),
        ({"size": (640, 360)}, Item.PICTURE, Verdict.FAIL, PlanCover.COVERED),
        ({"rate": 8}, Item.PICTURE, Verdict.FAIL, PlanCover.COVERED),
        ({"brightness": 10.0}, Item.REFERENCE, Verdict.FAIL, PlanCover.NOT_COVERED),
        ({"brightness": None}, Item.REFERENCE, Verdict.WARN, PlanCover.COVERED),
        ({"offset_s": 3.0}, Item.CAMERA_CLOCK, Verdict.WARN, PlanCover.COVERED),
        ({"offset_s": -40.0}, Item.CAMERA_CLOCK, Verdict.FAIL, PlanCover.COVERED),
        ({"offset_s": None}, Item.CAMERA_CLOCK, Verdict.WARN, PlanCover.COVERED),
    ],
)
def test_what_a_trial_shows_of_a_camera_is_judged(
    tried: Tried, recorded: dict[str, Any], item: Item, verdict: Verdict, code: PlanCover
) -> None:
    tried.tries(**recorded)
    tried.confirms()
    found = tried.checked()
    assert (tried.found(item).verdict, found.code) == (verdict, code)
    assert found.go is (verdict is Verdict.WARN)


def test_footage_that_does_not_decode_is_no_trial(ready: Tried) -> None:
    trial = ready.database.readiness.last_trial(BATCH, 1)
    assert trial is not None
    (segment,) = ready.database.evidence.trial_segments(CAMERA, trial.interval)
    broken = Observation(segment.key, ready.clock.now(), SegmentState.DAMAGED, 0, (segment.interval,))
    ready.database.evidence.add_observation(broken)
    assert (ready.found(Item.TRIAL).verdict, ready.checked().code) == (Verdict.FAIL, PlanCover.NOT_COVERED)


def test_a_trial_that_lasts_is_open_and_never_go(tried: Tried) -> None:
    tried.confirms()
    tried.orders()
    tried.passes(20)
    assert (tried.found(Item.TRIAL).verdict, tried.checked().go) == (Verdict.PENDING, False)


def test_an_old_trial_and_an_old_confirmation_do_not_count(ready: Tried) -> None:
    ready.means = replace(ready.means, good_for=timedelta(hours=1))
    assert ready.checked().go
    ready.passes(3601)
    found = ready.checked()
    assert (found.go, found.code) == (False, PlanCover.NOT_COVERED)
    assert {ready.found(each).verdict for each in (Item.TRIAL, Item.SIGNS, Item.NOTICE)} == {Verdict.UNKNOWN}


def test_a_trial_of_one_sitting_is_none_of_another(ready: Tried) -> None:
    ready.confirms(number=2)
    assert ready.checked().go
    other = ready.checked(2)
    assert (other.go, other.trial, other.code) == (False, None, PlanCover.NOT_COVERED)


def test_a_trial_does_not_count_once_the_set_up_was_changed(ready: Tried) -> None:
    assert ready.checked().go
    moved = WHOLE.replace("rtsp://127.0.0.1:8554/stream", "rtsp://127.0.0.1:9554/stream")
    apply(parse(moved, "exam.yaml"), ready.database, ACTOR, ready.clock)
    assert (ready.found(Item.TRIAL).verdict, ready.checked().go) == (Verdict.UNKNOWN, False)


def test_a_host_whose_clock_nothing_vouches_for_is_no_go(tried: Tried) -> None:
    trial = tried.orders()
    tried.passes(70, FREE)
    tried.records(trial)
    tried.passes(10, FREE)
    tried.confirms()
    assert (tried.found(Item.HOST_CLOCK).verdict, tried.checked().go) == (Verdict.UNKNOWN, False)


def test_a_recorder_that_died_since_the_trial_is_told(ready: Tried) -> None:
    ready.clock.advance(60)
    found = ready.checked()
    assert (found.go, found.code) == (False, PlanCover.NOT_COVERED)
    assert [each.verdict for each in found.checks if each.item is Item.PLAN] == [Verdict.FAIL]


@pytest.mark.parametrize(
    ("stores", "verdict"),
    [
        ([], Verdict.FAIL),
        ([replace(STORE, reached=False, locks=None, detail="away")], Verdict.FAIL),
        ([replace(STORE, locks=None, detail="nobody could try")], Verdict.UNKNOWN),
        ([replace(STORE, locks=False, detail="deleted what was locked")], Verdict.FAIL),
    ],
)
def test_a_store_that_is_away_or_keeps_no_lock_is_no_go_and_makes_no_second_copy(
    ready: Tried, stores: list[StoreFact], verdict: Verdict
) -> None:
    ready.stores = stores
    assert ready.found(Item.STORE).verdict is verdict
    assert ready.found(Item.SECOND_COPY).verdict is Verdict.FAIL
    assert not ready.checked().go


def test_a_disk_without_room_for_the_sittings_of_that_day_is_told_with_what_is_missing(ready: Tried) -> None:
    ready.means = replace(ready.means, spools=replace(ready.means.spools, reserve_bytes=1 << 60))
    disk = ready.found(Item.DISK)
    assert (disk.verdict, ready.checked().go, "GB" in disk.en, bool(disk.do_zh)) == (Verdict.FAIL, False, True, True)
    ready.means = replace(ready.means, spools=replace(ready.means.spools, folders=()))
    assert ready.found(Item.DISK).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("item", CONFIRMED)
def test_what_nobody_confirmed_or_what_was_taken_back_is_unknown(ready: Tried, item: Item) -> None:
    assert ready.found(item).verdict is Verdict.PASS
    assert ACTOR.name in ready.found(item).zh
    ready.confirms(item, stands=False)
    assert (ready.found(item).verdict, ready.checked().go) == (Verdict.UNKNOWN, False)


def test_a_person_confirms_only_what_no_machine_sees_and_where_the_sitting_is_held(ready: Tried) -> None:
    with pytest.raises(NothingToConfirm, match="disk"):
        ready.confirms(Item.DISK)
    with pytest.raises(NothingToConfirm, match="not held in room r302"):
        ready.confirms(room="r302")
    for refused in (
        {"applies": False, "note": "不用"},  # signs are always needed
        {"lacking": ["A-01"]},  # and not lacking where they are confirmed
        {"lacking": ["B-01"], "stands": False},  # of another room
    ):
        with pytest.raises(NothingToConfirm):
            ready.confirms(Item.SIGNS, **refused)
    with pytest.raises(NoReason):
        ready.confirms(Item.TOOLS, applies=False, note=" ")
    assert len(ready.database.readiness.confirmations(BATCH, 1)) == len(CONFIRMED)
    assert ready.database.register.standing(REMARKS) == []
    assert ready.checked().go


def test_what_is_not_so_fails_with_what_is_wrong_until_it_is_confirmed_again(ready: Tried) -> None:
    ready.passes(1)
    ready.confirms(Item.SIGNS, stands=False, lacking=["A-02"], note="座签脱落")
    found = ready.found(Item.SIGNS)
    assert (found.verdict, ready.checked().go) == (Verdict.FAIL, False)
    assert "工位 A-02 的标识不符：座签脱落" in found.zh
    assert "station A-02" in found.en
    ready.passes(1)
    ready.confirms(Item.SIGNS, stands=False)  # taken back without a word: nobody knows
    assert ready.found(Item.SIGNS).verdict is Verdict.UNKNOWN
    ready.passes(1)
    ready.confirms(Item.SIGNS)
    assert (ready.found(Item.SIGNS).verdict, ready.checked().go) == (Verdict.PASS, True)


def test_tools_and_materials_may_not_be_needed_and_that_is_go(ready: Tried) -> None:
    ready.passes(1)
    ready.confirms(Item.TOOLS, Item.MATERIALS, applies=False, note="笔试科目，不用工卡量具和原材料")
    assert {ready.found(each).verdict for each in MAY_NOT_APPLY} == {Verdict.NOT_APPLICABLE}
    assert "笔试科目" in ready.found(Item.TOOLS).zh
    assert ready.checked().go
    assert readiness.confirmations_of(ready.database, BATCH, 1)["r301", Item.TOOLS].applies is False
    assert readiness.confirmations_of(ready.database, BATCH, 2) == {}


def test_a_record_that_was_signed_before_equipment_was_asked_for_still_counts(ready: Tried) -> None:
    signed = ready.signs()
    told = json.loads(signed.content)
    for room in told["rooms"]:
        room["checks"] = [each for each in room["checks"] if each["item"] not in {"equipment", "tools", "materials"}]
    content = json.dumps(told, ensure_ascii=False)
    old = replace(signed, content=content, digest=sha256(content.encode()).hexdigest())
    assert len(old.told["rooms"][0]["checks"]) == len(json.loads(signed.content)["rooms"][0]["checks"]) - 3
    assert standing(old, ready.clock.now(), told["site_sha256"], borne_out=True) is Standing.GO


# Pictures and plans


@pytest.fixture
def drawn(database: Database, tmp_path: Path) -> Tried:
    """Station A-02 has a region, and its camera a reference."""
    found = Tried(database, tmp_path / "spool", DRAWN)
    found.compares()
    found.passes(60)
    return found


def stations(tried: Tried) -> dict[str, tuple[Verdict, str]]:
    return {each.subject: (each.verdict, each.en) for each in tried.checked().all_checks if each.item is Item.STATION}


def test_a_station_is_seen_by_pictures_where_it_can_be_and_else_by_the_register_and_that_is_said(
    drawn: Tried,
) -> None:
    drawn.tries(reference=REFERENCE, stations=("A-02",))
    seen = stations(drawn)
    assert (seen["A-01"][0], "as registered; no picture was looked at" in seen["A-01"][1]) == (Verdict.PASS, True)
    assert (seen["A-02"][0], "in view" in seen["A-02"][1]) == (Verdict.PASS, True)
    assert drawn.found(Item.REFERENCE).verdict is Verdict.PASS


def test_pictures_that_were_not_compared_with_the_reference_leave_their_stations_unknown(drawn: Tried) -> None:
    drawn.tries(brightness=None)
    assert drawn.found(Item.REFERENCE).verdict is Verdict.UNKNOWN
    assert stations(drawn)["A-02"][0] is Verdict.UNKNOWN
    assert drawn.checked().code is PlanCover.NOT_COVERED


def test_a_reference_made_after_the_trial_vouches_for_nothing_in_it(tried: Tried) -> None:
    tried.tries()
    tried.compares()
    tried.passes(1)
    assert tried.found(Item.REFERENCE).verdict is Verdict.WARN


def test_densities_are_told_by_the_plan_and_not_where_pictures_are_of_another_size(
    database: Database, tmp_path: Path
) -> None:
    tried = Tried(database, tmp_path / "spool", PLANNED)
    trial = tried.orders()
    tried.passes(70)
    tried.records(trial)
    tried.records(trial, "sg-001-c9", size=(1280, 720))
    tried.passes(10)
    found = {each.subject: each.verdict for each in tried.checked().all_checks if each.item is Item.DENSITY}
    assert found["sg-001-c9"] is Verdict.UNKNOWN
    assert found.keys() == {"sg-001-c9", "A-01", "A-02"}
    assert set(found.values()) <= {Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN}


def forbidden(tried: Tried) -> list[tuple[str, Verdict]]:
    return [(each.subject, each.verdict) for each in tried.checked().all_checks if each.item is Item.NO_FILMING]


def test_a_camera_that_shows_a_no_filming_area_by_the_plan_is_no_go(database: Database, tmp_path: Path) -> None:
    tried = Tried(database, tmp_path / "spool", PLANNED)
    assert forbidden(tried) == [("sg-001-c1", Verdict.FAIL), ("sg-001-c9", Verdict.FAIL)]
    found = next(each for each in tried.checked().all_checks if each.item is Item.NO_FILMING)
    assert "禁摄区 1" in found.zh
    assert "withhold begin" in found.do_en
    assert not tried.checked().go


def test_a_no_filming_area_that_no_camera_shows_passes(database: Database, tmp_path: Path) -> None:
    behind = PLANNED.replace("[[7, 5], [8, 5], [8, 6], [7, 6]]", "[[0, 5.6], [0.3, 5.6], [0.3, 6], [0, 6]]")
    behind = behind.replace("width_of_view: 180", "width_of_view: 20").replace("view: 90", "view: 60")
    assert forbidden(Tried(database, tmp_path / "spool", behind)) == [("", Verdict.PASS)]


# What is go, and what is signed


def test_a_sitting_that_was_tried_and_looked_at_in_everything_is_go(ready: Tried) -> None:
    found = ready.checked()
    assert (found.go, found.code, found.rooms[0].code) == (True, PlanCover.COVERED, PlanCover.COVERED)
    assert {each.item for each in found.all_checks} == set(Item)
    assert [each.en for each in found.all_checks if each.verdict is Verdict.FAIL] == []


def test_a_trial_never_takes_a_camera_from_an_exam_or_from_another_trial(tried: Tried) -> None:
    first = tried.orders()
    with pytest.raises(TrialRefused, match=r"a trial of sitting 1 .* lasts until"):
        tried.orders(2)
    tried.passes((START - timedelta(minutes=30) - tried.clock.now()).total_seconds() - 71)
    with pytest.raises(TrialRefused, match="is recorded for sitting 1"):
        tried.orders(2)
    assert tried.database.readiness.last_trial(BATCH, 2) is None
    assert tried.database.readiness.last_trial(BATCH, 1) == first


def test_no_trial_is_ordered_that_nobody_would_record(tried: Tried) -> None:
    tried.clock.advance(60)
    with pytest.raises(TrialRefused, match="kaojian serve"):
        tried.orders()
    with pytest.raises(UnknownBatch):
        readiness.order_trial(tried.database, "nobody", 1, ACTOR, tried.clock, means=tried.means)
    with pytest.raises(UnknownSitting):
        tried.orders(9)


def test_what_is_no_go_is_signed_with_a_reason_only(tried: Tried) -> None:
    with pytest.raises(NotGo, match=r"no go .*试录"):
        tried.signs()
    with pytest.raises(NotGo):
        tried.signs("  \n ")
    assert tried.database.readiness.signed(BATCH, 1) == []
    signed = tried.signs("the network was mended a minute ago")
    assert (signed.told["go"], signed.told["code"], signed.told["signer"]) == (False, -2, ACTOR.name)
    assert signed.told["reason"] == "the network was mended a minute ago"


def test_what_is_signed_stands_in_the_journal_by_its_digest(ready: Tried) -> None:
    signed = ready.signs()
    entry = ready.database.journal.entries(1)[0]
    assert (entry.act, entry.subject, entry.number) == ("check_sitting", f"{BATCH}/1", signed.journal)
    assert entry.detail == f"{signed.digest} code 1, go"
    assert ready.database.readiness.is_borne_out(signed)


def test_a_signed_record_changed_by_a_byte_is_detected(ready: Tried) -> None:
    signed = ready.signs()
    for content in (signed.content.replace('"go":true', '"go":True'), signed.content.replace("r301", "r302")):
        assert content != signed.content
        changed = replace(signed, content=content)
        assert not ready.database.readiness.is_borne_out(changed)
        again = replace(changed, digest=_digest(content))
        assert again.intact
        assert not ready.database.readiness.is_borne_out(again), "the journal has another digest"
        told = standing(again, START, signed.told["site_sha256"], borne_out=False)
        assert told is Standing.ALTERED
    assert not ready.database.readiness.is_borne_out(replace(signed, sitting=2))
    assert not ready.database.readiness.is_borne_out(replace(signed, at=signed.at + timedelta(seconds=1)))
    assert not ready.database.readiness.is_borne_out(replace(signed, journal=1))


def test_the_database_lets_nobody_change_or_remove_what_was_signed(ready: Tried) -> None:
    ready.signs()
    for table in (tables.trials, tables.confirmations, tables.readiness):
        for act in (sa.update(table).values(batch="other"), sa.delete(table)):
            with pytest.raises(RowRefused), ready.database._engine.writing() as connection:
                connection.execute(act)


def test_a_record_of_another_sitting_does_not_count(ready: Tried) -> None:
    signed = ready.signs()
    foreign = replace(signed, sitting=2)
    assert standing(foreign, START, signed.told["site_sha256"], borne_out=True) is Standing.ALTERED


def test_nobody_checks_a_sitting_that_is_open(ready: Tried) -> None:
    ready.clock.advance((START - ready.clock.now()).total_seconds())
    open_sitting(ready.database, BATCH, 1, ACTOR, ready.clock, disk=ROOMY)
    for act in (ready.signs, ready.confirms, ready.orders):
        with pytest.raises(AlreadyOpen):
            act()


# What the opening and the report say of it


def _open(tried: Tried) -> tuple[str, ...]:
    tried.clock.advance((START - tried.clock.now()).total_seconds())
    return open_sitting(tried.database, BATCH, 1, ACTOR, tried.clock, disk=ROOMY).warnings


def _said(tried: Tried) -> dict[str, object]:
    made = sitting_report(tried.database, BATCH, 1, RULES, tried.clock.now(), eye=None)
    found: dict[str, object] = json.loads(json.dumps(to_json(made)))["plan_cover"]
    return found


def _nothing(tried: Tried) -> None:
    pass


def _go(tried: Tried) -> None:
    tried.signs()


def _in_spite(tried: Tried) -> None:
    tried.confirms(Item.NOTICE, stands=False)
    tried.signs("the notice hangs by ten")


def _too_early(tried: Tried) -> None:
    tried.means = replace(tried.means, good_for=timedelta(hours=1))
    tried.signs()


def _then_changed(tried: Tried) -> None:
    tried.signs()
    moved = WHOLE.replace("rtsp://127.0.0.1:8554/stream", "rtsp://127.0.0.1:9554/stream")
    apply(parse(moved, "exam.yaml"), tried.database, ACTOR, tried.clock)


@pytest.mark.parametrize(
    ("before", "found", "code"),
    [
        (_nothing, Standing.MISSING, None),
        (_too_early, Standing.OUTDATED, None),
        (_then_changed, Standing.OTHER_SETUP, None),
        (_in_spite, Standing.IN_SPITE, 1),
        (_go, Standing.GO, 1),
    ],
)
def test_a_sitting_opens_however_it_was_checked_and_its_report_tells_how(
    ready: Tried, before: Callable[[Tried], None], found: Standing, code: int | None
) -> None:
    before(ready)
    warnings = _open(ready)
    assert any("考前自检" in each for each in warnings) is (found is not Standing.GO)
    said = _said(ready)
    assert (said["standing"], said["code"]) == (found.value, code)
    assert said["rooms"] == [{"room": "r301", "code": code}]
    assert (said["reason"] != "") is (found is Standing.IN_SPITE)


def test_the_last_record_before_the_opening_counts(ready: Tried) -> None:
    _in_spite(ready)
    ready.confirms()
    ready.clock.advance(1)
    last = ready.signs()
    _open(ready)
    assert (_said(ready)["standing"], _said(ready)["digest"]) == ("go", last.digest)


def test_a_sitting_that_has_not_ended_has_no_code_of_what_was_stored(ready: Tried) -> None:
    _open(ready)
    made = sitting_report(ready.database, BATCH, 1, RULES, ready.clock.now(), eye=None)
    assert (made.save_cover.code, made.save_cover.rooms) == (None, (("r301", None),))


# A trial is no evidence


def test_a_trial_covers_nothing_of_an_exam_and_changes_no_cause(ready: Tried) -> None:
    """Opened while its window reaches back into the trial: the report is the one without any trial."""
    trial = ready.database.readiness.last_trial(BATCH, 1)
    assert trial is not None
    open_sitting(ready.database, BATCH, 1, ACTOR, ready.clock, disk=ROOMY)
    made = sitting_report(ready.database, BATCH, 1, RULES, ready.clock.now(), eye=None)
    assert made.window.overlaps(trial.interval)
    assert [each.covered_ms for each in made.stations] == [0, 0]
    assert {gap.cause.value for each in made.cameras for gap in each.gaps} == {"recorder_stopped"}
    assert [each.frames for each in made.cameras] == [0]
    assert not made.copies


def test_an_exam_is_no_trial(tried: Tried) -> None:
    trial = tried.orders()
    tried.passes(70)
    tried.records(trial, batch=BATCH)
    tried.passes(10)
    assert tried.database.evidence.trial_segments(CAMERA, trial.interval) == []
    assert tried.found(Item.TRIAL).verdict is Verdict.FAIL


# Algebra


CODES = st.sampled_from(list(PlanCover))


@given(st.lists(CODES, min_size=1))
def test_a_sitting_is_covered_only_if_every_room_is_and_without_a_plan_only_if_none_has_one(
    codes: list[PlanCover],
) -> None:
    found = plan_cover_of(codes)
    assert (found is PlanCover.COVERED) is (set(codes) == {PlanCover.COVERED})
    assert (found is PlanCover.NOT_SET) is (set(codes) == {PlanCover.NOT_SET})


@given(st.lists(st.sampled_from(list(Verdict))))
def test_nothing_failed_unknown_or_open_is_ever_go(verdicts: list[Verdict]) -> None:
    bad = {Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING}
    good = {Verdict.PASS, Verdict.WARN}
    assert is_go(verdicts) is (not bad & {*verdicts} and bool(good & {*verdicts}))


def test_the_codes_have_the_numbers_and_the_words_of_the_authorities() -> None:
    assert {each.value: each.zh for each in PlanCover} == {1: "已完全覆盖", -1: "未设置录像计划", -2: "未完全覆盖"}
    assert {each.value: each.zh for each in SaveCover} == {1: "已完全覆盖", -2: "未完全覆盖"}


def test_everything_that_is_found_is_said_in_both_languages_and_what_is_wrong_says_what_to_do(tried: Tried) -> None:
    tried.stores = []
    for each in tried.checked().all_checks:
        assert each.zh and each.en
        if each.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}:
            assert each.do_zh and each.do_en, each


def test_what_is_signed_says_everything_that_was_found(ready: Tried) -> None:
    found = ready.checked()
    told = content_of(found, ACTOR, ready.clock.now(), timedelta(hours=1), "")
    assert told["trial"] is not None
    assert len(told["rooms"][0]["checks"]) + len(told["checks"]) == len(found.all_checks)
    assert Interval(START, START + timedelta(hours=1)).seconds == 3600


def _digest(content: str) -> str:
    return sha256(content.encode()).hexdigest()
