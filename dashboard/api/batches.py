"""Batches, sittings and their reports; and for those who see no report, which sittings there are."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response
from starlette.status import HTTP_201_CREATED

from analysis.report import batch_report
from analysis.report_json import to_json
from dashboard.access.login import actor_of
from dashboard.access.sight import Sight
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.headers import PAPER, PICTURED
from dashboard.api.printed import PdfResponse, Printed
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.shapes import (
    BatchSummary,
    CameraPlace,
    MadeMarkShape,
    MarkBody,
    Report,
    RoomShape,
    ScheduledBatch,
    ScheduledSitting,
    SittingDetail,
    SittingState,
    SittingSummary,
    SittingTimes,
    WholeBatchReport,
)
from dashboard.papers.printing import as_html, as_pdf
from domain.places import Room, Sitting
from records import conduct
from storage.errors import UnknownBatch

router = APIRouter(tags=["batches"], responses=RESPONSES)

BatchId = Annotated[str, Path(max_length=64)]
Number = Annotated[int, Path(ge=1, le=999)]


@router.get("/schedule")
def schedule(seen: Seen) -> list[ScheduledBatch]:
    """When and where the sittings of the viewer's batches are held, the latest first; nothing of what was seen."""
    return [_scheduled(sittings) for sittings in _by_batch(seen)]


@router.get("/batches")
def batches(backed: Backed, seen: Seen) -> list[BatchSummary]:
    """The batches in the viewer's scope with their sittings, the latest first."""
    return [_summary(backed, sittings) for sittings in _by_batch(seen)]


@router.get("/batches/{batch}/report")
def whole_report(backed: Backed, batch: BatchId) -> WholeBatchReport:
    """The reports of all sittings of a batch and the verdict they fold to."""
    known = backed.database.setup.batch(batch)
    if known is None:
        raise UnknownBatch(f"there is no batch {batch}")
    made = batch_report(backed.database, batch, backed.rule_packs(known.rule_pack), backed.clock.now())
    return WholeBatchReport.model_validate(to_json(made))


@router.get("/batches/{batch}/sittings/{number}")
def sitting(backed: Backed, batch: BatchId, number: Number) -> SittingDetail:
    """Where and when a sitting is held and which cameras see which stations, as the sitting rests on them."""
    found = backed.sitting(batch, number)
    return SittingDetail(
        batch=found.batch.id,
        project=found.batch.project,
        rule_pack=found.batch.rule_pack,
        site=found.site.id,
        site_name=found.site.name,
        county=found.site.county,
        sitting=SittingTimes(**times_of(found)),
        rooms=tuple(_room(room) for room in found.rooms),
    )


@router.post("/batches/{batch}/sittings/{number}/marks", status_code=HTTP_201_CREATED, responses=CONFLICTS)
def mark_sitting(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, number: Number, given: MarkBody
) -> MadeMarkShape:
    """Mark what is done in a sitting: papers unsealed, rules read, exam started, papers collected and sealed.

    A second entry of a mark corrects the first and has a reason; both are kept. An odd order is kept and told.
    """
    response.headers.update(NO_STORE)
    made = conduct.mark_sitting(
        backed.database,
        batch,
        number,
        actor_of(viewer.account.name),
        backed.clock,
        mark=given.mark,
        at=given.at,
        reason=given.reason,
        taken_back=given.take_back,
    )
    marked = made.marked
    return MadeMarkShape(
        mark=marked.mark,
        at=marked.at,
        written=marked.written,
        by=marked.actor.name,
        reason=marked.reason,
        warnings=made.warnings,
    )


@router.get("/batches/{batch}/sittings/{number}/report")
def report(backed: Backed, batch: BatchId, number: Number) -> Report:
    """The coverage report of one sitting as the evidence stands now."""
    return Report.model_validate(to_json(backed.report(backed.sitting(batch, number))))


@router.get("/batches/{batch}/sittings/{number}/report.html", response_class=HTMLResponse)
def report_paper(asked: Printed) -> HTMLResponse:
    """The same report as one page for printing, complete in itself; with ``pictures``, as ``report_file``."""
    return HTMLResponse(as_html(asked.paper()), headers=PICTURED if asked.pictures else PAPER)


@router.get("/batches/{batch}/sittings/{number}/report.pdf", response_class=PdfResponse)
def report_file(asked: Printed) -> Response:
    """The same report as a file to keep: PDF/A-2b.

    With ``pictures`` the longest gaps and unusable spans are shown by small pictures from the footage. That is
    footage taken away: the sitting must be closed, and it is written down. City officers and auditors say why.
    """
    paper = asked.paper()
    named = {"Content-Disposition": f"inline; filename*=UTF-8''{quote(paper.number, safe='')}.pdf"}
    return PdfResponse(as_pdf(paper), headers=named)


def _by_batch(seen: Sight) -> list[list[Sitting]]:
    """The sittings of each batch by number, the batch with the latest one first."""
    sittings = sorted(seen.sittings(), key=lambda each: (each.batch.id, each.plan.number))
    found = [list(group) for _, group in groupby(sittings, key=lambda each: each.batch.id)]
    return sorted(found, key=lambda each: max(sitting.start for sitting in each), reverse=True)


def _scheduled(sittings: list[Sitting]) -> ScheduledBatch:
    last = sittings[-1]
    return ScheduledBatch(
        id=last.batch.id,
        project=last.batch.project,
        site_name=last.site.name,
        county=last.site.county,
        sittings=tuple(
            ScheduledSitting(**times_of(each), rooms=tuple(room.name for room in each.rooms)) for each in sittings
        ),
    )


def _summary(backed: Backing, sittings: list[Sitting]) -> BatchSummary:
    # The site of the last sitting: for one that is not open yet, that is the site as it stands now.
    last = sittings[-1]
    closing = backed.database.closings.latest(last.batch.id)
    return BatchSummary(
        id=last.batch.id,
        project=last.batch.project,
        rule_pack=last.batch.rule_pack,
        site=last.site.id,
        site_name=last.site.name,
        county=last.site.county,
        signed=None if closing is None else closing.signed_at,
        sittings=tuple(SittingSummary(**times_of(each), verdict=backed.verdict(each)) for each in sittings),
    )


def times_of(sitting: Sitting) -> dict[str, Any]:
    """The fields of ``SittingTimes``."""
    return {
        "number": sitting.plan.number,
        "state": _state(sitting),
        "planned_start": sitting.plan.planned_start,
        "planned_end": sitting.plan.planned_end,
        "actual_start": sitting.actual_start,
        "actual_end": sitting.actual_end,
    }


def _state(sitting: Sitting) -> SittingState:
    if sitting.opened is None:
        return SittingState.PLANNED
    return SittingState.OPEN if sitting.closed is None else SittingState.CLOSED


def _room(room: Room) -> RoomShape:
    return RoomShape(
        id=room.id,
        name=room.name,
        stations=tuple(station.id for station in room.stations),
        cameras=tuple(CameraPlace(id=each.id, sees=each.sees, panoramic=each.panoramic) for each in room.cameras),
    )
