"""What the recorder saw and what became of it: recorders with their clocks, runs, segments, copies, outages,
observations.

Every write may be repeated: a repeat with equal content changes nothing, a repeat with other content raises a
ConflictingRow and changes nothing either. So a caller that does not know whether its commit arrived says it again.
Windows are half open, like every interval. Not here: what the rows mean for a station (``analysis.coverage``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from domain.disposal import DisposedOf, PaperKind
from domain.evidence import (
    CameraEvent,
    Cause,
    Copy,
    EndReason,
    LostCopy,
    Observation,
    Outage,
    Place,
    Recorder,
    Run,
    Segment,
    SegmentState,
    SpoolName,
)
from domain.host_clock import HostClock
from domain.timeline import MICROSECOND, Interval
from domain.withholding import WithheldBy, Withholding, WithholdingState
from storage.database import evidence_rows as words
from storage.database import tables, withholdings
from storage.database.connection import Engine, insert_once
from storage.errors import ConflictingCopy, ConflictingRow, ConflictingSegment, UnknownRow

_KEYS_AT_ONCE = 500
_COUNTERS = {Place.SPOOL: tables.segments.c.copies_spool, Place.S3: tables.segments.c.copies_s3}
_NOT_WITHHELD = ~withholdings.is_withheld()
_WITHOUT_COPY = {
    Place.SPOOL: sa.and_(tables.WITHOUT_SPOOL_COPY, _NOT_WITHHELD),
    Place.S3: sa.and_(tables.WITHOUT_S3_COPY, _NOT_WITHHELD),
}
_IN_TOO_FEW_STORES = sa.and_(tables.IN_TOO_FEW_STORES, _NOT_WITHHELD)
_WITHOUT_OBSERVATION = sa.and_(tables.WITHOUT_OBSERVATION, _NOT_WITHHELD)


class Evidence:
    """The evidence aggregate of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Recorders

    def begin_recorder(self, recorder: Recorder) -> None:
        """Write down that a recorder process lives. Raises ConflictingRow."""
        row = words.recorder_row(recorder)
        with self._engine.writing() as connection:
            if not insert_once(connection, tables.recorders, row):
                written = words.recorder(_row(connection, tables.recorders.c.id, recorder.id, "recorder"))
                if (written.host, written.started) != (recorder.host, recorder.started):
                    raise ConflictingRow(f"recorder {recorder.id} was written before with other content")

    def heartbeat(self, recorder_id: str, at: datetime) -> None:
        """The recorder was alive at that instant. Raises UnknownRow."""
        self._change(tables.recorders, recorder_id, "recorder", seen=at)

    def end_recorder(self, recorder_id: str, at: datetime) -> None:
        """The recorder stopped in order. Raises UnknownRow."""
        self._change(tables.recorders, recorder_id, "recorder", seen=at, ended=at)

    def recorders(self, window: Interval | None = None, also: Collection[str] = ()) -> list[Recorder]:
        """Recorders by start; with a window those whose life overlaps it, where one never ended counts as alive.

        ``also`` names lives by id that are wanted wherever they lie.
        """
        table = tables.recorders
        query = sa.select(table).order_by(table.c.started, table.c.id)
        if window is not None:
            overlapping = _overlapping(table.c.started, table.c.ended, window)
            query = query.where(sa.or_(overlapping, table.c.id.in_(sorted(also))) if also else overlapping)
        return [words.recorder(row) for row in self._rows(query)]

    def open_recorders(self) -> list[Recorder]:
        """Recorders that did not end in order and have not been found dead, by start."""
        table = tables.recorders
        query = sa.select(table).where(table.c.ended.is_(None)).order_by(table.c.started, table.c.id)
        return [words.recorder(row) for row in self._rows(query)]

    def last_recorder(self) -> Recorder | None:
        """The recorder that began last."""
        table = tables.recorders
        rows = self._rows(sa.select(table).order_by(table.c.started.desc(), table.c.id.desc()).limit(1))
        return words.recorder(rows[0]) if rows else None

    def recorders_of(self, lives: Collection[str]) -> list[Recorder]:
        """The recorders with these ids, by start."""
        table = tables.recorders
        query = sa.select(table).where(table.c.id.in_(sorted(lives))).order_by(table.c.started, table.c.id)
        return [words.recorder(row) for row in self._rows(query)] if lives else []

    def add_clock_reading(self, reading: HostClock) -> None:
        """Write what was seen of the host's clock. Raises UnknownRow for an unknown recorder, ConflictingRow."""
        with self._engine.writing() as connection:
            if not insert_once(connection, tables.host_clock, words.reading_row(reading)):
                table = tables.host_clock
                same = sa.select(table).where(table.c.recorder == reading.recorder, table.c.at == reading.at)
                if words.reading(connection.execute(same).one()) != reading:
                    raise ConflictingRow(f"recorder {reading.recorder} read another clock at that instant")

    def clock_readings(self, window: Interval) -> list[HostClock]:
        """Readings of all recorders inside the window, by instant."""
        table = tables.host_clock
        query = sa.select(table).where(table.c.at >= window.start, table.c.at < window.end)
        return [words.reading(row) for row in self._rows(query.order_by(table.c.at, table.c.recorder))]

    # Runs

    def begin_run(self, run: Run) -> None:
        """Write down a run. Raises UnknownRow for an unknown recorder, ConflictingRow."""
        with self._engine.writing() as connection:
            if not insert_once(connection, tables.runs, words.run_row(run)):
                written = words.run(_row(connection, tables.runs.c.id, run.id, "run"))
                if (written.camera, written.recorder, written.started) != (run.camera, run.recorder, run.started):
                    raise ConflictingRow(f"run {run.id} was written before with other content")

    def end_run(self, run_id: str, ended: datetime, reason: EndReason) -> None:
        """The run's last frame ended then. Raises UnknownRow; ConflictingRow if told otherwise before."""
        with self._engine.writing() as connection:
            run = words.run(_row(connection, tables.runs.c.id, run_id, "run", lock=True))
            if run.ended is not None:
                if (run.ended, run.end_reason) == (ended, reason):
                    return
                raise ConflictingRow(f"run {run_id} already ended at {run.ended.isoformat()} ({run.end_reason})")
            changed = sa.update(tables.runs).where(tables.runs.c.id == run_id)
            connection.execute(changed.values(ended=ended, end_reason=reason.value))

    def open_runs(self) -> list[Run]:
        """Runs that have not ended, by start."""
        table = tables.runs
        query = sa.select(table).where(table.c.ended.is_(None)).order_by(table.c.started, table.c.id)
        return [words.run(row) for row in self._rows(query)]

    def runs(self, camera: str, window: Interval) -> list[Run]:
        """Runs of a camera that overlap the window, by start; one that has not ended counts as lasting."""
        table = tables.runs
        query = sa.select(table).where(table.c.camera == camera, _overlapping(table.c.started, table.c.ended, window))
        return [words.run(row) for row in self._rows(query.order_by(table.c.started, table.c.id))]

    def runs_of(self, ids: Collection[str]) -> list[Run]:
        """The runs with these ids, by start."""
        table = tables.runs
        found = [
            words.run(row)
            for some in _batched(sorted(ids), _KEYS_AT_ONCE)
            for row in self._rows(sa.select(table).where(table.c.id.in_(some)))
        ]
        return sorted(found, key=lambda run: (run.started, run.id))

    # Segments and copies

    def add_segment(self, segment: Segment, copy: Copy) -> None:
        """Write a closed, synced segment and its first copy in one transaction.

        Raises ConflictingSegment, ConflictingCopy; UnknownRow for an unknown run; ValueError if the copy is of
        another segment.
        """
        if copy.segment != segment.key:
            raise ValueError(f"a copy of {copy.segment} is no copy of {segment.key}")
        with self._engine.writing() as connection:
            _write_segment(connection, segment)
            _write_copy(connection, segment, copy)

    def segment(self, key: str) -> Segment | None:
        """The segment of that key."""
        rows = self._rows(sa.select(tables.segments).where(tables.segments.c.key == key))
        return words.segment(rows[0]) if rows else None

    def segments(self, camera: str, window: Interval) -> list[Segment]:
        """Segments of a camera that overlap the window, by start; none of a trial, which is no evidence."""
        return self._reaching(camera, window, tables.OF_EXAMS)

    def trial_segments(self, camera: str, window: Interval) -> list[Segment]:
        """Segments of a camera that overlap the window and were recorded for trials 试录, by start."""
        return self._reaching(camera, window, tables.OF_TRIALS)

    def _reaching(self, camera: str, window: Interval, kind: sa.ColumnElement[bool]) -> list[Segment]:
        """Segments of a kind.

        No segment is longer than the camera's longest, so none that began earlier than that can reach the window:
        the search is a range of one index, whatever the camera's history.
        """
        table = tables.segments
        longest = sa.select(sa.func.max(table.c.length_us)).where(table.c.camera == camera).scalar_subquery()
        begins_us = sa.type_coerce(table.c.begins, sa.BigInteger)
        query = sa.select(table).where(
            table.c.camera == camera,
            kind,
            table.c.begins < window.end,
            begins_us > tables.microseconds(window.start) - longest,
            table.c.ends > window.start,
        )
        return [words.segment(row) for row in self._rows(query.order_by(table.c.begins, table.c.key))]

    def segments_of(self, batch: str) -> list[tuple[Segment, str]]:
        """All segments of a batch by key, each with the name of the recorder that recorded it."""
        table = tables.segments
        columns = (table, tables.recorders.c.host)
        joined = table.join(tables.runs).join(tables.recorders)
        query = sa.select(*columns).select_from(joined).where(table.c.batch == batch)
        # Sorted here: what is signed is ordered by code points, a database by the language that it was set up for.
        return sorted(((words.segment(row), row.host) for row in self._rows(query)), key=lambda found: found[0].key)

    def batches(self) -> list[str]:
        """Batches of which there are segments, by id: one look into an index for each."""
        table, found = tables.segments, ""
        batches = []
        while rows := self._rows(sa.select(sa.func.min(table.c.batch)).where(table.c.batch > found)):
            found = rows[0][0]
            if found is None:
                break
            batches.append(found)
        return batches

    def miscounted(self, batch: str) -> list[str]:
        """Keys of segments of a batch whose counters are not the number of their rows, by key."""
        table = tables.segments
        wrong = sa.or_(*(counter != counted for counter, counted in _counted()))
        rows = self._rows(sa.select(table.c.key).where(table.c.batch == batch, wrong))
        return sorted(row.key for row in rows)

    def recount(self, key: str) -> None:
        """Set the counters of a segment to the number of its rows."""
        counted = {counter.name: rows for counter, rows in _counted()}
        with self._engine.writing() as connection:
            connection.execute(sa.update(tables.segments).where(tables.segments.c.key == key).values(**counted))

    def last_segment(self, camera: str) -> Segment | None:
        """The segment of a camera that began last."""
        return next(iter(self.newest_segments(camera, 1)), None)

    def newest_segments(self, camera: str, limit: int) -> list[Segment]:
        """The segments of a camera that began last, so many at most, the newest first."""
        table = tables.segments
        query = sa.select(table).where(table.c.camera == camera)
        rows = self._rows(query.order_by(table.c.begins.desc(), table.c.key.desc()).limit(limit))
        return [words.segment(row) for row in rows]

    def last_segment_of(self, run: Run) -> Segment | None:
        """The segment of a run that began last."""
        table = tables.segments
        of_run = sa.and_(table.c.camera == run.camera, table.c.begins >= run.started, table.c.run == run.id)
        rows = self._rows(sa.select(table).where(of_run).order_by(table.c.begins.desc(), table.c.key.desc()).limit(1))
        return words.segment(rows[0]) if rows else None

    def last_of_batch(self, batch: str) -> datetime:
        """When the segment of a batch began whose key is the last: about when it was recorded. Raises UnknownRow."""
        table = tables.segments
        last = sa.select(table.c.begins).where(table.c.batch == batch).order_by(table.c.key.desc()).limit(1)
        rows = self._rows(last)
        if not rows:
            raise UnknownRow(f"batch {batch} has no segment")
        begins: datetime = rows[0].begins
        return begins

    def add_copy(self, copy: Copy, stores: int | None = None) -> None:
        """Write a copy that was stored and read back. ``stores``: in how many object stores its segment is to lie.

        Raises UnknownRow for an unknown segment, ConflictingCopy.
        """
        with self._engine.writing() as connection:
            row = _row(connection, tables.segments.c.key, copy.segment, "segment")
            _write_copy(connection, words.segment(row), copy)
            if stores is not None and row.wanted_s3 != stores:
                wanted = sa.update(tables.segments).where(tables.segments.c.key == copy.segment)
                connection.execute(wanted.values(wanted_s3=stores))

    def want_stores(self, batch: str, stores: int) -> int:
        """Have all segments of a batch lie in so many object stores at least, but for what was disposed of: how many
        were to lie in fewer.
        """
        table = tables.segments
        fewer = sa.and_(table.c.batch == batch, table.c.wanted_s3 < stores, tables.NOT_DISPOSED)
        with self._engine.writing() as connection:
            wanted = sa.update(table).where(fewer).values(wanted_s3=stores)
            return len(connection.execute(wanted.returning(table.c.key)).all())

    def copies(self, keys: Sequence[str]) -> dict[str, list[Copy]]:
        """All copies of these segments, removed ones included, oldest row first; every key is in the answer."""
        found: dict[str, list[Copy]] = {key: [] for key in keys}
        table = tables.copies
        for some in _batched(found, _KEYS_AT_ONCE):
            query = sa.select(table).where(table.c.segment.in_(some)).order_by(table.c.id)
            for row in self._rows(query):
                found[row.segment].append(words.copy(row))
        return found

    def tombstone_copy(self, segment: str, place: Place, target: str, at: datetime, spool: str = "") -> None:
        """The bytes at that place, and in the spool of that id, were removed then.

        Repeating it changes nothing. Raises UnknownRow.
        """
        table = tables.copies
        there = sa.and_(
            table.c.segment == segment,
            table.c.place == place.value,
            table.c.target == target,
            table.c.spool == spool,
        )
        with self._engine.writing() as connection:
            standing = sa.update(table).where(there, table.c.removed.is_(None)).values(removed=at)
            removed = len(connection.execute(standing.returning(table.c.id)).all())
            if removed:
                _count(connection, segment, _COUNTERS[place], -removed)
            elif connection.execute(sa.select(table.c.id).where(there)).first() is None:
                raise UnknownRow(f"no copy of {segment} was ever written for {place} {target}")

    def due_copies(
        self, now: datetime, limit: int, spools: Collection[str], buckets: Collection[str]
    ) -> list[tuple[Segment, Copy]]:
        """Standing copies that are to be read again, those due longest first.

        Only in these spools, by id, and in these buckets of object stores; none that is ordered to go.
        """
        table = tables.copies
        there = sa.or_(
            sa.and_(table.c.place == Place.SPOOL.value, table.c.spool.in_(sorted(spools))),
            sa.and_(table.c.place == Place.S3.value, table.c.target.in_(sorted(buckets))),
        )
        query = sa.select(table).where(table.c.removed.is_(None), table.c.due <= now, there, _not_disposed(table))
        found = [words.copy(row) for row in self._rows(query.order_by(table.c.due, table.c.id).limit(limit))]
        keys = sorted({copy.segment for copy in found})
        rows = self._rows(sa.select(tables.segments).where(tables.segments.c.key.in_(keys))) if keys else ()
        segments = {row.key: words.segment(row) for row in rows}
        return [(segments[copy.segment], copy) for copy in found]

    def count_due_copies(self, now: datetime, limit: int) -> int:
        """How many standing copies are to be read again, wherever they lie, counted up to ``limit``."""
        table = tables.copies
        due = sa.and_(table.c.removed.is_(None), table.c.due <= now, _not_disposed(table))
        some = sa.select(table.c.id).where(due).limit(limit).subquery()
        return int(self._rows(sa.select(sa.func.count()).select_from(some))[0][0])

    def note_reread(self, copy: Copy, at: datetime, due: datetime) -> None:
        """Its bytes were found right at that instant; they are to be read again when ``due``."""
        self._change_copy(copy, reread=at, due=due)

    def note_lock(self, copy: Copy, until: datetime) -> None:
        """It is locked until then, which is later than when it was stored."""
        self._change_copy(copy, locked_until=until)

    def postpone_reread(self, copy: Copy, due: datetime) -> None:
        """The place did not answer; the copy is to be read again when ``due``."""
        self._change_copy(copy, due=due)

    def lose_copy(self, lost: LostCopy) -> int | None:
        """Give a copy its tombstone because it was not what it had been; how many other copies stand.

        None, and nothing written, where the copy has its tombstone already: it was removed in order.
        """
        table, copy = tables.copies, lost.copy
        with self._engine.writing() as connection:
            gone = sa.update(table).where(_standing_copy(copy)).values(removed=lost.at).returning(table.c.id)
            row = connection.execute(gone).first()
            if row is None:
                return None
            _count(connection, copy.segment, _COUNTERS[copy.place], -1)
            told = {"copy": row.id, "at": lost.at, "state": lost.state.value}
            connection.execute(sa.insert(tables.lost_copies).values(told))
            standing = sa.select(sa.func.count()).where(table.c.segment == copy.segment, table.c.removed.is_(None))
            return int(connection.execute(standing).scalar_one())

    def dispose_copy(self, copy: Copy, at: datetime) -> None:
        """Give a copy its tombstone because it was removed by order. One that has it already keeps it."""
        table = tables.copies
        with self._engine.writing() as connection:
            gone = sa.update(table).where(_standing_copy(copy)).values(removed=at).returning(table.c.id)
            if connection.execute(gone).first() is not None:
                _count(connection, copy.segment, _COUNTERS[copy.place], -1)

    def disposed(self, keys: Sequence[str]) -> dict[str, DisposedOf]:
        """By which list these segments were ordered to go, and when first; those that were not are not in the answer.

        What is ordered may still lie somewhere, until its certificate is signed; nobody is given it any more.
        """
        segments, papers = tables.segments, tables.disposal_papers
        first = (
            sa.select(papers.c.batch, sa.func.min(papers.c.signed_at).label("at"))
            .where(papers.c.kind == PaperKind.ORDER.value)
            .group_by(papers.c.batch)
            .subquery()
        )
        found: dict[str, DisposedOf] = {}
        for some in _batched(dict.fromkeys(keys), _KEYS_AT_ONCE):
            went = sa.select(segments.c.key, segments.c.disposed, first.c.at)
            went = went.join_from(segments, first, first.c.batch == segments.c.batch)
            query = went.where(segments.c.key.in_(some), segments.c.disposed.is_not(None))
            found |= {row.key: DisposedOf(row.disposed, row.at) for row in self._rows(query)}
        return found

    def withheld(self, keys: Sequence[str]) -> dict[str, WithheldBy]:
        """By which withholding these segments are withheld 误摄扣留; those that are not are not in the answer."""
        table, kept = tables.segments, tables.withholdings
        by: dict[str, list[int]] = {}
        for some in _batched(dict.fromkeys(keys), _KEYS_AT_ONCE):
            joined = table.join(kept, kept.c.camera == table.c.camera).join(
                tables.withholding_ends, tables.withholding_ends.c.withholding == kept.c.number, isouter=True
            )
            pairs = sa.select(table.c.key, kept.c.number).select_from(joined).order_by(kept.c.number)
            for row in self._rows(pairs.where(table.c.key.in_(some), withholdings.reaches(), withholdings.stands())):
                by.setdefault(row.key, []).append(row.number)
        if not by:
            return {}
        numbers = {number for each in by.values() for number in each}
        with self._engine.reading() as connection:
            found = withholdings.loaded(connection, kept.c.number.in_(numbers))
        confirmed = {each.number for each in found if each.state is WithholdingState.CONFIRMED}
        return {
            key: WithheldBy(next((one for one in each if one in confirmed), each[0]), not confirmed.isdisjoint(each))
            for key, each in by.items()
        }

    def segments_withheld_by(self, found: Withholding) -> list[Segment]:
        """The segments that one reaches, of exams and of trials, by start; also of one that was declined."""
        span = Interval(found.start, found.until or datetime.max.replace(tzinfo=UTC))
        segments = [*self.segments(found.camera, span), *self.trial_segments(found.camera, span)]
        return sorted(segments, key=lambda each: (each.interval, each.key))

    def lost_copies(self, since: datetime, limit: int) -> list[LostCopy]:
        """Copies that were found lost at or after that instant, the newest first."""
        table = tables.lost_copies
        columns = (tables.copies, table.c.at, table.c.state)
        query = sa.select(*columns).join_from(table, tables.copies).where(table.c.at >= since)
        rows = self._rows(query.order_by(table.c.at.desc(), table.c.copy.desc()).limit(limit))
        return [LostCopy(words.copy(row), row.at, SegmentState(row.state)) for row in rows]

    def segments_without_copy(self, place: Place, limit: int) -> list[Segment]:
        """Segments that have no copy (or only removed ones) at that kind of place and are to have one, oldest first:
        none that went by order, that is of a trial, or that is withheld.
        """
        return self._oldest(_WITHOUT_COPY[place], limit)

    def spool_keys(self, spool: SpoolName) -> set[str]:
        """Keys of all segments with a standing copy in that spool."""
        return {row.segment for row in self._rows(sa.select(tables.copies.c.segment).where(_standing_in(spool)))}

    def newest_copies(self, root: str, recorder: str, limit: int) -> list[Copy]:
        """Standing copies at that folder of what the recorder of that name recorded, the newest first.

        An empty name stands for all recorders.
        """
        copies = tables.copies
        of_recorder = [copies.c.place == Place.SPOOL.value, copies.c.target == root, copies.c.removed.is_(None)]
        if recorder:
            of_recorder.append(tables.recorders.c.host == recorder)
        joined = copies.join(tables.segments).join(tables.runs).join(tables.recorders)
        newest = (tables.segments.c.begins.desc(), tables.segments.c.key.desc())
        query = sa.select(copies).select_from(joined).where(*of_recorder).order_by(*newest).limit(limit)
        return [words.copy(row) for row in self._rows(query)]

    def adopt_copies(self, spool: SpoolName, recorder: str) -> int:
        """Copies at the spool's folder of which nobody knows the spool lie in it: how many.

        Only of what the recorder of that name recorded; an empty name stands for all.
        """
        table = tables.copies
        unknown = sa.and_(table.c.place == Place.SPOOL.value, table.c.target == spool.root, table.c.spool == "")
        if not self._rows(sa.select(table.c.id).where(unknown).limit(1)):
            return 0
        theirs = sa.select(tables.segments.c.key).select_from(
            tables.segments.join(tables.runs).join(tables.recorders)
        )
        if recorder:
            theirs = theirs.where(tables.recorders.c.host == recorder)
        known = sa.select(table.c.segment).where(_standing_in(spool)).scalar_subquery()
        ours = sa.and_(unknown, table.c.segment.in_(theirs), table.c.segment.not_in(known))
        adopted = sa.update(table).where(ours).values(spool=spool.id)
        with self._engine.writing() as connection:
            return len(connection.execute(adopted.returning(table.c.id)).all())

    def segments_not_in_spool(self, spool: SpoolName, before: datetime, limit: int) -> list[Segment]:
        """Segments that ended before then and lie in some spool or in none, but not in that one nor in S3.

        Oldest first.
        """
        table = tables.segments
        there = sa.exists().where(tables.copies.c.segment == table.c.key, _standing_in(spool))
        return self._oldest(sa.and_(_WITHOUT_COPY[Place.S3], table.c.ends < before, ~there), limit)

    def trials_in_spool(self, spool: SpoolName, before: datetime, limit: int) -> list[Segment]:
        """Segments of trials that began before then and have a standing copy in that spool, oldest first."""
        table = tables.segments
        there = sa.exists().where(tables.copies.c.segment == table.c.key, _standing_in(spool))
        return self._oldest(sa.and_(tables.OF_TRIALS, tables.IN_SPOOL, table.c.begins < before, there), limit)

    def kept_twice(
        self, spool: SpoolName, limit: int, after: tuple[datetime, str] | None = None, *, everywhere: bool
    ) -> list[Segment]:
        """Segments with standing copies both in that spool and in S3, oldest first: ``everywhere`` those that lie in
        as many object stores as they are to, else those that lie in fewer.

        ``after`` goes on behind a segment: the start of its interval, and its key.
        """
        table = tables.segments
        there = sa.exists().where(tables.copies.c.segment == table.c.key, _standing_in(spool))
        enough = table.c.copies_s3 >= table.c.wanted_s3
        where = [tables.IN_SPOOL, tables.IN_S3, there, enough if everywhere else ~enough]
        if after is not None:
            begins, key = after
            later = sa.and_(table.c.begins == begins, table.c.key > key)
            where += [table.c.begins >= begins, sa.or_(table.c.begins > begins, later)]
        return self._oldest(sa.and_(*where), limit)

    def kept_twice_bytes(self, spool: SpoolName, limit: int) -> int:
        """Bytes of the segments that ``kept_twice`` gives; of so many of the oldest at most."""
        table = tables.segments
        there = sa.exists().where(tables.copies.c.segment == table.c.key, _standing_in(spool))
        both = sa.select(table.c.size_bytes).where(tables.IN_SPOOL, tables.IN_S3, there)
        some = both.order_by(table.c.begins, table.c.key).limit(limit).subquery()
        return int(self._rows(sa.select(sa.func.coalesce(sa.func.sum(some.c.size_bytes), 0)))[0][0])

    def weight(self, camera: str, limit: int) -> tuple[int, timedelta]:
        """Bytes and length of the camera's newest segments together, of so many at most."""
        table = tables.segments
        newest = sa.select(table.c.size_bytes, table.c.length_us).where(table.c.camera == camera)
        some = newest.order_by(table.c.begins.desc(), table.c.key.desc()).limit(limit).subquery()
        size_bytes = sa.func.coalesce(sa.func.sum(some.c.size_bytes), 0).label("size_bytes")
        length_us = sa.func.coalesce(sa.func.sum(some.c.length_us), 0).label("length_us")
        found = self._rows(sa.select(size_bytes, length_us))[0]
        return int(found.size_bytes), int(found.length_us) * MICROSECOND

    # Outages

    def open_outage(self, outage: Outage) -> None:
        """Write an outage, lasting or already over. Raises ConflictingRow."""
        with self._engine.writing() as connection:
            if not insert_once(connection, tables.outages, words.outage_row(outage)):
                written = words.outage(_row(connection, tables.outages.c.id, outage.id, "outage"))
                if (written.camera, written.start, written.recorder) != (
                    outage.camera,
                    outage.start,
                    outage.recorder,
                ):
                    raise ConflictingRow(f"outage {outage.id} was written before with other content")

    def close_outage(
        self, outage_id: str, end: datetime, cause: Cause | None = None, detail: str | None = None
    ) -> None:
        """The outage ended then; a cause or detail known better by now replaces the first one.

        Raises UnknownRow; ConflictingRow if it was closed before with another end, cause or detail.
        """
        with self._engine.writing() as connection:
            outage = words.outage(_row(connection, tables.outages.c.id, outage_id, "outage", lock=True))
            told = (end, cause or outage.cause, outage.detail if detail is None else detail)
            if outage.end is not None:
                if told == (outage.end, outage.cause, outage.detail):
                    return
                raise ConflictingRow(f"outage {outage_id} already ended at {outage.end.isoformat()} ({outage.cause})")
            changed = sa.update(tables.outages).where(tables.outages.c.id == outage_id)
            connection.execute(changed.values(ends=told[0], cause=told[1].value, detail=told[2]))

    def outages(self, camera: str, window: Interval) -> list[Outage]:
        """Outages of a camera that overlap the window, by start; one that has not ended counts as lasting."""
        table = tables.outages
        query = sa.select(table).where(table.c.camera == camera, _overlapping(table.c.begins, table.c.ends, window))
        return [words.outage(row) for row in self._rows(query.order_by(table.c.begins, table.c.id))]

    def open_outages(self) -> list[Outage]:
        """Outages that last, by start."""
        table = tables.outages
        query = sa.select(table).where(table.c.ends.is_(None)).order_by(table.c.begins, table.c.id)
        return [words.outage(row) for row in self._rows(query)]

    def outages_since(self, start: datetime) -> list[Outage]:
        """Outages of all cameras that last or ended after that instant, by start."""
        table = tables.outages
        ended = sa.select(table).where(table.c.ends > start)
        query = sa.union_all(ended, sa.select(table).where(table.c.ends.is_(None)))
        return sorted(map(words.outage, self._rows(query)), key=lambda outage: (outage.start, outage.id))

    # States of cameras

    def add_event(self, event: CameraEvent) -> None:
        """Write that a camera came into a state. Raises UnknownRow for an unknown recorder, ConflictingRow."""
        with self._engine.writing() as connection:
            if not insert_once(connection, tables.camera_events, words.event_row(event)):
                written = words.event(_row(connection, tables.camera_events.c.id, event.id, "camera event"))
                if written != event:
                    raise ConflictingRow(f"camera event {event.id} was written before with other content")

    def events(self, window: Interval) -> list[CameraEvent]:
        """Events of all cameras inside the window, in the order in which they were written."""
        table = tables.camera_events
        query = sa.select(table).where(table.c.at >= window.start, table.c.at < window.end)
        return [words.event(row) for row in self._rows(query.order_by(table.c.number))]

    def events_after(self, number: int, limit: int) -> list[tuple[int, CameraEvent]]:
        """Events written after the one of that number, so many at most, in that order, each with its number."""
        table = tables.camera_events
        query = sa.select(table).where(table.c.number > number).order_by(table.c.number).limit(limit)
        return [(row.number, words.event(row)) for row in self._rows(query)]

    def last_event_number(self) -> int:
        """The number of the event that was written last, 0 before the first."""
        return int(self._rows(sa.select(sa.func.max(tables.camera_events.c.number)))[0][0] or 0)

    def latest_events(self, recorders: Collection[str], cameras: Collection[str]) -> list[CameraEvent]:
        """The newest event of each of these cameras by each of these recorders, the newest first.

        One look into an index for each pair, whatever their history.
        """
        if not recorders or not cameras:
            return []
        table, inner = tables.camera_events, tables.camera_events.alias()
        camera, recorder = _asked("camera", cameras), _asked("recorder", recorders)
        of_pair = sa.and_(inner.c.camera == camera.c.value, inner.c.recorder == recorder.c.value)
        newest = sa.select(inner.c.number).where(of_pair).order_by(inner.c.number.desc()).limit(1)
        of_pairs = sa.select(newest.correlate(camera, recorder).scalar_subquery())
        of_pairs = of_pairs.select_from(camera.join(recorder, sa.true()))
        query = sa.select(table).where(table.c.number.in_(of_pairs))
        return [words.event(row) for row in self._rows(query.order_by(table.c.number.desc()))]

    # Observations

    def add_observation(self, observation: Observation) -> None:
        """Write what opening a segment showed. Earlier observations stay. Raises UnknownRow."""
        with self._engine.writing() as connection:
            connection.execute(sa.insert(tables.observations).values(words.observation_row(observation)))
            _count(connection, observation.segment, tables.segments.c.observations, 1)

    def observations(self, keys: Sequence[str]) -> dict[str, Observation]:
        """The latest observation of each of these segments; segments nobody opened are not in the answer."""
        found: dict[str, Observation] = {}
        table = tables.observations
        for some in _batched(dict.fromkeys(keys), _KEYS_AT_ONCE):
            query = sa.select(table).where(table.c.segment.in_(some)).order_by(table.c.made, table.c.id)
            for row in self._rows(query):
                found[row.segment] = words.observation(row)
        return found

    # What is found outside of the recorder's way, by what a manifest states or by its own bytes

    def adopt_recorder(self, recorder: Recorder) -> None:
        """Write down a recorder of which nobody knows when it lived, only that what it recorded lies in this span.

        One that was written before is widened to both spans. Raises ConflictingRow for a life that was lived.
        """
        table = tables.recorders
        with self._engine.writing() as connection:
            if insert_once(connection, table, words.recorder_row(recorder)):
                return
            known = words.recorder(_row(connection, table.c.id, recorder.id, "recorder", lock=True))
            if known.host != recorder.host or known.ended is None:
                raise ConflictingRow(f"recorder {recorder.id} was written before with other content")
            span = {"started": min(known.started, recorder.started), "seen": max(known.seen, recorder.seen)}
            widened = sa.update(table).where(table.c.id == recorder.id)
            connection.execute(widened.values(**span, ended=span["seen"]))

    def adopt_segment(
        self, segment: Segment, run: Run, copies: Sequence[Copy], observation: Observation | None
    ) -> bool:
        """Write a segment, its run, its copies and what was seen of it, in one transaction; False where the segment
        is written already, and then nothing is.

        A run of the same recorder that was written before is widened to both spans; one of another recorder is left
        as it was lived. Without copies its bytes are lost. Raises ConflictingCopy, UnknownRow.
        """
        table = tables.runs
        with self._engine.writing() as connection:
            there = sa.select(tables.segments.c.key).where(tables.segments.c.key == segment.key)
            if connection.execute(there).first() is not None:
                return False
            if not insert_once(connection, table, words.run_row(run)):
                known = words.run(_row(connection, table.c.id, run.id, "run", lock=True))
                if known.recorder == run.recorder and known.ended is not None and run.ended is not None:
                    span = {"started": min(known.started, run.started), "ended": max(known.ended, run.ended)}
                    connection.execute(sa.update(table).where(table.c.id == run.id).values(**span))
            _write_segment(connection, segment)
            for copy in copies:
                _write_copy(connection, segment, copy)
            if observation is not None:
                connection.execute(sa.insert(tables.observations).values(words.observation_row(observation)))
                _count(connection, segment.key, tables.segments.c.observations, 1)
            if observation is not None and copies:  # what was seen in its pictures is stated nowhere
                owed = sa.update(tables.segments).where(tables.segments.c.key == segment.key).values(owed=0)
                connection.execute(owed)
        return True

    def segments_lacking_store(self, bucket: str, limit: int) -> list[Segment]:
        """Segments that lie in some object store, are to lie in more, and not in this one; the newest first."""
        table, copies = tables.segments, tables.copies
        stored = sa.and_(copies.c.place == Place.S3.value, copies.c.target == bucket, copies.c.removed.is_(None))
        there = sa.exists().where(copies.c.segment == table.c.key, stored)
        query = sa.select(table).where(_IN_TOO_FEW_STORES, ~there)
        rows = self._rows(query.order_by(table.c.begins.desc(), table.c.key.desc()).limit(limit))
        return [words.segment(row) for row in rows]

    def count_in_too_few_stores(self, limit: int) -> int:
        """How many segments lie in some object store and are to lie in more, counted up to ``limit``."""
        return self._count_up_to(_IN_TOO_FEW_STORES, limit)

    def segments_without_observation(self, limit: int) -> list[Segment]:
        """Segments that nobody opened yet and that are not withheld, oldest first."""
        return self._oldest(_WITHOUT_OBSERVATION, limit)

    def count_without_copy(self, place: Place, limit: int) -> int:
        """How many segments have no copy at that kind of place, counted up to ``limit``."""
        return self._count_up_to(_WITHOUT_COPY[place], limit)

    def count_without_observation(self, limit: int) -> int:
        """How many segments nobody opened yet, counted up to ``limit``."""
        return self._count_up_to(_WITHOUT_OBSERVATION, limit)

    def _count_up_to(self, where: sa.ColumnElement[bool], limit: int) -> int:
        some = sa.select(tables.segments.c.key).where(where).limit(limit).subquery()
        return int(self._rows(sa.select(sa.func.count()).select_from(some))[0][0])

    def _oldest(self, where: sa.ColumnElement[bool], limit: int) -> list[Segment]:
        table = tables.segments
        query = sa.select(table).where(where).order_by(table.c.begins, table.c.key).limit(limit)
        return [words.segment(row) for row in self._rows(query)]

    def _rows(self, query: sa.Select[Any] | sa.CompoundSelect[Any]) -> Sequence[sa.Row[Any]]:
        with self._engine.reading() as connection:
            return connection.execute(query).all()

    def _change_copy(self, copy: Copy, **values: object) -> None:
        with self._engine.writing() as connection:
            connection.execute(sa.update(tables.copies).where(_standing_copy(copy)).values(**values))

    def _change(self, table: sa.Table, row_id: str, what: str, **values: object) -> None:
        with self._engine.writing() as connection:
            changed = sa.update(table).where(table.c.id == row_id).values(**values).returning(table.c.id)
            if connection.execute(changed).first() is None:
                raise UnknownRow(f"no {what} {row_id} was ever written")


