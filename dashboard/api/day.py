"""An exam day 考场当日 for the operator of its site: a sitting with its roll as it stands, and what is entered of it.

Thin over ``records.conduct``, ``records.roll``, ``records.room_records`` and ``records.exam_papers``. Who enters is
who is logged in. Not here: the check before (``dashboard.api.readiness``), marks (``dashboard.api.batches``).
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Response
from starlette.status import HTTP_201_CREATED

from dashboard.access.login import actor_of
from dashboard.access.table import Act
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId, Number, times_of
from dashboard.api.day_shapes import (
    CandidateBody,
    ClosingBody,
    DayCandidate,
    DayHandOver,
    DayIncident,
    DayMarkShape,
    DayParcel,
    DayPhases,
    DayRoom,
    DayShape,
    DayViolation,
    EnteredShape,
    HandOverBody,
    HappenedIncident,
    HappenedShape,
    IncidentBody,
    MoveBody,
    OpeningBody,
    SignInBody,
    StepShape,
    ViolationBody,
)
from dashboard.api.entering import Entering, said
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import CONFLICTS
from dashboard.api.shapes import SittingTimes
from domain.exam_papers import HandOver
from domain.phases import Marked, latest_marks
from domain.places import Room
from domain.roll import Violation
from domain.room_record import Incident, RoomRecord
from records import conduct, day_sheet, exam_papers, roll, room_records
from records.day_sheet import Line, Parcel, Taken
from records.errors import DiskTooFull
from records.roll import Shown
from records.room_records import Place

router = APIRouter(prefix="/batches/{batch}/sittings/{number}", tags=["day"], responses=CONFLICTS)


@router.get("/day")
def day(response: Response, backed: Backed, batch: BatchId, number: Number) -> DayShape:
    """A sitting as it stands now: phases, marks, the roll of each room with names, incidents, parcels of papers."""
    response.headers.update(NO_STORE)
    found = backed.sitting(batch, number)
    lines = day_sheet.lines(backed.database, backed.numbers, found)
    records = {
        each.thing.room: each.thing
        for each in room_records.records_of(backed.database, batch)
        if each.thing.sitting == number
    }
    placed = {station.id for room in found.rooms for station in room.stations}
    phases = found.phases(found.start, max(found.start, found.end))
    return DayShape(
        batch=batch,
        project=found.batch.project,
        site=found.site.id,
        site_name=found.site.name,
        at=backed.clock.now(),
        sitting=SittingTimes(**times_of(found)),
        phases=DayPhases(begin=phases.begin, start=phases.start, end=phases.end, finish=phases.finish),
        marks=_marks(backed.database.marks.of(batch, number)),
        rooms=tuple(_room(each, lines, records.get(each.id)) for each in found.rooms),
        unplaced=tuple(_candidate(each) for each in lines if each.station not in placed),
        parcels=tuple(_parcel(each) for each in day_sheet.parcels(backed.database, found)),
    )


@router.get("/happened")
def happened(*, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, number: Number) -> HappenedShape:
    """When candidates came, moved and left, and what went wrong, for the timeline: no names.

    Tickets, stations and what was written of an incident only to who may see the roll.
    """
    response.headers.update(NO_STORE)
    backed.sitting(batch, number)
    told = viewer.may(Act.ROLL)
    return HappenedShape(
        steps=tuple(_step(each, told) for each in day_sheet.steps(backed.database, batch, number)),
        incidents=tuple(
            _happened(room, each, told) for room, each in room_records.incidents_of(backed.database, batch, number)
        ),
    )


@router.post("/opening", status_code=HTTP_201_CREATED)
def open_sitting(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, number: Number, given: OpeningBody
) -> EnteredShape:
    """Open a sitting 开考, for good: the set-up that it rests on is frozen. Recording does not wait for it."""
    response.headers.update(NO_STORE)
    opened = conduct.open_sitting(
        backed.database,
        batch,
        number,
        actor_of(viewer.account.name),
        backed.clock,
        disk=_disk(backed),
        actual_start=given.at,
        rules=backed.rule_packs,
    )
    return EnteredShape(at=opened.sitting.start, warnings=opened.warnings)


@router.post("/closing", status_code=HTTP_201_CREATED)
def close_sitting(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, number: Number, given: ClosingBody
) -> EnteredShape:
    """Close an open sitting, for good: recording ends when its tail has run. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    actor = actor_of(viewer.account.name)
    closed = conduct.close_sitting(backed.database, batch, number, actor, backed.clock, actual_end=given.at)
    return EnteredShape(at=closed.end)


@router.post("/sign-ins", status_code=HTTP_201_CREATED)
def sign_in(
    *, response: Response, desk: Entering, backed: Backed, batch: BatchId, number: Number, given: SignInBody
) -> EnteredShape:
    """签到: a candidate came. Entered again it corrects what was entered before, also that they were absent."""
    response.headers.update(NO_STORE)
    signed = roll.sign_in(
        desk,
        backed.numbers(),
        batch,
        number,
        given.candidate,
        showed=Shown(given.check, given.document, given.number),
        said=said(desk, given.at),
        station=given.station,
    )
    return EnteredShape(at=signed.at)


@router.post("/absences", status_code=HTTP_201_CREATED)
def mark_absent(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, given: CandidateBody
) -> EnteredShape:
    """缺考: a candidate did not come. Corrects what was entered before, also that they had signed in."""
    response.headers.update(NO_STORE)
    marked = roll.mark_absent(desk, batch, number, given.candidate, said=said(desk, given.at))
    return EnteredShape(at=marked.at)


