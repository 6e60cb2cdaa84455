"""The shapes of an exam day 考场当日: a sitting as its site's operator works on it, and what they enter."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.shapes import Instant, Shape, SittingTimes, open_ended
from domain.exam_papers import Stage
from domain.phases import Mark
from domain.roll import Document, IdCheck
from domain.room_record import IncidentKind
from records.day_sheet import Step

_FIRST, _LAST = 2000, 2199  # beyond them instants cannot be brought into UTC, or are a slip of the hand


def _of_our_time(told: datetime) -> datetime:
    if not _FIRST <= told.year <= _LAST:
        raise ValueError(f"the year must lie between {_FIRST} and {_LAST}")
    return told


At = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
Ticket = Annotated[str, Field(pattern=r"^\w[\w.-]{0,39}$", description="准考证号", examples=["00017"])]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=ONE_LINE)]
Remark = Annotated[str, Field(max_length=500, pattern=ONE_LINE)]
Signer = Annotated[str, Field(max_length=100, pattern=ONE_LINE)]

_AT = "2026-05-01T01:00:00.000Z"


class DayMarkShape(Shape):
    """A mark as it holds."""

    mark: Mark
    at: Instant


class DayPhases(Shape):
    """W1 入场 from ``begin`` to ``start``, W2 考试 to ``end``, W3 收卷与评分 to ``finish``; planned until they are
    real."""

    begin: Instant
    start: Instant
    end: Instant
    finish: Instant


class DayViolation(Shape):
    """违纪 of a candidate."""

    at: Instant
    what: str
    handling: str
    excludes: bool


class DayCandidate(Shape):
    """One candidate. ``present`` is null while nobody said whether they came; ``number`` is masked, "" where it is
    not known. ``seat`` is the station of the seat, ``station`` where they are now.
    """

    candidate: str
    name: str
    number: str
    subjects: tuple[str, ...]
    seat: str
    station: str
    present: bool | None
    signed: Instant | None
    check: IdCheck | None
    moved: int
    left: Instant | None
    violations: tuple[DayViolation, ...]


class DayIncident(Shape):
    """异常 in the record of a room."""

    kind: IncidentKind
    at: Instant
    what: str
    handling: str
    minutes: int | None
    until: Instant | None


class DayRoom(Shape):
    """A room with its candidates by station. ``signed``: who signed its record 考场记录表; a later incident takes
    these signatures away.
    """

    room: str
    name: str
    stations: tuple[str, ...]
    candidates: tuple[DayCandidate, ...]
    incidents: tuple[DayIncident, ...]
    signed: tuple[str, ...]


class DayHandOver(Shape):
    """One stage of a parcel's way that is on record; who did not sign is ""."""

    stage: Stage
    at: Instant
    given_by: str
    taken_by: str
    seal: str
    intact: bool | None


class DayParcel(Shape):
    """A parcel of papers 试卷袋 of the sitting."""

    parcel: str
    subject: str
    seal: str
    copies: int | None
    handed: tuple[DayHandOver, ...]


class DayShape(Shape):
    """A sitting on its day. ``unplaced`` are candidates without a station in its rooms."""

    batch: str
    project: str
    site: str
    site_name: str
    at: Instant
    sitting: SittingTimes
    phases: DayPhases
    marks: tuple[DayMarkShape, ...]
    rooms: tuple[DayRoom, ...]
    unplaced: tuple[DayCandidate, ...]
    parcels: tuple[DayParcel, ...]


class StepShape(Shape):
    """A candidate came 签到, moved 换工位 or left 离场. Ticket and station are null to who may not see the roll."""

    step: Step
    at: Instant
    room: str
    candidate: str | None
    station: str | None


class HappenedIncident(Shape):
    """异常 of a room. ``what`` and ``handling`` may name candidates: to who may see the roll; null to others."""

    room: str
    kind: IncidentKind
    at: Instant
    minutes: int | None
    until: Instant | None
    what: str | None
    handling: str | None


