"""Who watches and loses the right to: out within seconds, whatever the reason."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from dashboard.access import accounts
from dashboard.live.wire import Close
from domain.viewings import Deed
from tests.dashboard.exam import BATCH, TESTER, TOKEN
from tests.dashboard.live.conftest import Hall
from tests.dashboard.live.watching import wait_for


def log_out(hall: Hall) -> None:
    headers = {"Origin": hall.pages, "Cookie": f"kaojian_session={TOKEN}"}
    assert httpx.delete(f"{hall.pages}/api/v1/session", headers=headers).status_code == 204


def disable(hall: Hall) -> None:
    accounts.disable(hall.exam.database, "supervisor", TESTER, hall.exam.clock)


def recuse(hall: Hall) -> None:
    accounts.recuse(hall.exam.database, "supervisor", BATCH, reason="女儿应考", actor=TESTER, clock=hall.exam.clock)


def idle(hall: Hall) -> None:
    hall.exam.clock.advance(31 * 60)


def close_all(hall: Hall) -> None:
    setup = hall.exam.database.setup
    for number in (1, 2):
        start = setup.valid(BATCH, number, hall.exam.clock.now()).plan.planned_start
        setup.open_sitting(BATCH, number, start, start)
        setup.close_sitting(BATCH, number, start, start + timedelta(minutes=1))


@pytest.mark.parametrize("end", [log_out, disable, recuse, idle, close_all], ids=lambda each: each.__name__)
def test_who_watches_is_out_within_seconds_of_losing_the_right(hall: Hall, end: object) -> None:
    tile = hall.tile()
    tile.pictures(2)
    assert callable(end)
    end(hall)
    assert tile.until("ended")["why"] == "right_ended"
    assert tile.ended() == Close.RIGHT_ENDED
    wait_for(lambda: len(hall.written(Deed.LEAVE)) == 1)


def test_watching_is_no_use_of_the_session(hall: Hall) -> None:
    before = hall.exam.database.accounts.sessions("supervisor")[0].seen
    tile = hall.tile()
    tile.pictures(1)
    assert hall.showing is not None
    hall.exam.clock.advance(300)
    (admission,) = hall.showing.lines.values()
    assert hall.showing.door.gone([admission]) == []
    assert hall.exam.database.accounts.sessions("supervisor")[0].seen == before
