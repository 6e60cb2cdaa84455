"""Disposal lists: proposed only of what may go, frozen as it lies there, approved by two who are not each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.disposal import DisposalState, Obstacle
from domain.evidence import Place
from domain.host_clock import ServerDate
from domain.people import Role
from domain.permits import Permit
from domain.timeline import Interval
from records import disposal, holding
from records.errors import DecisionRefused, DisposalRefused, NoReason
from storage.database import Database
from storage.errors import UnknownDisposal
from tests.closed_batches import DAY, FIRST, LEAD, SECOND, SPOOL, START, TESTER
from tests.disposals import OFFICER, SUPERVISOR, WHY, ExpiredBatches, actor
from tests.fakes.witnesses import FREE


@pytest.fixture
def site(database: Database, tmp_path: Path) -> ExpiredBatches:
    return ExpiredBatches(database, tmp_path / "spool")


def refused(act: Callable[[], object]) -> dict[str, set[Obstacle]]:
    with pytest.raises(DisposalRefused) as caught:
        act()
    return {batch: {each.what for each in found} for batch, found in caught.value.objections.items()}


def ask(site: ExpiredBatches) -> None:
    now, span = site.clock.now(), Interval(START, START + LEAD)
    asked = Permit("p-1", SUPERVISOR, Role.CITY_SUPERVISOR, FIRST, "", span, "核实", now, now + DAY)
    site.database.permits.add(asked)


def hold(site: ExpiredBatches, batch: str = FIRST) -> int:
    held = holding.hold(
        site.database, site.archive, batch, reason="投诉调查", actor=TESTER, clock=site.clock, tell=lambda *_: None
    )
    return held.hold.number


def lift(site: ExpiredBatches, number: int) -> None:
    holding.lift(
        site.database, site.archive, number, reason="结案", actor=TESTER, clock=site.clock, tell=lambda *_: None
    )


def test_a_list_freezes_every_segment_with_its_copies_and_is_in_the_journal(site: ExpiredBatches) -> None:
    listed = site.propose(FIRST, SECOND)
    assert listed.state(site.clock.now()) is DisposalState.PROPOSED
    content = disposal.content(site.database, listed)
    assert [each.batch for each in content.batches] == [FIRST, SECOND]
    frozen = {each.key: each for each in content.batches[0].segments}
    assert list(frozen) == site.footage(FIRST)
    for segment, _ in site.database.evidence.segments_of(FIRST):
        each = frozen[segment.key]
        assert (each.size_bytes, each.sha256) == (segment.size_bytes, segment.sha256)
        assert [(one.place, one.version_id, one.spool) for one in each.copies] == [
            (Place.S3, site.objects.stat(segment.key).version_id, ""),
            (Place.SPOOL, "", SPOOL),
        ]
    entry = site.database.journal.entries(1)[0]
    assert (entry.act, entry.subject) == ("propose_disposal", str(listed.number))
    assert entry.detail == f"{listed.digest} {FIRST} {SECOND}: {WHY}"
    assert site.database.disposals.latest() == [listed]


def test_every_reason_against_every_batch_is_said_and_nothing_is_written(site: ExpiredBatches) -> None:
    site.to(site.keep_until(SECOND) - timedelta(seconds=1))
    hold(site)
    ask(site)
    assert refused(lambda: site.propose(FIRST, SECOND, "2026-0999")) == {
        FIRST: {Obstacle.HELD, Obstacle.PERMIT_OPEN},
        SECOND: {Obstacle.RETAINED, Obstacle.LOCKED},
        "2026-0999": {Obstacle.UNKNOWN_BATCH},
    }
    with pytest.raises(NoReason):
        disposal.propose(site.basis, [FIRST], reason=" ", actor=TESTER)
    assert site.database.disposals.latest() == []


def test_a_clock_that_nobody_vouches_for_or_that_is_behind_disposes_of_nothing(site: ExpiredBatches) -> None:
    site.witnesses.said_ntp = FREE
    assert refused(site.propose)[FIRST] == {Obstacle.CLOCK_UNPROVEN}
    site.witnesses.said_server = ServerDate("s3.example:443", 0.1, 0.5, independent=False)
    assert refused(site.propose)[FIRST] == {Obstacle.CLOCK_UNPROVEN}
    site.witnesses.said_server = replace(site.witnesses.said_server, offset_s=400.0, independent=True)
    assert refused(site.propose)[FIRST] == {Obstacle.CLOCK_UNPROVEN}
    site.witnesses.said_server = replace(site.witnesses.said_server, offset_s=0.1)
    assert site.propose().number
    site.to(START)
    assert Obstacle.CLOCK_BEHIND in refused(lambda: site.propose(SECOND))[SECOND]


def test_what_the_manifest_does_not_state_is_amended_first(site: ExpiredBatches) -> None:
    late = Interval(START + LEAD * 9, START + LEAD * 10)
    site.record(FIRST, "c1", f"life-{FIRST}", late)
    assert Obstacle.NOT_STATED in refused(site.propose)[FIRST]


def test_a_store_that_holds_what_nobody_ordered_or_cannot_be_asked_keeps_it(site: ExpiredBatches) -> None:
    key = site.footage()[0]
    site.objects.hold(key, site.objects.stat(key).version_id, held=True)
    assert refused(site.propose)[FIRST] == {Obstacle.HOLD_UNKNOWN}
    site.objects.hold(key, site.objects.stat(key).version_id, held=False)
    site.objects.down = True
    assert refused(site.propose)[FIRST] == {Obstacle.HOLD_UNKNOWN}


def test_a_lock_that_only_the_store_knows_of_counts(site: ExpiredBatches) -> None:
    key = site.footage()[0]
    site.objects.lengthen(key, site.objects.stat(key).version_id, site.clock.now() + DAY)
    assert refused(site.propose)[FIRST] == {Obstacle.LOCKED}


def test_a_batch_is_on_one_list_at_a_time(site: ExpiredBatches) -> None:
    listed = site.propose()
    assert refused(lambda: site.propose(FIRST, SECOND)) == {FIRST: {Obstacle.LISTED}}
    disposal.decline(site.basis, listed.number, site.person(OFFICER), reason="先核对名册", actor=actor(OFFICER))
    assert site.propose(FIRST, SECOND).number == listed.number + 1


def test_two_people_of_two_sides_approve_and_the_journal_has_both(site: ExpiredBatches) -> None:
    listed = site.propose()
    once = site.approve(listed, SUPERVISOR)
    assert once.state(site.clock.now()) is DisposalState.APPROVED_ONCE
    with pytest.raises(DecisionRefused, match="already"):
        site.approve(listed, SUPERVISOR)
    twice = site.approve(listed, OFFICER)
    assert twice.state(site.clock.now()) is DisposalState.APPROVED_TWICE
    assert twice == site.database.disposals.find(listed.number)
    told = [(each.act, each.subject, each.actor.name, each.detail) for each in site.database.journal.entries(2)]
    assert told == [
        ("approve_disposal", str(listed.number), f"account:{name}", listed.digest) for name in (OFFICER, SUPERVISOR)
    ]


def test_nobody_approves_their_own_another_digest_or_a_list_that_is_not_there(
    site: ExpiredBatches,
) -> None:
    listed = site.propose(by=actor(OFFICER))
    with pytest.raises(DecisionRefused, match="somebody else"):
        site.approve(listed, OFFICER)
    with pytest.raises(DecisionRefused, match="look at it again"):
        site.approve(replace(listed, digest="e" * 64), SUPERVISOR)
    with pytest.raises(UnknownDisposal):
        site.approve(replace(listed, number=99), SUPERVISOR)
    with pytest.raises(NoReason):
        disposal.decline(site.basis, listed.number, site.person(SUPERVISOR), reason="", actor=actor(SUPERVISOR))
    assert site.database.disposals.find(listed.number).decisions == ()


def test_nobody_approves_what_is_not_as_it_was_proposed(site: ExpiredBatches) -> None:
    listed = site.propose()
    site.clock.advance(60)
    lift(site, hold(site))
    assert refused(lambda: site.approve(listed, OFFICER))[FIRST] == {Obstacle.CHANGED}


def test_what_is_due_is_shown_with_what_stands_against_it(site: ExpiredBatches) -> None:
    hold(site, SECOND)
    found = {each.batch: each for each in disposal.due(site.basis, [FIRST, SECOND])}
    assert found[FIRST].objections == ()
    assert found[FIRST].segments == len(site.footage(FIRST))
    assert [each.what for each in found[SECOND].objections] == [Obstacle.HELD]
    site.to(site.keep_until(SECOND) - timedelta(seconds=1))
    assert [each.batch for each in disposal.due(site.basis, [FIRST, SECOND])] == [FIRST]
