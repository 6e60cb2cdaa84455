"""What is wrong with a spool is told by its name, and so is how far the second one is behind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.evidence import Place
from ingest import spool_standing
from ingest.spool import Spool
from ingest.spool_standing import SpoolState, look, second_copies
from storage.database import Database, connect
from storage.spool_marker import MARKER, Marker
from tests.fakes.time import NOON
from tests.storage.footage import Footage


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def second(tmp_path: Path) -> Path:
    root = tmp_path / "second"
    root.mkdir()
    (root / MARKER).write_bytes(Marker("spool-2").data())
    return root


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return tmp_path / "first"


def _states(database: Database, *folders: Path) -> list[SpoolState]:
    return [each.state for each in look(database.evidence, folders, "host")]


def test_a_spool_that_was_never_used_is_new_and_one_that_lost_its_marker_is_away(
    database: Database, first: Path
) -> None:
    assert _states(database, first) == [SpoolState.NEW]
    Footage(database, first).close_segment(0)
    assert _states(database, first) == [SpoolState.THERE]
    (first / MARKER).unlink()
    (found,) = look(database.evidence, [first], "host")
    assert (found.state, found.id, found.remedy) == (SpoolState.AWAY, "spool-1", "mount it")


def test_a_spool_of_another_recorder_and_one_that_cannot_be_read_are_told(
    database: Database, first: Path, second: Path
) -> None:
    Spool(first, 0, owner="elsewhere").claim(used=False)
    (second / MARKER).unlink()
    (second / MARKER).mkdir()
    assert _states(database, first, second) == [SpoolState.FOREIGN, SpoolState.BROKEN]


def test_two_spools_on_one_device_are_no_second_device(
    database: Database, first: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Footage(database, first).close_segment(0)
    assert _states(database, first, second) == [SpoolState.THERE, SpoolState.SHARED]
    monkeypatch.setattr(spool_standing, "device_of", lambda folder: f"host:8:{folder.name}")
    assert _states(database, first, second) == [SpoolState.THERE, SpoolState.THERE]


@pytest.mark.parametrize("mounted", [True, False])
def test_the_greatest_lag_is_that_of_the_file_whose_copies_lie_furthest_apart(
    database: Database, first: Path, second: Path, mounted: bool
) -> None:
    footage = Footage(database, first)
    for minute, behind_s in enumerate((2.0, 7.5, -3.0)):
        segment = footage.close_segment(minute)
        (copy,) = database.evidence.copies([segment.key])[segment.key]
        verified = copy.verified + timedelta(seconds=behind_s)
        database.evidence.add_copy(replace(copy, target=str(second), spool="spool-2", verified=verified))
    alone = footage.close_segment(3, b"alone")
    assert hashlib.sha256(b"alone").hexdigest() == alone.sha256
    if not mounted:
        (second / MARKER).unlink()
    here, there = look(database.evidence, [first, second], "host")
    found = second_copies(database.evidence, here, there, ["cam-1", "cam-2"])
    assert (found.greatest_lag, found.camera) == (timedelta(seconds=7.5), "cam-1")
    assert (found.waiting, found.waiting_since) == (1, NOON + timedelta(minutes=4))


def test_a_copy_at_the_same_path_of_another_host_is_no_second_copy(
    database: Database, first: Path, second: Path
) -> None:
    segment = Footage(database, first).close_segment(0)
    (copy,) = database.evidence.copies([segment.key])[segment.key]
    database.evidence.add_copy(replace(copy, target=str(second), spool="theirs"))
    database.evidence.tombstone_copy(segment.key, Place.SPOOL, str(first), NOON, "spool-1")
    here, there = look(database.evidence, [first, second], "host")
    found = second_copies(database.evidence, here, there, ["cam-1"])
    assert (found.greatest_lag, found.waiting) == (None, 1)
