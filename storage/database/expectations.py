"""What must be seen of a sitting, as a JSON document with its SHA-256: written once, when the sitting opens.

Equal expectations give equal text (sorted keys, instants in UTC). Later versions add fields, and read what an earlier
one wrote with their defaults. Not here: when one is written (``storage.database.setup``), and how it is made
(``analysis.expected``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from domain.expected import (
    Basis,
    Expectation,
    ExpectedPlace,
    ExpectedRoom,
    ExpectedView,
    FrozenExpectation,
    Lack,
    Phase,
)
from domain.plan import Target
from domain.timeline import Interval, rfc3339_exact
from storage.database import tables


def text_of(expectation: Expectation) -> str:
    """The document of an expectation."""
    told = {**asdict(expectation), "places": [_place(place) for place in expectation.places]}
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(text: str) -> str:
    """The SHA-256 of a document, in hex."""
    return sha256(text.encode()).hexdigest()


def expectation_of(text: str) -> Expectation:
    """The expectation that a document describes."""
    told = json.loads(text)
    rooms = (
        {
            **room,
            "stations_not_drawn": tuple(room["stations_not_drawn"]),
            "cameras_not_drawn": tuple(room["cameras_not_drawn"]),
            "widths": tuple((camera, width) for camera, width in room["widths"]),
        }
        for room in told["rooms"]
    )
    return Expectation(
        rule_pack=told["rule_pack"],
        rules_sha256=told["rules_sha256"],
        scale=told["scale"],
        version=told["version"],
        places=tuple(_place_of(place) for place in told["places"]),
        rooms=tuple(ExpectedRoom(**room) for room in rooms),
    )


def row_of(batch: str, number: int, made: datetime, expectation: Expectation) -> dict[str, Any]:
    """The row that keeps it."""
    document = text_of(expectation)
    return {"batch": batch, "number": number, "made": made, "sha256": digest_of(document), "document": document}


def frozen(connection: sa.Connection, batch: str, number: int) -> FrozenExpectation | None:
    """What was kept when a sitting opened, None where nothing was; compared with the digest that was kept with it."""
    table = tables.expectations
    row = connection.execute(sa.select(table).where(table.c.batch == batch, table.c.number == number)).first()
    if row is None:
        return None
    intact = digest_of(row.document) == row.sha256
    return FrozenExpectation(expectation_of(row.document), row.sha256, row.made, intact)


def _place(place: ExpectedPlace) -> dict[str, Any]:
    times = [[rfc3339_exact(each.start), rfc3339_exact(each.end)] for each in place.times]
    return {**asdict(place), "times": times}


def _place_of(told: Mapping[str, Any]) -> ExpectedPlace:
    return ExpectedPlace(
        target=Target(told["target"]),
        id=told["id"],
        room=told["room"],
        level=told["level"],
        level_zh=told["level_zh"],
        px_per_m=told["px_per_m"],
        phases=tuple(Phase(phase) for phase in told["phases"]),
        basis=Basis(told["basis"]),
        views=tuple(ExpectedView(**view) for view in told["views"]),
        lack=Lack(told["lack"]) if told["lack"] is not None else None,
        best=ExpectedView(**told["best"]) if told["best"] is not None else None,
        times=tuple(Interval(*(datetime.fromisoformat(edge) for edge in each)) for each in told["times"]),
    )
