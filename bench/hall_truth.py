"""How well a hall's plan and its pictures tell which stations are seen, station by second, beside the renderer's.

The hall is that of ``ingest.simulator.hall.examples``: five cameras, 36 stations, two pillars, two stations that
screens hide from every camera. An exam is played in it by a script drawn from a seed: candidates who work, one in ten
of them hardly moving, some who stand up, invigilators on their rounds; and in acts of some minutes cloths over
stations, boards put up against every camera that is planned to see one, and covered lenses. Covers hide a half, three
quarters or all of a station, with ``--small`` a quarter. Pictures are coded as JPEG. References are made of the empty
hall before, with the regions that the plan gives to each camera that shows half of a station; samples, sights and the
stations' union over cameras are made by the functions that the service uses (``analysis.eye``, ``analysis.views``).

``hall_plan`` asks the plan alone which stations are seen, of the hall and of others drawn from it (cameras, pillars
and screens moved): ``share_from`` is the share of a station from which on it counts as seen, for plan and truth.

``hall_pictures`` scores station x time: ``over`` "hall" is the union that the report rests on, "camera" each camera
by itself, without stations of which it sees half and has no region. What is true is worked out by
``ingest.simulator.hall.truth``, which shares nothing with the analysis but the plan's types. Told is ``visible``,
``obstructed`` (or the whole picture unusable), ``blind`` where no camera has a region, or undecided 无法判定.
``recall`` counts undecided as missed, ``recall_decided`` leaves it out. Time within a sample and two seconds of a
change of the truth is not scored; ``left_out`` is its share. ``hall_covers`` says what was told of obstructed
stations, camera by camera, by how much of them is lost.

Seeds up to 100 are those on which limits were chosen; what is published is of others. Prints JSON lines and judges
nothing.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.eye import EYE, Picture
from analysis.floorplan.regions import regions
from analysis.floorplan.survey import Survey, survey
from analysis.floorplan.worktops import worktops
from analysis.views import StationView, camera_view, station_view
from config.rule_pack import load
from domain.evidence import Coverage
from domain.pictures import Region, Sample, Sight
from domain.plan import Mounting, Obstacle, Point, RoomPlan, Target
from domain.timeline import Interval, IntervalSet
from ingest.simulator.hall.clips import EMPTY_S
from ingest.simulator.hall.examples import example_hall, patrol, with_size
from ingest.simulator.hall.filming import Filming, Hall
from ingest.simulator.hall.furnishing import random_of
from ingest.simulator.hall.script import Board, Cloth, Event, LensCovered, Script, Sitting, Standing, Walk
from ingest.simulator.hall.truth import BLIND_BELOW, PictureTruth, State

GOALS = {"precision": 0.95, "recall": 0.95}
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
STEP_S = 2
SIZE = (1280, 720)
DENSITY = load("SG-2022-08-10").density
UNDECIDED = "undecided"

_ARRIVED_S = 60.0  # after the empty time everybody comes within
_REFERENCES = tuple(float(at_s) for at_s in range(0, int(EMPTY_S) - 10, 10))
_EDGE_S = STEP_S + 2
_ACT_S = (100.0, 200.0)
_PEACE_S = (50.0, 100.0)
_COVERED_AT_ONCE = 4  # stations under cloths, and as many behind boards
_LARGE, _SMALL = (0.5, 0.75, 1.0), (0.25,)

Random = np.random.Generator
_Told = Counter[tuple[str, str]]
"""Seconds by what is true and what was told."""


# --- What happens ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exam:
    """An exam in a hall: pictures are taken every ``STEP_S`` from the end of the empty time on."""

    plan: RoomPlan
    seed: int
    seconds: float
    shares: tuple[float, ...] = _LARGE

    @cached_property
    def survey(self) -> Survey:
        return survey(self.plan, DENSITY)

    @cached_property
    def hall(self) -> Hall:
        return Hall(self.plan, Script(tuple(self._events())), self.seed)

    @cached_property
    def instants(self) -> tuple[float, ...]:
        return tuple(float(at_s) for at_s in np.arange(EMPTY_S, EMPTY_S + self.seconds, STEP_S))

    @cached_property
    def seen_by(self) -> dict[str, list[str]]:
        """By station the cameras that are planned to see it, as the renderer has it."""
        bare = Hall(self.plan, Script(), self.seed)
        planned = {camera: Filming(bare, camera).planned for camera in bare.cameras()}
        return {
            station: [camera for camera, shares in planned.items() if shares[station] >= BLIND_BELOW]
            for station in stations(self.plan)
        }

    def _events(self) -> Iterator[Event]:
        random = random_of(self.seed, "hall_truth")
        end_s = EMPTY_S + self.seconds
        yield from _candidates(self.plan, random, end_s)
        for number, speed in enumerate((0.7, 0.6)):
            start_s, way = EMPTY_S + 5 + 35 * number, patrol(self.plan)[:: 1 - 2 * number]
            rounds = _rounds(way, speed * (end_s - start_s), random)
            yield Walk(start_s=start_s, who=f"invigilator {number + 1}", path=rounds, speed=speed)
        at_s = EMPTY_S + _ARRIVED_S + float(random.uniform(*_PEACE_S))
        while (until_s := at_s + float(random.uniform(*_ACT_S))) < end_s:
            yield from (replace(each, start_s=at_s, end_s=until_s) for each in self._act(random))
            at_s = until_s + float(random.uniform(*_PEACE_S))

    def _act(self, random: Random) -> Iterator[Event]:
        """What is put up at once: cloths, boards against every camera of a station, and in every other act a cover
        over all or half of a lens.
        """
        seen = [station for station, cameras in self.seen_by.items() if cameras]
        chosen = [seen[number] for number in random.permutation(len(seen))[: 2 * _COVERED_AT_ONCE]]
        for number, station in enumerate(chosen):
            share, flat = float(random.choice(self.shares)), bool(random.random() < 0.5)
            if number % 2:
                yield Cloth(station=station, share=share, flat=flat)
            else:
                for camera in self.seen_by[station]:
                    yield Board(station=station, camera=camera, share=share, flat=flat)
        if random.random() < 0.5:
            camera = str(random.choice([mounting.camera for mounting in self.plan.mountings]))
            yield LensCovered(camera=camera, share=float(random.choice([0.5, 1.0])), flat=bool(random.random() < 0.5))


def stations(plan: RoomPlan) -> list[str]:
    return [volume.id for volume in plan.volumes if volume.target is Target.STATION]


def _candidates(plan: RoomPlan, random: Random, end_s: float) -> Iterator[Event]:
    """A seat in ten stays empty, somebody in ten hardly moves; the others stand up now and then."""
    for station in stations(plan):
        if random.random() < 0.1:
            continue
        start_s = EMPTY_S + float(random.uniform(0, _ARRIVED_S))
        still = bool(random.random() < 0.1)
        yield Sitting(start_s=start_s, station=station, still=still)
        while not still and (start_s := start_s + float(random.uniform(200, 1200))) < end_s:
            yield Standing(start_s=start_s, end_s=start_s + float(random.uniform(10, 60)), station=station)


def _rounds(path: tuple[Point, ...], length_m: float, random: Random) -> tuple[Point, ...]:
    """Rounds of which none is like another: one that repeats to the centimetre is a replay, and found to be one."""
    way = list(path)
    while sum(math.dist(a, b) for a, b in pairwise(way)) < length_m:
        way += [(x + float(random.uniform(-0.3, 0.3)), y + float(random.uniform(-0.3, 0.3))) for x, y in path]
    return tuple(way)


# --- What is true and what is told ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filmed:
    """One camera of an exam: the samples of its pictures, and by station the truth of each. ``partly`` are stations
    of which it sees at least half, by the renderer and not by the plan, or without enough edges to tell them by.
    """

    camera: str
    regions: tuple[Region, ...]
    samples: tuple[Sample, ...]
    truths: tuple[PictureTruth, ...]
    worktops: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def states(self) -> dict[str, list[State]]:
        found: dict[str, list[State]] = {}
        for truth in self.truths:
            for station in truth.stations:
                found.setdefault(station.station, []).append(station.state)
        return found

    @cached_property
    def stations(self) -> tuple[str, ...]:
        """Those that it has a region of."""
        return tuple(region.station for region in self.regions)

    @cached_property
    def partly(self) -> set[str]:
        seen = {each.station for each in self.truths[0].stations if each.planned >= BLIND_BELOW}
        return seen - set(self.stations)


def filmed(exam: Exam, camera: str) -> Filmed:
    """Render what a camera films and measure it, one picture at a time. Stations that its reference is refused for
    are not asked of it, as at commissioning.
    """
    if EYE is None:
        raise RuntimeError("no analysis of pictures is wired in; set analysis.eye.EYE")
    filming, random = Filming(exam.hall, camera), random_of(exam.seed, f"coding/{camera}")
    shown = regions(exam.survey, camera, BLIND_BELOW)
    calibrated = EYE.calibrate([coded(filming.picture(at_s), random) for at_s in _REFERENCES], shown)
    refused = {each.station for each in calibrated.advice if each.refuses}
    shown = tuple(region for region in shown if region.station not in refused)
    truths = list[PictureTruth]()

    def pictures() -> Iterator[tuple[datetime, Picture]]:
        for at_s in exam.instants:
            truths.append(filming.truth(at_s))
            yield _at(at_s), coded(filming.picture(at_s), random)

    samples = tuple(EYE.measure(pictures(), calibrated.data))
    return Filmed(camera, shown, samples, tuple(truths), worktops(exam.plan, camera, shown))


def coded(picture: NDArray[np.uint8], random: Random) -> Picture:
    """The luma of a picture after JPEG."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(50, 86))]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_GRAYSCALE), np.uint8)


