"""Builds a hall from a room's plan: floor, walls, ceiling, obstacles, and at each station a desk with its tools.

Where a plan says only where a station is, its furniture follows from the outline: the first edge is the far edge of
the desk, the candidate sits at the opposite one and looks towards the first. The desk's top is as high as the
station's volume begins. Light is painted into the textures once. Not here: people (``figures``) and what is put
up during the exam to hide something (``covers``).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.plan import Obstacle, Outline, RoomPlan, Target, Volume
from ingest.simulator.hall import textures
from ingest.simulator.hall.surfaces import Frame, Surface, counter_clockwise, frame_looking, halvings
from ingest.simulator.hall.textures import Colour, Image, Random

Floats = NDArray[np.float64]
Span = tuple[float, float]

_UP: Floats = np.array([0.0, 0.0, 1.0])
_AMBIENT, _LAMP = 0.46, 2.6
_BELOW = 0.78  # what looks down gets the light of the floor only
_LAMP_SPACING_M = 4.0
_DESK_DEPTH_M = 0.7
_WOODS: tuple[Colour, ...] = ((120, 164, 196), (150, 178, 196), (108, 142, 176))
_PAINTS: tuple[Colour, ...] = ((150, 120, 84), (96, 132, 92), (92, 92, 150))


@dataclass(frozen=True, slots=True)
class Place:
    """A station's floor: x to the candidate's right from 0 to ``width_m``, y ahead from 0 to ``depth_m``."""

    station: str
    frame: Frame
    width_m: float
    depth_m: float
    desk_m: float  # height of the desk's top
    desk_depth_m: float
    top_m: float  # where the station's volume ends

    @property
    def seat(self) -> Floats:
        """Where the candidate sits, on the floor."""
        return self.frame.at(self.width_m / 2, self.depth_m - self.desk_depth_m - 0.22, 0)


def place_of(volume: Volume) -> Place:
    """How a station stands on its outline."""
    (x0, y0), (x1, y1) = volume.outline[:2]
    middle = np.mean(volume.outline, axis=0)
    ahead = (y1 - y0, x0 - x1)
    if (middle[0] - x0) * ahead[0] + (middle[1] - y0) * ahead[1] > 0:
        ahead = (-ahead[0], -ahead[1])
    frame = frame_looking((0.0, 0.0), ahead)
    local = np.array([[*corner, 0.0] for corner in volume.outline]) @ frame.axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    corner = low @ frame.axes
    width, depth = high[0] - low[0], high[1] - low[1]
    desk = volume.from_m if 0.4 <= volume.from_m <= 1.2 else 0.75
    placed = replace(frame, origin=np.array([corner[0], corner[1], 0.0]))
    return Place(volume.id, placed, width, depth, desk, min(_DESK_DEPTH_M, 0.6 * depth), volume.to_m)


@lru_cache(maxsize=2)
def furnished(plan: RoomPlan, seed: int) -> tuple[Surface, ...]:
    """Everything of the room that does not move, lit. The same plan and seed always give the same surfaces."""
    light = Light(plan)
    pieces = [*_shell(plan, seed)]
    for obstacle in plan.obstacles:
        pieces += _obstacle(obstacle, plan.height_m, seed)
    for volume in plan.volumes:
        random = random_of(seed, f"volume/{volume.target}/{volume.id}")
        if volume.target is Target.STATION:
            pieces += _station(place_of(volume), random)
        elif volume.target is Target.PAPER_DESK:
            pieces += _paper_desk(place_of(volume), random)
        elif volume.target is Target.DOOR:
            pieces.append(_door(plan, volume, random))
    return tuple(light.on(piece) for piece in pieces)


def random_of(seed: int, name: str) -> Random:
    """The random numbers of one thing, the same whatever else there is."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


