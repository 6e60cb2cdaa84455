"""Cloths and boards that are put up during an exam, as surfaces of the hall.

Not here: what they hide in the end, which is worked out from the surfaces themselves (``truth``).
"""

from __future__ import annotations

import numpy as np

from domain.plan import RoomPlan, Target, Volume
from ingest.simulator.hall import textures
from ingest.simulator.hall.furnishing import box, place_of, random_of, rectangle
from ingest.simulator.hall.optics import Optics
from ingest.simulator.hall.script import Board, Cloth
from ingest.simulator.hall.surfaces import Floats, Surface

_MARGIN_M = 0.06
_GAP_M = 0.12  # between a station and the board before it


def volume_points(volume: Volume, across: int = 8, upwards: int = 3) -> Floats:
    """Points all over a volume, n x 3: on a grid within its outline's rectangle, in layers from bottom to top."""
    place = place_of(volume)
    shares = (np.arange(across) + 0.5) / across
    heights = volume.from_m + (volume.to_m - volume.from_m) * (np.arange(upwards) + 0.5) / upwards
    grid = np.stack(np.meshgrid(shares * place.width_m, shares * place.depth_m, heights, indexing="ij"), axis=-1)
    placed: Floats = place.frame.origin + grid.reshape(-1, 3) @ place.frame.axes
    return placed


def cloth_surfaces(plan: RoomPlan, cloth: Cloth, seed: int) -> tuple[Surface, ...]:
    """A box around the covered part of the station."""
    volume = _station(plan, cloth.station)
    place = place_of(volume)
    width = place.width_m
    image = _stuff(seed, cloth.station, 1.4, 0.9, cloth.flat)
    left = -_MARGIN_M if cloth.share >= 1 else width * (1 - cloth.share)
    spans = (
        (left, width + _MARGIN_M),
        (-_MARGIN_M, place.depth_m + _MARGIN_M),
        (place.desk_m - 0.25, volume.to_m + _MARGIN_M),
    )
    return tuple(box(place.frame, *spans, image, owner="cover"))


def board_surfaces(plan: RoomPlan, board: Board, optics: Optics, seed: int) -> tuple[Surface, ...]:
    """An upright board on the camera's side of the station, as large as it takes to hide the share from there.

    It stands across the level line from the station to the camera. Of the points in its shadow the share is counted
    from one side, so that a half board leaves the other half free.
    """
    points = volume_points(_station(plan, board.station), 10, 4)
    towards = optics.centre[:2] - points[:, :2].mean(axis=0)
    towards = np.array([*(towards / np.linalg.norm(towards)), 0.0])
    right = np.array([-towards[1], towards[0], 0.0])  # of who looks at it from the camera
    plane = min(float((points @ towards).max()) + _GAP_M, float(optics.centre @ towards) - _GAP_M)
    ways = points - optics.centre
    met = optics.centre + ((plane - optics.centre @ towards) / (ways @ towards))[:, None] * ways
    aside = np.sort(met @ right)
    end = aside[-1] + _MARGIN_M if board.share >= 1 else float(np.quantile(aside, board.share))
    start, top = aside[0] - _MARGIN_M, float(met[:, 2].max()) + _MARGIN_M
    low = max(0.05, float(met[:, 2].min()) - 0.3)
    image = _stuff(seed, board.station, end - start, top - low, board.flat)
    corner = plane * towards + start * right + np.array([0, 0, top])
    down = np.array([0.0, 0.0, -1.0])
    size = (end - start, top - low)
    back = corner + size[0] * right - 0.01 * towards
    return (
        rectangle(corner, right, down, size, image, owner="cover"),
        rectangle(back, -right, down, size, image, owner="cover"),
    )


def _station(plan: RoomPlan, station: str) -> Volume:
    return next(volume for volume in plan.volumes if volume.target is Target.STATION and volume.id == station)


def _stuff(seed: int, station: str, width_m: float, height_m: float, flat: bool) -> textures.Image:
    random = random_of(seed, f"cover/{station}")
    shape = textures.shape_of(width_m, height_m, 120)
    if flat:
        return textures.board(shape, (150, 154, 156), random)
    return textures.cloth(shape, 120, (96, 110, 190), random)