def _at(at_s: float) -> datetime:
    return START + timedelta(seconds=at_s)


def told(exam: Exam, every: Sequence[Filmed]) -> dict[str, list[str]]:
    """By station and instant what the pictures of these cameras together are taken to say, as in the report."""
    window = Interval(_at(exam.instants[0]), _at(exam.instants[-1] + STEP_S / 2))
    coverage = Coverage(window, IntervalSet([window]))
    views = {each.camera: camera_view(each.camera, coverage, _sight(each), compared=True) for each in every}
    shown = {each.camera: each.stations for each in every}
    found = {}
    for station in stations(exam.plan):
        seeing = {camera: view for camera, view in views.items() if station in shown[camera]}
        found[station] = _answers(exam, station_view(station, coverage, seeing, seeing)) if seeing else []
    return {station: answers or [State.BLIND.value] * len(exam.instants) for station, answers in found.items()}


def _sight(filmed: Filmed) -> Sight:
    if EYE is None:
        raise RuntimeError("no analysis of pictures is wired in; set analysis.eye.EYE")
    return EYE.decide(filmed.samples, filmed.stations, filmed.worktops)


def _answers(exam: Exam, station: StationView) -> list[str]:
    parts = ((station.view.good, State.VISIBLE.value), (station.view.unusable, State.OBSTRUCTED.value))
    return [next((name for part, name in parts if _at(at_s) in part), UNDECIDED) for at_s in exam.instants]


