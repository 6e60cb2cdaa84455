"""Certificates of our own: what others may rely on in them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from config.certificates import ends, pair

NOW = datetime.now(UTC).replace(microsecond=0)


def test_a_pair_is_vouched_for_by_its_own_authority_and_by_no_other() -> None:
    one, other = (pair("store", ["127.0.0.1", "localhost"], NOW, timedelta(days=9)) for _ in range(2))
    holder, authority = (x509.load_pem_x509_certificate(each) for each in (one.certificate, one.authority))
    holder.verify_directly_issued_by(authority)
    with pytest.raises(InvalidSignature):
        holder.verify_directly_issued_by(x509.load_pem_x509_certificate(other.authority))
    assert ends(one.certificate) == NOW + timedelta(days=9)
    names = holder.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_a_pair_is_what_tls_takes_and_shows_no_key(tmp_path: Path) -> None:
    made = pair("store", ["localhost"], NOW, timedelta(days=9))
    for name, content in (("crt", made.certificate), ("key", made.key), ("ca", made.authority)):
        (tmp_path / name).write_bytes(content)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "crt", tmp_path / "key")
    ssl.create_default_context(cafile=str(tmp_path / "ca"))
    assert "PRIVATE" not in repr(made)
