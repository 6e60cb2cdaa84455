"""误摄扣留 on the command line: withheld, told in status, ended, and destroyed once both sides confirmed it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import load
from domain.timeline import rfc3339
from kaojian import withholding as wiring
from kaojian.notary import notary_of
from storage.database import connect
from storage.manifest import withheld
from storage.manifest.keys import published
from tests.fakes.notary import SIGNER
from tests.kaojian.conftest import Command
from tests.withheld import WINDOW, Site


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A held sitting in the installation of the settings, over a store in memory and by the clock of its day."""
    settings = load()
    monkeypatch.setattr("storage.signing.Signer.kept", classmethod(lambda *_: SIGNER))
    monkeypatch.setattr("storage.signing.Signer.read", classmethod(lambda *_: SIGNER))
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        made = Site(database, settings.spool_dir)
        made.hold("2026-0501")
        monkeypatch.setattr(wiring, "objects_of", lambda _: made.objects)
        monkeypatch.setattr(wiring, "open_archive", lambda *_: made.archive)
        monkeypatch.setattr("kaojian.commands.withholding.SystemClock", lambda: made.clock)
        yield made


def test_a_withholding_goes_from_the_first_word_to_a_certificate(kaojian: Command, site: Site) -> None:
    site.archive.keep(site.files()[0])
    start = rfc3339(WINDOW.start)
    made = kaojian("withhold", "begin", "c1", "--from", start, "--reason", "拍到更衣区")
    assert (made.code, made.err) == (0, "")
    assert "until further notice 未止" in made.out
    assert "1 of them were STORED ALREADY 已锁定存储" in made.out
    assert "市级督导员" in made.out
    told = json.loads(kaojian("status", "--json").out)["withheld"]
    assert [(each["withholding"], each["camera"], each["until"]) for each in told] == [(1, "c1", None)]
    assert "WITHHELD 误摄扣留: withholding 1 (待两方认定), camera c1" in kaojian("status").out
    early = kaojian("withhold", "destroy", "1")
    assert (early.code, "待两方认定" in early.err) == (1, True)
    assert kaojian("withhold", "end", "1", "--reason", "已转正").code == 0
    (withholding,) = site.database.withholdings.all()
    site.confirmed(withholding)
    done = kaojian("withhold", "destroy", "1")
    assert (done.code, done.err) == (0, "")
    assert f"{len(site.files()) - 1} files removed; 1 stay in the object store" in done.out
    shown = kaojian("withhold", "show", "1").out
    assert "confirmed 两方已认定" in shown
    assert "certificate of destruction 销毁证明: paper 1:" in shown
    assert "confirmed 两方已认定" in kaojian("withhold", "list", "c1").out
    assert json.loads(kaojian("status", "--json").out)["withheld"] == []


def test_its_certificates_are_checked_elsewhere_and_refused_where_a_byte_changed(
    kaojian: Command, site: Site, tmp_path: Path
) -> None:
    site.destroy(site.confirmed())
    shown = kaojian("withhold", "show", "1", "--papers", str(tmp_path / "papers"))
    assert (shown.code, "1 papers" in shown.out) == (0, True)
    words = ("disposal", "verify", str(tmp_path / "papers"), "--key")
    verified = kaojian(*words, SIGNER.public)
    assert (verified.code, verified.out.count("holds 有效: c1 1-1: certificate")) == (0, 1)
    assert kaojian(*words, "0" * 64).code == 1
    (paper,) = (tmp_path / "papers" / ".withheld" / "c1").iterdir()
    paper.write_bytes(paper.read_bytes().replace(b'"camera":"c1"', b'"camera":"c2"', 1))
    refused = kaojian(*words, SIGNER.public)
    assert (refused.code, "not signed by the key of its time" in refused.err) == (1, True)


def test_what_is_said_of_it_lies_in_the_store_once_that_answers(site: Site) -> None:
    site.objects.down = True
    site.withhold()
    with wiring.stated_under_lock(site.database, SIGNER, site.objects, site.clock, look_s=0.01):
        site.objects.down = False
        deadline = time.monotonic() + 30
        while not withheld.statements_in(site.objects):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    (stored,) = withheld.statements_in(site.objects)
    told = withheld.stated(site.objects.read(stored.key), published(site.database.closings))
    assert [told.withholding] == site.database.withholdings.all()


def test_what_cannot_be_removed_is_told_and_ends_with_a_failure(kaojian: Command, site: Site) -> None:
    site.confirmed()
    site.spool.rename(site.spool.with_name("away"))
    done = kaojian("withhold", "destroy", "1")
    assert done.code == 1
    assert "left as it is" in done.err
    assert kaojian("withhold", "show", "7").code == 1
