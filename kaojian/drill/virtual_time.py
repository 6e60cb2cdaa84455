"""Time that jumps: an asyncio loop that never waits, and the clock of the host that lives in it.

When nothing is ready to run, the loop's time is the next timer's. So minutes of recording take what their computing
takes, and happen in the same order each time. Nothing in such a loop may wait for a network, a thread or a process;
``asyncio.to_thread`` runs its function at once, on the loop.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

_EPSILON_S = 1e-9


class Stuck(Exception):
    """Every task waits for something that no timer will bring."""


class _NoWaiting(selectors.BaseSelector):
    """Knows no file; what would be waiting moves time instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, 0, None)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("nothing is ready and no timer is set")
        if timeout > 0:
            self._loop.seconds += timeout + _EPSILON_S  # past the timer, whatever rounding does
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}


class VirtualLoop(asyncio.SelectorEventLoop):
    """``seconds`` is its time, from 0."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(_NoWaiting(self))

    def time(self) -> float:
        return self.seconds

    def run_in_executor(  # type: ignore[override]  # simpler than the signature it stands for
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """At once, and on the loop."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (whoever awaits it gets it, as from a thread)
            future.set_exception(error)
        return future


class Running(Protocol):
    """Time that goes on: ``seconds`` from the drill's start, negative before it."""

    @property
    def seconds(self) -> float: ...


class HostClock:
    """The clock of a host in such time: its wall clock can be stepped, its monotonic one cannot."""

    def __init__(self, loop: Running, start: datetime) -> None:
        self._loop = loop
        self._start = start
        self.steps: list[tuple[float, float]] = []  # monotonic instant, seconds

    def now(self) -> datetime:
        return self.wall_at(self._loop.seconds)

    def monotonic(self) -> float:
        return self._loop.seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock forward, or back where negative."""
        self.steps.append((self._loop.seconds, seconds))

    def wall_at(self, monotonic: float, *, before_step: bool = False) -> datetime:
        """What the wall clock said, or will say unless stepped again, at that monotonic instant."""
        moved_s = sum(step for at, step in self.steps if at < monotonic or (at == monotonic and not before_step))
        return self._start + timedelta(seconds=monotonic + moved_s)

    def unstepped_at(self, monotonic: float) -> datetime:
        """The true time, which a camera with a right clock shows."""
        return self._start + timedelta(seconds=monotonic)

    def walls(self, start: float, end: float) -> tuple[datetime, datetime]:
        """The earliest and the latest that it said from one monotonic instant to another."""
        inside = [at for at, _ in self.steps if start <= at <= end]
        said = [self.wall_at(start, before_step=True), self.wall_at(end)]
        said += [self.wall_at(at, before_step=True) for at in inside] + [self.wall_at(at) for at in inside]
        return min(said), max(said)
