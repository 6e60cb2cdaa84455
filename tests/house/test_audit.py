"""The audit of dependencies: what is known is told, and who could not be asked is never taken for a clean bill."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.rules import ROOT

CLEAN = "exit 0"
FOUND_BY_PIP = "echo 'Found 2 known vulnerabilities in 1 package' >&2; exit 1"
FOUND_BY_NPM = "echo '3 vulnerabilities (1 moderate, 2 high)'; exit 1"
SILENT_PIP = "echo 'ERROR:pip_audit._cli:alembic: Dependency not found on PyPI and could not be audited' >&2; exit 1"
SILENT_NPM = "echo 'npm error audit endpoint returned an error' >&2; exit 1"


def audited(folder: Path, pip_audit: str, npm: str) -> tuple[int, str]:
    """Status and words of the audit with tools that answer like this."""
    for name, script in (("pip-audit", pip_audit), ("npm", npm)):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o700)
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", ROOT / "tests" / "audit.sh"], env={"PATH": path}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("pip_audit", "npm", "status", "said"),
    [
        (CLEAN, CLEAN, 0, "requirements.lock: nothing is known against any"),
        (FOUND_BY_PIP, CLEAN, 1, "requirements.lock: SOMETHING IS KNOWN"),
        (CLEAN, FOUND_BY_NPM, 1, "package-lock.json: SOMETHING IS KNOWN"),
        (SILENT_PIP, CLEAN, 2, "requirements.lock: COULD NOT BE AUDITED"),
        (CLEAN, SILENT_NPM, 2, "package-lock.json: COULD NOT BE AUDITED"),
        (FOUND_BY_PIP, SILENT_NPM, 2, "requirements.lock: SOMETHING IS KNOWN"),
    ],
)
def test_the_audit_tells_what_is_known_and_who_did_not_answer(
    tmp_path: Path, pip_audit: str, npm: str, status: int, said: str
) -> None:
    found, words = audited(tmp_path, pip_audit, npm)
    assert (found, said in words) == (status, True), words
