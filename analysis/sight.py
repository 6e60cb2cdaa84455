"""Decides what a camera's pictures show over time: faults of the picture, and for each station whether it is seen.

Pure: samples in, a Sight out; the same samples give the same Sight however they were cut into segments. What is said
of an instant rests on the samples within ``Limits.window`` of it, and on earlier ones where a replay is looked for; a
later sample changes nothing of it. Not here: how samples are measured (``analysis.picture``), and what a Sight means
for coverage (``analysis.coverage``).

A sample speaks for the time about it, up to half way to its neighbours and ``Limits.reach`` at most. A fault holds
where three of four samples in a row show it, from the first to the last of them, so that its edges are those of the
samples that show it and a single picture decides nothing.

For a station, a dead block is told from a hidden one by movement: a candidate moves, a jacket, a board or a sheet
of paper does not. A block that died and in which, or beside which, something moved now and then is put down to a
person and left out. Only blocks that stayed dead and still for ``Limits.still`` count as obstructed. A person who
leaves too few blocks to see makes the station 无法判定, as does anything dead for a shorter time: on doubt
it is neither visible nor obstructed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.replays import replayed
from analysis.stations import SIDE
from domain.pictures import Fault, FaultSpan, Sample, Sight, StationSample, View, ViewSpan
from domain.timeline import Interval, IntervalSet

Flags = NDArray[np.bool_]
BLOCKS = SIDE * SIDE


@dataclass(frozen=True, slots=True)
class Limits:
    """All numbers that decide. Shares are of 1."""

    black: float = 20.0
    black_contrast: float = 6.0
    overexposed: float = 0.4
    dim: float = 0.5
    survival: float = 0.4
    inliers: int = 20
    sharpness: float = 0.75
    shift: float = 0.015
    rotation: float = 1.0
    frozen: float = 0.0005
    still_room: float = 0.005
    rate: float = 15.0
    blocks: int = 5
    obstructed: float = 0.35
    doubtful: float = 0.2
    alive: float = 0.4
    stirs: float = 0.1
    still: timedelta = timedelta(seconds=30)
    reach: timedelta = timedelta(seconds=2.5)
    apart: timedelta = timedelta(seconds=10)
    replay: int = 10

    @property
    def window(self) -> timedelta:
        """How far from an instant samples can matter for what is said of it, replays aside."""
        return 2 * self.still + 2 * self.apart


DEFAULT = Limits()


def decide(
    samples: Iterable[Sample],
    stations: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    limits: Limits = DEFAULT,
) -> Sight:
    """What the samples of one camera show; in any order, of as many segments as there are.

    ``stations`` are those that the camera should show, also where no sample tells of them. ``size`` is the width and
    height that its pictures should have; None where nobody said.
    """
    ordered = sorted({sample.at: sample for sample in samples}.values(), key=lambda sample: sample.at)
    names = sorted({*stations, *(station.station for sample in ordered for station in sample.stations)})
    parts = [_Part(part, limits, size) for part in _unbroken(ordered, limits.apart)]
    _tell_replays(parts, limits)
    faults = [span for part in parts for span in part.faults()]
    views = [span for name in names for part in parts for span in part.views(name)]
    return Sight(
        seen=IntervalSet(cell for part in parts for cell in part.cells),
        faults=tuple(sorted(faults, key=lambda span: (span.interval, span.fault))),
        stations=tuple(_joined(views)),
        unverified=IntervalSet(cell for part in parts for cell in part.unverified()),
    )


def _unbroken(samples: Sequence[Sample], apart: timedelta) -> Iterator[list[Sample]]:
    """Stretches in which no two neighbours lie farther apart; what holds in one says nothing of the next."""
    part: list[Sample] = []
    for sample in samples:
        if part and sample.at - part[-1].at > apart:
            yield part
            part = []
        part.append(sample)
    if part:
        yield part


def _cells(samples: Sequence[Sample], reach: timedelta) -> list[Interval]:
    """The time that each sample speaks for."""
    middles = [first.at + (second.at - first.at) / 2 for first, second in pairwise(samples)]
    starts = [samples[0].at - reach, *middles]
    ends = [*middles, samples[-1].at + reach]
    return [
        Interval(max(start, sample.at - reach), min(end, sample.at + reach))
        for sample, start, end in zip(samples, starts, ends, strict=True)
    ]


def lasting(flags: Flags, need: int = 3, of: int = 4) -> Flags:
    """Where ``need`` of ``of`` flags in a row are set, all from the first of them to the last.

    Fewer than ``of`` flags are taken as one row.
    """
    count = len(flags)
    held = np.zeros(count, np.bool_)
    for start in range(max(1, count - of + 1)):
        set_here = np.flatnonzero(flags[start : start + of])
        if len(set_here) >= need:
            held[start + set_here[0] : start + set_here[-1] + 1] = True
    return held


class _Part:
    """Samples without a break between them."""

    def __init__(self, samples: Sequence[Sample], limits: Limits, size: tuple[int, int] | None) -> None:
        self.samples = samples
        self.cells = _cells(samples, limits.reach)
        self._limits = limits
        self.looped = np.zeros(len(samples), np.bool_)
        self._held = {fault: lasting(self._flags(test)) for fault, test in _tests(limits, size).items()}
        self._still = lasting(self._changes_below(limits.still_room), 3, 5)
        self._held[Fault.FROZEN] = lasting(self._changes_below(limits.frozen), 3, 5)

    def _flags(self, test: Callable[[Sample], bool]) -> Flags:
        return np.array([test(sample) for sample in self.samples], np.bool_)

    def _changes_below(self, limit: float) -> Flags:
        return self._flags(lambda sample: sample.change is not None and sample.change < limit)

    @property
    def _blind(self) -> Flags:
        """Where the picture has a fault with which nothing can be said of what is in it."""
        blind = self.looped.copy()
        for fault, held in self._held.items():
            if fault is not Fault.WRONG_RATE:
                blind |= held
        return blind

    def faults(self) -> Iterator[FaultSpan]:
        for fault, held in {**self._held, Fault.LOOPED: self.looped}.items():
            for first, last in _runs(held):
                span = Interval(self.cells[first].start, self.cells[last].end)
                yield FaultSpan(fault, span, *_shown(fault, self.samples[first : last + 1], self._limits))

    def unverified(self) -> Iterator[Interval]:
        """Time of samples that were compared with nothing, or that stand too still to tell from a frozen picture."""
        for number, sample in enumerate(self.samples):
            still = self._still[number] and not self._held[Fault.FROZEN][number]
            if sample.survival is None or still:
                yield self.cells[number]

    def views(self, station: str) -> Iterator[ViewSpan]:
        found = [_station_of(sample, station) for sample in self.samples]
        doubted = self._blind
        verdicts = _views(found, self.samples, self._limits)
        for number, blind in enumerate(doubted):
            if blind:
                verdicts[number] = View.NOT_VERIFIABLE
        for view, numbers in groupby(range(len(found)), key=lambda number: verdicts[number]):
            inside = list(numbers)
            for start, end in _touching([self.cells[number] for number in inside]):
                yield ViewSpan(station, view, Interval(start, end))


def _touching(cells: Sequence[Interval]) -> Iterator[tuple[datetime, datetime]]:
    for item in IntervalSet(cells):
        yield item.start, item.end


def _joined(spans: Iterable[ViewSpan]) -> Iterator[ViewSpan]:
    """Neighbours that say the same, as one."""
    last: ViewSpan | None = None
    for span in spans:
        if (
            last is not None
            and (last.station, last.view) == (span.station, span.view)
            and last.interval.end == span.interval.start
        ):
            last = ViewSpan(last.station, last.view, Interval(last.interval.start, span.interval.end))
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _runs(flags: Flags) -> Iterator[tuple[int, int]]:
    """First and last number of each row of set flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(start), int(end) - 1


