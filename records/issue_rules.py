"""Whether certificates rest on exams: clause 十(二), 杜绝不考核发证, over all candidates of a batch.

Pure. Findings call candidates by their tickets. Not here: what is proposed for one of them (``domain.gate``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.gate import Case, Proposal
from domain.grounds import Method
from domain.law import Finding, Ruled, Verdict, fold
from domain.register import Entry
from domain.scores import CandidateScore, is_rounded, total_of
from domain.shares import Compared

_NAMED = 5
_ALIKE = 5  # so many candidates with the same marks are worth a look


def on_evidence(cases: Sequence[Case], issued: Collection[str], *, over: bool) -> Ruled:
    """C10-1: whoever has a certificate came, was seen, was scored and passed. ``issued`` are their tickets; ``over``:
    the batch's last sitting is.
    """
    rests_on = tuple(dict.fromkeys(name for each in cases for name in each.rests_on))
    if not cases:
        verdict = Verdict.UNKNOWN if over else Verdict.PENDING
        return _ruled(Finding("C10-1", verdict, "没有考生名册", "there is no roster"), rests_on)
    counts = Counter(each.proposed.proposal for each in cases)
    zh = "，".join(f"{each.zh}{counts[each]}名" for each in reversed(Proposal))
    en = ", ".join(f"{counts[each]} {each.en}" for each in reversed(Proposal))
    proposals = {each.ticket: each.proposed.proposal for each in cases}
    without = sorted(ticket for ticket in issued if proposals.get(ticket) is not Proposal.ISSUE)
    if without:
        verdict = Verdict.FAIL
        zh = f"{_names(without, '、')} 已发证而无考核证据；{zh}"
        en = f"{_names(without, ', ')}: a certificate without exam evidence; {en}"
    elif counts[Proposal.HOLD]:
        verdict = Verdict.PENDING
    else:
        verdict = Verdict.PASS
    return _ruled(Finding("C10-1", verdict, zh, en), rests_on)


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of a batch's marks as a whole. What is not ``odd`` says what was looked at, or why nothing
    was, and notes nothing.
    """

    zh: str
    en: str
    odd: bool


def of_shares(found: Compared | None) -> tuple[Remark, ...]:
    """The share of passes beside other batches; nothing where nobody compared it."""
    return () if found is None else (Remark(found.zh, found.en, found.unusual),)


def of_totals(cases: Iterable[Case], weights: Mapping[str, int]) -> Iterator[Remark]:
    """Totals that are stated and do not follow the weights of the norm; that none could be checked, where that is so.

    A total is known where a paper score sheet stated it; marks of subjects that are kept count as they were given.
    """
    unchecked = []
    for case in cases:
        stated = dict.fromkeys(each.total for each in case.known.scores if each.total is not None)
        marks = [score for subject in case.known.subjects for score in case.known.scores_in(subject)]
        exact = total_of(marks, weights)
        if stated and exact is None:
            unchecked.append(case.ticket)
        for total in stated:
            if exact is not None and not is_rounded(total, exact):
                zh = f"{case.ticket}总成绩{total}与规范权重不符（按权重为{exact.normalize():f}）"
                en = f"the total of {case.ticket}, {total}, does not follow the norm's weights, which give"
                yield Remark(zh, f"{en} {exact.normalize():f}", odd=True)
    if unchecked:
        zh = f"总成绩未核对{len(unchecked)}名：{'规范未规定权重' if not weights else '科目成绩不全'}"
        why = "the norm has no weights" if not weights else "a subject has no mark"
        yield Remark(zh, f"{len(unchecked)} totals were not checked: {why}", odd=False)


