"""Rules on a batch's roll: clause 一 (age), and the four of clause 六(一): first review, time of review, one
feedback, and that whoever signed in is on the approved roster.

Facts are read once; rules are pure. What is not on record is unknown 无法判定, or still to be done 待办 before the
first sitting begins, and never a pass. Candidates are named by their admission tickets. Not here: how verdicts fold
(``domain.law``), and how working days are counted (handed in).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar

from config.rule_pack import RulePack
from domain.calendar import local_day
from domain.law import Finding, Ruled, Verdict, fold
from domain.register import Entry
from domain.roll import (
    CANDIDATES,
    DECISIONS,
    FEEDBACKS,
    FIRST_REVIEWS,
    PLANS,
    SEATS,
    SIGN_INS,
    SUBMISSIONS,
    AssessmentPlan,
    Candidate,
    Decision,
    Feedback,
    FirstReview,
    Listed,
    Seat,
    SignIn,
    Submission,
    comes_of_age,
)
from storage.database import Database

WorkingDays = Callable[[date, date], int | None]
"""How many working days follow the first day up to the second, both in Asia/Shanghai: the day itself is 0. None: the
holidays of a year in between are not known. 2022-08-10 to 2022-08-24 is 10."""

T = TypeVar("T")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class SittingTime:
    """A sitting as far as the rules need it: when it begins, by the bell or the plan, and whether it is over."""

    number: int
    start: datetime
    is_over: bool


@dataclass(frozen=True)
class RollFacts:
    """All that the rules need of one batch, as it stands at ``now``."""

    batch: str
    now: datetime
    sittings: tuple[SittingTime, ...] = ()
    candidates: tuple[Entry[Candidate], ...] = ()
    seats: tuple[Entry[Seat], ...] = ()
    plan: Entry[AssessmentPlan] | None = None
    first_reviews: tuple[Entry[FirstReview], ...] = ()
    submissions: tuple[Entry[Submission], ...] = ()
    decisions: tuple[Entry[Decision], ...] = ()
    feedbacks: tuple[Entry[Feedback], ...] = ()
    sign_ins: tuple[Entry[SignIn], ...] = ()

    @cached_property
    def has_begun(self) -> bool:
        """Whether the first sitting has: from then on what is not there is missing, not outstanding."""
        return any(each.start <= self.now for each in self.sittings)

    @cached_property
    def missing(self) -> Verdict:
        """What it means that something is not on record."""
        return Verdict.UNKNOWN if self.has_begun else Verdict.PENDING

    @cached_property
    def decided(self) -> dict[tuple[int, Listed], Entry[Decision]]:
        return {(value.submission, value.candidate): entry for entry, value in _values(self.decisions)}

    @cached_property
    def in_order(self) -> list[tuple[Entry[Submission], Submission]]:
        """Submissions by number."""
        return sorted(_values(self.submissions), key=lambda each: each[1].number)

    @cached_property
    def answers(self) -> dict[Listed, Decision]:
        """The last decision on each candidate, as they stand."""
        found: dict[Listed, Decision] = {}
        for (number, listed), entry in self.decided.items():
            before = found.get(listed)
            if entry.value is not None and (before is None or before.submission < number):
                found[listed] = entry.value
        return found

    @cached_property
    def came(self) -> frozenset[str]:
        """Tickets and marks of whoever signed in."""
        present = [(entry.mark, value.ticket) for entry, value in _values(self.sign_ins) if value.present]
        return frozenset(name for pair in present for name in pair if name)

    @cached_property
    def _rounds(self) -> list[tuple[Submission, frozenset[str]]]:
        return [(value, frozenset(each.ticket for each in value.listed)) for _, value in self.in_order]

    def again(self, submission: Submission, listed: Listed) -> Submission | None:
        """The next submission that names the candidate's ticket after this one."""
        later = (
            value for value, tickets in self._rounds if value.number > submission.number and listed.ticket in tickets
        )
        return next(later, None)

    @cached_property
    def _told(self) -> dict[str, list[tuple[datetime, int, int, Entry[Feedback], str]]]:
        """By mark: each feedback that covers it, with the ticket under which it is on the roster, "" if it is not."""
        found: dict[str, list[tuple[datetime, int, int, Entry[Feedback], str]]] = {}
        for entry, value in _values(self.feedbacks):
            tickets = {each.mark: each.ticket for each in value.roster}
            for each in value.covered:
                told = (value.at, value.submission, value.number, entry, tickets.get(each.mark, ""))
                found.setdefault(each.mark, []).append(told)
        return found

    def on_roster(self, mark: str, at: datetime) -> tuple[Entry[Feedback], str] | None:
        """The newest feedback by an instant that covers somebody, and their ticket on its roster.

        None where it does not accept them, or there is none.
        """
        told = [each for each in self._told.get(mark, ()) if each[0] <= at]
        if not told:
            return None
        *_, entry, ticket = max(told, key=lambda each: each[:3])
        return (entry, ticket) if ticket else None


