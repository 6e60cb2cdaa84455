"""Candidates at the gate: what roll, panel, scores and footage say of each of them, brought together.

Read once (``record_of``), then pure: ``cases`` makes of a batch's record, and of the facts that its reports rest on,
one ``domain.gate.Case`` for each candidate. Where something is ambiguous, the reading that covers less counts:

- A candidate's own exam (W2) begins with the exam, whenever they signed in, and ends with it, or when they left. It
  is cut where they changed the station. At a station where one sits after another, any of its own times that the
  stay touches may be theirs, and each of them must be covered.
- Who examined, and led, are those whom the city centre sent and no site chose.
- A subject is examined as the norm says, whatever a score claims of itself.
- What two people decided to repeat does not count any more once the subject was examined in a later sitting.
- A subject that is claimed as kept from another batch is kept by the norm of the day on which this batch ends, from
  the first day on which it was examined there, and only from where it was examined itself: claims do not add up. That
  batch is judged by its own rules, as its record and its footage stand now.

Not here: what is proposed of it (``domain.gate``), exits and decisions (``records.deciding``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol, TypeVar

from analysis.eye import EYE, Eye
from analysis.facts import SittingFacts
from analysis.gathering import sitting_facts
from analysis.stays import Seen, seen_of
from config import rule_pack
from config.rule_pack import RulePack
from domain.calendar import local_day, months_later
from domain.dossier import Item, Need, Scan
from domain.gate import (
    EXITS,
    Candidacy,
    Case,
    Exit,
    ExitKind,
    Footage,
    Kept,
    Reason,
    TakenExit,
    kept_reasons,
    propose,
)
from domain.grounds import Method, Norm, same_name
from domain.law import fold
from domain.panels import Attendance, Dispatch
from domain.places import Sitting
from domain.register import Entry
from domain.roll import (
    LEAVINGS,
    SEATS,
    SIGN_INS,
    STATION_CHANGES,
    VIOLATIONS,
    Candidate,
    KeptSubject,
    Leaving,
    Seat,
    SignIn,
    StationChange,
    Violation,
)
from domain.scores import CandidateScore, Markers, Score
from domain.timeline import Interval, IntervalSet
from records import grounds_rules, roll_rules
from records.dossier import scans_of
from records.marking import authorised_markings
from records.panels import ATTENDANCES, DISPATCHES
from records.roll import stations_of
from records.score_rules import CandidateMarks
from records.scores import scores_of
from storage.database import Database
from storage.errors import UnknownBatch

T = TypeVar("T")
Facts = Mapping[int, SittingFacts]
"""What the report of each sitting is judged by, by its number."""
Packs = Callable[[str], RulePack]
"""What loads a rule pack by its id."""
_OF_MARKS = frozenset({"kept", "score", "failed", "transcribed"})  # codes of reasons, without those of footage


@dataclass(frozen=True, slots=True)
class Stay:
    """One subject of one candidate at one station. One of ``spans``, or nobody knows which, is their own exam."""

    subject: str
    batch: str
    sitting: int
    station: str
    spans: tuple[Interval, ...]

    @property
    def place(self) -> str:
        return f"{self.batch}/{self.sitting}/{self.station}"


class Attended(Protocol):
    """What says who was examined where and when, as ``BatchRecord`` has it."""

    @property
    def batch(self) -> str: ...

    @property
    def sittings(self) -> Mapping[int, Sitting]: ...

    @property
    def changes(self) -> tuple[Entry[StationChange], ...]: ...

    @property
    def exits(self) -> tuple[Entry[TakenExit], ...]: ...

    @property
    def seats(self) -> Mapping[str, Sequence[Entry[Seat]]]: ...

    @property
    def sign_ins(self) -> Mapping[tuple[str, int], Entry[SignIn]]: ...

    @property
    def left(self) -> Mapping[tuple[str, int], Entry[Leaving]]: ...


@dataclass(frozen=True, slots=True)
class Attendances:
    """The same by itself, for who asks of single candidates and judges nobody."""

    batch: str
    sittings: Mapping[int, Sitting]
    seats: Mapping[str, Sequence[Entry[Seat]]]
    sign_ins: Mapping[tuple[str, int], Entry[SignIn]]
    changes: tuple[Entry[StationChange], ...]
    left: Mapping[tuple[str, int], Entry[Leaving]]
    exits: tuple[Entry[TakenExit], ...]


@dataclass(frozen=True)
class Earlier:
    """Another batch, from which subjects are claimed as kept: its record, and what the footage of them says there."""

    record: BatchRecord
    facts: Facts
    rules: RulePack


@dataclass(frozen=True)
class BatchRecord:
    """All that people put on record of a batch's candidates, as it stands. ``earlier`` are by their batch."""

    batch: str
    sittings: Mapping[int, Sitting]
    roll: roll_rules.RollFacts
    grounds: grounds_rules.Facts
    norm: Entry[Norm] | None = None
    changes: tuple[Entry[StationChange], ...] = ()
    leavings: tuple[Entry[Leaving], ...] = ()
    violations: tuple[Entry[Violation], ...] = ()
    dispatches: Mapping[int, Entry[Dispatch]] = field(default_factory=dict)
    attendances: tuple[Entry[Attendance], ...] = ()
    scores: Mapping[str, Sequence[Entry[CandidateScore]]] = field(default_factory=dict)
    exits: tuple[Entry[TakenExit], ...] = ()
    authorised: frozenset[str] = frozenset()
    scans: tuple[Entry[Scan], ...] = ()
    earlier: Mapping[str, Earlier] = field(default_factory=dict)

    @cached_property
    def candidates(self) -> dict[str, Entry[Candidate]]:
        return {entry.thing.ticket: entry for entry in self.roll.candidates}

    @cached_property
    def seats(self) -> dict[str, list[Entry[Seat]]]:
        return _by_ticket(self.roll.seats)

    @cached_property
    def sign_ins(self) -> dict[tuple[str, int], Entry[SignIn]]:
        return _by_ticket_and_sitting(self.roll.sign_ins)

    @cached_property
    def left(self) -> dict[tuple[str, int], Entry[Leaving]]:
        return _by_ticket_and_sitting(self.leavings)

    @cached_property
    def methods(self) -> dict[str, Method]:
        """How each subject of the norm is examined; empty where the norm is not known."""
        return {} if self.norm is None else {each.name: each.method for each in self.norm.thing.subjects}


