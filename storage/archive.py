"""The archive: brings closed segments from the spool into the object stores, and opens them from any copy.

A segment is kept in numbered steps (``Archive.keep``); a Copy row says that all of them were done. Not here: what
makes a segment (``ingest``), how objects are stored and proven (``storage.objects``), what is in the footage
(``analysis``), when anything is kept (``storage.keeping``), whether a spool could do without its own copy
(``storage.confirming``), and who decides that anything goes (``records.disposing``): a copy is removed here by a
signed order only.

    StorageError
    ├── SpoolFileMissing   no copy of the segment lies in a spool or in another store, so there is nothing to upload
    ├── SpoolFileDamaged   the bytes in the spool are not those the segment was closed with; never uploaded
    ├── NotOrdered         a copy is to be removed, and no signed order says so; or footage is left that none knows of
    ├── NotKept            a trial, or footage that is withheld, is to be stored under a lock: it would lie there for
    │                      years
    ├── OutOfReach         a copy is to be removed, and the place that it lies in cannot be reached from here
    └── NoCopyAnswers      no copy gives the right bytes; says for each copy why
        ├── WentByOrder    ... because the footage was disposed of by a list that two people approved
        └── Withheld       ... because somebody says that it shows a 禁摄区, and nobody has found otherwise
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from typing import BinaryIO, cast

from domain.calendar import local_day
from domain.disposal import DisposedOf
from domain.evidence import Copy, Place, Segment
from domain.timeline import Clock, SystemClock
from domain.withholding import WithheldBy
from storage.database import Evidence
from storage.errors import DatabaseUnavailable, StorageError
from storage.objects import (
    BLOCK_BYTES,
    STORE_LOST,
    LockTest,
    NoSuchObject,
    ObjectDamaged,
    Objects,
    ObjectsUnavailable,
)
from storage.scans import Scans, batch_of
from storage.spool_marker import is_there

AT_ONCE = 16  # segments of one round
IN_FLIGHT = 2  # of these: one is read back while the next is sent
FAILED_PAUSE_S = 60.0  # a segment that failed for itself is not tried again before
OTHERS_EVERY_S = 5.0  # so often a store looks for what lies in another one only, where it found nothing last time
_IN_MEMORY_BYTES = 64 << 20  # a fetched segment larger than this goes through a temporary file
_SOUND_FILES = 4096  # how many spool files we remember as compared


class SpoolFileMissing(StorageError):
    """No copy to be read lies in a spool or another store. The row stands; a person finds out where the file went."""


class SpoolFileDamaged(StorageError):
    """The spool file is not what it was when the segment was closed. It is left as it is, and not uploaded."""


class RetentionUnknown(StorageError):
    """Nobody can say until when a batch must be kept; what cannot be locked for long enough is not stored yet."""


class NotKept(StorageError):
    """What was recorded for a trial, and what is withheld, is never stored in an object store."""


class Why(StrEnum):
    """Why a copy does not answer."""

    MISSING = "missing"  # the place answers and has no such file or object
    DAMAGED = "damaged"  # it gave other bytes
    UNREACHABLE = "unreachable"  # the place does not answer here (a spool: not its host, or its disk is away)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One copy that did not answer."""

    place: Place
    target: str
    why: Why


class NoCopyAnswers(StorageError):
    """No copy of the segment gives the right bytes.

    Callers decide by ``unreachable``: if any place does not answer, nothing is known and the segment must be asked
    for again later. Else it is ``damaged`` if some copy gave other bytes, and missing if none did.
    """

    def __init__(self, key: str, refusals: tuple[Refusal, ...]) -> None:
        said = ", ".join(f"{refusal.place} {refusal.target}: {refusal.why}" for refusal in refusals)
        super().__init__(f"no copy of {key} answers ({said or 'no copy was ever stored, or all were removed'})")
        self.refusals = refusals

    @property
    def unreachable(self) -> bool:
        return any(refusal.why is Why.UNREACHABLE for refusal in self.refusals)

    @property
    def damaged(self) -> bool:
        return any(refusal.why is Why.DAMAGED for refusal in self.refusals)


