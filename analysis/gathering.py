"""What the report of a sitting is judged by, gathered from the database: footage, gaps, pictures, clocks, places.

Not here: the judging (``analysis.judge``) and how it is laid out (``analysis.report``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from analysis.backup import camera_backup
from analysis.clocks import VOUCHED, HostClockFacts, HostFootage, host_clocks
from analysis.coverage import CameraLedger, divided, kept_copies, proven, settled_until, shown, station_coverage
from analysis.expected import changed_since, expectation_of, place_facts
from analysis.eye import EYE, Eye
from analysis.facts import CameraFacts, Holding, PhaseSpan, SittingFacts, StationFacts, Waiting
from analysis.ledgers import camera_ledger
from analysis.sights import sight_of
from analysis.views import camera_view, station_view
from config.rule_pack import RulePack
from domain.calendar import local_day, retained_until
from domain.evidence import Copy, EndReason, Run
from domain.expected import Expectation, FrozenExpectation, Phase
from domain.host_clock import TOGETHER
from domain.pictures import Region
from domain.places import Sitting, last_exam_day
from domain.plan import RoomPlan
from domain.timeline import Interval, IntervalSet, rounded_to_milliseconds
from storage.database import Database, Evidence

_MILLISECOND = timedelta(milliseconds=1)


def sitting_facts(
    database: Database, sitting: Sitting, rules: RulePack, now: datetime, *, eye: Eye | None = EYE
) -> SittingFacts:
    """What the report of a sitting is judged by. Raises DatabaseUnavailable."""
    last = last_exam_day(database.setup.sittings(sitting.batch.id))
    frozen = database.setup.expectation(sitting.batch.id, sitting.plan.number)
    return gathered(database, sitting, last, rules, now, eye=eye, frozen=frozen)


def trial_facts(
    database: Database, sitting: Sitting, trial: Interval, rules: RulePack, now: datetime, *, eye: Eye | None = EYE
) -> SittingFacts:
    """What a trial 试录 shows of a sitting's rooms, as the sitting's set-up has them: only what was recorded for
    trials, held to the same rules as an exam. Raises DatabaseUnavailable.
    """
    plan = replace(sitting.plan, planned_start=trial.start, planned_end=trial.end, lead=timedelta(), tail=timedelta())
    tried = replace(sitting, plan=plan, opened=None, actual_start=None, actual_end=None, closed=None)
    return gathered(database, tried, local_day(trial.end), rules, now, eye=eye, trial=True)


def gathered(
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
    phases = phases_of(sitting, now)
    window = Interval(phases[0].start, phases[-1].end)
    ledgers = {camera.id: camera_ledger(evidence, camera.id, window, trial=trial) for camera in sitting.cameras()}
    horizon = min((now, window.end, *(settled_until(ledger, now) for ledger in ledgers.values())))
    settled = max(window.start, rounded_to_milliseconds(horizon))
    part = Interval(window.start, settled) if settled > window.start else None
    cameras = _camera_facts(sitting, ledgers, window, part, now=now, rules=rules)
    if eye is not None:
        at = window.start if trial else sitting.opened or now
        plans = {room.id: room.plan for room in sitting.rooms}
        cameras = tuple(
            _looked_at(database, facts, ledgers[facts.camera.id], at, eye, plan=plans[facts.room])
            for facts in cameras
        )
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


def _lasting(phases: Iterable[PhaseSpan]) -> dict[Phase, Interval]:
    """The phases that take any time."""
    return {Phase(phase.id): Interval(phase.start, phase.end) for phase in phases if phase.end > phase.start}


def phases_of(sitting: Sitting, now: datetime) -> tuple[PhaseSpan, ...]:
    """W1, W2, W3, rounded to milliseconds. An exam that was opened and not closed lasts until now at least."""
    start, end = sitting.start, sitting.end
    if sitting.opened is not None and sitting.closed is None:
        end = max(end, now, start + _MILLISECOND)
    start, end = rounded_to_milliseconds(start), rounded_to_milliseconds(end)
    found = sitting.phases(start, end)
    before, after = rounded_to_milliseconds(found.begin), rounded_to_milliseconds(found.finish)
    return PhaseSpan("W1", before, start), PhaseSpan("W2", start, end), PhaseSpan("W3", end, after)


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
    database: Database, facts: CameraFacts, ledger: CameraLedger, at: datetime, eye: Eye, *, plan: RoomPlan | None
) -> CameraFacts:
    """With what its pictures show, against the reference that was valid at an instant."""
    if facts.coverage is None:
        return facts
    drawn = _worktops(plan, facts.camera.id, facts.camera.regions) if plan is not None else {}
    seen = sight_of(database.looks, eye, facts, ledger, at, worktops=drawn)
    view = camera_view(facts.camera.id, facts.coverage, seen.sight, compared=bool(seen.reference), owed=seen.owed)
    return replace(facts, view=view, reference=seen.reference)


@lru_cache(maxsize=256)  # the cameras of some sittings; one of a large hall takes a tenth of a second
def _worktops(plan: RoomPlan, camera: str, regions: tuple[Region, ...]) -> Mapping[str, int]:
    from analysis.floorplan.worktops import worktops  # noqa: PLC0415 (16 MB that a recorder never needs)

    return worktops(plan, camera, regions)


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
