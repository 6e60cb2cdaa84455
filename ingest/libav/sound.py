"""A camera's sound through libav: frames for the pictures that they came with, and never anything else than that.

An RTSP camera is asked for its sound over a connection of its own, since libav bends the times of pictures to the
camera's clock where it reads more than one track of one connection (docs/decisions/0018-sound.md). Elsewhere the
demuxer of the pictures hands the packets over. Whatever goes wrong here ends in less sound.
"""

from __future__ import annotations

import struct
import threading
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import av
from av.audio.stream import AudioStream

from domain.timeline import Clock
from ingest.libav.address import Target
from ingest.source import Heard, SoundFrame
from storage.media import MediaError, SoundCodec, SoundFormat

_G711: Final = {"pcm_alaw": SoundCodec.ALAW, "pcm_mulaw": SoundCodec.ULAW}
_PRODUCER_TIME = struct.Struct("<q")  # AVProducerReferenceTime: microseconds since 1970, then flags
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_WAITING: Final = 1_000
_ADTS_HEADER_BYTES: Final = 7


class Ear:
    """Gathers the sound of one stream. Fed by one thread, asked by another."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._format: SoundFormat | None = None  # guarded by _lock
        self._waiting: deque[SoundFrame] = deque(maxlen=_MOST_WAITING)  # guarded by _lock

    def take(self, packet: av.Packet[AudioStream]) -> None:
        """One packet; what is no sound that can be stored is left out."""
        try:
            data, found = _read(bytes(packet), packet.stream)
        except MediaError:
            return
        if packet.pts is None or packet.time_base is None or not data:
            return
        duration = found.frame_ticks if found.codec is SoundCodec.AAC else len(data) // found.channels
        camera_time = None
        if packet.has_sidedata("prft"):
            (told_us,) = _PRODUCER_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
            camera_time = _EPOCH + timedelta(microseconds=told_us)
        time = round(packet.pts * packet.time_base * found.rate)
        frame = SoundFrame(data, time, duration, self._clock.now(), self._clock.monotonic(), camera_time)
        with self._lock:
            if found != self._format:
                self._format = found
                self._waiting.clear()
            if duration > 0:
                self._waiting.append(frame)

    def heard(self) -> Heard | None:
        """What came since this was last asked; None while nothing ever did."""
        with self._lock:
            if self._format is None:
                return None
            frames = tuple(self._waiting)
            self._waiting.clear()
            return Heard(self._format, frames)


class Listener:
    """A connection for the sound alone, in a thread of its own, that ends by itself when anything is wrong."""

    def __init__(self, target: Target, ear: Ear, open_s: float, packet_s: float) -> None:
        options = {**target.options, "allowed_media_types": "audio"}
        self._target = replace(target, options=options)
        self._ear = ear
        self._limits = (open_s, packet_s)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="libav-sound", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end: at the next packet, or when libav's time is over."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            with av.open(self._target.name, options=self._target.options, timeout=self._limits) as container:
                for packet in container.demux(*container.streams.audio[:1]):
                    if self._stop.is_set():
                        return
                    self._ear.take(cast("av.Packet[AudioStream]", packet))
        except (av.error.FFmpegError, OSError, ValueError):
            return  # the pictures come all the same


def _read(data: bytes, stream: AudioStream) -> tuple[bytes, SoundFormat]:
    """The coded bytes and how they are coded. Raises UnsupportedSound."""
    context = stream.codec_context
    name = context.codec.canonical_name
    if name in _G711:
        return data, SoundFormat(_G711[name], context.sample_rate, context.channels)
    if name != "aac":
        return b"", SoundFormat.from_aac(b"")
    configuration = bytes(context.extradata or b"")
    if not configuration:
        data, configuration = _without_adts(data)
    return data, SoundFormat.from_aac(configuration)


def _without_adts(data: bytes) -> tuple[bytes, bytes]:
    """A frame without its ADTS header (ISO/IEC 14496-3 1.A.2), and the configuration that the header stands for."""
    if len(data) < _ADTS_HEADER_BYTES or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return b"", b""
    kind, rate = (data[2] >> 6) + 1, data[2] >> 2 & 15
    channels = (data[2] & 1) << 2 | data[3] >> 6
    header = _ADTS_HEADER_BYTES + 2 * (not data[1] & 1)  # with a checksum behind it
    return data[header:], (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big")
