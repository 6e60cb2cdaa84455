"""Does jobs in order and beside the loop, so that reading the network never waits for a disk or a database.

A ``Worker`` is what the recorder needs of it; ``OrderedWorker`` is the thread that does it on a host.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

import structlog

_log = structlog.get_logger()

Job = Callable[[], float | None]
"""Answers None when it is done, or the seconds after which it wants to be done again, before any other job."""


class Worker(Protocol):
    """Does submitted jobs one after another; a failing job never stops the next ones.

    ``backlog_bytes`` is what submitted jobs still hold in memory; who submits decides when it is too much.
    """

    @property
    def backlog_bytes(self) -> int:
        """Bytes held by jobs that are not done."""

    def submit(self, job: Job, size_bytes: int = 0) -> None:
        """Hand in a job; returns at once."""

    def finish(self, timeout_s: float) -> bool:
        """Do everything submitted so far and take no more; False if it is not done in time."""


class OrderedWorker:
    """A Worker on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Job, int] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._backlog = 0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def backlog_bytes(self) -> int:
        return self._backlog

    def submit(self, job: Job, size_bytes: int = 0) -> None:
        with self._lock:
            self._backlog += size_bytes
        self._jobs.put((job, size_bytes))

    def finish(self, timeout_s: float) -> bool:
        """Do everything submitted so far and end the thread; False if it is not done in time."""
        self._jobs.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, size_bytes = item
            try:
                while (again_s := job()) is not None:
                    time.sleep(again_s)
            except Exception:  # noqa: BLE001 (top of a supervised loop: the next job must still be done)
                _log.exception("worker_job_failed", worker=self._thread.name)
            finally:
                with self._lock:
                    self._backlog -= size_bytes