def _tests(limits: Limits, size: tuple[int, int] | None) -> dict[Fault, Callable[[Sample], bool]]:
    """Each fault that a single sample shows. The first that fits is the one that is told of light and lens."""

    def black(sample: Sample) -> bool:
        return sample.brightness < limits.black and sample.contrast < limits.black_contrast

    def overexposed(sample: Sample) -> bool:
        brighter = sample.brightness_ratio is None or sample.brightness_ratio > 1.2
        return sample.clipped > limits.overexposed and brighter

    def dim(sample: Sample) -> bool:
        return sample.brightness_ratio is not None and sample.brightness_ratio < limits.dim and not black(sample)

    def lit(sample: Sample) -> bool:
        return not (black(sample) or overexposed(sample) or dim(sample))

    def moved(sample: Sample) -> bool:
        if sample.shift is None or sample.rotation is None:
            return False
        far = sample.shift > limits.shift or sample.rotation > limits.rotation
        return far and sample.inliers is not None and sample.inliers >= limits.inliers

    def covered(sample: Sample) -> bool:
        lost = sample.survival is not None and sample.survival < limits.survival
        return lost and lit(sample) and not moved(sample) and (sample.inliers or 0) < limits.inliers

    def defocused(sample: Sample) -> bool:
        soft = sample.sharpness is not None and sample.sharpness < limits.sharpness
        return soft and lit(sample) and not covered(sample) and not moved(sample)

    return {
        Fault.BLACK: black,
        Fault.OVEREXPOSED: overexposed,
        Fault.DIM: dim,
        Fault.COVERED: covered,
        Fault.DEFOCUSED: defocused,
        Fault.MOVED: moved,
        Fault.WRONG_SIZE: lambda sample: size is not None and (sample.width, sample.height) != size,
        Fault.WRONG_RATE: lambda sample: sample.rate is not None and sample.rate < limits.rate,
    }


