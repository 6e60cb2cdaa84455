"""Carries the recorder's facts to disk and database, in order: bytes synced first, then the row that claims them.

Two workers: one owns the spool files, one the rows. A database that is away holds rows back and loses none; the
files are already safe and the next start finds them (``ingest.reconcile``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from domain.evidence import Cause, Copy, EndReason, Outage, Place, Run, Segment
from domain.host_clock import HostClock
from domain.timeline import Clock
from ingest.segmenter import Closed
from ingest.spool import ClosedFile, Spool, SpoolError, SpoolFile
from ingest.worker import Job, OrderedWorker, Worker
from storage.database.evidence import Evidence
from storage.errors import DatabaseUnavailable
from storage.media import MediaError

_log = structlog.get_logger()

_DATABASE_PAUSE_S = 1.0


class Bookkeeper:
    """The one door from recording to what outlives it. Every method returns at once."""

    def __init__(
        self, spool: Spool, evidence: Evidence, clock: Clock, worker: Callable[[str], Worker] = OrderedWorker
    ) -> None:
        """``worker`` makes what does the jobs of that name."""
        self.spool = spool
        self._evidence = evidence
        self._clock = clock
        self._disk = worker("spool")
        self._rows = worker("rows")
        self._database_lost_at: float | None = None

    @property
    def backlog_bytes(self) -> int:
        """Received bytes that are not on the disk yet."""
        return self._disk.backlog_bytes

    def finish(self, timeout_s: float = 20.0) -> None:
        """Write everything that was handed in, then end both workers."""
        if not self._disk.finish(timeout_s):
            _log.error("spool_not_finished", backlog_bytes=self._disk.backlog_bytes)
        self._rows.finish(timeout_s)

    def new_run(self, run: Run) -> RunBook:
        """Where one run's files go; its row is written first."""
        self._row(lambda: self._evidence.begin_run(run))
        return RunBook(self, run)

    def end_run(self, run_id: str, ended: datetime, reason: EndReason) -> None:
        self._row(lambda: self._evidence.end_run(run_id, ended, reason))

    def open_outage(self, outage: Outage) -> None:
        self._row(lambda: self._evidence.open_outage(outage))

    def close_outage(self, outage_id: str, end: datetime, cause: Cause | None, detail: str | None) -> None:
        self._row(lambda: self._evidence.close_outage(outage_id, end, cause, detail))

    def heartbeat(self, recorder: str) -> None:
        """Only while the row worker keeps up: a heartbeat must not be older than what it stands for."""
        self._row(lambda: self._evidence.heartbeat(recorder, self._clock.now()))

    def add_clock_reading(self, reading: HostClock) -> None:
        self._row(lambda: self._evidence.add_clock_reading(reading))

    def disk_job(self, job: Job, size_bytes: int = 0) -> None:
        self._disk.submit(job, size_bytes)

    def add_segment(self, segment: Segment) -> None:
        """The row of a closed, synced file, and its copy in the spool."""
        copy = Copy(
            segment=segment.key,
            place=Place.SPOOL,
            target=str(self.spool.root),
            verified=self._clock.now(),
            size_bytes=segment.size_bytes,
            sha256=segment.sha256,
            device=self.spool.device,
        )
        self._row(lambda: self._evidence.add_segment(segment, copy))

    def _row(self, job: Callable[[], None]) -> None:
        self._rows.submit(lambda: self._insisted(job))

    def _insisted(self, job: Callable[[], None]) -> float | None:
        """Write a row; while the database is away, the seconds after which to try again."""
        try:
            job()
        except DatabaseUnavailable as error:
            if self._database_lost_at is None:
                self._database_lost_at = self._clock.monotonic()
                _log.error("database_lost", reason=str(error))
            return _DATABASE_PAUSE_S
        if self._database_lost_at is not None:
            _log.info("database_back", seconds=self._clock.monotonic() - self._database_lost_at)
            self._database_lost_at = None
        return None


