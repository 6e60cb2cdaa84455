"""From evidence to coverage: which time of a camera and of a station has usable footage, and why the rest has not.

Pure functions over domain types. Not here: reading the evidence (``analysis.ledgers``), opening footage
(``analysis.decoding``) and any tolerance (``analysis.judge``): every gap is listed, however short.

How a camera's window is divided (docs/time.md):

0. All lives of recorders of one name are a chain. What one chain has seen of a camera is divided by itself; the
   camera is covered where any chain covers it, and a gap takes the best ranked of the chains' causes.
1. Every interval is rounded to whole milliseconds first, so that the parts add up exactly in what is printed.
2. Covered is the union of the segments that have a copy left, or had one when they were disposed of by order, and
   were opened and decoded, less the spans that do not decode, less the chain's outages. What is withheld covers
   nothing, as a whole and whoever decides on it when. Footage nobody has opened yet covers nothing; callers end their
   window at ``settled_until``, before which nothing is unopened.
3. The rest gets the first cause that holds: an outage's own (of several the best ranked); ``withheld`` where a
   segment was written that is withheld; ``segment_missing`` or
   ``segment_damaged`` where a segment was written and is no longer usable; ``recorder_stopped`` outside every
   run; ``unexplained``.
   Where pictures stop decoding is known to a tick of the media clock only: up to a millisecond of them beside an
   outage belongs to it.
4. A seam of less than a millisecond between two usable segments of one run is no gap.
5. Nor is one of less than half a picture between two runs: there was none to be missed. The last picture of a run is
   taken to last as long as is usual; where the next run begins with the very next picture, it lasted until then.
   Not across a step of the host's clock, since the two runs are not on one clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain as chained
from itertools import groupby

from domain.disposal import DisposedOf
from domain.evidence import (
    CameraCause,
    Cause,
    Copy,
    Coverage,
    EndReason,
    Gap,
    Observation,
    Outage,
    Recorder,
    RecorderCause,
    Run,
    Segment,
    SegmentState,
)
from domain.timeline import Interval, IntervalSet
from domain.withholding import WithheldBy

HEARTBEAT_LIMIT = timedelta(seconds=5)
"""A recorder that was not seen for longer than this is shown as stopped."""

GIVEN_UP_AFTER = timedelta(seconds=30)
"""What a silent recorder may still have recorded is waited for this long before its absence is called a gap.

Longer than a database may keep a writer waiting (20 s): a heartbeat that could not be written is no recorder that
stopped. One that did stop is started again within seconds, and its start ends the runs it left open.
"""

MILLISECOND = timedelta(milliseconds=1)

_NOTHING = IntervalSet()
_NO_PICTURE = 0.5  # of the usual time between two pictures: a pause that much longer has no room for another one


@dataclass(frozen=True, slots=True)
class CameraLedger:
    """All evidence of one camera around a window, in any order; what lies outside the window does no harm.

    ``copies`` and ``observations`` are by segment key; removed copies may be among the copies, and of several
    observations of one segment only the latest is given. ``segments`` must hold the last segment of every open run,
    ``recorders`` the lives of all runs and outages, wherever they lie. ``disposed`` has the segments that were
    ordered to go, ``withheld`` those of which somebody says that they show a 禁摄区.
    """

    camera: str
    runs: Sequence[Run] = ()
    segments: Sequence[Segment] = ()
    copies: Mapping[str, Sequence[Copy]] = field(default_factory=dict)
    outages: Sequence[Outage] = ()
    observations: Mapping[str, Observation] = field(default_factory=dict)
    recorders: Sequence[Recorder] = ()
    disposed: Mapping[str, DisposedOf] = field(default_factory=dict)
    withheld: Mapping[str, WithheldBy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """The time that one segment of one recorder shows."""

    recorder: str
    segment: Segment
    spans: IntervalSet


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a camera's covered time and the recorder whose footage of it is shown."""

    interval: Interval
    recorder: str


def kept_copies(copies: Iterable[Copy], disposed: DisposedOf | None) -> tuple[Copy, ...]:
    """The copies that stand; of what was disposed of, those that stood when it was ordered to go."""
    until = None if disposed is None else disposed.at
    return tuple(copy for copy in copies if copy.removed is None or (until is not None and copy.removed >= until))


