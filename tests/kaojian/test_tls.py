"""TLS: an authority that may vouch for its own names only, real clients that check the chain, and clear refusals."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from fastapi import FastAPI

from config.settings import load
from domain.health import Check, CheckState
from kaojian import tls
from kaojian.doctor import check_tls
from kaojian.tls import TlsRefused
from tests.dashboard.serving import served
from tests.house.rules import ROOT
from tests.kaojian.conftest import Command

NAMES = ("kaojian.example.cn", "10.0.0.8")
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def made(tmp_path: Path) -> tls.Made:
    return tls.make(tmp_path / "tls", NAMES, NOW)


def trusting(authority: Path) -> ssl.SSLContext:
    """A client that trusts this authority, takes what it says by the letter, and nothing else."""
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def speaks(server: Path, authority: Path, name: str) -> str:
    """Shake hands as a browser that went to ``name``; the version of TLS. Raises ssl.SSLError."""
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting(authority).wrap_bio(incoming, outgoing, server_hostname=name)
        back, forth = ssl.MemoryBIO(), ssl.MemoryBIO()
        serving = tls.context(server, None).wrap_bio(back, forth, server_side=True)
        for _ in range(4):
            for side in (client, serving):
                with suppress(ssl.SSLWantReadError):
                    side.do_handshake()
                back.write(outgoing.read())
                incoming.write(forth.read())
    return client.version() or ""


@pytest.mark.parametrize("name", [*NAMES, "localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_authority_reaches_every_name(made: tls.Made, name: str) -> None:
    assert speaks(made.server, made.authority, name) == "TLSv1.3"


def test_a_client_refuses_a_name_that_the_certificate_does_not_hold(made: tls.Made) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        speaks(made.server, made.authority, "other.example.cn")


def test_a_client_refuses_the_certificate_of_another_authority(made: tls.Made, tmp_path: Path) -> None:
    other = tls.make(tmp_path / "other", NAMES, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        speaks(made.server, other.authority, NAMES[0])


@pytest.mark.parametrize("name", ["bank.example.com", "192.168.1.1"])
def test_who_steals_the_authority_s_key_cannot_pose_as_anybody_else(
    made: tls.Made, tmp_path: Path, name: str
) -> None:
    forged = tls.make(tmp_path / "forged", [name], NOW).folder
    for file in (tls.AUTHORITY, tls.AUTHORITY_KEY):
        shutil.copy(made.folder / file, forged / file)
    (authority,) = x509.load_pem_x509_certificates(made.authority.read_bytes())
    key = tls._key(made.folder / tls.AUTHORITY_KEY)
    (forged / tls.SERVER).write_bytes(tls._server(key, authority, [name], NOW))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        speaks(forged / tls.SERVER, made.authority, name)


def test_keys_and_folder_are_the_owner_s_alone(made: tls.Made) -> None:
    assert {each.name for each in made.folder.iterdir()} == {tls.AUTHORITY, tls.AUTHORITY_KEY, tls.SERVER}
    assert all(each.stat().st_mode & 0o077 == 0 for each in (made.folder, *made.folder.iterdir()))
    assert b"PRIVATE" not in made.authority.read_bytes()


def test_a_second_making_changes_nothing_and_names_renew(made: tls.Made) -> None:
    before = {each.name: each.read_bytes() for each in made.folder.iterdir()}
    with pytest.raises(TlsRefused, match="--renew"):
        tls.make(made.folder, NAMES, NOW)
    assert {each.name: each.read_bytes() for each in made.folder.iterdir()} == before


def test_a_making_that_fails_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tls, "_server", full)
    with pytest.raises(OSError, match="No space"):
        tls.make(tmp_path / "tls", NAMES, NOW)
    assert list(tmp_path.glob("*tls*")) == []


def public(made: tls.Made) -> bytes:
    """The server's public key."""
    return tls._public(tls._key(made.server))


def test_a_renewed_certificate_has_another_key_the_same_names_and_is_trusted_as_before(made: tls.Made) -> None:
    later = NOW + timedelta(days=380)
    before = public(made)
    renewed = tls.renew(made.folder, later)
    assert renewed.served == tls.Served(made.served.names, later + tls.SERVER_LASTS)
    assert renewed.fingerprint == made.fingerprint
    assert public(made) != before
    tls.renew(made.folder, NOW)
    assert speaks(made.server, made.authority, NAMES[0])


