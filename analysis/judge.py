"""What the evidence of a sitting means under clause 六(二): verdicts C6.2-2 to C6.2-5.

Pure: facts and a rule pack in, findings out. Not here: how coverage is computed (``analysis.coverage``), what must be
seen (``analysis.expected``), where the facts are read (``analysis.gathering``), how a finding is said
(``analysis.wording``), how verdicts fold (``domain.law``). Nothing is claimed that was not checked: the floor plan is
checked of rooms that were drawn, picture content where a camera has a reference and a region of the station, and
C6.2-4 says what was not.

What may or may not be so (``analysis.views``, doubtful time) is judged by its bounds: it fails where it fails at
best, is unknown where it would fail at worst, and warns where it is within the tolerance even then. It never passes.
So more usable footage never makes a verdict worse, and no pass rests on what nobody knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from analysis import wording
from analysis.backup import devices
from analysis.clocks import HostClockFacts
from analysis.facts import CameraFacts, Holding, PlaceFacts, SittingFacts, StationFacts
from analysis.nvrs import nvr_events
from analysis.views import CameraView, Division
from analysis.wording import Remark
from config.rule_pack import RulePack
from domain.evidence import Cause, Coverage, Observation, Place, SegmentState
from domain.expected import Basis, ExpectedPlace, Phase
from domain.host_clock import Witness
from domain.law import Finding, Verdict, fold
from domain.pictures import Fault, View
from domain.places import Room
from domain.plan import Target
from domain.timeline import Interval, IntervalSet

NEAR_S = 2.0
"""Gaps whose starts and whose ends lie within so many seconds of each other are told together."""

_Cut = tuple[Interval, Cause | tuple[Fault, ...], tuple[str, ...]]
"""A span without usable footage, why, and the cameras that recorded all the same."""


@dataclass(frozen=True, slots=True)
class _Missing:
    """One span of a station without usable footage, and what all of them make of the clause.

    ``cause`` is that of a gap, or the faults of the pictures that ``cameras`` recorded then.
    """

    interval: Interval
    cause: Cause | tuple[Fault, ...]
    verdict: Verdict
    station: str
    cameras: tuple[str, ...] = ()

    def near(self, other: _Missing) -> bool:
        """Whether one remark can tell both."""
        apart = max(abs(self.interval.start - other.interval.start), abs(self.interval.end - other.interval.end))
        alike = (self.cause, self.verdict, self.cameras) == (other.cause, other.verdict, other.cameras)
        return alike and apart <= timedelta(seconds=NEAR_S)


def findings(facts: SittingFacts, rules: RulePack) -> tuple[Finding, ...]:
    """C6.2-2 to C6.2-5, all pending while the evidence is not complete."""
    if facts.waiting is not None:
        zh, en = wording.waiting(facts)
        return tuple(Finding(f"C6.2-{number}", Verdict.PENDING, zh, en) for number in (2, 3, 4, 5))
    return (
        _recording(facts, rules),
        _full_process(facts, rules),
        _no_dead_angle(facts, rules),
        _keeping(facts, rules),
    )


def footage_of_stations(clause: str, facts: SittingFacts, rules: RulePack) -> Finding:
    """Whether footage shows the stations of ``facts`` all the time: what C6.2-3 and C6.2-4 say of them, without what
    concerns the sitting as a whole. The evidence must be complete.
    """
    said = {each.station: each.seen.footage for each in facts.stations if each.seen is not None}
    remarks = [
        *_gap_remarks(facts, rules),
        *_doubt_remarks(facts, rules),
        *_host_clock_remarks(facts.host_clocks),
        *_expectation_remarks(facts),
        *_not_expected_remarks(facts),
        *_unseen_remarks([each for each in facts.all_places if not _adds_nothing(each, said)], facts, rules),
        *_picture_size_remarks(facts, rules),
    ]
    told = [remark for remark in remarks if remark.verdict is not Verdict.PASS]
    names = [each.station for each in facts.stations]
    return wording.finding(clause, told, wording.shown_throughout(names, facts.window))


def _adds_nothing(place: PlaceFacts, said: Mapping[str, Division]) -> bool:
    """Whether the view of a place lacks just what its footage lacks, which is told already, with its cause."""
    return place.view is not None and place.view.view == said.get(place.place.id)


def station_verdict(station: StationFacts, facts: SittingFacts, rules: RulePack) -> Verdict:
    """A station by itself: its footage and its view, whichever is worse."""
    seen = station.seen
    if facts.waiting is not None or seen is None:
        return Verdict.PENDING
    views = (_in_view(each, rules) for each in facts.all_places if _is_of(each, station.station))
    return fold((judged(seen.footage, facts.core(station.station), rules), *views))


def place_verdict(seen: PlaceFacts, rules: RulePack) -> Verdict:
    """A place by itself: whether any camera is expected to see it, whether one that is did, and whether it is known
    that it did so at its level. Where the register is all there is, it is not.
    """
    unknown = () if seen.place.basis is Basis.PLAN else (Verdict.WARN,)
    return fold((_in_view(seen, rules), *unknown))


def _in_view(seen: PlaceFacts, rules: RulePack) -> Verdict:
    if seen.view is None:
        return Verdict.PENDING
    if not seen.place.views:
        return _unseen(seen)
    return judged(seen.view.view, seen.core, rules, seen.required)


def judged(division: Division, exam: IntervalSet, rules: RulePack, required: IntervalSet | None = None) -> Verdict:
    """Fail beyond the tolerance within the exam; unknown where the doubtful may make it so; warn for anything else
    that is not good of what is ``required``, all of it if left out; else pass.
    """
    if not _of(division.at_worst, required):
        return Verdict.PASS
    if not within_tolerance(division.bad & exam, exam, rules):
        return Verdict.FAIL
    if not within_tolerance(division.at_worst & exam, exam, rules):
        return Verdict.UNKNOWN
    return Verdict.WARN


def _of(spans: IntervalSet, required: IntervalSet | None) -> IntervalSet:
    return spans if required is None else spans & required


def within_tolerance(holes: IntervalSet, exam: Interval | IntervalSet, rules: RulePack) -> bool:
    """Whether the gaps inside the exam stay within all three limits: longest, share of the exam, total.

    A gap that changes its cause half-way is one gap here.
    """
    longest = max((hole.end - hole.start for hole in holes), default=timedelta())
    share = timedelta(seconds=exam.seconds * rules.total_gap_share)
    total = min(share, timedelta(seconds=rules.total_gap_s))
    return longest <= timedelta(seconds=rules.longest_gap_s) and holes.length <= total


# C6.2-2: every room used has a panoramic camera that recorded, and the footage is backed up


def _recording(facts: SittingFacts, rules: RulePack) -> Finding:
    remarks = [remark for room in facts.rooms if (remark := _panorama(room, facts)) is not None]
    remarks.extend(_backed_up(facts, rules))
    files = len(_to_keep(facts))
    return wording.finding("C6.2-2", remarks, wording.recorded_and_backed_up(len(facts.rooms), files))


def _panorama(room: Room, facts: SittingFacts) -> Remark | None:
    panoramic = {camera.id for camera in room.cameras if camera.panoramic}
    if not panoramic:
        return Remark(Verdict.FAIL, wording.no_panorama(room.id))
    seen = [facts_ for facts_ in facts.cameras if facts_.camera.id in panoramic and facts_.coverage is not None]
    if any(camera.certain for camera in seen):
        return None
    if any(camera.usable for camera in seen):
        return Remark(Verdict.UNKNOWN, wording.panorama_in_doubt(room.id, sorted(panoramic)))
    return Remark(Verdict.FAIL, wording.panorama_without_footage(room.id, sorted(panoramic)))


def _backed_up(facts: SittingFacts, rules: RulePack) -> Iterator[Remark]:
    """Footage whose backup is still to be made is pending; footage on too few devices after that is a failure.

    How soon it was backed up is told and judged by nobody: the notice says in real time and gives no figure.
    """
    held = _to_keep(facts)
    single = [holding for camera, holding in held if not _is_backed_up(camera, holding, rules)]
    yield from _copies_missing(single, len(held), rules)
    backups = [(camera.backup, camera.camera.id) for camera in facts.cameras if camera.backup is not None]
    lags = [(each.greatest_lag, camera) for each, camera in backups if each.greatest_lag is not None]
    if lags:
        lag, camera = max(lags)
        recorded_s = sum(each.covered.seconds for each, _ in backups)
        backed_up_s = sum(each.backed_up.seconds for each, _ in backups)
        yield Remark(
            Verdict.PASS, wording.backup_lag(rules.copies, recorded_s, backed_up_s, lag.total_seconds(), camera)
        )


def _to_keep(facts: SittingFacts) -> list[tuple[CameraFacts, Holding]]:
    """All files but those that are withheld: these are to lie nowhere else, which C6.2-5 tells by itself."""
    held = ((camera, holding) for camera in facts.cameras for holding in camera.holdings)
    return [(camera, holding) for camera, holding in held if not _is_withheld(holding)]


def _is_backed_up(camera: CameraFacts, holding: Holding, rules: RulePack) -> bool:
    """The file itself is on enough devices, or all that is covered of its time is, by whichever files."""
    if holding.disposed is not None and holding.kept:
        return True  # on how many devices it lay is in the manifest of its batch; nothing is to be made up for
    if len(devices(holding.copies)) >= rules.copies:
        return True
    part = camera.backup.covered.clipped(holding.segment.interval) if camera.backup is not None else IntervalSet()
    return bool(part) and camera.backup is not None and not part - camera.backup.backed_up


def _second_copies(facts: SittingFacts, rules: RulePack) -> Iterator[Remark]:
    """The same of each file by itself; and none is kept while it was never in the object store, which locks it."""
    held = _to_keep(facts)
    unkept = [each for camera, each in held if _upload_is_due(each) or not _is_backed_up(camera, each, rules)]
    yield from _copies_missing(unkept, len(held), rules)


def _copies_missing(holdings: Sequence[Holding], of: int, rules: RulePack) -> Iterator[Remark]:
    waiting = [holding for holding in holdings if _upload_is_due(holding)]
    if waiting:
        yield Remark(Verdict.PENDING, wording.not_backed_up_yet(len(waiting), of))
    fewer = len(holdings) - len(waiting)
    if fewer:
        yield Remark(Verdict.FAIL, wording.too_few_copies(fewer, of, rules.copies))


def _upload_is_due(holding: Holding) -> bool:
    """No copy was ever made in the object store, and there are bytes to make it from."""
    return bool(holding.kept) and all(c.place is not Place.S3 for c in holding.copies)


# C6.2-3: the whole process


def _full_process(facts: SittingFacts, rules: RulePack) -> Finding:
    remarks = [
        *_gap_remarks(facts, rules),
        *_doubt_remarks(facts, rules),
        *_nvr_remarks(facts.cameras),
        *_host_clock_remarks(facts.host_clocks),
        *_clock_remarks(facts.cameras, rules),
        *_drift_remarks(facts.cameras, rules),
    ]
    if facts.planned:
        remarks.append(Remark(Verdict.PASS, wording.planned_times()))
    if facts.plan_check is not None:
        remarks.append(Remark(Verdict.PASS, wording.checked_before(*facts.plan_check)))
    return wording.finding("C6.2-3", remarks, wording.without_gap(len(facts.stations), facts.window))


def _gap_remarks(facts: SittingFacts, rules: RulePack) -> Iterator[Remark]:
    """One remark for spans of one cause at nearly the same time, naming all stations that share it."""
    views = {camera.camera.id: camera.view for camera in facts.cameras if camera.view is not None}
    found = []
    for station in facts.stations:
        if station.seen is None or station.coverage is None:
            continue
        bad, exam = station.seen.footage.bad, facts.core(station.station)
        beyond = not within_tolerance(bad & exam, exam, rules)
        seen_by = [views[camera] for camera in station.cameras if camera in views]
        spans: list[_Cut] = [(gap.interval, gap.cause, ()) for gap in station.coverage.gaps]
        spans += _unusable(station.seen.footage, seen_by)
        for interval, cause, cameras in spans:
            verdict = Verdict.FAIL if beyond and exam & IntervalSet([interval]) else Verdict.WARN
            found.append(_Missing(interval, cause, verdict, station.station, cameras))
    for together in _near(found):
        yield Remark(together[0].verdict, _said(together))


def _unusable(footage: Division, views: Sequence[CameraView]) -> Iterator[_Cut]:
    """The unusable spans of a station, each with the faults of the cameras that recorded it."""
    for interval in footage.unusable:
        here = IntervalSet([interval])
        told = {(span.fault, view.camera) for view in views for span in view.fault_spans(here & view.unusable)}
        faults = tuple(sorted({fault for fault, _ in told}, key=list(Fault).index))
        yield interval, faults, tuple(sorted({camera for _, camera in told}))


def _said(together: Sequence[_Missing]) -> wording.Words:
    first, fails = together[0], together[0].verdict is Verdict.FAIL
    names, spans = sorted(each.station for each in together), [each.interval for each in together]
    if isinstance(first.cause, Cause):
        return wording.missing(spans, names, first.cause, beyond_tolerance=fails)
    return wording.unusable(spans, names, first.cause, first.cameras, beyond_tolerance=fails)


def _doubt_remarks(facts: SittingFacts, rules: RulePack) -> Iterator[Remark]:
    """Footage that may show nothing usable: one remark for all stations with the same doubtful time."""
    found: dict[tuple[IntervalSet, Verdict], list[str]] = {}
    for station in facts.stations:
        if station.seen is not None and station.seen.footage.doubtful:
            verdict = _of_doubt(station.seen.footage, facts.core(station.station), rules)
            found.setdefault((station.seen.footage.doubtful, verdict), []).append(station.station)
    for (spans, verdict), stations in found.items():
        seeing = {camera for each in facts.stations if each.station in stations for camera in each.cameras}
        yield Remark(verdict, wording.unverified(sorted(stations), spans, _moved(facts, seeing, spans)))


def _of_doubt(division: Division, exam: IntervalSet, rules: RulePack) -> Verdict:
    """What doubt alone makes of a clause: it decides where at worst the tolerance would be broken."""
    at_worst = within_tolerance(division.at_worst & exam, exam, rules)
    return Verdict.WARN if at_worst else Verdict.UNKNOWN


def _moved(facts: SittingFacts, seeing: Collection[str], spans: IntervalSet) -> list[str]:
    """Those of these cameras that were moved in a part of that time."""
    return sorted(
        camera.camera.id
        for camera in facts.cameras
        if camera.camera.id in seeing
        and camera.view is not None
        and any(span.fault is Fault.MOVED for span in camera.view.fault_spans(spans))
    )


def _nvr_remarks(cameras: Sequence[CameraFacts]) -> Iterator[Remark]:
    """What the gaps of single cameras do not say; the gaps themselves are judged as gaps."""
    for event in nvr_events(cameras):
        yield Remark(Verdict.PASS, wording.nvr_gone(event.nvr, event.cameras, event.interval, event.cause))


def _near(found: Iterable[_Missing]) -> list[list[_Missing]]:
    """By start. A gap joins the first group whose first gap has its cause and verdict, and starts and ends near it.

    A station is in a group once, so that the lengths a remark tells are those of whole gaps.
    """
    groups: list[list[_Missing]] = []
    for each in sorted(found, key=lambda gap: (gap.interval, _rank(gap.cause))):
        for group in groups:
            if each.near(group[0]) and all(each.station != member.station for member in group):
                group.append(each)
                break
        else:
            groups.append([each])
    return groups


def _rank(cause: Cause | tuple[Fault, ...]) -> tuple[int, ...]:
    """Gaps before faults, each in the order of its list."""
    return (cause.rank,) if isinstance(cause, Cause) else (len(Cause), *map(list(Fault).index, cause))


def _host_clock_remarks(hosts: Sequence[HostClockFacts]) -> Iterator[Remark]:
    """A host's clock that nothing vouches for leaves the times unknown, and the footage where it is.

    Unless another host, whose clock is proven, covers the same: then the doubted footage is not needed.
    """
    for host in hosts:
        if host.in_doubt:
            yield Remark(Verdict.UNKNOWN, wording.host_clock_unproven(host))
        elif host.unproven:
            yield Remark(Verdict.PASS, wording.host_clock_not_needed(host))
        elif host.by in (Witness.SERVER, Witness.CAMERAS):
            yield Remark(Verdict.PASS, wording.host_clock_by_others(host))


def _drift_remarks(cameras: Sequence[CameraFacts], rules: RulePack) -> Iterator[Remark]:
    """Only a drift that lies beyond the limit whatever the error of its measurement."""
    for facts in cameras:
        drift = facts.clock_drift
        if drift is not None and drift.least_ppm > rules.clock_drift_warn_ppm:
            words = wording.clock_drifts(facts.camera.id, drift, rules.clock_drift_warn_ppm)
            yield Remark(Verdict.WARN, words)


def _clock_remarks(cameras: Sequence[CameraFacts], rules: RulePack) -> Iterator[Remark]:
    """A camera's clock far off fails as evidence of time, never as evidence of existence."""
    silent = [facts.camera.id for facts in cameras if facts.holdings and facts.clock_offset_s is None]
    for facts in cameras:
        offset = facts.clock_offset_s
        if offset is None or abs(offset) <= rules.clock_warn_s:
            continue
        failed = abs(offset) > rules.clock_fail_s
        limit = rules.clock_fail_s if failed else rules.clock_warn_s
        yield Remark(Verdict.FAIL if failed else Verdict.WARN, wording.clock_off(facts.camera.id, offset, limit))
    if silent:
        yield Remark(Verdict.PASS, wording.no_clock_told(silent))


