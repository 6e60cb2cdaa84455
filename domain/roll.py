"""The roll of a batch 考生名册: who applied, where they sit, what became of their papers, and who came.

Candidates are called by their admission ticket 准考证号, which is opaque and unique in the batch; who somebody is, is
told by the *mark*, a keyed hash of the number of their document, under which entries are found. Numbers themselves
lie sealed. Faces and templates of faces are kept nowhere. Not here: what may be entered (``records.roster``,
``records.roll``) and what the notice says of it (``records.roll_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.register import Kind

TICKET = re.compile(r"\w[\w.-]{0,39}")
"""What an admission ticket may be called: letters of any script, digits, points, hyphens."""


class Document(StrEnum):
    """By what paper somebody proves who they are."""

    RESIDENT_ID = "resident_id"
    HONG_KONG_MACAO_PERMIT = "hong_kong_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PERMANENT_RESIDENCE = "permanent_residence"
    PASSPORT = "passport"
    OTHER = "other"

    @property
    def zh(self) -> str:
        return _DOCUMENTS[self]


_DOCUMENTS = {
    Document.RESIDENT_ID: "居民身份证",
    Document.HONG_KONG_MACAO_PERMIT: "港澳居民来往内地通行证",
    Document.TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    Document.PERMANENT_RESIDENCE: "外国人永久居留身份证",
    Document.PASSPORT: "护照",
    Document.OTHER: "其他证件",
}


class Gender(StrEnum):
    """As the document says it."""

    MALE = "male"
    FEMALE = "female"

    @property
    def zh(self) -> str:
        return {Gender.MALE: "男", Gender.FEMALE: "女"}[self]


class Attempt(StrEnum):
    """Whether somebody sits the exam for the first time 首次 or once more 补考."""

    FIRST = "first"
    RESIT = "resit"

    @property
    def zh(self) -> str:
        return {Attempt.FIRST: "首次", Attempt.RESIT: "补考"}[self]


@dataclass(frozen=True, slots=True)
class KeptSubject:
    """保留科目: that a candidate passed a subject in another batch, under a ticket there, and keeps it. A claim."""

    subject: str
    batch: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """考生. ``sealed`` is the number of the document, which opens for its entry's mark only; no ``born``: unknown.

    ``kept`` are those of ``subjects`` that are not sat in this batch.
    """

    batch: str
    ticket: str
    name: str
    document: Document
    sealed: str
    subjects: tuple[str, ...]
    born: date | None = None
    gender: Gender | None = None
    attempt: Attempt = Attempt.FIRST
    kept: tuple[KeptSubject, ...] = ()


@dataclass(frozen=True, slots=True)
class Seat:
    """座位安排: where a candidate sits in a sitting, and for which subject. Its entry has the candidate's mark."""

    batch: str
    ticket: str
    sitting: int
    room: str
    station: str
    subject: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One candidate on a paper: by ticket and by mark, so that nobody else is meant where a number is corrected."""

    ticket: str
    mark: str


@dataclass(frozen=True, slots=True)
class AssessmentPlan:
    """考核计划: that the institution made the batch's plan in the provincial system, when, and who."""

    batch: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class FirstReview:
    """初审: whose papers the institution looked at and found in order."""

    batch: str
    at: datetime
    by: str
    passed: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """上报, numbered from 1 within the batch: whom the institution asks the centre to accept."""

    batch: str
    number: int
    at: datetime
    by: str
    listed: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """审核: what the centre said of one candidate of a submission, and why where it declined."""

    batch: str
    submission: int
    candidate: Listed
    accepted: bool
    at: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """反馈: one notice of results to the institution. ``roster`` 花名册 are those of ``covered`` who are accepted."""

    batch: str
    submission: int
    number: int
    at: datetime
    by: str
    covered: tuple[Listed, ...]
    roster: tuple[Listed, ...]


class IdCheck(StrEnum):
    """人证核验: how it was found out who came. No way compares faces by machine."""

    CARD = "card"
    TYPED = "typed"
    COMPARED = "compared"
    NONE = "none"

    @property
    def zh(self) -> str:
        return _CHECKED[self]


_CHECKED = {
    IdCheck.CARD: "读卡核验",
    IdCheck.TYPED: "录入号码核验",
    IdCheck.COMPARED: "人工比对证件",
    IdCheck.NONE: "未核验",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """签到 or 缺考 of a candidate in a sitting. ``station`` is "" for who was absent.

    Its entry's mark is that of the document that was shown, "" where none was.
    """

    batch: str
    sitting: int
    ticket: str
    present: bool
    at: datetime
    check: IdCheck
    by: str
    room: str = ""
    station: str = ""


@dataclass(frozen=True, slots=True)
class StationChange:
    """换工位 during a sitting: from ``at`` on the candidate works elsewhere."""

    batch: str
    sitting: int
    ticket: str
    at: datetime
    room: str
    station: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Violation:
    """违纪: what somebody did against the rules of the exam, and what was done about it.

    ``excludes``: the ruling takes the exam away from them 取消考核资格.
    """

    batch: str
    sitting: int
    ticket: str
    at: datetime
    what: str
    handling: str
    by: str
    excludes: bool = False


@dataclass(frozen=True, slots=True)
class Leaving:
    """离场: from when on a candidate was not at their station any more, for good. Their own exam ends there."""

    batch: str
    sitting: int
    ticket: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class NumbersKey:
    """Which key the installation's numbers are marked with; entered with the first of them. Tells nothing of it."""

    id: str


CANDIDATES = Kind("candidate", Candidate)
SEATS = Kind("seat", Seat)
PLANS = Kind("assessment_plan", AssessmentPlan)
FIRST_REVIEWS = Kind("first_review", FirstReview)
SUBMISSIONS = Kind("submission", Submission)
DECISIONS = Kind("decision", Decision)
FEEDBACKS = Kind("feedback", Feedback)
SIGN_INS = Kind("sign_in", SignIn)
STATION_CHANGES = Kind("station_change", StationChange)
VIOLATIONS = Kind("violation", Violation)
LEAVINGS = Kind("leaving", Leaving)
NUMBERS_KEYS = Kind("numbers_key", NumbersKey)


def kept_by_all(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """The subjects that everybody who has them keeps from another batch, so that nobody sits them."""
    everybody = list(candidates)
    kept = {each.subject for who in everybody for each in who.kept}
    sat = {subject for who in everybody for subject in {*who.subjects} - {each.subject for each in who.kept}}
    return tuple(sorted(kept - sat))


def comes_of_age(born: date, years: int) -> date:
    """The day on which somebody is so many years old; born on 29 February, that is 1 March in common years."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)
