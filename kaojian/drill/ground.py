"""The ground of a recorder that runs as processes in a drill: a clock and a disk that do what switches say.

The switches are a small file that is mapped into the memory of whoever plays and of every process that suffers: a
command is in force at once for all of them, and for those that are started later. Only drills give a recorder such
ground; what stands on it is the recorder of the service, and knows nothing of it.
"""

from __future__ import annotations

import mmap
import random
import struct
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from domain.timeline import SystemClock
from ingest.disk import HostDisk

_FULL, _STOPPED, _SLOW, _COUNT = 0, 1, 2, 3  # one byte each, so that no reader ever sees half a command
_STEPS = struct.Struct("=64d")
_STEPS_AT = 8
_SIZE_BYTES = _STEPS_AT + _STEPS.size
_LOOK_S = 0.005
_SLOW_STEP_S = 0.01


class Switches:
    """What is wrong with the host now. Read by all processes, set by one."""

    def __init__(self, path: Path) -> None:
        """Made where the file is new. Raises OSError."""
        if not path.exists():
            path.write_bytes(bytes(_SIZE_BYTES))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE_BYTES)

    @property
    def clock_ahead_s(self) -> float:
        """By how much the wall clock was stepped in all."""
        count = self._map[_COUNT]
        return sum(_STEPS.unpack_from(self._map, _STEPS_AT)[:count]) if count else 0.0

    def step_clock(self, seconds: float) -> None:
        """64 times at most."""
        count = self._map[_COUNT]
        struct.pack_into("=d", self._map, _STEPS_AT + 8 * count, seconds)
        self._map[_COUNT] = count + 1

    @property
    def disk_full(self) -> bool:
        return bool(self._map[_FULL])

    @disk_full.setter
    def disk_full(self, full: bool) -> None:
        self._map[_FULL] = full

    @property
    def disk_stopped(self) -> bool:
        return bool(self._map[_STOPPED])

    @disk_stopped.setter
    def disk_stopped(self, stopped: bool) -> None:
        self._map[_STOPPED] = stopped

    @property
    def disk_job_s(self) -> float:
        """What each write and each sync takes longer than it would."""
        return self._map[_SLOW] * _SLOW_STEP_S

    @disk_job_s.setter
    def disk_job_s(self, seconds: float) -> None:
        """In steps of 10 ms, up to 2.55 s."""
        self._map[_SLOW] = round(seconds / _SLOW_STEP_S)


class SteppedClock(SystemClock):
    """The clock of this host, its wall clock stepped as the switches say."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._switches.clock_ahead_s)


class FailingDisk(HostDisk):
    """The file system of this host: while it is stopped nobody who asks anything comes back, while it is slow a write
    and a sync take their time, and while it is full a write ends in the middle."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def _answer(self) -> None:
        while self._switches.disk_stopped:
            time.sleep(_LOOK_S)

    def _work(self) -> None:
        self._answer()
        time.sleep(self._switches.disk_job_s)

    def create(self, path: Path) -> int:
        self._answer()
        return super().create(path)

    def write(self, handle: int, data: bytes) -> int:
        self._work()
        if self._switches.disk_full:
            return super().write(handle, data[: random.randrange(len(data))])  # noqa: S311 (no secret)
        return super().write(handle, data)

    def sync(self, handle: int) -> None:
        self._work()
        super().sync(handle)

    def cut(self, path: Path, size_bytes: int) -> None:
        self._answer()
        super().cut(path, size_bytes)

    def rename(self, old: Path, new: Path) -> None:
        self._answer()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._answer()
        super().remove(path)

    def make_folder(self, folder: Path) -> None:
        self._answer()
        super().make_folder(folder)

    def sync_folder(self, folder: Path) -> None:
        self._answer()
        super().sync_folder(folder)

    def exists(self, path: Path) -> bool:
        self._answer()
        return super().exists(path)

    def open_reading(self, path: Path) -> BinaryIO:
        self._answer()
        return super().open_reading(path)

    def files(self, root: Path) -> list[Path]:
        self._answer()
        return super().files(root)

    def free_bytes(self, root: Path) -> int:
        self._answer()
        return 0 if self._switches.disk_full else super().free_bytes(root)

    def device(self, root: Path) -> str:
        self._answer()
        return super().device(root)
