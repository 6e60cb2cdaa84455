"""Everybody who watches, whichever way, and the loop that asks who may stay. Connections: ``app`` and ``whep``."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from starlette.concurrency import run_in_threadpool

from dashboard.live.door import RECHECK_S, Admission, Door
from dashboard.live.lines import Taker, Why
from dashboard.live.pulls import Pulls
from dashboard.metrics import Watched
from domain.timeline import Clock
from ingest.recorder import Assignment
from records.schedule import Needs
from storage.errors import StorageError

_log = structlog.get_logger()

MOST_VIEWERS: Final = 800
MOST_OF_ONE: Final = 40
"""Of one session: two walls of sixteen tiles, and some that just end."""

Reach = Callable[[Any, Any], tuple[Assignment, int]]
"""How a camera of a sitting is reached, and for how many cameras its NVR is kept."""

Needed = Callable[[datetime], Needs]
"""What recording needs at an instant. Raises StorageError."""


@dataclass(slots=True)
class Showing:
    """Everybody who watches."""

    door: Door
    pulls: Pulls
    reach: Reach
    needed: Needed
    clock: Clock
    lines: dict[Taker, Admission] = field(default_factory=dict)
    of_session: Counter[str] = field(default_factory=Counter)

    def enter(self, line: Taker, admission: Admission) -> bool:
        """Whether there is room for one more; if so, they are in."""
        session = admission.viewer.session_id
        if len(self.lines) >= MOST_VIEWERS or self.of_session[session] >= MOST_OF_ONE:
            return False
        self.lines[line] = admission
        self.of_session[session] += 1
        return True

    async def join(self, line: Taker, admission: Admission) -> None:
        """Begin to show them their camera. Raises StorageError."""
        reached, beside = await run_in_threadpool(self.reach, admission.shown.sitting, admission.shown.camera)
        self.pulls.join(line, reached, beside)

    async def leave(self, line: Taker, admission: Admission) -> None:
        """They are shown nothing more, and that is written down."""
        session = admission.viewer.session_id
        if self.lines.pop(line, None) is not None:
            self.of_session[session] -= 1
            if not self.of_session[session]:
                del self.of_session[session]
        self.pulls.leave(line, admission.camera)
        try:
            await asyncio.shield(run_in_threadpool(self.door.over, admission))
        except StorageError as error:
            _log.error("live_end_not_written", camera=admission.camera, reason=str(error))

    def watched(self) -> Watched:
        """What it comes to now, for metrics."""
        coders, pulled = self.pulls.coders, len(self.pulls.watched)
        return Watched(len(self.lines), pulled, coders.running, coders.most, coders.refused, coders.lost)

    async def look(self) -> None:
        """End the lines of those who may not watch any more, and let go of cameras that recording needs.

        While the database does not answer nobody's right can be known: they end, too.
        """
        watching = list(self.lines.values())
        try:
            gone = await run_in_threadpool(self.door.gone, watching)
            needs = await run_in_threadpool(self.needed, self.clock.now())
        except StorageError as error:
            _log.error("live_rights_unknown", reason=str(error))
            watched = frozenset(self.pulls.watched)
            gone, needs = watching, Needs(watched, watched)
        ended = {id(each) for each in gone}
        for line, admission in list(self.lines.items()):
            if id(admission) in ended:
                line.end(Why.RIGHT_ENDED)
        self.pulls.keep_to(needs)

    async def keep_looking(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 (top of a supervised loop)
                _log.exception("live_look_failed")
                for line in self.lines:
                    line.end(Why.RIGHT_ENDED)
            await asyncio.sleep(RECHECK_S)
