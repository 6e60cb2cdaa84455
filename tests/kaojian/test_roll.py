"""`kaojian roster` and `kaojian roll`: from a file to who signed in, and no number where it must not be."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kaojian.terminal import local_actor
from records.roster import ROSTER
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal
from tests.records.rolls import BATCH, number, row, text_of

NAME = "欧阳测试"
BY = ("--by", "考务科")
AT = ("--at", "2026-04-02T09:00:00+08:00")


@pytest.fixture
def enrolled(kaojian: Command, installation: Path) -> Path:
    """An installation with two candidates on the roll, one of them of the name that is looked for."""
    roster = installation / "roster.csv"
    roster.write_bytes(text_of(row(1, 姓名=NAME), row(2, station="A-02")))
    assert kaojian("apply", "exam.yaml").code == 0
    done = kaojian("roster", "import", BATCH, "roster.csv", "--reason", "补录")
    assert (done.code, "2 new" in done.out) == (0, True), done.err
    return installation


def test_a_roster_goes_from_the_file_to_the_sign_in(
    kaojian: Command, enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def typed(*words: str, line: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(line))
        done = kaojian(*words)
        assert done.code == 0, done.err
        return done.out

    assert "无变化" in typed("roster", "import", BATCH, "roster.csv")
    typed("roll", "plan", BATCH, *BY, *AT)
    assert "2 candidates" in typed("roll", "first-review", BATCH, *BY, *AT)
    assert "上报 1: 2" in typed("roll", "submit", BATCH, *BY, *AT)
    said = typed("roll", "review", BATCH, "1", *BY, *AT, "--decline", "T002=材料不全", "--accept-rest")
    assert "1 accepted 通过, 1 declined 不通过" in said
    assert "1 on the roster" in typed("roll", "feedback", BATCH, "1", *BY, *AT)
    came = ("--at", "2026-05-01T08:50:00+08:00", *BY)
    signin = ("roll", "signin", BATCH, "1", "T001", *came, "--check", "typed")
    assert "A-01 已签到" in typed(*signin, line=f"{number(1)}\n")
    typed("roll", "absent", BATCH, "1", "T002", *came)
    typed("roll", "move", BATCH, "1", "T001", "A-02", *came, "--reason", "电炉故障")
    typed("roll", "violation", BATCH, "1", "T001", *came, "--what", "携带手机", "--handling", "警告")
    typed("roll", "leave", BATCH, "1", "T001", "--by", "监考甲")
    typed("roster", "withdraw", BATCH, "T002", "--reason", "本人申请")
    acts = [act for act, subject, actor in journal(enrolled) if (subject, actor) == (BATCH, local_actor())]
    assert acts[:11] == [
        *("withdraw_candidate", "leave_station", "note_violation", "change_station", "mark_absent", "sign_in"),
        *("give_feedback", "decide_candidates", "submit_candidates", "review_first", "make_plan"),
    ]
    assert kaojian("check").code == 0


def test_what_is_exported_is_masked_unless_a_reason_is_in_the_journal(kaojian: Command, enrolled: Path) -> None:
    for file in ("out.csv", "out.xlsx"):
        assert "masked" in kaojian("roster", "export", BATCH, file).out
        refused = kaojian("roster", "import", BATCH, file, "--reason", "x")
        assert (refused.code, "号码已脱敏" in refused.err) == (1, True)
    assert "nothing was changed" in refused.err
    assert kaojian("roster", "export", BATCH, "whole.csv", "--whole-numbers").code == 2
    assert not (enrolled / "whole.csv").exists()
    done = kaojian("roster", "export", BATCH, "whole.csv", "--whole-numbers", "--reason", "上报省系统")
    assert (done.code, journal(enrolled)[0][0]) == (0, "export_roster")
    assert number(1) in (enrolled / "whole.csv").read_text(encoding="utf-8-sig")
    assert (enrolled / "whole.csv").stat().st_mode & 0o077 == 0
    assert "无变化" in kaojian("roster", "import", BATCH, "whole.csv").out


def test_a_file_that_is_wrong_is_told_line_by_line_and_tried_without_being_entered(
    kaojian: Command, enrolled: Path
) -> None:
    before = journal(enrolled)
    (enrolled / "bad.csv").write_bytes(text_of(row(3, "9"), row(4, 证件号码=number(4)[:-1] + "?")))
    refused = kaojian("roster", "import", BATCH, "bad.csv")
    assert refused.code == 1
    assert [line[:12] for line in refused.err.splitlines()] == ["bad.csv:2: 场", "bad.csv:3: 证", "kaojian: 2 p"]
    (enrolled / "good.csv").write_bytes(text_of(row(3, "2", "B-01")))
    assert "试导入" in kaojian("roster", "import", BATCH, "good.csv", "--dry-run", "--reason", "x").out
    late = kaojian("roster", "import", BATCH, "good.csv")
    assert (late.code, "考核已开始" in late.err) == (1, True)
    assert kaojian("roster", "export", BATCH, "out.pdf").code == 2
    assert kaojian("roll", "review", BATCH, "1", *BY, "--decline", "T001").code == 2
    assert journal(enrolled) == before


def test_the_printed_profile_reads_a_file_with_other_headings(kaojian: Command, enrolled: Path) -> None:
    text = kaojian("roster", "profile").out
    (enrolled / "p.yaml").write_text(text.replace("- 姓名", "- Name"), encoding="utf-8")
    data = text_of(row(5, "", "")).replace("姓名".encode(), b"Name")
    (enrolled / "other.csv").write_bytes(data)
    assert kaojian("roster", "import", BATCH, "other.csv", "--reason", "x").code == 1
    assert kaojian("roster", "import", BATCH, "other.csv", "--reason", "x", "--profile", "p.yaml").code == 0
    assert all(each.id in text for each in ROSTER.fields)


def test_no_number_lies_in_the_database_and_neither_name_nor_number_in_logs_or_journal(
    kaojian: Command, enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way by which somebody's name or number might get out, with the most talkative logs."""
    monkeypatch.setenv("KAOJIAN_LOG_LEVEL", "debug")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{number(1)}\n"))
    came = ("--at", "2026-05-01T08:50:00+08:00", *BY)
    said = [kaojian("roll", "signin", BATCH, "1", "T001", *came, "--check", "card")]
    assert said[0].code == 0
    for wrong in (
        row(1, 姓名=NAME, 出生日期="2000-01-01"),
        row(1, "9", 姓名=NAME),
        row(9, 姓名=NAME, 证件号码=number(1)),
    ):
        (enrolled / "bad.csv").write_bytes(text_of(wrong))
        said.append(kaojian("roster", "import", BATCH, "bad.csv", "--reason", "x"))
        assert said[-1].code == 1
    shown = kaojian("roster", "show", BATCH)
    assert NAME in shown.out
    told = "".join(each.out + each.err for each in said) + shown.err
    with closing(sqlite3.connect(enrolled / "var" / "kaojian.sqlite3")) as opened:
        entries = str(list(opened.execute("SELECT * FROM journal")))
    for text in (told, entries):
        assert NAME not in text
        assert number(1) not in text
        assert number(1)[6:] not in text
    assert number(1) not in shown.out
    files = [path for path in (enrolled / "var").rglob("*") if path.is_file()]
    assert any(NAME.encode() in path.read_bytes() for path in files)  # what is looked through is what was written
    for path in files:
        assert number(1).encode() not in path.read_bytes(), path


def test_without_its_key_a_roll_is_neither_read_nor_added_to(kaojian: Command, enrolled: Path) -> None:
    (enrolled / "var" / "secrets" / "numbers.key").unlink()
    for words in (
        ("roster", "show", BATCH),
        ("roster", "import", BATCH, "roster.csv"),
        ("roster", "export", BATCH, "a.csv"),
    ):
        refused = kaojian(*words)
        assert (refused.code, "numbers.key is not there" in refused.err) == (1, True)
    assert not (enrolled / "var" / "secrets" / "numbers.key").exists()
