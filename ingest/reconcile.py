"""At start: what the last recorder left behind is closed, claimed and accounted for, before anything new is written.

1. Files left open are cut back to their last complete fragment, synced and named.
2. Closed files without a row get one, from their own bytes; where not even their run has one, the database had been
   away when the recorder died, and the run is written from the file.
3. Runs left open end where their last segment ends: the recorder had died.
4. Outages left open end at the dead recorder's last heartbeat; from there on nobody watched.
5. Recorders without an end are ended at their last heartbeat.

What cannot be mended is told and left as it is: one bad file never keeps a recorder from starting.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import structlog

from domain.evidence import Copy, EndReason, Place, Run
from domain.timeline import Interval
from ingest.bookkeeper import segment_from_file
from ingest.spool import Spool, SpoolError
from storage.database.evidence import Evidence
from storage.media import MediaError

_log = structlog.get_logger()

_OF_FILES = UUID("6f2c0f1e-9b1e-4a39-8d0a-5d6b8f0a7c11")  # names the ids of runs that are known by a file alone


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found and mended."""

    files_closed: int
    rows_added: int
    runs_ended: int
    outages_ended: int


def reconcile(
    evidence: Evidence,
    spool: Spool,
    now: datetime,
    *,
    owns: Callable[[str], bool] = lambda _camera: True,
    lives: Container[str] | None = None,
) -> Reconciled:
    """Mend what a crash left, in the order above; doing it twice changes nothing.

    Where other recorders are at work, ``owns`` says whose files, runs and outages may be touched, by camera, and
    ``lives`` names the recorders that died; None is all of them.
    """
    runs_open = [run for run in evidence.open_runs() if owns(run.camera)]
    files_closed = sum(_close(spool, key) for key in list(spool.left_open()) if owns(_camera_of(key)))
    unclaimed = [key for key in spool.closed() if owns(_camera_of(key)) and evidence.segment(key) is None]
    dead = [each for each in evidence.recorders() if each.ended is None and (lives is None or each.id in lives)]
    rows = sum(_claim(evidence, spool, key, now) for key in unclaimed)
    for run in runs_open:
        evidence.end_run(run.id, _end_of(evidence, run, now), EndReason.RECORDER_KILLED)
    outages_open = [outage for outage in evidence.open_outages() if owns(outage.camera)]
    last_seen = max((recorder.seen for recorder in dead), default=now)
    for outage in outages_open:
        evidence.close_outage(outage.id, max(outage.start, last_seen))
    for recorder in dead:
        evidence.end_recorder(recorder.id, recorder.seen)
    found = Reconciled(files_closed, rows, len(runs_open), len(outages_open))
    _log.info("spool_reconciled", files=found.files_closed, rows=found.rows_added, runs=found.runs_ended)
    return found


def _camera_of(key: str) -> str:
    """The camera that a key names; nothing for a file that is none of ours."""
    parts = key.split("/")
    return parts[2] if len(parts) == 4 else ""


def _close(spool: Spool, key: str) -> int:
    """1 when a file left open is closed now; 0 when it held no picture, or cannot be read or written."""
    try:
        return int(spool.recover(key) is not None)
    except (SpoolError, MediaError) as error:
        _log.error("spool_file_not_closed", key=key, reason=str(error))
        return 0


def _claim(evidence: Evidence, spool: Spool, key: str, now: datetime) -> int:
    """1 when a closed file got its row; 0 when it cannot be a segment of ours, which is told."""
    try:
        _site, batch, camera, _first = key.split("/")
        file = spool.read_back(key)
    except (ValueError, SpoolError, MediaError) as error:
        _log.error("spool_file_unreadable", key=key, reason=str(error))
        return 0
    span = file.index.span if file.index is not None else None
    run = _run_of(evidence, key, camera, span) if span is not None else None
    if run is None:
        _log.error("spool_file_without_run", key=key)
        return 0
    segment = segment_from_file(file, run=run.id, camera=camera, batch=batch)
    copy = Copy(
        segment.key, Place.SPOOL, str(spool.root), now, segment.size_bytes, segment.sha256, device=spool.device
    )
    evidence.add_segment(segment, copy)
    return 1


def _run_of(evidence: Evidence, key: str, camera: str, span: Interval) -> Run | None:
    """The run that wrote a file; one made from the file where none was written down; None without a recorder."""
    runs = evidence.runs(camera, span)
    if runs:
        return max(runs, key=lambda run: run.started)
    recorders = [recorder for recorder in evidence.recorders() if recorder.started <= span.start]
    if not recorders:
        return None
    recorder = max(recorders, key=lambda recorder: recorder.started)
    run = Run(uuid5(_OF_FILES, key).hex, camera, recorder.id, span.start)
    evidence.begin_run(run)
    evidence.end_run(run.id, span.end, EndReason.RECORDER_KILLED)
    return run


def _end_of(evidence: Evidence, run: Run, now: datetime) -> datetime:
    if run.started >= now:
        return run.started
    ends = [
        segment.interval.end
        for segment in evidence.segments(run.camera, Interval(run.started, now))
        if segment.run == run.id
    ]
    return max(ends, default=run.started)
