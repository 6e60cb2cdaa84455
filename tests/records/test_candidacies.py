"""Candidates at the gate, brought together from the record: who gets through, and what stops whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analysis.facts import Waiting
from config.rule_pack import load
from domain.gate import Case, Exit, ExitKind, Proposal, TakenExit
from domain.grounds import NORMS, Method, Norm, Subject
from domain.law import Verdict
from domain.people import Actor, Door
from domain.places import Sitting, StationTime
from domain.register import Draft, Entry
from domain.roll import Attempt, Candidate, IdCheck, KeptSubject, Listed
from domain.scores import CandidateScore, Markers, Score
from domain.timeline import Interval
from records import declaration, roll, roster, score_rules, scores
from records.candidacies import BatchRecord, Earlier, cases, marks_of, record_of, stays_of
from records.roll import Desk, Shown
from records.scores import SCORES, Mark, Place
from records.setup import apply
from storage.database import Database
from storage.errors import UnknownBatch
from tests.analysis.ledgers import at
from tests.analysis.test_judge import lost
from tests.fakes.time import FakeClock
from tests.records.examined import AFTER, LEADER, SCORER, SET_UP, examined, filmed, held, marked, planned
from tests.records.rolls import BATCH, NUMBERS, number, row, said, text_of
from tests.records.setups import ACTOR, ROOMY

OFFICER, SECOND = Actor("account:wu", Door.API), Actor("account:zheng", Door.API)
RULES = load("SG-2022-08-10")


@pytest.fixture
def kept(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    examined(database, clock, tmp_path)
    return database


def of(database: Database, ticket: str, *gaps: tuple[float, float]) -> Case:
    record = record_of(database, BATCH, AFTER)
    facts = filmed(*(lost(start, seconds) for start, seconds in gaps))
    return next(each for each in cases(record, facts, RULES) if each.ticket == ticket)


def codes(case: Case) -> list[str]:
    return [each.code for each in case.proposed.reasons]


def with_times(record: BatchRecord, *times: tuple[float, float]) -> BatchRecord:
    """The record with own times of the second station, as a plan gives them."""
    sitting = record.sittings[1]
    own = tuple(StationTime("A-02", Interval(at(start), at(end))) for start, end in times)
    return replace(record, sittings={1: replace(sitting, plan=replace(sitting.plan, stations=own))})


def test_who_came_was_seen_and_passed_may_have_a_certificate_and_what_that_rests_on_is_named(kept: Database) -> None:
    case = of(kept, "T001")
    assert (case.proposed.proposal, case.proposed.reasons) == (Proposal.ISSUE, ())
    kinds = [name.partition("/")[0] for name in case.rests_on]
    assert kinds == [
        *("candidate", "feedback", "norm", "seat", "sign_in", "dispatch"),
        *("attendance", "attendance", "attendance", "score"),
    ]
    assert case.rests_on[-1] == f"score/{BATCH}/T001/实操@3"
    assert of(kept, "T002").proposed.proposal is Proposal.ISSUE


def test_one_is_issued_one_held_back_by_the_camera_and_one_refused(kept: Database) -> None:
    gap = (2000, 30)
    assert [of(kept, ticket, gap).proposed.proposal for ticket in ("T001", "T002", "T003")] == [
        Proposal.ISSUE,  # another camera sees that station
        Proposal.HOLD,
        Proposal.REFUSE,
    ]
    (reason,) = of(kept, "T002", gap).proposed.reasons
    assert reason.zh == "实操：工位A-02自2026-05-01 09:33:20至09:33:50断档30秒（摄像机断线），超出容许值。"
    assert "T002" not in reason.zh + reason.en
    assert codes(of(kept, "T003")) == ["absent"]


def test_a_gap_within_the_tolerance_leaves_the_gate_open_with_a_note(kept: Database) -> None:
    case = of(kept, "T002", (2000, 9))
    assert (case.proposed.proposal, codes(case)) == (Proposal.ISSUE, ["footage"])


def test_a_mark_below_the_line_refuses_and_one_that_is_not_signed_holds_back(kept: Database) -> None:
    place = Place(BATCH, "T002", "实操")
    mark = replace(_mark(kept, place), value=_mark(kept, place).value - 1)
    scores.give(kept, place, mark, SCORER, AFTER, full_mark=100, reason="复核")
    assert codes(of(kept, "T002")) == ["score"] * 3  # not there any more, nor signed, nor confirmed


def _mark(database: Database, place: Place) -> Mark:
    entry = database.register.find(scores.SCORES, place.key)
    assert entry is not None and entry.thing.score.value is not None
    return Mark(entry.thing.score.value, entry.thing.score.method, entry.thing.score.scorer)


def test_before_the_day_everything_is_still_to_come(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    planned(database, clock, tmp_path)
    case = of(database, "T001")
    assert (case.proposed.proposal, codes(case)) == (Proposal.HOLD, ["sign_in", "footage", "score"])
    assert case.known.on_roster is True


def test_without_a_norm_nobody_knows_what_is_to_be_passed(kept: Database) -> None:
    record = replace(record_of(kept, BATCH, AFTER), norm=None)
    (first, *_) = cases(record, filmed(), RULES)
    assert [each.code for each in first.proposed.reasons] == ["norm"]


def test_nothing_is_kept_from_another_batch_where_nobody_claims_it(kept: Database) -> None:
    norm = kept.register.find(NORMS, "norm-1")
    assert norm is not None
    both = replace(norm.thing, subjects=(*norm.thing.subjects, Subject("理论", Method.MACHINE, 30)))
    passed = CandidateScore(
        "2025-1101", "T001", Score("理论", Method.MACHINE, Decimal(90), "m-1", machine_signed=True)
    )
    drafts: list[Draft[Any]] = [
        Draft(NORMS, norm.key, both),
        Draft(SCORES, "2025-1101/T001/理论", passed, batch="2025-1101"),
    ]
    kept.register.enter("tests", BATCH, drafts, ACTOR, AFTER)
    found = of(kept, "T001").proposed
    assert found.proposal is Proposal.HOLD
    assert "理论：没有成绩" in [each.zh for each in found.reasons]


NORM = Norm(
    "norm-1",
    "中式面点制作",
    date(2019, 6, 1),
    (Subject("实操", Method.PRACTICAL, 45), Subject("理论", Method.MACHINE, 30)),
    kept_months=2,
)
RESIT = "2026-0701"


class TestKept:
    """T001 of the batch passed 实操 there on 1 May, sits 理论 again as N001 of another one, and keeps 实操."""

    def resit(self, database: Database, claim: str = "T001", norm: Norm = NORM, *gaps: tuple[float, float]) -> Case:
        """The candidate of the later batch at the gate. That batch is made of the other one's record."""
        earlier = record_of(database, BATCH, AFTER)
        assert earlier.norm is not None
        entry = earlier.candidates["T001"]
        candidate = Candidate(
            RESIT,
            "N001",
            entry.thing.name,
            entry.thing.document,
            entry.thing.sealed,
            ("实操", "理论"),
            attempt=Attempt.RESIT,
            kept=(KeptSubject("实操", BATCH, claim),),
        )
        own = replace(entry, key=f"{RESIT}/N001", value=candidate, batch=RESIT)
        roll_ = replace(
            earlier.roll,
            candidates=(own,),
            seats=tuple(_moved(each, subject="理论") for each in earlier.roll.seats if each.thing.ticket == "T001"),
            sign_ins=tuple(_moved(each) for each in earlier.roll.sign_ins if each.thing.ticket == "T001"),
            feedbacks=tuple(
                replace(each, value=replace(each.thing, roster=(Listed("N001", entry.mark),)))
                for each in earlier.roll.feedbacks
            ),
        )
        machine = Score("理论", Method.MACHINE, Decimal(90), "m-1", machine_signed=True)
        score = replace(earlier.scores["T001"][0], value=CandidateScore(RESIT, "N001", machine))
        footage = filmed(*(lost(start, seconds) for start, seconds in gaps))
        record = replace(
            earlier,
            batch=RESIT,
            norm=replace(earlier.norm, value=norm),
            roll=roll_,
            scores={"N001": [score]},
            earlier={BATCH: Earlier(earlier, footage, RULES)},
        )
        (case,) = cases(record, filmed(), RULES)
        self.record = record
        return case

    def test_it_stands_with_its_mark_and_its_footage_there_and_all_that_it_rests_on_is_named(
        self, kept: Database
    ) -> None:
        case = self.resit(kept)
        assert case.proposed.proposal is Proposal.ISSUE
        (reason,) = case.proposed.reasons
        assert reason.zh == f"实操（保留自 {BATCH}/T001）：成绩保留至2026-07-01，以该次录像为准"
        assert [each.value for each in case.known.scores_in("实操")] == [Decimal("88.5")]
        assert f"score/{BATCH}/T001/实操@3" in case.rests_on
        assert f"candidate/{BATCH}/T001@1" in case.rests_on
        marks = score_rules.rule_scores(marks_of(self.record, filmed(), RULES), RULES)
        assert [each.finding.verdict for each in marks[:2]] == [Verdict.PASS, Verdict.PASS]
        assert marks[1].finding.zh == f"N001 {reason.zh}"

    def test_without_a_word_of_the_norm_nothing_is_kept(self, kept: Database) -> None:
        case = self.resit(kept, norm=replace(NORM, kept_months=None))
        assert case.proposed.proposal is Proposal.REFUSE
        assert [each.zh.partition("：")[2] for each in case.proposed.reasons] == ["考核规范未规定补考保留科目"]
        (_, marks, _) = score_rules.rule_scores(marks_of(self.record, filmed(), RULES), RULES)
        assert marks.finding.verdict is Verdict.FAIL

    def test_another_person_another_project_and_a_ticket_that_is_not_there_hold_or_refuse(
        self, kept: Database
    ) -> None:
        other = self.resit(kept, "T002")
        assert (other.proposed.proposal, codes(other)) == (Proposal.HOLD, ["kept"])
        assert not [name for name in other.rests_on if "/T002" in name]  # of that person's exam nothing is told
        gone = self.resit(kept, "T999")
        assert (gone.proposed.proposal, codes(gone)) == (Proposal.HOLD, ["kept"])
        (_, marks, _) = score_rules.rule_scores(marks_of(self.record, filmed(), RULES), RULES)
        assert marks.finding.verdict is Verdict.UNKNOWN
        moved = replace(self.record.grounds, batch=replace(self.record.grounds.batch, project="粤菜制作"))
        self.resit(kept)
        (case,) = cases(replace(self.record, grounds=moved), filmed(), RULES)
        assert [each.zh.partition("：")[2] for each in case.proposed.reasons] == ["不是同一项目、同一科目"]

    def test_the_norm_of_the_later_year_says_how_long_and_both_must_examine_the_subject_alike(
        self, kept: Database
    ) -> None:
        written = replace(NORM, subjects=(Subject("实操", Method.WRITTEN, 45), NORM.subjects[1]))
        assert codes(self.resit(kept, norm=written)) == ["kept"]
        self.resit(kept)
        unknown = replace(self.record.earlier[BATCH], record=replace(self.record.earlier[BATCH].record, norm=None))
        (case,) = cases(replace(self.record, earlier={BATCH: unknown}), filmed(), RULES)
        assert (case.proposed.proposal, codes(case)[0]) == (Proposal.HOLD, "kept")

    @pytest.mark.parametrize(
        ("day", "proposal"),
        [
            (date(2026, 7, 1), Proposal.ISSUE),
            (date(2026, 7, 2), Proposal.REFUSE),
            (date(2026, 4, 30), Proposal.REFUSE),
        ],
    )
    def test_it_is_kept_to_the_end_of_its_last_day_and_not_from_an_exam_that_comes_after(
        self, kept: Database, day: date, proposal: Proposal
    ) -> None:
        self.resit(kept)
        moved = day - date(2026, 5, 1)
        sittings = tuple(_on(each, moved) for each in self.record.grounds.sittings)
        later = replace(self.record, grounds=replace(self.record.grounds, sittings=sittings))
        assert cases(later, filmed(), RULES)[0].proposed.proposal is proposal

    def test_a_gap_there_holds_back_here_and_names_the_camera_there(self, kept: Database) -> None:
        seen_by_another = self.resit(kept, "T001", NORM, (2000, 60))
        assert seen_by_another.proposed.proposal is Proposal.ISSUE
        blind = {BATCH: replace(self.record.earlier[BATCH], facts=filmed(lost(2000, 60), seen_by_near=False))}
        (case,) = cases(replace(self.record, earlier=blind), filmed(), RULES)
        assert (case.proposed.proposal, codes(case)) == (Proposal.HOLD, ["footage"])
        assert "工位A-01自2026-05-01 09:33:20" in case.proposed.reasons[0].zh

    def test_a_mark_there_that_lost_its_signatures_does_not_stand_here(self, kept: Database) -> None:
        place = Place(BATCH, "T001", "实操")
        other = replace(_mark(kept, place), value=Decimal(99))
        scores.give(kept, place, other, SCORER, AFTER, full_mark=100, reason="复核")
        assert set(codes(self.resit(kept))) == {"score"}

    def test_who_keeps_every_subject_and_came_to_none_is_not_known_to_have_come(self, kept: Database) -> None:
        self.resit(kept, norm=replace(NORM, subjects=NORM.subjects[:1]))
        record = replace(self.record, roll=replace(self.record.roll, seats=(), sign_ins=()), scores={})
        assert "sign_in" in codes(cases(record, filmed(), RULES)[0])

    def test_claims_are_read_from_the_record_of_the_other_batch(self, kept: Database, clock: FakeClock) -> None:
        later = SET_UP.replace("id: 2026-0501", f"id: {RESIT}").replace("2026-05-01", "2026-07-01")
        apply(declaration.parse(later, "later.yaml"), kept, ACTOR, clock, ROOMY)
        drafts: list[Draft[Any]] = [Draft(NORMS, "norm-1", NORM)]
        kept.register.enter("tests", RESIT, drafts, ACTOR, AFTER)
        rows = [
            row(1, 准考证号="N001", 科目="理论", 考试类别="补考"),
            row(1, "", "", 准考证号="N001", 考试类别="补考", 保留科目批次=BATCH, 保留科目准考证号="T001"),
        ]
        data = text_of(*rows)
        roster.take_in(kept, NUMBERS, RESIT, data, "补考.csv", actor=ACTOR, now=AFTER)
        record = record_of(kept, RESIT, AFTER)
        assert list(record.earlier) == [BATCH]
        (case,) = cases(record, {}, RULES)
        (claim,) = case.known.claims("实操")
        assert (claim.allowed, claim.same_person, claim.same_subject, claim.in_time) == (True,) * 4
        assert claim.until == date(2026, 7, 1)
        assert case.proposed.proposal is Proposal.HOLD  # nothing was filmed there, nor sat here
        assert record_of(kept, BATCH, AFTER).earlier == {}


