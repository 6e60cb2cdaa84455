"""Makes a backup: gathers the files, takes a snapshot of the database, and writes both into one sealed file.

Nothing but the sealed file leaves the folder in which it is made, and what was gathered in the clear is gone when it
is done or has failed. Not here: which files there are (``kaojian.backup``).
"""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

from config.private_files import PRIVATE, sync_folder
from storage.backup.contents import (
    CONTENTS,
    CONTENTS_FORM,
    DATABASES,
    KEYS,
    SIGNING_KEY,
    BackupContents,
    BackupFailed,
    Part,
)
from storage.backup.envelope import sealing
from storage.database import Closings, snapshots
from storage.manifest.form import signed, written
from storage.manifest.keys import published
from storage.signing import Signer

_BLOCK_BYTES = 1 << 20
_DRAFT = ".kaojian-backup-"
_LONG_AGO_S = 86_400.0
_FAST = 1  # of gzip: rows shrink to a fifth; more takes the processor from the recorder beside it

Files = Callable[[], Mapping[str, bytes]]
"""Gives all files but the database, by the path that they have in a backup. Small ones: they are held in memory."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was just made."""

    path: Path
    sha256: str
    size_bytes: int
    contents: BackupContents


def make(
    target: Path,
    *,
    database_url: str,
    closings: Closings,
    files: Files,
    signer: Signer,
    recipient: str,
    now: datetime,
    software: str,
    reserve_bytes: int = 0,
) -> Made:
    """Write a backup into a new file, for the recovery key of the public half ``recipient``.

    1. What it needs beside ``target`` is free, and leaves ``reserve_bytes`` to the recorder.
    2. All files are read, and then a snapshot of the database is taken: seals never know more than the records.
    3. The signing key is still the one that was read: rotated in between, key and database might not fit.
    4. Parts and the signed list of them are written into the sealed file, which is synced and then gets its name.

    Raises BackupFailed, DatabaseUnavailable, OSError: then nothing is left of it.
    """
    if os.path.lexists(target):
        raise BackupFailed(f"{target} is there already; name another file")
    _sweep(target.parent, now)
    _require_room(target.parent, snapshots.size_bytes(database_url), reserve_bytes)
    kind = snapshots.kind_of(database_url)
    with TemporaryDirectory(prefix=_DRAFT, dir=target.parent) as folder:
        schema = snapshots.revision_of(database_url)
        if schema is None:
            raise BackupFailed("there is no database yet, so there is nothing to keep; run `kaojian apply` first")
        found = dict(files())
        keys = published(closings)
        copy = Path(folder) / "database"
        snapshots.snapshot(database_url, copy)
        if dict(files()).get(SIGNING_KEY) != found.get(SIGNING_KEY):
            raise BackupFailed("the signing key was rotated meanwhile; make the backup again")
        if keys.keys:
            found[KEYS] = written(keys)
        draft = Path(folder) / "sealed"
        with _private(draft) as out:
            with sealing(out, recipient) as inside, _tar(inside) as archive:
                parts = [_add_file(archive, DATABASES[kind], copy)]
                parts += [_add(archive, path, data) for path, data in sorted(found.items())]
                contents = BackupContents(
                    CONTENTS_FORM, now, software, signer.public, kind.value, schema, tuple(parts)
                )
                _add(archive, CONTENTS, signed(signer, contents))
            out.flush()
            os.fsync(out.fileno())
        digest = _digest(draft)
        os.link(draft, target)  # refuses where somebody made it meanwhile
        sync_folder(target.parent)
    return Made(target, digest, target.stat().st_size, contents)


def _sweep(folder: Path, now: datetime) -> None:
    """Remove what a backup that was killed left here, once nobody can be at work on it any more."""
    for left in folder.glob(f"{_DRAFT}*"):
        if now.timestamp() - left.stat().st_mtime > _LONG_AGO_S:
            shutil.rmtree(left, ignore_errors=True)


def _require_room(folder: Path, database_bytes: int, reserve_bytes: int) -> None:
    """A snapshot and at most as much again, sealed. Raises BackupFailed."""
    free, wanted = shutil.disk_usage(folder).free, 2 * database_bytes + reserve_bytes
    if free < wanted:
        raise BackupFailed(
            f"{folder} has {free} bytes free, and a backup of this database may take {2 * database_bytes} beside the "
            f"{reserve_bytes} that recording keeps; make room there"
        )


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE), "w+b")


class _Archive:
    """A tar inside gzip inside the envelope; each is ended in order only where nothing went wrong."""

    def __init__(self, inside: BinaryIO) -> None:
        self._zip = gzip.GzipFile(filename="", mode="wb", compresslevel=_FAST, fileobj=inside, mtime=0)
        self.tar = tarfile.open(fileobj=self._zip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed below

    def close(self) -> None:
        self.tar.close()
        self._zip.close()


def _tar(inside: BinaryIO) -> closing[_Archive]:
    return closing(_Archive(inside))


def _add(archive: _Archive, path: str, data: bytes) -> Part:
    archive.tar.addfile(_named(path, len(data)), BytesIO(data))
    return Part(path, sha256(data).hexdigest(), len(data))


def _add_file(archive: _Archive, path: str, file: Path) -> Part:
    with file.open("rb") as source:
        size, reading = file.stat().st_size, _Hashing(source)
        archive.tar.addfile(_named(path, size), cast(BinaryIO, reading))
    return Part(path, reading.digest.hexdigest(), size)


def _named(path: str, size_bytes: int) -> tarfile.TarInfo:
    """Without owner, and with no time but the first: what counts stands in the list."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = size_bytes, PRIVATE
    return info


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
