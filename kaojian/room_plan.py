"""What the cameras of a room see by its plan, shown in the terminal: `kaojian room plan`.

Not here: what is seen (``records.surveying``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from analysis.floorplan.survey import FloorView, Place, Shortfall, Survey
from domain.plan import Target
from records.surveying import Surveyed

_MOST_SPOTS = 3  # of blind spots in a cell of a table; the rest are counted

_TARGETS = {
    Target.STATION: "station 工位",
    Target.DOOR: "door 出入口",
    Target.PAPER_DESK: "paper desk 试卷收发处",
    Target.ROOM: "room 全场",
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
