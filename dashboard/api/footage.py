"""Footage for playing: an HLS playlist of a camera (RFC 8216) and the bytes of its segments, in parts or whole.

A segment is one fMP4 file: its head (ftyp, moov) is served as init.mp4, the rest as media.m4s. Of a file with sound
the browser gets the pictures alone (docs/decisions/0018-sound.md); all else is unchanged. Media time
starts at 0 in every file, so a discontinuity stands between any two, and each carries its own wall-clock time; a gap
is where that clock jumps. Not here: what is played where two recorders recorded (``analysis.pieces``), and whose
footage somebody may see (``dashboard.access``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response, StreamingResponse

from analysis.ledgers import camera_ledger
from analysis.pieces import Piece, pieces
from dashboard.access.errors import HeldBack, TicketUnknown
from dashboard.access.login import Viewer
from dashboard.access.permits import LONGEST, SHORTEST
from dashboard.access.sight import Sight
from dashboard.access.table import SAYS_WHY
from dashboard.access.tickets import Ticket
from dashboard.api.access_shapes import PermittedCamera
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import NO_STORE, Seen, SeenPermitted, Viewing
from dashboard.api.problems import (
    GONE,
    FootageDisposed,
    FootageWithheld,
    ImpossibleSpan,
    NoFootage,
    NoneAnswers,
    PurposeNeeded,
    RangeNotSatisfiable,
)
from dashboard.api.witness import Witness, Witnessed, asked_span
from domain.evidence import Segment
from domain.timeline import Interval, rfc3339
from storage.archive import NoCopyAnswers, WentByOrder, Withheld, gone_by
from storage.media import FileIndex, MediaError, read_index, tells_of_sound, without_sound

router = APIRouter(tags=["footage"], responses=GONE)

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
BLOCK_BYTES = 4 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

# Footage shows people: no browser or proxy keeps it.
_HEADERS = {"Cache-Control": "private, no-store", "Accept-Ranges": "bytes"}

InAddress = Annotated[str, Path(max_length=1024)]
CameraId = Annotated[str, Path(max_length=64)]
From = Annotated[datetime, Query(description="RFC 3339 with zone")]
To = Annotated[datetime, Query(description="RFC 3339 with zone")]
_PLAYLIST: dict[int | str, dict[str, Any]] = {200: {"content": {PLAYLIST_TYPE: {}}}}


@router.get("/cameras/{camera}/playlist.m3u8", response_class=Response, responses=_PLAYLIST)
def playlist(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    camera: CameraId,
    start: From,
    end: To,
    purpose: Annotated[str, Query(max_length=LONGEST, description="Why, in the viewer's own words")] = "",
) -> Response:
    """What can be played of a camera's footage between two instants, oldest first, from one recorder at a time.

    Footage outside the viewer's scope is left out; so is what a sitting holds back that is not closed, and what is
    withheld 误摄扣留, but for those who decide on it. City officers and auditors say why.
    """
    span = asked_for(start, end)
    says_why(viewer, purpose)
    recorded = _pieces(backed, camera, span, seen)
    return _listed(_playable(seen, recorded, camera, span), witness, camera, span, purpose)


@router.get("/permits/{permit}/cameras", tags=["permits"])
def permitted_cameras(seen: SeenPermitted, response: Response) -> tuple[PermittedCamera, ...]:
    """The cameras that a permit of one's own opens, as it stands now."""
    response.headers.update(NO_STORE)
    rooms = {camera.id: room.name for sitting in seen.sittings() for room in sitting.rooms for camera in room.cameras}
    return tuple(
        PermittedCamera(camera=camera, room=room)
        for camera, room in sorted(rooms.items())
        if seen.permit.is_for(seen.permit.batch, camera)
    )


@router.get(
    "/permits/{permit}/cameras/{camera}/playlist.m3u8", tags=["permits"], response_class=Response, responses=_PLAYLIST
)
def permitted_playlist(
    *, backed: Backed, seen: SeenPermitted, witness: Witnessed, camera: CameraId, start: From, end: To
) -> Response:
    """As ``playlist``, for what a permit of one's own opens: nothing in it shows another time than it is for.

    Pictures need the key frame before them, so it may begin a little later than asked for.
    """
    span = asked_for(start, end)
    only = span.intersection(seen.permit.span)
    recorded = [] if only is None else _pieces(backed, camera, only, seen, only)
    return _listed(_playable(seen, recorded, camera, span), witness, camera, span, seen.permit.purpose)


@router.get("/footage/{ticket}/init.mp4", response_class=Response, responses={200: {"content": {"video/mp4": {}}}})
def init_part(backed: Backed, seen: Seen, viewer: Viewing, ticket: InAddress) -> Response:
    """The head of a segment: what a player must know before any picture."""
    segment = _segment(backed, seen, _opened(backed, viewer, ticket))
    head = _head(backed, segment, deciding=seen.decides)
    index = _sounding(backed, segment, head, deciding=seen.decides)
    head = head if index is None else without_sound(head, 0, index)
    return Response(head, media_type="video/mp4", headers=_HEADERS)


