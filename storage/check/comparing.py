"""What must agree between rows, spools and object store, compared by what was gathered of them; asks nobody.

What must hold, and why, is in docs/storage.md, by the names of ``Wrong``. Not here: gathering it, and setting right
what does not agree (``storage.check.looking``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum

from domain.evidence import Copy, Place, Run, Segment
from storage.objects import Listed


class Wrong(StrEnum):
    """What does not agree."""

    NO_COPY = "no_copy"
    KEY_DIFFERS = "key_differs"
    OUTSIDE_RUN = "outside_run"
    MISCOUNTED = "miscounted"
    FILE_MISSING = "file_missing"
    FILE_DIFFERS = "file_differs"
    FILE_UNKNOWN = "file_unknown"
    OBJECT_MISSING = "object_missing"
    OBJECT_DIFFERS = "object_differs"
    OBJECT_HIDDEN = "object_hidden"
    OBJECT_UNNOTED = "object_unnoted"
    OBJECT_UNKNOWN = "object_unknown"
    STORED_TWICE = "stored_twice"
    LOCK_SHORT = "lock_short"
    HOLD_DIFFERS = "hold_differs"
    NO_PLAN = "no_plan"
    NOT_STATED = "not_stated"
    ROW_MISSING = "row_missing"
    NOT_UNDER_LOCK = "not_under_lock"
    SCAN_UNFILED = "scan_unfiled"

    @property
    def zh(self) -> str:
        """In Chinese, a few words."""
        return _WORDS[self].zh

    @property
    def en(self) -> str:
        """In English, as it goes on behind the subject."""
        return _WORDS[self].en

    @property
    def remedy(self) -> str:
        """What a person does about it; empty where it can be mended."""
        return _WORDS[self].remedy

    @property
    def harmless(self) -> bool:
        """Whether nothing is lost by it: what runs sets it right, or a person looks into it once."""
        return _WORDS[self].harmless


@dataclass(frozen=True, slots=True)
class _Words:
    """``remedy`` is what a person does; empty where ``--repair`` does it."""

    zh: str
    en: str
    remedy: str = ""
    harmless: bool = False


_LOOK_FOR_IT = "look for its file by its name, in other spools and in backups"
_RESTORE = "somebody changed the row: restore a backup"
_REBUILD = "`kaojian rebuild` brings it back"
_WORDS = {
    Wrong.NO_COPY: _Words("无任何副本", "has no copy anywhere, and nothing says that it is lost", _LOOK_FOR_IT),
    Wrong.KEY_DIFFERS: _Words("名称与记录不符", "is named otherwise than its row says", _RESTORE),
    Wrong.OUTSIDE_RUN: _Words("超出录像时段", "lies outside of its run", _RESTORE),
    Wrong.MISCOUNTED: _Words("副本计数有误", "has another number of copies than its row counts"),
    Wrong.FILE_MISSING: _Words("暂存文件缺失", "is not in the spool"),
    Wrong.FILE_DIFFERS: _Words("暂存文件不符", "is another file in the spool than was closed"),
    Wrong.FILE_UNKNOWN: _Words(
        "暂存文件无记录",
        "lies in the spool and has no row",
        "the recorder takes it up at its next start",
        harmless=True,
    ),
    Wrong.OBJECT_MISSING: _Words("存储对象缺失", "is not in the object store"),
    Wrong.OBJECT_DIFFERS: _Words("存储对象不符", "is another object than was stored"),
    Wrong.OBJECT_HIDDEN: _Words(
        "存储对象被标记删除",
        "is hidden by a delete marker",
        "it is still there; find out who tried to delete it",
        harmless=True,
    ),
    Wrong.OBJECT_UNNOTED: _Words(
        "存储对象未登记", "lies in the object store and its row does not say so yet", harmless=True
    ),
    Wrong.OBJECT_UNKNOWN: _Words("存储对象无记录", "lies in the object store and has no row", _REBUILD),
    Wrong.STORED_TWICE: _Words(
        "重复存储", "lies in the object store more than once", "nothing is lost but room", harmless=True
    ),
    Wrong.LOCK_SHORT: _Words("锁定期不足", "is not locked as long as it must be kept"),
    Wrong.HOLD_DIFFERS: _Words("封存状态不符", "is not held as was ordered"),
    Wrong.NO_PLAN: _Words("保存期未知", "must be kept until nobody knows when", "apply the plan of its batch again"),
    Wrong.NOT_STATED: _Words(
        "未列入证据清单",
        "came after its batch was closed",
        "close the batch again with --reason: that makes an amendment",
        harmless=True,
    ),
    Wrong.ROW_MISSING: _Words("证据清单所列无记录", "is stated in a manifest and has no such row", _REBUILD),
    Wrong.NOT_UNDER_LOCK: _Words("签名文件未存档", "was signed and is not in the object store"),
    Wrong.SCAN_UNFILED: _Words(
        "扫描件未归档",
        "is a scan in the object store that no dossier has on record",
        "filing it was interrupted: file it again",
        harmless=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree.

    ``where`` is the folder of a spool or a bucket, empty for rows. ``mended`` says how it was set right, ``failed``
    why it could not be.
    """

    what: Wrong
    subject: str  # a segment's key, the id of a batch or site, or the key of something signed or of a scan
    where: str = ""
    copy: Copy | None = field(default=None, compare=False)
    mended: str = field(default="", compare=False)
    failed: str = field(default="", compare=False)

    @property
    def stands(self) -> bool:
        """Whether it is a fault, and still there."""
        return not self.what.harmless and not self.mended