class WentByOrder(NoCopyAnswers):
    """The footage was disposed of 已处置: it is not missing, and nobody is given what may still lie somewhere."""

    def __init__(self, key: str, by: DisposedOf) -> None:
        super().__init__(key, ())
        self.disposal, self.at = by.disposal, by.at
        self.args = (f"{key}: {self.told}",)

    @property
    def unreachable(self) -> bool:
        """Nothing is to be concluded from it: least of all that the footage is lost."""
        return True

    @property
    def told(self) -> str:
        """For people, without a name of a file."""
        return gone_by(DisposedOf(self.disposal, self.at))


class Withheld(NoCopyAnswers):
    """The footage is withheld 误摄扣留: whatever lies somewhere, only those who decide on that are given it."""

    def __init__(self, key: str, by: WithheldBy) -> None:
        super().__init__(key, ())
        self.number = by.number
        self.args = (f"{key}: {self.told}",)

    @property
    def unreachable(self) -> bool:
        """Nothing is to be concluded from it: least of all that the footage is lost."""
        return True

    @property
    def told(self) -> str:
        """For people, without a name of a file."""
        return f"误摄扣留 {self.number} (withheld as footage of a no-filming area, number {self.number})"


class NotOrdered(StorageError):
    """No signed order says that this is to be removed. It was left as it is."""


class OutOfReach(StorageError):
    """A copy lies in a spool of another host, or in a store that is not set up here. It was left as it is."""


class _NoAnswer(Exception):
    """A copy does not answer; the caller goes on to the next."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class KeepFailure:
    """A segment that could not be kept for a reason of its own, in one sentence."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeepResult:
    """What one round did. ``kept`` holds segment keys; ``lost`` says why the store ended the round, or is None.

    ``unlocked`` says what is wrong with the store's locks where footage is given to it all the same.
    """

    kept: tuple[str, ...] = ()
    failed: tuple[KeepFailure, ...] = ()
    lost: str | None = None
    unlocked: str | None = None


@dataclass
class _Store:
    """One object store, with what is remembered of it between rounds."""

    objects: Objects
    locks: LockTest | None = None  # None: not tried, or not since the store was away
    resting: dict[str, float] = field(default_factory=dict)  # key of a failed segment -> when it is tried again
    others_at: float = 0.0  # when to look again for what lies in another store only