class Light:
    """Lamps in rows below the ceiling, and what of them reaches a surface. No shadows but those painted."""

    def __init__(self, plan: RoomPlan) -> None:
        xs, ys = zip(*plan.outline, strict=True)
        self._lamps = np.array(
            [
                (x, y, plan.height_m - 0.1)
                for x in _spread(min(xs), max(xs), _LAMP_SPACING_M)
                for y in _spread(min(ys), max(ys), _LAMP_SPACING_M)
            ]
        )

    def on(self, surface: Surface) -> Surface:
        """The surface with the light painted into its texture."""
        width, height = surface.size
        grid = [np.linspace(0, side, max(2, math.ceil(side / 0.5) + 1)) for side in (width, height)]
        across, along = np.meshgrid(*grid)
        points = surface.origin + across[..., None] * surface.right + along[..., None] * surface.down
        level = self._level(points.reshape(-1, 3), surface.normal).reshape(across.shape).astype(np.float32)
        first = surface.levels[0]
        field = cv2.resize(level, (first.shape[1], first.shape[0]), interpolation=cv2.INTER_LINEAR)
        lit = np.clip(first * field[..., None], 0, 255).astype(np.uint8)
        return replace(surface, levels=halvings(lit))

    def _level(self, points: Floats, normal: Floats) -> Floats:
        level = np.full(len(points), _AMBIENT if normal[2] > -0.5 else _BELOW)
        for lamp in self._lamps:
            way = lamp - points
            square = (way * way).sum(axis=1) + 0.6
            level += _LAMP / 4 * np.maximum(way @ normal, 0) / square
        capped: Floats = np.minimum(level, 1.12)
        return capped


def _spread(start: float, end: float, spacing: float) -> Floats:
    count = max(1, round((end - start) / spacing))
    places: Floats = start + (np.arange(count) + 0.5) * (end - start) / count
    return places


def rectangle(
    corner: Floats, right: Floats, down: Floats, size: tuple[float, float], image: Image, *, owner: str = ""
) -> Surface:
    """A surface from its top left corner and the two directions from there."""
    return Surface(corner, right, down, size, (image,), image.shape[1] / size[0], owner)


def box(
    frame: Frame,
    x: Span,
    y: Span,
    z: Span,
    image: Image,
    *,
    owner: str = "",
    top: Image | None = None,
    front: Image | None = None,
) -> Iterator[Surface]:
    """The six sides of a box; ``top`` and ``front`` (towards y = 0) may have textures of their own."""
    side_x, side_y, up = frame.axes
    width, depth, height = x[1] - x[0], y[1] - y[0], z[1] - z[0]
    face = image if front is None else front
    yield rectangle(
        frame.at(x[0], y[1], z[1]), side_x, -side_y, (width, depth), image if top is None else top, owner=owner
    )
    yield rectangle(frame.at(x[0], y[0], z[1]), side_x, -up, (width, height), face, owner=owner)
    yield rectangle(frame.at(x[1], y[1], z[1]), -side_x, -up, (width, height), image, owner=owner)
    yield rectangle(frame.at(x[1], y[0], z[1]), side_y, -up, (depth, height), image, owner=owner)
    yield rectangle(frame.at(x[0], y[1], z[1]), -side_y, -up, (depth, height), image, owner=owner)
    yield rectangle(frame.at(x[1], y[1], z[0]), -side_x, -side_y, (width, depth), image, owner=owner)


def _shell(plan: RoomPlan, seed: int) -> Iterator[Surface]:
    """Floor, ceiling and walls."""
    random = random_of(seed, "shell")
    outline = counter_clockwise(plan.outline)
    per_m = 90.0
    low, size = _bounds(outline)
    floor = textures.tiled(textures.shape_of(*size, per_m), per_m, 0.6, (176, 182, 184), random)
    _shade_floor(floor, plan, low, per_m)
    flat = tuple((x - low[0], low[1] + size[1] - y) for x, y in outline)
    corner = np.array([low[0], low[1] + size[1], 0.0])
    right, back = np.array([1.0, 0, 0]), np.array([0, -1.0, 0])
    yield Surface(corner, right, back, size, (floor,), per_m, corners=flat)
    ceiling = textures.tiled(textures.shape_of(*size, 40), 40, 0.6, (226, 230, 230), random)
    _hang_lamps(ceiling)
    above = np.array([low[0] + size[0], low[1] + size[1], plan.height_m])
    mirrored = tuple((size[0] - x, y) for x, y in flat)
    yield Surface(above, -right, back, size, (ceiling,), 40.0, corners=mirrored)
    for number, (start, end) in enumerate(zip(outline, (*outline[1:], outline[0]), strict=True)):
        yield _wall(start, end, plan.height_m, number, random)


def _bounds(outline: Outline) -> tuple[tuple[float, float], tuple[float, float]]:
    xs, ys = zip(*outline, strict=True)
    return (min(xs), min(ys)), (max(xs) - min(xs), max(ys) - min(ys))


