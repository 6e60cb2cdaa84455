"""libav at work for one camera: a thread that opens a stream, reads its packets and hands on what they hold.

A call into libav blocks, and nothing but libav's own time limits ends it; so whoever waits for pictures keeps the
time himself (``source``) and lets a thread that hangs come to its end alone. Here too: PyAV's errors become those of
``ingest.source``. Not here: what packets mean (``pictures``), asyncio's side (``source``).
"""

from __future__ import annotations

import re
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from domain.timeline import Clock
from ingest.libav.address import Target
from ingest.libav.pictures import RECORDABLE, Assembler, Packet
from ingest.libav.sound import Ear
from ingest.source import (
    AccessUnit,
    CameraRefused,
    CameraUnreachable,
    ConnectionLost,
    NoPicture,
    SourceError,
    UnsupportedStream,
)
from storage.media import MediaError

_PRODUCER_TIME = struct.Struct("<q")  # AVProducerReferenceTime: microseconds since 1970, then flags
_TIMELESS: Final = frozenset({"mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc"})
"""Formats in which pictures carry no time; what libav stamps them with is a guess of 25 a second."""
_IN_PIECES: Final = frozenset({"hls"})  # formats that come some seconds at once, and then nothing for as long
_LONGEST_WAIT_S: Final = 10.0  # a stamp further ahead than this is a jump, not a pause

