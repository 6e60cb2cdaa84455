"""The drawing of a floor plan: well-formed, complete, inside its sheet, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from analysis.floorplan.drawing import SHEET_PX, to_svg
from analysis.floorplan.survey import Survey, survey
from domain.plan import Obstacle, RoomPlan, Target, Volume
from tests.analysis.floorplan.rooms import DENSITY, ROOM, box, camera, hall, station

SVG = "{http://www.w3.org/2000/svg}"


def surveyed(plan: RoomPlan) -> Survey:
    return survey(plan, DENSITY, step_m=0.2)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 (written here)


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in parsed(svg).iter(f"{SVG}text")]


SHORT = replace(
    ROOM,
    obstacles=(Obstacle("screen", box(4.5, 1, 0.1, 4), 2.4),),
    volumes=(station("A-01", 5, 2.5), Volume(Target.DOOR, "门", box(9, 0, 1, 0.4), 1.3, 1.8)),
    mountings=(camera("<c&1>"),),
    no_filming=(box(1, 4, 2, 2),),
)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_hall_is_drawn_with_every_station_camera_and_level(lang: str) -> None:
    found = surveyed(hall())
    said = texts(to_svg(found, lang, "韶关示范考场 301"))
    for place in found.places:
        assert any(text.removesuffix(" ×") == place.volume.id for text in said)
    assert all(mounting.camera in said for mounting in found.plan.mountings)
    for level in DENSITY.levels:
        name = level.zh if lang == "zh" else level.id
        assert any(f"{level.px_per_m:g}" in text and name in text for text in said)
    assert said[0].startswith("韶关示范考场 301 ")


@pytest.mark.parametrize("plan", [hall(), SHORT, replace(ROOM, outline=box(0, 0, 3, 30))])
def test_everything_lies_inside_the_sheet(plan: RoomPlan) -> None:
    root = parsed(to_svg(surveyed(plan)))
    _, _, width, height = (float(each) for each in root.attrib["viewBox"].split())
    assert width == SHEET_PX
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 10 <= float(text.attrib["y"]) <= height
    corners = [
        (float(x), float(y))
        for path in root.iter(f"{SVG}path")
        if "M" in path.attrib["d"] and "A" not in path.attrib["d"]
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.attrib["d"])
    ]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in corners)


def test_english_has_no_chinese_but_names() -> None:
    assert re.findall(r"[\u4e00-\u9fff]+", " ".join(texts(to_svg(surveyed(hall()), "en")))) == []


def test_what_falls_short_is_marked_and_told_with_its_reason() -> None:
    svg = to_svg(surveyed(SHORT), "en")
    said = texts(svg)
    assert "A-01 ×" in said
    assert any(text.startswith("Station A-01: ") and "seen" in text for text in said)
    assert any(text.startswith("Door 门: ") for text in said)
    assert any("shows" in text and "of no-filming 1" in text for text in said)
    assert svg.count('fill="url(#blind)"') == 2  # in the room and in the legend


def test_a_room_without_a_blind_spot_has_no_hatched_part() -> None:
    four = tuple(
        camera(f"c{n}", x=x, y=y, pan=pan, tilt=35.0, width_of_view=110.0)
        for n, (x, y, pan) in enumerate([(0, 0, 30), (10, 0, 150), (10, 6, 210), (0, 6, 330)])
    )
    found = surveyed(replace(ROOM, mountings=four))
    assert all(floor.blind_m2 == 0 for floor in found.floors)
    assert to_svg(found).count('fill="url(#blind)"') == 1


def test_names_from_outside_are_escaped() -> None:
    svg = to_svg(surveyed(SHORT), "zh", "<script>alert(1)</script>")
    assert "<script" not in svg
    assert "<c&1>" in texts(svg)


def test_a_language_there_is_none_of_is_refused() -> None:
    with pytest.raises(ValueError, match="fr"):
        to_svg(surveyed(ROOM), "fr")


def test_a_room_without_cameras_is_drawn() -> None:
    assert "无" in texts(to_svg(surveyed(ROOM)))
