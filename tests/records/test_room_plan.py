"""Plans of rooms in the set-up file: what they become, what is refused with which line, and that they are kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema  # type: ignore[import-untyped]  # ships without types
import pytest
import yaml

from config.errors import DocumentRefused
from domain.plan import Lens, Mounting, Obstacle, RoomPlan, Target, Volume
from records.declaration import parse, schema
from storage.database import Database
from storage.database.documents import site_of, site_text
from tests.records.setups import ACTOR, PLANNED

PLAN = parse(PLANNED, "exam.yaml").sites[0].rooms[0].plan


def said(text: str) -> list[str]:
    with pytest.raises(DocumentRefused) as refused:
        parse(text, "exam.yaml")
    return str(refused.value).splitlines()


def bent(old: str, new: str) -> str:
    assert old in PLANNED
    return PLANNED.replace(old, new, 1)


def test_a_plan_becomes_what_the_file_says_and_the_rest_is_what_most_rooms_have() -> None:
    square = ((4.0, 3.0), (4.5, 3.0), (4.5, 3.5), (4.0, 3.5))
    desk = ((6.0, 0.5), (7.0, 0.5), (7.0, 1.0), (6.0, 1.0))
    wanted = RoomPlan(
        outline=((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0)),
        height_m=3.0,
        obstacles=(Obstacle("柱1", square, 3.0), Obstacle("台", ((7.0, 3.0), (8.0, 3.0), (8.0, 4.0)), 0.9)),
        volumes=(
            Volume(Target.STATION, "A-01", ((1.0, 1.0), (2.4, 1.0), (2.4, 2.2), (1.0, 2.2)), 0.75, 1.35),
            Volume(Target.STATION, "A-02", ((5.0, 1.2), (6.4, 1.2), (6.4, 2.4), (5.0, 2.4)), 0.7, 1.5),
            Volume(Target.DOOR, "南门", ((3.0, 0.0), (4.0, 0.0), (4.0, 0.5), (3.0, 0.5)), 1.3, 1.8),
            Volume(Target.PAPER_DESK, "试卷台", desk, 0.75, 1.1),
        ),
        mountings=(
            Mounting("sg-001-c1", 0.0, 0.0, 2.8, 37.0, 25.0, 90.0, 1920, 1080, k1=-0.05),
            Mounting("sg-001-c9", 4.0, 5.0, 2.9, 0.0, 90.0, 180.0, 2000, 2000, roll=5.0, lens=Lens.FISHEYE),
        ),
        no_filming=(((7.0, 5.0), (8.0, 5.0), (8.0, 6.0), (7.0, 6.0)),),
    )
    assert wanted == PLAN


def test_a_room_needs_no_plan() -> None:
    assert parse(PLANNED, "exam.yaml").sites[0].rooms[1].plan is None


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("[8, 6], [0, 6]]\n", "[0, 6], [8, 6]]\n", "outline", "crosses or touches itself near 4.00, 3.00"),
        ("[8, 6], [0, 6]]\n", "[8, 6]]\n", "stations[0].outline", "A-01 reaches outside the room"),
        ("outline: [[0, 0], [8, 0], [8, 6], [0, 6]]", "outline: [[0, 0], [8, 0]]", "outline", "at least 3"),
        ("outline: [[0, 0],", "outline: [[0, x],", "outline[0][1]", "a valid number"),
        ("outline: [[0, 0],", "outline: [[0, nan],", "outline[0][1]", "finite"),
        ("outline: [[0, 0],", "outline: [[0, 0, 0],", "outline[0]", "at most 2 items"),
        ("height: 3\n", "height: 0\n", "height", "greater than 0"),
        ("height: 3\n", "heigth: 3\n", "heigth", "is not a known field"),
        ("height: 0.9", "height: -1", "obstacles[1].height", "greater than 0"),
        ("[4.5, 3], [4.5, 3.5]", "[4.5, 3.5], [4.5, 3]", "obstacles[0].outline", "crosses or touches itself"),
        ("[8, 3], [8, 4]]", "[7, 3], [7, 3]]", "obstacles[1].outline", "crosses or touches itself"),
        ("[8, 3], [8, 4]]", "[7.00001, 3], [7, 3.00001]]", "obstacles[1].outline", "has no area"),
        ("- {id: 台", "- {id: 柱1", "obstacles[1]", "obstacle 柱1 is listed twice"),
        ("id: A-02, outline", "id: A-03, outline", "stations[1].id", "the room has no station A-03"),
        ("id: A-02, outline", "id: A-01, outline", "stations[1]", "station A-01 is listed twice"),
        ("to: 1.5", "to: 0.5", "stations[1].to", "must be more than where it begins"),
        ("to: 1.5", "to: 3.5", "stations[1].to", "reaches higher than the room, 3 m"),
        ("[3, 0], [4, 0]", "[3, -1], [4, -1]", "doors[0].outline", "南门 reaches outside the room"),
        ("[6, 0.5], [7, 0.5]", "[6, 0.5], [9, 0.5]", "paper_desks[0].outline", "试卷台 reaches outside the room"),
        ("[8, 6], [7, 6]", "[9, 6], [7, 6]", "no_filming[0]", "reaches outside the room"),
        ("{id: sg-001-c9, at", "{id: sg-001-c2, at", "cameras[1].id", "the room has no camera sg-001-c2"),
        ("{id: sg-001-c9, at", "{id: sg-001-c1, at", "cameras[1]", "camera sg-001-c1 is listed twice"),
        ("at: [0, 0, 2.8]", "at: [-0.1, 0, 2.8]", "cameras[0]", "camera sg-001-c1 hangs outside the room"),
        ("at: [0, 0, 2.8]", "at: [0, 0, 3.2]", "cameras[0].at", "between the floor and the ceiling, 3 m"),
        ("at: [0, 0, 2.8]", "at: [4.25, 3.25, 2.8]", "cameras[0]", "hangs inside obstacle 柱1"),
        ("at: [0, 0, 2.8]", "at: [0, 0]", "cameras[0].at[2]", "is required and missing"),
        ("width_of_view: 90", "width_of_view: 0", "cameras[0].width_of_view", "greater than 0"),
        ("width_of_view: 90", "width_of_view: 180", "cameras[0].width_of_view", "less than 180 degrees"),
        ("width_of_view: 180", "width_of_view: 360", "cameras[1].width_of_view", "less than 360"),
        ("lens: fisheye", "lens: round", "cameras[1].lens", "'rectilinear' or 'fisheye'"),
        ("tilt: 25", "tilt: 95", "cameras[0].tilt", "less than or equal to 90"),
        ("picture: [1920, 1080]", "picture: [1920.5, 1080]", "cameras[0].picture[0]", "integer"),
        (", picture: [1920, 1080]", "", "cameras[0].picture", "is required and missing"),
    ],
)
def test_each_wrong_field_of_a_plan_is_named_with_its_line(old: str, new: str, field: str, message: str) -> None:
    text = bent(old, new)
    whole = f"sites[0].rooms[0].plan.{field}"
    lines = [line for line in said(text) if f": {whole}: " in line]
    assert len(lines) == 1, said(text)
    assert message in lines[0]
    changed = next(
        n for n, (a, b) in enumerate(zip(PLANNED.splitlines(), text.splitlines(), strict=True), 1) if a != b
    )
    if field != "stations[0].outline":  # a smaller room is wrong where something sticks out of it
        assert lines[0].startswith(f"exam.yaml:{changed}: ")


def test_a_wrong_entry_does_not_make_the_lists_around_it_too_short() -> None:
    assert said(bent("tilt: 25", "tilt: 95")) == [
        "exam.yaml:29: sites[0].rooms[0].plan.cameras[0].tilt: input should be less than or equal to 90"
    ]


def test_flaws_of_the_schema_and_of_the_geometry_are_told_in_one_go_where_they_can_be() -> None:
    lines = said(bent("[3, 0], [4, 0]", "[3, -1], [4, -1]").replace("id: A-02, outline", "id: A-03, outline"))
    assert len(lines) == 2


def test_the_schema_for_editors_knows_plans() -> None:
    written = schema()
    jsonschema.Draft202012Validator.check_schema(written)
    jsonschema.validate(_numbers(yaml.safe_load(PLANNED)), written)
    text = json.dumps(written, ensure_ascii=False)
    assert "布点图" in text
    assert "禁摄区" in text


def _numbers(value: object) -> object:
    """As an editor reads the file: dates stay text."""
    return json.loads(json.dumps(value, default=str))


def test_a_site_with_a_plan_comes_back_from_its_document() -> None:
    (site,) = parse(PLANNED, "exam.yaml").sites
    assert site_of(site_text(site)) == site
    assert site_text(site_of(site_text(site))) == site_text(site)


def test_the_document_of_a_site_without_a_plan_is_what_it_was_before_there_were_plans() -> None:
    (site,) = parse(PLANNED, "exam.yaml").sites
    told = json.loads(site_text(site))
    assert "plan" in told["rooms"][0]
    assert "plan" not in told["rooms"][1]
    del told["rooms"][0]["plan"]
    old = site_of(json.dumps(told))
    assert old.rooms[0].plan is None
    assert json.loads(site_text(old)) == told


def test_a_number_of_a_camera_that_is_the_default_is_not_written() -> None:
    (site,) = parse(PLANNED, "exam.yaml").sites
    first, second = json.loads(site_text(site))["rooms"][0]["plan"]["mountings"]
    assert "roll" not in first
    assert "lens" not in first
    assert (second["roll"], second["lens"]) == (5.0, "fisheye")


def test_a_database_keeps_the_plan_with_the_site(database: Database) -> None:
    (site,) = parse(PLANNED, "exam.yaml").sites
    at = datetime(2026, 4, 1, tzinfo=UTC)
    assert database.setup.apply_site(site, ACTOR, at)
    assert not database.setup.apply_site(site, ACTOR, at)
    kept = database.setup.site(site.id)
    assert kept is not None
    assert kept.rooms[0].plan == PLAN
