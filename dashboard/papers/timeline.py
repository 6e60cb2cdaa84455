"""The timeline of a report as a drawing: rectangles in the units of an SVG, and that SVG.

Not here: any judgement, and the interactive timeline of the web page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from math import ceil

from analysis.report import CameraReport, SittingReport, StationReport
from analysis.views import DOUBTS, OF_THEIR_OWN
from dashboard.papers.words import COLOURS, COVERED, DOUBTFUL, MARK, NOT_YET, UNUSABLE, Language, Words, phase, words
from domain.calendar import SHANGHAI
from domain.evidence import Cause, Gap
from domain.timeline import Interval, IntervalSet

WIDTH = 820.0
_LABELS = 140.0  # what the lanes' names take on the left
_MARGIN = 30.0
_WIDE = 13.0  # width of a Chinese character of a label
_TOP = 24.0
_LANE = 19.0
_BAR = 13.0
_AXIS = 24.0
_NARROWEST = 1.5  # a gap of a second in a day must still be seen
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle; ``title`` is what a pointer over it shows."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text; ``y`` is its baseline. ``kind`` chooses its look: room, station, camera, phase, tick.

    The kinds of the outer phases are ``phase first`` and ``phase last``.
    """

    x: float
    y: float
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole timeline. ``causes`` are those that occur, for the legend."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    edges: tuple[float, ...]  # x of the phases' edges
    ticks: tuple[float, ...]  # x of the time axis' ticks
    causes: tuple[Cause, ...]
    unsettled: bool
    unusable: bool  # whether there is footage that shows nothing usable
    doubtful: bool  # ... and some of which nobody can tell
    marks: tuple[tuple[float, str, str], ...] = ()  # x, number and name of each mark


@dataclass(frozen=True, slots=True)
class _Scale:
    window: Interval

    def x(self, instant: datetime) -> float:
        share = (instant - self.window.start) / (self.window.end - self.window.start)
        return round(_LABELS + share * (WIDTH - _LABELS - _MARGIN), 2)


def draw(report: SittingReport, rooms: Sequence[tuple[str, str]], language: Language) -> Drawing:
    """The lanes of all stations and cameras of a report. ``rooms`` are ids and names, in the order to print."""
    scale = _Scale(report.window)
    bars: list[Bar] = []
    labels: list[Label] = []
    said = words(language)
    y = _TOP
    for room, name in rooms:
        labels.append(Label(_LABELS - 8, y + 14, name, "room"))
        y += _LANE
        lanes: list[StationReport | CameraReport] = [each for each in report.stations if each.room == room]
        lanes += [each for each in report.cameras if each.room == room]
        for each in lanes:
            at = y + (_LANE - _BAR) / 2
            labels.append(Label(_LABELS - 8, y + 14, *_named(each, said)))
            bars += _lane(scale, report, each.gaps, at, language)
            bars += _shown(scale, each, at, said)
            y += _LANE
    ticks = list(_ticks(report.window))
    labels += [Label(scale.x(at), y + 15, _clock(at), "tick") for at in ticks]
    labels += _phase_labels(scale, report, language)
    drawn = {room for room, _ in rooms}
    gaps_of_all = [gap for station in report.stations if station.room in drawn for gap in station.gaps]
    gaps_of_all += [gap for camera in report.cameras if camera.room in drawn for gap in camera.gaps]
    return Drawing(
        width=WIDTH,
        height=y + _AXIS,
        left=_LABELS,
        right=WIDTH - _MARGIN,
        top=_TOP,
        bottom=y,
        bars=tuple(bars),
        labels=tuple(labels),
        edges=tuple(scale.x(each.start) for each in report.phases[1:]),
        ticks=tuple(scale.x(at) for at in ticks),
        causes=tuple(sorted({gap.cause for gap in gaps_of_all}, key=lambda cause: cause.rank)),
        unsettled=report.settled_until < report.window.end,
        unusable=any(bar.colour == UNUSABLE for bar in bars),
        doubtful=any(bar.colour == DOUBTFUL for bar in bars),
        marks=tuple(_marks(scale, report, language)),
    )


def _marks(scale: _Scale, report: SittingReport, language: Language) -> Iterable[tuple[float, str, str]]:
    """Those within the window; the list beside the drawing has them all, by the same numbers."""
    for number, each in enumerate(report.marks, 1):
        if report.window.start <= each.at <= report.window.end:
            name = each.marked.mark.zh if language is Language.ZH else each.marked.mark.en
            yield scale.x(each.at), str(number), f"{name} {_clock(each.at)}"


def _named(lane: StationReport | CameraReport, said: Words) -> tuple[str, str]:
    """The label of a lane, and its look."""
    if isinstance(lane, StationReport):
        return f"{said.station} {lane.station}", "station"
    return f"{said.camera} {lane.camera}", "camera"


def _shown(scale: _Scale, lane: StationReport | CameraReport, y: float, said: Words) -> Iterable[Bar]:
    """What pictures show, over the footage: what nobody can tell first, so that what is known stays in sight."""
    for interval in lane.unverified:
        yield _bar(scale, interval, y, DOUBTFUL, f"{said.unverified} {interval.seconds:.3f} {said.seconds}")
    if isinstance(lane, StationReport):
        for span in lane.unusable:
            title = f"{said.unusable_picture} {span.interval.seconds:.3f} {said.seconds}"
            yield _bar(scale, span.interval, y, UNUSABLE, title)
    else:
        for fault in lane.faults:
            if fault.fault not in OF_THEIR_OWN | DOUBTS:
                title = f"{said.unusable_picture} {fault.interval.seconds:.3f} {said.seconds}"
                yield _bar(scale, fault.interval, y, UNUSABLE, title)


