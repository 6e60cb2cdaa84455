"""At start: what the last recorder left behind is closed, claimed and accounted for, before anything new is written.

1. Each spool is claimed by its marker. One whose disk is not mounted, or that another recorder owns, is told of and
   left out: nothing is written there, and no row of it is touched. Copies from before rows named their spool are
   said to lie in it where this recorder wrote them at this path.
   Then rows that a working database had refused are tried again (``ingest.set_aside``).
2. Files left open are cut back to their last complete fragment, synced and named; of a file that lies in two spools
   the one with more whole bytes, the other is mended from it later (``ingest.healing``).
3. Closed files without a row get one, from their own bytes; where not even their run has one, the database had been
   away when the recorder died, and the run is written from the file. That it has none is seen by a pause since the
   last file of a run that was written, of which the file does not tell. What such a file, or the last one of a run
   left open, tells missing of its own time is written as an outage first, as far as nobody has written it yet: a
   loss of packets may have lasted when the recorder died.
4. Copies whose file is gone get their tombstone; files whose copy has one, since a recorder was killed between
   marking and removing them (``ingest.eviction``), are compared and get a row again. So are files whose segment is
   known from the object store alone, since the database was rebuilt from there (``records.rebuilding``).
5. Runs left open end where their last segment ends: the recorder had died.
6. Outages left open end where a run began that has footage: it was over, although that was not written down any
   more. Else they end at the dead recorder's last heartbeat; from there on nobody watched.
7. Recorders without an end are ended at their last heartbeat.

Only what belongs to this recorder is touched. What cannot be mended is told and left as it is: one bad file never
keeps a recorder from starting.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import structlog

from domain.evidence import EndReason, Outage, Place, Recorder, Run, Segment
from domain.timeline import Interval, IntervalSet
from ingest.bookkeeper import segment_from_file, spool_copy
from ingest.set_aside import SetAside
from ingest.spool import Spool, SpoolError, camera_of
from storage.database.evidence import Evidence
from storage.media import FileIndex, MediaError

_log = structlog.get_logger()

_OF_FILES = UUID("6f2c0f1e-9b1e-4a39-8d0a-5d6b8f0a7c11")  # names the ids of runs that are known by a file alone
_SEAM = timedelta(milliseconds=1)  # what the media clock and the row of a file may be apart
_LOOKED_FOR = 100  # so many of the newest files must all be gone before a folder without marker is not taken


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found and mended. ``bytes_cut`` is what torn fragments lost, ``copies_gone`` got their tombstone."""

    files_closed: int
    rows_added: int
    runs_ended: int
    outages_ended: int
    copies_gone: int = 0
    bytes_cut: int = 0


def reconcile(
    evidence: Evidence,
    spool: Spool,
    now: datetime,
    *,
    second: Spool | None = None,
    owns: Callable[[str], bool] = lambda _camera: True,
    lives: Container[str] | None = None,
    host: str | None = None,
) -> Reconciled:
    """Mend what a crash left, in the order above; doing it twice changes nothing.

    Where other recorders are at work, ``owns`` says by camera whose files, runs and outages may be touched; ``lives``
    names the recorders that died and ``host`` where they ran, None is all of them.
    """
    spools = claim_spools(evidence, [spool] if second is None else [spool, second])
    SetAside(spools).retry(evidence)
    for each in spools:
        evidence.adopt_copies(each.name, each.owner)
    mine = [
        each
        for each in evidence.recorders()
        if (lives is None or each.id in lives) and (host is None or each.host == host)
    ]
    ours = _Ours(evidence, spools, owns, mine, now)
    runs_open = [run for run in evidence.open_runs() if owns(run.camera) and run.recorder in ours.ids]
    files_closed, bytes_cut = ours.close_files()
    for run in runs_open:
        ours.tell_last_of(run)
    rows = ours.claim_files()
    gone = sum(ours.entomb(each) for each in spools)
    ours.take_back()
    for run in runs_open:
        evidence.end_run(run.id, _end_of(evidence, run, now), EndReason.RECORDER_KILLED)
    outages_open = [
        outage for outage in evidence.open_outages() if owns(outage.camera) and outage.recorder in {None, *ours.ids}
    ]
    dead = [recorder for recorder in mine if recorder.ended is None]
    last_seen = max((recorder.seen for recorder in dead), default=now)
    for outage in outages_open:
        evidence.close_outage(outage.id, ours.end_of(outage, last_seen))
    for recorder in dead:
        evidence.end_recorder(recorder.id, recorder.seen)
    found = Reconciled(files_closed, rows, len(runs_open), len(outages_open), gone, bytes_cut)
    _log.info(
        "spool_reconciled",
        files=found.files_closed,
        rows=found.rows_added,
        runs=found.runs_ended,
        gone=found.copies_gone,
        bytes_cut=found.bytes_cut,
    )
    return found


