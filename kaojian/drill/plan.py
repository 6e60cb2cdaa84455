"""What a drill plays: cameras of several kinds and a random schedule of faults, all of it from one seed.

Pure. Faults of a camera are those of ``ingest.simulator.faults``; those of the host are here. Left out is a
congestion that holds every picture back for longer than the run clock remembers: late and still then look alike
(docs/time.md).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ingest.simulator import faults
from ingest.simulator.faults import ClockOffset, Congestion, Disconnect, LateBurst, PacketLoss, Stall, Standstill

QUIET_S = 12.0
"""Before the first fault: the recorder starts, the window begins."""

RUN_OUT_S = 8.0
"""After the last fault, so that each has an end inside the window."""

LONGEST_FAULT_S = 15.0


@dataclass(frozen=True, slots=True)
class NvrAway(Disconnect):
    """The video recorder is unplugged, and all its channels with it. One that is gone alone is refused by it."""


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL, or a loss of power, to the recorder; after ``seconds`` it is started again."""

    seconds: float


@dataclass(frozen=True, slots=True)
class KillWorker:
    """SIGKILL to one of the recorder's processes, ``worker`` counted from 0; it is started again at once.

    ``seconds`` is how long a start takes. The others go on.
    """

    worker: int
    seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class Restart:
    """The recorder is stopped in order, and started again after ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock of the host is set by ``step_s``. ``seconds`` is 0."""

    step_s: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class DatabaseAway:
    """The database does not answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DiskFull:
    """The recorder's disk takes no byte more."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DiskStopped:
    """The recorder's disk does nothing, and then all that waits for it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DiskSlow:
    """The recorder's disk takes ``job_s`` for each write and each sync."""

    seconds: float
    job_s: float


@dataclass(frozen=True, slots=True)
class StoreAway:
    """The object store is killed, and started again after ``seconds``."""

    seconds: float


HostFault = Kill | KillWorker | Restart | ClockStep | DatabaseAway | DiskFull | DiskStopped | DiskSlow | StoreAway
LASTING = DatabaseAway | DiskFull | DiskStopped | DiskSlow
CameraFault = faults.Fault
Fault = CameraFault | HostFault


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault ``at_s`` seconds after the drill's start, of a camera, or of the host where that is None."""

    at_s: float
    fault: Fault
    camera: str | None = None

    @property
    def end_s(self) -> float:
        return self.at_s + self.fault.seconds


