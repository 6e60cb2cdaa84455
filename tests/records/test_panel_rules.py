"""C5 and C6.3: for each rule what passes, what fails, what nobody knows, and the edges between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rule_pack import load
from domain.calendar import months_later
from domain.law import Finding, Verdict
from domain.panels import Attendance, Badge, Dispatch, Examiner, Grant, Member, Qualification, fewest, wanted
from domain.timeline import Interval, IntervalSet
from records.panel_rules import Duty, PanelFacts, SittingPanel, rule_panels

RULES = load("SG-2022-08-10")
NINE = datetime(2026, 5, 1, 1, tzinfo=UTC)  # 09:00 in Shaoguan
EXAM = Interval(NINE, NINE + timedelta(hours=2))
IDS = ("ex-1", "ex-2", "ex-3")
COOKING = "粤菜制作"


def after(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def examiner(id_: str) -> Examiner:
    term = (date(2024, 5, 2), date(2026, 5, 1))
    return Examiner(id_, (Qualification(COOKING, f"Q-{id_}", *term),), badges=(Badge(f"B-{id_}", *term),))


def there(id_: str, come: float = -30, gone: float | None = None, **more: object) -> Attendance:
    left = None if gone is None else after(gone)
    plain = Attendance("b-1", 1, id_, "301", after(come), left, f"B-{id_}", leads=id_ == "ex-1")
    return replace(plain, **more)  # type: ignore[arg-type]


DISPATCH = Dispatch("b-1", 1, tuple(Member(id_, leader=id_ == "ex-1") for id_ in IDS), by_centre=True)
SITTING = SittingPanel(1, EXAM, True, {"301": 30}, DISPATCH, tuple(there(id_) for id_ in IDS), ("dispatch/b-1.1@1",))
FACTS = PanelFacts("b-1", "site-1", COOKING, (SITTING,), {id_: examiner(id_) for id_ in IDS})


def of(id_: str, facts: PanelFacts = FACTS, **sitting: object) -> Finding:
    changed = replace(facts, sittings=(replace(facts.sittings[0], **sitting),))  # type: ignore[arg-type]
    return next(each.finding for each in rule_panels(changed, RULES) if each.finding.id == id_)


def with_examiner(changed: Examiner | None, id_: str = "ex-3") -> PanelFacts:
    known: Mapping[str, Examiner] = {each: FACTS.examiners[each] for each in IDS if each != id_}
    return replace(FACTS, examiners=known if changed is None else {**known, id_: changed})


def test_a_panel_as_it_should_be_passes_every_rule_and_says_what_that_rests_on() -> None:
    ruled = rule_panels(FACTS, RULES)
    assert [(each.finding.id, each.finding.verdict.value) for each in ruled] == [
        ("C5-1", "pass"),
        ("C5-2", "not_applicable"),
        ("C6.3-1", "pass"),
        ("C6.3-2", "pass"),
        ("C6.3-3", "pass"),
        ("C6.3-4", "pass"),
        ("C6.3-5", "pass"),
    ]
    assert {each.rests_on for each in ruled} == {("dispatch/b-1.1@1",)}
    assert all(each.finding.zh and each.finding.en.isascii() for each in ruled)


def test_of_a_batch_without_sittings_nothing_is_known() -> None:
    assert {each.finding.verdict for each in rule_panels(replace(FACTS, sittings=()), RULES)} == {Verdict.UNKNOWN}


@pytest.mark.parametrize("id_", ["C5-1", "C5-2", "C6.3-1", "C6.3-2", "C6.3-3", "C6.3-4", "C6.3-5"])
def test_without_a_dispatch_no_rule_passes(id_: str) -> None:
    assert of(id_, dispatch=None).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("id_", ["C6.3-1", "C6.3-2", "C6.3-3", "C6.3-4"])
def test_who_was_there_is_pending_until_the_end_and_unknown_where_nobody_said(id_: str) -> None:
    assert of(id_, over=False).verdict is Verdict.PENDING
    assert of(id_, over=False, attendance=None).verdict is Verdict.PENDING
    assert of(id_, attendance=None).verdict is Verdict.UNKNOWN


def test_an_examiner_is_qualified_on_the_day_of_the_exam_and_for_its_project() -> None:
    assert of("C5-1", with_examiner(None)).verdict is Verdict.UNKNOWN
    assert of("C5-1", replace(FACTS, project="茶艺")).verdict is Verdict.FAIL
    ended = examiner("ex-3").qualifications[0]
    one_day = replace(examiner("ex-3"), qualifications=(replace(ended, valid_until=date(2026, 4, 30)),))
    assert of("C5-1", with_examiner(one_day)).verdict is Verdict.FAIL
    assert "ex-3 在 2026-05-01 无粤菜制作考评资格" in of("C5-1", with_examiner(one_day)).zh


def test_a_certificate_that_ends_in_the_middle_of_a_night_exam_fails() -> None:
    overnight = Interval(datetime(2026, 5, 1, 14, tzinfo=UTC), datetime(2026, 5, 1, 17, tzinfo=UTC))
    assert of("C5-1", exam=overnight).verdict is Verdict.FAIL


def test_a_certificate_that_ends_in_the_middle_of_a_batch_fails_on_the_sitting_after_it() -> None:
    next_day = Interval(EXAM.start + timedelta(days=1), EXAM.end + timedelta(days=1))
    both = replace(FACTS, sittings=(SITTING, replace(SITTING, number=2, exam=next_day)))
    found = rule_panels(both, RULES)[0].finding
    assert (found.verdict, "第2场：ex-1 在 2026-05-02 无" in found.zh) == (Verdict.FAIL, True)
    assert "第1场" not in found.zh


def test_of_whom_nothing_is_on_record_nobody_knows_whether_they_were_granted_the_project() -> None:
    found = of("C5-2", with_examiner(None))
    assert (found.verdict, "ex-3" in found.zh) == (Verdict.UNKNOWN, True)


@pytest.mark.parametrize(
    ("granted", "verdict"),
    [
        (date(2025, 11, 1), Verdict.PASS),
        (date(2025, 10, 31), Verdict.WARN),
        (date(2026, 5, 1), Verdict.PASS),
        (date(2026, 5, 2), Verdict.FAIL),
    ],
)
def test_a_grant_lasts_six_months_and_longer_is_noted(granted: date, verdict: Verdict) -> None:
    sent = Examiner("ex-3", grants=(Grant(COOKING, "中式烹调师", granted, "项目初期"),))
    assert of("C5-2", with_examiner(sent)).verdict is verdict
    assert of("C5-1", with_examiner(sent)).verdict is Verdict.PASS


def test_grants_of_one_person_sum_up_and_each_says_why() -> None:
    first, again = (
        Grant(COOKING, "中式烹调师", date(2025, 9, 1), "初期"),
        Grant(COOKING, "中式烹调师", date(2026, 4, 1), "初期"),
    )
    assert of("C5-2", with_examiner(Examiner("ex-3", grants=(first, again)))).verdict is Verdict.WARN
    assert of("C5-2", with_examiner(Examiner("ex-3", grants=(again,)))).verdict is Verdict.PASS
    assert of("C5-2", with_examiner(Examiner("ex-3", grants=(replace(again, reason=" "),)))).verdict is Verdict.WARN


def test_a_month_that_is_too_short_ends_at_its_end() -> None:
    assert months_later(date(2025, 8, 31), 6) == date(2026, 2, 28)
    assert months_later(date(2023, 8, 31), 6) == date(2024, 2, 29)
    assert months_later(date(2025, 6, 30), 6) == date(2025, 12, 30)
    assert months_later(date(2025, 12, 1), 1) == date(2026, 1, 1)
    assert months_later(date(2025, 1, 15), 12) == date(2026, 1, 15)


def test_one_who_was_sent_and_did_not_come_fails_at_the_exam_and_not_at_the_dispatch() -> None:
    two = tuple(there(id_) for id_ in IDS[:2])
    assert of("C6.3-1", attendance=two).verdict is Verdict.FAIL
    assert "到岗2名，少于3名" in of("C6.3-1", attendance=two).zh
    assert of("C6.3-1", attendance=two, over=False).verdict is Verdict.PENDING


def test_fewer_than_three_that_were_sent_fail_before_the_exam() -> None:
    two = replace(DISPATCH, members=DISPATCH.members[:2])
    assert of("C6.3-1", dispatch=two, over=False, attendance=None).verdict is Verdict.FAIL


def test_one_who_leaves_for_a_while_is_missing_for_that_while() -> None:
    gone = (there("ex-1"), there("ex-2"), there("ex-3", gone=60), there("ex-3", come=61))
    assert of("C6.3-1", attendance=gone).verdict is Verdict.FAIL
    back = (there("ex-1"), there("ex-2"), there("ex-3", gone=60), there("ex-3", come=60))
    assert of("C6.3-1", attendance=back).verdict is Verdict.PASS
    late = (there("ex-1"), there("ex-2"), there("ex-3", come=0.1))
    assert of("C6.3-1", attendance=late).verdict is Verdict.FAIL


def test_who_was_not_sent_does_not_count() -> None:
    stranger = (there("ex-1"), there("ex-2"), there("ex-9"))
    assert of("C6.3-1", attendance=stranger).verdict is Verdict.FAIL


@pytest.mark.parametrize(("candidates", "need"), [(0, 0), (1, 3), (30, 3), (31, 4), (40, 4), (41, 5), (101, 11)])
def test_ten_candidates_want_one_examiner_and_three_are_the_least(candidates: int, need: int) -> None:
    assert wanted(candidates, 3, 10) == need


def test_the_proportion_is_that_of_those_who_were_there() -> None:
    assert of("C6.3-2", candidates={"301": 31}).verdict is Verdict.FAIL
    assert "31名考生需4名，实到3名" in of("C6.3-2", candidates={"301": 20, "302": 11}).zh
    assert of("C6.3-2", candidates=None).verdict is Verdict.UNKNOWN
    without = of("C6.3-2", candidates={"301": 10, "302": 10, "303": 0})
    assert (without.verdict, "302 考场无考评员" in without.zh, "303" in without.zh) == (Verdict.WARN, True, False)


class TestSittingsAtOnce:
    """Rooms that examine side by side are sittings of their own, and one panel is not two."""

    def both(self, *ids: str, minutes: float = 60, **second: object) -> Finding:
        members = tuple(Member(id_) for id_ in ids)
        other = replace(
            SITTING,
            number=2,
            exam=Interval(after(minutes), after(minutes + 120)),
            candidates={"302": 20},
            dispatch=Dispatch("b-1", 2, members, by_centre=True),
            attendance=tuple(there(id_, room="302", sitting=2) for id_ in ids),
        )
        first = replace(SITTING, candidates={"301": 20})
        facts = replace(FACTS, sittings=(first, replace(other, **second)))  # type: ignore[arg-type]
        return next(each.finding for each in rule_panels(facts, RULES) if each.finding.id == "C6.3-2")

    def test_the_total_of_both_wants_its_own_number_of_people(self) -> None:
        found = self.both(*IDS)
        assert found.verdict is Verdict.FAIL
        assert found.zh == "第2场：同时进行的第1、2场共40名考生需4名，实到3名"
        assert self.both("ex-4", "ex-5", "ex-6").verdict is Verdict.PASS
        assert self.both("ex-2", "ex-3", "ex-4").verdict is Verdict.PASS

    def test_of_two_that_begin_together_it_is_told_once(self) -> None:
        assert self.both(*IDS, minutes=0).zh.count("同时进行") == 1

    def test_those_that_only_touch_do_not_add_up(self) -> None:
        assert self.both(*IDS, minutes=120).verdict is Verdict.PASS

    def test_what_nobody_knows_of_the_other_leaves_it_open(self) -> None:
        assert self.both(*IDS, candidates=None).verdict is Verdict.UNKNOWN
        assert self.both(*IDS, over=False).verdict is Verdict.PENDING


def test_exactly_one_leader_was_sent_and_led_throughout() -> None:
    for leaders in ((), ("ex-1", "ex-2")):
        members = tuple(Member(id_, leader=id_ in leaders) for id_ in IDS)
        assert of("C6.3-3", dispatch=replace(DISPATCH, members=members)).verdict is Verdict.FAIL
    absent = (there("ex-1", leads=False), there("ex-2"), there("ex-3"))
    assert of("C6.3-3", attendance=absent).verdict is Verdict.FAIL


def test_where_the_leader_is_replaced_the_times_abut() -> None:
    def replaced(at: float) -> tuple[Attendance, ...]:
        return (there("ex-1", gone=60), there("ex-2", come=at, leads=True), there("ex-3"))

    assert of("C6.3-3", attendance=replaced(60)).verdict is Verdict.PASS
    assert "无组长在场 60 秒" in of("C6.3-3", attendance=replaced(61)).zh
    assert "同时有两名组长" in of("C6.3-3", attendance=replaced(59)).zh


def test_a_badge_is_worn_and_valid_on_arrival() -> None:
    def arrived(**more: object) -> Finding:
        third = replace(there("ex-3"), **more)  # type: ignore[arg-type]
        return of("C6.3-4", attendance=(there("ex-1"), there("ex-2"), third))

    assert arrived(badge="").verdict is Verdict.FAIL
    assert arrived(badge="B-ex-1").verdict is Verdict.FAIL
    assert arrived(arrived=after(-60 * 24 * 800)).verdict is Verdict.FAIL
    assert of("C6.3-4", with_examiner(None)).verdict is Verdict.UNKNOWN


def test_the_centre_sends_and_the_site_does_not_choose() -> None:
    assert of("C6.3-5", dispatch=replace(DISPATCH, by_centre=False)).verdict is Verdict.FAIL
    chosen = replace(DISPATCH, members=(*DISPATCH.members[:2], Member("ex-3", chosen_by_site=True)))
    assert "ex-3 由考场自选" in of("C6.3-5", dispatch=chosen).zh


def test_nobody_is_sent_to_two_sites_at_once() -> None:
    def also(site: str, minutes: float) -> PanelFacts:
        span = Interval(after(minutes), after(minutes + 60))
        return replace(FACTS, duties=(Duty("ex-2", "b-9", 1, site, span),))

    assert of("C6.3-5", also("site-2", 119)).verdict is Verdict.FAIL
    assert of("C6.3-5", also("site-2", 120)).verdict is Verdict.PASS
    assert of("C6.3-5", also("site-2", -60)).verdict is Verdict.PASS
    assert of("C6.3-5", also("site-1", 0)).verdict is Verdict.PASS


def test_who_is_sent_to_two_sites_at_once_fails_both_batches() -> None:
    here, there_ = (Duty("ex-2", batch, 1, site, EXAM) for batch, site in (("b-1", "site-1"), ("b-9", "site-2")))
    for batch, site, other in (("b-1", "site-1", "site-2"), ("b-9", "site-2", "site-1")):
        found = of("C6.3-5", replace(FACTS, batch=batch, site=site, duties=(here, there_)))
        assert (found.verdict, f"ex-2 同时被派往 {other}" in found.zh) == (Verdict.FAIL, True)


_SPANS = st.tuples(st.integers(-30, 130), st.integers(1, 160)).map(
    lambda pair: IntervalSet([Interval(after(pair[0]), after(pair[0] + pair[1]))])
)
_THERE = st.lists(st.tuples(st.sampled_from(IDS), _SPANS), max_size=6)


@given(_THERE)
def test_the_fewest_is_what_counting_every_minute_gives(people: list[tuple[str, IntervalSet]]) -> None:
    def count(minute: int) -> int:
        return len({name for name, when in people if after(minute) in when})

    assert fewest(people, EXAM) == min(count(minute) for minute in range(120))


@given(_THERE, st.tuples(st.sampled_from(IDS), _SPANS))
def test_one_more_who_is_there_never_makes_it_fewer(
    people: list[tuple[str, IntervalSet]], more: tuple[str, IntervalSet]
) -> None:
    assert fewest([*people, more], EXAM) >= fewest(people, EXAM)
