"""How cameras, NVRs and host clocks stand right now, by what the recorders that live have written of them.

Each recorder speaks for itself, as in coverage: a camera is recorded where any living recorder records it, and
what a dead one left open counts for nothing. Not here: what was covered (``analysis.coverage``) and when an NVR was
gone within a sitting (``analysis.nvrs``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.clocks import VOUCHED
from analysis.coverage import HEARTBEAT_LIMIT
from analysis.nvrs import OF_A_DEVICE
from domain.evidence import CameraEvent, CameraState, Cause, Outage, Recorder, Run
from domain.host_clock import ClockState, HostClock, judge_clock, pooled
from domain.places import Camera, Room, Site, Sitting
from domain.timeline import Interval
from storage.database import Evidence


@dataclass(frozen=True, slots=True)
class Standing:
    """One camera now, as living recorders tell it. At most one of ``run`` and ``outage`` is set; with neither,
    no recorder that lives is at it. ``events`` holds the newest word of each of them, the newest first.
    """

    run: Run | None = None
    outage: Outage | None = None
    events: tuple[CameraEvent, ...] = ()

    @property
    def event(self) -> CameraEvent | None:
        """Of several recorders' words the best: one that has pictures is enough."""
        live = [event for event in self.events if event.state is CameraState.LIVE]
        return next(iter((*live, *self.events)), None)

    @property
    def connection(self) -> CameraEvent | None:
        """The best word, put right by run and outage: of a camera that comes and goes not every change is told."""
        event = self.event
        if event is None:
            return None
        if self.run is not None and event.state is not CameraState.LIVE:
            return replace(event, state=CameraState.LIVE, at=self.run.started, detail="")
        if self.outage is not None and event.state is CameraState.LIVE:
            state = CameraState.STALLED if self.outage.cause is Cause.NO_DATA else CameraState.LOST
            return replace(event, state=state, at=self.outage.start, detail=self.outage.detail)
        return event


@dataclass(frozen=True, slots=True)
class Placed:
    """A camera where it stands; ``wanted`` while a sitting wants it recorded."""

    site: Site
    room: Room
    camera: Camera
    wanted: bool


@dataclass(frozen=True, slots=True)
class NvrOut:
    """No wanted camera of an NVR is recorded ``since`` the last of them went: look at the NVR before the cameras.

    ``state`` is the one that its cameras are in, where they agree, and ``cause`` the one ranked first.
    """

    site: Site
    nvr: str
    since: datetime
    cause: Cause
    state: CameraState | None
    cameras: tuple[Camera, ...]


def is_alive(recorder: Recorder, now: datetime) -> bool:
    """Not ended, and heard from within the limit that coverage uses too."""
    return recorder.ended is None and now - recorder.seen <= HEARTBEAT_LIMIT


def living(evidence: Evidence, now: datetime) -> list[Recorder]:
    """Recorders that live, by start. Raises DatabaseUnavailable."""
    return [recorder for recorder in evidence.open_recorders() if is_alive(recorder, now)]


def standings(evidence: Evidence, lives: Collection[str], cameras: Sequence[str]) -> dict[str, Standing]:
    """How these cameras stand; ``lives`` are the ids of the recorders that live. Raises DatabaseUnavailable."""
    runs, outages, events = defaultdict(list), defaultdict(list), defaultdict(list)
    for run in evidence.open_runs():
        if run.recorder in lives:
            runs[run.camera].append(run)
    for outage in evidence.open_outages():
        if outage.recorder in lives or (outage.recorder is None and lives):
            outages[outage.camera].append(outage)
    for event in evidence.latest_events(lives, cameras):
        events[event.camera].append(event)
    return {each: Standing(*current(runs[each], outages[each]), tuple(events[each])) for each in cameras}


