"""Secrets as they lie on a disk: sealed with AES-256-GCM (NIST SP 800-38D), and the keys they are sealed with.

A sealed secret is text of two lines, which no plain secret is:

    kaojian-sealed 1 KEY-ID NAME
    BASE64 of the nonce (96 bits, random) and of the encrypted secret with its tag (128 bits)

The first line is bound to the second: whoever swaps two secrets, renames one or changes a letter is found out. A ring
of keys is text too, one key of 256 bits a line in base64; the first one seals, the others only open what was sealed
before them. Not here: where either of them lies (``config.vault``, ``config.secrets``).
"""

from __future__ import annotations

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.errors import KeyMissing, SealBroken

MARK = "kaojian-sealed"
_FORMAT = f"{MARK} 1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Ring:
    """Keys, never printed; the first one seals."""

    keys: Sequence[bytes] = field(repr=False)

    @classmethod
    def new(cls, before: Sequence[bytes] = ()) -> Ring:
        """A ring with a fresh key before these."""
        return cls((os.urandom(_KEY_BYTES), *before))

    @classmethod
    def parse(cls, text: str, source: str) -> Ring:
        """The keys in a text from ``source``. Raises KeyMissing."""
        keys = []
        for line in text.split():
            try:
                key = b64decode(line, validate=True)
            except binascii.Error:
                key = b""
            if len(key) != _KEY_BYTES:
                raise KeyMissing(f"{source} holds something that is no key; bring back the one of your backup")
            keys.append(key)
        if not keys:
            raise KeyMissing(f"{source} is empty; bring back the one of your backup")
        return cls(tuple(keys))

    def text(self) -> str:
        """What ``parse`` reads."""
        return "".join(f"{b64encode(key).decode()}\n" for key in self.keys)

    def ids(self) -> tuple[str, ...]:
        """What each key is called in what it sealed; tells nothing of the key."""
        return tuple(_id(key) for key in self.keys)


def is_sealed(text: str) -> bool:
    """Whether a secret's file holds a sealed one."""
    return text.startswith(f"{MARK} ")


def seal(name: str, secret: str, ring: Ring) -> str:
    """The secret of this name under the first key of the ring."""
    key, nonce = ring.keys[0], os.urandom(_NONCE_BYTES)
    head = f"{_FORMAT} {_id(key)} {name}"
    body = nonce + AESGCM(key).encrypt(nonce, secret.encode(), head.encode())
    return f"{head}\n{b64encode(body).decode()}\n"


def unseal(name: str, text: str, ring: Ring, source: str) -> str:
    """The secret in a sealed text that ``source`` holds under ``name``. Raises SealBroken, KeyMissing."""
    head, body = _parts(text, source)
    *marks, wanted, owner = head.split(" ")
    if " ".join(marks) != _FORMAT:
        raise SealBroken(f"{source} was sealed by another version of Kaojian; set the secret again: {_again(name)}")
    if owner != name:
        raise SealBroken(
            f"{source} holds the secret {owner!r}: it was renamed or swapped with another; bring it back to its "
            f"name, or set the secret again: {_again(name)}"
        )
    key = dict(zip(ring.ids(), ring.keys, strict=True)).get(wanted)
    if key is None:
        raise KeyMissing(
            f"{source} was sealed with the key {wanted}, but here is {', '.join(ring.ids())}; "
            f"bring back that key, or set the secret again: {_again(name)}"
        )
    try:
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], head.encode()).decode()
    except (InvalidTag, UnicodeDecodeError):
        raise SealBroken(
            f"{source} was changed after it was sealed, or is damaged; bring it back from a backup, or set the "
            f"secret again: {_again(name)}"
        ) from None


def _parts(text: str, source: str) -> tuple[str, bytes]:
    """First line and decoded second one. Raises SealBroken."""
    head, newline, rest = text.partition("\n")
    try:
        body = b64decode(rest.removesuffix("\n"), validate=True)
    except (binascii.Error, ValueError):
        body = b""
    words = head.split(" ")
    if not newline or len(words) != 4 or len(body) < _NONCE_BYTES + _TAG_BYTES:
        name = words[3] if len(words) == 4 else "NAME"
        raise SealBroken(
            f"{source} is cut short or damaged; bring it back from a backup, or set the secret again: {_again(name)}"
        )
    return head, body


def _again(name: str) -> str:
    return f"kaojian secret set {name}"


def _id(key: bytes) -> str:
    return sha256(b"kaojian key id\0" + key).hexdigest()[:16]
