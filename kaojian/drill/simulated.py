"""One drill on the simulated clock: real recorder, files, rows, decoding, report; no waiting, no network, no process.

1. A site with one sitting is applied; the window begins when the first fault may.
2. Cameras and host go through the plan while the recorder records, on a loop whose time jumps (``virtual_time``).
3. The recorder is stopped, every segment opened and decoded, the report made.
4. The report is compared with what the cameras sent (``truth``, ``comparison``), and what rows claim is read back.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analysis.decoding import DecodingWorker
from analysis.report import SittingReport, sitting_report
from config.rule_pack import load as load_rule_pack
from config.secrets import Secrets
from domain.evidence import Coverage
from domain.people import Actor, Door
from domain.timeline import Interval, IntervalSet
from kaojian.drill.camera import VirtualCamera
from kaojian.drill.comparison import Departure, departures
from kaojian.drill.host import Host, Service, Site
from kaojian.drill.plan import QUIET_S, ClockStep, Kill, Plan, Restart
from kaojian.drill.truth import camera_truth
from kaojian.drill.virtual_time import HostClock, VirtualLoop
from records import conduct, declaration, setup
from records.schedule import Schedule
from storage.archive import Archive, NoCopyAnswers
from storage.database import Database, connect
from storage.database.connection import Engine

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
SITE, BATCH, RULE_PACK = "sg-drill", "2026-DRILL", "SG-2022-08-10"
SEGMENT_S = 10.0
_ACTOR = Actor("drill", Door.SERVICE)
_RUN_UP_S = 8.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drill found; all zero is a report that told the truth."""

    seed: int
    cameras: int
    minutes: float
    faults: int
    phantom_s: float
    ghost_s: float
    unexplained_s: float
    lost_acknowledged_bytes: int
    details: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        sums = (self.phantom_s, self.ghost_s, self.unexplained_s, self.lost_acknowledged_bytes)
        return not any(sums) and not self.details

    def to_json(self) -> str:
        """One line."""
        fields = ("seed", "cameras", "minutes", "faults", "phantom_s", "ghost_s", "unexplained_s")
        document: dict[str, Any] = {"bench": "drill", **{name: getattr(self, name) for name in fields}}
        return json.dumps({**document, "lost_acknowledged_bytes": self.lost_acknowledged_bytes})


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
        self._window = Interval(
            START + timedelta(seconds=QUIET_S), START + timedelta(seconds=QUIET_S + plan.minutes * 60)
        )

    async def play(self) -> Outcome:
        database = connect(self._url)
        try:
            self._apply(database)
            await self._record(database)
            archive = Archive(database.evidence, None, self._root / "spool", lambda _: START, self._clock)
            decoding = DecodingWorker(database.evidence, archive, self._clock)
            while decoding.observe_pending(64):
                pass
            report = sitting_report(database, BATCH, 1, load_rule_pack(RULE_PACK), self._clock.now())
            return self._outcome(report, _lost_bytes(database, archive, self._cameras))
        finally:
            database.close()

    async def _record(self, database: Database) -> None:
        service = Service(self._site(), self._host)
        service.start()
        await asyncio.gather(self._go_through(service), self._conduct(database))
        last_s = max((planned.end_s for planned in self._plan.faults), default=0.0)
        await asyncio.sleep(max(last_s + 5 - self._loop.time(), self._until(self._window.end) + 5))
        await service.end(kill=False)

    async def _go_through(self, service: Service) -> None:
        """What befalls the host; the cameras know their own faults."""
        for planned in self._plan.of_host:
            await asyncio.sleep(max(0.0, planned.at_s - self._loop.time()))
            match planned.fault:
                case ClockStep(step_s=step_s):
                    self._clock.step(step_s)
                case Kill() | Restart():
                    await service.end(kill=isinstance(planned.fault, Kill))
                    await asyncio.sleep(planned.end_s - self._loop.time())
                    service.start()

    async def _conduct(self, database: Database) -> None:
        """Open the sitting at the bell."""
        await asyncio.sleep(self._until(self._window.start))
        disk = conduct.Disk(self._root, free_bytes=1 << 40, reserve_bytes=1)
        conduct.open_sitting(database, BATCH, 1, _ACTOR, self._clock, disk=disk, actual_start=self._window.start)

    def _until(self, instant: datetime) -> float:
        """Seconds until then, if nobody steps the clock."""
        return max(0.0, (instant - self._clock.now()).total_seconds())

    def _site(self) -> Site:
        secrets = Secrets(self._root / "secrets")

        def wanted(engine: Engine) -> Any:
            return Schedule(Database(engine), secrets, timedelta(seconds=_RUN_UP_S)).wanted

        return Site(self._url, self._root / "spool", self._cameras, wanted, SEGMENT_S)

    def _apply(self, database: Database) -> None:
        file = self._root / "drill.yaml"
        file.write_text(json.dumps(_declaration(self._plan, self._window)))  # JSON is YAML
        setup.apply(declaration.read(file), database, _ACTOR, self._clock)

    def _outcome(self, report: SittingReport, lost_bytes: int) -> Outcome:
        found = [
            departure
            for camera in report.cameras
            for departure in departures(
                camera_truth(
                    self._cameras[camera.camera], self._plan.of_host, self._host.absences, self._loop.time()
                ),
                _coverage(report, camera.gaps),
            )
        ]
        unsettled_s = (report.window.end - report.settled_until).total_seconds() * len(report.cameras)
        return Outcome(
            seed=self._plan.seed,
            cameras=len(self._plan.cameras),
            minutes=self._plan.minutes,
            faults=len(self._plan.faults),
            phantom_s=_sum(found, "phantom"),
            ghost_s=_sum(found, "ghost"),
            unexplained_s=round(_sum(found, "unexplained") + unsettled_s, 3),
            lost_acknowledged_bytes=lost_bytes,
            details=(*map(str, found), *self._host.failures),
        )


