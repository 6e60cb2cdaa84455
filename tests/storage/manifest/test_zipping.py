"""A ZIP that is known before it is written: as another program writes it, and every range as cut from the whole."""

from __future__ import annotations

import io
import random
import zipfile
from contextlib import AbstractContextManager, closing
from hashlib import sha256
from typing import Any, BinaryIO

import pytest

from storage.manifest import zipping
from storage.manifest.zipping import Checksums, FileChanged, Member, Zipped

FILES = [
    ("README.txt", b"read me"),
    ("footage/空.mp4", b""),
    ("footage/a.mp4", random.Random(1).randbytes(3_000_000)),
    ("contents.json", b"{}"),
]


class Stream(io.RawIOBase):
    """Nobody can go back in it."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


class Files:
    """Members whose openings are counted."""

    def __init__(self, files: list[tuple[str, bytes]]) -> None:
        self.opened: list[str] = []
        self.members = [self._member(path, data) for path, data in files]

    def _member(self, path: str, data: bytes) -> Member:
        def opened() -> AbstractContextManager[BinaryIO]:
            self.opened.append(path)
            return closing(io.BytesIO(data))

        return Member(path, sha256(data).hexdigest(), len(data), opened)


class Entry(zipfile.ZipInfo):
    """Python before 3.11.4 leaves out of a local header that its sizes are told in 64 bits (APPNOTE 4.5.3)."""

    def FileHeader(self, zip64: bool | None = None) -> bytes:  # noqa: N802 (the library's own name)
        header = bytearray(super().FileHeader(zip64))
        self.create_version = max(45, self.create_version)
        self.extract_version = max(45, self.extract_version)
        header[4:6], header[18:26] = (45).to_bytes(2, "little"), b"\xff" * 8
        return bytes(header)


def peer(files: list[tuple[str, bytes]]) -> bytes:
    """What the standard library writes to a stream."""
    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path, data in files:
            entry = Entry(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            with archive.open(entry, "w", force_zip64=True) as out:
                out.write(data)
    return stream.data


def part(found: Zipped, first: int, last: int) -> bytes:
    return b"".join(found.blocks(first, last))


def test_it_is_byte_by_byte_what_the_standard_library_writes_to_a_stream() -> None:
    found = Zipped(Files(FILES).members, Checksums())
    assert part(found, 0, found.size_bytes - 1) == peer(FILES)
    many = [(f"footage/{number:06d}", b"x") for number in range(70_000)]
    found = Zipped(Files(many).members, Checksums())
    data = part(found, 0, found.size_bytes - 1)
    assert len(data) == found.size_bytes
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == 70_000
        assert archive.read("footage/069999") == b"x"


def test_what_lies_beyond_32_bits_is_told_in_64(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the standard library does it, by the same limit; a small one, so that nothing large has to be written."""
    monkeypatch.setattr(zipping, "_WIDE", 1000)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    found = Zipped(Files(FILES).members, Checksums())
    data = part(found, 0, found.size_bytes - 1)
    assert data == peer(FILES)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None


def test_every_range_is_cut_from_the_whole_whatever_was_read_before() -> None:
    whole, chosen = peer(FILES), random.Random(2)
    edges = [0, 1, 40, 80, 200, 3_000_100, 3_000_300, len(whole) - 60, len(whole) - 1]
    pairs = [(first, last) for first in edges for last in edges if first <= last]
    for _ in range(40):
        first, last = sorted(chosen.choices(range(len(whole)), k=2))
        pairs.append((first, last))
    kept = Checksums()
    for first, last in pairs:
        for checksums in (Checksums(), kept):
            blocks = list(Zipped(Files(FILES).members, checksums).blocks(first, last))
            assert all(blocks)
            assert b"".join(blocks) == whole[first : last + 1], (first, last)


def test_going_on_opens_no_file_again_that_was_sent_and_the_directory_without_it_reads_all() -> None:
    files, checksums = Files(FILES), Checksums()
    found = Zipped(files.members, checksums)
    cut = found.size_bytes - 100
    part(found, 0, cut - 1)
    assert files.opened == [path for path, _ in FILES]
    files.opened.clear()
    part(found, cut, found.size_bytes - 1)
    assert files.opened == []
    part(Zipped(files.members, Checksums()), found.size_bytes - 10, found.size_bytes - 1)
    assert files.opened == [path for path, _ in FILES]


def test_a_file_that_is_shorter_than_it_was_said_to_be_breaks_it_off() -> None:
    member = Member("a", "0" * 64, 10, lambda: closing(io.BytesIO(b"short")))
    found = Zipped([member], Checksums())
    with pytest.raises(FileChanged, match="a is shorter"):
        part(found, 0, found.size_bytes - 1)
