"""WebSocket frames from both ends: what RFC 6455 says, and bytes of somebody hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.live import wire
from dashboard.live.wire import Close, Frame, Hearing, MalformedFrame, Opcode

AT = datetime(2026, 5, 1, 1, 2, 3, 456789, tzinfo=UTC)


def masked(opcode: int, payload: bytes, mask: bytes = b"\x01\x02\x03\x04", *, first: int = 0x80) -> bytes:
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    body = bytes(each ^ mask[at % 4] for at, each in enumerate(payload))
    return bytes([first | opcode]) + length + mask + body


def test_the_answer_to_a_key_is_that_of_the_rfc() -> None:
    assert wire.accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert wire.is_key("dGhlIHNhbXBsZSBub25jZQ==")
    assert not any(map(wire.is_key, ("", "dGhl", "not base64!!", "dGhlIHNhbXBsZSBub25jZQ==x", "ü" * 24)))


def test_frames_are_those_of_the_rfc() -> None:
    assert wire.frame(Opcode.TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    assert wire.frame(Opcode.BINARY, bytes(256))[:4] == bytes.fromhex("827e0100")
    assert wire.frame(Opcode.BINARY, bytes(65536))[:10] == bytes.fromhex("827f0000000000010000")
    (heard,) = Hearing().feed(bytes.fromhex("818537fa213d7f9f4d5158"))
    assert heard == Frame(Opcode.TEXT, b"Hello")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bytes.fromhex("810548656c6c6f"), Close.PROTOCOL_ERROR),  # not masked
        (masked(1, b"a", first=0x00), Close.PROTOCOL_ERROR),  # in parts
        (masked(1, b"a", first=0xC0), Close.PROTOCOL_ERROR),  # an extension
        (masked(0, b"a"), Close.PROTOCOL_ERROR),
        (masked(3, b"a"), Close.PROTOCOL_ERROR),
        (masked(9, bytes(126)), Close.PROTOCOL_ERROR),
        (masked(1, bytes(257)), Close.TOO_LARGE),
        (bytes.fromhex("81ff") + (1 << 40).to_bytes(8, "big"), Close.TOO_LARGE),
    ],
)
def test_what_a_client_may_not_send_is_refused_before_it_is_kept(data: bytes, code: Close) -> None:
    with pytest.raises(MalformedFrame) as caught:
        list(Hearing().feed(data))
    assert caught.value.code is code


@given(st.lists(st.binary(max_size=256), max_size=6), st.data())
def test_messages_come_whole_however_the_network_cuts_them(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(masked(1, payload) for payload in payloads)
    hearing, heard = Hearing(), list[bytes]()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        heard += [each.payload for each in hearing.feed(stream[:size])]
        stream = stream[size:]
    assert heard == payloads


@given(st.binary(max_size=600))
def test_any_bytes_are_frames_or_refused_and_little_of_them_is_kept(data: bytes) -> None:
    hearing = Hearing()
    try:
        for each in hearing.feed(data):
            assert len(each.payload) <= wire.MOST_HEARD_BYTES
    except MalformedFrame:
        return
    assert len(hearing._buffer) <= wire.MOST_HEARD_BYTES + 8


def test_a_picture_carries_its_arrival_and_says_whether_it_is_a_key_frame_or_from_the_past() -> None:
    framed = wire.pictures_frame(b"fragment", 3, AT, key=True, past=True)
    kind, flags, count, arrived, data = wire.opened(framed[2:])
    assert (kind, flags, count, data) == (wire.PICTURES, wire.KEY | wire.PAST, 3, b"fragment")
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=arrived) == AT
    assert wire.opened(wire.head_frame(b"head", AT)[2:])[0] == wire.HEAD
    with pytest.raises(ValueError, match="envelope"):
        wire.opened(b"short")
