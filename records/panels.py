"""Panels on record: examiners and whom the centre sent, from a file; who came and who left, as it happens.

The file names examiners by ids, never by name; it is taken as a whole or refused as a whole, every problem with file,
line and field. Not here: the same as spreadsheets (``records.panel_files``), and what a panel means under the notice
(``records.panel_rules``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config.documents import Document
from config.errors import DocumentRefused, Problem
from domain.panels import Attendance, Badge, Dispatch, Examiner, Grant, Member, Qualification
from domain.people import Actor
from domain.places import Sitting
from domain.register import Draft, Kind
from domain.timeline import Interval, rfc3339
from records.errors import ImpossibleTime, NotOfThePanel
from records.panel_rules import Duty, PanelFacts, SittingPanel
from storage.database import Database
from storage.errors import UnknownSitting

EXAMINERS = Kind("examiner", Examiner)
DISPATCHES = Kind("dispatch", Dispatch)
ATTENDANCES = Kind("attendance", Attendance)

_STRICT = ConfigDict(extra="forbid", frozen=True)
_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Badge(BaseModel):
    model_config = _STRICT
    number: _Text
    valid_from: date
    valid_until: date


class _Qualification(_Badge):
    project: _Text


class _Grant(BaseModel):
    model_config = _STRICT
    project: _Text
    trade: _Text
    granted: date
    reason: str = ""


class _Examiner(BaseModel):
    """考评员 by the id that the city goes by."""

    model_config = _STRICT
    id: _Id
    qualifications: tuple[_Qualification, ...] = ()
    grants: tuple[_Grant, ...] = ()
    badges: tuple[_Badge, ...] = ()


class _Member(BaseModel):
    model_config = _STRICT
    examiner: _Id
    leader: bool = False
    chosen_by_site: bool = False


class _Dispatch(BaseModel):
    """派遣单 for one sitting."""

    model_config = _STRICT
    batch: _Id
    sitting: Annotated[int, Field(ge=1, le=999)]
    by_centre: bool = Field(description="Whether the city centre sent it, as its order says")
    members: Annotated[tuple[_Member, ...], Field(min_length=1)]


class _File(BaseModel):
    """Examiners and panels of Kaojian, as `kaojian panel import` reads them."""

    model_config = _STRICT
    examiners: tuple[_Examiner, ...] = ()
    dispatches: tuple[_Dispatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file changed, and what it left as it was, by the names of the entries; and headings, or sheets, that
    nobody asked for.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    unread: tuple[str, ...] = ()


def import_file(database: Database, path: Path, actor: Actor, at: datetime) -> Imported:
    """Take examiners and dispatches from a file. The same file again changes nothing. Raises DocumentRefused."""
    return take_in(database, Document.read(path), actor, at)


def take_in(
    database: Database, document: Document, actor: Actor, at: datetime, sees: Callable[[str], bool] = lambda _: True
) -> Imported:
    """As ``import_file``, of what was read. A batch that whoever enters it does not see is as none at all."""
    file = document.validated(_File)
    known = {each.key for each in database.register.standing(EXAMINERS)} | {each.id for each in file.examiners}
    sittings = seen_sittings(database, sees)
    problems = [*_of_examiners(document, file), *_of_dispatches(document, file, known, sittings)]
    if problems:
        raise DocumentRefused(sorted(problems))
    examiners = [_examiner(each) for each in file.examiners]
    dispatches = [(_dispatch(each), sittings[each.batch, each.sitting].site.id) for each in file.dispatches]
    return enter(database, document.name.rpartition("/")[2], examiners, dispatches, who=(actor, at))


def seen_sittings(database: Database, sees: Callable[[str], bool]) -> dict[tuple[str, int], Sitting]:
    """All sittings of batches that somebody sees, by batch and number. Raises DatabaseUnavailable."""
    sees = cache(sees)
    return {(each.batch.id, each.plan.number): each for each in database.setup.sittings() if sees(each.batch.id)}


def enter(
    database: Database,
    source: str,
    examiners: Sequence[Examiner],
    dispatches: Sequence[tuple[Dispatch, str]],
    *,
    who: tuple[Actor, datetime],
) -> Imported:
    """Put what a file says on record as one act, each dispatch with the id of its site. ``source`` is the name of the
    file, ``who`` enters it, and when.

    Whoever calls has looked whether it fits what is on record. Raises RevisedMeanwhile, DatabaseUnavailable.
    """
    before = {each.name for each in database.register.standing(EXAMINERS)}
    before |= {each.name for each in database.register.standing(DISPATCHES)}
    drafts: list[Draft[Any]] = [
        *(Draft(EXAMINERS, each.id, each) for each in examiners),
        *(Draft(DISPATCHES, _key(each.batch, each.sitting), each, each.batch, site) for each, site in dispatches),
    ]
    entries = database.register.enter("import_panels", source, drafts, *who)
    names = [each.name for each in entries]
    return Imported(
        tuple(name for name in names if name not in before), tuple(name for name in names if name in before)
    )


def arrive(database: Database, attendance: Attendance, actor: Actor, at: datetime) -> str:
    """Write down that a member of the panel is there; the entry's name.

    Raises UnknownSitting; NotOfThePanel where they were not sent; ImpossibleTime for an arrival that lies ahead.
    """
    sitting = _sitting(database, attendance.batch, attendance.sitting)
    sent = database.register.find(DISPATCHES, _key(attendance.batch, attendance.sitting))
    if sent is None or not sent.thing.is_sent(attendance.examiner):
        raise NotOfThePanel(
            f"{attendance.examiner} was not sent to sitting {attendance.sitting} of batch {attendance.batch}; "
            "let the centre send them first: kaojian panel import"
        )
    if attendance.room not in {room.id for room in sitting.rooms}:
        rooms = ", ".join(room.id for room in sitting.rooms)
        raise NotOfThePanel(f"sitting {attendance.sitting} has no room {attendance.room}; it has {rooms}")
    if attendance.arrived > at:
        raise ImpossibleTime(f"an arrival at {rfc3339(attendance.arrived)} lies in the future; now is {rfc3339(at)}")
    key = f"{_key(attendance.batch, attendance.sitting)}/{attendance.examiner}/{rfc3339(attendance.arrived)}"
    draft = Draft(ATTENDANCES, key, attendance, batch=attendance.batch, site=sitting.site.id)
    (entry,) = database.register.enter(
        "arrive_sitting", _key(attendance.batch, attendance.sitting), [draft], actor, at
    )
    return entry.name


def leave(
    database: Database, place: tuple[str, int], examiner: str, actor: Actor, at: datetime, *, left: datetime
) -> str:
    """Write down that they left a batch's sitting; the entry's name.

    Raises NotOfThePanel where they are not there, ImpossibleTime.
    """
    batch, sitting = place
    here = [
        each
        for each in database.register.standing(ATTENDANCES, batch=batch)
        if (each.thing.sitting, each.thing.examiner, each.thing.left) == (sitting, examiner, None)
    ]
    if not here:
        raise NotOfThePanel(f"{examiner} is not at sitting {sitting} of batch {batch} by the record")
    last = max(here, key=lambda each: each.key)
    if not last.thing.arrived < left <= at:
        raise ImpossibleTime(
            f"{examiner} came at {rfc3339(last.thing.arrived)} and cannot have left at {rfc3339(left)}; "
            f"now is {rfc3339(at)}"
        )
    draft = Draft(ATTENDANCES, last.key, replace(last.thing, left=left), last.batch, last.site, after=last.revision)
    (entry,) = database.register.enter("leave_sitting", _key(batch, sitting), [draft], actor, at)
    return entry.name


def leads(database: Database, batch: str, examiner: str) -> bool:
    """Whether they were sent to some sitting of the batch as the leader."""
    sent = database.register.standing(DISPATCHES, batch=batch)
    return any(member.examiner == examiner and member.leader for each in sent for member in each.thing.members)


def panel_facts(
    database: Database, batch: str, now: datetime, candidates: Mapping[int, Mapping[str, int]] | None = None
) -> PanelFacts:
    """What the rules need. ``candidates`` says how many there are, by sitting and room. Raises UnknownSitting."""
    sittings = [each for each in database.setup.sittings() if each.batch.id == batch]
    if not sittings:
        raise UnknownSitting(f"there is no batch {batch}, or it has no sitting")
    examiners = {each.key: each.thing for each in database.register.standing(EXAMINERS)}
    sent = {each.key: each for each in database.register.standing(DISPATCHES, batch=batch)}
    came = defaultdict(list)
    for entry in database.register.standing(ATTENDANCES, batch=batch):
        came[entry.thing.sitting].append(entry)
    panels = []
    for sitting in sittings:
        number = sitting.plan.number
        dispatch, arrivals = sent.get(_key(batch, number)), came.get(number)
        panels.append(
            SittingPanel(
                number=number,
                exam=Interval(sitting.start, sitting.end),
                over=sitting.closed is not None or (sitting.opened is None and sitting.end <= now),
                candidates=None if candidates is None else candidates.get(number),
                dispatch=None if dispatch is None else dispatch.thing,
                attendance=None if arrivals is None else tuple(each.thing for each in arrivals),
                entries=tuple(each.name for each in (*([dispatch] if dispatch else ()), *(arrivals or ()))),
            )
        )
    first = sittings[0]
    return PanelFacts(batch, first.site.id, first.batch.project, tuple(panels), examiners, tuple(_duties(database)))


def _duties(database: Database) -> Iterator[Duty]:
    sittings = {_key(each.batch.id, each.plan.number): each for each in database.setup.sittings()}
    for entry in database.register.standing(DISPATCHES):
        sitting = sittings.get(entry.key)
        if sitting is None:
            continue
        span = Interval(sitting.start, sitting.end)
        for member in entry.thing.members:
            yield Duty(member.examiner, sitting.batch.id, sitting.plan.number, sitting.site.id, span)


def _of_examiners(document: Document, file: _File) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, examiner in enumerate(file.examiners):
        field = ("examiners", index)
        if examiner.id in seen:
            yield document.problem((*field, "id"), f"{examiner.id} stands here twice")
        seen.add(examiner.id)
        both: dict[str, Sequence[_Badge]] = {"qualifications": examiner.qualifications, "badges": examiner.badges}
        for name, terms in both.items():
            for number, term in enumerate(terms):
                if term.valid_until < term.valid_from:
                    yield document.problem((*field, name, number, "valid_until"), "lies before valid_from")


def _of_dispatches(
    document: Document, file: _File, known: set[str], sittings: Mapping[tuple[str, int], Sitting]
) -> Iterator[Problem]:
    seen: set[tuple[str, int]] = set()
    for index, dispatch in enumerate(file.dispatches):
        field = ("dispatches", index)
        place = (dispatch.batch, dispatch.sitting)
        if place not in sittings:
            yield document.problem((*field, "sitting"), f"batch {place[0]} has no sitting {place[1]}; apply it first")
        if place in seen:
            yield document.problem(field, f"sitting {place[1]} of batch {place[0]} stands here twice")
        seen.add(place)
        named: set[str] = set()
        for number, member in enumerate(dispatch.members):
            where = (*field, "members", number, "examiner")
            if member.examiner not in known:
                yield document.problem(where, f"{member.examiner} is not on record; add them to `examiners`")
            if member.examiner in named:
                yield document.problem(where, f"{member.examiner} stands here twice")
            named.add(member.examiner)


def _examiner(told: _Examiner) -> Examiner:
    return Examiner(
        told.id,
        tuple(Qualification(**each.model_dump()) for each in told.qualifications),
        tuple(Grant(**each.model_dump()) for each in told.grants),
        tuple(Badge(**each.model_dump()) for each in told.badges),
    )


def _dispatch(told: _Dispatch) -> Dispatch:
    members = tuple(Member(**each.model_dump()) for each in told.members)
    return Dispatch(told.batch, told.sitting, members, told.by_centre)


def _sitting(database: Database, batch: str, number: int) -> Sitting:
    found = database.setup.sitting(batch, number)
    if found is None:
        raise UnknownSitting(f"there is no sitting {number} of batch {batch}; see `kaojian status`")
    return found


def _key(batch: str, sitting: int) -> str:
    return f"{batch}/{sitting}"
