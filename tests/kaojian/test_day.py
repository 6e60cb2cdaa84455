"""`kaojian papers`, `marking` and `room-record`: what is entered, what is shown of it, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kaojian.terminal import local_actor
from tests.house.rules import ROOT
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import END, START, journal
from tests.records.days import DIGEST, WITH_WRITTEN
from tests.records.grounds import CATALOGUE, INSTITUTIONS
from tests.records.rolls import row, text_of
from tests.records.setups import WHOLE

BATCH = "2026-0501"
HERE = (BATCH, "1", "r301")
PANEL = """\
examiners: [{id: ex-1}, {id: ex-2}, {id: ex-3}]
dispatches:
  - batch: 2026-0501
    sitting: 1
    by_centre: true
    members: [{examiner: ex-1, leader: true}, {examiner: ex-2}, {examiner: ex-3}]
"""


def at(time: str, day: str = "2026-05-01") -> tuple[str, str]:
    return "--at", f"{day}T{time}:00+08:00"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the installation that the first test prepared is kept for the others."""
    return tmp_path_factory.mktemp("day") / "prepared"


@pytest.fixture
def prepared(kaojian: Command, installation: Path, first: Path) -> Path:
    """The norm, a panel and two candidates, one of whom came; the first sitting is over."""
    if first.exists():
        shutil.copytree(first, installation, dirs_exist_ok=True)
        return installation
    (installation / "exam.yaml").write_text(WHOLE, encoding="utf-8")
    (installation / "grounds.yaml").write_text(INSTITUTIONS + WITH_WRITTEN + CATALOGUE, encoding="utf-8")
    (installation / "panel.yaml").write_text(PANEL, encoding="utf-8")
    (installation / "roster.csv").write_bytes(text_of(row(1), row(2, station="A-02")))
    for words in (
        ("apply", "exam.yaml"),
        ("grounds", "import", "grounds.yaml"),
        ("panel", "import", "panel.yaml"),
        ("roster", "import", BATCH, "roster.csv", "--reason", "补录"),
        ("roll", "signin", BATCH, "1", "T001", "--by", "签到处", "--check", "compared", *at("08:50")),
        ("roll", "absent", BATCH, "1", "T002", "--by", "签到处", *at("09:10")),
        ("sitting", "open", BATCH, "1", *START),
        ("sitting", "mark", BATCH, "1", "opened", *at("08:55")),
        ("sitting", "close", BATCH, "1", *END),
    ):
        done = kaojian(*words)
        assert done.code == 0, (words, done.err)
    shutil.copytree(installation, first)
    return installation


def verdicts(kaojian: Command) -> dict[str, tuple[str, str]]:
    told = json.loads(kaojian("papers", "show", BATCH, "--json").out)
    return {each["id"]: (each["verdict"], each["zh"]) for each in told["findings"]}


def entered(kaojian: Command, folder: Path, act: str, *words: str) -> str:
    """What a command answers; it left one entry of the journal, with its actor."""
    before = journal(folder)
    done = kaojian(*words)
    assert (done.code, "refused" in done.err) == (0, False), done.err
    found = journal(folder)
    assert (len(found) - len(before), found[0][0], found[0][2]) == (1, act, local_actor())
    return done.out


def test_papers_go_their_way_and_are_shown_and_judged(kaojian: Command, prepared: Path) -> None:
    printed = ("papers", "print", BATCH, "1", "实操", "SJ-1", "--by", "市中心", "--centre", "--seal", "F-1")
    assert entered(kaojian, prepared, "print_papers", *printed, *at("09:00", "2026-04-28")) == (
        "printed 印制: paper_printing/2026-0501/SJ-1@1\n"
    )
    way = (
        ("fetched", "市中心", "押运员1", at("09:00", "2026-04-30"), ("--seal", "F-1", "--intact")),
        ("carried", "押运员1", "试卷室", at("10:00", "2026-04-30"), ("--seal", "F-1", "--intact")),
        ("kept", "试卷室", "ex-1", at("08:30"), ("--seal", "F-1", "--intact")),
        ("collected", "ex-2", "ex-1", at("10:35"), ()),
        ("sealed", "ex-1", "试卷室", at("10:40"), ("--seal", "F-2")),
        ("filed", "试卷室", "档案室", at("17:00"), ("--seal", "F-2", "--broken")),
    )
    for stage, giver, taker, when, seal in way:
        entered(
            kaojian,
            prepared,
            "hand_papers",
            *("papers", "hand", BATCH, "SJ-1", stage, "--from", giver, "--to", taker),
            *when,
            *seal,
        )
    verdict, zh = verdicts(kaojian)["C6.4-1"]
    assert (verdict, "第1场实操试卷SJ-1：试卷交接链断归档交回：封条已破" in zh) == ("fail", True)
    mended = ("papers", "hand", BATCH, "SJ-1", "filed", "--from", "试卷室", "--to", "档案室", *at("17:00"))
    refused = kaojian(*mended, "--intact", "--seal", "F-2")
    assert (refused.code, "say why it is corrected" in refused.err) == (1, True)
    entered(kaojian, prepared, "hand_papers", *mended, "--intact", "--seal", "F-2", "--reason", "登记错")
    assert "第1场" not in verdicts(kaojian)["C6.4-1"][1]
    table = kaojian("papers", "show", BATCH).out
    assert "押运员1 → 试卷室" in table
    assert "C6.4-1" in table
    assert kaojian("check").code == 0


