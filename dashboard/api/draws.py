"""Draws 双随机抽取: what is public of each, and the two acts of a party: to commit to a secret, and to tell it.

Thin over ``records.drawing``. A pool is published and a draw is made at the host (``kaojian draw``); the page is for
the party that is not there.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.shapes import Instant, Shape
from domain import draws as domain
from records import drawing
from records.drawing import Standing

router = APIRouter(prefix="/draws", tags=["draws"], responses=RESPONSES)

DrawName = Annotated[str, Path(max_length=64)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_JSON: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {}}}}


class CommitmentShape(Shape):
    """The digest of a party's secret."""

    party: str
    digest: str
    at: Instant


class DrawShape(Shape):
    """A draw as it stands. ``revealed`` are the parties that told their secret; ``made`` is null before the draw.

    ``failed``: its time ran out before both had.
    """

    name: str
    published: Instant
    pool_digest: str
    batches: int
    drawn: int
    reveal_by: Instant
    commitments: tuple[CommitmentShape, ...]
    revealed: tuple[str, ...]
    made: Instant | None
    failed: bool


class CommitmentBody(Shape):
    """The commitment of who asks, made from their secret as docs/draws.md says."""

    digest: Hex


class SecretBody(Shape):
    """The secret that was committed to."""

    secret: Hex


@router.get("")
def draws(response: Response, seen: Seen, backed: Backed) -> tuple[DrawShape, ...]:
    """All draws of which one may see every batch, by when their pools were published."""
    response.headers.update(NO_STORE)
    found = drawing.all_draws(backed.database)
    return tuple(_shape(backed, each) for each in found if all(map(seen.batch, each.batches)))


@router.get("/{draw}/pool.json", response_class=Response, responses=_JSON)
def draw_pool(backed: Backed, draw: DrawName) -> Response:
    """The canonical text of a pool: the SHA-256 of this answer is the pool's digest."""
    text = domain.text_of(drawing.pool_of(backed.database, draw))
    return Response(text, media_type="application/json", headers=NO_STORE)


@router.get("/{draw}/record.json", response_class=Response, responses={**CONFLICTS, **_JSON})
def draw_record(backed: Backed, draw: DrawName) -> Response:
    """The public record of a draw that was made, as `kaojian draw verify` takes it."""
    text = domain.published(drawing.record(backed.database, draw))
    return Response(text, media_type="application/json", headers=NO_STORE)


@router.post("/{draw}/commitment", responses=CONFLICTS)
def commit_to_draw(
    *, response: Response, viewer: Viewing, backed: Backed, draw: DrawName, given: CommitmentBody
) -> DrawShape:
    """Commit to a secret, as one of two parties. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    actor = actor_of(viewer.account.name)
    return _shape(backed, drawing.commit(backed.database, draw, given.digest, actor, backed.clock.now()))


@router.post("/{draw}/secret", responses=CONFLICTS)
def reveal_for_draw(
    *, response: Response, viewer: Viewing, backed: Backed, draw: DrawName, given: SecretBody
) -> DrawShape:
    """Tell the secret, once both parties have committed. Asks for a fresh password."""
    response.headers.update(NO_STORE)
    actor = actor_of(viewer.account.name)
    return _shape(backed, drawing.reveal(backed.database, draw, given.secret, actor, backed.clock.now()))


def _shape(backed: Backing, each: Standing) -> DrawShape:
    pool = each.published
    return DrawShape(
        name=pool.draw,
        published=each.pool.at,
        pool_digest=domain.digest_of(pool),
        batches=len(pool.batches),
        drawn=pool.take,
        reveal_by=pool.reveal_by,
        commitments=tuple(
            CommitmentShape(party=told.value.party, digest=told.value.digest, at=told.value.at)
            for told in each.commitments
            if told.value is not None
        ),
        revealed=tuple(told.value.party for told in each.secrets if told.value is not None),
        made=None if each.outcome is None else each.outcome.at,
        failed=each.has_failed(backed.clock.now()),
    )
