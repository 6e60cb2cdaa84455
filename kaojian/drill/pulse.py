"""Feels the pulse of the machine that a drill runs on: how late a process gets its turn, how long a sync takes.

What is late because the machine is late must not be laid to the recorder's charge, nor be excused without having been
measured. This asks nothing of the recorder: it does what a recorder does, beside it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kaojian.drill.virtual_time import HostClock

_EVERY_S = 0.05
_RECENT_S = 2.0


@dataclass(frozen=True, slots=True)
class _Beat:
    at_s: float  # when the sync began
    sync_s: float
    late_s: float  # how much later it began than it wanted to


class Pulse:
    """A thread that writes and syncs a small file on the disk of ``folder``, from entering to leaving."""

    def __init__(self, folder: Path, clock: HostClock) -> None:
        self._path = folder / "pulse"
        self._clock = clock
        self._beats = deque[_Beat]()
        self._began_s: float | None = None  # of the sync in hand
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def sync_s(self, at_s: float) -> float:
        """The longest that a sync took lately, seen from that second, which is now."""
        recent = [beat.sync_s for beat in list(self._beats) if beat.at_s + beat.sync_s >= at_s - _RECENT_S]
        began_s = self._began_s
        return max([*recent, at_s - began_s if began_s is not None else 0.0])

    def notes(self) -> dict[str, float]:
        """The worst of all."""
        beats = list(self._beats)
        return {
            "processes_late_s": round(max((beat.late_s for beat in beats), default=0.0), 3),
            "sync_s": round(max((beat.sync_s for beat in beats), default=0.0), 3),
        }

    def _run(self) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            while not self._over.is_set():
                due = time.monotonic() + _EVERY_S
                self._over.wait(_EVERY_S)
                began = time.monotonic()
                at_s = self._began_s = self._clock.monotonic()
                os.pwrite(handle, b"beat", 0)
                os.fdatasync(handle)
                self._began_s = None
                self._beats.append(_Beat(at_s, time.monotonic() - began, began - due))
        finally:
            os.close(handle)
            with suppress(OSError):
                self._path.unlink()
