"""Papers and the day of a batch's roll: plan, first review, submission, decisions, feedback; who came or did not.

These acts happen elsewhere, in the provincial system and at a site's door; here is put on record that they did, when
and by whom. So what breaks the notice is entered as it was and found by its rule (``records.roll_rules``), and only
what cannot have been is refused: unknown candidates, times in the future, an answer before its question. What was
entered is corrected by entering it again. Not here: rosters as files (``records.roster``), and who may
(``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from domain import resident_id
from domain.people import Actor
from domain.places import Batch, Room, Sitting
from domain.register import Draft, Entry, Kind
from domain.resident_id import Flaw
from domain.roll import (
    CANDIDATES,
    DECISIONS,
    FEEDBACKS,
    FIRST_REVIEWS,
    LEAVINGS,
    PLANS,
    SEATS,
    SIGN_INS,
    STATION_CHANGES,
    SUBMISSIONS,
    TICKET,
    VIOLATIONS,
    AssessmentPlan,
    Candidate,
    Decision,
    Document,
    Feedback,
    FirstReview,
    IdCheck,
    Leaving,
    Listed,
    Seat,
    SignIn,
    StationChange,
    Submission,
    Violation,
)
from domain.timeline import rfc3339
from records.errors import ImpossibleTime, NoReason, RollRefused
from storage.database import Database
from storage.errors import UnknownBatch, UnknownSitting
from storage.id_numbers import IdNumbers

Event = TypeVar("Event", StationChange, Violation)


@dataclass(frozen=True, slots=True)
class Said:
    """When something was done and by whom, as the paper says it. ``by`` is an office or a person on duty."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Where entries are made: the database, who enters, and when that is."""

    database: Database
    actor: Actor
    now: datetime

    def batch(self, batch: str) -> Batch:
        """Raises UnknownBatch."""
        found = self.database.setup.batch(batch)
        if found is None:
            raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
        return found

    def believe(self, said: Said) -> None:
        """Raises ImpossibleTime for what lies in the future, RollRefused where nobody is named."""
        if said.at > self.now:
            raise ImpossibleTime(f"{rfc3339(said.at)} is in the future; now it is {rfc3339(self.now)}")
        if not said.by.strip():
            raise RollRefused("say who did it (--by) 请填写经办人")

    def enter(self, act: str, batch: str, drafts: Sequence[Draft[Any]], reason: str = "") -> None:
        self.database.register.enter(act, batch, drafts, self.actor, self.now, reason=reason)


def make_plan(desk: Desk, batch: str, said: Said) -> None:
    """That the institution made the batch's plan 考核计划. Raises UnknownBatch, ImpossibleTime, RollRefused."""
    site = desk.batch(batch).site
    desk.believe(said)
    plan = AssessmentPlan(batch, said.at, said.by.strip())
    desk.enter("make_plan", batch, [Draft(PLANS, batch, plan, batch, site)])


def review_first(desk: Desk, batch: str, said: Said, tickets: Sequence[str] = ()) -> FirstReview:
    """初审: the institution found these in order; without tickets, all whom it has not reviewed as they stand.

    Raises UnknownBatch, ImpossibleTime, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    before = desk.database.register.standing(FIRST_REVIEWS, batch=batch)
    done = {each for entry in before if entry.value is not None for each in entry.value.passed}
    passed = _listed(desk, batch, tickets, lambda each: each not in done)
    review = FirstReview(batch, said.at, said.by.strip(), passed)
    key = f"{batch}/{len(before) + 1}"
    desk.enter("review_first", batch, [Draft(FIRST_REVIEWS, key, review, batch, site, after=0)])
    return review


def submit(desk: Desk, batch: str, said: Said, tickets: Sequence[str] = ()) -> Submission:
    """上报: the institution asks the centre to accept these; without tickets, all who as they stand wait for no
    answer and have none that accepts them.

    Raises UnknownBatch, ImpossibleTime, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    before = desk.database.register.standing(SUBMISSIONS, batch=batch)
    decisions = _by_candidate(desk, batch)
    rounds: dict[Listed, int] = {}
    for value in sorted((entry.value for entry in before if entry.value is not None), key=lambda each: each.number):
        rounds.update(dict.fromkeys(value.listed, value.number))

    def wanted(each: Listed) -> bool:
        if each not in rounds:
            return True
        decision = decisions.get((rounds[each], each))
        return decision is not None and not decision.accepted

    listed = _listed(desk, batch, tickets, wanted)
    number = len(before) + 1
    submission = Submission(batch, number, said.at, said.by.strip(), listed)
    draft = Draft(SUBMISSIONS, f"{batch}/{number}", submission, batch, site, after=0)
    desk.enter("submit_candidates", batch, [draft])
    return submission


