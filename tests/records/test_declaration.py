"""Declarations: what a file says, and one clear line for each thing that is wrong with it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships without types
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from config.errors import DocumentRefused
from domain.places import Camera, Engine, Station, Transport
from records.declaration import Declaration, duration, parse, read, schema
from tests.records.setups import BATCH, SITE, WHOLE


def said(text: str) -> list[str]:
    with pytest.raises(DocumentRefused) as refused:
        parse(text, "exam.yaml")
    return str(refused.value).splitlines()


def bent(old: str, new: str, text: str = WHOLE) -> str:
    assert old in text
    return text.replace(old, new, 1)


def line_of(needle: str, text: str = WHOLE) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_a_whole_file_becomes_sites_and_batches() -> None:
    declaration = parse(WHOLE, "exam.yaml")
    (site,) = declaration.sites
    assert (site.id, site.name, site.county) == ("sg-001", "韶关示范考场", "浈江区")
    assert site.room("r301").stations == (Station("A-01"), Station("A-02"))
    assert site.room("r302").cameras == (
        Camera("sg-001-c2", "rtsp://127.0.0.1:8555/stream", ("B-01",), None, Transport.UDP, True),
    )
    (batch,) = declaration.batches
    assert (batch.id, batch.site, batch.rule_pack) == ("2026-0501", "sg-001", "SG-2022-08-10")
    assert batch.sitting(1).planned_start == datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
    assert batch.sitting(2).rooms == ("r301", "r302")


def test_lead_and_tail_come_from_the_rule_pack_where_the_file_is_silent() -> None:
    batch = parse(WHOLE, "exam.yaml").batches[0]
    assert (batch.sitting(1).lead, batch.sitting(1).tail) == (timedelta(minutes=30), timedelta(minutes=15))
    assert (batch.sitting(2).lead, batch.sitting(2).tail) == (timedelta(minutes=10), timedelta(seconds=90))


def test_a_batch_may_name_a_site_that_was_set_up_before() -> None:
    sites = parse(SITE, "site.yaml").sites
    assert parse(BATCH, "batch.yaml", sites).batches[0].site == "sg-001"
    assert said(BATCH) == [
        "exam.yaml:3: batches[0].site: there is no site sg-001, neither in this file nor set up before"
    ]


def test_actual_times_are_kept_beside_the_plan() -> None:
    text = bent("        lead: 10m\n", "        lead: 10m\n        actual_start: 2026-05-01T11:02:00+08:00\n")
    (times,) = parse(text, "exam.yaml").actual_times
    assert (times.batch, times.number, times.end) == ("2026-0501", 2, None)
    assert times.start == datetime(2026, 5, 1, 3, 2, tzinfo=UTC)


def test_stations_that_look_like_numbers_stay_what_they_are() -> None:
    text = bent("[A-01, A-02]", "[01, 1e3]").replace("sees: [A-01, A-02]", 'sees: [01, "1e3"]')
    assert parse(text, "exam.yaml").sites[0].rooms[0].stations == (Station("01"), Station("1e3"))


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        (
            "stations: [B-01]",
            "stations: [B-01, A-02]",
            "sites[0].rooms[1].stations[1]",
            "station A-02 is listed twice",
        ),
        (
            "[A-01, A-02]\n        c",
            "[A-01, A-02, A-01]\n        c",
            "sites[0].rooms[0].stations[2]",
            "A-01 is listed",
        ),
        ("sees: [B-01]", "sees: [A-01]", "sites[0].rooms[1].cameras[0].sees[0]", "the room has no station A-01"),
        (
            "sees: [B-01]",
            "sees: [B-01, B-01]",
            "sites[0].rooms[1].cameras[0].sees[1]",
            "station B-01 is listed twice",
        ),
        ("id: sg-001-c2", "id: sg-001-c1", "sites[0].rooms[1].cameras[0].id", "camera sg-001-c1 is listed twice"),
        ("- id: r302", "- id: r301", "sites[0].rooms[1].id", "room r301 is listed twice"),
        ("number: 2", "number: 1", "batches[0].sittings[1].number", "sitting 1 is listed twice"),
        ("rooms: [r301, r302]", "rooms: [r301, r303]", "batches[0].sittings[1].rooms[1]", "has no room r303"),
        (
            "rooms: [r301, r302]",
            "rooms: [r302, r302]",
            "batches[0].sittings[1].rooms[1]",
            "room r302 is listed twice",
        ),
        ("T10:30", "T08:30", "batches[0].sittings[0].planned_end", "ends before it starts"),
        ("T10:30", "T09:00", "batches[0].sittings[0].planned_end", "ends before it starts"),
        ("05-01T10:30", "06-01T10:30", "batches[0].sittings[0].planned_end", "24 hours at most"),
        ("T11:00", "T10:29", "batches[0].sittings[1]", "overlaps sitting 1 in room r301"),
        ("T09:00:00+08:00", "T09:00:00", "batches[0].sittings[0].planned_start", "has no time zone; write it like"),
        ("2026-05-01T09:00:00+08:00", "09:00", "batches[0].sittings[0].planned_start", "write a date and time like"),
        ("2026-05-01T09:00:00+08:00", "1777597200", "batches[0].sittings[0].planned_start", "write a date and time"),
        ("2026-05-01T09:00", "2026-02-30T09:00", "batches[0].sittings[0].planned_start", "day is out of range"),
        ("rule_pack: SG-2022-08-10", "rule_pack: GZ-1", "batches[0].rule_pack", "there is no rule pack GZ-1"),
        ("lead: 10m", "lead: 10", "batches[0].sittings[1].lead", "with its unit, like 30m"),
        ("lead: 10m", "lead: -10m", "batches[0].sittings[1].lead", "with its unit, like 30m"),
        ("tail: 1m30s", "tail: 25h", "batches[0].sittings[1].tail", "must not be longer than 24h"),
        ("number: 2", "number: 2.0", "batches[0].sittings[1].number", "whole number from 1 to 999"),
        ("number: 2", "number: 0", "batches[0].sittings[1].number", "whole number from 1 to 999"),
        ("secret: cam-c1", "secret: Cam C1", "sites[0].rooms[0].cameras[0].secret", "pattern"),
        ("secret: cam-c1", "secret: admin:hunter2", "sites[0].rooms[0].cameras[0].secret", "pattern"),
        ("transport: udp", "transport: quic", "sites[0].rooms[1].cameras[0].transport", "'tcp' or 'udp'"),
        ("panoramic: true\n", "panoramic: perhaps\n", "sites[0].rooms[0].cameras[0].panoramic", "boolean"),
        (
            "rtsp://127.0.0.1:8554",
            "srt://127.0.0.1:8554",
            "sites[0].rooms[0].cameras[0].url",
            "cannot be recorded",
        ),
        ("rtsp://127.0.0.1:8554", "rtsp://127.0.0.1:99999", "sites[0].rooms[0].cameras[0].url", "of a stream"),
        ("rtsp://127.0.0.1:8554", "rtsp://[::1", "sites[0].rooms[0].cameras[0].url", "of a stream"),
        ("rtsp://127.0.0.1:8554", "file://host", "sites[0].rooms[0].cameras[0].url", "or of a file"),
        ("transport: udp", "engine: vlc", "sites[0].rooms[1].cameras[0].engine", "'auto', 'native' or 'libav'"),
        ("id: sg-001\n", "id: ../sg\n", "sites[0].id", "pattern"),
        ("county: 浈江区", "county:", "sites[0].county", "must not be empty"),
        ("    county: 浈江区\n", "", "sites[0].county", "is required and missing"),
        ("panoramic: true\n", "panoramc: true\n", "sites[0].rooms[0].cameras[0].panoramc", "is not a known field"),
        ("stations: [B-01]", "stations: []", "sites[0].rooms[1].stations", "at least 1 item"),
        ("rooms: [r301, r302]", "rooms: r301", "batches[0].sittings[1].rooms", "must be a list"),
    ],
)
def test_each_wrong_field_is_named_with_its_line(old: str, new: str, field: str, message: str) -> None:
    lines = [line for line in said(bent(old, new)) if f": {field}: " in line]
    assert len(lines) == 1, said(bent(old, new))
    assert message in lines[0]
    number = int(re.match(r"exam\.yaml:(\d+): ", lines[0]).group(1))  # type: ignore[union-attr]
    assert abs(number - line_of(old)) <= old.count("\n") + 2


@pytest.mark.parametrize(
    "url", ["rtsps://h/s", "rtmp://h/s", "http://h/s.m3u8", "https://h:8443/s", "file:///films/a.mp4"]
)
def test_addresses_of_other_schemes_are_for_libav(url: str) -> None:
    other = bent("rtsp://127.0.0.1:8555/stream", url)
    assert parse(other, "exam.yaml").sites[0].rooms[1].cameras[0].engine is Engine.AUTO
    by_libav = bent("transport: udp", "engine: libav", other)
    assert parse(by_libav, "exam.yaml").sites[0].rooms[1].cameras[0].engine is Engine.LIBAV
    (line,) = said(bent("transport: udp", "engine: native", other))
    assert "sites[0].rooms[1].cameras[0].engine: native records rtsp:// only" in line


def test_the_line_is_exactly_that_of_the_field() -> None:
    assert said(bent("T10:30", "T08:30")) == [
        f"exam.yaml:{line_of('planned_end')}: batches[0].sittings[0].planned_end: "
        "the sitting ends before it starts: planned_end must be after planned_start"
    ]


@pytest.mark.parametrize("url", ["rtsp://admin:hunter2@10.0.0.8/s", "rtsp://admin@10.0.0.8/s", "rtsp://a:hu/n@h/s"])
def test_a_password_in_an_address_is_refused_and_never_repeated(url: str) -> None:
    lines = said(bent("rtsp://127.0.0.1:8554/stream", url))
    assert len(lines) == 1
    assert "sites[0].rooms[0].cameras[0].url: must not hold a user name or password" in lines[0]
    assert "hunter2" not in lines[0]


def test_problems_of_form_and_of_sense_are_listed_together_in_the_order_of_the_file() -> None:
    text = bent("stations: [B-01]", "stations: [B-01, A-01]")
    text = bent("    county: 浈江区\n", "    county: 浈江区\n    phone: 1\n", text)
    text = bent("T10:30", "T08:30", text)
    text = bent("rule_pack: SG", "rule_pack: GZ", text)
    lines = said(text)
    assert [line.split(": ")[1] for line in lines] == [
        "sites[0].phone",
        "sites[0].rooms[1].stations[1]",
        "batches[0].rule_pack",
        "batches[0].sittings[0].planned_end",
    ]


OWN_TIMES = """\
        stations:
          - {station: A-01, start: "2026-05-01T09:00:00+08:00", end: "2026-05-01T09:20:00+08:00"}
          - {station: A-01, start: "2026-05-01T09:20:00+08:00", end: "2026-05-01T09:40:00+08:00"}
          - {station: A-02, start: "2026-05-01T09:10:00+08:00", end: "2026-05-01T10:30:00+08:00"}
