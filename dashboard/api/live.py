"""Which cameras may be watched live, and tickets to their pictures. The pictures come from a process of their own
(``dashboard.live``), at another port of the same host; this one never carries any.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.status import HTTP_201_CREATED

from dashboard.access.sight import Sight
from dashboard.access.tickets import LIVE_LASTS
from dashboard.access.wall import OnTheWall, on_the_wall
from dashboard.api.access_shapes import LiveTicket, WallCamera
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import RESPONSES, UnknownCamera
from dashboard.api.visit_shapes import SnapshotBody, SnapshotShape
from dashboard.api.witness import Witnessed, refuse_withheld
from domain.timeline import Interval, rfc3339, utc
from records.errors import ImpossibleTime, VisitRefused

TAKEN_WITHIN = timedelta(seconds=30)
"""How long after a picture was shown its instant may be named. Project default: more than a tile lags and a slow
network takes, and too little for somebody to name an instant that they think of later."""

_AHEAD = timedelta(seconds=1)  # by so much a browser may be wrong about this host's clock

CameraId = Annotated[str, Path(max_length=64)]

router = APIRouter(prefix="/live", tags=["live"], responses=RESPONSES)


@router.get("")
def wall(backed: Backed, seen: Seen, response: Response) -> tuple[WallCamera, ...]:
    """The cameras of sittings that are open or will be within two hours, as far as the viewer may watch them live."""
    response.headers.update(NO_STORE)
    setup = backed.database.setup
    shown = on_the_wall(seen.account, setup.sittings(), setup.sites(), backed.clock.now())
    return tuple(
        WallCamera(
            camera=each.camera.id,
            sees=each.camera.sees,
            batch=each.sitting.batch.id,
            project=each.sitting.batch.project,
            sitting=each.sitting.plan.number,
            site=each.sitting.site.id,
            site_name=each.sitting.site.name,
            county=each.sitting.site.county,
            room=each.room.id,
            room_name=each.room.name,
            start=each.sitting.start,
            opened=each.sitting.opened,
        )
        for each in shown
    )


@router.post("/{camera}")
def live_ticket(backed: Backed, viewer: Viewing, seen: Seen, response: Response, camera: CameraId) -> LiveTicket:
    """Where the live pictures of a camera are, for this session and the next half minute: to be opened as a WebSocket
    at that port of this host, or asked for there by WHEP.
    """
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    _shown(backed, seen, camera, now)
    refuse_withheld(backed, viewer, camera, now)
    ticket = backed.live.tickets.issue(viewer.session_id, camera, now)
    return LiveTicket(
        port=backed.live.port,
        path=f"/api/v1/live/{camera}?ticket={ticket}",
        whep=f"/api/v1/whep/{camera}?ticket={ticket}",
        until=now + LIVE_LASTS,
    )


@router.post("/{camera}/snapshots", status_code=HTTP_201_CREATED)
def snapshot(
    *, backed: Backed, seen: Seen, witness: Witnessed, response: Response, camera: CameraId, given: SnapshotBody
) -> SnapshotShape:
    """Name the picture that is shown live now, for a finding to point at. No picture is kept: it lies in the footage.

    It is written down that who asks was shown the camera at that instant, and only where the record of viewings says
    so too: in the same session, and not longer ago than half a minute.
    """
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    found = _shown(backed, seen, camera, now)
    at = min(utc(given.at), now)
    if utc(given.at) - now > _AHEAD or now - at > TAKEN_WITHIN:
        raise ImpossibleTime(f"the picture of {rfc3339(given.at)} is not shown now; it is {rfc3339(now)}")
    viewer, sitting = witness.viewer, found.sitting
    if not backed.database.viewings.shown_live(viewer.actor.name, viewer.session_id, camera, at):
        raise VisitRefused(f"camera {camera} was not shown here at {rfc3339(at)}; watch it on the wall first")
    if at not in sitting.window:
        raise VisitRefused(
            f"nothing is to be recorded of camera {camera} at {rfc3339(at)}: sitting {sitting.plan.number} of batch "
            f"{sitting.batch.id} is from {rfc3339(sitting.window.start)} to {rfc3339(sitting.window.end)}"
        )
    witness.snapped(camera, sitting.batch.id, Interval(at, at + timedelta(milliseconds=1)))
    return SnapshotShape(
        batch=sitting.batch.id, sitting=sitting.plan.number, room_name=found.room.name, camera=camera, at=at
    )


def _shown(backed: Backing, seen: Sight, camera: str, now: datetime) -> OnTheWall:
    """What of the wall that camera is now. Raises UnknownCamera."""
    setup = backed.database.setup
    shown = on_the_wall(seen.account, setup.sittings(), setup.sites(), now)
    found = next((each for each in shown if each.camera.id == camera), None)
    if found is None:
        raise UnknownCamera(f"there is no camera {camera} that may be watched now")
    return found
