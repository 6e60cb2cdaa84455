"""Which cameras somebody may watch live: sittings open or about to be, scopes, recusals, cameras of two sittings."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from dashboard.access.wall import ABOUT_TO_BE, is_on, on_the_wall
from domain.people import Account, Reach, Role, Scope
from domain.places import Batch, Site, Sitting
from tests.dashboard.exam import BATCH, SITE, START, plan

PLAN = plan(1, START)
SITTING = Sitting(Batch(BATCH, SITE.id, "中式面点制作", "SG-2022-08-10", (PLAN,)), PLAN, SITE)
MICROSECOND = timedelta(microseconds=1)


def somebody(*names: str, reach: Reach = Reach.CITY, recused: tuple[str, ...] = ()) -> Account:
    scope = Scope(reach, frozenset(names))
    return Account("li", Role.CITY_SUPERVISOR, scope, START, must_change=False, recused=frozenset(recused))


def cameras(
    account: Account, *sittings: Sitting, at: datetime = START, sites: tuple[Site, ...] = (SITE,)
) -> list[str]:
    return [each.camera.id for each in on_the_wall(account, sittings, sites, at)]


ALL = [camera.id for room in SITE.rooms for camera in room.cameras]


def test_a_sitting_is_on_from_two_hours_before_it_is_recorded_until_it_is_closed() -> None:
    begins = PLAN.recording_from - ABOUT_TO_BE
    assert not is_on(SITTING, begins - MICROSECOND)
    assert is_on(SITTING, begins)
    assert is_on(SITTING, START + timedelta(days=3)), "exams run late"
    assert not is_on(replace(SITTING, opened=START, closed=START + timedelta(minutes=1)), START)
    early = replace(SITTING, opened=begins - timedelta(hours=1))
    assert is_on(early, begins - timedelta(hours=1))


def test_each_camera_inside_the_scope_is_there_once_for_the_sitting_that_begins_first() -> None:
    later = replace(SITTING, plan=plan(2, START + timedelta(hours=1)))
    assert cameras(somebody(), later, SITTING) == ALL
    assert {each.sitting.plan.number for each in on_the_wall(somebody(), (later, SITTING), (SITE,), START)} == {1}
    assert cameras(somebody(SITE.county, reach=Reach.COUNTY), SITTING) == ALL
    assert cameras(somebody(SITE.id, reach=Reach.SITE), SITTING) == ALL
    assert cameras(somebody("武江区", reach=Reach.COUNTY), SITTING) == []
    assert cameras(somebody("sg-009", reach=Reach.SITE), SITTING) == []


def test_a_site_that_moved_to_another_county_is_seen_from_there() -> None:
    moved = replace(SITE, county="武江区")
    assert cameras(somebody("武江区", reach=Reach.COUNTY), SITTING, sites=(moved,)) == ALL
    assert cameras(somebody(SITE.county, reach=Reach.COUNTY), SITTING, sites=(moved,)) == []
    assert cameras(somebody(), SITTING, sites=()) == []


def test_cameras_of_a_batch_that_somebody_is_recused_from_are_hidden_whatever_else_uses_them() -> None:
    other_plan = replace(plan(1, START), rooms=("A",))
    other = Sitting(replace(SITTING.batch, id="other", sittings=(other_plan,)), other_plan, SITE)
    assert cameras(somebody(recused=(BATCH,)), SITTING) == []
    assert cameras(somebody(recused=("other",)), SITTING, other) == [each for each in ALL if each.startswith("B")]
    closed = replace(other, opened=START, closed=START + timedelta(minutes=1))
    assert cameras(somebody(recused=("other",)), SITTING, closed) == ALL
