"""Objects under lock: put a file into an S3-compatible store, prove that it lies there, read it again.

Here are the role (``Objects``), its one implementation over S3 (``S3Objects``) and its errors. Not here: which
segments are put and when (``storage.archive``), how long they must be kept (``domain.calendar``), and the server
that the demo brings along (``storage.seaweed``).

    StorageError
    ├── ObjectsUnavailable   the store does not answer, answers too late or answers 5xx; try again later
    ├── AccessRefused        the store knows us not or gives no right (401, 403); a person must act
    ├── RequestRefused       the store does not take this one request (other 4xx)
    ├── NoSuchObject         no object, or no such version, under that key
    ├── ObjectDamaged        the bytes in the store are not the bytes we have
    ├── NotHeld              the object is not under legal hold, or still is, after it was set so
    ├── StillLocked          a version was not removed: it is locked or under legal hold
    ├── NotRemoved           a version still answers after the store said that it removed it
    └── NotLocked            the object carries no COMPLIANCE lock, or too short a one
        └── BucketNotLocked  the bucket was made without object lock and can hold no locked object

What a lock is worth: it binds everybody who comes through the S3 interface, the owner of the keys included. It
does not bind the owner of the machine; against that stand the hashes and a second copy elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import io
import ssl
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.credentials.credentials import Credentials
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.helpers import DictType
from minio.retention import Retention
from minio.time import from_iso8601utc
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError

from config.s3 import S3Settings
from domain.host_clock import ServerDate
from domain.timeline import Clock, SystemClock
from storage.errors import StorageError
from storage.server_clock import NoDate, is_this_host, server_date

CONNECT_S = 2.0  # a store that does not accept a connection in this time is down
STALL_S = 10.0  # ... and so is one that neither takes nor gives a byte for this long
CONNECTIONS = 4  # that are kept for the next request: of those who keep, and of who plays meanwhile
PART_BYTES = 64 << 20  # up to here an object is one request, so that one checksum covers it
BLOCK_BYTES = 8 << 20  # how much of a stored copy is read again at a time
LOCK_TEST_KEY = ".lock-test"
LOCK_TEST_S = 10
_CHECKSUM = "x-amz-checksum-sha256"
_SEND_BYTES = 256 << 10
_PIECE_BYTES = 1 << 20
_DIGEST_CODES = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})
_NO_HOLD_CODES = frozenset({"NoSuchObjectLegalHold", "NoSuchObjectLockConfiguration"})
_NO_LOCK_CODES = frozenset({"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"})
_BUCKET_EXISTS_CODES = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class ObjectsUnavailable(StorageError):
    """The store does not answer, answers too late or answers 5xx. Nothing is known about the objects in it."""


class AccessRefused(StorageError):
    """The store refuses our key or gives it no right to this (401, 403)."""


class RequestRefused(StorageError):
    """The store does not take this request, for a reason named in the message (other 4xx)."""


class NoSuchObject(StorageError):
    """There is no object, or no such version of it, under that key."""


class ObjectDamaged(StorageError):
    """The bytes in the store, or on their way to it, are not those that were meant."""


class NotLocked(StorageError):
    """The object carries no COMPLIANCE lock, or one that ends too early."""


class NotHeld(StorageError):
    """An object is not under legal hold, or still is, after it was set otherwise and read back."""


class StillLocked(StorageError):
    """The store did not remove a version, since it is locked or under legal hold. It stays as it is."""


class NotRemoved(StorageError):
    """The store said that it removed a version, and it still answers."""


class BucketNotLocked(NotLocked):
    """The bucket exists without object lock. A lock cannot be added later: name another bucket."""


STORE_LOST = (ObjectsUnavailable, AccessRefused, BucketNotLocked)
"""Errors about a store as a whole, not about one object of it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object, as it was found when read back."""

    version_id: str
    size_bytes: int
    sha256: str  # hex, of the bytes that were read back
    locked_until: datetime


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store says of one version. ``locked_until`` is None without a COMPLIANCE lock."""

    version_id: str
    size_bytes: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One version as the store lists it; a ``marker`` has no bytes and hides what lies under its key."""

    key: str
    version_id: str
    size_bytes: int
    marker: bool = False


@dataclass(frozen=True, slots=True)
class LockTest:
    """Whether the store refused to delete a locked object, in one sentence for people."""

    ok: bool
    detail: str


class Objects(Protocol):
    """A place for immutable objects under a lock that nobody can lift. Keys are used once, for one content."""

    @property
    def target(self) -> str:
        """The name of the place, as ``Copy.target`` holds it: the bucket."""

    @property
    def device(self) -> str:
        """What fails as one, as ``Copy.device`` holds it: the endpoint."""

    def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
        """Store the file and prove it: what is returned was read back, hashed and found locked.

        ``sha256`` (hex) is what the file must hash to. If the key already holds these very bytes, they are adopted
        and only their lock is lengthened, so that a repeated put never stores twice. The lock ends at
        ``retain_until`` rounded up to a whole second, or later. Raises every error of this module but NoSuchObject,
        and OSError for the file.
        """

    def lengthen(self, key: str, version_id: str, until: datetime) -> datetime:
        """Lock that version until then, or leave it where it is locked longer: until when it is, as it was read back.

        Raises NotLocked where it is not locked so long, and every error of this module but ObjectDamaged.
        """

    def hold(self, key: str, version_id: str, *, held: bool) -> None:
        """Put that version under legal hold, or let it go, and read it back; nothing where it is so already.

        Raises NotHeld, and every error of this module but ObjectDamaged and NotLocked.
        """

    def is_held(self, key: str, version_id: str) -> bool:
        """Whether that version is under legal hold. Raises as ``stat``."""

    def remove(self, key: str, version_id: str) -> None:
        """Remove that version for good, and see that it does not answer any more; nothing where it is gone already.

        Other versions of the key stay. Raises StillLocked for one that is locked or under legal hold, AccessRefused
        where our key may remove nothing, NotRemoved where it still answers afterwards, and every error of this module
        but ObjectDamaged and NotLocked.
        """

    def stat(self, key: str, version_id: str | None = None) -> ObjectStat:
        """Size and lock of that version, or of the newest. Raises NoSuchObject."""

    def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
        """Up to ``length`` bytes from ``offset``; fewer at the end, none behind it. Raises NoSuchObject."""

    def keys(self, prefix: str) -> set[str]:
        """Every key that begins so, also one that a delete marker hides. Raises as ``put``."""

    def versions(self, prefix: str) -> list[Listed]:
        """Every version of every key that begins so, with delete markers, the newest of a key first.

        A bucket that is missing is not made. Raises ObjectsUnavailable, AccessRefused, RequestRefused.
        """

    def folders(self, prefix: str) -> list[str]:
        """What stands between ``prefix`` and the next slash in any key, each with both. Raises as ``put``."""

    def self_test(self) -> LockTest:
        """Try to delete a throw-away object under lock. Raises ObjectsUnavailable, AccessRefused, RequestRefused."""

    def ping(self) -> None:
        """Ask for a sign of life, with our key. Raises ObjectsUnavailable or AccessRefused."""

    def date(self) -> ServerDate:
        """What the server's clock says of ours. Needs no key. Raises ObjectsUnavailable."""


