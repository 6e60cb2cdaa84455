"""Exam papers and orders to mark: what is refused and why, and that nothing is entered then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.exam_papers import HAND_OVERS, HANDED, NO_PAPERS, PACKAGES, PRINTINGS, NoPapers, Package, Stage
from domain.scores import MARKING_ORDERS, MarkingOrder
from records import exam_papers, marking
from records.errors import ImpossibleTime, MarkingRefused, NoReason, PapersRefused
from records.roll import Desk
from storage.database import Database
from storage.errors import UnknownBatch, UnknownSitting
from tests.fakes.time import FakeClock
from tests.records.days import DIGEST, PARCEL, desk_at, handed, later, prepare, printing, whole_chain
from tests.records.rolls import BATCH, BEFORE

KINDS = (PRINTINGS, HAND_OVERS, PACKAGES, NO_PAPERS, MARKING_ORDERS)


@pytest.fixture
def desk(database: Database, clock: FakeClock) -> Desk:
    """A week after the exam, with one printed parcel."""
    clock.step((BEFORE - clock.now()).total_seconds())
    prepare(database, clock)
    found = desk_at(database, later(7 * 24 * 60))
    exam_papers.print_parcel(found, printing())
    return found


def package(**other: object) -> Package:
    told = {"batch": BATCH, "subject": "理论", "sha256": DIGEST, "at": later(-60), "received_by": "考务科"}
    return Package(**(told | other))  # type: ignore[arg-type]


def none(**other: object) -> NoPapers:
    told = {"batch": BATCH, "subject": "实操", "at": later(-60), "by": "市中心", "reason": "题目见规范"}
    return NoPapers(**(told | other))  # type: ignore[arg-type]


def order(**other: object) -> MarkingOrder:
    told = {"id": "YJ-1", "batch": BATCH, "subject": "笔试", "signed": later(-60)}
    return MarkingOrder(**(told | other))  # type: ignore[arg-type]


Act = Callable[[Desk], object]
REFUSED: dict[str, tuple[Act, type[Exception]]] = {
    "a batch that is not there": (lambda d: exam_papers.print_parcel(d, printing(batch="no")), UnknownBatch),
    "a sitting that is not there": (lambda d: exam_papers.print_parcel(d, printing(sitting=9)), UnknownSitting),
    "a subject that the norm has not": (
        lambda d: exam_papers.print_parcel(d, printing(parcel="p", subject="口试")),
        PapersRefused,
    ),
    "a subject that is a path": (lambda d: exam_papers.print_parcel(d, printing(subject="a/b")), PapersRefused),
    "papers for a machine": (
        lambda d: exam_papers.print_parcel(d, printing(parcel="p", subject="理论")),
        PapersRefused,
    ),
    "a parcel that is a path": (lambda d: exam_papers.print_parcel(d, printing(parcel="../x")), PapersRefused),
    "an empty parcel": (lambda d: exam_papers.print_parcel(d, printing(parcel="p", copies=0)), PapersRefused),
    "nobody who printed": (lambda d: exam_papers.print_parcel(d, printing(parcel="p", by=" ")), PapersRefused),
    "a printing to come": (
        lambda d: exam_papers.print_parcel(d, printing(parcel="p", at=later(99999))),
        ImpossibleTime,
    ),
    "a correction without why": (lambda d: exam_papers.print_parcel(d, printing(by="考场")), NoReason),
    "a parcel that nobody printed": (
        lambda d: exam_papers.hand_over(d, handed(Stage.FETCHED, parcel="SJ-9")),
        PapersRefused,
    ),
    "an opening as a hand-over": (
        lambda d: exam_papers.hand_over(d, replace(handed(Stage.FETCHED), stage=Stage.OPENED)),
        PapersRefused,
    ),
    "a hand-over that nobody signed": (
        lambda d: exam_papers.hand_over(d, handed(Stage.FETCHED, given_by="", taken_by=" ")),
        PapersRefused,
    ),
    "a hand-over to come": (
        lambda d: exam_papers.hand_over(d, handed(Stage.FETCHED, at=later(99999))),
        ImpossibleTime,
    ),
    "a package that is no hash": (lambda d: exam_papers.receive_package(d, package(sha256="ab")), PapersRefused),
    "a package for practical work": (
        lambda d: exam_papers.receive_package(d, package(subject="实操")),
        PapersRefused,
    ),
    "a package for no sitting": (lambda d: exam_papers.receive_package(d, package(sitting=9)), UnknownSitting),
    "a package that nobody received": (
        lambda d: exam_papers.receive_package(d, package(received_by="")),
        PapersRefused,
    ),
    "a written subject without papers": (lambda d: exam_papers.say_none(d, none(subject="笔试")), PapersRefused),
    "no papers without why": (lambda d: exam_papers.say_none(d, none(reason=" ")), NoReason),
    "a site that nobody authorised": (lambda d: marking.order(d, order(site="sg-001")), MarkingRefused),
    "another site": (lambda d: marking.order(d, order(site="sg-002", document="x")), MarkingRefused),
    "an order for practical work": (lambda d: marking.order(d, order(subject="实操")), MarkingRefused),
    "an order for nothing": (lambda d: marking.order(d, order(subject=" ")), MarkingRefused),
    "an order that is a path": (lambda d: marking.order(d, order(id="a/b")), MarkingRefused),
    "an order to come": (lambda d: marking.order(d, order(signed=later(99999))), ImpossibleTime),
    "an order for no batch": (lambda d: marking.order(d, order(batch="no")), UnknownBatch),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_have_been_is_refused_and_nothing_is_entered(desk: Desk, what: str) -> None:
    act, error = REFUSED[what]
    register, entries = desk.database.register, len(desk.database.journal.entries())
    before = [register.revisions(kind) for kind in KINDS]
    with pytest.raises(error) as refused:
        act(desk)
    assert str(refused.value)
    assert [register.revisions(kind) for kind in KINDS] == before
    assert len(desk.database.journal.entries()) == entries


def test_a_parcel_goes_its_way_and_the_same_again_leaves_no_trace(desk: Desk) -> None:
    whole_chain(desk)
    entries = len(desk.database.journal.entries())
    whole_chain(desk)
    assert len(desk.database.journal.entries()) == entries
    found = exam_papers.papers_of(desk.database, BATCH)
    assert {entry.thing.stage for entry in found.hand_overs} == set(HANDED)
    acts = [each.act for each in desk.database.journal.entries(7)]
    assert acts == ["hand_papers"] * 6 + ["print_papers"]


def test_what_was_entered_is_corrected_with_a_reason_and_both_stay(desk: Desk) -> None:
    exam_papers.hand_over(desk, handed(Stage.FETCHED))
    other = handed(Stage.FETCHED, taken_by="押运员2")
    with pytest.raises(NoReason, match="paper_hand_over"):
        exam_papers.hand_over(desk, other)
    assert exam_papers.hand_over(desk, other, "接收人登记错").revision == 2
    history = desk.database.register.history(HAND_OVERS, f"{BATCH}/{PARCEL}/fetched")
    assert [entry.thing.taken_by for entry in history] == ["押运员1", "押运员2"]


def test_a_package_serves_one_sitting_or_all_and_its_hash_is_written_small(desk: Desk) -> None:
    all_of_them = exam_papers.receive_package(desk, package(sha256=f" {DIGEST.upper()} "))
    assert (all_of_them.key, all_of_them.thing.sha256) == (f"{BATCH}/理论/all", DIGEST)
    assert exam_papers.receive_package(desk, package(sitting=2)).key == f"{BATCH}/理论/2"


def test_an_order_authorises_to_mark_and_another_of_its_id_wants_a_reason(desk: Desk) -> None:
    assert marking.authorised_markings(desk.database, BATCH) == frozenset()
    marking.order(desk, order())
    marking.order(desk, order(id="YJ-2", site="sg-001", document="韶技〔2026〕5号"))
    assert marking.order(desk, order()).revision == 1
    assert marking.authorised_markings(desk.database, BATCH) == {"YJ-1", "YJ-2"}
    assert marking.authorised_markings(desk.database, "other") == frozenset()
    with pytest.raises(NoReason):
        marking.order(desk, order(signed=later(-50)))
    assert marking.order(desk, order(signed=later(-50)), "日期登记错").revision == 2


def test_without_a_norm_on_record_subjects_are_taken_as_they_are_told(database: Database, clock: FakeClock) -> None:
    clock.step((BEFORE - clock.now()).total_seconds())
    prepare(database, clock)
    desk = desk_at(database, later(60))
    batch = replace(desk.batch(BATCH), project="别的项目")
    assert exam_papers.norm_of_batch(database, batch) is None
    assert exam_papers.norm_of_batch(database, replace(batch, id="no")) is None
