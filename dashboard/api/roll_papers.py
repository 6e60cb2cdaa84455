"""Papers about a roll over the API: plan 考核计划, first review 初审, submission 上报, decisions 审核, feedback 反馈.

Thin over ``records.roll``. An institution does the first three, the centre the last two; candidates are called by
their tickets. Not here: rosters as files (``dashboard.api.roster``), and what these papers mean under clause 六(一)
(``dashboard.api.cases``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field
from starlette.status import HTTP_201_CREATED

from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId
from dashboard.api.day_shapes import At, EnteredShape, Text, Ticket
from dashboard.api.entering import Entering, said
from dashboard.api.guard import NO_STORE
from dashboard.api.problems import CONFLICTS
from dashboard.api.shapes import Instant, Shape, open_ended
from domain.register import Entry
from domain.roll import AssessmentPlan, Decision, Feedback, FirstReview, Listed, Submission
from records import roll as records
from records import roll_rules, roster

router = APIRouter(prefix="/batches/{batch}/roll", tags=["roll"], responses=CONFLICTS)

SubmissionNumber = Annotated[int, Path(ge=1, le=999, description="上报, from 1")]
Tickets = Annotated[tuple[Ticket, ...], Field(max_length=5000)]


class RollPlanShape(Shape):
    """考核计划: when the institution made it, and who says so."""

    at: Instant
    by: str


class FirstReviewShape(Shape):
    """初审: whose papers the institution found in order, by ticket."""

    at: Instant
    by: str
    passed: tuple[str, ...]


class RollDecisionShape(Shape):
    """审核结果 of one candidate of a submission, and why where the centre declined."""

    candidate: str
    accepted: bool
    at: Instant
    by: str
    reason: str


class RollFeedbackShape(Shape):
    """结果反馈: one notice to the institution. ``roster`` are those of ``covered`` whom the centre accepted."""

    number: int
    at: Instant
    by: str
    covered: tuple[str, ...]
    roster: tuple[str, ...]


class SubmissionShape(Shape):
    """上报 with what became of it."""

    number: int
    at: Instant
    by: str
    candidates: tuple[str, ...]
    decisions: tuple[RollDecisionShape, ...]
    feedbacks: tuple[RollFeedbackShape, ...]


class RollPapersShape(Shape):
    """The papers about a batch's roll. ``plan`` is null where none is on record; ``approved`` are the tickets of the
    approved roster 审核通过名册, of all that was told.
    """

    batch: str
    plan: RollPlanShape | None
    first_reviews: tuple[FirstReviewShape, ...]
    submissions: tuple[SubmissionShape, ...]
    approved: tuple[str, ...]


class WhenBody(Shape):
    """When it was done; now where it is left out."""

    model_config = ConfigDict(json_schema_extra=open_ended({"at": "2026-04-01T01:00:00.000Z"}))

    at: At | None = None


class ListedBody(Shape):
    """Of whom; without ``candidates``, of all who wait for it."""

    model_config = ConfigDict(json_schema_extra=open_ended({"candidates": ["00017", "00018"]}))

    candidates: Tickets = ()
    at: At | None = None


class DeclinedBody(Shape):
    """One candidate who is declined, and why; without names."""

    candidate: Ticket
    reason: Text


class DecisionsBody(Shape):
    """审核 of a submission: who is accepted and who is declined; with ``accept_rest``, all others of it too."""

    model_config = ConfigDict(
        json_schema_extra=open_ended(
            {"accept_rest": True, "declined": [{"candidate": "00018", "reason": "未达到法定劳动年龄"}]}
        )
    )

    accepted: Tickets = ()
    declined: Annotated[tuple[DeclinedBody, ...], Field(max_length=5000)] = ()
    accept_rest: bool = False
    at: At | None = None


class WithdrawalBody(Shape):
    """取消报名: who, and why; without names."""

    model_config = ConfigDict(json_schema_extra=open_ended({"candidate": "00017", "reason": "本人申请"}))

    candidate: Ticket
    reason: Text


@router.get("/papers")
def roll_papers(response: Response, backed: Backed, batch: BatchId) -> RollPapersShape:
    """Plan, first reviews, submissions with what was decided and told, and who is on the approved roster."""
    response.headers.update(NO_STORE)
    facts = roll_rules.facts_of(backed.database, batch, backed.clock.now())
    decisions, feedbacks = _things(facts.decisions), _things(facts.feedbacks)
    return RollPapersShape(
        batch=batch,
        plan=None if facts.plan is None else _plan(facts.plan.thing),
        first_reviews=tuple(_first_review(each) for each in _things(facts.first_reviews)),
        submissions=tuple(_submission(each, decisions, feedbacks) for _, each in facts.in_order),
        approved=tuple(sorted({one.ticket for each in feedbacks for one in each.roster})),
    )


@router.post("/plan", status_code=HTTP_201_CREATED)
def make_plan(*, response: Response, desk: Entering, batch: BatchId, given: WhenBody) -> EnteredShape:
    """制定考核计划. Entered again it corrects the time."""
    response.headers.update(NO_STORE)
    who = said(desk, given.at)
    records.make_plan(desk, batch, who)
    return EnteredShape(at=who.at)


@router.post("/first-reviews", status_code=HTTP_201_CREATED)
def review_first(*, response: Response, desk: Entering, batch: BatchId, given: ListedBody) -> FirstReviewShape:
    """初审: the institution found the papers of these candidates in order."""
    response.headers.update(NO_STORE)
    return _first_review(records.review_first(desk, batch, said(desk, given.at), given.candidates))


@router.post("/submissions", status_code=HTTP_201_CREATED)
def submit_candidates(*, response: Response, desk: Entering, batch: BatchId, given: ListedBody) -> SubmissionShape:
    """上报: the institution asks the centre to accept these candidates."""
    response.headers.update(NO_STORE)
    return _submission(records.submit(desk, batch, said(desk, given.at), given.candidates), (), ())


@router.post("/submissions/{submission}/decisions", status_code=HTTP_201_CREATED)
def decide_candidates(
    *, response: Response, desk: Entering, batch: BatchId, submission: SubmissionNumber, given: DecisionsBody
) -> tuple[RollDecisionShape, ...]:
    """审核: what the centre decided on candidates of a submission."""
    response.headers.update(NO_STORE)
    declined = {each.candidate: each.reason for each in given.declined}
    accepted = [*given.accepted]
    if given.accept_rest:
        accepted += [each for each in records.undecided(desk, batch, submission) if each not in declined]
    who = said(desk, given.at)
    done = records.decide(desk, batch, submission, who, accepted=accepted, declined=declined)
    return tuple(map(_decision, done))


@router.post("/submissions/{submission}/feedback", status_code=HTTP_201_CREATED)
def give_feedback(
    *, response: Response, desk: Entering, batch: BatchId, submission: SubmissionNumber, given: ListedBody
) -> RollFeedbackShape:
    """反馈: the centre told the institution the results of a submission, with the roster of those accepted."""
    response.headers.update(NO_STORE)
    return _feedback(records.give_feedback(desk, batch, submission, said(desk, given.at), given.candidates))


@router.post("/withdrawals", status_code=HTTP_201_CREATED)
def withdraw_candidate(*, response: Response, desk: Entering, batch: BatchId, given: WithdrawalBody) -> EnteredShape:
    """取消报名: a candidate is taken off the roll, with all seats; what was on record stays in the register."""
    response.headers.update(NO_STORE)
    roster.withdraw(desk.database, batch, given.candidate, reason=given.reason, actor=desk.actor, now=desk.now)
    return EnteredShape(at=desk.now)


def _things(entries: Iterable[Entry[Any]]) -> tuple[Any, ...]:
    return tuple(each.thing for each in entries)


def _tickets(listed: Iterable[Listed]) -> tuple[str, ...]:
    return tuple(each.ticket for each in listed)


def _plan(told: AssessmentPlan) -> RollPlanShape:
    return RollPlanShape(at=told.at, by=told.by)


def _first_review(told: FirstReview) -> FirstReviewShape:
    return FirstReviewShape(at=told.at, by=told.by, passed=_tickets(told.passed))


def _submission(told: Submission, decisions: Iterable[Decision], feedbacks: Iterable[Feedback]) -> SubmissionShape:
    number = told.number
    return SubmissionShape(
        number=number,
        at=told.at,
        by=told.by,
        candidates=_tickets(told.listed),
        decisions=tuple(_decision(each) for each in decisions if each.submission == number),
        feedbacks=tuple(_feedback(each) for each in feedbacks if each.submission == number),
    )


def _decision(told: Decision) -> RollDecisionShape:
    return RollDecisionShape(
        candidate=told.candidate.ticket, accepted=told.accepted, at=told.at, by=told.by, reason=told.reason
    )


def _feedback(told: Feedback) -> RollFeedbackShape:
    return RollFeedbackShape(
        number=told.number, at=told.at, by=told.by, covered=_tickets(told.covered), roster=_tickets(told.roster)
    )
