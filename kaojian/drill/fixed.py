"""Compares a report with the truth: did it name exactly the faults that were played, with the right cause and edges?

Of faults of a connection it must name the gaps, of tampering with pictures the spans that show nothing. Pure. The
truth comes from the simulated cameras, the report from the evidence; neither knows of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from analysis.report import SittingReport
from domain.evidence import Cause, Gap
from domain.pictures import Fault as PictureFault
from domain.timeline import Interval, IntervalSet, rfc3339
from ingest.simulator.faults import Cover, Disconnect, Fault, PlayedFault, Stall, Turn

EDGE_S = 1.5
"""How far an edge of a reported gap may lie from the truth: reconnecting takes a moment, and a key frame."""

PICTURE_EDGE_S = 4.5
"""The same for what pictures show: one sample, at most 2 s after the one before, and 2 s; and the edge's own."""

_PICTURES: tuple[type[Fault], ...] = (Cover, Turn)
_CAUSES: Mapping[type[Fault], Cause] = {Disconnect: Cause.CAMERA_DISCONNECTED, Stall: Cause.NO_DATA}


def differences(
    truth: Sequence[PlayedFault], report: SittingReport, views: Mapping[str, Sequence[str]], edge_s: float = EDGE_S
) -> list[str]:
    """One line for each way in which the report departs from the truth; empty when it names exactly what was played.

    ``views`` maps each station to the cameras that see it. Raises ValueError for a fault no gap is known for.
    """
    pictures = [played for played in truth if isinstance(played.fault, _PICTURES)]
    truth = [played for played in truth if not isinstance(played.fault, _PICTURES)]
    expected = {camera.camera: _camera_gaps(truth, camera.camera, report.window) for camera in report.cameras}
    found = [
        line
        for camera in report.cameras
        for line in _compared(f"camera {camera.camera}", expected[camera.camera], camera.gaps, edge_s)
    ]
    for station in report.stations:
        gaps = _station_gaps([expected[camera] for camera in views[station.station]])
        found += _compared(f"station {station.station}", gaps, station.gaps, edge_s)
    return [*found, *_pictures_compared(pictures, report, views)]


def _pictures_compared(
    truth: Sequence[PlayedFault], report: SittingReport, views: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """A turned camera is moved; a station is out of sight while each camera that sees it is kept from showing it."""
    for camera in report.cameras:
        turned = [_span(each) for each in truth if each.camera == camera.camera and isinstance(each.fault, Turn)]
        told = [each.interval for each in camera.faults if each.fault is PictureFault.MOVED]
        yield from _spans_compared(f"camera {camera.camera}: moved", turned, told)
        for each in camera.faults:
            if each.fault is not PictureFault.MOVED:
                yield f"camera {camera.camera}: reported but not played: {each.fault} {_at(each.interval)}"
    for station in report.stations:
        taken = [_taken(truth, camera, station.station) for camera in views[station.station]]
        hidden = taken[0] if taken else IntervalSet()
        for other in taken[1:]:
            hidden = hidden & other
        told = [each.interval for each in station.unusable]
        yield from _spans_compared(f"station {station.station}: out of sight", list(hidden), told, station.unverified)


def _taken(truth: Sequence[PlayedFault], camera: str, station: str) -> IntervalSet:
    """When a camera did not show a station, by what the simulator says of each fault."""
    spans = (
        _span(each) for each in truth if each.camera == camera and station in {one.station for one in each.stations}
    )
    return IntervalSet(spans)


def _span(played: PlayedFault) -> Interval:
    return Interval(played.start, played.end)


def _spans_compared(
    what: str, expected: Sequence[Interval], told: Sequence[Interval], doubts: Sequence[Interval] = ()
) -> Iterator[str]:
    """What is told lies within what was played, edges aside, takes half of it at least, and of the rest it is said
    that nobody knows: at no instant beyond the edges may the contrary be said.
    """
    left = list(told)
    for span in expected:
        match = next((each for each in left if _is_told(span, each, doubts)), None)
        if match is None:
            yield f"{what}: played but not reported: {_at(span)}"
        else:
            left.remove(match)
    for each in left:
        yield f"{what}: reported but not played: {_at(each)}"


def _is_told(span: Interval, told: Interval, doubts: Sequence[Interval]) -> bool:
    edge = timedelta(seconds=PICTURE_EDGE_S)
    within = span.start - edge <= told.start and told.end <= span.end + edge
    core = IntervalSet([Interval(span.start + edge, span.end - edge)]) if span.end - span.start > 2 * edge else None
    known = IntervalSet([told, *doubts])
    return within and 2 * told.seconds >= span.seconds and (core is None or not core - known)


def _at(span: Interval) -> str:
    return f"{rfc3339(span.start)} .. {rfc3339(span.end)} ({span.seconds:.3f} s)"


def _camera_gaps(truth: Sequence[PlayedFault], camera: str, window: Interval) -> list[Gap]:
    gaps = []
    for played in truth:
        cause = _CAUSES.get(type(played.fault))
        if cause is None:
            raise ValueError(f"no gap is known for the fault {type(played.fault).__name__} of camera {played.camera}")
        span = Interval(played.start, played.end).intersection(window)
        if played.camera == camera and span is not None:
            gaps.append(Gap(span, cause))
    return sorted(gaps, key=lambda gap: gap.interval.start)


def _station_gaps(views: Sequence[Sequence[Gap]]) -> list[Gap]:
    """What no camera saw. The cause of the best rank names it, as docs/time.md says."""
    if not views:
        return []
    common = IntervalSet(gap.interval for gap in views[0])
    for view in views[1:]:
        common = common & IntervalSet(gap.interval for gap in view)
    every = [gap for view in views for gap in view]
    return [
        Gap(span, min((gap.cause for gap in every if gap.interval.overlaps(span)), key=lambda cause: cause.rank))
        for span in common
    ]


def _compared(who: str, expected: Sequence[Gap], reported: Sequence[Gap], edge_s: float) -> Iterator[str]:
    left = list(reported)
    for gap in expected:
        match = next((other for other in left if _same(gap, other, edge_s)), None)
        if match is None:
            yield f"{who}: played but not reported: {_told(gap)}"
        else:
            left.remove(match)
    for gap in left:
        yield f"{who}: reported but not played: {_told(gap)}"


def _same(expected: Gap, reported: Gap, edge_s: float) -> bool:
    edge = timedelta(seconds=edge_s)
    return (
        expected.cause is reported.cause
        and abs(expected.interval.start - reported.interval.start) <= edge
        and abs(expected.interval.end - reported.interval.end) <= edge
    )


def _told(gap: Gap) -> str:
    return f"{gap.cause} {_at(gap.interval)}"
