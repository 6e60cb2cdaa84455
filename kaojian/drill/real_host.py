"""The host of a drill in real time: its ingest role as processes that are killed, and what else befalls it.

What is written down is what was done, and when: the schedule is only what was meant to happen.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from kaojian import staging
from kaojian.drill.ground import Switches
from kaojian.drill.plan import (
    ClockStep,
    DatabaseAway,
    DiskFull,
    DiskSlow,
    DiskStopped,
    Fault,
    Kill,
    KillWorker,
    Planned,
    Restart,
    StoreAway,
)
from kaojian.drill.pulse import Pulse
from kaojian.drill.truth import Absence
from kaojian.drill.virtual_time import HostClock
from storage.database.connection import Engine


@dataclass(frozen=True, slots=True)
class Down:
    """A part of the recorder, or all of it, that was told to end at ``at_s`` and was gone at ``gone_s``."""

    at_s: float
    gone_s: float
    service: int
    part: int | None
    undurable_since: float
    killed: bool


@dataclass(frozen=True, slots=True)
class Up:
    """A recorder process that said that it records, of the so manieth process of the service."""

    at_s: float
    service: int
    part: int
    pid: int


class Service:
    """The ingest role, in all its lives."""

    def __init__(self, environment: Mapping[str, str], root: Path, stack: ExitStack, clock: HostClock) -> None:
        self._environment, self._root, self._stack, self.clock = dict(environment), root, stack, clock
        self._count = 0
        self._process: subprocess.Popen[str] | None = None
        begun_s = clock.monotonic()
        self._downs = [Down(begun_s, begun_s, 0, None, begun_s, killed=False)]
        self._disorder: list[str] = []

    def start(self) -> None:
        self._count += 1
        log = self._stack.enter_context((self._root / f"ingest-{self._count}.log").open("a"))
        self._process = staging.started(
            [str(self._root / "switches")],
            self._stack,
            log,
            env=self._environment,
            module="kaojian.drill.ingest_process",
        )

    def is_complete(self, workers: int) -> bool:
        """Whether all its recorder processes say that they record."""
        return len(self._living(None)) == workers

    def kill(self, undurable_since: float) -> None:
        """SIGKILL to the parent of all, which takes its children with it. Since when may bytes be lost?"""
        if self._process is not None:
            with self._ending(None, undurable_since, killed=True):
                self._process.kill()
                self._process.wait()

    def kill_worker(self, part: int, undurable_since: float) -> None:
        """SIGKILL to one recorder process; nothing where it is not there."""
        for up in self._living(part):
            with self._ending(part, undurable_since, killed=True):
                os.kill(up.pid, signal.SIGKILL)

    def stop(self, *, may_hang: bool = False) -> None:
        """In order; or, where what it stands on lets it hang, at last not."""
        if self._process is not None:
            with self._ending(None, self.clock.monotonic(), killed=False):
                self._process.terminate()
            if not staging.stop(self._process) and not may_hang:
                self._disorder.append("the ingest role did not stop in order")

    @contextmanager
    def _ending(self, part: int | None, undurable_since: float, *, killed: bool) -> Iterator[None]:
        """Until the recorder processes of that part, or all, have ended by what is done within."""
        with ExitStack() as opened:
            handles = list[int]()
            for up in self._living(part):
                with suppress(ProcessLookupError):
                    handles.append(os.pidfd_open(up.pid))
                    opened.callback(os.close, handles[-1])
            at_s = self.clock.monotonic()
            yield
            deadline = time.monotonic() + staging.STOP_S
            for handle in handles:
                select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        self._downs.append(Down(at_s, self.clock.monotonic(), self._count, part, undurable_since, killed))

    def _living(self, part: int | None) -> list[Up]:
        """The newest process of that part, or of each, unless it was told to end since."""
        newest = {up.part: up for up in self._ups() if up.service == self._count and part in (None, up.part)}
        return [up for up in newest.values() if not any(_ends(down, up) for down in self._downs)]

    def absences(self, part: int, ended_s: float) -> list[Absence]:
        """When nobody recorded that part of the cameras."""
        return absences(self._downs, list(self._ups()), part, ended_s)

    def longest_return_s(self) -> float:
        """How long a killed recorder process took to be back, at most; its parent had to see to that alone."""
        ups = list(self._ups())
        alone = [down for down in self._downs if down.part is not None]
        back = [_back_s(down, [up for up in ups if up.part == down.part], down.at_s) - down.at_s for down in alone]
        return max(back, default=0.0)

    def failures(self) -> list[str]:
        """What went wrong that no fault explains: bugs, as processes tell them."""
        lines = [line for service in range(1, self._count + 1) for line in self._lines(service)]
        told = [line for line in lines if "exception" in line or line.get("event") in _BUGS]
        return [*self._disorder, *(f"ingest: {json.dumps(line, ensure_ascii=False)[:2000]}" for line in told)]

    def _ups(self) -> Iterator[Up]:
        for service in range(1, self._count + 1):
            for line in self._lines(service):
                if line.get("event") == "recorder_started":
                    at = datetime.fromisoformat(line["timestamp"])
                    at_s = (at - self.clock.unstepped_at(0.0)).total_seconds()
                    yield Up(at_s, service, int(line["part"].partition("/")[0]) - 1, line["pid"])

    def _lines(self, service: int) -> Iterator[dict[str, Any]]:
        for line in (self._root / f"ingest-{service}.log").read_text().splitlines(keepends=True):
            if not line.endswith("\n"):
                return  # still being written
            yield json.loads(line) if line.startswith("{") else {"event": "not_a_log_line", "exception": line}


_BUGS = frozenset({"worker_job_failed", "camera_recorder_died"})


def absences(downs: Iterable[Down], ups: Iterable[Up], part: int, ended_s: float) -> list[Absence]:
    """When nobody recorded that part of the cameras: from each end to the next process that was not told to end."""
    ours = [up for up in ups if up.part == part]
    return [
        Absence(down.at_s, _back_s(down, ours, ended_s), down.undurable_since, down.killed, down.gone_s)
        for down in downs
        if down.part in (None, part)
    ]


def _ends(down: Down, up: Up) -> bool:
    """Whether it is what ended that process, or one before it."""
    return up.service <= down.service if down.part is None else down.part == up.part and up.at_s < down.gone_s


def _back_s(down: Down, ups: list[Up], otherwise: float) -> float:
    return min((up.at_s for up in ups if not _ends(down, up)), default=otherwise)


class Player:
    """Brings about what befalls the host. ``done`` is what did, as far as it is not told by the service's lives."""

    def __init__(
        self, service: Service, switches: Switches, store: staging.Store, database_url: str, pulse: Pulse
    ) -> None:
        self._service, self._switches, self._store = service, switches, store
        self._database_url, self._clock, self._pulse = database_url, service.clock, pulse
        self._lasting: dict[int, Planned] = {}
        self._turns: dict[type[Fault], threading.Lock] = defaultdict(threading.Lock)
        self._over = threading.Event()
        self.done: list[Planned] = []

    def stop(self) -> None:
        """Whatever is being played is over, and nothing begins any more."""
        self._over.set()

    def play(self, planned: Planned) -> None:
        """At its time, or when another of its kind is over; returns when it is over. On a thread of its own."""
        self._over.wait(max(0.0, planned.at_s - self._clock.monotonic()))
        fault = planned.fault
        with self._turns[Kill if isinstance(fault, Restart | KillWorker) else type(fault)]:
            if self._over.is_set():
                return
            at_s = self._clock.monotonic()
            self._lasting[id(planned)] = Planned(at_s, replace(fault, seconds=math.inf))
            self._bring_about(fault)
            done = Planned(at_s, replace(fault, seconds=self._clock.monotonic() - at_s))
            self._lasting[id(planned)] = done
            self.done.append(done)

    def _bring_about(self, fault: Fault) -> None:
        match fault:
            case Kill(seconds=seconds):
                self._service.kill(self._undurable_since())
                self._start_in(seconds)
            case Restart(seconds=seconds):
                self._service.stop(may_hang=bool(self._bad_since((DatabaseAway, DiskStopped, DiskSlow))))
                self._start_in(seconds)
            case KillWorker(worker=worker):
                self._service.kill_worker(worker, self._undurable_since())
            case ClockStep(step_s=step_s):
                self._clock.step(step_s)
                self._switches.step_clock(step_s)
            case DatabaseAway(seconds=seconds):
                self._lock_database(seconds)
            case StoreAway(seconds=seconds):
                self._store.stop()
                self._over.wait(seconds)
                if not self._over.is_set():
                    self._store.server.start()
            case _:
                self._spoil_disk(fault)

    def _start_in(self, seconds: float) -> None:
        self._over.wait(seconds)
        if not self._over.is_set():
            self._service.start()

    def _spoil_disk(self, fault: Fault) -> None:
        match fault:
            case DiskFull(seconds=seconds):
                self._switches.disk_full = True
                self._over.wait(seconds)
                self._switches.disk_full = False
            case DiskStopped(seconds=seconds):
                self._switches.disk_stopped = True
                self._over.wait(seconds)
                self._switches.disk_stopped = False
            case DiskSlow(seconds=seconds, job_s=job_s):
                self._switches.disk_job_s = job_s
                self._over.wait(seconds)
                self._switches.disk_job_s = 0.0

    def _undurable_since(self) -> float:
        """Since when bytes may have come in that are not written yet: one sync may be in their way, or a disk that
        works badly or did until just now."""
        now = self._clock.monotonic()
        return min([now - self._pulse.sync_s(now), *self._bad_since((DiskStopped, DiskSlow))])

    def _bad_since(self, kinds: tuple[type[Fault], ...]) -> list[float]:
        """When those faults of these kinds began that last now, or did a second ago."""
        now = self._clock.monotonic()
        lasting = list(self._lasting.values())
        return [each.at_s for each in lasting if isinstance(each.fault, kinds) and each.end_s >= now - 1.0]

    def _lock_database(self, seconds: float) -> None:
        """As another program would that holds the database's one lock for writing."""
        engine = Engine(self._database_url)
        try:
            with engine.writing():
                self._over.wait(seconds)
        finally:
            engine.close()
