"""Secrets at rest: what must not open, then what does."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.sealing import Ring
from storage.errors import KeyRefused
from storage.sealing import Sealer


def test_a_sealed_secret_opens_for_its_place_with_its_key_only(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "factors.key"
    sealer = Sealer.kept(file)
    sealed = sealer.seal("secret", "li")
    assert "secret" not in sealed
    assert sealed != sealer.seal("secret", "li")
    assert Sealer.kept(file).open(sealed, "li") == "secret"
    assert file.stat().st_mode & 0o777 == 0o600
    at = len(sealed) // 2
    spoilt = ("A" if sealed[at] != "A" else "B").join((sealed[:at], sealed[at + 1 :]))
    for opener, text, place in (
        (sealer, sealed, "wang"),
        (Sealer.new(), sealed, "li"),
        (sealer, spoilt, "li"),
        (sealer, sealed[:16], "li"),
        (sealer, "", "li"),
        (sealer, "no base64!", "li"),
    ):
        with pytest.raises(KeyRefused):
            opener.open(text, place)


@pytest.mark.parametrize(
    ("data", "mode"),
    [(Ring.new().text().encode(), 0o644), (b"x" * 31, 0o600), (b"\xff" * 32, 0o600), (b"", 0o600)],
    ids=["open to others", "no key", "no text", "empty"],
)
def test_a_file_that_others_read_or_that_holds_no_key_is_refused(tmp_path: Path, data: bytes, mode: int) -> None:
    file = tmp_path / "factors.key"
    file.write_bytes(data)
    file.chmod(mode)
    with pytest.raises(KeyRefused):
        Sealer.kept(file)