@router.get(
    "/footage/{ticket}/media.m4s",
    response_class=Response,
    responses={200: {"content": {"video/iso.segment": {}}}, 206: {"content": {"video/iso.segment": {}}}},
)
def media_part(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    ticket: InAddress,
    byte_range: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
) -> Response:
    """The pictures of a segment, or one byte range of them (RFC 9110 14), as far as the ticket is for them."""
    opened = _opened(backed, viewer, ticket)
    segment = _segment(backed, seen, opened)
    size = segment.size_bytes - segment.init_size_bytes
    wanted = asked_range(byte_range, size)
    first, last = wanted if wanted is not None else (0, size - 1)
    if not opened.covers(first, last):
        raise TicketUnknown("the address is for another part of this footage")
    headers = {**_HEADERS, "Content-Length": str(last - first + 1)}
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    deciding = seen.decides
    index = _sounding(backed, segment, _head(backed, segment, deciding=deciding), deciding=deciding)
    first += segment.init_size_bytes
    body = _read(backed, segment, first, last + segment.init_size_bytes - first + 1, index, deciding=deciding)
    witness.fetched(segment)
    return StreamingResponse(body, 200 if wanted is None else 206, headers, "video/iso.segment")


@router.get("/footage/{ticket}/file.mp4", response_class=Response, responses={200: {"content": {"video/mp4": {}}}})
def whole_file(backed: Backed, seen: Seen, witness: Witnessed, viewer: Viewing, ticket: InAddress) -> Response:
    """The segment as it is kept, to be saved: for what no browser plays, and for checking its hash."""
    segment = _segment(backed, seen, _opened(backed, viewer, ticket))
    if seen.unclosed()(segment):
        raise HeldBack("the file may be saved once the sitting is closed")
    name = quote("-".join(segment.key.split("/")[-2:]))
    headers = {
        **_HEADERS,
        "Accept-Ranges": "none",
        "Content-Length": str(segment.size_bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
    }
    body = _read(backed, segment, 0, segment.size_bytes)
    witness.saved(segment)
    return StreamingResponse(body, 200, headers, "video/mp4")


def media_playlist(found: Sequence[Piece], tickets: Sequence[str]) -> str:
    """The playlist of these pieces, with their tickets; each begins with its own head, clock and media time."""
    longest = max(math.ceil(piece.interval.seconds) for piece in found)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{longest}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for index, (piece, ticket) in enumerate(zip(found, tickets, strict=True)):
        address = f"/api/v1/footage/{ticket}"
        first, length = piece.byte_range or (0, 0)
        lines += ["#EXT-X-DISCONTINUITY"] if index else []
        lines += [
            f'#EXT-X-MAP:URI="{address}/init.mp4"',
            f"#EXT-X-PROGRAM-DATE-TIME:{rfc3339(piece.interval.start)}",
            f"#EXTINF:{piece.interval.seconds:.6f},",
            *([f"#EXT-X-BYTERANGE:{length}@{first}"] if piece.byte_range is not None else []),
            f"{address}/media.m4s",
        ]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def asked_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """First and last byte of a Range header with one range; None for none, or for a form that may be ignored.

    Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()):
        return None
    begins, ends = match.groups()
    if not begins:
        first, last = max(0, size_bytes - int(ends)), size_bytes - 1
    else:
        first, last = int(begins), min(int(ends), size_bytes - 1) if ends else size_bytes - 1
        if ends and int(ends) < first:
            return None  # RFC 9110 14.1.1: an invalid range is ignored
    if first >= size_bytes or first > last:
        raise RangeNotSatisfiable(size_bytes)
    return first, last


def _pieces(backed: Backing, camera: str, span: Interval, seen: Sight, only: Interval | None = None) -> list[Piece]:
    """Raises FootageDisposed, FootageWithheld where that is all that there is."""
    inside = seen.footage()
    ledger = camera_ledger(backed.database.evidence, camera, span)
    within = [segment for segment in ledger.segments if segment.interval.overlaps(span) and inside(segment)]
    there = [segment for segment in within if segment.key not in ledger.disposed]
    if within and not there:
        raise FootageDisposed(gone_by(ledger.disposed[within[0].key]))
    shown = [segment for segment in there if seen.decides or segment.key not in ledger.withheld]
    if there and not shown:
        raise FootageWithheld(Withheld("", ledger.withheld[there[0].key]).told)
    opened = partial(backed.archive.opened, deciding=seen.decides)
    try:
        return pieces(replace(ledger, segments=shown), opened, backed.clock.now(), only)
    except NoCopyAnswers as error:
        raise none_answers(error) from error
    except MediaError as error:
        raise NoneAnswers(f"a file of camera {camera} cannot be cut to what the permit is for") from error


def _playable(seen: Sight, recorded: Sequence[Piece], camera: str, span: Interval) -> list[Piece]:
    """What of the pieces is not held back. Raises HeldBack, NoFootage where that is nothing."""
    held_back = seen.held_back()
    found = [piece for piece in recorded if not held_back(piece.segment)]
    if recorded and not found:
        raise HeldBack(f"the footage of camera {camera} may be watched once the sitting is closed")
    if not found:
        first, last = rfc3339(span.start), rfc3339(span.end)
        raise NoFootage(f"camera {camera} has no footage to play between {first} and {last}")
    return found


def _listed(found: Sequence[Piece], witness: Witness, camera: str, span: Interval, purpose: str) -> Response:
    """The playlist of these pieces, written down before it is given."""
    backed = witness.backed
    for batch in sorted({piece.segment.batch for piece in found}):
        witness.opened(camera, batch, span, purpose)
    now, session = backed.clock.now(), witness.viewer.session_id
    tickets = [backed.tickets.issue(session, _ticket(piece, witness.permit), now) for piece in found]
    return Response(media_playlist(found, tickets), media_type=PLAYLIST_TYPE, headers=NO_STORE)


def says_why(viewer: Viewer, purpose: str) -> None:
    """Raises PurposeNeeded where the role has to say why, and nobody did."""
    if viewer.account.role in SAYS_WHY and len(purpose.strip()) < SHORTEST:
        raise PurposeNeeded(f"a {viewer.account.role} says why: purpose= with at least {SHORTEST} characters")


def asked_for(start: datetime, end: datetime) -> Interval:
    """The span between two instants of a request. Raises ImpossibleSpan."""
    try:
        return asked_span(start, end)
    except ValueError as error:
        raise ImpossibleSpan(str(error)) from error


def _ticket(piece: Piece, permit: str) -> Ticket:
    first, length = piece.byte_range or (0, None)
    return Ticket(piece.segment.key, first, None if length is None else first + length - 1, permit)


def _opened(backed: Backing, viewer: Viewer, ticket: str) -> Ticket:
    return backed.tickets.open(viewer.session_id, ticket, backed.clock.now())


def _segment(backed: Backing, seen: Sight, ticket: Ticket) -> Segment:
    """The segment of a ticket, which the guard found inside the scope. Raises TicketUnknown, HeldBack."""
    found = backed.database.evidence.segment(ticket.key)
    if found is None:
        raise TicketUnknown("there is no such footage")
    if seen.held_back()(found):
        raise HeldBack("the footage may be watched once the sitting is closed")
    return found


def _head(backed: Backing, segment: Segment, *, deciding: bool) -> bytes:
    return b"".join(_blocks(backed, segment, 0, segment.init_size_bytes, deciding=deciding))


def _sounding(backed: Backing, segment: Segment, head: bytes, *, deciding: bool) -> FileIndex | None:
    """Where the sound of a segment lies; None where it has none, or cannot be read as its row says it can."""
    if not tells_of_sound(head):
        return None
    try:
        with backed.archive.opened(segment, deciding=deciding) as file:
            return read_index(file)
    except MediaError:
        return None


def _read(
    backed: Backing,
    segment: Segment,
    offset: int,
    length: int,
    silenced: FileIndex | None = None,
    *,
    deciding: bool = False,
) -> Iterator[bytes]:
    """The first block is read before the answer begins, so that footage nobody can read is refused in words.

    ``silenced`` is the index of a file of which the sound is to be left out.
    """
    blocks = _blocks(backed, segment, offset, length, deciding=deciding)
    told = chain([next(blocks, b"")], blocks)
    return told if silenced is None else _silenced(told, offset, silenced)


def _silenced(blocks: Iterable[bytes], offset: int, index: FileIndex) -> Iterator[bytes]:
    for block in blocks:
        yield without_sound(block, offset, index)
        offset += len(block)


def _blocks(backed: Backing, segment: Segment, offset: int, length: int, *, deciding: bool) -> Iterator[bytes]:
    end = offset + length
    while offset < end:
        try:
            block = backed.archive.read(segment, offset, min(BLOCK_BYTES, end - offset), deciding=deciding)
        except NoCopyAnswers as error:
            raise none_answers(error) from error
        yield block
        offset += len(block)


def none_answers(error: NoCopyAnswers) -> NoneAnswers | FootageDisposed | FootageWithheld:
    """What a viewer is told of it: no file and no place by its name."""
    if isinstance(error, WentByOrder):
        return FootageDisposed(error.told)
    if isinstance(error, Withheld):
        return FootageWithheld(error.told)
    said = ", ".join(f"{refusal.place} {refusal.why}" for refusal in error.refusals)
    return NoneAnswers(f"no copy of the footage answers ({said or 'there is none any more'})")
