"""Carries the recorder's facts to disk and database, in order: bytes synced first, then the row that claims them.

One worker owns the rows, and one each spool: every byte goes to all of them, and none waits for another. A spool that
fails loses the file that it was writing and is tried again with the next; what it lacks is copied there later
(``ingest.healing``). A run fails only where no spool has its file any more. A database that is away holds rows back
and loses none; the files are already safe and the next start finds them (``ingest.reconcile``). A row that a working
database refuses is set aside, and the others go on (``ingest.set_aside``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock
from uuid import uuid4

import structlog

from domain.evidence import CameraEvent, Cause, Copy, EndReason, Outage, Place, Run, Segment
from domain.host_clock import HostClock
from domain.timeline import Clock
from ingest.segmenter import Closed
from ingest.set_aside import Row, SetAside
from ingest.spool import ClosedFile, Spool, SpoolBroken, SpoolError, SpoolFile, SpoolFull
from ingest.spool_writer import SpoolWriter
from ingest.worker import OrderedWorker, Worker
from storage.database.evidence import Evidence
from storage.errors import DatabaseUnavailable, StorageError
from storage.media import MediaError

_log = structlog.get_logger()

BACKLOG_LIMIT_BYTES = 256 << 20
"""Received but unwritten bytes of a recorder process beyond which pictures are refused: a gap, cause overflow."""

_DATABASE_PAUSE_S = 1.0
_ANSWER_S = 10.0  # how long a spool may take to say whether it has room
BEHIND_BYTES = 96 << 20
"""Unwritten bytes of one spool beyond which it gets no more of a file, as long as another one keeps up."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class Bookkeeper:
    """The one door from recording to what outlives it. Every method returns at once."""

    def __init__(
        self,
        spool: Spool,
        evidence: Evidence,
        clock: Clock,
        worker: Callable[[str], Worker] = OrderedWorker,
        second: Spool | None = None,
        *,
        backlog_limit_bytes: int = BACKLOG_LIMIT_BYTES,
    ) -> None:
        """``worker`` makes what does the jobs of that name; ``second`` is a spool that gets every byte as well.

        More bytes than the limit are not to wait for the disk.
        """
        self.backlog_limit_bytes = backlog_limit_bytes
        self.spool = spool
        self._evidence = evidence
        self._clock = clock
        self.writers = [SpoolWriter(spool, worker("spool"), clock)]
        if second is not None:
            self.writers.append(SpoolWriter(second, worker("spool-2"), clock))
        self._set_aside = SetAside([writer.spool for writer in self.writers])
        self._rows = worker("rows")
        self._database_lost_at: float | None = None

    @property
    def backlog_bytes(self) -> int:
        """Received bytes that are not on any disk yet: the backlog of the spool that is least behind."""
        return min(writer.backlog_bytes for writer in self.writers)

    def require_room(self) -> None:
        """Ask the spools, each by its own worker, until one would take a file.

        Raises SpoolFull when none does and one is full, else SpoolBroken.
        """
        if len(self.writers) == 1:
            self.spool.require_room()
            return
        answers: SimpleQueue[SpoolError | None] = SimpleQueue()
        for writer in self.writers:
            writer.ask_for_room(answers)
        refusals: list[SpoolError] = []
        while len(refusals) < len(self.writers):
            try:
                refusal = answers.get(timeout=_ANSWER_S)
            except Empty:
                refusals.append(SpoolBroken(f"a spool did not answer within {_ANSWER_S:.0f} s"))
                break
            if refusal is None:
                return
            refusals.append(refusal)
        raise worst(refusals)

    def finish(self, timeout_s: float = 20.0) -> None:
        """Write everything that was handed in, then end both workers."""
        for writer in self.writers:
            writer.finish(timeout_s)
        self._rows.finish(timeout_s)

    def new_run(self, run: Run) -> RunBook:
        """Where one run's files go; its row is written first."""
        self._row("begin_run", run)
        return RunBook(self, run)

    def end_run(self, run_id: str, ended: datetime, reason: EndReason) -> None:
        self._row("end_run", run_id, ended, reason)

    def open_outage(self, outage: Outage) -> None:
        self._row("open_outage", outage)

    def close_outage(self, outage_id: str, end: datetime, cause: Cause | None, detail: str | None) -> None:
        self._row("close_outage", outage_id, end, cause, detail)

    def add_event(self, event: CameraEvent) -> None:
        self._row("add_event", event)

    def heartbeat(self, recorder: str) -> None:
        """Only while the row worker keeps up: a heartbeat must not be older than what it stands for."""
        self._rows.submit(lambda: self._insisted(lambda: self._evidence.heartbeat(recorder, self._clock.now())))

    def add_clock_reading(self, reading: HostClock) -> None:
        self._row("add_clock_reading", reading)

    def add_segment(self, segment: Segment, spool: Spool) -> None:
        """The row of a closed, synced file, and its copy in that spool; of a second spool only the copy is new."""
        copy = spool_copy(segment, spool, self._clock.now())
        self._row("add_segment", segment, copy)

    def _row(self, act: str, *arguments: object) -> None:
        row = Row(act, arguments)
        self._rows.submit(lambda: self._insisted(partial(self._write, row)))

    def _write(self, row: Row) -> None:
        """Write a row; one that the database will never take is set aside. Raises DatabaseUnavailable."""
        try:
            row.write(self._evidence)
        except DatabaseUnavailable:
            raise
        except StorageError as error:
            self._set_aside.keep(row, str(error), self._clock.now())

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


