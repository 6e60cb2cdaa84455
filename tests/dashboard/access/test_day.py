"""An exam day over the API: the operator of the site enters what happens, and nobody else does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.login import FRESH
from dashboard.access.table import ROUTES, Act
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.exam_papers import Printing
from domain.people import Account, Reach, Role, Scope
from domain.roll import SIGN_INS
from domain.timeline import rfc3339
from records import exam_papers, roster
from records.headroom import Spools
from records.readiness import Means
from records.roll import Desk
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import BATCH, EXAM, SITE, START, TESTER, Exam, log_in, plan_exam
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER
from tests.records.rolls import NUMBERS, number, row, text_of

OPERATOR, ELSEWHERE, SUPERVISOR, OFFICER = "deng", "deng-of-another-site", "supervisor", "officer"
AUDITOR = "auditor"
ACCOUNTS = (
    (OPERATOR, Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({SITE.id}))),
    (ELSEWHERE, Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({"sg-002"}))),
    (SUPERVISOR, Role.CITY_SUPERVISOR, Scope(Reach.CITY)),
    (OFFICER, Role.CITY_OFFICER, Scope(Reach.CITY)),
    (AUDITOR, Role.AUDITOR, Scope(Reach.BATCHES, frozenset({BATCH}))),
)
INCIDENT = {"room": "A", "kind": "power_cut", "what": "全楼停电", "handling": "等待来电，考生在座"}
BODIES: dict[str, dict[str, Any]] = {
    "opening": {},
    "sign-ins": {"candidate": "T001", "check": "compared"},
    "absences": {"candidate": "T003"},
    "moves": {"candidate": "T001", "station": "A03", "why": "设备故障"},
    "violations": {"candidate": "T001", "what": "携带手机", "handling": "警告"},
    "leavings": {"candidate": "T001"},
    "incidents": INCIDENT,
    "hand-overs": {"parcel": "SJ-0001", "stage": "collected", "given_by": "甲", "taken_by": "乙"},
    "closing": {},
}


@dataclass
class Morning:
    """A dashboard over a sitting that begins in five seconds; everybody has a session of the token that is their
    name."""

    exam: Exam
    talking: httpx.Client

    def said(self, method: str, who: str, path: str, told: dict[str, Any] | None = None) -> httpx.Response:
        headers = {"Cookie": f"{COOKIE}={who}"}
        return self.talking.request(method, f"/api/v1/batches/{BATCH}/sittings/1/{path}", headers=headers, json=told)

    def enter(self, path: str, **other: Any) -> None:
        answer = self.said("POST", OPERATOR, path, BODIES[path] | other)
        assert answer.status_code == 201, answer.text

    def kind(self, path: str, who: str = OPERATOR, **other: Any) -> tuple[int, str]:
        answer = self.said("POST", who, path, BODIES[path] | other)
        return answer.status_code, answer.json()["type"].rpartition(":")[2]

    def day(self) -> dict[str, Any]:
        found: dict[str, Any] = self.said("GET", OPERATOR, "day").json()
        return found

    def candidate(self, ticket: str) -> dict[str, Any]:
        people = (each for room in self.day()["rooms"] for each in room["candidates"])
        found: dict[str, Any] = next(each for each in people if each["candidate"] == ticket)
        return found


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    """One for all of these tests, which go on where the one before ended."""
    folder: Path = tmp_path_factory.mktemp("day")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        exam = plan_exam(database, folder)
        exam.clock.step((START - timedelta(seconds=5) - exam.clock.now()).total_seconds())
        before = START - timedelta(days=9)
        seats = text_of(row(1, station="A01"), row(2, station="A02"), row(3, station="B01"))
        roster.take_in(database, NUMBERS, BATCH, seats, "名册.csv", actor=TESTER, now=before)
        printed = Printing(BATCH, "SJ-0001", 1, "实操", before, "市中心", by_centre=True, seal="F-1", copies=3)
        exam_papers.print_parcel(Desk(database, TESTER, before), printed)
        for name, role, scope in ACCOUNTS:
            log_in(exam, Account(name, role, scope, exam.clock.now(), must_change=False), name)
        means = Means(Spools((folder,)))
        app = create_app(
            database, exam.archive, load_rule_pack, exam.clock, None, means=means, numbers=lambda: NUMBERS
        )
        with client(app, None) as talking:
            yield Morning(exam, talking)


def test_only_who_runs_the_site_enters_anything_of_its_day(morning: Morning) -> None:
    for path in BODIES:
        assert morning.kind(path, SUPERVISOR) == (403, "not-allowed")
        assert morning.kind(path, OFFICER) == (403, "not-allowed")
        assert morning.kind(path, ELSEWHERE) == (404, "unknown-batch")
    assert morning.said("GET", ELSEWHERE, "day").status_code == 404
    assert morning.said("GET", SUPERVISOR, "day").status_code == 200
    assert ROUTES["day"] is Act.ROSTER
    assert morning.exam.database.setup.sitting(BATCH, 1).opened is None  # type: ignore[union-attr]


def test_the_day_shows_who_is_to_come_by_station_with_masked_numbers(morning: Morning) -> None:
    found = morning.day()
    assert [room["room"] for room in found["rooms"]] == ["A", "B"]
    seated = [(each["candidate"], each["station"]) for room in found["rooms"] for each in room["candidates"]]
    assert seated == [("T001", "A01"), ("T002", "A02"), ("T003", "B01")]
    first = morning.candidate("T001")
    assert (first["name"], first["number"], first["present"]) == ("考生乙", "990***********" + number(1)[-4:], None)
    assert number(1) not in morning.said("GET", OPERATOR, "day").text
    assert (found["sitting"]["state"], found["unplaced"], found["parcels"][0]["handed"]) == ("planned", [], [])


def test_a_candidate_signs_in_by_the_method_that_was_told_and_the_wrong_entry_is_corrected(morning: Morning) -> None:
    morning.enter("sign-ins")
    assert (morning.candidate("T001")["present"], morning.candidate("T001")["check"]) == (True, "compared")
    morning.enter("absences", candidate="T002")
    assert (morning.candidate("T002")["present"], morning.candidate("T002")["check"]) == (False, None)
    morning.enter("sign-ins", candidate="T002", check="typed", number=number(2))
    assert morning.candidate("T002")["check"] == "typed"
    history = morning.exam.database.register.history(SIGN_INS, f"{BATCH}/1/T002")
    assert [each.thing.present for each in history] == [False, True]
    assert history[-1].actor.name == f"account:{OPERATOR}"
    morning.enter("absences")
    assert morning.candidate("T003")["present"] is False


def test_who_comes_without_being_on_the_roll_is_on_the_day_without_a_name(morning: Morning) -> None:
    morning.enter("sign-ins", candidate="X-9", check="none", station="B03")
    stranger = morning.candidate("X-9")
    assert (stranger["name"], stranger["number"], stranger["seat"], stranger["station"]) == ("", "", "", "B03")


def test_what_cannot_be_is_refused_and_nothing_is_entered(morning: Morning) -> None:
    assert morning.kind("sign-ins", check="typed", number="123") == (422, "roll-refused")
    assert morning.kind("sign-ins", station="C09") == (422, "roll-refused")
    assert morning.kind("absences", candidate="T999") == (422, "roll-refused")
    assert morning.kind("moves", candidate="T003") == (422, "roll-refused")
    assert morning.kind("leavings", at=rfc3339(START + timedelta(hours=1))) == (422, "impossible-time")
    assert morning.kind("violations", what="") == (422, "invalid-request")
    assert morning.kind("incidents", room="Z") == (422, "room-record-refused")
    assert morning.kind("incidents", kind="extension") == (422, "room-record-refused")
    assert morning.kind("hand-overs", parcel="SJ-0002") == (422, "papers-refused")
    assert morning.kind("hand-overs", stage="opened") == (422, "invalid-request")
    assert morning.kind("opening", at="0001-01-01T00:00:00+14:00") == (422, "invalid-request")
    assert morning.kind("closing") == (409, "not-open")
    found = morning.day()
    assert [room["incidents"] for room in found["rooms"]] == [[], []]
    assert found["parcels"][0]["handed"] == []


def test_a_sitting_is_opened_once_and_who_opens_it_is_told_that_nobody_checked_it(morning: Morning) -> None:
    morning.exam.clock.step(10)
    answer = morning.said("POST", OPERATOR, "opening", {"at": rfc3339(START)})
    assert (answer.status_code, answer.json()["at"]) == (201, rfc3339(START))
    assert any("考前自检" in each for each in answer.json()["warnings"])
    assert morning.kind("opening") == (409, "already-open")
    assert morning.day()["sitting"]["state"] == "open"


def test_moves_violations_incidents_and_papers_stand_on_the_day_with_their_times(morning: Morning) -> None:
    morning.enter("moves")
    assert (morning.candidate("T001")["seat"], morning.candidate("T001")["station"]) == ("A01", "A03")
    morning.enter("violations")
    assert morning.candidate("T001")["violations"][0]["what"] == "携带手机"
    morning.enter("incidents")
    morning.enter("incidents", kind="extension", minutes=10, what="停电补时")
    later = rfc3339(START + timedelta(days=1))
    morning.enter("incidents", room="B", kind="postponement", what="来电无期", until=later)
    rooms = morning.day()["rooms"]
    assert [each["kind"] for each in rooms[0]["incidents"]] == ["power_cut", "extension"]
    assert [each["until"] for each in rooms[1]["incidents"]] == [later]
    assert morning.day()["sitting"]["planned_end"] == rfc3339(START + EXAM)  # an incident moves no time
    morning.exam.clock.step(20)
    morning.enter("leavings")
    assert morning.candidate("T001")["left"] == rfc3339(morning.exam.clock.now())
    morning.enter("hand-overs", intact=True)
    (handed,) = morning.day()["parcels"][0]["handed"]
    assert (handed["stage"], handed["given_by"], handed["intact"]) == ("collected", "甲", True)


def test_the_timeline_is_told_of_steps_and_incidents_without_names_and_of_tickets_by_right(morning: Morning) -> None:
    told = morning.said("GET", OPERATOR, "happened").json()
    own = [each for each in told["steps"] if each["candidate"] == "T001"]
    assert [(each["step"], each["station"]) for each in own] == [("came", "A01"), ("moved", "A03"), ("left", "A03")]
    assert [(each["room"], each["kind"], each["what"]) for each in told["incidents"]] == [
        ("A", "power_cut", "全楼停电"), ("A", "extension", "停电补时"), ("B", "postponement", "来电无期"),
    ]  # fmt: skip
    assert morning.candidate("T001")["name"] not in morning.said("GET", OPERATOR, "happened").text
    answer = morning.said("GET", AUDITOR, "happened")
    assert not any(word in answer.text for word in ("T001", "A01", "A03", "停电", "等待来电"))
    bare = answer.json()
    assert [each["at"] for each in bare["steps"]] == [each["at"] for each in told["steps"]]
    assert [each["kind"] for each in bare["incidents"]] == ["power_cut", "extension", "postponement"]
    assert morning.said("GET", ELSEWHERE, "happened").status_code == 404


def test_closing_wants_a_password_that_was_given_lately_and_is_for_good(morning: Morning) -> None:
    exam = morning.exam
    exam.clock.step((FRESH + timedelta(minutes=1)).total_seconds())
    assert morning.kind("closing") == (403, "proof-needed")
    assert morning.day()["sitting"]["state"] == "open"
    exam.database.accounts.succeed(OPERATOR, hashlib.sha256(b"another login").hexdigest(), exam.clock.now())
    answer = morning.said("POST", "another login", "closing", {"at": rfc3339(START + EXAM)})
    assert (answer.status_code, answer.json()["at"]) == (201, rfc3339(START + EXAM))
    assert morning.kind("closing", "another login") == (409, "already-closed")
    sitting = morning.day()["sitting"]
    assert (sitting["state"], sitting["actual_end"]) == ("closed", rfc3339(START + EXAM))


def test_a_lost_key_of_numbers_hides_them_and_stops_no_exam(morning: Morning) -> None:
    exam = morning.exam
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None)  # has a key of its own
    with client(app, OPERATOR) as talking:
        answer = talking.get(f"/api/v1/batches/{BATCH}/sittings/1/day")
    first = answer.json()["rooms"][0]["candidates"][0]
    assert (answer.status_code, first["name"] != "", first["number"]) == (200, True, "")