@router.post("/moves", status_code=HTTP_201_CREATED)
def move_candidate(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, given: MoveBody
) -> EnteredShape:
    """换工位: from then on the candidate's own footage is that of the other station."""
    response.headers.update(NO_STORE)
    who = said(desk, given.at)
    change = roll.change_station(desk, batch, number, given.candidate, given.station, said=who, why=given.why)
    return EnteredShape(at=change.at)


@router.post("/violations", status_code=HTTP_201_CREATED)
def note_violation(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, given: ViolationBody
) -> EnteredShape:
    """违纪 of a candidate who signed in. Stays on record."""
    response.headers.update(NO_STORE)
    noted = roll.note_violation(
        desk,
        batch,
        number,
        given.candidate,
        said=said(desk, given.at),
        what=given.what,
        handling=given.handling,
        excludes=given.excludes,
    )
    return EnteredShape(at=noted.at)


@router.post("/leavings", status_code=HTTP_201_CREATED)
def leave_station(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, given: CandidateBody
) -> EnteredShape:
    """离场 of a candidate for good: their own exam ends there. Entered again it corrects the time."""
    response.headers.update(NO_STORE)
    return EnteredShape(at=roll.leave(desk, batch, number, given.candidate, said=said(desk, given.at)).at)


@router.post("/incidents", status_code=HTTP_201_CREATED)
def note_incident(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, given: IncidentBody
) -> EnteredShape:
    """异常 into a room's record: late start, extension, postponement, power cut, a failure. Moves no time."""
    response.headers.update(NO_STORE)
    incident = Incident(
        given.kind,
        given.at or desk.now,
        given.what.strip(),
        given.handling.strip(),
        given.minutes,
        given.until,
        given.candidates,
    )
    room_records.note_incident(desk, Place(batch, number, given.room), incident, given.reason)
    return EnteredShape(at=incident.at)


@router.post("/hand-overs", status_code=HTTP_201_CREATED)
def hand_papers(
    *, response: Response, desk: Entering, backed: Backed, batch: BatchId, number: Number, given: HandOverBody
) -> EnteredShape:
    """交接: a parcel of the sitting's papers went from one to another. Opening is a mark and not entered here."""
    response.headers.update(NO_STORE)
    exam_papers.printed_for(backed.database, batch, number, given.parcel)
    told = HandOver(
        batch,
        given.parcel,
        given.stage,
        given.at or desk.now,
        given.given_by,
        given.taken_by,
        given.seal.strip(),
        given.intact,
        given.note.strip(),
    )
    return EnteredShape(at=exam_papers.hand_over(desk, told, given.reason).thing.at)


def _disk(backed: Backing) -> conduct.Disk:
    """The first spool of this host, as for the command line."""
    spools = backed.means.spools
    if not spools.folders:
        raise DiskTooFull(
            "no spool of this host is known here; open the sitting at the recorder: kaojian sitting open"
        )
    return conduct.Disk.of(spools.folders[0], spools.reserve_bytes, spools.expected_bit_rate)


def _marks(entries: Sequence[Marked]) -> tuple[DayMarkShape, ...]:
    held = latest_marks(entries)
    return tuple(DayMarkShape(mark=mark, at=each.at) for mark, each in held.items() if each.at is not None)


def _room(room: Room, lines: Sequence[Line], record: RoomRecord | None) -> DayRoom:
    stations = tuple(each.id for each in room.stations)
    incidents = record.incidents if record is not None else ()
    return DayRoom(
        room=room.id,
        name=room.name,
        stations=stations,
        candidates=tuple(_candidate(each) for each in lines if each.station in stations),
        incidents=tuple(
            DayIncident(
                kind=each.kind,
                at=each.at,
                what=each.what,
                handling=each.handling,
                minutes=each.minutes,
                until=each.until,
            )
            for each in incidents
        ),
        signed=tuple(each.by for each in record.signatures) if record is not None else (),
    )


def _candidate(line: Line) -> DayCandidate:
    signed = line.signed
    return DayCandidate(
        candidate=line.ticket,
        name=line.name,
        number=line.number,
        subjects=tuple(each.subject for each in line.seats),
        seat=line.seats[0].station if line.seats else "",
        station=line.station,
        present=signed.present if signed is not None else None,
        signed=signed.at if signed is not None else None,
        check=signed.check if signed is not None and signed.present else None,
        moved=len(line.moves),
        left=line.left,
        violations=tuple(violation_of(each) for each in line.violations),
    )


def _step(taken: Taken, told: bool) -> StepShape:
    return StepShape(
        step=taken.step,
        at=taken.at,
        room=taken.room,
        candidate=taken.ticket if told else None,
        station=taken.station if told else None,
    )


def _happened(room: str, incident: Incident, told: bool) -> HappenedIncident:
    return HappenedIncident(
        room=room,
        kind=incident.kind,
        at=incident.at,
        minutes=incident.minutes,
        until=incident.until,
        what=incident.what if told else None,
        handling=incident.handling if told else None,
    )


def _parcel(parcel: Parcel) -> DayParcel:
    printed = parcel.printed
    return DayParcel(
        parcel=printed.parcel,
        subject=printed.subject,
        seal=printed.seal,
        copies=printed.copies,
        handed=tuple(handed_of(each) for each in parcel.handed),
    )


def handed_of(each: HandOver) -> DayHandOver:
    """One stage of a parcel's way."""
    return DayHandOver(
        stage=each.stage,
        at=each.at,
        given_by=each.given_by,
        taken_by=each.taken_by,
        seal=each.seal,
        intact=each.intact,
    )


def violation_of(each: Violation) -> DayViolation:
    """违纪 of a candidate."""
    return DayViolation(at=each.at, what=each.what, handling=each.handling, excludes=each.excludes)
