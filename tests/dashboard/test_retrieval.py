"""Retrieval over the API: who may look for whom, what nobody outside is told, and that it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import tokens
from dashboard.access.table import GRANTABLE, Act, may
from dashboard.access.tokens import Wanted
from dashboard.app import create_app
from domain.certificates import CERTIFICATES, HOLDINGS, Certificate, Holding
from domain.holds import Order
from domain.people import Account, Reach, Role, Scope
from domain.register import Draft
from domain.roll import CANDIDATES, Document
from domain.timeline import rfc3339
from storage.audit.notary import Notary
from storage.database import connect
from storage.id_numbers import IdNumbers
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, EXAM, SITE, START, TESTER, UNPLUGGED, Exam, hold_exam
from tests.dashboard.serving import client, coming, problem
from tests.fakes.notary import SIGNER

AT = "/api/v1/retrieval"
NUMBER = "4402002026000001"
DOCUMENT = "990101199001010017"
NUMBERS = IdNumbers.new()
EVERY: tuple[dict[str, Any], ...] = (
    {"certificate": NUMBER},
    {"ticket": "T001"},
    {"name": "考生T001", "batch": BATCH},
    {"number": DOCUMENT},
    {"batch": BATCH, "station": "A01"},
)


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    folder = tmp_path_factory.mktemp("retrieval")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        held = hold_exam(database, folder / "spool")
        enrol(held)
        certify(held)
        yield held


def certify(exam: Exam) -> None:
    """The first candidate has a certificate, and a document whose number is known."""
    found = exam.database.register.find(CANDIDATES, f"{BATCH}/T001")
    assert found is not None
    now = exam.clock.now()
    value = Certificate(
        NUMBER, BATCH, "T001", "GD1", "中式面点制作", "", (), START.date(), now, "candidate", "decision"
    )
    mark = NUMBERS.mark(Document.RESIDENT_ID.value, DOCUMENT)
    drafts: list[Draft[Any]] = [
        Draft(CANDIDATES, f"{BATCH}/T001", found.thing, BATCH, SITE.id, mark),
        Draft(CERTIFICATES, NUMBER, value, BATCH, SITE.id, mark),
        Draft(HOLDINGS, f"{BATCH}/T001", Holding(NUMBER), BATCH, SITE.id, mark),
    ]
    exam.database.register.enter("tests", BATCH, drafts, TESTER, now)


@pytest.fixture(scope="module")
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None, numbers=lambda: NUMBERS)
    with client(app, None) as talking:
        yield talking


def ask(anybody: httpx.Client, headers: dict[str, str], **asked: Any) -> httpx.Response:
    return anybody.post(AT, json=asked, headers=headers)


def found(anybody: httpx.Client, headers: dict[str, str], **asked: Any) -> dict[str, Any]:
    answer = ask(anybody, headers, **asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    told.pop("made")
    return told


def lines(exam: Exam, count: int = 1) -> list[tuple[str, str, str, str]]:
    """Of the last deeds that were written down: what, how it ended, of which batch, and what was looked for."""
    latest = [each.viewing for each in exam.database.viewings.latest(count)]
    return [(each.deed.value, each.outcome, each.batch, each.purpose) for each in latest]


def test_who_may_look_for_nobody_is_refused_and_that_is_written_down(anybody: httpx.Client, exam: Exam) -> None:
    assert problem(ask(anybody, {}, ticket="T001")) == (401, "not-logged-in")
    for role, names in (
        (Role.CITY_ADMINISTRATOR, ()),
        (Role.EXAMINER, (BATCH,)),
        (Role.DEVICE, (SITE.id,)),
        (Role.SCORING_SYSTEM, (SITE.id,)),
    ):
        headers = coming(exam, role, *names)
        for each in EVERY:
            assert problem(ask(anybody, headers, **each)) == (403, "not-allowed"), (role, each)
        assert lines(exam) == [("find", "not-allowed", "", "")]


def test_no_program_looks_for_anybody_whoever_its_token_is_of(anybody: httpx.Client, exam: Exam) -> None:
    now = exam.clock.now()
    account = Account("programmer", Role.CITY_SUPERVISOR, Scope(Reach.CITY), now, False)
    exam.database.accounts.add(account, "no hash")
    assert Act.RETRIEVE not in GRANTABLE
    wanted = Wanted("program", frozenset(act for act in GRANTABLE if may(account.role, act)))
    _, token = tokens.add(exam.database, account, wanted, TESTER, exam.clock)
    headers = {"Authorization": f"Bearer {token}"}
    assert problem(ask(anybody, headers, ticket="T001")) == (403, "not-allowed")


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        (Role.SITE_OPERATOR, ({"certificate": NUMBER},)),
        (Role.AUDITOR, ({"name": "考生T001", "batch": BATCH}, {"number": DOCUMENT})),
    ],
)
def test_by_what_says_who_a_person_is_only_those_look_who_are_shown_it_elsewhere(
    anybody: httpx.Client, exam: Exam, role: Role, refused: tuple[dict[str, Any], ...]
) -> None:
    headers = coming(exam, role, SITE.id if role is Role.SITE_OPERATOR else BATCH)
    for each in EVERY:
        answer = ask(anybody, headers, **each)
        assert answer.status_code == (403 if each in refused else 200), (each, answer.text)
    (person,) = found(anybody, headers, ticket="T001")["people"]
    assert person["name"] == ("" if role is Role.AUDITOR else "考*****")
    assert [each["number"] for each in person["certificates"]] == ([NUMBER] if role is Role.AUDITOR else [])


def test_what_lies_outside_the_scope_is_told_in_no_other_words_than_what_is_nowhere(
    anybody: httpx.Client, exam: Exam
) -> None:
    recused = coming(exam, Role.CITY_SUPERVISOR)
    name = recused["Cookie"].partition("=")[2]
    exam.database.accounts.recuse(name, BATCH, exam.clock.now(), recused=True)
    for headers, asks in (
        (coming(exam, Role.COUNTY_SUPERVISOR, "曲江区"), True),
        (recused, False),
        (coming(exam, Role.SITE_OPERATOR, "sg-002"), True),
        (coming(exam, Role.AUDITOR, "another"), True),
    ):
        for each in EVERY:
            answer = ask(anybody, headers, **each)
            if answer.status_code == 403:
                continue  # by what they may not ask at all
            nowhere = {name: f"x{value}"[:64] for name, value in each.items()}
            told = found(anybody, headers, **each)
            assert told == found(anybody, headers, **nowhere)
            assert (told["people"], told["stays"], told["left_off"], told["may_ask"]) == ([], [], 0, asks)


def test_a_certificate_leads_to_the_station_and_to_the_gap_with_its_cause(anybody: httpx.Client, exam: Exam) -> None:
    told = found(anybody, coming(exam, Role.CITY_OFFICER), certificate=f" {NUMBER} ")
    (person,) = told["people"]
    (stay,) = person["stays"]
    (span,) = stay["spans"]
    assert (person["candidate"], person["name"], stay["station"], stay["cameras"]) == (
        "T001",
        "考*****",
        "A01",
        ["A-cam-1"],
    )
    assert (span["start"], span["end"]) == (rfc3339(START), rfc3339(START + EXAM))
    (gap,) = span["gaps"]
    assert (gap["start"], gap["end"], gap["cause"]) == (
        rfc3339(UNPLUGGED.start),
        rfc3339(UNPLUGGED.end),
        "camera_disconnected",
    )
    assert sum(each["seconds"] for each in (*span["covered"], *span["gaps"])) == EXAM.total_seconds()
    assert (stay["watch"], stay["save"], stay["says_why"], stay["held"], stay["disposal"]) == (
        "now",
        "now",
        True,
        False,
        None,
    )
    assert stay["kept_until"] == "2029-05-01T16:00:00.000Z"
    assert lines(exam) == [("find", "shown", BATCH, f"find certificate {NUMBER}: T001")]


def test_who_was_absent_has_no_footage_and_is_told_why(anybody: httpx.Client, exam: Exam) -> None:
    (person,) = found(anybody, coming(exam, Role.CITY_OFFICER), ticket="T003")["people"]
    assert person["stays"] == []
    assert [(each["station"], each["why"], each["zh"]) for each in person["wanting"]] == [
        ("B03", "absent", "登记为缺考，没有本人的考试录像")
    ]


def test_neither_names_nor_numbers_of_documents_are_written_down_or_stand_in_an_address(
    anybody: httpx.Client, exam: Exam
) -> None:
    headers = coming(exam, Role.CITY_SUPERVISOR)
    for each, line in (
        ({"number": DOCUMENT}, "find number: T001"),
        ({"name": "考生T001", "batch": BATCH}, "find name: T001"),
    ):
        answer = ask(anybody, headers, **each)
        assert DOCUMENT not in answer.text and "考生T001" not in answer.text
        assert lines(exam) == [("find", "shown", BATCH, line)]
        assert anybody.get(AT, params=each, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "retrieval-refused"),
        ({"name": "考生T001"}, "retrieval-refused"),
        ({"ticket": "T001", "certificate": NUMBER}, "retrieval-refused"),
        ({"batch": BATCH, "start": rfc3339(START)}, "retrieval-refused"),
        ({"batch": BATCH, "start": rfc3339(START), "end": rfc3339(START)}, "impossible-span"),
        ({"batch": BATCH, "at": "0001-01-01T00:00:00Z"}, "impossible-span"),
        ({"batch": BATCH, "at": "2026-05-01T09:00:00"}, "invalid-request"),
        ({"ticket": "T\n001"}, "invalid-request"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_in_words(
    anybody: httpx.Client, exam: Exam, asked: dict[str, Any], told: str
) -> None:
    assert problem(ask(anybody, coming(exam, Role.CITY_SUPERVISOR), **asked)) == (422, told)


def test_a_sitting_that_is_not_closed_is_watched_by_who_is_on_duty_and_saved_by_nobody(
    anybody: httpx.Client, exam: Exam
) -> None:
    """The second sitting uses the same cameras; the first one is closed."""
    for role, names, watch in (
        (Role.CITY_SUPERVISOR, (), "now"),
        (Role.SITE_OPERATOR, (SITE.id,), "now"),
        (Role.CITY_OFFICER, (), "once_closed"),
        (Role.AUDITOR, (BATCH,), "once_closed"),
    ):
        told = found(anybody, coming(exam, role, *names), batch=BATCH, sitting=2, station="A01")
        (stay,) = told["stays"]
        assert (stay["watch"], stay["save"], stay["closed"]) == (watch, "once_closed", None), role
        assert (stay["verdict"], stay["spans"][0]["covered"], stay["spans"][0]["gaps"]) == ("pending", [], [])


def test_a_hold_is_told(anybody: httpx.Client, exam: Exam) -> None:
    held = exam.database.holds.add(BATCH, Order(exam.clock.now(), TESTER, "投诉"))
    headers = coming(exam, Role.CITY_OFFICER)
    assert found(anybody, headers, ticket="T001")["people"][0]["stays"][0]["held"] is True
    exam.database.holds.lift(held.number, Order(exam.clock.now(), TESTER, "结案"))
    assert found(anybody, headers, ticket="T001")["people"][0]["stays"][0]["held"] is False


def test_names_are_told_as_they_were_then_whatever_rooms_and_stations_are_called_now(
    anybody: httpx.Client, exam: Exam
) -> None:
    room = SITE.rooms[0]
    renumbered = tuple(replace(each, id=f"N{each.id}") for each in room.stations)
    cameras = tuple(replace(each, sees=tuple(f"N{station}" for station in each.sees)) for each in room.cameras)
    renamed = replace(room, name="实训一室", stations=renumbered, cameras=cameras)
    exam.database.setup.apply_site(
        replace(SITE, name="韶关考点", rooms=(renamed, *SITE.rooms[1:])), TESTER, exam.clock.now()
    )
    headers = coming(exam, Role.CITY_OFFICER)
    told = found(anybody, headers, certificate=NUMBER)["people"][0]["stays"][0]
    assert (told["site_name"], told["room_name"], told["station"]) == (SITE.name, room.name, "A01")
    assert (told["site_now"], told["room_now"], told["cameras"]) == ("韶关考点", "实训一室", ["A-cam-1"])
    then = found(anybody, headers, batch=BATCH, sitting=1, room=room.name, station="A01")["stays"]
    assert [each["station"] for each in then] == ["A01"]
    assert found(anybody, headers, batch=BATCH, sitting=1, station="NA01")["stays"] == []
    exam.database.setup.apply_site(SITE, TESTER, exam.clock.now())
