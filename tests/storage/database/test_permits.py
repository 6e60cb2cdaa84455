"""The contract of permits, on every database: what was asked for never changes, one decision of a kind is taken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from domain.people import Account, Reach, Role, Scope
from domain.permits import Decided, Decision, Permit
from storage.database import Database
from storage.errors import AlreadyDecided, UnknownPermit, UnknownRow
from tests.storage.database.examples import after, span

LI = Account("li", Role.COUNTY_SUPERVISOR, Scope(Reach.COUNTY, frozenset({"浈江区"})), after(0), False)
HE = Account("he", Role.CITY_SUPERVISOR, Scope(Reach.CITY), after(0), False)
PERMIT = Permit("20260501-0a1b2c3d", "li", LI.role, "b-1", "cam-1", span(0, 600), "核实投诉", after(900), after(9000))
APPROVAL = Decision(Decided.APPROVED, after(1000), "he", HE.role, "", after(5000))


@pytest.fixture
def kept(database: Database) -> Database:
    for account in (LI, HE):
        database.accounts.add(account, "hash")
    database.permits.add(PERMIT)
    return database


def decision(what: Decided, at_s: float = 2000) -> Decision:
    return Decision(what, after(at_s), "he", HE.role, "查明无此必要")


def test_a_permit_is_read_as_it_was_asked_for_with_all_that_was_decided_on_it(kept: Database) -> None:
    assert kept.permits.find(PERMIT.id) == PERMIT
    approved = kept.permits.decide(PERMIT.id, APPROVAL)
    ended = kept.permits.decide(PERMIT.id, decision(Decided.ENDED))
    assert approved == replace(PERMIT, decisions=(APPROVAL,))
    assert ended == replace(PERMIT, decisions=(APPROVAL, decision(Decided.ENDED)))
    assert kept.permits.find(PERMIT.id) == ended
    assert [kept.permits.find(other) for other in ("another", "x\0", "", "' OR 1=1 --", "调")] == [None] * 5


def test_those_asked_for_last_come_first_of_all_or_of_one(kept: Database) -> None:
    later = replace(PERMIT, id="later", asked=after(901))
    theirs = replace(PERMIT, id="theirs", account="he", camera="", asked=after(902))
    for each in (later, theirs):
        kept.permits.add(each)
    kept.permits.decide("later", APPROVAL)
    assert [each.id for each in kept.permits.latest(9)] == ["theirs", "later", PERMIT.id]
    assert kept.permits.latest(1, "li") == [replace(later, decisions=(APPROVAL,))]


def test_what_names_no_account_or_no_permit_is_refused(kept: Database) -> None:
    with pytest.raises(UnknownRow):
        kept.permits.add(replace(PERMIT, id="nobody's", account="nobody"))
    with pytest.raises(UnknownPermit):
        kept.permits.decide("another", APPROVAL)
    with pytest.raises(UnknownRow):
        kept.permits.decide(PERMIT.id, replace(APPROVAL, account="local:root"))
    assert kept.permits.find(PERMIT.id) == PERMIT


@pytest.mark.parametrize("before", [None, *Decided])
@pytest.mark.parametrize("what", Decided)
def test_a_decision_is_taken_where_the_one_before_leaves_something_to_decide(
    kept: Database, before: Decided | None, what: Decided
) -> None:
    open_to = {
        None: {Decided.APPROVED, Decided.DECLINED, Decided.WITHDRAWN},
        Decided.APPROVED: {Decided.ENDED, Decided.WITHDRAWN},
    }
    if before is not None:
        if before is Decided.ENDED:
            kept.permits.decide(PERMIT.id, APPROVAL)
        kept.permits.decide(PERMIT.id, decision(before))
    if what in open_to.get(before, set()):
        assert kept.permits.decide(PERMIT.id, decision(what, 3000)).decisions[-1].what is what
    else:
        with pytest.raises(AlreadyDecided):
            kept.permits.decide(PERMIT.id, decision(what, 3000))


def test_of_many_who_decide_at_once_one_does(kept: Database) -> None:
    def decide(number: int) -> bool:
        try:
            kept.permits.decide(PERMIT.id, decision((Decided.APPROVED, Decided.DECLINED)[number % 2]))
        except AlreadyDecided:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(decide, range(8))) == 1
    found = kept.permits.find(PERMIT.id)
    assert found is not None
    assert len(found.decisions) == 1
