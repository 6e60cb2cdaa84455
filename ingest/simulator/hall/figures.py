"""The people of a hall: bodies of capsules in a pose, and their pictures as one camera sees them.

A body is some twenty capsules (a line with a radius). Its picture is cast once, with the depth of every pixel, so
that what lies behind it can be told. Not here: who is where and when (``script``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.simulator.hall.casting import FINE, Depth, Window, rays_of, window_around
from ingest.simulator.hall.optics import Optics, Rays
from ingest.simulator.hall.surfaces import Floats, Frame

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

POSES = 16
"""How many poses each kind of movement has."""

_SKINS: tuple[Colour, ...] = ((140, 172, 212), (118, 152, 196), (150, 184, 224))
_HAIRS: tuple[Colour, ...] = ((34, 30, 30), (48, 42, 40), (60, 62, 78))
_SHIRTS: tuple[Colour, ...] = (
    (160, 96, 50), (78, 120, 70), (60, 66, 158), (142, 122, 100), (50, 120, 170), (130, 80, 120), (205, 205, 200),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = ((70, 58, 50), (44, 44, 46), (104, 84, 60))
_SHOES: Colour = (36, 34, 34)
_LIGHT: Floats = np.array([0.25, -0.2, 0.95])


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Capsules in the room. ``striped`` says which of them wear the shirt's stripes."""

    starts: Floats  # n x 3
    ends: Floats
    radii: Floats
    colours: NDArray[np.float32]  # n x 3, BGR
    striped: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Looks:
    """What one person wears."""

    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    scale: float  # of 1.72 m


def looks_of(random: np.random.Generator) -> Looks:
    """The looks of somebody."""
    skin, hair, shirt, trousers = (
        options[int(random.integers(len(options)))] for options in (_SKINS, _HAIRS, _SHIRTS, _TROUSERS)
    )
    return Looks(skin, hair, shirt, trousers, float(random.uniform(0.93, 1.05)))


class _Modelling:
    """Collects the capsules of a body in its own frame: x right, y ahead, z up."""

    def __init__(self, frame: Frame, looks: Looks) -> None:
        self._frame, self._scale = frame, looks.scale
        self._parts: list[tuple[Floats, Floats, float, Colour, bool]] = []

    def limb(
        self,
        start: tuple[float, float, float],
        end: tuple[float, float, float],
        radius: float,
        colour: Colour,
        striped: bool = False,
    ) -> None:
        scale = self._scale
        ends = [self._frame.at(x * scale, y * scale, z * scale) for x, y, z in (start, end)]
        self._parts.append((ends[0], ends[1], radius * scale, colour, striped))

    def body(self) -> Body:
        starts, ends, radii, colours, striped = zip(*self._parts, strict=True)
        return Body(
            np.array(starts), np.array(ends), np.array(radii), np.array(colours, np.float32), np.array(striped)
        )


def seated(frame: Frame, looks: Looks, pose: int, desk_m: float) -> Body:
    """Somebody sitting at ``frame`` with both hands on a desk before them; poses next to each other are alike."""
    share = pose / (POSES - 1)
    model = _Modelling(frame, looks)
    lean, turn = 0.05 * math.sin(3 * share), 0.05 * math.sin(5 * share)
    hand_z = desk_m / looks.scale + 0.05
    right = (0.06 + 0.26 * share, 0.36 + 0.1 * math.sin(6 * share), hand_z)
    left = (-0.24 + 0.12 * math.sin(4 * share), 0.36 + 0.08 * share, hand_z)
    _trunk(model, looks, (0.0, 0.52), (0.02 + lean, 1.0))
    _head(model, looks, (turn, 0.06 + lean, 1.25 - 0.02 * share), turn)
    for side, hand in ((1, right), (-1, left)):
        _arm(model, looks, (0.19 * side, 0.02 + lean, 1.06), (0.28 * side, 0.14 + lean, 0.84), hand)
        hip, knee = (0.09 * side, 0.03, 0.52), (0.11 * side, 0.42, 0.52)
        _leg(model, looks, hip, knee, (0.11 * side, 0.38 + 0.03 * side * share, 0.09))
    return model.body()


