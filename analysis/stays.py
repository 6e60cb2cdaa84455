"""One candidate's own time at a station: whether footage shows it, by the facts that the sitting's report rests on.

A *stay* is judged as if it were a sitting of its own with one station: by the same rules, the tolerances of the exam
held against its own length, and without what lies before the candidate came or after they left. Sentences name
equipment and time, never a candidate. Not here: who stayed where (``records.candidacies``), and what it means for a
certificate (``domain.gate``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from analysis.facts import PlaceFacts, SittingFacts, StationFacts
from analysis.judge import footage_of_stations
from analysis.views import Division, StationView
from analysis.wording import no_such_stay, waiting
from config.rule_pack import RulePack
from domain.evidence import Coverage, Gap
from domain.law import Finding, Verdict
from domain.plan import Target
from domain.timeline import Interval, IntervalSet

CLAUSE = "C10-1"
_NOTHING = IntervalSet()


@dataclass(frozen=True, slots=True)
class Seen:
    """What footage says of a stay. In ``lacks`` nothing usable shows the station, for sure or perhaps; ``begins`` is
    the first instant of the stay that is shown, None where none is. ``coverage`` is the stay's own, with its gaps;
    None where nothing can be told of it.
    """

    finding: Finding
    lacks: IntervalSet = _NOTHING
    begins: datetime | None = None
    coverage: Coverage | None = None


def seen_of(facts: SittingFacts, station: str, span: Interval, rules: RulePack) -> Seen:
    """A stay at ``station``. Pending while the evidence is not complete; unknown for a station that the sitting does
    not have, and for a span that its window does not hold.
    """
    if facts.waiting is not None:
        return Seen(Finding(CLAUSE, Verdict.PENDING, *waiting(facts)))
    stay = span.rounded()
    own = None if stay is None else _stay_facts(facts, station, stay)
    if own is None:
        return Seen(Finding(CLAUSE, Verdict.UNKNOWN, *no_such_stay(station, span)))
    lacks = IntervalSet(
        hole
        for each in (*(one.seen for one in own.stations), *(one.view for one in own.places))
        if each is not None
        for hole in each.view.at_worst | each.footage.at_worst
    )
    shown = next(iter(IntervalSet([own.window]) - lacks), None)
    coverage = own.stations[0].coverage
    return Seen(footage_of_stations(CLAUSE, own, rules), lacks, None if shown is None else shown.start, coverage)


def shows(facts: SittingFacts, camera: str, spans: IntervalSet) -> bool:
    """Whether a camera of the sitting has footage of all of these spans that is known to be usable."""
    found = next((each for each in facts.cameras if each.camera.id == camera), None)
    if found is None or found.coverage is None or not spans:
        return False
    return not spans - (found.coverage.covered if found.view is None else found.view.usable)


def _stay_facts(facts: SittingFacts, station: str, stay: Interval) -> SittingFacts | None:
    """The same facts with nothing in them but one station for that time; None where they do not hold it."""
    known = next((each for each in facts.stations if each.station == station), None)
    if known is None or known.coverage is None or IntervalSet([stay]) - IntervalSet([facts.window]):
        return None
    cameras = tuple(
        replace(each, holdings=tuple(one for one in each.holdings if one.segment.interval.overlaps(stay)))
        for each in facts.cameras
        if each.camera.id in known.cameras
    )
    clocks = (replace(host, in_doubt=host.in_doubt.clipped(stay)) for host in facts.host_clocks)
    places = (each for each in facts.places if each.place.target is Target.STATION and each.place.id == station)
    return replace(
        facts,
        window=stay,
        exam=stay,
        stations=(_station(known, known.coverage, stay),),
        cameras=cameras,
        host_clocks=tuple(clocks),
        places=tuple(_place(each, stay) for each in places),
    )


def _station(known: StationFacts, coverage: Coverage, stay: Interval) -> StationFacts:
    view = None if known.view is None else _view(known.view, stay)
    return replace(known, coverage=_coverage(coverage, stay), view=view)


def _place(place: PlaceFacts, stay: Interval) -> PlaceFacts:
    whole = IntervalSet([stay])
    return replace(
        place,
        required=whole,
        core=whole,
        coverage=None if place.coverage is None else _coverage(place.coverage, stay),
        view=None if place.view is None else _view(place.view, stay),
    )


def _coverage(coverage: Coverage, stay: Interval) -> Coverage:
    cut = ((gap, gap.interval.intersection(stay)) for gap in coverage.gaps)
    gaps = tuple(Gap(part, gap.cause, gap.cameras, gap.recorders) for gap, part in cut if part is not None)
    return Coverage(stay, coverage.covered.clipped(stay), gaps)


def _view(view: StationView, stay: Interval) -> StationView:
    obstructed = {camera: spans.clipped(stay) for camera, spans in (view.obstructed or {}).items()}
    return replace(
        view,
        footage=_division(view.footage, stay),
        view=_division(view.view, stay),
        obstructed=None if view.obstructed is None else obstructed,
    )


def _division(division: Division, stay: Interval) -> Division:
    parts = (division.good, division.doubtful, division.unusable, division.missing)
    return Division(stay, *(part.clipped(stay) for part in parts))