def settled_until(ledger: CameraLedger, now: datetime) -> datetime:
    """The instant up to which the camera's coverage is decided; nothing that can still come in changes it.

    A recorder that lives may be writing from the end of the last closed segment of its open run on, and a segment
    that was not opened yet is undecided for its whole length. Where another chain covers that time already, nothing
    hangs on it: what more becomes known of one chain never takes away what another covers. Never later than ``now``.
    Of the instants just before it, less than half a picture may still turn out to be covered: by a run that begins
    only now, with the very next picture.
    """
    undecided = _undecided(ledger, now)
    if not undecided:
        return now
    found = chains(ledger).values()
    decided = IntervalSet(span for chain in found for span in _shown(chain, now) - _undecided(chain, now))
    return min((now, *(span.start for span in undecided - decided)))


def _undecided(ledger: CameraLedger, now: datetime) -> IntervalSet:
    known = ledger.observations.keys() | ledger.withheld.keys()  # nobody opens what is withheld: it covers nothing
    spans = [segment.interval for segment in ledger.segments if segment.key not in known]
    for run in ledger.runs:
        written = _last_end(ledger, run)
        if run.ended is None and written < now and _may_be_writing(ledger, run, now):
            spans.append(Interval(written, now))
    undecided = IntervalSet(spans)
    return undecided | IntervalSet(_may_be_joined(ledger, undecided))


def _may_be_joined(ledger: CameraLedger, undecided: IntervalSet) -> Iterator[Interval]:
    """The pauses behind a segment that are none if what is undecided turns out to go on where it ended."""
    for segment in ledger.segments:
        end = segment.interval.end
        yield from (Interval(end, span.start) for span in undecided if end < span.start < end + _room(segment))


def chains(ledger: CameraLedger) -> dict[str, CameraLedger]:
    """What each recorder has seen of the camera, by its name: the evidence of all its lives.

    A recorder without run and outage of the camera is none of its recorders. What nobody knows the recorder of
    (rows from before it was written down) belongs to every chain; a camera without any known one has one chain.
    """
    names = {recorder.id: recorder.host for recorder in ledger.recorders}
    runs = {run.id: names.get(run.recorder, run.recorder) for run in ledger.runs}
    outages = {outage.id: names.get(outage.recorder or "", outage.recorder) for outage in ledger.outages}
    found = sorted({*runs.values(), *(name for name in outages.values() if name is not None)})
    if len(found) < 2:
        return dict.fromkeys(found or [""], ledger)
    return {
        name: replace(
            ledger,
            runs=[run for run in ledger.runs if runs[run.id] == name],
            segments=[segment for segment in ledger.segments if runs.get(segment.run, name) == name],
            outages=[outage for outage in ledger.outages if outages[outage.id] in (None, name)],
        )
        for name in found
    }


def camera_coverage(ledger: CameraLedger, window: Interval, now: datetime) -> Coverage:
    """The partition of ``window``, rounded to milliseconds, by one camera's evidence: covered where any chain is.

    A gap is split where the cause of any chain changes. ``now`` ends the outages that last. Raises ValueError for a
    window shorter than a millisecond.
    """
    return divided(ledger, window, now)[0]


def divided(ledger: CameraLedger, window: Interval, now: datetime) -> tuple[Coverage, dict[str, IntervalSet]]:
    """``camera_coverage``, and what each recorder covers of ``window`` by itself, by its name; ``""`` where none is
    known.
    """
    views = {name: _chain_coverage(chain, window, now) for name, chain in chains(ledger).items()}
    return _joined(views, window), {name: view.covered for name, view in views.items()}


def _joined(views: Mapping[str, Coverage], window: Interval) -> Coverage:
    if len(views) == 1:
        return next(iter(views.values()))
    covered = IntervalSet(span for view in views.values() for span in view.covered)
    gaps = (
        Gap(interval, _best(causes), recorders=tuple(RecorderCause(name, causes[name]) for name in sorted(causes)))
        for interval, causes in _joint_causes(views)
    )
    return Coverage(_rounded_window(window), covered, tuple(gaps))


