"""What boxes around people mean for stations and for the room over time. Pure; advice 疑点 only.

A box belongs to a station if the middle of it, or the middle of its lower edge, lies in the station's region. Each
picture says of each station between how many and how many people are there: boxes that score SURE count for certain,
the others, and those that could as well belong to a neighbour, perhaps.

A station's state follows these numbers slowly: it changes only where CONFIRMED pictures one after the other leave no
other reading, and then from the first of them on, so that somebody who is missed once makes no gap and a shadow no
candidate. A state that no picture has confirmed for PATIENCE of them is not known any more.

Nothing of it enters coverage, verdicts or the gate of certificates: a detector cannot prove that somebody was there,
and even less that nobody was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby, pairwise

from domain.pictures import Region
from domain.presence import (
    Box,
    Headcount,
    Occupancy,
    OccupancySpan,
    PeopleRange,
    PeopleSample,
    Presence,
)
from domain.timeline import Interval, IntervalSet

SURE = 0.4
"""A box that scores less may be none."""

CONFIRMED = 2
"""How many pictures one after the other it takes to change a state."""

PATIENCE = 3
"""After how many pictures in doubt a state is not known any more."""

REACH = timedelta(seconds=6)
"""How long a picture speaks for the time after it, at most: until the next one, three times 2 s apart."""

MANY = 2  # more than one is extra, however many


_Stretch = list[tuple[Interval, PeopleSample]]
"""Samples that follow each other without a hole, each with the time it speaks for."""


def presence(samples: Sequence[PeopleSample], regions: Sequence[Region]) -> Presence:
    """What one camera's samples say, in whatever order they come; no two of them at one instant.

    Raises ValueError where two are.
    """
    ordered = sorted(samples, key=lambda sample: sample.at)
    for one, other in pairwise(ordered):
        if one.at == other.at:
            raise ValueError(f"two samples of one camera at {one.at.isoformat()}")
    stretches = list(_stretches(ordered))
    seen = IntervalSet(interval for stretch in stretches for interval, _ in stretch)
    spans = [span for stretch in stretches for span in _station_spans(stretch, regions)]
    order = {region.station: place for place, region in enumerate(regions)}
    spans.sort(key=lambda span: (order[span.station], span.interval.start))
    return Presence(seen, tuple(spans), tuple(each for stretch in stretches for each in _headcounts(stretch)))


def people_at(sample: PeopleSample, regions: Sequence[Region]) -> Mapping[str, PeopleRange] | None:
    """How many people a picture shows at each station; None where it could not be searched."""
    if sample.boxes is None:
        return None
    low, high = Counter[str](), Counter[str]()
    for box in sample.boxes:
        belongs = _belonging(box, sample, regions)
        high.update(belongs)
        if len(belongs) == 1 and box.score >= SURE:
            low.update(belongs)
    return {region.station: PeopleRange(low[region.station], high[region.station]) for region in regions}


def people_in(boxes: Iterable[Box]) -> PeopleRange:
    """How many people a picture shows altogether."""
    scores = [box.score for box in boxes]
    return PeopleRange(sum(score >= SURE for score in scores), len(scores))


def _belonging(box: Box, sample: PeopleSample, regions: Sequence[Region]) -> frozenset[str]:
    """The stations that a box may belong to: those that hold both of its points, else those that hold one."""
    points = [(x / sample.width, y / sample.height) for x, y in (box.centre, box.foot)]
    held = {region.station: sum(_holds(region.corners, point) for point in points) for region in regions}
    most = max(held.values(), default=0)
    return frozenset(station for station, count in held.items() if count and count == most)


def _holds(corners: Sequence[tuple[float, float]], point: tuple[float, float]) -> bool:
    """Whether a point lies in a polygon: a ray from it to the left crosses its edges an odd number of times."""
    x, y = point
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], *corners[:1]), strict=True):
        if (y0 > y) != (y1 > y) and x > x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside


def _stretches(ordered: Sequence[PeopleSample]) -> Iterator[_Stretch]:
    stretch: _Stretch = []
    for place, sample in enumerate(ordered):
        end = sample.at + REACH
        if place + 1 < len(ordered):
            end = min(end, ordered[place + 1].at)
        stretch.append((Interval(sample.at, end), sample))
        if place + 1 == len(ordered) or ordered[place + 1].at > end:
            yield stretch
            stretch = []


def _station_spans(stretch: _Stretch, regions: Sequence[Region]) -> Iterator[OccupancySpan]:
    people = [people_at(sample, regions) for _, sample in stretch]
    for region in regions:
        states = _states([None if each is None else each[region.station] for each in people])
        turns = zip(stretch, states, strict=True)
        for occupancy, group in groupby(turns, key=lambda turn: turn[1][0]):
            together = list(group)
            interval = Interval(together[0][0][0].start, together[-1][0][0].end)
            agreeing = sum(agrees for _, (_, agrees) in together)
            yield OccupancySpan(region.station, occupancy, interval, len(together), agreeing)


def _states(ranges: Sequence[PeopleRange | None]) -> Iterator[tuple[Occupancy, bool]]:
    """The state at each picture, and whether that picture says so by itself."""
    lows = [0 if each is None else min(each.low, MANY) for each in ranges]
    highs = [MANY if each is None else min(each.high, MANY) for each in ranges]
    state: int | None = None
    doubtful = 0
    for place, (low, high) in enumerate(zip(lows, highs, strict=True)):
        after = slice(place, place + CONFIRMED)
        if len(lows[after]) == CONFIRMED:
            state = _followed(state, min(lows[after]), max(highs[after]))
        agrees = state is not None and low == high == state
        doubtful = 0 if agrees else doubtful + 1
        if doubtful >= PATIENCE:
            state = None
        yield _occupancy(state), agrees and state is not None


def _followed(state: int | None, least: int, most: int) -> int | None:
    """The state after pictures that all show between ``least`` and ``most`` people."""
    if state is None:
        return least if least == most else None
    return min(max(state, least), most)


def _occupancy(state: int | None) -> Occupancy:
    if state is None:
        return Occupancy.NOT_KNOWN
    return (Occupancy.EMPTY, Occupancy.OCCUPIED, Occupancy.EXTRA)[state]


def _headcounts(stretch: _Stretch) -> Iterator[Headcount]:
    """Spans of the same number of people; a number that only one picture shows is taken for a miss or a shadow."""
    found = [None if sample.boxes is None else people_in(sample.boxes) for _, sample in stretch]
    steady = [_middle(found[max(0, place - 1) : place + 2], found[place]) for place in range(len(found))]
    for people, group in groupby(zip(stretch, steady, strict=True), key=lambda each: each[1]):
        intervals = [interval for (interval, _), _ in group]
        if people is not None:
            yield Headcount(people, Interval(intervals[0].start, intervals[-1].end))


def _middle(around: Sequence[PeopleRange | None], own: PeopleRange | None) -> PeopleRange | None:
    """The median of a picture and its two neighbours, or its own number where it has not both."""
    known = [each for each in around if each is not None]
    if own is None or len(known) < 3:
        return own
    return PeopleRange(sorted(each.low for each in known)[1], sorted(each.high for each in known)[1])