def true(exam: Exam, every: Sequence[Filmed]) -> dict[str, list[str]]:
    """By station and instant what is true of these cameras together: seen where one sees it."""
    states = [each.states for each in every]
    return {
        station: [_best(of_cameras) for of_cameras in zip(*(each[station] for each in states), strict=True)]
        for station in stations(exam.plan)
    }


def _best(states: Sequence[State]) -> str:
    return next(state.value for state in (State.VISIBLE, State.OBSTRUCTED, State.BLIND) if state in states)


# --- Scores ---------------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """Seconds by what is true and what was told; and those at edges, which are not among them."""

    seconds: Counter[tuple[str, str]] = field(default_factory=Counter)
    at_edges_s: int = 0

    def add(self, truth: Sequence[str], answers: Sequence[str], weight: int = STEP_S) -> None:
        """Of one station."""
        scored = away_from_edges(truth)
        for state, answer, counts in zip(truth, answers, scored, strict=True):
            if counts:
                self.seconds[state, answer] += weight
        self.at_edges_s += weight * scored.count(False)

    def lines(self, bench: str, **more: object) -> Iterator[dict[str, object]]:
        whole = self.total() + self.at_edges_s
        for state in State:
            is_so, hit = self.total(state=state.value), self.seconds[state.value, state.value]
            undecided = self.seconds[state.value, UNDECIDED]
            yield {
                "bench": bench,
                **more,
                "state": state.value,
                "precision": _share(hit, self.total(answer=state.value)),
                "recall": _share(hit, is_so),
                "recall_decided": _share(hit, is_so - undecided),
                "undecided_share": _share(undecided, is_so),
                "station_seconds": round(is_so),
                "left_out": _share(self.at_edges_s, whole),
                "goals": GOALS,
            }

    def total(self, state: str = "", answer: str = "") -> int:
        """Scored seconds in which so much is true, and was told; "" for anything."""
        return sum(
            seconds
            for (true_state, told_state), seconds in self.seconds.items()
            if state in ("", true_state) and answer in ("", told_state)
        )


