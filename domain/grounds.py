"""On what grounds a site may hold exams: who runs it, what was approved and agreed, what is in the catalogue.

Clauses 一 to 四 of the notice of 2022-08-10, and the form in its annex. Each record has its kind for the register.
Not here: whether they allow a batch (``records.grounds_rules``), and cameras and rooms (``domain.places``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from domain.register import Kind
from domain.timeline import Interval

PLATE_WORDING = "专项职业能力定点考场"
"""What every plate says (clause 四)."""


class SiteKind(StrEnum):
    """What sort of place exams are held at. The last two are barred (clause 四), yet recorded where they occur."""

    FIXED = "fixed"
    SPECIAL = "special"
    TEMPORARY = "temporary"
    MOBILE = "mobile"

    @property
    def zh(self) -> str:
        return _SITE_KINDS[self]


_SITE_KINDS = {
    SiteKind.FIXED: "定点考场",
    SiteKind.SPECIAL: "特设临时考场",
    SiteKind.TEMPORARY: "临时考场",
    SiteKind.MOBILE: "移动考场",
}


class Area(StrEnum):
    """约束性区域: in which a special temporary site may be set up; another one needs its reason in words."""

    MILITARY = "military"
    JUDICIAL = "judicial"
    OTHER = "other"

    @property
    def zh(self) -> str:
        return _AREAS[self]


_AREAS = {Area.MILITARY: "军事管辖区", Area.JUDICIAL: "司法管辖区", Area.OTHER: "其他约束性区域"}


class Requirement(StrEnum):
    """What clause 四 asks of an institution that applies for a site."""

    OFFICES = "offices"
    OFFICE_EQUIPMENT = "office_equipment"
    WORKING_MATERIAL = "working_material"
    PREMISES = "premises"
    EQUIPMENT = "equipment"
    MANAGEMENT = "management"
    STAFF = "staff"
    REGULATIONS = "regulations"

    @property
    def zh(self) -> str:
        return _REQUIREMENTS[self]


_REQUIREMENTS = {
    Requirement.OFFICES: "办公用房",
    Requirement.OFFICE_EQUIPMENT: "办公设施",
    Requirement.WORKING_MATERIAL: "工作资料",
    Requirement.PREMISES: "考评场地",
    Requirement.EQUIPMENT: "考评设施设备",
    Requirement.MANAGEMENT: "组织管理人员",
    Requirement.STAFF: "工作人员",
    Requirement.REGULATIONS: "管理制度",
}


class Method(StrEnum):
    """考核方式: how a subject is examined, and so who may mark it.

    Practical work is marked on the spot by examiners of the panel, a written paper by whom the centre authorised, and
    the machine signs its own result, which needs no score sheet (clauses 六(五), 六(六) and 九).
    """

    WRITTEN = "written"
    PRACTICAL = "practical"
    MACHINE = "machine"

    @property
    def zh(self) -> str:
        return {Method.WRITTEN: "笔试", Method.PRACTICAL: "实操", Method.MACHINE: "机考"}[self]


class Step(StrEnum):
    """How far the form 考场设立审核意见表 has come."""

    APPLIED = "applied"
    ACCEPTED = "accepted"
    REVIEWED = "reviewed"
    PROPOSED = "proposed"
    DECIDED = "decided"

    @property
    def zh(self) -> str:
        return _STEPS[self]


_STEPS = {
    Step.APPLIED: "已申请",
    Step.ACCEPTED: "已受理",
    Step.REVIEWED: "已审核",
    Step.PROPOSED: "经办部门已提出意见",
    Step.DECIDED: "市中心已决定",
}


@dataclass(frozen=True, slots=True)
class Institution:
    """考核机构: who runs a site, and files what was examined there (clause 九)."""

    id: str
    name: str
    code: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Stay:
    """Where a site is from a day on, and who runs it there."""

    since: date
    institution: str
    address: str
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Premises:
    """场所: of what kind a site is, and who has run it where since when. ``stays`` rise."""

    site: str
    kind: SiteKind
    stays: tuple[Stay, ...]

    def stay_on(self, day: date) -> Stay | None:
        """Where it was on a day and who ran it; None where that is not known."""
        found = [stay for stay in self.stays if stay.since <= day]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether one requirement is met; None where nobody said."""

    requirement: Requirement
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """受理申报时间 and 经办人 of the form."""

    day: date
    officer: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """意见: what one part of the form says, whether it agrees, and its day."""

    text: str
    agrees: bool
    day: date


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A line of 审核人员签名."""

    name: str
    employer: str
    qualification: str
    phone: str


@dataclass(frozen=True, slots=True)
class SiteApproval:
    """考场设立审核意见表: the form of the notice's annex, field by field, as far as it was signed.

    ``revoked``: from that day on it does not count any more. The form has no place for the number of stations or a
    term: those are in the experts' opinion and in the agreement.
    """

    id: str
    site: str
    institution: str
    applicant: str
    head: str
    phone: str
    address: str
    postcode: str
    projects: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    acceptance: Acceptance | None = None
    review: Opinion | None = None
    reviewers: tuple[Reviewer, ...] = ()
    department: Opinion | None = None
    centre: Opinion | None = None
    revoked: date | None = None

    @property
    def step(self) -> Step:
        """The last step that was signed."""
        signed = (self.acceptance, self.review, self.department, self.centre)
        done = [step for step, part in zip(list(Step)[1:], signed, strict=True) if part is not None]
        return done[-1] if done else Step.APPLIED

    def condition(self, requirement: Requirement) -> bool | None:
        """Whether it is met; None where nobody said."""
        return next((each.met for each in self.conditions if each.requirement is requirement), None)


@dataclass(frozen=True, slots=True)
class Expert:
    """专家. ``of_applicant`` says whether the applicant employs them; None leaves it to ``employer``."""

    name: str
    employer: str
    qualification: str = ""
    of_applicant: bool | None = None


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A project and how many stations it may have."""

    project: str
    stations: int


