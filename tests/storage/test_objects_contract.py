"""What every object store promises, asked of the fake in memory and of a real S3 server."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio import Minio
from minio.error import S3Error

from config.s3 import Duty
from storage.objects import (
    AccessRefused,
    Listed,
    NoSuchObject,
    ObjectDamaged,
    Objects,
    RequestRefused,
    S3Objects,
    StillLocked,
    Stored,
)
from storage.seaweed import SeaweedServer
from tests.fakes.objects import MemoryObjects
from tests.objects_server import BUCKET

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)


@dataclass
class Store:
    """A store under test, with the acts that its role does not have."""

    objects: Objects
    delete: Callable[[str, str], None]
    version_count: Callable[[str], int]
    hide: Callable[[str], None]  # with a delete marker
    disposing: Objects  # the same store with the key that may remove


@pytest.fixture(params=["memory", "seaweed"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        memory = MemoryObjects()
        yield Store(memory, memory.delete, memory.stored_keys.count, memory.hide, memory)
        return
    server: SeaweedServer = request.getfixturevalue("object_server")
    objects = S3Objects(server.settings(BUCKET))
    disposing = S3Objects(server.settings(BUCKET, Duty.DISPOSE))
    with server.administrator() as client:
        yield Store(objects, *_through_the_interface(client), disposing)
    objects.close()
    disposing.close()


def _through_the_interface(
    client: Minio,
) -> tuple[Callable[[str, str], None], Callable[[str], int], Callable[[str], None]]:
    def delete(key: str, version_id: str) -> None:
        try:
            client.remove_object(BUCKET, key, version_id)
        except S3Error as error:
            raise AccessRefused(str(error.code)) from error

    def version_count(key: str) -> int:
        return len(list(client.list_objects(BUCKET, prefix=key, include_version=True)))

    def hide(key: str) -> None:
        client.remove_object(BUCKET, key)

    return delete, version_count, hide


@pytest.fixture
def key() -> str:
    return f"site/batch/camera/{uuid.uuid4().hex}.mp4"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "segment.mp4"
    path.write_bytes(bytes(range(256)) * 40)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put(store: Store, key: str, file: Path, until: datetime = UNTIL) -> Stored:
    return store.objects.put(key, file, sha256(file), until)


def test_a_stored_file_is_read_back_equal_and_found_locked(store: Store, key: str, file: Path) -> None:
    stored = put(store, key, file)
    assert (stored.size_bytes, stored.sha256) == (file.stat().st_size, sha256(file))
    assert stored.locked_until >= UNTIL
    found = store.objects.stat(key)
    assert (found.version_id, found.size_bytes) == (stored.version_id, stored.size_bytes)
    assert found.locked_until == stored.locked_until
    assert store.objects.read(key, version_id=stored.version_id) == file.read_bytes()


def test_a_locked_version_cannot_be_deleted(store: Store, key: str, file: Path) -> None:
    stored = put(store, key, file)
    with pytest.raises(AccessRefused):
        store.delete(key, stored.version_id)
    assert store.objects.read(key, version_id=stored.version_id) == file.read_bytes()


def test_a_file_that_is_not_what_was_promised_is_not_stored(store: Store, key: str, file: Path) -> None:
    with pytest.raises(ObjectDamaged):
        store.objects.put(key, file, hashlib.sha256(b"another").hexdigest(), UNTIL)
    with pytest.raises(NoSuchObject):
        store.objects.stat(key)


def test_the_same_put_again_adopts_what_is_there(store: Store, key: str, file: Path) -> None:
    assert put(store, key, file) == put(store, key, file)
    assert store.version_count(key) == 1


def test_the_same_put_again_lengthens_the_lock_and_never_shortens_it(store: Store, key: str, file: Path) -> None:
    first = put(store, key, file)
    later = put(store, key, file, UNTIL + timedelta(days=1))
    assert later.version_id == first.version_id
    assert later.locked_until == UNTIL + timedelta(days=1)
    assert put(store, key, file, UNTIL).locked_until == UNTIL + timedelta(days=1)


def test_the_lock_of_any_version_is_lengthened_and_never_shortened(store: Store, key: str, file: Path) -> None:
    first = put(store, key, file)
    file.write_bytes(b"other bytes")
    second = put(store, key, file)
    later = UNTIL + timedelta(days=1)
    assert store.objects.lengthen(key, first.version_id, later - timedelta(microseconds=1)) == later
    assert store.objects.lengthen(key, first.version_id, UNTIL) == later
    assert store.objects.stat(key, first.version_id).locked_until == later
    assert store.objects.stat(key, second.version_id).locked_until == UNTIL
    for gone in ((key, "no-such-version"), (f"{key}-2", first.version_id)):
        with pytest.raises((NoSuchObject, RequestRefused)):
            store.objects.lengthen(*gone, later)


def test_a_legal_hold_outlasts_the_lock_and_is_let_go(store: Store, key: str, file: Path) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    stored = put(store, key, file, soon)
    for _ in range(2):
        store.objects.hold(key, stored.version_id, held=True)
    while datetime.now(UTC) <= stored.locked_until + timedelta(seconds=1):
        time.sleep(0.1)
    with pytest.raises(AccessRefused):
        store.delete(key, stored.version_id)
    assert store.objects.read(key, version_id=stored.version_id) == file.read_bytes()
    for _ in range(2):
        store.objects.hold(key, stored.version_id, held=False)
    store.delete(key, stored.version_id)
    with pytest.raises((NoSuchObject, RequestRefused)):
        store.objects.hold(key, stored.version_id, held=True)


def test_a_version_is_removed_once_its_lock_is_over_and_no_hold_stands(store: Store, key: str, file: Path) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    stored = put(store, key, file, soon)
    with pytest.raises(StillLocked, match="locked until"):
        store.disposing.remove(key, stored.version_id)
    assert not store.objects.is_held(key, stored.version_id)
    store.objects.hold(key, stored.version_id, held=True)
    assert store.objects.is_held(key, stored.version_id)
    while datetime.now(UTC) <= stored.locked_until + timedelta(seconds=1):
        time.sleep(0.1)
    with pytest.raises(StillLocked, match="legal hold"):
        store.disposing.remove(key, stored.version_id)
    assert store.objects.read(key, version_id=stored.version_id) == file.read_bytes()
    store.objects.hold(key, stored.version_id, held=False)
    for _ in range(2):  # what is gone already is no error: whoever was killed after it asks again
        store.disposing.remove(key, stored.version_id)
    for version_id in (None, stored.version_id):
        with pytest.raises(NoSuchObject):
            store.objects.stat(key, version_id)


def test_one_version_is_removed_and_the_others_stay(store: Store, key: str, file: Path) -> None:
    first = put(store, key, file, datetime.now(UTC) + timedelta(seconds=1))
    file.write_bytes(b"other bytes")
    second = put(store, key, file)
    while datetime.now(UTC) <= first.locked_until + timedelta(seconds=1):
        time.sleep(0.1)
    store.disposing.remove(key, first.version_id)
    with pytest.raises(NoSuchObject):
        store.objects.read(key, version_id=first.version_id)
    assert store.objects.read(key) == b"other bytes"
    with pytest.raises(StillLocked):
        store.disposing.remove(key, second.version_id)


def test_without_a_version_nothing_is_removed(store: Store, key: str, file: Path) -> None:
    put(store, key, file, datetime.now(UTC) + timedelta(seconds=1))
    with pytest.raises(RequestRefused):
        store.disposing.remove(key, "")
    assert store.objects.read(key) == file.read_bytes()


def test_other_bytes_under_the_same_key_are_a_version_of_their_own(store: Store, key: str, file: Path) -> None:
    first = put(store, key, file)
    was = file.read_bytes()
    file.write_bytes(b"other bytes")
    second = put(store, key, file)
    assert second.version_id != first.version_id
    assert store.objects.read(key, version_id=first.version_id) == was
    assert store.objects.read(key) == b"other bytes"


def test_every_version_under_a_beginning_is_listed(store: Store, key: str, file: Path) -> None:
    first = put(store, key, file)
    file.write_bytes(b"other")
    second = put(store, key, file)
    put(store, f"other-{key}", file)
    listed = {each.version_id: each for each in store.objects.versions(key)}
    assert listed == {
        first.version_id: Listed(key, first.version_id, first.size_bytes, False),
        second.version_id: Listed(key, second.version_id, 5, False),
    }
    assert store.objects.versions(f"{key}x") == []


def test_a_lock_ends_on_a_whole_second_and_never_early(store: Store, key: str, file: Path) -> None:
    stored = put(store, key, file, UNTIL + timedelta(microseconds=1))
    assert stored.locked_until == UNTIL + timedelta(seconds=1)


def test_ranges_are_read_and_end_where_the_object_ends(store: Store, key: str, file: Path) -> None:
    put(store, key, file)
    size = file.stat().st_size
    assert store.objects.read(key, 5, 10) == bytes(range(5, 15))
    assert store.objects.read(key, size - 3) == bytes([253, 254, 255])
    assert store.objects.read(key, size - 3, 100) == bytes([253, 254, 255])
    assert store.objects.read(key, size + 7, 10) == b""
    assert store.objects.read(key, 3, 0) == b""


def test_an_unknown_key_and_an_unknown_version_are_named_as_such(store: Store, key: str, file: Path) -> None:
    with pytest.raises(NoSuchObject):
        store.objects.stat(key)
    with pytest.raises(NoSuchObject):
        store.objects.read(key)
    put(store, key, file)
    with pytest.raises(NoSuchObject):
        store.objects.read(key, version_id="0123456789abcdef0123456789abcdef")


def test_the_lock_test_succeeds_where_locks_hold_and_may_be_repeated(store: Store) -> None:
    assert store.objects.self_test().ok
    assert store.objects.self_test().ok


def test_a_store_that_answers_gives_a_sign_of_life(store: Store) -> None:
    store.objects.ping()


def test_keys_are_listed_by_their_beginning(store: Store, file: Path) -> None:
    folder = f".{uuid.uuid4().hex}/"
    assert store.objects.keys(folder) == set()
    for name in ("one", "two"):
        put(store, folder + name, file)
    put(store, f"other/{uuid.uuid4().hex}", file)
    assert store.objects.keys(folder) == {folder + "one", folder + "two"}
    assert store.objects.keys(folder + "t") == {folder + "two"}


def test_versions_are_listed_newest_first_and_with_what_hides_them(store: Store, key: str, file: Path) -> None:
    first = put(store, key, file)
    file.write_bytes(b"other bytes")
    second = put(store, key, file)
    assert store.objects.versions(key) == [
        Listed(key, second.version_id, second.size_bytes),
        Listed(key, first.version_id, first.size_bytes),
    ]
    store.hide(key)
    marker, *rest = store.objects.versions(key)
    assert marker.marker
    assert [each.version_id for each in rest] == [second.version_id, first.version_id]
    assert store.objects.read(key, version_id=first.version_id) != b""
    assert store.objects.versions(f"{key}/no-such") == []


def test_folders_are_what_stands_before_the_next_slash(store: Store, file: Path) -> None:
    top = f"{uuid.uuid4().hex}/"
    for name in ("one/a", "one/b", "two/a", "loose"):
        put(store, top + name, file)
    assert top in store.objects.folders("")
    assert store.objects.folders(top) == [f"{top}one/", f"{top}two/"]
    assert store.objects.folders(f"{top}one/") == []
    store.hide(f"{top}two/a")
    assert f"{top}two/" in store.objects.folders(top)


def test_a_version_says_whether_it_is_held(store: Store, key: str, file: Path) -> None:
    stored = put(store, key, file)
    assert not store.objects.is_held(key, stored.version_id)
    store.objects.hold(key, stored.version_id, held=True)
    assert store.objects.is_held(key, stored.version_id)
    with pytest.raises((NoSuchObject, RequestRefused)):
        store.objects.is_held(f"{key}-2", stored.version_id)