def away_from_edges(truth: Sequence[str]) -> list[bool]:
    """For each instant whether the truth is the same within a sample and two seconds on either side."""
    reach = round(_EDGE_S / STEP_S)
    return [len(set(truth[max(0, at - reach) : at + reach + 1])) == 1 for at in range(len(truth))]


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


# --- What is asked --------------------------------------------------------------------------------------------------


def plan_lines(seed: int, drawn: int) -> Iterator[dict[str, object]]:
    """The hall, and as many others drawn from it as are wanted."""
    plans = [example_hall(), *(another_hall(random_of(seed, f"hall/{number}")) for number in range(drawn))]
    shares = [list(shares_of(plan, seed)) for plan in plans]
    for share_from in (BLIND_BELOW, DENSITY.seen_share):
        hall, camera = Score(), Score()
        for of_stations in shares:
            for pairs in of_stations:
                best = [(max(real for real, _ in pairs), max(drawn for _, drawn in pairs))]
                for score, asked in ((camera, pairs), (hall, best)):
                    for pair in asked:
                        truth, answer = (_seen(share, share_from) for share in pair)
                        score.seconds[truth, answer] += 1
        for over, score in (("hall", hall), ("camera", camera)):
            yield from plan_scores(score, over=over, share_from=share_from, halls=len(plans))


def _seen(share: float, share_from: float) -> str:
    return (State.VISIBLE if share >= share_from else State.BLIND).value


def shares_of(plan: RoomPlan, seed: int) -> Iterator[list[tuple[float, float]]]:
    """By station for each camera the share that the renderer and the plan have it see."""
    hall = Hall(plan, Script(), seed)
    real = {camera: Filming(hall, camera).planned for camera in hall.cameras()}
    for place in survey(plan, DENSITY, heights_m=()).places:
        if place.volume.target is Target.STATION:
            yield [(real[view.camera][place.volume.id], view.share) for view in place.views]


def plan_scores(score: Score, **more: object) -> Iterator[dict[str, object]]:
    for line in score.lines("hall_plan", **more):
        if line["state"] != State.OBSTRUCTED.value:  # a plan knows nothing of what is put up
            line["stations"] = line.pop("station_seconds")
            del line["left_out"], line["recall_decided"], line["undecided_share"]
            yield line


def another_hall(random: Random) -> RoomPlan:
    """The hall with its cameras turned and set aside, and its pillars and screens moved."""
    plan = example_hall()
    mountings = tuple(_elsewhere(each, random) for each in plan.mountings)
    obstacles = tuple(_moved(each, random) for each in plan.obstacles)
    return replace(plan, obstacles=obstacles, mountings=mountings)


