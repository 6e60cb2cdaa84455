"""Every slice that a camera sent is in the files, byte for byte, in order and once, whatever codec, way and engine.

The camera is gst-rtsp-server. It plays a clip whose slices all differ, again and again, so that each slice tells its
place. ``KAOJIAN_SLICES_S`` says for how long (``make test-slices`` takes ten minutes with a cut every ten seconds).
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from domain.evidence import Segment
from domain.places import Transport
from domain.timeline import Interval, SystemClock
from ingest.libav.source import LibavSource
from ingest.recorder import Assignment, Cutting
from ingest.rtsp.client import Limits, RtspSource
from ingest.source import AccessUnit, Source
from ingest.spool import Spool
from ingest.supervisor import Supervisor
from storage.database import connect
from storage.media import read_index
from tests.ingest.gst_camera import FRAMES_PER_SECOND, Clip, GstCamera, encode_clip, is_slice, why_gst_is_missing

SECONDS = float(os.environ.get("KAOJIAN_SLICES_S", "20"))
SEGMENT_S = 10.0 if SECONDS >= 300 else 2.0
CLIP_FRAMES = 2 * FRAMES_PER_SECOND
LONGEST_START_S = 60.0  # eight cameras and their encoders start at once
PATIENT = Limits(connect_s=10, answer_s=10, picture_s=6, key_s=20)
pytestmark = pytest.mark.timeout(int(SECONDS + LONGEST_START_S) + 80)


@dataclass(frozen=True, slots=True)
class Way:
    """How one camera is recorded."""

    codec: str
    transport: Transport
    engine: str

    @property
    def name(self) -> str:
        return f"{self.engine}-{self.codec}-{self.transport}"

    def source(self, url: str) -> Source:
        if self.engine == "libav":
            return LibavSource(url, None, self.transport, PATIENT)
        return RtspSource(url, None, self.transport, PATIENT)


WAYS = tuple(
    Way(codec, transport, engine)
    for codec in ("h264", "h265")
    for transport in Transport
    for engine in ("native", "libav")
)


class _Heralded:
    """A source that tells of its first picture."""

    def __init__(self, source: Source, showing: asyncio.Event) -> None:
        self._source = source
        self._showing = showing

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        async with aclosing(self._source.units()) as units:
            async for unit in units:
                self._showing.set()
                yield unit


@dataclass(frozen=True, slots=True)
class Kept:
    """One camera's files in order: the slices of each, as hashes, and where each lies in time."""

    files: tuple[tuple[str, ...], ...]
    spans: tuple[Interval, ...]
    runs: set[str]

    @property
    def slices(self) -> list[str]:
        return [one for file in self.files for one in file]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    missing = why_gst_is_missing()
    if missing is not None:
        pytest.skip(missing)
    folder = Path(tmp_path_factory.mktemp("clips"))
    return {codec: encode_clip(folder / codec, codec, frames=CLIP_FRAMES) for codec in ("h264", "h265")}


@pytest.fixture(scope="module")
def recorded(clips: Mapping[str, Clip], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kept]:
    """All ways side by side, one camera each."""
    folder = Path(tmp_path_factory.mktemp("every-slice"))
    with ExitStack() as cameras:
        urls = {way.name: cameras.enter_context(GstCamera(clips[way.codec])).url for way in WAYS}
        begun = SystemClock().now()
        asyncio.run(_record(folder, urls))
    database = connect(f"sqlite:///{folder / 'evidence.sqlite3'}")
    window = Interval(begun - timedelta(minutes=1), SystemClock().now() + timedelta(minutes=1))
    try:
        return {way.name: _kept(folder / "spool", way, database.evidence.segments(way.name, window)) for way in WAYS}
    finally:
        database.close()


async def _record(folder: Path, urls: Mapping[str, str]) -> None:
    """Let a recorder keep all cameras for SECONDS, counted from the last one's first picture; stop it in order."""
    ways = {way.name: way for way in WAYS}
    showing = {name: asyncio.Event() for name in urls}
    assignments = [
        Assignment(name, "batch", f"site/batch/{name}", url, None, ways[name].transport) for name, url in urls.items()
    ]
    database = connect(f"sqlite:///{folder / 'evidence.sqlite3'}")
    stop = asyncio.Event()
    supervisor = Supervisor(
        wanted=lambda _: assignments,
        open_source=lambda assignment: _Heralded(
            ways[assignment.camera].source(assignment.url), showing[assignment.camera]
        ),
        evidence=database.evidence,
        spool=Spool(folder / "spool", 0),
        cutting=Cutting(SEGMENT_S, 1.0),
        clock=SystemClock(),
    )
    try:
        recording = asyncio.create_task(supervisor.run(stop))
        async with asyncio.timeout(LONGEST_START_S):
            await asyncio.gather(*(event.wait() for event in showing.values()))
        await asyncio.sleep(SECONDS)
        stop.set()
        await recording
    finally:
        database.close()


def _kept(spool: Path, way: Way, segments: Sequence[Segment]) -> Kept:
    files = tuple(tuple(_slices((spool / segment.key).read_bytes(), way.codec)) for segment in segments)
    return Kept(files, tuple(segment.interval for segment in segments), {segment.run for segment in segments})


def _slices(data: bytes, codec: str) -> Iterator[str]:
    """The hashes of the slices of a file in decoding order (NAL units behind lengths, ISO/IEC 14496-15)."""
    for part in read_index(io.BytesIO(data)).fragments:
        for sample in part.samples:
            at, end = sample.offset, sample.offset + sample.size
            while at < end:
                size = int.from_bytes(data[at : at + 4], "big")
                nal = data[at + 4 : at + 4 + size]
                at += 4 + size
                if is_slice(nal, codec):
                    yield _hash(nal)


def _hash(nal: bytes) -> str:
    return hashlib.sha256(nal).hexdigest()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_slice_is_kept_once_and_in_order(
    recorded: Mapping[str, Kept], clips: Mapping[str, Clip], way: Way
) -> None:
    kept, sent = recorded[way.name], [_hash(one) for one in clips[way.codec].slices]
    first = sent.index(kept.slices[0])
    wanted = [sent[(first + number) % len(sent)] for number in range(len(kept.slices))]
    wrong = next(
        (number for number, pair in enumerate(zip(kept.slices, wanted, strict=True)) if len(set(pair)) > 1), None
    )
    assert wrong is None, f"slice {wrong} of {len(wanted)} is not the one that was sent"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_files_are_cut_without_a_hole_and_hold_as_many_pictures_as_time_went_by(
    recorded: Mapping[str, Kept], way: Way
) -> None:
    """A whole turn of the clip could be missing without a slice out of place: then pictures are too few."""
    kept = recorded[way.name]
    assert len(kept.runs) == 1
    assert all(before.end == after.start for before, after in pairwise(kept.spans))
    seconds = (kept.spans[-1].end - kept.spans[0].start).total_seconds()
    assert seconds > SECONDS - 1
    assert len(kept.files) >= int(seconds / (SEGMENT_S + 1))  # a key frame a second
    assert abs(len(kept.slices) - seconds * FRAMES_PER_SECOND) < CLIP_FRAMES / 2
