"""The order in which one spool's worker writes and syncs: nothing waits for more syncs than one."""

from __future__ import annotations

from collections import deque
from functools import partial
from pathlib import Path

from domain.timeline import SystemClock
from ingest.disk import HostDisk
from ingest.spool import Spool, SpoolFile
from ingest.spool_writer import SpoolWriter
from ingest.worker import Job


class SteppedWorker:
    """A Worker that does one job when it is told to."""

    backlog_bytes = 0

    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()

    def submit(self, job: Job, size_bytes: int = 0) -> None:
        self.jobs.append(job)

    def step(self) -> None:
        assert self.jobs.popleft()() is None

    def finish(self, timeout_s: float) -> bool:
        for _ in range(len(self.jobs)):  # it takes no more
            self.step()
        return True


class WatchedDisk(HostDisk):
    """Notes what was written and synced, in order; ``during_sync`` is what happens meanwhile."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def write(self, handle: int, data: bytes) -> int:
        self.calls.append(f"write {data.decode()}")
        return super().write(handle, data)

    def sync(self, handle: int) -> None:
        self.calls.append("sync")
        super().sync(handle)


def _append(writer: SpoolWriter, file: SpoolFile, data: bytes, durable: list[bytes]) -> None:
    file.append(data)
    writer.sync_soon(file, partial(durable.append, data), lambda _: None)


def _begun(tmp_path: Path) -> tuple[WatchedDisk, SteppedWorker, SpoolWriter, list[SpoolFile]]:
    disk, worker = WatchedDisk(), SteppedWorker()
    spool = Spool(tmp_path, 0, disk)
    spool.claim(used=False)
    files = [spool.create(f"site/batch/camera/{number}.mp4") for number in range(3)]
    disk.calls.clear()
    return disk, worker, SpoolWriter(spool, worker, SystemClock()), files


def test_what_comes_during_a_sync_is_written_before_the_next_sync(tmp_path: Path) -> None:
    disk, worker, writer, files = _begun(tmp_path)
    durable: list[bytes] = []
    for number, file in enumerate(files):
        writer.submit(partial(_append, writer, file, b"%d" % number, durable))
    for _ in range(4):  # three writes and the first sync
        worker.step()
    writer.submit(partial(_append, writer, files[2], b"late", durable))
    while worker.jobs:
        worker.step()
    assert disk.calls == ["write 0", "write 1", "write 2", "sync", "sync", "write late", "sync"]
    assert durable == [b"0", b"1", b"2", b"late"]


def test_finishing_syncs_every_file_that_waits(tmp_path: Path) -> None:
    disk, worker, writer, files = _begun(tmp_path)
    durable: list[bytes] = []
    for file in files:
        writer.submit(partial(_append, writer, file, b"x", durable))
    worker.step()  # only one is written when everything is to end
    writer.finish(1.0)
    assert disk.calls.count("sync") == 3
    assert len(durable) == 3
