"""Makes room in a spool that runs short: files that lie, proven, in the object stores go, the oldest first.

Those that lie in as many stores as they are to go first. Those that lie in fewer go when none of these is left, since
what is recorded now would exist nowhere. A store that does not answer is taken at its row's word where another one
proves the bytes. What is proven in no store is never removed, however full the disk. One file goes in this order:

1. Its copies in the object stores are read back whole, compared with the segment's row, and found locked.
2. Its copy in this spool gets its tombstone.
3. The file is removed and the folder synced.

Killed after 2, the file is there and no row claims it: the next start compares it and gives it a row again
(``ingest.reconcile``). So a row never claims what is gone, and a copy on a second spool counts for nothing here.
Not here: what is kept at all, and for how long (``storage.archive``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import structlog

from domain.evidence import Place, Segment
from domain.timeline import Clock
from ingest.spool import Spool, SpoolError, camera_of
from storage.confirming import Confirmed
from storage.database.evidence import Evidence

_log = structlog.get_logger()

LOOK_S = 1.0
WAIT_S = 3.0
"""How long somebody who needs room at once waits for it, at most."""
REST_S = 10.0
"""After a round that made no room, nobody is kept waiting for so long, and no file is asked for again."""
_AT_ONCE = 64


class Eviction:
    """Keeps as much again free as ``spool`` has in reserve; only files of cameras that ``owns`` names.

    ``confirm`` tells in which object stores a segment is proven to lie just now.
    """

    def __init__(
        self,
        evidence: Evidence,
        spool: Spool,
        confirm: Callable[[Segment], Confirmed],
        clock: Clock,
        owns: Callable[[str], bool] = lambda _camera: True,
    ) -> None:
        self._evidence = evidence
        self._spool = spool
        self._confirm = confirm
        self._clock = clock
        self._owns = owns
        self._round = threading.Lock()
        self._wanted = threading.Event()
        self._changed = threading.Condition()
        self._resting: dict[str, float] = {}  # keys that were not confirmed, and until when they are left alone
        self._dry_until = 0.0  # monotonic: until then there is nothing to be had
        self._short = False

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set, once the file in hand is done."""
        while not stop.is_set():
            self._wanted.wait(LOOK_S)
            self._wanted.clear()
            try:
                self.round()
            except Exception as error:  # noqa: BLE001 (the top of a supervised loop: room must be made again)
                _log.error("eviction_failed", reason=str(error), kind=type(error).__name__)
                self._dry_until = self._clock.monotonic() + REST_S
            with self._changed:
                self._changed.notify_all()

    def make_room(self) -> None:
        """Have ``run`` look at once, and wait until there is room or there is none to be had; WAIT_S at most."""
        if self._clock.monotonic() < self._dry_until:
            return
        with self._changed:
            self._wanted.set()
            self._changed.wait_for(self._is_answered, WAIT_S)

    def round(self) -> int:
        """Remove files until there is room enough, if it is short; how many. Raises SpoolError, StorageError."""
        with self._round:
            if self._spool.has_room(self._spool.reserve_bytes) or self._clock.monotonic() < self._dry_until:
                return 0
            self._tell_short()
            removed = sum(self._remove_some(everywhere=everywhere) for everywhere in (True, False))
            self._tell(removed)
            return removed

    def _remove_some(self, *, everywhere: bool) -> int:
        """Until there is room enough: of those that are to lie in no more stores than they do, or of the others."""
        removed = 0
        for segment in self._candidates(everywhere=everywhere):
            if self._spool.has_room(self._spool.reserve_bytes):
                break
            removed += self._evict(segment, everywhere=everywhere)
        return removed

    def _candidates(self, *, everywhere: bool) -> Iterator[Segment]:
        """Page by page, oldest first; what was tried in vain lately is left out."""
        now = self._clock.monotonic()
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        after = None
        while found := self._evidence.kept_twice(self._spool.name, _AT_ONCE, after, everywhere=everywhere):
            for segment in found:
                if self._owns(camera_of(segment.key)) and segment.key not in self._resting:
                    yield segment
            after = (found[-1].interval.start, found[-1].key)

    def _evict(self, segment: Segment, *, everywhere: bool) -> int:
        """1 when the file was removed; 0 where it is not here, or not proven elsewhere. In the order above."""
        if not self._spool.holds(segment.key):
            return 0
        found = self._confirm(segment)
        if found.nobody_answers:
            raise found.doubts[0]
        if not found.copies or (everywhere and found.refuted):
            _log.error("spool_file_not_confirmed", key=segment.key, reason="; ".join(map(str, found.doubts)))
            self._resting[segment.key] = self._clock.monotonic() + REST_S
            return 0
        if not everywhere:
            _log.warning("spool_file_leaves_too_few_copies", key=segment.key, stores=len(found.copies))
        name = self._spool.name
        self._evidence.tombstone_copy(segment.key, Place.SPOOL, name.root, self._clock.now(), name.id)
        self._spool.remove(segment.key)
        with self._changed:
            self._changed.notify_all()
        return 1

    def _is_answered(self) -> bool:
        try:
            return self._spool.has_room() or self._clock.monotonic() < self._dry_until
        except SpoolError:
            return True

    def _tell_short(self) -> None:
        if not self._short:
            self._short = True
            _log.warning("spool_short", spool=str(self._spool.root), bytes_left=self._spool.free_bytes())

    def _tell(self, removed: int) -> None:
        if removed:
            _log.info("spool_files_evicted", spool=str(self._spool.root), files=removed)
        if self._spool.has_room(self._spool.reserve_bytes):
            self._short = False
            _log.info("spool_has_room_again", spool=str(self._spool.root))
        else:
            self._dry_until = self._clock.monotonic() + REST_S
            _log.error("spool_cannot_make_room", spool=str(self._spool.root), bytes_left=self._spool.free_bytes())
