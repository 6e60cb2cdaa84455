"""`kaojian sitting mark`: what it says, and that a report tells it."""

from __future__ import annotations

import json

from tests.kaojian.conftest import Command

BATCH, SITTING = "2026-0501", "1"


def test_a_mark_is_made_corrected_taken_back_and_told_in_the_report(kaojian: Command) -> None:
    assert kaojian("apply", "exam.yaml").code == 0
    at = "2026-05-01T08:50:00+08:00"
    made = kaojian("sitting", "mark", BATCH, SITTING, "opened", "--at", at)
    assert made.code == 0, made.err
    assert "启封 opened 2026-05-01T00:50:00" in made.out
    again = kaojian("sitting", "mark", BATCH, SITTING, "opened", "--at", "2026-05-01T08:52:00+08:00")
    assert again.code == 1
    assert "say why" in again.err
    assert kaojian("sitting", "mark", BATCH, SITTING, "opened", "--take-back", "--reason", "录错场次").code == 0
    assert kaojian("sitting", "mark", BATCH, SITTING, "sealed", "--at", "2026-05-01T10:40:00+08:00").code == 0
    report = json.loads(kaojian("report", BATCH, "--sitting", SITTING).out)
    assert [each["mark"] for each in report["marks"]] == ["sealed"]


def test_what_is_no_mark_is_refused(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    assert kaojian("sitting", "mark", BATCH, SITTING, "sung").code == 2
    both = kaojian("sitting", "mark", BATCH, SITTING, "opened", "--take-back", "--at", "2026-05-01T08:50:00+08:00")
    assert both.code == 2
