"""What the cameras of a room see by its plan, put together from the set-up as it stands: floor, places, and where the
set-up and the plan say different things.

Not here: how it is computed (``analysis.floorplan``), and how it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.floorplan.drawing import to_svg
from analysis.floorplan.survey import Survey, survey
from analysis.floorplan.telling import to_json as survey_json
from config.rule_pack import RulePack
from domain.places import Room, Site
from domain.plan import RoomPlan, Target
from records.errors import NoPlan
from storage.database import Database
from storage.errors import UnknownSite

DEFAULT_PACK = "SG-2022-08-10"
"""By whose numbers a site is judged that never had a batch."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A camera and a station of which the set-up and the plan say different things; ``share`` is the plan's."""

    camera: str
    station: str
    registered: bool
    share: float


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A room with what its cameras see by its plan."""

    site: Site
    room: Room
    pack: str
    survey: Survey

    @property
    def stations_not_drawn(self) -> tuple[str, ...]:
        """Of these nothing can be said."""
        drawn = {place.volume.id for place in self.survey.places if place.volume.target is Target.STATION}
        return tuple(station.id for station in self.room.stations if station.id not in drawn)

    @property
    def cameras_not_drawn(self) -> tuple[str, ...]:
        drawn = {mounting.camera for mounting in self.survey.plan.mountings}
        return tuple(camera.id for camera in self.room.cameras if camera.id not in drawn)

    @property
    def covers(self) -> bool:
        """Whether all that must be seen is, and all of it is on the plan."""
        return self.survey.covers and not self.stations_not_drawn

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Stations that a camera is registered for and shows too little of, or shows and is not registered for; a
        camera that is drawn before it is added to the room is registered for none.
        """
        enough = self.survey.density.seen_share
        registered = {(camera.id, station) for camera in self.room.cameras for station in camera.sees}
        return tuple(
            Disagreement(view.camera, place.volume.id, (view.camera, place.volume.id) in registered, view.share)
            for place in self.survey.places
            if place.volume.target is Target.STATION
            for view in place.views
            if ((view.camera, place.volume.id) in registered) is not (view.share >= enough)
        )


def surveyed(
    database: Database, rules: Callable[[str], RulePack], site_id: str, room_id: str, pack: str | None = None
) -> Surveyed:
    """What is seen of a room, as it is set up now, by the numbers of a rule pack: that of the site's latest batch
    unless one is named. Raises UnknownSite, NoPlan, ConfigError.
    """
    site, room = room_of(database, site_id, room_id)
    if room.plan is None:
        raise NoPlan(f"room {room_id} of site {site.id} has no plan; give it one under `plan:` and apply the file")
    return surveyed_as(site, room, room.plan, rules(pack or latest_pack(database, site_id)))


def surveyed_as(site: Site, room: Room, plan: RoomPlan, rules: RulePack) -> Surveyed:
    """What would be seen of a room if that were its plan. Raises PlanRefused."""
    return Surveyed(site, room, rules.id, survey(plan, rules.density))


def room_of(database: Database, site_id: str, room_id: str) -> tuple[Site, Room]:
    """A room with its site as set up now. Raises UnknownSite, NoPlan."""
    site = database.setup.site(site_id)
    if site is None:
        raise UnknownSite(f"there is no site {site_id}; apply it first")
    try:
        return site, site.room(room_id)
    except KeyError:
        known = ", ".join(room.id for room in site.rooms)
        raise NoPlan(f"site {site.id} has no room {room_id}; there is {known}") from None


def latest_pack(database: Database, site_id: str) -> str:
    """The rule pack of the batch that a site holds last."""
    batches = [batch for batch in database.setup.batches() if batch.site == site_id]
    latest = max(batches, key=lambda batch: max(each.planned_start for each in batch.sittings), default=None)
    return latest.rule_pack if latest is not None else DEFAULT_PACK


def svg(found: Surveyed, lang: str) -> str:
    """The drawing, in ``zh`` or ``en``."""
    return to_svg(found.survey, lang, f"{found.site.name} {found.room.name}")


def to_json(found: Surveyed) -> dict[str, Any]:
    """For programs; units as in ``analysis.floorplan.telling``."""
    return {
        "site": found.site.id,
        "room": found.room.id,
        "rule_pack": found.pack,
        **survey_json(found.survey),
        "covers": found.covers,
        "stations_not_drawn": list(found.stations_not_drawn),
        "cameras_not_drawn": list(found.cameras_not_drawn),
        "disagreements": [
            {
                "camera": each.camera,
                "station": each.station,
                "registered": each.registered,
                "share": round(each.share, 6),
            }
            for each in found.disagreements
        ],
    }
