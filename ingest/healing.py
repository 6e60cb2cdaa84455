"""Brings two spools level again: a file that one of them missed is copied from the other, and proven.

Only files that lie in no object store yet: what is safe there may have been removed here on purpose. Beside the
recording and slowly; a file that a recorder may still be writing is left alone. Not here: files without rows, and
rows without files (``ingest.reconcile``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from domain.evidence import Segment
from domain.timeline import Clock
from ingest.bookkeeper import spool_copy
from ingest.spool import Spool, SpoolError, camera_of
from storage.database.evidence import Evidence
from storage.errors import StorageError

_log = structlog.get_logger()

PAUSE_S = 20.0
SETTLED = timedelta(seconds=30)
"""How long after its end a segment may still be on its way into a spool."""
_AT_ONCE = 16
_REST_S = 300.0  # a file that could not be mended is not tried again before


class Healer:
    """Round after round, whatever ``spools`` lack of each other; only cameras that ``owns`` names."""

    def __init__(
        self,
        evidence: Evidence,
        spools: Sequence[Spool],
        clock: Clock,
        owns: Callable[[str], bool] = lambda _camera: True,
    ) -> None:
        self._evidence = evidence
        self._spools = spools
        self._clock = clock
        self._owns = owns
        self._resting: dict[tuple[Spool, str], float] = {}

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set, once the file in hand is done; a single spool is gone through once."""
        while not stop.wait(PAUSE_S):
            try:
                if self.round() == 0 and len(self._spools) == 1:
                    return
            except Exception as error:  # noqa: BLE001 (the top of a supervised loop: mending must go on)
                _log.error("healing_failed", reason=str(error), kind=type(error).__name__)

    def round(self) -> int:
        """How many copies were added."""
        now = self._clock.monotonic()
        self._resting = {what: until for what, until in self._resting.items() if until > now}
        return sum(self._mend(spool) for spool in self._spools)

    def _mend(self, spool: Spool) -> int:
        settled = self._clock.now() - SETTLED
        limit = _AT_ONCE + len(self._resting)
        added = 0
        for segment in self._evidence.segments_not_in_spool(spool.name, settled, limit):
            if (spool, segment.key) in self._resting:
                continue
            try:
                mended = self._owns(camera_of(segment.key)) and self._bring(segment, spool)
            except (SpoolError, StorageError) as error:
                _log.warning("spool_copy_not_mended", spool=str(spool.root), key=segment.key, reason=str(error))
                mended = False
            if mended:
                added += 1
            else:
                self._resting[spool, segment.key] = self._clock.monotonic() + _REST_S
        return added

    def _bring(self, segment: Segment, spool: Spool) -> bool:
        """Find the file in the spool, or copy it there; compared by size and hash before its row is written."""
        if spool.holds(segment.key):
            sound = spool.sha256(segment.key) == segment.sha256
        else:
            sound = any(
                spool.take_copy(segment.key, other.blocks(segment.key), segment.sha256)
                for other in self._spools
                if other is not spool and other.holds(segment.key)
            )
        if not sound:
            return False
        self._evidence.add_copy(spool_copy(segment, spool, self._clock.now()))
        _log.info("spool_copy_mended", spool=str(spool.root), key=segment.key)
        self._tidy(segment.key, spool)
        return True

    def _tidy(self, key: str, spool: Spool) -> None:
        """What was left open of a file that is whole now: removed where it is its beginning, else set aside."""
        if key not in spool.left_open():
            return
        with spool.open_closed(key) as whole:
            superfluous = spool.is_beginning_of(key, whole)
        if superfluous:
            spool.remove(key, left_open=True)
        else:
            spool.set_aside(key)
