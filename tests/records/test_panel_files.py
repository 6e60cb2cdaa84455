"""Examiners and dispatches as spreadsheets: taken in whole or not at all, and written as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.documents import Document as YamlFile
from config.errors import DocumentRefused
from domain.panels import Badge, Dispatch, Examiner, Grant, Member, Qualification
from domain.register import Draft, Kind
from records import panel_files, panels, shapes, sheets
from records.errors import ExportRefused, SheetRefused
from records.panel_files import DISPATCH_SHEET, EXAMINER_SHEET, SHAPES
from records.panels import DISPATCHES, EXAMINERS, Imported
from storage.database import Database, connect
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.rolls import BATCH, BEFORE, set_up
from tests.records.setups import ACTOR
from tests.records.test_sheets import book, with_part

FROM, UNTIL = "2024-01-01", "2026-12-31"
PEOPLE: list[tuple[str, ...]] = [
    ("ex-1", "考评资格", "中式面点制作", "Q-1", FROM, UNTIL, "", "", ""),
    ("ex-1", "证卡", "", "B-1", FROM, UNTIL, "", "", ""),
    ("ex-2", "临时派遣", "中式面点制作", "", "", "", "中式烹调师", "2026-04-01", "项目考核初期"),
    ("ex-3", "无", "", "", "", "", "", "", ""),
]
SENT: list[tuple[str, ...]] = [
    (BATCH, "1", "是", f"ex-{each}", "是" if each == 1 else "否", "否") for each in (1, 2, 3)
]
TERM = {"valid_from": date(2024, 1, 1), "valid_until": date(2026, 12, 31)}
KEPT = [
    Examiner("ex-1", (Qualification("中式面点制作", "Q-1", **TERM),), (), (Badge("B-1", **TERM),)),
    Examiner("ex-2", (), (Grant("中式面点制作", "中式烹调师", date(2026, 4, 1), "项目考核初期"),)),
    Examiner("ex-3"),
]


@pytest.fixture(autouse=True)
def ready(database: Database, clock: FakeClock) -> None:
    clock.step((BEFORE - clock.now()).total_seconds())
    set_up(database, clock)


def people(*rows: tuple[str, ...]) -> bytes:
    return sheets.as_text(EXAMINER_SHEET.headings, rows)


def orders(*rows: tuple[str, ...]) -> bytes:
    return sheets.as_text(DISPATCH_SHEET.headings, rows)


def both(titles: tuple[str, str] = ("考评员", "派遣")) -> bytes:
    told: tuple[tuple[shapes.Shape, list[tuple[str, ...]]], ...] = ((EXAMINER_SHEET, PEOPLE), (DISPATCH_SHEET, SENT))
    return sheets.as_book(
        sheets.Table(title, shape.headings, rows) for title, (shape, rows) in zip(titles, told, strict=True)
    )


def take_in(
    database: Database, data: bytes, profiles: Mapping[str, shapes.Profile] | None = None, file: str = "考评.xlsx"
) -> Imported:
    return panel_files.take_in(database, data, file, actor=ACTOR, now=BEFORE, profiles=profiles)


def refusal(database: Database, data: bytes, profiles: Mapping[str, shapes.Profile] | None = None) -> str:
    """What a file is refused with; and that it changed nothing, not in the journal either."""

    def there() -> tuple[object, ...]:
        register = database.register
        return database.journal.entries(1), register.revisions(EXAMINERS), register.revisions(DISPATCHES)

    before = there()
    with pytest.raises(SheetRefused) as refused:
        take_in(database, data, profiles)
    assert there() == before
    return str(refused.value)


def changed(rows: list[tuple[str, ...]], at: int, **cells: str) -> list[tuple[str, ...]]:
    """The rows with cells of one of them replaced, by the id of their field."""
    ids = [each.id for each in (EXAMINER_SHEET if rows is PEOPLE else DISPATCH_SHEET).fields]
    row = tuple(cells.get(id_, cell) for id_, cell in zip(ids, rows[at], strict=True))
    return [*rows[:at], row, *rows[at + 1 :]]


def test_a_workbook_of_both_sheets_is_one_act_and_says_what_the_other_file_says(database: Database) -> None:
    done = take_in(database, both())
    assert (len(done.changed), done.unchanged, done.unread) == (4, (), ())
    assert [each.thing for each in database.register.standing(EXAMINERS)] == KEPT
    (sent,) = database.register.standing(DISPATCHES)
    members = (Member("ex-1", leader=True), Member("ex-2"), Member("ex-3"))
    assert (sent.thing, sent.key, sent.site) == (Dispatch(BATCH, 1, members, True), f"{BATCH}/1", "sg-001")
    (newest,) = database.journal.entries(1)
    assert (newest.act, newest.subject) == ("import_panels", "考评.xlsx")


def test_the_same_file_twice_changes_nothing(database: Database) -> None:
    take_in(database, both())
    entries = len(database.journal.entries())
    again = take_in(database, both())
    assert (again.changed, len(again.unchanged)) == ((), 4)
    assert len(database.journal.entries()) == entries


def test_text_holds_one_sheet_told_by_its_headings(database: Database) -> None:
    assert len(take_in(database, people(*PEOPLE)).changed) == 3
    assert len(take_in(database, orders(*SENT).decode("utf-8-sig").encode("gb18030")).changed) == 1


def test_a_later_file_says_all_of_whom_it_names_and_nothing_of_others(database: Database) -> None:
    take_in(database, both())
    take_in(database, people(PEOPLE[1]))
    assert [each.thing for each in database.register.standing(EXAMINERS)] == [
        Examiner("ex-1", badges=KEPT[0].badges),
        *KEPT[1:],
    ]


BAD_PEOPLE = {
    "a name": ({"examiner": "某某"}, 0, "考评员编号: 应为编号"),
    "no sort": ({"sort": "资格"}, 0, "类型: 应为下列之一 · must be one of: 考评资格, 临时派遣, 证卡, 无"),
    "no project": ({"project": ""}, 0, "考核项目: 考评资格须填写此项"),
    "no term": ({"valid_until": ""}, 0, "有效期止: 考评资格须填写此项"),
    "a term that ends first": ({"valid_until": "2023-12-31"}, 0, "有效期止: 早于有效期起"),
    "a day that is none": ({"valid_from": "31.12.2026"}, 1, "有效期起: 日期应写作"),
    "a badge with a project": ({"project": "中式面点制作"}, 1, "考核项目: 证卡没有此项"),
    "a grant without trade": ({"trade": ""}, 2, "职业（工种）: 临时派遣须填写此项"),
    "a grant with a number": ({"number": "Q-9"}, 2, "证书或证卡编号: 临时派遣没有此项"),
    "nothing with something": ({"reason": "x"}, 3, "原因: 无没有此项"),
    "nothing beside something": ({"examiner": "ex-1"}, 3, "类型: 该考评员另有记录"),
    "a formula": ({"reason": "=1+1"}, 2, "原因: 不能以"),
    "too long a word": ({"reason": "长" * 201}, 2, "原因: 超过 200 字"),
}


def test_what_is_wrong_with_an_examiner_is_told_with_row_and_heading(database: Database) -> None:
    for case, (cells, at, told) in BAD_PEOPLE.items():
        said = refusal(database, people(*changed(PEOPLE, at, **cells)))
        assert f"考评.xlsx:{at + 2}: {told}" in said, (case, said)
        assert " · " in said
    assert "考评员编号: 与第 2 行重复" in refusal(database, people(*PEOPLE, PEOPLE[0]))
    assert "类型: 第 2 行已写明无" in refusal(database, people(("ex-1", "无", *[""] * 7), PEOPLE[1]))


BAD_SENT = {
    "no sitting": ({"sitting": "9"}, "场次: 没有此批次或场次"),
    "no batch": ({"batch": "no-batch"}, "场次: 没有此批次或场次"),
    "a sitting in words": ({"sitting": "一"}, "场次: 应为场次序号"),
    "somebody unknown": ({"examiner": "ex-9"}, "考评员编号: 考评员未登记"),
    "somebody twice": ({"examiner": "ex-1"}, "考评员编号: 与第 2 行重复"),
    "another sender": ({"by_centre": "否"}, "市中心派遣: 与第 2 行不一致"),
    "nobody said who sent": ({"by_centre": ""}, "市中心派遣: 不能为空"),
    "neither yes nor no": ({"leader": "Y"}, "组长: 应为是或否"),
}


def test_what_is_wrong_with_a_dispatch_is_told_with_row_and_heading(database: Database) -> None:
    take_in(database, people(*PEOPLE))
    for case, (cells, told) in BAD_SENT.items():
        said = refusal(database, orders(*changed(SENT, 1, **cells)))
        assert f"考评.xlsx:3: {told}" in said, (case, said)


def test_examiners_of_the_same_file_are_known_and_others_are_not(database: Database) -> None:
    assert "ex-" not in refusal(database, orders(*SENT))


def test_merged_cells_formulas_and_what_swells_are_refused(database: Database) -> None:
    headings = EXAMINER_SHEET.headings
    assert "有合并单元格" in refusal(database, book(headings, *PEOPLE, merge=["A2:A3"]))
    assert "证书或证卡编号: 是公式" in refusal(database, book(headings, (*PEOPLE[0][:3], "=1+1", *PEOPLE[0][4:])))
    bomb = with_part(book(headings, *PEOPLE), "xl/media/zeros.bin", lambda _: bytes(32 << 20))
    assert "unpacks to" in refusal(database, bomb)
    assert "neither XLSX nor CSV" in refusal(database, b"\x89PNG\r\n\x1a\n\0\0")
    assert "没有考评员或派遣所需的列" in refusal(database, b"a,b\n1,2\n")
    assert "没有考评员或派遣所需的列" in refusal(database, b"")


def test_which_sheet_is_which_is_told_by_the_profile(database: Database) -> None:
    told = "examiners:\n  sheet: 甲\n  columns:\n    sort: 类型\ndispatches:\n  sheet: 乙\n"
    chosen = shapes.profiles_of(YamlFile("p.yaml", told), *SHAPES)
    assert len(take_in(database, both(("甲", "乙")), chosen).changed) == 4
    assert "has no sheet 甲" in refusal(database, both(), chosen)
    twice = book(EXAMINER_SHEET.headings, *PEOPLE, beside={"另一": EXAMINER_SHEET.headings})
    assert "several sheets fit examiners" in refusal(database, twice)
    one = shapes.profiles_of(YamlFile("p.yaml", "examiners:\n  sheet: Sheet\n"), *SHAPES)
    assert take_in(database, twice, one).unread == ("另一",)
    with pytest.raises(DocumentRefused, match="has no part for examiners or dispatches"):
        shapes.profiles_of(YamlFile("p.yaml", "{}"), *SHAPES)


def test_a_profile_names_other_headings_and_the_default_one_can_be_printed(database: Database) -> None:
    printed = shapes.profiles_of(YamlFile("p.yaml", shapes.profile_text(*SHAPES)), *SHAPES)
    assert list(printed) == ["examiners", "dispatches"]
    assert len(take_in(database, both(), printed).changed) == 4
    chosen = shapes.profiles_of(YamlFile("p.yaml", "examiners:\n  columns:\n    sort: 种类\n"), *SHAPES)
    data = people(*PEOPLE).replace("类型".encode(), "种类".encode())
    assert len(take_in(database, data, chosen).unchanged) == 3


IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
WORDS = st.text(st.sampled_from("甲乙丙丁·ABC 12㐂𠮷"), min_size=1, max_size=6).map(
    lambda each: "项" + " ".join(each.split())
)
SPANS = st.tuples(st.dates(date(1950, 1, 1), date(2090, 1, 1)), st.integers(0, 4000)).map(
    lambda span: {"valid_from": span[0], "valid_until": span[0] + timedelta(days=span[1])}
)
QUALIFICATIONS = st.builds(lambda project, number, term: Qualification(project, number, **term), WORDS, WORDS, SPANS)
GRANTS = st.builds(Grant, WORDS, WORDS, st.dates(date(1950, 1, 1), date(2090, 1, 1)), st.just("") | WORDS)
BADGES = st.builds(lambda number, term: Badge(number, **term), WORDS, SPANS)
EXAMINED = st.lists(
    st.builds(
        Examiner,
        IDS,
        st.lists(QUALIFICATIONS, max_size=2, unique=True).map(tuple),
        st.lists(GRANTS, max_size=2, unique=True).map(tuple),
        st.lists(BADGES, max_size=2, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each.id,
)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_what_is_written_says_the_same_when_it_is_taken_in_again(
    database: Database, tmp_path: Path, ending: str
) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'other.sqlite3'}", NOTARY)) as other:
        set_up(other, FakeClock(BEFORE))

        @settings(max_examples=8, deadline=None)
        @given(EXAMINED, st.booleans(), st.integers(0, 3))
        def there_and_back(everybody: list[Examiner], by_centre: bool, leader: int) -> None:
            members = tuple(Member(each.id, place == leader, place == 1) for place, each in enumerate(everybody))
            order = Dispatch(BATCH, 2, members, by_centre)
            panels.enter(database, "x", everybody, [(order, "sg-001")], who=(ACTOR, BEFORE))
            tables = panel_files.tables(database)
            files = [tables] if ending == "xlsx" else [(each,) for each in tables]
            for chosen in files:
                data = panel_files.written(chosen, f"a.{ending}")
                take_in(other, data)
                assert not take_in(database, data).changed
            assert _there(other) == _there(database)

        there_and_back()


def _there(database: Database) -> list[tuple[str, object, str]]:
    """All that is on record of panels, with keys and sites."""
    kinds: tuple[Kind[Any], ...] = (EXAMINERS, DISPATCHES)
    return [(each.key, each.value, each.site) for kind in kinds for each in database.register.standing(kind)]


def test_dispatches_of_one_batch_are_written_alone(database: Database) -> None:
    take_in(database, both())
    assert [len(table.rows) for table in panel_files.tables(database, BATCH)] == [4, 3]
    assert [len(table.rows) for table in panel_files.tables(database, "other")] == [4, 0]


def test_what_would_be_read_otherwise_is_not_given_away(database: Database) -> None:
    odd = Examiner("ex-1", (), (Grant("项目", "工种", date(2026, 4, 1), "=1+1"),))
    database.register.enter("x", "x", [Draft(EXAMINERS, "ex-1", odd)], ACTOR, BEFORE)
    with pytest.raises(ExportRefused):
        panel_files.written(panel_files.tables(database), "a.xlsx")


def test_a_workbook_beyond_the_limits_is_refused_before_it_is_read(tmp_path: Path, database: Database) -> None:
    path = tmp_path / "many.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as package:
        for number in range(sheets.MOST_PARTS + 1):
            package.writestr(f"{number}.xml", "<a/>")
    assert "unpacks to" in refusal(database, path.read_bytes())
