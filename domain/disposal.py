"""到期处置: footage goes when its time of keeping is over, and then by a list that two different people approved.

Nothing is deleted by itself (clause 九 asks for three years at least, 以备核查). A *disposal list* 处置清单 names
batches and freezes all that is to go of them: every segment, and every copy of it. Approved is that content, by its
digest, and nothing else: whatever changes afterwards voids the list. Carried out, it leaves two signed papers for
each batch: the *order* 处置令, signed before anything is deleted, and the *certificate of destruction* 销毁证明,
signed once nothing is left. Not here: what is known of a batch (``records.disposal``) and the deleting
(``records.disposing``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.evidence import Place
from domain.holds import Order
from domain.host_clock import ClockJudgement, Witness
from domain.manifest import Document
from domain.people import Actor, Role
from domain.timeline import rfc3339

CONTENT_FORM = "kaojian-disposal-1"
ORDER_FORM = "kaojian-disposal-order-1"
CERTIFICATE_FORM = "kaojian-destruction-1"

BEFORE_THE_FIRST_PAPER = "0" * 64

LASTS = timedelta(days=30)
"""How long a list waits for its approvals, and how long both last before it is begun: what was looked at a month ago
is not what is looked at now."""

SIDES = (Role.CITY_OFFICER, Role.CITY_SUPERVISOR)
"""Who approves, one of each: the office that dispatches and keeps (clause 二), and the supervision (六(七))."""

PROVES = frozenset({Witness.NTP, Witness.SERVER})
"""Whose word on the host's clock is enough. Cameras have common time among them, and it may be common in error."""


# What is to go


@dataclass(frozen=True, slots=True)
class CopyToGo:
    """One copy, by what names it. ``locked_until`` is what its row said when the list was made."""

    place: Place
    target: str
    version_id: str
    spool: str
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class SegmentToGo:
    """One segment with every copy that was ever kept of it: what was thought lost may still lie there."""

    key: str
    size_bytes: int
    sha256: str
    copies: tuple[CopyToGo, ...]


