"""What a simulated camera sees: an exam hall with numbered desks, people, and a line of burnt-in text.

The room is drawn once; each frame copies it and pastes the few things that move, straight into YUV 4:2:0 planes,
so that a frame costs well under 2 ms. A frame is a pure function of its number, its time and what is wrong with
the lens, which lets a repeated picture be drawn again instead of kept. Not here: coding (``encoder``), which frame
is shown when (``camera``), and a hall that is true to a plan (``hall.staged``).

The line at the top is burnt in behind the lens, so covering, turning or dimming the camera leaves it readable:
the frame number as blocks (``frame_code``), room and camera, and the camera's own clock in Asia/Shanghai.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.calendar import SHANGHAI
from ingest.simulator.faults import Blur, Cover, Defocus, Dim, Move, Turn
from ingest.simulator.frame_code import COLUMNS, ROWS, cell_size, draw_frame_number, read_frame_number
from ingest.simulator.sprites import Colour, Sprite, candidate, invigilator

__all__ = ["LensFault", "Scene", "TextLine", "planes_of", "read_frame_number", "through", "to_yuv"]

Plane = NDArray[np.uint8]
LensFault = Cover | Blur | Dim | Move | Turn | Defocus

_WIDTH, _HEIGHT = 1280, 720  # the scale all measures below are given in
_FINE = 2  # the room is drawn that much larger and scaled down: smooth edges
_HORIZON = 276
_FONT = cv2.FONT_HERSHEY_DUPLEX
_PANELS: tuple[Colour, ...] = ((150, 140, 122), (132, 152, 128), (118, 140, 162), (150, 128, 138), (128, 136, 142))
_SHIRTS = ((150, 104, 62), (86, 120, 74), (72, 78, 152), (138, 118, 100), (60, 112, 150), (120, 84, 108))
# rows of desks: where the far edge of a row's desks is, and how large they look
_ROWS = {1: ((430, 1.5),), 2: ((322, 0.98), (566, 1.34)), 3: ((300, 0.62), (446, 0.84), (618, 0.92))}


@dataclass(frozen=True, slots=True)
class _Desk:
    label: str
    centre: int
    edge: int  # the far edge of the desk's top
    scale: float


@dataclass(frozen=True, slots=True)
class _Sitter:
    sprite: Sprite
    left: int
    top: int
    reach: float  # pixels to either side
    period: float  # seconds
    phase: float


class Scene:
    """The picture of one camera. Not thread safe: one thread renders."""

    def __init__(self, room: str, camera: str, stations: Sequence[str], width: int = 1280, height: int = 720) -> None:
        self._width, self._height = width, height
        self._scale = height / _HEIGHT
        desks = _arranged(stations)
        variety = zlib.crc32(f"{room}/{camera}".encode())
        self._lead_s = variety % 37  # people are elsewhere in each camera's picture
        panel = _PANELS[variety % len(_PANELS)]
        self._room = to_yuv(_drawn_room(room, desks, panel, width, height))
        self._sitters = [self._seated(desk, index) for index, desk in enumerate(desks)]
        self._walkers = [invigilator(0.92 * self._scale, step, left) for left in (False, True) for step in range(4)]
        self._line = TextLine(f"{room}  /  {camera}", width)

    def render(self, number: int, elapsed_s: float, wall: datetime, lens: Sequence[LensFault] = ()) -> Plane:
        """One frame as an I420 array of (height * 3/2) x width, limited range, BT.601.

        ``elapsed_s`` moves the figures, ``wall`` is the camera's own clock; faults of the lens leave the text.
        """
        frame = self._room.copy()
        planes = planes_of(frame, self._height)
        self._paste_people(planes, elapsed_s + self._lead_s)
        for fault in lens:
            through(planes, fault)
        self._line.draw(planes, wall)
        draw_frame_number(planes[0], number)
        return frame

    def _seated(self, desk: _Desk, index: int) -> _Sitter:
        sprite = candidate(desk.scale * self._scale, _SHIRTS[index % len(_SHIRTS)], index % 3)
        centre = desk.centre * self._width / _WIDTH
        top = desk.edge * self._scale - sprite.height + 4 * self._scale
        reach = 7 * desk.scale * self._scale
        return _Sitter(sprite, round(centre - sprite.width / 2), round(top), reach, 3.1 + index * 0.7, index * 1.9)

    def _paste_people(self, planes: tuple[Plane, Plane, Plane], elapsed_s: float) -> None:
        sprite, left, top = self._walker_at(elapsed_s)
        sprite.paste(planes, left, top)
        for sitter in self._sitters:
            angle = 2 * math.pi * elapsed_s / sitter.period + sitter.phase
            sway = sitter.reach * (math.sin(angle) + 0.4 * math.sin(2.7 * angle))
            sitter.sprite.paste(planes, round(sitter.left + sway), sitter.top)

    def _walker_at(self, elapsed_s: float) -> tuple[Sprite, int, int]:
        """To and fro along the wall, 60 pixels a second at 720 lines."""
        span = self._width * 0.8
        way = (elapsed_s * 60 * self._scale) % (2 * span)
        back = way > span
        across = 2 * span - way if back else way
        sprite = self._walkers[4 * back + int(elapsed_s * 5) % 4]
        return sprite, round(self._width * 0.06 + across), round((_HORIZON + 34) * self._scale) - sprite.height


class TextLine:
    """The burnt-in line: room and camera are drawn once, the clock is pasted from ready-made glyphs."""

    def __init__(self, title: str, width: int) -> None:
        self._rows = ROWS * cell_size(width)
        self._size = self._rows / 32
        self._glyphs = {sign: self._glyph(sign) for sign in "0123456789-:. "}
        self._band = np.full((self._rows, width), 24, np.uint8)
        self._write(title, COLUMNS * cell_size(width) + round(24 * self._size))
        zone = cv2.getTextSize("UTC+8", _FONT, 0.62 * self._size, 1)[0][0]
        self._write("UTC+8", width - zone - round(18 * self._size))
        clock_width = 23 * self._glyphs["0"].shape[1]
        self._clock_left = width - zone - round(32 * self._size) - clock_width

    def draw(self, planes: tuple[Plane, Plane, Plane], wall: datetime) -> None:
        luma, blue, red = planes
        luma[: self._rows] = self._band
        for plane in (blue, red):
            plane[: self._rows // 2] = 128
        text = wall.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        clock = np.hstack([self._glyphs[sign] for sign in text])
        luma[: self._rows, self._clock_left : self._clock_left + clock.shape[1]] = clock

    def _glyph(self, sign: str) -> Plane:
        tile = np.full((self._rows, round(13 * self._size)), 24, np.uint8)
        across = cv2.getTextSize(sign, _FONT, 0.62 * self._size, 1)[0][0]
        at = ((tile.shape[1] - across) // 2, round(22 * self._size))
        cv2.putText(tile, sign, at, _FONT, 0.62 * self._size, 232, 1, cv2.LINE_AA)
        return tile

    def _write(self, text: str, left: int) -> None:
        at = (left, round(22 * self._size))
        cv2.putText(self._band, text, at, _FONT, 0.62 * self._size, 220, 1, cv2.LINE_AA)


def planes_of(frame: Plane, height: int) -> tuple[Plane, Plane, Plane]:
    """Views of Y, U and V in an I420 array."""
    width = frame.shape[1]
    chroma = frame[height:].reshape(2, height // 2, width // 2)
    return frame[:height], chroma[0], chroma[1]


def to_yuv(image: Plane) -> Plane:
    """A BGR picture as an I420 array."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)


