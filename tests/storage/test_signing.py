"""Public keys of others: Ed25519 alone, and one spelling of each."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from storage.errors import KeyRefused
from storage.signing import public_key


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_key_is_the_same_in_pem_and_in_hex() -> None:
    key = Ed25519PrivateKey.generate()
    digits = key.public_key().public_bytes_raw().hex()
    assert public_key(pem(key)) == public_key(f" {digits}\n") == digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AB" * 32,
        "ab" * 31,
        "-----BEGIN PUBLIC KEY-----",
        "\ufffd" * 64,
        pem(ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused):
        public_key(text)
