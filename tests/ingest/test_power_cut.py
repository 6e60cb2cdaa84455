"""The power is cut at every call that the spool makes: what rows claim stands, and what was durable comes back."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.evidence import EndReason, Place, Recorder, Run
from domain.timeline import Interval
from ingest.bookkeeper import Bookkeeper, RunBook
from ingest.clock import RunClock
from ingest.healing import Healer
from ingest.reconcile import reconcile
from ingest.segmenter import Closed, Event, Fragment, Opened, Segmenter
from ingest.spool import Spool, segment_key
from ingest.worker import Job
from storage.database import Database, connect
from storage.spool_marker import MARKER
from tests.fakes.disk import FakeDisk, PowerCut
from tests.fakes.time import NOON, FakeClock
from tests.ingest.pictures import FPS, unit

SECONDS = 9
DAY = Interval(NOON - timedelta(hours=1), NOON + timedelta(hours=12))
ROOTS = (Path("/disk-1/spool"), Path("/disk-2/spool"))


@dataclass
class HeldWorker:
    """A Worker that does its jobs when told to, so that each test decides what waits for what."""

    jobs: deque[tuple[Job, int]] = field(default_factory=deque)
    hung: bool = False

    @property
    def backlog_bytes(self) -> int:
        return sum(size for _, size in self.jobs)

    def submit(self, job: Job, size_bytes: int = 0) -> None:
        self.jobs.append((job, size_bytes))

    def finish(self, timeout_s: float) -> bool:
        self.work()
        return not self.jobs

    def work(self, at_most: int = 1 << 30) -> None:
        while self.jobs and not self.hung and at_most > 0:
            job, _ = self.jobs.popleft()
            assert job() is None
            at_most -= 1


class Recording:
    """A recorder of two cameras on one or two fake disks, whose threads take turns by chance."""

    def __init__(self, folder: Path, empty: Path, disks: list[FakeDisk], seed: int = 0) -> None:
        shutil.copy(empty, folder / "evidence.sqlite3")
        self.database: Database = connect(f"sqlite:///{folder / 'evidence.sqlite3'}")
        self.disks = disks
        self.workers: dict[str, HeldWorker] = {}
        self.runs: list[RunBook] = []
        self._chance = random.Random(seed)
        self._clock = FakeClock()
        first, second = self.spools()[0], self._second()
        self.book = Bookkeeper(first, self.database.evidence, self._clock, self._worker, second)

    def spools(self) -> list[Spool]:
        return [Spool(root, 0, disk) for root, disk in zip(ROOTS, self.disks, strict=False)]

    def record(self, cameras: int = 2) -> None:
        """Hand in all pictures, let everything be written; cut short by PowerCut."""
        cams = [f"cam-{number}" for number in range(cameras)]
        self.runs += [self.book.new_run(Run(cam, cam, "r1", NOON)) for cam in cams]
        for batch in zip(*(self._steps(cam, run) for cam, run in zip(cams, self.runs, strict=True)), strict=True):
            for step in batch:
                step()
                for worker in self.workers.values():
                    worker.work(self._chance.randrange(6))
        self.book.finish()

    def restart(self) -> None:
        """A new life after the power came back: reconcile, then level the spools."""
        for disk in self.disks:
            disk.power_cut()
        first, *others = self.spools()
        reconcile(self.database.evidence, first, NOON + timedelta(hours=1), second=others[0] if others else None)
        self._clock.advance(3600)
        healer = Healer(self.database.evidence, self.spools(), self._clock)
        while healer.round():
            pass

    def durable(self) -> dict[str, datetime]:
        return {f"cam-{number}": run.durable_until for number, run in enumerate(self.runs)}

    def check_claims(self) -> None:
        """Every standing copy is there, under its key, with the bytes that its row tells."""
        for root, disk, spool in zip(ROOTS, self.disks, self.spools(), strict=False):
            for key in self.database.evidence.spool_keys(spool.name):
                segment = self.database.evidence.segment(key)
                assert segment is not None
                data = disk.open_reading(root / key).read()
                assert (len(data), hashlib.sha256(data).hexdigest()) == (segment.size_bytes, segment.sha256)

    def check_restored(self, durable: dict[str, datetime]) -> None:
        """Whatever was called durable belongs to a segment of its camera, without a hole."""
        for camera, until in durable.items():
            reached = NOON
            for segment in self.database.evidence.segments(camera, DAY):
                assert abs((segment.interval.start - reached).total_seconds()) < 0.001
                reached = segment.interval.end
            assert (until - reached).total_seconds() < 0.001

    def _second(self) -> Spool | None:
        spools = self.spools()
        return spools[1] if len(spools) > 1 else None

    def _worker(self, name: str) -> HeldWorker:
        return self.workers.setdefault(name, HeldWorker())

    def _steps(self, camera: str, run: RunBook) -> Iterator[Step]:
        segmenter, clock = Segmenter(4.0, 1.0), RunClock()
        for each in (unit(n) for n in range(SECONDS * FPS)):
            events = segmenter.take(each, clock.stamp(each.rtp_time, each.arrived, each.arrived_monotonic))
            yield Step(camera, run, events)
        yield Step(camera, run, segmenter.end(), last=True)


@dataclass
class Step:
    """What one picture hands to the spool."""

    camera: str
    run: RunBook
    events: list[Event]
    last: bool = False

    def __call__(self) -> None:
        for event in self.events:
            match event:
                case Opened():
                    key = segment_key(f"site/batch/{self.camera}", event.first)
                    self.run.open_file(key, "batch", event.head)
                case Fragment():
                    self.run.append(event.data, event.until)
                case Closed():
                    self.run.close_file(event)
        if self.last:
            self.run.end(NOON + timedelta(seconds=SECONDS), EndReason.NOT_NEEDED)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "evidence.sqlite3"
    database = connect(f"sqlite:///{path}")
    database.evidence.begin_recorder(Recorder("r1", "host", NOON, NOON))
    database.close()
    return path


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def _disks(count: int, seed: int = 0) -> list[FakeDisk]:
    return [FakeDisk(seed=seed + number, name=f"fake:0:{number}") for number in range(count)]


@pytest.mark.parametrize("count", [1, 2])
def test_after_a_power_cut_at_any_call_rows_tell_the_truth_and_nothing_durable_is_lost(
    tmp_path: Path, empty: Path, count: int
) -> None:
    whole = Recording(_folder(tmp_path, "whole"), empty, _disks(count))
    whole.record()
    calls = whole.disks[0].calls
    assert calls > 60
    for cut in range(1, calls + 1, count):
        recording = Recording(_folder(tmp_path, str(cut)), empty, _disks(count, seed=cut), seed=cut)
        recording.disks[0].calls_left = cut
        with suppress(PowerCut):
            recording.record()
        durable = recording.durable()
        for disk in recording.disks:
            disk.power_cut()
        recording.check_claims()
        recording.restart()
        recording.check_claims()
        recording.check_restored(durable)
        recording.database.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_power_cut_in_the_middle_of_mending_loses_nothing_either(tmp_path: Path, empty: Path, seed: int) -> None:
    recording = Recording(tmp_path, empty, _disks(2, seed), seed)
    recording.disks[0].calls_left = 40 + seed
    with suppress(PowerCut):
        recording.record()
    durable = recording.durable()
    for calls in range(1, 12):
        for disk in recording.disks:
            disk.power_cut()
            disk.calls_left = calls
        with suppress(PowerCut):
            first, second = recording.spools()
            reconcile(recording.database.evidence, first, NOON + timedelta(hours=1), second=second)
        for disk in recording.disks:
            disk.power_cut()
        recording.check_claims()
    recording.restart()
    recording.check_claims()
    recording.check_restored(durable)
    recording.database.close()


@pytest.mark.parametrize("lame", [0, 1])
@pytest.mark.parametrize("after", [0, 7, 20, 60])
def test_a_spool_that_breaks_costs_nothing_while_the_other_works_and_is_mended_later(
    tmp_path: Path, empty: Path, lame: int, after: int
) -> None:
    recording = Recording(tmp_path, empty, _disks(2))
    disk = recording.disks[lame]
    real = disk._spend

    def spend(*, torn: bool = False) -> bool:
        if disk.calls >= after:
            disk.broken = True
        return real(torn=torn)

    disk._spend = spend  # type: ignore[method-assign]
    recording.record()
    assert all(run.failure is None for run in recording.runs)
    kept = recording.database.evidence.spool_keys(recording.spools()[1 - lame].name)
    assert len(kept) == 2 * 3
    disk._spend = real  # type: ignore[method-assign]
    disk.broken = False
    recording.check_claims()
    recording.restart()
    assert recording.database.evidence.spool_keys(recording.spools()[lame].name) == kept
    recording.check_claims()
    files = {path.name for path in disk.files(ROOTS[lame]) if not path.name.startswith(MARKER)}
    assert files == {Path(key).name for key in kept}
    recording.database.close()


def test_a_spool_that_hangs_holds_up_neither_the_other_nor_the_rows(tmp_path: Path, empty: Path) -> None:
    recording = Recording(tmp_path, empty, _disks(2))
    recording.workers["spool-2"].hung = True
    recording.record()
    assert len(recording.database.evidence.spool_keys(recording.spools()[0].name)) == 2 * 3
    assert recording.database.evidence.open_runs() == []
    assert [run.durable_until for run in recording.runs] == [NOON + timedelta(seconds=SECONDS)] * 2
    recording.database.close()


def test_a_full_first_spool_is_no_full_disk_while_the_second_has_room(tmp_path: Path, empty: Path) -> None:
    recording = Recording(tmp_path, empty, _disks(2))
    recording.disks[0].full = True
    recording.record()
    assert all(run.failure is None for run in recording.runs)
    keys = recording.database.evidence.spool_keys(recording.spools()[1].name)
    assert len(keys) == 2 * 3
    for copies in recording.database.evidence.copies(sorted(keys)).values():
        assert [(copy.place, copy.target, copy.device) for copy in copies] == [
            (Place.SPOOL, str(ROOTS[1]), recording.disks[1].name)
        ]
    recording.database.close()


def test_fragments_of_all_cameras_that_wait_cost_one_sync_of_each_file(tmp_path: Path, empty: Path) -> None:
    recording = Recording(tmp_path, empty, _disks(1))
    (disk,) = recording.disks
    syncs: list[int] = []
    real = disk.sync
    disk.sync = lambda handle: (syncs.append(handle), real(handle))[1]  # type: ignore[method-assign, func-returns-value]
    runs = [recording.book.new_run(Run(cam, cam, "r1", NOON)) for cam in ("a", "b", "c")]
    for number, run in enumerate(runs):
        run.open_file(segment_key(f"site/batch/{number}", NOON), "batch", b"head")
        for second in range(1, 6):
            run.append(b"fragment", NOON + timedelta(seconds=second))
    assert [run.durable_until for run in runs] == [NOON] * 3
    recording.workers["spool"].work()
    assert [run.durable_until for run in runs] == [NOON + timedelta(seconds=5)] * 3
    assert len(syncs) - 1 == 3  # and the marker of the spool
    recording.database.close()
