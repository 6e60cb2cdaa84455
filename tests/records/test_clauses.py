"""The list of clauses: each once, in the order of the notice, and each by what is on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from config.rule_pack import load
from domain.calendar import working_days_taken
from domain.clauses import CLAUSES, in_order, together, while_it_lasts
from domain.gate import Case, Proposal
from domain.grounds import NORMS, Method
from domain.law import Finding, Ruled, Verdict
from domain.people import Actor, Door, Role
from domain.register import Draft, Entry
from domain.scores import CandidateScore
from records import holidays, scores
from records.candidacies import cases, record_of
from records.clauses import BatchStanding, Grounds, standing_of
from records.duty_rules import Deed, by_duty
from records.headcount import at_once, by_room
from records.issue_rules import on_evidence, unaltered
from records.panels import DISPATCHES
from records.scores import SCORES, Mark, Place
from storage.database import Database
from storage.errors import UnknownBatch
from tests.fakes.time import FakeClock
from tests.records.examined import AFTER, LEADER, SCORER, examined, filmed, held, planned
from tests.records.rolls import BATCH
from tests.records.setups import ACTOR

RULES = load("SG-2022-08-10")
GROUNDS = Grounds(RULES, partial(working_days_taken, table=holidays.published()), eye=None)


def standing(database: Database, now: datetime = AFTER) -> BatchStanding:
    return standing_of(database, BATCH, now, GROUNDS)


def verdicts(found: BatchStanding) -> dict[str, Verdict]:
    return {each.finding.id: each.finding.verdict for each in found.clauses}


@pytest.fixture
def kept(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    examined(database, clock, tmp_path)
    return database


def test_a_batch_that_was_held_as_it_must_be_but_not_filmed_is_judged_clause_by_clause(kept: Database) -> None:
    found = standing(kept)
    told = verdicts(found)
    passed = {clause for clause, verdict in told.items() if verdict is Verdict.PASS}
    assert passed >= {
        *("C1-1", "C1-2", "C2-1", "C4-1", "C4-3", "C4-4", "C4-5", "C5-1"),
        *("C6.1-1", "C6.1-2", "C6.1-3", "C6.1-4", "C6.3-1", "C6.3-2", "C6.3-3", "C6.3-4", "C6.3-5"),
        *("C6.5-2", "C6.5-3", "C10-2"),
    }
    assert told["C6.2-3"] is Verdict.FAIL  # nothing was recorded
    assert told["C10-1"] is Verdict.PENDING
    assert [each.proposed.proposal for each in found.cases] == [Proposal.HOLD, Proposal.HOLD, Proposal.REFUSE]
    order = [clause.id for clause in CLAUSES]
    assert list(told) == sorted(told, key=order.index)
    assert len(found.clauses) == len(told)


def test_every_finding_is_told_in_both_languages_and_names_no_candidate(kept: Database) -> None:
    for each in standing(kept).clauses:
        assert each.finding.zh and each.finding.en, each.finding.id
        assert "考生乙" not in each.finding.zh + each.finding.en


def test_a_subject_that_a_machine_examines_is_filmed_as_any_other(kept: Database) -> None:
    before = verdicts(standing(kept))
    norm = kept.register.find(NORMS, "norm-1")
    assert norm is not None
    machine = replace(norm.thing.subjects[0], method=Method.MACHINE)
    changed = Draft(NORMS, norm.key, replace(norm.thing, subjects=(machine,)), norm.batch, norm.site)
    kept.register.enter("tests", "", [changed], ACTOR, AFTER)
    after = verdicts(standing(kept))
    for clause in ("C6.2-2", "C6.2-3", "C6.2-4", "C6.2-5"):
        assert (before[clause], after[clause]) == (Verdict.FAIL, Verdict.FAIL), clause


def test_where_nobody_came_the_sitting_is_to_be_filmed_all_the_same(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    planned(database, clock, tmp_path)
    held(database, absent=("T001", "T002", "T003"))
    told = verdicts(standing(database))
    assert {told[clause] for clause in ("C6.2-3", "C6.2-4", "C6.2-5")} == {Verdict.FAIL}


def test_before_the_day_what_is_not_there_is_outstanding_and_nothing_is_unknown_of_the_exam(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    planned(database, clock, tmp_path)
    told = verdicts(standing(database, clock.now()))
    assert {told[clause] for clause in ("C6.2-3", "C6.5-3", "C6.1-4", "C10-1")} == {Verdict.PENDING}
    assert told["C6.1-2"] is Verdict.PASS


def test_a_batch_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(UnknownBatch):
        standing(database)


def test_findings_of_several_sittings_are_told_by_name_the_worst_first() -> None:
    found = [
        ("第1场", "Sitting 1", Finding("C6.2-3", Verdict.PASS, "连续。", "No gap.")),
        ("第2场", "Sitting 2", Finding("C6.2-3", Verdict.FAIL, "断档。", "A gap.")),
    ]
    whole = together("C6.2-3", found)
    assert (whole.verdict, whole.zh, whole.en) == (
        Verdict.FAIL,
        "第2场：断档。第1场：连续。",
        "Sitting 2: A gap. Sitting 1: No gap.",
    )


def test_while_it_lasts_unknown_is_outstanding_and_nothing_else_changes() -> None:
    for verdict in Verdict:
        finding = Finding("C6.5-3", verdict, "甲", "a")
        kept = while_it_lasts(Ruled(finding, ("x",)))
        assert kept.finding.verdict is (Verdict.PENDING if verdict is Verdict.UNKNOWN else verdict)
        assert kept.rests_on == ("x",)


def test_a_finding_of_no_clause_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        in_order([Ruled(Finding("C99-1", Verdict.PASS, "", ""))])


class TestHeadcount:
    def test_the_plan_counts_until_somebody_signs_in_and_who_came_from_then_on(
        self, database: Database, clock: FakeClock, tmp_path: Path
    ) -> None:
        planned(database, clock, tmp_path)
        before = record_of(database, BATCH, clock.now())
        assert by_room(before.sittings[1], before.roll.seats, before.roll.sign_ins) == {"R1": 3}
        assert by_room(before.sittings[1], (), ()) is None
        assert at_once(before.sittings[1], (), ()) is None

    def test_of_three_two_came(self, kept: Database) -> None:
        record = record_of(kept, BATCH, AFTER)
        assert by_room(record.sittings[1], record.roll.seats, record.roll.sign_ins) == {"R1": 2}
        assert at_once(record.sittings[1], record.roll.seats, record.roll.sign_ins) == 2


class TestDuty:
    OFFICER = frozenset({Role.CITY_OFFICER})

    def test_what_everybody_entered_was_theirs_to_enter(self) -> None:
        deeds = (Deed("dispatch/b@1", self.OFFICER, Role.CITY_OFFICER), Deed("x@1", self.OFFICER, None, local=True))
        found = by_duty(deeds).finding
        assert (found.verdict, "1项在主机命令行录入" in found.zh) == (Verdict.PASS, True)

    def test_a_site_that_dispatches_fails_and_an_account_that_is_gone_leaves_it_unknown(self) -> None:
        beyond = by_duty((Deed("dispatch/b@1", self.OFFICER, Role.SITE_OPERATOR),))
        assert (beyond.finding.verdict, beyond.rests_on) == (Verdict.FAIL, ("dispatch/b@1",))
        assert "考场操作员" in beyond.finding.zh
        assert by_duty((Deed("dispatch/b@1", self.OFFICER, None),)).finding.verdict is Verdict.UNKNOWN
        assert by_duty(()).finding.verdict is Verdict.UNKNOWN

    def test_what_was_entered_for_somebody_else_is_told_as_such(self) -> None:
        own = Deed("dispatch/b@1", self.OFFICER, Role.CITY_OFFICER)
        found = by_duty((own, replace(own, entry="dispatch/c@1", on_behalf=True))).finding
        assert (found.verdict, "其中1项代他人录入" in found.zh) == (Verdict.PASS, True)
        assert "代他人" not in by_duty((own,)).finding.zh


def altered(database: Database) -> Finding:
    return next(each.finding for each in standing(database).clauses if each.finding.id == "C10-2")


class TestIssue:
    def of(self, database: Database) -> tuple[Case, ...]:
        return cases(record_of(database, BATCH, AFTER), filmed(), RULES)

    def test_all_who_may_have_a_certificate_or_may_not_pass(self, kept: Database) -> None:
        found = on_evidence(self.of(kept), {"T001"}, over=True).finding
        assert (found.verdict, found.zh) == (Verdict.PASS, "可制证2名，待核0名，不予制证1名")

    @pytest.mark.parametrize("ticket", ["T003", "T009"])
    def test_a_certificate_without_an_exam_fails(self, kept: Database, ticket: str) -> None:
        found = on_evidence(self.of(kept), {"T001", ticket}, over=True).finding
        assert (found.verdict, f"{ticket} 已发证而无考核证据" in found.zh) == (Verdict.FAIL, True)

    def test_without_a_roster_it_is_outstanding_and_then_unknown(self) -> None:
        assert on_evidence((), (), over=False).finding.verdict is Verdict.PENDING
        assert on_evidence((), (), over=True).finding.verdict is Verdict.UNKNOWN

    def test_a_mark_that_was_changed_after_it_was_signed_fails_until_it_is_signed_again_and_is_noted_then(
        self, kept: Database
    ) -> None:
        place = Place(BATCH, "T001", "实操")
        before = kept.register.find(SCORES, place.key)
        assert before is not None and before.thing.score.value is not None
        mark = Mark(before.thing.score.value + 1, before.thing.score.method, "ex-2")
        scores.give(kept, place, mark, SCORER, AFTER, full_mark=100, reason="漏记一项")
        told = "T001/实操签字后由88.5改为89.5（漏记一项）"
        changed = altered(kept)
        assert changed.verdict is Verdict.FAIL
        assert f"{told}，改后未重新签字" in changed.zh
        scores.sign(kept, place, SCORER, AFTER + timedelta(minutes=1))
        assert altered(kept).verdict is Verdict.FAIL, "the leader has not"
        scores.confirm(kept, place, LEADER, AFTER + timedelta(minutes=2))
        assert altered(kept).verdict is Verdict.WARN
        assert told in altered(kept).zh
        assert "未重新签字" not in altered(kept).zh

    def test_a_mark_that_was_signed_again_unchanged_is_not_noted(self, kept: Database) -> None:
        place = Place(BATCH, "T001", "实操")
        scores.sign(kept, place, SCORER, AFTER + timedelta(minutes=1))
        scores.confirm(kept, place, LEADER, AFTER + timedelta(minutes=2))
        assert verdicts(standing(kept))["C10-2"] is Verdict.PASS

    def test_candidates_with_the_same_marks_are_noted(self, kept: Database) -> None:
        entry: Entry[CandidateScore] = next(iter(kept.register.standing(SCORES, batch=BATCH)))
        alike = [
            replace(entry, key=f"{number}", value=replace(entry.thing, candidate=f"T{number}")) for number in range(5)
        ]
        assert unaltered([[each] for each in alike[:4]]).finding.verdict is Verdict.PASS
        assert unaltered([[each] for each in alike]).finding.verdict is Verdict.WARN
        assert unaltered([]).finding.verdict is Verdict.NOT_APPLICABLE

    def test_without_any_mark_it_is_outstanding_then_unknown_and_where_nobody_came_there_is_none(
        self, database: Database, clock: FakeClock, tmp_path: Path
    ) -> None:
        planned(database, clock, tmp_path)
        assert verdicts(standing(database, clock.now()))["C10-2"] is Verdict.PENDING
        assert verdicts(standing(database))["C10-2"] is Verdict.UNKNOWN
        held(database, absent=("T001", "T002", "T003"))
        assert verdicts(standing(database))["C10-2"] is Verdict.NOT_APPLICABLE


def test_what_an_account_entered_that_may_not_is_found_in_the_record(kept: Database) -> None:
    (order,) = kept.register.standing(DISPATCHES, batch=BATCH)
    changed = replace(order.thing, members=order.thing.members[:2])
    draft = Draft(DISPATCHES, order.key, changed, order.batch, order.site)
    kept.register.enter("import_panels", "panel.yaml", [draft], Actor("account:ex-2", Door.API), AFTER)
    found = next(each.finding for each in standing(kept).clauses if each.finding.id == "C2-1")
    assert (found.verdict, f"dispatch/{BATCH}/1@2（考评员）" in found.zh) == (Verdict.FAIL, True)
