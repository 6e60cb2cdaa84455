"""B frames and open groups of pictures: every slice kept, shown when the camera meant it, and no phantom gap."""

from __future__ import annotations

import asyncio
import io
import itertools
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evidence import Cause
from ingest.clock import RunClock
from ingest.ordering import Ordering, Picture
from ingest.segmenter import SYNC_SHARE, Fragment, Segmenter
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.source import AccessUnit
from storage.media import VideoFormat, leads_from_before, read_index
from tests.fakes.time import NOON
from tests.ingest.gst_camera import FRAMES_PER_SECOND, Clip, GstCamera, encode_clip, nal_units, why_gst_is_missing
from tests.ingest.rtsp.watching import taken, watching
from tests.ingest.test_segmenter import Recorded, record, warm_up

TICKS = 90_000 // FRAMES_PER_SECOND
KINDS = [("h264", False), ("h264", True), ("h265", False), ("h265", True)]
PICTURES = 100  # more than the clip has


@cache
def clip(codec: str, open_gop: bool) -> Clip:
    """75 pictures with three B frames between two others; the path of its files is gone."""
    with TemporaryDirectory() as folder:
        return encode_clip(Path(folder) / "clip", codec, frames=75, b_frames=3, open_gop=open_gop)


@cache
def coded(codec: str, open_gop: bool) -> tuple[AccessUnit, ...]:
    """The clip as a camera sends it, each picture when it is coded."""
    with TemporaryDirectory() as folder:
        made = encode_clip(Path(folder) / "clip", codec, frames=75, b_frames=3, open_gop=open_gop)
        data, at, found = made.path.read_bytes(), 0, list[AccessUnit]()
    kinds = (32, 33, 34) if codec == "h265" else (7, 8)
    video: VideoFormat | None = None
    for place, shown in enumerate(made.shown):
        size = int.from_bytes(data[at : at + 4], "big")
        nals = tuple(nal_units(data[at + 8 : at + 8 + size]))
        at += 8 + size
        by_kind = {(nal[0] >> 1 & 0x3F if codec == "h265" else nal[0] & 0x1F): nal for nal in nals}
        if video is None:
            make = VideoFormat.from_h265 if codec == "h265" else VideoFormat.from_h264
            video = make(*(by_kind[kind] for kind in kinds))
        key = bool(set(by_kind) & (set(range(16, 22)) if codec == "h265" else {5}))
        arrived_s = (place + 3) / FRAMES_PER_SECOND
        arrived = NOON + timedelta(seconds=arrived_s)
        found.append(AccessUnit(nals, key, (1 << 33) + shown * TICKS, arrived, 1000 + arrived_s, video))
    return tuple(found)


def slices_of(data: bytes, source: Clip) -> list[int]:
    """Which pictures of the clip a file holds, in decoding order."""
    found: list[int] = []
    for fragment in read_index(io.BytesIO(data)).fragments:
        for sample in fragment.samples:
            at = sample.offset
            while at < sample.offset + sample.size:
                size = int.from_bytes(data[at : at + 4], "big")
                nal = data[at + 4 : at + 4 + size]
                at += 4 + size
                if source.is_slice(nal):
                    found.append(source.slices.index(nal))
    return found


def check_whole(units: list[AccessUnit], recorded: Recorded, source: Clip, tmp_path: Path) -> None:
    """Every slice once (but for key frames that end a file), at its time, decoded by another without a word."""
    sent = [source.slices.index(nal) for unit in units for nal in unit.nals if source.is_slice(nal)]
    begun = next((n for n, unit in enumerate(units[1:], 1) if not leads_from_before(unit.nals, unit.format.codec)), 1)
    expected = [sent[0], *sent[begun:]]
    files = [slices_of(data, source) for data, _ in recorded.files]
    kept = list(files[0])
    for pictures in files[1:]:
        kept += pictures[1:] if pictures[0] in kept[-4:] else pictures  # a key frame may end the file before
    assert kept == expected
    assert recorded.holes == []
    for number, ((data, facts), pictures) in enumerate(zip(recorded.files, files, strict=True)):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(data)
        check_times(path, pictures, source)
        assert facts.frames == len(pictures)
        if shutil.which("ffmpeg") is not None:
            command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            assert (done.stdout, done.stderr) == ("", "")
    for (_, one), (_, two) in itertools.pairwise(recorded.files):
        assert one.interval.end == two.interval.start