def record_of(
    database: Database, batch: str, now: datetime, *, packs: Packs = rule_pack.load, eye: Eye | None = EYE
) -> BatchRecord:
    """What is on record of a batch, and of others as far as its candidates keep subjects from there.

    ``packs`` loads the rule packs of those. Raises UnknownBatch, DatabaseUnavailable, RulePackRefused.
    """
    record = _by_itself(database, batch, now)
    return replace(record, earlier=dict(_earlier(database, record, now, packs, eye)))


def _by_itself(database: Database, batch: str, now: datetime) -> BatchRecord:
    register, grounds = database.register, grounds_rules.facts_of(database, batch, now)
    sittings = {each.plan.number: each for each in grounds.sittings}
    return BatchRecord(
        batch=batch,
        sittings=sittings,
        roll=roll_rules.facts_of(database, batch, now),
        grounds=grounds,
        norm=_norm(grounds),
        changes=tuple(register.standing(STATION_CHANGES, batch=batch)),
        leavings=tuple(register.standing(LEAVINGS, batch=batch)),
        violations=tuple(register.standing(VIOLATIONS, batch=batch)),
        dispatches={each.thing.sitting: each for each in register.standing(DISPATCHES, batch=batch)},
        attendances=tuple(register.standing(ATTENDANCES, batch=batch)),
        scores=scores_of(database, batch),
        exits=tuple(register.standing(EXITS, batch=batch)),
        authorised=authorised_markings(database, batch),
        scans=tuple(scans_of(database, batch)),
    )


