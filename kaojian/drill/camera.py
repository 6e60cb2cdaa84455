"""A camera that lives in virtual time, and a connection to it as the recorder opens one; no network, real pictures.

The camera writes down what it sent (``connections``): that is the truth of it, whatever the schedule said. A picture
stands in the log once its last packet has arrived. Not here: RTSP and RTP, but for its time stamps of 32 bits
(``ingest.simulator`` for those).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from ingest.clock import ENVELOPE_S, FAR_S, took_s
from ingest.devices import SPREAD_S
from ingest.recorder import RETRY_MAX_S
from ingest.rtsp.client import Limits, Patience
from ingest.rtsp.rtp import TimestampUnwrapper
from ingest.simulator.encoder import Encoder
from ingest.simulator.faults import ClockOffset, Congestion, Disconnect, LateBurst, PacketLoss, Stall, Standstill
from ingest.source import MOST_EARLIER, AccessUnit, CameraRefused, CameraUnreachable, ConnectionLost, NoPicture
from kaojian.drill.plan import CameraKind, Fault, NvrAway, Planned
from kaojian.drill.truth import Connection, Sent
from kaojian.drill.virtual_time import HostClock
from storage.media import TIMESCALE, VideoFormat

CONNECT_S = 0.02
"""From the first packet of a connection to the answer to PLAY."""

_REPORT_EVERY_S = 2.0
GOOD_RATE = 1e-3  # of an oscillator; what is farther off is a camera that stamps other than it delivers
_SIZE = (128, 96)
_LONGEST_GOP = 420


class VirtualCamera:
    """One camera with its faults."""

    def __init__(self, kind: CameraKind, planned: tuple[Planned, ...], clock: HostClock) -> None:
        self.kind = kind
        self.clock = clock
        self.connections: list[Connection] = []
        self.planned = planned
        self._standstills = [each for each in planned if isinstance(each.fault, Standstill)]
        self._first_key = 0  # number of the picture from which the GOP counts

    def taken_s(self, number: int) -> float:
        """When it takes that picture, monotonic time of the host."""
        at_s = number * self.kind.interval_s
        for still in self._standstills:
            if at_s >= still.at_s:
                at_s += still.fault.seconds
        return at_s

    def first_after(self, at_s: float) -> int:
        """The number of the first picture taken later than that."""
        number = max(0, int((at_s - sum(still.fault.seconds for still in self._standstills)) * self.kind.fps) - 1)
        while self.taken_s(number) <= at_s:
            number += 1
        return number

    def rtp_time(self, number: float) -> int:
        """In ticks, from the camera's start on."""
        return round(number / self.kind.stamped_fps * (1 + self.kind.drift_ppm * 1e-6) * TIMESCALE)

    def rtp_clock_s(self, at_s: float) -> float:
        """What its clock of pictures shows, in seconds of its own."""
        stood_s = sum(min(max(at_s - still.at_s, 0.0), still.fault.seconds) for still in self._standstills)
        rate = self.kind.fps / self.kind.stamped_fps * (1 + self.kind.drift_ppm * 1e-6)
        return (at_s - stood_s) * rate

    @property
    def edge_s(self) -> float:
        """One picture and the way through the network; where it counts wrong, the bound of the run clock too."""
        kind = self.kind
        edge_s = kind.interval_s + kind.latency_s + kind.jitter_s + 0.02
        return edge_s + (FAR_S + ENVELOPE_S * kind.rate_error if kind.rate_error > GOOD_RATE else 0.0)

    def resumed_s(self, since_s: float) -> float:
        """When the picture ends that a recorder begins with at the latest, if nothing is in its way any more."""
        turn_s = SPREAD_S if self.kind.nvr else 0.0
        number = self.first_after(since_s + turn_s + RETRY_MAX_S + 2 * CONNECT_S)
        if not self.kind.key_on_play:
            number += self.kind.gop
        while self.fate(number) != "whole":
            number += self.kind.gop
        return self.taken_s(number) + self.kind.interval_s

    def in_force(self, kind: type[Fault], at_s: float) -> Planned | None:
        return next(
            (each for each in self.planned if isinstance(each.fault, kind) and each.at_s <= at_s < each.end_s), None
        )

    def unplugged_after(self, at_s: float) -> float:
        """When the next connection would be cut."""
        return min((e.at_s for e in self.planned if isinstance(e.fault, Disconnect) and e.at_s >= at_s), default=1e9)

    def arrival_s(self, number: int) -> float:
        """When that picture would arrive, were it alone."""
        taken = self.taken_s(number)
        at_s = taken + self.kind.latency_s + _share(self.kind.id, number) * self.kind.jitter_s
        late, slow = self.in_force(LateBurst, taken), self.in_force(Congestion, taken)
        if slow is not None and isinstance(slow.fault, Congestion):
            at_s += slow.fault.delay_s
        return max(at_s, late.end_s + self.kind.latency_s) if late is not None else at_s

    def fate(self, number: int) -> str:
        """``whole``, ``damaged`` or ``gone``."""
        loss = self.in_force(PacketLoss, self.taken_s(number))
        if loss is None or not isinstance(loss.fault, PacketLoss):
            return "whole"
        chance = random.Random(loss.fault.seed + number)  # noqa: S311 (a reproducible loss)
        if chance.random() >= loss.fault.rate:
            return "whole"
        return chance.choice(("damaged", "gone"))

    def begins_gop_at(self, number: int) -> None:
        self._first_key = number

    def is_key(self, number: int) -> bool:
        return (number - self._first_key) % self.kind.gop == 0

    def gop_place(self, number: int) -> int:
        return (number - self._first_key) % self.kind.gop

    def ahead_s(self, at_s: float) -> float:
        """By how much its own clock is ahead of the host's."""
        offset = self.in_force(ClockOffset, at_s)
        extra_s = offset.fault.offset_s if offset is not None and isinstance(offset.fault, ClockOffset) else 0.0
        return self.kind.clock_offset_s + extra_s


