"""Scores on record: who may sign, what a change costs, and what each clause makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rule_pack import load
from domain.grounds import Method
from domain.law import Finding, Verdict
from domain.panels import Dispatch, Member
from domain.people import Actor, Door
from domain.register import Draft, Entry
from domain.scores import CandidateScore, Markers, Score, Signature, flaws, is_rounded, passes, total_of
from records import declaration, scores, setup
from records.errors import NoReason, NotOfThePanel, ScoreRefused
from records.panels import DISPATCHES
from records.score_rules import CandidateMarks, rule_scores
from records.scores import Mark, Place
from storage.database import Database
from storage.errors import UnknownBatch
from tests.fakes.time import FakeClock
from tests.records.setups import ACTOR, ROOMY, WHOLE

RULES = load("SG-2022-08-10")
NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
PLACE = Place("2026-0501", "00017", "实操")
MARK = Mark(Decimal("59.5"), Method.PRACTICAL, "ex-2")
SCORER, LEADER = Actor("account:ex-2", Door.API), Actor("account:ex-1", Door.API)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("stated", "fits"),
    [("77.35", True), ("77.4", True), ("77.3", True), ("77", True), ("77.2", False), ("78", False), ("77.350", True)],
)
def test_a_total_is_exact_or_rounded_to_its_places(stated: str, fits: bool) -> None:
    assert is_rounded(Decimal(stated), Decimal("77.35")) is fits


def test_a_total_is_the_sum_by_weights_and_unknown_while_a_mark_is() -> None:
    theory, practice = Score("理论", Method.WRITTEN, Decimal(60)), Score("实操", Method.PRACTICAL, Decimal("86.75"))
    weights = {"理论": 40, "实操": 60}
    assert total_of([theory, practice], weights) == Decimal("76.05")
    assert total_of([theory], weights) is None
    assert total_of([theory, replace(practice, value=None)], weights) is None
    assert total_of([theory, practice, practice], weights) is None
    assert total_of([theory, practice], {}) is None


@pytest.fixture
def kept(database: Database, clock: FakeClock) -> Database:
    setup.apply(declaration.parse(WHOLE, "exam.yaml"), database, ACTOR, clock, ROOMY)
    sent = Dispatch(PLACE.batch, 1, (Member("ex-1", leader=True), Member("ex-2")), by_centre=True)
    draft = Draft(DISPATCHES, f"{PLACE.batch}/1", sent, batch=PLACE.batch)
    database.register.enter("import_panels", "panel.yaml", [draft], ACTOR, clock.now())
    return database


def give(database: Database, mark: Mark = MARK, at: float = 0, reason: str = "") -> Entry[CandidateScore]:
    return scores.give(database, PLACE, mark, SCORER, after(at), full_mark=100, reason=reason)


def test_a_mark_is_given_signed_and_confirmed_and_then_stands(kept: Database) -> None:
    give(kept)
    scores.sign(kept, PLACE, SCORER, after(1))
    entry = scores.confirm(kept, PLACE, LEADER, after(2))
    score = entry.thing.score
    assert (score.value, score.signed, score.confirmed) == (
        Decimal("59.5"),
        Signature("ex-2", after(1), Decimal("59.5")),
        Signature("ex-1", after(2), Decimal("59.5")),
    )
    markers = Markers(frozenset({"ex-1", "ex-2"}), frozenset({"ex-1"}), frozenset({"ex-1", "ex-2"}))
    assert flaws(score, markers, 100) == ()
    assert [each.act for each in kept.journal.entries()][:3] == [
        "confirm_score_batch",
        "sign_score_batch",
        "score_batch",
    ]
    assert [each.key for each in scores.scores_of(kept, PLACE.batch)[PLACE.candidate]] == [PLACE.key]


def test_the_same_act_again_changes_nothing(kept: Database) -> None:
    give(kept)
    scores.sign(kept, PLACE, SCORER, after(1))
    scores.confirm(kept, PLACE, LEADER, after(2))
    give(kept, at=3)
    scores.sign(kept, PLACE, SCORER, after(4))
    assert scores.confirm(kept, PLACE, LEADER, after(5)).revision == 3


def test_a_change_wants_a_reason_and_takes_the_signatures_away(kept: Database) -> None:
    give(kept)
    scores.sign(kept, PLACE, SCORER, after(1))
    scores.confirm(kept, PLACE, LEADER, after(2))
    with pytest.raises(NoReason, match=r"is 59\.5 since .*say why"):
        give(kept, replace(MARK, value=Decimal(60)), 3)
    changed = give(kept, replace(MARK, value=Decimal(60)), 3, "漏记一项")
    assert (changed.reason, changed.thing.score.signed, changed.thing.score.confirmed) == ("漏记一项", None, None)


@pytest.mark.parametrize("value", ["100.5", "-0.1", "NaN", "Infinity"])
def test_what_is_no_mark_is_refused_with_its_place(kept: Database, value: str) -> None:
    with pytest.raises(ScoreRefused, match=r"the mark of 00017 in 实操: .* is no mark from 0 to 100"):
        give(kept, replace(MARK, value=Decimal(value)))
    assert scores.scores_of(kept, PLACE.batch) == {}


def test_of_a_batch_that_is_not_set_up_nobody_is_marked(kept: Database) -> None:
    with pytest.raises(UnknownBatch):
        scores.give(kept, replace(PLACE, batch="other"), MARK, SCORER, NOON, full_mark=100)


def test_only_the_scorer_signs_and_the_leader_after_them(kept: Database) -> None:
    with pytest.raises(ScoreRefused, match="was not given yet"):
        scores.sign(kept, PLACE, SCORER, NOON)
    give(kept)
    with pytest.raises(ScoreRefused, match="was given by ex-2, so ex-1 cannot sign it"):
        scores.sign(kept, PLACE, LEADER, after(1))
    with pytest.raises(ScoreRefused, match="is not signed by ex-2 yet"):
        scores.confirm(kept, PLACE, LEADER, after(1))
    scores.sign(kept, PLACE, SCORER, after(1))
    with pytest.raises(NotOfThePanel, match="ex-2 leads no panel of batch 2026-0501"):
        scores.confirm(kept, PLACE, SCORER, after(2))


@pytest.mark.parametrize(
    "actor",
    [
        Actor("local:root", Door.COMMAND_LINE),
        Actor("account:ex-2", Door.COMMAND_LINE),
        Actor("service:analysis", Door.SERVICE),
        Actor("account:ex-2", Door.API, on_behalf_of="ex-3"),
        Actor("account:", Door.API),
    ],
)
def test_nobody_signs_but_under_their_own_account(kept: Database, actor: Actor) -> None:
    give(kept)
    with pytest.raises(ScoreRefused, match="cannot sign"):
        scores.sign(kept, PLACE, actor, after(1))
    scores.sign(kept, PLACE, SCORER, after(1))
    with pytest.raises(ScoreRefused, match="cannot sign"):
        scores.confirm(kept, PLACE, actor, after(2))


# What the clauses say

SIGNED = Score(
    "实操",
    Method.PRACTICAL,
    Decimal(60),
    "ex-2",
    NOON,
    Signature("ex-2", NOON, Decimal(60)),
    Signature("ex-1", NOON, Decimal(60)),
)
MARKERS = Markers(
    frozenset({"ex-1", "ex-2"}), frozenset({"ex-1"}), frozenset({"ex-1", "ex-2"}), frozenset({"市中心阅卷"})
)
WHO = CandidateMarks("00017", ("实操",), (SIGNED,), {"实操": MARKERS}, {"实操": after(-60)}, entries=("score/x@3",))


def of(id_: str, **changed: object) -> Finding:
    return next(
        each.finding
        for each in rule_scores([replace(WHO, **changed)], RULES)  # type: ignore[arg-type]
        if each.finding.id == id_
    )


def test_marks_as_they_should_be_pass_and_say_what_that_rests_on() -> None:
    ruled = rule_scores([WHO], RULES)
    assert [(each.finding.id, each.finding.verdict.value) for each in ruled] == [
        ("C6.5-2", "pass"),
        ("C6.5-3", "pass"),
        ("C6.6-1", "not_applicable"),
    ]
    assert {each.rests_on for each in ruled} == {("score/x@3",)}


def test_without_a_roster_nothing_is_known() -> None:
    assert {each.finding.verdict for each in rule_scores([], RULES)} == {Verdict.UNKNOWN}


def test_practical_marks_are_given_by_who_was_sent_and_there_and_not_before_there_is_footage() -> None:
    assert "评分人不在派遣名单" in of("C6.5-2", scores=(replace(SIGNED, scorer="ex-9"),)).zh
    away = replace(MARKERS, there=frozenset({"ex-1"}))
    assert of("C6.5-2", markers={"实操": away}).verdict is Verdict.FAIL
    assert of("C6.5-2", markers=None).verdict is Verdict.UNKNOWN
    early = of("C6.5-2", seen={"实操": after(1)})
    assert (early.verdict, "评分早于本人录像开始" in early.zh) == (Verdict.FAIL, True)
    assert of("C6.5-2", seen={"实操": NOON}).verdict is Verdict.PASS
    assert of("C6.5-2", seen=None).verdict is Verdict.PASS


def test_a_machine_signs_its_own_result() -> None:
    machine = Score("实操", Method.MACHINE, Decimal(88), "m-1", NOON)
    assert of("C6.5-2", scores=(machine,)).verdict is Verdict.FAIL
    assert of("C6.5-2", scores=(replace(machine, machine_signed=True),), markers=None).verdict is Verdict.PASS


def test_written_papers_are_marked_with_authority() -> None:
    written = replace(SIGNED, method=Method.WRITTEN, scorer="市中心阅卷")
    assert of("C6.6-1", scores=(written,)).verdict is Verdict.PASS
    assert of("C6.6-1", scores=(replace(written, scorer="考场自阅"),)).verdict is Verdict.FAIL
    assert of("C6.6-1", scores=(written,), markers=None).verdict is Verdict.UNKNOWN


def test_a_missing_mark_is_unknown_an_unsigned_one_pending_and_one_out_of_range_a_failure() -> None:
    assert of("C6.5-3", subjects=None).verdict is Verdict.UNKNOWN
    assert of("C6.5-3", scores=()).verdict is Verdict.UNKNOWN
    assert of("C6.5-3", subjects=("实操", "理论")).verdict is Verdict.UNKNOWN
    assert of("C6.5-3", scores=(replace(SIGNED, confirmed=None),)).verdict is Verdict.PENDING
    assert of("C6.5-3", scores=(replace(SIGNED, value=Decimal(101)),)).verdict is Verdict.FAIL
    assert of("C6.5-3", scores=(replace(SIGNED, value=Decimal(61)),)).verdict is Verdict.FAIL
    assert of("C6.5-3", scores=(replace(SIGNED, value=Decimal(5), signed=None),)).verdict is Verdict.FAIL


def test_who_was_absent_has_no_marks_and_is_not_asked_for_any() -> None:
    assert of("C6.5-3", scores=(), absent=True).verdict is Verdict.NOT_APPLICABLE
    assert passes((), ("实操",), RULES.pass_mark) is None


def test_results_are_those_of_each_subject_by_itself() -> None:
    both = ("实操", "理论")
    failed = (SIGNED, replace(SIGNED, subject="理论", value=Decimal("59.5")))
    found = [passes(failed, both, RULES.pass_mark), passes((SIGNED,), both, RULES.pass_mark)]
    assert [*found, passes((SIGNED,), ("实操",), RULES.pass_mark)] == [False, None, True]


@given(st.decimals(0, 100, places=1), st.decimals(0, 100, places=1))
def test_no_average_ever_makes_a_pass(one: Decimal, other: Decimal) -> None:
    both = (replace(SIGNED, value=one), replace(SIGNED, subject="理论", value=other))
    assert passes(both, ("实操", "理论"), RULES.pass_mark) is (min(one, other) >= 60)
