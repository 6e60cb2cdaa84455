"""`kaojian check`: what it prints of rows, spools and object store, how it ends, and what it writes down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from config.s3 import Duty
from config.settings import Settings, load
from kaojian import stock
from kaojian.terminal import local_actor
from storage.archive import Archive
from storage.database import Database, connect
from storage.signing import Signer
from tests.closed_batches import FIRST, LOCKED_UNTIL, ClosedBatches
from tests.fakes.notary import NOTARY
from tests.kaojian.conftest import Command

KEY = f"sg-001/{FIRST}/c2/20260501T010000.000000Z.mp4"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClosedBatches]:
    """A batch that was held in the installation of the settings, over a store in memory."""
    settings = load()
    with closing(connect(settings.database_url, NOTARY)) as database:
        made = ClosedBatches(database, settings.spool_dir, signer=Signer.kept(settings.signing_key_file))
        made.hold(FIRST)

        def archive(_: Settings, opened: Database, *, duty: Duty) -> Archive:
            assert duty in {Duty.KEEP, Duty.READ}
            return Archive(opened.evidence, made.objects, made.spool, lambda _: LOCKED_UNTIL, made.clock)

        monkeypatch.setattr(stock, "stores_of", lambda _, _duty: (made.objects,))
        monkeypatch.setattr(stock, "open_archive", archive)
        monkeypatch.setattr("storage.check.looking.SETTLES_S", 0.0)
        yield made


def test_what_agrees_is_counted_and_ends_with_0(kaojian: Command, site: ClosedBatches) -> None:
    done = kaojian("check")
    assert (done.code, done.err) == (0, "")
    assert "footage 录像: 9 segments 录像文件, 9 files 暂存文件, 9 objects 存储对象" in done.out


def test_what_does_not_agree_is_named_and_only_mended_when_told_to(kaojian: Command, site: ClosedBatches) -> None:
    (site.spool / KEY).unlink()
    done = kaojian("check")
    assert done.code == 1
    assert f"file_missing: {KEY} ({site.spool}) is not in the spool 暂存文件缺失; --repair mends it" in done.out
    assert done.err.startswith("kaojian: 1 do not agree 不符")
    assert kaojian("check").code == 1
    mended = kaojian("check", "--repair")
    assert mended.code == 0
    assert "mended 已修复: written down as lost; another one is made of the 1 left" in mended.out
    (act,) = site.database.journal.entries(subject=KEY)
    assert (act.act, act.subject, act.actor) == ("repair", KEY, local_actor())
    assert kaojian("check").code == 0


def test_a_flipped_byte_is_found_with_bytes(kaojian: Command, site: ClosedBatches) -> None:
    site.objects.flip_a_byte(KEY)
    assert kaojian("check").code == 0
    done = kaojian("check", "--bytes")
    assert (done.code, f"object_differs: {KEY}" in done.out) == (1, True)


def test_what_is_no_harm_is_told_with_what_to_do_and_ends_with_0(kaojian: Command, site: ClosedBatches) -> None:
    site.objects.hide(KEY)
    done = kaojian("check")
    assert done.code == 0
    assert "存储对象被标记删除; it is still there; find out who tried to delete it" in done.out


def test_a_store_that_does_not_answer_is_an_error_and_not_a_fault(kaojian: Command, site: ClosedBatches) -> None:
    site.objects.down = True
    done = kaojian("check", "--repair")
    assert (done.code, done.err) == (1, "kaojian: switched off\n")
    assert all(copy.removed is None for copy in site.database.evidence.copies([KEY])[KEY])
