"""One camera of a hall at work: its picture at any instant, with the noise of a camera, and the truth about it.

What stands still is cast once for each state of room and camera; people are cast once for each pose and place and
pasted from the furthest to the nearest. Pictures are a pure function of plan, script, seed and time: what is kept
from one instant to the next is kept for speed alone. Not here: coding, and the burnt-in line (``staged``).
"""

from __future__ import annotations

import math
import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.plan import Mounting, RoomPlan
from ingest.simulator.hall import textures
from ingest.simulator.hall.casting import FINE, Still, cast, window_of
from ingest.simulator.hall.covers import board_surfaces, cloth_surfaces
from ingest.simulator.hall.figures import Sprite, sprite_of
from ingest.simulator.hall.furnishing import furnished, random_of
from ingest.simulator.hall.optics import Optics
from ingest.simulator.hall.script import (
    Board,
    Cast,
    Cloth,
    Defocused,
    Event,
    Exposed,
    LensCovered,
    Pose,
    Script,
    Turned,
)
from ingest.simulator.hall.surfaces import Surface
from ingest.simulator.hall.truth import PictureTruth, Points, StationTruth, faults_of, people_of

Image = NDArray[np.uint8]

NOISE_SIGMA = 2.5
"""Standard deviation of the sensor's noise, in levels."""

_KEPT_PIXELS = 12_000_000  # of sprites, ten bytes each, for one state of the room
_KEPT_STAGES = 8
_ROAM = 97  # by how many pixels the field of noise is larger than a picture


@dataclass(frozen=True)
class Hall:
    """A room, what happens in it, and the seed of all that is left to chance."""

    plan: RoomPlan
    script: Script = field(default_factory=Script)
    seed: int = 0

    @cached_property
    def surfaces(self) -> tuple[Surface, ...]:
        """All that stands still, built once."""
        return furnished(self.plan, self.seed)

    def mounting(self, camera: str) -> Mounting:
        """Raises LookupError with the cameras there are."""
        for mounting in self.plan.mountings:
            if mounting.camera == camera:
                return mounting
        raise LookupError(f"no camera {camera!r} hangs there; there are {self.cameras()}")

    def cameras(self) -> list[str]:
        return [mounting.camera for mounting in self.plan.mountings]


class _Stage:
    """One state of the room and of the camera: what stands still in its picture, and sprites cast before that.

    With covers it is a stage put before ``bare``, the same without, whose sprites serve wherever no cover is near.
    """

    def __init__(
        self, hall: Hall, optics: Optics, covers: tuple[Surface, ...], bare: _Stage | None, fine: int
    ) -> None:
        self.optics, self._covers, self._bare = optics, covers, bare
        self._hall, self._fine = hall, fine
        self.still: Still = cast(optics, hall.surfaces) if bare is None else cast(optics, covers, bare.still)
        self._near_covers = [window_of(optics, surface) for surface in covers]
        self._sprites: OrderedDict[Pose, Sprite | None] = OrderedDict()
        self._pixels = 0
        self._lock = threading.Lock()

    @cached_property
    def points(self) -> Points:
        return Points(self._hall.plan, self.optics, self._hall.surfaces, self._covers)

    def sprite(self, cast_of: Cast, pose: Pose) -> Sprite | None:
        """The picture of somebody; None where nothing of them is to be seen."""
        if self._bare is not None:
            uncovered = self._bare.sprite(cast_of, pose)
            if uncovered is None or not any(uncovered.window.meets(near) for near in self._near_covers):
                return uncovered
        with self._lock:
            if pose in self._sprites:
                self._sprites.move_to_end(pose)
                return self._sprites[pose]
        sprite = sprite_of(self.optics, cast_of.body(pose), self.still.depth, self._fine)
        with self._lock:
            self._pixels += _size(sprite) - _size(self._sprites.get(pose))
            self._sprites[pose] = sprite
            while self._pixels > _KEPT_PIXELS and len(self._sprites) > 1:
                self._pixels -= _size(self._sprites.popitem(last=False)[1])
        return sprite


def _size(sprite: Sprite | None) -> int:
    return 0 if sprite is None else sprite.opacity.size


