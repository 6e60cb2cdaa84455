"""The YAML file of ``kaojian apply``: what it may say, and how it becomes sites and batches.

A file is read as a whole or refused as a whole: every problem is listed with file, line and field. Times carry
their zone, lengths their unit (``30m``, ``1h30m``, ``90s``), passwords never stand in it (``secret`` names one).
Not here: whether it contradicts what the database already holds (``records.setup``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from config import rule_pack
from config.documents import Document, FieldPath
from config.errors import DocumentRefused, Problem
from config.logs import redacted
from config.rule_pack import RulePack
from config.secrets import NAME as SECRET_NAME
from domain.places import (
    SCHEMES,
    Batch,
    Camera,
    Engine,
    Nvr,
    Room,
    Site,
    SittingPlan,
    Station,
    StationTime,
    Transport,
    scheme_of,
)
from domain.timeline import Interval, utc
from records import coherence
from records.picture_regions import Seen, regions, stations
from records.room_plan import Plan, room_plan


@dataclass(frozen=True, slots=True)
class ActualTimes:
    """When a sitting really started and ended, as far as the file says so. ``field`` is its place in the file."""

    batch: str
    number: int
    start: datetime | None
    end: datetime | None
    field: FieldPath


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one file declares; sites and batches stand in the order of the file."""

    document: Document
    sites: tuple[Site, ...]
    batches: tuple[Batch, ...]
    actual_times: tuple[ActualTimes, ...]

    def problem(self, field: FieldPath, message: str) -> Problem:
        """A complaint about one field of the file, with its line."""
        return self.document.problem(field, message)


def read(path: Path, known_sites: Iterable[Site] = (), rule_packs: Path = rule_pack.FOLDER) -> Declaration:
    """What a file declares. ``known_sites`` may be named without being in it. Raises DocumentRefused."""
    return _declared(Document.read(path), known_sites, rule_packs)


def parse(text: str, name: str, known_sites: Iterable[Site] = (), rule_packs: Path = rule_pack.FOLDER) -> Declaration:
    """What a text declares, as ``read``; ``name`` stands for the file in messages. Raises DocumentRefused."""
    return _declared(Document(name, text), known_sites, rule_packs)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file, for editors."""
    written = _File.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **written}


def duration(text: str) -> timedelta:
    """``1h30m``, ``30m``, ``90s`` as a length of time of at most a day. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        raise ValueError("write a length of time with its unit, like 30m, 1h30m or 90s")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if length > timedelta(days=1):
        raise ValueError("must not be longer than 24h")
    return length


def instant(value: object) -> datetime:
    """``2026-05-01T09:00:00+08:00`` as an instant in UTC. Raises ValueError, also for a time without zone."""
    found = coherence.instant(value)
    if found is None:
        raise ValueError("write a date and time like 2026-05-01T09:00:00+08:00")
    return utc(found)


def _declared(document: Document, known_sites: Iterable[Site], rule_packs: Path) -> Declaration:
    problems: set[Problem] = set()
    try:
        file = document.validated(_File)
    except DocumentRefused as refused:
        problems.update(refused.problems)
    known = {site.id: site for site in known_sites}
    problems.update(coherence.problems(document, known, rule_pack.available(rule_packs)))
    if problems:
        raise DocumentRefused(sorted(problems))
    packs = {batch.rule_pack: rule_pack.load(batch.rule_pack, rule_packs) for batch in file.batches}
    return Declaration(
        document,
        tuple(_site(site) for site in file.sites),
        tuple(_batch(batch, packs[batch.rule_pack]) for batch in file.batches),
        tuple(_actual_times(file)),
    )


# --- The words of the file ------------------------------------------------------------------------------------------

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m)?\s*(?:(\d+(?:\.\d+)?)\s*s)?")