class Archive:
    """Keeps and opens segments. Safe to share between threads, if one at most keeps for each store.

    ``objects`` is None where no object store is set up: then nothing is kept beyond the spool, and reading works
    from the spool alone. With a ``second`` one every segment is to lie in both; buckets tell them apart, so that no
    two may have the same name. ``retain_until`` tells for a batch's id until when its footage must be kept, and
    raises a StorageError if it cannot; ``held`` tells whether it is held beyond that (封存), None where nobody ever
    decided it. ``spool_root`` is where spool files are looked for when they are no longer under the root
    that their Copy row names: a spool may have been moved.

    A store is tried before footage is given to it (``Objects.self_test``), and again after it was away: another
    server may answer then. One that lets go what it locked gets nothing, unless ``allow_unlocked``, which is for
    development: then no Copy row of it claims a lock, reports say that nothing is locked, and no spool file is ever
    given up for what lies there.
    """

    def __init__(
        self,
        evidence: Evidence,
        objects: Objects | None,
        spool_root: Path,
        retain_until: Callable[[str], datetime],
        clock: Clock | None = None,
        *,
        held: Callable[[str], bool | None] = lambda _batch: None,
        allow_unlocked: bool = False,
        second: Objects | None = None,
    ) -> None:
        self._evidence = evidence
        self._stores = {each.target: _Store(each) for each in (objects, second) if each is not None}
        if second is not None and (objects is None or len(self._stores) < 2):
            raise ValueError(f"a second store beside none, or with the first one's bucket: {second.target}")
        self._spool_root = spool_root
        self._retain_until = retain_until
        self._held = held
        self._allow_unlocked = allow_unlocked
        self._clock = clock or SystemClock()
        self._older: list[str] | None = None  # batches that may lie in one store only, the next one last
        self._sound: dict[Path, tuple[int, int, int]] = {}  # spool file -> what it looked like when compared

    @property
    def keeps(self) -> bool:
        """Whether there is an object store at all."""
        return bool(self._stores)

    @property
    def buckets(self) -> tuple[str, ...]:
        """The buckets of the object stores, the first one's first; none without one."""
        return tuple(self._stores)

    @property
    def scans(self) -> Scans:
        """The scans of dossiers in the same stores, under the same locks."""
        stores = [each.objects for each in self._stores.values()]
        return Scans(
            stores,
            self._retain_until,
            self._held,
            lambda objects: self._tried(self._stores[objects.target]),
            allow_unlocked=self._allow_unlocked,
        )

    def ping(self, bucket: str | None = None) -> None:
        """Ask an object store one thing, the first unless another is named. Raises ObjectsUnavailable, also where
        none is set up, and AccessRefused.
        """
        self._store(bucket).objects.ping()

    def keep(self, segment: Segment, bucket: str | None = None) -> Copy:
        """Bring one segment into an object store, the first unless another is named; the copy that already is there,
        if it is.

        1. Find its file in the spool and compare size and hash with the row; where there is none, fetch and compare
           its bytes from another store.
        2. Ask until when its batch must be kept, and last of all whether it is withheld: a lock is for good.
        3. Store it under a lock until then, and under legal hold where its batch is held; the store is read back and
           compared before this returns.
        4. Write the Copy row. Killed before this, the next try adopts what lies in the store.

        Raises NotKept for what a trial recorded and for what is withheld; SpoolFileMissing, SpoolFileDamaged and the
        errors of ``storage.objects`` and the database.
        """
        if segment.is_trial:
            raise NotKept(f"{segment.key} was recorded for a trial, and stays in the spool for some days only")
        objects = self._store(bucket).objects
        copies = self._standing_copies(segment)
        for copy in copies:
            if copy.place is Place.S3 and copy.target == objects.target:
                return copy
        with self._source(segment, copies) as path:
            until = self._retain_until(segment.batch)
            if (by := self._withheld(segment)) is not None:
                raise NotKept(f"{segment.key} is withheld by withholding {by.number}, and stays in the spool")
            stored = objects.put(segment.key, path, segment.sha256, until)
        return self._noted(segment, objects, stored.version_id, stored.locked_until)

    def adopt(self, segment: Segment, bucket: str) -> Copy | None:
        """Write down a copy that lies in a store and that no row names; None where no version there is right.

        1. Each version under the segment's key is read as a whole and compared, the newest first.
        2. The first right one is locked for as long as its batch must be kept, and held where it is to be. One that
           is withheld keeps the lock that it has.
        3. Its Copy row is written.

        Raises RetentionUnknown, the errors of ``storage.objects`` and of the database.
        """
        objects = self._store(bucket).objects
        for each in objects.versions(segment.key):
            if each.key == segment.key and not each.marker and self._is_right(segment, objects, each.version_id):
                until = self._lengthened(segment, objects, each.version_id)
                return self._noted(segment, objects, each.version_id, until)
        return None

    def hold_ordered(self, batch: str) -> bool | None:
        """Whether the footage of a batch is to be held 封存; None where nobody ever decided it."""
        return self._held(batch)

    def _is_right(self, segment: Segment, objects: Objects, version_id: str) -> bool:
        digest = hashlib.sha256()
        for offset in range(0, segment.size_bytes, BLOCK_BYTES):
            digest.update(objects.read(segment.key, offset, BLOCK_BYTES, version_id))
        return (
            digest.hexdigest() == segment.sha256
            and objects.stat(segment.key, version_id).size_bytes == segment.size_bytes
        )

    def _lengthened(self, segment: Segment, objects: Objects, version_id: str) -> datetime | None:
        """Until when a version is locked: as long as its batch must be kept, or as it is where it is withheld."""
        if self._withheld(segment) is not None:
            return objects.stat(segment.key, version_id).locked_until
        return objects.lengthen(segment.key, version_id, self._retain_until(segment.batch))

    def _noted(self, segment: Segment, objects: Objects, version_id: str, locked_until: datetime | None) -> Copy:
        """The row of a stored copy whose bytes were read back just now."""
        if self._held(segment.batch):
            objects.hold(segment.key, version_id, held=True)
        copy = Copy(
            segment=segment.key,
            place=Place.S3,
            target=objects.target,
            verified=self._clock.now(),
            size_bytes=segment.size_bytes,
            sha256=segment.sha256,
            version_id=version_id,
            locked_until=self._believed(self._stores[objects.target], locked_until),
            device=objects.device,
        )
        self._evidence.add_copy(copy, stores=len(self._stores))
        return copy

    def keep_pending(self, limit: int = AT_ONCE, bucket: str | None = None) -> KeepResult:
        """Keep up to ``limit`` segments in a store, the first unless another is named, ``IN_FLIGHT`` at once.

        First those that lie in no store yet, the oldest first; then those that lie in another one only, the newest
        first, and when there are none of these a batch of those from when there was one store less.

        A segment that fails for itself is reported, rests for ``FAILED_PAUSE_S`` and does not hold up the others;
        when the store itself does not answer, refuses us or keeps no lock, the round ends.

        Raises DatabaseUnavailable.
        """
        if not self._stores:
            return KeepResult()
        store = self._store(bucket)
        try:
            locks = self._tried(store)
        except StorageError as error:
            return KeepResult(lost=str(error))
        if not locks.ok and not self._allow_unlocked:
            store.locks = None
            return KeepResult(lost=f"nothing is stored where no lock holds: {locks.detail}")
        unlocked = None if locks.ok else locks.detail
        kept: list[str] = []
        failed: list[KeepFailure] = []
        lost: str | None = None
        waiting, flying = deque(self._pending(store, limit)), deque[tuple[Segment, Future[Copy]]]()
        with ThreadPoolExecutor(IN_FLIGHT, "keeping") as pool:
            while waiting or flying:
                while waiting and len(flying) < IN_FLIGHT:
                    flying.append((waiting[0], pool.submit(self.keep, waiting.popleft(), store.objects.target)))
                segment, keeping = flying.popleft()
                try:
                    keeping.result()
                except STORE_LOST as error:
                    store.locks, lost = None, lost or str(error)
                    waiting.clear()
                except DatabaseUnavailable:
                    raise
                except (StorageError, OSError) as error:
                    store.resting[segment.key] = self._clock.monotonic() + FAILED_PAUSE_S
                    failed.append(KeepFailure(segment.key, str(error)))
                else:
                    store.resting.pop(segment.key, None)
                    kept.append(segment.key)
        return KeepResult(tuple(kept), tuple(failed), lost, unlocked)

    def opened(self, segment: Segment, *, deciding: bool = False) -> AbstractContextManager[BinaryIO]:
        """The segment as a seekable file whose every byte was compared with the row's hash just now.

        Spool first, then the object stores. Raises NoCopyAnswers before the block is entered, WentByOrder and
        Withheld also where something still lies there; what is withheld is given to who is ``deciding`` on it.
        """
        return self._first_to_answer(segment, self._whole, deciding=deciding)

    def playing(self, segment: Segment) -> AbstractContextManager[BinaryIO]:
        """As ``opened``, for playing footage: a spool file that looks as it did when it was compared is right."""
        return self._first_to_answer(segment, self._playing)

    def glimpsed(self, segment: Segment) -> AbstractContextManager[BinaryIO]:
        """As ``playing``, but a spool file is not compared yet: whatever rests on it has to be ``borne_out``."""
        return self._first_to_answer(segment, self._glimpsed)

    def borne_out(self, segment: Segment) -> bool:
        """Whether the file that ``glimpsed`` gave is right; False also where it cannot be told any more."""
        for copy in self._standing_copies(segment):
            try:
                self._playing(segment, copy).close()
            except _NoAnswer as answer:
                if answer.why is Why.DAMAGED:
                    return False
            else:
                return True
        return False

    @contextmanager
    def _first_to_answer(
        self, segment: Segment, answered: Callable[[Segment, Copy], BinaryIO], *, deciding: bool = False
    ) -> Iterator[BinaryIO]:
        refusals: list[Refusal] = []
        self._refuse_barred(segment, deciding=deciding)
        for copy in self._standing_copies(segment):
            try:
                file = answered(segment, copy)
            except _NoAnswer as answer:
                refusals.append(Refusal(copy.place, copy.target, answer.why))
            else:
                with file:
                    yield file
                return
        raise NoCopyAnswers(segment.key, tuple(refusals))

    def reread(self, segment: Segment, copy: Copy, pace: Callable[[int], object]) -> Why | None:
        """Read all bytes of one copy and compare them; None where they are right, else why it does not answer.

        ``pace`` is told of each piece how many bytes it has, and may take its time.
        """
        try:
            if copy.place is Place.SPOOL:
                with self._found_spool_file(segment, copy) as file:
                    _compare(file, segment, pace)
            else:
                _compare_pieces(self._pieces(segment, copy), segment, pace)
        except _NoAnswer as answer:
            return answer.why
        return None

    def secure(self, segment: Segment, copy: Copy) -> datetime | None:
        """Hold a stored copy, or let it go, as was decided, and lock it as long as its batch must be kept by now:
        until when it is locked, None for one in a spool.

        A sitting that was put off moves the last exam day of its batch, and with it the end of what the batch's other
        days must be kept for. Where no decision is known a hold stays as it is: an old or emptied database lets
        nothing go. One that is withheld is locked no longer than it was. Raises RetentionUnknown and the errors of
        ``storage.objects``.
        """
        store = self._stores.get(copy.target) if copy.place is Place.S3 else None
        if store is None or copy.version_id is None:
            return None
        held = self._held(segment.batch)
        if held is not None:
            store.objects.hold(segment.key, copy.version_id, held=held)
        return self._believed(store, self._lengthened(segment, store.objects, copy.version_id))

    def keep_until(self, batch: str) -> datetime:
        """Until when a batch must be kept, by its rule pack as it is now. Raises RetentionUnknown."""
        return self._retain_until(batch)

    def is_held(self, copy: Copy) -> bool:
        """Whether the object store has a copy under legal hold, whatever the database says; False for one in a spool
        and for one that is gone. Raises OutOfReach and the errors of ``storage.objects``.
        """
        if copy.place is not Place.S3:
            return False
        objects, version_id = self._store_of(copy), copy.version_id or ""
        try:
            objects.stat(copy.segment, version_id)  # asked for the hold of one that is gone, some servers only refuse
            return objects.is_held(copy.segment, version_id)
        except NoSuchObject:
            return False

    def locked_until(self, copy: Copy) -> datetime | None:
        """Until when the object store has a copy locked; None for one in a spool, without a lock, or gone.

        Raises as ``is_held``.
        """
        if copy.place is not Place.S3:
            return None
        try:
            return self._store_of(copy).stat(copy.segment, copy.version_id or None).locked_until
        except NoSuchObject:
            return None

    def dispose(self, copy: Copy) -> None:
        """Remove one copy for good, and give it its tombstone.

        1. A signed order in the database says that its segment is to go.
        2. The version of the object is removed, or the file in the spool, and does not answer any more.
        3. Its row gets the tombstone, unless it has one: it was evicted, or thought lost. Killed before this, it is
           removed again, which changes nothing.

        Raises NotOrdered, OutOfReach, DatabaseUnavailable, OSError and the errors of ``Objects.remove``.
        """
        if not self._evidence.disposed([copy.segment]):
            raise NotOrdered(f"{copy.segment} stays: no signed order in the database says that it is to go")
        if copy.place is Place.S3:
            self._store_of(copy).remove(copy.segment, copy.version_id or "")
        else:
            self._remove_spool_file(copy)
        if copy.removed is None:
            self._evidence.dispose_copy(copy, self._clock.now())

    def destroy_withheld(self, copy: Copy) -> None:
        """Remove a copy in a spool of footage that both sides confirmed to show a 禁摄区, and give it its tombstone.

        1. A withholding in the database is confirmed, and no object store ever had a copy: that would be under a
           lock, and the files beside it are part of what must be kept.
        2. The file is removed and does not answer any more. 3. Its row gets the tombstone; killed before this, it is
           removed again, which changes nothing.

        Raises NotOrdered, OutOfReach, DatabaseUnavailable, OSError.
        """
        by = self._evidence.withheld([copy.segment]).get(copy.segment)
        rows = self._evidence.copies([copy.segment])[copy.segment]
        if by is None or not by.confirmed or any(each.place is not Place.SPOOL for each in rows):
            raise NotOrdered(
                f"{copy.segment} stays: no two sides confirmed that it is withheld, or an object store has it"
            )
        self._remove_spool_file(copy)
        if copy.removed is None:
            self._evidence.dispose_copy(copy, self._clock.now())

    def dispose_scan(self, batch: str, key: str) -> int:
        """Remove a scan of a dossier for good, in every version that a store has under its key: how many there were.

        Its key is made of its bytes, so that nothing else can lie there. A signed order in the database has to say
        that its batch is to go. Raises NotOrdered and the errors of ``Objects.remove``.
        """
        segments = [segment.key for segment, _ in self._evidence.segments_of(batch)]
        if batch_of(key) != batch or not self._evidence.disposed(segments[:1]):
            raise NotOrdered(f"{key} stays: no signed order in the database says that it is to go")
        removed = 0
        for store in self._stores.values():
            for each in store.objects.versions(key):
                if each.key == key and not each.marker:
                    store.objects.remove(key, each.version_id)
                    removed += 1
        return removed

    def left_over(self, key: str) -> bool:
        """Whether an object store still answers under a key: with a version that no row knows, once all others are
        gone. Raises the errors of ``storage.objects``.
        """
        for store in self._stores.values():
            try:
                store.objects.stat(key)
            except NoSuchObject:
                continue
            return True
        return False

    def _store(self, bucket: str | None) -> _Store:
        """The store of that bucket; the first one for None. Raises ObjectsUnavailable where there is none at all."""
        if not self._stores:
            raise ObjectsUnavailable("no object store is set up")
        return self._stores[bucket or self.buckets[0]]

    def _store_of(self, copy: Copy) -> Objects:
        store = self._stores.get(copy.target)
        if store is None:
            raise OutOfReach(f"{copy.segment} lies in bucket {copy.target}, which is none of those set up here")
        return store.objects

    def _remove_spool_file(self, copy: Copy) -> None:
        """What has a tombstone may lie in a spool that is no more; what has none must be seen to be gone."""
        named, found = Path(copy.target), False
        for root in dict.fromkeys((named, self._spool_root)):
            path = root / copy.segment
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            found = True
            _sync_folder(path.parent)
        if not found and copy.removed is None and not is_there(named, copy.device, copy.spool):
            raise OutOfReach(
                f"{copy.segment} lies in spool {copy.target} ({copy.device or 'unknown device'}), which is not here; "
                "carry the list out on its host too"
            )

    def read(self, segment: Segment, offset: int, length: int, *, deciding: bool = False) -> bytes:
        """Up to ``length`` bytes from ``offset``, fewer at the end; for playing footage, not for judging it.

        A spool file is compared as a whole when it is first read and when it looks changed; a range from the object
        store is taken as it comes, since it was compared when it was stored. Raises NoCopyAnswers, as ``opened``.
        """
        length = max(0, min(length, segment.size_bytes - offset))
        refusals: list[Refusal] = []
        self._refuse_barred(segment, deciding=deciding)
        for copy in self._standing_copies(segment):
            try:
                return self._range(segment, copy, offset, length)
            except _NoAnswer as answer:
                refusals.append(Refusal(copy.place, copy.target, answer.why))
        raise NoCopyAnswers(segment.key, tuple(refusals))

    def _refuse_barred(self, segment: Segment, *, deciding: bool) -> None:
        """Raises WentByOrder, Withheld."""
        by = self._evidence.disposed([segment.key]).get(segment.key)
        if by is not None:
            raise WentByOrder(segment.key, by)
        if not deciding and (withheld := self._withheld(segment)) is not None:
            raise Withheld(segment.key, withheld)

    def _withheld(self, segment: Segment) -> WithheldBy | None:
        return self._evidence.withheld([segment.key]).get(segment.key)

    def _tried(self, store: _Store) -> LockTest:
        """Whether the store keeps what it locks. Raises as ``Objects.self_test``."""
        if store.locks is None:
            store.locks = store.objects.self_test()
        return store.locks

    def _believed(self, store: _Store, locked_until: datetime | None) -> datetime | None:
        """A lock as a Copy row may claim it: none where the store was allowed although it keeps none."""
        return locked_until if not self._allow_unlocked or self._tried(store).ok else None

    def _pending(self, store: _Store, limit: int) -> list[Segment]:
        now = self._clock.monotonic()
        store.resting = {key: until for key, until in store.resting.items() if until > now}
        wanted = limit + len(store.resting)
        found = self._evidence.segments_without_copy(Place.S3, wanted)
        if len(self._stores) > 1 and len(found) < wanted and now >= store.others_at:
            others = self._evidence.segments_lacking_store(store.objects.target, wanted - len(found))
            if not others and not self._want_older():
                store.others_at = now + OTHERS_EVERY_S
            found += others
        return [segment for segment in found if segment.key not in store.resting][:limit]

    def _want_older(self) -> bool:
        """Have one more batch, the newest that is left, lie in all stores; False once there is none left to look at.

        One at a time and only when nothing else waits: what is recorded now never stands behind years.
        """
        if self._older is None:
            self._older = sorted(self._evidence.batches(), key=self._evidence.last_of_batch)
        while self._older:
            if self._evidence.want_stores(self._older.pop(), len(self._stores)):
                return True
        return False

    def _standing_copies(self, segment: Segment) -> list[Copy]:
        """Copies that were not removed, spool first."""
        rows = self._evidence.copies([segment.key]).get(segment.key, [])
        return sorted((row for row in rows if row.removed is None), key=lambda row: row.place is not Place.SPOOL)

    @contextmanager
    def _source(self, segment: Segment, copies: Sequence[Copy]) -> Iterator[Path]:
        """A file with the segment's bytes, compared just now: the spool's, or one fetched from another store.

        Raises SpoolFileDamaged, SpoolFileMissing.
        """
        damaged: Path | None = None
        for copy in copies:
            try:
                with self._local(segment, copy) as file:
                    yield Path(file.name)
                    return
            except _NoAnswer as answer:
                if answer.why is Why.DAMAGED and copy.place is Place.SPOOL:
                    damaged = Path(copy.target)
        if damaged is not None:
            raise SpoolFileDamaged(f"{segment.key} in {damaged} is not what it was when it was closed; not uploaded")
        raise SpoolFileMissing(f"{segment.key} lies in no spool or store that can be read; nothing to upload")

    def _local(self, segment: Segment, copy: Copy) -> BinaryIO:
        """A compared file with a name: that of the spool, or one that goes when it is closed. Raises _NoAnswer."""
        if copy.place is Place.SPOOL:
            return self._spool_file(segment, copy)
        return self._fetched(segment, copy, cast(BinaryIO, NamedTemporaryFile()))

    def _whole(self, segment: Segment, copy: Copy) -> BinaryIO:
        """The copy as an open file with the right bytes, at its beginning. Raises _NoAnswer."""
        return self._spool_file(segment, copy) if copy.place is Place.SPOOL else self._from_store(segment, copy)

    def _glimpsed(self, segment: Segment, copy: Copy) -> BinaryIO:
        in_spool = copy.place is Place.SPOOL
        return self._found_spool_file(segment, copy) if in_spool else self._from_store(segment, copy)

    def _playing(self, segment: Segment, copy: Copy) -> BinaryIO:
        if copy.place is not Place.SPOOL:
            return self._from_store(segment, copy)
        file = self._found_spool_file(segment, copy)
        try:
            self._compare_once(segment, file)
        except BaseException:
            file.close()
            raise
        return file

    def _spool_file(self, segment: Segment, copy: Copy) -> BinaryIO:
        file = self._found_spool_file(segment, copy)
        try:
            _compare(file, segment)
        except BaseException:
            file.close()
            raise
        return file

    def _found_spool_file(self, segment: Segment, copy: Copy) -> BinaryIO:
        """Missing only where the spool is there and lacks the file; else nothing is known. Raises _NoAnswer."""
        named = Path(copy.target)
        for root in dict.fromkeys((named, self._spool_root)):
            file = _if_there(root / segment.key)
            if file is not None:
                return file
        if not is_there(named, copy.device, copy.spool):
            raise _NoAnswer(Why.UNREACHABLE)
        file = _if_there(named / segment.key)  # its disk may have come back between the two questions
        if file is None:
            raise _NoAnswer(Why.MISSING)
        return file

    def _from_store(self, segment: Segment, copy: Copy) -> BinaryIO:
        file = cast(BinaryIO, SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))  # noqa: SIM115 - handed on open
        return self._fetched(segment, copy, file)

    def _fetched(self, segment: Segment, copy: Copy, file: BinaryIO) -> BinaryIO:
        """The same file, filled with the bytes of an object and compared; closed where it raises _NoAnswer."""
        try:
            file.writelines(self._pieces(segment, copy))
            file.flush()
            file.seek(0)
            _compare(file, segment)
        except BaseException:
            file.close()
            raise
        return file

    def _pieces(self, segment: Segment, copy: Copy) -> Iterator[bytes]:
        """The bytes of an object, block by block. Raises _NoAnswer."""
        for offset in range(0, segment.size_bytes, BLOCK_BYTES):
            yield self._object_range(segment, copy, offset, min(BLOCK_BYTES, segment.size_bytes - offset))

    def _range(self, segment: Segment, copy: Copy, offset: int, length: int) -> bytes:
        if copy.place is not Place.SPOOL:
            return self._object_range(segment, copy, offset, length)
        with self._found_spool_file(segment, copy) as file:
            self._compare_once(segment, file)
            file.seek(offset)
            return file.read(length)

    def _object_range(self, segment: Segment, copy: Copy, offset: int, length: int) -> bytes:
        store = self._stores.get(copy.target)
        if store is None:
            raise _NoAnswer(Why.UNREACHABLE)
        try:
            data = store.objects.read(segment.key, offset, length, copy.version_id)
        except NoSuchObject as error:
            raise _NoAnswer(Why.MISSING) from error
        except ObjectDamaged as error:
            raise _NoAnswer(Why.DAMAGED) from error
        except StorageError as error:
            raise _NoAnswer(Why.UNREACHABLE) from error
        if len(data) != length:
            raise _NoAnswer(Why.DAMAGED)
        return data

    def _compare_once(self, segment: Segment, file: BinaryIO) -> None:
        path = Path(file.name)
        stat = path.stat()
        look = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if self._sound.get(path) == look:
            return
        _compare(file, segment)
        if len(self._sound) >= _SOUND_FILES:
            self._sound.clear()
        self._sound[path] = look


