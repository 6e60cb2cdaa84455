"""A disk that is full to its last byte: ballast is given up, and what happens is still written down."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.evidence import CameraEvent, CameraState, Segment
from domain.timeline import Interval
from ingest.ballast import FILE, Ballast
from ingest.bookkeeper import Bookkeeper
from ingest.disk import HostDisk
from ingest.eviction import REST_S, Eviction
from ingest.spool import Spool, SpoolFull
from ingest.worker import Job
from storage.archive import Archive
from storage.confirming import Confirmed, confirm_in
from storage.database import Evidence, connect
from storage.database.connection import Engine
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.storage.footage import Footage

SIZE = 1 << 20
KEPT_UNTIL = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)
DAY = Interval(NOON - timedelta(hours=1), NOON + timedelta(hours=12))


class FakeVolume:
    """A disk of so many bytes; two folders may lie on it."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.refuses = False
        self.files: dict[Path, int] = {}

    def free_bytes(self, root: Path) -> int:
        return self.free - sum(self.files.values())

    def allocate(self, path: Path, size_bytes: int) -> None:
        self.files[path] = size_bytes
        if self.refuses:
            self.files[path] = size_bytes // 2
            raise OSError(ENOSPC, os.strerror(ENOSPC))

    def size_bytes(self, path: Path) -> int:
        return self.files.get(path, 0)

    def remove(self, path: Path) -> None:
        if self.files.pop(path, None) is None:
            raise FileNotFoundError(path)

    def device(self, root: Path) -> str:
        if root.name == "away":
            raise FileNotFoundError(root)
        return "one"


def _ballast(volume: FakeVolume, *names: str) -> Ballast:
    folders = [Path("/", name) for name in names or ("state", "spool", "away")]
    return Ballast(lambda: folders, SIZE, volume)


def test_two_folders_of_one_disk_hold_ballast_once() -> None:
    volume = FakeVolume(100 * SIZE)
    _ballast(volume).look()
    assert volume.files == {Path("/state", FILE): SIZE}


def test_ballast_is_given_up_when_the_disk_is_full_and_taken_when_there_is_plenty_again() -> None:
    volume = FakeVolume(100 * SIZE)
    ballast = _ballast(volume)
    ballast.look()
    held = []
    with capture_logs() as told:
        for free in (SIZE // 4 + 1, SIZE // 4 - 1, 0, 2 * SIZE - 1, 2 * SIZE, 0):
            volume.free = SIZE + free
            ballast.look()
            held.append(bool(volume.files))
    assert held == [True, False, False, False, True, False]
    assert [entry["event"] for entry in told] == ["ballast_given_up", "ballast_held", "ballast_given_up"]


def test_a_disk_that_refuses_the_blocks_is_left_without_half_of_them() -> None:
    volume = FakeVolume(100 * SIZE)
    volume.refuses = True
    with capture_logs() as told:
        _ballast(volume).look()
        _ballast(volume).look()
    assert volume.files == {}
    assert told[0]["event"] == "ballast_failed"


def test_ballast_of_another_size_is_replaced_by_what_is_asked_for() -> None:
    volume = FakeVolume(100 * SIZE)
    volume.files[Path("/state", FILE)] = 3 * SIZE
    ballast = _ballast(volume)
    ballast.look()
    ballast.look()
    assert volume.files == {Path("/state", FILE): SIZE}


class _ByHand:
    """A worker whose first job is done when the test says so."""

    backlog_bytes = 0

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def submit(self, job: Job, size_bytes: int = 0) -> None:
        self.jobs.append(job)

    def finish(self, timeout_s: float) -> bool:
        return not self.jobs

    def is_done(self) -> bool:
        """Try the first job; whether it does not want to be done again."""
        return self.jobs[0]() is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    root = tmp_path / "disk"
    root.mkdir()
    if not (os.geteuid() == 0 and shutil.which("mount")):
        pytest.skip("only root mounts file systems")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "kaojian", root], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield root
    subprocess.run(["umount", "--lazy", root], check=True)


def _fill(root: Path) -> None:
    with (root / "others").open("ab", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_gives_its_ballast_to_rows_and_eviction_and_not_to_footage(small_disk: Path) -> None:
    clock, store, root = FakeClock(), MemoryObjects(), small_disk / "spool"
    url = f"sqlite:///{small_disk / 'evidence.sqlite3'}"
    ballast = Ballast(lambda: [small_disk], SIZE)
    spool = Spool(root, reserve_bytes=12 << 20, floor_bytes=SIZE)
    with closing(connect(url)) as database:
        segment = Footage(database, root).close_segment(0)
        Archive(database.evidence, store, root, lambda _: KEPT_UNTIL, clock).keep(segment)
    ballast.look()
    assert (small_disk / FILE).stat().st_blocks * 512 >= SIZE
    begun = Spool(root, reserve_bytes=0, floor_bytes=SIZE).create("site/batch-1/cam-1/new.mp4")
    _fill(small_disk)

    engine = Engine(url)
    evidence = Evidence(engine)

    def confirmed(segment: Segment) -> Confirmed:
        return confirm_in([store], segment, evidence.copies([segment.key])[segment.key], clock.now())

    eviction, stop = Eviction(evidence, spool, confirmed, clock), threading.Event()
    thread = threading.Thread(target=eviction.run, args=(stop,))
    thread.start()
    rows = _ByHand()
    book = Bookkeeper(spool, evidence, clock, lambda _: rows)
    event = CameraEvent("e", "cam-1", "recorder-1", NOON, CameraState.LOST, "connection reset")
    book.add_event(event)
    try:
        assert not rows.is_done()
        eviction.make_room()
        assert spool.holds(segment.key)
        with pytest.raises(SpoolFull):
            begun.append(b"footage")

        ballast.look()
        assert not (small_disk / FILE).exists()
        assert rows.is_done()
        assert evidence.events(DAY) == [event]
        clock.advance(REST_S + 1)
        eviction.make_room()
        assert not spool.holds(segment.key)
        HostDisk().remove(root / "site/batch-1/cam-1/new.mp4.open")
        (small_disk / "others").unlink()
        ballast.look()
        assert (small_disk / FILE).stat().st_blocks * 512 >= SIZE
    finally:
        stop.set()
        thread.join()
        begun.abandon()
        engine.close()
