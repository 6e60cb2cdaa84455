"""Secrets at rest, sealed with a key that is not in the database (ChaCha20-Poly1305, RFC 8439).

What is sealed for one place opens in no other: whoever can write rows cannot move one person's secret to another.
Not here: what is sealed, and where it lies.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from storage import key_files
from storage.errors import KeyRefused

_NONCE_BYTES = 12
_KEY_BYTES = 32


class Sealer:
    """A key. Safe to share between threads."""

    def __init__(self, key: bytes) -> None:
        self._box = ChaCha20Poly1305(key)

    @classmethod
    def new(cls) -> Sealer:
        """A key that is kept nowhere."""
        return cls(ChaCha20Poly1305.generate_key())

    @classmethod
    def kept(cls, file: Path) -> Sealer:
        """The key in a file of 32 bytes, which is made where it is not there yet. Raises KeyRefused, OSError."""
        key = key_files.kept(file, ChaCha20Poly1305.generate_key)
        if len(key) != _KEY_BYTES:
            raise KeyRefused(f"{file} holds {len(key)} bytes and no key; bring back the one of your backup")
        return cls(key)

    def seal(self, secret: str, place: str) -> str:
        """The secret as text that says nothing, to be opened for the same place only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return b64encode(nonce + self._box.encrypt(nonce, secret.encode(), place.encode())).decode()

    def open(self, text: str, place: str) -> str:
        """What was sealed for that place. Raises KeyRefused where it was not, or with another key."""
        try:
            sealed = b64decode(text, validate=True)
            return self._box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise KeyRefused(
                f"the secret of {place} does not open with this installation's key; bring back that of your backup"
            ) from error
