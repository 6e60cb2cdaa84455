"""The report of a sitting and of a batch: reads the evidence, has it divided and judged, and lays it out.

The JSON layout is an interface: later versions add fields and never rename or drop one. Instants are RFC 3339 in
UTC, rounded to milliseconds before anything is computed, and lengths are whole milliseconds, so that a station's
``covered_s`` and the ``seconds`` of its gaps add up exactly: to the window once the report is no longer pending, and
to the part of it before ``settled_until`` until then. Not here: papers and pages made from it (``dashboard``).

Raises storage's UnknownBatch and UnknownSitting for what was never applied, DatabaseUnavailable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from analysis.backup import Backup, camera_backup
from analysis.clocks import VOUCHED, Drift, HostClockFacts, HostFootage, host_clocks
from analysis.coverage import (
    CameraLedger,
    Source,
    divided,
    kept_copies,
    proven,
    settled_until,
    shown,
    station_coverage,
)
from analysis.expected import changed_since, expectation_of, place_facts
from analysis.eye import EYE, Eye
from analysis.facts import CameraFacts, Holding, PlaceFacts, SittingFacts, StationFacts, Waiting
from analysis.judge import findings, frame_rate, place_verdict, station_verdict
from analysis.nvrs import NvrEvent, nvr_events
from analysis.sights import sight_of
from analysis.views import camera_view, station_view
from config.rule_pack import RulePack
from domain.calendar import local_day, retained_until
from domain.evidence import Copy, Coverage, EndReason, Gap, Place, Run
from domain.expected import Expectation, ExpectedPlace, ExpectedRoom, ExpectedView, FrozenExpectation, Phase
from domain.host_clock import TOGETHER, ClockJudgement
from domain.law import Finding, Verdict, fold
from domain.phases import Mark, Marked, latest_marks, out_of_order
from domain.pictures import Fault, FaultSpan
from domain.places import Sitting
from domain.readiness import PlanCover, SaveCover, Standing, standing
from domain.timeline import Interval, IntervalSet, rfc3339, rounded_to_milliseconds
from storage.database import Database, Evidence
from storage.errors import UnknownBatch, UnknownSitting

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """W1 (entry), W2 (the exam) or W3 (papers and scores); may be empty where the plan gives it no time."""

    id: str
    start: datetime
    end: datetime


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
    phases: tuple[PhaseReport, ...]
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


def sitting_facts(
    database: Database, sitting: Sitting, rules: RulePack, now: datetime, *, eye: Eye | None = EYE
) -> SittingFacts:
    """What the report of a sitting is judged by. Raises DatabaseUnavailable."""
    last = last_exam_day(database.setup.sittings(sitting.batch.id))
    frozen = database.setup.expectation(sitting.batch.id, sitting.plan.number)
    return _facts(database, sitting, last, rules, now, eye=eye, frozen=frozen)


def last_exam_day(sittings: Iterable[Sitting]) -> date:
    """The local day on which a batch's last sitting ends: retention of all its footage counts from it (clause 九).

    Raises ValueError for a batch without sittings.
    """
    return max(local_day(sitting.end) for sitting in sittings)


def _root(database: Database, batch_id: str) -> str | None:
    closing = database.closings.latest(batch_id)
    return None if closing is None else closing.segments_root


def _report(
    database: Database, sitting: Sitting, last_day: date, rules: RulePack, now: datetime, *, eye: Eye | None
) -> SittingReport:
    frozen = database.setup.expectation(sitting.batch.id, sitting.plan.number)
    facts = _facts(database, sitting, last_day, rules, now, eye=eye, frozen=frozen)
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
        phases=_phases(sitting, now),
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


def trial_facts(
    database: Database, sitting: Sitting, trial: Interval, rules: RulePack, now: datetime, *, eye: Eye | None = EYE
) -> SittingFacts:
    """What a trial 试录 shows of a sitting's rooms, as the sitting's set-up has them: only what was recorded for
    trials, held to the same rules as an exam. Raises DatabaseUnavailable.
    """
    plan = replace(sitting.plan, planned_start=trial.start, planned_end=trial.end, lead=timedelta(), tail=timedelta())
    tried = replace(sitting, plan=plan, opened=None, actual_start=None, actual_end=None, closed=None)
    return _facts(database, tried, local_day(trial.end), rules, now, eye=eye, trial=True)


def _facts(
    database: Database,
    sitting: Sitting,
    last_day: date,
    rules: RulePack,
    now: datetime,
    *,
    eye: Eye | None,
    frozen: FrozenExpectation | None = None,
    trial: bool = False,
) -> SittingFacts:
    evidence = database.evidence
    phases = _phases(sitting, now)
    window = Interval(phases[0].start, phases[-1].end)
    ledgers = {camera.id: camera_ledger(evidence, camera.id, window, trial=trial) for camera in sitting.cameras()}
    horizon = min((now, window.end, *(settled_until(ledger, now) for ledger in ledgers.values())))
    settled = max(window.start, rounded_to_milliseconds(horizon))
    part = Interval(window.start, settled) if settled > window.start else None
    cameras = _camera_facts(sitting, ledgers, window, part, now=now, rules=rules)
    if eye is not None:
        at = window.start if trial else sitting.opened or now
        cameras = tuple(_looked_at(database, facts, ledgers, at, eye) for facts in cameras)
    stations, waiting = _station_facts(sitting, cameras, part), _waiting(sitting, window, settled, now)
    expected = None if trial else _expected(sitting, frozen, rules, waiting)
    return SittingFacts(
        window=window,
        exam=Interval(phases[1].start, phases[1].end),
        rooms=sitting.rooms,
        stations=stations,
        cameras=cameras,
        retained_until=retained_until(last_day, rules.retention_years),
        waiting=waiting,
        settled_until=settled,
        planned=sitting.opened is None,
        host_clocks=_host_clocks(evidence, ledgers, cameras, part) if part is not None else (),
        expected=expected,
        places=place_facts(expected, cameras, stations, _lasting(phases), part) if expected is not None else (),
        changed=changed_since(frozen, rules) if frozen is not None else (),
        intact=frozen is None or frozen.intact,
    )


def _expected(
    sitting: Sitting, frozen: FrozenExpectation | None, rules: RulePack, waiting: Waiting | None
) -> Expectation | None:
    """What was frozen. Of a sitting that nobody opened, what would be, once there is something to judge by it; of one
    that was opened and kept nothing, as earlier versions did, none is made up afterwards.
    """
    if frozen is not None:
        return frozen.expectation
    return expectation_of(sitting, rules) if sitting.opened is None and waiting is None else None


def _lasting(phases: Iterable[PhaseReport]) -> dict[Phase, Interval]:
    """The phases that take any time."""
    return {Phase(phase.id): Interval(phase.start, phase.end) for phase in phases if phase.end > phase.start}


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


def camera_ledger(evidence: Evidence, camera: str, window: Interval, *, trial: bool = False) -> CameraLedger:
    """Read a camera's evidence around a window, while it may still be growing: of exams, or of a ``trial``, each as
    if there were nothing of the other. No run is of both (``ingest.supervisor``).

    Runs are read before segments, and segments before what is known of them, so that a row written in between makes
    the evidence look less settled and never like a gap. Where a run began or ended while recorders and outages were
    read, all three are read again.
    """
    runs, again = None, evidence.runs(camera, window)
    while runs != again:
        runs = again
        outages = evidence.outages(camera, window)
        lives = {run.recorder for run in runs} | {outage.recorder for outage in outages if outage.recorder}
        recorders = evidence.recorders(window, also=lives)
        again = evidence.runs(camera, window)
    reach = Interval(min((window.start, *(run.started for run in runs))), window.end)
    mine, others = (evidence.segments, evidence.trial_segments)[:: -1 if trial else 1]
    foreign = {segment.run for segment in others(camera, reach)}
    runs = [run for run in runs if run.id not in foreign]
    segments = mine(camera, window)
    for run in runs:
        last = evidence.last_segment_of(run) if run.ended is None else None
        if last is not None and last not in segments:
            segments.append(last)  # how far an open run was written, though it lies after the window
    keys = [segment.key for segment in segments]
    return CameraLedger(
        camera=camera,
        runs=runs,
        segments=segments,
        copies=evidence.copies(keys),
        outages=outages,
        observations=evidence.observations(keys),
        recorders=recorders,
        disposed=evidence.disposed(keys),
        withheld=evidence.withheld(keys),
    )


def _phases(sitting: Sitting, now: datetime) -> tuple[PhaseReport, ...]:
    """W1, W2, W3, rounded to milliseconds. An exam that was opened and not closed lasts until now at least."""
    start, end = sitting.start, sitting.end
    if sitting.opened is not None and sitting.closed is None:
        end = max(end, now, start + _MILLISECOND)
    start, end = rounded_to_milliseconds(start), rounded_to_milliseconds(end)
    found = sitting.phases(start, end)
    before, after = rounded_to_milliseconds(found.begin), rounded_to_milliseconds(found.finish)
    return PhaseReport("W1", before, start), PhaseReport("W2", start, end), PhaseReport("W3", end, after)


def _waiting(sitting: Sitting, window: Interval, settled: datetime, now: datetime) -> Waiting | None:
    still_open = sitting.opened is not None and sitting.closed is None
    if still_open or now < window.end:
        return Waiting.NOT_ENDED
    return Waiting.NOT_SETTLED if settled < window.end else None


def _camera_facts(
    sitting: Sitting,
    ledgers: dict[str, CameraLedger],
    window: Interval,
    part: Interval | None,
    *,
    now: datetime,
    rules: RulePack,
) -> tuple[CameraFacts, ...]:
    found = []
    for room in sitting.rooms:
        for camera in room.cameras:
            ledger = ledgers[camera.id]
            facts = CameraFacts(camera, room.id, None, _holdings(ledger, window))
            found.append(facts if part is None else _with_coverage(facts, ledger, part, now, rules))
    return tuple(found)


def _with_coverage(
    facts: CameraFacts, ledger: CameraLedger, part: Interval, now: datetime, rules: RulePack
) -> CameraFacts:
    coverage, recorded = divided(ledger, part, now)
    return replace(
        facts,
        coverage=coverage,
        backup=camera_backup(coverage.covered, proven(ledger, part, now), _as_kept(ledger), rules.copies),
        recorded=recorded,
        sources=shown(recorded),
    )


def _looked_at(
    database: Database, facts: CameraFacts, ledgers: Mapping[str, CameraLedger], at: datetime, eye: Eye
) -> CameraFacts:
    """With what its pictures show, against the reference that was valid at an instant."""
    if facts.coverage is None:
        return facts
    seen = sight_of(database.looks, eye, facts, ledgers[facts.camera.id], at)
    view = camera_view(facts.camera.id, facts.coverage, seen.sight, compared=bool(seen.reference), owed=seen.owed)
    return replace(facts, view=view, reference=seen.reference)


def _as_kept(ledger: CameraLedger) -> Mapping[str, Sequence[Copy]]:
    """The copies by segment, those of what was disposed of as they stood until then: it was backed up."""
    if not ledger.disposed:
        return ledger.copies
    return {
        key: [replace(copy, removed=None) for copy in kept_copies(copies, ledger.disposed.get(key))]
        for key, copies in ledger.copies.items()
    }


def _holdings(ledger: CameraLedger, window: Interval) -> tuple[Holding, ...]:
    return tuple(
        Holding(
            segment,
            tuple(ledger.copies.get(segment.key, ())),
            ledger.observations.get(segment.key),
            ledger.disposed.get(segment.key),
            ledger.withheld.get(segment.key),
        )
        for segment in ledger.segments
        if segment.interval.overlaps(window)
    )


def _host_clocks(
    evidence: Evidence, ledgers: Mapping[str, CameraLedger], cameras: Iterable[CameraFacts], part: Interval
) -> tuple[HostClockFacts, ...]:
    """The clock of each host that recorded in ``part``, by the readings in it and shortly before and after."""
    lives = {each.id: each.host for ledger in ledgers.values() for each in ledger.recorders if each.reads_clock}
    recorded: dict[str, dict[str, IntervalSet]] = defaultdict(dict)
    steps: dict[str, set[datetime]] = defaultdict(set)
    for facts in cameras:
        for host, runs in _runs_by_host(ledgers[facts.camera.id], lives).items():
            spans = (Interval(run.started, end) for run in runs if (end := run.ended or part.end) > run.started)
            if covered := facts.recorded.get(host, IntervalSet()) & IntervalSet(spans):
                recorded[host][facts.camera.id] = covered
            steps[host].update(_steps(runs))
    # Processes that recorded nothing of this sitting heard their cameras all the same: same host, same clock.
    around = Interval(part.start - VOUCHED - TOGETHER, part.end + VOUCHED + TOGETHER)
    hosts = {each.id: each.host for each in evidence.recorders(around)} | lives
    readings = evidence.clock_readings(around)
    return host_clocks(
        [
            HostFootage(
                host,
                recorded[host],
                tuple(sorted(steps[host])),
                tuple(reading for reading in readings if hosts.get(reading.recorder) == host),
            )
            for host in sorted(recorded)
        ]
    )


def _runs_by_host(ledger: CameraLedger, hosts: Mapping[str, str]) -> dict[str, list[Run]]:
    """The camera's runs by the host whose lives they belong to, each host's by start; of unknown lives none."""
    found: dict[str, list[Run]] = defaultdict(list)
    for run in ledger.runs:
        if run.recorder in hosts:
            found[hosts[run.recorder]].append(run)
    return found


def _steps(runs: Iterable[Run]) -> Iterator[datetime]:
    """When the clock was stepped: where one run ended because of it, and where the next began."""
    for before, after in pairwise(runs):
        if before.end_reason is EndReason.CLOCK_STEP and before.ended is not None:
            yield from (before.ended, after.started)


def _station_facts(
    sitting: Sitting, cameras: Sequence[CameraFacts], part: Interval | None
) -> tuple[StationFacts, ...]:
    found = []
    for room in sitting.rooms:
        for station in room.stations:
            seeing = [facts for facts in cameras if station.id in facts.camera.sees]
            views = {facts.camera.id: facts.coverage for facts in seeing if facts.coverage is not None}
            coverage = station_coverage(views, part) if part is not None else None
            names = tuple(facts.camera.id for facts in seeing)
            found.append(_seen(StationFacts(station.id, room.id, names, coverage), seeing))
    return tuple(found)


def _seen(station: StationFacts, seeing: Sequence[CameraFacts]) -> StationFacts:
    """With how it was seen, where anybody looked."""
    views = {facts.camera.id: facts.view for facts in seeing if facts.view is not None}
    if station.coverage is None or not views:
        return station
    drawn = [
        facts.camera.id for facts in seeing if station.station in {each.station for each in facts.camera.regions}
    ]
    return replace(station, view=station_view(station.station, station.coverage, views, drawn))


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


def to_json(report: SittingReport | BatchReport) -> dict[str, Any]:
    """The report as plain values for ``json.dumps``."""
    if isinstance(report, BatchReport):
        return {
            "batch": report.batch,
            "site": report.site,
            "project": report.project,
            "rule_pack": report.rule_pack,
            "made": rfc3339(report.made),
            "verdict": report.verdict.value,
            "sittings": [to_json(sitting) for sitting in report.sittings],
        }
    return {
        "batch": report.batch,
        "sitting": report.sitting,
        "site": report.site,
        "project": report.project,
        "rule_pack": report.rule_pack,
        "made": rfc3339(report.made),
        "settled_until": rfc3339(report.settled_until),
        "opened": _instant(report.opened),
        "closed": _instant(report.closed),
        "window": {"start": rfc3339(report.window.start), "end": rfc3339(report.window.end)},
        "phases": [
            {"id": phase.id, "start": rfc3339(phase.start), "end": rfc3339(phase.end)} for phase in report.phases
        ],
        "verdict": report.verdict.value,
        "stations": [_station_json(station) for station in report.stations],
        "cameras": [_camera_json(camera) for camera in report.cameras],
        "clauses": [
            {"id": clause.id, "verdict": clause.verdict.value, "zh": clause.zh, "en": clause.en}
            for clause in report.clauses
        ],
        "nvrs": [{"nvr": event.nvr, **_event_json(event)} for event in report.nvrs],
        "backup": {
            "copies": report.backup.copies,
            "recorded_s": report.backup.recorded_ms / 1000,
            "backed_up_s": report.backup.backed_up_ms / 1000,
            "greatest_lag_s": _in_seconds(report.backup.greatest_lag_ms),
            "camera": report.backup.camera,
        },
        "host_clocks": [_host_clock_json(clock) for clock in report.host_clocks],
        "segments_root": report.segments_root,
        "copies": [_copy_json(each) for each in report.copies],
        "marks": [_mark_json(each) for each in report.marks],
        "expected": _expected_json(report.expected) if report.expected is not None else None,
        "plan_cover": _plan_cover_json(report.plan_cover),
        "save_cover": {
            "code": _code(report.save_cover.code),
            "rooms": [{"room": room, "code": _code(code)} for room, code in report.save_cover.rooms],
        },
    }


def _mark_json(mark: MarkReport) -> dict[str, Any]:
    return {
        "mark": mark.marked.mark.value,
        "at": rfc3339(mark.at),
        "written": rfc3339(mark.marked.written),
        "by": mark.marked.actor.name,
        "reason": mark.marked.reason,
        "earlier": mark.earlier,
        "after": [each.value for each in mark.after],
    }


def _expected_json(expected: ExpectedReport) -> dict[str, Any]:
    return {
        "sha256": expected.sha256,
        "frozen": _instant(expected.frozen),
        "intact": expected.intact,
        "changed": list(expected.changed),
        "scale": expected.scale,
        "places": [_place_json(each) for each in expected.places],
        "rooms": [
            {
                "room": room.room,
                "drawn": room.drawn,
                "level": room.level,
                "px_per_m": room.px_per_m,
                "needed_share": room.needed_share,
                "floor_share": room.floor_share,
                "blind_m2": room.blind_m2,
                "stations_not_drawn": list(room.stations_not_drawn),
                "cameras_not_drawn": list(room.cameras_not_drawn),
            }
            for room in expected.rooms
        ],
    }


def _place_json(report: PlaceReport) -> dict[str, Any]:
    place = report.place
    return {
        "target": place.target.value,
        "id": place.id,
        "room": place.room,
        "verdict": report.verdict.value,
        "level": place.level,
        "px_per_m": place.px_per_m,
        "phases": [phase.value for phase in place.phases],
        "basis": place.basis.value,
        "cameras": [_planned_view_json(view) for view in place.views],
        "lack": place.lack.value if place.lack is not None else None,
        "best": _planned_view_json(place.best) if place.best is not None else None,
        "times": [{"start": rfc3339(each.start), "end": rfc3339(each.end)} for each in place.times],
        "unseen": [_span_json(span) for span in report.unseen],
        "unverified": [_span_json(span) for span in report.unverified],
    }


def _planned_view_json(view: ExpectedView) -> dict[str, Any]:
    return {"camera": view.camera, "px_per_m": view.px_per_m, "share": view.share, "least_width": view.least_width}


def _plan_cover_json(plan: PlanCoverReport) -> dict[str, Any]:
    return {
        "code": _code(plan.code),
        "standing": plan.standing.value,
        "rooms": [{"room": room, "code": _code(code)} for room, code in plan.rooms],
        "signed": _instant(plan.signed),
        "signer": plan.signer,
        "reason": plan.reason,
        "digest": plan.digest,
    }


def _code(code: PlanCover | SaveCover | None) -> int | None:
    return None if code is None else int(code)


def _copy_json(copies: CopyReport) -> dict[str, Any]:
    return {
        "place": copies.place.value,
        "target": copies.target,
        "device": copies.device,
        "files": copies.files,
        "of": copies.of,
        "size_bytes": copies.size_bytes,
        "locked_until": _instant(copies.locked_until),
    }


def _station_json(station: StationReport) -> dict[str, Any]:
    return {
        "station": station.station,
        "room": station.room,
        "verdict": station.verdict.value,
        "covered_s": station.covered_ms / 1000,
        "gaps": [
            {
                **_gap_json(gap),
                "cameras": [{"camera": each.camera, "cause": each.cause.value} for each in gap.cameras],
            }
            for gap in station.gaps
        ],
        "unusable": [
            {
                **_span_json(each.interval),
                "cameras": [
                    {"camera": one.camera, "fault": one.fault.value if one.fault else None} for one in each.cameras
                ],
            }
            for each in station.unusable
        ],
        "unverified": [_span_json(span) for span in station.unverified],
        "compared": list(station.compared),
    }


def _camera_json(camera: CameraReport) -> dict[str, Any]:
    offset, drift = camera.clock_offset_s, camera.clock_drift
    return {
        "camera": camera.camera,
        "room": camera.room,
        "recorded_s": camera.recorded_ms / 1000,
        "frames": camera.frames,
        "lost_packets": camera.lost_packets,
        "delayed_s": round(camera.delayed_s, 3),
        "clock_offset_s": None if offset is None else round(offset, 3),
        "clock_drift_ppm": None if drift is None else round(drift.ppm, 1),
        "clock_drift_error_ppm": None if drift is None else round(drift.error_ppm, 1),
        "gaps": [
            {
                **_gap_json(gap),
                "recorders": [{"recorder": each.recorder, "cause": each.cause.value} for each in gap.recorders],
            }
            for gap in camera.gaps
        ],
        "backed_up_s": camera.backed_up_ms / 1000,
        "backup_lag_s": _in_seconds(camera.backup_lag_ms),
        "recorders": [
            {"recorder": each.recorder, "recorded_s": each.recorded_ms / 1000} for each in camera.recorders
        ],
        "sources": [
            {"start": rfc3339(each.interval.start), "end": rfc3339(each.interval.end), "recorder": each.recorder}
            for each in camera.sources
        ],
        "sizes": [{"width": width, "height": height} for width, height in camera.sizes],
        "frame_rate": None if camera.frame_rate is None else round(camera.frame_rate, 2),
        "faults": [
            {
                **_span_json(each.interval),
                "fault": each.fault.value,
                "measured": round(each.measured, 4),
                "limit": each.limit,
            }
            for each in camera.faults
        ],
        "unverified": [_span_json(span) for span in camera.unverified],
        "reference": camera.reference or None,
    }


def _in_seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _host_clock_json(clock: HostClockFacts) -> dict[str, Any]:
    return {
        "host": clock.host,
        "synchronised": ClockJudgement(clock.state).synchronised,
        "state": clock.state.value,
        "by": clock.by.value if clock.by is not None else None,
        "error_s": None if clock.error_s is None else round(clock.error_s, 3),
        "readings": clock.readings,
        "unproven_s": (clock.unproven.length // _MILLISECOND) / 1000,
        "in_doubt_s": (clock.in_doubt.length // _MILLISECOND) / 1000,
    }


def _event_json(event: NvrEvent) -> dict[str, Any]:
    return {**_gap_json(Gap(event.interval, event.cause)), "cameras": list(event.cameras)}


def _gap_json(gap: Gap) -> dict[str, Any]:
    return {**_span_json(gap.interval), "cause": gap.cause.value}


def _span_json(interval: Interval) -> dict[str, Any]:
    length_ms = (interval.end - interval.start) // _MILLISECOND
    return {"start": rfc3339(interval.start), "end": rfc3339(interval.end), "seconds": length_ms / 1000}


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
