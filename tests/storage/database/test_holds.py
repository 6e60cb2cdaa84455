"""Holds and what lifted them: read as they were written, and never changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from domain.holds import Hold, Order
from domain.people import Actor, Door
from storage.database import Database
from storage.errors import StorageError, UnknownHold
from tests.storage.database.examples import ACTOR, after

OTHER = Actor("account:zhou", Door.API, "市审计局")


def test_holds_are_read_as_they_were_written_the_latest_first(database: Database) -> None:
    assert database.holds.all() == []
    first = database.holds.add("b1", Order(after(0), ACTOR, "投诉"))
    second = database.holds.add("b1", Order(after(1), OTHER, "审计"))
    other = database.holds.add("b2", Order(after(2), ACTOR, "诉讼"))
    lifting = Order(after(3), OTHER, "结案")
    lifted = database.holds.lift(first.number, lifting)
    assert lifted == Hold(first.number, "b1", first.ordered, lifting)
    assert database.holds.all("b1") == [second, lifted]
    assert database.holds.all() == [other, second, lifted]
    assert [database.holds.standing(batch) for batch in ("b1", "b2", "b3")] == [True, True, None]
    database.holds.lift(second.number, lifting)
    assert database.holds.standing("b1") is False


def test_a_hold_that_is_not_there_or_was_lifted_is_not_lifted(database: Database) -> None:
    hold = database.holds.add("b1", Order(after(0), ACTOR, "投诉"))
    lifted = database.holds.lift(hold.number, Order(after(1), ACTOR, "结案"))
    for number in (hold.number, hold.number + 1):
        with pytest.raises(UnknownHold):
            database.holds.lift(number, Order(after(2), OTHER, "再次"))
    assert database.holds.all() == [lifted]


@pytest.mark.parametrize("table", ["holds", "hold_liftings"])
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET reason = 'x'"])
def test_the_database_itself_refuses_to_change_them(database: Database, table: str, act: str) -> None:
    hold = database.holds.add("b1", Order(after(0), ACTOR, "投诉"))
    database.holds.lift(hold.number, Order(after(1), ACTOR, "结案"))
    with pytest.raises(StorageError, match="never changed"), database._engine.writing() as connection:
        connection.execute(sa.text(act.format(table)))
