"""A camera connection that plays a script: pictures, pauses and the way it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from ingest.source import AccessUnit, SourceError
from tests.fakes.time import FakeClock

Act = AccessUnit | SourceError


class FakeSource:
    """Yields the units of its script, setting the clock to each arrival; raises its error half a second later,
    or waits for ever."""

    def __init__(self, clock: FakeClock, script: Sequence[Act], pause_s: float = 0.0) -> None:
        self._clock = clock
        self._script = script
        self._pause_s = pause_s
        self.closed = False

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        try:
            for act in self._script:
                if isinstance(act, SourceError):
                    self._clock.advance(0.5)
                    raise act
                self._clock.advance(max(0.0, act.arrived_monotonic - self._clock.monotonic()))
                await asyncio.sleep(self._pause_s)
                yield act
            await asyncio.Event().wait()
        finally:
            self.closed = True
