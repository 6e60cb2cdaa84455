"""WHEP (draft-ietf-wish-whep-03): an offer is answered, and the camera's pictures follow over WebRTC.

1. ``POST /api/v1/whep/{camera}?ticket=…`` with an offer (application/sdp). It is read; then the door is asked, as for
   a WebSocket, and it is written down that somebody watches; then it is waited until the camera's format is known.
2. 201 with the answer, and in Location the resource: a name of 128 bits that nobody guesses.
3. Once the viewer has come over UDP, all pictures since the newest key frame are sent, and then each as it arrives.
4. ``DELETE`` of the resource ends it; so does the end of the right, a viewer of whom nothing is heard for SILENT_S,
   one that loses too much, and a camera that codes in another way. Then that is written down.

``PATCH`` is answered 405, as the draft asks of servers that take neither trickled candidates nor ICE restarts: here
no candidate of a viewer is used at all, and whoever wants to begin anew posts anew. For the same reason there is no
ETag. Not here: packets (``packet_lines``), WebRTC (``peers``), SDP (``offers``).
"""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.api.guard import NO_STORE
from dashboard.api.problems import (
    NoRoomToWatch,
    NothingInCommon,
    NotLiveNow,
    OfferRefused,
    UnknownShowing,
)
from dashboard.live import offers
from dashboard.live.door import Admission, Door
from dashboard.live.fragments import Head
from dashboard.live.lines import Condition, Why
from dashboard.live.offers import Coding, MalformedOffer, Offer
from dashboard.live.packet_lines import PacketLine
from dashboard.live.peers import NoPort, Peer, PeerLost, Place, new_certificate
from dashboard.live.pictures import Stream
from dashboard.live.showing import Showing

_log = structlog.get_logger()

PREFIX: Final = "/api/v1/whep"
SDP: Final = "application/sdp"

SETTLED_S: Final = 8.0
"""How long an offer may wait for the camera's first key frame."""

SILENT_S: Final = 15.0
"""How long a viewer may report nothing of what it is sent; browsers report every second. One that is sent nothing,
because its camera stalls, is asked by ICE whether it is there, and gone after 30 s (RFC 7675).
"""

LINGER_S: Final = 5.0
"""How long a resource outlives its end: many clients hang up first, and then say that they do."""

LOOK_S: Final = 1.0
Named = Annotated[str, Path(max_length=64)]
_METHODS: Final = "POST, DELETE, PATCH, OPTIONS"

_IN_THE_WAY: Final = {
    Condition.CONNECTING: "the camera has sent no key frame yet",
    Condition.LOST: "the camera is lost",
    Condition.STALLED: "the camera is connected and sends no picture",
    Condition.REFUSED: "the camera refuses another connection; recording comes first",
    Condition.NO_ROOM: "the sessions of its NVR are kept for recording",
    Condition.YIELDED: "recording needs the camera first",
    Condition.NO_CODER: "what the camera sends has to be coded anew, and as many cameras are as may be; watch fewer",
    Condition.CODER_LOST: "what codes the camera's pictures anew has ended, and is begun again",
    Condition.NO_CODEC: "the camera's pictures cannot be coded anew here; set its sub-stream to H.264",
    Condition.UNDECODABLE: "the camera's pictures cannot be decoded; set its sub-stream to H.264",
}


