"""How a camera's sound is coded, and the boxes that say so: ``mp4a`` with ``esds``, and ``alaw`` or ``ulaw``.

Reads an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) as far as a file must know it, writes and reads the sample
entries (ISO/IEC 14496-12 12.2.3, 14496-14 5.6; those of G.711 are QuickTime's, as libav writes them). Nothing is
decoded. Not here: pictures (``storage.media.video``) and where sound lies in a file (``storage.media.writing``).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.media.errors import BrokenFile, UnsupportedSound

_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
_EXPLICIT_RATE = 15
_LOW_COMPLEXITY, _SPECTRAL_BANDS, _PARAMETRIC_STEREO = 2, 5, 29  # audioObjectType: LC, and SBR and PS over it
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}  # channelConfiguration, 14496-3 table 1.19
_MOST_CONFIGURATION_BYTES = 64
_MOST_RATE = 96_000
_FRAME_SAMPLES = 1024

_AUDIO_OBJECT = 0x40  # objectTypeIndication: MPEG-4 audio
_AUDIO_STREAM = 5 << 2 | 1  # streamType 5, not upstream, one reserved bit
_ELEMENTARY, _DECODER, _SPECIFIC, _SYNC = 3, 4, 5, 6  # descriptor tags, 14496-1 7.2.2.1

_ENTRY = struct.Struct(">6xH8xHHHHHH")  # reference; channels, bits, two zeros, rate in 16.16
_ENTRY_BYTES = _ENTRY.size


class SoundCodec(StrEnum):
    """The codings of sound that are stored: AAC (ISO/IEC 14496-3) and G.711 in both its laws (ITU-T G.711)."""

    AAC = "aac"
    ALAW = "alaw"
    ULAW = "ulaw"


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """What a decoder must know of a sound track. ``rate`` is samples per second and the track's time scale.

    ``configuration`` is the AudioSpecificConfig of AAC, empty for G.711.
    """

    codec: SoundCodec
    rate: int
    channels: int
    configuration: bytes = b""

    def __post_init__(self) -> None:
        if not 0 < self.rate <= _MOST_RATE or not 0 < self.channels <= 8:
            raise UnsupportedSound(f"sound of {self.channels} channels and {self.rate} Hz")

    @classmethod
    def from_aac(cls, configuration: bytes) -> SoundFormat:
        """The format that an AudioSpecificConfig describes. Raises UnsupportedSound unless it is AAC-LC, or SBR or
        PS over it."""
        if not 2 <= len(configuration) <= _MOST_CONFIGURATION_BYTES:
            raise UnsupportedSound(f"an AudioSpecificConfig of {len(configuration)} bytes")
        bits = _Bits(configuration)
        kind, rate = bits.take(5), _rate(bits)
        channels = _CHANNELS.get(bits.take(4), 0)
        if kind in (_SPECTRAL_BANDS, _PARAMETRIC_STEREO):
            rate, kind = _rate(bits), bits.take(5)
        if kind != _LOW_COMPLEXITY:
            raise UnsupportedSound(f"AAC of audio object type {kind}")
        return cls(SoundCodec.AAC, rate, channels, bytes(configuration))

    @property
    def frame_ticks(self) -> int:
        """How long a frame of AAC is in ticks of ``rate``, which is twice the coded rate where SBR is told of so."""
        bits = _Bits(self.configuration)
        bits.take(5)
        return max(1, self.rate * _FRAME_SAMPLES // max(1, _rate(bits)))

    @property
    def entry(self) -> bytes:
        """The name of the sample entry."""
        return _ENTRIES[self.codec]


_ENTRIES = {SoundCodec.AAC: b"mp4a", SoundCodec.ALAW: b"alaw", SoundCodec.ULAW: b"ulaw"}


class _Bits:
    """Bits of a configuration, most significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise UnsupportedSound("an AudioSpecificConfig that ends too early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)


def _rate(bits: _Bits) -> int:
    index = bits.take(4)
    if index == _EXPLICIT_RATE:
        return bits.take(24)
    if index >= len(_RATES):
        raise UnsupportedSound(f"a sampling frequency index of {index}")
    return _RATES[index]


def sample_entry(sound: SoundFormat) -> bytes:
    """The payload of the sample entry, its ``esds`` child included."""
    entry = _ENTRY.pack(1, sound.channels, 16, 0, 0, sound.rate if sound.rate < 2**16 else 0, 0)
    if sound.codec is not SoundCodec.AAC:
        return entry
    body = bytes(4) + _elementary_stream(sound.configuration)
    return entry + (8 + len(body)).to_bytes(4, "big") + b"esds" + body


def _elementary_stream(configuration: bytes) -> bytes:
    decoder = bytes((_AUDIO_OBJECT, _AUDIO_STREAM)) + bytes(11)  # buffer and bit rates unknown
    decoder += _descriptor(_SPECIFIC, configuration)
    return _descriptor(_ELEMENTARY, bytes(3) + _descriptor(_DECODER, decoder) + _descriptor(_SYNC, b"\x02"))


def _descriptor(tag: int, body: bytes) -> bytes:
    """14496-1 8.3.3; nothing here is longer than one byte of length tells."""
    return bytes((tag, len(body))) + body


def read_entry(entries: Mapping[bytes, Sequence[bytes]], timescale: int) -> SoundFormat:
    """The inverse of ``sample_entry``, from the children of ``stsd``. Raises BrokenFile."""
    known = {name: codec for codec, name in _ENTRIES.items()}
    if len(entries) != 1 or (name := next(iter(entries))) not in known or len(entries[name]) != 1:
        raise BrokenFile("not one box mp4a, alaw or ulaw where there must be one")
    payload, codec = entries[name][0], known[name]
    if len(payload) < _ENTRY_BYTES:
        raise BrokenFile("a sample entry of sound that is cut off")
    channels = int(_ENTRY.unpack_from(payload)[1])
    configuration = _configuration(payload[_ENTRY_BYTES:]) if codec is SoundCodec.AAC else b""
    try:
        found = SoundFormat(codec, timescale, channels, configuration)
        if codec is SoundCodec.AAC:
            SoundFormat.from_aac(configuration)
    except UnsupportedSound as error:
        raise BrokenFile(f"{name.decode()}: {error}") from error
    if payload != sample_entry(found):
        raise BrokenFile("a sample entry of sound that this package did not write")
    return found


_BEFORE_CONFIGURATION = 8 + 4 + 2 + 3 + 2 + 13 + 1  # box, version and flags, ES, its id and flags, decoder, tag


def _configuration(esds: bytes) -> bytes:
    length = esds[_BEFORE_CONFIGURATION : _BEFORE_CONFIGURATION + 1]
    if not length:
        raise BrokenFile("an esds box that is cut off")
    return esds[_BEFORE_CONFIGURATION + 1 : _BEFORE_CONFIGURATION + 1 + length[0]]
