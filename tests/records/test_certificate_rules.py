"""Rules on certificates: what passes, what fails, what is not known, and the edges of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from domain.certificates import (
    Answer,
    Certificate,
    Claim,
    Delivery,
    Fate,
    Form,
    Imprint,
    Query,
    Revocation,
    Stocktake,
)
from domain.gate import IssueDecision, Proposal
from domain.law import Ruled, Verdict
from domain.people import Actor, Door
from domain.register import Entry
from records import certificates
from records.certificate_rules import CertificateFacts, facts_of, findings, of_claims, of_forms, of_level, of_province
from records.certificates import Ledger
from storage.database import Database
from storage.errors import UnknownBatch
from tests.fakes.time import FakeClock
from tests.records.certified import DAY, case, desk, examined, held, issue, later, said
from tests.records.rolls import BATCH, RULES

_acts = count(1)
NUMBER = "44022026000001"


def entry(kind: str, key: str, value: Any) -> Entry[Any]:
    return Entry(kind, key, 1, value, BATCH, "sg-001", "", DAY, Actor("a", Door.API), "", next(_acts), "")


def certificate(place: int = 1, **other: Any) -> Entry[Certificate]:
    value = Certificate(
        f"4402202600000{place}",
        BATCH,
        f"T00{place}",
        f"GD000{place}",
        "中式面点制作",
        "",
        (),
        date(2026, 5, 1),
        DAY,
        "c",
        "d",
        imprint=Imprint(DAY, "x"),
    )
    return entry("certificate", value.number, replace(value, **other))


def form(place: int = 1, **other: Any) -> Entry[Form]:
    value = Form(f"GD000{place}", DAY, f"4402202600000{place}")
    return entry("certificate_form", value.serial, replace(value, **other))


def stocktake(left: int, minutes: float = 60) -> Entry[Stocktake]:
    return entry("form_stocktake", "s", Stocktake(later(minutes), left, "x"))


def decision(issue: bool) -> Entry[IssueDecision]:
    value = IssueDecision(BATCH, "T001", issue, Proposal.ISSUE, DAY, "account:wu")
    return entry("issue_decision", f"{BATCH}/T001", value)


def query(answer: Answer, asked: date, **other: Any) -> Entry[Query]:
    return entry("certificate_query", NUMBER, Query(NUMBER, answer, asked, **other))


def claim(id_: str = "BT-1", number: str = NUMBER) -> Entry[Claim]:
    return entry("subsidy_claim", id_, Claim(id_, number, date(2026, 6, 1)))


def book(*forms: Entry[Form], counted: Entry[Stocktake] | None = None) -> Ledger:
    delivered = Delivery("GD0001", "GD0009", 9, later(-600), "省中心")
    return Ledger((entry("form_delivery", "GD0001", delivered),), forms, counted)


NONE = CertificateFacts(BATCH, later(120))
WHOLE = replace(NONE, certificates=(certificate(),), book=book(form(), counted=stocktake(8)))


def days(number: int) -> datetime:
    return DAY + timedelta(days=number)


def verdict(ruled: Ruled) -> Verdict:
    assert ruled.finding.zh
    assert ruled.finding.en
    return ruled.finding.verdict


def test_before_anything_is_issued_it_is_outstanding_and_where_nobody_is_to_have_one_it_does_not_apply() -> None:
    for decisions, wanted in (
        ((), Verdict.PENDING),
        ((decision(True),), Verdict.PENDING),
        ((decision(False),), Verdict.NOT_APPLICABLE),
    ):
        found = findings(replace(NONE, decisions=decisions), RULES)
        assert [each.finding.id for each in found] == ["C3-1", "C7-1", "C7-2", "C8-1"]
        assert [verdict(each) for each in found] == [*[wanted] * 3, Verdict.NOT_APPLICABLE]


# --- C3-1 ---


@pytest.mark.parametrize(
    ("level", "shown", "wanted"),
    [
        ("", None, Verdict.PASS),
        ("无", "无", Verdict.PASS),
        ("", "", Verdict.PASS),
        ("三级", None, Verdict.FAIL),
        ("", "高级", Verdict.FAIL),
    ],
)
def test_no_certificate_has_a_level_here_or_at_the_provinces(level: str, shown: str | None, wanted: Verdict) -> None:
    queries = (query(Answer.FOUND, date(2026, 6, 1), level=shown),)
    found = of_level(replace(NONE, certificates=(certificate(level=level),), queries=queries))
    assert verdict(found) is wanted
    assert (NUMBER in found.finding.zh) == (wanted is Verdict.FAIL)


# --- C7-1 ---


def test_forms_that_add_up_on_certificates_that_are_stamped_pass() -> None:
    found = of_forms(WHOLE)
    assert verdict(found) is Verdict.PASS
    assert "使用1张：核发1、作废0，结存8张" in found.finding.zh
    assert set(found.rests_on) == {
        f"certificate/{NUMBER}@1",
        "certificate_form/GD0001@1",
        "form_stocktake/s@1",
        "form_delivery/GD0001@1",
    }


@pytest.mark.parametrize(
    ("left", "wanted", "told"),
    [(8, Verdict.PASS, "结存8张"), (6, Verdict.FAIL, "空白证书差2张"), (9, Verdict.FAIL, "空白证书多1张")],
)
def test_what_was_counted_is_what_the_book_says_is_left(left: int, wanted: Verdict, told: str) -> None:
    found = of_forms(replace(WHOLE, book=book(form(), counted=stocktake(left))))
    assert (verdict(found), told in found.finding.zh) == (wanted, True)


def test_a_spoiled_form_and_a_reprint_are_used_up_too() -> None:
    spoiled = form(2, number="", fate=Fate.KEPT)
    old = form(3, number=NUMBER, fate=Fate.DESTROYED)
    assert verdict(of_forms(replace(WHOLE, book=book(form(), spoiled, old, counted=stocktake(6))))) is Verdict.PASS
    late = form(4, number="", fate=Fate.KEPT, used=later(90))  # after the stocktake
    assert (
        verdict(of_forms(replace(WHOLE, book=book(form(), spoiled, old, late, counted=stocktake(6))))) is Verdict.PASS
    )


@pytest.mark.parametrize(("now", "wanted"), [(later(120), Verdict.PENDING), (days(1), Verdict.UNKNOWN)])
def test_what_is_not_stamped_or_not_counted_is_outstanding_that_day_and_unknown_afterwards(
    now: datetime, wanted: Verdict
) -> None:
    facts = replace(WHOLE, now=now)
    for other, told in (
        (replace(facts, certificates=(certificate(imprint=None),)), "未登记用印"),
        (replace(facts, book=book(form())), "未盘点"),
        (replace(facts, book=book(form(), counted=stocktake(9, -60))), "未盘点"),
    ):
        found = of_forms(other)
        assert (verdict(found), told in found.finding.zh) == (wanted, True)
    revoked = certificate(imprint=None, revoked=Revocation(DAY, "x"))
    assert verdict(of_forms(replace(facts, certificates=(revoked,)))) is Verdict.PASS


@pytest.mark.parametrize(
    ("facts", "wanted", "told"),
    [
        (replace(WHOLE, certificates=(certificate(by_centre=False),)), Verdict.FAIL, "非市中心制证"),
        (replace(WHOLE, certificates=(certificate(form="ZZ1"),)), Verdict.FAIL, "未经省中心配发"),
        (replace(WHOLE, certificates=(certificate(form="假"),)), Verdict.FAIL, "未经省中心配发"),
        (replace(WHOLE, book=book(counted=stocktake(9))), Verdict.UNKNOWN, "未登记使用"),
        (replace(WHOLE, book=book(form(number="other"), counted=stocktake(8))), Verdict.FAIL, "不止用于"),
        (replace(WHOLE, book=book(form(fate=Fate.KEPT), counted=stocktake(8))), Verdict.FAIL, "不止用于"),
    ],
)
def test_forms_of_nobody_knows_where_and_certificates_of_others_fail(
    facts: CertificateFacts, wanted: Verdict, told: str
) -> None:
    found = of_forms(facts)
    assert (verdict(found), told in found.finding.zh) == (wanted, True)


# --- C7-2 ---


@pytest.mark.parametrize(
    ("answer", "asked", "now", "wanted"),
    [
        (None, 0, 0, Verdict.PENDING),
        (None, 0, 30, Verdict.PENDING),
        (None, 0, 31, Verdict.UNKNOWN),
        (Answer.FOUND, 1, 1, Verdict.PASS),
        (Answer.DIFFERS, 1, 1, Verdict.FAIL),
        (Answer.NOT_FOUND, 1, 30, Verdict.PENDING),
        (Answer.NOT_FOUND, 30, 31, Verdict.UNKNOWN),  # asked too early to say that it is not there
        (Answer.NOT_FOUND, 31, 31, Verdict.FAIL),
    ],
)
def test_a_number_is_found_or_is_given_its_time(answer: Answer | None, asked: int, now: int, wanted: Verdict) -> None:
    day = date(2026, 5, 4) + timedelta(days=asked)
    queries = () if answer is None else (query(answer, day, note="姓名"),)
    found = of_province(replace(WHOLE, now=days(now), queries=queries), RULES)
    assert verdict(found) is wanted
    assert ("省平台未查到" in found.finding.zh) == (answer is Answer.NOT_FOUND)
    assert f"certificate/{NUMBER}@1" in found.rests_on


def test_one_number_that_is_not_there_fails_the_batch_and_a_revoked_one_is_not_looked_for() -> None:
    certificates_ = (certificate(), certificate(2))
    queries = (query(Answer.FOUND, date(2026, 7, 1)),)
    assert verdict(of_province(replace(NONE, certificates=certificates_, queries=queries), RULES)) is Verdict.PENDING
    revoked = certificate(2, revoked=Revocation(DAY, "x"))
    both = replace(NONE, certificates=(certificate(), revoked), queries=queries)
    assert verdict(of_province(both, RULES)) is Verdict.PASS
    assert verdict(of_province(replace(NONE, certificates=(revoked,)), RULES)) is Verdict.NOT_APPLICABLE


def test_of_many_numbers_the_first_few_are_told_and_how_many_more() -> None:
    many = tuple(certificate(place) for place in range(1, 9))
    found = of_province(replace(NONE, now=days(40), certificates=many), RULES)
    assert found.finding.zh.endswith("；另有3项")
    assert found.finding.en.endswith("; and 3 more")
    assert len(found.rests_on) == 8


# --- C8-1 ---


@pytest.mark.parametrize(
    ("number", "at_gate", "revoked", "wanted", "told"),
    [
        (NUMBER, case(), False, Verdict.PASS, "均有考核证据"),
        (NUMBER, held(), False, Verdict.FAIL, "补贴对应证书证据不足：申领BT-1，44022026000001，科目1：c1 断线"),
        (NUMBER, case("T001", "59.5"), False, Verdict.FAIL, "证据不足"),
        (NUMBER, case(), True, Verdict.FAIL, "证书已撤销"),
        ("44029999000001", case(), False, Verdict.FAIL, "没有此编号的证书"),
        (NUMBER, None, False, Verdict.UNKNOWN, "考核证据未知"),
    ],
)
def test_a_claim_stands_on_a_certificate_whose_evidence_passes(
    number: str, at_gate: Any, revoked: bool, wanted: Verdict, told: str
) -> None:
    ours = certificate(revoked=Revocation(DAY, "x")) if revoked else certificate()
    facts = replace(WHOLE, certificates=(ours,), claims=(claim(number=number),))
    found = of_claims(facts, {} if at_gate is None else {"T001": at_gate})
    assert (verdict(found), told in found.finding.zh) == (wanted, True), found.finding.zh


def test_two_claims_for_one_certificate_are_noted() -> None:
    found = of_claims(replace(WHOLE, claims=(claim(), claim("BT-2"))), {"T001": case()})
    assert (verdict(found), "申领2次" in found.finding.zh) == (Verdict.WARN, True)


# --- From the register ---


def test_the_facts_of_a_batch_are_those_of_the_register(database: Database, clock: FakeClock) -> None:
    examined(database, clock)
    issue(database, "T001", "T002", stamped_by="印章员")
    certificates.take_stock(desk(database, 5), 8, said(5))
    found = findings(facts_of(database, BATCH, later(6)), RULES)
    assert [verdict(each) for each in found] == [
        *(Verdict.PASS, Verdict.PASS, Verdict.PENDING),
        Verdict.NOT_APPLICABLE,
    ]
    with pytest.raises(UnknownBatch):
        facts_of(database, "nowhere", DAY)
