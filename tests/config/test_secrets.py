"""Secrets: found by name, refused when others can read them, never printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import SecretExposed, SecretMalformed, SecretMissing
from config.secrets import Credentials, Secrets


def kept(folder: Path, name: str, text: str, mode: int = 0o600) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    kept(tmp_path, "cam-c1", "admin:p@ss:word\n")
    assert Secrets(tmp_path, {}).credentials("cam-c1") == Credentials("admin", "p@ss:word")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    kept(tmp_path, "cam-c1", "admin:old")
    assert Secrets(tmp_path, {"KAOJIAN_SECRET_CAM_C1": "admin:new"}).credentials("cam-c1").password == "new"


def test_a_changed_file_is_seen_at_once(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, {})
    kept(tmp_path, "cam", "admin:old")
    assert secrets.credentials("cam").password == "old"
    kept(tmp_path, "cam", "admin:new")
    assert secrets.credentials("cam").password == "new"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_can_open_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    kept(tmp_path, "cam", "admin:pw", mode)
    with pytest.raises(SecretExposed, match=r"chmod 600 .*cam"):
        Secrets(tmp_path, {}).credentials("cam")


def test_a_missing_secret_says_both_ways_to_give_it(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match=r"KAOJIAN_SECRET_CAM_C1=user:password, or write user:password into"):
        Secrets(tmp_path, {}).credentials("cam-c1")


@pytest.mark.parametrize("name", ["../etc/passwd", "Cam", "cam c1", "", "cam_c1", "cam--c1", "-cam", "cam\n"])
def test_a_name_that_is_no_secret_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SecretMalformed, match="lower-case"):
        Secrets(tmp_path, {}).credentials(name)


@pytest.mark.parametrize("text", ["", "admin", ":pw", "admin:pw\nother:pw"])
def test_a_malformed_secret_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    kept(tmp_path, "cam", text)
    with pytest.raises(SecretMalformed, match="must hold one line: user:password") as refused:
        Secrets(tmp_path, {}).credentials("cam")
    assert "pw" not in str(refused.value)


def test_a_secret_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cam").write_bytes(b"admin:\xff\xfe")
    (tmp_path / "cam").chmod(0o600)
    with pytest.raises(SecretMalformed, match="UTF-8"):
        Secrets(tmp_path, {}).credentials("cam")


def test_printing_credentials_never_shows_the_password() -> None:
    assert "hunter2" not in repr(Credentials("admin", "hunter2"))
    assert "hunter2" not in f"{Credentials('admin', 'hunter2')}"
