"""At start: what the last recorder left behind is closed, claimed and accounted for, before anything new is written.

1. Files left open are cut back to their last complete fragment, synced and named.
2. Closed files without a row get one, from their own bytes.
3. Runs left open end where their last segment ends: the recorder had died.
4. Outages left open end at the dead recorder's last heartbeat; from there on nobody watched.
5. Recorders without an end are ended at their last heartbeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.evidence import Copy, EndReason, Place, Run
from domain.timeline import Interval
from ingest.bookkeeper import segment_from_file
from ingest.spool import ClosedFile, Spool
from storage.database.evidence import Evidence
from storage.media import MediaError

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found and mended."""

    files_closed: int
    rows_added: int
    runs_ended: int
    outages_ended: int


def reconcile(evidence: Evidence, spool: Spool, now: datetime) -> Reconciled:
    """Mend what a crash left, in the order above; doing it twice changes nothing."""
    runs_open = evidence.open_runs()
    closed = [file for key in list(spool.left_open()) if (file := spool.recover(key)) is not None]
    rows = sum(_claim(evidence, spool, file, now) for file in closed)
    for key in spool.closed():
        if evidence.segment(key) is None:
            rows += _claim_by_key(evidence, spool, key, now)
    for run in runs_open:
        evidence.end_run(run.id, _end_of(evidence, run, now), EndReason.RECORDER_KILLED)
    outages_open = evidence.open_outages()
    dead = [recorder for recorder in evidence.recorders() if recorder.ended is None]
    last_seen = max((recorder.seen for recorder in dead), default=now)
    for outage in outages_open:
        evidence.close_outage(outage.id, max(outage.start, last_seen))
    for recorder in dead:
        evidence.end_recorder(recorder.id, recorder.seen)
    found = Reconciled(len(closed), rows, len(runs_open), len(outages_open))
    _log.info("spool_reconciled", files=found.files_closed, rows=found.rows_added, runs=found.runs_ended)
    return found


def _claim_by_key(evidence: Evidence, spool: Spool, key: str, now: datetime) -> int:
    try:
        return _claim(evidence, spool, spool.read_back(key), now)
    except MediaError as error:
        _log.error("spool_file_unreadable", key=key, reason=str(error))
        return 0


def _claim(evidence: Evidence, spool: Spool, file: ClosedFile, now: datetime) -> int:
    """The row of a file found in the spool; 0 when no run can have written it, which is told."""
    _, batch, camera, _ = file.key.split("/")
    span = file.index.span if file.index is not None else None
    runs = evidence.runs(camera, span) if span is not None else []
    if not runs:
        _log.error("spool_file_without_run", key=file.key)
        return 0
    run = max(runs, key=lambda run: run.started)
    segment = segment_from_file(file, run=run.id, camera=camera, batch=batch)
    copy = Copy(segment.key, Place.SPOOL, str(spool.root), now, segment.size_bytes, segment.sha256)
    evidence.add_segment(segment, copy)
    return 1


def _end_of(evidence: Evidence, run: Run, now: datetime) -> datetime:
    if run.started >= now:
        return run.started
    ends = [
        segment.interval.end
        for segment in evidence.segments(run.camera, Interval(run.started, now))
        if segment.run == run.id
    ]
    return max(ends, default=run.started)
