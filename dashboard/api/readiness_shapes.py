"""The shapes of the check before a sitting 考前自检, as ``domain.readiness.to_json`` writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.shapes import Instant, Shape, open_ended
from domain.law import Verdict
from domain.readiness import Item, Standing


class TrialShape(Shape):
    """A trial 试录 that was ordered: from when to when the cameras are recorded for it."""

    number: int
    start: Instant
    end: Instant


class CheckShape(Shape):
    """What was found of one item, and what to do. ``room`` and ``subject`` are empty where it concerns no one of
    them."""

    item: Item
    room: str
    subject: str
    verdict: Verdict
    zh: str
    en: str
    do_zh: str
    do_en: str


class RoomReadinessShape(Shape):
    """One room with its code, 考前录像计划覆盖."""

    room: str
    code: Literal[1, -1, -2]
    code_zh: str
    code_en: str
    checks: tuple[CheckShape, ...]


class SignedShape(Shape):
    """The record that was signed last. ``standing`` is how the sitting would stand to it if it began now; what the
    record says is null where it is not what was signed."""

    number: int
    at: Instant
    signer: str
    go: bool | None
    reason: str | None
    digest: str
    good_until: Instant | None
    standing: Standing


class ReadinessShape(Shape):
    """The check of a sitting as things stand now. ``code``: 1 已完全覆盖, -1 未设置录像计划, -2 未完全覆盖."""

    batch: str
    sitting: int
    site: str
    site_sha256: str
    made: Instant
    trial: TrialShape | None
    go: bool
    code: Literal[1, -1, -2]
    code_zh: str
    code_en: str
    rooms: tuple[RoomReadinessShape, ...]
    checks: tuple[CheckShape, ...]
    signed: SignedShape | None


class ConfirmationBody(Shape):
    """What was seen on the spot in a room; or, with ``stands`` false, is not so.

    ``note`` says what is wrong, or with ``applies`` false why no tools or materials are needed; ``lacking`` are
    stations.
    """

    model_config = ConfigDict(
        json_schema_extra=open_ended({"room": "A", "items": ["signs", "notice"], "stands": True}),
    )

    room: Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)]
    items: Annotated[
        tuple[Literal[Item.SIGNS, Item.NOTICE, Item.EQUIPMENT, Item.TOOLS, Item.MATERIALS], ...],
        Field(min_length=1, max_length=5),
    ]
    stands: bool = True
    applies: bool = True
    lacking: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)], ...], Field(max_length=200)
    ] = ()
    note: Annotated[str, Field(max_length=500, pattern=ONE_LINE)] = ""


class SignatureBody(Shape):
    """Why a sitting is opened although the check is no go; may be empty where it is go."""

    model_config = ConfigDict(json_schema_extra=open_ended({"reason": ""}))

    reason: Annotated[str, Field(max_length=500, pattern=ONE_LINE)] = ""
