"""The disk fills up in mid-sitting: what is proven elsewhere goes first, and nothing else ever does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.evidence import Place, Segment
from ingest.disk import HostDisk
from ingest.eviction import REST_S, Eviction
from ingest.reconcile import reconcile
from ingest.spool import Spool, SpoolFull, segment_key
from storage.archive import Archive
from storage.confirming import Confirmed, Unconfirmed, confirm_in
from storage.database import Database, connect
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.storage.footage import Footage

KEPT_UNTIL = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)
NEW = segment_key("site/batch-1/cam-1", NOON + timedelta(hours=1))
FILE_BYTES = len(b"minute 0 " * 500)


class _KilledError(BaseException):
    """The process ends here."""


class SmallDisk(HostDisk):
    """This host's file system with room for so many bytes; it may kill who calls it."""

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.kills_at = ""

    def free_bytes(self, root: Path) -> int:
        return self.capacity_bytes - sum(path.stat().st_size for path in root.rglob("*.mp4*"))

    def remove(self, path: Path) -> None:
        if self.kills_at == "remove":
            raise _KilledError
        super().remove(path)

    def sync_folder(self, folder: Path) -> None:
        if self.kills_at == "sync":
            raise _KilledError
        super().sync_folder(folder)


@dataclass
class Night:
    """A full spool of four files, a store that holds what was kept, and what makes room."""

    database: Database
    store: MemoryObjects
    disk: SmallDisk
    spool: Spool
    eviction: Eviction
    archive: Archive
    clock: FakeClock
    segments: list[Segment]

    def keep(self, *numbers: int) -> None:
        for number in numbers:
            self.archive.keep(self.segments[number])

    def held(self) -> list[bool]:
        """Which files lie in the spool."""
        return [self.spool.holds(segment.key) for segment in self.segments]

    def claimed(self) -> list[bool]:
        """Which of them a row says are there."""
        keys = self.database.evidence.spool_keys(self.spool.name)
        return [segment.key in keys for segment in self.segments]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    database = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    root, clock = tmp_path / "spool", FakeClock()
    footage = Footage(database, root)
    segments = [footage.close_segment(minute) for minute in (2, 0, 1, 3)]
    segments.sort(key=lambda segment: segment.interval.start)
    store = MemoryObjects(clock=clock)
    disk = SmallDisk(4 * FILE_BYTES + 100)
    spool = Spool(root, 100, disk)

    def confirmed(segment: Segment) -> Confirmed:
        return confirm_in([store], segment, database.evidence.copies([segment.key])[segment.key], clock.now())

    eviction = Eviction(database.evidence, spool, confirmed, clock)
    spool.make_room = eviction.round
    archive = Archive(database.evidence, store, root, lambda _: KEPT_UNTIL, clock)
    yield Night(database, store, disk, spool, eviction, archive, clock, segments)
    database.close()


def test_the_oldest_proven_file_goes_before_the_spool_calls_itself_full(night: Night) -> None:
    night.keep(0, 1, 2, 3)
    night.spool.create(NEW).abandon()
    assert night.held() == night.claimed() == [False, True, True, True]


def test_a_file_that_lies_nowhere_else_stays_however_full_the_disk_is(night: Night) -> None:
    night.keep(2)
    night.disk.capacity_bytes = 0
    with pytest.raises(SpoolFull):
        night.spool.create(NEW)
    assert night.held() == night.claimed() == [True, True, False, True]


def test_what_was_evicted_is_read_from_the_store_and_its_row_says_where_it_is(night: Night) -> None:
    night.keep(0)
    night.eviction.round()
    segment = night.segments[0]
    rows = night.database.evidence.copies([segment.key])[segment.key]
    assert [(row.place, row.removed) for row in rows] == [(Place.SPOOL, NOON), (Place.S3, None)]
    with night.archive.opened(segment) as file:
        assert file.read() == night.store.read(segment.key)
    assert night.archive.read(segment, 0, 8) == b"minute 0"


def test_a_start_after_an_eviction_misses_nothing(night: Night) -> None:
    night.keep(0)
    night.eviction.round()
    assert reconcile(night.database.evidence, night.spool, night.clock.now()).copies_gone == 0
    assert night.held() == night.claimed() == [False, True, True, True]


@pytest.mark.parametrize("harm", ["flip_a_byte", "destroy"])
def test_a_copy_that_the_store_does_not_give_back_is_no_reason_to_remove_anything(night: Night, harm: str) -> None:
    night.keep(0, 1)
    getattr(night.store, harm)(night.segments[0].key)
    assert night.eviction.round() == 1
    assert night.held() == night.claimed() == [True, False, True, True]


def test_a_copy_whose_lock_is_over_is_no_reason_to_remove_anything(night: Night) -> None:
    night.keep(0, 1, 2, 3)
    night.clock.step((KEPT_UNTIL - NOON).total_seconds() + 1)
    assert night.eviction.round() == 0
    assert night.held() == [True] * 4


