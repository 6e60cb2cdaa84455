"""What the notice says of certificates: clause 三 (no level), clause 七 (blank forms and the province's list) and
clause 八 (claims of subsidies): verdicts C3-1, C7-1, C7-2 and C8-1.

Facts are read once; rules are pure. What is not on record is unknown 无法判定, or still to be done 待办 where its
time has not run out, and never a pass. Certificates are named by number, candidates by ticket. Money is not judged:
the two documents of 2019 decide it, and here is said only whether a claim's certificate has its evidence. Not here:
the gate (``domain.gate``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from config.rule_pack import RulePack
from domain.calendar import local_day
from domain.certificates import (
    CERTIFICATES,
    CLAIMS,
    QUERIES,
    Answer,
    Certificate,
    Claim,
    Delivery,
    Form,
    Query,
    Serial,
)
from domain.gate import ISSUE_DECISIONS, Case, IssueDecision, Proposal
from domain.law import Finding, Ruled, Verdict, fold
from domain.register import Entry
from records.certificates import Ledger, ledger
from records.grounds_rules import without_level
from storage.database import Database
from storage.errors import UnknownBatch

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """All that the rules need of one batch, as it stands at ``now``. ``book`` has all forms, of other batches too."""

    batch: str
    now: datetime
    certificates: tuple[Entry[Certificate], ...] = ()
    decisions: tuple[Entry[IssueDecision], ...] = ()
    queries: tuple[Entry[Query], ...] = ()
    claims: tuple[Entry[Claim], ...] = ()
    book: Ledger = field(default_factory=lambda: Ledger((), (), None))


@dataclass(frozen=True, slots=True)
class _Said:
    """One thing that a rule found, with the entries that it rests on."""

    verdict: Verdict
    zh: str
    en: str
    on: tuple[Entry[Any], ...] = ()


def facts_of(database: Database, batch: str, now: datetime) -> CertificateFacts:
    """What is on record of a batch's certificates. Raises UnknownBatch, DatabaseUnavailable."""
    if database.setup.batch(batch) is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    register = database.register
    return CertificateFacts(
        batch=batch,
        now=now,
        certificates=tuple(register.standing(CERTIFICATES, batch=batch)),
        decisions=tuple(register.standing(ISSUE_DECISIONS, batch=batch)),
        queries=tuple(register.standing(QUERIES, batch=batch)),
        claims=tuple(register.standing(CLAIMS, batch=batch)),
        book=ledger(database),
    )


def findings(facts: CertificateFacts, rules: RulePack, cases: Mapping[str, Case] | None = None) -> tuple[Ruled, ...]:
    """C3-1, C7-1, C7-2 and C8-1, in this order. ``cases`` are those at the gate now, by ticket."""
    return (of_level(facts), of_forms(facts), of_province(facts, rules), of_claims(facts, cases or {}))


# --- C3-1 三 --------------------------------------------------------------------------------------------------------


def of_level(facts: CertificateFacts) -> Ruled:
    """C3-1 三: no certificate has a level, neither as it was issued nor as the province's platform shows it."""
    said = [each for entry in facts.certificates for each in _levels(entry, facts.queries)]
    return _ruled("C3-1", said or [_none_yet(facts)])


def _levels(entry: Entry[Certificate], queries: Iterable[Entry[Query]]) -> Iterator[_Said]:
    shown = [each for each in queries if each.key == entry.key and each.thing.level is not None]
    told: list[tuple[str | None, tuple[Entry[Any], ...]]] = [(entry.thing.level, (entry,))]
    for level, on in [*told, *((each.thing.level, (entry, each)) for each in shown)]:
        finding = without_level(level)
        if finding.verdict is Verdict.PASS:
            yield _Said(Verdict.PASS, finding.zh, finding.en, on)
        else:
            yield _Said(finding.verdict, f"{entry.key}：{finding.zh}", f"{entry.key}: {finding.en}", on)


# --- C7-1 七 --------------------------------------------------------------------------------------------------------


def of_forms(facts: CertificateFacts) -> Ruled:
    """C7-1 七: issued by the centre, on forms of the province, each used once and put under the stamp; and what was
    counted after the batch is what the book says is left.
    """
    if not facts.certificates:
        return _ruled("C7-1", [_none_yet(facts)])
    forms = {entry.key: entry for entry in facts.book.forms}
    said = [each for entry in facts.certificates for each in _of_form(facts, entry, forms.get(entry.thing.form))]
    return _ruled("C7-1", [*said, *_of_stock(facts)])


