"""Screeners 带水印副本: a camera's film coded anew, watermarked for whoever asks and, where wanted, heads blurred.

It is sent as it is made, for coding takes long, and lies nowhere: no range of it can be had, each is another one. It
is made at a low priority, one at a time in the service, and ends when whoever asked for it goes away. Who took it is
written down before its first byte is sent, with its number; its hash, or that it was broken off, after the last.
Not here: what is in it (``analysis.screeners``), and the film (``dashboard.api.film``).
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from analysis import films, screeners
from analysis.films import Asked
from analysis.people.detector import Detector
from analysis.people.errors import DetectorError
from analysis.screeners import Screener, ScreenerRefused, Wanted
from dashboard.access.errors import HeldBack
from dashboard.access.login import Viewer
from dashboard.api import sending
from dashboard.api.access_shapes import ScreenerOffer
from dashboard.api.backing import Backed, Backing
from dashboard.api.film import planned
from dashboard.api.footage import asked_for, none_answers, says_why
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import GONE
from dashboard.api.witness import Witnessed
from dashboard.papers.printing import lettering
from domain.people import Actor
from domain.timeline import rfc3339
from storage.archive import NoCopyAnswers
from storage.model_files import ModelFileRefused

router = APIRouter(tags=["footage"], responses=GONE)

_CONTENT: dict[str, Any] = {"content": {"video/mp4": {}}}


@router.get("/screeners")
def screeners_offer(backed: Backed, response: Response) -> ScreenerOffer:
    """Whether heads can be blurred here, and if not, why."""
    response.headers.update(NO_STORE)
    try:
        found = backed.detector()
    except (DetectorError, ModelFileRefused) as error:
        return ScreenerOffer(blurs_heads=False, model="", reason=str(error))
    if found is None:
        return ScreenerOffer(blurs_heads=False, model="", reason=screeners.NO_MODEL)
    return ScreenerOffer(blurs_heads=True, model=found.name, reason="")


@router.get(
    "/batches/{batch}/cameras/{camera}/screener.mp4",
    name="screener",
    response_class=Response,
    responses={200: _CONTENT},
)
def screener(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    batch: Annotated[str, Path(max_length=64)],
    camera: Annotated[str, Path(max_length=64)],
    start: Annotated[datetime, Query(description="RFC 3339 with zone")],
    end: Annotated[datetime, Query(description="RFC 3339 with zone")],
    blur_heads: Annotated[bool, Query(description="Blur the head of everybody whom the model finds")] = False,
    purpose: Annotated[str, Query(max_length=200, description="Why, in the viewer's own words")] = "",
) -> Response:
    """As ``film``, coded anew with a watermark that names who asks, and without sound; sent while it is made.

    Where the answer breaks off there is no screener. One at a time is made; ``Retry-After`` says when to ask again.
    """
    says_why(viewer, purpose)
    asked = Asked(batch, camera, asked_for(start, end))
    name, title = films.name_of(asked, backed.database.setup.sittings(batch))
    reel = planned(backed, seen.footage(), asked)
    unclosed = seen.unclosed()
    if any(map(unclosed, reel.segments)):
        raise HeldBack("the film may be saved once the sitting is closed")
    now = backed.clock.now()
    detector = _detector(backed) if blur_heads else None
    wanted = Wanted(screeners.new_number(now), batch, camera, _who(viewer), now, title=title, detector=detector)
    blocks = screeners.aside(Screener(reel, backed.archive, wanted, lettering))
    try:
        # The first is made before the answer begins, so that what cannot be made is said in words.
        first = next(blocks, b"")
        witness.took(camera, batch, reel.span, purpose, key=f"screener/{wanted.number}")
        backed.database.journal.record(now, viewer.actor, "make_screener_of_batch", batch, wanted.told)
    except NoCopyAnswers as error:
        blocks.close()
        raise none_answers(error) from error
    except BaseException:
        blocks.close()
        raise
    end_of_name = "-带水印-遮头.mp4" if blur_heads else "-带水印.mp4"
    headers = {
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "none",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name.removesuffix('.mp4') + end_of_name)}",
        "Kaojian-Start": rfc3339(reel.span.start),
        "Kaojian-End": rfc3339(reel.span.end),
        "Kaojian-Gaps": str(len(reel.gaps)),
        "Kaojian-Screener": wanted.number,
    }
    tell = partial(record_end, backed, viewer.actor, wanted)
    return StreamingResponse(sending.sent(first, blocks, tell), 200, headers, "video/mp4")


def record_end(backed: Backing, actor: Actor, wanted: Wanted, size: int, digest: str) -> None:
    """Write down how it ended, after so many bytes; without a ``digest`` it was broken off."""
    act = "finish_screener_of_batch" if digest else "break_off_screener_of_batch"
    broken = f"{wanted.number} {wanted.camera} {size} bytes were sent"
    told = screeners.made_told(wanted, size, digest) if digest else broken
    backed.database.journal.record(backed.clock.now(), actor, act, wanted.batch, told)


def _who(viewer: Viewer) -> str:
    return f"{viewer.account.name} {viewer.account.role.zh}"


def _detector(backed: Backing) -> Detector:
    found = backed.detector()
    if found is None:
        raise ScreenerRefused(screeners.NO_MODEL)
    return found
