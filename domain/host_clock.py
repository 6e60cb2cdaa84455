"""The clock of the host that records, as evidence: what was seen of it each minute, and what that proves.

The host's clock is the time base of all footage, so it needs witnesses of its own. A reading holds what three of
them said, and nothing else; ``judge_clock`` is the rule of docs/time.md over one reading. A host may be read by
several processes, each of which hears its own cameras: ``pooled`` puts their word together. Pure. Not here: how the
witnesses are asked (``ingest.host_clock``) and what a whole window of readings means (``analysis.clocks``).

Every offset here is *host minus witness* in seconds: positive where the host is ahead.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

LIMIT_S = 2.0
"""A clock that is proven to be within this is in step: a time of the report reads right to a second or two.

Not less, since a daemon that asks its server every 34 minutes lets the kernel's bound grow to more than a second
(500 ppm, adjtimex(2)) while nothing is wrong.
"""

AGREEMENT_S = 1.0
"""Camera clocks within this of their median say the same."""

CAMERAS = 3
"""So many camera clocks must say the same: of fewer, a wrong one could not be told."""


TOGETHER = timedelta(seconds=90)
"""Cameras that processes of one host heard within this of each other are judged together.

Half as long again as the time between two readings, so that each process has one even where a reading comes late; in
that time an unkept clock (500 ppm) wanders by 0.05 s.
"""


class Witness(StrEnum):
    """Who can say something of the host's clock, the best first."""

    NTP = "ntp"  # the kernel, told by a daemon that follows time servers
    SERVER = "server"  # the Date header of the object store
    CAMERAS = "cameras"  # the median of the cameras' clocks; common time, not the right time


class ClockState(StrEnum):
    """What one reading proves."""

    SYNCHRONISED = "synchronised"
    OFF = "off"  # proven to be off
    DISPUTED = "disputed"  # witnesses that weigh the same contradict, or the only ones contradict the host
    UNWITNESSED = "unwitnessed"  # nobody could say anything


@dataclass(frozen=True, slots=True)
class NtpState:
    """The kernel's own account of its clock (adjtimex(2)).

    ``max_error_s`` bounds the error while a daemon keeps it up to date; it grows by itself when none does, up to
    16 s. ``unsynchronised_flag`` (STA_UNSYNC) is kept as it was found and decides nothing: a daemon may leave it set
    only to keep the kernel's hands off the hardware clock.
    """

    offset_s: float  # what is still to be corrected
    max_error_s: float
    estimated_error_s: float
    unsynchronised_flag: bool


@dataclass(frozen=True, slots=True)
class ServerDate:
    """What a server's Date header said. ``independent`` is False for a server on this very host: no witness."""

    server: str  # host:port
    offset_s: float
    error_s: float  # half the round trip, and half the whole second that the header is written in
    independent: bool


@dataclass(frozen=True, slots=True)
class CameraOffset:
    """What one camera's clock said of the host's; ``address`` is its host and port."""

    address: str
    offset_s: float


@dataclass(frozen=True, slots=True)
class CameraClocks:
    """The cameras' clocks by their RTCP sender reports (RFC 3550 6.4.1), one for each address.

    ``agreeing`` of the ``told`` lie within AGREEMENT_S of the median of all; ``offset_s`` is the median of these and
    ``spread_s`` the farthest of them from it. ``each`` has every camera's own, by its address (host:port); it is
    empty in readings from before it was written down.
    """

    told: int
    agreeing: int
    offset_s: float
    spread_s: float
    each: tuple[CameraOffset, ...] = ()


@dataclass(frozen=True, slots=True)
class HostClock:
    """One reading: what each witness said at ``at``, by the host's own clock; None where it said nothing.

    ``cameras`` are those that this process of the host hears.
    """

    recorder: str  # Recorder.id, and so the host
    at: datetime
    ntp: NtpState | None = None
    server: ServerDate | None = None
    cameras: CameraClocks | None = None


@dataclass(frozen=True, slots=True)
class ClockJudgement:
    """What a reading proves and by whose word; ``offset_s`` and ``error_s`` are that witness's."""

    state: ClockState
    by: Witness | None = None
    offset_s: float | None = None
    error_s: float | None = None

    @property
    def synchronised(self) -> bool | None:
        """None: it cannot be told."""
        match self.state:
            case ClockState.SYNCHRONISED:
                return True
            case ClockState.OFF:
                return False
            case _:
                return None


