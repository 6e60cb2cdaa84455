"""Certificates on record: nobody has one whom the gate and an officer do not let, no form is used twice, no number
is given twice, and what is refused leaves the register as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.number_pattern import read
from domain.certificates import CERTIFICATES, COUNTS, FORMS, Count, Fate, Imprint, Result, Revocation
from domain.gate import Exit, ExitKind, Kept, Proposal, propose
from domain.people import Actor, Door
from domain.register import Draft
from domain.roll import CANDIDATES, SIGN_INS, SignIn
from records import certificates, grounds, grounds_file
from records.errors import (
    CertificateRefused,
    FormRefused,
    ImpossibleTime,
    NoReason,
    NoSuchCertificate,
    NotIssuable,
    NumberRefused,
    RecordsError,
    RollRefused,
)
from storage.database import Database
from storage.errors import RevisedMeanwhile, UnknownBatch
from tests.fakes.time import FakeClock
from tests.records.certified import (
    DAY,
    TICKETS,
    case,
    decide,
    desk,
    examined,
    held,
    issue,
    later,
    said,
    without_marks,
)
from tests.records.grounds import CATALOGUE, INSTITUTIONS, NORM
from tests.records.rolls import BATCH, OFFICER, RULES, row, take_in
from tests.records.setups import ACTOR


@pytest.fixture
def kept(database: Database, clock: FakeClock) -> Database:
    examined(database, clock)
    return database


def refused(kept: Database, step: Callable[[], object], kind: type[RecordsError], told: str) -> None:
    """The step is refused, and nothing of it is written."""
    before = kept.journal.entries(1000)
    with pytest.raises(kind, match=told):
        step()
    assert kept.journal.entries(1000) == before


# --- Who gets one ---------------------------------------------------------------------------------------------------


def test_a_certificate_says_what_the_candidate_earned_and_no_level(kept: Database) -> None:
    text = (
        INSTITUTIONS + NORM + CATALOGUE.replace("filing_number: GD-1", "filing_number: GD-1, ability: 面点制作能力")
    )
    grounds.enter(grounds_file.parse(text, "grounds.yaml"), kept, ACTOR, DAY)
    (entry,) = certificates.issue(desk(kept), BATCH, [case("T001", "76.50", "60")], ["gd0003"], RULES)
    value = entry.thing
    assert (value.number, value.form, value.ticket) == ("44022026000001", "GD0003", "T001")
    assert (value.project, value.ability, value.level) == ("中式面点制作", "面点制作能力", "")
    assert value.results == (Result("科目1", Decimal("76.50")), Result("科目2", Decimal(60)))
    assert (str(value.results[0].mark), value.examined.isoformat(), value.issued) == ("76.50", "2026-05-01", DAY)
    assert value.holder == f"candidate/{BATCH}/T001@1"
    assert value.decision == f"issue_decision/{BATCH}/T001@1"
    assert (value.imprint, value.by_centre, value.exits) == (None, True, ())
    assert certificates.find(kept, BATCH, "T001") == entry
    acts = kept.journal.entries(1)
    assert [(each.act, each.subject) for each in acts] == [("certify_batch", BATCH)]
    assert "考生" not in acts[0].detail


@pytest.mark.parametrize("proposal", [Proposal.HOLD, Proposal.REFUSE])
def test_whom_the_gate_does_not_propose_gets_none_whatever_was_decided(kept: Database, proposal: Proposal) -> None:
    bad = held() if proposal is Proposal.HOLD else case("T001", "59.5")
    assert bad.proposed.proposal is proposal
    step = partial(certificates.issue, desk(kept), BATCH, [bad, case("T002")], ["GD0001", "GD0002"], RULES)
    refused(kept, step, NotIssuable, rf"^T001: .*{proposal.zh}")
    assert certificates.of_batch(kept, BATCH) == ()
    assert certificates.ledger(kept).forms == ()


def test_without_a_decision_or_by_one_that_says_no_nobody_gets_one(database: Database, clock: FakeClock) -> None:
    examined(database, clock, decided=False)
    refused(database, lambda: issue(database), NotIssuable, "T001: nobody decided on it yet")
    decide(database, "T001", issue=False)
    refused(database, lambda: issue(database), NotIssuable, "decided not to issue")
    assert certificates.to_issue(database, BATCH) == ()


def test_a_decision_that_is_older_than_what_the_case_rests_on_does_not_count(kept: Database) -> None:
    take_in(kept, row(1, 姓名="改名"), now=later(-10), reason="更正姓名")
    newer = replace(case(), rests_on=(f"candidate/{BATCH}/T001@2", "report/not-of-the-register", "x"))
    step = partial(certificates.issue, desk(kept), BATCH, [newer], ["GD0001"], RULES)
    refused(kept, step, NotIssuable, rf"decided before candidate/{BATCH}/T001@2 was entered; decide again")
    decide(kept, "T001", minutes=-5)
    assert step()[0].thing.holder == f"candidate/{BATCH}/T001@2"


def test_who_is_of_another_batch_or_not_on_the_roll_or_named_twice_gets_none(kept: Database) -> None:
    for cases, told in (
        ([case("T009")], "T009: is not on the roll"),
        ([case("T001", batch="other")], "is a candidate of batch other"),
        ([case("T001"), case("T001")], "T001: named twice"),
        ([without_marks(case("T001"))], "a subject has no mark"),
        ([], "nobody is to be issued"),
    ):
        forms = [f"GD000{place}" for place in range(1, len(cases) + 1)]
        refused(
            kept,
            partial(certificates.issue, desk(kept), BATCH, cases, forms, RULES),
            NotIssuable,
            told,
        )
    with pytest.raises(UnknownBatch):
        certificates.issue(desk(kept), "nowhere", [], [], RULES)
    with pytest.raises(NotIssuable, match="T004: nothing is known"):
        certificates.chosen([case("T001")], ["T001", "T004"])
    assert certificates.chosen([case("T002"), case("T001")], ["T001", "T001"]) == (case("T001"),)


def test_a_day_of_the_exam_that_nobody_knows_holds_the_certificate_back(kept: Database) -> None:
    signed = kept.register.find(SIGN_INS, f"{BATCH}/1/T001")
    assert signed is not None
    gone = [Draft(SIGN_INS, signed.key, None, BATCH, "sg-001")]
    kept.register.enter("sign_in", BATCH, gone, OFFICER, later(-40))
    decide(kept, "T001", minutes=-20)
    assert issue(kept)[0].thing.examined.isoformat() == "2026-05-01"  # by the seat
    take_in(kept, row(2, sitting="", station=""), now=later(1), reason="调整")
    kept.register.enter(
        "sign_in", BATCH, [Draft(SIGN_INS, f"{BATCH}/1/T002", None, BATCH, "sg-001")], OFFICER, later(2)
    )
    refused(kept, lambda: issue(kept, "T002", minutes=3), NotIssuable, "tells the day of the exam")


def test_nobody_gets_two_in_a_batch_not_under_another_ticket_either(kept: Database) -> None:
    issue(kept, "T001")
    refused(kept, lambda: issue(kept, "T001"), NotIssuable, "has certificate 44022026000001 already")
    refused(kept, lambda: issue(kept, "T002", "T001"), NotIssuable, "^T001: has certificate")
    first = kept.register.find(CANDIDATES, f"{BATCH}/T001")
    assert first is not None
    twin = replace(first.thing, ticket="T004")
    drafts: list[Draft[Any]] = [
        Draft(CANDIDATES, f"{BATCH}/T004", twin, BATCH, "sg-001", first.mark),
        Draft(SIGN_INS, f"{BATCH}/1/T004", _came("T004", kept), BATCH, "sg-001"),
    ]
    kept.register.enter("import_roster", BATCH, drafts, OFFICER, later(-35))
    decide(kept, "T004")
    refused(kept, lambda: issue(kept, "T004"), NotIssuable, "is the person of ticket T001")


def _came(ticket: str, kept: Database) -> SignIn:
    signed = kept.register.find(SIGN_INS, f"{BATCH}/1/T001")
    assert signed is not None
    return replace(signed.thing, ticket=ticket)


def test_the_exit_that_was_taken_past_a_gap_stays_with_the_certificate(kept: Database) -> None:
    first, second = Actor("account:wu", Door.API), Actor("account:zheng", Door.API)
    gap = held()
    place = gap.known.footage[0].place
    taken = Exit(ExitKind.BACKFILLED, "科目1", place, first, second, DAY, "存储卡", ("sha256:00",))
    elsewhere = replace(taken, place="elsewhere")
    known = replace(gap.known, exits=(elsewhere, taken))
    past = replace(gap, known=known, proposed=propose(known, pass_mark=60, full_mark=100))
    assert past.proposed.proposal is Proposal.ISSUE
    (entry,) = certificates.issue(desk(kept), BATCH, [past], ["GD0001"], RULES)
    assert entry.thing.exits == (taken,)


def test_a_subject_that_is_kept_brings_its_mark_and_the_exit_that_was_taken_there(kept: Database) -> None:
    there, here = held("E9").known, case("T001", "76.50", "70").known
    gap = replace(there.footage[0], place="2025-1101/1/A-01")
    way = Exit(
        ExitKind.DECIDED,
        "科目1",
        gap.place,
        Actor("account:wu", Door.API),
        Actor("account:zheng", Door.API),
        DAY,
        "停电",
        ("document:9号",),
    )
    until = date(2026, 11, 1)
    claim = Kept("科目1", "2025-1101/E9", True, True, True, True, date(2025, 11, 1), until)
    claim = replace(claim, there=replace(there, footage=(gap,), exits=(way,)))
    known = replace(here, footage=here.footage[1:], scores=here.scores[1:], kept=(claim,))
    whole = replace(case(), known=known, proposed=propose(known, pass_mark=60, full_mark=100))
    (entry,) = certificates.issue(desk(kept), BATCH, [whole], ["GD0001"], RULES)
    assert entry.thing.results == (Result("科目1", Decimal("76.50")), Result("科目2", Decimal(70)))
    assert entry.thing.exits == (way,)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(st.booleans(), st.sampled_from([True, False, None]), st.booleans(), st.booleans(), st.booleans()))
def test_a_certificate_comes_of_all_conditions_together_and_of_nothing_less(
    kept: Database, conditions: tuple[bool, bool | None, bool, bool, bool]
) -> None:
    """Each example has a candidate and a form of its own; what it leaves does not matter to the next."""
    proposed, decided, newer, used, delivered = conditions
    place = next(_PLACES)
    ticket, form = f"P{place:05}", f"GE{place:05}"
    signed = kept.register.find(SIGN_INS, f"{BATCH}/1/T001")
    candidate = kept.register.find(CANDIDATES, f"{BATCH}/T002")
    assert signed is not None
    assert candidate is not None
    mark = f"m-{ticket}"
    person = replace(candidate.thing, ticket=ticket)
    on_roll = [Draft(CANDIDATES, f"{BATCH}/{ticket}", person, BATCH, "sg-001", mark)]
    came = [Draft(SIGN_INS, f"{BATCH}/1/{ticket}", replace(signed.thing, ticket=ticket), BATCH, "sg-001")]
    kept.register.enter("a", BATCH, on_roll, OFFICER, later(-40))
    if newer:
        kept.register.enter("a", BATCH, came, OFFICER, later(-39))
    if decided is not None:
        decide(kept, ticket, issue=decided)
    if not newer:
        kept.register.enter("a", BATCH, came, OFFICER, later(-29))
    if delivered:
        certificates.deliver(desk(kept), form, form, 1, said())
        if used:
            certificates.spoil(desk(kept), form, Fate.KEPT, "卡纸")
    at_gate = case(ticket) if proposed else case(ticket, "59")
    whole = proposed and decided is True and newer and delivered and not used
    before = kept.register.revisions(FORMS)
    try:
        (entry,) = certificates.issue(desk(kept), BATCH, [at_gate], [form], RULES)
        assert whole
        assert entry.thing.ticket == ticket
    except CertificateRefused:
        assert not whole
        assert kept.register.revisions(FORMS) == before
        with pytest.raises(NoSuchCertificate):
            certificates.find(kept, BATCH, ticket)


_PLACES: Iterator[int] = count(1)


# --- Numbers --------------------------------------------------------------------------------------------------------


def test_numbers_follow_each_other_without_a_hole_over_acts_refusals_and_years(kept: Database) -> None:
    issue(kept, "T002")
    refused(kept, lambda: issue(kept, "T001", "T002"), NotIssuable, "T002")
    assert [each.key for each in issue(kept, "T001", minutes=1)] == ["44022026000002"]
    (entry,) = certificates.issue(
        replace(desk(kept), now=DAY + timedelta(days=366)), BATCH, [case("T003")], ["GD0005"], RULES
    )
    assert entry.key == "44022027000001"
    assert certificates.to_issue(kept, BATCH) == ()


def test_a_pattern_that_has_no_number_left_or_gives_one_of_another_is_refused(kept: Database) -> None:
    short = replace(RULES, certificate_number=read("A{sequence:02d}"))
    project = replace(RULES, certificate_number=read("{project}{sequence:02d}", "", {"插花": "1"}))
    drafts = [Draft(COUNTS, "A##", Count(99))]
    kept.register.enter("x", "x", drafts, OFFICER, DAY)
    for rules, told in ((short, "counts from 1 to 99, and 100 is next"), (project, "has no code")):
        refused(
            kept,
            partial(certificates.issue, desk(kept), BATCH, [case()], ["GD0001"], rules),
            NumberRefused,
            told,
        )
    issue(kept, "T001")
    other = replace(RULES, certificate_number=read("440220260000{sequence:02d}"))
    step = partial(certificates.issue, desk(kept), BATCH, [case("T002")], ["GD0002"], other)
    refused(kept, step, NumberRefused, "44022026000001 is there already")


def test_of_two_who_issue_at_once_one_is_told_to_look_again(kept: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    enter = kept.register.enter
    again = iter([True])

    def meanwhile(*args: object, **more: object) -> object:
        if next(again, False):
            issue(kept, "T002", forms=["GD0002"])
        return enter(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(kept.register, "enter", meanwhile)
    with pytest.raises(RevisedMeanwhile):
        issue(kept, "T001", forms=["GD0001"])
    assert [each.key for each in certificates.of_batch(kept, BATCH)] == ["44022026000001"]
    assert [each.key for each in certificates.ledger(kept).forms] == ["GD0002"]


# --- Forms ----------------------------------------------------------------------------------------------------------


def test_a_delivery_is_a_run_of_serials_that_nobody_had_before(kept: Database) -> None:
    def step(first: str, last: str, number: int) -> Callable[[], object]:
        return lambda: certificates.deliver(desk(kept), first, last, number, said())

    for first, last, number, told in (
        ("GD0010", "GD0020", 11, "GD0001 to GD0010 were delivered"),
        ("GD00005", "GD00005", 1, "were delivered"),
        ("GD0011", "GD0020", 9, "are 10 forms, and 9 were counted"),
        ("GD0020", "GD0011", 10, "no run of serials"),
        ("GD0011", "GE0020", 10, "no run of serials"),
        ("GD99", "GD100", 2, "no run of serials"),
        ("GD", "GD1", 1, "is no serial"),
        ("Z000001", "Z900000", 900000, "100000 at most"),
    ):
        refused(kept, step(first, last, number), FormRefused, told)
    refused(kept, lambda: certificates.deliver(desk(kept), "GF1", "GF9", 9, said(5)), ImpossibleTime, "future")
    refused(kept, lambda: certificates.deliver(desk(kept), "GF1", "GF9", 9, said(0, " ")), RollRefused, "who did it")
    before = kept.journal.entries(1000)
    certificates.deliver(desk(kept), "GD0001", "GD0010", 10, said(-60, "省中心"))
    assert kept.journal.entries(1000) == before


@pytest.mark.parametrize(
    ("forms", "told"),
    [
        (["GD0011"], "in no delivery"),
        (["GD00001"], "in no delivery"),
        (["粤1"], "is no serial"),
        (["GD0001", "GD0002"], "1 certificates need as many forms"),
        (["GD0009"], "was used for nothing, and spoiled"),
    ],
)
def test_a_form_that_is_not_there_or_was_used_takes_no_certificate(
    kept: Database, forms: list[str], told: str
) -> None:
    certificates.spoil(desk(kept), "GD0009", Fate.DESTROYED, "污损")
    refused(kept, lambda: certificates.issue(desk(kept), BATCH, [case()], forms, RULES), FormRefused, told)
    assert certificates.of_batch(kept, BATCH) == ()


def test_a_form_is_used_once(kept: Database) -> None:
    issue(kept, "T001", forms=["GD0001"])
    refused(kept, lambda: issue(kept, "T002", forms=["gd0001"]), FormRefused, "used for certificate 44022026000001")
    refused(kept, lambda: issue(kept, "T002", "T003", forms=["GD0002", "GD0002"]), FormRefused, "named twice")
    refused(
        kept, lambda: certificates.spoil(desk(kept), "GD0001", Fate.KEPT, "x"), FormRefused, "used for certificate"
    )
    refused(kept, lambda: certificates.spoil(desk(kept), "GD0002", Fate.KEPT, " "), NoReason, "why")
    refused(kept, lambda: certificates.spoil(desk(kept), "GD0002", Fate.LOST, "x"), FormRefused, "by counting")


def test_forms_are_taken_from_the_pile_in_order_past_those_that_were_used(kept: Database) -> None:
    certificates.spoil(desk(kept), "GD0002", Fate.KEPT, "卡纸")
    assert certificates.forms_from(kept, "GD0001", 3) == ("GD0001", "GD0003", "GD0004")
    with pytest.raises(FormRefused, match="there are 2 unused forms, and 3 are needed"):
        certificates.forms_from(kept, "GD0009", 3)
    with pytest.raises(FormRefused, match="in no delivery"):
        certificates.forms_from(kept, "GD0011", 1)


def test_the_book_adds_up_after_every_use(kept: Database) -> None:
    issue(kept, "T001", "T002")
    certificates.spoil(desk(kept), "GD0003", Fate.KEPT, "卡纸")
    certificates.reprint(desk(kept, 1), BATCH, "T001", "GD0004", fate=Fate.DESTROYED, why="姓名错误")
    certificates.reprint(desk(kept, 2), BATCH, "T002", "GD0005", fate=Fate.LOST, why="本人遗失")
    book = certificates.ledger(kept)
    assert (book.delivered, book.issued, book.spoiled, book.left) == (10, 3, 2, 5)
    assert book.delivered == book.issued + book.spoiled + book.left
    assert [book.left_at(later(each)) for each in (-61, -60, 0, 1, 2)] == [0, 10, 7, 6, 5]
    certificates.take_stock(desk(kept, 3), 4, said(3))
    certificates.take_stock(desk(kept, 4), 5, said(-61))
    counted = certificates.ledger(kept).counted
    assert counted is not None
    assert counted.thing.left == 4
    refused(kept, lambda: certificates.take_stock(desk(kept), -1, said()), FormRefused, "0 or more")


# --- Afterwards -----------------------------------------------------------------------------------------------------


def test_a_reprint_keeps_the_number_and_spoils_the_form(kept: Database) -> None:
    (entry,) = issue(kept, "T001", stamped_by="印章员")
    done = certificates.reprint(desk(kept, 1), BATCH, "T001", "GD0002", fate=Fate.KEPT, why="打印偏移")
    assert (done.key, done.thing.form, done.thing.imprint) == (entry.key, "GD0002", None)
    old, new = (kept.register.find(FORMS, each) for each in ("GD0001", "GD0002"))
    assert old is not None
    assert new is not None
    assert (old.thing.fate, old.thing.why, old.thing.number, old.thing.used) == (
        Fate.KEPT,
        "打印偏移",
        entry.key,
        later(),
    )
    assert (new.thing.number, new.thing.fate) == (entry.key, None)
    for form, why, kind, told in (
        ("GD0002", "x", FormRefused, "was used"),
        ("GD0003", " ", NoReason, "why"),
        ("GD9999", "x", FormRefused, "in no delivery"),
    ):
        refused(
            kept,
            partial(certificates.reprint, desk(kept, 2), BATCH, "T001", form, fate=Fate.KEPT, why=why),
            kind,
            told,
        )
    with pytest.raises(NoSuchCertificate):
        certificates.reprint(desk(kept), BATCH, "T002", "GD0003", fate=Fate.KEPT, why="x")


def test_after_a_revocation_another_needs_a_reason_and_a_later_decision(kept: Database) -> None:
    issue(kept, "T001")
    refused(kept, lambda: certificates.revoke(desk(kept), BATCH, "T001", ""), NoReason, "why")
    done = certificates.revoke(desk(kept, 1), BATCH, "T001", "替考查实")
    assert done.thing.revoked == Revocation(later(1), "替考查实")
    refused(
        kept, lambda: certificates.revoke(desk(kept, 2), BATCH, "T001", "x"), CertificateRefused, "was revoked on"
    )
    step = partial(certificates.reprint, desk(kept, 2), BATCH, "T001", "GD0002", fate=Fate.KEPT, why="x")
    refused(kept, step, CertificateRefused, "not printed again")
    refused(kept, lambda: issue(kept, "T001", minutes=2), NotIssuable, "say why there is another")
    refused(kept, lambda: issue(kept, "T001", minutes=2, again="复核"), NotIssuable, "decide again")
    decide(kept, "T001", minutes=3)
    (second,) = issue(kept, "T001", minutes=4, again="复核后换发")
    assert (second.key, second.thing.again) == ("44022026000002", "复核后换发")
    assert certificates.find(kept, BATCH, "T001") == second
    assert [each.thing.stands for each in certificates.of_batch(kept, BATCH)] == [False, True]


def test_the_stamp_is_recorded_once_and_never_before_the_issue(kept: Database) -> None:
    issue(kept, "T001", "T002")
    refused(
        kept, lambda: certificates.imprint(desk(kept, 5), BATCH, (), said(-1)), ImpossibleTime, "before certificate"
    )
    done = certificates.imprint(desk(kept, 5), BATCH, ["T002"], said(4, "印章员"))
    assert [each.thing.imprint for each in done] == [Imprint(later(4), "印章员")]
    assert [each.thing.ticket for each in certificates.imprint(desk(kept, 5), BATCH, (), said(4))] == ["T001"]
    refused(
        kept,
        lambda: certificates.imprint(desk(kept, 6), BATCH, (), said(5)),
        CertificateRefused,
        "waits for the stamp",
    )
    issue(kept, "T003", minutes=6)
    certificates.revoke(desk(kept, 7), BATCH, "T003", "误发")
    step = partial(certificates.imprint, desk(kept, 8), BATCH, ["T003"], said(8))
    refused(kept, step, CertificateRefused, "was revoked")
    with pytest.raises(UnknownBatch):
        certificates.imprint(desk(kept), "nowhere", (), said())


def test_a_whole_batch_is_issued_at_once_and_the_register_is_as_the_journal_says(kept: Database) -> None:
    assert certificates.to_issue(kept, BATCH) == TICKETS
    done = issue(kept, *TICKETS, stamped_by="印章员")
    assert [each.thing.ticket for each in done] == list(TICKETS)
    assert [each.key[-1] for each in done] == ["1", "2", "3"]
    assert {each.thing.imprint for each in done} == {Imprint(later(), "印章员")}
    assert len({each.act for each in kept.register.standing(CERTIFICATES)}) == 1
    assert list(kept.register.unlike_the_journal()) == []
