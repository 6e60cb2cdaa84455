"""What the S3 client makes of servers that are absent, silent, strange, strict or lenient."""

from __future__ import annotations

import hashlib
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.s3 import S3Settings
from storage import objects
from storage.errors import StorageError
from storage.objects import (
    AccessRefused,
    BucketNotLocked,
    LockTest,
    NotLocked,
    ObjectDamaged,
    ObjectsUnavailable,
    RequestRefused,
    S3Objects,
)
from storage.seaweed import SeaweedServer
from tests.objects_server import ACCESS_KEY, BUCKET, SECRET_KEY

UNTIL = datetime.now(UTC) + timedelta(days=3)


def settings(port: int) -> S3Settings:
    return S3Settings(f"127.0.0.1:{port}", "access", "hidden-secret", "evidence", secure=False)


@contextmanager
def answering(status: int, body: bytes, content_type: str) -> Iterator[int]:
    """A server that says the same to everybody; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_PUT = do_GET  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            """Not a word."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_the_secret_is_not_shown() -> None:
    assert "hidden-secret" not in repr(settings(1))


def test_a_store_that_is_not_there_is_unavailable() -> None:
    with listening() as server:
        port = server.getsockname()[1]
    with pytest.raises(ObjectsUnavailable, match="does not answer"):
        S3Objects(settings(port)).ping()


def test_a_store_that_takes_the_connection_and_says_nothing_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "STALL_S", 0.2)
    with listening() as server, pytest.raises(ObjectsUnavailable, match="does not answer"):
        S3Objects(settings(server.getsockname()[1])).ping()


def test_a_store_in_trouble_is_unavailable() -> None:
    xml = b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"
    with answering(503, xml, "application/xml") as port, pytest.raises(ObjectsUnavailable):
        S3Objects(settings(port)).read("key")
    with answering(503, b"", "application/xml") as port, pytest.raises(ObjectsUnavailable):
        S3Objects(settings(port)).ping()


def test_a_web_server_that_speaks_no_s3_is_unavailable() -> None:
    with answering(404, b"<html>not here</html>", "text/html") as port, pytest.raises(ObjectsUnavailable):
        S3Objects(settings(port)).read("key")


def test_an_endpoint_that_is_no_address_is_refused_by_name() -> None:
    with pytest.raises(RequestRefused, match="http://store"):
        S3Objects(replace(settings(1), endpoint="http://store/path"))


def test_a_body_that_takes_longer_than_the_time_to_connect_still_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "CONNECT_S", 0.2)
    body = bytes(8 << 20)
    with listening() as server:
        reader = threading.Thread(target=_take_slowly, args=(server, len(body)))
        reader.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        answer = objects._connections().urlopen("PUT", url, body=body)
        reader.join()
    assert answer.status == 200


def _take_slowly(server: socket.socket, length: int) -> None:
    """Take the body in eight bursts with pauses that add up to twice the time allowed to connect."""
    connection, _ = server.accept()
    with connection:
        taken = 0
        pause = threading.Event()
        for burst in range(1, 9):
            pause.wait(0.05)
            while taken < length * burst // 8:
                taken += len(connection.recv(1 << 20))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_a_wrong_secret_is_refused_access(object_server: SeaweedServer) -> None:
    wrong = replace(object_server.settings(BUCKET), secret_key="not this one")
    with pytest.raises(AccessRefused, match="AccessDenied"):
        S3Objects(wrong).ping()


def test_a_bucket_made_without_lock_is_refused(object_server: SeaweedServer, tmp_path: Path) -> None:
    with object_server.administrator() as client:
        client.make_bucket("without-lock")
    store = S3Objects(object_server.settings("without-lock"))
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    with pytest.raises(BucketNotLocked, match="without object lock"):
        store.put("key", file, hashlib.sha256(b"bytes").hexdigest(), UNTIL)
    with object_server.administrator() as client:
        assert list(client.list_objects("without-lock")) == []
    assert not store.self_test().ok


def test_a_lock_that_would_end_in_the_past_is_refused(object_server: SeaweedServer, tmp_path: Path) -> None:
    store = S3Objects(object_server.settings(BUCKET))
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    with pytest.raises(RequestRefused):
        store.put(uuid.uuid4().hex, file, hashlib.sha256(b"bytes").hexdigest(), UNTIL - timedelta(days=9))


Answer = Any  # of urllib3


def spoilt_bytes(answer: Answer) -> None:
    """As a disk, or a line, that fails on reading."""
    honest = answer.stream
    answer.stream = lambda size: (piece[:-1] + b"?" for piece in honest(size))


def untold_lock(answer: Answer) -> None:
    del answer.headers["x-amz-object-lock-mode"]


def shorter_lock(answer: Answer) -> None:
    answer.headers["x-amz-object-lock-retain-until-date"] = f"{UNTIL - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"


