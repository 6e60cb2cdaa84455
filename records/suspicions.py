"""疑点 over all batches on record: the sources that ``domain.suspicions`` is fed from, read once.

A suspicion is for a person who looks. Nothing that judges reads this module: no verdict, no proposal of the gate and
no act rests on it. Examiners are called by their ids and candidates by their tickets. Where something is not on
record, nothing is said; where something can be read in two ways, the way that accuses less counts:

- An examiner was where their attendance says, until the end of the exam while nobody said when they left. Where
  nobody recorded any attendance of a sitting that has begun, whoever was sent was there for its exam.
- A candidate arrived with their first sign-in to a sitting in which they sit the subject.
- Only practical marks are given on the spot, by the method of the norm where that is known; a sitting that is open
  lasts, whatever its plan says.

Not here: how odd is told (``domain.suspicions``), and who may see it (``dashboard.access``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from config import rule_pack
from config.rule_pack import RulePack
from domain import suspicions as odd
from domain.certificates import CERTIFICATES, Certificate
from domain.grounds import CATALOGUES, NORMS, PREMISES, Catalogue, Method, Norm, Premises
from domain.panels import Attendance, Dispatch
from domain.places import Batch, Sitting
from domain.register import Entry
from domain.roll import SEATS, SIGN_INS, Seat, SignIn
from domain.scores import CandidateScore, passes
from domain.shares import Share, compared
from domain.suspicions import Sort, Suspicion
from domain.timeline import Interval
from records.grounds_rules import days_of, norm_in_force
from records.issue_rules import alike
from records.panels import ATTENDANCES, DISPATCHES
from records.pass_shares import is_over, line_of, share_of
from records.scores import SCORES
from storage.database import Database

T = TypeVar("T")
Found = Suspicion
"""One thing that was found, with the batches it tells of and the entries it rests on."""

NOT_LOOKED_FOR: tuple[Sort, ...] = (Sort.SCORED_WITHOUT_PRESENCE,)
"""Sorts whose source is not kept yet: that none is found tells nothing, and whoever shows suspicions says so."""


def suspicions_of(
    database: Database,
    now: datetime,
    *,
    batches: Collection[str] | None = None,
    rule_packs: Callable[[str], RulePack] = rule_pack.load,
) -> tuple[Found, ...]:
    """All that is odd on record at ``now``, by sort and by whom it is about.

    ``batches`` are those that may be seen: what tells of any other is left out as a whole, although it was looked for
    over all of them, since a row with a hole would be another row. None leaves nothing out. Raises
    DatabaseUnavailable, RulePackRefused.
    """
    found = _all(_read(database, now, rule_packs))
    seen = found if batches is None else (each for each in found if set(each.batches) <= set(batches))
    order = list(Sort)
    return tuple(sorted(seen, key=lambda each: (order.index(each.sort), each.batches, each.about, each.zh)))


def _all(record: _Record) -> Iterator[Suspicion]:
    scores = tuple(_scores(record))
    yield from odd.in_two_places(_duties(record))
    yield from odd.scored_before_arrival(scores)
    yield from odd.scored_without_presence(scores, ())  # NOT_LOOKED_FOR
    yield from odd.more_certificates(_counts(record))
    yield from odd.bursts(_issues(record))
    yield from odd.more_passers(_throughputs(record))
    yield from odd.same_panels(_sent(record))
    yield from odd.outside_windows(scores)
    yield from odd.same_marks(_alike(record))
    yield from odd.pass_shares(_shares(record))


@dataclass(frozen=True)
class _Record:
    """What is on record of all batches. Sittings and entries are by the id of their batch."""

    now: datetime
    rule_packs: Callable[[str], RulePack]
    batches: Mapping[str, Batch]
    sittings: Mapping[str, Sequence[Sitting]]
    dispatches: Mapping[str, Sequence[Entry[Dispatch]]]
    attendances: Mapping[str, Sequence[Entry[Attendance]]]
    seats: Mapping[str, Sequence[Entry[Seat]]]
    sign_ins: Mapping[str, Sequence[Entry[SignIn]]]
    scores: Mapping[str, Sequence[Entry[CandidateScore]]]
    certificates: Mapping[str, Sequence[Entry[Certificate]]]
    premises: Mapping[str, Entry[Premises]]
    catalogues: Sequence[Entry[Catalogue]]
    norms: Sequence[Entry[Norm]]

    @cached_property
    def seated(self) -> Mapping[tuple[str, str], Sequence[Seat]]:
        """Seats by batch and ticket."""
        found: dict[tuple[str, str], list[Seat]] = defaultdict(list)
        for batch, entries in self.seats.items():
            for each in entries:
                found[batch, each.thing.ticket].append(each.thing)
        return found

    @cached_property
    def arrivals(self) -> Mapping[tuple[str, str], Sequence[Entry[SignIn]]]:
        """Sign-ins of those who came, by batch and ticket."""
        found: dict[tuple[str, str], list[Entry[SignIn]]] = defaultdict(list)
        for batch, entries in self.sign_ins.items():
            for each in entries:
                if each.thing.present:
                    found[batch, each.thing.ticket].append(each)
        return found

    @cached_property
    def norm(self) -> dict[str, Entry[Norm]]:
        """That of the day on which each batch ends, as certificates are issued by; without those not known."""
        found = {}
        for batch, sittings in self.sittings.items():
            day = max(day for sitting in sittings for day in days_of(sitting))
            norm = norm_in_force(self.batches[batch].project, day, self.catalogues, self.norms)
            if norm is not None:
                found[batch] = norm
        return found


def _read(database: Database, now: datetime, rule_packs: Callable[[str], RulePack]) -> _Record:
    register = database.register
    sittings: dict[str, list[Sitting]] = defaultdict(list)
    for sitting in database.setup.sittings():
        sittings[sitting.batch.id].append(sitting)
    return _Record(
        now=now,
        rule_packs=rule_packs,
        batches={batch: theirs[-1].batch for batch, theirs in sittings.items()},
        sittings=sittings,
        dispatches=_by_batch(register.standing(DISPATCHES)),
        attendances=_by_batch(register.standing(ATTENDANCES)),
        seats=_by_batch(register.standing(SEATS)),
        sign_ins=_by_batch(register.standing(SIGN_INS)),
        scores=_by_batch(register.standing(SCORES)),
        certificates=_by_batch(register.standing(CERTIFICATES)),
        premises={entry.key: entry for entry in register.standing(PREMISES)},
        catalogues=register.standing(CATALOGUES),
        norms=register.standing(NORMS),
    )


def _by_batch(entries: Iterable[Entry[T]]) -> dict[str, list[Entry[T]]]:
    found: dict[str, list[Entry[T]]] = defaultdict(list)
    for entry in entries:
        found[entry.batch].append(entry)
    return found


def _duties(record: _Record) -> Iterator[odd.Duty]:
    """Where examiners were, by attendance; by dispatch where a sitting has none."""
    for batch, sittings in record.sittings.items():
        for sitting in sittings:
            number, site = sitting.plan.number, sitting.site.id
            came = [each for each in record.attendances.get(batch, ()) if each.thing.sitting == number]
            for here in came:
                until = sitting.end if here.thing.left is None else here.thing.left
                yield from _duty(here.thing.examiner, site, batch, (here.thing.arrived, until), here.name)
            sent = [each for each in record.dispatches.get(batch, ()) if each.thing.sitting == number]
            if came or sitting.start > record.now:
                continue
            for order in sent:
                for member in order.thing.members:
                    yield from _duty(member.examiner, site, batch, (sitting.start, sitting.end), order.name)


def _duty(examiner: str, site: str, batch: str, times: tuple[datetime, datetime], entry: str) -> Iterator[odd.Duty]:
    start, end = times
    if start < end:
        yield odd.Duty(examiner, site, batch, Interval(start, end), (entry,))


def _window(record: _Record, sitting: Sitting) -> Interval:
    """A sitting's window; one that is open lasts until now at least, for exams run late and nobody told us of it."""
    found = sitting.window
    if sitting.opened is None or sitting.closed is not None:
        return found
    return Interval(found.start, max(found.end, record.now))


