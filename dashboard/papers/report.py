"""The coverage report as a paper: the same report as the JSON of ``analysis.report_json``, in local time and words.

Not here: what is in the report, and how a paper is printed (``dashboard.papers.printing``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from math import ceil

from analysis.clocks import Drift, HostClockFacts
from analysis.expected import surveyed
from analysis.floorplan.drawing import to_svg
from analysis.report import (
    BatchReport,
    CameraReport,
    CopyReport,
    ExpectedReport,
    MarkReport,
    PlaceReport,
    SittingReport,
    StationReport,
)
from analysis.report_json import to_json
from analysis.stills import Scene, Still, scenes
from analysis.views import DOUBTS
from analysis.wording import FAULTS
from config.rule_pack import Origin, OriginKind, RulePack
from dashboard.papers.sheet import (
    Align,
    Block,
    Cell,
    Column,
    Drawing,
    Facts,
    Grid,
    Heading,
    Legend,
    NewPage,
    Paper,
    Picture,
    Pictures,
    Remark,
    Signatures,
    Steps,
    Text,
)
from dashboard.papers.timeline import as_svg, draw
from dashboard.papers.words import COLOURS, COVERED, DOUBTFUL, MARK, NOT_YET, UNUSABLE, Language, Words, cause, words
from domain.calendar import SHANGHAI
from domain.evidence import Gap, Place
from domain.expected import Basis, ExpectedPlace, ExpectedView
from domain.law import Verdict
from domain.phases import Mark
from domain.pictures import Fault
from domain.places import Site
from domain.plan import Target
from domain.readiness import PlanCover, SaveCover
from domain.timeline import Interval, rounded_to_milliseconds

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


def compose(
    report: SittingReport | BatchReport,
    lang: Language | str = Language.ZH,
    *,
    site: Site | None = None,
    rule_pack: RulePack | None = None,
    stills: Sequence[Still] | None = None,
) -> Paper:
    """The report as a paper.

    With ``site``, places are printed with their names; with ``rule_pack``, the numbers that verdicts rest on are
    printed with their origins; with ``stills``, these pictures. Raises ValueError for a language there is none of.
    """
    language = Language(lang)
    said = words(language)
    whole = isinstance(report, BatchReport)
    sittings = report.sittings if isinstance(report, BatchReport) else (report,)
    blocks: list[Block] = []
    if isinstance(report, BatchReport):
        blocks.append(_batch_facts(report, said, site))
    for place, sitting in enumerate(sittings):
        if place:
            blocks.append(NewPage())
        if whole:
            blocks.append(Heading(f"{said.sitting} {sitting.sitting}", 1))
        blocks += _Section(sitting, language, site, rule_pack, stills).blocks()
    blocks += [Heading(said.method), Steps(_steps(sittings, said))]
    if rule_pack is not None:
        blocks += [Heading(said.tolerance), _numbers(rule_pack, said, language)]
    blocks.append(Signatures(said.signatures))
    return Paper(
        language=language,
        title=said.title,
        subtitle=said.subtitle,
        number=_number(report),
        made=report.made,
        blocks=tuple(blocks),
        code=f"{_number(report)} sha256:{_digest(report)}",
        code_label=said.code,
    )


def _number(report: SittingReport | BatchReport) -> str:
    """Of this report as it was made then: batch, sitting, local time."""
    made = report.made.astimezone(SHANGHAI)
    sitting = f"-{report.sitting}" if isinstance(report, SittingReport) else ""
    return f"{report.batch}{sitting}-{made:%Y%m%d%H%M%S}"


def _digest(report: SittingReport | BatchReport) -> str:
    """SHA-256 of the report's JSON as the command line writes it."""
    return sha256((json.dumps(to_json(report), ensure_ascii=False, indent=2) + "\n").encode()).hexdigest()


def _batch_facts(report: BatchReport, said: Words, site: Site | None) -> Facts:
    verdict = Cell((), verdict=report.verdict)
    place = site.name if site is not None else report.site
    return Facts(
        (
            ((said.batch, report.batch), (said.verdict, verdict)),
            ((said.project, report.project), (said.site, place)),
        )
    )


