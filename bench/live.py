"""What live viewers cost: CPU of the role ``live`` per viewer and minute, beside Janus and a bare relay.

The camera is gst-rtsp-server's (1080p25, 4 Mbit/s). The viewers are protocol clients in another process: over WebRTC
(``whep``) they take packets and throw them away, over WebSocket frames: as tiles ask for them, some at a time
(``mse``), and one by one (``mse_one_by_one``). Peers, one after another on that
camera: Janus's streaming plugin (``bench.janus``) with the same WebRTC clients, and for ``mse`` also a
process that takes the camera by our client and writes each picture to plain TCP connections: what sending costs
without fragments, frames, lines and rights. ``ms_arrival`` is from the picture's last packet at this host to a viewer
that has it (median and 99th percentile), ``ms_first_picture`` from asking to the first one, the slowest viewer's.
Prints JSON lines with the goals and judges nothing. ``bench.latency`` measures up to a browser's screen.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.janus import janus, own_address
from bench.record import camera_server, cameras, encode_clip
from bench.relay import cpu_s
from bench.whep_clients import WebRtcViewer, by_janus, by_whep
from dashboard.live.wire import opened

_ROOT = Path(__file__).resolve().parent.parent
_HEAD = b"\r\n\r\n"
PROFILE = "42e01f"
"""What WebRTC viewers take: that of the clip."""

TILES_GATHER_MS = 160
"""As the wall's tiles ask (dashboard/web/src/pure/wall.ts)."""


@contextmanager
def server(kind: str, url: str) -> Iterator[tuple[int, int]]:
    """A process that serves a camera, and its port."""
    command = [sys.executable, "-m", "bench.live_server", kind, url]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)