def unaltered(
    histories: Iterable[Sequence[Entry[CandidateScore]]],
    without: Verdict = Verdict.NOT_APPLICABLE,
    remarks: Iterable[Remark] = (),
) -> Ruled:
    """C10-2: a mark that was changed after somebody had signed it fails while nobody stands for what it is now, and
    is noted once it is signed again. Candidates with the same marks throughout, and what is odd of all marks
    (``remarks``), are noted for whoever looks into them: statistics fail nothing. ``without`` is what it means that
    there are no marks: pending while they may come, unknown where somebody came and was not scored.
    """
    chains = [list(each) for each in histories if each]
    names = tuple(chain[-1].name for chain in chains)
    if not chains:
        return _ruled(Finding("C10-2", without, "没有成绩", "there are no scores"), names)
    told = [*_altered(chains), *_same(chain[-1] for chain in chains)]
    said = list(remarks)
    told += [(Verdict.WARN, each.zh, each.en) for each in said if each.odd]
    verdict = fold(each for each, _, _ in told) if told else Verdict.PASS
    told = told or [(Verdict.PASS, "没有签字后改动的成绩", "no mark was changed after it was signed")]
    told += [(Verdict.PASS, each.zh, each.en) for each in said if not each.odd]
    zh, en = "；".join(each for _, each, _ in told), "; ".join(each for _, _, each in told)
    return _ruled(Finding("C10-2", verdict, zh, en), names)


_Told = tuple[Verdict, str, str]


def _altered(chains: Iterable[Sequence[Entry[CandidateScore]]]) -> Iterator[_Told]:
    """Each change of a mark that had a signature; what nobody stands for comes first."""
    changes = [
        (later, earlier, _is_stood_for(chain[-1]))
        for chain in chains
        for earlier, later in pairwise(chain)
        if earlier.value is not None and earlier.thing.score.signed is not None and _value(earlier) != _value(later)
    ]
    for later, earlier, stands in sorted(changes, key=lambda each: each[2]):
        reason = later.reason
        zh = f"{later.key}签字后由{_value(earlier)}改为{_value(later)}（{reason or '未说明原因'}）"
        en = f"{later.key} was changed from {_value(earlier)} to {_value(later)} after it was signed"
        en += f" ({reason or 'no reason given'})"
        if stands:
            yield Verdict.WARN, zh, en
        else:
            yield Verdict.FAIL, f"{zh}，改后未重新签字", f"{en}, and nobody has signed it again"


def _is_stood_for(entry: Entry[CandidateScore]) -> bool:
    """Signed and confirmed as the mark is now, or signed by a machine; a mark that was taken back is no mark."""
    if entry.value is None:
        return True
    score = entry.thing.score
    if score.method is Method.MACHINE:
        return score.machine_signed
    return all(each is not None and each.value == score.value for each in (score.signed, score.confirmed))


def _same(last: Iterable[Entry[CandidateScore]]) -> Iterator[_Told]:
    for marks, tickets in alike(last):
        zh = f"{len(tickets)}名考生各科成绩相同（{marks}）：{_names(tickets, '、')}"
        yield Verdict.WARN, zh, f"{len(tickets)} candidates have the same marks ({marks}): {_names(tickets, ', ')}"


def alike(last: Iterable[Entry[CandidateScore]]) -> list[tuple[str, list[str]]]:
    """Of one batch, the marks that many candidates have in all subjects, with their tickets."""
    marks: dict[str, list[str]] = {}
    for entry in last:
        if entry.value is not None and entry.thing.score.value is not None:
            score = entry.thing.score
            marks.setdefault(entry.thing.candidate, []).append(f"{score.subject} {score.value}")
    found: dict[str, list[str]] = {}
    for ticket, theirs in sorted(marks.items()):
        found.setdefault("，".join(sorted(theirs)), []).append(ticket)
    return [(said, tickets) for said, tickets in found.items() if len(tickets) >= _ALIKE]


def _value(entry: Entry[CandidateScore]) -> str:
    value = None if entry.value is None else entry.thing.score.value
    return "—" if value is None else str(value)


def _names(tickets: Sequence[str], comma: str) -> str:
    more = f" +{len(tickets) - _NAMED}" if len(tickets) > _NAMED else ""
    return comma.join(tickets[:_NAMED]) + more


def _ruled(finding: Finding, rests_on: tuple[str, ...]) -> Ruled:
    return Ruled(finding, rests_on)
