"""One recorder process: keeps a recorder on every wanted camera, beats its heart, reads its clock, stops in order.

Who is wanted is asked of a function, so nothing here knows of exams. If the answer cannot be had, the last one
stands: recording never stops because a database is away.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import structlog

from domain.evidence import EndReason, Recorder
from domain.timeline import Clock
from ingest.bookkeeper import BACKLOG_LIMIT_BYTES, Bookkeeper
from ingest.devices import Devices, shares
from ingest.host_clock import ClockWatch, HeardClock, HostWitnesses, Witnesses
from ingest.reconcile import claim_spools, reconcile
from ingest.recorder import Assignment, CameraRecorder, Cutting
from ingest.relay.server import Relay
from ingest.shard import WHOLE, Shard
from ingest.source import Source
from ingest.spool import Spool
from ingest.worker import OrderedWorker, Worker
from storage.database.evidence import Evidence
from storage.errors import StorageError

_log = structlog.get_logger()

HEARTBEAT_S = 1.0
_BESIDE_S = 5.0  # how long a stop waits for what runs beside the recording
_YOUNG_OBJECTS = 50_000


def collect_rarely() -> None:
    """Let the collector of cycles look after 50,000 new objects instead of 700; for a process that records.

    Pictures are freed by their reference counts. By the usual threshold the collector walks through all that waits
    for its fragment many times a second and finds nothing: 5 % of the recorder's time. What it is there for, the odd
    connection that ended in an error, may wait.
    """
    gc.set_threshold(_YOUNG_OBJECTS)


class Supervisor:
    """Records what ``wanted(now)`` names, asked every second, until ``stop`` is set.

    ``name`` is what the recorder goes by in all its lives; without one it goes by its host's name. Recorders of the
    same cameras need one each. Viewers get the pictures from ``relay`` where there is one; whatever is wrong with it,
    recording goes on.

    Several processes may share the cameras: each records its ``shard``, as the life ``recorder`` (a new id when left
    out), and reconciles at its start what its own ``former`` lives left. Without ``former`` it is alone, and all that
    anybody left behind is its own.

    ``beside`` is what runs in threads of its own from then on, until the event that it is given is set.
    """

    def __init__(
        self,
        *,
        wanted: Callable[[datetime], Sequence[Assignment]],
        open_source: Callable[[Assignment], Source],
        evidence: Evidence,
        spool: Spool,
        cutting: Cutting,
        clock: Clock,
        worker: Callable[[str], Worker] = OrderedWorker,
        backlog_limit_bytes: int = BACKLOG_LIMIT_BYTES,
        witnesses: Witnesses | None = None,
        name: str = "",
        relay: Relay | None = None,
        recorder: str = "",
        shard: Shard = WHOLE,
        former: Sequence[str] | None = None,
        second: Spool | None = None,
        beside: Sequence[Callable[[threading.Event], None]] = (),
    ) -> None:
        self._wanted = wanted
        self._open_source = open_source
        self._evidence = evidence
        self._spool = spool
        self._second = second
        self._beside = beside
        self._cutting = cutting
        self._clock = clock
        self._id = recorder or uuid4().hex
        self._name = name
        self._relay = relay
        self._shard = shard
        self._former = former
        self._devices = Devices()
        self._book = Bookkeeper(spool, evidence, clock, worker, second, backlog_limit_bytes=backlog_limit_bytes)
        self._recorders: dict[str, tuple[CameraRecorder, asyncio.Task[None]]] = {}
        self._last_wanted: Sequence[Assignment] = ()
        self._clock_watch = ClockWatch(
            recorder=self._id,
            clock=clock,
            witnesses=witnesses or HostWitnesses(),
            cameras=self._heard_clocks,
            write=self._book.add_clock_reading,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Reconcile, then record until ``stop``; every row is written before this returns."""
        await asyncio.to_thread(self._begin)
        over = threading.Event()
        threads = [threading.Thread(target=each, args=(over,), daemon=True) for each in self._beside]
        for thread in threads:
            thread.start()
        await self._open_relay()
        watch = asyncio.create_task(self._clock_watch.run(), name="host clock")
        try:
            while not stop.is_set():
                await self._tick()
                try:
                    await asyncio.wait_for(stop.wait(), HEARTBEAT_S)
                except TimeoutError:
                    continue
        finally:
            watch.cancel()
            if self._relay is not None:
                await self._relay.stop()
            await self._stop(list(self._recorders), EndReason.RECORDER_STOPPED)
            await asyncio.to_thread(self._book.finish)
            over.set()
            for thread in threads:
                await asyncio.to_thread(thread.join, _BESIDE_S)
            await asyncio.to_thread(self._evidence.end_recorder, self._id, self._clock.now())

    def _begin(self) -> None:
        now = self._clock.now()
        name = self._name or socket.gethostname()
        if self._former is None:
            reconcile(self._evidence, self._spool, now, second=self._second, host=name)
        elif self._former:
            owns, lives = self._shard.owns, frozenset(self._former)
            reconcile(self._evidence, self._spool, now, second=self._second, owns=owns, lives=lives)
        else:
            claim_spools(self._evidence, [writer.spool for writer in self._book.writers])
        self._evidence.begin_recorder(Recorder(self._id, name, now, now, reads_clock=True))
        part = f"{self._shard.index + 1}/{self._shard.of}"
        _log.info("recorder_started", recorder=self._id, pid=os.getpid(), part=part, spool=str(self._spool.root))

    async def _open_relay(self) -> None:
        if self._relay is not None:
            try:
                await self._relay.start()
            except OSError as error:
                _log.error("relay_unavailable", socket=str(self._relay.path), reason=str(error))

    def _heard_clocks(self) -> list[HeardClock]:
        return [clock for recorder, _ in self._recorders.values() if (clock := recorder.heard_clock) is not None]

    async def _tick(self) -> None:
        self._book.heartbeat(self._id)
        try:
            self._last_wanted = await asyncio.to_thread(self._wanted, self._clock.now())
        except StorageError as error:
            _log.error("assignments_unknown", reason=str(error))
        devices = shares({each.camera: each.device for each in self._last_wanted}, self._shard.owns)
        wanted = {
            each.camera: replace(each, device=devices[each.device.id]) if each.device is not None else each
            for each in self._last_wanted
            if self._shard.owns(each.camera)
        }
        over = [camera for camera in self._recorders if camera not in wanted or self._turns(wanted[camera])]
        await self._stop(over, EndReason.NOT_NEEDED)
        for camera, assignment in wanted.items():
            self._keep(camera, assignment)

    def _turns(self, assignment: Assignment) -> bool:
        """Whether a camera that records a trial is wanted for an exam now, or the other way about."""
        recorder, _ = self._recorders[assignment.camera]
        return recorder.assignment.trial is not assignment.trial

    def _keep(self, camera: str, assignment: Assignment) -> None:
        """Start a recorder, hand a running one its newest assignment, or replace one that died of a bug."""
        running = self._recorders.get(camera)
        if running is not None and not running[1].done():
            running[0].assignment = assignment
            running[0].look()
            return
        if running is not None:
            _log.error("camera_recorder_died", camera=camera, error=repr(running[1].exception()))
        recorder = CameraRecorder(
            recorder=self._id,
            assignment=assignment,
            open_source=self._open_source,
            book=self._book,
            cutting=self._cutting,
            clock=self._clock,
            name=self._name,
            devices=self._devices,
            channel=self._relay.channel(camera) if self._relay is not None else None,
        )
        self._recorders[camera] = (recorder, asyncio.create_task(recorder.run(), name=f"record {camera}"))

    async def _stop(self, cameras: Sequence[str], reason: EndReason) -> None:
        """All at once: each may wait for its camera's goodbye, and together they must not hold up the heartbeat."""
        tasks = []
        for camera in cameras:
            recorder, task = self._recorders.pop(camera)
            recorder.stop_reason = reason
            task.cancel()
            tasks.append(task)
            if self._relay is not None:
                self._relay.drop(camera)
        await asyncio.gather(*tasks, return_exceptions=True)