def through(planes: tuple[Plane, Plane, Plane], fault: LensFault) -> None:
    """The planes as the camera sees them with that fault, in place."""
    match fault:
        case Cover(share=share):
            _cover(planes, share)
        case Defocus(sigma=sigma):
            for plane in planes:
                plane[:] = cv2.GaussianBlur(plane, (0, 0), sigma * plane.shape[1])
        case Dim(level=level):
            planes[0][:] = ((planes[0].astype(np.float32) - 16) * level + 16).astype(np.uint8)
            for plane in planes[1:]:
                plane[:] = ((plane.astype(np.float32) - 128) * math.sqrt(level) + 128).astype(np.uint8)
        case Blur(radius=radius):
            for plane in planes:
                side = 2 * max(1, round(radius * plane.shape[1])) + 1
                plane[:] = cv2.blur(cv2.blur(plane, (side, side)), (side, side))
        case Move(across=across, down=down):
            _shift(planes, across, down)


def _cover(planes: tuple[Plane, Plane, Plane], share: float) -> None:
    for plane, level in zip(planes, (26, 126, 131), strict=True):
        plane[:, : round(share * plane.shape[1])] = level


def _shift(planes: tuple[Plane, Plane, Plane], across: float, down: float) -> None:
    for plane in planes:
        rows, columns = plane.shape
        shift = np.array([[1, 0, across * columns], [0, 1, down * rows]], np.float64)
        plane[:] = cv2.warpAffine(plane, shift, (columns, rows), borderMode=cv2.BORDER_REPLICATE)


