"""Reads what lies in an export, for tests."""

from __future__ import annotations

from pathlib import Path

from domain.manifest import Manifest
from storage.manifest.form import read
from storage.manifest.trees import reading
from storage.manifest.verifying import Trust, verify


def manifest_of(path: Path) -> Manifest:
    return read(Manifest, path.read_bytes())


def checked(path: Path, trust: Trust) -> list[str]:
    """What each step of checking says, in English."""
    with reading(path) as tree:
        return [said.en for said in verify(tree, trust)]
