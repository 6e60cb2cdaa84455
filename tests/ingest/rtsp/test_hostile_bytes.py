"""Whatever bytes come, the pure modules answer with a value or with an error of their own tree."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rtsp.address import parse_address
from ingest.rtsp.auth import authorization, strongest_challenge
from ingest.rtsp.codings import H264, H265, Coding
from ingest.rtsp.messages import Answer, Headers, StreamParser, frame
from ingest.rtsp.reception import Reception
from ingest.rtsp.rtp import Arrival, parse_rtcp, parse_rtp, receiver_report
from ingest.rtsp.rtp import ReceptionReport as Report
from ingest.rtsp.sdp import VideoTrack, base_url, control_url, video_track
from ingest.rtsp.wire import WireError
from tests.fakes.rtsp_server import (
    H264_SDP,
    H265_KEY_SLICE,
    H265_SETS,
    H265_SLICE,
    KEY_SLICE,
    PPS,
    SPS,
    Packetizer,
    h265_fragments,
)
from tests.ingest.rtsp.watching import TestLogin

NOW = Arrival(datetime(2026, 5, 1, tzinfo=UTC), 1.0)
GOLDEN_STREAM = (
    Answer(200, "OK", Headers([("CSeq", "3"), ("Session", "x")]), b"v=0").encode() + frame(0, bytes(20)) + b"\r\n"
)
GOLDEN_CHALLENGE = b'Digest realm="hall", nonce="abc", qop="auth", algorithm=SHA-256, opaque="o", stale=true'
GOLDEN_REPORT = struct.pack("!BBHIQIII", 0x80, 200, 6, 7, 1 << 63, 1, 2, 3) + struct.pack("!BBHI", 0x81, 203, 1, 7)
_MADE = Packetizer()
GOLDEN_PACKETS = [
    *_MADE.unit([SPS, PPS], 0, marker=False),
    *_MADE.fragments(KEY_SLICE, 0, 4),
    _MADE.packet(b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in (SPS, PPS, KEY_SLICE)), 3600, True),
    *_MADE.fragments(KEY_SLICE, 7200, 3),
    GOLDEN_REPORT,
]
_MADE_H265 = Packetizer()
GOLDEN_H265_PACKETS = [
    _MADE_H265.packet(b"\x60\x01" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in H265_SETS), 0),
    *(_MADE_H265.packet(piece, 0, at == 2) for at, piece in enumerate(h265_fragments(H265_KEY_SLICE, 3))),
    *_MADE_H265.unit([*H265_SETS, H265_KEY_SLICE], 3600),
    *(_MADE_H265.packet(piece, 7200, at == 3) for at, piece in enumerate(h265_fragments(H265_SLICE, 4))),
    GOLDEN_REPORT,
]
H265_SDP = H264_SDP.replace("H264", "H265").replace("packetization-mode=1", "sprop-vps=QAED;sprop-sps=QgEB")


@st.composite
def mutated(draw: st.DrawFn, golden: bytes) -> bytes:
    """The golden bytes with a few of them changed, cut out or put in."""
    data = bytearray(golden)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 2)):
            case 0:
                data[at : at + 1] = draw(st.binary(max_size=3))
            case 1:
                del data[at : at + draw(st.integers(0, 12))]
            case _:
                data[at:at] = draw(st.binary(max_size=6))
    return bytes(data)


@given(st.lists(mutated(GOLDEN_STREAM), max_size=4), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_the_stream_parser_survives_any_stream(pieces: Sequence[bytes], size: int) -> None:
    stream, parser = b"".join(pieces), StreamParser()
    for at in range(0, len(stream), size):
        parser.feed(stream[at : at + size])


@given(mutated(H264_SDP.encode()) | mutated(H265_SDP.encode()), st.text(max_size=20))
@settings(max_examples=150, deadline=None)
def test_session_descriptions_are_read_or_refused(description: bytes, base: str) -> None:
    camera = parse_address("rtsp://cam/live")
    with contextlib.suppress(WireError):
        track = video_track(description)
        assert 0 <= track.payload_type < 128
        assert control_url(camera, base_url(camera, base, None), track.control).startswith("rtsp://cam")


@given(mutated(GOLDEN_CHALLENGE))
@settings(max_examples=100, deadline=None)
def test_challenges_are_answered_or_refused(header: bytes) -> None:
    with contextlib.suppress(WireError):
        challenge = strongest_challenge([header.decode("utf-8", "replace")])
        authorization(challenge, TestLogin("a", "b"), "PLAY", "rtsp://cam/", count=1, cnonce="c")


@given(mutated(b"rtsp://user:word@cam:554/path?query"))
@settings(max_examples=100, deadline=None)
def test_addresses_are_read_or_refused(url: bytes) -> None:
    with contextlib.suppress(WireError):
        parse_address(url.decode("utf-8", "replace"))


@given(mutated(GOLDEN_PACKETS[0]), mutated(GOLDEN_REPORT))
@settings(max_examples=150, deadline=None)
def test_packets_are_read_or_refused(packet: bytes, report: bytes) -> None:
    with contextlib.suppress(WireError):
        parse_rtp(packet)
    with contextlib.suppress(WireError):
        parse_rtcp(report)


@pytest.mark.parametrize("coding", [H264, H265])
@given(packets=st.data(), datagrams=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_stream_of_any_packets_gives_units_or_ends(coding: Coding, packets: st.DataObject, datagrams: bool) -> None:
    golden = GOLDEN_PACKETS if coding is H264 else GOLDEN_H265_PACKETS
    changed = packets.draw(st.tuples(*map(mutated, golden)))
    order = packets.draw(st.permutations(range(len(golden))))
    reception = Reception(VideoTrack(96, "", "", coding), 1, datagrams)
    with contextlib.suppress(WireError):
        for number in order if datagrams else range(len(golden)):
            for unit in reception.receive(changed[number], NOW):
                assert all(unit.nals)
    reception.receiver_report(2.0)


@given(
    st.floats(-1, 2),
    st.integers(-(2**40), 2**40),
    st.integers(0, 2**40),
    st.integers(0, 2**64 - 1),
    st.floats(-9, 1e6),
)
@settings(max_examples=60, deadline=None)
def test_any_reception_can_be_reported(fraction: float, lost: int, jitter: int, ntp: int, delay: float) -> None:
    report = Report(7, min(1.0, max(0.0, fraction)), lost, lost & 0xFFFFFFFFFF, jitter, ntp, delay)
    assert parse_rtcp(receiver_report(1, report)) == []
