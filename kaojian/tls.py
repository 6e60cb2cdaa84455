"""TLS of the pages: an authority of one's own, its server certificate, and what is wrong with the one that is set.

``make`` writes a folder with three files:

    authority.crt   what machines of inspectors are told to trust; nothing in it is secret
    authority.key   with which the next server certificate is signed; nobody else ever needs it
    server.pem      the server's key, its certificate and the authority's, in one file, so that they change together

Keys are ECDSA on P-256, which every browser takes; none takes Ed25519. The authority may vouch for the names that it
was made for and for no others (RFC 5280 4.2.1.10), so that who steals its key cannot pose as any other site before
those who trust it. Not here: that nothing but loopback is served without TLS (``config.settings``).
"""

from __future__ import annotations

import ipaddress
import re
import shutil
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from config.certificates import begun, general, pem, subject, usage
from config.errors import ConfigError, SecretError
from config.private_files import sync_folder, write_private
from config.secrets import refuse_exposed

AUTHORITY, AUTHORITY_KEY, SERVER = "authority.crt", "authority.key", "server.pem"

AUTHORITY_LASTS = timedelta(days=3650)
SERVER_LASTS = timedelta(days=397)
"""No browser takes a certificate of more than 825 days, and a year is short enough to notice what is not renewed."""

WARN_BEFORE = timedelta(days=30)

_ALWAYS = ("localhost", "127.0.0.1", "::1")  # who sits at the machine itself
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# TLS 1.2 with forward secrecy and authenticated encryption only; those of TLS 1.3 are all such.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

_log = structlog.get_logger()


class TlsRefused(ConfigError):
    """Keys or certificates cannot be made or used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a server shows: the names it vouches for and when the first certificate of its chain runs out."""

    names: tuple[str, ...]
    ends: datetime

    def runs_out_soon(self, now: datetime) -> bool:
        """Whether it is time for another one."""
        return self.ends - now < WARN_BEFORE


@dataclass(frozen=True, slots=True)
class Made:
    """A server certificate that was just written."""

    folder: Path
    served: Served
    fingerprint: str

    @property
    def server(self) -> Path:
        """The file for KAOJIAN_TLS_CERT."""
        return self.folder / SERVER

    @property
    def authority(self) -> Path:
        """The file that others are given."""
        return self.folder / AUTHORITY


# --- Making -----------------------------------------------------------------------------------------------------


