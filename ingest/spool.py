"""The spool: segment files on a disk of the recorder, from exclusive creation to closed and synced.

A file is written as ``<key>.open``; each of its fragments is synced, with the name of the file, before anything says
that it is durable. When the last fragment is in, the file is renamed to ``<key>`` and the folder is synced; only
then may a Segment row say that it exists. What a crash leaves as ``.open`` is cut back to its last complete fragment
and closed the same way. Nothing here overwrites footage, and only ``remove`` deletes any: who calls it has proven
that the same bytes lie elsewhere.

A folder is known by its marker, a file ``.kaojian-spool`` that holds an id and whose it is: an empty folder where the
spool's disk should be mounted has none, and nothing is written into it, nor into one that another recorder owns.

    SpoolError
    ├── SpoolFull     the disk has less free space than the reserve, or a write met ENOSPC
    └── SpoolBroken   any other refusal of the file system, or the folder is not the spool (path and reason are named)
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import BinaryIO, NoReturn
from uuid import uuid4

from domain.evidence import Cause, SpoolName
from ingest.disk import Disk, HostDisk
from storage.media import BrokenFile, FileIndex, read_index
from storage.spool_marker import MARKER, Marker

_OPEN_SUFFIX = ".open"
_BROKEN_SUFFIX = ".broken"
_COPYING_SUFFIX = ".copying"
_BLOCK_BYTES = 1 << 20


class SpoolError(Exception):
    """Base of the spool's errors. ``cause`` is what the time is lost to."""

    cause = Cause.OVERFLOW


class SpoolFull(SpoolError):
    """No room: recording stops with cause disk_full, nothing is overwritten."""

    cause = Cause.DISK_FULL


class SpoolBroken(SpoolError):
    """The file system refused."""


@dataclass(frozen=True, slots=True)
class ClosedFile:
    """A file that is closed, synced and named by its key.

    Where it was read back after a crash ``index`` is set, and ``cut_bytes`` is what was cut off its torn end.
    """

    key: str
    path: Path
    size_bytes: int
    sha256: str
    index: FileIndex | None = None
    cut_bytes: int = 0


def segment_key(folder: str, first: datetime, recorder: str = "") -> str:
    """``site/batch/camera/20260501T010000.000000Z.mp4``: the instant of the first picture, to the microsecond.

    A recorder that was given a name adds it, ``...000000Z-b.mp4``, so that two that record the same picture of the
    same camera never claim the same key.
    """
    return f"{folder}/{first.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}{f'-{recorder}' if recorder else ''}.mp4"


def camera_of(key: str) -> str:
    """The camera that a segment's key names; nothing for a name that is no key."""
    parts = key.split("/")
    return parts[2] if len(parts) == 4 else ""


