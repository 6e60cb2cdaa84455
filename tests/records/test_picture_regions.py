"""Regions of stations in a set-up file: what may be written, and one clear line for each thing that is wrong."""

from __future__ import annotations

import jsonschema  # type: ignore[import-untyped]  # ships without types
import pytest
import yaml

from domain.pictures import Region
from records.declaration import parse, schema
from tests.records.test_declaration import bent, line_of, said

DRAWN = """sees:
              - A-01
              - station: A-02
                region: [[0.1, 0.25], [0.42, 0.25], [0.42, 0.8], [0.1, 0.8]]"""
WHOLE = bent("sees: [A-01, A-02]", DRAWN)
HERE = "sites[0].rooms[0].cameras[0].sees[1]"


def region(corners: str) -> str:
    return WHOLE.replace("[[0.1, 0.25], [0.42, 0.25], [0.42, 0.8], [0.1, 0.8]]", corners)


def test_a_station_may_be_named_alone_or_with_where_it_lies() -> None:
    camera = parse(WHOLE, "exam.yaml").sites[0].rooms[0].cameras[0]
    assert camera.sees == ("A-01", "A-02")
    assert camera.regions == (Region("A-02", ((0.1, 0.25), (0.42, 0.25), (0.42, 0.8), (0.1, 0.8))),)


def test_the_schema_for_editors_takes_both_forms() -> None:
    written = yaml.safe_load(WHOLE.replace("2026-05-01T", "'2026-05-01T").replace("+08:00", "+08:00'"))
    validator = jsonschema.Draft202012Validator(schema())
    assert [each.message for each in validator.iter_errors(written)] == []
    written["sites"][0]["rooms"][0]["cameras"][0]["sees"].append({"station": "A-01", "region": [[2, 0]]})
    assert list(validator.iter_errors(written))


@pytest.mark.parametrize(
    ("corners", "field", "message"),
    [
        ("[[0.1, 0.2], [0.4, 0.2]]", f"{HERE}.region", "at least 3 items"),
        ("[[0.1, 0.2], [0.4, 1.2], [0.4, 0.6]]", f"{HERE}.region[1][1]", "less than or equal to 1"),
        ("[[0.1, 0.2], [-0.4, 0.2], [0.4, 0.6]]", f"{HERE}.region[1][0]", "greater than or equal to 0"),
        ("[[0.1, 0.2], [left, 0.2], [0.4, 0.6]]", f"{HERE}.region[1][0]", "number"),
        ("[[0.1, 0.2], [.nan, 0.2], [0.4, 0.6]]", f"{HERE}.region[1][0]", "number"),
        ("[[0.1, 0.2], [0.4, 0.2, 0.3], [0.4, 0.6]]", f"{HERE}.region[1]", "at most 2 items"),
        ("[[0, 0], [1, 1], [1, 0], [0, 1]]", f"{HERE}.region", "the sides cross each other"),
        ("[[0.1, 0.2], [0.4, 0.2], [0.7, 0.2]]", f"{HERE}.region", "next to no area"),
        ("all", f"{HERE}.region", "must be a list"),
    ],
)
def test_each_wrong_corner_is_named_with_its_line(corners: str, field: str, message: str) -> None:
    lines = [line for line in said(region(corners)) if f": {field}: " in line]
    assert len(lines) == 1, said(region(corners))
    assert message in lines[0]
    assert lines[0].startswith(f"exam.yaml:{line_of('region:', WHOLE)}: ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("station: A-02\n", "station: A-09\n", f"{HERE}.station: the room has no station A-09"),
        ("station: A-02\n", "station: A-01\n", f"{HERE}.station: station A-01 is listed twice"),
        ("station: A-02\n                ", "", f"{HERE}.station: is required and missing"),
        ("region:", "regoin:", f"{HERE}.regoin: is not a known field"),
    ],
)
def test_each_wrong_station_is_named(old: str, new: str, message: str) -> None:
    assert any(message in line for line in said(bent(old, new, WHOLE))), said(bent(old, new, WHOLE))
