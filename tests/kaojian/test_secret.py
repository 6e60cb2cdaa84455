"""``kaojian secret`` and what the doctor says of secrets at rest."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from config.settings import load
from domain.health import CheckState
from kaojian.doctor import check_sealed
from tests.kaojian.conftest import Command


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard input of the command."""
    given = io.StringIO("admin:hunter2\n")
    monkeypatch.setattr("sys.stdin", given)
    return given


def test_a_secret_comes_from_standard_input_and_is_shown_nowhere(
    kaojian: Command, typed: io.StringIO, installation: Path
) -> None:
    done = kaojian("secret", "set", "cam-c1")
    assert done.code == 0, done.err
    key = installation / "var" / "secrets.key"
    assert str(key) in done.out
    assert load().secrets.credentials("cam-c1").password == "hunter2"
    written = (installation / "var" / "secrets" / "cam-c1").read_text()
    assert not any(part in done.out + done.err + written for part in ("hunter2", key.read_text().strip()))


def test_no_secret_is_taken_as_a_word_of_the_command(kaojian: Command, typed: io.StringIO) -> None:
    assert kaojian("secret", "set", "cam-c1", "admin:hunter2").code == 2


def test_an_empty_secret_is_refused(kaojian: Command, typed: io.StringIO, installation: Path) -> None:
    typed.truncate(0)
    done = kaojian("secret", "set", "cam-c1")
    assert (done.code, "must hold one line: user:password" in done.err) == (1, True)
    assert not (installation / "var" / "secrets.key").exists()


def test_the_doctor_names_what_lies_in_the_clear_until_it_is_sealed(kaojian: Command, installation: Path) -> None:
    assert list(check_sealed(load())) == []
    folder = installation / "var" / "secrets"
    folder.mkdir(parents=True)
    (folder / "cam-c1").touch(0o600)
    (folder / "cam-c1").write_text("admin:hunter2\n")
    (check,) = check_sealed(load())
    assert (check.state, check.remedy) == (CheckState.NOTE, "run: kaojian secret encrypt")
    assert "cam-c1" in check.said
    done = kaojian("secret", "encrypt")
    assert (done.code, "cam-c1" in done.out) == (0, True)
    assert list(check_sealed(load())) == []
    assert kaojian("secret", "encrypt").out == "nothing lies in the clear\n"


def test_a_fresh_key_is_made_by_a_command(kaojian: Command, typed: io.StringIO, installation: Path) -> None:
    kaojian("secret", "set", "cam-c1")
    before = (installation / "var" / "secrets.key").read_text()
    done = kaojian("secret", "rekey")
    assert (done.code, done.out.startswith("1 sealed anew")) == (0, True)
    assert (installation / "var" / "secrets.key").read_text() != before
    assert load().secrets.credentials("cam-c1").password == "hunter2"


def test_a_key_that_is_gone_is_one_line_with_what_to_do(
    kaojian: Command, typed: io.StringIO, installation: Path
) -> None:
    kaojian("secret", "set", "cam-c1")
    (installation / "var" / "secrets.key").unlink()
    done = kaojian("secret", "rekey")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "KAOJIAN_SECRETS_KEY_FILE" in done.err
    assert "Traceback" not in done.err
