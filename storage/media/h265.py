"""What H.265 parameter sets say: size, profile, pixel shape, frame rate, reordering (ITU-T H.265 7.3.2, E.2).

Reads video and sequence parameter sets and the head of picture parameter sets, and writes and reads the ``hvcC``
record that holds all three (ISO/IEC 14496-15 8.3.3.1.2); knows nothing of slices but their kinds, decodes nothing.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass

from storage.media.bits import MAX_PARAMETER_SET_BYTES, Bits, pixel_aspect, skip_colours
from storage.media.errors import BrokenFile, UnsupportedVideo

NAL_VPS = 32
NAL_SPS = 33
NAL_PPS = 34
NAL_ACCESS_UNIT_DELIMITER = 35
LEFT_OUT = frozenset({NAL_VPS, NAL_SPS, NAL_PPS, NAL_ACCESS_UNIT_DELIMITER})
SLICES = range(32)
SKIPPED_LEADING = frozenset({8, 9})  # RASL: shown before the key frame, and made from pictures before it too
BROKEN_LINKS = frozenset({16, 17, 18})  # BLA: what its skipped leading pictures were made from is not there
HEADER_BYTES = 2  # 7.3.1.2

_MAX_LUMA_SAMPLES = 35_651_584  # Table A.8, level 6.2
_MAX_SIDE = 16_888  # A.4.1 b and c: sqrt(8 * MaxLumaPs)
_RECORD_HEAD = struct.Struct(">B12sHBBBBHBB")
_ARRAY_HEAD = struct.Struct(">BHH")
_COMPLETE = 0x80  # array_completeness: no set of this kind is in band, as hvc1 demands


def nal_type(nal: bytes) -> int:
    """nal_unit_type of a NAL unit without start code; ``nal`` is not empty."""
    return nal[0] >> 1 & 0x3F


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """What we need of one SPS. ``width`` and ``height`` are pixels inside the conformance window.

    ``general`` holds the 12 bytes of the general profile, tier and level (7.3.3), which hvcC repeats. ``reorder`` is
    how many pictures may come before one that is shown before them, None where it could not be read.
    """

    id: int
    video_id: int
    general: bytes
    sub_layers: int
    temporal_id_nested: bool
    chroma_format: int
    luma_bits: int
    chroma_bits: int
    width: int
    height: int
    pixel_aspect: tuple[int, int] | None = None  # horizontal : vertical, None where the camera does not say
    frames_per_second: float | None = None
    reorder: int | None = None


@dataclass(slots=True)
class _Usability:
    """What stands behind the bit depths, up to where it could be read."""

    aspect: tuple[int, int] | None = None
    frames_per_second: float | None = None
    reorder: int | None = None


def _payload(nal: bytes, wanted: int, name: str) -> Bits:
    if not HEADER_BYTES < len(nal) <= MAX_PARAMETER_SET_BYTES:
        raise UnsupportedVideo(f"a {name} parameter set of {len(nal)} bytes")
    if nal[0] & 0x80 or nal_type(nal) != wanted:
        raise UnsupportedVideo(f"not a {name} parameter set: first byte {nal[0]:#04x}")
    return Bits(nal[HEADER_BYTES:])


def parse_vps(vps: bytes) -> int:
    """The id of a VPS (7.3.2.1). Raises UnsupportedVideo."""
    return _payload(vps, NAL_VPS, "video").take(4)


def parse_pps(pps: bytes) -> int:
    """The id of the sequence parameter set that a PPS belongs to (7.3.2.3.1). Raises UnsupportedVideo."""
    bits = _payload(pps, NAL_PPS, "picture")
    bits.unsigned("pps_pic_parameter_set_id", 63)
    return bits.unsigned("pps_seq_parameter_set_id", 15)


def parse_sps(sps: bytes) -> SequenceParameters:
    """Read an SPS NAL unit (7.3.2.2.1). Raises UnsupportedVideo for garbage.

    What stands behind the bit depths is only read for reordering and VUI; where it cannot be read, these, pixel shape
    and frame rate are unknown, and decoders will say whether more is wrong.
    """
    bits = _payload(sps, NAL_SPS, "sequence")
    video_id = bits.take(4)
    further_sub_layers = bits.take(3)
    if further_sub_layers > 6:
        raise UnsupportedVideo("a sequence parameter set with more than 7 sub-layers")
    nested = bits.flag()
    general = bits.take(96).to_bytes(12, "big")
    _skip_sub_layer_levels(bits, further_sub_layers)
    sequence_id = bits.unsigned("sps_seq_parameter_set_id", 15)
    chroma = bits.unsigned("chroma_format_idc", 3)
    separate_planes = bits.flag() if chroma == 3 else False
    width, height = _picture_size(bits, 0 if separate_planes else chroma)
    luma_bits = 8 + bits.unsigned("bit_depth_luma_minus8", 7)  # 8 would be allowed, but hvcC has 3 bits for it
    chroma_bits = 8 + bits.unsigned("bit_depth_chroma_minus8", 7)
    usability = _usability(bits, further_sub_layers)
    return SequenceParameters(
        sequence_id,
        video_id,
        general,
        further_sub_layers + 1,
        nested,
        chroma,
        luma_bits,
        chroma_bits,
        width,
        height,
        usability.aspect,
        usability.frames_per_second,
        usability.reorder,
    )


def _skip_sub_layer_levels(bits: Bits, further_sub_layers: int) -> None:
    """The part of profile_tier_level (7.3.3) about sub-layers."""
    present = [(bits.flag(), bits.flag()) for _ in range(further_sub_layers)]
    if further_sub_layers:
        bits.take(2 * (8 - further_sub_layers))  # reserved_zero_2bits
    for profile, level in present:
        bits.take((88 if profile else 0) + (8 if level else 0))


def _picture_size(bits: Bits, chroma_array: int) -> tuple[int, int]:
    """Width and height in pixels inside the conformance window (7.4.3.2.1, table 6-1)."""
    width = bits.unsigned("pic_width_in_luma_samples", _MAX_SIDE)
    height = bits.unsigned("pic_height_in_luma_samples", _MAX_SIDE)
    if width * height > _MAX_LUMA_SAMPLES:
        raise UnsupportedVideo(f"a picture of {width}x{height} is larger than level 6.2 of H.265 allows")
    if bits.flag():  # conformance_window_flag
        unit_x = 2 if chroma_array in (1, 2) else 1
        unit_y = 2 if chroma_array == 1 else 1
        left, right, top, bottom = (bits.unsigned("conf_win_offset") for _ in range(4))
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise UnsupportedVideo("the conformance window leaves no picture")
    return width, height


def _usability(bits: Bits, further_sub_layers: int) -> _Usability:
    """Reordering, sample aspect ratio and frame rate of the VUI (E.2.1), as far as they can be read."""
    found = _Usability()
    with contextlib.suppress(UnsupportedVideo):
        order_bits = 4 + bits.unsigned("log2_max_pic_order_cnt_lsb_minus4", 12)
        for _ in range(further_sub_layers + 1 if bits.flag() else 1):  # the last is of all sub-layers together
            bits.unsigned("sps_max_dec_pic_buffering_minus1")
            found.reorder = bits.unsigned("sps_max_num_reorder_pics", 15)
            bits.unsigned("sps_max_latency_increase_plus1")
        _skip_to_usability(bits, order_bits)
        if not bits.flag():  # vui_parameters_present_flag
            return found
        if bits.flag():  # aspect_ratio_info_present_flag
            found.aspect = pixel_aspect(bits)
        skip_colours(bits)
        bits.take(3)  # neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
        if bits.flag():  # default_display_window_flag
            _skip_codes(bits, 4)
        if bits.flag():  # vui_timing_info_present_flag
            found.frames_per_second = _frame_rate(bits)
    return found


def _skip_to_usability(bits: Bits, order_bits: int) -> None:
    """From the sizes of coding blocks to the flag before the VUI (7.3.2.2.1)."""
    _skip_codes(bits, 6)  # sizes of coding and transform blocks, depths of the transform hierarchy
    if bits.flag() and bits.flag():  # scaling_list_enabled_flag, sps_scaling_list_data_present_flag
        _skip_scaling_lists(bits)
    bits.take(2)  # amp_enabled_flag, sample_adaptive_offset_enabled_flag
    if bits.flag():  # pcm_enabled_flag
        bits.take(8)
        _skip_codes(bits, 2)  # sizes of PCM blocks
        bits.flag()
    _skip_reference_sets(bits)
    if bits.flag():  # long_term_ref_pics_present_flag
        bits.take((order_bits + 1) * bits.unsigned("num_long_term_ref_pics_sps", 32))
    bits.take(2)  # sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag


def _skip_codes(bits: Bits, count: int) -> None:
    for _ in range(count):
        bits.unsigned("a code of a sequence parameter set")


def _skip_scaling_lists(bits: Bits) -> None:
    """scaling_list_data (7.3.4)."""
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if not bits.flag():  # scaling_list_pred_mode_flag
                bits.unsigned("scaling_list_pred_matrix_id_delta", 5)
                continue
            if size > 1:
                bits.signed("scaling_list_dc_coef_minus8")
            for _ in range(min(64, 1 << (4 + (size << 1)))):
                bits.signed("scaling_list_delta_coef")


def _skip_reference_sets(bits: Bits) -> None:
    """The st_ref_pic_set of an SPS (7.3.7), of which each may be told as a change of the one before it."""
    before = 0  # NumDeltaPocs of the previous set
    for index in range(bits.unsigned("num_short_term_ref_pic_sets", 64)):
        if index and bits.flag():  # inter_ref_pic_set_prediction_flag
            bits.flag()  # delta_rps_sign
            bits.unsigned("abs_delta_rps_minus1", 2**15 - 1)
            # used_by_curr_pic_flag; where it is 0, use_delta_flag follows (7-61, 7-62)
            before = sum(bits.flag() or bits.flag() for _ in range(before + 1))
            continue
        before = bits.unsigned("num_negative_pics", 16) + bits.unsigned("num_positive_pics", 16)
        for _ in range(before):
            bits.unsigned("delta_poc_minus1", 2**15 - 1)
            bits.flag()


def _frame_rate(bits: Bits) -> float | None:
    """One tick of the VUI's clock is one picture (E.3.1)."""
    units_in_tick, time_scale = bits.take(32), bits.take(32)
    return time_scale / units_in_tick if units_in_tick and time_scale else None


