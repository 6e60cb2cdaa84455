"""Reads what a file holds without touching its pictures: format, fragments, samples, and where a torn tail begins.

The inverse of ``storage.media.writing`` and strict about it: a box it does not know is stepped over, but the
boxes that it knows must be as that module writes them. Not a general MP4 reader; whether samples decode, and
whether bytes are those that were hashed, is found out elsewhere. Payloads of ``mdat`` are not read.

A tail is *torn* where the writer died in the middle of a fragment: the file ends inside a box, or between the
boxes of one fragment. A file system may have made such a file longer with zero bytes after a loss of power; no
whole file can end in eight of them (no NAL unit does, ITU-T H.264 7.4.1, and no JPEG as cameras' are kept), so what
does not parse in a file that does (only then are its last bytes looked at) is its torn tail too; zeros inside an
``mdat`` are left to whoever decodes or hashes. All else that does not parse is a broken file.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from domain.evidence import Cause
from domain.timeline import Interval
from storage.media import layout
from storage.media.errors import BrokenFile, UnsupportedVideo
from storage.media.layout import SOUND_TRACK, TIMESCALE, TRACK, Ledger, Missing, SoundLedger, ticks_to_time
from storage.media.sound import SoundFormat, read_entry
from storage.media.video import SAMPLE_ENTRIES, VideoFormat, known_entry

_MAX_MOOV_BYTES = 2**20
_MAX_MOOF_BYTES = 2**24  # a million samples
_MAX_SMALL_BOX_BYTES = 2**12
_VISUAL_ENTRY_BYTES = 78  # 14496-12 12.1.3.2: what stands in a visual sample entry before its child boxes
_VISUAL_SIZE_AT = 24  # ... width and height among it
_UUID_BYTES = 16  # 14496-12 4.2: what a uuid box is
_ZERO_TAIL_BYTES = 8
_LARGESIZE_FOLLOWS = b"\0\0\0\1"

_UINT32 = struct.Struct(">I")
_UINT64 = struct.Struct(">Q")
_TWO_UINT32 = struct.Struct(">II")
_TWO_UINT16 = struct.Struct(">HH")
_TRUN_HEAD = struct.Struct(">IIi")  # version and flags, number of samples, data offset


@dataclass(frozen=True, slots=True)
class SampleIndex:
    """Where one coded picture lies: ``offset`` from the file's start; times are ticks of TIMESCALE."""

    offset: int
    size: int
    duration: int
    key: bool
    composition_offset: int = 0


@dataclass(frozen=True, slots=True)
class SoundIndex:
    """The sound of one fragment: where each sample lies (offset, size) and how long it is, in ticks of its rate.

    ``ledger`` is what the file has of it up to and with this fragment. Without samples ``decode_time`` is 0.
    """

    ledger: SoundLedger
    decode_time: int = 0
    samples: tuple[tuple[int, int, int], ...] = ()
    box_offset: int | None = None  # of its ``traf``


@dataclass(frozen=True, slots=True)
class FragmentIndex:
    """One complete fragment. ``offset`` and ``size`` span it from its ``prft`` to the end of its ``mdat``.

    ``captured`` is the host's instant of its first sample; ``ledger`` is None where the file has none for it;
    ``missing`` is what it tells first, or as lasting still.
    """

    offset: int
    size: int
    sequence: int
    decode_time: int
    captured: datetime
    ledger: Ledger | None
    missing: tuple[Missing, ...]
    samples: tuple[SampleIndex, ...]
    sound: SoundIndex | None = None

    @property
    def duration(self) -> int:
        """Ticks of all samples together; more than 0."""
        return sum(sample.duration for sample in self.samples)

    @property
    def end_time(self) -> int:
        """Decode time at which the last sample ends, in ticks."""
        return self.decode_time + self.duration

    @property
    def interval(self) -> Interval:
        """From the capture of the first sample to the end of the last one, on the host's clock."""
        return Interval(self.captured, self.captured + ticks_to_time(self.duration))


