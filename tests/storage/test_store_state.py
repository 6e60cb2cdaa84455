"""How it stands with the object store, told from the process that uploads to whoever asks for the status."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.archive import KeepResult
from storage.store_state import FILE, StoreState, keeper, lines, read
from tests.fakes.time import FakeClock

NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)


def test_what_was_told_last_is_read(tmp_path: Path) -> None:
    tell = keeper(tmp_path, FakeClock(NOON))
    tell(KeepResult(lost="switched off"))
    assert read(tmp_path) == (StoreState(NOON, "switched off", None),)
    tell(KeepResult())
    assert read(tmp_path) == (StoreState(NOON, None, None),)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_where_nobody_uploads_nothing_is_told(tmp_path: Path) -> None:
    assert read(tmp_path) == ()
    assert lines(StoreState(NOON, None, None), "12:00") == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "noon", "lost": null, "unlocked": null}'])
def test_a_spoilt_file_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert read(tmp_path) == ()


def test_a_disk_that_takes_no_file_keeps_nobody_from_uploading(tmp_path: Path) -> None:
    keeper(tmp_path / "gone", FakeClock(NOON))(KeepResult())
    assert read(tmp_path / "gone") == ()


def test_people_are_told_what_is_lost() -> None:
    (lost,) = lines(StoreState(NOON, "it deleted what it had locked", None), "2026-05-01 12:00:00")
    assert "2026-05-01 12:00:00: it deleted what it had locked; footage stays in the spool" in lost
    (unlocked,) = lines(StoreState(NOON, None, "it deleted what it had locked"), "12:00")
    assert "whoever has a key can delete it, and C6.2-5 cannot be met" in unlocked