# C6.2-4: no dead angle, as far as the floor plan, the register of cameras and their footage tell


def _no_dead_angle(facts: SittingFacts, rules: RulePack) -> Finding:
    remarks = [
        *_expectation_remarks(facts),
        *_not_expected_remarks(facts),
        *_floor_remarks(facts),
        *_unseen_remarks(facts.all_places, facts, rules),
        *_picture_size_remarks(facts, rules),
        *_redundancy_remarks(facts),
        *_useless_remarks(facts),
        *_frame_rate_remarks(facts.cameras, rules),
        Remark(Verdict.PASS, _what_was_checked(facts)),
    ]
    return wording.finding("C6.2-4", remarks, wording.seen_throughout(len(facts.stations)))


def _what_was_checked(facts: SittingFacts) -> wording.Words:
    compared = [each.station for each in facts.stations if each.view is not None and each.view.compared]
    rest = [each.station for each in facts.stations if each.station not in compared]
    drawn = [room.room for room in facts.expected.rooms if room.drawn] if facts.expected is not None else []
    if not compared:
        return wording.by_plan_only(drawn) if drawn else wording.by_register_only()
    return wording.by_pictures_in_part(rest, drawn) if rest else wording.by_pictures(drawn)


def _expectation_remarks(facts: SittingFacts) -> Iterator[Remark]:
    """What must be seen is what was frozen at the opening, whatever became of rules and program since; and where the
    kept text is not what it was, nobody knows what had to be seen.
    """
    if not facts.intact:
        yield Remark(Verdict.UNKNOWN, wording.expectation_altered())
    for what in facts.changed:
        yield Remark(Verdict.WARN, wording.changed_since_opening(what))