_ADVICE: Final = {
    401: "check the user name and password of its secret",
    403: "give this user the right to watch, or allow this computer's address",
    404: "check the path of its address",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long libav may wait, in seconds: for each half of opening (answer, first pictures), and for a packet."""

    open_s: float
    packet_s: float


class Demuxer:
    """One opened stream in a thread of its own.

    ``hand_on`` takes the units of each picture that came (none before the first key frame), may block to hold the
    thread back, and says whether any more are wanted; ``end`` is told why it is over, once. ``pictures`` and
    ``opened`` (``time.monotonic``) are written by the thread and read by others.
    """

    def __init__(
        self,
        target: Target,
        waiting: Waiting,
        clock: Clock,
        hand_on: Callable[[Sequence[AccessUnit]], bool],
        end: Callable[[BaseException | None], None],
        *,
        ear: Ear | None = None,
    ) -> None:
        self._ear = ear  # for the sound that comes with the pictures
        self.opened: float | None = None
        self.pictures = 0
        self._target = target
        self._waiting = waiting
        self._clock = clock
        self._hand_on = hand_on
        self._end = end
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="libav", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end: at the next packet, or when libav's time is over."""
        self._stop.set()

    def _work(self) -> None:
        ended: BaseException | None = None
        try:
            self._record()
        except Exception as error:  # noqa: BLE001 (top of the thread: whoever waits for pictures raises it)
            ended = error
        self._end(ended)

    def _record(self) -> None:
        """Open and read to the end. Raises SourceError, always where nobody asked it to stop."""
        with self._open() as container:
            stream = _recordable(container, self._target)
            self.opened = time.monotonic()
            own_time = container.format.name not in _TIMELESS
            if self._target.is_file and not own_time:
                raise UnsupportedStream(f"{self._target.where} tells no times; put it into MP4 or MPEG-TS")
            codec = RECORDABLE[stream.codec_context.codec.canonical_name]
            assembler = Assembler(codec, stream.codec_context.extradata or b"", own_time)
            for packet in self._packets(container, stream):
                if self._stop.is_set():
                    return
                try:
                    units = assembler.take(packet)
                except MediaError as error:
                    raise UnsupportedStream(
                        f"{self._target.where}: {error}; check the camera's encoder settings"
                    ) from error
                self.pictures = assembler.pictures
                if packet.data and not self._hand_on(units):
                    return
        what = "the file has ended" if self._target.is_file else "the camera ended its stream"
        raise ConnectionLost(f"{self._target.where}: {what}")

    def _open(self) -> InputContainer:
        begun = time.monotonic()
        limits = (self._waiting.open_s, self._waiting.packet_s)
        try:
            return av.open(self._target.name, options=self._target.options, timeout=limits)
        except av.error.FFmpegError as error:
            waited = time.monotonic() - begun >= self._waiting.open_s  # an interrupted answer is also called invalid
            _raise_opening(error, self._target, waited)

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
        """Packets as they come; those of a file, or of a stream that comes in pieces, at their own pace."""
        paced = self._target.is_file or container.format.name in _IN_PIECES
        pace = _Pace(self._stop) if paced else None
        try:
            heard = container.streams.audio[:1] if self._ear is not None else ()
            for packet in container.demux(stream, *heard):
                if self._ear is not None and isinstance(packet.stream, AudioStream):
                    self._ear.take(cast("av.Packet[AudioStream]", packet))
                    continue
                if pace is not None and packet.dts is not None and packet.time_base is not None:
                    pace.wait(float(packet.dts * packet.time_base))
                yield self._read(cast("av.Packet[VideoStream]", packet))
        except av.error.FFmpegError as error:
            _raise_reading(error, self._target)

    def _read(self, packet: av.Packet[VideoStream]) -> Packet:
        camera_us = None
        if packet.has_sidedata("prft"):
            (camera_us,) = _PRODUCER_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
        changed = b""
        if packet.has_sidedata("new_extradata"):
            changed = bytes(packet.get_sidedata("new_extradata"))
        return Packet(
            data=bytes(packet),
            pts=packet.pts,
            dts=packet.dts,
            duration=packet.duration or 0,
            time_base=packet.time_base,
            arrived=self._clock.now(),
            monotonic=self._clock.monotonic(),
            corrupt=packet.is_corrupt,
            camera_us=camera_us,
            configuration=changed,
        )


class _Pace:
    """Waits until a picture's time has come, counted from the first one's."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._origin_s: float | None = None  # monotonic time of the stream's time 0

    def wait(self, taken_s: float) -> None:
        now = time.monotonic()
        if self._origin_s is None:
            self._origin_s = now - taken_s
        ahead_s = self._origin_s + taken_s - now
        if ahead_s > _LONGEST_WAIT_S:
            self._origin_s = now - taken_s
        elif ahead_s > 0:
            self._stop.wait(ahead_s)


def _recordable(container: InputContainer, target: Target) -> VideoStream:
    """The video that is recorded: H.264 or H.265 rather than JPEG. Raises UnsupportedStream."""
    found: dict[str, VideoStream] = {}
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            found.setdefault(stream.codec_context.codec.canonical_name, stream)
    for name in RECORDABLE:
        if name in found:
            return found[name]
    offered = ", ".join(found) or "no video"
    raise UnsupportedStream(
        f"{target.where} offers {offered}, which cannot be recorded; set its encoder to H.264, H.265 or MJPEG"
    )


def _raise_opening(error: av.error.FFmpegError, target: Target, waited: bool) -> NoReturn:
    """Say in our words why nothing could be opened. libav's words hold the address and with it the password."""
    where = target.where
    if isinstance(error, (av.error.HTTPClientError, av.error.HTTPServerError)):
        raise _refused(error, where) from None
    if isinstance(error, av.error.ExitError) and _had_answered(error):
        raise NoPicture(f"{where}: answered, but no picture came; check or restart the camera") from None
    if isinstance(error, av.error.LookupError):
        raise UnsupportedStream(
            f"{where}: libav here knows no such stream; use another address of the camera"
        ) from None
    if isinstance(error, av.error.InvalidDataError) and not waited:
        raise UnsupportedStream(f"{where} holds nothing that libav knows as video; check the address") from None
    reason = "no answer" if waited else (error.strerror or "error").lower()
    advice = "check its path" if target.is_file else "check its power, cable and address"
    raise CameraUnreachable(f"no connection to {where}: {reason}; {advice}") from None


def _had_answered(error: av.error.FFmpegError) -> bool:
    """Whether the stream was described, so that only its pictures are missing.

    PyAV makes one call of both halves of opening, with one error for either; where it was raised tells.
    """
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith("container/input.py"):
            return True
        trace = trace.tb_next
    return False


def _refused(error: av.error.FFmpegError, where: str) -> SourceError:
    found = re.search(r"\b([45]\d\d)\b", error.strerror or "")
    status = int(found[1]) if found else 0
    told = str(status) if status else (error.strerror or "an error")
    return CameraRefused(f"{where}: refused with {told}; {_ADVICE.get(status, 'look into its log')}")


def _raise_reading(error: av.error.FFmpegError, target: Target) -> NoReturn:
    if isinstance(error, (av.error.ExitError, av.error.TimeoutError)):
        raise NoPicture(f"{target.where}: no picture came any more; check or restart the camera") from None
    reason = (error.strerror or "error").lower()
    raise ConnectionLost(f"{target.where}: {reason}; check the camera's power and network") from None