def test_a_certificate_never_outlives_its_authority_and_an_old_authority_signs_nothing(made: tls.Made) -> None:
    ends = NOW + tls.AUTHORITY_LASTS
    assert tls.renew(made.folder, ends - timedelta(days=100)).served.ends == ends
    with pytest.raises(TlsRefused, match=r"runs out on .* make another one"):
        tls.renew(made.folder, ends - timedelta(days=10))


def test_without_the_authority_s_own_key_nothing_is_renewed(made: tls.Made, tmp_path: Path) -> None:
    before = made.server.read_bytes()
    shutil.copy(tls.make(tmp_path / "other", NAMES, NOW).folder / tls.AUTHORITY_KEY, made.folder)
    with pytest.raises(TlsRefused, match="is not the key of"):
        tls.renew(made.folder, NOW)
    (made.folder / tls.AUTHORITY_KEY).unlink()
    with pytest.raises(TlsRefused, match=r"authority\.key is not there: bring it back"):
        tls.renew(made.folder, NOW)
    assert made.server.read_bytes() == before


@pytest.mark.parametrize(
    "name",
    ["", "*", "*.example.cn", "https://a.cn", "a.cn:8000", "0.0.0.0", "::", "考鉴.cn", "a b", "1.2.3", "-a.cn"],
)
def test_a_name_that_no_browser_can_go_to_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(TlsRefused, match="browser"):
        tls.make(tmp_path / "tls", ["kaojian.example.cn", name], NOW)
    assert not (tmp_path / "tls").exists()


# What is wrong with files that are set


def test_files_that_cannot_serve_are_refused_with_what_to_do(made: tls.Made, tmp_path: Path) -> None:
    other = tls.make(tmp_path / "other", NAMES, NOW)
    key = tmp_path / "locked.key"
    secret = tls._key(other.folder / tls.AUTHORITY_KEY)
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw")))
    key.chmod(0o600)
    cases = [
        (tmp_path / "nowhere.pem", None, "cannot be read: No such file"),
        (made.folder / tls.AUTHORITY_KEY, None, "holds no certificate"),
        (made.authority, None, "holds no private key"),
        (made.server, other.server, "is not the key of"),
        (made.server, key, "is under a password"),
        (made.authority, made.folder / tls.AUTHORITY_KEY, "names no host"),
    ]
    for certificate, its_key, said in cases:
        with pytest.raises(TlsRefused, match=said):
            tls.context(certificate, its_key)
    made.server.chmod(0o640)
    with pytest.raises(TlsRefused, match=f"chmod 600 {made.server}"):
        tls.context(made.server, None)


def test_certificate_and_key_may_lie_apart_and_in_either_order(made: tls.Made, tmp_path: Path) -> None:
    key, mark, chain = made.server.read_text().partition("-----BEGIN CERTIFICATE-----")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "chain.pem").write_text(mark + chain)
    assert tls.context(tmp_path / "chain.pem", tmp_path / "key.pem")
    made.server.write_text(mark + chain + key)
    assert tls.context(made.server, None)


