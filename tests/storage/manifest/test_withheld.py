"""Certificates of withheld footage: checked in an export, in the store and by a stranger; each change is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from domain.withholding import DestructionOfWithheld
from storage.database import connect
from storage.manifest import withheld
from storage.manifest.destruction import PaperRefused
from storage.manifest.exporting import export
from storage.manifest.form import read_signed, signed
from storage.manifest.keys import published
from storage.manifest.stored import verify_stored
from storage.manifest.trees import NotVerified
from storage.manifest.verifying import Trust
from storage.signing import Signer
from tests.closed_batches import FIRST, LOCKED_UNTIL, SITE
from tests.fakes.notary import NOTARY, SIGNER
from tests.storage.manifest.reading import checked
from tests.storage.manifest.test_stranger import asked
from tests.storage.manifest.test_verifying import reseal
from tests.withheld import Site, hidden

WEEK = timedelta(days=7)
TRUST = Trust([SIGNER.public])


@pytest.fixture(scope="module", name="hidden")
def hidden_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Never changed by a test."""
    folder = tmp_path_factory.mktemp("hidden")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)) as opened:
        yield hidden(opened, folder / "spool")


@pytest.fixture(scope="module")
def taken(hidden: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("taken") / "batch"
    export(hidden.database, hidden.archive, FIRST, target, signer=SIGNER, clock=hidden.clock)
    return target


def destroyed(site: Site) -> DestructionOfWithheld:
    return read_signed(DestructionOfWithheld, site.database.withholdings.papers(1)[0].data)[0]


def test_an_export_brings_them_along_and_both_verifiers_hold_them(hidden: Site, taken: Path) -> None:
    (paper,) = hidden.database.withholdings.papers(1)
    assert (taken / "withheld" / withheld.certificate_name(paper)).read_bytes() == paper.data
    assert json.loads((taken / "contents.json").read_bytes())["form"] == "kaojian-export-3"
    said = checked(taken, TRUST)
    gone = len(hidden.files()) - 1
    assert said[10].startswith(f"1 certificates of withheld footage hold, each by both sides; {gone} files of this")
    done = asked(taken, SIGNER.public)
    assert (done.returncode, done.stdout, done.stderr) == (0, "holds\n", "")


def test_the_store_alone_tells_of_them_too(hidden: Site) -> None:
    said = [each.en for each in verify_stored(hidden.objects, SITE.id, FIRST, TRUST)]
    assert said[11].startswith("1 certificates of withheld footage hold")


CHANGES: list[tuple[Callable[[DestructionOfWithheld], bytes], str]] = [
    (lambda paper: signed(Signer.new(), paper), "not signed by the key of its time"),
    (lambda paper: signed(SIGNER, replace(paper, signed_at=paper.signed_at - 999 * WEEK)), "key of its time"),
    (lambda paper: signed(SIGNER, replace(paper, number=2)), "does not follow"),
    (lambda paper: signed(SIGNER, replace(paper, confirmed=paper.confirmed[:1])), "not confirmed by two people"),
    (
        lambda paper: signed(SIGNER, replace(paper, ordered=replace(paper.ordered, who=paper.confirmed[0].who))),
        "not confirmed by two people",
    ),
    (lambda paper: signed(SIGNER, replace(paper, camera="c2")), "no file of camera c2"),
    (
        lambda paper: signed(SIGNER, replace(paper, until=paper.start, start=paper.start - WEEK)),
        "does not reach into its span",
    ),
    (lambda paper: signed(SIGNER, replace(paper, files=paper.files * 2)), "names a file twice"),
    (
        lambda paper: signed(
            SIGNER,
            replace(paper, files=(replace(paper.files[0], removed=paper.signed_at + WEEK), *paper.files[1:])),
        ),
        "removed after it was signed",
    ),
    (lambda paper: signed(SIGNER, paper) + b"\n", "canonical"),
    (lambda _: b"{}", "no certificate of withheld footage"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_a_forged_redated_or_foreign_certificate_is_refused_wherever_it_lies(
    hidden: Site, taken: Path, tmp_path: Path, change: Callable[[DestructionOfWithheld], bytes], words: str
) -> None:
    """By itself; in the store, in the place of the true one; in an export that the genuine key signs again."""
    data = change(destroyed(hidden))
    with pytest.raises(PaperRefused, match=words):
        list(withheld.check([data], published(hidden.database.closings)))
    name = f"000001-001-{sha256(data).hexdigest()}.json"
    with in_its_place(hidden, name, data) as key, pytest.raises(NotVerified, match=words) as caught:
        list(verify_stored(hidden.objects, SITE.id, FIRST, TRUST))
    assert key in caught.value.said.zh
    copy = Path(shutil.copytree(taken, tmp_path / "copy"))
    with_certificate(copy, name, data)
    with pytest.raises(NotVerified, match=words):
        checked(copy, TRUST)
    done = asked(copy, SIGNER.public)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("refused: Refused")


@contextmanager
def in_its_place(site: Site, name: str, data: bytes) -> Iterator[str]:
    """A certificate in the store instead of the true one."""
    (true,), file = withheld.certificates_in(site.objects), site.spool.parent / "put"
    kept, key = site.objects.read(true.key), f"{withheld.PREFIX}c1/{name}"
    site.objects.destroy(true.key)
    file.write_bytes(data)
    site.objects.put(key, file, sha256(data).hexdigest(), LOCKED_UNTIL)
    try:
        yield key
    finally:
        site.objects.destroy(key)
        file.write_bytes(kept)
        site.objects.put(true.key, file, true.digest, LOCKED_UNTIL)


def with_certificate(root: Path, name: str, data: bytes) -> None:
    for path in (root / "withheld").iterdir():
        path.unlink()
    (root / "withheld" / name).write_bytes(data)
    reseal(root, SIGNER, lambda links, manifest: None)


def test_a_certificate_of_what_the_manifest_says_is_there_is_refused(
    hidden: Site, taken: Path, tmp_path: Path
) -> None:
    """Also where its own signature holds: nobody makes footage disappear by a paper."""
    paper, there = destroyed(hidden), hidden.files()[0]
    claimed = replace(
        paper.files[0],
        key=there.key,
        start=there.interval.start,
        end=there.interval.end,
        sha256=there.sha256[::-1],
        size_bytes=there.size_bytes,
    )
    data = signed(SIGNER, replace(paper, files=(claimed, *paper.files[1:])))
    copy = Path(shutil.copytree(taken, tmp_path / "copy"))
    with_certificate(copy, f"000001-001-{sha256(data).hexdigest()}.json", data)
    with pytest.raises(NotVerified, match=f"tells otherwise of {there.key}"):
        checked(copy, TRUST)
    assert "is not so" in asked(copy, SIGNER.public).stderr


def test_a_certificate_may_not_be_taken_into_an_export_of_the_form_before(taken: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(taken, tmp_path / "copy"))
    contents = json.loads((copy / "contents.json").read_bytes()) | {"form": "kaojian-export-2"}
    (copy / "contents.json").write_bytes(json.dumps(contents).encode())
    reseal(copy, SIGNER, lambda links, manifest: None)
    with pytest.raises(NotVerified, match="is no part of this batch"):
        checked(copy, TRUST)
    assert "belongs to nothing" in asked(copy, SIGNER.public).stderr
