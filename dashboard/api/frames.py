"""One picture of footage by its instant, small: what a finding of a visit points at.

It is made for each who asks, written down as footage that was sent, and kept nowhere. Not here: that a finding points
at it (``dashboard.api.visits``), and naming an instant of what is shown live (``dashboard.api.live``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from analysis.stills import SHOWS_S, file_of, picture_of
from dashboard.access.errors import HeldBack
from dashboard.api.backing import Backed, Backing
from dashboard.api.day_shapes import At
from dashboard.api.footage import none_answers, says_why
from dashboard.api.guard import Seen, Viewing
from dashboard.api.problems import GONE, FootageDisposed, NoFootage, NoneAnswers
from dashboard.api.witness import Witnessed
from domain.evidence import Segment
from domain.timeline import Interval, rfc3339, utc
from storage.archive import NoCopyAnswers, gone_by
from storage.media import MediaError

router = APIRouter(tags=["footage"], responses=GONE)

_TYPE = "image/jpeg"


@router.get(
    "/batches/{batch}/cameras/{camera}/frame.jpg",
    response_class=Response,
    responses={200: {"content": {_TYPE: {}}}},
)
def frame(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    batch: Annotated[str, Path(max_length=64)],
    camera: Annotated[str, Path(max_length=64)],
    at: Annotated[At, Query(description="RFC 3339 with zone")],
    purpose: Annotated[str, Query(max_length=200, description="Why, in the viewer's own words")] = "",
) -> Response:
    """The picture that a camera of a batch showed at an instant, as a small JPEG; ``Kaojian-Shown`` tells its own.

    Of a sitting that is not closed it goes to those on duty there alone. City officers and auditors say why.
    """
    says_why(viewer, purpose)
    at = utc(at)
    segment = file_of(backed.database.evidence, batch, camera, at)
    if segment is None or not seen.footage()(segment):
        raise NoFootage(f"camera {camera} recorded nothing at {rfc3339(at)}")
    if seen.held_back()(segment):
        raise HeldBack("the picture may be looked at once the sitting is closed")
    jpeg, shown = _picture(backed, segment, at)
    witness.looked(segment, Interval(shown, at + timedelta(milliseconds=1)), purpose)
    headers = {"Cache-Control": "private, no-store", "Kaojian-Shown": rfc3339(shown)}
    return Response(jpeg, media_type=_TYPE, headers=headers)


def _picture(backed: Backing, segment: Segment, at: datetime) -> tuple[bytes, datetime]:
    """Raises FootageDisposed, NoneAnswers, NoFootage."""
    gone = backed.database.evidence.disposed([segment.key])
    if segment.key in gone:
        raise FootageDisposed(gone_by(gone[segment.key]))
    try:
        found = picture_of(segment, at, backed.archive.opened)
    except NoCopyAnswers as error:
        raise none_answers(error) from error
    except (MediaError, OSError) as error:
        raise NoneAnswers(f"the file of camera {segment.camera} at {rfc3339(at)} cannot be decoded") from error
    if found is None:
        raise NoFootage(f"camera {segment.camera} has no picture within {SHOWS_S:g} s before {rfc3339(at)}")
    return found
