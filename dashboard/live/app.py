"""The application of the role ``live``: one WebSocket for each tile, and large pictures by WHEP (``whep``).

A line of the page is short: every few seconds it sends ``{"ping": N}`` and is answered with the number and this
host's clock, by which it tells how old its newest picture is, whatever its own clock says. A viewer of whom nothing
is heard for SILENT_S is gone. With ``pictures=false`` it is only told of pictures, which it has by WHEP.
Not here: who may (``door``), cameras (``pulls``), and what waits for whom (``lines``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Final

import structlog
from fastapi import FastAPI, Path, Query, Request, Response, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from dashboard.api import problems
from dashboard.api.metrics import scraped
from dashboard.api.problems import CrossSite
from dashboard.api.witness import REFUSALS
from dashboard.live.door import Admission, Door
from dashboard.live.lines import Line, Why
from dashboard.live.peers import Place
from dashboard.live.pulls import Pulls
from dashboard.live.showing import Needed, Reach, Showing
from dashboard.live.whep import CrossOrigin, Whep, whep_router
from dashboard.live.wire import Close, microseconds
from dashboard.metrics import live_exposition
from domain.timeline import Clock
from storage.errors import StorageError

_log = structlog.get_logger()

SILENT_S: Final = 15.0
"""How long a viewer may send nothing; a page sends every two seconds."""

MOST_GATHERED_MS: Final = 500
"""How long pictures may be kept for those that come after them: far less than what makes a tile grey."""


def create_live_app(
    door: Door, pulls: Pulls, reach: Reach, needed: Needed, clock: Clock, *, place: Place | None = None
) -> FastAPI:
    """The application; to be served with ``protocol.LiveProtocol`` and with lifespan on.

    ``place`` is where viewers by WHEP come to over UDP; by default the address that they ask at, at any port.
    """
    showing = Showing(door, pulls, reach, needed, clock)
    whep = Whep(showing, place or Place())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(showing.keep_looking())
        yield
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await pulls.stop()
        await whep.stop()

    app = FastAPI(title="Kaojian live", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.showing, app.state.whep = showing, whep
    problems.install(app)
    app.include_router(whep_router(whep))
    app.add_middleware(CrossOrigin, door=door)

    @app.get("/metrics", name="metrics")
    async def metrics(request: Request) -> Response:
        return scraped(request, lambda: live_exposition(showing.watched()))

    @app.websocket("/api/v1/live/{camera}", name="live")
    async def live(
        socket: WebSocket,
        camera: Annotated[str, Path(max_length=64)],
        ticket: Annotated[str, Query(max_length=512)] = "",
        *,
        pictures: Annotated[bool, Query()] = True,
        gather_ms: Annotated[int, Query(ge=0, le=MOST_GATHERED_MS)] = 0,
    ) -> None:
        """Show a camera to whoever may see it, until they leave or their right ends. Of pictures that come within
        ``gather_ms`` one message is made: for tiles.
        """
        try:
            admission = await run_in_threadpool(door.admit, socket, camera, ticket, shows=pictures)
        except (CrossSite, *REFUSALS, StorageError) as refusal:
            _log.info("live_refused_at_the_door", reason=type(refusal).__name__)
            await socket.close()
            return
        await _shown(showing, socket, admission, Line(pictures=admission.shows, gather_s=gather_ms / 1000))

    return app


async def _shown(showing: Showing, socket: WebSocket, admission: Admission, line: Line) -> None:
    try:
        await socket.accept()
        if not showing.enter(line, admission):
            line.end(Why.NO_ROOM)
            await _send(socket, line)
            return
        line.tell("clock", now=microseconds(showing.clock.now()))
        await showing.join(line, admission)
        await _both(showing, socket, line)
    finally:
        await showing.leave(line, admission)


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