def _not_expected_remarks(facts: SittingFacts) -> Iterator[Remark]:
    """Places that no camera was expected to see, told together where level and verdict are the same."""
    found: dict[tuple[Verdict, Target, str], list[ExpectedPlace]] = {}
    for each in facts.all_places:
        if each.place.views:
            continue
        if each.place.basis is Basis.PLAN and each.place.target is not Target.ROOM:
            found.setdefault((_unseen(each), each.place.target, each.place.level), []).append(each.place)
        else:
            yield Remark(_unseen(each), wording.no_camera(each.place.target, each.place.id))
    for (verdict, _, _), places in found.items():
        yield Remark(verdict, wording.not_at_level(places))


def _unseen(seen: PlaceFacts) -> Verdict:
    """What becomes of the clause where no camera can see a place: it is lost in all of its phases."""
    return Verdict.FAIL if Phase.EXAM in seen.place.phases else Verdict.WARN


def _floor_remarks(facts: SittingFacts) -> Iterator[Remark]:
    """The floor of rooms that were drawn. Where none was, the site's word counts, and nobody checked it: no pass."""
    rooms = facts.expected.rooms if facts.expected is not None else ()
    for room in rooms:
        if room.floor_share is not None and room.floor_share < room.needed_share:
            yield Remark(Verdict.FAIL, wording.floor_not_seen(room))
        smaller = _smaller_than_drawn(dict(room.widths), facts.cameras)
        if smaller:
            yield Remark(Verdict.WARN, wording.smaller_than_drawn(room.room, smaller))
        if room.drawn and room.stations_not_drawn:
            yield Remark(Verdict.WARN, wording.stations_not_drawn(room.room, room.stations_not_drawn))
    if undrawn := [room.room for room in rooms if not room.drawn]:
        yield Remark(Verdict.WARN, wording.no_plan(undrawn))


