"""Disposal lists 处置清单: proposed by the office that keeps, approved by two people of two sides, each with a
password given lately.

Thin over ``records.disposal``. Carrying a list out is a command of the host (``kaojian disposal carry-out``): nobody
deletes anything at a page.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.status import HTTP_201_CREATED

from dashboard.access.login import Viewer, actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.disposal_shapes import (
    BatchOnList,
    DisposalApprovalBody,
    DisposalDeclineBody,
    DisposalDetail,
    DisposalShape,
    DueShape,
    ObjectionShape,
    PaperShape,
    ProposalBody,
    SettlementShape,
)
from dashboard.api.guard import NO_STORE, DisposalNumber, Seen, Viewing
from dashboard.api.problems import RESPONSES
from domain.disposal import LASTS, DisposalList, DisposalState, Objection, Person, Settled, refusal
from records import disposal as records
from storage.errors import UnknownBatch

router = APIRouter(prefix="/disposals", tags=["disposals"], responses=RESPONSES)

Limit = Annotated[int, Query(ge=1, le=1000)]
_UNBEGUN = {DisposalState.PROPOSED, DisposalState.APPROVED_ONCE, DisposalState.APPROVED_TWICE}


@router.get("")
def disposals(response: Response, seen: Seen, backed: Backed, limit: Limit = 100) -> tuple[DisposalShape, ...]:
    """The lists of which one may see every batch, the latest first."""
    response.headers.update(NO_STORE)
    found = backed.database.disposals.latest(limit)
    return tuple(DisposalShape(**_fields(backed, each)) for each in found if all(map(seen.batch, each.batches)))


@router.get("/due")
def due_for_disposal(response: Response, seen: Seen, backed: Backed) -> tuple[DueShape, ...]:
    """The batches whose time of keeping is over, with all that still stands against disposing of them."""
    response.headers.update(NO_STORE)
    batches = {each.id: each for each in backed.database.setup.batches() if seen.batch(each.id)}
    sites = {each.id: each.name for each in backed.database.setup.sites()}
    return tuple(
        DueShape(
            batch=each.batch,
            project=batches[each.batch].project,
            site_name=sites[batches[each.batch].site],
            retained_until=each.retained_until,
            segments=each.segments,
            size_bytes=each.size_bytes,
            objections=_told(each.objections),
        )
        for each in records.due(backed.disposing, batches)
    )


@router.post("", status_code=HTTP_201_CREATED)
def propose_disposal(
    *, response: Response, seen: Seen, viewer: Viewing, backed: Backed, given: ProposalBody
) -> DisposalDetail:
    """Propose to dispose of batches, as everything of them lies there now. Asks the object store of each copy."""
    response.headers.update(NO_STORE)
    for batch in given.batches:
        if not seen.batch(batch):
            raise UnknownBatch(f"there is no batch {batch}")
    actor = actor_of(viewer.account.name)
    listed = records.propose(backed.disposing, given.batches, reason=given.reason, actor=actor)
    return _detail(backed, viewer, listed)


@router.get("/{disposal}")
def disposal(response: Response, viewer: Viewing, backed: Backed, disposal: DisposalNumber) -> DisposalDetail:
    """One list with what it would delete, batch by batch, and what stands against that by now."""
    response.headers.update(NO_STORE)
    return _detail(backed, viewer, backed.database.disposals.find(disposal))


@router.get(
    "/{disposal}/content.json", response_class=Response, responses={200: {"content": {"application/json": {}}}}
)
def disposal_content(backed: Backed, disposal: DisposalNumber) -> Response:
    """All that a list would delete, to the byte: the SHA-256 of this answer is the digest that is approved."""
    name = f"attachment; filename*=UTF-8''disposal-{disposal}.json"
    headers = {**NO_STORE, "Content-Disposition": name}
    return Response(backed.database.disposals.content(disposal), media_type="application/json", headers=headers)


@router.get("/{disposal}/papers")
def disposal_papers(response: Response, backed: Backed, disposal: DisposalNumber) -> tuple[PaperShape, ...]:
    """The signed orders and certificates of destruction of a list."""
    response.headers.update(NO_STORE)
    return tuple(
        PaperShape(
            site=each.site,
            number=each.number,
            kind=each.kind,
            batch=each.batch,
            signed_at=each.signed_at,
            digest=each.digest,
            text=each.data.decode("ascii"),
        )
        for each in backed.database.disposals.papers_of(disposal)
    )


@router.post("/{disposal}/approval")
def approve_disposal(
    *, response: Response, viewer: Viewing, backed: Backed, disposal: DisposalNumber, given: DisposalApprovalBody
) -> DisposalDetail:
    """Approve a list by its digest. Two people have to, one of either side. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    listed = records.approve(
        backed.disposing,
        disposal,
        _person(viewer),
        digest=given.digest,
        reason=given.reason,
        actor=actor_of(viewer.account.name),
    )
    return _detail(backed, viewer, listed)