def _chain_coverage(ledger: CameraLedger, window: Interval, now: datetime) -> Coverage:
    whole = _rounded_window(window)
    outages = _outages_by_cause(ledger.outages, whole, now)
    covered = _shown(ledger, now).clipped(whole)
    ranked = sorted(outages.items(), key=lambda item: item[0].rank)
    missing = _rounded(_missing(ledger))
    damaged = _rounded(_damaged(ledger)) - missing
    layers = [
        *ranked,
        (Cause.WITHHELD, _rounded(_withheld(ledger))),
        *((cause, _widened(spans) & damaged) for cause, spans in ranked),
        (Cause.SEGMENT_MISSING, missing),
        (Cause.SEGMENT_DAMAGED, damaged),
        (Cause.RECORDER_STOPPED, _inside_runs(ledger, now).complement(whole)),
        (Cause.UNEXPLAINED, IntervalSet([whole])),
    ]
    return Coverage(whole, covered, _explained(covered.complement(whole), layers))


def proven(ledger: CameraLedger, window: Interval, now: datetime) -> tuple[Proof, ...]:
    """What each usable segment shows of ``window``, rounded to milliseconds; together, the camera's covered time.

    But for the seams between segments, which are shorter than a millisecond.
    """
    whole = _rounded_window(window)
    found = []
    for name, chain in chains(ledger).items():
        out = _out(chain, now)
        joints = _joints(chain, out)
        for segment in chain.segments:
            spans = ((_usable_part(chain, segment) - out) | joints.get(segment.key, _NOTHING)).clipped(whole)
            if spans:
                found.append(Proof(name, segment, spans))
    return tuple(found)


def shown(views: Mapping[str, IntervalSet]) -> tuple[Source, ...]:
    """One recorder at a time: the same one for as long as it has footage, then the one that goes on longest."""
    starts = sorted({span.start for covered in views.values() for span in covered})
    found: list[Source] = []
    at = _next_covered(views, starts, None)
    while at is not None:
        end, name = max((span.end, name) for name, covered in views.items() for span in covered if at in span)
        found.append(Source(Interval(at, end), name))
        at = _next_covered(views, starts, end)
    return tuple(found)


def _next_covered(
    views: Mapping[str, IntervalSet], starts: Sequence[datetime], at: datetime | None
) -> datetime | None:
    if at is not None and any(at in covered for covered in views.values()):
        return at
    return next((start for start in starts if at is None or start > at), None)


def station_coverage(views: Mapping[str, Coverage], window: Interval) -> Coverage:
    """The partition of ``window`` for a station seen by the cameras of ``views``: covered where any of them is.

    A gap is split where the cause of any camera changes, lists the cause of every camera, and takes the best
    ranked as its own. Raises ValueError when a view is of another window.
    """
    whole = _rounded_window(window)
    if not views:
        return Coverage(whole, IntervalSet(), (Gap(whole, Cause.NO_CAMERA),))
    for camera, view in views.items():
        if view.window != whole:
            raise ValueError(f"the coverage of {camera} is of another window: {view.window}, not {whole}")
    covered = IntervalSet(span for view in views.values() for span in view.covered)
    gaps = (
        Gap(interval, _best(causes), tuple(CameraCause(camera, causes[camera]) for camera in sorted(causes)))
        for interval, causes in _joint_causes(views)
    )
    return Coverage(whole, covered, tuple(gaps))


def _explained(open_time: IntervalSet, layers: Sequence[tuple[Cause, IntervalSet]]) -> tuple[Gap, ...]:
    """Give every open instant the cause of the first layer that holds it; touching spans of one cause are one."""
    found: dict[Cause, IntervalSet] = {}
    for cause, spans in layers:
        here = open_time & spans
        if here:
            found[cause] = found.get(cause, IntervalSet()) | here
            open_time -= here
    gaps = [Gap(span, cause) for cause, spans in found.items() for span in spans]
    return tuple(sorted(gaps, key=lambda gap: gap.interval))


def _joint_causes(views: Mapping[str, Coverage]) -> Iterator[tuple[Interval, dict[str, Cause]]]:
    """The spans in which no view covers, with the cause of each; touching ones with the same causes are one."""
    pending: tuple[Interval, dict[str, Cause]] | None = None
    for interval, causes in _common_causes(views):
        if pending is not None and pending[0].end == interval.start and pending[1] == causes:
            pending = Interval(pending[0].start, interval.end), pending[1]
            continue
        if pending is not None:
            yield pending
        pending = interval, dict(causes)
    if pending is not None:
        yield pending


