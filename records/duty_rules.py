"""Who did what to a batch: clause 二, by which the city centre dispatches, reviews and issues, and the site runs.

What is entered over the page or by a program is let in by the table of roles only, so that a finding here means that
somebody went past it. What was entered at the host's command line has no role; it is counted and told. Not here: the
table (``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.certificates import CERTIFICATES
from domain.dossier import SCANS
from domain.gate import EXITS, ISSUE_DECISIONS
from domain.law import Finding, Ruled, Verdict
from domain.people import Door, Role
from domain.register import Entry, Kind
from domain.roll import DECISIONS, FEEDBACKS, SIGN_INS, SUBMISSIONS
from domain.scores import CandidateScore
from records.panels import ATTENDANCES, DISPATCHES
from records.scores import SCORES
from storage.database import Database

_CITY = frozenset({Role.CITY_OFFICER})
_SITE = frozenset({Role.SITE_OPERATOR})
DUTIES: Mapping[Kind[Any], frozenset[Role]] = {
    DISPATCHES: _CITY,
    DECISIONS: _CITY,
    FEEDBACKS: _CITY,
    ISSUE_DECISIONS: _CITY,
    EXITS: _CITY | {Role.CITY_SUPERVISOR},
    SUBMISSIONS: _SITE,
    SIGN_INS: _SITE,
    ATTENDANCES: _SITE,
    SCORES: frozenset({Role.EXAMINER, Role.SCORING_SYSTEM}),
    CERTIFICATES: _CITY,
    SCANS: _SITE,
}
"""Whose duty it is to enter each sort of record."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry with the role of the account that made it, None for an account that is not known; ``local``: it was
    made at the command line, or by the service itself; ``transcribed``: it is a mark that was typed off paper.
    """

    entry: str
    duty: frozenset[Role]
    role: Role | None
    local: bool = False
    on_behalf: bool = False
    transcribed: bool = False


def deeds_of(database: Database, batch: str) -> tuple[Deed, ...]:
    """Every revision of a batch's records for which somebody has the duty. Raises DatabaseUnavailable."""
    return tuple(
        _deed(database, entry, duty)
        for kind, duty in DUTIES.items()
        for entry in database.register.revisions(kind, batch=batch)
    )


def _deed(database: Database, entry: Entry[Any], duty: frozenset[Role]) -> Deed:
    actor = entry.actor
    on_behalf = actor.on_behalf_of is not None
    transcribed = isinstance(entry.value, CandidateScore) and entry.value.score.transcribed
    if actor.door is not Door.API:
        return Deed(entry.name, duty, None, local=True, on_behalf=on_behalf, transcribed=transcribed)
    found = database.accounts.find(actor.name.removeprefix("account:"))
    role = None if found is None else found[0].role
    return Deed(entry.name, duty, role, on_behalf=on_behalf, transcribed=transcribed)


def by_duty(deeds: tuple[Deed, ...]) -> Ruled:
    """C2-1: each record was entered by a role whose duty it is (clause 二)."""
    names = tuple(each.entry for each in deeds)
    if not deeds:
        return _ruled(Verdict.UNKNOWN, "没有可查的登记", "nothing is on record", names)
    known = [each for each in deeds if not each.local]
    beyond = [each for each in known if each.role is not None and each.role not in each.duty]
    if beyond:
        told = "、".join(f"{each.entry}（{each.role.zh}）" for each in beyond[:3] if each.role is not None)
        first = ", ".join(f"{each.entry} by a {each.role.value}" for each in beyond[:3] if each.role is not None)
        return _ruled(
            Verdict.FAIL, f"越权操作{len(beyond)}项：{told}", f"{len(beyond)} outside their role: {first}", names
        )
    if any(each.role is None for each in known):
        return _ruled(Verdict.UNKNOWN, "有登记的账户查不到", "an account that entered something is not known", names)
    here, delegated = sum(each.local for each in deeds), sum(each.on_behalf for each in deeds)
    zh = f"{len(known)}项登记均由有职责的账户录入"
    en = f"all {len(known)} entries over the page were made by accounts with that duty"
    if here:
        zh, en = f"{zh}；{here}项在主机命令行录入，无角色", f"{en}; {here} at the host's command line, without a role"
    if delegated:
        zh, en = f"{zh}；其中{delegated}项代他人录入", f"{en}; {delegated} of them for somebody else"
    if typed := len({each.entry.rpartition("@")[0] for each in deeds if each.transcribed}):
        zh = f"{zh}；其中成绩{typed}项录自纸质评分表"
        en = f"{en}; {typed} of them marks transcribed from paper score sheets"
    return _ruled(Verdict.PASS, zh, en, names)


def _ruled(verdict: Verdict, zh: str, en: str, names: tuple[str, ...]) -> Ruled:
    return Ruled(Finding("C2-1", verdict, zh, en), names)
