"""What can be refused of a floor plan.

    FloorplanError
    ├── PlanRefused            the plan contradicts itself; ``flaws`` has the place of each
    └── CalibrationRefused     the clicked points do not tell how the camera looks; nothing of its mounting is changed
        ├── TooFewPoints       fewer than four, or fewer than the free numbers need
        ├── PointsOnALine      on the plan or in the picture they lie on one line: the camera could turn about it
        ├── Undetermined       the free numbers trade off against each other with these points
        └── NotConverged       no mounting was found from any start

Every message is one line for people and says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a plan. ``place`` is a path in it, by the fields of ``domain.plan.RoomPlan``."""

    place: tuple[str | int, ...]
    message: str


class FloorplanError(Exception):
    """Base of this package."""


class PlanRefused(FloorplanError):
    """Nothing is computed from a plan that contradicts itself."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("\n".join(f"{'.'.join(map(str, each.place))}: {each.message}" for each in flaws))


class CalibrationRefused(FloorplanError):
    """The points do not tell how the camera looks."""


class TooFewPoints(CalibrationRefused):
    """There are fewer points than the numbers that are to be found need."""


class PointsOnALine(CalibrationRefused):
    """All points lie on one line, on the plan or in the picture."""


class Undetermined(CalibrationRefused):
    """Several mountings fit these points equally well."""


class NotConverged(CalibrationRefused):
    """The search ended without a mounting."""
