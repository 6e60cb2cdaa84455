"""`kaojian score`: what paper says goes in as transcribed, and marks come out in the same shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaojian.terminal import local_actor
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal
from tests.kaojian.test_panels import EXAMINER
from tests.records.examined import PRACTICAL
from tests.records.grounds import GROUNDS, NORM
from tests.records.rolls import BATCH, row, text_of
from tests.records.test_score_files import row as mark
from tests.records.test_score_files import text_of as marks_of


@pytest.fixture
def enrolled(kaojian: Command, installation: Path) -> Path:
    """An installation with a norm, three examiners and two candidates on the roll."""
    people = "".join(EXAMINER.format(id=id_, project="中式面点制作") for id_ in ("ex-1", "ex-2", "ex-3"))
    (installation / "panel.yaml").write_text(f"examiners:\n{people}", encoding="utf-8")
    (installation / "grounds.yaml").write_text(GROUNDS.replace(NORM, PRACTICAL), encoding="utf-8")
    (installation / "roster.csv").write_bytes(text_of(row(1), row(2, station="A-02")))
    (installation / "marks.csv").write_bytes(marks_of(mark(), mark("T002", "60")))
    for words in (
        ("apply", "exam.yaml"),
        ("grounds", "import", "grounds.yaml", "--reason", "首次登记"),
        ("panel", "import", "panel.yaml"),
        ("roster", "import", BATCH, "roster.csv", "--reason", "补录"),
    ):
        done = kaojian(*words)
        assert done.code == 0, done.err
    return installation


def test_marks_are_transcribed_once_shown_and_written_in_the_shape_in_which_they_came(
    kaojian: Command, enrolled: Path
) -> None:
    assert "2 new" in kaojian("score", "import", BATCH, "marks.csv", "--dry-run").out
    assert "0 marks" in kaojian("score", "show", BATCH).out
    done = kaojian("score", "import", BATCH, "marks.csv")
    assert (done.code, "transcribed 已录入: 2 new, 0 changed, 0 unchanged" in done.out) == (0, True), done.err
    assert journal(enrolled)[0] == ("transcribe_scores_batch", BATCH, local_actor())
    assert "2 unchanged" in kaojian("score", "import", BATCH, "marks.csv").out
    shown = kaojian("score", "show", BATCH).out
    assert shown.count("paper 录自纸质评分表") == 2
    for name in ("out.xlsx", "out.csv"):
        assert kaojian("score", "export", BATCH, name).code == 0
        assert (enrolled / name).stat().st_mode & 0o077 == 0
        assert "0 new, 0 changed, 2 unchanged" in kaojian("score", "import", BATCH, name).out
    assert kaojian("check").code == 0


def test_a_file_with_a_mistake_is_refused_with_its_place_and_enters_nothing(kaojian: Command, enrolled: Path) -> None:
    (enrolled / "marks.csv").write_bytes(marks_of(mark(), mark("T002", "缺考"), mark("T009", "100.5")))
    done = kaojian("score", "import", BATCH, "marks.csv")
    assert done.code == 1
    assert "marks.csv:3: 成绩: 缺考者没有成绩" in done.err
    assert "marks.csv:4: 准考证号: 名册中没有该准考证号" in done.err
    assert "3 problems; nothing was changed" in done.err
    assert "0 marks" in kaojian("score", "show", BATCH).out


def test_headings_come_by_a_profile_and_a_change_wants_a_reason(kaojian: Command, enrolled: Path) -> None:
    printed = kaojian("score", "profile").out
    (enrolled / "p.yaml").write_text(printed.replace("- 得分", "- 总分"), encoding="utf-8")
    data = marks_of(mark()).replace("成绩".encode(), "总分".encode())
    (enrolled / "marks.csv").write_bytes(data)
    assert kaojian("score", "import", BATCH, "marks.csv").code == 1
    assert kaojian("score", "import", BATCH, "marks.csv", "--profile", "p.yaml").code == 0
    (enrolled / "marks.csv").write_bytes(marks_of(mark(value="90")))
    done = kaojian("score", "import", BATCH, "marks.csv")
    assert (done.code, "更改成绩须说明原因" in done.err) == (1, True)
    assert "1 changed" in kaojian("score", "import", BATCH, "marks.csv", "--reason", "漏记一项").out


def test_of_a_batch_that_is_not_there_and_to_a_file_of_another_sort_nothing_is_written(
    kaojian: Command, enrolled: Path
) -> None:
    assert kaojian("score", "import", "no", "marks.csv").code == 1
    assert kaojian("score", "export", "no", "out.csv").code == 1
    assert kaojian("score", "export", BATCH, "out.pdf").code == 2
    assert not (enrolled / "out.csv").exists()
