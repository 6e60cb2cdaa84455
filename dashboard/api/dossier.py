"""The dossier of a batch 档案袋 over the API: what is missing, what was filed, one scan, and filing another.

Thin over ``records.dossier`` and ``records.dossier_rules``. A scan is sent as it is, as the body, and is told by its
content; no more of it is read than may be filed. That one was fetched is in the journal, since it holds names. Not
here: verifying copies, and locks (`kaojian dossier verify`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId
from dashboard.api.cases import BatchClauseShape, clause_of
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import CONFLICTS, GONE, RESPONSES
from dashboard.api.shapes import Instant, Shape
from domain.dossier import Item, Need, Scan, ScanType
from domain.register import Entry
from records import dossier as records
from records import dossier_rules
from records.errors import DossierRefused
from records.roll import Desk
from records.scan_files import MOST_BYTES

router = APIRouter(prefix="/batches/{batch}/dossier", tags=["dossier"], responses=RESPONSES)

MEDIA_TYPES = {ScanType.PDF: "application/pdf", ScanType.JPEG: "image/jpeg", ScanType.PNG: "image/png"}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[str, Any] = dict.fromkeys((*MEDIA_TYPES.values(), "application/octet-stream"), _BYTES)
_SCAN: dict[int | str, dict[str, Any]] = {200: {"content": dict.fromkeys(MEDIA_TYPES.values(), _BYTES)}}


class DossierItem(StrEnum):
    """``domain.dossier.Item`` under a name that the description has but once."""

    PAPERS = "papers"
    SCORE_SHEETS = "score_sheets"
    ROOM_RECORD = "room_record"
    SIGN_IN_SHEET = "sign_in_sheet"
    ROSTER = "roster"
    FOOTAGE = "footage"


async def _sent(request: Request) -> bytes:
    """The body as it came, and one byte more than may be filed at most. Raises DossierRefused for one that is said to
    be longer, before any of it is read.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise DossierRefused(f"the file has {length} bytes, more than {MOST_BYTES} 文件过大: file it in parts")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            break
    return bytes(data[: MOST_BYTES + 1])


SentScan = Annotated[bytes, Depends(_sent)]
ScanNumber = Annotated[int, Path(ge=1, lt=10**6, description="As the dossier lists it")]


def _told(
    item: Annotated[DossierItem, Query(description="Which of the six items of clause 九 it is; never footage")],
    subject: Annotated[str, Query(max_length=40, pattern=ONE_LINE, description="科目; of all if left out")] = "",
    sitting: Annotated[int, Query(ge=0, le=999, description="场次; of all if left out")] = 0,
    pages: Annotated[int, Query(ge=1, le=records.MOST_PAGES, description="Sheets of paper that it shows")] = 1,
) -> records.Told:
    return records.Told(Item(item.value), subject, sitting, pages)


ToldScan = Annotated[records.Told, Depends(_told)]


class NeedShape(Shape):
    """What the batch must have, ``subject`` "" and ``sitting`` 0 where it is one for all; and the scan that serves
    it, null while there is none.
    """

    item: DossierItem
    subject: str
    sitting: int
    zh: str
    en: str
    scan: int | None
    filed: Instant | None


class ScanShape(Shape):
    """One scan that was filed. ``subject`` is "" and ``sitting`` 0 where it is of all of them."""

    number: int
    item: DossierItem
    subject: str
    sitting: int
    pages: int
    type: ScanType
    size_bytes: int
    sha256: str
    revision: int
    filed: Instant
    by: str
    reason: str


class SignedFootageShape(Shape):
    """The footage 现场录像 as the closing of the batch signed it: number of its manifest, files, and when first."""

    manifest: int
    files: int
    filed: Instant


class DossierShape(Shape):
    """A dossier as it stands at ``made``. ``clauses`` are C9-1, whether it is whole and in time, and C9-2, until when
    it is kept. ``norm`` is null where nobody knows how subjects are examined, and so not all that is needed.
    """

    batch: str
    made: Instant
    norm: str | None
    needs: tuple[NeedShape, ...]
    footage: SignedFootageShape | None
    scans: tuple[ScanShape, ...]
    clauses: tuple[BatchClauseShape, ...]


@router.get("")
def dossier(response: Response, backed: Backed, batch: BatchId) -> DossierShape:
    """What is filed of a batch, what is missing, and until when it is kept."""
    response.headers.update(NO_STORE)
    facts = dossier_rules.facts_of(backed.database, batch, backed.clock.now())
    footage = facts.footage
    return DossierShape(
        batch=batch,
        made=facts.now,
        norm=None if facts.norm is None else facts.norm.key,
        needs=tuple(_need(need, facts.filed(need)) for need in facts.needs),
        footage=None
        if footage is None
        else SignedFootageShape(manifest=footage.manifest, files=footage.segments, filed=footage.filed),
        scans=tuple(_scan(each) for each in facts.scans),
        clauses=tuple(clause_of(each) for each in dossier_rules.findings(facts, backed.rules(batch))),
    )


@router.get("/scans/{number}", response_class=Response, responses={**GONE, **_SCAN})
def scan(viewer: Viewing, backed: Backed, batch: BatchId, number: ScanNumber) -> Response:
    """One scan, compared with what was filed. It holds names: that it was fetched is in the journal."""
    found, data = records.fetch(_desk(backed, viewer.account.name), backed.archive, batch, number)
    name = quote(f"{batch}-{number:03}-{found.item}.{found.type}", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", **NO_STORE}
    return Response(data, media_type=MEDIA_TYPES[found.type], headers=headers)


@router.post(
    "/scans",
    responses=CONFLICTS,
    openapi_extra={"requestBody": {"required": True, "content": _CONTENT}},
)
def file_scan(
    *,
    response: Response,
    viewer: Viewing,
    backed: Backed,
    batch: BatchId,
    told: ToldScan,
    replaces: Annotated[
        int | None, Query(ge=1, lt=10**6, description="Which scan it corrects; that one stays")
    ] = None,
    reason: Annotated[str, Query(max_length=500, pattern=ONE_LINE, description="Why it is corrected")] = "",
    sent: SentScan,
) -> ScanShape:
    """File a scan: the body is a PDF, JPEG or PNG, of 64 MiB at most, told by its content. It lies under the lock of
    its batch and was read back before it is on record; the same one again changes nothing.
    """
    response.headers.update(NO_STORE)
    desk = _desk(backed, viewer.account.name)
    archive = backed.filing or backed.archive
    return _scan(
        records.file_scan(desk, archive, batch, told, sent, where="the file", replaces=replaces, reason=reason)
    )


def _desk(backed: Backing, account: str) -> Desk:
    return Desk(backed.database, actor_of(account), backed.clock.now())


def _need(need: Need, filed: tuple[Entry[Scan], Any] | None) -> NeedShape:
    return NeedShape(
        item=DossierItem(need.item.value),
        subject=need.subject,
        sitting=need.sitting,
        zh=need.zh,
        en=need.en,
        scan=None if filed is None else filed[0].thing.number,
        filed=None if filed is None else filed[1],
    )


def _scan(entry: Entry[Scan]) -> ScanShape:
    value = entry.thing
    return ScanShape(
        number=value.number,
        item=DossierItem(value.item.value),
        subject=value.subject,
        sitting=value.sitting,
        pages=value.pages,
        type=value.type,
        size_bytes=value.size_bytes,
        sha256=value.sha256,
        revision=entry.revision,
        filed=entry.at,
        by=entry.actor.name,
        reason=entry.reason,
    )
