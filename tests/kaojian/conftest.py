"""An installation of its own for each test: empty folder, no settings from outside, logs put back afterwards."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from kaojian.cli import main
from tests.fakes.hashing import cheap_hashing
from tests.records.setups import WHOLE
from tests.storage.conftest import object_server, postgres

__all__ = ["cheap_hashing", "object_server", "postgres"]


@dataclass(frozen=True, slots=True)
class Done:
    """What one command answered."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture(autouse=True)
def installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder in which commands run; ``exam.yaml`` lies in it."""
    for name in [name for name in os.environ if name.startswith("KAOJIAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAOJIAN_MIN_FREE_BYTES", str(64 << 20))
    (tmp_path / "exam.yaml").write_text(WHOLE, encoding="utf-8")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def kaojian(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs one command line in this process."""

    def run(*arguments: str) -> Done:
        code = main(_words(arguments))
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


def _words(arguments: Sequence[str]) -> list[str]:
    return [str(argument) for argument in arguments]
