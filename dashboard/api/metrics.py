"""The route of the metrics, for Prometheus to scrape. Not here: what they say (``dashboard.metrics``)."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from dashboard.api.backing import Backed
from dashboard.api.guard import NO_STORE
from dashboard.metrics import CONTENT_TYPE, exposition

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request, backed: Backed) -> Response:
    """200 also while the database is away: that is one of the metrics."""
    return scraped(request, lambda: exposition(backed.measured, backed.clock.now()))


def scraped(request: Request, told: Callable[[], bytes]) -> Response:
    """What is ``told``, to programs on this machine alone: they ask without an account, and it names cameras."""
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(404)
    return Response(told(), media_type=CONTENT_TYPE, headers=NO_STORE)
