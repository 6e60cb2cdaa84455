"""Time stamps: what is no proof of a time is refused, first of all; then what an authority's own answer says."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from storage.manifest.authority import AuthoritySilent, HttpAuthority
from storage.manifest.stamps import (
    MAX_STAMP_BYTES,
    TOLERANCE,
    Roots,
    RootsRefused,
    Stamp,
    StampRefused,
    judge,
    refuse_before,
    wanted,
)
from tests import stamp_authority
from tests.stamp_authority import Answering, Certified, StampAuthority, certified, root_of, serving

pytestmark = pytest.mark.skipif(not stamp_authority.HAS_OPENSSL, reason="openssl is absent")

MESSAGE = b'{"form":"kaojian-link-1"}'
DAY = timedelta(days=1)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[StampAuthority]:
    root = root_of()
    with serving(StampAuthority(tmp_path / "authority", root, certified("test authority", root))) as made:
        yield made


def roots_of(authority: StampAuthority) -> Roots:
    return Roots((authority.root.certificate,))


def asked(authority: StampAuthority, answer_s: float = 10) -> HttpAuthority:
    return HttpAuthority(authority.url, authority.roots, answer_s)


# What is refused


@pytest.mark.parametrize(
    ("answering", "said"),
    [
        (stamp_authority.of_something_else, "a stamp of something else"),
        (lambda authority, request: b"", "no time stamp that can be read"),
        (lambda authority, request: b"<html>", "no time stamp that can be read"),
        (lambda authority, request: b"\x30\x05\x30\x03\x02\x01\x02", "answered with status 2"),
        (lambda authority, request: b"\x30\x05\x30\x03\x02\x01\x00", "no time stamp that can be read"),
        (lambda authority, request: authority.stamp(request)[:-9], "no time stamp that can be read"),
        (stamp_authority.at(datetime(2020, 1, 1, tzinfo=UTC)), "not to be trusted.*not yet valid"),
        (stamp_authority.at(datetime(2046, 1, 1, tzinfo=UTC)), "not to be trusted.*expired"),
    ],
)
def test_an_authority_that_lies_is_not_believed(authority: StampAuthority, answering: Answering, said: str) -> None:
    authority.answering = answering
    with pytest.raises(StampRefused, match=said):
        asked(authority).stamp(MESSAGE)


def test_an_old_answer_is_not_believed_again(authority: StampAuthority) -> None:
    authority.answering = stamp_authority.replayed
    asker = asked(authority)
    assert asker.stamp(MESSAGE)[0] == authority.answered[0]
    with pytest.raises(StampRefused, match="may be an old answer"):
        asker.stamp(MESSAGE)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda root: certified("test authority", root_of("another root")), "not to be trusted"),
        (lambda root: certified("test authority", root_of()), "not to be trusted|signature does not hold"),
        (lambda root: certified("test authority"), "not to be trusted"),
        (lambda root: certified("test authority", certified("no authority", root)), "not to be trusted"),
        (lambda root: certified("x", root, begins=-9 * DAY, ends=-DAY), "not to be trusted.*expired"),
        (lambda root: certified("x", root, begins=DAY), "not to be trusted.*not yet valid"),
    ],
)
def test_a_certificate_that_hangs_from_no_trusted_root_stamps_nothing(
    authority: StampAuthority, make: Callable[[Certified], Certified], said: str
) -> None:
    authority.take(make(authority.root))
    with pytest.raises(StampRefused, match=said):
        asked(authority).stamp(MESSAGE)


@pytest.mark.parametrize(
    ("use", "critical"),
    [
        (None, True),
        ([ExtendedKeyUsageOID.SERVER_AUTH], True),
        ([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING], True),
        ([ExtendedKeyUsageOID.TIME_STAMPING], False),
    ],
)
def test_a_certificate_that_is_not_for_time_stamps_alone_stamps_nothing(
    authority: StampAuthority, use: list[x509.ObjectIdentifier] | None, critical: bool
) -> None:
    usage = None if use is None else x509.ExtendedKeyUsage(use)
    authority.take(certified("a web server", authority.root, use=usage, critical=critical))
    authority.answering = stamp_authority.unwilling
    with pytest.raises(StampRefused, match=r"unsuitable certificate purpose"):
        asked(authority).stamp(MESSAGE)


def test_signing_anew_is_not_what_is_refused(authority: StampAuthority) -> None:
    """The lying authority of these tests, telling the truth, is believed."""
    authority.answering = stamp_authority.unwilling
    assert asked(authority).stamp(MESSAGE)[1].authority == "CN=test authority"


@pytest.mark.parametrize("status", [404, 503, 302, 201])
def test_an_authority_that_says_no_is_silent(authority: StampAuthority, status: int) -> None:
    authority.status = status
    with pytest.raises(AuthoritySilent, match=f"answered {status} instead"):
        asked(authority).stamp(MESSAGE)


def test_an_answer_without_end_is_not_read_to_its_end(authority: StampAuthority) -> None:
    authority.answering = lambda *_: bytes(MAX_STAMP_BYTES + 1)
    with pytest.raises(AuthoritySilent, match="more than 65536 bytes"):
        asked(authority).stamp(MESSAGE)


def test_nobody_waits_for_an_authority_that_does_not_answer(authority: StampAuthority) -> None:
    authority.answering = stamp_authority.silent
    with pytest.raises(AuthoritySilent, match=r"127\.0\.0\.1"):
        asked(authority, answer_s=0.2).stamp(MESSAGE)


def test_nobody_waits_for_an_authority_that_never_ends(authority: StampAuthority) -> None:
    with stamp_authority.dripping() as url, pytest.raises(AuthoritySilent, match=r"did not answer within 0\.3 s"):
        HttpAuthority(url, authority.roots, 0.3).stamp(MESSAGE)


def test_an_address_where_nobody_listens_is_silent(authority: StampAuthority) -> None:
    nowhere = HttpAuthority("http://127.0.0.1:9/", authority.roots)
    with pytest.raises(AuthoritySilent, match="does not answer"):
        nowhere.stamp(MESSAGE)


def test_a_flipped_bit_never_gives_another_time_or_another_authority(authority: StampAuthority) -> None:
    """Some bytes of a stamp are covered by no signature; whatever they are made, what it says stays as it was."""
    data, stamp = asked(authority).stamp(MESSAGE)
    rng, refused = random.Random(3161), 0
    for _ in range(600):
        spoilt = bytearray(data)
        spoilt[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            assert judge(bytes(spoilt), MESSAGE, roots_of(authority)) == stamp
        except StampRefused:
            refused += 1
    assert refused > 500


def test_a_stamp_of_other_bytes_or_under_other_roots_proves_nothing(authority: StampAuthority) -> None:
    data, _ = asked(authority).stamp(MESSAGE)
    with pytest.raises(StampRefused, match="something else"):
        judge(data, MESSAGE + b" ", roots_of(authority))
    for other in (root_of("another root"), root_of()):
        with pytest.raises(StampRefused, match=r"not to be trusted|does not hold"):
            judge(data, MESSAGE, Roots((other.certificate,)))
    with pytest.raises(StampRefused, match="too many"):
        judge(bytes(MAX_STAMP_BYTES + 1), MESSAGE, roots_of(authority))


def test_a_stamp_from_before_the_signing_is_refused_beyond_the_tolerance() -> None:
    signed_at = datetime(2026, 5, 1, tzinfo=UTC)
    refuse_before(Stamp(signed_at - TOLERANCE, signed_at, "x"), signed_at)
    refuse_before(Stamp(signed_at + 900 * DAY, signed_at, "x"), signed_at)
    with pytest.raises(StampRefused, match="one of the two clocks was wrong"):
        refuse_before(Stamp(signed_at - TOLERANCE - timedelta(seconds=1), signed_at, "x"), signed_at)


def test_a_file_without_certificates_or_with_one_from_the_middle_is_no_root(tmp_path: Path) -> None:
    file = tmp_path / "roots.pem"
    for content in (b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        file.write_bytes(content)
        with pytest.raises(RootsRefused, match=r"roots\.pem"):
            Roots.read([file])
    file.write_bytes(certified("in the middle", root_of(), authority=True).pem)
    with pytest.raises(RootsRefused, match="CN=in the middle is issued by CN=test root"):
        Roots.read([file])
    with pytest.raises(RootsRefused, match=r"nowhere\.pem cannot be read \(No such file or directory\)"):
        Roots.read([tmp_path / "nowhere.pem"])


# What holds


def test_a_stamp_says_when_and_by_whom(authority: StampAuthority) -> None:
    before = datetime.now(UTC)
    data, stamp = asked(authority).stamp(MESSAGE)
    assert stamp.authority == "CN=test authority"
    assert before.replace(microsecond=0) <= stamp.time <= datetime.now(UTC)
    assert stamp.existed_by == stamp.time + timedelta(seconds=2)  # its accuracy, and the fraction that is cut off
    assert judge(data, MESSAGE, Roots.read([authority.roots])) == stamp


def test_what_is_sent_is_the_hash_alone(authority: StampAuthority) -> None:
    asked(authority).stamp(MESSAGE)
    assert MESSAGE not in authority.asked[0]
    assert len({wanted(MESSAGE).nonce for _ in range(20)}) == 20


def test_an_authority_below_another_is_believed_by_the_root(authority: StampAuthority) -> None:
    between = certified("in the middle", authority.root, authority=True)
    for _ in range(4):  # openssl writes certificates in another order than that of their bytes, now and then
        authority.take(certified("below", between), between)
        assert asked(authority).stamp(MESSAGE)[1].authority == "CN=below"


def test_a_stamp_outlives_the_certificate_that_made_it(authority: StampAuthority) -> None:
    """It was valid when it stamped, a year ago, and has run out since."""
    year = timedelta(days=365)
    authority.root = root_of("old root", begins=-2 * year)
    authority.roots.write_bytes(authority.root.pem)
    authority.take(certified("old authority", authority.root, begins=-year - DAY, ends=-year + DAY))
    then = (datetime.now(UTC) - year).replace(microsecond=0)
    authority.answering = stamp_authority.at(then)
    assert asked(authority).stamp(MESSAGE)[1].time == then


def test_openssl_accepts_what_is_accepted_here(authority: StampAuthority, tmp_path: Path) -> None:
    data, _ = asked(authority).stamp(MESSAGE)
    (tmp_path / "stamp.tsr").write_bytes(data)
    (tmp_path / "link").write_bytes(MESSAGE)
    command = ["openssl", "ts", "-verify", "-data", "link", "-in", "stamp.tsr", "-CAfile", str(authority.roots)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Verification: OK" in done.stdout + done.stderr) == (0, True)
