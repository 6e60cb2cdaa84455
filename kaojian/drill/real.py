"""One drill in real time: simulated cameras on the network, the roles of the service as processes, an S3 server.

1. Store, cameras, ingest and analysis are started; a site with one sitting is applied, and opened at the bell.
2. The cameras play their faults by schedule, the host suffers its own (``real_host``). What each of them did, and
   when it really happened, is written down by whoever did it.
3. The sitting is closed, everything is stored, and all is stopped in order.
4. The truth is made from what was done and sent, and written to a file; only then is the report made, and compared
   with that file (``truth``, ``outcome``), and what rows claim is read back; rows, spool and store must agree
   (``storage.check``).

The service has no branch for drills: its recorders stand on another ground (``ground``), and that is all.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.s3 import Duty
from config.settings import LogFormat, Settings
from domain.evidence import Place
from domain.timeline import SystemClock
from ingest.shard import Shard
from ingest.simulator.drill import read_sent, read_truth
from kaojian import staging, stock
from kaojian.drill import sitting, truth_file, witness
from kaojian.drill.ground import Switches
from kaojian.drill.outcome import Outcome, outcome
from kaojian.drill.plan import Plan
from kaojian.drill.pulse import Pulse
from kaojian.drill.real_host import Player, Service
from kaojian.drill.truth import CameraTruth, camera_truth
from kaojian.drill.virtual_time import HostClock
from kaojian.drill.witness import SentCamera
from kaojian.notary import notary_of
from kaojian.wiring import open_archive
from storage.database import Database, connect

_STARTING_S = 60.0
_LEAD_S = 2.0  # for the cameras, from when recorders wait for them to the beginning of the plan
_RUN_OUT_S = 5.0
_ENDING_S = 30.0  # how long runs may take to end
_STORING_S = 60.0
_CLOCK_OFF_S = 0.05
_LATEST_S = 1.0  # of pictures: edges as wide as that tell nothing any more


def drill_in_real_time(plan: Plan) -> Outcome:
    """Play the plan in a folder of its own, which is kept, and named in the outcome, where anything was found."""
    signal.signal(signal.SIGTERM, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="kaojian-drill-"))
    found = drill(plan, folder)
    if not found.passed:
        return replace(found, notes={**found.notes, "folder": str(folder)})
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def drill(plan: Plan, root: Path) -> Outcome:
    """Play the plan below ``root``, an empty folder. Raises StageError, StorageError where it cannot start."""
    with ExitStack() as stack:
        return _Drill(plan, root, stack).play()


class _Elapsed:
    """Seconds since an instant, by the host's own clock."""

    def __init__(self, start: datetime) -> None:
        self._start = start

    @property
    def seconds(self) -> float:
        return (datetime.now(UTC) - self._start).total_seconds()


