"""Filing the scans of a batch's dossier, and reading, checking and holding them.

The file goes into the object stores first, under the lock of its batch, and is read back; only then is it on record.
So what is on record lies there, and what was interrupted is filed again and adopts what it had stored. Footage is
filed by closing the batch (``records.closing``). Not here: what a scan may be (``records.scan_files``), how it is
stored (``storage.scans``), what the notice says of a dossier (``records.dossier_rules``), and who may
(``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from domain.disposal import DisposedOf
from domain.dossier import SCAN_COPIES, SCANS, Item, Scan, ScanCopy, ScanType
from domain.evidence import Copy, Place
from domain.grounds import Norm
from domain.people import Actor
from domain.places import Batch, Sitting, last_exam_day
from domain.register import Draft, Entry
from domain.timeline import rfc3339
from records import grounds_rules
from records.errors import ClosedBatch, DossierRefused, ImpossibleTime, NoReason, NoSuchScan
from records.roll import Desk
from records.scan_files import recognise
from storage.archive import Archive, WentByOrder
from storage.database import Database
from storage.errors import DatabaseUnavailable, StorageError, UnknownSitting
from storage.scans import Answer, scan_key

MOST_PAGES = 10_000
_NUMBER_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Told:
    """What a scan is said to be. ``subject`` is "" and ``sitting`` 0 where it is of all of them."""

    item: Item
    subject: str = ""
    sitting: int = 0
    pages: int = 1


def file_scan(
    desk: Desk,
    archive: Archive,
    batch: str,
    told: Told,
    data: bytes,
    *,
    where: str = "the file",
    replaces: int | None = None,
    reason: str = "",
) -> Entry[Scan]:
    """归档: file one scan. The same one again changes nothing, unless a store lost it: then it lies there again. One
    that ``replaces`` another is its next revision, which wants a reason, and the other stays, under its lock.

    1. It is what it is said to be, and a scan by its content.
    2. It goes into every object store, under lock, and is read back (``storage.scans``).
    3. It is entered, with where it lies, as one act.

    Raises UnknownBatch, UnknownSitting, DossierRefused, ImpossibleTime, ClosedBatch, NoSuchScan, NoReason,
    RevisedMeanwhile, and as ``Scans.keep``.
    """
    whole = desk.batch(batch)
    sittings = desk.database.setup.sittings(batch)
    told = replace(told, subject=told.subject.strip())
    _refuse(desk, whole, sittings, told)
    kind = recognise(data, where)
    if kind is not ScanType.PDF and told.pages != 1:
        raise DossierRefused(f"{where} is a picture, which has one page, not {told.pages} 图片只有一页")
    digest = sha256(data).hexdigest()
    wanted = Scan(batch, 0, told.item, told.subject, told.sitting, told.pages, kind, len(data), digest)
    scan, after = _numbered(desk.database, wanted, replaces, reason)
    copies = archive.scans.keep(scan_key(whole.site, batch, scan.sha256, kind), batch, data)
    filed: Draft[Any] = Draft(SCANS, _key(batch, scan.number), scan, batch, whole.site, scan.sha256, after=after)
    drafts = [filed, *(_copy_draft(each, whole.site) for each in copies)]
    entry: Entry[Scan] = desk.database.register.enter(
        "file_scan", batch, drafts, desk.actor, desk.now, reason=reason.strip()
    )[0]
    return entry


def scans_of(database: Database, batch: str) -> list[Entry[Scan]]:
    """The scans of a batch as they stand, by number."""
    return database.register.standing(SCANS, batch=batch)


def copies_of(database: Database, batch: str) -> list[Entry[ScanCopy]]:
    """Where the scans of a batch lie, those of earlier revisions too; without those that were disposed of."""
    return [each for each in database.register.standing(SCAN_COPIES, batch=batch) if each.thing.removed is None]


def removed_copies(database: Database, batch: str) -> list[ScanCopy]:
    """The copies that a disposal list removed, by bucket and key."""
    found = [each.thing for each in database.register.standing(SCAN_COPIES, batch=batch)]
    return [each for each in found if each.removed is not None]


def as_rows(database: Database, batch: str) -> list[Copy]:
    """The copies as those of footage are told, by key and bucket, those that were removed too: what a disposal list
    freezes stays the same while it is carried out.
    """
    found = [
        Copy(
            segment=each.thing.key,
            place=Place.S3,
            target=each.thing.bucket,
            verified=each.at,
            size_bytes=each.thing.size_bytes,
            sha256=each.thing.sha256,
            version_id=each.thing.version_id,
            locked_until=each.thing.locked_until,
            removed=each.thing.removed,
        )
        for each in database.register.standing(SCAN_COPIES, batch=batch)
    ]
    return sorted(found, key=lambda each: (each.segment, each.target))


def note_removed(database: Database, batch: str, key: str, actor: Actor, at: datetime) -> None:
    """That every copy of a scan was removed by a signed order."""
    gone = [each for each in copies_of(database, batch) if each.thing.key == key]
    drafts = [_copy_draft(replace(each.thing, removed=at), each.site) for each in gone]
    if drafts:
        database.register.enter("dispose_scan", batch, drafts, actor, at)


def ordered_to_go(database: Database, batch: str) -> DisposedOf | None:
    """By which list a batch was ordered to go, and when; None while nobody ordered it."""
    keys = [segment.key for segment, _ in database.evidence.segments_of(batch)]
    return next(iter(database.evidence.disposed(keys[:1]).values()), None)


def find_scan(database: Database, batch: str, number: int) -> Entry[Scan]:
    """Raises NoSuchScan."""
    found = database.register.find(SCANS, _key(batch, number)) if 0 < number < 10**_NUMBER_DIGITS else None
    if found is None:
        raise NoSuchScan(f"the dossier of batch {batch} has no scan {number}; `kaojian dossier list {batch}`")
    return found


def fetch(desk: Desk, archive: Archive, batch: str, number: int) -> tuple[Scan, bytes]:
    """调取: the bytes of a scan, compared with what was filed; that they were fetched is in the journal first.

    Raises UnknownBatch, NoSuchScan, WentByOrder, NoScanAnswers.
    """
    desk.batch(batch)
    scan = find_scan(desk.database, batch, number).thing
    gone = ordered_to_go(desk.database, batch)
    if gone is not None:
        raise WentByOrder(f"scan {number} of batch {batch}", gone)
    copies = [each.thing for each in copies_of(desk.database, batch) if each.thing.sha256 == scan.sha256]
    data = archive.scans.read(copies)
    desk.database.journal.record(desk.now, desk.actor, "fetch_scan", batch, f"scan {number}, sha256:{scan.sha256}")
    return scan, data


@dataclass(frozen=True, slots=True)
class Verified:
    """One copy of a scan, read again. ``number`` is 0 for one of an earlier revision; ``why`` says what could not be
    set right of its lock or its hold, ``restored`` that it was lost and lies there again, from another store.
    """

    number: int
    copy: ScanCopy
    answer: Answer
    why: str = ""
    restored: bool = False

    @property
    def stands(self) -> bool:
        return self.restored or (self.answer is Answer.RIGHT and not self.why)


def verify(desk: Desk, archive: Archive, batch: str) -> tuple[Verified, ...]:
    """Read every copy of a batch's scans again, set its lock and hold as they must be by now, and note a lock that
    became longer. What one store lost, or never had, is brought there from another one that has it.

    Raises UnknownBatch, DatabaseUnavailable.
    """
    desk.batch(batch)
    why = secure(desk.database, archive, batch, desk.actor, desk.now).why
    numbers = {each.thing.sha256: each.thing.number for each in scans_of(desk.database, batch)}
    copies = copies_of(desk.database, batch)
    answers = {each.key: archive.scans.reread(each.thing) for each in copies}
    restored = {
        key
        for key in dict.fromkeys(each.thing.key for each in copies)
        if _restored(desk, archive, [each for each in copies if each.thing.key == key], answers)
    }
    return tuple(
        Verified(
            numbers.get(each.thing.sha256, 0),
            each.thing,
            answers[each.key],
            why.get(each.key, ""),
            each.thing.key in restored and answers[each.key] is not Answer.RIGHT,
        )
        for each in copies
    )


def _restored(desk: Desk, archive: Archive, copies: Sequence[Entry[ScanCopy]], answers: Mapping[str, Answer]) -> bool:
    """Whether a scan now lies in every store, where it did not before and a right copy was left."""
    right = [each.thing for each in copies if answers[each.key] is Answer.RIGHT]
    stores = {each.target for each in archive.scans.stores}
    if not right or {each.bucket for each in right} >= stores:
        return False
    try:
        kept = archive.scans.keep(right[0].key, right[0].batch, archive.scans.read(right))
    except DatabaseUnavailable:
        raise
    except (StorageError, OSError):
        return False  # a store that is away: told by its answer
    drafts = [_copy_draft(each, copies[0].site) for each in kept]
    desk.database.register.enter("restore_scan", right[0].batch, drafts, desk.actor, desk.now)
    return True


@dataclass(frozen=True, slots=True)
class Secured:
    """How many copies are locked and held as they must be; ``why`` says of the others, by key, what is in the way."""

    done: int
    why: dict[str, str]


def secure(database: Database, archive: Archive, batch: str, actor: Actor, at: datetime) -> Secured:
    """Lock and hold every copy of a batch's scans as was decided of it, and note the locks that became longer.

    What cannot be reached now is set right when it is called again, or by
    `kaojian check --repair`. Raises DatabaseUnavailable.
    """
    noted, why, done = [], dict[str, str](), 0
    for entry in copies_of(database, batch):
        copy = entry.thing
        try:
            until = archive.scans.secure(copy)
        except StorageError as error:
            why[entry.key] = str(error)
            continue
        done += 1
        if until is not None and (copy.locked_until is None or until > copy.locked_until):
            noted.append(_copy_draft(replace(copy, locked_until=until), entry.site))
    if noted:
        database.register.enter("lock_dossier", batch, noted, actor, at)
    return Secured(done, why)


def norm_of(database: Database, batch: Batch, sittings: Sequence[Sitting]) -> Entry[Norm] | None:
    """The norm that a batch is examined by, that of its last exam day; None where nobody knows."""
    return grounds_rules.norm_of(database, batch.project, last_exam_day(sittings)) if sittings else None


def _refuse(desk: Desk, batch: Batch, sittings: Sequence[Sitting], told: Told) -> None:
    """Raises what ``file_scan`` does before it looks at the file."""
    item = told.item
    if item is Item.FOOTAGE:
        raise DossierRefused("footage 现场录像 is filed by closing the batch: `kaojian batch close`")
    if not 1 <= told.pages <= MOST_PAGES:
        raise DossierRefused(f"{told.pages} is no number of pages from 1 to {MOST_PAGES} 页数不符")
    if told.subject and not item.by_subject:
        raise DossierRefused(f"{item.zh} ({item.en}) is of all subjects; leave --subject out")
    if told.sitting and not item.by_sitting:
        raise DossierRefused(f"{item.zh} ({item.en}) is of the whole batch; leave --sitting out")
    norm = norm_of(desk.database, batch, sittings)
    if told.subject and norm is not None:
        subjects = [each.name for each in norm.thing.subjects]
        if told.subject not in subjects:
            raise DossierRefused(f"norm {norm.key} has no such subject; it has {', '.join(subjects)} 科目不符")
    meant = [each for each in sittings if told.sitting in {0, each.plan.number}]
    if not meant:
        raise UnknownSitting(f"batch {batch.id} has no sitting {told.sitting}; `kaojian plan {batch.id}` shows all")
    if item.by_sitting and all(each.start > desk.now for each in meant):
        first = min(each.start for each in meant)
        raise ImpossibleTime(f"the exam begins at {rfc3339(first)}; nothing of it can be filed before")
    gone = ordered_to_go(desk.database, batch.id)
    if gone is not None:
        raise ClosedBatch(f"batch {batch.id} was disposed of 已处置 by list {gone.disposal}; nothing more is filed")


def _numbered(database: Database, wanted: Scan, replaces: int | None, reason: str) -> tuple[Scan, int]:
    """The scan ``wanted`` with its number, and the last revision under that, 0 for none. What is on record already
    has its own. Raises NoSuchScan, NoReason, DossierRefused.
    """
    batch = wanted.batch
    standing = scans_of(database, batch)
    number = replaces or (max((each.thing.number for each in standing), default=0) + 1)
    scan = replace(wanted, number=number)
    for entry in standing:
        if replace(entry.thing, number=number) == scan and replaces in {None, entry.thing.number}:
            return entry.thing, entry.revision
    if replaces is not None:
        before = find_scan(database, batch, replaces)
        if not reason.strip():
            raise NoReason(f"say why scan {replaces}, filed {rfc3339(before.at)}, is corrected (--reason)")
        return scan, before.revision
    if number >= 10**_NUMBER_DIGITS:
        raise DossierRefused(f"batch {batch} has {number - 1} scans; file them in fewer files")
    return scan, 0


def _copy_draft(copy: ScanCopy, site: str) -> Draft[Any]:
    return Draft(SCAN_COPIES, f"{copy.bucket}/{copy.key}", copy, copy.batch, site)


def _key(batch: str, number: int) -> str:
    return f"{batch}/{number:0{_NUMBER_DIGITS}}"
