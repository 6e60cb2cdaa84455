"""Which picture analysis a segment is due: by which version of the eye, against which reference of its camera.

A sitting rests on the newest reference of a camera that was valid when it opened; until then on the newest there is.
Footage is looked at when it is first opened. It is looked at again where the reference of its sitting is another one
by now or where the version is: only for cameras that have a reference, and only until the batch is closed, since what
was signed then rests on what was seen by then. Where a look is owed, since looking failed or what was seen was lost
with a database, it is looked at again whatever became of the batch, a few times at most. Not here: measuring
(``analysis.eye``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.eye import EYE, Eye, Measure
from domain.evidence import Segment
from domain.pictures import Look, Sample
from domain.places import Sitting
from domain.timeline import Clock, Interval
from storage.database import Database
from storage.database.looks import WantedLook

LONGEST_SEGMENT = timedelta(minutes=10)
"""A segment that begins so long before a sitting's window may reach into it (KAOJIAN_SEGMENT_SECONDS)."""

FRESH_S = 5.0
"""For how long what is known of sittings and references is taken as it was read."""

LOOK_AGAIN_S = 15.0
"""How often it is asked what waits for another look."""

LONG_OVER = timedelta(hours=1)

LATELY = timedelta(days=7)
"""Of how long ago sittings are asked for what waits, when only its number is wanted."""

_AT_ONCE = 500  # segments that one question answers with
_CALIBRATIONS = 64  # kept in memory


@dataclass(frozen=True, slots=True)
class Target:
    """How a segment's pictures are to be measured. ``reference`` is "" for against nothing."""

    version: int
    reference: str
    measure: Measure
    calibration: bytes | None


