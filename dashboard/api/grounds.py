"""The grounds of sites 考场设立与管理 over the API: what is on record of one, a file entered, the form printed.

Thin over ``records.grounds``. The form 考场设立审核意见表 goes on by its next step 受理, 审核, 经办部门, 市中心: the
fields of an answer are those of the file, so that a program sends back what it read with one more step signed. Not
here: whether a batch may be held on these grounds (``dashboard.api.cases``, clauses 一, 三 and 四).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict

from dashboard.api.backing import Backed
from dashboard.api.entering import Entering
from dashboard.api.guard import NO_STORE, Seen
from dashboard.api.printed import Lang, PdfResponse
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.roster import FILE_BODY, FileName, Reason, SentFile
from dashboard.api.shapes import Instant, Shape
from dashboard.api.sites import SiteId
from dashboard.papers.form import compose
from dashboard.papers.printing import form_as_pdf
from dashboard.papers.words import Language
from domain.grounds import Area, Requirement, SiteKind
from domain.register import Entry
from records import grounds as records
from records import grounds_file

router = APIRouter(tags=["grounds"], responses=RESPONSES)

ApprovalId = Annotated[str, Path(max_length=64, description="Of a form 考场设立审核意见表")]


class ApprovalStep(StrEnum):
    """``domain.grounds.Step`` under a name that the description has but once."""

    APPLIED = "applied"
    ACCEPTED = "accepted"
    REVIEWED = "reviewed"
    PROPOSED = "proposed"
    DECIDED = "decided"


class _Read(Shape):
    """Read off what stands in the register, field by field."""

    model_config = ConfigDict(from_attributes=True)


class RegisteredShape(_Read):
    """Which entry of the register it is, by whom and when it was entered."""

    entry: str
    at: Instant
    by: str


class InstitutionShape(_Read):
    """考核机构."""

    recorded: RegisteredShape
    id: str
    name: str
    code: str
    address: str


class SiteStayShape(_Read):
    """Where a site is from a day on, and who runs it there."""

    since: date
    institution: str
    address: str
    postcode: str


class PremisesShape(_Read):
    """场所."""

    recorded: RegisteredShape
    site: str
    kind: SiteKind
    stays: tuple[SiteStayShape, ...]


class ConditionShape(_Read):
    """Whether a requirement is met; null where nobody said."""

    requirement: Requirement
    met: bool | None
    note: str


class AcceptanceShape(_Read):
    """受理申报时间 and 经办人."""

    day: date
    officer: str


class SaidShape(_Read):
    """意见 of one step."""

    text: str
    agrees: bool
    day: date


class ReviewerShape(_Read):
    """A line of 审核人员签名."""

    name: str
    employer: str
    qualification: str
    phone: str


class ApprovalShape(_Read):
    """考场设立审核意见表 with the steps that were signed; null for those that were not. ``step`` is the last one."""

    recorded: RegisteredShape
    id: str
    site: str
    institution: str
    applicant: str
    head: str
    phone: str
    address: str
    postcode: str
    projects: tuple[str, ...]
    conditions: tuple[ConditionShape, ...]
    acceptance: AcceptanceShape | None
    review: SaidShape | None
    reviewers: tuple[ReviewerShape, ...]
    department: SaidShape | None
    centre: SaidShape | None
    revoked: date | None
    step: ApprovalStep


class ExpertShape(_Read):
    """专家."""

    name: str
    employer: str
    qualification: str
    of_applicant: bool | None


class CeilingShape(_Read):
    """A project and how many stations 工位 it may have."""

    project: str
    stations: int


class ExpertOpinionShape(_Read):
    """专家书面意见."""

    recorded: RegisteredShape
    id: str
    approval: str
    site: str
    experts: tuple[ExpertShape, ...]
    text: str
    agrees: bool
    ceilings: tuple[CeilingShape, ...]
    visited: date | None
    signed: date | None
    document_sha256: str


class AgreementShape(_Read):
    """考场协议."""

    recorded: RegisteredShape
    id: str
    site: str
    institution: str
    signed: date
    begins: date
    ends: date
    scope: tuple[CeilingShape, ...]
    duties: str
    liability: str
    ended: date | None


class ConsentShape(_Read):
    """What the city centre said to a special site."""

    agrees: bool
    at: Instant
    by: str


class SpecialSiteShape(_Read):
    """特设临时考场."""

    recorded: RegisteredShape
    id: str
    site: str
    host_unit: str
    applicant: str
    applied: date
    area: Area
    address: str
    reason: str
    area_named: str
    stations: int | None
    consent: ConsentShape | None


class PlateShape(_Read):
    """牌匾 as it was measured; null for what nobody measured."""

    recorded: RegisteredShape
    site: str
    measured: date
    wording: str
    width_cm: Decimal | None
    height_cm: Decimal | None
    thickness_mm: Decimal | None
    fold_cm: Decimal | None
    stainless_steel: bool | None
    black_letters: bool | None
    at_front_door: bool | None
    photo_sha256: str


class GroundsShape(Shape):
    """All that is on record of a site; of institutions, those that its papers name."""

    site: str
    institutions: tuple[InstitutionShape, ...]
    premises: PremisesShape | None
    approvals: tuple[ApprovalShape, ...]
    opinions: tuple[ExpertOpinionShape, ...]
    agreements: tuple[AgreementShape, ...]
    special_sites: tuple[SpecialSiteShape, ...]
    plate: PlateShape | None


class GroundsEnteredShape(Shape):
    """What a file did, by the names of things; ``notes`` are in Chinese and English."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...]


