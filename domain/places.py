"""Where exams happen and what was promised to see them: sites, rooms, stations, cameras, batches, sittings.

A site's set-up and a batch's plan are each one *revision*: an immutable document, valid from an instant until the
next one. A sitting keeps the revisions it opened with, so that an old report can be computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from domain.calendar import local_day
from domain.phases import Phases, phases
from domain.pictures import Region
from domain.plan import Mounting, RoomPlan
from domain.timeline import Interval


class Transport(StrEnum):
    """How RTP travels from a camera (RFC 2326): interleaved in the RTSP connection, or as datagrams."""

    TCP = "tcp"
    UDP = "udp"


class Engine(StrEnum):
    """What speaks to a camera: our own RTSP client, libav, or the one of them that can."""

    AUTO = "auto"
    NATIVE = "native"
    LIBAV = "libav"


SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "file")
"""Of addresses that can be recorded. The native engine speaks the first; the pinned libav has no SRT."""


def scheme_of(url: str) -> str:
    """The scheme of an address, in lower case; ``file`` for a bare path."""
    scheme, found, _ = url.partition("://")
    return scheme.strip().lower() if found else "file"


@dataclass(frozen=True, slots=True)
class Station:
    """工位: one numbered place where one candidate works. ``id`` is unique within its site."""

    id: str


@dataclass(frozen=True, slots=True)
class Camera:
    """摄像机. ``id`` is unique in the installation; ``secret`` names a secret, it never is one.

    ``sees`` lists the stations in its picture; ``panoramic`` says it shows the whole room. ``nvr`` and ``channel``
    name the video recorder of its site that it is reached through, and where there. ``audio`` says that its sound is
    recorded too, which is asked of no camera otherwise. ``substream`` is the path of the stream that viewers are
    shown live instead of the recorded one, empty where there is none. ``regions`` say where in its picture stations
    lie, of those that it sees one at most each; of a station without one, no picture is looked at.
    """

    id: str
    url: str
    sees: tuple[str, ...]
    secret: str | None = None
    transport: Transport = Transport.TCP
    panoramic: bool = False
    nvr: str | None = None
    channel: int | None = None
    engine: Engine = Engine.AUTO
    audio: bool = False
    regions: tuple[Region, ...] = ()
    substream: str = ""

    @property
    def shown_url(self) -> str:
        """The address of what viewers are shown live: always at the same device as what is recorded."""
        if not self.substream:
            return self.url
        recorded = urlsplit(self.url)
        return f"{recorded.scheme}://{recorded.netloc}{self.substream}"


@dataclass(frozen=True, slots=True)
class Nvr:
    """硬盘录像机: a network video recorder of the site, one address and login for many cameras.

    ``max_sessions`` is how many connections it serves at once, None where that is not known. Never to be confused
    with the ``Recorder``, which is ours.
    """

    id: str
    address: str  # rtsp://host:port
    secret: str | None = None
    max_sessions: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """考场(试室): one room of a site with its stations and cameras, and its plan where one was drawn."""

    id: str
    name: str
    stations: tuple[Station, ...]
    cameras: tuple[Camera, ...]
    plan: RoomPlan | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """定点考场: a designated exam site."""

    id: str
    name: str
    county: str
    rooms: tuple[Room, ...]
    nvrs: tuple[Nvr, ...] = ()

    def nvr(self, nvr_id: str) -> Nvr:
        """The video recorder of that id. Raises KeyError."""
        for nvr in self.nvrs:
            if nvr.id == nvr_id:
                return nvr
        raise KeyError(nvr_id)

    def room(self, room_id: str) -> Room:
        """The room of that id. Raises KeyError."""
        for room in self.rooms:
            if room.id == room_id:
                return room
        raise KeyError(room_id)


@dataclass(frozen=True, slots=True)
class StationTime:
    """One candidate's planned time at a station, where candidates start one after another."""

    station: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class SittingPlan:
    """场次 as planned: which rooms, from when to when, and how long before and after must be recorded.

    ``stations`` are the own times of stations, in any order; a station without any is used all the time.
    """

    number: int
    rooms: tuple[str, ...]
    planned_start: datetime
    planned_end: datetime
    lead: timedelta
    tail: timedelta
    stations: tuple[StationTime, ...] = ()

    @property
    def recording_from(self) -> datetime:
        return self.planned_start - self.lead


@dataclass(frozen=True, slots=True)
class Batch:
    """批次: an exam batch at one site, with its sittings."""

    id: str
    site: str
    project: str
    rule_pack: str
    sittings: tuple[SittingPlan, ...]

    def sitting(self, number: int) -> SittingPlan:
        """The plan of that number. Raises KeyError."""
        for plan in self.sittings:
            if plan.number == number:
                return plan
        raise KeyError(number)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One sitting as it stands: its plan, what actually happened, and the set-up it rests on.

    Before it is opened, ``site`` and ``plan`` are the ones valid now; from then on, the frozen ones.
    ``actual_start``/``actual_end`` are the bell and the end of the exam; ``opened``/``closed`` are the acts.
    ``sealed`` is when the collected papers were 封装, as somebody marked it.
    """

    batch: Batch
    plan: SittingPlan
    site: Site
    opened: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None
    closed: datetime | None = None
    sealed: datetime | None = None

    @property
    def rooms(self) -> tuple[Room, ...]:
        return tuple(self.site.room(room_id) for room_id in self.plan.rooms)

    @property
    def start(self) -> datetime:
        return self.actual_start or self.plan.planned_start

    @property
    def end(self) -> datetime:
        return self.actual_end or self.plan.planned_end

    @property
    def window(self) -> Interval:
        """What must be covered: from the lead before the start to the tail after the end, or to the sealing."""
        found = self.phases(self.start, max(self.start, self.end))
        return Interval(found.begin, found.finish)

    def phases(self, start: datetime, end: datetime) -> Phases:
        """Its phases were the exam to last from ``start`` to ``end``."""
        return phases(start, end, self.plan.lead, self.plan.tail, sealed=self.sealed)

    def wants_recording(self, now: datetime) -> bool:
        """From the planned start less its lead (or the opening, if earlier) until closed and the tail has run.

        Never ends at a planned end: exams run late.
        """
        begins = min(self.plan.recording_from, self.opened or self.plan.recording_from)
        if now < begins:
            return False
        return self.closed is None or now < self.window.end

    def cameras(self) -> Iterator[Camera]:
        for room in self.rooms:
            yield from room.cameras


def standing_in(camera: Camera, frozen: Site, latest: Site) -> Camera | None:
    """A camera as the latest set-up of its site has it, where by that it shows what it showed by the frozen one: in
    the same room all stations that it saw, the whole room if it did, hung alike on the plan. None where it does not.
    """
    for before in frozen.rooms:
        for room in latest.rooms:
            for each in room.cameras:
                if each.id == camera.id and room.id == before.id and camera in before.cameras:
                    shows = {*camera.sees} <= {*each.sees} and (each.panoramic or not camera.panoramic)
                    return each if shows and _hung(camera, before) == _hung(each, room) else None
    return None


def _hung(camera: Camera, room: Room) -> Mounting | None:
    mountings = () if room.plan is None else room.plan.mountings
    return next((each for each in mountings if each.camera == camera.id), None)


def last_exam_day(sittings: Iterable[Sitting]) -> date:
    """The local day on which a batch's last sitting ends: retention of all its footage counts from it (clause 九).

    Raises ValueError for a batch without sittings.
    """
    return max(local_day(sitting.end) for sitting in sittings)
