"""A batch by the notice: its clauses, its candidates at the gate, and what two people and an officer make of them.

Thin over ``records.clauses`` and ``records.deciding``. Candidates are called by their admission tickets. Not here:
certificates themselves.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Response
from pydantic import Field

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.printed import Lang, PdfResponse
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.shapes import Instant, Shape
from dashboard.papers.printing import as_pdf
from dashboard.papers.standing import compose
from dashboard.papers.words import Language
from domain.clauses import CLAUSES
from domain.gate import ISSUE_DECISIONS, Case, ExitKind, IssueDecision, Proposal, TakenExit
from domain.law import Ruled, Verdict
from domain.register import Entry
from records import deciding
from records.candidacies import exits_of
from records.clauses import BatchStanding, Grounds, standing_of
from records.deciding import Gate, WayOut
from records.roll import Desk
from storage.errors import UnknownBatch

router = APIRouter(prefix="/batches/{batch}", tags=["cases"], responses=RESPONSES)

_TITLES = {clause.id: clause for clause in CLAUSES}

Candidate = Annotated[str, Field(pattern=r"^\w[\w.-]{0,39}$", description="准考证号", examples=["00017"])]
Line = Annotated[str, Field(max_length=200, pattern=ONE_LINE)]
Why = Annotated[str, Field(max_length=500, pattern=ONE_LINE)]


class BatchClauseShape(Shape):
    """One clause: where it stands in the notice, what it is judged to be and why. ``rests_on`` names entries of the
    register, and reports of sittings as ``report/1``.
    """

    id: str
    part: str
    title_zh: str
    title_en: str
    verdict: Verdict
    zh: str
    en: str
    rests_on: tuple[str, ...]


class SittingClauseShape(Shape):
    """One clause of a sitting's own report."""

    id: str
    verdict: Verdict
    zh: str
    en: str


class SittingClausesShape(Shape):
    """What the footage of one sitting says; the batch's findings of these clauses are made of it."""

    sitting: int
    clauses: tuple[SittingClauseShape, ...]


class ClausesShape(Shape):
    """Every clause of the notice that is judged, in its order, as things stand at ``made``."""

    batch: str
    made: Instant
    clauses: tuple[BatchClauseShape, ...]
    sittings: tuple[SittingClausesShape, ...]


class ReasonShape(Shape):
    """One reason, and what it makes of the proposal: ``issue`` for what is only noted."""

    code: str
    proposal: Proposal
    zh: str
    en: str


class FootageShape(Shape):
    """What the footage of a candidate's station says of their own time there, in one subject."""

    subject: str
    place: str
    verdict: Verdict
    zh: str
    en: str


class ExitShape(Shape):
    """An exit that somebody took. ``second`` is null while nobody else confirmed it."""

    number: int
    kind: ExitKind
    subject: str
    place: str
    by: str
    second: str | None
    at: Instant
    reason: str
    evidence: tuple[str, ...]


class IssueDecisionShape(Shape):
    """What an officer decided, and what was proposed to them then."""

    issue: bool
    proposed: Proposal
    at: Instant
    by: str
    reason: str


class CaseShape(Shape):
    """One candidate at the gate."""

    candidate: str
    proposal: Proposal
    reasons: tuple[ReasonShape, ...]
    footage: tuple[FootageShape, ...]
    exits: tuple[ExitShape, ...]
    decision: IssueDecisionShape | None
    rests_on: tuple[str, ...]


class CasesShape(Shape):
    """All candidates of a batch at the gate, by ticket."""

    batch: str
    made: Instant
    cases: tuple[CaseShape, ...]


class DecisionBody(Shape):
    """Whether a certificate is made; why, where that is not what was proposed."""

    candidate: Candidate
    issue: bool
    reason: Why = ""


class ExitBody(Shape):
    """An exit from what the footage of a place lacks. ``evidence``: of footage brought in later its SHA-256, of
    another view the camera, of a decision its number; ``origin``: where that footage comes from.
    """

    candidate: Candidate
    kind: ExitKind
    subject: Line
    place: Line
    evidence: Line
    origin: Line = ""
    reason: Why


class ExitConfirmationBody(Shape):
    """Which exit is confirmed."""

    candidate: Candidate
    number: Annotated[int, Field(ge=1, le=9999)]


@router.get("/clauses")
def clauses(response: Response, backed: Backed, batch: BatchId) -> ClausesShape:
    """Every clause for a batch, with what it rests on."""
    response.headers.update(NO_STORE)
    found = _standing(backed, batch)
    return ClausesShape(
        batch=batch,
        made=found.made,
        clauses=tuple(clause_of(each) for each in found.clauses),
        sittings=tuple(
            SittingClausesShape(
                sitting=number,
                clauses=tuple(
                    SittingClauseShape(id=each.id, verdict=each.verdict, zh=each.zh, en=each.en) for each in told
                ),
            )
            for number, told in sorted(found.sittings.items())
        ),
    )


