"""The RTSP source against cameras that do what they should not, or say no."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from domain.places import Transport
from ingest.rtsp.client import Limits, RtspSource
from ingest.rtsp.messages import Answer, Headers, Request, frame
from ingest.source import (
    AccessUnit,
    CameraRefused,
    CameraUnreachable,
    ConnectionLost,
    NoPicture,
    SourceError,
    UnsupportedStream,
)
from tests.fakes.rtsp_server import (
    H264_SDP,
    KEY_SLICE,
    PPS,
    SLICE,
    SPS,
    WIDER_SPS,
    FakeRtspServer,
    Packetizer,
    Script,
    frames,
    pictures,
)
from tests.ingest.rtsp.watching import TestLogin, taken, watching

IMPATIENT = Limits(connect_s=5, answer_s=0.3, picture_s=0.3, key_s=0.6)
LOGIN = TestLogin("inspector", "geheim")


def watched(
    script: Script, count: int = 3, transport: Transport = Transport.TCP
) -> tuple[list[AccessUnit], list[str]]:
    """The first units of a camera, and what it was asked: method and URL."""

    async def watch() -> tuple[list[AccessUnit], list[str]]:
        async with FakeRtspServer(script) as camera:
            async with watching(camera.url, transport=transport) as units:
                found = await taken(units, count)
            asked = [
                f"{request.method} {request.url}".replace(str(camera.port), "PORT") for request in camera.requests
            ]
        return found, asked

    return asyncio.run(watch())


def ending(script: Script, login: TestLogin | None = None, limits: Limits = IMPATIENT) -> SourceError:
    """How the source ends when its units are taken for ever."""

    async def watch() -> SourceError:
        async with FakeRtspServer(script) as camera, watching(camera.url, login, limits=limits) as units:
            with pytest.raises(SourceError) as raised:
                await taken(units, 1_000_000)
        assert f"127.0.0.1:{camera.port}/live" in str(raised.value)
        assert "\n" not in str(raised.value)
        return raised.value

    return asyncio.run(watch())


def always(answer: Answer) -> Callable[[Request], Answer]:
    return lambda _: answer


PLAYING = frames(pictures(3))


@pytest.mark.parametrize(
    ("control", "headers", "set_up"),
    [
        ("trackID=1", [], "rtsp://127.0.0.1:PORT/live/trackID=1"),
        ("trackID=1", [("Content-Base", "rtsp://127.0.0.1:PORT/other/")], "rtsp://127.0.0.1:PORT/other/trackID=1"),
        ("trackID=1", [("content-location", "rtsp://10.0.0.9/x")], "rtsp://127.0.0.1:PORT/x/trackID=1"),
        ("trackID=1", [("Content-Base", "rtsp://192.168.1.64:554/live/")], "rtsp://127.0.0.1:PORT/live/trackID=1"),
        ("rtsp://192.168.1.64/live/video?a=b", [], "rtsp://127.0.0.1:PORT/live/video?a=b"),
        ("*", [], "rtsp://127.0.0.1:PORT/live"),
    ],
)
def test_the_track_is_asked_for_by_the_url_that_the_camera_means(
    control: str, headers: list[tuple[str, str]], set_up: str
) -> None:
    async def watch() -> None:
        script = Script(sdp=H264_SDP.replace("trackID=1", control), stream=PLAYING)
        async with FakeRtspServer(script) as camera:
            script.describe_headers = [(name, value.replace("PORT", str(camera.port))) for name, value in headers]
            async with watching(camera.url) as units:
                await taken(units, 1)
            assert [request.url for request in camera.asked("SETUP")] == [set_up.replace("PORT", str(camera.port))]

    asyncio.run(watch())


def test_a_stream_is_asked_for_played_and_torn_down() -> None:
    units, asked = watched(Script(stream=PLAYING))
    assert [unit.nals for unit in units] == [(SPS, PPS, KEY_SLICE), (SLICE + b"\x02",), (SLICE + b"\x03",)]
    assert [line.split()[0] for line in asked] == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


def test_pictures_without_marker_bits_end_where_the_timestamp_changes() -> None:
    units, _ = watched(Script(stream=frames(pictures(4, marker=False))))
    assert [unit.nals for unit in units] == [(SPS, PPS, KEY_SLICE), (SLICE + b"\x02",), (SLICE + b"\x03",)]
    assert [after.rtp_time - before.rtp_time for before, after in itertools.pairwise(units)] == [3600, 3600]


def test_the_camera_may_choose_other_channels_than_those_it_was_asked_for() -> None:
    units, _ = watched(Script(transport="RTP/AVP/TCP;interleaved=6-7;mode=play", stream=frames(pictures(3), 6)))
    assert len(units) == 3


def test_rtp_on_the_channel_of_rtcp_is_still_rtp() -> None:
    assert len(watched(Script(stream=frames(pictures(3), 1)))[0]) == 3


def test_a_metadata_track_is_neither_set_up_nor_taken_for_pictures() -> None:
    sdp = H264_SDP + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=3\r\n"
    metadata = Packetizer(ssrc=9).packet(b"<tt:MetadataStream/>", 5, payload_type=107)
    units, asked = watched(Script(sdp=sdp, stream=frame(2, metadata) + frame(0, metadata) + PLAYING))
    assert len(units) == 3
    assert sum(line.startswith("SETUP") for line in asked) == 1


def test_parameter_sets_may_come_in_the_description_alone() -> None:
    sdp = H264_SDP.replace(
        "packetization-mode=1", "packetization-mode=1;sprop-parameter-sets=Z0LADdoFBmhAAAADAEAAAAyDxQqo,aM48gA=="
    )
    made = Packetizer()
    [unit], _ = watched(Script(sdp=sdp, stream=frames(made.unit([KEY_SLICE], 0))), 1)
    assert unit.nals == (KEY_SLICE,)
    assert (unit.format.width, unit.format.height) == (320, 192)


def test_a_change_of_parameter_sets_changes_the_format() -> None:
    made = Packetizer()
    stream = made.unit([SPS, PPS, KEY_SLICE], 0) + made.unit([WIDER_SPS, PPS, KEY_SLICE], 3600)
    units, _ = watched(Script(stream=frames(stream)), 2)
    assert [unit.format.width for unit in units] == [320, 1920]


def test_a_redirection_is_followed() -> None:
    async def watch() -> None:
        async with FakeRtspServer(Script(stream=PLAYING)) as camera:
            moved = always(Answer(302, "Moved", Headers([("Location", camera.url)])))
            async with (
                FakeRtspServer(Script(answers={"DESCRIBE": moved})) as old,
                watching(old.url) as units,
            ):
                assert len(await taken(units, 3)) == 3

    asyncio.run(watch())


def test_redirections_in_a_circle_are_refused() -> None:
    async def watch() -> None:
        script = Script()
        async with FakeRtspServer(script) as camera, watching(camera.url) as units:
            script.answers["DESCRIBE"] = always(Answer(301, "Moved", Headers([("Location", camera.url)])))
            with pytest.raises(CameraRefused, match="redirections"):
                await taken(units, 1)

    asyncio.run(watch())


def test_where_none_may_be_followed_nobody_else_is_connected_to() -> None:
    async def watch() -> None:
        async with FakeRtspServer(Script(stream=PLAYING)) as elsewhere:
            moved = always(Answer(302, "Moved", Headers([("Location", elsewhere.url)])))
            async with FakeRtspServer(Script(answers={"DESCRIBE": moved})) as camera:
                source = RtspSource(camera.url, limits=Limits(redirects=0))
                with pytest.raises(CameraRefused, match="0 redirections"):
                    await anext(source.units())
            assert elsewhere.requests == []

    asyncio.run(watch())


def test_a_redirection_to_another_host_does_not_get_the_password() -> None:
    wants_basic = always(Answer(401, "Unauthorized", Headers([("WWW-Authenticate", 'Basic realm="x"')])))

    async def watch() -> None:
        async with FakeRtspServer(Script(answers={"DESCRIBE": wants_basic})) as thief:
            target = thief.url.replace("127.0.0.1", "localhost")
            moved = always(Answer(302, "Moved", Headers([("Location", target)])))
            async with (
                FakeRtspServer(Script(answers={"DESCRIBE": moved})) as camera,
                watching(camera.url, LOGIN) as units,
            ):
                with pytest.raises(CameraRefused):
                    await taken(units, 1)
            assert all(request.headers.first("Authorization") is None for request in thief.requests)

    asyncio.run(watch())


def test_a_nonce_that_goes_stale_is_replaced() -> None:
    nonces = iter(["one", "two", "three", "four"])

    def challenged(request: Request) -> Answer | None:
        given = request.headers.first("Authorization") or ""
        if 'nonce="two"' in given:
            return None
        header = f'Digest realm="r", nonce="{next(nonces)}", qop="auth"' + (", stale=true" if given else "")
        return Answer(401, "Unauthorized", Headers([("WWW-Authenticate", header)]))

    async def watch() -> None:
        script = Script(stream=PLAYING, answers={"DESCRIBE": challenged})
        async with FakeRtspServer(script) as camera, watching(camera.url, LOGIN) as units:
            assert len(await taken(units, 3)) == 3
            assert "nc=00000002" in (camera.asked("SETUP")[0].headers.first("Authorization") or "")

    asyncio.run(watch())


def test_a_login_in_the_address_is_used_and_never_shown() -> None:
    wants_basic = Answer(401, "Unauthorized", Headers([("WWW-Authenticate", 'Basic realm="x"')]))

    async def watch() -> None:
        script = Script(answers={"DESCRIBE": always(wants_basic)})
        async with FakeRtspServer(script) as camera:
            url = camera.url.replace("//", "//inspector:geheim@") + "?password=geheim"
            async with watching(url) as units:
                with pytest.raises(CameraRefused, match="401") as refused:
                    await taken(units, 1)
            assert "geheim" not in str(refused.value)
            assert "inspector" not in str(refused.value)
            tokens = [request.headers.first("Authorization") for request in camera.asked("DESCRIBE")]
            assert tokens == [None, "Basic aW5zcGVjdG9yOmdlaGVpbQ=="]
            assert all("@" not in request.url for request in camera.requests)

    asyncio.run(watch())


@pytest.mark.parametrize(("method", "status"), [("SETUP", 453), ("PLAY", 453), ("DESCRIBE", 403), ("DESCRIBE", 503)])
def test_a_refusal_says_which_status_and_what_to_do(method: str, status: int) -> None:
    error = ending(Script(answers={method: always(Answer(status, "No\x07thing"))}))
    assert isinstance(error, CameraRefused)
    assert f"refused {method} with {status} No?thing; " in str(error)


@pytest.mark.parametrize(
    ("media", "named"),
    [
        ("m=video 0 RTP/AVP 26\r\na=control:track1\r\n", "JPEG"),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 AV1/90000\r\n", "AV1/90000"),
        ("m=audio 0 RTP/AVP 0\r\na=control:track2\r\n", "no video track"),
        ("m=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n", "RTP/SAVP"),
    ],
)
def test_what_cannot_be_recorded_is_named(media: str, named: str) -> None:
    error = ending(Script(sdp="v=0\r\ns=x\r\n" + media))
    assert isinstance(error, UnsupportedStream)
    assert named in str(error)


def test_a_camera_that_accepts_play_and_sends_nothing_gives_no_picture() -> None:
    error = ending(Script())
    assert isinstance(error, NoPicture)
    assert "nothing came within 0.3 s of PLAY" in str(error)


def test_packets_that_make_no_picture_are_no_picture() -> None:
    error = ending(Script(stream=frames(pictures(1)[:2])))
    assert isinstance(error, NoPicture)
    assert "no whole picture" in str(error)


def test_pictures_without_any_key_frame_are_not_waited_for_for_ever() -> None:
    made = Packetizer()

    async def watch() -> None:
        stream = frames(packet for number in range(50) for packet in made.unit([SLICE], number * 3600))
        limits = Limits(picture_s=0.6, key_s=0.3)
        async with FakeRtspServer(Script(stream=stream)) as camera, watching(camera.url, limits=limits) as units:
            with pytest.raises(NoPicture, match="no whole key frame"):
                await taken(units, 1)

    asyncio.run(watch())


def test_a_camera_that_hangs_up_is_a_lost_connection_after_its_last_picture() -> None:
    async def watch() -> None:
        script = Script(stream=PLAYING, hang_up=True)
        async with FakeRtspServer(script) as camera, watching(camera.url) as units:
            assert len(await taken(units, 3)) == 3
            with pytest.raises(ConnectionLost, match="closed the connection"):
                await taken(units, 1)

    asyncio.run(watch())


def test_bytes_that_are_no_rtsp_in_mid_stream_are_a_lost_connection() -> None:
    assert isinstance(ending(Script(stream=PLAYING + b"\x00\x01\x02" * 20)), ConnectionLost)


def test_a_goodbye_of_the_camera_is_a_lost_connection() -> None:
    bye = bytes.fromhex("81cb0001") + (0x5EED).to_bytes(4, "big")
    error = ending(Script(stream=PLAYING + frame(1, bye)))
    assert isinstance(error, ConnectionLost)
    assert "ended its stream" in str(error)


def test_a_new_source_in_mid_stream_ends_the_run() -> None:
    other = Packetizer(ssrc=77).unit([SPS, PPS, KEY_SLICE], 50)
    assert isinstance(ending(Script(stream=PLAYING + frames(other))), ConnectionLost)


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_does_not_answer_is_unreachable(method: str) -> None:
    error = ending(Script(silent=frozenset({method})))
    assert isinstance(error, CameraUnreachable)
    assert f"no answer to {method}" in str(error)


def test_something_that_is_no_camera_is_refused() -> None:
    error = ending(Script(raw=b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert isinstance(error, CameraRefused)
    assert "is this an RTSP camera?" in str(error)


@pytest.mark.parametrize("url", ["http://127.0.0.1/live", "rtsp://", "rtsp://127.0.0.1:port/", "", "rtsp://a b/"])
def test_an_address_that_is_none_is_said_to_be_none(url: str) -> None:
    async def watch() -> None:
        async with watching(url) as units:
            with pytest.raises(UnsupportedStream, match="rtsp://"):
                await taken(units, 1)

    asyncio.run(watch())


def test_a_camera_that_sends_no_datagrams_is_taken_over_tcp() -> None:
    def only_tcp(request: Request) -> Answer | None:
        udp = "client_port" in (request.headers.first("Transport") or "")
        return Answer(461, "Unsupported Transport") if udp else None

    units, asked = watched(Script(stream=PLAYING, answers={"SETUP": only_tcp}), transport=Transport.UDP)
    assert len(units) == 3
    assert sum(line.startswith("SETUP") for line in asked) == 2


@pytest.mark.parametrize(
    ("public", "method"), [("OPTIONS, GET_PARAMETER", "GET_PARAMETER"), ("OPTIONS, PLAY", "OPTIONS")]
)
def test_the_session_is_kept_alive_and_reception_is_reported(public: str, method: str) -> None:
    async def watch() -> None:
        script = Script(public=public, session="abc;timeout=2", stream=PLAYING)
        async with FakeRtspServer(script) as camera, watching(camera.url) as units:
            await taken(units, 3)
            before = len(camera.requests)
            rest = asyncio.create_task(taken(units, 1))
            while len(camera.requests) == before:
                camera.heard.clear()
                await camera.heard.wait()
            rest.cancel()
            await asyncio.gather(rest, return_exceptions=True)
            kept = camera.requests[before]
            assert (kept.method, kept.headers.first("Session")) == (method, "abc")
            assert [(report.channel, report.payload[1]) for report in camera.frames] == [(1, 201)]

    asyncio.run(watch())


def test_a_camera_that_asks_is_answered() -> None:
    question = Request("SET_PARAMETER", "*", Headers([("CSeq", "7")])).encode()

    async def watch() -> None:
        async with FakeRtspServer(Script(stream=question + PLAYING)) as camera, watching(camera.url) as units:
            await taken(units, 3)
            while not camera.answers:
                camera.heard.clear()
                await camera.heard.wait()
            assert (camera.answers[0].status, camera.answers[0].headers.first("CSeq")) == (501, "7")

    asyncio.run(watch())


def test_who_takes_units_slowly_still_gets_all_of_them() -> None:
    async def watch() -> None:
        async with FakeRtspServer(Script(stream=frames(pictures(3000)))) as camera, watching(camera.url) as units:
            found = await taken(units, 1)
            await asyncio.sleep(0.2)
            found += await taken(units, 2999)
            assert [unit.rtp_time - found[0].rtp_time for unit in found] == [step * 3600 for step in range(3000)]

    asyncio.run(watch())


def test_who_is_cancelled_while_waiting_still_says_goodbye() -> None:
    async def watch() -> None:
        async with FakeRtspServer(Script(stream=PLAYING)) as camera:

            async def record() -> None:
                async with watching(camera.url) as units:
                    await taken(units, 1_000_000)

            recording = asyncio.create_task(record())
            while not camera.asked("PLAY"):
                camera.heard.clear()
                await camera.heard.wait()
            await asyncio.sleep(0.05)
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
            assert recording.cancelled()
            assert camera.requests[-1].method == "TEARDOWN"

    asyncio.run(watch())
