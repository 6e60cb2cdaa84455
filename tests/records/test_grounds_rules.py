"""The rules of clauses 一, 三 and 四: what passes, what fails, and what nobody can know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import rule_pack
from domain.grounds import (
    AGREEMENTS,
    CATALOGUES,
    EXPERT_OPINIONS,
    INSTITUTIONS,
    NORMS,
    PLATES,
    PREMISES,
    SITE_APPROVALS,
    SPECIAL_SITES,
    Area,
    Consent,
    SiteKind,
    SpecialSite,
    Stay,
    at_once,
)
from domain.law import Ruled, Verdict
from domain.places import Batch, Site, Sitting
from domain.register import Entry, Kind
from domain.timeline import Interval
from records import declaration, grounds_file, setup
from records.grounds import enter
from records.grounds_rules import RULES, Facts, Of, facts_of, findings, without_level
from storage.database import Database
from storage.errors import UnknownBatch
from tests.fakes.time import FakeClock
from tests.records.grounds import GROUNDS, NOW, PROJECT
from tests.records.setups import ACTOR, START, WHOLE

PACK = rule_pack.load("SG-2022-08-10")
FILE = grounds_file.parse(GROUNDS, "grounds.yaml")
DECLARED = declaration.parse(WHOLE, "exam.yaml")
BATCH, SITE = DECLARED.batches[0], DECLARED.sites[0]
TEN: Mapping[Of, int] = {(BATCH.id, 1): 10, (BATCH.id, 2): 10}
DAY = date(2026, 5, 1)
ADDRESS = "韶关市浈江区示范路1-2号"
HERE = Stay(date(2024, 1, 1), "lianxi", ADDRESS)


def entry(kind: Kind[Any], value: Any, key: str, at: datetime = START - timedelta(days=60)) -> Entry[Any]:
    return Entry(kind.name, key, 1, value, "", SITE.id, "", at, ACTOR, "", 1, "")


def declared(kind: Kind[Any]) -> tuple[Entry[Any], ...]:
    return tuple(entry(kind, thing.value, thing.draft.key) for thing in FILE.of(kind))


def sitting(number: int, start: datetime, minutes: int = 60, batch: Batch = BATCH, site: Site = SITE) -> Sitting:
    plan = replace(
        BATCH.sitting(1), number=number, planned_start=start, planned_end=start + timedelta(minutes=minutes)
    )
    return Sitting(batch, plan, site)


FACTS = Facts(
    batch=BATCH,
    at=NOW,
    sittings=tuple(Sitting(BATCH, plan, SITE) for plan in BATCH.sittings),
    premises=declared(PREMISES)[0],
    institutions=declared(INSTITUTIONS),
    approvals=declared(SITE_APPROVALS),
    opinions=declared(EXPERT_OPINIONS),
    agreements=declared(AGREEMENTS),
    plate=declared(PLATES)[0],
    norms=declared(NORMS),
    catalogues=declared(CATALOGUES),
    candidates=TEN,
)


def with_value(field: str, **changes: Any) -> Facts:
    """The facts, with something else in the one entry of a field."""
    (old,) = found if isinstance(found := getattr(FACTS, field), tuple) else (found,)
    new = replace(old, value=replace(old.value, **changes))
    changed: dict[str, Any] = {field: (new,) if isinstance(found, tuple) else new}
    return replace(FACTS, **changed)


def ruled(facts: Facts, rule: str) -> Ruled:
    (found,) = [each for each in findings(facts, PACK) if each.finding.id == rule]
    return found


def verdict(facts: Facts, rule: str) -> Verdict:
    return ruled(facts, rule).finding.verdict


def on_days(*days: date) -> Facts:
    """A batch with a sitting at nine on each of these days."""
    starts = [datetime(day.year, day.month, day.day, 1, tzinfo=UTC) for day in days]
    sittings = tuple(sitting(number, start) for number, start in enumerate(starts, 1))
    return replace(FACTS, sittings=sittings, candidates={(BATCH.id, each.plan.number): 10 for each in sittings})


SPECIAL = SpecialSite(
    "special-1",
    "sg-001",
    "示范监区",
    "示范监区",
    date(2026, 4, 1),
    Area.JUDICIAL,
    ADDRESS,
    "所内人员结业考核",
    stations=10,
    consent=Consent(True, START - timedelta(days=3), "市中心"),
)


def special(value: SpecialSite | None = SPECIAL, at: datetime = START - timedelta(days=2)) -> Facts:
    """The batch at a special site that has nothing else."""
    premises = replace(FACTS.premises, value=replace(FACTS.premises.value, kind=SiteKind.SPECIAL))  # type: ignore[type-var,union-attr]
    specials = (entry(SPECIAL_SITES, value, "special-1", at),) if value is not None else ()
    bare: Any = {"approvals": (), "opinions": (), "agreements": (), "plate": None}
    return replace(FACTS, premises=premises, specials=specials, **bare)


def test_a_batch_on_complete_grounds_passes_every_rule_and_names_what_it_rests_on() -> None:
    found = findings(FACTS, PACK)
    assert [each.finding.id for each in found] == ["C1-2", "C4-1", "C4-2", "C4-3", "C4-4", "C4-5", "C4-6"]
    assert [each.finding.verdict for each in found] == [
        Verdict.PASS,
        Verdict.PASS,
        Verdict.NOT_APPLICABLE,
        *[Verdict.PASS] * 4,
    ]
    assert ruled(FACTS, "C1-2").rests_on == ("catalogue/2026@1", "norm/norm-1@1")
    assert ruled(FACTS, "C4-1").rests_on == ("premises/sg-001@1", "site_approval/form-1@1")
    assert ruled(FACTS, "C4-3").rests_on == ("site_approval/form-1@1", "expert_opinion/opinion-1@1")
    assert ruled(FACTS, "C4-4").rests_on == ("expert_opinion/opinion-1@1", "agreement/agreement-1@1")
    assert ruled(FACTS, "C4-5").rests_on == ("agreement/agreement-1@1",)
    assert ruled(FACTS, "C4-6").rests_on == ("plate/sg-001@1",)


def test_where_nothing_is_on_record_nothing_passes() -> None:
    found = findings(Facts(BATCH, NOW, FACTS.sittings), PACK)
    assert {each.finding.verdict for each in found} == {Verdict.UNKNOWN}
    assert {each.rests_on for each in found} == {()}


@given(st.sets(st.sampled_from(["premises", "approvals", "opinions", "agreements", "plate", "norms", "catalogues"])))
def test_taking_something_off_the_record_never_makes_a_rule_pass(gone: set[str]) -> None:
    nothing: dict[str, Any] = {name: () if isinstance(getattr(FACTS, name), tuple) else None for name in gone}
    for with_less, with_all in zip(findings(replace(FACTS, **nothing), PACK), findings(FACTS, PACK), strict=True):
        assert with_less.finding.verdict in (with_all.finding.verdict, Verdict.UNKNOWN, Verdict.FAIL)
        assert with_less.finding.zh and with_less.finding.en


def test_a_batch_without_sittings_has_nothing_to_judge() -> None:
    assert verdict(replace(FACTS, sittings=()), "C4-4") is Verdict.NOT_APPLICABLE


def test_the_day_of_the_exam_and_not_of_the_plan_says_which_catalogue_counts() -> None:
    before = entry(
        CATALOGUES,
        replace(FACTS.catalogues[0].value, year=2025, begins=date(2025, 1, 1), ends=date(2025, 12, 31)),  # type: ignore[type-var]
        "2025",
    )
    both = replace(FACTS, catalogues=(*FACTS.catalogues, before))
    assert verdict(both, "C1-2") is Verdict.PASS
    across = ruled(replace(both, planned_on=date(2025, 12, 20)), "C1-2").finding
    assert (across.verdict, "2025、2026" in across.zh, "2025 and 2026" in across.en) == (Verdict.WARN, True, True)
    not_any_more = replace(with_value("catalogues", projects=()), planned_on=date(2025, 12, 20))
    gone = replace(not_any_more, catalogues=(*not_any_more.catalogues, before))
    assert verdict(gone, "C1-2") is Verdict.FAIL
    assert "不在2026年目录" in ruled(gone, "C1-2").finding.zh


@pytest.mark.parametrize(
    ("field", "changes", "expected", "said"),
    [
        ("catalogues", {"projects": ()}, Verdict.FAIL, "不在2026年目录"),
        ("catalogues", {"begins": date(2026, 5, 2)}, Verdict.UNKNOWN, "未登记2026-05-01有效的考核目录"),
        ("catalogues", {"ends": DAY}, Verdict.PASS, "在2026年目录内"),
        ("norms", {"published": date(2026, 5, 2)}, Verdict.FAIL, "2026-05-02才公布"),
        ("norms", {"published": DAY}, Verdict.PASS, "2026-05-01公布"),
        ("norms", {"project": "粤菜制作"}, Verdict.FAIL, "不是“中式面点制作”的规范"),
    ],
)
def test_a_project_is_examined_by_catalogue_and_norm(
    field: str, changes: dict[str, Any], expected: Verdict, said: str
) -> None:
    found = ruled(with_value(field, **changes), "C1-2").finding
    assert found.verdict is expected
    assert said in found.zh


def test_a_listed_project_whose_norm_nobody_knows_is_unknown() -> None:
    assert verdict(replace(FACTS, norms=()), "C1-2") is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("", Verdict.PASS),
        ("无", Verdict.PASS),
        (" none ", Verdict.PASS),
        ("高级", Verdict.FAIL),
        ("3", Verdict.FAIL),
        (None, Verdict.UNKNOWN),
    ],
)
def test_a_certificate_has_no_level(level: str | None, expected: Verdict) -> None:
    assert without_level(level).verdict is expected


@pytest.mark.parametrize("kind", [SiteKind.TEMPORARY, SiteKind.MOBILE])
def test_a_temporary_or_mobile_site_is_barred(kind: SiteKind) -> None:
    found = ruled(with_value("premises", kind=kind), "C4-1").finding
    assert (found.verdict, found.zh) == (Verdict.FAIL, f"{kind.zh}，不予开考")


def test_a_site_that_moved_fails_until_it_is_approved_again() -> None:
    moved = (Stay(date(2024, 1, 1), "lianxi", ADDRESS), Stay(DAY, "lianxi", "韶关市浈江区示范路12号"))
    there = with_value("premises", stays=moved)
    assert "须重新核准" in ruled(there, "C4-1").finding.zh
    assert verdict(there, "C4-1") is Verdict.FAIL
    form: Any = FACTS.approvals[0].value
    new = replace(
        form, id="form-2", address="韶关市浈江区示范路 12 号", centre=replace(form.centre, day=date(2026, 4, 20))
    )
    again = replace(there, approvals=(*there.approvals, entry(SITE_APPROVALS, new, "form-2")))
    assert verdict(again, "C4-1") is Verdict.PASS
    too_late = replace(new, centre=replace(form.centre, day=date(2026, 5, 3)))
    late = replace(there, approvals=(*there.approvals, entry(SITE_APPROVALS, too_late, "form-2")))
    assert verdict(late, "C4-1") is Verdict.FAIL


def test_a_move_between_two_days_fails_the_later_day_alone() -> None:
    moved = with_value("premises", stays=(HERE, replace(HERE, since=date(2026, 5, 2), address="别处")))
    facts = replace(on_days(DAY, date(2026, 5, 2)), premises=moved.premises)
    found = ruled(facts, "C4-1").finding
    assert found.verdict is Verdict.FAIL
    assert "2026-05-02的地址“别处”" in found.zh
    assert "2026-05-01的" not in found.zh


def test_who_takes_over_a_site_needs_an_approval_and_an_agreement_of_its_own() -> None:
    taken_over = with_value(
        "premises", stays=(Stay(date(2024, 1, 1), "lianxi", ADDRESS), Stay(DAY, "beijiang", ADDRESS))
    )
    assert verdict(taken_over, "C4-1") is Verdict.FAIL
    assert "由beijiang使用，核准的是lianxi，须重新核准" in ruled(taken_over, "C4-1").finding.zh
    assert verdict(taken_over, "C4-5") is Verdict.FAIL
    assert "beijiang没有考场协议" in ruled(taken_over, "C4-5").finding.zh
    assert verdict(taken_over, "C4-3") is Verdict.UNKNOWN
    later = with_value(
        "premises", stays=(Stay(date(2024, 1, 1), "lianxi", ADDRESS), Stay(date(2026, 5, 2), "b", ADDRESS))
    )
    assert {verdict(later, rule) for rule in ("C4-1", "C4-3", "C4-5")} == {Verdict.PASS}


def test_where_nobody_said_who_runs_the_site_an_agreement_does_not_pass() -> None:
    assert verdict(replace(FACTS, premises=None), "C4-5") is Verdict.UNKNOWN


def test_where_a_site_was_before_anybody_said_is_unknown() -> None:
    assert (
        verdict(with_value("premises", stays=(Stay(date(2026, 5, 2), "lianxi", ADDRESS),)), "C4-1") is Verdict.UNKNOWN
    )


def test_an_approval_counts_from_the_day_after_and_until_it_is_revoked() -> None:
    form: Any = FACTS.approvals[0].value

    def decided(day: date, agrees: bool = True) -> Facts:
        return with_value("approvals", centre=replace(form.centre, day=day, agrees=agrees))

    assert verdict(decided(date(2026, 4, 30)), "C4-1") is Verdict.PASS
    assert verdict(decided(DAY), "C4-1") is Verdict.UNKNOWN  # before the start or after it: the form has days only
    assert verdict(decided(date(2026, 5, 2)), "C4-1") is Verdict.FAIL
    assert verdict(decided(date(2026, 4, 1), agrees=False), "C4-1") is Verdict.FAIL
    assert verdict(with_value("approvals", revoked=DAY), "C4-1") is Verdict.FAIL
    assert verdict(with_value("approvals", revoked=date(2026, 5, 2)), "C4-1") is Verdict.PASS


def test_a_form_that_is_not_decided_is_pending_before_the_exam_and_fails_after_it() -> None:
    open_form = with_value("approvals", centre=None)
    assert verdict(replace(open_form, at=START - timedelta(days=1)), "C4-1") is Verdict.PENDING
    assert verdict(open_form, "C4-1") is Verdict.FAIL


def test_a_special_site_stands_on_the_consent_of_the_centre_and_needs_no_agreement_or_plate() -> None:
    found = {each.finding.id: each.finding.verdict for each in findings(special(), PACK)}
    assert found == {
        "C1-2": Verdict.PASS,
        "C4-1": Verdict.NOT_APPLICABLE,
        "C4-2": Verdict.PASS,
        "C4-3": Verdict.NOT_APPLICABLE,
        "C4-4": Verdict.PASS,
        "C4-5": Verdict.NOT_APPLICABLE,
        "C4-6": Verdict.NOT_APPLICABLE,
    }


def consent(at: datetime, agrees: bool = True) -> SpecialSite:
    return replace(SPECIAL, consent=Consent(agrees, at, "市中心"))


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        (consent(START - timedelta(seconds=1)), Verdict.PASS, "经市中心同意"),
        (consent(START), Verdict.FAIL, "才同意"),
        (consent(START + timedelta(minutes=40)), Verdict.FAIL, "09:40才同意"),
        (consent(START - timedelta(days=9), agrees=False), Verdict.FAIL, "未经市中心同意"),
        (replace(SPECIAL, consent=None), Verdict.FAIL, "未经市中心同意"),
        (replace(SPECIAL, applicant="韶关莲溪职业培训学校"), Verdict.FAIL, "不是特设考场所在单位"),
        (replace(SPECIAL, address="别处"), Verdict.FAIL, "同意的是“别处”"),
        (replace(SPECIAL, area=Area.OTHER), Verdict.UNKNOWN, "何种约束性区域"),
        (replace(SPECIAL, area=Area.OTHER, area_named="强制隔离戒毒所"), Verdict.PASS, "其他约束性区域"),
        (None, Verdict.UNKNOWN, "未登记特设考场申请"),
    ],
)
def test_a_special_site_needs_consent_before_the_start(
    value: SpecialSite | None, expected: Verdict, said: str
) -> None:
    found = ruled(special(value, at=START - timedelta(days=2)), "C4-2").finding
    assert found.verdict is expected
    assert said in found.zh


def test_a_consent_is_pending_before_the_exam_and_noted_where_it_was_entered_after_the_start() -> None:
    waiting = replace(special(replace(SPECIAL, consent=None)), at=START - timedelta(days=1))
    assert verdict(waiting, "C4-2") is Verdict.PENDING
    assert verdict(special(at=START + timedelta(days=1)), "C4-2") is Verdict.WARN


def test_the_actual_start_counts_for_a_consent_and_not_the_planned_one() -> None:
    late = special(consent(START + timedelta(minutes=5)))
    began = tuple(replace(each, actual_start=START + timedelta(minutes=9)) for each in late.sittings[:1])
    assert verdict(replace(late, sittings=began), "C4-2") is Verdict.PASS
    assert verdict(late, "C4-2") is Verdict.FAIL


@pytest.mark.parametrize(
    ("changes", "expected", "said"),
    [
        ({"signed": None}, Verdict.FAIL, "无签字日期"),
        ({"visited": None}, Verdict.UNKNOWN, "无实地考察日期"),
        ({"signed": date(2026, 1, 16)}, Verdict.PASS, "2026-01-16签字"),
        ({"signed": date(2026, 1, 17)}, Verdict.FAIL, "晚于核准日2026-01-16"),
        ({"agrees": False}, Verdict.FAIL, "不同意"),
        ({"ceilings": ()}, Verdict.FAIL, "未含项目“中式面点制作”"),
        ({"experts": ()}, Verdict.UNKNOWN, "工作单位不明"),
        ({"approval": "form-9"}, Verdict.FAIL, "缺专家书面意见"),
    ],
)
def test_an_opinion_is_signed_after_a_visit_and_before_the_approval(
    changes: dict[str, Any], expected: Verdict, said: str
) -> None:
    found = ruled(with_value("opinions", **changes), "C4-3").finding
    assert found.verdict is expected
    assert said in found.zh


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"employer": "韶关莲溪职业培训学校"}, Verdict.WARN),
        ({"employer": " 韶关莲溪职业培训学校 ", "of_applicant": False}, Verdict.WARN),
        ({"of_applicant": True}, Verdict.WARN),
        ({"employer": ""}, Verdict.UNKNOWN),
        ({"employer": "", "of_applicant": False}, Verdict.PASS),
    ],
)
def test_an_expert_whom_the_applicant_employs_is_noted(changes: dict[str, Any], expected: Verdict) -> None:
    first, second = FACTS.opinions[0].value.experts  # type: ignore[union-attr]
    assert verdict(with_value("opinions", experts=(replace(first, **changes), second)), "C4-3") is expected


def test_a_condition_that_is_not_met_or_that_nobody_looked_at_is_noted() -> None:
    form: Any = FACTS.approvals[0].value
    unmet = (replace(form.conditions[0], met=False), *form.conditions[2:])
    found = ruled(with_value("approvals", conditions=unmet), "C4-3").finding
    assert found.verdict is Verdict.WARN
    assert "不具备：办公用房" in found.zh
    assert "未记录：办公设施" in found.zh


def counted(*counts: int | None) -> Mapping[Of, int]:
    return {(BATCH.id, number): count for number, count in enumerate(counts, 1) if count is not None}


def test_the_smaller_of_opinion_and_agreement_is_how_many_stations_there_are() -> None:
    assert verdict(replace(FACTS, candidates=counted(18, 18)), "C4-4") is Verdict.PASS
    found = ruled(replace(FACTS, candidates=counted(18, 19)), "C4-4").finding
    assert (found.verdict, "同场19人，超核定18工位" in found.zh) == (Verdict.FAIL, True)
    assert "第1场" not in found.zh


def test_sittings_that_overlap_add_up_and_those_that_only_touch_do_not() -> None:
    touching = (sitting(1, START, 60), sitting(2, START + timedelta(minutes=60), 60))
    overlapping = (sitting(1, START, 61), sitting(2, START + timedelta(minutes=60), 60))
    assert verdict(replace(FACTS, sittings=touching), "C4-4") is Verdict.PASS
    assert verdict(replace(FACTS, sittings=overlapping), "C4-4") is Verdict.FAIL
    assert "同场20人" in ruled(replace(FACTS, sittings=overlapping), "C4-4").finding.zh


def test_a_resit_of_another_batch_in_the_hall_counts_and_another_project_elsewhere_does_not() -> None:
    resit = replace(BATCH, id="resit")
    beside = sitting(7, START, batch=resit)
    full = replace(FACTS, beside=(beside,), candidates={**TEN, ("resit", 7): 9})
    assert verdict(full, "C4-4") is Verdict.FAIL
    assert verdict(replace(full, candidates=TEN), "C4-4") is Verdict.UNKNOWN
    other = replace(BATCH, id="other", project="粤菜制作")
    elsewhere = replace(beside, batch=other, plan=replace(beside.plan, rooms=("r302",)))
    assert verdict(replace(FACTS, beside=(elsewhere,)), "C4-4") is Verdict.PASS
    same_room = replace(beside, batch=other)
    assert verdict(replace(FACTS, beside=(same_room,), candidates={**TEN, ("other", 7): 9}), "C4-4") is Verdict.FAIL


def test_what_is_surely_too_many_fails_whatever_else_is_unknown() -> None:
    assert verdict(replace(FACTS, candidates=counted(None, 10)), "C4-4") is Verdict.UNKNOWN
    assert verdict(replace(FACTS, candidates=counted(None, 19)), "C4-4") is Verdict.FAIL
    for missing in ("opinions", "agreements"):
        one: Any = {missing: ()}
        assert verdict(replace(FACTS, **one), "C4-4") is Verdict.UNKNOWN
        assert verdict(replace(FACTS, candidates=counted(21, 1), **one), "C4-4") is Verdict.FAIL
    assert verdict(special(replace(SPECIAL, stations=None)), "C4-4") is Verdict.UNKNOWN
    assert verdict(special(replace(SPECIAL, stations=9)), "C4-4") is Verdict.FAIL


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.integers(0, 9)), max_size=6))
def test_how_many_are_there_at_once_is_the_most_at_any_minute(spans: list[tuple[int, int, int]]) -> None:
    def at(minute: int) -> datetime:
        return START + timedelta(minutes=minute)

    intervals = [(Interval(at(start), at(start + length)), count) for start, length, count in spans]
    by_minute = [
        sum(count for start, length, count in spans if start <= minute < start + length) for minute in range(61)
    ]
    assert at_once(intervals) == max(by_minute)


@pytest.mark.parametrize(
    ("changes", "expected", "said"),
    [
        ({"ends": DAY}, Verdict.PASS, "含项目"),
        ({"begins": DAY}, Verdict.PASS, "含项目"),
        ({"ends": date(2026, 4, 30)}, Verdict.FAIL, "协议已于2026-04-30到期"),
        ({"ended": date(2026, 4, 30)}, Verdict.FAIL, "协议已于2026-04-30到期"),
        ({"ended": DAY}, Verdict.PASS, "至2026-05-01"),
        ({"begins": date(2026, 5, 2)}, Verdict.FAIL, "协议2026-05-02才生效"),
        ({"signed": date(2026, 5, 2)}, Verdict.FAIL, "协议2026-05-02才生效"),
        ({"scope": ()}, Verdict.FAIL, "不在协议agreement-1范围内"),
    ],
)
def test_an_agreement_holds_on_both_ends_of_its_term_for_its_projects(
    changes: dict[str, Any], expected: Verdict, said: str
) -> None:
    found = ruled(with_value("agreements", **changes), "C4-5").finding
    assert found.verdict is expected
    assert said in found.zh


def test_an_agreement_that_ends_in_the_middle_of_a_batch_fails_on_the_days_after() -> None:
    days = on_days(date(2027, 1, 30), date(2027, 1, 31), date(2027, 2, 1))
    found = ruled(days, "C4-5").finding
    assert (found.verdict, found.zh) == (Verdict.FAIL, "2027-02-01：协议已于2027-01-31到期")
    renewed = replace(
        FACTS.agreements[0].value,  # type: ignore[type-var]
        id="agreement-2",
        begins=date(2027, 2, 1),
        ends=date(2028, 1, 31),
    )
    both = (*FACTS.agreements, entry(AGREEMENTS, renewed, "agreement-2"))
    assert verdict(replace(days, agreements=both), "C4-5") is Verdict.PASS


def test_a_sitting_over_midnight_is_judged_on_both_of_its_days() -> None:
    late = replace(FACTS, sittings=(sitting(1, datetime(2027, 1, 31, 15, 30, tzinfo=UTC), 60),))
    assert verdict(late, "C4-5") is Verdict.FAIL
    until_midnight = replace(FACTS, sittings=(sitting(1, datetime(2027, 1, 31, 15, 0, tzinfo=UTC), 60),))
    assert verdict(until_midnight, "C4-5") is Verdict.PASS


@pytest.mark.parametrize(
    ("changes", "expected", "said"),
    [
        ({"width_cm": Decimal(42)}, Verdict.PASS, "符合规定"),
        ({"width_cm": Decimal("42.1")}, Verdict.WARN, "宽42.1cm，规定40.0cm"),
        ({"thickness_mm": Decimal("0.6")}, Verdict.WARN, "厚0.6mm"),
        ({"fold_cm": None}, Verdict.UNKNOWN, "折边未量"),
        ({"wording": "职业技能考场"}, Verdict.FAIL, "应为“专项职业能力定点考场”"),
        ({"at_front_door": False}, Verdict.FAIL, "挂正门不符"),
        ({"at_front_door": None}, Verdict.UNKNOWN, "挂正门未记录"),
        ({"photo_sha256": ""}, Verdict.UNKNOWN, "照片未记录"),
        ({"stainless_steel": False}, Verdict.FAIL, "不锈钢不符"),
        ({"fold_cm": None, "black_letters": False}, Verdict.FAIL, "黑字不符"),
    ],
)
def test_a_plate_fails_by_what_anybody_sees_and_measures_that_are_off_are_noted(
    changes: dict[str, Any], expected: Verdict, said: str
) -> None:
    found = ruled(with_value("plate", **changes), "C4-6").finding
    assert found.verdict is expected
    assert said in found.zh


def test_every_sentence_stands_in_both_languages() -> None:
    for facts in (FACTS, special(), Facts(BATCH, NOW, FACTS.sittings), with_value("premises", kind=SiteKind.MOBILE)):
        for each in findings(facts, PACK):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in each.finding.zh)
            assert each.finding.en
            assert not any("\u4e00" <= letter <= "\u9fff" for letter in each.finding.en.replace(PROJECT, ""))


def test_facts_are_read_from_the_register_for_one_batch(database: Database, clock: FakeClock) -> None:
    setup.apply(DECLARED, database, ACTOR, clock)
    before = facts_of(database, BATCH.id, NOW, TEN)
    assert {each.finding.verdict for each in findings(before, PACK)} == {Verdict.UNKNOWN}
    enter(FILE, database, ACTOR, NOW)
    facts = facts_of(database, BATCH.id, NOW, TEN)
    assert [each.plan.number for each in facts.sittings] == [1, 2]
    assert (facts.beside, len(RULES)) == ((), 7)
    assert [(each.finding, each.rests_on) for each in findings(facts, PACK)] == [
        (each.finding, each.rests_on) for each in findings(FACTS, PACK)
    ]
    with pytest.raises(UnknownBatch, match="no batch 2026-9999"):
        facts_of(database, "2026-9999", NOW)
