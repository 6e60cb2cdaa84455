"""疑点: what is odd on record in the batches that one sees.

Thin over ``records.suspicions``; it changes no verdict. Examiners are called by ids, candidates by tickets.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from dashboard.api.backing import Backed
from dashboard.api.guard import NO_STORE, Seen
from dashboard.api.problems import RESPONSES
from dashboard.api.shapes import Instant, Shape
from domain.suspicions import Sort
from records.suspicions import NOT_LOOKED_FOR, suspicions_of

router = APIRouter(tags=["suspicions"], responses=RESPONSES)


class SuspicionShape(Shape):
    """One thing to look into. ``about`` are ids of examiners, candidates, batches or institutions; ``rests_on`` names
    entries of the register.
    """

    sort: Sort
    about: tuple[str, ...]
    batches: tuple[str, ...]
    zh: str
    en: str
    rests_on: tuple[str, ...]


class SuspicionsShape(Shape):
    """All that is odd as things stand at ``made``. Sorts ``not_looked_for`` have no source yet: that none of them is
    here tells nothing.
    """

    made: Instant
    suspicions: tuple[SuspicionShape, ...]
    not_looked_for: tuple[Sort, ...]


@router.get("/suspicions")
def suspicions(response: Response, seen: Seen, backed: Backed) -> SuspicionsShape:
    """What cannot well have been as it is on record, for a person who looks; no verdict rests on it.

    What tells of a batch that one does not see is left out as a whole.
    """
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    inside = {each.id for each in backed.database.setup.batches() if seen.batch(each.id)}
    found = suspicions_of(backed.database, now, batches=inside, rule_packs=backed.rule_packs)
    return SuspicionsShape(
        made=now,
        suspicions=tuple(
            SuspicionShape(
                sort=each.sort,
                about=each.about,
                batches=each.batches,
                zh=each.zh,
                en=each.en,
                rests_on=each.rests_on,
            )
            for each in found
        ),
        not_looked_for=NOT_LOOKED_FOR,
    )
