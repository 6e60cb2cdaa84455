"""Rosters as files: taken in whole or not at all, told where they are wrong, and written as they were read."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.documents import Document as YamlFile
from config.errors import DocumentRefused
from domain.register import Draft
from domain.roll import CANDIDATES, SEATS, Attempt, Candidate, Document, Gender, KeptSubject
from records import roster, shapes, sheets
from records.errors import NoReason, RollRefused, SheetRefused
from storage.database import Database, connect
from storage.errors import UnknownBatch
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.rolls import BATCH, BEFORE, HEADINGS, NUMBERS, number, row, set_up, take_in, text_of
from tests.records.setups import ACTOR, SITE, START, WHOLE
from tests.records.setups import BATCH as BATCH_YAML
from tests.records.test_sheets import book, with_part


@pytest.fixture(autouse=True)
def ready(database: Database, clock: FakeClock) -> None:
    clock.step((BEFORE - clock.now()).total_seconds())
    set_up(database, clock)


def refusal(database: Database, *rows: dict[str, str], data: bytes | None = None) -> str:
    """What a file is refused with; and that it changed nothing, not in the journal either."""
    before = database.journal.entries(1), database.register.revisions(CANDIDATES), database.register.revisions(SEATS)
    with pytest.raises(SheetRefused) as refused:
        roster.take_in(database, NUMBERS, BATCH, data or text_of(*rows), "名册.csv", actor=ACTOR, now=BEFORE)
    now = database.journal.entries(1), database.register.revisions(CANDIDATES), database.register.revisions(SEATS)
    assert now == before
    return str(refused.value)


def test_a_roster_is_taken_in_as_one_act_with_numbers_sealed(database: Database) -> None:
    done = take_in(database, row(1), row(2, station="A-02"), row(3, "", ""))
    assert (done.candidates, done.added, done.seats_added) == (3, 3, 2)
    entries = database.register.standing(CANDIDATES, batch=BATCH)
    assert [entry.mark for entry in entries] == [NUMBERS.mark("resident_id", number(place)) for place in (1, 2, 3)]
    assert [entry.value.born.year for entry in entries if entry.value and entry.value.born] == [1990] * 3
    (newest,) = database.journal.entries(1)
    assert (newest.act, newest.subject) == ("import_roster", BATCH)
    shown = roster.shown(database, NUMBERS, BATCH)
    assert [each.number for each in shown] == [f"990***********{number(place)[-4:]}" for place in (1, 2, 3)]
    assert [[seat.station for seat in each.seats] for each in shown] == [["A-01"], ["A-02"], []]


def test_the_same_file_twice_changes_nothing(database: Database) -> None:
    take_in(database, row(1), row(2, station="A-02"))
    entries = len(database.journal.entries())
    assert not take_in(database, row(2, station="A-02"), row(1)).changes
    assert len(database.journal.entries()) == entries


def test_a_later_file_corrects_whom_it_names_and_takes_nobody_away(database: Database) -> None:
    take_in(database, row(1), row(2, station="A-02"))
    done = take_in(database, row(2, station="A-01", 姓名="考生新") | {"场次": "2"})
    assert (done.changed, done.seats_added, done.seats_removed, done.absent) == (1, 1, 1, ("T001",))
    seats = [entry.key for entry in database.register.standing(SEATS, batch=BATCH)]
    assert seats == [f"{BATCH}/1/T001/实操", f"{BATCH}/2/T002/实操"]


def test_only_to_look_enters_nothing(database: Database) -> None:
    assert take_in(database, row(1), only_look=True).added == 1
    assert database.register.standing(CANDIDATES) == []


def test_a_candidate_may_have_several_subjects_and_sittings(database: Database) -> None:
    take_in(database, row(1), row(1, 科目="理论"), row(1, "2", "B-01", 科目="理论"))
    (entry,) = database.register.standing(CANDIDATES)
    assert entry.value is not None
    assert entry.value.subjects == ("实操", "理论")
    assert len(database.register.standing(SEATS)) == 3


BAD = {
    "a wrong check digit": (
        [row(1, 证件号码=number(1)[:-1] + ("0" if number(1)[-1] != "0" else "1"))],
        "证件号码: 身份证号码校验码不符",
    ),
    "a masked number": ([row(1, 证件号码="990***********0012")], "证件号码: 号码已脱敏"),
    "a number made a number": ([row(1, 证件号码="4.40203E+17")], "证件号码: 号码被表格软件改成了数值"),
    "no name": ([row(1, 姓名="")], "姓名: 不能为空"),
    "a formula": ([row(1, 姓名='=HYPERLINK("x")')], "姓名: 不能以"),
    "a full-width formula": ([row(1, 姓名="＝1")], "姓名: 不能以"),
    "a path": ([row(1, 准考证号="../T1")], "准考证号: 只能用"),
    "another birthday": ([row(1, 出生日期="1990/1/2")], "出生日期: 与身份证号码不符"),
    "no day": ([row(1, 出生日期="1990-02-30")], "出生日期: 日期应写作"),
    "another gender": ([row(1, 性别="女")], "性别: 与身份证号码不符"),
    "no gender": ([row(1, 性别="?")], "性别: 应为下列之一"),
    "no sitting": ([row(1, "9")], "场次: 没有此场次"),
    "a sitting in words": ([row(1, "一")], "场次: 应为场次序号"),
    "an unknown station": ([row(1, station="Z-9")], "工位: 该场次的考场没有此工位"),
    "a station of another sitting's room": ([row(1, station="B-01")], "工位: 该场次的考场没有此工位"),
    "a station elsewhere": ([row(1, 考场="r302")], "考场: 此工位属于另一考场"),
    "a station without sitting": ([row(1, "")], "场次: 有工位或考场而无场次"),
    "a sitting without station": ([row(1, station="")], "工位: 有场次而无工位"),
}


def test_what_is_wrong_in_a_row_is_told_with_its_place_and_without_the_person(database: Database) -> None:
    for case, (rows, told) in BAD.items():
        said = refusal(database, row(2, station="A-02"), *rows)
        assert said.startswith(f"名册.csv:3: {told}"), (case, said)
        assert " · " in said
        assert number(1)[6:] not in said
        assert "考生乙" not in said


EARLIER = "2025-1101"
KEEPS = {"考试类别": "补考", "保留科目批次": EARLIER, "保留科目准考证号": "E001"}
BAD_CLAIMS = {
    "half a claim": ({**KEEPS, "保留科目准考证号": ""}, "保留科目准考证号: 保留科目须同时填写"),
    "a ticket alone": ({**KEEPS, "保留科目批次": ""}, "保留科目批次: 保留科目须同时填写"),
    "a first attempt": ({**KEEPS, "考试类别": "首次"}, "考试类别: 只有补考可保留科目"),
    "a seat as well": ({**KEEPS, "场次": "1", "工位": "A-01"}, "场次: 保留的科目不再安排座位"),
    "this batch": ({**KEEPS, "保留科目批次": BATCH}, "保留科目批次: 不能保留自本批次"),
    "no such batch": ({**KEEPS, "保留科目批次": "2024-0101"}, "保留科目准考证号: 该批次没有此证件的"),
    "no such ticket": ({**KEEPS, "保留科目准考证号": "E999"}, "保留科目准考证号: 该批次没有此证件的"),
    "another person": ({**KEEPS, "保留科目准考证号": "E002"}, "保留科目准考证号: 该批次没有此证件的"),
    "another subject": ({**KEEPS, "科目": "外语"}, "保留科目准考证号: 该批次没有此证件的"),
    "what was kept there": ({**KEEPS, "科目": "仪容"}, "保留科目批次: 该批次的此科目也是保留的"),
}


@pytest.fixture
def earlier(database: Database) -> None:
    """Two who had two subjects in another batch, of which the first kept one from before that."""
    drafts = [
        Draft(
            CANDIDATES,
            f"{EARLIER}/E{place:03}",
            Candidate(
                EARLIER,
                f"E{place:03}",
                "x",
                Document.RESIDENT_ID,
                "sealed",
                ("理论", "仪容"),
                kept=(KeptSubject("仪容", "2024-0501", "D001"),),
            ),
            EARLIER,
            mark=NUMBERS.mark("resident_id", number(place)),
        )
        for place in (1, 2)
    ]
    database.register.enter("tests", EARLIER, drafts, ACTOR, BEFORE)


@pytest.mark.usefixtures("earlier")
class TestKeptSubjects:
    def test_a_row_may_say_where_the_subject_was_passed_and_is_written_as_it_was_read(
        self, database: Database
    ) -> None:
        rows = row(1, 考试类别="补考"), row(1, "", "", 科目="理论") | KEEPS
        assert take_in(database, *rows).added == 1
        (entry,) = database.register.standing(CANDIDATES, batch=BATCH)
        assert entry.thing.subjects == ("实操", "理论")
        assert entry.thing.kept == (KeptSubject("理论", EARLIER, "E001"),)
        written = roster.rows(database, NUMBERS, BATCH, whole_numbers=True)
        assert [each[-2:] for each in written] == [("", ""), (EARLIER, "E001")]
        data = sheets.as_text(roster.ROSTER.headings, written)
        assert not roster.take_in(database, NUMBERS, BATCH, data, "f", actor=ACTOR, now=BEFORE).changes
        done = take_in(database, row(1, 考试类别="补考"), row(1, "", "", 科目="理论", 考试类别="补考"))
        assert done.changed == 1  # a later file takes the claim back

    @pytest.mark.parametrize("case", BAD_CLAIMS)
    def test_a_claim_that_cannot_be_is_told_with_its_place(self, database: Database, case: str) -> None:
        claim, told = BAD_CLAIMS[case]
        said = refusal(database, row(2, station="A-02"), row(1, "", "", 科目="理论") | claim)
        assert said.startswith(f"名册.csv:3: {told}"), said
        assert " · " in said

    def test_a_subject_is_kept_or_sat_and_claimed_once(self, database: Database) -> None:
        claim = row(1, "", "", 科目="理论") | KEEPS
        seat = row(1, 科目="理论", 考试类别="补考")
        for rows in ((claim, seat), (seat, claim), (claim, claim)):
            assert refusal(database, *rows).startswith("名册.csv:3: 科目: 保留的科目另有一行")


TWO = {
    "the same person twice": ([row(1), row(1)], "准考证号: 与第 2 行重复"),
    "the same person unseated twice": ([row(1, "", ""), row(1, "", "")], "准考证号: 考生重复"),
    "one person with two tickets": (
        [row(1), row(2, station="A-02", 证件号码=number(1))],
        "证件号码: 同一证件号码有另一准考证号 T001",
    ),
    "one ticket for two": ([row(1), row(2, station="A-02", 准考证号="T001")], "准考证号: 与第 2 行同号而信息不同"),
    "one person in two places": (
        [row(1), row(1, station="A-02", 科目="理论")],
        "工位: 同一考生同时在两个工位(见第 2 行)",
    ),
    "two at one station": ([row(1), row(2)], "工位: 工位同时有两名考生(见第 2 行)"),
}


def test_rows_that_contradict_each_other_are_told(database: Database) -> None:
    for case, (rows, told) in TWO.items():
        said = refusal(database, *rows)
        assert said.startswith(f"名册.csv:3: {told}"), (case, said)


def test_every_problem_of_a_file_is_told_at_once_in_the_order_of_its_rows(database: Database) -> None:
    said = refusal(database, row(1, 姓名="", 性别="?"), row(2), row(3, "7")).splitlines()
    assert [re.match(r"名册.csv:(\d+): (\w+)", line).groups() for line in said] == [  # type: ignore[union-attr]
        *(("2", "姓名"), ("2", "性别"), ("4", "场次")),
    ]


def test_rows_that_contradict_the_roll_are_told(database: Database) -> None:
    take_in(database, row(1))
    assert "在名册中" in refusal(database, row(2))  # the station
    assert "同一证件号码有另一准考证号 T001" in refusal(database, row(2, station="A-02", 证件号码=number(1)))


def test_nobody_sits_in_two_rooms_while_two_sittings_go_on(database: Database, clock: FakeClock) -> None:
    set_up(database, clock, WHOLE.replace("11:00:00", "10:00:00").replace("[r301, r302]", "[r302]"))
    assert "两个工位(见第 2 行)" in refusal(database, row(1), row(1, "2", "B-01", 科目="理论"))
    take_in(database, row(1))
    assert take_in(database, row(2, "2", "B-01")).seats_added == 1


def test_who_sits_in_another_batch_at_that_time_is_told(database: Database, clock: FakeClock) -> None:
    other = BATCH_YAML.replace("2026-0501\n", "2026-0502\n", 1)
    set_up(database, clock, SITE + other)
    data = text_of(row(1))
    roster.take_in(database, NUMBERS, "2026-0502", data, "f", actor=ACTOR, now=BEFORE)
    assert "已被批次 2026-0502 占用" in refusal(database, row(1, station="A-02"))  # the person
    assert "已被批次 2026-0502 占用" in refusal(database, row(2))  # the station
    assert take_in(database, row(2, station="A-02")).added == 1


FILES = {
    "an empty file": (b"", "工作表为空"),
    "headings alone": (text_of(), "没有数据行"),
    "a missing column": (
        sheets.as_text(("准考证号", "姓名", "科目"), [("1", "a", "b")]),
        "证件号码 / 身份证号 / 身份证号码: 缺少此列",
    ),
    "a heading twice": (
        sheets.as_text(("准考证号", "姓名", "姓名", "证件号码", "科目"), [("1", "a", "b", number(1), "c")]),
        "姓名: 列标题重复",
    ),
    "two columns for one field": (
        sheets.as_text(("准考证号", "姓名", "考生姓名", "证件号码", "科目"), [("1", "a", "b", number(1), "c")]),
        "姓名 / 考生姓名: 多列对应同一字段",
    ),
}


def test_a_file_that_is_no_roster_is_refused(database: Database) -> None:
    for case, (data, told) in FILES.items():
        assert told in refusal(database, data=data or b"\n"), case


def test_merged_cells_formulas_and_what_swells_are_refused_with_their_place(database: Database) -> None:
    headings, line = HEADINGS, tuple(row(1).values())
    assert "名册.csv:2: 有合并单元格" in refusal(database, data=book(headings, line, merge=["A2:A3"]))
    formula = book(headings, (line[0], '=CONCAT("考生","乙")', *line[2:]))
    assert "名册.csv:2: 姓名: 是公式" in refusal(database, data=formula)
    spoilt = book(headings, (*line[:2], int(number(1)[:17]) * 10, *line[3:]))
    assert "名册.csv:2: 证件号码: 是超过15位的数值" in refusal(database, data=spoilt)
    bomb = with_part(book(headings, line), "xl/media/zeros.bin", lambda _: bytes(32 << 20))
    assert "unpacks to" in refusal(database, data=bomb)


def test_a_roster_in_gb18030_is_taken_in(database: Database) -> None:
    data = text_of(row(1, 姓名="㐂喆")).decode("utf-8-sig").encode("gb18030")
    assert roster.take_in(database, NUMBERS, BATCH, data, "f", actor=ACTOR, now=BEFORE).added == 1
    (entry,) = database.register.standing(CANDIDATES)
    assert entry.thing.name == "㐂喆"


def test_thousands_of_rows_are_one_act_and_one_wrong_row_among_them_is_told(database: Database) -> None:
    """Fifty thousand are measured by ``bench.roster``."""
    rows = [
        row(
            place % 1000,
            "",
            "",
            准考证号=f"T{place:04}",
            证件号码=number(place % 1000, f"19{70 + place // 1000}0101"),
        )
        for place in range(3000)
    ]
    wrong = {**rows[-1], "证件号码": rows[0]["证件号码"]}
    assert refusal(database, *rows[:-1], wrong).startswith(
        "名册.csv:3001: 证件号码: 同一证件号码有另一准考证号 T0000"
    )
    before = len(database.journal.entries())
    assert take_in(database, *rows).added == 3000
    assert not take_in(database, *rows).changes
    assert len(database.journal.entries()) == before + 1


def test_a_workbook_with_a_title_and_numbered_empty_rows_is_taken_in(database: Database) -> None:
    rows = [
        ("花名册",),
        ("序号", "*准考证号", "姓 名", "身份证号", "科目"),
        ("1", "T001", "考生乙", number(1), "实操"),
        ("2",),
    ]
    done = roster.take_in(
        database, NUMBERS, BATCH, sheets.as_workbook(rows[0], rows[1:], "x"), "f", actor=ACTOR, now=BEFORE
    )
    assert (done.added, done.unread) == (1, ("序号",))


def test_once_the_batch_has_begun_a_change_needs_a_reason_that_the_register_keeps(database: Database) -> None:
    take_in(database, row(1))
    assert not take_in(database, row(1), now=START).changes
    with pytest.raises(NoReason, match="has begun"):
        take_in(database, row(1, station="A-02"), now=START)
    take_in(database, row(1, station="A-02"), now=START, reason="工位设备故障")
    (seat,) = database.register.standing(SEATS)
    assert (seat.revision, seat.reason) == (2, "工位设备故障")


def test_who_is_withdrawn_is_off_the_roll_with_all_seats(database: Database) -> None:
    take_in(database, row(1), row(2, station="A-02"))
    with pytest.raises(NoReason):
        roster.withdraw(database, BATCH, "T001", reason=" ", actor=ACTOR, now=BEFORE)
    roster.withdraw(database, BATCH, "T001", reason="本人申请", actor=ACTOR, now=BEFORE)
    assert [entry.key for entry in database.register.standing(CANDIDATES)] == [f"{BATCH}/T002"]
    assert len(database.register.standing(SEATS)) == 1
    with pytest.raises(RollRefused):
        roster.withdraw(database, BATCH, "T001", reason="again", actor=ACTOR, now=BEFORE)
    assert take_in(database, row(1)).added == 1


def test_there_is_no_roll_of_a_batch_that_is_not_there(database: Database) -> None:
    with pytest.raises(UnknownBatch):
        roster.take_in(database, NUMBERS, "no", text_of(row(1)), "f", actor=ACTOR, now=BEFORE)
    with pytest.raises(UnknownBatch):
        roster.rows(database, NUMBERS, "no", whole_numbers=False)


# --- Profiles and the way back ---


def profile(text: str) -> shapes.Profile:
    return shapes.profile_of(YamlFile("profile.yaml", text), roster.ROSTER)


def test_a_profile_names_other_headings(database: Database) -> None:
    data = sheets.as_text(("号", "Name", "ID", "Subject"), [("T001", "考生乙", number(1), "实操")])
    chosen = profile(
        "roster:\n  columns:\n    ticket: 号\n    name: [姓名, Name]\n    number: ID\n    subject: Subject\n"
    )
    assert roster.take_in(database, NUMBERS, BATCH, data, "f", actor=ACTOR, now=BEFORE, profile=chosen).added == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("roster:\n  columns:\n    tiket: 号\n", "profile.yaml:3: roster.columns.tiket: is no field"),
        ("roster:\n  columns:\n    ticket: []\n  colour: red\n", "profile.yaml:4: roster.colour"),
        ("{}", "has no part for roster"),
    ],
)
def test_a_profile_that_is_wrong_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        profile(text)
    assert told in str(refused.value)


def test_the_default_profile_can_be_printed_and_read_again() -> None:
    assert profile(shapes.profile_text(roster.ROSTER)).headings == {
        each.id: each.headings for each in roster.ROSTER.fields
    }


NAMES = st.text(st.sampled_from("张王李赵·ABC 㐂𠮷"), min_size=1, max_size=6).map(lambda name: f"甲{name.strip()}")
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "name": NAMES,
            "document": st.sampled_from(Document),
            "attempt": st.sampled_from(Attempt),
            "gender": st.sampled_from([None, *Gender]),
            "subjects": st.lists(st.sampled_from(["实操", "理论", "口试"]), min_size=1, max_size=3, unique=True),
            "seat": st.booleans(),
        }
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_what_is_written_says_the_same_when_it_is_taken_in_again(
    database: Database, tmp_path: Path, ending: str
) -> None:
    """Into another database, which knows of nobody: the roll is the same, but for the sealing."""
    with closing(connect(f"sqlite:///{tmp_path / 'other.sqlite3'}", NOTARY)) as other:
        set_up(other, FakeClock(BEFORE))

        @settings(max_examples=8, deadline=None)
        @given(PEOPLE)
        def there_and_back(people: list[dict[str, object]]) -> None:
            take_in(database, *(line for place, person in enumerate(people) for line in _lines(place, person)))
            written = roster.rows(database, NUMBERS, BATCH, whole_numbers=True)
            headings = roster.ROSTER.headings
            data = (
                sheets.as_workbook(headings, written, "x") if ending == "xlsx" else sheets.as_text(headings, written)
            )
            roster.take_in(other, NUMBERS, BATCH, data, "f", actor=ACTOR, now=BEFORE)
            again = roster.take_in(database, NUMBERS, BATCH, data, "f", actor=ACTOR, now=BEFORE)
            assert not again.changes
            assert roster.rows(other, NUMBERS, BATCH, whole_numbers=True) == written
            assert _roll(other) == _roll(database)
            for each in (database, other):
                for place in range(len(people)):
                    roster.withdraw(each, BATCH, f"T{place:03}", reason="下一轮", actor=ACTOR, now=BEFORE)

        there_and_back()


def _roll(database: Database) -> list[tuple[object, str]]:
    """All that is on the roll, without the text of the seals."""
    people = [(entry.value, entry.mark) for entry in database.register.standing(CANDIDATES)]
    seats = [(entry.value, entry.mark) for entry in database.register.standing(SEATS)]
    return [*((replace(value, sealed=""), mark) for value, mark in people if value), *seats]


def _lines(place: int, person: dict[str, object]) -> list[dict[str, str]]:
    document, gender = person["document"], person["gender"]
    assert isinstance(document, Document)
    own = document is Document.RESIDENT_ID
    common = {
        "姓名": str(person["name"]),
        "证件类型": document.zh,
        "证件号码": number(place) if own else f"E{place:07}",
        "性别": gender.zh if isinstance(gender, Gender) and not own else "",
        "考试类别": person["attempt"].zh,  # type: ignore[attr-defined]
    }
    subjects = person["subjects"]
    assert isinstance(subjects, list)
    seat = ("2", ("A-01", "A-02", "B-01")[place]) if person["seat"] else ("", "")
    return [row(place, *seat, 科目=subject) | common for subject in subjects]
