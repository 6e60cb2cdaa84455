"""What a perfect recorder could have kept of each camera, and what excuses the rest: the truth a report is held to.

Made from what the cameras sent and what the host went through, never from the evidence. For each camera

- *good* is the time of the pictures that reached the recorder whole, each up to the next one. It must be covered,
  and nothing else may be (docs/time.md, "The drill").
- an *excuse* is a span in which time may be uncovered, with the causes that may be named. Good time inside it must
  be covered all the same, unless the excuse is ``wholly``: what was received had to die with the process or could
  not be written.

Not here: the comparison (``comparison``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise, zip_longest
from typing import Protocol

from domain.evidence import Cause
from domain.timeline import Interval, IntervalSet
from ingest.clock import ENVELOPE_S
from ingest.recorder import KEYLESS_S
from ingest.segmenter import LONGEST_STEP_S
from ingest.simulator.faults import Congestion, Disconnect, LateBurst, PacketLoss, Stall, Standstill
from kaojian.drill.plan import (
    CameraKind,
    ClockStep,
    DatabaseAway,
    DiskFull,
    DiskSlow,
    DiskStopped,
    Planned,
)

FRAGMENT_S = 1.0
SILENCE_S = 2.5
"""A pause of pictures from here on may end a connection."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture that arrived: when it was taken, monotonic time of the host; whether it is a key frame, and whole.

    ``after_loss`` says that packets between it and the picture before it never came.
    """

    taken_s: float
    arrived_s: float
    key: bool
    whole: bool
    after_loss: bool


@dataclass(slots=True)
class Connection:
    """What one connection brought, in order."""

    began_s: float
    sent: list[Sent] = field(default_factory=list)


class Walls(Protocol):
    """The host's wall clock by its monotonic one."""

    steps: list[tuple[float, float]]

    def wall_at(self, monotonic: float, *, before_step: bool = False) -> datetime:
        """What the wall clock said at that monotonic instant."""

    def walls(self, start: float, end: float) -> tuple[datetime, datetime]:
        """The earliest and the latest that it said from one monotonic instant to another."""


