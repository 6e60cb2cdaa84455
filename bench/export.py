"""What one MP4 of a camera-hour costs beside ``ffmpeg -c copy`` over the same files: whole commands, start included.

The footage is as a recorder writes it: H.264 1080p25 at about 4 Mbit/s, a file a minute, a fragment a second, kept in
a spool with its rows. Ours plans the film, compares every file with its hash, and writes it; ffmpeg reads the files
by its concat demuxer. Both outputs are synced. One after the other in each round, in turns; a ratio is always that of
two of one round. Prints a JSON line with the goals and judges nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from domain.evidence import Copy, EndReason, Observation, Place, Recorder, Run, Segment, SegmentState
from domain.people import Actor, Door
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station
from domain.timeline import Interval
from storage.database import connect
from storage.media import TIMESCALE, Ledger, Sample, VideoFormat, fragment, init_segment

SITE, BATCH, CAMERA, FPS, MINUTE_S, CLIP_S = "bench", "2026-0501", "c1", 25, 60, 4
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
GOALS = {"ratio_vs_ffmpeg": 1.0, "mb_peak": 64}
ACTOR = Actor("local:bench", Door.COMMAND_LINE)


def clip(bits_per_second: int) -> tuple[list[tuple[bytes, ...]], VideoFormat]:
    """Some seconds of noise at a bit rate, a key frame each second: NAL units of each picture."""
    encoder = av.CodecContext.create("libx264", "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError("libx264 codes no video")
    encoder.width, encoder.height, encoder.pix_fmt = 1920, 1080, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.gop_size = Fraction(FPS), Fraction(1, FPS), FPS
    encoder.bit_rate = bits_per_second
    rate = f"nal-hrd=cbr:vbv-maxrate={bits_per_second // 1000}:vbv-bufsize={bits_per_second // 1000}:scenecut=0"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": rate}
    rng = np.random.default_rng(1)
    packets = []
    for number in range(CLIP_S * FPS):
        noise = np.repeat(np.repeat(rng.integers(0, 255, (135, 240, 3), np.uint8), 8, 0), 8, 1)
        frame = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    units = [tuple(nal.rstrip(b"\0") for nal in bytes(each).split(b"\0\0\1")[1:]) for each in packets]
    sets = {nal[0] & 0x1F: nal for nal in units[0]}
    return units, VideoFormat.from_h264(sets[7], sets[8])


def minute(units: Sequence[tuple[bytes, ...]], video: VideoFormat, start: datetime) -> Iterator[bytes]:
    """One segment: a fragment each second."""
    yield init_segment(video)
    for second in range(MINUTE_S):
        first = second % CLIP_S * FPS
        samples = [Sample(unit, TIMESCALE // FPS, at == 0) for at, unit in enumerate(units[first : first + FPS])]
        captured = start + timedelta(seconds=second)
        yield fragment(second + 1, second * TIMESCALE, samples, captured, Ledger(0, 0.02, None))


def record(folder: Path, minutes: int, bits_per_second: int) -> list[Path]:
    """A closed sitting of one camera in an installation; its files."""
    units, video = clip(bits_per_second)
    end, before = START + timedelta(minutes=minutes), START - timedelta(days=1)
    database = connect(f"sqlite:///{folder / 'kaojian.db'}")
    room = Room("r1", "bench", (Station("1"),), (Camera(CAMERA, "rtsp://127.0.0.1/1", ("1",)),))
    nothing = timedelta()
    database.setup.apply_site(Site(SITE, "bench", "bench", (room,)), ACTOR, before)
    plan = SittingPlan(1, ("r1",), START, end, nothing, nothing)
    database.setup.apply_batch(Batch(BATCH, SITE, "bench", "SG-2022-08-10", (plan,)), ACTOR, before)
    database.setup.open_sitting(BATCH, 1, START, START)
    database.setup.close_sitting(BATCH, 1, end, end)
    evidence = database.evidence
    evidence.begin_recorder(Recorder("life", "host", START, end))
    evidence.begin_run(Run("run", CAMERA, "life", START))
    paths = []
    for number in range(minutes):
        begun = START + timedelta(minutes=number)
        data = b"".join(minute(units, video, begun))
        key = f"{SITE}/{BATCH}/{CAMERA}/{begun:%Y%m%dT%H%M%S.%fZ}.mp4"
        path = folder / "spool" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
        segment = _segment(key, begun, data, video)
        copy = Copy(key, Place.SPOOL, str(folder / "spool"), end, len(data), segment.sha256)
        evidence.add_segment(segment, copy)
        evidence.add_observation(Observation(key, end, SegmentState.OK, segment.frames))
    evidence.end_run("run", end, EndReason.NOT_NEEDED)
    evidence.end_recorder("life", end)
    database.close()
    return paths


def _segment(key: str, begun: datetime, data: bytes, video: VideoFormat) -> Segment:
    return Segment(
        key=key,
        camera=CAMERA,
        batch=BATCH,
        run="run",
        interval=Interval(begun, begun + timedelta(seconds=MINUTE_S)),
        frames=FPS * MINUTE_S,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        init_size_bytes=len(init_segment(video)),
        codec=video.codec_string,
        width=video.width,
        height=video.height,
        lost_packets=0,
        delayed_s=0.02,
        clock_offset_s=None,
    )


def measured(command: Sequence[str], folder: Path, made: Path) -> tuple[float, float]:
    """Seconds until what a command makes is synced, and the most megabytes it had in memory."""
    installed = {"KAOJIAN_DATA_DIR": str(folder), "KAOJIAN_DATABASE_URL": f"sqlite:///{folder / 'kaojian.db'}"}
    environment = {**os.environ, **installed, "PYTHONPATH": str(Path(__file__).parents[1])}
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    peak_kb = 0
    while process.poll() is None:
        peak_kb = max(peak_kb, resident_peak_kb(process.pid))
        time.sleep(0.02)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    (path,) = made.glob("*.mp4")
    with path.open("rb") as file:
        os.fsync(file.fileno())
    seconds = time.perf_counter() - begun
    path.unlink()
    return seconds, peak_kb * 1024 / 10**6


def resident_peak_kb(pid: int) -> int:
    """VmHWM of a process, which unlike ru_maxrss does not begin with what its parent had; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def run(arguments: argparse.Namespace, folder: Path) -> None:
    paths = record(folder, arguments.minutes, arguments.bitrate)
    (folder / "list").write_text("".join(f"file '{path}'\n" for path in paths), "utf-8")
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    ours = [sys.executable, "-m", "kaojian", "export", BATCH, "ours", "--mp4"]
    theirs = ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", "list", "-c", "copy", "theirs/film.mp4"]
    sides = {"ours": ours, "theirs": theirs}
    rounds: list[dict[str, tuple[float, float]]] = []
    for number in range(arguments.rounds + 1):
        order = sorted(sides, reverse=number % 2 == 1)
        found = {name: measured(sides[name], folder, folder / name) for name in order}
        if number > 0:  # the first round only warms the cache
            rounds.append(found)
    line = {
        "bench": "export",
        "mb": sum(path.stat().st_size for path in paths) // 10**6,
        "minutes": arguments.minutes,
        "rounds": arguments.rounds,
        "seconds": round(median(each["ours"][0] for each in rounds), 2),
        "ffmpeg_seconds": round(median(each["theirs"][0] for each in rounds), 2),
        "ratio_vs_ffmpeg": round(median(each["ours"][0] / each["theirs"][0] for each in rounds), 3),
        "mb_peak": round(max(each["ours"][1] for each in rounds), 1),
        "ffmpeg_mb_peak": round(max(each["theirs"][1] for each in rounds), 1),
        "goals": GOALS,
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What one MP4 of a camera costs beside ffmpeg -c copy")
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--bitrate", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kaojian-bench-", dir="/var/tmp") as folder:
        run(arguments, Path(folder))


if __name__ == "__main__":
    main()
