"""The application: API, papers and the built web page behind one address. Not here: which address (``kaojian``)."""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from analysis.people.detector import Detector
from config.rule_pack import RulePack
from config.version import VERSION
from dashboard.access.provider import Provider
from dashboard.api import (
    accounts,
    acts,
    batches,
    cases,
    certificates,
    day,
    disposals,
    dossier,
    draws,
    exam_papers,
    examples,
    exports,
    factor,
    film,
    footage,
    frames,
    grounds,
    live,
    metrics,
    operations,
    panels,
    permits,
    problems,
    provider,
    readiness,
    receipts,
    retrieval,
    roll,
    roll_papers,
    room_records,
    roster,
    scores,
    screeners,
    session,
    sites,
    situation,
    status,
    suspicions,
    tokens,
    viewings,
    visits,
    withholdings,
)
from dashboard.api.backing import Backing, LivePort
from dashboard.api.guard import guard
from dashboard.api.headers import SafeHeaders, page_policy
from dashboard.installation import Installation
from dashboard.metrics import Sources, StoreProbe
from domain.calendar import HolidayTable
from domain.people import Role
from domain.timeline import Clock
from ingest.ballast import Ballast
from ingest.host_clock import HostWitnesses, Witnesses
from records.commissioning import Bench
from records.headroom import Spools
from records.readiness import Means
from storage.archive import Archive
from storage.database import Database
from storage.id_numbers import IdNumbers
from storage.sealing import Sealer
from storage.signing import Signer

API = "/api/v1"


def create_app(
    database: Database,
    archive: Archive,
    rule_packs: Callable[[str], RulePack],
    clock: Clock,
    web_dist: Path | None,
    *,
    spools: Spools | None = None,
    ballast: Ballast | None = None,
    webhooks: tuple[str, ...] = (),
    sealer: Sealer | None = None,
    with_factor: frozenset[Role] = frozenset(),
    vouching: Provider | None = None,
    witnesses: Witnesses | None = None,
    means: Means | None = None,
    holidays: HolidayTable | None = None,
    numbers: Callable[[], IdNumbers] | None = None,
    filing: Archive | None = None,
    signing: Signer | None = None,
    pages_address: str = "",
    live_port: LivePort | None = None,
    detector: Callable[[], Detector | None] = lambda: None,
    commissioning: Bench | None = None,
    installation: Installation | None = None,
) -> FastAPI:
    """The dashboard over a database and an archive, which the caller opens and closes, the database with a notary.

    ``rule_packs`` loads a rule pack by its id; ``web_dist`` is the folder of the built page, None where there is
    none. Without ``sealer``, secrets of second factors are sealed with a key that is gone with the app. The roles
    ``with_factor`` have to have such a factor; ``vouching`` is the identity provider, where there is one.
    ``witnesses`` vouch for the clock; without them, the kernel alone. ``means`` are what sittings are
    checked by before they begin; ``holidays`` say when people work, without them as far as is published. ``numbers``
    gives the key of numbers of people's documents, without it one that is gone with the app. ``filing`` is an archive
    whose keys may put scans, without it ``archive``; ``signing`` signs receipts, without it none are made, and
    ``pages_address`` is where their QR codes lead. ``live_port`` is where live pictures are; without one the page
    connects to nothing but this. ``detector`` opens what finds people, where heads are to be blurred;
    ``commissioning`` tries cameras and keeps their logins; without it none is tried or added. ``installation`` is
    what the pages tell of this one, without it next to nothing. Where it is bound, and TLS, is the caller's part.
    """
    app = _described()
    probes = tuple(StoreProbe(archive, bucket) for bucket in archive.buckets)
    sources = Sources(database, archive, spools or Spools(), probes, ballast, webhooks)
    app.state.backing = Backing(
        database,
        archive,
        rule_packs,
        clock,
        sources,
        sealer or Sealer.new(),
        with_factor,
        numbers or partial(_itself, IdNumbers.new()),
        vouching,
        witnesses or HostWitnesses(),
        means=means or Means(spools or Spools()),
        holidays=holidays,
        filing=filing or archive,
        signing=signing,
        pages_address=pages_address,
        live=live_port or LivePort(),
        detector=detector,
        commissioning=commissioning,
        installation=installation or Installation(),
    )
    app.include_router(metrics.router)
    app.include_router(_description(app))
    port = live_port.port if live_port is not None else None
    app.include_router(_page(web_dist.resolve() if web_dist is not None else None, port))
    problems.install(app)
    return app


