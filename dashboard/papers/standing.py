"""How a batch stands, as a paper: every clause of the notice with what it rests on, every candidate at the gate.

What an auditor takes along: the same findings and proposals as the page of the batch shows, as of one instant, with
lines to sign on. Candidates are called by their admission tickets; no name stands on it. Not here: what is judged
(``records.clauses``), and what papers are printed with (``dashboard.papers.printing``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from pydantic_core import to_jsonable_python

from dashboard.papers.sheet import Block, Cell, Column, Facts, Grid, Heading, Paper, Remark, Signatures, Text
from dashboard.papers.words import Language
from dashboard.papers.words import verdict as verdict_word
from domain.calendar import SHANGHAI
from domain.clauses import CLAUSES
from domain.gate import Case, Proposal
from domain.law import Ruled, Verdict
from domain.places import Sitting
from domain.timeline import rfc3339
from records.clauses import BatchStanding

_MOST_NAMED = 6  # entries that a clause rests on; the page and the API name them all
_TITLES = {clause.id: clause for clause in CLAUSES}

_WORDS: dict[Language, dict[str, str]] = {
    Language.ZH: {
        "title": "批次逐条判定与制证建议",
        "subtitle": "专项职业能力考核",
        "batch": "批次",
        "project": "考核项目",
        "site": "定点考场",
        "county": "县(市、区)",
        "sittings": "场次",
        "rule_pack": "规则版本",
        "as_of": "截至",
        "clock": "北京时间",
        "summary": "结论",
        "clauses": "条款",
        "candidates": "考生与制证",
        "clause": "条款",
        "about": "内容",
        "verdict": "判定",
        "finding": "判定依据",
        "rests_on": "所依据的登记",
        "more": "等{n}项",
        "ticket": "准考证号",
        "proposal": "系统建议",
        "reasons": "理由",
        "footage": "所在工位录像",
        "none": "无",
        "nobody": "没有考生名册。",
        "code": "内容摘要",
        "note": "“不符合”“无法判定”“待办”均不算符合；系统建议不是制证决定。所依据的登记可按名称逐条调阅。",
        "signatures": "考核机构负责人,市级经办人,质量督导员,日期",
    },
    Language.EN: {
        "title": "Findings by Clause and Proposals for Certificates",
        "subtitle": "Specific occupational skill assessment",
        "batch": "Batch",
        "project": "Project",
        "site": "Exam site",
        "county": "County",
        "sittings": "Sittings",
        "rule_pack": "Rule pack",
        "as_of": "As of",
        "clock": "Beijing time",
        "summary": "In all",
        "clauses": "Clauses",
        "candidates": "Candidates and certificates",
        "clause": "Clause",
        "about": "About",
        "verdict": "Verdict",
        "finding": "Finding",
        "rests_on": "Entries it rests on",
        "more": "{n} in all",
        "ticket": "Ticket",
        "proposal": "Proposal",
        "reasons": "Reasons",
        "footage": "Footage of the station",
        "none": "None",
        "nobody": "There is no roster.",
        "code": "Digest",
        "note": "What fails, is unknown or pending is no pass; a proposal is no decision. The entries that a finding "
        "rests on can be looked up by these names.",
        "signatures": "Head of the institution,City officer,Supervisor,Date",
    },
}


def compose(standing: BatchStanding, sittings: tuple[Sitting, ...], language: Language = Language.ZH) -> Paper:
    """The paper. ``sittings`` are the batch's, one at least. Raises ValueError for a batch without any."""
    if not sittings:
        raise ValueError(f"batch {standing.batch} has no sitting to tell of")
    said = _WORDS[language]
    made = standing.made.astimezone(SHANGHAI)
    number = f"{standing.batch}-{made:%Y%m%d%H%M%S}"
    return Paper(
        language=language,
        title=said["title"],
        subtitle=said["subtitle"],
        number=number,
        made=standing.made,
        blocks=tuple(_blocks(standing, sittings, language)),
        code=f"{number} sha256:{digest(standing)}",
        code_label=said["code"],
    )


