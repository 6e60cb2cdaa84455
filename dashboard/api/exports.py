"""A closed batch to be taken away: originals, manifests, reports, chain and keys, to be checked by anybody, offline;
whole, or any byte range of it (RFC 9110 14), so that a download that broke off goes on.

Nothing of it lies anywhere: each request plans it anew, and the entity tag, which is the hash of its signed list,
says whether it is still the same. Who takes it is written down before the first byte is sent, and the size and hash
of what was sent, or that it was broken off, after the last; also of a part. Not here: what is in it
(``storage.manifest.exporting``), and how it lies in a ZIP (``storage.manifest.zipping``).
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from dashboard.access.errors import HeldBack
from dashboard.access.local import spans_of
from dashboard.api import sending
from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId
from dashboard.api.footage import asked_range, says_why
from dashboard.api.guard import Seen, Viewing
from dashboard.api.problems import CONFLICTS, GONE
from dashboard.api.witness import Witnessed
from storage.manifest.exporting import planned, require_closed
from storage.manifest.zipping import Zipped

router = APIRouter(tags=["footage"], responses=GONE | CONFLICTS)

_CONTENT: dict[str, Any] = {"content": {"application/zip": {}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {200: _CONTENT, 206: _CONTENT}


@router.get("/batches/{batch}/export.zip", name="export_batch", response_class=Response, responses=_ANSWERS)
def export_batch(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    batch: BatchId,
    purpose: Annotated[str, Query(max_length=200, description="Why, in the viewer's own words")] = "",
    byte_range: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
    if_range: Annotated[str | None, Header(alias="If-Range", max_length=200)] = None,
) -> Response:
    """All that was signed of a closed batch and the footage itself, as `kaojian export` writes it, in one ZIP.

    `kaojian verify` checks it, and README.txt in it says how. City officers and auditors say why. With ``Range``, and
    ``If-Range`` with the ``ETag`` of the part before, a download goes on where it broke off; once something more was
    signed the whole comes anew.
    """
    says_why(viewer, purpose)
    link = require_closed(backed.database, batch)
    segments = [segment for segment, _ in backed.database.evidence.segments_of(batch)]
    if any(map(seen.unclosed(), segments)):
        raise HeldBack("a sitting that uses these cameras is not closed; nothing of it may be saved yet")
    plan = planned(backed.database, backed.archive, batch, signer=backed.signer, clock=backed.clock)
    zipped, tag = Zipped(plan.files, backed.checksums), f'"{plan.digest}"'
    size = zipped.size_bytes
    wanted = asked_range(byte_range, size) if if_range in (None, tag) else None
    first, last = wanted if wanted is not None else (0, size - 1)
    part = f"bytes {first}-{last}/{size}"
    blocks = zipped.blocks(first, last)
    try:
        begun = next(blocks)  # before the answer begins, so that what cannot be is said in words
        for (_, camera), span in sorted(spans_of(segments).items()):
            witness.took(camera, batch, span, purpose or "export 导出批次")
        backed.database.journal.record(
            backed.clock.now(), viewer.actor, "export_batch", batch, f"over the API, {part}, of {plan.digest}"
        )
    except BaseException:
        blocks.close()
        raise
    headers = {
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Content-Length": str(last - first + 1),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(batch, safe='')}.zip",
        "Kaojian-Head": f"{link.number}:{link.digest}",
    }
    if wanted is not None:
        headers["Content-Range"] = part

    def tell(sent: int, digest: str) -> None:
        act = "finish_export_of_batch" if digest else "break_off_export_of_batch"
        told = f"{part}, sha256 {digest}" if digest else f"{part}, of which {sent} bytes were sent"
        backed.database.journal.record(backed.clock.now(), viewer.actor, act, batch, told)

    return StreamingResponse(
        sending.sent(begun, blocks, tell), 200 if wanted is None else 206, headers, "application/zip"
    )
