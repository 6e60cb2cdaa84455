"""Which entries of a record somebody looks for, among those that they may read. Not here: what they may read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Sought:
    """Entries of an actor whose name contains ``who``, from ``since`` on and before ``until``, with numbers below
    ``before``: that of the last entry of the page before.
    """

    who: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


EVERYTHING = Sought()


def narrowed(query: sa.Select[Any], table: sa.Table, sought: Sought) -> sa.Select[Any]:
    """The query, of these entries only."""
    columns = table.c
    if sought.who:
        query = query.where(columns.actor.contains(sought.who, autoescape=True))
    if sought.since is not None:
        query = query.where(columns.at >= sought.since)
    if sought.until is not None:
        query = query.where(columns.at < sought.until)
    if sought.before is not None:
        query = query.where(columns.number < sought.before)
    return query