def _sum(found: Sequence[Departure], kind: str) -> float:
    return round(sum(each.span.seconds for each in found if each.kind == kind), 3)


def _coverage(report: SittingReport, gaps: Sequence[Any]) -> Coverage:
    part = Interval(report.window.start, report.settled_until)
    return Coverage(part, IntervalSet(gap.interval for gap in gaps).complement(part), tuple(gaps))


def _lost_bytes(database: Database, archive: Archive, cameras: Iterable[str]) -> int:
    """The bytes of all segments that rows claim and of which no copy answers with the right content."""
    lost = 0
    everything = Interval(START - timedelta(days=1), START + timedelta(days=1))
    for camera in cameras:
        for segment in database.evidence.segments(camera, everything):
            try:
                with archive.opened(segment):
                    pass
            except NoCopyAnswers:
                lost += segment.size_bytes
    return lost


def _declaration(plan: Plan, window: Interval) -> dict[str, Any]:
    stations = [f"S-{kind.id}" for kind in plan.cameras]
    cameras = [
        {"id": kind.id, "url": f"rtsp://127.0.0.1/{kind.id}", "panoramic": True, "sees": [f"S-{kind.id}"]}
        for kind in plan.cameras
    ]
    room = {"id": "301", "name": "301", "stations": stations, "cameras": cameras}
    sitting = {
        "number": 1,
        "rooms": ["301"],
        "planned_start": window.start.isoformat(),
        "planned_end": window.end.isoformat(),
        "lead": "0s",
        "tail": "0s",
    }
    site = {"id": SITE, "name": "演练考场", "county": "浈江区", "rooms": [room]}
    batch = {"id": BATCH, "site": SITE, "project": "演练", "rule_pack": RULE_PACK, "sittings": [sitting]}
    return {"sites": [site], "batches": [batch]}