class _Section:
    """One sitting of a paper."""

    def __init__(
        self,
        report: SittingReport,
        language: Language,
        site: Site | None,
        pack: RulePack | None,
        stills: Sequence[Still] | None,
    ) -> None:
        self._pack = pack
        self._stills = stills
        self._report = report
        self._language = language
        self._said = words(language)
        self._site = site
        names = {room.id: room.name for room in site.rooms} if site is not None else {}
        ids = dict.fromkeys([*(each.room for each in report.stations), *(each.room for each in report.cameras)])
        self._rooms = tuple((room, names.get(room, room)) for room in ids)

    def blocks(self) -> Iterator[Block]:
        said = self._said
        yield self._facts()
        yield Remark(said.local_time, small=True)
        if self._report.verdict is Verdict.PENDING:
            yield Remark(said.pending_note, loud=True)
        yield from (Heading(said.clauses), self._clauses())
        yield from self._timeline()
        yield from self._gaps()
        yield from self._unusable()
        yield from self._pictures()
        yield from (Heading(said.stations), self._stations())
        yield from self._expected()
        yield from (Heading(said.cameras), self._cameras(), Heading(said.technical), self._technical())
        yield from self._copies()
        yield from self._plans()
        yield from self._sources()

    def _facts(self) -> Facts:
        report, said, site = self._report, self._said, self._site
        comma = "、" if self._language is Language.ZH else ", "
        clocks = tuple(_host_clock(each, said) for each in report.host_clocks) or (said.clock_not_read,)
        window = (said.window, _span(report.window))
        rows: list[tuple[tuple[str, Text], ...]] = [
            ((said.batch, report.batch), (said.sitting, str(report.sitting))),
            ((said.project, report.project), (said.rule_pack, report.rule_pack)),
            (
                (said.site, site.name if site is not None else report.site),
                (said.rooms, comma.join(name for _, name in self._rooms)),
            ),
            ((said.county, site.county), window) if site is not None else (window,),
            (
                (said.opened, _moment(report.opened) if report.opened else said.not_opened),
                (said.closed, _moment(report.closed) if report.closed else said.not_closed),
            ),
            *self._marks(),
            ((said.plan_cover, Cell(tuple(self._plan_cover()))),),
            ((said.save_cover, Cell(tuple(self._save_cover()))),),
            ((said.host_clock, Cell(clocks)),),
            ((said.root, report.segments_root or said.no_root),),
            ((said.made, _moment(report.made)), (said.settled, _moment(report.settled_until))),
            ((said.verdict, Cell((), verdict=report.verdict)),),
        ]
        return Facts(tuple(rows))

    def _marks(self) -> Iterator[tuple[tuple[str, Text], ...]]:
        """When the exam began and ended: the edges of W2."""
        exam = next((phase for phase in self._report.phases if phase.id == "W2"), None)
        if exam is not None:
            yield (self._said.exam_start, _moment(exam.start)), (self._said.exam_end, _moment(exam.end))

    def _plan_cover(self) -> Iterator[str]:
        """By the check that was signed before the opening, or that none counts and why."""
        plan, said, zh = self._report.plan_cover, self._said, self._language is Language.ZH
        yield self._coded(plan.code, plan.standing.zh if zh else plan.standing.en)
        if plan.code is not None:
            yield from self._other_codes(plan.rooms, plan.code)
        if plan.signed is not None and plan.signer is not None:
            yield said.signed_by.format(plan.signer, _moment(plan.signed))
        if plan.reason:
            yield said.because.format(plan.reason)

    def _save_cover(self) -> Iterator[str]:
        saved = self._report.save_cover
        yield self._coded(saved.code, "" if saved.code is not None else self._said.not_saved)
        yield from self._other_codes(saved.rooms, saved.code)

    def _other_codes(
        self, rooms: Iterable[tuple[str, PlanCover | SaveCover | None]], code: int | None
    ) -> Iterator[str]:
        """Of rooms whose code is not that of the sitting."""
        names = dict(self._rooms)
        for room, each in rooms:
            if each != code:
                yield f"{names.get(room, room)} {self._coded(each, '' if each is not None else self._said.not_saved)}"

    def _coded(self, code: PlanCover | SaveCover | None, more: str) -> str:
        """The code with its word, and what more is to be said."""
        zh = self._language is Language.ZH
        told = [] if code is None else [f"{code.value} {code.zh if zh else code.en}"]
        return ("；" if zh else "; ").join(each for each in (*told, more) if each)

    def _clauses(self) -> Grid:
        said, zh = self._said, self._language is Language.ZH
        columns = (Column(said.clause), Column(said.verdict), Column(said.grounds, wraps=True))
        rows = [
            (clause.id, Cell((), verdict=clause.verdict), clause.zh if zh else clause.en)
            for clause in self._report.clauses
        ]
        return Grid(columns, tuple(rows))

    def _timeline(self) -> Iterator[Block]:
        said = self._said
        drawings = [draw(self._report, [room], self._language) for room in self._rooms]
        causes = sorted({each for drawing in drawings for each in drawing.causes}, key=lambda each: each.rank)
        items = [(COVERED, said.footage), *((COLOURS[each], cause(each, self._language)) for each in causes)]
        if any(drawing.unusable for drawing in drawings):
            items.append((UNUSABLE, said.unusable_picture))
        if any(drawing.doubtful for drawing in drawings):
            items.append((DOUBTFUL, said.doubtful_picture))
        if any(drawing.unsettled for drawing in drawings):
            items.append((NOT_YET, said.not_settled))
        yield from (Heading(said.timeline), Legend(tuple(items)))
        for (_, name), drawing in zip(self._rooms, drawings, strict=True):
            label = f"{said.timeline} {name}"
            yield Drawing.of(as_svg(drawing, label), label)
        yield from self._told_marks()

    def _told_marks(self) -> Iterator[Block]:
        """What people said was done when, by the numbers of the drawing."""
        said, report = self._said, self._report
        if not report.marks:
            return
        columns = (
            Column(said.mark),
            Column(said.mark_at),
            Column(said.mark_written),
            Column(said.mark_by),
            Column(said.mark_told, wraps=True),
        )
        rows = [
            (
                Cell((f"{number} {self._mark(each.marked.mark)}",), colour=MARK),
                _moment(each.at),
                _moment(each.marked.written),
                each.marked.actor.name,
                Cell(tuple(self._remarks(each))),
            )
            for number, each in enumerate(report.marks, 1)
        ]
        yield from (Heading(said.marks), Grid(columns, tuple(rows)))

    def _remarks(self, mark: MarkReport) -> Iterator[str]:
        if mark.after:
            comma = "、" if self._language is Language.ZH else ", "
            yield self._said.mark_after.format(comma.join(map(self._mark, mark.after)))
        if mark.earlier:
            yield self._said.mark_corrected.format(mark.earlier, mark.marked.reason)
        elif mark.marked.reason:
            yield mark.marked.reason

    def _mark(self, mark: Mark) -> str:
        return mark.zh if self._language is Language.ZH else mark.en

    def _plans(self) -> Iterator[Block]:
        """What the cameras of each room that was drawn see of it by geometry, as the sitting's set-up has them."""
        rooms = self._site.rooms if self._site is not None else ()
        used = {room for room, _ in self._rooms}
        drawn = [(room.name, room.plan) for room in rooms if room.id in used and room.plan is not None]
        if not drawn or self._pack is None:
            return
        yield Heading(self._said.plan)
        for name, plan in drawn:
            svg = to_svg(surveyed(plan, self._pack.density), self._language.value, name)
            yield Drawing.of(svg, f"{self._said.plan} {name}")

    def _gaps(self) -> Iterator[Block]:
        said, report = self._said, self._report
        yield Heading(said.gaps)
        stations = [(f"{said.station} {each.station}", gap) for each in report.stations for gap in each.gaps]
        cameras = [(f"{said.camera} {each.camera}", gap) for each in report.cameras for gap in each.gaps]
        if not stations and not cameras:
            yield Remark(said.no_gaps)
            return
        columns = (
            Column(said.whose),
            Column(said.start),
            Column(said.end),
            Column(said.length, Align.RIGHT),
            Column(said.cause),
            Column(said.seen_by, wraps=True),
        )
        yield Grid(columns, tuple(self._gap(whose, gap) for whose, gap in (*stations, *cameras)))

    def _gap(self, whose: str, gap: Gap) -> tuple[Text, ...]:
        language = self._language
        seen = (
            *(f"{each.camera}: {cause(each.cause, language)}" for each in gap.cameras),
            *(f"{each.recorder}: {cause(each.cause, language)}" for each in gap.recorders),
        )
        return (
            whose,
            _precise(gap.interval.start),
            _precise(gap.interval.end),
            _length(gap.interval.seconds, self._said),
            Cell((cause(gap.cause, language),), colour=COLOURS[gap.cause]),
            Cell(seen),
        )

    def _unusable(self) -> Iterator[Block]:
        """Footage whose pictures do not show what they should: stations first, as with gaps."""
        said = self._said
        rows = tuple(self._shown())
        if not rows:
            return
        columns = (
            Column(said.whose),
            Column(said.start),
            Column(said.end),
            Column(said.length, Align.RIGHT),
            Column(said.shown, wraps=True),
        )
        yield from (Heading(said.unusable), Remark(said.unusable_note, small=True), Grid(columns, rows))

    def _shown(self) -> Iterator[tuple[Text, ...]]:
        """Of cameras with what was measured."""
        said = self._said
        for station in self._report.stations:
            whose = f"{said.station} {station.station}"
            for span in station.unusable:
                what = (f"{one.camera}: {self._fault(one.fault)}" for one in span.cameras)
                yield self._span_row(whose, span.interval, *what)
            for interval in station.unverified:
                yield self._span_row(whose, interval, said.unverified)
        for camera in self._report.cameras:
            whose = f"{said.camera} {camera.camera}"
            for fault in camera.faults:
                measured = said.measured.format(f"{fault.measured:.4g}", f"{fault.limit:g}")
                yield self._span_row(whose, fault.interval, self._fault(fault.fault), measured)
            for interval in camera.unverified:
                yield self._span_row(whose, interval, said.unverified)

    def _span_row(self, whose: str, span: Interval, *what: str) -> tuple[Text, ...]:
        return whose, _precise(span.start), _precise(span.end), _length(span.seconds, self._said), Cell(what)

    def _fault(self, fault: Fault | None) -> str:
        if fault is None:
            return self._said.obstructed
        return FAULTS[fault].en if self._language is Language.EN else FAULTS[fault].zh

    def _pictures(self) -> Iterator[Block]:
        """What was to be seen around gaps and unusable spans, or where that can be seen."""
        said, of_all = self._said, len(scenes(self._report, sys.maxsize))
        if not of_all:
            return
        if self._stills is None:
            yield Remark(said.stills_where, small=True)
            return
        own = [still for still in self._stills if still.shot.scene.sitting == self._report.sitting]
        found = [(scene, list(group)) for scene, group in groupby(own, key=lambda still: still.shot.scene)]
        yield Heading(said.stills)
        yield Remark(said.stills_note.format(len(found), of_all), small=True)
        for scene, group in found:
            colour = COLOURS[scene.cause] if scene.cause else DOUBTFUL if scene.fault in DOUBTS else UNUSABLE
            yield Pictures(self._scene(scene), colour, tuple(self._picture(still) for still in group))

    def _scene(self, scene: Scene) -> str:
        said, names = self._said, dict(self._rooms)
        what = cause(scene.cause, self._language) if scene.cause else self._fault(scene.fault)
        whose = [f"{said.station} {scene.station}"] if scene.station else []
        parts = (*whose, f"{said.camera} {scene.camera}", what, _span(scene.interval))
        length = _length(scene.interval.seconds, said)
        return " · ".join((names.get(scene.room, scene.room), *parts, length))

    def _picture(self, still: Still) -> Picture:
        """With place, time and camera under it."""
        said, scene = self._said, still.shot.scene
        moment = said.moments[still.shot.moment]
        place = f"{dict(self._rooms).get(scene.room, scene.room)} · {said.camera} {scene.camera}"
        if still.shown is None:
            return Picture((f"{moment}: {said.no_still}", place))
        day = still.shown.astimezone(SHANGHAI)
        return Picture((f"{moment} {day:%Y-%m-%d} {_precise(still.shown)}", place), still.jpeg)

    def _stations(self) -> Grid:
        said = self._said
        columns = (
            Column(said.room),
            Column(said.station),
            Column(said.verdict),
            *(Column(each, Align.RIGHT) for each in (said.covered, said.gap_total, said.gap_count, said.share)),
        )
        rows = [
            (
                name,
                each.station,
                Cell((), verdict=each.verdict),
                _length(each.covered_ms / 1000, said),
                _length(_total(each), said),
                str(len(each.gaps)),
                _share(each),
            )
            for room, name in self._rooms
            for each in self._report.stations
            if each.room == room
        ]
        return Grid(columns, tuple(rows))

    def _expected(self) -> Iterator[Block]:
        """What had to be seen, by whom, and whether it was."""
        said, expected = self._said, self._report.expected
        if expected is None:
            return
        columns = (
            Column(said.room),
            Column(said.where),
            Column(said.must_reach),
            Column(said.phases),
            Column(said.expected_cameras, wraps=True),
            Column(said.verdict),
            Column(said.not_shown, Align.RIGHT),
        )
        names = dict(self._rooms)
        rows = tuple(self._place(each, names) for each in expected.places)
        yield from (Heading(said.expected), Remark(self._frozen(expected), small=True), Grid(columns, rows))
        yield self._floors(expected)

    def _floors(self, expected: ExpectedReport) -> Grid:
        said, names = self._said, dict(self._rooms)
        columns = (
            Column(said.room),
            Column(said.plan),
            Column(said.floor_reaches),
            *(Column(each, Align.RIGHT) for each in (said.floor_share, said.floor_needed, said.blind)),
        )
        rows = [
            (
                names.get(room.room, room.room),
                said.drawn if room.drawn else said.not_drawn,
                self._level(room.level, room.level_zh, room.px_per_m),
                "–" if room.floor_share is None else _down(room.floor_share),
                f"{100 * room.needed_share:g} %",
                "–" if room.blind_m2 is None else f"{room.blind_m2:.2f} m²",
            )
            for room in expected.rooms
        ]
        return Grid(columns, tuple(rows))

    def _place(self, report: PlaceReport, rooms: Mapping[str, str]) -> tuple[Text, ...]:
        said, place = self._said, report.place
        times = (f"{_precise(each.start)[:8]}–{_precise(each.end)[:8]}" for each in place.times)
        unseen = sum(span.seconds for span in report.unseen)
        return (
            rooms.get(place.room, place.room),
            said.targets[place.target] if place.target is Target.ROOM else f"{said.targets[place.target]} {place.id}",
            self._level(place.level, place.level_zh, place.px_per_m),
            Cell((" ".join(place.phases), *times)),
            Cell(tuple(self._seeing(place))),
            Cell((), verdict=report.verdict),
            "–" if not place.views else _length(round(unseen, 3), said),
        )

    def _seeing(self, place: ExpectedPlace) -> Iterator[str]:
        said = self._said
        comma = "、" if self._language is Language.ZH else ", "
        if place.views:
            yield comma.join(_figure(view) for view in place.views)
            if place.basis is Basis.REGISTER:
                yield said.by_register
            return
        yield said.no_camera_reaches
        if place.best is not None:
            yield said.nearest.format(_figure(place.best))

    def _level(self, level: str, level_zh: str, px_per_m: float) -> str:
        return f"{level_zh if self._language is Language.ZH else level} {px_per_m:g} px/m"

    def _frozen(self, expected: ExpectedReport) -> str:
        said = self._said
        if expected.frozen is None or expected.sha256 is None:
            return said.not_frozen
        kept = said.frozen.format(_moment(expected.frozen), expected.scale, expected.sha256)
        return kept if expected.intact else f"{kept} {said.altered}"

    def _cameras(self) -> Grid:
        said = self._said
        numbers = (said.recorded, said.gap_total, said.share, said.backed_up, said.backup_lag)
        columns = (
            Column(said.room),
            Column(said.camera),
            *(Column(each, Align.RIGHT) for each in numbers),
        )
        rows = [
            (
                name,
                each.camera,
                _length(each.recorded_ms / 1000, said),
                _length(_total(each), said),
                _share(each),
                _length(each.backed_up_ms / 1000, said),
                "–" if each.backup_lag_ms is None else _length(each.backup_lag_ms / 1000, said),
            )
            for name, each in self._by_room()
        ]
        return Grid(columns, tuple(rows))

    def _technical(self) -> Grid:
        said = self._said
        numbers = (said.rate, said.frames, said.lost, said.delay, said.offset, said.drift)
        columns = (
            Column(said.camera),
            Column(said.resolution),
            *(Column(each, Align.RIGHT) for each in numbers),
        )
        rows = [
            (
                each.camera,
                Cell(tuple(f"{width} × {height}" for width, height in each.sizes) or ("–",)),
                "–" if each.frame_rate is None else f"{each.frame_rate:.1f}",
                str(each.frames),
                str(each.lost_packets),
                _length(each.delayed_s, said),
                _offset(each.clock_offset_s, said),
                _drift(each.clock_drift, said),
            )
            for _, each in self._by_room()
        ]
        return Grid(columns, tuple(rows))

    def _by_room(self) -> Iterator[tuple[str, CameraReport]]:
        for room, name in self._rooms:
            for each in self._report.cameras:
                if each.room == room:
                    yield name, each

    def _copies(self) -> Iterator[Block]:
        said = self._said
        if not self._report.copies:
            return
        columns = (
            Column(said.place),
            Column(said.device, wraps=True),
            Column(said.files, Align.RIGHT),
            Column(said.size, Align.RIGHT),
            Column(said.locked_until, Align.RIGHT),
        )
        yield from (Heading(said.copies), Grid(columns, tuple(map(self._copy, self._report.copies))))

    def _copy(self, copies: CopyReport) -> tuple[Text, ...]:
        said = self._said
        where = said.spool if copies.place is Place.SPOOL else said.object_store
        if copies.place is Place.SPOOL:
            locked = "–"
        elif copies.locked_until is None:
            locked = said.not_locked
        else:
            locked = _moment(copies.locked_until)
        return (
            f"{where} {copies.target}" if copies.place is Place.S3 else where,
            copies.device or "–",
            f"{copies.files} / {copies.of}",
            f"{copies.size_bytes / 1e9:.3f} GB",
            locked,
        )

    def _sources(self) -> Iterator[Block]:
        said = self._said
        several = [each for each in self._report.cameras if len(each.recorders) > 1]
        if not several:
            return
        columns = (
            Column(said.camera),
            Column(said.recorders, wraps=True),
            Column(said.start),
            Column(said.end),
            Column(said.length, Align.RIGHT),
            Column(said.source),
        )
        yield from (Heading(said.sources), Remark(said.sources_note, small=True))
        yield Grid(columns, tuple(row for camera in several for row in self._parts(camera)))

    def _parts(self, camera: CameraReport) -> Iterator[tuple[Text, ...]]:
        """One row for each part; camera and recorders stand in the first."""
        said = self._said
        lengths = [(each.recorder, _length(each.recorded_ms / 1000, said)) for each in camera.recorders]
        recorders = Cell(tuple(f"{recorder}: {length}" for recorder, length in lengths))
        for number, part in enumerate(camera.sources):
            span = part.interval
            head: tuple[Text, Text] = (camera.camera, recorders) if number == 0 else ("", "")
            length = _length(span.seconds, said)
            yield (*head, _precise(span.start), _precise(span.end), length, part.recorder)