class S3Objects:
    """``Objects`` in one bucket of an S3-compatible store. Makes no connection before the first call.

    How a put is proven, in this order:

    1. The request carries ``x-amz-checksum-sha256``, so that the server refuses bytes damaged on the way.
    2. The version that the server names is read back: its size and its lock from the head of the answer, and all its
       bytes, which are hashed here. The checksum that a server answers when asked for one is the one we sent
       (SeaweedFS 4.48 does answer it) and says nothing of its disk; so it is not relied on. What is read back may
       still come from the server's cache: a later re-read proves more than this one.

    A bucket that is missing is made, with object lock, where our key may do that. No call retries: each
    either succeeds or fails within ``CONNECT_S`` to connect and ``STALL_S`` without progress; repeating is the
    caller's loop.
    """

    def __init__(self, settings: S3Settings, clock: Clock | None = None, part_bytes: int = PART_BYTES) -> None:
        self._bucket = settings.bucket
        self._endpoint = settings.endpoint
        self._url = urlsplit(f"{'https' if settings.secure else 'http'}://{settings.endpoint}/")
        self._clock = clock or SystemClock()
        self._part_bytes = part_bytes
        self._bucket_seen = False
        self._http = _connections(settings.ca_file)
        with self._translated(f"the endpoint {settings.endpoint} cannot be used"):
            self._client = _Client(
                settings.endpoint,
                access_key=settings.access_key,
                secret_key=settings.secret_key,
                secure=settings.secure,
                region=settings.region,
                http_client=self._http,
            )

    @property
    def target(self) -> str:
        return self._bucket

    @property
    def device(self) -> str:
        return self._endpoint

    def close(self) -> None:
        """Close idle connections. The object may be used again."""
        self._http.clear()

    def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
        self._make_bucket_once()
        until = whole_second(retain_until)
        size_bytes = path.stat().st_size
        version_id = self._standing(key, size_bytes, sha256)
        if version_id is None:
            version_id = self._upload(key, path, sha256, until)
        else:
            self._lengthen_lock(key, version_id, until)
        found, digest = self._read_back(key, version_id)
        if (found.size_bytes, digest) != (size_bytes, sha256):
            raise ObjectDamaged(f"{key} was stored, but other bytes were read back")
        return Stored(version_id, size_bytes, sha256, _locked_long_enough(key, found.locked_until, until))

    def lengthen(self, key: str, version_id: str, until: datetime) -> datetime:
        until = whole_second(until)
        self._lengthen_lock(key, version_id, until)
        return _locked_long_enough(key, self._locked_until(key, version_id), until)

    def hold(self, key: str, version_id: str, *, held: bool) -> None:
        if self.is_held(key, version_id) is held:
            return
        with self._translated(f"the legal hold of {key} cannot be set"):
            act = self._client.enable_object_legal_hold if held else self._client.disable_object_legal_hold
            act(self._bucket, key, version_id)
        if self.is_held(key, version_id) is not held:
            raise NotHeld(f"{key} was to be {'held' if held else 'let go'}, and {self._endpoint} did not do it")

    def is_held(self, key: str, version_id: str) -> bool:
        with self._translated(f"{key} cannot be asked for its legal hold"):
            try:
                return bool(self._client.is_object_legal_hold_enabled(self._bucket, key, version_id))
            except S3Error as error:
                if error.code in _NO_HOLD_CODES:
                    return False
                raise

    def remove(self, key: str, version_id: str) -> None:
        if not version_id:
            raise RequestRefused(f"{key} is removed version by version, and none was named")  # else it is only hidden
        try:
            with self._translated(f"version {version_id} of {key} cannot be removed"):
                self._client.remove_object(self._bucket, key, version_id)
        except (AccessRefused, RequestRefused) as error:
            raise self._why_not_removed(key, version_id, error) from error
        try:
            self.stat(key, version_id)
        except NoSuchObject:
            return
        raise NotRemoved(f"{self._endpoint} said that it removed version {version_id} of {key}, and it still answers")

    def stat(self, key: str, version_id: str | None = None) -> ObjectStat:
        with self._translated(f"{key} cannot be asked for"):
            found = self._client.stat_object(self._bucket, key, version_id=version_id)
        found_version = str(found.version_id or "")
        return ObjectStat(found_version, int(found.size or 0), self._locked_until(key, found_version))

    def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
        if length == 0:
            return b""
        with self._translated(f"{key} cannot be read"):
            try:
                answer = self._client.get_object(self._bucket, key, offset, length or 0, version_id=version_id)
            except S3Error as error:
                if error.code == "InvalidRange":
                    return b""
                raise
            try:
                return bytes(answer.read())
            finally:
                answer.close()
                answer.release_conn()

    def keys(self, prefix: str) -> set[str]:
        self._make_bucket_once()
        with self._translated(f"what begins with {prefix} cannot be listed"):
            listed = self._client.list_objects(self._bucket, prefix=prefix, recursive=True, include_version=True)
            return {str(item.object_name) for item in listed}

    def versions(self, prefix: str) -> list[Listed]:
        with self._translated(f"what begins with {prefix} cannot be listed"):
            listed = self._client.list_objects(self._bucket, prefix=prefix, recursive=True, include_version=True)
            # The client tells versions first and markers after them, and whether it is the latest in a word.
            ordered = sorted(
                listed, key=lambda each: (each.object_name, each.is_latest != "true", -each.last_modified.timestamp())
            )
        return [_listed(each) for each in ordered]

    def folders(self, prefix: str) -> list[str]:
        self._make_bucket_once()
        with self._translated(f"what begins with {prefix} cannot be listed"):
            listed = self._client.list_objects(self._bucket, prefix=prefix, include_version=True)
            return sorted({str(each.object_name) for each in listed if each.is_dir})

    def self_test(self) -> LockTest:
        try:
            self._make_bucket_once()
        except BucketNotLocked as error:
            return LockTest(False, str(error))
        if self._deletes_nothing():
            return LockTest(True, "our key may delete nothing at all, so the lock itself was not put to the test")
        until = whole_second(self._clock.now() + timedelta(seconds=LOCK_TEST_S))
        locked = self._put_lock_test(until)
        if self._delete(locked):
            return LockTest(False, f"{self._endpoint} deleted an object that was locked until {until}")
        self.stat(LOCK_TEST_KEY, locked)
        return LockTest(True, "deleting a locked object was refused, deleting an unlocked one was not")

    def ping(self) -> None:
        with self._translated(f"{self._endpoint} gives no sign of life"):
            self._client.bucket_exists(self._bucket)

    def date(self) -> ServerDate:
        """By an empty request without a key; a refusal carries the header just as well (RFC 9110 6.6.1)."""
        with self._translated(f"{self._endpoint} does not tell the time"):
            sent, begun = self._clock.now(), self._clock.monotonic()
            answer = self._http.request("HEAD", self._url.geturl(), redirect=False)
            took_s = self._clock.monotonic() - begun
        told, other = answer.headers.get("Date"), not is_this_host(self._url.hostname or "")
        try:
            return server_date(self._endpoint, told, sent, took_s, independent=other)
        except NoDate as error:
            raise ObjectsUnavailable(str(error)) from error

    def _make_bucket_once(self) -> None:
        if self._bucket_seen:
            return
        with self._translated(f"bucket {self._bucket} cannot be made"):
            if not self._client.bucket_exists(self._bucket):
                self._make_bucket()
            try:
                self._client.get_object_lock_config(self._bucket)
            except S3Error as error:
                if error.code not in _NO_LOCK_CODES:
                    raise
                text = f"bucket {self._bucket} was made without object lock; name another, it will be made with lock"
                raise BucketNotLocked(text) from error
        self._bucket_seen = True

    def _make_bucket(self) -> None:
        try:
            self._client.make_bucket(self._bucket, object_lock=True)
        except S3Error as error:
            if error.code in _BUCKET_EXISTS_CODES:  # two processes may start at once
                return
            if _for_code(error) is AccessRefused:
                text = (
                    f"bucket {self._bucket} is not there, and our key may not make one ({error.code}): "
                    f"have who administers {self._endpoint} make it, with object lock"
                )
                raise AccessRefused(text) from error
            raise

    def _standing(self, key: str, size_bytes: int, sha256: str) -> str | None:
        """The newest version under the key, if it holds these very bytes."""
        try:
            found = self.stat(key)
            same = found.size_bytes == size_bytes and self._read_back(key, found.version_id)[1] == sha256
        except NoSuchObject:
            return None
        return found.version_id if same else None

    def _upload(self, key: str, path: Path, sha256: str, until: datetime) -> str:
        size_bytes = path.stat().st_size
        # An object in parts has no checksum of the whole (SeaweedFS refuses the header); the re-read covers it.
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        headers: dict[str, str | list[str] | tuple[str]] = (
            {_CHECKSUM: checksum, "x-amz-sdk-checksum-algorithm": "SHA256"} if size_bytes <= self._part_bytes else {}
        )
        with self._translated(f"{key} cannot be stored"), path.open("rb") as file:
            written = self._client.put_object(
                self._bucket,
                key,
                file,
                size_bytes,
                content_type="video/mp4",
                metadata=headers,
                part_size=self._part_bytes,
                retention=Retention(COMPLIANCE, until),
            )
        if not written.version_id:
            raise NotLocked(f"{key} was stored without a version, so nothing can lock it")
        return str(written.version_id)

    def _lengthen_lock(self, key: str, version_id: str, until: datetime) -> None:
        locked_until = self._locked_until(key, version_id)
        if locked_until is not None and locked_until >= until:
            return
        with self._translated(f"the lock of {key} cannot be lengthened"):
            self._client.set_object_retention(self._bucket, key, Retention(COMPLIANCE, until), version_id)

    def _locked_until(self, key: str, version_id: str) -> datetime | None:
        with self._translated(f"{key} cannot be asked for its lock"):
            try:
                lock = self._client.get_object_retention(self._bucket, key, version_id or None)
            except S3Error as error:
                if error.code in _NO_LOCK_CODES:
                    return None
                raise
        if lock is None or lock.mode != COMPLIANCE:
            return None
        until: datetime = lock.retain_until_date
        return until

    def _why_not_removed(self, key: str, version_id: str, refused: StorageError) -> StorageError:
        """A refusal for a lock or a hold, told apart from one that is about our key."""
        until = self._locked_until(key, version_id)
        if until is not None and until > self._clock.now():
            return StillLocked(f"version {version_id} of {key} is locked until {until:%Y-%m-%dT%H:%M:%SZ}")
        if self.is_held(key, version_id):
            return StillLocked(f"version {version_id} of {key} is under legal hold")
        return refused

    def _read_back(self, key: str, version_id: str) -> tuple[ObjectStat, str]:
        """Size and lock of a version, and the SHA-256 (hex) of its bytes, by one request: each piece is hashed while
        the next is on its way. A store that does not tell the lock of what it hands out is asked for it.
        """
        digest, size_bytes = hashlib.sha256(), 0
        with self._translated(f"{key} cannot be read back"):
            answer = self._client.get_object(self._bucket, key, version_id=version_id or None)
            try:
                for piece in answer.stream(_PIECE_BYTES):
                    digest.update(piece)
                    size_bytes += len(piece)
            finally:
                answer.close()
                answer.release_conn()
            until = _lock_told(answer.headers)
        found = ObjectStat(version_id, size_bytes, until or self._locked_until(key, version_id))
        return found, digest.hexdigest()

    def _put_lock_test(self, until: datetime | None) -> str:
        body = uuid.uuid4().bytes
        lock = None if until is None else Retention(COMPLIANCE, until)
        with self._translated("the object of the lock test cannot be stored"):
            written = self._client.put_object(
                self._bucket, LOCK_TEST_KEY, io.BytesIO(body), len(body), retention=lock
            )
        return str(written.version_id)

    def _delete(self, version_id: str) -> bool:
        """Whether the store deleted that version of the lock test's object. No other key is ever deleted here."""
        try:
            with self._translated("the object of the lock test cannot be deleted"):
                self._client.remove_object(self._bucket, LOCK_TEST_KEY, version_id)
        except AccessRefused:
            return False
        return True

    def _deletes_nothing(self) -> bool:
        """Whether our key may not even delete what nothing locks. What earlier lock tests left goes where it may.

        Such a key leaves one object behind for good, which is tried again each time.
        """
        with self._translated("earlier lock tests cannot be listed"):
            listed = list(self._client.list_objects(self._bucket, prefix=LOCK_TEST_KEY, include_version=True))
        left = [str(each.version_id) for each in listed if each.object_name == LOCK_TEST_KEY]
        free = [version for version in left if self._lock_test_is_free(version)] or [self._put_lock_test(None)]
        free = [version for version in free if self._lock_test_is_free(version)]  # buckets may lock by themselves
        refused = [not self._delete(version) for version in free]
        for version in set(left) - set(free):
            self._delete(version)
        return bool(free) and all(refused)

    def _lock_test_is_free(self, version_id: str) -> bool:
        try:
            return self.stat(LOCK_TEST_KEY, version_id).locked_until is None
        except (NoSuchObject, RequestRefused):  # another process tests at the same time, or it is a delete marker
            return False

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """The door: nothing of minio or urllib3 comes out of this module."""
        try:
            yield
        except S3Error as error:
            if error.code == "NoSuchBucket":
                self._bucket_seen = False
            raise _for_code(error)(f"{what}: {self._endpoint} answers {error.code}: {error.message}") from error
        except ServerError as error:
            kind = ObjectsUnavailable if error.status_code >= 500 else RequestRefused
            raise kind(f"{what}: {self._endpoint} answers {error.status_code}") from error
        except (InvalidResponseError, ET.ParseError) as error:
            raise ObjectsUnavailable(f"{what}: {self._endpoint} does not answer like an S3 server") from error
        except SSLError as error:
            text = f"{self._endpoint} shows no certificate that is vouched for here (KAOJIAN_S3_CA_FILE): {error}"
            raise ObjectsUnavailable(f"{what}: {text}") from error
        except (HTTPError, MinioException, ConnectionError, TimeoutError) as error:
            raise ObjectsUnavailable(f"{what}: {self._endpoint} does not answer: {type(error).__name__}") from error
        except ValueError as error:
            raise RequestRefused(f"{what}: {error}") from error


