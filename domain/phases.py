"""The phases of a sitting 阶段, by its plan and by what really happened: pure times, no footage.

W1 (entry) lasts from the lead before the start, or from the first sign-in if that came earlier, to the start; W2 (the
exam) from the start to the end; W3 (papers and scores) from the end to the latest of the tail after it, the sealing
of the papers 封装 and the last score that was signed on site. The notice gives no such numbers: lead and tail are
those of the plan. Not here: how the phases are covered (``analysis.coverage``), and what a gap in one of them means
(``analysis.judge``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.people import Actor


class Mark(StrEnum):
    """时间标记: something that is done once in a sitting and told by a person, in the order in which it should be."""

    OPENED = "opened"  # 启封: the sealed papers, in view of all
    READ = "read"  # 宣读: the rules, to the candidates
    STARTED = "started"  # 开考
    COLLECTED = "collected"  # 收卷
    SEALED = "sealed"  # 封装: the collected papers

    @property
    def zh(self) -> str:
        """Its name in Chinese."""
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        """Its name in English, within a sentence."""
        return _NAMES[self][1]


_NAMES = {
    Mark.OPENED: ("启封", "papers unsealed"),
    Mark.READ: ("宣读", "rules read"),
    Mark.STARTED: ("开考", "exam started"),
    Mark.COLLECTED: ("收卷", "papers collected"),
    Mark.SEALED: ("封装", "papers sealed"),
}

ORDER: tuple[Mark, ...] = tuple(Mark)
"""In which they should follow each other."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One entry: somebody said when something was done. ``at`` is None where they took back that it was.

    ``written`` is when they said so. A later entry of the same mark stands in place of an earlier one and has a
    ``reason``; the earlier one is kept.
    """

    mark: Mark
    at: datetime | None
    written: datetime
    actor: Actor
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Phases:
    """The instants that divide a sitting's window; a phase between two equal ones is empty.

    Invariant (checked): they follow each other.
    """

    begin: datetime
    start: datetime
    end: datetime
    finish: datetime

    def __post_init__(self) -> None:
        if not self.begin <= self.start <= self.end <= self.finish:
            raise ValueError(f"phases must follow each other: {self.begin}, {self.start}, {self.end}, {self.finish}")


def phases(
    start: datetime,
    end: datetime,
    lead: timedelta,
    tail: timedelta,
    *,
    first_sign_in: datetime | None = None,
    sealed: datetime | None = None,
    last_signed: datetime | None = None,
) -> Phases:
    """The phases of a sitting between its start and its end: the real ones where they are known, else the planned.

    Raises ValueError for an end before the start.
    """
    begin = min(start - lead, first_sign_in or start)
    finish = max(end + tail, sealed or end, last_signed or end)
    return Phases(begin, start, end, finish)


def latest_marks(entries: Iterable[Marked]) -> dict[Mark, Marked]:
    """What holds of these entries, which come in the order in which they were written: the last of each mark, without
    those that were taken back; in the order in which they should be.
    """
    last = {entry.mark: entry for entry in entries}
    return {mark: last[mark] for mark in ORDER if mark in last and last[mark].at is not None}


def out_of_order(held: Mapping[Mark, Marked]) -> tuple[tuple[Mark, Mark], ...]:
    """Pairs of marks of which the one that should come first lies later. Equal instants are in order."""
    told = [(mark, entry.at) for mark in ORDER if (entry := held.get(mark)) is not None and entry.at is not None]
    return tuple(
        (mark, later) for number, (mark, at) in enumerate(told) for later, other in told[number + 1 :] if at > other
    )


def corrects(entries: Sequence[Marked], mark: Mark) -> bool:
    """Whether another entry of that mark would stand in place of one that is there."""
    return any(entry.mark is mark for entry in entries)