def decide(
    desk: Desk, batch: str, number: int, said: Said, *, accepted: Iterable[str] = (), declined: Mapping[str, str]
) -> list[Decision]:
    """审核: the centre accepted or declined candidates of a submission, each of ``declined`` for a reason.

    Raises UnknownBatch, ImpossibleTime, NoReason, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    submission = _submission(desk, batch, number)
    if said.at < submission.at:
        raise ImpossibleTime(
            f"{rfc3339(said.at)} is before the submission of {rfc3339(submission.at)}: nothing was there to decide on"
        )
    if unexplained := sorted(ticket for ticket, reason in declined.items() if not reason.strip()):
        raise NoReason(f"say why {', '.join(unexplained)} is declined 不通过须说明原因")
    yes = list(dict.fromkeys(accepted))
    if both := sorted(set(yes) & set(declined)):
        raise RollRefused(f"{', '.join(both)} cannot be accepted and declined at once 不能同时通过和不通过")
    listed = {each.ticket: each for each in submission.listed}
    if strange := sorted({*yes, *declined} - set(listed)):
        raise RollRefused(f"submission {number} does not name {', '.join(strange)} 该次上报中没有这些准考证号")
    verdicts = [
        *((ticket, True, "") for ticket in yes),
        *((each, False, why.strip()) for each, why in declined.items()),
    ]
    if not verdicts:
        raise RollRefused("name at least one candidate 请至少指定一名考生")
    decisions = [
        Decision(batch, number, listed[ticket], is_in, said.at, said.by.strip(), why)
        for ticket, is_in, why in verdicts
    ]
    drafts = [
        Draft(DECISIONS, f"{batch}/{number}/{each.candidate.ticket}", each, batch, site, each.candidate.mark)
        for each in decisions
    ]
    desk.enter("decide_candidates", batch, drafts)
    return decisions


def undecided(desk: Desk, batch: str, number: int) -> tuple[str, ...]:
    """The tickets of a submission on which nothing was decided yet. Raises RollRefused."""
    found = _by_candidate(desk, batch)
    return tuple(each.ticket for each in _submission(desk, batch, number).listed if (number, each) not in found)


def give_feedback(desk: Desk, batch: str, number: int, said: Said, tickets: Sequence[str] = ()) -> Feedback:
    """反馈: the centre told the institution what became of a submission; without tickets, of all who were decided on.

    Raises UnknownBatch, ImpossibleTime, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    submission = _submission(desk, batch, number)
    found = _by_candidate(desk, batch)
    decisions = {each.ticket: found[number, each] for each in submission.listed if (number, each) in found}
    covered = [decisions[ticket] for ticket in dict.fromkeys(tickets) if ticket in decisions]
    if open_ones := sorted(set(tickets) - set(decisions)):
        raise RollRefused(f"nothing was decided on {', '.join(open_ones)} in submission {number} 尚无审核结果")
    covered = covered or list(decisions.values())
    if not covered:
        raise RollRefused(f"nothing was decided on submission {number} yet 尚无审核结果")
    if any(each.at > said.at for each in covered):
        raise ImpossibleTime(f"{rfc3339(said.at)} is before the decisions that were told")
    before = [
        entry
        for entry in desk.database.register.standing(FEEDBACKS, batch=batch)
        if entry.value is not None and entry.value.submission == number
    ]
    feedback = Feedback(
        batch,
        number,
        len(before) + 1,
        said.at,
        said.by.strip(),
        tuple(each.candidate for each in covered),
        tuple(each.candidate for each in covered if each.accepted),
    )
    key = f"{batch}/{number}/{feedback.number}"
    desk.enter("give_feedback", batch, [Draft(FEEDBACKS, key, feedback, batch, site, after=0)])
    return feedback