_LOOKS = {
    "room": 'font-weight="700" fill="#12355f" font-size="12" text-anchor="end"',
    "station": 'fill="#1f2733" font-size="12" text-anchor="end"',
    "camera": 'fill="#596473" font-size="12" text-anchor="end"',
    "tick": 'fill="#38424f" font-size="11" text-anchor="middle"',
    "phase": 'font-weight="600" fill="#38424f" font-size="12" text-anchor="middle"',
    "phase first": 'font-weight="600" fill="#38424f" font-size="12" text-anchor="start"',
    "phase last": 'font-weight="600" fill="#38424f" font-size="12" text-anchor="end"',
}
_FONTS = "'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', Arial, sans-serif"


def as_svg(drawing: Drawing, label: str) -> str:
    """The drawing as one SVG element that needs no style from outside."""
    d = drawing
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {d.width} {d.height}" role="img" '
        f'aria-label="{escape(label)}" font-family="{_FONTS}">'
    ]
    parts += [f'<line x1="{x}" x2="{x}" y1="{d.top}" y2="{d.bottom + 4}" stroke="#dde3ea"/>' for x in d.ticks]
    parts += [
        f'<rect x="{bar.x}" y="{bar.y}" width="{bar.width}" height="{bar.height}" fill="{bar.colour}">'
        f"<title>{escape(bar.title)}</title></rect>"
        for bar in d.bars
    ]
    parts += [
        f'<line x1="{x}" x2="{x}" y1="{d.top - 18}" y2="{d.bottom}" stroke="#1a4b8c" stroke-dasharray="4 3"/>'
        for x in d.edges
    ]
    parts += [
        f'<line x1="{x}" x2="{x}" y1="{d.top}" y2="{d.bottom}" stroke="{MARK}" stroke-width="1.2"/>'
        for x, _, _ in d.marks
    ]
    parts += [
        f'<g><title>{escape(name)}</title><circle cx="{x}" cy="{d.top + _LANE / 2}" r="7" fill="{MARK}"/>'
        f'<text x="{x}" y="{d.top + _LANE / 2 + 3.6}" fill="#ffffff" font-size="10" font-weight="700" '
        f'text-anchor="middle">{number}</text></g>'
        for x, number, name in d.marks
    ]
    parts.append(f'<line x1="{d.left}" x2="{d.right}" y1="{d.bottom}" y2="{d.bottom}" stroke="#7b8694"/>')
    parts += [f'<text x="{each.x}" y="{each.y}" {_LOOKS[each.kind]}>{escape(each.text)}</text>' for each in d.labels]
    return "\n".join([*parts, "</svg>"])


def _phase_labels(scale: _Scale, report: SittingReport, language: Language) -> Iterable[Label]:
    """The first flush left, the last flush right; a phase too short for its name is told by its id."""
    shown = [each for each in report.phases if each.end > each.start]
    for number, each in enumerate(shown):
        left, right = scale.x(each.start), scale.x(each.end)
        if number == 0:
            x, kind = left, "phase first"
        elif number == len(shown) - 1:
            x, kind = right, "phase last"
        else:
            x, kind = (left + right) / 2, "phase"
        name = phase(each.id, language)
        yield Label(round(x, 2), _TOP - 10, name if _text_width(name) <= right - left else each.id, kind)


def _text_width(text: str) -> float:
    """About how wide a label is printed: Chinese characters are twice as wide as Latin ones."""
    return sum(_WIDE if ord(character) > 0x2E80 else _WIDE / 2 for character in text)


def _lane(scale: _Scale, report: SittingReport, gaps: Iterable[Gap], y: float, language: Language) -> Iterable[Bar]:
    """Footage first and gaps over it, so that a widened mark of a short gap stays in sight."""
    said = words(language)
    window = report.window
    settled = min(report.settled_until, window.end)
    if settled > window.start:
        part = Interval(window.start, settled)
        for span in IntervalSet(gap.interval for gap in gaps).complement(part):
            yield _bar(scale, span, y, COVERED, said.footage)
    if settled < window.end:
        yield _bar(scale, Interval(max(settled, window.start), window.end), y, NOT_YET, said.not_settled)
    for gap in gaps:
        yield _bar(scale, gap.interval, y, COLOURS[gap.cause], f"{gap.interval.seconds:.3f} {said.seconds}")


def _bar(scale: _Scale, span: Interval, y: float, colour: str, title: str) -> Bar:
    left, right = scale.x(span.start), scale.x(span.end)
    return Bar(left, y, round(max(right - left, _NARROWEST), 2), _BAR, colour, title)


def _ticks(window: Interval) -> Iterable[datetime]:
    """Round local times, at most eight."""
    step = next((each for each in _STEPS_S if window.seconds / each <= _MOST_TICKS), _STEPS_S[-1])
    midnight = window.start.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    first = ceil((window.start - midnight).total_seconds() / step)
    at = midnight + timedelta(seconds=first * step)
    while at <= window.end:
        yield at
        at += timedelta(seconds=step)


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%H:%M:%S}"