class _Client(Minio):
    """The SDK, without the MD5 that it adds to a body whose SHA-256 goes with it: for a segment that took longer than
    sending it. Without TLS the signature covers the body, and all stays as it is.
    """

    def _build_headers(
        self,
        host: str,
        headers: DictType | None = None,
        body: bytes | None = None,
        creds: Credentials | None = None,
    ) -> tuple[DictType, datetime]:
        has_its_own = headers is not None and _CHECKSUM in headers and self._base_url.is_https
        built, date = super()._build_headers(host, headers, None if has_its_own else body, creds)
        if has_its_own:
            built["Content-Length"] = str(len(body or b""))
        return built, date


def _lock_told(headers: Mapping[str, str]) -> datetime | None:
    """Until when what was handed out is locked; None where nothing is said of a COMPLIANCE lock."""
    if headers.get("x-amz-object-lock-mode") != COMPLIANCE:
        return None
    return from_iso8601utc(headers.get("x-amz-object-lock-retain-until-date"))


def _locked_long_enough(key: str, locked_until: datetime | None, until: datetime) -> datetime:
    """Until when it is locked. Raises NotLocked where that is too short."""
    if locked_until is None or locked_until < until:
        raise NotLocked(f"{key} is stored, but is locked until {locked_until} instead of {until}")
    return locked_until


