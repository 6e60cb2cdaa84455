"""Parameter sets of H.265: what a real encoder writes, what only the standard allows, and garbage."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.media import BrokenFile, Codec, MediaError, UnsupportedVideo, VideoFormat, init_segment, read_index
from storage.media.h265 import configured_sets, decoder_configuration, parse_pps, parse_sps, parse_vps
from tests.storage.coded_video import BitWriter, Coded, at_any_pace, encode_h265

SPS, PPS, VPS = b"\x42\x01", b"\x44\x01", b"\x40\x01"
PPS_OF_SPS_0 = BitWriter().ue(0, 0).put(0, 8).nal(PPS)
VPS_0 = BitWriter().put(0, 16).nal(VPS)
MAIN_LEVEL_3_1 = 0x01_60000000_B00000000000_5D  # profile 1, compatible with 1 and 2, constraints B0, level 93


def sets_of(coded: Coded) -> tuple[bytes, bytes, bytes]:
    return coded.first(32), coded.first(33), coded.first(34)


def beginning(width: int = 640, height: int = 360, window: tuple[int, ...] = (), layers: int = 1) -> BitWriter:
    """An SPS up to log2_max_pic_order_cnt_lsb_minus4, which is 4."""
    writer = BitWriter().put(0, 4).put(layers - 1, 3).put(1, 1).put(MAIN_LEVEL_3_1, 96)
    for _ in range(layers - 1):
        writer.put(0b11, 2)
    if layers > 1:
        writer.put(0, 2 * (9 - layers)).put(1, 96 * (layers - 1))
    writer.ue(0, 1, width, height).put(bool(window), 1).ue(*window)
    return writer.ue(0, 0, 4)


def with_blocks(writer: BitWriter) -> BitWriter:
    """Buffering of one layer, block sizes and depths; the next bit is scaling_list_enabled_flag."""
    return writer.put(0, 1).ue(4, 0, 0).ue(0, 3, 0, 3, 0, 0)


def told_rate(writer: BitWriter) -> float | None:
    """What is read behind a VUI of a square pixel and 15 pictures a second."""
    writer.put(0, 2).put(1, 1).put(1, 1).put(1, 8).put(0, 3).put(0, 3).put(0, 1).put(1, 1).put(1, 32).put(15, 32)
    sequence = parse_sps(writer.put(0, 3).nal(SPS))
    assert sequence.pixel_aspect in ((1, 1), None)
    return sequence.frames_per_second


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (704, 576), (426, 240), (322, 182)])
def test_size_and_rate_of_what_libx265_codes_are_read(width: int, height: int) -> None:
    video = encode_h265(width, height, 1).format
    assert (video.codec, video.width, video.height) == (Codec.H265, width, height)
    assert video.nominal_fps == 25


def test_the_codec_string_is_the_one_that_browsers_know() -> None:
    sps = beginning(1280, 720).nal(SPS)
    assert VideoFormat.from_h265(VPS_0, sps, PPS_OF_SPS_0).codec_string == "hvc1.1.6.L93.B0"
    high = encode_h265(1280, 720, 1, "bframes=0:level-idc=4.0:high-tier=1:vbv-maxrate=20000:vbv-bufsize=20000")
    assert high.format.codec_string == "hvc1.1.6.H120.90"
    assert encode_h265(pixels="yuv420p10le").format.codec_string.startswith("hvc1.2.4.L")


@pytest.mark.parametrize(("pixels", "chroma", "bits"), [("yuv422p", 2, 8), ("yuv444p", 3, 8), ("yuv420p10le", 1, 10)])
def test_other_chroma_formats_and_depths_are_read_and_told_in_hvcc(pixels: str, chroma: int, bits: int) -> None:
    coded = encode_h265(322, 182, 1, pixels=pixels)
    sequence = parse_sps(coded.first(33))
    assert (sequence.width, sequence.height) == (322, 182)
    assert (sequence.chroma_format, sequence.luma_bits, sequence.chroma_bits) == (chroma, bits, bits)
    assert bytes((0xFC | chroma, 0xF8 | bits - 8, 0xF8 | bits - 8, 0, 0, 0x0F, 3)) in init_segment(coded.format)


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(16, 11), Fraction(7, 5)])
def test_the_shape_of_pixels_is_read_and_told_in_pasp(aspect: Fraction) -> None:
    video = encode_h265(720, 576, 1, aspect=aspect).format
    assert video.pixel_aspect == aspect.as_integer_ratio()
    assert b"pasp" + aspect.numerator.to_bytes(4, "big") + aspect.denominator.to_bytes(4, "big") in init_segment(
        video
    )


@at_any_pace
@given(st.integers(20, 4000), st.integers(20, 2000), st.tuples(*(st.integers(0, 4) for _ in range(4))))
def test_any_size_and_conformance_window_is_read_as_written(
    width: int, height: int, window: tuple[int, int, int, int]
) -> None:
    left, right, top, bottom = window
    sequence = parse_sps(beginning(width, height, window).nal(SPS))
    assert (sequence.width, sequence.height) == (width - 2 * (left + right), height - 2 * (top + bottom))


def test_levels_of_sub_layers_are_stepped_over() -> None:
    sequence = parse_sps(beginning(layers=3).nal(SPS))
    assert (sequence.sub_layers, sequence.temporal_id_nested, sequence.width) == (3, True, 640)


def test_scaling_lists_pcm_and_long_term_references_are_stepped_over() -> None:
    writer = with_blocks(beginning()).put(0b11, 2)
    for size in range(4):
        for matrix in range(0, 6, 3 if size == 3 else 1):
            if matrix == 0:
                writer.put(0, 1).ue(0)
            else:
                writer.put(1, 1).se(*([8] if size > 1 else []), *([-1] * min(64, 1 << (4 + 2 * size))))
    writer.put(0b11, 2).put(1, 1).put(0x77, 8).ue(0, 2).put(1, 1)
    writer.ue(0).put(1, 1).ue(2).put(0x55, 9).put(0x55, 9)
    assert told_rate(writer) == 15


def test_reference_sets_told_as_changes_of_others_are_stepped_over() -> None:
    writer = with_blocks(beginning()).put(0, 1).put(0, 2).put(0, 1).ue(3)
    writer.ue(2, 1).ue(0).put(1, 1).ue(1).put(1, 1).ue(0).put(1, 1)  # two before, one after
    writer.put(1, 1).put(0, 1).ue(0).put(1, 1).put(0b00, 2).put(0b01, 2).put(1, 1)  # of four, one is dropped
    writer.put(1, 1).put(1, 1).ue(5).put(0b1111, 4)
    assert told_rate(writer.put(0, 1)) == 15


def test_a_tail_that_cannot_be_read_is_forgiven() -> None:
    assert parse_sps(beginning().nal(SPS)).frames_per_second is None
    assert parse_sps(with_blocks(beginning()).put(0, 4).ue(65).nal(SPS)).width == 640


@pytest.mark.parametrize(
    "sps",
    [
        b"",
        b"\x42",
        b"\x42\x01",
        b"\x42\x01\x01\x01",
        b"\xc2" + beginning().nal(SPS)[1:],
        beginning().nal(PPS),
        beginning(0, 360).nal(SPS),
        beginning(16_888, 16_888).nal(SPS),
        beginning(640, 360, (160, 160, 0, 0)).nal(SPS),
        beginning().nal(SPS) + b"\1" * 65_536,
        BitWriter().put(0, 4).put(7, 3).put(1, 1).put(MAIN_LEVEL_3_1, 96).put(0, 90).nal(SPS),
    ],
)
def test_what_is_no_sequence_parameter_set_is_unsupported(sps: bytes) -> None:
    with pytest.raises(UnsupportedVideo):
        VideoFormat.from_h265(VPS_0, sps, PPS_OF_SPS_0)


@pytest.mark.parametrize(
    ("vps", "pps"),
    [
        (VPS_0, b""),
        (VPS_0, b"\x44\x01\x00\x00"),
        (VPS_0, VPS_0),
        (VPS_0, BitWriter().ue(0, 5).nal(PPS)),
        (b"", PPS_OF_SPS_0),
        (PPS_OF_SPS_0, PPS_OF_SPS_0),
        (BitWriter().put(3, 4).nal(VPS), PPS_OF_SPS_0),
    ],
)
def test_other_sets_that_are_none_or_of_another_sequence_are_unsupported(vps: bytes, pps: bytes) -> None:
    with pytest.raises(UnsupportedVideo):
        VideoFormat.from_h265(vps, beginning().nal(SPS), pps)


def test_the_head_of_a_file_gives_back_the_parameter_sets() -> None:
    video = encode_h265(640, 360, 1).format
    assert read_index(io.BytesIO(init_segment(video))).format == video


@at_any_pace
@given(st.binary(max_size=120), st.sampled_from([b"", VPS, SPS, PPS, SPS + b"\1\1\x60\0\0\0\xb0"]))
def test_garbage_raises_unsupported_video_and_nothing_else(garbage: bytes, head: bytes) -> None:
    for parse in (parse_vps, parse_sps, parse_pps):
        try:
            parse(head + garbage)
        except UnsupportedVideo:
            continue


@at_any_pace
@given(st.data())
def test_a_mutated_parameter_set_gives_a_storable_format_or_unsupported_video(data: st.DataObject) -> None:
    vps, sps, pps = sets_of(encode_h265(640, 360, 1))
    mutated = bytearray(sps)
    for _ in range(data.draw(st.integers(1, 3))):
        mutated[data.draw(st.integers(0, len(sps) - 1))] = data.draw(st.integers(0, 255))
    try:
        video = VideoFormat.from_h265(vps, bytes(mutated), pps)
    except UnsupportedVideo:
        return
    assert video.codec_string.startswith("hvc1.")
    assert read_index(io.BytesIO(init_segment(video))).format == video


@at_any_pace
@given(st.data())
def test_a_mutated_hvcc_gives_its_sets_or_a_media_error(data: st.DataObject) -> None:
    record = decoder_configuration(*sets_of(encode_h265(640, 360, 1)))
    mutated = bytearray(record)
    at = data.draw(st.integers(0, len(record) - 1))
    mutated[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        VideoFormat.from_configuration(Codec.H265, bytes(mutated), (320, 192))
    except MediaError:
        return


def test_an_hvcc_with_its_sets_elsewhere_is_broken() -> None:
    record = decoder_configuration(*sets_of(encode_h265(640, 360, 1)))
    for broken in (record[:22], record[:25], record[:-1], record[:22] + b"\2" + record[23:], b"\2" + record[1:]):
        with pytest.raises(BrokenFile):
            configured_sets(broken)
