"""Scans of dossiers in the object stores: put under the same locks as footage, read back, held, read again.

A scan's key is made of its site, its batch and the SHA-256 of its bytes, so that a name says what lies there, and the
same paper filed twice lies there once. It is filed in numbered steps (``Scans.keep``); an entry of the register says
that all of them were done in every store. Not here: which scans there are (``records.dossier``), and what a scan may
be (``records.scan_files``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.dossier import ScanCopy, ScanType
from storage.errors import StorageError
from storage.objects import (
    BLOCK_BYTES,
    LockTest,
    NoSuchObject,
    NotLocked,
    ObjectDamaged,
    Objects,
    ObjectsUnavailable,
)

PREFIX = ".dossiers/"
"""Where they lie; no segment's key begins with a dot."""

_KEY = re.compile(r"\.dossiers/([^/]+)/([^/]+)/([0-9a-f]{64})\.(?:pdf|jpg|png)")


def scan_key(site: str, batch: str, sha256: str, kind: ScanType) -> str:
    """Where a scan lies in each store."""
    return f"{folder_of(site, batch)}{sha256}.{kind.value}"


def folder_of(site: str, batch: str) -> str:
    """What the keys of a batch's scans begin with."""
    return f"{PREFIX}{site}/{batch}/"


def batch_of(key: str) -> str | None:
    """The batch that a scan's key names; None for a key that is none of a scan."""
    found = _KEY.fullmatch(key)
    return None if found is None else found[2]


class Answer(StrEnum):
    """How a copy of a scan answered when all its bytes were read."""

    RIGHT = "right"
    DAMAGED = "damaged"
    MISSING = "missing"
    UNREACHABLE = "unreachable"  # nothing is known of it

    @property
    def zh(self) -> str:
        return {"right": "一致", "damaged": "已损坏", "missing": "缺失", "unreachable": "无法读取"}[self.value]


class NoScanAnswers(StorageError):
    """No store gives the bytes of a scan. ``answers`` says for each bucket why."""

    def __init__(self, key: str, answers: Mapping[str, Answer]) -> None:
        told = ", ".join(f"{bucket}: {answer}" for bucket, answer in answers.items()) or "no object store is set up"
        super().__init__(f"no store gives the scan {key} ({told}); `kaojian check` says more")
        self.answers = answers


@dataclass(frozen=True, slots=True)
class Scans:
    """The scans in the object stores of an archive. ``retain_until`` and ``held`` are those of the archive.

    ``tried`` says whether a store keeps what it locks; one that does not gets nothing, unless ``allow_unlocked``.
    """

    stores: Sequence[Objects]
    retain_until: Callable[[str], datetime]
    held: Callable[[str], bool | None]
    tried: Callable[[Objects], LockTest]
    allow_unlocked: bool = False

    def keep(self, key: str, batch: str, data: bytes) -> tuple[ScanCopy, ...]:
        """Bring a scan into every store; what is there already is adopted, and its lock lengthened.

        1. Ask until when its batch must be kept, and of each store whether its locks hold.
        2. Put it into each store under a COMPLIANCE lock until then; the store is read back and compared.
        3. Put it under legal hold where its batch is held.

        Nothing is written down here: killed in between, or with a store away, the next try adopts what lies there.
        Raises ObjectsUnavailable without a store, NotLocked, RetentionUnknown, OSError and as ``Objects.put``.
        """
        if not self.stores:
            raise ObjectsUnavailable(
                "no object store is set up, so that nothing can be filed: set KAOJIAN_S3_ENDPOINT"
            )
        until, digest = self.retain_until(batch), hashlib.sha256(data).hexdigest()
        for objects in self.stores:
            if not (test := self.tried(objects)).ok and not self.allow_unlocked:
                raise NotLocked(f"nothing is filed in {objects.target}, where no lock holds: {test.detail}")
        found = []
        with _as_file(data) as path:
            for objects in self.stores:
                stored = objects.put(key, path, digest, until)
                if self.held(batch):
                    objects.hold(key, stored.version_id, held=True)
                locked, version = self._believed(objects, stored.locked_until), stored.version_id
                found.append(ScanCopy(batch, key, objects.target, version, len(data), digest, locked))
        return tuple(found)

    def secure(self, copy: ScanCopy) -> datetime | None:
        """Hold a copy or let it go as was decided of its batch, and lock it as long as the batch must be kept by now:
        until when it is locked. Where no decision is known a hold stays as it is.

        Raises ObjectsUnavailable for a copy in a bucket that is not set up here, RetentionUnknown, and the errors of
        ``storage.objects``.
        """
        objects = self.store(copy.bucket)
        held = self.held(copy.batch)
        if held is not None:
            objects.hold(copy.key, copy.version_id, held=held)
        return self._believed(objects, objects.lengthen(copy.key, copy.version_id, self.retain_until(copy.batch)))

    def read(self, copies: Sequence[ScanCopy]) -> bytes:
        """The bytes of a scan, of the first of its copies that gives the right ones. Raises NoScanAnswers."""
        answers: dict[str, Answer] = {}
        for copy in copies:
            data, answer = self._asked(copy)
            if answer is Answer.RIGHT:
                return data
            answers[copy.bucket] = answer
        raise NoScanAnswers(copies[0].key if copies else "", answers)

    def reread(self, copy: ScanCopy) -> Answer:
        """Read all bytes of one copy and compare them with what was filed."""
        return self._asked(copy)[1]

    def store(self, bucket: str) -> Objects:
        """The store of that bucket. Raises ObjectsUnavailable where it is none of those set up here."""
        found = next((each for each in self.stores if each.target == bucket), None)
        if found is None:
            raise ObjectsUnavailable(f"bucket {bucket} is none of those that are set up here")
        return found

    def _asked(self, copy: ScanCopy) -> tuple[bytes, Answer]:
        data = bytearray()
        try:
            objects = self.store(copy.bucket)
            for offset in range(0, copy.size_bytes, BLOCK_BYTES):
                data += objects.read(copy.key, offset, BLOCK_BYTES, copy.version_id)
            size_bytes = objects.stat(copy.key, copy.version_id).size_bytes
        except NoSuchObject:
            return b"", Answer.MISSING
        except ObjectDamaged:
            return b"", Answer.DAMAGED
        except StorageError:
            return b"", Answer.UNREACHABLE
        right = size_bytes == copy.size_bytes and hashlib.sha256(data).hexdigest() == copy.sha256
        return bytes(data), Answer.RIGHT if right else Answer.DAMAGED

    def _believed(self, objects: Objects, locked_until: datetime) -> datetime | None:
        """A lock as an entry may claim it: none where the store was allowed although it keeps none."""
        return locked_until if not self.allow_unlocked or self.tried(objects).ok else None


@contextmanager
def _as_file(data: bytes) -> Iterator[Path]:
    with TemporaryDirectory(prefix="kaojian-") as folder:
        path = Path(folder) / "scan"
        path.write_bytes(data)
        yield path