def _scores(record: _Record) -> Iterator[odd.Score]:
    for batch, entries in record.scores.items():
        sittings = record.sittings.get(batch, ())
        windows = {each.plan.number: _window(record, each) for each in sittings}
        for entry in entries:
            score = entry.thing.score
            if score.given is None or score.value is None:
                continue
            candidate = entry.thing.candidate
            of_subject = {seat.sitting for seat in record.seated[batch, candidate] if seat.subject == score.subject}
            came = [
                each
                for each in record.arrivals[batch, candidate]
                if not of_subject or each.thing.sitting in of_subject
            ]
            first = min(came, key=lambda each: each.thing.at, default=None)
            spot = _method(record, batch, entry) is Method.PRACTICAL
            within = [windows[number] for number in sorted(of_subject or windows) if number in windows]
            yield odd.Score(
                candidate,
                batch,
                "" if first is None else first.thing.station,
                score.given,
                None if first is None else first.thing.at,
                subject=score.subject,
                windows=tuple(within) if spot else (),
                entries=(entry.name, *([] if first is None else [first.name])),
            )


def _method(record: _Record, batch: str, entry: Entry[CandidateScore]) -> Method:
    """How the norm has the subject examined; what the score claims where the norm is not known."""
    score, norm = entry.thing.score, record.norm.get(batch)
    methods = {} if norm is None else {each.name: each.method for each in norm.thing.subjects}
    return methods.get(score.subject, score.method)


