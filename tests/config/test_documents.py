"""YAML documents: text stays text, every complaint names file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from config.documents import Document, spelled
from config.errors import DocumentRefused


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    size: int = 0


class Shelf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: list[Item]


def refusal(text: str) -> str:
    with pytest.raises(DocumentRefused) as refused:
        Document("shelf.yaml", text).validated(Shelf)
    return str(refused.value)


def test_plain_words_stay_text() -> None:
    document = Document("f", "a: 01\nb: no\nc: 12:30\nd: 2026-05-01\ne: 1e3\nf: '~'\ng: ~\nh:\n")
    assert document.value == {
        "a": "01",
        "b": "no",
        "c": "12:30",
        "d": "2026-05-01",
        "e": "1e3",
        "f": "~",
        "g": None,
        "h": None,
    }


def test_all_problems_are_listed_in_the_order_of_the_file() -> None:
    said = refusal("items:\n  - id: a\n    size: big\n  - size: 3\n    colour: red\n").splitlines()
    assert said == [
        "shelf.yaml:3: items[0].size: input should be a valid integer, unable to parse string as an integer",
        "shelf.yaml:4: items[1].id: is required and missing",
        "shelf.yaml:5: items[1].colour: is not a known field",
    ]


def test_a_field_given_twice_is_refused_with_both_lines() -> None:
    assert refusal("items:\n  - id: a\n    id: b\n") == "shelf.yaml:3: items[0].id: is already given in line 2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "shelf.yaml:1: must not be empty"),
        ("- a\n", "shelf.yaml:1: must be a group of fields"),
        ("items: a\n", "shelf.yaml:1: items: must be a list"),
        ("items:\n", "shelf.yaml:1: items: must not be empty"),
        ("items: [\n", "shelf.yaml:2: is not YAML"),
        ("items: []\n---\nitems: []\n", "shelf.yaml:2: is not YAML"),
        ("a: &x [1]\nb: *x\n", "shelf.yaml:1: is not YAML: anchors and aliases"),
        ("? [a]\n: b\n", "shelf.yaml:1: a field's name must be one word"),
        ("[" * 500, "nested too deeply"),
        ("a: \x00\n", "is not YAML"),
        ("items:\n\t- id: a\n", "shelf.yaml:2: is not YAML"),
    ],
)
def test_what_is_not_a_document_is_refused_in_one_line(text: str, said: str) -> None:
    assert said in refusal(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentRefused, match=r"none.yaml:1: cannot be read: No such file"):
        Document.read(tmp_path / "none.yaml")


def test_a_folder_is_not_a_document(tmp_path: Path) -> None:
    with pytest.raises(DocumentRefused, match="cannot be read"):
        Document.read(tmp_path)


def test_a_file_in_another_encoding_is_refused_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes(b"id: a\n" + "name: 韶关".encode("gbk"))
    with pytest.raises(DocumentRefused, match=r"gbk.yaml:2: is not UTF-8"):
        Document.read(tmp_path / "gbk.yaml")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_text("id: a\n", encoding="utf-8-sig")
    assert Document.read(tmp_path / "bom.yaml").value == {"id": "a"}


def test_paths_are_spelled_for_people() -> None:
    assert spelled(("sites", 0, "rooms", 1, "id")) == "sites[0].rooms[1].id"