@dataclass(frozen=True, slots=True)
class FileIndex:
    """What a file holds: ``init_size_bytes`` of head, then whole fragments up to ``complete_bytes``."""

    format: VideoFormat
    init_size_bytes: int
    fragments: tuple[FragmentIndex, ...] = field(repr=False)
    complete_bytes: int
    total_bytes: int
    sound: SoundFormat | None = None
    sound_boxes: tuple[int, ...] = ()  # where the boxes of its head begin that tell of the sound

    @property
    def sound_lacking_s(self) -> float | None:
        """For how many seconds of its time there is no sound in it, at least; None where none was to be recorded."""
        span = self.span
        if self.sound is None or span is None:
            return None
        told = [each.sound.ledger.kept for each in self.fragments if each.sound is not None]
        return max(0.0, span.seconds - (told[-1].total_seconds() if told else 0.0))

    @property
    def torn(self) -> bool:
        """Whether bytes follow the last whole fragment that are none."""
        return self.complete_bytes < self.total_bytes

    @property
    def span(self) -> Interval | None:
        """From the first captured instant to the end of the last sample; holes are inside. None without fragments."""
        if not self.fragments:
            return None
        return Interval(self.fragments[0].captured, max(item.interval.end for item in self.fragments))

    @property
    def missing(self) -> tuple[tuple[Interval, Cause], ...]:
        """The time that its pictures do not show, with its causes; what lasted still ends with the file."""
        span = self.span
        if span is None:
            return ()
        told = [each for item in self.fragments[:-1] for each in item.missing if each.end is not None]
        told += self.fragments[-1].missing
        ends = [(each, each.end or span.end) for each in told]
        return tuple((Interval(each.start, end), each.cause) for each, end in ends if each.start < end)

    @property
    def frames(self) -> int:
        """Samples of all whole fragments."""
        return sum(len(item.samples) for item in self.fragments)


def read_index(file: BinaryIO) -> FileIndex:
    """Index a file that ``init_segment`` and ``fragment`` made, from a seekable binary stream.

    Tolerates a torn tail, also before the first fragment; raises BrokenFile for anything else. OSErrors of the
    stream pass through. Memory is bounded by the samples of the file and 16 MiB for one fragment's boxes.
    """
    total = file.seek(0, os.SEEK_END)
    head, head_end = _read_head(file, total)
    fragments, complete = _read_fragments(file, head_end, total, head.sound)
    return FileIndex(head.video, head_end, fragments, complete, total, head.sound, head.sound_boxes)


def tells_of_sound(head: bytes) -> bool:
    """Whether a file's head announces a track of sound."""
    return b"soun" in head


def without_sound(data: bytes, offset: int, index: FileIndex) -> bytes:
    """A stretch of a file's bytes from ``offset`` on in which no player finds the sound: its boxes are ``free``.

    For players that would refuse the pictures with it. Nothing else changes, so that offsets stay true.
    """
    begins = [*index.sound_boxes]
    begins += [each.sound.box_offset for each in index.fragments if each.sound and each.sound.box_offset is not None]
    found = bytearray(data)
    for begin in begins:
        for place, letter in enumerate(b"free", begin + 4 - offset):
            if 0 <= place < len(found):
                found[place] = letter
    return bytes(found)


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    offset: int
    header_bytes: int
    size: int

    @property
    def body(self) -> int:
        return self.offset + self.header_bytes

    @property
    def end(self) -> int:
        return self.offset + self.size


def _parse_header(header: bytes, offset: int) -> _Box | None:
    """The box whose first bytes are given (14496-12 4.2), or None when they end within its header."""
    if len(header) < 8:
        return None
    (size,) = _UINT32.unpack_from(header)
    header_bytes = 8
    if header[:4] == _LARGESIZE_FOLLOWS:
        if len(header) < 16:
            return None
        (size,) = _UINT64.unpack_from(header, 8)
        header_bytes = 16
    if size < header_bytes:
        raise BrokenFile(f"a box at byte {offset} is shorter than its header")
    return _Box(header[4:8], offset, header_bytes, size)


def _boxes(file: BinaryIO, start: int, total: int) -> Iterator[_Box]:
    """The whole boxes from ``start`` on; ends at the file's end or before a box that the end cuts off."""
    at = start
    while at < total:
        header = _read(file, at, min(8, total - at))
        if header[:4] == _LARGESIZE_FOLLOWS:
            header += _read(file, at + 8, max(0, min(8, total - at - 8)))
        box = _parse_header(header, at)
        if box is None or box.end > total:
            return
        if not all(0x20 <= letter < 0x7F for letter in box.kind):
            raise BrokenFile(f"no box at byte {at}")
        yield box
        at = box.end


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    """Exactly ``length`` bytes; unbuffered streams may need several reads. Raises BrokenFile at the end."""
    file.seek(offset)
    data = file.read(length)
    while len(data) < length:
        more = file.read(length - len(data))
        if not more:
            raise BrokenFile(f"the file became shorter than {offset + length} bytes while it was read")
        data += more
    return data


