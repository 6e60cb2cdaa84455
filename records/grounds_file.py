"""The YAML file of ``kaojian grounds import``: what it may say, and how it becomes entries of the register.

A file is read as a whole or refused as a whole: every problem is listed with file, line and field. Not here: whether
it contradicts what is on record (``records.grounds``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, WithJsonSchema

from config.documents import Document, FieldPath
from config.errors import DocumentRefused, Problem
from domain.calendar import local_day
from domain.grounds import (
    AGREEMENTS,
    CATALOGUES,
    EXPERT_OPINIONS,
    INSTITUTIONS,
    NORMS,
    PLATES,
    PREMISES,
    SITE_APPROVALS,
    SPECIAL_SITES,
    Area,
    Method,
    Requirement,
    SiteKind,
    flaws,
    same_name,
)
from domain.register import Draft, Kind
from records import declaration


@dataclass(frozen=True, slots=True)
class Declared:
    """One thing that a file declares, and its place in the file."""

    draft: Draft[Any]
    field: FieldPath

    @property
    def value(self) -> Any:
        """What it says; a file takes nothing back."""
        return self.draft.value


@dataclass(frozen=True, slots=True)
class GroundsFile:
    """What one file declares, in the order of ``SECTIONS``."""

    document: Document
    things: tuple[Declared, ...]

    def of(self, kind: Kind[Any]) -> Iterator[Declared]:
        return (each for each in self.things if each.draft.kind is kind)

    def problem(self, field: FieldPath, message: str) -> Problem:
        """A complaint about one field of the file, with its line."""
        return self.document.problem(field, message)


def read(path: Path) -> GroundsFile:
    """What a file declares. Raises DocumentRefused."""
    return _declared(Document.read(path))


def parse(text: str, name: str) -> GroundsFile:
    """What a text declares, as ``read``; ``name`` stands for the file in messages. Raises DocumentRefused."""
    return _declared(Document(name, text))


def decoded(raw: bytes, name: str) -> GroundsFile:
    """What a file's bytes declare, in the same way. Raises DocumentRefused."""
    return _declared(Document.decoded(name, raw))


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_File.model_json_schema()}


def _declared(document: Document) -> GroundsFile:
    file = document.validated(_File)
    things = tuple(_things(file))
    problems = [document.problem(field, message) for field, message in _contradictions(things)]
    if not things:
        problems.append(document.problem((), f"declares nothing: give one of {', '.join(_SECTIONS)}"))
    if problems:
        raise DocumentRefused(problems)
    return GroundsFile(document, things)


def _things(file: _File) -> Iterator[Declared]:
    for name, (kind, key) in _SECTIONS.items():
        for index, each in enumerate(getattr(file, name)):
            value = _adapter(kind).validate_python(each.model_dump())
            draft = Draft(kind, str(getattr(each, key)), value, site=getattr(each, "site", ""))
            yield Declared(draft, (name, index))


