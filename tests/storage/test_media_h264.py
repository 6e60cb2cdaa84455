"""Parameter sets of H.264: what real encoders write, what only the standard allows, and garbage."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.media import UnsupportedVideo, VideoFormat, init_segment
from storage.media.h264 import parse_pps, parse_sps
from tests.storage.coded_video import BitWriter, at_any_pace, encode

SPS, PPS = 0x67, 0x68
PPS_OF_SPS_0 = BitWriter().ue(0, 0).put(0, 2).nal(PPS)


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
@pytest.mark.parametrize(
    ("width", "height"), [(1920, 1080), (1280, 720), (640, 360), (704, 576), (426, 240), (322, 182), (16, 16)]
)
def test_size_profile_and_rate_of_what_libx264_codes_are_read(width: int, height: int, profile: str) -> None:
    video = encode(width, height, 1, profile).format
    assert (video.codec, video.width, video.height) == ("h264", width, height)
    assert video.codec_string.startswith({"baseline": "avc1.42", "main": "avc1.4d", "high": "avc1.64"}[profile])
    assert video.nominal_fps == 25


@pytest.mark.parametrize(
    ("profile", "pixels", "chroma"), [("high422", "yuv422p", 2), ("high444", "yuv444p", 3), ("high", "gray", 0)]
)
def test_other_chroma_formats_are_cropped_by_their_own_unit(profile: str, pixels: str, chroma: int) -> None:
    video = encode(322, 182, 1, profile, pixels=pixels).format
    assert (video.width, video.height) == (322, 182)
    assert parse_sps(video.sps).chroma_format == chroma


def test_ten_bits_a_sample_are_read_and_told_in_avcc() -> None:
    video = encode(320, 192, 1, "high10", pixels="yuv420p10le").format
    sequence = parse_sps(video.sps)
    assert (sequence.profile, sequence.luma_bits, sequence.chroma_bits) == (110, 10, 10)
    assert video.pps + bytes((0xFC | 1, 0xF8 | 2, 0xF8 | 2, 0)) in init_segment(video)


def test_interlaced_pictures_have_their_full_height() -> None:
    video = encode(1920, 1080, 1, options=(("x264-params", "interlaced=1"),)).format
    assert (video.width, video.height) == (1920, 1080)


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(16, 11), Fraction(7, 5)])
def test_the_shape_of_pixels_is_read_and_told_in_pasp(aspect: Fraction) -> None:
    video = encode(720, 576, 1, "main", aspect=aspect).format
    assert parse_sps(video.sps).pixel_aspect == aspect.as_integer_ratio()
    pasp = b"pasp" + aspect.numerator.to_bytes(4, "big") + aspect.denominator.to_bytes(4, "big")
    assert pasp in init_segment(video)


def baseline(width_in_blocks: int = 40, rows_in_blocks: int = 30, order: BitWriter | None = None) -> BitWriter:
    """An SPS of the constrained baseline profile up to frame_mbs_only_flag, with pic_order_cnt_type 2."""
    writer = order or BitWriter().put(66, 8).put(0xC0, 8).put(31, 8).ue(0, 0, 2)
    return writer.ue(1).put(0, 1).ue(width_in_blocks - 1, rows_in_blocks - 1)


@at_any_pace
@given(st.integers(1, 300), st.integers(1, 200), st.tuples(*(st.integers(0, 7) for _ in range(4))))
def test_any_size_and_cropping_is_read_as_written(columns: int, rows: int, crop: tuple[int, int, int, int]) -> None:
    left, right, top, bottom = crop
    sps = baseline(columns, rows).put(1, 1).put(1, 1).put(1, 1).ue(*crop).put(0, 1).nal(SPS)
    width, height = 16 * columns - 2 * (left + right), 16 * rows - 2 * (top + bottom)
    if width <= 0 or height <= 0:
        with pytest.raises(UnsupportedVideo, match="leaves no picture"):
            parse_sps(sps)
    else:
        video = VideoFormat.from_h264(sps, PPS_OF_SPS_0)
        assert (video.width, video.height, video.nominal_fps) == (width, height, None)


def test_picture_order_by_a_cycle_is_stepped_over() -> None:
    order = BitWriter().put(66, 8).put(0, 8).put(30, 8).ue(0, 0, 1).put(0, 1).se(-3, 4).ue(3).se(-100, 0, 77)
    assert parse_sps(baseline(order=order).put(0b1100, 4).nal(SPS)).width == 640


def test_scaling_lists_are_stepped_over() -> None:
    order = BitWriter().put(100, 8).put(0, 8).put(31, 8).ue(0, 1, 0, 0).put(0, 1).put(1, 1)
    order.put(1, 1).se(*[1] * 16)  # a full list of 16
    order.put(1, 1).se(-8)  # the next scale is 0: the default list
    order.put(0, 4)
    order.put(1, 1).se(*[-1, 2] * 32).put(0, 1)
    order.ue(0, 2)
    assert parse_sps(baseline(order=order).put(0b1100, 4).nal(SPS)).height == 480


def test_a_rate_whose_bytes_need_emulation_prevention_is_read() -> None:
    sps = baseline().put(0b1101, 4).put(0b0000, 4).put(1, 1).put(1, 32).put(30, 32).put(1, 1).nal(SPS)
    assert b"\0\0\3" in sps
    assert parse_sps(sps).frames_per_second == 15


def test_a_rate_of_no_units_in_a_tick_is_no_rate() -> None:
    sps = baseline().put(0b1101, 4).put(0b0000, 4).put(1, 1).put(0, 32).put(30, 32).put(1, 1).nal(SPS)
    assert parse_sps(sps).frames_per_second is None


def test_a_vui_that_is_cut_short_is_forgiven() -> None:
    sps = baseline().put(0b1101, 4).put(1, 1).put(255, 8).put(4, 16).put(3, 16).put(0b0001, 4).put(1, 7).nal(SPS)
    sequence = parse_sps(sps)
    assert (sequence.width, sequence.pixel_aspect, sequence.frames_per_second) == (640, (4, 3), None)


@pytest.mark.parametrize(
    "sps",
    [
        b"",
        b"\x67",
        b"\x67\x42\xc0\x1f",
        b"\x68" + baseline().put(0b1100, 4).nal(SPS)[1:],
        b"\xe7" + baseline().put(0b1100, 4).nal(SPS)[1:],
        BitWriter().put(66, 8).put(0, 8).put(31, 8).ue(32).nal(SPS),
        BitWriter().put(66, 8).put(0, 8).put(31, 8).put(0, 64).nal(SPS),
        baseline(2000, 2000).put(0b1100, 4).nal(SPS),
        baseline(1000, 1000).put(0b1100, 4).nal(SPS),
        baseline().put(0b1100, 4).nal(SPS) + bytes(70_000),
    ],
)
def test_what_is_no_sequence_parameter_set_is_unsupported(sps: bytes) -> None:
    with pytest.raises(UnsupportedVideo):
        VideoFormat.from_h264(sps, PPS_OF_SPS_0)


@pytest.mark.parametrize("pps", [b"", b"\x68", b"\x67\xc0", b"\x68\x00\x00", BitWriter().ue(0, 5).nal(PPS)])
def test_a_picture_parameter_set_that_is_none_or_of_another_sequence_is_unsupported(pps: bytes) -> None:
    with pytest.raises(UnsupportedVideo):
        VideoFormat.from_h264(baseline().put(0b1100, 4).nal(SPS), pps)


@at_any_pace
@given(st.binary(max_size=80), st.sampled_from([b"", b"\x67", b"\x67\x64\x00\x1f", b"\x67\x42\x00\x1f"]))
def test_garbage_raises_unsupported_video_and_nothing_else(garbage: bytes, head: bytes) -> None:
    for parse in (parse_sps, parse_pps):
        try:
            parse(head + garbage)
        except UnsupportedVideo:
            continue


@at_any_pace
@given(st.data())
def test_a_mutated_parameter_set_gives_a_storable_format_or_unsupported_video(data: st.DataObject) -> None:
    video = encode(640, 360, 1).format
    sps = bytearray(video.sps)
    sps[data.draw(st.integers(0, len(sps) - 1))] = data.draw(st.integers(0, 255))
    try:
        init_segment(VideoFormat.from_h264(bytes(sps), video.pps))
    except UnsupportedVideo:
        return