def _of_form(facts: CertificateFacts, entry: Entry[Certificate], form: Entry[Form] | None) -> Iterator[_Said]:
    value = entry.thing
    if not value.by_centre:
        yield _Said(Verdict.FAIL, f"{entry.key} 非市中心制证", f"{entry.key} was not issued by the centre", (entry,))
    if not _delivered(value.form, facts.book.deliveries):
        zh, en = (
            f"{entry.key} 的空白证书{value.form}未经省中心配发",
            f"form {value.form} of {entry.key} is in no delivery",
        )
        yield _Said(Verdict.FAIL, zh, en, (entry,))
    if form is None:
        zh, en = (
            f"{entry.key} 的空白证书{value.form}未登记使用",
            f"form {value.form} of {entry.key} is not in the book",
        )
        yield _Said(Verdict.UNKNOWN, zh, en, (entry,))
    elif form.thing.number != entry.key or form.thing.is_spoiled:
        zh, en = f"空白证书{value.form}不止用于{entry.key}", f"form {value.form} is not that of {entry.key} alone"
        yield _Said(Verdict.FAIL, zh, en, (entry, form))
    if value.imprint is None and value.stands:
        since = value.issued if form is None else form.thing.used
        zh, en = f"{entry.key} 未登记用印", f"no stamp is recorded on {entry.key}"
        yield _Said(_owed(since, facts.now), zh, en, (entry,))
    yield _Said(Verdict.PASS, "", "", (entry,) if form is None else (entry, form))


def _of_stock(facts: CertificateFacts) -> Iterator[_Said]:
    book, numbers = facts.book, {entry.key for entry in facts.certificates}
    last = max(
        (each.thing.used for each in book.forms if each.thing.number in numbers),
        default=max(each.thing.issued for each in facts.certificates),
    )
    if book.counted is not None:
        taken = book.counted.thing
        missing = book.left_at(taken.at) - taken.left
        more = -missing
        if missing > 0:
            yield _Said(
                Verdict.FAIL,
                f"空白证书差{missing}张",
                f"{missing} form{'s' if missing > 1 else ''} unaccounted",
                (book.counted,),
            )
        elif more > 0:
            yield _Said(Verdict.FAIL, f"空白证书多{more}张", f"{more} more than the book has", (book.counted,))
    if book.counted is None or book.counted.thing.at < last:
        zh, en = "制证后未盘点空白证书", "the blank forms were not counted after these were issued"
        yield _Said(_owed(last, facts.now), zh, en, () if book.counted is None else (book.counted,))
    else:
        zh = f"空白证书使用{len(book.forms)}张：核发{book.issued}、作废{book.spoiled}，结存{book.left}张，用印已登记"
        en = f"{len(book.forms)} forms used, {book.issued} issued, {book.spoiled} spoiled; {book.left} left; stamped"
        yield _Said(Verdict.PASS, zh, en, (book.counted, *book.deliveries))


def _delivered(form: str, deliveries: Iterable[Entry[Delivery]]) -> bool:
    try:
        serial = Serial.read(form)
    except ValueError:
        return False
    return any(entry.thing.holds(serial) for entry in deliveries)


def _owed(since: datetime, now: datetime) -> Verdict:
    """What is to be done on the day itself is outstanding on that day, and missing afterwards."""
    return Verdict.PENDING if local_day(now) <= local_day(since) else Verdict.UNKNOWN


# --- C7-2 七 --------------------------------------------------------------------------------------------------------


def of_province(facts: CertificateFacts, rules: RulePack) -> Ruled:
    """C7-2 七: the province's platform has each number. It takes its time: until ``query_days`` have passed, a number
    that is not found, or was not looked for, is outstanding. Only an answer of a later day says that it is not there.
    """
    found = {each.key: each for each in facts.queries}
    standing = [entry for entry in facts.certificates if entry.thing.stands]
    said = [_of_number(entry, found.get(entry.key), facts.now, rules.query_days) for entry in standing]
    if not said and facts.certificates:
        said = [_Said(Verdict.NOT_APPLICABLE, "证书均已撤销", "all certificates were revoked", facts.certificates)]
    return _ruled("C7-2", said or [_none_yet(facts)])