@dataclass(frozen=True, slots=True)
class Batch:
    """What is known of one batch at one moment: ``files`` by the spool's id and key, ``stored`` by bucket and key."""

    segments: Mapping[str, Segment]
    copies: Mapping[str, Sequence[Copy]]
    runs: Mapping[str, Run]
    gone: Collection[str]  # keys that are written down as lost, disposed of by order or destroyed, or were of a trial
    files: Mapping[str, Mapping[str, int]]
    folders: Mapping[str, str]  # where the spool of that id is
    stored: Mapping[str, Mapping[str, Sequence[Listed]]]


def compare(batch: Batch) -> Iterator[Finding]:
    """What does not agree, by what was gathered; asks nobody."""
    for key, segment in batch.segments.items():
        yield from _of_rows(batch, segment)
        for copy in standing(batch, key):
            yield from _of_copy(batch, segment, copy)
    for spool, files in batch.files.items():
        known = {copy.segment for rows in batch.copies.values() for copy in rows if copy.spool == spool}
        for key in sorted(files.keys() - known):
            yield Finding(Wrong.FILE_UNKNOWN, key, batch.folders[spool])
    for bucket, found in batch.stored.items():
        for key, versions in found.items():
            yield from _of_versions(batch, bucket, key, versions)


def _of_rows(batch: Batch, segment: Segment) -> Iterator[Finding]:
    named, run, span = segment.key.split("/"), batch.runs.get(segment.run), segment.interval
    if named[1:3] != [segment.batch, segment.camera] or not named[3].startswith(
        f"{span.start.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
    ):
        yield Finding(Wrong.KEY_DIFFERS, segment.key)
    if run is None or span.start < run.started or (run.ended is not None and span.end > run.ended):
        yield Finding(Wrong.OUTSIDE_RUN, segment.key)
    if not standing(batch, segment.key) and segment.key not in batch.gone:
        yield Finding(Wrong.NO_COPY, segment.key)


def _of_copy(batch: Batch, segment: Segment, copy: Copy) -> Iterator[Finding]:
    if copy.place is Place.SPOOL and copy.spool in batch.files:
        size = batch.files[copy.spool].get(copy.segment)
        if size is None:
            yield Finding(Wrong.FILE_MISSING, copy.segment, copy.target, copy)
        elif size != segment.size_bytes:
            yield Finding(Wrong.FILE_DIFFERS, copy.segment, copy.target, copy)
    if copy.place is Place.S3 and copy.target in batch.stored:
        there = batch.stored[copy.target].get(copy.segment, ())
        found = [each for each in there if each.version_id == copy.version_id]
        if not found or found[0].marker:
            yield Finding(Wrong.OBJECT_MISSING, copy.segment, copy.target, copy)
        elif found[0].size_bytes != segment.size_bytes:
            yield Finding(Wrong.OBJECT_DIFFERS, copy.segment, copy.target, copy)


def _of_versions(batch: Batch, bucket: str, key: str, versions: Sequence[Listed]) -> Iterator[Finding]:
    """What lies under one key in a store: is it known, and seen by whoever asks for no version?"""
    if versions[0].marker:
        yield Finding(Wrong.OBJECT_HIDDEN, key, bucket)
    rows = [copy for copy in batch.copies.get(key, ()) if copy.place is Place.S3 and copy.target == bucket]
    known = {copy.version_id for copy in rows}
    if all(each.marker or each.version_id in known for each in versions):
        return
    if key not in batch.segments:
        yield Finding(Wrong.OBJECT_UNKNOWN, key, bucket)
    elif any(copy.removed is None for copy in rows):
        yield Finding(Wrong.STORED_TWICE, key, bucket)
    else:
        yield Finding(Wrong.OBJECT_UNNOTED, key, bucket)


def standing(batch: Batch, key: str) -> list[Copy]:
    return [copy for copy in batch.copies.get(key, ()) if copy.removed is None]
