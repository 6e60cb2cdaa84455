"""The record of a room 考场记录表 over the API: read, written, signed by whoever was sent, and printed.

Thin over ``records.room_records``. Who signs is the account that is logged in, by its name, which is the examiner's
id. Not here: one incident by itself (``dashboard.api.day``).
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field

from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId, Number
from dashboard.api.day import violation_of
from dashboard.api.day_shapes import At, DayIncident, DayViolation, Remark, Text, Ticket
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.entering import Entering
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.printed import Lang, PdfResponse
from dashboard.api.problems import CONFLICTS
from dashboard.api.shapes import Instant, Shape, open_ended
from dashboard.papers.printing import form_as_pdf
from dashboard.papers.room_record import compose
from dashboard.papers.words import Language
from domain.grounds import Method
from domain.room_record import Condition, Held, Incident, IncidentKind, RoomRecord, RoomSignature, VoidSheet
from records import room_records as records
from records.room_records import Place, Sheet

router = APIRouter(
    prefix="/batches/{batch}/sittings/{number}/rooms/{room}/record", tags=["papers"], responses=CONFLICTS
)

RoomId = Annotated[str, Path(max_length=64, pattern=ONE_LINE)]
_MOST = 500  # candidates in one room


class RecordHeld(Shape):
    """By which method a subject was examined in the room."""

    subject: Annotated[str, Field(min_length=1, max_length=40, pattern=ONE_LINE)]
    method: Method


class RecordVoid(Shape):
    """作废: a sheet that does not count, whose it was and why."""

    candidate: Ticket
    why: Text


class RecordIncident(DayIncident):
    """异常 of a room, and the candidates it concerns, none for all."""

    candidates: tuple[str, ...]


class RecordSignature(Shape):
    """签名 of an examiner, with the numbers of the roll that were signed."""

    examiner: str
    leads: bool
    at: Instant
    planned: int
    attended: int


class RoomRecordShape(Shape):
    """A room's record with what the roll says now. ``entry`` is null where nobody wrote one yet. ``signed``: by the
    leader and another examiner; ``changed_since`` are those who signed other numbers than the roll has now.
    """

    batch: str
    sitting: int
    room: str
    entry: str | None
    subjects: tuple[str, ...]
    planned: int
    attended: int
    absent: tuple[str, ...]
    unrecorded: tuple[str, ...]
    violations: tuple[DayViolation, ...]
    held: tuple[RecordHeld, ...]
    void: tuple[RecordVoid, ...]
    incidents: tuple[RecordIncident, ...]
    equipment: Condition | None
    monitoring: Condition | None
    all_left: Instant | None
    note: str
    signatures: tuple[RecordSignature, ...]
    signed: bool
    changed_since: tuple[str, ...]


class IncidentOfRecord(Shape):
    """异常 as it is written into a record."""

    kind: IncidentKind
    at: At
    what: Text
    handling: Text
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    until: At | None = None
    candidates: Annotated[tuple[Ticket, ...], Field(max_length=_MOST)] = ()


class RoomRecordBody(Shape):
    """What is written down of a room, in place of what stands. Who came is counted from the roll. ``reason`` says why
    a signed record is changed; it has to be signed again then.
    """

    model_config = ConfigDict(
        json_schema_extra=open_ended(
            {"held": [{"subject": "实操", "method": "practical"}], "equipment": "good", "monitoring": "good"}
        )
    )

    held: Annotated[tuple[RecordHeld, ...], Field(max_length=50)] = ()
    void: Annotated[tuple[RecordVoid, ...], Field(max_length=_MOST)] = ()
    incidents: Annotated[tuple[IncidentOfRecord, ...], Field(max_length=_MOST)] = ()
    equipment: Condition | None = None
    monitoring: Condition | None = None
    all_left: At | None = None
    note: Remark = ""
    reason: Remark = ""


class SigningBody(Shape):
    """When it was signed; now where it is left out."""

    model_config = ConfigDict(json_schema_extra=open_ended({"at": "2026-05-01T02:40:00.000Z"}))

    at: At | None = None


@router.get("")
def room_record(response: Response, backed: Backed, batch: BatchId, number: Number, room: RoomId) -> RoomRecordShape:
    """What was written down of a room, and what the roll says of it."""
    response.headers.update(NO_STORE)
    return _shape(records.sheet_of(backed.database, Place(batch, number, room)))


@router.put("")
def write_room_record(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, room: RoomId, given: RoomRecordBody
) -> RoomRecordShape:
    """Write a room's record, in place of what stands. The same again changes nothing."""
    response.headers.update(NO_STORE)
    place = Place(batch, number, room)
    records.write(desk, _told(place, given), given.reason)
    return _shape(records.sheet_of(desk.database, place))