# --- The day --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody showed at the door. ``number`` is of the document, None where it was not read or typed."""

    check: IdCheck
    document: Document = Document.RESIDENT_ID
    number: str | None = None


def sign_in(
    desk: Desk,
    numbers: IdNumbers,
    batch: str,
    sitting: int,
    ticket: str,
    *,
    showed: Shown,
    said: Said,
    station: str = "",
) -> SignIn:
    """签到: somebody came, was checked, and was led to a station; to that of the seat where none is named.

    Whoever comes with a ticket or a document that is not on the roll is entered all the same, and found by the rule.
    Raises UnknownBatch, UnknownSitting, ImpossibleTime, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    whole = _sitting(desk, batch, sitting)
    candidate = _candidate(desk, batch, ticket)
    mark = _mark_of(numbers, showed, candidate, ticket)
    seat = _seat(desk, batch, sitting, ticket)
    room, place = _station(whole, station or (seat.station if seat is not None else ""))
    signed = SignIn(batch, sitting, ticket, True, said.at, showed.check, said.by.strip(), room.id, place)
    _enter_sign_in(desk, signed, site, mark)
    return signed


def mark_absent(desk: Desk, batch: str, sitting: int, ticket: str, *, said: Said) -> SignIn:
    """缺考: a candidate did not come. Raises UnknownBatch, UnknownSitting, ImpossibleTime, RollRefused."""
    site = desk.batch(batch).site
    desk.believe(said)
    _sitting(desk, batch, sitting)
    if _candidate(desk, batch, ticket) is None:
        raise RollRefused(f"batch {batch} has no candidate {ticket} 名册中没有该准考证号")
    signed = SignIn(batch, sitting, ticket, False, said.at, IdCheck.NONE, said.by.strip())
    _enter_sign_in(desk, signed, site, "")
    return signed


def change_station(
    desk: Desk, batch: str, sitting: int, ticket: str, station: str, *, said: Said, why: str
) -> StationChange:
    """换工位 of somebody who signed in.

    Raises UnknownBatch, UnknownSitting, ImpossibleTime, NoReason, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    if not why.strip():
        raise NoReason("say why the station was changed 请说明换工位的原因")
    room, place = _station(_sitting(desk, batch, sitting), station)
    signed = _signed_in(desk, batch, sitting, ticket)
    if signed.value is not None and said.at < signed.value.at:
        raise ImpossibleTime(f"{rfc3339(said.at)} is before {ticket} signed in")
    changes = list(_of_candidate(desk, STATION_CHANGES, batch, sitting, ticket))
    change = StationChange(batch, sitting, ticket, said.at, room.id, place, why.strip(), said.by.strip())
    key = f"{batch}/{sitting}/{ticket}/{len(changes) + 1}"
    desk.enter("change_station", batch, [Draft(STATION_CHANGES, key, change, batch, site, signed.mark, after=0)])
    return change


