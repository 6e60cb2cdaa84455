"""The route of the metrics, for Prometheus to scrape. Not here: what they say (``dashboard.metrics``)."""

from __future__ import annotations

from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from dashboard.api.backing import Backed
from dashboard.metrics import CONTENT_TYPE, exposition

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request, backed: Backed) -> Response:
    """200 also while the database is away: that is one of the metrics. For programs on this machine alone.

    They ask without an account, and the answer names every camera.
    """
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(404)
    text = exposition(backed.measured, backed.clock.now())
    return Response(text, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
