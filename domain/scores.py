"""Scores 成绩: what a candidate was given in each subject, by whom, who signed it, and whether that is a pass.

Clause 六(五): each subject is marked out of 100 and 60 or more is a pass; 六(六): written papers are marked under the
city centre, or by a site that it authorised. Marks are decimal and never rounded, subjects are never averaged, who
was absent has no mark rather than zero, and a subject without a mark is unknown. Not here: what a certificate rests
on besides (``domain.gate``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.grounds import Method
from domain.register import Kind


class Flaw(StrEnum):
    """Why a score does not stand yet. None of them says anything against the candidate."""

    MISSING = "missing"  # nobody gave one
    OUT_OF_RANGE = "out_of_range"
    SCORER_NOT_SENT = "scorer_not_sent"  # not one of the panel that the centre sent
    SCORER_NOT_THERE = "scorer_not_there"  # sent, and not on the spot when it was given
    MARKING_NOT_AUTHORISED = "marking_not_authorised"
    MACHINE_NOT_SIGNED = "machine_not_signed"
    SCORER_DID_NOT_SIGN = "scorer_did_not_sign"
    LEADER_DID_NOT_SIGN = "leader_did_not_sign"
    CHANGED_SINCE_SIGNED = "changed_since_signed"
    SHEET_NOT_FILED = "sheet_not_filed"  # transcribed from paper, and the paper is not in the dossier

    @property
    def zh(self) -> str:
        return _WORDS[self][0]

    @property
    def en(self) -> str:
        return _WORDS[self][1]


_WORDS = {
    Flaw.MISSING: ("没有成绩", "no score"),
    Flaw.OUT_OF_RANGE: ("成绩超出分值范围", "a score outside its range"),
    Flaw.SCORER_NOT_SENT: ("评分人不在派遣名单", "scored by somebody who was not sent"),
    Flaw.SCORER_NOT_THERE: ("评分时评分人不在场", "scored by somebody who was not there"),
    Flaw.MARKING_NOT_AUTHORISED: ("阅卷未经授权", "marked without authority"),
    Flaw.MACHINE_NOT_SIGNED: ("机考结果未签名或签名不符", "a machine's result without its signature"),
    Flaw.SCORER_DID_NOT_SIGN: ("评分人未签字", "not signed by who scored it"),
    Flaw.LEADER_DID_NOT_SIGN: ("考评组长未签字", "not signed by the leader of the panel"),
    Flaw.CHANGED_SINCE_SIGNED: ("签字后被改动", "changed after it was signed"),
    Flaw.SHEET_NOT_FILED: (
        "录自纸质评分表，而该表尚未归档",
        "transcribed from a paper score sheet that is not filed in the dossier",
    ),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """签字: that somebody stands for a score of that value."""

    by: str
    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Score:
    """成绩: the mark of one subject. ``value`` is None where none was given; ``scorer`` is an examiner's id, or the
    name of a marking or of a machine. ``machine_signed``: the signature of the machine's result was checked, and it
    holds. ``vouched`` names the signed document of an outside system that says who scored and signed, as
    ``results/<batch>/<system>@<revision>``; empty where people did so here, under their own accounts.
    ``transcribed``: mark, scorer and signatures are what a paper score sheet 评分表 says, typed off by somebody else;
    they are worth what the sheet is worth, and nothing while it is not filed. ``total`` is the total 总成绩 of all
    subjects that such a sheet states; nobody passes or fails by it.
    """

    subject: str
    method: Method
    value: Decimal | None = None
    scorer: str = ""
    given: datetime | None = None
    signed: Signature | None = None
    confirmed: Signature | None = None  # 考评组长
    machine_signed: bool = False
    vouched: str = ""
    transcribed: bool = False
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Markers:
    """Who may score a candidate in one subject. ``sent`` and ``leaders`` are those of the panel, several leaders
    where one took over from another; ``there`` says of whom it is known that they were on the spot when the score
    was given; ``authorised`` are markings of written papers. ``sheet_filed``: the score sheets of the subject are in
    the dossier, of each sitting in which the candidate was examined in it.
    """

    sent: frozenset[str] = frozenset()
    leaders: frozenset[str] = frozenset()
    there: frozenset[str] = frozenset()
    authorised: frozenset[str] = frozenset()
    sheet_filed: bool = False


def flaws(score: Score, markers: Markers, full_mark: int) -> tuple[Flaw, ...]:
    """All that keeps a score from standing; empty where it stands."""
    if score.value is None:
        return (Flaw.MISSING,)
    found = []
    if not score.value.is_finite() or not 0 <= score.value <= full_mark:
        found.append(Flaw.OUT_OF_RANGE)
    found.extend(_of_scorer(score, markers))
    if score.method is not Method.MACHINE:
        found.extend(_of_signatures(score, markers))
    return tuple(found)


def total_of(scores: Iterable[Score], weights: Mapping[str, int]) -> Decimal | None:
    """The total 总成绩 of marks by weights in percent, exactly; None where a subject has no mark, or several."""
    marks = [(score.subject, score.value) for score in scores if score.subject in weights]
    known = {subject: value for subject, value in marks if value is not None and value.is_finite()}
    if not weights or len(marks) != len(weights) or len(known) != len(weights):
        return None
    return sum((known[subject] * weight for subject, weight in weights.items()), Decimal()) / 100


def is_rounded(stated: Decimal, exact: Decimal) -> bool:
    """Whether a total that is stated is the exact one, rounded to the places that it is stated with; a half in
    either direction.
    """
    places = min(0, int(stated.as_tuple().exponent))
    return 2 * abs(stated - exact) <= Decimal(1).scaleb(places)


def passes(scores: Iterable[Score], subjects: Collection[str], pass_mark: int) -> bool | None:
    """Whether every subject is passed; None while one has no mark and none is failed.

    One mark below the line decides, whatever the others are. Without any subject nothing is passed.
    """
    marks = {score.subject: score.value for score in scores if score.value is not None and score.value.is_finite()}
    if any(marks[subject] < pass_mark for subject in subjects if subject in marks):
        return False
    return True if subjects and all(subject in marks for subject in subjects) else None


def _of_scorer(score: Score, markers: Markers) -> list[Flaw]:
    match score.method:
        case Method.PRACTICAL if score.scorer not in markers.sent:
            return [Flaw.SCORER_NOT_SENT]
        case Method.PRACTICAL if score.scorer not in markers.there:
            return [Flaw.SCORER_NOT_THERE]
        case Method.WRITTEN if score.scorer not in markers.authorised:
            return [Flaw.MARKING_NOT_AUTHORISED]
        case Method.MACHINE if not score.machine_signed:
            return [Flaw.MACHINE_NOT_SIGNED]
    return []


def _of_signatures(score: Score, markers: Markers) -> list[Flaw]:
    found = []
    if score.signed is None or score.signed.by != score.scorer:
        found.append(Flaw.SCORER_DID_NOT_SIGN)
    if score.confirmed is None or score.confirmed.by not in markers.leaders:
        found.append(Flaw.LEADER_DID_NOT_SIGN)
    if any(each is not None and each.value != score.value for each in (score.signed, score.confirmed)):
        found.append(Flaw.CHANGED_SINCE_SIGNED)
    if score.transcribed and not markers.sheet_filed:
        found.append(Flaw.SHEET_NOT_FILED)
    return found


@dataclass(frozen=True, slots=True)
class CandidateScore:
    """The score of one candidate of a batch, called by the admission number 准考证号."""

    batch: str
    candidate: str
    score: Score


@dataclass(frozen=True, slots=True)
class MarkingOrder:
    """阅卷安排: who marks the written papers of a subject, as the city centre signed it (clause 六(六)).

    ``site`` is the site that assists, "" where the centre itself marks; a site is authorised by the document of that
    number. ``id`` is what a ``Score`` names as its scorer.
    """

    id: str
    batch: str
    subject: str
    signed: datetime
    site: str = ""
    document: str = ""

    @property
    def is_authorised(self) -> bool:
        """By the centre for itself, or for a site by a document."""
        return not self.site or bool(self.document)


MARKING_ORDERS = Kind("marking_order", MarkingOrder)
"""By ``batch/id``."""
