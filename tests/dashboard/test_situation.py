"""The command view over the API: today's sittings, rooms, cameras, who came, which alarms stand, and for whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.alarms import Alarm, Kind, Step
from domain.people import Role
from domain.places import Batch
from domain.timeline import rfc3339
from storage.audit.notary import Notary
from storage.database import connect
from storage.database.alarms import RuleState
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, PACK, SITE, START, TESTER, WINDOW, Exam, hold_exam, plan
from tests.dashboard.serving import client, coming
from tests.fakes.notary import SIGNER

AT = "/api/v1/situation"
OTHER = replace(
    SITE, id="sg-002", name="另一考场", county="曲江区", nvrs=(), rooms=(replace(SITE.rooms[0], cameras=()),)
)


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    """In the middle of the first sitting; another county has one tomorrow."""
    folder = tmp_path_factory.mktemp("situation")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        held = hold_exam(database, folder / "spool", closed=False)
        enrol(held, marked=False)
        database.setup.apply_site(OTHER, TESTER, WINDOW.start - timedelta(days=1))
        later = replace(plan(1, START + timedelta(days=1)), rooms=("A",))
        batch = Batch("SG-2026-0502", OTHER.id, "中式面点制作", PACK.id, (later,))
        database.setup.apply_batch(batch, TESTER, WINDOW.start - timedelta(days=1))
        stand(held, told("camera/A-cam-1", SITE.id, "A-cam-1"), told("clock/host-1", ""))
        yield held


@pytest.fixture(scope="module")
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def told(subject: str, site: str, *cameras: str) -> Alarm:
    """An alarm as the lookout writes it."""
    kind = Kind.CAMERA_LOST if cameras else Kind.CLOCK_UNSYNCHRONISED
    body: dict[str, Any] = {
        "subject": subject,
        "since": rfc3339(START),
        "rooms": [{"id": "A", "name": "一号"}] if cameras else [],
        "stations": ["A01"] if cameras else [],
        "cameras": list(cameras),
        "batch": BATCH if cameras else None,
        "sitting": 1 if cameras else None,
        "text": {"zh": "出了事", "en": "something is wrong"},
    }
    return Alarm(subject, kind, Step.BEGAN, site, START + timedelta(seconds=10), json.dumps(body))


def stand(exam: Exam, *alarms: Alarm) -> None:
    """These alarms stand, and somebody has just looked."""
    known = {"losses": {"open": {each.id: START.isoformat() for each in alarms}, "dark": {}}}
    assert exam.database.alarms.go_on(RuleState("host", exam.clock.now(), json.dumps(known)), alarms)


def situation(anybody: httpx.Client, headers: dict[str, str]) -> dict[str, Any]:
    answer = anybody.get(AT, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_site_shows_its_sittings_of_today_its_rooms_and_who_came(anybody: httpx.Client, exam: Exam) -> None:
    found = situation(anybody, coming(exam, Role.CITY_SUPERVISOR))
    assert [each["county"] for each in found["counties"]] == ["曲江区", "浈江区"]
    (site,) = found["counties"][1]["sites"]
    assert [(each["number"], each["state"]) for each in site["sittings"]] == [(1, "open"), (2, "planned")]
    first = site["sittings"][0]
    assert (first["batch"], first["rooms"]) == (BATCH, ["A", "B"])
    assert (first["seated"], first["present"], first["absent"]) == (3, 2, 1)
    assert [(each["id"], each["stations"], each["held"]) for each in site["rooms"]] == [
        ("A", 3, {"batch": BATCH, "number": 1}),
        ("B", 3, {"batch": BATCH, "number": 1}),
    ]
    assert [each["cameras"] for each in site["rooms"]] == [
        {"recording": 3, "out": 0, "idle": 0},
        {"recording": 3, "out": 0, "idle": 0},
    ]


def test_a_sitting_of_tomorrow_is_not_told_and_its_site_is(anybody: httpx.Client, exam: Exam) -> None:
    (other,) = situation(anybody, coming(exam, Role.CITY_SUPERVISOR))["counties"][0]["sites"]
    assert (other["site"], other["sittings"]) == ("sg-002", [])
    assert [each["held"] for each in other["rooms"]] == [None]


def test_alarms_are_told_to_whom_their_site_lies_inside_and_those_of_the_installation_to_all(
    anybody: httpx.Client, exam: Exam
) -> None:
    def kinds(role: Role, *names: str, recused: str = "") -> list[str]:
        return [each["kind"] for each in situation(anybody, coming(exam, role, *names, recused=recused))["alarms"]]

    assert kinds(Role.CITY_SUPERVISOR) == ["camera_lost", "clock_unsynchronised"]
    assert kinds(Role.SITE_OPERATOR, "sg-001") == ["camera_lost", "clock_unsynchronised"]
    assert kinds(Role.SITE_OPERATOR, "sg-002") == ["clock_unsynchronised"]
    assert kinds(Role.CITY_SUPERVISOR, recused=BATCH) == ["clock_unsynchronised"]


def test_others_sites_and_a_batch_that_one_is_recused_from_are_left_out(anybody: httpx.Client, exam: Exam) -> None:
    mine = situation(anybody, coming(exam, Role.COUNTY_SUPERVISOR, "曲江区"))
    assert [each["county"] for each in mine["counties"]] == ["曲江区"]
    recused = situation(anybody, coming(exam, Role.CITY_SUPERVISOR, recused=BATCH))
    (site,) = recused["counties"][1]["sites"]
    assert site["sittings"] == []
    assert [(each["cameras"], each["held"]) for each in site["rooms"]] == [
        ({"recording": 0, "out": 0, "idle": 0}, None)
    ] * 2


def test_it_says_when_nobody_looks_for_alarms(anybody: httpx.Client, exam: Exam) -> None:
    headers = coming(exam, Role.CITY_SUPERVISOR)
    assert situation(anybody, headers)["watched"]
    exam.clock.step(31)
    found = situation(anybody, headers)
    assert (found["watched"], len(found["alarms"])) == (False, 2)
    exam.clock.step(-31)


def test_who_sees_no_report_sees_none_of_it(anybody: httpx.Client, exam: Exam) -> None:
    assert anybody.get(AT, headers=coming(exam, Role.EXAMINER, BATCH)).status_code == 403
    assert anybody.get(AT).status_code == 401
