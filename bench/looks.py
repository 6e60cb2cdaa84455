"""What looking at pictures costs beside decoding them alone, and what looks take beside their footage.

A minute of a moving picture at 25 a second, coded by libx264, is examined with and without looking, one after the
other in each round; a ratio is always that of two of one round. CPU time of this process, one thread. Where the
installation has no picture analysis, brightness is all that is measured, and ``eye`` says so. Prints JSON lines and
judges nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from analysis.examination import Errand, Examined, examine
from analysis.eye import EYE, Eye, Measure, Picture
from domain.evidence import Segment
from domain.pictures import Sample as Seen
from domain.timeline import Interval
from storage.database.samples import packed, unpacked
from storage.media import TIMESCALE, Ledger, Sample, VideoFormat, fragment, init_segment

FPS, MINUTE_S = 25, 60
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
SITTING_MINUTES = 12 * 4 * 60  # twelve cameras, four hours


def brightness(pictures: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> Iterator[Seen]:
    """The least that can be measured."""
    for at, picture in pictures:
        yield Seen(at, picture.shape[1], picture.shape[0], float(picture.mean()), 0.0, float(picture.std()))


def minute(width: int, height: int) -> tuple[Segment, bytes]:
    """A segment in which a block wanders over noise that stands still."""
    units = list(_coded(width, height))
    nals = [tuple(nal.rstrip(b"\0") for nal in unit.split(b"\0\0\1")[1:]) for unit, _ in units]
    video = VideoFormat.from_h264(*(_first(nals[0], kind) for kind in (7, 8)))
    samples = [Sample(each, TIMESCALE // FPS, key, 0) for each, (_, key) in zip(nals, units, strict=True)]
    parts = [init_segment(video)]
    for second in range(MINUTE_S):
        some = samples[second * FPS : (second + 1) * FPS]
        captured = START + timedelta(seconds=second)
        parts.append(fragment(second + 1, second * TIMESCALE, some, captured, Ledger(0, 0.02, None)))
    data = b"".join(parts)
    digest, head = hashlib.sha256(data).hexdigest(), len(parts[0])
    interval = Interval(START, START + timedelta(seconds=MINUTE_S))
    facts = (len(samples), len(data), digest, head, video.codec_string, width, height, 0, 0.02, None)
    return Segment("bench/b/c/minute.mp4", "c", "b", "run", interval, *facts), data


def _coded(width: int, height: int) -> Iterator[tuple[bytes, bool]]:
    encoder = av.CodecContext.create("libx264", "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError("libav made no video encoder")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.gop_size = Fraction(FPS), Fraction(1, FPS), 2 * FPS
    encoder.options = {"preset": "superfast", "tune": "zerolatency", "threads": "1"}
    room = np.random.default_rng(1).integers(0, 255, (height // 8, width // 8), np.uint8).repeat(8, 0).repeat(8, 1)
    for number in range(FPS * MINUTE_S):
        picture = room.copy()
        picture[height // 3 : height // 2, (number * 8) % width :][:, : width // 10] = 200
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = number
        yield from ((bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame))
    yield from ((bytes(packet), packet.is_keyframe) for packet in encoder.encode(None))


def _first(nals: Iterable[bytes], kind: int) -> bytes:
    return next(nal for nal in nals if nal[0] & 0x1F == kind)


def timed(errand: Errand) -> tuple[float, Examined]:
    """CPU seconds of one pass, and what was found."""
    began = time.process_time()
    found = examine(errand)
    return time.process_time() - began, found


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--size", default="1920x1080")
    given = asked.parse_args()
    width, height = map(int, given.size.split("x"))
    segment, data = minute(width, height)
    measure: Measure = brightness if EYE is None else EYE.measure
    calibration = None if EYE is None else _calibration(EYE, segment, data)
    plain, looked, ratios = [], [], []
    samples: tuple[Seen, ...] = ()
    for _ in range(given.rounds):
        alone, _found = timed(Errand(segment, data, START))
        beside, found = timed(Errand(segment, data, START, measure, calibration))
        samples = found.samples or ()
        plain.append(alone)
        looked.append(beside)
        ratios.append(beside / alone)
    eye = "brightness" if EYE is None else f"version {EYE.version}"
    spent = {"decode_cpu_s": round(median(plain), 3), "look_cpu_s": round(median(looked) - median(plain), 3)}
    told = {"eye": eye, "size": given.size, **spent, "ratio_to_decoding": round(median(ratios), 3)}
    print(json.dumps({"bench": "looks.pass", **told}))
    kept = packed(samples)
    began = time.process_time()
    if unpacked(kept) != samples:
        raise ValueError("samples do not come back as they were packed")
    unpack_s = time.process_time() - began
    of = {
        "eye": eye,
        "samples": len(samples),
        "bytes": len(kept),
        "ratio_to_footage": round(len(kept) / len(data), 6),
    }
    sitting = {
        "sitting_mb": round(len(kept) * SITTING_MINUTES / 1e6, 1),
        "sitting_unpack_s": unpack_s * SITTING_MINUTES,
    }
    print(json.dumps({"bench": "looks.kept", **of, **sitting}))


def _calibration(eye: Eye, segment: Segment, data: bytes) -> bytes:
    """Of the same footage, without regions."""
    taken: list[Picture] = []

    def keep(pictures: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> list[Seen]:
        taken.extend(picture for _, picture in pictures)
        return []

    examine(Errand(segment, data, START, keep))
    return eye.calibrate(taken[:5], ()).data


if __name__ == "__main__":
    main()
