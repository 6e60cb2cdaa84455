"""Brings what is closed into an object store, round after round.

Not here: what a round does, and how one segment goes into the store (``storage.archive``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from domain.timeline import Clock, SystemClock
from storage.archive import AT_ONCE, Archive, KeepFailure, KeepResult

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 15.0


class ArchiveWorker:
    """Keeps what is pending in one store, the first unless ``bucket`` names another, until told to stop.

    A store that is lost is reported once (``objects_lost``), and once when it is back, with the duration
    (``objects_back``); meanwhile the pause between rounds doubles from ``FIRST_PAUSE_S`` to ``LONGEST_PAUSE_S``.
    A segment that fails for itself is reported once per reason (``segment_not_kept``), a store whose locks do not
    hold and that is used all the same once for each life of the process (``locks_do_not_hold``). ``tell`` is told how
    it stands with the store whenever that changes.
    """

    def __init__(
        self,
        archive: Archive,
        clock: Clock | None = None,
        at_once: int = AT_ONCE,
        *,
        tell: Callable[[KeepResult], None] = lambda _result: None,
        bucket: str | None = None,
    ) -> None:
        self._archive = archive
        self._bucket = bucket
        self._tell = tell
        self._told: tuple[str | None, str | None] | None = None
        self._unlocked = False
        self._clock = clock or SystemClock()
        self._at_once = at_once
        self._log = structlog.get_logger().bind(bucket=bucket) if bucket else structlog.get_logger()
        self._lost_since: float | None = None
        self._reported: set[KeepFailure] = set()
        self._broken = False
        self._pause_s = FIRST_PAUSE_S

    def run(self, stop: threading.Event) -> None:
        """Returns soon after ``stop`` is set, once the segment in hand is kept or has failed."""
        while not stop.is_set():
            if stop.wait(self.round()):
                return

    def round(self) -> float:
        """One round. Returns how many seconds to wait before the next: none while there is more to do."""
        try:
            result = self._archive.keep_pending(self._at_once, self._bucket)
        except Exception as error:  # noqa: BLE001 - the top of a supervised loop: uploading must go on
            self._report_broken(error)
            return self._longer_pause()
        self._broken = False
        self._report(result)
        self._pass_on(result)
        if result.lost is not None:
            return self._longer_pause()
        self._pause_s = FIRST_PAUSE_S
        return 0.0 if len(result.kept) == self._at_once else FIRST_PAUSE_S

    def _longer_pause(self) -> float:
        pause_s, self._pause_s = self._pause_s, min(LONGEST_PAUSE_S, self._pause_s * 2)
        return pause_s

    def _report(self, result: KeepResult) -> None:
        for failure in result.failed:
            if failure not in self._reported:
                self._reported.add(failure)
                self._log.error("segment_not_kept", segment=failure.key, reason=failure.reason)
        if result.lost is not None and self._lost_since is None:
            self._lost_since = self._clock.monotonic()
            self._log.warning("objects_lost", reason=result.lost)
        elif result.kept and result.lost is None and self._lost_since is not None:
            seconds = round(self._clock.monotonic() - self._lost_since, 1)
            self._lost_since = None
            self._log.info("objects_back", seconds=seconds)
        if result.kept:
            self._log.debug("segments_kept", count=len(result.kept))
        if result.unlocked is not None and not self._unlocked:
            self._unlocked = True
            lost = "whoever has a key to the store can delete what is stored now; no report will call it locked"
            self._log.warning("locks_do_not_hold", reason=result.unlocked, lost=lost)

    def _pass_on(self, result: KeepResult) -> None:
        now = (result.lost, result.unlocked)
        if now != self._told:
            self._tell(result)
            self._told = now

    def _report_broken(self, error: Exception) -> None:
        if not self._broken:
            self._log.error("archive_round_failed", error=str(error), kind=type(error).__name__)
        self._broken = True
