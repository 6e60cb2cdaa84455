"""The hall as a simulated camera's scene: pictures for the encoder, with the burnt-in line and faults.

Cheap enough for a live camera, because what stands still is cast before it is shown (``prepare``) and people are cast
once for each pose. The noise is weaker than a sensor's, for it is coded and sent. Not here: which frame is shown when
(``ingest.simulator.camera``), and full noise (``filming``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingest.simulator.errors import BadDescription, FaultNotPossible
from ingest.simulator.faults import Cover, StationShown, Turn
from ingest.simulator.frame_code import draw_frame_number
from ingest.simulator.hall.examples import HALLS, patrol, with_size
from ingest.simulator.hall.filming import Filming, Hall
from ingest.simulator.hall.furnishing import random_of
from ingest.simulator.hall.script import Cloth, Event, LensCovered, Script, Turned, Walk, seats_taken
from ingest.simulator.hall.truth import State
from ingest.simulator.scene import LensFault, TextLine, planes_of, through, to_yuv

Plane = NDArray[np.uint8]

_MOVES_PER_S = 5  # how often people are shown somewhere else; between, only the noise is new
_GRAIN_SIGMA = 1.2
_GRAINS = 8  # different fields of noise, shown in turn


class StagedScene:
    """The picture of one camera of a ready-made hall. One thread renders, others may ask for the rest meanwhile."""

    def __init__(
        self,
        title: str,
        size: tuple[int, int],
        hall: str,
        mounted: str,
        seed: int,
        *,
        empty_s: float = 0.0,
        absent: Sequence[str] = (),
    ) -> None:
        """``title`` is burnt in; ``mounted`` names where the camera hangs; nobody is there for the first ``empty_s``,
        and nobody comes to the stations ``absent``. Raises BadDescription for what is not there.
        """
        if hall not in HALLS:
            raise BadDescription(f"{title}: no hall {hall!r}; there are {', '.join(HALLS)}")
        plan = with_size(HALLS[hall](), *size)
        mountings = {mounting.camera for mounting in plan.mountings}
        if mounted not in mountings:
            raise BadDescription(f"{title}: nothing hangs at {mounted!r}; there are {', '.join(sorted(mountings))}")
        walk = Walk(start_s=empty_s, who="invigilator", path=patrol(plan), closed=True)
        self._filming = Filming(
            Hall(plan, Script((*seats_taken(plan, empty_s, but=absent), walk)), seed), mounted, fine=1
        )
        self._stations = {state.station for state in self._filming.truth(0.0).stations}
        self._title, self._height = title, size[1]
        self._line = TextLine(title, size[0])
        self._kept: tuple[tuple[float, tuple[Event, ...]], Plane] | None = None
        random = random_of(seed, f"grain/{mounted}")
        field = random.normal(0, _GRAIN_SIGMA, (_GRAINS, size[1], size[0]))
        # Added modulo 256, which is ten times as fast as with saturation: limited range luma is 16 to 235.
        self._grains = np.clip(np.round(field), -6, 6).astype(np.int8).view(np.uint8)

    def render(self, number: int, elapsed_s: float, wall: datetime, lens: Sequence[LensFault] = ()) -> Plane:
        """As ``Scene.render``: an I420 picture of that frame number; everybody is where they are at ``elapsed_s``."""
        frame = self._moment(math.floor(elapsed_s * _MOVES_PER_S) / _MOVES_PER_S, _events(lens)).copy()
        planes = planes_of(frame, self._height)
        for fault in lens:
            if not isinstance(fault, Turn) and not (isinstance(fault, Cover) and fault.station):
                through(planes, fault)
        planes[0][:] += self._grains[number % _GRAINS]
        self._line.draw(planes, wall)
        draw_frame_number(planes[0], number)
        return frame

    def _moment(self, at_s: float, events: tuple[Event, ...]) -> Plane:
        """The scene at that instant, kept until another one is asked for."""
        if self._kept is None or self._kept[0] != (at_s, events):
            self._kept = ((at_s, events), to_yuv(self._filming.scene(at_s, events)))
        return self._kept[1]

    def prepare(self, faults: Sequence[LensFault]) -> None:
        """Draw what stands still under these faults. Raises FaultNotPossible for a station that is not there."""
        for fault in faults:
            if isinstance(fault, Cover) and fault.station and fault.station not in self._stations:
                raise FaultNotPossible(f"{self._title}: no station {fault.station!r} in its hall")
        self._filming.prepare(0.0, _events(faults))

    def meaning(self, fault: LensFault) -> tuple[StationShown, ...]:
        """The stations that this fault takes from the camera, and how much of each is left; people do not count."""
        truth = self._filming.truth(0.0, (*_events([fault]), *_of_lens(fault)))
        return tuple(
            StationShown(station.station, station.state, round(station.seen + station.hidden_by_people, 3))
            for station in truth.stations
            if station.state is State.OBSTRUCTED
        )


def _of_lens(fault: LensFault) -> tuple[Event, ...]:
    if isinstance(fault, Cover) and not fault.station:
        return (LensCovered(camera="", share=fault.share),)
    return ()


def _events(faults: Sequence[LensFault]) -> tuple[Event, ...]:
    """What of these faults is a matter of room and mounting, in an order of its own."""
    events = list[Event]()
    for fault in faults:
        match fault:
            case Cover(station=station, share=share) if station:
                events.append(Cloth(station=station, share=share))
            case Turn(pan=pan, tilt=tilt, roll=roll):
                events.append(Turned(camera="", pan=pan, tilt=tilt, roll=roll))
    return tuple(sorted(events, key=repr))
