"""The format is described well enough: a program that knows only the description accepts and refuses as ours does."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage.signing import Signer
from tests.closed_batches import SECOND, ClosedBatches
from tests.stamp_authority import StampAuthority, root_of
from tests.storage.manifest.spoiling import WAYS, files, spoil
from tests.storage.manifest.test_verifying import restamped, swapped

SCRIPT = Path(__file__).with_name("stranger.py")
pytestmark = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("sha256sum")), reason="openssl or sha256sum is absent"
)


def asked(folder: Path, key: str, *more: str) -> subprocess.CompletedProcess[str]:
    """``more`` is a head, and a file of roots for time stamps."""
    command = [sys.executable, "-I", str(SCRIPT), str(folder), key, *more]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=60)


def test_the_stranger_knows_nothing_of_ours() -> None:
    tree = ast.parse(SCRIPT.read_text("utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_the_stranger_accepts_an_untouched_export(
    site: ClosedBatches, exported: Path, stamper: StampAuthority
) -> None:
    links = site.database.closings.links("sg-001")
    done = asked(exported, site.signer.public, f"2:{links[1].digest}", str(stamper.roots))
    assert (done.returncode, done.stdout, done.stderr) == (0, "holds\n", "")
    assert links[1].batch == SECOND


def test_the_stranger_refuses_another_key_and_another_chain(site: ClosedBatches, exported: Path) -> None:
    assert "no key is the trusted one" in asked(exported, Signer.new().public).stderr
    assert "shorter" in asked(exported, site.signer.public, f"3:{'ab' * 32}").stderr
    assert "not the one that is known" in asked(exported, site.signer.public, f"1:{'ab' * 32}").stderr


@pytest.mark.parametrize("seed", range(1000, 1000 + len(WAYS)))
def test_the_stranger_refuses_every_way_of_spoiling(
    site: ClosedBatches, exported: Path, stamper: StampAuthority, tmp_path: Path, seed: int
) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    said = spoil(copy, seed)
    done = asked(copy, site.signer.public, str(stamper.roots))
    assert done.returncode == 1, said
    assert done.stderr.startswith("refused: Refused"), (said, done.stderr)
    assert files(copy)


def test_the_stranger_refuses_stamps_of_another_link_and_of_another_authority(
    site: ClosedBatches, exported: Path, stamper: StampAuthority, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(root_of("test root").pem)
    assert "does not hold" in asked(exported, site.signer.public, str(tmp_path / "other.pem")).stderr
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    restamped(copy, site.signer, swapped)
    assert "does not hold" in asked(copy, site.signer.public, str(stamper.roots)).stderr
    assert asked(copy, site.signer.public).returncode == 0
