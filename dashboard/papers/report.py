"""The coverage report as one HTML file for printing (A4): no script, no font, no picture from anywhere else.

The same report as the JSON of ``analysis.report``, in local time and in words. Not here: what is in the report.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import ceil
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.clocks import Drift, HostClockFacts
from analysis.report import BatchReport, CameraReport, SittingReport, StationReport
from analysis.wording import FAULTS
from config.rule_pack import OriginKind, RulePack
from dashboard.papers.timeline import Drawing, draw
from dashboard.papers.words import COLOURS, COVERED, NOT_YET, Language, Words, cause, verdict, words
from domain.calendar import SHANGHAI
from domain.evidence import Cause, Gap
from domain.law import Verdict
from domain.pictures import Fault
from domain.places import Site
from domain.timeline import Interval, rounded_to_milliseconds

__all__ = ["STYLE_DIGEST", "Language", "render"]

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_TEMPLATE = "report.html.j2"


def _style_digest() -> str:
    """SHA-256, base64, of the text between <style> and </style>, which no report has a part in."""
    source = (Path(__file__).parent / _TEMPLATE).read_text(encoding="utf-8")
    return b64encode(sha256(source.partition("<style>")[2].partition("</style>")[0].encode()).digest()).decode()


STYLE_DIGEST = _style_digest()
"""What a content security policy lets the styles of a paper in by (CSP3 2.3.1)."""

_NUMBERS = (
    ("longest_gap_s", "考试中单个断档不超过", "Longest single gap in the exam", "s"),
    ("total_gap_share", "考试中断档合计占比不超过", "Share of the exam in all its gaps", "%"),
    ("total_gap_s", "考试中断档合计不超过", "Total of all gaps in the exam", "s"),
    ("min_width", "画面宽度不低于", "Least picture width", "px"),
    ("min_height", "画面高度不低于", "Least picture height", "px"),
    ("min_fps", "帧率不低于", "Least frame rate", "fps"),
    ("clock_warn_s", "时钟偏差提示", "Clock offset noted above", "s"),
    ("clock_fail_s", "时钟偏差不符合", "Clock offset failed above", "s"),
    ("clock_drift_warn_ppm", "时钟走时误差提示", "Clock drift noted above", "ppm"),
    ("copies", "副本数不少于", "Least number of copies", ""),
    ("retention_years", "保管年限不少于", "Years of retention", ""),
)

_ORIGINS = {
    OriginKind.NOTICE: ("通知条款", "notice"),
    OriginKind.SAMPLE: ("其他地方规定", "rule of another place"),
    OriginKind.PROJECT_DEFAULT: ("系统默认", "default of this product"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One gap as the table prints it."""

    whose: str
    start: str
    end: str
    length: str
    cause: Cause
    cameras: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """One span with footage whose pictures do not show what they should, as the table prints it."""

    whose: str
    start: str
    end: str
    length: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A covered part of a camera and the recorder it is shown from."""

    start: str
    end: str
    length: str
    recorder: str


@dataclass(frozen=True, slots=True)
class _Twice:
    """A camera of several recorders: what each recorded, and which is shown when."""

    camera: str
    recorders: tuple[str, ...]
    parts: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """One sitting as the template prints it."""

    report: SittingReport
    rooms: tuple[tuple[str, str], ...]
    drawing: Drawing
    lines: tuple[_Line, ...]
    unusable: tuple[_Shown, ...]
    twice: tuple[_Twice, ...]


@dataclass(frozen=True, slots=True)
class _Number:
    """One number of the rule pack with its origin."""

    name: str
    value: str
    origin: str
    text: str  # the wording it comes from, or the reason


def render(
    report: SittingReport | BatchReport,
    lang: Language | str = Language.ZH,
    *,
    site: Site | None = None,
    rule_pack: RulePack | None = None,
) -> str:
    """The report as one complete HTML document.

    With ``site``, places are printed with their names; with ``rule_pack``, the numbers that verdicts rest on are
    printed with their origins. Raises ValueError for a language there is none of.
    """
    language = Language(lang)
    sittings = report.sittings if isinstance(report, BatchReport) else (report,)
    return _ENVIRONMENT.get_template(_TEMPLATE).render(
        language=language,
        words=words(language),
        report=report,
        whole_batch=isinstance(report, BatchReport),
        sections=[_section(sitting, language, site) for sitting in sittings],
        site=site,
        numbers=_numbers(rule_pack, language) if rule_pack is not None else (),
        colours=COLOURS,
        covered=COVERED,
        not_yet=NOT_YET,
        verdict=lambda which: verdict(which, language),
        cause=lambda which: cause(which, language),
        moment=_moment,
        span=_span,
        length=lambda seconds: _length(seconds, words(language)),
        share=_share,
        total=_total,
        offset=_offset,
        drift=_drift,
        host_clock=lambda clock: _host_clock(clock, words(language)),
        pending=Verdict.PENDING,
        steps=_steps(sittings, words(language)),
    )


def _section(report: SittingReport, language: Language, site: Site | None) -> _Section:
    names = {room.id: room.name for room in site.rooms} if site is not None else {}
    ids = dict.fromkeys([*(each.room for each in report.stations), *(each.room for each in report.cameras)])
    rooms = tuple((room, names.get(room, room)) for room in ids)
    twice = tuple(_twice(each, words(language)) for each in report.cameras if len(each.recorders) > 1)
    lines, unusable = tuple(_lines(report, language)), tuple(_unusable(report, language))
    return _Section(report, rooms, draw(report, rooms, language), lines, unusable, twice)


def _twice(camera: CameraReport, said: Words) -> _Twice:
    recorders = tuple(f"{each.recorder}: {_length(each.recorded_ms / 1000, said)}" for each in camera.recorders)
    parts = (
        _Part(
            _precise(each.interval.start),
            _precise(each.interval.end),
            _length(each.interval.seconds, said),
            each.recorder,
        )
        for each in camera.sources
    )
    return _Twice(camera.camera, recorders, tuple(parts))


def _lines(report: SittingReport, language: Language) -> list[_Line]:
    said = words(language)
    stations = [(f"{said.station} {each.station}", gap) for each in report.stations for gap in each.gaps]
    cameras = [(f"{said.camera} {each.camera}", gap) for each in report.cameras for gap in each.gaps]
    return [_line(whose, gap, language) for whose, gap in (*stations, *cameras)]


def _unusable(report: SittingReport, language: Language) -> Iterator[_Shown]:
    """Stations first, as with gaps; of cameras with what was measured."""
    said = words(language)
    for station in report.stations:
        whose = f"{said.station} {station.station}"
        for span in station.unusable:
            causes = (f"{one.camera}: {_fault(one.fault, language)}" for one in span.cameras)
            yield _shown(whose, span.interval, tuple(causes), said)
        for interval in station.unverified:
            yield _shown(whose, interval, (said.unverified,), said)
    for camera in report.cameras:
        whose = f"{said.camera} {camera.camera}"
        for fault in camera.faults:
            measured = said.measured.format(f"{fault.measured:.4g}", f"{fault.limit:g}")
            yield _shown(whose, fault.interval, (_fault(fault.fault, language), measured), said)
        for interval in camera.unverified:
            yield _shown(whose, interval, (said.unverified,), said)


def _shown(whose: str, interval: Interval, what: tuple[str, ...], said: Words) -> _Shown:
    length = _length(interval.seconds, said)
    return _Shown(whose, _precise(interval.start), _precise(interval.end), length, what)


def _fault(fault: Fault | None, language: Language) -> str:
    if fault is None:
        return words(language).obstructed
    return FAULTS[fault].en if language is Language.EN else FAULTS[fault].zh


def _steps(sittings: Iterable[SittingReport], said: Words) -> tuple[str, ...]:
    """How it was checked; the last step says what was not."""
    compared = any(station.compared for sitting in sittings for station in sitting.stations)
    return (*said.method_steps[:-1], said.method_pictures) if compared else said.method_steps


def _line(whose: str, gap: Gap, language: Language) -> _Line:
    return _Line(
        whose=whose,
        start=_precise(gap.interval.start),
        end=_precise(gap.interval.end),
        length=_length(gap.interval.seconds, words(language)),
        cause=gap.cause,
        cameras=(
            *(f"{each.camera}: {cause(each.cause, language)}" for each in gap.cameras),
            *(f"{each.recorder}: {cause(each.cause, language)}" for each in gap.recorders),
        ),
    )


def _numbers(pack: RulePack, language: Language) -> tuple[_Number, ...]:
    second = language is Language.EN
    found = []
    for field, zh, en, unit in _NUMBERS:
        value = getattr(pack, field)
        shown = f"{value:.2%}" if unit == "%" else f"{value:g} {unit}".strip()
        origin = pack.origins[field]
        text = origin.en if second else origin.zh
        found.append(_Number(en if second else zh, shown, _ORIGINS[origin.kind][second], text))
    return tuple(found)


def _moment(instant: datetime) -> str:
    """``2026-05-01 09:00:00`` local time."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _precise(instant: datetime) -> str:
    local = rounded_to_milliseconds(instant).astimezone(SHANGHAI)
    return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"


