"""Sites and batches as JSON documents and back: what a revision holds. Not here: YAML that people write.

Equal set-ups give equal text (sorted keys, instants in UTC, lengths in microseconds), so that a document applied
twice is seen to be the same. A field that a later version adds is read with its default from older documents, and not
written while it has its default, so that an older document still is the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime, timedelta
from typing import Any

from domain.pictures import Region
from domain.places import Batch, Camera, Engine, Nvr, Room, Site, SittingPlan, Station, StationTime, Transport
from domain.plan import Lens, Mounting, Obstacle, Outline, RoomPlan, Target, Volume
from domain.timeline import MICROSECOND, Interval, utc


def site_text(site: Site) -> str:
    """The site's document."""
    told = {"id": site.id, "name": site.name, "county": site.county, "rooms": [_room(r) for r in site.rooms]}
    return _text({**told, "nvrs": [_nvr(nvr) for nvr in site.nvrs]} if site.nvrs else told)


def batch_text(batch: Batch) -> str:
    """The batch's document. Raises ValueError for a time without zone."""
    return _text(
        {
            "id": batch.id,
            "site": batch.site,
            "project": batch.project,
            "rule_pack": batch.rule_pack,
            "sittings": [_plan(plan) for plan in batch.sittings],
        }
    )


def site_of(text: str) -> Site:
    """The site that a document describes."""
    told = json.loads(text)
    rooms = tuple(_room_of(room) for room in told["rooms"])
    return Site(told["id"], told["name"], told["county"], rooms, tuple(Nvr(**nvr) for nvr in told.get("nvrs", ())))


def batch_of(text: str) -> Batch:
    """The batch that a document describes."""
    told = json.loads(text)
    plans = tuple(_plan_of(plan) for plan in told["sittings"])
    return Batch(told["id"], told["site"], told["project"], told["rule_pack"], plans)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _room(room: Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "name": room.name,
        "stations": [station.id for station in room.stations],
        "cameras": [_camera(camera) for camera in room.cameras],
        **({} if room.plan is None else {"plan": _room_plan(room.plan)}),
    }


def _room_of(told: Mapping[str, Any]) -> Room:
    stations = tuple(Station(station) for station in told["stations"])
    cameras = tuple(_camera_of(camera) for camera in told["cameras"])
    plan = _room_plan_of(told["plan"]) if "plan" in told else None
    return Room(told["id"], told["name"], stations, cameras, plan)


def _room_plan(plan: RoomPlan) -> dict[str, Any]:
    return {
        "outline": plan.outline,
        "height_m": plan.height_m,
        "obstacles": [_without_defaults(each) for each in plan.obstacles],
        "volumes": [_without_defaults(each) for each in plan.volumes],
        "mountings": [_without_defaults(each) for each in plan.mountings],
        "no_filming": plan.no_filming,
    }


def _room_plan_of(told: Mapping[str, Any]) -> RoomPlan:
    obstacles = (Obstacle(**{**each, "outline": _outline_of(each["outline"])}) for each in told["obstacles"])
    volumes = (
        Volume(**{**each, "target": Target(each["target"]), "outline": _outline_of(each["outline"])})
        for each in told["volumes"]
    )
    mountings = (Mounting(**{**each, "lens": Lens(each.get("lens", Lens.RECTILINEAR))}) for each in told["mountings"])
    banned = tuple(_outline_of(each) for each in told["no_filming"])
    return RoomPlan(
        _outline_of(told["outline"]), told["height_m"], tuple(obstacles), tuple(volumes), tuple(mountings), banned
    )


def _outline_of(told: Sequence[Sequence[float]]) -> Outline:
    return tuple((corner[0], corner[1]) for corner in told)


def _without_defaults(part: Obstacle | Volume | Mounting) -> dict[str, Any]:
    values = {field.name: (getattr(part, field.name), field.default) for field in fields(part)}
    return {name: value for name, (value, default) in values.items() if default is MISSING or value != default}


def _nvr(nvr: Nvr) -> dict[str, Any]:
    return {"id": nvr.id, "address": nvr.address, "secret": nvr.secret, "max_sessions": nvr.max_sessions}


def _camera(camera: Camera) -> dict[str, Any]:
    told = {
        "id": camera.id,
        "url": camera.url,
        "sees": list(camera.sees),
        "secret": camera.secret,
        "transport": camera.transport.value,
        "panoramic": camera.panoramic,
        **({} if camera.engine is Engine.AUTO else {"engine": camera.engine.value}),
        **({"audio": True} if camera.audio else {}),
        **({"substream": camera.substream} if camera.substream else {}),
        **({"regions": [_region(region) for region in camera.regions]} if camera.regions else {}),
    }
    return {**told, "nvr": camera.nvr, "channel": camera.channel} if camera.nvr is not None else told


def _camera_of(told: Mapping[str, Any]) -> Camera:
    return Camera(
        id=told["id"],
        url=told["url"],
        sees=tuple(told["sees"]),
        secret=told["secret"],
        transport=Transport(told["transport"]),
        panoramic=told["panoramic"],
        nvr=told.get("nvr"),
        channel=told.get("channel"),
        engine=Engine(told.get("engine", Engine.AUTO)),
        audio=told.get("audio", False),
        substream=told.get("substream", ""),
        regions=tuple(_region_of(region) for region in told.get("regions", ())),
    )


def _region(region: Region) -> dict[str, Any]:
    return {"station": region.station, "corners": [list(corner) for corner in region.corners]}


def _region_of(told: Mapping[str, Any]) -> Region:
    return Region(told["station"], tuple((x, y) for x, y in told["corners"]))


def _plan(plan: SittingPlan) -> dict[str, Any]:
    return {
        "number": plan.number,
        "rooms": list(plan.rooms),
        "planned_start": utc(plan.planned_start).isoformat(timespec="microseconds"),
        "planned_end": utc(plan.planned_end).isoformat(timespec="microseconds"),
        "lead_us": plan.lead // MICROSECOND,
        "tail_us": plan.tail // MICROSECOND,
        **({"stations": [_station_time(each) for each in plan.stations]} if plan.stations else {}),
    }


def _station_time(time: StationTime) -> list[str]:
    edges = (time.interval.start, time.interval.end)
    return [time.station, *(utc(edge).isoformat(timespec="microseconds") for edge in edges)]


def _plan_of(told: Mapping[str, Any]) -> SittingPlan:
    return SittingPlan(
        number=told["number"],
        rooms=tuple(told["rooms"]),
        planned_start=datetime.fromisoformat(told["planned_start"]),
        planned_end=datetime.fromisoformat(told["planned_end"]),
        lead=timedelta(microseconds=told["lead_us"]),
        tail=timedelta(microseconds=told["tail_us"]),
        stations=tuple(
            StationTime(station, Interval(datetime.fromisoformat(start), datetime.fromisoformat(end)))
            for station, start, end in told.get("stations", ())
        ),
    )