def _of_number(entry: Entry[Certificate], query: Entry[Query] | None, now: datetime, days: int) -> _Said:
    due = local_day(entry.thing.issued) + timedelta(days=days)
    is_early = local_day(now) <= due
    if query is None:
        zh, en = f"{entry.key} 尚无省平台查询结果", f"{entry.key} was not looked up at the province's"
        return _Said(Verdict.PENDING if is_early else Verdict.UNKNOWN, zh, en, (entry,))
    asked, on = query.thing.asked, (entry, query)
    match query.thing.answer:
        case Answer.FOUND:
            return _Said(Verdict.PASS, "省平台均可查到", "all numbers are in the provincial list", on)
        case Answer.DIFFERS:
            told = f"（{query.thing.note}）" if query.thing.note else ""
            zh, en = f"{entry.key} 省平台信息不符{told}", f"{entry.key}: the provincial list says otherwise"
            return _Said(Verdict.FAIL, zh, en, on)
    if asked > due:
        zh, en = f"{entry.key} 省平台未查到（{asked}）", f"{entry.key} not in provincial list on {asked}"
        return _Said(Verdict.FAIL, zh, en, on)
    zh, en = f"{entry.key} {asked}省平台未查到，须再查", f"{entry.key} not in provincial list on {asked}: ask again"
    return _Said(Verdict.PENDING if is_early else Verdict.UNKNOWN, zh, en, on)


# --- C8-1 八 --------------------------------------------------------------------------------------------------------


def of_claims(facts: CertificateFacts, cases: Mapping[str, Case]) -> Ruled:
    """C8-1 八: each claim names a certificate that stands and that the gate proposes to this day. Several claims for
    one certificate are noted.
    """
    if not facts.claims:
        zh, en = "没有登记的补贴申领", "no claim of a subsidy is on record"
        return _ruled("C8-1", [_Said(Verdict.NOT_APPLICABLE, zh, en)])
    ours = {entry.key: entry for entry in facts.certificates}
    said = [_of_claim(entry, ours.get(entry.thing.number), cases) for entry in facts.claims]
    for number, count in Counter(entry.thing.number for entry in facts.claims).items():
        if count > 1:
            on = tuple(entry for entry in facts.claims if entry.thing.number == number)
            said.append(_Said(Verdict.WARN, f"{number} 申领{count}次", f"{number} was claimed {count} times", on))
    return _ruled("C8-1", said)


def _of_claim(entry: Entry[Claim], certificate: Entry[Certificate] | None, cases: Mapping[str, Case]) -> _Said:
    claim = entry.thing
    if certificate is None:
        return _lacking(claim, "没有此编号的证书", "no certificate has that number", (entry,))
    on, value = (entry, certificate), certificate.thing
    if not value.stands:
        return _lacking(claim, "证书已撤销", "the certificate was revoked", on)
    case = cases.get(value.ticket)
    if case is None:
        zh, en = (
            f"申领{claim.id}：{value.ticket} 的考核证据未知",
            f"claim {claim.id}: nothing is known of {value.ticket}",
        )
        return _Said(Verdict.UNKNOWN, zh, en, on)
    if case.proposed.proposal is not Proposal.ISSUE:
        reasons = case.proposed.reasons[:_MOST_NAMED]
        zh, en = "、".join(each.zh for each in reasons), ", ".join(each.en for each in reasons)
        return _lacking(claim, zh or case.proposed.proposal.zh, en or case.proposed.proposal.en, on)
    return _Said(Verdict.PASS, "补贴对应证书均有考核证据", "each claim's certificate has its evidence", on)


def _lacking(claim: Claim, zh: str, en: str, on: tuple[Entry[Any], ...]) -> _Said:
    told = (
        f"补贴对应证书证据不足：申领{claim.id}，{claim.number}，{zh}",
        f"claim {claim.id} lacks evidence: {claim.number}, {en}",
    )
    return _Said(Verdict.FAIL, *told, on)


# --- How findings are told ------------------------------------------------------------------------------------------


def _none_yet(facts: CertificateFacts) -> _Said:
    """What it means that a batch has no certificate."""
    if facts.decisions and not any(entry.thing.issue for entry in facts.decisions):
        zh, en = "没有决定制证的考生", "nobody is to have a certificate"
        return _Said(Verdict.NOT_APPLICABLE, zh, en, facts.decisions)
    return _Said(Verdict.PENDING, "尚未制证", "no certificate was issued yet", facts.decisions)


_TOLD = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING, Verdict.WARN)


def _ruled(rule: str, found: list[_Said]) -> Ruled:
    """The verdict that stands for all, with what led to it first; of many sentences the first few."""
    verdict = fold(each.verdict for each in found)
    lesser = [each for each in _TOLD if each is not verdict] if verdict in _TOLD else []
    telling = [each for which in (verdict, *lesser) for each in found if each.verdict is which and each.zh]
    zh, en = (list(dict.fromkeys(texts)) for texts in zip(*((each.zh, each.en) for each in telling), strict=True))
    more = len(zh) - _MOST_NAMED
    told_zh = "；".join(zh[:_MOST_NAMED]) + (f"；另有{more}项" if more > 0 else "")
    told_en = "; ".join(en[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    rests_on = dict.fromkeys(entry.name for each in found for entry in each.on)
    return Ruled(Finding(rule, verdict, told_zh, told_en), tuple(rests_on))
