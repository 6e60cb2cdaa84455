"""What H.264 parameter sets say: picture size, profile, pixel shape, nominal frame rate (ITU-T H.264 7.3.2.1, E.1).

Reads sequence parameter sets and the head of picture parameter sets; knows nothing of slices, decodes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage.media.errors import UnsupportedVideo

NAL_SPS = 7
NAL_PPS = 8
NAL_ACCESS_UNIT_DELIMITER = 9

# 7.3.2.1.1: the profiles whose SPS carries chroma format, bit depths and scaling lists
_PROFILES_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_EXTENDED_SAR = 255  # Table E-1
_SAMPLE_ASPECT_RATIOS = (
    (0, 0), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
    (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip
_MAX_FRAME_MACROBLOCKS = 139_264  # Table A-1, level 6.2
_MAX_SIDE_MACROBLOCKS = 1055  # A.3.1 f and g: sqrt(8 * MaxFS)
_MAX_PARAMETER_SET_BYTES = 0xFFFF  # avcC holds the length in 16 bits (ISO/IEC 14496-15 5.3.3.1)


def nal_type(nal: bytes) -> int:
    """nal_unit_type of a NAL unit without start code; ``nal`` is not empty."""
    return nal[0] & 0x1F


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """What we need of one SPS. ``width`` and ``height`` are pixels after cropping."""

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


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """How a camera's pictures are coded: everything a decoder must know before the first of them.

    ``width`` and ``height`` are pixels after cropping; ``sps`` and ``pps`` are NAL units without start codes.
    """

    codec: str  # "h264"
    width: int
    height: int
    sps: bytes
    pps: bytes

    @classmethod
    def from_h264(cls, sps: bytes, pps: bytes) -> VideoFormat:
        """The format that two parameter sets describe. Raises UnsupportedVideo for anything unreadable."""
        sequence = parse_sps(sps)
        if parse_pps(pps) != sequence.id:
            raise UnsupportedVideo("the picture parameter set belongs to another sequence parameter set")
        return cls("h264", sequence.width, sequence.height, bytes(sps), bytes(pps))

    @property
    def codec_string(self) -> str:
        """RFC 6381: ``avc1.`` and profile, constraints and level in hexadecimal."""
        return f"avc1.{self.sps[1:4].hex()}"

    @property
    def nominal_fps(self) -> float | None:
        """Frames per second that the VUI announces (E.2.1), None where it says nothing. Cameras often lie."""
        return parse_sps(self.sps).frames_per_second


class _Bits:
    """Bits of a NAL unit's payload, most significant first, emulation prevention removed (7.3.1)."""

    def __init__(self, nal: bytes) -> None:
        payload = _without_emulation_prevention(nal[1:])
        self._value = int.from_bytes(payload, "big")
        self._left = 8 * len(payload)

    def take(self, count: int) -> int:
        """u(count). Raises UnsupportedVideo at the end of the payload."""
        if count > self._left:
            raise UnsupportedVideo("a parameter set ends too early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.take(1) == 1

    def unsigned(self, what: str, maximum: int = 2**32 - 2) -> int:
        """ue(v), clause 9.1. Raises UnsupportedVideo above ``maximum``."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > 32:
                raise UnsupportedVideo(f"{what} is no Exp-Golomb code")
        value = (1 << zeros) - 1 + self.take(zeros)
        if value > maximum:
            raise UnsupportedVideo(f"{what} is {value}, more than {maximum}")
        return value

    def signed(self, what: str) -> int:
        """se(v), clause 9.1.1."""
        code = self.unsigned(what)
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _without_emulation_prevention(data: bytes) -> bytes:
    """7.4.1: the byte 3 after two zero bytes was put in by the encoder."""
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        zeros = zeros + 1 if byte == 0 else 0
        out.append(byte)
    return bytes(out)


def _check_header(nal: bytes, wanted: int, name: str) -> None:
    if not 4 <= len(nal) <= _MAX_PARAMETER_SET_BYTES and not (wanted == NAL_PPS and 2 <= len(nal) < 4):
        raise UnsupportedVideo(f"a {name} parameter set of {len(nal)} bytes")
    if nal[0] & 0x80 or nal_type(nal) != wanted:
        raise UnsupportedVideo(f"not a {name} parameter set: first byte {nal[0]:#04x}")


def parse_pps(pps: bytes) -> int:
    """The id of the sequence parameter set that a PPS belongs to (7.3.2.2). Raises UnsupportedVideo."""
    _check_header(pps, NAL_PPS, "picture")
    bits = _Bits(pps)
    bits.unsigned("pic_parameter_set_id", 255)
    return bits.unsigned("seq_parameter_set_id", 31)


def parse_sps(sps: bytes) -> SequenceParameters:
    """Read an SPS NAL unit (7.3.2.1.1). Raises UnsupportedVideo for garbage.

    A VUI that is cut short is forgiven, as decoders do; what it would have said is then unknown.
    """
    _check_header(sps, NAL_SPS, "sequence")
    bits = _Bits(sps)
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    sequence_id = bits.unsigned("seq_parameter_set_id", 31)
    chroma, luma_bits, chroma_bits, separate_planes = 1, 8, 8, False
    if profile in _PROFILES_WITH_CHROMA:
        chroma, luma_bits, chroma_bits, separate_planes = _chroma(bits)
    bits.unsigned("log2_max_frame_num_minus4", 12)
    _skip_picture_order(bits)
    bits.unsigned("max_num_ref_frames", 16)
    bits.flag()  # gaps_in_frame_num_value_allowed_flag
    width, height = _picture_size(bits, 0 if separate_planes else chroma)
    aspect, rate = _usability(bits) if bits.flag() else (None, None)
    return SequenceParameters(
        sequence_id, profile, constraints, level, chroma, luma_bits, chroma_bits, width, height, aspect, rate
    )


def _chroma(bits: _Bits) -> tuple[int, int, int, bool]:
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


def _skip_scaling_list(bits: _Bits, length: int) -> None:
    """7.3.2.1.1.1"""
    last, following = 8, 8
    for _ in range(length):
        if following != 0:
            following = (last + bits.signed("delta_scale")) % 256
        last = following or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.unsigned("pic_order_cnt_type", 2)
    if kind == 0:
        bits.unsigned("log2_max_pic_order_cnt_lsb_minus4", 12)
    elif kind == 1:
        bits.flag()  # delta_pic_order_always_zero_flag
        bits.signed("offset_for_non_ref_pic")
        bits.signed("offset_for_top_to_bottom_field")
        for _ in range(bits.unsigned("num_ref_frames_in_pic_order_cnt_cycle", 255)):
            bits.signed("offset_for_ref_frame")


def _picture_size(bits: _Bits, chroma_array: int) -> tuple[int, int]:
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


def _usability(bits: _Bits) -> tuple[tuple[int, int] | None, float | None]:
    """Sample aspect ratio and frame rate of the VUI (E.1.1), as far as it can be read."""
    aspect: tuple[int, int] | None = None
    try:
        if bits.flag():  # aspect_ratio_info_present_flag
            aspect = _aspect(bits)
        if bits.flag():  # overscan_info_present_flag
            bits.flag()
        if bits.flag():  # video_signal_type_present_flag
            bits.take(4)
            if bits.flag():  # colour_description_present_flag
                bits.take(24)
        if bits.flag():  # chroma_loc_info_present_flag
            bits.unsigned("chroma_sample_loc_type_top_field", 5)
            bits.unsigned("chroma_sample_loc_type_bottom_field", 5)
        return aspect, _frame_rate(bits) if bits.flag() else None
    except UnsupportedVideo:
        return aspect, None


def _aspect(bits: _Bits) -> tuple[int, int] | None:
    code = bits.take(8)
    pair = (0, 0)
    if code == _EXTENDED_SAR:
        pair = (bits.take(16), bits.take(16))
    elif code < len(_SAMPLE_ASPECT_RATIOS):
        pair = _SAMPLE_ASPECT_RATIOS[code]
    return pair if all(pair) else None


def _frame_rate(bits: _Bits) -> float | None:
    """Two ticks of the VUI's clock make a frame (E.2.1, equation D-2 with fields as units)."""
    units_in_tick, time_scale = bits.take(32), bits.take(32)
    return time_scale / (2 * units_in_tick) if units_in_tick and time_scale else None
