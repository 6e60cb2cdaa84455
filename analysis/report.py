"""The report of a sitting and of a batch: what was gathered is judged and told, by station and by camera.

Instants are rounded to milliseconds before anything is computed, and lengths are whole milliseconds, so that a
station's ``covered_ms`` and its gaps add up exactly: to the window once the report is no longer pending, and to the
part of it before ``settled_until`` until then. Not here: reading the evidence (``analysis.gathering``), the JSON
layout (``analysis.report_json``), papers and pages (``dashboard``).

Raises storage's UnknownBatch and UnknownSitting for what was never applied, DatabaseUnavailable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from analysis.backup import Backup
from analysis.clocks import Drift, HostClockFacts
from analysis.coverage import (
    Source,
)
from analysis.eye import EYE, Eye
from analysis.facts import CameraFacts, Holding, PhaseSpan, PlaceFacts, SittingFacts, StationFacts
from analysis.gathering import gathered, phases_of
from analysis.judge import findings, frame_rate, place_verdict, station_verdict
from analysis.nvrs import NvrEvent, nvr_events
from config.rule_pack import RulePack
from domain.evidence import Copy, Coverage, Gap, Place
from domain.expected import ExpectedPlace, ExpectedRoom, FrozenExpectation
from domain.law import Finding, Verdict, fold
from domain.phases import Mark, Marked, latest_marks, out_of_order
from domain.pictures import Fault, FaultSpan
from domain.places import Sitting, last_exam_day
from domain.readiness import PlanCover, SaveCover, Standing, standing
from domain.timeline import Interval, IntervalSet
from storage.database import Database
from storage.errors import UnknownBatch, UnknownSitting

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class MarkReport:
    """A mark of a sitting as it stands now. ``earlier`` entries of it were corrected; ``after`` are the marks that
    should come later and lie before it.
    """

    marked: Marked
    at: datetime
    earlier: int = 0
    after: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraFault:
    """What was wrong with one camera's pictures; None where something stood before the station."""

    camera: str
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """A span for which there is footage, and nothing usable of the station on it. Never a gap."""

    interval: Interval
    cameras: tuple[CameraFault, ...]


@dataclass(frozen=True, slots=True)
class StationReport:
    """One station: its own verdict, the time any camera covers, and every gap however short.

    Of the covered time ``unusable`` shows nothing usable of it, in the sense of C6.2-4, and of ``unverified`` nobody
    knows. ``compared`` are the cameras whose pictures were compared with a reference for it; without any, picture
    content was not checked.
    """

    station: str
    room: str
    verdict: Verdict
    covered_ms: int
    gaps: tuple[Gap, ...]
    unusable: tuple[Unusable, ...] = ()
    unverified: tuple[Interval, ...] = ()
    compared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecorderReport:
    """One recorder of a camera, by its name, and what it covers by itself."""

    recorder: str
    recorded_ms: int


@dataclass(frozen=True, slots=True)
class BackupReport:
    """All cameras together: covered time, the part of it on ``copies`` separate devices, and the greatest lag.

    ``greatest_lag_ms`` and the ``camera`` that has it are None where nothing is backed up.
    """

    copies: int
    recorded_ms: int
    backed_up_ms: int
    greatest_lag_ms: int | None
    camera: str | None


