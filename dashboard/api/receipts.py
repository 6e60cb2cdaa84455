"""Evidence receipts 证据回执: made and printed by those who may, and checked by anybody who has a code.

Thin over ``records.receipts``. The public check is no way to search: a code has 160 bits, and who asks is told
whether what it stands for is as it was, the number of the certificate and when it was made; never a ticket, a name,
an entry or a picture. A code that is not there is told in the same shape and by the same steps as one that is; but
reading scans takes time, which nothing here pretends for a code that has none. Not here: how often anybody may ask
(``dashboard.access.questions``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, cast
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId
from dashboard.api.cases import Candidate
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.shapes import Instant, Shape
from dashboard.papers import receipt as paper
from dashboard.papers.printing import as_pdf
from dashboard.papers.words import Language
from domain.receipt import KeptReceipt, grouped, read_code
from domain.register import Entry
from records import receipts as records
from records.certificates import number_of
from records.errors import NoSuchReceipt
from records.roll import Desk

router = APIRouter(tags=["receipts"], responses=RESPONSES)


class ReceiptState(StrEnum):
    """What a check of a code found."""

    HOLDS = "holds"
    CHANGED = "changed"
    UNKNOWN = "unknown"  # a store does not answer, or all of it was disposed of in its time
    NONE = "none"  # no receipt was ever made under that code
    MISTYPED = "mistyped"  # it is no code, or a character of it is wrong


class ReceiptCheckShape(Shape):
    """What a check found. ``code`` is empty where it was mistyped; ``certificate`` and ``made`` are null where no
    receipt is there, ``certificate`` also where it was made without one.
    """

    state: ReceiptState
    code: str
    zh: str
    en: str
    certificate: str | None
    made: Instant | None


class ReceiptBody(Shape):
    """Whose receipt is made."""

    candidate: Candidate


class ReceiptShape(Shape):
    """A receipt by its code, of which certificate it is, and when it was made."""

    code: str
    candidate: str
    certificate: str | None
    made: Instant


_MISTYPED = ReceiptCheckShape(
    state=ReceiptState.MISTYPED,
    code="",
    zh="回执码有误，请核对后重新输入",
    en="that is no code of a receipt, or a character of it is wrong; type it again",
    certificate=None,
    made=None,
)


@router.get("/receipts/{code}")
def check_receipt(
    request: Request,
    response: Response,
    backed: Backed,
    code: Annotated[str, Path(max_length=200, description="As it is printed, or typed", examples=["0000-0000"])],
) -> ReceiptCheckShape:
    """Check that what a certificate rests on is as it was when its receipt was made. No login is needed; an answer
    may be up to a minute old. Who asks too often is told in how many seconds to ask again (``Retry-After``).
    """
    response.headers.update(NO_STORE)
    now_s = backed.clock.monotonic()
    backed.questions.count("" if request.client is None else request.client.host, now_s)
    plain = read_code(code)
    if plain is None:
        return _MISTYPED
    return cast("ReceiptCheckShape", backed.questions.answer(plain, now_s, lambda: _checked(backed, plain)))


@router.post("/batches/{batch}/receipts", responses=CONFLICTS)
def make_receipt(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: ReceiptBody
) -> ReceiptShape:
    """Make the receipt of a candidate's dossier as it is now, and of the certificate that they have; the same dossier
    gives the same receipt.
    """
    response.headers.update(NO_STORE)
    desk = Desk(backed.database, actor_of(viewer.account.name), backed.clock.now())
    number = number_of(backed.database, batch, given.candidate)
    return shape_of(records.make(desk, backed.signer, batch, given.candidate, certificate=number))


class _PdfResponse(Response):
    media_type = "application/pdf"


@router.get("/batches/{batch}/receipts/{receipt}.pdf", response_class=_PdfResponse)
def receipt_paper(
    backed: Backed,
    batch: BatchId,
    receipt: Annotated[str, Path(max_length=200, description="Its code")],
    lang: Annotated[Language, Query()] = Language.ZH,
) -> Response:
    """A receipt as one page with a QR code, for whoever holds the certificate: PDF/A-2b."""
    found = records.opened(records.find(backed.database, receipt))
    held = paper.held(found, backed.database.setup.sittings(batch))
    made = paper.compose(found, held, lang, address=paper.address_at(backed.pages_address))
    named = f"inline; filename*=UTF-8''{quote(made.number, safe='')}.pdf"
    return _PdfResponse(as_pdf(made), headers={"Content-Disposition": named, **NO_STORE})


def shape_of(entry: Entry[KeptReceipt]) -> ReceiptShape:
    """A receipt as it is told to those who may see certificates."""
    kept = entry.thing
    return ReceiptShape(
        code=grouped(entry.key), candidate=kept.ticket, certificate=kept.certificate or None, made=entry.at
    )


def _checked(backed: Backing, plain: str) -> ReceiptCheckShape:
    try:
        entry = records.find(backed.database, plain)
        found = records.check_code(backed.database, backed.archive, plain)
    except NoSuchReceipt:
        return ReceiptCheckShape(
            state=ReceiptState.NONE,
            code=grouped(plain),
            zh="没有此回执，请向出具单位查询",
            en="no such receipt was made here; ask whoever issued it",
            certificate=None,
            made=None,
        )
    return ReceiptCheckShape(
        state=ReceiptState(found.state.value),
        code=grouped(plain),
        zh=found.zh,
        en=found.en,
        certificate=found.certificate or None,
        made=entry.at,
    )
