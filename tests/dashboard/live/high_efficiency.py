"""Real H.265 pictures for tests of what is coded anew, encoded once: a key frame every ``GOP``, at ``FPS``."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np

from dashboard.live.fragments import Fragments
from domain.timeline import SystemClock
from ingest.source import AccessUnit, NoPicture
from storage.media import VideoFormat
from tests.fakes.time import NOON
from tests.ingest.pictures import nal_units

FPS = 25
GOP = 25
TICKS = 90_000 // FPS
WIDTH, HEIGHT = 320, 192


@cache
def encoded(count: int = 100, b_pictures: int = 0) -> tuple[tuple[tuple[bytes, ...], int, bool], ...]:
    """In decoding order: the NAL units of each picture, which one it is of those that were taken, and whether it is a
    key frame. Each is as bright as its number."""
    encoder: Any = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    parameters = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=0:bframes={b_pictures}:b-adapt=0:pools=1"
    encoder.options = {
        "preset": "ultrafast",
        "x265-params": f"log-level=none:{parameters}:frame-threads=1:repeat-headers=1:annexb=1",
    }
    packets = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(np.full((HEIGHT * 3 // 2, WIDTH), 40 + number, np.uint8), format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    return tuple((nal_units(bytes(each)), int(each.pts), each.is_keyframe) for each in (*packets, *encoder.encode()))


@cache
def video_format(b_pictures: int = 0) -> VideoFormat:
    sets = {nal[0] >> 1 & 0x3F: nal for nal in encoded(100, b_pictures)[0][0]}
    return VideoFormat.from_h265(sets[32], sets[33], sets[34])


def unit(number: int, at: datetime | None = None, b_pictures: int = 0) -> AccessUnit:
    """Picture ``number`` of an endless stream, in decoding order; it arrives when it was taken, or ``at``."""
    pictures = encoded(100, b_pictures)
    turn, index = divmod(number, len(pictures))
    nals, taken, key = pictures[index]
    shown = turn * len(pictures) + taken
    return AccessUnit(
        nals=nals,
        key=key,
        rtp_time=shown * TICKS,
        arrived=NOON + timedelta(seconds=shown / FPS) if at is None else at,
        arrived_monotonic=0.0,
        format=video_format(b_pictures),
    )


class Playing:
    """A camera that sends H.265 as time goes by. While ``silent`` it sends nothing, until that is an error."""

    def __init__(self, alter: Sequence[bytes] = ()) -> None:
        """``alter`` is sent in place of each picture's own slices."""
        self.silent = asyncio.Event()
        self._alter = tuple(alter)

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        clock, number = SystemClock(), 0
        while True:
            if self.silent.is_set():
                raise NoPicture("the connection stands and no picture came")
            made = unit(number, clock.now())
            nals = self._alter or made.nals
            yield AccessUnit(nals, made.key, made.rtp_time, made.arrived, clock.monotonic(), made.format)
            number += 1
            await asyncio.sleep(1 / FPS)


def decoded(heads: Sequence[bytes]) -> list[av.VideoFrame]:
    """The pictures in fMP4: ftyp and moov, and then fragments."""
    with av.open(io.BytesIO(b"".join(heads)), "r", format="mp4") as container:
        return list(container.decode(video=0))


def as_film(units: Sequence[AccessUnit]) -> list[av.VideoFrame]:
    """What a browser's Media Source would decode of H.264 units."""
    fragments, found = Fragments(), []
    for each in units:
        head, shown = fragments.take(each)
        found += [each for each in (head and head.data, shown and shown.fragment) if each]
    return decoded(found)