def _moved(entry: Entry[Any], **changed: object) -> Entry[Any]:
    return replace(entry, batch=RESIT, value=replace(entry.thing, batch=RESIT, ticket="N001", **changed))


def _on(sitting: Sitting, moved: timedelta) -> Sitting:
    """The sitting on another day."""
    plan = replace(
        sitting.plan,
        planned_start=sitting.plan.planned_start + moved,
        planned_end=sitting.plan.planned_end + moved,
    )
    return replace(sitting, plan=plan)


def test_while_footage_is_not_settled_nobody_gets_through(kept: Database) -> None:
    waiting = {1: replace(filmed()[1], waiting=Waiting.NOT_SETTLED)}
    found = cases(record_of(kept, BATCH, AFTER), waiting, RULES)
    assert [each.proposed.proposal for each in found] == [Proposal.HOLD, Proposal.HOLD, Proposal.REFUSE]
    assert cases(record_of(kept, BATCH, AFTER), {}, RULES)[0].proposed.proposal is Proposal.HOLD


def test_who_shows_anothers_document_is_not_known_to_have_come(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    planned(database, clock, tmp_path)
    held(database, absent=("T001", "T003"))
    desk = Desk(database, ACTOR, AFTER)
    showed = Shown(IdCheck.TYPED, number=number(7))
    roll.sign_in(desk, NUMBERS, BATCH, 1, "T001", showed=showed, said=said(at(1300)))
    marked(database, T001="90")
    assert codes(of(database, "T001")) == ["identity"]


def test_who_is_excluded_is_refused_and_who_was_warned_is_not(kept: Database) -> None:
    desk = Desk(kept, ACTOR, AFTER)
    for what, excludes in (("携带手机", False), ("替考", True)):
        roll.note_violation(
            desk, BATCH, 1, "T001", said=said(at(2000)), what=what, handling="按规定处理", excludes=excludes
        )
    case = of(kept, "T001")
    assert (case.known.excluded, codes(case)) == ("替考", ["excluded"])


class TestOwnTime:
    def test_it_begins_with_the_exam_and_ends_when_they_leave(self, kept: Database) -> None:
        roll.leave(Desk(kept, ACTOR, AFTER), BATCH, 1, "T002", said=said(at(3000)))
        (stay,) = stays_of(record_of(kept, BATCH, AFTER), "T002")
        assert (stay.place, stay.spans) == (f"{BATCH}/1/A-02", (Interval(at(1800), at(3000)),))
        assert of(kept, "T002", (3001, 300)).proposed.proposal is Proposal.ISSUE
        assert of(kept, "T002", (2900, 300)).proposed.proposal is Proposal.HOLD

    def test_who_comes_late_is_asked_for_the_whole_exam(
        self, database: Database, clock: FakeClock, tmp_path: Path
    ) -> None:
        planned(database, clock, tmp_path)
        held(database, absent=("T002", "T003"))
        desk = Desk(database, ACTOR, AFTER)
        late = said(at(2400))
        showed = Shown(IdCheck.TYPED, number=number(2))
        roll.sign_in(desk, NUMBERS, BATCH, 1, "T002", showed=showed, said=late)
        (stay,) = stays_of(record_of(database, BATCH, AFTER), "T002")
        assert stay.spans[0].start == at(1800)

    def test_a_change_of_station_makes_two_places_and_each_must_be_covered(self, kept: Database) -> None:
        roll.change_station(Desk(kept, ACTOR, AFTER), BATCH, 1, "T001", "A-02", said=said(at(3000)), why="电炉故障")
        stays = stays_of(record_of(kept, BATCH, AFTER), "T001")
        assert [(each.station, each.spans[0].start, each.spans[0].end) for each in stays] == [
            ("A-01", at(1800), at(3000)),
            ("A-02", at(3000), at(4500)),
        ]
        assert of(kept, "T001", (2000, 60)).proposed.proposal is Proposal.ISSUE
        assert of(kept, "T001", (3500, 60)).proposed.proposal is Proposal.HOLD

    def test_where_nobody_knows_which_of_a_stations_times_was_theirs_each_must_be_covered(
        self, kept: Database
    ) -> None:
        record = with_times(record_of(kept, BATCH, AFTER), (1800, 2700), (2700, 3600))
        (stay,) = stays_of(record, "T002")
        assert len(stay.spans) == 2
        held_back = cases(record, filmed(lost(3000, 60)), RULES)[1]
        assert held_back.proposed.proposal is Proposal.HOLD
        assert cases(record, filmed(lost(3700, 60)), RULES)[1].proposed.proposal is Proposal.ISSUE

    def test_times_that_did_not_hold_are_those_of_nobody(self, kept: Database) -> None:
        record = with_times(record_of(kept, BATCH, AFTER), (1800, 4600))
        assert stays_of(record, "T002")[0].spans == (Interval(at(1800), at(4500)),)


def test_what_is_to_be_repeated_refuses_until_it_was_and_then_the_later_sitting_counts(kept: Database) -> None:
    record = record_of(kept, BATCH, AFTER)
    taken = Exit(ExitKind.REEXAMINE, "实操", f"{BATCH}/1/A-02", OFFICER, SECOND, AFTER, "停电", ("document:9号",))
    any_entry: Entry[Any] = record.scores["T002"][0]
    entry = replace(any_entry, kind="exit", value=TakenExit(BATCH, "T002", taken))
    record = replace(record, exits=(entry,))
    gap = lost(2000, 600)
    assert [each.code for each in cases(record, filmed(gap), RULES)[1].proposed.reasons] == ["reexamine"]
    second = replace(record.sittings[1], plan=replace(record.sittings[1].plan, number=2))
    again = replace(
        record,
        sittings={1: record.sittings[1], 2: second},
        dispatches={1: record.dispatches[1], 2: record.dispatches[1]},
        attendances=tuple(replace(each, value=replace(each.thing, sitting=2)) for each in record.attendances),
        roll=replace(
            record.roll,
            seats=(*record.roll.seats, *_in_second(record.roll.seats)),
            sign_ins=(*record.roll.sign_ins, *_in_second(record.roll.sign_ins)),
        ),
    )
    assert [each.sitting for each in stays_of(again, "T002")] == [2]
    assert [each.sitting for each in stays_of(again, "T001")] == [1, 2]
    facts = filmed(gap) | {2: filmed()[1]}
    assert cases(again, facts, RULES)[1].proposed.proposal is Proposal.ISSUE


def _in_second(entries: Iterable[Entry[Any]]) -> list[Entry[Any]]:
    return [replace(each, key=f"{each.key}-2", value=replace(each.thing, sitting=2)) for each in entries]


class TestMarkers:
    def markers(self, database: Database) -> Markers:
        return of(database, "T001").known.markers["实操"]

    def test_they_are_the_panel_that_the_centre_sent(self, kept: Database) -> None:
        found = self.markers(kept)
        assert (sorted(found.sent), sorted(found.leaders), sorted(found.there)) == (
            ["ex-1", "ex-2", "ex-3"],
            ["ex-1"],
            ["ex-1", "ex-2", "ex-3"],
        )

    def test_nobody_whom_the_site_chose_or_sent_may_score(self, kept: Database) -> None:
        record = record_of(kept, BATCH, AFTER)
        order = record.dispatches[1]
        for changed in (
            replace(order.thing, by_centre=False),
            replace(order.thing, members=tuple(replace(each, chosen_by_site=True) for each in order.thing.members)),
        ):
            other = replace(record, dispatches={1: replace(order, value=changed)})
            assert cases(other, filmed(), RULES)[0].proposed.proposal is Proposal.HOLD

    @pytest.mark.parametrize(
        ("left", "given", "there"), [(None, 5400, True), (None, 5401, False), (4550, 4600, False)]
    )
    def test_who_left_or_scores_after_the_window_is_not_there(
        self, kept: Database, left: float | None, given: float, there: bool
    ) -> None:
        record = record_of(kept, BATCH, AFTER)
        gone = None if left is None else at(left)
        came = tuple(replace(each, value=replace(each.thing, left=gone)) for each in record.attendances)
        marks = {"T001": [_given(record, at(given))]}
        changed = replace(record, attendances=came, scores=marks)
        assert bool(cases(changed, filmed(), RULES)[0].known.markers["实操"].there) is there

    def test_a_score_that_calls_practical_work_written_is_held_to_the_norm(self, kept: Database) -> None:
        record = replace(record_of(kept, BATCH, AFTER), authorised=frozenset({"ex-2"}))
        entry = record.scores["T001"][0]
        score = replace(entry.thing.score, method=Method.WRITTEN, scorer="ex-2")
        written = replace(entry, value=replace(entry.thing, score=score))
        changed = replace(record, scores={"T001": [written]}, attendances=())
        assert [each.code for each in cases(changed, filmed(), RULES)[0].proposed.reasons] == ["score"]


def _given(record: BatchRecord, when: datetime) -> Entry[CandidateScore]:
    entry = record.scores["T001"][0]
    return replace(entry, value=replace(entry.thing, score=replace(entry.thing.score, given=when)))


def test_the_rules_on_scores_are_asked_with_the_same_facts(kept: Database) -> None:
    record = record_of(kept, BATCH, AFTER)
    found = marks_of(record, filmed(), RULES)
    assert [(each.candidate, each.absent) for each in found] == [("T001", False), ("T002", False), ("T003", True)]
    assert {each.finding.id: each.finding.verdict for each in score_rules.rule_scores(found, RULES)} == {
        "C6.5-2": Verdict.PASS,
        "C6.5-3": Verdict.PASS,
        "C6.6-1": Verdict.NOT_APPLICABLE,
    }
    late = filmed(lost(1800, 5400 - 1800 - timedelta(minutes=12).total_seconds()))
    blind = [each.seen for each in marks_of(record, late, RULES)]
    assert (blind[0], blind[1]) == ({"实操": at(1800)}, {})


def test_a_batch_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(UnknownBatch):
        record_of(database, "2026-9999", AFTER)


def test_the_leader_who_confirms_is_one_of_the_panel(kept: Database) -> None:
    assert LEADER.name.removeprefix("account:") in of(kept, "T001").known.markers["实操"].leaders
