"""Which alarms stand right now: what the lookout has told that began, and not yet that it is over.

The rule's own word of what is open says which; the alarm that was written when it began says the rest. Not here: when
something counts as lost (``records.losses``), and to whom alarms are sent (``records.webhooks``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.alarms import Alarm, Kind
from storage.database import Database
from storage.database.alarms import HOLDS


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """One thing that went wrong ``since`` then and is not over. ``site`` is empty for the whole installation."""

    kind: Kind
    site: str
    since: datetime
    rooms: tuple[str, ...]  # ids
    stations: tuple[str, ...]
    cameras: tuple[str, ...]
    batch: str
    sitting: int | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Watch:
    """What stood when the lookout ``looked`` last; None where it never did. Not ``awake``: nobody looks any more, so
    that there is no alarm here tells nothing.
    """

    looked: datetime | None
    awake: bool
    alarms: tuple[StandingAlarm, ...]


def watch(database: Database, now: datetime) -> Watch:
    """The alarms that stand, the oldest first. Raises DatabaseUnavailable."""
    state = database.alarms.state()
    if state is None:
        return Watch(None, False, ())
    told = json.loads(state.known)["losses"]["open"]
    began = {subject: datetime.fromisoformat(since) for subject, since in told.items()}
    found = [_standing(alarm, body) for alarm, body in _written(database, began).values()]
    return Watch(
        state.looked,
        abs(now - state.looked) < HOLDS,
        tuple(sorted(found, key=lambda each: (each.since, each.kind, each.cameras))),
    )


def _written(database: Database, began: Mapping[str, datetime]) -> dict[str, tuple[Alarm, dict[str, Any]]]:
    """The newest alarm of each open subject, by subject. They were written after what they tell of began."""
    found: dict[str, tuple[Alarm, dict[str, Any]]] = {}
    for alarm in database.alarms.begun(min(began.values())) if began else ():
        body = json.loads(alarm.body)
        if body["subject"] in began:
            found.setdefault(body["subject"], (alarm, body))
        if len(found) == len(began):
            break
    return found


def _standing(alarm: Alarm, body: Mapping[str, Any]) -> StandingAlarm:
    return StandingAlarm(
        kind=alarm.kind,
        site=alarm.site,
        since=datetime.fromisoformat(body["since"]),
        rooms=tuple(each["id"] for each in body["rooms"]),
        stations=tuple(body["stations"]),
        cameras=tuple(body["cameras"]),
        batch=body["batch"] or "",
        sitting=body["sitting"],
        zh=body["text"]["zh"],
        en=body["text"]["en"],
    )
