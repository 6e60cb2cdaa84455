"""A film: one MP4 of what several files show, with its index in front and their bytes as they are.

A progressive file of ISO/IEC 14496-12, clauses in brackets: ``ftyp`` [4.3], ``moov`` [8.2], ``mdat`` [8.1.1]. Nothing
of it needs to lie anywhere: it is computed from the indexes of the files, and any byte range of it is made of what
``where`` says. A picture's media time is its instant on the host's clock less that of the film's first one:

- ``mvhd`` [8.2.2], ``tkhd`` [8.3.2], ``mdhd`` [8.4.2] tell length and, as creation time, beginning;
- ``stts`` [8.6.1.2] tells when each sample is decoded, ``ctts`` version 1 [8.6.1.3] by how much later or earlier it
  is shown, where pictures are reordered. Over a gap the sample before it lasts until the one behind it;
- ``stss`` [8.6.2] lists the key frames, ``stsz`` [8.7.3.2] the sizes, ``stsc`` [8.7.4] and ``stco`` or, beyond 4 GiB,
  ``co64`` [8.7.5] where the samples lie: as a rule a chunk is what one fragment of a file holds;
- ``stsd`` [8.5.2] has an entry for each coding that occurs. Where there are several, parameter sets stand
  before each key frame as well, for which ``avc3`` and ``hev1`` are there (14496-15 5.4.2.1, 8.4.1): browsers look at
  the first entry only;
- ``elst`` [8.6.6] lets the sound begin where it does;
- a track of text (``tx3g``, 3GPP TS 26.245 5.16) is what its caller wants to be read beside the pictures;
- ``udta`` [8.10.1] holds title and description, in the form that iTunes has and all players read.

Not here: which pictures (``storage.media.takes``) and where the bytes of a file come from.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import NamedTuple

from storage.media.boxes import (
    UNITY_MATRIX,
    Span,
    box,
    full_box,
    sound_entry,
    sound_track,
    text_track,
    video_entry,
    video_track,
)
from storage.media.layout import TIMESCALE
from storage.media.sound import SoundFormat
from storage.media.takes import Take
from storage.media.video import Codec

_VIDEO, _SOUND, _TEXT = 1, 2, 3
_SINCE_1904 = 2_082_844_800  # seconds from 1904 to 1970: 8.2.2 counts from there
_INLINE = -1  # the source of bytes that are the film's own
_TEXT_LINES_A_CHUNK = 10
_SOUND_SLACK = TIMESCALE // 10  # what is so near to its place follows the sound before it at once (docs/time.md)
_BIG = 2**32 - 2**26  # beyond this, offsets need 64 bits; the head is never as long as what is left
_IN_BAND = {Codec.H264: b"avc3", Codec.H265: b"hev1"}


class Line(NamedTuple):
    """A line of text to be shown from ``begins`` (ticks since 1970) until the next one begins."""

    begins: int
    text: str


class Stretch(NamedTuple):
    """Bytes of the film: its own (``data``), or so many of a source from an offset on."""

    source: int
    offset: int
    size: int
    data: bytes = b""


@dataclass(slots=True)
class _Media:
    """What ``mdat`` is made of, in order."""

    sources: array[int] = field(default_factory=lambda: array("i"))
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    begins: array[int] = field(default_factory=lambda: array("Q"))
    size: int = 0
    inline: bytearray = field(default_factory=bytearray)

    def add(self, source: int, offset: int, size: int) -> None:
        goes_on = bool(self.sources) and self.sources[-1] == source
        if not goes_on or self.offsets[-1] + self.size - self.begins[-1] != offset:
            self.sources.append(source)
            self.offsets.append(offset)
            self.begins.append(self.size)
        self.size += size

    def add_inline(self, data: bytes) -> None:
        self.add(_INLINE, len(self.inline), len(data))
        self.inline += data

    def where(self, first: int, last: int) -> Iterator[Stretch]:
        """Bytes ``first`` to ``last`` of the media, both included."""
        at = bisect_right(self.begins, first) - 1
        while first <= last:
            ends = self.begins[at + 1] if at + 1 < len(self.begins) else self.size
            size = min(last + 1, ends) - first
            offset = self.offsets[at] + first - self.begins[at]
            own = self.sources[at] == _INLINE
            yield Stretch(self.sources[at], offset, size, bytes(self.inline[offset : offset + size]) if own else b"")
            first, at = first + size, at + 1


@dataclass(frozen=True, slots=True)
class Film:
    """``head`` is all before the media. ``begins`` and ``ends`` are in ticks since 1970; ``digest`` tells it apart
    from every film of other bytes (SHA-256 of its plan, not of its bytes)."""

    head: bytes = field(repr=False)
    begins: int
    ends: int
    pictures: int
    digest: str
    _media: _Media = field(repr=False)

    @property
    def size_bytes(self) -> int:
        return len(self.head) + self._media.size

    def where(self, first: int, last: int) -> Iterator[Stretch]:
        """What bytes ``first`` to ``last`` of the film are, both included, in order."""
        head = self.head[first : last + 1]
        if head:
            yield Stretch(_INLINE, first, len(head), head)
        yield from self._media.where(max(0, first - len(self.head)), last - len(self.head))


@dataclass(slots=True)
class _Table:
    """A sample table as it grows: durations, sizes and chunks."""

    entries: list[bytes] = field(default_factory=list)
    times: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("I"))
    shifts: array[int] = field(default_factory=lambda: array("i"))
    keys: array[int] = field(default_factory=lambda: array("I"))
    chunks: list[tuple[int, int, int]] = field(default_factory=list)  # where in the media, samples, entry

    def put(self, time: int, size: int, shift: int = 0) -> None:
        """One more sample. Where need be, its time of decoding is moved behind that of the one before."""
        at = max(time, self.times[-1] + 1) if self.times else time
        self.times.append(at)
        self.sizes.append(size)
        self.shifts.append(shift + time - at)

    def box(self, ends: int, media_at: int, wide: bool) -> bytes:
        """``stbl``, with the media beginning at that byte of the film."""
        behind = chain(self.times[1:], [max(ends, self.times[-1] + 1)])
        durations = array("q", (after - before for before, after in zip(self.times, behind, strict=True)))
        parts = [full_box(b"stsd", 0, 0, struct.pack(">I", len(self.entries)), *self.entries)]
        parts.append(full_box(b"stts", 0, 0, _counted(durations, ">II")))
        if any(self.shifts):
            parts.append(full_box(b"ctts", 1, 0, _counted(self.shifts, ">Ii")))
        if self.keys and len(self.keys) < len(self.times):
            parts.append(full_box(b"stss", 0, 0, struct.pack(">I", len(self.keys)), _big_endian(self.keys)))
        parts.append(full_box(b"stsc", 0, 0, self._chunks_told()))
        parts.append(full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(self.sizes)), _big_endian(self.sizes)))
        places = array("Q" if wide else "I", (media_at + chunk[0] for chunk in self.chunks))
        count = struct.pack(">I", len(places))
        parts.append(full_box(b"co64" if wide else b"stco", 0, 0, count, _big_endian(places)))
        return box(b"stbl", *parts)

    def _chunks_told(self) -> bytes:
        told, first = [], 1
        for (samples, entry), alike in groupby(self.chunks, key=lambda chunk: chunk[1:]):
            told.append(struct.pack(">III", first, samples, entry))
            first += sum(1 for _ in alike)
        return struct.pack(">I", len(told)) + b"".join(told)


def _counted(values: Iterable[int], form: str) -> bytes:
    """How often which value comes, as ``stts`` and ``ctts`` tell it."""
    runs = [struct.pack(form, sum(1 for _ in alike), value) for value, alike in groupby(values)]
    return struct.pack(">I", len(runs)) + b"".join(runs)


def _big_endian(values: array[int]) -> bytes:
    found = array(values.typecode, values)
    if sys.byteorder == "little":
        found.byteswap()
    return found.tobytes()


class _Chunk(NamedTuple):
    """Samples that lie behind one another in a file: pictures ``first`` to ``last``, or the run of sound."""

    offset: int
    first: int
    last: int
    run: int = -1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a film is to be made of. ``sources`` are the SHA-256 of the files that takes name by their number."""

    takes: Sequence[Take]
    sources: Sequence[str]
    title: str
    about: str
    lines: Sequence[Line] = ()
    sound: bool = False