def first_version(objects: Objects, key: str) -> str:
    """The version that was put under a key first, whatever hides it or was put over it since.

    Keys are used once, for one content. Raises NoSuchObject, and as ``Objects.versions``.
    """
    versions = [each.version_id for each in objects.versions(key) if each.key == key and not each.marker]
    if not versions:
        raise NoSuchObject(f"there is no {key}")
    return versions[-1]


def whole_second(instant: datetime) -> datetime:
    """The same instant or the next whole second: stores keep locks in seconds and would cut the rest off."""
    return instant if instant.microsecond == 0 else instant.replace(microsecond=0) + timedelta(seconds=1)


def _listed(found: Any) -> Listed:
    marker = bool(found.is_delete_marker)
    return Listed(str(found.object_name), str(found.version_id or ""), int(found.size or 0), marker)


def _for_code(error: S3Error) -> type[StorageError]:
    status = int(error.response.status)
    if status >= 500 or status == 429 or error.code == "NoSuchBucket":  # the next put makes the bucket again
        return ObjectsUnavailable
    if error.code in _DIGEST_CODES:
        return ObjectDamaged
    if status == 404:
        return NoSuchObject
    return AccessRefused if status in {401, 403} else RequestRefused


class _Steady(HTTPConnection):
    """Sends a body block by block, so that ``STALL_S`` limits a standstill and not the length of an upload.

    Given one large block, ``socket.sendall`` takes the connection's timeout for the whole of it, and urllib3 sets
    the one for connecting: an upload of a minute's footage over a slow line could then never succeed.
    """

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(STALL_S)
        if not isinstance(data, bytes):
            super().send(data)
            return
        view = memoryview(data)
        for start in range(0, len(view), _SEND_BYTES):
            super().send(view[start : start + _SEND_BYTES])


class _SteadyTls(_Steady, HTTPSConnection):
    """The same over TLS."""


class _Plain(urllib3.HTTPConnectionPool):
    ConnectionCls = _Steady


class _Tls(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SteadyTls


def _connections(ca_file: Path | None = None) -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=CONNECT_S, read=STALL_S)
    try:
        trusted = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:  # an ssl.SSLError is an OSError
        raise RequestRefused(
            f"{ca_file} holds no authority that could vouch for the object store: {error}"
        ) from error
    pools = urllib3.PoolManager(maxsize=CONNECTIONS, timeout=timeout, retries=False, ssl_context=trusted)
    pools.pool_classes_by_scheme = {"http": _Plain, "https": _Tls}
    return pools
