"""What happens in a hall and to its cameras, second by second: people, things put in the way, cameras tampered with.

A script is a list of frozen events; where anybody is at an instant follows from it and a seed alone. Seconds count
from the scene's start. Not here: how it looks (``filming``) and what it means for a station (``truth``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np

from domain.plan import Point, RoomPlan, Target
from ingest.simulator.hall.figures import POSES, Body, Looks, looks_of, seated, upright
from ingest.simulator.hall.furnishing import Place, place_of, random_of
from ingest.simulator.hall.optics import Optics
from ingest.simulator.hall.surfaces import frame_looking


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something from ``start_s`` until before ``end_s``."""

    start_s: float = 0.0
    end_s: float = math.inf

    def holds(self, at_s: float) -> bool:
        return self.start_s <= at_s < self.end_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting(Event):
    """A candidate sits at a station; ``still`` moves a hand once in some minutes."""

    station: str
    still: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Event):
    """The candidate of a station stands there instead of sitting."""

    station: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk(Event):
    """Somebody walks along a path, once or, where it is ``closed``, round and round."""

    who: str
    path: tuple[Point, ...]
    speed: float = 1.1  # metres a second
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloth(Event):
    """A cloth over a station, from its right hand side as far as ``share`` of its width: hides it from everywhere."""

    station: str
    share: float = 1.0
    flat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board(Event):
    """A board put up between a station and a camera, to hide ``share`` of what that camera sees of it."""

    station: str
    camera: str
    share: float = 1.0
    flat: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OfCamera(Event):
    """Something that is wrong with one camera; "" for all of them."""

    camera: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned(OfCamera):
    """The camera was turned by degrees."""

    pan: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LensCovered(OfCamera):
    """Something is over the lens, from the left as far as ``share`` of the picture's width."""

    share: float = 1.0
    flat: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Defocused(OfCamera):
    """Out of focus: a Gaussian blur with ``sigma`` as a share of the picture's width."""

    sigma: float = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed(OfCamera):
    """Brightness times ``level``: dim below 1, overexposed above, lights off where it is all cameras."""

    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen(OfCamera):
    """The picture of the start is shown all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looped(OfCamera):
    """The last ``span_s`` seconds before the start are shown again and again."""

    span_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing(OfCamera):
    """Somebody passes close before the lens, on a ladder where it hangs high."""

    distance_m: float = 0.7


SomeEvent = TypeVar("SomeEvent", bound=Event)


@dataclass(frozen=True, slots=True)
class Script:
    """All that happens."""

    events: tuple[Event, ...] = ()

    def now(self, kind: type[SomeEvent], at_s: float, camera: str | None = None) -> Iterator[SomeEvent]:
        """The events of a kind that hold; of a camera only those that concern it, where one is named."""
        for event in self.events:
            if isinstance(event, kind) and event.holds(at_s):
                concerned = camera is None or not isinstance(event, OfCamera) or event.camera in ("", camera)
                if concerned:
                    yield event

    def shown_s(self, at_s: float, camera: str) -> float:
        """The instant whose picture the camera shows: an earlier one where it is frozen or looped."""
        for frozen in self.now(Frozen, at_s, camera):
            at_s = min(at_s, frozen.start_s)
        for looped in self.now(Looped, at_s, camera):
            at_s = looped.start_s - looped.span_s + (at_s - looped.start_s) % looped.span_s
        return max(0.0, at_s)


@dataclass(frozen=True, slots=True)
class Pose:
    """Somebody at an instant: what their picture depends on, and nothing else."""

    who: str
    station: str  # where they belong, "" for nobody's
    kind: str  # sitting, standing, walking, passing
    pose: int
    place: tuple[float, float, float, float]  # x, y, height of the floor under them, direction in degrees


_STEP_M = 0.15  # how far apart the places are at which somebody walking is shown
_STRIDE_M = 1.3


class Cast:
    """Everybody of a script, by a seed: where they are, and their bodies."""

    def __init__(self, plan: RoomPlan, script: Script, seed: int) -> None:
        self._script, self._seed = script, seed
        self._places: dict[str, Place] = {
            volume.id: place_of(volume) for volume in plan.volumes if volume.target is Target.STATION
        }

    def at(self, at_s: float, optics: Optics) -> list[Pose]:
        """Everybody in the room; who passes close before another camera is not there for this one."""
        standing = {event.station for event in self._script.now(Standing, at_s)}
        poses = list[Pose | None]()
        for sitting in self._script.now(Sitting, at_s):
            rises = sitting.station in standing
            poses.append(self._at_station(sitting.station, at_s, "standing" if rises else "sitting", sitting.still))
        poses += [_walking(walk, at_s) for walk in self._script.now(Walk, at_s)]
        camera = optics.mounting.camera
        poses += [_passing(passing, at_s, optics) for passing in self._script.now(Passing, at_s, camera)]
        return [pose for pose in poses if pose is not None]

    def body(self, pose: Pose) -> Body:
        """Their capsules."""
        looks = self._looks(pose.who)
        x, y, high, direction = pose.place
        ahead = (math.cos(math.radians(direction)), math.sin(math.radians(direction)))
        frame = frame_looking((x, y), ahead)
        frame = replace(frame, origin=frame.origin + np.array([0, 0, high]))
        if pose.kind == "sitting":
            return seated(frame, looks, pose.pose, self._places[pose.station].desk_m)
        return upright(frame, looks, pose.pose, 0.0 if pose.kind == "standing" else 1.0)

    def _looks(self, who: str) -> Looks:
        return looks_of(random_of(self._seed, f"looks/{who}"))

    def _at_station(self, station: str, at_s: float, kind: str, still: bool) -> Pose:
        place = self._places[station]
        x, y, _ = place.seat
        ahead = place.frame.axes[1]
        direction = math.degrees(math.atan2(ahead[1], ahead[0]))
        pose = _restless(random_of(self._seed, f"hands/{station}"), at_s, still)
        return Pose(f"candidate {station}", station, kind, pose, (float(x), float(y), 0.0, direction))


def _restless(random: np.random.Generator, at_s: float, still: bool) -> int:
    """A pose that drifts to and fro and never repeats; of somebody still, among three, over minutes."""
    periods = random.uniform((5, 9, 23), (9, 16, 61)) * (40 if still else 1)
    phases = random.uniform(0, 2 * math.pi, 3)
    sway = float(np.sin(2 * math.pi * at_s / periods + phases) @ (0.45, 0.35, 0.2))
    if still:
        return POSES // 2 + round(sway)
    return round((POSES - 1) * (0.5 + 0.5 * sway))


def _walking(walk: Walk, at_s: float) -> Pose | None:
    way = round(walk.speed * (at_s - walk.start_s) / _STEP_M) * _STEP_M
    corners = (*walk.path, walk.path[0]) if walk.closed else walk.path
    legs = [math.dist(start, end) for start, end in pairwise(corners)]
    if walk.closed:
        way %= sum(legs)
    pose = round(way / _STRIDE_M * POSES) % POSES
    for (start, end), length in zip(pairwise(corners), legs, strict=True):
        if way <= length and length > 0:
            share = way / length
            x, y = (round(a + share * (b - a), 3) for a, b in zip(start, end, strict=True))
            direction = round(math.degrees(math.atan2(end[1] - start[1], end[0] - start[0])), 3)
            return Pose(walk.who, "", "walking", pose, (x, y, 0.0, direction))
        way -= length
    return None  # they have arrived, and left


def _passing(passing: Passing, at_s: float, optics: Optics) -> Pose:
    """From one side to the other within the event, the face at the height of the lens."""
    right, _, ahead = optics.axes
    aside = -1.3 + 2.6 * round(24 * (at_s - passing.start_s) / (passing.end_s - passing.start_s)) / 24
    level = np.array([ahead[0], ahead[1]]) / math.hypot(ahead[0], ahead[1])
    x, y = optics.centre[:2] + passing.distance_m * level + aside * right[:2]
    direction = math.degrees(math.atan2(right[1], right[0]))
    pose = round(aside * 12) % POSES
    high = optics.mounting.height_m - 1.75
    return Pose("passer-by", "", "passing", pose, (float(x), float(y), high, direction))


def seats_taken(
    plan: RoomPlan, start_s: float = 0.0, end_s: float = math.inf, but: Sequence[str] = ()
) -> list[Event]:
    """A candidate at every station, but for those named."""
    names = [volume.id for volume in plan.volumes if volume.target is Target.STATION and volume.id not in but]
    return [Sitting(start_s=start_s, end_s=end_s, station=name) for name in names]
