"""Reads every stored copy again, round after round, for as long as it is kept: disks and servers lose what they had.

Each copy has an instant at which it is due, in its row, so that a restart goes on where it was and a copy costs
nothing until then. Due is first the day after it was stored, and then ``every`` so long. One copy goes so:

1. All its bytes are read, slowly, and compared with the hash of the segment's row.
2. Right bytes are written down, with the instant. A place that does not answer says nothing: it is asked later. An
   object whose batch must be kept longer than it is locked, or that is not locked any more, is locked until then;
   it is put under legal hold, or let go, as was decided of its batch.
3. Other bytes, or none, are read once more. If they are no better, the copy gets its tombstone and a row that says
   why (``LostCopy``). Whoever keeps copies then makes another one from those that stand: the uploader
   (``storage.archive``), or the one that levels spools (``ingest.healing``).
4. Where none stands, an observation says so, and coverage shows a gap from then on, also in sittings long closed.

Not here: what stands only in another host's spool is read by that host; nothing is deleted or repaired here.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from domain.evidence import Copy, LostCopy, Observation, Segment, SegmentState
from domain.timeline import Clock, SystemClock, rfc3339
from storage.archive import Archive, Why
from storage.database import Evidence
from storage.errors import StorageError
from storage.spool_marker import read_marker

AT_ONCE = 16  # copies of one round
IDLE_S = 60.0  # between rounds, when nothing is due
FAILED_S = 30.0  # ... and when the database is away
ASK_AGAIN = timedelta(minutes=10)
"""After which a copy is tried again whose place did not answer."""

_STATES = {Why.MISSING: SegmentState.MISSING, Why.DAMAGED: SegmentState.DAMAGED}
_log = structlog.get_logger()


class Rereader:
    """Of the object store and of the spools in ``folders``: those of this host.

    ``bytes_per_s`` is the most that is read; recording and uploading share disk and line with it.
    """

    def __init__(
        self,
        evidence: Evidence,
        archive: Archive,
        folders: Sequence[Path],
        *,
        every: timedelta,
        bytes_per_s: float,
        clock: Clock | None = None,
    ) -> None:
        self._evidence = evidence
        self._archive = archive
        self._folders = folders
        self._every = every
        self._bytes_per_s = bytes_per_s
        self._clock = clock or SystemClock()

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set, once the copy in hand is done; that one goes fast then."""
        while not stop.is_set():
            try:
                pause_s = 0.0 if self.round(stop) == AT_ONCE else IDLE_S
            except StorageError as error:
                _log.warning("rereading_waits", reason=str(error))
                pause_s = FAILED_S
            except Exception as error:  # noqa: BLE001 (the top of a supervised loop: the others must still be read)
                _log.error("rereading_failed", reason=str(error), kind=type(error).__name__)
                pause_s = FAILED_S
            stop.wait(pause_s)

    def round(self, stop: threading.Event) -> int:
        """How many copies were looked at. Raises DatabaseUnavailable."""
        spools = [each for folder in self._folders if (each := _spool_id(folder))]
        due = self._evidence.due_copies(self._clock.now(), AT_ONCE, spools, self._archive.buckets)
        for number, (segment, copy) in enumerate(due):
            if stop.is_set():
                return number
            self._reread(segment, copy, stop)
        return len(due)

    def _reread(self, segment: Segment, copy: Copy, stop: threading.Event) -> None:
        why = self._archive.reread(segment, copy, lambda size: stop.wait(size / self._bytes_per_s))
        if why in _STATES:
            why = self._archive.reread(segment, copy, lambda size: stop.wait(size / self._bytes_per_s))
        now = self._clock.now()
        if why is None:
            secured = self._secure(segment, copy)
            self._evidence.note_reread(copy, now, now + (self._every if secured else ASK_AGAIN))
        elif why is Why.UNREACHABLE:
            self._evidence.postpone_reread(copy, now + ASK_AGAIN)
        else:
            lose(self._evidence, LostCopy(copy, now, _STATES[why]))

    def _secure(self, segment: Segment, copy: Copy) -> bool:
        """Whether a copy is locked as long as it has to be by now, and held if it has to be."""
        try:
            until = self._archive.secure(segment, copy)
        except StorageError as error:
            _log.error("copy_not_secured", segment=copy.segment, target=copy.target, reason=str(error))
            return False
        if until is not None and (copy.locked_until is None or until > copy.locked_until):
            self._evidence.note_lock(copy, until)
            _log.info("lock_lengthened", segment=copy.segment, target=copy.target, until=rfc3339(until))
        return True


def lose(evidence: Evidence, lost: LostCopy) -> int | None:
    """Write down that a copy is lost, and that the segment is where no other stands: how many do.

    None, and nothing written, where the copy was removed in order meanwhile.
    """
    copy, state = lost.copy, lost.state
    left = evidence.lose_copy(lost)
    if left is None:
        return None
    _log.error("copy_lost", segment=copy.segment, place=copy.place, target=copy.target, state=state, left=left)
    if left == 0:
        detail = f"its last copy, in {copy.place} {copy.target}, was {state} when it was read again"
        evidence.add_observation(Observation(copy.segment, lost.at, state, 0, (), detail))
    return left


def _spool_id(folder: Path) -> str:
    try:
        marker = read_marker(folder)
    except OSError:
        return ""
    return marker.id if marker is not None else ""
