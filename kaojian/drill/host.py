"""The recorder's host in virtual time: its disk, its database, and the lives of the recorder that run on it.

The recorder is the real one, from supervisor to spool file and database row. Only what it stands on is replaced: the
clock, the cameras, the threads that do its jobs, and a disk and a database that can be made to fail.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.disk import HostDisk
from ingest.reconcile import reconcile
from ingest.recorder import Assignment, Cutting
from ingest.shard import Shard
from ingest.spool import Spool
from ingest.supervisor import Supervisor
from ingest.worker import Job
from kaojian.drill.camera import VirtualCamera, VirtualSource
from kaojian.drill.plan import DatabaseAway, DiskFull, DiskSlow, DiskStopped, Fault, Planned
from kaojian.drill.truth import FRAGMENT_S, Absence
from kaojian.drill.virtual_time import HostClock, VirtualLoop
from storage.database import Evidence
from storage.database.connection import Engine
from storage.errors import DatabaseUnavailable

BACKLOG_LIMIT_BYTES = 80_000
"""Some seconds of a few cameras' small pictures, so that a disk that stands still is noticed within a drill."""

_WRITE_S = 0.003  # what the disk takes for one job
_RESTART_S = 1.0  # a recorder that dies of itself is started again after this


class Host:
    """What is wrong with the host now."""

    def __init__(
        self, loop: VirtualLoop, clock: HostClock, planned: Sequence[Planned], chance: random.Random
    ) -> None:
        self.loop, self.clock, self.chance = loop, clock, chance
        self.failures: list[str] = []
        self._planned = planned

    def suffers(self, kind: type[Fault]) -> Planned | None:
        now = self.loop.time()
        return next((e for e in self._planned if isinstance(e.fault, kind) and e.at_s <= now < e.end_s), None)


class VirtualWorker:
    """A Worker on the loop: each job takes a moment, or as long as the disk stands still."""

    def __init__(self, name: str, host: Host) -> None:
        self.name, self._host = name, host
        self._jobs: deque[tuple[Job, int, float]] = deque()
        self.backlog_bytes = 0
        self._dead = False

    @property
    def oldest_s(self) -> float | None:
        """When the oldest job that is not done was handed in."""
        return self._jobs[0][2] if self._jobs else None

    def submit(self, job: Job, size_bytes: int = 0) -> None:
        if self._dead:
            return
        self._jobs.append((job, size_bytes, self._host.loop.time()))
        self.backlog_bytes += size_bytes
        if len(self._jobs) == 1:
            self._begin()

    def finish(self, timeout_s: float) -> bool:
        while self._jobs:
            if self._do_first() is not None:
                self._dead = True
                return False
        return True

    def die(self) -> tuple[Job, int] | None:
        """Forget everything; the job that was being done, and its size, when there was one."""
        self._dead = True
        job = self._jobs[0][:2] if self._jobs else None
        self._jobs.clear()
        return job

    def _begin(self) -> None:
        self._host.loop.call_later(self._takes_s(), self._work)

    def _takes_s(self) -> float:
        """How long the disk takes for a job that it begins now."""
        if self.name != "spool":
            return _WRITE_S
        stopped, slow = self._host.suffers(DiskStopped), self._host.suffers(DiskSlow)
        wait_s = stopped.end_s - self._host.loop.time() if stopped is not None else 0.0
        return wait_s + (slow.fault.job_s if slow is not None and isinstance(slow.fault, DiskSlow) else _WRITE_S)

    def _work(self) -> None:
        if self._dead or not self._jobs:
            return
        again_s = self._do_first()
        if again_s is not None:
            self._host.loop.call_later(again_s, self._work)
        elif self._jobs:
            self._begin()

    def _do_first(self) -> float | None:
        job, size_bytes, _ = self._jobs[0]
        try:
            again_s = job()
        except Exception as error:  # noqa: BLE001 (a bug of the recorder; the drill tells it)
            again_s = None
            self._host.failures.append(f"{self.name}: {error!r}")
        if again_s is None:
            self._jobs.popleft()
            self.backlog_bytes -= size_bytes
        return again_s


