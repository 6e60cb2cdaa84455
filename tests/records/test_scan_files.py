"""What may be filed as a scan: by its bytes, whole, unlocked, and not a bomb."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest

from domain.dossier import ScanType
from records import scan_files
from records.errors import DossierRefused
from records.scan_files import recognise
from tests.records.dossiers import jpeg, pdf, png


def zipped(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scan.pdf", bytes(count))
    return file.getvalue()


def test_a_scan_is_told_by_its_bytes() -> None:
    assert recognise(pdf(), "x") is ScanType.PDF
    assert recognise(pdf(packed=zlib.compress(bytes(9_000_000))), "a blank sheet") is ScanType.PDF
    assert recognise(pdf(packed=b"no zlib at all"), "x") is ScanType.PDF
    assert recognise(png(), "scan.pdf") is ScanType.PNG
    assert recognise(jpeg(), "scan.png") is ScanType.JPEG


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "文件为空"),
        (b"MZ\x90\0", "文件类型不符"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "文件类型不符"),
        (zipped(10), "文件类型不符"),
        (zipped(50_000_000), "文件类型不符"),
        (b"junk before\n" + pdf(), "文件类型不符"),
        (pdf()[:-12], "文件不完整"),
        (pdf(extra=b"/Encrypt 5 0 R"), "文件已加密"),
        (pdf(extra=b"/#45ncr#79pt 5 0 R"), "文件已加密"),  # the same name, escaped (ISO 32000-1 7.3.5)
        (png()[:-4], "文件不完整"),
        (png()[:-12], "文件不完整"),
        (png().replace(b"IDAT", b"IDAX"), "文件已损坏"),
        (png(60_000, 60_000), "图像尺寸不符"),
        (jpeg()[:-2], "文件不完整"),
        (jpeg(65_000, 65_000), "图像尺寸不符"),
        (b"\xff\xd8\xff\xe0", "文件已损坏"),
    ],
    ids=range(16),
)
def test_what_is_no_scan_is_refused_with_what_to_do(data: bytes, why: str) -> None:
    with pytest.raises(DossierRefused, match=why) as refused:
        recognise(data, "评分表.pdf")
    assert str(refused.value).startswith("评分表.pdf")


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_files, "MOST_BYTES", 50)
    with pytest.raises(DossierRefused, match="文件过大"):
        recognise(pdf(), "x")


def test_a_pdf_that_unpacks_to_far_more_than_a_scan_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_files, "MOST_UNPACKED_BYTES", 8 << 20)
    monkeypatch.setattr(scan_files, "MOST_UNPACKED_OF_ALL", 20 << 20)
    bomb = zlib.compress(bytes(30 << 20))
    with pytest.raises(DossierRefused, match="疑似压缩炸弹"):
        recognise(pdf(packed=bomb), "x")
    small = pdf(packed=zlib.compress(bytes(7 << 20)))
    assert recognise(small, "x") is ScanType.PDF
    part = small[small.index(b"2 0 obj") : small.index(b"trailer")]
    many = small.replace(b"trailer", part * 3 + b"trailer")
    with pytest.raises(DossierRefused, match="疑似压缩炸弹"):
        recognise(many, "x")


def test_a_pdf_with_a_part_that_is_packed_twice_is_refused() -> None:
    twice = pdf(packed=zlib.compress(zlib.compress(bytes(1000))))
    for written in (b"[/FlateDecode /FlateDecode]", b"[ /Fl/Fl ]"):
        with pytest.raises(DossierRefused, match="packed twice"):
            recognise(twice.replace(b"/FlateDecode", written), "x")
