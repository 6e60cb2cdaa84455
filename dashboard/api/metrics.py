"""The route of the metrics, for Prometheus to scrape. Not here: what they say (``dashboard.metrics``)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from dashboard.api.backing import Backed
from dashboard.metrics import CONTENT_TYPE, exposition

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(backed: Backed) -> Response:
    """200 also while the database is away: that is one of the metrics."""
    text = exposition(backed.measured, backed.clock.now())
    return Response(text, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