def codec_string(sps: bytes) -> str:
    """RFC 6381 for ``hvc1`` (ISO/IEC 14496-15 E.3): profile, compatibility, tier and level, constraints."""
    general = parse_sps(sps).general
    space = ("", "A", "B", "C")[general[0] >> 6]
    compatible = int(f"{int.from_bytes(general[1:5], 'big'):032b}"[::-1], 2)
    tier = "H" if general[0] & 0x20 else "L"
    constraints = [f"{byte:X}" for byte in general[5:11].rstrip(b"\0")]
    return ".".join([f"hvc1.{space}{general[0] & 0x1F}", f"{compatible:X}", f"{tier}{general[11]}", *constraints])


def decoder_configuration(vps: bytes, sps: bytes, pps: bytes) -> bytes:
    """HEVCDecoderConfigurationRecord with 4-byte lengths and one set of each kind. Raises UnsupportedVideo."""
    sequence = parse_sps(sps)
    unknown = 0  # min_spatial_segmentation_idc, parallelismType and avgFrameRate promise nothing
    layers = sequence.sub_layers << 3 | sequence.temporal_id_nested << 2 | 3
    record = _RECORD_HEAD.pack(
        1,
        sequence.general,
        0xF000 | unknown,
        0xFC | unknown,
        0xFC | sequence.chroma_format,
        0xF8 | sequence.luma_bits - 8,
        0xF8 | sequence.chroma_bits - 8,
        unknown,
        layers,
        3,
    )
    for kind, nal in ((NAL_VPS, vps), (NAL_SPS, sps), (NAL_PPS, pps)):
        record += _ARRAY_HEAD.pack(_COMPLETE | kind, 1, len(nal)) + nal
    return record


def configured_sets(record: bytes) -> tuple[bytes, bytes, bytes]:
    """VPS, SPS and PPS of a record that ``decoder_configuration`` made. Raises BrokenFile."""
    if len(record) < _RECORD_HEAD.size or record[0] != 1 or record[21] & 3 != 3 or record[22] != 3:
        raise BrokenFile("hvcC does not announce 4-byte lengths and three arrays in version 1")
    sets: list[bytes] = []
    at = _RECORD_HEAD.size
    for wanted in (NAL_VPS, NAL_SPS, NAL_PPS):
        if len(record) < at + _ARRAY_HEAD.size:
            raise BrokenFile("hvcC ends too early")
        kind, count, length = _ARRAY_HEAD.unpack_from(record, at)
        at += _ARRAY_HEAD.size
        if (kind, count) != (_COMPLETE | wanted, 1) or at + length > len(record):
            raise BrokenFile("hvcC does not hold one parameter set of each kind")
        sets.append(record[at : at + length])
        at += length
    return sets[0], sets[1], sets[2]