class _Part:
    """One file on its way into one spool. ``file`` is touched by that spool's worker alone."""

    def __init__(self, writer: SpoolWriter) -> None:
        self.writer = writer
        self.file: SpoolFile | None = None
        self.failure: SpoolError | None = None


class _Parts:
    """One file of a run on all spools: lost only when the last part has failed."""

    def __init__(self, key: str, batch: str, writers: list[SpoolWriter]) -> None:
        self.key = key
        self.batch = batch
        self.parts = [_Part(writer) for writer in writers]
        self._lock = Lock()

    def fail(self, part: _Part, error: SpoolError) -> bool:
        """Whether this was the last part; once for every file."""
        with self._lock:
            if part.failure is not None:
                return False
            part.failure = error
            return all(each.failure is not None for each in self.parts)

    def keeps_up_elsewhere(self, part: _Part) -> bool:
        """Whether another spool has this file and is not behind."""
        return any(
            each is not part and each.failure is None and each.writer.backlog_bytes <= BEHIND_BYTES
            for each in self.parts
        )

    def fullest_first(self) -> list[_Part]:
        """Parts that hold anything, the one with the most durable bytes first."""
        begun = [part for part in self.parts if part.file is not None]
        return sorted(begun, key=lambda part: part.file.synced_bytes if part.file is not None else 0, reverse=True)


