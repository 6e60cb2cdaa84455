"""One camera's pictures coded anew, for browsers that do not play what it sends: decoded, made smaller, H.264.

A process of its own does it (``python -m dashboard.live.recoding LINES FPS``), of a lower priority than what records,
and the first that the kernel ends where memory runs out. What a camera sends is read by code in C that trusts it:
here it has no database, no key and no connection. Both ways travel messages of the relay (``ingest.relay.wire``):
formats and units, into it as the camera sends them, out of it as H.264, and after each picture that went in a message
that it is done with (of the kind SKIPPED). A unit that comes out has the arrival of the picture that it was made of:
its age is counted from there, through everything that happens here.
Not here: how many such processes there are, and when they begin and end (``coders``).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, Final, Literal

import av
import av.error
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import Interpolation

from ingest.libav.pictures import TICKS_PER_SECOND, Assembler, Packet
from ingest.relay import wire
from ingest.relay.wire import Kind, LiveUnit
from ingest.source import AccessUnit
from storage.media import Codec, VideoFormat

NICE: Final = 10
"""Less than what records and what sends, as what looks at footage (``analysis.crew``)."""

KEY_S: Final = 2
"""How far key frames are apart at most: who comes later begins with one of them."""

LATE_PICTURES: Final = 8
"""Where more wait to be decoded, only a quarter of the pictures is coded until it has caught up."""

FRUITLESS_PICTURES: Final = 50
"""Nothing was decoded of so many in a row: nothing will be."""

_DECODERS: Final = {Codec.H264: "h264", Codec.H265: "hevc", Codec.JPEG: "mjpeg"}
_TICK: Final = Fraction(1, TICKS_PER_SECOND)
_EARLY: Final = 0.95  # of the usual step: cameras' stamps are not even
_REMEMBERED: Final = 64  # pictures that a decoder may hold back; ITU-T H.265 A.4.2 allows 16
_UNSAID: Final = 2  # ITU-T H.264 table E-5, of colours
_BT709: Final = 1
_HIGH_LINES: Final = 720  # from here on unsaid colours are those of BT.709 for every player, below those of BT.601


class Exit(IntEnum):
    """How the process ends."""

    DONE = 0
    FAULT = 1
    NO_CODEC = 3
    UNDECODABLE = 4


class CodecMissing(Exception):
    """This libav has no decoder for what the camera sends, or no libx264."""


class Undecodable(Exception):
    """The decoder makes nothing of the pictures."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a picture may be that is coded anew, in lines, and how many a second."""

    lines: int
    fps: int

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what comes out, even numbers, never larger than what goes in."""
        lines = min(self.lines, height)
        return max(2, round(width * lines / height / 2) * 2), max(2, lines // 2 * 2)


class Recoding:
    """The pictures of one connection. Holds at most what the decoder holds back."""

    def __init__(self, codec: Codec, bounds: Bounds) -> None:
        """Raises CodecMissing."""
        self._codec, self._bounds = codec, bounds
        self._decoder: Any = _context(_DECODERS[codec], "r")
        self._decoder.thread_count = 1
        self._encoder: Any = None
        self._assembler = Assembler(Codec.H264, b"")
        self._stamps: dict[int, tuple[int, datetime]] = {}  # by number: RTP time and arrival
        self._number = self._coded = self._fruitless = 0
        self._last: int | None = None  # RTP time of the picture that was coded last

    def take(self, unit: LiveUnit, *, late: bool = False) -> Iterator[AccessUnit]:
        """What comes out once this picture has gone in; ``late`` says that others wait for that.

        Raises Undecodable, CodecMissing.
        """
        for frame in self._decoded(unit):
            number = self._number if frame.pts is None else frame.pts
            rtp_time, arrived = self._stamps.get(number, (unit.rtp_time, unit.arrived))
            if self._is_due(rtp_time, late):
                self._last = rtp_time
                yield from self._coded_anew(frame, rtp_time, arrived)

    def _decoded(self, unit: LiveUnit) -> list[VideoFrame]:
        self._number += 1
        self._stamps[self._number] = unit.rtp_time, unit.arrived
        self._stamps.pop(self._number - _REMEMBERED, None)
        packet = av.Packet(_stream(unit))
        packet.pts = packet.dts = self._number
        self._fruitless += 1
        try:
            frames: list[VideoFrame] = self._decoder.decode(packet)
        except av.error.FFmpegError as error:
            if self._fruitless >= FRUITLESS_PICTURES:
                raise Undecodable(f"{self._fruitless} pictures of {self._codec}, the last: {error}") from error
            return []
        if frames:
            self._fruitless = 0
        elif self._fruitless >= FRUITLESS_PICTURES:
            raise Undecodable(f"{self._fruitless} pictures of {self._codec} without one that is whole")
        return frames

    def _is_due(self, rtp_time: int, late: bool) -> bool:
        if self._last is None:
            return True
        step = TICKS_PER_SECOND / self._bounds.fps * _EARLY * (4 if late else 1)
        return rtp_time - self._last >= step or rtp_time < self._last

    def _coded_anew(self, frame: VideoFrame, rtp_time: int, arrived: datetime) -> Iterator[AccessUnit]:
        width, height = self._bounds.size(frame.width, frame.height)
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (width, height):
            self._encoder, self._coded = self._opened(frame, width, height), 0
        # Among threads of its own scaling would take what is left to recording.
        small = frame.reformat(width, height, "yuv420p", interpolation=Interpolation.AREA, threads=1)
        small.pts, small.time_base, small.pict_type = self._coded, self._encoder.time_base, PictureType.NONE
        self._coded += 1
        for packet in self._encoder.encode(small):
            yield from self._assembler.take(Packet(bytes(packet), rtp_time, rtp_time, 0, _TICK, arrived, 0.0))

    def _opened(self, frame: VideoFrame, width: int, height: int) -> Any:
        """libx264 without any delay: one picture in, one out. Constrained Baseline, which every viewer takes."""
        fps = self._bounds.fps
        made = _context("libx264", "w")
        made.width, made.height, made.pix_fmt = width, height, "yuv420p"
        made.time_base, made.framerate = Fraction(1, fps), Fraction(fps)
        made.gop_size, made.max_b_frames, made.thread_count = KEY_S * fps, 0, 1
        if self._decoder.sample_aspect_ratio:
            made.sample_aspect_ratio = self._decoder.sample_aspect_ratio
        unsaid = _BT709 if frame.height >= _HIGH_LINES and self._codec is not Codec.JPEG else _UNSAID
        made.colorspace, made.color_primaries, made.color_trc = (
            int(unsaid if int(each) == _UNSAID else each)
            for each in (frame.colorspace, frame.color_primaries, frame.color_trc)
        )
        most_kbit = max(200, width * height * fps // 4000)  # 1.5 Mbit/s for 854 x 480 at 15
        made.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "x264-params": f"crf=26:vbv-maxrate={most_kbit}:vbv-bufsize={most_kbit}:sliced-threads=0:slices=1"
            f":keyint={KEY_S * fps}:scenecut=0:repeat-headers=1:annexb=1:log=-1",
        }
        made.open()
        return made


def _context(name: str, mode: Literal["r", "w"]) -> Any:
    try:
        return av.CodecContext.create(name, mode)
    except (ValueError, av.error.FFmpegError) as error:
        raise CodecMissing(f"libav has no {name} ({error})") from error


def _stream(unit: LiveUnit) -> bytes:
    """As decoders take it: a JPEG alone, else a byte stream (annex B), with all parameter sets before a key frame."""
    if unit.format.codec is Codec.JPEG:
        return b"".join(unit.nals)
    sets = (unit.format.vps, unit.format.sps, unit.format.pps) if unit.key else ()
    return b"".join(b"\0\0\0\1" + nal for nal in (*sets, *unit.nals) if nal)


def _heard(stream: BinaryIO, waiting: SimpleQueue[LiveUnit | None]) -> None:
    """On a thread: all that comes, until nothing does."""
    video: VideoFormat | None = None
    with suppress(wire.MalformedRelay, OSError):
        while len(head := stream.read(wire.HEAD_BYTES)) == wire.HEAD_BYTES:
            kind, length = wire.head(head)
            body = stream.read(length)
            if len(body) < length:
                break
            if kind is Kind.FORMAT:
                video = wire.format_of(body)
            elif kind is Kind.UNIT and video is not None:
                waiting.put(wire.unit_of(body, video))
    waiting.put(None)


def recode(heard: BinaryIO, said: BinaryIO, bounds: Bounds) -> None:
    """Until nothing comes any more. Raises CodecMissing, Undecodable, OSError."""
    waiting: SimpleQueue[LiveUnit | None] = SimpleQueue()
    Thread(target=_heard, args=(heard, waiting), name="heard", daemon=True).start()
    recoding: Recoding | None = None
    told: VideoFormat | None = None
    while (unit := waiting.get()) is not None:
        recoding = recoding or Recoding(unit.format.codec, bounds)
        for made in recoding.take(unit, late=waiting.qsize() > LATE_PICTURES):
            if made.format != told:
                told = made.format
                said.write(wire.format_message(told))
            said.write(wire.unit_message(made))
        said.write(wire.message(Kind.SKIPPED))
        said.flush()


def main(lines: str, fps: str) -> Exit:
    """The process. Whoever interrupts the service at a terminal reaches its parent, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    with suppress(OSError):  # only Linux knows how
        Path("/proc/self/oom_score_adj").write_text("1000")
    # Of their own, never closed: at its end the interpreter would wait for whoever still reads sys.stdin.
    heard, said = open(0, "rb", closefd=False), open(1, "wb", closefd=False)  # noqa: SIM115
    try:
        recode(heard, said, Bounds(int(lines), int(fps)))
    except CodecMissing:
        return Exit.NO_CODEC
    except Undecodable:
        return Exit.UNDECODABLE
    except BrokenPipeError:
        os._exit(Exit.DONE)  # nobody is there to tell the rest to
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
