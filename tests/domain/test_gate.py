"""The gate: nothing is proposed without each of its conditions, and no gap in footage accuses a candidate."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gate import Candidacy, Exit, ExitKind, Footage, Proposal, Proposed, propose
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
_CANDIDACIES = st.builds(
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


def _meets_all(known: Candidacy) -> bool:
    """Each condition again, said otherwise than the gate says it."""
    people = known.on_roster is True and known.signed_in is True and known.identity_checked is True
    if not known.subjects or not people or known.excluded:
        return False
    for subject in known.subjects:
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
        replace(known, footage=()),
        replace(known, scores=()),
        replace(known, markers={}),
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
