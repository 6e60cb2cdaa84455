"""Who enters something on record over the API, and when: whoever is logged in, now.

Not here: what they may enter (``dashboard.access.table``), and what of it is refused (``records``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends

from dashboard.access.login import actor_of
from dashboard.api.backing import Backed
from dashboard.api.guard import Viewing
from records.roll import Desk, Said


def _desk(backed: Backed, viewer: Viewing) -> Desk:
    return Desk(backed.database, actor_of(viewer.account.name), backed.clock.now())


Entering = Annotated[Desk, Depends(_desk)]
"""Where who asks enters something."""


def said(desk: Desk, at: datetime | None) -> Said:
    """Who is logged in is on duty: they say it for themselves, of now where they do not say when."""
    return Said(at or desk.now, desk.actor.name.removeprefix("account:"))