@router.post("/signature")
def sign_room_record(
    *,
    response: Response,
    viewer: Viewing,
    desk: Entering,
    batch: BatchId,
    number: Number,
    room: RoomId,
    given: SigningBody,
) -> RoomRecordShape:
    """Sign a room's record, as an examiner who was sent to the sitting."""
    response.headers.update(NO_STORE)
    place = Place(batch, number, room)
    records.sign(desk, place, viewer.account.name, given.at)
    return _shape(records.sheet_of(desk.database, place))


@router.get("/paper.pdf", response_class=PdfResponse)
def room_record_paper(
    backed: Backed, batch: BatchId, number: Number, room: RoomId, lang: Lang = Language.ZH
) -> Response:
    """A room's record as PDF/A; what was not written or signed yet stays empty."""
    form = compose(records.sheet_of(backed.database, Place(batch, number, room)), backed.clock.now(), lang)
    named = f"inline; filename*=UTF-8''{quote(form.number, safe='')}.pdf"
    return PdfResponse(form_as_pdf(form), headers={"Content-Disposition": named, **NO_STORE})


def _told(place: Place, given: RoomRecordBody) -> RoomRecord:
    incidents = (
        Incident(
            each.kind, each.at, each.what.strip(), each.handling.strip(), each.minutes, each.until, each.candidates
        )
        for each in given.incidents
    )
    return RoomRecord(
        place.batch,
        place.sitting,
        place.room,
        held=tuple(Held(each.subject.strip(), each.method) for each in given.held),
        void=tuple(VoidSheet(each.candidate, each.why.strip()) for each in given.void),
        incidents=tuple(sorted(incidents, key=lambda each: each.at)),
        equipment=given.equipment,
        monitoring=given.monitoring,
        all_left=given.all_left,
        note=given.note.strip(),
    )


def _shape(sheet: Sheet) -> RoomRecordShape:
    record, counts = sheet.record, sheet.counts
    return RoomRecordShape(
        batch=sheet.place.batch,
        sitting=sheet.place.sitting,
        room=sheet.place.room,
        entry=sheet.entry.name if sheet.entry is not None else None,
        subjects=sheet.subjects,
        planned=counts.planned,
        attended=counts.attended,
        absent=counts.absent,
        unrecorded=counts.unrecorded,
        violations=tuple(violation_of(each) for each in sheet.violations),
        held=tuple(RecordHeld(subject=each.subject, method=each.method) for each in record.held),
        void=tuple(RecordVoid(candidate=each.ticket, why=each.why) for each in record.void),
        incidents=tuple(_incident(each) for each in record.incidents),
        equipment=record.equipment,
        monitoring=record.monitoring,
        all_left=record.all_left,
        note=record.note,
        signatures=tuple(_signature(each) for each in record.signatures),
        signed=record.is_signed,
        changed_since=sheet.changed_since,
    )


def _incident(told: Incident) -> RecordIncident:
    return RecordIncident(
        kind=told.kind,
        at=told.at,
        what=told.what,
        handling=told.handling,
        minutes=told.minutes,
        until=told.until,
        candidates=told.tickets,
    )


def _signature(told: RoomSignature) -> RecordSignature:
    return RecordSignature(
        examiner=told.by, leads=told.leads, at=told.at, planned=told.counts.planned, attended=told.counts.attended
    )
