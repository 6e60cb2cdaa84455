"""Whether certificates rest on exams: clause 十(二), 杜绝不考核发证, over all candidates of a batch.

Pure. Findings call candidates by their tickets. Not here: what is proposed for one of them (``domain.gate``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from domain.gate import Case, Proposal
from domain.law import Finding, Ruled, Verdict
from domain.register import Entry
from domain.scores import CandidateScore

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


def unaltered(
    histories: Iterable[Sequence[Entry[CandidateScore]]], without: Verdict = Verdict.NOT_APPLICABLE
) -> Ruled:
    """C10-2: marks that were changed after somebody had signed them, and candidates with the same marks throughout,
    are noted for whoever looks into them. Statistics fail nothing. ``without`` is what it means that there are no
    marks: pending while they may come, unknown where somebody came and was not scored.
    """
    chains = [list(each) for each in histories if each]
    names = tuple(chain[-1].name for chain in chains)
    if not chains:
        return _ruled(Finding("C10-2", without, "没有成绩", "there are no scores"), names)
    told = [
        (
            f"{later.key}签字后由{_value(earlier)}改为{_value(later)}（{later.reason or '未说明原因'}）",
            f"{later.key} was changed from {_value(earlier)} to {_value(later)} after it was signed"
            f" ({later.reason or 'no reason given'})",
        )
        for chain in chains
        for earlier, later in pairwise(chain)
        if earlier.value is not None and earlier.thing.score.signed is not None and _value(earlier) != _value(later)
    ]
    for marks, tickets in alike(chain[-1] for chain in chains):
        told.append(
            (
                f"{len(tickets)}名考生各科成绩相同（{marks}）：{_names(tickets, '、')}",
                f"{len(tickets)} candidates have the same marks ({marks}): {_names(tickets, ', ')}",
            )
        )
    if not told:
        en = "no mark was changed after it was signed"
        return _ruled(Finding("C10-2", Verdict.PASS, "没有签字后改动的成绩", en), names)
    zh = "；".join(each for each, _ in told)
    return _ruled(Finding("C10-2", Verdict.WARN, zh, "; ".join(each for _, each in told)), names)


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