def attendances_of(database: Database, batch: str) -> Attendances:
    """Who was examined where and when in a batch, as people put it on record. Raises DatabaseUnavailable."""
    register = database.register
    return Attendances(
        batch,
        sittings={each.plan.number: each for each in database.setup.sittings(batch)},
        seats=_by_ticket(register.standing(SEATS, batch=batch)),
        sign_ins=_by_ticket_and_sitting(register.standing(SIGN_INS, batch=batch)),
        changes=tuple(register.standing(STATION_CHANGES, batch=batch)),
        left=_by_ticket_and_sitting(register.standing(LEAVINGS, batch=batch)),
        exits=tuple(register.standing(EXITS, batch=batch)),
    )


def exits_of(database: Database, batch: str) -> dict[str, tuple[Entry[TakenExit], ...]]:
    """The exits of a batch as they stand, by ticket, in the order in which they were taken."""
    found = _by_ticket(database.register.standing(EXITS, batch=batch))
    return {
        ticket: tuple(sorted(each, key=lambda one: int(one.key.rpartition("/")[2]))) for ticket, each in found.items()
    }


def facts_of(
    database: Database, record: BatchRecord, rules: RulePack, now: datetime, *, eye: Eye | None = EYE
) -> dict[int, SittingFacts]:
    """What the footage of each sitting says. Raises DatabaseUnavailable."""
    return {
        number: sitting_facts(database, sitting, rules, now, eye=eye) for number, sitting in record.sittings.items()
    }


def _earlier(
    database: Database, record: BatchRecord, now: datetime, packs: Packs, eye: Eye | None
) -> Iterator[tuple[str, Earlier]]:
    """The batches that claims name, without those that are not there: what is claimed from them is not known."""
    claims: dict[str, list[KeptSubject]] = defaultdict(list)
    for entry in record.candidates.values():
        for claim in entry.thing.kept:
            claims[claim.batch].append(claim)
    for batch in sorted(claims.keys() - {record.batch}):
        try:
            other = _by_itself(database, batch, now)
        except UnknownBatch:
            continue
        rules = packs(other.grounds.batch.rule_pack)
        tickets = {claim.ticket for claim in claims[batch]} & other.candidates.keys()
        sittings = {stay.sitting for ticket in tickets for stay in stays_of(other, ticket)}
        needed = replace(other, sittings={number: other.sittings[number] for number in sittings})
        yield batch, Earlier(other, facts_of(database, needed, rules, now, eye=eye), rules)


def cases_of(
    database: Database,
    batch: str,
    rules: RulePack,
    now: datetime,
    *,
    packs: Packs = rule_pack.load,
    eye: Eye | None = EYE,
) -> tuple[Case, ...]:
    """The cases of a batch as they stand at ``now``, by ticket. Raises as ``record_of``."""
    record = record_of(database, batch, now, packs=packs, eye=eye)
    return cases(record, facts_of(database, record, rules, now, eye=eye), rules)


def cases(record: BatchRecord, facts: Facts, rules: RulePack) -> tuple[Case, ...]:
    """One case for each candidate on the roll, by ticket."""
    return tuple(_case(record, facts, ticket, rules) for ticket in sorted(record.candidates))


def marks_of(record: BatchRecord, facts: Facts, rules: RulePack) -> tuple[CandidateMarks, ...]:
    """What the rules on scores need of each candidate, by ticket."""
    return tuple(_marks(record, facts, ticket, rules) for ticket in sorted(record.candidates))


def lacking(record: BatchRecord, facts: Facts, ticket: str, place: tuple[str, str], rules: RulePack) -> IntervalSet:
    """Of a candidate's stays for a subject at a place, the spans in which nothing usable shows the station."""
    stays = [each for each in stays_of(record, ticket) if (each.subject, each.place) == place]
    return IntervalSet(hole for stay in stays for seen in _seen(facts, stay, rules) for hole in seen.lacks)


def stays_of(record: Attended, ticket: str) -> tuple[Stay, ...]:
    """Where and when a candidate was examined in which subject, by sign-ins, without what was repeated since."""
    return tuple(stay for stay, superseded in every_stay_of(record, ticket) if not superseded)


