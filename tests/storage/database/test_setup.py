"""The contract of the set-up aggregate, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from domain.pictures import Region
from domain.places import Batch, Sitting
from storage.database import Database
from storage.database.documents import site_text
from storage.errors import (
    AlreadyClosed,
    AlreadyOpen,
    CameraBelongsElsewhere,
    NotOpen,
    UnknownBatch,
    UnknownSite,
    UnknownSitting,
)
from tests.storage.database.examples import ACTOR, after, batch, site


def prepare(database: Database) -> None:
    database.setup.apply_site(site(), ACTOR, after(0))
    database.setup.apply_batch(batch(), ACTOR, after(0))


def sitting(database: Database, number: int = 1) -> Sitting:
    found = database.setup.sitting("batch-1", number)
    assert found is not None
    return found


def test_a_site_and_a_batch_come_back_as_they_were_applied(database: Database) -> None:
    prepare(database)
    assert database.setup.sites() == [site()]
    assert database.setup.site("site-1") == site()
    assert database.setup.batches() == [batch()]
    assert database.setup.batch("batch-1") == batch()
    assert database.setup.site("none") is None
    assert database.setup.batch("none") is None


def test_regions_of_a_camera_come_back_and_a_set_up_without_any_is_the_document_it_was(database: Database) -> None:
    plain = site()
    assert "regions" not in site_text(plain)
    room = plain.rooms[0]
    drawn = replace(room.cameras[0], regions=(Region("A1", ((0.1, 0.25), (0.5, 0.25), (0.5, 1.0))),))
    told = replace(plain, rooms=(replace(room, cameras=(drawn, *room.cameras[1:])),))
    assert database.setup.apply_site(plain, ACTOR, after(0))
    assert database.setup.apply_site(told, ACTOR, after(1))
    assert database.setup.site(told.id) == told


def test_applying_the_same_again_writes_no_revision(database: Database) -> None:
    assert database.setup.apply_site(site(), ACTOR, after(0))
    assert not database.setup.apply_site(site(), ACTOR, after(5))
    assert database.setup.apply_batch(batch(), ACTOR, after(0))
    assert not database.setup.apply_batch(batch(), ACTOR, after(5))


def test_the_same_plan_told_in_local_time_is_the_same_plan(database: Database) -> None:
    prepare(database)
    assert not database.setup.apply_batch(_in_shanghai(batch()), ACTOR, after(5))


def test_going_back_to_an_earlier_set_up_is_a_new_revision(database: Database) -> None:
    for number, name in enumerate(("first", "second", "first")):
        assert database.setup.apply_site(site(name=name), ACTOR, after(number))
    assert database.setup.site("site-1") == site(name="first")


def test_a_site_can_be_asked_for_as_it_was_at_an_instant(database: Database) -> None:
    database.setup.apply_site(site(name="old"), ACTOR, after(0))
    database.setup.apply_site(site(name="new"), ACTOR, after(10))
    assert database.setup.site("site-1", after(9)) == site(name="old")
    assert database.setup.site("site-1", after(10)) == site(name="new")
    assert database.setup.site("site-1", after(-1)) is None
    assert database.setup.sites(after(9)) == [site(name="old")]
    assert database.setup.sites(after(-1)) == []


def test_a_batch_at_an_unknown_site_is_refused(database: Database) -> None:
    with pytest.raises(UnknownSite, match="site-1"):
        database.setup.apply_batch(batch(), ACTOR, after(0))
    assert database.setup.batches() == []


def test_a_camera_of_another_site_is_refused(database: Database) -> None:
    database.setup.apply_site(site("site-1", "cam-1"), ACTOR, after(0))
    with pytest.raises(CameraBelongsElsewhere, match=r"cam-1 belongs to site site-1"):
        database.setup.apply_site(site("site-2", "cam-1"), ACTOR, after(1))
    assert database.setup.sites() == [site("site-1", "cam-1")]


def test_a_camera_that_its_site_gave_up_may_move(database: Database) -> None:
    database.setup.apply_site(site("site-1", "cam-1"), ACTOR, after(0))
    database.setup.apply_site(site("site-1", "cam-9"), ACTOR, after(1))
    assert database.setup.apply_site(site("site-2", "cam-1"), ACTOR, after(2))


def test_a_camera_may_not_move_while_an_open_sitting_still_uses_it(database: Database) -> None:
    prepare(database)
    database.setup.open_sitting("batch-1", 1, after(10), after(10))
    database.setup.apply_site(site("site-1", "cam-9"), ACTOR, after(11))
    with pytest.raises(CameraBelongsElsewhere):
        database.setup.apply_site(site("site-2", "cam-1"), ACTOR, after(12))
    database.setup.close_sitting("batch-1", 1, after(20), after(19))
    assert database.setup.apply_site(site("site-2", "cam-1"), ACTOR, after(21))


def test_before_it_opens_a_sitting_follows_every_change(database: Database) -> None:
    prepare(database)
    database.setup.apply_site(site(name="changed"), ACTOR, after(5))
    database.setup.apply_batch(batch(project="changed"), ACTOR, after(5))
    changed = batch(project="changed")
    assert sitting(database) == Sitting(changed, changed.sitting(1), site(name="changed"))


def test_an_open_sitting_keeps_the_set_up_it_opened_with(database: Database) -> None:
    prepare(database)
    database.setup.open_sitting("batch-1", 1, after(10), after(12))
    database.setup.apply_site(site(name="changed"), ACTOR, after(20))
    database.setup.apply_batch(batch(project="changed"), ACTOR, after(20))
    frozen = Sitting(batch(), batch().sitting(1), site(), opened=after(10), actual_start=after(12))
    assert sitting(database) == frozen
    assert sitting(database, 2).site == site(name="changed")
    database.setup.close_sitting("batch-1", 1, after(40), after(38))
    assert sitting(database) == replace(frozen, closed=after(40), actual_end=after(38))


def test_a_sitting_rests_on_the_revisions_valid_when_it_opens_not_on_later_ones(database: Database) -> None:
    prepare(database)
    database.setup.apply_site(site(name="for later"), ACTOR, after(100))
    database.setup.open_sitting("batch-1", 1, after(10), after(12))
    assert sitting(database).site == site()


def test_an_opened_sitting_stays_even_if_its_plan_is_dropped(database: Database) -> None:
    prepare(database)
    database.setup.open_sitting("batch-1", 2, after(10), after(12))
    database.setup.apply_batch(batch(numbers=1), ACTOR, after(20))
    assert [found.plan.number for found in database.setup.sittings("batch-1")] == [1, 2]


def test_sittings_of_all_batches_come_by_batch_and_number(database: Database) -> None:
    prepare(database)
    database.setup.apply_batch(batch("batch-0", numbers=1), ACTOR, after(1))
    database.setup.open_sitting("batch-1", 2, after(10), after(12))
    found = [(each.batch.id, each.plan.number) for each in database.setup.sittings()]
    assert found == [("batch-0", 1), ("batch-1", 1), ("batch-1", 2)]
    assert [each.batch.id for each in database.setup.sittings("batch-0")] == ["batch-0"]
    assert database.setup.sittings("none") == []
    assert database.setup.sitting("batch-1", 9) is None


def test_a_sitting_opens_once(database: Database) -> None:
    prepare(database)
    database.setup.open_sitting("batch-1", 1, after(10), after(12))
    with pytest.raises(AlreadyOpen):
        database.setup.open_sitting("batch-1", 1, after(11), after(13))
    assert sitting(database).opened == after(10)


def test_a_sitting_closes_once_and_only_after_it_opened(database: Database) -> None:
    prepare(database)
    with pytest.raises(NotOpen):
        database.setup.close_sitting("batch-1", 1, after(20), after(19))
    database.setup.open_sitting("batch-1", 1, after(10), after(12))
    database.setup.close_sitting("batch-1", 1, after(20), after(19))
    with pytest.raises(AlreadyClosed):
        database.setup.close_sitting("batch-1", 1, after(30), after(29))
    with pytest.raises(AlreadyOpen):
        database.setup.open_sitting("batch-1", 1, after(40), after(40))
    assert sitting(database).closed == after(20)


def test_an_unknown_batch_or_number_can_be_neither_opened_nor_closed(database: Database) -> None:
    prepare(database)
    for act in (database.setup.open_sitting, database.setup.close_sitting):
        with pytest.raises(UnknownBatch):
            act("none", 1, after(10), after(12))
        with pytest.raises(UnknownSitting):
            act("batch-1", 9, after(10), after(12))


def test_a_batch_that_was_not_valid_yet_cannot_be_opened(database: Database) -> None:
    prepare(database)
    with pytest.raises(UnknownBatch):
        database.setup.open_sitting("batch-1", 1, after(-1), after(0))


def _in_shanghai(plan: Batch) -> Batch:
    china = timezone(timedelta(hours=8))
    local = (replace(one, planned_start=one.planned_start.astimezone(china)) for one in plan.sittings)
    return replace(plan, sittings=tuple(local))
