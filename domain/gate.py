"""The gate 制证门: what stands between an examined candidate and a certificate, clause 十(二): 杜绝不考核发证.

It proposes, and an officer decides. Pure: everything that is known of one candidate in, a proposal with all its
reasons out. A certificate is proposed only where each condition is known to hold, in this order:

1. The candidate is on the approved roster, and signed in. Their identity was checked.
2. For each subject, the footage of the station where they worked covers their own exam (W2), within the tolerance,
   or one of three exits was taken by two different people: footage brought in later, another camera's view, or the
   written decision of the city centre.
3. For each subject there is a score that stands: given by who may give it, signed, unchanged, in range. What was
   transcribed from paper counts as the paper says, once the paper is filed, and is told.
4. Each subject is passed.

A subject that was passed in another batch and is kept 补考保留科目 needs no exam here, as long as it was neither sat
nor scored here again. Then the conditions above are asked of the exam there, for that subject, and these before them:
the norm says that it is kept, it is the same person, project and subject, and the time is not over.

What is known to be wanting (not on the roster, absent, failed by a score that stands, excluded, to be examined again)
refuses. Everything else that is wanting holds the candidate back, and never accuses them: a gap in footage names the
equipment and the time. What an officer decides is kept beside what was proposed, and changes nothing of it. Not here:
where the facts come from and who may decide (``records.candidacies``, ``records.deciding``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.law import Verdict
from domain.people import Actor, Door
from domain.register import Kind
from domain.scores import Markers, Score, flaws


class Proposal(StrEnum):
    """系统建议. The order of urgency is that of the words: what refuses is told before what holds back."""

    REFUSE = "refuse"  # 不予制证
    HOLD = "hold"  # 待核
    ISSUE = "issue"  # 可制证

    @property
    def zh(self) -> str:
        return {"refuse": "不予制证", "hold": "待核", "issue": "可制证"}[self.value]

    @property
    def en(self) -> str:
        return {"refuse": "not to be issued", "hold": "to be reviewed", "issue": "may be issued"}[self.value]


class ExitKind(StrEnum):
    """出口: the three lawful ways past a gap in the footage of a candidate's station."""

    BACKFILLED = "backfilled"  # 补录: footage of the device, with its hash and where it comes from
    OTHER_VIEW = "other_view"  # another camera shows the station
    DECIDED = "decided"  # 书面决定 of the city centre
    REEXAMINE = "reexamine"  # the same, and the decision is to examine again

    @property
    def zh(self) -> str:
        return _EXITS[self][0]

    @property
    def en(self) -> str:
        return _EXITS[self][1]


