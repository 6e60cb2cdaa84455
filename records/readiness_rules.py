"""What the facts of a check before a sitting mean: one finding for each thing that is checked, and a code a room.

Pure: facts in, findings out. A room without cameras has no recording plan (-1); where a camera or a station of it was
not covered by a trial that counts, it is not fully covered (-2); else it is covered (1). What nobody looked at is
unknown or open, and never go; what nobody can look at here, since no reference, region or plan was made, is said so
and does not keep a sitting from beginning, as in the report. Not here: gathering the facts (``records.readiness``)
and words (``records.readiness_words``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.facts import CameraFacts, SittingFacts, StationFacts
from analysis.floorplan.survey import Place, Survey
from analysis.judge import frame_rate, within_tolerance
from config.rule_pack import RulePack
from domain.host_clock import ClockState
from domain.law import Verdict
from domain.pictures import Fault
from domain.places import Room, Sitting
from domain.plan import Target
from domain.readiness import CONFIRMED, Check, Confirmation, Item, PlanCover, Readiness, RoomReadiness, Trial
from domain.timeline import IntervalSet
from records import readiness_words as words
from records.headroom import Headroom
from records.readiness_words import Said

_OPEN = frozenset({Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING})
_COVERING = frozenset({Item.PLAN, Item.TRIAL, Item.STATION})
"""What the code of a room rests on; everything else is told beside it."""


@dataclass(frozen=True, slots=True)
class StoreFact:
    """One object store as it was just tried. ``locks``: whether it keeps what it locks, None where nobody could try;
    ``detail`` says how, or why not.
    """

    name: str
    reached: bool
    locks: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class ReadinessFacts:
    """All that a check rests on. ``footage`` is what the trial shows, None where no trial counts; ``surveys`` is what
    each room's floor plan says, of those that have one; ``devices`` is on how many separate devices copies can be
    made now.
    """

    sitting: Sitting
    site_sha256: str
    now: datetime
    good_for: timedelta
    recorder_runs: bool
    trial: Trial | None
    footage: SittingFacts | None
    surveys: Mapping[str, Survey]
    headrooms: Sequence[Headroom]
    stores: Sequence[StoreFact]
    devices: int
    confirmations: Mapping[tuple[str, Item], Confirmation]


def judged(facts: ReadinessFacts, rules: RulePack) -> Readiness:
    """The check of a sitting by its facts."""
    trial = facts.trial
    return Readiness(
        batch=facts.sitting.batch.id,
        sitting=facts.sitting.plan.number,
        site=facts.sitting.site.id,
        site_sha256=facts.site_sha256,
        made=facts.now,
        trial=None if trial is None else (trial.number, trial.interval),
        rooms=tuple(_room(room, facts, rules) for room in facts.sitting.rooms),
        checks=tuple(_whole(facts, rules)),
    )


def doubt_of(
    trial: Trial | None, site_sha256: str, now: datetime, good_for: timedelta
) -> tuple[Verdict, Said] | None:
    """Why a trial does not count, None where it does: there is none, another set-up was tried, it is too old, or it
    lasts.
    """
    if trial is None:
        return Verdict.UNKNOWN, words.no_trial()
    if trial.site_sha256 != site_sha256:
        return Verdict.UNKNOWN, words.trial_of_other_setup()
    if now - trial.interval.end > good_for:
        return Verdict.UNKNOWN, words.trial_too_old(trial.interval.end)
    if now < trial.interval.end:
        return Verdict.PENDING, words.trial_lasts(trial.interval.end)
    return None


# --- A room ---------------------------------------------------------------------------------------------------------


def _room(room: Room, facts: ReadinessFacts, rules: RulePack) -> RoomReadiness:
    checks = [_check(Item.PLAN, *_plan(room), room=room.id)]
    if room.cameras:
        checks += _tried(room, facts, rules)
    checks += _no_filming(room, facts)
    checks += _confirmed(room, facts)
    return RoomReadiness(room.id, _code(room, checks, facts), tuple(checks))


def _code(room: Room, checks: Sequence[Check], facts: ReadinessFacts) -> PlanCover:
    if not room.cameras:
        return PlanCover.NOT_SET
    short = any(check.item in _COVERING and check.verdict in _OPEN for check in checks)
    return PlanCover.NOT_COVERED if short or not facts.recorder_runs else PlanCover.COVERED


def _plan(room: Room) -> tuple[Verdict, Said]:
    if not room.cameras:
        return Verdict.FAIL, words.no_cameras(room.id)
    seen = {station for camera in room.cameras for station in camera.sees}
    unseen = [station.id for station in room.stations if station.id not in seen]
    if unseen:
        return Verdict.FAIL, words.unseen_stations(unseen)
    return Verdict.PASS, words.planned(len(room.cameras), len(room.stations))


def _tried(room: Room, facts: ReadinessFacts, rules: RulePack) -> Iterator[Check]:
    """What the trial shows of a room; one finding for all of it where the trial does not count."""
    doubt = doubt_of(facts.trial, facts.site_sha256, facts.now, facts.good_for)
    if doubt is None and (facts.footage is None or facts.footage.waiting is not None):
        doubt = Verdict.PENDING, words.trial_not_opened()
    if doubt is not None or facts.footage is None:
        yield _check(Item.TRIAL, *(doubt or (Verdict.UNKNOWN, words.no_trial())), room=room.id)
        yield from _densities(room, facts, {})
        return
    cameras = [each for each in facts.footage.cameras if each.room == room.id]
    for camera in cameras:
        yield from _camera(camera, room.id, facts.footage, rules)
    for station in facts.footage.stations:
        if station.room == room.id and station.cameras:
            verdict, said = _station(station, facts.footage, rules)
            yield _check(Item.STATION, verdict, said, room=room.id, subject=station.station)
    sizes = {each.camera.id: _size(each) for each in cameras if each.holdings}
    yield from _densities(room, facts, sizes)


def _camera(camera: CameraFacts, room: str, footage: SittingFacts, rules: RulePack) -> Iterator[Check]:
    name = camera.camera.id
    yield _check(Item.TRIAL, *_delivered(camera, footage, rules), room=room, subject=name)
    if not camera.holdings:
        return
    yield _check(Item.PICTURE, *_picture(camera, rules), room=room, subject=name)
    yield _check(Item.REFERENCE, *_compared(camera, rules), room=room, subject=name)
    yield _check(Item.CAMERA_CLOCK, *_clock(camera, rules), room=room, subject=name)


def _delivered(camera: CameraFacts, footage: SittingFacts, rules: RulePack) -> tuple[Verdict, Said]:
    """Every second of the trial, within the tolerance of an exam: recorded, kept, opened and decoded."""
    name, window = camera.camera.id, footage.window
    if camera.coverage is None:
        return Verdict.PENDING, words.trial_not_opened()
    holes = IntervalSet(gap.interval for gap in camera.coverage.gaps)
    if not holes:
        return Verdict.PASS, words.delivered(name, window.seconds)
    cause = min((gap.cause for gap in camera.coverage.gaps), key=lambda each: each.rank)
    if within_tolerance(holes, window, rules):
        return Verdict.WARN, words.short_gaps(name, holes.seconds, cause)
    return Verdict.FAIL, words.gaps(name, holes.seconds, window.seconds, cause)


def _picture(camera: CameraFacts, rules: RulePack) -> tuple[Verdict, Said]:
    name, (width, height) = camera.camera.id, _size(camera)
    if width < rules.min_width or height < rules.min_height:
        return Verdict.FAIL, words.too_small(name, width, height, (rules.min_width, rules.min_height))
    rate = frame_rate(camera.holdings) or 0.0
    if round(rate) < rules.min_fps:
        return Verdict.FAIL, words.too_slow(name, rate, rules.min_fps)
    return Verdict.PASS, words.size_and_rate(name, width, height, rate)


def _size(camera: CameraFacts) -> tuple[int, int]:
    """The smallest picture of the trial."""
    return min((each.segment.width, each.segment.height) for each in camera.holdings)


def _compared(camera: CameraFacts, rules: RulePack) -> tuple[Verdict, Said]:
    """Faults first, since some are seen without a reference; a moved camera fails however short."""
    name, view = camera.camera.id, camera.view
    if view is None:
        return Verdict.UNKNOWN, words.not_looked_at(name)
    spans = list(view.fault_spans(view.recorded))
    faults = sorted({span.fault for span in spans}, key=list(Fault).index)
    if faults:
        lasting = IntervalSet(span.interval for span in spans).seconds
        if Fault.MOVED in faults or lasting > rules.longest_gap_s:
            return Verdict.FAIL, words.faulty(name, faults)
        return Verdict.WARN, words.briefly_faulty(name, faults, lasting)
    if not view.compared:
        return Verdict.WARN, words.no_reference(name)
    if view.doubtful.seconds > rules.longest_gap_s or not view.usable:
        return Verdict.UNKNOWN, words.not_compared(name)
    return Verdict.PASS, words.like_reference(name)


def _clock(camera: CameraFacts, rules: RulePack) -> tuple[Verdict, Said]:
    name, offset_s = camera.camera.id, camera.clock_offset_s
    if offset_s is None:
        return Verdict.WARN, words.clock_silent(name)
    if abs(offset_s) > rules.clock_fail_s:
        return Verdict.FAIL, words.clock_off(name, offset_s, rules.clock_fail_s)
    if abs(offset_s) > rules.clock_warn_s:
        return Verdict.WARN, words.clock_off(name, offset_s, rules.clock_warn_s)
    return Verdict.PASS, words.clock_right(name, offset_s)


def _station(station: StationFacts, footage: SittingFacts, rules: RulePack) -> tuple[Verdict, Said]:
    """By pictures where some camera has a region of it and a reference; else by the register, and said so."""
    name, seen = station.station, station.seen
    if seen is None:
        return Verdict.PENDING, words.trial_not_opened()
    holes = seen.footage.missing
    if not within_tolerance(holes, footage.window, rules) or seen.footage.unusable.seconds > rules.longest_gap_s:
        return Verdict.FAIL, words.not_covered(name)
    if not seen.compared:
        return Verdict.PASS, words.by_register(name, station.cameras)
    if seen.view.bad.seconds > rules.longest_gap_s:
        return Verdict.FAIL, words.not_in_view(name, seen.compared)
    if seen.view.at_worst.seconds > rules.longest_gap_s or not seen.view.good:
        return Verdict.UNKNOWN, words.view_unknown(name)
    return Verdict.PASS, words.in_view(name, seen.compared)


def _densities(room: Room, facts: ReadinessFacts, sizes: Mapping[str, tuple[int, int]]) -> Iterator[Check]:
    """By the floor plan, where there is one, as far as it was drawn with the pictures that the cameras send."""
    if room.plan is None:
        yield _check(Item.DENSITY, Verdict.NOT_APPLICABLE, words.no_plan(room.id), room=room.id)
        return
    for each in room.plan.mountings:
        seen, drawn = sizes.get(each.camera), (each.width, each.height)
        if seen is not None and seen != drawn:
            said = words.other_size_than_planned(each.camera, drawn, seen)
            yield _check(Item.DENSITY, Verdict.UNKNOWN, said, room=room.id, subject=each.camera)
    found = facts.surveys[room.id].places
    places = {each.volume.id: each for each in found if each.volume.target is Target.STATION}
    for station in room.stations:
        verdict, said = _density(station.id, places.get(station.id))
        yield _check(Item.DENSITY, verdict, said, room=room.id, subject=station.id)


def _density(station: str, place: Place | None) -> tuple[Verdict, Said]:
    if place is None:
        return Verdict.WARN, words.not_drawn(station)
    best, needs = place.best, place.needs
    if place.shortfall is not None or best is None or best.px_per_m is None:
        px_per_m = best.px_per_m if best is not None else None
        return Verdict.FAIL, words.too_sparse(station, px_per_m, needs.zh, needs.id, needs.px_per_m)
    return Verdict.PASS, words.dense_enough(station, best.px_per_m, needs.zh, needs.id, best.camera)


def _no_filming(room: Room, facts: ReadinessFacts) -> Iterator[Check]:
    """By geometry: a camera that masks the area itself shows it here all the same, and who signs says so."""
    if room.plan is None or not room.plan.no_filming:
        yield _check(Item.NO_FILMING, Verdict.NOT_APPLICABLE, words.no_forbidden_area(room.id), room=room.id)
        return
    shown = facts.surveys[room.id].trespasses
    for each in shown:
        said = words.films_what_it_must_not(each.camera, each.area + 1, each.share)
        yield _check(Item.NO_FILMING, Verdict.FAIL, said, room=room.id, subject=each.camera)
    if not shown:
        said = words.films_no_forbidden_area(len(room.plan.no_filming))
        yield _check(Item.NO_FILMING, Verdict.PASS, said, room=room.id)


def _confirmed(room: Room, facts: ReadinessFacts) -> Iterator[Check]:
    for item in CONFIRMED:
        said_last = facts.confirmations.get((room.id, item))
        what = (item.zh, item.en)
        if said_last is None or facts.now - said_last.at > facts.good_for:
            verdict, said = Verdict.UNKNOWN, words.not_confirmed(what, room.id)
        elif said_last.refutes:
            verdict, said = Verdict.FAIL, words.refuted(what, room.id, said_last.lacking, said_last.note)
        elif not said_last.stands:
            verdict, said = Verdict.UNKNOWN, words.not_confirmed(what, room.id)
        elif not said_last.applies:
            verdict, said = Verdict.NOT_APPLICABLE, words.not_needed(what, room.id, said_last.note)
        else:
            verdict, said = Verdict.PASS, words.confirmed(what, room.id, said_last.actor.name, said_last.at)
        yield _check(item, verdict, said, room=room.id)


# --- The whole sitting ----------------------------------------------------------------------------------------------


def _whole(facts: ReadinessFacts, rules: RulePack) -> Iterator[Check]:
    if facts.recorder_runs:
        yield _check(Item.PLAN, Verdict.PASS, words.recorder_runs())
    else:
        yield _check(Item.PLAN, Verdict.FAIL, words.no_recorder())
    yield from _host_clocks(facts)
    yield from _disks(facts.headrooms)
    yield from _stores(facts.stores)
    enough = facts.devices >= rules.copies
    said = (words.copies_possible if enough else words.too_few_devices)(facts.devices, rules.copies)
    yield _check(Item.SECOND_COPY, Verdict.PASS if enough else Verdict.FAIL, said)


def _host_clocks(facts: ReadinessFacts) -> Iterator[Check]:
    """Of the hosts that recorded the trial, over it. Without a trial that counts nothing is known of them."""
    counts = doubt_of(facts.trial, facts.site_sha256, facts.now, facts.good_for) is None
    hosts = facts.footage.host_clocks if facts.footage is not None and counts else ()
    if not hosts:
        yield _check(Item.HOST_CLOCK, Verdict.UNKNOWN, words.host_clock_not_read())
    for host in hosts:
        if host.unproven or host.by is None or host.state is not ClockState.SYNCHRONISED:
            verdict = Verdict.FAIL if host.state is ClockState.OFF else Verdict.UNKNOWN
            yield _check(Item.HOST_CLOCK, verdict, words.host_clock_unproven(host.host), subject=host.host)
        else:
            said = words.host_clock_proven(host.host, host.by.value)
            yield _check(Item.HOST_CLOCK, Verdict.PASS, said, subject=host.host)


def _disks(rooms: Sequence[Headroom]) -> Iterator[Check]:
    if not rooms:
        yield _check(Item.DISK, Verdict.UNKNOWN, words.no_disk())
    for each in rooms:
        where = str(each.folder)
        needed, usable = each.needed_bytes / 1e9, (each.free_bytes + each.evictable_bytes) / 1e9
        if each.short_bytes:
            verdict, said = Verdict.FAIL, words.room_missing(where, each.short_bytes / 1e9, each.full)
        elif each.unmeasured:
            verdict, said = Verdict.WARN, words.room_by_expectation(where, needed, usable, each.unmeasured)
        else:
            verdict, said = Verdict.PASS, words.room_enough(where, needed, usable)
        yield _check(Item.DISK, verdict, said, subject=where)


def _stores(stores: Sequence[StoreFact]) -> Iterator[Check]:
    if not stores:
        yield _check(Item.STORE, Verdict.FAIL, words.no_store())
    for each in stores:
        if not each.reached:
            verdict, said = Verdict.FAIL, words.store_away(each.name, each.detail)
        elif each.locks is None:
            verdict, said = Verdict.UNKNOWN, words.store_away(each.name, each.detail)
        elif each.locks:
            verdict, said = Verdict.PASS, words.locks_hold(each.name, each.detail)
        else:
            verdict, said = Verdict.FAIL, words.locks_fail(each.name, each.detail)
        yield _check(Item.STORE, verdict, said, subject=each.name)


def _check(item: Item, verdict: Verdict, said: Said, *, room: str = "", subject: str = "") -> Check:
    return Check(item, verdict, said.zh, said.en, said.do_zh, said.do_en, room, subject)
