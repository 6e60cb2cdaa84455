"""Every way to footage that libav alone goes, held to what a source promises: files, HTTP, HLS, RTMP, RTSPS.

RTSP without TLS is in ``tests.ingest.test_source_contract``, which both engines are held to.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from ingest.libav.source import LibavSource
from ingest.source import AccessUnit, CameraRefused, CameraUnreachable, ConnectionLost, NoPicture, UnsupportedStream
from tests.ingest.gst_camera import Clip, GstCamera, encode_clip, is_slice, why_gst_is_missing
from tests.ingest.libav.footage import (
    FPS,
    HEIGHT,
    WIDTH,
    Footage,
    certificate,
    file_body,
    footage,
    http_server,
    motion_jpeg,
    rtmp_server,
)
from tests.ingest.rtsp.watching import PATIENT, TestLogin, taken, watching
from tests.ingest.test_segmenter import record
from tests.storage.coded_video import encode_jpeg

STEP = 90_000 // FPS
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the other side is ffmpeg")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")

Way = Callable[[Path], contextlib.AbstractContextManager[tuple[str, Footage]]]


def from_file(form: str, codec: str = "h264", reordered: bool = False) -> Way:
    @contextmanager
    def way(folder: Path) -> Iterator[tuple[str, Footage]]:
        made = footage(folder / f"trial.{form}", form, codec, reordered=reordered)
        yield made.path.as_uri(), made

    return way


def over_http(form: str, kind: str, codec: str = "h264", reordered: bool = False) -> Way:
    @contextmanager
    def way(folder: Path) -> Iterator[tuple[str, Footage]]:
        made = footage(folder / "trial", form, codec, reordered=reordered)
        with http_server({"/live": file_body(made.path, kind)}) as url:
            yield f"{url}/live", made

    return way


@contextmanager
def over_hls(folder: Path) -> Iterator[tuple[str, Footage]]:
    made = footage(folder / "index.m3u8", "hls")
    bodies = {f"/{path.name}": file_body(path, "video/mp2t") for path in folder.glob("*.ts")}
    assert len(bodies) > 1
    bodies["/index.m3u8"] = file_body(made.path, "application/vnd.apple.mpegurl")
    with http_server(bodies) as url:
        yield f"{url}/index.m3u8", made


@contextmanager
def over_rtmp(folder: Path) -> Iterator[tuple[str, Footage]]:
    made = footage(folder / "trial.flv", "flv", reordered=True)
    with rtmp_server(made.path) as url:
        yield url, made


@pytest.fixture(
    params=[
        pytest.param(from_file("mp4"), id="mp4"),
        pytest.param(from_file("mp4", reordered=True), id="mp4-b-frames"),
        pytest.param(from_file("mp4", "h265", reordered=True), id="mp4-h265-b-frames"),
        pytest.param(from_file("mpegts"), id="ts"),
        pytest.param(from_file("mpegts", "h265"), id="ts-h265"),
        pytest.param(over_http("mpegts", "video/mp2t", reordered=True), id="http-ts-b-frames"),
        pytest.param(over_http("flv", "video/x-flv"), id="http-flv"),
        pytest.param(over_hls, id="hls"),
        pytest.param(over_rtmp, id="rtmp-b-frames", marks=needs_ffmpeg),
    ]
)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Footage]]:
    way: Way = request.param
    with way(tmp_path) as found:
        yield found


async def gather(units: AsyncGenerator[AccessUnit, None], found: list[AccessUnit]) -> None:
    async for unit in units:
        found.append(unit)  # noqa: PERF401 (what came before the end is kept)


def to_the_end(url: str) -> tuple[list[AccessUnit], str]:
    """All units of a source, and what it says at its end."""

    async def watch() -> tuple[list[AccessUnit], str]:
        found: list[AccessUnit] = []
        async with watching(url, make=LibavSource) as units:
            with pytest.raises(ConnectionLost) as lost:
                await gather(units, found)
        return found, str(lost.value)

    return asyncio.run(watch())


def test_every_slice_arrives_unchanged_in_order_and_at_its_time_and_the_end_is_told(
    opened: tuple[str, Footage], tmp_path: Path
) -> None:
    url, made = opened
    units, said = to_the_end(url)
    slices = [nal for unit in units for nal in unit.nals if is_slice(nal, made.codec)]
    assert slices == list(made.slices)
    assert units[0].key and (units[0].format.width, units[0].format.height) == (WIDTH, HEIGHT)
    assert [number for number, unit in enumerate(units) if unit.key] == [0, FPS]
    # FLV counts milliseconds; HLS and MPEG-TS may give a first picture without a length
    shown = [unit.rtp_time - units[0].rtp_time for unit in units]
    assert all(abs(ticks - place * STEP) <= 90 for ticks, place in zip(shown, made.shown, strict=True))
    assert not any(unit.damaged or unit.lost_packets for unit in units)
    assert "ended" in said or "error" in said

    recorded = record(units)
    assert sum(facts.frames for _, facts in recorded.files) == len(units)
    for number, (data, facts) in enumerate(recorded.files):
        path = tmp_path / f"recorded-{number}.mp4"
        path.write_bytes(data)
        with av.open(str(path)) as container:
            instants = [frame.time for frame in container.decode(video=0)]
        assert len(instants) == facts.frames
        assert all(abs(after - before - 1 / FPS) < 0.002 for before, after in itertools.pairwise(instants))


def test_motion_jpeg_over_http_is_recorded_picture_by_picture_at_the_time_of_its_arrival(tmp_path: Path) -> None:
    pictures = [unit[0] for unit in encode_jpeg(frames=20).units]
    with http_server({"/video": motion_jpeg(pictures)}) as url:
        units, _ = to_the_end(f"{url}/video?password=geheim")
    assert [unit.nals for unit in units] == [(picture,) for picture in pictures]
    assert all(unit.key and unit.rtp_time == round(unit.arrived_monotonic * 90_000) for unit in units)
    (file,) = record(units).files
    path = tmp_path / "recorded.mp4"
    path.write_bytes(file[0])
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(pictures)


@pytest.mark.parametrize("login", [None, TestLogin("inspector", "geheim")], ids=["none", "wrong"])
def test_what_a_server_refuses_is_told_without_the_password(login: TestLogin | None) -> None:
    async def watch(url: str) -> str:
        async with watching(url, login, make=LibavSource) as units:
            with pytest.raises(CameraRefused, match="404") as refused:
                await taken(units, 1)
        return str(refused.value)

    with http_server({}) as url:
        said = asyncio.run(watch(f"{url}/nothing?token=geheim"))
    assert "geheim" not in said and "path" in said


def test_what_is_no_video_is_refused_and_named(tmp_path: Path) -> None:
    async def refusal(url: str) -> str:
        async with watching(url, make=LibavSource) as units:
            with pytest.raises(UnsupportedStream) as refused:
                await taken(units, 1)
        return str(refused.value)

    page = tmp_path / "page.html"
    page.write_text("<html><body>Please log in</body></html>" * 50)
    with http_server({"/": file_body(page, "text/html")}) as url:
        assert "video" in asyncio.run(refusal(f"{url}/"))
    bare = tmp_path / "trial.h264"
    bare.write_bytes(encode_clip(tmp_path / "clip").stream.read_bytes())
    assert "no times" in asyncio.run(refusal(str(bare)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    async def watch() -> None:
        async with watching((tmp_path / "none.mp4").as_uri(), make=LibavSource) as units:
            with pytest.raises(CameraUnreachable, match=r"none\.mp4"):
                await taken(units, 1)

    asyncio.run(watch())


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clip, str, TestLogin]]:
    """A camera that speaks TLS alone, with a certificate that nobody vouches for."""
    missing = why_gst_is_missing()
    if missing is not None:
        pytest.skip(missing)
    folder = Path(tmp_path_factory.mktemp("secure"))
    clip, login = encode_clip(folder / "clip"), TestLogin("inspector", "a-password")
    with GstCamera(clip, login.username, login.password, certificate(folder)) as camera:
        yield clip, camera.url, login


@needs_openssl
def test_a_camera_behind_tls_is_recorded_slice_by_slice(secure: tuple[Clip, str, TestLogin]) -> None:
    clip, url, login = secure

    async def watch() -> list[AccessUnit]:
        async with watching(url, login, make=LibavSource) as units:
            return await taken(units, 40)

    assert url.startswith("rtsps://")
    units = asyncio.run(watch())
    places = [clip.slices.index(nal) for unit in units for nal in unit.nals if clip.is_slice(nal)]
    assert places == [(places[0] + step) % len(clip.slices) for step in range(40)]
    assert units[0].key
    assert all(abs(after.rtp_time - before.rtp_time - STEP) <= 2 for before, after in itertools.pairwise(units))


@needs_openssl
def test_a_camera_behind_tls_refuses_a_wrong_password(secure: tuple[Clip, str, TestLogin]) -> None:
    async def watch() -> None:
        async with watching(secure[1], TestLogin("inspector", "not it"), make=LibavSource) as units:
            with pytest.raises(CameraRefused, match="401"):
                await taken(units, 1)

    asyncio.run(watch())


def test_a_server_that_falls_silent_is_told_by_our_own_limit() -> None:
    pictures = [unit[0] for unit in encode_jpeg(frames=15).units]

    async def watch(url: str) -> list[AccessUnit]:
        found: list[AccessUnit] = []
        async with watching(url, limits=PATIENT, make=LibavSource) as units:
            with pytest.raises(NoPicture, match="the connection still stands"):
                await gather(units, found)
        return found

    with http_server({"/video": motion_jpeg(pictures, then_silent=True)}) as url:
        assert len(asyncio.run(watch(f"{url}/video"))) >= len(pictures) - 1