def gone_by(by: DisposedOf) -> str:
    """That footage went by order, in both languages."""
    day = local_day(by.at)
    return f"已按处置清单 {by.disposal} 于 {day} 销毁 (disposed of by list {by.disposal} on {day})"


def _sync_folder(folder: Path) -> None:
    """What was removed stays removed after a power cut."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _if_there(path: Path) -> BinaryIO | None:
    """The file, None where nothing has that name. Raises _NoAnswer."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _NoAnswer(Why.UNREACHABLE) from error


@dataclass(frozen=True, slots=True)
class UnseenSpool:
    """A spool that this host cannot see, and how many of the segments asked about lie there and nowhere else."""

    target: str
    device: str  # as Copy.device
    segments: int


def unseen_spools(evidence: Evidence, segments: Iterable[Segment]) -> list[UnseenSpool]:
    """Spools that hold the only standing copies of these segments and do not answer here, most segments first.

    Their files are looked for one by one, but not read. Raises DatabaseUnavailable.
    """
    found: Counter[tuple[str, str]] = Counter()
    for rows in evidence.copies([segment.key for segment in segments]).values():
        standing = [row for row in rows if row.removed is None]
        unseen = [row for row in standing if row.place is Place.SPOOL and not _can_be_asked(row)]
        if standing and len(unseen) == len(standing):
            found.update({(row.target, row.device) for row in unseen})
    return [UnseenSpool(target, device, count) for (target, device), count in found.most_common()]


def _can_be_asked(copy: Copy) -> bool:
    return (Path(copy.target) / copy.segment).exists() or is_there(Path(copy.target), copy.device, copy.spool)


def _unhurried(_size_bytes: int) -> None:
    """The pace of who wants it at once."""


def _compare(file: BinaryIO, segment: Segment, pace: Callable[[int], object] = _unhurried) -> None:
    """Read all of it and go back to its beginning. Raises _NoAnswer."""
    try:
        _compare_pieces(iter(lambda: file.read(1 << 20), b""), segment, pace)
        file.seek(0)
    except OSError as error:
        raise _NoAnswer(Why.UNREACHABLE) from error


def _compare_pieces(pieces: Iterable[bytes], segment: Segment, pace: Callable[[int], object]) -> None:
    """Raises _NoAnswer where they are not the segment's."""
    digest, size_bytes = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size_bytes += len(piece)
        pace(len(piece))
    if (size_bytes, digest.hexdigest()) != (segment.size_bytes, segment.sha256):
        raise _NoAnswer(Why.DAMAGED)
