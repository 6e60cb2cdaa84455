"""A thread that does jobs in order, so that reading the network never waits for a disk or a database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

_log = structlog.get_logger()


class OrderedWorker:
    """Runs submitted jobs one after another on a thread of its own; a failing job never stops the next ones.

    ``backlog_bytes`` is what submitted jobs still hold in memory; who submits decides when it is too much.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[], None], int] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._backlog = 0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def backlog_bytes(self) -> int:
        return self._backlog

    def submit(self, job: Callable[[], None], size_bytes: int = 0) -> None:
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
                job()
            except Exception:  # noqa: BLE001 (top of a supervised loop: the next job must still be done)
                _log.exception("worker_job_failed", worker=self._thread.name)
            finally:
                with self._lock:
                    self._backlog -= size_bytes
