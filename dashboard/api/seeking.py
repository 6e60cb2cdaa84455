"""Which entries of the records of viewings and acts a request asks for, within what its asker may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime

from domain.people import Account, Reach
from storage.database.seeking import Sought

Limit = Annotated[int, Query(ge=1, le=1000)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; ``batch`` is empty where it is no matter of one."""

    sought: Sought
    batch: str

    def of(self, account: Account) -> frozenset[str] | None:
        """The batches whose entries the account may read of these; None for those of all and of none."""
        inside = account.scope.names if account.scope.reach is Reach.BATCHES else None
        if not self.batch:
            return inside
        return frozenset({self.batch}) if inside is None else inside & {self.batch}


def _asked(
    who: Annotated[str, Query(max_length=64, description="A part of who it was")] = "",
    batch: Annotated[str, Query(max_length=64)] = "",
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63, description="The lowest number of the page before")] = None,
) -> Asked:
    return Asked(Sought(who, since, until, before), batch)


Seeking = Annotated[Asked, Depends(_asked)]