class VirtualSource:
    """One connection: an ``ingest.source.Source``."""

    def __init__(self, camera: VirtualCamera) -> None:
        self._camera = camera
        self._clock = camera.clock
        self._limits = Limits()
        self._lost = 0
        self._began_s = 0.0
        self._origin = 0  # of its RTP time, in this connection
        self._unwrapper = TimestampUnwrapper()

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        await asyncio.sleep(CONNECT_S)
        camera = self._camera
        began = self._began_s = self._clock.monotonic()
        if camera.in_force(Disconnect, began) is not None:
            if camera.kind.nvr and camera.in_force(NvrAway, began) is None:
                raise CameraRefused("404 Not Found")
            raise CameraUnreachable("connection refused")
        log = Connection(began)
        camera.connections.append(log)
        cut_s = camera.unplugged_after(began)
        number, last_s, first, started = camera.first_after(began), began, None, False
        self._origin = (1 << 32) - round(camera.kind.wraps_after_s * TIMESCALE) - camera.rtp_time(number)
        if camera.kind.key_on_play:
            camera.begins_gop_at(number)
        patience, earlier = Patience(self._limits.picture_s, began), deque[tuple[int, float]](maxlen=MOST_EARLIER)
        while True:
            number = self._skip_unsent(number)
            arrival = max(last_s, camera.arrival_s(number))
            patience_ends = patience.due if started else min(patience.due, began + self._limits.key_s)
            await self._until(min(arrival, cut_s, patience_ends))
            if cut_s <= min(arrival, patience_ends):
                raise ConnectionLost("the camera closed the connection")
            if patience_ends < arrival:
                raise NoPicture("no picture, the connection still stands")
            last_s = arrival
            unit = self._received(number)
            number += 1
            if unit is None:
                continue
            patience.packets(arrival)
            patience.pictures(1, arrival)
            if not started and (not unit.key or unit.damaged):
                earlier.append((unit.rtp_time, arrival))
                first = first or earlier[0]
                continue
            self._write_down(log, number - 1, unit)
            if not started:
                started = True
                patience.announce(camera.kind.interval_s)
                waited_s = took_s(first, (unit.rtp_time, arrival)) if first is not None else 0.0
                unit = replace(unit, keyless_s=waited_s, lost_packets=0, earlier=tuple(earlier))
            yield unit

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - self._clock.monotonic()))

    def _skip_unsent(self, number: int) -> int:
        """What a stalled camera takes is never sent; when it is over, it goes on with a key frame."""
        camera, first = self._camera, number
        while camera.in_force(Stall, camera.taken_s(number)) is not None:
            number += 1
        if number != first:
            camera.begins_gop_at(number)
        return number

    def _received(self, number: int) -> AccessUnit | None:
        camera, fate = self._camera, self._camera.fate(number)
        if fate == "gone":
            self._lost += 3
            return None
        key = camera.is_key(number)
        nals = clip(camera.kind.fps)[camera.gop_place(number)]
        lost, self._lost = self._lost + (fate == "damaged"), 0
        return AccessUnit(
            nals=nals,
            key=key,
            rtp_time=self._unwrapper.unwrap((self._origin + camera.rtp_time(number)) & 0xFFFFFFFF),
            arrived=self._clock.now(),
            arrived_monotonic=self._clock.monotonic(),
            format=_format(camera.kind.fps),
            lost_packets=lost,
            damaged=fate == "damaged",
            camera_time=self._own_time(number),
        )

    def _own_time(self, number: int) -> datetime:
        """The camera's time of day for a picture, by its latest sender report (RFC 3550 6.4.1)."""
        camera, taken_s = self._camera, self._camera.taken_s(number)
        reported_s = self._began_s + (taken_s - self._began_s) // _REPORT_EVERY_S * _REPORT_EVERY_S
        said = camera.clock.unstepped_at(reported_s) + timedelta(seconds=camera.ahead_s(reported_s))
        ticks = camera.rtp_time(number) - camera.rtp_time(0)
        return said + timedelta(seconds=ticks / TIMESCALE - camera.rtp_clock_s(reported_s))

    def _write_down(self, log: Connection, number: int, unit: AccessUnit) -> None:
        log.sent.append(
            Sent(
                taken_s=self._camera.taken_s(number),
                arrived_s=unit.arrived_monotonic,
                key=unit.key,
                whole=not unit.damaged,
                after_loss=unit.lost_packets > int(unit.damaged),
            )
        )


def _share(name: str, number: int) -> float:
    """A number from 0 to 1 that looks random and is always the same."""
    return ((number * 2_654_435_761 + sum(name.encode()) * 40_503) & 0xFFFF) / 0xFFFF


@cache
def clip(fps: float) -> tuple[tuple[bytes, ...], ...]:
    """The pictures of one long GOP."""
    width, height = _SIZE
    encoder = Encoder(width, height, max(1, round(fps)), _LONGEST_GOP * 2, 200_000)
    found = []
    for number in range(_LONGEST_GOP):
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:, number % width : number % width + 8] = 235
        found.append(encoder.encode(picture, number == 0).nals)
    return tuple(found)


@cache
def _format(fps: float) -> VideoFormat:
    sps, pps = (next(nal for nal in clip(fps)[0] if nal[0] & 31 == kind) for kind in (7, 8))
    return VideoFormat.from_h264(sps, pps)