def _smaller_than_drawn(widths: Mapping[str, int], cameras: Iterable[CameraFacts]) -> list[str]:
    """Cameras with narrower pictures than the floor was computed with: there it may reach less than it says."""
    return sorted(
        each.camera.id
        for each in cameras
        if any(holding.segment.width < widths.get(each.camera.id, 0) for holding in each.holdings)
    )


def _unseen_remarks(places: Iterable[PlaceFacts], facts: SittingFacts, rules: RulePack) -> Iterator[Remark]:
    """Places that were not in view for a time in which they must be, and those of which nobody knows."""
    for each in places:
        if each.view is None or not each.place.views:
            continue
        view, named = each.view.view, wording.named(each.place.target, each.place.id)
        if bad := view.bad & each.required:
            beyond = not within_tolerance(view.bad & each.core, each.core, rules)
            hidden = IntervalSet(span for one in each.place.cameras for span in each.view.obstructed_by(one))
            words = wording.no_usable_view(named, bad, hidden & each.required)
            yield Remark(Verdict.FAIL if beyond else Verdict.WARN, words)
        if doubtful := view.doubtful & each.required:
            moved = _moved(facts, each.place.cameras, doubtful)
            yield Remark(_of_doubt(view, each.core, rules), wording.view_unknown(named, doubtful, moved))