def make(folder: Path, names: Sequence[str], now: datetime) -> Made:
    """A new authority and its first server certificate, the whole folder or nothing. Raises TlsRefused, OSError.

    ``names`` are host names and addresses that browsers will go to; those of loopback are added.
    """
    wanted = _known(names)
    if folder.exists() and any(folder.iterdir()):
        raise TlsRefused(
            f"{folder} is not empty, and nothing there is overwritten; "
            "--renew makes a new server certificate by the authority that is there, --into names another folder"
        )
    key = generate_private_key(SECP256R1())
    authority = _authority(key, wanted, now)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{uuid4().hex}")
    beside.mkdir(mode=0o700)
    try:
        write_private(beside / AUTHORITY_KEY, pem(key))
        write_private(beside / AUTHORITY, authority.public_bytes(Encoding.PEM))
        write_private(beside / SERVER, _server(key, authority, wanted, now))
        beside.replace(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    sync_folder(folder.parent)
    return _made(folder)


def renew(folder: Path, now: datetime) -> Made:
    """Another key and server certificate for the same names, by the same authority. Raises TlsRefused, OSError."""
    files = [folder / name for name in (AUTHORITY, AUTHORITY_KEY)]
    for file in files:
        if not file.is_file():
            raise TlsRefused(
                f"{file} is not there: bring it back, or make another authority in a new folder (--into)"
            )
    authority, key = _certificates(files[0])[0], _key(files[1])
    if _public(key) != _public(authority):
        raise TlsRefused(f"{files[1]} is not the key of {files[0]}; bring back the one that was made with it")
    if authority.not_valid_after_utc - now < WARN_BEFORE:
        raise TlsRefused(
            f"the authority {files[0]} runs out on {authority.not_valid_after_utc:%Y-%m-%d}: "
            "make another one in a new folder (--into) and have it trusted before then"
        )
    names = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    write_private(folder / SERVER, _server(key, authority, _known([_text(name) for name in names]), now))
    return _made(folder)


def told(made: Made, *, first: bool) -> list[str]:
    """What to do with it now, line by line."""
    names = ", ".join(made.served.names)
    lines = [f"written: {made.server}, good until {made.served.ends:%Y-%m-%d} for {names}"]
    if not first:
        return [*lines, "a service that uses this file takes it up by itself, with the next connection"]
    return [
        *lines,
        "",
        "1. Have the service use it, in its settings (0.0.0.0 is every network card of this machine):",
        "     KAOJIAN_HTTP_HOST=0.0.0.0",
        f"     KAOJIAN_TLS_CERT={made.server}",
        "2. Carry the authority's certificate to each machine that looks at the pages, compare there",
        "   (openssl x509 -in authority.crt -noout -fingerprint -sha256, or certutil -dump authority.crt)",
        f"     SHA-256 {made.fingerprint}",
        "   and have it trusted 在每台查看页面的电脑上核对指纹并信任:",
        "     Windows   certutil -addstore -f Root authority.crt        (as administrator 以管理员身份)",
        "     Debian, Ubuntu, UOS, Kylin   sudo cp authority.crt /usr/local/share/ca-certificates/kaojian.crt",
        "                                  sudo update-ca-certificates",
        "     Chromium on Linux   certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n kaojian -i authority.crt",
        "     Firefox   Settings, Certificates, Authorities, Import 设置、证书、证书颁发机构、导入",
        f"3. Keep {made.folder / AUTHORITY_KEY} where only this machine's owner comes; nobody else needs it.",
        f"4. Before {made.served.ends - WARN_BEFORE:%Y-%m-%d}, when `kaojian doctor` says so: kaojian tls --renew",
    ]


def _known(names: Iterable[str]) -> list[str]:
    """The names in one way of writing, each once, those of loopback last. Raises TlsRefused."""
    found = dict.fromkeys([*(_name(name) for name in names), *_ALWAYS])
    return sorted(found, key=lambda name: name in _ALWAYS)


def _name(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        name = text.lower()
        if len(name) > 253 or not _HOST.fullmatch(name) or name.rpartition(".")[2].isdigit():
            raise TlsRefused(
                f"{text!r} is no name of a host and no address: write what browsers will be given, such as "
                "kaojian.example.cn or 10.0.0.8, without https:// and port"
            ) from None
        return name
    if address.is_unspecified or address.is_multicast:
        raise TlsRefused(f"{text} is no address that a browser can go to: name those of this machine")
    return str(address)


def _subtree(name: str) -> x509.GeneralName:
    """The name alone, as a constraint: an address becomes a network of one."""
    whole = general(name)
    return x509.IPAddress(ipaddress.ip_network(name)) if isinstance(whole, x509.IPAddress) else whole


def _text(name: x509.GeneralName) -> str:
    value = name.value
    network = isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network)
    return str(value.network_address if network else value)


def _authority(key: EllipticCurvePrivateKey, names: Sequence[str], now: datetime) -> x509.Certificate:
    holder = subject(f"Kaojian {names[0][:32]} {now:%Y-%m-%d}")
    allowed = usage(key_cert_sign=True, crl_sign=True)
    return (
        begun(holder, holder, key, now, now + AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(allowed, critical=True)
        .add_extension(x509.NameConstraints([_subtree(name) for name in names], None), critical=True)
        .sign(key, SHA256())
    )


def _server(by: EllipticCurvePrivateKey, authority: x509.Certificate, names: Sequence[str], now: datetime) -> bytes:
    """Key, certificate and the authority's certificate as PEM."""
    key = generate_private_key(SECP256R1())
    ends = min(now + SERVER_LASTS, authority.not_valid_after_utc)
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    made = (
        begun(subject("Kaojian"), authority.subject, key, now, ends)
        .add_extension(x509.SubjectAlternativeName([general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(by, SHA256())
    )
    return pem(key) + made.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM)


def _made(folder: Path) -> Made:
    digest = _certificates(folder / AUTHORITY)[0].fingerprint(SHA256()).hex(":").upper()
    return Made(folder, look(folder / SERVER, None), digest)


# --- Using ------------------------------------------------------------------------------------------------------


def look(certificate: Path, key: Path | None) -> Served:
    """What these files show; the key lies with the certificate where none is named. Raises TlsRefused."""
    chain = _certificates(certificate)
    if _public(_key(key or certificate)) != _public(chain[0]):
        raise TlsRefused(f"{key or certificate} is not the key of the first certificate in {certificate}")
    try:
        names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise TlsRefused(f"{certificate} names no host (subjectAltName), so no browser takes it") from None
    return Served(tuple(_text(name) for name in names), min(each.not_valid_after_utc for each in chain))


def context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """How the server speaks TLS: 1.2 at least, forward secrecy always. Raises TlsRefused.

    Files that were replaced are taken up by the next connection, so that a renewal interrupts nobody; files that are
    no use leave the old certificate in place.
    """
    newest = _stamp(certificate, key)
    first = found = _loaded(certificate, key)

    def shown(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal found, newest
        stamp = _stamp(certificate, key)
        if stamp != newest:
            newest = stamp
            try:
                found = _loaded(certificate, key)
                _log.info("tls_renewed", file=str(certificate))
            except TlsRefused as error:
                _log.error("tls_not_renewed", reason=str(error))
        connection.context = found

    first.sni_callback = shown  # asked at each handshake, also where no name is sent
    return first


def uvicorn_context(certificate: Path, key: Path | None) -> Callable[[Any, Any], ssl.SSLContext]:
    """The same in the form that uvicorn asks for. Raises TlsRefused now, not when the server starts."""
    made = context(certificate, key)
    return lambda _config, _default: made


def _loaded(certificate: Path, key: Path | None) -> ssl.SSLContext:
    look(certificate, key)  # refuses in words what OpenSSL would refuse in codes, or ask a terminal about
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    try:
        made.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # an ssl.SSLError is an OSError
        raise TlsRefused(f"{certificate} cannot be used: {error}") from error
    return made


def _stamp(certificate: Path, key: Path | None) -> tuple[tuple[int, int], ...]:
    """Changes whenever one of the files is replaced."""
    found = []
    for file in (certificate, key or certificate):
        try:
            status = file.stat()
        except OSError:
            found.append((0, 0))
        else:
            found.append((status.st_ino, status.st_mtime_ns))
    return tuple(found)


def _certificates(file: Path) -> list[x509.Certificate]:
    content = _content(file)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise TlsRefused(f"{file} holds no certificate in PEM form ({error})") from error


def _key(file: Path) -> Any:
    content = _content(file)
    try:
        refuse_exposed(file, file.stat().st_mode)
        return load_pem_private_key(content, password=None)
    except SecretError as error:
        raise TlsRefused(str(error)) from error
    except TypeError:
        raise TlsRefused(
            f"the key in {file} is under a password, which nobody could give at a restart: take it off with "
            f"openssl pkey -in {file} -out NEW, and chmod 600 NEW"
        ) from None
    except ValueError as error:
        raise TlsRefused(f"{file} holds no private key in PEM form ({error})") from error


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise TlsRefused(f"{file} cannot be read: {error.strerror}") from error


def _public(holder: Any) -> bytes:
    """The public key of a private key or of a certificate, to be compared."""
    found: bytes = holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found
