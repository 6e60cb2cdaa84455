"""Exam papers 试卷 over the API: their printing, packages of machines, orders to mark, and all that is on record.

Thin over ``records.exam_papers`` and ``records.marking``. Not here: hand-overs and openings on the day
(``dashboard.api.day``, ``dashboard.api.batches``), and whether the chain holds (``dashboard.api.cases``, C6.4-1).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field
from starlette.status import HTTP_201_CREATED

from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId
from dashboard.api.day import handed_of
from dashboard.api.day_shapes import At, DayHandOver, EnteredShape, Remark, Signer, Text, Ticket
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.entering import Entering, said
from dashboard.api.guard import NO_STORE
from dashboard.api.problems import CONFLICTS
from dashboard.api.shapes import Instant, Shape, open_ended
from domain.exam_papers import HandOver, NoPapers, Package, Printing
from domain.register import Entry
from domain.scores import MarkingOrder
from records import exam_papers as records
from records import marking

router = APIRouter(prefix="/batches/{batch}/papers", tags=["papers"], responses=CONFLICTS)

SubjectName = Annotated[
    str, Field(min_length=1, max_length=40, pattern=ONE_LINE, description="科目, as the norm has it")
]
SittingNumber = Annotated[int, Field(ge=1, le=999)]
_AT = "2026-04-28T02:00:00.000Z"


class ParcelShape(Shape):
    """A parcel 试卷袋 as it was printed, and the stages of its way that are on record, by time."""

    parcel: str
    sitting: int
    subject: str
    printed: Instant
    by: str
    by_centre: bool
    seal: str
    copies: int | None
    handed: tuple[DayHandOver, ...]


class PackageShape(Shape):
    """考题包 of a subject that a machine examines. ``sitting`` is null where it serves all."""

    subject: str
    sitting: int | None
    sha256: str
    received: Instant
    received_by: str
    note: str


class NoPapersShape(Shape):
    """无试卷: that a practical subject has no papers to be kept, and why."""

    subject: str
    at: Instant
    by: str
    reason: str


class MarkingOrderShape(Shape):
    """阅卷安排. ``site`` is "" where the centre itself marks."""

    order: str
    subject: str
    signed: Instant
    site: str
    document: str


class ExamPapersShape(Shape):
    """All that is on record of a batch's exam papers."""

    batch: str
    parcels: tuple[ParcelShape, ...]
    packages: tuple[PackageShape, ...]
    no_papers: tuple[NoPapersShape, ...]
    marking_orders: tuple[MarkingOrderShape, ...]


class PrintingBody(Shape):
    """印制 of a parcel. ``by`` is the office that printed it, and ``by_centre`` whether that is the city centre's.
    ``reason`` says why what stands is corrected.
    """

    model_config = ConfigDict(
        json_schema_extra=open_ended(
            {"parcel": "SJ-0001", "sitting": 1, "subject": "实操", "by": "市技能中心", "by_centre": True, "at": _AT}
        )
    )

    parcel: Ticket
    sitting: SittingNumber
    subject: SubjectName
    by: Text
    by_centre: bool
    seal: Signer = ""
    copies: Annotated[int, Field(ge=1, le=100_000)] | None = None
    at: At | None = None
    reason: Remark = ""


class NoPapersBody(Shape):
    """That a practical subject has no papers, and why."""

    model_config = ConfigDict(json_schema_extra=open_ended({"subject": "实操", "why": "题目见考核规范"}))

    subject: SubjectName
    why: Text
    at: At | None = None


class PackageBody(Shape):
    """考题包接收. ``reason`` says why what stands is corrected."""

    model_config = ConfigDict(json_schema_extra=open_ended({"subject": "机考", "sha256": "9c" * 32}))

    subject: SubjectName
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    sitting: SittingNumber | None = None
    note: Remark = ""
    at: At | None = None
    reason: Remark = ""


class MarkingBody(Shape):
    """Who marks a written subject: the centre itself, or a ``site`` by the document of that number. ``reason`` says
    why what stands is changed.
    """

    model_config = ConfigDict(json_schema_extra=open_ended({"order": "yj-1", "subject": "理论"}))

    order: Ticket
    subject: SubjectName
    site: Signer = ""
    document: Signer = ""
    signed: At | None = None
    reason: Remark = ""