class HappenedShape(Shape):
    """What is on record of a sitting for its timeline, by time."""

    steps: tuple[StepShape, ...]
    incidents: tuple[HappenedIncident, ...]


class EnteredShape(Shape):
    """That something was entered, of what instant, and what is odd about it although it was no reason to refuse."""

    at: Instant
    warnings: tuple[str, ...] = ()


class OpeningBody(Shape):
    """When the exam began 开考; now where it is left out."""

    model_config = ConfigDict(json_schema_extra=open_ended({"at": _AT}))

    at: At | None = None


class ClosingBody(Shape):
    """When the exam ended 结束; now where it is left out."""

    model_config = ConfigDict(json_schema_extra=open_ended({"at": "2026-05-01T02:30:00.000Z"}))

    at: At | None = None


class SignInBody(Shape):
    """Who came, and how it was found out who they are 人证核验. ``number`` is that of the document, for ``card`` and
    ``typed``; it is kept as a mark only. Without ``station``, that of the seat.
    """

    model_config = ConfigDict(json_schema_extra=open_ended({"candidate": "00017", "check": "compared"}))

    candidate: Ticket
    check: IdCheck
    document: Document = Document.RESIDENT_ID
    number: Annotated[str, Field(max_length=40, pattern=ONE_LINE)] = ""
    station: Annotated[str, Field(max_length=64, pattern=ONE_LINE)] = ""
    at: At | None = None


class CandidateBody(Shape):
    """Of whom it is said that they did not come 缺考, or left 离场."""

    model_config = ConfigDict(json_schema_extra=open_ended({"candidate": "00017"}))

    candidate: Ticket
    at: At | None = None


class MoveBody(Shape):
    """换工位: to which station, and why."""

    model_config = ConfigDict(
        json_schema_extra=open_ended({"candidate": "00017", "station": "A-02", "why": "工位设备故障"})
    )

    candidate: Ticket
    station: Id
    why: Text
    at: At | None = None


class ViolationBody(Shape):
    """违纪: what was done against the rules, and what was done about it."""

    model_config = ConfigDict(
        json_schema_extra=open_ended({"candidate": "00017", "what": "携带手机", "handling": "警告并代管"})
    )

    candidate: Ticket
    what: Text
    handling: Text
    excludes: bool = False
    at: At | None = None


class IncidentBody(Shape):
    """异常 in a room. ``minutes`` of a late start or an extension, ``until`` of a postponement. ``reason`` says why a
    record that is signed is changed; it has to be signed again then.
    """

    model_config = ConfigDict(
        json_schema_extra=open_ended(
            {"room": "r301", "kind": "extension", "what": "停电后补时", "handling": "延长考试", "minutes": 10}
        )
    )

    room: Id
    kind: IncidentKind
    what: Text
    handling: Text
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    until: At | None = None
    candidates: Annotated[tuple[Ticket, ...], Field(max_length=500)] = ()
    reason: Remark = ""
    at: At | None = None


class HandOverBody(Shape):
    """交接 of a parcel. Who did not sign is left out; ``intact`` is left out where nobody looked at the seal.
    ``reason`` says why what stands is corrected.
    """

    model_config = ConfigDict(
        json_schema_extra=open_ended(
            {
                "parcel": "SJ-0001",
                "stage": "collected",
                "given_by": "监考员甲",
                "taken_by": "考务员乙",
                "intact": True,
            }
        )
    )

    parcel: Ticket
    stage: Literal[Stage.FETCHED, Stage.CARRIED, Stage.KEPT, Stage.COLLECTED, Stage.SEALED, Stage.FILED]
    given_by: Signer = ""
    taken_by: Signer = ""
    seal: Signer = ""
    intact: bool | None = None
    note: Remark = ""
    reason: Remark = ""
    at: At | None = None