def _write_segment(connection: sa.Connection, segment: Segment) -> None:
    if insert_once(connection, tables.segments, words.segment_row(segment)):
        return
    if words.segment(_row(connection, tables.segments.c.key, segment.key, "segment")) != segment:
        raise ConflictingSegment(f"segment {segment.key} was written before with other content")


def _write_copy(connection: sa.Connection, segment: Segment, copy: Copy) -> None:
    if (copy.size_bytes, copy.sha256) != (segment.size_bytes, segment.sha256):
        raise ConflictingCopy(f"the copy of {copy.segment} in {copy.place} has another size or hash than the segment")
    row = words.copy_row(copy)
    if insert_once(connection, tables.copies, row):
        if copy.removed is None:
            _count(connection, copy.segment, _COUNTERS[copy.place], 1)
        return
    table = tables.copies
    identity = [table.c[name] == row[name] for name in ("segment", "place", "target", "version_id", "spool")]
    written = connection.execute(sa.select(table.c.locked_until).where(*identity, table.c.removed.is_(None))).one()
    if written.locked_until != copy.locked_until:
        raise ConflictingCopy(f"the copy of {copy.segment} in {copy.place} was written before with another lock")


def _standing_copy(copy: Copy) -> sa.ColumnElement[bool]:
    table, row = tables.copies, words.copy_row(copy)
    same = [table.c[name] == row[name] for name in ("segment", "place", "target", "version_id", "spool")]
    return sa.and_(*same, table.c.removed.is_(None))