class Spool:
    """One folder on one disk. ``reserve_bytes`` stay free for the database and the alarm. Opens nothing when made.

    No file is begun on what is left of the reserve, and those begun are not written on below ``floor_bytes``: that
    much is given up for others when the disk is full (``ingest.ballast``).
    """

    def __init__(
        self,
        root: Path,
        reserve_bytes: int,
        disk: Disk | None = None,
        *,
        floor_bytes: int = 0,
        owner: str = "",
    ) -> None:
        """``owner`` is the name of the recorder that it is to belong to; without one it is for anybody."""
        self.root = root.absolute()
        self.owner = owner
        self.reserve_bytes = reserve_bytes
        self.floor_bytes = floor_bytes
        self._disk = disk or HostDisk()
        self._id: str | None = None
        self._device = ""
        self._used = False
        self.make_room: Callable[[], object] | None = None  # asked before the spool calls itself full
        self._sure: set[Path] = set()  # folders whose names are synced

    def claim(self, *, used: bool, formerly: str = "") -> None:
        """Take the folder as this spool, making it and its marker where it is new.

        ``used`` says that rows speak of files in it: then it must have its marker. ``formerly`` is the id that these
        rows go by: a new marker, and one that a person made empty, gets it. Raises SpoolFull, SpoolBroken.
        """
        self._used = self._used or used
        path = self.root / MARKER
        try:
            found = self._marker() if self._disk.exists(path) else None
            if found is None and self._used:
                raise SpoolBroken(
                    f"{self.root} has no {MARKER}, but recordings were written there: its disk is not mounted; "
                    f"mount it (or, if all of it is truly gone, make an empty file {path})"
                )
            if found is None or not found.id:
                found = Marker(formerly or uuid4().hex, self.owner)
                self._write_whole(path, found.data())
            self._require_ours(found)
            if self.owner and not found.recorder:
                with contextlib.suppress(OSError):  # a disk that is full now says it at the next start
                    self._write_whole(path, Marker(found.id, self.owner).data())
        except OSError as error:
            _refuse(path, error)
        self._id = found.id

    @property
    def name(self) -> SpoolName:
        """By which rows speak of it. Raises SpoolFull, SpoolBroken where it is not there."""
        if self._id is None:
            self.claim(used=self._used)
        return SpoolName(str(self.root), self._id or "")

    @property
    def device(self) -> str:
        """``host:major:minor`` of the device that the folder lies on. Raises SpoolBroken."""
        if not self._device:
            try:
                self._device = self._disk.device(self.root)
            except OSError as error:
                _refuse(self.root, error)
        return self._device

    def free_bytes(self) -> int:
        """Bytes that may still be written before the reserve is touched; negative when it already is."""
        return self._disk.free_bytes(self.root) - self.reserve_bytes

    def has_room(self, beyond_bytes: int = 0) -> bool:
        """Whether more than that may still be written before the reserve is touched. Raises SpoolBroken."""
        try:
            return self.free_bytes() > beyond_bytes
        except OSError as error:
            _refuse(self.root, error)

    def require_room(self) -> None:
        """Raises SpoolFull when only the reserve is left, SpoolBroken when the disk does not answer or is away.

        ``make_room`` is asked first where the spool has one: what lies safely elsewhere goes before footage is lost.
        """
        self._require_claim()
        if not self.has_room() and self.make_room is not None:
            self.make_room()
        if not self.has_room():
            raise SpoolFull(
                f"{self.root} has less than its reserve of {self.reserve_bytes} bytes free: make room there"
            )

    def create(self, key: str) -> SpoolFile:
        """A new, exclusively created file. Raises SpoolFull, SpoolBroken."""
        self.require_room()
        path = self.root / key
        try:
            self._device = self._disk.device(self.root)
            self._make_folders(path.parent)
            if self._disk.exists(path):
                _refuse(path, FileExistsError(17, "File exists"))
            handle = self._disk.create(_with(path, _OPEN_SUFFIX))
        except OSError as error:
            _refuse(path, error)
        return SpoolFile(self._disk, key, path, handle, self._require_floor)

    def left_open(self) -> list[str]:
        """Keys of files that a crash left open, sorted. Raises SpoolBroken."""
        return self._keys(f".mp4{_OPEN_SUFFIX}", _OPEN_SUFFIX)

    def closed(self) -> list[str]:
        """Keys of all closed files, sorted. Raises SpoolBroken."""
        return self._keys(".mp4", "")

    def holds(self, key: str) -> bool:
        """Whether a closed file of that key lies here. Raises SpoolBroken."""
        try:
            return self._disk.exists(self.root / key)
        except OSError as error:
            _refuse(self.root / key, error)

    def complete_bytes(self, key: str) -> int:
        """How many bytes of a file left open are whole fragments and their head; 0 where none is whole."""
        try:
            with self._disk.open_reading(_with(self.root / key, _OPEN_SUFFIX)) as file:
                index = read_index(file)
        except (BrokenFile, OSError):
            return 0
        return index.complete_bytes if index.fragments else 0

    def recover(self, key: str, at_most: int | None = None) -> ClosedFile | None:
        """Close a file that a crash left open, cut back to its last complete fragment.

        ``at_most`` bytes of it are known to have reached the medium: after a sync that failed, what the kernel gives
        back is no proof. None when not one fragment was complete; such a file is kept under another name, for people
        to look at. Raises SpoolBroken when the disk refuses.
        """
        path = self.root / key
        torn = _with(path, _OPEN_SUFFIX)
        try:
            size, keep = self._measured(torn, at_most)
            if keep == 0 or self._disk.exists(path):
                self.set_aside(key)
                return None
            self._disk.cut(torn, keep)
            self._disk.rename(torn, path)
            self._disk.sync_folder(path.parent)
        except OSError as error:
            _refuse(torn, error)
        closed = self.read_back(key)
        return ClosedFile(key, path, closed.size_bytes, closed.sha256, closed.index, size - keep)

    def read_back(self, key: str) -> ClosedFile:
        """Size, hash and index of a closed file, from its bytes. Raises BrokenFile, SpoolBroken."""
        index = self.index(key)
        return ClosedFile(key, self.root / key, index.total_bytes, self.sha256(key), index)

    def index(self, key: str) -> FileIndex:
        """What a closed file holds. Raises BrokenFile, SpoolBroken."""
        with self.open_closed(key) as file:
            try:
                return read_index(file)
            except OSError as error:
                _refuse(self.root / key, error)

    def blocks(self, key: str) -> Iterator[bytes]:
        """The bytes of a closed file, or of one that was put, block by block. Raises SpoolBroken."""
        path = self.root / key
        try:
            with self._disk.open_reading(path) as file:
                while block := file.read(_BLOCK_BYTES):
                    yield block
        except OSError as error:
            _refuse(path, error)

    def sha256(self, key: str) -> str:
        """The hash of a closed file as it lies here now. Raises SpoolBroken."""
        digest = hashlib.sha256()
        for block in self.blocks(key):
            digest.update(block)
        return digest.hexdigest()

    def take_copy(self, key: str, blocks: Iterable[bytes], sha256: str) -> bool:
        """Write a file that lies elsewhere, under its key, synced; False, and nothing written, for other bytes.

        Raises SpoolFull, SpoolBroken; what blocks raises. Not for a key that a live recorder may be writing.
        """
        self.require_room()
        path = self.root / key
        part = _with(path, _COPYING_SUFFIX)
        try:
            self._make_folders(path.parent)
            if self._disk.exists(part):
                self._disk.remove(part)
            file = SpoolFile(self._disk, key, path, self._disk.create(part), self._require_floor)
        except OSError as error:
            _refuse(path, error)
        try:
            for block in blocks:
                file.append(block)
            whole = file.sha256 == sha256
            if whole:
                file.sync()
                self._disk.rename(part, path)
                self._disk.sync_folder(path.parent)
            else:
                self._disk.remove(part)
        except OSError as error:
            _refuse(path, error)
        finally:
            file.abandon()
        return whole

    def set_aside(self, key: str) -> None:
        """Keep a file left open under another name, for people to look at. Raises SpoolBroken."""
        path = self.root / key
        try:
            self._disk.rename(_with(path, _OPEN_SUFFIX), _with(path, _BROKEN_SUFFIX))
            self._disk.sync_folder(path.parent)
        except OSError as error:
            _refuse(path, error)

    def put(self, name: str, data: bytes) -> None:
        """Write a small file that is no footage, whole and synced; the reserve is there for such.

        Raises SpoolFull, SpoolBroken.
        """
        self._require_claim()
        try:
            self._write_whole(self.root / name, data)
        except OSError as error:
            _refuse(self.root / name, error)

    def names(self, folder: str) -> list[str]:
        """What ``put`` left in that folder, ``.json`` only, sorted. Raises SpoolBroken."""
        try:
            paths = [path for path in self._disk.files(self.root / folder) if path.suffix == ".json"]
        except OSError as error:
            _refuse(self.root / folder, error)
        return [str(path.relative_to(self.root)) for path in paths]

    def is_beginning_of(self, key: str, whole: BinaryIO) -> bool:
        """Whether a file left open holds nothing but the first bytes of ``whole``. Raises SpoolBroken."""
        path = _with(self.root / key, _OPEN_SUFFIX)
        try:
            with self._disk.open_reading(path) as file:
                while block := file.read(_BLOCK_BYTES):
                    if whole.read(len(block)) != block:
                        return False
        except OSError as error:
            _refuse(path, error)
        return True

    def remove(self, key: str, *, left_open: bool = False) -> None:
        """Delete a file whose bytes were proven to lie elsewhere. Raises SpoolBroken."""
        path = _with(self.root / key, _OPEN_SUFFIX) if left_open else self.root / key
        try:
            self._disk.remove(path)
            self._disk.sync_folder(path.parent)
        except OSError as error:
            _refuse(path, error)

    def open_closed(self, key: str) -> BinaryIO:
        """A closed file for reading. Raises SpoolBroken."""
        try:
            return self._disk.open_reading(self.root / key)
        except OSError as error:
            _refuse(self.root / key, error)

    def _keys(self, ending: str, dropped: str) -> list[str]:
        try:
            paths = [path for path in self._disk.files(self.root) if path.name.endswith(ending)]
        except OSError as error:
            _refuse(self.root, error)
        return [str(path.relative_to(self.root)).removesuffix(dropped) for path in paths]

    def _measured(self, torn: Path, at_most: int | None) -> tuple[int, int]:
        """The length of a torn file, and how much of it is whole; 0 where nothing is."""
        try:
            with self._disk.open_reading(torn) as file:
                index = read_index(file)
        except BrokenFile:
            return 0, 0
        if not index.fragments:
            return index.total_bytes, 0
        if at_most is None:
            return index.total_bytes, index.complete_bytes
        ends = [each.offset + each.size for each in index.fragments]
        return index.total_bytes, max((end for end in ends if end <= at_most), default=0)

    def _write_whole(self, path: Path, data: bytes) -> None:
        """Synced, and only then given its name: such a file is never half written. Raises OSError."""
        self._make_folders(path.parent)
        part = path.with_name(f"{path.name}-{uuid4().hex}")
        handle = self._disk.create(part)
        try:
            written = self._disk.write(handle, data)
            self._disk.sync(handle)
        finally:
            self._disk.close(handle)
        if written != len(data):
            self._disk.remove(part)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        self._disk.rename(part, path)
        self._disk.sync_folder(path.parent)

    def _require_claim(self) -> None:
        """The folder must still be the one that was claimed; one that nobody claimed is taken as it is found."""
        if self._id is None:
            self.claim(used=self._used)
            return
        try:
            found = self._marker()
        except FileNotFoundError as error:
            raise SpoolBroken(f"{self.root} has lost its {MARKER}: its disk is not mounted; mount it") from error
        except OSError as error:
            _refuse(self.root / MARKER, error)
        self._require_ours(found)
        if found.id != self._id:
            raise SpoolBroken(f"{self.root} is another spool than at first: mount the disk that was there")

    def _marker(self) -> Marker:
        with self._disk.open_reading(self.root / MARKER) as file:
            return Marker.parse(file.read())

    def _require_ours(self, found: Marker) -> None:
        if self.owner and found.recorder and found.recorder != self.owner:
            raise SpoolBroken(": ".join(not_ours(self.root, found, self.owner)))

    def _require_floor(self) -> None:
        """Raises SpoolFull where the next bytes would be those that others need to go on; OSError."""
        if self.floor_bytes and self._disk.free_bytes(self.root) < self.floor_bytes:
            raise SpoolFull(f"{self.root} has less than {self.floor_bytes} bytes free: make room there")

    def _make_folders(self, folder: Path) -> None:
        """Create a folder, and sync all that name it once in this life: whoever made them may have died before."""
        if folder in self._sure and self._disk.exists(folder):
            return
        missing = []
        upwards = folder
        while not self._disk.exists(upwards):
            missing.append(upwards)
            upwards = upwards.parent
        for new in reversed(missing):
            self._disk.make_folder(new)
        within = [each for each in (folder, *folder.parents) if each.is_relative_to(self.root) and each != self.root]
        for named in dict.fromkeys((*within, *missing)):
            self._disk.sync_folder(named.parent)
        self._sure.add(folder)


