"""How each codec lays its NAL units into RTP: H.264 by RFC 6184 (modes 0 and 1), H.265 by RFC 7798 (without DONs).

The two payload formats differ in the length of a header and in numbers, which stand here; what is done with them
stands once, in ``pictures``. Sources: ITU-T H.264 table 7-1, H.265 table 7-1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from storage.media import VideoFormat


@dataclass(frozen=True, slots=True)
class Coding:
    """One payload format. All types are NAL unit types, which payloads have too.

    The type lies in a header's first byte, ``type_shift`` bits from its end and ``type_mask`` wide. ``singles``
    travel alone in a packet, ``aggregate`` holds several units, ``fragment`` a piece of one. ``parameter_sets`` are
    in the order in which ``video_format`` takes them; the last kind is the picture's, of which there may be several.
    """

    name: str  # in SDP
    header_bytes: int
    type_shift: int
    type_mask: int
    singles: range
    aggregate: int
    fragment: int
    slices: range
    keys: range
    parameter_sets: tuple[int, ...]
    video_format: Callable[..., VideoFormat]

    def kind(self, nal: bytes) -> int:
        """The type of a NAL unit or payload, which is not empty."""
        return nal[0] >> self.type_shift & self.type_mask

    def header(self, payload: bytes, kind: int) -> bytes:
        """The header of the unit of type ``kind`` whose fragment ``payload`` is."""
        other_bits = payload[0] & ~(self.type_mask << self.type_shift)
        return bytes((other_bits | kind << self.type_shift,)) + payload[1 : self.header_bytes]

    def begins_picture(self, nal: bytes) -> bool:
        """Whether a slice is the first of its picture.

        The first bit behind the header says so: as first_slice_segment_in_pic_flag (H.265 7.3.6.1), or since the
        code of first_mb_in_slice 0 is that bit alone (H.264 7.3.3, 9.1).
        """
        return len(nal) > self.header_bytes and nal[self.header_bytes] >= 0x80


H264: Final = Coding(
    name="H264",
    header_bytes=1,
    type_shift=0,
    type_mask=0x1F,
    singles=range(1, 24),
    aggregate=24,  # STAP-A
    fragment=28,  # FU-A
    slices=range(1, 6),
    keys=range(5, 6),  # IDR
    parameter_sets=(7, 8),
    video_format=VideoFormat.from_h264,
)

H265: Final = Coding(
    name="H265",
    header_bytes=2,
    type_shift=1,
    type_mask=0x3F,
    singles=range(48),
    aggregate=48,  # AP
    fragment=49,  # FU
    slices=range(32),
    keys=range(16, 22),  # BLA, IDR and CRA
    parameter_sets=(32, 33, 34),
    video_format=VideoFormat.from_h265,
)
