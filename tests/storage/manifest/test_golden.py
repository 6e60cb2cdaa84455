"""Exports as they were once written are still checked, by us and by a stranger: files in ``golden``, never made anew.

``export-1.zip`` is from before there were time stamps. ``export-2.zip`` has stamps whose authority, its root and all,
ran out half a minute after it had stamped.
"""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from domain.chain import Seal
from storage.manifest.stamps import Roots
from storage.manifest.verifying import Trust
from tests.storage.manifest.reading import checked
from tests.storage.manifest.test_stranger import asked

GOLDEN = Path(__file__).with_name("golden")
ROOT = GOLDEN / "export-2-root.pem"
KEYS = {
    1: "02ccddf955aa33dac88198ff6858c5e131b2cc146c6f2ac7afdb8a83b0534127",
    2: "fc95cfb572582d68645660bde1aa04668e1a184c878650b24503589b65ea0da4",
    3: "4f0bc677e79c9184d519ccd17dd38d92a830b47838fc37cc3c9089d4c6d1680d",
}
HEADS = {
    1: Seal(2, "fc0d00ef22f844e6927c218a0f8f37d4147df621fc3f097c06fdd4e408e7ef80"),
    2: Seal(2, "9473c74520de66189c5f15b32614de6f227f2dcc8e55b4923552b8ec3689ea5f"),
    3: Seal(1, "b92d0e82edee003000d71642d7bc6b61a32020cef0b623724d2ae871d7aea2b5"),
}


@pytest.mark.parametrize("form", [1, 2, 3])
def test_an_export_of_every_form_that_was_ever_written_is_still_checked(form: int, tmp_path: Path) -> None:
    path = GOLDEN / f"export-{form}.zip"
    said = checked(path, Trust([KEYS[form]], HEADS[form], stamp_roots=Roots.read([ROOT])))
    assert len(said) == 11
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    done = asked(tmp_path, KEYS[form], str(HEADS[form]), str(ROOT))
    assert (done.returncode, done.stdout, done.stderr) == (0, "holds\n", "")


def test_stamps_hold_though_everybody_who_vouched_for_them_has_run_out() -> None:
    (root,) = x509.load_pem_x509_certificates(ROOT.read_bytes())
    assert root.not_valid_after_utc < datetime.now(UTC)
    said = checked(GOLDEN / "export-2.zip", Trust([KEYS[2]], stamp_roots=Roots.read([ROOT])))
    assert said[9].startswith("2 time stamps hold (CN=golden authority): ")


def test_an_export_from_before_there_were_stamps_is_said_to_have_none() -> None:
    said = checked(GOLDEN / "export-1.zip", Trust([KEYS[1]], stamp_roots=Roots.read([ROOT])))
    assert said[9].startswith("there is no time stamp")
