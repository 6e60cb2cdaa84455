"""Decides what a camera's pictures show over time: faults of the picture, and for each station whether it is seen.

Pure: samples in, a Sight out; the same samples give the same Sight however they were cut into segments. What is said
of an instant rests on samples up to ``Limits.window`` behind it, and on those before it; a later sample changes
nothing of it. Not here: how samples are measured (``analysis.picture``), and what a Sight means for coverage
(``analysis.coverage``).

A sample speaks for the time about it, up to half way to its neighbours and ``Limits.reach`` at most. A fault holds
where three of four samples in a row show it, from the first to the last of them, so that its edges are those of the
samples that show it and a single picture decides nothing.

For a station, a dead block is told from a hidden one by unrest: of somebody who sits and works each part changes a
little all the time, a jacket, a board or a sheet of paper does not. A dead block that was restless in more than half
of the samples about it is put down to a person and left out; somebody who passes before a cover now and then makes
none of it restless. Blocks that stayed dead and still for ``Limits.still`` count as obstructed where nothing moved
beside them either, or where they are so many that nobody sits so still. A person who leaves too few blocks to see
makes the station 无法判定, as do a few still blocks beside something that moves, dead blocks whose unrest nobody
measured, and anything dead for a shorter time: on doubt it is neither visible nor obstructed. Where still blocks
would be an obstruction but for what moves beside them, or few blocks can be compared and most of these are dead, it
is 疑似被遮挡, a doubt that another camera may settle.

Where the plan says which blocks of a station show its worktop, the others show what lies behind it as well, and two
things tell what stands before it from what stands behind it. Things stand: what is put up before a station hides it
in a column of blocks down to the lowest that can be compared, so that still blocks above a living one are no
obstruction by themselves. And a station whose worktop is seen is visible, though some blocks over it stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.flags import Flags, lasting, rows
from analysis.replays import replayed
from analysis.stations import MEMORY, SIDE
from analysis.tones import STEP, UNKNOWN
from domain.pictures import Fault, FaultSpan, Sample, Sight, StationSample, View, ViewSpan
from domain.timeline import Interval, IntervalSet

BLOCKS = SIDE * SIDE

_NO_WORKTOPS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Limits:
    """All numbers that decide. Shares are of 1. Measured by ``bench.truth`` where nothing else is said, on the half
    of the footage that it calls ``fit``, with gains up to 20 %, a pixel of vibration, noise and coding.
    """

    black: float = 20.0
    """Mean luma. Black is 16 in limited range, and noise adds to it; the darkest picture of a lit room had 87."""
    black_contrast: float = 6.0
    """Deviation of luma. A dark room with one lamp has more."""
    overexposed: float = 0.4
    """Share of clipped pixels. Rooms with windows and gains of 20 % had up to .31."""
    brighter: float = 1.2
    """Brightness against the reference, without which a picture is not overexposed: the gains that are normal."""
    brightest: float = 1.7
    """The same: above, it is, clipped or not. Normal gains gave up to 1.42, overexposed pictures 1.55 to 2.7."""
    dim: float = 0.5
    """Brightness against the reference. Gains of 20 % left .89; dimming to 30 % gave up to .41."""
    survival: float = 0.55
    """Share of stable edges. With people in the picture .60 and more; covered lenses left up to .24, and a blur of
    five of 640 pixels up to .51."""
    inliers: int = 20
    """Points. Displacements of 2 to 10 % and turns of 2 to 10 degrees kept 27 and more, covered lenses 8 at most,
    normal pictures in which points were sought 217 and more."""
    sharpness: float = 0.85
    """Against the reference. At least .93 in normal pictures; .80 and less from a blur of 1.5 of 640 pixels."""
    shift: float = 0.015
    """Of the width. Vibration and drift gave .006 at most, a displacement of 2 % at least .018."""
    rotation: float = 1.0
    """Degrees. At most .12 in normal pictures, at least 1.86 in those turned by 2."""
    frozen: float = 0.001
    """Mean change in luma, the median of five. A still picture coded anew gives 0, up to .009 where key frames and
    samples fall differently; a room in which people sit .3 and more."""
    still_room: float = 0.02
    """The same: below, an empty room at the strongest coding (H.264, CRF 42, key frames 25 s apart: .011) cannot be
    told from a frozen picture, and nothing is said. At CRF 35 it has .12, at 28 more than .5."""
    rate: float = 15.0
    """Pictures a second, as delivered: the least that counts as usable (rule D3)."""
    blocks: int = 5
    """Comparable blocks without which nothing is said of a station."""
    obstructed: float = 0.2
    """Share of blocks that stay dead and still. A cover of half a station kills .3 and more if there is something to
    see behind it, one of a quarter .16 to .24; where nobody was it was 0 but for single samples of one block."""
    doubtful: float = 0.12
    """The same: above, a station is no longer called visible."""
    beside: float = 0.16
    """The same, where something moves beside them: what stays still of somebody who works. In a rendered hall 95 of
    100 samples of candidates had .17 or less (``bench.hall_truth``, seeds 1 and 2). Covers of a quarter have .16 and
    more: with .2 two of three beside people counted as visible on footage, with .16 two of five."""
    surely: float = 0.3
    """The same, whatever moves beside them. In a rendered hall 98 of 100 samples of candidates had .25 or less, 95 of
    covers of 40 % and more had .29 or more; with .4 every third cover of half a station beside people was missed."""
    hanging: float = 0.5
    """The same, above living blocks too: what stands behind a station does not take so much of it. Covers of half of
    one that hang in the air are let pass as 无法判定 where there is a plan, and are told where there is none."""
    worktop: int = 4
    """Comparable blocks of the worktop, by the plan, without which it tells nothing."""
    worktop_alive: float = 0.6
    """Share of these that must be seen; no more of them than ``doubtful`` may be still."""
    suspected: float = 0.25
    """Share of blocks that stay dead and still, whatever moves beside them: an obstruction where another camera shows
    one. On four exams in a rendered hall (seeds 1 to 4) .2 found .012 more of them; on seed 4 one in a hundred was
    none."""
    few: int = 22
    """Comparable blocks below which a station is small or plain for a camera. On six exams (seeds 1 to 6) 16
    found .075 fewer obstructions; with any number of blocks, one in twenty was none (seeds 1 to 4)."""
    half: float = 0.5
    """Share of so few that must be seen, without which an obstruction is suspected, whoever is there."""
    alive: float = 0.4
    """Share of comparable blocks that must be seen. Somebody who stands at the table leaves .4 to .6."""
    unrest: float = 0.0024 / STEP
    """Steps of unrest that a block at rest may have. In a rendered hall most blocks behind covers had less than .002,
    most of candidates more than .005; with .0016 a third of the time of covers was no longer told."""
    noises: float = 1.2
    """... or so many times what a quarter of the living blocks of all stations has less of."""
    most_unrest: float = 0.02 / STEP
    """The same, at most: in a picture that is noisier than that what moves is put down to people."""
    stirs: float = 0.5
    """Share of samples in which a dead block must be restless to be somebody's: half, so that who passes before a
    cover changes nothing."""
    lately: float = 0.8
    """The same, of ten seconds before and after: what came where somebody was is not there yet while they are."""
    clearly: float = 2.0
    """Times the unrest allowed, from which on something moves in a block that is not dead."""
    restless: float = 0.12
    """Share of samples in which something moved in or beside dead blocks that touch. Errs towards doubt: somebody who
    reads moves a hand or the head now and then."""
    still: timedelta = timedelta(seconds=30)
    """How long blocks must be dead, and how far before and after movement is looked for: with 20 s, people who
    stood and read were taken for obstructions."""
    reach: timedelta = timedelta(seconds=2.5)
    """How far a sample speaks where it has no neighbour nearer: samples come two to five seconds apart."""
    apart: timedelta = timedelta(seconds=10)
    """Samples farther apart than this are not looked at together."""
    replay: int = 10
    """Samples in a row that must repeat earlier ones, two more being looked at: 20 seconds."""

    @property
    def window(self) -> timedelta:
        """How far behind an instant samples can still matter for what is said of it, however far apart they lie; less
        than a minute where they come every two seconds.
        """
        return self.still + (self.replay + 2) * self.apart


DEFAULT = Limits()


def decide(
    samples: Iterable[Sample],
    stations: Sequence[str] = (),
    worktops: Mapping[str, int] = _NO_WORKTOPS,
    *,
    size: tuple[int, int] | None = None,
    limits: Limits = DEFAULT,
) -> Sight:
    """What the samples of one camera show; in any order, of as many segments as there are.

    ``stations`` are those that the camera should show, also where no sample tells of them; ``worktops`` has the
    blocks that show a station's worktop, where that is known (``analysis.floorplan.worktops``). ``size`` is the width
    and height that its pictures should have; None where nobody said.
    """
    ordered = sorted({sample.at: sample for sample in samples}.values(), key=lambda sample: sample.at)
    names = sorted({*stations, *(station.station for sample in ordered for station in sample.stations)})
    parts = [_Part(part, limits, size) for part in _unbroken(ordered, limits.apart)]
    _tell_replays(parts, limits)
    faults = [span for part in parts for span in part.faults()]
    views = [span for name in names for part in parts for span in part.views(name, worktops.get(name, 0))]
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


class _Part:
    """Samples without a break between them."""

    def __init__(self, samples: Sequence[Sample], limits: Limits, size: tuple[int, int] | None) -> None:
        self.samples = samples
        self.cells = _cells(samples, limits.reach)
        self.limits = limits
        self.times = np.array([sample.at.timestamp() for sample in samples])
        self.allowed = _allowed(samples, limits)
        self.looped = np.zeros(len(samples), np.bool_)
        self.repetitive = np.zeros(len(samples), np.bool_)
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
            for first, last in rows(held):
                shown = _shown(fault, self.samples[first : last + 1], self.limits)
                for span in IntervalSet(self.cells[first : last + 1]):
                    yield FaultSpan(fault, span, *shown)

    def unverified(self) -> Iterator[Interval]:
        """Time of samples that were compared with nothing, that stand too still to be told from a frozen picture, or
        whose movement repeats like that of a replay or of a machine.
        """
        still = self._still & ~self._held[Fault.FROZEN]
        for number, sample in enumerate(self.samples):
            if sample.survival is None or still[number] or self.repetitive[number]:
                yield self.cells[number]

    def views(self, station: str, worktop: int) -> Iterator[ViewSpan]:
        found = [_station_of(sample, station) for sample in self.samples]
        doubted = self._blind
        verdicts = _views(found, self, worktop)
        for number, blind in enumerate(doubted):
            if blind:
                verdicts[number] = View.NOT_VERIFIABLE
        for view, numbers in groupby(range(len(found)), key=lambda number: verdicts[number]):
            for span in IntervalSet(self.cells[number] for number in numbers):
                yield ViewSpan(station, view, span)


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


def _tests(limits: Limits, size: tuple[int, int] | None) -> dict[Fault, Callable[[Sample], bool]]:
    """Each fault that a single sample shows. The first that fits is the one that is told of light and lens."""

    def black(sample: Sample) -> bool:
        return sample.brightness < limits.black and sample.contrast < limits.black_contrast

    def overexposed(sample: Sample) -> bool:
        ratio = sample.brightness_ratio
        clipped = sample.clipped > limits.overexposed and (ratio is None or ratio > limits.brighter)
        return clipped or (ratio is not None and ratio > limits.brightest)

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
        Fault.WRONG_RATE: lambda sample: sample.rate is not None and round(sample.rate) < limits.rate,
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


def _views(found: Sequence[StationSample | None], part: _Part, worktop: int) -> list[View]:
    deaths = _Deaths(found, part.times, part.allowed, part.limits)
    comparable = _table([each.comparable if each else 0 for each in found])
    before = _before(deaths, comparable, _table([worktop]), part.limits)
    told = {
        View.OBSTRUCTED: _obstructed(deaths, before, comparable, part.limits),
        View.VISIBLE: _visible(deaths, comparable, _table([worktop]), part.limits),
        View.SUSPECTED: _suspected(deaths, before, comparable, part.limits),
    }
    shown = {view: lasting(flags) for view, flags in told.items()}
    return [
        next((view for view, flags in shown.items() if flags[number]), View.NOT_VERIFIABLE)
        for number in range(len(found))
    ]


def _visible(deaths: _Deaths, comparable: Flags, worktop: Flags, limits: Limits) -> Flags:
    alive = (comparable & ~deaths.lost).sum(axis=1)
    enough = alive >= np.maximum(limits.blocks, limits.alive * comparable.sum(axis=1))
    still = _share(deaths.still, comparable, deaths)
    certain = _share(deaths.still & ~deaths.doubted, comparable, deaths)
    # Of looks of before unrest was measured nobody can say it: what is dead there may be an obstruction.
    unsure = np.maximum(still, _share(deaths.still | deaths.unknown, comparable, deaths, deaths.unknown))
    free = (certain <= limits.doubtful) & (unsure <= limits.beside)
    return np.asarray(
        enough & (free | (_worked_at(deaths, comparable & worktop, limits) & (unsure <= limits.surely)))
    )


def _worked_at(deaths: _Deaths, worktop: Flags, limits: Limits) -> Flags:
    """Whether the worktop is seen: then nothing stands before it."""
    blocks, alive = worktop.sum(axis=1), (worktop & ~deaths.lost).sum(axis=1)
    unsure = _share((deaths.still | deaths.unknown) & worktop, worktop, deaths, deaths.unknown & worktop)
    seen = (blocks >= limits.worktop) & (alive >= limits.worktop_alive * blocks)
    return np.asarray(seen & (unsure <= limits.doubtful), np.bool_)


def _before(deaths: _Deaths, comparable: Flags, worktop: Flags, limits: Limits) -> Flags:
    """The still blocks of what may stand before the station. Only where a plan says what is seen over the worktop is
    it known that something may stand behind it.
    """
    over = ((comparable & worktop).sum(axis=1) >= limits.worktop)[:, None]
    return np.asarray(deaths.still & (_standing(deaths.lost, comparable) | ~over), np.bool_)


def _obstructed(deaths: _Deaths, before: Flags, comparable: Flags, limits: Limits) -> Flags:
    counted = _counted(comparable, deaths).sum(axis=1)
    told = (comparable.sum(axis=1) >= limits.blocks) & (counted >= limits.blocks)
    certain = _share(before & ~deaths.doubted, comparable, deaths) > limits.obstructed
    surely = _share(before, comparable, deaths) > limits.surely
    most = _share(deaths.still, comparable, deaths) > limits.hanging
    return np.asarray(told & (certain | surely | most), np.bool_)


def _suspected(deaths: _Deaths, before: Flags, comparable: Flags, limits: Limits) -> Flags:
    blocks, alive = comparable.sum(axis=1), (comparable & ~deaths.lost).sum(axis=1)
    still = _share(before, comparable, deaths) > limits.suspected
    small = (blocks < limits.few) & (alive < limits.half * blocks)
    return np.asarray((blocks >= limits.blocks) & (still | small), np.bool_)


def _counted(comparable: Flags, deaths: _Deaths) -> Flags:
    """Of what can be compared all that is not put down to a person."""
    return comparable & ~(deaths.lost & ~deaths.still)


def _share(which: Flags, comparable: Flags, deaths: _Deaths, besides: Flags | None = None) -> NDArray[np.float64]:
    """By sample how many these are of the blocks that count, and of some ``besides``."""
    counted = _counted(comparable, deaths).sum(axis=1) + (0 if besides is None else besides.sum(axis=1))
    return np.asarray(which.sum(axis=1) / np.maximum(1, counted), np.float64)


def _standing(lost: Flags, comparable: Flags) -> Flags:
    """The dead blocks with no living one below them in their column."""
    dead, there = lost.reshape(-1, SIDE, SIDE), comparable.reshape(-1, SIDE, SIDE)
    living = np.logical_or.accumulate((there & ~dead)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((dead & ~living).reshape(-1, BLOCKS), np.bool_)


def _allowed(samples: Sequence[Sample], limits: Limits) -> NDArray[np.float64]:
    """For each sample the unrest that is none: what a quarter of all living blocks have less of is noise."""
    allowed = np.full(len(samples), limits.unrest)
    for number, sample in enumerate(samples):
        unrest = _unrest(sample.stations)
        living = _table([each.comparable & ~each.lost for each in sample.stations]) & (unrest != UNKNOWN)
        if living.any():
            noise = float(np.percentile(unrest[living], 25))
            allowed[number] = min(limits.most_unrest, max(limits.unrest, limits.noises * noise))
    return allowed


def _unrest(found: Sequence[StationSample | None]) -> NDArray[np.uint8]:
    """Samples x blocks."""
    nothing = bytes([UNKNOWN]) * BLOCKS
    told = b"".join((each.unrest or nothing) if each else nothing for each in found)
    return np.frombuffer(told, np.uint8).reshape(-1, BLOCKS)


def _table(masks: Sequence[int]) -> Flags:
    """Samples x blocks."""
    return np.asarray(np.array(masks, np.int64)[:, None] >> np.arange(BLOCKS)[None, :] & 1, np.bool_)


class _Deaths:
    """The dead blocks of a station, samples x blocks: ``lost`` are all of them, ``still`` those that are dead for
    long and mostly at rest, ``unknown`` those of which no unrest was measured. ``doubted`` are blocks of something
    that moved somewhere: the dead blocks that touch each other are taken for one thing, and people who stand still
    move a hand or the head.
    """

    def __init__(
        self,
        found: Sequence[StationSample | None],
        times: NDArray[np.float64],
        allowed: NDArray[np.float64],
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._times = times
        near_s = limits.still.total_seconds()
        self._left = np.searchsorted(times, times - near_s)
        self._right = np.searchsorted(times, times + near_s, side="right") - 1
        lost = _table([each.lost if each else 0 for each in found])
        # A cover with edges of its own happens to match a block in one picture and not in the next.
        self.lost = np.stack([lasting(lost[:, block]) for block in range(BLOCKS)], axis=1)
        # What moved within MEMORY samples of the death is what brought it.
        ripe = self.lost.copy()
        for back in range(1, MEMORY + 1):
            ripe[back:] &= self.lost[:-back]
            ripe[:back] = False
        self._ripe = ripe
        self._since = np.zeros(self.lost.shape, np.int64)  # of a dead block: its first sample
        self._until = np.zeros(self.lost.shape, np.int64)  # ... and its last
        unrest = _unrest(found)
        told = unrest != UNKNOWN
        self._told = ripe & told
        self._moved = self._told & (unrest > allowed[:, None])
        self._moving = told & (unrest > limits.clearly * allowed[:, None])
        self.still, self.unknown = self._still()
        self.doubted = self._doubted()

    def _still(self) -> tuple[Flags, Flags]:
        """Which blocks are still, and of which nobody knows it, since no unrest was measured."""
        lively, long, unknown = np.zeros_like(self.lost), np.zeros_like(self.lost), np.zeros_like(self.lost)
        moves, tolds, ripes = (_summed(flags) for flags in (self._moved, self._told, self._ripe))
        for block in range(BLOCKS):
            for first, last in rows(self.lost[:, block]):
                numbers = np.arange(first, last + 1)
                self._since[numbers, block], self._until[numbers, block] = first, last
                begin, end = np.maximum(self._left[numbers], first), np.minimum(self._right[numbers], last)
                moved, told, ripe = (sums[end + 1, block] - sums[begin, block] for sums in (moves, tolds, ripes))
                lately = np.maximum(numbers - MEMORY, first), np.minimum(numbers + MEMORY, last)
                moved_now, told_now = (sums[lately[1] + 1, block] - sums[lately[0], block] for sums in (moves, tolds))
                lively[numbers, block] = (moved > self._limits.stirs * told) | (
                    moved_now > self._limits.lately * told_now
                )
                unknown[numbers, block] = (told == 0) & (ripe > 0)
                long[numbers, block] = self._times[end] - self._times[begin] >= self._limits.still.total_seconds()
        return self.lost & long & ~lively & ~unknown, unknown

    def _doubted(self) -> Flags:
        """Blocks of things in which or beside which something moved in too many of the samples about, as long as the
        thing was there: since half of its still blocks died and until half of them live again.

        Beside, too, since of somebody seen from behind it is the head and the hands that move, at the rim.
        """
        doubted = np.zeros_like(self.lost)
        for number in np.flatnonzero(self.still.any(axis=1)):
            for thing in _things(self.lost[number]):
                here = thing & self.still[number]
                if not here.any():
                    continue
                first = max(self._left[number], int(np.median(self._since[number, here])))
                last = min(self._right[number], int(np.median(self._until[number, here])))
                there = self._ripe[first : last + 1, thing].any(axis=1)
                stirs = self._moving[first : last + 1, _grown(thing[None])[0]].any(axis=1)
                told, moved = int(there.sum()), int((there & stirs).sum())
                doubted[number] |= thing & (moved > self._limits.restless * told)
        return doubted


def _summed(flags: Flags) -> NDArray[np.int64]:
    """How many are set before each sample, by block: one row more than there are samples."""
    return np.concatenate([np.zeros((1, BLOCKS), np.int64), flags.cumsum(axis=0)])


def _grown(blocks: Flags) -> Flags:
    """The blocks and those above, below, left and right of them."""
    table = blocks.reshape(-1, SIDE, SIDE)
    grown = table.copy()
    grown[:, 1:] |= table[:, :-1]
    grown[:, :-1] |= table[:, 1:]
    grown[:, :, 1:] |= table[:, :, :-1]
    grown[:, :, :-1] |= table[:, :, 1:]
    return grown.reshape(-1, BLOCKS)


def _things(blocks: Flags) -> Iterator[Flags]:
    """The blocks of one sample that hang together, thing by thing."""
    left = blocks.copy()
    while left.any():
        thing = np.zeros_like(left)
        thing[np.flatnonzero(left)[0]] = True
        while True:
            grown = _grown(thing[None, :])[0] & left
            if (grown == thing).all():
                break
            thing = grown
        left &= ~thing
        yield thing


def _tell_replays(parts: Sequence[_Part], limits: Limits) -> None:
    """Replays are looked for over all parts at once: what was shown before a break may come again behind it."""
    certain, doubted = replayed([sample for part in parts for sample in part.samples], limits.replay)
    at = 0
    for part in parts:
        here = slice(at, at + len(part.samples))
        part.looped, part.repetitive = certain[here], doubted[here]
        at = here.stop
