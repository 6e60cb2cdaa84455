"""Where a camera's pictures come from: coded here with libx264 or libx265, or those of a file as they are.

Both give access units as tuples of NAL units, parameter sets in band before each key frame. Not here: time, which
belongs to the camera, and packets (``packets``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from ingest.simulator.errors import UnreadableVideo

_SMPTE170M = 6  # colour of BT.601 (ITU-T H.264 table E-5), which is what OpenCV converts to
_MAX_QP = 44  # beyond it even flat blocks lose their level, and the frame number with it


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """One access unit; NAL units have neither start codes nor lengths."""

    nals: tuple[bytes, ...]
    key: bool


def split_annex_b(stream: bytes) -> tuple[bytes, ...]:
    """The NAL units of a byte stream (annex B of ITU-T H.264 and of H.265)."""
    pieces = stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return tuple(piece for piece in (piece.rstrip(b"\0") for piece in pieces) if piece)


@dataclass(frozen=True, slots=True)
class _Syntax:
    """Where a codec's NAL units tell their type, and which types matter here."""

    shift: int
    mask: int
    keys: frozenset[int]  # pictures to start at
    sets: tuple[int, ...]  # parameter sets, in the order in which SDP names them

    def kinds(self, nals: Iterable[bytes]) -> set[int]:
        return {nal[0] >> self.shift & self.mask for nal in nals}

    def is_key(self, nals: Iterable[bytes]) -> bool:
        return bool(self.keys & self.kinds(nals))

    def parameter_sets(self, nals: Sequence[bytes]) -> tuple[bytes, ...]:
        """The first of each kind. Raises StopIteration where one is missing."""
        return tuple(next(nal for nal in nals if nal[0] >> self.shift & self.mask == kind) for kind in self.sets)


_SYNTAX = {
    "H264": _Syntax(0, 0x1F, frozenset({5}), (7, 8)),
    "H265": _Syntax(1, 0x3F, frozenset(range(16, 22)), (32, 33, 34)),
}


