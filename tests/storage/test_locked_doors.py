"""Attacks on one locked object, through every door of the server that comes along, with every key that is handed out.

After each of them the object is read back by its version: the same bytes, under the same lock. Where somebody may do
what was tried without harm to it (a newer version over the key, say), that stands in a table here and is no accident.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED, GOVERNANCE, CopySource, Filter, Tags
from minio.credentials.credentials import Credentials
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention
from minio.signer import sign_v4_s3
from minio.versioningconfig import SUSPENDED, VersioningConfig

from config.certificates import pair
from config.s3 import Duty
from storage.objects import S3Objects
from storage.seaweed import SeaweedServer, find_weed
from storage.seaweed_keys import AUTHORITY, CERTIFICATE, KEY
from tests.installations.installation import wait_for
from tests.objects_server import ACCESS_KEY, BUCKET, SECRET_KEY
from tests.storage.grpc_by_hand import answered, flag, text

FIRST = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
ADMINISTRATOR, NOBODY, FORGER = "administrator", "nobody", "forger"
EVERYBODY = (*(duty.value for duty in Duty), ADMINISTRATOR, NOBODY, FORGER)
PARTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class Locked:
    """An object under lock and legal hold, and what is known of it."""

    server: SeaweedServer
    key: str
    version_id: str
    data: bytes
    locked_until: datetime

    def is_unharmed(self) -> bool:
        """Whether its bytes, its size and its lock are as they were, asked with the key that only reads."""
        store = S3Objects(self.server.settings(BUCKET, Duty.READ))
        found = store.stat(self.key, self.version_id)
        same = store.read(self.key, version_id=self.version_id) == self.data
        store.close()
        return same and (found.size_bytes, found.locked_until) == (len(self.data), self.locked_until)


@pytest.fixture(scope="module")
def locked(object_server: SeaweedServer, tmp_path_factory: pytest.TempPathFactory) -> Locked:
    file, key = tmp_path_factory.mktemp("locked") / "segment", f"sg/2026/c1/{secrets.token_hex(8)}.mp4"
    file.write_bytes(os.urandom(5 << 20))
    store = S3Objects(object_server.settings(BUCKET))
    stored = store.put(key, file, sha256(file.read_bytes()).hexdigest(), FIRST)
    store.close()
    return Locked(object_server, key, stored.version_id, file.read_bytes(), stored.locked_until)


@contextmanager
def client_of(who: str, server: SeaweedServer) -> Iterator[Minio]:
    if who == ADMINISTRATOR:
        with server.administrator() as client:
            yield client
        return
    given = server.settings(BUCKET, Duty.KEEP if who in {NOBODY, FORGER} else Duty(who))
    keys = {
        NOBODY: (None, None),
        FORGER: (given.access_key, "made-up-" + "0" * 32),
    }.get(who, (given.access_key, given.secret_key))
    trusted = ssl.create_default_context(cafile=str(given.ca_file))
    with urllib3.PoolManager(retries=False, ssl_context=trusted) as pool:
        yield Minio(server.endpoint, *keys, secure=True, region="us-east-1", http_client=pool)


def refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except S3Error as error:
        return error.response.status in {400, 403, 405, 409}
    return False


def _delete_many(client: Minio, it: Locked, *, bypass: bool = False) -> None:
    """Raises as S3 does for a single one."""
    each = [DeleteObject(it.key, it.version_id)]
    errors = list(client.remove_objects(BUCKET, each, bypass_governance_mode=bypass))
    assert [error.code for error in errors] in ([], ["AccessDenied"])
    if errors:
        client.remove_object(BUCKET, it.key, it.version_id)


def _tags() -> Tags:
    tags = Tags.new_object_tags()
    tags["evidence"] = "none"
    return tags


def _open_to_all() -> str:
    everything = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:*"]}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [everything | {"Resource": [f"arn:aws:s3:::{BUCKET}/*"]}]}
    )


def _expiring() -> LifecycleConfig:
    return LifecycleConfig(
        [Rule(ENABLED, rule_filter=Filter(prefix=""), rule_id="all", expiration=Expiration(days=1))]
    )


ATTACKS: dict[str, Callable[[Minio, Locked], object]] = {
    "delete the version": lambda client, it: client.remove_object(BUCKET, it.key, it.version_id),
    "delete whatever is newest": lambda client, it: client.remove_object(BUCKET, it.key),
    "delete it among many": _delete_many,
    "delete it among many, past governance": lambda client, it: _delete_many(client, it, bypass=True),
    "shorten the lock": lambda client, it: client.set_object_retention(
        BUCKET, it.key, Retention(COMPLIANCE, it.locked_until - timedelta(days=1)), it.version_id
    ),
    "make it a lock that can be lifted": lambda client, it: client.set_object_retention(
        BUCKET, it.key, Retention(GOVERNANCE, it.locked_until + timedelta(days=1)), it.version_id
    ),
    "put other bytes over it": lambda client, it: client.put_object(BUCKET, it.key, io.BytesIO(b"other"), 5),
    "copy it onto itself without lock": lambda client, it: client.copy_object(
        BUCKET, it.key, CopySource(BUCKET, it.key, version_id=it.version_id), metadata_directive="REPLACE"
    ),
    "tag it": lambda client, it: client.set_object_tags(BUCKET, it.key, _tags(), it.version_id),
    "take its tags away": lambda client, it: client.delete_object_tags(BUCKET, it.key, it.version_id),
    "delete the bucket": lambda client, it: client.remove_bucket(BUCKET),
    "suspend versions": lambda client, it: client.set_bucket_versioning(BUCKET, VersioningConfig(SUSPENDED)),
    "lock by another rule": lambda client, it: client.set_object_lock_config(
        BUCKET, ObjectLockConfig(GOVERNANCE, 1, DAYS)
    ),
    "lock by no rule": lambda client, it: client.delete_object_lock_config(BUCKET),
    "have everything expire": lambda client, it: client.set_bucket_lifecycle(BUCKET, _expiring()),
    "open the bucket to all": lambda client, it: client.set_bucket_policy(BUCKET, _open_to_all()),
}

ALLOWED = {
    (Duty.KEEP.value, "put other bytes over it"),
    (Duty.KEEP.value, "copy it onto itself without lock"),
    (ADMINISTRATOR, "delete whatever is newest"),
    (ADMINISTRATOR, "put other bytes over it"),
    (ADMINISTRATOR, "copy it onto itself without lock"),
    (ADMINISTRATOR, "tag it"),
    (ADMINISTRATOR, "take its tags away"),
    (ADMINISTRATOR, "lock by another rule"),
    (ADMINISTRATOR, "lock by no rule"),
    (ADMINISTRATOR, "have everything expire"),
    (ADMINISTRATOR, "open the bucket to all"),
}
"""What is not refused. None of it touches the version that is locked."""


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("who", EVERYBODY)
def test_no_key_of_ours_touches_a_locked_object(who: str, attack: str, locked: Locked) -> None:
    with client_of(who, locked.server) as client:
        assert refused(lambda: ATTACKS[attack](client, locked)) is ((who, attack) not in ALLOWED)
    assert locked.is_unharmed()
    with locked.server.administrator() as client, suppress(S3Error):
        client.delete_bucket_policy(BUCKET)
        client.delete_bucket_lifecycle(BUCKET)


def test_neither_an_open_policy_nor_a_lock_rule_that_was_taken_away_releases_what_is_locked(locked: Locked) -> None:
    with locked.server.administrator() as owner, client_of(NOBODY, locked.server) as nobody:
        owner.set_bucket_policy(BUCKET, _open_to_all())
        owner.delete_object_lock_config(BUCKET)
        try:
            assert nobody.stat_object(BUCKET, locked.key, version_id=locked.version_id).size == len(locked.data)
            for client in (owner, nobody):
                assert refused(lambda one=client: ATTACKS["delete the version"](one, locked))  # type: ignore[misc]
        finally:
            owner.delete_bucket_policy(BUCKET)
    assert locked.is_unharmed()


def test_who_disposes_deletes_what_is_not_locked_and_hides_nothing(locked: Locked) -> None:
    with client_of(ADMINISTRATOR, locked.server) as owner, client_of(Duty.DISPOSE.value, locked.server) as disposer:
        free = owner.put_object(BUCKET, "free", io.BytesIO(b"bytes"), 5).version_id
        assert refused(lambda: disposer.remove_object(BUCKET, "free"))
        disposer.remove_object(BUCKET, "free", free)
        with pytest.raises(S3Error, match="NoSuch"):
            owner.stat_object(BUCKET, "free", version_id=free)


@pytest.mark.parametrize("duty", [Duty.KEEP, Duty.READ])
def test_who_keeps_and_who_reads_delete_nothing_not_even_what_is_not_locked(duty: Duty, locked: Locked) -> None:
    with client_of(ADMINISTRATOR, locked.server) as owner, client_of(duty.value, locked.server) as client:
        free = owner.put_object(BUCKET, "free", io.BytesIO(b"bytes"), 5).version_id
        assert refused(lambda: client.remove_object(BUCKET, "free", free))
        assert refused(lambda: client.remove_object(BUCKET, "free"))
        assert owner.get_object(BUCKET, "free", version_id=free).read() == b"bytes"


@pytest.mark.parametrize("duty", [Duty.READ, Duty.DISPOSE])
def test_who_reads_and_who_disposes_store_nothing_and_lengthen_no_lock(duty: Duty, locked: Locked) -> None:
    longer = Retention(COMPLIANCE, locked.locked_until + timedelta(days=9))
    with client_of(duty.value, locked.server) as client:
        assert refused(lambda: client.put_object(BUCKET, "new", io.BytesIO(b"bytes"), 5))
        assert refused(lambda: client.set_object_retention(BUCKET, locked.key, longer, locked.version_id))
        assert refused(lambda: client.enable_object_legal_hold(BUCKET, locked.key, locked.version_id))
    assert locked.is_unharmed()


@pytest.mark.parametrize("duty", Duty)
def test_no_duty_makes_a_bucket(duty: Duty, locked: Locked) -> None:
    with client_of(duty.value, locked.server) as client:
        assert refused(lambda: client.make_bucket("another"))


@pytest.mark.parametrize("who", [ADMINISTRATOR, *(duty.value for duty in Duty)])
@pytest.mark.parametrize("action", ["CreateUser", "CreateAccessKey", "PutUserPolicy", "ListUsers"])
def test_nobody_makes_users_or_keys_over_s3(who: str, action: str, locked: Locked) -> None:
    server = locked.server
    body = f"Action={action}&Version=2010-05-08&UserName=intruder".encode()
    given = server.settings(BUCKET, Duty.KEEP if who == ADMINISTRATOR else Duty(who))
    keys = (ACCESS_KEY, SECRET_KEY) if who == ADMINISTRATOR else (given.access_key, given.secret_key)
    digest, now = sha256(body).hexdigest(), datetime.now(UTC)
    headers: dict[str, str | list[str] | tuple[str]] = {
        "Host": server.endpoint,
        "Content-Type": "application/x-www-form-urlencoded",
        "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-content-sha256": digest,
    }
    signed = sign_v4_s3(
        method="POST",
        url=urlsplit(f"https://{server.endpoint}/"),
        region="us-east-1",
        headers=headers,
        credentials=Credentials(*keys),
        content_sha256=digest,
        date=now,
    )
    status, said = _asked_over_tls(server, "POST", "/", body, {name: str(value) for name, value in signed.items()})
    assert status >= 400, said
    assert b"intruder" not in said


def _asked_over_tls(
    server: SeaweedServer, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes]:
    trusted = ssl.create_default_context(cafile=str(server.log.parent / AUTHORITY))
    connection = http.client.HTTPSConnection("127.0.0.1", server.ports.s3, timeout=10, context=trusted)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, said


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST"])
@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("filer", f"/buckets/{BUCKET}/?recursive=true"),
        ("filer", f"/buckets/{BUCKET}?mv.from=/buckets/{BUCKET}"),
        ("volume", "/1,01637037d6"),
        ("volume", "/admin/assign_volume?volume=9"),
        ("master", f"/col/delete?collection={BUCKET}"),
        ("master", "/vol/grow?count=1"),
        ("master", "/dir/assign"),
        ("s3", f"/{BUCKET}?delete"),
    ],
)
def test_no_interface_takes_http_in_the_clear(part: str, path: str, method: str, locked: Locked) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", getattr(locked.server.ports, part), timeout=10)
    try:
        connection.request(method, path, b"")
        status = connection.getresponse().status
    except http.client.RemoteDisconnected:  # as good as a refusal
        status = 400
    connection.close()
    assert status in {400, 401, 403, 404, 405}
    assert locked.is_unharmed()


DESTRUCTIVE = {
    "master": ("/master_pb.Seaweed/CollectionDelete", text(1, BUCKET)),
    "volume": ("/volume_server_pb.VolumeServer/DeleteCollection", text(1, BUCKET)),
    "filer": (
        "/filer_pb.SeaweedFiler/DeleteEntry",
        text(1, "/buckets") + text(2, BUCKET) + flag(4) + flag(5) + flag(6),
    ),
    "s3": ("/s3_pb.SeaweedS3IamCache/RemoveIdentity", text(1, "keep")),
}


def _connected(server: SeaweedServer, part: str, way: str) -> socket.socket:
    port = getattr(server.ports, part) + 10_000
    if way == "port":
        return socket.create_connection(("127.0.0.1", port), 5)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    connection.connect(f"/tmp/seaweedfs-{part}-grpc-{port}.sock")  # noqa: S108 (the server chose it)
    return connection


def _context(server: SeaweedServer, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(server.log.parent / AUTHORITY))
    made.set_alpn_protocols(["h2"])
    if certificate is not None:
        made.load_cert_chain(certificate, key)
    return made


def _said(
    server: SeaweedServer, part: str, way: str, context: ssl.SSLContext | None, call: tuple[str, bytes]
) -> bytes:
    """What the part answers to a call; nothing where the connection comes to nothing."""
    with ExitStack() as stack:
        connection = stack.enter_context(_connected(server, part, way))
        if context is not None:
            try:
                connection = stack.enter_context(context.wrap_socket(connection, server_hostname="localhost"))
            except OSError:
                return b""
        return answered(connection, *call) or b""


@pytest.mark.parametrize("who", ["in the clear", "without a certificate", "with a certificate of their own"])
@pytest.mark.parametrize("way", ["port", "socket"])
@pytest.mark.parametrize("part", PARTS)
def test_grpc_hangs_up_on_whoever_is_none_of_the_parts(
    part: str, way: str, who: str, locked: Locked, tmp_path: Path
) -> None:
    context = None
    if who == "without a certificate":
        context = _context(locked.server)
    elif who == "with a certificate of their own":
        own = pair("Kaojian object store", ["localhost"], datetime.now(UTC), timedelta(days=1))
        (tmp_path / "own.crt").write_bytes(own.certificate)
        (tmp_path / "own.key").write_bytes(own.key)
        context = _context(locked.server, tmp_path / "own.crt", tmp_path / "own.key")
    before = _failed_handshakes(locked.server)
    assert _said(locked.server, part, way, context, DESTRUCTIVE[part]) == b""
    wait_for(lambda: _failed_handshakes(locked.server) > before)
    assert locked.is_unharmed()


def _failed_handshakes(server: SeaweedServer) -> int:
    return server.log.read_text().count("failed to create ServerTransport")


@pytest.mark.parametrize("way", ["port", "socket"])
def test_the_certificate_of_the_parts_opens_what_all_others_find_closed(way: str, locked: Locked) -> None:
    """What the tests above rest on: with it the same few lines are heard. Its holder is the owner of the folder."""
    folder = locked.server.log.parent
    context = _context(locked.server, folder / CERTIFICATE, folder / KEY)
    said = _said(locked.server, "filer", way, context, ("/filer_pb.SeaweedFiler/ListEntries", text(1, "/buckets")))
    assert BUCKET.encode() in said


def _shell(server: SeaweedServer, folder: Path, commands: str) -> str:
    """What the server's own tool for administrators says, started in a folder."""
    weed = find_weed()
    assert weed is not None
    where = [f"-master=127.0.0.1:{server.ports.master}", f"-filer=127.0.0.1:{server.ports.filer}"]
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            [str(weed), "shell", *where],
            cwd=folder,
            input=commands,
            capture_output=True,
            text=True,
            timeout=6,
            check=False,
        )
        return done.stdout + done.stderr
    return ""


