"""What is true of a rendered picture: of every station how much is seen, and what hides the rest; everybody in it.

Worked out from the geometry of the scene, never from the picture. A station stands for points all over its volume;
those that are not seen are counted under the first that holds of: out of the frame, behind something that always
stands there, behind something put up for it, behind somebody. The furniture of the station itself hides nothing of
it, for it belongs there. Not here: what an analysis would make of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.pictures import Fault
from domain.plan import RoomPlan, Target
from ingest.simulator.hall.covers import volume_points
from ingest.simulator.hall.figures import Sprite
from ingest.simulator.hall.optics import Optics
from ingest.simulator.hall.script import (
    Defocused,
    Exposed,
    Frozen,
    LensCovered,
    Looped,
    Pose,
    Script,
    Turned,
)
from ingest.simulator.hall.surfaces import Floats, Surface, hidden_by

BLIND_BELOW = 0.5
"""A station of which a camera sees less than this share, as planned and with nobody there, is blind for it."""

LOST_FROM = 0.2
"""A station that lost this share of what is planned to be seen of it is obstructed. People do not count."""


class State(StrEnum):
    """What is true of a station in a picture."""

    VISIBLE = "visible"
    OBSTRUCTED = "obstructed"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class StationTruth:
    """Shares of a station's points; with ``seen`` they add up to 1. ``planned`` would be seen if all was well."""

    station: str
    out_of_frame: float
    hidden_by_room: float
    hidden_by_cover: float
    hidden_by_people: float
    planned: float
    occupied: bool

    @property
    def seen(self) -> float:
        return 1 - self.out_of_frame - self.hidden_by_room - self.hidden_by_cover - self.hidden_by_people

    @property
    def state(self) -> State:
        if self.planned < BLIND_BELOW:
            return State.BLIND
        lost = 1 - (self.seen + self.hidden_by_people) / self.planned
        return State.OBSTRUCTED if lost >= LOST_FROM else State.VISIBLE


@dataclass(frozen=True, slots=True)
class PersonTruth:
    """Somebody in the picture: the box of what is to be seen of them, in pixels, and how much of the body that is.

    ``visible`` is the share of the pixels that the body would have within the frame with nothing before it.
    ``station`` is where they sit or stand as a candidate, "" for others.
    """

    who: str
    station: str
    box: tuple[int, int, int, int]  # left, top, right, bottom
    visible: float


@dataclass(frozen=True, slots=True)
class PictureTruth:
    """All of one picture. ``shown_s`` is the instant that it shows, earlier than its own where frozen or looped."""

    camera: str
    at_s: float
    shown_s: float
    stations: tuple[StationTruth, ...]
    people: tuple[PersonTruth, ...]
    faults: frozenset[Fault]


class Points:
    """The points of all stations as one camera sees them in one state of the room."""

    def __init__(
        self, plan: RoomPlan, optics: Optics, surfaces: Sequence[Surface], covers: Sequence[Surface]
    ) -> None:
        volumes = [volume for volume in plan.volumes if volume.target is Target.STATION]
        self.names = [volume.id for volume in volumes]
        points = [volume_points(volume) for volume in volumes]
        self._owner = np.repeat(np.arange(len(volumes)), [len(each) for each in points])
        placed = np.concatenate(points) if points else np.zeros((0, 3))
        self.pixels, self.distances, self._framed = optics.project(placed)
        names = np.array(self.names, np.str_)[self._owner] if points else np.zeros(0, np.str_)
        self._by_room = self._framed & hidden_by(surfaces, optics.centre, placed, names)
        self._by_cover = self._framed & ~self._by_room & hidden_by(covers, optics.centre, placed)
        self._width = optics.width

    def planned(self) -> dict[str, float]:
        """By station the share that is in the frame and not behind anything."""
        return dict(zip(self.names, self._share(self._framed & ~self._by_room & ~self._by_cover), strict=True))

    def behind(self, sprites: Sequence[Sprite], lens_share: float) -> list[tuple[float, float, float, float]]:
        """By station the shares out of frame, behind room, covers and people; ``lens_share`` of the lens is."""
        by_cover = self._by_cover | (self._framed & ~self._by_room & (self.pixels[:, 0] < lens_share * self._width))
        free = self._framed & ~self._by_room & ~by_cover
        by_people = free & self._behind_somebody(sprites)
        shares = [self._share(which) for which in (~self._framed, self._by_room, by_cover, by_people)]
        return [(out, room, cover, people) for out, room, cover, people in zip(*shares, strict=True)]

    def _behind_somebody(self, sprites: Sequence[Sprite]) -> NDArray[np.bool_]:
        hidden = np.zeros(len(self.distances), np.bool_)
        whole = np.where(np.isfinite(self.pixels), self.pixels, -1).astype(np.intp)
        for sprite in sprites:
            window = sprite.window
            inside = (whole >= (window.left, window.top)).all(axis=1)
            inside &= (whole < (window.right, window.bottom)).all(axis=1)
            [chosen] = np.nonzero(inside & ~hidden)
            depth = sprite.depth[whole[chosen, 1] - window.top, whole[chosen, 0] - window.left]
            hidden[chosen] = depth < self.distances[chosen]
        return hidden

    def _share(self, which: NDArray[np.bool_]) -> list[float]:
        count = len(self.names)
        totals = np.bincount(self._owner, minlength=count)
        shares: Floats = np.bincount(self._owner, weights=which, minlength=count) / np.maximum(totals, 1)
        return [float(share) for share in shares]


def people_of(people: Sequence[tuple[Pose, Sprite]], height: int, width: int) -> tuple[PersonTruth, ...]:
    """Everybody of whom something is to be seen; ``people`` from the furthest to the nearest."""
    nearest = np.zeros((height, width), np.uint8)
    for number, (_, sprite) in enumerate(people, 1):
        sprite.window.cut(nearest)[sprite.opacity > 127] = number
    found = []
    for number, (pose, sprite) in enumerate(people, 1):
        rows, columns = np.nonzero(sprite.window.cut(nearest) == number)
        if rows.size:
            left, top = sprite.window.left, sprite.window.top
            box = (
                left + int(columns.min()),
                top + int(rows.min()),
                left + int(columns.max()) + 1,
                top + int(rows.max()) + 1,
            )
            found.append(PersonTruth(pose.who, pose.station, box, min(1.0, rows.size / max(sprite.whole, 1.0))))
    return tuple(found)


def faults_of(script: Script, at_s: float, camera: str) -> frozenset[Fault]:
    """What is wrong with the whole picture, in the words of the analysis; a half covered lens is told by stations."""
    faults = set[Fault]()
    if any(abs(event.pan) + abs(event.tilt) + abs(event.roll) > 0 for event in script.now(Turned, at_s, camera)):
        faults.add(Fault.MOVED)
    if any(event.share > 0.9 for event in script.now(LensCovered, at_s, camera)):
        faults.add(Fault.COVERED)
    for exposed in script.now(Exposed, at_s, camera):
        if exposed.level > 1:
            faults.add(Fault.OVEREXPOSED)
        else:
            faults.add(Fault.DIM if exposed.level > 0.06 else Fault.BLACK)
    for kind, fault in ((Defocused, Fault.DEFOCUSED), (Frozen, Fault.FROZEN), (Looped, Fault.LOOPED)):
        if any(True for _ in script.now(kind, at_s, camera)):
            faults.add(fault)
    return frozenset(faults)
