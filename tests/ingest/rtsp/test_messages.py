"""RTSP messages and the stream they come in."""

from __future__ import annotations

import pytest

from ingest.rtsp.address import parse_address
from ingest.rtsp.messages import (
    MAX_BODY_BYTES,
    Answer,
    Event,
    Frame,
    Headers,
    Request,
    StreamParser,
    frame,
    parameters,
)
from ingest.rtsp.wire import MalformedMessage

STREAM = (
    Answer(200, "OK", Headers([("CSeq", "3"), ("Session", "x")])).encode()
    + frame(0, b"\x80packet")
    + b"\r\n"
    + Request("OPTIONS", "rtsp://camera/", Headers([("CSeq", "1")])).encode()
    + frame(1, b"")
    + Answer(200, "OK", Headers([("CSeq", "4")]), b"v=0\r\n\r\nbody").encode()
)


def kinds(events: list[Event]) -> list[object]:
    return [event.channel if isinstance(event, Frame) else event.body for event in events]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, len(STREAM)])
def test_messages_and_frames_are_found_whatever_pieces_they_come_in(piece: int) -> None:
    parser = StreamParser()
    events = [event for at in range(0, len(STREAM), piece) for event in parser.feed(STREAM[at : at + piece])]
    assert kinds(events) == [b"", 0, b"", 1, b"v=0\r\n\r\nbody"]
    assert events[1] == Frame(0, b"\x80packet")
    assert parser.broken is None


def test_header_names_compare_without_case_and_may_repeat() -> None:
    [answer] = StreamParser().feed(
        b"RTSP/1.0 401 No\r\nwww-AUTHENTICATE: a\r\nWWW-Authenticate:b\r\nfolded: x\r\n y\r\n\r\n"
    )
    assert isinstance(answer, Answer)
    assert answer.headers.all("WWW-Authenticate") == ("a", "b")
    assert answer.headers.first("Folded") == "x y"
    assert answer.headers.first("absent") is None


def test_answers_with_bare_line_feeds_and_no_reason_are_read() -> None:
    assert StreamParser().feed(b"RTSP/1.0 200\nCSeq: 1\n\n") == [Answer(200, "", Headers([("CSeq", "1")]))]


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x00\x01\x02",
        b"RTSP/1.0 20 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"RTSP/1.0 200 OK\r\n" + b"a: b\r\n" * 4000,
    ],
)
def test_what_is_no_rtsp_ends_the_stream_but_not_what_came_before(garbage: bytes) -> None:
    parser = StreamParser()
    assert parser.feed(frame(5, b"x") + garbage) == [Frame(5, b"x")]
    assert isinstance(parser.broken, MalformedMessage)
    assert parser.feed(frame(5, b"x")) == []


def test_representations_hold_no_header_values() -> None:
    assert "geheim" not in repr(Request("PLAY", "*", Headers([("Authorization", "Basic geheim")])))


def test_parameters_are_split_and_unquoted() -> None:
    assert parameters('RTP/AVP;unicast;Interleaved=0-1;ssrc="1F"') == {
        "rtp/avp": "",
        "unicast": "",
        "interleaved": "0-1",
        "ssrc": "1F",
    }


@pytest.mark.parametrize(
    ("url", "request_url", "where"),
    [
        ("rtsp://a:b@cam/x?user=a&password=b", "rtsp://cam/x?user=a&password=b", "cam:554/x"),
        ("RTSP://cam:8554", "rtsp://cam:8554", "cam:8554"),
        (
            "rtsp://cam/user=admin_password=geheim_channel=1.sdp",
            "rtsp://cam/user=admin_password=geheim_channel=1.sdp",
            "cam:554/user=***",
        ),
        ("rtsp://[::1]:554/live", "rtsp://[::1]/live", "[::1]:554/live"),
    ],
)
def test_an_address_is_asked_for_in_full_and_shown_without_secrets(url: str, request_url: str, where: str) -> None:
    address = parse_address(url)
    assert (address.url, address.where) == (request_url, where)
    assert where in repr(address)


def test_a_login_in_an_address_is_decoded() -> None:
    login = parse_address("rtsp://ad%40min:p%3Aw@cam/").login
    assert login is not None
    assert (login.username, login.password) == ("ad@min", "p:w")
    assert "p:w" not in repr(login)
