"""Certificates over the API: all that are asked for or none, with the reason by ticket; and who issues none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.login import FRESH
from dashboard.app import create_app
from domain.certificates import CERTIFICATES, FORMS
from domain.people import Role
from records import certificates
from records.roll import Desk, Said
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, TESTER, Exam, hold_exam
from tests.dashboard.receipted import receipt_of
from tests.dashboard.serving import client, coming, problem
from tests.fakes.notary import SIGNER

AT = f"/api/v1/batches/{BATCH}/certificates"
CASES = f"/api/v1/batches/{BATCH}/cases"


@pytest.fixture
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    folder = tmp_path_factory.mktemp("certificates")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        held = hold_exam(database, folder / "spool")
        enrol(held)
        desk = Desk(database, TESTER, held.clock.now())
        certificates.deliver(desk, "GD0001", "GD0003", 3, Said(desk.now, "省中心"))
        held.clock.advance(60)
        yield held


@pytest.fixture
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def decide(anybody: httpx.Client, headers: dict[str, str], ticket: str, *, issue: bool = True) -> None:
    body = {"candidate": ticket, "issue": issue}
    assert anybody.post(f"{CASES}/decision", json=body, headers=headers).status_code == 200


def wanted(*tickets: str, form: str = "GD0001", **more: str) -> dict[str, Any]:
    return {"candidates": tickets, "form": form, **more}


def test_who_cannot_have_one_is_told_by_ticket_and_nobody_gets_one(anybody: httpx.Client, exam: Exam) -> None:
    officer = coming(exam, Role.CITY_OFFICER)
    decide(anybody, officer, "T002")
    answer = anybody.post(AT, json=wanted("T002", "T001", "T003"), headers=officer)
    assert problem(answer) == (422, "certificate-refused")
    told = {each["field"]: each["message"] for each in answer.json()["errors"]}
    assert set(told) == {"candidates.T001", "candidates.T003"}
    assert "待核" in told["candidates.T001"]
    assert "不予制证" in told["candidates.T003"]
    strange = anybody.post(AT, json=wanted("T009"), headers=officer)
    assert [each["field"] for each in strange.json()["errors"]] == ["candidates.T009"]
    for form, why in (("GD0009", "in no delivery"), ("x y", "no serial")):
        refused = anybody.post(AT, json=wanted("T002", form=form), headers=officer)
        assert problem(refused) == (422, "certificate-refused")
        assert why in refused.json()["detail"]
    assert anybody.post(AT, json=wanted(), headers=officer).status_code == 422
    assert exam.database.register.standing(CERTIFICATES, batch=BATCH) == []
    assert exam.database.register.standing(FORMS) == []


def test_an_officer_issues_on_the_next_form_and_revokes_and_the_list_has_both_with_the_receipt(
    anybody: httpx.Client, exam: Exam
) -> None:
    officer = coming(exam, Role.CITY_OFFICER)
    empty = anybody.get(AT, headers=officer).json()
    assert (empty["certificates"], empty["to_issue"], empty["forms"]["left"]) == ([], [], 3)
    decide(anybody, officer, "T002")
    assert anybody.get(AT, headers=officer).json()["to_issue"] == ["T002"]
    done = anybody.post(AT, json=wanted("T002", stamped_by="印章员"), headers=officer)
    assert done.status_code == 200, done.text
    (made,) = done.json()
    assert (made["candidate"], made["form"], made["imprint"]["told"], made["revoked"]) == (
        "T002",
        "GD0001",
        "印章员",
        None,
    )
    assert problem(anybody.post(AT, json=wanted("T002", form="GD0002"), headers=officer)) == (
        422,
        "certificate-refused",
    )
    code = receipt_of(exam, "T002", made["number"])
    auditor = coming(exam, Role.AUDITOR, BATCH)
    told = anybody.get(AT, headers=auditor).json()
    (listed,) = told["certificates"]
    assert (listed["receipt"]["code"], told["to_issue"]) == (code, [])
    counted = dict.fromkeys(("counted", "by_book", "counted_at"))
    assert told["forms"] == {"delivered": 3, "issued": 1, "spoiled": 0, "left": 2, **counted}
    assert "考生T002" not in str(told)
    gone = {"candidate": "T002", "reason": " "}
    assert problem(anybody.post(f"{AT}/revocation", json=gone, headers=officer)) == (422, "reason-needed")
    gone["reason"] = "成绩更正后不合格"
    assert anybody.post(f"{AT}/revocation", json=gone, headers=officer).json()["revoked"]["told"] == gone["reason"]
    assert problem(anybody.post(f"{AT}/revocation", json=gone, headers=officer)) == (422, "certificate-refused")
    nobodys = {"candidate": "T001", "reason": "x"}
    assert problem(anybody.post(f"{AT}/revocation", json=nobodys, headers=officer)) == (404, "unknown-certificate")


def test_issuing_and_revoking_ask_for_a_fresh_password_and_are_the_officers_alone(
    anybody: httpx.Client, exam: Exam
) -> None:
    officer = coming(exam, Role.CITY_OFFICER)
    asked = (("", wanted("T002")), ("/revocation", {"candidate": "T002", "reason": "x"}))
    for role, names in (
        (Role.CITY_SUPERVISOR, ()),
        (Role.COUNTY_SUPERVISOR, ("浈江区",)),
        (Role.SITE_OPERATOR, ("sg-001",)),
        (Role.AUDITOR, (BATCH,)),
        (Role.EXAMINER, (BATCH,)),
        (Role.CITY_ADMINISTRATOR, ()),
    ):
        headers = coming(exam, role, *names)
        for path, body in asked:
            assert problem(anybody.post(f"{AT}{path}", json=body, headers=headers)) == (403, "not-allowed")
    exam.clock.advance(FRESH.total_seconds())
    for path, body in asked:
        assert problem(anybody.post(f"{AT}{path}", json=body, headers=officer)) == (403, "proof-needed")
    assert exam.database.register.standing(CERTIFICATES, batch=BATCH) == []
    for role, names in ((Role.SITE_OPERATOR, ("sg-001",)), (Role.EXAMINER, (BATCH,))):
        assert problem(anybody.get(AT, headers=coming(exam, role, *names))) == (403, "not-allowed")
