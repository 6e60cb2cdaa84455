"""What people decide at the gate: exits from what footage lacks, each by two people, and certificates by an officer.

1. A gap in a candidate's footage holds them back (待核) until one of the lawful exits is taken: footage brought in
   later, by its hash and where it comes from; another camera that shows what is lacking, which is looked up here; or
   a decision of the city centre in writing, by its number, to accept the exam or to repeat it.
2. Whoever takes an exit says why, and somebody else confirms it; both under their own accounts.
3. An officer then decides what the gate proposes, or to withhold what it proposes, with a reason. Nothing that the
   gate holds back or refuses can be issued.

All of it stays on record beside what was proposed then. Not here: the gate (``domain.gate``) and certificates
themselves (``records.certificates``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.facts import SittingFacts
from analysis.stays import shows
from config import rule_pack
from config.rule_pack import RulePack
from domain.gate import EXITS, ISSUE_DECISIONS, Case, Exit, ExitKind, IssueDecision, Proposal, TakenExit
from domain.law import Verdict
from domain.people import Actor, Door
from domain.register import Draft, Entry
from records.candidacies import BatchRecord, Facts, Packs, cases, facts_of, lacking, record_of
from records.errors import CaseRefused, NoReason
from records.roll import Desk
from storage.database import Database

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEFT_BY = frozenset({Verdict.FAIL, Verdict.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Gate:
    """A batch at the gate: who decides, its record, the facts of its footage, and the rules."""

    desk: Desk
    record: BatchRecord
    facts: Facts
    rules: RulePack

    def case(self, ticket: str) -> Case:
        """Raises CaseRefused where the batch has no such candidate."""
        found = next((each for each in cases(self.record, self.facts, self.rules) if each.ticket == ticket), None)
        if found is None:
            raise CaseRefused(f"batch {self.record.batch} has no candidate {ticket} 名册中没有该准考证号")
        return found


def at_gate(
    database: Database,
    batch: str,
    rules: RulePack,
    actor: Actor,
    now: datetime,
    *,
    packs: Packs = rule_pack.load,
) -> Gate:
    """The gate as it stands now. Raises UnknownBatch, DatabaseUnavailable, RulePackRefused."""
    record = record_of(database, batch, now, packs=packs)
    return Gate(Desk(database, actor, now), record, facts_of(database, record, rules, now), rules)


@dataclass(frozen=True, slots=True)
class WayOut:
    """An exit as somebody wants to take it. ``evidence``: of footage brought in, its SHA-256; of another view, the
    camera's id; of a decision, the number of the document. ``origin`` says where footage comes from.
    """

    kind: ExitKind
    subject: str
    place: str
    evidence: str
    origin: str = ""


def take_exit(gate: Gate, ticket: str, way: WayOut, reason: str) -> Entry[TakenExit]:
    """Take an exit for one place of a candidate, to be confirmed by somebody else.

    Raises CaseRefused where there is nothing to leave by it, or the evidence does not show it; NoReason.
    """
    desk = gate.desk
    _account(desk.actor)
    case, batch = gate.case(ticket), gate.record.batch
    seen = next((each for each in case.known.footage if (each.subject, each.place) == (way.subject, way.place)), None)
    if seen is None:
        raise CaseRefused(f"{ticket} was not examined in {way.subject} at {way.place} 该考生没有此科目、工位的考核")
    if seen.verdict not in _LEFT_BY:
        raise CaseRefused(
            f"the footage of {way.place} is {seen.verdict.value}, and nothing is held back by it 该处录像无须另行认定"
        )
    if not reason.strip():
        raise NoReason("say why 请说明理由")
    evidence = _evidence(gate, ticket, way)
    number = sum(each.thing.ticket == ticket for each in gate.record.exits) + 1
    taken = Exit(way.kind, way.subject, way.place, desk.actor, None, desk.now, reason.strip(), evidence)
    draft = Draft(
        EXITS,
        f"{batch}/{ticket}/{number}",
        TakenExit(batch, ticket, taken),
        batch,
        gate.record.grounds.batch.site,
        _mark(gate, ticket),
        after=0,
    )
    (entry,) = desk.database.register.enter("take_exit", batch, [draft], desk.actor, desk.now)
    return entry


def confirm_exit(desk: Desk, batch: str, ticket: str, number: int) -> Entry[TakenExit]:
    """Confirm an exit that somebody else took; again changes nothing. Raises CaseRefused, RevisedMeanwhile."""
    _account(desk.actor)
    entry = desk.database.register.find(EXITS, f"{batch}/{ticket}/{number}")
    if entry is None:
        raise CaseRefused(f"{ticket} has no exit {number} in batch {batch} 没有这条认定")
    taken = entry.thing.exit
    if taken.second is not None:
        return entry
    if taken.by.name == desk.actor.name:
        raise CaseRefused("who took an exit cannot confirm it; let a second person do so 须由另一人复核")
    confirmed = replace(entry.thing, exit=replace(taken, second=desk.actor, at=desk.now))
    draft = Draft(EXITS, entry.key, confirmed, entry.batch, entry.site, entry.mark, after=entry.revision)
    (done,) = desk.database.register.enter("confirm_exit", batch, [draft], desk.actor, desk.now)
    return done


def decide(gate: Gate, ticket: str, *, issue: bool, reason: str = "") -> Entry[IssueDecision]:
    """Decide on a candidate's certificate; the same decision again changes nothing.

    Raises CaseRefused for what the gate holds back, or to issue what it refuses; NoReason for withholding what it
    proposes, and for another decision than the one before.
    """
    case, batch, desk = gate.case(ticket), gate.record.batch, gate.desk
    proposed = case.proposed.proposal
    if proposed is Proposal.HOLD or (issue and proposed is not Proposal.ISSUE):
        why = case.proposed.reasons[0]
        raise CaseRefused(f"{ticket} is {proposed.zh} {proposed.en}: {why.zh} {why.en}")
    before = desk.database.register.find(ISSUE_DECISIONS, f"{batch}/{ticket}")
    if before is not None and (before.thing.issue, before.thing.proposed) == (issue, proposed):
        return before
    against = not issue and proposed is Proposal.ISSUE
    if (against or (before is not None and before.thing.issue != issue)) and not reason.strip():
        raise NoReason(f"say why {ticket} is decided on otherwise than proposed, or than before 请说明理由")
    decision = IssueDecision(batch, ticket, issue, proposed, desk.now, desk.actor.name, reason.strip())
    draft = Draft(
        ISSUE_DECISIONS,
        f"{batch}/{ticket}",
        decision,
        batch,
        gate.record.grounds.batch.site,
        _mark(gate, ticket),
        after=0 if before is None else before.revision,
    )
    (entry,) = desk.database.register.enter(
        "decide_certificate", batch, [draft], desk.actor, desk.now, reason=reason.strip()
    )
    return entry


def _mark(gate: Gate, ticket: str) -> str:
    """The mark that a candidate's entries are found by."""
    return gate.record.candidates[ticket].mark


