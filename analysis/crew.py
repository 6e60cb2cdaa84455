"""Who does errands: this process by itself, or a crew of processes beside it. Not here: what an errand is.

Each member of a crew is a process of its own, started afresh (spawn), so that it shares neither a lock nor a
connection with this one. It runs at a low priority: recording comes first on the same host. A member that dies takes
one errand with it, which is done once more without looking at pictures, since that is what most likely killed it; the
other members go on. So does one that takes longer than ``LIMIT_S``: it is killed, by its own process id. ``Hands``
says what a cluster would have to offer in their place.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import structlog

from analysis.examination import Errand, Examined, examine

NICE = 10
"""How far members of a crew stand back for others (nice(2))."""

_log = structlog.get_logger()


LIMIT_S = 900.0
"""How long an errand may take. A minute of 25 pictures a second is decoded and looked at in some seconds; ten minutes
of them on a busy host in a few minutes."""


class HandsLost(Exception):
    """The process that did an errand died or hung, and so did the next one that tried."""


class _TookTooLong(Exception):
    """An errand was not done in time."""


class Hands(Protocol):
    """What does errands, ``size`` at a time. A future raises what ``examine`` raises, or HandsLost."""

    @property
    def size(self) -> int: ...

    def submit(self, errand: Errand) -> Future[Examined]: ...


class OneHand:
    """Does each errand here and now."""

    size = 1

    def submit(self, errand: Errand) -> Future[Examined]:
        """Done when it returns."""
        done: Future[Examined] = Future()
        try:
            done.set_result(examine(errand))
        except Exception as error:  # noqa: BLE001 (told to who asks for the result)
            done.set_exception(error)
        return done


class Crew:
    """``size`` processes, started when they are first needed. ``begin`` is called in each of them first.

    Close it, or use it as a context: what is in hand is finished, what waits is not begun.
    """

    def __init__(
        self,
        size: int,
        begin: Callable[[], None] | None = None,
        work: Callable[[Errand], Examined] = examine,
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        self.size = size
        self._begin = begin
        self._work = work
        self._limit_s = limit_s
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="crew")
        self._members: queue.SimpleQueue[_Member] = queue.SimpleQueue()
        for _ in range(size):
            self._members.put(_Member(self._begin))

    def submit(self, errand: Errand) -> Future[Examined]:
        """Done by the next member that is free."""
        return self._threads.submit(self._do, errand)

    def close(self) -> None:
        """Finish what is in hand and end all members."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._members.empty():
            self._members.get().end()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, errand: Errand) -> Examined:
        member = self._members.get()
        try:
            try:
                return member.do(self._work, errand, self._limit_s)
            except BrokenProcessPool:
                event, trouble = "examiner_died", "the process that looked at it died"
            except _TookTooLong as error:
                event, trouble = "examiner_hung", str(error)
            member = self._replaced(member)
            _log.error(event, segment=errand.segment.key)
            try:
                found = member.do(self._work, replace(errand, measure=None, calibration=None), self._limit_s)
            except (BrokenProcessPool, _TookTooLong) as error:
                member = self._replaced(member)
                raise HandsLost(f"two processes in a row died or hung over it ({trouble})") from error
            return found if errand.measure is None else replace(found, trouble=trouble)
        finally:
            self._members.put(member)

    def _replaced(self, member: _Member) -> _Member:
        member.kill()
        return _Member(self._begin)


class _Member:
    """One process, started when it is first needed."""

    def __init__(self, begin: Callable[[], None] | None) -> None:
        start = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=start, initializer=_prepared, initargs=(begin,))
        self._process_id: Future[int] | None = None

    def do(self, work: Callable[[Errand], Examined], errand: Errand, limit_s: float) -> Examined:
        """Raises what the work raises; BrokenProcessPool where the process died; _TookTooLong."""
        try:
            if self._process_id is None:
                self._process_id = self._pool.submit(os.getpid)
                self._process_id.exception(timeout=limit_s)  # starting takes its time, and is no part of an errand
            return self._pool.submit(work, errand).result(timeout=limit_s)
        except TimeoutError:
            raise _TookTooLong(f"it was not done within {limit_s:g} s") from None

    def kill(self) -> None:
        """End the process at once, by the id that it told, and wait for nothing that it does."""
        known = self._process_id is not None and self._process_id.done() and self._process_id.exception() is None
        if known and self._process_id is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process_id.result(), signal.SIGKILL)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def end(self) -> None:
        """Finish what is in hand and end the process."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _prepared(begin: Callable[[], None] | None) -> None:
    """In the child. Whoever interrupts the service at a terminal reaches its parent, which ends it in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    if begin is not None:
        begin()