def upright(frame: Frame, looks: Looks, pose: int, stride: float) -> Body:
    """Somebody standing (``stride`` 0) or walking ahead, in one of the poses of a step."""
    angle = 2 * math.pi * pose / POSES
    model = _Modelling(frame, looks)
    bob = 0.015 * stride * math.cos(2 * angle)
    _trunk(model, looks, (0.0, 0.93 + bob), (0.02, 1.36 + bob))
    _head(model, looks, (0.02 * math.sin(angle), 0.04, 1.6 + bob), 0.03 * math.sin(angle))
    for side in (1, -1):
        swing = 0.28 * stride * side * math.sin(angle)
        idle = (1 - stride) * 0.05 * math.sin(angle + side)
        hand = (0.25 * side, -0.8 * swing + 0.08 + idle, 0.82 + bob)
        _arm(model, looks, (0.19 * side, 0.01, 1.4 + bob), (0.25 * side, -0.4 * swing - 0.02, 1.1 + bob), hand)
        lift = 0.1 * stride * max(0.0, side * math.cos(angle))
        knee = (0.1 * side, 0.6 * swing + 0.5 * lift, 0.5 + 0.4 * lift)
        _leg(model, looks, (0.09 * side, 0.0, 0.92 + bob), knee, (0.1 * side, swing - 0.3 * lift, 0.09 + lift))
    return model.body()


def _trunk(model: _Modelling, looks: Looks, hips: tuple[float, float], chest: tuple[float, float]) -> None:
    for side in (1, -1):
        start, end = (0.06 * side, *hips), (0.1 * side, *chest)
        model.limb(start, end, 0.125, looks.shirt, striped=True)
    model.limb((-0.07, *hips), (0.07, *hips), 0.13, looks.trousers)
    model.limb((0, *chest), (0, chest[0] + 0.02, chest[1] + 0.17), 0.055, looks.skin)


def _head(model: _Modelling, looks: Looks, centre: tuple[float, float, float], turn: float) -> None:
    x, y, z = centre
    model.limb((x, y, z - 0.02), (x, y, z + 0.03), 0.1, looks.skin)
    model.limb((x - turn, y - 0.03, z), (x - turn / 2, y - 0.02, z + 0.055), 0.104, looks.hair)
    model.limb((x + turn, y + 0.1, z - 0.02), (x + turn, y + 0.105, z), 0.016, looks.skin)


def _arm(
    model: _Modelling,
    looks: Looks,
    shoulder: tuple[float, float, float],
    elbow: tuple[float, float, float],
    hand: tuple[float, float, float],
) -> None:
    model.limb(shoulder, elbow, 0.058, looks.shirt, striped=True)
    model.limb(elbow, hand, 0.044, looks.shirt)
    model.limb(hand, (hand[0], hand[1] + 0.06, hand[2] - 0.01), 0.042, looks.skin)