class Encoder:
    """One camera's encoder: a single slice per picture, no B frames, no delay. Used by one thread."""

    def __init__(
        self, width: int, height: int, fps: int, gop: int, bits_per_second: int, *, codec: str = "H264"
    ) -> None:
        self._width, self._height = width, height
        self._arguments = (width, height, fps, gop, bits_per_second)
        self._syntax = _SYNTAX[codec]
        self._open = _open_x265 if codec == "H265" else _open_x264
        self._context = self._open(*self._arguments)
        self._count = 0

    def parameter_sets(self) -> tuple[bytes, ...]:
        """SPS and PPS, or VPS, SPS and PPS, that this encoder will send, found by coding one grey picture aside."""
        aside = self._open(*self._arguments)
        frame = _frame_of(np.full((self._height * 3 // 2, self._width), 128, np.uint8))
        nals = [nal for packet in aside.encode(frame) for nal in split_annex_b(bytes(packet))]
        return self._syntax.parameter_sets(nals)

    def encode(self, picture: NDArray[np.uint8], key: bool) -> CodedPicture:
        """Code one I420 picture; ``key`` demands an IDR picture."""
        frame = _frame_of(picture)
        frame.pts = self._count
        frame.pict_type = PictureType.I if key else PictureType.NONE
        self._count += 1
        stream = b"".join(bytes(packet) for packet in self._context.encode(frame))
        nals = split_annex_b(stream)
        return CodedPicture(nals, self._syntax.is_key(nals))


def _open_x264(width: int, height: int, fps: int, gop: int, bits_per_second: int) -> VideoCodecContext:
    rate = bits_per_second // 1000
    options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "forced-idr": "1",
        "x264-params": f"crf=28:qpmax={_MAX_QP}:vbv-maxrate={rate}:vbv-bufsize={rate}:slices=1:sliced-threads=0"
        f":threads=1:keyint={gop}:min-keyint=1:scenecut=0:repeat-headers=1:annexb=1",
    }
    return _opened("libx264", (width, height), fps, gop, options)


def _open_x265(width: int, height: int, fps: int, gop: int, bits_per_second: int) -> VideoCodecContext:
    rate = bits_per_second // 1000
    options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x265-params": f"log-level=none:info=0:crf=28:qpmax={_MAX_QP}:vbv-maxrate={rate}:vbv-bufsize={rate}:bframes=0"
        f":pools=1:frame-threads=1:open-gop=0:keyint={gop}:min-keyint=1:scenecut=0:repeat-headers=1:annexb=1",
    }
    return _opened("libx265", (width, height), fps, gop, options)


def _opened(name: str, size: tuple[int, int], fps: int, gop: int, options: dict[str, str]) -> VideoCodecContext:
    context: Any = av.CodecContext.create(name, "w")
    (context.width, context.height), context.pix_fmt = size, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.gop_size, context.max_b_frames, context.thread_count = gop, 0, 1
    context.colorspace = context.color_primaries = context.color_trc = _SMPTE170M
    context.options = options
    context.open()
    opened: VideoCodecContext = context
    return opened


def _frame_of(picture: NDArray[np.uint8]) -> VideoFrame:
    """An I420 array as libav's frame; a third of the cost of VideoFrame.from_ndarray."""
    rows, width = picture.shape
    height = rows * 2 // 3
    frame = VideoFrame(width, height, "yuv420p")
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    for target, source in zip(frame.planes, (picture[:height], chroma[0], chroma[1]), strict=True):
        memory = np.frombuffer(target, np.uint8).reshape(-1, target.line_size)  # type: ignore[call-overload]
        memory[: source.shape[0], : source.shape[1]] = source
    return frame


_OF_LIBAV = {"h264": "H264", "hevc": "H265"}


class VideoFile:
    """The H.264 or H.265 pictures of a file, played round and round without coding them again.

    Picture ``n`` of the endless stream is sent ``sent_at(n)`` seconds after its start and shown at ``shown_at(n)``;
    both go on evenly from one round to the next. Of a file with B frames the first pictures are shown before that
    start: a camera codes its pictures as they are taken, and sends those first that others are made from.
    """

    def __init__(self, path: Path) -> None:
        """Read the whole file. Raises UnreadableVideo."""
        try:
            with av.open(str(path)) as container:
                self._read(container, path)
        except (OSError, av.error.FFmpegError) as error:
            raise UnreadableVideo(f"{path} cannot be read: {error}") from error

    def __len__(self) -> int:
        return len(self._pictures)

    def picture(self, number: int) -> CodedPicture:
        return self._pictures[number % len(self)]

    def sent_at(self, number: int) -> float:
        turn, index = divmod(number, len(self))
        return turn * self._duration + self._sent[index]

    def shown_at(self, number: int) -> float:
        turn, index = divmod(number, len(self))
        return turn * self._duration + self._shown[index]

    def parameter_sets(self) -> tuple[bytes, ...]:
        return self._sets

    def _read(self, container: Any, path: Path) -> None:
        stream = next(iter(container.streams.video), None)
        offered = "no video" if stream is None else stream.codec_context.name
        if stream is None or offered not in _OF_LIBAV:
            raise UnreadableVideo(f"{path} holds {offered}, not H.264 or H.265")
        self.codec = _OF_LIBAV[offered]
        self._syntax = _SYNTAX[self.codec]
        extra = bytes(stream.codec_context.extradata or b"")
        packets = [packet for packet in container.demux(stream) if packet.size]
        read_sets, length_at = (_sets_of_hvcc, 21) if self.codec == "H265" else (_sets_of_avcc, 4)
        length_bytes = (extra[length_at] & 3) + 1 if extra[:1] == b"\1" else 0
        units = [_nals(bytes(packet), length_bytes) for packet in packets]
        sets = read_sets(extra) if length_bytes else split_annex_b(extra)
        sets = (*sets, *(nal for unit in units for nal in unit))
        if not set(self._syntax.sets) <= self._syntax.kinds(sets) or not any(map(self._syntax.is_key, units)):
            raise UnreadableVideo(f"{path} has no parameter sets or no key frame")
        self._sets = self._syntax.parameter_sets(sets)
        self._pictures = [self._in_band(unit) for unit in units]
        step = 1 / float(stream.average_rate or stream.guessed_rate or 25)
        base = packets[0].dts
        times = [(packet.dts, packet.pts) for packet in packets]
        if any(value is None for pair in times for value in pair) or base is None:
            self._sent = self._shown = [index * step for index in range(len(packets))]
        else:
            self._sent = [float((dts - base) * stream.time_base) for dts, _ in times]
            ahead = max(pts - dts for dts, pts in times)  # nobody can send a picture before it was taken
            self._shown = [float((pts - base - ahead) * stream.time_base) for _, pts in times]
        self._duration = self._sent[-1] + step

    def _in_band(self, nals: tuple[bytes, ...]) -> CodedPicture:
        key = self._syntax.is_key(nals)
        if key and self._syntax.sets[-1] not in self._syntax.kinds(nals):
            nals = (*self._sets, *nals)
        return CodedPicture(nals, key)


def _nals(packet: bytes, length_bytes: int) -> tuple[bytes, ...]:
    """The NAL units of a packet, with lengths (ISO/IEC 14496-15 5.2.3) or as a byte stream (0)."""
    if not length_bytes:
        return split_annex_b(packet)
    nals, at = [], 0
    while at + length_bytes <= len(packet):
        size = int.from_bytes(packet[at : at + length_bytes], "big")
        at += length_bytes
        nals.append(packet[at : at + size])
        at += size
    return tuple(nal for nal in nals if nal)


def _sets_of_avcc(record: bytes) -> tuple[bytes, ...]:
    """The parameter sets of an avcC record (ISO/IEC 14496-15 5.2.4.1)."""
    sets, at, count = [], 6, record[5] & 0x1F
    for _ in range(2):
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            sets.append(record[at + 2 : at + 2 + size])
            at += 2 + size
        count, at = (record[at] if at < len(record) else 0), at + 1
    return tuple(sets)


def _sets_of_hvcc(record: bytes) -> tuple[bytes, ...]:
    """The parameter sets of an hvcC record (ISO/IEC 14496-15 8.3.3.1)."""
    sets, at = [], 23
    for _ in range(record[22]):
        count, at = int.from_bytes(record[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            sets.append(record[at + 2 : at + 2 + size])
            at += 2 + size
    return tuple(sets)
