"""Spool and database are the queue: whatever the object store does, nothing is lost and nothing stored twice.

First over a store in memory and days of simulated time, then over a real server that is made to be half broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.evidence import Place, Segment
from storage.archive import Archive
from storage.check.comparing import Wrong
from storage.check.looking import Check
from storage.database import Database, connect
from storage.keeping import ArchiveWorker
from storage.objects import AccessRefused, ObjectDamaged, Objects, ObjectsUnavailable, S3Objects, Stored
from storage.seaweed import SeaweedServer
from tests.fakes.half_broken import Trouble, half_broken
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.objects_server import BUCKET
from tests.storage.footage import Footage

UNTIL = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)
OUTAGE = timedelta(hours=72)


class Killed(BaseException):
    """The process ends here."""


class Faulty(MemoryObjects):
    """A store that fails in the ways of ``Trouble``, one put after the other."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock)
        self.troubles: list[Trouble | type[BaseException]] = []

    def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
        trouble = self.troubles.pop(0) if self.troubles and not self.down else Trouble.NONE
        match trouble:
            case Trouble.REFUSED | Trouble.TORN:
                raise ObjectsUnavailable("503")
            case Trouble.REVOKED:
                raise AccessRefused("403")
            case Trouble.SWALLOWED:
                raise ObjectDamaged("stored, but nothing was read back")
        stored = super().put(key, path, sha256, retain_until)
        if trouble is Trouble.NONE:
            return stored
        if trouble is Trouble.OTHER_BYTES:
            self.flip_a_byte(key)
            raise ObjectDamaged("stored, but other bytes were read back")
        if trouble is Killed:
            raise Killed
        raise ObjectsUnavailable("no answer")


class Queue:
    """A recorder that goes on, and an uploader that is started again whenever it was killed."""

    def __init__(self, folder: Path) -> None:
        self.database: Database = connect(f"sqlite:///{folder / 'kaojian.db'}")
        self.spool = folder / "spool"
        self.footage = Footage(self.database, self.spool)
        self.clock = FakeClock(NOON)
        self.store = Faulty(self.clock)
        self.segments: list[Segment] = []
        self.start_uploader()

    def start_uploader(self) -> None:
        self.archive = Archive(self.database.evidence, self.store, self.spool, lambda _: UNTIL, self.clock)
        self.worker = ArchiveWorker(self.archive, self.clock)

    def record(self) -> None:
        self.segments.append(self.footage.close_segment(len(self.segments)))

    def upload(self) -> None:
        try:
            self.clock.advance(self.worker.round() or 1.0)
        except Killed:
            self.start_uploader()

    def drain(self) -> None:
        """All is well from now on."""
        self.store.troubles.clear()
        self.store.down = False
        for _ in range(40):
            self.upload()
            self.clock.advance(60)

    def faults(self) -> set[Wrong]:
        runs_end = self.segments[-1].interval.end if self.segments else NOON
        check = Check(
            self.database,
            self.archive,
            [self.store],
            [self.spool],
            clock=self.clock,
            wait=lambda _: None,
            every_byte=True,
        )
        assert runs_end
        return {found.what for found in check.findings()}


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    made = Queue(tmp_path)
    yield made
    made.database.close()


def test_an_outage_of_72_hours_loses_nothing_and_reading_goes_on_meanwhile(queue: Queue) -> None:
    queue.record()
    queue.upload()
    queue.store.down = True
    begun = queue.clock.now()
    while queue.clock.now() - begun < OUTAGE:
        queue.record()
        queue.upload()
        queue.clock.advance(1800)
        with queue.archive.opened(queue.segments[-1]) as file:
            assert file.read() == queue.footage.path(queue.segments[-1]).read_bytes()
    assert len(queue.database.evidence.segments_without_copy(Place.S3, 1000)) == len(queue.segments) - 1
    queue.drain()
    assert sorted(queue.store.stored_keys) == [segment.key for segment in queue.segments]
    assert queue.faults() == set()


TROUBLES = st.lists(st.sampled_from([*Trouble, Killed]), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(troubles=TROUBLES, steps=st.lists(st.sampled_from(["record", "upload", "down", "up", "restart"]), max_size=25))
def test_whatever_the_store_does_each_file_is_stored_and_only_wrong_ones_again(
    tmp_path: Path, troubles: list[Trouble | type[BaseException]], steps: list[str]
) -> None:
    folder = tmp_path / uuid4().hex
    folder.mkdir()
    queue = Queue(folder)
    queue.store.troubles = list(troubles)
    for step in steps:
        match step:
            case "record":
                queue.record()
            case "upload":
                queue.upload()
            case "restart":
                queue.start_uploader()
            case _:
                queue.store.down = step == "down"
    queue.drain()
    assert queue.database.evidence.segments_without_copy(Place.S3, 1) == []
    spoilt = troubles.count(Trouble.OTHER_BYTES)
    assert len(queue.store.stored_keys) <= len(queue.segments) + spoilt
    for segment in queue.segments:
        rows = [copy for copy in queue.database.evidence.copies([segment.key])[segment.key] if copy.place is Place.S3]
        assert len(rows) == 1
        data = queue.footage.path(segment).read_bytes()
        assert queue.store.read(segment.key, version_id=rows[0].version_id) == data
    assert queue.faults() <= ({Wrong.STORED_TWICE} if spoilt else set())  # what arrived wrong is locked, and stays
    queue.database.close()


@pytest.mark.parametrize("trouble", [each for each in Trouble if each is not Trouble.NONE])
def test_a_real_server_that_is_half_broken_is_kept_at_until_it_holds_the_file(
    object_server: SeaweedServer, tmp_path: Path, trouble: Trouble
) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}")
    footage = Footage(database, tmp_path / "spool", prefix=uuid4().hex)
    clock = FakeClock(NOON)
    straight = S3Objects(object_server.settings(BUCKET))
    with half_broken(object_server.settings(BUCKET), [trouble, trouble]) as broken:
        objects: Objects = S3Objects(broken.settings)
        archive = Archive(database.evidence, objects, tmp_path / "spool", lambda _: soon(), clock)
        segments = [footage.close_segment(minute) for minute in range(2)]
        worker = ArchiveWorker(archive, clock)
        for _ in range(8):
            worker.round()
            clock.advance(61)
        assert broken.met[:2] == [trouble, trouble]
    assert database.evidence.segments_without_copy(Place.S3, 1) == []
    for segment in segments:
        (row,) = (each for each in database.evidence.copies([segment.key])[segment.key] if each.place is Place.S3)
        assert straight.read(segment.key, version_id=row.version_id) == footage.path(segment).read_bytes()
        assert len(straight.versions(segment.key)) == 1
    database.close()


def soon() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