def _number(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[1-9]\d{0,2}", value):
        raise ValueError("must be a whole number from 1 to 999")
    return value


def _camera_url(url: str) -> str:
    if redacted(url) != url:
        raise ValueError("must not hold a user name or password; keep them as a secret and name it in `secret`")
    try:
        parts = urlsplit(url)
        scheme, place = parts.scheme, bool(parts.hostname) and parts.port != 0
    except ValueError:  # a malformed IPv6 address, a port that is no number or too large
        scheme, place = "", False
    if scheme == "file":
        place = parts.hostname is None and parts.path.startswith("/")
    if scheme and scheme not in SCHEMES:
        raise ValueError(f"{scheme}:// cannot be recorded; use one of {', '.join(SCHEMES)}")
    if not place:
        raise ValueError("must be the address of a stream, like rtsp://10.0.0.8:554/stream, or of a file, file:///…")
    return url


def _nvr_address(address: str) -> str:
    parts = urlsplit(_camera_url(address))
    if parts.scheme != "rtsp":
        raise ValueError("must be an RTSP address, like rtsp://10.0.0.9:554")
    if parts.path.strip("/") or parts.query:
        raise ValueError("must end with the port, like rtsp://10.0.0.9:554; what follows belongs into `path`")
    return f"rtsp://{parts.netloc}"


def _nvr_path(path: str) -> str:
    if (
        not path.startswith("/")
        or path.count("{channel}") != 1
        or re.search(r"[{}\s]", path.replace("{channel}", ""))
    ):
        raise ValueError("must begin with / and hold {channel} once, like /Streaming/Channels/{channel}01")
    return path


def _substream(path: str, info: ValidationInfo) -> str:
    """At the device of the recorded stream, whose login it has: a path and no address."""
    if not path.startswith("/") or path.startswith("//") or re.search(r"[\s#]", path):
        raise ValueError("must be a path at the camera's own address, like /Streaming/Channels/102")
    if scheme_of(info.data.get("url") or "rtsp://") not in ("rtsp", "rtsps"):
        raise ValueError("is for cameras at rtsp:// addresses; leave it out")
    return path


def _engine(engine: Engine, info: ValidationInfo) -> Engine:
    """The native engine speaks rtsp:// and nothing else. An address that was refused is told for itself."""
    scheme = scheme_of(info.data.get("url") or "rtsp://")
    if engine is Engine.NATIVE and scheme != "rtsp":
        raise ValueError(f"native records rtsp:// only, not {scheme}://; leave it out or write libav")
    return engine


_STRICT = ConfigDict(extra="forbid", frozen=True)
_Id = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"), Field(description="Stable, never reused")
]
_Label = Annotated[
    str, StringConstraints(pattern=r"^\w[\w.#-]{0,31}$"), Field(description="As it stands on the sign")
]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Instant = Annotated[
    datetime,
    BeforeValidator(instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-05-01T09:00:00+08:00"]}),
]
_Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9.hms ]+$", "examples": ["30m", "1h30m", "90s"]}),
]


_Secret = Annotated[str, StringConstraints(pattern=f"^{SECRET_NAME}$")] | None


class _Nvr(BaseModel):
    """硬盘录像机(NVR) one address and login for many cameras."""

    model_config = _STRICT
    id: _Id
    address: Annotated[str, AfterValidator(_nvr_address)]
    path: Annotated[str, AfterValidator(_nvr_path)] | None = Field(
        None,
        description="Path of a channel's stream, {channel} stands for its number",
        examples=["/Streaming/Channels/{channel}01", "/cam/realmonitor?channel={channel}&subtype=0"],
    )
    secret: _Secret = Field(None, description="Name of the secret that holds user:password")
    substream: Annotated[str, AfterValidator(_nvr_path)] | None = Field(
        None,
        description="子码流 path of a channel's stream that is shown live; the recorded one where left out",
        examples=["/Streaming/Channels/{channel}02", "/cam/realmonitor?channel={channel}&subtype=1"],
    )
    max_sessions: Annotated[int, BeforeValidator(_number), Field(ge=1, le=999)] | None = Field(
        None, description="How many connections it serves at once"
    )


class _Camera(BaseModel):
    """摄像机 one camera of a room."""

    model_config = _STRICT
    id: _Id
    url: Annotated[str, AfterValidator(_camera_url)] | None = Field(
        None, description="Its stream; may be left out where `nvr` and `channel` tell it"
    )
    secret: _Secret = Field(None, description="Name of the secret that holds user:password; the nvr's if left out")
    nvr: _Id | None = Field(None, description="硬盘录像机 that it is reached through")
    channel: Annotated[int, BeforeValidator(_number), Field(ge=1, le=999)] | None = Field(
        None, description="通道 its number at that nvr"
    )
    substream: Annotated[str, AfterValidator(_substream)] | None = Field(
        None,
        description="子码流 path of the stream that is shown live; that of its channel, or the recorded one, "
        "where left out",
        examples=["/Streaming/Channels/102"],
    )
    transport: Transport = Transport.TCP
    engine: Annotated[Engine, AfterValidator(_engine)] = Field(
        Engine.AUTO, description="What records it: native (rtsp:// only), libav, or by auto the one that can"
    )
    audio: bool = Field(False, description="Record its sound too (录音); off unless asked for, see docs/security.md")
    panoramic: bool = Field(False, description="Shows the whole room (全景)")
    sees: tuple[Seen, ...] = Field((), description="Stations in its picture, by name or with where they lie in it")


class _Room(BaseModel):
    """考场(试室) one room of a site."""

    model_config = _STRICT
    id: _Label
    name: _Text
    stations: Annotated[tuple[_Label, ...], Field(min_length=1, description="工位, unique within the site")]
    cameras: tuple[_Camera, ...] = ()
    plan: Plan | None = Field(None, description="布点图: what its cameras see is computed from it")


