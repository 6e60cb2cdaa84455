"""Scores 成绩: given and signed by examiners under their own accounts, confirmed by the leader of their panel.

Thin over ``records.scores``. A program may hand marks in with an examiner's token, and signs none. Not here: whether
a mark stands, and what it is worth (``domain.scores``, ``domain.gate``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.shapes import Instant, Shape
from domain.grounds import Method
from domain.register import Entry
from domain.scores import CandidateScore, Signature
from records import scores as records
from records.scores import Mark, Place
from storage.errors import UnknownBatch

router = APIRouter(prefix="/batches/{batch}/scores", tags=["scores"], responses=RESPONSES)

Candidate = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{0,31}$", description="准考证号", examples=["00017"])
]
Subject = Annotated[str, Field(min_length=1, max_length=40, pattern=ONE_LINE, examples=["实操"])]
Points = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$", description="Never rounded", examples=["59.5"])]
Reason = Annotated[str, Field(max_length=500, pattern=ONE_LINE, description="Why it is changed")]


class PlaceBody(Shape):
    """Whose mark, and in which subject 科目."""

    candidate: Candidate
    subject: Subject


class MarkBody(PlaceBody):
    """A mark. Its scorer is who sends it."""

    value: Points
    method: Method
    reason: Reason = ""


class SignatureShape(Shape):
    """Who signed, when, and which mark."""

    by: str
    at: Instant
    value: str


class ScoreShape(Shape):
    """A mark as it stands, with the number of its revision. ``value`` is null where none was given."""

    candidate: str
    subject: str
    method: Method
    value: str | None
    scorer: str
    given: Instant | None
    signed: SignatureShape | None
    confirmed: SignatureShape | None
    revision: int
    reason: str


@router.get("")
def scores(response: Response, backed: Backed, batch: BatchId) -> tuple[ScoreShape, ...]:
    """The marks of a batch as they stand, by candidate and subject."""
    response.headers.update(NO_STORE)
    found = records.scores_of(backed.database, batch)
    return tuple(_shape(entry) for entries in found.values() for entry in entries)


@router.post("", responses=CONFLICTS)
def give_score(*, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: MarkBody) -> ScoreShape:
    """Give a mark, or change it: then say why, and it is to be signed again. The same mark changes nothing."""
    response.headers.update(NO_STORE)
    known = backed.database.setup.batch(batch)
    if known is None:
        raise UnknownBatch(f"there is no batch {batch}")
    mark = Mark(Decimal(given.value), given.method, viewer.account.name)
    entry = records.give(
        backed.database,
        Place(batch, given.candidate, given.subject),
        mark,
        actor_of(viewer.account.name),
        backed.clock.now(),
        full_mark=backed.rule_packs(known.rule_pack).full_mark,
        reason=given.reason,
    )
    return _shape(entry)


@router.post("/signature", responses=CONFLICTS)
def sign_score(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: PlaceBody
) -> ScoreShape:
    """Sign a mark that one gave."""
    response.headers.update(NO_STORE)
    place, now = Place(batch, given.candidate, given.subject), backed.clock.now()
    return _shape(records.sign(backed.database, place, actor_of(viewer.account.name), now))


@router.post("/confirmation", responses=CONFLICTS)
def confirm_score(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: PlaceBody
) -> ScoreShape:
    """Confirm a mark that its scorer signed, as the leader of the panel."""
    response.headers.update(NO_STORE)
    place, now = Place(batch, given.candidate, given.subject), backed.clock.now()
    return _shape(records.confirm(backed.database, place, actor_of(viewer.account.name), now))


def _shape(entry: Entry[CandidateScore]) -> ScoreShape:
    score = entry.thing.score
    return ScoreShape(
        candidate=entry.thing.candidate,
        subject=score.subject,
        method=score.method,
        value=None if score.value is None else str(score.value),
        scorer=score.scorer,
        given=score.given,
        signed=_signature(score.signed),
        confirmed=_signature(score.confirmed),
        revision=entry.revision,
        reason=entry.reason,
    )


def _signature(signature: Signature | None) -> SignatureShape | None:
    if signature is None:
        return None
    return SignatureShape(by=signature.by, at=signature.at, value=str(signature.value))
