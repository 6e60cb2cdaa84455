"""What H.264 parameter sets say: size, profile, pixel shape, frame rate, reordering (ITU-T H.264 7.3.2.1, E.1).

Reads sequence parameter sets and the head of picture parameter sets, and writes and reads the ``avcC`` record that
holds both (ISO/IEC 14496-15 5.3.3.1.2). Of slices it reads no more than their kind; it decodes nothing.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass

from storage.media.bits import MAX_PARAMETER_SET_BYTES, Bits, pixel_aspect, skip_colours
from storage.media.errors import BrokenFile, UnsupportedVideo

NAL_SPS = 7
NAL_PPS = 8
NAL_ACCESS_UNIT_DELIMITER = 9
LEFT_OUT = frozenset({NAL_SPS, NAL_PPS, NAL_ACCESS_UNIT_DELIMITER})
SLICES = range(1, 6)
HEADER_BYTES = 1

_SLICE_HEAD_BYTES = 12  # more than the two codes at its beginning take
_B_SLICES = (1, 6)  # table 7-6
_BASELINE = 66
_ORDERED_LIKE_CODED = 2  # pic_order_cnt_type, 8.2.1.3
# E.2.1, max_num_reorder_frames: profiles which, with constraint_set3_flag, code every picture for itself
_PROFILES_OF_INTRA = frozenset({44, 86, 100, 110, 122, 244})
_CONSTRAINT_SET_3 = 0x10

# 7.3.2.1.1: the profiles whose SPS carries chroma format, bit depths and scaling lists
_PROFILES_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_PROFILES_WITHOUT_CHROMA = frozenset({66, 77, 88})  # 14496-15 5.3.3.1.2: all others extend avcC
_COUNT_AND_LENGTH = struct.Struct(">BH")
_MAX_FRAME_MACROBLOCKS = 139_264  # Table A-1, level 6.2
_MAX_SIDE_MACROBLOCKS = 1055  # A.3.1 f and g: sqrt(8 * MaxFS)


def nal_type(nal: bytes) -> int:
    """nal_unit_type of a NAL unit without start code; ``nal`` is not empty."""
    return nal[0] & 0x1F


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """What we need of one SPS. ``width`` and ``height`` are pixels after cropping.

    ``reorder`` is how many pictures may come before one that is shown before them, None where it is not told.
    """

    id: int
    profile: int
    constraints: int
    level: int
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
    """What the VUI said up to where it could be read."""

    aspect: tuple[int, int] | None = None
    frames_per_second: float | None = None
    reorder: int | None = None


def _check_header(nal: bytes, wanted: int, name: str) -> None:
    if not 4 <= len(nal) <= MAX_PARAMETER_SET_BYTES and not (wanted == NAL_PPS and 2 <= len(nal) < 4):
        raise UnsupportedVideo(f"a {name} parameter set of {len(nal)} bytes")
    if nal[0] & 0x80 or nal_type(nal) != wanted:
        raise UnsupportedVideo(f"not a {name} parameter set: first byte {nal[0]:#04x}")


def parse_pps(pps: bytes) -> int:
    """The id of the sequence parameter set that a PPS belongs to (7.3.2.2). Raises UnsupportedVideo."""
    _check_header(pps, NAL_PPS, "picture")
    bits = Bits(pps[1:])
    bits.unsigned("pic_parameter_set_id", 255)
    return bits.unsigned("seq_parameter_set_id", 31)


def parse_sps(sps: bytes) -> SequenceParameters:
    """Read an SPS NAL unit (7.3.2.1.1). Raises UnsupportedVideo for garbage.

    A VUI that is cut short is forgiven, as decoders do; what it would have said is then unknown.
    """
    _check_header(sps, NAL_SPS, "sequence")
    bits = Bits(sps[1:])
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    sequence_id = bits.unsigned("seq_parameter_set_id", 31)
    chroma, luma_bits, chroma_bits, separate_planes = 1, 8, 8, False
    if profile in _PROFILES_WITH_CHROMA:
        chroma, luma_bits, chroma_bits, separate_planes = _chroma(bits)
    bits.unsigned("log2_max_frame_num_minus4", 12)
    order_kind = _skip_picture_order(bits)
    bits.unsigned("max_num_ref_frames", 16)
    bits.flag()  # gaps_in_frame_num_value_allowed_flag
    width, height = _picture_size(bits, 0 if separate_planes else chroma)
    usability = _usability(bits) if bits.flag() else _Usability()
    reorder = usability.reorder
    ordered = profile == _BASELINE or order_kind == _ORDERED_LIKE_CODED
    if ordered or (reorder is None and profile in _PROFILES_OF_INTRA and constraints & _CONSTRAINT_SET_3):
        reorder = 0
    return SequenceParameters(
        sequence_id,
        profile,
        constraints,
        level,
        chroma,
        luma_bits,
        chroma_bits,
        width,
        height,
        usability.aspect,
        usability.frames_per_second,
        reorder,
    )


def is_bipredicted(nal: bytes) -> bool:
    """Whether a NAL unit is a B slice (7.3.3): its picture may be shown before one that was coded before it."""
    if not nal or nal_type(nal) not in SLICES:
        return False
    bits = Bits(nal[HEADER_BYTES : HEADER_BYTES + _SLICE_HEAD_BYTES])
    try:
        bits.unsigned("first_mb_in_slice")
        return bits.unsigned("slice_type", 9) in _B_SLICES
    except UnsupportedVideo:
        return False


def _chroma(bits: Bits) -> tuple[int, int, int, bool]:
    """chroma_format_idc, luma and chroma bit depth, separate_colour_plane_flag; steps over scaling lists."""
    chroma = bits.unsigned("chroma_format_idc", 3)
    separate = bits.flag() if chroma == 3 else False
    luma_bits = 8 + bits.unsigned("bit_depth_luma_minus8", 6)
    chroma_bits = 8 + bits.unsigned("bit_depth_chroma_minus8", 6)
    bits.flag()  # qpprime_y_zero_transform_bypass_flag
    if bits.flag():  # seq_scaling_matrix_present_flag
        for index in range(12 if chroma == 3 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma_bits, chroma_bits, separate


def _skip_scaling_list(bits: Bits, length: int) -> None:
    """7.3.2.1.1.1"""
    last, following = 8, 8
    for _ in range(length):
        if following != 0:
            following = (last + bits.signed("delta_scale")) % 256
        last = following or last


def _skip_picture_order(bits: Bits) -> int:
    """pic_order_cnt_type; steps over what belongs to it."""
    kind = bits.unsigned("pic_order_cnt_type", 2)
    if kind == 0:
        bits.unsigned("log2_max_pic_order_cnt_lsb_minus4", 12)
    elif kind == 1:
        bits.flag()  # delta_pic_order_always_zero_flag
        bits.signed("offset_for_non_ref_pic")
        bits.signed("offset_for_top_to_bottom_field")
        for _ in range(bits.unsigned("num_ref_frames_in_pic_order_cnt_cycle", 255)):
            bits.signed("offset_for_ref_frame")
    return kind


def _picture_size(bits: Bits, chroma_array: int) -> tuple[int, int]:
    """Width and height in pixels after cropping (equations 7-13 to 7-22)."""
    columns = bits.unsigned("pic_width_in_mbs_minus1", _MAX_SIDE_MACROBLOCKS - 1) + 1
    rows = bits.unsigned("pic_height_in_map_units_minus1", _MAX_SIDE_MACROBLOCKS - 1) + 1
    frames_only = bits.flag()
    if not frames_only:
        rows *= 2
        bits.flag()  # mb_adaptive_frame_field_flag
    if rows > _MAX_SIDE_MACROBLOCKS or rows * columns > _MAX_FRAME_MACROBLOCKS:
        raise UnsupportedVideo(f"a picture of {columns * 16}x{rows * 16} is larger than any level of H.264")
    bits.flag()  # direct_8x8_inference_flag
    width, height = columns * 16, rows * 16
    if bits.flag():  # frame_cropping_flag
        unit_x = 2 if chroma_array in (1, 2) else 1
        unit_y = (2 if chroma_array == 1 else 1) * (1 if frames_only else 2)
        left, right, top, bottom = (bits.unsigned("frame_crop_offset") for _ in range(4))
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise UnsupportedVideo("the cropping leaves no picture")
    return width, height


def _usability(bits: Bits) -> _Usability:
    """Sample aspect ratio, frame rate and reordering of the VUI (E.1.1), as far as it can be read."""
    found = _Usability()
    with contextlib.suppress(UnsupportedVideo):
        if bits.flag():  # aspect_ratio_info_present_flag
            found.aspect = pixel_aspect(bits)
        skip_colours(bits)
        if bits.flag():  # timing_info_present_flag
            found.frames_per_second = _frame_rate(bits)
            bits.flag()  # fixed_frame_rate_flag
        present = [bits.flag() and _skip_hypothetical_decoder(bits) for _ in range(2)]  # nal_hrd, vcl_hrd
        bits.take(2 if any(present) else 1)  # low_delay_hrd_flag, pic_struct_present_flag
        if bits.flag():  # bitstream_restriction_flag
            bits.flag()  # motion_vectors_over_pic_boundaries_flag
            for _ in range(4):  # bytes of a picture, bits of a macroblock, lengths of vectors
                bits.unsigned("a code of the bitstream restriction")
            found.reorder = bits.unsigned("max_num_reorder_frames", 16)
    return found


def _skip_hypothetical_decoder(bits: Bits) -> bool:
    """hrd_parameters (E.1.2); true, since they are there."""
    count = 1 + bits.unsigned("cpb_cnt_minus1", 31)
    bits.take(8)  # bit_rate_scale, cpb_size_scale
    for _ in range(count):
        bits.unsigned("bit_rate_value_minus1")
        bits.unsigned("cpb_size_value_minus1")
        bits.flag()
    bits.take(20)  # lengths of delays and of the time offset
    return True


def _frame_rate(bits: Bits) -> float | None:
    """Two ticks of the VUI's clock make a frame (E.2.1, equation D-2 with fields as units)."""
    units_in_tick, time_scale = bits.take(32), bits.take(32)
    return time_scale / (2 * units_in_tick) if units_in_tick and time_scale else None


