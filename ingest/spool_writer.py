"""One spool and its worker: many files grow at once, and each is synced once for all that was written meanwhile.

Fragments of all cameras that wait are written first; then one file that grew is synced, once, whatever the number of
its fragments, and what came meanwhile is written before the next file's turn. So a fragment waits for one sync at
most until it is in its file, a disk that is slow to sync is asked less often and not ever later, and 32 cameras cost
32 syncs a second at most. Not here: which bytes go into which file, and what follows from a failure
(``ingest.bookkeeper``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue

import structlog

from domain.timeline import Clock
from ingest.spool import Spool, SpoolError, SpoolFile
from ingest.worker import Job, Worker

_log = structlog.get_logger()


@dataclass(slots=True)
class _Unsynced:
    """What is to be told about a file once it is synced."""

    durable: list[Callable[[], None]] = field(default_factory=list)
    failed: Callable[[SpoolError], None] | None = None


class SpoolWriter:
    """Does what is to be done in one spool, in order. All but ``submit`` and ``lost`` belong to its worker.

    A spool that fails is told of once, and once when a sync works again, with the seconds between.
    """

    def __init__(self, spool: Spool, worker: Worker, clock: Clock) -> None:
        self.spool = spool
        self._worker = worker
        self._clock = clock
        self._unsynced: dict[SpoolFile, _Unsynced] = {}
        self._lost_at: float | None = None

    @property
    def backlog_bytes(self) -> int:
        """Bytes that were handed in and are not written yet."""
        return self._worker.backlog_bytes

    def submit(self, job: Job, size_bytes: int = 0) -> None:
        """Hand in a job; returns at once."""
        self._worker.submit(job, size_bytes)

    def ask_for_room(self, answers: SimpleQueue[SpoolError | None]) -> None:
        """Put into ``answers`` None, or why the spool takes no file, as soon as the worker comes to it."""
        self._worker.submit(partial(self._answer, answers))

    def finish(self, timeout_s: float) -> None:
        """Do everything that was handed in, sync included."""
        self._worker.submit(self._commit_all)
        if not self._worker.finish(timeout_s):
            _log.error("spool_not_finished", spool=str(self.spool.root), backlog_bytes=self.backlog_bytes)

    def sync_soon(self, file: SpoolFile, durable: Callable[[], None], failed: Callable[[SpoolError], None]) -> None:
        """After all that waits now is written: sync the file once, and say ``durable`` or ``failed``."""
        if not self._unsynced:
            self._worker.submit(self._commit)
        waiting = self._unsynced.setdefault(file, _Unsynced())
        waiting.durable.append(durable)
        waiting.failed = failed

    def sync_now(self, file: SpoolFile) -> None:
        """Sync one file, if it waits for that, and say so."""
        waiting = self._unsynced.pop(file, None)
        if waiting is None:
            return
        try:
            file.sync()
        except SpoolError as error:
            if waiting.failed is not None:
                waiting.failed(error)
            return
        self._found()
        for durable in waiting.durable:
            durable()

    def forget(self, file: SpoolFile) -> None:
        """The file is given up; nothing is said of it any more."""
        self._unsynced.pop(file, None)

    def lost(self, reason: str, camera: str = "") -> None:
        """The spool failed; told once until it works again."""
        if self._lost_at is None:
            self._lost_at = self._clock.monotonic()
            _log.error("spool_failed", spool=str(self.spool.root), camera=camera, reason=reason)

    def _found(self) -> None:
        if self._lost_at is not None:
            seconds = round(self._clock.monotonic() - self._lost_at, 3)
            self._lost_at = None
            _log.info("spool_back", spool=str(self.spool.root), seconds=seconds)

    def _commit(self) -> None:
        """Sync the file that waits longest; the next one's turn comes after all that waits to be written."""
        try:
            for file in list(self._unsynced)[:1]:
                self.sync_now(file)
        finally:  # also where what was told raised: the others must not wait for ever
            if self._unsynced:
                self._worker.submit(self._commit)

    def _commit_all(self) -> None:
        for file in list(self._unsynced):
            self.sync_now(file)

    def _answer(self, answers: SimpleQueue[SpoolError | None]) -> None:
        try:
            self.spool.require_room()
        except SpoolError as error:
            answers.put(error)
        else:
            answers.put(None)
