"""A time stamp authority on loopback, made of ``openssl ts`` and keys of its own; and one that lies as a test wants.

It stamps with the real time. Certificates are made for each test: a root, an authority below it, and what else a test
needs wrong about them. Its configuration names no ``certs=``: with an empty one ``openssl ts`` refuses to work.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HAS_OPENSSL = shutil.which("openssl") is not None

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONFIG = """\
[tsa]
default_tsa = ours
[ours]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""

Answering = Callable[["StampAuthority", bytes], bytes]
Use = x509.ExtendedKeyUsage


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def certified(
    name: str,
    by: Certified | None = None,
    *,
    authority: bool = False,
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=30),
    use: Use | None = Use([ExtendedKeyUsageOID.TIME_STAMPING]),  # noqa: B008 (it is never changed)
    critical: bool = True,
) -> Certified:
    """A new certificate, by itself or by another one; times are from now on."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    elif use is not None:
        builder = builder.add_extension(use, critical=critical)
    return Certified(builder.sign(key if by is None else by.key, hashes.SHA256()), key)


def root_of(name: str = "test root", **times: timedelta) -> Certified:
    return certified(name, authority=True, begins=times.get("begins", timedelta(days=-365)))


@dataclass
class StampAuthority:
    """What is asked of it, and what it answers. ``answering`` makes the body, ``status`` goes before it."""

    folder: Path
    root: Certified
    signer: Certified
    chain: tuple[Certified, ...] = ()
    url: str = ""
    status: int = 200
    answering: Answering = field(default_factory=lambda: honest)
    asked: list[bytes] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if not HAS_OPENSSL:
            pytest.skip("the program openssl is absent")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "tsa.cnf").write_text(_CONFIG)
        (self.folder / "serial").write_text("01\n")
        self.roots.write_bytes(self.root.pem)
        self.take(self.signer, *self.chain)

    @property
    def roots(self) -> Path:
        """The file by which it is believed."""
        return self.folder / "root.pem"

    def take(self, signer: Certified, *chain: Certified) -> None:
        """Sign with another certificate from now on; those of ``chain`` go with each stamp."""
        key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "signer.key").write_bytes(key)
        (self.folder / "signer.pem").write_bytes(signer.pem)
        (self.folder / "chain.pem").write_bytes(b"".join(each.pem for each in chain))
        self.signer, self.chain = signer, chain

    def openssl(self, *words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())

    def stamp(self, request: bytes) -> bytes:
        """An honest answer to a request."""
        (self.folder / "request.tsq").write_bytes(request)
        words = ["ts", "-reply", "-config", "tsa.cnf", "-section", "ours", "-queryfile", "request.tsq"]
        chain = ["-chain", "chain.pem"] if self.chain else []
        self.openssl(*words, "-signer", "signer.pem", "-inkey", "signer.key", *chain, "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    def signed_anew(self, answer: bytes, change: Callable[[bytes], bytes] = bytes) -> bytes:
        """The same with what is stamped changed, signed with whatever certificate: ``openssl ts`` would refuse to."""
        (self.folder / "answer.tsr").write_bytes(answer)
        self.openssl("ts", "-reply", "-in", "answer.tsr", "-token_out", "-out", "token.der")
        self.openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", "token.der", "-out", "info.der")
        (self.folder / "info.der").write_bytes(change((self.folder / "info.der").read_bytes()))
        words = ["cms", "-sign", "-binary", "-nodetach", "-cades", "-md", "sha256", "-econtent_type", _TST_INFO]
        signer = ["-signer", "signer.pem", "-inkey", "signer.key"]
        self.openssl(*words, *signer, "-in", "info.der", "-outform", "DER", "-out", "anew.der")
        token = (self.folder / "anew.der").read_bytes()
        body = b"\x30\x03\x02\x01\x00" + token  # granted
        return b"\x30\x82" + len(body).to_bytes(2, "big") + body


def honest(authority: StampAuthority, request: bytes) -> bytes:
    return authority.stamp(request)


def at(instant: datetime) -> Answering:
    """As if it were that time, for which the certificate may be valid or not."""
    told = f"{instant.astimezone(UTC):%Y%m%d%H%M%SZ}".encode()

    def moved(info: bytes) -> bytes:
        place = info.index(b"\x18\x0f") + 2
        return info[:place] + told + info[place + len(told) :]

    return lambda authority, request: authority.signed_anew(authority.stamp(request), moved)


def unwilling(authority: StampAuthority, request: bytes) -> bytes:
    """With a certificate that is not for time stamps, which ``openssl ts`` itself would not sign with."""
    mine = authority.signer
    authority.take(certified("for stamps", authority.root))
    answer = authority.stamp(request)
    authority.take(mine)
    return authority.signed_anew(answer)


def of_something_else(authority: StampAuthority, request: bytes) -> bytes:
    """Another imprint, in answer to the right number."""
    place = request.index(b"\x04\x20") + 2
    return authority.stamp(request[:place] + bytes(32) + request[place + 32 :])


def replayed(authority: StampAuthority, request: bytes) -> bytes:
    """Its first answer, again and again."""
    return authority.answered[0] if authority.answered else authority.stamp(request)


def silent(authority: StampAuthority, request: bytes) -> bytes:
    """No answer until the test lets go."""
    authority.released.wait(30)
    return b""


@contextmanager
def serving(authority: StampAuthority) -> Iterator[StampAuthority]:
    """It answers at its ``url`` until the block ends."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:  # its files have one name each
                authority.asked.append(request)
                body = authority.answering(authority, request)
                authority.answered.append(body)
            try:
                self.send_response(authority.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # who asked has gone
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Tests say what they need to."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/stamp"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        authority.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def dripping() -> Iterator[str]:
    """The address of a server that never stops answering, a byte now and then."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while not stop.is_set():
                    self.wfile.write(b"0")
                    time.sleep(0.02)
            except OSError:  # who asked has gone
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Tests say what they need to."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()
