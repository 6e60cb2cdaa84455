"""Who does errands: this process by itself, or a crew of processes beside it. Not here: what an errand is.

Each member of a crew is a process of its own, started afresh (spawn), so that it shares neither a lock nor a
connection with this one. It runs at a low priority: recording comes first on the same host. A member that dies takes
one errand with it, which is done once more without looking at pictures, since that is what most likely killed it; the
other members go on. ``Hands`` says what a cluster would have to offer in their place.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Protocol

import structlog

from analysis.examination import Errand, Examined, examine

NICE = 10
"""How far members of a crew stand back for others (nice(2))."""

_log = structlog.get_logger()


class HandsLost(Exception):
    """The process that did an errand died, and so did the next one that tried."""


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
    ) -> None:
        self.size = size
        self._begin = begin
        self._work = work
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="crew")
        self._members: queue.SimpleQueue[ProcessPoolExecutor] = queue.SimpleQueue()
        for _ in range(size):
            self._members.put(self._member())

    def submit(self, errand: Errand) -> Future[Examined]:
        """Done by the next member that is free."""
        return self._threads.submit(self._do, errand)

    def close(self) -> None:
        """Finish what is in hand and end all members."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._members.empty():
            self._members.get().shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _member(self) -> ProcessPoolExecutor:
        start = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=start, initializer=_prepared, initargs=(self._begin,))

    def _do(self, errand: Errand) -> Examined:
        member = self._members.get()
        try:
            try:
                return member.submit(self._work, errand).result()
            except BrokenProcessPool:
                member = self._replaced(member)
            _log.error("examiner_died", segment=errand.segment.key)
            try:
                found = member.submit(self._work, replace(errand, measure=None, calibration=None)).result()
            except BrokenProcessPool as error:
                member = self._replaced(member)
                raise HandsLost("two processes in a row died of it") from error
            return found if errand.measure is None else replace(found, trouble="the process that looked at it died")
        finally:
            self._members.put(member)

    def _replaced(self, member: ProcessPoolExecutor) -> ProcessPoolExecutor:
        member.shutdown(wait=False)
        return self._member()


def _prepared(begin: Callable[[], None] | None) -> None:
    """In the child. Whoever interrupts the service at a terminal reaches its parent, which ends it in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    if begin is not None:
        begin()
