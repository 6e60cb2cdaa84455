"""Stored copies are read again: what is right is dated, what is wrong is told, and what stands makes up for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.evidence import REREAD_AFTER, Place, Segment, SegmentState
from storage.archive import Archive, RetentionUnknown, Why
from storage.database import Database, connect
from storage.objects import AccessRefused
from storage.rereading import ASK_AGAIN, AT_ONCE, Rereader
from storage.spool_marker import MARKER
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.storage.footage import Footage

EVERY = timedelta(days=30)
THREE_YEARS = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)


class Setting:
    """A spool, a store, an archive over both, and the one who reads again."""

    def __init__(self, folder: Path) -> None:
        self.database: Database = connect(f"sqlite:///{folder / 'kaojian.db'}")
        self.spool = folder / "spool"
        self.footage = Footage(self.database, self.spool)
        self.clock = FakeClock(NOON + timedelta(minutes=1))  # when its first segment ends
        self.store = MemoryObjects(clock=self.clock)
        self.keep_until: datetime | None = THREE_YEARS
        self.archive = Archive(self.database.evidence, self.store, self.spool, self.kept_until, self.clock)
        self.rereader = self.reading(1e12)

    def kept_until(self, _: str) -> datetime:
        if self.keep_until is None:
            raise RetentionUnknown("the batch has no sitting")
        return self.keep_until

    def locked_until(self, segment: Segment) -> tuple[datetime | None, datetime | None]:
        """As the row has it, and as the store has it."""
        rows = self.database.evidence.copies([segment.key])[segment.key]
        (row,) = (row for row in rows if row.place is Place.S3)
        return row.locked_until, self.store.stat(segment.key).locked_until

    def reading(self, bytes_per_s: float) -> Rereader:
        return Rereader(
            self.database.evidence,
            self.archive,
            [self.spool],
            every=EVERY,
            bytes_per_s=bytes_per_s,
            clock=self.clock,
        )

    def round(self) -> int:
        return self.rereader.round(threading.Event())

    def standing(self, segment: Segment) -> list[Place]:
        rows = self.database.evidence.copies([segment.key])[segment.key]
        return [row.place for row in rows if row.removed is None]

    def lost(self) -> list[tuple[str, Place, SegmentState]]:
        found = self.database.evidence.lost_copies(NOON, 100)
        return [(each.copy.segment, each.copy.place, each.state) for each in found]

    def observed(self, segment: Segment) -> SegmentState | None:
        found = self.database.evidence.observations([segment.key]).get(segment.key)
        return found.state if found is not None else None


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Setting]:
    setting = Setting(tmp_path)
    yield setting
    setting.database.close()


def kept(here: Setting, minute: int = 0) -> Segment:
    segment = here.footage.close_segment(minute)
    here.archive.keep(segment)
    return segment


def test_a_copy_is_read_again_a_day_after_it_was_stored_and_then_at_each_interval(here: Setting) -> None:
    kept(here)
    here.clock.advance((REREAD_AFTER - timedelta(seconds=1)).total_seconds())
    assert here.round() == 0
    here.clock.advance(1)
    assert here.round() == 2  # spool and store
    assert here.round() == 0
    here.clock.advance(EVERY.total_seconds())
    assert here.round() == 2
    assert here.lost() == []


@pytest.mark.parametrize(("spoil", "state"), [("flip", SegmentState.DAMAGED), ("destroy", SegmentState.MISSING)])
def test_an_object_that_is_wrong_is_told_once_and_stored_anew_from_the_spool(
    here: Setting, spoil: str, state: SegmentState
) -> None:
    segment = kept(here)
    here.store.flip_a_byte(segment.key) if spoil == "flip" else here.store.destroy(segment.key)
    here.clock.advance(REREAD_AFTER.total_seconds())
    with capture_logs() as logs:
        here.round()
    assert [entry["event"] for entry in logs] == ["copy_lost"]
    assert here.lost() == [(segment.key, Place.S3, state)]
    assert here.standing(segment) == [Place.SPOOL]
    assert here.observed(segment) is None
    assert here.archive.keep_pending().kept == (segment.key,)
    assert here.store.read(segment.key) == here.footage.path(segment).read_bytes()
    here.clock.advance(REREAD_AFTER.total_seconds())
    here.round()
    assert here.lost() == [(segment.key, Place.S3, state)]


def test_a_spool_file_that_is_gone_costs_nothing_while_the_store_has_it(here: Setting) -> None:
    segment = kept(here)
    here.footage.path(segment).unlink()
    here.clock.advance(REREAD_AFTER.total_seconds())
    here.round()
    assert here.lost() == [(segment.key, Place.SPOOL, SegmentState.MISSING)]
    assert here.standing(segment) == [Place.S3]
    assert here.observed(segment) is None
    with here.archive.opened(segment) as file:
        assert file.read()


@pytest.mark.parametrize("state", [SegmentState.DAMAGED, SegmentState.MISSING])
def test_the_loss_of_the_last_copy_is_an_observation_so_that_coverage_has_a_gap(
    here: Setting, state: SegmentState
) -> None:
    segment = here.footage.close_segment(0)
    path = here.footage.path(segment)
    if state is SegmentState.MISSING:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    here.clock.advance(REREAD_AFTER.total_seconds())
    here.round()
    assert here.standing(segment) == []
    assert here.observed(segment) is state


def test_a_store_that_does_not_answer_has_lost_nothing_and_is_asked_later(here: Setting) -> None:
    segment = kept(here)
    here.store.down = True
    here.clock.advance(REREAD_AFTER.total_seconds())
    assert here.round() == 2
    assert here.round() == 0
    assert here.lost() == []
    assert here.standing(segment) == [Place.SPOOL, Place.S3]
    here.store.down = False
    here.store.flip_a_byte(segment.key)
    here.clock.advance(ASK_AGAIN.total_seconds())
    here.round()
    assert here.lost() == [(segment.key, Place.S3, SegmentState.DAMAGED)]


def test_what_must_be_kept_longer_by_now_is_locked_longer_and_never_shorter(here: Setting) -> None:
    segment = kept(here)
    longer = THREE_YEARS + timedelta(days=12)
    for keep_until, locked in ((longer, longer), (THREE_YEARS, longer)):
        here.keep_until = keep_until
        here.clock.advance(EVERY.total_seconds())
        assert here.round() == 2
        assert here.locked_until(segment) == (locked, locked)
    here.clock.advance((longer - here.clock.now()).total_seconds() - 1)
    with pytest.raises(AccessRefused):
        here.store.delete(segment.key, here.store.stat(segment.key).version_id)


@pytest.mark.parametrize("trouble", ["locks", "keep_until"])
def test_a_lock_that_cannot_be_what_it_must_is_told_and_tried_again(here: Setting, trouble: str) -> None:
    segment = kept(here)
    here.keep_until = THREE_YEARS + timedelta(days=1)
    setattr(*((here.store, "locks", False) if trouble == "locks" else (here, "keep_until", None)))
    here.clock.advance(REREAD_AFTER.total_seconds())
    with capture_logs() as logs:
        here.round()
    assert [(each["event"], each["log_level"]) for each in logs] == [("copy_not_secured", "error")]
    assert here.locked_until(segment) == (THREE_YEARS, THREE_YEARS)
    here.store.locks, here.keep_until = True, THREE_YEARS + timedelta(days=1)
    here.clock.advance(ASK_AGAIN.total_seconds())
    assert here.round() == 1
    assert here.locked_until(segment) == (here.keep_until, here.keep_until)
    assert here.lost() == []


def test_a_spool_that_is_not_mounted_is_not_asked_and_another_hosts_is_none_of_ours(here: Setting) -> None:
    segment = here.footage.close_segment(0)
    marker = (here.spool / MARKER).read_bytes()
    (here.spool / MARKER).unlink()
    here.footage.path(segment).unlink()
    here.clock.advance(REREAD_AFTER.total_seconds())
    assert here.round() == 0
    (here.spool / MARKER).write_bytes(b"another\n")
    assert here.round() == 0
    assert here.lost() == []
    (here.spool / MARKER).write_bytes(marker)
    assert here.round() == 1
    assert here.lost() == [(segment.key, Place.SPOOL, SegmentState.MISSING)]


def test_a_copy_that_was_removed_in_order_meanwhile_is_no_loss(here: Setting) -> None:
    segment = kept(here)
    here.clock.advance(REREAD_AFTER.total_seconds())
    whole = here.archive.reread

    def evicted_meanwhile(segment: Segment, copy: object, pace: object) -> Why | None:
        if here.footage.path(segment).exists():
            evidence = here.database.evidence
            evidence.tombstone_copy(segment.key, Place.SPOOL, str(here.spool), here.clock.now(), "spool-1")
            here.footage.path(segment).unlink()
        return whole(segment, copy, pace)  # type: ignore[arg-type]

    here.archive.reread = evicted_meanwhile  # type: ignore[method-assign]
    here.round()
    assert here.lost() == []
    assert here.standing(segment) == [Place.S3]


def test_bytes_that_are_right_the_second_time_are_no_loss(here: Setting) -> None:
    segment = kept(here)
    here.clock.advance(REREAD_AFTER.total_seconds())
    whole, asked = here.archive.reread, []

    def once_wrong(segment: Segment, copy: object, pace: object) -> Why | None:
        asked.append(copy)
        return Why.DAMAGED if len(asked) == 1 else whole(segment, copy, pace)  # type: ignore[arg-type]

    here.archive.reread = once_wrong  # type: ignore[method-assign]
    here.round()
    assert len(asked) == 3
    assert here.lost() == []
    assert here.standing(segment) == [Place.SPOOL, Place.S3]


def test_what_is_due_longest_goes_first_and_a_stop_ends_a_round(here: Setting) -> None:
    segments = [here.footage.close_segment(minute) for minute in range(AT_ONCE + 3)]
    here.clock.advance(2 * REREAD_AFTER.total_seconds())
    assert here.round() == AT_ONCE
    due = here.database.evidence.due_copies(here.clock.now(), 100, ["spool-1"], [])
    assert [segment.key for segment, _ in due] == [segment.key for segment in segments[AT_ONCE:]]
    stop = threading.Event()
    stop.set()
    assert here.rereader.round(stop) == 0
    assert here.database.evidence.count_due_copies(here.clock.now(), 100) == 3


def test_reading_keeps_to_its_pace(here: Setting) -> None:
    segment = here.footage.close_segment(0)
    here.clock.advance(REREAD_AFTER.total_seconds())
    paces: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            paces.append(timeout or 0.0)
            return False

    here.reading(1000.0).round(Stop())
    assert sum(paces) == pytest.approx(segment.size_bytes / 1000)
