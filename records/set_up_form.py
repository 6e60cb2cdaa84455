"""A site as the file of ``kaojian apply`` would have it: the inverse of ``records.declaration``, as plain values.

What is changed at the page goes this way, so that a change is judged by the rules of the file and by no others. An
address that the file made of an NVR's path stands written out. Not here: what is changed (``records.sites``).
"""

from __future__ import annotations

from typing import Any

from domain.pictures import Region
from domain.places import Camera, Nvr, Room, Site
from domain.plan import Lens, Mounting, Outline, RoomPlan, Target, Volume

Form = dict[str, Any]
"""A group of fields of the file."""

_LISTS = {Target.STATION: "stations", Target.DOOR: "doors", Target.PAPER_DESK: "paper_desks"}


def site_form(site: Site) -> Form:
    """A site; ``json.dumps`` of it is a text that the file may hold."""
    return {
        "id": site.id,
        "name": site.name,
        "county": site.county,
        "nvrs": [nvr_form(nvr) for nvr in site.nvrs],
        "rooms": [_room(room) for room in site.rooms],
    }


def nvr_form(nvr: Nvr) -> Form:
    """A video recorder of a site."""
    optional = {"secret": nvr.secret, "max_sessions": nvr.max_sessions}
    found = {name: value for name, value in optional.items() if value is not None}
    return {"id": nvr.id, "address": nvr.address, **found}


def camera_form(camera: Camera) -> Form:
    """A camera of a room."""
    regions = {region.station: region for region in camera.regions}
    told: Form = {
        "id": camera.id,
        "url": camera.url,
        "transport": camera.transport.value,
        "engine": camera.engine.value,
        "audio": camera.audio,
        "panoramic": camera.panoramic,
        "sees": [_seen(station, regions.get(station)) for station in camera.sees],
    }
    optional = {"secret": camera.secret, "nvr": camera.nvr, "channel": camera.channel}
    optional["substream"] = camera.substream or None
    return told | {name: value for name, value in optional.items() if value is not None}


def plan_form(plan: RoomPlan) -> Form:
    """The plan of a room."""
    told: Form = {
        "outline": _outline(plan.outline),
        "height": plan.height_m,
        "obstacles": [
            {"id": each.id, "outline": _outline(each.outline), "height": each.height_m} for each in plan.obstacles
        ],
        "no_filming": [_outline(each) for each in plan.no_filming],
        "cameras": [mounting_form(each) for each in plan.mountings],
    }
    return told | {
        name: [_volume(each) for each in plan.volumes if each.target is target] for target, name in _LISTS.items()
    }


def mounting_form(mounting: Mounting) -> Form:
    """Where a camera hangs and how it looks."""
    told: Form = {
        "id": mounting.camera,
        "at": [mounting.x, mounting.y, mounting.height_m],
        "pan": mounting.pan,
        "tilt": mounting.tilt,
        "roll": mounting.roll,
        "width_of_view": mounting.width_of_view,
        "picture": [mounting.width, mounting.height],
        "lens": mounting.lens.value,
    }
    return told if mounting.lens is Lens.FISHEYE else told | {"k1": mounting.k1, "k2": mounting.k2}


def _room(room: Room) -> Form:
    return {
        "id": room.id,
        "name": room.name,
        "stations": [station.id for station in room.stations],
        "cameras": [camera_form(camera) for camera in room.cameras],
        **({} if room.plan is None else {"plan": plan_form(room.plan)}),
    }


def _seen(station: str, region: Region | None) -> str | Form:
    return station if region is None else {"station": station, "region": [list(corner) for corner in region.corners]}


def _volume(volume: Volume) -> Form:
    return {"id": volume.id, "outline": _outline(volume.outline), "from": volume.from_m, "to": volume.to_m}


def _outline(outline: Outline) -> list[list[float]]:
    return [list(corner) for corner in outline]
