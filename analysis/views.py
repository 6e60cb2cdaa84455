"""From coverage and sight to views: which recorded time shows anything usable, and when a station was to be seen.

Pure. Not here: what a span is a gap for (``analysis.coverage``), what faults are (``analysis.eye``), any tolerance
(``analysis.judge``): every span is listed, however short.

1. Of one camera, recorded time is usable, unusable or doubtful. It is *unusable* while a fault holds that leaves
   nothing to be seen. It is *doubtful* while the camera is moved, since nobody knows what it shows until it is
   checked again; while a look is owed to it; and, of a camera with a reference, while no sample speaks for it or it
   could not be compared. The rest is usable. Where nobody was to look and there is no reference, all of it is.
2. Of one station by its footage (C6.2-3), a window is good where a camera that sees it is usable, else doubtful where
   one is doubtful, else unusable where one recorded, else missing.
3. By its view (C6.2-4) the same, where some camera has both a region of the station and a reference: there the
   usable time of such a camera is good while the station is visible, unusable while it is obstructed, and doubtful
   otherwise; usable time of a camera that lacks either is doubtful. While one shows the station obstructed, what
   others suspect of it is no doubt any more. Where no camera has both, view and footage are the same.

Pictures smaller or slower than they should be are told by rules of their own (C6.2-4) and are no fault here. Every
span is rounded to whole milliseconds first, as coverage is, so that the parts add up exactly to the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.evidence import Coverage
from domain.pictures import Fault, FaultSpan, Sight, View, ViewSpan
from domain.timeline import Interval, IntervalSet

OF_THEIR_OWN = frozenset({Fault.WRONG_SIZE, Fault.WRONG_RATE})
"""Faults that other rules judge."""

DOUBTS = frozenset({Fault.MOVED})
"""Faults that leave something to be seen, and nobody knows what."""

_NOTHING = IntervalSet()
_Span = TypeVar("_Span", FaultSpan, ViewSpan)


@dataclass(frozen=True, slots=True)
class CameraView:
    """What one camera's recorded time shows. ``faults`` and ``stations`` are those of its sight within that time.

    ``compared``: the camera has a reference. Invariant (checked): unusable and doubtful are disjoint parts of
    ``recorded``.
    """

    camera: str
    recorded: IntervalSet
    faults: tuple[FaultSpan, ...] = ()
    unusable: IntervalSet = _NOTHING
    doubtful: IntervalSet = _NOTHING
    stations: tuple[ViewSpan, ...] = ()
    compared: bool = False

    def __post_init__(self) -> None:
        if self.unusable & self.doubtful or (self.unusable | self.doubtful) - self.recorded:
            raise ValueError("unusable and doubtful time must be disjoint parts of what was recorded")

    @property
    def usable(self) -> IntervalSet:
        """Recorded, and neither unusable nor doubtful."""
        return self.recorded - self.unusable - self.doubtful

    def fault_spans(self, within: IntervalSet) -> Iterator[FaultSpan]:
        """Its faults that are judged here, cut to a part of the time."""
        yield from _cut((each for each in self.faults if each.fault not in OF_THEIR_OWN), within)

    def when(self, station: str, view: View) -> IntervalSet:
        """The time in which so much is said of a station."""
        return IntervalSet(span.interval for span in self.stations if (span.station, span.view) == (station, view))


@dataclass(frozen=True, slots=True)
class Division:
    """A partition of a window into good, doubtful, unusable and missing time (checked on construction)."""

    window: Interval
    good: IntervalSet
    doubtful: IntervalSet
    unusable: IntervalSet
    missing: IntervalSet

    def __post_init__(self) -> None:
        parts = (self.good, self.doubtful, self.unusable, self.missing)
        whole = IntervalSet(span for part in parts for span in part)
        if (
            whole != IntervalSet([self.window])
            or sum((part.length for part in parts[1:]), parts[0].length) != whole.length
        ):
            raise ValueError("a division must be a partition of its window: its parts overlap or leave a hole")

    @property
    def bad(self) -> IntervalSet:
        """What is known not to be good."""
        return self.unusable | self.missing

    @property
    def at_worst(self) -> IntervalSet:
        """What may not be good."""
        return self.bad | self.doubtful


@dataclass(frozen=True, slots=True)
class StationView:
    """One station. ``footage`` divides the window by usable footage, ``view`` by whether the station was in view.

    ``compared`` are the cameras that have both a region of it and a reference; without any, the two are equal.
    ``obstructed`` is by camera, of the time that is unusable in ``view``.
    """

    station: str
    footage: Division
    view: Division
    compared: tuple[str, ...] = ()
    obstructed: Mapping[str, IntervalSet] | None = None

    def obstructed_by(self, camera: str) -> IntervalSet:
        """The time for which a camera shows it obstructed while nobody shows it otherwise."""
        return (self.obstructed or {}).get(camera, _NOTHING)


def camera_view(
    camera: str, coverage: Coverage, sight: Sight | None, *, compared: bool, owed: IntervalSet = _NOTHING
) -> CameraView:
    """What the recorded time of a camera shows. ``sight`` is None where nobody looked at any of it; a look is
    ``owed`` to a part of it.
    """
    recorded = coverage.covered
    missing = recorded & _rounded(owed)
    if sight is None:
        return CameraView(camera, recorded, doubtful=recorded if compared else missing, compared=compared)
    faults = tuple(_cut(sight.faults, recorded))
    unusable = _during(faults, without=OF_THEIR_OWN | DOUBTS)
    doubtful = _during(faults, without=frozenset(Fault) - DOUBTS)
    if compared:
        doubtful |= (recorded - _rounded(sight.seen)) | (recorded & _rounded(sight.unverified))
    doubtful |= missing
    return CameraView(
        camera, recorded, faults, unusable, doubtful - unusable, tuple(_cut(sight.stations, recorded)), compared
    )


def station_view(
    station: str, coverage: Coverage, views: Mapping[str, CameraView], regions: Iterable[str]
) -> StationView:
    """A station by the cameras that see it. ``coverage`` is its own; ``regions`` are cameras with a region of it."""
    by_footage = {camera: _Parts(view.usable, view.doubtful) for camera, view in views.items()}
    footage = _division(coverage, by_footage.values())
    compared = tuple(sorted(camera for camera in regions if camera in views and views[camera].compared))
    if not compared:
        return StationView(station, footage, footage)
    by_view = [
        _in_view(view, station) if camera in compared else _Parts(_NOTHING, view.usable | view.doubtful)
        for camera, view in views.items()
    ]
    view = _division(coverage, by_view)
    obstructed = {
        camera: found
        for camera in compared
        if (found := views[camera].usable & views[camera].when(station, View.OBSTRUCTED) & view.unusable)
    }
    return StationView(station, footage, view, compared, obstructed)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Of one camera's time: ``suspected`` is doubtful unless another camera's ``obstructed`` says the same."""

    good: IntervalSet
    doubtful: IntervalSet
    obstructed: IntervalSet = _NOTHING
    suspected: IntervalSet = _NOTHING