def _arranged(stations: Sequence[str]) -> list[_Desk]:
    """Stations in one to three rows, the first one far left."""
    count = len(stations)
    rows = 1 if count <= 3 else 2 if count <= 8 else 3
    across = max(1, math.ceil(count / rows))
    desks = []
    for index, label in enumerate(stations):
        row, column = divmod(index, across)
        edge, scale = _ROWS[rows][min(row, rows - 1)]
        scale *= min(1.0, 4.6 / across / scale)
        spread = _WIDTH * (0.78 + 0.14 * row / rows)
        centre = _WIDTH / 2 + spread * ((column + 0.5) / across - 0.5)
        desks.append(_Desk(label, round(centre), edge, scale))
    return desks


class _Drawing:
    """A canvas with measures of the 1280 x 720 picture, drawn larger for smooth edges."""

    def __init__(self) -> None:
        self.image: Plane = np.zeros((_HEIGHT * _FINE, _WIDTH * _FINE, 3), np.uint8)

    def polygon(self, colour: Colour, *points: tuple[float, float]) -> None:
        corners = np.array([[round(x * _FINE), round(y * _FINE)] for x, y in points], np.int32)
        cv2.fillPoly(self.image, [corners], colour, cv2.LINE_AA)

    def box(self, colour: Colour, left: float, top: float, right: float, bottom: float) -> None:
        self.polygon(colour, (left, top), (right, top), (right, bottom), (left, bottom))

    def line(self, colour: Colour, start: tuple[float, float], end: tuple[float, float]) -> None:
        ends = [(round(x * _FINE), round(y * _FINE)) for x, y in (start, end)]
        cv2.line(self.image, ends[0], ends[1], colour, _FINE, cv2.LINE_AA)

    def text(self, text: str, centre: tuple[float, float], size: float, colour: Colour) -> None:
        (across, up), _ = cv2.getTextSize(text, _FONT, size * _FINE, _FINE)
        at = (round(centre[0] * _FINE - across / 2), round(centre[1] * _FINE + up / 2))
        cv2.putText(self.image, text, at, _FONT, size * _FINE, colour, _FINE, cv2.LINE_AA)


