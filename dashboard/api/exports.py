"""A closed batch to be taken away: originals, manifests, reports, chain and keys, to be checked by anybody, offline.

It is sent as it is read, file after file, and lies nowhere; what cannot be had breaks it off before its table, so
that no program takes it for a whole one. Who takes it is written down before its first byte is sent, and its size and
hash, or that it was broken off, after the last. Not here: what is in it (``storage.manifest.exporting``).
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from dashboard.access.errors import HeldBack
from dashboard.access.local import spans_of
from dashboard.api import sending
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId
from dashboard.api.footage import says_why
from dashboard.api.guard import Seen, Viewing
from dashboard.api.problems import CONFLICTS, GONE
from dashboard.api.witness import Witnessed
from domain.people import Actor
from storage.manifest.exporting import made, require_closed
from storage.manifest.trees import sent

router = APIRouter(tags=["footage"], responses=GONE | CONFLICTS)

_CONTENT: dict[str, Any] = {"content": {"application/zip": {}}}


@router.get("/batches/{batch}/export.zip", name="export_batch", response_class=Response, responses={200: _CONTENT})
def export_batch(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    batch: BatchId,
    purpose: Annotated[str, Query(max_length=200, description="Why, in the viewer's own words")] = "",
) -> Response:
    """All that was signed of a closed batch and the footage itself, as `kaojian export` writes it, in one ZIP.

    `kaojian verify` checks it, and README.txt in it says how. City officers and auditors say why. An answer that
    breaks off left a ZIP that no program opens.
    """
    says_why(viewer, purpose)
    link = require_closed(backed.database, batch)
    segments = [segment for segment, _ in backed.database.evidence.segments_of(batch)]
    if any(map(seen.unclosed(), segments)):
        raise HeldBack("a sitting that uses these cameras is not closed; nothing of it may be saved yet")
    blocks = sent(made(backed.database, backed.archive, batch, signer=backed.signer, clock=backed.clock))
    try:
        first = next(blocks)  # before the answer begins, so that what cannot be is said in words
        for (_, camera), span in sorted(spans_of(segments).items()):
            witness.took(camera, batch, span, purpose or "export 导出批次")
        backed.database.journal.record(backed.clock.now(), viewer.actor, "export_batch", batch, "over the API")
    except BaseException:
        blocks.close()
        raise
    headers = {
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "none",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(batch, safe='')}.zip",
        "Kaojian-Head": f"{link.number}:{link.digest}",
        "Kaojian-Bytes": str(sum(each.size_bytes for each in segments)),
    }
    tell = partial(_record, backed, viewer.actor, batch)
    return StreamingResponse(sending.sent(first, blocks, tell), 200, headers, "application/zip")


def _record(backed: Backing, actor: Actor, batch: str, size: int, digest: str) -> None:
    act = "finish_export_of_batch" if digest else "break_off_export_of_batch"
    told = f"{size} bytes, sha256 {digest}" if digest else f"{size} bytes were sent"
    backed.database.journal.record(backed.clock.now(), actor, act, batch, told)
