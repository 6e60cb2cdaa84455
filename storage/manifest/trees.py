"""Files by their path, in a folder or in a ZIP: written whole or not at all, and read without trusting their names.

A ZIP holds its files as they are (method ``stored``), so that nothing has to be unpacked to be checked. Not here:
which files there are and what they say (``exporting``, ``verifying``).
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, TypeVar, cast

from domain.manifest import Document
from storage.errors import StorageError

T = TypeVar("T")

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can tell: its times are no evidence
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in both languages."""

    zh: str
    en: str


class NotVerified(StorageError):
    """What was to be checked does not hold; the first thing that does not."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.said = Said(zh, en)


class TreeRefused(NotVerified):
    """A folder or ZIP that cannot be read as one of ours: a link, a name twice, a compressed file."""


class TargetExists(StorageError):
    """Something lies where an export was to be written; nothing of it was touched."""


class Writing(Protocol):
    """Files that are being written."""

    def add(self, path: str, blocks: Iterable[bytes]) -> Document:
        """Write one file; what was written. Raises OSError, and whatever the blocks raise."""


class Reading(Protocol):
    """Files that are read."""

    def paths(self) -> set[str]:
        """Of all files, with forward slashes. Raises TreeRefused, OSError."""

    def open(self, path: str) -> BinaryIO:
        """One of ``paths``, seekable. Raises TreeRefused, OSError."""


@contextmanager
def writing(target: Path) -> Iterator[Writing]:
    """A tree that is there, synced, once the block has ended, and of which nothing is left where it fails.

    A name that ends in ``.zip`` gives a ZIP. Raises TargetExists, OSError.
    """
    if os.path.lexists(target):
        raise TargetExists(f"{target} is there already; name another one, or remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        made = draft / target.name
        if target.suffix.lower() == ".zip":
            with zipfile.ZipFile(made, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
                yield _ZipWriting(archive)
            _sync(made)
        else:
            made.mkdir()
            yield _FolderWriting(made)
            for folder, _, _ in os.walk(made):
                _sync(Path(folder))
        if os.path.lexists(target):
            raise TargetExists(f"{target} was made by somebody else meanwhile; name another one")
        made.rename(target)
        _sync(target.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def reading(source: Path) -> Iterator[Reading]:
    """The files of a folder or of a ZIP. Raises TreeRefused, OSError."""
    if source.is_dir():
        yield _FolderReading(source)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield _ZipReading(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, UnicodeDecodeError) as error:  # also while it is read
        raise TreeRefused(f"{source} 不是完整的 ZIP（{error}）", f"{source} is no whole ZIP ({error})") from error


def is_plain(path: str) -> bool:
    """Whether a path stays inside its tree, and has one spelling only."""
    parts = path.split("/")
    return "\\" not in path and "\0" not in path and not any(part in {"", ".", ".."} for part in parts)


class _FolderWriting:
    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, path: str, blocks: Iterable[bytes]) -> Document:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as out:
            document = _copied(blocks, out)
            out.flush()
            os.fsync(out.fileno())
        return document


class _ZipWriting:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, path: str, blocks: Iterable[bytes]) -> Document:
        with self._archive.open(_entry(path), "w", force_zip64=True) as out:
            return _copied(blocks, cast(BinaryIO, out))


def _entry(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, _ZIP_TIME)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


class _FolderReading:
    def __init__(self, root: Path) -> None:
        self._root = root

    def paths(self) -> set[str]:
        found: set[str] = set()
        for folder, below, names in os.walk(self._root, onerror=_raise):
            for name in (*below, *names):
                path = Path(folder) / name
                mode = path.lstat().st_mode
                if not stat.S_ISDIR(mode):
                    inside = PurePosixPath(path.relative_to(self._root)).as_posix()
                    if not stat.S_ISREG(mode):
                        raise TreeRefused(f"{inside} 不是普通文件", f"{inside} is no plain file")
                    found.add(inside)
        return found

    def open(self, path: str) -> BinaryIO:
        return (self._root / path).open("rb")


class _ZipReading:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def paths(self) -> set[str]:
        found: set[str] = set()
        for each in self._archive.infolist():
            name = each.filename
            # A name that was cut at a zero byte, or that reading turns into another, is not what it says.
            if name in found or name != each.orig_filename or each.is_dir():
                raise TreeRefused(f"ZIP 中 {name} 重复或不是文件", f"{name} is in the ZIP twice, or is no file")
            if each.compress_type != zipfile.ZIP_STORED or each.flag_bits & _ENCRYPTED:
                raise TreeRefused(f"ZIP 中 {name} 经压缩或加密", f"{name} is compressed or encrypted in the ZIP")
            found.add(name)
        return found

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, self._archive.open(path))


def _copied(blocks: Iterable[bytes], out: BinaryIO) -> Document:
    digest, size_bytes = sha256(), 0
    for block in blocks:
        out.write(block)
        digest.update(block)
        size_bytes += len(block)
    return Document(digest.hexdigest(), size_bytes)


def _raise(error: OSError) -> None:
    raise error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
