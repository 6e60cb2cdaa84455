"""What the spool asks of a file system, and nothing more: few calls, so that a disk that forgets can stand in for it.

A ``Disk`` promises what POSIX promises and no more: bytes written stand after ``sync`` of their file, a name stands
after ``sync_folder`` of its folder; until then a loss of power may keep any part of them. Every call may raise
OSError. Not here: what the spool makes of it, and errors in its words (``ingest.spool``).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO, Protocol

from storage.spool_marker import device_of


class Disk(Protocol):
    """A file system with one folder tree. ``handle`` stands for a file open for appending."""

    def create(self, path: Path) -> int:
        """A handle on a new, empty file. Raises FileExistsError where the name is taken."""

    def write(self, handle: int, data: bytes) -> int:
        """Append by one write; how many bytes were taken."""

    def sync(self, handle: int) -> None:
        """Bring all bytes of the file, and its length, to the medium."""

    def close(self, handle: int) -> None:
        """Let go of the handle; nothing is synced by that."""

    def cut(self, path: Path, size_bytes: int) -> None:
        """Make the file that long and sync it."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in its folder, at once or not at all."""

    def remove(self, path: Path) -> None:
        """Forget the file's name."""

    def make_folder(self, folder: Path) -> None:
        """Create one folder in a standing one; no error where it stands."""

    def sync_folder(self, folder: Path) -> None:
        """Bring the folder's names to the medium."""

    def exists(self, path: Path) -> bool:
        """Whether anything has that name. A disk that does not answer raises: it has not said no."""

    def open_reading(self, path: Path) -> BinaryIO:
        """The file for reading, from its beginning."""

    def files(self, root: Path) -> list[Path]:
        """All files under the folder, sorted; none where it does not stand."""

    def free_bytes(self, root: Path) -> int:
        """Bytes that may be written to the device that the folder lies on."""

    def device(self, root: Path) -> str:
        """``host:major:minor`` of the device that the folder lies on."""


class HostDisk:
    """The file system of this host."""

    def create(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)

    def write(self, handle: int, data: bytes) -> int:
        return os.write(handle, data)

    def sync(self, handle: int) -> None:
        os.fdatasync(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def cut(self, path: Path, size_bytes: int) -> None:
        with path.open("r+b") as file:
            file.truncate(size_bytes)
            os.fsync(file.fileno())

    def rename(self, old: Path, new: Path) -> None:
        old.rename(new)

    def remove(self, path: Path) -> None:
        path.unlink()

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)

    def sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def exists(self, path: Path) -> bool:
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def open_reading(self, path: Path) -> BinaryIO:
        return path.open("rb")

    def files(self, root: Path) -> list[Path]:
        return sorted(Path(folder, name) for folder, _, names in os.walk(root) for name in names)

    def free_bytes(self, root: Path) -> int:
        return shutil.disk_usage(root).free

    def device(self, root: Path) -> str:
        return device_of(root)

    def allocate(self, path: Path, size_bytes: int) -> None:
        """Make a file of that size whose blocks are all its own; one that stands is made as large."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        finally:
            os.close(descriptor)

    def size_bytes(self, path: Path) -> int:
        """The length of a file; 0 where there is none."""
        try:
            return path.lstat().st_size
        except FileNotFoundError:
            return 0
