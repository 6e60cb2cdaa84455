"""Rules, verdicts and how verdicts fold. A rule's numbers come from a rule pack, each with its origin.

Not here: the computations that find a verdict (``analysis.judge``, ``records``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a rule says of a sitting. Unknown is a value and never a pass."""

    PASS = "pass"  # noqa: S105 (a verdict, not a password)
    FAIL = "fail"
    WARN = "warn"
    PENDING = "pending"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"

    @property
    def zh(self) -> str:
        return _CHINESE[self]


_CHINESE = {
    Verdict.PASS: "符合",
    Verdict.FAIL: "不符合",
    Verdict.WARN: "提示",
    Verdict.PENDING: "待办",
    Verdict.UNKNOWN: "无法判定",
    Verdict.NOT_APPLICABLE: "不适用",
}

_FOLD_ORDER = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING, Verdict.WARN, Verdict.PASS)


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """The one verdict that stands for many: fail > unknown > pending > warn > pass.

    Rules that do not apply do not count; when none applies, the answer is not_applicable.
    """
    present = set(verdicts)
    for verdict in _FOLD_ORDER:
        if verdict in present:
            return verdict
    return Verdict.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class Finding:
    """One clause's verdict with its sentence in both languages; ids are those of the rule table (C6.2-3 ...)."""

    id: str
    verdict: Verdict
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Ruled:
    """A finding with the names of the entries of the register that it rests on (``Entry.name``)."""

    finding: Finding
    rests_on: tuple[str, ...] = ()
