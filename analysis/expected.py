"""What must be seen of a sitting 应见清单, made of its rooms and a rule pack, and a place of it as it was seen.

Pure. By the plan of a room, a place is to be seen by each camera that shows enough of it at its level; a station only
by those that are registered for it besides, since a plan and a site that contradict each other prove nothing. Where
nothing was drawn the register is all there is, and says nothing of how large things are. A room as a whole is to be
seen by its panoramic cameras, drawn or not; how large things are in it is said by its floor. Not here: when it is
made and frozen (``records.conduct``), the words (``analysis.wording``), the verdict (``analysis.judge``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from analysis.coverage import station_coverage
from analysis.facts import CameraFacts, Holding, PlaceFacts, StationFacts
from analysis.views import CameraView, camera_view, station_view
from config.rule_pack import Density, Level, RulePack, fingerprint
from domain.expected import (
    Basis,
    Expectation,
    ExpectedPlace,
    ExpectedRoom,
    ExpectedView,
    FrozenExpectation,
    Lack,
    Phase,
)
from domain.places import Room, Sitting
from domain.plan import RoomPlan, Target
from domain.timeline import Interval, IntervalSet

if TYPE_CHECKING:
    from analysis.floorplan.survey import Place, PlaceView, Survey

VERSION = 1
"""Raised when the same plan and rules give another answer."""


def expectation(
    rooms: Iterable[Room], rules: RulePack, times: Mapping[str, Sequence[Interval]] | None = None
) -> Expectation:
    """What must be seen of these rooms. ``times`` are the own times of stations used by one candidate after another.

    Raises ``analysis.floorplan.errors.PlanRefused`` for a plan that contradicts itself.
    """
    places: list[ExpectedPlace] = []
    floors: list[ExpectedRoom] = []
    for room in rooms:
        seen = surveyed(room.plan, rules.density) if room.plan is not None else None
        places += _places(room, seen, rules, times or {})
        floors.append(_floor(room, seen, rules.density))
    return Expectation(rules.id, fingerprint(rules), rules.density.scale, VERSION, tuple(places), tuple(floors))


def expectation_of(sitting: Sitting, rules: RulePack) -> Expectation:
    """What must be seen of a sitting, with the own times of stations in its plan. Raises PlanRefused."""
    times: dict[str, list[Interval]] = {}
    for each in sitting.plan.stations:
        times.setdefault(each.station, []).append(each.interval)
    return expectation(sitting.rooms, rules, times)


@lru_cache(maxsize=16)  # one for each room of a few sites; a large hall takes most of a second
def surveyed(plan: RoomPlan, density: Density) -> Survey:
    """What the cameras of a plan see, computed once in the life of a process. Raises PlanRefused."""
    from analysis.floorplan.survey import survey  # noqa: PLC0415 (16 MB that a recorder never needs)

    return survey(plan, density)


def changed_since(frozen: FrozenExpectation, rules: RulePack) -> tuple[str, ...]:
    """What is no longer as it was when the sitting opened: ``rules``, ``geometry``."""
    then = frozen.expectation
    found = {"rules": then.rules_sha256 != fingerprint(rules), "geometry": then.version != VERSION}
    return tuple(name for name, changed in found.items() if changed)


# What is expected


def _places(
    room: Room, seen: Survey | None, rules: RulePack, times: Mapping[str, Sequence[Interval]]
) -> Iterator[ExpectedPlace]:
    """Stations in the order of the room, doors and desks in that of its plan, last the room as a whole."""
    drawn = {(place.volume.target, place.volume.id): place for place in (seen.places if seen is not None else ())}
    for station in room.stations:
        registered = [camera.id for camera in room.cameras if station.id in camera.sees]
        place = drawn.get((Target.STATION, station.id))
        made = _by_register(Target.STATION, station.id, room, registered, rules)
        if place is not None and seen is not None:
            made = _by_plan(made, place, seen, registered)
        yield replace(made, times=tuple(sorted(times.get(station.id, ()))))
    for (target, name), place in drawn.items():
        if target is not Target.STATION and seen is not None:
            yield _by_plan(_by_register(target, name, room, (), rules), place, seen, None)
    panoramic = [camera.id for camera in room.cameras if camera.panoramic]
    whole = _by_register(Target.ROOM, room.id, room, panoramic, rules)
    yield whole if seen is None else replace(whole, basis=Basis.PLAN)


def _by_register(target: Target, name: str, room: Room, cameras: Sequence[str], rules: RulePack) -> ExpectedPlace:
    level = rules.density.needs[target]
    return ExpectedPlace(
        target=target,
        id=name,
        room=room.id,
        level=level.id,
        level_zh=level.zh,
        px_per_m=level.px_per_m,
        phases=tuple(Phase(each) for each in rules.phases.places[target]),
        basis=Basis.REGISTER,
        views=tuple(ExpectedView(camera) for camera in cameras),
        lack=None if cameras else Lack.NO_CAMERA,
    )


def _by_plan(made: ExpectedPlace, place: Place, seen: Survey, registered: Sequence[str] | None) -> ExpectedPlace:
    """``registered`` are the cameras that the site says see it, None where it is asked of none."""
    widths = {mounting.camera: mounting.width for mounting in seen.plan.mountings}
    reach = [
        view
        for view in place.views
        if view.share >= seen.density.seen_share and (view.px_per_m or 0.0) >= place.needs.px_per_m
    ]
    counted = [view for view in reach if registered is None or view.camera in registered]
    lack = None if counted else (Lack.NOT_REGISTERED if reach else _lack(place))
    best = None if counted else (reach[0] if reach else place.best)
    return replace(
        made,
        basis=Basis.PLAN,
        views=tuple(_view(view, place.needs, widths[view.camera]) for view in counted),
        lack=lack,
        best=_view(best, place.needs, widths[best.camera]) if best is not None else None,
    )


def _lack(place: Place) -> Lack:
    return Lack(place.shortfall.value) if place.shortfall is not None else Lack.NO_CAMERA


def _view(view: PlaceView, needs: Level, width: int) -> ExpectedView:
    """Figures are rounded down, never up to a level; the least width is rounded up."""
    density = view.px_per_m
    least = math.ceil(width * needs.px_per_m / density - 1e-9) if density else None
    return ExpectedView(
        view.camera, None if density is None else _down(density, 10), _down(view.share, 10_000), least
    )


def _floor(room: Room, seen: Survey | None, density: Density) -> ExpectedRoom:
    level = density.needs[Target.ROOM]
    made = ExpectedRoom(room.id, level.id, level.zh, level.px_per_m, density.floor_share)
    if seen is None:
        return replace(made, stations_not_drawn=tuple(station.id for station in room.stations))
    drawn = {place.volume.id for place in seen.places if place.volume.target is Target.STATION}
    hung = {mounting.camera for mounting in seen.plan.mountings}
    return replace(
        made,
        floor_share=_down(seen.floor_share, 10_000),
        blind_m2=round(max((floor.blind_m2 for floor in seen.floors), default=0.0), 2),
        stations_not_drawn=tuple(station.id for station in room.stations if station.id not in drawn),
        cameras_not_drawn=tuple(camera.id for camera in room.cameras if camera.id not in hung),
        widths=tuple((mounting.camera, mounting.width) for mounting in seen.plan.mountings),
    )


def _down(value: float, parts: int) -> float:
    return math.floor(value * parts + 1e-9) / parts


# What was seen of it


def place_facts(
    expected: Expectation,
    cameras: Sequence[CameraFacts],
    stations: Sequence[StationFacts],
    phases: Mapping[Phase, Interval],
    part: Interval | None,
    *,
    times: Mapping[str, Sequence[Interval]] | None = None,
) -> tuple[PlaceFacts, ...]:
    """Each place with how it was seen in ``part``, the settled part of the window, None while there is none.

    ``phases`` are those that last at all; ``times`` are the real own times of stations, where they are known, in
    place of the planned ones.
    """
    by_id = {facts.camera.id: facts for facts in cameras}
    known = {station.station: station for station in stations}
    made = []
    for place in expected.places:
        station = known.get(place.id) if place.target is Target.STATION else None
        own = (times or {}).get(place.id, place.times) if place.target is Target.STATION else ()
        facts = PlaceFacts(
            place,
            required=IntervalSet(phases[phase] for phase in place.phases if phase in phases),
            core=core(place, phases.get(Phase.EXAM), own),
        )
        made.append(facts if part is None else _seen(facts, station, by_id, part))
    return tuple(made)


def core(place: ExpectedPlace, exam: Interval | None, own: Sequence[Interval]) -> IntervalSet:
    """When a place must not be lost: the exam, of a station its own times. Own times that do not lie within the exam
    as it really was did not hold; then it is the whole exam, as nobody knows when somebody sat there.
    """
    if exam is None or Phase.EXAM not in place.phases:
        return IntervalSet()
    mine = IntervalSet(short for each in own if (short := each.rounded()) is not None)
    if mine and not mine - IntervalSet([exam]):
        return mine
    return IntervalSet([exam])


def _seen(
    facts: PlaceFacts, station: StationFacts | None, cameras: Mapping[str, CameraFacts], part: Interval
) -> PlaceFacts:
    """By the cameras that are expected to see it, and by no others."""
    place = facts.place
    seeing = [cameras[view.camera] for view in place.views if view.camera in cameras]
    least = {view.camera: view.least_width for view in place.views}
    small = {each.camera.id: _too_small(each.holdings, least[each.camera.id]) for each in seeing}
    same = station is not None and set(place.cameras) == set(station.cameras) and not any(small.values())
    if station is not None and same and station.seen is not None:
        return replace(facts, coverage=station.coverage, view=station.seen)
    coverages = {each.camera.id: each.coverage for each in seeing if each.coverage is not None}
    coverage = station_coverage(coverages, part)
    views = {
        each.camera.id: _without(_view_of(each), small[each.camera.id])
        for each in seeing
        if each.coverage is not None
    }
    drawn = [each.camera.id for each in seeing if place.id in {region.station for region in each.camera.regions}]
    regions = drawn if place.target is Target.STATION else []
    return replace(facts, coverage=coverage, view=station_view(place.id, coverage, views, regions))


def _view_of(facts: CameraFacts) -> CameraView:
    """Of a camera whose pictures nobody looked at, all that is recorded counts."""
    if facts.view is not None:
        return facts.view
    if facts.coverage is None:
        raise ValueError(f"nothing of camera {facts.camera.id} is settled: it has no view yet")
    return camera_view(facts.camera.id, facts.coverage, None, compared=False)


def _too_small(holdings: Iterable[Holding], least_width: int | None) -> IntervalSet:
    """Footage whose pictures have fewer pixels across than the level takes, where that is known."""
    if least_width is None:
        return IntervalSet()
    spans = (each.segment.interval.rounded() for each in holdings if each.segment.width < least_width)
    return IntervalSet(span for span in spans if span is not None)


def _without(view: CameraView, small: IntervalSet) -> CameraView:
    """What is too small shows nothing at the level, whatever it shows."""
    cut = small & view.recorded
    return replace(view, unusable=view.unusable | cut, doubtful=view.doubtful - cut) if cut else view
