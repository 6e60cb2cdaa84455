"""Results as files: what paper says is taken in as transcribed, and stands only while the paper is filed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.documents import Document as YamlFile
from config.rule_pack import load
from domain.calendar import SHANGHAI
from domain.dossier import SCANS, Item, Scan, ScanType
from domain.gate import Case, Proposal
from domain.grounds import Method
from domain.law import Verdict
from domain.register import Draft
from domain.scores import CandidateScore, Markers, MarkingOrder, Score, Signature, flaws
from records import duty_rules, grounds, grounds_file, marking, roll, score_files, score_rules, scores, shapes, sheets
from records.candidacies import cases, marks_of, record_of
from records.errors import ExportRefused, NoReason, ScoreRefused, SheetRefused
from records.following import EVENTS
from records.issue_rules import of_totals, unaltered
from records.roll import Desk
from records.score_files import SHEET, Transcribed
from records.scores import SCORES, Mark, Place
from storage.database import Database, connect
from storage.errors import UnknownBatch
from tests.analysis.ledgers import at
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.examined import AFTER, LEADER, PRACTICAL, SCORER, filmed, held, marked, planned
from tests.records.grounds import GROUNDS, NORM
from tests.records.rolls import BATCH, BEFORE, OFFICER
from tests.records.setups import ACTOR
from tests.records.test_sheets import book, with_part

RULES = load("SG-2022-08-10")
HEADINGS = ("准考证号", "科目", "成绩", "评分人", "评分时间", "签字时间", "考评组长", "组长签字时间")


@pytest.fixture
def day(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    """Three were to come, and the third did not; the panel was there, and nobody was marked under an account."""
    planned(database, clock, tmp_path)
    held(database)
    clock.advance((AFTER - clock.now()).total_seconds())
    return database


def time_of(second: float) -> str:
    return shapes.instant_text(at(second))


def row(ticket: str = "T001", value: str = "88.5", **other: str) -> dict[str, str]:
    """One row of a file, by heading: scored by ex-2 and led by ex-1, while they were there."""
    told = (ticket, "实操", value, "ex-2", time_of(4600), time_of(4700), "ex-1", time_of(4800))
    return dict(zip(HEADINGS, told, strict=True)) | other


def text_of(*rows: dict[str, str]) -> bytes:
    headings = list(dict.fromkeys([*HEADINGS, *(heading for each in rows for heading in each)]))
    return sheets.as_text(headings, [[each.get(heading, "") for heading in headings] for each in rows])


def take_in(database: Database, *rows: dict[str, str], data: bytes | None = None, **more: object) -> Transcribed:
    return score_files.take_in(
        database,
        BATCH,
        data or text_of(*rows),
        "成绩.csv",
        actor=ACTOR,
        now=AFTER,
        full_mark=100,
        **more,  # type: ignore[arg-type]
    )


def refusal(database: Database, *rows: dict[str, str], data: bytes | None = None) -> str:
    """What a file is refused with; and that it changed nothing, not in the journal either."""
    before = database.journal.entries(1), database.register.revisions(SCORES)
    with pytest.raises(SheetRefused) as refused:
        take_in(database, *rows, data=data)
    assert (database.journal.entries(1), database.register.revisions(SCORES)) == before
    return str(refused.value)


def file_sheet(database: Database, subject: str = "实操", sitting: int = 1) -> None:
    """The scan of a score sheet, as it is on record once the object stores have it."""
    scan = Scan(BATCH, 1, Item.SCORE_SHEETS, subject, sitting, 1, ScanType.PDF, 9, "ab" * 32)
    draft = Draft(SCANS, f"{BATCH}/000001", scan, BATCH, "sg-001")
    database.register.enter("file_scan", BATCH, [draft], ACTOR, AFTER)


def case_of(database: Database, ticket: str = "T001") -> Case:
    found = cases(record_of(database, BATCH, AFTER), filmed(), RULES)
    return next(each for each in found if each.ticket == ticket)


# --- What a transcribed mark is worth ---


def test_a_transcribed_mark_says_so_and_counts_for_nothing_while_its_sheet_is_not_filed(day: Database) -> None:
    assert take_in(day, row(), row("T002", "60")).new == 2
    (newest,) = day.journal.entries(1)
    assert (newest.act, newest.subject, newest.actor) == ("transcribe_scores_batch", BATCH, ACTOR)
    entry = scores.scores_of(day, BATCH)["T001"][0]
    assert (entry.thing.score.transcribed, entry.thing.score.vouched) == (True, "")
    case = case_of(day)
    assert case.proposed.proposal is Proposal.HOLD
    assert [each.zh for each in case.proposed.reasons] == ["实操：录自纸质评分表，而该表尚未归档"]


def test_once_the_sheet_of_subject_and_sitting_is_filed_its_signatures_count_and_the_officer_is_told(
    day: Database,
) -> None:
    take_in(day, row())
    for subject, sitting in (("理论", 1), ("实操", 2)):
        file_sheet(day, subject, sitting)
        assert case_of(day).proposed.proposal is Proposal.HOLD, (subject, sitting)
    file_sheet(day)
    case = case_of(day)
    assert case.proposed.proposal is Proposal.ISSUE
    assert [each.code for each in case.proposed.reasons] == ["transcribed"]
    assert f"dossier_scan/{BATCH}/000001@3" in case.rests_on


def test_a_sheet_for_all_subjects_and_sittings_serves_too_and_an_untranscribed_mark_rests_on_none(
    day: Database,
) -> None:
    file_sheet(day, "", 0)
    take_in(day, row())
    marked(day, T002="60")
    assert [case_of(day, ticket).proposed.proposal for ticket in ("T001", "T002")] == [Proposal.ISSUE] * 2
    assert not [name for name in case_of(day, "T002").rests_on if name.startswith("dossier_scan")]


def test_what_paper_says_of_who_scored_and_led_is_asked_at_the_gate_as_ever(day: Database) -> None:
    file_sheet(day)
    take_in(day, row(考评组长="ex-3"), row("T002", "60", 评分时间=time_of(100)))
    told = [each.zh for ticket in ("T001", "T002") for each in case_of(day, ticket).proposed.reasons]
    assert told == ["实操：考评组长未签字", "实操：评分时评分人不在场"]


def test_a_transcribed_mark_below_the_line_fails_nobody_before_its_sheet_is_filed(day: Database) -> None:
    take_in(day, row(value="59.5"))
    assert case_of(day).proposed.proposal is Proposal.HOLD
    file_sheet(day)
    assert case_of(day).proposed.proposal is Proposal.REFUSE


def test_the_clauses_tell_it(day: Database) -> None:
    take_in(day, row(), row("T002", "60"))

    def of(id_: str) -> tuple[Verdict, str]:
        found = score_rules.rule_scores(marks_of(record_of(day, BATCH, AFTER), filmed(), RULES), RULES)
        ruled = [*found, duty_rules.by_duty(duty_rules.deeds_of(day, BATCH))]
        return next((each.finding.verdict, each.finding.zh) for each in ruled if each.finding.id == id_)

    assert of("C6.5-3")[0] is Verdict.PENDING
    assert of("C2-1")[0] is Verdict.PASS
    assert "其中成绩2项录自纸质评分表" in of("C2-1")[1]
    file_sheet(day)
    assert of("C6.5-3")[0] is Verdict.PASS


@given(st.booleans(), st.sampled_from(Method), st.booleans())
def test_no_transcribed_mark_ever_stands_without_its_sheet(filed: bool, method: Method, signs: bool) -> None:
    """And one of a machine never stands at all."""
    signed = Signature("ex-2", AFTER, Decimal(60)) if signs else None
    score = Score("实操", method, Decimal(60), "ex-2", AFTER, signed, Signature("ex-1", AFTER, Decimal(60)))
    everybody = frozenset({"ex-1", "ex-2"})
    markers = Markers(everybody, frozenset({"ex-1"}), everybody, frozenset({"ex-2"}), filed)
    stands = not flaws(replace(score, transcribed=True), markers, 100)
    assert stands == (filed and signs and method is not Method.MACHINE)


def test_an_old_document_of_a_mark_is_read_as_not_transcribed_and_written_as_it_was(day: Database) -> None:
    marked(day, T001="88.5")
    entry = scores.scores_of(day, BATCH)["T001"][0]
    assert entry.thing.score.transcribed is False
    named = day.register.named(entry.name)
    assert named is not None
    again = day.register.enter("x", BATCH, [Draft(SCORES, entry.key, entry.thing, BATCH)], ACTOR, AFTER)
    assert [each.revision for each in again] == [entry.revision]


def test_systems_of_others_are_told_of_it() -> None:
    assert EVENTS["transcribe_scores_batch"].of == SCORES.name


# --- Again, and changed ---


def test_the_same_file_twice_changes_nothing(day: Database) -> None:
    take_in(day, row(), row("T002", "60"))
    entries = len(day.journal.entries())
    done = take_in(day, row("T002", "60.0"), row())
    assert (done.changes, done.unchanged) == (False, 2)
    assert len(day.journal.entries()) == entries


def test_only_to_look_enters_nothing(day: Database) -> None:
    assert take_in(day, row(), only_look=True).new == 1
    assert scores.scores_of(day, BATCH) == {}


def test_signatures_may_be_added_later_and_a_change_wants_a_reason_that_the_register_keeps(day: Database) -> None:
    take_in(day, row(签字时间="", 考评组长="", 组长签字时间=""))
    assert take_in(day, row()).changed == 1
    with pytest.raises(NoReason, match=r"T001/实操 as 88\.5"):
        take_in(day, row(value="90"))
    take_in(day, row(value="90"), reason="漏记一项")
    entry = scores.scores_of(day, BATCH)["T001"][0]
    assert (entry.revision, entry.reason, entry.thing.score.value) == (3, "漏记一项", Decimal(90))


def test_what_was_given_under_an_account_is_changed_by_no_file_and_may_stand_in_one(day: Database) -> None:
    marked(day, T001="88.5")
    assert "value" not in refusal(day, row(value="90"))
    assert "成绩: 已由考评员用账户评分" in refusal(day, row(value="90"))
    assert take_in(day, row()).unchanged == 1


def test_what_an_outside_system_handed_in_is_changed_by_no_file(day: Database) -> None:
    score = Score("实操", Method.PRACTICAL, Decimal(80), "ex-2", at(4600), vouched="results/x/scoring-1@1")
    draft = Draft(SCORES, f"{BATCH}/T001/实操", CandidateScore(BATCH, "T001", score), BATCH)
    day.register.enter("hand_in_results_batch", BATCH, [draft], ACTOR, AFTER)
    assert "成绩: 已由外部评分系统提交" in refusal(day, row())


def test_an_examiner_makes_a_transcribed_mark_their_own_by_giving_it_with_a_reason(day: Database) -> None:
    take_in(day, row())
    place, mark = Place(BATCH, "T001", "实操"), Mark(Decimal("88.5"), Method.PRACTICAL, "ex-2")
    for act, actor in ((scores.sign, SCORER), (scores.confirm, LEADER)):
        with pytest.raises(ScoreRefused, match="transcribed from a paper score sheet"):
            act(day, place, actor, AFTER)
    with pytest.raises(NoReason):
        scores.give(day, place, mark, SCORER, AFTER, full_mark=100)
    given = scores.give(day, place, mark, SCORER, AFTER, full_mark=100, reason="改用账户签字").thing.score
    assert (given.transcribed, given.signed, given.confirmed) == (False, None, None)
    assert "已由考评员用账户评分" in refusal(day, row())


# --- What is refused ---

BAD = {
    "absent in words": ([row(value="缺考")], "成绩: 缺考者没有成绩"),
    "more than the full mark": ([row(value="100.5")], "成绩: 超过满分 100"),
    "less than nothing": ([row(value="-1")], "成绩: 应为分数"),
    "no number": ([row(value="NaN")], "成绩: 应为分数"),
    "three places": ([row(value="59.999")], "成绩: 应为分数"),
    "no mark": ([row(value="")], "成绩: 不能为空"),
    "an unknown ticket": ([row("T009")], "准考证号: 名册中没有该准考证号"),
    "an unknown subject": ([row(科目="理论")], "科目: 该考生没有此科目"),
    "who was absent": ([row("T003")], "成绩: 该考生缺考"),
    "an unknown examiner": ([row(评分人="ex-9")], "评分人: 考评员未登记"),
    "a name": ([row(评分人="ex 2")], "评分人: 应为考评员或阅卷安排的编号"),
    "an unknown leader": ([row(考评组长="ex-9")], "考评组长: 考评员未登记"),
    "an unknown signer": ([row(签字人="ex-9")], "签字人: 考评员未登记"),
    "no time": ([row(评分时间="2026-05-01")], "评分时间: 时间应写作"),
    "a day that is none": ([row(评分时间="2026-02-30 10:00")], "评分时间: 时间应写作"),
    "the future": ([row(组长签字时间="2126-05-01 10:00")], "组长签字时间: 在将来"),
    "signed before it was given": ([row(签字时间=time_of(4500))], "签字时间: 早于评分时间"),
    "the leader first": ([row(组长签字时间=time_of(4650))], "组长签字时间: 组长签字应在评分人签字之后"),
    "the leader alone": ([row(签字时间="")], "组长签字时间: 组长签字应在评分人签字之后"),
    "a leader without time": ([row(组长签字时间="")], "组长签字时间: 组长与其签字时间应同时填写"),
    "a time without leader": ([row(考评组长="")], "考评组长: 组长与其签字时间应同时填写"),
    "a signer without time": (
        [row(签字人="ex-2", 签字时间="", 考评组长="", 组长签字时间="")],
        "签字时间: 有签字人而无签字时间",
    ),
    "a formula": ([row(科目="=1+1")], "科目: 不能以"),
}


def test_what_is_wrong_in_a_row_is_told_with_its_place_and_nothing_is_entered(day: Database) -> None:
    for case, (rows, told) in BAD.items():
        said = refusal(day, row("T002", "60"), *rows)
        assert f"成绩.csv:3: {told}" in said, (case, said)
        assert " · " in said


def test_the_same_candidate_and_subject_twice_is_told(day: Database) -> None:
    assert refusal(day, row(), row(value="60")).startswith("成绩.csv:3: 准考证号: 与第 2 行重复")


def test_merged_cells_formulas_and_broken_files_are_refused(day: Database) -> None:
    headings, line = tuple(row()), tuple(row().values())
    assert "有合并单元格" in refusal(day, data=book(headings, line, merge=["A2:A3"]))
    assert "成绩.csv:2: 成绩: 是公式" in refusal(day, data=book(headings, (*line[:2], "=80+8", *line[3:])))
    assert "no sound workbook" in refusal(day, data=book(headings, line)[:700])
    bomb = with_part(book(headings, line), "xl/media/zeros.bin", lambda _: bytes(32 << 20))
    assert "unpacks to" in refusal(day, data=bomb)
    assert "缺少此列" in refusal(day, data=text_of(row()).replace("评分人".encode(), "谁".encode()))


def test_thousands_of_rows_that_nobody_knows_are_told_by_the_first_hundred(day: Database) -> None:
    said = refusal(day, row(), *(row(f"X{place:05}") for place in range(3000))).splitlines()
    assert (len(said), said[0].startswith("成绩.csv:3: 准考证号"), "2900 more" in said[-1]) == (101, True, True)


def test_gb18030_and_workbooks_with_real_times_and_numbers_are_read(day: Database) -> None:
    assert take_in(day, data=text_of(row()).decode("utf-8-sig").encode("gb18030")).new == 1
    local = at(4600).astimezone(SHANGHAI).replace(tzinfo=None)
    minutes = [local + timedelta(seconds=each) for each in (0, 100, 200)]
    line = ("T002", "实操", 59.5, "ex-2", minutes[0], minutes[1], "ex-1", minutes[2])
    assert take_in(day, data=book(HEADINGS, line)).new == 1
    score = scores.scores_of(day, BATCH)["T002"][0].thing.score
    assert (score.value, score.given) == (Decimal("59.5"), at(4600))


def test_without_a_norm_or_a_batch_nothing_is_taken_in(database: Database, clock: FakeClock) -> None:
    with pytest.raises(UnknownBatch):
        take_in(database, row())
    from tests.records.rolls import set_up  # noqa: PLC0415

    set_up(database, clock)
    with pytest.raises(ScoreRefused, match="请先登记考核规范"):
        take_in(database, row())


SUBJECTS = """\
    subjects:
      - {name: 实操, method: practical, duration_min: 45}
      - {name: 理论, method: written, duration_min: 45}
      - {name: 机考, method: machine, duration_min: 45}