def to_json(standing: BatchStanding) -> dict[str, Any]:
    """All that the paper says, for programs: the same in either language."""
    return {
        "batch": standing.batch,
        "made": rfc3339(standing.made),
        "clauses": [
            {**to_jsonable_python(each.finding), "rests_on": list(each.rests_on)} for each in standing.clauses
        ],
        "cases": [
            {"ticket": each.ticket, **to_jsonable_python(each.proposed), "rests_on": list(each.rests_on)}
            for each in standing.cases
        ],
    }


def digest(standing: BatchStanding) -> str:
    """SHA-256 of ``to_json`` as JSON with sorted names and without white space."""
    return sha256(json.dumps(to_json(standing), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _blocks(standing: BatchStanding, sittings: tuple[Sitting, ...], language: Language) -> Iterator[Block]:
    said = _WORDS[language]
    yield _facts(standing, sittings, language)
    yield Remark(said["note"], small=True)
    yield Heading(said["clauses"])
    heads = (
        Column(said["clause"]),
        Column(said["verdict"]),
        Column(said["about"]),
        Column(said["finding"], wraps=True),
        Column(said["rests_on"], wraps=True),
    )
    yield Grid(heads, tuple(_clause(each, language) for each in standing.clauses), small=True)
    yield Heading(said["candidates"])
    if not standing.cases:
        yield Remark(said["nobody"])
        yield Signatures(tuple(said["signatures"].split(",")))
        return
    columns = (
        Column(said["ticket"]),
        Column(said["proposal"]),
        Column(said["reasons"], wraps=True),
        Column(said["footage"], wraps=True),
    )
    yield Grid(columns, tuple(_case(each, language) for each in standing.cases), small=True)
    yield Signatures(tuple(said["signatures"].split(",")))


def _facts(standing: BatchStanding, sittings: tuple[Sitting, ...], language: Language) -> Facts:
    said, last = _WORDS[language], sittings[-1]
    made = standing.made.astimezone(SHANGHAI)
    verdicts = Counter(each.finding.verdict for each in standing.clauses)
    proposals = Counter(each.proposed.proposal for each in standing.cases)
    told = [f"{verdict_word(each, language)} {verdicts[each]}" for each in Verdict if verdicts[each]]
    told += [f"{_proposal(each, language)} {proposals[each]}" for each in Proposal if proposals[each]]
    return Facts(
        (
            ((said["batch"], standing.batch), (said["project"], last.batch.project)),
            ((said["site"], last.site.name), (said["county"], last.site.county)),
            (
                (said["sittings"], Cell(tuple(_span(each) for each in sittings))),
                (said["rule_pack"], last.batch.rule_pack),
            ),
            ((said["as_of"], f"{made:%Y-%m-%d %H:%M:%S} {said['clock']}"),),
            ((said["summary"], ("，" if language is Language.ZH else ", ").join(told)),),
        )
    )


def _span(sitting: Sitting) -> str:
    start, end = sitting.start.astimezone(SHANGHAI), sitting.end.astimezone(SHANGHAI)
    return f"{sitting.plan.number}: {start:%Y-%m-%d %H:%M} – {end:%H:%M}"


def _clause(ruled: Ruled, language: Language) -> tuple[Text, ...]:
    finding, clause = ruled.finding, _TITLES[ruled.finding.id]
    zh = language is Language.ZH
    names = ruled.rests_on[:_MOST_NAMED]
    more = len(ruled.rests_on) > _MOST_NAMED
    last = (_WORDS[language]["more"].format(n=len(ruled.rests_on)),) if more else ()
    return (
        finding.id,
        Cell((), verdict=finding.verdict),
        clause.zh if zh else clause.en,
        finding.zh if zh else finding.en,
        Cell((*names, *last)),
    )


def _case(case: Case, language: Language) -> tuple[Text, ...]:
    zh = language is Language.ZH
    none = _WORDS[language]["none"]
    reasons = tuple(each.zh if zh else each.en for each in case.proposed.reasons) or (none,)
    footage = tuple(f"{each.place} {verdict_word(each.verdict, language)}" for each in case.known.footage) or (none,)
    return case.ticket, _proposal(case.proposed.proposal, language), Cell(reasons), Cell(footage)


def _proposal(proposal: Proposal, language: Language) -> str:
    return proposal.zh if language is Language.ZH else proposal.en