@router.get("/clauses.pdf", response_class=PdfResponse)
def clauses_file(backed: Backed, batch: BatchId, lang: Lang = Language.ZH) -> Response:
    """The same with the candidates at the gate, as a file to take along: PDF/A-2b."""
    paper = compose(_standing(backed, batch), tuple(backed.database.setup.sittings(batch)), lang)
    named = {"Content-Disposition": f"inline; filename*=UTF-8''{quote(paper.number, safe='')}.pdf", **NO_STORE}
    return PdfResponse(as_pdf(paper), headers=named)


@router.get("/cases")
def cases(response: Response, backed: Backed, batch: BatchId) -> CasesShape:
    """What is proposed for each candidate and why, the exits that were taken, and what was decided."""
    response.headers.update(NO_STORE)
    found = _standing(backed, batch)
    decisions = {each.thing.ticket: each for each in backed.database.register.standing(ISSUE_DECISIONS, batch=batch)}
    exits = exits_of(backed.database, batch)
    shapes = (_case(each, exits.get(each.ticket, ()), decisions.get(each.ticket)) for each in found.cases)
    return CasesShape(batch=batch, made=found.made, cases=tuple(shapes))


@router.post("/cases/decision", responses=CONFLICTS)
def decide_case(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: DecisionBody
) -> IssueDecisionShape:
    """Decide on a candidate's certificate. What the gate holds back cannot be decided on."""
    response.headers.update(NO_STORE)
    gate = _gate(backed, batch, viewer.account.name)
    return _decision(deciding.decide(gate, given.candidate, issue=given.issue, reason=given.reason))


@router.post("/cases/exits", responses=CONFLICTS)
def take_exit(*, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: ExitBody) -> ExitShape:
    """Take an exit from what a candidate's footage lacks; somebody else has to confirm it."""
    response.headers.update(NO_STORE)
    way = WayOut(given.kind, given.subject, given.place, given.evidence, given.origin)
    gate = _gate(backed, batch, viewer.account.name)
    return _exit(deciding.take_exit(gate, given.candidate, way, given.reason))


@router.post("/cases/exits/confirmation", responses=CONFLICTS)
def confirm_exit(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: ExitConfirmationBody
) -> ExitShape:
    """Confirm an exit that somebody else took. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    desk = Desk(backed.database, actor_of(viewer.account.name), backed.clock.now())
    return _exit(deciding.confirm_exit(desk, batch, given.candidate, given.number))


def _grounds(backed: Backing, batch: str) -> Grounds:
    known = backed.database.setup.batch(batch)
    if known is None:
        raise UnknownBatch(f"there is no batch {batch}")
    return Grounds(backed.rule_packs(known.rule_pack), backed.working_days, packs=backed.rule_packs)


def _standing(backed: Backing, batch: str) -> BatchStanding:
    return standing_of(backed.database, batch, backed.clock.now(), _grounds(backed, batch))


def _gate(backed: Backing, batch: str, account: str) -> Gate:
    rules, now = _grounds(backed, batch).rules, backed.clock.now()
    return deciding.at_gate(backed.database, batch, rules, actor_of(account), now, packs=backed.rule_packs)


def clause_of(ruled: Ruled) -> BatchClauseShape:
    """A finding with the title of its clause."""
    finding, clause = ruled.finding, _TITLES[ruled.finding.id]
    return BatchClauseShape(
        id=finding.id,
        part=clause.part,
        title_zh=clause.zh,
        title_en=clause.en,
        verdict=finding.verdict,
        zh=finding.zh,
        en=finding.en,
        rests_on=ruled.rests_on,
    )


def _case(case: Case, exits: tuple[Entry[TakenExit], ...], decision: Entry[IssueDecision] | None) -> CaseShape:
    return CaseShape(
        candidate=case.ticket,
        proposal=case.proposed.proposal,
        reasons=tuple(
            ReasonShape(code=each.code, proposal=each.proposal, zh=each.zh, en=each.en)
            for each in case.proposed.reasons
        ),
        footage=tuple(
            FootageShape(subject=each.subject, place=each.place, verdict=each.verdict, zh=each.zh, en=each.en)
            for each in case.known.footage
        ),
        exits=tuple(_exit(each) for each in exits),
        decision=None if decision is None else _decision(decision),
        rests_on=case.rests_on,
    )


def _exit(entry: Entry[TakenExit]) -> ExitShape:
    taken = entry.thing.exit
    return ExitShape(
        number=int(entry.key.rpartition("/")[2]),
        kind=taken.kind,
        subject=taken.subject,
        place=taken.place,
        by=taken.by.name,
        second=None if taken.second is None else taken.second.name,
        at=taken.at,
        reason=taken.reason,
        evidence=taken.evidence,
    )


def _decision(entry: Entry[IssueDecision]) -> IssueDecisionShape:
    made = entry.thing
    return IssueDecisionShape(issue=made.issue, proposed=made.proposed, at=made.at, by=made.by, reason=made.reason)
