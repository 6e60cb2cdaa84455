"""Cameras that share one device, an NVR: never more connections than it serves, and no storm when it comes back.

How attempts on one device are ordered:

1. A camera holds one of the device's sessions from its attempt until its connection is closed. Where none is free,
   the attempt fails at once, without a packet, and says so.
2. While the device could not be reached, one camera tries for all: those that wait for their turn meanwhile share
   the outcome where it is that nobody is there. So a dead device with any number of cameras is tried by one
   connection at a time, and each camera learns of it as fast as it would have alone.
3. Else up to AT_ONCE attempts run side by side, one after a refusal. An attempt has its turn until its first picture
   or its failure, at most TURN_S, and no longer than makes SPREAD_S in all for those that wait: no camera waits for
   another's key frame.

With pauses of at most a second between a camera's own attempts (``ingest.recorder``) they are never more than 5 s
apart. All of this holds for one recorder process; sessions alone are shared out among several (``shares``). Not here:
connections (a Source) and when to try again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from ingest.source import AccessUnit, CameraRefused, CameraUnreachable, Source, SourceError

AT_ONCE: Final = 4
"""How many connections to one device are being made at the same time."""

TURN_S: Final = 1.0
"""The longest that an attempt keeps others waiting."""

SPREAD_S: Final = 3.5
"""Within this time everyone who waits has had a turn, however many there are."""


@dataclass(frozen=True, slots=True)
class Device:
    """What cameras are reached through. ``max_sessions`` is None where it is not known.

    ``share`` is how many of them one of several recorder processes may use; None is all.
    """

    id: str
    max_sessions: int | None = None
    share: int | None = None


def shares(cameras: Mapping[str, Device | None], owns: Callable[[str], bool]) -> dict[str, Device]:
    """The devices of all wanted cameras by id, each with this process's share of its sessions.

    A session is promised to a camera and so to the process that owns it, in the order of ``cameras``, which is the
    same everywhere: without a word between them the processes never use more than the device serves.
    """
    found: dict[str, Device] = {}
    behind: dict[str, list[str]] = {}
    for camera, device in cameras.items():
        if device is not None:
            found[device.id] = device
            behind.setdefault(device.id, []).append(camera)
    for key, device in found.items():
        if device.max_sessions is not None:
            promised = behind[key][: device.max_sessions]
            found[key] = replace(device, share=sum(map(owns, promised)))
    return found


class Devices:
    """All devices of one recorder process, by id. All of it from one asyncio loop."""

    def __init__(self) -> None:
        self._gates: dict[str, _Gate] = {}

    def through(self, device: Device | None, source: Source) -> Source:
        """The source of one attempt, made to keep the device's rules; itself where the camera stands alone."""
        if device is None:
            return source
        return _Through(self._gates.setdefault(device.id, _Gate()), device, source)

    def sessions(self, device_id: str) -> int:
        """How many connections stand or are being made."""
        gate = self._gates.get(device_id)
        return gate.sessions if gate is not None else 0


@dataclass(slots=True)
class _Gate:
    """One device as it stands: sessions in use, attempts under way, who waits.

    ``dead`` says that the last attempt reached nobody, ``busy`` that it was refused.
    """

    sessions: int = 0
    trying: int = 0
    dead: bool = False
    busy: bool = False
    waiting: list[asyncio.Future[CameraUnreachable | None]] = field(default_factory=list)

    @property
    def at_once(self) -> int:
        return 1 if self.dead or self.busy else AT_ONCE

    async def turn(self) -> CameraUnreachable | None:
        """Wait until it is one's turn, or until another attempt has found that nobody is there."""
        while self.trying >= self.at_once:
            told: asyncio.Future[CameraUnreachable | None] = asyncio.get_running_loop().create_future()
            self.waiting.append(told)
            try:
                unreachable = await told
            except asyncio.CancelledError:
                if told in self.waiting:
                    self.waiting.remove(told)
                else:
                    self._tell(1, None)  # the turn that is not taken
                raise
            if unreachable is not None:
                return unreachable
        self.trying += 1
        return None

    def turn_s(self) -> float:
        """How long an attempt that begins now may keep others waiting."""
        if self.dead:
            return SPREAD_S  # longer than a connection takes to fail: it tries for all
        return min(TURN_S, SPREAD_S * self.at_once / max(1, len(self.waiting)))

    def end_turn(self, found: SourceError | None) -> None:
        """An attempt is over: with a picture or by time (None), or as it failed."""
        self.trying -= 1
        self.dead = isinstance(found, CameraUnreachable)
        self.busy = isinstance(found, CameraRefused)
        if isinstance(found, CameraUnreachable):
            self._tell(len(self.waiting), found)
        else:
            self._tell(self.at_once - self.trying, None)

    def _tell(self, count: int, outcome: CameraUnreachable | None) -> None:
        told, self.waiting = self.waiting[: max(0, count)], self.waiting[max(0, count) :]
        for each in told:
            if not each.done():
                each.set_result(outcome)


class _Through:
    """A source that waits for its turn at the device and holds one of its sessions."""

    def __init__(self, gate: _Gate, device: Device, source: Source) -> None:
        self._gate = gate
        self._device = device
        self._source = source
        self._in_turn = False

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        gate = self._gate
        most = self._device.max_sessions if self._device.share is None else self._device.share
        unreachable = await gate.turn()
        if unreachable is not None:
            raise CameraUnreachable(f"device {self._device.id}, tried for all its cameras: {unreachable}")
        self._in_turn = True
        try:
            if most is not None and gate.sessions >= most:
                raise CameraRefused(
                    f"device {self._device.id}: all {self._device.max_sessions} sessions are in use; raise "
                    "max_sessions if it serves more, or record some of its cameras directly"
                )
            gate.sessions += 1
            try:
                async for unit in self._recorded():
                    yield unit
            finally:
                gate.sessions -= 1
        except SourceError as error:
            self._end_turn(error)
            raise
        finally:
            self._end_turn(None)

    async def _recorded(self) -> AsyncGenerator[AccessUnit, None]:
        hurry = asyncio.get_running_loop().call_later(self._gate.turn_s(), self._end_turn, None)
        try:
            async with aclosing(self._source.units()) as units:
                async for unit in units:
                    self._end_turn(None)
                    yield unit
        finally:
            hurry.cancel()

    def _end_turn(self, found: SourceError | None) -> None:
        if self._in_turn:
            self._in_turn = False
            self._gate.end_turn(found)