def _stations(facts: SittingFacts) -> list[PlaceFacts]:
    return [each for each in facts.all_places if each.place.target is Target.STATION]


def _is_of(seen: PlaceFacts, station: str) -> bool:
    return seen.place.target is Target.STATION and seen.place.id == station


def _picture_size_remarks(facts: SittingFacts, rules: RulePack) -> Iterator[Remark]:
    """A station seen only by pictures that are too small has no usable view."""
    small = {
        camera.camera.id
        for camera in facts.cameras
        for holding in camera.holdings
        if holding.segment.width < rules.min_width or holding.segment.height < rules.min_height
    }
    places = [each.place for each in _stations(facts)]
    for camera in sorted(small):
        alone = [place.id for place in places if camera in place.cameras and small >= {*place.cameras}]
        words = wording.picture_too_small(camera, rules.min_width, rules.min_height, alone)
        yield Remark(Verdict.FAIL if alone else Verdict.WARN, words)


def _redundancy_remarks(facts: SittingFacts) -> Iterator[Remark]:
    """A camera that was lost while others still saw its stations: nothing is missing, but nothing was spare."""
    stations = [each for each in _stations(facts) if len(each.place.cameras) > 1]
    for camera in facts.cameras:
        lost = _holes(camera.coverage) if camera.coverage is not None else IntervalSet()
        spared = [
            (each.place.id, lost & each.coverage.covered)
            for each in stations
            if camera.camera.id in each.place.cameras and each.coverage is not None
        ]
        kept = [(name, spans) for name, spans in spared if spans]
        if kept:
            spans = IntervalSet(span for _, found in kept for span in found)
            names = [name for name, _ in kept]
            yield Remark(Verdict.WARN, wording.redundancy_lost(camera.camera.id, spans, names))