def claim_spools(evidence: Evidence, spools: Sequence[Spool]) -> list[Spool]:
    """Those that are there and ours. Another one is told of, and refuses every file from now on."""
    there = []
    for spool in spools:
        try:
            newest = evidence.newest_copies(str(spool.root), spool.owner, _LOOKED_FOR)
            gone = bool(newest) and not any(spool.holds(copy.segment) for copy in newest)
            spool.claim(used=gone, formerly=newest[0].spool if newest else "")
        except SpoolError as error:
            _log.error("spool_away", spool=str(spool.root), reason=str(error))
        else:
            there.append(spool)
    return there


class _Ours:
    """The files of the cameras that this recorder owns, in the spools that are there."""

    def __init__(
        self,
        evidence: Evidence,
        spools: list[Spool],
        owns: Callable[[str], bool],
        mine: list[Recorder],
        now: datetime,
    ) -> None:
        self._evidence = evidence
        self._spools = spools
        self._owns = owns
        self._mine = mine
        self._now = now
        self.ids = {recorder.id for recorder in mine}

    def close_files(self) -> tuple[int, int]:
        """Close what was left open: how many files, and how many bytes of torn fragments were cut off."""
        left: dict[str, list[Spool]] = {}
        for spool in self._spools:
            for key in self._owned(spool.left_open):
                left.setdefault(key, []).append(spool)
        files = cut = 0
        for key, holding in left.items():
            if self._evidence.segment(key) is not None or any(spool.holds(key) for spool in self._spools):
                continue  # another spool has more of it, and mends this one
            for spool in sorted(holding, key=lambda each: each.complete_bytes(key), reverse=True):
                lost = _close(spool, key)
                if lost is not None:
                    files, cut = files + 1, cut + lost
                    break
        return files, cut

    def claim_files(self) -> int:
        """Write the rows of closed files that have none: how many."""
        added = 0
        for spool in self._spools:
            for key in self._owned(spool.closed):
                if self._evidence.segment(key) is None:
                    added += self._claim(spool, key)
        return added

    def tell_last_of(self, run: Run) -> None:
        """What the run's last closed file tells missing: its row may have been the last thing that was written."""
        segment = self._evidence.last_segment_of(run)
        if segment is None:
            return
        for spool in self._spools:
            try:
                if not spool.holds(segment.key):
                    continue
                index = spool.index(segment.key)
            except (SpoolError, MediaError) as error:
                _log.error("spool_file_unreadable", key=segment.key, reason=str(error))
                continue
            self._tell_missing(segment.key, index, run)
            return

    def _tell_missing(self, key: str, index: FileIndex, run: Run) -> None:
        """Write as outages what a file tells missing and no row of its recorder does."""
        for span, cause in index.missing:
            written = IntervalSet(
                known
                for outage in self._evidence.outages(run.camera, span)
                if (outage.cause, outage.recorder) == (cause, run.recorder)
                and (known := outage.interval(self._now)) is not None
            )
            for part in IntervalSet([span]) - written:
                name = uuid5(_OF_FILES, f"{key} {part.start.isoformat()} {cause}").hex
                detail = "told by the file itself: the recorder died before it was written down"
                outage = Outage(name, run.camera, part.start, part.end, cause, detail, run.recorder)
                self._evidence.open_outage(outage)

    def end_of(self, outage: Outage, last_seen: datetime) -> datetime:
        """Where an outage ended that its recorder left open and saw last at ``last_seen``."""
        if outage.start >= last_seen:
            return outage.start
        begun = [
            run.started
            for run in self._evidence.runs(outage.camera, Interval(outage.start, last_seen))
            if run.recorder in self.ids and run.started >= outage.start and self._evidence.last_segment_of(run)
        ]
        return min([*begun, last_seen])

    def entomb(self, spool: Spool) -> int:
        """Write the tombstones of copies whose file is gone: how many."""
        standing = {key for key in self._evidence.spool_keys(spool.name) if self._owns(camera_of(key))}
        missed = sorted(standing.difference(self._owned(spool.closed)))
        gone = [key for key in missed if _is_gone(spool, key)]
        for key in gone:
            _log.error("spool_file_gone", spool=str(spool.root), key=key)
            self._evidence.tombstone_copy(key, Place.SPOOL, spool.name.root, self._now, spool.name.id)
        return len(gone)

    def take_back(self) -> None:
        """Give files a row again whose copy has a tombstone, or has none here, although they are there: if they are
        what they were.
        """
        for spool in self._spools:
            unclaimed = sorted(set(self._owned(spool.closed)) - self._evidence.spool_keys(spool.name))
            for key in unclaimed:
                segment = self._evidence.segment(key)
                if segment is not None:
                    self._add_copy(segment, spool)

    def _owned(self, keys: Callable[[], list[str]]) -> list[str]:
        return [key for key in keys() if self._owns(camera_of(key))]

    def _claim(self, spool: Spool, key: str) -> int:
        """1 when a closed file got its row; 0 when it cannot be a segment of ours, which is told."""
        try:
            _site, batch, camera, _first = key.split("/")
            file = spool.read_back(key)
        except (ValueError, SpoolError, MediaError) as error:
            _log.error("spool_file_unreadable", key=key, reason=str(error))
            return 0
        run = self._run_of(key, camera, file.index) if file.index is not None else None
        if file.index is None or run is None:
            _log.error("spool_file_without_run", key=key)
            return 0
        self._tell_missing(key, file.index, run)
        segment = segment_from_file(file, run=run.id, camera=camera, batch=batch)
        self._evidence.add_segment(segment, spool_copy(segment, spool, self._now))
        self._add_equal_copies(segment, spool)
        return 1

    def _add_equal_copies(self, segment: Segment, but: Spool) -> None:
        for other in self._spools:
            if other is not but and other.holds(segment.key):
                self._add_copy(segment, other)

    def _add_copy(self, segment: Segment, spool: Spool) -> None:
        """The row of a file whose segment is known, if it has that segment's bytes."""
        try:
            equal = spool.sha256(segment.key) == segment.sha256
        except SpoolError as error:
            _log.error("spool_file_unreadable", key=segment.key, reason=str(error))
            return
        if equal:
            self._evidence.add_copy(spool_copy(segment, spool, self._now))
        else:
            _log.error("spool_files_differ", key=segment.key, spool=str(spool.root))

    def _run_of(self, key: str, camera: str, file: FileIndex) -> Run | None:
        """The run that wrote a file; one made from the file where none was written; None without a recorder."""
        span = file.span
        if span is None:
            return None
        runs = [
            run
            for run in self._evidence.runs(camera, span)
            if run.recorder in self.ids and self._goes_on(run, span, file)
        ]
        if runs:
            return max(runs, key=lambda run: run.started)
        recorders = [recorder for recorder in self._mine if recorder.started <= span.start]
        if not recorders:
            return None
        recorder = max(recorders, key=lambda recorder: recorder.started)
        run = Run(uuid5(_OF_FILES, key).hex, camera, recorder.id, span.start)
        self._evidence.begin_run(run)
        self._evidence.end_run(run.id, span.end, EndReason.RECORDER_KILLED)
        return run

    def _goes_on(self, run: Run, span: Interval, file: FileIndex) -> bool:
        """Whether a file can be of that run. Within a run, one begins where the last ended, or tells why it does not.

        An untold pause is the end of a connection whose row never reached the database.
        """
        last = self._evidence.last_segment_of(run)
        ended = (last.interval.end if last is not None else run.started) + _SEAM
        if span.start <= ended:
            return True
        told = IntervalSet(Interval(each.start - _SEAM, each.end + _SEAM) for each, _ in file.missing)
        return not IntervalSet([Interval(ended, span.start)]) - told


def _is_gone(spool: Spool, key: str) -> bool:
    """Only where the disk says so: one that does not answer has lost nothing yet."""
    try:
        return not spool.holds(key)
    except SpoolError as error:
        _log.error("spool_file_unreadable", key=key, reason=str(error))
        return False


def _close(spool: Spool, key: str) -> int | None:
    """How many torn bytes closing a file cost; None when it held no picture, or cannot be read or written."""
    try:
        closed = spool.recover(key)
    except (SpoolError, MediaError) as error:
        _log.error("spool_file_not_closed", key=key, reason=str(error))
        return None
    if closed is None:
        _log.error("spool_file_without_picture", key=key, spool=str(spool.root))
        return None
    if closed.cut_bytes:
        _log.warning("spool_file_cut", key=key, spool=str(spool.root), bytes=closed.cut_bytes)
    return closed.cut_bytes


def _end_of(evidence: Evidence, run: Run, now: datetime) -> datetime:
    if run.started >= now:
        return run.started
    since = Interval(run.started, now)
    found = (*evidence.segments(run.camera, since), *evidence.trial_segments(run.camera, since))
    ends = [segment.interval.end for segment in found if segment.run == run.id]
    return max(ends, default=run.started)