def test_the_servers_own_shell_is_let_in_with_the_certificate_of_the_parts_only(
    locked: Locked, tmp_path: Path
) -> None:
    folder = locked.server.log.parent
    assert BUCKET in _shell(locked.server, folder, "fs.ls /buckets\n")
    assert BUCKET not in _shell(locked.server, tmp_path, "fs.ls /buckets\n")
    _shell(
        locked.server, tmp_path, f"lock\ncollection.delete -collection {BUCKET} -force\nfs.rm -r /buckets/{BUCKET}\n"
    )
    assert locked.is_unharmed()


@pytest.mark.parametrize(("name", "status"), [("filer.sock", 404), ("s3.sock", 403)])
def test_the_sockets_in_its_folder_give_nothing_away_either(name: str, status: int, locked: Locked) -> None:
    path = locked.server.log.parent / name
    assert path.parent.stat().st_mode & 0o077 == 0
    if not path.exists():
        return  # a server that closes it is closed
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        target = f"/{BUCKET}/{locked.key}" if name == "s3.sock" else f"/buckets/{BUCKET}/?recursive=true"
        connection.sendall(f"DELETE {target} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        said = connection.recv(1 << 12)
    assert said.startswith(f"HTTP/1.0 {status}".encode()) or said == b""
    assert locked.is_unharmed()


def test_nothing_else_listens(locked: Locked) -> None:
    """No WebDAV, no IAM, no SFTP, no metrics: the process has the ports that it is known by, and no other."""
    pid = locked.server.pid
    links = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()]
    inodes = {found[1] for found in (re.fullmatch(r"socket:\[(\d+)\]", link) for link in links) if found}
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    assert ports == set(locked.server.ports.all)


