"""The rule table: every clause that is judged can pass, can fail and can be unknown; and docs/rules.md names the
tests that hold its edges.

Each case is as small as its rule allows, made with the builders of the tests of that rule.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

import pytest

from analysis.facts import Waiting
from domain.certificates import Answer
from domain.clauses import CLAUSES
from domain.exam_papers import HANDED
from domain.grounds import Method, SiteKind
from domain.law import Finding, Ruled, Verdict
from domain.panels import Examiner, Grant
from domain.people import Actor, Door, Role
from domain.register import Entry
from domain.scores import CandidateScore, Score, Signature
from domain.withholding import WithheldBy
from records import certificate_rules, day_rules, dossier_rules, roll_rules, supervision_rules
from records.dossier_rules import SignedFootage
from records.duty_rules import Deed, by_duty
from records.grounds_rules import Facts as GroundsFacts
from records.grounds_rules import without_level
from records.issue_rules import on_evidence, unaltered
from tests.analysis import test_judge as judge
from tests.analysis import test_views as views
from tests.house.rules import ROOT
from tests.records import certified
from tests.records import test_certificate_rules as certificates
from tests.records import test_day_rules as day
from tests.records import test_dossier_rules as dossier
from tests.records import test_grounds_rules as grounds
from tests.records import test_panel_rules as panel
from tests.records import test_roll_rules as roll
from tests.records import test_scores as scores
from tests.records import test_supervision_rules as supervision
from tests.records.grounds import NOW
from tests.records.rolls import RULES, days
from tests.records.setups import START

PASS, FAIL, WARN, PENDING, UNKNOWN = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.PENDING,
    Verdict.UNKNOWN,
)
Cases = Mapping[Verdict, Callable[[], Finding | Ruled]]

BARE = GroundsFacts(grounds.BATCH, NOW, grounds.FACTS.sittings)
OFFICER = frozenset({Role.CITY_OFFICER})
DONE = replace(
    roll.EARLY,
    plan=roll.plan(days(0)),
    first_reviews=(roll.reviewed(days(1), "T1"),),
    submissions=(roll.submission(1, days(1), "T1"),),
)
ANSWERED = replace(DONE, now=days(40), decisions=(roll.decision(1, "T1", days(2)),))
SMALL = judge.camera(judge.WIDE, holdings=[])
WITHHELD = [replace(judge.kept(each), withheld=WithheldBy(1, confirmed=False)) for each in judge.files("wide")]
UNDECIDED = judge.facts(judge.camera(judge.WIDE, holdings=WITHHELD), judge.camera(judge.NEAR))
"""Nobody has decided yet whether the footage of one camera shows a 禁摄区."""
NOT_LOOKED_AT = views.facts({"wide": views.Shown(looked=False)})
WRITTEN = replace(scores.SIGNED, method=Method.WRITTEN, scorer="市中心阅卷")


def of_grounds(id_: str, facts: GroundsFacts) -> Finding:
    return grounds.ruled(facts, id_).finding


def waiting(number: int) -> Finding:
    """Of footage that is not settled yet."""
    late = replace(judge.WHOLE, waiting=Waiting.NOT_ENDED)
    return judge.clause(number, late)


def mark(place: int, value: str, *, revision: int = 1, confirmed: bool = False) -> Entry[CandidateScore]:
    given = Decimal(value)
    by_scorer, by_leader = (Signature(each, scores.NOON, given) for each in ("ex-2", "ex-1"))
    led = by_leader if confirmed else None
    score = Score("实操", Method.PRACTICAL, given, "ex-2", scores.NOON, by_scorer, led)
    told = CandidateScore("b", f"T{place}", score)
    return Entry("score", f"b/T{place}/实操", revision, told, "b", "", "", scores.NOON, _ACTOR, "", revision, "")


_ACTOR = Actor("account:ex-2", Door.API)


CLAIMED = replace(certificates.WHOLE, claims=(certificates.claim(),))


def granted(day_: date) -> Finding:
    sent = Examiner("ex-3", grants=(Grant(panel.COOKING, "中式烹调师", day_, "项目初期"),))
    return panel.of("C5-2", panel.with_examiner(sent))


def fed_back(**visit: object) -> Ruled:
    facts = supervision.facts(visits=(supervision.visit(**visit),))
    return supervision_rules.feedback_given(facts, supervision.PACK)


def at_the_provinces(answer: Answer | None, after: int = 1) -> Ruled:
    queries = () if answer is None else (certificates.query(answer, date(2026, 5, 5)),)
    facts = replace(certificates.WHOLE, now=certificates.days(after), queries=queries)
    return certificate_rules.of_province(facts, RULES)


CASES: Mapping[str, Cases] = {
    "C1-1": {
        PASS: lambda: roll_rules.of_working_age(replace(roll.EARLY, candidates=(roll.candidate("T1"),)), RULES),
        FAIL: lambda: roll_rules.of_working_age(
            replace(roll.EARLY, candidates=(roll.candidate("T1", date(2015, 1, 1)),)), RULES
        ),
        UNKNOWN: lambda: roll_rules.of_working_age(
            replace(roll.EARLY, candidates=(roll.candidate("T1", None),)), RULES
        ),
    },
    "C1-2": {
        PASS: lambda: of_grounds("C1-2", grounds.FACTS),
        FAIL: lambda: of_grounds("C1-2", grounds.with_value("catalogues", projects=())),
        UNKNOWN: lambda: of_grounds("C1-2", BARE),
    },
    "C2-1": {
        PASS: lambda: by_duty((Deed("x@1", OFFICER, Role.CITY_OFFICER),)),
        FAIL: lambda: by_duty((Deed("x@1", OFFICER, Role.SITE_OPERATOR),)),
        UNKNOWN: lambda: by_duty(()),
    },
    "C3-1": {
        PASS: lambda: certificate_rules.of_level(certificates.WHOLE),
        FAIL: lambda: certificate_rules.of_level(
            replace(certificates.WHOLE, certificates=(certificates.certificate(level="三级"),))
        ),
        PENDING: lambda: certificate_rules.of_level(certificates.NONE),
        UNKNOWN: lambda: without_level(None),
    },
    "C4-1": {
        PASS: lambda: of_grounds("C4-1", grounds.FACTS),
        FAIL: lambda: of_grounds("C4-1", grounds.with_value("premises", kind=SiteKind.MOBILE)),
        UNKNOWN: lambda: of_grounds("C4-1", BARE),
    },
    "C4-2": {
        PASS: lambda: of_grounds("C4-2", grounds.special()),
        FAIL: lambda: of_grounds("C4-2", grounds.special(grounds.consent(START))),
        UNKNOWN: lambda: of_grounds("C4-2", grounds.special(None)),
    },
    "C4-3": {
        PASS: lambda: of_grounds("C4-3", grounds.FACTS),
        FAIL: lambda: of_grounds("C4-3", grounds.with_value("opinions", signed=None)),
        UNKNOWN: lambda: of_grounds("C4-3", BARE),
    },
    "C4-4": {
        PASS: lambda: of_grounds("C4-4", grounds.FACTS),
        FAIL: lambda: of_grounds("C4-4", replace(grounds.FACTS, candidates=grounds.counted(18, 19))),
        UNKNOWN: lambda: of_grounds("C4-4", BARE),
    },
    "C4-5": {
        PASS: lambda: of_grounds("C4-5", grounds.FACTS),
        FAIL: lambda: of_grounds("C4-5", grounds.with_value("agreements", ends=date(2026, 4, 30))),
        UNKNOWN: lambda: of_grounds("C4-5", BARE),
    },
    "C4-6": {
        PASS: lambda: of_grounds("C4-6", grounds.FACTS),
        FAIL: lambda: of_grounds("C4-6", grounds.with_value("plate", at_front_door=False)),
        WARN: lambda: of_grounds("C4-6", grounds.with_value("plate", thickness_mm=Decimal("0.6"))),
        UNKNOWN: lambda: of_grounds("C4-6", BARE),
    },
    "C5-1": {
        PASS: lambda: panel.of("C5-1"),
        FAIL: lambda: panel.of("C5-1", replace(panel.FACTS, project="茶艺")),
        UNKNOWN: lambda: panel.of("C5-1", dispatch=None),
    },
    "C5-2": {
        PASS: lambda: granted(date(2026, 4, 1)),
        FAIL: lambda: granted(date(2026, 5, 2)),
        WARN: lambda: granted(date(2025, 10, 31)),
        UNKNOWN: lambda: panel.of("C5-2", dispatch=None),
    },
    "C6.1-1": {
        PASS: lambda: roll_rules.reviewed_first(DONE),
        FAIL: lambda: roll_rules.reviewed_first(replace(DONE, first_reviews=())),
        PENDING: lambda: roll_rules.reviewed_first(roll.EARLY),
        UNKNOWN: lambda: roll_rules.reviewed_first(roll.LATE),
    },
    "C6.1-2": {
        PASS: lambda: roll.in_time(ANSWERED),
        FAIL: lambda: roll.in_time(replace(ANSWERED, decisions=())),
        PENDING: lambda: roll.in_time(DONE),
        UNKNOWN: lambda: roll.in_time(ANSWERED, lambda *_: None),
    },
    "C6.1-3": {
        PASS: lambda: roll_rules.told_once(roll.TOLD),
        FAIL: lambda: roll_rules.told_once(
            replace(roll.TOLD, feedbacks=(*roll.TOLD.feedbacks, roll.feedback(1, 2, days(4), "T2", "")))
        ),
        PENDING: lambda: roll_rules.told_once(replace(roll.TOLD, feedbacks=())),
        UNKNOWN: lambda: roll_rules.told_once(roll.LATE),
    },
    "C6.1-4": {
        PASS: lambda: roll.came(*roll.CAME.sign_ins),
        FAIL: lambda: roll.came(roll.signed("T2", "m-T2")),
        UNKNOWN: lambda: roll.came(roll.signed("T3", "")),
    },
    "C6.2-1": {
        PASS: lambda: day_rules.signs_shown(day.facts()),
        FAIL: lambda: day_rules.signs_shown(
            day.facts(day.day(signs=day.confirmed(stands=False, lacking=("A-01",), note="座签脱落")))
        ),
        UNKNOWN: lambda: day_rules.signs_shown(day.facts(day.day(signs={}))),
    },
    "C6.2-2": {
        PASS: lambda: judge.clause(2, judge.WHOLE),
        FAIL: lambda: judge.clause(2, judge.facts(judge.camera(judge.NEAR), stations=["A-01"])),
        PENDING: lambda: waiting(2),
        UNKNOWN: lambda: views.clause(2, NOT_LOOKED_AT),
    },
    "C6.2-3": {
        PASS: lambda: judge.clause(3, judge.WHOLE),
        FAIL: lambda: judge.clause(3, judge.facts(judge.camera(judge.WIDE, [judge.lost(2000, 11)]))),
        WARN: lambda: judge.clause(3, judge.facts(judge.camera(judge.WIDE, [judge.lost(2000, 10)]))),
        PENDING: lambda: waiting(3),
        UNKNOWN: lambda: views.clause(3, NOT_LOOKED_AT),
    },
    "C6.2-4": {
        PASS: lambda: judge.clause(4, judge.WHOLE),
        FAIL: lambda: judge.clause(4, judge.facts(judge.camera(judge.WIDE), stations=["A-01", "A-09"])),
        PENDING: lambda: waiting(4),
        UNKNOWN: lambda: views.clause(4, NOT_LOOKED_AT),
    },
    "C6.2-5": {
        PASS: lambda: judge.clause(5, judge.WHOLE),
        FAIL: lambda: judge.clause(5, judge.facts(SMALL)),
        PENDING: lambda: waiting(5),
        UNKNOWN: lambda: judge.clause(5, UNDECIDED),
    },
    **{
        id_: {
            PASS: lambda id_=id_: panel.of(id_),  # type: ignore[misc]
            FAIL: failing,
            PENDING: lambda id_=id_: panel.of(id_, over=False),  # type: ignore[misc]
            UNKNOWN: lambda id_=id_: panel.of(id_, dispatch=None),  # type: ignore[misc]
        }
        for id_, failing in {
            "C6.3-1": lambda: panel.of("C6.3-1", attendance=tuple(panel.there(each) for each in panel.IDS[:2])),
            "C6.3-2": lambda: panel.of("C6.3-2", candidates={"301": 31}),
            "C6.3-3": lambda: panel.of(
                "C6.3-3", attendance=tuple(panel.there(each, leads=False) for each in panel.IDS)
            ),
            "C6.3-4": lambda: panel.of("C6.3-4", attendance=tuple(panel.there(each, badge="") for each in panel.IDS)),
        }.items()
    },
    "C6.3-5": {
        PASS: lambda: panel.of("C6.3-5"),
        FAIL: lambda: panel.of("C6.3-5", dispatch=replace(panel.DISPATCH, by_centre=False)),
        UNKNOWN: lambda: panel.of("C6.3-5", dispatch=None),
    },
    "C6.4-1": {
        PASS: lambda: day.judged(*day.way(*HANDED)),
        FAIL: lambda: day.judged(*day.way(*HANDED[1:])),
        UNKNOWN: day.judged,
        PENDING: lambda: day.judged(minutes=None, papers_opened=None, now=day.EARLY),
    },
    "C6.5-1": {
        PASS: lambda: day.held(day.record()),
        FAIL: lambda: day.held(day.record(), minutes=200),
        UNKNOWN: day.held,
        PENDING: lambda: day.held(day.record(), minutes=None, now=day.EARLY),
    },
    "C6.5-2": {
        PASS: lambda: scores.of("C6.5-2"),
        FAIL: lambda: scores.of("C6.5-2", scores=(replace(scores.SIGNED, scorer="ex-9"),)),
        UNKNOWN: lambda: scores.of("C6.5-2", markers=None),
    },
    "C6.5-3": {
        PASS: lambda: scores.of("C6.5-3"),
        FAIL: lambda: scores.of("C6.5-3", scores=(replace(scores.SIGNED, value=Decimal(101)),)),
        UNKNOWN: lambda: scores.of("C6.5-3", scores=()),
        PENDING: lambda: scores.of("C6.5-3", scores=(replace(scores.SIGNED, confirmed=None),)),
    },
    "C6.6-1": {
        PASS: lambda: scores.of("C6.6-1", scores=(WRITTEN,)),
        FAIL: lambda: scores.of("C6.6-1", scores=(replace(WRITTEN, scorer="考场自阅"),)),
        UNKNOWN: lambda: scores.of("C6.6-1", scores=(WRITTEN,), markers=None),
    },
    "C6.7-1": {
        PASS: lambda: supervision_rules.draw_made(supervision.facts(draws=(supervision.NOT_DRAWN,))),
        FAIL: lambda: supervision_rules.draw_made(supervision.facts(draws=(supervision.FAILED,))),
        UNKNOWN: lambda: supervision_rules.draw_made(supervision.facts()),
        PENDING: lambda: supervision_rules.draw_made(supervision.facts(draws=(supervision.WAITING,))),
    },
    "C6.7-2": {
        PASS: fed_back,
        FAIL: lambda: fed_back(feedback=None, published=None),
        UNKNOWN: lambda: supervision_rules.feedback_given(
            supervision.facts(draws=(supervision.DRAWN,)), supervision.PACK
        ),
        PENDING: lambda: fed_back(ended=None, feedback=None, published=None),
    },
    "C6.7-3": {
        PASS: supervision.badge,
        FAIL: lambda: supervision.badge(""),
        UNKNOWN: lambda: supervision.badge(None),
    },
    "C7-1": {
        PASS: lambda: certificate_rules.of_forms(certificates.WHOLE),
        FAIL: lambda: certificate_rules.of_forms(
            replace(
                certificates.WHOLE,
                book=certificates.book(certificates.form(), counted=certificates.stocktake(6)),
            )
        ),
        PENDING: lambda: certificate_rules.of_forms(
            replace(certificates.WHOLE, book=certificates.book(certificates.form()))
        ),
        UNKNOWN: lambda: certificate_rules.of_forms(
            replace(certificates.WHOLE, now=certificates.days(1), book=certificates.book(certificates.form()))
        ),
    },
    "C7-2": {
        PASS: lambda: at_the_provinces(Answer.FOUND),
        FAIL: lambda: at_the_provinces(Answer.DIFFERS),
        PENDING: lambda: at_the_provinces(None),
        UNKNOWN: lambda: at_the_provinces(None, after=31),
    },
    "C8-1": {
        PASS: lambda: certificate_rules.of_claims(CLAIMED, {"T001": certified.case()}),
        FAIL: lambda: certificate_rules.of_claims(CLAIMED, {"T001": certified.held()}),
        UNKNOWN: lambda: certificate_rules.of_claims(CLAIMED, {}),
    },
    "C9-1": {
        PASS: lambda: dossier.complete(dossier.facts(*dossier.ALL)),
        FAIL: lambda: dossier.complete(dossier.facts(now=dossier.local(dossier.DUE + timedelta(days=1)))),
        WARN: lambda: dossier.complete(
            replace(
                dossier.facts(*dossier.ALL),
                footage=SignedFootage(3, 9, dossier.local(dossier.DUE + timedelta(days=3))),
            )
        ),
        PENDING: lambda: dossier.complete(dossier.facts()),
        UNKNOWN: lambda: dossier.complete(dossier.facts(*dossier.ALL, norm=None)),
    },
    "C9-2": {
        PASS: lambda: dossier.kept(dossier.facts(*dossier.ALL)),
        FAIL: lambda: dossier.kept(dossier.facts(*dossier.ALL, locks=(None,))),
        PENDING: lambda: dossier.kept(dossier.facts(locks=(), footage=None)),
        UNKNOWN: lambda: dossier_rules.kept(dossier.facts(*dossier.ALL, last_day=None, sittings=()), dossier.RULES),
    },
    "C10-1": {
        PASS: lambda: on_evidence((certified.case(),), ("T001",), over=True),
        FAIL: lambda: on_evidence((certified.held(),), ("T001",), over=True),
        PENDING: lambda: on_evidence((certified.held(),), (), over=True),
        UNKNOWN: lambda: on_evidence((), (), over=True),
    },
    "C10-2": {
        PASS: lambda: unaltered([[mark(1, "70")]]),
        FAIL: lambda: unaltered([[mark(1, "55"), mark(1, "60", revision=2)]]),
        WARN: lambda: unaltered([[mark(1, "55"), mark(1, "60", revision=2, confirmed=True)]]),
        UNKNOWN: lambda: unaltered([], UNKNOWN),
        PENDING: lambda: unaltered([], PENDING),
    },
}
"""How each answer of each clause comes about."""


def finding(found: Finding | Ruled) -> Finding:
    return found.finding if isinstance(found, Ruled) else found


def test_the_table_has_every_clause_in_the_order_of_the_notice() -> None:
    assert sorted(CASES) == sorted(clause.id for clause in CLAUSES)


@pytest.mark.parametrize("clause", [clause.id for clause in CLAUSES])
def test_every_clause_has_its_three_answers(clause: str) -> None:
    """It passes, it fails, and where too little is known it is unknown."""
    told = {verdict: finding(case()) for verdict, case in CASES[clause].items()}
    assert {verdict: each.verdict for verdict, each in told.items()} == {verdict: verdict for verdict in told}
    assert {each.id for each in told.values()} == {clause}
    assert all(each.zh and each.en for each in told.values())
    assert {PASS, FAIL, UNKNOWN} <= told.keys()


# --- The paper ---

PAPER = (ROOT / "docs" / "rules.md").read_text("utf-8")
_WORDS = {verdict: verdict.value for verdict in (PASS, FAIL, WARN, PENDING, UNKNOWN)}


def rows() -> list[list[str]]:
    lines = [line for line in PAPER.splitlines() if re.match(r"\| C\d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def there() -> set[str]:
    """Every test as ``file::test`` and ``file::Class::test``, the files without ``tests/`` and ``.py``."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        name = path.relative_to(ROOT / "tests").with_suffix("").as_posix()
        for node in ast.parse(path.read_text("utf-8")).body:
            within = [(name, node)]
            if isinstance(node, ast.ClassDef):
                within = [(f"{name}::{node.name}", each) for each in node.body]
            found |= {f"{at}::{each.name}" for at, each in within if isinstance(each, ast.FunctionDef)}
    return found


def test_the_paper_has_every_clause_with_its_title_and_the_answers_that_were_shown_here() -> None:
    assert [row[0] for row in rows()] == [clause.id for clause in CLAUSES]
    for row, clause in zip(rows(), CLAUSES, strict=True):
        assert row[1] == clause.zh
        assert row[2].split(" ") == [_WORDS[each] for each in _WORDS if each in CASES[clause.id]], clause.id


def test_every_test_that_the_paper_names_is_there_and_every_clause_has_some() -> None:
    named = {row[0]: re.findall(r"`([^`]+::test_[^`]+)`", row[3]) for row in rows()}
    assert all(named.values())
    assert sorted(set(chain.from_iterable(named.values())) - there()) == []
