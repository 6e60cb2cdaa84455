"""`kaojian clauses` and `kaojian case`: how a batch stands, and what an officer at the host may decide."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.clauses import CLAUSES
from kaojian.terminal import local_actor
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal
from tests.records.grounds import GROUNDS
from tests.records.rolls import BATCH, row, text_of

BY = ("--by", "考务科", "--at", "2026-05-01T08:50:00+08:00")


@pytest.fixture
def enrolled(kaojian: Command, installation: Path) -> Path:
    """An exam that is over by now: one candidate was absent, of the other nobody wrote anything."""
    (installation / "roster.csv").write_bytes(text_of(row(1), row(2, station="A-02")))
    (installation / "grounds.yaml").write_text(GROUNDS, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0
    for words in (
        ("grounds", "import", "grounds.yaml"),
        ("roster", "import", BATCH, "roster.csv", "--reason", "补录"),
        ("roll", "submit", BATCH, *BY),
        ("roll", "review", BATCH, "1", *BY, "--accept-rest"),
        ("roll", "feedback", BATCH, "1", *BY),
        ("roll", "absent", BATCH, "1", "T002", *BY),
    ):
        done = kaojian(*words)
        assert done.code == 0, done.err
    return installation


def test_every_clause_is_listed_with_its_verdict(kaojian: Command, enrolled: Path) -> None:
    told = json.loads(kaojian("clauses", BATCH, "--json").out)
    assert [each["id"] for each in told["clauses"]] == [clause.id for clause in CLAUSES]
    assert all(each["zh"] and each["en"] for each in told["clauses"])
    shown = kaojian("clauses", BATCH)
    assert (shown.code, "C10-1" in shown.out, "凭考核发证" in shown.out) == (0, True, True)


def test_who_is_held_back_cannot_be_decided_on_and_who_was_absent_can(kaojian: Command, enrolled: Path) -> None:
    cases = {each["ticket"]: each for each in json.loads(kaojian("case", "list", BATCH, "--json").out)["cases"]}
    assert {ticket: each["proposal"] for ticket, each in cases.items()} == {"T001": "hold", "T002": "refuse"}
    assert "待核" in kaojian("case", "list", BATCH).out
    before = journal(enrolled)
    held = kaojian("case", "decide", BATCH, "T001", "--issue")
    assert (held.code, "待核" in held.err) == (1, True)
    assert kaojian("case", "decide", BATCH, "T002", "--issue").code == 1
    assert journal(enrolled) == before
    done = kaojian("case", "decide", BATCH, "T002", "--withhold")
    assert (done.code, "不予制证" in done.out) == (0, True)
    assert journal(enrolled)[0] == ("decide_certificate", BATCH, local_actor())
    assert kaojian("case", "decide", BATCH, "T002", "--withhold").code == 0
    assert len(journal(enrolled)) == len(before) + 1
    assert kaojian("check").code == 0


def test_a_batch_that_is_not_there_is_refused_in_one_line(kaojian: Command, installation: Path) -> None:
    for words in (
        ("clauses", "nowhere"),
        ("case", "list", "nowhere"),
        ("case", "decide", "nowhere", "T1", "--issue"),
    ):
        done = kaojian(*words)
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "there is no batch nowhere" in done.err


def test_a_file_of_holidays_that_does_not_hold_is_told_with_its_place(
    kaojian: Command, enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = enrolled / "holidays.yaml"
    file.write_text("origin: x\nyear: 2027\nholidays: [2025-01-01]\nworking_weekends: []\n", encoding="utf-8")
    monkeypatch.setenv("KAOJIAN_HOLIDAYS_FILE", str(file))
    done = kaojian("clauses", BATCH)
    assert (done.code, "holidays.yaml:3: holidays" in done.err) == (1, True), done.err