"""


def test_written_papers_name_a_marking_and_no_machines_result_is_transcribed(day: Database) -> None:
    norm = PRACTICAL.partition("    subjects:")[0].replace("norm-1", "norm-2") + SUBJECTS
    file = grounds_file.parse(GROUNDS.replace(NORM, norm).replace("norm: norm-1", "norm: norm-2"), "grounds.yaml")
    grounds.enter(file, day, ACTOR, BEFORE, reason="新规范")
    from tests.records import rolls  # noqa: PLC0415

    people = [rolls.row(1, "", "", 科目=each) for each in ("理论", "机考")]
    rolls.take_in(day, rolls.row(1), *people, now=AFTER, reason="补报科目")
    assert "科目: 机考成绩由机器签名提交" in refusal(day, row(科目="机考"))
    assert "评分人: 没有此科目的阅卷安排" in refusal(day, row(科目="理论"))
    marking.order(Desk(day, OFFICER, AFTER), MarkingOrder("阅卷-1", BATCH, "理论", BEFORE))
    assert "评分人: 没有此科目的阅卷安排" in refusal(day, row(评分人="阅卷-2", 科目="理论"))
    assert take_in(day, row(评分人="阅卷-1", 科目="理论")).new == 1
    assert scores.scores_of(day, BATCH)["T001"][0].thing.score.method is Method.WRITTEN


# --- Totals ---


def test_a_total_that_the_sheet_states_is_kept_written_again_and_one_for_a_candidate(day: Database) -> None:
    assert take_in(day, row(总成绩="88.5"), row("T002", "60")).new == 2
    found = {ticket: each[0].thing.score.total for ticket, each in scores.scores_of(day, BATCH).items()}
    assert found == {"T001": Decimal("88.5"), "T002": None}
    data = score_files.written(score_files.rows(day, BATCH), "成绩.csv")
    assert not take_in(day, data=data).changes
    with pytest.raises(NoReason):
        take_in(day, row(总成绩="88"))
    assert "总成绩: 超过满分 100" in refusal(day, row(总成绩="101"))
    assert "总成绩: 应为分数" in refusal(day, row(总成绩="优"))
    said = refusal(day, row(总成绩="88.5"), row(科目="理论", 总成绩="88"))
    assert "成绩.csv:3: 总成绩: 与第 2 行不一致" in said


def test_a_total_is_held_against_the_weights_of_the_norm_and_says_so_where_there_are_none(day: Database) -> None:
    take_in(day, row(总成绩="88.5"), row("T002", "60", 总成绩="61"))
    found = cases(record_of(day, BATCH, AFTER), filmed(), RULES)
    noted = list(of_totals(found, {"实操": 100}))
    assert [(each.zh, each.odd) for each in noted] == [("T002总成绩61与规范权重不符（按权重为60）", True)]
    (unchecked,) = of_totals(found, {})
    assert (unchecked.zh, unchecked.odd) == ("总成绩未核对2名：规范未规定权重", False)
    (missing,) = of_totals(found, {"实操": 60, "理论": 40})
    assert (missing.zh, missing.odd) == ("总成绩未核对2名：科目成绩不全", False)
    entry = day.register.find(SCORES, Place(BATCH, "T001", "实操").key)
    assert entry is not None
    ruled = unaltered([[entry]], remarks=noted).finding
    assert (ruled.verdict, ruled.zh) == (Verdict.WARN, "T002总成绩61与规范权重不符（按权重为60）")
    told = unaltered([[entry]], remarks=[unchecked]).finding
    assert (told.verdict, told.zh) == (Verdict.PASS, f"没有签字后改动的成绩；{unchecked.zh}")
    assert list(of_totals(found[2:], {"实操": 100})) == []


def test_nobody_passes_or_fails_by_a_total(day: Database) -> None:
    take_in(day, row("T002", "59.5", 总成绩="90"))
    file_sheet(day)
    assert case_of(day, "T002").proposed.reasons[0].code == "failed"


# --- Profiles and the way back ---


def test_a_profile_names_other_headings(day: Database) -> None:
    assert shapes.profile_of(YamlFile("p.yaml", shapes.profile_text(SHEET)), SHEET).headings["value"] == (
        *("成绩", "分数", "得分"),
    )
    chosen = shapes.profile_of(YamlFile("p.yaml", "scores:\n  columns:\n    value: 总分\n"), SHEET)
    data = text_of(row()).replace("成绩".encode(), "总分".encode())
    assert take_in(day, data=data, profile=chosen).new == 1


MARKS = st.dictionaries(
    st.sampled_from(["T001", "T002"]),
    st.tuples(
        st.decimals(0, 100, places=2),
        st.integers(0, 2),
        st.integers(0, 10**7),
    ),
    min_size=1,
)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_what_is_written_says_the_same_when_it_is_taken_in_again(day: Database, tmp_path: Path, ending: str) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'other.sqlite3'}", NOTARY)) as other:
        (tmp_path / "other").mkdir()
        planned(other, FakeClock(BEFORE), tmp_path / "other")
        held(other)

        @settings(max_examples=6, deadline=None)
        @given(MARKS)
        def there_and_back(marks: dict[str, tuple[Decimal, int, int]]) -> None:
            lines = []
            for ticket, (value, signs, later_us) in marks.items():
                given = at(4600) + timedelta(microseconds=later_us)
                times = [shapes.instant_text(given + timedelta(minutes=each)) for each in range(3)]
                signed = {"签字时间": times[1] if signs else "", "考评组长": "ex-1" if signs == 2 else ""}
                led = {"组长签字时间": times[2] if signs == 2 else ""}
                lines.append(row(ticket, f"{value:f}", 评分时间=times[0]) | signed | led)
            take_in(day, *lines, reason="下一轮")
            found = score_files.rows(day, BATCH)
            data = score_files.written(found, f"成绩.{ending}")
            take_in(other, data=data, reason="下一轮")
            assert not take_in(day, data=data).changes
            assert score_files.rows(other, BATCH) == found
            assert [each.value for each in other.register.standing(SCORES)] == [
                each.value for each in day.register.standing(SCORES)
            ]

        there_and_back()


def test_what_would_be_read_otherwise_is_not_given_away(day: Database) -> None:
    marked(day, T001="88.5")
    assert b"88.5" in score_files.written(score_files.rows(day, BATCH), "a.csv")
    for cell in (2, "59.999"), (3, "某 某"), (1, "=1"):
        (found,) = score_files.rows(day, BATCH)
        place, text = cell
        with pytest.raises(ExportRefused):
            score_files.written([(*found[:place], text, *found[place + 1 :])], "a.csv")


def test_of_who_has_no_mark_nothing_is_written(day: Database) -> None:
    assert score_files.rows(day, BATCH) == []
    assert sheets.read(score_files.written([], "a.xlsx"), "a").rows[0].cells == SHEET.headings
    with pytest.raises(UnknownBatch):
        score_files.rows(day, "no")


def test_nobody_who_came_back_is_refused_for_an_absence_elsewhere(day: Database) -> None:
    """Absent is who came to no sitting of the subject; a sitting that nobody wrote of leaves it open."""
    roll.mark_absent(Desk(day, ACTOR, AFTER), BATCH, 1, "T002", said=roll.Said(at(1900), "签到处"))
    assert "该考生缺考" in refusal(day, row("T002"))
