"""Who was found where in a camera's pictures: boxes around people, and what they say of stations and of the room.

Everything here is advice 疑点 for a person who looks at the footage. No verdict, no coverage and no certificate rests
on it: a detector misses people and sees some where there are none, so each value comes with how sure it is. People
are counted, never recognised: there are no faces here, no identities, and nothing that follows one person.
Not here: how boxes are found and how they become spans (``analysis.people``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.timeline import Interval, IntervalSet


@dataclass(frozen=True, slots=True)
class Box:
    """One person in a picture, as a detector drew it: pixels from the top left corner. ``score`` is from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def foot(self) -> tuple[float, float]:
        """The middle of the lower edge: where the person stands, or the edge of what hides the legs."""
        return (self.left + self.right) / 2, self.bottom


class Occupancy(StrEnum):
    """工位人员状态: how many people are at a station, as far as a detector can say."""

    EMPTY = "empty"  # 无人
    OCCUPIED = "occupied"  # 有人
    EXTRA = "extra"  # 多人: more than one
    NOT_KNOWN = "not_known"  # 无法判定


@dataclass(frozen=True, slots=True)
class PeopleSample:
    """The boxes of one picture of ``width`` x ``height`` pixels.

    None where it could not be searched: no detector, or a fault of the picture (``domain.pictures.Fault``) in which
    people would be missed. In the dark a detector finds nobody, and that is no proof of an empty station.
    """

    at: datetime
    width: int
    height: int
    boxes: tuple[Box, ...] | None


@dataclass(frozen=True, slots=True)
class PeopleRange:
    """A number of people with its uncertainty: at least ``low``, at most ``high``."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ValueError(f"no number of people lies between {self.low} and {self.high}")

    @property
    def is_certain(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class OccupancySpan:
    """How a station was over a span of time. Advice only.

    ``samples`` speak for the span, and ``agreeing`` of them say so by themselves; the others were missed or in doubt,
    and the state was held over them.
    """

    station: str
    occupancy: Occupancy
    interval: Interval
    samples: int
    agreeing: int

    @property
    def certainty(self) -> float:
        """Share of samples that say so by themselves; 0 where nothing is known."""
        return self.agreeing / self.samples


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many people were in the picture over a span of time. Advice only."""

    people: PeopleRange
    interval: Interval


@dataclass(frozen=True, slots=True)
class Presence:
    """人员在位: what one camera's pictures say of people over ``seen``, the time that samples speak for.

    The spans of each station are a partition of ``seen``, and so are the headcounts of what could be searched.
    Advice 疑点 for a person who looks; it enters no verdict.
    """

    seen: IntervalSet
    stations: tuple[OccupancySpan, ...]
    room: tuple[Headcount, ...]
