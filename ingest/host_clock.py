"""Reads the host's clock against its witnesses once a minute, beside the recording and never in its way.

Each reading is what the kernel, the object store and the cameras say at that moment (``domain.host_clock``); a
witness that does not answer is missing from it, and a reading without any is written too, so that silence is known.
Where several processes record on one host, each writes what its own cameras say; who reads puts them together.
Not here: how a camera's clock is heard (``ingest.recorder``), what readings prove (``domain.host_clock``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import structlog

from domain.host_clock import ClockState, HostClock, NtpState, ServerDate, camera_clocks, judge_clock
from domain.timeline import Clock
from ingest.kernel_clock import kernel_clock
from storage.errors import StorageError
from storage.objects import Objects

_log = structlog.get_logger()

READ_EVERY_S = 60.0
HEARD_S = 30.0
"""A camera's clock heard longer ago is not counted; cameras tell it every few seconds (RFC 3550 6.2)."""

LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class HeardClock:
    """A camera's clock as its latest picture told it: camera minus host, heard at that monotonic second.

    ``address`` is the camera's host and port: the channels of one recorder box share a clock, and count once.
    """

    address: str
    offset_s: float
    heard: float


class Witnesses(Protocol):
    """Those who know the time without our clock. Called on a thread; may take seconds."""

    def ntp(self) -> NtpState | None:
        """What the kernel was told by a daemon; None where it cannot be asked."""

    def server(self) -> ServerDate | None:
        """The object store's clock; None without a store, or where it does not answer."""


class HostWitnesses:
    """The kernel of this host and, where there is one, its object store."""

    def __init__(self, objects: Objects | None = None) -> None:
        self._objects = objects

    def ntp(self) -> NtpState | None:
        return kernel_clock()

    def server(self) -> ServerDate | None:
        if self._objects is None:
            return None
        try:
            return self._objects.date()
        except StorageError as error:
            _log.debug("server_tells_no_time", reason=str(error))  # that the store is away is told where it matters
            return None


class ClockWatch:
    """Writes a reading at once, then every READ_EVERY_S; and where nobody vouches for the clock, as soon as a camera
    tells the time that did not before, since a recorder starts before its cameras and others hear other ones."""

    def __init__(
        self,
        *,
        recorder: str,
        clock: Clock,
        witnesses: Witnesses,
        cameras: Callable[[], Iterable[HeardClock]],
        write: Callable[[HostClock], None],
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._witnesses = witnesses
        self._cameras = cameras
        self._write = write
        self._read_at: float | None = None
        self._state: ClockState | None = None
        self._heard: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 (top of a supervised loop: recording goes on, and so does the watch)
                _log.exception("host_clock_not_read", recorder=self._recorder)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Read the clock if a reading is due."""
        if not self._is_due():
            return
        self._read_at = self._clock.monotonic()
        ntp, server = await asyncio.to_thread(self._ask)
        offsets = self._offsets()
        self._heard = frozenset(offsets)
        reading = HostClock(self._recorder, self._clock.now(), ntp, server, camera_clocks(offsets))
        self._write(reading)
        self._tell(judge_clock(reading).state)

    def _ask(self) -> tuple[NtpState | None, ServerDate | None]:
        return self._witnesses.ntp(), self._witnesses.server()

    def _is_due(self) -> bool:
        if self._read_at is None or self._clock.monotonic() - self._read_at >= READ_EVERY_S:
            return True
        return self._state is ClockState.UNWITNESSED and not self._offsets().keys() <= self._heard

    def _offsets(self) -> Mapping[str, float]:
        """Host minus camera by address, of the clocks heard lately; the median where one address has several."""
        since = self._clock.monotonic() - HEARD_S
        found: dict[str, list[float]] = {}
        for each in self._cameras():
            if each.heard >= since:
                found.setdefault(each.address, []).append(-each.offset_s)
        return {address: median(offsets) for address, offsets in found.items()}

    def _tell(self, state: ClockState) -> None:
        """Once when it changes; what this process cannot tell, others of the host may, by their cameras."""
        if state is not self._state:
            tell = _log.warning if state in (ClockState.OFF, ClockState.DISPUTED) else _log.info
            tell("host_clock", state=state, before=self._state, cameras=len(self._heard))
        self._state = state