class RunBook:
    """The files of one run on their way: open, append, close; each row follows its file's sync.

    ``failure`` and ``durable_until`` are written by the spools' workers and read by the recorder: ``durable_until``
    is the end of the last fragment that some spool has synced. After a failure nothing more of this run is written,
    and what is durable of it ends there.
    """

    def __init__(self, book: Bookkeeper, run: Run) -> None:
        self._book = book
        self._run = run
        self._lock = Lock()
        self._in_hand: _Parts | None = None
        self._ended = False
        self.failure: SpoolError | None = None
        self.durable_until = run.started

    def open_file(self, key: str, batch: str, head: bytes) -> None:
        parts = self._in_hand = _Parts(key, batch, self._book.writers)
        self._on_each(parts, lambda part: self._open(parts, part, head), len(head))

    def append(self, data: bytes, until: datetime) -> None:
        if (parts := self._in_hand) is not None:
            self._on_each(parts, lambda part: self._append(parts, part, data, until), len(data))

    def close_file(self, facts: Closed) -> None:
        if (parts := self._in_hand) is not None:
            self._on_each(parts, lambda part: self._close(parts, part, facts))

    def end(self, ended: datetime, reason: EndReason, told_until: datetime = _NEVER) -> None:
        """No file is open any more; a run that failed ends where its durable bytes end.

        ``told_until`` is where the run before ended: what it covers is not this one's to tell missing.
        """
        parts = self._in_hand
        for number, writer in enumerate(self._book.writers):
            part = parts.parts[number] if parts is not None else None
            writer.submit(partial(self._end, part, ended, reason, told_until))

    def _on_each(self, parts: _Parts, act: Callable[[_Part], None], size_bytes: int = 0) -> None:
        for part in parts.parts:
            if part.failure is not None:
                continue
            if part.writer.backlog_bytes > BEHIND_BYTES and parts.keeps_up_elsewhere(part):
                behind = f"{part.writer.spool.root} is {part.writer.backlog_bytes} bytes behind"
                part.writer.lost(behind)
                parts.fail(part, SpoolBroken(behind))
                part.writer.submit(partial(_let_go, part))
            else:
                part.writer.submit(partial(self._guarded, parts, part, act), size_bytes)

    def _guarded(self, parts: _Parts, part: _Part, act: Callable[[_Part], None]) -> None:
        if part.failure is not None:
            return
        if self.failure is not None:
            self._give_up(parts, part, self.failure)
            return
        try:
            act(part)
        except SpoolError as error:
            self._fail(parts, part, error)

    def _fail(self, parts: _Parts, part: _Part, error: SpoolError) -> None:
        """A spool lost its part of a file; if it was the last, the run is over and what is whole of it is closed."""
        part.writer.lost(str(error), camera=self._run.camera)
        self._give_up(parts, part, error)

    def _give_up(self, parts: _Parts, part: _Part, error: SpoolError) -> None:
        _let_go(part)
        if parts.fail(part, error):
            self.failure = worst([each.failure for each in parts.parts if each.failure is not None])
            self._salvage(parts, parts.fullest_first(), part.writer)

    def _open(self, parts: _Parts, part: _Part, head: bytes) -> None:
        part.file = part.writer.spool.create(parts.key)
        part.file.append(head)

    def _append(self, parts: _Parts, part: _Part, data: bytes, until: datetime) -> None:
        if part.file is not None:
            part.file.append(data)
            part.writer.sync_soon(
                part.file, partial(self._is_durable, until), lambda error: self._fail(parts, part, error)
            )

    def _is_durable(self, until: datetime) -> None:
        with self._lock:
            self.durable_until = max(self.durable_until, until)

    def _close(self, parts: _Parts, part: _Part, facts: Closed) -> None:
        if part.file is None:
            return
        part.writer.sync_now(part.file)
        if part.failure is not None:
            return
        closed = part.file.close()
        part.file = None
        self._book.add_segment(_segment(closed, facts, self._run, parts.batch), part.writer.spool)

    def _end(self, part: _Part | None, ended: datetime, reason: EndReason, told_until: datetime) -> None:
        """The first spool that has all of the run's last file ends it, or the last that failed."""
        with self._lock:
            elsewhere = part is not None and part.failure is not None and self.failure is None
            if self._ended or elsewhere:
                return
            self._ended = True
        if self.failure is not None and self.durable_until < ended:
            self._tell_lost(max(self.durable_until, told_until), ended, self.failure)
            ended = self.durable_until
        self._book.end_run(self._run.id, ended, reason)

    def _tell_lost(self, start: datetime, end: datetime, failure: SpoolError) -> None:
        """Where the last writes failed after the recorder had let go of the run, nobody else tells of their time."""
        if start < end:
            self._book.open_outage(Outage(uuid4().hex, self._run.camera, start, end, failure.cause, str(failure)))

    def _salvage(self, parts: _Parts, left: list[_Part], here: SpoolWriter) -> None:
        """Close what is complete of a file that no spool can write on; the next start tries what fails here."""
        if not left:
            return
        best, *others = left
        if best.writer is not here:  # its own worker: another one's disk may hang
            best.writer.submit(partial(self._salvage, parts, left, best.writer))
            return
        file = best.file
        assert file is not None  # noqa: S101 (``fullest_first`` names only parts with a file)
        try:
            closed = here.spool.recover(parts.key, file.synced_bytes if file.sync_failed else None)
        except (SpoolError, MediaError) as error:
            _log.error("spool_file_not_closed", key=parts.key, reason=str(error))
            closed = None
        if closed is None:
            self._salvage(parts, others, here)
            return
        segment = segment_from_file(closed, run=self._run.id, camera=self._run.camera, batch=parts.batch)
        self._book.add_segment(segment, here.spool)
        self.durable_until = segment.interval.end  # by the file's own count, which its row goes by


def worst(refusals: Sequence[SpoolError]) -> SpoolError:
    """What to say where no spool takes anything: that one is full, for that can be mended, else the first refusal."""
    return next((each for each in refusals if isinstance(each, SpoolFull)), refusals[0])


def spool_copy(segment: Segment, spool: Spool, verified: datetime) -> Copy:
    """The copy of a segment whose file lies closed and synced in a spool. Raises SpoolBroken."""
    return Copy(
        segment=segment.key,
        place=Place.SPOOL,
        target=str(spool.root),
        verified=verified,
        size_bytes=segment.size_bytes,
        sha256=segment.sha256,
        device=spool.device,
        spool=spool.name.id,
    )


def _let_go(part: _Part) -> None:
    if part.file is not None:
        part.writer.forget(part.file)
        part.file.abandon()


def _segment(closed: ClosedFile, facts: Closed, run: Run, batch: str) -> Segment:
    """The row of a file that was written to its end."""
    return Segment(
        key=closed.key,
        camera=run.camera,
        batch=batch,
        run=run.id,
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
