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
from domain.shares import Compared
from domain.timeline import Interval, IntervalSet


class Sort(StrEnum):
    """What is odd."""

    TWO_PLACES = "two_places"
    SCORED_BEFORE_ARRIVAL = "scored_before_arrival"
    SCORED_WITHOUT_PRESENCE = "scored_without_presence"
    MORE_CERTIFICATES = "more_certificates"
    BURST = "burst"
    MORE_PASSERS = "more_passers"
    SAME_PANEL = "same_panel"
    OUTSIDE_WINDOW = "outside_window"
    SAME_MARKS = "same_marks"
    UNUSUAL_SHARE = "unusual_share"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing to look into. ``about`` are ids: of an examiner, a candidate, a batch or a body, never names.

    ``batches`` are all that it tells of: whoever may not see one of them does not see it. ``rests_on`` names entries
    of the register.
    """

    sort: Sort
    about: tuple[str, ...]
    zh: str
    en: str
    batches: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Duty:
    """That an examiner examined somewhere for a while."""

    examiner: str
    site: str
    batch: str
    span: Interval
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """That a candidate was scored, when, at which station. ``arrived`` is the sign-in, None where none is known.

    ``windows`` are those of the sittings in which it can have been given on the spot; empty where it is given
    elsewhere (clause 六(五): on the spot, but for machines; 六(六): written papers), or nobody knows.
    """

    candidate: str
    batch: str
    station: str
    at: datetime
    arrived: datetime | None
    subject: str = ""
    windows: tuple[Interval, ...] = ()
    entries: tuple[str, ...] = ()


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
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """That a body's batch got so many certificates at an instant."""

    body: str
    batch: str
    at: datetime
    certificates: int
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Throughput:
    """How many of a batch passed every subject, and what time there was for it.

    ``station_minutes`` sums, over its sittings, stations times minutes of the exam; ``minutes`` is the least that the
    norm wants of one candidate for all subjects, tolerance off.
    """

    batch: str
    passers: int
    station_minutes: float
    minutes: float
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """Whom the centre sent to a batch, over all its sittings; nobody where no panel is on record.

    ``begins`` orders the batches of a site. More than ``limit`` of them in a row are a repetition.
    """

    site: str
    batch: str
    begins: datetime
    examiners: frozenset[str]
    limit: int
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alike:
    """Candidates of a batch with the same marks in all subjects; ``marks`` says which."""

    batch: str
    marks: str
    candidates: tuple[str, ...]
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of passes of a batch beside others of its project, which are not named."""

    batch: str
    compared: Compared
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BurstLimit:
    """More certificates than these for one body within the window are a burst. ``zh`` and ``en`` say why so many."""

    certificates: int
    window: timedelta
    origin: str  # as of the numbers of rule packs
    zh: str
    en: str


_NAMED = 5

BURST = BurstLimit(
    1000,
    timedelta(days=30),
    "project_default",
    "一家机构30天内超过1000本；某市审计曾以两个月25个批次、2600余本为疑点，通知未规定",
    "one body, 30 days, 1000; a city's audit picked 25 batches with 2,600 in two months; the notice sets none",
)


def in_two_places(duties: Iterable[Duty]) -> Iterator[Suspicion]:
    """An examiner at two sites at the same time, each pair once. What only touches does not overlap."""
    ordered = sorted(set(duties), key=lambda each: (each.examiner, each.span, each.site, each.batch, each.entries))
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
                f"考评员 {examiner} 于{span}同时在 {first.site}（{first.batch}）和 {second.site}（{second.batch}）",
                f"examiner {examiner} was at {first.site} ({first.batch}) and at {second.site} ({second.batch}) "
                f"at once, {span}",
                _each_once((first.batch, second.batch)),
                _each_once((*first.entries, *second.entries)),
            )


def scored_before_arrival(scores: Iterable[Score]) -> Iterator[Suspicion]:
    """A score from before its candidate signed in. Where no sign-in is known, nothing is said."""
    for each in scores:
        if each.arrived is not None and each.at < each.arrived:
            yield Suspicion(
                Sort.SCORED_BEFORE_ARRIVAL,
                (each.batch, each.candidate),
                f"批次 {each.batch} 考生 {each.candidate} 于{_when(each.at)}已评分，{_when(each.arrived)}才签到",
                f"batch {each.batch}: candidate {each.candidate} was scored {_when(each.at)} and signed in "
                f"{_when(each.arrived)}",
                (each.batch,),
                each.entries,
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
            f"批次 {each.batch} 考生 {each.candidate} 有成绩，{each.station} 号工位自签到至评分未见有人",
            f"batch {each.batch}: candidate {each.candidate} was scored, with nobody seen at station {each.station}",
            (each.batch,),
            each.entries,
        )


def more_certificates(counts: Iterable[Counts]) -> Iterator[Suspicion]:
    """More certificates of a batch than people who signed in for it."""
    for each in counts:
        if each.certificates > each.signed_in:
            yield Suspicion(
                Sort.MORE_CERTIFICATES,
                (each.batch,),
                f"批次 {each.batch} 签到{each.signed_in}人，证书{each.certificates}本",
                f"batch {each.batch}: {each.signed_in} signed in, {each.certificates} certificates",
                (each.batch,),
                each.entries,
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
            of_them = tuple(sorted({each.batch for each in found}))
            batches, days = len(of_them), limit.window.days
            yield Suspicion(
                Sort.BURST,
                (body,),
                f"机构 {body} 自{_when(start)}起{days}天内{batches}个批次、证书{count}本(提示线{limit.certificates})",
                f"body {body}: {count} certificates of {batches} batches in {days} days from {_when(start)} "
                f"(limit {limit.certificates})",
                of_them,
                _each_once(name for each in found for name in each.entries),
            )


def more_passers(batches: Iterable[Throughput]) -> Iterator[Suspicion]:
    """More who passed than the stations can have had within the time of the exam, by the minutes of the norm.

    The most that could be is counted: every station taken all the time, each candidate as short as is tolerated.
    Where no length of the norm is known (``minutes`` 0), nothing is said.
    """
    for each in batches:
        if each.minutes <= 0 or each.passers * each.minutes <= each.station_minutes:
            continue
        most = int(each.station_minutes // each.minutes)
        yield Suspicion(
            Sort.MORE_PASSERS,
            (each.batch,),
            f"批次 {each.batch} 合格{each.passers}人，工位共{each.station_minutes:g}工位·分钟，"
            f"按规范每人至少{each.minutes:g}分钟，最多{most}人",
            f"batch {each.batch}: {each.passers} passed, and {each.station_minutes:g} station minutes at "
            f"{each.minutes:g} each by the norm are enough for {most}",
            (each.batch,),
            each.entries,
        )


def same_panels(sent: Iterable[Sent]) -> Iterator[Suspicion]:
    """The same panel for more batches of one site in a row than the limit of the last of them, once for each row.

    Another panel ends a row, and so does a batch of which nobody knows who was sent.
    """
    ordered = sorted(sent, key=lambda each: (each.site, each.begins, each.batch))
    for (site, examiners), row in groupby(ordered, key=lambda each: (each.site, each.examiners)):
        found = tuple(row)
        if not examiners or len(found) <= found[-1].limit:
            continue
        names = sorted(examiners)
        yield Suspicion(
            Sort.SAME_PANEL,
            tuple(names),
            f"考场 {site} 自{_when(found[0].begins)}起连续{len(found)}个批次为同一考评小组"
            f"(提示线{found[-1].limit})：{'、'.join(names)}",
            f"site {site}: {len(found)} batches in a row from {_when(found[0].begins)} with the same panel "
            f"(limit {found[-1].limit}): {', '.join(names)}",
            tuple(each.batch for each in found),
            _each_once(name for each in found for name in each.entries),
        )


def outside_windows(scores: Iterable[Score]) -> Iterator[Suspicion]:
    """A score given on the spot, from outside every window in which it can have been. Both ends are inside."""
    for each in scores:
        if not each.windows or any(window.start <= each.at <= window.end for window in each.windows):
            continue
        yield Suspicion(
            Sort.OUTSIDE_WINDOW,
            (each.batch, each.candidate),
            f"批次 {each.batch} 考生 {each.candidate} {each.subject}于{_when(each.at)}评分，不在场次时间内",
            f"batch {each.batch}: candidate {each.candidate} was scored {_when(each.at)}, outside of every sitting"
            + (f" ({each.subject})" if each.subject else ""),
            (each.batch,),
            each.entries,
        )


def same_marks(groups: Iterable[Alike]) -> Iterator[Suspicion]:
    """Candidates with the same marks throughout; how many are many is said where they are grouped (C10-2)."""
    for each in groups:
        few = each.candidates[:_NAMED]
        more = f" +{len(each.candidates) - _NAMED}" if len(each.candidates) > _NAMED else ""
        yield Suspicion(
            Sort.SAME_MARKS,
            (each.batch, *each.candidates),
            f"批次 {each.batch} 有{len(each.candidates)}名考生各科成绩相同（{each.marks}）：{'、'.join(few)}{more}",
            f"batch {each.batch}: {len(each.candidates)} candidates have the same marks ({each.marks}): "
            f"{', '.join(few)}{more}",
            (each.batch,),
            each.entries,
        )


def pass_shares(batches: Iterable[Shares]) -> Iterator[Suspicion]:
    """Shares of passes that are unusual; what is too little to compare is not (C10-2)."""
    for each in batches:
        if each.compared.unusual:
            yield Suspicion(
                Sort.UNUSUAL_SHARE,
                (each.batch,),
                f"批次 {each.batch} {each.compared.zh}",
                f"batch {each.batch}: {each.compared.en}",
                (each.batch,),
                each.entries,
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


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


NAMES: Mapping[Sort, tuple[str, str]] = {
    Sort.TWO_PLACES: ("考评员同时在两处", "examiner in two places"),
    Sort.SCORED_BEFORE_ARRIVAL: ("签到前已评分", "scored before arrival"),
    Sort.SCORED_WITHOUT_PRESENCE: ("有成绩而工位无人", "scored and nobody at the station"),
    Sort.MORE_CERTIFICATES: ("证书多于签到", "more certificates than sign-ins"),
    Sort.BURST: ("短期批量发证", "a burst of certificates"),
    Sort.MORE_PASSERS: ("合格人数超出工位时间", "more passers than stations and hours"),
    Sort.SAME_PANEL: ("考评小组连续相同", "the same panel again and again"),
    Sort.OUTSIDE_WINDOW: ("场次时间外评分", "scored outside the sitting"),
    Sort.SAME_MARKS: ("多名考生成绩相同", "many with the same marks"),
    Sort.UNUSUAL_SHARE: ("合格率异常", "an unusual share of passes"),
}