def every_stay_of(record: Attended, ticket: str) -> tuple[tuple[Stay, bool], ...]:
    """The same with what was repeated since; with each, whether it was and so does not count any more."""
    found = list(_all_stays(record, ticket))
    again = {
        (each.subject, each.place)
        for each in _exits(record, ticket)
        if each.kind is ExitKind.REEXAMINE and each.stands
    }
    repeated = {(each.subject, each.sitting) for each in found if (each.subject, each.place) in again}
    last: dict[str, int] = {}
    for each in found:
        last[each.subject] = max(each.sitting, last.get(each.subject, each.sitting))
    return tuple(
        (each, (each.subject, each.sitting) in repeated and last[each.subject] != each.sitting) for each in found
    )


def _all_stays(record: Attended, ticket: str) -> Iterator[Stay]:
    for number, sitting in sorted(record.sittings.items()):
        signed = record.sign_ins.get((ticket, number))
        subjects = _subjects_of(record, ticket, number)
        if signed is not None and signed.thing.present:
            for station, span in _at(record, sitting, signed.thing):
                spans = _own(sitting, station, span)
                yield from (Stay(subject, record.batch, number, station, spans) for subject in subjects)


def _case(record: BatchRecord, facts: Facts, ticket: str, rules: RulePack) -> Case:
    known = replace(
        _known(record, facts, ticket, rules, tuple(record.methods)),
        signed_in=_signed_in(record, ticket),
        kept=tuple(_kept(record, ticket, claim) for claim in record.candidates[ticket].thing.kept),
    )
    proposed = propose(known, pass_mark=rules.pass_mark, full_mark=rules.full_mark)
    names = dict.fromkeys([*_rests_on(record, ticket), *_kept_rests_on(record, ticket)])
    return Case(record.batch, ticket, known, proposed, tuple(names))


def _known(record: BatchRecord, facts: Facts, ticket: str, rules: RulePack, subjects: tuple[str, ...]) -> Candidacy:
    """What one batch knows of a candidate in some subjects, but for whether they came and what they keep."""
    stays = stays_of(record, ticket)
    scores = _scores(record, ticket)
    return Candidacy(
        subjects=subjects,
        on_roster=_on_roster(record, ticket)[1],
        identity_checked=_identity_checked(record, ticket),
        excluded="；".join(each.thing.what for each in _of(record.violations, ticket) if each.thing.excludes),
        footage=tuple(_footage(facts, stays, rules)),
        scores=scores,
        markers={score.subject: _markers(record, score, stays) for score in scores},
        exits=tuple(_exits(record, ticket)),
    )


def _marks(record: BatchRecord, facts: Facts, ticket: str, rules: RulePack) -> CandidateMarks:
    stays, scores = stays_of(record, ticket), _scores(record, ticket)
    begins: dict[str, datetime] = {}
    for stay in stays:
        for seen in _seen(facts, stay, rules):
            if seen.begins is not None:
                begins[stay.subject] = min(seen.begins, begins.get(stay.subject, seen.begins))
    sent = any(stay.sitting in record.dispatches for stay in stays)
    return CandidateMarks(
        candidate=ticket,
        subjects=tuple(record.methods) or None,
        scores=scores,
        markers={score.subject: _markers(record, score, stays) for score in scores} if sent else None,
        seen=begins,
        absent=_signed_in(record, ticket) is False,
        entries=tuple(entry.name for entry in record.scores.get(ticket, ())),
        kept=_kept_marks(record, ticket, {stay.subject for stay in stays}, rules),
    )


def _norm(grounds: grounds_rules.Facts) -> Entry[Norm] | None:
    """That of the day on which the batch ends, which a certificate is issued by."""
    if not grounds.days:
        return None
    return grounds_rules.norm_in_force(grounds.batch.project, grounds.days[-1], grounds.catalogues, grounds.norms)


# --- Subjects kept --------------------------------------------------------------------------------------------------


