"""A simulated camera on the wire: read by libav, which we did not write, and packet by packet."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import av
import av.error
import numpy as np
import pytest

from ingest.simulator.camera import CameraSettings, SentPicture, SimulatedCamera
from ingest.simulator.faults import (
    ClockDrift,
    ClockOffset,
    Congestion,
    Cover,
    Disconnect,
    Fault,
    Freeze,
    FreezePicture,
    LateBurst,
    Loop,
    PacketLoss,
    PlayedFault,
    Stall,
)
from ingest.simulator.rtsp_text import Authentication
from ingest.simulator.scene import read_frame_number
from tests.ingest.simulator.raw_client import RawClient

FPS = 30
SMALL = CameraSettings(
    "A-01", "ROOM 301", ("A-01", "A-02"), width=640, height=360, fps=FPS, gop=10, report_interval_s=0.1
)


@asynccontextmanager
async def running(settings: CameraSettings = SMALL) -> AsyncIterator[SimulatedCamera]:
    camera = SimulatedCamera(settings)
    await camera.start()
    try:
        yield camera
    finally:
        await camera.stop()


@asynccontextmanager
async def during(camera: SimulatedCamera, fault: Fault) -> AsyncIterator[None]:
    """The fault is in force within this block, however long that takes."""
    playing = asyncio.create_task(camera.play(fault))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


def seconds(truth: PlayedFault) -> float:
    return (truth.end - truth.start).total_seconds()


def live(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on an event loop of its own."""

    def run() -> None:
        asyncio.run(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def numbers_by_libav(url: str, transport: str, count: int) -> list[int | None]:
    numbers = []
    with av.open(url, options={"rtsp_transport": transport}, timeout=10) as container:
        for frame in container.decode(video=0):
            numbers.append(read_frame_number(np.asarray(frame.to_ndarray(format="bgr24"))))
            if len(numbers) == count:
                break
    return numbers


def run_on(numbers: list[int | None]) -> bool:
    return None not in numbers and all(after == before + 1 for before, after in pairwise(numbers))  # type: ignore


@live
async def test_libav_reads_every_frame_over_tcp_and_udp_at_once_with_digest() -> None:
    async with running(replace(SMALL, username="admin", password="s3cret")) as camera:
        url = camera.url.replace("://", "://admin:s3cret@")
        results = await asyncio.gather(*(asyncio.to_thread(numbers_by_libav, url, way, 25) for way in ("tcp", "udp")))
    for numbers in results:
        assert len(numbers) == 25
        assert run_on(numbers)


@live
async def test_a_wrong_password_is_refused_with_401() -> None:
    async with running(replace(SMALL, username="admin", password="s3cret")) as camera:
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await asyncio.to_thread(numbers_by_libav, camera.url.replace("://", "://admin:guess@"), "tcp", 1)
        async with RawClient(camera.url, "admin", "s3cret") as client:
            assert (await client.ask("DESCRIBE")).status == 200


@live
async def test_sha_256_and_basic_are_asked_for_where_they_are_set() -> None:
    schemes = {Authentication.DIGEST_SHA256: "algorithm=SHA-256", Authentication.BASIC: "Basic realm="}
    for scheme, words in schemes.items():
        settings = replace(SMALL, username="admin", authentication=scheme)
        async with running(settings) as camera, RawClient(camera.url) as client:
            reply = await client.ask("DESCRIBE")
        assert reply.status == 401
        assert words in reply.headers["www-authenticate"]


@live
async def test_requests_that_do_not_fit_get_their_own_answers() -> None:
    async with running(replace(SMALL, max_sessions=1)) as camera, RawClient(camera.url) as client:
        assert "PLAY" in (await client.ask("OPTIONS")).headers["public"]
        assert (await client.ask("DESCRIBE", camera.url.replace("live", "other"))).status == 404
        assert (await client.ask("PLAY", Session="none")).status == 454
        assert (await client.ask("SETUP", Transport="RAW/RAW/UDP")).status == 461
        assert (await client.ask("RECORD")).status == 501
        assert (await client.play()).status == 200
        assert (await client.ask("PAUSE", Session=client.session)).status == 455
        assert (await client.ask("GET_PARAMETER", Session=client.session)).status == 200
        async with RawClient(camera.url) as second:
            assert (await second.ask("SETUP", Transport="RTP/AVP/TCP")).status == 453
        assert (await client.ask("TEARDOWN", Session=client.session)).status == 200
        assert (await client.ask("GET_PARAMETER", Session=client.session)).status == 454


@live
async def test_the_description_names_the_stream_and_play_names_its_first_packet() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        sdp = (await client.ask("DESCRIBE")).body
        assert "packetization-mode=1;profile-level-id=42" in sdp
        assert "sprop-parameter-sets=Z" in sdp
        info = (await client.play()).headers["rtp-info"]
        await client.listen_for(3)
        assert f"seq={client.pictures()[0].sequence};" in info
        assert client.pictures()[0].data[12] & 0x1F == 24  # parameter sets come first, in one packet


@live
async def test_h265_is_coded_numbered_and_described_by_its_three_sets() -> None:
    async with running(replace(SMALL, codec="H265")) as camera, RawClient(camera.url) as client:
        sdp = (await client.ask("DESCRIBE")).body
        await client.play()
        await client.listen_for(12)
        payloads = [picture.data[12:] for picture in client.pictures()]
    assert "a=rtpmap:96 H265/90000" in sdp
    assert all(f"{name}=" in sdp for name in ("sprop-vps", "sprop-sps", "sprop-pps"))
    assert {payload[0] >> 1 for payload in payloads} <= {*range(32), 39, 48, 49}
    assert payloads[0][0] >> 1 == 48  # parameter sets come first, in one packet


@live
async def test_another_codec_is_offered_without_parameters() -> None:
    async with running(replace(SMALL, codec="JPEG")) as camera, RawClient(camera.url) as client:
        sdp = (await client.ask("DESCRIBE")).body
    assert "a=rtpmap:96 JPEG/90000" in sdp
    assert "sprop" not in sdp


@live
async def test_a_client_that_begins_later_gets_a_key_frame_at_once() -> None:
    async with running(replace(SMALL, gop=600)) as camera, RawClient(camera.url) as first:
        await first.play()
        await first.listen_for(8)
        async with RawClient(camera.url) as second:
            await second.play()
            await second.listen_for(5)
        await first.listen_for(3)
        assert run_on(second.frame_numbers()[:4])
        assert run_on(first.frame_numbers()[:-1])


@live
async def test_sender_reports_tie_rtp_time_to_the_time_of_day() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_until(lambda: len(client.reports()) >= 4)
        first, *others = client.reports()
    assert abs(first.unix - time.time()) < 5
    for report in others:
        ticks = (report.rtp_time - first.rtp_time) & 0xFFFFFFFF
        assert abs(ticks / 90_000 - (report.unix - first.unix)) < 0.001
    assert {(after - before) & 0xFFFFFFFF for before, after in pairwise(client.times())} == {90_000 // FPS}


@live
async def test_receiver_reports_are_read() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(1)
        ssrc = struct.unpack_from(">I", client.pictures()[0].data, 8)[0]
        report = struct.pack(">BBHI", 0x81, 201, 7, 1) + struct.pack(">IIIIII", ssrc, 128 << 24 | 2, 9, 1, 0, 0)
        client.writer.write(b"$\x01" + struct.pack(">H", len(report)) + report)
        assert (await client.ask("OPTIONS")).status == 200
        [heard] = camera.receiver_reports
        assert (heard.fraction_lost, heard.lost) == (0.5, 2)


@live
async def test_a_session_that_is_not_kept_alive_is_closed() -> None:
    async with running(replace(SMALL, session_timeout_s=0)) as camera, RawClient(camera.url) as client:
        await client.play()
        assert not await client.listen(5)


@live
async def test_disconnect_closes_everything_refuses_and_comes_back_on_the_same_port() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(5)
        before = datetime.now(UTC)
        async with during(camera, Disconnect(60)):
            assert not await client.listen(30)
            with pytest.raises(ConnectionRefusedError):
                await RawClient(camera.url).__aenter__()
            await asyncio.sleep(0.3)
        [truth] = camera.truth
        async with RawClient(camera.url) as again:
            assert (await again.play()).status == 200
            await again.listen_for(3)
            missing = again.frame_numbers()[0] - client.frame_numbers()[-1]  # type: ignore[operator]
    assert before <= truth.start
    assert missing >= seconds(truth) * FPS - 1


@live
async def test_a_fault_lasts_its_seconds() -> None:
    async with running() as camera:
        truth = await camera.play(Disconnect(0.2))
        async with RawClient(camera.url) as client:
            assert (await client.ask("OPTIONS")).status == 200
    assert seconds(truth) >= 0.2
    assert camera.truth == [truth]


@live
async def test_stall_is_silence_with_answers_and_then_goes_on_from_now() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(5)
        async with during(camera, Stall(60)):
            assert (await client.ask("OPTIONS")).status == 200
            before = len(client.packets)
            async with RawClient(camera.url) as second:
                assert (await second.play()).status == 200
                assert await second.listen(0.3)
                assert second.packets == []
            assert (await client.ask("OPTIONS")).status == 200
            assert len(client.packets) == before
        await client.listen_for(6)
        numbers = client.frame_numbers()
    steps = [after - before for before, after in pairwise(numbers)]  # type: ignore[operator]
    [(at, jump)] = [(index, step) for index, step in enumerate(steps) if step != 1]
    assert jump >= seconds(camera.truth[0]) * FPS - 1
    assert (client.times()[at + 1] - client.times()[at]) & 0xFFFFFFFF == jump * 90_000 // FPS


@live
async def test_packet_loss_leaves_holes_in_the_sequence_numbers() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(3)
        async with during(camera, PacketLoss(60, rate=0.3, seed=4)):
            await client.listen_until(lambda: len(client.pictures()) > 40)
        numbers = [packet.sequence for packet in client.pictures()]
    missing = sum(((after - before) & 0xFFFF) - 1 for before, after in pairwise(numbers))
    assert 0.1 < missing / (missing + len(numbers)) < 0.5


@live
async def test_a_late_burst_comes_all_at_once_and_nothing_is_lost() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(3)
        async with during(camera, LateBurst(60)):
            await client.listen(0.1)
            before = len(client.packets)
            await client.listen(0.3)
            assert len(client.packets) == before
        await client.listen_for(12)
    pictures = client.pictures()
    assert all((after.sequence - before.sequence) & 0xFFFF == 1 for before, after in pairwise(pictures))
    assert run_on(client.frame_numbers()[:-1])


@live
async def test_a_congestion_delays_every_packet_and_keeps_their_order() -> None:
    sent: list[SentPicture] = []
    camera = SimulatedCamera(SMALL, on_sent=sent.append)
    await camera.start()
    async with RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(3)
        async with during(camera, Congestion(60, delay_s=0.4)):
            await client.listen_for(12)
        await client.listen_for(3)
    await camera.stop()
    pictures = client.pictures()
    assert all((after.sequence - before.sequence) & 0xFFFF == 1 for before, after in pairwise(pictures))
    assert run_on(client.frame_numbers()[:-1])
    assert max((picture.sent - picture.due).total_seconds() for picture in sent) >= 0.4
    assert sent == sorted(sent, key=lambda picture: picture.sent)


@live
async def test_a_clock_offset_shows_in_the_reports_while_it_lasts() -> None:
    async with running() as camera, RawClient(camera.url) as client:

        def wrong() -> list[int]:
            first, *others = client.reports()
            passed = [((other.rtp_time - first.rtp_time) & 0xFFFFFFFF) / 90_000 for other in others]
            return [round(other.unix - first.unix - ticks) for other, ticks in zip(others, passed, strict=True)]

        await client.play()
        await client.listen_until(lambda: len(client.reports()) >= 2)
        async with during(camera, ClockOffset(60, offset_s=-40)):
            await client.listen_until(lambda: wrong()[-1] == -40)
        await client.listen_until(lambda: wrong()[-1] == 0)
    assert set(wrong()) == {0, -40}


@live
async def test_a_fast_clock_sends_more_rtp_time_than_passes() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        async with during(camera, ClockDrift(60, ppm=1_000_000)):
            await client.listen_for(2)
            await client.listen(0.6)
    pictures = client.pictures()
    ticks = (pictures[-1].time - pictures[0].time) & 0xFFFFFFFF
    assert ticks / 90_000 > 1.2 * (pictures[-1].arrived - pictures[0].arrived)


@live
async def test_a_frozen_picture_keeps_its_number_while_the_stream_goes_on() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(4)
        async with during(camera, Freeze(60)):
            await client.listen_for(15)
        await client.listen_for(8)
        numbers = client.frame_numbers()
    assert max(numbers.count(number) for number in set(numbers)) >= 8
    assert {(after - before) & 0xFFFFFFFF for before, after in pairwise(client.times())} == {90_000 // FPS}
    assert run_on(numbers[-3:])


@live
async def test_a_scene_that_stands_still_leaves_the_frame_number_running() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(4)
        async with during(camera, FreezePicture(60)):
            await client.listen_for(15)
        numbers = client.frame_numbers()
    assert run_on(numbers)


@live
async def test_a_loop_shows_the_last_pictures_again() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        await client.listen_for(6)
        async with during(camera, Loop(60, span_s=0.1)):
            await client.listen_for(20)
            numbers = client.frame_numbers()
    backwards = [(before, after) for before, after in pairwise(numbers) if after < before]  # type: ignore[operator]
    assert len(backwards) >= 3
    assert {before - after for before, after in backwards} == {2}  # type: ignore[operator]


@live
async def test_faults_may_run_together_and_each_has_its_truth() -> None:
    async with running() as camera, RawClient(camera.url) as client:
        await client.play()
        played = await asyncio.gather(camera.play(Cover(0.1)), camera.play(Stall(0.2)))
        await client.listen_for(3)
    assert [truth.fault for truth in camera.truth] == [Cover(0.1), Stall(0.2)]
    assert set(played) == set(camera.truth)
