"""Files of ``storage.media`` in hands that are not ours: libav through PyAV, and the ffmpeg program."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from storage.media import TIMESCALE, Codec, Ledger, fragment, init_segment, read_index
from tests.storage.coded_video import Coded, encode, encode_h265, encode_jpeg

NINE = datetime(2026, 5, 1, 9, tzinfo=UTC)
TICKS = TIMESCALE // 25
QUIET = Ledger(0, 0.0, None)


def recorded(coded: Coded, start: int = 0, hole: int = 0) -> bytes:
    """A file of one fragment per group of ten pictures, with a hole before each but the first."""
    samples = coded.samples()
    parts = [init_segment(coded.format)]
    for number, first in enumerate(range(0, len(samples), 10)):
        decode_time = start + first * TICKS + number * hole
        captured = NINE + timedelta(seconds=(decode_time - start) / TIMESCALE)
        parts.append(
            fragment(number + 1, decode_time, samples[first : first + 10], captured, QUIET, codec=coded.codec)
        )
    return b"".join(parts)


def decoded_times(data: bytes) -> list[int]:
    """Presentation times of all pictures, in ticks, as libav decodes them."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None and 1 / stream.time_base == TIMESCALE
        return [frame.pts for frame in container.decode(stream) if frame.pts is not None]


ZERO_LATENCY = ("tune", "zerolatency")
KINDS: dict[str, Callable[[], Coded]] = {
    "1080p high": lambda: encode(1920, 1080),
    "baseline": lambda: encode(profile="baseline"),
    "cropped main": lambda: encode(322, 182, profile="main"),
    "4:2:2": lambda: encode(profile="high422", pixels="yuv422p"),
    "10 bits": lambda: encode(profile="high10", pixels="yuv420p10le"),
    "four slices": lambda: encode(options=(ZERO_LATENCY, ("x264-params", "slices=4"))),
    "H.265": lambda: encode_h265(1280, 720),
    "H.265 cropped, two slices": lambda: encode_h265(322, 182, parameters="bframes=0:slices=2:aud=1"),
    "H.265 10 bits": lambda: encode_h265(pixels="yuv420p10le"),
    "JPEG": lambda: encode_jpeg(1280, 720),
    "JPEG 4:2:2": lambda: encode_jpeg(pixels="yuvj422p"),
}


@pytest.fixture(params=KINDS)
def coded(request: pytest.FixtureRequest) -> Coded:
    """Twenty pictures in two groups."""
    return KINDS[request.param]()


def test_another_implementation_decodes_every_picture_at_its_time(coded: Coded) -> None:
    assert decoded_times(recorded(coded, start=7_000_000_000)) == [7_000_000_000 + TICKS * at for at in range(20)]


def test_a_hole_is_a_jump_of_presentation_times_and_nothing_else() -> None:
    hole = 8 * TIMESCALE
    times = decoded_times(recorded(encode(frames=30), hole=hole))
    assert times == [TICKS * at + hole * (at // 10) for at in range(30)]


def test_pictures_coded_out_of_order_are_shown_in_order() -> None:
    reordered = encode(frames=20, options=(("preset", "medium"), ("bf", "2"), ("b-adapt", "0")))
    for coded in (reordered, encode_h265(parameters="bframes=2:b-adapt=0")):
        assert any(offset != 1 for offset in coded.offsets)
        times = decoded_times(recorded(coded))
        assert np.diff(times).tolist() == [TICKS] * 19


@pytest.mark.parametrize(("make", "codec"), [(encode, "h264"), (encode_h265, "hevc"), (encode_jpeg, "mjpeg")])
def test_another_implementation_sees_size_shape_clock_and_key_frames(make: Callable[..., Coded], codec: str) -> None:
    coded = make(640, 360, 20)
    with av.open(io.BytesIO(recorded(coded)), "r") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.codec_context.name) == (640, 360, codec)
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert [packet.is_keyframe for packet in packets] == list(coded.keys)
        assert [packet.duration for packet in packets] == [TICKS] * 20


def test_every_slice_in_the_file_is_the_one_that_the_encoder_made(coded: Coded) -> None:
    data = recorded(coded)
    places = [place for item in read_index(io.BytesIO(data)).fragments for place in item.samples]
    for place, unit in zip(places, coded.units, strict=True):
        stored, at, nals = data[place.offset : place.offset + place.size], 0, []
        if coded.codec is Codec.JPEG:
            assert (stored,) == unit
            continue
        while at < len(stored):
            length = int.from_bytes(stored[at : at + 4], "big")
            nals.append(stored[at + 4 : at + 4 + length])
            at += 4 + length
        left_out = (7, 8, 9) if coded.codec is Codec.H264 else (32, 33, 34, 35)
        assert nals == [nal for nal in unit if coded.kind(nal) not in left_out]


@pytest.mark.parametrize("make", [encode, encode_h265, encode_jpeg])
def test_a_torn_file_cut_to_its_whole_fragments_decodes(make: Callable[..., Coded]) -> None:
    data = recorded(make(frames=20))
    index = read_index(io.BytesIO(data[:-5]))
    assert index.torn
    assert decoded_times(data[: index.complete_bytes]) == [TICKS * at for at in range(10)]


def test_the_head_and_any_one_fragment_play_on_their_own() -> None:
    data = recorded(encode(frames=30))
    index = read_index(io.BytesIO(data))
    part = index.fragments[1]
    alone = data[: index.init_size_bytes] + data[part.offset : part.offset + part.size]
    assert decoded_times(alone) == [TICKS * at for at in range(10, 20)]


def test_an_hls_playlist_of_head_and_rest_plays(tmp_path: Path) -> None:
    data = recorded(encode(frames=20))
    head = read_index(io.BytesIO(data)).init_size_bytes
    (tmp_path / "a.mp4").write_bytes(data)
    (tmp_path / "a.m3u8").write_text(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        f'#EXT-X-MAP:URI="a.mp4",BYTERANGE="{head}@0"\n'
        f"#EXTINF:0.8,\n#EXT-X-BYTERANGE:{len(data) - head}@{head}\na.mp4\n#EXT-X-ENDLIST\n"
    )
    with av.open(str(tmp_path / "a.m3u8"), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == 20


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_ffmpeg_has_nothing_to_complain_about(coded: Coded, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(recorded(coded))
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
