"""A camera that plays a file: its pictures as they are, round and round, with time that never goes back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ingest.simulator.camera import CameraSettings, SentPicture, SimulatedCamera
from ingest.simulator.encoder import Encoder, VideoFile
from ingest.simulator.errors import BadDescription, FaultNotPossible, UnreadableVideo
from ingest.simulator.faults import Freeze
from ingest.simulator.scene import Scene
from tests.ingest.simulator.raw_client import RawClient

FRAMES, FPS = 20, 25


@pytest.fixture(scope="module")
def byte_stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 numbered pictures as an H.264 byte stream, which has no times."""
    path = tmp_path_factory.mktemp("video") / "numbered.h264"
    scene, encoder = Scene("ROOM 301", "FILE", [], 640, 360), Encoder(640, 360, FPS, 10, 1_000_000)
    with path.open("wb") as file:
        for number in range(FRAMES):
            picture = encoder.encode(scene.render(number, number / FPS, datetime.now(UTC)), key=False)
            file.write(b"".join(b"\0\0\0\1" + nal for nal in picture.nals))
    return path


def written(path: Path, codec: str, **options: str) -> Path:
    """An MP4 of grey pictures by that codec."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((270, 320), 40 + number * 5, np.uint8), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_byte_stream_loops_with_even_times(byte_stream: Path) -> None:
    video = VideoFile(byte_stream)
    assert len(video) == FRAMES
    times = [video.shown_at(number) for number in range(3 * FRAMES)]
    assert all(after - before == pytest.approx(1 / FPS) for before, after in pairwise(times))
    assert video.picture(FRAMES) == video.picture(0)
    assert video.picture(0).key and not video.picture(1).key


def test_an_mp4_gets_its_parameter_sets_in_band_and_keeps_the_order_of_its_b_frames(tmp_path: Path) -> None:
    path = written(tmp_path / "clip.mp4", "libx264", bf="2", g="10")
    video = VideoFile(path)
    assert [nal[0] & 0x1F for nal in video.picture(0).nals][:2] == [7, 8]
    sent = [video.sent_at(number) for number in range(2 * FRAMES)]
    shown = [video.shown_at(number) for number in range(2 * FRAMES)]
    assert sent == sorted(sent)
    assert shown != sorted(shown)
    assert shown[FRAMES:] == pytest.approx([time + FRAMES / FPS for time in shown[:FRAMES]])


def test_what_cannot_be_streamed_is_refused_by_name(tmp_path: Path) -> None:
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no video" * 100)
    other = written(tmp_path / "other.mp4", "mpeg4")
    for path, words in ((junk, "cannot be read"), (tmp_path / "none.mp4", "cannot be read"), (other, "mpeg4")):
        with pytest.raises(UnreadableVideo, match=words):
            VideoFile(path)


def test_a_camera_plays_a_file_round_and_round(byte_stream: Path) -> None:
    async def play() -> RawClient:
        camera = SimulatedCamera(CameraSettings("FILE", "ROOM 301", file=byte_stream))
        await camera.start()
        try:
            async with RawClient(camera.url) as client:
                await client.play()
                await client.listen_for(FRAMES + 8)
            with pytest.raises(FaultNotPossible):
                await camera.play(Freeze(1))
        finally:
            await camera.stop()
        return client

    client = asyncio.run(play())
    steps = {(after - before) & 0xFFFFFFFF for before, after in pairwise(client.times())}
    assert steps == {90_000 // FPS}
    numbers = client.frame_numbers()
    assert all(after == (before + 1) % FRAMES for before, after in pairwise(numbers))  # type: ignore[operator]


def test_a_camera_begins_the_gop_of_a_file_anew_and_writes_down_what_it_sent(byte_stream: Path) -> None:
    sent: list[SentPicture] = []

    async def play() -> RawClient:
        camera = SimulatedCamera(
            CameraSettings("FILE", "ROOM 301", file=byte_stream, fps=20, gop=6, pace=0.8), on_sent=sent.append
        )
        await camera.start()
        try:
            async with RawClient(camera.url) as client:
                await client.play()
                await client.listen_for(9)
                async with RawClient(camera.url) as second:
                    await second.play()
                    await second.listen_for(2)
                await client.listen_for(4)
        finally:
            await camera.stop()
        return client

    client = asyncio.run(play())
    first = [picture for picture in sent if picture.session == sent[0].session]
    assert [picture.key for picture in first[:8]] == [True, False, False, False, False, False, True, False]
    assert any(after.key and not before.key for before, after in pairwise(first[8:]))
    assert {(after - before) & 0xFFFFFFFF for before, after in pairwise(client.times())} == {90_000 // 20}
    steps = [(after.due - before.due).total_seconds() for before, after in pairwise(first)]
    assert steps == pytest.approx([1 / 16] * len(steps), abs=0.02)
    assert all(picture.due <= picture.sent for picture in sent)


def test_only_a_file_with_a_gop_of_that_length_can_be_begun_anew(byte_stream: Path) -> None:
    with pytest.raises(UnreadableVideo, match="does not begin with"):
        SimulatedCamera(CameraSettings("FILE", "ROOM 301", file=byte_stream, gop=12))
    with pytest.raises(BadDescription, match="pace"):
        CameraSettings("DRAWN", "ROOM 301", pace=0.8)
