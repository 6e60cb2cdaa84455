"""What waits: footage to be opened, looked at, brought into object stores and read again, and what was lost of it.

Reads only; every number is counted up to ``COUNT_UP_TO``. Not here: what keeps it waiting, which the state of spools,
stores and recorders says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.looking import count_waiting
from domain.evidence import LostCopy, Place
from storage.archive import UnseenSpool, unseen_spools
from storage.database import Database

LOST_WITHIN = timedelta(days=30)
"""For how long a lost copy is told of."""

COUNT_UP_TO = 1000


@dataclass(frozen=True, slots=True)
class Queues:
    """How many segments, or copies, wait for what. ``s3`` is None where no object store is set."""

    analysis: int
    s3: int | None
    second: int  # that lie in one object store and are to lie in two
    look: int  # opened, and their pictures are to be looked at
    given_up: int  # nobody could look at their pictures, and nobody tries to any more
    reread: int
    lost: tuple[LostCopy, ...]  # of the last LOST_WITHIN, the newest first
    unseen: tuple[UnseenSpool, ...]  # of what waits for analysis: only there, and not visible here


def queues(database: Database, now: datetime, *, stores_objects: bool) -> Queues:
    """What waits at ``now``. Raises DatabaseUnavailable."""
    evidence = database.evidence
    unobserved = evidence.segments_without_observation(COUNT_UP_TO)
    return Queues(
        analysis=len(unobserved),
        s3=len(evidence.segments_without_copy(Place.S3, COUNT_UP_TO)) if stores_objects else None,
        second=evidence.count_in_too_few_stores(COUNT_UP_TO) if stores_objects else 0,
        look=count_waiting(database, now, COUNT_UP_TO),
        given_up=database.looks.count_owed(COUNT_UP_TO).given_up,
        reread=evidence.count_due_copies(now, COUNT_UP_TO),
        lost=tuple(evidence.lost_copies(now - LOST_WITHIN, COUNT_UP_TO)),
        unseen=tuple(unseen_spools(evidence, unobserved)),
    )