@dataclass(frozen=True, slots=True)
class CopyReport:
    """The copies of a sitting's files at one place: of how many ``files`` one stands there, ``of`` all.

    ``locked_until`` is the earliest end of a lock, None where one of them has none.
    """

    place: Place
    target: str
    device: str
    files: int
    of: int
    size_bytes: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class CameraReport:
    """One camera of the sitting's rooms.

    ``clock_drift`` is None where it cannot be told.
    ``recorded_ms`` is its covered time. ``frames``, ``lost_packets`` (sums), ``delayed_s`` (largest) and
    ``clock_offset_s`` (farthest from zero, camera minus host, None where the camera tells no time) are of all
    segments that overlap the window, whole. ``backed_up_ms`` is the part of the covered time that lies on as many
    separate devices as the rule pack asks for, ``backup_lag_ms`` how long after it was taken the last of it did, None
    where none does. ``recorders`` are those that recorded the camera, ``sources`` whose footage is shown when.
    ``sizes`` are the widths and heights of its pictures, ``frame_rate`` how many a second of footage has, on average.
    ``faults`` are those of its recorded pictures, each with what was measured and the limit that it broke;
    ``unverified`` is recorded time of which nobody knows what it shows, ``reference`` what pictures were compared
    with, empty for nothing.
    """

    camera: str
    room: str
    recorded_ms: int
    frames: int
    lost_packets: int
    delayed_s: float
    clock_offset_s: float | None
    clock_drift: Drift | None
    gaps: tuple[Gap, ...]
    backed_up_ms: int = 0
    backup_lag_ms: int | None = None
    recorders: tuple[RecorderReport, ...] = ()
    sources: tuple[Source, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    frame_rate: float | None = None
    faults: tuple[FaultSpan, ...] = ()
    unverified: tuple[Interval, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """One place that must be seen. In the time in which it must, ``unseen`` no camera that is expected to see it
    showed anything usable, and of ``unverified`` nobody knows.
    """

    place: ExpectedPlace
    verdict: Verdict
    unseen: tuple[Interval, ...] = ()
    unverified: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedReport:
    """What must be seen. ``sha256`` and ``frozen`` are of what was kept when the sitting opened, None where it never
    was and this was made for the report; ``changed`` names what is not as it was then: ``rules``, ``geometry``.
    """

    sha256: str | None
    frozen: datetime | None
    intact: bool
    changed: tuple[str, ...]
    scale: str
    places: tuple[PlaceReport, ...]
    rooms: tuple[ExpectedRoom, ...]


@dataclass(frozen=True, slots=True)
class PlanCoverReport:
    """考前录像计划覆盖, by the last check that was signed before the opening.

    ``code`` and those of ``rooms`` are None where none counts for the sitting; ``standing`` says why. The rest is of
    that record, None where there is none.
    """

    standing: Standing
    code: PlanCover | None = None
    rooms: tuple[tuple[str, PlanCover | None], ...] = ()
    signed: datetime | None = None
    signer: str | None = None
    reason: str = ""
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class SaveCoverReport:
    """考后录像存储覆盖, of the sitting and of each room.

    None while the evidence is not complete, and where it cannot be told.
    """

    code: SaveCover | None
    rooms: tuple[tuple[str, SaveCover | None], ...]


@dataclass(frozen=True, slots=True)
class SittingReport:
    """Everything that is known of one sitting at ``made``; complete up to ``settled_until``.

    ``segments_root`` stands for all segments of the batch as they were signed when it was closed, None while it is
    not (docs/evidence-format.md).
    """

    batch: str
    sitting: int
    site: str
    project: str
    rule_pack: str
    made: datetime
    settled_until: datetime
    opened: datetime | None
    closed: datetime | None
    window: Interval
    phases: tuple[PhaseSpan, ...]
    verdict: Verdict
    stations: tuple[StationReport, ...]
    cameras: tuple[CameraReport, ...]
    clauses: tuple[Finding, ...]
    backup: BackupReport
    host_clocks: tuple[HostClockFacts, ...]  # of the hosts that recorded and are known to read their clock
    nvrs: tuple[NvrEvent, ...] = ()
    segments_root: str | None = None
    copies: tuple[CopyReport, ...] = ()  # spools first
    expected: ExpectedReport | None = None  # None where nothing was kept at the opening, or it was not opened yet
    plan_cover: PlanCoverReport = PlanCoverReport(Standing.MISSING)
    save_cover: SaveCoverReport = SaveCoverReport(None, ())
    marks: tuple[MarkReport, ...] = ()  # in the order in which they should be


@dataclass(frozen=True, slots=True)
class BatchReport:
    """The reports of all sittings of a batch and the verdict they fold to."""

    batch: str
    site: str
    project: str
    rule_pack: str
    made: datetime
    verdict: Verdict
    sittings: tuple[SittingReport, ...]


def sitting_report(
    database: Database, batch_id: str, number: int, rule_pack: RulePack, now: datetime, *, eye: Eye | None = EYE
) -> SittingReport:
    """The report of one sitting as the evidence stands at ``now``. Without an ``eye`` no picture is judged."""
    sitting = database.setup.sitting(batch_id, number)
    if sitting is None:
        if database.setup.batch(batch_id) is None:
            raise UnknownBatch(f"there is no batch {batch_id}; apply it first")
        raise UnknownSitting(f"batch {batch_id} has no sitting {number}")
    last = last_exam_day(database.setup.sittings(batch_id))
    report = _report(database, sitting, last, rule_pack, now, eye=eye)
    return replace(report, segments_root=_root(database, batch_id))


def batch_report(
    database: Database, batch_id: str, rule_pack: RulePack, now: datetime, *, eye: Eye | None = EYE
) -> BatchReport:
    """The reports of all sittings of a batch, by number."""
    batch = database.setup.batch(batch_id)
    if batch is None:
        raise UnknownBatch(f"there is no batch {batch_id}; apply it first")
    sittings = database.setup.sittings(batch_id)
    last = last_exam_day(sittings)
    root = _root(database, batch_id)
    reports = tuple(
        replace(_report(database, sitting, last, rule_pack, now, eye=eye), segments_root=root) for sitting in sittings
    )
    verdict = fold(report.verdict for report in reports)
    return BatchReport(batch.id, batch.site, batch.project, rule_pack.id, now, verdict, reports)


def _root(database: Database, batch_id: str) -> str | None:
    closing = database.closings.latest(batch_id)
    return None if closing is None else closing.segments_root


def _report(
    database: Database, sitting: Sitting, last_day: date, rules: RulePack, now: datetime, *, eye: Eye | None
) -> SittingReport:
    frozen = database.setup.expectation(sitting.batch.id, sitting.plan.number)
    facts = gathered(database, sitting, last_day, rules, now, eye=eye, frozen=frozen)
    plan = _plan_cover(database, sitting, now)
    if plan.standing is not Standing.MISSING:
        facts = replace(facts, plan_check=(plan.standing, plan.code))
    clauses = findings(facts, rules)
    reports = tuple(_camera_report(camera) for camera in facts.cameras)
    return SittingReport(
        batch=sitting.batch.id,
        sitting=sitting.plan.number,
        site=sitting.site.id,
        project=sitting.batch.project,
        rule_pack=rules.id,
        made=now,
        settled_until=facts.settled_until or facts.window.start,
        opened=sitting.opened,
        closed=sitting.closed,
        window=facts.window,
        phases=phases_of(sitting, now),
        verdict=fold(clause.verdict for clause in clauses),
        stations=tuple(_station_report(station, facts, rules) for station in facts.stations),
        cameras=reports,
        clauses=clauses,
        backup=_backup_report(reports, rules),
        nvrs=nvr_events(facts.cameras),
        host_clocks=facts.host_clocks,
        copies=_copy_reports([holding for camera in facts.cameras for holding in camera.holdings]),
        expected=_expected_report(facts, frozen, rules),
        plan_cover=plan,
        save_cover=_save_cover(sitting, facts, rules),
        marks=_marks(database.marks.of(sitting.batch.id, sitting.plan.number)),
    )


def _marks(entries: Sequence[Marked]) -> tuple[MarkReport, ...]:
    held = latest_marks(entries)
    wrong = out_of_order(held)
    return tuple(
        MarkReport(
            marked,
            marked.at,
            sum(each.mark is mark for each in entries) - 1,
            tuple(later for first, later in wrong if first is mark),
        )
        for mark, marked in held.items()
        if marked.at is not None
    )


def _expected_report(facts: SittingFacts, frozen: FrozenExpectation | None, rules: RulePack) -> ExpectedReport | None:
    if facts.expected is None:
        return None
    return ExpectedReport(
        sha256=frozen.sha256 if frozen is not None else None,
        frozen=frozen.made if frozen is not None else None,
        intact=facts.intact,
        changed=facts.changed,
        scale=facts.expected.scale,
        places=tuple(_place_report(each, facts, rules) for each in facts.places),
        rooms=facts.expected.rooms,
    )


def _place_report(seen: PlaceFacts, facts: SittingFacts, rules: RulePack) -> PlaceReport:
    if seen.view is None:
        return PlaceReport(seen.place, Verdict.PENDING)
    view = seen.view.view
    return PlaceReport(
        seen.place,
        Verdict.PENDING if facts.waiting is not None else place_verdict(seen, rules),
        tuple(view.bad & seen.required),
        tuple(view.doubtful & seen.required),
    )


def _plan_cover(database: Database, sitting: Sitting, now: datetime) -> PlanCoverReport:
    """By the record signed last before the opening."""
    batch, number = sitting.batch.id, sitting.plan.number
    signed = database.readiness.last_signed(batch, number, sitting.opened)
    frozen = database.setup.frozen(batch).get(number)
    set_up = frozen.site if frozen is not None else database.setup.site_sha256(sitting.site.id)
    borne_out = signed is not None and database.readiness.is_borne_out(signed)
    found = standing(signed, sitting.opened or now, set_up, borne_out=borne_out)
    rooms = tuple(room.id for room in sitting.rooms)
    if signed is None or not found.counts:
        return PlanCoverReport(found, rooms=tuple((room, None) for room in rooms))
    told = signed.told
    codes = {each["room"]: PlanCover(each["code"]) for each in told["rooms"]}
    return PlanCoverReport(
        standing=found,
        code=PlanCover(told["code"]),
        rooms=tuple((room, codes.get(room)) for room in rooms),
        signed=signed.at,
        signer=signed.actor.name,
        reason=told["reason"],
        digest=signed.digest,
    )


def _save_cover(sitting: Sitting, facts: SittingFacts, rules: RulePack) -> SaveCoverReport:
    """By the verdicts of the stations, which hold gaps to the tolerance of the exam; a room without any is told by
    nobody.
    """
    rooms = tuple((room.id, _saved(room.id, facts, rules)) for room in sitting.rooms)
    codes = {code for _, code in rooms}
    if SaveCover.NOT_COVERED in codes:
        return SaveCoverReport(SaveCover.NOT_COVERED, rooms)
    return SaveCoverReport(SaveCover.COVERED if codes == {SaveCover.COVERED} else None, rooms)


def _saved(room: str, facts: SittingFacts, rules: RulePack) -> SaveCover | None:
    verdict = fold(station_verdict(each, facts, rules) for each in facts.stations if each.room == room)
    if verdict in {Verdict.PASS, Verdict.WARN}:
        return SaveCover.COVERED
    return SaveCover.NOT_COVERED if verdict is Verdict.FAIL else None


def _station_report(station: StationFacts, facts: SittingFacts, rules: RulePack) -> StationReport:
    covered, gaps = _parts(station.coverage)
    verdict = station_verdict(station, facts, rules)
    report = StationReport(station.station, station.room, verdict, covered, gaps)
    if station.view is None:
        return report
    view = station.view.view
    return replace(
        report,
        unusable=tuple(Unusable(span, _why(station, span, facts)) for span in view.unusable),
        unverified=tuple(view.doubtful),
        compared=station.view.compared,
    )


def _why(station: StationFacts, span: Interval, facts: SittingFacts) -> tuple[CameraFault, ...]:
    """What was wrong in that span with the pictures of the cameras that see the station, by camera."""
    found: set[tuple[str, Fault | None]] = set()
    here = IntervalSet([span])
    for camera in facts.cameras:
        if camera.view is None or camera.camera.id not in station.cameras:
            continue
        name = camera.camera.id
        found.update((name, each.fault) for each in camera.view.fault_spans(here & camera.view.unusable))
        if station.view is not None and station.view.obstructed_by(name) & here:
            found.add((name, None))
    return tuple(CameraFault(*each) for each in sorted(found, key=lambda told: (told[0], told[1] or "")))


def _camera_report(facts: CameraFacts) -> CameraReport:
    covered, gaps = _parts(facts.coverage)
    segments = [holding.segment for holding in facts.holdings]
    return CameraReport(
        camera=facts.camera.id,
        room=facts.room,
        recorded_ms=covered,
        frames=sum(segment.frames for segment in segments),
        lost_packets=sum(segment.lost_packets for segment in segments),
        delayed_s=max((segment.delayed_s for segment in segments), default=0.0),
        clock_offset_s=facts.clock_offset_s,
        clock_drift=facts.clock_drift,
        gaps=gaps,
        backed_up_ms=facts.backup.backed_up.length // _MILLISECOND if facts.backup is not None else 0,
        backup_lag_ms=_lag_ms(facts.backup),
        recorders=tuple(
            RecorderReport(name, covered.length // _MILLISECOND) for name, covered in facts.recorded.items() if name
        ),
        sources=facts.sources,
        sizes=tuple(sorted({(segment.width, segment.height) for segment in segments})),
        frame_rate=frame_rate(facts.holdings),
        faults=facts.view.faults if facts.view is not None else (),
        unverified=tuple(facts.view.doubtful) if facts.view is not None else (),
        reference=facts.reference,
    )


def _copy_reports(holdings: Sequence[Holding]) -> tuple[CopyReport, ...]:
    """By place, spools first; two spools of one path on two hosts are two places, as their devices tell."""
    found: dict[tuple[bool, str, str], list[Copy]] = defaultdict(list)
    for holding in holdings:
        for copy in {(each.place, each.target, each.device): each for each in holding.kept}.values():
            found[copy.place is Place.S3, copy.target, copy.device].append(copy)
    return tuple(
        CopyReport(
            Place.S3 if stored else Place.SPOOL,
            target,
            device,
            len(copies),
            len(holdings),
            sum(copy.size_bytes for copy in copies),
            _earliest(copy.locked_until for copy in copies),
        )
        for (stored, target, device), copies in sorted(found.items())
    )


def _earliest(locks: Iterable[datetime | None]) -> datetime | None:
    ends = list(locks)
    return None if None in ends else min(end for end in ends if end is not None)


def _backup_report(cameras: Sequence[CameraReport], rules: RulePack) -> BackupReport:
    lags = [(each.backup_lag_ms, each.camera) for each in cameras if each.backup_lag_ms is not None]
    greatest = max(lags, default=(None, None))
    recorded = sum(each.recorded_ms for each in cameras)
    return BackupReport(rules.copies, recorded, sum(each.backed_up_ms for each in cameras), *greatest)


def _lag_ms(backup: Backup | None) -> int | None:
    """Rounded to the nearest, as all instants are."""
    lag = backup.greatest_lag if backup is not None else None
    return None if lag is None else round(lag / _MILLISECOND)


def _parts(coverage: Coverage | None) -> tuple[int, tuple[Gap, ...]]:
    return (0, ()) if coverage is None else (coverage.covered.length // _MILLISECOND, coverage.gaps)