"""
STAGGERED = WHOLE.replace("      - number: 2\n", f"{OWN_TIMES}      - number: 2\n")


def test_stations_may_have_own_times_where_candidates_start_one_after_another() -> None:
    plan = parse(STAGGERED, "exam.yaml").batches[0].sittings[0]
    told = [(each.station, each.interval.start.minute, each.interval.seconds) for each in plan.stations]
    assert told == [("A-01", 0, 1200), ("A-01", 20, 1200), ("A-02", 10, 4800)]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('09:00:00+08:00", end', '08:59:00+08:00", end', "stations[0]: lies outside the planned sitting"),
        ('T10:30:00+08:00"}', 'T10:31:00+08:00"}', "stations[2]: lies outside the planned sitting"),
        ('09:20:00+08:00", end', '09:19:59+08:00", end', "stations[1]: overlaps another time of station A-01"),
        ("T09:40:00", "T09:20:00", "stations[1].end: the station's time ends before it starts"),
        (
            "station: A-02",
            "station: B-01",
            "stations[2].station: there is no station B-01 in the rooms of the sitting",
        ),
        ("station: A-02, ", "", "stations[2].station: is required"),
    ],
)
def test_own_times_that_cannot_be_are_refused_with_their_place(old: str, new: str, complaint: str) -> None:
    assert old in STAGGERED
    with pytest.raises(DocumentRefused) as refused:
        parse(STAGGERED.replace(old, new), "exam.yaml")
    said_ = str(refused.value)
    assert f"batches[0].sittings[0].{complaint}" in said_


def test_two_sittings_may_overlap_in_lead_and_tail_and_in_different_rooms() -> None:
    parse(bent("T11:00", "T10:30"), "exam.yaml")
    parse(bent("T11:00", "T09:00", bent("rooms: [r301, r302]", "rooms: [r302]")), "exam.yaml")


@pytest.mark.parametrize("text", ["", "sites: []\n", "{}\n"])
def test_a_file_that_declares_nothing_is_refused(text: str) -> None:
    assert said(text)


def test_a_broken_rule_pack_is_refused_with_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "SG-2022-08-10.yaml").write_text("id: SG-2022-08-10\n", encoding="utf-8")
    with pytest.raises(DocumentRefused, match=r"SG-2022-08-10\.yaml:1: numbers: is required"):
        parse(WHOLE, "exam.yaml", rule_packs=tmp_path)


def test_a_file_is_read_from_disk_and_named_in_complaints(tmp_path: Path) -> None:
    path = tmp_path / "exam.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    assert isinstance(read(path), Declaration)
    path.write_text(bent("T10:30", "T08:30"), encoding="utf-8")
    with pytest.raises(DocumentRefused, match=re.escape(f"{path}:{line_of('planned_end')}: ")):
        read(path)


def test_the_json_schema_accepts_the_file_and_refuses_an_unknown_field() -> None:
    document = with_types(yaml.load(WHOLE, yaml.BaseLoader))  # noqa: S506 (the loader that makes only text)
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    validator.validate(document)
    document["sites"][0]["phone"] = "1"
    assert not validator.is_valid(document)


def test_the_json_schema_is_accepted_by_a_checker_that_editors_use(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(schema()), encoding="utf-8")
    (tmp_path / "exam.yaml").write_text(WHOLE, encoding="utf-8")
    checker = [sys.executable, "-m", "check_jsonschema", "--schemafile", "schema.json", "exam.yaml"]
    done = subprocess.run(checker, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def with_types(value: Any) -> Any:
    """What a YAML 1.2 reader makes of the plain words true and whole numbers."""
    if isinstance(value, dict):
        return {key: with_types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_types(item) for item in value]
    return {"true": True, "1": 1, "2": 2}.get(value, value)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_length_of_time_is_the_sum_of_its_parts(hours: int, minutes: int, seconds: int) -> None:
    expected = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert duration(f"{hours}h{minutes}m{seconds}s") == duration(f"{hours}h {minutes}m {seconds}s") == expected


@pytest.mark.parametrize("text", ["", "m", "10", "m10", "1d", "1m1h", "ten minutes", "1e3s", "-5m", "٣m"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    if text == "٣m":  # digits of other scripts are digits to Python, and mean the same
        assert duration(text) == timedelta(minutes=3)
        return
    with pytest.raises(ValueError, match="with its unit"):
        duration(text)


@given(st.text(max_size=200))
def test_no_text_whatever_makes_the_reader_fall_over(text: str) -> None:
    with pytest.raises(DocumentRefused):
        parse(text, "exam.yaml")


@given(st.data())
def test_no_cut_or_doubled_line_makes_the_reader_fall_over(data: st.DataObject) -> None:
    lines = WHOLE.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = data.draw(
            st.sampled_from([[], [lines[at]] * 2, [lines[at].strip()], ["- " + lines[at]]])
        )
    try:
        parse("\n".join(lines), "exam.yaml")
    except DocumentRefused as refused:
        assert all(problem.line >= 1 and problem.message for problem in refused.problems)