def checked(made: tls.Made, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setenv("KAOJIAN_TLS_CERT", str(made.server))
    (check,) = check_tls(load(), now)
    return check


@pytest.mark.parametrize(
    ("days_left", "state", "said"),
    [
        (31, CheckState.OK, "is good until"),
        (29, CheckState.NOTE, "29 days from now"),
        (0, CheckState.FAIL, "no browser opens the pages"),
    ],
)
def test_the_doctor_tells_thirty_days_before_the_certificate_runs_out(
    made: tls.Made, monkeypatch: pytest.MonkeyPatch, days_left: int, state: CheckState, said: str
) -> None:
    check = checked(made, made.served.ends - timedelta(days=days_left), monkeypatch)
    assert (check.state, said in check.said) == (state, True)
    assert ("kaojian tls --renew" in check.remedy) == (state is not CheckState.OK)


def test_the_doctor_fails_for_a_certificate_that_cannot_serve_and_is_silent_about_plain_http(
    made: tls.Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(check_tls(load(), NOW)) == []
    made.server.chmod(0o644)
    assert checked(made, NOW, monkeypatch).state is CheckState.FAIL


# Serving


def serial(address: str, trusted: ssl.SSLContext) -> int:
    """Of the certificate that a new connection is shown."""
    where = urlsplit(address)
    with (
        socket.create_connection((where.hostname, where.port), 10) as plain,
        trusted.wrap_socket(plain, server_hostname=where.hostname) as connection,
    ):
        shown = connection.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


def test_a_renewed_file_is_taken_up_without_a_restart_and_a_broken_one_is_not(made: tls.Made) -> None:
    trusted = trusting(made.authority)
    with served(FastAPI(openapi_url=None), tls.uvicorn_context(made.server, None)) as address:
        first = serial(address, trusted)
        assert serial(address, trusted) == first
        tls.renew(made.folder, NOW)
        second = serial(address, trusted)
        assert second != first
        made.server.write_text("half a fi")
        assert serial(address, trusted) == second


def test_the_service_speaks_tls_from_1_2_on_and_nothing_else(made: tls.Made, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {"KAOJIAN_DATA_DIR": tmp_path / "var", "KAOJIAN_TLS_CERT": made.server, "KAOJIAN_HTTP_PORT": port}
    service = subprocess.Popen(
        [sys.executable, "-m", "kaojian", "serve", "--roles", "dashboard"],
        cwd=ROOT,
        env={**os.environ, **{name: str(value) for name, value in given.items()}},
        stderr=subprocess.PIPE,
    )
    try:
        answer = answered(f"https://127.0.0.1:{port}/api/v1/health", made.authority, service)
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert "server" not in answer.headers
        claims = {"X-Forwarded-For": "10.0.0.9"}  # metrics are for this machine, and where one comes from is no claim
        asked = f"https://127.0.0.1:{port}/metrics"
        told = httpx.get(asked, headers=claims, verify=trusting(made.authority), trust_env=False, timeout=30)
        assert told.status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/api/v1/health", trust_env=False)
        assert shakes_hands(port, only(made.authority, ssl.TLSVersion.TLSv1_2))
        assert not shakes_hands(port, only(made.authority, ssl.TLSVersion.TLSv1_1))
    finally:
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=30)
    assert b"Traceback" not in said


def answered(address: str, authority: Path, service: subprocess.Popen[bytes]) -> httpx.Response:
    """The first answer of a service that starts."""
    trusted = trusting(authority)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and service.poll() is None:
        try:
            return httpx.get(address, verify=trusted, trust_env=False, timeout=30)
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("the service does not answer")


def only(authority: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that knows this version and takes whatever goes with it."""
    trusted = trusting(authority)
    trusted.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that must be refused
        trusted.minimum_version = trusted.maximum_version = version
    return trusted


def shakes_hands(port: int, trusted: ssl.SSLContext) -> bool:
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        try:
            trusted.wrap_socket(plain, server_hostname="127.0.0.1").close()
        except ssl.SSLError:
            return False
    return True


# The command


def test_the_command_makes_renews_and_says_how_to_be_trusted(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAOJIAN_HTTP_HOST", "0.0.0.0")  # what the settings refuse until there is a certificate
    done = kaojian("tls", "kaojian.example.cn", "10.0.0.8")
    server = installation / "var" / "tls" / "server.pem"
    assert done.code == 0, done.err
    for words in (f"KAOJIAN_TLS_CERT={server}", "SHA-256 ", "certutil -addstore", "update-ca-certificates"):
        assert words in done.out
    assert "PRIVATE KEY" not in done.out
    again = kaojian("tls", "kaojian.example.cn")
    assert (again.code, "--renew" in again.err) == (1, True)
    before = server.read_bytes()
    assert kaojian("tls", "--renew").code == 0
    assert server.read_bytes() != before
    monkeypatch.setenv("KAOJIAN_TLS_CERT", str(server))
    assert load().http_host == "0.0.0.0"


@pytest.mark.parametrize("words", [(), ("--renew", "a.cn")])
def test_the_command_wants_names_or_renew(kaojian: Command, words: tuple[str, ...]) -> None:
    assert kaojian("tls", *words).code == 2
