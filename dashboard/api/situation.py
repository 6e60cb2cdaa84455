"""How it stands everywhere right now 指挥总览, for whoever has a duty there: counties, sites, rooms, alarms.

Thin over ``records.situation`` and ``records.alarms_standing``. It counts candidates and names none.
"""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Response

from dashboard.access.sight import Sight
from dashboard.api.backing import Backed
from dashboard.api.batches import times_of
from dashboard.api.guard import NO_STORE, Seen
from dashboard.api.problems import RESPONSES
from dashboard.api.shapes import Instant, Shape, SittingTimes
from domain.alarms import Kind
from domain.places import Sitting
from records.alarms_standing import StandingAlarm, Watch, watch
from records.situation import RoomSituation, SiteSituation, Turnout, situation

router = APIRouter(tags=["status"], responses=RESPONSES)


class StandingAlarmShape(Shape):
    """Something that went wrong ``since`` then and is not over. ``site`` is null for the whole installation."""

    kind: Kind
    site: str | None
    since: Instant
    rooms: tuple[str, ...]
    stations: tuple[str, ...]
    cameras: tuple[str, ...]
    batch: str | None
    sitting: int | None
    zh: str
    en: str


class CamerasShape(Shape):
    """So many cameras are recorded, are wanted and out, and are not wanted now."""

    recording: int
    out: int
    idle: int


class HeldShape(Shape):
    """The sitting that a room is for, the next one where none is open."""

    batch: str
    number: int


class RoomSituationShape(Shape):
    """A room as it is set up now."""

    id: str
    name: str
    stations: int
    cameras: CamerasShape
    held: HeldShape | None


class TodaySitting(SittingTimes):
    """A sitting of today. Of so many candidates with a seat so many signed in, and so many are told absent."""

    batch: str
    project: str
    rooms: tuple[str, ...]
    seated: int
    present: int
    absent: int


class SiteSituationShape(Shape):
    """A site with its sittings of today by start."""

    site: str
    site_name: str
    sittings: tuple[TodaySitting, ...]
    rooms: tuple[RoomSituationShape, ...]


class CountySituationShape(Shape):
    """The sites of a county, those with sittings today first."""

    county: str
    sites: tuple[SiteSituationShape, ...]


class SituationShape(Shape):
    """Everything in the viewer's scope at ``at``. ``watched`` is whether anybody looks for alarms, ``looked`` when
    somebody did last; where nobody does, that there is no alarm tells nothing.
    """

    at: Instant
    watched: bool
    looked: Instant | None
    alarms: tuple[StandingAlarmShape, ...]
    counties: tuple[CountySituationShape, ...]


@router.get("/situation")
def situation_now(response: Response, backed: Backed, seen: Seen) -> SituationShape:
    """Today's sittings, how rooms are recorded, who came, and which alarms stand, of the viewer's scope."""
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    without = seen.kept_from()
    found = situation(backed.database, seen.sites(), seen.sittings(), now, without=without)
    told = watch(backed.database, now)
    by_county = groupby(sorted(found, key=lambda each: each.site.county), key=lambda each: each.site.county)
    return SituationShape(
        at=now,
        watched=told.awake,
        looked=told.looked,
        alarms=tuple(_alarm(each) for each in _inside(told, seen, without)),
        counties=tuple(
            CountySituationShape(county=county, sites=tuple(map(_site, sites))) for county, sites in by_county
        ),
    )


def _inside(told: Watch, seen: Sight, without: frozenset[str]) -> list[StandingAlarm]:
    """The alarms of sites inside and of the installation, but those that tell of a batch kept from the viewer."""
    sites = {each.id for each in seen.sites()}
    return [
        each for each in told.alarms if (not each.site or each.site in sites) and without.isdisjoint(each.cameras)
    ]


def _alarm(alarm: StandingAlarm) -> StandingAlarmShape:
    return StandingAlarmShape(
        kind=alarm.kind,
        site=alarm.site or None,
        since=alarm.since,
        rooms=alarm.rooms,
        stations=alarm.stations,
        cameras=alarm.cameras,
        batch=alarm.batch or None,
        sitting=alarm.sitting,
        zh=alarm.zh,
        en=alarm.en,
    )


def _site(found: SiteSituation) -> SiteSituationShape:
    return SiteSituationShape(
        site=found.site.id,
        site_name=found.site.name,
        sittings=tuple(_sitting(sitting, turnout) for sitting, turnout in found.sittings),
        rooms=tuple(map(_room, found.rooms)),
    )


def _sitting(sitting: Sitting, turnout: Turnout) -> TodaySitting:
    return TodaySitting(
        **times_of(sitting),
        batch=sitting.batch.id,
        project=sitting.batch.project,
        rooms=sitting.plan.rooms,
        seated=turnout.seated,
        present=turnout.present,
        absent=turnout.absent,
    )


def _room(found: RoomSituation) -> RoomSituationShape:
    held = found.sitting
    return RoomSituationShape(
        id=found.room.id,
        name=found.room.name,
        stations=len(found.room.stations),
        cameras=CamerasShape(recording=found.cameras.recording, out=found.cameras.out, idle=found.cameras.idle),
        held=None if held is None else HeldShape(batch=held.batch.id, number=held.plan.number),
    )
