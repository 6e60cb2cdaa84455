"""Files about certificates: what is exported is read back as it was; what is wrong is told with row and column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.documents import Document as YamlFile
from domain.calendar import local_day
from domain.certificates import CLAIMS, QUERIES, Answer, Query, Result
from domain.roll import Document, Gender
from records import certificate_files, certificates, shapes, sheets
from records.certificate_files import CLAIM, EXCHANGE, QUERY, Row, rows, take_in_answers, take_in_claims, written
from records.errors import CertificateRefused, NoSuchCertificate, SheetRefused
from storage.database import Database
from storage.errors import UnknownBatch
from tests.fakes.time import FakeClock
from tests.records.certified import DAY, desk, examined, issue, later
from tests.records.rolls import BATCH, NUMBERS, OFFICER, number, row, take_in

TODAY = local_day(DAY)
FIRST, SECOND = "44022026000001", "44022026000002"


@pytest.fixture
def kept(database: Database, clock: FakeClock) -> Database:
    """Two certificates, T001 and T002."""
    examined(database, clock)
    issue(database, "T001", "T002")
    return database


def text_of(*found: dict[str, str]) -> bytes:
    headings = list(dict.fromkeys(heading for each in found for heading in each))
    return sheets.as_text(headings, [[each.get(heading, "") for heading in headings] for each in found])


def answers(kept: Database, *found: dict[str, str], days: int = 0) -> certificate_files.TakenIn:
    now = DAY + timedelta(days=days)
    return take_in_answers(kept, text_of(*found), "查询.csv", actor=OFFICER, now=now)


def claims(kept: Database, *found: dict[str, str]) -> certificate_files.TakenIn:
    return take_in_claims(kept, text_of(*found), "申领.csv", actor=OFFICER, now=DAY)


def refused(kept: Database, step: Callable[[], object], *told: str) -> None:
    """The file is refused with these lines, and nothing of it is written."""
    before = kept.journal.entries(1000)
    with pytest.raises(SheetRefused) as error:
        step()
    lines = str(error.value).splitlines()
    assert len(lines) == len(told), lines
    assert all(line.startswith(each) for line, each in zip(lines, told, strict=True)), lines
    assert kept.journal.entries(1000) == before


# --- The exchange file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["out.csv", "out.xlsx"])
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_exported_is_read_as_it_was(kept: Database, file: str, whole: bool) -> None:
    found = rows(kept, NUMBERS, BATCH, whole_numbers=whole)
    assert [(each.number, each.ticket, each.form) for each in found] == [
        (FIRST, "T001", "GD0001"),
        (SECOND, "T002", "GD0002"),
    ]
    assert (found[0].id_number == number(1)) is whole
    assert ("*" in found[0].id_number) is not whole
    content = written(found, file)
    assert certificate_files.read(content, file) == found
    table = sheets.read(content, file)
    assert dict(zip(table.rows[0].cells, table.rows[1].cells, strict=True))["等级"] == "无"


def test_a_file_is_written_under_the_headings_of_a_profile(kept: Database) -> None:
    text = shapes.profile_text(EXCHANGE).replace("- 证书编号", "- ZSBH").replace("- 姓名", "- XM")
    profile = shapes.profile_of(YamlFile("p.yaml", text), EXCHANGE)
    found = rows(kept, NUMBERS, BATCH, ["T002"], whole_numbers=True)
    content = written(found, "out.csv", profile)
    assert content.decode("utf-8-sig").startswith("ZSBH,准考证号,XM,")
    assert certificate_files.read(content, "out.csv", profile) == found
    with pytest.raises(SheetRefused, match="证书编号"):
        certificate_files.read(content, "out.csv")
    for shape in (QUERY, CLAIM):
        assert shapes.profile_of(YamlFile("p.yaml", shapes.profile_text(shape)), shape).sheet == ""


def test_a_certificate_names_its_holder_as_it_was_issued(kept: Database) -> None:
    take_in(kept, row(1, 姓名="更名"), now=later(5), reason="更正")
    found = rows(kept, NUMBERS, BATCH, ["T001"], whole_numbers=False)
    assert found[0].name != "更名"
    certificates.revoke(desk(kept, 6), BATCH, "T001", "误发")
    assert [each.stands for each in rows(kept, NUMBERS, BATCH, whole_numbers=False)] == [False, True]


def test_of_no_certificate_there_is_no_file(kept: Database) -> None:
    with pytest.raises(NoSuchCertificate):
        rows(kept, NUMBERS, BATCH, ["T003"], whole_numbers=False)
    with pytest.raises(UnknownBatch):
        rows(kept, NUMBERS, "nowhere", whole_numbers=False)


@pytest.mark.parametrize("subject", ["=1+1", "理论；实操 80", "有  两个空格", ""])
def test_what_a_spreadsheet_would_read_otherwise_is_not_given_away(kept: Database, subject: str) -> None:
    (found,) = rows(kept, NUMBERS, BATCH, ["T001"], whole_numbers=False)
    with pytest.raises(CertificateRefused, match="无法导出"):
        written([replace(found, results=(Result(subject, Decimal(80)),))], "out.csv")


WORDS = st.text(alphabet="甲乙丙丁 ABab·()（）", min_size=1, max_size=12).map(lambda text: " ".join(text.split()))
NAMES = WORDS.filter(bool)
MARKS = st.decimals(0, 100, places=2, allow_nan=False, allow_infinity=False)
DAYS = st.dates(date(2020, 1, 1), date(2099, 12, 31))
ROWS = st.builds(
    Row,
    number=st.integers(0, 10**8).map(lambda value: f"44{value:08}"),
    ticket=st.integers(1, 999).map(lambda value: f"T{value:03}"),
    name=NAMES,
    document=st.sampled_from(Document),
    id_number=st.text(alphabet=f"{ascii_uppercase}0123456789", min_size=4, max_size=18),
    gender=st.sampled_from([None, *Gender]),
    project=NAMES,
    ability=WORDS,
    results=st.lists(st.builds(Result, NAMES, MARKS), min_size=1, max_size=4).map(tuple),
    examined=DAYS,
    issued=DAYS,
    form=st.integers(0, 9999).map(lambda value: f"GD{value:04}"),
    level=st.just(""),
    stands=st.booleans(),
)


@given(st.lists(ROWS, min_size=1, max_size=6, unique_by=lambda each: each.number))
def test_export_then_import_is_the_identity(found: list[Row]) -> None:
    for file in ("out.csv", "out.xlsx"):
        assert certificate_files.read(written(found, file), file) == tuple(found)


# --- What the province's platform says ------------------------------------------------------------------------------


def test_answers_are_taken_in_once_and_later_ones_take_their_place(kept: Database) -> None:
    first = {"证书编号": FIRST, "查询结果": "未查到", "备注": "系统延迟"}
    second = {"证书编号": SECOND, "查询结果": "已查到", "等级": "无"}
    done = answers(kept, first, second)
    assert (done.changed, done.unchanged) == ((FIRST, SECOND), 0)
    standing = {entry.key: entry for entry in kept.register.standing(QUERIES)}
    assert standing[FIRST].thing == Query(FIRST, Answer.NOT_FOUND, TODAY, "系统延迟")
    assert standing[SECOND].thing == Query(SECOND, Answer.FOUND, TODAY, level="")
    assert standing[FIRST].batch == BATCH
    before = kept.journal.entries(1000)
    assert answers(kept, first, second).changed == ()
    assert kept.journal.entries(1000) == before
    found = {"证书编号": FIRST, "查询结果": "已查到", "查询日期": "2026-05-20"}
    assert answers(kept, found, days=30).changed == (FIRST,)
    old = {"证书编号": FIRST, "查询结果": "未查到", "查询日期": "2026-05-10"}
    done = answers(kept, old, days=31)
    assert (done.changed, done.unchanged, done.older) == ((), 0, 1)


def test_an_answer_with_another_name_or_project_differs_whatever_it_calls_itself(kept: Database) -> None:
    (ours, _) = rows(kept, NUMBERS, BATCH, whole_numbers=False)
    for told, answer, note in (
        ({"姓名": ours.name, "考核项目": ours.project}, Answer.FOUND, ""),
        ({"姓名": "另一人"}, Answer.DIFFERS, "姓名"),
        ({"姓名": "另一人", "考核项目": "插花", "备注": "人工核对"}, Answer.DIFFERS, "姓名、考核项目、人工核对"),
    ):
        answers(kept, {"证书编号": FIRST, "查询结果": "已查到", **told})
        entry = kept.register.find(QUERIES, FIRST)
        assert entry is not None
        assert (entry.thing.answer, entry.thing.note) == (answer, note)


def test_rows_of_answers_that_cannot_be_are_told_and_nothing_is_taken_in(kept: Database) -> None:
    refused(
        kept,
        lambda: answers(
            kept,
            {"证书编号": FIRST, "查询结果": "已查到", "查询日期": ""},
            {"证书编号": "44029999000001", "查询结果": "已查到"},
            {"证书编号": FIRST, "查询结果": "已查到"},
            {"证书编号": SECOND, "查询结果": "查无此人"},
            {"证书编号": "张三", "查询结果": "已查到"},
            {"证书编号": SECOND, "查询结果": ""},
        ),
        "查询.csv:3: 证书编号: 没有此编号的证书",
        "查询.csv:4: 证书编号: 与第 2 行重复",
        "查询.csv:5: 查询结果: 应为下列之一",
        "查询.csv:6: 证书编号: 应为证书编号",
        "查询.csv:7: 查询结果: 不能为空",
    )
    for day, told in (("2026-05-05", "在今天之后"), ("2026-05-03", "早于发证日期"), ("2026-02-30", "日期应写作")):
        refused(
            kept,
            partial(answers, kept, {"证书编号": FIRST, "查询结果": "已查到", "查询日期": day}),
            f"查询.csv:2: 查询日期: {told}",
        )
    content = written(rows(kept, NUMBERS, BATCH, whole_numbers=False), "out.xlsx")  # no answer of anybody's
    refused(
        kept,
        lambda: take_in_answers(kept, content, "out.xlsx", actor=OFFICER, now=DAY),
        "out.xlsx:1: 查询结果: 缺少此列",
    )


# --- Claims ---------------------------------------------------------------------------------------------------------


def test_claims_are_taken_in_once_and_one_of_an_unknown_number_where_its_batch_is_named(kept: Database) -> None:
    known = {"申领编号": "BT-1", "证书编号": FIRST, "申领日期": "2026-05-04"}
    strange = {"申领编号": "BT-2", "证书编号": "44029999000001", "申领日期": "2026-05-04", "批次": BATCH}
    assert claims(kept, known, strange).changed == ("BT-1", "BT-2")
    assert [(each.key, each.batch) for each in kept.register.standing(CLAIMS)] == [("BT-1", BATCH), ("BT-2", BATCH)]
    before = kept.journal.entries(1000)
    done = claims(kept, known, strange)
    assert (done.changed, done.unchanged) == ((), 2)
    assert kept.journal.entries(1000) == before
    assert claims(kept, {**known, "证书编号": SECOND}).changed == ("BT-1",)


def test_rows_of_claims_that_cannot_be_are_told_and_nothing_is_taken_in(kept: Database) -> None:
    whole = {"申领编号": "BT-1", "证书编号": FIRST, "申领日期": "2026-05-04", "批次": ""}
    refused(
        kept,
        lambda: claims(
            kept,
            whole,
            {**whole, "证书编号": SECOND},
            {**whole, "申领编号": "BT-3", "证书编号": "44029999000001"},
            {**whole, "申领编号": "BT-4", "证书编号": "44029999000001", "批次": "nowhere"},
            {**whole, "申领编号": "BT-5", "批次": "other"},
            {**whole, "申领编号": "BT-6", "申领日期": "2026-05-05"},
            {**whole, "申领编号": "", "申领日期": "昨天"},
        ),
        "申领.csv:3: 申领编号: 与第 2 行重复",
        "申领.csv:4: 证书编号: 没有此编号的证书",
        "申领.csv:5: 批次: 没有此批次",
        "申领.csv:6: 批次: 证书属于另一批次",
        "申领.csv:7: 申领日期: 在今天之后",
        "申领.csv:8: 申领日期: 日期应写作",
        "申领.csv:8: 申领编号: 不能为空",
    )
