"""Which cameras may be watched live, and tickets to their pictures. The pictures come from a process of their own
(``dashboard.live``), at another port of the same host; this one never carries any.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from dashboard.access.tickets import LIVE_LASTS
from dashboard.access.wall import on_the_wall
from dashboard.api.access_shapes import LiveTicket, WallCamera
from dashboard.api.backing import Backed
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import RESPONSES, UnknownCamera
from dashboard.api.witness import refuse_withheld

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
def live_ticket(
    backed: Backed, viewer: Viewing, seen: Seen, response: Response, camera: Annotated[str, Path(max_length=64)]
) -> LiveTicket:
    """Where the live pictures of a camera are, for this session and the next half minute: to be opened as a WebSocket
    at that port of this host, or asked for there by WHEP.
    """
    response.headers.update(NO_STORE)
    setup, now = backed.database.setup, backed.clock.now()
    shown = on_the_wall(seen.account, setup.sittings(), setup.sites(), now)
    if camera not in {each.camera.id for each in shown}:
        raise UnknownCamera(f"there is no camera {camera} that may be watched now")
    refuse_withheld(backed, viewer, camera, now)
    ticket = backed.live.tickets.issue(viewer.session_id, camera, now)
    return LiveTicket(
        port=backed.live.port,
        path=f"/api/v1/live/{camera}?ticket={ticket}",
        whep=f"/api/v1/whep/{camera}?ticket={ticket}",
        until=now + LIVE_LASTS,
    )
