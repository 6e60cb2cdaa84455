"""Which blocks of a station's region show its worktop 台面, by the plan of the room.

Seen from a camera on the wall, most of a region shows what lies behind the station: a line of sight enters the place
that must be seen and leaves it at the back. Only where it leaves through the lower face does it end on what the
station stands for, and what is seen there has nothing before it. Not here: what follows for a station whose other
blocks changed (``analysis.sight``).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely import Polygon

from analysis.floorplan import optics
from analysis.floorplan.optics import Bools, Floats
from analysis.floorplan.regions import outlined
from analysis.floorplan.scene import scene_of
from analysis.floorplan.survey import filling, seen
from analysis.stations import SIDE, bits
from domain.pictures import Region
from domain.plan import Mounting, RoomPlan, Target, Volume

_DENSE_M = 0.05  # between points of a place
_MOSTLY = 0.4  # share of what a block shows of the place that must lie before its lower face
_AGREEING = 0.7  # of what either covers, both must: a region drawn elsewhere has other blocks
_TOUCH_M = 0.01


def worktops(plan: RoomPlan, camera: str, regions: Iterable[Region]) -> dict[str, int]:
    """By station one bit for each block that shows its worktop, as in ``StationSample.comparable``.

    None of a station that was not drawn, of a camera that was not, or of a region that lies where the plan does not
    have the station: what contradicts each other proves nothing.
    """
    mounting = next((each for each in plan.mountings if each.camera == camera), None)
    if mounting is None:
        return {}
    scene = scene_of(plan)
    eye = scene.eye(mounting)
    places = {volume.id: volume for volume in plan.volumes if volume.target is Target.STATION}
    found = {}
    for region in regions:
        volume = places.get(region.station)
        if volume is None or not _agree(region, outlined(eye, volume, scene)):
            continue
        points = filling(volume, _DENSE_M)
        found[region.station] = _blocks(region, eye, volume, points[seen(scene, eye, points)[0]])
    return found


def _agree(region: Region, corners: tuple[tuple[float, float], ...]) -> bool:
    if not corners:
        return False
    drawn, planned = Polygon(region.corners).buffer(0), Polygon(corners)
    return drawn.intersection(planned).area >= _AGREEING * drawn.union(planned).area


def _blocks(region: Region, eye: Mounting, volume: Volume, points: Floats) -> int:
    corners = np.array(region.corners)
    low, high = corners.min(axis=0), corners.max(axis=0)
    shares = (optics.image(eye, points).pixels / (eye.width, eye.height) - low) / (high - low)
    inside = ((shares >= 0) & (shares <= 1)).all(axis=1)
    column, row = np.minimum(SIDE - 1, (shares[inside] * SIDE).astype(np.intp)).T
    block = row * SIDE + column
    every = np.bincount(block, minlength=SIDE * SIDE)
    ending = np.bincount(block, weights=_through_the_lower_face(eye, volume, points[inside]), minlength=SIDE * SIDE)
    return bits((every > 0) & (ending > _MOSTLY * every))


def _through_the_lower_face(eye: Mounting, volume: Volume, points: Floats) -> Bools:
    """Of which points the line of sight goes on to the lower face; none for an eye that is not above them."""
    above = np.flatnonzero(points[:, 2] < eye.height_m)
    met = np.zeros(len(points), np.bool_)
    way = (eye.height_m - volume.from_m) / (eye.height_m - points[above, 2])
    at = np.array([eye.x, eye.y]) + (points[above, :2] - (eye.x, eye.y)) * way[:, None]
    met[above] = shapely.contains_xy(Polygon(volume.outline).buffer(_TOUCH_M), at[:, 0], at[:, 1])
    return met
