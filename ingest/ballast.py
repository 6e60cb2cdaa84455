"""Ballast: space that is taken while there is plenty, and given up when a disk is full, so that the rest goes on.

What else lies on the disk may fill it to the last byte, and then the database could not even write down that
recording stopped. So a file of ``FILE`` really holds some blocks (posix_fallocate(3)); when the disk runs full it is
removed, rows and alarms have that much room, and once there is plenty again the blocks are taken anew. Footage never
uses what was given up (``Spool.floor_bytes``).

Looked after without the database, by a process that needs nothing of it. Not here: the reserve that recording itself
leaves free (``ingest.spool``), and making room (``ingest.eviction``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from ingest.disk import HostDisk

_log = structlog.get_logger()

FILE = ".kaojian-ballast"
LOOK_S = 0.5
_LOW = 4  # given up when less than a quarter of it is free beside it
_PLENTY = 2  # taken when so many times its size stay free beside it


class Volume(Protocol):
    """What ballast asks of a file system. Every call may raise OSError."""

    def free_bytes(self, root: Path) -> int:
        """Bytes that may be written to the device that the folder lies on."""

    def allocate(self, path: Path, size_bytes: int) -> None:
        """Make a file of that size whose blocks are all its own; one that stands is made as large."""

    def size_bytes(self, path: Path) -> int:
        """The length of a file; 0 where there is none."""

    def remove(self, path: Path) -> None:
        """Forget the file's name."""

    def device(self, root: Path) -> str:
        """Which device the folder lies on."""


class Ballast:
    """``size_bytes`` of ballast on each device that any of ``folders`` lies on, in the first folder of it.

    ``folders`` is asked at each look, for a disk may be mounted later. No two looks disturb each other, whatever
    process they are in.
    """

    def __init__(self, folders: Callable[[], Sequence[Path]], size_bytes: int, volume: Volume | None = None) -> None:
        self._folders = folders
        self.size_bytes = size_bytes
        self._volume = volume or HostDisk()
        self._told: dict[Path, str] = {}  # what was said last of a folder, so that nothing is said twice

    def run(self, stop: threading.Event) -> None:
        """Look until ``stop`` is set."""
        while True:
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 (the top of a supervised loop: the disk may fill any time)
                _log.error("ballast_failed", reason=str(error), kind=type(error).__name__)
            if stop.wait(LOOK_S):
                return

    def look(self) -> None:
        """Give up, or take, on each device what its free space asks for."""
        for folder in self.places():
            try:
                self._look_at(folder)
            except OSError as error:
                self._tell(folder, "ballast_failed", reason=str(error))

    def places(self) -> Iterator[Path]:
        """The folders that hold ballast, or should: one for each device."""
        seen = set()
        for folder in self._folders():
            try:
                device = self._volume.device(folder)
            except OSError:
                continue  # not there, which others tell
            if device not in seen:
                seen.add(device)
                yield folder

    def is_held(self, folder: Path) -> bool:
        """Whether all of it lies there. Raises OSError."""
        return self.held_bytes(folder) >= self.size_bytes

    def fits(self, folder: Path) -> bool:
        """Whether there is room for it, with plenty left. Raises OSError."""
        return self._volume.free_bytes(folder) + self.held_bytes(folder) >= (1 + _PLENTY) * self.size_bytes

    def held_bytes(self, folder: Path) -> int:
        """How much ballast lies there now. Raises OSError."""
        return self._volume.size_bytes(folder / FILE)

    def _look_at(self, folder: Path) -> None:
        free, held = self._volume.free_bytes(folder), self.held_bytes(folder)
        if held > self.size_bytes or (held and free < self.size_bytes // _LOW):
            self._give_up(folder, held)
        elif held < self.size_bytes and self.fits(folder):
            self._take(folder)
        elif held < self.size_bytes:
            self._tell(folder, "ballast_missing", bytes_left=free)

    def _give_up(self, folder: Path, held: int) -> None:
        self._forget(folder)
        if held <= self.size_bytes:
            self._tell(folder, "ballast_given_up", bytes=held, remedy=f"the disk is full: make room in {folder}")

    def _take(self, folder: Path) -> None:
        try:
            self._volume.allocate(folder / FILE, self.size_bytes)
        except OSError:
            self._forget(folder)  # half of it is no use, and somebody needs the room
            raise
        self._tell(folder, "ballast_held", bytes=self.size_bytes)

    def _forget(self, folder: Path) -> None:
        try:
            self._volume.remove(folder / FILE)
        except FileNotFoundError:
            return  # another process was faster

    def _tell(self, folder: Path, event: str, **facts: object) -> None:
        if self._told.get(folder) == event:
            return
        if event == "ballast_missing" and self._told.get(folder) == "ballast_given_up":
            return  # that said it
        self._told[folder] = event
        told = _log.info if event == "ballast_held" else _log.error
        told(event, folder=str(folder), **facts)