@dataclass(frozen=True, slots=True)
class ExpertOpinion:
    """专家书面意见: what third parties who went to see the place wrote of it, by which stations are set.

    ``approval`` is the form that it belongs to; ``document_sha256`` is of the paper that was signed.
    """

    id: str
    approval: str
    site: str
    experts: tuple[Expert, ...]
    text: str
    agrees: bool
    ceilings: tuple[Ceiling, ...] = ()
    visited: date | None = None
    signed: date | None = None
    document_sha256: str = ""

    def stations_for(self, project: str) -> int | None:
        return _stations(self.ceilings, project)


@dataclass(frozen=True, slots=True)
class Agreement:
    """考场协议: what the city centre and an institution agreed on. Both ends of the term belong to it.

    ``ended`` is its last day where it was ended before.
    """

    id: str
    site: str
    institution: str
    signed: date
    begins: date
    ends: date
    scope: tuple[Ceiling, ...]
    duties: str
    liability: str
    ended: date | None = None

    @property
    def last_day(self) -> date:
        return self.ends if self.ended is None else min(self.ends, self.ended)

    def holds_on(self, day: date) -> bool:
        return max(self.signed, self.begins) <= day <= self.last_day

    def stations_for(self, project: str) -> int | None:
        return _stations(self.scope, project)


@dataclass(frozen=True, slots=True)
class Consent:
    """What the city centre said to an application for a special site, and when."""

    agrees: bool
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class SpecialSite:
    """特设临时考场: an application of the unit in whose restricted area it is to be (clause 四).

    ``area_named`` says in words which area it is, ``stations`` how many were consented to.
    """

    id: str
    site: str
    host_unit: str
    applicant: str
    applied: date
    area: Area
    address: str
    reason: str
    area_named: str = ""
    stations: int | None = None
    consent: Consent | None = None


@dataclass(frozen=True, slots=True)
class Plate:
    """定点考场牌匾 as it was measured; None for what nobody measured or looked at."""

    site: str
    measured: date
    wording: str
    width_cm: Decimal | None = None
    height_cm: Decimal | None = None
    thickness_mm: Decimal | None = None
    fold_cm: Decimal | None = None
    stainless_steel: bool | None = None
    black_letters: bool | None = None
    at_front_door: bool | None = None
    photo_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """科目 of a norm. ``weight`` is what it counts in a total 总成绩, in percent; None where the norm has none.

    Nothing is passed by a total (clause 六(五)): weights are for checking one that somebody states.
    """

    name: str
    method: Method
    duration_min: int
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Norm:
    """专项职业能力考核规范 of one project. ``minimum_age`` in years, None where it says nothing beyond clause 一.

    ``kept_months``: how long a subject that was passed is kept for who sits the others again 补考, from the day on
    which it was examined; None where the norm does not say that it is kept.
    """

    id: str
    project: str
    published: date
    subjects: tuple[Subject, ...]
    minimum_age: int | None = None
    kept_months: int | None = None

    @property
    def weights(self) -> dict[str, int]:
        """What each subject counts in a total, in percent; empty where the norm does not say it of each."""
        told = {each.name: each.weight for each in self.subjects if each.weight is not None}
        return told if len(told) == len(self.subjects) else {}

    @property
    def duration_min(self) -> int:
        """Of all subjects together, in minutes."""
        return sum(subject.duration_min for subject in self.subjects)


