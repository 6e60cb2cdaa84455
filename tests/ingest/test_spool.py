"""The spool: exclusive creation, one write per fragment, and what a crash leaves."""

from __future__ import annotations

import hashlib
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.spool import Spool, SpoolBroken, SpoolFull, segment_key
from tests.ingest.pictures import FPS, unit
from tests.ingest.test_segmenter import record

KEY = "site/batch/cam/20260501T040000.000000Z.mp4"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "spool", reserve_bytes=0)
    made.claim(used=False)
    return made


def _bytes(seconds: int = 3) -> bytes:
    return record((unit(n) for n in range(seconds * FPS)), segment_s=60).files[0][0]


def test_a_key_names_the_first_picture_to_the_microsecond() -> None:
    first = datetime(2026, 5, 1, 4, 0, 0, 7, UTC)
    assert segment_key("s/b/c", first) == "s/b/c/20260501T040000.000007Z.mp4"


def test_the_keys_of_two_named_recorders_never_meet() -> None:
    first = datetime(2026, 5, 1, 4, 0, 0, 7, tzinfo=UTC)
    assert segment_key("s/b/c", first, "b-2") == "s/b/c/20260501T040000.000007Z-b-2.mp4"
    assert len({segment_key("s/b/c", first, name) for name in ("", "a", "b")}) == 3


def test_a_closed_file_has_the_size_and_hash_of_what_was_written(spool: Spool) -> None:
    file = spool.create(KEY)
    file.append(b"abc")
    file.append(b"def")
    closed = file.close()
    assert closed.path.read_bytes() == b"abcdef"
    assert (closed.size_bytes, closed.sha256) == (6, hashlib.sha256(b"abcdef").hexdigest())
    assert list(spool.closed()) == [KEY]
    assert list(spool.left_open()) == []


def test_a_spool_tells_host_and_number_of_the_device_that_it_lies_on(spool: Spool, tmp_path: Path) -> None:
    number = tmp_path.stat().st_dev
    assert spool.device == f"{socket.gethostname()}:{os.major(number)}:{os.minor(number)}"
    assert Spool(tmp_path, reserve_bytes=0).device == spool.device


def test_an_existing_file_is_never_overwritten(spool: Spool) -> None:
    file = spool.create(KEY)
    with pytest.raises(SpoolBroken, match="File exists"):
        spool.create(KEY)
    file.append(b"abc")
    closed = file.close()
    with pytest.raises(SpoolBroken, match="20260501T040000"):
        spool.create(KEY)
    assert closed.path.read_bytes() == b"abc"


def test_no_file_is_begun_when_only_the_reserve_is_left(tmp_path: Path) -> None:
    with pytest.raises(SpoolFull, match="make room"):
        Spool(tmp_path, reserve_bytes=1 << 60).create(KEY)


def test_a_file_left_open_is_cut_back_to_its_last_complete_fragment(spool: Spool) -> None:
    whole = _bytes()
    file = spool.create(KEY)
    file.append(whole[: len(whole) - 100])
    file.abandon()
    assert list(spool.left_open()) == [KEY]
    closed = spool.recover(KEY)
    assert closed is not None
    assert closed.index is not None
    assert not closed.index.torn
    assert 0 < closed.size_bytes < len(whole) - 100
    assert closed.path.read_bytes() == whole[: closed.size_bytes]
    assert closed.sha256 == hashlib.sha256(whole[: closed.size_bytes]).hexdigest()


@pytest.mark.parametrize("size", [0, 10, 700])
def test_a_file_without_one_complete_fragment_is_set_aside_and_kept(spool: Spool, size: int) -> None:
    file = spool.create(KEY)
    file.append(_bytes()[:size])
    file.abandon()
    assert spool.recover(KEY) is None
    assert list(spool.left_open()) == []
    assert [path.stat().st_size for path in spool.root.rglob("*.broken")] == [size]