def _not_disposed(copies: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a copy is of a segment that no disposal list ordered to go."""
    table = tables.segments
    return sa.exists().where(table.c.key == copies.c.segment, table.c.disposed.is_(None))


def _count(connection: sa.Connection, segment: str, counter: sa.Column[int], difference: int) -> None:
    changed = sa.update(tables.segments).where(tables.segments.c.key == segment)
    connection.execute(changed.values({counter: counter + difference}))


def _counted() -> list[tuple[sa.Column[int], sa.ScalarSelect[int]]]:
    """Each counter of a segment, and the number of rows that it is to be."""
    table, copies, observations = tables.segments, tables.copies, tables.observations
    rows = sa.select(sa.func.count()).correlate(table)
    standing = rows.where(copies.c.segment == table.c.key, copies.c.removed.is_(None))
    of_place = [
        (counter, standing.where(copies.c.place == place.value).scalar_subquery())
        for place, counter in _COUNTERS.items()
    ]
    return [
        *of_place,
        (table.c.observations, rows.where(observations.c.segment == table.c.key).scalar_subquery()),
    ]


def _row(
    connection: sa.Connection, column: sa.Column[Any], value: str, what: str, *, lock: bool = False
) -> sa.Row[Any]:
    query = sa.select(column.table).where(column == value)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise UnknownRow(f"no {what} {value} was ever written")
    return row


def _overlapping(begins: sa.Column[Any], ends: sa.Column[Any], window: Interval) -> sa.ColumnElement[bool]:
    return sa.and_(begins < window.end, sa.or_(ends.is_(None), ends > window.start))


def _standing_in(spool: SpoolName) -> sa.ColumnElement[bool]:
    table = tables.copies
    return sa.and_(
        table.c.place == Place.SPOOL.value,
        table.c.target == spool.root,
        table.c.spool == spool.id,
        table.c.removed.is_(None),
    )


def _asked(name: str, values: Iterable[str]) -> sa.CTE:
    """A list as a table of one column, ``value``."""
    return sa.values(sa.column("value", sa.Text), name=name).data([(each,) for each in values]).cte()


def _batched(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(keys)
    while some := list(islice(rest, size)):
        yield some
