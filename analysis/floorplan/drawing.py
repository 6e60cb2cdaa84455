"""The floor plan as SVG: room, obstacles, cameras with what they see, places by the level they reach, blind spots.

One sheet, 1366 wide, that reads as well on A4: the plan to the left, its legend to the right. Colours are told apart
by lightness too, and what falls short is marked by a thick broken line and a sign, so that a black-and-white print
says the same. Written by hand, one element a line. Not here: any number, they all come from ``survey``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from analysis.floorplan.survey import HEIGHTS_M, Place, Shortfall, Survey, footprints
from config.rule_pack import Level
from domain.plan import Lens, Mounting, Outline

SHEET_PX = 1366
_MARGIN_PX, _LEGEND_PX, _TALLEST_PX, _TITLE_PX = 34, 346, 1180, 62
_FONT = "'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
_RISING = ("#f1f3c6", "#c9e4b4", "#8fcfa0", "#54b5a0", "#2b8aa6", "#2a5f9e", "#2d3a80")  # pale to dark, by level
_BELOW, _SHORT = "#ffffff", "#b3261e"
_CAMERAS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#8a6d00", "#5b4fbd", "#56b4e9", "#7a3b12")
_DARK_FROM = 4  # of _RISING: white text from here on
_SMALL_PX, _LEGEND_TEXT_PX = 12, 14
_LONGEST_NAME = 20
_WIDE_FROM = 0x2E80  # Chinese characters are as wide as high

_WORDS = {
    "zh": {
        "heading": "考场布点图",
        "cameras": "摄像机",
        "levels": "像素密度等级（像素/米，取最远处）",
        "below": "低于各等级",
        "short": "达不到要求",
        "signs": "图例",
        "obstacle": "障碍物（柱、隔断、设备）及高度",
        "blind": "死角（{heights} 米任一高度看不到）",
        "banned": "禁摄区",
        "trespass": "{camera} 拍到禁摄区 {area} 的 {share}",
        "station": "工位",
        "door": "出入口",
        "paper_desk": "试卷收发处",
        "room": "全场",
        "needs": "（要求：{what}）",
        "colon": "：",
        "floor": "地面",
        "height": "高度（米）",
        "seen": "可见",
        "twice": "两机",
        "spots": "死角（平方米）",
        "no_camera": "无摄像机看到",
        "hidden": "只看到 {share}",
        "too_small": "{px} 像素/米，不足 {needs}",
        "shortfalls": "达不到要求的位置",
        "none": "无",
        "more": "另有 {count} 处",
        "method": "按平面几何计算，地面网格 {step} 米；未核对画面",
    },
    "en": {
        "heading": "Floor plan",
        "cameras": "Cameras",
        "levels": "Level, px/m at the far edge",
        "below": "below all levels",
        "short": "falls short",
        "signs": "Signs",
        "obstacle": "Obstacle with its height",
        "blind": "Blind at any of {heights} m",
        "banned": "No filming",
        "trespass": "{camera} shows {share} of no-filming {area}",
        "station": "Station",
        "door": "Door",
        "paper_desk": "Paper desk",
        "room": "Whole room",
        "needs": "  (needed: {what})",
        "colon": ": ",
        "floor": "Floor",
        "height": "at (m)",
        "seen": "seen",
        "twice": "twice",
        "spots": "blind (m²)",
        "no_camera": "seen by no camera",
        "hidden": "only {share} of it seen",
        "too_small": "{px} px/m of {needs}",
        "shortfalls": "Places that fall short",
        "none": "none",
        "more": "and {count} more",
        "method": "By geometry, squares of {step} m; no picture was looked at",
    },
}


def to_svg(survey: Survey, lang: str = "zh", title: str = "") -> str:
    """The drawing as one SVG document, in ``zh`` or ``en``. Raises ValueError for a language there is none of."""
    if lang not in _WORDS:
        raise ValueError(f"there is no language {lang!r}; there is {', '.join(_WORDS)}")
    sheet = _Sheet.of(survey.plan.outline)
    words = _WORDS[lang]
    legend = _Legend(survey, words, lang)
    plan = list(_plan(sheet, survey, words))
    notes = list(legend.lines())
    height = max(sheet.bottom + _MARGIN_PX + 32, legend.y + _MARGIN_PX)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SHEET_PX} {height:.0f}" width="{SHEET_PX}" '
        f'height="{height:.0f}" font-family="{_FONT}" font-size="14" fill="#1d2126">'
    )
    name = f"{title} {words['heading']}".strip()
    return "\n".join(
        [
            head,
            f"<title>{escape(name)}</title>",
            _PATTERNS,
            f'<rect width="{SHEET_PX}" height="{height:.0f}" fill="#ffffff"/>',
            _text(_MARGIN_PX, 42, name, size=22, weight="bold"),
            *plan,
            *notes,
            "</svg>\n",
        ]
    )


_PATTERNS = (
    '<defs><pattern id="blind" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" fill="#b3261e" fill-opacity="0.10"/>'
    '<line x1="0" y1="0" x2="0" y2="7" stroke="#b3261e" stroke-width="2.4"/></pattern>'
    '<pattern id="banned" width="9" height="9" patternUnits="userSpaceOnUse">'
    '<path d="M0 0L9 9M9 0L0 9" stroke="#6b5b95" stroke-width="0.9"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """From metres of the plan, y upwards, to pixels of the sheet, y downwards."""

    left: float
    top: float
    scale: float
    origin_px: tuple[float, float]
    right_px: float
    bottom: float

    @classmethod
    def of(cls, outline: Outline) -> _Sheet:
        left, low, right, high = Polygon(outline).bounds
        wide = SHEET_PX - _LEGEND_PX - 3 * _MARGIN_PX
        scale = min(wide / (right - left), _TALLEST_PX / (high - low))
        inset = (wide - scale * (right - left)) / 2
        bottom = _TITLE_PX + 14 + scale * (high - low)
        end = _MARGIN_PX + inset + scale * (right - left)
        return cls(left, high, scale, (_MARGIN_PX + inset, _TITLE_PX + 14), end, bottom)

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.origin_px[0] + (x - self.left) * self.scale, self.origin_px[1] + (self.top - y) * self.scale

    def drawn(self, outline: Outline) -> Polygon:
        return Polygon([self.at(x, y) for x, y in outline])

    def path(self, geometry: BaseGeometry) -> str:
        """The polygons of a geometry as path data; holes stay holes by the even-odd rule."""
        rings = [
            ring
            for part in shapely.get_parts(geometry)
            if isinstance(part, Polygon)
            for ring in (part.exterior, *part.interiors)
        ]
        return "".join(self._ring(ring.coords[:-1]) for ring in rings)

    def _ring(self, corners: Iterable[tuple[float, ...]]) -> str:
        places = (self.at(corner[0], corner[1]) for corner in corners)
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) + "Z"


def _text(x: float, y: float, said: str, *, size: float = 14, anchor: str = "start", **style: str) -> str:
    more = "".join(f' {_STYLES[name]}="{value}"' for name, value in style.items())
    end = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{end}{more}>{escape(said)}</text>'


_STYLES = {"weight": "font-weight", "fill": "fill"}
_HALO = 'stroke="#ffffff" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"'


def _colour(place_level: Level | None, levels: tuple[Level, ...]) -> str:
    """By the level's rank: the highest level has the darkest."""
    if place_level is None:
        return _BELOW
    return _RISING[min(levels.index(place_level), len(_RISING) - 1)]


