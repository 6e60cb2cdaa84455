"""Rosters over the API: a site's operator takes a file in, whole or not at all, and nobody gets a whole number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.people import Account, Reach, Role, Scope
from domain.register import Draft
from domain.roll import CANDIDATES, Candidate, Document
from records import sheets
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import BATCH, SITE, Exam, log_in, plan_exam
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER
from tests.records.rolls import NUMBERS, number, row, text_of
from tests.records.setups import ACTOR

ROSTER = f"/api/v1/batches/{BATCH}/roster"
LATER = {"name": "名册.csv", "reason": "补录"}  # the exam's clock stands after it


@dataclass
class Door:
    """An exam of the future that is served, and its operator."""

    exam: Exam
    talking: httpx.Client

    def person(self, name: str, role: Role, site: str = SITE.id) -> dict[str, str]:
        held = self.exam.database.accounts.find(name)
        if held is None:
            names = {Reach.SITE: {site}, Reach.COUNTY: {SITE.county}, Reach.BATCHES: {BATCH}}.get(role.reach, set())
            log_in(
                self.exam,
                Account(name, role, Scope(role.reach, frozenset(names)), self.exam.clock.now(), False),
                name,
            )
        return {"Cookie": f"{COOKIE}={name}"}

    def send(self, data: bytes, who: str = "deng", **params: Any) -> httpx.Response:
        headers = {**self.person(who, Role.SITE_OPERATOR), "Content-Type": "application/octet-stream"}
        return self.talking.post(ROSTER, content=data, params=LATER | params, headers=headers)

    def read(self, name: str, role: Role, **more: str) -> httpx.Response:
        return self.talking.get(ROSTER, headers=self.person(name, role, **more))


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder: Path = tmp_path_factory.mktemp("roster")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        exam = plan_exam(database, folder / "spool")
        app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None, numbers=lambda: NUMBERS)
        with client(app, None) as talking:
            yield Door(exam, talking)


def seat(place: int, station: str) -> dict[str, str]:
    return row(place, station=station)


def test_a_roster_is_looked_at_taken_in_once_and_shown_with_masked_numbers(door: Door) -> None:
    data = text_of(seat(1, "A01"), seat(2, "A02"))
    looked = door.send(data, only_look=True)
    assert (looked.status_code, looked.json()["added"], looked.json()["only_look"]) == (200, 2, True)
    assert door.read("deng", Role.SITE_OPERATOR).json()["candidates"] == []
    assert looked.headers["cache-control"] == "no-store"
    assert door.send(data).json()["added"] == 2
    entry = door.exam.database.journal.entries(1)[0]
    assert (entry.act, entry.subject, entry.actor.name) == ("import_roster", BATCH, "account:deng")
    assert door.send(data).json()["added"] == 0
    shown = door.read("deng", Role.SITE_OPERATOR)
    assert shown.headers["cache-control"] == "no-store"
    assert [each["candidate"] for each in shown.json()["candidates"]] == ["T001", "T002"]
    first = shown.json()["candidates"][0]
    assert (first["name"], first["number"]) == ("考生乙", f"990***********{number(1)[-4:]}")
    assert first["seats"] == [{"sitting": 1, "room": "A", "station": "A01", "subject": "实操"}]
    assert number(1) not in shown.text


def test_a_subject_that_is_kept_is_shown_with_where_it_was_passed(door: Door) -> None:
    mark = NUMBERS.mark("resident_id", number(9))
    there = Candidate("2025-1101", "E009", "考生", Document.RESIDENT_ID, "sealed", ("理论",))
    draft = Draft(CANDIDATES, "2025-1101/E009", there, "2025-1101", mark=mark)
    door.exam.database.register.enter("tests", "2025-1101", [draft], ACTOR, door.exam.clock.now())
    claim = {"科目": "理论", "考试类别": "补考", "保留科目批次": "2025-1101", "保留科目准考证号": "E009"}
    wrong = door.send(text_of(row(9, "", "") | claim | {"保留科目准考证号": "E010"})).json()
    assert [(each["row"], each["field"]) for each in wrong["errors"]] == [(2, "保留科目准考证号")]
    assert door.send(text_of(row(9, "", "") | claim)).json()["added"] == 1
    (shown,) = [
        each for each in door.read("deng", Role.SITE_OPERATOR).json()["candidates"] if each["candidate"] == "T009"
    ]
    assert shown["kept"] == [{"subject": "理论", "batch": "2025-1101", "candidate": "E009"}]
    assert (shown["subjects"], shown["seats"], shown["attempt"]) == (["理论"], [], "resit")


def test_what_is_wrong_is_told_by_row_and_heading_and_nothing_is_entered(door: Door) -> None:
    before = door.exam.database.register.revisions(CANDIDATES)
    answer = door.send(text_of(seat(5, "A03"), seat(6, "Z-9"), row(7, station="B01", 证件号码="9900991990010100X")))
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:kaojian:problem:sheet-refused")
    assert [(each["row"], each["field"]) for each in problem["errors"]] == [(3, "工位"), (4, "证件号码")]
    assert problem["detail"].startswith("名册.csv:3: 工位")
    assert "990099" not in answer.text
    assert door.exam.database.register.revisions(CANDIDATES) == before


def test_of_very_many_problems_the_first_hundred_have_their_places(door: Door) -> None:
    problem = door.send(text_of(*(seat(place, "Z-9") for place in range(1, 150)))).json()
    assert len(problem["errors"]) == 100
    assert "and 49 more" in problem["detail"]


def test_a_profile_comes_as_yaml_and_one_that_is_wrong_is_told_with_its_line(door: Door) -> None:
    data = text_of(seat(8, "B02")).replace("准考证号".encode(), "号".encode())
    assert "缺少此列" in door.send(data).json()["detail"]
    assert door.send(data, profile="roster:\n  columns:\n    ticket: 号\n", only_look=True).json()["added"] == 1
    wrong = door.send(data, profile="roster:\n  columns:\n    tiket: 号\n").json()
    assert (wrong["type"], wrong["errors"][0]["row"]) == ("urn:kaojian:problem:document-refused", 3)


def test_no_more_is_read_than_a_file_may_have(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_BYTES", 1000)

    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"x" * 1000

    headers = door.person("deng", Role.SITE_OPERATOR)
    answer = door.talking.post(ROSTER, content=endless(), params=LATER, headers=headers)
    assert (answer.status_code, "larger than" in answer.json()["detail"]) == (422, True)


def test_once_it_has_begun_a_change_wants_a_reason_and_a_file_its_name(door: Door) -> None:
    data = text_of(seat(9, "B03"))
    assert door.send(data, reason="").json()["type"] == "urn:kaojian:problem:reason-needed"
    assert door.send(data, name="").json()["type"] == "urn:kaojian:problem:invalid-request"
    assert door.send(data, name="a\nb").status_code == 422


def test_only_the_sites_own_operator_takes_one_in_and_no_program_reads_names(door: Door) -> None:
    data = text_of(seat(1, "A01"))
    elsewhere = {**door.person("lin", Role.SITE_OPERATOR, "sg-002")}
    assert door.talking.post(ROSTER, content=data, params=LATER, headers=elsewhere).status_code == 404
    for name, role, sees in (
        ("liu", Role.CITY_OFFICER, 200),
        ("wu", Role.CITY_SUPERVISOR, 200),
        ("he", Role.COUNTY_SUPERVISOR, 200),
        ("pan", Role.AUDITOR, 403),
        ("ex-2", Role.EXAMINER, 403),
        ("scoring-1", Role.SCORING_SYSTEM, 403),
        ("root", Role.CITY_ADMINISTRATOR, 403),
    ):
        assert door.read(name, role).status_code == sees, name
        sent = door.talking.post(ROSTER, content=data, params=LATER, headers=door.person(name, role))
        assert sent.json()["type"] == "urn:kaojian:problem:not-allowed", name