class Witness(Protocol):
    """A camera that wrote down what it sent."""

    @property
    def kind(self) -> CameraKind: ...

    @property
    def planned(self) -> Sequence[Planned]: ...

    @property
    def clock(self) -> Walls: ...

    @property
    def connections(self) -> Sequence[Connection]: ...

    @property
    def edge_s(self) -> float:
        """How far an edge of the report may lie from what it sent."""

    def resumed_s(self, since_s: float) -> float:
        """By when footage must go on, once nothing stands in its way: the longest pause between two attempts, behind
        an NVR the longest wait for a turn, an attempt, and the next whole key frame."""


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a span may be uncovered."""

    span: Interval
    causes: frozenset[Cause]
    wholly: bool = False


@dataclass(frozen=True, slots=True)
class CameraTruth:
    """The truth of one camera. ``edge_s`` is how far an edge of the report may lie from it.

    ``possible`` is the good time and pauses of which clocks may decide either way whether they are a hole.
    ``blurred`` are the spans in which it may lie farther: a run that began in a congestion knows no picture in time.
    ``twice`` is what a wall clock that was set back showed again, and the edge at which the first pass ends: of such
    a second either pass may be told.
    """

    camera: str
    good: IntervalSet
    possible: IntervalSet
    excuses: tuple[Excuse, ...]
    edge_s: float
    blurred: tuple[tuple[Interval, float], ...] = ()
    twice: IntervalSet = field(default_factory=IntervalSet)

    def edge_at(self, instant: datetime) -> timedelta:
        """How far an edge of the report may lie from an edge of the truth there."""
        blur_s = max((seconds for span, seconds in self.blurred if instant in span), default=0.0)
        return timedelta(seconds=self.edge_s + blur_s)


@dataclass(frozen=True, slots=True)
class Absence:
    """A time without a recorder, monotonic: from its death or stop to the start of the next one.

    ``undurable_since`` is when the oldest bytes came in that were not on the disk. Where ending takes a while,
    ``gone_s`` is when it was over: what came in meanwhile may be kept or not.
    """

    start_s: float
    end_s: float
    undurable_since: float
    killed: bool
    gone_s: float | None = None


def camera_truth(
    camera: Witness, host: Sequence[Planned], absences: Sequence[Absence], ended_s: float
) -> CameraTruth:
    """The truth of one camera, once the drill is over."""
    good, possible = (
        IntervalSet(span for each in camera.connections for span in _good(camera, each, slack))
        for slack in (0.9, 1.1)
    )
    edge_s = camera.edge_s
    excuses = [
        *_of_camera(camera, host, absences),
        *_of_host(camera, host),
        *_of_absences(camera, absences, host),
        _excuse(camera.clock, ended_s - 2.0, ended_s, Cause.RECORDER_STOPPED),
    ]
    blurred = tuple(_blurred(camera, edge_s))
    twice = IntervalSet(_twice(camera, edge_s))
    return CameraTruth(camera.kind.id, good, possible, tuple(excuses), edge_s, blurred, twice)


def _blurred(camera: Witness, edge_s: float) -> Iterator[tuple[Interval, float]]:
    for planned in camera.planned:
        match planned.fault:
            case Congestion(delay_s=delay_s):
                until_s = planned.end_s + delay_s + 1.0
                for connection in camera.connections:
                    if planned.at_s - delay_s <= connection.began_s < until_s:
                        start, end = camera.clock.walls(connection.began_s - delay_s - edge_s, until_s + edge_s)
                        yield Interval(start, end), delay_s
            case Standstill(seconds=seconds) if seconds < ENVELOPE_S:
                start, end = camera.clock.walls(planned.at_s - edge_s, planned.end_s + ENVELOPE_S + edge_s)
                yield Interval(start, end), seconds
            case _:
                pass


def _twice(camera: Witness, edge_s: float) -> Iterator[Interval]:
    """The first pass ends with its last picture, which may stand for a while after the step.

    That end is an edge also where the second pass shows the same second, so that none is seen there. The second pass
    begins with the pictures that were on their way, which are dated by the new clock.
    """
    clock, edge = camera.clock, timedelta(seconds=edge_s)
    for at_s, step_s in clock.steps:
        if step_s < 0:
            first = (span for each in camera.connections for span in _good(camera, _until(each, at_s), 0.9))
            ended = sorted(span.end - edge for span in first)[-1:]
            start = min([clock.wall_at(at_s), *ended, *_on_their_way(camera, at_s)])
            yield Interval(start, clock.wall_at(at_s, before_step=True) + edge)


def _on_their_way(camera: Witness, at_s: float) -> Iterator[datetime]:
    """Where pictures lie that were taken before that instant, of runs that began after it."""
    for connection in camera.connections:
        if connection.sent and connection.sent[0].arrived_s >= at_s:
            yield from (_dated(camera.clock, sent) for sent in connection.sent if sent.taken_s < at_s)


def _dated(clock: Walls, sent: Sent) -> datetime:
    """A run keeps the wall clock by which it began: that of the arrival, if it was stepped since the taking."""
    return clock.wall_at(sent.arrived_s) - timedelta(seconds=sent.arrived_s - sent.taken_s)


def _until(connection: Connection, at_s: float) -> Connection:
    """What it had brought by then."""
    return Connection(connection.began_s, [sent for sent in connection.sent if sent.arrived_s < at_s])


def longest_step_s(kind: CameraKind) -> float:
    """Pictures further apart have a hole between them."""
    return max(LONGEST_STEP_S, 3 * kind.interval_s)


def _good(camera: Witness, connection: Connection, slack: float) -> Iterator[Interval]:
    """The spans of the pictures that can be decoded, on the host's wall clock."""
    usual_s, longest_s, broken = camera.kind.interval_s, slack * longest_step_s(camera.kind), True
    for sent, following in zip_longest(connection.sent, connection.sent[1:]):
        broken = (broken or not sent.whole or sent.after_loss) and not (sent.key and sent.whole)
        if broken:
            continue
        if following is None or following.after_loss or _stepped(camera.clock, sent, following):
            step_s = usual_s  # for how much longer it stood is not known
        else:
            step_s = following.taken_s - sent.taken_s
        start = _dated(camera.clock, sent)
        yield Interval(start, start + timedelta(seconds=step_s if step_s <= longest_s else usual_s))


def _stepped(clock: Walls, sent: Sent, following: Sent) -> bool:
    """Whether the next picture is dated by another clock."""
    return any(sent.arrived_s < at_s <= following.arrived_s for at_s, _ in clock.steps)


def _excuse(clock: Walls, start_s: float, end_s: float, *causes: Cause, wholly: bool = False) -> Excuse:
    start, end = clock.walls(start_s, end_s)
    return Excuse(Interval(start, max(end, start + timedelta(milliseconds=1))), frozenset(causes), wholly)


def _waits(camera: Witness) -> tuple[Cause, ...]:
    """A key frame that lets itself be waited for is the camera's own gap."""
    if camera.kind.key_on_play or camera.kind.gop * camera.kind.interval_s <= KEYLESS_S:
        return ()
    return (Cause.NO_DATA,)


def _of_camera(camera: Witness, host: Sequence[Planned], absences: Sequence[Absence]) -> Iterator[Excuse]:
    kind, clock = camera.kind, camera.clock
    for planned in camera.planned:
        start, end, back = planned.at_s, planned.end_s, camera.resumed_s(planned.end_s)
        match planned.fault:
            case Disconnect():
                yield _excuse(clock, start, back, Cause.CAMERA_DISCONNECTED, *_waits(camera))
            case Stall() | Standstill():
                yield _excuse(clock, start - kind.interval_s, back, Cause.NO_DATA)
            case PacketLoss():
                until_s = end + (2 * kind.gop + 1) * kind.interval_s
                starved = [Cause.NO_DATA] if _starves(camera, start, until_s) else []
                yield _excuse(clock, start, until_s, Cause.PACKET_LOSS, *starved)
            case LateBurst(seconds=seconds) if seconds > SILENCE_S:
                yield _excuse(clock, start, back, Cause.NO_DATA)
            case LateBurst() | Congestion():
                yield from _in_flight(camera, planned, host, absences)
            case _:
                pass


