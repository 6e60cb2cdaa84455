"""`kaojian room plan` and `room labels`: what is printed of a room, what is drawn, and what is asked for."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kaojian.conftest import Command
from tests.records.setups import PLANNED


def test_floor_places_and_what_falls_short_are_told(kaojian: Command, installation: Path) -> None:
    (installation / "exam.yaml").write_text(PLANNED, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0
    done = kaojian("room", "plan", "sg-001", "r301")
    assert (done.code, done.err) == (0, "")
    assert "韶关示范考场 301 试室: cameras on the plan 布点图: 2, rule pack SG-2022-08-10" in done.out
    assert "station 工位 A-01" in done.out
    assert "│ enough 达到" in done.out
    assert "door 出入口 南门" in done.out
    assert "SHORT 不足: too small in the picture 像素密度不够" in done.out
    assert "no filming 禁摄区 1: camera sg-001-c9 shows" in done.out
    assert "falls short 未达到要求" in done.out


def test_programs_are_told_the_same_and_the_drawing_is_written(kaojian: Command, installation: Path) -> None:
    (installation / "exam.yaml").write_text(PLANNED, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0
    told = json.loads(kaojian("room", "plan", "sg-001", "r301", "--json", "--svg", "r301.svg", "--lang", "en").out)
    assert (told["site"], told["room"], told["rule_pack"]) == ("sg-001", "r301", "SG-2022-08-10")
    assert [place["id"] for place in told["places"]] == ["A-01", "A-02", "南门", "试卷台"]
    assert told["covers"] is False
    svg = (installation / "r301.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg ")
    assert "Floor plan" in svg


def test_a_station_or_a_camera_that_nobody_drew_is_named_and_keeps_the_room_from_being_covered(
    kaojian: Command, installation: Path
) -> None:
    lines = [
        line for line in PLANNED.splitlines() if "{id: A-02, outline" not in line and "{id: sg-001-c9, at" not in line
    ]
    text = "\n".join(line for line in lines if "lens: fisheye" not in line) + "\n"
    (installation / "exam.yaml").write_text(text, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0
    done = kaojian("room", "plan", "sg-001", "r301")
    assert "not on the plan 布点图未画: station A-02; nothing is said of it" in done.out
    assert "not on the plan 布点图未画: camera sg-001-c9" in done.out
    assert json.loads(kaojian("room", "plan", "sg-001", "r301", "--json").out)["covers"] is False


def test_what_is_registered_and_what_the_plan_shows_are_compared(kaojian: Command, installation: Path) -> None:
    turned = PLANNED.replace("pan: 37", "pan: 217")
    (installation / "exam.yaml").write_text(turned, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0
    out = kaojian("room", "plan", "sg-001", "r301").out
    assert "camera sg-001-c1 is registered to see station A-01 登记可见, the plan shows 0.0 % of it" in out
    assert "camera sg-001-c9 shows station A-01 by the plan 布点图可见, and is not registered to see it 未登记" in out


def test_another_rule_pack_can_be_named(kaojian: Command, installation: Path) -> None:
    (installation / "exam.yaml").write_text(PLANNED, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0
    refused = kaojian("room", "plan", "sg-001", "r301", "--rule-pack", "GZ-1")
    assert refused.code == 1
    assert "no rule pack 'GZ-1'" in refused.err


def test_a_room_without_a_plan_and_what_is_not_there_are_refused_with_what_to_do(kaojian: Command) -> None:
    assert kaojian("apply", "exam.yaml").code == 0
    asked = {
        (
            "sg-001",
            "r301",
        ): "kaojian: room r301 of site sg-001 has no plan; give it one under `plan:` and apply the file\n",
        ("sg-001", "r9"): "kaojian: site sg-001 has no room r9; there is r301, r302\n",
        ("sg-9", "r301"): "kaojian: there is no site sg-9; apply it first\n",
    }
    for words, answer in asked.items():
        done = kaojian("room", "plan", *words)
        assert (done.code, done.out, done.err) == (1, "", answer)


def test_labels_are_written_for_a_site_and_a_room_that_is_not_there_is_refused(
    kaojian: Command, installation: Path
) -> None:
    kaojian("apply", "exam.yaml")
    done = kaojian("room", "labels", "sg-001", "labels.pdf")
    assert (done.code, done.err) == (0, "")
    assert "labels.pdf, " in done.out
    assert (installation / "labels.pdf").read_bytes().startswith(b"%PDF")
    gone = kaojian("room", "labels", "sg-001", "none.pdf", "--room", "r999")
    assert (gone.code, (installation / "none.pdf").exists()) == (1, False)
    assert "no station in room r999" in gone.err
    assert "there is no site sg-9" in kaojian("room", "labels", "sg-9", "none.pdf").err
