"""Withholdings 误摄扣留 of footage that shows a 禁摄区 by mistake: made by whoever sees it, decided on by two sides.

Thin over ``records.withholding``. Destroying what both sides confirmed is a command of the host
(``kaojian withhold destroy``): nobody deletes anything at a page.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, Field
from starlette.status import HTTP_201_CREATED

from dashboard.access.login import Viewer
from dashboard.api.backing import Backed, Backing
from dashboard.api.disposal_shapes import Reason, SettlementShape
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import RESPONSES
from dashboard.api.shapes import Instant, Shape
from domain.disposal import Person, Settled
from domain.withholding import Withholding, WithholdingState
from records import withholding as records

router = APIRouter(tags=["withholdings"], responses=RESPONSES)

WithholdingNumber = Annotated[int, Path(ge=1, lt=10**18)]


class WithholdingBody(Shape):
    """From when until when a camera films a no-filming area; until further notice where ``until`` is null."""

    start: AwareDatetime
    until: AwareDatetime | None = Field(None, description="Null: until further notice")
    reason: Reason


class EndBody(Shape):
    """When it ended, and why."""

    until: AwareDatetime
    reason: Reason


class WithholdingDecisionBody(Shape):
    """What whoever decides has to say."""

    reason: Reason


class WithholdingShape(Shape):
    """A withholding as it stands, with what it reaches by now.

    Of its ``files``, ``stored`` lie in an object store under a lock, until ``locked_until`` the longest: they cannot
    be removed before, and are refused to everybody alike. ``closed`` are batches whose manifest states some of it.
    """

    number: int
    camera: str
    start: Instant
    until: Instant | None
    state: WithholdingState
    at: Instant
    who: str
    reason: str
    decisions: tuple[SettlementShape, ...]
    files: int
    stored: int
    locked_until: Instant | None
    batches: tuple[str, ...]
    closed: tuple[str, ...]


@router.get("/withholdings")
def withholdings(response: Response, seen: Seen, backed: Backed) -> tuple[WithholdingShape, ...]:
    """The withholdings of cameras inside of one's scope, the latest first; the declined ones too.

    Those of cameras of a batch that the viewer is recused from are left out.
    """
    response.headers.update(NO_STORE)
    without = seen.of_recused()
    inside = [each for each in backed.database.withholdings.all() if seen.camera(each.camera)]
    return tuple(_shape(backed, each) for each in inside if each.camera not in without)


@router.post("/cameras/{camera}/withholdings", status_code=HTTP_201_CREATED)
def begin_withholding(
    *,
    response: Response,
    viewer: Viewing,
    backed: Backed,
    camera: Annotated[str, Path(max_length=64)],
    given: WithholdingBody,
) -> WithholdingShape:
    """Withhold what a camera films, because it is a no-filming area. From the answer on nobody is given what it shows
    then, but for those who decide; nothing of it is stored under a lock, and that time is a gap.
    """
    response.headers.update(NO_STORE)
    found = records.withhold(
        backed.database,
        camera,
        given.start,
        given.until,
        reason=given.reason,
        actor=viewer.actor,
        clock=backed.clock,
    )
    return _shape(backed, found)


@router.post("/withholdings/{withholding}/end")
def end_withholding(
    *, response: Response, viewer: Viewing, backed: Backed, withholding: WithholdingNumber, given: EndBody
) -> WithholdingShape:
    """Say when a withholding that was until further notice ended."""
    response.headers.update(NO_STORE)
    found = records.end(
        backed.database, withholding, given.until, reason=given.reason, actor=viewer.actor, clock=backed.clock
    )
    return _shape(backed, found)


@router.post("/withholdings/{withholding}/confirmation")
def confirm_withholding(
    *,
    response: Response,
    viewer: Viewing,
    backed: Backed,
    withholding: WithholdingNumber,
    given: WithholdingDecisionBody,
) -> WithholdingShape:
    """Confirm a withholding. Two have to, one of either side, neither who made it. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    return _decided(backed, viewer, withholding, Settled.APPROVED, given.reason)


@router.post("/withholdings/{withholding}/decline")
def decline_withholding(
    *,
    response: Response,
    viewer: Viewing,
    backed: Backed,
    withholding: WithholdingNumber,
    given: WithholdingDecisionBody,
) -> WithholdingShape:
    """Decline a withholding, with a reason: its footage is stored and shown as any other."""
    response.headers.update(NO_STORE)
    return _decided(backed, viewer, withholding, Settled.DECLINED, given.reason)


def _decided(backed: Backing, viewer: Viewer, number: int, what: Settled, reason: str) -> WithholdingShape:
    account, actor = viewer.account, viewer.actor
    person = Person(actor.name, account.role, account.emergency, account.recused)
    return _shape(
        backed,
        records.decide(backed.database, number, person, what, reason=reason, actor=actor, clock=backed.clock),
    )


def _shape(backed: Backing, found: Withholding) -> WithholdingShape:
    reached = records.reach(backed.database, found)
    return WithholdingShape(
        number=found.number,
        camera=found.camera,
        start=found.start,
        until=found.until,
        state=found.state,
        at=found.ordered.at,
        who=found.ordered.actor.name,
        reason=found.ordered.reason,
        decisions=tuple(
            SettlementShape(what=each.what, at=each.at, who=each.actor.name, role=each.role, reason=each.reason)
            for each in found.decisions
        ),
        files=len(reached.files),
        stored=reached.stored,
        locked_until=reached.locked_until,
        batches=tuple(sorted(reached.batches)),
        closed=tuple(sorted(reached.closed)),
    )
