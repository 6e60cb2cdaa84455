"""Scores 成绩: given and signed by examiners under their own accounts, confirmed by the leader of their panel.

Thin over ``records.scores``. A program may hand marks in with an examiner's token, and signs none; an outside scoring
system hands in documents that it signed (``records.outside``). Not here: whether a mark stands, and what it is worth
(``domain.scores``, ``domain.gate``).
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
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
from records import outside
from records import scores as records
from records.outside import Sent
from records.results_form import LARGEST_BYTES, ResultsForm
from records.scores import Mark, Place
from storage.errors import UnknownBatch

router = APIRouter(prefix="/batches/{batch}/scores", tags=["scores"], responses=RESPONSES)

SentSignature = Annotated[
    str,
    Header(
        alias="Kaojian-Document-Signature",
        pattern=r"^[0-9a-f]{128}$",
        description="Ed25519 (RFC 8032) over the bytes of the body, in hex",
        examples=["5f" * 64],
    ),
]


async def _sent(request: Request) -> bytes:
    """The body as it came: its bytes are what is signed. No more is read than may be."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST_BYTES:
            break
    return bytes(data)


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references into itself, which mean something else within the description of the API."""
    inner = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(each) for each in node]
        if not isinstance(node, dict):
            return node
        name = str(node.get("$ref", "")).rpartition("/")[2]
        return resolved(inner[name]) if name else {key: resolved(each) for key, each in node.items()}

    found: dict[str, Any] = resolved(schema)
    return found


SentBytes = Annotated[bytes, Depends(_sent)]

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


class ScoreBody(PlaceBody):
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
    """A mark as it stands, with the number of its revision. ``value`` is null where none was given. ``vouched`` names
    the signed document of an outside system that it comes from, and is null where people signed under their accounts
    or, where it is ``transcribed``, on paper. ``total`` is what the paper states as the total 总成绩 of all subjects.
    """

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
    machine_signed: bool
    vouched: str | None
    transcribed: bool
    total: str | None


class TakenShape(Shape):
    """That a document of results was taken: under which name it is kept, and what came of its marks."""

    name: str
    system: str
    made: Instant
    received: Instant
    sha256: str
    new: int
    changed: int
    unchanged: int


class HandedInShape(Shape):
    """A document of results as it was taken. ``signature`` (hex) is that of the bytes of ``document`` in UTF-8 by the
    public key ``key`` (hex); ``revoked`` is since when nothing more is taken that the key signs.
    """

    name: str
    system: str
    made: Instant
    received: Instant
    key: str
    revoked: Instant | None
    signature: str
    document: str


@router.get("")
def scores(response: Response, backed: Backed, batch: BatchId) -> tuple[ScoreShape, ...]:
    """The marks of a batch as they stand, by candidate and subject."""
    response.headers.update(NO_STORE)
    found = records.scores_of(backed.database, batch)
    return tuple(_shape(entry) for entries in found.values() for entry in entries)


@router.post("", responses=CONFLICTS)
def give_score(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: ScoreBody
) -> ScoreShape:
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


@router.post(
    "/results",
    responses=CONFLICTS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inlined(ResultsForm.model_json_schema())}},
        }
    },
)
def hand_in_results(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, sent: SentBytes, signature: SentSignature
) -> TakenShape:
    """Hand in results as an outside scoring system: a document in canonical JSON, with the Ed25519 signature of its
    bytes. All of it is taken or, with the place of everything that is wrong, nothing. The last document once more
    changes nothing; a later one changes a mark only with its ``reason``.
    """
    response.headers.update(NO_STORE)
    known = backed.database.setup.batch(batch)
    if known is None:
        raise UnknownBatch(f"there is no batch {batch}")
    taken = outside.hand_in(
        backed.database,
        batch,
        Sent(viewer.account.name, sent, signature),
        actor_of(viewer.account.name),
        backed.clock.now(),
        full_mark=backed.rule_packs(known.rule_pack).full_mark,
    )
    kept = taken.entry.thing
    return TakenShape(
        name=taken.entry.name,
        system=kept.system,
        made=kept.made,
        received=kept.received,
        sha256=sha256(kept.document.encode()).hexdigest(),
        new=taken.new,
        changed=taken.changed,
        unchanged=taken.unchanged,
    )


@router.get("/results")
def handed_in_results(response: Response, backed: Backed, batch: BatchId) -> tuple[HandedInShape, ...]:
    """The documents of outside systems that were taken for a batch, byte by byte, so that anybody can check them."""
    response.headers.update(NO_STORE)
    revoked = {each.thing.key: each.thing.revoked for each in outside.systems(backed.database)}
    return tuple(
        HandedInShape(
            name=each.name,
            system=each.thing.system,
            made=each.thing.made,
            received=each.thing.received,
            key=each.thing.key,
            revoked=revoked.get(each.thing.key),
            signature=each.thing.signature,
            document=each.thing.document,
        )
        for each in outside.results_of(backed.database, batch)
    )


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
        machine_signed=score.machine_signed,
        vouched=score.vouched or None,
        transcribed=score.transcribed,
        total=None if score.total is None else str(score.total),
    )


def _signature(signature: Signature | None) -> SignatureShape | None:
    if signature is None:
        return None
    return SignatureShape(by=signature.by, at=signature.at, value=str(signature.value))
