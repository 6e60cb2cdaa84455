"""The sound of a simulated camera: a tone, coded once and repeated, as RTP payloads and as lines of the SDP.

Written apart from the recorder's reading of the same formats, as ``packets`` is. Sources: RFC 3551 (G.711), RFC 3640
(AAC-hbr), ITU-T G.711.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np

from ingest.simulator.errors import BadDescription

_TONE_HZ = 440
_SECONDS = 2
_G711_FRAME = 160  # samples: 20 ms at 8 kHz
_AAC_FRAME = 1024
_NAMES = {"PCMA": ("pcm_alaw", 8), "PCMU": ("pcm_mulaw", 0)}
_AAC_PAYLOAD_TYPE = 97


@dataclass(frozen=True, slots=True)
class CodedSound:
    """``frames`` are sent one after another, for ever; each lasts ``samples`` of ``rate``."""

    coding: str
    rate: int
    samples: int
    payload_type: int
    frames: tuple[bytes, ...]
    configuration: bytes = b""

    def payload(self, number: int) -> bytes:
        """What the packet of a frame holds: AAC behind its AU header (RFC 3640 3.3.6)."""
        frame = self.frames[number % len(self.frames)]
        if self.coding != "AAC":
            return frame
        return struct.pack(">HH", 16, len(frame) << 3) + frame

    def header(self, sequence: int, time: int, ssrc: int) -> bytes:
        """RFC 3550 5.1; every packet ends a frame, which AAC marks (RFC 3640 3.1)."""
        kind = self.payload_type | 0x80 * (self.coding == "AAC")
        return struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, time & 0xFFFFFFFF, ssrc)

    def description(self) -> list[str]:
        """The lines of the media section."""
        lines = [f"m=audio 0 RTP/AVP {self.payload_type}"]
        if self.coding == "AAC":
            lines += [
                f"a=rtpmap:{self.payload_type} MPEG4-GENERIC/{self.rate}/1",
                f"a=fmtp:{self.payload_type} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;"
                f"indexlength=3;indexdeltalength=3;config={self.configuration.hex().upper()}",
            ]
        else:
            lines.append(f"a=rtpmap:{self.payload_type} {self.coding}/{self.rate}")
        return [*lines, "a=control:track2"]


def coded(coding: str) -> CodedSound:
    """A tone in PCMA, PCMU or AAC. Raises BadDescription for any other coding."""
    if coding in _NAMES:
        name, payload_type = _NAMES[coding]
        frames, _ = _encoded(name, 8_000, _G711_FRAME)
        return CodedSound(coding, 8_000, _G711_FRAME, payload_type, frames)
    if coding != "AAC":
        raise BadDescription(f"sound must be PCMA, PCMU or AAC, not {coding}")
    frames, configuration = _encoded("aac", 16_000, _AAC_FRAME)
    return CodedSound("AAC", 16_000, _AAC_FRAME, _AAC_PAYLOAD_TYPE, frames, configuration)


def _encoded(name: str, rate: int, samples: int) -> tuple[tuple[bytes, ...], bytes]:
    encoder = cast("av.AudioCodecContext", av.CodecContext.create(name, "w"))
    encoder.sample_rate, encoder.layout = rate, "mono"
    encoder.format = "fltp" if name == "aac" else "s16"
    encoder.time_base = Fraction(1, rate)
    frames: list[bytes] = []
    random = np.random.default_rng(rate)  # a little noise, so that no two frames are alike
    for number in range(_SECONDS * rate // samples):
        at = np.arange(number * samples, (number + 1) * samples)
        tone = 0.3 * np.sin(2 * np.pi * _TONE_HZ * at / rate) + 0.05 * random.standard_normal(samples)
        values = tone.astype(np.float32) if name == "aac" else (tone * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(values.reshape(1, -1), encoder.format.name, "mono")
        frame.sample_rate, frame.pts = rate, number * samples
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    frames += [bytes(packet) for packet in encoder.encode(None)]
    return tuple(frame for frame in frames if frame), bytes(encoder.extradata or b"")