def _payload(file: BinaryIO, box: _Box, maximum: int) -> bytes:
    length = box.size - box.header_bytes
    if length > maximum:
        raise BrokenFile(f"a box {box.kind!r} of {box.size} bytes is too large")
    return _read(file, box.body, length)


def _children(data: bytes) -> dict[bytes, list[bytes]]:
    """Payloads of the boxes inside a container, by type. Raises BrokenFile unless they fill it exactly."""
    found: dict[bytes, list[bytes]] = {}
    at = 0
    while at < len(data):
        box = _parse_header(data[at : at + 16], at)
        if box is None or box.end > len(data):
            raise BrokenFile("a box is longer than the one around it")
        found.setdefault(box.kind, []).append(data[box.body : box.end])
        at = box.end
    return found


def _only(children: dict[bytes, list[bytes]], kind: bytes) -> bytes:
    payloads = children.get(kind, [])
    if len(payloads) != 1:
        raise BrokenFile(f"{len(payloads)} boxes {kind!r} where there must be one")
    return payloads[0]


def _unpack(form: struct.Struct, data: bytes, offset: int = 0) -> tuple[Any, ...]:
    """Numbers at an offset of a payload. Raises BrokenFile where it ends before them."""
    if len(data) < offset + form.size:
        raise BrokenFile("a box ends within a number")
    return form.unpack_from(data, offset)


@dataclass(frozen=True, slots=True)
class _Head:
    video: VideoFormat
    sound: SoundFormat | None
    sound_boxes: tuple[int, ...]


def _read_head(file: BinaryIO, total: int) -> tuple[_Head, int]:
    """What ``moov`` tells, and where the file's head ends."""
    for box in _boxes(file, 0, total):
        if (box.offset == 0) != (box.kind == b"ftyp"):
            raise BrokenFile("the file does not begin with one ftyp box")
        if box.kind == b"moov":
            moov = _payload(file, box, _MAX_MOOV_BYTES)
            sound = _sound(moov)
            boxes = tuple(box.body + at for at in _sound_boxes(moov)) if sound is not None else ()
            return _Head(_video(moov), sound, boxes), box.end
        if box.kind in (b"prft", b"moof", b"mdat"):
            break
    raise BrokenFile("the file has no whole moov box at its head")


def _tracks(moov: bytes) -> list[bytes]:
    """The payloads of one ``trak``, or of two: pictures, then sound."""
    found = _children(moov).get(b"trak", [])
    if len(found) not in (1, 2):
        raise BrokenFile(f"{len(found)} boxes b'trak' where there must be one or two")
    return found


def _sound(moov: bytes) -> SoundFormat | None:
    tracks = _tracks(moov)
    if len(tracks) == 1:
        return None
    media = _children(_only(_children(tracks[1]), b"mdia"))
    (timescale,) = _unpack(_UINT32, _only(media, b"mdhd"), 12)
    table = _children(_only(_children(_only(media, b"minf")), b"stbl"))
    return read_entry(_children(_only(table, b"stsd")[8:]), timescale)


def _sound_boxes(moov: bytes) -> Iterator[int]:
    """Where the second ``trak`` and the second ``trex`` begin, from the payload's start."""
    tracks = [at for kind, at, _ in _places(moov) if kind == b"trak"]
    yield tracks[1]
    for kind, at, body in _places(moov):
        if kind == b"mvex":
            extends = [at + 8 + inner for name, inner, _ in _places(body) if name == b"trex"]
            yield from extends[1:2]


