"""The relay's format: what goes in comes out, and nothing else is taken."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.relay import wire
from ingest.relay.wire import HEAD_BYTES, Ended, Kind, LiveUnit, MalformedRelay
from storage.media import Codec, VideoFormat
from tests.ingest.pictures import unit, video_format


def _body(message: bytes, kind: Kind) -> bytes:
    found, length = wire.head(message[:HEAD_BYTES])
    assert (found, length) == (kind, len(message) - HEAD_BYTES)
    return message[HEAD_BYTES:]


@pytest.mark.parametrize("damaged", [False, True])
def test_a_unit_comes_out_as_it_went_in(damaged: bool) -> None:
    sent = replace(unit(15, damaged=damaged), rtp_time=-5)
    got = wire.unit_of(_body(wire.unit_message(sent), Kind.UNIT), video_format(), skipped=True)
    assert got == LiveUnit(sent.arrived, -5, True, damaged, sent.nals, sent.format, skipped=True)


def test_a_format_comes_out_as_it_went_in() -> None:
    assert wire.format_of(_body(wire.format_message(video_format()), Kind.FORMAT)) == video_format()


@pytest.mark.parametrize("camera", ["c", "sg-001-c1", "摄像机", "x" * 255])
def test_a_request_is_understood_only_when_it_is_whole(camera: str) -> None:
    said = wire.request(camera)
    assert all(wire.requested(said[:end]) is None for end in range(len(said)))
    assert wire.requested(said) == camera
    with pytest.raises(MalformedRelay):
        wire.requested(said + b"x")


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1", b"KJR2\x01c", b"KJR1\x00", b"KJR1\x01\xff", b"\x00"])
def test_what_is_no_request_is_refused(said: bytes) -> None:
    with pytest.raises(MalformedRelay):
        wire.requested(said)


@pytest.mark.parametrize("camera", ["", "x" * 256])
def test_a_name_that_fits_no_request_is_refused(camera: str) -> None:
    with pytest.raises(ValueError, match="255"):
        wire.request(camera)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_are_read_or_refused_with_the_formats_own_error(noise: bytes, cut: int) -> None:
    whole = wire.unit_message(unit(0))[HEAD_BYTES:]
    for data in (noise, whole[:cut] + noise, noise + whole[:cut]):
        with suppress(MalformedRelay):
            wire.unit_of(data, video_format())
        with suppress(MalformedRelay):
            wire.format_of(data)
        with suppress(MalformedRelay):
            wire.ended_of(data)
        with suppress(MalformedRelay):
            wire.requested(data)
        if len(data) >= HEAD_BYTES:
            with suppress(MalformedRelay):
                wire.head(data[:HEAD_BYTES])


def test_a_message_without_end_is_refused() -> None:
    with pytest.raises(MalformedRelay):
        wire.head((wire.MOST_MESSAGE_BYTES + 1).to_bytes(4, "big") + b"\x02")
    assert wire.ended_of(bytes((Ended.FULL,))) is Ended.FULL


def test_a_jpeg_format_comes_back_with_its_size() -> None:
    video = VideoFormat(Codec.JPEG, 1280, 720)
    said = wire.format_message(video)
    assert wire.format_of(said[wire.HEAD_BYTES :]) == video
    with pytest.raises(wire.MalformedRelay, match="size"):
        wire.format_of(b"\x03" + bytes(6))
