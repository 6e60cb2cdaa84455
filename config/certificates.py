"""Certificates by authorities of our own: what those of the pages and of the object store beside us are made of.

Keys are ECDSA on P-256. Not here: for which names the pages have one and how it is renewed (``kaojian.tls``), and
where the object store keeps its own (``storage.seaweed_keys``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BACKDATED = timedelta(hours=1)  # clocks of inspectors' machines are not all right


@dataclass(frozen=True, slots=True)
class Pair:
    """One certificate with its key and the authority that vouches for it, each as PEM."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)


def pair(name: str, hosts: Sequence[str], now: datetime, lasts: timedelta) -> Pair:
    """A certificate for both ends of a connection, and an authority that never vouches for another one.

    The authority's key is forgotten as soon as it has signed: whoever trusts it trusts this one certificate.
    """
    by, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    ends = now + lasts
    authority = (
        begun(subject(name), subject(name), by, now, ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(by, SHA256())
    )
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        begun(subject(f"{name} itself"), authority.subject, key, now, ends)
        .add_extension(x509.SubjectAlternativeName([general(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(both, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(by, SHA256())
    )
    return Pair(authority.public_bytes(Encoding.PEM), certificate.public_bytes(Encoding.PEM), pem(key))


def ends(certificate: bytes) -> datetime:
    """When a certificate in PEM form runs out. Raises ValueError for what is none."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def begun(
    holder: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    """What every certificate of ours begins with."""
    return (
        x509.CertificateBuilder()
        .subject_name(holder)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def subject(name: str) -> x509.Name:
    """A holder or an issuer that has a name and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def general(host: str) -> x509.GeneralName:
    """A host name or an address, as certificates write them."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def usage(**allowed: bool) -> x509.KeyUsage:
    """What a key may be used for, and nothing else (RFC 5280 4.2.1.3)."""
    kinds = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**(dict.fromkeys(kinds, False) | allowed))


def pem(key: EllipticCurvePrivateKey) -> bytes:
    """A private key without a password, which nobody could give at a restart."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