def facts_of(database: Database, batch: str, now: datetime) -> RollFacts:
    """Read what the rules need. Raises DatabaseUnavailable."""
    register = database.register
    sittings = [
        SittingTime(each.plan.number, each.start, each.closed is not None or each.end <= now)
        for each in database.setup.sittings(batch)
    ]
    return RollFacts(
        batch,
        now,
        tuple(sittings),
        tuple(register.standing(CANDIDATES, batch=batch)),
        tuple(register.standing(SEATS, batch=batch)),
        register.find(PLANS, batch),
        tuple(register.standing(FIRST_REVIEWS, batch=batch)),
        tuple(register.standing(SUBMISSIONS, batch=batch)),
        tuple(register.standing(DECISIONS, batch=batch)),
        tuple(register.standing(FEEDBACKS, batch=batch)),
        tuple(register.standing(SIGN_INS, batch=batch)),
    )


def findings(facts: RollFacts, rules: RulePack, working_days: WorkingDays) -> tuple[Ruled, ...]:
    """All rules of this part, in order."""
    return (
        of_working_age(facts, rules),
        reviewed_first(facts),
        reviewed_in_time(facts, rules, working_days),
        told_once(facts),
        signed_in_from_roster(facts),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """One part of a finding: of one candidate, submission or sitting."""

    verdict: Verdict
    zh: str
    en: str
    rests_on: tuple[str, ...] = ()


def of_working_age(facts: RollFacts, rules: RulePack) -> Ruled:
    """C1-1: whoever is not declined is of working age on the first day of their exam (clause 一, 法定劳动年龄)."""
    years = rules.working_age
    asked = [(entry, value) for entry, value in _values(facts.candidates) if not _is_declined(facts, entry, value)]
    if not asked:
        return _ruled("C1-1", [_Said(facts.missing, "没有考生记录", "there is no candidate on record")])
    days = _first_days(facts)
    young, unknown, old = [], [], []
    for entry, value in asked:
        day = days.get(value.ticket, days.get(""))
        if value.born is None or day is None:
            unknown.append((value.ticket, entry.name))
        elif comes_of_age(value.born, years) > day:
            young.append((value.ticket, entry.name))
        else:
            old.append((value.ticket, entry.name))
    said = []
    if young:
        zh, en = _named(young)
        said.append(
            _Said(
                Verdict.FAIL,
                f"{zh} 考核日未达法定劳动年龄(满{years}周岁)",
                f"{en}: below working age ({years} years) on the exam day",
                _names(young),
            )
        )
    if unknown:
        zh, en = _named(unknown)
        said.append(
            _Said(
                Verdict.UNKNOWN,
                f"{zh} 缺出生日期或考核日期",
                f"{en}: day of birth or of the exam not on record",
                _names(unknown),
            )
        )
    if not said:
        said.append(
            _Said(
                Verdict.PASS,
                f"{len(old)}名考生考核日均满{years}周岁",
                f"all {len(old)} candidates are {years} or older on their exam day",
                _names(old),
            )
        )
    return _ruled("C1-1", said)


def reviewed_first(facts: RollFacts) -> Ruled:
    """C6.1-1: the plan was made, and each candidate reviewed by the institution, before they were submitted."""
    if not facts.in_order:
        return _ruled("C6.1-1", [_Said(facts.missing, "没有上报记录", "no submission is on record")])
    plan = facts.plan.value if facts.plan is not None else None
    plan_names = (facts.plan.name,) if facts.plan is not None else ()
    said = []
    for entry, value in facts.in_order:
        passed: dict[Listed, str] = {}
        for review, reviewed in _values(facts.first_reviews):
            if reviewed.at <= value.at:
                passed.update(dict.fromkeys(reviewed.passed, review.name))
        without = [(each.ticket, "") for each in value.listed if each not in passed]
        rests = (entry.name, *plan_names, *dict.fromkeys(passed[each] for each in value.listed if each in passed))
        if plan is None or plan.at > value.at:
            zh, en = f"第{value.number}次上报前未制定考核计划", f"no plan was made before submission {value.number}"
            said.append(_Said(Verdict.FAIL, zh, en, rests))
        if without:
            zh, en = _named(without)
            zh = f"第{value.number}次上报：{zh} 未初审即上报"
            said.append(_Said(Verdict.FAIL, zh, f"submission {value.number}: {en} without first review", rests))
        elif plan is not None and plan.at <= value.at:
            zh = f"第{value.number}次上报：{len(value.listed)}名考生均先经初审"
            en = f"submission {value.number}: all {len(value.listed)} candidates were reviewed first"
            said.append(_Said(Verdict.PASS, zh, en, rests))
    return _ruled("C6.1-1", said)


def reviewed_in_time(facts: RollFacts, rules: RulePack, working_days: WorkingDays) -> Ruled:
    """C6.1-2: all candidates of a submission are decided on by the working day that the pack says.

    The day of submission is day 0. Who is submitted again is counted anew from there.
    """
    if not facts.in_order:
        return _ruled("C6.1-2", [_Said(facts.missing, "没有上报记录", "no submission is on record")])
    return _ruled("C6.1-2", [_in_time(facts, rules, working_days, *each) for each in facts.in_order])


def _in_time(
    facts: RollFacts, rules: RulePack, working_days: WorkingDays, entry: Entry[Submission], value: Submission
) -> _Said:
    limit, number = rules.review_working_days, value.number
    rests, ends, open_ones = [entry.name], [], 0
    for each in value.listed:
        decision = facts.decided.get((number, each))
        later = facts.again(value, each)
        if decision is not None and decision.value is not None:
            rests.append(decision.name)
            ends.append(decision.value.at)
        elif later is not None:
            ends.append(later.at)  # until then it was waited for; from there on the new submission counts
        else:
            open_ones += 1
    end = facts.now if open_ones else max(ends)
    first, last = local_day(value.at), local_day(end)
    days = working_days(first, last) if last >= first else None
    names = tuple(rests)
    if days is None:
        zh = f"第{number}次上报({first})至{last}的工作日无法计算：缺节假日安排"
        en = f"submission {number} of {first}: working days to {last} unknown, as the holidays are not on record"
        return _Said(Verdict.UNKNOWN, zh, en, names)
    if open_ones:
        late = days > limit
        zh = f"第{number}次上报({first})尚有{open_ones}名未审核，已过{days}个工作日(限{limit})"
        en = f"submission {number} of {first}: {open_ones} not decided on after {days} working days (limit {limit})"
        return _Said(Verdict.FAIL if late else Verdict.PENDING, zh, en, names)
    zh = f"第{number}次上报({first})于{last}第{days}个工作日完成审核(限{limit})"
    en = f"submission {number} of {first}: decided on working day {days}, {last} (limit {limit})"
    return _Said(Verdict.FAIL if days > limit else Verdict.PASS, zh, en, names)


def told_once(facts: RollFacts) -> Ruled:
    """C6.1-3: the results of a submission are told once, of every candidate in it, with the roster."""
    if not facts.in_order:
        return _ruled("C6.1-3", [_Said(facts.missing, "没有上报记录", "no submission is on record")])
    return _ruled("C6.1-3", [_told(facts, *each) for each in facts.in_order])


def _told(facts: RollFacts, entry: Entry[Submission], value: Submission) -> _Said:
    number = value.number
    own = [(each, feedback) for each, feedback in _values(facts.feedbacks) if feedback.submission == number]
    names = (entry.name, *(each.name for each, _ in own))
    wanted = [each for each in value.listed if (number, each) in facts.decided or facts.again(value, each) is None]
    if len(own) > 1:
        zh = f"第{number}次上报的审核结果分{len(own)}次反馈"
        return _Said(Verdict.FAIL, zh, f"submission {number}: feedback given {len(own)} times", names)
    if not own:
        if not wanted:  # all were submitted again before anybody answered
            zh, en = f"第{number}次上报已全部重新上报", f"submission {number}: all were submitted again"
            return _Said(Verdict.NOT_APPLICABLE, zh, en, names)
        zh, en = f"第{number}次上报的审核结果尚无反馈记录", f"submission {number}: no feedback is on record"
        return _Said(facts.missing, zh, en, names)
    feedback = own[0][1]
    covered = set(feedback.covered)
    left = [(each.ticket, "") for each in wanted if each not in covered]
    if left:
        zh, en = _named(left)
        zh = f"第{number}次上报的反馈未包括 {zh}"
        return _Said(Verdict.FAIL, zh, f"submission {number}: the feedback does not cover {en}", names)
    accepted = {each for each in covered if _is_accepted(facts, number, each)}
    if accepted != set(feedback.roster):
        zh = f"第{number}次上报：花名册{len(feedback.roster)}人与审核通过{len(accepted)}人不一致"
        en = (
            f"submission {number}: {len(feedback.roster)} on the roster, and not the {len(accepted)} who are accepted"
        )
        return _Said(Verdict.FAIL, zh, en, names)
    zh = f"第{number}次上报的结果已一次性反馈：{len(feedback.covered)}名，通过{len(feedback.roster)}名"
    en = f"submission {number}: told once, {len(feedback.covered)} candidates, {len(feedback.roster)} on the roster"
    return _Said(Verdict.PASS, zh, en, names)


def signed_in_from_roster(facts: RollFacts) -> Ruled:
    """C6.1-4: whoever signed in was on the approved roster by then, by the mark of their document."""
    came = [(entry, value) for entry, value in _values(facts.sign_ins) if value.present]
    recorded = {value.sitting for _, value in _values(facts.sign_ins)}
    silent = [each.number for each in facts.sittings if each.is_over and each.number not in recorded]
    said = [
        _Said(
            Verdict.UNKNOWN,
            f"场次{'、'.join(map(str, silent))} 已结束而无签到记录",
            f"sitting {', '.join(map(str, silent))} is over, and no sign-in is on record",
        )
    ][: bool(silent)]
    if not came and not silent:
        return _ruled("C6.1-4", [_Said(facts.missing, "尚无签到记录", "no sign-in is on record yet")])
    sorts: dict[Verdict, list[tuple[str, str]]] = {}
    rosters: list[str] = []
    for entry, value in came:
        verdict, roster = _of_sign_in(facts, entry, value)
        sorts.setdefault(verdict, []).append((value.ticket, entry.name))
        rosters.extend(roster)
    sentences = {
        Verdict.FAIL: ("不在审核通过名册", "not on the approved roster when they signed in"),
        Verdict.UNKNOWN: (
            "签到未核验证件，或无审核通过名册可查",
            "no document was checked, or no roster is on record",
        ),
        Verdict.WARN: ("证件在名册中，而准考证号不同", "on the roster by their document, under another ticket"),
    }
    for verdict, (zh, en) in sentences.items():
        if verdict in sorts:
            who_zh, who_en = _named(sorts[verdict])
            said.append(_Said(verdict, f"{who_zh} {zh}", f"{who_en}: {en}", _names(sorts[verdict])))
    if len(sorts.get(Verdict.PASS, ())) == len(came) and came:
        zh, en = f"签到{len(came)}人均在审核通过名册", f"all {len(came)} who signed in are on the approved roster"
        rests = (*_names(sorts[Verdict.PASS]), *dict.fromkeys(rosters))
        said.append(_Said(Verdict.PASS, zh, en, rests))
    return _ruled("C6.1-4", said)


def _of_sign_in(facts: RollFacts, entry: Entry[SignIn], value: SignIn) -> tuple[Verdict, tuple[str, ...]]:
    if not entry.mark or not facts.feedbacks:
        return Verdict.UNKNOWN, ()
    found = facts.on_roster(entry.mark, value.at)
    if found is None:
        return Verdict.FAIL, ()
    roster, ticket = found
    return (Verdict.PASS if ticket == value.ticket else Verdict.WARN), (roster.name,)


# --- Parts of sentences ---------------------------------------------------------------------------------------------


def _ruled(clause: str, said: Sequence[_Said]) -> Ruled:
    """One finding of its parts: of the worst verdict, and of what makes it so first."""
    verdict = fold(each.verdict for each in said)
    told = sorted(said, key=lambda each: each.verdict is not verdict)
    finding = Finding(clause, verdict, "；".join(each.zh for each in told), "; ".join(each.en for each in told))
    return Ruled(finding, tuple(dict.fromkeys(name for each in told for name in each.rests_on)))


def _values(entries: Iterable[Entry[T]]) -> list[tuple[Entry[T], T]]:
    return [(entry, entry.value) for entry in entries if entry.value is not None]


def _named(found: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Tickets for a sentence in both languages; of many only the first ones, and how many there are."""
    tickets = [ticket for ticket, _ in found[:_MOST_NAMED]]
    more = len(found) - len(tickets)
    zh, en = "、".join(tickets), ", ".join(tickets)
    return (f"{zh} 等{len(found)}名", f"{en} and {more} more") if more else (zh, en)


def _names(found: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(name for _, name in found)


def _first_days(facts: RollFacts) -> dict[str, date]:
    """The first exam day of each candidate with a seat, by ticket; under "" the first one of the batch."""
    starts = {each.number: each.start for each in facts.sittings}
    found: dict[str, date] = {"": local_day(min(starts.values()))} if starts else {}
    for _, seat in _values(facts.seats):
        if seat.sitting in starts:
            day = local_day(starts[seat.sitting])
            found[seat.ticket] = min(day, found.get(seat.ticket, day))
    return found


def _is_declined(facts: RollFacts, entry: Entry[Candidate], value: Candidate) -> bool:
    """Whether the last answer on the candidate, as they stand, was no, and they did not come all the same."""
    answer = facts.answers.get(Listed(value.ticket, entry.mark))
    return answer is not None and not answer.accepted and not facts.came & {entry.mark, value.ticket}


def _is_accepted(facts: RollFacts, number: int, listed: Listed) -> bool:
    found = facts.decided.get((number, listed))
    return found is not None and found.value is not None and found.value.accepted
