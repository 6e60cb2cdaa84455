"""The contract of the set-up aggregate, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
import sqlalchemy as sa

from domain.expected import (
    Basis,
    Expectation,
    ExpectedPlace,
    ExpectedRoom,
    ExpectedView,
    FrozenExpectation,
    Lack,
    Phase,
)
from domain.pictures import Region
from domain.places import Batch, Sitting, StationTime
from domain.plan import Target
from domain.timeline import Interval
from storage.database import Database, tables
from storage.database.documents import batch_text, site_text
from storage.database.expectations import digest_of, text_of
from storage.errors import (
    AlreadyClosed,
    AlreadyOpen,
    CameraBelongsElsewhere,
    NotOpen,
    SetupChanged,
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


OWN = StationTime("A1", Interval(after(60), after(120)))
PLACES = (
    ExpectedPlace(
        Target.STATION,
        "A1",
        "room-1",
        "recognise",
        "辨认",
        125,
        tuple(Phase),
        Basis.PLAN,
        (ExpectedView("cam-1", 181.5, 0.97, 1323),),
        times=(OWN.interval,),
    ),
    ExpectedPlace(
        Target.DOOR,
        "南门",
        "room-1",
        "identify",
        "识别",
        250,
        (Phase.ENTRY,),
        Basis.PLAN,
        lack=Lack.TOO_SMALL,
        best=ExpectedView("cam-1", 81, 1.0, 2000),
    ),
)
EXPECTED = Expectation(
    "SG-2022-08-10",
    "ab" * 32,
    "EN 62676-4:2014",
    1,
    PLACES,
    (ExpectedRoom("room-1", "detect", "探测", 25, 0.95, 0.99, 0.25, ("A2",), ("cam-2",), (("cam-1", 1920),)),),
)


def test_what_must_be_seen_is_kept_when_a_sitting_opens_and_comes_back_with_its_digest(database: Database) -> None:
    prepare(database)
    assert database.setup.expectation("batch-1", 1) is None
    valid = database.setup.valid("batch-1", 1, after(10))
    database.setup.open_sitting("batch-1", 1, after(10), after(12), expected=(valid, EXPECTED))
    kept = database.setup.expectation("batch-1", 1)
    assert kept == FrozenExpectation(EXPECTED, digest_of(text_of(EXPECTED)), after(10))
    database.setup.apply_site(site(name="later"), ACTOR, after(20))
    assert database.setup.expectation("batch-1", 1) == kept


def test_a_sitting_is_not_opened_with_what_was_made_of_another_set_up(database: Database) -> None:
    prepare(database)
    valid = database.setup.valid("batch-1", 1, after(10))
    database.setup.apply_site(site(name="meanwhile"), ACTOR, after(5))
    with pytest.raises(SetupChanged, match="batch-1 was not opened"):
        database.setup.open_sitting("batch-1", 1, after(10), after(12), expected=(valid, EXPECTED))
    assert sitting(database).opened is None
    assert database.setup.expectation("batch-1", 1) is None


def test_the_set_up_that_an_opening_would_freeze_is_the_one_valid_then(database: Database) -> None:
    prepare(database)
    database.setup.apply_site(site(name="later"), ACTOR, after(20))
    assert database.setup.valid("batch-1", 1, after(19)).site == site()
    assert database.setup.valid("batch-1", 1, after(20)).site == site(name="later")
    with pytest.raises(UnknownSitting):
        database.setup.valid("batch-1", 9, after(20))


def test_a_changed_document_is_seen_by_its_digest(database: Database, url: str) -> None:
    prepare(database)
    valid = database.setup.valid("batch-1", 1, after(10))
    database.setup.open_sitting("batch-1", 1, after(10), after(12), expected=(valid, EXPECTED))
    altered = text_of(replace(EXPECTED, places=PLACES[:1]))
    _overwrite(url, altered)
    found = database.setup.expectation("batch-1", 1)
    assert found is not None
    assert (found.intact, found.expectation.places) == (False, PLACES[:1])


def _overwrite(url: str, document: str) -> None:
    """As somebody with the database's password would."""
    engine = sa.create_engine(url)
    on = " ON expectations" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP TRIGGER expectations_refuse_update{on}"))
        connection.execute(sa.update(tables.expectations).values(document=document))
    engine.dispose()


def test_own_times_of_stations_come_back_and_a_plan_without_any_is_the_document_it_was(database: Database) -> None:
    prepare(database)
    assert "stations" not in batch_text(batch())
    plans = batch().sittings
    told = replace(batch(), sittings=(replace(plans[0], stations=(OWN,)), *plans[1:]))
    assert database.setup.apply_batch(told, ACTOR, after(5))
    assert database.setup.batch("batch-1") == told


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
