"""`kaojian scoring`: keys of outside systems, entered and revoked at the command line of the centre."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaojian.terminal import local_actor
from storage.signing import Signer
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal

UNTIL = ("--until", "2099-01-01T00:00:00+08:00")


@pytest.fixture
def key(installation: Path) -> Path:
    """The public key of a system, in hex."""
    path = installation / "scoring.pub"
    path.write_text(Signer.new().public + "\n")
    return path


def add(kaojian: Command, key: Path, name: str = "scoring-1") -> tuple[str, ...]:
    return ("scoring", "add", name, "--name", "省评分平台", "--key", str(key), "--for", "whole", *UNTIL)


def test_a_key_is_entered_shown_and_revoked(kaojian: Command, key: Path, installation: Path) -> None:
    done = kaojian(*add(kaojian, key))
    assert (done.code, done.out) == (0, f"key scoring-1/1 密钥已登记: {key.read_text().strip()}\n")
    assert "kaojian user add scoring-1 --role scoring_system" in done.err
    assert journal(installation)[0] == ("add_scoring_system", "scoring-1", local_actor())
    shown = kaojian("scoring", "list").out
    assert "scoring-1/1" in shown and "whole 全部评分" in shown and "good 有效" in shown
    done = kaojian("scoring", "revoke", "scoring-1/1", "--reason", "服务器失窃")
    assert (done.code, done.out) == (0, "key scoring-1/1 is revoked 密钥已吊销\n")
    assert journal(installation)[0] == ("revoke_scoring_system", "scoring-1", local_actor())
    assert "revoked 已吊销" in kaojian("scoring", "list").out
    assert kaojian("check").code == 0


def test_the_account_that_a_system_comes_in_with_has_its_name(kaojian: Command, key: Path) -> None:
    assert kaojian("apply", "exam.yaml").code == 0
    assert kaojian("user", "add", "scoring-1", "--role", "scoring_system", "--of", "sg-001").code == 0
    words = ("--for", "roll", "--for", "hand_in", "--for", "scores", "--for", "cases")
    assert kaojian("token", "add", "scoring-1", *words, "--label", "评分平台").code == 0
    assert kaojian("token", "add", "scoring-1", "--for", "see", "--label", "x").code == 1
    assert kaojian(*add(kaojian, key)).err == ""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"--key": "nothing.pub"}, "nothing.pub: No such file"),
        ({"--key": "exam.yaml"}, "nor a public key in PEM"),
        ({"--until": "2020-01-01T00:00:00+08:00"}, "would never be good"),
        ({"--name": " "}, "say what the system is called"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    kaojian: Command, key: Path, installation: Path, changed: dict[str, str], told: str
) -> None:
    words = list(add(kaojian, key))
    for option, value in changed.items():
        words[words.index(option) + 1] = value
    done = kaojian(*words)
    assert (done.code, told in done.err) == (1, True), done.err
    assert kaojian("scoring", "list").out.count("scoring-1") == 0