def _leg(
    model: _Modelling,
    looks: Looks,
    hip: tuple[float, float, float],
    knee: tuple[float, float, float],
    ankle: tuple[float, float, float],
) -> None:
    model.limb(hip, knee, 0.082, looks.trousers)
    model.limb(knee, ankle, 0.06, looks.trousers)
    model.limb(ankle, (ankle[0], ankle[1] + 0.14, ankle[2] - 0.03), 0.05, _SHOES)


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A body's picture, cut down to what is in the frame and not behind what stands still.

    ``depth`` is metres along each pixel's ray, infinite beside the body. ``whole`` is how many pixels the body would
    have in the frame with nothing before it, ``nearest_m`` how far its nearest capsule's middle is.
    """

    window: Window
    opacity: Image  # 0..255
    depth: NDArray[np.float16]
    whole: float
    distance_m: float
    _weighted: NDArray[np.uint16]
    _rest: NDArray[np.uint16]

    def paste(self, picture: Image) -> None:
        """Blend into a BGR picture in place."""
        region = self.window.cut(picture)
        region[:] = (region * self._rest + self._weighted) >> 8


def sprite_of(optics: Optics, body: Body, still: Depth, fine: int = FINE) -> Sprite | None:
    """The body's picture before what stands still, by ``fine`` rays across a pixel and as many down.

    None where none of it is in the frame, or all is hidden.
    """
    window = _window_of(optics, body)
    if window.empty:
        return None
    rays = rays_of(optics, window, fine)
    depth = np.full(rays.shape[:2], np.inf, np.float32)
    colour = np.zeros(rays.shape, np.float32)
    canvas = _Canvas(window, fine, rays, depth, colour)
    for number in range(len(body.radii)):
        _cast_capsule(optics, body, number, canvas)
    whole = float(np.isfinite(depth).sum()) / fine**2
    behind = np.repeat(np.repeat(window.cut(still), fine, axis=0), fine, axis=1)
    depth[depth > behind] = np.inf
    hit = np.isfinite(depth)
    if not hit.any():
        return None
    distance_m = float(np.linalg.norm(body.starts.mean(axis=0) - optics.centre))
    return _reduced(canvas, whole, distance_m)


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """A part of the picture, its rays, and what has been drawn there."""

    window: Window
    fine: int
    rays: Rays
    depth: Depth
    colour: NDArray[np.float32]


def _reduced(canvas: _Canvas, whole: float, distance_m: float) -> Sprite:
    """From fine pixels to whole ones."""
    window, fine, depth, colour = canvas.window, canvas.fine, canvas.depth, canvas.colour
    hit = np.isfinite(depth)
    rows, columns = hit.shape[0] // fine, hit.shape[1] // fine
    share = hit.reshape(rows, fine, columns, fine).mean(axis=(1, 3))
    premultiplied = (colour * hit[..., None]).reshape(rows, fine, columns, fine, 3).mean(axis=(1, 3))
    nearest = depth.reshape(rows, fine, columns, fine).min(axis=(1, 3))
    nearest[share < 0.5] = np.inf
    rest = np.round(256 * (1 - share)).astype(np.uint16)[..., None]
    weighted = np.minimum(np.round(256 * premultiplied), 65535 - 255 * rest.astype(np.int64)).astype(np.uint16)
    opacity = np.round(255 * share).astype(np.uint8)
    return Sprite(window, opacity, nearest.astype(np.float16), whole, distance_m, weighted, rest)


def _window_of(optics: Optics, body: Body) -> Window:
    points = np.concatenate([body.starts, body.ends])
    if optics.rectilinear and ((points - optics.centre) @ optics.axes[2] <= 0).all():
        return Window(0, 0, 0, 0)
    distances = np.linalg.norm(points - optics.centre, axis=1)
    if distances.min() < 0.3:
        return Window(0, 0, optics.width, optics.height)
    pixels = optics.nearest_pixels(points)
    reach = np.concatenate([body.radii, body.radii]) * optics.focal / distances * 1.6 + 2
    low, high = (pixels - reach[:, None]).min(axis=0), (pixels + reach[:, None]).max(axis=0)
    return window_around(optics, np.stack([low, high]), 1)


def _cast_capsule(optics: Optics, body: Body, number: int, canvas: _Canvas) -> None:
    """Draw one capsule where it is nearest, within its own part of the window."""
    start, end, radius = body.starts[number], body.ends[number], float(body.radii[number])
    window, fine = canvas.window, canvas.fine
    pixels, distances, _ = optics.project(np.stack([start, end]))
    part = Window(0, 0, window.right - window.left, window.bottom - window.top)
    if np.isfinite(pixels).all() and distances.min() > 3 * radius:
        own = window_around(optics, pixels, 1.6 * radius * optics.focal / distances.min() + 2)
        part = Window(
            max(own.left - window.left, 0),
            max(own.top - window.top, 0),
            min(own.right, window.right) - window.left,
            min(own.bottom, window.bottom) - window.top,
        )
        if part.empty:
            return
    rays, near = part.cut(canvas.rays, fine), part.cut(canvas.depth, fine)
    distance = _met(rays, optics.centre - start, end - start, radius)
    rows, columns = np.nonzero(distance < near)
    if not rows.size:
        return
    reached = distance[rows, columns]
    near[rows, columns] = reached
    points = optics.centre + reached[:, None] * rays[rows, columns]
    part.cut(canvas.colour, fine)[rows, columns] = _shaded(points, body, number)


def _met(rays: Rays, away: Floats, along: Floats, radius: float) -> Depth:
    """How far along each unit ray a capsule is met; ``away`` is from its start to the lens. Infinite beside it."""
    square = max(float(along @ along), 1e-9)
    forth, back = rays @ along.astype(np.float32), rays @ away.astype(np.float32)
    aside = float(along @ away)
    a = square - forth * forth
    b = square * back - aside * forth
    c = square * float(away @ away) - aside * aside - radius * radius * square
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = (-b - np.sqrt(b * b - a * c)) / a
        place = aside + distance * forth
        beyond = (place >= square) | (np.isnan(distance) & (forth < 0))
        at_end = away - along
        middle = np.where(beyond, rays @ at_end.astype(np.float32), back)
        rest = np.where(beyond, float(at_end @ at_end), float(away @ away)) - radius * radius
        round_end = -middle - np.sqrt(middle * middle - rest)
        distance = np.where((place > 0) & (place < square), distance, round_end)
    return np.where(distance > 0.02, distance, np.inf).astype(np.float32)


def _shaded(points: Floats, body: Body, number: int) -> Floats:
    """Lit from above, with stripes across the way from start to end."""
    start, colour, striped = body.starts[number], body.colours[number], body.striped[number]
    way = body.ends[number] - start
    square = max(float(way @ way), 1e-9)
    share = np.clip((points - start) @ way / square, 0, 1)
    outward = points - (start + share[:, None] * way)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    light = 0.62 + 0.38 * (outward @ _LIGHT)
    if striped:
        light = light * np.where(np.sin(share * math.sqrt(square) * 2 * math.pi / 0.09) > 0, 1.0, 0.78)
    shaded: Floats = np.clip(colour * light[:, None], 0, 255)
    return shaded