def test_packages_subjects_without_papers_and_orders_to_mark_are_entered(kaojian: Command, prepared: Path) -> None:
    package = ("papers", "package", BATCH, "理论", "--sha256", DIGEST, "--by", "考务科", *at("08:00"))
    assert "exam_package/2026-0501/理论/all@1" in entered(kaojian, prepared, "receive_package", *package)
    none = ("papers", "none", BATCH, "实操", "--by", "市中心", "--reason", "题目见规范", *at("08:00"))
    entered(kaojian, prepared, "say_no_papers", *none)
    order = ("marking", "order", BATCH, "笔试", "YJ-1", "--signed", "2026-05-02T09:00:00+08:00")
    entered(kaojian, prepared, "order_marking", *order)
    refused = kaojian("marking", "order", BATCH, "笔试", "YJ-2", "--site", "sg-001")
    assert (refused.code, "the number of the document" in refused.err) == (1, True)
    shown = kaojian("papers", "show", BATCH).out
    assert "YJ-1: 笔试, 市中心 the centre" in shown
    assert DIGEST[:20] in shown
    told = json.loads(kaojian("papers", "show", BATCH, "--json").out)
    assert [each["entry"] for each in told["entries"]] == [
        "exam_package/2026-0501/理论/all@1",
        "no_papers/2026-0501/实操@1",
        "marking_order/2026-0501/YJ-1@1",
    ]


def test_a_parcel_that_nobody_printed_is_refused_with_what_to_do(kaojian: Command, prepared: Path) -> None:
    done = kaojian("papers", "hand", BATCH, "SJ-9", "fetched", "--from", "a", "--to", "b")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "kaojian: batch 2026-0501 has no parcel SJ-9 没有此试卷袋; the centre enters it: kaojian papers print\n"
    )
    assert kaojian("papers", "hand", BATCH, "SJ-9", "lost", "--from", "a", "--to", "b").code == 2


def section() -> str:
    """The file of a record in the paper for operators."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## The day's papers")[2]
    return text.partition("```yaml\n")[2].partition("```")[0]


def test_a_record_is_written_signed_shown_and_printed(kaojian: Command, prepared: Path) -> None:
    (prepared / "record.yaml").write_text(section(), encoding="utf-8")
    written = entered(kaojian, prepared, "write_room_record", "room-record", "write", *HERE, "record.yaml")
    assert written == "written 已填写: room_record/2026-0501/1/r301@1\n"
    incident = ("room-record", "incident", *HERE, "extension", "--what", "补停电时间", "--handling", "统一延时")
    lacking = kaojian(*incident, *at("10:20"))
    assert (lacking.code, "by how many minutes" in lacking.err) == (1, True)
    entered(kaojian, prepared, "write_room_record", *incident, "--minutes", "30", *at("10:20"))
    for examiner, noted in (("ex-2", True), ("ex-1", False)):
        done = kaojian("room-record", "sign", *HERE, examiner, *at("10:50"))
        assert (done.code, "签名不全" in done.err) == (0, noted), done.err
    assert journal(prepared)[0][:2] == ("sign_room_record", "2026-0501/1")
    shown = kaojian("room-record", "show", *HERE).out
    assert "planned 应考 2, attended 实考 1, absent 缺考 1 (T002), not recorded 未登记 0" in shown
    assert "extension 延时: 2026-05-01 10:20, 30 min: 补停电时间; 统一延时" in shown
    assert "signed 签名: ex-1 组长, 2026-05-01 10:50" in shown
    told = json.loads(kaojian("room-record", "show", *HERE, "--json").out)
    assert (told["entry"], told["changed_since_signed"]) == ("room_record/2026-0501/1/r301@4", [])
    assert verdicts(kaojian)["C6.5-1"][1].startswith("第2场")  # 90 minutes in place of 60 are explained
    printed = kaojian("room-record", "print", *HERE, "record.pdf", "--lang", "en")
    assert printed.out == "written: record.pdf, room_record/2026-0501/1/r301@4\n"
    assert (prepared / "record.pdf").read_bytes().startswith(b"%PDF-")
    again = kaojian(*incident, "--minutes", "40", *at("10:21"))
    assert (again.code, "is signed" in again.err) == (1, True)


MISTAKES = (
    ("kind: power_cut", "kind: flood", "record.yaml:5: incidents[0].kind: "),
    ("kind: power_cut", "kind: power_cut, minute: 3", "incidents[0].minute: is not a known field"),
    ("+08:00", "", "incidents[0].at: "),
    ("equipment: good", "equipment: fine", "equipment: "),
    ("ticket: T002", "ticket: T009", "nobody on the roll has the ticket T009"),
)


def test_a_file_with_a_mistake_is_refused_with_its_place(kaojian: Command, prepared: Path) -> None:
    text = section()
    for old, new, told in MISTAKES:
        assert old in text
        (prepared / "record.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
        done = kaojian("room-record", "write", *HERE, "record.yaml")
        assert (done.code, told in done.err) == (1, True), done.err
    assert "nobody wrote one yet" in kaojian("room-record", "show", *HERE).out
