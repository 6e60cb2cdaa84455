"""The check before a sitting 考前自检: its trial, what people confirm, and signing it with a password given lately.

Thin over ``records.readiness``.
"""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.status import HTTP_201_CREATED

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId, Number
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import CONFLICTS
from dashboard.api.readiness_shapes import (
    ConfirmationBody,
    ReadinessShape,
    SignatureBody,
    SignedShape,
    TrialShape,
)
from domain.readiness import Readiness, Signed, Standing, standing, to_json
from records import readiness as records

router = APIRouter(prefix="/batches/{batch}/sittings/{number}", tags=["readiness"], responses=CONFLICTS)


@router.get("/readiness")
def readiness(response: Response, backed: Backed, batch: BatchId, number: Number) -> ReadinessShape:
    """Whether a sitting may begin, as things stand now, and what was signed last. Tries the object stores."""
    response.headers.update(NO_STORE)
    found = backed.sitting(batch, number)
    rules = backed.rule_packs(found.batch.rule_pack)
    made = records.check(backed.database, batch, number, rules=rules, clock=backed.clock, means=backed.means)
    return _shape(backed, made)


@router.post("/trial", status_code=HTTP_201_CREATED)
def order_trial(response: Response, viewer: Viewing, backed: Backed, batch: BatchId, number: Number) -> TrialShape:
    """Have all cameras of a sitting be recorded for a while, from now on. Never at the cost of an exam."""
    response.headers.update(NO_STORE)
    actor = actor_of(viewer.account.name)
    trial = records.order_trial(backed.database, batch, number, actor, backed.clock, means=backed.means)
    return TrialShape(number=trial.number, start=trial.interval.start, end=trial.interval.end)


@router.post("/readiness/confirmations")
def confirm_readiness(
    *,
    response: Response,
    viewer: Viewing,
    backed: Backed,
    batch: BatchId,
    number: Number,
    given: ConfirmationBody,
) -> ReadinessShape:
    """Confirm what one saw in a room, or take it back; the check as it stands then."""
    records.confirm(
        backed.database,
        batch,
        number,
        actor_of(viewer.account.name),
        backed.clock,
        room=given.room,
        items=given.items,
        stands=given.stands,
        applies=given.applies,
        lacking=given.lacking,
        note=given.note,
    )
    return readiness(response, backed, batch, number)


@router.post("/readiness/signature", status_code=HTTP_201_CREATED)
def sign_readiness(
    *,
    response: Response,
    viewer: Viewing,
    backed: Backed,
    batch: BatchId,
    number: Number,
    given: SignatureBody,
) -> ReadinessShape:
    """Check once more and sign what is found, for good; no go with a reason only. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    found = backed.sitting(batch, number)
    made, _ = records.sign(
        backed.database,
        batch,
        number,
        actor_of(viewer.account.name),
        backed.clock,
        rules=backed.rule_packs(found.batch.rule_pack),
        means=backed.means,
        reason=given.reason,
    )
    return _shape(backed, made)


def _shape(backed: Backing, made: Readiness) -> ReadinessShape:
    last = backed.database.readiness.last_signed(made.batch, made.sitting)
    signed = None if last is None else _signed(backed, last, made.site_sha256)
    return ReadinessShape.model_validate({**to_json(made), "signed": signed})


def _signed(backed: Backing, signed: Signed, site_sha256: str) -> SignedShape:
    """Of a record that is not what was signed nothing is told but that."""
    borne_out = backed.database.readiness.is_borne_out(signed)
    found = standing(signed, backed.clock.now(), site_sha256, borne_out=borne_out)
    told = {} if found is Standing.ALTERED else signed.told
    return SignedShape(
        number=signed.number,
        at=signed.at,
        signer=signed.actor.name,
        go=told.get("go"),
        reason=told.get("reason"),
        digest=signed.digest,
        good_until=told.get("good_until"),
        standing=found,
    )
