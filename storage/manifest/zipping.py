"""A ZIP that is known before it is written: its length, and each range of its bytes, from names, sizes and contents.

Each file lies in it as it is (method *stored*), behind a header without sizes and before a data descriptor that has
them, as they are written to whom one cannot go back with (APPNOTE.TXT 6.3.10, 4.3.7 to 4.3.16; sizes of 64 bits). Not
here: which files there are (``exporting``), and reading ZIPs of others (``trees``).
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock
from typing import BinaryIO

from storage.errors import StorageError

_BLOCK_BYTES = 1 << 20
_FLAGS, _UTF8 = 0x0008, 0x0800  # a data descriptor follows; the name is in UTF-8
_VERSION, _UNIX, _STORED = 45, 3, 0
_MODE = (0o100644 << 16) & 0xFFFFFFFF
_TIME, _DATE = 0, 0x21  # 1980-01-01, the first that a ZIP can tell: its times are no evidence
_WIDE = 0x7FFFFFFF  # what is larger is told in 64 bits, as other programs do
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_LOCAL_EXTRA = struct.pack("<HHQQ", 1, 16, 0, 0)
_DESCRIPTOR = struct.Struct("<4sLQQ")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_WIDE_END = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_NARROW, _FEW = 0xFFFFFFFF, 0xFFFF


class FileChanged(StorageError):
    """A file is not as long as it was said to be."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a ZIP: its path with forward slashes, what it is known by, and how to have its bytes."""

    path: str
    sha256: str
    size_bytes: int
    opened: Callable[[], AbstractContextManager[BinaryIO]]


class Checksums:
    """CRC-32 of files by their SHA-256, as far as they were read lately: who goes on with a download needs those of
    all that was sent before. Safe to share between threads.
    """

    def __init__(self, most: int = 1 << 16) -> None:
        self._known: OrderedDict[str, int] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def find(self, sha256: str) -> int | None:
        with self._lock:
            return self._known.get(sha256)

    def keep(self, sha256: str, crc: int) -> None:
        with self._lock:
            self._known[sha256] = crc
            if len(self._known) > self._most:
                self._known.popitem(last=False)


class Zipped:
    """The ZIP of some files, in their order."""

    def __init__(self, members: Sequence[Member], checksums: Checksums) -> None:
        self._members = members
        self._checksums = checksums
        self._starts = [0]
        for each in members:
            self._starts.append(self._starts[-1] + _room(each))
        self.size_bytes = self._starts[-1] + sum(
            _CENTRAL.size + len(each.path.encode()) + len(_extra(each, start))
            for each, start in zip(members, self._starts, strict=False)
        )
        directory = self.size_bytes - self._starts[-1]
        self.size_bytes += len(_ends(len(members), self._starts[-1], directory))

    def blocks(self, first: int, last: int) -> Generator[bytes]:
        """The bytes from ``first`` to ``last``, both included, in blocks that are not empty.

        A file that is read to its end is read once; those before ``first`` are read where the directory is asked for
        and nobody knows their CRC-32 any more. Raises FileChanged, OSError, and what ``Member.opened`` does.
        """
        number = bisect_right(self._starts, first) - 1
        while number < len(self._members) and self._starts[number] <= last:
            start = self._starts[number]
            yield from self._member(self._members[number], first - start, last - start + 1)
            number += 1
        if last >= self._starts[-1]:
            yield from _cut(self._directory(), first - self._starts[-1], last - self._starts[-1] + 1)

    def _member(self, member: Member, first: int, end: int) -> Iterator[bytes]:
        """Bytes of a member's part, from and to places in it, which may lie outside."""
        head = _head(member)
        yield from _cut(head, first, end)
        behind = len(head) + member.size_bytes
        first, wants_crc = max(0, first - len(head)), end > behind
        if first < member.size_bytes and end > len(head):
            yield from self._data(member, first, min(end - len(head), member.size_bytes), wants_crc=wants_crc)
        if wants_crc:
            descriptor = _DESCRIPTOR.pack(b"PK\x07\x08", self._crc(member), member.size_bytes, member.size_bytes)
            yield from _cut(descriptor, first - member.size_bytes, end - behind)

    def _data(self, member: Member, first: int, end: int, *, wants_crc: bool) -> Iterator[bytes]:
        """From the beginning where its CRC-32 has to be found, and else from ``first`` on."""
        crc = 0 if wants_crc and self._checksums.find(member.sha256) is None else None
        with member.opened() as file:
            at = 0 if crc is not None else file.seek(first)
            while at < end:
                block = file.read(min(_BLOCK_BYTES, end - at))
                if not block:
                    raise FileChanged(f"{member.path} is shorter than it was said to be")
                crc = None if crc is None else zlib.crc32(block, crc)
                yield from _cut(block, first - at, end - at)
                at += len(block)
        if crc is not None:
            self._checksums.keep(member.sha256, crc)

    def _crc(self, member: Member) -> int:
        known = self._checksums.find(member.sha256)
        if known is not None:
            return known
        crc = 0
        with member.opened() as file:
            while block := file.read(_BLOCK_BYTES):
                crc = zlib.crc32(block, crc)
        self._checksums.keep(member.sha256, crc)
        return crc

    def _directory(self) -> bytes:
        parts = []
        for member, start in zip(self._members, self._starts, strict=False):
            name, extra = member.path.encode(), _extra(member, start)
            size = min(member.size_bytes, _NARROW) if member.size_bytes <= _WIDE else _NARROW
            told = (_flags(name), _STORED, _TIME, _DATE, self._crc(member), size, size, len(name), len(extra))
            where = (0, 0, 0, _MODE, start if start <= _WIDE else _NARROW)
            parts += [_CENTRAL.pack(b"PK\x01\x02", _VERSION, _UNIX, _VERSION, 0, *told, *where), name, extra]
        directory = b"".join(parts)
        return directory + _ends(len(self._members), self._starts[-1], len(directory))


def _room(member: Member) -> int:
    """How many bytes of the ZIP are a member's, before the directory."""
    return len(_head(member)) + member.size_bytes + _DESCRIPTOR.size


def _head(member: Member) -> bytes:
    name = member.path.encode()
    told = (_flags(name), _STORED, _TIME, _DATE, 0, _NARROW, _NARROW, len(name), len(_LOCAL_EXTRA))
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, *told) + name + _LOCAL_EXTRA


def _flags(name: bytes) -> int:
    return _FLAGS if name.isascii() else _FLAGS | _UTF8


def _extra(member: Member, start: int) -> bytes:
    wide = [member.size_bytes] * 2 if member.size_bytes > _WIDE else []
    wide += [start] if start > _WIDE else []
    return struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""


def _ends(count: int, start: int, size: int) -> bytes:
    """What comes behind the directory, which begins at ``start`` and has so many bytes."""
    end = _END.pack(
        b"PK\x05\x06", 0, 0, min(count, _FEW), min(count, _FEW), min(size, _NARROW), min(start, _NARROW), 0
    )
    if count <= _FEW and start <= _WIDE and size <= _WIDE:
        return end
    wide = _WIDE_END.pack(b"PK\x06\x06", _WIDE_END.size - 12, _VERSION, _VERSION, 0, 0, count, count, size, start)
    return wide + _LOCATOR.pack(b"PK\x06\x07", 0, start + size, 1) + end


def _cut(data: bytes, first: int, end: int) -> Iterator[bytes]:
    """The part of it between two places, which may lie outside; nothing where there is none."""
    if part := data[max(0, first) : max(0, end)]:
        yield part