def test_a_key_of_the_environment_opens_nothing(
    locked: Locked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from-the-environment-too")
    with SeaweedServer(tmp_path / "s3", "administrator", secrets.token_hex(16)) as server:
        server.make_bucket(BUCKET)
        trusted = ssl.create_default_context(cafile=str(server.log.parent / AUTHORITY))
        with urllib3.PoolManager(retries=False, ssl_context=trusted) as pool:
            client = Minio(
                server.endpoint,
                "from-the-environment",
                "from-the-environment-too",
                region="us-east-1",
                http_client=pool,
            )
            with pytest.raises(MinioException, match="InvalidAccessKeyId"):
                client.list_buckets()


@pytest.mark.parametrize("who", [Duty.KEEP.value, Duty.READ.value, NOBODY, FORGER])
def test_what_is_refused_over_s3_is_in_the_log_of_the_server(who: str, locked: Locked) -> None:
    before = locked.server.log.read_text().count("auth error")
    with client_of(who, locked.server) as client:
        assert refused(lambda: ATTACKS["delete the version"](client, locked))
    wait_for(lambda: locked.server.log.read_text().count("auth error") > before)


@pytest.mark.parametrize("who", [Duty.DISPOSE.value, ADMINISTRATOR])
def test_an_attempt_by_who_may_delete_names_the_object_in_the_log(who: str, locked: Locked) -> None:
    before = locked.server.log.read_text().count(f"DeleteObjectHandler {BUCKET} {locked.key}")
    with client_of(who, locked.server) as client:
        assert refused(lambda: ATTACKS["delete the version"](client, locked))
    wait_for(lambda: locked.server.log.read_text().count(f"DeleteObjectHandler {BUCKET} {locked.key}") > before)