def check_times(path: Path, pictures: list[int], source: Clip) -> None:
    """Presentation times are the source's, decoding times rise, and every picture is decoded in order."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert all((one.dts or 0) < (two.dts or 0) for one, two in itertools.pairwise(packets))
        first, turns = pictures[0], 0
        for before, picture, packet in zip([first, *pictures], pictures, packets, strict=False):
            turns += picture < before
            wanted = source.shown[picture] - source.shown[first] + turns * len(source.slices)
            assert abs((packet.pts or 0) - (packets[0].pts or 0) - wanted * TICKS) <= 3
    with av.open(str(path)) as container:
        times = [frame.pts or 0 for frame in container.decode(video=0)]
    assert len(times) == len(pictures)
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("camera", "codec", "open_gop"),
    [
        pytest.param("simulator", "h264", False, id="simulator-h264"),
        pytest.param("simulator", "h265", True, id="simulator-h265-open"),
        pytest.param("gst", "h264", True, id="gst-h264-open"),
        pytest.param("gst", "h265", False, id="gst-h265"),
    ],
)
def test_a_cameras_b_frames_are_kept_and_shown_in_time(
    camera: str, codec: str, open_gop: bool, tmp_path: Path
) -> None:
    source = encode_clip(tmp_path / "clip", codec, frames=75, b_frames=3, open_gop=open_gop)
    missing = why_gst_is_missing()
    if camera == "gst" and missing is not None:
        pytest.skip(missing)

    async def watch() -> list[AccessUnit]:
        if camera == "gst":
            with GstCamera(source) as other:
                async with watching(other.url, attempts=3) as units:
                    return await taken(units, PICTURES)
        ours = SimulatedCamera(CameraSettings("door", "hall", file=source.stream, fps=FRAMES_PER_SECOND))
        await ours.start()
        try:
            async with watching(ours.url) as units:
                return await taken(units, PICTURES)
        finally:
            await ours.stop()

    units = asyncio.run(watch())
    assert any(after.rtp_time < before.rtp_time for before, after in itertools.pairwise(units))
    check_whole(units, record(units, segment_s=0.9), source, tmp_path)


@pytest.mark.parametrize(("codec", "open_gop"), KINDS)
def test_what_is_coded_is_on_the_host_clock_when_it_is_shown(codec: str, open_gop: bool, tmp_path: Path) -> None:
    units = list(coded(codec, open_gop))
    recorded = record(units, segment_s=0.9)
    check_whole(units, recorded, clip(codec, open_gop), tmp_path)
    assert len(recorded.files) == (1 if (codec, open_gop) == ("h264", True) else 3)
    span_s = (recorded.files[-1][1].interval.end - recorded.files[0][1].interval.start).total_seconds()
    assert abs(span_s - 3.0) < 0.001
    for data, facts in recorded.files:
        index = read_index(io.BytesIO(data))
        assert index.span is not None
        assert abs((index.span.start - facts.interval.start).total_seconds()) < 0.001
        assert abs((index.span.end - facts.interval.end).total_seconds()) < 0.001


def test_a_file_that_ends_with_the_leading_pictures_of_a_key_frame_ends_with_it() -> None:
    recorded = record(coded("h265", True), segment_s=0.9)
    source = clip("h265", True)
    files = [slices_of(data, source) for data, _ in recorded.files]
    for before, after in itertools.pairwise(files):
        assert after[0] in before
        assert max(source.shown[picture] for picture in before) == source.shown[after[0]]
    assert sum(map(len, files)) == 75 + len(files) - 1


def test_a_run_that_begins_in_an_open_group_begins_at_its_key_frame() -> None:
    units = coded("h265", True)
    start = next(n for n, unit in enumerate(units) if n and unit.key)
    assert leads_from_before(units[start + 1].nals, units[start + 1].format.codec)
    recorded = record(units[start:], segment_s=60)
    ((data, _),) = recorded.files
    source = clip("h265", True)
    shown = [source.shown[picture] for picture in slices_of(data, source)]
    assert min(shown) == shown[0] == source.shown[start]
    assert recorded.holes == []


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_loss_among_b_frames_is_told_from_before_whatever_may_be_missing(codec: str) -> None:
    units = list(coded(codec, False))
    source = clip(codec, False)
    for lost in range(30, 40):
        rest = [*units[:lost], replace(units[lost + 1], lost_packets=3), *units[lost + 2 :]]
        (hole,) = record(rest, segment_s=60).holes
        assert hole.cause is Cause.PACKET_LOSS
        offset_s = (units[0].arrived - NOON).total_seconds()
        taken_at = NOON + timedelta(seconds=source.shown[lost] / FRAMES_PER_SECOND + offset_s)
        assert hole.interval.start <= taken_at
        assert hole.interval.seconds < 1.0


def test_the_slices_of_one_picture_are_one_frame_however_they_are_sent() -> None:
    def doubled(unit: AccessUnit) -> list[AccessUnit]:
        last = unit.nals[-1]
        at = 2  # behind the header of one byte, the first bit of the slice
        rest = last[: at - 1] + bytes((last[at - 1] & 0x7F,)) + last[at:]
        return [unit, replace(unit, nals=(rest,), key=False)]

    units = [part for unit in coded("h264", False) for part in doubled(unit)]
    recorded = record(units, segment_s=60)
    assert sum(facts.frames for _, facts in recorded.files) == 75
    assert recorded.holes == []


@pytest.mark.parametrize(("codec", "open_gop"), KINDS)
def test_every_picture_is_handed_on_in_time_for_its_sync(codec: str, open_gop: bool) -> None:
    units, clock, segmenter = coded(codec, open_gop), RunClock(), Segmenter(60.0, 1.0)
    warm_up(clock, units)
    written = 0
    for unit in units:
        for event in segmenter.take(unit, clock.stamp(unit.rtp_time, unit.arrived, unit.arrived_monotonic)):
            if isinstance(event, Fragment):
                assert unit.arrived_monotonic - units[written].arrived_monotonic <= 1 - SYNC_SHARE
                at = event.data.index(b"trun")
                written += int.from_bytes(event.data[at + 8 : at + 12], "big")
    assert written > len(units) - FRAMES_PER_SECOND


_shuffled = st.lists(st.permutations(range(5)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=200)
@given(_shuffled, st.integers(0, 4), st.booleans())
def test_whatever_the_order_decoding_times_rise_and_no_picture_moves(
    groups: list[list[int]], promised: int, repeats: bool
) -> None:
    """Times move only where the promise was too small for what came."""
    places = [5 * number + place for number, group in enumerate(groups) for place in group]
    times = [TICKS * (place - (repeats and place % 7 == 3)) for place in places]
    unit = coded("h264", False)[0]
    ordering, out = Ordering(promised), list[list[Picture]]()
    deepest = max(sum(other > time for other in times[:n]) for n, time in enumerate(times))
    for time in times:
        instant = NOON + timedelta(seconds=time / 90_000)
        out += ordering.push(Picture(unit, instant, time, instant, time))
    out += ordering.release()
    flat = [picture for group in out for picture in group]
    assert len(flat) == len(times)
    assert all(one.decoded < two.decoded and one.since < two.since for one, two in itertools.pairwise(flat))
    for group in out:
        assert min(picture.media for picture in group) == group[0].decoded
        assert [picture.opens for picture in group] == [True] + [False] * (len(group) - 1)
    if promised >= deepest and not repeats:
        assert [picture.media for picture in flat] == times
