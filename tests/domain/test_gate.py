"""The gate: nothing is proposed without each of its conditions, and no gap in footage accuses a candidate."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gate import Candidacy, Exit, ExitKind, Footage, Kept, Proposal, Proposed, propose
from domain.grounds import Method
from domain.law import Verdict
from domain.people import Actor, Door
from domain.scores import Flaw, Markers, Score, Signature, flaws, passes

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
PLACE = "b-1/1/A-02"
MARKERS = Markers(frozenset({"ex-1", "ex-2", "ex-3"}), frozenset({"ex-1"}), frozenset({"ex-1", "ex-2", "ex-3"}))
OFFICER, SECOND = Actor("account:wu", Door.API), Actor("account:zheng", Door.API)


def score(value: str | None = "60", subject: str = "实操", scorer: str = "ex-2") -> Score:
    mark = None if value is None else Decimal(value)
    if mark is None:
        return Score(subject, Method.PRACTICAL)
    signed, confirmed = Signature(scorer, NOON, mark), Signature("ex-1", NOON, mark)
    return Score(subject, Method.PRACTICAL, mark, scorer, NOON, signed, confirmed)


WHOLE = Candidacy(
    subjects=("实操",),
    on_roster=True,
    signed_in=True,
    identity_checked=True,
    footage=(Footage("实操", PLACE, Verdict.PASS),),
    scores=(score(),),
    markers={"实操": MARKERS},
)
GAP = Footage("实操", PLACE, Verdict.FAIL, "A-02 工位 09:10:00 至 09:10:40 摄像机 c3 断线", "c3 was lost for 40 s")
WAY_OUT = Exit(ExitKind.BACKFILLED, "实操", PLACE, OFFICER, SECOND, NOON, "摄像机存储卡", ("sha256:00",))


def said(known: Candidacy) -> Proposed:
    return propose(known, pass_mark=60, full_mark=100)


def codes(known: Candidacy) -> list[str]:
    return [reason.code for reason in said(known).reasons]


def test_who_meets_every_condition_may_have_a_certificate_and_nothing_is_noted() -> None:
    assert said(WHOLE) == Proposed(Proposal.ISSUE, ())


@pytest.mark.parametrize(
    ("wanting", "proposal", "code"),
    [
        ({"subjects": ()}, Proposal.HOLD, "norm"),
        ({"on_roster": None}, Proposal.HOLD, "roster"),
        ({"on_roster": False}, Proposal.REFUSE, "roster"),
        ({"signed_in": None}, Proposal.HOLD, "sign_in"),
        ({"signed_in": False}, Proposal.REFUSE, "absent"),
        ({"identity_checked": None}, Proposal.HOLD, "identity"),
        ({"identity_checked": False}, Proposal.HOLD, "identity"),
        ({"excluded": "替考"}, Proposal.REFUSE, "excluded"),
        ({"footage": ()}, Proposal.HOLD, "footage"),
        ({"footage": (GAP,)}, Proposal.HOLD, "footage"),
        ({"footage": (replace(GAP, verdict=Verdict.UNKNOWN),)}, Proposal.HOLD, "footage"),
        ({"footage": (replace(GAP, verdict=Verdict.PENDING),)}, Proposal.HOLD, "footage"),
        ({"footage": (replace(GAP, verdict=Verdict.NOT_APPLICABLE),)}, Proposal.HOLD, "footage"),
        ({"footage": (*WHOLE.footage, replace(GAP, place="b-1/1/A-03"))}, Proposal.HOLD, "footage"),
        ({"footage": (Footage("理论", PLACE, Verdict.PASS),)}, Proposal.HOLD, "footage"),
        ({"scores": ()}, Proposal.HOLD, "score"),
        ({"scores": (score(None),)}, Proposal.HOLD, "score"),
        ({"scores": (score(), score("61"))}, Proposal.HOLD, "score"),
        ({"scores": (score("59.5"),)}, Proposal.REFUSE, "failed"),
        ({"scores": (score("59.99"),)}, Proposal.REFUSE, "failed"),
        ({"scores": (score("100.5"),)}, Proposal.HOLD, "score"),
        ({"scores": (score("-1"),)}, Proposal.HOLD, "score"),
        ({"scores": (score("NaN"),)}, Proposal.HOLD, "score"),
        ({"scores": (score("Infinity"),)}, Proposal.HOLD, "score"),
        ({"scores": (score(scorer="ex-9"),)}, Proposal.HOLD, "score"),
        ({"scores": (replace(score("40"), signed=None),)}, Proposal.HOLD, "score"),
        ({"scores": (replace(score(), confirmed=None),)}, Proposal.HOLD, "score"),
        ({"scores": (replace(score(), confirmed=Signature("ex-2", NOON, Decimal(60))),)}, Proposal.HOLD, "score"),
        ({"scores": (replace(score(), value=Decimal(75)),)}, Proposal.HOLD, "score"),
        ({"markers": {"实操": replace(MARKERS, there=frozenset({"ex-1"}))}}, Proposal.HOLD, "score"),
        ({"markers": {"实操": replace(MARKERS, leaders=frozenset())}}, Proposal.HOLD, "score"),
        ({"markers": {}}, Proposal.HOLD, "score"),
    ],
)
def test_each_condition_by_itself_keeps_the_gate_shut(
    wanting: dict[str, object], proposal: Proposal, code: str
) -> None:
    known = replace(WHOLE, **wanting)  # type: ignore[arg-type]
    assert said(known).proposal is proposal
    assert code in codes(known)


def test_a_gap_names_the_equipment_and_the_time_and_never_refuses() -> None:
    (reason,) = said(replace(WHOLE, footage=(GAP,))).reasons
    assert "摄像机 c3" in reason.zh
    assert "09:10:40" in reason.zh
    assert reason.proposal is Proposal.HOLD


def test_a_gap_within_the_tolerance_is_noted_and_leaves_the_gate_open() -> None:
    noted = said(replace(WHOLE, footage=(replace(GAP, verdict=Verdict.WARN),)))
    assert noted.proposal is Proposal.ISSUE
    assert [reason.code for reason in noted.reasons] == ["footage"]


@pytest.mark.parametrize("kind", [ExitKind.BACKFILLED, ExitKind.OTHER_VIEW, ExitKind.DECIDED])
def test_each_lawful_exit_by_two_people_opens_the_gate_and_is_told(kind: ExitKind) -> None:
    opened = said(replace(WHOLE, footage=(GAP,), exits=(replace(WAY_OUT, kind=kind),)))
    assert opened.proposal is Proposal.ISSUE
    assert [reason.code for reason in opened.reasons] == ["exit"]
    assert opened.reasons[0].zh.endswith(kind.zh)


@pytest.mark.parametrize(
    "flaw",
    [
        {"second": OFFICER},
        {"second": Actor("account:wu", Door.API, on_behalf_of="account:zheng")},
        {"second": Actor("local:root", Door.COMMAND_LINE)},
        {"by": Actor("service:analysis", Door.SERVICE)},
        {"reason": " "},
        {"evidence": ()},
        {"subject": "理论"},
        {"place": "b-1/1/A-03"},
    ],
)
def test_an_exit_without_a_second_person_a_ground_or_its_own_place_opens_nothing(flaw: dict[str, object]) -> None:
    known = replace(WHOLE, footage=(GAP,), exits=(replace(WAY_OUT, **flaw),))  # type: ignore[arg-type]
    assert said(known).proposal is Proposal.HOLD


def test_an_exit_opens_nothing_but_what_footage_holds_back() -> None:
    for wanting in ({"signed_in": None}, {"scores": ()}, {"on_roster": None}):
        known = replace(WHOLE, footage=(GAP,), exits=(WAY_OUT,), **wanting)
        assert said(known).proposal is Proposal.HOLD


def test_of_several_exits_the_latest_counts() -> None:
    again = replace(WAY_OUT, kind=ExitKind.REEXAMINE, at=NOON + timedelta(hours=1))
    accepted = replace(WAY_OUT, kind=ExitKind.DECIDED, at=NOON + timedelta(hours=2))
    known = replace(WHOLE, footage=(GAP,), exits=(again, WAY_OUT))
    assert said(known).proposal is Proposal.REFUSE
    assert said(replace(known, exits=(accepted, again, WAY_OUT))).proposal is Proposal.ISSUE


def test_what_refuses_is_told_before_what_holds_back() -> None:
    known = replace(WHOLE, excluded="替考", footage=(GAP,), scores=())
    assert codes(known) == ["excluded", "footage", "score"]


def test_of_who_was_absent_nobody_asks_for_footage_or_scores() -> None:
    assert codes(replace(WHOLE, signed_in=False, footage=(GAP,), scores=())) == ["absent"]


KEPT = Kept(
    "理论",
    "2025-1101/T9",
    allowed=True,
    same_person=True,
    same_subject=True,
    in_time=True,
    passed=date(2025, 11, 1),
    until=date(2026, 11, 1),
    there=replace(
        WHOLE,
        subjects=("理论",),
        footage=(Footage("理论", "2025-1101/1/A-05", Verdict.PASS),),
        scores=(score(subject="理论"),),
        markers={"理论": MARKERS},
    ),
)
RESIT = replace(WHOLE, subjects=("实操", "理论"), kept=(KEPT,))


def claimed(**changed: object) -> Candidacy:
    return replace(RESIT, kept=(replace(KEPT, **changed),))  # type: ignore[arg-type]


def kept_there(**changed: object) -> Candidacy:
    assert KEPT.there is not None
    return claimed(there=replace(KEPT.there, **changed))  # type: ignore[arg-type]


def test_a_subject_that_is_kept_wants_no_exam_here_and_says_whose_footage_counts_and_till_when() -> None:
    opened = said(RESIT)
    assert opened.proposal is Proposal.ISSUE
    (reason,) = opened.reasons
    assert reason.code == "kept"
    assert reason.zh == "理论（保留自 2025-1101/T9）：成绩保留至2026-11-01，以该次录像为准"
    assert codes(replace(RESIT, kept=())) == ["footage", "score"]


@pytest.mark.parametrize(
    ("known", "proposal", "told"),
    [
        (claimed(allowed=False), Proposal.REFUSE, "考核规范未规定补考保留科目"),
        (claimed(allowed=None), Proposal.HOLD, "考核规范未知"),
        (claimed(there=None), Proposal.HOLD, "没有该批次、该准考证号的考核记录"),
        (claimed(same_person=False), Proposal.HOLD, "证件与该次考生不一致或未知"),
        (claimed(same_person=None), Proposal.HOLD, "证件与该次考生不一致或未知"),
        (claimed(same_subject=False), Proposal.REFUSE, "不是同一项目、同一科目"),
        (claimed(same_subject=None), Proposal.HOLD, "该次考核所依规范的科目未知"),
        (claimed(in_time=False), Proposal.REFUSE, "考于2025-11-01，保留至2026-11-01，本批次不在期内"),
        (claimed(in_time=None), Proposal.HOLD, "保留期限无法算出"),
        (claimed(until=None), Proposal.HOLD, "保留期限无法算出"),
        (kept_there(scores=(score("59.5", "理论"),)), Proposal.REFUSE, "理论 59.5 分，不合格"),
        (kept_there(scores=(replace(score(subject="理论"), confirmed=None),)), Proposal.HOLD, "理论："),
        (kept_there(scores=()), Proposal.HOLD, "没有成绩"),
        (kept_there(footage=(replace(GAP, subject="理论"),)), Proposal.HOLD, "摄像机 c3 断线"),
        (kept_there(footage=()), Proposal.HOLD, "没有所在工位的录像结论"),
        (kept_there(signed_in=False), Proposal.REFUSE, "缺考"),
        (kept_there(on_roster=False), Proposal.REFUSE, "不在审核通过名册"),
        (kept_there(identity_checked=None), Proposal.HOLD, "未记录身份核验"),
        (kept_there(excluded="替考"), Proposal.REFUSE, "违纪：替考"),
        (kept_there(markers={}), Proposal.HOLD, "理论："),
    ],
)
def test_each_condition_of_a_subject_that_is_kept_keeps_the_gate_shut_by_itself(
    known: Candidacy, proposal: Proposal, told: str
) -> None:
    found = said(known)
    assert found.proposal is proposal
    assert found.reasons[0].zh.startswith("理论（保留自 2025-1101/T9）：")
    assert any(told in each.zh for each in found.reasons)
    assert "kept until" not in " ".join(each.en for each in found.reasons if each.proposal is Proposal.ISSUE)


def test_of_an_exam_that_may_be_somebody_elses_nothing_is_told() -> None:
    for same in (False, None):
        known = replace(kept_there(excluded="替考", scores=()).kept[0], same_person=same)
        assert codes(replace(RESIT, kept=(known,))) == ["kept"]


def test_an_exit_that_was_taken_there_counts_and_none_that_was_taken_here() -> None:
    gap = Footage("理论", "2025-1101/1/A-05", Verdict.FAIL)
    way = replace(WAY_OUT, subject="理论", place=gap.place)
    assert said(kept_there(footage=(gap,), exits=(way,))).proposal is Proposal.ISSUE
    assert said(replace(kept_there(footage=(gap,)), exits=(way,))).proposal is Proposal.HOLD


def test_who_sits_a_kept_subject_again_or_is_scored_in_it_again_is_judged_by_that() -> None:
    again = replace(RESIT, footage=(*RESIT.footage, Footage("理论", PLACE, Verdict.PASS)))
    assert codes(again) == ["score"]
    below = replace(again, scores=(*RESIT.scores, score("40", "理论")), markers={"实操": MARKERS, "理论": MARKERS})
    assert said(below).proposal is Proposal.REFUSE
    assert codes(replace(RESIT, scores=(*RESIT.scores, score("99", "理论")))) == ["footage", "score", "score"]


def test_a_claim_that_is_itself_kept_from_elsewhere_adds_nothing_up() -> None:
    assert said(kept_there(footage=(), scores=(), kept=(KEPT,))).proposal is Proposal.HOLD


def test_two_claims_for_one_subject_must_both_hold() -> None:
    assert said(replace(RESIT, kept=(KEPT, replace(KEPT, in_time=False)))).proposal is Proposal.REFUSE


_VERDICTS = st.sampled_from(Verdict)
_MAYBE = st.sampled_from([True, False, None])
_EXITS = st.builds(
    Exit,
    kind=st.sampled_from(ExitKind),
    subject=st.sampled_from(["实操", "理论"]),
    place=st.sampled_from([PLACE, "elsewhere"]),
    by=st.sampled_from([OFFICER, SECOND, Actor("local:root", Door.COMMAND_LINE)]),
    second=st.sampled_from([OFFICER, SECOND]),
    at=st.just(NOON),
    reason=st.sampled_from(["", "补录"]),
    evidence=st.sampled_from([(), ("sha256:00",)]),
)
_SCORES = st.builds(
    score,
    value=st.none() | st.decimals(-1, 101, places=1).map(str),
    subject=st.sampled_from(["实操", "理论"]),
    scorer=st.sampled_from(["ex-1", "ex-2", "ex-9"]),
).flatmap(lambda each: st.sampled_from([each, replace(each, signed=None), replace(each, confirmed=None)]))
_HERE = st.builds(
    Candidacy,
    subjects=st.sampled_from([(), ("实操",), ("实操", "理论")]),
    on_roster=_MAYBE,
    signed_in=_MAYBE,
    identity_checked=_MAYBE,
    excluded=st.sampled_from(["", "替考"]),
    footage=st.lists(
        st.builds(Footage, st.sampled_from(["实操", "理论"]), st.sampled_from([PLACE, "elsewhere"]), _VERDICTS),
        max_size=3,
    ).map(tuple),
    scores=st.lists(_SCORES, max_size=3).map(tuple),
    markers=st.sampled_from([{"实操": MARKERS, "理论": MARKERS}, {"理论": MARKERS}, {}]),
    exits=st.lists(_EXITS, max_size=3).map(tuple),
)
_CLAIMS = st.builds(
    Kept,
    subject=st.sampled_from(["实操", "理论"]),
    place=st.just("2025-1101/T9"),
    allowed=_MAYBE,
    same_person=_MAYBE,
    same_subject=_MAYBE,
    in_time=_MAYBE,
    until=st.none() | st.just(date(2026, 11, 1)),
    there=st.none() | st.just(KEPT.there) | _HERE,
) | st.just(KEPT)
_CANDIDACIES = st.builds(
    replace, _HERE | st.just(WHOLE) | st.just(RESIT), kept=st.lists(_CLAIMS, max_size=2).map(tuple)
)


def _holds(claim: Kept) -> bool:
    """Whether a subject may count as kept, and all that is asked of an exam is so of the one there."""
    told = (claim.allowed, claim.same_person, claim.same_subject, claim.in_time)
    there = claim.there
    if told != (True, True, True, True) or claim.until is None or there is None:
        return False
    return _meets_all(replace(there, subjects=(claim.subject,), kept=()))


def _meets_all(known: Candidacy) -> bool:
    """Each condition again, said otherwise than the gate says it."""
    people = known.on_roster is True and known.signed_in is True and known.identity_checked is True
    if not known.subjects or not people or known.excluded:
        return False
    for subject in known.subjects:
        sat = subject in {each.subject for each in known.footage} | {each.subject for each in known.scores}
        claims = [each for each in known.kept if each.subject == subject]
        if claims and not sat:
            if not all(_holds(each) for each in claims):
                return False
            continue
        places = [each for each in known.footage if each.subject == subject]
        marks = [each for each in known.scores if each.subject == subject]
        if not places or len(marks) != 1 or flaws(marks[0], known.markers.get(subject, Markers()), 100):
            return False
        if marks[0].value is None or marks[0].value < 60:
            return False
        for place in places:
            two = [
                each for each in known.exits if each.stands and (each.subject, each.place) == (subject, place.place)
            ]
            if place.verdict not in (Verdict.PASS, Verdict.WARN) and not two:
                return False
    return True


@given(_CANDIDACIES)
def test_it_never_proposes_a_certificate_without_each_of_its_conditions(known: Candidacy) -> None:
    if said(known).proposal is Proposal.ISSUE:
        assert _meets_all(known)


@given(_CANDIDACIES)
def test_whatever_is_not_proposed_has_a_reason_in_both_languages(known: Candidacy) -> None:
    proposed = said(known)
    assert proposed.proposal is Proposal.ISSUE or proposed.proposal is proposed.reasons[0].proposal
    assert all(re.search(r"[\u4e00-\u9fff]", reason.zh) and reason.en for reason in proposed.reasons)


@given(_CANDIDACIES)
def test_whoever_forgets_one_of_its_conditions_gets_no_certificate_proposed(known: Candidacy) -> None:
    for forgotten in (
        replace(known, subjects=()),
        replace(known, on_roster=None),
        replace(known, signed_in=None),
        replace(known, identity_checked=None),
        replace(known, footage=(), kept=()),
        replace(known, scores=(), kept=()),
        replace(known, markers={}, kept=()),
        replace(known, kept=tuple(replace(each, there=None) for each in known.kept), footage=()),
        replace(known, kept=tuple(replace(each, allowed=None) for each in known.kept), scores=()),
    ):
        assert said(forgotten).proposal is not Proposal.ISSUE


def test_a_pass_is_each_subject_by_itself_and_a_missing_mark_is_unknown() -> None:
    both = ("实操", "理论")
    assert passes([score("100"), score("59.5", "理论")], both, 60) is False
    assert passes([score("60"), score("60", "理论")], both, 60) is True
    assert passes([score("60")], both, 60) is None
    assert passes([score("59")], both, 60) is False
    assert passes([score(None), score("60", "理论")], both, 60) is None
    assert passes([], (), 60) is None
    assert passes([score("NaN")], ("实操",), 60) is None


def test_who_may_score_depends_on_how_a_subject_is_examined() -> None:
    written = replace(score(scorer="marking-1"), method=Method.WRITTEN)
    assert flaws(written, MARKERS, 100) == (Flaw.MARKING_NOT_AUTHORISED,)
    assert flaws(written, replace(MARKERS, authorised=frozenset({"marking-1"})), 100) == ()
    machine = Score("上机", Method.MACHINE, Decimal(88), "machine-1", NOON)
    assert flaws(machine, MARKERS, 100) == (Flaw.MACHINE_NOT_SIGNED,)
    assert flaws(replace(machine, machine_signed=True), MARKERS, 100) == ()
    assert flaws(score(scorer="ex-9"), MARKERS, 100) == (Flaw.SCORER_NOT_SENT,)


@pytest.mark.parametrize("flaw", list(Flaw))
def test_every_flaw_is_said_in_both_languages(flaw: Flaw) -> None:
    assert flaw.zh
    assert flaw.en.isascii()
