"""What a source promises, held by both engines to two cameras that were written apart from them, over TCP and UDP.

One camera is ours (``ingest.simulator``, with wire code of its own), one is gst-rtsp-server, which we did not write.
What only the native engine can know is asked of it alone, and said so.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import itertools
import shutil
import socket
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from domain.places import Transport
from ingest.libav.source import LibavSource
from ingest.rtsp.client import Limits, RtspSource
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.simulator.faults import ClockOffset, PacketLoss, Stall
from ingest.source import AccessUnit, CameraRefused, CameraUnreachable, ConnectionLost, NoPicture
from storage.media import read_index
from tests.ingest.gst_camera import FRAMES_PER_SECOND, Clip, GstCamera, encode_clip, why_gst_is_missing
from tests.ingest.rtsp.watching import TestLogin, first_where, taken, watching
from tests.ingest.test_segmenter import record

PLAIN_LOGIN = TestLogin("inspector", "a-password")
TICKS_PER_FRAME = 90_000 // FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Running:
    """A camera that plays the clip and asks for PLAIN_LOGIN; ``kill`` and ``freeze`` as if it broke."""

    url: str
    kill: Callable[[], Awaitable[None]]
    freeze: Callable[[], Awaitable[None]]
    camera: SimulatedCamera | None = None


@asynccontextmanager
async def simulated(clip: Clip) -> AsyncGenerator[Running, None]:
    settings = CameraSettings(
        id="door",
        room="hall",
        username=PLAIN_LOGIN.username,
        password=PLAIN_LOGIN.password,
        file=clip.stream,
        fps=FRAMES_PER_SECOND,
        report_interval_s=0.5,
    )
    camera = SimulatedCamera(settings)
    await camera.start()
    stalls: list[asyncio.Task[object]] = []

    async def freeze() -> None:
        stalls.append(asyncio.create_task(camera.play(Stall(60))))

    stopped = False

    async def kill() -> None:
        nonlocal stopped
        stopped = True
        await camera.stop()

    try:
        yield Running(camera.url, kill, freeze, camera)
    finally:
        for stall in stalls:
            stall.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await stall
        if not stopped:
            await camera.stop()


@asynccontextmanager
async def foreign(clip: Clip) -> AsyncGenerator[Running, None]:
    with GstCamera(clip, PLAIN_LOGIN.username, PLAIN_LOGIN.password) as camera:

        async def kill() -> None:
            camera.kill()

        async def freeze() -> None:
            camera.freeze()

        yield Running(camera.url, kill, freeze)


Start = Callable[[Clip], contextlib.AbstractAsyncContextManager[Running]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return encode_clip(Path(tmp_path_factory.mktemp("clip")) / "clip")


@pytest.fixture(scope="module", params=["h264", "h265"])
def either_clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return encode_clip(Path(tmp_path_factory.mktemp("clip")) / "clip", request.param)


@pytest.fixture(params=["simulator", "gst"])
def start(request: pytest.FixtureRequest) -> Start:
    if request.param == "simulator":
        return simulated
    missing = why_gst_is_missing()
    if missing is not None:
        pytest.skip(missing)
    return foreign


Open = Callable[..., contextlib.AbstractAsyncContextManager[AsyncGenerator[AccessUnit, None]]]


@pytest.fixture(params=[RtspSource, LibavSource], ids=["native", "libav"])
def opened(request: pytest.FixtureRequest) -> Open:
    """Opens a source of each engine."""
    return functools.partial(watching, make=request.param)


@pytest.fixture(params=[Transport.TCP, Transport.UDP], ids=["tcp", "udp"])
def transport(request: pytest.FixtureRequest) -> Transport:
    assert isinstance(request.param, Transport)
    return request.param


def test_every_slice_of_the_camera_arrives_unchanged_and_in_order(
    either_clip: Clip, start: Start, transport: Transport, opened: Open
) -> None:
    async def watch() -> None:
        async with start(either_clip) as camera, opened(camera.url, PLAIN_LOGIN, transport) as units:
            found = await taken(units, 30)
        places = [either_clip.slices.index(nal) for unit in found for nal in unit.nals if either_clip.is_slice(nal)]
        assert places == [(places[0] + step) % len(either_clip.slices) for step in range(30)]
        assert not any(unit.damaged or unit.lost_packets for unit in found)

    asyncio.run(watch())


def test_files_hold_every_slice_unchanged_and_play_without_a_word(
    either_clip: Clip, start: Start, transport: Transport, tmp_path: Path, opened: Open
) -> None:
    async def watch() -> list[AccessUnit]:
        async with start(either_clip) as camera, opened(camera.url, PLAIN_LOGIN, transport) as units:
            return await taken(units, 60)

    recorded = record(asyncio.run(watch()), segment_s=1.0)
    places: list[int] = []
    for number, (data, facts) in enumerate(recorded.files):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(data)
        found = [nal for nal in stored(data) if either_clip.is_slice(nal)]
        assert len(found) == facts.frames == decoded(path)
        places += map(either_clip.slices.index, found)
        if shutil.which("ffmpeg") is not None:
            command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            assert (done.stdout, done.stderr) == ("", "")
    assert len(recorded.files) > 1
    assert places == [(places[0] + step) % len(either_clip.slices) for step in range(60)]


def stored(data: bytes) -> Iterator[bytes]:
    """The NAL units of a file, in order."""
    for fragment in read_index(io.BytesIO(data)).fragments:
        for sample in fragment.samples:
            at = sample.offset
            while at < sample.offset + sample.size:
                size = int.from_bytes(data[at : at + 4], "big")
                yield data[at + 4 : at + 4 + size]
                at += 4 + size


def decoded(path: Path) -> int:
    """How many pictures another implementation finds."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_units_begin_with_a_key_frame_and_run_on_in_rtp_time(
    either_clip: Clip, start: Start, transport: Transport, opened: Open
) -> None:
    async def watch() -> None:
        async with start(either_clip) as camera, opened(camera.url, PLAIN_LOGIN, transport) as units:
            found = await taken(units, 20)
        assert found[0].key
        assert (found[0].format.width, found[0].format.height) == (either_clip.width, either_clip.height)
        steps = [after.rtp_time - before.rtp_time for before, after in itertools.pairwise(found)]
        assert all(abs(step - TICKS_PER_FRAME) <= 2 for step in steps)
        assert all(after.arrived_monotonic >= before.arrived_monotonic for before, after in itertools.pairwise(found))

    asyncio.run(watch())