class _Site(BaseModel):
    """定点考场 a designated exam site."""

    model_config = _STRICT
    id: _Id
    name: _Text
    county: _Text
    nvrs: tuple[_Nvr, ...] = ()
    rooms: Annotated[tuple[_Room, ...], Field(min_length=1)]


class _StationTime(BaseModel):
    """One candidate's planned time at a station."""

    model_config = _STRICT
    station: _Label
    start: _Instant
    end: _Instant


class _Sitting(BaseModel):
    """场次 one sitting of a batch."""

    model_config = _STRICT
    number: Annotated[int, BeforeValidator(_number), Field(ge=1, le=999)]
    rooms: Annotated[tuple[_Label, ...], Field(min_length=1)]
    planned_start: _Instant
    planned_end: _Instant
    lead: _Duration | None = Field(None, description="Recorded before the start; the rule pack's where left out")
    tail: _Duration | None = Field(None, description="Recorded after the end; the rule pack's where left out")
    actual_start: _Instant | None = Field(None, description="Opens the sitting with this start")
    actual_end: _Instant | None = Field(None, description="Closes the sitting with this end")
    stations: tuple[_StationTime, ...] = Field(
        (),
        description="Own times of stations where candidates start one after another; the others are used throughout",
    )


class _Batch(BaseModel):
    """批次 an exam batch at one site."""

    model_config = _STRICT
    id: _Id
    site: _Id
    project: _Text
    rule_pack: _Id
    sittings: Annotated[tuple[_Sitting, ...], Field(min_length=1)]


class _File(BaseModel):
    """Sites and batches of Kaojian, as `kaojian apply` reads them."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Kaojian set-up")
    sites: tuple[_Site, ...] = ()
    batches: tuple[_Batch, ...] = ()


def _site(site: _Site) -> Site:
    known = {nvr.id: nvr for nvr in site.nvrs}
    rooms = tuple(_room(room, known) for room in site.rooms)
    nvrs = tuple(Nvr(nvr.id, nvr.address, nvr.secret, nvr.max_sessions) for nvr in site.nvrs)
    return Site(site.id, site.name, site.county, rooms, nvrs)


def _room(room: _Room, nvrs: Mapping[str, _Nvr]) -> Room:
    stations = tuple(Station(station) for station in room.stations)
    cameras = tuple(_camera(camera, nvrs) for camera in room.cameras)
    return Room(room.id, room.name, stations, cameras, room_plan(room.plan) if room.plan is not None else None)


def _camera(camera: _Camera, nvrs: Mapping[str, _Nvr]) -> Camera:
    """With the address of its channel where the file gives none of its own (``coherence`` saw to it that one is)."""
    nvr = nvrs[camera.nvr] if camera.nvr is not None else None
    url, secret, substream = camera.url, camera.secret, camera.substream
    if nvr is not None:
        if url is None:
            url = f"{nvr.address}{(nvr.path or '').replace('{channel}', str(camera.channel))}"
            substream = substream or (nvr.substream or "").replace("{channel}", str(camera.channel))
        secret = secret or nvr.secret
    return Camera(
        id=camera.id,
        url=url or "",
        sees=stations(camera.sees),
        secret=secret,
        transport=camera.transport,
        panoramic=camera.panoramic,
        nvr=camera.nvr,
        channel=camera.channel,
        engine=camera.engine,
        audio=camera.audio,
        regions=regions(camera.sees),
        substream=substream or "",
    )


def _batch(batch: _Batch, pack: RulePack) -> Batch:
    plans = tuple(_plan(sitting, pack) for sitting in batch.sittings)
    return Batch(batch.id, batch.site, batch.project, batch.rule_pack, plans)


def _plan(sitting: _Sitting, pack: RulePack) -> SittingPlan:
    return SittingPlan(
        number=sitting.number,
        rooms=sitting.rooms,
        planned_start=sitting.planned_start,
        planned_end=sitting.planned_end,
        lead=sitting.lead if sitting.lead is not None else timedelta(seconds=pack.lead_s),
        tail=sitting.tail if sitting.tail is not None else timedelta(seconds=pack.tail_s),
        stations=tuple(StationTime(each.station, Interval(each.start, each.end)) for each in sitting.stations),
    )


def _actual_times(file: _File) -> Iterable[ActualTimes]:
    for i, batch in enumerate(file.batches):
        for k, sitting in enumerate(batch.sittings):
            if sitting.actual_start is not None or sitting.actual_end is not None:
                field = ("batches", i, "sittings", k)
                yield ActualTimes(batch.id, sitting.number, sitting.actual_start, sitting.actual_end, field)
