"""The file of a room's record 考场记录表, as ``kaojian room-record write`` reads it.

YAML, and each mistake is told with its place. Not here: what a record may say beside the roll
(``records.room_records``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from config.documents import Document
from domain.grounds import Method
from domain.room_record import Condition, Held, Incident, IncidentKind, RoomRecord, VoidSheet
from records.declaration import instant
from records.room_records import Place

_STRICT = ConfigDict(extra="forbid", frozen=True)
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_Ticket = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]{0,39}$")]
_Instant = Annotated[datetime, BeforeValidator(instant)]


class _Held(BaseModel):
    """How a subject was examined."""

    model_config = _STRICT
    subject: _Text
    method: Method


class _Void(BaseModel):
    """A sheet that does not count 作废."""

    model_config = _STRICT
    ticket: _Ticket
    why: _Text


class _Incident(BaseModel):
    """What did not go as planned 异常及处理."""

    model_config = _STRICT
    kind: IncidentKind
    at: _Instant
    what: _Text
    handling: _Text
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    until: _Instant | None = None
    tickets: tuple[_Ticket, ...] = ()


class _File(BaseModel):
    """A room's record of Kaojian, as `kaojian room-record write` reads it."""

    model_config = _STRICT
    held: tuple[_Held, ...] = ()
    void: tuple[_Void, ...] = ()
    incidents: tuple[_Incident, ...] = ()
    equipment: Condition | None = None
    monitoring: Condition | None = None
    all_left: _Instant | None = None
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


def schema() -> dict[str, Any]:
    """The JSON Schema of the file."""
    return _File.model_json_schema()


def parse(document: Document, place: Place) -> RoomRecord:
    """What a file says of a room. Raises DocumentRefused with every place that is wrong."""
    file = document.validated(_File)
    return RoomRecord(
        place.batch,
        place.sitting,
        place.room,
        held=tuple(Held(each.subject, each.method) for each in file.held),
        void=tuple(VoidSheet(each.ticket, each.why) for each in file.void),
        incidents=tuple(sorted((Incident(**each.model_dump()) for each in file.incidents), key=lambda each: each.at)),
        equipment=file.equipment,
        monitoring=file.monitoring,
        all_left=file.all_left,
        note=file.note,
    )
