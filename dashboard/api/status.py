"""What the service does right now: recorders, cameras, and whether the dashboard itself is well."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fastapi import APIRouter

from analysis.live import Standing, is_alive, living, standings
from dashboard.api.backing import Backed, Backing
from dashboard.api.problems import RESPONSES
from dashboard.api.shapes import (
    CameraStatus,
    ConnectionShape,
    Health,
    OutageShape,
    RecorderShape,
    RecordingState,
    Status,
)
from domain.evidence import CameraEvent, Cause, Recorder
from domain.places import Site

router = APIRouter(tags=["status"], responses=RESPONSES)


@router.get("/health")
def health(backed: Backed) -> Health:
    """200 while the dashboard answers and its database does."""
    backed.database.ping()
    return Health(at=backed.clock.now())


@router.get("/status")
def status(backed: Backed) -> Status:
    """Which recorders live, and for every camera whether it is being recorded and when it last showed a picture."""
    now = backed.clock.now()
    evidence = backed.database.evidence
    alive = living(evidence, now)
    last = evidence.last_recorder()
    return Status(
        at=now,
        recorders=tuple(_recorder(each, now) for each in alive or ([last] if last is not None else [])),
        cameras=tuple(_cameras(backed, {recorder.id for recorder in alive}, now)),
    )


def _recorder(recorder: Recorder, now: datetime) -> RecorderShape:
    return RecorderShape(
        id=recorder.id,
        host=recorder.host,
        started=recorder.started,
        seen=recorder.seen,
        ended=recorder.ended,
        alive=is_alive(recorder, now),
    )


def _cameras(backed: Backing, alive: set[str], now: datetime) -> Iterable[CameraStatus]:
    evidence = backed.database.evidence
    sittings = backed.database.setup.sittings()
    wanted = {camera.id for each in sittings if each.wants_recording(now) for camera in each.cameras()}
    places = list(_places(backed.database.setup.sites()))
    found = standings(evidence, alive, [camera for camera, _, _ in places])
    for camera, site, room in places:
        state, outage = camera_state(found[camera], wanted=camera in wanted)
        last = evidence.last_segment(camera)
        yield CameraStatus(
            camera=camera,
            site=site,
            room=room,
            state=state,
            last_frame=last.interval.end if last is not None else None,
            outage=outage,
            connection=_connection(found[camera].event) if state is not RecordingState.IDLE else None,
        )


def _connection(event: CameraEvent | None) -> ConnectionShape | None:
    if event is None:
        return None
    return ConnectionShape(state=event.state, since=event.at, detail=event.detail, changes=event.changes)


def camera_state(standing: Standing, *, wanted: bool) -> tuple[RecordingState, OutageShape | None]:
    """What a camera does. A wanted one that no living recorder is at is named as coverage will name it."""
    if standing.run is not None:
        return RecordingState.RECORDING, None
    if not wanted:
        return RecordingState.IDLE, None
    if (outage := standing.outage) is None:
        return RecordingState.OUTAGE, OutageShape(start=None, cause=Cause.RECORDER_STOPPED, detail="")
    return RecordingState.OUTAGE, OutageShape(start=outage.start, cause=outage.cause, detail=outage.detail)


def _places(sites: Iterable[Site]) -> Iterable[tuple[str, str, str]]:
    for site in sites:
        for room in site.rooms:
            for camera in room.cameras:
                yield camera.id, site.id, room.id