def _starves(camera: Witness, start_s: float, end_s: float) -> bool:
    """Whether losses leave a connection so long without a picture, or one to begin with, that it is silent."""
    for connection, following in zip_longest(camera.connections, camera.connections[1:]):
        came = [connection.began_s, *(sent.arrived_s for sent in connection.sent if sent.whole)]
        came += [following.began_s] if following is not None else []
        for before, after in pairwise(came):
            if after - before >= SILENCE_S and before < end_s and after > start_s:
                return True
    return False


def _in_flight(
    camera: Witness, planned: Planned, host: Sequence[Planned], absences: Sequence[Absence]
) -> Iterator[Excuse]:
    """What was held back when the connection ended is lost with it, for whatever ended it."""
    delay_s = planned.fault.delay_s if isinstance(planned.fault, Congestion) else 0.0
    ends = [(absence.start_s, Cause.RECORDER_STOPPED) for absence in absences]
    for other in (*camera.planned, *host):
        match other.fault:
            case Disconnect():
                ends.append((other.at_s, Cause.CAMERA_DISCONNECTED))
            case ClockStep():
                ends.append((other.at_s, Cause.CLOCK_STEP))
            case DiskFull():
                ends.append((other.at_s + camera.kind.interval_s, Cause.DISK_FULL))
            case DiskStopped() | DiskSlow():
                ends.append((other.end_s, Cause.OVERFLOW))
            case _:
                pass
    for at_s, cause in ends:
        if planned.at_s <= at_s <= planned.end_s + delay_s:
            yield _excuse(camera.clock, max(planned.at_s, at_s - delay_s - planned.fault.seconds), at_s, cause)


def _of_host(camera: Witness, host: Sequence[Planned]) -> Iterator[Excuse]:
    clock = camera.clock
    for planned in host:
        back = camera.resumed_s(planned.end_s)
        match planned.fault:
            case ClockStep():
                late_s = camera.kind.interval_s + 0.1
                yield _excuse(clock, planned.at_s - late_s, back + late_s, Cause.CLOCK_STEP, *_waits(camera))
            case DiskFull():
                noticed_s = planned.end_s + camera.kind.interval_s + 0.1  # by the next picture that comes
                start = min([planned.at_s, *_stopped_disks(host, planned.at_s)])
                yield _excuse(clock, _undurable_s(camera, start), noticed_s, Cause.DISK_FULL, wholly=True)
                yield _excuse(clock, planned.at_s, camera.resumed_s(noticed_s), Cause.DISK_FULL, *_waits(camera))
            case DiskStopped() | DiskSlow():
                yield _excuse(clock, planned.at_s, back + 2.0, Cause.OVERFLOW, *_waits(camera))
            case _:
                pass


def _stopped_disks(host: Iterable[Planned], at_s: float) -> Iterator[float]:
    for planned in host:
        if isinstance(planned.fault, DiskStopped | DiskSlow) and planned.at_s <= at_s <= planned.end_s + 1.0:
            yield planned.at_s


def _undurable_s(camera: Witness, at_s: float) -> float:
    """From where on pictures are not on the disk yet: the last second of those that came, however long before they
    were taken (the open fragment), the picture in hand and the one awaited."""
    received = [sent for each in camera.connections for sent in each.sent if sent.arrived_s <= at_s]
    latest_s = max((sent.arrived_s for sent in received), default=at_s)
    fresh_s = min((sent.taken_s for sent in received if sent.arrived_s >= latest_s - FRAGMENT_S), default=at_s)
    return min(at_s, fresh_s) - 2 * camera.kind.interval_s


def _of_absences(camera: Witness, absences: Sequence[Absence], host: Sequence[Planned]) -> Iterator[Excuse]:
    """What nobody received, and what a killed recorder had received and not made durable."""
    for absence in absences:
        back = camera.resumed_s(absence.end_s)
        yield _excuse(camera.clock, absence.start_s, back, Cause.RECORDER_STOPPED, *_waits(camera))
        if absence.gone_s is not None:
            yield _excuse(camera.clock, absence.start_s, absence.gone_s, Cause.RECORDER_STOPPED, wholly=True)
        if absence.killed:
            lost_s = _undurable_s(camera, min(absence.start_s, absence.undurable_since))
            yield _excuse(camera.clock, lost_s, absence.start_s, Cause.RECORDER_STOPPED, wholly=True)
        for planned in host:  # rows that waited for the database died with the process: nobody knows more
            if isinstance(planned.fault, DatabaseAway) and planned.at_s <= absence.start_s <= planned.end_s + 1.1:
                yield _excuse(camera.clock, planned.at_s - 1.0, absence.start_s, Cause.RECORDER_STOPPED)
