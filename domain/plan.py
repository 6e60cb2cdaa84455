"""The plan of a room 布点图: what stands in it, which places must be seen, and where its cameras hang.

Lengths are metres, x to the right and y upwards on the plan, z above the floor; angles are degrees. A camera looks
along d = (cos t cos p, cos t sin p, -sin t) for its pan p, counted counter-clockwise from the x axis, and its tilt t,
counted down from level. Without roll, to the right in its picture is r0 = (sin p, -cos p, 0) and down is d x r0; with
a roll g they are r = r0 cos g + (d x r0) sin g and down = d x r. A point q of space, taken from the camera, falls on
the picture at

    rectilinear   a = (q.r)/(q.d), b = (q.down)/(q.d), s = 1 + k1 (a^2 + b^2) + k2 (a^2 + b^2)^2
                  u = W/2 + f a s, v = H/2 + f b s        f = (W/2) / tan(w/2)
    fisheye       with th the angle between q and d, and e the unit vector of (q.r, q.down)
                  u = W/2 + f th e_x, v = H/2 + f th e_y  f = (W/2) / (w/2 in radians)     (equidistant)

for a picture of W x H pixels and a field of view w across its width, before distortion (Brown's radial terms k1, k2).
A rectilinear lens shows nothing beyond the radius at which a s stops growing, a fisheye nothing at a th of more than
90 degrees, or w/2 where that is more.
Not here: what of it is seen (``analysis.floorplan``), and the set-up that a plan is part of (``domain.places``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]
"""x and y in metres."""

Outline = tuple[Point, ...]
"""The corners of a simple polygon in order, the first not repeated at the end."""


class Lens(StrEnum):
    """How directions fall on the picture."""

    RECTILINEAR = "rectilinear"
    FISHEYE = "fisheye"  # equidistant


class Target(StrEnum):
    """What must be seen, each at its own level 像素密度等级 (D3 of the rules: pixels per metre)."""

    STATION = "station"  # 工位
    DOOR = "door"  # 出入口
    PAPER_DESK = "paper_desk"  # 试卷收发处
    ROOM = "room"  # the whole floor


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something one cannot see through, standing on the floor: a pillar, a screen, a machine."""

    id: str
    outline: Outline
    height_m: float


@dataclass(frozen=True, slots=True)
class Volume:
    """A place that must be seen: upright, over an outline, from one height to another. ``id`` names the station."""

    target: Target
    id: str
    outline: Outline
    from_m: float
    to_m: float


@dataclass(frozen=True, slots=True)
class Mounting:
    """Where a camera hangs and how it looks. ``camera`` is Camera.id."""

    camera: str
    x: float
    y: float
    height_m: float
    pan: float
    tilt: float
    width_of_view: float  # degrees across the picture, before distortion
    width: int  # pixels
    height: int
    roll: float = 0.0
    lens: Lens = Lens.RECTILINEAR
    k1: float = 0.0
    k2: float = 0.0


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """One room. ``no_filming`` 禁摄区 are parts of it that no camera may show, such as where candidates change."""

    outline: Outline
    height_m: float
    obstacles: tuple[Obstacle, ...] = ()
    volumes: tuple[Volume, ...] = ()
    mountings: tuple[Mounting, ...] = ()
    no_filming: tuple[Outline, ...] = ()
