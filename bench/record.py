"""What recording costs, beside what it costs others: CPU and memory per camera, from the same cameras in one run.

Measured are the recorder as the role ``ingest`` wires it (with run clock, ledger, hashes, syncs and rows), one
``ffmpeg -c copy -f segment`` per camera, and a C program that only receives and writes (``floor.c``). The cameras are
gst-rtsp-server's, over TCP, 1080p25 at 4 Mbit/s or ``--bitrate``; what they cost does not count. Where they would
leave no core to spare, ``--source c`` takes cheap ones (``cameras.c``) for all engines alike. Of the recorder, what
it lost and how soon footage is in its file are told too. Prints JSON lines, the last one with the goals, and judges
nothing; a line with
``saturated`` true was measured without a core to spare: take fewer or cheaper cameras.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from bench.recorder import database_url
from domain.timeline import Interval
from storage.database import connect

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's gi belongs to
SEGMENT_S = 10
CLIP_S = 10
IDLE_SHARE_LEAST = 0.03
GOALS = {"ratio_vs_ffmpeg": 0.45, "ratio_vs_floor": 2.5, "mb_per_camera": 2.5, "lost_packets": 0}
"""The most of each, for 32 cameras of 4 Mbit/s; decision 0017 says what stands in the way."""

_HERE = Path(__file__).resolve().parent
_TICKS = os.sysconf("SC_CLK_TCK")
_STOP_S = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What an engine used while all cameras were being recorded. ``idle_share`` is that of all cores."""

    cpu_s_per_camera_minute: float
    mb_per_camera: float
    mbit_per_camera: float
    idle_share: float
    sent_mbit: float  # what each camera sends

    @property
    def saturated(self) -> bool:
        return self.idle_share < IDLE_SHARE_LEAST or self.mbit_per_camera < 0.95 * self.sent_mbit


def encode_clip(path: Path, mbit: float = 4.0) -> None:
    """Moving noise at a constant rate: one key frame a second, one slice per picture, no reordering."""
    kbit = round(mbit * 1000)
    rate = f"vbv-maxrate={kbit}:vbv-bufsize={kbit}"
    options = f"threads=1:sliced-threads=0:bframes=0:keyint=25:scenecut=0:aud=1:{rate}"
    picture = "testsrc2=size=1920x1080:rate=25,noise=alls=12:allf=t,format=yuv420p"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-t", str(CLIP_S), "-c:v", "libx264"]
    command += ["-preset", "ultrafast", "-b:v", f"{kbit}k", "-x264-params", options, "-f", "h264", str(path)]
    subprocess.run(command, check=True)


