"""Decisions at the gate: nobody is let through alone, by what does not show it, or past what the gate holds back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.rule_pack import load
from domain.gate import EXITS, ISSUE_DECISIONS, ExitKind, Proposal
from domain.people import Actor, Door
from records.candidacies import cases, record_of
from records.deciding import Gate, WayOut, confirm_exit, decide, take_exit
from records.errors import CaseRefused, NoReason
from records.roll import Desk
from storage.database import Database
from tests.analysis.test_judge import lost
from tests.fakes.time import FakeClock
from tests.records.examined import AFTER, examined, filmed
from tests.records.rolls import BATCH

RULES = load("SG-2022-08-10")
OFFICER, SECOND = Actor("account:wu", Door.API), Actor("account:zheng", Door.API)
PLACE = f"{BATCH}/1/A-01"
GAP = lost(2000, 30)
OTHER = WayOut(ExitKind.OTHER_VIEW, "实操", PLACE, "near")
WRITTEN = WayOut(ExitKind.DECIDED, "实操", f"{BATCH}/1/A-02", "韶技服〔2026〕9号")


@pytest.fixture
def kept(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    examined(database, clock, tmp_path)
    return database


def gate(database: Database, actor: Actor = OFFICER, *, near_too: bool = False) -> Gate:
    """At the gate, with a gap of the camera that sees all; the near one sees A-01 all the time, if it is asked."""
    facts = filmed(GAP) if near_too else filmed(GAP, seen_by_near=False)
    return Gate(Desk(database, actor, AFTER), record_of(database, BATCH, AFTER), facts, RULES)


def proposal(database: Database, ticket: str) -> Proposal:
    now = gate(database)
    return next(each for each in cases(now.record, now.facts, RULES) if each.ticket == ticket).proposed.proposal


def confirm(database: Database, ticket: str = "T002", actor: Actor = SECOND, number: int = 1) -> None:
    confirm_exit(Desk(database, actor, AFTER), BATCH, ticket, number)


def test_an_exit_that_two_people_took_lets_the_candidate_through(kept: Database) -> None:
    assert proposal(kept, "T002") is Proposal.HOLD
    take_exit(gate(kept), "T002", WRITTEN, "停电，现场督导全程在场")
    assert proposal(kept, "T002") is Proposal.HOLD
    confirm(kept)
    confirm(kept)
    assert proposal(kept, "T002") is Proposal.ISSUE
    (entry,) = kept.register.standing(EXITS, batch=BATCH)
    assert (entry.revision, entry.thing.exit.evidence) == (2, ("document:韶技服〔2026〕9号",))


def test_nobody_confirms_what_they_took_themselves(kept: Database) -> None:
    take_exit(gate(kept), "T002", WRITTEN, "停电")
    with pytest.raises(CaseRefused, match="second person"):
        confirm(kept, actor=OFFICER)
    assert proposal(kept, "T002") is Proposal.HOLD


@pytest.mark.parametrize(
    "actor",
    [
        Actor("local:root", Door.COMMAND_LINE),
        Actor("service:api", Door.SERVICE),
        replace(SECOND, on_behalf_of="account:wu"),
    ],
)
def test_nobody_takes_or_confirms_an_exit_but_under_their_own_account(kept: Database, actor: Actor) -> None:
    with pytest.raises(CaseRefused, match="own account"):
        take_exit(gate(kept, actor), "T002", WRITTEN, "停电")
    take_exit(gate(kept), "T002", WRITTEN, "停电")
    with pytest.raises(CaseRefused, match="own account"):
        confirm(kept, actor=actor)


def test_another_camera_is_taken_only_if_it_has_usable_footage_of_all_that_lacks(kept: Database) -> None:
    assert proposal(kept, "T001") is Proposal.HOLD
    for camera in ("wide", "nobody", ""):
        with pytest.raises(CaseRefused, match="no usable footage of all"):
            take_exit(gate(kept), "T001", replace(OTHER, evidence=camera), "另有机位")
    take_exit(gate(kept), "T001", OTHER, "另有机位")
    confirm(kept, "T001")
    assert proposal(kept, "T001") is Proposal.ISSUE


@pytest.mark.parametrize(
    "way",
    [
        WayOut(ExitKind.BACKFILLED, "实操", WRITTEN.place, "ab" * 32),
        WayOut(ExitKind.BACKFILLED, "实操", WRITTEN.place, "AB" * 32, "摄像机存储卡"),
        WayOut(ExitKind.BACKFILLED, "实操", WRITTEN.place, "", "摄像机存储卡"),
        replace(WRITTEN, evidence=" "),
        replace(WRITTEN, subject="理论"),
        replace(WRITTEN, place=f"{BATCH}/1/A-03"),
        replace(WRITTEN, place=f"{BATCH}/2/A-02"),
    ],
)
def test_what_shows_nothing_is_no_exit_and_nothing_is_written(kept: Database, way: WayOut) -> None:
    with pytest.raises(CaseRefused):
        take_exit(gate(kept), "T002", way, "说明")
    assert kept.register.standing(EXITS, batch=BATCH) == []


def test_footage_brought_in_later_is_named_by_its_hash_and_where_it_comes_from(kept: Database) -> None:
    way = WayOut(ExitKind.BACKFILLED, "实操", WRITTEN.place, "ab" * 32, "摄像机存储卡")
    entry = take_exit(gate(kept), "T002", way, "断线期间由卡内补录")
    assert entry.thing.exit.evidence == (f"sha256:{'ab' * 32}", "from:摄像机存储卡")


def test_where_nothing_is_held_back_by_footage_there_is_nothing_to_leave_by(kept: Database) -> None:
    with pytest.raises(CaseRefused, match="nothing is held back"):
        take_exit(gate(kept, near_too=True), "T001", replace(WRITTEN, place=PLACE), "多余")
    with pytest.raises(NoReason):
        take_exit(gate(kept), "T002", WRITTEN, " ")
    with pytest.raises(CaseRefused, match="no exit 7"):
        confirm(kept, number=7)


def test_a_decision_to_examine_again_refuses(kept: Database) -> None:
    take_exit(gate(kept), "T002", replace(WRITTEN, kind=ExitKind.REEXAMINE), "停电过久")
    confirm(kept)
    assert proposal(kept, "T002") is Proposal.REFUSE


class TestDecision:
    def test_what_is_proposed_is_decided_once_with_what_was_proposed_then(self, kept: Database) -> None:
        at_gate = gate(kept, near_too=True)
        entry = decide(at_gate, "T001", issue=True)
        assert (entry.thing.issue, entry.thing.proposed, entry.thing.by) == (True, Proposal.ISSUE, "account:wu")
        assert decide(at_gate, "T001", issue=True).revision == entry.revision == 1
        assert not decide(at_gate, "T003", issue=False).thing.issue

    def test_nothing_that_is_held_back_or_refused_is_issued(self, kept: Database) -> None:
        for ticket, issue in (("T002", True), ("T002", False), ("T003", True), ("T009", True)):
            with pytest.raises(CaseRefused):
                decide(gate(kept), ticket, issue=issue)
        assert kept.register.standing(ISSUE_DECISIONS, batch=BATCH) == []

    def test_to_withhold_what_is_proposed_wants_a_reason_and_so_does_another_decision(self, kept: Database) -> None:
        at_gate = gate(kept, near_too=True)
        with pytest.raises(NoReason):
            decide(at_gate, "T001", issue=False)
        decide(at_gate, "T001", issue=False, reason="举报待查")
        with pytest.raises(NoReason):
            decide(at_gate, "T001", issue=True)
        assert decide(at_gate, "T001", issue=True, reason="查无实据").revision == 2