def _shown(fault: Fault, samples: Sequence[Sample], limits: Limits) -> tuple[float, float]:
    """The number that shows a fault over a span, its median, and the limit that it broke."""
    numbers: dict[Fault, tuple[Callable[[Sample], float | None], float]] = {
        Fault.BLACK: (lambda sample: sample.brightness, limits.black),
        Fault.OVEREXPOSED: (lambda sample: sample.clipped, limits.overexposed),
        Fault.DIM: (lambda sample: sample.brightness_ratio, limits.dim),
        Fault.COVERED: (lambda sample: sample.survival, limits.survival),
        Fault.DEFOCUSED: (lambda sample: sample.sharpness, limits.sharpness),
        Fault.MOVED: (lambda sample: sample.shift, limits.shift),
        Fault.FROZEN: (lambda sample: sample.change, limits.frozen),
        Fault.WRONG_RATE: (lambda sample: sample.rate, limits.rate),
        Fault.WRONG_SIZE: (lambda sample: float(sample.height), 0.0),
        Fault.LOOPED: (lambda sample: None, float(limits.replay)),
    }
    number, limit = numbers[fault]
    values = [value for sample in samples if (value := number(sample)) is not None]
    return (float(np.median(values)) if values else float(len(samples))), limit


def _station_of(sample: Sample, station: str) -> StationSample | None:
    return next((each for each in sample.stations if each.station == station), None)


def _views(found: Sequence[StationSample | None], samples: Sequence[Sample], limits: Limits) -> list[View]:
    comparable = _masks([each.comparable if each else 0 for each in found])
    lost = _masks([each.lost if each else 0 for each in found])
    stirred = _masks([each.stirred if each else 0 for each in found])
    times = np.array([sample.at.timestamp() for sample in samples])
    still = _still(lost, stirred, times, limits)
    hidden = lost & ~still
    counted = (comparable & ~hidden).sum(axis=1)
    share = still.sum(axis=1) / np.maximum(1, counted)
    alive = (comparable & ~lost).sum(axis=1)
    told = comparable.sum(axis=1) >= limits.blocks
    enough = alive >= np.maximum(limits.blocks, limits.alive * comparable.sum(axis=1))
    visible = lasting(np.asarray(told & enough & (share <= limits.doubtful), np.bool_))
    obstructed = lasting(np.asarray(told & (counted >= limits.blocks) & (share > limits.obstructed), np.bool_))
    return [
        View.OBSTRUCTED if out else View.VISIBLE if good else View.NOT_VERIFIABLE
        for good, out in zip(visible, obstructed, strict=True)
    ]


def _masks(numbers: Sequence[int]) -> Flags:
    """Samples x blocks."""
    table = np.array(numbers, np.int64)[:, None] >> np.arange(BLOCKS)[None, :]
    return np.asarray(table & 1, np.bool_)


def _still(lost: Flags, stirred: Flags, times: NDArray[np.float64], limits: Limits) -> Flags:
    """Blocks that are dead and in and beside which nothing moved for long enough, samples x blocks."""
    near_s = limits.still.total_seconds()
    count = len(times)
    left = np.searchsorted(times, times - near_s)
    right = np.searchsorted(times, times + near_s, side="right") - 1
    lively = np.zeros_like(lost)
    long = np.zeros_like(lost)
    for block in range(BLOCKS):
        for first, last in _runs(lost[:, block]):
            numbers = np.arange(first, last + 1)
            moves = np.concatenate([[0], np.cumsum(stirred[first + 1 : last + 1, block])])
            begin, end = np.maximum(left[numbers], first), np.minimum(right[numbers], last)
            stirs = moves[end - first] - moves[begin - first]
            lively[numbers, block] = stirs > limits.stirs * np.maximum(1, end - begin)
            long[numbers, block] = times[end] - times[begin] >= min(near_s, 2 * near_s)
    near = np.zeros((count, SIDE + 2, SIDE + 2), np.bool_)
    table = lively.reshape(count, SIDE, SIDE)
    for row in range(3):
        for column in range(3):
            near[:, row : row + SIDE, column : column + SIDE] |= table
    excused = near[:, 1:-1, 1:-1].reshape(count, BLOCKS)
    return np.asarray(lost & long & ~excused, np.bool_)


def _tell_replays(parts: Sequence[_Part], limits: Limits) -> None:
    """Replays are looked for over all parts at once: what was shown before a break may come again behind it."""
    samples = [sample for part in parts for sample in part.samples]
    found = replayed(samples, limits.replay)
    at = 0
    for part in parts:
        part.looped = found[at : at + len(part.samples)]
        at += len(part.samples)
