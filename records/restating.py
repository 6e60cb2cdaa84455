"""What a signed manifest states of a batch, written down again where the database has lost it.

Everything is taken as stated: which segments there were and what opening them had shown, by which recorder and in
which run, and every gap of every camera with its cause. What a manifest does not state, such as the size of the
pictures, is read from the files; where a file is gone that is unknown too, and stands as 0. Not here: whether the
manifest is to be believed (``records.rebuilding``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from domain.evidence import Cause, EndReason, Gap, Observation, Recorder, Run, Segment, SegmentState
from domain.manifest import Link, Manifest, SegmentStatement
from domain.timeline import Interval, IntervalSet
from records.adopting import Adopting, Fetched, life
from storage.objects import Objects

_FOLLOWS = frozenset(
    {Cause.SEGMENT_MISSING, Cause.SEGMENT_DAMAGED, Cause.NO_CAMERA, Cause.RECORDER_STOPPED, Cause.UNEXPLAINED}
)
"""Causes that follow from other rows: from observations, from the plan, and from where there is a run or none."""

_ENDS = {
    Cause.CAMERA_DISCONNECTED: EndReason.CAMERA_DISCONNECTED,
    Cause.NO_DATA: EndReason.NO_DATA,
    Cause.RECORDER_STOPPED: EndReason.RECORDER_STOPPED,
    Cause.CLOCK_STEP: EndReason.CLOCK_STEP,
    Cause.DISK_FULL: EndReason.DISK_FULL,
    Cause.OVERFLOW: EndReason.OVERFLOW,
}
"""Why a run ended, by the cause of the gap behind it."""

_SEAM = timedelta(milliseconds=1)


class Restating:
    """Takes in one manifest. ``link`` names it, and says when it was signed."""

    def __init__(self, work: Adopting, link: Link, manifest: Manifest) -> None:
        self._work = work
        self._link = link
        self._manifest = manifest
        self._says = f"as stated in manifest {link.number} of site {link.site}"
        self._gaps = _gaps_of_cameras(manifest)
        self._lives = self._recorders()
        self._runs = self._runs_stated()

    def take_in(self) -> None:
        """Each step may be repeated without harm, so that one that was killed goes on."""
        work = self._work
        for recorder in self._lives.values():
            work.evidence.adopt_recorder(recorder)
        known = {segment.key for segment, _ in work.evidence.segments_of(self._manifest.batch)}
        for stated in self._manifest.segments:
            if stated.key not in known:
                work.tell(stated.key)
                self._take_segment(stated)
        self._restate([each for each in self._manifest.segments if each.key in known])
        for camera, gaps in sorted(self._gaps.items()):
            for gap in gaps:
                self._take_gap(camera, gap)

    def _take_segment(self, stated: SegmentStatement) -> None:
        found = [each for store in self._work.stores for each in [self._found(store, stated)] if each is not None]
        segment = self._segment(stated, found[0] if found else None)
        copies = [self._work.copy_of(each) for each in found]
        if not found and stated.state is SegmentState.OK:
            self._work.lost.append(stated.key)
        self._work.evidence.adopt_segment(segment, self._runs[stated.run], copies, self._observation(stated))
        self._work.done.stated += 1
        self._work.done.to_look += copies != []

    def _found(self, store: Objects, stated: SegmentStatement) -> Fetched | None:
        """The object in a store, in the version that is stated or the newest; None without the bytes stated."""
        versions = [each.version_id for each in stated.objects if each.target == store.target]
        for version in (*versions, None):  # a bucket that was copied elsewhere has versions of its own
            found = self._work.fetched(store, stated.key, version)
            if found is not None and (found.sha256, found.size_bytes) == (stated.sha256, stated.size_bytes):
                return found
        return None

    def _segment(self, stated: SegmentStatement, found: Fetched | None) -> Segment:
        told = None if found is None else found.segment(stated.run)
        if told is not None:
            return replace(told, interval=stated.interval, frames=stated.frames, codec=stated.codec)
        return Segment(
            key=stated.key,
            camera=stated.camera,
            batch=self._manifest.batch,
            run=stated.run,
            interval=stated.interval,
            frames=stated.frames,
            size_bytes=stated.size_bytes,
            sha256=stated.sha256,
            init_size_bytes=0,
            codec=stated.codec,
            width=0,
            height=0,
            lost_packets=0,
            delayed_s=0.0,
            clock_offset_s=None,
        )

    def _observation(self, stated: SegmentStatement) -> Observation:
        """What opening it had shown when the manifest was signed. Damage is stated by the gaps that it left."""
        damaged = (gap.interval for gap in self._gaps[stated.camera] if gap.cause is Cause.SEGMENT_DAMAGED)
        bad = IntervalSet(damaged).clipped(stated.interval)
        whole = stated.state is SegmentState.OK and not bad
        return Observation(
            segment=stated.key,
            made=self._link.signed_at,
            state=stated.state,
            frames_decoded=stated.frames if whole else 0,
            bad=() if stated.state is SegmentState.MISSING else tuple(bad),
            detail=self._says,
        )

    def _restate(self, known: Iterable[SegmentStatement]) -> None:
        """Segments that an earlier manifest stated too, where this one states otherwise what opening them showed."""
        stated = {each.key: each for each in known}
        for key, seen in self._work.evidence.observations(list(stated)).items():
            if seen.state is not stated[key].state and seen.made < self._link.signed_at:
                self._work.evidence.add_observation(self._observation(stated[key]))

    def _take_gap(self, camera: str, gap: Gap) -> None:
        if gap.recorders:
            for each in gap.recorders:
                self._take_cause(camera, gap.interval, each.cause, self._lives[each.recorder])
            return
        names = {each.recorder for each in self._manifest.segments if each.camera == camera}
        self._take_cause(camera, gap.interval, gap.cause, self._lives[names.pop()] if len(names) == 1 else None)

    def _take_cause(self, camera: str, span: Interval, cause: Cause, recorder: Recorder | None) -> None:
        spans = [span]
        if cause is Cause.UNEXPLAINED:  # inside a run nothing needs to be said: there it follows
            runs = self._work.evidence.runs(camera, span)
            ends = [(each.started, each.ended or span.end) for each in runs]
            spans = list(
                IntervalSet([span]) - IntervalSet(Interval(start, end) for start, end in ends if start < end)
            )
        elif cause in _FOLLOWS:
            return
        for each in spans:
            self._work.say_out(
                camera, each, cause, recorder=None if recorder is None else recorder.id, detail=self._says
            )

    def _recorders(self) -> dict[str, Recorder]:
        """By name, each recorder that the manifest speaks of, as long as the batch knows it."""
        manifest = self._manifest
        windows = [each.window for each in manifest.sittings]
        spans: dict[str, list[Interval]] = defaultdict(list)
        for stated in manifest.segments:
            spans[stated.recorder].append(stated.interval)
        for gaps in self._gaps.values():
            for name in (each.recorder for gap in gaps for each in gap.recorders):
                spans.setdefault(name, list(windows))
        return {name: life(manifest.site, manifest.batch, name, found) for name, found in spans.items()}

    def _runs_stated(self) -> dict[str, Run]:
        of_run: dict[str, list[SegmentStatement]] = defaultdict(list)
        for stated in self._manifest.segments:
            of_run[stated.run].append(stated)
        return {run: self._run(run, stated) for run, stated in of_run.items()}

    def _run(self, run: str, stated: list[SegmentStatement]) -> Run:
        first = stated[0]
        start, end = min(each.interval.start for each in stated), max(each.interval.end for each in stated)
        behind = (gap.cause for gap in self._gaps[first.camera] if abs(gap.interval.start - end) <= _SEAM)
        # Without a gap behind it nobody wrote down why it ended: the reason that such a run has.
        reason = _ENDS.get(next(behind, Cause.UNEXPLAINED), EndReason.RECORDER_KILLED)
        return Run(run, first.camera, self._lives[first.recorder].id, start, end, reason)


def _gaps_of_cameras(manifest: Manifest) -> Mapping[str, list[Gap]]:
    found: dict[str, list[Gap]] = defaultdict(list)
    for sitting in manifest.sittings:
        for stated in sitting.cameras:
            found[stated.camera] += stated.gaps
    return found