def _useless_remarks(facts: SittingFacts) -> Iterator[Remark]:
    """A camera whose pictures showed nothing, or not its stations, while others still did."""
    stations = _stations(facts)
    for camera in facts.cameras:
        if camera.view is None or camera.coverage is None:
            continue
        spared = [(each.place.id, spans) for each in stations if (spans := _spared(camera.view, each))]
        if spared:
            spans = IntervalSet(span for _, found in spared for span in found)
            faults = sorted({each.fault for each in camera.view.fault_spans(spans)}, key=list(Fault).index)
            words = wording.view_lost(camera.camera.id, spans, [name for name, _ in spared], faults)
            yield Remark(Verdict.WARN, words)


def _spared(view: CameraView, station: PlaceFacts) -> IntervalSet:
    """When a camera recorded and did not show a station that it sees, while another camera did.

    Somebody who walks or sits in the way is no loss.
    """
    seen = station.view
    if seen is None or view.camera not in station.place.cameras:
        return IntervalSet()
    hidden = view.unusable | view.doubtful
    if view.camera in seen.compared:
        hidden |= view.recorded & view.when(station.place.id, View.OBSTRUCTED)
    return hidden & seen.view.good


def _frame_rate_remarks(cameras: Sequence[CameraFacts], rules: RulePack) -> Iterator[Remark]:
    """Frames per second of footage. A mean tells no time, so it warns and never fails; 14.9 counts as 15."""
    for facts in cameras:
        rate = frame_rate(facts.holdings)
        if rate is not None and round(rate) < rules.min_fps:
            yield Remark(Verdict.WARN, wording.few_frames(facts.camera.id, rate, rules.min_fps))