class SpoolFile:
    """A file being written: each append is one write, hashed on the way; ``sync`` makes all of it durable."""

    def __init__(self, disk: Disk, key: str, path: Path, handle: int, require_floor: Callable[[], None]) -> None:
        self.key = key
        self.synced_bytes = 0
        self.sync_failed = False
        self._disk = disk
        self._path = path
        self._handle = handle
        self._require_floor = require_floor
        self._hash = hashlib.sha256()
        self._size = 0
        self._named = False  # whether its folder was synced since it got its first name

    @property
    def sha256(self) -> str:
        """Of all bytes appended so far, hex."""
        return self._hash.hexdigest()

    def append(self, data: bytes) -> None:
        """One write of all bytes. A short write is a full disk. Raises SpoolFull, SpoolBroken."""
        try:
            self._require_floor()
            written = self._disk.write(self._handle, data)
        except OSError as error:
            _refuse(self._path, error)
        if written != len(data):
            raise SpoolFull(f"{self._path}: only {written} of {len(data)} bytes fitted on the disk: make room there")
        self._hash.update(data)
        self._size += written

    def sync(self) -> None:
        """All bytes appended so far survive a power cut, and so does the file's name. Raises SpoolFull, SpoolBroken.

        A sync that failed is never tried again: the kernel may have dropped the bytes and say nothing the next time.
        """
        if self.sync_failed:
            raise SpoolBroken(f"{self._path}: its last sync failed")
        try:
            self._disk.sync(self._handle)
            if not self._named:
                self._disk.sync_folder(self._path.parent)
                self._named = True
        except OSError as error:
            self.sync_failed = True
            _refuse(self._path, error)
        self.synced_bytes = self._size

    def close(self) -> ClosedFile:
        """Sync the bytes, give the file its name, sync the folder. Raises SpoolFull, SpoolBroken."""
        self.sync()
        self.abandon()
        try:
            self._disk.rename(_with(self._path, _OPEN_SUFFIX), self._path)
            self._disk.sync_folder(self._path.parent)
        except OSError as error:
            _refuse(self._path, error)
        return ClosedFile(self.key, self._path, self._size, self.sha256)

    def abandon(self) -> None:
        """Let go of the file as it is; ``Spool.recover`` closes what is complete of it. Twice is once."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with contextlib.suppress(OSError):  # Linux closes it whatever it says, and the sync told of bad disks
                self._disk.close(handle)


def not_ours(root: Path, found: Marker, owner: str) -> tuple[str, str]:
    """What to say where a spool belongs to another recorder, and what to do."""
    said = f"{root} is the spool of recorder {found.recorder}, and this is {owner}"
    remedy = (
        f"give it a folder of its own, or, if {owner} has taken the place of {found.recorder} for good, write its "
        f"name into the second line of {root / MARKER}"
    )
    return said, remedy


def _with(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _refuse(path: Path, error: OSError) -> NoReturn:
    if error.errno in (ENOSPC, EDQUOT):
        raise SpoolFull(f"{path}: no space left on the disk: make room there") from error
    raise SpoolBroken(f"{path}: {error.strerror or error}") from error