class Looking:
    """What is to be looked at, by what one database says. Raises DatabaseUnavailable."""

    def __init__(self, database: Database, eye: Eye, clock: Clock) -> None:
        self._database = database
        self._eye = eye
        self._clock = clock
        self._sittings: list[Sitting] = []
        self._read: float | None = None
        self._frozen: dict[tuple[str, datetime], str] = {}
        self._newest: dict[str, str] = {}
        self._calibrations: dict[tuple[str, str], bytes] = {}
        self._closed: set[str] = set()
        self._done: set[WantedLook] = set()
        self._asked: float | None = None

    def target(self, segment: Segment) -> Target:
        """How a segment is to be looked at now."""
        self._refresh()
        sitting = next((each for each in self._sittings if _holds(each, segment)), None)
        at = segment.interval.start if sitting is None else sitting.opened
        return self._target(segment.camera, self._reference(segment.camera, at))

    def waiting(self, limit: int, without: Collection[str] = ()) -> list[tuple[Segment, Target]]:
        """Segments that were opened and are to be looked at again, so many at most, oldest sitting first.

        None of those ``without``, by key. Asked too often, it finds nothing.
        """
        now = self._clock.monotonic()
        if self._asked is not None and now - self._asked < LOOK_AGAIN_S:
            return []
        self._refresh()
        found: list[tuple[Segment, Target]] = []
        for wanted, over in self._wanted():
            unseen = self._unseen(wanted)
            if over and not unseen:
                self._done.add(wanted)
            found += [
                (each, self._target(each.camera, wanted.reference)) for each in unseen if each.key not in without
            ]
            if len(found) >= limit:
                return found[:limit]
        known = {each.key for each, _ in found} | set(without)
        found += [
            (each, self.target(each))
            for each in self._database.looks.owed(limit + len(without))
            if each.key not in known
        ]
        if len(found) < limit:
            self._asked = now
        return found[:limit]

    def count(self, limit: int) -> int:
        """How many segments wait, counted up to ``limit``: all that a look is owed to, and of sittings of the last
        week those that were looked at otherwise.
        """
        self._refresh()
        self._sittings = [each for each in self._sittings if self._clock.now() - each.window.end < LATELY]
        found = {each.key for each in self._database.looks.owed(limit)}
        for wanted, _ in self._wanted():
            if len(found) >= limit:
                break
            found |= {each.key for each in self._unseen(wanted)}
        return min(limit, len(found))

    def failed(self, segment: Segment) -> int:
        """Write down that nobody could look at a segment; how often by now. Raises UnknownRow."""
        return self._database.looks.failed(segment.key)

    def keep(self, segment: Segment, target: Target, samples: Sequence[Sample]) -> None:
        """Write down what was measured. Raises RowRefused, UnknownRow; ValueError for numbers that are none."""
        look = Look(segment.key, target.version, target.reference, self._clock.now(), tuple(samples))
        self._database.looks.add(look)

    def _wanted(self) -> Iterator[tuple[WantedLook, bool]]:
        """What is to be asked for, and whether its sitting is long over: what comes in later is looked at at once."""
        now = self._clock.now()
        for sitting in sorted(self._sittings, key=lambda each: each.window.start):
            begins = _reaching(sitting)
            if begins.start > now or self._is_closed(sitting.batch.id):
                continue
            over = sitting.closed is not None and now - sitting.window.end > LONG_OVER
            for camera in sitting.cameras():
                reference = self._reference(camera.id, sitting.opened)
                wanted = WantedLook(sitting.batch.id, camera.id, begins, self._eye.version, reference)
                if reference and wanted not in self._done:
                    yield wanted, over

    def _unseen(self, wanted: WantedLook) -> list[Segment]:
        """Where two sittings touch, a segment is of both, and marked by the look that either wanted last."""
        looks = self._database.looks
        marked = looks.waiting(wanted, _AT_ONCE)
        known = looks.looked_at([each.key for each in marked], wanted.version, wanted.reference) if marked else set()
        return [each for each in marked if each.key not in known]

    def _target(self, camera: str, reference: str) -> Target:
        calibration = self._calibration(camera, reference) if reference else None
        return Target(self._eye.version, reference, self._eye.measure, calibration)

    def _reference(self, camera: str, opened: datetime | None) -> str:
        """The id of the reference that a sitting rests on; "" where there is none."""
        if opened is None:
            if camera not in self._newest:
                self._newest[camera] = self._database.looks.reference_id(camera, self._clock.now())
            return self._newest[camera]
        if (camera, opened) not in self._frozen:
            self._frozen[camera, opened] = self._database.looks.reference_id(camera, opened)
        return self._frozen[camera, opened]

    def _calibration(self, camera: str, reference: str) -> bytes:
        name = (camera, reference)
        if name not in self._calibrations:
            while len(self._calibrations) >= _CALIBRATIONS:
                del self._calibrations[next(iter(self._calibrations))]
            self._calibrations[name] = self._database.looks.calibration(camera, reference)
        return self._calibrations[name]

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if self._read is None or now - self._read >= FRESH_S:
            self._sittings = self._database.setup.sittings()
            self._newest, self._read = {}, now

    def _is_closed(self, batch: str) -> bool:
        if batch not in self._closed and self._database.closings.latest(batch) is not None:
            self._closed.add(batch)
        return batch in self._closed


def count_waiting(database: Database, now: datetime, limit: int) -> int:
    """How many segments that were opened are to be looked at, counted up to ``limit``; 0 where there is no eye.

    Those that nobody tries to look at any more do not count. Raises DatabaseUnavailable.
    """
    if EYE is None:
        return 0
    return Looking(database, EYE, _Standing(now)).count(limit)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A clock that stands: for who asks once."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0


def _holds(sitting: Sitting, segment: Segment) -> bool:
    cameras = {camera.id for camera in sitting.cameras()}
    return (
        sitting.batch.id == segment.batch
        and segment.camera in cameras
        and segment.interval.start in _reaching(sitting)
    )


def _reaching(sitting: Sitting) -> Interval:
    """When segments begin that reach into a sitting's window. One that is open lasts: its end may come later."""
    lasting = sitting.opened is not None and sitting.closed is None
    end = sitting.window.end + (timedelta(days=2) if lasting else timedelta())
    return Interval(min(sitting.window.start, sitting.plan.recording_from) - LONGEST_SEGMENT, end)
