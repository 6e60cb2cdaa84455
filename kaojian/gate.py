"""How a batch stands, for the command line: its clauses, and its candidates at the gate. No rules of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

from rich.table import Table

from config import rule_pack
from config.settings import Settings
from dashboard.papers.standing import to_json as standing_json
from domain.calendar import working_days_taken
from domain.clauses import CLAUSES
from domain.gate import Case
from records import holidays
from records.clauses import BatchStanding, Grounds
from storage.database import Database
from storage.errors import UnknownBatch

_TITLES = {clause.id: clause for clause in CLAUSES}


def grounds_of(settings: Settings, database: Database, batch: str) -> Grounds:
    """What a batch is judged by: its pack, and the days that people work. Raises UnknownBatch, ConfigError."""
    known = database.setup.batch(batch)
    if known is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    table = holidays.table(settings.holidays_file)
    packs = partial(rule_pack.load, folder=settings.rule_packs_dir)
    return Grounds(packs(known.rule_pack), partial(working_days_taken, table=table), packs=packs)


def to_json(standing: BatchStanding, part: str) -> dict[str, Any]:
    """For programs: batch, instant, and ``clauses`` or ``cases``."""
    whole = standing_json(standing)
    return {name: whole[name] for name in ("batch", "made", part)}


def clauses_table(standing: BatchStanding) -> Table:
    """One line for each clause, in the order of the notice."""
    table = Table(title=f"批次 batch {standing.batch}")
    for title in ("条款 clause", "内容", "about", "判定 verdict", "说明", "says"):
        table.add_column(title, overflow="fold")
    for each in standing.clauses:
        finding, clause = each.finding, _TITLES[each.finding.id]
        verdict = f"{finding.verdict.zh} {finding.verdict}"
        table.add_row(finding.id, clause.zh, clause.en, verdict, finding.zh, finding.en)
    return table


def cases_table(standing: BatchStanding) -> Table:
    """One line for each candidate, by ticket."""
    table = Table(title=f"批次 batch {standing.batch}")
    for title in ("准考证号 ticket", "系统建议 proposal", "理由", "reasons"):
        table.add_column(title, overflow="fold")
    for each in standing.cases:
        proposal = each.proposed.proposal
        table.add_row(each.ticket, f"{proposal.zh} {proposal.en}", *_reasons(each))
    return table


def _reasons(case: Case) -> tuple[str, str]:
    reasons = case.proposed.reasons
    return "\n".join(each.zh for each in reasons), "\n".join(each.en for each in reasons)
