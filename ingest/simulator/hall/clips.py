"""Hours of rendered footage for tests and benchmarks: cameras of halls, what is done to them, and the truth of it.

A clip is one camera for up to an hour. It opens with two minutes of the empty room, to take a reference from; then
the candidates come, an invigilator or two walk their rounds, and now and then somebody tampers with something, each
time for minutes and with minutes of peace before the next. Not here: what an analysis makes of it, and coding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.plan import RoomPlan, Target
from ingest.simulator.hall.examples import example_hall, patrol, small_hall, with_size
from ingest.simulator.hall.filming import Filming, Hall
from ingest.simulator.hall.furnishing import random_of
from ingest.simulator.hall.script import (
    Board,
    Cloth,
    Defocused,
    Event,
    Exposed,
    Frozen,
    LensCovered,
    Looped,
    Passing,
    Script,
    Sitting,
    Standing,
    Turned,
    Walk,
)
from ingest.simulator.hall.truth import BLIND_BELOW, PictureTruth

EMPTY_S = 120.0
"""So long a clip's room is empty at first."""

_ARRIVED_S = 240.0
_PEACE_S = (100.0, 260.0)
_TAMPERED_S = (60.0, 200.0)


@dataclass(frozen=True)
class Clip:
    """One camera over a span of time; ``instants`` are seconds from its start. Pictures are made when asked for."""

    name: str
    filming: Filming
    instants: tuple[float, ...]

    @property
    def camera(self) -> str:
        return self.filming.camera

    @property
    def plan(self) -> RoomPlan:
        return self.filming.hall.plan

    @property
    def script(self) -> Script:
        return self.filming.hall.script

    def pictures(self) -> Iterator[NDArray[np.uint8]]:
        """For each instant height x width x 3, BGR."""
        return (self.filming.picture(at_s) for at_s in self.instants)

    def truths(self) -> Iterator[PictureTruth]:
        """For each instant what is true of its picture."""
        return (self.filming.truth(at_s) for at_s in self.instants)

    def shots(self) -> Iterator[tuple[float, NDArray[np.uint8], PictureTruth]]:
        """Instant, picture and truth together, which costs no more than the two alone."""
        return ((at_s, self.filming.picture(at_s), self.filming.truth(at_s)) for at_s in self.instants)


def rendered_clips(
    hours: float, seed: int, *, step_s: float = 2.0, size: tuple[int, int] = (1280, 720), longest_s: float = 3600.0
) -> Iterator[Clip]:
    """Clips of ``hours`` together, one instant every ``step_s``, by turns of all cameras of both ready-made halls.

    The same hours, seed and size always give the same pictures. Only one clip need be held at a time.
    """
    halls = {"example": with_size(example_hall(), *size), "small": with_size(small_hall(6), *size)}
    mounted = [(name, mounting.camera) for name, plan in halls.items() for mounting in plan.mountings]
    left_s, number = hours * 3600, 0
    while left_s >= step_s:
        name, camera = mounted[number % len(mounted)]
        span_s = min(left_s, longest_s)
        own_seed = seed * 1000 + number
        script = exam_script(halls[name], camera, own_seed, span_s)
        filming = Filming(Hall(halls[name], script, own_seed), camera)
        instants = tuple(float(at_s) for at_s in np.arange(0, span_s, step_s))
        yield Clip(f"{number:03}-{name}-{camera}", filming, instants)
        left_s, number = left_s - span_s, number + 1


def exam_script(plan: RoomPlan, camera: str, seed: int, span_s: float) -> Script:
    """An exam of that length, and one deed after another against that camera and the stations it is to see."""
    random = random_of(seed, f"script/{camera}")
    return Script((*_candidates(plan, random, span_s), *_rounds(plan, random), *_deeds(plan, camera, seed, span_s)))


def _candidates(plan: RoomPlan, random: np.random.Generator, span_s: float) -> Iterator[Event]:
    """A seat in ten stays empty; somebody in ten sits nearly still; everybody stands up now and then."""
    for volume in plan.volumes:
        if volume.target is not Target.STATION or random.random() < 0.1:
            continue
        start_s = float(random.uniform(EMPTY_S, _ARRIVED_S))
        still = bool(random.random() < 0.1)
        yield Sitting(start_s=start_s, station=volume.id, still=still)
        while not still and (start_s := start_s + float(random.uniform(300, 2400))) < span_s:
            yield Standing(start_s=start_s, end_s=start_s + float(random.uniform(10, 60)), station=volume.id)


def _rounds(plan: RoomPlan, random: np.random.Generator) -> Iterator[Event]:
    path = patrol(plan)
    for number in range(1 + (len(plan.outline) > 4)):
        start_s = EMPTY_S + float(random.uniform(0, 60))
        way = path if number == 0 else tuple(reversed(path))
        yield Walk(start_s=start_s, who=f"invigilator {number}", path=way, closed=True, speed=0.7)


def _deeds(plan: RoomPlan, camera: str, seed: int, span_s: float) -> Iterator[Event]:
    """Each kind once before any comes again, in an order of chance."""
    random = random_of(seed, f"deeds/{camera}")
    stations = _seen(plan, camera, seed)
    at_s, waiting = _ARRIVED_S, list[Event]()
    while True:
        at_s += float(random.uniform(*_PEACE_S))
        end_s = at_s + float(random.uniform(*_TAMPERED_S))
        if end_s > span_s:
            return
        if not waiting:
            waiting = _all_deeds(camera, stations, random)
            random.shuffle(waiting)
        deed = waiting.pop()
        yield replace(deed, start_s=at_s, end_s=at_s + 4 if isinstance(deed, Passing) else end_s)
        at_s = end_s


def _all_deeds(camera: str, stations: list[str], random: np.random.Generator) -> list[Event]:
    deeds: list[Event] = [
        Turned(camera=camera, pan=_signed(random, 3, 15)),
        Turned(camera=camera, tilt=_signed(random, 2, 6), roll=_signed(random, 2, 6)),
        LensCovered(camera=camera, flat=True),
        LensCovered(camera=camera, flat=False),
        LensCovered(camera=camera, share=0.5, flat=bool(random.random() < 0.5)),
        Defocused(camera=camera, sigma=float(random.choice([0.0025, 0.005, 0.008]))),
        Exposed(camera=camera, level=float(random.choice([0.3, 0.15]))),
        Exposed(camera=camera, level=2.6),
        Exposed(camera="", level=0.03),
        Frozen(camera=camera),
        Looped(camera=camera, span_s=10.0),
        Passing(camera=camera),
    ]
    for share in (0.25, 0.5, 1.0):
        for flat in (True, False):
            if stations:
                station = stations[int(random.integers(len(stations)))]
                deeds.append(Cloth(station=station, share=share, flat=flat))
                deeds.append(Board(station=station, camera=camera, share=share, flat=flat))
    return deeds


def _signed(random: np.random.Generator, least: float, most: float) -> float:
    return float(random.uniform(least, most) * random.choice([-1, 1]))


def _seen(plan: RoomPlan, camera: str, seed: int) -> list[str]:
    """The stations that the camera is planned to see."""
    truth = Filming(Hall(plan, Script(), seed), camera).planned
    return [station for station, share in truth.items() if share >= BLIND_BELOW]