_EXITS = {
    ExitKind.BACKFILLED: ("已补录", "footage was brought in later"),
    ExitKind.OTHER_VIEW: ("另有摄像机可见", "another camera shows it"),
    ExitKind.DECIDED: ("市中心书面决定认可", "accepted by the centre in writing"),
    ExitKind.REEXAMINE: ("市中心书面决定重考", "to be examined again, by the centre's decision"),
}


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit, for one place and subject, taken by one person and confirmed by another, None while nobody did.

    ``evidence`` names what it rests on: footage by its hash, a camera, a document by its number. Of several for one
    place the latest counts; ``at`` is when it was confirmed, or taken.
    """

    kind: ExitKind
    subject: str
    place: str
    by: Actor
    second: Actor | None
    at: datetime
    reason: str
    evidence: tuple[str, ...] = ()

    @property
    def stands(self) -> bool:
        """Whether two people took it, at the page and under their own names, and said on what ground.

        The command line is never the second person, nor is anybody who acts for the first.
        """
        if self.second is None:
            return False
        people = (self.by, self.second)
        named = all(each.door is Door.API and each.on_behalf_of is None for each in people)
        return named and self.by.name != self.second.name and bool(self.reason.strip()) and bool(self.evidence)


@dataclass(frozen=True, slots=True)
class Footage:
    """What the report says of the station where a subject was examined, over the candidate's own exam.

    ``place`` names batch, sitting and station. ``zh`` and ``en`` name the equipment and the time of what is wanting,
    "" where nothing is.
    """

    subject: str
    place: str
    verdict: Verdict
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """保留科目: the claim that a subject was passed in another batch, with what is known of it; None is not known.

    ``place`` names batch and ticket there. ``allowed``: the norm says that a passed subject is kept. ``same_person``
    by the marks of both documents; ``same_subject``: of the same project, and examined in the same way by both norms.
    ``passed`` is the day of the exam there, ``until`` the last day on which it is kept, ``in_time`` whether this
    batch ends by then and the exam there lies before it. ``there`` is the candidacy there, in that subject alone.
    """

    subject: str
    place: str
    allowed: bool | None = None
    same_person: bool | None = None
    same_subject: bool | None = None
    in_time: bool | None = None
    passed: date | None = None
    until: date | None = None
    there: Candidacy | None = None


@dataclass(frozen=True, slots=True)
class Candidacy:
    """All that is known of one candidate. None is not known, whatever the reason.

    ``subjects`` are those of the norm that the candidate must pass; ``excluded`` is the ruling on a violation, "" for
    none; ``footage`` has one entry for each place where a subject was examined, several if it was at several;
    ``markers`` are those of each subject; ``kept`` are claims that a subject was passed elsewhere.
    """

    subjects: tuple[str, ...]
    on_roster: bool | None = None
    signed_in: bool | None = None
    identity_checked: bool | None = None
    excluded: str = ""
    footage: tuple[Footage, ...] = ()
    scores: tuple[Score, ...] = ()
    markers: Mapping[str, Markers] = field(default_factory=dict)
    exits: tuple[Exit, ...] = ()
    kept: tuple[Kept, ...] = ()

    def claims(self, subject: str) -> tuple[Kept, ...]:
        """The claims by which a subject counts as kept; none once it was sat or scored here."""
        sat = subject in {*(each.subject for each in self.footage), *(each.subject for each in self.scores)}
        return () if sat else tuple(each for each in self.kept if each.subject == subject)

    def scores_in(self, subject: str) -> tuple[Score, ...]:
        """Its scores in a subject, of a subject that is kept those of the exam there."""
        there = [each.there for each in self.claims(subject) if each.there is not None]
        scores = self.scores if not there else tuple(score for each in there for score in each.scores)
        return tuple(each for each in scores if each.subject == subject)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, and what it makes of the proposal: ISSUE for what is only noted."""

    code: str
    proposal: Proposal
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """建议: the proposal with all its reasons and notes, the graver ones first."""

    proposal: Proposal
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One candidate of a batch at the gate: what is known, what is proposed, and the entries that it rests on."""

    batch: str
    ticket: str
    known: Candidacy
    proposed: Proposed
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenExit:
    """An exit of one candidate, as it is on record."""

    batch: str
    ticket: str
    exit: Exit


@dataclass(frozen=True, slots=True)
class IssueDecision:
    """制证决定: that an officer of the city centre decided on one candidate, with what was proposed to them then.

    Only what is proposed as 可制证 can be issued; what is proposed as 待核 leaves by an ``Exit`` first.
    """

    batch: str
    ticket: str
    issue: bool
    proposed: Proposal
    at: datetime
    by: str
    reason: str = ""


EXITS = Kind("exit", TakenExit)
"""By ``batch/ticket/number``."""

ISSUE_DECISIONS = Kind("issue_decision", IssueDecision)
"""By ``batch/ticket``."""

_GRAVITY = (Proposal.REFUSE, Proposal.HOLD, Proposal.ISSUE)


def propose(known: Candidacy, *, pass_mark: int, full_mark: int) -> Proposed:
    """What the gate says of a candidate. Of who was absent nobody asks for footage or scores."""
    asked = () if known.signed_in is False else known.subjects
    sat = [subject for subject in asked if not known.claims(subject)]
    claims = [each for subject in asked for each in known.claims(subject)]
    reasons = (
        *_of_person(known),
        *(reason for subject in sat for reason in _of_footage(known, subject)),
        *(reason for subject in sat for reason in _of_score(known, subject, pass_mark, full_mark)),
        *(reason for each in claims for reason in kept_reasons(each, pass_mark=pass_mark, full_mark=full_mark)),
    )
    ordered = tuple(sorted(reasons, key=lambda reason: _GRAVITY.index(reason.proposal)))
    return Proposed(ordered[0].proposal if ordered else Proposal.ISSUE, ordered)


def kept_reasons(claim: Kept, *, pass_mark: int, full_mark: int) -> tuple[Reason, ...]:
    """What is to be said of a subject that is claimed as kept: what is wanting, or that it stands, and till when.
    Nothing is said of the exam there while it may be somebody else's.
    """
    zh, en = f"{claim.subject}（保留自 {claim.place}）", f"{claim.subject} (kept from {claim.place})"
    wanting = [*_of_claim(claim)]
    if claim.there is not None and claim.same_person:
        wanting += _of_person(claim.there)
        wanting += _of_footage(claim.there, claim.subject)
        wanting += _of_score(claim.there, claim.subject, pass_mark, full_mark)
    told = [Reason(each.code, each.proposal, f"{zh}：{each.zh}", f"{en}: {each.en}") for each in wanting]
    if all(each.proposal is Proposal.ISSUE for each in told):
        words = f"成绩保留至{claim.until}，以该次录像为准", f"kept until {claim.until}, and the footage there counts"
        told.append(Reason("kept", Proposal.ISSUE, f"{zh}：{words[0]}", f"{en}: {words[1]}"))
    return tuple(told)


def _of_claim(claim: Kept) -> Iterator[Reason]:
    """What keeps a subject from being kept at all, whatever the exam there was."""
    if claim.allowed is False:
        yield _refused("kept", "考核规范未规定补考保留科目", "the norm does not say that a passed subject is kept")
    elif claim.allowed is None:
        yield _held("kept", "考核规范未知，不知是否保留", "without a norm nobody knows whether it is kept")
    if claim.same_person is False or (claim.there is not None and claim.same_person is None):
        yield _held(
            "kept", "证件与该次考生不一致或未知", "the document is not known to be that of the candidate there"
        )
        return
    if claim.there is None:
        yield _held("kept", "没有该批次、该准考证号的考核记录", "no exam of that batch and ticket is on record")
        return
    if claim.same_subject is False:
        yield _refused("kept", "不是同一项目、同一科目", "it is not the same project and subject")
    elif claim.same_subject is None:
        yield _held("kept", "该次考核所依规范的科目未知", "the subjects of the norm of that exam are not known")
    if not claim.allowed:
        return
    if claim.in_time is False:
        zh, en = f"考于{claim.passed}，保留至{claim.until}", f"examined {claim.passed}, kept until {claim.until}"
        yield _refused("kept", f"{zh}，本批次不在期内", f"{en}; this batch is not within that time")
    elif claim.in_time is None or claim.until is None:
        yield _held("kept", "保留期限无法算出", "until when it is kept cannot be told")


def _refused(code: str, zh: str, en: str) -> Reason:
    return Reason(code, Proposal.REFUSE, zh, en)


def _held(code: str, zh: str, en: str) -> Reason:
    return Reason(code, Proposal.HOLD, zh, en)


def _of_person(known: Candidacy) -> Iterator[Reason]:
    if not known.subjects:
        yield _held("norm", "考核规范的科目未知", "the subjects of the norm are not known")
    if known.on_roster is False:
        yield _refused("roster", "不在审核通过名册", "not on the approved roster")
    elif known.on_roster is None:
        yield _held("roster", "尚无审核通过名册", "there is no approved roster yet")
    if known.signed_in is False:
        yield _refused("absent", "缺考", "absent")
    elif known.signed_in is None:
        yield _held("sign_in", "没有签到记录", "no sign-in is recorded")
    elif not known.identity_checked:
        yield _held("identity", "签到时未记录身份核验", "no check of identity is recorded at the sign-in")
    if known.excluded:
        yield _refused("excluded", f"违纪：{known.excluded}", f"excluded: {known.excluded}")


def _of_footage(known: Candidacy, subject: str) -> Iterator[Reason]:
    seen = [each for each in known.footage if each.subject == subject]
    if not seen:
        yield _held("footage", f"{subject}：没有所在工位的录像结论", f"{subject}: nothing is known of its footage")
    for each in seen:
        taken = [one for one in known.exits if (one.subject, one.place) == (subject, each.place) and one.stands]
        yield from _of_place(each, max(taken, key=lambda one: one.at, default=None))


def _of_place(seen: Footage, taken: Exit | None) -> Iterator[Reason]:
    zh, en = f"{seen.subject}：{seen.zh or seen.verdict.zh}", f"{seen.subject}: {seen.en or seen.verdict.value}"
    if taken is not None and taken.kind is ExitKind.REEXAMINE:
        yield _refused("reexamine", f"{zh}；{taken.kind.zh}", f"{en}; {taken.kind.en}")
    elif seen.verdict is Verdict.WARN:
        yield Reason("footage", Proposal.ISSUE, zh, en)
    elif seen.verdict is not Verdict.PASS and taken is not None:
        yield Reason("exit", Proposal.ISSUE, f"{zh}；{taken.kind.zh}", f"{en}; {taken.kind.en}")
    elif seen.verdict is not Verdict.PASS:
        yield _held("footage", zh, en)


def _of_score(known: Candidacy, subject: str, pass_mark: int, full_mark: int) -> Iterator[Reason]:
    found = [score for score in known.scores if score.subject == subject]
    if len(found) != 1:
        zh, en = ("没有成绩", "no score") if not found else ("有多个成绩", "several scores")
        yield _held("score", f"{subject}：{zh}", f"{subject}: {en}")
        return
    wrong = flaws(found[0], known.markers.get(subject, Markers()), full_mark)
    for flaw in wrong:
        yield _held("score", f"{subject}：{flaw.zh}", f"{subject}: {flaw.en}")
    value = found[0].value
    if not wrong and value is not None and value < pass_mark:
        yield _refused("failed", f"{subject} {value} 分，不合格", f"{subject}: {value}, below {pass_mark}")
    elif not wrong and found[0].transcribed:
        zh, en = (
            f"{subject}：成绩录自已归档的纸质评分表",
            f"{subject}: transcribed from a paper score sheet on file",
        )
        yield Reason("transcribed", Proposal.ISSUE, zh, en)
