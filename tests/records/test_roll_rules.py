"""Rules on the roll: what passes, what fails, what is not known, and the edges of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from domain.calendar import local_day
from domain.law import Ruled, Verdict
from domain.people import Actor, Door
from domain.register import Entry
from domain.roll import (
    AssessmentPlan,
    Candidate,
    Decision,
    Document,
    Feedback,
    FirstReview,
    IdCheck,
    Listed,
    Seat,
    SignIn,
    Submission,
)
from records import roll, roll_rules
from records.roll import Shown
from records.roll_rules import RollFacts, SittingTime, facts_of, findings
from storage.database import Database
from tests.fakes.time import FakeClock
from tests.records.rolls import BATCH, BEFORE, NUMBERS, RULES, days, desk, row, said, set_up, take_in
from tests.records.setups import START

_acts = count(1)


def entry(kind: str, key: str, value: Any, mark: str = "") -> Entry[Any]:
    return Entry(kind, key, 1, value, BATCH, "sg-001", mark, BEFORE, Actor("a", Door.API), "", next(_acts), "")


def candidate(ticket: str, born: date | None = date(1990, 1, 1), **other: Any) -> Entry[Candidate]:
    value = Candidate(BATCH, ticket, "某", Document.RESIDENT_ID, "", ("实操",), born)
    return entry("candidate", f"{BATCH}/{ticket}", replace(value, **other), f"m-{ticket}")


def listed(*tickets: str) -> tuple[Listed, ...]:
    return tuple(Listed(ticket, f"m-{ticket}") for ticket in tickets)


def submission(number: int, at: datetime, *tickets: str) -> Entry[Submission]:
    return entry("submission", f"{number}", Submission(BATCH, number, at, "x", listed(*tickets)))


def decision(number: int, ticket: str, at: datetime, accepted: bool = True) -> Entry[Decision]:
    return entry("decision", f"{number}/{ticket}", Decision(BATCH, number, listed(ticket)[0], accepted, at, "x", "y"))


def feedback(number: int, nth: int, at: datetime, covered: str, roster: str) -> Entry[Feedback]:
    value = Feedback(BATCH, number, nth, at, "x", listed(*covered.split()), listed(*roster.split()))
    return entry("feedback", f"{number}/{nth}", value)


def signed(ticket: str, mark: str, at: datetime = START, present: bool = True) -> Entry[SignIn]:
    return entry("sign_in", ticket, SignIn(BATCH, 1, ticket, present, at, IdCheck.CARD, "x", "r301", "A-01"), mark)


def plan(at: datetime) -> Entry[AssessmentPlan]:
    return entry("assessment_plan", BATCH, AssessmentPlan(BATCH, at, "x"))


def reviewed(at: datetime, *tickets: str) -> Entry[FirstReview]:
    return entry("first_review", "1", FirstReview(BATCH, at, "x", listed(*tickets)))


def weekdays(start: date, end: date) -> int:
    """Working days of a year without holidays."""
    return sum((start + timedelta(days=each)).weekday() < 5 for each in range(1, (end - start).days + 1))


EARLY = RollFacts(BATCH, days(1), (SittingTime(1, START, False),))
LATE = replace(EARLY, now=START + timedelta(days=1), sittings=(SittingTime(1, START, True),))


def verdict(ruled: Ruled) -> Verdict:
    assert ruled.finding.zh
    assert ruled.finding.en
    return ruled.finding.verdict


def test_nothing_on_record_is_outstanding_before_the_exam_and_unknown_afterwards() -> None:
    for facts, wanted in ((EARLY, Verdict.PENDING), (LATE, Verdict.UNKNOWN)):
        found = findings(facts, RULES, weekdays)
        assert [each.finding.id for each in found] == ["C1-1", "C6.1-1", "C6.1-2", "C6.1-3", "C6.1-4"]
        assert [verdict(each) for each in found] == [wanted] * 5


# --- C1-1 ---


@pytest.mark.parametrize(
    ("born", "wanted"),
    [
        (date(2010, 5, 1), Verdict.PASS),  # on the day itself
        (date(2010, 5, 2), Verdict.FAIL),
        (date(1930, 1, 1), Verdict.PASS),  # the notice knows no upper limit
        (None, Verdict.UNKNOWN),
    ],
)
def test_whoever_is_sixteen_on_the_exam_day_is_of_working_age(born: date | None, wanted: Verdict) -> None:
    found = roll_rules.of_working_age(replace(EARLY, candidates=(candidate("T1"), candidate("T2", born))), RULES)
    assert verdict(found) is wanted
    assert ("16" in found.finding.zh) == (wanted is not Verdict.UNKNOWN)
    assert ("T2" in found.finding.zh) == (wanted is not Verdict.PASS)
    assert f"candidate/{BATCH}/T2@1" in found.rests_on


def test_born_on_a_leap_day_is_of_age_on_the_first_of_march_in_a_common_year() -> None:
    rules = replace(RULES, working_age=18)
    for day, wanted in ((date(2026, 2, 28), Verdict.FAIL), (date(2026, 3, 1), Verdict.PASS)):
        start = datetime(day.year, day.month, day.day, 1, tzinfo=START.tzinfo)
        facts = RollFacts(BATCH, BEFORE, (SittingTime(1, start, False),), (candidate("T1", date(2008, 2, 29)),))
        assert verdict(roll_rules.of_working_age(facts, rules)) is wanted


def test_the_day_that_counts_is_the_first_one_of_the_candidate_in_beijing() -> None:
    night = datetime(2026, 5, 1, 16, 30, tzinfo=START.tzinfo)  # 2 May, 00:30
    sittings = (SittingTime(1, START, False), SittingTime(2, night, False))
    seat = entry("seat", "s", Seat(BATCH, "T1", 2, "r", "A", "实操"))
    facts = replace(EARLY, sittings=sittings, candidates=(candidate("T1", date(2010, 5, 2)),))
    assert local_day(night) == date(2026, 5, 2)
    assert verdict(roll_rules.of_working_age(replace(facts, seats=(seat,)), RULES)) is Verdict.PASS
    assert verdict(roll_rules.of_working_age(facts, RULES)) is Verdict.FAIL  # without a seat, that of the batch


def test_who_was_declined_is_not_held_against_the_batch_unless_they_came() -> None:
    facts = replace(
        LATE,
        candidates=(candidate("T1"), candidate("T2", date(2015, 1, 1))),
        decisions=(decision(1, "T2", BEFORE, False),),
    )
    assert verdict(roll_rules.of_working_age(facts, RULES)) is Verdict.PASS
    came = replace(facts, sign_ins=(signed("T2", "m-T2"),))
    assert verdict(roll_rules.of_working_age(came, RULES)) is Verdict.FAIL
    again = replace(facts, decisions=(*facts.decisions, decision(2, "T2", days(1))))
    assert verdict(roll_rules.of_working_age(again, RULES)) is Verdict.FAIL


def test_of_many_only_the_first_are_named() -> None:
    young = tuple(candidate(f"T{each}", date(2015, 1, 1)) for each in range(7))
    found = roll_rules.of_working_age(replace(EARLY, candidates=young), RULES)
    assert "T4 等7名" in found.finding.zh
    assert "T4 and 2 more" in found.finding.en
    assert len(found.rests_on) == 7


# --- C6.1-1 ---


def test_a_plan_and_a_first_review_come_before_the_submission() -> None:
    facts = replace(EARLY, plan=plan(days(0)), first_reviews=(reviewed(days(1), "T1", "T2"),))
    ready = replace(facts, submissions=(submission(1, days(1), "T1", "T2"),))  # in the same instant
    assert verdict(roll_rules.reviewed_first(ready)) is Verdict.PASS
    assert roll_rules.reviewed_first(ready).rests_on == (
        "submission/1@1",
        f"assessment_plan/{BATCH}@1",
        "first_review/1@1",
    )
    for case in (
        replace(ready, plan=None),
        replace(ready, plan=plan(days(2))),
        replace(ready, first_reviews=()),
        replace(ready, first_reviews=(reviewed(days(1.5), "T1", "T2"),)),
        replace(ready, first_reviews=(reviewed(days(1), "T1"),)),
        replace(ready, submissions=(*ready.submissions, submission(2, days(3), "T3"))),
    ):
        assert verdict(roll_rules.reviewed_first(case)) is Verdict.FAIL


def test_a_first_review_of_another_person_under_the_same_ticket_is_none() -> None:
    other = entry("first_review", "1", FirstReview(BATCH, days(0), "x", (Listed("T1", "m-other"),)))
    facts = replace(EARLY, plan=plan(days(0)), first_reviews=(other,), submissions=(submission(1, days(1), "T1"),))
    assert "T1 未初审即上报" in roll_rules.reviewed_first(facts).finding.zh


# --- C6.1-2 ---


def in_time(facts: RollFacts, working: Any = weekdays) -> Ruled:
    return roll_rules.reviewed_in_time(facts, RULES, working)


@pytest.mark.parametrize(("day", "wanted"), [(0, Verdict.PASS), (14, Verdict.PASS), (15, Verdict.FAIL)])
def test_the_tenth_working_day_is_in_time_and_the_eleventh_is_not(day: int, wanted: Verdict) -> None:
    facts = replace(EARLY, submissions=(submission(1, BEFORE, "T1", "T2"),))
    found = in_time(replace(facts, decisions=(decision(1, "T1", BEFORE), decision(1, "T2", days(day))), now=days(40)))
    assert verdict(found) is wanted
    assert f"第{weekdays(local_day(BEFORE), local_day(days(day)))}个工作日" in found.finding.zh
    assert found.rests_on == ("submission/1@1", "decision/1/T1@1", "decision/1/T2@1")


def test_without_the_holidays_nothing_is_said_of_working_days() -> None:
    facts = replace(EARLY, submissions=(submission(1, BEFORE, "T1"),), decisions=(decision(1, "T1", days(1)),))
    assert verdict(in_time(facts, lambda *_: None)) is Verdict.UNKNOWN


@pytest.mark.parametrize(("now", "wanted"), [(14, Verdict.PENDING), (15, Verdict.FAIL)])
def test_what_is_not_decided_is_outstanding_until_the_limit_has_passed(now: int, wanted: Verdict) -> None:
    facts = replace(
        EARLY,
        now=days(now),
        submissions=(submission(1, BEFORE, "T1", "T2"),),
        decisions=(decision(1, "T1", days(1)),),
    )
    found = in_time(facts)
    assert verdict(found) is wanted
    assert "1名未审核" in found.finding.zh


def test_who_is_submitted_again_is_counted_anew_and_the_wait_before_still_counts() -> None:
    first, second = submission(1, BEFORE, "T1", "T2"), submission(2, days(12), "T2")
    decisions = (decision(1, "T1", days(2)), decision(1, "T2", days(3), False), decision(2, "T2", days(20)))
    facts = replace(EARLY, now=days(30), submissions=(first, second), decisions=decisions)
    assert verdict(in_time(facts)) is Verdict.PASS
    unanswered = replace(facts, decisions=(decisions[0], decisions[2]))
    assert verdict(in_time(unanswered)) is Verdict.PASS
    too_late = replace(unanswered, submissions=(first, submission(2, days(16), "T2")))
    assert verdict(in_time(too_late)) is Verdict.FAIL


def test_a_record_in_which_the_answer_comes_before_the_question_is_not_believed() -> None:
    facts = replace(EARLY, submissions=(submission(1, days(3), "T1"),), decisions=(decision(1, "T1", days(1)),))
    assert verdict(in_time(facts)) is Verdict.UNKNOWN


# --- C6.1-3 ---

TOLD = replace(
    EARLY,
    submissions=(submission(1, days(1), "T1", "T2"),),
    decisions=(decision(1, "T1", days(2)), decision(1, "T2", days(2), False)),
    feedbacks=(feedback(1, 1, days(3), "T1 T2", "T1"),),
)


def test_one_feedback_of_everybody_with_the_roster_is_as_it_should_be() -> None:
    found = roll_rules.told_once(TOLD)
    assert verdict(found) is Verdict.PASS
    assert found.rests_on == ("submission/1@1", "feedback/1/1@1")


def test_feedback_in_parts_or_with_another_roster_is_not() -> None:
    first = TOLD.feedbacks[0]
    for feedbacks, told in (
        ((first, feedback(1, 2, days(4), "T2", "")), "分2次反馈"),
        ((feedback(1, 1, days(3), "T1", "T1"),), "未包括 T2"),
        ((feedback(1, 1, days(3), "T1 T2", "T1 T2"),), "不一致"),
        ((feedback(1, 1, days(3), "T1 T2", ""),), "不一致"),
    ):
        found = roll_rules.told_once(replace(TOLD, feedbacks=feedbacks))
        assert (verdict(found), told in found.finding.zh) == (Verdict.FAIL, True), told


def test_no_feedback_is_outstanding_before_the_exam_and_unknown_afterwards() -> None:
    assert verdict(roll_rules.told_once(replace(TOLD, feedbacks=()))) is Verdict.PENDING
    assert verdict(roll_rules.told_once(replace(TOLD, feedbacks=(), now=START))) is Verdict.UNKNOWN


def test_what_answers_a_new_submission_is_no_second_feedback() -> None:
    facts = replace(
        TOLD,
        submissions=(*TOLD.submissions, submission(2, days(4), "T2")),
        decisions=(*TOLD.decisions, decision(2, "T2", days(5))),
        feedbacks=(*TOLD.feedbacks, feedback(2, 1, days(6), "T2", "T2")),
    )
    assert verdict(roll_rules.told_once(facts)) is Verdict.PASS
    unanswered = replace(facts, decisions=(decision(1, "T1", days(2)), decision(2, "T2", days(5))))
    only_first = replace(unanswered, feedbacks=(feedback(1, 1, days(3), "T1", "T1"), facts.feedbacks[1]))
    assert verdict(roll_rules.told_once(only_first)) is Verdict.PASS


# --- C6.1-4 ---

CAME = replace(TOLD, now=LATE.now, sittings=LATE.sittings, sign_ins=(signed("T1", "m-T1"),))


def came(*sign_ins: Entry[SignIn], facts: RollFacts = CAME) -> Ruled:
    return roll_rules.signed_in_from_roster(replace(facts, sign_ins=sign_ins))


def test_who_signed_in_is_on_the_roster_by_the_mark_of_the_document() -> None:
    found = came(*CAME.sign_ins)
    assert verdict(found) is Verdict.PASS
    assert found.rests_on == ("sign_in/T1@1", "feedback/1/1@1")
    assert verdict(came(signed("T9", "m-T1"))) is Verdict.WARN  # the ticket was mistyped: it is the same person


def test_who_is_not_on_the_roster_is_found_whatever_their_ticket() -> None:
    for each in (signed("T2", "m-T2"), signed("T1", "m-else"), signed("T1", "m-T1", at=days(2))):
        found = came(*CAME.sign_ins, each)
        assert verdict(found) is Verdict.FAIL
        assert found.rests_on[0] == each.name


def test_who_was_not_checked_or_where_no_roster_is_known_is_unknown() -> None:
    assert verdict(came(*CAME.sign_ins, signed("T3", ""))) is Verdict.UNKNOWN
    assert verdict(came(*CAME.sign_ins, facts=replace(CAME, feedbacks=()))) is Verdict.UNKNOWN


def test_who_was_absent_did_not_sign_in() -> None:
    assert verdict(came(*CAME.sign_ins, signed("T2", "", present=False))) is Verdict.PASS


def test_a_sitting_that_is_over_without_any_sign_in_is_unknown() -> None:
    facts = replace(CAME, sittings=(*CAME.sittings, SittingTime(2, START, True)))
    found = came(*CAME.sign_ins, facts=facts)
    assert (verdict(found), "场次2 已结束而无签到记录" in found.finding.zh) == (Verdict.UNKNOWN, True)


def test_who_was_accepted_and_later_declined_is_off_the_roster_from_then_on() -> None:
    later = replace(
        CAME,
        submissions=(*CAME.submissions, submission(2, days(4), "T1")),
        feedbacks=(*CAME.feedbacks, feedback(2, 1, days(6), "T1", "")),
    )
    assert verdict(came(*CAME.sign_ins, facts=later)) is Verdict.FAIL
    assert verdict(came(signed("T1", "m-T1", at=days(5)), facts=later)) is Verdict.PASS


# --- Read from a register ---


def test_the_facts_of_a_batch_are_read_as_they_were_entered(database: Database, clock: FakeClock) -> None:
    clock.step((BEFORE - clock.now()).total_seconds())
    set_up(database, clock)
    take_in(database, row(1), row(2, station="A-02"))
    now = START + timedelta(hours=5)
    at = desk(database, now)
    roll.make_plan(at, BATCH, said(days(0)))
    roll.review_first(at, BATCH, said(days(1)))
    roll.submit(at, BATCH, said(days(1)))
    roll.decide(at, BATCH, 1, said(days(2)), accepted=["T001"], declined={"T002": "年龄不符"})
    roll.give_feedback(at, BATCH, 1, said(days(3)))
    for sitting, station in ((1, "A-01"), (2, "B-01")):
        shown = Shown(IdCheck.COMPARED)
        roll.sign_in(at, NUMBERS, BATCH, sitting, "T001", showed=shown, said=said(START), station=station)
    found = findings(facts_of(database, BATCH, now), RULES, weekdays)
    assert [verdict(each) for each in found] == [Verdict.PASS] * 5
    roll.sign_in(at, NUMBERS, BATCH, 1, "T002", showed=Shown(IdCheck.COMPARED), said=said(START))
    again = findings(facts_of(database, BATCH, now), RULES, weekdays)
    assert [verdict(each) for each in again] == [*[Verdict.PASS] * 4, Verdict.FAIL]
    assert f"sign_in/{BATCH}/1/T002@1" in again[4].rests_on
    assert "考生" not in " ".join(each.finding.zh for each in again).replace("名考生", "")
