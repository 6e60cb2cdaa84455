"""Emergency accounts, on every database: written whole or not at all, one at a time, and told until long after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.alarms import Alarm, Kind, Step
from domain.people import TOLD_FOR, Account, BrokenGlass, Reach, Role, Scope
from storage.database import Database
from storage.errors import GlassIsBroken, NameTaken, RowRefused
from tests.storage.database.examples import ACTOR, after

ROLE = Role.CITY_ADMINISTRATOR


def break_it(database: Database, number: int, *, alarm: int | None = None) -> BrokenGlass:
    """At that second, for ten seconds."""
    name, at, until = f"emergency-{number}", after(number), after(number + 10)
    account = Account(name, ROLE, Scope(Reach.CITY), at, must_change=True, expires=until, emergency=True)
    broken = BrokenGlass(name, ROLE, at, until, ACTOR, "全部动态口令遗失")
    told = Alarm(f"alarm-{number if alarm is None else alarm}", Kind.BREAK_GLASS, Step.BEGAN, "", at, "{}")
    database.broken_glass.add(account, "hash", broken, told, f"until {number + 10}")
    return broken


def test_account_reason_journal_and_alarm_are_there_together(database: Database) -> None:
    database.alarms.begin("duty-room")
    broken = break_it(database, 0)
    found = database.accounts.find("emergency-0")
    assert found is not None
    assert (found[0].emergency, found[0].stands_as) == (True, "break_glass:city_administrator")
    assert database.broken_glass.told(after(1)) == [broken]
    (entry,) = database.journal.entries()
    assert (entry.actor, entry.act, entry.subject, entry.detail) == (ACTOR, "break_glass", "emergency-0", "until 10")
    alarm = database.alarms.next_alarm("duty-room")
    assert alarm is not None
    assert (alarm.id, alarm.kind) == ("alarm-0", Kind.BREAK_GLASS)


def test_where_one_of_them_cannot_be_written_there_is_no_account_either(database: Database) -> None:
    break_it(database, 0)
    with pytest.raises(RowRefused):
        break_it(database, 20, alarm=0)  # an alarm of that id is there
    assert database.accounts.find("emergency-20") is None
    assert [entry.subject for entry in database.journal.entries()] == ["emergency-0"]
    assert [each.account for each in database.broken_glass.told(after(20))] == ["emergency-0"]


def test_there_is_never_more_than_one_that_is_open(database: Database) -> None:
    break_it(database, 0)
    with pytest.raises(GlassIsBroken, match="kaojian user disable emergency-0"):
        break_it(database, 9)
    break_it(database, 10)
    database.accounts.disable("emergency-10", after(12))
    break_it(database, 13)
    with pytest.raises(NameTaken):
        database.accounts.add(Account("emergency-13", ROLE, Scope(Reach.CITY), after(99), True), "hash")


def test_it_is_told_of_until_long_after_it_ended_or_was_closed(database: Database) -> None:
    broken = break_it(database, 0)
    last, second = after(10) + TOLD_FOR, timedelta(seconds=1)
    assert [each.is_open(after(10)) for each in database.broken_glass.told(after(10))] == [False]
    assert database.broken_glass.told(last - second) == [broken]
    assert database.broken_glass.told(last) == []
    database.accounts.disable("emergency-0", after(5))
    assert database.broken_glass.told(after(6)) == [replace(broken, until=after(5))]
    assert database.broken_glass.told(after(5) + TOLD_FOR) == []
