"""Every clause of the notice for one batch: one list over footage and records, each with what it rests on.

1. What is on record of the batch is read once for each part, and the facts of its sittings' footage once.
2. Each part judges its clauses by its own pure rules; what one part knows and another needs is handed over: how many
   candidates there are, who examines, what cases stand at the gate.
3. The list is in the order of the notice, each clause once. What nobody can know yet is outstanding until the batch's
   last sitting is over, and unknown from then on.

Not here: the rules themselves (``analysis.judge``, ``records.*_rules``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from analysis.eye import EYE, Eye
from analysis.facts import SittingFacts
from analysis.judge import findings as footage_findings
from config import rule_pack
from config.rule_pack import RulePack
from domain.calendar import local_day
from domain.clauses import in_order, together, while_it_lasts
from domain.gate import Case
from domain.law import Finding, Ruled, Verdict
from domain.places import Sitting
from domain.register import Entry
from domain.roll import SEATS, SIGN_INS
from domain.scores import CandidateScore
from domain.shares import Compared
from records import (
    candidacies,
    certificate_rules,
    day_rules,
    dossier_rules,
    duty_rules,
    grounds_rules,
    issue_rules,
    panel_rules,
    pass_shares,
    roll_rules,
    score_rules,
    supervision_rules,
)
from records.candidacies import BatchRecord
from records.headcount import at_once, by_room
from records.panels import panel_facts
from records.roll_rules import WorkingDays
from records.scores import SCORES
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the rules of a batch are judged by beside its records: the pack, how working days are counted, and what
    looks at pictures, None where nothing does. ``packs`` loads those of batches that subjects are kept from.
    """

    rules: RulePack
    working_days: WorkingDays
    eye: Eye | None = EYE
    packs: Callable[[str], RulePack] = rule_pack.load


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """How a batch stands at ``made``: its clauses in the order of the notice, and its candidates at the gate.

    ``sittings`` are the findings on the footage of each sitting, which those of the batch are made of.
    """

    batch: str
    made: datetime
    clauses: tuple[Ruled, ...]
    cases: tuple[Case, ...]
    sittings: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict)


def standing_of(database: Database, batch: str, now: datetime, grounds: Grounds) -> BatchStanding:
    """How a batch stands. Raises UnknownBatch, DatabaseUnavailable; UnknownSitting for a batch without any."""
    rules = grounds.rules
    record = candidacies.record_of(database, batch, now, packs=grounds.packs, eye=grounds.eye)
    facts = candidacies.facts_of(database, record, rules, now, eye=grounds.eye)
    cases = candidacies.cases(record, facts, rules)
    footage = {number: footage_findings(known, rules) for number, known in facts.items()}
    certificates = certificate_rules.facts_of(database, batch, now)
    issued = [each.thing.ticket for each in certificates.certificates if each.thing.stands]
    over = all(each.closed is not None or each.end <= now for each in record.sittings.values())
    found = [
        *_of_grounds(database, record, rules),
        *roll_rules.findings(record.roll, rules, grounds.working_days),
        *_of_footage(footage),
        *day_rules.findings(day_rules.facts_of(database, batch, now), rules),
        *panel_rules.rule_panels(panel_facts(database, batch, now, _rooms(record)), rules),
        *_of_scores(record, facts, rules, over=over),
        *_of_supervision(database, record, now, rules),
        duty_rules.by_duty(duty_rules.deeds_of(database, batch)),
        *certificate_rules.findings(certificates, rules, {case.ticket: case for case in cases}),
        *dossier_rules.findings(dossier_rules.facts_of(database, batch, now), rules),
        issue_rules.on_evidence(cases, issued, over=over),
        issue_rules.unaltered(
            _histories(database, batch),
            _without_marks(record, over=over),
            _remarks(record, cases, pass_shares.compared_in(database, record, rules, now)),
        ),
    ]
    return BatchStanding(batch, now, in_order(found), cases, footage)


def _of_grounds(database: Database, record: BatchRecord, rules: RulePack) -> tuple[Ruled, ...]:
    planned = record.roll.plan
    counts = {
        (sitting.batch.id, sitting.plan.number): count
        for sitting in (*record.grounds.sittings, *record.grounds.beside)
        if (count := _count(database, record, sitting)) is not None
    }
    day = None if planned is None else local_day(planned.thing.at)
    return grounds_rules.findings(replace(record.grounds, candidates=counts, planned_on=day), rules)


def _count(database: Database, record: BatchRecord, sitting: Sitting) -> int | None:
    """Of other batches at the site too, whose sittings may lie at the same time."""
    batch = sitting.batch.id
    if batch == record.batch:
        return at_once(sitting, record.roll.seats, record.roll.sign_ins)
    register = database.register
    return at_once(sitting, register.standing(SEATS, batch=batch), register.standing(SIGN_INS, batch=batch))


def _rooms(record: BatchRecord) -> dict[int, dict[str, int]]:
    roll = record.roll
    found = {number: by_room(each, roll.seats, roll.sign_ins) for number, each in record.sittings.items()}
    return {number: rooms for number, rooms in found.items() if rooms is not None}


def _of_footage(footage: Mapping[int, Sequence[Finding]]) -> Iterator[Ruled]:
    """C6.2-2 to C6.2-5 of all sittings together, each resting on the report of its sitting."""
    ids = dict.fromkeys(each.id for found in footage.values() for each in found)
    for id_ in ids:
        of_it = [
            (f"第{number}场", f"Sitting {number}", each)
            for number, found in sorted(footage.items())
            for each in found
            if each.id == id_
        ]
        whole = of_it[0][2] if len(of_it) == 1 else together(id_, of_it)
        yield Ruled(whole, tuple(f"report/{number}" for number in sorted(footage)))


def _of_scores(
    record: BatchRecord, facts: Mapping[int, SittingFacts], rules: RulePack, *, over: bool
) -> Iterable[Ruled]:
    found = score_rules.rule_scores(candidacies.marks_of(record, facts, rules), rules)
    return found if over else map(while_it_lasts, found)


def _histories(database: Database, batch: str) -> list[list[Entry[CandidateScore]]]:
    """All revisions of each mark."""
    found: dict[str, list[Entry[CandidateScore]]] = {}
    for entry in database.register.revisions(SCORES, batch=batch):
        found.setdefault(entry.key, []).append(entry)
    return list(found.values())


def _remarks(record: BatchRecord, cases: Sequence[Case], shares: Compared | None) -> Iterator[issue_rules.Remark]:
    """What is to be said of all marks of a batch together."""
    yield from issue_rules.of_totals(cases, {} if record.norm is None else record.norm.thing.weights)
    yield from issue_rules.of_shares(shares)


def _without_marks(record: BatchRecord, *, over: bool) -> Verdict:
    """What it means that nobody has a mark. Where everybody was absent there is none to come."""
    signed = [each.thing for each in record.roll.sign_ins]
    if not over:
        return Verdict.PENDING
    return Verdict.NOT_APPLICABLE if signed and not any(each.present for each in signed) else Verdict.UNKNOWN


def _of_supervision(database: Database, record: BatchRecord, now: datetime, rules: RulePack) -> tuple[Ruled, ...]:
    members = (member for order in record.dispatches.values() for member in order.thing.members)
    sent = frozenset(member.examiner for member in members) if record.dispatches else None
    return supervision_rules.findings(supervision_rules.facts_of(database, record.batch, now, sent), rules)
