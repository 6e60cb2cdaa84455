"""Stills 截图: pictures from before, during and after the longest gaps and unusable spans of a report.

Small pictures for a paper, taken from archived footage when they are asked for and kept nowhere: a picture that was
kept would be footage outside of every lock and order of disposal. 1. ``scenes`` says what of a report is shown.
2. ``planned`` says from which files, so that who may see them can be asked and written down. 3. ``taken`` opens them.

One picture by itself, of an instant that somebody named, is ``picture_of`` of the file that ``file_of`` finds.

Not here: who may have them (``dashboard.access``), and how a paper shows them (``dashboard.papers.report``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from io import BytesIO
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.examination import LOOK_APART, Colours, colours_at
from analysis.ledgers import camera_ledger
from analysis.pieces import playable
from analysis.report import BatchReport, CameraReport, SittingReport, StationReport
from analysis.views import OF_THEIR_OWN
from domain.evidence import Cause, Segment
from domain.pictures import Fault
from domain.timeline import Interval
from storage.archive import NoCopyAnswers
from storage.database import Evidence
from storage.media import (
    TIMESCALE,
    Ledger,
    MediaError,
    Sample,
    VideoFormat,
    fragment,
    init_segment,
    stored_nals,
)

MOST = 12
"""How many gaps and unusable spans of a paper are shown at most: the longest."""

WIDTH = 320  # pixels of a still
_QUALITY = 75  # of JPEG, 0..100

Opened = Callable[[Segment], AbstractContextManager[BinaryIO]]


class Moment(StrEnum):
    """When a still was taken, against the span that it tells of."""

    BEFORE = "before"
    DURING = "during"  # of a gap there is none
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Scene:
    """A span of one camera: a gap with its ``cause``, a ``fault`` of its pictures, or something before a ``station``,
    which has neither.
    """

    sitting: int
    room: str
    camera: str
    interval: Interval
    cause: Cause | None = None
    fault: Fault | None = None
    station: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """A still that is to be taken: the picture of ``segment`` nearest to ``at``, on the far side of the span's edge.

    Without a segment there is no footage of it.
    """

    scene: Scene
    moment: Moment
    at: datetime
    segment: Segment | None


@dataclass(frozen=True, slots=True)
class Still:
    """A picture as JPEG with the instant that it shows; both missing where no file of it can be read."""

    shot: Shot
    jpeg: bytes = b""
    shown: datetime | None = None


def scenes(report: SittingReport | BatchReport, most: int = MOST) -> tuple[Scene, ...]:
    """The longest spans of a report in which a camera gave nothing, or nothing usable; by sitting and time."""
    sittings = report.sittings if isinstance(report, BatchReport) else (report,)
    found = [scene for sitting in sittings for scene in _of_sitting(sitting)]
    longest = sorted(found, key=lambda scene: (-scene.interval.seconds, _place(scene)))[:most]
    return tuple(sorted(longest, key=_place))


def planned(evidence: Evidence, report: SittingReport, shown: Iterable[Scene]) -> tuple[Shot, ...]:
    """Which picture of which file shows the edges of each scene of a sitting. Raises DatabaseUnavailable."""
    found: list[Shot] = []
    files: dict[str, list[Segment]] = {}
    for scene in shown:
        if scene.sitting != report.sitting:
            continue
        if scene.camera not in files:
            files[scene.camera] = _files(evidence, report, scene.camera)
        found += _shots(scene, files[scene.camera])
    return tuple(found)


def taken(shots: Iterable[Shot], opened: Opened) -> tuple[Still, ...]:
    """The pictures of these shots, each from whichever copy answers with the right bytes."""
    return tuple(_still(shot, opened) for shot in shots)


def jpeg_of(nals: Sequence[bytes], video: VideoFormat, width: int) -> bytes:
    """A key frame as it came from a camera, as JPEG of that width at most; empty where it does not decode."""
    kept = stored_nals(tuple(nals), video.codec)
    now = datetime.fromtimestamp(0, UTC)
    one = fragment(1, 0, [Sample(kept, TIMESCALE // 25, key=True)], now, Ledger(0, 0.0, None))
    file = BytesIO(init_segment(video) + one)
    try:
        found = colours_at(file, now, min(width, video.width), after=True)
    except (MediaError, OSError):
        return b""
    return b"" if found is None else jpeg(found[1])


def jpeg(colours: NDArray[np.uint8]) -> bytes:
    """A picture, blue, green, red or grey, as JPEG; empty where it cannot be coded."""
    made, data = cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes() if made else b""


SHOWS_S = 1.0
"""How long before an instant a picture may have been taken and still show it, in seconds. Project default: no camera
of ours sends fewer than one a second, and what is older shows another moment."""


def file_of(evidence: Evidence, batch: str, camera: str, at: datetime) -> Segment | None:
    """The file of a batch's footage that a camera's picture of an instant is in, also one that is disposed of; None
    where nothing was recorded then. Raises DatabaseUnavailable.
    """
    ledger = camera_ledger(evidence, camera, Interval(at, at + timedelta(milliseconds=1)))
    found = [each for each in ledger.segments if each.batch == batch and at in each.interval]
    there = [each for each in playable(ledger) if each in found and each.key not in ledger.disposed]
    return next(iter([*there, *found]), None)


def picture_of(segment: Segment, at: datetime, opened: Opened) -> tuple[bytes, datetime] | None:
    """The picture of an instant as JPEG, with its own; None where none was taken within ``SHOWS_S`` before it.

    Raises NoCopyAnswers, MediaError, OSError.
    """
    with opened(segment) as file:
        found = colours_at(file, at + timedelta(microseconds=1), WIDTH)  # the last one before: its own instant too
    if found is None or (at - found[0]).total_seconds() > SHOWS_S:
        return None
    return _coded(found[1]), found[0]


def _of_sitting(report: SittingReport) -> Iterable[Scene]:
    for camera in report.cameras:
        yield from _of_camera(report.sitting, camera)
    for station in report.stations:
        yield from _of_station(report.sitting, station)


def _of_camera(sitting: int, camera: CameraReport) -> Iterable[Scene]:
    for gap in camera.gaps:
        yield Scene(sitting, camera.room, camera.camera, gap.interval, cause=gap.cause)
    for span in camera.faults:
        if span.fault not in OF_THEIR_OWN:
            yield Scene(sitting, camera.room, camera.camera, span.interval, fault=span.fault)


def _of_station(sitting: int, station: StationReport) -> Iterable[Scene]:
    """What stood before it; a fault of the picture is told of its camera."""
    for span in station.unusable:
        for each in span.cameras:
            if each.fault is None:
                yield Scene(sitting, station.room, each.camera, span.interval, station=station.station)


def _place(scene: Scene) -> tuple[int, datetime, str, str, str]:
    return scene.sitting, scene.interval.start, scene.camera, scene.station, scene.fault or ""


def _files(evidence: Evidence, report: SittingReport, camera: str) -> list[Segment]:
    """The files of a camera that can be opened, by time: of this batch, neither disposed of nor withheld."""
    ledger = camera_ledger(evidence, camera, report.window)
    barred = ledger.disposed.keys() | ledger.withheld.keys()
    return [each for each in playable(ledger) if each.batch == report.batch and each.key not in barred]


def _shots(scene: Scene, files: Sequence[Segment]) -> Iterable[Shot]:
    """The edges of a fault lie half way between two pictures that were looked at, so it is shown from beyond them."""
    beyond = LOOK_APART / 2
    start, end = scene.interval.start, scene.interval.end
    if scene.cause is not None:
        yield Shot(scene, Moment.BEFORE, start, _last_before(files, start))
        yield Shot(scene, Moment.AFTER, end, _first_after(files, end))
        return
    middle = start + (end - start) / 2
    yield Shot(scene, Moment.BEFORE, start - beyond, _last_before(files, start - beyond))
    yield Shot(scene, Moment.DURING, middle, _last_before(files, middle))
    yield Shot(scene, Moment.AFTER, end + beyond, _first_after(files, end + beyond))


def _last_before(files: Sequence[Segment], at: datetime) -> Segment | None:
    return next((each for each in reversed(files) if each.interval.start < at), None)


def _first_after(files: Sequence[Segment], at: datetime) -> Segment | None:
    return next((each for each in files if each.interval.end > at), None)


def _still(shot: Shot, opened: Opened) -> Still:
    """Without a picture where none of the file's copies answers, or no picture of it decodes there."""
    if shot.segment is None:
        return Still(shot)
    try:
        with opened(shot.segment) as file:
            found = colours_at(file, shot.at, WIDTH, after=shot.moment is Moment.AFTER)
    except (NoCopyAnswers, MediaError, OSError):
        return Still(shot)
    if found is None:
        return Still(shot)
    shown, colours = found
    data = jpeg(colours)
    return Still(shot, data, shown) if data else Still(shot)


def _coded(colours: Colours) -> bytes:
    """Raises OSError where it cannot be coded."""
    data = jpeg(colours)
    if not data:
        raise OSError("the picture cannot be coded as JPEG")
    return data