def other_lock(answer: Answer) -> None:
    answer.headers["x-amz-object-lock-mode"] = "GOVERNANCE"


def changing(store: S3Objects, monkeypatch: pytest.MonkeyPatch, change: Callable[[Answer], None]) -> None:
    """Have what the store hands out changed on its way, headers or bytes."""
    honest = store._client.get_object

    def get_object(*asked: Any, **how: Any) -> Answer:
        answer = honest(*asked, **how)
        change(answer)
        return answer

    monkeypatch.setattr(store._client, "get_object", get_object)


@pytest.mark.parametrize(
    ("change", "error"), [(spoilt_bytes, ObjectDamaged), (shorter_lock, NotLocked), (other_lock, NotLocked)]
)
def test_a_put_that_cannot_be_proven_fails(
    object_server: SeaweedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Answer], None],
    error: type[StorageError],
) -> None:
    store = S3Objects(object_server.settings(BUCKET))
    changing(store, monkeypatch, change)
    monkeypatch.setattr(store._client, "get_object_retention", lambda *_: None)
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    with pytest.raises(error, match=r"(is|was) stored, but"):
        store.put(uuid.uuid4().hex, file, hashlib.sha256(b"bytes").hexdigest(), UNTIL)


def test_a_store_that_does_not_tell_the_lock_of_what_it_hands_out_is_asked_for_it(
    object_server: SeaweedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = S3Objects(object_server.settings(BUCKET))
    changing(store, monkeypatch, untold_lock)
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    assert store.put(uuid.uuid4().hex, file, hashlib.sha256(b"bytes").hexdigest(), UNTIL).locked_until >= UNTIL
    monkeypatch.setattr(store._client, "get_object_retention", lambda *_: None)
    with pytest.raises(NotLocked, match="is stored, but is locked until None"):
        store.put(uuid.uuid4().hex, file, hashlib.sha256(b"bytes").hexdigest(), UNTIL)


def test_bytes_that_are_damaged_on_the_way_are_refused_by_their_sha256_alone(
    object_server: SeaweedServer, tmp_path: Path
) -> None:
    store = S3Objects(object_server.settings(BUCKET))
    file, key = tmp_path / "file", uuid.uuid4().hex
    file.write_bytes(b"bytes")
    with pytest.raises(ObjectDamaged):
        store.put(key, file, hashlib.sha256(b"other bytes").hexdigest(), UNTIL)
    assert store.versions(key) == []


def test_a_server_without_tls_is_not_trusted_where_tls_is_wanted() -> None:
    with answering(200, b"", "application/xml") as port, pytest.raises(ObjectsUnavailable):
        S3Objects(replace(settings(port), secure=True)).ping()


def test_an_authority_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match=r"authority\.crt holds no authority"):
        S3Objects(replace(settings(1), secure=True, ca_file=tmp_path / "authority.crt"))


def test_a_bucket_that_our_key_may_not_make_is_asked_for(object_server: SeaweedServer, tmp_path: Path) -> None:
    store = S3Objects(object_server.settings("nobody-made-it"))
    with pytest.raises(AccessRefused, match="who administers"):
        store.keys("")


def test_the_lock_test_of_a_key_that_deletes_nothing_says_so_and_leaves_one_object_behind(
    object_server: SeaweedServer,
) -> None:
    object_server.make_bucket("append-only")
    store = S3Objects(object_server.settings("append-only"))
    for _ in range(3):
        test = store.self_test()
        assert test.ok
        assert "may delete nothing at all" in test.detail
    with object_server.administrator() as client:
        assert len(list(client.list_objects("append-only", include_version=True))) == 1


def test_the_lock_test_of_a_key_that_may_delete_leaves_nothing_that_is_not_locked(
    object_server: SeaweedServer,
) -> None:
    object_server.make_bucket("may-delete")
    given = replace(object_server.settings("may-delete"), access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    store = S3Objects(given)
    for _ in range(2):
        assert store.self_test() == LockTest(
            True, "deleting a locked object was refused, deleting an unlocked one was not"
        )
    with object_server.administrator() as client:
        left = client.list_objects("may-delete", include_version=True)
        assert len([each for each in left if not each.is_delete_marker]) == 2  # both still under their ten seconds


def test_an_object_in_several_parts_is_verified_like_any_other(object_server: SeaweedServer, tmp_path: Path) -> None:
    store = S3Objects(object_server.settings(BUCKET), part_bytes=5 << 20)
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * (6 << 12))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    key = uuid.uuid4().hex
    stored = store.put(key, file, sha256, UNTIL)
    assert (stored.size_bytes, stored.sha256) == (6 << 20, sha256)
    assert store.put(key, file, sha256, UNTIL).version_id == stored.version_id
