"""Holds of a batch: nothing without a reason, every stored copy under legal hold, let go by the last lifting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from domain.timeline import Interval
from records import holding
from records.errors import NoReason
from records.holding import Held
from storage.archive import Archive
from storage.database import Database
from storage.errors import UnknownBatch, UnknownHold
from storage.objects import AccessRefused
from tests.closed_batches import FIRST, LEAD, LOCKED_UNTIL, SECOND, START, TESTER, ClosedBatches


@pytest.fixture
def site(database: Database, tmp_path: Path) -> ClosedBatches:
    made = ClosedBatches(database, tmp_path / "spool")
    held = database.holds.standing
    made.archive = Archive(database.evidence, made.objects, made.spool, lambda _: LOCKED_UNTIL, made.clock, held=held)
    made.hold(FIRST)
    return made


def hold(site: ClosedBatches, batch: str = FIRST, reason: str = "投诉调查") -> Held:
    return holding.hold(
        site.database, site.archive, batch, reason=reason, actor=TESTER, clock=site.clock, tell=lambda *_: None
    )


def lift(site: ClosedBatches, number: int, reason: str = "调查结束") -> Held:
    return holding.lift(
        site.database, site.archive, number, reason=reason, actor=TESTER, clock=site.clock, tell=lambda *_: None
    )


def keys(site: ClosedBatches) -> list[str]:
    return [segment.key for segment, _ in site.database.evidence.segments_of(FIRST)]


def marked(site: ClosedBatches) -> set[bool]:
    return {site.objects.is_held(key) for key in keys(site)}


def test_nothing_is_held_without_a_reason_or_where_there_is_no_such_batch(site: ClosedBatches) -> None:
    for batch, reason, error in ((FIRST, " ", NoReason), ("no-batch", "投诉调查", UnknownBatch)):
        with pytest.raises(error):
            hold(site, batch, reason)
    held = hold(site)
    with pytest.raises(NoReason):
        lift(site, held.hold.number, "")
    for number in (held.hold.number + 1, 0):
        with pytest.raises(UnknownHold):
            lift(site, number)
    assert [each.stands for each in site.database.holds.all()] == [True]


def test_what_is_held_outlasts_its_lock_until_the_last_hold_is_lifted(site: ClosedBatches) -> None:
    first, second = hold(site), hold(site, reason="审计抽查")
    assert (second.done, second.waiting, marked(site)) == (len(keys(site)), 0, {True})
    site.to(LOCKED_UNTIL + timedelta(seconds=1))
    key = keys(site)[0]
    version = site.objects.stat(key).version_id
    for number, left in ((first.hold.number, {True}), (second.hold.number, {False})):
        with pytest.raises(AccessRefused):
            site.objects.delete(key, version)
        lift(site, number)
        assert marked(site) == left
    site.objects.delete(key, version)
    told = [(each.act, each.subject, each.detail) for each in site.database.journal.entries(4)]
    assert told[::-1] == [
        ("hold_batch", FIRST, f"{first.hold.number}: 投诉调查"),
        ("hold_batch", FIRST, f"{second.hold.number}: 审计抽查"),
        ("lift_hold_of_batch", FIRST, f"{first.hold.number}: 调查结束"),
        ("lift_hold_of_batch", FIRST, f"{second.hold.number}: 调查结束"),
    ]


def test_what_is_stored_while_its_batch_is_held_is_held_and_another_batch_is_not(site: ClosedBatches) -> None:
    hold(site)
    late = Interval(START + LEAD * 9, START + LEAD * 10)
    (segment,) = site.record(FIRST, "c1", f"life-{FIRST}", late)
    assert site.objects.is_held(segment.key)
    site.hold(SECOND, START + timedelta(days=1))
    assert not any(site.objects.is_held(each.key) for each, _ in site.database.evidence.segments_of(SECOND))


def test_a_store_that_does_not_answer_leaves_the_hold_standing_and_is_set_right_later(site: ClosedBatches) -> None:
    site.objects.down = True
    held = hold(site)
    assert (held.done, held.waiting) == (0, len(keys(site)))
    assert "switched off" in held.reason
    assert site.database.holds.standing(FIRST)
    site.objects.down = False
    assert marked(site) == {False}
    for segment, _ in site.database.evidence.segments_of(FIRST):
        for copy in site.database.evidence.copies([segment.key])[segment.key]:
            site.archive.secure(segment, copy)
    assert marked(site) == {True}


def test_a_hold_is_lifted_once_and_says_by_whom_and_why(site: ClosedBatches) -> None:
    held = hold(site).hold
    lifted = lift(site, held.number).hold
    assert lifted.lifted is not None
    assert (lifted.ordered, lifted.lifted.actor, lifted.lifted.reason) == (held.ordered, TESTER, "调查结束")
    assert site.database.holds.all(FIRST) == [lifted]
    with pytest.raises(UnknownHold):
        lift(site, held.number)


def test_a_database_that_knows_of_no_decision_lets_nothing_go(site: ClosedBatches) -> None:
    hold(site)
    knows_nothing = Archive(site.database.evidence, site.objects, site.spool, lambda _: LOCKED_UNTIL, site.clock)
    for segment, _ in site.database.evidence.segments_of(FIRST):
        for copy in site.database.evidence.copies([segment.key])[segment.key]:
            knows_nothing.secure(segment, copy)
    assert marked(site) == {True}