@cache
def _adapter(kind: Kind[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind.type)


def _contradictions(things: tuple[Declared, ...]) -> Iterator[tuple[FieldPath, str]]:
    """What a file says twice, and what cannot be whatever is on record."""
    seen: dict[tuple[str, str], FieldPath] = {}
    for thing in things:
        name = (thing.draft.kind.name, thing.draft.key)
        if name in seen:
            yield thing.field, f"{thing.draft.kind.name} {thing.draft.key} is listed twice"
        seen[name] = thing.field
        for field, message in _CHECKS.get(thing.draft.kind.name, _nothing)(thing.value):
            yield (*thing.field, *field), message


_WHOLE_WEIGHT = 100  # percent
_Flaws = Iterator[tuple[FieldPath, str]]


def _nothing(_value: Any) -> _Flaws:
    return iter(())


def _of_form(value: Any) -> _Flaws:
    yield from (((name,), message) for name, message in flaws(value))
    yield from _twice("projects", value.projects)
    yield from _twice("conditions", [each.requirement.value for each in value.conditions])


def _of_premises(value: Any) -> _Flaws:
    for index, (one, next_one) in enumerate(pairwise(value.stays), 1):
        if next_one.since <= one.since:
            yield ("stays", index, "since"), f"must be later than {one.since}, the day of the one before"


def _of_opinion(value: Any) -> _Flaws:
    yield from _twice("ceilings", [each.project for each in value.ceilings])
    if value.visited is not None and value.signed is not None and value.signed < value.visited:
        yield ("signed",), f"lies before the visit of {value.visited} that it tells of"


def _of_agreement(value: Any) -> _Flaws:
    yield from _twice("scope", [each.project for each in value.scope])
    if value.ends < value.begins:
        yield ("ends",), f"lies before the first day, {value.begins}"
    if value.ended is not None and value.ended >= value.ends:
        yield ("ended",), f"was ended before its term, {value.ends}, or leave it out"


def _of_special(value: Any) -> _Flaws:
    if value.area is Area.OTHER and not value.area_named:
        yield ("area_named",), "is required where the area is other: say which restricted area it is"
    if value.consent is not None and local_day(value.consent.at) < value.applied:
        yield ("consent", "at"), f"lies before the application of {value.applied}"


def _of_norm(value: Any) -> _Flaws:
    yield from _twice("subjects", [each.name for each in value.subjects])
    weights = [each.weight for each in value.subjects]
    if None in weights and any(weights):
        yield ("subjects", weights.index(None), "weight"), "is missing: give a weight to each subject, or to none"
    elif any(weights) and sum(each or 0 for each in weights) != _WHOLE_WEIGHT:
        yield ("subjects",), f"weights add up to {sum(each or 0 for each in weights)}, not to {_WHOLE_WEIGHT}"


def _of_catalogue(value: Any) -> _Flaws:
    yield from _twice("projects", [each.project for each in value.projects])
    if value.ends < value.begins:
        yield ("ends",), f"lies before the first day, {value.begins}"


def _twice(field: str, names: Any) -> _Flaws:
    for (_, one), (index, other) in combinations(enumerate(names), 2):
        if same_name(one, other):
            yield (field, index), f"{other} is listed twice"


_CHECKS: dict[str, Callable[[Any], _Flaws]] = {
    SITE_APPROVALS.name: _of_form,
    PREMISES.name: _of_premises,
    EXPERT_OPINIONS.name: _of_opinion,
    AGREEMENTS.name: _of_agreement,
    SPECIAL_SITES.name: _of_special,
    NORMS.name: _of_norm,
    CATALOGUES.name: _of_catalogue,
}


# --- The words of the file ------------------------------------------------------------------------------------------


def _day(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("write a day like 2026-05-01")
    return value


def _whole(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[1-9]\d{0,3}", value):
        raise ValueError("must be a whole number from 1 to 9999")
    return value


def _measure(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", value):
        raise ValueError("must be a number like 40 or 0.7")
    return value


_STRICT = ConfigDict(extra="forbid", frozen=True)
_Id = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"), Field(description="Stable, never reused")
]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
_Digest = Annotated[
    str, StringConstraints(pattern=r"^([0-9a-f]{64})?$"), Field(description="SHA-256 of the file, in hex")
]
_Day = Annotated[date, BeforeValidator(_day)]
_Instant = Annotated[
    datetime, BeforeValidator(declaration.instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
_Whole = Annotated[int, BeforeValidator(_whole)]
_Measure = Annotated[Decimal, BeforeValidator(_measure)]


class _Institution(BaseModel):
    """考核机构"""

    model_config = _STRICT
    id: _Id
    name: _Text
    code: str = Field("", description="鉴定机构编码")
    address: str = ""


class _Stay(BaseModel):
    model_config = _STRICT
    since: _Day
    institution: _Id
    address: _Text
    postcode: Annotated[str, StringConstraints(pattern=r"^(\d{6})?$")] = ""


class _Premises(BaseModel):
    """场所: of what kind a site is, and who runs it where since when"""

    model_config = _STRICT
    site: _Id
    kind: SiteKind
    stays: Annotated[tuple[_Stay, ...], Field(min_length=1)]


class _Condition(BaseModel):
    model_config = _STRICT
    requirement: Requirement
    met: bool | None = None
    note: str = ""


class _Acceptance(BaseModel):
    model_config = _STRICT
    day: _Day
    officer: _Text


class _Opinion(BaseModel):
    model_config = _STRICT
    text: _Long
    agrees: bool
    day: _Day


class _Reviewer(BaseModel):
    model_config = _STRICT
    name: _Text
    employer: _Text
    qualification: _Text
    phone: _Text


class _Approval(BaseModel):
    """考场设立审核意见表"""

    model_config = _STRICT
    id: _Id
    site: _Id
    institution: _Id
    applicant: _Text
    head: _Text
    phone: _Text
    address: _Text
    postcode: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    projects: Annotated[tuple[_Text, ...], Field(min_length=1)]
    conditions: tuple[_Condition, ...] = ()
    acceptance: _Acceptance | None = Field(None, description="受理申报时间、经办人")
    review: _Opinion | None = Field(None, description="审核人员意见")
    reviewers: tuple[_Reviewer, ...] = Field((), description="审核人员签名")
    department: _Opinion | None = Field(None, description="经办部门意见")
    centre: _Opinion | None = Field(None, description="市职业技能服务中心意见")
    revoked: _Day | None = Field(None, description="Does not count any more from this day on")


class _Expert(BaseModel):
    model_config = _STRICT
    name: _Text
    employer: str = ""
    qualification: str = ""
    of_applicant: bool | None = None


class _Ceiling(BaseModel):
    model_config = _STRICT
    project: _Text
    stations: _Whole


class _ExpertOpinion(BaseModel):
    """专家书面意见"""

    model_config = _STRICT
    id: _Id
    approval: _Id
    site: _Id
    experts: Annotated[tuple[_Expert, ...], Field(min_length=1)]
    text: _Long
    agrees: bool
    ceilings: tuple[_Ceiling, ...] = Field((), description="最大工位数 for each project")
    visited: _Day | None = Field(None, description="实地考察")
    signed: _Day | None = None
    document_sha256: _Digest = ""


class _Agreement(BaseModel):
    """考场协议"""

    model_config = _STRICT
    id: _Id
    site: _Id
    institution: _Id
    signed: _Day
    begins: _Day
    ends: _Day
    scope: Annotated[tuple[_Ceiling, ...], Field(min_length=1)]
    duties: _Long = Field(description="双方权利义务")
    liability: _Long = Field(description="违约责任")
    ended: _Day | None = Field(None, description="Its last day, where it was ended before its term")


class _Consent(BaseModel):
    model_config = _STRICT
    agrees: bool
    at: _Instant
    by: _Text


class _SpecialSite(BaseModel):
    """特设临时考场"""

    model_config = _STRICT
    id: _Id
    site: _Id
    host_unit: _Text
    applicant: _Text
    applied: _Day
    area: Area
    address: _Text
    reason: _Long
    area_named: str = ""
    stations: _Whole | None = None
    consent: _Consent | None = None


class _Plate(BaseModel):
    """定点考场牌匾"""

    model_config = _STRICT
    site: _Id
    measured: _Day
    wording: _Text
    width_cm: _Measure | None = None
    height_cm: _Measure | None = None
    thickness_mm: _Measure | None = None
    fold_cm: _Measure | None = None
    stainless_steel: bool | None = None
    black_letters: bool | None = None
    at_front_door: bool | None = None
    photo_sha256: _Digest = ""


class _Subject(BaseModel):
    model_config = _STRICT
    name: _Text
    method: Method
    duration_min: _Whole
    weight: _Whole | None = Field(
        None, description="权重, percent of a total 总成绩; of all subjects 100, or of none"
    )


class _Norm(BaseModel):
    """考核规范"""

    model_config = _STRICT
    id: _Id
    project: _Text
    published: _Day
    subjects: Annotated[tuple[_Subject, ...], Field(min_length=1)]
    minimum_age: _Whole | None = None
    kept_months: _Whole | None = Field(None, description="补考保留科目: months that a passed subject is kept")


class _Listed(BaseModel):
    model_config = _STRICT
    project: _Text
    norm: _Id
    filing_number: str = Field("", description="立项")
    ability: str = ""


class _Catalogue(BaseModel):
    """考核目录"""

    model_config = _STRICT
    year: Annotated[int, BeforeValidator(_whole), Field(ge=2000, le=2999)]
    title: _Text
    begins: _Day
    ends: _Day
    projects: Annotated[tuple[_Listed, ...], Field(min_length=1)]


class _File(BaseModel):
    """The grounds of exam sites, as `kaojian grounds import` reads them."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Kaojian grounds")
    institutions: tuple[_Institution, ...] = ()
    premises: tuple[_Premises, ...] = ()
    approvals: tuple[_Approval, ...] = ()
    opinions: tuple[_ExpertOpinion, ...] = ()
    agreements: tuple[_Agreement, ...] = ()
    special_sites: tuple[_SpecialSite, ...] = ()
    plates: tuple[_Plate, ...] = ()
    norms: tuple[_Norm, ...] = ()
    catalogues: tuple[_Catalogue, ...] = ()


_SECTIONS: dict[str, tuple[Kind[Any], str]] = {
    "institutions": (INSTITUTIONS, "id"),
    "premises": (PREMISES, "site"),
    "approvals": (SITE_APPROVALS, "id"),
    "opinions": (EXPERT_OPINIONS, "id"),
    "agreements": (AGREEMENTS, "id"),
    "special_sites": (SPECIAL_SITES, "id"),
    "plates": (PLATES, "site"),
    "norms": (NORMS, "id"),
    "catalogues": (CATALOGUES, "year"),
}
"""Each list of the file with its kind, and the field that is the key."""
