"""A camera's footage of a batch as one MP4, to be saved: whole, or any byte range of it (RFC 9110 14).

Nothing of it lies anywhere: each request plans it anew, and the entity tag tells whether it is still the same film.
Each request that is answered with footage is written down, also one that only goes on with a download: nobody can
tell it from another one. Not here: what is in a film (``analysis.films``), and the originals.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response, StreamingResponse

from analysis import films
from analysis.films import Asked, NothingToShow, Reel
from dashboard.access.errors import HeldBack
from dashboard.api.backing import Backed, Backing
from dashboard.api.footage import asked_for, asked_range, none_answers, says_why
from dashboard.api.guard import Seen, Viewing
from dashboard.api.problems import GONE, NoFootage
from dashboard.api.witness import Witnessed
from domain.timeline import rfc3339
from storage.archive import NoCopyAnswers

router = APIRouter(tags=["footage"], responses=GONE)

_CONTENT: dict[str, Any] = {"content": {"video/mp4": {}}}


@router.get(
    "/batches/{batch}/cameras/{camera}/film.mp4", response_class=Response, responses={200: _CONTENT, 206: _CONTENT}
)
def film(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    batch: Annotated[str, Path(max_length=64)],
    camera: Annotated[str, Path(max_length=64)],
    start: Annotated[datetime, Query(description="RFC 3339 with zone")],
    end: Annotated[datetime, Query(description="RFC 3339 with zone")],
    sound: Annotated[bool, Query(description="With the sound, where it was recorded")] = False,
    purpose: Annotated[str, Query(max_length=200, description="Why, in the viewer's own words")] = "",
    byte_range: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
    if_range: Annotated[str | None, Header(alias="If-Range", max_length=200)] = None,
) -> Response:
    """One MP4 of a camera between two instants, made of the originals without re-encoding, gaps kept as gaps in time.

    It begins with the key frame at the start or before it; ``Kaojian-Start`` and ``Kaojian-End`` tell what is in it,
    ``Kaojian-Gaps`` how many gaps that has. City officers and auditors say why.
    """
    says_why(viewer, purpose)
    asked = Asked(batch, camera, asked_for(start, end), sound=sound)
    name, title = films.name_of(asked, backed.database.setup.sittings(batch))
    reel = planned(backed, seen.footage(), Asked(batch, camera, asked.span, title, sound))
    unclosed = seen.unclosed()
    if any(map(unclosed, reel.segments)):
        raise HeldBack("the film may be saved once the sitting is closed")
    tag, size = f'"{reel.film.digest}"', reel.film.size_bytes
    wanted = asked_range(byte_range, size) if if_range in (None, tag) else None
    first, last = wanted if wanted is not None else (0, size - 1)
    headers = {
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Content-Length": str(last - first + 1),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Kaojian-Start": rfc3339(reel.span.start),
        "Kaojian-End": rfc3339(reel.span.end),
        "Kaojian-Gaps": str(len(reel.gaps)),
    }
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    blocks = _blocks(backed, reel, first, last)
    # The first is read before the answer begins, so that what cannot be read is said in words.
    body = chain([next(blocks)], blocks)
    witness.took(camera, batch, reel.span, purpose)
    return StreamingResponse(body, 200 if wanted is None else 206, headers, "video/mp4")


def planned(backed: Backing, inside: films.Inside, asked: Asked) -> Reel:
    try:
        return films.plan(backed.database.evidence, backed.archive, asked, backed.clock.now(), inside)
    except NothingToShow as error:
        raise NoFootage(str(error)) from error
    except NoCopyAnswers as error:
        raise none_answers(error) from error


def _blocks(backed: Backing, reel: Reel, first: int, last: int) -> Iterator[bytes]:
    try:
        yield from map(bytes, reel.blocks(backed.archive, first, last))
    except NoCopyAnswers as error:
        raise none_answers(error) from error