@contextmanager
def cameras(server: Sequence[str], clip: Path, count: int, servers: int) -> Iterator[list[str]]:
    """The addresses of ``count`` cameras, spread over ``servers`` processes."""
    shares = [len(range(number, count, servers)) for number in range(min(servers, count))]
    processes: list[subprocess.Popen[str]] = []
    urls: list[str] = []
    try:
        for share in shares:
            command = [*server, str(clip), str(share)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            processes.append(process)
            port = _port(process)
            urls += [f"rtsp://127.0.0.1:{port}/camera/{number}" for number in range(share)]
        yield urls
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def camera_server(source: str, folder: Path) -> list[str]:
    """How the server of the cameras is started, but for its clip and their number."""
    if source == "gst":
        return [SYSTEM_PYTHON, str(_HERE / "cameras.py")]
    return [_built("cameras", folder)]


def _built(program: str, folder: Path) -> str:
    """A C program of this folder, compiled."""
    made = str(folder / program)
    subprocess.run(["cc", "-O2", "-o", made, str(_HERE / f"{program}.c")], check=True)
    return made


def _port(process: subprocess.Popen[str]) -> int:
    stdout = process.stdout
    readable = stdout is not None and select.select([stdout], [], [], 30)[0]
    line = stdout.readline() if stdout is not None and readable else ""
    if not line.startswith("ready "):
        raise SystemExit(
            "gst-rtsp-server did not start: install the Debian packages gir1.2-gst-rtsp-server-1.0 python3-gi "
            "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
        )
    return int(line.split()[1])


def commands(engine: str, folder: Path, urls: Sequence[str]) -> list[list[str]]:
    """The processes of an engine, which record all of ``urls`` below ``folder``."""
    if engine == "kaojian":
        return [[sys.executable, "-m", "bench.recorder", str(folder), str(SEGMENT_S), *urls]]
    if engine == "floor":
        return [[str(folder.parent / "floor"), str(folder), *urls]]
    cut = ["-c", "copy", "-f", "segment", "-segment_time", str(SEGMENT_S), "-segment_format", "mp4"]
    cut += ["-segment_format_options", "movflags=+frag_keyframe+empty_moov+default_base_moof"]
    read = ["ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i"]
    return [[*read, url, *cut, str(folder / f"c{number}-%05d.mp4")] for number, url in enumerate(urls)]


def measure(engine: str, folder: Path, urls: Sequence[str], arguments: argparse.Namespace) -> Usage:
    """Start an engine, let it warm up, take what it uses while it is measured, stop it in order."""
    folder.mkdir()
    with ExitStack() as stack:
        processes = [
            stack.enter_context(_running(command, folder.with_suffix(f".{number}.log")))
            for number, command in enumerate(commands(engine, folder, urls))
        ]
        time.sleep(arguments.warm_up)
        pids = [process.pid for process in processes]
        before = (time.monotonic(), _cpu_s(pids), _size_bytes(folder), _idle_and_all())
        time.sleep(arguments.seconds)
        after = (time.monotonic(), _cpu_s(pids), _size_bytes(folder), _idle_and_all())
        for number, process in enumerate(processes):
            if process.poll() is not None:
                raise SystemExit(f"{engine} ended: {folder.with_suffix(f'.{number}.log').read_text()[-1000:]}")
        memory = sum(_pss_bytes(pid) for pid in pids)
    span_s = after[0] - before[0]
    (idle_0, all_0), (idle_1, all_1) = before[3], after[3]
    return Usage(
        (after[1] - before[1]) / len(urls) / span_s * 60,
        memory / len(urls) / 1e6,
        (after[2] - before[2]) * 8 / len(urls) / span_s / 1e6,
        (idle_1 - idle_0) / (all_1 - all_0),
        arguments.bitrate,
    )


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=_HERE.parent)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _cpu_s(pids: Sequence[int]) -> float:
    """User and system time of processes that still run, with all their threads."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime, proc(5)
    return ticks / _TICKS


def _pss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this kernel does not tell the proportional share of memory")


def _size_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            total += path.with_name(path.name.removesuffix(".open")).stat().st_size  # closed this moment
    return total


def _idle_and_all() -> tuple[int, int]:
    """Ticks that all cores together idled, and all of theirs (proc(5), /proc/stat)."""
    numbers = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return numbers[3] + numbers[4], sum(numbers)


def losses(folder: Path, count: int, window: Interval) -> tuple[int, int]:
    """Lost packets and outages that the recorder wrote down once it had warmed up."""
    database = connect(database_url(folder))
    try:
        segments = [item for c in range(count) for item in database.evidence.segments(f"c{c}", window)]
        outages = [item for c in range(count) for item in database.evidence.outages(f"c{c}", window)]
    finally:
        database.close()
    return sum(segment.lost_packets for segment in segments), len(outages)


def kept_after_ms(folder: Path, window: Interval) -> dict[str, float]:
    """How long it took until bytes were kept: 99 of 100 were sooner. Nothing where no fragment was seen.

    ``p99_receive_to_file_ms`` counts from a fragment's first picture, so its length is in it (1 s at most);
    ``p99_fragment_end_to_file_ms`` from its end, which is where the next one of its file begins. Both count the
    camera's way to us, the wait for the next reading, and what the thread of the disk had to do before.
    """
    fragments: list[tuple[str, float, float]] = json.loads((folder / "fragments.json").read_text())
    latest: dict[str, tuple[float, float]] = {}  # by file: its latest fragment's first picture, and when it was kept
    whole: list[float] = []
    ended: list[float] = []
    for key, first, kept in fragments:
        if key in latest and window.start.timestamp() <= first < window.end.timestamp():
            began, then = latest[key]
            whole.append(then - began)
            ended.append(then - first)
        latest[key] = first, kept
    if len(whole) < 2:
        return {}
    return {"p99_receive_to_file_ms": _p99_ms(whole), "p99_fragment_end_to_file_ms": _p99_ms(ended)}


def _p99_ms(seconds: Sequence[float]) -> float:
    return round(1000 * quantiles(seconds, n=100)[98], 1)


def tell(engine: str, count: int, seconds: float, usage: Usage, **more: object) -> None:
    line = {
        "bench": "record",
        "engine": engine,
        "cameras": count,
        "seconds": seconds,
        "cpu_s_per_camera_minute": round(usage.cpu_s_per_camera_minute, 4),
        "mb_per_camera": round(usage.mb_per_camera, 2),
        "mbit_per_camera": round(usage.mbit_per_camera, 2),
        "idle_share": round(usage.idle_share, 3),
        "load": round(os.getloadavg()[0], 2),
        "saturated": usage.saturated,
    }
    print(json.dumps(line | more), flush=True)


def summary(rounds: Sequence[dict[str, Usage]], count: int, lost: int, outages: int) -> dict[str, object]:
    """Medians over the rounds; a ratio is always that of two engines of one round."""
    ours = [usages["kaojian"] for usages in rounds]

    def against(peer: str) -> float | None:
        ratios = [
            usages["kaojian"].cpu_s_per_camera_minute / usages[peer].cpu_s_per_camera_minute
            for usages in rounds
            if peer in usages
        ]
        return round(median(ratios), 3) if ratios else None

    return {
        "bench": "record",
        "cameras": count,
        "rounds": len(rounds),
        "cpu_s_per_camera_minute": round(median(usage.cpu_s_per_camera_minute for usage in ours), 4),
        "cpu_s_per_camera_minute_least": round(min(usage.cpu_s_per_camera_minute for usage in ours), 4),
        "ratio_vs_ffmpeg": against("ffmpeg"),
        "ratio_vs_floor": against("floor"),
        "mb_per_camera": round(median(usage.mb_per_camera for usage in ours), 2),
        "lost_packets": lost,
        "outages": outages,
        "saturated": any(usage.saturated for usages in rounds for usage in usages.values()),
        "goals": GOALS,
    }


def run(arguments: argparse.Namespace, folder: Path) -> None:
    encode_clip(folder / "clip.h264", arguments.bitrate)
    _built("floor", folder)
    server = camera_server(arguments.source, folder)
    rounds: list[dict[str, Usage]] = []
    lost = outages = 0
    with cameras(server, folder / "clip.h264", arguments.cameras, arguments.servers) as urls:
        for _ in range(arguments.rounds):
            usages: dict[str, Usage] = {}
            for engine in arguments.engines:
                place = folder / f"{engine}-files"
                warm = datetime.now(UTC) + timedelta(seconds=arguments.warm_up)
                usages[engine] = measure(engine, place, urls, arguments)
                more: dict[str, object] = {}
                if engine == "kaojian":
                    window = Interval(warm, warm + timedelta(seconds=arguments.seconds))
                    found = losses(place, len(urls), window)
                    lost, outages = lost + found[0], outages + found[1]
                    more = {"lost_packets": found[0], "outages": found[1]}
                    more |= kept_after_ms(place, window)
                tell(engine, len(urls), arguments.seconds, usages[engine], **more)
                shutil.rmtree(place)
            rounds.append(usages)
    print(json.dumps(summary(rounds, arguments.cameras, lost, outages)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU and memory of recording, per camera, beside ffmpeg and a floor")
    parser.add_argument("--cameras", type=int, default=32)
    parser.add_argument("--bitrate", type=float, default=4.0, help="of each camera, in Mbit/s")
    parser.add_argument("--seconds", type=float, default=20.0, help="measured, after the warm-up")
    parser.add_argument("--warm-up", type=float, default=20.0, help="gst-rtsp-server prepares cameras slowly")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--source", choices=["gst", "c"], default="gst", help="gst-rtsp-server, or cameras.c")
    parser.add_argument("--servers", type=int, default=2, help="processes that the cameras are spread over")
    parser.add_argument("--engines", nargs="+", default=["floor", "ffmpeg", "kaojian"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kaojian-bench-") as folder:
        run(arguments, Path(folder))


if __name__ == "__main__":
    main()