@dataclass(frozen=True, slots=True)
class Listed:
    """A project of a catalogue. ``filing_number`` is that of its 立项, ``ability`` what it is that is examined."""

    project: str
    norm: str
    filing_number: str = ""
    ability: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """考核目录 of one year: what may be examined, from one day to another, both included."""

    year: int
    title: str
    begins: date
    ends: date
    projects: tuple[Listed, ...]

    def holds_on(self, day: date) -> bool:
        return self.begins <= day <= self.ends

    def listed(self, project: str) -> Listed | None:
        return next((each for each in self.projects if same_name(each.project, project)), None)


INSTITUTIONS = Kind("institution", Institution)
PREMISES = Kind("premises", Premises)
SITE_APPROVALS = Kind("site_approval", SiteApproval)
EXPERT_OPINIONS = Kind("expert_opinion", ExpertOpinion)
AGREEMENTS = Kind("agreement", Agreement)
SPECIAL_SITES = Kind("special_site", SpecialSite)
PLATES = Kind("plate", Plate)
NORMS = Kind("norm", Norm)
CATALOGUES = Kind("catalogue", Catalogue)


def same_name(one: str, other: str) -> bool:
    """Whether two names or addresses are the same but for spaces, sorts of dashes, width and case of letters.

    What stands between figures counts: number 1-2 is not number 12.
    """
    return _plain(one) == _plain(other)


def employed_by(expert: Expert, applicants: Iterable[str]) -> bool | None:
    """Whether an applicant employs the expert; None where neither that nor an employer is on record."""
    named = bool(expert.employer.strip())
    if expert.of_applicant or (named and any(same_name(expert.employer, name) for name in applicants)):
        return True
    return False if named or expert.of_applicant is False else None


def flaws(form: SiteApproval) -> Iterator[tuple[str, str]]:
    """What cannot be of a form, each with its field: steps in another order, a review that nobody signed."""
    steps = (
        ("acceptance", form.acceptance),
        ("review", form.review),
        ("department", form.department),
        ("centre", form.centre),
    )
    missing, before = "", None
    for name, part in steps:
        if part is None:
            missing = missing or name
        elif missing:
            yield name, f"stands before {missing}; the form is signed in its order"
        elif before is not None and part.day < before:
            yield name, f"its day {part.day} lies before that of the step before, {before}"
        before = part.day if part is not None else before
    if form.review is not None and not form.reviewers:
        yield "reviewers", "an opinion of reviewers needs at least one who signed it"
    if form.reviewers and form.review is None:
        yield "reviewers", "nobody can have signed an opinion that is not there; give review as well"
    if form.revoked is not None and (form.centre is None or not form.centre.agrees or form.revoked < form.centre.day):
        yield "revoked", "only what the centre agreed to can be revoked, and not before that day"


def rewritten(old: SiteApproval, new: SiteApproval) -> Iterator[str]:
    """The fields of a signed form that a later one has otherwise. What was signed stays; steps are added."""
    if old.step is Step.APPLIED:
        return
    added_with = {"reviewers": old.review is not None, "revoked": old.revoked is not None}
    for name in old.__dataclass_fields__:
        before, now = getattr(old, name), getattr(new, name)
        signed = added_with.get(name, before is not None)
        if signed and before != now and (name != "conditions" or old.step is Step.DECIDED):
            yield name


def developed_again(catalogues: Iterable[Catalogue]) -> Iterator[tuple[int, str, int, str]]:
    """重复开发: projects of the same name or ability with another filing number (clause 三), as year and project of
    both, the earlier one first. A project that is listed year after year under its number is not one of them.
    """
    seen: list[tuple[int, Listed]] = []
    for catalogue in sorted(catalogues, key=lambda each: each.year):
        for listed in catalogue.projects:
            for year, other in seen:
                if _same_matter(other, listed) and (year == catalogue.year or _numbered_apart(other, listed)):
                    yield year, other.project, catalogue.year, listed.project
            seen.append((catalogue.year, listed))


def at_once(spans: Iterable[tuple[Interval, int]]) -> int:
    """The most there were at one instant, of spans with so many each; 0 for none."""
    spans = list(spans)
    return max(
        (sum(count for span, count in spans if span.start <= each.start < span.end) for each, _ in spans), default=0
    )


def _same_matter(one: Listed, other: Listed) -> bool:
    if same_name(one.project, other.project):
        return True
    return bool(one.ability) and bool(other.ability) and same_name(one.ability, other.ability)


def _numbered_apart(one: Listed, other: Listed) -> bool:
    return not same_name(one.project, other.project) or (
        bool(one.filing_number) and bool(other.filing_number) and one.filing_number != other.filing_number
    )


def _stations(ceilings: Iterable[Ceiling], project: str) -> int | None:
    return next((each.stations for each in ceilings if same_name(each.project, project)), None)


def _plain(text: str) -> str:
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", unicodedata.normalize("NFKC", text)).casefold()
    return re.sub(r"(?<![0-9a-z])\s+|\s+(?![0-9a-z])", "", re.sub(r"\s+", " ", text))
