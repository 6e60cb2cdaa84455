"""What may be filed as a scan: a PDF, JPEG or PNG, told by its bytes and not by its name, whole and not encrypted.

A scan is read by people years later, with programs of that time; so what none of them opens, or what makes one that
does run out of memory, is refused when it is filed. What is compressed in a PDF is unpacked here piece by piece and
counted, never kept. Not here: where scans go (``storage.scans``). Nothing here looks at what a scan shows.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from domain.dossier import ScanType
from records.errors import DossierRefused
from storage.media.errors import UnsupportedVideo
from storage.media.jpeg import picture_size

MOST_BYTES = 64 << 20
"""Of one scan: an object of one request, which one checksum covers."""

MOST_PIXELS = 250_000_000
"""Of one picture: an A3 sheet at 1200 dots per inch has 220 million, unpacked nearly a gigabyte in most programs."""

MOST_UNPACKED_BYTES = 256 << 20
"""Of one stream of a PDF: an A3 sheet in colour at 600 dots per inch has 209 million."""

MOST_UNPACKED_OF_ALL = 2 << 30
"""Of all streams of a PDF."""

_PIECE_BYTES = 1 << 20
_FED_BYTES = 64 << 10
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD = 13  # bytes of IHDR
_TAIL_BYTES = 2048  # in which the end of a PDF is looked for
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_END_OF_STREAM = b"endstream"
_DICTIONARY_BYTES = 4096  # before a stream, in which its filter is looked for
_FLATE = re.compile(rb"/(?:FlateDecode|Fl)(?![A-Za-z])")


def recognise(data: bytes, where: str) -> ScanType:
    """What a file is by its content. ``where`` is what it is called in messages.

    Raises DossierRefused for what is none of the three, too large, cut off, encrypted, or unpacks to far too much.
    """
    if not data:
        raise DossierRefused(f"{where} is empty 文件为空: scan it again")
    if len(data) > MOST_BYTES:
        raise DossierRefused(
            f"{where} has {len(data)} bytes, more than {MOST_BYTES} 文件过大: file it in parts, or scan it at 300 dpi"
        )
    if data.startswith(b"%PDF-"):
        _look_at_pdf(data, where)
        return ScanType.PDF
    if data.startswith(_PNG):
        _look_at_png(data, where)
        return ScanType.PNG
    if data.startswith(b"\xff\xd8\xff"):
        _look_at_jpeg(data, where)
        return ScanType.JPEG
    raise DossierRefused(f"{where} is no PDF, JPEG or PNG by its content 文件类型不符: save the scan as one of these")


def _look_at_pdf(data: bytes, where: str) -> None:
    if b"%%EOF" not in data[-_TAIL_BYTES:]:
        raise DossierRefused(f"{where} is cut off: a PDF without its end 文件不完整; copy or scan it again")
    unescaped = _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), data) if b"#" in data else data
    if b"/Encrypt" in data or b"/Encrypt" in unescaped:
        raise DossierRefused(f"{where} is encrypted 文件已加密: save it without a password")
    total = 0
    for packed in _flate_streams(data, where):
        unpacker, size = zlib.decompressobj(), 0
        try:
            for piece in _unpacked(unpacker, packed):
                size += len(piece)
                total += len(piece)
                if size > MOST_UNPACKED_BYTES or total > MOST_UNPACKED_OF_ALL:
                    raise DossierRefused(
                        f"{where} unpacks to far more than a scan 疑似压缩炸弹: print it and scan it"
                    )
        except zlib.error:
            continue  # a stream that is not what its dictionary says: readers show a blank, nothing is unpacked


def _flate_streams(data: bytes, where: str) -> Iterator[memoryview]:
    """The packed bytes of each stream that zlib unpacks. Raises DossierRefused for one that is packed twice."""
    whole = memoryview(data)
    for found in _STREAM.finditer(data):
        head = data[max(0, found.start() - _DICTIONARY_BYTES) : found.start()]
        dictionary = head[head.rfind(b"obj") :]
        filters = len(_FLATE.findall(dictionary))
        if filters > 1 and re.search(rb"/F(?:ilter)?\s*\[[^\]]*/Fl(?:ateDecode)?\s*/Fl", dictionary):
            raise DossierRefused(f"{where} has a part that is packed twice 疑似压缩炸弹: print it and scan it")
        if filters:
            end = data.find(_END_OF_STREAM, found.end())
            yield whole[found.end() : end if end >= 0 else len(data)]


def _unpacked(unpacker: zlib._Decompress, packed: memoryview) -> Iterator[bytes]:
    for start in range(0, len(packed), _FED_BYTES):
        waiting = bytes(packed[start : start + _FED_BYTES])
        while waiting and not unpacker.eof:
            yield unpacker.decompress(waiting, _PIECE_BYTES)
            waiting = unpacker.unconsumed_tail


def _look_at_png(data: bytes, where: str) -> None:
    last, at = b"", len(_PNG)
    while at + 12 <= len(data) and last != b"IEND":
        length, last = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 4 : at + 8 + length]
        told = data[at + 8 + length : at + 12 + length]
        if len(told) < 4 or zlib.crc32(body) != int.from_bytes(told):
            raise DossierRefused(f"{where} is damaged: part {last!r} of the PNG 文件已损坏; copy or scan it again")
        if at == len(_PNG) and (last != b"IHDR" or length != _PNG_HEAD):
            raise DossierRefused(f"{where} is no PNG that says its size 文件已损坏; scan it again")
        at += 12 + length
    if last != b"IEND":
        raise DossierRefused(f"{where} is cut off: a PNG without its end 文件不完整; copy or scan it again")
    _refuse_huge(int.from_bytes(data[16:20]), int.from_bytes(data[20:24]), where)


def _look_at_jpeg(data: bytes, where: str) -> None:
    try:
        width, height = picture_size(data)
    except UnsupportedVideo as error:
        raise DossierRefused(f"{where}: {error} 文件已损坏; scan it again") from error
    if b"\xff\xd9" not in data[-_TAIL_BYTES:]:
        raise DossierRefused(f"{where} is cut off: a JPEG without its end 文件不完整; copy or scan it again")
    _refuse_huge(width, height, where)


def _refuse_huge(width: int, height: int, where: str) -> None:
    if not width or not height or width * height > MOST_PIXELS:
        raise DossierRefused(f"{where} is {width} x {height} pixels 图像尺寸不符: scan it at 300 dpi")
