"""The installation's key: signs what must be believed elsewhere (Ed25519, RFC 8032), and checks such signatures.

A public key is written as 64 hex digits, a signature as 128; whoever knows a public key needs nothing else of us. Not
here: what is signed, and whose keys are believed (``storage.audit.checking``, ``storage.manifest.keys``).
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from storage import key_files
from storage.errors import KeyRefused

_PUBLIC = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class Signer:
    """A private key. Safe to share between threads."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw().hex()

    @classmethod
    def new(cls) -> Signer:
        """A key that is kept nowhere."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def kept(cls, file: Path) -> Signer:
        """The key in a file, which is made where it is not there yet. Raises KeyRefused, OSError."""
        return cls._loaded(file, key_files.kept(file, _new_pem))

    @classmethod
    def read(cls, file: Path) -> Signer:
        """The key in a file that is there. Raises KeyRefused, OSError."""
        return cls._loaded(file, key_files.read(file))

    @classmethod
    def _loaded(cls, file: Path, pem: bytes) -> Signer:
        try:
            key = load_pem_private_key(pem, password=None)
        except ValueError as error:
            raise KeyRefused(f"{file} is no private key ({error}); bring back the one of your backup") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyRefused(f"{file} is not an Ed25519 key; bring back the one of your backup")
        return cls(key)

    def sign(self, data: bytes) -> str:
        """The signature of these bytes."""
        return self._key.sign(data).hex()


def is_signed(data: bytes, signature: object, public: str) -> bool:
    """Whether ``signature`` is that of these bytes by this public key; False for anything that is no signature.

    Both have one spelling only: capital letters or white space among the digits would be bytes changed unseen.
    """
    if not (isinstance(signature, str) and _SIGNATURE.fullmatch(signature) and _PUBLIC.fullmatch(public)):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), data)
    except (ValueError, InvalidSignature):
        return False
    return True


def public_key(text: str) -> str:
    """A public key of somebody else as 64 hex digits, from such digits or from PEM. Raises KeyRefused."""
    told = text.strip()
    if _PUBLIC.fullmatch(told):
        return told
    try:
        key = load_pem_public_key(told.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefused("neither 64 small hex digits nor a public key in PEM (BEGIN PUBLIC KEY)") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyRefused("a public key, and no Ed25519 one; make one with: openssl genpkey -algorithm ed25519")
    return key.public_bytes_raw().hex()


def _new_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
