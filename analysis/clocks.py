"""How far the clocks behind a sitting can be trusted: the recording host's over the window, each camera's drift.

Pure. Not here: what one reading proves (``domain.host_clock``) and what it means for a clause (``analysis.judge``).
docs/time.md, "The host's clock" and "Offset and drift of a camera", states both rules.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import sqrt
from statistics import median

from domain.evidence import Segment
from domain.host_clock import ClockJudgement, ClockState, HostClock, Witness, judge_clock, pooled
from domain.timeline import Interval, IntervalSet

VOUCHED = timedelta(minutes=3)
"""A reading speaks for this long before and after it: readings are a minute apart, one or two may fail, and a clock
that is not stepped cannot leave the limits in that time."""

LEAST_SPAN_S = 600.0
"""Offsets over less than this tell the noise of their measurement, not a drift."""

_LEAST_PAIRS = 15
_MOST_POINTS = 200  # of one run: more make the answer slower and no better
_NORMAL_95 = 1.96
_LIMIT_STATES = (ClockState.OFF, ClockState.DISPUTED)


@dataclass(frozen=True, slots=True)
class HostFootage:
    """What one host covers of a window by camera, when its clock was stepped, and what its processes read of it."""

    host: str
    recorded: Mapping[str, IntervalSet]
    steps: tuple[datetime, ...]
    readings: tuple[HostClock, ...]


@dataclass(frozen=True, slots=True)
class HostClockFacts:
    """A host's clock over what it recorded. ``unproven`` is the part of it that no reading vouches for, ``in_doubt``
    what of that no other host covers whose clock is proven: only there the report rests on this clock.

    ``state`` says why: SYNCHRONISED when nothing is unproven, else the worst that a reading nearby said, UNWITNESSED
    where none said anything, ``unread`` where there was none either. ``by`` is the weakest witness that vouched, and
    ``error_s`` how far off the clock may have been by what the readings prove.
    """

    host: str
    state: ClockState
    by: Witness | None
    error_s: float | None
    readings: int
    unread: bool
    unproven: IntervalSet
    in_doubt: IntervalSet


@dataclass(frozen=True, slots=True)
class Drift:
    """How much faster a camera's clock runs than the host's, in parts per million, with bounds of 95 %."""

    ppm: float
    low_ppm: float
    high_ppm: float

    @property
    def day_s(self) -> float:
        """Seconds gained on the host's clock in a day."""
        return self.ppm * 0.0864

    @property
    def error_ppm(self) -> float:
        """The farther bound's distance."""
        return max(self.high_ppm - self.ppm, self.ppm - self.low_ppm)

    @property
    def least_ppm(self) -> float:
        """The least rate, as a distance from zero, that the offsets still allow; 0 where they allow none at all."""
        return max(0.0, self.low_ppm, -self.high_ppm)


