"""时间戳: that something existed by an instant, said and signed by an authority that is not ours (RFC 3161).

Here requests are made and stamps are judged; the one door to rfc3161_client. A stamp is the whole answer of an
authority, in DER, as ``openssl ts`` reads it too. Certificates are judged by the time that the stamp itself tells, so
that one that has run out since still counts. Not here: asking an authority (``storage.manifest.authority``), and
which link a stamp belongs to (``storage.manifest.verifying``).

    StorageError
    ├── StampRefused   what came is no stamp, or one that does not hold; says why
    └── RootsRefused   a file holds no certificates that could be trusted
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from domain.timeline import rfc3339
from storage.errors import StorageError

MAX_STAMP_BYTES = 64 << 10
"""No stamp is larger: a signature and a few certificates."""

TOLERANCE = timedelta(seconds=60)
"""So far a stamp may be before the instant of signing, by which the host's clock was ahead of the authority's."""

_CUT_OFF = timedelta(seconds=1)  # the parser drops fractions of a second
_UNREADABLE = (ValueError, KeyError, OverflowError, x509.InvalidVersion, x509.DuplicateExtension)
"""What the parsers raise, some of it only where a part is first looked at."""

_SEQUENCE, _SET, _OID, _INTEGER, _INSIDE = 0x30, 0x31, 0x06, 0x02, 0xA0  # tags of DER (X.690, 8)
_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")


class StampRefused(StorageError):
    """Bytes are no stamp, or not one of these bytes by an authority that is trusted; says what is wrong."""


class RootsRefused(StorageError):
    """A file holds no certificates in PEM, or one that somebody else issued, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Certificates of those who are trusted to name authorities, as the checker or the settings bring them along."""

    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def read(cls, files: Sequence[Path]) -> Roots:
        """From PEM files, each with one or more. Raises RootsRefused."""
        found: list[x509.Certificate] = []
        for file in files:
            try:
                found += x509.load_pem_x509_certificates(file.read_bytes())
            except ValueError as error:
                raise RootsRefused(f"{file} holds no certificates in PEM ({error})") from None
            except OSError as error:
                raise RootsRefused(f"{file} cannot be read ({error.strerror})") from error
        for each in found:
            if each.issuer != each.subject:
                raise RootsRefused(
                    f"{each.subject.rfc4514_string()} is issued by {each.issuer.rfc4514_string()}: bring the "
                    "certificate of the one at the top, which issued its own"
                )
        return cls(tuple(found))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for a stamp: the bytes to send, and the number that its answer has to repeat."""

    data: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a stamp says. ``time`` is in whole seconds, ``existed_by`` the latest that it may mean: with the fraction
    that was cut off and the accuracy that the authority claims. ``authority`` is the name in its certificate.
    """

    time: datetime
    existed_by: datetime
    authority: str


def wanted(message: bytes) -> Wanted:
    """A request for a stamp of these bytes: of their SHA-256, which is all that is sent."""
    made = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
    if made.nonce is None:
        raise ValueError("a request without a nonce")
    return Wanted(made.as_bytes(), made.nonce)


def judge(data: bytes, message: bytes, roots: Roots, nonce: int | None = None) -> Stamp:
    """Check that these bytes are a stamp of ``message``, step by step, and what it says. Raises StampRefused.

    1. They are an answer that was granted, with one signature.
    2. The imprint is the SHA-256 of ``message``, and ``nonce`` is repeated, where the stamp was just asked for.
    3. The signature holds, and its certificate hangs from one of ``roots``; all are valid at the stamp's time.
    4. That certificate is for time stamps and for nothing else, and says that this is critical (2.3).
    """
    if len(data) > MAX_STAMP_BYTES:
        raise StampRefused(f"{len(data)} bytes are too many for a time stamp")
    try:
        answer = decode_timestamp_response(_in_order(data))
        _refuse_another_message(answer, message, nonce)
        VerifierBuilder(roots=list(roots.certificates)).build().verify(answer, sha256(message).digest())
        return _told(answer, _signer(answer))
    except VerificationError as error:
        raise StampRefused(_plain(error)) from None
    except _UNREADABLE as error:
        raise StampRefused(f"no time stamp that can be read: {error}") from None


def read_unjudged(data: bytes, message: bytes) -> Stamp:
    """What a stamp of ``message`` says, without asking whether its authority is to be believed: who checks a batch
    brings roots of their own. Raises StampRefused.
    """
    if len(data) > MAX_STAMP_BYTES:
        raise StampRefused(f"{len(data)} bytes are too many for a time stamp")
    try:
        answer = decode_timestamp_response(_in_order(data))
        _refuse_another_message(answer, message, None)
        return _told(answer, _signer(answer))
    except _UNREADABLE as error:
        raise StampRefused(f"no time stamp that can be read: {error}") from None


def refuse_before(stamp: Stamp, signed_at: datetime) -> None:
    """Raises StampRefused where a stamp is older than what it is said to be of, by more than TOLERANCE."""
    if stamp.time < signed_at - TOLERANCE:
        raise StampRefused(
            f"it tells {rfc3339(stamp.time)}, and what it is of says that it was signed later, at "
            f"{rfc3339(signed_at)}: one of the two clocks was wrong"
        )


def _refuse_another_message(answer: TimeStampResponse, message: bytes, nonce: int | None) -> None:
    if answer.status != PKIStatus.GRANTED:
        said = " ".join(answer.status_string)[:200]
        raise StampRefused(f"the authority answered with status {answer.status} {said}".strip())
    imprint = answer.tst_info.message_imprint
    if imprint.hash_algorithm != _SHA256 or imprint.message != sha256(message).digest():
        raise StampRefused("it is a stamp of something else")
    if nonce is not None and answer.tst_info.nonce != nonce:
        raise StampRefused("it does not repeat the number of our request: it may be an old answer")


def _signer(answer: TimeStampResponse) -> x509.Certificate:
    """The certificate that the signature names, which the signature covers."""
    signers = list(answer.signed_data.signer_infos)
    if len(signers) != 1:
        raise StampRefused(f"it has {len(signers)} signatures instead of one")
    for data in answer.signed_data.certificates:
        found = x509.load_der_x509_certificate(data)
        if (found.issuer, found.serial_number) == (signers[0].issuer, signers[0].serial_number):
            return found
    raise StampRefused("the certificate that signed it is not in it")


def _told(answer: TimeStampResponse, signer: x509.Certificate) -> Stamp:
    info = answer.tst_info
    time = info.gen_time.astimezone(UTC)
    accuracy = info.accuracy
    claimed = timedelta()
    if accuracy is not None:
        claimed = timedelta(
            seconds=accuracy.seconds or 0, milliseconds=accuracy.millis or 0, microseconds=accuracy.micros or 0
        )
    return Stamp(time, time + _CUT_OFF + claimed, signer.subject.rfc4514_string())


def _plain(error: Exception) -> str:
    """What the library found, without the names of files and lines in it."""
    said = str(error)
    _, found, reason = said.partition("Verify error:")
    if found:
        return f"its certificate is not to be trusted ({reason.partition(chr(34))[0].strip()})"
    return f"it does not hold: {said.partition('ErrorStack')[0].strip(' :(')}"


def _in_order(data: bytes) -> bytes:
    """The same answer with its certificates in the order of their bytes.

    DER has a set in that order (X.690, 11.6), the parser insists on it, and ``openssl ts`` and others write whatever
    order they have. No signature covers the order. Bytes that are no such answer are given back as they are.
    """
    place = slice(0, len(data))
    # To the certificates: the answer, the token after its status, what the token holds, and that opened.
    for tags in (
        (_SEQUENCE,),
        (_SEQUENCE, _SEQUENCE),
        (_OID, _INSIDE),
        (_SEQUENCE,),
        (_INTEGER, _SET, _SEQUENCE, _INSIDE),
    ):
        for tag in tags:
            found = _element(data, place, tag)
            if found is None:
                return data
            inside, place = found, slice(found.stop, place.stop)
        place = inside
    certificates, at = [], place
    while at.start < at.stop:
        found = _element(data, at, _SEQUENCE)
        if found is None:
            return data
        certificates.append(data[at.start : found.stop])
        at = slice(found.stop, at.stop)
    return data[: place.start] + b"".join(sorted(certificates)) + data[place.stop :]


def _element(data: bytes, place: slice, tag: int) -> slice | None:
    """Where the content of the first element there lies; None where it is another one, or reaches beyond."""
    at, end = place.start, place.stop
    if at + 2 > end or data[at] != tag:
        return None
    size, begins = data[at + 1], at + 2
    if size > 0x7F:
        begins += size & 0x7F
        size = int.from_bytes(data[at + 2 : begins], "big")
    return slice(begins, begins + size) if begins + size <= end else None
