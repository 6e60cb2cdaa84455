"""Who did what, for those who audit: sittings opened and closed, set-up, accounts, keys. Read only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from dashboard.api.access_shapes import ActShape
from dashboard.api.backing import Backed
from dashboard.api.guard import Viewing
from dashboard.api.problems import RESPONSES
from domain.people import Reach
from storage.database import JournalEntry

router = APIRouter(tags=["acts"], responses=RESPONSES)


@router.get("/acts")
def acts(
    backed: Backed, viewer: Viewing, response: Response, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> tuple[ActShape, ...]:
    """The latest acts, latest first. Who audits named batches sees what was done to these and to their sittings;
    who is recused from one, no act that mentions it."""
    response.headers["Cache-Control"] = "no-store"
    account = viewer.account
    batches = account.scope.names if account.scope.reach is Reach.BATCHES else None
    return tuple(_shape(each) for each in backed.database.journal.entries(limit, None, batches, account.recused))


def _shape(entry: JournalEntry) -> ActShape:
    return ActShape(
        number=entry.number,
        at=entry.at,
        who=entry.actor.name,
        door=entry.actor.door,
        on_behalf_of=entry.actor.on_behalf_of,
        act=entry.act,
        subject=entry.subject,
        detail=entry.detail,
        digest=entry.digest,
    )
