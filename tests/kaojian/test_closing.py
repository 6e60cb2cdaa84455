"""`kaojian batch close`, `export`, `verify` and `key` on the command line: what they print and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.s3 import Duty
from config.settings import Settings, load
from kaojian import closing as wiring
from kaojian.terminal import local_actor
from storage.archive import Archive
from storage.database import Database, connect
from storage.signing import Signer
from tests.closed_batches import FIRST, LOCKED_UNTIL, ClosedBatches
from tests.kaojian.conftest import Command


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClosedBatches]:
    """A batch that was held in the installation of the settings, over a store in memory."""
    settings = load()
    with closing(connect(settings.database_url)) as database:
        made = ClosedBatches(database, settings.spool_dir, signer=Signer.kept(settings.signing_key_file))
        made.hold(FIRST)

        def archive(_: Settings, opened: Database, *, duty: Duty) -> Archive:
            assert duty is Duty.READ
            return Archive(opened.evidence, made.objects, made.spool, lambda _: LOCKED_UNTIL, made.clock)

        monkeypatch.setattr(wiring, "objects_of", lambda _: made.objects)
        monkeypatch.setattr(wiring, "open_archive", archive)
        yield made


def test_a_batch_goes_from_closing_to_being_checked_elsewhere(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    closed = kaojian("batch", "close", FIRST)
    link = site.database.closings.links("sg-001")[0]
    assert (closed.code, closed.err) == (0, "")
    assert f"--head 1:{link.digest}" in closed.out
    exported = kaojian("export", FIRST, str(tmp_path / "batch.zip"))
    assert exported.code == 0
    entry = site.database.viewings.latest(1)[0].viewing
    assert (entry.batch, entry.deed.value) == (FIRST, "save")
    told = [(each.act, each.subject, each.actor) for each in site.database.journal.entries(2)]
    assert told == [("export_batch", FIRST, local_actor()), ("close_batch", FIRST, local_actor())]
    key = ("--key", site.signer.public)
    verified = kaojian("verify", str(tmp_path / "batch.zip"), *key, "--head", f"1:{link.digest}", "--lang", "en")
    assert (verified.code, verified.err) == (0, "")
    assert [line.partition(".")[0] for line in verified.out.splitlines()] == [*"123456789", "verified"]
    assert kaojian("verify", str(tmp_path / "batch.zip"), *key).out.endswith("核验通过\n")
    assert site.signer.public in kaojian("key", "show").out


def test_checking_ends_with_the_first_thing_that_fails(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    kaojian("batch", "close", FIRST)
    folder = tmp_path / "batch"
    assert kaojian("export", FIRST, str(folder)).code == 0
    assert kaojian("verify", str(folder)).code == 2
    assert kaojian("verify", str(folder), "--key", "12").code == 2
    assert kaojian("verify", str(folder), "--key", site.signer.public, "--head", "1").code == 2
    stranger = kaojian("verify", str(folder), "--key", Signer.new().public, "--lang", "en")
    assert (stranger.code, stranger.out) == (1, "")
    assert stranger.err.startswith("1. failed: none of the keys")
    (folder / "README.txt").write_text("")
    done = kaojian("verify", str(folder), "--key", site.signer.public)
    assert (done.code, done.err) == (1, "3. 核验不通过：文件 README.txt 被改动\n")
    assert len(done.out.splitlines()) == 2
    (tmp_path / "torn.zip").write_bytes(b"PK")
    torn = kaojian("verify", str(tmp_path / "torn.zip"), "--key", site.signer.public)
    assert (torn.code, torn.out) == (1, "")
    assert torn.err.startswith("1. 核验不通过：")
    gone = kaojian("verify", str(tmp_path / "nowhere"), "--key", site.signer.public)
    assert (gone.code, "nowhere" in gone.err) == (1, True)


def test_refusals_are_one_line_and_exit_1(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    for done, said in (
        (kaojian("batch", "close", "2026-0999"), "there is no batch 2026-0999 (there is: 2026-0501)"),
        (kaojian("export", FIRST, str(tmp_path / "x")), "was never closed"),
        (kaojian("batch", "close", FIRST, "--reason", "x"), "nothing to amend"),
    ):
        assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
        assert said in done.err
    assert site.database.viewings.head() is None
    assert kaojian("key", "show").out == "no key has signed a batch yet\n"
    assert not (tmp_path / "x").exists()


def test_a_key_is_rotated_and_the_record_of_viewings_still_holds(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    kaojian("batch", "close", FIRST)
    assert kaojian("export", FIRST, str(tmp_path / "before")).code == 0
    done = kaojian("key", "rotate")
    new = Signer.read(load().signing_key_file).public
    assert done.code == 0
    assert f"{new} signs from now on, after {site.signer.public}" in done.out
    assert "restart the service" in done.err
    rotated = site.database.journal.entries(1)[0]
    assert (rotated.act, rotated.subject, rotated.actor) == ("rotate_key", new, local_actor())
    assert len(kaojian("key", "show").out.splitlines()) == 2
    assert kaojian("export", FIRST, str(tmp_path / "after")).code == 0
    for key in (site.signer.public, new):
        assert kaojian("verify", str(tmp_path / "after"), "--key", key).code == 0
    assert kaojian("verify", str(tmp_path / "before"), "--key", site.signer.public).code == 0
    checked = kaojian("check")
    assert (checked.code, site.signer.public in checked.out) == (0, True)
