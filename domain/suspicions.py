"""疑点: events that cannot well have been as they are on record, for whoever looks into them.

A suspicion accuses nobody and changes no verdict: clocks differ, forms are filled in later, and a person looks. Each
is found from plain records that anybody may supply, and says where and when. Not here: where the records come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations, groupby

from domain.calendar import SHANGHAI
from domain.timeline import Interval, IntervalSet


class Sort(StrEnum):
    """What is odd."""

    TWO_PLACES = "two_places"
    SCORED_BEFORE_ARRIVAL = "scored_before_arrival"
    SCORED_WITHOUT_PRESENCE = "scored_without_presence"
    MORE_CERTIFICATES = "more_certificates"
    BURST = "burst"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing to look into. ``about`` are ids: of an examiner, a candidate, a batch or a body, never names."""

    sort: Sort
    about: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Duty:
    """That an examiner examined somewhere for a while."""

    examiner: str
    site: str
    batch: str
    span: Interval


@dataclass(frozen=True, slots=True)
class Score:
    """That a candidate was scored, when, at which station. ``arrived`` is the sign-in, None where none is known."""

    candidate: str
    batch: str
    station: str
    at: datetime
    arrived: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one station: when somebody was seen there, and when it could be told at all whether somebody was."""

    batch: str
    station: str
    occupied: IntervalSet
    told: IntervalSet


@dataclass(frozen=True, slots=True)
class Counts:
    """How many signed in for a batch, and how many certificates it has."""

    batch: str
    signed_in: int
    certificates: int


@dataclass(frozen=True, slots=True)
class Issue:
    """That a body's batch got so many certificates at an instant."""

    body: str
    batch: str
    at: datetime
    certificates: int


@dataclass(frozen=True, slots=True)
class BurstLimit:
    """More certificates than these for one body within the window are a burst. ``zh`` and ``en`` say why so many."""

    certificates: int
    window: timedelta
    origin: str  # as of the numbers of rule packs
    zh: str
    en: str


BURST = BurstLimit(
    1000,
    timedelta(days=30),
    "project_default",
    "一家机构30天内超过1000本；某市审计曾以两个月25个批次、2600余本为疑点，通知未规定",
    "one body, 30 days, 1000; a city's audit picked 25 batches with 2,600 in two months; the notice sets none",
)


def in_two_places(duties: Iterable[Duty]) -> Iterator[Suspicion]:
    """An examiner at two sites at the same time, each pair once. What only touches does not overlap."""
    ordered = sorted(set(duties), key=lambda each: (each.examiner, each.span, each.site, each.batch))
    for examiner, theirs in groupby(ordered, key=lambda each: each.examiner):
        for one, other in combinations(theirs, 2):
            both = one.span.intersection(other.span)
            if both is None or one.site == other.site:
                continue
            first, second = sorted((one, other), key=lambda each: (each.site, each.batch))
            span = f"{_when(both.start)}–{_when(both.end)}"
            yield Suspicion(
                Sort.TWO_PLACES,
                (examiner, first.batch, second.batch),
                f"考评员{examiner}{span}同时在{first.site}({first.batch})和{second.site}({second.batch})",
                f"examiner {examiner} was at {first.site} ({first.batch}) and at {second.site} ({second.batch}) "
                f"at once, {span}",
            )


def scored_before_arrival(scores: Iterable[Score]) -> Iterator[Suspicion]:
    """A score from before its candidate signed in. Where no sign-in is known, nothing is said."""
    for each in scores:
        if each.arrived is not None and each.at < each.arrived:
            yield Suspicion(
                Sort.SCORED_BEFORE_ARRIVAL,
                (each.batch, each.candidate),
                f"批次{each.batch}考生{each.candidate}{_when(each.at)}已评分，{_when(each.arrived)}才签到",
                f"batch {each.batch}: candidate {each.candidate} was scored {_when(each.at)} and signed in "
                f"{_when(each.arrived)}",
            )


def scored_without_presence(scores: Iterable[Score], seen: Iterable[Seen]) -> Iterator[Suspicion]:
    """A score at a station where nobody was seen from the sign-in to the score.

    Only where it could be told for all of that time: who was not looked for was not missed.
    """
    by_station = {(each.batch, each.station): each for each in seen}
    for each in scores:
        there = by_station.get((each.batch, each.station))
        if there is None or each.arrived is None or each.arrived >= each.at:
            continue
        wanted = IntervalSet([Interval(each.arrived, each.at)])
        if wanted - there.told or wanted & there.occupied:
            continue
        yield Suspicion(
            Sort.SCORED_WITHOUT_PRESENCE,
            (each.batch, each.candidate),
            f"批次{each.batch}考生{each.candidate}有成绩，{each.station}号工位自签到至评分未见有人",
            f"batch {each.batch}: candidate {each.candidate} was scored, with nobody seen at station {each.station}",
        )


def more_certificates(counts: Iterable[Counts]) -> Iterator[Suspicion]:
    """More certificates of a batch than people who signed in for it."""
    for each in counts:
        if each.certificates > each.signed_in:
            yield Suspicion(
                Sort.MORE_CERTIFICATES,
                (each.batch,),
                f"批次{each.batch}签到{each.signed_in}人，证书{each.certificates}本",
                f"batch {each.batch}: {each.signed_in} signed in, {each.certificates} certificates",
            )


def bursts(issues: Iterable[Issue], limit: BurstLimit = BURST) -> Iterator[Suspicion]:
    """For each body the window with the most certificates, where these are more than the limit.

    A window begins with an issue and is half open: what comes exactly its length later is outside.
    """
    ordered = sorted(issues, key=lambda each: (each.body, each.at, each.batch))
    for body, theirs in groupby(ordered, key=lambda each: each.body):
        start, found = _most(list(theirs), limit.window)
        count = sum(each.certificates for each in found)
        if count > limit.certificates:
            batches = len({each.batch for each in found})
            days = limit.window.days
            yield Suspicion(
                Sort.BURST,
                (body,),
                f"机构{body}自{_when(start)}起{days}天内{batches}个批次、证书{count}本(提示线{limit.certificates})",
                f"body {body}: {count} certificates of {batches} batches in {days} days from {_when(start)} "
                f"(limit {limit.certificates})",
            )


def _most(issues: list[Issue], window: timedelta) -> tuple[datetime, list[Issue]]:
    """The first of the windows with the most certificates, of issues by their instant, and what is in it."""
    best_count, best_from, best_to = -1, 0, 0
    end = inside = 0
    for start, first in enumerate(issues):
        while end < len(issues) and issues[end].at < first.at + window:
            inside += issues[end].certificates
            end += 1
        if inside > best_count:
            best_count, best_from, best_to = inside, start, end
        inside -= first.certificates
    return issues[best_from].at, issues[best_from:best_to]


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


NAMES: Mapping[Sort, tuple[str, str]] = {
    Sort.TWO_PLACES: ("考评员同时在两处", "examiner in two places"),
    Sort.SCORED_BEFORE_ARRIVAL: ("签到前已评分", "scored before arrival"),
    Sort.SCORED_WITHOUT_PRESENCE: ("有成绩而工位无人", "scored and nobody at the station"),
    Sort.MORE_CERTIFICATES: ("证书多于签到", "more certificates than sign-ins"),
    Sort.BURST: ("短期批量发证", "a burst of certificates"),
}
