"""`kaojian dossier` and `kaojian receipt`: from a scan to a code that no longer holds once a byte of it changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import Settings, load
from kaojian import wiring
from kaojian.terminal import local_actor
from storage.archive import Archive
from storage.database import Database, connect
from storage.signing import Signer
from tests.closed_batches import FIRST
from tests.fakes.notary import NOTARY
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal
from tests.records.dossiers import CERTIFICATE, SHEETS, TICKET, Dossiers, pdf


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, installation: Path) -> Iterator[Dossiers]:
    """A batch that was held and closed in the installation of the settings, over a store in memory."""
    settings = load()
    with closing(connect(settings.database_url, NOTARY)) as database:
        made = Dossiers(database, settings.spool_dir)
        made.signer = Signer.kept(settings.signing_key_file)
        made.set_norm()
        made.enrol()
        made.close(FIRST)

        def archive(_: Settings, opened: Database, **_more: object) -> Archive:
            held = opened.holds.standing
            return Archive(opened.evidence, made.objects, made.spool, lambda _: made.until, made.clock, held=held)

        monkeypatch.setattr(wiring, "open_archive", archive)
        for item in SHEETS:
            (installation / f"{item}.pdf").write_bytes(pdf(item.value))
        yield made


def test_scans_are_filed_listed_fetched_and_verified(kaojian: Command, site: Dossiers, installation: Path) -> None:
    for number, item in enumerate(SHEETS, 1):
        done = kaojian("dossier", "add", FIRST, item, f"{item}.pdf")
        assert (done.code, f"scan 扫描件 {number} ({item.zh}" in done.out) == (0, True), done.err
    assert "此前已归档" in kaojian("dossier", "add", FIRST, "roster", "roster.pdf").out
    (installation / "again.pdf").write_bytes(pdf("again"))
    corrected = kaojian("dossier", "add", FIRST, "roster", "again.pdf", "--replaces", "5", "--reason", "重扫")
    assert corrected.code == 0, corrected.err
    listed = json.loads(kaojian("dossier", "list", FIRST, "--json").out)
    assert [(each["number"], each["revision"]) for each in listed] == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2)]
    assert listed[0]["copies"][0]["bucket"] == "memory"
    assert "考核名册表 (roster)" in kaojian("dossier", "list", FIRST).out
    judged = json.loads(kaojian("dossier", "missing", FIRST, "--json").out)
    assert "C9-1" in str(judged)
    assert "C9-2" in kaojian("dossier", "missing", FIRST).out
    assert kaojian("dossier", "fetch", FIRST, "5", "out.pdf").code == 0
    assert (installation / "out.pdf").read_bytes() == pdf("again")
    assert (installation / "out.pdf").stat().st_mode & 0o077 == 0
    verified = kaojian("dossier", "verify", FIRST)
    assert (verified.code, "6 of 6 copies stand" in verified.out) == (0, True)
    site.objects.flip_a_byte(min(site.objects.keys(".dossiers/")))
    damaged = kaojian("dossier", "verify", FIRST)
    assert (damaged.code, "已损坏 damaged" in damaged.out) == (1, True)
    mine = [act for act, subject, actor in journal(installation) if (subject, actor) == (FIRST, local_actor())]
    assert mine == ["fetch_scan", *["file_scan"] * 6]
    assert kaojian("check").code in {0, 1}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("roster", "nothing.pdf"), "No such file"),
        (("roster", "bad.pdf"), "文件类型不符"),
        (("footage", "roster.pdf"), "batch close"),
        (("roster", "roster.pdf", "--sitting", "1"), "leave --sitting out"),
        (("roster", "roster.pdf", "--replaces", "9", "--reason", "x"), "no scan 9"),
    ],
)
def test_what_cannot_be_filed_is_one_line_and_nothing_is_written(
    kaojian: Command, site: Dossiers, installation: Path, words: tuple[str, ...], says: str
) -> None:
    (installation / "bad.pdf").write_bytes(b"PK\3\4")
    before = journal(installation)
    done = kaojian("dossier", "add", FIRST, *words)
    assert (done.code, done.out, says in done.err) == (1, "", True), done.err
    assert journal(installation) == before
    assert not site.objects.keys(".dossiers/")


def test_a_receipt_is_made_printed_and_checked_until_a_byte_of_the_dossier_changes(
    kaojian: Command, site: Dossiers, installation: Path
) -> None:
    assert kaojian("dossier", "add", FIRST, "roster", "roster.pdf").code == 0
    made = kaojian("receipt", "make", FIRST, TICKET, "--certificate", CERTIFICATE, "--file", "receipt.json")
    assert made.code == 0, made.err
    code = made.out.split()[-1]
    assert (installation / "receipt.json").stat().st_mode & 0o077 == 0
    for lang in ("zh", "en"):
        printed = kaojian("receipt", "print", code, f"{lang}.pdf", "--lang", lang)
        assert printed.code == 0, printed.err
        assert (installation / f"{lang}.pdf").read_bytes().startswith(b"%PDF-")
    assert kaojian("receipt", "print", CERTIFICATE, "by-number.pdf", "--certificate").code == 0
    assert kaojian("receipt", "print", "4402", "x.pdf", "--certificate").code == 1
    for what in (code, code.lower().replace("-", ""), "receipt.json"):
        found = kaojian("receipt", "check", what)
        assert (found.code, found.out.startswith("一致 holds")) == (0, True), found.err
        assert "欧阳" not in found.out
    site.objects.flip_a_byte(min(site.objects.keys(".dossiers/")))
    changed = kaojian("receipt", "check", code)
    assert (changed.code, "已变动 changed" in changed.out, "首个: scan 1" in changed.out) == (1, True, True)
    assert "回执码有误" in kaojian("receipt", "check", "4402").err
    assert "no candidate" in kaojian("receipt", "make", FIRST, "nobody").err
    assert journal(installation)[0] == ("make_receipt", FIRST, local_actor())
