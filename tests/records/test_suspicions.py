"""Suspicions from what is on record: each source as it is read, who sees what, and that nothing rests on them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from config.rule_pack import load
from domain.calendar import working_days_taken
from domain.certificates import CERTIFICATES, Certificate, Revocation
from domain.grounds import NORMS, PREMISES, Method, Premises, SiteKind, Stay
from domain.law import Finding, Verdict
from domain.panels import Attendance, Dispatch, Member
from domain.places import Batch, SittingPlan
from domain.register import Draft, Entry
from domain.roll import SIGN_INS
from domain.scores import CandidateScore, Score
from domain.suspicions import Sort
from records import holidays
from records.clauses import Grounds, standing_of
from records.panels import ATTENDANCES, DISPATCHES
from records.scores import SCORES
from records.suspicions import NOT_LOOKED_FOR, Found, suspicions_of
from storage.database import Database
from tests.analysis.ledgers import at
from tests.fakes.time import FakeClock
from tests.house.rules import ROOT
from tests.records.examined import AFTER, examined
from tests.records.rolls import BATCH, OFFICER

OTHER, THIRD = "2026-0502", "2026-0503"
GROUNDS = Grounds(load("SG-2022-08-10"), partial(working_days_taken, table=holidays.published()), eye=None)


@pytest.fixture
def kept(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    """An exam as it must be: 09:30 to 10:15, three stations, two who came and passed."""
    examined(database, clock, tmp_path)
    return database


def enter(database: Database, *drafts: Draft[Any]) -> None:
    database.register.enter("tests", BATCH, list(drafts), OFFICER, AFTER)


def of(database: Database, sort: Sort, **more: Any) -> list[Found]:
    return [each for each in suspicions_of(database, AFTER, **more) if each.sort is sort]


def beside(database: Database, batch: str, *, site: str = "sg-002", days: int = 0) -> None:
    """Another batch with one sitting at the time of the exam, so many days later, at a site like the first."""
    known = database.setup.site("sg-001")
    assert known is not None
    if database.setup.site(site) is None:
        rooms = tuple(replace(room, cameras=()) for room in known.rooms)
        database.setup.apply_site(replace(known, id=site, rooms=rooms), OFFICER, AFTER - timedelta(days=30))
    shift = timedelta(days=days)
    plan = SittingPlan(1, ("R1",), at(1800) + shift, at(4500) + shift, timedelta(minutes=30), timedelta(minutes=15))
    made = Batch(batch, site, "中式面点制作", "SG-2022-08-10", (plan,))
    database.setup.apply_batch(made, OFFICER, AFTER - timedelta(days=30))


def sent(batch: str, *examiners: str, site: str = "sg-002") -> Draft[Dispatch]:
    members = tuple(Member(each, leader=each == examiners[0]) for each in examiners)
    return Draft(DISPATCHES, f"{batch}/1", Dispatch(batch, 1, members, by_centre=True), batch, site)


def test_an_exam_as_it_must_be_has_nothing_odd(kept: Database) -> None:
    assert suspicions_of(kept, AFTER) == ()


def test_without_anything_on_record_nothing_is_said(database: Database) -> None:
    assert suspicions_of(database, AFTER) == ()


class TestTwoPlaces:
    def test_who_was_here_by_attendance_and_sent_elsewhere_at_once_is_told_with_both_entries(
        self, kept: Database
    ) -> None:
        beside(kept, OTHER)
        enter(kept, sent(OTHER, "ex-9", "ex-2", "ex-8"))
        (found,) = of(kept, Sort.TWO_PLACES)
        assert (found.about, found.batches) == (("ex-2", BATCH, OTHER), (BATCH, OTHER))
        assert f"dispatch/{OTHER}/1@1" in found.rests_on
        assert any(name.startswith(f"attendance/{BATCH}/1/ex-2/") for name in found.rests_on)

    def test_attendance_says_who_was_there_and_not_the_dispatch(self, kept: Database) -> None:
        beside(kept, OTHER)
        there = Attendance(OTHER, 1, "ex-9", "R1", at(600))
        enter(kept, sent(OTHER, "ex-9", "ex-2"), Draft(ATTENDANCES, "x", there, OTHER, "sg-002"))
        assert of(kept, Sort.TWO_PLACES) == []

    def test_who_left_before_is_not_in_two_places(self, kept: Database) -> None:
        beside(kept, OTHER)
        for entry in kept.register.standing(ATTENDANCES, batch=BATCH):
            left = replace(entry.thing, left=at(1500))
            enter(kept, Draft(ATTENDANCES, entry.key, left, entry.batch, entry.site))
        enter(kept, sent(OTHER, "ex-2"))
        assert of(kept, Sort.TWO_PLACES) == []

    def test_a_dispatch_to_a_sitting_that_is_still_to_come_is_no_presence(self, kept: Database) -> None:
        for batch, site in ((OTHER, "sg-002"), (THIRD, "sg-003")):
            beside(kept, batch, site=site, days=9)
            enter(kept, sent(batch, "ex-2", site=site))
        assert of(kept, Sort.TWO_PLACES) == []
        later = suspicions_of(kept, AFTER + timedelta(days=10))
        assert [each.about for each in later if each.sort is Sort.TWO_PLACES] == [("ex-2", OTHER, THIRD)]


def mark(database: Database, ticket: str, **changed: Any) -> None:
    """Write a mark anew with something otherwise."""
    found = database.register.find(SCORES, f"{BATCH}/{ticket}/实操")
    assert found is not None
    score = replace(found.thing.score, **changed)
    enter(database, Draft(SCORES, found.key, replace(found.thing, score=score), batch=BATCH, site=found.site))


class TestScores:
    def test_a_score_from_before_the_sign_in_is_told_with_both_entries(self, kept: Database) -> None:
        mark(kept, "T001", given=at(1199))
        (found,) = of(kept, Sort.SCORED_BEFORE_ARRIVAL)
        assert (found.about, found.batches) == ((BATCH, "T001"), (BATCH,))
        assert found.rests_on == (f"score/{BATCH}/T001/实操@4", f"sign_in/{BATCH}/1/T001@1")
        mark(kept, "T001", given=at(1200))
        assert of(kept, Sort.SCORED_BEFORE_ARRIVAL) == []

    def test_where_nobody_signed_in_nothing_is_said_of_an_arrival(self, kept: Database) -> None:
        mark(kept, "T001", given=at(1))
        (signed,) = [each for each in kept.register.standing(SIGN_INS, batch=BATCH) if each.thing.ticket == "T001"]
        enter(kept, Draft(SIGN_INS, signed.key, None, signed.batch, signed.site))
        assert of(kept, Sort.SCORED_BEFORE_ARRIVAL) == []

    @pytest.mark.parametrize(
        ("seconds", "told"), [(-1, True), (0, False), (1300, False), (5400, False), (5401, True)]
    )
    def test_a_practical_mark_is_given_within_the_window_both_ends_included(
        self, kept: Database, seconds: float, told: bool
    ) -> None:
        mark(kept, "T001", given=at(seconds))
        assert bool(of(kept, Sort.OUTSIDE_WINDOW)) is told

    def test_a_sitting_that_is_open_lasts_and_one_that_was_closed_does_not(self, kept: Database) -> None:
        mark(kept, "T001", given=at(5401))
        kept.setup.open_sitting(BATCH, 1, at(0), at(1800))
        assert of(kept, Sort.OUTSIDE_WINDOW) == []
        kept.setup.close_sitting(BATCH, 1, AFTER, at(4500))
        assert [each.about for each in of(kept, Sort.OUTSIDE_WINDOW)] == [(BATCH, "T001")]

    def test_the_norm_says_whether_a_mark_is_given_on_the_spot_and_not_the_mark_itself(self, kept: Database) -> None:
        mark(kept, "T001", given=at(99_999), method=Method.WRITTEN)
        assert len(of(kept, Sort.OUTSIDE_WINDOW)) == 1
        elsewhere = CandidateScore(BATCH, "T002", Score("笔试", Method.WRITTEN, Decimal(70), "m", at(99_999)))
        enter(kept, Draft(SCORES, f"{BATCH}/T002/笔试", elsewhere, batch=BATCH))
        assert len(of(kept, Sort.OUTSIDE_WINDOW)) == 1

    def test_the_same_marks_of_many_are_those_that_c10_2_notes(self, kept: Database) -> None:
        def alike(number: int) -> Draft[CandidateScore]:
            score = CandidateScore(
                BATCH, f"T9{number:02}", Score("实操", Method.PRACTICAL, Decimal(70), "ex-2", at(4600))
            )
            return Draft(SCORES, f"{BATCH}/T9{number:02}/实操", score, batch=BATCH)

        enter(kept, *(alike(number) for number in range(4)))
        assert of(kept, Sort.SAME_MARKS) == []
        enter(kept, alike(4))
        (found,) = of(kept, Sort.SAME_MARKS)
        assert found.about == (BATCH, "T900", "T901", "T902", "T903", "T904")
        assert len(found.rests_on) == 5
        (noted,) = [each for each in standing_of(kept, BATCH, AFTER, GROUNDS).clauses if each.finding.id == "C10-2"]
        assert "5名考生各科成绩相同（实操 70）" in noted.finding.zh
        assert "5名考生各科成绩相同（实操 70）" in found.zh


class TestShares:
    """Ten of the batch passed; in five others of the project nobody did."""

    def results(self, database: Database, batch: str, value: int, count: int = 8) -> None:
        drafts = []
        for number in range(count):
            score = Score("实操", Method.PRACTICAL, Decimal(value) + number, "ex-2", at(4600))
            told = CandidateScore(batch, f"T7{number:02}", score)
            drafts.append(Draft(SCORES, f"{batch}/T7{number:02}/实操", told, batch=batch))
        enter(database, *drafts)

    def others(self, database: Database, count: int) -> None:
        for number in range(count):
            batch = f"2026-04{number + 10}"
            beside(database, batch, days=-number - 1)
            self.results(database, batch, 30)

    def c10_2(self, database: Database) -> Finding:
        found = standing_of(database, BATCH, AFTER, GROUNDS).clauses
        return next(each.finding for each in found if each.finding.id == "C10-2")

    def test_an_unusual_share_is_told_here_and_noted_by_c10_2_with_the_same_words(self, kept: Database) -> None:
        self.others(kept, 5)
        self.results(kept, BATCH, 61)
        (found,) = [each for each in of(kept, Sort.UNUSUAL_SHARE) if BATCH in each.batches]
        assert found.batches == (BATCH,)
        words = "合格率异常：本批次100.0% (10/10)，同项目其他5个批次合计0.0% (0/40)，若无差别，相差至此的机会<1e-06"
        assert words in found.zh
        noted = self.c10_2(kept)
        assert noted.verdict is Verdict.WARN
        assert words in noted.zh
        assert "2026-0410" not in noted.zh + noted.en

    def test_of_few_batches_candidates_or_while_it_goes_on_nothing_is_told(self, kept: Database) -> None:
        self.others(kept, 4)
        self.results(kept, BATCH, 61)
        assert of(kept, Sort.UNUSUAL_SHARE) == []
        noted = self.c10_2(kept)
        assert noted.verdict is Verdict.PASS
        assert noted.zh == (
            "没有签字后改动的成绩；合格率未作比较：成绩齐全者10名（至少10名），同项目可比批次4个（至少5个）"
        )
        beside(kept, THIRD, days=9)  # still to come, and so none to compare with
        self.results(kept, THIRD, 30)
        assert of(kept, Sort.UNUSUAL_SHARE) == []

    def test_another_norm_and_another_project_are_not_compared(self, kept: Database) -> None:
        self.others(kept, 5)
        self.results(kept, BATCH, 61)
        known = kept.setup.batch("2026-0410")
        assert known is not None
        kept.setup.apply_batch(replace(known, project="粤菜制作"), OFFICER, AFTER)
        assert of(kept, Sort.UNUSUAL_SHARE) == []
        assert "可比批次4个" in self.c10_2(kept).zh

    def test_a_pack_that_says_nothing_of_shares_compares_none(self, kept: Database) -> None:
        self.others(kept, 5)
        self.results(kept, BATCH, 61)
        silent = replace(load("SG-2022-08-10"), pass_shares=None)
        assert of(kept, Sort.UNUSUAL_SHARE, rule_packs=lambda _: silent) == []
        found = standing_of(kept, BATCH, AFTER, replace(GROUNDS, rules=silent)).clauses
        assert "合格率" not in next(each.finding.zh for each in found if each.finding.id == "C10-2")


class TestPassers:
    """Three stations for 45 minutes; the norm wants 45 of each, 40 with what is tolerated: three can have passed."""

    def passed(self, database: Database, count: int, value: int = 60) -> None:
        drafts = []
        for number in range(count):
            ticket = f"T8{number:02}"
            score = Score("实操", Method.PRACTICAL, Decimal(value) + number, "ex-2", at(4600))
            drafts.append(Draft(SCORES, f"{BATCH}/{ticket}/实操", CandidateScore(BATCH, ticket, score), batch=BATCH))
        enter(database, *drafts)

    def test_more_than_stations_and_hours_allow_are_told(self, kept: Database) -> None:
        self.passed(kept, 1)
        assert of(kept, Sort.MORE_PASSERS) == []
        self.passed(kept, 2)
        (found,) = of(kept, Sort.MORE_PASSERS)
        assert "合格4人，工位共135工位·分钟，按规范每人至少40分钟，最多3人" in found.zh
        assert found.rests_on[0].startswith("norm/norm-1@")
        assert len(found.rests_on) == 5

    def test_who_did_not_pass_does_not_count(self, kept: Database) -> None:
        self.passed(kept, 9, value=50)
        assert of(kept, Sort.MORE_PASSERS) == []

    def test_without_a_norm_nothing_is_said(self, kept: Database) -> None:
        self.passed(kept, 9)
        enter(kept, Draft(NORMS, "norm-1", None))
        assert of(kept, Sort.MORE_PASSERS) == []


def certificate(number: int, batch: str = BATCH, **other: Any) -> Draft[Certificate]:
    value = Certificate(
        str(number), batch, f"T{number}", f"GD{number}", "中式面点制作", "", (), date(2026, 5, 1), AFTER, "c", "d"
    )
    return Draft(CERTIFICATES, str(number), replace(value, **other), batch, "sg-001")


class TestCertificates:
    def test_more_that_stand_than_people_who_came_are_told(self, kept: Database) -> None:
        enter(kept, certificate(1), certificate(2), certificate(3, revoked=Revocation(AFTER, "x")))
        assert of(kept, Sort.MORE_CERTIFICATES) == []
        enter(kept, certificate(4))
        (found,) = of(kept, Sort.MORE_CERTIFICATES)
        assert (found.about, "签到2人，证书3本" in found.zh) == ((BATCH,), True)
        assert {name.partition("/")[0] for name in found.rests_on} == {"certificate", "sign_in"}

    def test_a_burst_is_one_of_the_institution_that_ran_the_site_then(self, kept: Database) -> None:
        enter(kept, *(certificate(number) for number in range(1001)))
        (found,) = of(kept, Sort.BURST)
        assert (found.about, found.batches, len(found.rests_on)) == (("lianxi",), (BATCH,), 1001)
        later = Premises("sg-001", SiteKind.FIXED, (Stay(date(2026, 5, 2), "others", "x"),))
        enter(kept, Draft(PREMISES, "sg-001", later, site="sg-001"))
        assert [each.about for each in of(kept, Sort.BURST)] == [("sg-001",)]


class TestSamePanel:
    PANEL = ("ex-1", "ex-2", "ex-3")

    def test_one_panel_for_more_than_three_batches_of_a_site_in_a_row_is_told_once(self, kept: Database) -> None:
        for place in range(1, 3):
            beside(kept, f"2026-06{place:02}", site="sg-001", days=place)
            enter(kept, sent(f"2026-06{place:02}", *reversed(self.PANEL), site="sg-001"))
        assert of(kept, Sort.SAME_PANEL) == []
        beside(kept, "2026-0603", site="sg-001", days=3)
        enter(kept, sent("2026-0603", *self.PANEL, site="sg-001"))
        (found,) = of(kept, Sort.SAME_PANEL)
        assert found.batches == (BATCH, "2026-0601", "2026-0602", "2026-0603")
        assert (found.about, len(found.rests_on)) == (self.PANEL, 4)

    @pytest.mark.parametrize("other", [(), ("ex-1", "ex-2", "ex-9")])
    def test_another_panel_or_one_that_nobody_knows_ends_the_row(self, kept: Database, other: Sequence[str]) -> None:
        for place in range(1, 5):
            batch = f"2026-06{place:02}"
            beside(kept, batch, site="sg-001", days=place)
            panel = other if place == 2 else self.PANEL
            if panel:
                enter(kept, sent(batch, *panel, site="sg-001"))
        assert of(kept, Sort.SAME_PANEL) == []


def test_what_tells_of_a_batch_that_one_does_not_see_is_left_out_as_a_whole(kept: Database) -> None:
    beside(kept, OTHER)
    enter(kept, sent(OTHER, "ex-2"))
    mark(kept, "T001", given=at(1199))
    seen = partial(suspicions_of, kept, AFTER)
    assert {each.sort for each in seen(batches={BATCH, OTHER})} == {Sort.TWO_PLACES, Sort.SCORED_BEFORE_ARRIVAL}
    assert {each.sort for each in seen(batches={BATCH})} == {Sort.SCORED_BEFORE_ARRIVAL}
    assert seen(batches={OTHER}) == seen(batches=()) == ()


def test_what_has_no_source_yet_is_said_to_be_not_looked_for() -> None:
    assert NOT_LOOKED_FOR == (Sort.SCORED_WITHOUT_PRESENCE,)


def test_nothing_tells_a_name_of_a_candidate(kept: Database) -> None:
    mark(kept, "T001", given=at(1))
    found = suspicions_of(kept, AFTER)
    assert len(found) == 1
    assert "考生乙" not in str(found)


def test_suspicions_change_no_verdict_and_no_proposal_and_write_nothing(kept: Database) -> None:
    enter(kept, *(certificate(number) for number in range(3)))
    beside(kept, OTHER)
    enter(kept, sent(OTHER, "ex-9"))
    before = standing_of(kept, BATCH, AFTER, GROUNDS), _acts(kept)
    assert suspicions_of(kept, AFTER)
    assert (standing_of(kept, BATCH, AFTER, GROUNDS), _acts(kept)) == before


def _acts(database: Database) -> list[Entry[Any]]:
    return list(database.register.revisions(CERTIFICATES)) + list(database.register.revisions(SCORES))


def test_nothing_that_judges_or_acts_reads_suspicions() -> None:
    """Only what shows them does: the command line, the API, and the module that feeds them."""
    readers = set()
    for room in ("domain", "config", "storage", "analysis", "records", "dashboard", "kaojian", "ingest"):
        for path in (ROOT / room).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            source = path.read_text("utf-8")
            if "suspicions" in source and "suspicions" in _imported(ast.parse(source)):
                readers.add(path.relative_to(ROOT).as_posix())
    assert readers == {
        "records/suspicions.py",
        "dashboard/api/suspicions.py",
        "dashboard/app.py",
        "kaojian/cli.py",
        "kaojian/oddities.py",
    }


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {*(node.module or "").split("."), *(each.name for each in node.names)}
        elif isinstance(node, ast.Import):
            names |= {part for each in node.names for part in each.name.split(".")}
    return names
