"""A file that only the recovery key opens: the machine that seals it every night cannot open it again.

    line        kaojian-sealed-file-1
    32 bytes    public half of the recovery key that it is sealed for
    80 bytes    a fresh key of 256 bits, sealed for that by HPKE (RFC 9180: base mode, DHKEM(X25519, HKDF-SHA256),
                HKDF-SHA256, AES-256-GCM); the line is its ``info``
    pieces      1 MiB of content each, by AES-256-GCM under that key, each 16 bytes longer than its content; the
                nonce is the piece's number (11 bytes, big endian, from 0) and a byte that is 1 for the last piece
                and 0 for all others; all before the pieces is bound to each of them

A changed, missing, added or moved piece, and a file cut short anywhere, do not open. Numbered pieces with a mark on
the last one are the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), as age has it. Not here: what is
inside (``storage.backup.contents``), and who signed it: whoever knows the public half can seal something for it.
"""

from __future__ import annotations

import binascii
import io
from base64 import b32decode, b32encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from storage.errors import StorageError

LINE = b"kaojian-sealed-file-1\n"
PIECE_BYTES = 1 << 20
_KEY_BYTES = 32
_SEALED_KEY_BYTES = 80
_TAG_BYTES = 16
_CHECK_BYTES = 3  # of a recovery key: a letter copied wrong is found with 1 in 16 million left
_MARK = "KAOJIAN"
_GROUP = 7
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class RecoveryKeyRefused(StorageError):
    """The text is no recovery key, or was copied with a mistake."""


class EnvelopeRefused(StorageError):
    """The file is no backup of ours, was sealed for another key, was changed, or is cut short."""


class RecoveryKey:
    """The private half, which lies on paper and nowhere else. Never printed but by ``text``."""

    def __init__(self, key: X25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw().hex()

    @classmethod
    def new(cls) -> RecoveryKey:
        return cls(X25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> RecoveryKey:
        """From what ``text`` gives, with or without its hyphens, in any case. Raises RecoveryKeyRefused."""
        plain = "".join(text.split()).replace("-", "").upper()
        try:
            data = b32decode(plain.removeprefix(_MARK).ljust(56, "="), casefold=False)
        except (binascii.Error, ValueError):
            data = b""
        key = data[:_KEY_BYTES]
        if not plain.startswith(_MARK) or len(data) != _KEY_BYTES + _CHECK_BYTES or data[_KEY_BYTES:] != _check(key):
            raise RecoveryKeyRefused(
                f"that is no recovery key, or a letter of it is wrong; it begins with {_MARK} and has 8 groups of "
                f"{_GROUP} letters and digits (A to Z, 2 to 7)"
            )
        return cls(X25519PrivateKey.from_private_bytes(key))

    def text(self) -> str:
        """For paper: letters and digits that nobody mistakes, in groups, with a check of all."""
        key = self._key.private_bytes_raw()
        letters = b32encode(key + _check(key)).decode()
        return "-".join((_MARK, *(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))))

    def opens(self, sealed: bytes) -> bytes:
        """The key of a file, which was sealed for this one. Raises EnvelopeRefused."""
        try:
            return bytes(_SUITE.decrypt(sealed, self._key, LINE))
        except (InvalidTag, ValueError):
            raise EnvelopeRefused("the head of this backup was changed, or is damaged; take another one") from None


def is_public(text: str) -> bool:
    """Whether a text is written as the public half of a recovery key is."""
    return len(text) == 2 * _KEY_BYTES and set(text) <= set("0123456789abcdef")


@contextmanager
def sealing(out: BinaryIO, public: str) -> Iterator[BinaryIO]:
    """What is written in the block goes into ``out``, sealed for the recovery key of that public half.

    Only a block that ends in order gives a file that opens. Raises OSError.
    """
    key = AESGCM.generate_key(8 * _KEY_BYTES)
    recipient = bytes.fromhex(public)
    head = LINE + recipient + _SUITE.encrypt(key, X25519PublicKey.from_public_bytes(recipient), LINE)
    out.write(head)
    writing = _Sealing(out, AESGCM(key), head)
    yield cast(BinaryIO, writing)
    writing.finish()


@contextmanager
def opened(source: BinaryIO, key: RecoveryKey) -> Iterator[BinaryIO]:
    """The content of a sealed file, to be read from its beginning to its end. Raises EnvelopeRefused, OSError.

    Whoever reads to the end has all that was sealed; what does not open is never given.
    """
    head = source.read(len(LINE) + _KEY_BYTES + _SEALED_KEY_BYTES)
    public, sealed = head[len(LINE) : len(LINE) + _KEY_BYTES], head[len(LINE) + _KEY_BYTES :]
    if not head.startswith(LINE) or len(sealed) != _SEALED_KEY_BYTES:
        raise EnvelopeRefused("this is no backup of Kaojian, or one of a later version")
    if public.hex() != key.public:
        raise EnvelopeRefused(
            f"this backup was sealed for the recovery key whose public half is {public.hex()}, and this one's is "
            f"{key.public}; look for the paper of that time"
        )
    yield cast(BinaryIO, io.BufferedReader(_Opening(source, AESGCM(key.opens(sealed)), head), PIECE_BYTES))


class _Sealing(io.RawIOBase):
    """Gathers pieces; the last one is known only when no more comes."""

    def __init__(self, out: BinaryIO, key: AESGCM, head: bytes) -> None:
        super().__init__()
        self._out = out
        self._key = key
        self._head = head
        self._held = bytearray()
        self._number = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        given = memoryview(cast(bytes, data)).cast("B")
        self._held += given
        while len(self._held) > PIECE_BYTES:
            self._put(bytes(self._held[:PIECE_BYTES]), last=False)
            del self._held[:PIECE_BYTES]
        return len(given)

    def finish(self) -> None:
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._out.write(self._key.encrypt(_nonce(self._number, last=last), piece, self._head))
        self._number += 1


class _Opening(io.RawIOBase):
    """Opens piece by piece, one ahead, since only the end of the file tells which is the last."""

    def __init__(self, source: BinaryIO, key: AESGCM, head: bytes) -> None:
        super().__init__()
        self._source = source
        self._key = key
        self._head = head
        self._coming = source.read(PIECE_BYTES + _TAG_BYTES)
        self._ready = memoryview(b"")
        self._number = 0
        self._done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        if not self._ready and not self._done:
            self._ready = memoryview(self._next())
        into = memoryview(cast(bytearray, buffer)).cast("B")
        count = min(len(into), len(self._ready))
        into[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next(self) -> bytes:
        piece, self._coming = self._coming, self._source.read(PIECE_BYTES + _TAG_BYTES)
        self._done = not self._coming
        try:
            content = self._key.decrypt(_nonce(self._number, last=self._done), piece, self._head)
        except (InvalidTag, ValueError):
            raise EnvelopeRefused(
                f"piece {self._number + 1} of this backup was changed, or the file is cut short or damaged; take "
                "another one"
            ) from None
        self._number += 1
        return content


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _check(key: bytes) -> bytes:
    return sha256(b"kaojian recovery key\0" + key).digest()[:_CHECK_BYTES]
