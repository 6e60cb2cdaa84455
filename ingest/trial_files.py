"""Lets go of what trials recorded: some days later, or as soon as the spool is short and the trial is over.

Such files are stored nowhere else and prove nothing of an exam, so nothing is asked of anybody before they go; that
they went is told by their tombstones. One file goes in this order:

1. Its copy in this spool gets its tombstone.
2. The file is removed and the folder synced.

Killed after 1, the file is there and no row claims it: the next start gives it a row again (``ingest.reconcile``),
and it goes then. Not here: footage of exams (``ingest.eviction``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from domain.evidence import Place
from domain.timeline import Clock
from ingest.spool import Spool, camera_of
from storage.database.evidence import Evidence

_log = structlog.get_logger()

KEPT = timedelta(days=7)
"""Time enough to look into a check that was disputed."""

KEPT_IF_SHORT = timedelta(hours=1)
"""What is younger may belong to a trial that is being judged."""

LOOK_S = 60.0
_AT_ONCE = 200


class TrialFiles:
    """Those of one spool, and only of cameras that ``owns`` names."""

    def __init__(
        self,
        evidence: Evidence,
        spool: Spool,
        clock: Clock,
        owns: Callable[[str], bool] = lambda _camera: True,
        kept: timedelta = KEPT,
    ) -> None:
        self._evidence = evidence
        self._spool = spool
        self._clock = clock
        self._owns = owns
        self._kept = kept

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set, once the file in hand is done."""
        while not stop.wait(LOOK_S):
            try:
                self.round()
            except Exception as error:  # noqa: BLE001 (the top of a supervised loop: the next round tries again)
                _log.error("trial_files_not_removed", reason=str(error), kind=type(error).__name__)

    def round(self) -> int:
        """Remove what is due; how many files. Raises SpoolError, StorageError."""
        now = self._clock.now()
        removed = sum(map(self._remove, self._due(now - self._kept)))
        if not self._spool.has_room(self._spool.reserve_bytes):
            removed += sum(map(self._remove, self._due(now - min(self._kept, KEPT_IF_SHORT))))
        if removed:
            _log.info("trial_files_removed", spool=str(self._spool.root), files=removed)
        return removed

    def _due(self, before: datetime) -> list[str]:
        found = self._evidence.trials_in_spool(self._spool.name, before, _AT_ONCE)
        return [each.key for each in found if self._owns(camera_of(each.key))]

    def _remove(self, key: str) -> int:
        name = self._spool.name
        self._evidence.tombstone_copy(key, Place.SPOOL, name.root, self._clock.now(), name.id)
        self._spool.remove(key)
        return 1