def test_nothing_is_removed_while_the_store_is_away_and_room_is_made_when_it_is_back(night: Night) -> None:
    night.keep(0)
    night.store.down = True
    with pytest.raises(Unconfirmed, match="switched off"):
        night.eviction.round()
    assert night.held() == [True] * 4
    night.store.down = False
    assert night.eviction.round() == 1


def test_nothing_is_removed_while_there_is_room(night: Night) -> None:
    night.keep(0, 1, 2, 3)
    night.disk.capacity_bytes += 101
    assert night.eviction.round() == 0
    assert night.held() == [True] * 4


def test_who_finds_nothing_to_remove_rests_before_asking_again(night: Night) -> None:
    assert night.eviction.round() == 0
    night.keep(0)
    assert night.eviction.round() == 0
    night.clock.advance(REST_S)
    assert night.eviction.round() == 1


def test_files_of_cameras_that_another_process_keeps_are_left_to_it(night: Night) -> None:
    night.keep(0)
    other = Eviction(night.database.evidence, night.spool, lambda _: pytest.fail(), night.clock, lambda _: False)
    assert other.round() == 0


def test_killed_between_row_and_file_the_next_start_claims_the_file_again(night: Night) -> None:
    night.keep(0)
    night.disk.kills_at = "remove"
    with pytest.raises(_KilledError):
        night.eviction.round()
    assert night.held() == [True] * 4
    assert night.claimed() == [False, True, True, True]
    night.disk.kills_at = ""
    for _ in range(2):
        reconcile(night.database.evidence, Spool(night.spool.root, 0), night.clock.now())
        assert night.held() == night.claimed() == [True] * 4
    assert night.eviction.round() == 1


def test_killed_after_the_file_was_removed_no_row_claims_it(night: Night) -> None:
    night.keep(0)
    night.disk.kills_at = "sync"
    with pytest.raises(_KilledError):
        night.eviction.round()
    assert night.held() == night.claimed() == [False, True, True, True]
    night.disk.kills_at = ""
    assert reconcile(night.database.evidence, Spool(night.spool.root, 0), night.clock.now()).copies_gone == 0


def test_a_file_with_a_tombstone_that_is_not_what_it_was_gets_no_row(night: Night) -> None:
    night.keep(0)
    night.disk.kills_at = "remove"
    with pytest.raises(_KilledError):
        night.eviction.round()
    (night.spool.root / night.segments[0].key).write_bytes(b"something else")
    night.disk.kills_at = ""
    reconcile(night.database.evidence, night.spool, night.clock.now())
    assert night.claimed() == [False, True, True, True]
    assert night.held()[0]


class TwoStores:
    """The same night with a second store, in which every segment is to lie as well."""

    def __init__(self, night: Night) -> None:
        self.night, self.second = night, MemoryObjects("second", "second:9000", night.clock)
        evidence, root = night.database.evidence, night.spool.root
        self.archive = Archive(evidence, night.store, root, lambda _: KEPT_UNTIL, night.clock, second=self.second)
        self.eviction = Eviction(evidence, night.spool, self.confirmed, night.clock)

    def confirmed(self, segment: Segment) -> Confirmed:
        copies = self.night.database.evidence.copies([segment.key])[segment.key]
        return confirm_in([self.night.store, self.second], segment, copies, self.night.clock.now())

    def keep(self, number: int, *buckets: str) -> None:
        for bucket in buckets:
            self.archive.keep(self.night.segments[number], bucket)


def test_what_lies_in_both_stores_goes_before_what_lies_in_one_however_old(night: Night) -> None:
    two = TwoStores(night)
    two.keep(0, "memory")
    two.keep(2, "memory", "second")
    assert two.eviction.round() == 1
    assert night.held() == night.claimed() == [True, True, False, True]


def test_a_file_that_lies_in_one_store_goes_when_none_is_left_that_lies_in_both(night: Night) -> None:
    two = TwoStores(night)
    two.keep(1, "memory")
    with capture_logs() as logs:
        assert two.eviction.round() == 1
    assert night.held() == night.claimed() == [True, False, True, True]
    assert [each["event"] for each in logs if each["log_level"] == "warning"][1:] == [
        "spool_file_leaves_too_few_copies"
    ]


def test_a_second_store_that_does_not_answer_does_not_stop_recording(night: Night) -> None:
    two = TwoStores(night)
    two.keep(0, "memory", "second")
    two.keep(1, "memory", "second")
    two.second.down = True
    assert two.eviction.round() == 1
    night.store.down = True
    night.disk.capacity_bytes -= FILE_BYTES
    with pytest.raises(Unconfirmed, match="switched off"):
        two.eviction.round()


def test_a_copy_that_one_store_lost_is_not_counted_with_those_in_both(night: Night) -> None:
    two = TwoStores(night)
    for number in (0, 1):
        two.keep(number, "memory", "second")
    two.second.destroy(night.segments[0].key)
    assert two.eviction.round() == 1
    assert night.held() == [True, False, True, True]