class Whep:
    """All who watch by WHEP."""

    def __init__(self, showing: Showing, place: Place) -> None:
        self._showing = showing
        self._place = place
        self._certificate = new_certificate()
        self._resources: dict[str, tuple[Admission, PacketLine]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request, camera: str, ticket: str, body: bytes) -> tuple[str, str]:
        """The resource's name and the answer. Raises what the door raises, OfferRefused, NoRoomToWatch, NotLiveNow,
        NothingInCommon, StorageError.
        """
        try:
            offer = offers.read(body.decode())
        except (MalformedOffer, UnicodeDecodeError) as error:
            raise OfferRefused(str(error)) from error
        admission = await run_in_threadpool(self._showing.door.admit, request, camera, ticket)
        line = PacketLine(lambda: self._showing.pulls.again(line, camera), self._showing.clock.now)
        peer = None
        try:
            if not self._showing.enter(line, admission):
                raise NoRoomToWatch("as many watch as may; end one of them")
            await self._showing.join(line, admission)
            head, coding = await self._agreed(line, offer)
            ssrc = secrets.randbits(32)
            peer = Peer(self._certificate, ssrc, line)
            local = await peer.bind(self._place, request.scope["server"][0])
        except BaseException as error:
            await self._leave(line, admission, peer)
            if isinstance(error, NoPort):
                _log.error("live_no_udp_port", reason=str(error))
                raise NoRoomToWatch(str(error)) from error
            raise
        name = secrets.token_urlsafe(16)
        self._resources[name] = admission, line
        # In the lower half, so that numbers do not begin anew before the viewer has had any (RFC 3711 3.3.1).
        stream = Stream(ssrc, coding.payload_type, secrets.randbits(15), offer.at_once)
        running = asyncio.create_task(self._run(name, offer, peer, stream))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return name, offers.answer(offer, coding, head.codec, local, ssrc)

    async def delete(self, request: Request, camera: str, name: str) -> None:
        """End it. Raises UnknownShowing, and what the door raises of who does not come from where they watch."""
        admission, line = self._resources.get(name, (None, None))
        if admission is None or line is None or admission.camera != camera:
            raise UnknownShowing("nobody watches there, or not any more")
        await run_in_threadpool(self._showing.door.returns, request, admission)
        line.end(Why.STOPPING)

    async def stop(self) -> None:
        """End all, and wait until that is written down."""
        for _, line in list(self._resources.values()):
            line.end(Why.STOPPING)
        if self._running:
            await asyncio.wait(set(self._running), timeout=5)

    async def _agreed(self, line: PacketLine, offer: Offer) -> tuple[Head, Coding]:
        """What is sent, and how. Raises NotLiveNow, NothingInCommon."""
        try:
            async with asyncio.timeout(SETTLED_S):
                settled = await line.settled()
        except TimeoutError:
            settled = Condition.CONNECTING
        if settled is Condition.UNSUPPORTED:
            raise NothingInCommon("browsers play only H.264 for sure: set the sub-stream of the camera to it")
        if isinstance(settled, Condition):
            raise NotLiveNow(_IN_THE_WAY.get(settled, "the viewer's right has ended"))
        if settled.reorders:
            raise NothingInCommon("the camera sends B pictures, which WebRTC does not carry; its WebSocket does")
        coding = offers.chosen(offer, settled.codec)
        if coding is None:
            raise NothingInCommon(f"the camera sends {settled.codec}, and the offer takes nothing like it")
        return settled, coding

    async def _run(self, name: str, offer: Offer, peer: Peer, stream: Stream) -> None:
        """From the answer to the end."""
        admission, line = self._resources[name]
        why: object = None
        over = asyncio.create_task(line.over())
        connecting = asyncio.create_task(peer.connect(offer))
        try:
            await asyncio.wait((over, connecting), return_when=asyncio.FIRST_COMPLETED)
            if line.ended is None:
                connecting.result()
                line.open(peer, stream)
                await self._watched(line, peer, over)
            why = line.ended
        except PeerLost as error:
            why = str(error)
        except Exception:  # noqa: BLE001 (top of one viewer: the others go on)
            _log.exception("live_whep_failed", camera=admission.camera)
        finally:
            for task in (over, connecting):
                task.cancel()
            await asyncio.gather(over, connecting, return_exceptions=True)
            asyncio.get_running_loop().call_later(LINGER_S, self._resources.pop, name, None)
            _log.info("live_whep_ended", camera=admission.camera, why=why)
            await self._leave(line, admission, peer)

    @staticmethod
    async def _watched(line: PacketLine, peer: Peer, over: asyncio.Task[Why]) -> None:
        """Until it ends, the viewer goes, or nothing is heard of them."""
        gone = asyncio.create_task(peer.gone())
        try:
            while not over.done():
                await asyncio.wait((over, gone), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() or line.unanswered_s > SILENT_S:
                    line.end(Why.SILENT)
        finally:
            gone.cancel()

    async def _leave(self, line: PacketLine, admission: Admission, peer: Peer | None) -> None:
        line.close()
        if peer is not None:
            await peer.close()
        await self._showing.leave(line, admission)


def whep_router(whep: Whep) -> APIRouter:
    """Its routes; what the table says of each stands in ``dashboard.access.table``."""
    router = APIRouter(prefix=PREFIX)

    @router.post("/{camera}", name="whep")
    async def begin(request: Request, camera: Named, ticket: Annotated[str, Query(max_length=512)] = "") -> Response:
        """Show a camera to whoever may see it."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
            raise OfferRefused(f"an offer is {SDP}")
        name, answer = await whep.answer(request, camera, ticket, await _body(request))
        location = {"Location": f"{PREFIX}/{camera}/{name}"}
        return Response(answer, HTTPStatus.CREATED, {**NO_STORE, **location}, SDP)

    @router.delete("/{camera}/{name}", name="whep_end")
    async def end(request: Request, camera: Named, name: Named) -> Response:
        """Show it no longer."""
        await whep.delete(request, camera, name)
        return Response(status_code=HTTPStatus.OK, headers=NO_STORE)

    return router


async def _body(request: Request) -> bytes:
    """Raises OfferRefused for one that is longer than any offer."""
    found = bytearray()
    async for each in request.stream():
        found += each
        if len(found) > offers.MOST_BYTES:
            raise OfferRefused(f"an offer has at most {offers.MOST_BYTES} bytes")
    return bytes(found)


class CrossOrigin:
    """Lets our pages, which come from another port, ask and read (Fetch 3.3); to others nothing is allowed.

    What is asked before a request (OPTIONS) is answered here, without a look at who asks: browsers do not say it.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed: dict[str, str] = {"Vary": "Origin"}
        if origin is not None and self._door.pages.are(origin, headers.get("host", "")):
            allowed |= {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": "Content-Type, Authorization, If-Match",
                "Access-Control-Expose-Headers": "Location",
                "Access-Control-Max-Age": "600",
            }

        async def sends(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(allowed)
            await send(message)

        if scope["method"] == "OPTIONS":
            answer: Any = Response(status_code=HTTPStatus.NO_CONTENT, headers={"Accept-Post": SDP, "Allow": _METHODS})
            await answer(scope, receive, sends)
            return
        await self._app(scope, receive, sends)