def test_the_camera_tells_its_own_time_by_sender_reports(
    clip: Clip, start: Start, transport: Transport, opened: Open
) -> None:
    async def watch() -> None:
        async with start(clip) as camera, opened(camera.url, PLAIN_LOGIN, transport) as units:
            unit = await first_where(units, lambda unit: unit.camera_time is not None)
        assert unit.camera_time is not None
        assert abs((unit.camera_time - unit.arrived).total_seconds()) < 1.0

    asyncio.run(watch())


@pytest.mark.parametrize("login", [TestLogin(PLAIN_LOGIN.username, "not it"), None], ids=["wrong", "none"])
def test_a_wrong_password_is_refused_and_never_repeated(
    clip: Clip, start: Start, login: TestLogin | None, opened: Open
) -> None:
    async def watch() -> str:
        async with start(clip) as camera, opened(camera.url, login) as units:
            with pytest.raises(CameraRefused, match="401") as refused:
                await taken(units, 1)
        return str(refused.value)

    assert "not it" not in asyncio.run(watch())


def test_an_unknown_path_is_refused(clip: Clip, start: Start, opened: Open) -> None:
    async def watch() -> None:
        async with start(clip) as camera, opened(camera.url + "-not", PLAIN_LOGIN) as units:
            with pytest.raises(CameraRefused, match="404"):
                await taken(units, 1)

    asyncio.run(watch())


def test_a_camera_that_dies_is_a_lost_connection(
    clip: Clip, start: Start, transport: Transport, opened: Open
) -> None:
    async def watch() -> None:
        async with start(clip) as camera, opened(camera.url, PLAIN_LOGIN, transport) as units:
            await taken(units, 3)
            await camera.kill()
            with pytest.raises(ConnectionLost, match=r"127\.0\.0\.1"):
                await taken(units, 1000)

    asyncio.run(watch())


def test_a_camera_that_stands_still_gives_no_picture(
    clip: Clip, start: Start, transport: Transport, opened: Open
) -> None:
    limits = Limits(connect_s=10, answer_s=10, picture_s=1.5)

    async def watch() -> None:
        async with start(clip) as camera, opened(camera.url, PLAIN_LOGIN, transport, limits) as units:
            await taken(units, 3)
            await camera.freeze()
            with pytest.raises(NoPicture, match=r"no picture for 1\.5 s"):
                await taken(units, 1000)

    asyncio.run(watch())


def test_a_closed_port_is_an_unreachable_camera(opened: Open) -> None:
    async def watch() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"rtsp://operator:geheim@127.0.0.1:{free.getsockname()[1]}/live?password=geheim"
            async with opened(url) as units:
                with pytest.raises(CameraUnreachable, match="refused") as unreachable:
                    await taken(units, 1)
        assert "geheim" not in str(unreachable.value)

    asyncio.run(watch())


def test_a_second_client_joins_in_the_middle_and_also_begins_with_a_key_frame(
    clip: Clip, start: Start, opened: Open
) -> None:
    async def watch() -> None:
        async with start(clip) as camera, opened(camera.url, PLAIN_LOGIN) as early:
            await taken(early, 10)
            async with opened(camera.url, PLAIN_LOGIN) as late:
                assert (await taken(late, 1))[0].key

    asyncio.run(watch())


def test_what_is_lost_on_the_way_is_counted_and_nothing_broken_passes_for_whole(
    either_clip: Clip, transport: Transport
) -> None:
    async def watch() -> None:
        async with simulated(either_clip) as camera, watching(camera.url, PLAIN_LOGIN, transport) as units:
            assert camera.camera is not None
            await taken(units, 3)
            fault = asyncio.create_task(camera.camera.play(PacketLoss(1.5, 0.3)))
            found = await taken(units, 45)
            await fault
        assert sum(unit.lost_packets for unit in found) > 3
        assert any(unit.damaged for unit in found)
        for unit in found:
            slices = [nal for nal in unit.nals if either_clip.is_slice(nal)]
            assert all(nal in either_clip.slices for nal in slices)
            assert len(slices) == 1 or unit.damaged

    asyncio.run(watch())


def test_a_camera_whose_clock_is_wrong_says_so_itself(clip: Clip, opened: Open) -> None:
    async def watch() -> None:
        async with simulated(clip) as camera, opened(camera.url, PLAIN_LOGIN) as units:
            assert camera.camera is not None
            fault = asyncio.create_task(camera.camera.play(ClockOffset(60, 40.0)))
            unit = await first_where(
                units,
                lambda unit: unit.camera_time is not None and (unit.camera_time - unit.arrived).total_seconds() > 35,
            )
            fault.cancel()
            await asyncio.gather(fault, return_exceptions=True)
        assert unit.camera_time is not None
        assert abs((unit.camera_time - unit.arrived).total_seconds() - 40) < 1.0

    asyncio.run(watch())