def filmed(wanted: Wanted) -> Film:
    """Lay a film out. Raises ValueError without takes, UnsupportedVideo."""
    if not wanted.takes:
        raise ValueError("a film without pictures")
    return _Making(wanted).film()


class _Making:
    """A film as it is laid out."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        takes = wanted.takes
        self._begins, self._ends = takes[0].shown(0), takes[-1].until
        self._formats = list(dict.fromkeys(each.format for each in takes))
        self._media = _Media()
        self._video, self._sound, self._text = _Table(), _Table(), _Table()
        formats = [each.sound_format for each in takes if each.sound and each.sound_format is not None]
        self._heard = formats[0] if wanted.sound and formats else None
        self._sound_ends = 0
        self._lines_put = 0

    def film(self) -> Film:
        for each in self._wanted.takes:
            for chunk in _chunks(each, self._heard):
                if chunk.run >= 0:
                    self._put_sound(each, chunk)
                else:
                    self._put_lines(each.times[chunk.first])
                    self._put_pictures(each, chunk)
        self._put_lines(self._ends)
        head = self._head()
        plan = hashlib.sha256(head)
        for part in (self._media.inline, self._media.sources, self._media.offsets, self._media.begins):
            plan.update(part)
        plan.update("\n".join(self._wanted.sources).encode())
        pictures = len(self._video.times)
        return Film(head, self._begins, self._ends, pictures, plan.hexdigest(), self._media)

    def _put_pictures(self, each: Take, chunk: _Chunk) -> None:
        """A chunk of them; where several codings occur, each key frame behind its parameter sets."""
        video = each.format
        self._video.chunks.append((self._media.size, chunk.last - chunk.first, 1 + self._formats.index(video)))
        sets = b""
        if len(self._formats) > 1:
            sets = b"".join(len(nal).to_bytes(4, "big") + nal for nal in (video.vps, video.sps, video.pps) if nal)
        for at in range(chunk.first, chunk.last):
            key, size = each.keys[at], each.sizes[at]
            if key:
                self._video.keys.append(len(self._video.times) + 1)
            if key and sets:
                self._media.add_inline(sets)
                size += len(sets)
            self._video.put(each.times[at] - self._begins, size, each.shifts[at])
            self._media.add(each.source, each.offsets[at], each.sizes[at])

    def _put_sound(self, each: Take, chunk: _Chunk) -> None:
        """A run of sound at its place, but for what was heard already or lies outside the film."""
        assert self._heard is not None  # noqa: S101 - else there is no such chunk
        rate, run = self._heard.rate, each.sound[chunk.run]
        at = (run.begins - self._begins) * rate // TIMESCALE
        if self._sound.times and abs(at - self._sound_ends) <= _SOUND_SLACK * rate // TIMESCALE:
            at = self._sound_ends
        begun, place, kept = self._media.size, 0, 0
        for offset, size, duration in run.samples:
            if self._sound_ends <= at < (self._ends - self._begins) * rate // TIMESCALE:
                self._sound.put(at, size)
                place, kept = place or offset, kept + size
                self._sound_ends = at + duration
            at += duration
        if kept:
            self._media.add(each.source, place, kept)
            samples = len(self._sound.times) - sum(chunk[1] for chunk in self._sound.chunks)
            self._sound.chunks.append((begun, samples, 1))

    def _put_lines(self, until: int) -> None:
        """Whole chunks of text that begins before an instant; at the end all that is left."""
        lines = self._wanted.lines
        while self._lines_put < len(lines) and lines[self._lines_put].begins < until:
            part = lines[self._lines_put : self._lines_put + _TEXT_LINES_A_CHUNK]
            self._text.chunks.append((self._media.size, len(part), 1))
            for line in part:
                data = line.text.encode()
                self._media.add_inline(len(data).to_bytes(2, "big") + data)
                self._text.put(max(0, line.begins - self._begins), 2 + len(data))
            self._lines_put += len(part)

    def _head(self) -> bytes:
        """``ftyp``, ``moov`` and the head of ``mdat``; first laid out to learn how long it is."""
        wide = self._media.size > _BIG
        mdat = b"\0\0\0\1mdat" + (self._media.size + 16).to_bytes(8, "big")
        if not wide:
            mdat = (self._media.size + 8).to_bytes(4, "big") + b"mdat"
        kind = box(b"ftyp", b"isom", (0x200).to_bytes(4, "big"), b"isom", b"iso4", b"mp42")
        length = len(kind) + len(self._moov(0, wide)) + len(mdat)
        return kind + self._moov(length, wide) + mdat

    def _moov(self, media_at: int, wide: bool) -> bytes:
        made, length = self._begins // TIMESCALE + _SINCE_1904, self._ends - self._begins
        span = Span(TIMESCALE, length, length, made)
        long = length >= 2**32
        header = struct.pack(">QQIQ" if long else ">IIII", made, made, TIMESCALE, length)
        header += struct.pack(">IH10x", 0x10000, 0x100) + UNITY_MATRIX + bytes(24) + struct.pack(">I", _TEXT + 1)
        return box(
            b"moov",
            full_box(b"mvhd", int(long), 0, header),
            self._video_box(span, media_at, wide),
            self._sound_box(span, media_at, wide),
            self._text_box(span, media_at, wide),
            _told(self._wanted.title, self._wanted.about),
        )

    def _video_box(self, span: Span, media_at: int, wide: bool) -> bytes:
        several = len(self._formats) > 1
        self._video.entries = [
            video_entry(video, _IN_BAND.get(video.codec) if several else None) for video in self._formats
        ]
        return video_track(_VIDEO, self._formats, span, self._video.box(span.ticks, media_at, wide))

    def _sound_box(self, span: Span, media_at: int, wide: bool) -> bytes:
        """``trak`` of sound, nothing where there is none. It begins with an empty edit, where it begins later."""
        if self._heard is None or not self._sound.times:
            return b""
        begins, rate = self._sound.times[0], self._heard.rate
        silent, ticks = begins * TIMESCALE // rate, self._sound_ends - begins
        heard = ticks * TIMESCALE // rate
        edits = struct.pack(">QqIQqI", silent, -1, 0x10000, heard, 0, 0x10000)
        table = _Table([sound_entry(self._heard)], self._sound.times, self._sound.sizes, self._sound.shifts)
        table.chunks = self._sound.chunks
        whole = Span(rate, ticks, silent + heard, span.made)
        body = table.box(self._sound_ends, media_at, wide)
        edit_list = box(b"edts", full_box(b"elst", 1, 0, struct.pack(">I", 2), edits)) if silent else b""
        return sound_track(_SOUND, self._heard, whole, body, edit_list)

    def _text_box(self, span: Span, media_at: int, wide: bool) -> bytes:
        if not self._text.times:
            return b""
        size = self._formats[0].width, self._formats[0].height
        self._text.entries = [_text_entry(*size)]
        return text_track(_TEXT, size, span, self._text.box(span.ticks, media_at, wide))


def _chunks(each: Take, heard: SoundFormat | None) -> list[_Chunk]:
    """Of a take, in the order of its file."""
    found, first = [], 0
    for at in range(1, len(each.times) + 1):
        if at == len(each.times) or each.offsets[at] != each.offsets[at - 1] + each.sizes[at - 1]:
            found.append(_Chunk(each.offsets[first], first, at))
            first = at
    if heard is not None and each.sound_format == heard:
        begun, ended = each.times[0] - TIMESCALE, each.until
        runs = (at for at, run in enumerate(each.sound) if begun <= run.begins < ended)
        found += [_Chunk(each.sound[at].samples[0][0], 0, 0, at) for at in runs]
    return sorted(found)


def _text_entry(width: int, height: int) -> bytes:
    """``tx3g``: white on a shade of black, at the lower edge, in the sans serif of the player."""
    lines = max(24, height // 18)
    style = struct.pack(">HHHBB4B", 0, 0, 1, 0, min(255, lines * 3 // 4), 255, 255, 255, 255)
    placed = struct.pack(">Ibb4B4h", 0, 1, -1, 0, 0, 0, 160, max(0, height - 2 * lines), 0, height, width)
    fonts = box(b"ftab", struct.pack(">HHB", 1, 1, 10), b"Sans-Serif")
    return box(b"tx3g", struct.pack(">6xH", 1), placed, style, fonts)


def _told(title: str, about: str) -> bytes:
    """``udta`` with title and comment."""
    told = ((b"\xa9nam", title), (b"\xa9cmt", about))
    items = [box(name, box(b"data", struct.pack(">II", 1, 0), text.encode())) for name, text in told]
    handler = full_box(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))
    return box(b"udta", full_box(b"meta", 0, 0, handler, box(b"ilst", *items)))
