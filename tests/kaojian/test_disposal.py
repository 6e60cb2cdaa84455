"""`kaojian disposal` on the command line: what it prints, how it ends, and that it alone deletes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import load
from kaojian import disposal as wiring
from kaojian.notary import notary_of
from kaojian.terminal import local_actor
from records.disposal import Basis
from storage.database import connect
from tests.closed_batches import FIRST, SECOND
from tests.disposals import OFFICER, SUPERVISOR, ExpiredBatches
from tests.fakes.notary import SIGNER
from tests.kaojian.conftest import Command


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExpiredBatches]:
    """Two expired batches in the installation of the settings, over a store in memory and by a clock in 2029."""
    settings = load()
    monkeypatch.setattr("storage.signing.Signer.kept", classmethod(lambda *_: SIGNER))
    monkeypatch.setattr("storage.signing.Signer.read", classmethod(lambda *_: SIGNER))
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        made = ExpiredBatches(database, settings.spool_dir)

        def basis(_settings: object, opened: object, _clock: object, _duty: object = None) -> Basis:
            return Basis(opened, made.archive, made.witnesses, made.clock)  # type: ignore[arg-type]

        monkeypatch.setattr(wiring, "objects_of", lambda _: made.objects)
        monkeypatch.setattr(wiring, "basis_of", basis)
        monkeypatch.setattr("kaojian.commands.keeping.SystemClock", lambda: made.clock)
        yield made


def test_a_list_goes_from_the_proposal_to_a_certificate_that_is_checked_elsewhere(
    kaojian: Command, site: ExpiredBatches, tmp_path: Path
) -> None:
    due = kaojian("disposal", "list", "--due")
    assert due.out.count("可提出处置") == 2
    proposed = kaojian("disposal", "propose", FIRST, SECOND, "--reason", "保管期已满")
    assert (proposed.code, proposed.err) == (0, "")
    assert site.database.journal.entries(1)[0].actor == local_actor()
    (listed,) = site.database.disposals.latest()
    alone = kaojian("disposal", "carry-out", "1")
    assert alone.code == 1
    assert "two people" in alone.err
    assert site.in_store() == set(site.footage())
    for name in (OFFICER, SUPERVISOR):
        site.approve(listed, name)
    done = kaojian("disposal", "carry-out", "1")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("none is left 已销毁") == 2
    assert site.in_store() == site.in_spool() == set()
    assert "carried_out 处置完毕" in kaojian("disposal", "list").out
    shown = kaojian("disposal", "show", "1", "--papers", str(tmp_path / "papers"))
    assert (shown.code, shown.out.count("destroyed 已销毁")) == (0, 2)
    assert "4 papers" in shown.out
    verified = kaojian("disposal", "verify", str(tmp_path / "papers"), "--key", SIGNER.public)
    assert (verified.code, verified.out.count("holds 有效")) == (0, 4)
    assert kaojian("disposal", "carry-out", "1").code == 0
    for paper in (tmp_path / "papers" / "sg-001").glob("000002-*"):
        paper.write_bytes(paper.read_bytes().replace(FIRST.encode(), b"2026-0500", 1))
    refused = kaojian("disposal", "verify", str(tmp_path / "papers"), "--key", SIGNER.public)
    assert refused.code == 1
    assert kaojian("disposal", "verify", str(tmp_path / "papers"), "--key", "0" * 64).code == 1


def test_what_may_not_go_is_told_with_every_reason(kaojian: Command, site: ExpiredBatches) -> None:
    site.clock.step(-86400 * 400)
    refused = kaojian("disposal", "propose", FIRST, "2026-0999", "--reason", "保管期已满")
    assert refused.code == 1
    assert f"batch {FIRST}: 保管期未满 (retained)" in refused.err
    assert "batch 2026-0999: 没有此批次" in refused.err
    assert kaojian("disposal", "show", "1").code == 1
    assert site.database.disposals.latest() == []


def test_what_cannot_be_removed_is_told_and_ends_with_a_failure(kaojian: Command, site: ExpiredBatches) -> None:
    site.approved()
    site.spool.rename(site.spool.with_name("away"))
    done = kaojian("disposal", "carry-out", "1")
    assert done.code == 1
    assert "not all of them 未处置完" in done.out
    assert "left as it is" in done.err
