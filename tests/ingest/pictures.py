"""Real H.264 pictures for recorder tests, encoded once: key frame every ``GOP`` pictures at ``FPS``."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache

import av
import numpy as np

from ingest.source import AccessUnit
from storage.media import VideoFormat
from tests.fakes.time import NOON

FPS = 15
GOP = 15
TICKS = 90_000 // FPS
_WIDTH, _HEIGHT = 320, 192


def nal_units(annex_b: bytes) -> tuple[bytes, ...]:
    """The NAL units of a byte stream (ITU-T H.264 annex B), without start codes."""
    parts = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return tuple(part for part in parts if part)


@cache
def encoded(count: int = 150) -> tuple[tuple[bytes, ...], ...]:
    """The NAL units of each of ``count`` pictures."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    encoder.framerate = Fraction(FPS)
    encoder.gop_size = GOP
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:sliced-threads=0:threads=1",
    }
    pictures = []
    for number in range(count):
        image = np.full((_HEIGHT, _WIDTH, 3), number * 7 % 256, np.uint8)
        image[:, number * 2 % _WIDTH] = 255
        packets = encoder.encode(av.VideoFrame.from_ndarray(image, format="bgr24"))
        pictures += [nal_units(bytes(packet)) for packet in packets]
    return tuple(pictures)


@cache
def video_format() -> VideoFormat:
    nals = encoded()[0]
    sps = next(nal for nal in nals if nal[0] & 31 == 7)
    pps = next(nal for nal in nals if nal[0] & 31 == 8)
    return VideoFormat.from_h264(sps, pps)


def unit(
    number: int,
    *,
    late_s: float = 0.0,
    start: datetime = NOON,
    lost_packets: int = 0,
    damaged: bool = False,
    rtp_shift: int = 0,
    camera_ahead_s: float | None = None,
) -> AccessUnit:
    """Picture ``number`` of an endless stream that began at ``start``, arriving ``late_s`` after it was taken."""
    taken_s = number / FPS
    arrived = start + timedelta(seconds=taken_s + late_s)
    taken = start + timedelta(seconds=taken_s)
    return AccessUnit(
        nals=encoded()[number % len(encoded())],
        key=number % GOP == 0,
        rtp_time=number * TICKS + rtp_shift,
        arrived=arrived,
        arrived_monotonic=(arrived - NOON).total_seconds() + 1000.0,
        format=video_format(),
        lost_packets=lost_packets,
        damaged=damaged,
        camera_time=None if camera_ahead_s is None else taken + timedelta(seconds=camera_ahead_s),
    )
