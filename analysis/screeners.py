"""Screeners 带水印副本: a film coded anew, with a watermark over every picture and, where wanted, heads blurred.

For handing on: it says in each picture whose it is and that it is no evidence. Nothing of the originals changes; the
film that it is made of is read as it is given to everybody (``analysis.films``).

1. The film's pictures are decoded, each with its time in the film, to which it keeps.
2. Heads are blurred by what ``analysis.people.covering`` says; a picture that came out damaged counts as one that
   could not be searched, and is blurred as a whole. Where the detector itself fails, there is no screener.
3. The mark is laid over them; in a gap a dark picture says so until pictures come again.
4. They are coded as H.264 in fragments of MP4 (ISO/IEC 14496-12 8.8) that go out as they are made.

It bears no sound: voices tell who somebody is as faces do. One is made at a time in a process, in a thread that
stands back for recording, holding the pictures of half a second. Not here: who may have it, what is written down.

    ScreenerRefused         a screener cannot be made as it was asked for; a FilmRefused
    ├── ScreenersBusy       another one is being made here
    └── ScreenerBrokenOff   whoever wanted it takes no more of it
"""

from __future__ import annotations

import io
import json
import os
import queue
import secrets
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from analysis.crew import NICE
from analysis.films import FilmRefused, Reel
from analysis.people.blurring import parts_blurred
from analysis.people.covering import SEARCHED_EVERY_S, Known, Searched, parts, searched
from analysis.people.crops import Window
from analysis.people.detector import Detector
from analysis.watermark import MOVED_EVERY_S, Draw, Plane, Watermark
from domain.calendar import SHANGHAI
from domain.timeline import rfc3339, rfc3339_exact
from storage.archive import Archive

FORM = "kaojian-screener-1"
NOTE = "带水印副本，非证据 copy, not evidence"
WAIT_S = 60
"""When to ask again where another one is being made."""

STALL_S = 120.0
"""For how long nobody may take any more of it before it is given up: one that is not fetched holds up the next."""

NO_MODEL = (
    "no model that finds people is installed, so no head can be blurred; add one: kaojian models add "
    "未安装检测模型，无法遮挡人头"
)

_TICKS = 90_000
_SHORTEST_GAP_S = 1.0  # of which a picture says so; a film's text tells shorter ones
_MOST_HELD = 64  # pictures between two that are searched, whatever their rate
_THREADS = 2
_BLACK, _GREY = 16, 128  # of luma and colour in limited range
_CODING = {"preset": "veryfast", "crf": "23", "bf": "0", "rc-lookahead": "10", "sc_threshold": "0", "g": "600"}
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
_WAITING_BLOCKS = 8

_Made = queue.Queue[bytes | BaseException | None]
"""Blocks, at last None or what went wrong."""

_at_work = threading.BoundedSemaphore(1)


class ScreenerRefused(FilmRefused):
    """The screener cannot be made as it was asked for; the message says what can."""


class ScreenersBusy(ScreenerRefused):
    """Another one is being made in this process."""

    wait_s = WAIT_S