def _common_causes(views: Mapping[str, Coverage]) -> Iterator[tuple[Interval, Mapping[str, Cause]]]:
    """Sweep over the edges of all gaps; each piece between two edges in which every view has a cause."""
    edges: list[tuple[datetime, str, Cause | None]] = []
    for name, view in views.items():
        for gap in view.gaps:
            edges.append((gap.interval.start, name, gap.cause))
            edges.append((gap.interval.end, name, None))
    # At one instant ends come before starts, so that of two touching gaps of a view the later one stands.
    edges.sort(key=lambda edge: (edge[0], edge[2] is not None))
    causes: dict[str, Cause] = {}
    since: datetime | None = None
    for instant, at_once in groupby(edges, key=lambda edge: edge[0]):
        if since is not None and len(causes) == len(views):
            yield Interval(since, instant), causes
        for _, name, cause in at_once:
            if cause is None:
                causes.pop(name, None)
            else:
                causes[name] = cause
        since = instant


def _best(causes: Mapping[str, Cause]) -> Cause:
    return min(causes.values(), key=lambda cause: cause.rank)


def _rounded_window(window: Interval) -> Interval:
    whole = window.rounded()
    if whole is None:
        raise ValueError(f"a window of coverage must last a millisecond at least: {window.start} .. {window.end}")
    return whole


def _rounded(intervals: Iterable[Interval]) -> IntervalSet:
    return IntervalSet(span for span in (item.rounded() for item in intervals) if span is not None)


def _widened(spans: IntervalSet) -> IntervalSet:
    return IntervalSet(Interval(span.start - MILLISECOND, span.end + MILLISECOND) for span in spans)


def _out(ledger: CameraLedger, now: datetime) -> IntervalSet:
    return _rounded(span for outage in ledger.outages if (span := outage.interval(now)) is not None)


def _outages_by_cause(outages: Iterable[Outage], whole: Interval, now: datetime) -> dict[Cause, IntervalSet]:
    spans: dict[Cause, list[Interval]] = {}
    for outage in outages:
        span = outage.interval(now)
        if span is not None and span.overlaps(whole):
            spans.setdefault(outage.cause, []).append(span)
    return {cause: _rounded(found).clipped(whole) for cause, found in spans.items()}


def _kept(ledger: CameraLedger, segment: Segment) -> bool:
    """At least one copy was verified and not removed since, or only by order: what was disposed of is not lost."""
    return bool(kept_copies(ledger.copies.get(segment.key, ()), ledger.disposed.get(segment.key)))


def _shown(ledger: CameraLedger, now: datetime) -> IntervalSet:
    """The time that one chain covers."""
    out = _out(ledger, now)
    return (_usable(ledger) - out) | IntervalSet(chained.from_iterable(_joints(ledger, out).values()))


def _joints(ledger: CameraLedger, out: IntervalSet) -> dict[str, IntervalSet]:
    """For how long the last pictures of segments stood beyond their usual duration, by the key of the segment.

    Until the next run began, if it did before another picture was due, and if nothing takes away either side.
    """
    reasons = {run.id: run.end_reason for run in ledger.runs}
    begun = sorted(ledger.segments, key=lambda segment: segment.interval.start)
    starts, found = [segment.interval.start for segment in begun], dict[str, IntervalSet]()
    for before in ledger.segments:
        end = before.interval.end
        for at in range(bisect_right(starts, end), bisect_left(starts, end + _room(before))):
            after, seam = begun[at], Interval(end, starts[at]).rounded()
            if after.run == before.run or reasons.get(before.run) in (None, EndReason.CLOCK_STEP) or seam is None:
                continue
            near = starts[at] < end + min(_room(before, out), _room(after, out))
            sides = [(_usable_part(ledger, each) - out) for each in (before, after)]
            if near and any(span.end == seam.start for span in sides[0]) and seam.end in _starts(sides[1]):
                found[before.key] = found.get(before.key, IntervalSet()) | IntervalSet([seam])
    return found


def _starts(spans: IntervalSet) -> set[datetime]:
    return {span.start for span in spans}