@router.get("/sites/{site}/grounds")
def grounds(response: Response, backed: Backed, site: SiteId) -> GroundsShape:
    """Premises, forms of approval, experts' opinions, agreements and plate of a site."""
    response.headers.update(NO_STORE)
    found = records.of_site(backed.database, site)
    return GroundsShape(
        site=site,
        institutions=_all(InstitutionShape, found.named_institutions),
        premises=None if found.premises is None else _of(PremisesShape, found.premises),
        approvals=_all(ApprovalShape, found.approvals),
        opinions=_all(ExpertOpinionShape, found.opinions),
        agreements=_all(AgreementShape, found.agreements),
        special_sites=_all(SpecialSiteShape, found.specials),
        plate=None if found.plate is None else _of(PlateShape, found.plate),
    )


@router.post("/grounds", responses=CONFLICTS, openapi_extra=FILE_BODY)
def enter_grounds(
    *, response: Response, desk: Entering, seen: Seen, sent: SentFile, name: FileName, reason: Reason = ""
) -> GroundsEnteredShape:
    """Put grounds on record, as `kaojian grounds import` does, from YAML or JSON: all of it or, with the place of
    everything that is wrong, nothing. What was signed is not written over. Asks for a fresh password.
    """
    response.headers.update(NO_STORE)
    # A site that is not set up yet is applied for first; one that is hidden from who enters it, is not theirs.
    hidden = frozenset({each.id for each in seen.setup.sites()} - {each.id for each in seen.set_up()})
    file = grounds_file.decoded(sent, name)
    done = records.enter(file, desk.database, desk.actor, desk.now, reason=reason, closed_to=hidden)
    return GroundsEnteredShape(changed=done.changed, unchanged=done.unchanged, notes=done.notes)


@router.get("/sites/{site}/approvals/{approval}/form.pdf", response_class=PdfResponse)
def approval_form(backed: Backed, site: SiteId, approval: ApprovalId, lang: Lang = Language.ZH) -> Response:
    """The form 考场设立审核意见表 as PDF/A; what is not signed yet stays empty."""
    form = compose(records.form(backed.database, approval, site), lang)
    named = f"inline; filename*=UTF-8''{quote(form.number, safe='')}.pdf"
    return PdfResponse(form_as_pdf(form), headers={"Content-Disposition": named, **NO_STORE})


S = TypeVar("S", bound=_Read)


def _of(shape: type[S], entry: Entry[Any]) -> S:
    recorded = {"entry": entry.name, "at": entry.at, "by": entry.actor.name}
    fields = shape.model_fields.keys() - {"recorded"}
    told = {each: getattr(entry.thing, each) for each in fields}
    return shape.model_validate({"recorded": recorded, **told})


def _all(shape: type[S], entries: tuple[Entry[Any], ...]) -> tuple[S, ...]:
    return tuple(_of(shape, each) for each in entries)
