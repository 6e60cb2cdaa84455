"""What viewers of the relay cost the recorder: its CPU per camera with nobody watching, with one viewer, with many.

The recorder is the role ``ingest`` as ``bench.recorder`` wires it, with its relay, on gst-rtsp-server's cameras
(1080p25, 4 Mbit/s, TCP); all viewers watch one and the same camera from another process. Prints JSON lines and judges
nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.record import camera_server, cameras, encode_clip
from ingest.relay.client import RelayClient
from ingest.relay.wire import LiveUnit

_TICKS = os.sysconf("SC_CLK_TCK")
_ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def recorder(folder: Path, urls: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A recorder process whose relay lies in ``folder``/live."""
    command = [sys.executable, "-m", "bench.recorder", str(folder), "10", *urls]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def watched(folder: Path, viewers: int, seconds: float) -> tuple[int, list[float]]:
    """Pictures that all viewers got in that time, and how long each viewer waited for its first one (s)."""
    pictures = 0
    waits: list[float] = []

    async def watch() -> None:
        nonlocal pictures
        begun, first = time.monotonic(), True
        async for item in RelayClient(folder).units("c0"):
            pictures += isinstance(item, LiveUnit)
            if first:
                waits.append(time.monotonic() - begun)
                first = False

    tasks = [asyncio.create_task(watch()) for _ in range(viewers)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return pictures, waits


def measure(pid: int, folder: Path, viewers: int, count: int, seconds: float) -> dict[str, object]:
    before, begun = cpu_s(pid), time.monotonic()
    pictures, waits = asyncio.run(watched(folder, viewers, seconds))
    span_s = time.monotonic() - begun
    return {
        "bench": "relay",
        "viewers": viewers,
        "cameras": count,
        "seconds": round(span_s, 1),
        "recorder_cpu_share": round((cpu_s(pid) - before) / span_s, 4),
        "pictures_per_viewer_second": round(pictures / viewers / span_s, 1) if viewers else None,
        "first_picture_ms_median": round(1000 * statistics.median(waits), 1) if waits else None,
        "load": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU of the recorder with 0, 1 and more viewers of one camera")
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--viewers", type=int, nargs="+", default=[0, 1, 10])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--warm-up", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kaojian-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        encode_clip(folder / "clip.h264")
        urls = stack.enter_context(cameras(camera_server("gst", folder), folder / "clip.h264", arguments.cameras, 1))
        process = stack.enter_context(recorder(folder, urls))
        time.sleep(arguments.warm_up)
        for _ in range(arguments.rounds):
            for viewers in arguments.viewers:
                told = measure(process.pid, folder / "live", viewers, len(urls), arguments.seconds)
                print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