class Viewer:
    """One connection; what it saw."""

    def __init__(self, port: int, gather_ms: int | None) -> None:
        self._port = port
        self._gather_ms = gather_ms
        self.pictures = 0
        self.size_bytes = 0
        self.late_s: list[float] = []
        self.first_s: float | None = None
        self.began = asyncio.Event()

    async def watch(self) -> None:
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=8 << 20)
        try:
            if self._gather_ms is not None:
                key = base64.b64encode(os.urandom(16)).decode()
                path = f"/api/v1/live/c0?gather_ms={self._gather_ms}"
                lines = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", "Upgrade: websocket")
                rest = ("Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}")
                writer.write("\r\n".join((*lines, *rest, "", "")).encode())
                await reader.readuntil(_HEAD)
                pinging = asyncio.create_task(self._ping(writer))
                try:
                    await self._frames(reader, begun)
                finally:
                    pinging.cancel()
            else:
                while data := await reader.read(1 << 18):
                    self.size_bytes += len(data)
                    self.began.set()
        finally:
            writer.close()

    async def _frames(self, reader: asyncio.StreamReader, begun: float) -> None:
        while True:
            first, second = await reader.readexactly(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
            payload = await reader.readexactly(size)
            self.size_bytes += size
            self.began.set()
            if first & 0x0F == 2 and payload[0] == 2:
                _, flags, count, arrived, _ = opened(payload)
                self.pictures += count
                if self.first_s is None:
                    self.first_s = time.monotonic() - begun
                if not flags & 2:
                    self.late_s.append(time.time() - arrived / 1e6)

    @staticmethod
    async def _ping(writer: asyncio.StreamWriter) -> None:
        for number in range(1, 1 << 30):
            text = json.dumps({"ping": number}).encode()
            writer.write(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)  # a mask of zeros changes nothing
            await asyncio.sleep(2)


async def watched(
    port: int, count: int, seconds: float, *, gather_ms: int | None, pid: int
) -> tuple[float, list[Viewer]]:
    """CPU seconds of the server while ``count`` viewers watch, once all of them do; over WebSockets unless None."""
    viewers = [Viewer(port, gather_ms) for _ in range(count)]
    tasks = [asyncio.create_task(each.watch()) for each in viewers]
    await asyncio.gather(*(each.began.wait() for each in viewers))
    await asyncio.sleep(2)
    for each in viewers:
        each.size_bytes = 0
    before = cpu_s(pid)
    await asyncio.sleep(seconds)
    spent = cpu_s(pid) - before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return spent, viewers


@dataclass(frozen=True, slots=True)
class Seen:
    """What viewers over WebRTC cost the process that serves them, and what they got."""

    spent: float
    size_bytes: int
    packets: int
    missing: int
    first_s: float


async def over_webrtc(viewer: Callable[[], Awaitable[WebRtcViewer]], count: int, seconds: float, pid: int) -> Seen:
    """As ``watched``."""
    viewers = [await viewer() for _ in range(count)]
    await asyncio.wait_for(asyncio.gather(*(each.began.wait() for each in viewers)), 60)
    await asyncio.sleep(2)
    for each in viewers:
        each.size_bytes = each.packets = each.missing = 0
    before = cpu_s(pid)
    await asyncio.sleep(seconds)
    spent = cpu_s(pid) - before
    packets, missing = sum(each.packets for each in viewers), sum(each.missing for each in viewers)
    seen = Seen(spent, viewers[0].size_bytes, packets, missing, max(each.first_s or 0 for each in viewers))
    tasks = [task for each in viewers for task in each.tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--viewers", type=int, nargs="*", default=[1, 10, 30])
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.h264"
        encode_clip(clip)
        with cameras(camera_server("gst", folder), clip, 1, 1) as urls:
            for round_ in range(asked.rounds):
                for count in asked.viewers:
                    peer = measure_janus(folder, urls[0], count, asked.seconds)
                    measure_whep(urls[0], count, asked.seconds, round_, peer)
                    measure_mse(urls[0], count, asked.seconds, round_, peer)


def measure_janus(folder: Path, url: str, count: int, seconds: float) -> Seen | None:
    """None, and said so, where it is absent."""
    try:
        with janus(folder, url, PROFILE) as (pid, api):
            return asyncio.run(over_webrtc(lambda: by_janus(api, own_address(), PROFILE), count, seconds, pid))
    except FileNotFoundError as error:
        print(json.dumps({"bench": "janus", "absent": str(error)}), flush=True)
        return None


def measure_whep(url: str, count: int, seconds: float, round_: int, peer: Seen | None) -> None:
    with server("live", url) as (pid, port):
        where = f"http://127.0.0.1:{port}/api/v1/whep/c0"
        seen = asyncio.run(over_webrtc(lambda: by_whep(where, PROFILE), count, seconds, pid))
    minutes = count * seconds / 60
    line = {
        "bench": "whep",
        "round": round_,
        "viewers": count,
        "cpu_s_per_viewer_minute": round(seen.spent / minutes, 4),
        "cpu_s_janus": round(peer.spent / minutes, 4) if peer else None,
        "ratio_vs_janus": round(seen.spent / peer.spent, 2) if peer and peer.spent else None,
        "goal_ratio_vs_janus": 1.0,
        "mbit_per_s": round(seen.size_bytes * 8 / seconds / 1e6, 2),
        "packets_lost": seen.missing,
        "packets_lost_janus": peer.missing if peer else None,
        "ms_first_picture": round(seen.first_s * 1000, 1),
    }
    print(json.dumps(line), flush=True)


def measure_mse(url: str, count: int, seconds: float, round_: int, peer: Seen | None) -> None:
    with server("relay", url) as (pid, port):
        relayed, _ = asyncio.run(watched(port, count, seconds, gather_ms=None, pid=pid))
    for bench, gather_ms in (("mse", TILES_GATHER_MS), ("mse_one_by_one", 0)):
        with server("live", url) as (pid, port):
            spent, seen = asyncio.run(watched(port, count, seconds, gather_ms=gather_ms, pid=pid))
        print_mse(bench, round_, seconds, Costs(spent, relayed, peer), seen)


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds, ours and the peers'."""

    spent: float
    relayed: float
    peer: Seen | None


def print_mse(bench: str, round_: int, seconds: float, costs: Costs, seen: list[Viewer]) -> None:
    minutes = len(seen) * seconds / 60
    late = sorted(each for viewer in seen for each in viewer.late_s)
    first = [each.first_s for each in seen if each.first_s is not None]
    line = {
        "bench": bench,
        "round": round_,
        "viewers": len(seen),
        "cpu_s_per_viewer_minute": round(costs.spent / minutes, 4),
        "cpu_s_relay": round(costs.relayed / minutes, 4),
        "ratio_vs_relay": round(costs.spent / costs.relayed, 2) if costs.relayed else None,
        "ratio_vs_janus": round(costs.spent / costs.peer.spent, 2) if costs.peer and costs.peer.spent else None,
        "goal_ratio_vs_janus": 0.1,
        "mbit_per_s": round(seen[0].size_bytes * 8 / seconds / 1e6, 2),
        "ms_arrival": round(statistics.median(late) * 1000, 1) if late else None,
        "ms_arrival_p99": round(late[int(len(late) * 0.99)] * 1000, 1) if late else None,
        "ms_first_picture": round(max(first) * 1000, 1) if first else None,
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
