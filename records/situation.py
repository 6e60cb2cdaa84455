"""How it stands everywhere right now 指挥总览: which sittings are held today, how their rooms are recorded, who came.

Read anew each time it is asked for, from what recorders, the lookout and the sites wrote. Not here: how cameras stand
(``analysis.live``), which alarms stand (``records.alarms_standing``), who may be told (``dashboard.access``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analysis.live import Placed, Standing, living, placed, standings
from domain.calendar import local_day
from domain.places import Room, Site, Sitting
from domain.roll import SEATS, SIGN_INS
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Cameras:
    """So many cameras are recorded, are wanted and out, and are not wanted now."""

    recording: int = 0
    out: int = 0
    idle: int = 0


@dataclass(frozen=True, slots=True)
class Turnout:
    """Of so many candidates with a seat in a sitting so many signed in, and so many are told absent."""

    seated: int = 0
    present: int = 0
    absent: int = 0


@dataclass(frozen=True, slots=True)
class RoomSituation:
    """A room as it is set up now, and the sitting of today that it is for: one that is open before one to come."""

    room: Room
    cameras: Cameras
    sitting: Sitting | None


@dataclass(frozen=True, slots=True)
class SiteSituation:
    """A site with its sittings of today by start, and its rooms."""

    site: Site
    sittings: tuple[tuple[Sitting, Turnout], ...]
    rooms: tuple[RoomSituation, ...]


def situation(
    database: Database,
    sites: Sequence[Site],
    sittings: Sequence[Sitting],
    now: datetime,
    *,
    without: Collection[str] = (),
) -> tuple[SiteSituation, ...]:
    """How it stands at these sites, those with sittings today first. ``without`` are cameras that are not told of.

    ``sittings`` are those that may be told of. Raises DatabaseUnavailable.
    """
    cameras = [each for each in placed(sites, sittings, now) if each.camera.id not in without]
    lives = {each.id for each in living(database.evidence, now)}
    standing = standings(database.evidence, lives, [each.camera.id for each in cameras])
    counted = _counted(cameras, standing)
    today = [each for each in sittings if is_of_today(each, now)]
    turnouts = _turnouts(database, today)
    found = [_site(site, [each for each in today if each.site.id == site.id], turnouts, counted) for site in sites]
    return tuple(sorted(found, key=lambda each: (not each.sittings, each.site.county, each.site.id)))


def is_of_today(sitting: Sitting, now: datetime) -> bool:
    """Whether a sitting is open, or its window touches the local day."""
    if sitting.opened is not None and sitting.closed is None:
        return True
    return local_day(sitting.window.start) <= local_day(now) <= local_day(sitting.window.end)


def _counted(cameras: Iterable[Placed], standing: Mapping[str, Standing]) -> dict[tuple[str, str], Cameras]:
    """How the cameras of each room stand, by site and room."""
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for each in cameras:
        known = standing[each.camera.id]
        state = "recording" if known.run is not None else "out" if each.wanted else "idle"
        found[each.site.id, each.room.id][state] += 1
    return {place: Cameras(**counts) for place, counts in found.items()}


def _site(
    site: Site,
    today: Sequence[Sitting],
    turnouts: Mapping[tuple[str, int], Turnout],
    counted: Mapping[tuple[str, str], Cameras],
) -> SiteSituation:
    by_start = sorted(today, key=lambda each: (each.start, each.batch.id, each.plan.number))
    held = sorted(by_start, key=lambda each: (each.opened is None, each.start))
    rooms = tuple(
        RoomSituation(
            room,
            counted.get((site.id, room.id), Cameras()),
            next((each for each in held if each.closed is None and room.id in each.plan.rooms), None),
        )
        for room in site.rooms
    )
    return SiteSituation(site, tuple((each, turnouts[each.batch.id, each.plan.number]) for each in by_start), rooms)


def _turnouts(database: Database, sittings: Sequence[Sitting]) -> dict[tuple[str, int], Turnout]:
    """Who has a seat and who came, by batch and sitting."""
    found: dict[tuple[str, int], Turnout] = {}
    for batch in sorted({each.batch.id for each in sittings}):
        seated = Counter(each.thing.sitting for each in database.register.standing(SEATS, batch=batch))
        signed = [each.thing for each in database.register.standing(SIGN_INS, batch=batch)]
        came = Counter((each.sitting, each.present) for each in signed)
        for number in (each.plan.number for each in sittings if each.batch.id == batch):
            found[batch, number] = Turnout(seated[number], came[number, True], came[number, False])
    return found