def _room(segment: Segment, out: IntervalSet = _NOTHING) -> timedelta:
    """A pause beside a segment that is shorter has no room for a picture: half of what its pictures usually take."""
    seconds = (IntervalSet([segment.interval]) - out).seconds if out else segment.interval.seconds
    return timedelta(seconds=_NO_PICTURE * seconds / max(1, segment.frames))


def _usable(ledger: CameraLedger) -> IntervalSet:
    good: list[Segment] = []
    spans: list[Interval] = []
    for segment in ledger.segments:
        usable = _usable_part(ledger, segment)
        spans.extend(usable)
        if usable and usable == _rounded([segment.interval]):
            good.append(segment)
    return IntervalSet((*spans, *_rounded(_seams(good))))


def _usable_part(ledger: CameraLedger, segment: Segment) -> IntervalSet:
    """The time of a segment that was kept, is not withheld, and decodes, outages aside."""
    observation = ledger.observations.get(segment.key)
    if observation is None or observation.state is SegmentState.MISSING or not _kept(ledger, segment):
        return IntervalSet()
    if segment.key in ledger.withheld:
        return IntervalSet()
    whole, bad = _rounded([segment.interval]), _bad_spans(segment, observation)
    return whole - _rounded(bad) if bad else whole


def _seams(segments: Iterable[Segment]) -> Iterator[Interval]:
    """The spans below a millisecond between neighbours of one run."""
    ordered = sorted(segments, key=lambda segment: (segment.run, segment.interval, segment.key))
    for _, of_run in groupby(ordered, key=lambda segment: segment.run):
        last: datetime | None = None
        for segment in of_run:
            if last is not None and timedelta() < segment.interval.start - last < MILLISECOND:
                yield Interval(last, segment.interval.start)
            last = segment.interval.end if last is None else max(last, segment.interval.end)


def _bad_spans(segment: Segment, observation: Observation) -> tuple[Interval, ...]:
    """What an observation takes away from its segment: the listed spans, or all of it where none is listed."""
    if observation.state is SegmentState.OK or observation.bad:
        return observation.bad
    return (segment.interval,)


def _withheld(ledger: CameraLedger) -> Iterator[Interval]:
    """What is lost while nobody confirmed that it is to be withheld is lost: nothing is explained away."""
    for segment in ledger.segments:
        by = ledger.withheld.get(segment.key)
        if by is not None and (by.confirmed or _kept(ledger, segment)):
            yield segment.interval


def _missing(ledger: CameraLedger) -> Iterator[Interval]:
    for segment in ledger.segments:
        observation = ledger.observations.get(segment.key)
        unanswered = observation is not None and observation.state is SegmentState.MISSING
        if unanswered or not _kept(ledger, segment):
            yield segment.interval


def _damaged(ledger: CameraLedger) -> Iterator[Interval]:
    for segment in ledger.segments:
        observation = ledger.observations.get(segment.key)
        if observation is not None and observation.state is not SegmentState.MISSING:
            for bad in _bad_spans(segment, observation):
                inside = bad.intersection(segment.interval)
                if inside is not None:
                    yield inside


def _inside_runs(ledger: CameraLedger, now: datetime) -> IntervalSet:
    ends = [(run.started, _run_end(ledger, run, now)) for run in ledger.runs]
    return _rounded(Interval(start, end) for start, end in ends if start < end)


def _run_end(ledger: CameraLedger, run: Run, now: datetime) -> datetime:
    if run.ended is not None:
        return run.ended
    return now if _may_be_writing(ledger, run, now) else _last_end(ledger, run)


def _may_be_writing(ledger: CameraLedger, run: Run, now: datetime) -> bool:
    recorder = _recorder(ledger, run)
    return recorder is not None and recorder.ended is None and now - recorder.seen <= GIVEN_UP_AFTER


def _recorder(ledger: CameraLedger, run: Run) -> Recorder | None:
    return next((recorder for recorder in ledger.recorders if recorder.id == run.recorder), None)


def _last_end(ledger: CameraLedger, run: Run) -> datetime:
    """The end of the run's last closed segment, or its start while it has none."""
    ends = [segment.interval.end for segment in ledger.segments if segment.run == run.id]
    return max(ends, default=run.started)