def _evidence(gate: Gate, ticket: str, way: WayOut) -> tuple[str, ...]:
    """What an exit rests on, looked up as far as it can be. Raises CaseRefused."""
    said = way.evidence.strip()
    match way.kind:
        case ExitKind.BACKFILLED:
            if not _SHA256.fullmatch(said) or not way.origin.strip():
                raise CaseRefused(
                    "name the footage by its SHA-256, 64 small hex digits, and say where it comes from "
                    "请填写补录文件的 SHA-256 及来源"
                )
            return f"sha256:{said}", f"from:{way.origin.strip()}"
        case ExitKind.OTHER_VIEW:
            lacks = lacking(gate.record, gate.facts, ticket, (way.subject, way.place), gate.rules)
            known = _facts_of(gate, way.place)
            if known is None or not shows(known, said, lacks):
                raise CaseRefused(
                    f"camera {said} has no usable footage of all that {way.place} lacks "
                    "该摄像机在缺失时段没有可用录像"
                )
            return (f"camera:{said}",)
    if not said:
        raise CaseRefused("name the centre's decision by its number 请填写市中心书面决定的文号")
    return (f"document:{said}",)


def _facts_of(gate: Gate, place: str) -> SittingFacts | None:
    """Of the sitting that a place names."""
    _, number, _ = place.removeprefix(gate.record.batch).split("/", 2)
    return gate.facts.get(int(number))


def _account(actor: Actor) -> None:
    """Raises CaseRefused for whoever does not act under an account of their own."""
    if actor.door is not Door.API or not actor.name.startswith("account:") or actor.on_behalf_of is not None:
        raise CaseRefused(f"{actor.name} can take no exit: it is taken under one's own account 须以本人账户操作")