def host_clocks(hosts: Sequence[HostFootage]) -> tuple[HostClockFacts, ...]:
    """Which part of what each host recorded lies near a reading that proves its clock, one verdict for each host.

    A reading in which nobody said anything neither vouches nor doubts; between two that said something, the nearer
    one speaks. None speaks across a step of the clock: what it says holds on its own side only.
    """
    said = [(each, _said(each)) for each in hosts]
    proven: dict[str, IntervalSet] = defaultdict(IntervalSet)
    for footage, told in said:
        for camera, spans in footage.recorded.items():
            proven[camera] |= spans & told.proven
    found = []
    for footage, told in said:
        in_doubt = _all(spans - proven[camera] for camera, spans in footage.recorded.items())
        found.append(_facts(footage, told, _milliseconds(in_doubt)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Said:
    """What the readings of one host prove: when each was taken, and the span that each telling one speaks for."""

    read: tuple[datetime, ...]
    spoken: tuple[tuple[Interval, ClockJudgement], ...]

    @property
    def good(self) -> list[tuple[Interval, ClockJudgement]]:
        return [(span, found) for span, found in self.spoken if found.state is ClockState.SYNCHRONISED]

    @property
    def proven(self) -> IntervalSet:
        return IntervalSet(span for span, _ in self.good)


def _said(footage: HostFootage) -> _Said:
    judged = [(each.at, judge_clock(each)) for each in pooled(footage.readings, footage.steps)]
    telling = [(at, found) for at, found in judged if found.state is not ClockState.UNWITNESSED]
    return _Said(tuple(at for at, _ in judged), tuple(_spoken(telling, sorted(footage.steps))))


def _facts(footage: HostFootage, said: _Said, in_doubt: IntervalSet) -> HostClockFacts:
    recorded = _all(footage.recorded.values())
    unproven = _milliseconds(recorded - said.proven)
    near = [found for span, found in said.good if IntervalSet([span]) & recorded]
    doubts = {found.state for span, found in said.spoken if unproven & IntervalSet([span])}
    return HostClockFacts(
        host=footage.host,
        state=_worst(doubts) if unproven else ClockState.SYNCHRONISED,
        by=max((found.by for found in near if found.by), key=list(Witness).index, default=None),
        error_s=max((abs(found.offset_s or 0.0) + (found.error_s or 0.0) for found in near), default=None),
        readings=len(said.read),
        unread=bool(unproven)
        and not unproven & IntervalSet(Interval(at - VOUCHED, at + VOUCHED) for at in said.read),
        unproven=unproven,
        in_doubt=in_doubt,
    )


def _all(parts: Iterable[IntervalSet]) -> IntervalSet:
    return IntervalSet(span for part in parts for span in part)


def _spoken(
    telling: Sequence[tuple[datetime, ClockJudgement]], steps: Sequence[datetime]
) -> Iterator[tuple[Interval, ClockJudgement]]:
    """The span that each reading speaks for."""
    for number, (at, found) in enumerate(telling):
        start, end = at - VOUCHED, at + VOUCHED
        if number > 0:
            start = max(start, at - (at - telling[number - 1][0]) / 2)
        if number + 1 < len(telling):
            end = min(end, at + (telling[number + 1][0] - at) / 2)
        before, after = bisect_right(steps, at), bisect_left(steps, at)
        start = max(start, steps[before - 1]) if before else start
        end = min(end, steps[after]) if after < len(steps) else end
        if start < end:
            yield Interval(start, end), found


def _worst(states: set[ClockState]) -> ClockState:
    return next((state for state in _LIMIT_STATES if state in states), ClockState.UNWITNESSED)


def _milliseconds(spans: IntervalSet) -> IntervalSet:
    return IntervalSet(short for span in spans if (short := span.rounded()) is not None)


def camera_drift(segments: Iterable[Segment]) -> Drift | None:
    """The drift of a camera's clock by its segments' offsets; None where they are too few or too close together.

    The median of the slopes between any two offsets of the same run (Theil 1950, Sen 1968; over several runs
    Hirsch et al. 1982), so that neither a wild offset nor a clock set anew between two runs moves it. The bounds are
    Sen's, by the normal approximation of Kendall's statistic.
    """
    runs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for each in segments:
        if each.clock_offset_s is not None:
            runs[each.run].append((each.interval.end.timestamp(), each.clock_offset_s))
    chosen = [_thinned(sorted(points)) for points in runs.values()]
    longest_s = max((points[-1][0] - points[0][0] for points in chosen), default=0.0)
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for points in chosen
        for earlier, later in combinations(points, 2)
        if later[0] > earlier[0]
    )
    if longest_s < LEAST_SPAN_S or len(slopes) < _LEAST_PAIRS:
        return None
    variance = sum(n * (n - 1) * (2 * n + 5) / 18 for n in map(len, chosen))
    half_width = _NORMAL_95 * sqrt(variance)
    low = max(0, round((len(slopes) - half_width) / 2) - 1)
    high = min(len(slopes) - 1, round((len(slopes) + half_width) / 2))
    return Drift(*(1e6 * slope for slope in (median(slopes), slopes[low], slopes[high])))


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Every so many of them, the first and the last included."""
    if len(points) <= _MOST_POINTS:
        return points
    step = (len(points) - 1) / (_MOST_POINTS - 1)
    return [points[round(number * step)] for number in range(_MOST_POINTS)]
