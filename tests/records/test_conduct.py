"""Opening and closing sittings: defined states, clear refusals, every act in the journal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analysis.expected import expectation_of
from config.errors import Problem, RulePackRefused
from config.rule_pack import RulePack, load
from domain.phases import Mark, latest_marks
from domain.timeline import Interval
from records.conduct import Disk, close_sitting, mark_sitting, open_sitting
from records.declaration import parse
from records.errors import DiskTooFull, ImpossibleTime
from records.setup import apply
from storage.database import Database
from storage.errors import (
    AlreadyClosed,
    AlreadyOpen,
    MarkStands,
    NotOpen,
    SetupChanged,
    UnknownBatch,
    UnknownSitting,
)
from tests.fakes.time import FakeClock
from tests.records.setups import ACTOR, FULL, PLANNED, ROOMY, START, WHOLE

BATCH = "2026-0501"


@pytest.fixture(autouse=True)
def _set_up(database: Database, clock: FakeClock) -> None:
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, clock)
    clock.advance(1800)  # the bell of the first sitting


def test_a_sitting_starts_now_unless_a_start_is_given(database: Database, clock: FakeClock) -> None:
    opened = open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    assert (opened.sitting.opened, opened.sitting.actual_start) == (START, START)
    assert [each.partition(":")[0] for each in opened.warnings] == ["考前自检 未自检"]
    entry = database.journal.entries()[0]
    assert (entry.act, entry.subject, entry.actor, entry.at) == ("open_sitting", "2026-0501/1", ACTOR, START)


def test_a_start_in_the_past_is_kept_beside_the_instant_of_opening(database: Database, clock: FakeClock) -> None:
    clock.advance(300)
    sitting = open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY, actual_start=START).sitting
    assert (sitting.opened, sitting.actual_start) == (START + timedelta(seconds=300), START)


def test_what_must_be_seen_is_frozen_with_the_set_up_and_its_digest_stands_in_the_journal(
    database: Database, clock: FakeClock
) -> None:
    opened = open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    kept = database.setup.expectation(BATCH, 1)
    assert kept is not None
    assert kept.expectation == expectation_of(opened.sitting, load("SG-2022-08-10"))
    assert (kept.made, kept.intact) == (START, True)
    assert kept.sha256 in database.journal.entries()[0].detail


def test_later_changes_of_rules_and_set_up_change_nothing_of_what_was_frozen(
    database: Database, clock: FakeClock
) -> None:
    open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    kept = database.setup.expectation(BATCH, 1)
    apply(parse(WHOLE.replace("stations: [A-01, A-02]", "stations: [A-01, A-02, A-03]"), "x"), database, ACTOR, clock)
    assert database.setup.expectation(BATCH, 1) == kept


def test_a_sitting_whose_rule_pack_cannot_be_read_is_not_opened(database: Database, clock: FakeClock) -> None:
    def refuse(pack: str) -> RulePack:
        raise RulePackRefused([Problem(pack, 1, "phases", "is required and missing")])

    with pytest.raises(RulePackRefused, match="phases: is required"):
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY, rules=refuse)
    found = database.setup.sitting(BATCH, 1)
    assert found is not None
    assert found.opened is None


@pytest.mark.parametrize(("times", "opens"), [(1, True), (9, False)])
def test_a_set_up_that_changes_meanwhile_is_read_again_a_few_times(
    database: Database, clock: FakeClock, times: int, opens: bool
) -> None:
    left = [times]

    def meddling(pack: str) -> RulePack:
        if left[0]:
            left[0] -= 1
            text = WHOLE.replace("韶关示范考场", f"韶关示范考场 {left[0]}")
            apply(parse(text, "exam.yaml"), database, ACTOR, clock)
        return load(pack)

    if opens:
        sitting = open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY, rules=meddling).sitting
        assert sitting.site.name == "韶关示范考场 0"
        return
    with pytest.raises(SetupChanged):
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY, rules=meddling)
    assert database.setup.expectation(BATCH, 1) is None


def test_places_that_the_plan_says_nobody_sees_are_told_at_the_bell(database: Database, clock: FakeClock) -> None:
    apply(parse(PLANNED, "exam.yaml"), database, ACTOR, clock)
    warnings = open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY).warnings
    assert any("no registered camera reaches identify at door 南门" in each for each in warnings)


def test_closing_ends_the_window_after_the_tail(database: Database, clock: FakeClock) -> None:
    open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    clock.advance(7000)
    sitting = close_sitting(database, BATCH, 1, ACTOR, clock)
    assert sitting.closed == sitting.actual_end == START + timedelta(seconds=7000)
    assert sitting.window == Interval(START - timedelta(minutes=30), START + timedelta(seconds=7000 + 900))
    assert database.journal.entries()[0].act == "close_sitting"


def test_a_sitting_is_opened_and_closed_once(database: Database, clock: FakeClock) -> None:
    with pytest.raises(NotOpen):
        close_sitting(database, BATCH, 1, ACTOR, clock)
    open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    with pytest.raises(AlreadyOpen):
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    clock.advance(1)
    close_sitting(database, BATCH, 1, ACTOR, clock)
    with pytest.raises(AlreadyClosed):
        close_sitting(database, BATCH, 1, ACTOR, clock)
    with pytest.raises(AlreadyOpen):
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=FULL)
    assert [entry.act for entry in database.journal.entries()][:2] == ["close_sitting", "open_sitting"]


def test_what_was_never_set_up_is_refused_and_what_there_is_is_named(database: Database, clock: FakeClock) -> None:
    with pytest.raises(UnknownBatch, match="2026-0501"):
        open_sitting(database, "2026-0502", 1, ACTOR, clock, disk=ROOMY)
    with pytest.raises(UnknownSitting, match="has no sitting 3; it has 1, 2"):
        close_sitting(database, BATCH, 3, ACTOR, clock)


def test_a_full_disk_refuses_to_open_a_sitting_and_leaves_no_trace(database: Database, clock: FakeClock) -> None:
    entries = database.journal.entries()
    with pytest.raises(DiskTooFull, match=r"/spool has 1.0 GiB free, the reserve is 1.0 GiB .*make room there"):
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=FULL)
    sitting = database.setup.sitting(BATCH, 1)
    assert sitting is not None
    assert sitting.opened is None
    assert database.journal.entries() == entries


@pytest.mark.parametrize("start", [START + timedelta(seconds=1), START.replace(tzinfo=None)])
def test_a_start_that_cannot_be_is_refused(database: Database, clock: FakeClock, start: datetime) -> None:
    with pytest.raises(ImpossibleTime):
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY, actual_start=start)


def test_an_exam_put_off_past_its_planned_end_needs_a_new_plan(database: Database, clock: FakeClock) -> None:
    clock.advance(86400)
    with pytest.raises(ImpossibleTime, match="apply its new planned times first"):
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)


@pytest.mark.parametrize("seconds", [3601, 0, -60])
def test_an_end_in_the_future_or_not_after_the_start_is_refused(
    database: Database, clock: FakeClock, seconds: int
) -> None:
    open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    clock.advance(3600)
    with pytest.raises(ImpossibleTime):
        close_sitting(database, BATCH, 1, ACTOR, clock, actual_end=START + timedelta(seconds=seconds))
    sitting = database.setup.sitting(BATCH, 1)
    assert sitting is not None
    assert sitting.closed is None


def test_doubtful_set_up_is_warned_of_and_not_refused(database: Database, clock: FakeClock) -> None:
    thin = WHOLE.replace("panoramic: true, sees: [B-01]", "sees: []").replace(
        "stations: [A-01, A-02]", "stations: [A-01, A-02, A-03]"
    )
    apply(parse(thin, "exam.yaml"), database, ACTOR, clock)
    small = Disk(Path("/spool"), free_bytes=2 << 30, reserve_bytes=1 << 30)
    warnings = open_sitting(database, BATCH, 2, ACTOR, clock, disk=small).warnings
    assert warnings[0].startswith("考前自检 未自检")
    assert [warning.split(";")[0] for warning in warnings[1:]] == [
        "room r301: no camera sees station A-03 (工位)",
        "room r302: no camera sees station B-01 (工位)",
        "room r302: camera sg-001-c2 sees no station",
        "room r302 has no panoramic camera (全景)",
        "at 8.0 Mbit/s together (0 of 2 cameras measured, the others as expected) the sitting needs 10.7 GiB",
    ]


def test_opening_days_ahead_is_warned_of(database: Database, clock: FakeClock) -> None:
    apply(parse(WHOLE.replace("2026-05-01T", "2026-05-04T"), "exam.yaml"), database, ACTOR, clock)
    warnings = open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY).warnings
    assert warnings[1:] == ("the planned start is 72 h away; all cameras are recorded from now on",)


def test_the_disk_of_a_folder_not_made_yet_is_that_of_its_parent(tmp_path: Path) -> None:
    disk = Disk.of(tmp_path / "not" / "yet", 5)
    assert disk.free_bytes > 0
    assert (disk.path, disk.reserve_bytes) == (tmp_path / "not" / "yet", 5)


class TestMarks:
    def test_are_made_now_or_at_a_time_and_stand_in_the_journal(self, database: Database, clock: FakeClock) -> None:
        opened = mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.OPENED, at=START - timedelta(minutes=10))
        started = mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.STARTED)
        assert (opened.warnings, started.warnings) == ((), ())
        assert [(each.mark, each.at) for each in database.marks.of(BATCH, 1)] == [
            (Mark.OPENED, START - timedelta(minutes=10)),
            (Mark.STARTED, START),
        ]
        entry = database.journal.entries()[0]
        assert (entry.act, entry.subject) == ("mark_sitting", "2026-0501/1")
        assert entry.detail.startswith("started at ")

    def test_in_an_order_that_should_not_be_are_kept_and_told(self, database: Database, clock: FakeClock) -> None:
        mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.READ, at=START - timedelta(minutes=10))
        odd = mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.OPENED)
        assert len(odd.warnings) == 1 and "启封 opened is marked after 宣读 read" in odd.warnings[0]
        assert len(database.marks.of(BATCH, 1)) == 2

    def test_are_corrected_with_a_reason_only(self, database: Database, clock: FakeClock) -> None:
        mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.OPENED)
        journal = len(database.journal.entries())
        with pytest.raises(MarkStands):
            mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.OPENED)
        assert len(database.journal.entries()) == journal
        mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.OPENED, taken_back=True, reason="wrong room")
        assert latest_marks(database.marks.of(BATCH, 1)) == {}

    @pytest.mark.parametrize("away", [timedelta(seconds=1), timedelta(hours=-13)])
    def test_in_the_future_or_far_off_are_refused(
        self, database: Database, clock: FakeClock, away: timedelta
    ) -> None:
        with pytest.raises(ImpossibleTime):
            mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.OPENED, at=START + away)
        assert database.marks.of(BATCH, 1) == []

    def test_of_the_sealing_move_the_end_of_the_window_and_of_recording(
        self, database: Database, clock: FakeClock
    ) -> None:
        open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
        clock.advance(6000)
        end = close_sitting(database, BATCH, 1, ACTOR, clock).end
        clock.advance(1500)
        made = mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.SEALED)
        sitting = database.setup.sitting(BATCH, 1)
        assert sitting is not None
        assert sitting.window.end == end + timedelta(seconds=1500)
        assert "recording had ended" in made.warnings[0]
        mark_sitting(database, BATCH, 1, ACTOR, clock, mark=Mark.SEALED, at=end, reason="it was at the bell")
        sitting = database.setup.sitting(BATCH, 1)
        assert sitting is not None and sitting.window.end == end + timedelta(seconds=900)

    def test_of_unknown_sittings_are_refused(self, database: Database, clock: FakeClock) -> None:
        with pytest.raises(UnknownSitting):
            mark_sitting(database, BATCH, 9, ACTOR, clock, mark=Mark.OPENED)