def by_footage_alone(station: str, coverage: Coverage) -> StationView:
    """A station of which no picture was looked at: what is recorded is good."""
    whole = Division(coverage.window, coverage.covered, _NOTHING, _NOTHING, _missing(coverage))
    return StationView(station, whole, whole)


def _in_view(view: CameraView, station: str) -> _Parts:
    """An obstructed station wins over one of which anything else is said of the same instant."""
    obstructed = view.usable & view.when(station, View.OBSTRUCTED)
    good = (view.usable & view.when(station, View.VISIBLE)) - obstructed
    suspected = (view.usable & view.when(station, View.SUSPECTED)) - good - obstructed
    return _Parts(good, (view.usable - good - obstructed - suspected) | view.doubtful, obstructed, suspected)


def _division(coverage: Coverage, parts: Iterable[_Parts]) -> Division:
    """Good where any is, then doubtful, then unusable where there is footage."""
    found = list(parts)
    good = _union(each.good for each in found) & coverage.covered
    suspected = _union(each.suspected for each in found) - _union(each.obstructed for each in found)
    doubtful = (_union(each.doubtful for each in found) | suspected) & (coverage.covered - good)
    missing = _missing(coverage)
    return Division(coverage.window, good, doubtful, coverage.covered - good - doubtful, missing)


def _union(parts: Iterable[IntervalSet]) -> IntervalSet:
    return IntervalSet(span for part in parts for span in part)


def _missing(coverage: Coverage) -> IntervalSet:
    return IntervalSet(coverage.covered.complement(coverage.window))


def _during(faults: Iterable[FaultSpan], *, without: frozenset[Fault]) -> IntervalSet:
    return IntervalSet(span.interval for span in faults if span.fault not in without)


def _rounded(spans: Iterable[Interval]) -> IntervalSet:
    return IntervalSet(short for span in spans if (short := span.rounded()) is not None)


def _cut(spans: Iterable[_Span], within: IntervalSet) -> Iterator[_Span]:
    """Spans rounded to milliseconds, and the parts of them within other spans."""
    for each in spans:
        short = each.interval.rounded()
        if short is not None:
            yield from (replace(each, interval=part) for part in within & IntervalSet([short]))
