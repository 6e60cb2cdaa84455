"""The third room of the demonstration: a hall drawn true to a plan, so that what its pictures show is known.

By its plan each place is seen as it must be, so that the report tells only what is played. The room is empty until
candidates come; by then its cameras have references. Later a cloth is put over a station, and a camera is turned. Not
here: how a hall is drawn (``ingest.simulator.hall``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analysis.floorplan.regions import regions
from analysis.floorplan.survey import survey
from config.rule_pack import RulePack
from domain.plan import Mounting, Target, Volume
from ingest.simulator.hall.examples import HALLS

ROOM = "303"
HALL = "well-seen"
HANGING = {"c7": "A-01", "c8": "A-02"}
"""Cameras of the demonstration, and where each hangs in the hall."""

COVERED, UNSEEN = "02", ("c8", "02")
"""The station that the cloth is put over, whose candidate does not come, and who is not registered for it: so one
camera alone shows it.
"""

EMPTY_S = 32.0
TAMPERING: tuple[dict[str, Any], ...] = (
    {"at_s": 42.0, "camera": "c7", "fault": "cover", "seconds": 36, "station": COVERED},
    {"at_s": 54.0, "camera": "c8", "fault": "turn", "seconds": 16, "pan": 12},
)
"""Since the cameras listen; drawn beforehand, since a turned camera sees the whole hall anew. What stands in front of
a station for less than half a minute may be somebody who reads: then nothing is told but that nobody knows.
"""


def cameras(password: str) -> list[dict[str, Any]]:
    """For the simulator."""
    return [
        {
            "id": camera,
            "room": f"ROOM {ROOM}",
            "hall": HALL,
            "hall_camera": mounted,
            "hall_empty_s": EMPTY_S,
            "hall_absent": [COVERED],
            "username": "recorder",
            "password": password,
        }
        for camera, mounted in HANGING.items()
    ]


def room(urls: dict[str, str], pack: RulePack) -> dict[str, Any]:
    """For the set-up file: the plan of the room, and of each camera the stations it shows with where they lie."""
    mounted = {name: camera for camera, name in HANGING.items()}
    plan = HALLS[HALL]()
    plan = replace(plan, mountings=tuple(replace(each, camera=mounted[each.camera]) for each in plan.mountings))
    seen = survey(plan, pack.density, heights_m=())
    stations = [volume for volume in plan.volumes if volume.target is Target.STATION]
    return {
        "id": ROOM,
        "name": f"{ROOM} 考场",
        "stations": [volume.id for volume in stations],
        "cameras": [
            {
                "id": camera,
                "url": urls[camera],
                "secret": "cameras",
                "panoramic": camera == "c7",
                "sees": [
                    {"station": each.station, "region": [[round(x, 4), round(y, 4)] for x, y in each.corners]}
                    for each in regions(seen, camera)
                    if (camera, each.station) != UNSEEN
                ],
            }
            for camera in HANGING
        ],
        "plan": {
            "outline": [list(corner) for corner in plan.outline],
            "height": plan.height_m,
            "obstacles": [
                {"id": each.id, "outline": [list(corner) for corner in each.outline], "height": each.height_m}
                for each in plan.obstacles
            ],
            "stations": [_place(volume) for volume in stations],
            "doors": [_place(volume) for volume in plan.volumes if volume.target is Target.DOOR],
            "paper_desks": [_place(volume) for volume in plan.volumes if volume.target is Target.PAPER_DESK],
            "cameras": [_hung(each) for each in plan.mountings],
        },
    }


def _place(volume: Volume) -> dict[str, Any]:
    outline = [list(corner) for corner in volume.outline]
    return {"id": volume.id, "outline": outline, "from": volume.from_m, "to": volume.to_m}


def _hung(mounting: Mounting) -> dict[str, Any]:
    return {
        "id": mounting.camera,
        "at": [mounting.x, mounting.y, mounting.height_m],
        "pan": mounting.pan,
        "tilt": mounting.tilt,
        "width_of_view": mounting.width_of_view,
        "picture": [mounting.width, mounting.height],
        "lens": mounting.lens.value,
        "k1": mounting.k1,
        "k2": mounting.k2,
    }
