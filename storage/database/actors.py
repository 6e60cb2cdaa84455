"""How somebody who acts lies in a row: three columns that every table of acts and decisions has."""

from __future__ import annotations

import sqlalchemy as sa

from domain.people import Actor, Door


def actor_row(actor: Actor) -> dict[str, str | None]:
    """The values of the columns."""
    return {"actor": actor.name, "door": actor.door.value, "on_behalf_of": actor.on_behalf_of}


def actor_of(values: sa.RowMapping, prefix: str = "") -> Actor:
    """Who it was, of a row in which the columns have that prefix."""
    name, door, other = (values[prefix + column] for column in ("actor", "door", "on_behalf_of"))
    return Actor(name, Door(door), other)