def _kept(record: BatchRecord, ticket: str, claim: KeptSubject) -> Kept:
    """What is known of one claim of a candidate; of somebody else's exam nothing but that it is not theirs."""
    allowed = None if record.norm is None else record.norm.thing.kept_months is not None
    known = Kept(claim.subject, f"{claim.batch}/{claim.ticket}", allowed)
    earlier = record.earlier.get(claim.batch)
    there = None if earlier is None else earlier.record.candidates.get(claim.ticket)
    if earlier is None or there is None:
        return known
    if not _is_own(record, ticket, there):
        return replace(known, same_person=False)
    other = earlier.record
    candidacy = replace(
        _known(other, earlier.facts, claim.ticket, earlier.rules, (claim.subject,)),
        signed_in=_came(other, claim.ticket, claim.subject),
    )
    passed = _first_day(other, claim)
    until = _kept_until(record, passed)
    return replace(
        known,
        same_person=True,
        same_subject=_same_subject(record, other, claim.subject),
        in_time=_in_time(record, passed, until),
        passed=passed,
        until=until,
        there=candidacy,
    )


def _is_own(record: BatchRecord, ticket: str, there: Entry[Candidate]) -> bool:
    """Whether both showed the same document, by its mark."""
    mark = record.candidates[ticket].mark
    return bool(mark) and there.mark == mark


def _same_subject(record: BatchRecord, other: BatchRecord, subject: str) -> bool | None:
    """Whether both batches examine the project, and by their norms the subject in one way; None without a norm."""
    if not same_name(record.grounds.batch.project, other.grounds.batch.project):
        return False
    if record.norm is None or other.norm is None:
        return None
    method = record.methods.get(subject)
    return method is not None and other.methods.get(subject) is method


def _first_day(record: BatchRecord, claim: KeptSubject) -> date | None:
    """The first day on which a candidate was examined in a subject; None where they were not."""
    stays = [each for each in stays_of(record, claim.ticket) if each.subject == claim.subject]
    return min((local_day(span.start) for stay in stays for span in stay.spans), default=None)


def _kept_until(record: BatchRecord, passed: date | None) -> date | None:
    months = None if record.norm is None else record.norm.thing.kept_months
    return None if months is None or passed is None else months_later(passed, months)


def _in_time(record: BatchRecord, passed: date | None, until: date | None) -> bool | None:
    """Whether a batch lies after the exam that is kept, and ends while it is; a certificate needs all of it."""
    days = record.grounds.days
    if passed is None or until is None or not days:
        return None
    return passed <= days[0] and days[-1] <= until


def _kept_marks(
    record: BatchRecord, ticket: str, sat: Collection[str], rules: RulePack
) -> dict[str, tuple[Reason, ...]]:
    """Of each subject that is claimed and was not sat here, what is to be said of the claim and its mark."""
    found: dict[str, tuple[Reason, ...]] = {}
    for claim in record.candidates[ticket].thing.kept:
        if claim.subject not in sat:
            known = _kept(record, ticket, claim)
            told = kept_reasons(known, pass_mark=rules.pass_mark, full_mark=rules.full_mark)
            of_marks = tuple(each for each in told if each.code in _OF_MARKS)
            found[claim.subject] = (*found.get(claim.subject, ()), *of_marks)
    return found


def _kept_rests_on(record: BatchRecord, ticket: str) -> Iterator[str]:
    """The names of what claims rest on in other batches: of the marks there, those of the subject alone."""
    for claim in record.candidates[ticket].thing.kept:
        earlier = record.earlier.get(claim.batch)
        there = None if earlier is None else earlier.record.candidates.get(claim.ticket)
        if earlier is not None and there is not None and _is_own(record, ticket, there):
            yield from _rests_on(earlier.record, claim.ticket, {claim.subject})


# --- The person -----------------------------------------------------------------------------------------------------


def _signed_in(record: BatchRecord, ticket: str) -> bool | None:
    """Whether they came to an exam of each subject of theirs; None while that of one is not on record."""
    candidate = record.candidates[ticket].thing
    kept = {each.subject for each in candidate.kept} - {each.thing.subject for each in record.seats.get(ticket, ())}
    subjects = [each for each in tuple(record.methods) or candidate.subjects if each not in kept]
    came = [_came(record, ticket, subject) for subject in subjects]
    if False in came:
        return False
    return None if None in came or not came else True


