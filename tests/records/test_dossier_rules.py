"""C9-1 and C9-2: what is missing, what was late, until when it is kept; and the edges of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rule_pack import load
from domain.calendar import SHANGHAI, retained_until
from domain.dossier import SCANS, Item, Scan, ScanCopy, ScanType
from domain.exam_papers import NoPapers, Printing
from domain.grounds import Method, Norm, Subject
from domain.law import Ruled, Verdict
from domain.people import Actor, Door
from domain.register import Entry
from domain.roll import Candidate, Document, KeptSubject, kept_by_all
from records import dossier_rules, exam_papers, holding
from records.dossier_rules import DossierFacts, SignedFootage, facts_of
from storage.database import Database
from storage.errors import UnknownBatch
from tests.closed_batches import FIRST, TESTER
from tests.records.dossiers import SHEETS, THEORY, UNTIL, Dossiers

RULES = load("SG-2022-08-10")
DAY = date(2026, 5, 1)
NOON = datetime(2026, 5, 2, 4, tzinfo=UTC)
BY_HAND = Subject("实操", Method.PRACTICAL, 60)
WRITTEN = Subject("笔试", Method.WRITTEN, 60)
BY_MACHINE = Subject("理论", Method.MACHINE, 30)
DUE = DAY + timedelta(days=RULES.filing_days)


def entry(kind: str, key: str, value: object, at: datetime = NOON, revision: int = 1) -> Entry:  # type: ignore[type-arg]
    return Entry(kind, key, revision, value, "b", "s", "", at, Actor("a", Door.API), "", 1, "")


def norm(*subjects: Subject) -> Entry[Norm]:
    return entry("norm", "n", Norm("n", "p", DAY, subjects))


def scan(number: int, item: Item, subject: str = "", sitting: int = 0, at: datetime = NOON) -> Entry[Scan]:
    value = Scan("b", number, item, subject, sitting, 1, ScanType.PDF, 1, f"{number:064}")
    return entry(SCANS.name, f"b/{number}", value, at)


def copy(number: int, until: datetime | None, bucket: str = "one") -> Entry[ScanCopy]:
    value = ScanCopy("b", f"k{number}", bucket, "v", 1, f"{number:064}", until)
    return entry("dossier_copy", f"{bucket}/k{number}", value)


def facts(*scans: Entry[Scan], subjects: tuple[Subject, ...] = (BY_HAND,), **other: object) -> DossierFacts:
    made = DossierFacts(
        "b",
        NOON,
        (1,),
        DAY,
        norm(*subjects),
        scans=scans,
        history=scans,
        copies=tuple(copy(each.thing.number, retained_until(DAY)) for each in scans),
        footage=SignedFootage(3, 9, NOON),
        locks=(retained_until(DAY),),
    )
    return replace(made, **other)  # type: ignore[arg-type]


ALL = tuple(scan(number, item) for number, item in enumerate(SHEETS, 1))


def local(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI).astimezone(UTC)


def told(ruled: Ruled, verdict: Verdict) -> str:
    assert ruled.finding.verdict is verdict, ruled.finding
    assert ruled.finding.en
    return ruled.finding.zh


def complete(found: DossierFacts) -> Ruled:
    return dossier_rules.filed_in_time(found, RULES)


def test_a_dossier_with_all_six_items_passes_and_rests_on_its_scans() -> None:
    found = complete(facts(*ALL))
    assert "现场录像见证据清单3，9个文件" in told(found, Verdict.PASS)
    assert found.rests_on == ("norm/n@1", *(f"dossier_scan/b/{number}@1" for number in range(1, 6)))


@pytest.mark.parametrize("item", SHEETS)
def test_an_item_that_is_missing_is_outstanding_until_the_last_day_and_fails_after_it(item: Item) -> None:
    some = facts(*(each for each in ALL if each.thing.item is not item))
    for now, verdict in (
        (NOON, Verdict.PENDING),
        (local(DUE, 23), Verdict.PENDING),
        (local(DUE + timedelta(days=1), 0), Verdict.FAIL),
    ):
        said = told(complete(replace(some, now=now)), verdict)
        assert said.startswith(f"缺{item.zh}")
        assert str(DUE) in said


@pytest.mark.parametrize("footage", [None, SignedFootage(3, 0, NOON)])
def test_footage_is_missing_until_the_batch_is_closed_with_segments(footage: SignedFootage | None) -> None:
    some = facts(*ALL, footage=footage)
    assert told(complete(some), Verdict.PENDING).startswith("缺现场录像")
    assert told(complete(replace(some, now=local(DUE + timedelta(days=1)))), Verdict.FAIL).startswith("缺现场录像")


def test_machines_are_exempt_of_papers_and_score_sheets_only() -> None:
    rest = [each for each in ALL if not each.thing.item.by_subject]
    assert "理论为机考，免试卷、评分表" in told(complete(facts(*rest, subjects=(BY_MACHINE,))), Verdict.PASS)
    late = local(DUE + timedelta(days=1))
    said = told(complete(facts(subjects=(BY_MACHINE,), now=late, footage=None)), Verdict.FAIL)
    assert said == f"缺考场记录表（第1场）、考生签到表（第1场）、考核名册表、现场录像（已过{DUE}）"


def test_a_mixed_batch_is_judged_by_subject() -> None:
    rest = [each for each in ALL if not each.thing.item.by_subject]
    sheets = [scan(11, Item.PAPERS, "实操"), scan(12, Item.SCORE_SHEETS, "实操")]
    mixed = facts(*rest, *sheets, subjects=(BY_HAND, BY_MACHINE))
    told(complete(mixed), Verdict.PASS)
    said = told(complete(replace(mixed, norm=norm(BY_HAND, WRITTEN, BY_MACHINE))), Verdict.PENDING)
    assert said.startswith("缺试卷（笔试）、评分表（笔试）（限")
    said = told(complete(replace(mixed, examined=(("实操", 1), ("实操", 2)), sittings=(1, 2))), Verdict.PASS)
    one = replace(sheets[0].thing, sitting=1)
    only_first = tuple(replace(each, value=one) if each is sheets[0] else each for each in mixed.scans)
    again = replace(mixed, scans=only_first, examined=(("实操", 1), ("实操", 2)), sittings=(1, 2))
    assert told(complete(again), Verdict.PENDING).startswith("缺试卷（实操、第2场）（限")


def test_a_practical_subject_without_papers_wants_its_score_sheets_alone_unless_some_were_printed() -> None:
    none = entry("no_papers", "b/实操", NoPapers("b", "实操", NOON, "市中心", "题目见考核规范"))
    rest = tuple(each for each in ALL if each.thing.item is not Item.PAPERS)
    told(complete(facts(*rest)), Verdict.PENDING)
    found = complete(facts(*rest, no_papers=(none,)))
    assert told(found, Verdict.PASS).endswith("；实操无试卷（题目见考核规范）")
    assert "no_papers/b/实操@1" in found.rests_on
    without_sheets = [each for each in rest if each.thing.item is not Item.SCORE_SHEETS]
    assert told(complete(facts(*without_sheets, no_papers=(none,))), Verdict.PENDING).startswith("缺评分表（实操）")
    printed = facts(*rest, no_papers=(none,), printed=frozenset({"实操"}))
    assert told(complete(printed), Verdict.PENDING).startswith("缺试卷（实操）")
    written = Subject("实操", Method.WRITTEN, 60)
    assert told(complete(facts(*rest, subjects=(written,), no_papers=(none,))), Verdict.PENDING).startswith("缺试卷")


def test_of_a_subject_that_everybody_keeps_from_another_batch_nothing_is_to_be_filed_here() -> None:
    def who(ticket: str, *kept: str) -> Candidate:
        claims = tuple(KeptSubject(each, "2025-1101", "E1") for each in kept)
        return Candidate("b", ticket, "x", Document.PASSPORT, "s", ("实操", "笔试"), kept=claims)

    rest = [each for each in ALL if not each.thing.item.by_subject]
    sheets = [scan(11, Item.PAPERS, "实操"), scan(12, Item.SCORE_SHEETS, "实操")]
    both = facts(*rest, *sheets, subjects=(BY_HAND, WRITTEN))
    assert kept_by_all([who("1", "笔试"), who("2", "笔试")]) == ("笔试",)
    assert kept_by_all([who("1", "笔试"), who("2")]) == ()
    assert kept_by_all([]) == ()
    told(complete(both), Verdict.PENDING)
    told(complete(replace(both, kept=("笔试",))), Verdict.PASS)


def test_a_batch_without_a_norm_is_never_complete_and_one_without_sittings_is_unknown() -> None:
    assert "未登记考核规范" in told(complete(facts(*ALL, norm=None)), Verdict.UNKNOWN)
    assert told(complete(facts(norm=None, now=local(DUE + timedelta(days=1)))), Verdict.FAIL).startswith("缺考场")
    for rule in (dossier_rules.filed_in_time, dossier_rules.kept):
        told(rule(facts(*ALL, last_day=None, sittings=()), RULES), Verdict.UNKNOWN)


def test_what_was_filed_late_is_noted_with_the_days_and_the_first_filing_counts() -> None:
    late = local(DUE + timedelta(days=3))
    roster = scan(5, Item.ROSTER, at=late)
    some = facts(*ALL[:4], roster, now=late + timedelta(days=1))
    assert told(complete(some), Verdict.WARN).startswith(f"考核名册表于{DUE + timedelta(days=3)}归档，逾期3天")
    corrected = replace(roster, revision=2)
    first = replace(roster, at=NOON)
    told(complete(replace(some, scans=(*ALL[:4], corrected), history=(*ALL[:4], first, corrected))), Verdict.PASS)
    other = replace(first, value=replace(first.thing, item=Item.ROOM_RECORD))  # only later said to be the roster
    told(complete(replace(some, scans=(*ALL[:4], corrected), history=(*ALL[:4], other, corrected))), Verdict.WARN)
    told(complete(replace(some, scans=ALL, history=ALL, footage=SignedFootage(3, 9, late))), Verdict.WARN)
    on_the_day = scan(5, Item.ROSTER, at=local(DUE, 23))
    told(complete(facts(*ALL[:4], on_the_day)), Verdict.PASS)


# --- C9-2 -----------------------------------------------------------------------------------------------------------


def kept(found: DossierFacts) -> Ruled:
    return dossier_rules.kept(found, RULES)


@pytest.mark.parametrize(
    ("exam", "last"),
    [
        (date(2022, 8, 10), date(2025, 8, 10)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2025, 12, 31), date(2028, 12, 31)),
    ],
)
def test_everything_is_kept_to_the_end_of_the_third_anniversary_day(exam: date, last: date) -> None:
    until = retained_until(exam)
    made = facts(*ALL, last_day=exam, now=local(exam), locks=(until,))
    made = replace(made, copies=tuple(copy(number, until) for number in range(1, 6)))
    assert told(kept(made), Verdict.PASS) == f"保管至{last}，{(last - exam).days}天后到期"
    assert told(kept(replace(made, now=local(last, 23))), Verdict.PASS) == f"保管至{last}，0天后到期"
    over = local(last + timedelta(days=1), 0)
    assert told(kept(replace(made, now=over)), Verdict.PASS) == f"保管期已满（至{last}）"
    assert "封存" in told(kept(replace(made, now=over, held=True)), Verdict.PASS)
    assert "封存" in told(kept(replace(made, held=True)), Verdict.PASS)


@pytest.mark.parametrize(
    ("until", "says"),
    [
        (None, "扫描件2在one未锁定"),
        (retained_until(DAY) - timedelta(seconds=1), "只锁定至"),
        (datetime(2029, 5, 1, tzinfo=UTC), "应至2029-05-01"),  # 16 h short: midnight of another country
    ],
)
def test_a_scan_without_a_lock_or_with_one_that_ends_too_early_fails(until: datetime | None, says: str) -> None:
    made = facts(*ALL)
    short = tuple(each if each.key != "one/k2" else copy(2, until) for each in made.copies)
    assert says in told(kept(replace(made, copies=short)), Verdict.FAIL)
    both = (*made.copies, copy(2, until, "second"))
    assert "second" in told(kept(replace(made, copies=both)), Verdict.FAIL)


def test_a_scan_of_which_no_copy_is_on_record_fails() -> None:
    made = facts(*ALL)
    assert told(kept(replace(made, copies=made.copies[1:])), Verdict.FAIL).startswith("扫描件1无存储记录")


def test_footage_without_a_lock_fails_once_the_batch_is_closed_and_waits_before() -> None:
    made = facts(*ALL, locks=(retained_until(DAY), None))
    assert told(kept(made), Verdict.FAIL).startswith("1个录像文件未锁定")
    told(kept(replace(made, footage=None)), Verdict.PENDING)
    short = replace(made, locks=(retained_until(DAY) - timedelta(hours=1),), footage=None)
    assert told(kept(short), Verdict.FAIL).startswith("1个录像文件锁定期短于2029-05-01")


def test_a_dossier_in_which_nothing_is_yet_waits_and_later_is_unknown() -> None:
    made = facts(locks=(), footage=None)
    told(kept(made), Verdict.PENDING)
    told(kept(replace(made, now=local(DUE + timedelta(days=1)))), Verdict.UNKNOWN)


@given(
    items=st.sets(st.sampled_from(SHEETS)),
    signed=st.booleans(),
    with_norm=st.booleans(),
    day=st.integers(-10, 400),
    lock=st.one_of(st.none(), st.integers(-3, 3)),
)
def test_nothing_passes_while_anything_is_missing_unknown_or_not_locked(
    items: set[Item], signed: bool, with_norm: bool, day: int, lock: int | None
) -> None:
    some = [each for each in ALL if each.thing.item in items]
    until = None if lock is None else retained_until(DAY) + timedelta(days=lock)
    made = facts(
        *some,
        now=local(DAY + timedelta(days=day)),
        norm=norm(BY_HAND) if with_norm else None,
        footage=SignedFootage(1, 1, NOON) if signed else None,
        copies=tuple(copy(each.thing.number, until) for each in some),
    )
    whole = len(items) == len(SHEETS) and signed and with_norm
    assert (complete(made).finding.verdict is Verdict.PASS) == whole
    locked = until is not None and until >= retained_until(DAY)
    assert (kept(made).finding.verdict is Verdict.PASS) == (locked or not some)


# --- From the register ----------------------------------------------------------------------------------------------


def test_facts_are_read_of_a_batch_from_filing_to_closing_and_holding(database: Database, tmp_path: Path) -> None:
    site = Dossiers(database, tmp_path / "spool")
    site.set_norm()
    site.enrol()
    with pytest.raises(UnknownBatch):
        facts_of(database, "no-batch", site.clock.now())

    def both() -> list[Verdict]:
        found = dossier_rules.findings(facts_of(database, FIRST, site.clock.now()), RULES)
        assert [each.finding.id for each in found] == ["C9-1", "C9-2"]
        return [each.finding.verdict for each in found]

    assert both() == [Verdict.PENDING, Verdict.PASS]  # its footage is locked already
    site.file_all()
    assert both() == [Verdict.PENDING, Verdict.PASS]
    site.close(FIRST)
    assert both() == [Verdict.PASS, Verdict.PASS]
    found = facts_of(database, FIRST, site.clock.now())
    assert (found.examined, found.held) == ((("实操", 1),), None)
    assert found.footage is not None
    assert (found.footage.manifest, found.footage.segments) == (1, 9)
    assert min(each for each in found.locks if each is not None) >= UNTIL


def test_that_a_subject_has_no_papers_is_read_of_the_centres_word_and_not_where_some_were_printed(
    database: Database, tmp_path: Path
) -> None:
    site = Dossiers(database, tmp_path / "spool")
    site.set_norm()

    def subjects() -> list[str]:
        return [each.thing.subject for each in facts_of(database, FIRST, site.clock.now()).without_papers]

    now = site.clock.now()
    assert subjects() == []
    exam_papers.say_none(site.desk, NoPapers(FIRST, "实操", now, "市中心", "题目见考核规范"))
    assert subjects() == ["实操"]
    printed = Printing(FIRST, "SJ-1", 1, "实操", now, "市中心", by_centre=True)
    exam_papers.print_parcel(site.desk, printed)
    assert subjects() == []
    clock, archive = site.clock, site.archive
    holding.hold(database, archive, FIRST, reason="投诉", actor=TESTER, clock=clock, tell=lambda *_: None)
    assert facts_of(database, FIRST, site.clock.now()).held
    site.set_norm(THEORY)
    assert facts_of(database, FIRST, site.clock.now()).methods == (("理论", Method.MACHINE),)
