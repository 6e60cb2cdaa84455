"""Marks of a sitting over the API and in its report: made by who runs it, and told as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from analysis.report import sitting_report
from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.report import compose
from domain.people import Account, Role, Scope
from domain.timeline import rfc3339
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import BATCH, PACK, SITE, Exam, log_in, plan_exam
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER

SITTING = f"/api/v1/batches/{BATCH}/sittings/2"


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    """One of its own: marks move windows that other tests read."""
    folder = tmp_path_factory.mktemp("marks")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        yield plan_exam(database, folder / "spool")


@pytest.fixture(scope="module")
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def coming(exam: Exam, role: Role, *names: str) -> dict[str, str]:
    name = f"{role}-m{len(exam.database.accounts.all())}"
    log_in(exam, Account(name, role, Scope(role.reach, frozenset(names)), exam.clock.now(), False), name)
    return {"Cookie": f"kaojian_session={name}"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_only_who_runs_the_sitting_marks_it(exam: Exam, anybody: httpx.Client) -> None:
    for role, names, told in (
        (Role.CITY_SUPERVISOR, (), (403, "not-allowed")),
        (Role.CITY_OFFICER, (), (403, "not-allowed")),
        (Role.SITE_OPERATOR, ("sg-002",), (404, "unknown-batch")),
    ):
        answer = anybody.post(f"{SITTING}/marks", json={"mark": "opened"}, headers=coming(exam, role, *names))
        assert problem(answer) == told
    assert exam.database.marks.of(BATCH, 2) == []


def test_marks_are_kept_corrected_with_a_reason_and_told_on_paper(exam: Exam, anybody: httpx.Client) -> None:
    headers = coming(exam, Role.SITE_OPERATOR, SITE.id)
    first = {"mark": "read", "at": "2026-05-01T09:00:00+08:00"}
    assert anybody.post(f"{SITTING}/marks", json=first, headers=headers).json()["warnings"] == []
    odd = anybody.post(f"{SITTING}/marks", json={"mark": "opened"}, headers=headers)
    assert odd.status_code == 201
    assert "启封 opened is marked after 宣读 read" in odd.json()["warnings"][0]
    again = {"mark": "read", "at": "2026-05-01T09:01:00+08:00"}
    assert problem(anybody.post(f"{SITTING}/marks", json=again, headers=headers)) == (409, "mark-stands")
    corrected = anybody.post(f"{SITTING}/marks", json={**again, "reason": "看错了钟"}, headers=headers)
    assert corrected.status_code == 201
    future = {"mark": "sealed", "at": "2027-05-01T09:00:00+08:00"}
    assert problem(anybody.post(f"{SITTING}/marks", json=future, headers=headers)) == (422, "impossible-time")

    found = anybody.get(f"{SITTING}/report", headers=headers).json()["marks"]
    assert [(each["mark"], each["at"], each["earlier"], each["after"]) for each in found] == [
        ("opened", rfc3339(exam.clock.now()), 0, ["read"]),
        ("read", "2026-05-01T01:01:00.000Z", 1, []),
    ]
    assert found[1]["reason"] == "看错了钟"
    assert {each["by"] for each in found} == {"account:" + headers["Cookie"].partition("=")[2]}
    acts = [each for each in exam.database.journal.entries() if each.act == "mark_sitting"]
    assert len(acts) == 3

    report = sitting_report(exam.database, BATCH, 2, PACK, exam.clock.now())
    html = as_html(compose(report, "zh", site=SITE))
    assert re.search(r"1 启封.*顺序异常：晚于宣读.*2 宣读.*更正 1 次：看错了钟", html, re.DOTALL)
    assert "out of order: later than rules read" in as_html(compose(report, "en", site=SITE))
    assert as_pdf(compose(report, "en", site=SITE)).startswith(b"%PDF")
