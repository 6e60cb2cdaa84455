"""An eye that sees brightness and nothing else. Its functions lie here so that other processes find them by name."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from analysis.eye import Calibrated, Eye, Picture
from domain.pictures import Fault, FaultSpan, Region, Sample, Sight, StationSample, View, ViewSpan
from domain.timeline import Interval, IntervalSet

DARK = 40.0
REACH = timedelta(seconds=1)


def measure(pictures: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> Iterator[Sample]:
    """``calibration`` is names of stations, each seen in every picture."""
    names = calibration.decode().split(",") if calibration else []
    stations = tuple(StationSample(name, 25, 0) for name in names)
    for at, picture in pictures:
        height, width = picture.shape
        yield Sample(at, width, height, float(picture.mean()), 0.0, float(picture.std()), stations=stations)


def decide(samples: Sequence[Sample], stations: Sequence[str], worktops: Mapping[str, int] | None = None) -> Sight:
    """Dark pictures are black, each sample speaks for a second before and after it."""
    spans = {sample.at: Interval(sample.at - REACH, sample.at + REACH) for sample in samples}
    dark = IntervalSet(spans[sample.at] for sample in samples if sample.brightness < DARK)
    seen = IntervalSet(spans.values())
    compared = IntervalSet(spans[sample.at] for sample in samples if sample.stations)
    return Sight(
        seen,
        tuple(FaultSpan(Fault.BLACK, span, 0.0, DARK) for span in dark),
        tuple(ViewSpan(station, View.VISIBLE, span) for station in stations for span in seen),
        seen - compared,
    )


def calibrate(pictures: Sequence[Picture], regions: Sequence[Region]) -> Calibrated:
    """The names of the stations."""
    if not pictures:
        raise ValueError("a reference needs a picture")
    return Calibrated(",".join(region.station for region in regions).encode())


def stumble(pictures: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> Iterator[Sample]:
    """Fails at its second picture."""
    for number, sample in enumerate(measure(pictures, calibration)):
        if number:
            raise RuntimeError("stumbled")
        yield sample


def hang(pictures: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> Iterable[Sample]:
    """Measures for longer than anybody waits."""
    time.sleep(3600)
    return ()


def die(pictures: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> Iterator[Sample]:
    """Takes its process with it."""
    for _ in pictures:
        os._exit(9)
    return iter(())


EYE = Eye(1, measure, decide, calibrate)
