"""封存: keeping all of a batch until somebody lifts it, whatever its time of keeping says.

For a complaint, a case, an audit: who holds has a reason, and so has who lifts. Not here: the marks in the object
store that carry it out (``records.holding``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.people import Actor


@dataclass(frozen=True, slots=True)
class Order:
    """Who ordered it, when and why."""

    at: datetime
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold of a batch. Several may stand at once; the batch is held while one of them does."""

    number: int
    batch: str
    ordered: Order
    lifted: Order | None = None

    @property
    def stands(self) -> bool:
        return self.lifted is None