@router.post("/{disposal}/decline")
def decline_disposal(
    *, response: Response, viewer: Viewing, backed: Backed, disposal: DisposalNumber, given: DisposalDeclineBody
) -> DisposalDetail:
    """Decline a list, with a reason: it is never carried out."""
    response.headers.update(NO_STORE)
    actor = actor_of(viewer.account.name)
    listed = records.decline(backed.disposing, disposal, _person(viewer), reason=given.reason, actor=actor)
    return _detail(backed, viewer, listed)


def _person(viewer: Viewer) -> Person:
    account = viewer.account
    return Person(actor_of(account.name).name, account.role, account.emergency, account.recused)


def _detail(backed: Backing, viewer: Viewer, listed: DisposalList) -> DisposalDetail:
    now, person = backed.clock.now(), _person(viewer)
    frozen = records.content(backed.database, listed).batches
    rest = [each for each in frozen if each.batch not in listed.destroyed] if listed.is_open(now) else []
    against = records.look_again(backed.disposing, listed, rest, ask_store=False)
    batches = {each.id: each for each in backed.database.setup.batches()}
    sites = {each.id: each.name for each in backed.database.setup.sites()}
    return DisposalDetail(
        **_fields(backed, listed),
        contents=tuple(
            BatchOnList(
                batch=each.batch,
                project=batches[each.batch].project if each.batch in batches else None,
                site_name=sites.get(each.site),
                retained_until=each.retained_until,
                link=f"{each.link_number}:{each.link_digest}",
                segments=len(each.segments),
                size_bytes=each.size_bytes,
                ordered=each.batch in listed.ordered,
                destroyed=each.batch in listed.destroyed,
                objections=_told(against.get(each.batch, ())),
            )
            for each in frozen
        ),
        may_approve=refusal(listed, person, Settled.APPROVED, listed.digest, now) is None,
        may_decline=refusal(listed, person, Settled.DECLINED, "", now) is None,
    )


def _fields(backed: Backing, listed: DisposalList) -> dict[str, Any]:
    state = listed.state(backed.clock.now())
    since = listed.approvals[-1].at if listed.by_two else listed.proposed.at
    return {
        "number": listed.number,
        "state": state,
        "proposed": listed.proposed.at,
        "who": listed.proposed.actor.name,
        "reason": listed.proposed.reason,
        "digest": listed.digest,
        "lapses": since + LASTS if state in _UNBEGUN else None,
        "batches": listed.batches,
        "decisions": tuple(
            SettlementShape(what=each.what, at=each.at, who=each.actor.name, role=each.role, reason=each.reason)
            for each in listed.decisions
        ),
    }


def _told(objections: tuple[Objection, ...]) -> tuple[ObjectionShape, ...]:
    return tuple(ObjectionShape(what=each.what, detail=each.detail) for each in objections)