def _places(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Type, offset and payload of the boxes inside a container that fills it (``_children`` has seen to that)."""
    at = 0
    while at < len(data):
        box = _parse_header(data[at : at + 16], at)
        if box is None or box.end > len(data):
            raise BrokenFile("a box is longer than the one around it")
        yield box.kind, at, data[box.body : box.end]
        at = box.end


def _video(moov: bytes) -> VideoFormat:
    media = _children(_only(_children(_tracks(moov)[0]), b"mdia"))
    if _unpack(_UINT32, _only(media, b"mdhd"), 12) != (TIMESCALE,):
        raise BrokenFile(f"the track does not count in {TIMESCALE} ticks a second")
    table = _children(_only(_children(_only(media, b"minf")), b"stbl"))
    entries = _children(_only(table, b"stsd")[8:])
    codec = known_entry(entries)
    entry, configuration = SAMPLE_ENTRIES[codec]
    visual = _only(entries, entry)
    record = _only(_children(visual[_VISUAL_ENTRY_BYTES:]), configuration)
    width, height = _unpack(_TWO_UINT16, visual, _VISUAL_SIZE_AT)
    try:
        return VideoFormat.from_configuration(codec, record, (width, height))
    except UnsupportedVideo as error:
        raise BrokenFile(f"{configuration.decode()}: {error}") from error


def _read_fragments(
    file: BinaryIO, start: int, total: int, sound: SoundFormat | None
) -> tuple[tuple[FragmentIndex, ...], int]:
    """The whole fragments, and where the last of them (or a foreign box after it) ends."""
    fragments: list[FragmentIndex] = []
    complete = start
    pending: _Pending | None = None
    try:
        for box in _boxes(file, start, total):
            if pending is None and box.kind == b"prft":
                pending = _Pending(file, box, sound is not None)
            elif pending is not None:
                pending.take(file, box)
            elif box.kind in (b"moof", b"mdat"):
                raise BrokenFile(f"{box.kind!r} at byte {box.offset} without the prft box before it")
            if pending is None:
                complete = box.end
            elif (whole := pending.whole) is not None:
                _check_order(fragments, whole)
                fragments.append(whole)
                pending, complete = None, box.end
    except BrokenFile:
        if not _ends_in_zeros(file, total):
            raise
    return tuple(fragments), complete


def _ends_in_zeros(file: BinaryIO, total: int) -> bool:
    start = max(0, total - _ZERO_TAIL_BYTES)
    return not any(_read(file, start, total - start))


def _check_order(before: list[FragmentIndex], following: FragmentIndex) -> None:
    """Sequences rise, and so do decode times, sample by sample. A guessed last duration may reach over."""
    if not before:
        return
    last = before[-1]
    last_decode_time = last.end_time - last.samples[-1].duration
    if following.sequence <= last.sequence or following.decode_time <= last_decode_time:
        raise BrokenFile(f"the fragment at byte {following.offset} does not come after the one before it")


class _Pending:
    """A fragment of which not all boxes have been met yet: prft, then our own and moof, then mdat."""

    def __init__(self, file: BinaryIO, prft: _Box, with_sound: bool) -> None:
        self._with_sound = with_sound
        self._sound: SoundLedger | None = None
        self.whole: FragmentIndex | None = None
        self._offset = prft.offset
        self._ledger: Ledger | None = None
        self._missing: tuple[Missing, ...] = ()
        self._moof: tuple[_Box, bytes] | None = None
        data = _payload(file, prft, _MAX_SMALL_BOX_BYTES)
        if len(data) != layout.PRFT.size:
            raise BrokenFile(f"a prft box of {prft.size} bytes")
        head, track, seconds, fraction, self._media_time = layout.PRFT.unpack(data)
        if (head, track) != (layout.PRFT_VERSION_AND_FLAGS, TRACK):
            raise BrokenFile("a prft box that does not tell the capture of this track")
        self._captured = layout.from_ntp(seconds, fraction)

    def take(self, file: BinaryIO, box: _Box) -> None:
        """Use the next box of the file; ``whole`` is set once it was the last one."""
        if box.kind == b"uuid" and self._moof is None:
            self._take_own(file, box)
        elif box.kind == b"moof" and self._moof is None:
            self._moof = (box, _payload(file, box, _MAX_MOOF_BYTES))
        elif box.kind == b"mdat" and self._moof is not None:
            self.whole = self._finish(*self._moof, box)
        elif box.kind in (b"prft", b"moof", b"mdat"):
            raise BrokenFile(f"{box.kind!r} at byte {box.offset} in the middle of a fragment")

    def _take_own(self, file: BinaryIO, box: _Box) -> None:
        length = box.size - box.header_bytes
        kind = _read(file, box.body, min(_UUID_BYTES, length))
        if kind == layout.MISSING_UUID:
            self._missing = layout.unpack_missing(_payload(file, box, _MAX_MOOF_BYTES)[_UUID_BYTES:])
        elif kind == layout.SOUND_UUID and length <= _MAX_SMALL_BOX_BYTES:
            self._sound = layout.unpack_sound_ledger(_payload(file, box, _MAX_SMALL_BOX_BYTES)[_UUID_BYTES:])
        elif kind == layout.LEDGER_UUID and length <= _MAX_SMALL_BOX_BYTES:
            self._ledger = layout.unpack_ledger(_payload(file, box, _MAX_SMALL_BOX_BYTES)[_UUID_BYTES:])

    def _finish(self, moof: _Box, data: bytes, mdat: _Box) -> FragmentIndex:
        children = _children(data)
        (sequence,) = _unpack(_UINT32, _only(children, b"mfhd"), 4)
        tracks = children.get(b"traf", [])
        if not 1 <= len(tracks) <= 1 + self._with_sound:
            raise BrokenFile(f"{len(tracks)} boxes b'traf' in a fragment")
        track = _children(tracks[0])
        if _unpack(_TWO_UINT32, _only(track, b"tfhd")) != (layout.DEFAULT_BASE_IS_MOOF, TRACK):
            raise BrokenFile("a fragment of another track, or with defaults that are not ours")
        decode_time = _decode_time(_only(track, b"tfdt"))
        if decode_time != self._media_time:
            raise BrokenFile(f"prft and tfdt disagree: {self._media_time} and {decode_time} ticks")
        samples = _samples(_only(track, b"trun"), moof.offset, mdat)
        size, told = mdat.end - self._offset, (self._ledger, self._missing)
        sound = self._heard(moof, data, mdat)
        return FragmentIndex(self._offset, size, sequence, decode_time, self._captured, *told, samples, sound)

    def _heard(self, moof: _Box, data: bytes, mdat: _Box) -> SoundIndex | None:
        """The sound of the fragment, None where the file has no track for it."""
        if not self._with_sound:
            return None
        if self._sound is None:
            raise BrokenFile("a fragment that does not tell how much sound the file has")
        found = [(at, body) for kind, at, body in _places(data) if kind == b"traf"]
        if len(found) == 1:
            return SoundIndex(self._sound)
        at, body = found[1]
        track = _children(body)
        if _unpack(_TWO_UINT32, _only(track, b"tfhd")) != (layout.DEFAULT_BASE_IS_MOOF, SOUND_TRACK):
            raise BrokenFile("a run of another track than the sound's, or with defaults that are not ours")
        samples = _sound_samples(_only(track, b"trun"), moof.offset, mdat)
        return SoundIndex(self._sound, _decode_time(_only(track, b"tfdt")), samples, moof.body + at)


def _decode_time(tfdt: bytes) -> int:
    """baseMediaDecodeTime (14496-12 8.8.12)."""
    if not tfdt or tfdt[0] > 1:
        raise BrokenFile("a tfdt box of no known version")
    (decode_time,) = _unpack(_UINT64 if tfdt[0] == 1 else _UINT32, tfdt, 4)
    return int(decode_time)


def _sound_samples(trun: bytes, moof_offset: int, mdat: _Box) -> tuple[tuple[int, int, int], ...]:
    """Offset, size and duration of the samples of a run of sound, each of which lies inside ``mdat``."""
    head, count, data_offset = _unpack(_TRUN_HEAD, trun)
    size = layout.SOUND_RUN_SAMPLE.size
    if head & 0xFF_FFFF != layout.SOUND_RUN_FIELDS or count * size != len(trun) - _TRUN_HEAD.size:
        raise BrokenFile("a run of sound whose fields are not ours or whose samples do not fill it")
    at = moof_offset + data_offset
    if count == 0 or at < mdat.body:
        raise BrokenFile("a run of sound without samples, or with samples before their mdat box")
    found: list[tuple[int, int, int]] = []
    for duration, length in layout.SOUND_RUN_SAMPLE.iter_unpack(trun[_TRUN_HEAD.size :]):
        if duration == 0 or length == 0:
            raise BrokenFile("a sample of sound without duration or without bytes")
        found.append((at, length, duration))
        at += length
    if at > mdat.end:
        raise BrokenFile("samples of sound reach beyond their mdat box")
    return tuple(found)


def _samples(trun: bytes, moof_offset: int, mdat: _Box) -> tuple[SampleIndex, ...]:
    """The samples of a run (14496-12 8.8.8), each of which lies inside ``mdat``."""
    head, count, data_offset = _unpack(_TRUN_HEAD, trun)
    if head & 0xFF_FFFF != layout.TRUN_FIELDS or count * layout.TRUN_SAMPLE.size != len(trun) - _TRUN_HEAD.size:
        raise BrokenFile("a run whose fields are not ours or whose samples do not fill it")
    at = moof_offset + data_offset
    if count == 0 or at < mdat.body:
        raise BrokenFile("a run without samples, or with samples before their mdat box")
    samples: list[SampleIndex] = []
    for duration, size, flags, composition_offset in layout.TRUN_SAMPLE.iter_unpack(trun[_TRUN_HEAD.size :]):
        if duration == 0 or size == 0:
            raise BrokenFile("a sample without duration or without bytes")
        key = not flags & layout.NON_SYNC_BIT
        samples.append(SampleIndex(at, size, duration, key, composition_offset))
        at += size
    if at > mdat.end:
        raise BrokenFile("samples reach beyond their mdat box")
    return tuple(samples)
