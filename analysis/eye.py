"""What looks at pictures: the functions that measure them, decide what the numbers mean, and make references.

One value, ``EYE``, so that whoever decodes, judges or takes a reference does it by the same version of the same
functions, and so that tests bring their own. Without one no picture is looked at, and every report says so. Not here:
the functions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.calibration import calibrate, read_calibration
from analysis.picture import measure
from analysis.sight import decide
from domain.pictures import Region, Sample, Sight

Picture = NDArray[np.uint8]
"""Luma of one decoded picture: height x width."""

Measure = Callable[[Iterable[tuple[datetime, Picture]], bytes | None], Iterable[Sample]]
"""One sample for each picture, against a calibration's bytes or against nothing. May raise anything."""


class Decide(Protocol):
    """What all samples of a camera mean for it and for the stations that it should show, also those no sample tells
    of. ``worktops`` has the blocks of a station that show its worktop, by the plan.
    """

    def __call__(
        self, samples: Sequence[Sample], stations: Sequence[str], worktops: Mapping[str, int] = ...
    ) -> Sight: ...


class Advice(Protocol):
    """What to do before a reference is relied on. ``refuses``: the station cannot be told by it at all."""

    @property
    def station(self) -> str | None: ...

    @property
    def refuses(self) -> bool: ...

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What was made of the pictures of a camera: the bytes to measure against, and what speaks against them."""

    data: bytes
    advice: Sequence[Advice] = ()


@dataclass(frozen=True, slots=True)
class Eye:
    """One version of the analysis of pictures. Its functions are found by name in another process.

    ``calibrate`` raises ValueError, in one line for people, for pictures that no reference can be made of.
    """

    version: int
    measure: Measure
    decide: Decide
    calibrate: Callable[[Sequence[Picture], Sequence[Region]], Calibrated]


VERSION = 3
"""Raise it whenever the same picture would give another sample: everything is looked at again then."""


def _measured(pictures: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> Iterable[Sample]:
    return measure(pictures, None if calibration is None else read_calibration(calibration))


def _calibrated(pictures: Sequence[Picture], regions: Sequence[Region]) -> Calibrated:
    made = calibrate(pictures, regions)
    return Calibrated(made.written(), made.advice)


EYE: Eye | None = Eye(VERSION, _measured, decide, _calibrated)
