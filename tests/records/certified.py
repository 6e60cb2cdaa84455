"""A batch after its exam, with cases at the gate and an officer's decisions, for tests of certificates. Not tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from domain.certificates import Certificate
from domain.gate import (
    ISSUE_DECISIONS,
    Candidacy,
    Case,
    Footage,
    IssueDecision,
    Proposal,
    propose,
)
from domain.grounds import Method
from domain.law import Verdict
from domain.register import Draft, Entry
from domain.roll import SIGN_INS, IdCheck, SignIn
from domain.scores import Markers, Score, Signature
from domain.timeline import Clock
from records import certificates
from records.roll import Desk, Said
from storage.database import Database
from tests.records.rolls import BATCH, OFFICER, RULES, row, set_up, take_in
from tests.records.setups import START

DAY = START + timedelta(days=3)  # Mon, 4 May 2026, 09:00 in Shaoguan
MARKERS = Markers(frozenset({"ex-1", "ex-2"}), frozenset({"ex-1"}), frozenset({"ex-1", "ex-2"}))
TICKETS = ("T001", "T002", "T003")


def later(minutes: float = 0) -> datetime:
    return DAY + timedelta(minutes=minutes)


def desk(database: Database, minutes: float = 0) -> Desk:
    return Desk(database, OFFICER, later(minutes))


def said(minutes: float = 0, by: str = "证书科") -> Said:
    return Said(later(minutes), by)


def examined(database: Database, clock: Clock, *, decided: bool = True) -> None:
    """Three candidates on the roll who came, and a decision on each to issue; forms GD0001 to GD0010."""
    set_up(database, clock)
    take_in(database, row(1), row(2, station="A-02"), row(3, sitting="2", station="B-01"))
    came = [
        SignIn(BATCH, 2 if ticket == "T003" else 1, ticket, True, START, IdCheck.CARD, "x", "r301", "A-01")
        for ticket in TICKETS
    ]
    drafts = [Draft(SIGN_INS, f"{BATCH}/{each.sitting}/{each.ticket}", each, BATCH, "sg-001") for each in came]
    database.register.enter("sign_in", BATCH, drafts, OFFICER, START)
    certificates.deliver(desk(database, -60), "gd0001", "GD0010", 10, said(-60, "省中心"))
    if decided:
        decide(database, *TICKETS)


def decide(database: Database, *tickets: str, issue: bool = True, minutes: float = -30) -> None:
    decisions = [IssueDecision(BATCH, each, issue, Proposal.ISSUE, later(minutes), "account:wu") for each in tickets]
    drafts = [Draft(ISSUE_DECISIONS, f"{BATCH}/{each.ticket}", each, BATCH, "sg-001") for each in decisions]
    database.register.enter("decide_batch", BATCH, drafts, OFFICER, later(minutes))


def case(ticket: str = "T001", *marks: str, batch: str = BATCH, verdict: Verdict = Verdict.PASS) -> Case:
    """A candidate with a subject for each mark, whose footage is as told; passed, if nothing else is said."""
    scores = tuple(_score(f"科目{place}", Decimal(mark)) for place, mark in enumerate(marks or ("76.50",), 1))
    known = Candidacy(
        subjects=tuple(each.subject for each in scores),
        on_roster=True,
        signed_in=True,
        identity_checked=True,
        footage=tuple(Footage(each.subject, f"{batch}/1/A-01", verdict, "c1 断线", "c1 was lost") for each in scores),
        scores=scores,
        markers={each.subject: MARKERS for each in scores},
    )
    sitting = 2 if ticket == "T003" else 1
    rests_on = (f"candidate/{batch}/{ticket}@1", f"sign_in/{batch}/{sitting}/{ticket}@1")
    return Case(batch, ticket, known, propose(known, pass_mark=60, full_mark=100), rests_on)


def _score(subject: str, mark: Decimal) -> Score:
    signed, confirmed = Signature("ex-2", START, mark), Signature("ex-1", START, mark)
    return Score(subject, Method.PRACTICAL, mark, "ex-2", START, signed, confirmed)


def issue(
    database: Database,
    *tickets: str,
    forms: Sequence[str] = (),
    minutes: float = 0,
    stamped_by: str = "",
    again: str = "",
) -> tuple[Entry[Certificate], ...]:
    """Issue to these on the next forms, or on those that are named."""
    cases = [case(each) for each in tickets or ("T001",)]
    chosen = tuple(forms) or certificates.forms_from(database, "GD0001", len(cases))
    return certificates.issue(
        desk(database, minutes), BATCH, cases, chosen, RULES, stamped_by=stamped_by, again=again
    )


def held(ticket: str = "T001") -> Case:
    """A case that the gate holds back: footage is wanting."""
    return case(ticket, verdict=Verdict.FAIL)


def without_marks(of: Case) -> Case:
    return replace(of, known=replace(of.known, scores=()))