def _drawn_room(room: str, desks: Sequence[_Desk], panel: Colour, width: int, height: int) -> Plane:
    drawing = _Drawing()
    _draw_walls(drawing, room, panel)
    for desk in desks:
        _draw_desk(drawing, desk)
    return np.asarray(cv2.resize(drawing.image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _draw_walls(drawing: _Drawing, room: str, panel: Colour) -> None:
    fine_horizon = _HORIZON * _FINE
    wall = np.linspace((196, 204, 206), (222, 228, 230), fine_horizon)
    floor = np.linspace((142, 154, 160), (178, 190, 196), _HEIGHT * _FINE - fine_horizon)
    drawing.image[:] = np.vstack([wall, floor])[:, None, :].astype(np.uint8)
    for column in range(-12, 13):
        drawing.line((136, 146, 152), (640 + column * 66, _HORIZON), (640 + column * 190, _HEIGHT))
    for step in range(8):
        depth = _HORIZON + (_HEIGHT - _HORIZON) * (step / 8) ** 1.7
        drawing.line((136, 146, 152), (0, depth), (_WIDTH, depth))
    drawing.box(panel, 0, _HORIZON - 62, _WIDTH, _HORIZON - 10)
    drawing.box((104, 96, 84), 0, _HORIZON - 10, _WIDTH, _HORIZON)
    for left in (70, 270):
        _draw_window(drawing, left)
    _draw_board(drawing, room)
    drawing.box((88, 104, 124), 1092, 72, 1204, _HORIZON)
    drawing.box((104, 124, 146), 1100, 80, 1196, _HORIZON)
    drawing.box((190, 200, 204), 1112, 104, 1184, 168)
    drawing.box((60, 66, 70), 1108, 192, 1118, 204)


def _draw_window(drawing: _Drawing, left: float) -> None:
    drawing.box((238, 240, 240), left, 66, left + 170, 196)
    for column in range(2):
        start = left + 8 + column * 79
        drawing.box((226, 208, 178), start, 74, start + 75, 188)
        drawing.polygon((236, 222, 198), (start, 148), (start + 62, 74), (start + 75, 74), (start, 164))


def _draw_board(drawing: _Drawing, room: str) -> None:
    drawing.box((168, 172, 172), 520, 58, 1010, 190)
    drawing.box((248, 250, 250), 528, 66, 1002, 182)
    drawing.text(room, (765, 106), 1.15, (96, 70, 40))
    drawing.line((198, 190, 176), (600, 132), (930, 132))
    drawing.text("SKILL ASSESSMENT  -  RECORDING", (765, 155), 0.58, (128, 108, 84))


def _draw_desk(drawing: _Drawing, desk: _Desk) -> None:
    centre, edge, scale = desk.centre, desk.edge, desk.scale
    far, near, depth, front = 92 * scale, 106 * scale, 34 * scale, 58 * scale
    low = edge + depth
    for side in (-1, 1):
        foot = centre + side * 94 * scale
        drawing.box((92, 96, 98), foot - 4 * scale, low, foot + 4 * scale, low + front + 16 * scale)
    drawing.box((150, 164, 176), centre - near + 6, low, centre + near - 6, low + front)
    drawing.polygon(
        (176, 196, 212), (centre - far, edge), (centre + far, edge), (centre + near, low), (centre - near, low)
    )
    drawing.box((126, 142, 156), centre - near, low, centre + near, low + 5 * scale)
    drawing.polygon(
        (246, 248, 248),
        (centre - 34 * scale, edge + 9 * scale),
        (centre + 12 * scale, edge + 9 * scale),
        (centre + 14 * scale, edge + 26 * scale),
        (centre - 38 * scale, edge + 26 * scale),
    )
    drawing.box((110, 92, 72), centre + 40 * scale, edge + 6 * scale, centre + 78 * scale, edge + 24 * scale)
    drawing.box((150, 128, 102), centre + 44 * scale, edge + 9 * scale, centre + 74 * scale, edge + 20 * scale)
    plate = low + 31 * scale
    drawing.box((250, 250, 250), centre - 46 * scale, plate - 17 * scale, centre + 46 * scale, plate + 17 * scale)
    drawing.text(desk.label, (centre, plate), min(0.78, 4.6 / max(len(desk.label), 1)) * scale, (70, 48, 24))
