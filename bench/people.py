"""What looking for people at four stations costs beside decoding a recording's key frames, which is done anyway.

The film is 1920 x 1080 pixels at 25 a second with a key frame every two seconds: four rooms with a table each, in
which people come and go, as seen by one camera. Both run on one thread, one after the other in each round; a ratio is
always that of two of one round, in processor time. Real weights and footage lie outside of the project
(KAOJIAN_VISION_DIR); without them nothing is measured. Prints JSON lines and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from statistics import median

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from analysis.people.crops import Window, search, station_windows
from analysis.people.detector import Detector, Picture
from analysis.people.opening import Form, Model, Runtime, open_detector
from domain.pictures import Region
from tests.vision import FOLDER

WIDTH, HEIGHT, FPS, EVERY_S = 1920, 1080, 25, 2
SAMPLES_PER_HOUR = 3600 // EVERY_S
FILM = "footage/one-by-one-person-detection.mp4"
TABLE = (0.49, 0.05, 0.78, 0.95)  # of the film
LATER = (0, 150, 420, 800)  # pictures by which the four rooms differ, so that they are not empty together

RUNS: tuple[tuple[str, int | None, Runtime], ...] = (
    ("yolox_nano.onnx", None, Runtime.OPENVINO),
    ("yolox_nano.onnx", 320, Runtime.OPENVINO),
    ("yolox_nano.onnx", None, Runtime.ONNX),
    ("yolo11n_deq.onnx", 320, Runtime.OPENVINO),
    ("yolo11n_deq.onnx", 416, Runtime.OPENVINO),
)


def stations() -> list[Region]:
    """The four tables, one in each quarter."""
    left, top, right, bottom = TABLE
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return [
        Region(f"s{column}{row}", tuple(((x + column) / 2, (y + row) / 2) for x, y in corners))
        for column in (0, 1)
        for row in (0, 1)
    ]


def scenes(seconds: int) -> Iterator[Picture]:
    """Pictures of the four rooms, ten a second as the film has them, with the noise of a camera."""
    with av.open(str(FOLDER / FILM)) as film:
        rooms = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in film.decode(video=0)]
    rooms = [np.asarray(cv2.resize(room, (WIDTH // 2, HEIGHT // 2)), np.uint8) for room in rooms]
    noise = np.random.default_rng(1).normal(0, 2.5, (HEIGHT, WIDTH, 3)).astype(np.int16)
    for number in range(seconds * 10):
        quarters = [rooms[(number + later) % len(rooms)] for later in LATER]
        whole = np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])]).astype(np.int16)
        shift = number * 37 % WIDTH
        yield np.clip(whole + np.roll(noise, shift, axis=1), 0, 255).astype(np.uint8)


def record(path: Path, seconds: int) -> None:
    """The film as a camera would code it: H.264, 4 Mbit/s, a key frame every two seconds."""
    with av.open(str(path), "w") as file:
        options = {
            "preset": "veryfast",
            "g": str(FPS * EVERY_S),
            "keyint_min": str(FPS * EVERY_S),
            "sc_threshold": "0",
        }
        stream = file.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 4_000_000
        count = 0
        for tenth, picture in enumerate(scenes(seconds)):
            while count * 10 < (tenth + 1) * FPS:
                frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
                frame.pts, frame.time_base = count, Fraction(1, FPS)
                file.mux(stream.encode(frame))
                count += 1
        file.mux(stream.encode(None))


def key_frames(path: Path) -> Iterator[av.VideoFrame]:
    """Nothing but these is decoded, on one thread."""
    with av.open(str(path)) as file:
        stream: VideoStream = file.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = "NONKEY"
        yield from file.decode(stream)


def decode_s(path: Path) -> tuple[float, int]:
    """Processor seconds of decoding the key frames, and how many there are."""
    begun = time.process_time()
    count = sum(1 for _ in key_frames(path))
    return time.process_time() - begun, count


def people_s(path: Path, detector: Detector, windows: Sequence[Window]) -> tuple[float, int]:
    """Processor seconds of all that comes on top: pictures as BGR, crops, network, boxes; how many it found."""
    spent, found = 0.0, 0
    for frame in key_frames(path):
        begun = time.process_time()
        picture: NDArray[np.uint8] = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        (boxes,) = search(detector, [(picture, windows)])
        spent += time.process_time() - begun
        found += len(boxes)
    return spent, found


def measure(path: Path, rounds: int, run: tuple[str, int | None, Runtime]) -> None:
    weights, side, runtime = run
    model = Model(weights.partition(".")[0], Form.ONNX, (FOLDER / "weights" / weights).read_bytes())
    detector = open_detector(model, runtimes=[runtime], side=side)
    windows = station_windows(stations(), WIDTH, HEIGHT, detector.side)
    lines = []
    for number in range(rounds + 1):
        (decoding, count), (people, found) = decode_s(path), people_s(path, detector, windows)
        if number > 0:  # the first round warms caches
            lines.append((people / decoding, people / count, decoding / count, found / count))
    ratio, people_each, decoding_each, found_each = (median(line[place] for line in lines) for place in range(4))
    line = {
        "bench": "people",
        "detector": detector.name,
        "stations": len(stations()),
        "crops": len(windows),
        "pictures": count,
        "rounds": rounds,
        "people_found_per_picture": round(found_each, 2),
        "cpu_ms_per_picture": round(people_each * 1000, 2),
        "keyframe_decode_ms": round(decoding_each * 1000, 2),
        "cpu_s_per_camera_hour": round(people_each * SAMPLES_PER_HOUR, 1),
        "keyframe_decode_s_per_camera_hour": round(decoding_each * SAMPLES_PER_HOUR, 1),
        "ratio_vs_keyframe_decode": round(ratio, 3),
    }
    print(json.dumps(line), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="What looking for people costs beside decoding key frames")
    parser.add_argument("--seconds", type=int, default=60, help="of film")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--runs", type=int, default=len(RUNS), help="how many of the detectors, the default one first"
    )
    arguments = parser.parse_args()
    missing = [name for name in (FILM, *(f"weights/{run[0]}" for run in RUNS)) if not (FOLDER / name).exists()]
    if missing:
        print(json.dumps({"bench": "people", "skipped": f"{FOLDER / missing[0]} is not there"}))
        return 0
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="kaojian-bench-") as folder:
        film = Path(folder) / "film.mp4"
        record(film, arguments.seconds)
        for run in islice(RUNS, arguments.runs):
            measure(film, arguments.rounds, run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
