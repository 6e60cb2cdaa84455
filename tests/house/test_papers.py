"""What the papers say of words and libraries, compared with the code: a table that nobody checks goes stale."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from analysis.wording import FAULTS
from dashboard.access.table import LOCAL, MAY, Act, may
from dashboard.papers.words import PHASES
from domain.evidence import Cause
from domain.law import Verdict, fold
from domain.people import Reach, Role
from domain.pictures import Fault
from tests.house.rules import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PARTS = ("Context", "Decision", "Consequences", "Alternatives")


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading of the glossary, without its head."""
    section = GLOSSARY.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


def terms(column: int) -> list[str]:
    headings = re.findall(r"^## (.+)$", GLOSSARY, re.MULTILINE)
    return [row[column] for heading in headings for row in table(heading)]


def test_the_glossary_lists_the_causes_in_the_order_of_their_rank() -> None:
    assert [row[0] for row in table("Causes")] == [cause.value for cause in Cause]


def test_causes_and_phases_have_the_words_of_the_glossary_in_both_languages() -> None:
    assert [row[1:3] for row in table("Causes")] == [[cause.zh, cause.en] for cause in Cause]
    assert [row[:3] for row in table("Phases")] == [[name, zh, en.lower()] for name, (zh, en) in PHASES.items()]


def test_faults_of_pictures_have_the_words_of_the_glossary_in_both_languages() -> None:
    assert [row[:3] for row in table("Faults of pictures")] == [
        [FAULTS[fault].en, FAULTS[fault].zh, fault.value] for fault in Fault
    ]


def test_the_glossary_lists_the_roles() -> None:
    assert [row[:2] for row in table("Roles")] == [[role.value, role.zh] for role in Role]


def test_the_table_of_roles_in_the_paper_on_security_is_that_of_the_code() -> None:
    """Where a role may, the paper says whose: of the whole city, or of its part."""
    whose = {Reach.CITY: "yes", Reach.COUNTY: "own county", Reach.SITE: "own site", Reach.BATCHES: "named batches"}
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = text.partition("\n| Act |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    said = {row[0].strip("`"): row[2:] for row in rows}
    assert list(said) == [act.value for act in MAY]
    for act, cells in said.items():
        own = Act(act) in {Act.OWN_SESSION, Act.OWN_TOKENS, Act.ASK, Act.WATCH_PERMITTED}  # of no scope
        roles = [("yes" if own else whose[role.reach]) if may(role, Act(act)) else "no" for role in Role]
        assert cells == [*roles, "yes" if may(LOCAL, Act(act)) else "no"], act


def test_the_glossary_lists_the_verdicts_in_the_order_in_which_they_fold() -> None:
    rows = table("Verdicts")
    assert {row[0]: row[1] for row in rows} == {verdict.value: verdict.zh for verdict in Verdict}
    order = [Verdict(row[0]) for row in rows]
    assert all(fold(order[place:]) is order[place] for place in range(len(order)))


@pytest.mark.parametrize("column", [0, 1])
def test_no_word_of_the_glossary_is_explained_twice(column: int) -> None:
    words = terms(column)
    assert len(words) > 50
    assert sorted(words) == sorted(set(words))


def test_decisions_are_numbered_without_a_hole() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_every_decision_has_its_number_its_date_and_its_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert re.search(r"^Status: \w+ · Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    places = [text.index(f"\n## {part}\n") for part in PARTS]
    assert places == sorted(places)


def test_every_dependency_stands_in_the_decision_on_libraries_with_its_version() -> None:
    said = (ROOT / "docs" / "decisions" / "0011-libraries.md").read_text(encoding="utf-8").lower()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for pinned in project["dependencies"]:
        name, version = re.split(r"(?:\[\w+\])?==", pinned)
        rows = [line for line in said.splitlines() if line.startswith("|") and name.lower() in line]
        assert any(f"| {version} |" in row for row in rows), f"{pinned} is not in the table, or with another version"


def test_no_dependency_of_the_product_is_under_the_agpl() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for pinned in project["dependencies"]:
        about = metadata.metadata(re.split(r"[\[=]", pinned)[0])
        fields = ("License-Expression", "License", "Classifier")
        licences = [said for field in fields for said in about.get_all(field) or ()]
        assert licences, f"{pinned} names no licence"
        assert not any("AGPL" in each or "Affero" in each for each in licences), pinned


def test_what_security_says_is_held_by_a_test_is_held_by_one_that_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text("utf-8")))
    sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for source in sources for name in re.findall(r"^def (test_\w+)\(", source, re.MULTILINE)}
    assert len(named) > 40
    assert named <= there, sorted(named - there)


def test_the_page_of_records_has_words_in_both_languages_for_whatever_is_done_to_a_batch_or_a_sitting() -> None:
    """Auditors see those. What is not done but named so, as an index of the database, is left out."""
    rooms = ("records", "storage", "kaojian", "dashboard")
    code = [file.read_text(encoding="utf-8") for room in rooms for file in (ROOT / room).rglob("*.py")]
    acts = {name for text in code for name in re.findall(r'"([a-z]+_[a-z_]*(?:batch|sitting))"', text)}
    done = {each for each in acts if not each.startswith(("ix_", "kept_"))}
    told = (ROOT / "dashboard/web/src/operations/words.ts").read_text(encoding="utf-8")
    chinese, english = told.split("  actNames: {")[1:]
    assert len(done) > 30
    for words in (chinese, english):
        assert done - set(re.findall(r"^    (\w+): '", words.partition("\n  },")[0], re.MULTILINE)) == set()
