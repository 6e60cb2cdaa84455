"""The roll 考生名册 of a batch for programs: admission tickets, subjects and seats, and nothing of who somebody is.

Not here: names and numbers of documents, which no program is given (``records.roster``).
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId
from dashboard.api.guard import NO_STORE
from dashboard.api.problems import RESPONSES
from dashboard.api.shapes import Shape
from records import roll as records

router = APIRouter(prefix="/batches/{batch}/roll", tags=["roll"], responses=RESPONSES)


class SeatShape(Shape):
    """Where a candidate sits, and for which subject 科目."""

    sitting: int
    room: str
    station: str
    subject: str


class EnrolledShape(Shape):
    """One candidate by admission ticket 准考证号."""

    candidate: str
    subjects: tuple[str, ...]
    seats: tuple[SeatShape, ...]


class RollShape(Shape):
    """All candidates of a batch as its roll stands now, by ticket."""

    batch: str
    site: str
    project: str
    candidates: tuple[EnrolledShape, ...]


@router.get("")
def roll(response: Response, backed: Backed, batch: BatchId) -> RollShape:
    """Tickets, subjects and seats of a batch's candidates: no names, no numbers."""
    response.headers.update(NO_STORE)
    known, found = records.seated(backed.database, batch)
    return RollShape(
        batch=batch,
        site=known.site,
        project=known.project,
        candidates=tuple(
            EnrolledShape(
                candidate=each.ticket,
                subjects=each.subjects,
                seats=tuple(
                    SeatShape(sitting=seat.sitting, room=seat.room, station=seat.station, subject=seat.subject)
                    for seat in seats
                ),
            )
            for each, seats in found
        ),
    )
