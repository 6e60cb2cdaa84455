"""A disk in memory that forgets: what was not synced when the power is cut may be gone, in part or altogether."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from errno import EIO, ENOENT, ENOSPC
from pathlib import Path
from typing import BinaryIO


class PowerCut(BaseException):
    """The power is gone in the middle of a call: nothing of the process that made it goes on."""


@dataclass(eq=False)
class _File:
    data: bytes = b""
    synced: bytes = b""


@dataclass(eq=False)
class _Folder:
    names: dict[str, _File | _Folder] = field(default_factory=dict)
    synced: dict[str, _File | _Folder] = field(default_factory=dict)
    unsynced: list[dict[str, _File | _Folder | None]] = field(default_factory=list)  # each at once or not at all


@dataclass
class FakeDisk:
    """``Disk`` in memory. ``calls_left`` writing calls succeed, then the power is cut; None is never.

    ``full`` and ``broken`` make every write, or every call, fail as the kernel would say it.
    """

    seed: int = 0
    calls_left: int | None = None
    full: bool = False
    broken: bool = False
    calls: int = 0
    name: str = "fake:0:1"

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._root = _Folder()
        self._handles: dict[int, _File] = {}

    def power_cut(self) -> None:
        """Keep what was synced, and of the rest whatever chance keeps; the power is back when this returns."""
        self._handles.clear()
        self._settle(self._root)
        self.calls_left = None

    def create(self, path: Path) -> int:
        self._spend()
        folder = self._folder(path.parent)
        if path.name in folder.names:
            raise FileExistsError(17, "File exists", str(path))
        file = _File()
        self._change(folder, {path.name: file})
        handle = len(self._handles) + 1000 * (self.calls + 1)
        self._handles[handle] = file
        return handle

    def write(self, handle: int, data: bytes) -> int:
        cut = self._spend(torn=True)
        if self.full:
            raise OSError(ENOSPC, "No space left on device")
        taken = data[: self._chance.randrange(len(data) + 1)] if cut else data
        self._handles[handle].data += taken
        if cut:
            raise PowerCut
        return len(taken)

    def sync(self, handle: int) -> None:
        self._spend()
        file = self._handles[handle]
        file.synced = file.data

    def close(self, handle: int) -> None:
        del self._handles[handle]

    def cut(self, path: Path, size_bytes: int) -> None:
        self._spend()
        file = self._file(path)
        file.data = file.synced = file.data[:size_bytes]

    def rename(self, old: Path, new: Path) -> None:
        self._spend()
        self._change(self._folder(old.parent), {old.name: None, new.name: self._file(old)})

    def remove(self, path: Path) -> None:
        self._spend()
        self._file(path)
        self._change(self._folder(path.parent), {path.name: None})

    def make_folder(self, folder: Path) -> None:
        self._spend()
        parent = self._folder(folder.parent)
        if folder.name not in parent.names:
            self._change(parent, {folder.name: _Folder()})

    def sync_folder(self, folder: Path) -> None:
        self._spend()
        found = self._folder(folder)
        found.synced = dict(found.names)
        found.unsynced.clear()

    def exists(self, path: Path) -> bool:
        self._require_sound()
        return self._find(path) is not None

    def open_reading(self, path: Path) -> BinaryIO:
        self._require_sound()
        return io.BytesIO(self._file(path).data)

    def files(self, root: Path) -> list[Path]:
        self._require_sound()
        found = self._find(root)
        return sorted(self._below(root, found)) if isinstance(found, _Folder) else []

    def free_bytes(self, root: Path) -> int:
        self._require_sound()
        return 0 if self.full else 1 << 40

    def device(self, root: Path) -> str:
        self._require_sound()
        return self.name

    def _spend(self, *, torn: bool = False) -> bool:
        """Count one writing call; True where the power goes in the middle of it and the caller says what is left."""
        self._require_sound()
        self.calls += 1
        if self.calls_left is None:
            return False
        self.calls_left -= 1
        if self.calls_left == 0 and torn:
            return True
        if self.calls_left <= 0:
            raise PowerCut
        return False

    def _require_sound(self) -> None:
        if self.broken:
            raise OSError(EIO, "Input/output error")

    def _change(self, folder: _Folder, change: dict[str, _File | _Folder | None]) -> None:
        folder.unsynced.append(change)
        _apply(folder.names, change)

    def _settle(self, folder: _Folder) -> None:
        """Names: any of the unsynced changes, each whole. Bytes: what was synced, and any beginning of the rest."""
        kept = dict(folder.synced)
        for change in folder.unsynced:
            if self._chance.random() < 0.5:
                _apply(kept, change)
        folder.names, folder.synced = kept, dict(kept)
        folder.unsynced.clear()
        for entry in kept.values():
            if isinstance(entry, _Folder):
                self._settle(entry)
            else:
                entry.data = entry.synced = self._torn(entry)

    def _torn(self, file: _File) -> bytes:
        """Unsynced bytes are lost, cut anywhere, or zeros where only the length came to the medium."""
        rest = file.data[len(file.synced) :]
        kept = rest[: self._chance.randrange(len(rest) + 1)]
        zeros = self._chance.randrange(len(rest) - len(kept) + 1) if self._chance.random() < 0.3 else 0
        return file.synced + kept + bytes(zeros)

    def _find(self, path: Path) -> _File | _Folder | None:
        found: _File | _Folder | None = self._root
        for name in path.parts[1:]:
            found = found.names.get(name) if isinstance(found, _Folder) else None
        return found

    def _folder(self, path: Path) -> _Folder:
        found = self._find(path)
        if not isinstance(found, _Folder):
            raise FileNotFoundError(ENOENT, "No such file or directory", str(path))
        return found

    def _file(self, path: Path) -> _File:
        found = self._find(path)
        if not isinstance(found, _File):
            raise FileNotFoundError(ENOENT, "No such file or directory", str(path))
        return found

    def _below(self, folder: Path, found: _Folder) -> list[Path]:
        paths: list[Path] = []
        for name, entry in found.names.items():
            paths += self._below(folder / name, entry) if isinstance(entry, _Folder) else [folder / name]
        return paths


def _apply(names: dict[str, _File | _Folder], change: dict[str, _File | _Folder | None]) -> None:
    for name, entry in change.items():
        if entry is None:
            names.pop(name, None)
        else:
            names[name] = entry
