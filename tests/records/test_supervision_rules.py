"""C6.7-1 to C6.7-3: what is said of a batch's supervision, and that nothing unknown is said to be well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config.rule_pack import load
from domain.draws import Drawn, Flaw, Passed
from domain.law import Ruled, Verdict
from domain.people import Actor, Door
from domain.register import Entry
from domain.supervision import (
    SUPERVISORS,
    Answer,
    Attendance,
    Basis,
    Feedback,
    Frame,
    Ground,
    Said,
    Supervisor,
    Visit,
    Way,
)
from domain.timeline import Interval
from domain.viewings import SHOWN, Deed, Viewing
from records.supervision_rules import (
    DrawFacts,
    Facts,
    VisitFacts,
    badges_valid,
    draw_made,
    facts_of,
    feedback_given,
    findings,
)
from storage.database import Database
from storage.errors import UnknownBatch
from tests.records.setups import ACTOR, START
from tests.supervised import DRAW, FIRST, PEOPLE, SECOND, Office, person

PACK = load("SG-2022-08-10")
ENDS = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FRAME = Frame("c1", ENDS - HOUR)
NOT_DRAWN = DrawFacts(
    name=DRAW,
    has_batch=True,
    made=True,
    failed=False,
    reveal_by=ENDS - 24 * HOUR,
    revised=False,
    flaws=(),
    drawn=None,
    pool_size=40,
    rests_on=("draw_pool/2026-05@1",),
)
DRAWN = replace(NOT_DRAWN, drawn=Drawn(FIRST, ("d-1", "d-2"), (Passed("d-3", Ground.KINSHIP),)))
WAITING = replace(NOT_DRAWN, made=False)
FAILED = replace(WAITING, failed=True)


def visit(**more: Any) -> VisitFacts:
    told: dict[str, Any] = {
        "batch": FIRST,
        "site": "sg-001",
        "basis": Basis.DRAWN,
        "way": Way.ON_SITE,
        "attended": (Attendance("d-1", "GD-d-1"), Attendance("d-2", "GD-d-2")),
        "begun": ENDS - 2 * HOUR,
        "draw": DRAW,
        "ended": ENDS,
        "feedback": Feedback(ENDS + HOUR, "秩序良好"),
        "published": ENDS + 2 * HOUR,
    }
    shown = more.pop("shown", frozenset())
    return VisitFacts(f"{FIRST}/1", f"visit/{FIRST}/1@9", Visit(**{**told, **more}), shown)


def known(key: str, told: Supervisor) -> Entry[Supervisor]:
    return Entry(SUPERVISORS.name, key, 1, told, "", "", "", START, ACTOR, "", 1, "")


def facts(*, draws: tuple[DrawFacts, ...] = (), visits: tuple[VisitFacts, ...] = (), **more: Any) -> Facts:
    told: dict[str, Any] = {
        "batch": FIRST,
        "ends": ENDS,
        "draws": draws,
        "visits": visits,
        "supervisors": {key: known(key, person(key)) for key in PEOPLE},
        "examiners": frozenset({"d-4"}),
        "now": ENDS + 100 * HOUR,
    }
    return Facts(**{**told, **more})


def said(ruled: Ruled, verdict: Verdict, zh: str = "", en: str = "") -> None:
    finding = ruled.finding
    assert (finding.verdict, finding.zh, finding.en) == (
        verdict,
        finding.zh if zh in finding.zh else zh,
        finding.en if en in finding.en else en,
    )


# C6.7-1


def test_a_batch_that_no_draw_names_is_never_said_to_have_had_its_chance() -> None:
    said(draw_made(facts()), Verdict.UNKNOWN, "未登记包含考核日期的抽取", "no draw of its days")
    left_out = replace(NOT_DRAWN, has_batch=False)
    said(draw_made(facts(draws=(left_out,))), Verdict.FAIL, "名单中没有本批次", "left the batch out")
    for draws in ((), (left_out,)):
        said(draw_made(facts(draws=draws, now=ENDS - HOUR)), Verdict.PENDING, "尚未列入", "in no pool")
        assert draw_made(facts(draws=draws, now=ENDS)).finding.verdict is not Verdict.PENDING


def test_a_draw_that_does_not_hold_fails_with_what_is_wrong_whatever_else_was_drawn() -> None:
    bad = replace(NOT_DRAWN, name="bad", flaws=(Flaw.COMMITMENT, Flaw.RESULT))
    told = draw_made(facts(draws=(NOT_DRAWN, bad)))
    said(told, Verdict.FAIL, "抽取bad不可复核：密值与承诺不符、结果不是由种子抽出的", "a secret does not match")
    said(draw_made(facts(draws=(replace(DRAWN, revised=True),))), Verdict.FAIL, "名单公布后被改动", "changed after")


def test_a_draw_that_is_not_made_waits_until_its_time_and_then_gave_no_chance() -> None:
    said(draw_made(facts(draws=(WAITING,))), Verdict.PENDING, "限2026-04-30 12:00前", "due by 2026-04-30 12:00")
    said(draw_made(facts(draws=(FAILED,))), Verdict.FAIL, "逾期未完成，本批次未获抽取机会", "had no chance")
    told = draw_made(facts(draws=(replace(FAILED, name="old"), NOT_DRAWN)))
    said(told, Verdict.WARN, "另有抽取old逾期未完成", "never made: old")


def test_a_batch_that_was_in_a_pool_and_not_drawn_had_its_chance() -> None:
    told = draw_made(facts(draws=(NOT_DRAWN,)))
    said(told, Verdict.PASS, "名单共40个批次，本批次未被抽中", "one of 40, and not drawn")
    assert told.rests_on == NOT_DRAWN.rests_on


def test_a_batch_that_was_drawn_is_well_once_those_drawn_came_and_the_result_is_public() -> None:
    told = draw_made(facts(draws=(DRAWN,), visits=(visit(),)))
    said(
        told,
        Verdict.PASS,
        "督导员2名，回避后顺延1次；督导结果已公开",
        "passing over 1 by recusal; the result is published",
    )
    assert told.rests_on == (*DRAWN.rests_on, f"visit/{FIRST}/1@9")
    unpublished = visit(published=None)
    said(draw_made(facts(draws=(DRAWN,), visits=(unpublished,))), Verdict.PENDING, "尚未公开", "not published yet")
    said(draw_made(facts(draws=(DRAWN,))), Verdict.UNKNOWN, "未登记督导", "no visit is on record")
    said(draw_made(facts(draws=(DRAWN,), now=ENDS - HOUR)), Verdict.PENDING, "未登记督导", "no visit")


def test_a_targeted_visit_or_one_by_others_is_not_the_drawn_one() -> None:
    targeted = visit(basis=Basis.TARGETED, draw="", reason="投诉")
    said(draw_made(facts(draws=(DRAWN,), visits=(targeted,))), Verdict.UNKNOWN, "未登记督导")
    others = visit(attended=(Attendance("d-1", "GD-d-1"), Attendance("d-3", "GD-d-3")))
    said(draw_made(facts(draws=(DRAWN,), visits=(others,))), Verdict.FAIL, "不是抽中的督导员", "others came")
    alone = visit(attended=(Attendance("d-1", "GD-d-1"),))
    said(draw_made(facts(draws=(DRAWN,), visits=(alone,))), Verdict.FAIL)
    called_drawn = visit(basis=Basis.TARGETED)
    said(draw_made(facts(draws=(DRAWN,), visits=(called_drawn,))), Verdict.FAIL)


# C6.7-2


@pytest.mark.parametrize(
    ("given", "now", "verdict", "zh"),
    [
        (72 * HOUR, 500 * HOUR, Verdict.PASS, "结束后72小时反馈(限72)"),
        (72 * HOUR + timedelta(seconds=1), 500 * HOUR, Verdict.FAIL, "结束72.1小时后才反馈(限72)"),
        (None, 72 * HOUR, Verdict.PENDING, "限2026-05-04 12:00前"),
        (None, 72 * HOUR + timedelta(seconds=1), Verdict.FAIL, "结束72.1小时未反馈(限72)"),
        (None, 100 * HOUR, Verdict.FAIL, "结束100小时未反馈(限72)"),
        (timedelta(minutes=30), HOUR, Verdict.PASS, "0.5小时"),
    ],
)
def test_feedback_is_in_time_to_the_second(
    given: timedelta | None, now: timedelta, verdict: Verdict, zh: str
) -> None:
    feedback = None if given is None else Feedback(ENDS + given, "秩序良好")
    told = feedback_given(facts(visits=(visit(feedback=feedback, published=None),), now=ENDS + now), PACK)
    said(told, verdict, zh)
    assert told.rests_on == (f"visit/{FIRST}/1@9",)


def test_a_visit_that_runs_waits_and_the_worst_of_several_stands_for_all() -> None:
    runs = visit(ended=None, feedback=None, published=None)
    late = visit(feedback=None, published=None)
    said(feedback_given(facts(visits=(runs,)), PACK), Verdict.PENDING, "未结束", "has not ended")
    said(feedback_given(facts(visits=(runs, visit())), PACK), Verdict.PENDING)
    said(feedback_given(facts(visits=(runs, visit(), late)), PACK), Verdict.FAIL)


def test_an_online_visit_counts_where_its_team_was_shown_its_pictures() -> None:
    answers = (Answer("labels", Said.YES, frames=(FRAME,)),)
    online = {"way": Way.ONLINE, "answers": answers}
    said(feedback_given(facts(visits=(visit(**online),)), PACK), Verdict.UNKNOWN, "1处画面", "none of its 1 pictures")
    said(feedback_given(facts(visits=(visit(**online, shown=frozenset({FRAME})),)), PACK), Verdict.PASS)


def test_without_a_visit_nothing_is_said_unless_one_was_drawn() -> None:
    for rule in (lambda of: feedback_given(of, PACK), badges_valid):
        said(rule(facts()), Verdict.NOT_APPLICABLE, "未登记督导")
        said(rule(facts(draws=(NOT_DRAWN,))), Verdict.NOT_APPLICABLE)
        said(rule(facts(draws=(DRAWN,))), Verdict.UNKNOWN, "已抽中督导，未登记督导")
        said(rule(facts(draws=(DRAWN,), now=ENDS - HOUR)), Verdict.PENDING, "尚未开展")


# C6.7-3


def badge(there: str | None = "GD-d-1", *, told: Supervisor | None = None, **more: Any) -> Ruled:
    own = told or person("d-1")
    end = more.pop("ended", ENDS)
    of = visit(attended=(Attendance("d-1", there),), ended=end)
    return badges_valid(facts(visits=(of,), **{"supervisors": {"d-1": known("d-1", own)}, **more}))


def test_a_badge_is_valid_on_its_first_and_its_last_day_and_on_no_other() -> None:
    day = date(2026, 5, 1)
    one = timedelta(days=1)
    said(badge(told=person("d-1", valid_from=day, valid_to=day)), Verdict.PASS, "证卡有效", "wore a valid badge")
    said(
        badge(told=person("d-1", valid_to=day - one)),
        Verdict.FAIL,
        "至2026-04-30，2026-05-01无效",
        "not on 2026-05-01",
    )
    said(badge(told=person("d-1", valid_from=day + one)), Verdict.FAIL)
    over_night = badge(told=person("d-1", valid_to=day), ended=ENDS + 24 * HOUR)
    said(over_night, Verdict.FAIL, "2026-05-02无效")


def test_a_badge_that_was_not_worn_is_another_or_was_not_looked_at_is_no_pass() -> None:
    said(badge(""), Verdict.FAIL, "未佩戴证卡", "wore no badge")
    said(badge("GD-d-2"), Verdict.FAIL, "证卡编号与登记不符", "another badge")
    said(badge(None), Verdict.UNKNOWN, "是否佩戴证卡未登记", "nobody put on record")
    said(badge(supervisors={}), Verdict.UNKNOWN, "未登记", "is not on record")


def test_who_examines_the_batch_does_not_supervise_it_and_an_unknown_panel_is_no_pass() -> None:
    said(badge(examiners=frozenset({"d-1"})), Verdict.FAIL, "是本批次考评员", "examines that batch")
    said(badge(examiners=None), Verdict.UNKNOWN, "考评员名单不明", "who examines is not known")
    said(badge("", examiners=None), Verdict.FAIL, "未佩戴证卡")
    told = badge()
    assert told.rests_on == (f"visit/{FIRST}/1@9", "supervisor/d-1@1")


# Facts


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def verdicts(
    office: Office, batch: str, now: datetime, examiners: frozenset[str] | None = None
) -> dict[str, Verdict]:
    found = findings(facts_of(office.database, batch, now, examiners), PACK)
    assert all(each.finding.zh and each.finding.en for each in found)
    return {each.finding.id: each.finding.verdict for each in found}


def test_the_facts_are_read_from_the_register_and_a_batch_that_nobody_knows_is_refused(office: Office) -> None:
    with pytest.raises(UnknownBatch):
        facts_of(office.database, "nowhere", office.now)
    after = START + timedelta(days=9)
    assert verdicts(office, FIRST, after)["C6.7-1"] is Verdict.UNKNOWN
    office.publish()
    assert verdicts(office, FIRST, office.now)["C6.7-1"] is Verdict.PENDING
    assert verdicts(office, FIRST, after)["C6.7-1"] is Verdict.FAIL


def test_a_whole_draw_with_its_visit_is_well_and_the_other_batch_had_its_chance(office: Office) -> None:
    (drawn,) = office.draw().outcome.drawn
    other = SECOND if drawn.batch == FIRST else FIRST
    office.now = START + timedelta(days=1)
    office.whole(drawn.batch, *(Attendance(key, f"GD-{key}") for key in drawn.supervisors), draw=DRAW)
    after = START + timedelta(days=9)
    passed = {"C6.7-1": Verdict.PASS, "C6.7-2": Verdict.PASS, "C6.7-3": Verdict.PASS}
    assert verdicts(office, drawn.batch, after, frozenset()) == passed
    assert verdicts(office, other, after, frozenset()) == {
        "C6.7-1": Verdict.PASS,
        "C6.7-2": Verdict.NOT_APPLICABLE,
        "C6.7-3": Verdict.NOT_APPLICABLE,
    }
    rests_on = facts_of(office.database, drawn.batch, after).draws[0].rests_on
    assert [name.partition("/")[0] for name in rests_on] == [
        *("draw_pool", "draw_commitment", "draw_commitment", "draw_secret", "draw_secret", "draw_outcome"),
    ]


def test_pictures_count_that_the_team_was_shown_while_the_visit_ran(office: Office) -> None:
    office.now = START + timedelta(hours=1)
    office.people["d-1"] = person("d-1", account="wu")
    Office.__post_init__(office)
    entry = office.visit(way=Way.ONLINE)
    frame, unseen = (Frame("sg-001-c1", START + timedelta(minutes=at)) for at in (5, 25))
    shown = Viewing(
        office.at(),
        Actor("account:wu", Door.API),
        "city_supervisor",
        Deed.OPEN,
        SHOWN,
        camera="sg-001-c1",
        batch=FIRST,
        span=Interval(START, START + timedelta(minutes=10)),
    )
    for each in (
        shown,
        replace(shown, span=Interval(START, START + HOUR), outcome="not-allowed"),
        replace(shown, span=Interval(START, START + HOUR), actor=Actor("account:li", Door.API)),
        replace(shown, span=Interval(START, START + HOUR), at=START),
        replace(shown, span=Interval(START, START + HOUR), camera="sg-001-c2"),
    ):
        office.database.viewings.add(each)
    office.answer(entry.key, frame, unseen)
    office.end(entry.key)
    (found,) = facts_of(office.database, FIRST, office.now).visits
    assert found.shown == {frame}