def _shade_floor(floor: Image, plan: RoomPlan, low: tuple[float, float], per_m: float) -> None:
    """Soft shadows where things stand."""
    shade = np.ones(floor.shape[:2], np.float32)
    stands = [obstacle.outline for obstacle in plan.obstacles]
    stands += [volume.outline for volume in plan.volumes if volume.target in (Target.STATION, Target.PAPER_DESK)]
    for outline in stands:
        pixels = [((x - low[0]) * per_m, floor.shape[0] - (y - low[1]) * per_m) for x, y in outline]
        cv2.fillPoly(shade, [np.round(pixels).astype(np.int32)], 0.62)
    side = round(0.5 * per_m) | 1
    floor[:] = np.clip(floor * cv2.blur(shade, (side, side))[..., None], 0, 255).astype(np.uint8)


def _hang_lamps(ceiling: Image) -> None:
    rows, columns = ceiling.shape[:2]
    for row in _spread(0, rows, _LAMP_SPACING_M * 40):
        for column in _spread(0, columns, _LAMP_SPACING_M * 40):
            top, left = round(row) - 6, round(column) - 24
            ceiling[top : top + 12, left : left + 48] = 255


def _wall(
    start: tuple[float, float], end: tuple[float, float], height_m: float, number: int, random: Random
) -> Surface:
    """One wall of a counter-clockwise outline; who looks at it from inside has ``end`` at the left hand."""
    way = np.array([end[0] - start[0], end[1] - start[1], 0.0])
    length = float(np.linalg.norm(way))
    per_m = 80.0
    image = textures.plain(textures.shape_of(length, height_m, per_m), (214, 222, 224), random, 5.0, 3.0)
    rows, columns = image.shape[:2]
    line = rows - round(1.15 * per_m)
    image[line:] = np.clip(image[line:] * np.array([0.80, 0.88, 0.74]), 0, 255).astype(np.uint8)
    image[line : line + 4] = (96, 110, 90)
    image[-round(0.12 * per_m) :] = (84, 88, 92)
    for column in range(round(1.4 * per_m), columns - round(1.6 * per_m), round(2.6 * per_m)):
        kind = (number + column) % 3
        left, top = column / columns, 0.75 * per_m / rows
        if kind == 0:
            textures.put(image, left, top, _window(per_m))
        elif kind == 1:
            textures.put(image, left, top + 0.06, _poster(per_m, random))
    return Surface(np.array([*end, height_m]), -way / length, -_UP, (length, height_m), (image,), per_m)