def _came(record: BatchRecord, ticket: str, subject: str) -> bool | None:
    sittings = [each.thing.sitting for each in record.seats.get(ticket, ()) if each.thing.subject == subject]
    signed = [record.sign_ins.get((ticket, number)) for number in sittings]
    if any(each is not None and each.thing.present for each in signed):
        return True
    return None if None in signed or not signed else False


def _identity_checked(record: BatchRecord, ticket: str) -> bool | None:
    """Whether each time they came a document was looked at, and it was theirs; None where they did not come."""
    mark = record.candidates[ticket].mark
    came = [each for (who, _), each in record.sign_ins.items() if who == ticket and each.thing.present]
    return all(each.mark == mark and bool(mark) for each in came) if came else None


def _on_roster(record: BatchRecord, ticket: str) -> tuple[str, bool | None]:
    """The name of the feedback that has them on its roster, and whether there is one by the time they came."""
    if not record.roll.feedbacks:
        return "", None
    came = [each.thing.at for (who, _), each in record.sign_ins.items() if who == ticket and each.thing.present]
    found = record.roll.on_roster(record.candidates[ticket].mark, min(came, default=record.roll.now))
    if found is None or found[1] != ticket:
        return "", False
    return found[0].name, True


# --- The footage ----------------------------------------------------------------------------------------------------


def _subjects_of(record: Attended, ticket: str, sitting: int) -> list[str]:
    seats = [each.thing for each in record.seats.get(ticket, ())]
    return list(dict.fromkeys(each.subject for each in seats if each.sitting == sitting))


def _at(record: Attended, sitting: Sitting, signed: SignIn) -> Iterator[tuple[str, Interval]]:
    """The stations of somebody who came, each with when they were there within the exam."""
    leaving = record.left.get((signed.ticket, signed.sitting))
    end = sitting.end if leaving is None else min(sitting.end, leaving.thing.at)
    places = stations_of(signed, [each.thing for each in record.changes])
    for index, (at, station) in enumerate(places):
        begins = max(sitting.start, at) if index else sitting.start
        ends = min(end, places[index + 1][0]) if index + 1 < len(places) else end
        if begins < ends:
            yield station, Interval(begins, ends)


def _own(sitting: Sitting, station: str, span: Interval) -> tuple[Interval, ...]:
    """The own times of a station that a stay touches, cut to it; the whole stay where the plan's did not hold."""
    times = [each.interval for each in sitting.plan.stations if each.station == station]
    if any(each.start < sitting.start or each.end > sitting.end for each in times):
        return (span,)
    return tuple(part for each in times if (part := each.intersection(span)) is not None) or (span,)


def _seen(facts: Facts, stay: Stay, rules: RulePack) -> list[Seen]:
    known = facts.get(stay.sitting)
    return [] if known is None else [seen_of(known, stay.station, span, rules) for span in stay.spans]


def _footage(facts: Facts, stays: Iterable[Stay], rules: RulePack) -> Iterator[Footage]:
    """One for each place and subject, of all the time that the candidate was there."""
    places: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for stay in stays:
        places[stay.subject, stay.place].extend(_seen(facts, stay, rules))
    for (subject, place), seen in places.items():
        verdict = fold(each.finding.verdict for each in seen)
        told = [each.finding for each in seen if each.finding.verdict is verdict]
        yield Footage(subject, place, verdict, "".join(each.zh for each in told), " ".join(each.en for each in told))


# --- The scores -----------------------------------------------------------------------------------------------------


def _scores(record: BatchRecord, ticket: str) -> tuple[Score, ...]:
    """As they stand, each with the method of the norm."""
    given = [entry.thing.score for entry in record.scores.get(ticket, ())]
    return tuple(replace(each, method=record.methods.get(each.subject, each.method)) for each in given)


