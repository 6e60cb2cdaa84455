"""The archive: what is kept, in which order, what is never uploaded, and which copy answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.evidence import Place, Segment
from storage.archive import (
    FAILED_PAUSE_S,
    IN_FLIGHT,
    Archive,
    KeepResult,
    NoCopyAnswers,
    SpoolFileDamaged,
    SpoolFileMissing,
    UnseenSpool,
    Why,
    unseen_spools,
)
from storage.confirming import Unconfirmed, confirm
from storage.database import Database, connect
from storage.errors import DatabaseUnavailable, UnknownBatch
from storage.keeping import ArchiveWorker
from storage.objects import LockTest, ObjectsUnavailable, Stored
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.storage.footage import Footage

THREE_YEARS = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'kaojian.db'}")
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def footage(database: Database, spool: Path) -> Footage:
    return Footage(database, spool)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> MemoryObjects:
    return MemoryObjects(clock=clock)


def retained(batch: str) -> datetime:
    if batch == "unknown":
        raise UnknownBatch("no batch unknown")
    return THREE_YEARS


@pytest.fixture
def archive(database: Database, store: MemoryObjects, spool: Path, clock: FakeClock) -> Archive:
    return Archive(database.evidence, store, spool, retained, clock)


def without_store(database: Database, spool: Path) -> Archive:
    return Archive(database.evidence, None, spool, retained)


def everything(archive: Archive, segment: Segment) -> bytes:
    with archive.opened(segment) as file:
        return file.read()


# Keeping


def test_a_kept_segment_has_a_copy_row_with_what_the_store_answered(
    archive: Archive, footage: Footage, store: MemoryObjects, database: Database
) -> None:
    segment = footage.close_segment(0)
    copy = archive.keep(segment)
    assert (copy.place, copy.target, copy.device, copy.verified) == (Place.S3, store.target, store.device, NOON)
    assert (copy.version_id, copy.locked_until) == (store.stat(segment.key).version_id, THREE_YEARS)
    assert database.evidence.copies([segment.key])[segment.key][-1] == copy
    assert store.read(segment.key) == footage.path(segment).read_bytes()


def test_keeping_twice_stores_once(archive: Archive, footage: Footage, store: MemoryObjects) -> None:
    segment = footage.close_segment(0)
    assert archive.keep(segment) == archive.keep(segment)
    assert store.stored_keys == [segment.key]


def test_a_crash_between_the_store_and_the_row_stores_nothing_twice(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    segment = footage.close_segment(0)
    store.put(segment.key, footage.path(segment), segment.sha256, THREE_YEARS)
    assert archive.keep_pending().kept == (segment.key,)
    assert store.stored_keys == [segment.key]


def test_pending_segments_are_kept_oldest_first_and_up_to_the_limit(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    third, first, second = (footage.close_segment(minute).key for minute in (2, 0, 1))
    assert archive.keep_pending(limit=2) == KeepResult(kept=(first, second))
    assert archive.keep_pending(limit=2) == KeepResult(kept=(third,))
    assert archive.keep_pending(limit=2) == KeepResult()
    assert store.stored_keys == [first, second, third]


def test_bytes_flipped_in_the_spool_are_not_uploaded_but_reported(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    damaged, sound = footage.close_segment(0), footage.close_segment(1)
    footage.damage(damaged)
    result = archive.keep_pending()
    assert result.kept == (sound.key,)
    assert [(failure.key, "not what it was" in failure.reason) for failure in result.failed] == [(damaged.key, True)]
    assert store.stored_keys == [sound.key]
    with pytest.raises(SpoolFileDamaged):
        archive.keep(damaged)


def test_a_spool_file_cut_short_is_not_uploaded(archive: Archive, footage: Footage, store: MemoryObjects) -> None:
    segment = footage.close_segment(0)
    footage.path(segment).write_bytes(footage.path(segment).read_bytes()[:-1])
    with pytest.raises(SpoolFileDamaged):
        archive.keep(segment)
    assert store.stored_keys == []


def test_a_missing_spool_file_is_reported_and_does_not_hold_up_the_others(archive: Archive, footage: Footage) -> None:
    lost, there = footage.close_segment(0), footage.close_segment(1)
    footage.path(lost).unlink()
    result = archive.keep_pending(limit=1)
    assert (result.kept, [failure.key for failure in result.failed]) == ((), [lost.key])
    assert archive.keep_pending(limit=1) == KeepResult(kept=(there.key,))
    with pytest.raises(SpoolFileMissing):
        archive.keep(lost)


def test_a_failed_segment_is_tried_again_after_its_rest(archive: Archive, footage: Footage, clock: FakeClock) -> None:
    segment = footage.close_segment(0)
    data = footage.path(segment).read_bytes()
    footage.path(segment).unlink()
    assert len(archive.keep_pending().failed) == 1
    footage.path(segment).write_bytes(data)
    assert archive.keep_pending() == KeepResult()
    clock.advance(FAILED_PAUSE_S)
    assert archive.keep_pending() == KeepResult(kept=(segment.key,))


def test_a_segment_whose_retention_nobody_knows_is_not_stored(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    footage.close_segment(0, batch="unknown")
    assert [failure.reason for failure in archive.keep_pending().failed] == ["no batch unknown"]
    assert store.stored_keys == []


def test_a_store_that_gives_back_other_bytes_earns_no_copy_row(
    archive: Archive, footage: Footage, store: MemoryObjects, database: Database
) -> None:
    segment = footage.close_segment(0)
    store.damages_puts = True
    assert len(archive.keep_pending().failed) == 1
    assert [copy.place for copy in database.evidence.copies([segment.key])[segment.key]] == [Place.SPOOL]


def test_a_store_that_locks_nothing_earns_no_copy_row(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    archive.keep_pending()  # its locks hold at the start
    footage.close_segment(0)
    store.locks = False
    assert "without lock" in archive.keep_pending().failed[0].reason


@pytest.mark.parametrize("switch", ["down", "refuses_us"])
def test_a_store_that_is_lost_ends_the_round_and_the_queue_drains_when_it_is_back(
    archive: Archive, footage: Footage, store: MemoryObjects, switch: str
) -> None:
    keys = tuple(footage.close_segment(minute).key for minute in range(3))
    setattr(store, switch, True)
    result = archive.keep_pending()
    assert (result.kept, result.failed) == ((), ())
    assert result.lost is not None
    setattr(store, switch, False)
    assert archive.keep_pending() == KeepResult(kept=keys)


def test_without_a_store_nothing_is_kept_and_reading_works_from_the_spool(
    database: Database, spool: Path, footage: Footage
) -> None:
    archive = without_store(database, spool)
    segment = footage.close_segment(0)
    assert not archive.keeps
    assert archive.keep_pending() == KeepResult()
    assert everything(archive, segment) == footage.path(segment).read_bytes()
    with pytest.raises(ObjectsUnavailable):
        archive.keep(segment)


# Opening


def test_the_spool_answers_first_and_the_store_is_not_asked(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    segment = footage.close_segment(0)
    archive.keep(segment)
    store.down = True
    assert everything(archive, segment) == footage.path(segment).read_bytes()
    assert archive.read(segment, 7, 5) == footage.path(segment).read_bytes()[7:12]


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_the_store_answers_when_the_spool_does_not(archive: Archive, footage: Footage, harm: str) -> None:
    segment = footage.close_segment(0)
    data = footage.path(segment).read_bytes()
    archive.keep(segment)
    if harm == "gone":
        footage.path(segment).unlink()
    else:
        footage.damage(segment)
    assert everything(archive, segment) == data
    assert archive.read(segment, 7, 5) == data[7:12]


def test_an_opened_segment_can_be_sought_in(archive: Archive, footage: Footage) -> None:
    segment = footage.close_segment(0)
    archive.keep(segment)
    data = footage.path(segment).read_bytes()
    footage.path(segment).unlink()
    with archive.opened(segment) as file:
        assert file.seek(-10, 2) == len(data) - 10
        assert file.read() == data[-10:]


def test_a_range_ends_where_the_segment_ends(archive: Archive, footage: Footage) -> None:
    segment = footage.close_segment(0, data=b"0123456789")
    archive.keep(segment)
    for _ in ("spool", "store"):
        assert archive.read(segment, 8, 100) == b"89"
        assert archive.read(segment, 10, 1) == b""
        assert archive.read(segment, 99, 1) == b""
        footage.path(segment).unlink(missing_ok=True)


def test_a_removed_copy_is_not_asked(archive: Archive, footage: Footage, database: Database, spool: Path) -> None:
    segment = footage.close_segment(0)
    database.evidence.tombstone_copy(segment.key, Place.SPOOL, str(spool), NOON, "spool-1")
    with pytest.raises(NoCopyAnswers, match="all were removed") as refused:
        archive.read(segment, 0, 1)
    assert not refused.value.unreachable
    assert not refused.value.damaged


def test_a_store_that_is_down_leaves_it_open_whether_the_footage_exists(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    segment = footage.close_segment(0)
    archive.keep(segment)
    footage.path(segment).unlink()
    store.down = True
    with pytest.raises(NoCopyAnswers) as refused:
        everything(archive, segment)
    assert [refusal.why for refusal in refused.value.refusals] == [Why.MISSING, Why.UNREACHABLE]
    assert refused.value.unreachable


def test_footage_gone_from_every_place_is_known_to_be_missing(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    segment = footage.close_segment(0)
    archive.keep(segment)
    footage.path(segment).unlink()
    store.destroy(segment.key)
    with pytest.raises(NoCopyAnswers) as refused:
        everything(archive, segment)
    assert [refusal.why for refusal in refused.value.refusals] == [Why.MISSING, Why.MISSING]


def test_footage_damaged_in_every_place_is_known_to_be_damaged(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    segment = footage.close_segment(0)
    archive.keep(segment)
    footage.damage(segment)
    store.flip_a_byte(segment.key)
    with pytest.raises(NoCopyAnswers) as refused:
        everything(archive, segment)
    assert refused.value.damaged
    assert not refused.value.unreachable


def test_a_spool_whose_disk_is_not_mounted_has_lost_nothing(
    archive: Archive, footage: Footage, spool: Path, tmp_path: Path
) -> None:
    segment = footage.close_segment(0)
    data = footage.path(segment).read_bytes()
    disk = spool.rename(tmp_path / "unmounted")
    for _ in ("no folder", "an empty folder"):
        with pytest.raises(NoCopyAnswers) as refused:
            everything(archive, segment)
        assert [refusal.why for refusal in refused.value.refusals] == [Why.UNREACHABLE]
        spool.mkdir(exist_ok=True)
    spool.rmdir()
    disk.rename(spool)
    assert everything(archive, segment) == data


@pytest.mark.parametrize(
    "of", [{"device": "elsewhere:8:1", "spool": ""}, {"device": "", "spool": ""}, {"spool": "spool-2"}]
)
def test_a_file_in_the_spool_of_another_host_is_not_missing_here(
    archive: Archive, footage: Footage, database: Database, of: dict[str, str]
) -> None:
    here = footage.close_segment(0)
    (copy,) = database.evidence.copies([here.key])[here.key]
    there = replace(here, key=here.key.replace(".mp4", "-b.mp4"))
    database.evidence.add_segment(there, replace(copy, segment=there.key, **of))  # type: ignore[arg-type]
    with pytest.raises(NoCopyAnswers) as refused:
        everything(archive, there)
    assert refused.value.unreachable
    assert unseen_spools(database.evidence, [here, there]) == [
        UnseenSpool(copy.target, of.get("device", copy.device), 1)
    ]
    archive_copy = replace(copy, segment=there.key, place=Place.S3, target="bucket")
    database.evidence.add_copy(archive_copy)
    assert unseen_spools(database.evidence, [here, there]) == []


def test_a_spool_that_was_moved_is_found_under_its_new_root(
    database: Database, footage: Footage, spool: Path, tmp_path: Path
) -> None:
    segment = footage.close_segment(0)
    data = footage.path(segment).read_bytes()
    moved = spool.rename(tmp_path / "elsewhere")
    assert everything(without_store(database, moved), segment) == data


# The worker


class ScriptedStop(threading.Event):
    """Takes down each pause instead of waiting, lets acts happen in it, and is set after the last one."""

    def __init__(self, clock: FakeClock, acts: dict[int, Any], pauses: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._clock = clock
        self._acts = acts
        self._last = pauses

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._clock.advance(timeout)
        self.pauses.append(timeout)
        self._acts.get(len(self.pauses), lambda: None)()
        if len(self.pauses) >= self._last:
            self.set()
        return self.is_set()


def test_a_store_down_at_the_start_is_reported_once_and_once_when_back(
    archive: Archive, footage: Footage, store: MemoryObjects, clock: FakeClock
) -> None:
    for minute in range(3):
        footage.close_segment(minute)
    store.down = True
    stop = ScriptedStop(clock, {6: lambda: setattr(store, "down", False)}, pauses=8)
    with capture_logs() as logs:
        ArchiveWorker(archive, clock).run(stop)
    assert stop.pauses == [1, 2, 4, 8, 15, 15, 1, 1]
    lost, back = (entry for entry in logs if entry["log_level"] != "debug")
    assert (lost["event"], lost["reason"]) == ("objects_lost", "switched off")
    assert (back["event"], back["seconds"]) == ("objects_back", 45.0)
    assert len(store.stored_keys) == 3


def test_a_full_round_is_followed_by_the_next_without_a_pause(
    archive: Archive, footage: Footage, store: MemoryObjects, clock: FakeClock
) -> None:
    for minute in range(5):
        footage.close_segment(minute)
    stop = ScriptedStop(clock, {}, pauses=3)
    ArchiveWorker(archive, clock, at_once=2).run(stop)
    assert stop.pauses == [0, 0, 1]
    assert len(store.stored_keys) == 5


def test_a_segment_that_fails_for_itself_is_reported_once(
    archive: Archive, footage: Footage, clock: FakeClock
) -> None:
    segment = footage.close_segment(0)
    footage.damage(segment)
    stop = ScriptedStop(clock, {}, pauses=int(FAILED_PAUSE_S) * 2 + 5)
    with capture_logs() as logs:
        ArchiveWorker(archive, clock).run(stop)
    assert [(entry["event"], entry["segment"]) for entry in logs] == [("segment_not_kept", segment.key)]


def test_a_database_that_does_not_answer_is_reported_once_and_tried_again(clock: FakeClock) -> None:
    class Locked(Archive):
        def __init__(self) -> None:
            self.rounds = 0

        def keep_pending(self, limit: int = 1, bucket: str | None = None) -> KeepResult:
            self.rounds += 1
            if self.rounds < 4:
                raise DatabaseUnavailable("the disk is full")
            return KeepResult()

    archive, stop = Locked(), ScriptedStop(clock, {}, pauses=5)
    with capture_logs() as logs:
        ArchiveWorker(archive, clock).run(stop)
    assert [entry["event"] for entry in logs] == ["archive_round_failed"]
    assert stop.pauses == [1, 2, 4, 1, 1]


def test_a_worker_told_to_stop_before_it_began_does_nothing(
    archive: Archive, footage: Footage, store: MemoryObjects
) -> None:
    footage.close_segment(0)
    stop = threading.Event()
    stop.set()
    ArchiveWorker(archive).run(stop)
    assert store.stored_keys == []


def test_retention_counts_from_the_batch_and_not_from_the_upload(
    database: Database, spool: Path, footage: Footage, store: MemoryObjects, clock: FakeClock
) -> None:
    archive = Archive(database.evidence, store, spool, lambda _: NOON + timedelta(days=1), clock)
    segment = footage.close_segment(0)
    clock.advance(3600)
    assert archive.keep(segment).locked_until == NOON + timedelta(days=1)


def test_a_store_that_lets_locked_objects_go_is_given_nothing_and_is_asked_again(
    archive: Archive, footage: Footage, store: MemoryObjects, clock: FakeClock
) -> None:
    segment = footage.close_segment(0)
    store.locks = False
    stop = ScriptedStop(clock, {3: lambda: setattr(store, "locks", True)}, pauses=6)
    told: list[KeepResult] = []
    with capture_logs() as logs:
        ArchiveWorker(archive, clock, tell=told.append).run(stop)
    assert stop.pauses == [1, 2, 4, 1, 1, 1]
    assert [entry["event"] for entry in logs if entry["log_level"] != "debug"] == ["objects_lost", "objects_back"]
    assert "no lock holds: deleted an object that was locked" in logs[0]["reason"]
    assert [each.lost is None for each in told] == [False, True]
    assert store.stored_keys == [segment.key]


def test_another_server_behind_the_same_address_is_tried_when_it_is_back(
    archive: Archive, footage: Footage, store: MemoryObjects, clock: FakeClock
) -> None:
    footage.close_segment(0)
    assert archive.keep_pending().kept
    footage.close_segment(1)
    store.down = True
    assert archive.keep_pending().lost == "switched off"
    store.down = store.locks = False
    lost = archive.keep_pending().lost
    assert lost is not None
    assert "no lock holds" in lost
    assert len(store.stored_keys) == 1


def test_a_store_whose_locks_do_not_hold_may_be_allowed_and_no_row_calls_its_copies_locked(
    database: Database, spool: Path, footage: Footage, store: MemoryObjects, clock: FakeClock
) -> None:
    segment, lying = footage.close_segment(0), LyingObjects(store)
    archive = Archive(database.evidence, lying, spool, lambda _: THREE_YEARS, clock, allow_unlocked=True)
    stop = ScriptedStop(clock, {}, pauses=3)
    told: list[KeepResult] = []
    with capture_logs() as logs:
        ArchiveWorker(archive, clock, tell=told.append).run(stop)
    warned = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [entry["event"] for entry in warned] == ["locks_do_not_hold"]
    assert "can delete what is stored" in warned[0]["lost"]
    assert [each.unlocked for each in told] == ["deleted what it had locked"]
    (copy,) = [each for each in database.evidence.copies([segment.key])[segment.key] if each.place is Place.S3]
    assert copy.locked_until is None
    assert archive.secure(segment, copy) is None
    with pytest.raises(Unconfirmed, match="no lock holds"):
        confirm(segment, [copy], lying, clock.now())


def test_where_it_is_allowed_and_locks_do_hold_rows_say_so(
    database: Database, spool: Path, footage: Footage, store: MemoryObjects, clock: FakeClock
) -> None:
    archive = Archive(database.evidence, store, spool, lambda _: THREE_YEARS, clock, allow_unlocked=True)
    assert archive.keep(footage.close_segment(0)).locked_until == THREE_YEARS
    assert archive.keep_pending() == KeepResult()


class LyingObjects(MemoryObjects):
    """Says that what it holds is locked, and deletes it."""

    def __init__(self, other: MemoryObjects) -> None:
        super().__init__(clock=other.clock)

    def self_test(self) -> LockTest:
        return LockTest(False, "deleted what it had locked")


class Meeting(MemoryObjects):
    """Takes nothing before as many are being stored at once as are wanted."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.meeting = threading.Barrier(wanted, timeout=30)

    def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
        self.meeting.wait()
        return super().put(key, path, sha256, retain_until)


def test_the_next_segment_is_sent_while_the_one_before_is_read_back(
    database: Database, spool: Path, footage: Footage, clock: FakeClock
) -> None:
    archive = Archive(database.evidence, Meeting(IN_FLIGHT), spool, retained, clock)
    segments = [footage.close_segment(minute) for minute in range(2 * IN_FLIGHT)]
    assert archive.keep_pending().kept == tuple(segment.key for segment in segments)


def test_when_the_store_is_lost_no_more_than_those_in_flight_were_tried(
    database: Database, spool: Path, footage: Footage, clock: FakeClock
) -> None:
    class Losing(MemoryObjects):
        tried = 0

        def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
            Losing.tried += 1
            raise ObjectsUnavailable("switched off")

    archive = Archive(database.evidence, Losing(), spool, retained, clock)
    for minute in range(10):
        footage.close_segment(minute)
    assert archive.keep_pending().lost == "switched off"
    assert 1 <= Losing.tried <= IN_FLIGHT
