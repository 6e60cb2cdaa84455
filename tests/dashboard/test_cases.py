"""A batch by the notice over the API: its clauses, its candidates, and who may let whom past the gate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.clauses import CLAUSES
from domain.gate import EXITS
from domain.people import Role
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.candidates import SUBJECT, enrol
from tests.dashboard.exam import BATCH, Exam, hold_exam
from tests.dashboard.serving import client, coming, problem
from tests.fakes.notary import SIGNER

AT = f"/api/v1/batches/{BATCH}"
PLACE = f"{BATCH}/1/A01"
DECIDED = {
    "candidate": "T001",
    "kind": "decided",
    "subject": SUBJECT,
    "place": PLACE,
    "evidence": "韶技服〔2026〕9号",
    "reason": "摄像机断线八秒，督导员在场",
}


@pytest.fixture
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    folder = tmp_path_factory.mktemp("cases")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        held = hold_exam(database, folder / "spool")
        enrol(held)
        yield held


@pytest.fixture
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def proposals(anybody: httpx.Client, headers: dict[str, str]) -> dict[str, Any]:
    answer = anybody.get(f"{AT}/cases", headers=headers)
    assert answer.status_code == 200, answer.text
    return {each["candidate"]: each for each in answer.json()["cases"]}


def test_each_clause_is_there_once_with_its_title_and_what_it_rests_on(anybody: httpx.Client, exam: Exam) -> None:
    told = anybody.get(f"{AT}/clauses", headers=coming(exam, Role.CITY_SUPERVISOR)).json()
    ids = [each["id"] for each in told["clauses"]]
    order = [clause.id for clause in CLAUSES]
    assert ids == sorted(set(ids), key=order.index)
    process = next(each for each in told["clauses"] if each["id"] == "C6.2-3")
    assert (process["title_zh"], process["verdict"], process["rests_on"]) == (
        "全过程录像",
        "fail",  # the first sitting has a gap, the second is still to come
        ["report/1", "report/2"],
    )
    assert process["zh"].startswith("第1场：")
    assert [each["sitting"] for each in told["sittings"]] == [1, 2]
    assert "考生T001" not in str(told)


def test_one_candidate_is_held_back_by_the_camera_one_goes_through_and_one_was_absent(
    anybody: httpx.Client, exam: Exam
) -> None:
    told = proposals(anybody, coming(exam, Role.CITY_OFFICER))
    assert {name: each["proposal"] for name, each in told.items()} == {
        "T001": "hold",
        "T002": "issue",
        "T003": "refuse",
    }
    (reason,) = told["T001"]["reasons"]
    assert "摄像机断线" in reason["zh"]
    assert told["T001"]["footage"][0]["place"] == PLACE


def test_an_exit_lets_through_once_a_second_person_confirms_it_and_then_an_officer_decides(
    anybody: httpx.Client, exam: Exam
) -> None:
    officer, second = coming(exam, Role.CITY_OFFICER), coming(exam, Role.CITY_SUPERVISOR)
    held = anybody.post(f"{AT}/cases/decision", json={"candidate": "T001", "issue": True}, headers=officer)
    assert problem(held) == (422, "case-refused")
    taken = anybody.post(f"{AT}/cases/exits", json=DECIDED, headers=officer)
    assert (taken.status_code, taken.json()["second"]) == (200, None), taken.text
    again = {"candidate": "T001", "number": taken.json()["number"]}
    own = anybody.post(f"{AT}/cases/exits/confirmation", json=again, headers=officer)
    assert problem(own) == (422, "case-refused")
    assert proposals(anybody, officer)["T001"]["proposal"] == "hold"
    confirmed = anybody.post(f"{AT}/cases/exits/confirmation", json=again, headers=second)
    assert confirmed.json()["second"].startswith("account:city-supervisor")
    decided = anybody.post(f"{AT}/cases/decision", json={"candidate": "T001", "issue": True}, headers=officer)
    assert (decided.json()["issue"], decided.json()["proposed"]) == (True, "issue")
    told = proposals(anybody, officer)["T001"]
    assert (told["proposal"], told["decision"]["issue"], [each["code"] for each in told["reasons"]]) == (
        "issue",
        True,
        ["exit"],
    )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kind": "other_view", "evidence": "A-cam-1"}, "no usable footage"),
        ({"kind": "backfilled"}, "SHA-256"),
        ({"place": f"{BATCH}/1/B01"}, "was not examined"),
        ({"candidate": "T009"}, "no candidate"),
        ({"reason": " "}, "say why"),
    ],
)
def test_an_exit_that_does_not_lead_out_is_refused_with_the_reason(
    anybody: httpx.Client, exam: Exam, changed: dict[str, str], told: str
) -> None:
    answer = anybody.post(f"{AT}/cases/exits", json=DECIDED | changed, headers=coming(exam, Role.CITY_OFFICER))
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert exam.database.register.standing(EXITS, batch=BATCH) == []


def test_whoever_runs_marks_or_administers_decides_on_nobody(anybody: httpx.Client, exam: Exam) -> None:
    for role, names in (
        (Role.SITE_OPERATOR, ("sg-001",)),
        (Role.EXAMINER, (BATCH,)),
        (Role.CITY_ADMINISTRATOR, ()),
        (Role.COUNTY_SUPERVISOR, ("浈江区",)),
    ):
        headers = coming(exam, role, *names)
        for path, body in (
            ("decision", {"candidate": "T002", "issue": True}),
            ("exits", DECIDED),
            ("exits/confirmation", {"candidate": "T001", "number": 1}),
        ):
            assert problem(anybody.post(f"{AT}/cases/{path}", json=body, headers=headers)) == (403, "not-allowed")
    assert problem(anybody.get(f"{AT}/cases", headers=coming(exam, Role.EXAMINER, BATCH))) == (403, "not-allowed")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_of_it_is_printed_as_one_file_for_who_may_see_cases(
    anybody: httpx.Client, exam: Exam, language: str
) -> None:
    answer = anybody.get(f"{AT}/clauses.pdf", params={"lang": language}, headers=coming(exam, Role.CITY_OFFICER))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert problem(anybody.get(f"{AT}/clauses.pdf", headers=coming(exam, Role.EXAMINER, BATCH)))[0] == 403
