"""The panel 考评小组: who may examine, who was sent, and who was there. Clauses 五 and 六(三).

The city centre sends at least three examiners with one leader among them, one for every ten candidates. Days are
local days of Asia/Shanghai, both ends included. Not here: what scores of theirs are worth (``domain.scores``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from domain.timeline import Interval, IntervalSet


@dataclass(frozen=True, slots=True)
class Qualification:
    """考评资格: that somebody may examine a project, by the certificate of that number."""

    project: str
    number: str
    valid_from: date
    valid_until: date

    def covers(self, project: str, day: date) -> bool:
        return self.project == project and self.valid_from <= day <= self.valid_until


@dataclass(frozen=True, slots=True)
class Grant:
    """临时派遣: that the centre lets an examiner of a related trade examine a project that has none of its own yet.

    Clause 五: as a rule for no longer than six months.
    """

    project: str
    trade: str  # 职业(工种) in which they are qualified
    granted: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """证卡."""

    number: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class Examiner:
    """考评员. ``id`` is that of the examiner's account or of the province's list, and never a name."""

    id: str
    qualifications: tuple[Qualification, ...] = ()
    grants: tuple[Grant, ...] = ()
    badges: tuple[Badge, ...] = ()

    def badge(self, number: str, day: date) -> bool:
        """Whether a badge of that number was valid then."""
        return any(each.number == number and each.valid_from <= day <= each.valid_until for each in self.badges)


@dataclass(frozen=True, slots=True)
class Member:
    """One examiner as they were sent. ``chosen_by_site``: the site picked them, which is not its to do."""

    examiner: str
    leader: bool = False
    chosen_by_site: bool = False


@dataclass(frozen=True, slots=True)
class Dispatch:
    """派遣单: the panel of one sitting. ``by_centre``: the order that sent them is the city centre's."""

    batch: str
    sitting: int
    members: tuple[Member, ...]
    by_centre: bool

    def is_sent(self, examiner: str) -> bool:
        return any(member.examiner == examiner for member in self.members)


@dataclass(frozen=True, slots=True)
class Attendance:
    """到岗: that a member of the panel was in a room, from when to when, wearing which badge ("" for none).

    ``left`` is None while nobody said when they left. ``leads`` from the arrival on, as the leader or in their place.
    """

    batch: str
    sitting: int
    examiner: str
    room: str
    arrived: datetime
    left: datetime | None = None
    badge: str = ""
    leads: bool = False

    def during(self, span: Interval) -> IntervalSet:
        """When of a span they were there."""
        start, end = max(self.arrived, span.start), span.end if self.left is None else min(self.left, span.end)
        return IntervalSet([Interval(start, end)]) if start < end else IntervalSet()


def wanted(candidates: int, least: int, per_examiner: int) -> int:
    """How many examiners so many candidates want: max(least, ⌈candidates / per_examiner⌉); 0 for none."""
    return max(least, -(-candidates // per_examiner)) if candidates else 0


def fewest(there: Iterable[tuple[str, IntervalSet]], span: Interval) -> int:
    """The least number of different people who were there at once, over every instant of a span."""
    people: dict[str, IntervalSet] = {}
    for name, when in there:
        people[name] = people.get(name, IntervalSet()) | when
    edges = {span.start, *(edge for when in people.values() for each in when for edge in (each.start, each.end))}
    inside = [edge for edge in edges if span.start <= edge < span.end]
    return min(
        sum(any(each.start <= edge < each.end for each in when) for when in people.values()) for edge in inside
    )
