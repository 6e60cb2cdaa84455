"""Two object stores: every file comes to lie in both, whatever happens to one of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from domain.evidence import Copy, Place, Segment
from storage.archive import OTHERS_EVERY_S, Archive, OutOfReach, SpoolFileMissing
from storage.check.comparing import Wrong
from storage.check.looking import Check
from storage.confirming import confirm_in
from storage.database import Database, connect
from storage.keeping import ArchiveWorker
from storage.manifest import keeping
from storage.mirroring import Mirror
from storage.objects import ObjectsUnavailable
from storage.rereading import Rereader
from tests.closed_batches import closed_twice
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.storage.footage import Footage

UNTIL = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)


@dataclass
class Two:
    """A spool, two stores, and the archive over them."""

    database: Database
    first: MemoryObjects
    second: MemoryObjects
    spool: Path
    clock: FakeClock
    footage: Footage

    @property
    def archive(self) -> Archive:
        """A process that begins."""
        return Archive(
            self.database.evidence, self.first, self.spool, lambda _: UNTIL, self.clock, second=self.second
        )

    def keep_all(self) -> None:
        archive = self.archive
        for store in (self.first, self.second):
            while archive.keep_pending(bucket=store.target).kept:
                continue

    def where(self, segment: Segment) -> list[str]:
        """The buckets in which it stands by its rows."""
        copies = self.database.evidence.copies([segment.key])[segment.key]
        return sorted(each.target for each in copies if each.place is Place.S3 and each.removed is None)

    def copy(self, segment: Segment, bucket: str) -> Copy:
        copies = self.database.evidence.copies([segment.key])[segment.key]
        return next(each for each in copies if each.target == bucket and each.removed is None)

    def waiting(self) -> int:
        evidence = self.database.evidence
        return evidence.count_without_copy(Place.S3, 100) + evidence.count_in_too_few_stores(100)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    database = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    clock, spool = FakeClock(), tmp_path / "spool"
    first = MemoryObjects("first", "first:9000", clock)
    second = MemoryObjects("second", "second:9000", clock)
    yield Two(database, first, second, spool, clock, Footage(database, spool))
    database.close()


def test_every_file_comes_to_lie_in_both_once(two: Two) -> None:
    segments = [two.footage.close_segment(minute) for minute in range(3)]
    two.keep_all()
    keys = [segment.key for segment in segments]
    assert [two.where(segment) for segment in segments] == [["first", "second"]] * 3
    assert sorted(two.first.stored_keys) == sorted(two.second.stored_keys) == keys
    assert two.waiting() == 0


def test_one_store_away_keeps_nothing_from_the_other_and_gets_all_when_it_is_back(two: Two) -> None:
    two.second.down = True
    segments = [two.footage.close_segment(minute) for minute in range(3)]
    archive = two.archive
    assert archive.keep_pending(bucket="second").lost == "switched off"
    assert len(archive.keep_pending(bucket="first").kept) == 3
    assert two.waiting() == 3
    two.second.down = False
    assert set(archive.keep_pending(bucket="second").kept) == {segment.key for segment in segments}
    assert two.waiting() == 0


def test_what_waits_for_the_other_store_is_taken_the_newest_first(two: Two) -> None:
    segments = [two.footage.close_segment(minute) for minute in range(3)]
    archive = two.archive
    archive.keep_pending(bucket="first")
    assert archive.keep_pending(limit=2, bucket="second").kept == (segments[2].key, segments[1].key)


def test_a_file_that_its_spool_gave_up_comes_from_the_first_store(two: Two) -> None:
    segment = two.footage.close_segment(0)
    two.archive.keep(segment, "first")
    two.footage.path(segment).unlink()
    copy = two.archive.keep(segment, "second")
    assert (copy.target, copy.device) == ("second", "second:9000")
    assert two.second.read(segment.key) == two.first.read(segment.key)


@pytest.mark.parametrize("harm", ["flip_a_byte", "destroy"])
def test_what_one_store_lost_is_made_again_from_the_other(two: Two, harm: str) -> None:
    segment = two.footage.close_segment(0)
    two.keep_all()
    two.footage.path(segment).unlink()
    getattr(two.first, harm)(segment.key)
    two.clock.advance(timedelta(days=2).total_seconds())
    Rereader(
        two.database.evidence,
        two.archive,
        [],
        every=timedelta(days=30),
        bytes_per_s=1e12,
        clock=two.clock,
    ).round(threading.Event())
    assert two.where(segment) == ["second"]
    two.keep_all()
    assert two.where(segment) == ["first", "second"]
    assert sha256(two.first.read(segment.key)).hexdigest() == segment.sha256


def test_wrong_bytes_of_one_store_never_get_into_the_other(two: Two) -> None:
    segment = two.footage.close_segment(0)
    two.archive.keep(segment, "first")
    two.footage.path(segment).unlink()
    two.first.flip_a_byte(segment.key)
    with pytest.raises(SpoolFileMissing, match="no spool or store"):
        two.archive.keep(segment, "second")
    assert two.second.stored_keys == []


def test_footage_from_before_there_was_a_second_store_follows_batch_by_batch_the_newest_first(two: Two) -> None:
    old = two.footage.close_segment(0, batch="batch-1")
    young = two.footage.close_segment(600, batch="batch-2")
    alone = Archive(two.database.evidence, two.first, two.spool, lambda _: UNTIL, two.clock)
    alone.keep_pending()
    assert two.waiting() == 0
    archive = two.archive
    assert archive.keep_pending(bucket="second").kept == ()
    two.clock.advance(OTHERS_EVERY_S)
    assert archive.keep_pending(bucket="second").kept == (young.key,)
    archive.keep_pending(bucket="second")
    assert archive.keep_pending(bucket="second").kept == (old.key,)
    assert two.waiting() == 0


def test_a_store_that_has_all_looks_for_what_the_other_has_now_and_then_only(two: Two) -> None:
    two.footage.close_segment(0)
    two.keep_all()
    archive = two.archive
    while archive.keep_pending(bucket="second").kept or archive.keep_pending(bucket="second").kept:
        continue
    late = two.footage.close_segment(1)
    archive.keep(late, "first")
    assert archive.keep_pending(bucket="second").kept == ()
    two.clock.advance(OTHERS_EVERY_S)
    assert archive.keep_pending(bucket="second").kept == (late.key,)


def test_where_there_is_one_store_again_nothing_waits_for_the_other(two: Two) -> None:
    segment = two.footage.close_segment(0)
    two.archive.keep(segment, "first")
    alone = Archive(two.database.evidence, two.first, two.spool, lambda _: UNTIL, two.clock)
    assert alone.keep_pending().kept == ()
    later = two.footage.close_segment(1)
    assert alone.keep_pending().kept == (later.key,)


def test_footage_is_read_from_whichever_store_answers(two: Two) -> None:
    segment = two.footage.close_segment(0)
    data = two.footage.path(segment).read_bytes()
    two.keep_all()
    two.footage.path(segment).unlink()
    for away in (two.first, two.second):
        away.down = True
        with two.archive.opened(segment) as file:
            assert file.read() == data
        assert two.archive.read(segment, 5, 9) == data[5:14]
        away.down = False


def test_locks_and_holds_reach_both(two: Two) -> None:
    segment = two.footage.close_segment(0)
    two.keep_all()
    held = Archive(
        two.database.evidence,
        two.first,
        two.spool,
        lambda _: UNTIL + timedelta(days=1),
        two.clock,
        held=lambda _: True,
        second=two.second,
    )
    for bucket in held.buckets:
        copy = two.copy(segment, bucket)
        assert held.secure(segment, copy) == UNTIL + timedelta(days=1)
        assert held.is_held(copy)
        assert held.locked_until(copy) == UNTIL + timedelta(days=1)


def test_a_copy_in_a_bucket_that_is_not_set_up_is_out_of_reach(two: Two) -> None:
    segment = two.footage.close_segment(0)
    two.keep_all()
    alone = Archive(two.database.evidence, two.first, two.spool, lambda _: UNTIL, two.clock)
    with pytest.raises(OutOfReach, match="bucket second"):
        alone.is_held(two.copy(segment, "second"))


def test_two_stores_of_one_name_or_a_second_without_a_first_are_refused(two: Two) -> None:
    twin = MemoryObjects("first", "other:9000", two.clock)
    with pytest.raises(ValueError, match="second store"):
        Archive(two.database.evidence, two.first, two.spool, lambda _: UNTIL, second=twin)
    with pytest.raises(ValueError, match="second store"):
        Archive(two.database.evidence, None, two.spool, lambda _: UNTIL, second=two.second)


def test_a_segment_is_confirmed_in_each_store_by_itself(two: Two) -> None:
    segment = two.footage.close_segment(0)
    two.keep_all()
    copies = two.database.evidence.copies([segment.key])[segment.key]

    def confirmed() -> tuple[int, bool, bool]:
        found = confirm_in([two.first, two.second], segment, copies, two.clock.now())
        return len(found.copies), found.refuted, found.nobody_answers

    assert confirmed() == (2, False, False)
    two.second.down = True
    assert confirmed() == (1, False, False)
    two.first.down = True
    assert confirmed() == (0, False, True)
    two.first.down = two.second.down = False
    two.second.destroy(segment.key)
    assert confirmed() == (1, True, False)


def test_a_check_looks_into_both_stores_and_writes_down_what_lies_in_the_second(two: Two) -> None:
    segment = two.footage.close_segment(0)
    two.archive.keep(segment, "first")
    two.second.put(segment.key, two.footage.path(segment), segment.sha256, UNTIL)  # killed before it wrote its row

    def check(*, mending: bool = False) -> list[Wrong]:
        stores, quick = [two.first, two.second], lambda _seconds: None
        found = Check(two.database, two.archive, stores, [two.spool], mending=mending, wait=quick).findings()
        return [each.what for each in found if each.where == "second"]

    assert check() == [Wrong.OBJECT_UNNOTED]
    assert check(mending=True) == [Wrong.OBJECT_UNNOTED]
    assert two.where(segment) == ["first", "second"]
    assert check() == []
    two.second.destroy(segment.key)
    assert check() == [Wrong.OBJECT_MISSING]
    assert check(mending=True) == [Wrong.OBJECT_MISSING]
    assert two.where(segment) == ["first"]
    two.keep_all()
    assert check() == []


def test_papers_come_to_lie_in_the_second_store_under_the_same_locks(tmp_path: Path) -> None:
    with_papers = connect(f"sqlite:///{tmp_path / 'k.sqlite3'}", NOTARY)
    made = closed_twice(with_papers, tmp_path / "spool")
    second = MemoryObjects("second", "second:9000", made.clock)
    (site,) = with_papers.closings.sites()
    assert keeping.missing(with_papers.closings, site, second)
    mirror = Mirror(made.objects, second, made.clock)
    brought = list(mirror.bring())
    assert keeping.missing(with_papers.closings, site, second) == []
    assert all(second.read(key) == made.objects.read(key) for key in brought)
    assert all(second.stat(key).locked_until == made.objects.stat(key).locked_until for key in brought)
    assert list(mirror.bring()) == []
    with_papers.close()


def test_a_paper_that_somebody_put_another_one_over_comes_as_it_was_first(tmp_path: Path) -> None:
    clock = FakeClock()
    first, second = (MemoryObjects(name, f"{name}:9000", clock) for name in ("first", "second"))
    key, file = ".manifests/sg-001/000001-abc.json", tmp_path / "paper"
    for data in (b"as it was signed", b"what somebody would like it to be"):
        file.write_bytes(data)
        first.put(key, file, sha256(data).hexdigest(), UNTIL)
    assert list(Mirror(first, second, clock).bring()) == [key]
    assert second.read(key) == b"as it was signed"


def test_a_store_that_is_away_while_papers_are_brought_says_so(tmp_path: Path) -> None:
    clock = FakeClock()
    first, second = (MemoryObjects(name, f"{name}:9000", clock) for name in ("first", "second"))
    second.down = True
    with pytest.raises(ObjectsUnavailable):
        list(Mirror(first, second, clock).bring())


def test_a_worker_for_each_store_goes_on_while_the_other_rests(two: Two) -> None:
    archive = two.archive
    workers = [ArchiveWorker(archive, two.clock, bucket=bucket) for bucket in archive.buckets]
    two.first.down = True
    segment = two.footage.close_segment(0)
    assert [worker.round() > 0 for worker in workers] == [True, True]
    assert two.where(segment) == ["second"]
    two.first.down = False
    assert workers[0].round() > 0
    assert two.where(segment) == ["first", "second"]
