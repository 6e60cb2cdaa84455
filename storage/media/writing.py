"""Writes fragmented MP4 (ISO/IEC 14496-12 and -15) as bytes: the head of a file, then one fragment at a time.

Pure functions from samples to bytes; where the bytes go, and when they are synced, is the caller's affair. A file
is ``init_segment(...)`` followed by fragments of rising sequence and decode time, and is whole after each of them;
there is no index at its end (no mfra, no sidx), so nothing is lost when the writer dies. The same file is HLS
fMP4: its first ``len(init_segment(...))`` bytes are the EXT-X-MAP, the rest is one media segment.

In each sample the slices and SEI stay exactly as the camera sent them. Left out are access unit delimiters and
parameter sets: ``avcC`` or ``hvcC`` carries the latter, and the sample entries ``avc1`` and ``hvc1`` forbid them in
band (14496-15 5.4.2.1, 8.4.1). A JPEG picture is a sample of ``mp4v`` as it is.

Sound, where it is recorded, is a second track with a run of its own in each fragment that has some; its media lie
behind the pictures in the same ``mdat``. A file without it is the same to the byte as if there were no such thing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from storage.media import layout
from storage.media.boxes import UNITY_MATRIX, Span, box, full_box, sound_entry, sound_track, video_entry, video_track
from storage.media.layout import SOUND_TRACK, TIMESCALE, TRACK, Ledger, Missing, SoundLedger
from storage.media.sound import SoundFormat
from storage.media.video import Codec, VideoFormat, stored_nals

_MAX_FRAGMENT_BYTES = 2**31 - 1  # data_offset of trun is a signed 32-bit number


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded picture. ``nals`` have no start codes and no length prefixes (a JPEG is one of them); times are ticks
    of TIMESCALE.
    """

    nals: tuple[bytes, ...]
    duration: int
    key: bool
    composition_offset: int = 0


