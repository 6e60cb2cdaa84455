"""Looks through the scans of dossiers in both directions: from the register to the object stores, and back.

What does not agree is looked at twice, as with footage, since filing goes on meanwhile. Mended is what needs no entry
in the register: locks and holds. A scan that a store lost is brought back by ``records.dossier``. Not here:
footage (``storage.check.looking``), and whether a dossier is complete (``records.dossier_rules``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from domain.dossier import SCAN_COPIES, SCANS, ScanCopy
from storage.archive import Archive, RetentionUnknown
from storage.check.comparing import Finding, Wrong
from storage.database import Database
from storage.errors import StorageError
from storage.objects import Listed, Objects, whole_second
from storage.scans import PREFIX, Answer, scan_key

_LOST = {Answer.MISSING: Wrong.OBJECT_MISSING, Answer.DAMAGED: Wrong.OBJECT_DIFFERS}


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Scans by their key, those of earlier revisions too; their copies; and what lies in each store, by key."""

    scans: frozenset[str]
    copies: tuple[ScanCopy, ...]
    stored: Mapping[str, Mapping[str, list[Listed]]]


class Dossiers:
    """Of one installation. ``objects`` counts the scans that were looked at in the stores."""

    def __init__(
        self,
        database: Database,
        archive: Archive,
        stores: Mapping[str, Objects],
        *,
        every_byte: bool,
        settle: Callable[[], None],
    ) -> None:
        self._database = database
        self._archive = archive
        self._stores = stores
        self._every_byte = every_byte
        self._settle = settle
        self.objects = 0

    def findings(self) -> Iterator[Finding]:
        """Everything that does not agree. Raises DatabaseUnavailable and the errors of ``storage.objects``."""
        there = self._gathered()
        found = list(_compared(there))
        if found:
            self._settle()
            there = self._gathered()
            still = set(found)
            found = [each for each in _compared(there) if each in still]
        self.objects = sum(not each.marker for keys in there.stored.values() for of in keys.values() for each in of)
        yield from found
        told = {(each.where, each.subject) for each in found if each.what is not Wrong.OBJECT_HIDDEN}
        unknown: set[str] = set()
        for copy in there.copies:
            if copy.bucket in self._stores and (copy.bucket, copy.key) not in told and copy.batch not in unknown:
                try:
                    yield from self._of_copy(copy)
                except RetentionUnknown:
                    unknown.add(copy.batch)
                    yield Finding(Wrong.NO_PLAN, copy.batch)

    def mend(self, found: Finding) -> str:
        """Set it right and say how; empty where only a person can. Raises StorageError."""
        copy = next(
            (each for each in self._copies() if (each.bucket, each.key) == (found.where, found.subject)), None
        )
        if copy is None:
            return ""
        if found.what in {Wrong.LOCK_SHORT, Wrong.HOLD_DIFFERS}:
            self._archive.scans.secure(copy)
            return f"locked and held as it must be; `kaojian dossier verify {copy.batch}` puts that on record"
        if found.what in _LOST.values():
            raise StorageError(
                f"`kaojian dossier verify {copy.batch}`, or file the same scan again: that stores it anew"
            )
        return ""

    def _gathered(self) -> _Gathered:
        """The register first: what is filed or stored after that is found out by looking twice."""
        gone = {each.thing.key for each in self._database.register.standing(SCAN_COPIES) if each.thing.removed}
        scans = frozenset(
            key
            for each in self._database.register.revisions(SCANS)
            if each.value is not None
            and (key := scan_key(each.site, each.batch, each.value.sha256, each.value.type)) not in gone
        )
        return _Gathered(
            scans, self._copies(), {bucket: _listed(objects) for bucket, objects in self._stores.items()}
        )

    def _copies(self) -> tuple[ScanCopy, ...]:
        """Those that were not removed by a disposal list."""
        found = (each.thing for each in self._database.register.standing(SCAN_COPIES))
        return tuple(each for each in found if each.removed is None)

    def _of_copy(self, copy: ScanCopy) -> Iterator[Finding]:
        """Its lock and its hold, and its bytes where all are read."""
        objects = self._stores[copy.bucket]
        until, held = self._archive.keep_until(copy.batch), self._archive.hold_ordered(copy.batch)
        locked_until = objects.stat(copy.key, copy.version_id).locked_until
        wanted = max(until, copy.locked_until or until)
        if locked_until is None or locked_until < whole_second(wanted):
            yield Finding(Wrong.LOCK_SHORT, copy.key, copy.bucket)
        if held is not None and objects.is_held(copy.key, copy.version_id) is not held:
            yield Finding(Wrong.HOLD_DIFFERS, copy.key, copy.bucket)
        if self._every_byte and (answer := self._archive.scans.reread(copy)) in _LOST:
            yield Finding(_LOST[answer], copy.key, copy.bucket)


def _compared(there: _Gathered) -> Iterator[Finding]:
    noted = {copy.key for copy in there.copies}
    for key in sorted(there.scans - noted):
        yield Finding(Wrong.NO_COPY, key)
    for copy in there.copies:
        if copy.bucket not in there.stored:
            continue
        versions = there.stored[copy.bucket].get(copy.key, [])
        found = [each for each in versions if each.version_id == copy.version_id and not each.marker]
        if not found:
            yield Finding(Wrong.OBJECT_MISSING, copy.key, copy.bucket)
        elif found[0].size_bytes != copy.size_bytes:
            yield Finding(Wrong.OBJECT_DIFFERS, copy.key, copy.bucket)
    for bucket, stored in there.stored.items():
        for key, versions in sorted(stored.items()):
            if versions[0].marker:
                yield Finding(Wrong.OBJECT_HIDDEN, key, bucket)
            if key not in there.scans:
                yield Finding(Wrong.SCAN_UNFILED, key, bucket)


def _listed(objects: Objects) -> dict[str, list[Listed]]:
    """All versions of all scans in a store, by key, the newest first."""
    found: dict[str, list[Listed]] = {}
    for each in objects.versions(PREFIX):
        found.setdefault(each.key, []).append(each)
    return found
