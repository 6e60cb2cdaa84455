"""What the scores of a batch mean under clauses 六(五) and 六(六): verdicts C6.5-2, C6.5-3 and C6.6-1.

Pure. A mark is bad evidence where it was given by who may not give it, before the candidate's footage begins, or is
out of range; it is unknown where none was given. Marks below the line fail nobody here: they are what an examination
is for. Not here: whether a candidate gets a certificate (``domain.gate``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from config.rule_pack import RulePack
from domain.gate import Proposal, Reason
from domain.grounds import Method
from domain.law import Finding, Ruled, Verdict, fold
from domain.scores import Flaw, Markers, Score, flaws

_BY_WHOM = frozenset({Flaw.SCORER_NOT_SENT, Flaw.SCORER_NOT_THERE, Flaw.MACHINE_NOT_SIGNED})
_SIGNING = frozenset(
    {Flaw.SCORER_DID_NOT_SIGN, Flaw.LEADER_DID_NOT_SIGN, Flaw.CHANGED_SINCE_SIGNED, Flaw.SHEET_NOT_FILED}
)


@dataclass(frozen=True, slots=True)
class CandidateMarks:
    """What is known of one candidate. ``subjects`` are those to be passed, None where the norm is not known; ``seen``
    is when their own footage begins, and ``markers`` who may score, both by subject; None where that is not known.
    ``absent``: they did not come, and have no marks. ``kept`` is what is to be said of subjects that they passed in
    another batch and did not sit in this one.
    """

    candidate: str
    subjects: tuple[str, ...] | None
    scores: tuple[Score, ...] = ()
    markers: Mapping[str, Markers] | None = None
    seen: Mapping[str, datetime] | None = None
    absent: bool = False
    entries: tuple[str, ...] = ()
    kept: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Said:
    verdict: Verdict
    zh: str
    en: str


def rule_scores(candidates: Iterable[CandidateMarks], rules: RulePack) -> tuple[Ruled, ...]:
    """C6.5-2, C6.5-3 and C6.6-1, in this order; unknown where there is no candidate."""
    everybody = tuple(candidates)
    came = [each for each in everybody if not each.absent]
    return (
        _ruled("C6.5-2", everybody, [said for each in came for said in _by_whom(each, rules)]),
        _ruled("C6.5-3", everybody, [said for each in came for said in _marks(each, rules)]),
        _ruled("C6.6-1", everybody, [said for each in came for said in _marking(each, rules)]),
    )


_PASSED = {
    "C6.5-2": (
        "评分人均为到岗的派遣考评员或已签名的机考",
        "every mark was given by who was sent and there, or a signed machine",
    ),
    "C6.5-3": ("各科成绩齐全、已签字、在分值范围内", "every subject has a mark, signed and in range"),
    "C6.6-1": ("阅卷均经授权", "all marking was authorised"),
}


_NOTHING = dict.fromkeys(_PASSED, ("没有应评分的科目", "there is nothing to be scored")) | {
    "C6.6-1": ("没有须阅卷的科目", "no subject is examined on paper"),
}


def _ruled(id_: str, everybody: tuple[CandidateMarks, ...], found: list[_Said]) -> Ruled:
    rests_on = tuple(dict.fromkeys(name for each in everybody for name in each.entries))
    if not everybody:
        return Ruled(Finding(id_, Verdict.UNKNOWN, "没有考生名册", "there is no roster"))
    told = [said for said in found if said.zh]
    verdict = fold(said.verdict for said in found)
    if verdict is Verdict.NOT_APPLICABLE:
        return Ruled(Finding(id_, verdict, *_NOTHING[id_]), rests_on)
    if not told:
        return Ruled(Finding(id_, verdict, *_PASSED[id_]), rests_on)
    zh, en = "；".join(said.zh for said in told), "; ".join(said.en for said in told)
    return Ruled(Finding(id_, verdict, zh, en), rests_on)


_PASS = _Said(Verdict.PASS, "", "")


def _said(verdict: Verdict, each: CandidateMarks, subject: str, words: tuple[str, str]) -> _Said:
    return _Said(verdict, f"{each.candidate} {subject}：{words[0]}", f"{each.candidate} {subject}: {words[1]}")


def _by_whom(each: CandidateMarks, rules: RulePack) -> Iterator[_Said]:
    """Practical marks are given on the spot by who was sent, and not before there is anything to be seen."""
    for score in each.scores:
        if score.value is None or score.method is Method.WRITTEN:
            continue
        if each.markers is None and score.method is Method.PRACTICAL:
            yield _said(Verdict.UNKNOWN, each, score.subject, ("派遣与到岗情况未知", "nobody knows who was sent"))
            continue
        for flaw in flaws(score, _markers(each, score), rules.full_mark):
            if flaw in _BY_WHOM:
                yield _said(Verdict.FAIL, each, score.subject, (flaw.zh, flaw.en))
        yield from _early(each, score)
        yield _PASS


def _markers(each: CandidateMarks, score: Score) -> Markers:
    return (each.markers or {}).get(score.subject, Markers())


def _early(each: CandidateMarks, score: Score) -> Iterator[_Said]:
    begins = (each.seen or {}).get(score.subject)
    if score.method is Method.PRACTICAL and score.given is not None and begins is not None and score.given < begins:
        words = ("评分早于本人录像开始", "given before the candidate's footage begins")
        yield _said(Verdict.FAIL, each, score.subject, words)


def _marks(each: CandidateMarks, rules: RulePack) -> Iterator[_Said]:
    """Each subject has a mark in range with its signatures. Absent is not zero, and missing is not known."""
    if each.subjects is None:
        yield _Said(Verdict.UNKNOWN, f"{each.candidate}：考核科目未知", f"{each.candidate}: subjects not known")
        return
    given = {score.subject: score for score in each.scores}
    for subject in each.subjects:
        score = given.get(subject)
        if score is None and subject in each.kept:
            yield from _kept(each, subject)
            continue
        if score is None or score.value is None:
            yield _said(Verdict.UNKNOWN, each, subject, (Flaw.MISSING.zh, Flaw.MISSING.en))
            continue
        wrong = flaws(score, _markers(each, score), rules.full_mark)
        if Flaw.OUT_OF_RANGE in wrong:
            yield _said(Verdict.FAIL, each, subject, (Flaw.OUT_OF_RANGE.zh, Flaw.OUT_OF_RANGE.en))
        for flaw in wrong:
            if flaw in _SIGNING:
                verdict = Verdict.FAIL if flaw is Flaw.CHANGED_SINCE_SIGNED else Verdict.PENDING
                yield _said(verdict, each, subject, (flaw.zh, flaw.en))
        yield _PASS


_KEPT = {Proposal.REFUSE: Verdict.FAIL, Proposal.HOLD: Verdict.UNKNOWN, Proposal.ISSUE: Verdict.PASS}


def _kept(each: CandidateMarks, subject: str) -> Iterator[_Said]:
    """A subject is kept only as the norm says, and then that is told."""
    for reason in each.kept[subject]:
        yield _Said(_KEPT[reason.proposal], f"{each.candidate} {reason.zh}", f"{each.candidate} {reason.en}")


def _marking(each: CandidateMarks, rules: RulePack) -> Iterator[_Said]:
    """Written papers are marked under the centre, or by a site that was authorised."""
    for score in each.scores:
        if score.method is not Method.WRITTEN or score.value is None:
            continue
        if each.markers is None:
            yield _said(Verdict.UNKNOWN, each, score.subject, ("阅卷授权未知", "nobody knows who may mark"))
        elif Flaw.MARKING_NOT_AUTHORISED in flaws(score, _markers(each, score), rules.full_mark):
            words = (Flaw.MARKING_NOT_AUTHORISED.zh, Flaw.MARKING_NOT_AUTHORISED.en)
            yield _said(Verdict.FAIL, each, score.subject, words)
        else:
            yield _PASS
