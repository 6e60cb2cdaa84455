"""Who looked at which footage, for those who audit. Not here: writing it down (``dashboard.api.witness``)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from dashboard.api.access_shapes import ViewingShape
from dashboard.api.backing import Backed
from dashboard.api.guard import Viewing
from dashboard.api.problems import RESPONSES
from dashboard.api.seeking import Limit, Seeking
from domain.viewings import Kept

router = APIRouter(tags=["viewings"], responses=RESPONSES)


@router.get("/viewings")
def viewings(
    backed: Backed, viewer: Viewing, response: Response, seeking: Seeking, limit: Limit = 100
) -> tuple[ViewingShape, ...]:
    """The latest viewings and refusals that are looked for, latest first. Who audits named batches sees
    what concerns these; who is recused from one, nothing of it."""
    response.headers["Cache-Control"] = "no-store"
    batches = seeking.of(viewer.account)
    # A refusal that names no batch may be of any, so of theirs too.
    recused = viewer.account.recused
    hidden = recused | {""} if recused else recused
    return tuple(_shape(kept) for kept in backed.database.viewings.latest(limit, batches, hidden, seeking.sought))


def _shape(kept: Kept) -> ViewingShape:
    viewing, span = kept.viewing, kept.viewing.span
    return ViewingShape(
        number=kept.number,
        at=viewing.at,
        who=viewing.actor.name,
        role=viewing.role,
        deed=viewing.deed,
        outcome=viewing.outcome,
        camera=viewing.camera,
        batch=viewing.batch,
        start=None if span is None else span.start,
        end=None if span is None else span.end,
        source=viewing.source,
        purpose=viewing.purpose,
        permit=viewing.permit,
        digest=kept.digest,
    )
