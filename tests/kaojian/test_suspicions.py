"""`kaojian suspicions`: what is odd, of all batches or of one, and that nothing is left behind by looking."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal

BATCH = "2026-0501"
TWICE = """\
examiners: [{id: ex-1}]
dispatches:
  - {batch: 2026-0501, sitting: 1, by_centre: true, members: [{examiner: ex-1}]}
  - {batch: 2026-0502, sitting: 1, by_centre: true, members: [{examiner: ex-1}]}
"""


@pytest.fixture
def twice(kaojian: Command, installation: Path) -> Path:
    """One examiner who was sent to two sites at once."""
    text = (installation / "exam.yaml").read_text("utf-8")
    other = text.replace("sg-001", "sg-002").replace("2026-0501", "2026-0502")
    (installation / "other.yaml").write_text(other, encoding="utf-8")
    (installation / "panel.yaml").write_text(TWICE, encoding="utf-8")
    for words in (("apply", "exam.yaml"), ("apply", "other.yaml"), ("panel", "import", "panel.yaml")):
        done = kaojian(*words)
        assert done.code == 0, done.err
    return installation


def test_what_is_odd_is_listed_and_for_programs_told_with_what_it_rests_on(kaojian: Command, twice: Path) -> None:
    before = journal(twice)
    done = kaojian("suspicions", "--json")
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    (found, *_) = told["suspicions"]
    assert (found["sort"], found["batches"]) == ("two_places", [BATCH, "2026-0502"])
    assert found["rests_on"] == ["dispatch/2026-0501/1@1", "dispatch/2026-0502/1@1"]
    assert told["not_looked_for"] == ["scored_without_presence"]
    shown = kaojian("suspicions", BATCH).out
    assert "考评员同时在两处" in shown
    assert "未查：有成绩而工位无人" in shown
    assert journal(twice) == before


def test_of_a_batch_that_is_not_there_nothing_is_said_and_of_one_without_any_that_there_is_none(
    kaojian: Command, installation: Path
) -> None:
    assert kaojian("apply", "exam.yaml").code == 0
    done = kaojian("suspicions", "2026-9999")
    assert (done.code, "there is no batch 2026-9999" in done.err) == (1, True)
    assert json.loads(kaojian("suspicions", BATCH, "--json").out)["suspicions"] == []
