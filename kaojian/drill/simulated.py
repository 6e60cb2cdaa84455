"""One drill on the simulated clock: real recorder, files, rows, decoding, report; no waiting, no network, no process.

1. A site with one sitting is applied; the window begins when the first fault may.
2. Cameras and host go through the plan while the recorder records, on a loop whose time jumps (``virtual_time``).
3. The recorder is stopped, every segment opened and decoded, the report made.
4. The report is compared with what the cameras sent (``truth``, ``outcome``), and what rows claim is read back.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.secrets import Secrets
from kaojian.drill import sitting
from kaojian.drill.camera import VirtualCamera
from kaojian.drill.host import Host, Service, Site
from kaojian.drill.outcome import Outcome, outcome
from kaojian.drill.plan import ClockStep, Kill, KillWorker, Plan, Restart
from kaojian.drill.truth import CameraTruth, camera_truth
from kaojian.drill.virtual_time import HostClock, VirtualLoop
from records.schedule import Schedule
from storage.archive import Archive
from storage.audit.notary import Notary
from storage.database import Database, connect
from storage.database.connection import Engine
from storage.signing import Signer

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)


def drill(plan: Plan, root: Path) -> Outcome:
    """Play the plan below ``root``, an empty folder."""
    loop = VirtualLoop()
    random.seed(plan.seed)  # the recorder's jitter
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(_Drill(plan, root, loop).play())


def drill_in_memory(plan: Plan) -> Outcome:
    """Play it on a disk in memory, where the host has one: syncing costs nothing there."""
    shared = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
    with tempfile.TemporaryDirectory(prefix="kaojian-drill-", dir=shared if shared.is_dir() else None) as folder:
        return drill(plan, Path(folder))


class _Drill:
    """The steps, and what they share."""

    def __init__(self, plan: Plan, root: Path, loop: VirtualLoop) -> None:
        self._plan, self._root, self._loop = plan, root, loop
        self._clock = HostClock(loop, START)
        self._host = Host(loop, self._clock, plan.of_host, random.Random(plan.seed))  # noqa: S311 (reproducible)
        self._cameras = {kind.id: VirtualCamera(kind, plan.of_camera(kind.id), self._clock) for kind in plan.cameras}
        self._url = f"sqlite:///{root / 'kaojian.sqlite3'}"
        self._window = sitting.window_of(plan, START)
        self._service = Service(self._site(), self._host)

    async def play(self) -> Outcome:
        database = connect(self._url, Notary(Signer.new(), None))
        try:
            urls = {camera: f"rtsp://127.0.0.1/{camera}" for camera in self._cameras}
            file = self._root / "drill.yaml"
            sitting.apply(self._plan, urls, file, window=self._window, database=database, clock=self._clock)
            await self._record(database)
            spool = self._root / "spool"
            archive = Archive(database.evidence, None, spool, lambda _: self._window.start, self._clock)
            report, lost_bytes = sitting.reported(self._plan, self._window, archive, database, self._clock)
            return outcome(self._plan, report, self._truths(), lost_bytes, failures=self._host.failures)
        finally:
            database.close()

    async def _record(self, database: Database) -> None:
        self._service.start()
        await asyncio.gather(self._go_through(), self._conduct(database))
        last_s = max((planned.end_s for planned in self._plan.faults), default=0.0)
        await asyncio.sleep(max(last_s + 5 - self._loop.time(), self._until(self._window.end) + 5))
        await self._service.end(kill=False)

    async def _go_through(self) -> None:
        """What befalls the host; the cameras know their own faults."""
        for planned in self._plan.of_host:
            await asyncio.sleep(max(0.0, planned.at_s - self._loop.time()))
            match planned.fault:
                case ClockStep(step_s=step_s):
                    self._clock.step(step_s)
                case Kill() | Restart():
                    await self._service.end(kill=isinstance(planned.fault, Kill))
                    await asyncio.sleep(planned.end_s - self._loop.time())
                    self._service.start()
                case KillWorker(worker=worker, seconds=start_s):
                    await self._service.kill_one(worker, start_s)

    async def _conduct(self, database: Database) -> None:
        """Open the sitting at the bell."""
        await asyncio.sleep(self._until(self._window.start))
        sitting.open_at_the_bell(self._window, self._root, database, self._clock)

    def _until(self, instant: datetime) -> float:
        """Seconds until then, if nobody steps the clock."""
        return max(0.0, (instant - self._clock.now()).total_seconds())

    def _site(self) -> Site:
        secrets = Secrets(self._root / "secrets")

        def wanted(engine: Engine) -> Any:
            return Schedule(Database(engine), secrets, timedelta(seconds=sitting.RUN_UP_S)).wanted

        return Site(self._url, self._root / "spool", self._cameras, wanted, sitting.SEGMENT_S, self._plan.workers)

    def _truths(self) -> Iterator[CameraTruth]:
        for name, camera in self._cameras.items():
            yield camera_truth(camera, self._plan.of_host, self._service.absences(name), self._loop.time())