class VirtualDisk(HostDisk):
    """A real disk that can be made to be full: a write then ends in the middle."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def free_bytes(self, root: Path) -> int:
        return 0 if self._host.suffers(DiskFull) is not None else 1 << 40

    def write(self, handle: int, data: bytes) -> int:
        if self._host.suffers(DiskFull) is not None:
            return super().write(handle, data[: self._host.chance.randrange(len(data))])
        return super().write(handle, data)


class LivingEngine(Engine):
    """A database that one process uses until it is killed, and that can be away."""

    def __init__(self, url: str, host: Host) -> None:
        super().__init__(url)
        self._host = host
        self.killed = False

    def reading(self) -> Any:
        self._answer()
        return super().reading()

    def writing(self) -> Any:
        self._answer()
        return super().writing()

    def _answer(self) -> None:
        if self.killed or self._host.suffers(DatabaseAway) is not None:
            raise DatabaseUnavailable("the database does not answer")


class _NobodyKnows:
    """Witnesses of the host's clock: none, since the true time here is the simulation's own."""

    def ntp(self) -> None:
        return None

    def server(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Site:
    """What each life of the recorder is started with."""

    database_url: str
    spool: Path
    cameras: Mapping[str, VirtualCamera]
    wanted: Callable[[Engine], Callable[[datetime], Sequence[Assignment]]]
    segment_s: float
    workers: int

    def opened_spool(self, host: Host) -> Spool:
        return Spool(self.spool, 0, VirtualDisk(host))


class RecorderLife:
    """One process of the recorder, from its start to its end of either kind.

    ``former`` are those before it since the service was started.
    """

    def __init__(self, site: Site, host: Host, shard: Shard, name: str, former: Sequence[str]) -> None:
        self._site, self._host = site, host
        self._engine = LivingEngine(site.database_url, host)
        self._workers: list[VirtualWorker] = []
        self._stop = asyncio.Event()
        supervisor = Supervisor(
            wanted=site.wanted(self._engine),
            open_source=lambda assignment: VirtualSource(site.cameras[assignment.camera]),
            evidence=Evidence(self._engine),
            spool=site.opened_spool(host),
            cutting=Cutting(site.segment_s, FRAGMENT_S),
            clock=host.clock,
            worker=self._worker,
            witnesses=_NobodyKnows(),
            backlog_limit_bytes=BACKLOG_LIMIT_BYTES,
            recorder=name,
            shard=shard,
            former=former,
        )
        self.task = host.loop.create_task(supervisor.run(self._stop))

    async def stop(self) -> None:
        """In order, as far as the database lets it."""
        self._stop.set()
        with suppress(DatabaseUnavailable):
            await self.task
        self._engine.close()

    async def kill(self) -> float:
        """At once: what is in memory is gone, the write in hand is torn. When the oldest lost bytes came in."""
        now = self._host.loop.time()
        spool = next((worker for worker in self._workers if worker.name == "spool"), None)
        undurable = spool.oldest_s if spool is not None else None
        self._engine.killed = True
        in_hand = [job for job in [worker.die() for worker in self._workers][:1] if job is not None]
        for job, size_bytes in in_hand:
            if size_bytes:
                self._tear(job)
        self.task.cancel()
        with suppress(asyncio.CancelledError, DatabaseUnavailable):
            await self.task
        self._engine.close()
        return now if undurable is None else undurable

    def _worker(self, name: str) -> VirtualWorker:
        worker = VirtualWorker(name, self._host)
        self._workers.append(worker)
        return worker

    def _tear(self, job: Job) -> None:
        """The write was begun and not ended: any number of its bytes may be on the disk."""
        before = {path: path.stat().st_size for path in self._site.spool.rglob("*.open")}
        job()
        for path in self._site.spool.rglob("*.open"):
            grown = path.stat().st_size - before.get(path, 0)
            if grown:
                with path.open("r+b") as file:
                    file.truncate(before.get(path, 0) + self._host.chance.randrange(grown))


class _Place:
    """One of the recorder's processes: a life after another, for its share of the cameras."""

    def __init__(self, site: Site, host: Host, shard: Shard) -> None:
        self.shard = shard
        self.absences: list[Absence] = []
        self._site, self._host = site, host
        self._life: RecorderLife | None = None
        self._lives: list[str] = []  # since the service was started
        self._keeper: asyncio.Task[None] | None = None
        self._down_since: tuple[float, float, bool] | None = (0.0, 0.0, False)

    def start(self, *, afresh: bool) -> None:
        """Start a recorder, and another one when it ends for a reason of its own; ``afresh`` is with the service."""
        if afresh:
            self._lives = []
        self._keeper = self._host.loop.create_task(self._keep())

    async def end(self, *, kill: bool) -> None:
        """End the recorder and let it stay down."""
        life, self._life = self._life, None
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        now = undurable = self._host.loop.time()
        if life is not None and kill:
            undurable = await life.kill()
        elif life is not None:
            await life.stop()
        if self._down_since is None:
            self._down_since = (now, undurable, kill)

    async def _keep(self) -> None:
        while True:
            former, name = tuple(self._lives), f"{self.shard.index}-{self._host.loop.time():.6f}"
            self._lives.append(name)
            life = self._life = RecorderLife(self._site, self._host, self.shard, name, former)
            await asyncio.wait([life.task], timeout=0.05)
            if not life.task.done():
                if self._down_since is not None:
                    since, undurable, killed = self._down_since
                    self.absences.append(Absence(since, self._host.loop.time(), undurable, killed))
                self._down_since = None
                await asyncio.wait([life.task])
            if self._life is not life:
                return
            error = life.task.exception()
            if not isinstance(error, DatabaseUnavailable):
                self._host.failures.append(f"recorder: {error!r}")
            if self._down_since is None:
                self._down_since = (self._host.loop.time(), self._host.loop.time(), True)
            await asyncio.sleep(_RESTART_S)


