"""Permits 调阅审批单: asked for by those whose scope ends somewhere, decided on by a second person who sees the city.

Thin over ``dashboard.access.permits``. What somebody does is written into the record of viewings before it takes
effect; what then cannot be kept has taken none. Not here: what a permit lets be watched (``dashboard.api.footage``).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from dashboard.access import permits as access
from dashboard.api.access_shapes import (
    ApprovalBody,
    DecisionShape,
    PermitBody,
    PermitShape,
    PermitToDecide,
    ReasonBody,
)
from dashboard.api.backing import Backed, Backing
from dashboard.api.footage import asked_for
from dashboard.api.guard import NO_STORE, PermitId, Seen
from dashboard.api.problems import CONFLICTS
from dashboard.api.witness import Witness, Witnessed
from domain.permits import Decided, Decision, Permit
from domain.viewings import Deed
from storage.errors import UnknownPermit

router = APIRouter(prefix="/permits", tags=["permits"], responses=CONFLICTS)

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/own")
def own_permits(response: Response, seen: Seen, backed: Backed, limit: Limit = 100) -> tuple[PermitShape, ...]:
    """What one asked for oneself, latest first, and how it stands."""
    response.headers.update(NO_STORE)
    found = backed.database.permits.latest(limit, seen.account.name)
    known = access.register(backed.database, found)
    return tuple(PermitShape(**_fields(backed, known, each)) for each in found)


@router.post("", status_code=HTTP_201_CREATED)
def ask_permit(response: Response, seen: Seen, backed: Backed, witness: Witnessed, given: PermitBody) -> PermitShape:
    """Ask to watch footage outside one's own scope. The answer is the same whether such a batch is there or not."""
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    wanted = access.Wanted(
        given.batch, given.camera or "", asked_for(given.start, given.end), given.purpose, given.until
    )
    before = backed.database.permits.latest(1000, seen.account.name)
    permit = access.asked(seen, before, wanted, now)
    witness.settled(Deed.ASK, permit, permit.purpose)
    backed.database.permits.add(permit)
    return PermitShape(**_fields(backed, access.register(backed.database, [permit]), permit))


@router.delete("/{permit}", status_code=HTTP_204_NO_CONTENT)
def withdraw_permit(permit: PermitId, seen: Seen, backed: Backed, witness: Witnessed) -> Response:
    """Want it no more: undecided, it is decided on no more; approved, it lets nothing be watched any more."""
    found = _found(backed, permit)
    decision = access.withdrawn(found, seen.account, backed.clock.now())
    _settle(backed, witness, Deed.WITHDRAW, found, decision)
    return Response(status_code=HTTP_204_NO_CONTENT, headers=NO_STORE)


@router.get("")
def permits(response: Response, seen: Seen, backed: Backed, limit: Limit = 1000) -> tuple[PermitToDecide, ...]:
    """The permits that concern who may decide, latest first."""
    response.headers.update(NO_STORE)
    found = [each for each in backed.database.permits.latest(limit) if access.decidable(seen, each)]
    known = access.register(backed.database, found)
    return tuple(_to_decide(backed, known, each) for each in found)


@router.post("/{permit}/approval")
def approve_permit(
    permit: PermitId, seen: Seen, backed: Backed, witness: Witnessed, given: ApprovalBody
) -> PermitToDecide:
    """Let who asked watch it until an instant, seven days from now at most. Asks for a fresh password."""
    found, now = _found(backed, permit), backed.clock.now()
    asker = access.register(backed.database, [found]).accounts[found.account]
    decision = access.approved(found, asker, seen, until=given.until, reason=given.reason, now=now)
    return _settled(backed, witness, Deed.APPROVE, found, decision)


@router.post("/{permit}/decline")
def decline_permit(
    permit: PermitId, seen: Seen, backed: Backed, witness: Witnessed, given: ReasonBody
) -> PermitToDecide:
    """Decline it, with a reason that who asked is told."""
    found = _found(backed, permit)
    decision = access.decided(found, Decided.DECLINED, seen.account, given.reason, backed.clock.now())
    return _settled(backed, witness, Deed.DECLINE, found, decision)


@router.post("/{permit}/end")
def end_permit(permit: PermitId, seen: Seen, backed: Backed, witness: Witnessed, given: ReasonBody) -> PermitToDecide:
    """End an approval before its expiry, at once."""
    found = _found(backed, permit)
    decision = access.decided(found, Decided.ENDED, seen.account, given.reason, backed.clock.now())
    return _settled(backed, witness, Deed.END, found, decision)


def _found(backed: Backing, permit_id: str) -> Permit:
    """A permit that the guard has found. Raises UnknownPermit."""
    found = backed.database.permits.find(permit_id)
    if found is None:
        raise UnknownPermit(f"there is no permit {permit_id}")
    return found


def _settle(backed: Backing, witness: Witness, deed: Deed, permit: Permit, decision: Decision) -> Permit:
    """Write a decision into the record of viewings, and only then let it take effect: the permit with it."""
    witness.settled(deed, permit, decision.reason)
    return backed.database.permits.decide(permit.id, decision)


def _settled(backed: Backing, witness: Witness, deed: Deed, permit: Permit, decision: Decision) -> PermitToDecide:
    settled = _settle(backed, witness, deed, permit, decision)
    return _to_decide(backed, access.register(backed.database, [settled]), settled)


def _to_decide(backed: Backing, known: access.Register, permit: Permit) -> PermitToDecide:
    batch = backed.database.setup.batch(permit.batch)
    site = None if batch is None else backed.database.setup.site(batch.site)
    return PermitToDecide(
        **_fields(backed, known, permit),
        project=None if batch is None else batch.project,
        site_name=None if site is None else site.name,
        recused=permit.batch in known.accounts[permit.account].recused,
    )


def _fields(backed: Backing, known: access.Register, permit: Permit) -> dict[str, Any]:
    return {
        "id": permit.id,
        "who": permit.account,
        "role": permit.role,
        "batch": permit.batch,
        "camera": permit.camera or None,
        "start": permit.span.start,
        "end": permit.span.end,
        "purpose": permit.purpose,
        "asked": permit.asked,
        "wanted_until": permit.wanted_until,
        "state": known.state(permit, backed.clock.now()),
        "decisions": tuple(map(_decision, permit.decisions)),
    }


def _decision(decision: Decision) -> DecisionShape:
    return DecisionShape(
        what=decision.what, at=decision.at, who=decision.account, reason=decision.reason, until=decision.until
    )