@router.get("")
def exam_papers(response: Response, backed: Backed, batch: BatchId) -> ExamPapersShape:
    """Parcels with their way, packages, subjects without papers, and orders to mark."""
    response.headers.update(NO_STORE)
    found = records.papers_of(backed.database, batch)
    handed = sorted((each.thing for each in found.hand_overs), key=lambda each: each.at)
    return ExamPapersShape(
        batch=batch,
        parcels=tuple(_parcel(each.thing, handed) for each in found.printings),
        packages=tuple(_package(each) for each in found.packages),
        no_papers=tuple(_none(each) for each in found.no_papers),
        marking_orders=tuple(_order(each) for each in marking.orders_of(backed.database, batch)),
    )


@router.post("/parcels", status_code=HTTP_201_CREATED)
def print_papers(*, response: Response, desk: Entering, batch: BatchId, given: PrintingBody) -> EnteredShape:
    """印制: the centre printed a parcel for a subject of a sitting."""
    response.headers.update(NO_STORE)
    told = Printing(
        batch,
        given.parcel,
        given.sitting,
        given.subject,
        given.at or desk.now,
        given.by,
        given.by_centre,
        given.seal.strip(),
        given.copies,
    )
    return EnteredShape(at=records.print_parcel(desk, told, given.reason).thing.at)


@router.post("/none", status_code=HTTP_201_CREATED)
def say_no_papers(*, response: Response, desk: Entering, batch: BatchId, given: NoPapersBody) -> EnteredShape:
    """无试卷: a practical subject has no papers to be kept."""
    response.headers.update(NO_STORE)
    who = said(desk, given.at)
    return EnteredShape(at=records.say_none(desk, NoPapers(batch, given.subject, who.at, who.by, given.why)).thing.at)


@router.post("/packages", status_code=HTTP_201_CREATED)
def receive_package(*, response: Response, desk: Entering, batch: BatchId, given: PackageBody) -> EnteredShape:
    """考题包接收: the package of a subject that a machine examines was received."""
    response.headers.update(NO_STORE)
    who = said(desk, given.at)
    told = Package(batch, given.subject, given.sha256, who.at, who.by, given.sitting, given.note.strip())
    return EnteredShape(at=records.receive_package(desk, told, given.reason).thing.at)


@router.post("/marking-orders", status_code=HTTP_201_CREATED)
def order_marking(*, response: Response, desk: Entering, batch: BatchId, given: MarkingBody) -> EnteredShape:
    """阅卷安排: the centre marks a written subject, or lets the site assist."""
    response.headers.update(NO_STORE)
    told = MarkingOrder(given.order, batch, given.subject, given.signed or desk.now, given.site, given.document)
    return EnteredShape(at=marking.order(desk, told, given.reason).thing.signed)


def _parcel(printed: Printing, handed: list[HandOver]) -> ParcelShape:
    return ParcelShape(
        parcel=printed.parcel,
        sitting=printed.sitting,
        subject=printed.subject,
        printed=printed.at,
        by=printed.by,
        by_centre=printed.by_centre,
        seal=printed.seal,
        copies=printed.copies,
        handed=tuple(handed_of(each) for each in handed if each.parcel == printed.parcel),
    )


def _package(entry: Entry[Package]) -> PackageShape:
    told = entry.thing
    return PackageShape(
        subject=told.subject,
        sitting=told.sitting,
        sha256=told.sha256,
        received=told.at,
        received_by=told.received_by,
        note=told.note,
    )


def _none(entry: Entry[NoPapers]) -> NoPapersShape:
    told = entry.thing
    return NoPapersShape(subject=told.subject, at=told.at, by=told.by, reason=told.reason)


def _order(entry: Entry[MarkingOrder]) -> MarkingOrderShape:
    told = entry.thing
    return MarkingOrderShape(
        order=told.id, subject=told.subject, signed=told.signed, site=told.site, document=told.document
    )
