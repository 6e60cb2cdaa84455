"""Alarms and who was told of them, on every database."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from domain.alarms import Alarm, Kind, Step
from storage.database import Database
from storage.database.alarms import RuleState, insert_alarms
from storage.database.connection import Engine
from storage.errors import RowRefused
from tests.storage.database.examples import after

STATE = RuleState("host", after(0), "{}")


def alarm(number: int) -> Alarm:
    return Alarm(f"alarm-{number}", Kind.CAMERA_LOST, Step.BEGAN, "site-1", after(number), "{}")


def test_who_goes_on_from_what_another_has_left_behind_writes_nothing(database: Database) -> None:
    alarms = database.alarms
    alarms.begin("duty-room")
    assert alarms.go_on(STATE, [alarm(1)])
    assert not alarms.go_on(replace(STATE, holder="late"), [alarm(2)])
    assert alarms.go_on(replace(STATE, known='{"a": 1}', version=1), [])
    assert not alarms.go_on(replace(STATE, holder="late", version=1), [alarm(3)])
    assert alarms.state() == replace(STATE, known='{"a": 1}', version=2)
    assert database.alarms.receivers(["duty-room"])[0].waiting == 1


def test_of_two_writers_the_second_waits_so_that_no_number_becomes_readable_before_a_lower_one(
    database: Database, url: str
) -> None:
    database.alarms.begin("duty-room")
    engine = Engine(url)
    second = threading.Thread(target=database.alarms.go_on, args=(STATE, [alarm(2)]))
    with engine.writing() as connection:
        insert_alarms(connection, [alarm(1)])
        second.start()
        second.join(0.5)
        assert database.alarms.next_alarm("duty-room") is None
    second.join()
    engine.close()
    first = database.alarms.next_alarm("duty-room")
    assert first is not None
    assert first.id == "alarm-1"


def test_an_alarm_that_cannot_be_written_takes_what_was_read_for_it_along(database: Database) -> None:
    assert database.alarms.go_on(STATE, [alarm(1)])
    with pytest.raises(RowRefused):
        database.alarms.go_on(replace(STATE, known="read on", version=1), [alarm(2), alarm(1)])
    assert database.alarms.state() == replace(STATE, version=1)


def test_how_far_a_receiver_is_served_never_goes_back(database: Database) -> None:
    alarms = database.alarms
    alarms.begin("duty-room")
    alarms.go_on(STATE, [alarm(1), alarm(2), alarm(3)])
    first = alarms.next_alarm("duty-room")
    assert first is not None and first == replace(alarm(1), number=first.number)
    alarms.taken("duty-room", first.number + 1)
    alarms.taken("duty-room", first.number)
    alarms.park("duty-room", first)
    alarms.begin("duty-room")
    (found,) = alarms.receivers(["duty-room", "unknown"])
    assert (found.waiting, found.parked) == (1, 0)
    following = alarms.next_alarm("duty-room")
    assert following is not None and following.id == "alarm-3"


def test_since_when_a_receiver_fails_stays_until_it_takes_something(database: Database) -> None:
    alarms = database.alarms
    alarms.begin("duty-room")
    alarms.go_on(STATE, [alarm(1)])
    alarms.refused("duty-room", after(5), "first")
    alarms.refused("duty-room", after(9), "second")
    (failing,) = alarms.receivers(["duty-room"])
    assert (failing.failing_since, failing.reason) == (after(5), "second")
    one = alarms.next_alarm("duty-room")
    assert one is not None
    alarms.taken("duty-room", one.number)
    (well,) = alarms.receivers(["duty-room"])
    assert (well.failing_since, well.reason) == (None, "")


def test_each_rule_goes_on_from_where_it_was_whatever_another_comes_to(database: Database) -> None:
    other = replace(STATE, rule="following", known='{"position": 3}')
    assert database.alarms.go_on(STATE, [])
    assert database.alarms.state("following") is None
    assert database.alarms.go_on(other, [alarm(1)])
    assert database.alarms.state() == replace(STATE, version=1)
    assert database.alarms.state("following") == replace(other, version=1)