def camera_clocks(offsets_s: Mapping[str, float]) -> CameraClocks | None:
    """The cameras together, from each address's clock as *host minus camera*; None where none tells the time."""
    told = list(offsets_s.values())
    if not told:
        return None
    each = tuple(CameraOffset(address, offsets_s[address]) for address in sorted(offsets_s))
    middle = median(told)
    agreeing = [offset for offset in told if abs(offset - middle) <= AGREEMENT_S]
    if not agreeing:  # an even number, half on either side: no camera is near their middle
        return CameraClocks(len(told), 0, middle, max(abs(offset - middle) for offset in told), each)
    offset_s = median(agreeing)
    spread_s = max(abs(offset - offset_s) for offset in agreeing)
    return CameraClocks(len(told), len(agreeing), offset_s, spread_s, each)


def pooled(readings: Iterable[HostClock], steps: Iterable[datetime] = ()) -> list[HostClock]:
    """All readings of one host by time, each with the cameras that any of its processes heard within TOGETHER of it.

    Of one address the word nearest in time counts. None is heard across a step of the clock. A reading that heard no
    camera itself, or of which only the sum was written down, stays as it is.
    """
    ordered = sorted(readings, key=lambda each: each.at)
    instants, changes = [each.at for each in ordered], sorted(steps)
    found = []
    for reading in ordered:
        first, end = bisect_left(instants, reading.at - TOGETHER), bisect_right(instants, reading.at + TOGETHER)
        side = bisect_right(changes, reading.at)
        near = [each for each in ordered[first:end] if bisect_right(changes, each.at) == side]
        found.append(_with_cameras_of(reading, near))
    return found


def _with_cameras_of(reading: HostClock, near: Iterable[HostClock]) -> HostClock:
    if reading.cameras is None or not reading.cameras.each:
        return reading
    offsets_s: dict[str, float] = {}
    for said in sorted(near, key=lambda each: abs(each.at - reading.at), reverse=True):
        if said.cameras is not None:
            offsets_s |= {each.address: each.offset_s for each in said.cameras.each}
    return replace(reading, cameras=camera_clocks(offsets_s))


def judge_clock(reading: HostClock) -> ClockJudgement:
    """The rule of docs/time.md, "The host's clock": the best witness that can say something decides.

    1. The kernel, if its bound of error is within LIMIT_S; unless an independent server contradicts it.
    2. Else an independent server: within LIMIT_S the clock is synchronised, beyond it is off.
    3. Else three cameras that agree: within LIMIT_S it keeps common time with them; beyond it, one of both is wrong.
    4. Else nothing is known.
    """
    ntp, server = _ntp(reading.ntp), _server(reading.server)
    if ntp is not None:
        if server is not None and server.state is ClockState.OFF:
            return ClockJudgement(ClockState.DISPUTED, Witness.SERVER, server.offset_s, server.error_s)
        return ntp
    return server or _cameras(reading.cameras) or ClockJudgement(ClockState.UNWITNESSED)


def _ntp(said: NtpState | None) -> ClockJudgement | None:
    """A kernel that nobody keeps up to date says nothing: its clock may be right all the same."""
    if said is None or said.max_error_s > LIMIT_S:
        return None
    return ClockJudgement(ClockState.SYNCHRONISED, Witness.NTP, said.offset_s, said.max_error_s)


def _server(said: ServerDate | None) -> ClockJudgement | None:
    if said is None or not said.independent:
        return None
    return _bounded(Witness.SERVER, said.offset_s, said.error_s, ClockState.OFF)


def _cameras(said: CameraClocks | None) -> ClockJudgement | None:
    if said is None or said.agreeing < CAMERAS or 2 * said.agreeing <= said.told:
        return None
    return _bounded(Witness.CAMERAS, said.offset_s, said.spread_s, ClockState.DISPUTED)


def _bounded(by: Witness, offset_s: float, error_s: float, beyond: ClockState) -> ClockJudgement | None:
    """Surely within the limit, surely beyond it, or, where the error leaves both open, nothing."""
    if abs(offset_s) + error_s <= LIMIT_S:
        return ClockJudgement(ClockState.SYNCHRONISED, by, offset_s, error_s)
    return ClockJudgement(beyond, by, offset_s, error_s) if abs(offset_s) - error_s > LIMIT_S else None
