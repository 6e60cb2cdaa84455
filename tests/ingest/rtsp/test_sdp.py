"""Which track of a session description is recorded, and under which URL."""

from __future__ import annotations

import pytest

from ingest.rtsp.address import parse_address
from ingest.rtsp.codings import H264, H265
from ingest.rtsp.sdp import base_url, control_url, video_track
from ingest.rtsp.wire import MalformedSdp, NoVideoTrack

TWO_VIDEOS = b"""v=0
o=- 1 1 IN IP4 0.0.0.0
s=Media Presentation
a=control:rtsp://10.0.0.9/Streaming/101/
m=audio 0 RTP/AVP 8
a=control:rtsp://10.0.0.9/Streaming/101/trackID=2
m=video 0 RTP/AVP 98 97
a=rtpmap:98 H265/90000
a=rtpmap:97 h264/90000
a=fmtp:97 profile-level-id=42c01e; packetization-mode=1; sprop-parameter-sets=Z0LADQ==,%%%,aM48gA
a=control:trackID=1
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=control:trackID=9
"""


def test_the_first_track_that_can_be_recorded_is_taken_with_its_own_payload_type() -> None:
    track = video_track(TWO_VIDEOS.replace(b"H265", b"MP4V-ES"))
    assert track.coding is H264
    assert (track.payload_type, track.control) == (97, "trackID=1")
    assert track.session_control == "rtsp://10.0.0.9/Streaming/101/"
    assert track.parameter_sets[0] == bytes.fromhex("6742c00d")


def test_h265_is_taken_where_the_camera_offers_it_first_with_the_sets_of_each_kind() -> None:
    fmtp = b"a=fmtp:98 sprop-sps=QgEB; sprop-pps=%%%; sprop-vps=QAEM,QAED;sprop-max-don-diff=0\n"
    track = video_track(TWO_VIDEOS.replace(b"a=rtpmap:97", fmtp + b"a=rtpmap:97"))
    assert (track.payload_type, track.coding) == (98, H265)
    assert track.parameter_sets == (b"\x40\x01\x0c", b"\x40\x01\x03", b"\x42\x01\x01")


def test_h265_out_of_decoding_order_is_passed_over_for_what_comes_next() -> None:
    fmtp = b"a=fmtp:98 sprop-max-don-diff=2\na=rtpmap:97"
    assert video_track(TWO_VIDEOS.replace(b"a=rtpmap:97", fmtp)).payload_type == 97


@pytest.mark.parametrize(
    ("description", "named"),
    [
        (b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/48000\r\n", "H264/48000"),
        (b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=2\r\n", "H264"),
        (b"v=0\r\nm=video 0 RTP/AVP 26 99\r\n", "JPEG, payload type 99"),
        (b"v=0\r\n", "no video track"),
    ],
)
def test_what_was_offered_instead_is_named(description: bytes, named: str) -> None:
    with pytest.raises(NoVideoTrack, match=named):
        video_track(description)


@pytest.mark.parametrize("description", [b"", b"<html>", b"\xff\xfe\x00", b"v=0\nm=video\n"])
def test_what_is_no_session_description_is_told_from_one_without_video(description: bytes) -> None:
    with pytest.raises(MalformedSdp):
        video_track(description)


def test_control_urls_go_behind_the_base_even_behind_its_query() -> None:
    camera = parse_address("rtsp://cam:8554/cam/realmonitor?channel=1&subtype=0")
    base = base_url(camera, None, None)
    assert control_url(camera, base, "trackID=0") == ("rtsp://cam:8554/cam/realmonitor?channel=1&subtype=0/trackID=0")
    assert control_url(camera, base + "/", "/trackID=0") == base + "/trackID=0"


def test_an_inner_address_is_replaced_by_the_one_that_we_reached() -> None:
    camera = parse_address("rtsp://203.0.113.9:10554/live")
    assert base_url(camera, "rtsp://192.168.1.64/live/", "rtsp://other/") == "rtsp://203.0.113.9:10554/live/"
    assert control_url(camera, "unused", "rtsp://192.168.1.64/live/t1") == "rtsp://203.0.113.9:10554/live/t1"
    assert base_url(camera, "what is this", None) == "rtsp://203.0.113.9:10554/live"
