"""What measuring pictures costs beside decoding the same key frames: 1080p, a sample each two seconds, four stations.

Both read one file of H.264 with a key frame every two seconds, made here of drawn pictures with grain; the peer only
decodes the key frames, on one thread as well. A ratio is always that of two of one round. Prints JSON lines and
judges nothing: ``ratio_vs_keyframe_decode`` is decoding and measuring together, against decoding alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.calibration import Calibration, calibrate
from analysis.picture import measure
from analysis.sight import decide
from domain.pictures import Region, Sample

Picture = NDArray[np.uint8]

WIDTH, HEIGHT, FPS, STEP_S = 1920, 1080, 25, 2
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
SAMPLES_AN_HOUR = 3600 // STEP_S
STATIONS = tuple(
    Region(str(number), ((x, y), (x + 0.3, y), (x + 0.3, y + 0.35), (x, y + 0.35)))
    for number, (x, y) in enumerate(((0.1, 0.1), (0.55, 0.1), (0.1, 0.55), (0.55, 0.55)), 1)
)


def scene(number: int, drawn: Picture) -> Picture:
    """A furnished room in which four people sway, with the grain of a sensor."""
    picture = drawn.copy()
    for person, (x, y) in enumerate(((480, 400), (1340, 400), (480, 880), (1340, 880))):
        middle = (x + round(14 * np.sin(number / (9 + person))), y)
        cv2.ellipse(picture, middle, (90, 150), 0, 0, 360, (60, 60, 110 + 20 * person), -1)
    grain = np.random.default_rng(number).normal(0, 2, (HEIGHT, WIDTH, 1))
    return np.asarray((picture + grain).clip(0, 255), np.uint8)


def room() -> Picture:
    rng = np.random.default_rng(1)
    picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for _ in range(250):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        across, down = (int(side) for side in rng.integers(30, 260, 2))
        colour = tuple(int(level) for level in rng.integers(60, 200, 3))
        cv2.rectangle(picture, (x, y), (x + across, y + down), colour, -1)
    return picture


def write(path: Path, drawn: Picture, count: int) -> None:
    """Key frames, as they lie between others in a camera's stream; who reads only these skips the others."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "30", "g": "1"}
        for number in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(number, drawn), format="bgr24")))
        container.mux(stream.encode())


def decoded(path: Path, form: str | None) -> Iterator[Picture | None]:
    """The pictures as arrays of this form; None only decodes them."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(video=0):
            yield None if form is None else np.asarray(frame.to_ndarray(format=form), np.uint8)


def measured(path: Path, form: str, calibration: Calibration) -> list[Sample]:
    """One sample for each picture of the file."""
    pictures = (picture for picture in decoded(path, form) if picture is not None)
    timed = ((START + timedelta(seconds=STEP_S * number), picture) for number, picture in enumerate(pictures))
    return list(measure(timed, calibration))


def per_hour(started: float, count: int) -> float:
    """CPU-seconds for each camera-hour of samples."""
    return (time.process_time() - started) / count * SAMPLES_AN_HOUR


def rounds(path: Path, count: int, times: int, calibration: Calibration) -> Iterator[dict[str, float]]:
    """The peer and ours in turn, grey as the decoder has it and in colour."""
    for _ in range(times):
        started = time.process_time()
        list(decoded(path, None))
        peer = per_hour(started, count)
        line = {"keyframe_decode_s": peer}
        for form, name in (("gray", "grey"), ("bgr24", "colour")):
            started = time.process_time()
            samples = measured(path, form, calibration)
            line[f"{name}_s"] = per_hour(started, count)
            started = time.process_time()
            decide(samples)
            line["decide_s"] = per_hour(started, count)
        yield line


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    drawn = room()
    calibration = calibrate([scene(number, drawn) for number in (1000, 2000, 3000)], STATIONS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key-frames.mp4"
        write(path, drawn, chosen.samples)
        size = path.stat().st_size
        lines = list(rounds(path, chosen.samples, chosen.rounds, calibration))
    for name in ("grey", "colour"):
        ratios = [line[f"{name}_s"] / line["keyframe_decode_s"] for line in lines]
        print(
            json.dumps(
                {
                    "bench": "picture" if name == "grey" else "picture_in_colour",
                    "ratio_vs_keyframe_decode": round(median(ratios), 3),
                    "cpu_s_per_camera_hour": round(median(line[f"{name}_s"] for line in lines), 1),
                    "keyframe_decode_s": round(median(line["keyframe_decode_s"] for line in lines), 1),
                    "decide_s": round(median(line["decide_s"] for line in lines), 2),
                    "stations": len(STATIONS),
                    "keyframe_bytes": size // chosen.samples,
                }
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
