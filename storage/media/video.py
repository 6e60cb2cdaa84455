"""How a camera's pictures are coded, for all codecs: one type for recorder, files and decoders.

What the parameter sets of each codec mean is known to ``storage.media.h264`` and ``storage.media.h265`` alone, what
a JPEG says to ``storage.media.jpeg``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from storage.media import h264, h265, jpeg
from storage.media.errors import BrokenFile, UnsupportedVideo


class Codec(StrEnum):
    """The codings that are stored: H.264 (ITU-T H.264, AVC), H.265 (ITU-T H.265, HEVC), and Motion JPEG, which is
    nothing but JPEG pictures (ITU-T T.81) one after another."""

    H264 = "h264"
    H265 = "h265"
    JPEG = "jpeg"


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """How a camera's pictures are coded: everything a decoder must know before the first of them.

    ``width`` and ``height`` are pixels after cropping; ``sps``, ``pps`` and ``vps`` (H.265 alone has one) are NAL
    units without start codes; all of them are empty for JPEG, whose pictures need nothing before them.
    """

    codec: Codec
    width: int
    height: int
    sps: bytes = b""
    pps: bytes = b""
    vps: bytes = b""

    @classmethod
    def from_h264(cls, sps: bytes, pps: bytes) -> VideoFormat:
        """The format that two parameter sets describe. Raises UnsupportedVideo for anything unreadable."""
        sequence = h264.parse_sps(sps)
        if h264.parse_pps(pps) != sequence.id:
            raise UnsupportedVideo("the picture parameter set belongs to another sequence parameter set")
        return cls(Codec.H264, sequence.width, sequence.height, bytes(sps), bytes(pps))

    @classmethod
    def from_h265(cls, vps: bytes, sps: bytes, pps: bytes) -> VideoFormat:
        """The format that three parameter sets describe. Raises UnsupportedVideo for anything unreadable."""
        sequence = h265.parse_sps(sps)
        if h265.parse_pps(pps) != sequence.id:
            raise UnsupportedVideo("the picture parameter set belongs to another sequence parameter set")
        if h265.parse_vps(vps) != sequence.video_id:
            raise UnsupportedVideo("the sequence parameter set belongs to another video parameter set")
        return cls(Codec.H265, sequence.width, sequence.height, bytes(sps), bytes(pps), bytes(vps))

    @classmethod
    def from_jpeg(cls, picture: bytes) -> VideoFormat:
        """The format of a JPEG and of those like it. Raises UnsupportedVideo for anything unreadable."""
        return cls(Codec.JPEG, *jpeg.picture_size(picture))

    @classmethod
    def from_configuration(cls, codec: Codec, record: bytes, size: tuple[int, int]) -> VideoFormat:
        """The inverse of ``decoder_configuration``. ``size`` is the sample entry's, which alone tells that of JPEG.

        Raises BrokenFile or UnsupportedVideo.
        """
        if codec is Codec.JPEG:
            jpeg.check_configuration(record)
            return cls(codec, *size)
        if codec is Codec.H265:
            return cls.from_h265(*h265.configured_sets(record))
        return cls.from_h264(*h264.configured_sets(record))

    @property
    def codec_string(self) -> str:
        """RFC 6381: ``avc1.`` or ``hvc1.`` and profile, constraints and level, as browsers are asked for; or
        ``mp4v.6C``, JPEG by its object type."""
        if self.codec is Codec.JPEG:
            return "mp4v.6C"
        return h265.codec_string(self.sps) if self.codec is Codec.H265 else f"avc1.{self.sps[1:4].hex()}"

    @property
    def nominal_fps(self) -> float | None:
        """Frames per second that the VUI announces, None where it says nothing. Cameras often lie."""
        return self._sequence.frames_per_second if self._sequence is not None else None

    @property
    def pixel_aspect(self) -> tuple[int, int] | None:
        """Width to height of a pixel, None where the camera does not say."""
        return self._sequence.pixel_aspect if self._sequence is not None else None

    @property
    def reorder_depth(self) -> int | None:
        """How many pictures may come before one that is shown before them: 0 without B pictures, None if not told."""
        return self._sequence.reorder if self._sequence is not None else 0

    @property
    def decoder_configuration(self) -> bytes:
        """The payload of ``avcC`` or ``hvcC`` (ISO/IEC 14496-15), which is libav's extradata too, or of ``esds``.

        Raises UnsupportedVideo.
        """
        if self.codec is Codec.JPEG:
            return jpeg.CONFIGURATION
        if self.codec is Codec.H265:
            return h265.decoder_configuration(self.vps, self.sps, self.pps)
        return h264.decoder_configuration(self.sps, self.pps)

    @property
    def _sequence(self) -> h264.SequenceParameters | h265.SequenceParameters | None:
        if self.codec is Codec.JPEG:
            return None
        return h265.parse_sps(self.sps) if self.codec is Codec.H265 else h264.parse_sps(self.sps)


SAMPLE_ENTRIES = {
    Codec.H264: (b"avc1", b"avcC"),
    Codec.H265: (b"hvc1", b"hvcC"),
    Codec.JPEG: (b"mp4v", b"esds"),
}
"""The boxes that name a codec in ``stsd`` and hold its decoder configuration."""


_LEFT_OUT = {
    Codec.H264: frozenset(first for first in range(256) if h264.nal_type(bytes((first,))) in h264.LEFT_OUT),
    Codec.H265: frozenset(first for first in range(256) if h265.nal_type(bytes((first,))) in h265.LEFT_OUT),
}
"""The first bytes of NAL units that files leave out: their types, whatever else stands beside them in that byte."""


def stored_nals(nals: Iterable[bytes], codec: Codec = Codec.H264) -> tuple[bytes, ...]:
    """Those NAL units of an access unit that a file keeps, in order; empty where no other kind is in it.

    A JPEG picture is one unit, and kept.
    """
    if codec is Codec.JPEG:
        return tuple([nal for nal in nals if nal])
    left_out = _LEFT_OUT[codec]
    return tuple([nal for nal in nals if nal and nal[0] not in left_out])


def may_be_shown_earlier(nals: Iterable[bytes], codec: Codec) -> bool:
    """Whether an access unit may be shown before one that was coded before it. Of H.265 its SPS says that alone."""
    return codec is Codec.H264 and any(map(h264.is_bipredicted, nals))


def leads_from_before(nals: Iterable[bytes], codec: Codec) -> bool:
    """Whether it is a skipped leading picture (H.265 3.137): no decoder can show it that began at its key frame."""
    return codec is Codec.H265 and any(nal and h265.nal_type(nal) in h265.SKIPPED_LEADING for nal in nals)


def breaks_link(nals: Iterable[bytes], codec: Codec) -> bool:
    """Whether it is a key frame behind which every decoder leaves skipped leading pictures out (H.265 3.14)."""
    return codec is Codec.H265 and any(nal and h265.nal_type(nal) in h265.BROKEN_LINKS for nal in nals)


def goes_on_with_picture(nals: Iterable[bytes], codec: Codec) -> bool:
    """Whether its first slice is not the first of a picture.

    The first bit behind the header says so: first_slice_segment_in_pic_flag (H.265 7.3.6.1), or the code of
    first_mb_in_slice 0, which is that bit alone (H.264 7.3.3, 9.1).
    """
    for nal in nals:
        if codec is Codec.H265 and nal and h265.nal_type(nal) in h265.SLICES:
            return nal[h265.HEADER_BYTES : h265.HEADER_BYTES + 1] < b"\x80"
        if codec is Codec.H264 and nal and h264.nal_type(nal) in h264.SLICES:
            return nal[h264.HEADER_BYTES : h264.HEADER_BYTES + 1] < b"\x80"
    return False


def known_entry(kinds: Iterable[bytes]) -> Codec:
    """The codec of the one sample entry among these boxes. Raises BrokenFile."""
    found = [codec for codec, (entry, _) in SAMPLE_ENTRIES.items() if entry in kinds]
    if len(found) != 1:
        raise BrokenFile(f"{len(found)} boxes avc1, hvc1 or mp4v where there must be one")
    return found[0]
