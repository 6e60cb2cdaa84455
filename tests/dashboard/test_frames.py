"""Pictures that findings point at: of the instant or of none, for who may see them, and never unwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.api.live import TAKEN_WITHIN
from dashboard.app import create_app
from domain.people import Account, Actor, Door, Reach, Role, Scope
from domain.timeline import Interval, rfc3339
from domain.viewings import SHOWN, Deed, Viewing
from storage.database import connect
from tests.dashboard.exam import BATCH, FPS, START, UNPLUGGED, WINDOW, Exam, hold_exam, log_in
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY

FRAME = f"/api/v1/batches/{BATCH}/cameras/A-cam-1/frame.jpg"
SNAPSHOTS = "/api/v1/live/A-cam-1/snapshots"
INSPECTOR = Actor("account:looks", Door.API)


@pytest.fixture(scope="module")
def over(exam: Exam) -> Iterator[tuple[Exam, httpx.Client]]:
    with talking_to(exam) as talking:
        yield exam, talking


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Exam, httpx.Client]]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool", closed=False)
    with talking_to(exam) as talking:
        yield exam, talking
    database.close()


def talking_to(exam: Exam) -> AbstractContextManager[httpx.Client]:
    for name, role in (("looks", Role.CITY_SUPERVISOR), ("audits", Role.AUDITOR)):
        scope = Scope(role.reach, frozenset({BATCH} if role.reach is Reach.BATCHES else ()))
        log_in(exam, Account(name, role, scope, exam.clock.now(), False), name)
    return client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None)


def asked(talking: httpx.Client, at: datetime, who: str = "looks", **more: str) -> httpx.Response:
    headers = {"Cookie": f"kaojian_session={who}"}
    return talking.get(FRAME, params={"at": rfc3339(at), **more}, headers=headers)


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def last(exam: Exam) -> Viewing:
    """Of those who look here: what another file's download ended with may be written down later."""
    seen = (each.viewing for each in exam.database.viewings.latest(50))
    return next(each for each in seen if each.actor.name in ("account:looks", "account:audits"))


def test_a_picture_is_of_its_instant_and_who_looked_is_written_down(over: tuple[Exam, httpx.Client]) -> None:
    exam, talking = over
    at = START + timedelta(seconds=5)
    answer = asked(talking, at)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"] == "private, no-store"
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[1] == 320
    shown = datetime.fromisoformat(answer.headers["kaojian-shown"])
    assert timedelta() <= at - shown <= timedelta(seconds=1 / FPS + 0.002)
    seen = last(exam)
    assert (seen.deed, seen.outcome, seen.actor.name, seen.camera) == (Deed.FETCH, SHOWN, INSPECTOR.name, "A-cam-1")
    assert seen.span is not None
    assert at in seen.span
    assert seen.span.seconds < 0.1


def test_where_nothing_was_recorded_there_is_no_picture_of_another_instant(over: tuple[Exam, httpx.Client]) -> None:
    exam, talking = over
    for at in (UNPLUGGED.start + timedelta(seconds=4), WINDOW.start - timedelta(hours=1)):
        assert kind(asked(talking, at)) == (404, "no-footage")
        assert (last(exam).deed, last(exam).outcome) == (Deed.FETCH, "no-footage")


def test_an_auditor_says_why_and_waits_until_the_sitting_is_closed(
    over: tuple[Exam, httpx.Client], running: tuple[Exam, httpx.Client]
) -> None:
    at = START + timedelta(seconds=5)
    assert kind(asked(over[1], at, "audits")) == (422, "purpose-needed")
    assert asked(over[1], at, "audits", purpose="复核成绩有疑").status_code == 200
    assert last(over[0]).purpose == "复核成绩有疑"
    assert kind(asked(running[1], at, "audits", purpose="复核成绩有疑")) == (403, "held-back")
    assert asked(running[1], at).status_code == 200  # on duty there


# Snapshots of what is shown live


@pytest.fixture
def snap(running: tuple[Exam, httpx.Client]) -> Callable[[datetime], httpx.Response]:
    def taken(at: datetime) -> httpx.Response:
        return running[1].post(SNAPSHOTS, json={"at": rfc3339(at)}, headers={"Cookie": "kaojian_session=looks"})

    return taken


def watch(exam: Exam, since: datetime, until: datetime | None = None, session: str = "looks") -> None:
    """As the process that shows live pictures writes it down."""
    names = sha256(session.encode()).hexdigest()
    began = Viewing(since, INSPECTOR, "city_supervisor", Deed.LIVE, SHOWN, "A-cam-1", BATCH, session=names)
    exam.database.viewings.add(began)
    if until is not None:
        left = replace(began, at=until, deed=Deed.LEAVE, span=Interval(since, until))
        exam.database.viewings.add(left)


def test_an_instant_is_named_of_what_was_shown_live_and_its_picture_lies_in_the_footage(
    running: tuple[Exam, httpx.Client], snap: Callable[[datetime], httpx.Response]
) -> None:
    exam, talking = running
    now = exam.clock.now()
    at = now - timedelta(seconds=2)
    watch(exam, now - timedelta(seconds=9))
    answer = snap(at)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["batch"], told["sitting"], told["camera"], told["at"]) == (BATCH, 1, "A-cam-1", rfc3339(at))
    taken = last(exam)
    assert (taken.deed, taken.outcome, taken.actor.name, taken.batch) == (Deed.SNAPSHOT, SHOWN, INSPECTOR.name, BATCH)
    assert taken.span is not None
    assert at in taken.span
    assert asked(talking, at).status_code == 200


def test_no_instant_is_named_that_was_not_shown_there(
    running: tuple[Exam, httpx.Client], snap: Callable[[datetime], httpx.Response]
) -> None:
    exam, _ = running
    now = exam.clock.now()
    assert kind(snap(now)) == (422, "visit-refused")  # nobody watches
    watch(exam, now - timedelta(seconds=20), session="another")
    assert kind(snap(now)) == (422, "visit-refused")
    watch(exam, now - timedelta(seconds=20), now - timedelta(seconds=10))
    assert kind(snap(now - timedelta(seconds=5))) == (422, "visit-refused")
    assert snap(now - timedelta(seconds=15)).status_code == 201
    assert kind(snap(now + timedelta(seconds=5))) == (422, "impossible-time")
    assert kind(snap(now - TAKEN_WITHIN - timedelta(seconds=1))) == (422, "impossible-time")
    assert [each.viewing.deed for each in exam.database.viewings.latest(50)].count(Deed.SNAPSHOT) == 1


def test_outside_of_what_is_recorded_a_snapshot_would_prove_nothing(
    running: tuple[Exam, httpx.Client], snap: Callable[[datetime], httpx.Response]
) -> None:
    exam, _ = running
    exam.clock.step((WINDOW.end + timedelta(minutes=1) - exam.clock.now()).total_seconds())
    watch(exam, exam.clock.now() - timedelta(seconds=9))
    answer = snap(exam.clock.now())
    assert kind(answer) == (422, "visit-refused")
    assert "nothing is to be recorded" in answer.json()["detail"]
