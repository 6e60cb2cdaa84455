"""Backups in the object store: under a lock of their own, shorter than that of footage.

The name says when a backup was made and the SHA-256 of its bytes, so that hiding one hides nothing. Not here: when
they are made (``kaojian.backup``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from storage.backup.contents import BackupRefused
from storage.backup.writing import Made
from storage.objects import BLOCK_BYTES, Objects, Stored, first_version

PREFIX = ".backups/"
"""Where they lie; no segment's key begins with a dot."""

_NAME = re.compile(r"\.backups/(\d{8}T\d{6}Z)-([0-9a-f]{64})\.sealed")


@dataclass(frozen=True, slots=True)
class Shelved:
    """One backup in the store, by what its name says."""

    key: str
    made: datetime
    sha256: str


def put(objects: Objects, made: Made, lock: timedelta) -> tuple[Shelved, Stored]:
    """Bring a backup under lock for so long. Raises as ``Objects.put``."""
    instant = made.contents.made
    key = f"{PREFIX}{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}-{made.sha256}.sealed"
    return Shelved(key, instant, made.sha256), objects.put(key, made.path, made.sha256, instant + lock)


def shelved(objects: Objects) -> list[Shelved]:
    """All backups in the store, the newest first, hidden ones too. Raises as ``Objects.keys``."""
    found = []
    for key in objects.keys(PREFIX):
        if match := _NAME.fullmatch(key):
            made = datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            found.append(Shelved(key, made, match[2]))
    return sorted(found, key=lambda each: (each.made, each.key), reverse=True)


def fetch(objects: Objects, wanted: Shelved, into: Path) -> None:
    """Read a backup into a new file. Raises BackupRefused where it is not what its name says; as ``Objects.read``."""
    version = first_version(objects, wanted.key)
    size_bytes, digest = objects.stat(wanted.key, version).size_bytes, sha256()
    with into.open("xb") as out:
        for offset in range(0, size_bytes, BLOCK_BYTES):
            block = objects.read(wanted.key, offset, min(BLOCK_BYTES, size_bytes - offset), version)
            out.write(block)
            digest.update(block)
    if digest.hexdigest() != wanted.sha256:
        raise BackupRefused(f"{wanted.key} in the object store has other bytes than its name says; take another one")
