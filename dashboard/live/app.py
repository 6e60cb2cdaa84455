"""The application of the role ``live``: one WebSocket for each tile, and the loop that asks who may stay.

A line of the page is short: every few seconds it sends ``{"ping": N}`` and is answered with the number and this
host's clock, by which it tells how old its newest picture is, whatever its own clock says. A viewer of whom nothing
is heard for SILENT_S is gone. Not here: who may (``door``), cameras (``pulls``), and what waits for whom (``lines``).
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

import structlog
from fastapi import FastAPI, Path, Query, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from dashboard.api.problems import CrossSite
from dashboard.api.witness import REFUSALS
from dashboard.live.door import RECHECK_S, Admission, Door
from dashboard.live.lines import Line, Why
from dashboard.live.pulls import Pulls
from dashboard.live.wire import Close, microseconds
from domain.timeline import Clock
from ingest.recorder import Assignment
from storage.errors import StorageError

_log = structlog.get_logger()

SILENT_S: Final = 15.0
"""How long a viewer may send nothing; a page sends every two seconds."""

MOST_VIEWERS: Final = 800
MOST_OF_ONE: Final = 40
"""Of one session: two walls of sixteen tiles, and some that just end."""

Reach = Callable[[Any, Any], tuple[Assignment, int]]
"""How a camera of a sitting is reached, and for how many cameras its NVR is kept."""

Yielded = Callable[[datetime], frozenset[str]]
"""Which cameras recording needs at an instant and has not. Raises StorageError."""


@dataclass(slots=True)
class Showing:
    """Everybody who watches."""

    door: Door
    pulls: Pulls
    reach: Reach
    yielded: Yielded
    clock: Clock
    lines: dict[Line, Admission] = field(default_factory=dict)
    of_session: Counter[str] = field(default_factory=Counter)

    async def look(self) -> None:
        """End the lines of those who may not watch any more, and let go of cameras that recording needs.

        While the database does not answer nobody's right can be known: they end, too.
        """
        watching = list(self.lines.values())
        try:
            gone = await run_in_threadpool(self.door.gone, watching)
            yielded = await run_in_threadpool(self.yielded, self.clock.now())
        except StorageError as error:
            _log.error("live_rights_unknown", reason=str(error))
            gone, yielded = watching, frozenset(self.pulls.watched)
        ended = {id(each) for each in gone}
        for line, admission in list(self.lines.items()):
            if id(admission) in ended:
                line.end(Why.RIGHT_ENDED)
        self.pulls.keep_to(yielded)

    async def keep_looking(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 (top of a supervised loop)
                _log.exception("live_look_failed")
                for line in self.lines:
                    line.end(Why.RIGHT_ENDED)
            await asyncio.sleep(RECHECK_S)


def create_live_app(door: Door, pulls: Pulls, reach: Reach, yielded: Yielded, clock: Clock) -> FastAPI:
    """The application; to be served with ``protocol.LiveProtocol`` and with lifespan on."""
    showing = Showing(door, pulls, reach, yielded, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(showing.keep_looking())
        yield
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await pulls.stop()

    app = FastAPI(title="Kaojian live", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.showing = showing

    @app.websocket("/api/v1/live/{camera}")
    async def live(
        socket: WebSocket,
        camera: Annotated[str, Path(max_length=64)],
        ticket: Annotated[str, Query(max_length=512)] = "",
    ) -> None:
        """Show a camera to whoever may see it, until they leave or their right ends."""
        try:
            admission = await run_in_threadpool(door.admit, socket, camera, ticket)
        except (CrossSite, *REFUSALS, StorageError) as refusal:
            _log.info("live_refused_at_the_door", reason=type(refusal).__name__)
            await socket.close()
            return
        await _shown(showing, socket, admission)

    return app


async def _shown(showing: Showing, socket: WebSocket, admission: Admission) -> None:
    line, session = Line(), admission.viewer.session_id
    try:
        await socket.accept()
        if len(showing.lines) >= MOST_VIEWERS or showing.of_session[session] >= MOST_OF_ONE:
            line.end(Why.NO_ROOM)
            await _send(socket, line)
            return
        showing.lines[line] = admission
        showing.of_session[session] += 1
        line.tell("clock", now=microseconds(showing.clock.now()))
        reached, beside = await run_in_threadpool(showing.reach, admission.shown.sitting, admission.shown.camera)
        showing.pulls.join(line, reached, beside)
        await _both(showing, socket, line)
    finally:
        if showing.lines.pop(line, None) is not None:
            showing.of_session[session] -= 1
            if not showing.of_session[session]:
                del showing.of_session[session]
        showing.pulls.leave(line, admission.camera)
        try:
            await asyncio.shield(run_in_threadpool(showing.door.over, admission))
        except StorageError as error:
            _log.error("live_end_not_written", camera=admission.camera, reason=str(error))


async def _both(showing: Showing, socket: WebSocket, line: Line) -> None:
    """Send and hear, until one of them ends."""
    hearing = asyncio.create_task(_hear(showing, socket, line))
    sending = asyncio.create_task(_send(socket, line))
    try:
        await asyncio.wait((hearing, sending), return_when=asyncio.FIRST_COMPLETED)
        if line.ended is not None and not sending.done():
            await asyncio.wait((sending,), timeout=1.0)
    finally:
        for task in (hearing, sending):
            task.cancel()
        await asyncio.gather(hearing, sending, return_exceptions=True)


async def _send(socket: WebSocket, line: Line) -> None:
    while True:
        found = await line.next()
        if isinstance(found, Close):
            await socket.close(found)
            return
        await socket.send({"type": "websocket.send", "framed": found})


async def _hear(showing: Showing, socket: WebSocket, line: Line) -> None:
    """Answer pings; ends when the viewer has gone, or says what none of our pages does."""
    with suppress(WebSocketDisconnect, ValueError, TypeError, KeyError):
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    number = json.loads(await socket.receive_text())["ping"]
            except TimeoutError:
                line.end(Why.SILENT)
                return
            if not isinstance(number, int):
                return
            line.tell("pong", ping=number, now=microseconds(showing.clock.now()))
