"""Looks through database, spools and object stores, in both directions: what `kaojian check` does.

One batch after the other: rows first, then the places. Recording and uploading go on meanwhile, so what does not
agree is looked at a second time a moment later, and only what still does not is told. Nothing is changed unless
``mending``; then only what the rows and places that stand can make good, and never by deleting. Not here: what must
agree (``comparing``), reading all bytes again by and by (``storage.rereading``), what a recorder finds of its own at
its start (``ingest.reconcile``), and whether what was signed holds (``storage.manifest``, ``storage.audit``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from domain.evidence import Copy, LostCopy, Place, Segment, SegmentState
from domain.manifest import Manifest
from domain.timeline import Clock, SystemClock
from storage import scans
from storage.archive import Archive, RetentionUnknown, Why
from storage.check.comparing import Batch, Finding, Wrong, compare, standing
from storage.check.dossiers import Dossiers
from storage.database import Database
from storage.errors import DatabaseUnavailable, StorageError
from storage.manifest import keeping
from storage.manifest.form import read
from storage.objects import Listed, Objects, whole_second
from storage.rereading import lose
from storage.spool_marker import read_marker

SETTLES_S = 3.0  # in which a file that was just closed has its row, and one that was just removed its tombstone
_LOST = {Why.MISSING: SegmentState.MISSING, Why.DAMAGED: SegmentState.DAMAGED}


@dataclass
class Seen:
    """What was looked at, and standing copies that lie where nobody could look from here."""

    segments: int = 0
    files: int = 0
    objects: int = 0
    elsewhere: int = 0


class Check:
    """Of one installation: its database, the spools of this host in ``folders``, and its object stores.

    ``mending`` sets right what can be; ``every_byte`` reads all copies instead of asking for their sizes. ``tell`` is
    told of each batch that is looked at. What was looked at is counted in ``seen``.
    """

    def __init__(
        self,
        database: Database,
        archive: Archive,
        stores: Sequence[Objects],
        folders: Sequence[Path],
        *,
        mending: bool = False,
        every_byte: bool = False,
        clock: Clock | None = None,
        wait: Callable[[float], object] = time.sleep,
        tell: Callable[[str], object] = lambda _batch: None,
    ) -> None:
        self._database = database
        self._evidence = database.evidence
        self._archive = archive
        self._stores = {objects.target: objects for objects in stores}
        self._folders = {marker.id: folder for folder in folders if (marker := read_marker(folder)) and marker.id}
        self._mending = mending
        self._every_byte = every_byte
        self._clock = clock or SystemClock()
        self._wait = wait
        self._tell = tell
        self._dossiers = Dossiers(database, archive, self._stores, every_byte=every_byte, settle=self._settle)
        self.seen = Seen()

    def findings(self) -> Iterator[Finding]:
        """Everything that does not agree. Raises DatabaseUnavailable, OSError, and the errors of ``storage.objects``.

        1. Of each batch: rows among themselves, then each copy that a row names, then each file and object that none
           does (``compare``); what does not agree is looked at twice.
        2. Of each stored object: its lock and its legal hold.
        3. Of each closed batch: that rows and its latest manifest name the same segments, and that what was signed
           is in each store.
        4. Of each scan of a dossier: that it lies where the register says, locked and held; and of each one that lies
           there, that the register says so (``dossiers``).
        """
        for batch in sorted({*self._evidence.batches(), *(folder.split("/")[1] for folder in self._places())}):
            self._tell(batch)
            yield from map(self._mended, self._of_batch(batch))
        for site in self._database.closings.sites():
            yield from map(self._mended, self._of_site(site))
        yield from map(self._mended, self._dossiers.findings())
        self.seen.objects += self._dossiers.objects

    def _settle(self) -> None:
        self._wait(SETTLES_S)

    def _places(self) -> set[str]:
        """``site/batch`` of everything that lies in spools and stores, whether rows know of it or not."""
        found = {
            f"{folder.parent.name}/{folder.name}"
            for root in self._folders.values()
            for folder in root.glob("[!.]*/*")
            if folder.is_dir()
        }
        for objects in self._stores.values():
            sites = [site for site in objects.folders("") if not site.startswith(".")]
            found |= {folder.rstrip("/") for site in sites for folder in objects.folders(site)}
        return found

    def _of_batch(self, name: str) -> Iterator[Finding]:
        batch = self._gathered(name)
        found = list(compare(batch))
        if found:
            self._wait(SETTLES_S)
            batch = self._gathered(name)
            still = set(found)
            found = [each for each in compare(batch) if each in still]
        self._count(batch)
        yield from found
        yield from (Finding(Wrong.MISCOUNTED, key) for key in self._evidence.miscounted(name))
        told = {each.copy for each in found}
        here = [
            (segment, copy)
            for key, segment in batch.segments.items()
            for copy in standing(batch, key)
            if self._is_here(copy) and copy not in told
        ]
        yield from self._of_locks(name, [pair for pair in here if pair[1].place is Place.S3])
        if self._every_byte:
            yield from self._of_bytes(here)

    def _of_locks(self, batch: str, stored: Sequence[tuple[Segment, Copy]]) -> Iterator[Finding]:
        if not stored:
            return
        try:
            until, held = self._archive.keep_until(batch), self._archive.hold_ordered(batch)
        except RetentionUnknown:
            yield Finding(Wrong.NO_PLAN, batch)
            return
        withheld = self._evidence.withheld([segment.key for segment, _ in stored])
        for _, copy in stored:
            objects = self._stores[copy.target]
            locked_until = objects.stat(copy.segment, copy.version_id).locked_until
            wanted = max(until, copy.locked_until or until)
            is_short = locked_until is None or locked_until < whole_second(wanted)
            if is_short and copy.segment not in withheld:  # no lock of what is withheld is made longer
                yield Finding(Wrong.LOCK_SHORT, copy.segment, copy.target, copy)
            if held is not None and objects.is_held(copy.segment, copy.version_id or "") is not held:
                yield Finding(Wrong.HOLD_DIFFERS, copy.segment, copy.target, copy)

    def _of_bytes(self, here: Sequence[tuple[Segment, Copy]]) -> Iterator[Finding]:
        for segment, copy in here:
            if self._archive.reread(segment, copy, lambda _size: None) in _LOST:
                what = Wrong.FILE_DIFFERS if copy.place is Place.SPOOL else Wrong.OBJECT_DIFFERS
                yield Finding(what, copy.segment, copy.target, copy)

    def _of_site(self, site: str) -> Iterator[Finding]:
        """Of what was signed: what it states has its rows, and it lies in the store."""
        latest = {link.batch: link for link in self._database.closings.links(site)}
        for batch, link in latest.items():
            stated = read(Manifest, self._database.closings.document(link.manifest)).segments
            rows = {segment.key: segment.sha256 for segment, _ in self._evidence.segments_of(batch)}
            for each in stated:
                if rows.get(each.key) != each.sha256:
                    yield Finding(Wrong.ROW_MISSING, each.key)
            for key in sorted(rows.keys() - {each.key for each in stated}):
                yield Finding(Wrong.NOT_STATED, key)
        for bucket, objects in self._stores.items():
            for key in keeping.missing(self._database.closings, site, objects):
                yield Finding(Wrong.NOT_UNDER_LOCK, key, bucket)

    def _gathered(self, name: str) -> Batch:
        """Rows first: what is closed or removed after that is found out by looking twice."""
        segments = {segment.key: segment for segment, _ in self._evidence.segments_of(name)}
        copies = self._evidence.copies(list(segments))
        runs = {run.id: run for run in self._evidence.runs_of({each.run for each in segments.values()})}
        observed = self._evidence.observations(list(segments))
        # What a trial recorded goes after some days: the tombstones of its copies are the record of that.
        went = [key for key, segment in segments.items() if segment.is_trial and copies[key]]
        lost = [key for key, each in observed.items() if each.state is not SegmentState.OK]
        destroyed = [key for key, by in self._evidence.withheld(list(segments)).items() if by.confirmed]
        folders = {f"{'/'.join(key.split('/')[:2])}/" for key in segments}
        folders |= {f"{folder}/" for folder in self._places() if folder.split("/")[1] == name}
        return Batch(
            segments,
            copies,
            runs,
            {*self._evidence.disposed(list(segments)), *lost, *went, *destroyed},
            {spool: _files(root, folders) for spool, root in self._folders.items()},
            {spool: str(root) for spool, root in self._folders.items()},
            {bucket: _versions(objects, folders) for bucket, objects in self._stores.items()},
        )

    def _count(self, batch: Batch) -> None:
        self.seen.segments += len(batch.segments)
        self.seen.files += sum(map(len, batch.files.values()))
        there = (each for stored in batch.stored.values() for versions in stored.values() for each in versions)
        self.seen.objects += sum(not each.marker for each in there)
        copies = (copy for key in batch.segments for copy in standing(batch, key))
        self.seen.elsewhere += sum(not self._is_here(copy) for copy in copies)

    def _is_here(self, copy: Copy) -> bool:
        if copy.place is Place.SPOOL:
            return copy.spool in self._folders
        return copy.target in self._stores

    def _mended(self, found: Finding) -> Finding:
        """The same, with what was done about it where something was."""
        if not self._mending:
            return found
        try:
            of_scan = found.subject.startswith(scans.PREFIX)
            return replace(found, mended=self._dossiers.mend(found) if of_scan else self._mend(found))
        except DatabaseUnavailable:
            raise
        except StorageError as error:
            return replace(found, failed=str(error))

    def _mend(self, found: Finding) -> str:
        """Set it right and say how; empty where only a person can."""
        match found.what, found.copy:
            case Wrong.MISCOUNTED, _:
                self._evidence.recount(found.subject)
                return "counted anew"
            case (
                (Wrong.FILE_MISSING | Wrong.FILE_DIFFERS | Wrong.OBJECT_MISSING | Wrong.OBJECT_DIFFERS),
                Copy() as copy,
            ):
                return self._given_up(copy)
            case ((Wrong.LOCK_SHORT | Wrong.HOLD_DIFFERS), Copy() as copy):
                return self._secured(copy)
            case Wrong.OBJECT_UNNOTED, _:
                segment = self._evidence.segment(found.subject)
                adopted = segment is not None and self._archive.adopt(segment, found.where)
                return "read back and written down" if adopted else ""
            case Wrong.NOT_UNDER_LOCK, _:
                site = found.subject.split("/")[1]
                stored = keeping.keep(self._database.closings, site, self._stores[found.where])
                return "stored" if stored else "stored with the others"
        return ""

    def _given_up(self, copy: Copy) -> str:
        """The tombstone of a copy that is not there any more; who keeps copies then makes another one."""
        segment = self._evidence.segment(copy.segment)
        why = None if segment is None else self._archive.reread(segment, copy, lambda _size: None)
        if why not in _LOST:
            return ""
        left = lose(self._evidence, LostCopy(copy, self._clock.now(), _LOST[why]))
        return "written down as lost" if not left else f"written down as lost; another one is made of the {left} left"

    def _secured(self, copy: Copy) -> str:
        segment = self._evidence.segment(copy.segment)
        until = None if segment is None else self._archive.secure(segment, copy)
        if until is None:
            return ""
        if copy.locked_until is None or until > copy.locked_until:
            self._evidence.note_lock(copy, until)
        return "locked and held as it must be"


def _versions(objects: Objects, folders: Collection[str]) -> dict[str, list[Listed]]:
    """All versions below these folders of a store, by key, the newest first."""
    found: dict[str, list[Listed]] = {}
    for each in (version for folder in sorted(folders) for version in objects.versions(folder)):
        found.setdefault(each.key, []).append(each)
    return found


def _files(root: Path, folders: Collection[str]) -> dict[str, int]:
    """Closed files below these folders of a spool, by key, with their sizes."""
    found = {}
    for folder in folders:
        for path in (root / folder).glob("*/*.mp4"):
            try:
                found[path.relative_to(root).as_posix()] = path.stat().st_size
            except FileNotFoundError:
                continue  # it was removed in between
    return found
