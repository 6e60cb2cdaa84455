"""Webhooks as people meet them: tried, shown, checked, and served beside the pages."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config import settings as settings_door
from dashboard.metrics import Sources, exposition
from domain.alarms import Alarm, Kind, Step
from kaojian.terminal import local_actor
from kaojian.webhooks import telling
from kaojian.wiring import open_archive
from records.alarms_standing import watch
from records.declaration import parse
from records.headroom import Spools
from records.setup import apply
from storage.database import Database, connect
from storage.database.alarms import RuleState
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.kaojian.conftest import Command
from tests.records.setups import ACTOR, START, WHOLE


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def hooks(installation: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one receiver, ``duty-room``."""
    file = installation / "webhooks.yaml"
    url = receiver.address()
    file.write_text(f"webhooks:\n  - {{name: duty-room, url: '{url}', secret: hook}}\n", encoding="utf-8")
    monkeypatch.setenv("KAOJIAN_WEBHOOKS_FILE", str(file))
    monkeypatch.setenv("KAOJIAN_SECRET_HOOK", "duty:s3cr3t")
    return file


@pytest.fixture
def database(hooks: Path) -> Iterator[Database]:
    found = connect(settings_door.load().database_url, NOTARY)
    yield found
    found.close()


def fail(database: Database) -> None:
    """One alarm that ``duty-room`` did not take, and one that it will never get."""
    database.alarms.begin("duty-room")
    alarms = [Alarm(f"alarm-{number}", Kind.CAMERA_LOST, Step.BEGAN, "", START, "{}") for number in (1, 2)]
    database.alarms.go_on(RuleState("host", START, "{}"), alarms)
    first = database.alarms.next_alarm("duty-room")
    assert first is not None
    database.alarms.park("duty-room", first)
    database.alarms.refused("duty-room", START, "应答 500 answered 500")


@pytest.mark.usefixtures("hooks")
def test_a_test_message_goes_to_every_receiver_and_says_what_came_of_it(
    kaojian: Command, receiver: Receiver, database: Database
) -> None:
    receiver.answers = [(204, b""), (500, b"")]
    taken, refused = kaojian("webhook", "test"), kaojian("webhook", "test")
    assert (taken.code, taken.out) == (0, "duty-room (generic): taken 已接收\n")
    assert (refused.code, refused.out) == (1, "duty-room (generic): 应答 500 answered 500\n")
    told = json.loads(receiver.requests[0].body)
    assert told["event"] == "test" and told["text"]["zh"].startswith("考鉴测试消息")
    assert "s3cr3t" not in taken.out + refused.out + refused.err
    entries = database.journal.entries()
    assert {(each.act, each.subject, each.actor) for each in entries} == {
        ("test_webhook", "duty-room", local_actor())
    }
    assert len(entries) == 2


def test_without_a_file_the_test_says_where_to_name_one(kaojian: Command) -> None:
    done = kaojian("webhook", "test")
    assert done.code == 0 and "KAOJIAN_WEBHOOKS_FILE" in done.out


def test_status_shows_what_waits_what_was_given_up_and_why(kaojian: Command, database: Database) -> None:
    fail(database)
    shown = kaojian("status").out
    assert "duty-room: 1 waiting, 1 parked 已放弃 (the last one alarm-1)" in shown
    assert "FAILING 推送失败 since 05-01 09:00:00: 应答 500 answered 500" in shown
    (told,) = json.loads(kaojian("status", "--json").out)["webhooks"]
    assert (told["waiting"], told["parked"], told["reason"]) == (1, 1, "应答 500 answered 500")


def test_metrics_tell_the_same(database: Database) -> None:
    fail(database)
    archive = open_archive(settings_door.load(), database)
    sources = Sources(
        database,
        archive,
        Spools(),
        (),
        webhooks=("duty-room",),
    )
    text = exposition(sources, START + timedelta(seconds=90)).decode()
    for line in (
        'kaojian_webhook_waiting{webhook="duty-room"} 1.0',
        'kaojian_webhook_parked{webhook="duty-room"} 1.0',
        'kaojian_webhook_failing_seconds{webhook="duty-room"} 90.0',
    ):
        assert line in text


def test_doctor_names_a_file_that_is_refused_and_a_secret_that_is_missing(
    kaojian: Command, hooks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "1 set; try them with: kaojian webhook test" in kaojian("doctor").out
    monkeypatch.delenv("KAOJIAN_SECRET_HOOK")
    assert "secret 'hook' is missing" in kaojian("doctor").out
    hooks.write_text("webhooks: 3\n", encoding="utf-8")
    assert "webhooks.yaml:1" in kaojian("doctor").out


def test_beside_the_pages_what_is_lost_is_told_by_itself(database: Database, receiver: Receiver) -> None:
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    came = threading.Event()
    receiver.answers = [lambda _: came.set()]
    with telling(settings_door.load(), database, FakeClock(START)):
        assert came.wait(60)
    assert json.loads(receiver.requests[0].body)["event"] == "recorder_lost"


def test_beside_the_pages_what_is_put_on_record_is_told_to_who_asks_for_it(
    database: Database, hooks: Path, receiver: Receiver
) -> None:
    hooks.write_text(hooks.read_text("utf-8").replace("secret: hook", "secret: hook, events: [records]"), "utf-8")
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    came = threading.Event()
    receiver.answers = [lambda _: came.set()]
    with telling(settings_door.load(), database, FakeClock(START)):
        while not database.alarms.receivers(["duty-room"]):
            came.wait(0.05)
        database.journal.record(START, ACTOR, "close_sitting", "2026-0501/1")
        assert came.wait(60)
    told = json.loads(receiver.requests[0].body)
    assert (told["event"], told["batch"], told["sitting"]) == ("sitting_closed", "2026-0501", 1)


@pytest.mark.parametrize("text", ["webhooks: []\n", "webhooks: 3\n"])
def test_without_a_receiver_and_with_a_file_that_is_refused_alarms_are_looked_for_all_the_same(
    database: Database, hooks: Path, text: str
) -> None:
    hooks.write_text(text, encoding="utf-8")
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    patience = time.monotonic() + 60
    with telling(settings_door.load(), database, FakeClock(START)):
        while not (found := watch(database, START)).alarms and time.monotonic() < patience:
            time.sleep(0.05)
    assert (found.awake, [each.kind for each in found.alarms]) == (True, [Kind.RECORDER_LOST])