def _plan(sheet: _Sheet, survey: Survey, words: dict[str, str]) -> Iterator[str]:
    """From the floor up, so that what matters more lies on top."""
    plan, levels = survey.plan, survey.density.levels
    room = sheet.path(Polygon(plan.outline))
    yield f'<path d="{room}" fill="#fbfbf8"/>'
    yield from _views(sheet, survey)
    for outline in plan.no_filming:
        yield f'<path d="{sheet.path(Polygon(outline))}" fill="url(#banned)" stroke="#6b5b95" stroke-width="1.6"/>'
    yield from (_place(sheet, levels, place) for place in survey.places)
    blind = shapely.union_all([spot.shape for floor in survey.floors for spot in floor.blind])
    if not blind.is_empty:
        yield f'<path d="{sheet.path(blind)}" fill="url(#blind)" stroke="{_SHORT}" fill-rule="evenodd"/>'
    for obstacle in plan.obstacles:
        shape = Polygon(obstacle.outline).intersection(Polygon(plan.outline))
        yield f'<path d="{sheet.path(shape)}" fill="#4a4f57" stroke="#1d2126"/>'
    yield f'<path d="{room}" fill="none" stroke="#1d2126" stroke-width="4" stroke-linejoin="miter"/>'
    for place in survey.places:
        yield from _named(sheet, levels, place)
    yield from _marks(sheet, survey, words)
    yield from _ruler(sheet)