class ScreenerBrokenOff(ScreenerRefused):
    """Nobody took any more of it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A screener that was asked for: its number, of whose footage, for whom, and when. Heads are blurred where there
    is a ``detector``.
    """

    number: str
    batch: str
    camera: str
    who: str
    made: datetime
    title: str = ""
    detector: Detector | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands in every picture."""
        made = f"{self.made.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        return f"{self.who} · {made}", f"{self.batch} · {self.camera} · {self.number}", NOTE

    @property
    def told(self) -> str:
        """In the journal: the number, of which camera, and what was done to it."""
        how = "watermarked" if self.detector is None else f"watermarked, heads blurred by {self.detector.name}"
        return f"{self.number} {self.camera} {how}"


def made_told(wanted: Wanted, size_bytes: int, digest: str) -> str:
    """In the journal once it is whole: a copy that turns up somewhere is found by its number or its hash."""
    return f"{wanted.number} {wanted.camera} {size_bytes} bytes, sha256 {digest}"


def new_number(now: datetime) -> str:
    """The day and 32 random bits: a count would tell how many others there are."""
    return f"{now.astimezone(SHANGHAI):%Y%m%d}-{secrets.token_hex(4)}"


class Screener:
    """Makes one, once; no further than the next picture after ``stop`` is set. ``done_s`` is how many seconds of the
    film are in it; ``lost`` how often nothing decoded.
    """

    def __init__(self, reel: Reel, archive: Archive, wanted: Wanted, draw: Draw) -> None:
        self.done_s = 0.0
        self.lost = 0
        self.stop = threading.Event()
        self._reel, self._archive, self._wanted, self._draw = reel, archive, wanted, draw

    @property
    def length_s(self) -> float:
        return (self._reel.span.end - self._reel.span.start).total_seconds()

    def blocks(self) -> Iterator[bytes]:
        """Its bytes, in order, made as they are asked for.

        Raises NoCopyAnswers and FilmRefused where the film cannot be read, whatever the detector raises, and nothing
        of what libav says of single pictures.
        """
        source = _Bytes(self._reel, self._archive)
        with av.open(source, "r", format="mp4") as film:
            coding: _Coding | None = None
            for shot in self._covered(self._slated(self._decoded(film, source))):
                if self.stop.is_set():
                    return
                coding = coding or _Coding(self._reel, self._wanted, self._draw, shot.frame)
                coding.add(shot)
                self.done_s = shot.at_s
                yield from coding.taken()
            if coding is None:
                raise ScreenerRefused("no picture of the film can be decoded, so there is nothing to show")
            coding.finish(self.length_s)
            yield from coding.taken()
            self.done_s = self.length_s

    def _decoded(self, film: InputContainer, source: _Bytes) -> Iterator[_Shot]:
        """Every picture that comes out, as planar luma and colour."""
        video = film.streams.video[0]
        video.codec_context.thread_count = _THREADS
        packets = film.demux(video)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError):
                source.raise_trouble()
                raise
            source.raise_trouble()
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                self.lost += 1
                continue
            for frame in frames:
                if frame.time is not None:
                    yield _Shot(frame.time, frame.reformat(format="yuv420p"), damaged=frame.is_corrupt)

    def _slated(self, shots: Iterator[_Shot]) -> Iterator[_Shot]:
        """With a dark picture where a gap begins, which lasts until pictures come again."""
        begun, last = self._reel.span.start, None
        gaps = [gap for gap in self._reel.gaps if gap.interval.seconds >= _SHORTEST_GAP_S]
        for shot in shots:
            while gaps and (gaps[0].interval.start - begun).total_seconds() < shot.at_s:
                gap = gaps.pop(0)
                at_s = (gap.interval.start - begun).total_seconds()
                # Pictures in a gap are shown as they are: those of a damaged file, for instance, count for nothing.
                if last is not None and last.at_s < at_s and shot.at_s - at_s >= _SHORTEST_GAP_S:
                    yield _Shot(at_s, _dark(shot.frame), (f"断档 gap: {gap.cause.zh}", gap.cause.en))
            last = shot
            yield shot

    def _covered(self, shots: Iterator[_Shot]) -> Iterator[_Shot]:
        """With heads blurred, where that is wanted: pictures wait until the next one was searched."""
        detector = self._wanted.detector
        if detector is None:
            yield from shots
            return
        known: Known | None = None
        held: list[_Shot] = []
        for shot in shots:
            if held and (shot.lines or shot.at_s - held[-1].at_s > SEARCHED_EVERY_S):
                # What comes long after says nothing of these: the last of them is searched for the others.
                known = yield from _blurred(held, known, detector)
                held = []
            if shot.lines:
                yield shot
                continue
            held.append(shot)
            since = None if known is None else shot.at_s - known.latest.at_s
            if since is None or since >= SEARCHED_EVERY_S or len(held) >= _MOST_HELD:
                known = yield from _blurred(held, known, detector)
                held = []
        if held:
            yield from _blurred(held, known, detector)


def aside(screener: Screener) -> Generator[bytes]:
    """The blocks of a screener, made in a thread of its own that stands back for everything else on the host.

    Closing the iterator stops it. Raises ScreenersBusy at the first where another one is being made, and what
    ``blocks`` raises; ScreenerBrokenOff where nobody took a block for STALL_S.
    """
    if not _at_work.acquire(blocking=False):
        raise ScreenersBusy(
            f"another copy with a watermark is being made; ask again in {WAIT_S} s 正在制作另一份带水印副本"
        )
    made: _Made = queue.Queue(_WAITING_BLOCKS)
    worker = threading.Thread(target=_work, args=(screener, made), name="screener", daemon=True)
    worker.start()
    try:
        while (block := made.get()) is not None:
            if isinstance(block, BaseException):
                raise block
            yield block
    finally:
        screener.stop.set()


def _work(screener: Screener, made: _Made) -> None:
    with suppress(OSError):  # where a thread has no priority of its own, it works as the others do
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    last: BaseException | None = None
    try:
        for block in screener.blocks():
            if not _put(made, block, screener.stop):
                return
    except Exception as error:  # noqa: BLE001 - raised again by whoever takes the blocks
        last = error
    finally:
        _at_work.release()
    _put(made, last, screener.stop)


def _put(made: _Made, block: bytes | BaseException | None, stop: threading.Event) -> bool:
    """Whether it was put: not where nobody wants it any more."""
    waited_s = 0.0
    while not stop.is_set() and waited_s < STALL_S:
        with suppress(queue.Full):
            made.put(block, timeout=0.5)
            return True
        waited_s += 0.5
    if not stop.is_set():
        with suppress(queue.Empty):
            made.get_nowait()
        made.put(ScreenerBrokenOff(f"nobody took any of it for {STALL_S:.0f} s"))
    return False


@dataclass(frozen=True, slots=True)
class _Shot:
    """A picture at its second of the film. ``lines`` are what a picture says that no camera took."""

    at_s: float
    frame: VideoFrame
    lines: tuple[str, ...] = ()
    damaged: bool = False


def _blurred(held: list[_Shot], known: Known | None, detector: Detector) -> Generator[_Shot, None, Known]:
    """Search the last of the pictures, and blur all of them by it and by what was known; what is known then."""
    last = held[-1]
    if last.damaged:
        found = Searched(last.at_s, None)
    else:
        found = searched(detector, np.asarray(last.frame.to_ndarray(format="bgr24"), np.uint8), last.at_s)
    for shot in held:
        width, height = shot.frame.width, shot.frame.height
        whole = (Window(0, 0, width, height),)
        hidden = whole if shot.damaged else parts(shot.at_s, known or Known(found), found, width, height)
        yield replace(shot, frame=_hidden(shot.frame, hidden))
    return Known(found) if known is None else known.after(found)


def _hidden(frame: VideoFrame, hidden: tuple[Window, ...]) -> VideoFrame:
    """The picture with these parts blurred, in luma and in both planes of colour, which have half its size."""
    if not hidden:
        return frame
    luma, *colours = _planes(frame)
    halves = [Window(part.left // 2, part.top // 2, (part.right + 1) // 2, (part.bottom + 1) // 2) for part in hidden]
    return _framed(parts_blurred(luma, hidden), *(parts_blurred(each, halves) for each in colours))


def _dark(like: VideoFrame) -> VideoFrame:
    luma, *colours = _planes(like)
    return _framed(np.full_like(luma, _BLACK), *(np.full_like(each, _GREY) for each in colours))


def _planes(frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Luma and both planes of colour, copied, without what pads their rows."""

    def plane(number: int) -> Plane:
        found = frame.planes[number]
        rows = np.frombuffer(memoryview(found), np.uint8).reshape(-1, found.line_size)
        return np.array(rows[: found.height, : found.width])

    return plane(0), plane(1), plane(2)