def frame_rate(holdings: Sequence[Holding]) -> float | None:
    """Pictures per second of footage, on average; None where there is none."""
    seconds = IntervalSet(holding.segment.interval for holding in holdings).seconds
    return sum(holding.segment.frames for holding in holdings) / seconds if seconds else None


# C6.2-5: kept


def _keeping(facts: SittingFacts, rules: RulePack) -> Finding:
    holdings = [holding for camera in facts.cameras for holding in camera.holdings]
    remarks = [remark for camera, holding in _to_keep(facts) for remark in _file_remarks(holding, camera, facts)]
    remarks.extend(_second_copies(facts, rules))
    if not holdings:
        remarks.append(Remark(Verdict.FAIL, wording.no_files()))
    there = sum(each.disposed is None and each.withheld is None for each in holdings)
    remarks.extend(_disposed_of(holdings))
    remarks.extend(_withheld(facts.cameras))
    return wording.finding("C6.2-5", remarks, wording.files_kept(there, facts.retained_until, of=len(holdings)))


def _disposed_of(holdings: Sequence[Holding]) -> Iterator[Remark]:
    """What went by order was kept as long as it had to be, and no longer: told, once for each list."""
    gone = Counter(each.disposed for each in holdings if each.disposed is not None)
    for by, count in sorted(gone.items(), key=lambda item: item[0].disposal):
        yield Remark(Verdict.PASS, wording.disposed_of(count, by.disposal, by.at))


def _is_withheld(holding: Holding) -> bool:
    """Not what is lost while nobody confirmed that it is to be withheld: that is lost."""
    return holding.withheld is not None and (holding.withheld.confirmed or bool(holding.kept))


def _withheld(cameras: Sequence[CameraFacts]) -> Iterator[Remark]:
    """What is withheld is no footage that is kept: where nobody decided on that yet, nobody can say whether it had to
    be. Its time is a gap, which C6.2-3 and C6.2-4 hold against the tolerance.
    """
    found = Counter(
        (each.withheld, camera.camera.id)
        for camera in cameras
        for each in camera.holdings
        if each.withheld is not None
    )
    for (by, camera), count in sorted(found.items(), key=lambda item: (item[0][0].number, item[0][1])):
        verdict = Verdict.WARN if by.confirmed else Verdict.UNKNOWN
        yield Remark(verdict, wording.withheld(count, camera, by.number, confirmed=by.confirmed))


def _file_remarks(holding: Holding, camera: CameraFacts, facts: SittingFacts) -> Iterator[Remark]:
    file, seen = (holding.segment.camera, holding.segment.interval), holding.observation
    if not holding.kept or (seen is not None and seen.state is SegmentState.MISSING):
        yield Remark(Verdict.FAIL, wording.file_missing(*file))
        return
    if seen is None:
        yield Remark(Verdict.PENDING, wording.file_not_opened(*file))
    elif _damaged(holding, seen, camera.coverage):
        yield Remark(Verdict.FAIL, wording.file_damaged(*file))
    if holding.disposed is not None:
        return
    stored = [copy for copy in holding.kept if copy.place is Place.S3]
    if stored and not any(copy.locked_until and copy.locked_until >= facts.retained_until for copy in stored):
        locked = max((copy.locked_until for copy in stored if copy.locked_until is not None), default=None)
        yield Remark(Verdict.FAIL, wording.file_not_locked(*file, locked, facts.retained_until))


def _damaged(holding: Holding, seen: Observation, coverage: Coverage | None) -> bool:
    """Whether something in the window does not decode that an outage of the camera does not explain already.

    Pictures after a lost packet do not decode, yet the file is kept just as the camera sent it.
    """
    if coverage is None or (seen.state is SegmentState.OK and not seen.bad):
        return False
    lost = {Cause.SEGMENT_DAMAGED, Cause.SEGMENT_MISSING}
    explained = IntervalSet(gap.interval for gap in coverage.gaps if gap.cause not in lost)
    bad = (item.rounded() for item in seen.bad or (holding.segment.interval,))
    return bool(IntervalSet(item for item in bad if item is not None).clipped(coverage.window) - explained)


def _holes(coverage: Coverage) -> IntervalSet:
    return IntervalSet(gap.interval for gap in coverage.gaps)