def _counts(record: _Record) -> Iterator[odd.Counts]:
    """Certificates that stand, against people who came."""
    for batch, entries in record.certificates.items():
        standing = [each for each in entries if each.thing.stands]
        came = [each for each in record.sign_ins.get(batch, ()) if each.thing.present]
        names = (*(each.name for each in standing), *(each.name for each in came))
        yield odd.Counts(batch, len({each.thing.ticket for each in came}), len(standing), names)


def _issues(record: _Record) -> Iterator[odd.Issue]:
    """Certificates that stand, by the institution that ran the site on the day they were examined: where that is not
    on record, by the site.
    """
    for batch, entries in record.certificates.items():
        at: dict[tuple[str, datetime], list[str]] = defaultdict(list)
        for each in entries:
            if each.thing.stands:
                at[_body(record, each), each.thing.issued].append(each.name)
        for (body, issued), names in at.items():
            yield odd.Issue(body, batch, issued, len(names), tuple(names))


def _body(record: _Record, entry: Entry[Certificate]) -> str:
    batch = record.batches.get(entry.thing.batch)
    site = entry.site if batch is None else batch.site
    premises = record.premises.get(site)
    stay = None if premises is None else premises.thing.stay_on(entry.thing.examined)
    return site if stay is None else stay.institution


def _throughputs(record: _Record) -> Iterator[odd.Throughput]:
    for batch, norm in record.norm.items():
        rules, subjects = record.rule_packs(record.batches[batch].rule_pack), norm.thing.subjects
        wanted = [each.name for each in subjects]
        theirs: dict[str, list[Entry[CandidateScore]]] = defaultdict(list)
        for entry in record.scores.get(batch, ()):
            theirs[entry.thing.candidate].append(entry)
        passed = [
            each for each in theirs.values() if passes((one.thing.score for one in each), wanted, rules.pass_mark)
        ]
        time = sum(map(_station_seconds, record.sittings[batch]))
        least = sum(max(0.0, each.duration_min - rules.duration_off_min) for each in subjects)
        entries = (norm.name, *(one.name for each in passed for one in each))
        yield odd.Throughput(batch, len(passed), round(time / 60, 1), least, entries)


def _station_seconds(sitting: Sitting) -> float:
    stations = sum(len(room.stations) for room in sitting.rooms)
    return stations * max(0.0, (sitting.end - sitting.start).total_seconds())


def _sent(record: _Record) -> Iterator[odd.Sent]:
    for batch, sittings in record.sittings.items():
        orders, plan = record.dispatches.get(batch, ()), record.batches[batch]
        examiners = frozenset(member.examiner for order in orders for member in order.thing.members)
        yield odd.Sent(
            plan.site,
            batch,
            min(each.start for each in sittings),
            examiners,
            record.rule_packs(plan.rule_pack).same_panel_batches,
            tuple(order.name for order in orders),
        )


def _shares(record: _Record) -> Iterator[odd.Shares]:
    """As C10-2 compares them: batches that are over, of one project and norm."""
    shares: dict[str, dict[str, Share]] = defaultdict(dict)  # by norm, then batch
    for batch, norm in record.norm.items():
        if is_over(record.sittings[batch], record.now):
            rules = record.rule_packs(record.batches[batch].rule_pack)
            wanted = [each.name for each in norm.thing.subjects]
            shares[norm.key][batch] = share_of(record.scores.get(batch, ()), wanted, rules.pass_mark)
    for found in shares.values():
        for batch, own in found.items():
            line = line_of(record.rule_packs(record.batches[batch].rule_pack))
            if line is not None:
                others = [each for other, each in found.items() if other != batch]
                names = tuple(each.name for each in record.scores.get(batch, ()))
                yield odd.Shares(batch, compared(own, others, line), names)


def _alike(record: _Record) -> Iterator[odd.Alike]:
    """As C10-2 groups them."""
    for batch, entries in record.scores.items():
        for marks, tickets in alike(entries):
            same = frozenset(tickets)
            names = tuple(each.name for each in entries if each.thing.candidate in same)
            yield odd.Alike(batch, marks, tuple(tickets), names)