def note_violation(
    desk: Desk, batch: str, sitting: int, ticket: str, *, said: Said, what: str, handling: str, excludes: bool = False
) -> Violation:
    """违纪 of somebody who signed in; ``excludes`` where the ruling takes the exam away from them.

    Raises UnknownBatch, UnknownSitting, ImpossibleTime, NoReason, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    if not what.strip() or not handling.strip():
        raise NoReason("say what was done against the rules and how it was handled 请写明违纪情形和处理")
    _sitting(desk, batch, sitting)
    signed = _signed_in(desk, batch, sitting, ticket)
    before = list(_of_candidate(desk, VIOLATIONS, batch, sitting, ticket))
    violation = Violation(
        batch, sitting, ticket, said.at, what.strip(), handling.strip(), said.by.strip(), excludes=excludes
    )
    key = f"{batch}/{sitting}/{ticket}/{len(before) + 1}"
    desk.enter("note_violation", batch, [Draft(VIOLATIONS, key, violation, batch, site, signed.mark, after=0)])
    return violation


def leave(desk: Desk, batch: str, sitting: int, ticket: str, *, said: Said) -> Leaving:
    """离场 of somebody who signed in; entered again, it corrects what was entered before.

    Raises UnknownBatch, UnknownSitting, ImpossibleTime, RollRefused.
    """
    site = desk.batch(batch).site
    desk.believe(said)
    _sitting(desk, batch, sitting)
    signed = _signed_in(desk, batch, sitting, ticket)
    changes = _of_candidate(desk, STATION_CHANGES, batch, sitting, ticket)
    since = max([signed.thing.at, *(each.thing.at for each in changes)])
    if said.at <= since:
        raise ImpossibleTime(f"{rfc3339(said.at)} is not after {rfc3339(since)}, when {ticket} was led to a station")
    leaving = Leaving(batch, sitting, ticket, said.at, said.by.strip())
    draft = Draft(LEAVINGS, f"{batch}/{sitting}/{ticket}", leaving, batch, site, signed.mark)
    desk.enter("leave_station", batch, [draft])
    return leaving


def stations_of(signed: SignIn, changes: Iterable[StationChange]) -> tuple[tuple[datetime, str], ...]:
    """From when on somebody worked where, the earliest first; empty for who was absent."""
    if not signed.present:
        return ()
    own = [each for each in changes if (each.sitting, each.ticket) == (signed.sitting, signed.ticket)]
    later = sorted((each.at, each.station) for each in own)
    return ((signed.at, signed.station), *later)


def seated(database: Database, batch: str) -> tuple[Batch, tuple[tuple[Candidate, tuple[Seat, ...]], ...]]:
    """A batch with its candidates by ticket, each with their seats by sitting. Raises UnknownBatch."""
    known = database.setup.batch(batch)
    if known is None:
        raise UnknownBatch(f"there is no batch {batch}")
    seats: dict[str, list[Seat]] = {}
    for entry in database.register.standing(SEATS, batch=batch):
        seats.setdefault(entry.thing.ticket, []).append(entry.thing)
    candidates = (entry.thing for entry in database.register.standing(CANDIDATES, batch=batch))
    return known, tuple(
        (each, tuple(sorted(seats.get(each.ticket, ()), key=lambda seat: (seat.sitting, seat.subject))))
        for each in sorted(candidates, key=lambda one: one.ticket)
    )


# --- What is looked up ----------------------------------------------------------------------------------------------


def _listed(desk: Desk, batch: str, tickets: Sequence[str], wanted: Callable[[Listed], bool]) -> tuple[Listed, ...]:
    """These candidates, or all that are wanted, as they stand. Raises RollRefused where there is none."""
    standing = desk.database.register.standing(CANDIDATES, batch=batch)
    there = {
        entry.value.ticket: Listed(entry.value.ticket, entry.mark) for entry in standing if entry.value is not None
    }
    if strange := sorted(set(tickets) - set(there)):
        raise RollRefused(f"batch {batch} has no candidate {', '.join(strange)} 名册中没有这些准考证号")
    found = tuple(there[ticket] for ticket in dict.fromkeys(tickets)) or tuple(filter(wanted, there.values()))
    if not found:
        raise RollRefused(
            f"batch {batch} has nobody left for that 没有待处理的考生; import a roster first, or name tickets"
        )
    return found


def _submission(desk: Desk, batch: str, number: int) -> Submission:
    found = desk.database.register.find(SUBMISSIONS, f"{batch}/{number}")
    if found is None or found.value is None:
        raise RollRefused(f"batch {batch} has no submission {number} 没有第{number}次上报")
    return found.value


def _by_candidate(desk: Desk, batch: str) -> dict[tuple[int, Listed], Decision]:
    standing = desk.database.register.standing(DECISIONS, batch=batch)
    values = [entry.value for entry in standing if entry.value is not None]
    return {(each.submission, each.candidate): each for each in values}


def _sitting(desk: Desk, batch: str, number: int) -> Sitting:
    found = desk.database.setup.sitting(batch, number)
    if found is None:
        raise UnknownSitting(f"batch {batch} has no sitting {number}; `kaojian status` shows all")
    return found


def _candidate(desk: Desk, batch: str, ticket: str) -> Entry[Candidate] | None:
    if not TICKET.fullmatch(ticket):
        raise RollRefused("an admission ticket has letters, digits, points and hyphens 准考证号格式不符")
    return desk.database.register.find(CANDIDATES, f"{batch}/{ticket}")


def _mark_of(numbers: IdNumbers, showed: Shown, candidate: Entry[Candidate] | None, ticket: str) -> str:
    """The mark of what was shown; "" where nothing was. Raises RollRefused."""
    if showed.check is IdCheck.NONE:
        return ""
    if showed.check is IdCheck.COMPARED:
        if candidate is None:
            raise RollRefused(
                f"there is no candidate {ticket} to compare a document with 名册中没有该准考证号，无从比对"
            )
        return candidate.mark
    number = resident_id.plain(showed.number or "")
    if showed.document is Document.RESIDENT_ID:
        found = resident_id.read(number)
        if isinstance(found, Flaw):
            raise RollRefused(f"{found.en} {found.zh}")
        number = found.number
    if not number:
        raise RollRefused("the number of the document was not given 缺少证件号码")
    return numbers.mark(showed.document.value, number)


def _seat(desk: Desk, batch: str, sitting: int, ticket: str) -> Seat | None:
    standing = desk.database.register.standing(SEATS, batch=batch)
    values = [entry.value for entry in standing if entry.value is not None]
    return next((each for each in values if (each.sitting, each.ticket) == (sitting, ticket)), None)


def _station(sitting: Sitting, station: str) -> tuple[Room, str]:
    """The room of a station in that sitting. Raises RollRefused."""
    if not station:
        raise RollRefused("the candidate has no seat in that sitting; name the station (--station) 请指定工位")
    for room in sitting.rooms:
        if any(each.id == station for each in room.stations):
            return room, station
    rooms = ", ".join(each.id for each in sitting.rooms)
    raise RollRefused(
        f"sitting {sitting.plan.number} has no station {station} in its rooms ({rooms}) 该场次没有此工位"
    )


def _enter_sign_in(desk: Desk, signed: SignIn, site: str, mark: str) -> None:
    act = "sign_in" if signed.present else "mark_absent"
    key = f"{signed.batch}/{signed.sitting}/{signed.ticket}"
    desk.enter(act, signed.batch, [Draft(SIGN_INS, key, signed, signed.batch, site, mark)])


def _signed_in(desk: Desk, batch: str, sitting: int, ticket: str) -> Entry[SignIn]:
    found = desk.database.register.find(SIGN_INS, f"{batch}/{sitting}/{ticket}")
    if found is None or found.value is None or not found.value.present:
        raise RollRefused(f"{ticket} did not sign in to sitting {sitting} 该考生未在此场次签到")
    return found


def _of_candidate(desk: Desk, kind: Kind[Event], batch: str, sitting: int, ticket: str) -> Iterator[Entry[Event]]:
    for entry in desk.database.register.standing(kind, batch=batch):
        if entry.value is not None and (entry.value.sitting, entry.value.ticket) == (sitting, ticket):
            yield entry