def _framed(*planes: Plane) -> VideoFrame:
    height, width = planes[0].shape
    frame = VideoFrame(width, height, "yuv420p")
    for plane, content in zip(frame.planes, planes, strict=True):
        rows = np.zeros((content.shape[0], plane.line_size), np.uint8)
        rows[:, : content.shape[1]] = content
        plane.update(rows.tobytes()[: plane.buffer_size].ljust(plane.buffer_size, b"\0"))
    return frame


class _Coding:
    """The coder and what it writes: pictures in, bytes out. All pictures get the size of the first one."""

    def __init__(self, reel: Reel, wanted: Wanted, draw: Draw, first: VideoFrame) -> None:
        self._begun = reel.span.start
        self._width, self._height = first.width // 2 * 2, first.height // 2 * 2
        self._mark = Watermark(wanted.lines, self._width, self._height, draw)
        self._sink = _Sink()
        self._out = av.open(self._sink, "w", format="mp4", options=_FRAGMENTED)
        self._out.metadata.update(
            title=wanted.title or f"{wanted.batch} {wanted.camera}", comment=_about(reel, wanted)
        )
        stream = self._out.add_stream("libx264", rate=25, options=_CODING)
        assert isinstance(stream, VideoStream)  # noqa: S101 - what PyAV makes for a video codec
        coder = stream.codec_context
        coder.width, coder.height, coder.pix_fmt = self._width, self._height, "yuv420p"
        coder.time_base = Fraction(1, _TICKS)
        coder.thread_count = _THREADS
        self._stream = stream
        self._step = -1
        self._ticks = -1
        self._last: VideoFrame | None = None

    def add(self, shot: _Shot) -> None:
        """The picture before goes to the coder: until when it is shown is known only now."""
        ticks = round(shot.at_s * _TICKS)
        if ticks <= self._ticks:
            return  # two pictures of one instant: players show one of them, too
        self._pass_on(ticks)
        frame = shot.frame
        if (frame.width, frame.height) != (self._width, self._height):
            frame = frame.reformat(width=self._width, height=self._height)
        luma, *colours = _planes(frame)
        clock = f"{(self._begun + timedelta(seconds=shot.at_s)).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}+08:00"
        self._mark.mark(luma, shot.at_s, clock)
        if shot.lines:
            self._mark.tell(luma, shot.lines)
        marked = _framed(luma, *colours)
        step = int(shot.at_s // MOVED_EVERY_S)
        if step != self._step or shot.lines:
            self._step = -1 if shot.lines else step
            marked.pict_type = PictureType.I
        marked.pts, marked.time_base = ticks, Fraction(1, _TICKS)
        self._last, self._ticks = marked, ticks

    def finish(self, length_s: float) -> None:
        """The last picture lasts until the film ends."""
        ends = max(round(length_s * _TICKS), self._ticks + 1)
        self._pass_on(ends)
        for packet in self._stream.encode(None):
            if packet.pts == self._ticks:
                packet.duration = ends - self._ticks
            self._out.mux(packet)
        self._out.close()

    def taken(self) -> Iterator[bytes]:
        """What was written since this was asked last."""
        yield from self._sink.taken()

    def _pass_on(self, until: int) -> None:
        if self._last is not None:
            self._last.duration = until - self._ticks
            self._out.mux(self._stream.encode(self._last))


def _about(reel: Reel, wanted: Wanted) -> str:
    """What the screener says of itself, as JSON (docs/evidence-format.md)."""
    return json.dumps(
        {
            "form": FORM,
            "number": wanted.number,
            "batch": wanted.batch,
            "camera": wanted.camera,
            "for": wanted.who,
            "made": rfc3339(wanted.made),
            "start": rfc3339_exact(reel.span.start),
            "end": rfc3339_exact(reel.span.end),
            "gaps": [[rfc3339(gap.interval.start), rfc3339(gap.interval.end), gap.cause] for gap in reel.gaps],
            "heads_blurred_by": None if wanted.detector is None else wanted.detector.name,
            "film": reel.film.digest,
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


class _Sink:
    """What a container is written to; it cannot be sought in."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._blocks.append(bytes(data))
        return len(data)

    def taken(self) -> list[bytes]:
        blocks, self._blocks = self._blocks, []
        return blocks


class _Bytes(io.RawIOBase):
    """A film's bytes, to be read and sought in. What cannot be read is kept, as libav would make it the end."""

    def __init__(self, reel: Reel, archive: Archive) -> None:
        self._reel, self._archive = reel, archive
        self._at = self._next = 0
        self._blocks: Iterator[bytes | memoryview] = iter(())
        self._block = memoryview(b"")
        self._trouble: Exception | None = None

    def raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def read(self, size: int = -1) -> bytes:
        """What there is at once, never more than ``size``."""
        if self._at >= self._reel.film.size_bytes:
            return b""
        try:
            if self._at != self._next:
                self._blocks, self._block = self._reel.blocks(self._archive, self._at), memoryview(b"")
                self._next = self._at
            elif self._at == 0 and not self._block:
                self._blocks = self._reel.blocks(self._archive)
            while not self._block:
                self._block = memoryview(next(self._blocks))
        except Exception as error:  # noqa: BLE001 - raised again by ``raise_trouble``
            self._trouble = error
            return b""
        found = bytes(self._block[:size] if size >= 0 else self._block)
        self._block = self._block[len(found) :]
        self._at = self._next = self._at + len(found)
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._reel.film.size_bytes}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
