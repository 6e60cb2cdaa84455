"""Keeps the processes of the service alive: forks them, starts at once what dies, stops them in order.

The parent does nothing else. It has one thread, no connection and no file of its own, so that a fork is safe at any
time; a child therefore needs milliseconds to be back, and shares the memory of what was imported before. Children
die with their parent (Linux: PR_SET_PDEATHSIG): whoever kills it leaves no orphan that goes on writing.
Not here: what the processes do (``kaojian.serve``).
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import FrameType
from uuid import uuid4

import structlog

_log = structlog.get_logger()

STOP_S = 30.0
"""How long a process may take to stop in order."""

STEADY_S = 30.0
"""A process that lived this long was well: its next death counts as the first again."""

LONGEST_PAUSE_S = 5.0

_LOOK_S = 0.2  # how often a process that may not start yet is asked for again
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a process. ``former`` holds the ids of the lives before it under the same parent."""

    id: str
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A process that must be there: ``work`` runs in a child, which stops in order on SIGTERM.

    ``once``: it has done its part when it returns; it is repeated only when it fails. ``after`` names such a member,
    to be done before this one starts. ``may_start`` is asked until it says yes. ``last``: stopped after the others.
    """

    name: str
    work: Callable[[Life], None]
    once: bool = False
    after: str = ""
    may_start: Callable[[], bool] = lambda: True
    last: bool = False


@dataclass(slots=True)
class _Place:
    """A member and its life in hand."""

    member: Member
    process: ForkProcess | None = None
    lives: list[str] = field(default_factory=list)
    started: float = 0.0
    deaths: int = 0  # one soon after the other
    due: float = 0.0
    done: bool = False


class StopSignals:
    """SIGTERM and SIGINT as something that can be waited for together with other things."""

    def __init__(self) -> None:
        self.received = False
        self._reading, self._writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._receive)

    def fileno(self) -> int:
        """A descriptor that can be read from the first signal on."""
        return self._reading

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True


def stop_event() -> threading.Event:
    """Set by SIGTERM or SIGINT; for processes that have nothing else to wait for."""
    stop = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    return stop


class Alone:
    """The right to write into a folder: held by one family of processes at a time, given back by its last death.

    A lock (flock(2)) belongs to the open file, which every child inherits, so an orphan would keep it as well.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".recording"
        self._descriptor: int | None = None
        self._told = False

    def taken(self) -> bool:
        """Whether it is ours; tries once. Why it is not is told once."""
        if self._descriptor is not None:
            return True
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            self._tell(str(error))
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            self._tell(f"another recorder writes into {self._path.parent}")
            return False
        self._descriptor = descriptor
        return True

    def _tell(self, reason: str) -> None:
        if not self._told:
            _log.error("recording_waits", reason=reason)
        self._told = True


def keep(members: Iterable[Member], stop: StopSignals, expected: tuple[type[Exception], ...] = ()) -> None:
    """Keep all members alive until ``stop``; returns when all have ended.

    ``expected`` are errors that end a child with one line instead of a traceback.
    """
    places = [_Place(member) for member in members]
    gc.collect()
    gc.freeze()  # what is here now is shared with every child; the collector must not write into it
    try:
        while not stop.received:
            pause_s = _start_due(places, expected)
            wait([stop.fileno(), *(place.process.sentinel for place in places if place.process is not None)], pause_s)
            _bury(places)
    finally:
        _end([place for place in places if not place.member.last])
        _end([place for place in places if place.member.last])


def _start_due(places: Sequence[_Place], expected: tuple[type[Exception], ...]) -> float | None:
    """Start who is due; how long until somebody else may be, None when all are there."""
    done = {place.member.name for place in places if place.done}
    pauses = []
    for place in places:
        if place.process is not None or place.done:
            continue
        left_s = place.due - time.monotonic()
        if left_s > 0:
            pauses.append(left_s)
        elif (place.member.after and place.member.after not in done) or not place.member.may_start():
            pauses.append(_LOOK_S)
        else:
            _start(place, expected)
    return min(pauses, default=None)


def _start(place: _Place, expected: tuple[type[Exception], ...]) -> None:
    """Signals wait until the child has put away the parent's handlers."""
    life = Life(uuid4().hex, tuple(place.lives))
    place.lives.append(life.id)
    process = multiprocessing.get_context("fork").Process(
        target=_live, args=(place.member, life, os.getpid(), expected), name=place.member.name
    )
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    place.process, place.started = process, time.monotonic()


def _live(member: Member, life: Life, parent: int, expected: tuple[type[Exception], ...]) -> None:
    """In the child."""
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    die_with(parent)
    try:
        member.work(life)
    except expected as error:
        _log.error("process_failed", process=member.name, reason=str(error))
    except Exception:  # noqa: BLE001 (top of a supervised loop: the parent starts it again)
        _log.exception("process_failed", process=member.name)
    else:
        sys.exit(0)
    sys.exit(1)


def die_with(parent: int) -> None:
    """End this process, without any ceremony, as soon as its parent has ended (prctl(2); only Linux knows how)."""
    if not sys.platform.startswith("linux"):
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)  # it ended before the kernel was told


def _bury(places: Iterable[_Place]) -> None:
    """Note who has ended: done, or due again; at once after a first death, later after several in a row."""
    for place in places:
        process = place.process
        if process is None or process.is_alive():
            continue
        process.join()
        status = process.exitcode
        process.close()
        place.process = None
        lived_s = time.monotonic() - place.started
        if place.member.once and status == 0:
            place.done = True
            continue
        place.deaths = 1 if lived_s >= STEADY_S else place.deaths + 1
        pause_s = 0.0 if place.deaths == 1 else min(LONGEST_PAUSE_S, 0.125 * 2**place.deaths)
        place.due = time.monotonic() + pause_s
        _log.error(
            "process_died", process=place.member.name, status=status, lived_s=round(lived_s, 3), again_in_s=pause_s
        )


def _end(places: Iterable[_Place]) -> None:
    """Ask all to stop, wait for all together, kill what does not obey."""
    running = [(place.member.name, place.process) for place in places if place.process is not None]
    for _, process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_S
    for name, process in running:
        process.join(max(0.1, deadline - time.monotonic()))
        if process.is_alive():
            _log.error("process_does_not_stop", process=name)
            process.kill()
            process.join()
