"""The spool: segment files on a disk of the recorder, from exclusive creation to closed and synced.

A file is written as ``<key>.open``. When its last fragment is in, it is synced, renamed to ``<key>`` and the folder
is synced; only then may a Segment row say that it exists. What a crash leaves as ``.open`` is cut back to its last
complete fragment and closed the same way. Nothing here deletes or overwrites footage.

    SpoolError
    ├── SpoolFull     the disk has less free space than the reserve, or a write met ENOSPC
    └── SpoolBroken   any other refusal of the file system (the message names path and reason)
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import EDQUOT, ENOSPC
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from storage.media import BrokenFile, FileIndex, read_index

_OPEN_SUFFIX = ".open"
_BROKEN_SUFFIX = ".broken"


class SpoolError(Exception):
    """Base of the spool's errors."""


class SpoolFull(SpoolError):
    """No room: recording stops with cause disk_full, nothing is overwritten."""


class SpoolBroken(SpoolError):
    """The file system refused."""


@dataclass(frozen=True, slots=True)
class ClosedFile:
    """A file that is closed, synced and named by its key. ``index`` is set when it was read back after a crash."""

    key: str
    path: Path
    size_bytes: int
    sha256: str
    index: FileIndex | None = None


def segment_key(folder: str, first: datetime, recorder: str = "") -> str:
    """``site/batch/camera/20260501T010000.000000Z.mp4``: the instant of the first picture, to the microsecond.

    A recorder that was given a name adds it, ``...000000Z-b.mp4``, so that two that record the same picture of the
    same camera never claim the same key.
    """
    return f"{folder}/{first.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}{f'-{recorder}' if recorder else ''}.mp4"


class Spool:
    """One folder on one disk. ``reserve_bytes`` stay free for the database and the alarm."""

    def __init__(self, root: Path, reserve_bytes: int) -> None:
        self.root = root.absolute()
        self._reserve = reserve_bytes
        self.root.mkdir(parents=True, exist_ok=True)

    @cached_property
    def device(self) -> str:
        """``host:major:minor`` of the device that the folder lies on. Raises SpoolBroken."""
        try:
            number = self.root.stat().st_dev
        except OSError as error:
            _refuse(self.root, error)
        return f"{socket.gethostname()}:{os.major(number)}:{os.minor(number)}"

    def free_bytes(self) -> int:
        """Bytes that may still be written before the reserve is touched; negative when it already is."""
        return shutil.disk_usage(self.root).free - self._reserve

    def require_room(self) -> None:
        """Raises SpoolFull when only the reserve is left, SpoolBroken when the disk does not answer."""
        try:
            free = self.free_bytes()
        except OSError as error:
            _refuse(self.root, error)
        if free <= 0:
            raise SpoolFull(f"{self.root} has less than its reserve of {self._reserve} bytes free: make room there")

    def create(self, key: str) -> SpoolFile:
        """A new, exclusively created file. Raises SpoolFull, SpoolBroken."""
        self.require_room()
        path = self.root / key
        try:
            _make_folder(path.parent)
            if path.exists():
                raise FileExistsError(path)
            descriptor = os.open(f"{path}{_OPEN_SUFFIX}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        except OSError as error:
            _refuse(path, error)
        return SpoolFile(key, path, descriptor)

    def left_open(self) -> Iterator[str]:
        """Keys of files that a crash left open."""
        for path in sorted(self.root.rglob(f"*.mp4{_OPEN_SUFFIX}")):
            yield str(path.relative_to(self.root)).removesuffix(_OPEN_SUFFIX)

    def closed(self) -> Iterator[str]:
        """Keys of all closed files."""
        for path in sorted(self.root.rglob("*.mp4")):
            yield str(path.relative_to(self.root))

    def recover(self, key: str) -> ClosedFile | None:
        """Close a file that a crash left open, cut back to its last complete fragment.

        None when not one fragment was complete; such a file is kept under another name, for people to look at.
        Raises SpoolBroken when the disk refuses.
        """
        path = self.root / key
        torn = path.with_name(path.name + _OPEN_SUFFIX)
        try:
            if not _cut_back(torn):
                torn.rename(path.with_name(path.name + _BROKEN_SUFFIX))
                return None
            torn.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            _refuse(torn, error)
        return self.read_back(key)

    def read_back(self, key: str) -> ClosedFile:
        """Size, hash and index of a closed file, from its bytes. Raises BrokenFile, SpoolBroken."""
        path = self.root / key
        try:
            with path.open("rb") as file:
                index = read_index(file)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            _refuse(path, error)
        return ClosedFile(key, path, index.total_bytes, digest, index)


class SpoolFile:
    """A file being written: each append is one write, hashed on the way."""

    def __init__(self, key: str, path: Path, descriptor: int) -> None:
        self.key = key
        self._path = path
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self._size = 0

    def append(self, data: bytes) -> None:
        """One write of all bytes. A short write is a full disk. Raises SpoolFull, SpoolBroken."""
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            _refuse(self._path, error)
        if written != len(data):
            raise SpoolFull(f"{self._path}: only {written} of {len(data)} bytes fitted on the disk: make room there")
        self._hash.update(data)
        self._size += written

    def close(self) -> ClosedFile:
        """Sync the bytes, give the file its name, sync the folder. Raises SpoolBroken."""
        try:
            os.fsync(self._descriptor)
            self.abandon()
            Path(f"{self._path}{_OPEN_SUFFIX}").rename(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            _refuse(self._path, error)
        return ClosedFile(self.key, self._path, self._size, self._hash.hexdigest())

    def abandon(self) -> None:
        """Let go of the file as it is; ``Spool.recover`` closes what is complete of it. Twice is once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):  # Linux closes it whatever it says, and the sync told of bad disks
                os.close(descriptor)


def _cut_back(torn: Path) -> bool:
    """Cut a file to its last complete fragment and sync it; False, and no change, where it has none."""
    try:
        with torn.open("rb") as file:
            index = read_index(file)
    except BrokenFile:
        return False
    if not index.fragments:
        return False
    with torn.open("r+b") as file:
        file.truncate(index.complete_bytes)
        os.fsync(file.fileno())
    return True


def _make_folder(folder: Path) -> None:
    """Create a folder and sync the parents that name it, so that a power cut cannot forget it."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        _sync_folder(new.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse(path: Path, error: OSError) -> NoReturn:
    if error.errno in (ENOSPC, EDQUOT):
        raise SpoolFull(f"{path}: no space left on the disk: make room there") from error
    raise SpoolBroken(f"{path}: {error.strerror or error}") from error