def _marks(sheet: _Sheet, survey: Survey, words: dict[str, str]) -> Iterator[str]:
    """Names of forbidden parts, heights of obstacles, and the cameras: beside what is drawn already."""
    plan = survey.plan
    for index, outline in enumerate(plan.no_filming, 1):
        point = sheet.drawn(outline).representative_point()
        yield _haloed(point.x, point.y + 5, f"{words['banned']} {index}", 13, "middle", fill="#4b3d78")
    standing = [sheet.drawn(obstacle.outline) for obstacle in plan.obstacles]
    others = [sheet.drawn(place.volume.outline) for place in survey.places]
    walls = sheet.drawn(plan.outline).exterior.buffer(3)
    for shape, obstacle in zip(standing, plan.obstacles, strict=True):
        yield _beside(sheet, shape.bounds, f"{obstacle.height_m:g} m", 11, shapely.union_all(others))
    taken = shapely.union_all([walls, *standing, *others])
    for index, mounting in enumerate(plan.mountings):
        yield from _camera(sheet, mounting, _CAMERAS[index % len(_CAMERAS)], taken)


def _views(sheet: _Sheet, survey: Survey) -> Iterator[str]:
    """What each camera sees at the height of a seated head, laid over each other."""
    below = [floor.height_m for floor in survey.floors]
    if not below:
        return
    height = HEIGHTS_M[1] if HEIGHTS_M[1] in below else below[-1]
    step = max(survey.step_m, 0.2)  # a drawing needs no more
    for index, shape in enumerate(footprints(survey.plan, height, step).values()):
        colour = _CAMERAS[index % len(_CAMERAS)]
        drawn = shape.simplify(step)
        yield f'<path d="{sheet.path(drawn)}" fill="{colour}" fill-opacity="0.07" fill-rule="evenodd"/>'


def _place(sheet: _Sheet, levels: tuple[Level, ...], place: Place) -> str:
    level = place.best.level if place.best is not None else None
    short = place.shortfall is not None
    line = f'stroke="{_SHORT}" stroke-width="3" stroke-dasharray="7 4"' if short else 'stroke="#39424d"'
    return f'<path d="{sheet.path(Polygon(place.volume.outline))}" fill="{_colour(level, levels)}" {line}/>'


def _named(sheet: _Sheet, levels: tuple[Level, ...], place: Place) -> Iterator[str]:
    """The name of a place and the density that counts, in it; a place that is too small has its name beside it."""
    level = place.best.level if place.best is not None else None
    left, low, right, high = Polygon(place.volume.outline).bounds
    x, y = sheet.at((left + right) / 2, (low + high) / 2)
    wide, tall = (right - left) * sheet.scale, (high - low) * sheet.scale
    dark = level is not None and min(levels.index(level), len(_RISING) - 1) >= _DARK_FROM
    ink = "#ffffff" if dark else "#1d2126"
    name = place.volume.id + (" ×" if place.shortfall is not None else "")
    size = max(9.0, min(15.0, 1.55 * wide / max(len(name), 1), tall * 0.45))
    if _width(name, size) > wide + 2 or tall < size:
        at_x, at_y = sheet.at((left + right) / 2, high)
        below = sheet.at(0, low)[1] + _SMALL_PX + 2
        yield _haloed(at_x, at_y - 5 if at_y > sheet.origin_px[1] + 20 else below, name, _SMALL_PX, "middle")
        return
    said = f"{place.best.px_per_m:.0f}" if place.best is not None and place.best.px_per_m is not None else ""
    two = bool(said) and tall > 2.4 * size
    yield _text(x, y - 1 if two else y + size / 3, name, size=round(size, 1), anchor="middle", fill=ink)
    if two:
        yield _text(x, y + size, said, size=round(size * 0.82, 1), anchor="middle", fill=ink)


def _width(said: str, size: float) -> float:
    """About how wide a text is."""
    return size * sum(1.0 if ord(each) > _WIDE_FROM else 0.6 for each in said)


def _haloed(x: float, y: float, said: str, size: float, anchor: str, **style: str) -> str:
    """A text that can be read over lines and colours."""
    return _text(x, y, said, size=size, anchor=anchor, **style).replace("<text ", f"<text {_HALO} ", 1)


