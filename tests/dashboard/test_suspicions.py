"""Suspicions over the API: what is told of whom, and that nobody is told of a batch that they do not see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.panels import Dispatch, Member
from domain.people import Role
from domain.places import Batch
from domain.register import Draft
from records.panels import DISPATCHES
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, PACK, SITE, START, TESTER, WINDOW, Exam, hold_exam, plan
from tests.dashboard.serving import client, coming
from tests.fakes.notary import SIGNER

OTHER = "SG-2026-0502"
AT = "/api/v1/suspicions"


def send_elsewhere(exam: Exam) -> None:
    """An examiner of the exam is at a site of another county at the same time."""
    room = replace(SITE.rooms[0], cameras=())
    elsewhere = replace(SITE, id="sg-002", name="另一考场", county="曲江区", rooms=(room,), nvrs=())
    exam.database.setup.apply_site(elsewhere, TESTER, WINDOW.start)
    sitting = replace(plan(1, START), rooms=(room.id,))
    exam.database.setup.apply_batch(Batch(OTHER, "sg-002", "中式面点制作", PACK.id, (sitting,)), TESTER, WINDOW.start)
    order = Dispatch(OTHER, 1, (Member("ex-2", leader=True),), by_centre=True)
    draft = Draft(DISPATCHES, f"{OTHER}/1", order, OTHER, "sg-002")
    exam.database.register.enter("import_panels", OTHER, [draft], TESTER, exam.clock.now())


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    folder = tmp_path_factory.mktemp("suspicions")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        held = hold_exam(database, folder / "spool")
        enrol(held)
        send_elsewhere(held)
        yield held


@pytest.fixture(scope="module")
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def told(anybody: httpx.Client, headers: dict[str, str]) -> dict[str, Any]:
    answer = anybody.get(AT, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def sorts(found: dict[str, Any]) -> list[str]:
    return [each["sort"] for each in found["suspicions"]]


def test_what_is_odd_is_told_with_the_entries_and_by_ids_alone(anybody: httpx.Client, exam: Exam) -> None:
    found = told(anybody, coming(exam, Role.CITY_OFFICER))
    assert sorts(found) == ["two_places", "more_passers"]
    (twice, passers) = found["suspicions"]
    assert (twice["about"], twice["batches"]) == (["ex-2", BATCH, OTHER], [BATCH, OTHER])
    assert f"dispatch/{OTHER}/1@1" in twice["rests_on"]
    assert (passers["batches"], "最多0人" in passers["zh"]) == ([BATCH], True)
    assert found["not_looked_for"] == ["scored_without_presence"]
    assert "考生T001" not in str(found)


@pytest.mark.parametrize(
    ("role", "names", "expected"),
    [
        (Role.CITY_SUPERVISOR, (), ["two_places", "more_passers"]),
        (Role.COUNTY_SUPERVISOR, (SITE.county,), ["more_passers"]),
        (Role.COUNTY_SUPERVISOR, ("曲江区",), []),
        (Role.AUDITOR, (BATCH,), ["more_passers"]),
        (Role.AUDITOR, (BATCH, OTHER), ["two_places", "more_passers"]),
        (Role.AUDITOR, (OTHER,), []),
    ],
)
def test_each_is_told_what_lies_in_their_batches_as_a_whole(
    anybody: httpx.Client, exam: Exam, role: Role, names: tuple[str, ...], expected: list[str]
) -> None:
    assert sorts(told(anybody, coming(exam, role, *names))) == expected


def test_who_is_recused_from_a_batch_is_told_nothing_of_it(anybody: httpx.Client, exam: Exam) -> None:
    assert sorts(told(anybody, coming(exam, Role.CITY_OFFICER, recused=OTHER))) == ["more_passers"]


@pytest.mark.parametrize(
    ("role", "names"),
    [(Role.EXAMINER, (BATCH,)), (Role.CITY_ADMINISTRATOR, ()), (Role.SITE_OPERATOR, ("sg-001",))],
)
def test_whom_they_are_about_and_who_makes_accounts_reads_none(
    anybody: httpx.Client, exam: Exam, role: Role, names: tuple[str, ...]
) -> None:
    answer = anybody.get(AT, headers=coming(exam, role, *names))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "not-allowed")
    assert anybody.get(AT).status_code == 401