class SoundSample(NamedTuple):
    """One frame of AAC, or a packet's worth of G.711; ``duration`` in ticks of its track."""

    data: bytes
    duration: int


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of one fragment, without a break, and what the file has of it so far.

    ``decode_time`` counts ticks of the sound's rate from the same origin as that of the pictures; without samples it
    means nothing.
    """

    decode_time: int
    samples: Sequence[SoundSample]
    ledger: SoundLedger


def init_segment(video: VideoFormat, sound: SoundFormat | None = None) -> bytes:
    """``ftyp`` and ``moov``: the head of a file, the same bytes for the same format.

    The brands do not claim CMAF (``cmfc``), which allows no holes between fragments. Raises UnsupportedVideo.
    """
    brands = (b"iso6", b"mp42", b"avc1") if video.codec is Codec.H264 else (b"iso6", b"mp42")
    file_type = box(b"ftyp", b"iso6", bytes(4), *brands)
    movie_header = struct.pack(">4I", 0, 0, TIMESCALE, 0) + struct.pack(">IH10x", 0x10000, 0x100)
    movie_header += UNITY_MATRIX + bytes(24) + struct.pack(">I", TRACK + 1 + (sound is not None))
    extends = full_box(b"trex", 0, 0, struct.pack(">5I", TRACK, 1, 0, 0, layout.NON_SYNC_SAMPLE))
    tracks = _track(video)
    if sound is not None:
        tracks += _sound_track(sound)
        extends += full_box(b"trex", 0, 0, struct.pack(">5I", SOUND_TRACK, 1, 0, 0, layout.SYNC_SAMPLE))
    return file_type + box(b"moov", full_box(b"mvhd", 0, 0, movie_header), tracks, box(b"mvex", extends))


def fragment(
    sequence: int,
    decode_time: int,
    samples: Sequence[Sample],
    captured: datetime,
    ledger: Ledger,
    *,
    missing: Sequence[Missing] = (),
    codec: Codec = Codec.H264,
    sound: Sound | None = None,
) -> bytes:
    """``prft``, our ``uuid`` boxes, ``moof`` and ``mdat``: the unit in which a file grows.

    ``sequence`` rises from 1 within a file. ``decode_time`` (ticks) is the decode time of the first sample; it
    must be later than that of the previous fragment's last sample and may jump, which leaves a hole. ``captured``
    is the host's instant at which the first sample was captured, an aware datetime from 1968 to 2104. ``prft``
    (8.16.5, flags 24: instant of capture) holds it as NTP timestamp against the decode time. ``missing`` is what no
    fragment before has told, or what lasts still; without any there is no box for it. ``codec`` is that of the file's
    format; ``sound`` is set in every fragment of a file that was begun with sound, and in no other.

    Raises ValueError for anything that cannot be written: no samples, a sample of which nothing would be
    kept (see ``stored_nals``) or without duration, numbers out of range.
    """
    _check(sequence, decode_time, samples)
    payload: list[bytes] = []
    entries: list[bytes] = []
    total = 0
    for sample in samples:
        kept = stored_nals(sample.nals, codec)
        size = sum(map(len, kept))
        if codec is Codec.JPEG:
            payload += kept
        else:
            for nal in kept:
                payload += (len(nal).to_bytes(4, "big"), nal)
            size += 4 * len(kept)
        if size == 0:
            raise ValueError("a sample holds nothing but parameter sets and delimiters")
        total += size
        flags = layout.SYNC_SAMPLE if sample.key else layout.NON_SYNC_SAMPLE
        entries.append(layout.TRUN_SAMPLE.pack(sample.duration, size, flags, sample.composition_offset))
    heard_bytes = 0 if sound is None else _checked_size(sound)
    if total + heard_bytes > _MAX_FRAGMENT_BYTES - 2**20 - 16 * len(samples):
        raise ValueError(f"a fragment of {total} bytes is too large")
    reference = layout.PRFT.pack(layout.PRFT_VERSION_AND_FLAGS, TRACK, *layout.to_ntp(captured), decode_time)
    return b"".join(
        (
            box(b"prft", reference),
            box(b"uuid", layout.LEDGER_UUID, layout.pack_ledger(ledger)),
            box(b"uuid", layout.MISSING_UUID, layout.pack_missing(missing)) if missing else b"",
            b"" if sound is None else box(b"uuid", layout.SOUND_UUID, layout.pack_sound_ledger(sound.ledger)),
            _movie_fragment(sequence, decode_time, b"".join(entries), len(samples), _Heard.of(sound, total)),
            (total + heard_bytes + 8).to_bytes(4, "big") + b"mdat",
            *payload,
            *(() if sound is None else (sample.data for sample in sound.samples)),
        )
    )


def picture_fragment(sequence: int, decode_time: int, sample: Sample) -> bytes:
    """``moof`` and ``mdat`` of one H.264 picture and nothing else: for who watches live, never for files of evidence.

    Parameters and errors as those of ``fragment``.
    """
    _check(sequence, decode_time, (sample,))
    kept = stored_nals(sample.nals)
    size = sum(map(len, kept)) + 4 * len(kept)
    if size == 0:
        raise ValueError("a sample holds nothing but parameter sets and delimiters")
    if size > _MAX_FRAGMENT_BYTES - 2**20:
        raise ValueError(f"a picture of {size} bytes is too large")
    flags = layout.SYNC_SAMPLE if sample.key else layout.NON_SYNC_SAMPLE
    entry = layout.TRUN_SAMPLE.pack(sample.duration, size, flags, sample.composition_offset)
    parts = [_movie_fragment(sequence, decode_time, entry, 1, None), (size + 8).to_bytes(4, "big"), b"mdat"]
    for nal in kept:
        parts += (len(nal).to_bytes(4, "big"), nal)
    return b"".join(parts)


def _check(sequence: int, decode_time: int, samples: Sequence[Sample]) -> None:
    if not 1 <= sequence < 2**32 or not 0 <= decode_time < 2**63:
        raise ValueError(f"sequence {sequence} or decode time {decode_time} is out of range")
    if not samples:
        raise ValueError("a fragment without samples")
    for sample in samples:
        if not 1 <= sample.duration < 2**32 or not -(2**31) <= sample.composition_offset < 2**31:
            raise ValueError(f"duration {sample.duration} or offset {sample.composition_offset} is out of range")


def _checked_size(sound: Sound) -> int:
    if sound.samples and not 0 <= sound.decode_time < 2**63:
        raise ValueError(f"sound at decode time {sound.decode_time} is out of range")
    for sample in sound.samples:
        if not sample.data or not 1 <= sample.duration < 2**32:
            raise ValueError("a sample of sound without bytes or without duration")
    return sum(len(sample.data) for sample in sound.samples)


class _Heard(NamedTuple):
    """The boxes of a fragment's sound; only where its data begins is left open, which depends on their length."""

    head: bytes
    entries: bytes
    number: int  # of samples
    after: int  # bytes of pictures before it

    @classmethod
    def of(cls, sound: Sound | None, after: int) -> _Heard | None:
        if sound is None or not sound.samples:
            return None
        head = full_box(b"tfhd", 0, layout.DEFAULT_BASE_IS_MOOF, struct.pack(">I", SOUND_TRACK))
        head += full_box(b"tfdt", 1, 0, struct.pack(">Q", sound.decode_time))
        entries = [layout.SOUND_RUN_SAMPLE.pack(sample.duration, len(sample.data)) for sample in sound.samples]
        return cls(head, b"".join(entries), len(entries), after)

    @property
    def size(self) -> int:
        return 8 + len(self.head) + 20 + len(self.entries)

    def track(self, pictures_at: int) -> bytes:
        head = struct.pack(">Ii", self.number, pictures_at + self.after)
        return box(b"traf", self.head, full_box(b"trun", 0, layout.SOUND_RUN_FIELDS, head, self.entries))


def _movie_fragment(sequence: int, decode_time: int, entries: bytes, count: int, heard: _Heard | None) -> bytes:
    header = full_box(b"mfhd", 0, 0, struct.pack(">I", sequence))
    track_header = full_box(b"tfhd", 0, layout.DEFAULT_BASE_IS_MOOF, struct.pack(">I", TRACK))
    decode = full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time))
    run_size = 20 + len(entries)
    size = 8 + len(header) + 8 + len(track_header) + len(decode) + run_size + (heard.size if heard else 0)
    run = full_box(b"trun", 1, layout.TRUN_FIELDS, struct.pack(">Ii", count, size + 8), entries)
    tracks = box(b"traf", track_header, decode, run)
    return box(b"moof", header, tracks if heard is None else tracks + heard.track(size + 8))


def _track(video: VideoFormat) -> bytes:
    table = _empty_table(video_entry(video))
    return video_track(TRACK, (video,), Span(TIMESCALE, 0, 0), table)


def _sound_track(sound: SoundFormat) -> bytes:
    return sound_track(SOUND_TRACK, sound, Span(sound.rate, 0, 0), _empty_table(sound_entry(sound)))


def _empty_table(entry: bytes) -> bytes:
    """stbl with one sample entry and no samples: they are all in fragments."""
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