def _elsewhere(mounting: Mounting, random: Random) -> Mounting:
    pan, tilt, height_m, view = (float(by) for by in random.uniform(-1, 1, 4))
    return replace(
        mounting,
        pan=mounting.pan + 20 * pan,
        tilt=mounting.tilt + 6 * tilt,
        height_m=mounting.height_m + 0.15 * height_m,
        width_of_view=mounting.width_of_view + 12 * view,
    )


def _moved(obstacle: Obstacle, random: Random) -> Obstacle:
    """Along one of the aisles, which are about a metre wide."""
    across, along = (float(by) for by in random.uniform(-0.35, 0.35, 2))
    return replace(obstacle, outline=tuple((x + across, y + along) for x, y in obstacle.outline))


def picture_lines(exams: Iterable[Exam], **more: object) -> Iterator[dict[str, object]]:
    """A line for each state over all exams, for the hall and its cameras one by one; and some for what is lost."""
    scores = {"hall": Score(), "camera": Score()}
    losses: Counter[tuple[str, bool, str]] = Counter()
    halls = 0
    for exam in exams:
        every = [filmed(exam, mounting.camera) for mounting in exam.plan.mountings]
        halls += 1
        add(exam, every, scores, losses)
    for over, score in scores.items():
        yield from score.lines("hall_pictures", over=over, halls=halls, **more)
    yield from loss_lines(losses, **more)


def add(
    exam: Exam, every: Sequence[Filmed], scores: Mapping[str, Score], losses: Counter[tuple[str, bool, str]]
) -> None:
    """Score one exam."""
    truth, answers = true(exam, every), told(exam, every)
    for station in truth:
        scores["hall"].add(truth[station], answers[station])
    for one in every:
        truth, answers = true(exam, [one]), told(exam, [one])
        for station in truth:
            if station not in one.partly:
                scores["camera"].add(truth[station], answers[station])
                _count_losses(one, station, answers[station], losses)


def _count_losses(one: Filmed, station: str, answers: Sequence[str], losses: Counter[tuple[str, bool, str]]) -> None:
    """Of obstructed stations by how much of them is lost and whether somebody is there."""
    if station not in one.stations:
        return
    truths = [next(each for each in truth.stations if each.station == station) for truth in one.truths]
    scored = away_from_edges([each.state.value for each in truths])
    for each, answer, counts in zip(truths, answers, scored, strict=True):
        if counts and each.state is State.OBSTRUCTED:
            lost = 1 - (each.seen + each.hidden_by_people) / each.planned
            band = next(name for name, until in (("20-40", 0.4), ("40-70", 0.7), ("70-100", 9.0)) if lost < until)
            losses[band, each.occupied, answer] += STEP_S


def loss_lines(losses: Counter[tuple[str, bool, str]], **more: object) -> Iterator[dict[str, object]]:
    for band, occupied in sorted({(band, occupied) for band, occupied, _ in losses}):
        by_answer = {answer: seconds for (*what, answer), seconds in losses.items() if what == [band, occupied]}
        whole = sum(by_answer.values())
        yield {
            "bench": "hall_covers",
            **more,
            "lost_percent": band,
            "somebody_there": occupied,
            **{answer: _share(by_answer.get(answer, 0.0), whole) for answer in ("obstructed", UNDECIDED, "visible")},
            "station_seconds": round(whole),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=101, help="of the first exam; those up to 100 are for fitting")
    parser.add_argument("--exams", type=int, default=1, help="how many exams are filmed, each of its own seed")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each exam, by five cameras")
    parser.add_argument("--halls", type=int, default=3, help="how many other halls the plan is asked about")
    parser.add_argument("--small", action="store_true", help="covers of a quarter of a station, no larger ones")
    parser.add_argument("--only", choices=("plan", "pictures"))
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    if chosen.only != "pictures":
        for line in plan_lines(chosen.seed, chosen.halls):
            print(json.dumps(line), flush=True)
    if chosen.only != "plan":
        plan, shares = with_size(example_hall(), *SIZE), _SMALL if chosen.small else _LARGE
        exams = (
            Exam(plan, seed, 60 * chosen.minutes, shares) for seed in range(chosen.seed, chosen.seed + chosen.exams)
        )
        for line in picture_lines(exams, shares=shares):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
