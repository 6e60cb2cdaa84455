"""A site's set-up as the file would have it, and changed one thing at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.documents import Document
from domain.pictures import Region
from domain.places import Camera, Engine, Nvr, Site, Transport
from records.declaration import parse
from records.errors import ChangeRefused
from records.set_up_form import plan_form, site_form
from records.setup import apply
from records.sites import (
    Change,
    Edit,
    change,
    drafted,
    rooms_through,
    with_camera,
    with_nvr,
    with_plan,
    without_camera,
    without_nvr,
)
from storage.database import Database, connect
from storage.errors import CameraBelongsElsewhere, RevisedMeanwhile, UnknownSite
from tests.dashboard.exam import SITE as EXAM_SITE
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.setups import ACTOR, PLANNED, START

EVE = START - timedelta(days=1)
FULL = Camera(
    id="sg-001-c7",
    url="rtsp://10.0.0.7:8554/a?x=1&y=2",
    sees=("A-02", "A-01"),
    secret="cam-7",
    transport=Transport.UDP,
    panoramic=True,
    nvr="nvr-1",
    channel=7,
    engine=Engine.LIBAV,
    audio=True,
    regions=(Region("A-01", ((0.1, 0.2), (0.4, 0.2), (0.4, 0.8))),),
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    apply(parse(PLANNED, "exam.yaml"), found, ACTOR, FakeClock(START - timedelta(days=2)))
    yield found
    found.close()


def planned() -> Site:
    return parse(PLANNED, "exam.yaml").sites[0]


def whole() -> Site:
    """A site that uses every field there is."""
    site = planned()
    first = replace(site.rooms[0], cameras=(*site.rooms[0].cameras, FULL))
    return replace(
        site,
        rooms=(first, *site.rooms[1:]),
        nvrs=(Nvr("nvr-1", "rtsp://10.0.0.7:8554", "nvr", 8), Nvr("n-2", "rtsp://10.0.0.9")),
    )


@pytest.mark.parametrize("site", [planned(), whole(), EXAM_SITE], ids=["planned", "whole", "exam"])
def test_a_site_reads_back_from_its_form_as_it_was(site: Site) -> None:
    text = json.dumps({"sites": [site_form(site)]}, ensure_ascii=False)
    assert parse(text, "form").sites == (site,)


def test_a_plan_reads_back_from_its_form_and_a_contradiction_is_told_by_its_field() -> None:
    plan = planned().rooms[0].plan
    assert plan is not None
    assert drafted(plan_form(plan)) == plan
    bent = plan_form(plan)
    bent["stations"][1]["to"] = 0.1
    bent["cameras"][0]["width_of_view"] = 200
    with pytest.raises(ChangeRefused) as refused:
        drafted(bent)
    assert {field.partition("]")[0] for field, _ in refused.value.problems} == {"stations[1", "cameras[0"}
    with pytest.raises(ChangeRefused, match="height"):
        drafted({"outline": [[0, 0], [1, 0], [1, 1]]})


def follows(database: Database) -> str:
    found = database.setup.site_sha256("sg-001")
    assert found is not None
    return found


def changes(database: Database, room: str, edit: Edit, *, site: str = "sg-001", seen: str = "") -> Change:
    """The day before the exam."""
    return change(database, site, [room], edit, follows=seen or follows(database), actor=ACTOR, clock=FakeClock(EVE))


def test_a_change_is_valid_from_now_on_and_keeps_everything_else(database: Database) -> None:
    before = database.setup.site("sg-001")
    camera = Camera("sg-001-c8", "rtsp://10.0.0.8/x", ("B-01",))
    made = changes(database, "r302", with_camera("r302", camera))
    now = database.setup.site("sg-001")
    assert before is not None and now is not None and made.site == now
    assert now.rooms[1].cameras == (*before.rooms[1].cameras, camera)
    assert now.rooms[0] == before.rooms[0]
    assert database.setup.site("sg-001", EVE - timedelta(seconds=1)) == before
    assert [(each.number, each.keeps) for each in made.sittings] == [(2, False)], "the first is in another room"
    again = changes(database, "r302", with_camera("r302", camera))
    assert (again.new, again.revision) == (False, made.revision)


def test_a_change_that_was_overtaken_is_refused_also_between_looking_and_writing(database: Database) -> None:
    seen = follows(database)

    def somebody_else() -> None:
        changes(database, "r301", without_camera("r301", "sg-001-c9"), seen=seen)

    camera = Camera("sg-001-c8", "rtsp://10.0.0.8/x", ())
    with pytest.raises(RevisedMeanwhile):
        change(
            database,
            "sg-001",
            ["r302"],
            with_camera("r302", camera),
            follows=seen,
            actor=ACTOR,
            clock=FakeClock(EVE),
            before=somebody_else,
        )
    now = database.setup.site("sg-001")
    assert now is not None
    assert {each.id for room in now.rooms for each in room.cameras} == {"sg-001-c1", "sg-001-c2"}
    assert now.rooms[0].plan is not None
    assert [each.camera for each in now.rooms[0].plan.mountings] == ["sg-001-c1"]


def test_what_cannot_be_is_told_by_the_field_of_what_was_changed(database: Database) -> None:
    wrong = Camera("sg-001-c8", "rtsp://user:pw@10.0.0.8/x", ("A-01", "Z-09"))
    with pytest.raises(ChangeRefused) as refused:
        changes(database, "r301", with_camera("r301", wrong))
    assert [field for field, _ in refused.value.problems] == ["sees[1]", "url"]
    assert "pw" not in str(refused.value)
    for room, edit in (("r9", with_camera("r9", wrong)), ("r302", without_camera("r302", "sg-001-c1"))):
        with pytest.raises(ChangeRefused):
            changes(database, room, edit)
    with pytest.raises(UnknownSite):
        changes(database, "r1", without_camera("r1", "x"), site="sg-9")


def test_a_camera_of_another_site_is_not_taken(database: Database) -> None:
    clock = FakeClock(EVE)
    other = site_form(replace(planned(), id="sg-002", rooms=planned().rooms[1:]))
    other["rooms"][0]["cameras"][0]["id"] = "sg-002-c1"
    apply(parse(json.dumps({"sites": [other]}), "other"), database, ACTOR, clock)
    taken = Camera("sg-002-c1", "rtsp://10.0.0.8/x", ())
    with pytest.raises((ChangeRefused, CameraBelongsElsewhere), match="belongs to site sg-002"):
        changes(database, "r302", with_camera("r302", taken))


class TestNvrs:
    BEHIND = Camera("sg-001-c8", "rtsp://10.0.0.7:8554/ch/8?x=1", ("B-01",), "nvr", nvr="n-1", channel=8)
    ITS_OWN = Camera("sg-001-c7", "rtsp://10.0.0.7:8554/ch/7", (), "own", nvr="n-1", channel=7)
    ELSEWHERE = Camera("sg-001-c6", "rtsp://10.0.0.6/x", (), "nvr", nvr="n-1", channel=6)

    @pytest.fixture(autouse=True)
    def three(self, database: Database) -> None:
        changes(database, "r302", with_nvr(Nvr("n-1", "rtsp://10.0.0.7:8554", "nvr", 8)))
        for camera in (self.BEHIND, self.ITS_OWN, self.ELSEWHERE):
            changes(database, "r302", with_camera("r302", camera))

    def cameras(self, database: Database) -> dict[str, Camera]:
        site = database.setup.site("sg-001")
        assert site is not None
        assert rooms_through(site, "n-1") == {"r302"}
        return {each.id: each for room in site.rooms for each in room.cameras}

    def test_a_second_one_stands_after_the_first_and_changes_no_camera(self, database: Database) -> None:
        before = self.cameras(database)
        changes(database, "r302", with_nvr(Nvr("n-2", "rtsp://10.0.0.9")))
        assert self.cameras(database) == before
        site = database.setup.site("sg-001")
        assert site is not None and [each.id for each in site.nvrs] == ["n-1", "n-2"]

    def test_cameras_go_along_to_its_new_address_without_a_login_meant_for_the_old_one(
        self, database: Database
    ) -> None:
        changes(database, "r302", with_nvr(Nvr("n-1", "rtsp://10.0.0.17:554", None, 8)))
        now = self.cameras(database)
        assert now["sg-001-c8"] == replace(self.BEHIND, url="rtsp://10.0.0.17:554/ch/8?x=1", secret=None)
        assert now["sg-001-c7"] == replace(self.ITS_OWN, url="rtsp://10.0.0.17:554/ch/7", secret=None)
        assert now["sg-001-c6"] == self.ELSEWHERE

    def test_with_a_new_login_those_that_had_the_old_one_have_it(self, database: Database) -> None:
        changes(database, "r302", with_nvr(Nvr("n-1", "rtsp://10.0.0.7:8554", "newer", 8)))
        now = self.cameras(database)
        assert now["sg-001-c8"] == replace(self.BEHIND, secret="newer")
        assert (now["sg-001-c7"], now["sg-001-c6"]) == (self.ITS_OWN, self.ELSEWHERE)

    def test_it_is_taken_away_once_no_camera_is_reached_through_it(self, database: Database) -> None:
        with pytest.raises(ChangeRefused, match=r"sg-001-c8, sg-001-c7, sg-001-c6 are reached through it"):
            changes(database, "r302", without_nvr("n-1"))
        for camera in (self.BEHIND, self.ITS_OWN, self.ELSEWHERE):
            changes(database, "r302", without_camera("r302", camera.id))
        changes(database, "r302", without_nvr("n-1"))
        site = database.setup.site("sg-001")
        assert site is not None and site.nvrs == ()
        with pytest.raises(ChangeRefused, match="has no NVR n-1"):
            changes(database, "r302", without_nvr("n-1"))

    @pytest.mark.parametrize("address", ["rtsp://10.0.0.9/path", "http://10.0.0.9", "rtsp://user:pw@10.0.0.9"])
    def test_an_address_that_cannot_be_is_told_by_its_field(self, database: Database, address: str) -> None:
        with pytest.raises(ChangeRefused) as refused:
            changes(database, "r302", with_nvr(Nvr("n-3", address)))
        assert [field for field, _ in refused.value.problems] == ["address"]
        assert "pw" not in str(refused.value)


def test_a_plan_takes_the_place_of_the_one_there_was(database: Database) -> None:
    plan = planned().rooms[0].plan
    assert plan is not None
    higher = replace(plan, height_m=4.0)
    changes(database, "r301", with_plan("r301", higher))
    now = database.setup.site("sg-001")
    assert now is not None and now.rooms[0].plan == higher


def test_the_form_of_a_site_is_a_text_that_yaml_reads_alike() -> None:
    text = json.dumps({"sites": [site_form(whole())]}, ensure_ascii=False)
    assert Document("form", text).value["sites"][0]["rooms"][0]["name"] == "301 试室"
