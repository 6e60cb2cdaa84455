"""The boxes that files which grow and films have in common: sample entries and what stands around a sample table.

ISO/IEC 14496-12 throughout, but for the entries themselves (14496-15, and those of sound). Not here: where samples
lie, which fragments tell one way (``storage.media.writing``) and films another (``storage.media.film``).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from storage.media.sound import SoundFormat, sample_entry
from storage.media.video import SAMPLE_ENTRIES, VideoFormat

UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # 6.2.2
_UNDETERMINED_LANGUAGE = 0x55C4  # ISO 639-2 "und" in three times five bits
_ENABLED_IN_MOVIE = 3  # 8.3.2: track_enabled, track_in_movie


@dataclass(frozen=True, slots=True)
class Span:
    """How a track counts time, and how long it is: in ticks of its own, and in ticks of the movie.

    Both lengths are 0 where fragments tell them. ``made`` is the creation time (8.2.2), in seconds since 1904.
    """

    timescale: int
    ticks: int
    movie_ticks: int
    made: int = 0


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box (4.2) of these parts."""
    body = b"".join(parts)
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """... with version and flags before them."""
    return box(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def video_entry(video: VideoFormat, entry_name: bytes | None = None) -> bytes:
    """The sample entry (12.1.3) of pictures, under its own name or another one of the same form."""
    entry = struct.pack(">6xH16xHHIIIH32xHh", 1, video.width, video.height, 72 << 16, 72 << 16, 0, 1, 24, -1)
    aspect = video.pixel_aspect
    shape = b"" if aspect is None else box(b"pasp", struct.pack(">II", *aspect))
    kind, configuration = SAMPLE_ENTRIES[video.codec]
    return box(entry_name or kind, entry, box(configuration, video.decoder_configuration), shape)


def sound_entry(sound: SoundFormat) -> bytes:
    """The sample entry (12.2.3) of sound."""
    return box(sound.entry, sample_entry(sound))


def video_track(track: int, formats: Sequence[VideoFormat], span: Span, table: bytes, edits: bytes = b"") -> bytes:
    """``trak`` of pictures, as large as the largest of them is shown (8.3.2: 16.16, pixels made square)."""
    shown = max(_shown_size(video) for video in formats)
    kind = full_box(b"vmhd", 0, 1, bytes(8))
    return _track(
        _track_header(track, span, 0, 0) + struct.pack(">II", *shown),
        span,
        b"vide",
        kind + _references() + table,
        edits,
    )


def sound_track(track: int, sound: SoundFormat, span: Span, table: bytes, edits: bytes = b"") -> bytes:
    """``trak`` of sound."""
    full_volume = 0x100
    header = _track_header(track, span, 1, full_volume) + bytes(8)
    kind = full_box(b"smhd", 0, 0, bytes(4))
    return _track(header, span, b"soun", kind + _references() + table, edits)


def text_track(track: int, size: tuple[int, int], span: Span, table: bytes, edits: bytes = b"") -> bytes:
    """``trak`` of timed text (3GPP TS 26.245), named as a track of subtitles so that players offer it."""
    width, height = size
    header = _track_header(track, span, 2, 0) + struct.pack(">II", width << 16, height << 16)
    return _track(header, span, b"sbtl", full_box(b"nmhd", 0, 0) + _references() + table, edits)


def _shown_size(video: VideoFormat) -> tuple[int, int]:
    across, down = video.pixel_aspect or (1, 1)
    return min(video.width * across * 0x10000 // down, 0xFFFF_FFFF), video.height << 16


def _track_header(track: int, span: Span, group: int, volume: int) -> bytes:
    """The payload of ``tkhd`` (8.3.2), in 64 bits where the length needs them, but for width and height."""
    wide = span.movie_ticks >= 2**32
    times = struct.pack(">QQIIQ" if wide else ">IIIII", span.made, span.made, track, 0, span.movie_ticks)
    version = (int(wide) << 24 | _ENABLED_IN_MOVIE).to_bytes(4, "big")
    return version + times + struct.pack(">8x4H", 0, group, volume, 0) + UNITY_MATRIX


def _track(header: bytes, span: Span, handler: bytes, information: bytes, edits: bytes) -> bytes:
    wide = span.ticks >= 2**32
    times = struct.pack(">QQIQ" if wide else ">IIII", span.made, span.made, span.timescale, span.ticks)
    media_header = full_box(b"mdhd", int(wide), 0, times, struct.pack(">HH", _UNDETERMINED_LANGUAGE, 0))
    who = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, handler), b"Kaojian\0")
    media = box(b"mdia", media_header, who, box(b"minf", information))
    return box(b"trak", box(b"tkhd", header), edits, media)


def _references() -> bytes:
    here = full_box(b"url ", 0, 1)  # 8.7.2: the media lie in this same file
    return box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), here))