def _beside(
    sheet: _Sheet, box: tuple[float, float, float, float], said: str, size: float, taken: BaseGeometry, **style: str
) -> str:
    """A text beside a box of the sheet (left, top, right, bottom): on the first side where nothing else stands."""
    left, top, right, bottom = box
    wide = _width(said, size)
    middle, half = (top + bottom + size) / 2, (left + right) / 2
    beside = [
        (right + 4, middle - 2, "start", right + 4),
        (left - 4, middle - 2, "end", left - 4 - wide),
    ]
    along = [
        (half, bottom + size + 2, "middle", half - wide / 2),
        (half, top - 4, "middle", half - wide / 2),
    ]
    corners = [
        corner
        for y in (top - 2, bottom + size - 2)
        for corner in ((right, y, "start", right), (left, y, "end", left - wide))
    ]
    lies = right - left > bottom - top  # what lies has its name below
    sides = [*along, *beside, *corners] if lies else [*beside, *corners, *along]
    ends = (_MARGIN_PX / 2, sheet.right_px + _MARGIN_PX)
    for x, y, anchor, begin in sides:
        there = shapely.box(begin, y - size, begin + wide, y)
        if ends[0] <= begin and begin + wide <= ends[1] and not taken.intersects(there):
            return _haloed(x, y, said, size, anchor, **style)
    x, y, anchor, _ = sides[0] if sides[0][3] + wide <= ends[1] else sides[1]
    return _haloed(x, y, said, size, anchor, **style)


def _camera(sheet: _Sheet, mounting: Mounting, colour: str, taken: BaseGeometry) -> Iterator[str]:
    """A dot, where it looks across its field of view, and its name."""
    x, y = sheet.at(mounting.x, mounting.y)
    reach = 46.0
    if _looks_around(mounting):
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{reach / 2:g}" fill="{colour}" fill-opacity="0.22" '
            f'stroke="{colour}" stroke-width="1.6"/>'
        )
    else:
        half = math.radians(min(mounting.width_of_view, 359.0)) / 2
        pan = math.radians(mounting.pan)
        ends = [(x + reach * math.cos(pan + s * half), y - reach * math.sin(pan + s * half)) for s in (1, -1)]
        (ax, ay), (bx, by) = ends
        wide = int(half > math.pi / 2)
        yield (
            f'<path d="M{x:.1f} {y:.1f}L{ax:.1f} {ay:.1f}A{reach:g} {reach:g} 0 {wide} 1 {bx:.1f} {by:.1f}Z" '
            f'fill="{colour}" fill-opacity="0.28" stroke="{colour}" stroke-width="1.6"/>'
        )
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6.5" fill="{colour}" stroke="#ffffff" stroke-width="1.6"/>'
    box = (x - 8, y - 8, x + 8, y + 8)
    yield _beside(sheet, box, _cut(mounting.camera), 13, taken, weight="bold", fill=colour)


def _looks_around(mounting: Mounting) -> bool:
    """Whether a field of view drawn from above would be no wedge: a fisheye, or a camera that looks mostly down."""
    return mounting.tilt > 60 or (mounting.lens is Lens.FISHEYE and mounting.tilt > 30)


def _ruler(sheet: _Sheet) -> Iterator[str]:
    """A scale of a round number of metres, below the plan."""
    length = next((each for each in (10, 5, 2, 1, 0.5) if each * sheet.scale <= 220), 0.2)
    x, y = sheet.origin_px[0], sheet.bottom + 32
    end = x + length * sheet.scale
    yield f'<path d="M{x:.1f} {y - 5:.1f}V{y:.1f}H{end:.1f}V{y - 5:.1f}" fill="none" stroke="#1d2126"/>'
    yield _text(end + 8, y + 3, f"{length:g} m", size=_SMALL_PX)


