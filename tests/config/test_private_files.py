"""Private files: whole or not at all, and never anybody else's, not for an instant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.private_files import write_private


def test_a_private_file_is_its_owner_s_alone_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "key", b"new")
    finally:
        os.umask(before)
    assert ((tmp_path / "key").read_bytes(), (tmp_path / "key").stat().st_mode & 0o777) == (b"new", 0o600)


def test_a_file_that_cannot_be_written_in_full_leaves_the_old_one_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "key", b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("key", b"old")]
