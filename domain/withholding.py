"""误摄扣留: footage that shows a 禁摄区 by mistake is kept from everybody, and never stored under a lock.

Somebody says of a camera that it films such a part of a room, from when and until when or until further notice. From
that word on, no file that reaches into the span is stored, played or looked at. Two people of two sides confirm it,
as they would a disposal: then what lies in spools only is destroyed. Either side declines it: then it is footage as
any other. Until then it stays where it is: nobody makes evidence disappear alone, and nobody by waiting. Not here:
the files (``storage.archive``), and what a withheld second is called in a report (``domain.evidence.Cause``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.disposal import SIDES, Decision, Person, Settled, by_two_sides
from domain.holds import Order
from domain.timeline import Interval

LONGEST = timedelta(hours=24)
"""How long a span may be that is given with its end: a wrong date withholds no year. Project default."""

DESTRUCTION_FORM = "kaojian-withheld-destruction-1"
STATEMENT_FORM = "kaojian-withholding-1"


class WithholdingState(StrEnum):
    """How a withholding stands."""

    UNDECIDED = "undecided"
    CONFIRMED_ONCE = "confirmed_once"
    CONFIRMED = "confirmed"  # by both sides: what no object store has may be destroyed
    RELEASED = "released"  # one declined: the footage is as any other

    @property
    def zh(self) -> str:
        """Its word on pages and papers."""
        return _STATES[self]


_STATES = {
    WithholdingState.UNDECIDED: "待两方认定",
    WithholdingState.CONFIRMED_ONCE: "一方已认定",
    WithholdingState.CONFIRMED: "两方已认定",
    WithholdingState.RELEASED: "未予认定",
}


@dataclass(frozen=True, slots=True)
class WithheldBy:
    """By which withholding a file is withheld; of several the first one, or the first that was confirmed."""

    number: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Withholding:
    """One, of one camera. ``until`` is None while it goes on until further notice; ``ended`` is who ended it."""

    number: int
    camera: str
    start: datetime
    until: datetime | None
    ordered: Order
    ended: Order | None = None
    decisions: tuple[Decision, ...] = ()

    @property
    def confirmations(self) -> tuple[Decision, ...]:
        return tuple(each for each in self.decisions if each.what is Settled.APPROVED)

    @property
    def state(self) -> WithholdingState:
        if any(each.what is Settled.DECLINED for each in self.decisions):
            return WithholdingState.RELEASED
        if by_two_sides(self.confirmations, self.ordered.actor):
            return WithholdingState.CONFIRMED
        return WithholdingState.CONFIRMED_ONCE if self.confirmations else WithholdingState.UNDECIDED

    @property
    def step(self) -> int:
        """How often something was said of it: rises with its end and with each decision."""
        return 1 + (self.ended is not None) + len(self.decisions)

    @property
    def said(self) -> datetime:
        """When something was said of it last."""
        ended = [] if self.ended is None else [self.ended.at]
        return max([self.ordered.at, *ended, *(each.at for each in self.decisions)])

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide on it yet."""
        return self.state in {WithholdingState.UNDECIDED, WithholdingState.CONFIRMED_ONCE}

    @property
    def withholds(self) -> bool:
        return self.state is not WithholdingState.RELEASED

    def reaches(self, span: Interval) -> bool:
        """Whether it is of any of that time, decided or not."""
        return self.start < span.end and (self.until is None or span.start < self.until)

    def covers(self, at: datetime) -> bool:
        """Whether what the camera films at an instant is withheld."""
        return self.withholds and self.start <= at and (self.until is None or at < self.until)


def impossible(start: datetime, until: datetime | None, now: datetime) -> str | None:
    """Why nothing can be withheld for that span; None where it can."""
    if until is None:
        return "a withholding until further notice begins by now: give its end" if start > now else None
    if until <= start:
        return "it ends before it begins"
    if until - start > LONGEST:
        return f"it is longer than {LONGEST // timedelta(hours=1)} hours; make several, or look at the dates"
    return None


def refusal(
    withholding: Withholding, person: Person, what: Settled, batches: frozenset[str], now: datetime
) -> str | None:
    """Why somebody may not decide so on a withholding; None where they may. ``batches`` are those its files are of.

    Who made it may decline it, since nothing is lost by that.
    """
    return next(_refusals(withholding, person, what, batches, now), None)


def _refusals(
    withholding: Withholding, person: Person, what: Settled, batches: frozenset[str], now: datetime
) -> Iterator[str]:
    if not withholding.is_open:
        yield f"withholding {withholding.number} waits for no decision: it is {withholding.state}"
    if person.role not in SIDES:
        yield f"a {person.role} decides on no withholding"
    if person.emergency:
        yield "an emergency account is made at the command line; it decides on no withholding"
    if person.recused & batches:
        yield "who is recused from a batch that the footage is of has nothing to do with it"
    if what is Settled.APPROVED:
        yield from _of_confirmations(withholding, person, now)


def _of_confirmations(withholding: Withholding, person: Person, now: datetime) -> Iterator[str]:
    if withholding.until is None or withholding.until > now:
        yield f"withholding {withholding.number} goes on; it is confirmed once it has an end, and that is over"
    if person.name == withholding.ordered.actor.name:
        yield "somebody else confirms what you withheld"
    for each in withholding.confirmations:
        if each.actor.name == person.name:
            yield "you confirmed it already; the second confirmation is somebody else's"
        if each.role is person.role:
            yield f"a {person.role} confirmed it already; the second confirmation comes from the other side"


# What is signed


@dataclass(frozen=True, slots=True)
class WithholdingStatement:
    """扣留状态书: how a withholding stood at an instant, signed, for a machine that lost its database."""

    form: str
    withholding: Withholding
    signed_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who confirmed a withholding, in which role, when and with which words."""

    who: str
    role: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class DestroyedFile:
    """One file that lay in spools only, and the folders that it was removed from."""

    key: str
    start: datetime
    end: datetime
    size_bytes: int
    sha256: str
    removed: datetime
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DestructionOfWithheld:
    """销毁证明 of withheld footage: signed once none of its files is left; ``previous`` is the digest of the paper of
    the same withholding before it, "" for the first one.
    """

    form: str
    withholding: int
    number: int
    previous: str
    camera: str
    start: datetime
    until: datetime
    ordered: Confirmation
    confirmed: tuple[Confirmation, ...]
    files: tuple[DestroyedFile, ...]
    signed_at: datetime
    key: str
