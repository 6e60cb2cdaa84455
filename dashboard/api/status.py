"""What the service does right now: recorders, cameras, and whether the dashboard itself is well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter

from analysis.clocks import camera_drift
from analysis.live import NvrOut, Placed, Standing, host_clocks_now, is_alive, living, nvrs_out, placed, standings
from dashboard.access.sight import Sight
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import Seen
from dashboard.api.problems import RESPONSES
from dashboard.api.shapes import (
    BrokenGlassShape,
    CameraDrift,
    CameraStatus,
    ClockStatus,
    ConnectionShape,
    Health,
    NvrStatus,
    OutageShape,
    RecorderShape,
    RecordingState,
    Status,
    WebhookStatus,
)
from domain.alarms import Receiver
from domain.evidence import CameraEvent, Cause, Recorder
from domain.host_clock import HostClock, judge_clock
from domain.timeline import Interval

DRIFT_OVER = timedelta(hours=1)
"""Six times what the least drift that can be told is told by."""

router = APIRouter(tags=["status"], responses=RESPONSES)


@router.get("/health")
def health(backed: Backed) -> Health:
    """200 while the dashboard answers and its database does."""
    backed.database.ping()
    return Health(at=backed.clock.now())


@router.get("/status")
def status(backed: Backed, seen: Seen) -> Status:
    """Which recorders live and how far their hosts' clocks are proven; of the viewer's scope, each camera and NVR."""
    now = backed.clock.now()
    evidence = backed.database.evidence
    alive = living(evidence, now)
    last = evidence.last_recorder()
    cameras = _placed(seen, now)
    found = standings(evidence, {each.id for each in alive}, [each.camera.id for each in cameras])
    return Status(
        at=now,
        recorders=tuple(_recorder(each, now) for each in alive or ([last] if last is not None else [])),
        cameras=tuple(_camera(backed, each, found[each.camera.id]) for each in cameras),
        nvrs=tuple(_nvr(each) for each in nvrs_out(cameras, found)),
        host_clocks=tuple(_clocks(alive, host_clocks_now(evidence, now))),
        webhooks=tuple(map(webhook_status, backed.database.alarms.receivers(backed.measured.webhooks))),
        broken_glass=broken_glass(backed),
    )


@router.get("/status/drifts")
def drifts(backed: Backed, seen: Seen) -> list[CameraDrift]:
    """How the clocks of the viewer's cameras drift, by the footage of the last hour; of some it cannot be told.

    Reads far more than the status does: to be asked once a minute, when another file may be there.
    """
    now = backed.clock.now()
    lately, evidence = Interval(now - DRIFT_OVER, now), backed.database.evidence
    cameras = [each.camera.id for each in _placed(seen, now)]
    found = ((camera, camera_drift(evidence.segments(camera, lately))) for camera in cameras)
    return [
        CameraDrift(camera=camera, drift_ppm=each.ppm, low_ppm=each.low_ppm, high_ppm=each.high_ppm)
        for camera, each in found
        if each is not None
    ]


def _placed(seen: Sight, now: datetime) -> list[Placed]:
    kept_from = seen.kept_from()
    return [each for each in placed(seen.sites(), seen.sittings(), now) if each.camera.id not in kept_from]


def _recorder(recorder: Recorder, now: datetime) -> RecorderShape:
    return RecorderShape(
        id=recorder.id,
        host=recorder.host,
        started=recorder.started,
        seen=recorder.seen,
        ended=recorder.ended,
        alive=is_alive(recorder, now),
    )


def _camera(backed: Backing, placed: Placed, standing: Standing) -> CameraStatus:
    camera = placed.camera
    state, outage = camera_state(standing, wanted=placed.wanted)
    last = backed.database.evidence.last_segment(camera.id)
    return CameraStatus(
        camera=camera.id,
        site=placed.site.id,
        site_name=placed.site.name,
        room=placed.room.id,
        room_name=placed.room.name,
        sees=camera.sees,
        nvr=camera.nvr,
        channel=camera.channel,
        state=state,
        last_frame=last.interval.end if last is not None else None,
        clock_offset_s=last.clock_offset_s if last is not None else None,
        outage=outage,
        connection=_connection(standing.connection) if state is not RecordingState.IDLE else None,
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


def _nvr(out: NvrOut) -> NvrStatus:
    return NvrStatus(
        nvr=out.nvr,
        site=out.site.id,
        site_name=out.site.name,
        since=out.since,
        cause=out.cause,
        connection=out.state,
        cameras=tuple(camera.id for camera in out.cameras),
    )


def broken_glass(backed: Backing) -> tuple[BrokenGlassShape, ...]:
    """The emergency accounts that everybody is told of, the latest first."""
    now = backed.clock.now()
    return tuple(
        BrokenGlassShape(
            account=each.account,
            role=each.role,
            opened=each.opened,
            until=each.until,
            open=each.is_open(now),
            by=each.actor.name,
            reason=each.reason,
        )
        for each in backed.database.broken_glass.told(now)
    )


def webhook_status(receiver: Receiver) -> WebhookStatus:
    """How far a webhook is told."""
    return WebhookStatus(
        name=receiver.name,
        waiting=receiver.waiting,
        parked=receiver.parked,
        failing_since=receiver.failing_since,
        reason=receiver.reason,
    )


def _clocks(alive: Iterable[Recorder], latest: Mapping[str, HostClock]) -> Iterator[ClockStatus]:
    for host in sorted({each.host for each in alive if each.reads_clock}):
        reading = latest.get(host)
        found = judge_clock(reading) if reading is not None else None
        yield ClockStatus(
            host=host,
            at=reading.at if reading is not None else None,
            state=found.state if found is not None else None,
            synchronised=found.synchronised if found is not None else None,
            by=found.by if found is not None else None,
            offset_s=found.offset_s if found is not None else None,
            error_s=found.error_s if found is not None else None,
        )
