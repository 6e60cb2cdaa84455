"""检索: from a certificate, a candidate or a place and time to the footage that shows it, and what of it is missing.

What is found are *stays*: a station of a sitting for a time, with the names that site and room had then, the cameras
that saw it by the set-up that was frozen when the sitting opened, and what is covered. A candidate's stays are those
that the gate judges (``records.candidacies``), by the same code; what was repeated since is found too and told as
that. Where no footage can be asked for, it is told why: an answer is never empty without a sentence.

Whatever lies outside of the batches that are looked in is as if it were not there. Each look-up goes by an index of
the database: a name has none, and is looked for within one batch only. Not here: who may ask by what
(``dashboard.access.table``), and writing it down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial

from analysis.eye import EYE, Eye
from analysis.facts import SittingFacts
from analysis.gathering import sitting_facts
from analysis.stays import Seen, seen_of
from config.rule_pack import RulePack
from domain import resident_id
from domain.certificates import CERTIFICATES, HOLDINGS, Certificate
from domain.disposal import DisposedOf
from domain.evidence import Coverage, Gap
from domain.law import Verdict, fold
from domain.places import Room, Sitting
from domain.register import Entry
from domain.resident_id import ResidentId
from domain.retrieval import By, NoStay, masked_name
from domain.roll import CANDIDATES, Candidate, Document
from domain.timeline import Interval, IntervalSet, rfc3339
from records.candidacies import Attendances, Stay, attendances_of, every_stay_of
from records.errors import RetrievalRefused
from storage.database import Database
from storage.id_numbers import IdNumbers

MOST_PEOPLE = 20
MOST_STAYS = 200
"""How much one answer tells; how many more there are is said."""

LONGEST = timedelta(days=31)
"""How far a time may reach that is asked for without a batch: each sitting in it is judged anew."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: one of the first four or, without them, a place; the rest narrows what is found.

    ``room`` is an id or the name that the room had then. ``at`` and ``span`` choose what reaches into them; a stay of
    a candidate is never cut, that of a place is cut to ``span``. Neither the number nor a name is ever printed.
    """

    certificate: str = ""
    ticket: str = ""
    name: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    batch: str = ""
    site: str = ""
    sitting: int | None = None
    room: str = ""
    station: str = ""
    camera: str = ""
    at: datetime | None = None
    span: Interval | None = None

    @property
    def by(self) -> By:
        """Raises RetrievalRefused."""
        given = [by for by in By if by is not By.PLACE and getattr(self, by.value)]
        if len(given) > 1:
            raise RetrievalRefused(
                f"ask by one thing at a time, not by {' and '.join(given)} together 一次只能按一项检索"
            )
        if given == [By.NAME] and not self.batch:
            raise RetrievalRefused("name the batch too: a name is looked for within one batch 按姓名检索须指定批次")
        if not given and not self.batch:
            self._is_narrow()
        return given[0] if given else By.PLACE

    def _is_narrow(self) -> None:
        if not (self.site or self.station or self.camera) or (self.at is None and self.span is None):
            raise RetrievalRefused(
                "give a certificate, a candidate or a batch; or a time, with a site, station or camera "
                "请输入证书编号、准考证号或批次，或者时间加定点考场、工位或摄像机"
            )
        if self.span is not None and self.span.end - self.span.start > LONGEST:
            raise RetrievalRefused(
                f"name the batch, or ask for {LONGEST.days} days at most 未指定批次时时间范围不超过{LONGEST.days}天"
            )

    def reaches(self, span: Interval) -> bool:
        """Whether a span has to do with the time that is asked for."""
        return (self.at is None or self.at in span) and (self.span is None or self.span.overlaps(span))


@dataclass(frozen=True, slots=True)
class Within:
    """The batches that are looked in: whether one is among them, and all of them."""

    has: Callable[[str], bool]
    all: Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """What footage says of a span. Of it, ``covered`` has footage and ``gaps`` have none; of what is covered,
    ``unusable`` shows nothing usable of the station, for sure or perhaps. All empty while it is not decided.
    """

    interval: Interval
    verdict: Verdict
    zh: str
    en: str
    covered: IntervalSet = field(default_factory=IntervalSet)
    gaps: tuple[Gap, ...] = ()
    unusable: IntervalSet = field(default_factory=IntervalSet)


@dataclass(frozen=True, slots=True)
class FoundStay:
    """A station of a sitting for a time, with names as they were then; ``site_now`` and ``room_now`` are today's, ""
    where they are the same. One of several ``spans``, or nobody knows which, is the candidate's own.
    ``superseded``: the subject was examined again since. ``kept_until``: not before then is it disposed of.
    """

    sitting: Sitting
    room: Room | None
    station: str
    cameras: tuple[str, ...]
    spans: tuple[SeenSpan, ...]
    kept_until: datetime
    held: bool
    ticket: str = ""
    subject: str = ""
    superseded: bool = False
    site_now: str = ""
    room_now: str = ""
    disposed: DisposedOf | None = None

    @property
    def verdict(self) -> Verdict:
        return fold(each.verdict for each in self.spans)


@dataclass(frozen=True, slots=True)
class Wanting:
    """A seat for which no stay can be told."""

    subject: str
    sitting: int
    station: str
    why: NoStay


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate that a candidate has, or had: ``replaced`` by another one that was issued later."""

    certificate: Certificate
    replaced: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A candidate of a batch, the name masked. ``certificates`` is every one they had, the first one first.

    Where ``stays`` and ``wanting`` are both empty, nothing on record says where the candidate sat.
    """

    batch: str
    ticket: str
    name: str
    certificates: tuple[Held, ...]
    stays: tuple[FoundStay, ...]
    wanting: tuple[Wanting, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """``stays`` are those of a place; of people or stays as many more as ``left_off`` says were found."""

    by: By
    people: tuple[Person, ...] = ()
    stays: tuple[FoundStay, ...] = ()
    left_off: int = 0

    @property
    def every_stay(self) -> tuple[FoundStay, ...]:
        return (*self.stays, *(stay for person in self.people for stay in person.stays))


def find(
    database: Database,
    question: Question,
    within: Within,
    rules: Callable[[str], RulePack],
    now: datetime,
    *,
    numbers: Callable[[], IdNumbers] | None = None,
    eye: Eye | None = EYE,
) -> Found:
    """Everything that the question names, inside the batches that are looked in, as it stands at ``now``.

    ``rules`` loads a rule pack by its id; ``numbers`` gives the key of numbers of documents. Raises RetrievalRefused,
    RulePackRefused, KeyRefused, DatabaseUnavailable.
    """
    by = question.by
    looking = _Looking(database, question, rules, now, eye)
    if by is By.PLACE:
        places = list(_places(looking, within))
        told = tuple(looking.stay(sitting, station, [span]) for sitting, station, span in places[:MOST_STAYS])
        return Found(by, stays=told, left_off=max(0, len(places) - MOST_STAYS))
    named = sorted(set(_named(database, question, within, numbers)), reverse=True)
    people = tuple(looking.person(batch, ticket) for batch, ticket in named[:MOST_PEOPLE])
    return Found(by, people, left_off=max(0, len(named) - MOST_PEOPLE))


def record_lines(question: Question, found: Found) -> dict[str, str]:
    """What is written down of a look-up, by each batch of which it told something; by the batch that was asked for,
    or by none, where it told nothing. Never a name, nor the number of a document.
    """
    asked = found.by.value
    if found.by in {By.CERTIFICATE, By.TICKET}:
        asked += f" {getattr(question, found.by.value)}"
    elif found.by is By.PLACE:
        parts = (question.site, question.room, question.station, question.camera)
        asked += "".join(f" {each}" for each in parts if each)
        asked += "" if question.at is None else f" {rfc3339(question.at)}"
        asked += "" if question.span is None else f" {rfc3339(question.span.start)}..{rfc3339(question.span.end)}"
    tickets: dict[str, list[str]] = {each.sitting.batch.id: [] for each in found.stays}
    for person in found.people:
        tickets.setdefault(person.batch, []).append(person.ticket)
    if not tickets:
        return {question.batch: f"find {asked}: nothing"}
    return {batch: f"find {asked}: {', '.join(each) or 'found'}" for batch, each in tickets.items()}


# --- Who is meant ---------------------------------------------------------------------------------------------------


def _named(
    database: Database, question: Question, within: Within, numbers: Callable[[], IdNumbers] | None
) -> Iterator[tuple[str, str]]:
    """Batch and ticket of everybody who is meant."""
    register, batch = database.register, question.batch
    if batch and not within.has(batch):
        return
    match question.by:
        case By.CERTIFICATE:
            kept = register.find(CERTIFICATES, question.certificate)
            if kept is not None and batch in {"", kept.batch} and within.has(kept.batch):
                yield kept.batch, kept.thing.ticket
        case By.TICKET:
            batches = [batch] if batch else within.all()
            keys = (f"{each}/{question.ticket}" for each in batches)
            yield from _tickets(register.all_of(CANDIDATES, keys))
        case By.NAME:
            roll = register.standing(CANDIDATES, batch=batch)
            yield from _tickets(each for each in roll if each.thing.name == question.name.strip())
        case By.NUMBER:
            for mark in _marks(question.number, numbers):
                inside = (each for each in register.standing(CANDIDATES, mark=mark) if within.has(each.batch))
                yield from _tickets(each for each in inside if batch in {"", each.batch})


def _tickets(entries: Iterable[Entry[Candidate]]) -> Iterator[tuple[str, str]]:
    return ((each.batch, each.thing.ticket) for each in entries)


def _marks(text: str, numbers: Callable[[], IdNumbers] | None) -> set[str]:
    """What a number may be found by: nobody says of what sort of document it is."""
    if numbers is None:
        raise RetrievalRefused("numbers of documents cannot be looked for here 此处不能按证件号码检索")
    key, plain = numbers(), resident_id.plain(text)
    found = resident_id.read(plain)
    resident = found.number if isinstance(found, ResidentId) else plain
    return {key.mark(each.value, resident if each is Document.RESIDENT_ID else plain) for each in Document}


# --- What footage there is ------------------------------------------------------------------------------------------


class _Looking:
    """One look-up: what of batches and sittings was read for it, each once."""

    def __init__(
        self,
        database: Database,
        question: Question,
        rules: Callable[[str], RulePack],
        now: datetime,
        eye: Eye | None,
    ) -> None:
        self.database, self.question, self._now, self._eye = database, question, now, eye
        self.rules = cache(rules)
        self.attended: Callable[[str], Attendances] = cache(partial(attendances_of, database))
        self._site = cache(database.setup.site)
        self._held = cache(lambda batch: database.holds.standing(batch) is True)
        self._link = cache(database.closings.latest)
        self._facts: dict[tuple[str, int], SittingFacts] = {}

    def facts(self, sitting: Sitting) -> SittingFacts:
        key = sitting.batch.id, sitting.plan.number
        if key not in self._facts:
            rules = self.rules(sitting.batch.rule_pack)
            self._facts[key] = sitting_facts(self.database, sitting, rules, self._now, eye=self._eye)
        return self._facts[key]

    def person(self, batch: str, ticket: str) -> Person:
        record = self.attended(batch)
        found = every_stay_of(record, ticket)
        entry = self.database.register.find(CANDIDATES, f"{batch}/{ticket}")
        stays = (self._of(record.sittings[stay.sitting], stay, ticket, superseded) for stay, superseded in found)
        return Person(
            batch,
            ticket,
            "" if entry is None else masked_name(entry.thing.name),
            _certificates(self.database, batch, ticket),
            tuple(each for each in stays if _fits(self.question, each)),
            tuple(_wanting(record, ticket, [stay for stay, _ in found])),
        )

    def _of(self, sitting: Sitting, stay: Stay, ticket: str, superseded: bool) -> FoundStay:
        return self.stay(
            sitting, stay.station, stay.spans, ticket=ticket, subject=stay.subject, superseded=superseded
        )

    def stay(
        self,
        sitting: Sitting,
        station: str,
        spans: Sequence[Interval],
        *,
        ticket: str = "",
        subject: str = "",
        superseded: bool = False,
    ) -> FoundStay:
        facts, rules = self.facts(sitting), self.rules(sitting.batch.rule_pack)
        cameras = next((each.cameras for each in facts.stations if each.station == station), ())
        room = _room_of(sitting, station)
        link = self._link(sitting.batch.id)
        site = self._site(sitting.site.id)
        today = None if site is None or room is None else next((e for e in site.rooms if e.id == room.id), None)
        return FoundStay(
            sitting=sitting,
            room=room,
            station=station,
            cameras=cameras,
            spans=tuple(_seen_span(span, seen_of(facts, station, span, rules)) for span in spans),
            kept_until=facts.retained_until if link is None else max(facts.retained_until, link.retained_until),
            held=self._held(sitting.batch.id),
            ticket=ticket,
            subject=subject,
            superseded=superseded,
            site_now="" if site is None or site.name == sitting.site.name else site.name,
            room_now="" if today is None or room is None or today.name == room.name else today.name,
            disposed=_disposed(facts, cameras, spans),
        )


def _seen_span(span: Interval, seen: Seen) -> SeenSpan:
    """What is not decided yet shows nothing as covered, and nothing as missing."""
    told, coverage = seen.finding, seen.coverage
    if coverage is None:
        return SeenSpan(span, told.verdict, told.zh, told.en)
    return SeenSpan(
        coverage.window, told.verdict, told.zh, told.en, coverage.covered, coverage.gaps, _unusable(seen, coverage)
    )


def _unusable(seen: Seen, coverage: Coverage) -> IntervalSet:
    return IntervalSet(part for each in coverage.covered for part in seen.lacks.clipped(each))


def _disposed(facts: SittingFacts, cameras: Sequence[str], spans: Sequence[Interval]) -> DisposedOf | None:
    """By which list footage of the spans went, if any of it did: a batch goes as a whole."""
    holdings = (one for each in facts.cameras if each.camera.id in cameras for one in each.holdings)
    touched = (each for each in holdings if any(each.segment.interval.overlaps(span) for span in spans))
    return next((each.disposed for each in touched if each.disposed is not None), None)


def _certificates(database: Database, batch: str, ticket: str) -> tuple[Held, ...]:
    numbers = [each.thing.number for each in database.register.history(HOLDINGS, f"{batch}/{ticket}") if each.value]
    had = [database.register.find(CERTIFICATES, number) for number in dict.fromkeys(numbers)]
    return tuple(Held(each.thing, each.key != numbers[-1]) for each in had if each is not None)


def _wanting(record: Attendances, ticket: str, stays: Iterable[Stay]) -> Iterator[Wanting]:
    """The seats of a candidate that no stay answers for."""
    there = {(stay.subject, stay.sitting) for stay in stays}
    for seat in (each.thing for each in record.seats.get(ticket, ())):
        if (seat.subject, seat.sitting) in there:
            continue
        signed = record.sign_ins.get((ticket, seat.sitting))
        if seat.sitting not in record.sittings:
            why = NoStay.NO_SUCH_SITTING
        elif signed is None:
            why = NoStay.NOT_SIGNED_IN
        else:
            why = NoStay.NO_TIME if signed.thing.present else NoStay.ABSENT
        yield Wanting(seat.subject, seat.sitting, seat.station, why)


# --- Places ---------------------------------------------------------------------------------------------------------


def _places(looking: _Looking, within: Within) -> Iterator[tuple[Sitting, str, Interval]]:
    """Each station that is meant, by sitting, the latest first; with the span of it."""
    question = looking.question
    for sitting in sorted(_sittings(looking.database, question, within), key=lambda each: each.start, reverse=True):
        window = looking.facts(sitting).window
        span = window if question.span is None else window.intersection(question.span)
        if span is None or not question.reaches(span):
            continue
        for room in sitting.rooms:
            for station in room.stations:
                if _is_there(question, sitting, room, station.id):
                    yield sitting, station.id, span


def _sittings(database: Database, question: Question, within: Within) -> Iterator[Sitting]:
    """Of the batch that is named; else of all that are looked in, those that can have been at that time and place."""
    if question.batch:
        found = database.setup.sittings(question.batch) if within.has(question.batch) else []
    else:
        inside = frozenset(within.all())
        found = [each for each in database.setup.sittings() if each.batch.id in inside]
    for sitting in found:
        named = question.sitting in {None, sitting.plan.number}
        open_ended = sitting.opened is not None and sitting.closed is None  # it may last longer than planned
        reached = question.reaches(sitting.window) or open_ended
        if (
            named
            and reached
            and any(_is_there(question, sitting, room, each.id) for room in sitting.rooms for each in room.stations)
        ):
            yield sitting


def _room_of(sitting: Sitting, station: str) -> Room | None:
    return next((room for room in sitting.rooms if any(each.id == station for each in room.stations)), None)


def _is_there(question: Question, sitting: Sitting, room: Room | None, station: str) -> bool:
    cameras = () if room is None else (each.id for each in room.cameras if station in each.sees)
    rooms = {"", *(() if room is None else (room.id, room.name))}
    return (
        question.site in {"", sitting.site.id, sitting.site.name}
        and question.room in rooms
        and question.station in {"", station}
        and (not question.camera or question.camera in cameras)
    )


def _fits(question: Question, stay: FoundStay) -> bool:
    """Whether a candidate's stay is among what the question narrows to."""
    named = question.sitting in {None, stay.sitting.plan.number}
    there = _is_there(question, stay.sitting, stay.room, stay.station)
    return named and there and any(question.reaches(each.interval) for each in stay.spans)