def current(runs: Iterable[Run], outages: Sequence[Outage]) -> tuple[Run | None, Outage | None]:
    """The run that records a camera, else the outage that is named: the best ranked, since when nobody records.

    Both are open and of recorders that live. A recorder with an outage does not record, whatever run it has begun;
    an outage of which the recorder is unknown is every recorder's.
    """
    out = {outage.recorder for outage in outages}
    recording = [run for run in runs if None not in out and run.recorder not in out]
    if recording:
        return min(recording, key=lambda run: run.started), None
    if not outages:
        return None, None
    named = min(outages, key=lambda outage: outage.cause.rank)
    return None, replace(named, start=max(outage.start for outage in outages))


def placed(sites: Iterable[Site], sittings: Iterable[Sitting], now: datetime) -> list[Placed]:
    """Every camera once, by site and room: as sittings in progress know it, else as it is set up now."""
    wanting = [sitting for sitting in sittings if sitting.wants_recording(now)]
    wanted = {camera.id: _Seat(each.site, room, camera) for each in wanting for room, camera in _cameras(each.rooms)}
    set_up = {camera.id: _Seat(site, room, camera) for site in sites for room, camera in _cameras(site.rooms)}
    found = set_up | wanted
    order = sorted(found, key=lambda name: (found[name].site.id, found[name].room.id))
    return [Placed(seat.site, seat.room, seat.camera, name in wanted) for name in order for seat in [found[name]]]


def nvrs_out(cameras: Iterable[Placed], found: Mapping[str, Standing]) -> list[NvrOut]:
    """NVRs of which two or more cameras are wanted and every one of them is out for a cause that a device has."""
    behind: dict[tuple[str, str], list[Placed]] = defaultdict(list)
    for each in cameras:
        if each.wanted and each.camera.nvr is not None:
            behind[each.site.id, each.camera.nvr].append(each)
    gone = (_nvr_out(nvr, group, found) for (_, nvr), group in behind.items() if len(group) > 1)
    return [each for each in gone if each is not None]


def _nvr_out(nvr: str, group: Sequence[Placed], found: Mapping[str, Standing]) -> NvrOut | None:
    outages = [found[each.camera.id].outage for each in group]
    told = [outage for outage in outages if outage is not None and outage.cause in OF_A_DEVICE]
    if len(told) < len(group):
        return None
    said = [found[each.camera.id].connection for each in group]
    states = {event.state if event is not None else None for event in said}
    cameras = sorted((each.camera for each in group), key=lambda camera: (camera.channel or 0, camera.id))
    return NvrOut(
        site=group[0].site,
        nvr=nvr,
        since=max(outage.start for outage in told),
        cause=min((outage.cause for outage in told), key=lambda cause: cause.rank),
        state=states.pop() if len(states) == 1 else None,
        cameras=tuple(cameras),
    )


def host_clocks_now(evidence: Evidence, now: datetime) -> dict[str, HostClock]:
    """The last reading of each host's clock in which anybody said anything, else the last one, by the host's name.

    All processes of a host count together. A host that was not read lately is missing. Raises DatabaseUnavailable.
    """
    lately = Interval(now - VOUCHED, now + VOUCHED)  # the clock that read and ours may differ a little
    hosts = {each.id: each.host for each in evidence.recorders(lately)}
    readings: dict[str, list[HostClock]] = defaultdict(list)
    for reading in evidence.clock_readings(lately):
        readings[hosts.get(reading.recorder, reading.recorder)].append(reading)
    return {host: _latest(pooled(found)) for host, found in readings.items()}


def _latest(readings: Sequence[HostClock]) -> HostClock:
    telling = (each for each in reversed(readings) if judge_clock(each).state is not ClockState.UNWITNESSED)
    return next(telling, readings[-1])


@dataclass(frozen=True, slots=True)
class _Seat:
    site: Site
    room: Room
    camera: Camera


def _cameras(rooms: Iterable[Room]) -> Iterator[tuple[Room, Camera]]:
    return ((room, camera) for room in rooms for camera in room.cameras)
