"""What a JPEG picture and the ``esds`` box of Motion JPEG say (ITU-T T.81; ISO/IEC 14496-1 7.2.6, 14496-14 5.6).

Reads a picture's markers up to its frame header, and writes and checks the elementary stream descriptor that names
JPEG in a file: object type 0x6C, registered at mp4ra.org. Knows nothing of what is coded, decodes nothing.
"""

from __future__ import annotations

import struct

from storage.media.errors import BrokenFile, UnsupportedVideo

_START = b"\xff\xd8"  # SOI, T.81 table B.1
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST: markers without a length
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF; the three are DHT, JPG and DAC
_SCAN = 0xDA  # SOS: no frame header comes behind it
_SEGMENT = struct.Struct(">BBH")
_FRAME = struct.Struct(">BHH")  # precision, lines, samples per line (B.2.2)

_JPEG_OBJECT = 0x6C
_VISUAL_STREAM = 4 << 2 | 1  # streamType 4, not upstream, one reserved bit
_DECODER = bytes((_JPEG_OBJECT, _VISUAL_STREAM)) + bytes(11)  # buffer and bit rates unknown
_ELEMENTARY = bytes(3) + b"\x04" + bytes((len(_DECODER),)) + _DECODER + b"\x06\x01\x02"  # no id, no flags; SL: MP4

CONFIGURATION = bytes(4) + b"\x03" + bytes((len(_ELEMENTARY),)) + _ELEMENTARY
"""The payload of ``esds``, version and flags included: the same for every camera."""


def picture_size(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels that a JPEG's frame header tells. Raises UnsupportedVideo where it tells none."""
    if picture[:2] != _START:
        raise UnsupportedVideo("a picture that does not begin like a JPEG")
    at = 2
    while at + _SEGMENT.size <= len(picture):
        prefix, marker, length = _SEGMENT.unpack_from(picture, at)
        if prefix != 0xFF or marker in (0xD9, _SCAN):
            break
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2  # fill bytes may stand before any marker (B.1.1.2)
            continue
        if marker in _FRAME_HEADERS and at + _SEGMENT.size + _FRAME.size <= len(picture):
            _, height, width = _FRAME.unpack_from(picture, at + _SEGMENT.size)
            if width and height:
                return width, height
            break
        at += 2 + length
    raise UnsupportedVideo("a JPEG without a frame header that tells its size")


def check_configuration(record: bytes) -> None:
    """Raises BrokenFile for an ``esds`` that ``CONFIGURATION`` is not."""
    if record != CONFIGURATION:
        raise BrokenFile("esds does not announce JPEG as this package writes it")
