"""The shapes of disposal lists 处置清单: what is due, what a list would delete, and what was decided on it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dashboard.access.permits import LONGEST, SHORTEST
from dashboard.api.shapes import Instant, Shape
from domain.disposal import DisposalState, Obstacle, PaperKind, Settled
from domain.people import Role

ONE_LINE = r"^[^\x00-\x1f\x7f]*$"

Reason = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST, pattern=ONE_LINE)]


class ObjectionShape(Shape):
    """One thing that stands against disposing of a batch, with the details in English."""

    what: Obstacle
    detail: str


class DueShape(Shape):
    """A batch whose time of keeping is over, and what still stands against disposing of it."""

    batch: str
    project: str
    site_name: str
    retained_until: Instant
    segments: int
    size_bytes: int
    objections: tuple[ObjectionShape, ...]


class SettlementShape(Shape):
    """What was decided on a list, by whom and why; ``role`` is null where no account decided."""

    what: Settled
    at: Instant
    who: str
    role: Role | None
    reason: str


class DisposalShape(Shape):
    """A disposal list as it stands. Undecided or not begun, it lapses at ``lapses``; null once that is settled."""

    number: int
    state: DisposalState
    proposed: Instant
    who: str
    reason: str
    digest: str
    lapses: Instant | None
    batches: tuple[str, ...]
    decisions: tuple[SettlementShape, ...]


class BatchOnList(Shape):
    """One batch of a list as it was frozen, and what stands against it by now, while the list is open.

    ``link`` is number and digest of its last manifest's link.
    """

    batch: str
    project: str | None
    site_name: str | None
    retained_until: Instant
    link: str
    segments: int
    size_bytes: int
    ordered: bool
    destroyed: bool
    objections: tuple[ObjectionShape, ...]


class DisposalDetail(DisposalShape):
    """A list with what it would delete, and whether who asks may approve or decline it as it stands."""

    contents: tuple[BatchOnList, ...]
    may_approve: bool
    may_decline: bool


class PaperShape(Shape):
    """A signed paper of a list. ``text`` is exactly what was signed, with the signature, in ASCII."""

    site: str
    number: int
    kind: PaperKind
    batch: str
    signed_at: Instant
    digest: str
    text: str


class ProposalBody(Shape):
    """Which batches, and why."""

    batches: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)], ...],
        Field(min_length=1, max_length=100),
    ]
    reason: Reason


class DisposalApprovalBody(Shape):
    """By the digest of what the list would delete, so that nobody approves what they did not see."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Annotated[str, Field(max_length=LONGEST, pattern=ONE_LINE)] = ""


class DisposalDeclineBody(Shape):
    """Why."""

    reason: Reason
