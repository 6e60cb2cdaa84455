"""RTSP as text: cut out of a stream anywhere, and passwords checked as the RFCs compute it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.rtsp_text import Interleaved, MalformedRequest, Request, RequestReader, digest_response

STREAM = (
    b"OPTIONS rtsp://h/live RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    b"$\x01\x00\x03abc"
    b"SET_PARAMETER rtsp://h/live RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nx: y"
    b"\r\nPLAY rtsp://h/live RTSP/1.0\r\nSession: 7\r\n\r\n"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_stream_gives_the_same_requests_wherever_it_is_cut(cuts: list[int]) -> None:
    reader = RequestReader()
    edges = [0, *sorted(cuts), len(STREAM)]
    found = [item for at, end in pairwise(edges) for item in reader.feed(STREAM[at:end])]
    assert [item.method for item in found if isinstance(item, Request)] == ["OPTIONS", "SET_PARAMETER", "PLAY"]
    assert [item for item in found if isinstance(item, Interleaved)] == [Interleaved(1, b"abc")]


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 20_000, b"A b RTSP/1.0\r\nContent-Length: x\r\n\r\n"]
)
def test_what_is_no_request_is_refused(junk: bytes) -> None:
    with pytest.raises(MalformedRequest):
        RequestReader().feed(junk)


def test_digest_agrees_with_the_example_of_rfc_2617() -> None:
    given_by_client = {
        "username": "Mufasa",
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
    }
    assert digest_response("md5", "GET", "Circle Of Life", given_by_client) == "6629fae49393a05397450978507c4ef1"


def test_digest_agrees_with_the_sha_256_example_of_rfc_7616() -> None:
    given_by_client = {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }
    expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert digest_response("sha256", "GET", "Circle of Life", given_by_client) == expected