def _itself(numbers: IdNumbers) -> IdNumbers:
    return numbers


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document of the API: what the web page's types are made from. Needs no database.

    Written once for all apps of a process, which takes a second or two: their routes are the same.
    """
    document = FastAPI.openapi(_described())
    problems.describe(document)
    examples.describe(document)
    for schema in document["components"]["schemas"].values():
        if "enum" in schema:
            schema.pop("description", None)  # a docstring of the domain, written for its own readers
    return document


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        return openapi()

    def build_middleware_stack(self) -> ASGIApp:
        """Outside of what answers for faults: those answers carry the headers too."""
        return SafeHeaders(super().build_middleware_stack())


def _described() -> FastAPI:
    """The app with all routes of the API.

    No page of documentation: it would load scripts from elsewhere. The framework's own route for the description
    would not pass the guard either; ``_description`` does.
    """
    app = _guarded()
    app.router.routes.extend(_routes())
    return app


def _guarded() -> _Api:
    """An app each of whose routes is behind the guard, and that has none yet."""
    return _Api(
        title="Kaojian",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(guard)],
    )


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The routes of the API, which know nothing of the app that they serve: the framework takes half a second to work
    out what they ask for, and does so once for all apps of a process.
    """
    app = _guarded()
    for room in (
        accounts,
        acts,
        batches,
        cases,
        certificates,
        day,
        disposals,
        dossier,
        draws,
        exam_papers,
        factor,
        exports,
        film,
        footage,
        frames,
        grounds,
        live,
        operations,
        panels,
        permits,
        provider,
        receipts,
        roll,
        roll_papers,
        room_records,
        roster,
        scores,
        screeners,
        readiness,
        retrieval,
        session,
        sites,
        situation,
        status,
        suspicions,
        tokens,
        viewings,
        withholdings,
        visits,
    ):
        app.include_router(room.router, prefix=API)
    return tuple(app.router.routes)


def _description(app: FastAPI) -> APIRouter:
    """The API's own description, as JSON."""
    router = APIRouter()

    @router.get(f"{API}/openapi.json", include_in_schema=False)
    def description() -> JSONResponse:
        return JSONResponse(app.openapi())

    return router


def _page(web_dist: Path | None, live_port: int | None) -> APIRouter:
    """The built page: its files as they are, and index.html for every address that the page itself resolves."""
    router = APIRouter()

    @router.get("/{path:path}", include_in_schema=False)
    def page(path: str, request: Request) -> Response:
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404)
        if web_dist is None:
            raise HTTPException(404, "the web page is not built; run `make` in the project's folder")
        found = (web_dist / path).resolve()
        if path and found.is_file() and found.is_relative_to(web_dist):
            # Files under assets/ carry a hash of their content in their names.
            if path.startswith("assets/"):
                return _asset(found, packed="gzip" in request.headers.get("accept-encoding", ""))
            return FileResponse(found, headers={"Cache-Control": "no-cache"})
        if path.startswith("assets/"):
            raise HTTPException(404)
        policy = page_policy(request.url.scheme, request.headers.get("host", ""), live_port)
        return FileResponse(web_dist / "index.html", headers={"Cache-Control": "no-cache"} | policy)

    return router


def _asset(file: Path, *, packed: bool) -> Response:
    """A file that is never another one, packed for whoever takes that: a third of it goes over the wire."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if not packed:
        return FileResponse(file, headers=headers)
    kind = mimetypes.guess_type(file.name)[0]
    return Response(_packed(file), media_type=kind, headers=headers | {"Content-Encoding": "gzip"})


@lru_cache(maxsize=256)
def _packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)