def decoder_configuration(sps: bytes, pps: bytes) -> bytes:
    """AVCDecoderConfigurationRecord with 4-byte lengths and one set of each kind. Raises UnsupportedVideo."""
    sequence = parse_sps(sps)
    head = bytes((1, sequence.profile, sequence.constraints, sequence.level, 0xFC | 3, 0xE0 | 1))
    sets = struct.pack(">H", len(sps)) + sps + b"\1" + struct.pack(">H", len(pps)) + pps
    if sequence.profile in _PROFILES_WITHOUT_CHROMA:
        return head + sets
    chroma = (0xFC | sequence.chroma_format, 0xF8 | sequence.luma_bits - 8, 0xF8 | sequence.chroma_bits - 8, 0)
    return head + sets + bytes(chroma)


def configured_sets(record: bytes) -> tuple[bytes, bytes]:
    """SPS and PPS of a record that ``decoder_configuration`` made. Raises BrokenFile."""
    if len(record) < 6 or record[0] != 1 or record[4] & 3 != 3:
        raise BrokenFile("avcC does not announce 4-byte lengths in version 1")
    sets: list[bytes] = []
    at = 5
    for count_mask in (0x1F, 0xFF):
        if len(record) < at + _COUNT_AND_LENGTH.size:
            raise BrokenFile("avcC ends too early")
        count, length = _COUNT_AND_LENGTH.unpack_from(record, at)
        at += _COUNT_AND_LENGTH.size
        if count & count_mask != 1 or at + length > len(record):
            raise BrokenFile("avcC does not hold one parameter set of each kind")
        sets.append(record[at : at + length])
        at += length
    return sets[0], sets[1]