@dataclass(slots=True)
class _Legend:
    """The right side of the sheet, written from the top down; ``y`` is where the next line goes."""

    survey: Survey
    words: dict[str, str]
    lang: str
    y: float = _TITLE_PX + 26
    x: float = SHEET_PX - _LEGEND_PX - _MARGIN_PX + 12

    def lines(self) -> Iterator[str]:
        yield from self._floors()
        yield from self._levels()
        yield from self._signs()
        yield from self._cameras()
        yield from self._shortfalls()
        yield _text(self.x, self.y, self._method(), size=_SMALL_PX, fill="#5a626c")

    def _heading(self, said: str) -> str:
        line = _text(self.x, self.y, said, size=15, weight="bold")
        self.y += 23
        return line

    def _line(self, said: str, swatch: str = "", indent: float = 34, **style: str) -> str:
        line = swatch + _text(self.x + indent, self.y, said, size=_LEGEND_TEXT_PX, **style)
        self.y += 22
        return line

    def _swatch(self, fill: str, more: str = 'stroke="#39424d"') -> str:
        return f'<rect x="{self.x:.1f}" y="{self.y - 13:.1f}" width="25" height="16" fill="{fill}" {more}/>'

    def _floors(self) -> Iterator[str]:
        """What share of the floor is seen at each height, in columns."""
        words, columns = self.words, (0, 92, 160, 228)
        yield self._heading(f"{words['floor']}")
        rows = [(words["height"], words["seen"], words["twice"], words["spots"])]
        for floor in self.survey.floors:
            whole = floor.floor_m2 or 1.0
            shares = (f"{_percent(floor.seen_m2 / whole)}", f"{_percent(floor.seen_twice_m2 / whole)}")
            rows.append((f"{floor.height_m:g}", *shares, f"{floor.blind_m2:.2f}"))
        for row in rows:
            yield from (
                _text(self.x + at, self.y, cell, size=_LEGEND_TEXT_PX) for at, cell in zip(columns, row, strict=True)
            )
            self.y += 20
        self.y += 10

    def _levels(self) -> Iterator[str]:
        yield self._heading(self.words["levels"])
        needed: dict[str, list[str]] = {}
        for target, level in self.survey.density.needs.items():
            needed.setdefault(level.id, []).append(self.words[target])
        joint = "、" if self.lang == "zh" else ", "
        for level in reversed(self.survey.density.levels):
            name = level.zh if self.lang == "zh" else level.id
            said = f"≥ {level.px_per_m:g}  {name}"
            if level.id in needed:
                said += self.words["needs"].format(what=joint.join(needed[level.id]))
            yield self._line(said, self._swatch(_colour(level, self.survey.density.levels)))
        yield self._line(self.words["below"], self._swatch(_BELOW))
        broken = f'stroke="{_SHORT}" stroke-width="3" stroke-dasharray="7 4"'
        yield self._line(f"{self.words['short']} ×", self._swatch("#ffffff", broken))
        self.y += 10

    def _signs(self) -> Iterator[str]:
        words, survey = self.words, self.survey
        yield self._heading(words["signs"])
        heights = (", " if self.lang == "en" else "、").join(f"{floor.height_m:g}" for floor in survey.floors)
        yield self._line(words["blind"].format(heights=heights), self._swatch("url(#blind)", f'stroke="{_SHORT}"'))
        yield self._line(words["obstacle"], self._swatch("#4a4f57"))
        if survey.plan.no_filming:
            yield self._line(words["banned"], self._swatch("url(#banned)", 'stroke="#6b5b95"'))
        for each in survey.trespasses:
            said = words["trespass"].format(
                camera=_cut(each.camera), area=each.area + 1, share=_percent_up(each.share)
            )
            yield self._line(said, indent=0, fill=_SHORT)
        self.y += 10

    def _cameras(self) -> Iterator[str]:
        yield self._heading(self.words["cameras"])
        for index, mounting in enumerate(self.survey.plan.mountings):
            colour = _CAMERAS[index % len(_CAMERAS)]
            dot = f'<circle cx="{self.x + 12:.1f}" cy="{self.y - 5:.1f}" r="6.5" fill="{colour}"/>'
            yield self._line(
                f"{_cut(mounting.camera)}  {mounting.width}×{mounting.height}  {mounting.width_of_view:g}°  "
                f"{mounting.height_m:g} m",
                dot,
            )
        if not self.survey.plan.mountings:
            yield self._line(self.words["none"])
        self.y += 10

    def _shortfalls(self, most: int = 14) -> Iterator[str]:
        """The places one by one, as many as the sheet has room for; the rest are counted."""
        short = self.survey.short
        yield self._heading(f"{self.words['shortfalls']}{self.words['colon']}{len(short) or self.words['none']}")
        for place in short[:most]:
            yield self._line(
                f"{self.words[place.volume.target]} {place.volume.id}{self.words['colon']}{self._why(place)}",
                indent=0,
            )
        if len(short) > most:
            yield self._line(self.words["more"].format(count=len(short) - most), indent=0)
        self.y += 10

    def _why(self, place: Place) -> str:
        words, best = self.words, place.best
        if best is None or place.shortfall is Shortfall.NO_CAMERA or best.px_per_m is None:
            return words["no_camera"]
        if place.shortfall is Shortfall.HIDDEN:
            return f"{_cut(best.camera)} {words['hidden'].format(share=_percent(best.share))}"
        said = words["too_small"].format(px=f"{best.px_per_m:.0f}", needs=f"{place.needs.px_per_m:g}")
        return f"{_cut(best.camera)} {said}"

    def _method(self) -> str:
        return self.words["method"].format(step=f"{self.survey.step_m:g}")


def _percent(share: float) -> str:
    """Never rounded up: 99.96 % seen is not all of it."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f}%"


def _percent_up(share: float) -> str:
    """Never rounded down to nothing: for what must not be seen at all."""
    return f"{math.ceil(share * 1000 - 1e-9) / 10:.1f}%"


def _cut(name: str) -> str:
    """A long name by its end, where those of one site differ."""
    return name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"
