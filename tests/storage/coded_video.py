"""Real H.264, H.265 and JPEG for the tests of ``storage.media``: coded by libav, split into NAL units here.

Also a writer of sequence parameter sets, bit by bit, for what libx264 never writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from hypothesis import HealthCheck, settings

from storage.media import TIMESCALE, Codec, Sample, VideoFormat

at_any_pace = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Coded:
    """Access units in decoding order as NAL units, parameter sets included; ``keys`` says which can be started at."""

    units: tuple[tuple[bytes, ...], ...]
    keys: tuple[bool, ...]
    offsets: tuple[int, ...]  # presentation minus decoding time, in frames
    fps: int
    codec: Codec = Codec.H264

    def kind(self, nal: bytes) -> int:
        return nal[0] >> 1 & 0x3F if self.codec is Codec.H265 else nal[0] & 0x1F

    def first(self, kind: int) -> bytes:
        return next(nal for unit in self.units for nal in unit if self.kind(nal) == kind)

    @property
    def format(self) -> VideoFormat:
        if self.codec is Codec.JPEG:
            return VideoFormat.from_jpeg(self.units[0][0])
        if self.codec is Codec.H265:
            return VideoFormat.from_h265(self.first(32), self.first(33), self.first(34))
        return VideoFormat.from_h264(self.first(7), self.first(8))

    def samples(self) -> list[Sample]:
        ticks = TIMESCALE // self.fps
        return [
            Sample(unit, ticks, key, offset * ticks)
            for unit, key, offset in zip(self.units, self.keys, self.offsets, strict=True)
        ]


def split(stream: bytes) -> tuple[bytes, ...]:
    """NAL units of an Annex B byte stream (ITU-T H.264 B.1)."""
    return tuple(nal.rstrip(b"\0") for nal in stream.split(b"\0\0\1")[1:])


@lru_cache(maxsize=32)
def encode(
    width: int = 320,
    height: int = 192,
    frames: int = 20,
    profile: str = "high",
    *,
    options: tuple[tuple[str, str], ...] = (("tune", "zerolatency"),),
    pixels: str = "yuv420p",
    aspect: Fraction | None = None,
) -> Coded:
    """Two or more groups of ten moving pictures at 25 fps."""
    encoder = _encoder("libx264", width, height, pixels, aspect)
    encoder.options = {
        "profile": profile,
        "preset": "superfast",
        "threads": "1",
        "sc_threshold": "0",
        **dict(options),
    }
    return _coded(encoder, frames, Codec.H264)


@lru_cache(maxsize=32)
def encode_h265(
    width: int = 320,
    height: int = 192,
    frames: int = 20,
    parameters: str = "bframes=0",
    *,
    pixels: str = "yuv420p",
    aspect: Fraction | None = None,
) -> Coded:
    """The same pictures in H.265; ``parameters`` are libx265's own."""
    encoder = _encoder("libx265", width, height, pixels, aspect)
    quiet = "log-level=none:pools=1:frame-threads=1:info=0:open-gop=0:keyint=10:min-keyint=10:scenecut=0"
    encoder.options = {"preset": "ultrafast", "x265-params": f"{quiet}:{parameters}"}
    return _coded(encoder, frames, Codec.H265)


@lru_cache(maxsize=32)
def encode_jpeg(width: int = 320, height: int = 192, frames: int = 20, *, pixels: str = "yuvj420p") -> Coded:
    """The same pictures as JPEGs, each for itself."""
    return _coded(_encoder("mjpeg", width, height, pixels, None), frames, Codec.JPEG)


def _encoder(name: str, width: int, height: int, pixels: str, aspect: Fraction | None) -> VideoCodecContext:
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, pixels
    encoder.framerate, encoder.time_base, encoder.gop_size = Fraction(25), Fraction(1, 25), 10
    if aspect is not None:
        encoder.sample_aspect_ratio = aspect
    return encoder


def _coded(encoder: VideoCodecContext, frames: int, codec: Codec) -> Coded:
    width, height = encoder.width, encoder.height
    packets = []
    for number in range(frames):
        picture = np.full((height, width, 3), number * 11 % 256, np.uint8)
        picture[:, number * 8 % width :] //= 2
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=encoder.pix_fmt)
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    assert all(packet.pts is not None and packet.dts is not None for packet in packets)
    return Coded(
        tuple((bytes(packet),) if codec is Codec.JPEG else split(bytes(packet)) for packet in packets),
        tuple(packet.is_keyframe for packet in packets),
        tuple((packet.pts or 0) - (packet.dts or 0) for packet in packets),
        25,
        codec,
    )


class BitWriter:
    """Writes the bits of a parameter set and wraps them as a NAL unit with emulation prevention."""

    def __init__(self) -> None:
        self._bits = ""

    def put(self, value: int, width: int) -> BitWriter:
        self._bits += format(value, f"0{width}b") if width else ""
        return self

    def ue(self, *values: int) -> BitWriter:
        for value in values:
            code = format(value + 1, "b")
            self._bits += "0" * (len(code) - 1) + code
        return self

    def se(self, *values: int) -> BitWriter:
        return self.ue(*(2 * value - 1 if value > 0 else -2 * value for value in values))

    def nal(self, header: int | bytes, *, stop: bool = True) -> bytes:
        bits = self._bits + "1" * stop
        bits += "0" * (-len(bits) % 8)
        payload = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
        head = header if isinstance(header, bytes) else bytes([header])
        return head + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", payload)
