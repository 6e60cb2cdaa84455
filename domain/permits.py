"""调阅审批单: somebody asks to watch footage outside their scope, and a second person decides.

A permit is for one batch, one or all of its cameras and one span; it never changes. What was decided on it is added,
and how it stands is computed from that and from who the two are now, each time that it is asked. Not here: whose role
may ask or approve (``dashboard.access.table``), and what of a sitting is held back (``dashboard.access.sight``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.evidence import Segment
from domain.people import Account, Role
from domain.timeline import Interval

LASTS = timedelta(days=7)
"""How long an approval lasts at most. What is looked into has an end; who needs longer says anew why."""

WAITS = timedelta(days=30)
"""How far ahead somebody may want it: a request that is older than a month is no longer what is needed."""


class Decided(StrEnum):
    """What was decided on a permit."""

    APPROVED = "approved"
    DECLINED = "declined"
    ENDED = "ended"  # by somebody who may approve, before its expiry
    WITHDRAWN = "withdrawn"  # by who asked


class PermitState(StrEnum):
    """How a permit stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # nobody decided while it was wanted
    EXPIRED = "expired"  # it was approved until then
    VOID = "void"  # one of the two is not who they were: closed, recused or of another role


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, by an account in the role that it had. ``until``: the expiry of an approval, None for others."""

    what: Decided
    at: datetime
    account: str
    role: Role
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """See the module. ``role`` is the one in which was asked; without a ``camera`` it is for all of the batch.

    ``batch`` and ``camera`` are as somebody wrote them, and may be nowhere. Undecided, it lapses at ``wanted_until``.
    """

    id: str
    account: str
    role: Role
    batch: str
    camera: str
    span: Interval
    purpose: str
    asked: datetime
    wanted_until: datetime
    decisions: tuple[Decision, ...] = ()

    @property
    def approval(self) -> Decision | None:
        """The approval, also where it was ended later."""
        return next((each for each in self.decisions if each.what is Decided.APPROVED), None)

    def takes(self, what: Decided) -> bool:
        """Whether that may be decided after what was decided before, whatever the time."""
        last = self.decisions[-1].what if self.decisions else None
        match what:
            case Decided.APPROVED | Decided.DECLINED:
                return last is None
            case Decided.ENDED:
                return last is Decided.APPROVED
            case Decided.WITHDRAWN:
                return last in {None, Decided.APPROVED}

    def is_for(self, batch: str, camera: str) -> bool:
        """Whether it was asked for this camera of this batch."""
        return self.batch == batch and self.camera in {"", camera}


def state_of(permit: Permit, asker: Account, approver: Account | None, now: datetime) -> PermitState:
    """How a permit stands at an instant, by the accounts of the two as they are then."""
    if not permit.decisions:
        return PermitState.WAITING if now < permit.wanted_until else PermitState.LAPSED
    last = permit.decisions[-1]
    if last.what is not Decided.APPROVED:
        return PermitState(last.what.value)
    if last.until is None or now >= last.until:
        return PermitState.EXPIRED
    second = approver is not None and _is_the_same(approver, last.account, last.role, permit.batch, now)
    first = _is_the_same(asker, permit.account, permit.role, permit.batch, now)
    two = last.account != permit.account
    return PermitState.APPROVED if first and second and two else PermitState.VOID


def is_open(permit: Permit, now: datetime) -> bool:
    """Whether a permit waits or its approval has not run out, whoever the two are now."""
    if not permit.decisions:
        return now < permit.wanted_until
    last = permit.decisions[-1]
    return last.what is Decided.APPROVED and last.until is not None and now < last.until


def watchable(
    permit: Permit, asker: Account, approver: Account | None, segment: Segment, now: datetime
) -> Interval | None:
    """The part of a segment's time that the permit lets its asker watch at an instant; None where it lets nothing."""
    if state_of(permit, asker, approver, now) is not PermitState.APPROVED:
        return None
    return permit.span.intersection(segment.interval) if permit.is_for(segment.batch, segment.camera) else None


def _is_the_same(account: Account, name: str, role: Role, batch: str, now: datetime) -> bool:
    """Whether an account is the one that acted, and may still have to do with the batch."""
    is_whom = account.name == name and account.role is role
    return is_whom and account.is_open(now) and batch not in account.recused
