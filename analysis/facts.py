"""What is known of a sitting when it is judged: the facts that the rules of ``analysis.judge`` rest on.

Not here: where they are read (``analysis.gathering``) and what they mean (``analysis.judge``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from analysis.backup import Backup
from analysis.clocks import Drift, HostClockFacts, camera_drift
from analysis.coverage import Source, kept_copies
from analysis.views import CameraView, StationView, by_footage_alone
from domain.disposal import DisposedOf
from domain.evidence import Copy, Coverage, Observation, Segment
from domain.expected import Basis, Expectation, ExpectedPlace, ExpectedView, Phase
from domain.places import Camera, Room
from domain.plan import Target
from domain.readiness import PlanCover, Standing
from domain.timeline import Interval, IntervalSet
from domain.withholding import WithheldBy


class Waiting(StrEnum):
    """Why nothing can be decided yet."""

    NOT_ENDED = "not_ended"  # the window lasts, or nobody has closed the sitting
    NOT_SETTLED = "not_settled"  # footage of the window may still be written or was not opened yet


@dataclass(frozen=True, slots=True)
class Holding:
    """One segment of a window with what is known of its bytes. ``disposed``: it went by order, and is not missing.
    ``withheld``: it shows a 禁摄区, or somebody says so; no clause counts on it.
    """

    segment: Segment
    copies: tuple[Copy, ...]
    observation: Observation | None
    disposed: DisposedOf | None = None
    withheld: WithheldBy | None = None

    @property
    def kept(self) -> tuple[Copy, ...]:
        """The copies that stand, or that stood when it was disposed of."""
        return kept_copies(self.copies, self.disposed)


@dataclass(frozen=True)
class CameraFacts:
    """One camera of the sitting's rooms.

    ``coverage`` and ``backup`` are None while no instant of the window is settled. ``recorded`` is what each recorder
    covers by itself, ``sources`` whose footage of each covered part is shown. ``view`` is what its pictures show,
    None where nobody looks at pictures, ``reference`` the id of what they were compared with, "" for nothing.
    """

    camera: Camera
    room: str
    coverage: Coverage | None
    holdings: tuple[Holding, ...]
    backup: Backup | None = None
    recorded: Mapping[str, IntervalSet] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    view: CameraView | None = None
    reference: str = ""

    @property
    def usable(self) -> IntervalSet:
        """Recorded time that shows something, or of which nobody says that it does not."""
        if self.coverage is None:
            return IntervalSet()
        return self.coverage.covered if self.view is None else self.coverage.covered - self.view.unusable

    @property
    def certain(self) -> IntervalSet:
        """Recorded time that shows something for certain; all of it where nobody is to look."""
        if self.coverage is None:
            return IntervalSet()
        return self.coverage.covered if self.view is None else self.coverage.covered & self.view.usable

    @property
    def clock_offset_s(self) -> float | None:
        """The largest offset seen in the window, camera minus host; None where the camera told no time."""
        offsets = (holding.segment.clock_offset_s for holding in self.holdings)
        return max((offset for offset in offsets if offset is not None), key=abs, default=None)

    @cached_property
    def clock_drift(self) -> Drift | None:
        """How much faster than the host's the camera's clock runs; None where that cannot be told."""
        return camera_drift(holding.segment for holding in self.holdings)


@dataclass(frozen=True, slots=True)
class StationFacts:
    """One station with the ids of the cameras that see it. ``coverage`` and ``view`` as for a camera."""

    station: str
    room: str
    cameras: tuple[str, ...]
    coverage: Coverage | None
    view: StationView | None = None

    @property
    def seen(self) -> StationView | None:
        """How it was seen, by its footage alone where nobody looked; None while nothing is settled."""
        if self.view is None and self.coverage is not None:
            return by_footage_alone(self.station, self.coverage)
        return self.view


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """One place with how the cameras that are expected to see it did; ``coverage`` and ``view`` as for a station.

    ``required`` is the time in which it must be seen, ``core`` the part of it in which it must not be lost.
    """

    place: ExpectedPlace
    required: IntervalSet
    core: IntervalSet
    coverage: Coverage | None = None
    view: StationView | None = None


@dataclass(frozen=True, slots=True)
class SittingFacts:
    """Everything the four clauses rest on. ``exam`` is W2, the core of ``window``.

    ``waiting`` is None when the evidence is complete. ``retained_until`` is the instant up to which this batch's
    footage must be locked; ``planned`` says that the times are the plan's, because nobody opened the sitting.
    ``host_clocks`` has an entry for each host that recorded and is known to read its clock. ``expected`` is what must
    be seen, None where nothing was frozen when the sitting opened: then its stations by the register are all. With it
    ``places`` has an entry for each of its places; ``changed`` names what is not as it was when it was frozen, and
    ``intact`` says that it is what was kept then. ``plan_check`` is how the sitting stands to the check before it,
    and the code of that where it counts; None where nobody signed one.
    """

    window: Interval
    exam: Interval
    rooms: tuple[Room, ...]
    stations: tuple[StationFacts, ...]
    cameras: tuple[CameraFacts, ...]
    retained_until: datetime
    waiting: Waiting | None = None
    settled_until: datetime | None = None
    planned: bool = False
    host_clocks: tuple[HostClockFacts, ...] = ()
    expected: Expectation | None = None
    places: tuple[PlaceFacts, ...] = ()
    changed: tuple[str, ...] = ()
    intact: bool = True
    plan_check: tuple[Standing, PlanCover | None] | None = None

    @property
    def all_places(self) -> tuple[PlaceFacts, ...]:
        """The places that must be seen; without an expectation the stations, by their register."""
        if self.expected is not None:
            return self.places
        return tuple(_registered(station, self) for station in self.stations)

    def core(self, station: str) -> IntervalSet:
        """When a station must not be lost: its own times, else the exam."""
        for each in self.places:
            if each.place.target is Target.STATION and each.place.id == station:
                return each.core
        return IntervalSet([self.exam])


def _registered(station: StationFacts, facts: SittingFacts) -> PlaceFacts:
    views = tuple(ExpectedView(camera) for camera in station.cameras)
    phases = tuple(Phase)
    place = ExpectedPlace(Target.STATION, station.station, station.room, "", "", 0.0, phases, Basis.REGISTER, views)
    window, exam = IntervalSet([facts.window]), IntervalSet([facts.exam])
    return PlaceFacts(place, window, exam, station.coverage, station.seen)


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """W1 (entry), W2 (the exam) or W3 (papers and scores); may be empty where the plan gives it no time."""

    id: str
    start: datetime
    end: datetime
