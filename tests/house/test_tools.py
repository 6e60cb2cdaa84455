"""Style, types and import rules: ruff, mypy and import-linter as one test each, and proof that each can say no."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.rules import ROOT

BIN = Path(sys.executable).parent
CONFIGURATION = ROOT / "pyproject.toml"


def say(*command: str | Path, folder: Path = ROOT) -> tuple[int, str]:
    """Exit status and everything a tool printed. Without colours, whatever the terminal is."""
    program, *arguments = command
    done = subprocess.run(
        [BIN / program, *arguments],
        cwd=folder,
        env={"PATH": str(BIN), "NO_COLOR": "1", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def content(*command: str | Path) -> None:
    """Fail with the tool's own words, and nothing around them."""
    status, said = say(*command)
    if status:
        pytest.fail(f"{' '.join(map(str, command))}\n{said}", pytrace=False)


def test_ruff_finds_nothing_to_mend() -> None:
    content("ruff", "check", "--output-format=concise", ".")


def test_every_file_is_formatted_by_ruff() -> None:
    content("ruff", "format", "--check", ".")


def test_all_types_hold_under_strict_mypy() -> None:
    content("mypy")


def test_imports_go_down_and_never_up_or_sideways() -> None:
    content("lint-imports", "--no-cache")


def test_ruff_with_our_configuration_refuses_a_relative_import(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from . import other\nprint(other)\n")
    status, said = say("ruff", "check", "--no-cache", "--output-format=concise", "--config", CONFIGURATION, bad)
    assert status == 1
    assert "TID252" in said
    assert "T201" in said


def test_mypy_with_our_configuration_refuses_an_untyped_function(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text('"""Bad."""\n\n\ndef doubled(x):\n    return 2 * x\n')
    cache = tmp_path / "cache"
    status, said = say("mypy", "--config-file", CONFIGURATION, "--cache-dir", cache, bad, folder=tmp_path)
    assert status == 1
    assert "no-untyped-def" in said


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("domain", "import storage"),
        ("ingest", "import analysis"),
        ("config", "import storage"),
        ("dashboard", "import kaojian"),
    ],
)
def test_the_import_rule_refuses_up_and_sideways(tmp_path: Path, module: str, line: str) -> None:
    for room in ("domain", "config", "storage", "ingest", "analysis", "records", "dashboard", "kaojian"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text(line if room == module else "")
    status, said = say("lint-imports", "--no-cache", "--config", CONFIGURATION, folder=tmp_path)
    assert status == 1
    assert "0 kept, 1 broken" in said