def _markers(record: BatchRecord, score: Score, stays: Iterable[Stay]) -> Markers:
    """Who may score somebody in a subject, by the panels of the sittings in which it was examined."""
    sittings = {stay.sitting for stay in stays if stay.subject == score.subject}
    orders = [record.dispatches[number].thing for number in sorted(sittings) if number in record.dispatches]
    members = [each for order in orders if order.by_centre for each in order.members if not each.chosen_by_site]
    sent = frozenset(each.examiner for each in members)
    here = [each.thing for each in record.attendances if each.thing.sitting in sittings]
    leaders = {each.examiner for each in members if each.leader}
    leaders |= {each.examiner for each in here if each.leads} & sent
    there = frozenset(each.examiner for each in here if _is_there(each, record.sittings[each.sitting], score.given))
    sheets = _sheets(record, score.subject, sittings)
    return Markers(sent, frozenset(leaders), there, record.authorised, bool(sheets) and None not in sheets)


def _sheets(record: BatchRecord, subject: str, sittings: Iterable[int]) -> list[Entry[Scan] | None]:
    """The score sheets of a subject that are filed, one for each of the sittings; None for one that has none."""
    needs = [Need(Item.SCORE_SHEETS, subject, number) for number in sorted(sittings)]
    return [next((each for each in record.scans if each.thing.serves(need)), None) for need in needs]


def _is_there(attendance: Attendance, sitting: Sitting, at: datetime | None) -> bool:
    """Whether somebody was there at an instant; while nobody said when they left, until the window's end."""
    until = sitting.window.end if attendance.left is None else attendance.left
    return at is not None and attendance.arrived <= at <= until


# --- Entries --------------------------------------------------------------------------------------------------------


def _exits(record: Attended, ticket: str) -> Iterator[Exit]:
    return (entry.thing.exit for entry in record.exits if entry.thing.ticket == ticket)


def _transcribed_from(
    record: BatchRecord, scores: Iterable[Entry[CandidateScore]], stays: Sequence[Stay]
) -> Iterator[Entry[Scan]]:
    for entry in scores:
        subject = entry.thing.score.subject
        if entry.thing.score.transcribed:
            sittings = {stay.sitting for stay in stays if stay.subject == subject}
            yield from (each for each in _sheets(record, subject, sittings) if each is not None)


def _of(entries: Iterable[Entry[T]], ticket: str) -> list[Entry[Any]]:
    return [entry for entry in entries if _ticket(entry) == ticket]


def _ticket(entry: Entry[Any]) -> str:
    return str(entry.thing.ticket)


def _by_ticket(entries: Iterable[Entry[T]]) -> dict[str, list[Entry[T]]]:
    found: dict[str, list[Entry[T]]] = defaultdict(list)
    for entry in entries:
        found[_ticket(entry)].append(entry)
    return found


def _by_ticket_and_sitting(entries: Iterable[Entry[T]]) -> dict[tuple[str, int], Entry[T]]:
    return {(_ticket(entry), _sitting(entry)): entry for entry in entries}


def _sitting(entry: Entry[Any]) -> int:
    return int(entry.thing.sitting)


def _rests_on(record: BatchRecord, ticket: str, subjects: Collection[str] = ()) -> tuple[str, ...]:
    """The names of all entries that a case is made of, each once; a scan where a mark was transcribed from it. With
    ``subjects``, marks of no others.
    """
    roster, stays = _on_roster(record, ticket)[0], stays_of(record, ticket)
    scores = [each for each in record.scores.get(ticket, ()) if not subjects or each.thing.score.subject in subjects]
    sittings = {each.thing.sitting for each in record.seats.get(ticket, ())}
    sittings |= {number for (who, number) in record.sign_ins if who == ticket}
    entries: list[Entry[Any]] = [
        record.candidates[ticket],
        *([] if record.norm is None else [record.norm]),
        *record.seats.get(ticket, ()),
        *(each for (who, _), each in sorted(record.sign_ins.items()) if who == ticket),
        *_of(record.changes, ticket),
        *_of(record.leavings, ticket),
        *_of(record.violations, ticket),
        *(record.dispatches[number] for number in sorted(sittings) if number in record.dispatches),
        *(each for each in record.attendances if each.thing.sitting in sittings),
        *scores,
        *_transcribed_from(record, scores, stays),
        *_of(record.exits, ticket),
    ]
    names = [entry.name for entry in entries]
    names += [each.thing.score.vouched for each in scores if each.thing.score.vouched]
    return tuple(dict.fromkeys([*names[:1], *([roster] if roster else []), *names[1:]]))