@dataclass(frozen=True, slots=True)
class BatchToGo:
    """One batch as it was closed last: number and digest of the link at its site, and its root over the segments."""

    site: str
    batch: str
    link_number: int
    link_digest: str
    segments_root: str
    retained_until: datetime
    segments: tuple[SegmentToGo, ...]

    @property
    def size_bytes(self) -> int:
        return sum(segment.size_bytes for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Content:
    """All that a list would delete. Its canonical bytes have the digest that is approved."""

    form: str
    batches: tuple[BatchToGo, ...]


# What stands in its way


class Obstacle(StrEnum):
    """Why a batch may not be disposed of."""

    UNKNOWN_BATCH = "unknown_batch"
    SITTING_OPEN = "sitting_open"
    NOT_CLOSED = "not_closed"  # no manifest was signed
    NOT_STATED = "not_stated"  # the evidence is not what the last manifest states
    RETAINED = "retained"  # its time of keeping is not over
    RETENTION_UNKNOWN = "retention_unknown"
    LOCKED = "locked"  # a copy is locked beyond that
    HELD = "held"
    HOLD_UNKNOWN = "hold_unknown"  # nobody can say that no hold stands
    PERMIT_OPEN = "permit_open"
    LISTED = "listed"  # another list that may still be carried out has it
    DISPOSED = "disposed"
    CLOCK_UNPROVEN = "clock_unproven"
    CLOCK_BEHIND = "clock_behind"
    CHANGED = "changed"  # it is not what was listed any more

    @property
    def zh(self) -> str:
        """Its words on pages and papers."""
        return _OBSTACLES[self]


_OBSTACLES = {
    Obstacle.UNKNOWN_BATCH: "没有此批次",
    Obstacle.SITTING_OPEN: "有场次未结束",
    Obstacle.NOT_CLOSED: "批次未结束，没有已签名的证据清单",
    Obstacle.NOT_STATED: "现有录像与最新证据清单不一致，须先更正",
    Obstacle.RETAINED: "保管期未满",
    Obstacle.RETENTION_UNKNOWN: "保管期无法确定",
    Obstacle.LOCKED: "副本仍在锁定期内",
    Obstacle.HELD: "正在封存",
    Obstacle.HOLD_UNKNOWN: "封存状态不明",
    Obstacle.PERMIT_OPEN: "有未了结的调阅审批单",
    Obstacle.LISTED: "已列入另一份处置清单",
    Obstacle.DISPOSED: "已处置",
    Obstacle.CLOCK_UNPROVEN: "主机时钟无法证明准确",
    Obstacle.CLOCK_BEHIND: "主机时钟早于最近的签名",
    Obstacle.CHANGED: "与清单所列内容不一致",
}


VOIDS = frozenset(
    {
        Obstacle.CHANGED,
        Obstacle.HELD,
        Obstacle.RETAINED,
        Obstacle.LOCKED,
        Obstacle.NOT_STATED,
        Obstacle.SITTING_OPEN,
        Obstacle.NOT_CLOSED,
        Obstacle.DISPOSED,
    }
)
"""What voids a list that was approved: the batch is not what was approved. The rest may pass, and is waited for."""


OF_THE_CLOCK = frozenset({Obstacle.CLOCK_UNPROVEN, Obstacle.CLOCK_BEHIND})


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason against disposing of a batch, with the details in one line for people."""

    what: Obstacle
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a batch that somebody wants to dispose of; None is what nobody can tell.

    ``signed`` is when its last manifest was, ``difference`` how the evidence is not what that states (empty: it is),
    ``retained_until`` the later of what the rule pack says now and what was signed, ``locked_until`` the latest lock
    of a copy. ``held`` is False only where somebody who must know said so. ``listed``: another list that may still be
    carried out. ``last_act``: the latest instant that anything signed of the site or its disposals bears.
    """

    batch: str
    known: bool = True
    open_sittings: tuple[int, ...] = ()
    signed: datetime | None = None
    difference: str = ""
    retained_until: datetime | None = None
    locked_until: datetime | None = None
    held: bool | None = None
    hold_detail: str = ""
    open_permits: tuple[str, ...] = ()
    listed: int | None = None
    disposed: int | None = None
    last_act: datetime | None = None


def objections(standing: Standing, clock: ClockJudgement, now: datetime) -> tuple[Objection, ...]:
    """Everything that stands against disposing of a batch at ``now``, by a clock of which ``clock`` is known.

    Nothing may go before its time of keeping is over, whatever else is said of it.
    """
    if not standing.known:
        return (Objection(Obstacle.UNKNOWN_BATCH, f"there is no batch {standing.batch}"),)
    found = [*_clock(standing, clock, now), *_closed(standing), *_kept(standing, now), *_wanted(standing)]
    return tuple(Objection(what, detail) for what, detail in found)


_Found = Iterator[tuple[Obstacle, str]]


def _clock(standing: Standing, clock: ClockJudgement, now: datetime) -> _Found:
    if clock.synchronised is not True or clock.by not in PROVES:
        yield (
            Obstacle.CLOCK_UNPROVEN,
            f"no time server and no object store elsewhere vouches for this host's clock ({clock.state}); see "
            "`kaojian doctor`: by a clock that runs ahead everything would have expired",
        )
    if standing.last_act is not None and now < standing.last_act:
        yield (
            Obstacle.CLOCK_BEHIND,
            f"it says {rfc3339(now)}, and something was signed at {rfc3339(standing.last_act)}",
        )


def _closed(standing: Standing) -> _Found:
    if standing.disposed is not None:
        yield Obstacle.DISPOSED, f"it was disposed of by list {standing.disposed}"
    if standing.listed is not None:
        yield Obstacle.LISTED, f"list {standing.listed} has it; decide on that one first"
    if standing.open_sittings:
        numbers = ", ".join(map(str, standing.open_sittings))
        yield Obstacle.SITTING_OPEN, f"not opened or not closed: {numbers}"
    if standing.signed is None:
        yield Obstacle.NOT_CLOSED, "close it first: `kaojian batch close`"
    elif standing.difference:
        yield Obstacle.NOT_STATED, f"{standing.difference}; amend it first: `kaojian batch close --reason`"


def _kept(standing: Standing, now: datetime) -> _Found:
    if standing.retained_until is None:
        yield Obstacle.RETENTION_UNKNOWN, "nobody can say until when it must be kept; see `kaojian doctor`"
    elif now < standing.retained_until:
        yield Obstacle.RETAINED, f"until {rfc3339(standing.retained_until)}"
    if standing.locked_until is not None and now < standing.locked_until:
        yield Obstacle.LOCKED, f"until {rfc3339(standing.locked_until)}"


def _wanted(standing: Standing) -> _Found:
    if standing.held is None:
        yield Obstacle.HOLD_UNKNOWN, standing.hold_detail or "nobody can say that it is not held"
    elif standing.held:
        yield Obstacle.HELD, "`kaojian hold list` says why"
    if standing.open_permits:
        yield Obstacle.PERMIT_OPEN, ", ".join(standing.open_permits)


# A list and what was decided on it


class Settled(StrEnum):
    """What was decided on a list."""

    APPROVED = "approved"
    DECLINED = "declined"
    VOIDED = "voided"  # by whoever found that it is not what was approved any more


class DisposalState(StrEnum):
    """How a list stands."""

    PROPOSED = "proposed"
    APPROVED_ONCE = "approved_once"
    APPROVED_TWICE = "approved_twice"  # it may be carried out
    PARTLY = "partly"  # an order was signed, and not all of it is gone
    CARRIED_OUT = "carried_out"
    TURNED_DOWN = "turned_down"
    RUN_OUT = "run_out"  # nobody decided, or nobody began, for as long as that lasts
    VOIDED = "voided"

    @property
    def zh(self) -> str:
        """Its word on pages and papers."""
        return _STATES[self]


_STATES = {
    DisposalState.PROPOSED: "待两方批准",
    DisposalState.APPROVED_ONCE: "一方已批准",
    DisposalState.APPROVED_TWICE: "两方已批准",
    DisposalState.PARTLY: "部分处置",
    DisposalState.CARRIED_OUT: "处置完毕",
    DisposalState.TURNED_DOWN: "未予批准",
    DisposalState.RUN_OUT: "逾期失效",
    DisposalState.VOIDED: "已作废",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. ``role`` is the one in which an account decided; None for what was found without an account."""

    what: Settled
    at: datetime
    actor: Actor
    role: Role | None
    reason: str


@dataclass(frozen=True, slots=True)
class DisposalList:
    """处置清单: see the module. ``ordered`` and ``destroyed`` are its batches that have such a paper by it."""

    number: int
    proposed: Order
    digest: str
    batches: tuple[str, ...]
    decisions: tuple[Decision, ...] = ()
    ordered: frozenset[str] = frozenset()
    destroyed: frozenset[str] = frozenset()

    @property
    def approvals(self) -> tuple[Decision, ...]:
        return tuple(each for each in self.decisions if each.what is Settled.APPROVED)

    @property
    def ended(self) -> Decision | None:
        """What was decided last where that ended it."""
        return next((each for each in self.decisions if each.what is not Settled.APPROVED), None)

    @property
    def by_two(self) -> bool:
        """Whether two different people approved it, one of each side and neither who proposed it."""
        return by_two_sides(self.approvals, self.proposed.actor)

    def state(self, now: datetime) -> DisposalState:
        """How it stands at an instant. What was begun does not lapse."""
        if self.destroyed >= set(self.batches):
            return DisposalState.CARRIED_OUT
        if self.ordered:
            return DisposalState.PARTLY
        if self.ended is not None:
            return DisposalState.TURNED_DOWN if self.ended.what is Settled.DECLINED else DisposalState.VOIDED
        since = self.approvals[-1].at if self.by_two else self.proposed.at
        if now >= since + LASTS:
            return DisposalState.RUN_OUT
        if self.by_two:
            return DisposalState.APPROVED_TWICE
        return DisposalState.APPROVED_ONCE if self.approvals else DisposalState.PROPOSED

    def may_go(self, now: datetime) -> bool:
        """Whether it may be carried out, or gone on with."""
        begun = bool(self.ordered) and self.by_two and self.ended is None
        return self.state(now) is DisposalState.APPROVED_TWICE or (begun and self.state(now) is DisposalState.PARTLY)

    def is_open(self, now: datetime) -> bool:
        """Whether it may still come to be carried out."""
        waits = {DisposalState.PROPOSED, DisposalState.APPROVED_ONCE}
        return self.state(now) in waits or self.may_go(now)


def by_two_sides(approvals: Sequence[Decision], but: Actor) -> bool:
    """Whether two different people approved, one of each side and neither who began it."""
    people = {each.actor.name for each in approvals} - {but.name}
    roles = {each.role for each in approvals if each.actor.name in people}
    return len(people) >= len(SIDES) and roles >= set(SIDES)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is about to decide on a list, or on a withholding (``domain.withholding``). ``recused`` are the batches
    that they have nothing to do with.
    """

    name: str  # as Actor.name
    role: Role
    emergency: bool = False
    recused: frozenset[str] = frozenset()


def refusal(listed: DisposalList, person: Person, what: Settled, digest: str, now: datetime) -> str | None:
    """Why somebody may not decide so on a list; None where they may.

    Whoever made an emergency account works at the command line, and that is never one of the two.
    """
    return next(_refusals(listed, person, what, digest, now), None)


def _refusals(listed: DisposalList, person: Person, what: Settled, digest: str, now: datetime) -> Iterator[str]:
    if listed.state(now) not in {DisposalState.PROPOSED, DisposalState.APPROVED_ONCE}:
        yield f"list {listed.number} waits for no decision: it is {listed.state(now)}"
    if person.role not in SIDES:
        yield f"a {person.role} decides on no disposal"
    if person.emergency:
        yield "an emergency account is made at the command line; it decides on no disposal"
    if person.recused & set(listed.batches):
        yield "who is recused from a batch of the list has nothing to do with it"
    if what is Settled.APPROVED:
        yield from _of_approvals(listed, person, digest)


def _of_approvals(listed: DisposalList, person: Person, digest: str) -> Iterator[str]:
    if person.name == listed.proposed.actor.name:
        yield "somebody else approves what you proposed"
    for each in listed.approvals:
        if each.actor.name == person.name:
            yield "you approved it already; the second approval is somebody else's"
        if each.role is person.role:
            yield f"a {person.role} approved it already; the second approval comes from the other side"
    if digest != listed.digest:
        yield f"list {listed.number} has the digest {listed.digest}: look at it again before you approve it"


def difference(listed: Sequence[BatchToGo], now: Sequence[BatchToGo]) -> str:
    """In what batches are not what was listed of them; empty where they are."""
    for before, after in zip(listed, now, strict=True):
        if before == after:
            continue
        if (before.link_number, before.link_digest) != (after.link_number, after.link_digest):
            return f"batch {before.batch} was amended since: manifest {after.link_number} of site {after.site}"
        if before.retained_until != after.retained_until:
            return f"batch {before.batch} is to be kept until {rfc3339(after.retained_until)} by now"
        then, there = {each.key: each for each in before.segments}, {each.key: each for each in after.segments}
        changed = sorted(key for key in then.keys() | there.keys() if then.get(key) != there.get(key))
        first = f", {changed[0]} for one" if changed else ""
        return f"batch {before.batch} has other segments, copies or locks than were listed ({len(changed)}{first})"
    return ""


# What is signed


class PaperKind(StrEnum):
    """What a paper says."""

    ORDER = "order"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who proposed or approved, as a paper tells it; ``role`` is empty for the command line."""

    who: str
    role: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class DisposalOrder:
    """处置令: that the footage of a batch is to be destroyed, signed before anything is.

    ``number`` counts the papers of the site, ``previous`` is the digest of the one before. ``content`` is the frozen
    content of the whole list, ``link_…`` the batch's last manifest, which stays.
    """

    form: str
    site: str
    number: int
    previous: str
    disposal: int
    content: Document
    proposed: Signatory
    approved: tuple[Signatory, ...]
    batch: str
    link_number: int
    link_digest: str
    segments_root: str
    retained_until: datetime
    segments: int
    size_bytes: int
    signed_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class DestroyedCopy:
    """One copy that is gone; ``removed`` is its tombstone."""

    place: Place
    target: str
    version_id: str
    spool: str
    removed: datetime


@dataclass(frozen=True, slots=True)
class DestroyedSegment:
    """One segment of which no copy is left."""

    key: str
    size_bytes: int
    sha256: str
    copies: tuple[DestroyedCopy, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """销毁证明: that no copy of a batch's footage is left, by the order of that number and digest at the site."""

    form: str
    site: str
    number: int
    previous: str
    disposal: int
    order_number: int
    order_digest: str
    batch: str
    link_number: int
    link_digest: str
    segments_root: str
    segments: tuple[DestroyedSegment, ...]
    signed_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class DisposedOf:
    """By which list a segment went, and from when on."""

    disposal: int
    at: datetime