def _window(per_m: float) -> Image:
    rows, columns = textures.shape_of(1.5, 1.2, per_m)
    pane = np.linspace((250, 236, 214), (232, 236, 232), rows)[:, None, :].repeat(columns, axis=1).astype(np.uint8)
    for column in (0, columns // 2, columns - 1):
        cv2.line(pane, (column, 0), (column, rows), (170, 176, 178), 6)
    cv2.rectangle(pane, (0, 0), (columns - 1, rows - 1), (150, 158, 160), 8)
    return pane


def _poster(per_m: float, random: Random) -> Image:
    image = np.full((*textures.shape_of(0.9, 1.1, per_m), 3), (222, 232, 240), np.uint8)
    cv2.rectangle(image, (0, 0), (image.shape[1] - 1, image.shape[0] - 1), (60, 60, 160), 3)
    textures.written(image, "NOTICE", (0.12, 0.2), 12, (40, 40, 150))
    textures.put(image, 0.12, 0.28, textures.paper((image.shape[0] * 3 // 5, image.shape[1] * 3 // 4), random))
    return image


def _obstacle(obstacle: Obstacle, room_height_m: float, seed: int) -> Iterator[Surface]:
    """The sides and the top of a prism; what reaches the ceiling is plastered, what does not is cloth in a frame."""
    random = random_of(seed, f"obstacle/{obstacle.id}")
    outline = counter_clockwise(obstacle.outline)
    plastered = obstacle.height_m > 0.9 * room_height_m
    for start, end in zip(outline, (*outline[1:], outline[0]), strict=True):
        way = np.array([end[0] - start[0], end[1] - start[1], 0.0])
        length = float(np.linalg.norm(way))
        shape = textures.shape_of(length, obstacle.height_m, 110)
        image = (
            textures.plain(shape, (206, 214, 216), random, 6, 4)
            if plastered
            else textures.cloth(shape, 110, (140, 110, 80), random)
        )
        _mark_foot(image, plastered)
        corner = np.array([*start, obstacle.height_m])
        yield Surface(corner, way / length, -_UP, (length, obstacle.height_m), (image,), 110.0)
    low, size = _bounds(outline)
    flat = tuple((x - low[0], low[1] + size[1] - y) for x, y in outline)
    top = textures.plain(textures.shape_of(*size, 60), (150, 150, 150), random)
    origin = np.array([low[0], low[1] + size[1], obstacle.height_m])
    yield Surface(origin, np.array([1.0, 0, 0]), np.array([0, -1.0, 0]), size, (top,), 60.0, corners=flat)


def _mark_foot(image: Image, plastered: bool) -> None:
    rows, columns = image.shape[:2]
    if plastered:  # the yellow and black of a warning stripe
        for row in range(max(0, rows - 120), rows - 12):
            shifted = (np.arange(columns) + row) // 12 % 2 == 0
            image[row] = np.where(shifted[:, None], (40, 190, 230), (40, 40, 40))
    else:
        cv2.rectangle(image, (0, 0), (columns - 1, rows - 1), (70, 74, 76), max(2, columns // 60))


def _station(place: Place, random: Random) -> Iterator[Surface]:
    yield from _desk(place, random)
    yield from _chair(place, random)
    yield from _plates(place)
    if random.random() < 0.55:
        yield from _monitor(place, random)
    else:
        yield from _toolbox(place, random)


def _desk(place: Place, random: Random) -> Iterator[Surface]:
    """A top with papers, keyboard and mat on it, two sides and a panel to the far side."""
    wood = _WOODS[int(random.integers(len(_WOODS)))]
    near, far = place.depth_m - place.desk_depth_m, place.depth_m
    right, high = place.width_m, place.desk_m
    per_m = 200.0
    top = textures.wooden(textures.shape_of(right, place.desk_depth_m, per_m), wood, random)
    _lay_out(top, place.station, per_m, random)
    edge = textures.wooden((8, 160), wood, random)
    yield from box(place.frame, (0, right), (near, far), (high - 0.04, high), edge, owner=place.station, top=top)
    grey = textures.plain((90, 80), (150, 152, 150), random)
    for x in ((0.03, 0.07), (right - 0.07, right - 0.03)):
        yield from box(place.frame, x, (near + 0.05, far - 0.05), (0, high - 0.04), grey, owner=place.station)
    panel = textures.plain((80, 180), (164, 168, 166), random)
    yield from box(
        place.frame, (0.07, right - 0.07), (far - 0.08, far - 0.05), (0.2, high - 0.04), panel, owner=place.station
    )


def _lay_out(top: Image, station: str, per_m: float, random: Random) -> None:
    textures.put(top, 0.42, 0.42, textures.cutting_mat(textures.shape_of(0.45, 0.3, per_m), per_m))
    textures.put(top, 0.08, 0.40, textures.paper(textures.shape_of(0.21, 0.29, per_m), random))
    textures.put(top, 0.25, 0.46, textures.paper(textures.shape_of(0.21, 0.29, per_m), random))
    textures.put(top, 0.40, 0.12, textures.keyboard(textures.shape_of(0.44, 0.15, per_m)))
    textures.put(top, 0.03, 0.07, textures.plate(textures.shape_of(0.34, 0.2, per_m), station))
    for _ in range(5):
        left, high = random.uniform(0.3, 0.9), random.uniform(0.1, 0.75)
        colour = tuple(int(level) for level in random.integers(30, 220, 3))
        tool = np.full((*textures.shape_of(random.uniform(0.04, 0.16), 0.03, per_m), 3), colour, np.uint8)
        textures.put(top, left, high, tool)


def _chair(place: Place, random: Random) -> Iterator[Surface]:
    paint = _PAINTS[int(random.integers(len(_PAINTS)))]
    middle, seat = place.width_m / 2, place.depth_m - place.desk_depth_m - 0.22
    image = textures.plain((40, 40), paint, random, 10, 5)
    sides = (middle - 0.21, middle + 0.21)
    yield from box(place.frame, sides, (seat - 0.2, seat + 0.2), (0.42, 0.46), image, owner=place.station)
    yield from box(place.frame, sides, (seat - 0.24, seat - 0.2), (0.5, 0.9), image, owner=place.station)
    for x in (sides[0], sides[1] - 0.03):
        for y in (seat - 0.2, seat + 0.17):
            yield from box(place.frame, (x, x + 0.03), (y, y + 0.03), (0, 0.42), image, owner=place.station)


def _plates(place: Place) -> Iterator[Surface]:
    """The number, standing on the far edge and to be read from both sides, and large on the panel."""
    side_x, _, up = place.frame.axes
    image = textures.plate(textures.shape_of(0.36, 0.22, 300), place.station)
    size, high = (0.36, 0.22), place.desk_m + 0.22
    left, y = 0.04, place.depth_m - 0.03
    yield rectangle(place.frame.at(left, y, high), side_x, -up, size, image, owner=place.station)
    yield rectangle(place.frame.at(left + 0.36, y, high), -side_x, -up, size, image, owner=place.station)
    large = textures.plate(textures.shape_of(0.56, 0.32, 240), place.station, (70, 150, 30), (255, 255, 255))
    corner = place.frame.at(place.width_m / 2 + 0.28, place.depth_m - 0.045, place.desk_m - 0.08)
    yield rectangle(corner, -side_x, -up, (0.56, 0.32), large, owner=place.station)


def _monitor(place: Place, random: Random) -> Iterator[Surface]:
    left, y = place.width_m * 0.46, place.depth_m - 0.16
    low = place.desk_m + 0.1
    dark = textures.plain((60, 80), (48, 46, 44), random, 3, 3)
    front = textures.screen(textures.shape_of(0.52, 0.32, 240), random)
    owner = place.station
    yield from box(place.frame, (left, left + 0.52), (y, y + 0.04), (low, low + 0.32), dark, owner=owner, front=front)
    middle = left + 0.26
    yield from box(
        place.frame,
        (middle - 0.03, middle + 0.03),
        (y + 0.04, y + 0.07),
        (place.desk_m, low + 0.2),
        dark,
        owner=owner,
    )


def _toolbox(place: Place, random: Random) -> Iterator[Surface]:
    left, far = place.width_m * 0.62, place.depth_m - 0.06
    paint = (40, 60, int(random.integers(150, 210)))
    image = textures.plain((50, 90), paint, random, 6, 6)
    lid = textures.plain((60, 90), paint, random, 6, 6)
    cv2.rectangle(lid, (30, 20), (60, 30), (40, 40, 40), -1)
    height = place.desk_m + float(random.uniform(0.14, 0.24))
    spans = ((left, left + 0.4), (far - 0.2, far), (place.desk_m, height))
    yield from box(place.frame, *spans, image, owner=place.station, top=lid)


def _paper_desk(place: Place, random: Random) -> Iterator[Surface]:
    """A table with piles of papers and a sealed bag."""
    per_m = 160.0
    top = textures.wooden(textures.shape_of(place.width_m, place.depth_m, per_m), _WOODS[0], random)
    for column in range(3):
        textures.put(top, 0.08 + 0.3 * column, 0.2, textures.paper(textures.shape_of(0.21, 0.29, per_m), random))
    side = textures.plain((80, 120), (120, 140, 156), random)
    spans = ((0.0, place.width_m), (0.0, place.depth_m), (0.0, place.desk_m))
    yield from box(place.frame, *spans, side, top=top)


def _door(plan: RoomPlan, volume: Volume, random: Random) -> Surface:
    """A door leaf just before the nearest wall."""
    middle = np.mean(volume.outline, axis=0)
    start, end = min(_edges(counter_clockwise(plan.outline)), key=lambda edge: _distance(middle, *edge))
    way = np.array([end[0] - start[0], end[1] - start[1], 0.0])
    length = float(np.linalg.norm(way))
    along_wall = way / length
    along = float((middle - np.array(start)) @ along_wall[:2])
    width, height = 1.0, min(2.1, plan.height_m - 0.1)
    image = textures.wooden(textures.shape_of(width, height, 140), (60, 96, 132), random)
    cv2.rectangle(image, (30, 30), (110, 130), (190, 200, 204), -1)
    cv2.rectangle(image, (0, 0), (image.shape[1] - 1, image.shape[0] - 1), (40, 60, 84), 6)
    left = min(max(along - width / 2, 0.0), max(0.0, length - width))
    corner = np.array([*start, height]) + (left + width) * along_wall + 0.015 * np.cross(_UP, along_wall)
    return Surface(corner, -along_wall, -_UP, (width, height), (image,), 140.0)


def _edges(outline: Outline) -> Sequence[tuple[tuple[float, float], tuple[float, float]]]:
    return list(zip(outline, (*outline[1:], outline[0]), strict=True))


def _distance(point: Floats, start: tuple[float, float], end: tuple[float, float]) -> float:
    way, first = np.subtract(end, start), np.subtract(point, start)
    share = min(1.0, max(0.0, float(first @ way) / float(way @ way)))
    return float(np.linalg.norm(first - share * way))
