"""Bits of parameter sets, as H.264 and H.265 both write them, and the part of their VUI that is the same.

Exp-Golomb codes (ITU-T H.264 9.1, H.265 9.2), emulation prevention (H.264 7.4.1, H.265 7.4.2), sample aspect ratios.
"""

from __future__ import annotations

from storage.media.errors import UnsupportedVideo

MAX_PARAMETER_SET_BYTES = 0xFFFF  # avcC and hvcC hold the length in 16 bits (ISO/IEC 14496-15 5.3.3.1, 8.3.3.1)

_EXTENDED_SAR = 255  # H.264 table E-1, H.265 table E.1
_SAMPLE_ASPECT_RATIOS = (
    (0, 0), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
    (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip


class Bits:
    """Bits of a NAL unit behind its header, most significant first, emulation prevention removed."""

    def __init__(self, behind_header: bytes) -> None:
        payload = _without_emulation_prevention(behind_header)
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
        """ue(v). Raises UnsupportedVideo above ``maximum``."""
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
        """se(v)."""
        code = self.unsigned(what)
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _without_emulation_prevention(data: bytes) -> bytes:
    """The byte 3 after two zero bytes was put in by the encoder."""
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        zeros = zeros + 1 if byte == 0 else 0
        out.append(byte)
    return bytes(out)


def pixel_aspect(bits: Bits) -> tuple[int, int] | None:
    """aspect_ratio_idc and what follows it; None where the camera does not say."""
    code = bits.take(8)
    pair = (0, 0)
    if code == _EXTENDED_SAR:
        pair = (bits.take(16), bits.take(16))
    elif code < len(_SAMPLE_ASPECT_RATIOS):
        pair = _SAMPLE_ASPECT_RATIOS[code]
    return pair if all(pair) else None


def skip_colours(bits: Bits) -> None:
    """overscan_info, video_signal_type and chroma_loc_info, which both codecs write alike."""
    if bits.flag():  # overscan_info_present_flag
        bits.flag()
    if bits.flag():  # video_signal_type_present_flag
        bits.take(4)
        if bits.flag():  # colour_description_present_flag
            bits.take(24)
    if bits.flag():  # chroma_loc_info_present_flag
        bits.unsigned("chroma_sample_loc_type_top_field", 5)
        bits.unsigned("chroma_sample_loc_type_bottom_field", 5)