def _span(interval: Interval) -> str:
    start, end = _moment(interval.start), _moment(interval.end)
    return f"{start} – {end[11:] if start[:10] == end[:10] else end}"


def _length(seconds: float, said: Words) -> str:
    """Always seconds with milliseconds: what is printed must add up."""
    return f"{seconds:,.3f} {said.seconds}"


def _total(of: StationReport | CameraReport) -> float:
    """All gaps together, in seconds."""
    return round(sum(gap.interval.seconds for gap in of.gaps), 3)


def _share(of: StationReport | CameraReport) -> str:
    """Rounded down: 99.996 % must not read as complete."""
    covered_ms = of.covered_ms if isinstance(of, StationReport) else of.recorded_ms
    whole_ms = covered_ms + round(_total(of) * 1000)
    return f"{covered_ms * 10_000 // whole_ms / 100:.2f} %" if whole_ms else "–"


def _offset(seconds: float | None, said: Words) -> str:
    return said.no_clock if seconds is None else f"{seconds:+.3f} {said.seconds}"


def _drift(drift: Drift | None, said: Words) -> str:
    """Seconds that the camera gains in a day."""
    return "–" if drift is None else f"{drift.day_s:+.1f} {said.seconds}"


def _host_clock(clock: HostClockFacts, said: Words) -> str:
    """Whether the times are proven, and by whom or for how long not."""
    if clock.unproven or clock.by is None:
        return said.clock_unproven.format(clock.host, _length(clock.unproven.seconds, said))
    at_most_s = ceil(round((clock.error_s or 0.0) * 1e6) / 1e3) / 1e3  # up, but not by the noise of floating point
    return said.clock_proven.format(clock.host, said.clock_witnesses[clock.by], _length(at_most_s, said))