@dataclass(frozen=True, slots=True)
class CameraKind:
    """How a camera takes and sends pictures. ``gop`` is in pictures; ``stamped_fps`` is what its RTP time claims.

    ``key_on_play`` gives each connection a key frame at once; other cameras let it wait for the next one.
    ``wraps_after_s`` is how long after a connection begins its RTP time passes 2**32 ticks for the first time.
    ``nvr`` says that it is a channel of the video recorder that all such cameras of the drill are reached through.
    """

    id: str
    fps: float
    stamped_fps: float
    gop: int
    key_on_play: bool
    drift_ppm: float
    clock_offset_s: float
    latency_s: float
    jitter_s: float
    wraps_after_s: float = 3600.0
    nvr: bool = False

    @property
    def interval_s(self) -> float:
        return 1 / self.fps

    @property
    def rate_error(self) -> float:
        """By how much its RTP time runs fast or slow, as a share."""
        return abs(self.stamped_fps / self.fps / (1 + self.drift_ppm * 1e-6) - 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """One drill. The window begins ``quiet_s`` after its start. ``workers`` processes share the cameras."""

    seed: int
    minutes: float
    cameras: tuple[CameraKind, ...]
    faults: tuple[Planned, ...]
    quiet_s: float = QUIET_S
    workers: int = 1

    def of_camera(self, camera: str) -> tuple[Planned, ...]:
        return tuple(planned for planned in self.faults if planned.camera == camera)

    def later(self, seconds: float) -> Plan:
        """The same so many seconds later."""
        faults = tuple(replace(planned, at_s=planned.at_s + seconds) for planned in self.faults)
        return replace(self, faults=faults, quiet_s=self.quiet_s + seconds)

    @property
    def of_host(self) -> tuple[Planned, ...]:
        return tuple(planned for planned in self.faults if planned.camera is None)


def random_plan(seed: int, minutes: float, cameras: int, *, store: bool = False) -> Plan:
    """The plan of that seed. Beside an object store there is no NVR: simulated cameras on the network have none."""
    chance = random.Random(seed)  # noqa: S311 (a reproducible schedule, no secret)
    kinds = tuple(_camera(chance, f"c{number}") for number in range(1, cameras + 1))
    last_s = QUIET_S + minutes * 60 - RUN_OUT_S
    planned = [each for kind in kinds for each in _camera_faults(chance, kind, last_s)]
    workers = chance.choice((1, 2))
    planned += _host_faults(chance, last_s, workers, store=store)
    if not store and cameras > 1 and chance.random() < 0.2:
        kinds = tuple(replace(kind, nvr=True) for kind in kinds)
        planned += _nvr_faults(chance, kinds, last_s)
    in_order = tuple(sorted(planned, key=lambda each: (each.at_s, each.camera or "")))
    return Plan(seed, minutes, kinds, in_order, workers=workers)


def _camera(chance: random.Random, camera: str) -> CameraKind:
    fps = chance.choice((1.0, 2.0, 5.0, 5.0, 10.0))
    slow = fps > 2 and chance.random() < 0.15  # stamped 25, delivers 21
    smart = chance.random() < 0.2
    gops_s = (chance.uniform(6, 12), chance.uniform(12, 40)) if smart else (1.0, 2.0, 4.0)
    return CameraKind(
        id=camera,
        fps=fps * 21 / 25 if slow else fps,
        stamped_fps=fps,
        gop=max(1, round(chance.choice(gops_s) * fps)),
        key_on_play=chance.random() < 0.6,
        drift_ppm=chance.uniform(-50, 50),
        clock_offset_s=chance.choice((0.0, chance.uniform(-3, 3), 3600.0)),
        latency_s=chance.uniform(0.001, 0.03),
        jitter_s=chance.choice((0.0, 0.005, 0.03)),
        wraps_after_s=chance.uniform(0, 60),
    )


def _camera_faults(chance: random.Random, kind: CameraKind, last_s: float) -> Iterator[Planned]:
    """One after another, with pauses between a second and half a minute."""
    at_s = QUIET_S + chance.uniform(0, 20)
    while True:
        fault = _camera_fault(chance)
        if at_s + fault.seconds > last_s:
            return
        yield Planned(at_s, fault, kind.id)
        at_s += fault.seconds + chance.choice((chance.uniform(1, 6), chance.uniform(6, 30)))


def _camera_fault(chance: random.Random) -> CameraFault:
    choices: tuple[Callable[[], CameraFault], ...] = (
        lambda: Disconnect(chance.uniform(0.3, LONGEST_FAULT_S)),
        lambda: Disconnect(chance.uniform(0.3, LONGEST_FAULT_S)),
        lambda: Stall(chance.uniform(0.3, LONGEST_FAULT_S)),
        lambda: Standstill(chance.uniform(0.3, 8)),
        lambda: PacketLoss(chance.uniform(0.5, 6), chance.choice((0.02, 0.1, 0.5)), chance.randrange(1 << 30)),
        lambda: LateBurst(chance.choice((chance.uniform(0.2, 2.4), chance.uniform(3.5, 8)))),
        lambda: Congestion(chance.uniform(0.3, 1.5), chance.uniform(0.1, 2.0)),
        lambda: ClockOffset(chance.uniform(1, LONGEST_FAULT_S), chance.choice((-7200.0, -0.7, 2.0, 86_400.0))),
    )
    return chance.choice(choices)()


def _nvr_faults(chance: random.Random, kinds: tuple[CameraKind, ...], last_s: float) -> Iterator[Planned]:
    """All channels are gone at once, whatever else befalls each."""
    fault = NvrAway(chance.uniform(0.3, LONGEST_FAULT_S))
    at_s = chance.uniform(QUIET_S, last_s - LONGEST_FAULT_S)
    yield from (Planned(at_s, fault, kind.id) for kind in kinds)


def _host_faults(chance: random.Random, last_s: float, workers: int, *, store: bool) -> Iterator[Planned]:
    at_s = QUIET_S + chance.uniform(0, 60)
    while True:
        fault = _host_fault(chance, workers, store=store)
        if at_s + fault.seconds > last_s:
            return
        yield Planned(at_s, fault)
        if isinstance(fault, LASTING) and chance.random() < 0.3:
            at_s += chance.uniform(0, fault.seconds)  # the next one comes while it lasts
        else:
            at_s += fault.seconds + chance.uniform(3, 60)


def _host_fault(chance: random.Random, workers: int, *, store: bool) -> HostFault:
    choices: tuple[Callable[[], HostFault], ...] = (
        lambda: Kill(chance.uniform(0.3, 5)),
        lambda: KillWorker(chance.randrange(workers)),
        lambda: Restart(chance.uniform(0.3, 3)),
        lambda: ClockStep(chance.choice((-1, 1)) * chance.choice((chance.uniform(0.8, 3), chance.uniform(3, 20)))),
        lambda: DatabaseAway(chance.uniform(1, 40)),
        lambda: DiskFull(chance.uniform(0.5, 8)),
        lambda: DiskStopped(chance.uniform(0.5, LONGEST_FAULT_S)),
        lambda: DiskSlow(chance.uniform(1, LONGEST_FAULT_S), chance.uniform(0.05, 1.0)),
    )
    if store:
        choices += (lambda: StoreAway(chance.uniform(1, LONGEST_FAULT_S)),)
    return chance.choice(choices)()