class Filming:
    """One camera. Safe to use from several threads.

    ``more`` events, wherever they can be given, are taken as if the script had them too; they hold at all times.
    """

    def __init__(self, hall: Hall, camera: str, fine: int = FINE) -> None:
        """``fine`` rays across and down are cast for a pixel of people. Raises LookupError for no such camera."""
        self.hall, self.camera, self._fine = hall, camera, fine
        self.mounting = hall.mounting(camera)
        self._cast = Cast(hall.plan, hall.script, hall.seed)
        self._stages: OrderedDict[tuple[Event, ...], _Stage] = OrderedDict()
        self._lock = threading.Lock()
        self._sensor = _Sensor(hall.seed, self.mounting)

    def picture(self, at_s: float) -> Image:
        """What the camera sends at that second: height x width x 3, BGR."""
        shown_s = self.hall.script.shown_s(at_s, self.camera)
        return self._sensor.take(self.scene(shown_s), self.hall.script, shown_s, at_s, self.camera)

    def scene(self, at_s: float, more: tuple[Event, ...] = ()) -> Image:
        """What falls on the lens at that second, without anything that the camera does to it."""
        picture = self._stage(at_s, more).still.colour.copy()
        for _, sprite in self._people(at_s, more):
            sprite.paste(picture)
        return picture

    def truth(self, at_s: float, more: tuple[Event, ...] = ()) -> PictureTruth:
        """Everything that is true of that picture."""
        script, camera = Script((*self.hall.script.events, *more)), self.camera
        shown_s = script.shown_s(at_s, camera)
        people, stage = self._people(shown_s, more), self._stage(shown_s, more)
        lens = max((event.share for event in script.now(LensCovered, at_s, camera)), default=0.0)
        shares = stage.points.behind([sprite for _, sprite in people], lens)
        occupied = {pose.station for pose in self._cast.at(shown_s, stage.optics) if pose.station}
        stations = tuple(
            StationTruth(name, *of_station, planned=self.planned[name], occupied=name in occupied)
            for name, of_station in zip(stage.points.names, shares, strict=True)
        )
        seen = people_of(people, self.mounting.height, self.mounting.width)
        return PictureTruth(camera, at_s, shown_s, stations, seen, faults_of(script, at_s, camera))

    def prepare(self, at_s: float, more: tuple[Event, ...] = ()) -> None:
        """Draw now what stands still at that second, so that its picture will not be late."""
        self._stage(at_s, more)

    @cached_property
    def planned(self) -> dict[str, float]:
        """By station the share that the camera sees of it with nobody there and nothing in the way."""
        return Points(self.hall.plan, Optics(self.mounting), self.hall.surfaces, ()).planned()

    def _people(self, at_s: float, more: tuple[Event, ...]) -> list[tuple[Pose, Sprite]]:
        """Everybody in the frame, the furthest first."""
        stage = self._stage(at_s, more)
        poses = self._cast.at(at_s, stage.optics)
        found = [(pose, stage.sprite(self._cast, pose)) for pose in poses]
        seen = [(pose, sprite) for pose, sprite in found if sprite is not None]
        return sorted(seen, key=lambda each: -each[1].distance_m)

    def _stage(self, at_s: float, more: tuple[Event, ...] = ()) -> _Stage:
        script = Script((*self.hall.script.events, *more)) if more else self.hall.script
        turns: tuple[Event, ...] = tuple(script.now(Turned, at_s, self.camera))
        covers: tuple[Event, ...] = (*script.now(Cloth, at_s), *script.now(Board, at_s))
        bare = self._kept(turns, (), None)
        return self._kept(turns, covers, bare) if covers else bare

    def _kept(self, turns: tuple[Event, ...], covers: tuple[Event, ...], bare: _Stage | None) -> _Stage:
        key = (*turns, *covers)
        with self._lock:
            stage = self._stages.pop(key, None)
        if stage is None:  # made outside the lock: another thread may go on showing what there is
            optics = Optics(_turned(self.mounting, turns))
            stage = _Stage(self.hall, optics, self._covering(covers), bare, self._fine)
        with self._lock:
            self._stages[key] = stage
            while len(self._stages) > _KEPT_STAGES:
                self._stages.popitem(last=False)
        return stage

    def _covering(self, events: tuple[Event, ...]) -> tuple[Surface, ...]:
        plan, seed = self.hall.plan, self.hall.seed
        surfaces = list[Surface]()
        for event in events:
            if isinstance(event, Cloth):
                surfaces += cloth_surfaces(plan, event, seed)
            elif isinstance(event, Board):
                surfaces += board_surfaces(plan, event, Optics(self.hall.mounting(event.camera)), seed)
        return tuple(surfaces)


