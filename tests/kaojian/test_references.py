"""The commands about references: what they print, and what they leave in the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.database import connect
from tests.analysis.footage import Cabinet
from tests.analysis.ledgers import START
from tests.fakes import eye
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal

AT = ("--at", START.isoformat())


def recorded(folder: Path) -> None:
    """Six seconds of the camera of exam.yaml, in the installation's own spool."""
    database = connect(f"sqlite:///{folder / 'var' / 'kaojian.sqlite3'}")
    cabinet = Cabinet(database, folder / "var" / "spool")
    cabinet.run("run-1", "sg-001-c1", 0, 100)
    cabinet.segment(0, camera="sg-001-c1", frames=150)
    database.close()


def test_a_reference_is_made_and_listed(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.eye.EYE", eye.EYE)
    kaojian("apply", "exam.yaml")
    recorded(installation)
    done = kaojian("reference", "make", "sg-001", "sg-001-c1", *AT, "--seconds", "6")
    assert (done.code, done.err) == (0, "")
    assert "of camera sg-001-c1: made of 3 pictures, valid from" in done.out
    assert journal(installation)[0][:2] == ("make_reference", "sg-001-c1")
    listed = kaojian("reference", "list", "sg-001").out
    assert "sg-001-c1" in listed
    assert "none 无" in listed, "the other camera has none"


def test_where_nothing_was_recorded_one_line_says_so(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.eye.EYE", eye.EYE)
    kaojian("apply", "exam.yaml")
    done = kaojian("reference", "make", "sg-001", "sg-001-c1", *AT)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("kaojian: there is no footage of camera sg-001-c1")
