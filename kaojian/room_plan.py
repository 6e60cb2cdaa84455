"""What the cameras of a room see by its plan, put together from the set-up and shown: `kaojian room plan`.

Not here: how it is computed (``analysis.floorplan``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from analysis.floorplan.drawing import to_svg
from analysis.floorplan.survey import FloorView, Place, Shortfall, Survey, survey
from analysis.floorplan.telling import to_json as survey_json
from config import rule_pack
from config.settings import Settings
from domain.places import Room, Site
from domain.plan import RoomPlan, Target
from kaojian.capacity import DEFAULT_PACK
from records.errors import NoPlan
from storage.database import Database
from storage.errors import UnknownSite

_MOST_SPOTS = 3  # of blind spots in a cell of a table; the rest are counted

_TARGETS = {
    Target.STATION: "station 工位",
    Target.DOOR: "door 出入口",
    Target.PAPER_DESK: "paper desk 试卷收发处",
    Target.ROOM: "room 全场",
}


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
        """Stations that a camera is registered for and shows too little of, or shows and is not registered for."""
        enough = self.survey.density.seen_share
        sees = {camera.id: set(camera.sees) for camera in self.room.cameras}
        return tuple(
            Disagreement(view.camera, place.volume.id, place.volume.id in sees[view.camera], view.share)
            for place in self.survey.places
            if place.volume.target is Target.STATION
            for view in place.views
            if (place.volume.id in sees[view.camera]) is not (view.share >= enough)
        )


def surveyed(settings: Settings, database: Database, site_id: str, room_id: str, pack: str | None = None) -> Surveyed:
    """What is seen of a room, as it is set up now, by the numbers of a rule pack: that of the site's latest batch
    unless one is named. Raises UnknownSite, NoPlan, ConfigError.
    """
    site = database.setup.site(site_id)
    if site is None:
        raise UnknownSite(f"there is no site {site_id}; apply it first")
    room, plan = _planned(site, room_id)
    chosen = pack or _latest_pack(database, site_id)
    density = rule_pack.load(chosen, settings.rule_packs_dir).density
    return Surveyed(site, room, chosen, survey(plan, density))


def _planned(site: Site, room_id: str) -> tuple[Room, RoomPlan]:
    try:
        room = site.room(room_id)
    except KeyError:
        known = ", ".join(room.id for room in site.rooms)
        raise NoPlan(f"site {site.id} has no room {room_id}; there is {known}") from None
    if room.plan is None:
        raise NoPlan(f"room {room_id} of site {site.id} has no plan; give it one under `plan:` and apply the file")
    return room, room.plan


def _latest_pack(database: Database, site_id: str) -> str:
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


def tables(found: Surveyed) -> Iterator[Table | Text]:
    """For people: the floor, the places, and what is wrong, in both languages."""
    density = found.survey.density
    yield Text(
        f"{found.site.name} {found.room.name}: cameras on the plan 布点图: {len(found.survey.plan.mountings)}, "
        f"rule pack {found.pack}, levels of {density.scale}; by geometry, no picture was looked at 未核对画面"
    )
    yield _floors(found.survey)
    if found.survey.places:
        yield _places(found.survey)
    yield from (Text(line) for line in _lines(found))


def _floors(of: Survey) -> Table:
    need = of.density.needs[Target.ROOM]
    enough = f">= {need.px_per_m:g} px/m {need.zh}"
    table = _table("Floor at 高度", "Seen 可见", enough, "By two 两机可见", "Blind 死角", "Where 位置 (x, y)")
    for floor in of.floors:
        whole = floor.floor_m2 or 1.0
        short = "" if floor.enough_share >= of.density.floor_share else " SHORT 不足"
        row = (
            f"{floor.height_m:g} m",
            _down(floor.seen_m2 / whole),
            f"{_down(floor.enough_share)}{short}",
            _down(floor.seen_twice_m2 / whole),
            f"{floor.blind_m2:.2f} m²",
            _spots(floor),
        )
        table.add_row(*(Text(cell) for cell in row))
    return table


def _spots(floor: FloorView) -> str:
    told = [f"{spot.place[0]:.1f}, {spot.place[1]:.1f}: {spot.area_m2:.2f} m²" for spot in floor.blind[:_MOST_SPOTS]]
    more = len(floor.blind) - len(told)
    return "; ".join([*told, f"and {more} smaller 另有 {more} 处"] if more else told)


def _places(of: Survey) -> Table:
    columns = ("Place 位置", "Camera 摄像机", "Shown 可见比例", "px/m", "Level 等级", "Needs 要求", "State 状态")
    table = _table(*columns)
    for place in of.places:
        best = place.best
        level = best.level if best is not None else None
        row = (
            f"{_TARGETS[place.volume.target]} {place.volume.id}",
            best.camera if best is not None else "-",
            _down(best.share) if best is not None else "0 %",
            f"{math.floor(best.px_per_m)}" if best is not None and best.px_per_m is not None else "-",
            f"{level.id} {level.zh}" if level is not None else "-",
            f"{place.needs.id} {place.needs.zh} {place.needs.px_per_m:g}",
            _state(place),
        )
        table.add_row(*(Text(cell) for cell in row))
    return table


def _state(place: Place) -> str:
    match place.shortfall:
        case None:
            return "enough 达到"
        case Shortfall.NO_CAMERA:
            return "SHORT 不足: no camera shows it 无摄像机看到"
        case Shortfall.HIDDEN:
            return f"SHORT 不足: no camera shows enough 遮挡过多, all together 合计 {_down(place.together)}"
        case Shortfall.TOO_SMALL:
            return "SHORT 不足: too small in the picture 像素密度不够"


def _lines(found: Surveyed) -> Iterator[str]:
    """What is wrong, one line each, and last what it comes to."""
    for each in found.survey.trespasses:
        yield f"no filming 禁摄区 {each.area + 1}: camera {each.camera} shows {_up(each.share)} of it 拍到"
    for wrong in found.disagreements:
        if wrong.registered:
            said = f"is registered to see station {wrong.station} 登记可见, the plan shows {_down(wrong.share)} of it"
        else:
            said = f"shows station {wrong.station} by the plan 布点图可见, and is not registered to see it 未登记"
        yield f"camera {wrong.camera} {said}"
    if found.stations_not_drawn:
        yield f"not on the plan 布点图未画: station {', '.join(found.stations_not_drawn)}; nothing is said of it"
    if found.cameras_not_drawn:
        yield f"not on the plan 布点图未画: camera {', '.join(found.cameras_not_drawn)}; it counts as seeing nothing"
    short = len(found.survey.short)
    if found.covers:
        yield "all that must be seen is seen as it must be 全部达到要求"
    else:
        yield f"falls short 未达到要求: {short} of {len(found.survey.places)} places, and what is told above"


def _table(*headings: str) -> Table:
    table = Table(show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _down(share: float) -> str:
    """Never rounded up: 99.96 % is not all of it."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f} %"


def _up(share: float) -> str:
    return f"{math.ceil(share * 1000 - 1e-9) / 10:.1f} %"
