"""Where the places of a plan lie in a camera's picture, for those who measure the picture.

A region is the convex hull of a place as the lens shows it, clipped to the picture: what stands before the place is
inside it too, as are the corners that an outline draws in. Not here: what pictures show (``analysis.stations``).
"""

from __future__ import annotations

import numpy as np
import shapely
from shapely import Polygon

from analysis.floorplan import optics
from analysis.floorplan.optics import Floats
from analysis.floorplan.scene import Scene, scene_of
from analysis.floorplan.survey import Survey, filling
from domain.pictures import Region
from domain.plan import Lens, Mounting, Target, Volume

_DENSE_M = 0.05  # between points of a place's surface: the rim of a distorted picture is round
_NEAR_M = 0.05  # nearer to the plane of the lens, a point falls so far out that a hull means nothing
_SMALLEST = 1e-5  # of the picture: a region of some twenty pixels of 1920 x 1080


def regions(survey: Survey, camera: str, share_from: float | None = None) -> tuple[Region, ...]:
    """The stations that a camera shows enough of, in the order of the plan: the rule pack's share of each, or
    ``share_from``, since pictures also tell of the part that a camera shows of a station that does not count for it.

    Raises KeyError for a camera that is not in the plan.
    """
    least = survey.density.seen_share if share_from is None else share_from
    mounting = next((each for each in survey.plan.mountings if each.camera == camera), None)
    if mounting is None:
        raise KeyError(camera)
    scene = scene_of(survey.plan)
    eye = scene.eye(mounting)
    found: list[Region] = []
    for place in survey.places:
        view = next(each for each in place.views if each.camera == camera)
        if place.volume.target is Target.STATION and view.share >= least:
            corners = outlined(eye, place.volume, scene)
            if corners:
                found.append(Region(place.volume.id, corners))
    return tuple(found)


def outlined(eye: Mounting, volume: Volume, scene: Scene) -> tuple[tuple[float, float], ...]:
    """The corners of a place in a picture, as shares of its width and height; none where it does not lie in it.

    What of it stands behind the room's own obstacles is left out: their edges are always there.
    """
    points = filling(volume, _DENSE_M)
    points = points[~scene.hidden(np.array([eye.x, eye.y, eye.height_m]), points)]
    image = optics.image(eye, points)
    shown = image.imaged & (_depth(eye, points) > _NEAR_M)
    if not shown.any():
        return ()
    shares = image.pixels[shown] / np.array([eye.width, eye.height])
    hull = shapely.convex_hull(shapely.multipoints(shares))
    clipped = shapely.intersection(hull, shapely.box(0, 0, 1, 1))
    if not isinstance(clipped, Polygon) or clipped.area < _SMALLEST:
        return ()
    drawn = clipped.simplify(1e-3)
    corners = (drawn if isinstance(drawn, Polygon) else clipped).exterior.coords[:-1]
    return tuple((min(max(u, 0.0), 1.0), min(max(v, 0.0), 1.0)) for u, v in corners)


def _depth(eye: Mounting, points: Floats) -> Floats:
    """Metres ahead of the lens; for a fisheye, away from it."""
    offset = points - np.array([eye.x, eye.y, eye.height_m])
    if eye.lens is Lens.FISHEYE:
        return np.asarray(np.linalg.norm(offset, axis=1))
    return np.asarray(offset @ optics.axes(eye)[2])
