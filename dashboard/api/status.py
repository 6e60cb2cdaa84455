"""What the service does right now: recorders, cameras, and whether the dashboard itself is well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from fastapi import APIRouter

from analysis.coverage import HEARTBEAT_LIMIT
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
from domain.evidence import CameraEvent, Cause, Outage, Recorder, Run
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
    recorders = backed.database.evidence.recorders(None)
    alive = [recorder for recorder in recorders if is_alive(recorder, now)]
    return Status(
        at=now,
        recorders=tuple(_recorder(recorder, now) for recorder in alive or recorders[-1:]),
        cameras=tuple(_cameras(backed, {recorder.id for recorder in alive}, now)),
    )


def is_alive(recorder: Recorder, now: datetime) -> bool:
    """Not ended, and heard from within the limit that coverage uses too."""
    return recorder.ended is None and now - recorder.seen <= HEARTBEAT_LIMIT


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
    runs = {run.camera: run for run in evidence.open_runs() if run.recorder in alive}
    outages = {outage.camera: outage for outage in evidence.open_outages()}
    sittings = backed.database.setup.sittings()
    wanted = {camera.id for each in sittings if each.wants_recording(now) for camera in each.cameras()}
    events = evidence.latest_events()
    for camera, site, room in _places(backed.database.setup.sites()):
        state, outage = camera_state(camera, wanted, runs, outages, bool(alive))
        last = evidence.last_segment(camera)
        yield CameraStatus(
            camera=camera,
            site=site,
            room=room,
            state=state,
            last_frame=last.interval.end if last is not None else None,
            outage=outage,
            connection=_connection(events.get(camera), alive) if state is not RecordingState.IDLE else None,
        )


def _connection(event: CameraEvent | None, alive: set[str]) -> ConnectionShape | None:
    """What the camera's newest event says, as long as the recorder that wrote it lives."""
    if event is None or event.recorder not in alive:
        return None
    return ConnectionShape(state=event.state, since=event.at, detail=event.detail, changes=event.changes)


def camera_state(
    camera: str, wanted: set[str], runs: Mapping[str, Run], outages: Mapping[str, Outage], recorder_alive: bool
) -> tuple[RecordingState, OutageShape | None]:
    """What a camera does: ``runs`` are the open runs of living recorders, ``outages`` those that last."""
    if camera in wanted and not recorder_alive:
        return RecordingState.OUTAGE, OutageShape(start=None, cause=Cause.RECORDER_STOPPED, detail="")
    outage = outages.get(camera)
    if outage is not None and camera in wanted:
        return RecordingState.OUTAGE, OutageShape(start=outage.start, cause=outage.cause, detail=outage.detail)
    if camera in runs:
        return RecordingState.RECORDING, None
    if camera in wanted:
        return RecordingState.OUTAGE, OutageShape(start=None, cause=Cause.UNEXPLAINED, detail="")
    return RecordingState.IDLE, None


def _places(sites: Iterable[Site]) -> Iterable[tuple[str, str, str]]:
    for site in sites:
        for room in site.rooms:
            for camera in room.cameras:
                yield camera.id, site.id, room.id
