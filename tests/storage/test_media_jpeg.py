"""What a JPEG tells of itself, and how a file names Motion JPEG."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.media import BrokenFile, Codec, Ledger, UnsupportedVideo, VideoFormat, fragment, init_segment, read_index
from storage.media.jpeg import CONFIGURATION, picture_size
from tests.storage.coded_video import at_any_pace, encode_jpeg

PICTURE = encode_jpeg(322, 182).units[0][0]


def test_a_picture_tells_its_size() -> None:
    assert picture_size(PICTURE) == (322, 182)
    assert VideoFormat.from_jpeg(PICTURE) == VideoFormat(Codec.JPEG, 322, 182)


def test_fill_bytes_and_markers_without_a_length_are_stepped_over() -> None:
    assert picture_size(PICTURE[:2] + b"\xff\xff\xff\x01" + PICTURE[2:]) == (322, 182)


@pytest.mark.parametrize(
    "picture",
    [b"", b"\xff\xd8", PICTURE[1:], PICTURE[:2] + b"\xff\xd9" + PICTURE[2:], PICTURE[:2] + b"\0" + PICTURE[2:]],
)
def test_what_has_no_frame_header_is_refused(picture: bytes) -> None:
    with pytest.raises(UnsupportedVideo, match="JPEG"):
        picture_size(picture)


@at_any_pace
@given(st.integers(0, 700), st.integers(0, 255), st.integers(0, 700))
def test_no_changed_or_cut_picture_is_anything_but_a_size_or_refused(at: int, value: int, end: int) -> None:
    changed = bytearray(PICTURE[:700])
    changed[at : at + 1] = bytes((value,))
    try:
        width, height = picture_size(bytes(changed[:end]))
    except UnsupportedVideo:
        return
    assert width > 0 and height > 0


def test_a_file_tells_format_and_samples_back() -> None:
    coded = encode_jpeg(frames=3)
    data = init_segment(coded.format) + fragment(
        1, 0, coded.samples(), datetime(2026, 5, 1, tzinfo=UTC), Ledger(0, 0.0, None), codec=Codec.JPEG
    )
    index = read_index(io.BytesIO(data))
    assert (index.format, index.format.codec_string, index.frames) == (coded.format, "mp4v.6C", 3)
    assert (index.format.nominal_fps, index.format.pixel_aspect) == (None, None)
    found = [data[s.offset : s.offset + s.size] for s in index.fragments[0].samples]
    assert found == [unit[0] for unit in coded.units]
    assert all(sample.key for sample in index.fragments[0].samples)


def test_another_object_type_than_jpeg_is_no_file_of_ours() -> None:
    head = init_segment(encode_jpeg().format)
    at = head.index(CONFIGURATION) + CONFIGURATION.index(b"\x6c")
    with pytest.raises(BrokenFile, match="esds"):
        read_index(io.BytesIO(head[:at] + b"\x20" + head[at + 1 :]))
