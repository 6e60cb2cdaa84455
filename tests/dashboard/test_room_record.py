"""考场记录表 on paper: the fields of the form, what is written in them, and what stays empty."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dashboard.papers.form import Form, Pairs, People, Said
from dashboard.papers.printing import form_as_pdf
from dashboard.papers.room_record import compose
from dashboard.papers.words import Language
from domain.grounds import Method
from domain.places import Sitting
from domain.register import Entry
from domain.roll import Violation
from domain.room_record import (
    ROOM_RECORDS,
    Condition,
    Counts,
    Held,
    Incident,
    IncidentKind,
    RoomRecord,
    RoomSignature,
    VoidSheet,
)
from records import declaration
from records.room_records import Place, Sheet
from tests.records.days import later
from tests.records.setups import ACTOR, START, WHOLE

FIELDS = [
    *(
        "批次",
        "项目",
        "考场名称",
        "考场号",
        "场次",
        "日期",
        "起止时间",
        "科目",
        "应考／实考／缺考人数",
        "缺考准考证号",
    ),
    *("作废试卷", "违纪情况", "异常及处理", "设备情况", "监控情况", "全部交卷离场", "备注", "考评员签名"),
]
DECLARED = declaration.parse(WHOLE, "exam.yaml")
PLACE = Place("2026-0501", 1, "r301")
COUNTS = Counts(20, 18, ("T007",), ("T019",))
RECORD = RoomRecord(
    PLACE.batch,
    1,
    "r301",
    held=(Held("实操", Method.PRACTICAL),),
    void=(VoidSheet("T003", "答题纸污损，已换新卷"),),
    incidents=(
        Incident(IncidentKind.LATE_START, later(10), "考生证件核验排队", "顺延开考", 10),
        Incident(
            IncidentKind.POWER_CUT, later(40), "片区停电四分钟", "启用备用电源，补时", None, None, ("T001", "T002")
        ),
        Incident(IncidentKind.EXTENSION, later(95), "补停电时间", "统一延时", 5),
        Incident(IncidentKind.POSTPONEMENT, later(96), "三名考生设备损坏", "另行通知", None, later(24 * 60 * 7)),
    ),
    equipment=Condition.GOOD,
    monitoring=Condition.FAULTY,
    all_left=later(99),
    note="2号摄像机 09:40 至 09:44 无画面，其余正常。",
    signatures=(
        RoomSignature("ex-2", False, later(110), COUNTS),
        RoomSignature("ex-1", True, later(112), replace(COUNTS, attended=17)),
    ),
)
VIOLATION = Violation(PLACE.batch, 1, "T011", later(33), "交头接耳，经提醒后停止", "口头警告，记入考场记录表", "ex-2")


def sheet(record: RoomRecord | None = RECORD, **other: object) -> Sheet:
    plan = DECLARED.batches[0].sitting(1)
    sitting = Sitting(DECLARED.batches[0], plan, DECLARED.sites[0], later(1), START, later(95), later(97))
    entry = Entry(
        ROOM_RECORDS.name, PLACE.key, 3, record, PLACE.batch, "sg-001", "", later(120), ACTOR, "", 1, "ab" * 32
    )
    told: dict[str, object] = {
        "place": PLACE,
        "sitting": sitting,
        "room": DECLARED.sites[0].rooms[0],
        "entry": None if record is None else entry,
        "counts": COUNTS,
        "subjects": ("实操",),
        "violations": (VIOLATION,),
    }
    return Sheet(**(told | other))  # type: ignore[arg-type]


def names(form: Form) -> list[str]:
    found: list[str] = []
    for row in form.rows:
        found += [name for name, _ in row.cells] if isinstance(row, Pairs) else [row.name]
    return [re.sub(r"\s", "", name) for name in found]


def cells(form: Form) -> dict[str, str]:
    return {name: value for row in form.rows if isinstance(row, Pairs) for name, value in row.cells}


def test_a_record_has_the_fields_of_the_form_in_their_order_filled_in_or_not() -> None:
    assert names(compose(sheet(), later(121))) == FIELDS
    bare = compose(sheet(None, counts=Counts(0, 0), subjects=(), violations=()), later(121))
    assert names(bare) == FIELDS
    assert (bare.number, bare.digest) == ("room_record/2026-0501/1/r301", "")
    assert {row for each in bare.rows if isinstance(each, People) for row in each.rows} <= {
        ("",) * n for n in (2, 3, 4)
    }
    assert cells(bare)["缺考准考证号"] == ""


def test_a_record_says_what_happened_who_was_there_and_who_signed() -> None:
    form = compose(sheet(), later(121))
    told = cells(form)
    assert told["起止时间"] == "09:00 — 10:35"
    assert told["科目"] == "实操"
    assert told["应考／实考／\n缺考人数"] == "应考 20 人　　实考 18 人　　缺考 1 人\n未登记 1 人：T019"
    assert (told["缺考准考证号"], told["设备情况"], told["监控情况"]) == ("T007", "正常", "异常")
    tables = {row.name: row.rows for row in form.rows if isinstance(row, People)}
    assert tables["作废试卷"] == (("T003", "答题纸污损，已换新卷"),)
    assert tables["违纪情况"] == (("T011", "09:33", "交头接耳，经提醒后停止", "口头警告，记入考场记录表"),)
    assert [row[0] for row in tables["异常及处理"]] == [
        "迟开（10分钟）",
        "停电",
        "延时（5分钟）",
        "改期",
    ]
    assert tables["异常及处理"][3][3] == "另行通知\n改至2026-05-08 09:00"
    assert tables["异常及处理"][1][2] == "片区停电四分钟\nT001、T002"
    assert tables["考评员签名"] == (
        ("ex-1", "考评组长", "2026-05-01 10:52"),
        ("ex-2", "考评员", "2026-05-01 10:50"),
        ("", "", ""),
    )
    (note,) = [row for row in form.rows if isinstance(row, Said)]
    assert note.day == "签名后名册有变更：ex-1"
    assert form.number == "room_record/2026-0501/1/r301@3"


def test_what_is_only_planned_and_what_did_not_happen_is_told_as_such() -> None:
    planned = sheet(RoomRecord(PLACE.batch, 1, "r301"), violations=(), counts=Counts(2, 0))
    plan = replace(planned.sitting, opened=None, actual_start=None, actual_end=None, closed=None)
    told = cells(compose(replace(planned, sitting=plan), later(0)))
    assert told["起止时间"] == "09:00 — 10:30（计划）"
    assert (told["作废试卷"], told["违纪情况"], told["异常及处理"]) == ("无", "无", "无")
    assert told["缺考准考证号"] == "无"
    assert (told["设备情况"], told["全部交卷离场"]) == ("", "")


@pytest.mark.parametrize("language", Language)
def test_a_record_is_printed_the_same_each_time_and_says_which_entry_it_is(language: Language) -> None:
    form = compose(sheet(), later(121), language)
    printed = form_as_pdf(form)
    assert printed == form_as_pdf(form)
    assert b"pdfaid" in printed
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in "".join(names(form))) or language is Language.ZH


def test_what_happened_after_midnight_is_told_with_its_day() -> None:
    night = replace(RECORD, incidents=(replace(RECORD.incidents[0], at=later(16 * 60)),), all_left=later(16 * 60))
    form = compose(sheet(night), later(17 * 60))
    assert cells(form)["全部交卷离场"] == "05-02 01:00"


def test_a_room_with_many_incidents_goes_on_on_the_next_page() -> None:
    many = tuple(replace(RECORD.incidents[1], at=later(number)) for number in range(40))
    printed = form_as_pdf(compose(sheet(replace(RECORD, incidents=many)), later(121)))
    assert int(max(re.findall(rb"/Count (\d+)", printed), key=int)) > 1
