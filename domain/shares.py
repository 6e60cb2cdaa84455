"""合格率: how unusual the share of those who passed a batch is beside other batches of its project, by exact sums.

Fisher's exact test: if all candidates were alike, and only chance said who of them sat which batch, how often would
this batch's share be as far off as it is, or farther? Nothing is approximated, and no accusation follows: a good
teacher, a hard season or another sort of candidates are off as well. Not here: which batches are compared and what
follows (``records.pass_shares``, ``records.issue_rules``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

_SHOWN = Fraction(1, 1_000_000)  # smaller chances are told as less than this


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those whose result is known passed."""

    passed: int
    counted: int

    def __str__(self) -> str:
        share = f"{100 * self.passed / self.counted:.1f}%" if self.counted else "—"
        return f"{share} ({self.passed}/{self.counted})"


@dataclass(frozen=True, slots=True)
class Line:
    """From when on shares are compared, and what is unusual: ``candidates`` of the batch with a result, ``batches``
    beside it, and the chance, 0 to 1, below which a share is worth a look.
    """

    candidates: int
    batches: int
    chance: Fraction


@dataclass(frozen=True, slots=True)
class Compared:
    """A batch's share beside that of so many other batches together. ``chance`` is None where there is too little to
    compare.
    """

    own: Share
    others: Share
    batches: int
    line: Line
    chance: Fraction | None

    @property
    def unusual(self) -> bool:
        return self.chance is not None and self.chance < self.line.chance

    @property
    def zh(self) -> str:
        if self.chance is None:
            return (
                f"合格率未作比较：成绩齐全者{self.own.counted}名（至少{self.line.candidates}名），"
                f"同项目可比批次{self.batches}个（至少{self.line.batches}个）"
            )
        word = "合格率异常" if self.unusual else "合格率无异常"
        return (
            f"{word}：本批次{self.own}，同项目其他{self.batches}个批次合计{self.others}，"
            f"若无差别，相差至此的机会{_shown(self.chance)}（提示线{float(self.line.chance):g}）"
        )

    @property
    def en(self) -> str:
        if self.chance is None:
            return (
                f"the share of passes was not compared: {self.own.counted} with a result (at least "
                f"{self.line.candidates}), {self.batches} other batches of the project (at least {self.line.batches})"
            )
        word = "unusual" if self.unusual else "not unusual"
        return (
            f"the share of passes is {word}: {self.own}, and {self.others} in {self.batches} other batches of the "
            f"project together; if there were no difference, the chance to be so far off were "
            f"{_shown(self.chance)} (line {float(self.line.chance):g})"
        )


def compared(own: Share, others: Sequence[Share], line: Line) -> Compared:
    """A share beside others; those without anybody whose result is known count for nothing."""
    told = [each for each in others if each.counted]
    pool = Share(sum(each.passed for each in told), sum(each.counted for each in told))
    enough = own.counted >= max(1, line.candidates) and len(told) >= max(1, line.batches)
    return Compared(own, pool, len(told), line, chance(own, pool) if enough else None)


def chance(own: Share, others: Share) -> Fraction:
    """The two-sided chance, 0 to 1: the smaller of both tails, with what was seen in it, twice, and at most 1.

    The sums run over what the smaller of both groups can have, whichever that is, so thousands cost little.
    """
    small, large = (own, others) if own.counted <= others.counted else (others, own)
    passed, failed = small.passed + large.passed, small.counted + large.counted - small.passed - large.passed
    ways = [comb(passed, k) * comb(failed, small.counted - k) for k in range(small.counted + 1)]
    tail = min(sum(ways[: small.passed + 1]), sum(ways[small.passed :]))
    return min(Fraction(1), Fraction(2 * tail, sum(ways)))


def _shown(chance: Fraction) -> str:
    return f"<{float(_SHOWN):g}" if chance < _SHOWN else f"{float(chance):.2g}"
