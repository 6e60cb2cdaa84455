"""Certificates 证书 of a batch over the API, and the book of blank forms: seen, issued and revoked.

Thin over ``records.certificates``. Candidates are called by their admission tickets. What is at hand with the forms
(deliveries, counts, spoilt ones), stamps, reprints and files for the province stay commands (`kaojian certificate`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId
from dashboard.api.cases import Candidate, Line, Why
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.receipts import ReceiptShape, shape_of
from dashboard.api.shapes import Instant, Shape
from domain.certificates import Certificate
from domain.register import Entry
from records import certificates as records
from records import receipts
from records.candidacies import cases_of
from records.roll import Desk

router = APIRouter(prefix="/batches/{batch}/certificates", tags=["certificates"], responses=RESPONSES)

MOST_AT_ONCE = 2000


class DoneShape(Shape):
    """When something was done to a certificate, and by whom or why."""

    at: Instant
    told: str


class CertificateShape(Shape):
    """One certificate. ``form`` is the blank form that it is printed on now. ``imprint`` is the stamp 用印,
    ``revoked`` why it was revoked; ``receipt`` is the last that was made of it.
    """

    number: str
    candidate: str
    form: str
    project: str
    ability: str
    examined: date
    issued: Instant
    imprint: DoneShape | None
    revoked: DoneShape | None
    again: str
    receipt: ReceiptShape | None


class FormsShape(Shape):
    """The book of blank forms 空白证书台账, of all deliveries. ``counted`` is how many lay there when they were
    counted last, ``by_book`` how many there should have been then; both null where nobody counted.
    """

    delivered: int
    issued: int
    spoiled: int
    left: int
    counted: int | None
    by_book: int | None
    counted_at: Instant | None


class CertificatesShape(Shape):
    """The certificates of a batch by number, and who has none yet though it was decided so, by ticket."""

    batch: str
    made: Instant
    certificates: tuple[CertificateShape, ...]
    to_issue: tuple[str, ...]
    forms: FormsShape


class IssueBody(Shape):
    """To whom certificates are issued, in this order, on the forms that follow ``form`` in the pile. ``stamped_by``
    is who stamped them at once; ``reason`` is why somebody gets another one after theirs was revoked.
    """

    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]
    form: Annotated[str, Field(min_length=1, max_length=40, description="印刷号", examples=["GD0001"])]
    stamped_by: Line = ""
    reason: Why = ""


class RevocationBody(Shape):
    """Whose certificate is revoked, and why; without names."""

    candidate: Candidate
    reason: Why


@router.get("")
def certificates(response: Response, backed: Backed, batch: BatchId) -> CertificatesShape:
    """The certificates of a batch, those that were revoked too, with their receipts; and the book of blank forms."""
    response.headers.update(NO_STORE)
    found = records.of_batch(backed.database, batch)
    of_number = _receipts(backed, batch)
    return CertificatesShape(
        batch=batch,
        made=backed.clock.now(),
        certificates=tuple(_shape(each, of_number.get(each.key)) for each in found),
        to_issue=records.to_issue(backed.database, batch),
        forms=_forms(records.ledger(backed.database)),
    )


@router.post("", responses=CONFLICTS)
def issue_certificates(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: IssueBody
) -> tuple[CertificateShape, ...]:
    """Issue certificates to candidates: all of them or none. Where somebody cannot have one, ``errors`` says why,
    with ``candidates.TICKET`` as the field. Asks for a fresh password.
    """
    response.headers.update(NO_STORE)
    desk, rules = _desk(backed, viewer.account.name), backed.rules(batch)
    found = cases_of(backed.database, batch, rules, desk.now, packs=backed.rule_packs)
    cases = records.chosen(found, given.candidates)
    forms = records.forms_from(backed.database, given.form, len(cases))
    done = records.issue(desk, batch, cases, forms, rules, stamped_by=given.stamped_by, again=given.reason)
    return tuple(_shape(each, None) for each in done)


@router.post("/revocation", responses=CONFLICTS)
def revoke_certificate(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: RevocationBody
) -> CertificateShape:
    """Revoke the certificate of a candidate. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    done = records.revoke(_desk(backed, viewer.account.name), batch, given.candidate, given.reason)
    return _shape(done, _receipts(backed, batch).get(done.key))


def _desk(backed: Backing, account: str) -> Desk:
    return Desk(backed.database, actor_of(account), backed.clock.now())


def _receipts(backed: Backing, batch: str) -> dict[str, ReceiptShape]:
    """The last receipt of each certificate."""
    found = receipts.of_batch(backed.database, batch)
    return {each.thing.certificate: shape_of(each) for each in found if each.thing.certificate}


def _forms(book: records.Ledger) -> FormsShape:
    counted = None if book.counted is None else book.counted.thing
    return FormsShape(
        delivered=book.delivered,
        issued=book.issued,
        spoiled=book.spoiled,
        left=book.left,
        counted=None if counted is None else counted.left,
        by_book=None if counted is None else book.left_at(counted.at),
        counted_at=None if counted is None else counted.at,
    )


def _shape(entry: Entry[Certificate], receipt: ReceiptShape | None) -> CertificateShape:
    value = entry.thing
    stamp, revoked = value.imprint, value.revoked
    return CertificateShape(
        number=value.number,
        candidate=value.ticket,
        form=value.form,
        project=value.project,
        ability=value.ability,
        examined=value.examined,
        issued=value.issued,
        imprint=None if stamp is None else DoneShape(at=stamp.at, told=stamp.by),
        revoked=None if revoked is None else DoneShape(at=revoked.at, told=revoked.why),
        again=value.again,
        receipt=receipt,
    )
