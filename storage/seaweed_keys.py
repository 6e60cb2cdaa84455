"""Who may do what at the object store that comes along, and how its parts know each other: keys and certificates.

They are made at the first start, into the folder of the server, and stay: a service that was told of them yesterday
comes in today.

    keys.json         the keys of the duties, as ``config.s3.Duty`` names them; what services are told
    s3.json           the same for the server, each with the policy of its duty, and the administrator's
    security.toml     the keys with which the parts sign their requests to each other, and their certificate
    tls/              that certificate, its key, and the authority, which is also what clients of S3 trust

The administrator makes buckets. Its key is known to the program that starts the server and to nobody else; no service
is told. A server in a container has none (``write_without_administrator``). What a duty may is written as a policy of
S3 (``policy``), so that other stores can be given the same.
Not here: the server itself (``storage.seaweed``).
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from config.certificates import ends, pair
from config.private_files import write_private
from config.s3 import Duty

AUTHORITY, CERTIFICATE, KEY = "tls/authority.crt", "tls/parts.crt", "tls/parts.key"
LAST = timedelta(days=3650)
RENEWED_BEFORE = timedelta(days=365)  # a server that is never started anew for a year has other troubles

_HOSTS = ("127.0.0.1", "localhost")
_PARTS = ("master", "volume", "filer", "s3", "client", "msg_broker", "msg_agent", "admin", "worker", "mq")
_SIGNED = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")

_OF_THE_BUCKET = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration")
_TO_READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention", "s3:GetObjectLegalHold")
_TO_KEEP = ("s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold")
_TO_MAKE = ("s3:CreateBucket",)
_ACTIONS: Mapping[Duty, tuple[str, ...]] = {
    Duty.KEEP: (*_OF_THE_BUCKET, *_TO_READ, *_TO_KEEP),
    Duty.READ: (*_OF_THE_BUCKET, *_TO_READ),
    # One version by its name, never what would only hide it (s3:DeleteObject makes a delete marker).
    Duty.DISPOSE: (*_OF_THE_BUCKET, *_TO_READ, "s3:DeleteObjectVersion"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the S3 interface; printing it never shows its secret half."""

    access_key: str
    secret_key: str = field(repr=False)


def policy(duty: Duty, bucket: str = "*", also: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a duty may do with a bucket (of this server: with all), and ``also`` this, as S3 writes it."""
    both = [f"arn:aws:s3:::{bucket}"] if bucket == "*" else [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": [*_ACTIONS[duty], *also], "Resource": both}],
    }


def keys(folder: Path) -> dict[Duty, Key]:
    """The keys of the duties; made where they are missing. Raises OSError, and ValueError for a spoilt file."""
    with _alone(folder):
        return _keys(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One thread of one process at a time (flock(2)). Two who make keys at once, the server at its start and who is
    told of them, would each go away with their own.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flock(handle, LOCK_EX)
        yield
    finally:
        os.close(handle)


def _keys(folder: Path) -> dict[Duty, Key]:
    file = folder / "keys.json"
    try:
        held = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        held = {}
    found = {Duty(name): Key(**key) for name, key in held.items()}
    missing = [duty for duty in Duty if duty not in found]
    if missing:
        found |= {duty: Key(f"kaojian-{duty}-{secrets.token_hex(4)}", secrets.token_hex(32)) for duty in missing}
        write_private(file, json.dumps({duty.value: asdict(key) for duty, key in found.items()}, indent=1).encode())
    return found


def make(folder: Path, now: datetime) -> None:
    """Have the folder hold what clients are told: keys and authority. Raises OSError, ValueError."""
    with _alone(folder):
        _make(folder, now)


def _make(folder: Path, now: datetime) -> None:
    _keys(folder)
    if not all((folder / name).exists() for name in (AUTHORITY, CERTIFICATE, KEY)):
        _make_certificate(folder, now)


def _write_parts(folder: Path, now: datetime) -> None:
    """Have the folder hold by what the parts know each other: the certificate and security.toml."""
    made = all((folder / name).exists() for name in (AUTHORITY, CERTIFICATE, KEY))
    if not made or ends((folder / CERTIFICATE).read_bytes()) - now < RENEWED_BEFORE:
        _make_certificate(folder, now)
    if "[grpc]" not in _text(folder / "security.toml"):  # also where a version before this one had made it
        write_private(folder / "security.toml", _security().encode())


def write(folder: Path, administrator: Key, now: datetime) -> None:
    """Have the folder hold all that the server reads at its start. Raises OSError, ValueError."""
    owner = {"name": "administrator", "credentials": [_credential(administrator)], "actions": ["Admin"]}
    with _alone(folder):
        _make(folder, now)
        _write_parts(folder, now)
        _write_identities(folder, [owner, *(_duty(duty, key) for duty, key in _keys(folder).items())], {})


def _make_certificate(folder: Path, now: datetime) -> None:
    (folder / "tls").mkdir(mode=0o700, exist_ok=True)
    made = pair("Kaojian object store", _HOSTS, now, LAST)
    for name, content in ((KEY, made.key), (AUTHORITY, made.authority), (CERTIFICATE, made.certificate)):
        write_private(folder / name, content)


def _security() -> str:
    signed = "".join(f'[{table}]\nkey = "{secrets.token_hex(32)}"\n' for table in _SIGNED)
    parts = "".join(f'[grpc.{part}]\ncert = "{CERTIFICATE}"\nkey = "{KEY}"\n' for part in _PARTS)
    return f'{signed}[filer.expose_directory_metadata]\nenabled = false\n[grpc]\nca = "{AUTHORITY}"\n{parts}'


def write_without_administrator(folder: Path, keeper: Key, now: datetime) -> None:
    """The same for a server that nobody of ours starts: no administrator, and who keeps may make the bucket it lacks.

    It may make one and change none. ``keeper`` is its key; those of others are in keys.json. Raises as ``write``.
    """
    with _alone(folder):
        _write_parts(folder, now)
        found = _keys(folder) | {Duty.KEEP: keeper}
        _write_identities(folder, [_duty(duty, key) for duty, key in found.items()], {Duty.KEEP: _TO_MAKE})


def _write_identities(folder: Path, identities: list[dict[str, Any]], more: Mapping[Duty, tuple[str, ...]]) -> None:
    """Identities and policies in the server's own way of writing; ``more`` is what duties may beyond their own."""
    policies = [{"name": duty.value, "content": json.dumps(policy(duty, also=more.get(duty, ())))} for duty in Duty]
    written = json.dumps({"identities": identities, "policies": policies}, indent=1)
    write_private(folder / "s3.json", written.encode())


def _duty(duty: Duty, key: Key) -> dict[str, Any]:
    return {"name": duty.value, "credentials": [_credential(key)], "policyNames": [duty.value]}


def _credential(key: Key) -> dict[str, str]:
    return {"accessKey": key.access_key, "secretKey": key.secret_key}


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return ""


if __name__ == "__main__":  # for the containers, whose server is started by its own name (config/keys.sh)
    into = Path(sys.argv[1])
    secret_key = (into / "s3_secret_key").read_text("ascii").strip()
    write_without_administrator(into, Key("kaojian", secret_key), datetime.now(UTC))