class Service:
    """Keeps the recorder's processes, as the service does: one prepares the spool, then each has its cameras."""

    def __init__(self, site: Site, host: Host) -> None:
        self._site, self._host = site, host
        self._places = [_Place(site, host, Shard(index, site.workers)) for index in range(site.workers)]
        self._starting: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._starting = self._host.loop.create_task(self._start())

    async def end(self, *, kill: bool) -> None:
        """End all processes and let them stay down: in order, or as when their parent is killed."""
        if self._starting is not None:
            self._starting.cancel()
            with suppress(asyncio.CancelledError):
                await self._starting
        await asyncio.gather(*(place.end(kill=kill) for place in self._places))

    async def kill_one(self, worker: int, start_s: float) -> None:
        """Kill one process; it is started again, which takes so long."""
        place = self._places[worker]
        await place.end(kill=True)
        await asyncio.sleep(start_s)
        place.start(afresh=False)

    def absences(self, camera: str) -> list[Absence]:
        """When nobody recorded that camera."""
        return next(place.absences for place in self._places if place.shard.owns(camera))

    async def _start(self) -> None:
        while True:
            if self._prepared():
                break
            await asyncio.sleep(_RESTART_S)
        for place in self._places:
            place.start(afresh=True)

    def _prepared(self) -> bool:
        """What the last life of the service left behind is closed and accounted for."""
        engine = LivingEngine(self._site.database_url, self._host)
        try:
            reconcile(Evidence(engine), self._site.opened_spool(self._host), self._host.clock.now())
        except DatabaseUnavailable:
            return False
        finally:
            engine.close()
        return True