def _turned(mounting: Mounting, turns: tuple[Event, ...]) -> Mounting:
    for turn in turns:
        if isinstance(turn, Turned):
            pan, tilt, roll = mounting.pan + turn.pan, mounting.tilt + turn.tilt, mounting.roll + turn.roll
            mounting = replace(mounting, pan=pan, tilt=tilt, roll=roll)
    return mounting


class _Sensor:
    """What lens and sensor make of a scene: vibration, cover, blur, exposure, noise."""

    def __init__(self, seed: int, mounting: Mounting) -> None:
        self._seed = (seed, zlib.crc32(mounting.camera.encode()))
        random = random_of(seed, f"sensor/{mounting.camera}")
        rows, columns = mounting.height + _ROAM, mounting.width + _ROAM
        grain = np.clip(np.round(random.normal(0, NOISE_SIGMA, (rows, columns))), -127, 127).astype(np.int8)
        self._grain = np.repeat(grain[..., None], 3, axis=2)
        self._phase = random.uniform(0, 2 * math.pi, 3)
        self._random = random

    def take(self, scene: Image, script: Script, shown_s: float, at_s: float, camera: str) -> Image:
        """``shown_s`` decides on chance, ``at_s`` on what is done to the camera; they differ in a loop only."""
        rows, columns = scene.shape[:2]
        random = np.random.default_rng([*self._seed, round(shown_s * 1000)])
        shift = np.array([[1, 0, random.uniform(-0.5, 0.5)], [0, 1, random.uniform(-0.4, 0.4)]])
        picture = np.asarray(cv2.warpAffine(scene, shift, (columns, rows), borderMode=cv2.BORDER_REPLICATE), np.uint8)
        for cover in script.now(LensCovered, at_s, camera):
            picture = self._covered(picture, cover)
        for blur in script.now(Defocused, at_s, camera):
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur.sigma * columns), np.uint8)
        gain = self._gain(shown_s)
        for exposed in script.now(Exposed, at_s, camera):
            gain *= exposed.level
        top, left = random.integers(0, _ROAM, 2)
        grain = self._grain[top : top + rows, left : left + columns]
        exposed_picture = cv2.convertScaleAbs(picture, alpha=gain)
        return np.asarray(cv2.add(exposed_picture, grain, dtype=cv2.CV_8U), np.uint8)

    def _gain(self, at_s: float) -> float:
        """Daylight that comes and goes over minutes, and the camera's own exposure."""
        first, second, third = self._phase
        slow = 0.05 * math.sin(2 * math.pi * at_s / 1900 + first) + 0.03 * math.sin(2 * math.pi * at_s / 240 + second)
        return 1 + slow + 0.012 * math.sin(2 * math.pi * at_s / 17 + third)

    def _covered(self, picture: Image, cover: LensCovered) -> Image:
        """So near that it is out of focus, with a soft rim where it ends."""
        rows, columns = picture.shape[:2]
        random = np.random.default_rng([*self._seed, 1])
        if cover.flat:
            stuff = textures.filled((rows, columns), (52, 56, 60))
        else:
            small = textures.cloth((rows // 4, columns // 4), 300, (90, 110, 150), random)
            soft = cv2.GaussianBlur(small, (0, 0), 3)
            stuff = np.asarray(cv2.resize(soft, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)
        if cover.share >= 1:
            return stuff
        place = (np.arange(columns) - cover.share * columns) / (0.02 * columns)
        weight = np.tile(np.clip(0.5 - place, 0, 1).astype(np.float32), (rows, 1))
        return np.asarray(cv2.blendLinear(stuff, picture, weight, 1 - weight), np.uint8)