class RunBook:
    """The files of one run on their way: open, append, close; each row follows its file's sync.

    ``failure`` and ``durable_until`` are written by the disk worker and read by the recorder: after a failure
    nothing more of this run is written, and what is durable of it ends at ``durable_until``.
    """

    def __init__(self, book: Bookkeeper, run: Run) -> None:
        self._book = book
        self._run = run
        self._batch = ""
        self._file: SpoolFile | None = None
        self.failure: SpoolError | None = None
        self.durable_until = run.started

    def open_file(self, key: str, batch: str, head: bytes) -> None:
        self._job(lambda: self._open(key, batch, head), len(head))

    def append(self, data: bytes, until: datetime) -> None:
        self._job(lambda: self._append(data, until), len(data))

    def close_file(self, facts: Closed) -> None:
        self._job(lambda: self._close(facts))

    def end(self, ended: datetime, reason: EndReason) -> None:
        """No file is open any more; a run that failed ends where its durable bytes end."""
        self._book.disk_job(lambda: self._end(ended, reason))

    def _job(self, job: Callable[[], None], size_bytes: int = 0) -> None:
        self._book.disk_job(lambda: self._guarded(job), size_bytes)

    def _guarded(self, job: Callable[[], None]) -> None:
        if self.failure is not None:
            return
        try:
            job()
        except SpoolError as error:
            self.failure = error
            _log.error("spool_failed", camera=self._run.camera, reason=str(error))
            self._salvage()

    def _open(self, key: str, batch: str, head: bytes) -> None:
        self._file, self._batch = None, batch
        self._file = self._book.spool.create(key)
        self._file.append(head)

    def _append(self, data: bytes, until: datetime) -> None:
        if self._file is not None:
            self._file.append(data)
            self.durable_until = until

    def _close(self, facts: Closed) -> None:
        if self._file is None:
            return
        closed = self._file.close()
        self._file = None
        self._book.add_segment(
            Segment(
                key=closed.key,
                camera=self._run.camera,
                batch=self._batch,
                run=self._run.id,
                interval=facts.interval,
                frames=facts.frames,
                size_bytes=closed.size_bytes,
                sha256=closed.sha256,
                init_size_bytes=facts.init_size_bytes,
                codec=facts.format.codec_string,
                width=facts.format.width,
                height=facts.format.height,
                lost_packets=facts.ledger.lost_packets,
                delayed_s=facts.ledger.delayed_s,
                clock_offset_s=facts.ledger.clock_offset_s,
            )
        )

    def _end(self, ended: datetime, reason: EndReason) -> None:
        if self.failure is not None:
            ended = self.durable_until
        self._book.end_run(self._run.id, ended, reason)

    def _salvage(self) -> None:
        """Close what is complete of a file that could not be written on; the next start tries what fails here."""
        file, self._file = self._file, None
        if file is None:
            return
        file.abandon()
        try:
            closed = self._book.spool.recover(file.key)
        except (SpoolError, MediaError) as error:
            _log.error("spool_file_not_closed", key=file.key, reason=str(error))
            return
        if closed is not None:
            segment = segment_from_file(closed, run=self._run.id, camera=self._run.camera, batch=self._batch)
            self._book.add_segment(segment)


def segment_from_file(closed: ClosedFile, *, run: str, camera: str, batch: str) -> Segment:
    """The row of a file that was read back after a crash, from nothing but its bytes."""
    index = closed.index
    if index is None or index.span is None:
        raise ValueError(f"{closed.key} was not read back, or holds no picture")
    ledger = index.fragments[-1].ledger
    return Segment(
        key=closed.key,
        camera=camera,
        batch=batch,
        run=run,
        interval=index.span,
        frames=index.frames,
        size_bytes=closed.size_bytes,
        sha256=closed.sha256,
        init_size_bytes=index.init_size_bytes,
        codec=index.format.codec_string,
        width=index.format.width,
        height=index.format.height,
        lost_packets=ledger.lost_packets if ledger else 0,
        delayed_s=ledger.delayed_s if ledger else 0.0,
        clock_offset_s=ledger.clock_offset_s if ledger else None,
    )
