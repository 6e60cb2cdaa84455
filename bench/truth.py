"""How well tampering is told: played onto real clips, limits chosen on one half of the clips, scored on the other.

Each clip is played as a camera would show it: every picture has another gain (up to 20 % either way), is displaced by
up to a pixel, has noise (deviation 2.5 levels) and is coded anew, those without tampering too: as JPEG of quality 40
to 80, and where pictures repeat as H.264. Covers are squares of a share of a station, flat or cut from another clip,
and stay to the end. Clips of a few seconds are played to and fro, each of their pictures two seconds after the last;
for that reason replays are looked for only in clips that are played once. ``--half fit`` shows the half on which the
limits of ``analysis.sight`` were chosen; what is published is the other one.

Figures are shares of time: ``tpr`` what was told of all tampered time, ``undecided`` what was called 无法判定 or
unverified, ``tpr_decided`` what was told of the rest, ``fpr`` what was told of time without tampering. Station covers
are told apart by whether people use the station in that clip (``used``): a cover beside somebody who moves is doubted
on purpose. Prints JSON lines and judges nothing. Footage comes from KAOJIAN_VISION_DIR; without it one line says so.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.calibration import Calibration, calibrate
from analysis.picture import measure
from analysis.sight import decide
from domain.pictures import Fault, Region, Sample, Sight, View
from domain.timeline import Interval, IntervalSet

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Tampering = Callable[[Picture], Picture]

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
STEP_S = 2
ONSET = 12  # samples before the tampering
AFTER = 30  # samples with it
SETTLED_S = 4  # the shares begin this long after the onset: edges are scored apart
DOUBTS = (View.SUSPECTED, View.NOT_VERIFIABLE)  # what is told of a station and decides nothing by itself


@dataclass(frozen=True, slots=True)
class Clip:
    """Footage of a fixed camera. ``every`` is how many pictures lie between two samples, ``reference`` which pictures
    the reference is made of, ``stations`` boxes as left, top, right, bottom in shares, ``used`` those that people
    come to; ``part`` is the first and last picture that is played. ``fit``: limits were chosen on it.
    """

    name: str
    file: str
    every: int
    reference: tuple[int, ...]
    stations: dict[str, Box]
    used: frozenset[str]
    fit: bool
    part: tuple[int, int] | None = None

    @property
    def once(self) -> bool:
        """Whether it is long enough not to be played to and fro."""
        return self.every > 1 and self.part is None


_TABLE = "one-by-one-person-detection.mp4"
_AT_TABLE: dict[str, Box] = {"table": (0.46, 0.14, 0.72, 0.82)}
_EMPTY = (0, 10, 20, 30, 40)
FOOTAGE = (
    Clip(
        "table",
        _TABLE,
        20,
        _EMPTY,
        {**_AT_TABLE, "screen": (0.0, 0.0, 0.26, 0.46), "floor": (0.02, 0.6, 0.4, 0.98)},
        frozenset({"table", "floor"}),
        True,
    ),
    Clip("reader", _TABLE, 20, _EMPTY, _AT_TABLE, frozenset({"table"}), True, (270, 430)),
    Clip("waiting", _TABLE, 20, _EMPTY, _AT_TABLE, frozenset({"table"}), False, (570, 670)),
    Clip(
        "aisle",
        "store-aisle-detection.gif",
        1,
        (0, 5, 10, 15, 20),
        {"left": (0.02, 0.2, 0.26, 0.8), "middle": (0.3, 0.4, 0.55, 0.98), "right": (0.62, 0.2, 0.98, 0.7)},
        frozenset({"right"}),
        True,
    ),
    Clip(
        "corridor",
        "people-detection.gif",
        1,
        (0, 4, 8, 12, 16, 20),
        {"floor": (0.2, 0.6, 0.6, 0.98), "right": (0.6, 0.05, 0.98, 0.6)},
        frozenset(),
        True,
    ),
    Clip(
        "yard",
        "vtest.avi",
        20,
        (0, 100, 200, 300, 400, 500, 600, 700),
        {"near": (0.45, 0.5, 0.8, 0.95), "far": (0.05, 0.05, 0.45, 0.4), "road": (0.3, 0.25, 0.6, 0.55)},
        frozenset({"near", "far", "road"}),
        False,
    ),
    Clip(
        "classroom",
        "classroom.gif",
        1,
        (0, 10, 20, 30, 40),
        {"back": (0.2, 0.3, 0.55, 0.65), "front": (0.02, 0.55, 0.4, 0.98), "right": (0.5, 0.5, 0.75, 0.9)},
        frozenset({"back", "front", "right"}),
        False,
    ),
    Clip(
        "hangar",
        "worker-zone-detection.gif",
        1,
        (0, 14, 28, 42, 56, 70),
        {"left": (0.02, 0.3, 0.35, 0.8), "middle": (0.35, 0.4, 0.7, 0.98), "right": (0.6, 0.02, 0.98, 0.5)},
        frozenset({"middle", "left"}),
        False,
    ),
)


class Camera:
    """One clip as a camera shows it. Everything random follows from the seed."""

    def __init__(self, clip: Clip, pictures: Sequence[Picture]) -> None:
        self.clip = clip
        self.pictures = pictures
        self.boxes = list(clip.stations.values())
        rng = np.random.default_rng(1)
        regions = [Region(name, _corners(box)) for name, box in clip.stations.items()]
        self.calibration: Calibration = calibrate([shot(pictures[at], rng) for at in clip.reference], regions)

    def scenes(self, count: int, rng: np.random.Generator) -> list[Picture]:
        """What is in front of the lens, from somewhere in the clip on, to and fro."""
        first, last = self.clip.part or (0, len(self.pictures) - 1)
        whole = (last - first) // self.clip.every + 1
        begin = int(rng.integers(0, 2 * whole))
        folded = [(begin + number) % (2 * whole) for number in range(count)]
        return [self.pictures[first + self.clip.every * min(at, 2 * whole - 1 - at)] for at in folded]

    def seen(self, pictures: Iterable[Picture], replays: bool = False) -> tuple[list[Sample], Sight]:
        """What is said of pictures two seconds apart."""
        timed = ((START + timedelta(seconds=STEP_S * number), picture) for number, picture in enumerate(pictures))
        samples = list(measure(timed, self.calibration))
        if not replays:
            samples = [replace(sample, signature=b"") for sample in samples]
        return samples, decide(samples)


def _corners(box: Box) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = box
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def cameras(fit: bool) -> Iterator[Camera]:
    """The cameras of one half; none where there is no footage. Rendered halls belong here as well: a ``Camera`` of
    pictures from ``ingest.simulator`` is scored like any other.
    """
    folder = Path(os.environ.get("KAOJIAN_VISION_DIR", Path(__file__).resolve().parents[2] / "shared" / "vision"))
    opened: dict[Path, list[Picture]] = {}
    for clip in FOOTAGE:
        path = folder / "footage" / clip.file
        if clip.fit == fit and path.is_file():
            if path not in opened:
                opened[path] = list(_decoded(str(path)))
            yield Camera(clip, opened[path])


def _decoded(file: str | io.BytesIO) -> Iterator[Picture]:
    with av.open(file, "r") as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def shot(scene: Picture, rng: np.random.Generator) -> Picture:
    """What a camera makes of a scene: gain, vibration, noise, coding."""
    height, width = scene.shape[:2]
    move = np.array([[1, 0, rng.uniform(-1, 1)], [0, 1, rng.uniform(-1, 1)]])
    shaken = np.asarray(cv2.warpAffine(scene, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.float32)
    noisy = shaken * rng.uniform(0.8, 1.2) + rng.normal(0, 2.5, scene.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 81))]
    coded = cv2.imencode(".jpg", noisy.clip(0, 255).astype(np.uint8), quality)[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def recoded(pictures: Sequence[Picture], crf: int, group: int = 1) -> Iterator[Picture]:
    """Pictures as H.264 gives them back; ``group`` is how many a key frame begins."""
    height, width = (side - side % 2 for side in pictures[0].shape[:2])
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        groups = f"keyint={group}:min-keyint={group}:scenecut=0:bframes=0"
        stream.options = {"crf": str(crf), "preset": "veryfast", "x264-params": groups}
        for picture in pictures:
            whole = np.ascontiguousarray(picture[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="bgr24")))
        container.mux(stream.encode())
    file.seek(0)
    lines, columns = pictures[0].shape[0] - height, pictures[0].shape[1] - width
    for picture in _decoded(file):
        yield np.asarray(cv2.copyMakeBorder(picture, 0, lines, 0, columns, cv2.BORDER_REPLICATE), np.uint8)


# What is done to a scene.


def covered(boxes: Sequence[Box], share: float, patch: Picture | None, rng: np.random.Generator) -> Tampering:
    """A square of a share of each box, anywhere in it, filled with a patch or one grey."""
    side = math.sqrt(share)
    corners = [(rng.uniform(0, 1 - side), rng.uniform(0, 1 - side)) for _ in boxes]
    level = int(rng.integers(30, 220))

    def tamper(scene: Picture) -> Picture:
        height, width = scene.shape[:2]
        hidden = scene.copy()
        for (x0, y0, x1, y1), (right, down) in zip(boxes, corners, strict=True):
            left, top = int(width * (x0 + right * (x1 - x0))), int(height * (y0 + down * (y1 - y0)))
            across, high = math.ceil(width * side * (x1 - x0)), math.ceil(height * side * (y1 - y0))
            part = hidden[top : top + high, left : left + across]
            part[:] = level if patch is None else cv2.resize(patch, part.shape[1::-1])
        return hidden

    return tamper


def blurred(of_640: float) -> Tampering:
    """Out of focus, by a deviation in pixels of a picture 640 across."""

    def tamper(scene: Picture) -> Picture:
        return np.asarray(cv2.GaussianBlur(scene, (0, 0), of_640 * scene.shape[1] / 640), np.uint8)

    return tamper


def turned(shift: float, degrees: float) -> Tampering:
    """Displaced by a share of the width and turned about the middle."""

    def tamper(scene: Picture) -> Picture:
        height, width = scene.shape[:2]
        move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        move[:, 2] += (shift * width, shift * width / 3)
        return np.asarray(cv2.warpAffine(scene, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)

    return tamper


def brightened(gain: float, offset: float = 0.0) -> Tampering:
    """Darker or brighter than any exposure mends."""

    def tamper(scene: Picture) -> Picture:
        return np.asarray((scene * gain + offset).clip(0, 255), np.uint8)

    return tamper


def of_the_lens(patch: Picture, rng: np.random.Generator) -> dict[str, tuple[Tampering, set[Fault]]]:
    """Tampering with all of the picture, and what it may be called."""
    whole: list[Box] = [(0.0, 0.0, 1.0, 1.0)]
    dark = {Fault.DIM, Fault.BLACK}
    soft = {Fault.DEFOCUSED, Fault.COVERED}
    cover = {Fault.COVERED, Fault.OVEREXPOSED, *dark}  # a white or a black one changes the light, which is told first
    return {
        "lens_flat": (covered(whole, 1, None, rng), cover),
        "lens_textured": (covered(whole, 1, patch, rng), cover),
        "blur1.5": (blurred(1.5), soft),
        "blur3": (blurred(3), soft),
        "blur5": (blurred(5), soft),
        "blur10": (blurred(10), soft),
        "shift2": (turned(0.02, 0), {Fault.MOVED}),
        "shift5": (turned(0.05, 0), {Fault.MOVED}),
        "shift10": (turned(0.1, 0), {Fault.MOVED}),
        "rotate2": (turned(0, 2), {Fault.MOVED}),
        "rotate5": (turned(0, 5), {Fault.MOVED}),
        "rotate10": (turned(0, 10), {Fault.MOVED}),
        "dim30": (brightened(0.3), dark),
        "dim15": (brightened(0.15), dark),
        "dim5": (brightened(0.05), dark),
        "overexposed": (brightened(2.5, 90), {Fault.OVEREXPOSED}),
    }


# What is said of it.


@dataclass
class Score:
    """Seconds of tampered and of other time, by what was said of them, and how far edges were off."""

    told_s: float = 0.0
    undecided_s: float = 0.0
    tampered_s: float = 0.0
    false_s: float = 0.0
    clean_s: float = 0.0
    worst_edge_s: float = 0.0

    def add(self, told: IntervalSet, undecided: IntervalSet, onset: datetime, end: datetime) -> None:
        tampered = Interval(onset + timedelta(seconds=SETTLED_S), end)
        clean = Interval(START, onset - timedelta(seconds=STEP_S))
        self.tampered_s += tampered.seconds
        self.clean_s += clean.seconds
        self.told_s += told.clipped(tampered).seconds
        self.undecided_s += (undecided - told).clipped(tampered).seconds
        self.false_s += told.clipped(clean).seconds
        # Where all of it was told, the edge is where it was first said; otherwise it is a miss and counted there.
        if told and (IntervalSet([tampered]) - told).seconds < 1:
            self.worst_edge_s = max(self.worst_edge_s, abs((next(iter(told)).start - onset).total_seconds()))

    def line(self, name: str, **more: object) -> dict[str, object]:
        decided = self.tampered_s - self.undecided_s
        return {
            "bench": name,
            "tpr": _rounded(self.told_s / self.tampered_s if self.tampered_s else None),
            "tpr_decided": _rounded(self.told_s / decided if decided else None),
            "undecided": _rounded(self.undecided_s / self.tampered_s if self.tampered_s else None),
            "fpr": _rounded(self.false_s / self.clean_s if self.clean_s else None),
            "hours": _rounded(self.tampered_s / 3600),
            **more,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


ONSET_AT = START + timedelta(seconds=STEP_S * ONSET - STEP_S / 2)  # half way between two samples
END_AT = START + timedelta(seconds=STEP_S * (ONSET + AFTER) - STEP_S)


def tampered(camera: Camera, tampering: Tampering, rng: np.random.Generator) -> list[Picture]:
    """Shots of a clip, with tampering from ONSET on."""
    scenes = camera.scenes(ONSET + AFTER, rng)
    return [shot(scene if at < ONSET else tampering(scene), rng) for at, scene in enumerate(scenes)]


def station_scores(every: Sequence[Camera], rounds: int) -> Iterator[tuple[str, Score]]:
    """Covers of stations."""
    for share in (0.25, 0.5, 1.0):
        scores = {used: Score() for used in (False, True)}
        for number, camera in enumerate(every):
            other = every[(number + 1) % len(every)].pictures[0]
            for textured in (False, True):
                for again in range(rounds):
                    rng = np.random.default_rng([number, round(100 * share), textured, again])
                    patch = _patch(other, rng) if textured else None
                    pictures = tampered(camera, covered(camera.boxes, share, patch, rng), rng)
                    _, sight = camera.seen(pictures)
                    # Where the stations are most of the picture, all of them covered are a covered lens.
                    lens = IntervalSet(span.interval for span in sight.faults if span.fault is Fault.COVERED)
                    for name in camera.clip.stations:
                        views = {view: _when(sight, name, view) for view in View}
                        doubted = IntervalSet(span for view in DOUBTS for span in views[view])
                        score = scores[name in camera.clip.used]
                        score.add(views[View.OBSTRUCTED] | lens, doubted, ONSET_AT, END_AT)
        yield f"cover{round(100 * share)}", scores[False]
        yield f"cover{round(100 * share)}_used", scores[True]


def _when(sight: Sight, station: str, view: View) -> IntervalSet:
    return IntervalSet(span.interval for span in sight.stations if (span.station, span.view) == (station, view))


def _patch(picture: Picture, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    top, left = int(rng.integers(0, height // 2)), int(rng.integers(0, width // 2))
    return picture[top : top + height // 2, left : left + width // 2]


def lens_scores(every: Sequence[Camera], rounds: int) -> Iterator[tuple[str, Score]]:
    """Tampering with all of the picture."""
    scores: dict[str, Score] = {}
    for number, camera in enumerate(every):
        patch = every[(number + 1) % len(every)].pictures[0]
        for again in range(rounds):
            rng = np.random.default_rng([number, again, 77])
            for name, (tampering, faults) in of_the_lens(patch, rng).items():
                _, sight = camera.seen(tampered(camera, tampering, rng))
                told = IntervalSet(span.interval for span in sight.faults if span.fault in faults)
                scores.setdefault(name, Score()).add(told, sight.unverified, ONSET_AT, END_AT)
    yield from scores.items()


def frozen_scores(every: Sequence[Camera]) -> Iterator[tuple[str, Score]]:
    """One shot over and over, coded anew, sampled at key frames and in between."""
    score = Score()
    for number, camera in enumerate(every):
        for crf in (18, 23, 28, 35):
            for group in (1, 7):
                rng = np.random.default_rng([number, crf, group])
                shots = [shot(scene, rng) for scene in camera.scenes(ONSET, rng)]
                _, sight = camera.seen(recoded([*shots, *[shots[-1]] * AFTER], crf, group))
                told = IntervalSet(span.interval for span in sight.faults if span.fault is Fault.FROZEN)
                score.add(told, sight.unverified, ONSET_AT - timedelta(seconds=STEP_S), END_AT)
    yield "freeze", score


def loop_scores(every: Sequence[Camera]) -> Iterator[tuple[str, Score]]:
    """The last pictures again and again, coded anew: of a length that samples fall on and of others."""
    for name, noise in (("loop", False), ("loop_noise", True)):
        score = Score()
        for number, camera in enumerate(every):
            if not camera.clip.once:
                continue
            for length_s in (20.0, 24.3, 33.7):
                rng = np.random.default_rng([number, round(10 * length_s)])
                onset, shots = looped(camera, length_s, noise, rng)
                _, sight = camera.seen(recoded(shots, 26, 5), replays=True)
                told = IntervalSet(span.interval for span in sight.faults if span.fault is Fault.LOOPED)
                start = START + timedelta(seconds=STEP_S * onset - STEP_S / 2)
                score.add(told, sight.unverified, start, START + timedelta(seconds=STEP_S * (len(shots) - 1)))
        yield name, score


def looped(camera: Camera, length_s: float, noise: bool, rng: np.random.Generator) -> tuple[int, list[Picture]]:
    """Shots of a clip, and from some on those of its last ``length_s``, for ten minutes."""
    a_second = camera.clip.every / STEP_S
    first = min(35, len(camera.pictures) // camera.clip.every - 1)
    length = round(length_s * a_second)
    numbers = [camera.clip.every * at for at in range(first)]
    begin = camera.clip.every * first - length
    numbers += [begin + (camera.clip.every * at) % length for at in range(300)]
    kept: dict[int, Picture] = {}
    shots: list[Picture] = []
    for number in numbers:
        if noise:
            kept[number] = shot(camera.pictures[number], rng)
        shots.append(kept.setdefault(number, shot(camera.pictures[number], rng)))
    return first, shots


def false_alarms(every: Sequence[Camera], rounds: int, count: int) -> dict[str, object]:
    """Events in footage that nobody tampered with: faults, and stations called obstructed."""
    hours, events, doubtful_s, station_s = 0.0, [], 0.0, 0.0
    for number, camera in enumerate(every):
        for again in range(rounds):
            rng = np.random.default_rng([number, again, 99])
            scenes = camera.scenes(count, rng)
            coded = again % 2 == 1  # every other time by H.264 alone, which leaves less noise to hide behind
            shots = recoded(scenes, 23 + 6 * (again % 3), 7) if coded else [shot(scene, rng) for scene in scenes]
            _, sight = camera.seen(shots)
            hours += sight.seen.seconds / 3600
            events += [f"{camera.clip.name}: {span.fault}" for span in sight.faults]
            events += [
                f"{camera.clip.name}: {span.station} obstructed"
                for span in sight.stations
                if span.view is View.OBSTRUCTED
            ]
            station_s += sum(span.interval.seconds for span in sight.stations)
            doubtful_s += sum(span.interval.seconds for span in sight.stations if span.view in DOUBTS)
    return {
        "bench": "false_alarms",
        "per_camera_hour": _rounded(len(events) / hours),
        "hours": _rounded(hours),
        "upper95": _rounded(_poisson_upper(len(events)) / hours),
        "not_verifiable": _rounded(doubtful_s / station_s),
        "events": sorted(set(events)),
    }


def _poisson_upper(events: int) -> float:
    """The largest mean of a Poisson distribution that gives so few events or fewer in 5 % of all cases."""
    low, high = 0.0, 20.0 + 4 * events
    for _ in range(60):
        mean = (low + high) / 2
        chance = math.exp(-mean) * sum(mean**count / math.factorial(count) for count in range(events + 1))
        low, high = (mean, high) if chance > 0.05 else (low, mean)
    return high


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("fit", "held-out"), default="held-out")
    parser.add_argument("--rounds", type=int, default=2, help="times that each tampering is played, each elsewhere")
    parser.add_argument("--hours", type=float, default=0.5, help="of footage without tampering, for each clip")
    parser.add_argument("--only", choices=("covers", "lens", "freeze", "loops", "alarms"), help="one kind alone")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    every = list(cameras(chosen.half == "fit"))
    if not every:
        print(json.dumps({"bench": "truth", "skipped": "no footage; set KAOJIAN_VISION_DIR"}))
        return 0
    kinds = {
        "covers": station_scores(every, chosen.rounds),
        "lens": lens_scores(every, max(1, chosen.rounds // 2)),
        "freeze": frozen_scores(every),
        "loops": loop_scores(every),
    }
    worst = 0.0
    for kind, scores in kinds.items():
        for name, score in scores if chosen.only in {None, kind} else ():
            if kind != "loops":  # said only after some rounds, by its nature
                worst = max(worst, score.worst_edge_s)
            print(json.dumps(score.line(name, edge_s=score.worst_edge_s)), flush=True)
    if chosen.only != "alarms":
        print(json.dumps({"bench": "edges", "s_worst": worst}))
    if chosen.only in {None, "alarms"}:
        count = 150
        rounds = max(1, round(chosen.hours * 3600 / (STEP_S * count)))
        print(json.dumps(false_alarms(every, rounds, count), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