def _steps(sittings: Iterable[SittingReport], said: Words) -> tuple[str, ...]:
    """How it was checked; the last steps say what was not."""
    found = list(sittings)
    compared = any(station.compared for sitting in found for station in sitting.stations)
    drawn = any(room.drawn for sitting in found if sitting.expected is not None for room in sitting.expected.rooms)
    if not compared and not drawn:
        return said.method_steps
    pictures = said.method_pictures if compared else said.method_no_pictures
    return (*said.method_steps[:-1], pictures, said.method_plan if drawn else said.method_no_plan)


def _numbers(pack: RulePack, said: Words, language: Language) -> Grid:
    second = language is Language.EN
    rows = []
    for name, zh, en, unit in _NUMBERS:
        value = getattr(pack, name)
        shown = f"{value:.2%}" if unit == "%" else f"{value:g} {unit}".strip()
        rows.append((en if second else zh, shown, *_origin(pack.origins[name], language)))
    rows += _seen_numbers(pack, said, language)
    columns = (
        Column(said.number, wraps=True),
        Column(said.value, Align.RIGHT),
        Column(said.origin),
        Column(said.reason, wraps=True),
    )
    return Grid(columns, tuple(rows), small=True)


def _seen_numbers(pack: RulePack, said: Words, language: Language) -> Iterator[tuple[str, str, str, str]]:
    """What must be seen: how large, how much of it, and in which phases."""
    density = pack.density
    for target in Target:
        level, name = density.needs[target], said.targets[target]
        label = level.id if language is Language.EN else level.zh
        origin = _origin(density.origins[target], language)
        yield said.needs_level.format(name), f"{level.px_per_m:g} px/m ({label})", *origin
    for share, what in (("seen_share", said.needs_share), ("floor_share", said.needs_floor)):
        yield what, f"{getattr(density, share):.0%}", *_origin(density.origins[share], language)
    for target in Target:
        phases = " ".join(pack.phases.places[target])
        yield said.needs_phases.format(said.targets[target]), phases, *_origin(pack.phases.origins[target], language)


def _origin(origin: Origin, language: Language) -> tuple[str, str]:
    second = language is Language.EN
    return _ORIGINS[origin.kind][second], origin.en if second else origin.zh


def _figure(view: ExpectedView) -> str:
    return view.camera if view.px_per_m is None else f"{view.camera} ({view.px_per_m:g})"


def _down(share: float) -> str:
    """Never rounded up: 94.996 % is not 95 %."""
    return f"{int(share * 10_000 + 1e-6) / 100:.2f} %"


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