class _Drill:
    """The steps, and what they share."""

    def __init__(self, plan: Plan, root: Path, stack: ExitStack) -> None:
        self._root = root
        self._drift_s = _wall_by_monotonic()
        start = datetime.now(UTC)
        self._clock = HostClock(_Elapsed(start), start)
        self._failures: list[str] = []
        self._log = stack.enter_context((root / "processes.log").open("a"))
        store = staging.Store(root / "s3", stack)
        self._settings = _settings(root, store, plan.workers)
        environment = staging.environment(root, self._settings)
        self._database: Database = connect(self._settings.database_url, notary_of(self._settings))
        stack.callback(self._database.close)
        self._pulse = stack.enter_context(Pulse(root, self._clock))
        switches = Switches(root / "switches")
        self._service = Service(environment, root, stack, self._clock)
        self._service.start()
        self._analysis = staging.started(["serve", "--roles", "analysis"], stack, self._log, env=environment)
        self._player = Player(self._service, switches, store, self._settings.database_url, self._pulse)
        self._require("recorders are there", lambda: self._service.is_complete(plan.workers), _STARTING_S)
        store.ready()
        self._plan = plan.later(self._clock.monotonic() + _LEAD_S)
        self._window = sitting.window_of(self._plan, start)
        self._cameras = staging.Cameras(witness.description(self._plan, root, start), root, stack, self._log)

    def play(self) -> Outcome:
        urls = self._cameras.urls()
        file = self._root / "drill.yaml"
        sitting.apply(self._plan, urls, file, window=self._window, database=self._database, clock=self._clock)
        self._sleep_until(self._window.start)
        sitting.open_at_the_bell(self._window, self._root, self._database, self._clock)
        with ThreadPoolExecutor(max(1, len(self._plan.of_host))) as players:
            try:
                list(players.map(self._player.play, self._plan.of_host))  # raises what went wrong
            finally:
                self._player.stop()
        last_s = max((planned.end_s for planned in self._plan.faults), default=0.0)
        time.sleep(max(0.0, last_s + _RUN_OUT_S - self._clock.monotonic()))
        self._sleep_until(self._window.end + timedelta(seconds=_RUN_OUT_S))
        self._close()
        return self._judged()

    def _sleep_until(self, instant: datetime) -> None:
        time.sleep(max(0.0, (instant - self._clock.now()).total_seconds()))

    def _close(self) -> None:
        """Everything ends in order, footage first."""
        evidence = self._database.evidence
        sitting.close_at_the_end(self._window, self._database, self._clock)
        self._require("runs ended", lambda: not evidence.open_runs(), _ENDING_S)
        self._require("footage stored", lambda: not evidence.segments_without_copy(Place.S3, 1), _STORING_S)
        self._service.stop()
        staging.stop(self._analysis)
        staging.stop(self._cameras.process)
        if abs(_wall_by_monotonic() - self._drift_s) > _CLOCK_OFF_S:
            self._failures.append("the clock of this machine was set meanwhile: nothing can be told")

    def _require(self, what: str, look: Callable[[], bool], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not look():
            if time.monotonic() > deadline:
                self._failures.append(f"not within {within_s:.0f} s: {what}")
                return
            time.sleep(0.2)

    def _judged(self) -> Outcome:
        cameras = self._witnesses()
        late_s = max(camera.late_s for camera in cameras)
        if late_s > _LATEST_S:
            self._failures.append(f"this machine was too busy: a picture went out {late_s:.1f} s late")
        ended_s = self._clock.monotonic()
        file = self._root / "truth.json"
        truth_file.write(file, [self._truth_of(camera, ended_s) for camera in cameras])
        archive = open_archive(self._settings, self._database, self._clock, Duty.READ)
        report, lost_bytes = sitting.reported(self._plan, self._window, archive, self._database, self._clock)
        check = stock.check_of(self._settings, self._database, every_byte=True)
        disagree = [stock.line(each) for each in check.findings() if each.stands]
        return outcome(
            self._plan,
            report,
            truth_file.read(file),
            lost_bytes,
            failures=[*self._failures, *self._service.failures(), *disagree],
            notes=self._notes(late_s),
        )

    def _truth_of(self, camera: SentCamera, ended_s: float) -> CameraTruth:
        workers = self._plan.workers
        part = next(part for part in range(workers) if Shard(part, workers).owns(camera.kind.id))
        return camera_truth(camera, self._player.done, self._service.absences(part, ended_s), ended_s)

    def _witnesses(self) -> list[SentCamera]:
        played, sent = read_truth(self._root / "played.jsonl"), read_sent(self._root / "sent.jsonl")
        return [SentCamera(kind, played, sent, self._clock) for kind in self._plan.cameras]

    def _notes(self, late_s: float) -> dict[str, Any]:
        """What befell the host, from which second of the window on and for how long; and what the machine was like:
        how late its cameras and its processes were, how long it took to sync."""
        done = sorted(self._player.done, key=lambda each: each.at_s)
        return {
            "host": [
                [type(each.fault).__name__, round(each.at_s - self._plan.quiet_s, 1), round(each.fault.seconds, 1)]
                for each in done
            ],
            "cameras_late_s": round(late_s, 3),
            "back_s": round(self._service.longest_return_s(), 3),
            **self._pulse.notes(),
        }


def _settings(root: Path, store: staging.Store, workers: int) -> Settings:
    return store.settings(
        root,
        segment_seconds=sitting.SEGMENT_S,
        run_up_seconds=sitting.RUN_UP_S,
        min_free_bytes=1 << 20,
        ballast_bytes=0,
        ingest_workers=workers,
        log_format=LogFormat.JSON,
    )


def _wall_by_monotonic() -> float:
    clock = SystemClock()
    return clock.now().timestamp() - clock.monotonic()
