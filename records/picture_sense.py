"""What the pictures of cameras that are recorded now show, for the alarms: faults, and stations that are obstructed.

Rests on the looks at each camera's last segments, so it tells of a fault once the segment that shows it is closed and
was looked at; the time since when is the pictures' own. A camera of which nothing was looked at is not told of; where
the last look is old, nobody can tell. Not here: when an alarm is due (``records.losses``) and its words
(``records.alarm_words``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.eye import Eye
from analysis.views import OF_THEIR_OWN
from analysis.wording import FAULTS
from domain.evidence import Segment
from domain.pictures import Sight, View
from domain.places import Camera, Sitting
from records.lookout import Sensed
from storage.database import Database

RECENT = 6
"""Segments of a camera whose looks are taken together: what is said of a picture rests on those around it."""

STALE = timedelta(minutes=5)
"""A segment lasts a minute and is looked at within seconds: older looks say nothing of now."""

_OBSTRUCTED = ("被遮挡", "obstructed")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a camera's looks came to; ``asked`` is what they were."""

    asked: tuple[str, tuple[tuple[str, int], ...]]
    until: datetime
    told: tuple[Sensed, ...]


class PictureSense:
    """Asked again and again: what was decided is remembered until a segment more was looked at."""

    def __init__(self, database: Database, eye: Eye) -> None:
        self._database = database
        self._eye = eye
        self._known: dict[str, _Known] = {}

    def __call__(self, now: datetime) -> Iterator[Sensed]:
        """How each wanted camera, and each station with a region in it, stands. Raises DatabaseUnavailable."""
        wanted: dict[str, tuple[Camera, Sitting]] = {}
        for sitting in self._database.setup.sittings():
            if sitting.wants_recording(now):
                for camera in sitting.cameras():
                    wanted.setdefault(camera.id, (camera, sitting))
        self._known = {name: known for name, known in self._known.items() if name in wanted}
        for camera, sitting in wanted.values():
            yield from self._of(camera, sitting.opened or now, now)

    def _of(self, camera: Camera, frozen: datetime, now: datetime) -> Iterator[Sensed]:
        looks = self._database.looks
        reference = looks.reference_id(camera.id, frozen)
        keys = [segment.key for segment in self._recent(camera.id)]
        versions = looks.newest(keys, reference)
        if not versions:
            return
        asked = (reference, tuple(sorted(versions.items())))
        known = self._known.get(camera.id)
        if known is None or known.asked != asked:
            samples = [sample for look in looks.of(list(versions), reference).values() for sample in look.samples]
            if not samples:
                return
            last = max(sample.at for sample in samples)
            stations = [region.station for region in camera.regions] if reference else []
            sight = self._eye.decide(samples, stations)
            known = _Known(asked, last, tuple(_told(camera.id, sight, last, stations)))
            self._known[camera.id] = known
        stale = now - known.until > STALE
        yield from (Sensed(each.subject, None, each.detail) for each in known.told) if stale else known.told

    def _recent(self, camera: str) -> list[Segment]:
        """The newest segments of the recorder that recorded the newest one: twice the same picture is no replay."""
        evidence = self._database.evidence
        newest = evidence.newest_segments(camera, RECENT)
        recorders = {run.id: run.recorder for run in evidence.runs_of({segment.run for segment in newest})}
        return [each for each in newest if recorders.get(each.run) == recorders.get(newest[0].run)]


def _told(camera: str, sight: Sight, last: datetime, stations: Sequence[str]) -> Iterator[Sensed]:
    """What holds at the last picture."""
    faults = [span for span in sight.faults if span.fault not in OF_THEIR_OWN and last in span.interval]
    zh = "、".join(f"{FAULTS[each.fault].zh}（测得 {each.measured:.4g}，限值 {each.limit:g}）" for each in faults)
    en = ", ".join(f"{FAULTS[each.fault].en} (measured {each.measured:.4g}, limit {each.limit:g})" for each in faults)
    began = min((each.interval.start for each in faults), default=None)
    yield Sensed(f"picture/{camera}", bool(faults), (zh, en), began)
    for station in stations:
        hidden = [
            span.interval.start
            for span in sight.stations
            if (span.station, span.view) == (station, View.OBSTRUCTED) and last in span.interval
        ]
        yield Sensed(f"view/{camera}/{station}", bool(hidden), _OBSTRUCTED, min(hidden, default=None))
